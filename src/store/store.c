/* SPDX-License-Identifier: Apache-2.0 */
#include "store/store.h"

#include <ctype.h>
#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <pthread.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/fs.h"
#include "base/str.h"
#include "store/layout.h"

/* Above this many objects one syncfs costs less than a flush for each. */
#define STORE_MAX_PENDING 64
#define STORE_TMP_TRIES   1000

struct as_store {
    char            dir[AS_FS_PATH_BYTES]; /* with room for what is put behind it: see STORE_DIR_MAX */
    atomic_uint     n_tmp;
    pthread_mutex_t lock; /* over what follows */
    as_digest       pending[STORE_MAX_PENDING];
    size_t          n_pending; /* STORE_MAX_PENDING + 1: more than fit */
};

/* objects/tmp/PID.N and objects/ab/<62 digits> must fit behind it. */
#define STORE_DIR_MAX (AS_FS_PATH_BYTES - 96 - AS_REF_BYTES)

static void store_object_path(const as_store *store, const as_digest *digest, char *path)
{
    char hex[AS_SHA256_HEX_BYTES];
    as_digest_hex(digest, hex);
    snprintf(path, AS_FS_PATH_BYTES, "%.*s/objects/%.2s/%s", STORE_DIR_MAX, store->dir, hex, hex + 2);
}

const char *as_store_dir_of(const as_store *store)
{
    return store->dir;
}

as_store *as_store_open(const char *dir, as_err *err)
{
    char   path[AS_FS_PATH_BYTES];
    as_err why = AS_ERR_NONE;
    if (strlen(dir) > STORE_DIR_MAX) {
        AS_FAIL(err, AS_ELIMIT, "cannot open store '%.100s...': the path is too long", dir);
        return NULL;
    }
    as_store *store = calloc(1, sizeof *store);
    if (!store) {
        AS_FAIL(err, AS_ENOMEM, "cannot open store '%s': not enough memory", dir);
        return NULL;
    }
    pthread_mutex_init(&store->lock, NULL);
    as_str_copy(store->dir, sizeof store->dir, dir);
    static const char *const folders[] = {"objects/tmp", "refs"};
    for (size_t i = 0; i < AS_COUNT(folders); i++) {
        if (as_fs_join(path, dir, folders[i], &why) && (as_fs_is_dir(path) || as_fs_make_dirs(path, &why)))
            continue;
        /* What may only be read is still a store: put says what is wrong when it comes to that. */
        if (why.code == AS_EACCESS)
            continue;
        as_err_set(err, why.code, "cannot open store '%s': %s", dir, why.text);
        return as_store_close(store);
    }
    return store;
}

as_store *as_store_close(as_store *store)
{
    if (store)
        pthread_mutex_destroy(&store->lock);
    free(store);
    return NULL;
}

bool as_store_has(as_store *store, const as_digest *digest)
{
    char path[AS_FS_PATH_BYTES];
    store_object_path(store, digest, path);
    return access(path, F_OK) == 0;
}

static void store_add_pending(as_store *store, const as_digest *digest)
{
    pthread_mutex_lock(&store->lock);
    if (store->n_pending < STORE_MAX_PENDING)
        store->pending[store->n_pending] = *digest;
    if (store->n_pending <= STORE_MAX_PENDING)
        store->n_pending++;
    pthread_mutex_unlock(&store->lock);
}

static int store_write_all(int fd, const uint8_t *bytes, size_t n)
{
    while (n) {
        ssize_t done = write(fd, bytes, AS_MIN(n, (size_t)1 << 30));
        if (done < 0 && errno == EINTR)
            continue;
        if (done <= 0)
            return done < 0 ? errno : EIO;
        bytes += done;
        n -= (size_t)done;
    }
    return 0;
}

/* An own new file below objects/tmp; its name in path. */
static int store_open_tmp(as_store *store, char *path)
{
    for (int i = 0; i < STORE_TMP_TRIES; i++) {
        snprintf(path, AS_FS_PATH_BYTES, "%.*s/objects/tmp/%ld.%u", STORE_DIR_MAX, store->dir, (long)getpid(),
                 atomic_fetch_add(&store->n_tmp, 1));
        int fd = open(path, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0444);
        if (fd >= 0 || errno != EEXIST) /* a killed program may have had our process number */
            return fd;
    }
    return -1;
}

