/* SPDX-License-Identifier: Apache-2.0 */
#include "watch/shift.h"

#include <math.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdlib.h>

#include <cmocka.h>

static void near(double have, double want)
{
    if (!(fabs(have - want) <= 1e-9 * fmax(1, fabs(want)) || fabs(have / want - 1) < 1e-9))
        fail_msg("%.17g is not %.17g", have, want);
}

/* Numbers of SciPy 1.x: special.kolmogorov, chi2.sf, chi2_contingency, ks_2samp. */
static void test_kolmogorov(void **state)
{
    (void)state;
    static const double want[][2] = {{0.3, 0.9999906941986655},    {0.5, 0.9639452436648751},
                                     {0.8, 0.5441424115741981},    {1.0, 0.26999967167735456},
                                     {1.36, 0.049485876755377876}, {2.0, 0.0006709252557796953},
                                     {3.0, 3.045995948942526e-08}};
    for (size_t i = 0; i < AS_COUNT(want); i++)
        near(as_shift_kolmogorov(want[i][0]), want[i][1]);
    assert_true(as_shift_kolmogorov(0) == 1 && as_shift_kolmogorov(1e-9) == 1);
}

static void test_chi2(void **state)
{
    (void)state;
    static const double   want[][3] = {{1, 3.841459, 0.04999999465319563},
                                       {3, 2.0, 0.5724067044708798},
                                       {6, 20.0, 0.0027693957155115775},
                                       {10, 5.0, 0.8911780189141513},
                                       {40, 80.0, 0.0001763028977385677}};
    static const uint64_t a[] = {30, 0, 20, 50}, b[] = {45, 0, 5, 30};
    size_t                df;
    for (size_t i = 0; i < AS_COUNT(want); i++)
        near(as_shift_chi2_p(want[i][1], (size_t)want[i][0]), want[i][2]);
    near(as_shift_chi2(a, b, 4, &df), 14.9625);
    assert_int_equal(df, 2);
    near(as_shift_chi2_p(14.9625, 2), 0.000563552534445695);
    assert_true(as_shift_chi2(a, (uint64_t[]){0, 0, 0, 0}, 4, &df) == 0 && df == 0);
}

static void test_ks(void **state)
{
    (void)state;
    static const double a[] = {1.1, 2.3, 2.9, 3.4, 4.8, 5.0, 5.0, 6.2, 7.7, 9.1};
    static const double b[] = {3.0, 5.0, 5.6, 6.1, 7.7, 8.4, 9.9, 10.2, 11.5, 12.0, 13.1, 14.8};
    double              d = as_shift_ks(a, 10, b, 12), p = as_shift_ks_p(d, 10, 12);
    near(d, 0.5333333333333333);
    near(p, 0.05670917651562459);
    assert_true(fabs(p - 0.061746303232371354) < 0.006); /* the exact one */
    near(as_shift_ks_p(0.08666666666666667, 400, 300), 0.14468049737656358);
    assert_true(as_shift_ks(a, 10, a, 10) == 0);
}

static void test_psi(void **state)
{
    (void)state;
    static const uint64_t a[] = {50, 30, 20}, b[] = {20, 30, 50};
    double                values[100], others[100];
    near(as_shift_psi(a, a, 3), 0);
    double p = 50.5 / 101.5, q = 20.5 / 101.5;
    near(as_shift_psi(a, b, 3), 2 * (p - q) * log(p / q));
    for (int i = 0; i < 100; i++)
        values[i] = others[i] = 128; /* as with the width of every picture */
    near(as_shift_psi_of(values, 100, others, 100), 0);
    for (int i = 0; i < 100; i++)
        others[i] = 576;
    assert_true(as_shift_psi_of(values, 100, others, 100) > 5);
    for (int i = 0; i < 100; i++)
        values[i] = i, others[i] = i + 0.1;
    assert_true(as_shift_psi_of(values, 100, others, 100) < 0.05);
    for (int i = 0; i < 100; i++)
        others[i] = i + 200;
    assert_true(as_shift_psi_of(values, 100, others, 100) > 2);
}

static void test_holm(void **state)
{
    (void)state;
    double p[] = {0.01, 0.04, 0.03, 0.005}, one[] = {0.6, 0.9};
    as_shift_holm(p, 4);
    near(p[0], 0.03);
    near(p[1], 0.06);
    near(p[2], 0.06);
    near(p[3], 0.02);
    as_shift_holm(one, 2);
    assert_true(one[0] == 1 && one[1] == 1);
    as_shift_holm(one, 0);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_kolmogorov), cmocka_unit_test(test_chi2), cmocka_unit_test(test_ks),
        cmocka_unit_test(test_psi),        cmocka_unit_test(test_holm),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
