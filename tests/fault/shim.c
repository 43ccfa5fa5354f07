/* SPDX-License-Identifier: Apache-2.0 */
/* See plan.h. System calls are made as such, so that nothing here runs through itself. */
/* Both names of each call are made here: open and open64. */
#undef _FILE_OFFSET_BITS
#undef _FORTIFY_SOURCE
#include <dlfcn.h>
#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <pthread.h>
#include <signal.h>
#include <stdarg.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/uio.h>
#include <unistd.h>

#include "plan.h"

#define SHIM      __attribute__((visibility("default")))
#define MAX_FILES 4096

static fault_plan     *plan;
static atomic_bool     is_main;               /* main() has begun: what libraries do before is not the program's */
static atomic_uchar    is_written[MAX_FILES]; /* opened to be written */
static pthread_mutex_t log_lock = PTHREAD_MUTEX_INITIALIZER;
static int             log_fd = -1;

/* --- the call that goes wrong */

static _Noreturn void shim_die(void)
{
    syscall(SYS_kill, getpid(), SIGKILL);
    for (;;)
        pause();
}

static void shim_note(const char *what)
{
    atomic_fetch_add(&plan->n_hit, 1);
    for (size_t i = 0; i + 1 < sizeof plan->what && (plan->what[i] = what[i]); i++)
        ;
}

static bool shim_is_hit(uint64_t n)
{
    const uint64_t at = atomic_load(&plan->at);
    return n >= at && n - at < atomic_load(&plan->n_times);
}

typedef enum shim_answer { SHIM_GO_ON, SHIM_FAIL, SHIM_HALF } shim_answer;

/* Before a call. HALF: do half of it, and die. */
static shim_answer shim_before(const char *what, bool changes)
{
    if (!plan || !atomic_load(&is_main) || (!changes && !atomic_load(&plan->with_reads)))
        return SHIM_GO_ON;
    const uint64_t n = atomic_fetch_add(&plan->n_calls, 1) + 1;
    const unsigned mode = atomic_load(&plan->mode);
    if (mode == FAULT_COUNT || mode == FAULT_RECORD || mode == FAULT_NO_MEMORY || !shim_is_hit(n))
        return SHIM_GO_ON;
    shim_note(what);
    if (mode == FAULT_KILL)
        shim_die();
    if (mode == FAULT_KILL_MIDDLE)
        return SHIM_HALF;
    errno = atomic_load(&plan->error);
    return SHIM_FAIL;
}

static bool shim_has_file(int fd)
{
    return fd >= 0 && fd < MAX_FILES && atomic_load(&is_written[fd]);
}

/* --- the record */

static bool shim_records(void)
{
    return plan && log_fd >= 0 && atomic_load(&is_main);
}

static void shim_put(const void *bytes, size_t n)
{
    const uint8_t *at = bytes;
    while (n) {
        long done = syscall(SYS_write, log_fd, at, n);
        if (done <= 0)
            shim_die();
        at += done;
        n -= (size_t)done;
    }
}

static bool shim_absolute(int dir_fd, const char *path, char *ret)
{
    char link[64];
    if (path[0] == '/')
        return snprintf(ret, PATH_MAX, "%s", path) < PATH_MAX;
    if (dir_fd == AT_FDCWD)
        snprintf(link, sizeof link, "/proc/self/cwd");
    else
        snprintf(link, sizeof link, "/proc/self/fd/%d", dir_fd);
    long n = syscall(SYS_readlinkat, AT_FDCWD, link, ret, PATH_MAX - 1);
    if (n <= 0 || (size_t)n + strlen(path) + 2 > PATH_MAX)
        return false;
    ret[n] = '\0';
    if (strcmp(path, ".") == 0)
        return true;
    ret[n] = '/';
    memcpy(ret + n + 1, path, strlen(path) + 1);
    return true;
}

