/* SPDX-License-Identifier: Apache-2.0 */
/* AVX2 with FMA: all digits of the first look are of 16 bits. */
#include "engine/bank_kernel.h"

#ifdef __x86_64__
#include <immintrin.h>
#include <math.h>
#include <string.h>

#define AVX2_TARGET __attribute__((target("avx2,fma,popcnt")))
enum { AVX2_LANES = 8, AVX2_FOUR = 4, AVX2_AHEAD = 16 };

/* As instructions: all 16 registers are in use, and gcc 12 would rather hold more words, and sums in memory. */
AVX2_TARGET __attribute__((always_inline)) static inline void avx2_add(__m256i sums[2], __m256i r0, __m256i r1,
                                                                       const int32_t *q)
{
    __m256i word, product;
    __asm__("vpbroadcastd %4, %2\n\t"
            "vpmaddwd %2, %5, %3\n\t"
            "vpaddd %3, %0, %0\n\t"
            "vpmaddwd %2, %6, %3\n\t"
            "vpaddd %3, %1, %1"
            : "+x"(sums[0]), "+x"(sums[1]), "=&x"(word), "=&x"(product)
            : "m"(*q), "x"(r0), "x"(r1));
}

/* A tile and 16 rows: twelve sums stay in registers, and rows are read once. part: which rows of the block. */
AVX2_TARGET static void avx2_some(const as_bank_look *look, size_t b, size_t part)
{
    const size_t   words = look->n_wide, row = b * BANK_BLOCK + part * BANK_LANES;
    const char    *group = look->digits + row * words * sizeof(int32_t);
    const char    *second = group + words * sizeof(__m256i);
    const int32_t *q = look->queries;
    __m256i        sums[BANK_TILE][2];
#pragma GCC unroll 6
    for (int t = 0; t < BANK_TILE; t++)
        sums[t][0] = sums[t][1] = _mm256_setzero_si256();
    for (size_t w = 0; w < words; w++, q++) {
        const __m256i r0 = _mm256_load_si256((const __m256i *)(const void *)(group + w * sizeof(__m256i)));
        const __m256i r1 = _mm256_load_si256((const __m256i *)(const void *)(second + w * sizeof(__m256i)));
#pragma GCC unroll 6
        for (size_t t = 0; t < BANK_TILE; t++)
            avx2_add(sums[t], r0, r1, q + t * words);
    }
#pragma GCC unroll 6
    for (size_t t = 0; t < BANK_TILE; t++) {
        const __m256 gain = _mm256_set1_ps(look->query_gain[t] * look->gain[b]);
        const __m256 query_across = _mm256_set1_ps(look->query_across[t]);
        float       *least = look->least[t] + b * BANK_LANES;
#pragma GCC unroll 2
        for (size_t g = 0; g < 2; g++) {
            const size_t at = row + AVX2_LANES * g;
            __m256 low = _mm256_fnmadd_ps(gain, _mm256_cvtepi32_ps(sums[t][g]), _mm256_load_ps(look->square + at));
            low = _mm256_fnmadd_ps(query_across, _mm256_load_ps(look->across + at), low);
            _mm256_store_ps(look->low[t] + at, low);
            if (part > 0)
                low = _mm256_min_ps(low, _mm256_load_ps(least + AVX2_LANES * g));
            _mm256_store_ps(least + AVX2_LANES * g, low);
        }
    }
}

AVX2_TARGET static void avx2_look(const as_bank_look *look)
{
    for (size_t b = 0; b < look->n_blocks; b++)
        for (size_t part = 0; part < BANK_BLOCK / BANK_LANES; part++)
            avx2_some(look, b, part);
}

