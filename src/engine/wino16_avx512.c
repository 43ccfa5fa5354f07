/* SPDX-License-Identifier: Apache-2.0 */
/* wino16.h for AVX-512 with VNNI. */
#include <string.h>

#include "engine/wino16_priv.h"

#ifdef __x86_64__
#include <immintrin.h>

#define WINO512        __attribute__((target("avx512f,avx512bw,avx512vl,avx512dq,avx512vnni")))
#define WINO512_INLINE WINO512 __attribute__((always_inline)) static inline

enum { WINO512_WIDE = 32, WINO512_LANES = 16, WINO512_GROUP = 14, WINO512_STEPS = 4 };

/* --- inputs: 32 channels in a register ---------------------------------------------------------------------------- */

/* The 6x6 pixels under one tile, less the zero point; what is outside is zero. lanes: which of 32 channels there are. */
WINO512_INLINE void wino512_load(const as_wino16 *w, const uint8_t *x, int64_t y0, int64_t x0, __mmask32 lanes,
                                 __m512i d[AS_WINO16_POINTS])
{
    const __m512i zero = _mm512_set1_epi16((int16_t)w->x_zero);
    const int64_t row = w->in[1] * w->channels;
    if (y0 >= 0 && x0 >= 0 && y0 + AS_WINO16_SIDE <= w->in[0] && x0 + AS_WINO16_SIDE <= w->in[1]) {
        const uint8_t *from = x + y0 * row + x0 * w->channels;
        for (int i = 0; i < AS_WINO16_SIDE; i++)
            for (int k = 0; k < AS_WINO16_SIDE; k++)
                d[i * AS_WINO16_SIDE + k] = _mm512_sub_epi16(
                    _mm512_cvtepu8_epi16(_mm256_maskz_loadu_epi8(lanes, from + i * row + k * w->channels)), zero);
        return;
    }
    for (int i = 0; i < AS_WINO16_SIDE; i++)
        for (int k = 0; k < AS_WINO16_SIDE; k++) {
            const int64_t yy = y0 + i, xx = x0 + k;
            const bool    in = yy >= 0 && yy < w->in[0] && xx >= 0 && xx < w->in[1];
            d[i * AS_WINO16_SIDE + k] =
                in ? _mm512_sub_epi16(
                         _mm512_cvtepu8_epi16(_mm256_maskz_loadu_epi8(lanes, x + yy * row + xx * w->channels)), zero)
                   : _mm512_setzero_si512();
        }
}

/* B' d, one dimension: six numbers, `step` apart. */
WINO512_INLINE void wino512_input(__m512i *d, int step)
{
    const __m512i d0 = d[0], d1 = d[step], d2 = d[2 * step], d3 = d[3 * step], d4 = d[4 * step], d5 = d[5 * step];
    const __m512i even = _mm512_sub_epi16(d4, _mm512_slli_epi16(d2, 2));
    const __m512i odd = _mm512_sub_epi16(d3, _mm512_slli_epi16(d1, 2));
    const __m512i even2 = _mm512_sub_epi16(d4, d2);
    const __m512i odd2 = _mm512_slli_epi16(_mm512_sub_epi16(d3, d1), 1);
    d[0] = _mm512_add_epi16(_mm512_slli_epi16(_mm512_sub_epi16(d0, d2), 2), even2);
    d[step] = _mm512_add_epi16(even, odd);
    d[2 * step] = _mm512_sub_epi16(even, odd);
    d[3 * step] = _mm512_add_epi16(even2, odd2);
    d[4 * step] = _mm512_sub_epi16(even2, odd2);
    d[5 * step] = _mm512_sub_epi16(_mm512_sub_epi16(d5, d3), _mm512_slli_epi16(odd2, 1));
}

WINO512 static void wino512_inputs(const as_wino16_job *j, const uint8_t *x, int64_t first, int64_t n, int16_t *v)
{
    const as_wino16 *w = j->w;
    for (int64_t t = 0; t < n; t++) {
        int64_t image, y0, x0;
        as_wino16_at(j, first + t, &image, &y0, &x0);
        for (int64_t c = 0; c < w->channels; c += 32) {
            const __mmask32 lanes = w->channels - c < 32 ? 0xffff : 0xffffffff;
            __m512i         d[AS_WINO16_POINTS];
            wino512_load(w, x + image * w->in[0] * w->in[1] * w->channels + c, y0 - w->pad[0], x0 - w->pad[1], lanes,
                         d);
            for (int k = 0; k < AS_WINO16_SIDE; k++)
                wino512_input(d + k, AS_WINO16_SIDE);
            for (int i = 0; i < AS_WINO16_SIDE; i++)
                wino512_input(d + AS_WINO16_SIDE * i, 1);
            for (int p = 0; p < AS_WINO16_POINTS; p++)
                _mm512_mask_storeu_epi16(v + p * j->v_step + t * w->channels + c, lanes, d[p]);
        }
    }
}

/* --- products ----------------------------------------------------------------------------------------------------- */

