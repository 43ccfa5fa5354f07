/* SPDX-License-Identifier: Apache-2.0 */
/* A folder as a remote: of this machine, or of another one that is mounted here. */
#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/clock.h"
#include "base/fs.h"
#include "base/str.h"
#include "remote/kind.h"

#define FOLDER_TRY_NS   (20 * AS_NS_PER_MS)
/* A file of a program that was killed while it wrote: nobody writes on one for so long without a byte. */
#define FOLDER_STALE_NS (900 * AS_NS_PER_S)

typedef struct folder {
    char               root[AS_FS_PATH_BYTES];
    const atomic_bool *stop;
    as_ns              timeout;
} folder;

static const char *folder_path_of(const char *url)
{
    return as_str_starts(url, "file://") ? url + 7 : url;
}

static bool folder_takes(const char *url)
{
    return folder_path_of(url)[0] == '/';
}

static bool folder_check(const as_remote_cfg *cfg, as_err *err)
{
    if (cfg->endpoint[0] || cfg->region[0])
        return AS_FAIL(err, AS_EINVAL, "'%s' is a folder: --endpoint and --region are for buckets (s3://...)",
                       cfg->url);
    if (strspn(folder_path_of(cfg->url), "/") == strlen(folder_path_of(cfg->url)))
        return AS_FAIL(err, AS_EINVAL, "'%s' is the root of this machine: name a folder of its own", cfg->url);
    return true;
}

static bool folder_access(const as_remote_cfg *cfg, char *text, size_t n, as_err *err)
{
    (void)cfg, (void)err;
    as_str_copy(text, n, "");
    return true;
}

static void *folder_open(const as_remote_cfg *cfg, const atomic_bool *stop, as_err *err)
{
    folder *f = calloc(1, sizeof *f);
    if (!f) {
        AS_FAIL(err, AS_ENOMEM, "cannot open '%s': not enough memory", cfg->url);
        return NULL;
    }
    f->stop = stop;
    f->timeout = (as_ns)((cfg->timeout_s > 0 ? cfg->timeout_s : 30) * (double)AS_NS_PER_S);
    as_str_copy(f->root, sizeof f->root, folder_path_of(cfg->url));
    for (size_t n = strlen(f->root); n > 1 && f->root[n - 1] == '/'; n--)
        f->root[n - 1] = '\0';
    return f;
}

static void folder_close(void *self)
{
    free(self);
}

static bool folder_go_on(const folder *f, as_err *err)
{
    const as_progress progress = {.stop = f->stop};
    return as_progress_go_on(&progress, err);
}

static bool folder_path(const folder *f, const char *name, char *path, as_err *err)
{
    if (!as_remote_name_is_fine(name))
        return AS_FAIL(err, AS_EINVAL, "'%.100s' is no name in a remote", name);
    return folder_go_on(f, err) && as_fs_join(path, f->root, name, err);
}

/* The last folder of the path is made; those above it must be there: else a share that is not mounted would silently be a
 * folder of this machine. */
static bool folder_make_root(const folder *f, as_err *err)
{
    char above[AS_FS_PATH_BYTES];
    if (as_fs_is_dir(f->root))
        return true;
    as_str_copy(above, sizeof above, f->root);
    char *slash = strrchr(above, '/');
    slash[slash == above] = '\0';
    if (!as_fs_is_dir(above))
        return AS_FAIL(err, AS_EIO, "there is no folder '%s' to make '%s' in (is the share mounted?)", above, f->root);
    return as_fs_make_dirs(f->root, err) && as_fs_sync_dir(above, err);
}

static bool folder_make_parents(const folder *f, const char *path, as_err *err)
{
    char above[AS_FS_PATH_BYTES];
    as_str_copy(above, sizeof above, path);
    *strrchr(above, '/') = '\0';
    return as_fs_is_dir(above) || (folder_make_root(f, err) && as_fs_make_dirs(above, err));
}

