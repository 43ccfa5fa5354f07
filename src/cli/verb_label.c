/* SPDX-License-Identifier: Apache-2.0 */
#include <stdlib.h>
#include <string.h>

#include "base/clock.h"
#include "cli/term.h"
#include "cli/verb.h"
#include "intake/label.h"
#include "lab/next.h"

static const char *const label_methods[] = {"uncertain", "random", NULL};

static const as_opt label_opts[] = {
    {"where", 'w', "QUERY", "set, review, clear: all samples that meet it (see: assay help data)", NULL},
    {"run", 'r', "RUN", "next, propose: whose model: an id, its number or \"last\" (default: the current one)", NULL},
    {"method", 0, "HOW", "next: uncertain or random (default: uncertain)", label_methods},
    {"limit", 'l', "N", "next: how many (default: 20); propose: at most N (default: all)", NULL},
    {"seed", 's', "N", "next: which random choice (default: 1)", NULL},
    {"by", 0, "WHO", "who says so (default: person:$ASSAY_AUTHOR, else person:user@host)", NULL},
};

typedef enum label_action {
    LABEL_SET,
    LABEL_REVIEW,
    LABEL_CLEAR,
    LABEL_SHOW,
    LABEL_UNDO,
    LABEL_NEXT,
    LABEL_PROPOSE
} label_action;

static const char *const label_actions[] = {"set", "review", "clear", "show", "undo", "next", "propose", NULL};

static bool label_print(as_cli *cli, const as_label_result *result, as_err *err)
{
    char hex[AS_SHA256_HEX_BYTES];
    as_digest_hex(&result->commit.id, hex);
    if (!cli->json) {
        fprintf(cli->out, "%s\ncommit %.12s\n", result->commit.message, hex);
        return true;
    }
    json_t *json = json_object();
    if (as_json_set(json, "commit", json_string(hex)) &&
        as_json_set(json, "n_selected", json_integer((json_int_t)result->n_selected)) &&
        as_json_set(json, "n_changed", json_integer((json_int_t)result->n_changed)))
        return as_cli_print_json(cli, json, err);
    json_decref(json);
    return AS_FAIL(err, AS_ENOMEM, "out of memory");
}

static bool label_apply(as_cli *cli, as_workspace *ws, label_action action, as_err *err)
{
    const char     *where = as_cli_opt(cli, "where");
    size_t          first = action == LABEL_SET ? 2 : 1, n_args = as_cli_n_args(cli);
    as_label_result result;
    as_label_cfg    cfg = {.label = action == LABEL_SET     ? as_cli_arg(cli, 1)
                                    : action == LABEL_CLEAR ? ""
                                                            : NULL,
                           .state = action == LABEL_REVIEW ? AS_LABEL_REVIEWED : AS_LABEL_GIVEN,
                           .by = as_cli_opt(cli, "by"),
                           .seed = 1};
    if (action == LABEL_SET && n_args < 2)
        return AS_FAIL(err, AS_EINVAL, "name the class, then the samples: assay label set CLASS NAME...");
    if ((n_args > first) == (where != NULL))
        return AS_FAIL(err, AS_EINVAL, "name the samples, or say which with --where QUERY%s",
                       where ? ": not both" : "");
    const char **names = calloc(n_args + 1, sizeof *names);
    as_query    *query = where ? as_query_parse(where, err) : NULL;
    as_spec     *spec = names && (query || !where) ? as_spec_load(ws->spec_path, err) : NULL;
    for (size_t i = first; names && i < n_args; i++)
        names[cfg.n_names++] = as_cli_arg(cli, i);
    cfg.names = names;
    cfg.where = query;
    cfg.spec = spec;
    bool ok = names || AS_FAIL(err, AS_ENOMEM, "out of memory");
    ok = ok && spec && as_label_apply(ws, &cfg, &result, err) && label_print(cli, &result, err);
    as_spec_free(spec);
    as_query_free(query);
    free(names);
    return ok;
}

typedef struct label_list {
    as_table *table;
    json_t   *json;
} label_list;

