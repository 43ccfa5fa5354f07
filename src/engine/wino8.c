/* SPDX-License-Identifier: Apache-2.0 */
#include "engine/wino8.h"

#include <string.h>

#include "base/isa.h"

enum { WINO8_POINTS = 16, WINO8_BLOCK = AS_WINO8_BLOCK, WINO8_TILES = AS_WINO8_TILES, WINO8_GROUP = 6 };

_Static_assert(WINO8_TILES % WINO8_GROUP == 0, "a block of tiles is whole groups");

/* From point to point: some more than what stands there, or all points would fall into one set of the cache. */
static int64_t wino8_point_step(const as_wino8 *w)
{
    return WINO8_TILES * w->channels + 32;
}

size_t as_wino8_weight_bytes(const as_wino8 *w)
{
    return (size_t)(WINO8_POINTS * w->channels * w->n_out) * sizeof(int16_t);
}

size_t as_wino8_scratch_bytes(const as_wino8 *w)
{
    return (size_t)(WINO8_POINTS * wino8_point_step(w)) * sizeof(int16_t) +
           WINO8_POINTS * WINO8_TILES * WINO8_BLOCK * sizeof(int32_t);
}

typedef int16_t wino8_lanes __attribute__((vector_size(WINO8_BLOCK * sizeof(int16_t)))); /* of WINO8_BLOCK outputs */

/* 2 G g, one dimension. */
static inline void wino8_filter(const wino8_lanes g[3], wino8_lanes u[4])
{
    u[0] = g[0] + g[0];
    u[1] = g[0] + g[1] + g[2];
    u[2] = g[0] - g[1] + g[2];
    u[3] = g[2] + g[2];
}

/* One channel's 3x3 of WINO8_BLOCK outputs, `step` apart, at all points. */
static inline void wino8_transform(const int8_t *weights, int64_t step, wino8_lanes u[WINO8_POINTS])
{
    wino8_lanes g[9], rows[3][4];
    int16_t     at[9][WINO8_BLOCK];
    for (int o = 0; o < WINO8_BLOCK; o++)
        for (int i = 0; i < 9; i++)
            at[i][o] = weights[o * step + i];
    memcpy(g, at, sizeof g);
    for (int i = 0; i < 3; i++)
        wino8_filter(g + 3 * i, rows[i]);
    for (int x = 0; x < 4; x++) {
        wino8_lanes column[4];
        wino8_filter((const wino8_lanes[]){rows[0][x], rows[1][x], rows[2][x]}, column);
        for (int y = 0; y < 4; y++)
            u[y * 4 + x] = column[y];
    }
}

/* In the order the products take them: blocks of 16 outputs, points, pairs of channels, outputs, the pair. */
void as_wino8_weights(const as_wino8 *w, const int8_t *weights, int16_t *to)
{
    const int64_t pairs = w->channels / 2, step = w->channels * 9;
    for (int64_t block = 0; block < w->n_out / WINO8_BLOCK; block++)
        for (int64_t pair = 0; pair < pairs; pair++) {
            const int8_t *from = weights + block * WINO8_BLOCK * step + pair * 18;
            wino8_lanes   a[WINO8_POINTS], b[WINO8_POINTS];
            wino8_transform(from, step, a);
            wino8_transform(from + 9, step, b);
            for (int64_t p = 0; p < WINO8_POINTS; p++) {
                int16_t *out = to + ((block * WINO8_POINTS + p) * pairs + pair) * 2 * WINO8_BLOCK;
                for (int o = 0; o < WINO8_BLOCK; o++) {
                    out[2 * o] = a[p][o];
                    out[2 * o + 1] = b[p][o];
                }
            }
        }
}

#ifdef __x86_64__
#include <immintrin.h>

#define WINO8_AVX2   __attribute__((target("avx2,fma")))
#define WINO8_INLINE WINO8_AVX2 __attribute__((always_inline)) static inline

bool as_wino8_can(void)
{
    return as_isa_may(AS_ISA_AVX2);
}

/* Channels c to c + 15 of the 4x4 pixels under one tile, less the zero point; what is outside is zero. */
WINO8_INLINE void wino8_load(const as_wino8 *w, const uint8_t *x, int64_t y0, int64_t x0, int64_t c, __m256i d[16])
{
    const __m256i zero = _mm256_set1_epi16((int16_t)w->x_zero);
    for (int i = 0; i < 4; i++)
        for (int k = 0; k < 4; k++) {
            const int64_t yy = y0 + i, xx = x0 + k;
            if (yy < 0 || yy >= w->in[0] || xx < 0 || xx >= w->in[1]) {
                d[i * 4 + k] = _mm256_setzero_si256();
                continue;
            }
            const __m128i bytes = _mm_loadu_si128((const __m128i *)(x + (yy * w->in[1] + xx) * w->channels + c));
            d[i * 4 + k] = _mm256_sub_epi16(_mm256_cvtepu8_epi16(bytes), zero);
        }
}