typedef struct folder_look {
    const folder    *f;
    const char      *prefix;
    as_remote_visit *visit;
    void            *ctx;
    as_ns            now; /* by the clock of who keeps the folder */
} folder_look;

/* What desktops, file systems and storage boxes leave everywhere. */
static bool folder_is_nobodys(const char *relative)
{
    static const char *const begins[] = {".",          "lost+found/",   "desktop.ini",
                                         "Thumbs.db",  "#recycle/",     "@eaDir/",
                                         "#snapshot/", "$RECYCLE.BIN/", "System Volume Information/"};
    for (size_t i = 0; i < AS_COUNT(begins); i++)
        if (as_str_starts(relative, begins[i]))
            return true;
    return false;
}

static bool folder_look_at(void *ctx, const as_fs_entry *entry, as_err *err)
{
    folder_look *look = ctx;
    char         name[2 * AS_REF_BYTES];
    if (!folder_go_on(look->f, err))
        return false;
    if (entry->kind != AS_FS_FILE)
        return true;
    const bool fits = (size_t)snprintf(name, sizeof name, "%s%s", look->prefix, entry->relative) < sizeof name;
    if (*look->prefix ? !fits || !as_remote_name_is_fine(name) : folder_is_nobodys(entry->relative))
        return true;
    return look->visit(look->ctx, name, entry->bytes, err);
}

static bool folder_list(void *self, const char *prefix, as_remote_visit *visit, void *ctx, as_err *err)
{
    folder     *f = self;
    char        path[AS_FS_PATH_BYTES];
    folder_look look = {.f = f, .prefix = prefix, .visit = visit, .ctx = ctx};
    if (!as_fs_is_dir(f->root))
        return AS_FAIL(err, AS_EIO, "there is no folder '%s' (is the share mounted?)", f->root);
    if (!as_fs_join(path, f->root, prefix, err))
        return false;
    return !as_fs_is_dir(path) || as_fs_walk(path, folder_look_at, &look, err);
}

static bool folder_get(void *self, const char *name, size_t max_bytes, uint8_t **ret, size_t *ret_n, as_err *err)
{
    char path[AS_FS_PATH_BYTES];
    return folder_path(self, name, path, err) && as_fs_read(path, max_bytes, ret, ret_n, err);
}

static bool folder_read(int fd, uint8_t *bytes, size_t n, uint64_t offset, int *ret_errno)
{
    for (size_t done = 0; done < n;) {
        ssize_t got = pread(fd, bytes + done, n - done, (off_t)(offset + done));
        if (got < 0 && errno == EINTR)
            continue;
        *ret_errno = got < 0 ? errno : 0;
        if (got <= 0)
            return false;
        done += (size_t)got;
    }
    return true;
}

static bool folder_range(void *self, const char *name, uint64_t offset, size_t n, uint8_t **ret, as_err *err)
{
    char path[AS_FS_PATH_BYTES];
    if (!folder_path(self, name, path, err))
        return false;
    int fd = open(path, O_RDONLY | O_CLOEXEC | O_NONBLOCK | O_NOCTTY), e = 0;
    if (fd < 0)
        return as_err_errno(err, errno, "cannot read '%s'", path);
    uint8_t *bytes = malloc(n);
    bool     ok = bytes && folder_read(fd, bytes, n, offset, &e);
    close(fd);
    if (ok) {
        *ret = bytes;
        return true;
    }
    if (!bytes)
        AS_FAIL(err, AS_ENOMEM, "cannot read '%s': not enough memory for %zu bytes", path, n);
    else if (e)
        as_err_errno(err, e, "cannot read '%s'", path);
    else
        AS_FAIL(err, AS_ECORRUPT, "'%s' is cut short: it ends before byte %llu", path,
                (unsigned long long)(offset + n));
    free(bytes);
    return false;
}

static bool folder_put(void *self, const char *name, const void *bytes, size_t n, as_err *err)
{
    char path[AS_FS_PATH_BYTES];
    return folder_path(self, name, path, err) && folder_make_parents(self, path, err) &&
           as_fs_write(path, bytes, n, err);
}

