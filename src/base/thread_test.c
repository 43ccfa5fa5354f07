/* SPDX-License-Identifier: Apache-2.0 */
#include "base/thread.h"

#include <pthread.h>
#include <sched.h>
#include <setjmp.h>
#include <signal.h>
#include <stdarg.h>
#include <stdatomic.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "base/clock.h"

static as_err err;

static as_thread *start(void (*fn)(void *), void *ctx)
{
    as_thread *thread = as_thread_start("a name that is too long", fn, ctx, &err);
    if (!thread)
        fail_msg("%s", err.text);
    return thread;
}

typedef struct seen_thread {
    char     name[16];
    sigset_t blocked;
} seen_thread;

static void look_around(void *ctx)
{
    seen_thread *seen = ctx;
    pthread_getname_np(pthread_self(), seen->name, sizeof seen->name);
    pthread_sigmask(SIG_SETMASK, NULL, &seen->blocked);
}

static void test_start_and_join(void **state)
{
    (void)state;
    seen_thread seen = {0};
    assert_null(as_thread_join(start(look_around, &seen)));
    assert_string_equal(seen.name, "a name that is ");
    assert_true(sigismember(&seen.blocked, SIGINT));
    sigset_t own;
    pthread_sigmask(SIG_SETMASK, NULL, &own);
    assert_false(sigismember(&own, SIGINT));
    assert_null(as_thread_join(NULL));
    assert_true(as_thread_cores() >= 1);
}

static void hurry(void *ctx)
{
    int                policy;
    struct sched_param param;
    bool               allowed = as_thread_make_urgent(2);
    pthread_getschedparam(pthread_self(), &policy, &param);
    *(bool *)ctx = (policy == SCHED_FIFO) == allowed && (!allowed || param.sched_priority == 2) &&
                   as_thread_urgency() == (allowed ? 2 : 0);
    as_thread_make_ordinary();
    *(bool *)ctx = *(bool *)ctx && as_thread_urgency() == 0;
}

static void test_an_urgent_thread(void **state)
{
    (void)state;
    bool fine = false;
    as_thread_join(start(hurry, &fine));
    assert_true(fine);
}

static void test_a_lock_for_urgent_threads(void **state)
{
    (void)state;
    pthread_mutex_t lock;
    assert_true(as_thread_lock_init(&lock));
    assert_int_equal(pthread_mutex_lock(&lock), 0);
    assert_int_not_equal(pthread_mutex_trylock(&lock), 0);
    assert_int_equal(pthread_mutex_unlock(&lock), 0);
    assert_int_equal(pthread_mutex_destroy(&lock), 0);
}

#define MANY 2000

static atomic_int times[MANY];

static bool count_item(void *ctx, size_t i, as_err *e)
{
    (void)ctx;
    (void)e;
    atomic_fetch_add(&times[i], 1);
    return true;
}

static void test_for_does_each_once(void **state)
{
    (void)state;
    static const uint32_t threads[] = {0, 1, 2, 7, 64};
    for (size_t t = 0; t < AS_COUNT(threads); t++)
        for (size_t n = 0; n <= MANY; n = n * 4 + 1) {
            memset(times, 0, sizeof times);
            assert_true(as_thread_for(n, threads[t], count_item, NULL, &err));
            for (size_t i = 0; i < MANY; i++)
                assert_int_equal(times[i], i < n ? 1 : 0);
        }
}

/* Items 40, 41, 42, ... fail; 40 only after a later one has, if there is a thread to run one. */
typedef struct failing {
    atomic_int n_failed, n_run;
    bool       may_wait;
} failing;

static bool fail_from_40(void *ctx, size_t i, as_err *e)
{
    failing *f = ctx;
    atomic_fetch_add(&f->n_run, 1);
    if (i < 40)
        return true;
    while (i == 40 && f->may_wait && atomic_load(&f->n_failed) == 0)
        sched_yield();
    atomic_fetch_add(&f->n_failed, 1);
    return AS_FAIL(e, AS_EFORMAT, "item %zu", i);
}

