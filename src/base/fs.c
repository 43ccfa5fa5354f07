/* SPDX-License-Identifier: Apache-2.0 */
#include "base/fs.h"

#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/file.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <sys/statvfs.h>
#include <unistd.h>

#include "base/str.h"

static int fs_open_mode(const char *path, int flags, mode_t mode)
{
    int fd;
    do
        fd = open(path, flags | O_CLOEXEC, mode);
    while (fd < 0 && errno == EINTR);
    return fd;
}

static int fs_open(const char *path, int flags)
{
    return fs_open_mode(path, flags, 0666);
}

/* Reads until the end: a file may grow meanwhile, and those of /proc say that they are empty. Sets errno; EFBIG past
 * max_bytes. */
static bool fs_read_all(int fd, size_t expected, size_t max_bytes, uint8_t **ret_bytes, size_t *ret_n)
{
    size_t   cap = AS_MIN(expected, max_bytes) + 1, n = 0;
    uint8_t *bytes = malloc(cap + 1);
    while (bytes) {
        ssize_t got = read(fd, bytes + n, cap - n);
        if (got < 0 && errno == EINTR)
            continue;
        if (got <= 0) {
            if (got < 0)
                break;
            bytes[n] = 0;
            *ret_bytes = bytes;
            *ret_n = n;
            return true;
        }
        n += (size_t)got;
        if (n > max_bytes) {
            errno = EFBIG;
            break;
        }
        if (n < cap)
            continue;
        cap = AS_MIN(AS_MAX(cap * 2, (size_t)4096), max_bytes + 1);
        uint8_t *grown = realloc(bytes, cap + 1);
        if (!grown)
            break;
        bytes = grown;
    }
    int e = errno;
    free(bytes);
    errno = e;
    return false;
}

/* A regular file of at most max_bytes. */
static bool fs_open_file(const char *path, size_t max_bytes, int *ret_fd, size_t *ret_n, as_err *err)
{
    struct stat st;
    int         fd = fs_open(path, O_RDONLY | O_NONBLOCK | O_NOCTTY); /* a pipe without a writer must not hold us */
    if (fd < 0)
        return as_err_errno(err, errno, "cannot read '%s'", path);
    bool ok = false;
    if (fstat(fd, &st) != 0)
        as_err_errno(err, errno, "cannot read '%s'", path);
    else if (!S_ISREG(st.st_mode))
        AS_FAIL(err, AS_EINVAL, "cannot read '%s': it is %s, not a file", path,
                S_ISDIR(st.st_mode) ? "a folder" : "a device or a pipe");
    else if ((uint64_t)st.st_size > max_bytes)
        AS_FAIL(err, AS_ELIMIT, "cannot read '%s': it has %" PRId64 " bytes, at most %zu are allowed", path,
                (int64_t)st.st_size, max_bytes);
    else
        ok = true;
    if (!ok) {
        close(fd);
        return false;
    }
    *ret_fd = fd;
    *ret_n = (size_t)st.st_size;
    return true;
}

bool as_fs_map(const char *path, size_t max_bytes, const uint8_t **ret_bytes, size_t *ret_n, as_err *err)
{
    int    fd;
    size_t n;
    if (!fs_open_file(path, AS_MIN(max_bytes, (size_t)PTRDIFF_MAX / 4), &fd, &n, err))
        return false;
    void     *bytes = n ? mmap(NULL, n, PROT_READ, MAP_PRIVATE, fd, 0) : MAP_FAILED;
    const int why = errno;
    close(fd);
    if (n == 0)
        return AS_FAIL(err, AS_EINVAL, "cannot map '%s': it is empty", path);
    if (bytes == MAP_FAILED)
        return as_err_errno(err, why, "cannot map '%s'", path);
    *ret_bytes = bytes;
    *ret_n = n;
    return true;
}