static bool folder_clean_entry(void *ctx, const as_fs_entry *entry, as_err *err)
{
    const folder_look *look = ctx;
    if (entry->kind != AS_FS_FILE || !strstr(entry->relative, ".tmp.") || look->now - entry->mtime_ns < FOLDER_STALE_NS)
        return true;
    return as_fs_remove(entry->path, err);
}

/* What was being written by a program that was killed is part of no file, and would outlive an erasure. */
static bool folder_clean(const folder *f, const char *dir, as_err *err)
{
    struct stat st;
    folder_look look = {.f = f};
    /* Its own clock: something was just removed in it. */
    look.now = stat(dir, &st) == 0 ? (as_ns)st.st_mtim.tv_sec * AS_NS_PER_S + st.st_mtim.tv_nsec : 0;
    return as_fs_walk(dir, folder_clean_entry, &look, err);
}

static bool folder_remove(void *self, const char *name, as_err *err)
{
    char path[AS_FS_PATH_BYTES];
    if (!folder_path(self, name, path, err))
        return false;
    const bool was = as_fs_is_file(path);
    if (!as_fs_remove(path, err))
        return false;
    *strrchr(path, '/') = '\0';
    return !was || (as_fs_sync_dir(path, err) && (!as_str_ends(name, ".pack") || folder_clean(self, path, err)));
}

/* Held for the time of a read and a rename: others wait. */
static bool folder_lock(const folder *f, int *ret_fd, as_err *err)
{
    char        path[AS_FS_PATH_BYTES];
    as_err      why = AS_ERR_NONE;
    const as_ns deadline = as_clock_mono() + f->timeout;
    if (!as_fs_join(path, f->root, "lock", err) || !folder_make_root(f, err))
        return false;
    while (!as_fs_lock(path, ret_fd, &why)) {
        if (!folder_go_on(f, err))
            return false;
        if (why.code != AS_EBUSY || as_clock_mono() > deadline)
            return as_err_set(err, why.code, "%s", why.text);
        as_clock_sleep_until(as_clock_mono() + FOLDER_TRY_NS);
        why = (as_err)AS_ERR_NONE;
    }
    return true;
}

static bool folder_swap_locked(folder *f, const char *name, const char *expected, const char *value, bool *ret_swapped,
                               as_err *err)
{
    uint8_t *bytes = NULL;
    size_t   n = 0;
    as_err   why = AS_ERR_NONE;
    bool     is_there = folder_get(f, name, 2 * AS_REF_BYTES, &bytes, &n, &why);
    if (!is_there && why.code != AS_ENOTFOUND)
        return as_err_set(err, why.code, "%s", why.text);
    const bool same = is_there ? expected && n == strlen(expected) && memcmp(bytes, expected, n) == 0 : !expected;
    free(bytes);
    *ret_swapped = same;
    return !same || folder_put(f, name, value, strlen(value), err);
}

static bool folder_swap(void *self, const char *name, const char *expected, const char *value, bool *ret_swapped,
                        bool *ret_sure, as_err *err)
{
    folder *f = self;
    int     fd;
    if (!folder_lock(f, &fd, err))
        return as_err_note(err, "cannot move '%s' in '%s'", name, f->root);
    bool ok = folder_swap_locked(f, name, expected, value, ret_swapped, err);
    as_fs_unlock(fd);
    *ret_sure = true;
    return ok;
}

static uint64_t folder_n_again(void *self)
{
    (void)self;
    return 0;
}

const as_remote_kind as_remote_kind_folder = {
    .name = "folder",
    .about = "a folder (/path or file:///path)",
    .takes = folder_takes,
    .check = folder_check,
    .access = folder_access,
    .open = folder_open,
    .close = folder_close,
    .list = folder_list,
    .get = folder_get,
    .range = folder_range,
    .put = folder_put,
    .remove = folder_remove,
    .swap = folder_swap,
    .n_again = folder_n_again,
};
