/* SPDX-License-Identifier: Apache-2.0 */
#include "engine/wino16.h"

#include <math.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "base/isa.h"
#include "base/rng.h"
#include "engine/gang.h"

enum { GUARD = 64 };

typedef struct data {
    uint8_t *x, *old;
    int8_t  *weights;
    float   *rows;
} data;

/* What is drawn: anything, or the same extreme everywhere, or extremes by chance. */
typedef enum draw { DRAW_ANY, DRAW_ALL_HIGH, DRAW_ALL_LOW, DRAW_EXTREMES } draw;

static size_t n_results(const as_wino16 *w)
{
    return (size_t)(w->images * w->n_out * w->out[0] * w->out[1]);
}

static uint8_t draw_byte(as_rng *rng, draw how)
{
    static const uint8_t fixed[] = {[DRAW_ALL_HIGH] = 255, [DRAW_ALL_LOW] = 0};
    if (how == DRAW_ANY)
        return (uint8_t)as_rng_below(rng, 256);
    return how == DRAW_EXTREMES ? (uint8_t)(255 * as_rng_below(rng, 2)) : fixed[how];
}

static int8_t draw_weight(as_rng *rng, draw how)
{
    if (how == DRAW_ANY)
        return (int8_t)((int)as_rng_below(rng, 256) - 128);
    return how == DRAW_EXTREMES && as_rng_below(rng, 2) ? 127 : -128;
}

static data draw_data(const as_wino16 *w, as_rng *rng, draw x, draw weights)
{
    const size_t n_x = (size_t)(w->images * w->channels * w->in[0] * w->in[1]), n_y = n_results(w);
    const size_t n_w = (size_t)(w->channels * w->n_out * w->kernel * w->kernel), n_out = (size_t)w->n_out;
    data         d = {malloc(n_x), malloc(n_y), malloc(n_w), malloc(2 * n_out * sizeof(float))};
    assert_true(d.x && d.old && d.weights && d.rows);
    for (size_t i = 0; i < n_x; i++)
        d.x[i] = draw_byte(rng, x);
    for (size_t i = 0; i < n_y; i++)
        d.old[i] = draw_byte(rng, DRAW_ANY);
    for (size_t i = 0; i < n_w; i++)
        d.weights[i] = draw_weight(rng, weights);
    /* Results spread over the bytes; where all is extreme, they are told apart only by wide factors. */
    const double spread = 40.0 / (74.0 * 74.0 * sqrt((double)n_w / (double)n_out));
    for (size_t o = 0; o < n_out; o++) {
        d.rows[o] = (float)(spread * as_rng_range(rng, 0.5, 1.5));
        d.rows[n_out + o] = (float)as_rng_range(rng, 20.0, 230.0) / d.rows[o];
    }
    return d;
}

static void data_done(data *d)
{
    free(d->x);
    free(d->old);
    free(d->weights);
    free(d->rows);
}

static int64_t direct_sum(const as_wino16 *w, const data *d, int64_t at[4])
{
    const int64_t image = at[0], y = at[1], x = at[2], o = at[3], k = w->kernel;
    int64_t       sum = 0;
    for (int64_t i = 0; i < k * k; i++) {
        const int64_t yy = y - w->pad[0] + i / k, xx = x - w->pad[1] + i % k;
        if (yy < 0 || yy >= w->in[0] || xx < 0 || xx >= w->in[1])
            continue;
        const uint8_t *from = d->x + ((image * w->in[0] + yy) * w->in[1] + xx) * w->channels;
        for (int64_t c = 0; c < w->channels; c++)
            sum += (from[c] - w->x_zero) * d->weights[(o * w->channels + c) * k * k + i];
    }
    return sum;
}

static float held(float v, float low, float high)
{
    return fminf(fmaxf(v, low), high);
}

/* By the definition, step by step in floats, each rounded: the same bits are asked for. */
static uint8_t direct(const as_wino16 *w, const data *d, size_t i)
{
    int64_t at[4] = {0, 0, 0, (int64_t)i % w->n_out};
    at[2] = (int64_t)i / w->n_out % w->out[1];
    at[1] = (int64_t)i / w->n_out / w->out[1] % w->out[0];
    at[0] = (int64_t)i / w->n_out / w->out[1] / w->out[0];
    volatile float v = (float)direct_sum(w, d, at) + d->rows[w->n_out + at[3]], s;
    v = v * d->rows[at[3]];
    if (w->middle)
        v = rintf(held(v, 0.0f, 255.0f)) * w->middle_factor;
    if (w->sum) {
        s = w->sum_factor * (float)d->old[i];
        v = v + s;
    }
    if (w->middle)
        v = v + w->middle_offset;
    v = w->limits.on ? held(v, w->limits.low, w->limits.high) : v;
    return (uint8_t)rintf(held(v, 0.0f, 255.0f));
}

