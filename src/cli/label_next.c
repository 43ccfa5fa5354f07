/* SPDX-License-Identifier: Apache-2.0 */
#include <math.h>
#include <stdio.h>
#include <string.h>

#include "cli/label_steps.h"
#include "cli/term.h"

typedef struct next_list {
    as_table *table; /* or */
    json_t   *json;
} next_list;

static json_t *next_real(double v)
{
    return isfinite(v) ? json_real(v) : json_null();
}

/* measure: NULL when it must not be told, as what is mixed in has none. */
static void next_row(next_list *list, const as_label_choice *c, const as_next *at, const char *measure)
{
    const char *name = as_dataset_sample(c->dataset, at->sample)->name;
    const char *class = isnan(at->p) ? "-" : c->spec->classes[at->class].name;
    if (list->json) {
        json_t *row = json_pack("{s:s,s:s,s:o,s:o}", "name", name, "class", class, "probability", next_real(at->p),
                                "margin", next_real(at->margin));
        if (measure)
            json_object_set_new(row, measure, next_real(at->value));
        json_array_append_new(list->json, row);
        return;
    }
    as_table_cell(list->table, AS_STYLE_NONE, "%s", name);
    as_table_cell(list->table, AS_STYLE_NONE, "%s", class);
    as_table_cell(list->table, AS_STYLE_NONE, isnan(at->p) ? "-" : "%.3f", at->p);
    as_table_cell(list->table, AS_STYLE_NONE, isnan(at->margin) ? "-" : "%.3f", at->margin);
    if (measure)
        as_table_cell(list->table, AS_STYLE_NONE, isnan(at->value) ? "-" : "%.3f", at->value);
}

static bool label_next_print(as_cli *cli, const as_label_choice *c, const as_next_cfg *cfg, as_err *err)
{
    const bool  mixed = cfg->n_known || cfg->n_again;
    const char *measure = mixed ? NULL : cfg->method->measure;
    char        heading[32];
    if (measure && strcmp(measure, "margin") == 0) /* once is enough */
        measure = NULL;
    snprintf(heading, sizeof heading, ">%s", measure ? measure : "");
    const char *columns[] = {"name", "perhaps", ">probability", ">margin", measure ? heading : NULL, NULL};
    next_list   list = {.table = cli->json ? NULL : as_table_new(columns), .json = cli->json ? json_array() : NULL};
    for (size_t i = 0; i < c->n; i++)
        next_row(&list, c, &c->at[i], measure);
    if (cli->json)
        return as_cli_print_json(cli, list.json, err);
    as_term_say(cli, "%zu of %zu samples without a label%s, %s%s%s", c->n - cfg->n_known - cfg->n_again,
                c->n_candidates, mixed ? " and some others" : "", c->n_runs ? "seen by run '" : "seen by no model",
                c->n_runs ? c->runs[0].id : "", c->n_runs ? "'" : "");
    return as_table_print(list.table, cli, err);
}

static bool label_next(as_cli *cli, as_workspace *ws, as_err *err)
{
    const char     *method = as_cli_opt(cli, "method");
    as_label_choice choice = {0};
    uint64_t        n_known = 0, n_again = 0;
    if (!as_cli_u64(cli, "honeypots", 0, UINT32_MAX, &n_known, err) ||
        !as_cli_u64(cli, "again", 0, UINT32_MAX, &n_again, err))
        return false;
    as_next_cfg how = {.method = method ? as_next_method_find(method) : as_next_method_at(0),
                       .n = 20,
                       .who = as_cli_opt(cli, "by"),
                       .n_known = (size_t)n_known,
                       .n_again = (size_t)n_again};
    bool        ok = as_label_choose(cli, ws, &how, &choice, err) && label_next_print(cli, &choice, &how, err);
    as_label_choice_done(&choice);
    return ok;
}

static int label_next_run(as_cli *cli, as_workspace *ws, as_err *err)
{
    return label_next(cli, ws, err) ? 0 : AS_VERB_FAILED;
}

const as_action as_label_action_next = {
    .name = "next",
    .usage = "[--method HOW] [--run RUN]... [--limit N] [--seed N] [--by WHO [--honeypots N] [--again N]]",
    .about = "what to label next: the samples that a model is least sure of (uncertain), that look least like those "
             "labelled (diverse), on which two runs, or heads fitted to resamples, disagree (disagreement), or any "
             "(random, which needs no model). Mixed in for WHO, who answers with vote: --honeypots, samples that "
             "somebody else reviewed, and --again, samples that somebody else labelled",
    .min_args = 0,
    .max_args = 0,
    .mode = AS_WORKSPACE_READ,
    .run = label_next_run,
};
