/* SPDX-License-Identifier: Apache-2.0 */
#include <stdio.h>
#include <stdlib.h>

#include "base/clock.h"
#include "cli/action.h"
#include "cli/term.h"
#include "intake/erase.h"
#include "intake/retention.h"
#include "spec/unit.h"

static json_t *retention_part_json(const as_retention_part *part)
{
    char text[AS_RETENTION_TEXT_BYTES], when[AS_CLOCK_TEXT_BYTES];
    return json_pack("{s:s, s:I, s:I, s:I, s:I, s:s*}", "rule", as_retention_text(part->rule, text), "n_pictures",
                     (json_int_t)part->images.n, "n_bytes", (json_int_t)part->n_bytes, "n_held",
                     (json_int_t)part->n_held, "n_frozen", (json_int_t)part->n_frozen, "oldest",
                     part->images.n ? as_clock_text(part->oldest_utc, when) : NULL);
}

static bool retention_show(as_cli *cli, const as_retention_plan *plan, bool dry, as_err *err)
{
    static const char *const columns[] = {"rule", ">pictures", ">size", "oldest", ">held", ">frozen", NULL};
    char                     text[AS_RETENTION_TEXT_BYTES], bytes[AS_UNIT_TEXT_BYTES], when[AS_CLOCK_TEXT_BYTES];
    as_term_progress_end(cli);
    if (cli->json) {
        json_t *rules = json_array();
        for (size_t i = 0; i < plan->n_parts; i++)
            json_array_append_new(rules, retention_part_json(&plan->parts[i]));
        return as_cli_print_json(cli, json_pack("{s:b, s:o}", "dry_run", dry, "rules", rules), err);
    }
    as_table *table = as_table_new(columns);
    for (size_t i = 0; i < plan->n_parts; i++) {
        const as_retention_part *part = &plan->parts[i];
        as_table_cell(table, AS_STYLE_NONE, "%s", as_retention_text(part->rule, text));
        as_table_cell(table, AS_STYLE_BOLD, "%zu", part->images.n);
        as_table_cell(table, AS_STYLE_NONE, "%s", as_unit_text((double)part->n_bytes, AS_UNIT_BYTES, bytes));
        as_table_cell(table, AS_STYLE_NONE, "%.10s", part->images.n ? as_clock_text(part->oldest_utc, when) : "-");
        as_table_cell(table, AS_STYLE_NONE, "%llu", (unsigned long long)part->n_held);
        as_table_cell(table, AS_STYLE_NONE, "%llu", (unsigned long long)part->n_frozen);
    }
    return as_table_print(table, cli, err);
}

static bool retention_found_again(const json_t *receipt)
{
    const json_t *verified = json_object_get(receipt, "verified");
    return json_integer_value(json_object_get(verified, "n_copies_found")) != 0 ||
           (size_t)json_integer_value(json_object_get(verified, "n_gone")) !=
               json_array_size(json_object_get(receipt, "pictures"));
}

/* One erasure a rule, with the rule as its reason, and a receipt. */
static bool retention_drop(as_cli *cli, as_workspace *ws, as_retention_part *part, as_err *err)
{
    char         text[AS_RETENTION_TEXT_BYTES], reason[AS_ERASE_REASON_BYTES], path[AS_FS_PATH_BYTES];
    json_t      *receipt = NULL;
    as_erase     erase;
    as_erase_cfg cfg = {.images = &part->images, .reason = reason, .keep_metadata = true};
    snprintf(reason, sizeof reason, "retention: %s", as_retention_text(part->rule, text));
    if (part->images.n == 0)
        return true;
    if (!as_erase_find(ws, &cfg, &cli->progress, &erase, err))
        return false;
    bool ok = as_erase_begin(ws, &cfg, &erase, &cli->progress, err) &&
              as_erase_finish(ws, &cli->progress, &receipt, path, err);
    as_erase_done(&erase);
    if (ok && json_object_get(receipt, "not_looked"))
        as_term_say(cli, "not all of the project's folder was looked through for pages and copies: see '%s'", path);
    if (ok && retention_found_again(receipt))
        ok = AS_FAIL(err, AS_EIO, "pictures were found again after they were dropped: see '%s'", path);
    json_decref(receipt);
    if (ok && !cli->json)
        as_term_say(cli, "%s: receipt %s", reason, path);
    return ok;
}

static bool retention_do(as_cli *cli, as_workspace *ws, as_err *err)
{
    const bool         dry = as_cli_flag(cli, "dry-run");
    as_retention_plan *plan = calloc(1, sizeof *plan);
    as_spec           *spec = as_spec_load(ws->spec_path, err);
    bool               ok = spec && (plan || AS_FAIL(err, AS_ENOMEM, "out of memory")) &&
              as_retention_find(ws, spec, as_clock_utc(), &cli->progress, plan, err);
    ok = ok && retention_show(cli, plan, dry, err);
    for (size_t i = 0; ok && !dry && i < plan->n_parts; i++)
        ok = retention_drop(cli, ws, &plan->parts[i], err);
    if (plan)
        as_retention_plan_done(plan);
    free(plan);
    as_spec_free(spec);
    return ok;
}

static int data_retention(as_cli *cli, as_workspace *ws, as_err *err)
{
    return retention_do(cli, ws, err) ? 0 : AS_VERB_FAILED;
}

const as_action as_data_retention = {
    .name = "retention",
    .usage = "[--dry-run]",
    .about = "drops the pictures that the rules of assay.yaml (retention:) give up, from all versions, with a note in "
             "place of "
             "each and a receipt a rule; what is under a legal hold or in a frozen test split stays",
    .min_args = 0,
    .max_args = 0,
    .mode = AS_WORKSPACE_WRITE,
    .run = data_retention,
};
