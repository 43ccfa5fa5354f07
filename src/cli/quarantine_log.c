/* SPDX-License-Identifier: Apache-2.0 */
#include <stdlib.h>
#include <string.h>

#include "base/vec.h"
#include "cli/action.h"
#include "cli/quarantine_pick.h"

typedef struct log_row {
    const json_t *record, *decision;
} log_row;

/* Times are written so that their text sorts as they do. */
static int log_compare(const void *a, const void *b)
{
    const log_row *x = a, *y = b;
    int            by_time = strcmp(as_pick_text(y->decision, "time"), as_pick_text(x->decision, "time"));
    return by_time ? by_time : strcmp(as_pick_text(x->record, "name"), as_pick_text(y->record, "name"));
}

static bool log_json(as_cli *cli, const log_row *rows, size_t n, as_err *err)
{
    json_t *list = json_array();
    for (size_t i = 0; i < n; i++) {
        json_t *one = json_deep_copy(rows[i].decision);
        as_json_set(one, "name", json_string(as_pick_text(rows[i].record, "name")));
        as_json_set(one, "id", json_string(as_pick_text(rows[i].record, "id")));
        json_array_append_new(list, one);
    }
    return as_cli_print_json(cli, list, err);
}

static bool log_text(as_cli *cli, const log_row *rows, size_t n, as_err *err)
{
    static const char *const columns[] = {"time", "who", "what", "commit", "reason", "name", NULL};
    if (n == 0) {
        fprintf(cli->out, "nothing was decided yet\n");
        return true;
    }
    as_table *table = as_table_new(columns);
    for (size_t i = 0; i < n; i++) {
        as_pick_decision_cells(table, rows[i].decision);
        as_table_cell(table, AS_STYLE_NONE, "%s", as_pick_text(rows[i].record, "name"));
    }
    return as_table_print(table, cli, err);
}

static bool log_run(as_cli *cli, as_workspace *ws, as_err *err)
{
    AS_VEC(log_row) rows = {0};
    as_pick  pick;
    uint64_t limit = UINT64_MAX;
    bool     ok = true;
    if (!as_cli_u64(cli, "limit", 1, UINT64_MAX, &limit, err) || !as_pick_read(cli, ws, NULL, false, &pick, err))
        return false;
    for (size_t i = 0; ok && i < pick.n; i++) {
        const json_t *list = json_object_get(pick.at[i], "decisions");
        for (size_t k = 0; ok && k < json_array_size(list); k++) {
            log_row row = {pick.at[i], json_array_get(list, k)};
            ok = as_vec_push(&rows, row) || AS_FAIL(err, AS_ENOMEM, "out of memory");
        }
    }
    if (ok && rows.n)
        qsort(rows.at, rows.n, sizeof *rows.at, log_compare);
    size_t n = (size_t)AS_MIN((uint64_t)rows.n, limit);
    ok = ok && (cli->json ? log_json : log_text)(cli, rows.at, n, err);
    as_vec_done(&rows);
    as_pick_done(&pick);
    return ok;
}

static int quarantine_log(as_cli *cli, as_workspace *ws, as_err *err)
{
    return log_run(cli, ws, err) ? 0 : AS_VERB_FAILED;
}

const as_action as_quarantine_action_log = {
    .name = "log",
    .usage = "[NAME] [--check CHECK] [--where QUERY] [--limit N]",
    .about = "what was decided, when, by whom and why, newest first",
    .min_args = 0,
    .max_args = 1,
    .mode = AS_WORKSPACE_READ,
    .run = quarantine_log,
};