typedef struct shared {
    const as_wino16 *w;
    const data      *d;
    const int16_t   *weights;
    void            *scratch;
    uint8_t         *y;
} shared;

static void shared_work(void *ctx, int worker)
{
    const shared *s = ctx;
    as_wino16_run(s->w, worker, s->d->x, s->weights, s->d->rows, s->scratch, s->y);
}

/* heap, GUARD bytes more than there are results. */
static uint8_t *made(const as_wino16 *w, const data *d, as_gang *gang)
{
    const size_t room = (as_wino16_scratch_bytes(w) + 63) / 64 * 64, n = n_results(w);
    uint8_t     *y = malloc(n + GUARD);
    int16_t     *weights = malloc(as_wino16_weight_bytes(w));
    char        *scratch = aligned_alloc(64, room + GUARD);
    assert_true(y && weights && scratch);
    memset(scratch, 0x5a, room + GUARD);
    memset(y, 0xa5, n + GUARD);
    memcpy(y, d->old, n);
    as_wino16_weights(w, d->weights, weights);
    as_gang_run(gang, (uint32_t)w->workers, false, shared_work, &(shared){w, d, weights, scratch, y});
    for (size_t i = as_wino16_scratch_bytes(w); i < room + GUARD; i++)
        assert_int_equal(scratch[i], 0x5a);
    for (size_t i = n; i < n + GUARD; i++)
        assert_int_equal(y[i], 0xa5);
    free(weights);
    free(scratch);
    return y;
}

static const as_isa sets[] = {AS_ISA_AVX2, AS_ISA_AVX2_VNNI, AS_ISA_AVX512_VNNI};

/* Each set of instructions there is, with one thread and several. Returns how many sets. */
static int check(as_wino16 *w, const data *d, as_gang *gang)
{
    const unsigned all = as_isa_find();
    const size_t   n = n_results(w);
    uint8_t       *want = malloc(n);
    int            n_sets = 0;
    assert_non_null(want);
    for (size_t i = 0; i < n; i++)
        want[i] = direct(w, d, i);
    for (size_t s = 0; s < AS_COUNT(sets); s++) {
        if (!(all >> sets[s] & 1))
            continue;
        atomic_store(&as_isa_mask, 1u << sets[s]);
        assert_true(as_wino16_can());
        for (w->workers = 1; w->workers <= 4; w->workers++) {
            uint8_t *y = made(w, d, gang);
            for (size_t i = 0; i < n; i++)
                if (y[i] != want[i])
                    fail_msg("result %zu is %d, not %d (set %d, %d workers)", i, y[i], want[i], (int)sets[s],
                             w->workers);
            free(y);
        }
        n_sets++;
    }
    atomic_store(&as_isa_mask, all);
    free(want);
    return n_sets;
}

static as_wino16 shape_of(as_rng *rng, int round)
{
    as_wino16 w = {.kernel = 3 + round % 2, .images = 1 + round % 3 / 2, .x_zero = (int32_t)as_rng_below(rng, 256)};
    w.channels = AS_WINO16_BLOCK * (1 + (int64_t)as_rng_below(rng, 4));
    w.n_out = AS_WINO16_BLOCK * (1 + (int64_t)as_rng_below(rng, 4));
    for (int i = 0; i < 2; i++) {
        w.pad[i] = (int64_t)as_rng_below(rng, 4);
        w.in[i] = 4 + (int64_t)as_rng_below(rng, 18);
        w.out[i] = w.in[i] + w.pad[i] + (int64_t)as_rng_below(rng, 3) + 1 - w.kernel;
    }
    w.sum = round % 5 > 2;
    w.sum_factor = w.sum ? 0.37f : 0.0f;
    w.middle = round % 5 == 4;
    w.middle_factor = 0.71f;
    w.middle_offset = -11.3f;
    w.limits = (as_limits){round % 4 == 1, 13.0f, 201.0f};
    return w;
}

static void test_shapes(void **state)
{
    as_rng rng = as_rng_new(21);
    if (!as_wino16_can())
        skip();
    for (int round = 0; round < 60; round++) {
        as_wino16 w = shape_of(&rng, round);
        data      d = draw_data(&w, &rng, DRAW_ANY, DRAW_ANY);
        assert_true(as_wino16_bounded(&w, d.weights));
        assert_true(check(&w, &d, *state) > 0);
        data_done(&d);
    }
}