static void label_step(void *ctx, const as_commit *commit, const as_sample *s)
{
    static const char *const columns[] = {"commit", "time", "class", "state", "by", NULL};
    label_list              *list = ctx;
    char                     hex[AS_SHA256_HEX_BYTES], when[AS_CLOCK_TEXT_BYTES];
    as_digest_hex(&commit->id, hex);
    as_clock_text(commit->utc, when);
    if (list->json) {
        json_array_append_new(list->json, json_pack("{s:s,s:s,s:s,s:s,s:s,s:I}", "commit", hex, "time", when, "class",
                                                    s->label, "state", as_label_state_name(s->state), "by", s->by,
                                                    "n_findings", (json_int_t)s->n_findings));
        return;
    }
    if (!list->table) /* not before the first row: an error has no heading */
        list->table = as_table_new(columns);
    as_table_cell(list->table, AS_STYLE_BOLD, "%.12s", hex);
    as_table_cell(list->table, AS_STYLE_NONE, "%.16s", when);
    as_table_cell(list->table, AS_STYLE_NONE, "%s", *s->label ? s->label : "-");
    as_table_cell(list->table, AS_STYLE_NONE, "%s", as_label_state_name(s->state));
    as_table_cell(list->table, AS_STYLE_NONE, "%s", *s->by ? s->by : "-");
}

static bool label_show(as_cli *cli, as_workspace *ws, as_err *err)
{
    label_list list = {0};
    if (as_cli_n_args(cli) != 2)
        return AS_FAIL(err, AS_EINVAL, "name one sample: assay label show NAME");
    list.json = cli->json ? json_array() : NULL;
    bool ok = as_label_history(ws, as_cli_arg(cli, 1), label_step, &list, err);
    if (list.table) /* what could be read is shown */
        return as_table_print(list.table, cli, ok ? err : NULL) && ok;
    if (ok)
        return as_cli_print_json(cli, list.json, err);
    json_decref(list.json);
    return false;
}

static bool label_undo(as_cli *cli, as_workspace *ws, as_err *err)
{
    as_label_result result;
    if (as_cli_n_args(cli) != 1)
        return AS_FAIL(err, AS_EINVAL, "'%s' is one word too many for 'label undo'", as_cli_arg(cli, 1));
    return as_label_undo(ws, &result, err) && label_print(cli, &result, err);
}

typedef struct label_choice {
    as_spec    *spec;
    as_run      run;
    as_dataset *dataset;
    as_next    *at;
    size_t      n, n_candidates;
} label_choice;

static bool label_choose(as_cli *cli, as_workspace *ws, as_next_by by, uint64_t count, label_choice *c, as_err *err)
{
    uint64_t seed = 1;
    if (as_cli_n_args(cli) != 1)
        return AS_FAIL(err, AS_EINVAL, "'%s' is one word too many", as_cli_arg(cli, 1));
    if (!as_cli_u64(cli, "limit", 1, UINT32_MAX, &count, err) || !as_cli_u64(cli, "seed", 0, UINT64_MAX, &seed, err))
        return false;
    return (c->spec = as_spec_load(ws->spec_path, err)) != NULL &&
           as_run_find(ws, as_cli_opt(cli, "run"), &c->run, err) &&
           (c->dataset = as_dataset_open(ws, c->spec, NULL, err)) != NULL &&
           as_next_choose(c->dataset, c->spec, &c->run, by, (size_t)count, seed, NULL, &cli->progress, &c->at, &c->n,
                          &c->n_candidates, err);
}

static void label_choice_done(label_choice *c)
{
    as_dataset_close(c->dataset);
    as_spec_free(c->spec);
    free(c->at);
}

static bool label_next_print(as_cli *cli, const label_choice *c, as_err *err)
{
    static const char *const columns[] = {"name", "perhaps", ">probability", ">margin", NULL};
    as_table                *table = cli->json ? NULL : as_table_new(columns);
    json_t                  *list = cli->json ? json_array() : NULL;
    for (size_t i = 0; i < c->n; i++) {
        const char *name = as_dataset_sample(c->dataset, c->at[i].sample)->name;
        const char *class = c->spec->classes[c->at[i].class].name;
        if (cli->json) {
            json_array_append_new(list, json_pack("{s:s,s:s,s:f,s:f}", "name", name, "class", class, "probability",
                                                  c->at[i].p, "margin", c->at[i].margin));
            continue;
        }
        as_table_cell(table, AS_STYLE_NONE, "%s", name);
        as_table_cell(table, AS_STYLE_NONE, "%s", class);
        as_table_cell(table, AS_STYLE_NONE, "%.3f", c->at[i].p);
        as_table_cell(table, AS_STYLE_NONE, "%.3f", c->at[i].margin);
    }
    if (cli->json)
        return as_cli_print_json(cli, list, err);
    as_term_say(cli, "%zu of %zu samples without a label, seen by run '%s'", c->n, c->n_candidates, c->run.id);
    return as_table_print(table, cli, err);
}

