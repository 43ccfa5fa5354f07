/* SPDX-License-Identifier: Apache-2.0 */
/* wino16.h for AVX-512 with VNNI. */
#include <string.h>

#include "engine/pairs512.h"
#include "engine/wino16_priv.h"

#ifdef __x86_64__
#include <immintrin.h>

#define WINO512        __attribute__((target("avx512f,avx512bw,avx512vl,avx512dq,avx512vnni")))
#define WINO512_INLINE WINO512 __attribute__((always_inline)) static inline

enum { WINO512_LANES = AS_PAIRS512_LANES, WINO512_PARTS = 8 };

/* --- inputs: 32 channels in a register ---------------------------------------------------------------------------- */

/* Pixels less the zero point; what is outside is zero. full: all of 32 channels are there, not 16. */
WINO512_INLINE __m512i wino512_load(const uint8_t *x, bool full, __m512i zero)
{
    const __m256i bytes =
        full ? _mm256_loadu_si256((const __m256i *)x) : _mm256_castsi128_si256(_mm_loadu_si128((const __m128i *)x));
    return _mm512_sub_epi16(_mm512_cvtepu8_epi16(bytes), zero);
}

WINO512_INLINE void wino512_store(int16_t *v, bool full, __m512i d)
{
    if (full)
        _mm512_storeu_si512(v, d);
    else
        _mm256_storeu_si256((__m256i *)v, _mm512_castsi512_si256(d));
}

/* B' d, one dimension: six numbers to six, to_step apart. */
WINO512_INLINE void wino512_input(const __m512i d[AS_WINO16_SIDE], __m512i *to, int to_step)
{
    const __m512i even = _mm512_sub_epi16(d[4], _mm512_slli_epi16(d[2], 2));
    const __m512i odd = _mm512_sub_epi16(d[3], _mm512_slli_epi16(d[1], 2));
    const __m512i even2 = _mm512_sub_epi16(d[4], d[2]);
    const __m512i odd2 = _mm512_slli_epi16(_mm512_sub_epi16(d[3], d[1]), 1);
    to[0] = _mm512_add_epi16(_mm512_slli_epi16(_mm512_sub_epi16(d[0], d[2]), 2), even2);
    to[to_step] = _mm512_add_epi16(even, odd);
    to[2 * to_step] = _mm512_sub_epi16(even, odd);
    to[3 * to_step] = _mm512_add_epi16(even2, odd2);
    to[4 * to_step] = _mm512_sub_epi16(even2, odd2);
    to[5 * to_step] = _mm512_sub_epi16(_mm512_sub_epi16(d[5], d[3]), _mm512_slli_epi16(odd2, 1));
}

/* The columns of 32 channels of the tile whose first pixel is there. */
WINO512_INLINE void wino512_columns(const as_wino16 *w, const uint8_t *x, int64_t y0, int64_t x0, const bool full,
                                    __m512i to[AS_WINO16_POINTS])
{
    const __m512i zero = _mm512_set1_epi16((int16_t)w->x_zero);
    const int64_t row = w->in[1] * w->channels;
    if (y0 >= 0 && x0 >= 0 && y0 + AS_WINO16_SIDE <= w->in[0] && x0 + AS_WINO16_SIDE <= w->in[1]) {
        for (int k = 0; k < AS_WINO16_SIDE; k++) {
            __m512i d[AS_WINO16_SIDE];
            for (int i = 0; i < AS_WINO16_SIDE; i++)
                d[i] = wino512_load(x + i * row + k * w->channels, full, zero);
            wino512_input(d, to + k, AS_WINO16_SIDE);
        }
        return;
    }
    for (int k = 0; k < AS_WINO16_SIDE; k++) {
        __m512i d[AS_WINO16_SIDE];
        for (int i = 0; i < AS_WINO16_SIDE; i++) {
            const bool in = y0 + i >= 0 && y0 + i < w->in[0] && x0 + k >= 0 && x0 + k < w->in[1];
            d[i] = in ? wino512_load(x + i * row + k * w->channels, full, zero) : _mm512_setzero_si512();
        }
        wino512_input(d, to + k, AS_WINO16_SIDE);
    }
}

WINO512_INLINE void wino512_rows(const as_wino16_job *j, const __m512i from[AS_WINO16_POINTS], int i, const bool full,
                                 int16_t *v)
{
    __m512i d[AS_WINO16_SIDE];
    wino512_input(from + AS_WINO16_SIDE * i, d, 1);
    for (int k = 0; k < AS_WINO16_SIDE; k++)
        wino512_store(v + (i * AS_WINO16_SIDE + k) * j->v_step, full, d[k]);
}

/* Several at once, point by point: each point stands in a page of its own, and a processor keeps few of those at hand to
 * write to. */
