/* SPDX-License-Identifier: Apache-2.0 */
#include "engine/wino.h"

#include <string.h>

#include "base/isa.h"

enum {
    WINO_LANES = AS_WINO_LANES,
    WINO_BLOCK = 16, /* outputs a product makes: two registers */
    WINO_GROUP = 6,  /* tiles a product takes: 12 sums */
    MIN_TILES = 18,
    MAX_TILES = 24, /* at once */
    SIDE_MAX = 6,   /* points a side */
    POINTS_MAX = 36,
    LINE = 16 /* floats a line of the cache */
};

#define WINO_CACHE ((int64_t)288 << 10) /* of a second-level cache, for what the products read and write again */

static int64_t wino_side(const as_wino *w)
{
    return w->tile + 2;
}

static int64_t wino_points(const as_wino *w)
{
    return wino_side(w) * wino_side(w);
}

static int64_t wino_blocks(const as_wino *w)
{
    return (w->n_out + WINO_BLOCK - 1) / WINO_BLOCK;
}

static int64_t wino_across(const as_wino *w)
{
    return (w->out[1] + w->tile - 1) / w->tile;
}

static int64_t wino_all_tiles(const as_wino *w)
{
    return (w->out[0] + w->tile - 1) / w->tile * wino_across(w);
}

/* How many tiles are worked on at once: what their transformed inputs take stays in the cache, yet there are enough that
 * weights are not read from memory for a few, and no rest is small. */
static int64_t wino_tiles(const as_wino *w)
{
    const int64_t each = wino_points(w) * w->channels * (int64_t)sizeof(float), all = wino_all_tiles(w);
    const int64_t most =
        AS_MIN(AS_MAX(WINO_CACHE / each / WINO_GROUP * WINO_GROUP, (int64_t)MIN_TILES), (int64_t)MAX_TILES);
    const int64_t rounds = AS_MAX((all + most - 1) / most, (w->workers + w->images - 1) / w->images);
    const int64_t even = (all + rounds - 1) / rounds;
    return AS_MIN((even + WINO_GROUP - 1) / WINO_GROUP * WINO_GROUP, most);
}

/* In cycles of a processor that does two products of 8 at once, as measured on one: a transform of 8 channels of a tile
 * takes `transform`, and weights come at 16 bytes from a cache, at 6 from memory. */
static int64_t wino_cost(const as_wino *w, int tile)
{
    as_wino       t = *w;
    const int64_t transform = tile == 2 ? 86 : 420;
    t.tile = tile;
    const int64_t tiles = wino_all_tiles(&t) * w->images, bytes = (int64_t)as_wino_weight_bytes(&t);
    return wino_points(&t) * tiles * w->channels * wino_blocks(w) +
           tiles * (w->channels + w->n_out) / WINO_LANES * transform + bytes / (bytes <= (4 << 20) ? 16 : 6);
}

int as_wino_tile(const as_wino *w)
{
    const int64_t products = 9 * w->images * w->out[0] * w->out[1] * w->channels * w->n_out / WINO_BLOCK;
    const int64_t two = wino_cost(w, 2), four = wino_cost(w, 4), direct = products + products / 4;
    return AS_MIN(two, four) >= direct ? 0 : two <= four ? 2 : 4;
}

/* From point to point: a line more than what stands there, or all points would fall into one set of the cache. */
static int64_t wino_v_step(const as_wino *w)
{
    return wino_tiles(w) * w->channels + LINE;
}

static int64_t wino_m_step(const as_wino *w)
{
    return wino_tiles(w) * WINO_BLOCK + LINE;
}

static int64_t wino_worker_room(const as_wino *w)
{
    return wino_points(w) * (wino_v_step(w) + wino_m_step(w));
}

size_t as_wino_weight_bytes(const as_wino *w)
{
    return (size_t)(wino_points(w) * w->channels * wino_blocks(w) * WINO_BLOCK) * sizeof(float);
}

size_t as_wino_scratch_bytes(const as_wino *w)
{
    return (size_t)(AS_MAX(w->workers, 1) * wino_worker_room(w)) * sizeof(float);
}

typedef double wino_lanes[WINO_BLOCK]; /* one number of each filter of a block */

/* G g, one dimension, of 16 filters at once; numbers of g and of u stand `step` apart. */
AS_ISA_CLONES(void, wino_filters,
              (int tile, const wino_lanes *restrict g, int g_step, wino_lanes *restrict u, int u_step),
              (tile, g, g_step, u, u_step))
{
    const double *a = g[0], *b = g[g_step], *c = g[2 * g_step];
    for (int l = 0; l < WINO_BLOCK; l++) {
        const double ends = a[l] + c[l];
        if (tile == 2) {
            u[0][l] = a[l];
            u[u_step][l] = (ends + b[l]) * 0.5;
            u[2 * u_step][l] = (ends - b[l]) * 0.5;
            u[3 * u_step][l] = c[l];
        } else {
            const double far = a[l] + 4 * c[l];
            u[0][l] = a[l] * 0.25;
            u[u_step][l] = (ends + b[l]) * (-1.0 / 6);
            u[2 * u_step][l] = (ends - b[l]) * (-1.0 / 6);
            u[3 * u_step][l] = (far + 2 * b[l]) * (1.0 / 24);
            u[4 * u_step][l] = (far - 2 * b[l]) * (1.0 / 24);
            u[5 * u_step][l] = c[l];
        }
    }
}