bool as_fs_read_pages(const char *path, size_t max_bytes, const uint8_t **ret_bytes, size_t *ret_n, as_err *err)
{
    int    fd;
    size_t n, have = 0;
    if (!fs_open_file(path, AS_MIN(max_bytes, (size_t)PTRDIFF_MAX / 4), &fd, &n, err))
        return false;
    uint8_t *bytes = n ? mmap(NULL, n, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0) : MAP_FAILED;
    ssize_t  got = 1;
    while (bytes != MAP_FAILED && have < n && got != 0) {
        got = read(fd, bytes + have, n - have);
        if (got < 0 && errno != EINTR)
            break;
        have += got > 0 ? (size_t)got : 0;
    }
    const int why = errno;
    close(fd);
    if (n == 0)
        return AS_FAIL(err, AS_EINVAL, "cannot read '%s': it is empty", path);
    if (bytes == MAP_FAILED)
        return AS_FAIL(err, AS_ENOMEM, "cannot read '%s': no memory for %zu bytes", path, n);
    if (have == n) {
        *ret_bytes = bytes;
        *ret_n = n;
        return true;
    }
    munmap(bytes, n);
    return got < 0 ? as_err_errno(err, why, "cannot read '%s'", path)
                   : AS_FAIL(err, AS_EIO, "cannot read '%s': it was cut short meanwhile", path);
}

void as_fs_unmap(const uint8_t *bytes, size_t n)
{
    if (bytes)
        munmap((void *)(uintptr_t)bytes, n);
}

bool as_fs_read(const char *path, size_t max_bytes, uint8_t **ret_bytes, size_t *ret_n, as_err *err)
{
    int    fd;
    size_t n;
    bool   ok = false;
    max_bytes = AS_MIN(max_bytes, (size_t)PTRDIFF_MAX / 4);
    if (!fs_open_file(path, max_bytes, &fd, &n, err))
        return false;
    if (fs_read_all(fd, n, max_bytes, ret_bytes, ret_n))
        ok = true;
    else if (errno == EFBIG)
        AS_FAIL(err, AS_ELIMIT, "cannot read '%s': it has more than the %zu bytes that are allowed", path, max_bytes);
    else
        as_err_errno(err, errno, "cannot read '%s'", path);
    close(fd);
    return ok;
}

static bool fs_write_all(int fd, const uint8_t *bytes, size_t n)
{
    while (n) {
        ssize_t put = write(fd, bytes, n);
        if (put < 0 && errno == EINTR)
            continue;
        if (put <= 0) {
            if (put == 0)
                errno = EIO;
            return false;
        }
        bytes += put;
        n -= (size_t)put;
    }
    return true;
}

/* Opens a new file beside path; *ret_name (heap) is its name. What an earlier process with our number left is stepped
 * over: it may belong to a living one in another container. Sets errno. */
static int fs_open_temporary(const char *path, mode_t mode, char **ret_name)
{
    static atomic_uint counter;
    for (int tries = 0; tries < 10000; tries++) {
        char *name = as_strdupf("%s.tmp.%ld.%u", path, (long)getpid(), atomic_fetch_add(&counter, 1));
        if (!name)
            break;
        int fd = fs_open_mode(name, O_WRONLY | O_CREAT | O_EXCL | O_NOFOLLOW, mode);
        if (fd >= 0) {
            *ret_name = name;
            return fd;
        }
        int e = errno;
        free(name);
        errno = e;
        if (e != EEXIST)
            return -1;
    }
    if (errno != EEXIST)
        errno = ENOMEM;
    return -1;
}

static bool fs_sync_parent(const char *path, as_err *err)
{
    const char *slash = strrchr(path, '/');
    if (!slash)
        return as_fs_sync_dir(".", err);
    char *dir = as_strdupf("%.*s", (int)AS_MAX(slash - path, 1), path);
    if (!dir)
        return AS_FAIL(err, AS_ENOMEM, "cannot write '%s': not enough memory", path);
    bool ok = as_fs_sync_dir(dir, err);
    free(dir);
    return ok;
}

/* A device, a pipe or a terminal is written into: replacing it by a file would take it from all who use it. */
static bool fs_is_stream(const char *path)
{
    struct stat st;
    return stat(path, &st) == 0 && (S_ISCHR(st.st_mode) || S_ISFIFO(st.st_mode) || S_ISBLK(st.st_mode));
}

static bool fs_write_stream(const char *path, const void *bytes, size_t n, as_err *err)
{
    int  fd = open(path, O_WRONLY | O_CLOEXEC | O_NOCTTY);
    bool ok = fd >= 0 && fs_write_all(fd, bytes, n);
    int  e = errno;
    if (fd >= 0)
        close(fd);
    return ok || as_err_errno(err, e, "cannot write '%s'", path);
}

