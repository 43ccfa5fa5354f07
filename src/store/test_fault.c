/* SPDX-License-Identifier: Apache-2.0 */
#include "store/test_fault.h"

#include <fcntl.h>
#include <sched.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mount.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include "base/clock.h"
#include "base/fs.h"

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

bool support_kill_after(as_ns delay_ns, void (*fn)(void *ctx), void *ctx)
{
    int status;
    fflush(NULL);
    as_ns deadline = as_clock_mono() + delay_ns;
    pid_t pid = fork();
    if (pid < 0)
        return false;
    if (pid == 0) {
        fn(ctx);
        _exit(0);
    }
    as_clock_sleep_until(deadline);
    kill(pid, SIGKILL);
    return waitpid(pid, &status, 0) == pid;
}
