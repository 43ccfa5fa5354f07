/* SPDX-License-Identifier: Apache-2.0 */
#include "base/clock.h"
#include "cli/label_steps.h"
#include "cli/term.h"

typedef struct label_list {
    as_table *table;
    json_t   *json;
    as_str    outlines; /* of the newest, as lines */
    bool      seen;
} label_list;

/* Numbered as `label remove` counts them. */
static void label_outlines(as_str *text, const as_finding *findings, size_t n, const char *by)
{
    for (size_t i = 0; i < n; i++)
        as_str_addf(text, "%zu  %s %s  %.5g,%.5g,%.5g,%.5g  by %s\n", i + 1, as_outline_name(findings[i].outline),
                    findings[i].label, findings[i].box[0], findings[i].box[1], findings[i].box[2], findings[i].box[3],
                    *by ? by : "-");
}

static json_t *label_outlines_json(const as_finding *findings, size_t n)
{
    json_t *list = json_array();
    for (size_t i = 0; i < n; i++)
        json_array_append_new(list, json_pack("{s:s,s:s,s:[f,f,f,f]}", "class", findings[i].label, "outline",
                                              as_outline_name(findings[i].outline), "box", findings[i].box[0],
                                              findings[i].box[1], findings[i].box[2], findings[i].box[3]));
    return list;
}

static json_t *label_votes_json(const as_sample *s)
{
    json_t *list = json_array();
    for (size_t i = 0; i < s->n_votes; i++) {
        const as_vote *v = &s->votes[i];
        char           when[AS_CLOCK_TEXT_BYTES] = "";
        if (v->said_utc)
            as_clock_text(v->said_utc, when);
        json_array_append_new(list, json_pack("{s:s,s:s,s:s,s:s,s:I}", "by", v->by, "class", v->label, "state",
                                              as_label_state_name(v->state), "time", when, "n_findings",
                                              (json_int_t)v->n_findings));
        json_object_set_new(json_array_get(list, i), "findings", label_outlines_json(v->findings, v->n_findings));
    }
    return list;
}

static void label_votes_cell(as_table *table, const as_sample *s)
{
    as_str text;
    as_str_init(&text);
    for (size_t i = 0; i < s->n_votes; i++)
        as_str_addf(&text, "%s%s %s", i ? ", " : "", s->votes[i].by, *s->votes[i].label ? s->votes[i].label : "-");
    as_table_cell(table, AS_STYLE_NONE, "%s", text.s ? text.s : "");
    as_str_done(&text);
}

static void label_step(void *ctx, const as_commit *commit, const as_sample *s)
{
    static const char *const columns[] = {"commit", "time", "class", "state", "by", "votes of others", NULL};
    label_list              *list = ctx;
    char                     hex[AS_SHA256_HEX_BYTES], when[AS_CLOCK_TEXT_BYTES];
    as_digest_hex(&commit->id, hex);
    as_clock_text(commit->utc, when);
    if (list->json) {
        json_array_append_new(list->json,
                              json_pack("{s:s,s:s,s:s,s:s,s:s,s:I,s:o}", "commit", hex, "time", when, "class", s->label,
                                        "state", as_label_state_name(s->state), "by", s->by, "n_findings",
                                        (json_int_t)s->n_findings, "votes", label_votes_json(s)));
        json_object_set_new(json_array_get(list->json, json_array_size(list->json) - 1), "findings",
                            label_outlines_json(s->findings, s->n_findings));
        return;
    }
    if (!list->seen) {
        label_outlines(&list->outlines, s->findings, s->n_findings, s->by);
        for (size_t i = 0; i < s->n_votes; i++)
            label_outlines(&list->outlines, s->votes[i].findings, s->votes[i].n_findings, s->votes[i].by);
    }
    list->seen = true;
    if (!list->table) /* not before the first row: an error has no heading */
        list->table = as_table_new(columns);
    as_table_cell(list->table, AS_STYLE_BOLD, "%.12s", hex);
    as_table_cell(list->table, AS_STYLE_NONE, "%.16s", when);
    as_table_cell(list->table, AS_STYLE_NONE, "%s", *s->label ? s->label : "-");
    as_table_cell(list->table, AS_STYLE_NONE, "%s", as_label_state_name(s->state));
    as_table_cell(list->table, AS_STYLE_NONE, "%s", *s->by ? s->by : "-");
    label_votes_cell(list->table, s);
}

static bool label_show(as_cli *cli, as_workspace *ws, as_err *err)
{
    label_list list = {.json = cli->json ? json_array() : NULL};
    as_str_init(&list.outlines);
    bool ok = as_label_history(ws, as_cli_arg(cli, 1), label_step, &list, err);
    if (list.table) /* what could be read is shown */
        ok = as_table_print(list.table, cli, ok ? err : NULL) && ok;
    if (list.outlines.len)
        fprintf(cli->out, "\n%s", list.outlines.s);
    as_str_done(&list.outlines);
    if (ok && list.json)
        return as_cli_print_json(cli, list.json, err);
    json_decref(list.json);
    return ok;
}

static int label_show_run(as_cli *cli, as_workspace *ws, as_err *err)
{
    return label_show(cli, ws, err) ? 0 : AS_VERB_FAILED;
}

const as_action as_label_action_show = {
    .name = "show",
    .usage = "NAME",
    .about = "the labels that a sample had, newest first: when, which, by whom, and what others say",
    .min_args = 1,
    .max_args = 1,
    .mode = AS_WORKSPACE_READ,
    .run = label_show_run,
};
