/* SPDX-License-Identifier: Apache-2.0 */
#include "cli/action.h"
#include "cli/camera_pick.h"
#include "cli/term.h"

typedef struct camera_found {
    json_t     *json;
    as_table   *table; /* NULL with --json */
    const char *driver;
    size_t      n;
    bool        any_gige;
} camera_found;

static void list_found(void *ctx, const char *uri, const char *about)
{
    camera_found *found = ctx;
    found->n++;
    found->any_gige |= strcmp(found->driver, "gige") == 0;
    json_array_append_new(found->json, json_pack("{s:s,s:s,s:s}", "uri", uri, "driver", found->driver, "about", about));
    if (!found->table)
        return;
    as_table_cell(found->table, AS_STYLE_BOLD, "%s", uri);
    as_table_cell(found->table, AS_STYLE_NONE, "%s", about);
}

static int camera_list(as_cli *cli, as_workspace *ws, as_err *err)
{
    static const char *const columns[] = {"camera", "what", NULL};
    camera_found             found = {.json = json_array(), .table = cli->json ? NULL : as_table_new(columns)};
    bool                     gige = false;
    (void)ws;
    for (size_t i = 0; as_camera_driver_at(i); i++) {
        const as_camera_driver *driver = as_camera_driver_at(i);
        found.driver = driver->name;
        gige |= strcmp(driver->name, "gige") == 0;
        if (driver->list)
            driver->list(list_found, &found);
    }
    bool ok = cli->json ? as_cli_print_json(cli, json_pack("{s:O}", "cameras", found.json), err)
                        : as_table_print(found.table, cli, err);
    if (ok && gige && !found.any_gige)
        as_term_say(cli,
                    "no camera answers on a network or USB port (one that a router is between, or that does not answer "
                    "who looks for all of them, is named by its address: assay camera show gige:ADDRESS)");
    json_decref(found.json);
    return ok ? 0 : AS_VERB_FAILED;
}

const as_action as_camera_action_list = {
    .name = "list",
    .usage = "",
    .about = "the cameras that answer now, of every driver: on the network, on USB, /dev/video*, and the twin's scenes",
    .mode = AS_WORKSPACE_NONE,
    .run = camera_list,
};