static void shim_log(fault_entry entry, const char *path, const char *other, const struct iovec *parts, int n_parts)
{
    const size_t n_root = strlen(plan->root);
    if (path && (strncmp(path, plan->root, n_root) != 0 || (path[n_root] != '/' && path[n_root] != '\0'))) {
        if (entry.op != FAULT_OP_OPEN)
            return;
        entry.value = 0; /* the descriptor is none of ours any more */
        path = plan->root;
    }
    path = path && path[n_root] ? path + n_root + 1 : "";
    other = other && strncmp(other, plan->root, n_root) == 0 ? other + n_root + 1 : "";
    entry.n_path = (uint32_t)strlen(path);
    entry.n_other = (uint32_t)strlen(other);
    shim_put(&entry, sizeof entry);
    shim_put(path, entry.n_path);
    shim_put(other, entry.n_other);
    uint64_t left = entry.n_bytes;
    for (int i = 0; i < n_parts && left; i++) {
        size_t n = parts[i].iov_len < left ? parts[i].iov_len : (size_t)left;
        shim_put(parts[i].iov_base, n);
        left -= n;
    }
}

/* The call itself; what it did is written down in the order in which it was done. */
#define SHIM_DO(result, call, ...)           \
    do {                                     \
        const bool records = shim_records(); \
        if (records)                         \
            pthread_mutex_lock(&log_lock);   \
        result = call;                       \
        int saved = errno;                   \
        if (records && (result) >= 0) {      \
            __VA_ARGS__;                     \
        }                                    \
        if (records)                         \
            pthread_mutex_unlock(&log_lock); \
        errno = saved;                       \
    } while (0)

/* --- begin */

static int (*real_main)(int, char **, char **);

static void shim_load(void)
{
    const char *path = getenv(FAULT_PLAN_ENV);
    int         fd = path ? (int)syscall(SYS_openat, AT_FDCWD, path, O_RDWR | O_CLOEXEC, 0) : -1;
    if (fd < 0)
        return;
    void *map = mmap(NULL, sizeof *plan, PROT_READ | PROT_WRITE, MAP_SHARED, fd, 0);
    syscall(SYS_close, fd);
    plan = map == MAP_FAILED ? NULL : map;
    if (plan && atomic_load(&plan->mode) == FAULT_RECORD) {
        fault_entry start = {.op = FAULT_OP_START};
        log_fd = (int)syscall(SYS_openat, AT_FDCWD, plan->log, O_WRONLY | O_APPEND | O_CREAT | O_CLOEXEC, 0600);
        shim_log(start, NULL, NULL, NULL, 0);
    }
}

static int shim_main(int argc, char **argv, char **envp)
{
    shim_load();
    atomic_store(&is_main, true);
    return real_main(argc, argv, envp);
}

SHIM int __libc_start_main(int (*main)(int, char **, char **), int argc, char **argv, void (*init)(void),
                           void (*fini)(void), void (*rtld_fini)(void), void   *stack_end);
SHIM int __libc_start_main(int (*main)(int, char **, char **), int argc, char **argv, void (*init)(void),
                           void (*fini)(void), void (*rtld_fini)(void), void   *stack_end)
{
    typedef int (*start)(int (*)(int, char **, char **), int, char **, void (*)(void), void (*)(void), void (*)(void),
                         void *);
    start real;
    *(void **)&real = dlsym(RTLD_NEXT, "__libc_start_main");
    real_main = main;
    return real(shim_main, argc, argv, init, fini, rtld_fini, stack_end);
}

/* --- files are opened */

static int shim_open(int dir_fd, const char *path, int flags, unsigned mode)
{
    char       full[PATH_MAX];
    const bool writes = (flags & O_ACCMODE) != O_RDONLY;
    int        fd;
    switch (shim_before("open", (flags & (O_CREAT | O_TRUNC)) != 0)) {
    case SHIM_FAIL: return -1;
    case SHIM_HALF: shim_die();
    default: break;
    }
    SHIM_DO(fd, (int)syscall(SYS_openat, dir_fd, path, flags, mode), {
        fault_entry entry = {.op = FAULT_OP_OPEN, .fd = (uint32_t)fd, .value = (uint64_t)flags};
        if (shim_absolute(dir_fd, path, full))
            shim_log(entry, full, NULL, NULL, 0);
    });
    if (fd >= 0 && fd < MAX_FILES)
        atomic_store(&is_written[fd], writes);
    return fd;
}

