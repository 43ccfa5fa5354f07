/* SPDX-License-Identifier: Apache-2.0 */
#include <setjmp.h>
#include <stdarg.h>
#include <stdatomic.h>
#include <stddef.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include <cmocka.h>

#include "engine/gang.h"
#include "engine/plan.h"

enum { UNITS = 37, JOBS = 2000 };

typedef struct count {
    atomic_uint times[UNITS];
    uint32_t    weight;
    atomic_uint sum;
} count;

static void count_unit(void *ctx, int unit)
{
    count *c = ctx;
    atomic_fetch_add(&c->times[unit], 1);
    atomic_fetch_add(&c->sum, c->weight * (uint32_t)(unit + 1));
}

static void test_every_unit_is_done_once(void **state)
{
    (void)state;
    for (uint32_t helpers = 0; helpers < 5; helpers++) {
        as_err   err = AS_ERR_NONE;
        as_gang *gang = helpers ? as_gang_new(helpers, &err) : NULL;
        count    jobs[2] = {{.weight = 1}, {.weight = 1000}}; /* one behind the other, as the layers of a network are */
        assert_true(!helpers || gang);
        for (uint32_t j = 0; j < JOBS; j++) {
            const uint32_t n = 1 + j % UNITS;
            as_gang_run(gang, n, j % 3 != 0, count_unit, &jobs[j % 2]);
            assert_int_equal(atomic_exchange(&jobs[j % 2].sum, 0), jobs[j % 2].weight * n * (n + 1) / 2);
        }
        for (uint32_t u = 0, n = 0; u < UNITS; u++, n = 0) {
            for (uint32_t j = 0; j < JOBS; j++)
                n += u < 1 + j % UNITS;
            assert_int_equal(jobs[0].times[u] + jobs[1].times[u], n);
        }
        as_gang_free(gang);
    }
}

/* A unit that ends only once another has begun: another thread must have taken it. */
static void meet(void *ctx, int unit)
{
    atomic_uint *begun = ctx;
    (void)unit;
    atomic_fetch_add(begun, 1);
    while (atomic_load(begun) < 2)
        continue;
}

static void test_helpers_help(void **state)
{
    (void)state;
    as_err   err = AS_ERR_NONE;
    as_gang *gang = as_gang_new(1, &err);
    assert_non_null(gang);
    for (int i = 0; i < 20; i++) {
        atomic_uint begun = 0;
        as_gang_run(gang, 2, true, meet, &begun);
        assert_int_equal(begun, 2);
    }
    as_gang_free(gang);
}

typedef struct sleepy {
    pid_t       caller;
    atomic_uint begun;
    atomic_bool slept;
} sleepy;

/* What the system says of the caller, looked at often enough. */
static bool sleepy_sees(pid_t thread)
{
    enum { LOOKS = 100000 };
    char path[64], line[256];
    snprintf(path, sizeof path, "/proc/self/task/%d/stat", (int)thread);
    for (int i = 0; i < LOOKS; i++) {
        FILE       *file = fopen(path, "r");
        const char *name = file && fgets(line, sizeof line, file) ? strrchr(line, ')') : NULL;
        if (file)
            fclose(file);
        if (name && name[1] == ' ' && name[2] == 'S')
            return true;
    }
    return false;
}

static void sleepy_unit(void *ctx, int unit)
{
    sleepy *s = ctx;
    meet(&s->begun, unit);
    if (gettid() != s->caller)
        atomic_store(&s->slept, sleepy_sees(s->caller));
}

/* Else a caller of high priority would keep the helper from its last unit. */
static void test_a_caller_sleeps_while_a_helper_is_busy(void **state)
{
    (void)state;
    as_err   err = AS_ERR_NONE;
    as_gang *gang = as_gang_new(1, &err);
    sleepy   s = {.caller = gettid()};
    assert_non_null(gang);
    as_gang_run(gang, 2, true, sleepy_unit, &s);
    assert_true(s.slept);
    as_gang_free(gang);
}

static void test_one_unit_starts_no_helpers(void **state)
{
    (void)state;
    as_err  err = AS_ERR_NONE;
    as_plan plan = {.threads = 3};
    as_step step = {0};
    assert_true(as_plan_help(&plan, &step, 1, &err));
    assert_null(plan.gang);
    assert_null(step.gang);
    assert_true(as_plan_help(&plan, &step, 2, &err));
    assert_non_null(plan.gang);
    assert_ptr_equal(step.gang, plan.gang);
    as_gang_free(plan.gang);
}

static void test_a_gang_without_anybody_is_refused(void **state)
{
    (void)state;
    as_err err = AS_ERR_NONE;
    assert_null(as_gang_new(0, &err));
    assert_int_equal(err.code, AS_EINVAL);
    assert_null(as_gang_new(1025, &err));
    assert_null(as_gang_free(NULL));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_every_unit_is_done_once),
        cmocka_unit_test(test_helpers_help),
        cmocka_unit_test(test_a_caller_sleeps_while_a_helper_is_busy),
        cmocka_unit_test(test_one_unit_starts_no_helpers),
        cmocka_unit_test(test_a_gang_without_anybody_is_refused),
    };
    return cmocka_run_group_tests_name("gang", tests, NULL, NULL);
}
