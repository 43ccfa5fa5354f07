/* SPDX-License-Identifier: Apache-2.0 */
#include "base/pairs.h"

#include <math.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

/* Time that only the calls move. */
static as_ns  fake_ns, cost_ns[2];
static char   order[10000];
static size_t n_calls, first_seen[2];

static as_ns fake_now(void)
{
    return fake_ns;
}

static bool fake_block(void *ctx, int side, size_t first, size_t n, double *ret_ns, as_err *err)
{
    const size_t *fails_at = ctx;
    for (size_t i = 0; i < n; i++) {
        if (n_calls == *fails_at)
            return AS_FAIL(err, AS_EIO, "broken");
        order[n_calls++] = (char)('A' + side);
        ret_ns[i] = (double)(cost_ns[side] + (as_ns)(first + i));
        fake_ns += cost_ns[side] + (as_ns)(first + i);
    }
    first_seen[side] = first;
    return true;
}

static int reset(void **state)
{
    (void)state;
    fake_ns = 0;
    n_calls = 0;
    cost_ns[0] = 1000;
    cost_ns[1] = 3000;
    return 0;
}

static void test_quantiles_are_those_of_type_7(void **state)
{
    (void)state;
    double four[] = {40.0, 10.0, 30.0, 20.0}; /* R: quantile(c(10,20,30,40), c(.1,.5,.9)) */
    assert_float_equal(as_quantile_of(four, 4, 0.5), 25.0, 1e-12);
    assert_float_equal(as_quantile_of(four, 4, 0.1), 13.0, 1e-12);
    assert_float_equal(as_quantile_of(four, 4, 0.9), 37.0, 1e-12);
    assert_float_equal(as_quantile_of(four, 4, 0.0), 10.0, 0.0);
    assert_float_equal(as_quantile_of(four, 4, 1.0), 40.0, 0.0);
    double  one[] = {3.0};
    as_band band = as_band_of(one, 1);
    assert_true(band.low == 3.0 && band.median == 3.0 && band.high == 3.0);
    double hundred_one[101];
    for (int i = 0; i <= 100; i++)
        hundred_one[i] = 100.0 - i;
    band = as_band_of(hundred_one, 101);
    assert_float_equal(band.low, 10.0, 1e-12);
    assert_float_equal(band.median, 50.0, 1e-12);
    assert_float_equal(band.high, 90.0, 1e-12);
}

static as_pairs_cfg some_cfg(void)
{
    return (as_pairs_cfg){.n_sides = 2, .pairs = 6, .block_ns = 30000, .warm_ns = 1000, .now = fake_now};
}

static void test_every_call_is_kept_where_it_is_asked_for(void **state)
{
    (void)state;
    as_pairs_cfg cfg = some_cfg();
    as_pairs     pairs;
    as_err       err = AS_ERR_NONE;
    size_t       never = SIZE_MAX;
    cfg.keep = true;
    assert_true(as_pairs_run(&cfg, fake_block, &never, &pairs, &err));
    assert_int_equal(pairs.n, 6);
    assert_int_equal(pairs.calls, 10);
    for (size_t i = 0; i < pairs.n * pairs.calls; i++) /* a call has the same number on both sides */
        for (int side = 0; side < 2; side++)
            assert_true(pairs.times[side][i] == (double)(cost_ns[side] + (as_ns)i));
    const size_t warm = n_calls - 2 * pairs.n * pairs.calls;
    for (size_t block = 0; block < 2 * pairs.n; block++)
        assert_int_equal(order[warm + block * pairs.calls], "ABBA"[block % 4]);
    as_pairs_done(&pairs);
    cfg.keep = false;
    assert_true(as_pairs_run(&cfg, fake_block, &never, &pairs, &err));
    assert_null(pairs.times[0]);
    as_pairs_done(&pairs);
}

static void test_one_side_has_no_ratio(void **state)
{
    (void)state;
    as_pairs_cfg cfg = some_cfg();
    as_pairs     pairs;
    as_err       err = AS_ERR_NONE;
    size_t       never = SIZE_MAX;
    cfg.n_sides = 1;
    assert_true(as_pairs_run(&cfg, fake_block, &never, &pairs, &err));
    assert_int_equal(pairs.calls, 30);
    assert_true(isnan(pairs.ratio.median) && isnan(pairs.at[3].ratio));
    assert_true(pairs.ns[0].median > 1000);
    for (size_t i = 0; i < n_calls; i++)
        assert_int_equal(order[i], 'A');
    as_pairs_done(&pairs);
}

static void test_calls_that_are_long_are_few(void **state)
{
    (void)state;
    as_pairs_cfg cfg = some_cfg();
    as_pairs     pairs;
    as_err       err = AS_ERR_NONE;
    size_t       never = SIZE_MAX;
    cost_ns[1] = 1000000;
    assert_true(as_pairs_run(&cfg, fake_block, &never, &pairs, &err));
    assert_int_equal(pairs.calls, 5);
    as_pairs_done(&pairs);
    cfg.least_calls = 1;
    assert_true(as_pairs_run(&cfg, fake_block, &never, &pairs, &err));
    assert_int_equal(pairs.calls, 1);
    as_pairs_done(&pairs);
}

static void test_failures_leave_nothing(void **state)
{
    (void)state;
    as_pairs_cfg cfg = some_cfg();
    as_pairs     pairs = {.n = 99};
    as_err       err = AS_ERR_NONE;
    size_t       fails_at = 40;
    assert_false(as_pairs_run(&cfg, fake_block, &fails_at, &pairs, &err));
    assert_int_equal(err.code, AS_EIO);
    assert_int_equal(pairs.n, 99);
    atomic_bool stop = true;
    as_progress progress = {.stop = &stop};
    cfg.progress = &progress;
    fails_at = SIZE_MAX;
    err = (as_err)AS_ERR_NONE;
    assert_false(as_pairs_run(&cfg, fake_block, &fails_at, &pairs, &err));
    assert_int_equal(err.code, AS_ECANCELLED);
    cfg = some_cfg();
    cfg.n_sides = 3;
    assert_false(as_pairs_run(&cfg, fake_block, &fails_at, &pairs, &err));
    cfg = some_cfg();
    cfg.pairs = AS_PAIRS_MAX + 1;
    assert_false(as_pairs_run(&cfg, fake_block, &fails_at, &pairs, &err));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup(test_quantiles_are_those_of_type_7, reset),
        cmocka_unit_test_setup(test_every_call_is_kept_where_it_is_asked_for, reset),
        cmocka_unit_test_setup(test_one_side_has_no_ratio, reset),
        cmocka_unit_test_setup(test_calls_that_are_long_are_few, reset),
        cmocka_unit_test_setup(test_failures_leave_nothing, reset),
    };
    return cmocka_run_group_tests_name("pairs", tests, NULL, NULL);
}