/* A pair of channels of tile t, in all lanes. v: of every third tile. */
WINO512_INLINE __m512i wino512_pair(const int16_t *const v[], int t, int64_t channels, int at)
{
    int32_t pair;
    memcpy(&pair, v[t / 3] + (t % 3) * channels + at, sizeof pair);
    return _mm512_set1_epi32(pair);
}

/* `tiles` tiles by `halves` times 16 filters. Fetches the weights `ahead` from here: those of the next point. */
WINO512_INLINE void wino512_products(const int tiles, const int halves, const int16_t *from, const int16_t *u,
                                     int64_t channels, int64_t ahead, int32_t *m)
{
    const int16_t *v[(WINO512_GROUP + 2) / 3];
    __m512i        acc[WINO512_GROUP][2];
    for (int t = 0; t < tiles; t++) {
        acc[t][0] = acc[t][1] = _mm512_setzero_si512();
        if (t % 3 == 0)
            v[t / 3] = from + t * channels;
    }
    for (int64_t c = 0; c < channels; c += 2 * WINO512_STEPS) {
#pragma GCC unroll 4
        for (int s = 0; s < WINO512_STEPS; s++) {
            const __m512i a = _mm512_loadu_si512(u);
            const __m512i b = halves > 1 ? _mm512_loadu_si512(u + 2 * WINO512_LANES) : a;
            _mm_prefetch((const char *)(u + ahead), _MM_HINT_T1);
            u += 2 * WINO512_LANES * halves;
#pragma GCC unroll 14
            for (int t = 0; t < tiles; t++) {
                const __m512i x = wino512_pair(v, t, channels, 2 * s);
                acc[t][0] = _mm512_dpwssd_epi32(acc[t][0], a, x);
                if (halves > 1)
                    acc[t][1] = _mm512_dpwssd_epi32(acc[t][1], b, x);
            }
        }
        for (int t = 0; t < tiles; t += 3)
            v[t / 3] += 2 * WINO512_STEPS;
    }
    for (int t = 0; t < tiles; t++)
        for (int i = 0; i < halves; i++)
            _mm512_storeu_si512(m + (t * halves + i) * WINO512_LANES, acc[t][i]);
}

#define WINO512_TILES(n)                                              \
    case n:                                                           \
        wino512_products(n, halves, v, u, channels, ahead, m); \
        break
#define WINO512_ALL_TILES  \
    WINO512_TILES(1);      \
    WINO512_TILES(2);      \
    WINO512_TILES(3);      \
    WINO512_TILES(4);      \
    WINO512_TILES(5);      \
    WINO512_TILES(6);      \
    WINO512_TILES(7);      \
    WINO512_TILES(8);      \
    WINO512_TILES(9);      \
    WINO512_TILES(10);     \
    WINO512_TILES(11);     \
    WINO512_TILES(12);     \
    WINO512_TILES(13);     \
    WINO512_TILES(14)

WINO512 static void wino512_two(int64_t tiles, const int16_t *v, const int16_t *u, int64_t channels, int64_t ahead,
                                int32_t *m)
{
    enum { halves = 2 };
    switch (tiles) {
        WINO512_ALL_TILES;
    default:
        break;
    }
}

WINO512 static void wino512_one(int64_t tiles, const int16_t *v, const int16_t *u, int64_t channels, int64_t ahead,
                                int32_t *m)
{
    enum { halves = 1 };
    switch (tiles) {
        WINO512_ALL_TILES;
    default:
        break;
    }
}

WINO512 static void wino512_point(const int16_t *v, const int16_t *u, int64_t channels, int64_t n, int64_t wide,
                                  int32_t *m)
{
    const int64_t groups = (n + WINO512_GROUP - 1) / WINO512_GROUP;
    for (int64_t g = 0; g < groups; g++) {
        const int64_t t = n * g / groups, tiles = n * (g + 1) / groups - t;
        /* A line a step: half of them in the first group, the rest in the second. */
        const int64_t ahead = channels * wide;
        (wide > WINO512_LANES ? wino512_two : wino512_one)(tiles, v + t * channels, u, channels, ahead, m + t * wide);
    }
}

/* --- outputs: 16 in a register ------------------------------------------------------------------------------------ */

/* 24 A' m, less what 2^wino512_shift(i) is of result i; one dimension, `step` apart. */
WINO512_INLINE void wino512_output(const __m512i m[AS_WINO16_SIDE], const int result, __m512i *y, int step)
{
    const __m512i a = _mm512_add_epi32(m[1], m[2]), b = _mm512_sub_epi32(m[1], m[2]);
    const __m512i c = _mm512_add_epi32(m[3], m[4]), d = _mm512_sub_epi32(m[3], m[4]);
    y[0] = _mm512_add_epi32(m[0], _mm512_sub_epi32(c, _mm512_slli_epi32(a, 2)));
    y[step] = _mm512_sub_epi32(d, _mm512_add_epi32(b, b));
    y[2 * step] = _mm512_sub_epi32(c, a);
    if (result == 3)
        y[2 * step] = _mm512_add_epi32(y[2 * step], m[5]);
    else
        y[3 * step] = _mm512_add_epi32(m[5], _mm512_sub_epi32(_mm512_add_epi32(d, d), b));
}