#define SHIM_OPEN(name)                                                             \
    SHIM int name(const char *path, int flags, ...);                                \
    SHIM int name(const char *path, int flags, ...)                                 \
    {                                                                               \
        va_list args;                                                               \
        va_start(args, flags);                                                      \
        unsigned mode = flags & (O_CREAT | O_TMPFILE) ? va_arg(args, unsigned) : 0; \
        va_end(args);                                                               \
        return shim_open(AT_FDCWD, path, flags, mode);                              \
    }
SHIM_OPEN(open)
SHIM_OPEN(open64)

#define SHIM_OPENAT(name)                                                           \
    SHIM int name(int dir_fd, const char *path, int flags, ...);                    \
    SHIM int name(int dir_fd, const char *path, int flags, ...)                     \
    {                                                                               \
        va_list args;                                                               \
        va_start(args, flags);                                                      \
        unsigned mode = flags & (O_CREAT | O_TMPFILE) ? va_arg(args, unsigned) : 0; \
        va_end(args);                                                               \
        return shim_open(dir_fd, path, flags, mode);                                \
    }
SHIM_OPENAT(openat)
SHIM_OPENAT(openat64)

SHIM int __open_2(const char *path, int flags);
SHIM int __open_2(const char *path, int flags)
{
    return shim_open(AT_FDCWD, path, flags, 0);
}
SHIM int __open64_2(const char *path, int flags);
SHIM int __open64_2(const char *path, int flags)
{
    return shim_open(AT_FDCWD, path, flags, 0);
}

SHIM int close(int fd)
{
    if (fd >= 0 && fd < MAX_FILES)
        atomic_store(&is_written[fd], 0);
    return (int)syscall(SYS_close, fd);
}

/* --- written */

/* At the file's own place where offset is -1. */
static ssize_t shim_write_at(int fd, const struct iovec *parts, int n_parts, off_t offset)
{
    ssize_t done;
    if (shim_records() && shim_has_file(fd)) {
        pthread_mutex_lock(&log_lock);
        off_t at = offset >= 0 ? offset : (off_t)syscall(SYS_lseek, fd, 0, SEEK_CUR);
        done =
            offset >= 0 ? syscall(SYS_pwritev, fd, parts, n_parts, offset, 0) : syscall(SYS_writev, fd, parts, n_parts);
        int saved = errno;
        if (done > 0) {
            fault_entry entry = {
                .op = FAULT_OP_WRITE, .fd = (uint32_t)fd, .offset = (uint64_t)at, .n_bytes = (uint64_t)done};
            shim_log(entry, NULL, NULL, parts, n_parts);
        }
        pthread_mutex_unlock(&log_lock);
        errno = saved;
        return done;
    }
    if (shim_records() && fd == 1) {
        fault_entry say = {.op = FAULT_OP_SAY};
        for (int i = 0; i < n_parts; i++)
            say.n_bytes += parts[i].iov_len;
        pthread_mutex_lock(&log_lock);
        shim_log(say, NULL, NULL, parts, n_parts);
        pthread_mutex_unlock(&log_lock);
    }
    return offset >= 0 ? syscall(SYS_pwritev, fd, parts, n_parts, offset, 0) : syscall(SYS_writev, fd, parts, n_parts);
}

/* A kill cannot come between the bytes that go to one page of a file: up to which of them half a write gets. */
static size_t shim_half(int fd, size_t n, off_t offset)
{
    off_t at = offset >= 0 ? offset : (off_t)syscall(SYS_lseek, fd, 0, SEEK_CUR);
    off_t page = (at + (off_t)n / 2) / 4096 * 4096;
    return page > at ? (size_t)(page - at) : at % 4096 + (off_t)n > 4096 ? 4096 - (size_t)(at % 4096) : n;
}

static _Noreturn void shim_write_half(int fd, const struct iovec *parts, int n_parts, off_t offset)
{
    struct iovec half[64];
    size_t       left = 0;
    int          n = 0;
    for (int i = 0; i < n_parts; i++)
        left += parts[i].iov_len;
    left = shim_half(fd, left, offset);
    for (; left && n < 64 && n < n_parts; n++) {
        half[n] = parts[n];
        if (half[n].iov_len > left)
            half[n].iov_len = left;
        left -= half[n].iov_len;
    }
    shim_write_at(fd, half, n, offset);
    shim_die();
}

