/* SPDX-License-Identifier: Apache-2.0 */
/* Convolutions of whole numbers in tiles, against sums as they are defined. */
#include <math.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "base/rng.h"
#include "engine/gang.h"
#include "engine/tile8.h"

enum { MOST = 1 << 17, GUARD = 64, MOST_OUT = 256 };

static uint8_t x[MOST], y[MOST + GUARD], threaded[MOST + GUARD], there[MOST + GUARD];
static int8_t  w[MOST];
static float   factors[MOST_OUT], biases[MOST_OUT];

/* Each third draw: the largest sums there are. */
static void draw(uint64_t seed)
{
    as_rng rng = as_rng_new(seed);
    for (int i = 0; i < MOST; i++) {
        x[i] = (uint8_t)(seed % 3 ? as_rng_below(&rng, 256) : 255);
        w[i] = (int8_t)(seed % 3 ? (int)as_rng_below(&rng, 256) - 128 : -128);
    }
    for (int i = 0; i < MOST + GUARD; i++)
        there[i] = (uint8_t)as_rng_below(&rng, 256);
    for (int i = 0; i < MOST_OUT; i++) {
        factors[i] = (float)as_rng_range(&rng, 0.0001, 0.01);
        biases[i] = (float)as_rng_range(&rng, -4000.0, 4000.0);
    }
    if (seed % 4 == 0)
        factors[0] = 1e30f; /* beyond 32 bits */
    memcpy(y, there, sizeof y);
    memcpy(threaded, there, sizeof threaded);
}

static float hold(float v, float low, float high)
{
    return fminf(fmaxf(v, low), high);
}

static uint8_t result(const as_tile8 *t, int64_t sum, size_t o, uint8_t old)
{
    volatile float v = ((float)sum + biases[o]) * factors[o]; /* each operation rounds */
    if (t->sum) {
        volatile float a = rintf(hold(v, 0.0f, 255.0f)) * t->made_factor, b = (float)old * t->sum_factor;
        v = a + b;
        v = v + t->sum_offset;
    }
    v = t->limits.on ? hold(v, t->limits.low, t->limits.high) : v;
    return (uint8_t)rintf(hold(v, 0.0f, 255.0f));
}

typedef struct shared {
    const as_tile8 *t;
    const void     *weights;
    void           *scratch;
} shared;

static void unit(void *ctx, int at)
{
    const shared *s = ctx;
    as_tile8_run(s->t, at, x, s->weights, s->scratch, threaded);
}

static int64_t sum_of(const as_tile8 *t, int64_t pixel, int64_t o)
{
    const int64_t col = pixel % t->out[1], row = pixel / t->out[1] % t->out[0], image = pixel / t->out[1] / t->out[0];
    const int64_t taps = t->kernel[0] * t->kernel[1];
    int64_t       sum = 0;
    for (int64_t k = 0; k < taps; k++) {
        const int64_t yy = row * t->step[0] + k / t->kernel[1] - t->pad[0],
                      xx = col * t->step[1] + k % t->kernel[1] - t->pad[1];
        const uint8_t *at = x + ((image * t->in[0] + yy) * t->in[1] + xx) * t->inputs;
        for (int64_t c = 0; c < t->inputs; c++)
            if (yy >= 0 && yy < t->in[0] && xx >= 0 && xx < t->in[1])
                sum += (at[c] - (t->framed ? t->x_zero : 0)) * w[(o * t->inputs + c) * taps + k];
    }
    return sum;
}

static void check(as_tile8 t, uint64_t seed, as_gang *gang)
{
    draw(seed);
    const int64_t pixels = t.images * t.out[0] * t.out[1];
    const size_t  bytes = (size_t)(pixels * t.outputs);
    as_tile8_divide(&t, 1);
    assert_int_equal(t.units, 1);
    void *weights = aligned_alloc(64, as_tile8_weight_bytes(&t)), *scratch = malloc(as_tile8_scratch_bytes(&t) + 1);
    assert_true(weights && scratch && bytes <= MOST && t.images * t.in[0] * t.in[1] * t.inputs <= MOST &&
                t.outputs <= MOST_OUT && t.outputs * t.inputs * t.kernel[0] * t.kernel[1] <= MOST);
    as_tile8_weights(&t, w, factors, biases, weights);
    as_tile8_run(&t, 0, x, weights, scratch, y);
    for (size_t i = 0; i < bytes; i++) {
        const int64_t o = (int64_t)i % t.outputs;
        assert_int_equal(y[i], result(&t, sum_of(&t, (int64_t)i / t.outputs, o), (size_t)o, there[i]));
    }
    assert_memory_equal(y + bytes, there + bytes, GUARD); /* nothing behind it is written */
    as_tile8_divide(&t, 3);
    assert_true(t.units >= 1);
    free(scratch);
    scratch = malloc(as_tile8_scratch_bytes(&t) + 1);
    assert_non_null(scratch);
    as_gang_run(gang, (uint32_t)t.units, false, unit, &(shared){&t, weights, scratch});
    assert_memory_equal(y, threaded, bytes + GUARD);
    free(scratch);
    free(weights);
}

