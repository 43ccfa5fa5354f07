/* SPDX-License-Identifier: Apache-2.0 */
#include "base/str.h"
#include "cli/label_draw.h"

static bool label_remove(as_cli *cli, as_workspace *ws, as_err *err)
{
    uint64_t which;
    if (!as_str_to_u64(as_cli_arg(cli, 2), &which) || which == 0)
        return AS_FAIL(err, AS_EINVAL, "'%s' is no outline: count from 1, as in: assay label show NAME",
                       as_cli_arg(cli, 2));
    return as_label_draw(cli, ws, NULL, (size_t)which, err);
}

static int label_remove_run(as_cli *cli, as_workspace *ws, as_err *err)
{
    return label_remove(cli, ws, err) ? 0 : AS_VERB_FAILED;
}

const as_action as_label_action_remove = {
    .name = "remove",
    .usage = "NAME N",
    .about = "takes the N-th box, polygon or mask away again, counted as in show; the class stays",
    .min_args = 2,
    .max_args = 2,
    .mode = AS_WORKSPACE_WRITE,
    .run = label_remove_run,
};
