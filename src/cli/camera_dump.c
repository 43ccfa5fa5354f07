/* SPDX-License-Identifier: Apache-2.0 */
#include "cli/action.h"
#include "cli/camera_pick.h"
#include "cli/output.h"

static int camera_dump(as_cli *cli, as_workspace *ws, as_err *err)
{
    as_setting_list features = {0};
    const char     *path = as_cli_opt(cli, "output");
    as_str          text;
    (void)ws;
    as_str_init(&text);
    as_camera *cam = as_camera_pick(cli, true, err);
    bool       ok = cam && as_camera_settings(cam, &cli->progress, &features, err) &&
              as_setting_list_dump(&features, as_camera_uri(cam), &text, err);
    if (ok && path)
        ok = as_output_write(path, &text, NULL, err);
    if (ok && cli->json)
        ok = as_cli_print_json(cli, json_pack("{s:s?,s:I}", "file", path, "n_bytes", (json_int_t)text.len), err);
    else if (ok && path)
        fprintf(cli->out, "%s\n", path);
    else if (ok)
        fwrite(text.s, 1, text.len, cli->out);
    as_str_done(&text);
    as_setting_list_done(&features);
    as_camera_close(cam);
    return ok ? 0 : AS_VERB_FAILED;
}

const as_action as_camera_action_dump = {
    .name = "dump",
    .usage = "URI [--output FILE]",
    .about = "the values of all features that can be read and written, as YAML (a feature behind a selector: as it is "
             "selected now)",
    .min_args = 1,
    .max_args = 1,
    .mode = AS_WORKSPACE_NONE,
    .run = camera_dump,
};
