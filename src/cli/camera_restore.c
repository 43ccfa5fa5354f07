/* SPDX-License-Identifier: Apache-2.0 */
#include "base/fs.h"
#include "cli/action.h"
#include "cli/camera_pick.h"

#define RESTORE_MAX_BYTES ((size_t)1 << 20)

static bool restore_read(const char *path, as_setting_wishes *ret, as_err *err)
{
    uint8_t *bytes = NULL;
    size_t   n = 0;
    if (!as_fs_read(path, RESTORE_MAX_BYTES, &bytes, &n, err))
        return false;
    bool ok = as_setting_wishes_parse((const char *)bytes, n, path, ret, err);
    free(bytes);
    return ok;
}

static int camera_restore(as_cli *cli, as_workspace *ws, as_err *err)
{
    as_setting_wishes wishes = {0};
    size_t            changed = 0;
    (void)ws;
    bool       ok = restore_read(as_cli_arg(cli, 2), &wishes, err);
    as_camera *cam = ok ? as_camera_pick(cli, true, err) : NULL;
    ok = cam && as_camera_set_all(cam, &wishes, &changed, err);
    if (ok && cli->json)
        ok = as_cli_print_json(
            cli, json_pack("{s:I,s:I}", "n_features", (json_int_t)wishes.all.n, "n_changed", (json_int_t)changed), err);
    else if (ok)
        fprintf(cli->out, "%zu features are as in the file: %zu were changed, all were read back\n", wishes.all.n,
                changed);
    as_camera_close(cam);
    as_vec_done(&wishes.all);
    return ok ? 0 : AS_VERB_FAILED;
}

const as_action as_camera_action_restore = {
    .name = "restore",
    .usage = "URI FILE",
    .about = "give a camera the values of a dump, in an order it takes them in, and read them back; when one is "
             "refused, all get their old values again",
    .min_args = 2,
    .max_args = 2,
    .mode = AS_WORKSPACE_NONE,
    .run = camera_restore,
};
