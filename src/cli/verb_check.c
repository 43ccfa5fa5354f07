/* SPDX-License-Identifier: Apache-2.0 */
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "catalog/commit.h"
#include "cli/term.h"
#include "spec/ledger.h"
#include "spec/stored.h"

static const as_style check_styles[] = {
    [AS_STANDING_NONE] = AS_STYLE_NONE,       [AS_STANDING_OPEN] = AS_STYLE_DIM, [AS_STANDING_NOT_MET] = AS_STYLE_BAD,
    [AS_STANDING_NOT_PROVEN] = AS_STYLE_WARN, [AS_STANDING_MET] = AS_STYLE_GOOD,
};

typedef struct check {
    as_spec      *spec;
    as_run        run;
    as_evidence  *evidence; /* sorted so that a requirement's rows stand together */
    size_t        n_evidence;
    as_ledger_old old;
    bool          all_met;
} check;

/* The rows of one requirement, moved to the front of `ret`. */
static size_t check_rows(const check *c, const as_requirement *req, as_evidence *ret)
{
    size_t n = 0;
    for (size_t i = 0; i < c->n_evidence; i++)
        if (strcmp(c->evidence[i].id, req->id) == 0)
            ret[n++] = c->evidence[i];
    return n;
}

static void check_row(as_table *table, const as_requirement *req, const as_evidence *row, bool first)
{
    char   words[160], value[48], low[48], text[96];
    bool   upper = !isnan(req->at_most);
    double bound = upper ? row->high : row->low;
    as_table_cell(table, AS_STYLE_BOLD, "%s", first ? req->id : "");
    as_table_cell(table, AS_STYLE_NONE, "%s", first ? as_requirement_text(req, words) : "");
    as_table_cell(table, AS_STYLE_NONE, "%s", row->stage);
    as_table_cell(table, AS_STYLE_NONE, "%s", as_requirement_value_text(req, row->value, value));
    as_table_cell(table, AS_STYLE_NONE, "%s%s",
                  isnan(bound) ? ""
                  : upper      ? "<= "
                               : ">= ",
                  isnan(bound) ? "" : as_requirement_value_text(req, bound, low));
    as_table_cell(table, AS_STYLE_NONE, "%llu", (unsigned long long)row->n);
    as_standing standing = as_evidence_standing(row);
    as_table_cell(table, check_styles[standing], "%s", as_evidence_text(standing, row, text));
}

static void check_open_row(as_table *table, const as_requirement *req)
{
    char words[160], text[96];
    as_table_cell(table, AS_STYLE_BOLD, "%s", req->id);
    as_table_cell(table, AS_STYLE_NONE, "%s", as_requirement_text(req, words));
    for (int i = 0; i < 4; i++)
        as_table_cell(table, AS_STYLE_NONE, "%s", i == 0 ? "-" : "");
    as_table_cell(table, check_styles[AS_STANDING_OPEN], "%s", as_evidence_text(AS_STANDING_OPEN, NULL, text));
}

/* What the line's evidence rests on: each source once. */
static void check_print_sources(as_cli *cli, const check *c)
{
    for (size_t i = 0; i < c->n_evidence; i++) {
        const as_evidence *row = &c->evidence[i];
        bool               told = strcmp(row->stage, "run") != 0;
        for (size_t k = 0; k < i && !told; k++)
            told = strcmp(c->evidence[k].source, row->source) == 0;
        if (!told)
            fprintf(cli->out, "run: %s\n", row->source);
    }
}

/* Below the table, and for those who read only what is wrong. */
static void check_tell_old(as_cli *cli, const check *c)
{
    size_t      n = c->old.n_eval + c->old.n_run;
    const char *what = c->old.n_run == 0    ? "assay eval"
                       : c->old.n_eval == 0 ? "assay run"
                                            : "assay eval, then assay run";
    if (n)
        as_term_say(cli,
                    "%zu old row%s of evidence left out: measured with another model, operating point or assay.yaml "
                    "(again: %s)",
                    n, n == 1 ? "" : "s", what);
}

static bool check_print_table(as_cli *cli, const check *c, as_evidence *rows, as_err *err)
{
    static const char *const columns[] = {"id", "requirement", "stage", ">measured", ">proven", ">n", "standing", NULL};
    as_table                *table = as_table_new(columns);
    for (size_t i = 0; i < c->spec->n_requirements; i++) {
        const as_requirement *req = &c->spec->requirements[i];
        size_t                n = check_rows(c, req, rows);
        if (n == 0)
            check_open_row(table, req);
        for (size_t k = 0; k < n; k++)
            check_row(table, req, &rows[k], k == 0);
    }
    if (!as_table_print(table, cli, err))
        return false;
    fputc('\n', cli->out);
    check_print_sources(cli, c);
    fprintf(cli->out, "%s%s: %s%s (run %s)\n", as_term_style(cli, c->all_met ? AS_STYLE_GOOD : AS_STYLE_BAD),
            c->spec->line, c->all_met ? "every requirement is met" : "not every requirement is met and proven",
            as_term_plain(cli), c->run.id);
    check_tell_old(cli, c);
    return true;
}

