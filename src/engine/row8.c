/* SPDX-License-Identifier: Apache-2.0 */
#include "engine/row8.h"

#include <math.h>

#include "base/isa.h"
#include "engine/wide8.h"

static void row8_write(const as_row8 *r, int64_t row, int64_t o, int32_t sum, const float *numbers, void *y)
{
    float v = ((float)sum + numbers[r->n + o]) * numbers[o];
    if (r->limits.on)
        v = fminf(fmaxf(v, r->limits.low), r->limits.high);
    if (r->floats)
        ((float *)y)[row * r->n + o] = v;
    else
        ((uint8_t *)y)[row * r->n + o] = (uint8_t)rintf(fminf(fmaxf(v, 0.0f), 255.0f));
}

#ifdef __x86_64__
#include <immintrin.h>

enum { ROW8_WIDTH = 32, ROW8_WIDE = 64, ROW8_AT_ONCE = 4 };

bool as_row8_can(void)
{
    return as_isa_may(AS_ISA_AVX2);
}

bool as_row8_wide_can(void)
{
    return as_wide8_can();
}

__attribute__((target("avx2"))) static inline int32_t row8_total(__m256i v)
{
    __m128i s = _mm_add_epi32(_mm256_castsi256_si128(v), _mm256_extracti128_si256(v, 1));
    s = _mm_add_epi32(s, _mm_shuffle_epi32(s, 0x4e));
    return _mm_cvtsi128_si32(_mm_add_epi32(s, _mm_shuffle_epi32(s, 0xb1)));
}

/* `count` columns (1 to ROW8_AT_ONCE) of one row. */
__attribute__((target("avx2"), always_inline)) static inline void row8_some(const uint8_t *x, const int8_t *w,
                                                                            int64_t k, int count, int32_t *sums)
{
    const __m256i ones = _mm256_set1_epi16(1);
    __m256i       acc[ROW8_AT_ONCE];
    int64_t       at = 0;
    for (int i = 0; i < count; i++)
        acc[i] = _mm256_setzero_si256();
    for (; at + ROW8_WIDTH <= k; at += ROW8_WIDTH) {
        const __m256i in = _mm256_loadu_si256((const __m256i *)(const void *)(x + at));
        for (int i = 0; i < count; i++) {
            const __m256i by = _mm256_loadu_si256((const __m256i *)(const void *)(w + i * k + at));
            acc[i] = _mm256_add_epi32(acc[i], _mm256_madd_epi16(_mm256_maddubs_epi16(in, by), ones));
        }
    }
    for (int i = 0; i < count; i++) {
        sums[i] = row8_total(acc[i]);
        for (int64_t j = at; j < k; j++)
            sums[i] += x[j] * w[i * k + j];
    }
}

typedef void (*row8_kernel)(const uint8_t *x, const int8_t *w, int64_t k, int32_t *sums);

__attribute__((target("avx2"))) static void row8_one(const uint8_t *x, const int8_t *w, int64_t k, int32_t *sums)
{
    row8_some(x, w, k, 1, sums);
}

__attribute__((target("avx2"))) static void row8_four(const uint8_t *x, const int8_t *w, int64_t k, int32_t *sums)
{
    row8_some(x, w, k, ROW8_AT_ONCE, sums);
}

/* The weights behind these are on their way meanwhile: they come from memory as a rule. */
AS_WIDE8_INLINE void row8_wide_some(const uint8_t *x, const int8_t *w, int64_t k, int count, int32_t *sums)
{
    __m512i acc[ROW8_AT_ONCE];
    int64_t at = 0;
    for (int i = 0; i < count; i++)
        acc[i] = _mm512_setzero_si512();
    for (; at + ROW8_WIDE <= k; at += ROW8_WIDE) {
        const __m512i in = _mm512_loadu_si512(x + at);
        for (int i = 0; i < count; i++) {
            _mm_prefetch((const char *)(w + (i + count) * k + at), _MM_HINT_T0);
            acc[i] = _mm512_dpbusd_epi32(acc[i], in, _mm512_loadu_si512(w + i * k + at));
        }
    }
    if (at < k) {
        const __mmask64 mask = ~(~(__mmask64)0 << (k - at));
        const __m512i   in = _mm512_maskz_loadu_epi8(mask, x + at);
        for (int i = 0; i < count; i++)
            acc[i] = _mm512_dpbusd_epi32(acc[i], in, _mm512_maskz_loadu_epi8(mask, w + i * k + at));
    }
    for (int i = 0; i < count; i++)
        sums[i] = _mm512_reduce_add_epi32(acc[i]);
}

AS_WIDE8 static void row8_wide_one(const uint8_t *x, const int8_t *w, int64_t k, int32_t *sums)
{
    row8_wide_some(x, w, k, 1, sums);
}

AS_WIDE8 static void row8_wide_four(const uint8_t *x, const int8_t *w, int64_t k, int32_t *sums)
{
    row8_wide_some(x, w, k, ROW8_AT_ONCE, sums);
}

void as_row8_run(const as_row8 *r, int worker, const uint8_t *x, const int8_t *w, const float *numbers, void *y)
{
    const bool        wide = as_row8_wide_can();
    const row8_kernel one = wide ? row8_wide_one : row8_one, four = wide ? row8_wide_four : row8_four;
    const int64_t     workers = r->workers > 1 ? r->workers : 1, blocks = (r->n + ROW8_AT_ONCE - 1) / ROW8_AT_ONCE;
    for (int64_t b = blocks * worker / workers; b < blocks * (worker + 1) / workers; b++)
        for (int64_t row = 0; row < r->rows; row++) {
            const int64_t o = b * ROW8_AT_ONCE, left = r->n - o;
            int32_t       sums[ROW8_AT_ONCE];
            if (left >= ROW8_AT_ONCE)
                four(x + row * r->k, w + o * r->k, r->k, sums);
            for (int64_t i = 0; left < ROW8_AT_ONCE && i < left; i++)
                one(x + row * r->k, w + (o + i) * r->k, r->k, &sums[i]);
            for (int64_t i = 0; i < ROW8_AT_ONCE && i < left; i++)
                row8_write(r, row, o + i, sums[i], numbers, y);
        }
}

#else

bool as_row8_can(void)
{
    return false;
}

bool as_row8_wide_can(void)
{
    return false;
}

void as_row8_run(const as_row8 *r, int worker, const uint8_t *x, const int8_t *w, const float *numbers, void *y)
{
    (void)worker;
    (void)x;
    (void)w;
    row8_write(r, 0, 0, 0, numbers, y);
}

#endif
