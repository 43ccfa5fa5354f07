/* SPDX-License-Identifier: Apache-2.0 */
#include <stdlib.h>

#include "cli/action.h"
#include "cli/term.h"
#include "intake/split.h"

static void split_cell(as_table *table, const as_split_count *count, as_split split)
{
    const uint64_t before = count->before[split], after = count->after[split];
    if (before == after)
        as_table_cell(table, AS_STYLE_NONE, "%llu", (unsigned long long)after);
    else
        as_table_cell(table, AS_STYLE_BOLD, "%llu (was %llu)", (unsigned long long)after, (unsigned long long)before);
}

static bool split_print_counts(as_cli *cli, const as_split_result *r, as_err *err)
{
    static const char *const columns[] = {"class", ">train", ">validation", ">test", ">no split", NULL};
    as_table                *table = as_table_new(columns);
    for (size_t c = 0; c < r->n_counts; c++) {
        const as_split_count *count = &r->counts[c];
        uint64_t              n = 0;
        for (int s = 0; s < AS_SPLIT_COUNT; s++)
            n += count->before[s];
        if (n == 0)
            continue;
        as_table_cell(table, AS_STYLE_NONE, "%s", *count->label ? count->label : "(no label)");
        split_cell(table, count, AS_SPLIT_TRAIN);
        split_cell(table, count, AS_SPLIT_VALIDATION);
        split_cell(table, count, AS_SPLIT_TEST);
        split_cell(table, count, AS_SPLIT_NONE);
    }
    return as_table_print(table, cli, err);
}

/* Why it came out so. */
static void split_explain(as_cli *cli, const as_spec *spec, const as_split_result *r)
{
    const as_split_report *why = &r->report;
    fprintf(cli->out, "\nshares  %.4g training, %.4g validation, %.4g test (data.split), ", spec->split[0],
            spec->split[1], spec->split[2]);
    if (spec->split_by == AS_SPLIT_BY_TIME)
        fprintf(cli->out, "the newest groups are the test (data.split_by: time)\n");
    else
        fprintf(cli->out, "of the groups of each class, by chance\n");
    fprintf(cli->out, "groups  %llu, of which %llu have several pictures; kept together as one part: %llu",
            (unsigned long long)why->n_groups, (unsigned long long)why->n_shared, (unsigned long long)why->by_part);
    fprintf(cli->out, ", identical: %llu", (unsigned long long)why->by_image);
    if (why->by_key)
        fprintf(cli->out, ", by data.group_by %s: %llu", spec->group_by, (unsigned long long)why->by_key);
    fprintf(cli->out, ", alike: %llu%s\n", (unsigned long long)why->by_near, why->near_cut ? " or more" : "");
    if (why->n_aside)
        fprintf(cli->out, "aside   %llu show what the frozen test shows, and are in no split: '%s'%s\n",
                (unsigned long long)why->n_aside, why->aside, why->n_aside > 1 ? ", ..." : "");
}

static json_t *split_counts_json(const uint64_t *counts)
{
    return json_pack("{s:I,s:I,s:I,s:I}", "train", (json_int_t)counts[AS_SPLIT_TRAIN], "validation",
                     (json_int_t)counts[AS_SPLIT_VALIDATION], "test", (json_int_t)counts[AS_SPLIT_TEST], "none",
                     (json_int_t)counts[AS_SPLIT_NONE]);
}

static bool split_json(as_cli *cli, const as_split_result *r, as_err *err)
{
    const as_split_report *why = &r->report;
    char                   hex[AS_SHA256_HEX_BYTES];
    json_t                *classes = json_array();
    for (size_t c = 0; c < r->n_counts; c++)
        json_array_append_new(classes, json_pack("{s:s,s:o,s:o}", "class", r->counts[c].label, "before",
                                                 split_counts_json(r->counts[c].before), "after",
                                                 split_counts_json(r->counts[c].after)));
    return as_cli_print_json(
        cli,
        json_pack("{s:s,s:b,s:I,s:I,s:I,s:o,s:{s:I,s:I,s:I,s:I,s:I,s:I}}", "commit", as_digest_hex(&r->commit.id, hex),
                  "written", r->written, "n_moved", (json_int_t)r->n_moved, "n_frozen", (json_int_t)why->n_frozen,
                  "n_aside", (json_int_t)why->n_aside, "classes", classes, "groups", "n", (json_int_t)why->n_groups,
                  "n_shared", (json_int_t)why->n_shared, "part", (json_int_t)why->by_part, "identical",
                  (json_int_t)why->by_image, "group_by", (json_int_t)why->by_key, "alike", (json_int_t)why->by_near),
        err);
}

static bool split_print(as_cli *cli, const as_spec *spec, const as_split_change *change, const as_split_result *r,
                        as_err *err)
{
    char hex[AS_SHA256_HEX_BYTES];
    if (cli->json)
        return split_json(cli, r, err);
    if (!split_print_counts(cli, r, err))
        return false;
    if (change->what == AS_SPLIT_DEAL)
        split_explain(cli, spec, r);
    if (r->report.n_frozen)
        fprintf(cli->out, "frozen  the %llu pictures of the test stay, and nothing comes to them\n",
                (unsigned long long)r->report.n_frozen);
    as_digest_hex(&r->commit.id, hex);
    if (r->written)
        fprintf(cli->out, "\n%s\ncommit %.12s\n", r->commit.message, hex);
    else
        fprintf(cli->out, "\n%llu would move: nothing was written\n", (unsigned long long)r->n_moved);
    return true;
}

static bool data_split(as_cli *cli, as_workspace *ws, as_err *err)
{
    const bool      freeze = as_cli_flag(cli, "freeze"), thaw = as_cli_flag(cli, "thaw");
    as_split_change change = {.what = freeze ? AS_SPLIT_FREEZE
                                      : thaw ? AS_SPLIT_THAW
                                             : AS_SPLIT_DEAL,
                              .seed = 1,
                              .reason = as_cli_opt(cli, "reason"),
                              .dry_run = as_cli_flag(cli, "dry-run")};
    if (freeze && thaw)
        return AS_FAIL(err, AS_EINVAL, "--freeze or --thaw: not both");
    as_split_result *result = calloc(1, sizeof *result);
    as_spec         *spec = as_spec_load(ws->spec_path, err);
    bool             ok = spec && (result || AS_FAIL(err, AS_ENOMEM, "out of memory")) &&
              as_cli_u64(cli, "split-seed", 0, UINT64_MAX, &change.seed, err) &&
              as_split_newest(ws, spec, &change, result, err) && split_print(cli, spec, &change, result, err);
    as_spec_free(spec);
    free(result);
    return ok;
}

static int data_split_run(as_cli *cli, as_workspace *ws, as_err *err)
{
    return data_split(cli, ws, err) ? 0 : AS_VERB_FAILED;
}

const as_action as_data_split = {
    .name = "split",
    .usage = "[--dry-run] [--split-seed N] [--freeze | --thaw --reason TEXT]",
    .about =
        "divides the newest version into training, validation and test anew, as data of assay.yaml says, and says "
        "what was kept together and why. --freeze makes its test split one that no import, label or split can change "
        "or leak into",
    .min_args = 0,
    .max_args = 0,
    .mode = AS_WORKSPACE_WRITE,
    .run = data_split_run,
};
