/* SPDX-License-Identifier: Apache-2.0 */
/* A run of the native engine on one thread takes no lock, calls no system and allocates nothing: a process that may do nothing
 * but end runs it. */
#include <dlfcn.h>
#include <linux/filter.h>
#include <linux/seccomp.h>
#include <pthread.h>
#include <semaphore.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdatomic.h>
#include <sys/prctl.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cmocka.h>

#include "base/count_test.h"
#include "base/fs.h"
#include "infer/infer.h"
#include "infer/test_net.h"

enum { RUNS = 20, MOST_PORTS = 16, EXIT_FAILED = 3 };

#if COUNTS_ALLOCATIONS

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

/* From now on this thread may only end; anything else ends the process with SIGSYS. */
static bool forbid_system_calls(void)
{
    struct sock_filter code[] = {
        BPF_STMT(BPF_LD | BPF_W | BPF_ABS, offsetof(struct seccomp_data, nr)),
        BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, SYS_exit_group, 0, 1),
        BPF_STMT(BPF_RET | BPF_K, SECCOMP_RET_ALLOW),
        BPF_STMT(BPF_RET | BPF_K, SECCOMP_RET_KILL_PROCESS),
    };
    struct sock_fprog program = {.len = AS_COUNT(code), .filter = code};
    return prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0) == 0 && prctl(PR_SET_SECCOMP, SECCOMP_MODE_FILTER, &program) == 0;
}

/* In the child. Returns how many locks and allocations there were, up to 100; EXIT_FAILED + 100: a run failed. */
static void run_quietly(as_session *session, const as_tensor *ins, const as_tensor *outs, bool may_call)
{
    as_err    e = AS_ERR_NONE;
    bool      ok = true;
    as_tensor to[MOST_PORTS];
    if (!may_call && !forbid_system_calls())
        syscall(SYS_exit_group, 102);
    atomic_store(&locks, 0);
    count_begin();
    for (int i = 0; i < RUNS; i++) {
        memcpy(to, outs, sizeof to);
        ok = ok && as_session_run(session, ins, to, &e);
    }
    const unsigned n = count_end() + atomic_load(&locks);
    syscall(SYS_exit_group, ok ? (int)AS_MIN(n, 100u) : 101);
}

/* most: locks and allocations that are known of, in all runs; what allocates may have to ask the system for memory. */
static void assert_quiet_but(const uint8_t *model, size_t n, const char *name, int most)
{
    as_err      e = AS_ERR_NONE;
    as_session *session = as_session_open(model, n, name, &(as_session_cfg){.warm = true}, &e);
    as_tensor   ins[MOST_PORTS] = {0}, outs[MOST_PORTS] = {0};
    NET_MUST(session != NULL);
    const size_t n_ins = as_session_n_inputs(session), n_outs = as_session_n_outputs(session);
    assert_true(n_ins <= MOST_PORTS && n_outs <= MOST_PORTS);
    for (size_t i = 0; i < n_ins; i++) {
        const as_port *port = as_session_input(session, i);
        NET_MUST(as_tensor_new(&ins[i], port->dtype, &port->shape, &e));
    }
    const pid_t child = fork();
    if (child == 0)
        run_quietly(session, ins, outs, most > 0);
    int status;
    assert_int_equal(waitpid(child, &status, 0), child);
    if (WIFEXITED(status) && WEXITSTATUS(status) == 102) {
        print_message("skipped: this system cannot forbid calls (seccomp)\n");
        skip();
    }
    if (WIFSIGNALED(status))
        fail_msg("%s: a run calls the system (signal %d)", name, WTERMSIG(status));
    if (WEXITSTATUS(status) > most)
        fail_msg("%s: %d locks and allocations in %d runs (101: a run failed)", name, WEXITSTATUS(status), RUNS);
    for (size_t i = 0; i < n_ins; i++)
        as_tensor_done(&ins[i]);
    as_session_close(session);
}

static void assert_quiet(const uint8_t *model, size_t n, const char *name)
{
    assert_quiet_but(model, n, name, 0);
}

static void test_floats_run_quietly(void **state)
{
    (void)state;
    as_str model = net_model(1, false);
    assert_quiet((const uint8_t *)model.s, model.len, "floats");
    as_str_done(&model);
}