/* 0 or an errno value. */
static int store_move(const char *tmp, const char *path)
{
    if (rename(tmp, path) == 0)
        return 0;
    if (errno != ENOENT)
        return errno;
    char folder[AS_FS_PATH_BYTES];
    as_str_copy(folder, sizeof folder, path);
    *strrchr(folder, '/') = '\0';
    if (mkdir(folder, 0777) != 0 && errno != EEXIST)
        return errno;
    return rename(tmp, path) == 0 ? 0 : errno;
}

static bool store_write_object(as_store *store, const char *path, const void *bytes, size_t n, as_err *err)
{
    char tmp[AS_FS_PATH_BYTES];
    int  fd = store_open_tmp(store, tmp), e = errno;
    if (fd < 0 && e == ENOENT) { /* the folder was not there at open, or was removed since */
        *strrchr(tmp, '/') = '\0';
        if (!as_fs_make_dirs(tmp, err))
            return as_err_note(err, "cannot store an object in '%s'", store->dir);
        fd = store_open_tmp(store, tmp);
        e = errno;
    }
    if (fd < 0)
        return as_err_errno(err, e, "cannot store an object in '%s'", store->dir);
    e = store_write_all(fd, bytes, n);
    if (close(fd) != 0 && e == 0)
        e = errno;
    if (e == 0)
        e = store_move(tmp, path);
    if (e == 0)
        return true;
    unlink(tmp);
    return as_err_errno(err, e, "cannot store an object in '%s'", store->dir);
}

bool as_store_put(as_store *store, const void *bytes, size_t n, as_digest *ret, bool *ret_new, as_err *err)
{
    char        path[AS_FS_PATH_BYTES];
    struct stat st;
    if (n > AS_STORE_MAX_OBJECT_BYTES)
        return AS_FAIL(err, AS_ELIMIT, "cannot store %zu bytes as one object: at most %zu", n,
                       AS_STORE_MAX_OBJECT_BYTES);
    as_digest digest = as_sha256_of(bytes, n);
    store_object_path(store, &digest, path);
    /* A power cut may leave a name without its bytes: what has another length is written again. */
    bool is_known = stat(path, &st) == 0 && S_ISREG(st.st_mode) && (uint64_t)st.st_size == n;
    if (!is_known && !store_write_object(store, path, bytes, n, err))
        return false;
    /* A known one too: the program that wrote it may have been killed before its sync. */
    store_add_pending(store, &digest);
    *ret = digest;
    if (ret_new)
        *ret_new = !is_known;
    return true;
}

static bool store_sync_path(const char *path, bool whole_fs, as_err *err)
{
    int fd = open(path, O_RDONLY | O_CLOEXEC);
    if (fd < 0)
        return as_err_errno(err, errno, "cannot open '%s'", path);
    int e = (whole_fs ? syncfs(fd) : fsync(fd)) == 0 ? 0 : errno;
    close(fd);
    return e == 0 || as_err_errno(err, e, "cannot write '%s' to the disk", path);
}

static bool store_sync_each(as_store *store, const as_digest *digests, size_t n, as_err *err)
{
    char path[AS_FS_PATH_BYTES];
    bool seen[256] = {false};
    for (size_t i = 0; i < n; i++) {
        store_object_path(store, &digests[i], path);
        if (!store_sync_path(path, false, err))
            return false;
        if (seen[digests[i].b[0]])
            continue;
        seen[digests[i].b[0]] = true;
        *strrchr(path, '/') = '\0';
        if (!store_sync_path(path, false, err))
            return false;
    }
    snprintf(path, sizeof path, "%.*s/objects", STORE_DIR_MAX, store->dir);
    return store_sync_path(path, false, err);
}

