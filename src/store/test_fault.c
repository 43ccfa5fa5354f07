/* SPDX-License-Identifier: Apache-2.0 */
#include "store/test_fault.h"

#include <dirent.h>
#include <fcntl.h>
#include <sched.h>
#include <signal.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/mount.h>
#include <sys/prctl.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include "base/clock.h"
#include "base/fs.h"
#include "store/append.h"

#define STATUS_CANNOT_MOUNT 77

_Noreturn void support_fail(const char *file, int line, const char *text)
{
    fprintf(stderr, "%s:%d: failed: %s\n", file, line, text);
    fflush(stderr);
    _exit(1);
}

const char *support_temp_dir(const char *name)
{
    static char path[256];
    const char *base = getenv("TMPDIR");
    snprintf(path, sizeof path, "%s/assay-%s-XXXXXX", base && *base ? base : "/tmp", name);
    return mkdtemp(path);
}

void support_remove_dir(const char *dir)
{
    as_err err = AS_ERR_NONE;
    if (!as_fs_remove_tree(dir, &err))
        fprintf(stderr, "%s\n", err.text);
}

typedef struct support_object {
    const as_digest *digest;
    as_pack_id       id;
    as_pack_record   record;
    bool             found;
} support_object;

static bool support_visit(void *ctx, const as_pack_record *record)
{
    support_object *object = ctx;
    if (record->kind == AS_PACK_OBJECT && as_digest_equal(&record->digest, object->digest)) {
        object->record = *record;
        object->found = true;
    }
    return true;
}

/* A descriptor of the newest pack that has it. */
static int support_find(const char *dir, support_object *object, char *path)
{
    char     folder[AS_FS_PATH_BYTES];
    uint64_t last = 0, number;
    snprintf(folder, sizeof folder, "%.*s/.assay/objects/packs", AS_STORE_DIR_MAX, dir);
    if (!as_fs_is_dir(folder))
        snprintf(folder, sizeof folder, "%.*s/objects/packs", AS_STORE_DIR_MAX, dir);
    DIR *stream = opendir(folder);
    SUPPORT_CHECK(stream);
    for (const struct dirent *entry; (entry = readdir(stream));)
        if (as_pack_name_parse(entry->d_name, ".pack", &number))
            last = AS_MAX(last, number);
    closedir(stream);
    for (number = last; number > 0; number--) {
        uint8_t      head[AS_PACK_HEAD_BYTES];
        size_t       n = 0;
        bool         whole;
        as_pack_span span;
        int          fd = open(as_pack_path(folder, number, ".pack", path), O_RDWR | O_CLOEXEC);
        if (fd >= 0 && as_pack_read(fd, head, sizeof head, 0, &n) == 0 && n == sizeof head &&
            as_pack_head_parse(head, number, &object->id, &whole, NULL) &&
            as_pack_scan(fd, &object->id, AS_PACK_HEAD_BYTES, support_visit, object, &span, NULL) && object->found)
            return fd;
        if (fd >= 0)
            close(fd);
    }
    support_fail(__FILE__, __LINE__, "no such object");
}

uint64_t support_find_object(const char *dir, const as_digest *digest, char *path)
{
    support_object object = {.digest = digest};
    close(support_find(dir, &object, path));
    return object.record.offset;
}

void support_flip(const char *path, uint64_t offset)
{
    uint8_t byte;
    int     fd = open(path, O_RDWR | O_CLOEXEC);
    SUPPORT_CHECK(fd >= 0 && pread(fd, &byte, 1, (off_t)offset) == 1);
    byte ^= 4;
    SUPPORT_CHECK(pwrite(fd, &byte, 1, (off_t)offset) == 1);
    close(fd);
}

void support_flip_object(const char *dir, const as_digest *digest, size_t at)
{
    char path[AS_FS_PATH_BYTES];
    support_flip(path, support_find_object(dir, digest, path) + 64 + at);
}