static void test_whole_numbers_run_quietly(void **state)
{
    (void)state;
    as_str model = net_model(1, true);
    assert_quiet((const uint8_t *)model.s, model.len, "whole numbers");
    as_str_done(&model);
}

/* rows x 96 by 96 x 64, of which the second is constant, or fed. */
static void quiet_product(int64_t rows, bool fed)
{
    const as_shape a = {.rank = 2, .dims = {rows, 96}}, b = {.rank = 2, .dims = {96, 64}};
    as_err         e = AS_ERR_NONE;
    as_rng         rng = as_rng_new(1);
    as_graph      *g = as_graph_new("product", &e);
    char           name[60];
    as_str         bytes;
    as_str_init(&bytes);
    NET_MUST(g && as_graph_add_input(g, "a", AS_DTYPE_F32, &a, &e));
    if (fed)
        NET_MUST(as_graph_add_input(g, "b", AS_DTYPE_F32, &b, &e));
    else
        net_constant(g, &rng, "b", &b, 0.1);
    net_node(g, "MatMul", (const char *const[]){"a", "b", NULL}, "y", NULL);
    NET_MUST(as_graph_add_output(g, "y", AS_DTYPE_F32, &(as_shape){.rank = 2, .dims = {rows, 64}}, &e) &&
             as_graph_finish(g, &e) && as_graph_write(g, &bytes, &e));
    as_graph_free(g);
    snprintf(name, sizeof name, "a product of %lld rows, %s", (long long)rows, fed ? "fed" : "constant");
    assert_quiet((const uint8_t *)bytes.s, bytes.len, name);
    as_str_done(&bytes);
}

static void test_products_run_quietly(void **state)
{
    (void)state;
    static const int64_t rows[] = {1, 4, 5, 7, 16, 50, 197};
    for (size_t i = 0; i < AS_COUNT(rows); i++)
        for (int fed = 0; fed < 2; fed++)
            quiet_product(rows[i], fed);
}

static void test_real_models_run_quietly(void **state)
{
    (void)state;
    static const char *const names[] = {"squeezenet1.1_fp32_from_winml_fp16.onnx", "SqueezeNet_fp16.onnx", "mnist.onnx",
                                        "yunet_n_320_320.onnx"};
    const char              *shared = getenv("ASSAY_SHARED");
    for (size_t i = 0; i < AS_COUNT(names); i++) {
        char     path[AS_FS_PATH_BYTES];
        uint8_t *bytes;
        size_t   n;
        as_err   e = AS_ERR_NONE;
        snprintf(path, sizeof path, "%s/models/%s", shared ? shared : "../shared", names[i]);
        if (!as_fs_is_file(path)) {
            print_message("skipped: no '%s' (set ASSAY_SHARED)\n", path);
            skip();
        }
        NET_MUST(as_fs_read(path, AS_GRAPH_MAX_BYTES, &bytes, &n, &e));
        assert_quiet(bytes, n, names[i]);
        free(bytes);
    }
}

/* That the counting counts. */
static void test_a_lock_and_a_call_are_seen(void **state)
{
    (void)state;
    pthread_mutex_t mutex = PTHREAD_MUTEX_INITIALIZER;
    atomic_store(&counting, true);
    atomic_store(&locks, 0);
    pthread_mutex_lock(&mutex);
    atomic_store(&counting, false);
    pthread_mutex_unlock(&mutex);
    assert_int_equal(atomic_load(&locks), 1);
    const pid_t child = fork();
    if (child == 0) {
        if (!forbid_system_calls())
            syscall(SYS_exit_group, 102);
        syscall(SYS_getpid);
        syscall(SYS_exit_group, 0);
    }
    int status;
    assert_int_equal(waitpid(child, &status, 0), child);
    assert_true((WIFSIGNALED(status) && WTERMSIG(status) == SIGSYS) ||
                (WIFEXITED(status) && WEXITSTATUS(status) == 102));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_a_lock_and_a_call_are_seen), cmocka_unit_test(test_floats_run_quietly),
        cmocka_unit_test(test_whole_numbers_run_quietly),  cmocka_unit_test(test_products_run_quietly),
        cmocka_unit_test(test_real_models_run_quietly),
    };
    return cmocka_run_group_tests_name("quiet", tests, NULL, NULL);
}

#else

int main(void)
{
    puts("skipped: a sanitizer locks and allocates for itself");
    return 0;
}

#endif
