/* SPDX-License-Identifier: Apache-2.0 */
#include "cli/label_steps.h"

static int label_set_run(as_cli *cli, as_workspace *ws, as_err *err)
{
    return as_label_step(cli, ws, 2, as_cli_arg(cli, 1), AS_LABEL_GIVEN, false, err) ? 0 : AS_VERB_FAILED;
}

const as_action as_label_action_set = {
    .name = "set",
    .usage = "CLASS [NAME]... [--where QUERY] [--by WHO]",
    .about = "gives samples a class of assay.yaml",
    .min_args = 1,
    .max_args = -1,
    .mode = AS_WORKSPACE_WRITE,
    .run = label_set_run,
};
