/* SPDX-License-Identifier: Apache-2.0 */
#include "cli/label_steps.h"

static int label_clear_run(as_cli *cli, as_workspace *ws, as_err *err)
{
    return as_label_step(cli, ws, 1, "", AS_LABEL_GIVEN, false, err) ? 0 : AS_VERB_FAILED;
}

const as_action as_label_action_clear = {
    .name = "clear",
    .usage = "[NAME]... [--where QUERY] [--by WHO]",
    .about = "takes the label away",
    .min_args = 0,
    .max_args = -1,
    .mode = AS_WORKSPACE_WRITE,
    .run = label_clear_run,
};
