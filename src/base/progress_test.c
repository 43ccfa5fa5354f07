/* SPDX-License-Identifier: Apache-2.0 */
#include "base/progress.h"

#include <setjmp.h>
#include <stdarg.h>
#include <string.h>

#include <cmocka.h>

typedef struct seen {
    const char *what;
    uint64_t    done, total;
} seen;

static void on_step(void *ctx, const char *what, uint64_t done, uint64_t total)
{
    *(seen *)ctx = (seen){what, done, total};
}

static void test_step(void **state)
{
    (void)state;
    seen        last = {0};
    as_progress progress = {.step = on_step, .ctx = &last};
    as_progress_step(&progress, "hashing", 3, 10);
    assert_string_equal(last.what, "hashing");
    assert_int_equal(last.done, 3);
    assert_int_equal(last.total, 10);
    as_progress_step(NULL, "nobody looks", 1, 1);
    progress.step = NULL;
    as_progress_step(&progress, "nobody looks", 1, 1);
    assert_int_equal(last.done, 3);
}

static void test_stop(void **state)
{
    (void)state;
    atomic_bool stop = false;
    as_progress progress = {.stop = &stop};
    as_err      err = AS_ERR_NONE;
    assert_true(as_progress_go_on(NULL, &err));
    assert_true(as_progress_go_on(&(as_progress){0}, &err));
    assert_true(as_progress_go_on(&progress, &err));
    assert_int_equal(err.code, AS_OK);
    stop = true;
    assert_false(as_progress_go_on(&progress, &err));
    assert_int_equal(err.code, AS_ECANCELLED);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_step),
        cmocka_unit_test(test_stop),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