static bool fs_write(const char *path, const void *bytes, size_t n, bool durable, mode_t mode, as_err *err)
{
    if (fs_is_stream(path))
        return fs_write_stream(path, bytes, n, err);
    char *name = NULL;
    int   fd = fs_open_temporary(path, mode, &name);
    if (fd < 0)
        return as_err_errno(err, errno, "cannot write '%s'", path);
    bool ok = fs_write_all(fd, bytes, n) && (!durable || fsync(fd) == 0);
    int  e = errno;
    if (close(fd) != 0 && ok && errno != EINTR) { /* a network file system may tell of a full disk only here */
        ok = false;
        e = errno;
    }
    if (ok && rename(name, path) != 0) {
        ok = false;
        e = errno;
    }
    if (!ok) {
        unlink(name);
        as_err_errno(err, e, "cannot write '%s'", path);
    }
    free(name);
    return ok && (!durable || fs_sync_parent(path, err));
}

bool as_fs_write(const char *path, const void *bytes, size_t n, as_err *err)
{
    return fs_write(path, bytes, n, true, 0666, err);
}

bool as_fs_write_fast(const char *path, const void *bytes, size_t n, as_err *err)
{
    return fs_write(path, bytes, n, false, 0666, err);
}

bool as_fs_write_secret(const char *path, const void *bytes, size_t n, as_err *err)
{
    return fs_write(path, bytes, n, true, 0600, err);
}

static bool fs_zero(int fd, uint64_t n)
{
    static uint8_t zeros[65536];
    for (uint64_t at = 0; at < n;) {
        ssize_t put = pwrite(fd, zeros, (size_t)AS_MIN(n - at, (uint64_t)sizeof zeros), (off_t)at);
        if (put < 0 && errno == EINTR)
            continue;
        if (put <= 0) {
            if (put == 0)
                errno = EIO;
            return false;
        }
        at += (uint64_t)put;
    }
    return fdatasync(fd) == 0;
}

/* A descriptor to overwrite the file by; -1 and *ret_is_none when it is not there, or is no file whose bytes are ours. */
static int fs_open_to_wipe(const char *path, uint64_t *ret_n, bool *ret_is_none)
{
    struct stat st;
    int         fd = fs_open(path, O_WRONLY | O_NOFOLLOW | O_NONBLOCK | O_NOCTTY);
    *ret_is_none = fd < 0 && (errno == ENOENT || errno == ELOOP);
    if (fd < 0)
        return -1;
    if (fstat(fd, &st) == 0 && S_ISREG(st.st_mode)) {
        *ret_n = (uint64_t)st.st_size;
        return fd;
    }
    *ret_is_none = true;
    close(fd);
    return -1;
}

bool as_fs_wipe(const char *path, as_err *err)
{
    uint64_t n = 0;
    bool     is_none;
    int      fd = fs_open_to_wipe(path, &n, &is_none);
    if (fd < 0 && !is_none)
        return as_err_errno(err, errno, "cannot overwrite '%s'", path);
    bool ok = fd < 0 || fs_zero(fd, n) || as_err_errno(err, errno, "cannot overwrite '%s'", path);
    if (fd >= 0)
        close(fd);
    return ok && as_fs_remove(path, err);
}

bool as_fs_write_over(const char *path, const void *bytes, size_t n, as_err *err)
{
    uint64_t n_old = 0;
    bool     is_none;
    int      fd = fs_open_to_wipe(path, &n_old, &is_none);
    if (fd < 0 && !is_none)
        return as_err_errno(err, errno, "cannot overwrite '%s'", path);
    bool ok = as_fs_write(path, bytes, n, err);
    if (ok && fd >= 0 && !fs_zero(fd, n_old))
        ok = as_err_errno(err, errno, "cannot overwrite what '%s' was", path);
    if (fd >= 0)
        close(fd);
    return ok;
}

bool as_fs_make_dirs(const char *path, as_err *err)
{
    char   buf[AS_FS_PATH_BYTES];
    as_err why = AS_ERR_NONE;
    if (!as_str_copy(buf, sizeof buf, path))
        return AS_FAIL(err, AS_ELIMIT, "the path is too long: '%.200s...'", path);
    if (!buf[0])
        return AS_FAIL(err, AS_EINVAL, "cannot make a folder without a name");
    for (char *at = buf; *at;) {
        at += strspn(at, "/");
        at += strcspn(at, "/");
        char old = *at;
        *at = '\0';
        if (mkdir(buf, 0777) == 0) {
            if (!fs_sync_parent(buf, &why) && why.code != AS_EACCESS) /* a folder that may be written and not listed */
                return as_err_set(err, why.code, "cannot make the folder '%s': %s", path, why.text);
        } else if (!as_fs_is_dir(buf)) {
            if (errno == EEXIST || errno == ENOTDIR)
                return AS_FAIL(err, AS_EEXIST, "cannot make the folder '%s': '%s' is there and is no folder", path,
                               buf);
            return as_err_errno(err, errno, "cannot make the folder '%s'", buf);
        }
        *at = old;
    }
    return true;
}

