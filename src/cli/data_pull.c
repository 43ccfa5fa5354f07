/* SPDX-License-Identifier: Apache-2.0 */
#include "base/clock.h"
#include "cli/action.h"
#include "cli/remote_say.h"

static bool data_pull_run(as_cli *cli, as_workspace *ws, as_err *err)
{
    as_remote_cfg     cfg;
    as_remote_moved   moved;
    const as_ns       begin = as_clock_mono();
    as_remote        *remote = as_remote_say_open(cli, ws, as_cli_arg(cli, 1), &cfg, err);
    const as_pull_cfg pull = as_remote_say_pull(cli, ws);
    bool              ok = remote && as_remote_pull(remote, &pull, &moved, err);
    as_remote_close(remote);
    return ok && as_remote_say_moved(cli, &cfg, "fetched", (double)(as_clock_mono() - begin) / (double)AS_NS_PER_S,
                                     &moved, err);
}

static int data_pull(as_cli *cli, as_workspace *ws, as_err *err)
{
    return data_pull_run(cli, ws, err) ? 0 : AS_VERB_FAILED;
}

const as_action as_data_pull = {
    .name = "pull",
    .usage = "[REMOTE] [--unlooked] [--timeout S]",
    .about =
        "fetches what is missing here of a remote's versions, each object checked; what was erased there is erased "
        "here",
    .min_args = 0,
    .max_args = 1,
    .mode = AS_WORKSPACE_WRITE,
    .run = data_pull,
};