static bool check_print_json(as_cli *cli, const check *c, as_evidence *rows, as_err *err)
{
    static const char *const standings[] = {"none", "open", "not_met", "not_proven", "met"};
    json_t                  *list = json_array(), *json = json_object();
    for (size_t i = 0; i < c->spec->n_requirements; i++) {
        const as_requirement *req = &c->spec->requirements[i];
        size_t                n = check_rows(c, req, rows);
        json_t               *one = json_object(), *stages = json_array();
        char                  words[160];
        as_json_set(one, "id", json_string(req->id));
        as_json_set(one, "text", json_string(req->text ? req->text : ""));
        as_json_set(one, "requirement", json_string(as_requirement_text(req, words)));
        as_json_set(one, "standing", json_string(standings[as_evidence_overall(req, rows, n)]));
        for (size_t k = 0; k < n; k++)
            json_array_append_new(stages, as_evidence_json(req, &rows[k]));
        as_json_set(one, "evidence", stages);
        json_array_append_new(list, one);
    }
    as_json_set(json, "run", json_string(c->run.id));
    as_json_set(json, "met", json_boolean(c->all_met));
    as_json_set(json, "left_out", json_integer((json_int_t)(c->old.n_eval + c->old.n_run)));
    as_json_set(json, "requirements", list);
    return as_cli_print_json(cli, json, err);
}

static bool check_judge(check *c, as_evidence *rows)
{
    bool met = true;
    for (size_t i = 0; i < c->spec->n_requirements; i++) {
        size_t n = check_rows(c, &c->spec->requirements[i], rows);
        met = met && as_evidence_overall(&c->spec->requirements[i], rows, n) == AS_STANDING_MET;
    }
    return met;
}

/* What counts for the newest version, whatever the run. */
static bool check_stored(check *c, as_workspace *ws, as_err *err)
{
    as_commit newest;
    as_err    why = AS_ERR_NONE;
    if (!as_commit_find(ws, "main", &newest, &why))
        return why.code == AS_ENOTFOUND || as_err_set(err, why.code, "%s", why.text);
    return as_stored_append(ws, c->spec, &newest.id, &c->evidence, &c->n_evidence, err);
}

static bool check_load(check *c, as_workspace *ws, const char *run_name, as_err *err)
{
    c->spec = as_spec_load(ws->spec_path, err);
    return c->spec && as_run_find(ws, run_name, &c->run, err) &&
           as_ledger_read(&c->run, c->spec, &c->evidence, &c->n_evidence, &c->old, err) && check_stored(c, ws, err);
}

static int check_run(as_cli *cli, as_err *err)
{
    check         c = {0};
    as_evidence  *rows = NULL;
    as_workspace *ws = as_workspace_open(cli->dir, AS_WORKSPACE_READ, err);
    bool          ok = ws && check_load(&c, ws, as_cli_arg(cli, 0), err);
    if (ok) {
        rows = calloc(c.n_evidence + 1, sizeof *rows);
        ok = rows != NULL || AS_FAIL(err, AS_ENOMEM, "out of memory");
    }
    if (ok) {
        c.all_met = check_judge(&c, rows);
        ok = cli->json ? check_print_json(cli, &c, rows, err) : check_print_table(cli, &c, rows, err);
    }
    free(rows);
    free(c.evidence);
    as_spec_free(c.spec);
    as_workspace_close(ws);
    return ok ? (c.all_met ? 0 : 1) : AS_VERB_FAILED;
}

const as_verb as_verb_check = {
    .name = "check",
    .summary = "say which requirements are met, by which evidence",
    .usage = "[RUN]",
    .about =
        "Prints every requirement of assay.yaml with its evidence from each stage so far: the evaluation on the test\n"
        "split, and the running line. A rate counts as met only when the bound of its interval reaches the target.\n\n"
        "Exit status: 0 all met, 1 not, 2 wrong use or bad input, 3 the outside failed.",
    .examples = "  assay check\n  assay check 2-cnn --json\n  assay check && assay report\n",
    .max_args = 1,
    .run = check_run,
};
