/* SPDX-License-Identifier: Apache-2.0 */
#include "infer/test_quiet.h"

#include <dirent.h>
#include <dlfcn.h>
#include <linux/filter.h>
#include <linux/seccomp.h>
#include <pthread.h>
#include <sched.h>
#include <semaphore.h>
#include <setjmp.h>
#include <signal.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cmocka.h>

#include "base/clock.h"
#include "base/count_test.h"
#include "infer/infer.h"

#if COUNTS_ALLOCATIONS

bool quiet_is_counted(void)
{
    return true;
}

enum { QUIET_RUNS = 20, QUIET_MOST_PORTS = 16, QUIET_CANNOT = 1, QUIET_FAILED, QUIET_CALLED };

/* What a child has counted, and the system call that ended it. */
typedef struct quiet_counts {
    unsigned   locks, ours, libraries;
    atomic_int call; /* 0 (read, which none of these does): none */
} quiet_counts;

static quiet_counts *quiet_seen; /* shared with the child */

/* Seen by all libraries of this process, oneDNN and that of OpenMP among them. */
#define COUNTED __attribute__((visibility("default")))

static atomic_uint locks;

static void *next_of(const char *name)
{
    void *next = dlsym(RTLD_NEXT, name);
    if (!next)
        abort();
    return next;
}

/* name: of a function of one pointer that returns int. */
#define COUNT_LOCK(name, type)                  \
    COUNTED int name(type *object)              \
    {                                           \
        static int (*_Atomic real)(type *);     \
        int (*fn)(type *) = atomic_load(&real); \
        if (!fn) {                              \
            void *found = next_of(#name);       \
            memcpy(&fn, &found, sizeof fn);     \
            atomic_store(&real, fn);            \
        }                                       \
        if (atomic_load(&counting))             \
            atomic_fetch_add(&locks, 1);        \
        return fn(object);                      \
    }

COUNT_LOCK(pthread_mutex_lock, pthread_mutex_t)
COUNT_LOCK(pthread_mutex_trylock, pthread_mutex_t)
COUNT_LOCK(pthread_rwlock_rdlock, pthread_rwlock_t)
COUNT_LOCK(pthread_rwlock_wrlock, pthread_rwlock_t)
COUNT_LOCK(pthread_spin_lock, pthread_spinlock_t)
COUNT_LOCK(sem_wait, sem_t)

static void on_system_call(int signal, siginfo_t *info, void *context)
{
    (void)signal;
    (void)context;
    atomic_store(&quiet_seen->call, info->si_syscall);
    syscall(SYS_exit_group, QUIET_CALLED);
}

/* From now on each thread of this process may only end it, or with `wait` sleep and wake another; anything else ends it. */
static bool forbid_system_calls(bool wait)
{
    const struct sigaction told = {.sa_sigaction = on_system_call, .sa_flags = SA_SIGINFO};
    struct sock_filter     code[] = {
            BPF_STMT(BPF_LD | BPF_W | BPF_ABS, offsetof(struct seccomp_data, nr)),
            BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, SYS_exit_group, 1, 0),
            BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, wait ? SYS_futex : SYS_exit_group, 0, 1),
            BPF_STMT(BPF_RET | BPF_K, SECCOMP_RET_ALLOW),
            BPF_STMT(BPF_RET | BPF_K, SECCOMP_RET_TRAP),
    };
    struct sock_fprog   program = {.len = AS_COUNT(code), .filter = code};
    const struct rlimit none = {0}; /* a thread that blocks the signal ends with it: that needs no core file */
    return setrlimit(RLIMIT_CORE, &none) == 0 && sigaction(SIGSYS, &told, NULL) == 0 &&
           prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0) == 0 &&
           syscall(SYS_seccomp, SECCOMP_SET_MODE_FILTER, SECCOMP_FILTER_FLAG_TSYNC, &program) == 0;
}

/* Threads that have just been made have still calls to do, before they wait for work: waits for them. */
static bool quiet_others_sleep(void)
{
    const pid_t self = (pid_t)syscall(SYS_gettid);
    const as_ns until = as_clock_mono() + 20 * AS_NS_PER_S;
    bool        asleep = false;
    while (!asleep && as_clock_mono() < until) {
        DIR           *tasks = opendir("/proc/self/task");
        struct dirent *one;
        asleep = tasks != NULL;
        while (asleep && (one = readdir(tasks))) {
            char  path[300], state = 'S';
            FILE *f = NULL;
            snprintf(path, sizeof path, "/proc/self/task/%s/stat", one->d_name);
            if (one->d_name[0] != '.' && strtol(one->d_name, NULL, 10) != self && (f = fopen(path, "re")))
                asleep = fscanf(f, "%*d (%*[^)]) %c", &state) == 1 && state == 'S';
            if (f)
                fclose(f);
        }
        if (tasks)
            closedir(tasks);
        sched_yield();
    }
    return asleep;
}

