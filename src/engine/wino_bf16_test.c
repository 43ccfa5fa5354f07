/* SPDX-License-Identifier: Apache-2.0 */
#include "engine/wino_bf16.h"

#include <math.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "base/rng.h"

enum { BLOCK = AS_WINO_BF16_BLOCK };

static float wide(uint16_t narrow)
{
    const uint32_t bits = (uint32_t)narrow << 16;
    float          f;
    memcpy(&f, &bits, sizeof f);
    return f;
}

static uint16_t narrow(double number)
{
    const float f = (float)number;
    uint32_t    bits;
    memcpy(&bits, &f, sizeof bits);
    return (uint16_t)((bits + 0x7fff + (bits >> 16 & 1)) >> 16);
}

typedef struct data {
    uint16_t *x, *old;
    float    *weights, *bias;
} data;

static uint16_t *narrows(as_rng *rng, int64_t n)
{
    uint16_t *x = malloc((size_t)n * sizeof *x);
    assert_non_null(x);
    for (int64_t i = 0; i < n; i++)
        x[i] = narrow(as_rng_range(rng, -1, 1));
    return x;
}

static float *numbers(as_rng *rng, int64_t n)
{
    float *x = malloc((size_t)n * sizeof *x);
    assert_non_null(x);
    for (int64_t i = 0; i < n; i++)
        x[i] = (float)as_rng_range(rng, -1, 1);
    return x;
}

static int64_t n_results(const as_wino *w)
{
    return w->images * w->n_out * w->out[0] * w->out[1];
}

static int64_t at(int64_t image, int64_t n_channels, int64_t c, const int64_t size[2], int64_t y, int64_t x)
{
    return ((image * size[0] + y) * size[1] + x) * n_channels + c;
}

/* By the definition, of the result at one place. rounded: with weights of bfloat16. */
static double direct(const as_wino *w, const data *d, bool rounded, int64_t image, int64_t o, int64_t y, int64_t x)
{
    double sum = (double)d->bias[o];
    for (int64_t c = 0; c < w->channels; c++)
        for (int64_t k = 0; k < 9; k++) {
            const int64_t yy = y - w->pad[0] + k / 3, xx = x - w->pad[1] + k % 3;
            if (yy >= 0 && yy < w->in[0] && xx >= 0 && xx < w->in[1])
                sum += (double)wide(d->x[at(image, w->channels, c, w->in, yy, xx)]) *
                       (double)(rounded ? wide(narrow((double)d->weights[(o * w->channels + c) * 9 + k]))
                                        : d->weights[(o * w->channels + c) * 9 + k]);
        }
    if (w->sum)
        sum += (double)wide(d->old[at(image, w->n_out, o, w->out, y, x)]);
    return w->hold ? fmin(fmax(sum, (double)w->low), (double)w->high) : sum;
}

/* What all workers make of it, one after the other; heap. */
static uint16_t *made(const as_wino *w, const data *d)
{
    const size_t bytes = (size_t)n_results(w) * sizeof(uint16_t), room = as_wino_bf16_scratch_bytes(w);
    uint16_t    *y = malloc(bytes), *weights = malloc(as_wino_bf16_weight_bytes(w));
    void        *scratch = aligned_alloc(64, (room + 63) / 64 * 64);
    assert_true(y && weights && scratch);
    memset(scratch, 0xff, room); /* not a number: nothing may be read before it is written */
    memcpy(y, d->old, bytes);
    as_wino_bf16_weights(w, d->weights, weights);
    for (int i = 0; i < AS_MAX(w->workers, 1); i++)
        as_wino_bf16_run(w, i, d->x, weights, d->bias, scratch, y);
    free(weights);
    free(scratch);
    return y;
}

/* A result is off by at most three times what rounding the weights alone leaves of it, on average of squares; the largest is
 * within 2.5 hundredths of a product for each root of a channel. */