static void test_for_tells_the_first_error(void **state)
{
    (void)state;
    for (uint32_t threads = 1; threads <= 8; threads++) {
        failing f = {.may_wait = threads > 1};
        err = (as_err)AS_ERR_NONE;
        assert_false(as_thread_for(100000, threads, fail_from_40, &f, &err));
        assert_int_equal(err.code, AS_EFORMAT);
        assert_string_equal(err.text, "item 40");
        assert_true(f.n_run <= 40 + (int)threads); /* and stops early */
        assert_false(as_thread_for(41, threads, fail_from_40, &(failing){0}, NULL));
    }
}

/* Item 0 fails while 1 runs, and 1 a good while after that. */
static bool fail_in_order(void *ctx, size_t i, as_err *e)
{
    atomic_int *step = ctx;
    if (i == 0)
        while (atomic_load(step) == 0)
            sched_yield();
    atomic_fetch_add(step, 1);
    while (i == 1 && atomic_load(step) < 2)
        sched_yield();
    for (int k = 0; i == 1 && k < 2000; k++)
        sched_yield();
    return AS_FAIL(e, AS_EFORMAT, "item %zu", i);
}

static bool fail_at_once(void *ctx, size_t i, as_err *e)
{
    (void)ctx;
    return i == 0 ? AS_FAIL(e, AS_EFORMAT, "item 0") : AS_FAIL(e, AS_EIO, "another");
}

static void test_for_is_right_in_any_order(void **state)
{
    (void)state;
    atomic_int step = 0;
    assert_false(as_thread_for(2, 2, fail_in_order, &step, &err));
    assert_string_equal(err.text, "item 0");
    for (int turn = 0; turn < 300; turn++) {
        assert_false(as_thread_for(8, 4, fail_at_once, NULL, &err));
        assert_string_equal(err.text, "item 0");
    }
}

static void test_queue_order(void **state)
{
    (void)state;
    int       items[5];
    as_queue *queue = as_queue_new(3, &err);
    assert_non_null(queue);
    assert_null(as_queue_pop(queue, 0));
    for (int turn = 0; turn < 4; turn++) { /* the ring turns over */
        assert_true(as_queue_push(queue, &items[0], 0));
        assert_true(as_queue_push(queue, &items[1], INT64_MAX));
        assert_true(as_queue_push(queue, &items[2], as_clock_mono()));
        assert_false(as_queue_push(queue, &items[3], 0)); /* full */
        assert_int_equal(as_queue_length(queue), 3);
        assert_ptr_equal(as_queue_pop(queue, 0), &items[0]);
        assert_true(as_queue_push(queue, &items[4], 0));
        assert_ptr_equal(as_queue_pop(queue, INT64_MAX), &items[1]);
        assert_ptr_equal(as_queue_pop(queue, as_clock_mono()), &items[2]);
        assert_ptr_equal(as_queue_pop(queue, -1), &items[4]);
        assert_int_equal(as_queue_length(queue), 0);
    }
    assert_null(as_queue_free(queue));
    assert_null(as_queue_free(NULL));
    assert_null(as_queue_new(0, &err));
    assert_int_equal(err.code, AS_EINVAL);
    assert_null(as_queue_new(SIZE_MAX / 4, &err));
    assert_int_equal(err.code, AS_ENOMEM);
}

static void test_queue_deadline(void **state)
{
    (void)state;
    int       item;
    as_queue *queue = as_queue_new(1, &err);
    as_ns     deadline = as_clock_mono() + 3 * AS_NS_PER_MS;
    assert_null(as_queue_pop(queue, deadline));
    assert_true(as_clock_mono() >= deadline);
    assert_true(as_queue_push(queue, &item, 0));
    deadline = as_clock_mono() + 3 * AS_NS_PER_MS;
    assert_false(as_queue_push(queue, &item, deadline));
    assert_true(as_clock_mono() >= deadline);
    assert_false(as_queue_push(queue, &item, 1)); /* long past: at once */
    as_queue_free(queue);
}

