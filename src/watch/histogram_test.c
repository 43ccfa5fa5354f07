/* SPDX-License-Identifier: Apache-2.0 */
#include "watch/histogram.h"

#include <math.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "base/rng.h"

#define N_VALUES 20000

static as_histogram h, other;
static int64_t      values[N_VALUES];

static int setup(void **state)
{
    (void)state;
    memset(&h, 0, sizeof h);
    memset(&other, 0, sizeof other);
    return 0;
}

static int compare(const void *a, const void *b)
{
    int64_t x = *(const int64_t *)a, y = *(const int64_t *)b;
    return (x > y) - (x < y);
}

static void test_empty(void **state)
{
    (void)state;
    assert_int_equal(as_histogram_quantile(&h, 0.5), 0);
    assert_true(as_histogram_mean(&h) == 0);
    as_histogram_merge(&h, &other);
    assert_int_equal(h.n, 0);
}

static void test_buckets_cover_everything_once(void **state)
{
    (void)state;
    for (size_t i = 0; i + 1 < AS_HISTOGRAM_BUCKETS; i++) {
        int64_t low = as_histogram_bucket_low(i), next = as_histogram_bucket_low(i + 1);
        assert_true(next > low);
        assert_true(low < 64 || (double)(next - low) / (double)low <= 1.0 / 64);
        as_histogram_add(&h, low);
        as_histogram_add(&h, next - 1);
        assert_int_equal(h.count[i], 2);
    }
    assert_int_equal(as_histogram_bucket_low(AS_HISTOGRAM_BUCKETS), (int64_t)1 << 45);
    as_histogram_add(&h, INT64_MAX);
    assert_int_equal(h.count[AS_HISTOGRAM_BUCKETS - 1], 1);
    assert_int_equal(as_histogram_quantile(&h, 1), INT64_MAX);
}

static void check_against_sorted(size_t n)
{
    static const double qs[] = {0, 0.001, 0.01, 0.1, 0.25, 0.5, 0.75, 0.9, 0.99, 0.999, 0.9999, 1};
    qsort(values, n, sizeof values[0], compare);
    for (size_t i = 0; i < AS_COUNT(qs); i++) {
        size_t rank = (size_t)ceil(qs[i] * (double)n);
        double exact = (double)values[rank == 0 ? 0 : rank - 1];
        double got = (double)as_histogram_quantile(&h, qs[i]);
        if (fabs(got - exact) > exact / 64)
            fail_msg("quantile %g of %zu: %g, exact %g", qs[i], n, got, exact);
    }
    assert_int_equal(as_histogram_quantile(&h, 0), values[0]);
    assert_int_equal(as_histogram_quantile(&h, 1), values[n - 1]);
}

static void test_against_sorted(void **state)
{
    (void)state;
    as_rng rng = as_rng_new(2);
    for (int kind = 0; kind < 4; kind++) {
        static const size_t sizes[] = {1, 2, 3, 10, 1000, N_VALUES};
        for (size_t s = 0; s < AS_COUNT(sizes); s++) {
            double sum = 0;
            memset(&h, 0, sizeof h);
            for (size_t i = 0; i < sizes[s]; i++) {
                double v = kind == 0   ? as_rng_unit(&rng) * 100
                           : kind == 1 ? exp(as_rng_normal(&rng) + 14)
                           : kind == 2 ? pow(2, as_rng_unit(&rng) * 44)
                                       : 5e6;
                values[i] = (int64_t)v;
                sum += (double)values[i];
                as_histogram_add(&h, values[i]);
            }
            assert_int_equal(h.n, sizes[s]);
            assert_true(fabs(as_histogram_mean(&h) - sum / (double)sizes[s]) <= 1e-9 * sum);
            check_against_sorted(sizes[s]);
        }
    }
}

static void test_merge_is_adding_all(void **state)
{
    (void)state;
    static as_histogram all;
    as_rng              rng = as_rng_new(4);
    memset(&all, 0, sizeof all);
    for (int i = 0; i < 5000; i++) {
        int64_t v = (int64_t)as_rng_below(&rng, 1000000000);
        as_histogram_add(i % 3 ? &h : &other, v);
        as_histogram_add(&all, v);
    }
    as_histogram_merge(&h, &other);
    all.sum = h.sum; /* of another order */
    assert_memory_equal(&h, &all, sizeof h);
    memset(&all, 0, sizeof all);
    as_histogram_merge(&all, &h);
    assert_memory_equal(&h, &all, sizeof h);
}

static void test_odd_input(void **state)
{
    (void)state;
    as_histogram_add(&h, -5);
    as_histogram_add(&h, INT64_MIN);
    as_histogram_add(&h, 10);
    assert_int_equal(h.min, 0);
    assert_int_equal(h.count[0], 2);
    assert_int_equal(as_histogram_quantile(&h, NAN), 0);
    assert_int_equal(as_histogram_quantile(&h, -1), 0);
    assert_int_equal(as_histogram_quantile(&h, 7), 10);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup(test_empty, setup),
        cmocka_unit_test_setup(test_buckets_cover_everything_once, setup),
        cmocka_unit_test_setup(test_against_sorted, setup),
        cmocka_unit_test_setup(test_merge_is_adding_all, setup),
        cmocka_unit_test_setup(test_odd_input, setup),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
