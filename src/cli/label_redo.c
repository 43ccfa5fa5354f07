/* SPDX-License-Identifier: Apache-2.0 */
#include "cli/label_steps.h"

static bool label_redo(as_cli *cli, as_workspace *ws, as_err *err)
{
    as_label_result result;
    return as_label_redo(ws, &result, err) && as_label_print(cli, &result, err);
}

static int label_redo_run(as_cli *cli, as_workspace *ws, as_err *err)
{
    return label_redo(cli, ws, err) ? 0 : AS_VERB_FAILED;
}

const as_action as_label_action_redo = {
    .name = "redo",
    .usage = "",
    .about = "takes an undo back, as long as nothing was said since",
    .min_args = 0,
    .max_args = 0,
    .mode = AS_WORKSPACE_WRITE,
    .run = label_redo_run,
};
