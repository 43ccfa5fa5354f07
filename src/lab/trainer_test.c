/* SPDX-License-Identifier: Apache-2.0 */
#include "lab/trainer.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

static void test_rows_are_whole(void **state)
{
    (void)state;
    size_t n = 0;
    for (const as_trainer *t; (t = as_trainer_at(n)); n++) {
        assert_true(t->name && *t->name && t->summary && *t->summary && t->train);
        assert_ptr_equal(as_trainer_find(t->name), t);
        assert_true(strlen(t->name) < sizeof((as_model_info *)0)->trainer);
    }
    assert_true(n >= 1);
    assert_null(as_trainer_find("nothing"));
    as_trained_done(&(as_trained){0});
}

int main(void)
{
    const struct CMUnitTest tests[] = {cmocka_unit_test(test_rows_are_whole)};
    return cmocka_run_group_tests(tests, NULL, NULL);
}
