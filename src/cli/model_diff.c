/* SPDX-License-Identifier: Apache-2.0 */
#include <string.h>

#include "cli/action.h"
#include "cli/model_file.h"
#include "cli/term.h"
#include "graph/diff.h"

#define DIFF_MAX_TEXT 200 /* bytes; --json has all */

typedef struct differ {
    as_cli          *cli;
    as_model_file    files[2];
    as_graph        *graphs[2];
    as_graph_changes changes;
    uint64_t         limit;
} differ;

static const char *const diff_signs[] = {
    [AS_DIFF_KIND_NONE] = "", [AS_DIFF_ADDED] = "+", [AS_DIFF_REMOVED] = "-", [AS_DIFF_CHANGED] = "~"};
static const char *const diff_kinds[] = {[AS_DIFF_KIND_NONE] = "none",
                                         [AS_DIFF_ADDED] = "added",
                                         [AS_DIFF_REMOVED] = "removed",
                                         [AS_DIFF_CHANGED] = "changed"};
static const as_style    diff_styles[] = {[AS_DIFF_KIND_NONE] = AS_STYLE_NONE,
                                          [AS_DIFF_ADDED] = AS_STYLE_GOOD,
                                          [AS_DIFF_REMOVED] = AS_STYLE_BAD,
                                          [AS_DIFF_CHANGED] = AS_STYLE_WARN};

static void diff_line(const differ *d, const as_graph_change *one, as_str *text)
{
    FILE *out = d->cli->out;
    fprintf(out, "%s%s %s '%s'%s", as_term_style(d->cli, diff_styles[one->kind]), diff_signs[one->kind],
            as_diff_of_name(one->of), as_model_text(text, one->name), as_term_plain(d->cli));
    as_model_text(text, one->text);
    fprintf(out, "%s%.*s%s", text->len ? "  " : "", DIFF_MAX_TEXT, text->s, text->len > DIFF_MAX_TEXT ? " ..." : "");
    if (one->n_different)
        fprintf(out, "  %llu of %llu numbers differ, by %.6g at most (number %llu)",
                (unsigned long long)one->n_different, (unsigned long long)one->n, one->largest,
                (unsigned long long)one->at);
    fputc('\n', out);
}

static bool diff_text(const differ *d, as_err *err)
{
    size_t counts[AS_COUNT(diff_kinds)] = {0};
    double largest = 0;
    as_str text;
    (void)err;
    as_str_init(&text);
    for (size_t i = 0; i < d->changes.list.n; i++) {
        const as_graph_change *one = &d->changes.list.at[i];
        counts[one->kind]++;
        largest = one->largest > largest ? one->largest : largest;
        if (i < d->limit)
            diff_line(d, one, &text);
    }
    if (d->changes.list.n > d->limit)
        fprintf(d->cli->out, "... and %llu more\n", (unsigned long long)(d->changes.list.n - d->limit));
    fprintf(d->cli->out, "%s", as_model_text(&text, d->files[0].name));
    fprintf(d->cli->out, " and %s ", as_model_text(&text, d->files[1].name));
    if (d->changes.list.n == 0)
        fprintf(d->cli->out, "are equal\n");
    else
        fprintf(d->cli->out, "differ: %zu added, %zu removed, %zu changed", counts[AS_DIFF_ADDED],
                counts[AS_DIFF_REMOVED], counts[AS_DIFF_CHANGED]);
    if (largest > 0)
        fprintf(d->cli->out, "; numbers by %.6g at most", largest);
    fputs(d->changes.list.n ? "\n" : "", d->cli->out);
    as_str_done(&text);
    return true;
}

static bool diff_json(const differ *d, as_err *err)
{
    json_t *json = json_object(), *list = json_array();
    for (size_t i = 0; i < d->changes.list.n && i < d->limit; i++) {
        const as_graph_change *one = &d->changes.list.at[i];
        json_t                *row = json_object();
        as_json_set(row, "of", json_string(as_diff_of_name(one->of)));
        as_json_set(row, "change", json_string(diff_kinds[one->kind]));
        as_json_set(row, "name", as_model_json(one->name));
        as_json_set(row, "text", as_model_json(one->text));
        if (one->has_numbers) {
            as_json_set(row, "n", json_integer((json_int_t)one->n));
            as_json_set(row, "n_different", json_integer((json_int_t)one->n_different));
            as_json_set(row, "largest", as_json_number(one->largest));
            as_json_set(row, "at", json_integer((json_int_t)one->at));
        }
        json_array_append_new(list, row);
    }
    as_json_set(json, "a", as_model_json(d->files[0].name));
    as_json_set(json, "b", as_model_json(d->files[1].name));
    as_json_set(json, "equal", json_boolean(d->changes.list.n == 0));
    as_json_set(json, "n", json_integer((json_int_t)d->changes.list.n));
    as_json_set(json, "differences", list);
    return as_cli_print_json(d->cli, json, err);
}

static int model_diff(as_cli *cli, as_workspace *ws, as_err *err)
{
    differ d = {.cli = cli, .limit = UINT64_MAX};
    (void)ws;
    bool ok = as_cli_u64(cli, "limit", 1, UINT64_MAX, &d.limit, err);
    for (size_t i = 0; ok && i < 2; i++) {
        ok = as_model_file_open(cli, as_cli_arg(cli, i + 1), &d.files[i], err);
        d.graphs[i] = ok ? as_graph_parse(d.files[i].bytes, d.files[i].n, d.files[i].name, err) : NULL;
        ok = d.graphs[i] != NULL;
    }
    ok = ok && as_graph_diff(d.graphs[0], d.graphs[1], &d.changes, err) &&
         (cli->json ? diff_json(&d, err) : diff_text(&d, err));
    bool equal = d.changes.list.n == 0;
    as_graph_diff_done(&d.changes);
    for (size_t i = 0; i < 2; i++) {
        as_graph_free(d.graphs[i]);
        as_model_file_done(&d.files[i]);
    }
    return ok ? (equal ? 0 : 1) : AS_VERB_FAILED;
}

const as_action as_model_action_diff = {
    .name = "diff",
    .usage = "MODEL MODEL [--limit N]",
    .about =
        "what the second has that the first has not, the other way round, and what both have but not equal: nodes, "
        "constants with the largest difference of their numbers, inputs, outputs and metadata",
    .min_args = 2,
    .max_args = 2,
    .mode = AS_WORKSPACE_NONE,
    .run = model_diff,
};