bool as_store_sync(as_store *store, as_err *err)
{
    as_digest pending[STORE_MAX_PENDING];
    char      path[AS_FS_PATH_BYTES];
    pthread_mutex_lock(&store->lock);
    size_t n = store->n_pending;
    memcpy(pending, store->pending, sizeof pending[0] * AS_MIN(n, (size_t)STORE_MAX_PENDING));
    store->n_pending = 0;
    pthread_mutex_unlock(&store->lock);
    if (n == 0)
        return true;
    snprintf(path, sizeof path, "%.*s/objects", STORE_DIR_MAX, store->dir);
    bool ok = n > STORE_MAX_PENDING ? store_sync_path(path, true, err) : store_sync_each(store, pending, n, err);
    if (!ok) { /* the next sync has all of it to do again */
        pthread_mutex_lock(&store->lock);
        store->n_pending = STORE_MAX_PENDING + 1;
        pthread_mutex_unlock(&store->lock);
    }
    return ok;
}

bool as_store_get(as_store *store, const as_digest *digest, uint8_t **ret_bytes, size_t *ret_n, as_err *err)
{
    char     path[AS_FS_PATH_BYTES], hex[AS_SHA256_HEX_BYTES];
    uint8_t *bytes;
    size_t   n;
    as_err   why = AS_ERR_NONE;
    as_digest_hex(digest, hex);
    store_object_path(store, digest, path);
    if (!as_fs_read(path, AS_STORE_MAX_OBJECT_BYTES, &bytes, &n, &why)) {
        if (why.code == AS_ENOTFOUND)
            return AS_FAIL(err, AS_ENOTFOUND, "no object '%s' in the store", hex);
        if (why.code == AS_ELIMIT || why.code == AS_EINVAL)
            return AS_FAIL(err, AS_ECORRUPT, "object '%s' is damaged: %s", hex, why.text);
        return as_err_set(err, why.code, "cannot read object '%s': %s", hex, why.text);
    }
    as_digest real = as_sha256_of(bytes, n);
    if (!as_digest_equal(&real, digest)) {
        free(bytes);
        return AS_FAIL(err, AS_ECORRUPT, "object '%s' is damaged: its bytes do not have this hash", hex);
    }
    *ret_bytes = bytes;
    *ret_n = n;
    return true;
}

typedef struct store_matches {
    char   first[2][AS_SHA256_HEX_BYTES];
    size_t n;
} store_matches;

/* All objects whose name begins with the lower-case prefix (at least 2 digits). */
static bool store_match(as_store *store, const char *prefix, store_matches *ret, as_err *err)
{
    char path[AS_FS_PATH_BYTES];
    snprintf(path, sizeof path, "%.*s/objects/%.2s", STORE_DIR_MAX, store->dir, prefix);
    DIR *dir = opendir(path);
    if (!dir)
        return errno == ENOENT || as_err_errno(err, errno, "cannot read '%s'", path);
    for (const struct dirent *entry; (entry = readdir(dir));) {
        char      hex[AS_SHA256_HEX_BYTES];
        as_digest digest;
        if (strlen(entry->d_name) != AS_SHA256_HEX_BYTES - 3 || !as_str_starts(entry->d_name, prefix + 2))
            continue;
        snprintf(hex, sizeof hex, "%.2s%.62s", prefix, entry->d_name);
        if (!as_digest_parse(hex, &digest))
            continue;
        if (ret->n < AS_COUNT(ret->first))
            memcpy(ret->first[ret->n], hex, sizeof hex);
        ret->n++;
    }
    closedir(dir);
    return true;
}

bool as_store_find(as_store *store, const char *prefix, as_digest *ret, as_err *err)
{
    char          lower[AS_SHA256_HEX_BYTES];
    store_matches found = {.n = 0};
    size_t        n = strlen(prefix);
    if (n < 4 || n >= sizeof lower || strspn(prefix, "0123456789abcdefABCDEF") != n)
        return AS_FAIL(err, AS_EINVAL, "'%s' is not the beginning of a hash: give 4 to 64 hexadecimal digits", prefix);
    for (size_t i = 0; i <= n; i++)
        lower[i] = (char)tolower((unsigned char)prefix[i]);
    if (!store_match(store, lower, &found, err))
        return false;
    if (found.n == 0)
        return AS_FAIL(err, AS_ENOTFOUND, "no object begins with '%s'", prefix);
    if (found.n > 1)
        return AS_FAIL(err, AS_EINVAL, "%zu objects begin with '%s' (%.12s, %.12s, ...): give more digits", found.n,
                       prefix, found.first[0], found.first[1]);
    return as_digest_parse(found.first[0], ret);
}

