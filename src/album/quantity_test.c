/* SPDX-License-Identifier: Apache-2.0 */
#include "album/quantity.h"

#include <math.h>
#include <setjmp.h>
#include <stdarg.h>
#include <string.h>

#include <cmocka.h>

#include "intake/intake.h"

/* Every row is whole, and looks at a check that there is. */
static void test_rows(void **state)
{
    (void)state;
    const as_quantity *q;
    for (size_t i = 0; (q = as_quantity_at(i)); i++) {
        bool found = q->check == NULL;
        assert_true(*q->key && *q->title && *q->axis);
        assert_int_equal(q->check != NULL, q->side != AS_SIDE_NONE);
        for (size_t k = 0; as_check_at(k); k++)
            found = found || strcmp(as_check_at(k)->name, q->check ? q->check : "") == 0;
        assert_true(found);
        if (q->check)
            assert_ptr_equal(as_quantity_of_check(q->check), q);
    }
    assert_null(as_quantity_of_check("duplicate"));
}

static void test_values_and_badness(void **state)
{
    (void)state;
    as_spec            spec = {.min_sharpness = 10, .max_noise = 0};
    as_sample          s = {.sharpness = 4, .clipped_ratio = NAN, .width = 0};
    as_note            note = {.noise = 3};
    const as_quantity *sharp = as_quantity_of_check("sharpness"), *noise = as_quantity_of_check("noise");
    assert_true(as_quantity_value(sharp, &s, NULL) == 4);
    assert_true(as_quantity_value(noise, &s, &note) == 3);
    assert_true(isnan(as_quantity_value(noise, &s, NULL)));
    assert_true(as_quantity_limit(sharp, &spec) == 10);
    assert_true(isnan(as_quantity_limit(noise, &spec))); /* 0 is: not checked */
    assert_true(as_quantity_badness(sharp, &spec, 4) == 6);
    assert_true(as_quantity_badness(sharp, &spec, 4) > as_quantity_badness(sharp, &spec, 9));
    assert_true(as_quantity_badness(noise, &spec, 4) > as_quantity_badness(noise, &spec, 3));
    assert_true(as_quantity_badness(sharp, &spec, NAN) == -INFINITY);
}

static as_bins bins_of(const char *check, const double *values, size_t n, double limit)
{
    as_err    err = AS_ERR_NONE;
    as_spread spread;
    assert_true(as_spread_make(&spread, values, n, &err));
    as_bins bins = as_bins_for(as_quantity_of_check(check), &spread, limit);
    as_spread_done(&spread);
    return bins;
}

static void test_bins(void **state)
{
    (void)state;
    double values[101];
    for (size_t i = 0; i < 101; i++)
        values[i] = 10 + (double)i;
    values[100] = 100000;
    as_bins bins = bins_of("sharpness", values, 101, 5);
    assert_true(bins.open && bins.high < 200 && bins.high > 110); /* one outlier squeezes nothing */
    assert_true(bins.low <= 5 && bins.n <= AS_BINS_MOST);
    bins = bins_of("noise", values, 50, 1e6);
    assert_true(bins.high < 1e5); /* a limit far from everything is not drawn */
    bins = bins_of("noise", values, 50, 100);
    assert_true(bins.high >= 100);
    for (double limit = 11; limit < 110; limit += 7.3) { /* no bin lies on both sides of it */
        bins = bins_of("sharpness", values, 100, limit);
        double at = (limit - bins.low) / (bins.high - bins.low) * (double)bins.n;
        assert_true(fabs(at - round(at)) < 1e-6);
        assert_true(bins.n <= AS_BINS_MOST && (bins.open || bins.high >= 109));
    }
    double same[] = {7, 7, 7, NAN};
    bins = bins_of("contrast", same, 4, NAN);
    assert_true(bins.high > bins.low);
    double none[] = {NAN};
    bins = bins_of("contrast", none, 1, NAN);
    assert_true(isnan(bins.low));
}

static void test_quantiles(void **state)
{
    (void)state;
    as_err       err = AS_ERR_NONE;
    as_spread    spread;
    const double values[] = {3, NAN, 1, 2, INFINITY};
    assert_true(as_spread_make(&spread, values, 5, &err));
    assert_int_equal(spread.n, 3);
    assert_true(as_spread_quantile(&spread, 0) == 1 && as_spread_quantile(&spread, 0.5) == 2);
    assert_true(as_spread_quantile(&spread, 1) == 3);
    as_spread_done(&spread);
    assert_true(isnan(as_spread_quantile(&spread, 0.5)));
}

int main(void)
{
    const struct CMUnitTest tests[] = {cmocka_unit_test(test_rows), cmocka_unit_test(test_values_and_badness),
                                       cmocka_unit_test(test_bins), cmocka_unit_test(test_quantiles)};
    return cmocka_run_group_tests(tests, NULL, NULL);
}