AS_ISA_CLONES(void, wino_round_off, (const double *restrict u, float *restrict to), (u, to))
{
    for (int l = 0; l < WINO_BLOCK; l++)
        to[l] = (float)u[l];
}

/* In the order the products take them: blocks of outputs, points, channels, outputs. */
void as_wino_weights(const as_wino *w, const void *weights, float *to)
{
    const int     side = (int)wino_side(w);
    const int64_t points = wino_points(w);
    wino_lanes    g[9], rows[3 * SIDE_MAX], u[POINTS_MAX];
    for (int64_t o = 0; o < w->n_out; o += WINO_BLOCK)
        for (int64_t c = 0; c < w->channels; c++) {
            memset(g, 0, sizeof g);
            for (int64_t l = 0; l < AS_MIN((int64_t)WINO_BLOCK, w->n_out - o); l++) {
                float one[9];
                memcpy(one, (const char *)weights + (size_t)((o + l) * w->channels + c) * sizeof one, sizeof one);
                for (int k = 0; k < 9; k++)
                    g[k][l] = (double)one[k];
            }
            for (int i = 0; i < 3; i++)
                wino_filters(w->tile, g + 3 * i, 1, rows + i * side, 1);
            for (int x = 0; x < side; x++)
                wino_filters(w->tile, rows + x, side, u + x, side);
            for (int64_t p = 0; p < points; p++)
                wino_round_off(u[p], to + ((o / WINO_BLOCK * points + p) * w->channels + c) * WINO_BLOCK);
        }
}

#ifdef __x86_64__
#include <immintrin.h>

#define WINO_AVX2   __attribute__((target("avx2,fma")))
#define WINO_INLINE WINO_AVX2 __attribute__((always_inline)) static inline

bool as_wino_can(void)
{
    return as_isa_may(AS_ISA_AVX2) && !as_isa_may(AS_ISA_AVX512);
}

/* B' d in one dimension, in place. */
WINO_INLINE void wino_input(int tile, __m256 *d, int step)
{
    const __m256 a = d[0], b = d[step], c = d[2 * step], e = d[3 * step];
    if (tile == 2) {
        d[0] = _mm256_sub_ps(a, c);
        d[step] = _mm256_add_ps(b, c);
        d[2 * step] = _mm256_sub_ps(c, b);
        d[3 * step] = _mm256_sub_ps(b, e);
        return;
    }
    const __m256 f = d[4 * step], g = d[5 * step], four = _mm256_set1_ps(4.0f), five = _mm256_set1_ps(5.0f);
    const __m256 two = _mm256_set1_ps(2.0f);
    const __m256 even = _mm256_fnmadd_ps(four, c, f), odd = _mm256_fnmadd_ps(four, b, e);
    const __m256 low = _mm256_sub_ps(f, c), high = _mm256_mul_ps(two, _mm256_sub_ps(e, b));
    d[0] = _mm256_fmadd_ps(four, a, _mm256_fnmadd_ps(five, c, f));
    d[step] = _mm256_add_ps(even, odd);
    d[2 * step] = _mm256_sub_ps(even, odd);
    d[3 * step] = _mm256_add_ps(low, high);
    d[4 * step] = _mm256_sub_ps(low, high);
    d[5 * step] = _mm256_fmadd_ps(four, b, _mm256_fnmadd_ps(five, e, g));
}

/* The pixels under one tile, 8 channels of them; what is outside is zero. */
WINO_INLINE void wino_load(const as_wino *w, int side, const float *x, int64_t y0, int64_t x0, __m256 *d)
{
    if (y0 >= 0 && x0 >= 0 && y0 + side <= w->in[0] && x0 + side <= w->in[1]) {
        for (int i = 0; i < side; i++)
            for (int k = 0; k < side; k++)
                d[i * side + k] = _mm256_loadu_ps(x + ((y0 + i) * w->in[1] + x0 + k) * WINO_LANES);
        return;
    }
    for (int i = 0; i < side; i++)
        for (int k = 0; k < side; k++) {
            const int64_t yy = y0 + i, xx = x0 + k;
            const bool    inside = yy >= 0 && yy < w->in[0] && xx >= 0 && xx < w->in[1];
            d[i * side + k] = inside ? _mm256_loadu_ps(x + (yy * w->in[1] + xx) * WINO_LANES) : _mm256_setzero_ps();
        }
}

