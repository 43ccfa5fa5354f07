/* SPDX-License-Identifier: Apache-2.0 */
#include "cli/label_steps.h"

static bool label_undo(as_cli *cli, as_workspace *ws, as_err *err)
{
    as_label_result result;
    return as_label_undo(ws, &result, err) && as_label_print(cli, &result, err);
}

static int label_undo_run(as_cli *cli, as_workspace *ws, as_err *err)
{
    return label_undo(cli, ws, err) ? 0 : AS_VERB_FAILED;
}

const as_action as_label_action_undo = {
    .name = "undo",
    .usage = "",
    .about = "takes the last step of labelling back; again: the one before it. All of it stays in the history",
    .min_args = 0,
    .max_args = 0,
    .mode = AS_WORKSPACE_WRITE,
    .run = label_undo_run,
};
