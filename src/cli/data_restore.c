/* SPDX-License-Identifier: Apache-2.0 */
#include <stdlib.h>

#include "cli/action.h"
#include "cli/data_json.h"
#include "cli/term.h"
#include "intake/restore.h"

static bool restore_say(as_cli *cli, const as_restore_result *r, bool labels, as_err *err)
{
    char from[AS_SHA256_HEX_BYTES], hex[AS_SHA256_HEX_BYTES];
    as_digest_hex(&r->from.id, from);
    as_digest_hex(&r->commit.id, hex);
    if (cli->json) {
        json_t *json = as_data_commit_json(&r->commit);
        as_json_set(json, "from", json_string(from));
        as_json_set(json, "n_restored", json_integer((json_int_t)r->n_restored));
        as_json_set(json, "n_erased", json_integer((json_int_t)r->n_erased));
        return as_cli_print_json(cli, json, err);
    }
    fprintf(cli->out, "%s%llu sample%s %s as in %.12s\ncommit %.12s (%llu samples)\n", labels ? "the labels of " : "",
            (unsigned long long)r->n_restored, r->n_restored == 1 ? "" : "s",
            r->n_restored == 1 && !labels ? "is" : "are", from, hex, (unsigned long long)r->commit.n_samples);
    if (r->n_erased)
        as_term_say(cli, "%llu picture%s of %.12s %s erased: %s", (unsigned long long)r->n_erased,
                    r->n_erased == 1 ? "" : "s", from, r->n_erased == 1 ? "was" : "were",
                    r->n_erased == 1 ? "it does not come back" : "they do not come back");
    return true;
}

static bool restore_do(as_cli *cli, as_workspace *ws, as_err *err)
{
    const size_t   n = as_cli_n_args(cli) - 2;
    const char   **names = calloc(n + 1, sizeof *names);
    as_restore_cfg cfg = {
        .from = as_cli_arg(cli, 1), .names = names, .n_names = n, .labels_only = as_cli_flag(cli, "labels")};
    as_restore_result result;
    if (!names)
        return AS_FAIL(err, AS_ENOMEM, "out of memory");
    for (size_t i = 0; i < n; i++)
        names[i] = as_cli_arg(cli, i + 2);
    bool ok = as_restore(ws, &cfg, &result, err) && restore_say(cli, &result, cfg.labels_only, err);
    free(names);
    return ok;
}

static int data_restore(as_cli *cli, as_workspace *ws, as_err *err)
{
    return restore_do(cli, ws, err) ? 0 : AS_VERB_FAILED;
}

const as_action as_data_restore = {
    .name = "restore",
    .usage = "COMMIT [NAME ...] [--labels]",
    .about =
        "a new version on top that is as COMMIT was: all of it, or the samples NAME; with --labels only what was said "
        "of samples that are still there. Nothing of the history is lost",
    .min_args = 1,
    .max_args = -1,
    .mode = AS_WORKSPACE_WRITE,
    .run = data_restore,
};