static void check(as_wino *w, as_rng *rng)
{
    data      d = {.x = narrows(rng, w->images * w->channels * w->in[0] * w->in[1]),
                   .old = narrows(rng, n_results(w)),
                   .weights = numbers(rng, w->channels * w->n_out * 9),
                   .bias = numbers(rng, w->n_out)};
    double    square = 0, least = 0;
    uint16_t *y = made(w, &d);
    for (int64_t image = 0; image < w->images; image++)
        for (int64_t o = 0; o < w->n_out; o++)
            for (int64_t i = 0; i < w->out[0]; i++)
                for (int64_t k = 0; k < w->out[1]; k++) {
                    const double want = direct(w, &d, false, image, o, i, k);
                    const double off = want - (double)wide(y[at(image, w->n_out, o, w->out, i, k)]);
                    const double own = fabs(want) * 0x1p-8 + 1e-6; /* of the result's rounding */
                    assert_true(fabs(off) < own + 0.025 * sqrt((double)w->channels));
                    const double alone = want - direct(w, &d, true, image, o, i, k);
                    square += off * off / (double)n_results(w);
                    least += (alone * alone + own * own / 12) / (double)n_results(w);
                }
    assert_true(square < 9 * least);
    w->workers = 3; /* other rounds of tiles, the same bits */
    uint16_t *shared = made(w, &d);
    assert_memory_equal(y, shared, (size_t)n_results(w) * sizeof *y);
    free(y);
    free(shared);
    free(d.x);
    free(d.weights);
    free(d.bias);
    free(d.old);
}

static void test_shapes(void **state)
{
    (void)state;
    as_rng rng = as_rng_new(21);
    if (!as_wino_bf16_can())
        skip();
    for (int round = 0; round < 40; round++) {
        as_wino w = {.images = 1 + round % 3 / 2, .sum = round % 5 > 2};
        w.channels = BLOCK * (1 + (int64_t)as_rng_below(&rng, 3));
        w.n_out = BLOCK * (1 + (int64_t)as_rng_below(&rng, 5));
        for (int i = 0; i < 2; i++) {
            w.pad[i] = (int64_t)as_rng_below(&rng, 3);
            w.in[i] = 3 + (int64_t)as_rng_below(&rng, 20);
            w.out[i] = w.in[i] + w.pad[i] + (int64_t)as_rng_below(&rng, 2) - 2;
        }
        w.hold = round % 4 == 1;
        w.low = -0.5f;
        w.high = 0.75f;
        check(&w, &rng);
    }
}

/* Few tiles at once, and more than one group of them. */
static void test_many_channels(void **state)
{
    (void)state;
    as_rng rng = as_rng_new(22);
    if (!as_wino_bf16_can())
        skip();
    as_wino w = {.images = 1, .channels = 512, .n_out = 48, .in = {17, 16}, .out = {17, 16}, .pad = {1, 1}};
    check(&w, &rng);
}

/* What is given as a whole number of a few bits is exact on the way, and so is the result. */
static void test_small_numbers_are_exact(void **state)
{
    (void)state;
    as_rng rng = as_rng_new(23);
    if (!as_wino_bf16_can())
        skip();
    const as_wino w = {.images = 1, .channels = 16, .n_out = 16, .in = {9, 8}, .out = {9, 8}, .pad = {1, 1}};
    data          d = {.x = narrows(&rng, 9 * 8 * 16),
                       .old = narrows(&rng, n_results(&w)),
                       .weights = numbers(&rng, 16 * 16 * 9),
                       .bias = numbers(&rng, 16)};
    for (int64_t i = 0; i < 9 * 8 * 16; i++)
        d.x[i] = narrow((double)as_rng_below(&rng, 3) - 1);
    for (int64_t i = 0; i < 16 * 16 * 9; i++)
        d.weights[i] = (float)as_rng_below(&rng, 3) - 1.0f;
    memset(d.bias, 0, 16 * sizeof *d.bias);
    uint16_t *y = made(&w, &d);
    for (int64_t o = 0; o < 16; o++)
        for (int64_t i = 0; i < 9; i++)
            for (int64_t k = 0; k < 8; k++)
                assert_true((double)wide(y[at(0, 16, o, w.out, i, k)]) == direct(&w, &d, false, 0, o, i, k));
    free(y);
    free(d.x);
    free(d.old);
    free(d.weights);
    free(d.bias);
}

/* Not where tiles would be mostly empty. */
static void test_the_choice(void **state)
{
    (void)state;
    static const struct {
        int64_t channels, side;
        bool    pays;
    } rows[] = {{64, 56, true}, {128, 28, true}, {256, 14, true}, {512, 7, true}, {512, 1, false}, {16, 1, false}};
    for (size_t i = 0; i < AS_COUNT(rows); i++) {
        const as_wino w = {.images = 1,
                           .channels = rows[i].channels,
                           .n_out = rows[i].channels,
                           .in = {rows[i].side, rows[i].side},
                           .out = {rows[i].side, rows[i].side},
                           .pad = {1, 1}};
        assert_int_equal(as_wino_bf16_pays(&w), rows[i].pays);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_shapes),
        cmocka_unit_test(test_many_channels),
        cmocka_unit_test(test_small_numbers_are_exact),
        cmocka_unit_test(test_the_choice),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
