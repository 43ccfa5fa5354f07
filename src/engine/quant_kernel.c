/* SPDX-License-Identifier: Apache-2.0 */
#include "engine/quant_kernel.h"

#include <string.h>

#include "base/isa.h"

enum { CHUNK = 256 };

/* v + this has no room for what comes after the point: the processor rounds to even, and the low bits are the result.
 * For |v| < 2^22. */
#define QUANT_ROUNDER 12582912.0f /* 1.5 * 2^23 */

static inline int32_t quant_round(float v, float low, float high)
{
    int32_t bits;
    v = v > low ? v : low; /* also of what is no number */
    v = v < high ? v : high;
    v += QUANT_ROUNDER;
    memcpy(&bits, &v, sizeof bits);
    return bits - 0x4b400000;
}

AS_ISA_CLONES(void, quant_line,
              (const float *x, size_t n, float scale, int32_t zero, float low, float high, uint8_t *out),
              (x, n, scale, zero, low, high, out))
{
    for (size_t i = 0; i < n; i++)
        out[i] = (uint8_t)(quant_round(x[i] / scale, low, high) + zero);
}

AS_ISA_CLONES(void, quant_interleave3,
              (const uint8_t *restrict a, const uint8_t *restrict b, const uint8_t *restrict c, size_t n,
               uint8_t *restrict out),
              (a, b, c, n, out))
{
    for (size_t i = 0; i < n; i++) {
        out[3 * i] = a[i];
        out[3 * i + 1] = b[i];
        out[3 * i + 2] = c[i];
    }
}

#ifdef __x86_64__
#include <immintrin.h>

#define QUANT_WIDE __attribute__((target("avx512f,avx512bw,avx512dq,avx512vl")))

typedef struct quant_numbers {
    __m512  scale, inverse, low, high;
    __m512i zero;
} quant_numbers;

/* 16 of them. A product with the inverse differs from the quotient by far less than QUANT_SURE: only what falls that close to
 * the middle between two integers is divided. */
#define QUANT_SURE 0.001f
enum { QUANT_AHEAD = 512 }; /* floats that are on their way meanwhile */
QUANT_WIDE __attribute__((always_inline)) static inline __m512i quant_wide_some(const float *x, const quant_numbers *q)
{
    const __m512 from = _mm512_loadu_ps(x);
    const __m512 v = _mm512_min_ps(_mm512_max_ps(_mm512_mul_ps(from, q->inverse), q->low), q->high);
    __m512i      whole = _mm512_cvtps_epi32(v);
    const __m512 off = _mm512_abs_ps(_mm512_sub_ps(v, _mm512_cvtepi32_ps(whole)));
    if (__builtin_expect(_mm512_cmp_ps_mask(off, _mm512_set1_ps(0.5f - QUANT_SURE), _CMP_GT_OQ) != 0, 0))
        whole = _mm512_cvtps_epi32(_mm512_min_ps(_mm512_max_ps(_mm512_div_ps(from, q->scale), q->low), q->high));
    return _mm512_add_epi32(whole, q->zero);
}

/* Pixels of three planes, the first n / 16 * 16: how many they were. */
QUANT_WIDE static size_t quant_wide_3(const float *x, size_t n, float scale, int32_t zero, float low, float high,
                                      uint8_t *out)
{
    const quant_numbers q = {_mm512_set1_ps(scale), _mm512_set1_ps(1.0f / scale), _mm512_set1_ps(low),
                             _mm512_set1_ps(high), _mm512_set1_epi32(zero)};
    /* Three bytes of each 32 bits, then those of the four lanes beside each other. */
    const __m512i three = _mm512_broadcast_i32x4(_mm_setr_epi8(0, 1, 2, 4, 5, 6, 8, 9, 10, 12, 13, 14, -1, -1, -1, -1));
    const __m512i beside = _mm512_setr_epi32(0, 1, 2, 4, 5, 6, 8, 9, 10, 12, 13, 14, 15, 15, 15, 15);
    const __m512i byte = _mm512_set1_epi32(255);
    size_t        i = 0;
    for (; i + 16 <= n; i += 16) {
        for (size_t p = 0; p < 3; p++)
            _mm_prefetch((const char *)(x + p * n + i + QUANT_AHEAD), _MM_HINT_T0);
        const __m512i a = quant_wide_some(x + i, &q), b = quant_wide_some(x + n + i, &q),
                      c = quant_wide_some(x + 2 * n + i, &q);
        const __m512i ab = _mm512_or_si512(_mm512_and_si512(a, byte), _mm512_slli_epi32(_mm512_and_si512(b, byte), 8));
        const __m512i all = _mm512_or_si512(ab, _mm512_slli_epi32(_mm512_and_si512(c, byte), 16));
        _mm512_mask_storeu_epi32(out + 3 * i, 0x0fff,
                                 _mm512_permutexvar_epi32(beside, _mm512_shuffle_epi8(all, three)));
    }
    return i;
}
#endif

