/* SPDX-License-Identifier: Apache-2.0 */
#include "bench/child.h"

#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <spawn.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/wait.h>
#include <unistd.h>

#include "base/fs.h"

#define CHILD_WAIT_NS (60 * AS_NS_PER_S)
enum { CHILD_MEMORY_FD = 3, CHILD_MAX_LINE = 4 << 20 };

bool bench_child_init(bench_child *child, size_t memory_bytes, as_err *err)
{
    as_str_init(&child->line);
    child->to = child->from = -1;
    child->memory_fd = memfd_create("bench", MFD_CLOEXEC);
    if (child->memory_fd < 0 || ftruncate(child->memory_fd, (off_t)memory_bytes) != 0)
        return as_err_errno(err, errno, "cannot share %zu bytes", memory_bytes);
    void *memory = mmap(NULL, memory_bytes, PROT_READ | PROT_WRITE, MAP_SHARED, child->memory_fd, 0);
    if (memory == MAP_FAILED)
        return as_err_errno(err, errno, "cannot share %zu bytes", memory_bytes);
    child->memory = memory;
    child->memory_bytes = memory_bytes;
    return true;
}

static bool child_read_line(bench_child *child, as_err *err)
{
    const as_ns deadline = as_clock_mono() + CHILD_WAIT_NS;
    as_str_clear(&child->line);
    while (child->line.len < CHILD_MAX_LINE) {
        char          bytes[4096];
        struct pollfd ready = {.fd = child->from, .events = POLLIN};
        const as_ns   left = deadline - as_clock_mono();
        if (left <= 0)
            return AS_FAIL(err, AS_ETIMEOUT, "the peer's program does not answer");
        if (poll(&ready, 1, (int)(left / AS_NS_PER_MS) + 1) <= 0)
            continue;
        const ssize_t n = read(child->from, bytes, sizeof bytes);
        if (n == 0)
            return AS_FAIL(err, AS_EEND, "the peer's program has ended");
        if (n < 0 && errno != EINTR)
            return as_err_errno(err, errno, "cannot read from the peer's program");
        as_str_add_bytes(&child->line, bytes, n > 0 ? (size_t)n : 0);
        if (!as_str_ok(&child->line))
            return AS_FAIL(err, AS_ENOMEM, "the answer of the peer's program is too long");
        if (child->line.len > 0 && child->line.s[child->line.len - 1] == '\n') {
            child->line.s[--child->line.len] = '\0';
            return true;
        }
    }
    return AS_FAIL(err, AS_ELIMIT, "the answer of the peer's program is too long");
}

/* The shared memory is moved to a high descriptor first, so that no other one is closed by putting it at 3. */
static int child_spawn(bench_child *child, const int to[2], const int from[2], int memory, const char *const *argv)
{
    posix_spawn_file_actions_t actions;
    int                        status = posix_spawn_file_actions_init(&actions);
    if (status != 0)
        return status;
    status = posix_spawn_file_actions_adddup2(&actions, to[0], STDIN_FILENO);
    status = status ? status : posix_spawn_file_actions_adddup2(&actions, from[1], STDOUT_FILENO);
    status = status ? status : posix_spawn_file_actions_adddup2(&actions, memory, CHILD_MEMORY_FD);
    /* posix_spawnp takes strings that it does not change, by a type that says otherwise. */
    union {
        const char *const *given;
        char *const       *taken;
    } words = {argv};
    status = status ? status : posix_spawnp(&child->pid, argv[0], &actions, NULL, words.taken, environ);
    posix_spawn_file_actions_destroy(&actions);
    if (status != 0)
        child->pid = 0;
    return status;
}

