/* SPDX-License-Identifier: Apache-2.0 */
#include "spec/interval.h"

#include <math.h>
#include <setjmp.h>
#include <stdarg.h>

#include <cmocka.h>

#define NEAR(a, b, eps)                                                  \
    do {                                                                 \
        double near_a = (a), near_b = (b);                               \
        if (!(fabs(near_a - near_b) <= (eps)))                           \
            fail_msg("%s is %.15g, expected %.15g", #a, near_a, near_b); \
    } while (0)

/* P(X >= k) for X binomial(n, p), summed term by term: small n only. */
static double tail(uint64_t k, uint64_t n, double p)
{
    double sum = 0;
    for (uint64_t i = k; i <= n; i++)
        sum += exp(lgamma((double)n + 1) - lgamma((double)i + 1) - lgamma((double)(n - i) + 1) + (double)i * log(p) +
                   (double)(n - i) * log1p(-p));
    return sum;
}

/* Bounds from exact rational tails, halved to 60 decimal digits. */
static const struct {
    uint64_t k, n;
    double   confidence, low, high;
} known[] = {
    {9, 10, 0.95, 0.6058366975634952, 0.9948838031081762},    {95, 100, 0.95, 0.8977466223567254, 0.9800944363378281},
    {190, 200, 0.95, 0.9166648489336280, 0.9726257464748855}, {7, 20, 0.975, 0.1539092047845411, 0.5921885345328281},
    {1, 1000, 0.95, 0.0000512919789090, 0.0047349935754997},  {499, 500, 0.99, 0.9867979068070899, 0.9999798995303101},
    {285, 300, 0.95, 0.9240513017004046, 0.9689300502551447}, {540, 600, 0.95, 0.8775289419341622, 0.9194800546525638},
};

static void test_known_bounds(void **state)
{
    (void)state;
    for (size_t i = 0; i < AS_COUNT(known); i++) {
        NEAR(as_interval_rate_low(known[i].k, known[i].n, known[i].confidence), known[i].low, 1e-12);
        NEAR(as_interval_rate_high(known[i].k, known[i].n, known[i].confidence), known[i].high, 1e-12);
    }
    as_interval both = as_interval_rate(7, 20, 0.95);
    NEAR(both.low, known[3].low, 1e-12);
    NEAR(both.high, known[3].high, 1e-12);
}

static void test_all_or_none(void **state)
{
    (void)state;
    static const uint64_t sizes[] = {1, 2, 10, 59, 1000, 1000000, 100000000};
    for (size_t i = 0; i < AS_COUNT(sizes); i++) {
        double n = (double)sizes[i];
        NEAR(as_interval_rate_low(sizes[i], sizes[i], 0.95), exp(log(0.05) / n), 1e-12);
        NEAR(as_interval_rate_high(0, sizes[i], 0.95), -expm1(log(0.05) / n), 1e-12);
        assert_true(as_interval_rate_high(sizes[i], sizes[i], 0.95) >= 1);
        assert_true(as_interval_rate_low(0, sizes[i], 0.95) <= 0);
    }
    as_interval none = as_interval_rate(0, 0, 0.95);
    assert_true(none.low <= 0 && none.high >= 1);
}

static void test_bound_is_where_the_tail_is(void **state)
{
    (void)state;
    for (uint64_t n = 5; n <= 400; n += 37)
        for (uint64_t k = 1; k < n; k += 1 + n / 7) {
            NEAR(tail(k, n, as_interval_rate_low(k, n, 0.95)), 0.05, 1e-9);
            NEAR(tail(k + 1, n, as_interval_rate_high(k, n, 0.95)), 0.95, 1e-9);
            NEAR(as_beta_cdf(0.3, (double)k, (double)(n - k) + 1), tail(k, n, 0.3), 1e-9);
        }
}

static void test_beta_quantile_inverts(void **state)
{
    (void)state;
    static const double shapes[] = {0.5, 1, 2.5, 40, 3000, 2e6};
    static const double ps[] = {1e-6, 0.01, 0.05, 0.5, 0.95, 0.999};
    for (size_t a = 0; a < AS_COUNT(shapes); a++)
        for (size_t b = 0; b < AS_COUNT(shapes); b++)
            for (size_t p = 0; p < AS_COUNT(ps); p++) {
                double x = as_beta_quantile(ps[p], shapes[a], shapes[b]);
                assert_true(x > 0 && x < 1);
                double step = 1e-12 + 1e-9 * AS_MIN(x, 1 - x);
                assert_true(as_beta_cdf(x - step, shapes[a], shapes[b]) < ps[p]);
                assert_true(as_beta_cdf(x + step, shapes[a], shapes[b]) > ps[p]);
            }
    /* I_x(1/2, 1/2) is the arcsine law; I_x(a, 1) = x^a. */
    NEAR(as_beta_quantile(0.3, 0.5, 0.5), pow(sin(M_PI * 0.15), 2), 1e-12);
    NEAR(as_beta_quantile(0.2, 3, 1), cbrt(0.2), 1e-12);
    assert_true(isnan(as_beta_cdf(0.5, 0, 1)) && isnan(as_beta_quantile(NAN, 1, 1)));
}

static void test_huge_counts(void **state)
{
    (void)state;
    /* On both sides of the change to Wilson's the bound is the normal one to within what is claimed. */
    static const uint64_t halves[] = {999999000, 1000001000, 4000000000ull};
    for (size_t i = 0; i < AS_COUNT(halves); i++) {
        double n = 2.0 * (double)halves[i];
        double want = 0.5 - 1.6448536269514722 * 0.5 / sqrt(n);
        NEAR(as_interval_rate_low(halves[i], 2 * halves[i], 0.95), want, 1e-9);
        NEAR(as_interval_rate_high(halves[i], 2 * halves[i], 0.95), 1 - want, 1e-9);
    }
}

static void test_normal_quantile(void **state)
{
    (void)state;
    NEAR(as_normal_quantile(0.975), 1.959963984540054, 1e-14);
    NEAR(as_normal_quantile(0.95), 1.644853626951472, 1e-14);
    NEAR(as_normal_quantile(0.001), -3.090232306167813, 1e-13);
    NEAR(as_normal_quantile(0.5), 0, 1e-15);
    NEAR(as_normal_quantile(1e-12), -7.034483825301132, 1e-9);
    assert_true(isinf(as_normal_quantile(0)) && isinf(as_normal_quantile(1)));
}

static void test_wilson(void **state)
{
    (void)state;
    /* Newcombe, Statistics in Medicine 17 (1998), table I: 81 of 263, 15 of 148, 0 of 20, 1 of 29. */
    as_interval a = as_interval_wilson(81, 263, 0.95), b = as_interval_wilson(15, 148, 0.95);
    as_interval c = as_interval_wilson(0, 20, 0.95), d = as_interval_wilson(1, 29, 0.95);
    NEAR(a.low, 0.2553, 5e-5);
    NEAR(a.high, 0.3662, 5e-5);
    NEAR(b.low, 0.0624, 5e-5);
    NEAR(b.high, 0.1605, 5e-5);
    assert_true(c.low <= 0);
    NEAR(c.high, 0.1611, 5e-5);
    NEAR(d.low, 0.0061, 5e-5);
    NEAR(d.high, 0.1718, 5e-5);
}

static void test_more_without_errors(void **state)
{
    (void)state;
    assert_int_equal(as_interval_more_needed(0, 0, 0.95, true, 0.95), 59); /* ln 0.05 / ln 0.95 = 58.4 */
    assert_int_equal(as_interval_more_needed(58, 58, 0.95, true, 0.95), 1);
    assert_int_equal(as_interval_more_needed(59, 59, 0.95, true, 0.95), 0);
    assert_int_equal(as_interval_more_needed(0, 0, 0.01, false, 0.95), 299);
    assert_int_equal(as_interval_more_needed(0, 100, 0.01, false, 0.95), 199);
    assert_int_equal(as_interval_more_needed(10, 10, 1.0, true, 0.95), UINT64_MAX);
    assert_int_equal(as_interval_more_needed(10, 10, 0.0, true, 0.95), 0);
    assert_int_equal(as_interval_more_needed(0, 10, 1e-13, false, 0.95), UINT64_MAX);
}

static void test_more_where_the_rate_is_too_low(void **state)
{
    (void)state;
    assert_int_equal(as_interval_more_needed(94, 100, 0.95, true, 0.95), UINT64_MAX);
    assert_int_equal(as_interval_more_needed(95, 100, 0.95, true, 0.95), UINT64_MAX); /* at the target: never proven */
    assert_int_equal(as_interval_more_needed(2, 100, 0.01, false, 0.95), UINT64_MAX);
    assert_int_equal(as_interval_more_needed(5, 3, 0.5, true, 0.95), UINT64_MAX);
    assert_int_equal(as_interval_more_needed(5, 10, NAN, true, 0.95), UINT64_MAX);
}

/* By trying each number of samples, with the errors rounded up. */
static uint64_t more_by_trial(uint64_t k, uint64_t n, double target, double confidence)
{
    for (uint64_t more = 0; more < 100000; more++) {
        uint64_t errors = (uint64_t)ceil((double)(n - k) * (double)(n + more) / (double)n - 1e-9);
        if (as_interval_rate_low(n + more - errors, n + more, confidence) >= target)
            return more;
    }
    return UINT64_MAX;
}

static void test_more_is_the_smallest(void **state)
{
    (void)state;
    static const struct {
        uint64_t k, n;
        double   target;
    } cases[] = {{96, 100, 0.95}, {98, 100, 0.95}, {19, 20, 0.9}, {380, 400, 0.93}, {9, 10, 0.5}, {285, 300, 0.94}};
    for (size_t i = 0; i < AS_COUNT(cases); i++) {
        uint64_t k = cases[i].k, n = cases[i].n, want = more_by_trial(k, n, cases[i].target, 0.95);
        assert_true(want > 0 || as_interval_rate_low(k, n, 0.95) >= cases[i].target);
        assert_int_equal(as_interval_more_needed(k, n, cases[i].target, true, 0.95), want);
        assert_int_equal(as_interval_more_needed(n - k, n, 1 - cases[i].target, false, 0.95), want);
    }
}

static void test_more_close_to_the_target(void **state)
{
    (void)state;
    /* z^2 p (1 - p) / d^2 samples in all, to within some per cent: 1.645^2 * 0.0475 / 1e-8. */
    uint64_t more = as_interval_more_needed(950100, 1000000, 0.95, true, 0.95);
    double   all = 1e6 + (double)more;
    NEAR(all / (pow(1.6448536, 2) * 0.9501 * 0.0499 / 1e-8), 1, 0.01);
}

static void test_quantile_rank(void **state)
{
    (void)state;
    assert_int_equal(as_interval_quantile_min_n(0.99, 0.95), 299);
    assert_int_equal(as_interval_quantile_min_n(0.5, 0.95), 5);
    assert_int_equal(as_interval_quantile_rank(298, 0.99, 0.95), 0);
    assert_int_equal(as_interval_quantile_rank(299, 0.99, 0.95), 299);
    assert_int_equal(as_interval_quantile_rank(0, 0.99, 0.95), 0);
    for (uint64_t n = 300; n <= 3000; n += 450) {
        uint64_t rank = as_interval_quantile_rank(n, 0.99, 0.95);
        assert_true(1 - tail(rank, n, 0.99) >= 0.95 - 1e-12); /* P(fewer than rank lie below the quantile) */
        assert_true(1 - tail(rank - 1, n, 0.99) < 0.95);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_known_bounds),
        cmocka_unit_test(test_all_or_none),
        cmocka_unit_test(test_bound_is_where_the_tail_is),
        cmocka_unit_test(test_beta_quantile_inverts),
        cmocka_unit_test(test_huge_counts),
        cmocka_unit_test(test_normal_quantile),
        cmocka_unit_test(test_wilson),
        cmocka_unit_test(test_more_without_errors),
        cmocka_unit_test(test_more_where_the_rate_is_too_low),
        cmocka_unit_test(test_more_is_the_smallest),
        cmocka_unit_test(test_more_close_to_the_target),
        cmocka_unit_test(test_quantile_rank),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
