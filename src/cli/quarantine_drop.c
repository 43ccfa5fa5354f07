/* SPDX-License-Identifier: Apache-2.0 */
#include "cli/action.h"
#include "cli/quarantine_pick.h"

static bool drop_all(as_cli *cli, as_workspace *ws, const as_pick *pick, const as_decider *who, as_err *err)
{
    size_t n = 0;
    bool   ok = true;
    for (; ok && n < pick->n; n += ok) {
        ok = as_progress_go_on(&cli->progress, err) && as_decide_drop(ws, pick->at[n], who, err);
        as_progress_step(&cli->progress, "dropping", n + 1, pick->n);
    }
    as_term_progress_end(cli);
    ok = as_quarantine_sync(ws, ok ? err : NULL) && ok;
    if (!ok)
        return n && as_err_note(err, "%zu of %zu were dropped before that", n, pick->n);
    if (cli->json)
        return as_cli_print_json(cli, json_pack("{s:I}", "n_dropped", (json_int_t)n), err);
    fprintf(cli->out, "%zu picture%s dropped: the bytes are gone, the record%s stay%s (see: assay quarantine log)\n", n,
            n == 1 ? "" : "s", n == 1 ? "" : "s", n == 1 ? "s" : "");
    return true;
}

static bool drop_run(as_cli *cli, as_workspace *ws, as_err *err)
{
    as_pick    pick;
    as_decider who;
    char       author[128];
    if (!as_pick_decider(cli, author, sizeof author, &who, err) || !as_pick_read(cli, ws, "waiting", true, &pick, err))
        return false;
    bool ok = drop_all(cli, ws, &pick, &who, err);
    as_pick_done(&pick);
    return ok;
}

static int quarantine_drop(as_cli *cli, as_workspace *ws, as_err *err)
{
    return drop_run(cli, ws, err) ? 0 : AS_VERB_FAILED;
}

const as_action as_quarantine_action_drop = {
    .name = "drop",
    .usage = "[NAME]... [--check CHECK] [--where QUERY] --reason TEXT",
    .about = "removes their bytes and keeps the records; an import of the same file leaves it dropped",
    .min_args = 0,
    .max_args = -1,
    .mode = AS_WORKSPACE_WRITE,
    .run = quarantine_drop,
};