AVX2_TARGET static void avx2_least(const float *least, size_t n_blocks, float ret_low[BANK_LANES],
                                   int32_t ret_block[BANK_LANES])
{
    __m256  low0 = _mm256_set1_ps(INFINITY), low1 = low0, block0 = _mm256_setzero_ps(), block1 = block0;
    __m256i at = _mm256_setzero_si256();
    for (size_t b = 0; b < n_blocks; b++, at = _mm256_add_epi32(at, _mm256_set1_epi32(1))) {
        const __m256 v0 = _mm256_load_ps(least + b * BANK_LANES);
        const __m256 v1 = _mm256_load_ps(least + b * BANK_LANES + AVX2_LANES);
        block0 = _mm256_blendv_ps(block0, _mm256_castsi256_ps(at), _mm256_cmp_ps(v0, low0, _CMP_LT_OQ));
        block1 = _mm256_blendv_ps(block1, _mm256_castsi256_ps(at), _mm256_cmp_ps(v1, low1, _CMP_LT_OQ));
        low0 = _mm256_min_ps(low0, v0);
        low1 = _mm256_min_ps(low1, v1);
    }
    _mm256_storeu_ps(ret_low, low0);
    _mm256_storeu_ps(ret_low + AVX2_LANES, low1);
    _mm256_storeu_ps((float *)(void *)ret_block, block0);
    _mm256_storeu_ps((float *)(void *)(ret_block + AVX2_LANES), block1);
}

/* Which lanes a mask of eight has, in order. */
static uint64_t avx2_lanes[256];

__attribute__((constructor)) static void avx2_lanes_fill(void)
{
    for (unsigned mask = 0; mask < 256; mask++)
        for (unsigned lane = 0, n = 0; lane < 8; lane++)
            if (mask >> lane & 1)
                avx2_lanes[mask] |= (uint64_t)lane << 8 * n++;
}

/* Without a branch on what is found. */
AVX2_TARGET static size_t avx2_pick(const as_bank_pick *pick, uint32_t *ret_rows, float *ret_low)
{
    const __m256 most = _mm256_set1_ps(pick->limit);
    const size_t n = pick->n_blocks * BANK_BLOCK;
    __m256i      base = _mm256_setzero_si256();
    uint32_t    *to = ret_rows;
    for (size_t i = 0; i < n; i += AVX2_LANES, base = _mm256_add_epi32(base, _mm256_set1_epi32(AVX2_LANES))) {
        unsigned mask = (unsigned)_mm256_movemask_ps(_mm256_cmp_ps(_mm256_load_ps(pick->low + i), most, _CMP_LE_OQ));
        __m256i  lanes = _mm256_cvtepu8_epi32(_mm_loadl_epi64((const __m128i *)(const void *)&avx2_lanes[mask]));
        _mm256_storeu_si256((__m256i *)(void *)to, _mm256_add_epi32(base, lanes));
        to += _mm_popcnt_u32(mask);
    }
    const size_t n_picked = (size_t)(to - ret_rows);
    for (size_t p = 0; p < n_picked; p++)
        ret_low[p] = pick->low[ret_rows[p]];
    return n_picked;
}

/* Products of four rows: no two of 7 bits exceed 16. */
AVX2_TARGET __attribute__((always_inline)) static inline __m128i avx2_products(const char *const rows[AVX2_FOUR],
                                                                               const int8_t *query, size_t bytes)
{
    __m256i sums[AVX2_FOUR];
#pragma GCC unroll 4
    for (int r = 0; r < AVX2_FOUR; r++)
        sums[r] = _mm256_setzero_si256();
    for (size_t byte = 0; byte < bytes; byte += sizeof(__m256i)) {
        const __m256i q = _mm256_loadu_si256((const __m256i *)(const void *)(query + byte));
#pragma GCC unroll 4
        for (int r = 0; r < AVX2_FOUR; r++) {
            const __m256i row = _mm256_load_si256((const __m256i *)(const void *)(rows[r] + byte));
            const __m256i pairs = _mm256_maddubs_epi16(_mm256_abs_epi8(row), _mm256_sign_epi8(q, row));
            sums[r] = _mm256_add_epi32(sums[r], _mm256_madd_epi16(pairs, _mm256_set1_epi16(1)));
        }
    }
    const __m256i both = _mm256_hadd_epi32(_mm256_hadd_epi32(sums[0], sums[1]), _mm256_hadd_epi32(sums[2], sums[3]));
    return _mm_add_epi32(_mm256_castsi256_si128(both), _mm256_extracti128_si256(both, 1));
}

