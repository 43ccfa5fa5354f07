/* SPDX-License-Identifier: Apache-2.0 */
#include <math.h>
#include <stdlib.h>

#include "cli/label_steps.h"
#include "cli/term.h"
#include "intake/agreement.h"

#define AGREEMENT_CONFIDENCE   0.95
#define AGREEMENT_WIDE_CLASSES 12 /* more columns are no table */

static void agreement_kappa_cells(as_table *table, const as_kappa *k)
{
    as_table_cell(table, AS_STYLE_NONE, "%llu", (unsigned long long)k->n);
    as_table_cell(table, AS_STYLE_NONE, "%.1f %%", 100 * k->observed);
    as_table_cell(table, AS_STYLE_BOLD, isnan(k->kappa) ? "-" : "%.3f", k->kappa);
    if (isnan(k->standard_error))
        as_table_cell(table, AS_STYLE_NONE, "-");
    else
        as_table_cell(table, AS_STYLE_NONE, "%.3f to %.3f", k->interval.low, k->interval.high);
    as_table_cell(table, AS_STYLE_NONE, "%s", as_kappa_word(k->kappa));
}

static bool agreement_print_pairs(as_cli *cli, const as_agreement *a, as_err *err)
{
    static const char *const columns[] = {"who",           "and",       ">samples",          ">agree",    ">kappa",
                                          "95 % interval", "agreement", ">outlines of both", ">mean IoU", NULL};
    as_table                *table = as_table_new(columns);
    for (size_t i = 0; i < a->n_pairs; i++) {
        const as_agreement_pair *pair = &a->pairs[i];
        as_table_cell(table, AS_STYLE_NONE, "%s", a->people[pair->a].by);
        as_table_cell(table, AS_STYLE_NONE, "%s", a->people[pair->b].by);
        agreement_kappa_cells(table, &pair->kappa);
        if (pair->n_outlined == 0)
            as_table_cell(table, AS_STYLE_NONE, "-");
        else
            as_table_cell(table, AS_STYLE_NONE, "%zu of %zu and %zu", pair->outlines.n_matched, pair->outlines.n_a,
                          pair->outlines.n_b);
        as_table_cell(table, AS_STYLE_NONE, pair->outlines.n_matched ? "%.3f" : "-",
                      pair->outlines.sum_iou / (double)pair->outlines.n_matched);
    }
    if (a->n_people > 2) {
        as_table_cell(table, AS_STYLE_NONE, "all %zu", a->n_people);
        as_table_cell(table, AS_STYLE_NONE, "(Fleiss)");
        agreement_kappa_cells(table, &a->all);
        as_table_cell(table, AS_STYLE_NONE, "-");
        as_table_cell(table, AS_STYLE_NONE, "-");
    }
    return as_table_print(table, cli, err);
}

static bool agreement_is_used(const as_agreement *a, const as_agreement_pair *pair, size_t class)
{
    for (size_t k = 0; k < a->n_classes; k++)
        if (pair->counts[class * a->n_classes + k] || pair->counts[k * a->n_classes + class])
            return true;
    return false;
}

/* What one calls it, by what the other does; classes that neither used are left out. */
static bool agreement_print_confusion(as_cli *cli, const as_agreement *a, const as_agreement_pair *pair, as_err *err)
{
    const char *columns[AGREEMENT_WIDE_CLASSES + 2] = {""};
    char        headings[AGREEMENT_WIDE_CLASSES][AS_SPEC_MAX_CLASSES + 2];
    size_t      used[AGREEMENT_WIDE_CLASSES], n = 0;
    for (size_t c = 0; c < a->n_classes; c++) {
        if (!agreement_is_used(a, pair, c))
            continue;
        if (n == AGREEMENT_WIDE_CLASSES) {
            as_term_say(cli, "more than %d classes: what was confused is in --json", AGREEMENT_WIDE_CLASSES);
            return true;
        }
        snprintf(headings[n], sizeof headings[n], ">%.60s", *a->classes[c] ? a->classes[c] : "(none)");
        columns[n + 1] = headings[n];
        used[n++] = c;
    }
    fprintf(cli->out, "\nrows: what %s says; columns: what %s says\n", a->people[pair->a].by, a->people[pair->b].by);
    as_table *table = as_table_new(columns);
    for (size_t i = 0; i < n; i++) {
        as_table_cell(table, AS_STYLE_BOLD, "%s", headings[i] + 1);
        for (size_t k = 0; k < n; k++) {
            uint64_t count = pair->counts[used[i] * a->n_classes + used[k]];
            as_table_cell(table, i == k || !count ? AS_STYLE_NONE : AS_STYLE_WARN, "%llu", (unsigned long long)count);
        }
    }
    return as_table_print(table, cli, err);
}

