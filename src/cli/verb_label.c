/* SPDX-License-Identifier: Apache-2.0 */
#include <stdlib.h>
#include <string.h>

#include "base/clock.h"
#include "cli/term.h"
#include "cli/verb.h"
#include "intake/label.h"

static const as_opt label_opts[] = {
    {"where", 'w', "QUERY", "set, review, clear: all samples that meet it (see: assay help data)", NULL},
    {"by", 0, "WHO", "who says so (default: person:$ASSAY_AUTHOR, else person:user@host)", NULL},
};

typedef enum label_action { LABEL_SET, LABEL_REVIEW, LABEL_CLEAR, LABEL_SHOW, LABEL_UNDO } label_action;

static const char *const label_actions[] = {"set", "review", "clear", "show", "undo", NULL};

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

static int label_run(as_cli *cli, as_err *err)
{
    label_action action = LABEL_SET;
    while (strcmp(label_actions[action], as_cli_arg(cli, 0)) != 0)
        action++;
    as_workspace *ws = as_workspace_open(cli->dir, action == LABEL_SHOW ? AS_WORKSPACE_READ : AS_WORKSPACE_WRITE, err);
    bool          ok = ws && (action == LABEL_SHOW   ? label_show(cli, ws, err)
                              : action == LABEL_UNDO ? label_undo(cli, ws, err)
                                                     : label_apply(cli, ws, action, err));
    as_workspace_close(ws);
    return ok ? 0 : AS_VERB_FAILED;
}

const as_verb as_verb_label = {
    .name = "label",
    .summary = "say what samples are, confirm it, and take it back",
    .usage = "set CLASS [NAME]... | review [NAME]... | clear [NAME]... | show NAME | undo",
    .about =
        "set     gives samples a class of assay.yaml\n"
        "review  confirms the label they have: a second look\n"
        "clear   takes the label away\n"
        "show    the labels that a sample had, newest first: when, which, by whom\n"
        "undo    the labels of the version before\n\n"
        "Samples are named, or chosen with --where. Each step is a new version of the data that shares all pictures "
        "with the one before. What nobody labelled, or a model only, is neither learnt from nor judged by; pictures "
        "without labels come in with assay import --format unlabelled.\n\n"
        "A sample gets its split with its first label. Where a version has a test split already, that is training: "
        "what somebody chose to label is no fair draw.",
    .examples = "  assay label set broken photos/0017.png photos/0018.png\n"
                "  assay label set good --where 'not labelled and name~\"photos/monday/*\"'\n"
                "  assay label review --where 'class=broken and split=test'\n"
                "  assay label undo\n",
    .opts = label_opts,
    .n_opts = AS_COUNT(label_opts),
    .min_args = 1,
    .max_args = -1,
    .actions = label_actions,
    .run = label_run,
};