typedef struct quiet_case {
    const uint8_t *model;
    size_t         n;
    const char    *name;
    uint32_t       threads;
} quiet_case;

/* In the child, which ends. */
static void quiet_child(void *ctx)
{
    const quiet_case    *of = ctx;
    const as_session_cfg cfg = {.warm = true, .threads = of->threads};
    as_err               e = AS_ERR_NONE;
    as_session          *session = as_session_open(of->model, of->n, of->name, &cfg, &e);
    as_tensor            ins[QUIET_MOST_PORTS] = {0}, to[QUIET_MOST_PORTS] = {0};
    const size_t         n_ins = session ? as_session_n_inputs(session) : 0;
    bool                 ok = session && n_ins <= QUIET_MOST_PORTS && as_session_n_outputs(session) <= QUIET_MOST_PORTS;
    for (size_t i = 0; ok && i < n_ins; i++) {
        const as_port *port = as_session_input(session, i);
        ok = as_tensor_new(&ins[i], port->dtype, &port->shape, &e);
    }
    if (!ok)
        fprintf(stderr, "%s: %s\n", of->name, e.text);
    else if (!quiet_others_sleep() || !forbid_system_calls(of->threads > 1))
        syscall(SYS_exit_group, QUIET_CANNOT);
    atomic_store(&locks, 0);
    count_begin();
    for (int i = 0; ok && i < QUIET_RUNS; i++) {
        memset(to, 0, sizeof to);
        ok = as_session_run(session, ins, to, &e);
    }
    quiet_seen->ours = count_end();
    quiet_seen->libraries = count_others();
    quiet_seen->locks = atomic_load(&locks);
    syscall(SYS_exit_group, ok ? 0 : QUIET_FAILED);
}

/* In a child that runs `work`; returns how that ended. */
static int quiet_fork(void (*work)(void *ctx), void *ctx)
{
    int status;
    if (!quiet_seen)
        quiet_seen = mmap(NULL, sizeof *quiet_seen, PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0);
    assert_true(quiet_seen != MAP_FAILED);
    memset(quiet_seen, 0, sizeof *quiet_seen);
    const pid_t child = fork();
    if (child == 0)
        work(ctx);
    assert_int_equal(waitpid(child, &status, 0), child);
    if (WIFEXITED(status) && WEXITSTATUS(status) == QUIET_CANNOT) {
        print_message("skipped: this system cannot forbid calls (seccomp)\n");
        skip();
    }
    return status;
}

static void assert_quiet_on(const uint8_t *model, size_t n, const char *name, uint32_t threads)
{
    quiet_case of = {model, n, name, threads};
    const int  status = quiet_fork(quiet_child, &of);
    if (WIFEXITED(status) && WEXITSTATUS(status) == QUIET_CALLED)
        fail_msg("%s on %u threads: a run calls the system (%d)", name, threads, atomic_load(&quiet_seen->call));
    if (status != 0)
        fail_msg("%s on %u threads: a run failed (status %d)", name, threads, status);
    if (quiet_seen->ours + quiet_seen->libraries > 0 || (threads == 1 && quiet_seen->locks > 0))
        fail_msg("%s on %u threads, %d runs: allocations %u, of libraries %u; locks %u", name, threads, QUIET_RUNS,
                 quiet_seen->ours, quiet_seen->libraries, quiet_seen->locks);
}

void quiet_assert(const uint8_t *model, size_t n, const char *name)
{
    assert_quiet_on(model, n, name, 1);
    assert_quiet_on(model, n, name, 2);
}

static void call_the_system(void *ctx)
{
    (void)ctx;
    if (!forbid_system_calls(false))
        syscall(SYS_exit_group, QUIET_CANNOT);
    syscall(SYS_getpid);
    syscall(SYS_exit_group, 0);
}

void quiet_test_counts(void **state)
{
    (void)state;
    pthread_mutex_t mutex = PTHREAD_MUTEX_INITIALIZER;
    void *(*volatile get)(size_t) = malloc;
    atomic_store(&locks, 0);
    count_begin();
    pthread_mutex_lock(&mutex);
    void *block = get(1);
    assert_int_equal(count_end(), 1);
    free(block);
    pthread_mutex_unlock(&mutex);
    assert_int_equal(atomic_load(&locks), 1);
    const int status = quiet_fork(call_the_system, NULL);
    assert_true(WIFEXITED(status) && WEXITSTATUS(status) == QUIET_CALLED);
    assert_int_equal(atomic_load(&quiet_seen->call), SYS_getpid);
}

#else

bool quiet_is_counted(void)
{
    return false;
}

void quiet_assert(const uint8_t *model, size_t n, const char *name)
{
    (void)model;
    (void)n;
    (void)name;
}

void quiet_test_counts(void **state)
{
    (void)state;
}

#endif
