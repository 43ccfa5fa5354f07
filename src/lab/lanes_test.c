/* SPDX-License-Identifier: Apache-2.0 */
#include "lab/lanes.h"

#include <pthread.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

typedef struct work {
    atomic_int   seen[100];
    atomic_int   opened, closed;
    size_t       bad; /* fails there; 100: nowhere */
    bool         no_tools;
    pthread_t    caller;
    uint64_t     last;
    bool         foreign; /* somebody else reported progress */
    atomic_bool *stop;
} work;

static void *work_open(void *ctx, as_err *err)
{
    work *w = ctx;
    if (w->no_tools) {
        AS_FAIL(err, AS_EMISSING, "no tools");
        return NULL;
    }
    atomic_fetch_add(&w->opened, 1);
    return malloc(1);
}

static bool work_item(void *ctx, void *tools, size_t i, as_err *err)
{
    work *w = ctx;
    assert_non_null(tools);
    atomic_fetch_add(&w->seen[i], 1);
    if (w->stop && i == 10)
        atomic_store(w->stop, true);
    return i != w->bad || AS_FAIL(err, AS_ECORRUPT, "item %zu", i);
}

static void work_close(void *ctx, void *tools)
{
    work *w = ctx;
    if (tools)
        atomic_fetch_add(&w->closed, 1);
    free(tools);
}

static void work_step(void *ctx, const char *what, uint64_t done, uint64_t total)
{
    work *w = ctx;
    assert_string_equal(what, "working");
    w->foreign = w->foreign || !pthread_equal(pthread_self(), w->caller);
    assert_true(done >= w->last && done <= total);
    w->last = done;
}

static as_lanes lanes_of(work *w, uint32_t threads)
{
    w->caller = pthread_self();
    return (as_lanes){100, threads, "working", w, work_open, work_item, work_close};
}

static void test_each_once(void **state)
{
    (void)state;
    for (uint32_t threads = 0; threads < 5; threads++) {
        work        w = {.bad = 100};
        as_lanes    lanes = lanes_of(&w, threads);
        as_progress progress = {.step = work_step, .ctx = &w};
        as_err      err = AS_ERR_NONE;
        assert_true(as_lanes_run(&lanes, &progress, &err));
        for (size_t i = 0; i < 100; i++)
            assert_int_equal(w.seen[i], 1);
        assert_int_equal(w.opened, w.closed);
        assert_true(w.opened >= 1);
        assert_int_equal(w.last, 100);
        assert_false(w.foreign);
    }
}

static void test_failure(void **state)
{
    (void)state;
    for (uint32_t threads = 1; threads < 4; threads++) {
        work     w = {.bad = 40};
        as_lanes lanes = lanes_of(&w, threads);
        as_err   err = AS_ERR_NONE;
        assert_false(as_lanes_run(&lanes, NULL, &err));
        assert_int_equal(err.code, AS_ECORRUPT);
        assert_string_equal(err.text, "item 40");
        assert_int_equal(w.opened, w.closed);
        /* A lane beside the one that failed may have been quick enough to finish. */
        assert_true(threads > 1 || w.seen[41] == 0);
    }
    work     w = {.bad = 100, .no_tools = true};
    as_lanes lanes = lanes_of(&w, 2);
    as_err   err = AS_ERR_NONE;
    assert_false(as_lanes_run(&lanes, NULL, &err));
    assert_int_equal(err.code, AS_EMISSING);
}

static void test_stop(void **state)
{
    (void)state;
    atomic_bool stop = false;
    work        w = {.bad = 100, .stop = &stop};
    as_lanes    lanes = lanes_of(&w, 2);
    as_progress progress = {.stop = &stop};
    as_err      err = AS_ERR_NONE;
    assert_false(as_lanes_run(&lanes, &progress, &err));
    assert_int_equal(err.code, AS_ECANCELLED);
    assert_int_equal(w.opened, w.closed);
}

static void test_no_items(void **state)
{
    (void)state;
    work     w = {.bad = 100, .no_tools = true};
    as_lanes lanes = lanes_of(&w, 2);
    as_err   err = AS_ERR_NONE;
    lanes.n = 0;
    assert_true(as_lanes_run(&lanes, NULL, &err));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_each_once),
        cmocka_unit_test(test_failure),
        cmocka_unit_test(test_stop),
        cmocka_unit_test(test_no_items),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