/* B' d in one dimension: step 4 down the columns, 1 along the rows. */
WINO8_INLINE void wino8_input(__m256i *d, int step)
{
    const __m256i a = d[0], b = d[step], c = d[2 * step], e = d[3 * step];
    d[0] = _mm256_sub_epi16(a, c);
    d[step] = _mm256_add_epi16(b, c);
    d[2 * step] = _mm256_sub_epi16(c, b);
    d[3 * step] = _mm256_sub_epi16(b, e);
}

/* Tiles first to first + n - 1 of one image: v[point][tile][channel]. */
WINO8_AVX2 static void wino8_inputs(const as_wino8 *w, const uint8_t *x, int64_t first, int64_t n, int16_t *v)
{
    const int64_t wide = (w->out[1] + 1) / 2;
    for (int64_t t = 0; t < n; t++) {
        const int64_t y0 = (first + t) / wide * 2 - w->pad[0], x0 = (first + t) % wide * 2 - w->pad[1];
        for (int64_t c = 0; c < w->channels; c += WINO8_BLOCK) {
            __m256i d[16];
            wino8_load(w, x, y0, x0, c, d);
            for (int k = 0; k < 4; k++)
                wino8_input(d + k, 4);
            for (int i = 0; i < 4; i++)
                wino8_input(d + 4 * i, 1);
            for (int p = 0; p < WINO8_POINTS; p++)
                _mm256_storeu_si256((__m256i *)(v + p * wino8_point_step(w) + t * w->channels + c), d[p]);
        }
    }
}

/* m[tile][16] = the products of a group of tiles with 16 filters at one point: 12 sums in 16 registers. */
WINO8_INLINE void wino8_products(const int16_t *v, const int16_t *u, int64_t channels, int32_t *m)
{
    __m256i acc[WINO8_GROUP][2];
    for (int t = 0; t < WINO8_GROUP; t++)
        acc[t][0] = acc[t][1] = _mm256_setzero_si256();
    for (int64_t c = 0; c < channels; c += 2) {
        const __m256i a = _mm256_loadu_si256((const __m256i *)(u + c * WINO8_BLOCK));
        const __m256i b = _mm256_loadu_si256((const __m256i *)(u + c * WINO8_BLOCK + WINO8_BLOCK));
        for (int t = 0; t < WINO8_GROUP; t++) {
            int32_t pair;
            memcpy(&pair, v + t * channels + c, sizeof pair);
            const __m256i x = _mm256_set1_epi32(pair);
            acc[t][0] = _mm256_add_epi32(acc[t][0], _mm256_madd_epi16(a, x));
            acc[t][1] = _mm256_add_epi32(acc[t][1], _mm256_madd_epi16(b, x));
        }
    }
    for (int t = 0; t < WINO8_GROUP; t++)
        for (int i = 0; i < 2; i++)
            _mm256_storeu_si256((__m256i *)(m + t * WINO8_BLOCK + 8 * i), acc[t][i]);
}

/* Whole groups: what lies behind the last tile is multiplied too, and never looked at. */
WINO8_AVX2 static void wino8_point(const int16_t *v, const int16_t *u, int64_t channels, int64_t n, int32_t *m)
{
    for (int64_t t = 0; t < n; t += WINO8_GROUP)
        wino8_products(v + t * channels, u, channels, m + t * WINO8_BLOCK);
}

/* A' m A: four results of 8 filters from 16 points, `step` apart. */
WINO8_INLINE void wino8_output(const int32_t *m, int64_t step, __m256i y[4])
{
    __m256i rows[2][4];
    for (int k = 0; k < 4; k++) {
        __m256i p[4];
        for (int i = 0; i < 4; i++)
            p[i] = _mm256_loadu_si256((const __m256i *)(m + (i * 4 + k) * step));
        rows[0][k] = _mm256_add_epi32(_mm256_add_epi32(p[0], p[1]), p[2]);
        rows[1][k] = _mm256_sub_epi32(_mm256_sub_epi32(p[1], p[2]), p[3]);
    }
    for (int i = 0; i < 2; i++) {
        y[2 * i] = _mm256_add_epi32(_mm256_add_epi32(rows[i][0], rows[i][1]), rows[i][2]);
        y[2 * i + 1] = _mm256_sub_epi32(_mm256_sub_epi32(rows[i][1], rows[i][2]), rows[i][3]);
    }
}

