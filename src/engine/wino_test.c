/* SPDX-License-Identifier: Apache-2.0 */
#include "engine/wino.h"

#include <math.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "base/isa.h"
#include "base/rng.h"
#include "engine/prim.h"

enum { LANES = AS_WINO_LANES };

typedef struct data {
    float *x, *weights, *bias, *old;
} data;

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
    return ((((image * n_channels / LANES + c / LANES) * size[0] + y) * size[1]) + x) * LANES + c % LANES;
}

/* By the definition, of the result at one place. */
static double direct(const as_wino *w, const data *d, int64_t image, int64_t o, int64_t y, int64_t x)
{
    double sum = (double)d->bias[o];
    for (int64_t c = 0; c < w->channels; c++)
        for (int64_t k = 0; k < 9; k++) {
            const int64_t yy = y - w->pad[0] + k / 3, xx = x - w->pad[1] + k % 3;
            if (yy >= 0 && yy < w->in[0] && xx >= 0 && xx < w->in[1])
                sum += (double)d->x[at(image, w->channels, c, w->in, yy, xx)] *
                       (double)d->weights[(o * w->channels + c) * 9 + k];
        }
    if (w->sum)
        sum += (double)d->old[at(image, w->n_out, o, w->out, y, x)];
    return w->hold ? fmin(fmax(sum, (double)w->low), (double)w->high) : sum;
}

/* What all workers make of it, one after the other; heap. */
static float *made(const as_wino *w, const data *d)
{
    const size_t bytes = (size_t)n_results(w) * sizeof(float), room = as_wino_scratch_bytes(w);
    float       *y = malloc(bytes), *weights = malloc(as_wino_weight_bytes(w));
    void        *scratch = aligned_alloc(64, (room + 63) / 64 * 64);
    assert_true(y && weights && scratch);
    memset(scratch, 0xff, room); /* not a number: nothing may be read before it is written */
    memcpy(y, d->old, bytes);
    as_wino_weights(w, d->weights, weights);
    for (int i = 0; i < AS_MAX(w->workers, 1); i++)
        as_wino_run(w, i, d->x, weights, d->bias, scratch, y);
    free(weights);
    free(scratch);
    return y;
}

static void check(as_wino *w, as_rng *rng)
{
    data   d = {numbers(rng, w->images * w->channels * w->in[0] * w->in[1]), numbers(rng, w->channels * w->n_out * 9),
                numbers(rng, w->n_out), numbers(rng, n_results(w))};
    float *y = made(w, &d);
    for (int64_t image = 0; image < w->images; image++)
        for (int64_t o = 0; o < w->n_out; o++)
            for (int64_t i = 0; i < w->out[0]; i++)
                for (int64_t k = 0; k < w->out[1]; k++) {
                    const double got = (double)y[at(image, w->n_out, o, w->out, i, k)];
                    const double limit = (w->tile == 2 ? 5e-6 : 8e-5) * sqrt((double)w->channels);
                    assert_true(fabs(direct(w, &d, image, o, i, k) - got) < limit);
                }
    w->workers = 3; /* other rounds of tiles, the same bits */
    float *shared = made(w, &d);
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
    as_rng rng = as_rng_new(11);
    if (!as_wino_can())
        skip();
    for (int round = 0; round < 60; round++) {
        as_wino w = {.tile = round % 2 ? 2 : 4, .images = 1 + round % 3 / 2, .sum = round % 5 > 2};
        w.channels = LANES * (1 + (int64_t)as_rng_below(&rng, 3));
        w.n_out = LANES * (1 + (int64_t)as_rng_below(&rng, 5));
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

/* Many channels: few tiles at once, and more than one group of them. The largest result is near 90. */
static void test_many_channels(void **state)
{
    (void)state;
    as_rng rng = as_rng_new(12);
    if (!as_wino_can())
        skip();
    for (int tile = 2; tile <= 4; tile += 2) {
        as_wino w = {
            .tile = tile, .images = 1, .channels = 512, .n_out = 24, .in = {17, 16}, .out = {17, 16}, .pad = {1, 1}};
        check(&w, &rng);
    }
}

/* The rule takes the definition where tiles would be mostly empty, and few large tiles where weights would be most. */
static void test_the_choice(void **state)
{
    (void)state;
    static const struct {
        int64_t channels, n_out, side;
        int     tile;
    } rows[] = {{64, 64, 56, 4}, {512, 512, 7, 2}, {16, 32, 48, 4}, {8, 8, 50, 0}, {512, 512, 1, 0}};
    for (size_t i = 0; i < AS_COUNT(rows); i++) {
        const as_wino w = {.images = 1,
                           .channels = rows[i].channels,
                           .n_out = rows[i].n_out,
                           .in = {rows[i].side, rows[i].side},
                           .out = {rows[i].side, rows[i].side},
                           .pad = {1, 1}};
        assert_int_equal(as_wino_tile(&w), rows[i].tile);
    }
}

/* oneDNN's: what an AVX-512 convolution is made by, of `channels` by `channels` and side x side results. */
static bool is_winograd(int64_t channels, int64_t side, int64_t images)
{
    as_err          err = AS_ERR_NONE;
    as_onednn      *dnn = as_onednn_new(1, &err);
    const as_window window = {
        .n = 2, .kernel = {3, 3}, .stride = {1, 1}, .dilation = {1, 1}, .pad_begin = {1, 1}, .pad_end = {1, 1}};
    const as_shape x = {.rank = 4, .dims = {images, channels, side, side}},
                   w = {.rank = 4, .dims = {channels, channels, 3, 3}};
    assert_non_null(dnn);
    const as_layout *src = as_layout_any(dnn, &x, &err), *weights = as_layout_any(dnn, &w, &err);
    assert_true(src && weights);
    as_prim *prim = as_prim_conv(dnn, AS_PASS_INFER, &window, src, weights, NULL, src, NULL, NULL, &err);
    assert_non_null(prim);
    const bool is = strstr(as_prim_about(prim), "wino") != NULL;
    as_onednn_free(dnn);
    return is;
}

/* Where its weights leave the cache and few results pay for them, the definition is faster. */
static void test_the_choice_of_primitives(void **state)
{
    (void)state;
    if (!as_isa_may(AS_ISA_AVX512))
        skip();
    assert_true(is_winograd(64, 56, 1));
    assert_false(is_winograd(512, 7, 1));
    assert_true(is_winograd(512, 7, 8));
    assert_false(is_winograd(512, 5, 1));
    assert_true(is_winograd(64, 5, 1));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_shapes),
        cmocka_unit_test(test_many_channels),
        cmocka_unit_test(test_the_choice),
        cmocka_unit_test(test_the_choice_of_primitives),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
