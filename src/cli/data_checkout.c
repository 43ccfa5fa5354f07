/* SPDX-License-Identifier: Apache-2.0 */
#include "cli/action.h"
#include "cli/term.h"
#include "intake/export.h"
#include "spec/unit.h"

static void checkout_tell(as_cli *cli, const char *format, const as_export_lost *lost)
{
    as_str text;
    as_str_init(&text);
    as_export_lost_say(lost, &text);
    if (lost->why[0])
        as_term_say(cli, "%s alone does not read again (%s): import needs assay-extra.jsonl", format, lost->why);
    else if (text.len)
        as_term_say(cli, "%s has no place for %s: kept in assay-extra.jsonl, which import reads", format, text.s);
    as_str_done(&text);
}

typedef struct checkout_result {
    uint64_t          n_erased;
    as_export_lost    lost;
    as_export_written written;
} checkout_result;

static bool checkout_json(as_cli *cli, const char *hex, const as_export_cfg *cfg, const checkout_result *r, as_err *err)
{
    json_t *json = json_object();
    bool    ok = as_json_set(json, "commit", json_string(hex)) && as_json_set(json, "dir", json_string(cfg->dir)) &&
              as_json_set(json, "format", json_string(cfg->format)) &&
              as_json_set(json, "n_samples", json_integer((json_int_t)r->written.n_samples)) &&
              as_json_set(json, "n_erased", json_integer((json_int_t)r->n_erased)) &&
              as_json_set(json, "n_bytes", json_integer((json_int_t)r->written.n_bytes)) &&
              as_json_set(json, "n_shared", json_integer((json_int_t)r->written.n_shared)) &&
              as_json_set(json, "n_reused", json_integer((json_int_t)r->written.n_reused));
    if (ok)
        return as_cli_print_json(cli, json, err);
    json_decref(json);
    return AS_FAIL(err, AS_ENOMEM, "out of memory");
}

static void checkout_text(as_cli *cli, const char *hex, const as_export_cfg *cfg, const checkout_result *r)
{
    char                     bytes[AS_UNIT_TEXT_BYTES];
    const as_export_written *w = &r->written;
    as_term_say(cli, "%llu samples of %.12s written to %s as %s", (unsigned long long)w->n_samples, hex, cfg->dir,
                cfg->format);
    if (w->n_shared + w->n_reused)
        as_term_say(cli, "%llu of them take no room of their own (%llu as in %s, %llu twice in it); %s were written",
                    (unsigned long long)(w->n_shared + w->n_reused), (unsigned long long)w->n_reused,
                    cfg->reuse ? cfg->reuse : "an earlier checkout", (unsigned long long)w->n_shared,
                    as_unit_text((double)w->n_bytes, AS_UNIT_BYTES, bytes));
    if (r->n_erased)
        as_term_say(cli, "%llu more %s erased: not written", (unsigned long long)r->n_erased,
                    r->n_erased == 1 ? "was" : "were");
}

static bool checkout_run(as_cli *cli, as_workspace *ws, const as_query *where, as_err *err)
{
    const char     *name = as_cli_arg(cli, 2), *format = as_cli_opt(cli, "as"), *link = as_cli_opt(cli, "link");
    checkout_result result = {.n_erased = 0};
    as_export_cfg   cfg = {.format = format ? format : "folders",
                           .dir = as_cli_arg(cli, 1),
                           .n_erased = &result.n_erased,
                           .ret_lost = &result.lost,
                           .where = where,
                           .reuse = as_cli_opt(cli, "reuse"),
                           .share = link ? as_share_parse(link) : AS_SHARE_AUTO,
                           .ret_written = &result.written};
    as_commit       commit;
    char            hex[AS_SHA256_HEX_BYTES];
    if (!as_commit_find(ws, name ? name : "", &commit, err) ||
        !as_export_commit(ws, &commit, &cfg, &cli->progress, err))
        return false;
    as_term_progress_end(cli);
    as_digest_hex(&commit.id, hex);
    checkout_tell(cli, cfg.format, &result.lost);
    if (cli->json)
        return checkout_json(cli, hex, &cfg, &result, err);
    checkout_text(cli, hex, &cfg, &result);
    return true;
}

static bool data_checkout_write(as_cli *cli, as_workspace *ws, as_err *err)
{
    const char *text = as_cli_opt(cli, "where");
    as_query   *where = text ? as_query_parse(text, err) : NULL;
    bool        ok = (where || !text) && checkout_run(cli, ws, where, err);
    as_query_free(where);
    return ok;
}

static int data_checkout(as_cli *cli, as_workspace *ws, as_err *err)
{
    return data_checkout_write(cli, ws, err) ? 0 : AS_VERB_FAILED;
}

const as_action as_data_checkout = {
    .name = "checkout",
    .usage = "DIR [COMMIT] [--as FORMAT] [--where QUERY] [--reuse OLDDIR] [--link HOW]",
    .about = "writes a version, or what of it meets QUERY, into a new folder: pictures byte for byte, labels --as "
             "folders, coco ...\n"
             "--reuse and --link save room where a picture is on this disk already",
    .min_args = 1,
    .max_args = 2,
    .mode = AS_WORKSPACE_READ,
    .run = data_checkout,
};