/* Limits that lie beside the bytes, or reach beyond them, in every kind of sum: what is written is a byte all the same. */
static void test_limits_beside_the_bytes(void **state)
{
    static const as_limits limits[] = {{true, -3.4e38f, -500.0f}, {true, -500.0f, -0.75f}, {true, 300.0f, 3.4e38f},
                                       {true, -80.0f, 99.5f},     {true, 31.0f, 3.4e38f},  {true, -9.0f, 700.0f}};
    as_rng                 rng = as_rng_new(25);
    if (!as_wino16_can())
        skip();
    for (int round = 0; round < 36; round++) {
        as_wino16 w = shape_of(&rng, round);
        w.sum = round / 6 % 3 > 0;
        w.middle = round / 6 % 3 > 1;
        w.limits = limits[round % 6];
        data d = draw_data(&w, &rng, DRAW_ANY, DRAW_ANY);
        assert_true(check(&w, &d, *state) > 0);
        data_done(&d);
    }
}

/* The largest there is, in every combination; factors such that the sums themselves come out. */
static void test_extremes(void **state)
{
    as_rng rng = as_rng_new(22);
    if (!as_wino16_can())
        skip();
    for (int round = 0; round < 48; round++) {
        const draw x = (draw)(1 + round % 3), weights = round / 3 % 2 ? DRAW_ALL_LOW : DRAW_EXTREMES;
        as_wino16  w = {.kernel = 3 + round / 6 % 2, .images = 1, .channels = 48, .n_out = 48, .in = {11, 9}};
        w.x_zero = round / 12 % 2 ? 255 : 0;
        for (int i = 0; i < 2; i++) {
            w.pad[i] = round % 2;
            w.out[i] = w.in[i] + 2 * w.pad[i] + 1 - w.kernel;
        }
        data          d = draw_data(&w, &rng, x, weights);
        const int64_t middle = direct_sum(&w, &d, (int64_t[]){0, 4, 4, 0});
        for (int64_t o = 0; o < w.n_out; o++) {
            d.rows[o] = round % 2 ? 1.0f : 0.01f; /* neighbours differ by one, or all are seen */
            d.rows[w.n_out + o] = 100.0f / d.rows[o] - (float)middle;
        }
        assert_true(as_wino16_bounded(&w, d.weights));
        assert_true(check(&w, &d, *state) > 0);
        data_done(&d);
    }
}

/* B' of the header, and what is read of a filter at each point, to choose signs by. */
static const int inputs_of[6][6] = {{4, 0, -5, 0, 1, 0},  {0, -4, -4, 1, 1, 0}, {0, 4, -4, -1, 1, 0},
                                    {0, -2, -1, 2, 1, 0}, {0, 2, -1, -2, 1, 0}, {0, 4, 0, -5, 0, 1}};
static const int points[6] = {0, 1, -1, 2, -2, 0};

static int filter_of(int point, int tap, int taps)
{
    int power = 1;
    for (int i = 0; i < tap; i++)
        power *= points[point];
    return point == 5 ? tap == taps - 1 : power;
}

/* Each point in turn takes the largest transformed input and filter there can be, above zero and below. */
static void test_largest_at_each_point(void **state)
{
    as_rng rng = as_rng_new(24);
    if (!as_wino16_can())
        skip();
    for (int round = 0; round < 36 * 8; round++) {
        const int  row = round % 6, column = round / 6 % 6, k = 3 + round / 36 % 2, turn = round / 72;
        as_wino16  w = {.kernel = k, .images = 1, .channels = 16, .n_out = 16, .in = {6, 6}, .out = {7 - k, 7 - k}};
        const bool up = turn % 2, filter_up = turn / 2;
        data       d = draw_data(&w, &rng, DRAW_ANY, DRAW_ANY);
        w.x_zero = round % 5 ? 0 : 255;
        for (int i = 0; i < 36 * 16; i++)
            d.x[i] = (inputs_of[row][i / 16 / 6] * inputs_of[column][i / 16 % 6] > 0) == up ? 255 : 0;
        for (int i = 0; i < 16 * 16 * k * k; i++) {
            const int f = filter_of(row, i % (k * k) / k, k) * filter_of(column, i % k, k);
            d.weights[i] = (f > 0) == filter_up ? 127 : -128;
        }
        for (int64_t o = 0; o < w.n_out; o++) {
            d.rows[o] = 1.0f; /* neighbours differ by one */
            d.rows[w.n_out + o] = 100.0f - (float)direct_sum(&w, &d, (int64_t[]){0, o % (7 - k), o / 4 % (7 - k), o});
        }
        assert_true(check(&w, &d, *state) > 0);
        data_done(&d);
    }
}

