/* SPDX-License-Identifier: Apache-2.0 */
#include "cli/action.h"
#include "cli/term.h"
#include "intake/export.h"

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

static bool data_checkout_write(as_cli *cli, as_workspace *ws, as_err *err)
{
    const char    *name = as_cli_arg(cli, 2), *format = as_cli_opt(cli, "as");
    uint64_t       n_erased = 0;
    as_export_lost lost = {.n_places = 0};
    as_export_cfg  cfg = {
         .format = format ? format : "folders", .dir = as_cli_arg(cli, 1), .n_erased = &n_erased, .ret_lost = &lost};
    as_commit commit;
    char      hex[AS_SHA256_HEX_BYTES];
    if (!as_commit_find(ws, name ? name : "", &commit, err) ||
        !as_export_commit(ws, &commit, &cfg, &cli->progress, err))
        return false;
    as_term_progress_end(cli);
    as_digest_hex(&commit.id, hex);
    checkout_tell(cli, cfg.format, &lost);
    if (cli->json) {
        json_t *json = json_object();
        bool    ok = as_json_set(json, "commit", json_string(hex)) && as_json_set(json, "dir", json_string(cfg.dir)) &&
                  as_json_set(json, "format", json_string(cfg.format)) &&
                  as_json_set(json, "n_samples", json_integer((json_int_t)(commit.n_samples - n_erased))) &&
                  as_json_set(json, "n_erased", json_integer((json_int_t)n_erased));
        if (ok)
            return as_cli_print_json(cli, json, err);
        json_decref(json);
        return AS_FAIL(err, AS_ENOMEM, "out of memory");
    }
    as_term_say(cli, "%llu samples of %.12s written to %s as %s", (unsigned long long)(commit.n_samples - n_erased),
                hex, cfg.dir, cfg.format);
    if (n_erased)
        as_term_say(cli, "%llu more %s erased: not written", (unsigned long long)n_erased,
                    n_erased == 1 ? "was" : "were");
    return true;
}

static int data_checkout(as_cli *cli, as_workspace *ws, as_err *err)
{
    return data_checkout_write(cli, ws, err) ? 0 : AS_VERB_FAILED;
}

const as_action as_data_checkout = {
    .name = "checkout",
    .usage = "DIR [COMMIT] [--as FORMAT]",
    .about = "writes a version into a new folder: pictures byte for byte, labels --as folders, coco ...",
    .min_args = 1,
    .max_args = 2,
    .mode = AS_WORKSPACE_READ,
    .run = data_checkout,
};