static ssize_t shim_write(const char *what, int fd, const struct iovec *parts, int n_parts, off_t offset)
{
    if (shim_has_file(fd)) {
        switch (shim_before(what, true)) {
        case SHIM_FAIL: return -1;
        case SHIM_HALF: shim_write_half(fd, parts, n_parts, offset);
        default: break;
        }
    }
    return shim_write_at(fd, parts, n_parts, offset);
}

SHIM ssize_t write(int fd, const void *bytes, size_t n)
{
    struct iovec part = {(void *)(uintptr_t)bytes, n};
    return shim_write("write", fd, &part, 1, -1);
}

SHIM ssize_t pwrite(int fd, const void *bytes, size_t n, off_t offset)
{
    struct iovec part = {(void *)(uintptr_t)bytes, n};
    return shim_write("pwrite", fd, &part, 1, offset);
}

SHIM ssize_t pwrite64(int fd, const void *bytes, size_t n, off64_t offset)
{
    return pwrite(fd, bytes, n, offset);
}

SHIM ssize_t writev(int fd, const struct iovec *parts, int n)
{
    return shim_write("writev", fd, parts, n, -1);
}

SHIM ssize_t pwritev(int fd, const struct iovec *parts, int n, off_t offset)
{
    return shim_write("pwritev", fd, parts, n, offset);
}

SHIM ssize_t pwritev64(int fd, const struct iovec *parts, int n, off64_t offset)
{
    return pwritev(fd, parts, n, offset);
}

/* What stdio writes does not come through the above. */

/* --- changed otherwise: `before` runs, then the call, then what is written down */

#define SHIM_CALL(what, changes)          \
    switch (shim_before(what, changes)) { \
    case SHIM_FAIL: return -1;            \
    case SHIM_HALF: shim_die();           \
    default: break;                       \
    }

static int shim_sync(const char *what, long number, int fd)
{
    int result;
    SHIM_CALL(what, true)
    SHIM_DO(result, (int)syscall(number, fd), {
        fault_entry entry = {.op = FAULT_OP_SYNC, .fd = (uint32_t)fd};
        shim_log(entry, NULL, NULL, NULL, 0);
    });
    return result;
}

SHIM int fsync(int fd)
{
    return shim_sync("fsync", SYS_fsync, fd);
}

SHIM int fdatasync(int fd)
{
    return shim_sync("fdatasync", SYS_fdatasync, fd);
}

SHIM int ftruncate(int fd, off_t size)
{
    int result;
    SHIM_CALL("ftruncate", true)
    SHIM_DO(result, (int)syscall(SYS_ftruncate, fd, size), {
        fault_entry entry = {.op = FAULT_OP_TRUNCATE, .fd = (uint32_t)fd, .offset = (uint64_t)size};
        shim_log(entry, NULL, NULL, NULL, 0);
    });
    return result;
}

SHIM int ftruncate64(int fd, off64_t size)
{
    return ftruncate(fd, size);
}

SHIM int fallocate(int fd, int mode, off_t offset, off_t n)
{
    int result;
    SHIM_CALL("fallocate", true)
    SHIM_DO(result, (int)syscall(SYS_fallocate, fd, mode, offset, n), {
        fault_entry entry = {.op = FAULT_OP_ZERO, .fd = (uint32_t)fd, .offset = (uint64_t)offset, .value = (uint64_t)n};
        if (mode & FALLOC_FL_PUNCH_HOLE)
            shim_log(entry, NULL, NULL, NULL, 0);
    });
    return result;
}

SHIM int fallocate64(int fd, int mode, off64_t offset, off64_t n)
{
    return fallocate(fd, mode, offset, n);
}

SHIM int posix_fallocate(int fd, off_t offset, off_t n)
{
    int saved = errno;
    int e = fallocate(fd, 0, offset, n) == 0 ? 0 : errno;
    errno = saved;
    return e;
}

SHIM int posix_fallocate64(int fd, off64_t offset, off64_t n)
{
    return posix_fallocate(fd, offset, n);
}