/* No part is empty or begins with a dot: nothing leads out of refs/, and temporary names stay free. */
static bool store_ref_path(const as_store *store, const char *name, char *path, as_err *err)
{
    size_t n = strlen(name);
    bool   ok = n > 0 && n < AS_REF_BYTES && strspn(name, "abcdefghijklmnopqrstuvwxyz0123456789._-/") == n &&
              name[n - 1] != '/' && !strstr(name, "/.") && !strstr(name, "//") && !strstr(name, ".tmp.") &&
              name[0] != '/' && name[0] != '.';
    if (!ok)
        return AS_FAIL(err, AS_EINVAL, "'%s' is no name for a ref: use up to %d of a-z, 0-9, '.', '_', '-' and '/'",
                       name, AS_REF_BYTES - 1);
    snprintf(path, AS_FS_PATH_BYTES, "%.*s/refs/%.*s", STORE_DIR_MAX, store->dir, AS_REF_BYTES, name);
    return true;
}

static bool store_is_line(const char *value, size_t n)
{
    for (size_t i = 0; i < n; i++)
        if ((unsigned char)value[i] < 0x20 || value[i] == 0x7f)
            return false;
    return n > 0 && n < AS_REF_BYTES;
}

bool as_store_ref_get(as_store *store, const char *name, char value[AS_REF_BYTES], as_err *err)
{
    char     path[AS_FS_PATH_BYTES];
    uint8_t *bytes;
    size_t   n;
    as_err   why = AS_ERR_NONE;
    if (!store_ref_path(store, name, path, err))
        return false;
    if (!as_fs_read(path, AS_REF_BYTES, &bytes, &n, &why)) {
        if (why.code == AS_ENOTFOUND)
            return AS_FAIL(err, AS_ENOTFOUND, "no ref '%s' in the store", name);
        if (why.code == AS_ELIMIT)
            return AS_FAIL(err, AS_ECORRUPT, "ref '%s' is damaged: '%s' is longer than a ref", name, path);
        return as_err_set(err, why.code, "cannot read ref '%s': %s", name, why.text);
    }
    bool ok = n > 1 && bytes[n - 1] == '\n' && store_is_line((const char *)bytes, n - 1);
    if (ok) {
        memcpy(value, bytes, n - 1);
        value[n - 1] = '\0';
    }
    free(bytes);
    return ok || AS_FAIL(err, AS_ECORRUPT, "ref '%s' is damaged: '%s' is not one line", name, path);
}

/* A ref is durable only when the folders above it are. */
static bool store_make_ref_folder(const as_store *store, char *folder, as_err *err)
{
    if (as_fs_is_dir(folder))
        return true;
    if (!as_fs_make_dirs(folder, err))
        return false;
    size_t n_root = strlen(store->dir) + strlen("/refs");
    for (size_t n = strlen(folder); n > n_root; n = strlen(folder)) {
        char above[AS_FS_PATH_BYTES];
        as_str_copy(above, sizeof above, folder);
        *strrchr(above, '/') = '\0';
        if (!as_fs_sync_dir(above, err))
            return false;
        as_str_copy(folder, AS_FS_PATH_BYTES, above);
    }
    return true;
}

bool as_store_ref_set(as_store *store, const char *name, const char *value, as_err *err)
{
    char path[AS_FS_PATH_BYTES], folder[AS_FS_PATH_BYTES], line[AS_REF_BYTES + 1];
    if (!store_ref_path(store, name, path, err))
        return false;
    size_t n = strlen(value);
    if (!store_is_line(value, n))
        return AS_FAIL(err, AS_EINVAL, "cannot set ref '%s': its value must be one line of 1 to %d bytes", name,
                       AS_REF_BYTES - 1);
    memcpy(line, value, n);
    line[n++] = '\n';
    as_str_copy(folder, sizeof folder, path);
    *strrchr(folder, '/') = '\0';
    if (!store_make_ref_folder(store, folder, err) || !as_fs_write(path, line, n, err))
        return as_err_note(err, "cannot set ref '%s'", name);
    return true;
}