WINO512_INLINE __m512 wino512_hold(__m512 v, __m512 low, __m512 high)
{
    return _mm512_min_ps(_mm512_max_ps(v, low), high);
}

/* A product that is rounded before it is added to something. */
WINO512_INLINE __m512 wino512_times(__m512 a, float b)
{
    return _mm512_mul_round_ps(a, _mm512_set1_ps(b), _MM_FROUND_CUR_DIRECTION);
}

/* unit: what a sum's numbers are counted in. */
WINO512_INLINE void wino512_finish(const as_wino16_job *j, __m512i acc, float unit, __m512 factor, __m512 offset,
                                   uint8_t *to)
{
    const as_wino16 *w = j->w;
    __m512           v = _mm512_cvtepi32_ps(_mm512_mullo_epi32(acc, _mm512_set1_epi32(AS_WINO16_NINTH)));
    v = _mm512_mul_round_ps(_mm512_fmadd_ps(v, _mm512_set1_ps(unit), offset), factor, _MM_FROUND_CUR_DIRECTION);
    if (w->middle) {
        v = _mm512_cvtepi32_ps(
            _mm512_cvtps_epi32(wino512_hold(v, _mm512_setzero_ps(), _mm512_set1_ps(255.0f))));
        v = wino512_times(v, w->middle_factor);
    }
    if (w->sum) {
        const __m512i there = _mm512_cvtepu8_epi32(_mm_loadu_si128((const __m128i *)to));
        v = _mm512_add_ps(v, wino512_times(_mm512_cvtepi32_ps(there), w->sum_factor));
    }
    if (w->middle)
        v = _mm512_add_ps(v, _mm512_set1_ps(w->middle_offset));
    v = wino512_hold(v, _mm512_set1_ps(j->low), _mm512_set1_ps(j->top));
    _mm_storeu_si128((__m128i *)to, _mm512_cvtusepi32_epi8(_mm512_cvtps_epi32(v)));
}

/* 16 outputs of one tile. */
WINO512_INLINE void wino512_tile(const as_wino16_job *j, const int result, const int32_t *m, __m512 factor,
                                 __m512 offset, int64_t high, int64_t across, uint8_t *y)
{
    static const float units[] = {1.0f / 64, 1.0f / 32, 1.0f / 16, 1.0f / 8, 1.0f / 4}; /* 2^shift / 64 */
    __m512i            rows[4][AS_WINO16_SIDE], z[16];
    for (int k = 0; k < AS_WINO16_SIDE; k++) {
        __m512i column[AS_WINO16_SIDE];
        for (int i = 0; i < AS_WINO16_SIDE; i++)
            column[i] = _mm512_loadu_si512(m + (i * AS_WINO16_SIDE + k) * j->m_step);
        wino512_output(column, result, &rows[0][k], AS_WINO16_SIDE);
    }
    for (int i = 0; i < result; i++)
        wino512_output(rows[i], result, z + i * result, 1);
    for (int i = 0; i < result && i < high; i++)
        for (int k = 0; k < result && k < across; k++)
            wino512_finish(j, z[i * result + k], units[AS_MIN(i, 2) + AS_MIN(k, 2)], factor, offset,
                           y + (i * j->w->out[1] + k) * j->w->n_out);
}

WINO512_INLINE void wino512_tiles(const as_wino16_job *j, const int result, const int32_t *m, const float *rows,
                                  int64_t first, int64_t n, int64_t o, int64_t wide, uint8_t *y)
{
    const as_wino16 *w = j->w;
    for (int64_t half = 0; half < wide; half += WINO512_LANES) {
        const __m512 factor = _mm512_loadu_ps(rows + o + half), offset = _mm512_loadu_ps(rows + w->n_out + o + half);
        for (int64_t t = 0; t < n; t++) {
            int64_t image, y0, x0;
            as_wino16_at(j, first + t, &image, &y0, &x0);
            wino512_tile(j, result, m + t * wide + half, factor, offset, w->out[0] - y0, w->out[1] - x0,
                         y + ((image * w->out[0] + y0) * w->out[1] + x0) * w->n_out + o + half);
        }
    }
}

WINO512 static void wino512_outputs(const as_wino16_job *j, const int32_t *m, const float *rows, int64_t first,
                                    int64_t n, int64_t o, int64_t wide, uint8_t *y)
{
    if (j->result == 3)
        wino512_tiles(j, 3, m, rows, first, n, o, wide, y);
    else
        wino512_tiles(j, 4, m, rows, first, n, o, wide, y);
}

const as_wino16_set as_wino16_avx512 = {WINO512_WIDE, wino512_inputs, wino512_point, wino512_outputs};

#endif