static void test_queue_close(void **state)
{
    (void)state;
    int       item;
    as_queue *queue = as_queue_new(2, &err);
    assert_false(as_queue_is_closed(queue));
    assert_true(as_queue_push(queue, &item, 0));
    as_queue_close(queue);
    as_queue_close(queue);
    assert_true(as_queue_is_closed(queue));
    assert_false(as_queue_push(queue, &item, INT64_MAX));    /* though there is room */
    assert_ptr_equal(as_queue_pop(queue, INT64_MAX), &item); /* what is inside still comes out */
    assert_null(as_queue_pop(queue, INT64_MAX));             /* and then nobody waits */
    as_queue_free(queue);
}

typedef struct waiter {
    as_queue   *queue;
    atomic_int *n_ended;
    bool        pushes;
} waiter;

static void wait_for_ever(void *ctx)
{
    waiter *w = ctx;
    int     item;
    bool    ok = w->pushes ? as_queue_push(w->queue, &item, INT64_MAX) : as_queue_pop(w->queue, INT64_MAX) != NULL;
    if (!ok)
        atomic_fetch_add(w->n_ended, 1);
}

static void test_close_wakes_all(void **state)
{
    (void)state;
    int        item;
    atomic_int n_ended = 0;
    as_thread *threads[6];
    waiter     empty = {as_queue_new(1, &err), &n_ended, false}, full = {as_queue_new(1, &err), &n_ended, true};
    assert_true(as_queue_push(full.queue, &item, 0));
    for (size_t i = 0; i < 6; i++)
        threads[i] = start(wait_for_ever, i % 2 ? &full : &empty);
    as_queue_close(empty.queue);
    as_queue_close(full.queue);
    for (size_t i = 0; i < 6; i++)
        as_thread_join(threads[i]);
    assert_int_equal(n_ended, 6);
    as_queue_free(empty.queue);
    as_queue_free(full.queue);
}

#define N_WORDS 20000

typedef struct traffic {
    as_queue     *queue;
    atomic_size_t next;
    atomic_int    got[N_WORDS];
} traffic;

static int words[N_WORDS];

static void produce(void *ctx)
{
    traffic *t = ctx;
    size_t   i;
    while ((i = atomic_fetch_add(&t->next, 1)) < N_WORDS) {
        words[i] = (int)i * 3; /* written here without a lock and read there: the queue orders the two */
        if (!as_queue_push(t->queue, &words[i], INT64_MAX))
            return;
    }
}

static void consume(void *ctx)
{
    traffic *t = ctx;
    int     *word;
    while ((word = as_queue_pop(t->queue, INT64_MAX))) {
        size_t i = (size_t)(word - words);
        atomic_fetch_add(&t->got[i], *word == (int)i * 3 ? 1 : 100);
    }
}

static void test_many_to_many(void **state)
{
    (void)state;
    traffic   *t = calloc(1, sizeof *t);
    as_thread *in[3], *out[3];
    assert_non_null(t);
    t->queue = as_queue_new(4, &err);
    for (size_t i = 0; i < 3; i++) {
        in[i] = start(produce, t);
        out[i] = start(consume, t);
    }
    for (size_t i = 0; i < 3; i++)
        as_thread_join(in[i]);
    as_queue_close(t->queue);
    for (size_t i = 0; i < 3; i++)
        as_thread_join(out[i]);
    for (size_t i = 0; i < N_WORDS; i++)
        assert_int_equal(t->got[i], 1);
    as_queue_free(t->queue);
    free(t);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_start_and_join),
        cmocka_unit_test(test_an_urgent_thread),
        cmocka_unit_test(test_a_lock_for_urgent_threads),
        cmocka_unit_test(test_for_does_each_once),
        cmocka_unit_test(test_for_tells_the_first_error),
        cmocka_unit_test(test_for_is_right_in_any_order),
        cmocka_unit_test(test_queue_order),
        cmocka_unit_test(test_queue_deadline),
        cmocka_unit_test(test_queue_close),
        cmocka_unit_test(test_close_wakes_all),
        cmocka_unit_test(test_many_to_many),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
