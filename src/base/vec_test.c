/* SPDX-License-Identifier: Apache-2.0 */
#include "base/vec.h"

#include <setjmp.h>
#include <stdarg.h>

#include <cmocka.h>

static void test_push(void **state)
{
    (void)state;
    AS_VEC(int) v = {0};
    for (int i = 0; i < 1000; i++)
        assert_true(as_vec_push(&v, i * 3));
    assert_int_equal(v.n, 1000);
    assert_true(v.cap >= 1000);
    for (int i = 0; i < 1000; i++)
        assert_int_equal(v.at[i], i * 3);
    as_vec_done(&v);
    assert_null(v.at);
    assert_int_equal(v.n + v.cap, 0);
    as_vec_done(&v);
}

static void test_too_large_leaves_it_alone(void **state)
{
    (void)state;
    AS_VEC(uint64_t) v = {0};
    assert_true(as_vec_push(&v, 7));
    uint64_t *at = v.at;
    size_t    cap = v.cap;
    assert_false(as_vec_reserve(&v, SIZE_MAX));
    assert_false(as_vec_reserve(&v, SIZE_MAX / 8)); /* the bytes do not fit, though the number does */
    assert_ptr_equal(v.at, at);
    assert_int_equal(v.cap, cap);
    assert_int_equal(v.at[0], 7);
    as_vec_done(&v);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_push),
        cmocka_unit_test(test_too_large_leaves_it_alone),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
