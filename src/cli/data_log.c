/* SPDX-License-Identifier: Apache-2.0 */
#include <string.h>

#include "base/clock.h"
#include "cli/action.h"
#include "cli/data_json.h"
#include "cli/term.h"
#include "spec/unit.h"

static void data_log_row(as_table *table, const as_commit *commit)
{
    char hex[AS_SHA256_HEX_BYTES], when[AS_CLOCK_TEXT_BYTES], bytes[AS_UNIT_TEXT_BYTES];
    as_table_cell(table, AS_STYLE_BOLD, "%.12s", as_digest_hex(&commit->id, hex));
    as_table_cell(table, AS_STYLE_NONE, "%.16s", as_clock_text(commit->utc, when));
    as_table_cell(table, AS_STYLE_NONE, "%s", commit->author);
    as_table_cell(table, AS_STYLE_NONE, "%llu", (unsigned long long)commit->n_samples);
    as_table_cell(table, AS_STYLE_NONE, "%s", as_unit_text((double)commit->n_bytes, AS_UNIT_BYTES, bytes));
    as_table_cell(table, AS_STYLE_NONE, "%llu", (unsigned long long)commit->n_quarantined);
    as_table_cell(table, AS_STYLE_NONE, "%.*s", (int)strcspn(commit->message, "\n"), commit->message);
}

static bool data_log_print(as_cli *cli, as_workspace *ws, as_err *err)
{
    static const char *const columns[] = {"commit", "time",         "author",  ">samples",
                                          ">size",  ">quarantined", "message", NULL};
    as_commit                commit;
    uint64_t                 limit = UINT64_MAX;
    if (!as_cli_u64(cli, "limit", 1, UINT64_MAX, &limit, err) ||
        !as_commit_find(ws, as_cli_arg(cli, 1) ? as_cli_arg(cli, 1) : "main", &commit, err))
        return false;
    as_table *table = cli->json ? NULL : as_table_new(columns);
    json_t   *list = cli->json ? json_array() : NULL;
    bool      ok = true;
    for (uint64_t i = 0; ok && i < limit; i++) {
        if (cli->json)
            json_array_append_new(list, as_data_commit_json(&commit));
        else
            data_log_row(table, &commit);
        if (commit.n_parents == 0)
            break;
        as_digest parent = commit.parents[0];
        ok = as_commit_read(ws, &parent, &commit, err);
    }
    if (!cli->json) /* what could be read is shown */
        return as_table_print(table, cli, ok ? err : NULL) && ok;
    if (ok)
        return as_cli_print_json(cli, list, err);
    json_decref(list);
    return false;
}

static int data_log(as_cli *cli, as_workspace *ws, as_err *err)
{
    return data_log_print(cli, ws, err) ? 0 : AS_VERB_FAILED;
}

const as_action as_data_log = {
    .name = "log",
    .usage = "[COMMIT] [--limit N]",
    .about = "the versions, newest first",
    .min_args = 0,
    .max_args = 1,
    .mode = AS_WORKSPACE_READ,
    .run = data_log,
};
