/* SPDX-License-Identifier: Apache-2.0 */
#include <string.h>

#include "cli/action.h"
#include "cli/quarantine_pick.h"

static bool undo_print(as_cli *cli, const as_pick *pick, size_t n_dropped, const as_commit *made, as_err *err)
{
    char hex[AS_SHA256_HEX_BYTES];
    if (made)
        as_digest_hex(&made->id, hex);
    if (cli->json) {
        json_t *json = json_object();
        as_json_set(json, "n_undone", json_integer((json_int_t)pick->n));
        as_json_set(json, "n_without_bytes", json_integer((json_int_t)n_dropped));
        as_json_set(json, "commit", made ? json_string(hex) : json_null());
        return as_cli_print_json(cli, json, err);
    }
    fprintf(cli->out, "%zu picture%s in quarantine again\n", pick->n, pick->n == 1 ? " is" : "s are");
    if (n_dropped)
        fprintf(cli->out, "%zu of them had been dropped: import the file%s again to bring the bytes back\n", n_dropped,
                n_dropped == 1 ? "" : "s");
    if (made)
        fprintf(cli->out, "commit %.12s (%llu samples)\n", hex, (unsigned long long)made->n_samples);
    return true;
}

static bool undo_run(as_cli *cli, as_workspace *ws, as_err *err)
{
    as_pick    pick;
    as_decider who;
    char       author[128];
    as_commit  made;
    size_t     n_dropped = 0;
    bool       is_made;
    if (!as_pick_decider(cli, author, sizeof author, &who, err) ||
        !as_pick_read(cli, ws, "accepted dropped", true, &pick, err))
        return false;
    for (size_t i = 0; i < pick.n; i++)
        n_dropped += strcmp(as_pick_text(pick.at[i], "state"), "dropped") == 0;
    bool ok = as_decide_undo(ws, pick.at, pick.n, &who, &made, &is_made, err) && as_quarantine_sync(ws, err) &&
              undo_print(cli, &pick, n_dropped, is_made ? &made : NULL, err);
    as_pick_done(&pick);
    return ok;
}

static int quarantine_undo(as_cli *cli, as_workspace *ws, as_err *err)
{
    return undo_run(cli, ws, err) ? 0 : AS_VERB_FAILED;
}

const as_action as_quarantine_action_undo = {
    .name = "undo",
    .usage = "[NAME]... [--check CHECK] [--where QUERY] --reason TEXT",
    .about = "takes the last decision back: what was accepted leaves the version, what was dropped waits for its file",
    .min_args = 0,
    .max_args = -1,
    .mode = AS_WORKSPACE_WRITE,
    .run = quarantine_undo,
};