AVX2_TARGET static size_t avx2_fine(const as_bank_fine *fine, uint32_t *ret_rows, float *ret_low)
{
    const size_t bytes = fine->n_lines * BANK_LINE;
    const __m128 gain = _mm_set1_ps(fine->query_gain), before = _mm_set1_ps(fine->query_before);
    const __m128 across = _mm_set1_ps(fine->query_across), limit = _mm_set1_ps(fine->limit);
    size_t       n = 0;
    for (size_t at = 0; at < fine->n; at += AVX2_FOUR) {
        const char *rows[AVX2_FOUR];
        float       lows[AVX2_FOUR];
        for (size_t r = 0; r < AVX2_FOUR && at + AVX2_AHEAD + r < fine->n; r++)
            for (size_t byte = 0; byte < bytes; byte += BANK_LINE)
                __builtin_prefetch(fine->rows + fine->picked[at + AVX2_AHEAD + r] * bytes + byte);
#pragma GCC unroll 4
        for (size_t r = 0; r < AVX2_FOUR; r++)
            rows[r] = fine->rows + fine->picked[at + r] * bytes;
        const __m128 products = _mm_cvtepi32_ps(avx2_products(rows, fine->query, bytes));
        __m128       a = _mm_load_ps((const float *)(const void *)rows[0]);
        __m128       b = _mm_load_ps((const float *)(const void *)rows[1]);
        __m128       c = _mm_load_ps((const float *)(const void *)rows[2]);
        __m128       d = _mm_load_ps((const float *)(const void *)rows[3]);
        _MM_TRANSPOSE4_PS(a, b, c, d);
        __m128 low = _mm_add_ps(_mm_loadu_ps(fine->low + at), a);
        low = _mm_fnmadd_ps(_mm_mul_ps(gain, b), products, low);
        low = _mm_fmadd_ps(before, c, low);
        low = _mm_fnmadd_ps(across, d, low);
        _mm_storeu_ps(lows, low);
        unsigned left = (unsigned)_mm_movemask_ps(_mm_cmp_ps(low, limit, _CMP_LE_OQ));
        if (at + AVX2_FOUR > fine->n)
            left &= (1u << (fine->n - at)) - 1;
        for (; left; left &= left - 1) {
            const size_t r = (size_t)__builtin_ctz(left);
            ret_low[n] = lows[r];
            ret_rows[n++] = fine->picked[at + r];
        }
    }
    return n;
}

AVX2_TARGET static float avx2_gap(const float *a, const float *b, size_t n)
{
    __m256 sums[4];
    float  last[AVX2_LANES], rest = 0;
    size_t i = 0;
    for (int k = 0; k < 4; k++)
        sums[k] = _mm256_setzero_ps();
    for (; i + 32 <= n; i += 32)
#pragma GCC unroll 4
        for (size_t k = 0; k < 4; k++) {
            const __m256 gap = _mm256_sub_ps(_mm256_loadu_ps(a + i + 8 * k), _mm256_loadu_ps(b + i + 8 * k));
            sums[k] = _mm256_fmadd_ps(gap, gap, sums[k]);
        }
    for (; i + 8 <= n; i += 8) {
        const __m256 gap = _mm256_sub_ps(_mm256_loadu_ps(a + i), _mm256_loadu_ps(b + i));
        sums[0] = _mm256_fmadd_ps(gap, gap, sums[0]);
    }
    for (; i < n; i++)
        rest += (a[i] - b[i]) * (a[i] - b[i]);
    _mm256_storeu_ps(last, _mm256_add_ps(_mm256_add_ps(sums[0], sums[1]), _mm256_add_ps(sums[2], sums[3])));
    return ((last[0] + last[1]) + (last[2] + last[3])) + ((last[4] + last[5]) + (last[6] + last[7])) + rest;
}

const as_bank_kernel as_bank_avx2 = {.name = "avx2",
                                     .lanes = AVX2_LANES,
                                     .word = 0.09,
                                     .look = avx2_look,
                                     .least = avx2_least,
                                     .pick = avx2_pick,
                                     .fine = avx2_fine,
                                     .gap = avx2_gap,
                                     .centre = as_bank_centre,
                                     .largest = as_bank_largest,
                                     .digits = as_bank_digits,
                                     .bytes = as_bank_bytes};
#endif
