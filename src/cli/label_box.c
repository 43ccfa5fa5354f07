/* SPDX-License-Identifier: Apache-2.0 */
#include <math.h>

#include "cli/label_draw.h"

static bool label_box(as_cli *cli, as_workspace *ws, as_err *err)
{
    as_finding box = {
        .label = as_cli_arg(cli, 2), .outline = AS_OUTLINE_BOX, .geometry = "", .score = NAN, .extra = ""};
    return as_label_numbers(as_cli_arg(cli, 3), "X,Y,W,H", box.box, 4, err) && as_label_draw(cli, ws, &box, 0, err);
}

static int label_box_run(as_cli *cli, as_workspace *ws, as_err *err)
{
    return label_box(cli, ws, err) ? 0 : AS_VERB_FAILED;
}

const as_action as_label_action_box = {
    .name = "box",
    .usage = "NAME CLASS X,Y,W,H [--vote] [--by WHO]",
    .about = "says that something of CLASS is in a box, its upper left corner and size in pixels. --vote, here and "
             "with the next three: among what WHO drew, beside the label that another gave",
    .min_args = 3,
    .max_args = 3,
    .mode = AS_WORKSPACE_WRITE,
    .run = label_box_run,
};