bool as_fs_remove(const char *path, as_err *err)
{
    if (unlink(path) == 0 || errno == ENOENT)
        return true;
    return as_err_errno(err, errno, "cannot remove '%s'", path);
}

bool as_fs_rename(const char *from, const char *to, as_err *err)
{
    if (rename(from, to) == 0)
        return true;
    return as_err_errno(err, errno, "cannot rename '%s' to '%s'", from, to);
}

bool as_fs_sync_dir(const char *path, as_err *err)
{
    int fd = fs_open(path, O_RDONLY | O_DIRECTORY);
    if (fd < 0)
        return as_err_errno(err, errno, "cannot write the folder '%s'", path);
    bool ok = fsync(fd) == 0 || errno == EINVAL; /* some file systems cannot sync a folder, and need not */
    if (!ok)
        as_err_errno(err, errno, "cannot write the folder '%s'", path);
    close(fd);
    return ok;
}

bool as_fs_is_dir(const char *path)
{
    struct stat st;
    int         e = errno;
    bool        is = stat(path, &st) == 0 && S_ISDIR(st.st_mode);
    errno = e;
    return is;
}

bool as_fs_is_file(const char *path)
{
    struct stat st;
    return stat(path, &st) == 0 && S_ISREG(st.st_mode);
}

bool as_fs_free_bytes(const char *path, uint64_t *ret_bytes, as_err *err)
{
    struct statvfs st;
    if (statvfs(path, &st) != 0)
        return as_err_errno(err, errno, "cannot see how much room is left at '%s'", path);
    *ret_bytes = (uint64_t)st.f_bavail * st.f_frsize;
    return true;
}

bool as_fs_join(char *buf, const char *dir, const char *name, as_err *err)
{
    size_t      n_dir = strlen(dir);
    const char *between = n_dir == 0 || dir[n_dir - 1] == '/' ? "" : "/";
    if (name[0] == '/')
        dir = between = "";
    int n = snprintf(buf, AS_FS_PATH_BYTES, "%s%s%s", dir, between, name);
    if (n < 0 || n >= AS_FS_PATH_BYTES)
        return AS_FAIL(err, AS_ELIMIT, "the path is too long: '%.200s/%.200s...'", dir, name);
    return true;
}

/* Who holds the lock, as it says in the file; 0 when it says nothing (yet). */
static long fs_lock_holder(int fd)
{
    char    text[32];
    ssize_t n = pread(fd, text, sizeof text - 1, 0);
    if (n <= 0)
        return 0;
    text[n] = '\0';
    return strtol(text, NULL, 10);
}

bool as_fs_lock(const char *path, int *ret_fd, as_err *err)
{
    int fd = fs_open(path, O_RDWR | O_CREAT | O_NOFOLLOW), r;
    if (fd < 0)
        return as_err_errno(err, errno, "cannot lock '%s'", path);
    do
        r = flock(fd, LOCK_EX | LOCK_NB);
    while (r != 0 && errno == EINTR);
    if (r != 0) {
        long holder = fs_lock_holder(fd);
        if (errno != EWOULDBLOCK)
            as_err_errno(err, errno, "cannot lock '%s'", path);
        else if (holder > 0)
            AS_FAIL(err, AS_EBUSY, "'%s' is locked by process %ld (wait for it to end, or stop it)", path, holder);
        else
            AS_FAIL(err, AS_EBUSY, "'%s' is locked by another process (wait for it to end, or stop it)", path);
        close(fd);
        return false;
    }
    /* The number is for the message above only: on a full disk the lock holds all the same. */
    char text[32];
    int  n = snprintf(text, sizeof text, "%ld\n", (long)getpid());
    if (n > 0 && pwrite(fd, text, (size_t)n, 0) == n)
        r = ftruncate(fd, n);
    *ret_fd = fd;
    return true;
}

void as_fs_unlock(int fd)
{
    if (fd < 0)
        return;
    flock(fd, LOCK_UN); /* a child made by fork may still have the file open */
    close(fd);
}