AS_ISA_CLONES(int, quant_largest, (const int8_t *q, size_t n), (q, n))
{
    int8_t most = 0, least = 0;
    for (size_t i = 0; i < n; i++) {
        most = q[i] > most ? q[i] : most;
        least = q[i] < least ? q[i] : least;
    }
    return AS_MAX((int)most, -(int)least);
}

int as_quant_kernel_largest(const int8_t *q, size_t n)
{
    return quant_largest(q, n);
}

AS_ISA_CLONES(int, quant_largest_pair, (const int8_t *q, size_t n, size_t taps), (q, n, taps))
{
    int16_t most = 0, least = 0;
    for (size_t i = 0; i < n; i++)
        for (size_t tap = 0; tap < taps; tap++) {
            const int16_t a = q[2 * i * taps + tap], b = q[(2 * i + 1) * taps + tap];
            const int16_t above = (int16_t)((a > 0 ? a : 0) + (b > 0 ? b : 0));
            const int16_t below = (int16_t)((a < 0 ? a : 0) + (b < 0 ? b : 0));
            most = above > most ? above : most;
            least = below < least ? below : least;
        }
    return AS_MAX((int)most, -(int)least);
}

int as_quant_kernel_largest_pair(const int8_t *q, size_t n, size_t taps)
{
    return taps == 1 ? quant_largest_pair(q, n, 1) : quant_largest_pair(q, n, taps);
}

void as_quant_kernel_from_f32(const float *x, size_t planes, size_t n, float scale, int32_t zero, int32_t low,
                              int32_t high, uint8_t *out)
{
    const float lo = (float)(low - zero), hi = (float)(high - zero);
    uint8_t     lines[3][CHUNK];
    if (planes == 1 || n == 1) {
        quant_line(x, planes * n, scale, zero, lo, hi, out);
        return;
    }
    size_t at = 0;
#ifdef __x86_64__
    if (planes == 3 && as_isa_may(AS_ISA_AVX512) && scale > 1e-30f && scale < 1e30f)
        at = quant_wide_3(x, n, scale, zero, lo, hi, out);
#endif
    for (; at < n; at += CHUNK) {
        const size_t m = AS_MIN(n - at, (size_t)CHUNK);
        if (planes == 3) {
            for (size_t p = 0; p < 3; p++)
                quant_line(x + p * n + at, m, scale, zero, lo, hi, lines[p]);
            quant_interleave3(lines[0], lines[1], lines[2], m, out + at * 3);
            continue;
        }
        for (size_t p = 0; p < planes; p++) {
            quant_line(x + p * n + at, m, scale, zero, lo, hi, lines[0]);
            for (size_t i = 0; i < m; i++)
                out[(at + i) * planes + p] = lines[0][i];
        }
    }
}

enum { TO_F32_PIXELS = 16, TO_F32_PLANES = 64 }; /* a line of the cache each way */

static inline void quant_column(const uint8_t *q, size_t planes, size_t n, const float table[256], float *out)
{
    for (size_t i = 0; i < n; i++, q += planes)
        out[i] = table[*q];
}

void as_quant_kernel_to_f32(const uint8_t *q, size_t planes, size_t n, const float table[256], float *out)
{
    for (size_t at = 0; at < n; at += TO_F32_PIXELS)
        for (size_t first = 0; first < planes; first += TO_F32_PLANES)
            for (size_t p = first; p < AS_MIN(planes, first + TO_F32_PLANES); p++) {
                float line[TO_F32_PIXELS];
                if (n - at >= TO_F32_PIXELS) {
                    quant_column(q + at * planes + p, planes, TO_F32_PIXELS, table, line);
                    memcpy(out + p * n + at, line, sizeof line);
                } else {
                    quant_column(q + at * planes + p, planes, n - at, table, out + p * n + at);
                }
            }
}

void as_quant_kernel_look_up(const uint8_t *q, size_t n, const uint8_t table[256], uint8_t *out)
{
    for (size_t i = 0; i < n; i++)
        out[i] = table[q[i]];
}

void as_quant_kernel_rows(const uint8_t *from, size_t rows, size_t width, size_t from_step, size_t to_step,
                          const uint8_t *table, uint8_t *to)
{
    for (size_t r = 0; r < rows; r++) {
        if (table)
            as_quant_kernel_look_up(from + r * from_step, width, table, to + r * to_step);
        else
            memcpy(to + r * to_step, from + r * from_step, width);
    }
}

AS_ISA_CLONES(void, quant_add,
              (const uint8_t *a, const uint8_t *b, size_t n, float a_factor, float b_factor, float offset, int32_t low,
               int32_t high, uint8_t *out),
              (a, b, n, a_factor, b_factor, offset, low, high, out))
{
    const float lo = (float)low, hi = (float)high;
    for (size_t i = 0; i < n; i++)
        out[i] = (uint8_t)quant_round(a_factor * (float)a[i] + b_factor * (float)b[i] + offset, lo, hi);
}

