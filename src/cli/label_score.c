/* SPDX-License-Identifier: Apache-2.0 */
#include <stdlib.h>

#include "cli/label_steps.h"
#include "cli/term.h"
#include "intake/honeypot.h"

#define SCORE_CONFIDENCE 0.95

static bool score_json(as_cli *cli, const as_honeypot *score, const as_manifest *manifest, as_err *err)
{
    json_t *people = json_array(), *misses = json_array();
    for (size_t i = 0; i < score->people.n; i++) {
        const as_honeypot_person *p = &score->people.at[i];
        const as_match           *m = &p->outlines;
        json_array_append_new(
            people, json_pack("{s:s,s:I,s:I,s:f,s:[f,f],s:{s:I,s:I,s:I,s:o}}", "by", p->by, "n", (json_int_t)p->n,
                              "n_right", (json_int_t)p->n_right, "accuracy", (double)p->n_right / (double)p->n,
                              "interval", p->interval.low, p->interval.high, "outlines", "n_known", (json_int_t)m->n_a,
                              "n_drawn", (json_int_t)m->n_b, "n_matched", (json_int_t)m->n_matched, "mean_iou",
                              m->n_matched ? json_real(m->sum_iou / (double)m->n_matched) : json_null()));
    }
    for (size_t i = 0; i < score->misses.n; i++) {
        const as_honeypot_miss *miss = &score->misses.at[i];
        const as_sample        *s = as_manifest_at(manifest, miss->sample);
        json_array_append_new(misses, json_pack("{s:s,s:s,s:s,s:s}", "name", s->name, "by", miss->by, "said",
                                                miss->said, "answer", s->label));
    }
    return as_cli_print_json(
        cli, json_pack("{s:I,s:o,s:o}", "n_known", (json_int_t)score->n_known, "people", people, "misses", misses),
        err);
}

static bool score_print_people(as_cli *cli, const as_honeypot *score, as_err *err)
{
    static const char *const columns[] = {"who",           ">samples",        ">right", ">accuracy",
                                          "95 % interval", ">outlines found", NULL};
    as_table                *table = as_table_new(columns);
    for (size_t i = 0; i < score->people.n; i++) {
        const as_honeypot_person *p = &score->people.at[i];
        as_table_cell(table, AS_STYLE_NONE, "%s", p->by);
        as_table_cell(table, AS_STYLE_NONE, "%llu", (unsigned long long)p->n);
        as_table_cell(table, AS_STYLE_NONE, "%llu", (unsigned long long)p->n_right);
        as_table_cell(table, AS_STYLE_BOLD, "%.1f %%", 100 * (double)p->n_right / (double)p->n);
        as_table_cell(table, AS_STYLE_NONE, "%.1f to %.1f %%", 100 * p->interval.low, 100 * p->interval.high);
        if (p->outlines.n_a)
            as_table_cell(table, AS_STYLE_NONE, "%zu of %zu", p->outlines.n_matched, p->outlines.n_a);
        else
            as_table_cell(table, AS_STYLE_NONE, "-");
    }
    return as_table_print(table, cli, err);
}

static bool score_print_misses(as_cli *cli, const as_honeypot *score, const as_manifest *manifest, uint64_t limit,
                               as_err *err)
{
    static const char *const columns[] = {"not right", "who", "says", "the answer", NULL};
    if (score->misses.n == 0)
        return true;
    fprintf(cli->out, "\n");
    as_table *table = as_table_new(columns);
    for (size_t i = 0; i < score->misses.n && i < limit; i++) {
        const as_honeypot_miss *miss = &score->misses.at[i];
        const as_sample        *s = as_manifest_at(manifest, miss->sample);
        as_table_cell(table, AS_STYLE_NONE, "%s", s->name);
        as_table_cell(table, AS_STYLE_NONE, "%s", miss->by);
        as_table_cell(table, AS_STYLE_WARN, "%s", *miss->said ? miss->said : "(none)");
        as_table_cell(table, AS_STYLE_NONE, "%s", *s->label ? s->label : "(none)");
    }
    return as_table_print(table, cli, err);
}

static bool label_score(as_cli *cli, as_workspace *ws, as_err *err)
{
    as_honeypot  score = {0};
    as_commit    commit;
    as_manifest *manifest = NULL;
    uint64_t     limit = 20;
    const char **by;
    bool         ok = as_cli_u64(cli, "limit", 0, UINT32_MAX, &limit, err) && as_label_whose(cli, &by, err);
    if (!ok)
        return false;
    ok = as_commit_find(ws, "main", &commit, err) && (manifest = as_commit_manifest(ws, &commit, err)) != NULL &&
         as_honeypot_score(manifest, by, SCORE_CONFIDENCE, &score, err);
    if (ok && cli->json)
        ok = score_json(cli, &score, manifest, err);
    else if (ok)
        ok = score_print_people(cli, &score, err) && score_print_misses(cli, &score, manifest, limit, err);
    as_honeypot_done(&score);
    as_manifest_free(manifest);
    free(by);
    return ok;
}

static int label_score_run(as_cli *cli, as_workspace *ws, as_err *err)
{
    return label_score(cli, ws, err) ? 0 : AS_VERB_FAILED;
}

const as_action as_label_action_score = {
    .name = "score",
    .usage = "[--by WHO]... [--limit N]",
    .about =
        "how often each person is right where the answer is known, which is where somebody else reviewed the label",
    .min_args = 0,
    .max_args = 0,
    .mode = AS_WORKSPACE_READ,
    .run = label_score_run,
};
