/* SPDX-License-Identifier: Apache-2.0 */
#include <pthread.h>
#include <setjmp.h>
#include <stdarg.h>
#include <string.h>

#include <cmocka.h>

#include "engine/weights.h"

enum { LARGE = 300000, N_THREADS = 4, N_ROUNDS = 50 };

static as_weights *filled(size_t bytes, int with)
{
    as_err      err = AS_ERR_NONE;
    as_weights *block = as_weights_new(bytes, &err);
    assert_non_null(block);
    assert_int_equal(as_weights_bytes(block), bytes);
    assert_true((uintptr_t)as_weights_data(block) % AS_WEIGHTS_ALIGN == 0);
    const uint8_t *data = as_weights_data(block);
    for (size_t i = 0; i < bytes; i++)
        assert_int_equal(data[i], 0);
    memset(as_weights_data(block), with, bytes);
    return block;
}

static void assert_count(size_t blocks, size_t bytes)
{
    size_t have_blocks, have_bytes;
    as_weights_count(&have_blocks, &have_bytes);
    assert_int_equal(have_blocks, blocks);
    assert_int_equal(have_bytes, bytes);
}

static void test_equal_blocks_become_one(void **state)
{
    (void)state;
    as_weights *a = as_weights_share(filled(LARGE, 7));
    assert_false(as_weights_is_shared(a));
    as_weights *b = as_weights_share(filled(LARGE, 7)), *c = as_weights_share(filled(LARGE, 8));
    assert_ptr_equal(a, b);
    assert_ptr_not_equal(a, c);
    assert_true(as_weights_is_shared(a));
    assert_false(as_weights_is_shared(c));
    assert_count(2, 2 * LARGE);
    as_weights_unref(a);
    assert_false(as_weights_is_shared(b));
    assert_int_equal(((const uint8_t *)as_weights_data(b))[LARGE - 1], 7);
    as_weights_unref(b);
    as_weights_unref(c);
    as_weights_unref(NULL);
    assert_count(0, 0);
}

/* Where only a byte differs that no key looks at. */
static void test_blocks_that_look_alike_stay_apart(void **state)
{
    (void)state;
    as_weights *all[32] = {NULL};
    for (size_t i = 0; i < AS_COUNT(all); i++) {
        as_weights *block = filled(LARGE, 7);
        ((uint8_t *)as_weights_data(block))[1 + i * (LARGE / 32)] = 9;
        all[i] = as_weights_share(block);
        for (size_t k = 0; k < i; k++)
            assert_ptr_not_equal(all[i], all[k]);
    }
    assert_count(AS_COUNT(all), AS_COUNT(all) * LARGE);
    for (size_t i = 0; i < AS_COUNT(all); i++)
        as_weights_unref(all[i]);
    assert_count(0, 0);
}

static void test_small_and_other_sizes_are_not_shared(void **state)
{
    (void)state;
    as_weights *a = as_weights_share(filled(100, 7)), *b = as_weights_share(filled(100, 7));
    as_weights *c = as_weights_share(filled(LARGE, 7)), *d = as_weights_share(filled(LARGE + 64, 7));
    assert_ptr_not_equal(a, b);
    assert_ptr_not_equal(c, d);
    assert_count(2, 2 * LARGE + 64);
    as_weights_unref(a);
    as_weights_unref(b);
    as_weights_unref(c);
    as_weights_unref(d);
    assert_count(0, 0);
}

static void *come_and_go(void *arg)
{
    const int with = *(const int *)arg;
    for (int i = 0; i < N_ROUNDS; i++) {
        as_err      err = AS_ERR_NONE;
        as_weights *block = as_weights_new(LARGE, &err);
        memset(as_weights_data(block), with, LARGE);
        block = as_weights_share(block);
        const uint8_t *data = as_weights_data(block);
        for (size_t k = 0; k < LARGE; k += 4096)
            if (data[k] != with)
                return arg;
        as_weights_unref(block);
    }
    return NULL;
}

static void test_threads_share_and_leave_at_once(void **state)
{
    (void)state;
    pthread_t threads[N_THREADS];
    int       with[N_THREADS] = {1, 1, 2, 1};
    for (int i = 0; i < N_THREADS; i++)
        assert_int_equal(pthread_create(&threads[i], NULL, come_and_go, &with[i]), 0);
    for (int i = 0; i < N_THREADS; i++) {
        void *wrong;
        assert_int_equal(pthread_join(threads[i], &wrong), 0);
        assert_null(wrong);
    }
    assert_count(0, 0);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_equal_blocks_become_one),
        cmocka_unit_test(test_blocks_that_look_alike_stay_apart),
        cmocka_unit_test(test_small_and_other_sizes_are_not_shared),
        cmocka_unit_test(test_threads_share_and_leave_at_once),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