static int shim_rename(int from_fd, const char *from, int to_fd, const char *to, unsigned flags)
{
    char full[PATH_MAX], other[PATH_MAX];
    int  result;
    SHIM_CALL("rename", true)
    SHIM_DO(result, (int)syscall(SYS_renameat2, from_fd, from, to_fd, to, flags), {
        fault_entry entry = {.op = FAULT_OP_RENAME};
        if (shim_absolute(from_fd, from, full) && shim_absolute(to_fd, to, other))
            shim_log(entry, full, other, NULL, 0);
    });
    return result;
}

SHIM int rename(const char *from, const char *to)
{
    return shim_rename(AT_FDCWD, from, AT_FDCWD, to, 0);
}

SHIM int renameat(int from_fd, const char *from, int to_fd, const char *to)
{
    return shim_rename(from_fd, from, to_fd, to, 0);
}

SHIM int renameat2(int from_fd, const char *from, int to_fd, const char *to, unsigned flags)
{
    return shim_rename(from_fd, from, to_fd, to, flags);
}

static int shim_unlink(int dir_fd, const char *path, int flags)
{
    char full[PATH_MAX];
    int  result;
    SHIM_CALL("unlink", true)
    SHIM_DO(result, (int)syscall(SYS_unlinkat, dir_fd, path, flags), {
        fault_entry entry = {.op = flags & AT_REMOVEDIR ? FAULT_OP_RMDIR : FAULT_OP_UNLINK};
        if (shim_absolute(dir_fd, path, full))
            shim_log(entry, full, NULL, NULL, 0);
    });
    return result;
}

SHIM int unlink(const char *path)
{
    return shim_unlink(AT_FDCWD, path, 0);
}

SHIM int unlinkat(int dir_fd, const char *path, int flags)
{
    return shim_unlink(dir_fd, path, flags);
}

SHIM int rmdir(const char *path)
{
    return shim_unlink(AT_FDCWD, path, AT_REMOVEDIR);
}

SHIM int mkdir(const char *path, mode_t mode)
{
    char full[PATH_MAX];
    int  result;
    SHIM_CALL("mkdir", true)
    SHIM_DO(result, (int)syscall(SYS_mkdirat, AT_FDCWD, path, mode), {
        fault_entry entry = {.op = FAULT_OP_MKDIR};
        if (shim_absolute(AT_FDCWD, path, full))
            shim_log(entry, full, NULL, NULL, 0);
    });
    return result;
}

/* --- read */

SHIM ssize_t read(int fd, void *bytes, size_t n)
{
    if (fd > 2)
        SHIM_CALL("read", false)
    return syscall(SYS_read, fd, bytes, n);
}

SHIM ssize_t pread(int fd, void *bytes, size_t n, off_t offset)
{
    SHIM_CALL("pread", false)
    return syscall(SYS_pread64, fd, bytes, n, offset);
}

SHIM ssize_t pread64(int fd, void *bytes, size_t n, off64_t offset)
{
    return pread(fd, bytes, n, offset);
}

/* --- memory */

extern void *__libc_malloc(size_t n);
extern void *__libc_calloc(size_t n, size_t size);
extern void *__libc_realloc(void *p, size_t n);
extern void *__libc_memalign(size_t align, size_t n);

static bool shim_has_memory(void)
{
    if (!plan || !atomic_load(&is_main))
        return true;
    const uint64_t n = atomic_fetch_add(&plan->n_allocs, 1) + 1;
    if (atomic_load(&plan->mode) != FAULT_NO_MEMORY || !shim_is_hit(n))
        return true;
    shim_note("malloc");
    errno = ENOMEM;
    return false;
}

SHIM void *malloc(size_t n)
{
    return shim_has_memory() ? __libc_malloc(n) : NULL;
}

SHIM void *calloc(size_t n, size_t size)
{
    return shim_has_memory() ? __libc_calloc(n, size) : NULL;
}

SHIM void *realloc(void *p, size_t n)
{
    return n == 0 || shim_has_memory() ? __libc_realloc(p, n) : NULL;
}

SHIM void *aligned_alloc(size_t align, size_t n)
{
    return shim_has_memory() ? __libc_memalign(align, n) : NULL;
}

SHIM int posix_memalign(void **ret, size_t align, size_t n)
{
    void *p = shim_has_memory() ? __libc_memalign(align, n) : NULL;
    if (!p)
        return ENOMEM;
    *ret = p;
    return 0;
}