/* Tiles first to first + n - 1 of one image: v[point][tile][channel]. */
WINO_INLINE void wino_inputs(const as_wino *w, int tile, const float *x, int64_t first, int64_t n, float *v)
{
    const int     side = tile + 2;
    const int64_t across = wino_across(w), plane = w->in[0] * w->in[1] * WINO_LANES, step = wino_v_step(w);
    for (int64_t c = 0; c < w->channels; c += WINO_LANES)
        for (int64_t t = 0; t < n; t++) {
            const int64_t y0 = (first + t) / across * tile - w->pad[0], x0 = (first + t) % across * tile - w->pad[1];
            __m256        d[POINTS_MAX];
            wino_load(w, side, x + c / WINO_LANES * plane, y0, x0, d);
            for (int k = 0; k < side; k++)
                wino_input(tile, d + k, side);
            for (int i = 0; i < side; i++)
                wino_input(tile, d + side * i, 1);
            for (int p = 0; p < side * side; p++)
                _mm256_storeu_ps(v + p * step + t * w->channels + c, d[p]);
        }
}

/* m[tile][16] = the products of n tiles with 16 filters at one point. Weights that come next are asked for meanwhile:
 * `ahead` bytes more of them each channel. */
WINO_INLINE void wino_products(const float *v, const float *u, int64_t channels, int n, const char *next, int64_t ahead,
                               float *m)
{
    __m256 acc[WINO_GROUP][2];
    for (int t = 0; t < n; t++)
        acc[t][0] = acc[t][1] = _mm256_setzero_ps();
    for (int64_t c = 0; c < channels; c++) {
        const __m256 a = _mm256_loadu_ps(u + c * WINO_BLOCK), b = _mm256_loadu_ps(u + c * WINO_BLOCK + WINO_LANES);
        _mm_prefetch(next + c * ahead, _MM_HINT_T0);
        for (int t = 0; t < n; t++) {
            const __m256 x = _mm256_broadcast_ss(v + t * channels + c);
            acc[t][0] = _mm256_fmadd_ps(a, x, acc[t][0]);
            acc[t][1] = _mm256_fmadd_ps(b, x, acc[t][1]);
        }
    }
    for (int t = 0; t < n; t++) {
        _mm256_storeu_ps(m + t * WINO_BLOCK, acc[t][0]);
        _mm256_storeu_ps(m + t * WINO_BLOCK + WINO_LANES, acc[t][1]);
    }
}

/* The first group reads the weights as they come from memory, the others ask for those of the next point. */
WINO_AVX2 static void wino_point(const float *v, const float *u, int64_t channels, int64_t n, float *m)
{
    const int64_t others = (n - 1) / WINO_GROUP, ahead = others ? LINE * (int64_t)sizeof(float) / others : 0;
    const char   *next = (const char *)(u + channels * WINO_BLOCK);
    int64_t       t = 0;
    for (; t + WINO_GROUP <= n; t += WINO_GROUP) {
        wino_products(v + t * channels, u, channels, WINO_GROUP, next, t ? ahead : 0, m + t * WINO_BLOCK);
        next += t ? channels * ahead : 0;
    }
    v += t * channels;
    m += t * WINO_BLOCK;
    switch (n - t) {
    case 1: wino_products(v, u, channels, 1, next, ahead, m); break;
    case 2: wino_products(v, u, channels, 2, next, ahead, m); break;
    case 3: wino_products(v, u, channels, 3, next, ahead, m); break;
    case 4: wino_products(v, u, channels, 4, next, ahead, m); break;
    case 5: wino_products(v, u, channels, 5, next, ahead, m); break;
    default: break;
    }
}

/* A' m, one dimension: `tile` results from tile + 2 points. */
WINO_INLINE void wino_output(int tile, const __m256 *m, int step, __m256 *y, int y_step)
{
    const __m256 a = m[0], b = m[step], c = m[2 * step], d = m[3 * step];
    if (tile == 2) {
        y[0] = _mm256_add_ps(_mm256_add_ps(a, b), c);
        y[y_step] = _mm256_sub_ps(_mm256_sub_ps(b, c), d);
        return;
    }
    const __m256 e = m[4 * step], f = m[5 * step];
    const __m256 sum = _mm256_add_ps(b, c), difference = _mm256_sub_ps(b, c);
    const __m256 far_sum = _mm256_add_ps(d, e), far_difference = _mm256_sub_ps(d, e);
    y[0] = _mm256_add_ps(_mm256_add_ps(a, sum), far_sum);
    y[y_step] = _mm256_fmadd_ps(_mm256_set1_ps(2.0f), far_difference, difference);
    y[2 * y_step] = _mm256_fmadd_ps(_mm256_set1_ps(4.0f), far_sum, sum);
    y[3 * y_step] = _mm256_add_ps(_mm256_fmadd_ps(_mm256_set1_ps(8.0f), far_difference, difference), f);
}

