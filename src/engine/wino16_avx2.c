/* SPDX-License-Identifier: Apache-2.0 */
/* wino16.h for AVX2, with VNNI and without. No product is fused with a sum: results are those of every other processor. */
#include <string.h>

#include "engine/wino16_priv.h"

#ifdef __x86_64__
#include <immintrin.h>

#define WINO256        __attribute__((target("avx2")))
#define WINO256_INLINE __attribute__((always_inline)) static inline

enum { WINO256_WIDE = 16, WINO256_LANES = 8, WINO256_GROUP = 6 };

/* --- inputs: 16 channels in a register ---------------------------------------------------------------------------- */

/* The 6x6 pixels under one tile, less the zero point; what is outside is zero. */
WINO256 WINO256_INLINE void wino256_load(const as_wino16 *w, const uint8_t *x, int64_t y0, int64_t x0,
                                         __m256i d[AS_WINO16_POINTS])
{
    const __m256i zero = _mm256_set1_epi16((int16_t)w->x_zero);
    for (int i = 0; i < AS_WINO16_SIDE; i++)
        for (int k = 0; k < AS_WINO16_SIDE; k++) {
            const int64_t  yy = y0 + i, xx = x0 + k;
            const uint8_t *from = x + (yy * w->in[1] + xx) * w->channels;
            const bool     in = yy >= 0 && yy < w->in[0] && xx >= 0 && xx < w->in[1];
            d[i * AS_WINO16_SIDE + k] =
                in ? _mm256_sub_epi16(_mm256_cvtepu8_epi16(_mm_loadu_si128((const __m128i *)from)), zero)
                   : _mm256_setzero_si256();
        }
}

/* B' d, one dimension: six numbers, `step` apart. */
WINO256 WINO256_INLINE void wino256_input(__m256i *d, int step)
{
    const __m256i d0 = d[0], d1 = d[step], d2 = d[2 * step], d3 = d[3 * step], d4 = d[4 * step], d5 = d[5 * step];
    const __m256i even = _mm256_sub_epi16(d4, _mm256_slli_epi16(d2, 2));
    const __m256i odd = _mm256_sub_epi16(d3, _mm256_slli_epi16(d1, 2));
    const __m256i even2 = _mm256_sub_epi16(d4, d2);
    const __m256i odd2 = _mm256_slli_epi16(_mm256_sub_epi16(d3, d1), 1);
    d[0] = _mm256_add_epi16(_mm256_slli_epi16(_mm256_sub_epi16(d0, d2), 2), even2);
    d[step] = _mm256_add_epi16(even, odd);
    d[2 * step] = _mm256_sub_epi16(even, odd);
    d[3 * step] = _mm256_add_epi16(even2, odd2);
    d[4 * step] = _mm256_sub_epi16(even2, odd2);
    d[5 * step] = _mm256_sub_epi16(_mm256_sub_epi16(d5, d3), _mm256_slli_epi16(odd2, 1));
}

WINO256 static void wino256_inputs(const as_wino16_job *j, const uint8_t *x, int64_t first, int64_t n, int16_t *v)
{
    const as_wino16 *w = j->w;
    as_wino16_place  at = as_wino16_at(j, first);
    for (int64_t t = 0; t < n; t++, as_wino16_next(j, &at)) {
        for (int64_t c = 0; c < w->channels; c += AS_WINO16_BLOCK) {
            __m256i d[AS_WINO16_POINTS];
            wino256_load(w, x + at.image * w->in[0] * w->in[1] * w->channels + c, at.y - w->pad[0], at.x - w->pad[1],
                         d);
            for (int k = 0; k < AS_WINO16_SIDE; k++)
                wino256_input(d + k, AS_WINO16_SIDE);
            for (int i = 0; i < AS_WINO16_SIDE; i++)
                wino256_input(d + AS_WINO16_SIDE * i, 1);
            for (int p = 0; p < AS_WINO16_POINTS; p++)
                _mm256_storeu_si256((__m256i *)(v + p * j->v_step + t * w->channels + c), d[p]);
        }
    }
}

/* --- products: 12 sums in 16 registers ---------------------------------------------------------------------------- */

/* The intrinsic of VNNI lets the compiler copy the sum before it adds to it, and so it does. */
WINO256 WINO256_INLINE void wino256_dot(const bool vnni, __m256i *sum, __m256i a, __m256i b)
{
    if (vnni)
        __asm__("%{vex%} vpdpwssd %2, %1, %0" : "+x"(*sum) : "x"(a), "x"(b));
    else
        *sum = _mm256_add_epi32(*sum, _mm256_madd_epi16(a, b));
}