WINO512 static void wino512_inputs(const as_wino16_job *j, const uint8_t *x, int64_t first, int64_t n, int16_t *v)
{
    const as_wino16 *w = j->w;
    as_wino16_place  at = as_wino16_at(j, first);
    __m512i          part[WINO512_PARTS][AS_WINO16_POINTS];
    for (int64_t t = 0, c = 0; t < n;) {
        int64_t to[WINO512_PARTS];
        bool    full[WINO512_PARTS];
        int     n_parts = 0;
        for (; t < n && n_parts < WINO512_PARTS; n_parts++) {
            const int64_t  y0 = at.y - w->pad[0], x0 = at.x - w->pad[1];
            const uint8_t *from = x + ((at.image * w->in[0] + y0) * w->in[1] + x0) * w->channels + c;
            to[n_parts] = t * w->channels + c;
            full[n_parts] = w->channels - c >= 32;
            if (full[n_parts])
                wino512_columns(w, from, y0, x0, true, part[n_parts]);
            else
                wino512_columns(w, from, y0, x0, false, part[n_parts]);
            c += 32;
            if (c >= w->channels) {
                c = 0;
                t++;
                as_wino16_next(j, &at);
            }
        }
        for (int i = 0; i < AS_WINO16_SIDE; i++)
            for (int p = 0; p < n_parts; p++) {
                if (full[p])
                    wino512_rows(j, part[p], i, true, v + to[p]);
                else
                    wino512_rows(j, part[p], i, false, v + to[p]);
            }
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

/* What becomes of sums: known where it is compiled. */
typedef struct wino512_kind {
    int  result;
    bool middle, sum;
} wino512_kind;

/* unit: what a sum's numbers are counted in. */
WINO512_INLINE void wino512_finish(const as_wino16_job *j, const wino512_kind kind, __m512i acc, float unit,
                                   __m512 factor, __m512 offset, uint8_t *to)
{
    const as_wino16 *w = j->w;
    __m512           v = _mm512_cvtepi32_ps(_mm512_mullo_epi32(acc, _mm512_set1_epi32(AS_WINO16_NINTH)));
    v = _mm512_mul_round_ps(_mm512_fmadd_ps(v, _mm512_set1_ps(unit), offset), factor, _MM_FROUND_CUR_DIRECTION);
    if (kind.middle) {
        v = _mm512_cvtepi32_ps(_mm512_cvtps_epi32(wino512_hold(v, _mm512_setzero_ps(), _mm512_set1_ps(255.0f))));
        v = wino512_times(v, w->middle_factor);
    }
    if (kind.sum) {
        const __m512i there = _mm512_cvtepu8_epi32(_mm_loadu_si128((const __m128i *)to));
        v = _mm512_add_ps(v, wino512_times(_mm512_cvtepi32_ps(there), w->sum_factor));
    }
    if (kind.middle)
        v = _mm512_add_ps(v, _mm512_set1_ps(w->middle_offset));
    v = wino512_hold(v, _mm512_set1_ps(j->low), _mm512_set1_ps(j->top));
    _mm_storeu_si128((__m128i *)to, _mm512_cvtusepi32_epi8(_mm512_cvtps_epi32(v)));
}

/* 16 outputs of one tile, of which so many results are in the picture. */
WINO512_INLINE void wino512_tile(const as_wino16_job *j, const wino512_kind kind, const int32_t *m, __m512 factor,
                                 __m512 offset, int64_t high, int64_t across, uint8_t *y)
{
    static const float units[] = {1.0f / 64, 1.0f / 32, 1.0f / 16, 1.0f / 8, 1.0f / 4}; /* 2^shift / 64 */
    const int64_t      pixel = j->w->n_out, line = j->w->out[1] * pixel;
    __m512i            rows[4][AS_WINO16_SIDE];
#pragma GCC unroll 6
    for (int k = 0; k < AS_WINO16_SIDE; k++) {
        __m512i column[AS_WINO16_SIDE];
        for (int i = 0; i < AS_WINO16_SIDE; i++)
            column[i] = _mm512_loadu_si512(m + (i * AS_WINO16_SIDE + k) * j->m_step);
        wino512_output(column, kind.result, &rows[0][k], AS_WINO16_SIDE);
        __asm__ volatile("" : "+m"(rows) : : "memory"); /* or all is loaded first, more than there are registers */
    }
#pragma GCC unroll 4
    for (int i = 0; i < kind.result; i++) {
        __m512i z[4];
        if (i >= high)
            break;
        wino512_output(rows[i], kind.result, z, 1);
#pragma GCC unroll 4
        for (int k = 0; k < kind.result; k++)
            if (k < across)
                wino512_finish(j, kind, z[k], units[AS_MIN(i, 2) + AS_MIN(k, 2)], factor, offset,
                               y + i * line + k * pixel);
    }
}

WINO512_INLINE void wino512_tiles(const as_wino16_job *j, const wino512_kind kind, const int32_t *m, const float *rows,
                                  int64_t first, int64_t n, int64_t o, int64_t wide, uint8_t *y)
{
    const as_wino16 *w = j->w;
    for (int64_t half = 0; half < wide; half += WINO512_LANES) {
        const __m512    factor = _mm512_loadu_ps(rows + o + half), offset = _mm512_loadu_ps(rows + w->n_out + o + half);
        as_wino16_place at = as_wino16_at(j, first);
        for (int64_t t = 0; t < n; t++, as_wino16_next(j, &at))
            wino512_tile(j, kind, m + t * wide + half, factor, offset, w->out[0] - at.y, w->out[1] - at.x,
                         y + ((at.image * w->out[0] + at.y) * w->out[1] + at.x) * w->n_out + o + half);
    }
}

#define WINO512_OUTPUTS(result, middle, sum) \
    wino512_tiles(j, (wino512_kind){result, middle, sum}, m, rows, first, n, o, wide, y)

WINO512 static void wino512_outputs(const as_wino16_job *j, const int32_t *m, const float *rows, int64_t first,
                                    int64_t n, int64_t o, int64_t wide, uint8_t *y)
{
    const int plain = j->w->middle ? 0 : j->w->sum ? 1 : 2;
    switch (j->result * 4 + plain) {
    case 12: WINO512_OUTPUTS(3, true, true); break;
    case 13: WINO512_OUTPUTS(3, false, true); break;
    case 14: WINO512_OUTPUTS(3, false, false); break;
    case 16: WINO512_OUTPUTS(4, true, true); break;
    case 17: WINO512_OUTPUTS(4, false, true); break;
    default: WINO512_OUTPUTS(4, false, false); break;
    }
}

const as_wino16_set as_wino16_avx512 = {AS_PAIRS512_WIDE, 832 << 10, wino512_inputs, as_pairs512_whole,
                                        wino512_outputs};

#endif
