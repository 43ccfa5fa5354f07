/* SPDX-License-Identifier: Apache-2.0 */
#include "lab/logistic.h"

#include <math.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "base/rng.h"

/* Of one yes-or-no feature the answer is known in closed form: the log-odds of the counts. */
static void test_log_odds(void **state)
{
    (void)state;
    static const struct {
        double   x;
        uint32_t label;
        double   weight;
    } table[] = {{0, 0, 30}, {0, 1, 10}, {1, 0, 5}, {1, 1, 45}};
    double           x[4], weights[4], p[2];
    uint32_t         labels[4], rows[4];
    as_logistic_data data = {1, 2, x, labels, weights, rows, 4};
    as_logistic      fit = {0};
    as_err           err = AS_ERR_NONE;
    for (uint32_t i = 0; i < 4; i++) {
        x[i] = table[i].x;
        labels[i] = table[i].label;
        weights[i] = table[i].weight;
        rows[i] = i;
    }
    if (!as_logistic_fit(&data, 0, NULL, NULL, &fit, &err))
        fail_msg("%s", err.text);
    as_logistic_predict(&fit, &(double){0}, p);
    assert_true(fabs(p[1] - 10.0 / 40) < 1e-5);
    as_logistic_predict(&fit, &(double){1}, p);
    assert_true(fabs(p[1] - 45.0 / 50) < 1e-5);
    assert_true(fabs(p[0] + p[1] - 1) < 1e-12);
    double entropy = -(30 * log(0.75) + 10 * log(0.25) + 5 * log(0.1) + 45 * log(0.9)) / 90;
    assert_true(fabs(as_logistic_loss(&fit, &data) - entropy) < 1e-9);
    as_logistic_done(&fit);
}

typedef struct blobs {
    double   x[120 * 5], weights[120];
    uint32_t labels[120], rows[120];
} blobs;

static as_logistic_data blobs_make(blobs *b)
{
    as_rng rng = as_rng_new(3);
    for (uint32_t i = 0; i < 120; i++) {
        b->labels[i] = i % 10 < 6 ? 0 : i % 10 < 9 ? 1 : 2;
        b->rows[i] = i;
        for (uint32_t f = 0; f < 5; f++)
            b->x[i * 5 + f] = 10 * f + (f + 1.0) * (as_rng_normal(&rng) + (f % 3 == b->labels[i] ? 1.5 : 0));
    }
    as_logistic_balance(b->labels, 120, 3, b->weights);
    return (as_logistic_data){5, 3, b->x, b->labels, b->weights, b->rows, 120};
}

static double objective(const as_logistic *linear, const as_logistic_data *data, double l2)
{
    double norm = 0;
    for (size_t c = 0; c < linear->n_classes; c++)
        for (size_t f = 0; f < linear->n_features; f++)
            norm +=
                linear->weights[c * (linear->n_features + 1u) + f] * linear->weights[c * (linear->n_features + 1u) + f];
    return as_logistic_loss(linear, data) + 0.5 * l2 * norm;
}

/* The objective is convex: no small change of any weight may lower it. */
static void test_is_minimum(void **state)
{
    (void)state;
    static blobs     b;
    as_logistic_data data = blobs_make(&b);
    as_logistic      fit = {0};
    as_err           err = AS_ERR_NONE;
    double           mean[5], scale[5];
    as_logistic_standardise(b.x, 120, 5, mean, scale);
    for (double l2 = 1e-4; l2 < 2; l2 *= 100) {
        assert_true(as_logistic_fit(&data, l2, NULL, NULL, &fit, &err));
        double least = objective(&fit, &data, l2);
        for (size_t i = 0; i < 18; i++)
            for (int sign = -1; sign <= 1; sign += 2) {
                double before = fit.weights[i];
                fit.weights[i] += sign * 1e-2;
                assert_true(objective(&fit, &data, l2) > least);
                fit.weights[i] = before;
            }
        as_logistic_done(&fit);
    }
}