WINO_INLINE __m256 wino_finish(const as_wino *w, __m256 v, __m256 bias, const float *old)
{
    v = _mm256_add_ps(v, bias);
    if (w->sum)
        v = _mm256_add_ps(v, _mm256_loadu_ps(old));
    if (w->hold)
        v = _mm256_min_ps(_mm256_max_ps(v, _mm256_set1_ps(w->low)), _mm256_set1_ps(w->high));
    return v;
}

/* 8 outputs of tiles first to first + n - 1. */
WINO_INLINE void wino_outputs(const as_wino *w, int tile, const float *m, __m256 bias, int64_t first, int64_t n,
                              float *y)
{
    const int     side = tile + 2;
    const int64_t across = wino_across(w), step = wino_m_step(w);
    for (int64_t t = 0; t < n; t++) {
        const int64_t y0 = (first + t) / across * tile, x0 = (first + t) % across * tile;
        __m256        d[POINTS_MAX], rows[POINTS_MAX], r[POINTS_MAX];
        for (int p = 0; p < side * side; p++)
            d[p] = _mm256_loadu_ps(m + p * step + t * WINO_BLOCK);
        for (int k = 0; k < side; k++)
            wino_output(tile, d + k, side, rows + k, side);
        for (int i = 0; i < tile; i++)
            wino_output(tile, rows + i * side, 1, r + i * tile, 1);
        for (int i = 0; i < tile; i++)
            for (int k = 0; k < tile; k++) {
                if (y0 + i >= w->out[0] || x0 + k >= w->out[1])
                    continue;
                float *to = y + ((y0 + i) * w->out[1] + x0 + k) * WINO_LANES;
                _mm256_storeu_ps(to, wino_finish(w, r[i * tile + k], bias, to));
            }
    }
}

typedef struct wino_data {
    const float *x, *weights, *bias;
    float       *v, *m, *y;
} wino_data;

/* Tiles first to first + n - 1 of one image. */
WINO_INLINE void wino_round(const as_wino *w, int tile, const wino_data *d, int64_t first, int64_t n)
{
    const int64_t points = wino_points(w), plane = w->out[0] * w->out[1] * WINO_LANES;
    wino_inputs(w, tile, d->x, first, n, d->v);
    for (int64_t o = 0; o < w->n_out; o += WINO_BLOCK) {
        const float *u = d->weights + o * points * w->channels;
        for (int64_t p = 0; p < points; p++)
            wino_point(d->v + p * wino_v_step(w), u + p * w->channels * WINO_BLOCK, w->channels, n,
                       d->m + p * wino_m_step(w));
        for (int64_t half = 0; half < WINO_BLOCK && o + half < w->n_out; half += WINO_LANES)
            wino_outputs(w, tile, d->m + half, _mm256_loadu_ps(d->bias + o + half), first, n,
                         d->y + (o + half) / WINO_LANES * plane);
    }
}

WINO_AVX2 static void wino_round_2(const as_wino *w, const wino_data *d, int64_t first, int64_t n)
{
    wino_round(w, 2, d, first, n);
}

WINO_AVX2 static void wino_round_4(const as_wino *w, const wino_data *d, int64_t first, int64_t n)
{
    wino_round(w, 4, d, first, n);
}

void as_wino_run(const as_wino *w, int worker, const float *x, const float *weights, const float *bias, void *scratch,
                 float *y)
{
    const int64_t all = wino_all_tiles(w), tiles = wino_tiles(w), rounds = (all + tiles - 1) / tiles;
    const int64_t n = rounds * w->images, workers = AS_MAX(w->workers, 1);
    for (int64_t r = n * worker / workers; r < n * (worker + 1) / workers; r++) {
        const int64_t image = r / rounds, first = r % rounds * tiles;
        wino_data     d = {.weights = weights, .bias = bias, .v = (float *)scratch + worker * wino_worker_room(w)};
        d.m = d.v + wino_points(w) * wino_v_step(w);
        d.x = x + image * w->channels * w->in[0] * w->in[1];
        d.y = y + image * w->n_out * w->out[0] * w->out[1];
        (w->tile == 2 ? wino_round_2 : wino_round_4)(w, &d, first, AS_MIN(all - first, tiles));
    }
}
#else
bool as_wino_can(void)
{
    return false;
}

void as_wino_run(const as_wino *w, int worker, const float *x, const float *weights, const float *bias, void *scratch,
                 float *y)
{
    (void)w;
    (void)worker;
    (void)x;
    (void)weights;
    (void)bias;
    (void)scratch;
    (void)y;
}
#endif