WINO8_INLINE __m256 wino8_hold(__m256 v, float low, float high)
{
    return _mm256_min_ps(_mm256_max_ps(v, _mm256_set1_ps(low)), _mm256_set1_ps(high));
}

/* 8 results as numbers of the target; old: 8 bytes of what stood there. */
WINO8_INLINE __m256i wino8_finish(const as_wino8 *w, __m256i acc, const float *factor, const float *offset,
                                  const uint8_t *old)
{
    __m256 v = _mm256_mul_ps(_mm256_cvtepi32_ps(acc), _mm256_loadu_ps(factor));
    v = _mm256_add_ps(v, _mm256_loadu_ps(offset));
    if (w->middle) {
        v = _mm256_cvtepi32_ps(_mm256_cvtps_epi32(wino8_hold(v, 0.0f, 255.0f)));
        v = _mm256_add_ps(_mm256_mul_ps(v, _mm256_set1_ps(w->middle_factor)), _mm256_set1_ps(w->middle_offset));
    }
    if (w->sum) {
        const __m256i there = _mm256_cvtepu8_epi32(_mm_loadl_epi64((const __m128i *)old));
        v = _mm256_add_ps(v, _mm256_mul_ps(_mm256_cvtepi32_ps(there), _mm256_set1_ps(w->sum_factor)));
    }
    v = wino8_hold(v, 0.0f, 255.0f);
    return _mm256_cvtps_epi32(w->limits.on ? wino8_hold(v, w->limits.low, w->limits.high) : v);
}

WINO8_AVX2 static void wino8_outputs(const as_wino8 *w, const int32_t *m, const float *rows, int64_t first, int64_t n,
                                     int64_t block, uint8_t *y)
{
    const int64_t wide = (w->out[1] + 1) / 2, o = block * WINO8_BLOCK;
    const float  *factor = rows + o, *offset = rows + w->n_out + o;
    for (int64_t t = 0; t < n; t++) {
        const int64_t y0 = (first + t) / wide * 2, x0 = (first + t) % wide * 2;
        __m256i       low[4], high[4];
        wino8_output(m + t * WINO8_BLOCK, WINO8_TILES * WINO8_BLOCK, low);
        wino8_output(m + t * WINO8_BLOCK + 8, WINO8_TILES * WINO8_BLOCK, high);
        for (int i = 0; i < 4; i++) {
            const int64_t yy = y0 + i / 2, xx = x0 + i % 2;
            if (yy >= w->out[0] || xx >= w->out[1])
                continue;
            uint8_t      *to = y + (yy * w->out[1] + xx) * w->n_out + o;
            const __m256i a = wino8_finish(w, low[i], factor, offset, to);
            const __m256i b = wino8_finish(w, high[i], factor + 8, offset + 8, to + 8);
            const __m256i words = _mm256_permute4x64_epi64(_mm256_packs_epi32(a, b), 0xd8);
            _mm_storeu_si128((__m128i *)to,
                             _mm_packus_epi16(_mm256_castsi256_si128(words), _mm256_extracti128_si256(words, 1)));
        }
    }
}

void as_wino8_run(const as_wino8 *w, const uint8_t *x, const int16_t *weights, const float *rows, void *scratch,
                  uint8_t *y)
{
    const int64_t tiles = ((w->out[0] + 1) / 2) * ((w->out[1] + 1) / 2);
    int16_t      *v = scratch;
    int32_t      *m = (int32_t *)(v + WINO8_POINTS * wino8_point_step(w));
    for (int64_t image = 0; image < w->images; image++) {
        const uint8_t *from = x + image * w->in[0] * w->in[1] * w->channels;
        uint8_t       *to = y + image * w->out[0] * w->out[1] * w->n_out;
        for (int64_t first = 0; first < tiles; first += WINO8_TILES) {
            const int64_t n = AS_MIN(tiles - first, (int64_t)WINO8_TILES);
            wino8_inputs(w, from, first, n, v);
            for (int64_t block = 0; block < w->n_out / WINO8_BLOCK; block++) {
                for (int64_t p = 0; p < WINO8_POINTS; p++)
                    wino8_point(v + p * wino8_point_step(w),
                                weights + (block * WINO8_POINTS + p) * w->channels * WINO8_BLOCK, w->channels, n,
                                m + p * WINO8_TILES * WINO8_BLOCK);
                wino8_outputs(w, m, rows, first, n, block, to);
            }
        }
    }
}

#else

bool as_wino8_can(void)
{
    return false;
}

void as_wino8_run(const as_wino8 *w, const uint8_t *x, const int16_t *weights, const float *rows, void *scratch,
                  uint8_t *y)
{
    (void)w;
    (void)x;
    (void)weights;
    (void)rows;
    (void)scratch;
    (void)y;
}

#endif