static void test_warm_start_and_repeat(void **state)
{
    (void)state;
    static blobs     b;
    as_logistic_data data = blobs_make(&b);
    as_logistic      first = {0}, again = {0}, warm = {0};
    as_err           err = AS_ERR_NONE;
    double           mean[5], scale[5];
    as_logistic_standardise(b.x, 120, 5, mean, scale);
    assert_true(as_logistic_fit(&data, 1e-2, NULL, NULL, &first, &err));
    assert_true(as_logistic_fit(&data, 1e-2, NULL, NULL, &again, &err));
    assert_memory_equal(first.weights, again.weights, 18 * sizeof(double));
    assert_true(as_logistic_fit(&data, 1e-2, &first, NULL, &warm, &err));
    assert_true(warm.n_steps < 3 && first.n_steps > 3);
    as_logistic_done(&first);
    as_logistic_done(&again);
    as_logistic_done(&warm);
}

static void test_unstandardise(void **state)
{
    (void)state;
    static blobs     raw, std;
    as_logistic_data data = blobs_make(&std);
    as_logistic      fit = {0};
    as_err           err = AS_ERR_NONE;
    double           mean[5], scale[5], before[3], after[3];
    blobs_make(&raw);
    as_logistic_standardise(std.x, 120, 5, mean, scale);
    double sum = 0, squares = 0;
    for (size_t i = 0; i < 120; i++) {
        sum += std.x[i * 5 + 2];
        squares += std.x[i * 5 + 2] * std.x[i * 5 + 2];
    }
    assert_true(fabs(sum) < 1e-9 && fabs(squares / 120 - 1) < 1e-9);
    assert_true(as_logistic_fit(&data, 1e-3, NULL, NULL, &fit, &err));
    as_logistic_predict(&fit, std.x + 7 * 5, before);
    as_logistic_unstandardise(&fit, mean, scale);
    as_logistic_predict(&fit, raw.x + 7 * 5, after);
    for (int c = 0; c < 3; c++)
        assert_true(fabs(before[c] - after[c]) < 1e-9);
    as_logistic_done(&fit);
}

static void test_constant_column(void **state)
{
    (void)state;
    double x[6] = {4, 1, 4, 2, 4, 3}, mean[2], scale[2];
    as_logistic_standardise(x, 3, 2, mean, scale);
    assert_true(scale[0] == 1 && mean[0] == 4 && x[0] == 0);
    assert_true(fabs(x[1] + sqrt(1.5)) < 1e-12);
}

static void test_balance(void **state)
{
    (void)state;
    uint32_t labels[4] = {0, 0, 0, 2};
    double   w[4];
    as_logistic_balance(labels, 4, 3, w); /* class 1 has no row: it weighs nothing */
    assert_true(fabs(3 * w[0] - w[3]) < 1e-12 && fabs(w[0] + w[1] + w[2] + w[3] - 4) < 1e-12);
}

static void test_refuses(void **state)
{
    (void)state;
    double           x[1] = {0}, w[1] = {0};
    uint32_t         zero[1] = {0};
    as_logistic_data data = {1, 2, x, zero, w, zero, 1};
    as_logistic      fit = {0};
    as_err           err = AS_ERR_NONE;
    atomic_bool      stop = true;
    as_progress      progress = {.stop = &stop};
    assert_false(as_logistic_fit(&data, 0, NULL, NULL, &fit, &err));
    assert_int_equal(err.code, AS_EINVAL);
    static blobs b;
    data = blobs_make(&b);
    assert_false(as_logistic_fit(&data, 1, NULL, &progress, &fit, &err));
    assert_int_equal(err.code, AS_ECANCELLED);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_log_odds),
        cmocka_unit_test(test_is_minimum),
        cmocka_unit_test(test_warm_start_and_repeat),
        cmocka_unit_test(test_unstandardise),
        cmocka_unit_test(test_constant_column),
        cmocka_unit_test(test_balance),
        cmocka_unit_test(test_refuses),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
