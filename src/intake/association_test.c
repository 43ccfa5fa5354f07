/* SPDX-License-Identifier: Apache-2.0 */
#include <setjmp.h>
#include <stdarg.h>

#include <cmocka.h>
#include <math.h>
#include <stdlib.h>

#include "base/rng.h"
#include "intake/association.h"

#define MANY 60000

static as_association of(const uint32_t *labels, uint32_t n_labels, const uint32_t *values, uint32_t n_values, size_t n)
{
    as_association ret;
    as_err         err = AS_ERR_NONE;
    assert_true(as_association_of(labels, n_labels, values, n_values, n, 7, &ret, &err));
    return ret;
}

/* Worked by hand: 8 samples; value 0 holds 4 of label 0, value 1 holds 1 of label 0 and 3 of label 1.
 * H(L) = h(3/8) = 0.954434, H(L|V) = h(1/4) / 2 = 0.405639 bits, so U = 1 - 0.405639 / 0.954434 = 0.574995. */
static void test_by_hand(void **state)
{
    (void)state;
    static const uint32_t labels[8] = {0, 0, 0, 0, 0, 1, 1, 1}, values[8] = {0, 0, 0, 0, 1, 1, 1, 1};
    as_association        a = of(labels, 2, values, 2, 8);
    assert_true(fabs(a.uncertainty - 0.574995) < 1e-5);
    /* 4 of the 56 ways to place three labels are in value 1 alone, 4 in value 0 alone: p is near 8/56. */
    assert_true(a.p > 0.05 && a.p < 0.25);
    assert_true(a.adjusted < a.uncertainty);
    assert_int_equal(a.n, 8);
}

static void test_all_and_nothing(void **state)
{
    (void)state;
    uint32_t labels[200], same[200], other[200], own[200];
    for (uint32_t i = 0; i < 200; i++) {
        labels[i] = i % 4;
        same[i] = 3 - i % 4;
        other[i] = i / 4 % 5; /* each value has each label equally often */
        own[i] = i;
    }
    as_association a = of(labels, 4, same, 4, 200);
    assert_true(fabs(a.uncertainty - 1) < 1e-9 && fabs(a.adjusted - 1) < 1e-9 && a.p < 0.0051);
    a = of(labels, 4, other, 5, 200);
    assert_true(a.uncertainty < 1e-9 && a.adjusted < 1e-9 && a.p > 0.9);
    /* A value for each sample takes all the entropy away and says nothing. */
    a = of(labels, 4, own, 200, 200);
    assert_true(fabs(a.uncertainty - 1) < 1e-9 && a.adjusted < 1e-9 && a.p > 0.9);
    a = of(labels, 4, same, 1, 200);
    assert_true(a.uncertainty == 0 && a.p == 1 && a.n == 0);
}

/* Many values and few samples: what chance explains is taken off. */
static void test_chance_is_taken_off(void **state)
{
    (void)state;
    uint32_t labels[120], values[120];
    as_rng   rng = as_rng_new(3);
    double   raw = 0, adjusted = 0;
    for (int round = 0; round < 20; round++) {
        for (size_t i = 0; i < 120; i++) {
            labels[i] = (uint32_t)as_rng_below(&rng, 3);
            values[i] = (uint32_t)as_rng_below(&rng, 30);
        }
        as_association a = of(labels, 3, values, 30, 120);
        raw += a.uncertainty / 20;
        adjusted += a.adjusted / 20;
    }
    assert_true(raw > 0.15);
    assert_true(adjusted < 0.04);
}

static void test_many_are_thinned(void **state)
{
    (void)state;
    as_rng    rng = as_rng_new(4);
    uint32_t *labels = calloc(MANY, sizeof *labels), *values = calloc(MANY, sizeof *values);
    for (size_t i = 0; i < MANY; i++) {
        labels[i] = (uint32_t)as_rng_below(&rng, 2);
        values[i] = as_rng_below(&rng, 10) ? labels[i] : (uint32_t)as_rng_below(&rng, 2);
    }
    as_association a = of(labels, 2, values, 2, MANY), b = of(labels, 2, values, 2, MANY);
    assert_int_equal(a.n, AS_ASSOCIATION_MAX_SAMPLES);
    /* 95 % agree: 1 - h(0.05) = 0.7136. */
    assert_true(fabs(a.adjusted - 0.7136) < 0.03);
    assert_true(a.adjusted == b.adjusted && a.p == b.p);
    free(labels);
    free(values);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_by_hand),
        cmocka_unit_test(test_all_and_nothing),
        cmocka_unit_test(test_chance_is_taken_off),
        cmocka_unit_test(test_many_are_thinned),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