/* Many tiles and channels: several rounds, groups of every size, sums far beyond 32 bits in between. */
static void test_large(void **state)
{
    as_rng rng = as_rng_new(23);
    if (!as_wino16_can())
        skip();
    as_wino16 rows[] = {
        {.kernel = 3, .images = 1, .channels = 352, .n_out = 32, .in = {40, 44}, .out = {40, 44}, .pad = {1, 1}},
        {.kernel = 4, .images = 2, .channels = 256, .n_out = 48, .in = {33, 30}, .out = {30, 27}},
    };
    for (size_t i = 0; i < AS_COUNT(rows); i++) {
        rows[i].x_zero = 3;
        data d = draw_data(&rows[i], &rng, DRAW_EXTREMES, DRAW_EXTREMES);
        for (int64_t o = 0; o < rows[i].n_out; o++)
            d.rows[o] /= 2.0f;
        assert_true(check(&rows[i], &d, *state) > 0);
        data_done(&d);
    }
}

/* 2^25 is where sums can no longer be told apart: one weight less is taken, one more is refused. */
static void test_the_bound(void **state)
{
    enum { CHANNELS = 128, EACH = CHANNELS * 9 };
    static int8_t weights[16 * EACH];
    as_wino16     w = {.kernel = 3, .channels = CHANNELS, .n_out = 16, .x_zero = 0};
    (void)state;
    for (int i = 0; i < EACH; i++) /* 131,328, and 257 more: 255 times that is 2^25 - 257 */
        weights[7 * EACH + i] = (int8_t)((114 + (i < 257)) * (i % 2 ? 1 : -1));
    assert_true(as_wino16_bounded(&w, weights));
    weights[7 * EACH + 5] = 117;
    assert_false(as_wino16_bounded(&w, weights));
    w.x_zero = 1; /* 254 is the most that an input is off it */
    assert_true(as_wino16_bounded(&w, weights));
    w.x_zero = 255;
    assert_false(as_wino16_bounded(&w, weights));
}

/* Few tiles are not worth their weights, few channels not the transforms; and what else there is differs from processor to
 * processor. pays: with AVX2, with AVX-512 that has no VNNI, with AVX512_VNNI. */
static void test_the_choice(void **state)
{
    static const struct {
        int64_t channels, n_out, side;
        int     kernel, workers;
        bool    pays[3];
    } rows[] = {{64, 64, 56, 3, 1, {true, true, true}},     {128, 128, 28, 3, 1, {true, true, true}},
                {128, 128, 28, 3, 2, {true, true, true}},   {128, 128, 28, 3, 8, {true, false, false}},
                {256, 256, 14, 3, 1, {true, true, false}},  {128, 256, 123, 4, 1, {true, true, true}},
                {512, 512, 7, 3, 1, {false, false, false}}, {16, 16, 100, 3, 1, {false, false, false}},
                {128, 128, 1, 3, 1, {false, false, false}}, {256, 256, 8, 3, 4, {false, false, false}},
                {256, 256, 8, 3, 5, {false, false, false}}, {256, 256, 8, 3, 16, {false, false, false}},
                {32, 32, 28, 3, 1, {true, false, false}},   {16, 64, 28, 3, 1, {true, false, false}},
                {48, 48, 28, 3, 1, {true, true, true}}};
    static const unsigned masks[] = {1u << AS_ISA_AVX2, 1u << AS_ISA_AVX2 | 1u << AS_ISA_AVX512,
                                     1u << AS_ISA_AVX2 | 1u << AS_ISA_AVX512 | 1u << AS_ISA_AVX512_VNNI};
    const unsigned        all = as_isa_find();
    (void)state;
#ifndef __x86_64__
    skip();
#endif
    for (size_t i = 0; i < AS_COUNT(rows) * AS_COUNT(masks); i++) {
        const size_t    row = i / AS_COUNT(masks), mask = i % AS_COUNT(masks);
        const as_wino16 w = {.kernel = rows[row].kernel,
                             .workers = rows[row].workers,
                             .images = 1,
                             .channels = rows[row].channels,
                             .n_out = rows[row].n_out,
                             .out = {rows[row].side, rows[row].side}};
        atomic_store(&as_isa_mask, masks[mask]);
        const bool pays = as_wino16_pays(&w);
        atomic_store(&as_isa_mask, all);
        if (pays != rows[row].pays[mask])
            fail_msg("row %zu: %d for set %zu", row, pays, mask);
    }
}

static int setup(void **state)
{
    as_err err = AS_ERR_NONE;
    *state = as_gang_new(3, &err);
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
        cmocka_unit_test(test_shapes),
        cmocka_unit_test(test_extremes),
        cmocka_unit_test(test_large),
        cmocka_unit_test(test_the_bound),
        cmocka_unit_test(test_the_choice),
        cmocka_unit_test(test_largest_at_each_point),
        cmocka_unit_test(test_limits_beside_the_bytes),
    };
    return cmocka_run_group_tests_name("wino16", tests, setup, teardown);
}
