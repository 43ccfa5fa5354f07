/* SPDX-License-Identifier: Apache-2.0 */
#include "cli/action.h"
#include "twin/chip_file.h"

static int twin_schema(as_cli *cli, as_workspace *ws, as_err *err)
{
    (void)ws;
    return as_cli_print_json(cli, as_chip_file_schema(), err) ? 0 : AS_VERB_FAILED;
}

const as_action as_twin_action_schema = {
    .name = "schema",
    .usage = "",
    .about = "the JSON Schema of a sensor of your own (sensor=FILE.yaml), for an editor",
    .mode = AS_WORKSPACE_NONE,
    .run = twin_schema,
};
