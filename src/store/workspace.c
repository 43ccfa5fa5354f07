/* SPDX-License-Identifier: Apache-2.0 */
#include "store/workspace.h"

#include <dirent.h>
#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

#include "base/str.h"
#include "store/erasure.h"

/* The name as_fs_write gives to a file it has not finished: NAME.tmp.PID.N */
static bool workspace_is_tmp(const char *path)
{
    const char *end = path + strlen(path);
    for (int part = 0; part < 2; part++) {
        const char *from = end;
        while (from > path && from[-1] >= '0' && from[-1] <= '9')
            from--;
        if (from == end || from == path || from[-1] != '.')
            return false;
        end = from - 1;
    }
    return end - path > 4 && memcmp(end - 4, ".tmp", 4) == 0;
}

static bool workspace_remove_tmp(void *ctx, const as_fs_entry *entry, as_err *err)
{
    (void)ctx;
    return entry->kind != AS_FS_FILE || !workspace_is_tmp(entry->path) || as_fs_remove(entry->path, err);
}

/* One entry of the folder .assay or of the root. What lies below objects/ the store puts in order when it is written to. */
static bool workspace_clean_entry(const char *dir, const char *name, bool deep, as_err *err)
{
    char        path[AS_FS_PATH_BYTES];
    struct stat st;
    if (!as_fs_join(path, dir, name, err))
        return false;
    if (lstat(path, &st) != 0)
        return true;
    if (S_ISREG(st.st_mode))
        return !workspace_is_tmp(name) || as_fs_remove(path, err);
    if (!S_ISDIR(st.st_mode) || !deep)
        return true;
    if (strcmp(name, "tmp") == 0)
        return as_fs_remove_tree(path, err);
    return strcmp(name, "objects") == 0 || as_fs_walk(path, workspace_remove_tmp, NULL, err);
}

static bool workspace_clean(const char *path, bool deep, as_err *err)
{
    DIR *dir = opendir(path);
    if (!dir)
        return as_err_errno(err, errno, "cannot read '%s'", path);
    bool ok = true;
    for (const struct dirent *entry; ok && (entry = readdir(dir));) {
        if (strcmp(entry->d_name, ".") == 0 || strcmp(entry->d_name, "..") == 0)
            continue;
        if (deep || as_str_starts(entry->d_name, "assay.yaml.tmp."))
            ok = workspace_clean_entry(path, entry->d_name, deep, err);
    }
    closedir(dir);
    return ok;
}

/* ws->root and ws->spec_path from dir or a folder above it. */
static bool workspace_find(as_workspace *ws, const char *dir, as_err *err)
{
    char *real = realpath(dir, NULL);
    if (!real)
        return as_err_errno(err, errno, "cannot open workspace '%s'", dir);
    if (!as_fs_is_dir(real)) {
        free(real);
        return AS_FAIL(err, AS_EINVAL,
                       "cannot open workspace '%s': it is no folder (name the one with assay.yaml in it)", dir);
    }
    bool fits = as_str_copy(ws->root, sizeof ws->root, real);
    free(real);
    while (fits) {
        if (!as_fs_join(ws->spec_path, ws->root, "assay.yaml", err))
            return false;
        if (as_fs_is_file(ws->spec_path))
            return as_fs_join(ws->dir, ws->root, ".assay", err);
        char *slash = strrchr(ws->root, '/');
        if (!slash || strcmp(ws->root, "/") == 0)
            break;
        slash[slash == ws->root] = '\0';
    }
    if (!fits)
        return AS_FAIL(err, AS_ELIMIT, "cannot open workspace '%.100s...': the path is too long", dir);
    return AS_FAIL(err, AS_ENOTFOUND, "no assay.yaml in '%s' or above it (make one with: assay init DIR)", dir);
}

static bool workspace_lock(as_workspace *ws, as_err *err)
{
    char path[AS_FS_PATH_BYTES];
    if (!as_fs_make_dirs(ws->dir, err) || !as_fs_join(path, ws->dir, "lock", err))
        return false;
    return as_fs_lock(path, &ws->lock_fd, err) && workspace_clean(ws->dir, true, err) &&
           workspace_clean(ws->root, false, err);
}

as_workspace *as_workspace_open(const char *dir, as_workspace_mode mode, as_err *err)
{
    if (mode != AS_WORKSPACE_READ && mode != AS_WORKSPACE_WRITE) {
        AS_FAIL(err, AS_EINVAL, "cannot open workspace '%s': neither to read nor to write", dir);
        return NULL;
    }
    as_workspace *ws = calloc(1, sizeof *ws);
    if (!ws) {
        AS_FAIL(err, AS_ENOMEM, "cannot open workspace '%s': not enough memory", dir);
        return NULL;
    }
    ws->lock_fd = -1;
    if (!workspace_find(ws, dir, err))
        return as_workspace_close(ws);
    if (mode == AS_WORKSPACE_WRITE && !workspace_lock(ws, err)) {
        as_err_note(err, "cannot open workspace '%s' for writing", ws->root);
        return as_workspace_close(ws);
    }
    ws->store = as_store_open(ws->dir, err);
    /* Before anybody writes: pictures that were to go do not wait for another who asks. */
    bool ok =
        ws->store && (mode != AS_WORKSPACE_WRITE || !as_erasure_is_pending(ws) || as_erasure_apply_objects(ws, err));
    return ok ? ws : as_workspace_close(ws);
}

as_workspace *as_workspace_close(as_workspace *ws)
{
    if (ws) {
        as_store_close(ws->store);
        as_fs_unlock(ws->lock_fd);
    }
    free(ws);
    return NULL;
}

/* Relative, and no part of it "..". */
static bool workspace_is_inside(const char *name)
{
    if (name[0] == '/' || name[0] == '\0')
        return false;
    for (const char *part = name; part; part = strchr(part, '/')) {
        part += *part == '/';
        if (strncmp(part, "..", 2) == 0 && (part[2] == '/' || part[2] == '\0'))
            return false;
    }
    return true;
}

bool as_workspace_path(const as_workspace *ws, const char *name, char *buf, as_err *err)
{
    char path[AS_FS_PATH_BYTES];
    if (!workspace_is_inside(name))
        return AS_FAIL(err, AS_EINVAL, "'%s' is no path inside the workspace", name);
    if (!as_fs_join(path, ws->dir, name, err))
        return false;
    if (ws->lock_fd >= 0) {
        char *slash = strrchr(path, '/');
        *slash = '\0';
        if (!as_fs_is_dir(path) && !as_fs_make_dirs(path, err))
            return false;
        *slash = '/';
    }
    memcpy(buf, path, strlen(path) + 1);
    return true;
}