void support_lose_object(const char *dir, const as_digest *digest)
{
    char           path[AS_FS_PATH_BYTES];
    support_object object = {.digest = digest};
    int            fd = support_find(dir, &object, path);
    SUPPORT_CHECK(as_pack_rewrite(fd, &object.id, &object.record, AS_PACK_VOID, 0) == 0);
    close(fd);
}

void support_forge_object(as_store *store, const as_digest *digest)
{
    bool           is_new;
    as_pack_record record = {.kind = AS_PACK_OBJECT, .n_bytes = 1, .digest = *digest};
    SUPPORT_CHECK(as_store_begin(store, NULL) && as_store_append(store, &record, "x", NULL, &is_new, NULL) && is_new);
}

static bool mount_own(const char *dir, size_t bytes)
{
    char options[64];
    snprintf(options, sizeof options, "size=%zu,mode=0755", bytes);
    return unshare(CLONE_NEWNS) == 0 && mount(NULL, "/", NULL, MS_REC | MS_PRIVATE, NULL) == 0 &&
           mount("tmpfs", dir, "tmpfs", 0, options) == 0;
}

int support_on_disk(const char *dir, size_t bytes, void (*fn)(void *ctx), void *ctx)
{
    int status;
    fflush(NULL);
    pid_t pid = fork();
    if (pid < 0)
        return -1;
    if (pid == 0) {
        if (!mount_own(dir, bytes))
            _exit(STATUS_CANNOT_MOUNT);
        fn(ctx);
        _exit(0);
    }
    if (waitpid(pid, &status, 0) != pid || !WIFEXITED(status))
        return 1;
    return WEXITSTATUS(status) == STATUS_CANNOT_MOUNT ? -1 : WEXITSTATUS(status);
}

bool support_make_read_only(const char *dir)
{
    return mount("tmpfs", dir, "tmpfs", MS_REMOUNT | MS_RDONLY, NULL) == 0;
}

void support_fill_disk(const char *dir)
{
    char path[512], block[512];
    snprintf(path, sizeof path, "%s/filler", dir);
    memset(block, 'x', sizeof block);
    int fd = open(path, O_WRONLY | O_CREAT | O_CLOEXEC, 0600);
    while (fd >= 0 && write(fd, block, sizeof block) > 0)
        ;
    if (fd >= 0)
        close(fd);
}

void support_free_disk(const char *dir)
{
    char path[512];
    snprintf(path, sizeof path, "%s/filler", dir);
    unlink(path);
}

static atomic_ullong *fault_steps; /* shared with the child */

void support_step(void)
{
    atomic_fetch_add(fault_steps, 1);
}

static bool wait_for_steps(pid_t pid, uint64_t n_steps)
{
    as_ns deadline = as_clock_mono() + 60 * AS_NS_PER_S;
    while (atomic_load(fault_steps) < n_steps) {
        siginfo_t info = {.si_pid = 0};
        if (as_clock_mono() > deadline || waitid(P_PID, (id_t)pid, &info, WEXITED | WNOHANG | WNOWAIT) != 0 ||
            info.si_pid)
            return false;
        as_clock_sleep_until(as_clock_mono() + 20 * AS_NS_PER_US);
    }
    return true;
}

bool support_kill_after(uint64_t n_steps, as_ns delay_ns, void (*fn)(void *ctx), void *ctx)
{
    int status = 0;
    fflush(NULL);
    fault_steps = mmap(NULL, sizeof *fault_steps, PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0);
    if (fault_steps == MAP_FAILED)
        return false;
    atomic_init(fault_steps, 0);
    pid_t pid = fork();
    if (pid == 0) {
        prctl(PR_SET_PDEATHSIG, SIGKILL); /* should the test fail */
        fn(ctx);
        _exit(0);
    }
    bool ok = pid > 0 && wait_for_steps(pid, n_steps);
    as_clock_sleep_until(as_clock_mono() + delay_ns);
    if (pid > 0)
        kill(pid, SIGKILL);
    ok = pid > 0 && waitpid(pid, &status, 0) == pid && ok && WIFSIGNALED(status);
    munmap(fault_steps, sizeof *fault_steps);
    return ok;
}
