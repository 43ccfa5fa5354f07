/* SPDX-License-Identifier: Apache-2.0 */
#include <math.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdlib.h>

#include <cmocka.h>

#include "base/rng.h"
#include "graph/round.h"

enum { CHANNELS = 12, TAPS = 9, EACH = CHANNELS * TAPS };

static bool fits(int a, int b)
{
    const int most = (a > 0 ? a : 0) + (b > 0 ? b : 0), least = (a < 0 ? a : 0) + (b < 0 ? b : 0);
    return most * 255 <= INT16_MAX && least * 255 >= INT16_MIN;
}

/* In whichever order a kernel goes through them. */
static bool neighbours_fit(const int8_t *q, size_t step)
{
    bool ok = true;
    for (int j = 0; j + 1 < EACH; j++)
        ok = ok && fits(q[(size_t)j * step], q[(size_t)(j + 1) * step]);
    for (int j = 0; j + 1 < EACH; j++) {
        const int a = j % CHANNELS * TAPS + j / CHANNELS, b = (j + 1) % CHANNELS * TAPS + (j + 1) / CHANNELS;
        ok = ok && fits(q[(size_t)a * step], q[(size_t)b * step]);
    }
    return ok;
}

static double error_of(const float *w, float scale, const int8_t *q)
{
    double sum = 0.0;
    for (int j = 0; j < EACH; j++)
        sum += pow((double)w[j] - (double)scale * q[j], 2.0);
    return sum;
}

static void test_no_two_neighbours_leave_16_bits(void **state)
{
    (void)state;
    float       w[EACH];
    int8_t      q[EACH];
    as_rounding r = {.each = EACH, .step = 1, .taps = TAPS, .pairs = true};
    for (uint64_t seed = 0; seed < 200; seed++) {
        as_rng rng = as_rng_new(seed);
        for (int j = 0; j < EACH; j++) /* bells, and all alike, where nothing beyond 64 is left */
            w[j] = (float)(seed % 2 ? as_rng_normal(&rng) : seed % 4 ? 1.0 : as_rng_range(&rng, -1.0, -0.9));
        const float scale = as_round_channel(&r, w, 1e-20f, q);
        assert_true(neighbours_fit(q, 1));
        for (int j = 0; j < EACH; j++)
            assert_true(fabs((double)w[j] - (double)scale * q[j]) < 0.5); /* none is lost */
    }
}

static void test_more_steps_are_a_smaller_error(void **state)
{
    (void)state;
    float  w[EACH];
    int8_t q[EACH], plain[EACH];
    double paired = 0.0, alone = 0.0, seven = 0.0;
    for (uint64_t seed = 0; seed < 50; seed++) {
        as_rng rng = as_rng_new(seed);
        float  most = 0.0f;
        for (int j = 0; j < EACH; j++) {
            w[j] = (float)as_rng_normal(&rng);
            most = fmaxf(most, fabsf(w[j]));
        }
        for (int j = 0; j < EACH; j++)
            plain[j] = (int8_t)rintf(w[j] / most * 64.0f);
        seven += error_of(w, most / 64.0f, plain);
        as_rounding r = {.each = EACH, .step = 1, .taps = TAPS, .pairs = true};
        float       scale = as_round_channel(&r, w, 1e-20f, q);
        paired += error_of(w, scale, q);
        r.pairs = false;
        scale = as_round_channel(&r, w, 1e-20f, q);
        alone += error_of(w, scale, q);
    }
    assert_true(paired < 0.7 * seven && alone < 0.3 * seven && alone > 0.0);
}

/* A matrix whose channels are columns. */
static void test_weights_may_stand_apart(void **state)
{
    (void)state;
    float       w[EACH], wide[EACH * 3];
    int8_t      q[EACH], far[EACH * 3];
    as_rng      rng = as_rng_new(9);
    as_rounding r = {.each = EACH, .step = 1, .taps = TAPS, .pairs = true}, apart = r;
    apart.step = 3;
    for (int j = 0; j < EACH; j++)
        wide[3 * j] = w[j] = (float)as_rng_normal(&rng);
    const float scale = as_round_channel(&r, w, 1e-20f, q), same = as_round_channel(&apart, wide, 1e-20f, far);
    assert_true(fabsf(scale - same) <= 0.0f);
    for (int j = 0; j < EACH; j++)
        assert_int_equal(q[j], far[3 * j]);
}

static void test_the_mean_that_rounding_takes(void **state)
{
    (void)state;
    const float       w[] = {1.0f, 0.3f, -0.6f, 0.26f}, means[] = {2.0f, 10.0f};
    const int8_t      q[] = {2, 1, -1, 1};
    const as_rounding r = {.each = 4, .step = 1, .taps = 2, .pairs = false};
    /* off by 0, -0.2, -0.1, -0.24 at a scale of a half */
    assert_true(fabsf(as_round_bias(&r, w, 0.5f, q, means) - (-0.2f * 2.0f - 0.1f * 10.0f - 0.24f * 10.0f)) < 1e-5f);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_no_two_neighbours_leave_16_bits),
        cmocka_unit_test(test_more_steps_are_a_smaller_error),
        cmocka_unit_test(test_weights_may_stand_apart),
        cmocka_unit_test(test_the_mean_that_rounding_takes),
    };
    return cmocka_run_group_tests_name("round", tests, NULL, NULL);
}