/* `tiles` tiles by 16 filters. ahead: what is fetched meanwhile, stride bytes a step. */
WINO256 WINO256_INLINE void wino256_products(const bool vnni, const int tiles, const int16_t *v, const int16_t *u,
                                             int64_t channels, const char *ahead, int64_t stride, int32_t *m)
{
    __m256i acc[WINO256_GROUP][2];
    for (int t = 0; t < tiles; t++)
        acc[t][0] = acc[t][1] = _mm256_setzero_si256();
    for (int64_t c = 0; c < channels; c += 2) {
        const __m256i a = _mm256_loadu_si256((const __m256i *)(u + c * WINO256_WIDE));
        const __m256i b = _mm256_loadu_si256((const __m256i *)(u + c * WINO256_WIDE + 2 * WINO256_LANES));
        _mm_prefetch(ahead, _MM_HINT_T0);
        ahead += stride;
        for (int t = 0; t < tiles; t++) {
            int32_t pair;
            memcpy(&pair, v + t * channels + c, sizeof pair);
            const __m256i x = _mm256_set1_epi32(pair);
            wino256_dot(vnni, &acc[t][0], a, x);
            wino256_dot(vnni, &acc[t][1], b, x);
        }
    }
    for (int t = 0; t < tiles; t++)
        for (int i = 0; i < 2; i++)
            _mm256_storeu_si256((__m256i *)(m + t * WINO256_WIDE + i * WINO256_LANES), acc[t][i]);
}

/* All tiles, in groups of much the same size; each fetches its part of the weights of the next point. */
WINO256 WINO256_INLINE void wino256_groups(const bool vnni, const int16_t *v, const int16_t *u, int64_t channels,
                                           int64_t n, int32_t *m)
{
    const int64_t groups = (n + WINO256_GROUP - 1) / WINO256_GROUP;
    const int64_t bytes = channels * WINO256_WIDE * (int64_t)sizeof *u, stride = bytes / groups / (channels / 2);
    for (int64_t g = 0; g < groups; g++) {
        const int64_t  t = n * g / groups;
        const int16_t *from = v + t * channels;
        const char    *ahead = (const char *)u + bytes + bytes * g / groups;
        int32_t       *to = m + t * WINO256_WIDE;
        switch (n * (g + 1) / groups - t) {
        case 1: wino256_products(vnni, 1, from, u, channels, ahead, stride, to); break;
        case 2: wino256_products(vnni, 2, from, u, channels, ahead, stride, to); break;
        case 3: wino256_products(vnni, 3, from, u, channels, ahead, stride, to); break;
        case 4: wino256_products(vnni, 4, from, u, channels, ahead, stride, to); break;
        case 5: wino256_products(vnni, 5, from, u, channels, ahead, stride, to); break;
        default: wino256_products(vnni, WINO256_GROUP, from, u, channels, ahead, stride, to); break;
        }
    }
}

WINO256 static void wino256_point(const int16_t *v, const int16_t *u, int64_t channels, int64_t n, int64_t wide,
                                  int32_t *m)
{
    (void)wide;
    wino256_groups(false, v, u, channels, n, m);
}

WINO256 static void wino256_point_vnni(const int16_t *v, const int16_t *u, int64_t channels, int64_t n, int64_t wide,
                                       int32_t *m)
{
    (void)wide;
    wino256_groups(true, v, u, channels, n, m);
}

/* --- outputs: 8 in a register ------------------------------------------------------------------------------------- */

/* 24 A' m, less what 2^min(i, 2) is of result i; one dimension, `step` apart. */
WINO256 WINO256_INLINE void wino256_output(const __m256i m[AS_WINO16_SIDE], const int result, __m256i *y, int step)
{
    const __m256i a = _mm256_add_epi32(m[1], m[2]), b = _mm256_sub_epi32(m[1], m[2]);
    const __m256i c = _mm256_add_epi32(m[3], m[4]), d = _mm256_sub_epi32(m[3], m[4]);
    y[0] = _mm256_add_epi32(m[0], _mm256_sub_epi32(c, _mm256_slli_epi32(a, 2)));
    y[step] = _mm256_sub_epi32(d, _mm256_add_epi32(b, b));
    y[2 * step] = _mm256_sub_epi32(c, a);
    if (result == 3)
        y[2 * step] = _mm256_add_epi32(y[2 * step], m[5]);
    else
        y[3 * step] = _mm256_add_epi32(m[5], _mm256_sub_epi32(_mm256_add_epi32(d, d), b));
}

WINO256 WINO256_INLINE __m256 wino256_hold(__m256 v, __m256 low, __m256 high)
{
    return _mm256_min_ps(_mm256_max_ps(v, low), high);
}