static as_tile8 layer(uint64_t seed, int64_t inputs, int64_t outputs)
{
    return (as_tile8){.images = 1,
                      .inputs = inputs,
                      .outputs = outputs,
                      .kernel = {1, 1},
                      .step = {1, 1},
                      .limits = {seed % 3 == 0, 2.4f, 190.6f},
                      .sum = seed % 5 == 1,
                      .made_factor = 0.37f,
                      .sum_factor = 0.81f,
                      .sum_offset = -9.25f};
}

static void test_one_pixel(void **state)
{
    static const int64_t pixels[] = {1, 3, 5, 13, 14, 49, 131}, inputs[] = {4, 24, 96, 200},
                         outputs[] = {1, 8, 16, 24, 32, 40, 96, 144, 183};
    uint64_t seed = 0;
    if (!as_tile8_can())
        skip();
    for (size_t p = 0; p < AS_COUNT(pixels); p++)
        for (size_t i = 0; i < AS_COUNT(inputs); i++)
            for (size_t o = 0; o < AS_COUNT(outputs); o++, seed++) {
                as_tile8 t = layer(seed, inputs[i], outputs[o]);
                t.in[0] = t.out[0] = 1;
                t.in[1] = t.out[1] = pixels[p];
                check(t, seed, *state);
            }
}

static void test_windows(void **state)
{
    static const int64_t inputs[] = {1, 3, 4, 16}, sides[] = {1, 3, 7};
    uint64_t             seed = 0;
    if (!as_tile8_can())
        skip();
    for (size_t i = 0; i < AS_COUNT(inputs); i++)
        for (size_t s = 0; s < AS_COUNT(sides); s++)
            for (int64_t step = 1; step <= 3; step++)
                for (int64_t pad = 0; pad <= sides[s] / 2; pad++, seed++) {
                    as_tile8 t = layer(seed, inputs[i], seed % 4 ? 48 : 21);
                    t.images = 1 + (int64_t)(seed % 2);
                    t.x_zero = (int32_t)(seed * 37 % 256);
                    for (int d = 0; d < 2; d++) {
                        t.kernel[d] = sides[s];
                        t.step[d] = step;
                        t.pad[d] = pad;
                        t.in[d] = 9 + (int64_t)(seed % 11) + 3 * d;
                        t.out[d] = (t.in[d] + 2 * pad - sides[s]) / step + 1;
                    }
                    check(t, seed, *state);
                }
}

/* Where there are no results, nothing is divided by how many there are, read or written. */
static void test_nothing(void **state)
{
    as_rng rng = as_rng_new(31);
    if (!as_tile8_can())
        skip();
    for (int round = 0; round < 64; round++) {
        as_tile8 t = layer((uint64_t)round, 4, round & 4 ? 0 : 24);
        t.images = round & 1 ? 0 : 1;
        for (int d = 0; d < 2; d++) {
            t.kernel[d] = round & 8 ? 3 : 1;
            t.out[d] = round >> (4 + d) & 1 ? 0 : 5;
            t.in[d] = t.out[d] + t.kernel[d] - 1;
        }
        if (t.images * t.out[0] * t.out[1] * t.outputs > 0)
            continue;
        check(t, as_rng_below(&rng, 100), *state);
    }
}

static int setup(void **state)
{
    as_err err = AS_ERR_NONE;
    *state = as_gang_new(2, &err);
    return *state ? 0 : 1;
}

static int teardown(void **state)
{
    as_gang_free(*state);
    return 0;
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_one_pixel),
        cmocka_unit_test(test_windows),
        cmocka_unit_test(test_nothing),
    };
    return cmocka_run_group_tests_name("tile8", tests, setup, teardown);
}
