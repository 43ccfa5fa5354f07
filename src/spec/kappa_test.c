/* SPDX-License-Identifier: Apache-2.0 */
#include "spec/kappa.h"

#include <math.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>

#include <cmocka.h>

#define NEAR(a, b) assert_true(fabs((a) - (b)) < 1e-12)

/* Two pathologists on 118 slides (Holmquist et al. 1967, in Agresti, Categorical Data Analysis: kappa 0.493, standard error
 * 0.057). The further digits: cohen_kappa_score of scikit-learn 1.9.1, cohens_kappa of statsmodels 0.15.0. */
static void test_two_pathologists(void **state)
{
    (void)state;
    static const uint64_t slides[] = {22, 2, 2, 0, 5, 7, 14, 0, 0, 2, 36, 0, 0, 1, 17, 10};
    as_kappa              k = as_kappa_cohen(slides, 4, 0.95);
    assert_int_equal(k.n, 118);
    NEAR(k.kappa, 0.49300559552358125);
    NEAR(k.standard_error, 0.05674315040803581);
    NEAR(k.observed, 75.0 / 118);
    NEAR(k.interval.low, k.kappa - 1.959963984540054 * k.standard_error);
    NEAR(k.interval.high, k.kappa + 1.959963984540054 * k.standard_error);
}

static void test_cohen_at_the_edges(void **state)
{
    (void)state;
    static const uint64_t same[] = {5, 0, 0, 7}, one_class[] = {9, 0, 0, 0}, opposite[] = {0, 6, 6, 0}, none[4] = {0};
    as_kappa              k = as_kappa_cohen(same, 2, 0.95);
    NEAR(k.kappa, 1);
    NEAR(k.standard_error, 0);
    NEAR(k.interval.high, 1);
    k = as_kappa_cohen(opposite, 2, 0.95);
    NEAR(k.kappa, -1);
    k = as_kappa_cohen(one_class, 2, 0.95);
    assert_true(k.observed == 1 && isnan(k.kappa) && isnan(k.interval.low));
    static const uint64_t one_sided[] = {2, 0, 1, 0};
    k = as_kappa_cohen(one_sided, 2, 0.95);
    assert_true(k.kappa == 0 && isnan(k.standard_error));
    k = as_kappa_cohen(none, 2, 0.95);
    assert_true(k.n == 0 && isnan(k.kappa) && isnan(k.standard_error));
}

/* The table of ten subjects by fourteen raters that textbooks work out: 0.210; further digits fleiss_kappa of statsmodels
 * 0.15.0; the standard error by leaving out each row in turn and calling the formula again. */
static uint32_t subjects[] = {0, 0, 0, 0, 14, 0, 2, 6, 4, 2, 0, 0, 3, 5, 6, 0, 3, 9, 2, 0, 2, 2, 8, 1, 1,
                              7, 7, 0, 0, 0,  3, 2, 6, 3, 0, 2, 5, 3, 2, 2, 6, 5, 2, 1, 0, 0, 2, 2, 3, 7};

static void test_fourteen_raters(void **state)
{
    (void)state;
    as_kappa k = as_kappa_fleiss(subjects, 10, 5, 0.95);
    assert_int_equal(k.n, 10);
    NEAR(k.kappa, 0.20993070442195522);
    NEAR(k.observed, 0.378021978021978);
    NEAR(k.expected, 0.21275510204081632);
    NEAR(k.standard_error, 0.1005570232449718);
}

/* Not all have seen all: and a sample that one has seen says nothing about agreement. */
static void test_raters_differ_in_number(void **state)
{
    (void)state;
    uint32_t counts[55] = {0};
    for (size_t i = 0; i < 50; i++)
        counts[i] = subjects[i];
    counts[4] = 3;
    static const uint32_t few[] = {1, 0, 1, 0, 0};
    for (size_t i = 0; i < 5; i++)
        counts[20 + i] = few[i];
    counts[50] = 1;
    as_kappa k = as_kappa_fleiss(counts, 11, 5, 0.95);
    assert_int_equal(k.n, 10);
    NEAR(k.kappa, 0.17149070111507186);
    NEAR(k.standard_error, 0.11241401669847985);
}

static void test_fleiss_at_the_edges(void **state)
{
    (void)state;
    static const uint32_t same[] = {3, 0, 0, 3, 3, 0}, one_class[] = {2, 0, 2, 0}, single[] = {1, 2}, none[] = {1, 0};
    as_kappa              k = as_kappa_fleiss(same, 3, 2, 0.95);
    NEAR(k.kappa, 1);
    assert_true(isnan(as_kappa_fleiss(one_class, 2, 2, 0.95).kappa));
    k = as_kappa_fleiss(single, 1, 2, 0.95);
    assert_true(isfinite(k.kappa) && isnan(k.standard_error));
    k = as_kappa_fleiss(none, 1, 2, 0.95);
    assert_true(k.n == 0 && isnan(k.kappa));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_two_pathologists),    cmocka_unit_test(test_cohen_at_the_edges),
        cmocka_unit_test(test_fourteen_raters),     cmocka_unit_test(test_raters_differ_in_number),
        cmocka_unit_test(test_fleiss_at_the_edges),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