static bool label_next(as_cli *cli, as_workspace *ws, as_err *err)
{
    const char  *method = as_cli_opt(cli, "method");
    label_choice choice = {0};
    bool         ok = label_choose(cli, ws, method ? as_next_parse(method) : AS_NEXT_UNCERTAIN, 20, &choice, err) &&
              label_next_print(cli, &choice, err);
    label_choice_done(&choice);
    return ok;
}

static bool label_propose(as_cli *cli, as_workspace *ws, as_err *err)
{
    label_choice    choice = {0};
    as_label_result result;
    bool            ok = label_choose(cli, ws, AS_NEXT_UNCERTAIN, UINT32_MAX, &choice, err);
    const char    **names = calloc(choice.n + 1, sizeof *names), **labels = calloc(choice.n + 1, sizeof *labels);
    char            by[AS_RUN_ID_BYTES + 8] = "";
    ok = ok && ((names && labels) || AS_FAIL(err, AS_ENOMEM, "out of memory"));
    for (size_t i = 0; ok && i < choice.n; i++) {
        names[i] = as_dataset_sample(choice.dataset, choice.at[i].sample)->name;
        labels[i] = choice.spec->classes[choice.at[i].class].name;
    }
    snprintf(by, sizeof by, "model:%s", choice.run.id);
    as_label_cfg cfg = {.spec = choice.spec,
                        .names = names,
                        .n_names = choice.n,
                        .labels = labels,
                        .state = AS_LABEL_PROPOSED,
                        .by = by,
                        .seed = 1};
    ok = ok && as_label_apply(ws, &cfg, &result, err) && label_print(cli, &result, err);
    free(names);
    free(labels);
    label_choice_done(&choice);
    return ok;
}

static int label_run(as_cli *cli, as_err *err)
{
    label_action action = LABEL_SET;
    while (strcmp(label_actions[action], as_cli_arg(cli, 0)) != 0)
        action++;
    bool          reads = action == LABEL_SHOW || action == LABEL_NEXT;
    as_workspace *ws = as_workspace_open(cli->dir, reads ? AS_WORKSPACE_READ : AS_WORKSPACE_WRITE, err);
    bool          ok = ws != NULL;
    if (ok) {
        switch (action) {
        case LABEL_SHOW: ok = label_show(cli, ws, err); break;
        case LABEL_UNDO: ok = label_undo(cli, ws, err); break;
        case LABEL_NEXT: ok = label_next(cli, ws, err); break;
        case LABEL_PROPOSE: ok = label_propose(cli, ws, err); break;
        default: ok = label_apply(cli, ws, action, err); break;
        }
    }
    as_workspace_close(ws);
    return ok ? 0 : AS_VERB_FAILED;
}

const as_verb as_verb_label = {
    .name = "label",
    .summary = "say what samples are, confirm it, and take it back",
    .usage = "set CLASS [NAME]... | review [NAME]... | clear [NAME]... | show NAME | undo | next | propose",
    .about =
        "set     gives samples a class of assay.yaml\n"
        "review  confirms the label they have: a second look\n"
        "clear   takes the label away\n"
        "show    the labels that a sample had, newest first: when, which, by whom\n"
        "undo    the labels of the version before\n"
        "next    the samples that a model is least sure of: what to label next\n"
        "propose gives samples without a label the class that a model finds, to be set or reviewed by a person\n\n"
        "Samples are named, or chosen with --where. Each step is a new version of the data that shares all pictures "
        "with the one before. What nobody labelled, or a model only, is neither learnt from nor judged by; pictures "
        "without labels come in with assay import --format unlabelled.\n\n"
        "A sample gets its split with its first label. Where a version has a test split already, that is training: "
        "what somebody chose to label is no fair draw.",
    .examples = "  assay label set broken photos/0017.png photos/0018.png\n"
                "  assay label set good --where 'not labelled and name~\"photos/monday/*\"'\n"
                "  assay label review --where 'class=broken and split=test'\n"
                "  assay label undo\n"
                "  assay label next -l 10\n",
    .opts = label_opts,
    .n_opts = AS_COUNT(label_opts),
    .min_args = 1,
    .max_args = -1,
    .actions = label_actions,
    .run = label_run,
};