bool bench_child_start(bench_child *child, const char *const *argv, as_err *err)
{
    int       to[2] = {-1, -1}, from[2] = {-1, -1};
    const int memory = fcntl(child->memory_fd, F_DUPFD_CLOEXEC, 64);
    int       status = EMFILE;
    if (memory >= 0 && pipe2(to, O_CLOEXEC) == 0 && pipe2(from, O_CLOEXEC) == 0) {
        signal(SIGPIPE, SIG_IGN); /* a child that is gone is an error of the write */
        status = child_spawn(child, to, from, memory, argv);
    }
    child->to = to[1];
    child->from = from[0];
    const int done[] = {to[0], from[1], memory};
    for (size_t i = 0; i < AS_COUNT(done); i++)
        if (done[i] >= 0)
            close(done[i]);
    if (status != 0)
        return as_err_errno(err, status, "cannot start '%s'", argv[0]);
    return child_read_line(child, err);
}

bool bench_child_python(bench_child *child, const bench_python *python, bench_about *about, const char **ret_more,
                        as_err *err)
{
    const char *program = getenv("BENCH_PYTHON"), *source = getenv("BENCH_SOURCE");
    char        name[AS_FS_PATH_BYTES], path[AS_FS_PATH_BYTES], numbers[BENCH_PYTHON_MOST][32];
    /* -B: nothing is written beside the scripts. */
    const char *argv[BENCH_PYTHON_MOST + 5] = {program && *program ? program : "/usr/bin/python3", "-B", path};
    size_t      n = 3;
    snprintf(name, sizeof name, "bench/peers/%s", python->script);
    if (!as_fs_join(path, source && *source ? source : ".", name, err))
        return false;
    if (python->text)
        argv[n++] = python->text;
    for (size_t i = 0; i < AS_MIN(python->n_numbers, (size_t)BENCH_PYTHON_MOST); i++) {
        snprintf(numbers[i], sizeof numbers[i], "%.12g", python->numbers[i]);
        argv[n++] = numbers[i];
    }
    if (!as_fs_is_file(argv[0]) || !bench_child_start(child, argv, err) || as_str_starts(child->line.s, "missing: "))
        return AS_FAIL(err, AS_EMISSING, "'%s' has no %s: install %s, or name another Python in BENCH_PYTHON", argv[0],
                       python->needs, python->package);
    const size_t name_bytes = strcspn(child->line.s, ",");
    snprintf(about->peer, sizeof about->peer, "%.*s", (int)AS_MIN(name_bytes, sizeof about->peer - 1), child->line.s);
    *ret_more = child->line.s + name_bytes;
    return true;
}

bool bench_child_ask(bench_child *child, as_err *err, const char *fmt, ...)
{
    char    text[256];
    va_list ap;
    va_start(ap, fmt);
    const int n = vsnprintf(text, sizeof text - 1, fmt, ap);
    va_end(ap);
    if (n < 0 || (size_t)n >= sizeof text - 1)
        return AS_FAIL(err, AS_EINTERNAL, "a question to the peer's program is too long");
    text[n] = '\n';
    if (write(child->to, text, (size_t)n + 1) != n + 1)
        return as_err_errno(err, errno, "cannot write to the peer's program");
    return child_read_line(child, err);
}

bool bench_child_time(bench_child *child, size_t first, size_t n, double *ret_ns, as_err *err)
{
    if (!bench_child_ask(child, err, "time %zu %zu", first, n))
        return false;
    const char *at = child->line.s;
    for (size_t i = 0; i < n; i++) {
        char *end;
        ret_ns[i] = strtod(at, &end);
        if (end == at || !(ret_ns[i] >= 0.0))
            return AS_FAIL(err, AS_EFORMAT, "the peer's program answered %zu times, not %zu", i, n);
        at = end;
    }
    return true;
}

void bench_child_stop(bench_child *child)
{
    const int fds[] = {child->to, child->from, child->memory_fd};
    for (size_t i = 0; child->line.s && i < AS_COUNT(fds); i++)
        if (fds[i] >= 0)
            close(fds[i]);
    if (child->pid > 0) {
        kill(child->pid, SIGKILL); /* it has nothing to lose, and may not be listening */
        waitpid(child->pid, NULL, 0);
    }
    if (child->memory)
        munmap(child->memory, child->memory_bytes);
    if (child->line.s)
        as_str_done(&child->line);
    *child = (bench_child){0};
}
