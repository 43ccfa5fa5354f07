/* SPDX-License-Identifier: Apache-2.0 */
#include "engine/peak.h"

#include <setjmp.h>
#include <stdarg.h>

#include <cmocka.h>

#include "base/thread.h"

static void test_every_figure_is_a_speed(void **state)
{
    (void)state;
    as_peak peak = {0};
    as_err  err = AS_ERR_NONE;
    assert_true(as_peak_measure(1, &peak, &err));
    assert_int_equal(peak.threads, 1);
    /* No processor that this runs on does less than a tenth of a GFLOP/s, or more than 100 T. */
    assert_true(peak.flops > 1e8 && peak.flops < 1e14);
    assert_true(peak.int8_ops > 1e8 && peak.int8_ops < 1e15);
    for (size_t i = 0; i < AS_PEAK_LEVELS; i++) {
        assert_true(peak.levels[i].bytes_per_s > 1e7 && peak.levels[i].bytes_per_s < 1e14);
        assert_true(i == 0 || peak.levels[i].bytes > peak.levels[i - 1].bytes);
    }
#if !defined(__SANITIZE_ADDRESS__) && !defined(__SANITIZE_THREAD__)  /* each access of theirs is a call */
    assert_true(peak.levels[0].bytes_per_s > as_peak_memory(&peak)); /* what a cache is for */
#endif
    assert_true(as_peak_flops() > 1e8);
    assert_true(as_peak_int8() > 1e8 && as_peak_int8() < 1e15);
}

static void test_threads_share_the_pieces(void **state)
{
    (void)state;
    as_peak        peak = {0};
    as_err         err = AS_ERR_NONE;
    const uint32_t threads = as_thread_cores() > 1 ? 2 : 1;
    assert_true(as_peak_measure(threads, &peak, &err));
    assert_int_equal(peak.levels[AS_PEAK_LEVELS - 1].bytes, AS_PEAK_MOST_BYTES);
    assert_true(peak.flops > 1e8);
    assert_false(as_peak_measure(0, &peak, &err));
    assert_false(as_peak_measure(257, &peak, &err));
}

/* 100 G operations a second; 80, 40, 20, 20, 20, 10 GB a second. */
static as_peak made_up(void)
{
    as_peak             peak = {.threads = 1, .flops = 100e9, .int8_ops = 400e9};
    static const size_t bytes[AS_PEAK_LEVELS] = {10000, 100000, 1000000, 2000000, 3000000, 100000000};
    static const double speeds[AS_PEAK_LEVELS] = {80e9, 40e9, 20e9, 20e9, 20e9, 10e9};
    for (size_t i = 0; i < AS_PEAK_LEVELS; i++)
        peak.levels[i] = (as_peak_level){bytes[i], speeds[i]};
    return peak;
}

static void test_a_roof_is_the_lower_of_two(void **state)
{
    (void)state;
    as_peak peak = made_up();
    assert_true(as_peak_bandwidth(&peak, 0) == 80e9);
    assert_true(as_peak_bandwidth(&peak, 10000) == 80e9);
    assert_true(as_peak_bandwidth(&peak, 10001) == 40e9);
    assert_true(as_peak_bandwidth(&peak, 2500000) == 20e9);
    assert_true(as_peak_bandwidth(&peak, 1e12) == 10e9);
    assert_true(as_peak_memory(&peak) == 10e9);
    assert_float_equal(as_peak_seconds(&peak, 1e9, 5000, false), 0.01, 1e-9);  /* held by arithmetic */
    assert_float_equal(as_peak_seconds(&peak, 1e9, 5000, true), 0.0025, 1e-9); /* of whole numbers */
    assert_float_equal(as_peak_seconds(&peak, 1e3, 20e6, false), 0.002, 1e-9); /* held by memory */
    peak.levels[1].bytes_per_s = 15e9; /* measured while others were at work: what is larger was faster */
    assert_true(as_peak_bandwidth(&peak, 50000) == 20e9);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_every_figure_is_a_speed),
        cmocka_unit_test(test_threads_share_the_pieces),
        cmocka_unit_test(test_a_roof_is_the_lower_of_two),
    };
    return cmocka_run_group_tests_name("peak", tests, NULL, NULL);
}
