/* SPDX-License-Identifier: Apache-2.0 */
#include <stdlib.h>
#include <unistd.h>

#include "base/clock.h"
#include "cli/action.h"
#include "cli/remote_say.h"
#include "cli/term.h"

/* Its assay.yaml, before there is a workspace to put it in. */
static bool data_clone_spec(as_cli *cli, const as_remote_cfg *cfg, uint8_t **ret, size_t *ret_n, as_err *err)
{
    as_remote *remote = as_remote_open(NULL, cfg, &cli->progress, err);
    as_err     why = AS_ERR_NONE;
    bool       ok = remote && as_remote_spec(remote, ret, ret_n, &why);
    as_remote_close(remote);
    if (!remote || ok)
        return ok;
    as_err_set(err, why.code, "%s", why.text);
    return why.code == AS_ENOTFOUND
               ? as_err_set(
                     err, why.code,
                     "%s (begin with one of your own: assay init DIR, and in it: assay data remote add origin URL; "
                     "assay data pull)",
                     why.text)
               : false;
}

static bool data_clone_pull(as_cli *cli, const char *dir, const as_remote_cfg *cfg, as_remote_moved *moved, as_err *err)
{
    as_workspace     *ws = as_workspace_open(dir, AS_WORKSPACE_WRITE, err);
    bool              ok = ws && as_remote_add(ws, cfg, err);
    as_remote        *remote = ok ? as_remote_open(ws, cfg, &cli->progress, err) : NULL;
    const as_pull_cfg pull = ok ? as_remote_say_pull(cli, ws) : (as_pull_cfg){.looked_only = true};
    ok = remote && as_remote_pull(remote, &pull, moved, err);
    as_remote_close(remote);
    as_workspace_close(ws);
    return ok ||
           as_err_note(err, "'%s' is a workspace now, and not all of it came (go on with: assay -C '%s' data pull)",
                       dir, dir);
}

static bool data_clone_run(as_cli *cli, as_err *err)
{
    const char     *dir = as_cli_arg(cli, 2);
    char            path[AS_FS_PATH_BYTES];
    as_remote_cfg   cfg = {.name = "origin"};
    as_remote_moved moved;
    uint8_t        *spec;
    size_t          n;
    const as_ns     begin = as_clock_mono();
    if (!as_remote_say_cfg(cli, as_cli_arg(cli, 1), &cfg, err) || !as_fs_join(path, dir, "assay.yaml", err))
        return false;
    if (as_fs_is_file(path))
        return AS_FAIL(err, AS_EEXIST, "'%s' exists already (name another folder, or in this one: assay data pull)",
                       path);
    if (!data_clone_spec(cli, &cfg, &spec, &n, err))
        return false;
    const bool was_there = as_fs_is_dir(dir);
    bool       ok = as_fs_make_dirs(dir, err) && as_fs_write(path, spec, n, err);
    free(spec);
    if (!ok && !was_there)
        (void)rmdir(dir); /* only when nothing is in it */
    return ok && data_clone_pull(cli, dir, &cfg, &moved, err) &&
           as_remote_say_moved(cli, &cfg, "fetched", (double)(as_clock_mono() - begin) / (double)AS_NS_PER_S, &moved,
                               err);
}

static int data_clone(as_cli *cli, as_workspace *ws, as_err *err)
{
    (void)ws;
    return data_clone_run(cli, err) ? 0 : AS_VERB_FAILED;
}

const as_action as_data_clone = {
    .name = "clone",
    .usage = "URL DIR [--endpoint URL] [--region R] [--unlooked]",
    .about = "makes a workspace of a remote: its assay.yaml, and all its versions",
    .min_args = 2,
    .max_args = 2,
    .mode = AS_WORKSPACE_NONE,
    .run = data_clone,
};
