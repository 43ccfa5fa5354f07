/* SPDX-License-Identifier: Apache-2.0 */
#include "base/fs.h"
#include "cli/action.h"
#include "cli/camera_pick.h"
#include "cli/output.h"

#define DUMP_MAX_BYTES ((size_t)1 << 20)
#define DUMP_CAMERA    "\ncamera: "

/* Which camera a dump is of: without what was asked of it behind the '?'. n is 0 when it is no dump. */
static size_t dump_camera(const char *text, const char **ret)
{
    const char *at = strstr(text, DUMP_CAMERA);
    *ret = at ? at + strlen(DUMP_CAMERA) : "";
    return strcspn(*ret, "?\n");
}

/* A dump of the same camera is replaced by a newer one. That of another may be all that is left of how that one was set. */
static bool dump_may(const char *path, const as_str *text, as_err *err)
{
    uint8_t    *bytes = NULL;
    size_t      n = 0, n_old, n_new;
    as_err      ignored = AS_ERR_NONE;
    const char *old, *new;
    if (!as_fs_is_file(path) || !as_fs_read(path, DUMP_MAX_BYTES, &bytes, &n, &ignored))
        return true; /* nothing is there, or what is there is no dump: as_output_write() looks at that */
    char *there = calloc(n + 1, 1);
    bool  ok = there || AS_FAIL(err, AS_ENOMEM, "no memory for '%s'", path);
    if (ok) {
        memcpy(there, bytes, n);
        n_old = dump_camera(there, &old);
        n_new = dump_camera(text->s, &new);
        ok = n_old == 0 || (n_old == n_new && memcmp(old, new, n_old) == 0) ||
             AS_FAIL(err, AS_EEXIST, "'%s' holds the settings of another camera, %.*s: name another file, or remove it",
                     path, (int)AS_MIN(n_old, (size_t)100), old);
    }
    free(there);
    free(bytes);
    return ok;
}

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
        ok = dump_may(path, &text, err) && as_output_write(path, &text, NULL, err);
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
