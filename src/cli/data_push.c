/* SPDX-License-Identifier: Apache-2.0 */
#include "base/clock.h"
#include "cli/action.h"
#include "cli/remote_say.h"

static bool data_push_run(as_cli *cli, as_workspace *ws, as_err *err)
{
    as_remote_cfg   cfg;
    as_remote_moved moved;
    as_push_cfg     push = {.commit = as_cli_arg(cli, 2),
                            .force = as_cli_flag(cli, "force"),
                            .whole = as_cli_flag(cli, "whole"),
                            .without_spec = as_cli_flag(cli, "no-spec")};
    const as_ns     begin = as_clock_mono();
    as_remote      *remote = as_remote_say_open(cli, ws, as_cli_arg(cli, 1), &cfg, err);
    bool            ok = remote && as_remote_push(remote, &push, &moved, err);
    as_remote_close(remote);
    return ok &&
           as_remote_say_moved(cli, &cfg, "sent", (double)(as_clock_mono() - begin) / (double)AS_NS_PER_S, &moved, err);
}

static int data_push(as_cli *cli, as_workspace *ws, as_err *err)
{
    return data_push_run(cli, ws, err) ? 0 : AS_VERB_FAILED;
}

const as_action as_data_push = {
    .name = "push",
    .usage = "[REMOTE] [COMMIT] [--no-spec] [--whole] [--force]",
    .about =
        "sends a version (main), its history, tags, erasures and assay.yaml to a remote: only what is missing there",
    .min_args = 0,
    .max_args = 2,
    .mode = AS_WORKSPACE_READ,
    .run = data_push,
};