void as_quant_kernel_add(const uint8_t *a, const uint8_t *b, size_t n, float a_factor, float b_factor, float offset,
                         int32_t low, int32_t high, uint8_t *out)
{
    quant_add(a, b, n, a_factor, b_factor, offset, low, high, out);
}

AS_ISA_CLONES(void, quant_mul,
              (const uint8_t *a, const uint8_t *b, size_t n, float a_zero, float b_zero, float factor, float offset,
               int32_t low, int32_t high, uint8_t *out),
              (a, b, n, a_zero, b_zero, factor, offset, low, high, out))
{
    const float lo = (float)low, hi = (float)high;
    for (size_t i = 0; i < n; i++)
        out[i] = (uint8_t)quant_round(((float)a[i] - a_zero) * ((float)b[i] - b_zero) * factor + offset, lo, hi);
}

void as_quant_kernel_mul(const uint8_t *a, const uint8_t *b, size_t n, float a_zero, float b_zero, float factor,
                         float offset, int32_t low, int32_t high, uint8_t *out)
{
    quant_mul(a, b, n, a_zero, b_zero, factor, offset, low, high, out);
}

AS_ISA_CLONES(void, quant_accumulate, (const uint8_t *x, size_t n, int32_t *sums), (x, n, sums))
{
    for (size_t c = 0; c < n; c++)
        sums[c] += x[c];
}

/* What is made of the sum of a window's bytes. */
typedef struct quant_mean_of {
    float   zero, factor, y_scale, low, high;
    int32_t y_zero;
} quant_mean_of;

static inline uint8_t quant_mean_byte(const quant_mean_of m, float sum)
{
    return (uint8_t)(quant_round((sum - m.zero) * m.factor / m.y_scale, m.low, m.high) + m.y_zero);
}

AS_ISA_CLONES(void, quant_mean_bytes, (const int32_t *restrict sums, size_t n, quant_mean_of m, uint8_t *restrict out),
              (sums, n, m, out))
{
    for (size_t c = 0; c < n; c++)
        out[c] = quant_mean_byte(m, (float)sums[c]);
}

/* Of a window of two by two: rows a and b, n channels a pixel. */
AS_ISA_CLONES(void, quant_mean_four,
              (const uint8_t *restrict a, const uint8_t *restrict b, size_t n, quant_mean_of m, uint8_t *restrict out),
              (a, b, n, m, out))
{
    for (size_t c = 0; c < n; c++)
        out[c] = quant_mean_byte(m, (float)(a[c] + a[n + c] + b[c] + b[n + c]));
}

static quant_mean_of quant_mean_factors(const as_quant_mean *m, int64_t inside, int64_t counted)
{
    const float factor = counted > 0 ? m->scale / (float)counted : 0.0f;
    return (quant_mean_of){m->x_zero * (float)inside,    factor,   m->y_scale, (float)(m->low - m->y_zero),
                           (float)(m->high - m->y_zero), m->y_zero};
}

void as_quant_kernel_mean(const as_quant_mean *m, const uint8_t *x, int32_t *sums, void *out)
{
    const int64_t pixels = m->out[0] * m->out[1];
    const size_t  n = (size_t)m->channels;
    const bool    four = m->y_scale > 0.0f && m->kernel[0] == 2 && m->kernel[1] == 2;
    for (int64_t image = 0; image < m->n; image++)
        for (int64_t at = 0; at < pixels; at++) {
            const int64_t y0 = at / m->out[1] * m->stride[0] - m->pad[0],
                          x0 = at % m->out[1] * m->stride[1] - m->pad[1];
            const int64_t       top = AS_MAX(y0, 0), bottom = AS_MIN(y0 + m->kernel[0], m->in[0]);
            const int64_t       left = AS_MAX(x0, 0), right = AS_MIN(x0 + m->kernel[1], m->in[1]);
            const int64_t       inside = AS_MAX(bottom - top, 0) * AS_MAX(right - left, 0);
            const quant_mean_of of =
                quant_mean_factors(m, inside, m->count_pads ? m->kernel[0] * m->kernel[1] : inside);
            const uint8_t *from = x + ((image * m->in[0] + top) * m->in[1] + left) * m->channels;
            uint8_t       *to = (uint8_t *)out + (image * pixels + at) * m->channels;
            if (four && inside == 4) {
                quant_mean_four(from, from + m->in[1] * m->channels, n, of, to);
                continue;
            }
            memset(sums, 0, n * sizeof *sums);
            for (int64_t yy = top; yy < bottom; yy++)
                for (int64_t xx = left; xx < right; xx++)
                    quant_accumulate(from + ((yy - top) * m->in[1] + xx - left) * m->channels, n, sums);
            if (m->y_scale > 0.0f)
                quant_mean_bytes(sums, n, of, to);
            else
                for (size_t c = 0; c < n; c++)
                    ((float *)out)[(image * m->channels + (int64_t)c) * pixels + at] =
                        ((float)sums[c] - of.zero) * of.factor;
        }
}