WINO256 WINO256_INLINE __m256 wino256_times(__m256 a, float b)
{
    return _mm256_mul_ps(a, _mm256_set1_ps(b));
}

/* unit: what a sum's numbers are counted in. */
WINO256 WINO256_INLINE void wino256_finish(const as_wino16_job *j, __m256i acc, float unit, __m256 factor,
                                           __m256 offset, uint8_t *to)
{
    const as_wino16 *w = j->w;
    __m256           v = _mm256_cvtepi32_ps(_mm256_mullo_epi32(acc, _mm256_set1_epi32(AS_WINO16_NINTH)));
    v = _mm256_mul_ps(_mm256_add_ps(wino256_times(v, unit), offset), factor);
    if (w->middle) {
        v = _mm256_cvtepi32_ps(_mm256_cvtps_epi32(wino256_hold(v, _mm256_setzero_ps(), _mm256_set1_ps(255.0f))));
        v = wino256_times(v, w->middle_factor);
    }
    if (w->sum) {
        const __m256i there = _mm256_cvtepu8_epi32(_mm_loadl_epi64((const __m128i *)to));
        v = _mm256_add_ps(v, wino256_times(_mm256_cvtepi32_ps(there), w->sum_factor));
    }
    if (w->middle)
        v = _mm256_add_ps(v, _mm256_set1_ps(w->middle_offset));
    const __m256i whole = _mm256_cvtps_epi32(wino256_hold(v, _mm256_set1_ps(j->low), _mm256_set1_ps(j->top)));
    const __m128i words = _mm_packs_epi32(_mm256_castsi256_si128(whole), _mm256_extracti128_si256(whole, 1));
    _mm_storel_epi64((__m128i *)to, _mm_packus_epi16(words, words));
}

/* 8 outputs of one tile. */
WINO256 WINO256_INLINE void wino256_tile(const as_wino16_job *j, const int result, const int32_t *m, __m256 factor,
                                         __m256 offset, int64_t high, int64_t across, uint8_t *y)
{
    static const float units[] = {1.0f / 64, 1.0f / 32, 1.0f / 16, 1.0f / 8, 1.0f / 4}; /* 2^shift / 64 */
    __m256i            rows[4][AS_WINO16_SIDE], z[4];
    for (int k = 0; k < AS_WINO16_SIDE; k++) {
        __m256i column[AS_WINO16_SIDE];
        for (int i = 0; i < AS_WINO16_SIDE; i++)
            column[i] = _mm256_loadu_si256((const __m256i *)(m + (i * AS_WINO16_SIDE + k) * j->m_step));
        wino256_output(column, result, &rows[0][k], AS_WINO16_SIDE);
    }
    for (int i = 0; i < result && i < high; i++) {
        wino256_output(rows[i], result, z, 1);
        for (int k = 0; k < result && k < across; k++)
            wino256_finish(j, z[k], units[AS_MIN(i, 2) + AS_MIN(k, 2)], factor, offset,
                           y + (i * j->w->out[1] + k) * j->w->n_out);
    }
}

WINO256 WINO256_INLINE void wino256_tiles(const as_wino16_job *j, const int result, const int32_t *m, const float *rows,
                                          int64_t first, int64_t n, int64_t o, uint8_t *y)
{
    const as_wino16 *w = j->w;
    for (int64_t half = 0; half < WINO256_WIDE; half += WINO256_LANES) {
        const __m256    factor = _mm256_loadu_ps(rows + o + half), offset = _mm256_loadu_ps(rows + w->n_out + o + half);
        as_wino16_place at = as_wino16_at(j, first);
        for (int64_t t = 0; t < n; t++, as_wino16_next(j, &at))
            wino256_tile(j, result, m + t * WINO256_WIDE + half, factor, offset, w->out[0] - at.y, w->out[1] - at.x,
                         y + ((at.image * w->out[0] + at.y) * w->out[1] + at.x) * w->n_out + o + half);
    }
}

WINO256 static void wino256_outputs(const as_wino16_job *j, const int32_t *m, const float *rows, int64_t first,
                                    int64_t n, int64_t o, int64_t wide, uint8_t *y)
{
    (void)wide;
    if (j->result == 3)
        wino256_tiles(j, 3, m, rows, first, n, o, y);
    else
        wino256_tiles(j, 4, m, rows, first, n, o, y);
}

const as_wino16_set as_wino16_avx2 = {WINO256_WIDE, 512 << 10, wino256_inputs, wino256_point, wino256_outputs};
const as_wino16_set as_wino16_avx2_vnni = {WINO256_WIDE, 832 << 10, wino256_inputs, wino256_point_vnni,
                                           wino256_outputs};

#endif
