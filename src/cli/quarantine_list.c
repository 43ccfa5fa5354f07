/* SPDX-License-Identifier: Apache-2.0 */
#include <string.h>

#include "cli/action.h"
#include "cli/quarantine_pick.h"

static const char *const list_states[] = {"waiting", "kept", "accepted", "dropped"};

/* What else there is, on stderr: it is no row of the table. */
static void list_say_rest(as_cli *cli, const as_pick *pick)
{
    static const char *const words[] = {"waiting", "kept later", "accepted", "dropped"};
    size_t                   counts[AS_COUNT(words)] = {0}, n = 0;
    as_str                   text;
    for (size_t i = 0; i < json_array_size(pick->list); i++)
        for (size_t k = 1; k < AS_COUNT(words); k++)
            if (strcmp(as_pick_text(json_array_get(pick->list, i), "state"), list_states[k]) == 0) {
                counts[k]++;
                n++;
            }
    if (n == 0)
        return;
    as_str_init(&text);
    for (size_t k = 1; k < AS_COUNT(words); k++)
        if (counts[k])
            as_str_addf(&text, "%s%zu %s", text.len ? ", " : "", counts[k], words[k]);
    as_term_say(cli, "%zu more: %s (--state all lists them)", n, text.s);
    as_str_done(&text);
}

static bool list_json(as_cli *cli, const as_pick *pick, uint64_t limit, as_err *err)
{
    json_t *list = json_array();
    for (size_t i = 0; i < pick->n && i < limit; i++)
        json_array_append(list, pick->at[i]);
    return as_cli_print_json(cli, list, err);
}

static bool list_text(as_cli *cli, const as_pick *pick, bool all, uint64_t limit, as_err *err)
{
    static const char *const columns[] = {"name", "check", "class", "time", "reason", "state", NULL};
    if (!all)
        list_say_rest(cli, pick);
    if (pick->n == 0) {
        fprintf(cli->out, "nothing %sis in quarantine\n",
                as_cli_opt(cli, "check") || as_cli_opt(cli, "where") ? "of that kind " : "");
        return true;
    }
    as_table *table = as_table_new(columns);
    for (size_t i = 0; i < pick->n && i < limit; i++) {
        const json_t *record = pick->at[i];
        const char   *label = as_pick_text(record, "label"), *state = as_pick_text(record, "state");
        bool          gone = strcmp(state, "waiting") == 0 && !*as_pick_text(record, "file");
        as_table_cell(table, AS_STYLE_NONE, "%s", as_pick_text(record, "name"));
        as_table_cell(table, AS_STYLE_WARN, "%s", as_pick_text(record, "check"));
        as_table_cell(table, AS_STYLE_NONE, "%s", *label ? label : "-");
        as_table_cell(table, AS_STYLE_NONE, "%.16s", as_pick_text(record, "time"));
        as_table_cell(table, AS_STYLE_NONE, "%s", as_pick_text(record, "reason"));
        as_table_cell(table, AS_STYLE_DIM, "%s%s", state, gone ? ", no bytes" : "");
    }
    if (pick->n > limit)
        as_term_say(cli, "%zu more (--limit N)", pick->n - (size_t)limit);
    return as_table_print(table, cli, err);
}

static bool list_run(as_cli *cli, as_workspace *ws, as_err *err)
{
    const char *state = as_cli_opt(cli, "state");
    bool        all = state && strcmp(state, "all") == 0;
    uint64_t    limit = UINT64_MAX;
    as_pick     pick;
    if (!as_cli_u64(cli, "limit", 1, UINT64_MAX, &limit, err) || !as_pick_read(cli, ws,
                                                                               all     ? NULL
                                                                               : state ? state
                                                                                       : "waiting",
                                                                               false, &pick, err))
        return false;
    bool ok = cli->json ? list_json(cli, &pick, limit, err) : list_text(cli, &pick, all, limit, err);
    as_pick_done(&pick);
    return ok;
}

static int quarantine_list(as_cli *cli, as_workspace *ws, as_err *err)
{
    return list_run(cli, ws, err) ? 0 : AS_VERB_FAILED;
}

const as_action as_quarantine_action_list = {
    .name = "list",
    .usage = "[--check CHECK] [--where QUERY] [--state STATE] [--limit N]",
    .about = "the pictures that were refused and wait for somebody to decide, with the reasons",
    .min_args = 0,
    .max_args = 0,
    .mode = AS_WORKSPACE_READ,
    .run = quarantine_list,
};
