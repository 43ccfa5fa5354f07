/* SPDX-License-Identifier: Apache-2.0 */
#include "lab/crossval.h"

#include <math.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>

#include <cmocka.h>

#include "base/rng.h"

enum { ROWS = 40, FEATURES = 3 };

/* Two classes, of which the first feature says a little; in units and from an origin of its own. */
static as_crossval judge(double unit, double origin, bool by_fold)
{
    double      x[ROWS * FEATURES], weights[ROWS];
    uint32_t    labels[ROWS], groups[ROWS];
    as_rng      rng = as_rng_stream(7, 0);
    as_err      err = AS_ERR_NONE;
    as_crossval ret = {0};
    for (uint32_t i = 0; i < ROWS; i++) {
        labels[i] = i % 2;
        groups[i] = i;
        weights[i] = 1;
        for (size_t f = 0; f < FEATURES; f++)
            x[i * FEATURES + f] = origin + unit * (as_rng_range(&rng, -1, 1) + (f == 0 ? 0.5 * labels[i] : 0));
    }
    const as_crossval_cfg cfg = {.n_features = FEATURES,
                                 .n_classes = 2,
                                 .x = x,
                                 .labels = labels,
                                 .weights = weights,
                                 .groups = groups,
                                 .n = ROWS,
                                 .seed = 1,
                                 .threads = 1,
                                 .by_fold = by_fold};
    assert_true(as_crossval_run(&cfg, NULL, &ret, &err));
    return ret;
}

/* Units and origins say nothing: each fold sees its rows by their own mean and deviation. */
static void test_standardises_by_fold(void **state)
{
    (void)state;
    as_crossval one = judge(1, 0, true), other = judge(100, -3000, true);
    for (size_t g = 0; g < AS_CROSSVAL_N_L2; g++)
        assert_true(fabs(one.loss[g] - other.loss[g]) < 1e-6);
    as_crossval plain = judge(0.01, 0, false);
    assert_true(fabs(one.loss[0] - plain.loss[0]) > 1e-3);
}

static void test_folds_of_the_best(void **state)
{
    (void)state;
    as_crossval one = judge(1, 0, true);
    double      sum = 0, weight = 0;
    assert_int_equal(one.n_folds, AS_CROSSVAL_FOLDS);
    for (size_t f = 0; f < AS_CROSSVAL_FOLDS; f++) {
        sum += one.fold_loss[f] * one.fold_weight[f];
        weight += one.fold_weight[f];
    }
    assert_true(fabs(sum / weight - one.loss[one.best]) < 1e-12);
}

/* Less in the mean is not better when it is so in one fold alone. */
static void test_is_better(void **state)
{
    (void)state;
    const as_crossval before = {.n_folds = 4, .fold_loss = {1, 2, 3, 4}, .fold_weight = {1, 1, 1, 1}},
                      all = {.n_folds = 4, .fold_loss = {0.9, 1.9, 2.8, 3.9}, .fold_weight = {1, 1, 1, 1}},
                      chance = {.n_folds = 4, .fold_loss = {0.2, 2.1, 3.1, 4.1}, .fold_weight = {1, 1, 1, 1}};
    assert_true(as_crossval_is_better(&all, &before));
    assert_false(as_crossval_is_better(&chance, &before));
    assert_false(as_crossval_is_better(&before, &all));
    assert_false(as_crossval_is_better(&before, &before));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_standardises_by_fold),
        cmocka_unit_test(test_folds_of_the_best),
        cmocka_unit_test(test_is_better),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