static bool agreement_print_disputes(as_cli *cli, const as_agreement *a, const as_manifest *manifest, uint64_t limit,
                                     as_err *err)
{
    static const char *const columns[] = {"in dispute", "over", "what they say", NULL};
    if (a->n_disputes == 0) {
        fprintf(cli->out, "\nno sample is in dispute\n");
        return true;
    }
    fprintf(cli->out, "\n");
    as_table *table = as_table_new(columns);
    for (size_t i = 0; i < a->n_disputes && i < limit; i++) {
        const as_sample *s = as_manifest_at(manifest, a->disputes[i].sample);
        as_str           said;
        as_str_init(&said);
        as_str_addf(&said, "%s %s", s->by, *s->label ? s->label : "(none)");
        for (size_t k = 0; k < s->n_votes; k++)
            as_str_addf(&said, ", %s %s", s->votes[k].by, *s->votes[k].label ? s->votes[k].label : "(none)");
        as_table_cell(table, AS_STYLE_NONE, "%s", s->name);
        as_table_cell(table, AS_STYLE_NONE, "%s", a->disputes[i].classes ? "class" : "outlines");
        as_table_cell(table, AS_STYLE_NONE, "%s", said.s ? said.s : "");
        as_str_done(&said);
    }
    bool ok = as_table_print(table, cli, err);
    if (a->n_disputes > limit)
        as_term_say(cli, "%zu more are in dispute: --limit N, or all with --json", a->n_disputes - (size_t)limit);
    return ok;
}

static bool agreement_print(as_cli *cli, const as_agreement *a, const as_manifest *manifest, as_err *err)
{
    uint64_t limit = 20;
    if (!as_cli_u64(cli, "limit", 0, UINT32_MAX, &limit, err))
        return false;
    if (cli->json)
        return as_cli_print_json(cli, as_agreement_json(a, manifest), err);
    fprintf(cli->out, "%zu people, %llu samples that two of them or more labelled, %zu in dispute\n\n", a->n_people,
            (unsigned long long)a->all.n, a->n_disputes);
    bool ok = agreement_print_pairs(cli, a, err);
    for (size_t i = 0; ok && i < a->n_pairs && a->n_people <= 3; i++)
        ok = agreement_print_confusion(cli, a, &a->pairs[i], err);
    return ok && agreement_print_disputes(cli, a, manifest, limit, err);
}

static bool label_agreement(as_cli *cli, as_workspace *ws, as_err *err)
{
    const char  **by;
    as_commit     commit;
    as_manifest  *manifest = NULL;
    as_agreement *agreement = NULL;
    if (!as_label_whose(cli, &by, err))
        return false;
    as_spec *spec = as_spec_load(ws->spec_path, err);
    bool     ok = spec && as_commit_find(ws, "main", &commit, err) &&
              (manifest = as_commit_manifest(ws, &commit, err)) != NULL &&
              (agreement = as_agreement_new(manifest, spec, by, AGREEMENT_CONFIDENCE, err)) != NULL &&
              agreement_print(cli, agreement, manifest, err);
    as_agreement_free(agreement);
    as_manifest_free(manifest);
    as_spec_free(spec);
    free(by);
    return ok;
}

static int label_agreement_run(as_cli *cli, as_workspace *ws, as_err *err)
{
    return label_agreement(cli, ws, err) ? 0 : AS_VERB_FAILED;
}

const as_action as_label_action_agreement = {
    .name = "agreement",
    .usage = "[--by WHO]... [--limit N]",
    .about =
        "whether those who labelled the same pictures see the same: Cohen's kappa of each two, Fleiss' of all, their "
        "outlines' overlap, what they confuse, and the samples in dispute",
    .min_args = 0,
    .max_args = 0,
    .mode = AS_WORKSPACE_READ,
    .run = label_agreement_run,
};
