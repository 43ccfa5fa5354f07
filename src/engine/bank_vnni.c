/* SPDX-License-Identifier: Apache-2.0 */
/* AVX-512 with VNNI: the products of a word and their sum are one instruction. */
#include "engine/bank_kernel.h"

#ifdef __x86_64__
#include <float.h>
#include <immintrin.h>
#include <math.h>
#include <string.h>

#define VNNI_TARGET __attribute__((target("avx512f,avx512bw,avx512dq,avx512vl,avx512vnni,popcnt")))
enum { VNNI_LANES = 16, VNNI_GROUPS = BANK_BLOCK / VNNI_LANES };

VNNI_TARGET __attribute__((always_inline)) static inline __mmask16 vnni_some(size_t left)
{
    return (__mmask16)(left < 16 ? (1u << left) - 1 : 0xffff);
}

/* As instructions: gcc 12 moves sums from register to register, and to memory, around those that it makes of the
 * intrinsics. */
VNNI_TARGET __attribute__((always_inline)) static inline void vnni_add_wide(__m512i *sum, __m512i rows, __m512i word)
{
    __asm__("vpdpwssd %2, %1, %0" : "+v"(*sum) : "v"(rows), "v"(word));
}

VNNI_TARGET __attribute__((always_inline)) static inline void vnni_add_narrow(__m512i *sum, __m512i rows, __m512i word)
{
    __asm__("vpdpbusd %2, %1, %0" : "+v"(*sum) : "v"(rows), "v"(word));
}

/* n words of each query by those of the block's rows: two digits of 16 bits each, or four of 8. */
VNNI_TARGET __attribute__((always_inline)) static inline void vnni_words(const bool wide, size_t n, size_t words,
                                                                         const char *group, const int32_t *q,
                                                                         __m512i sums[BANK_TILE][VNNI_GROUPS])
{
    for (size_t w = 0; w < n; w++, group += BANK_LINE, q++) {
        __m512i rows[VNNI_GROUPS];
#pragma GCC unroll 4
        for (int g = 0; g < VNNI_GROUPS; g++)
            rows[g] = _mm512_load_si512(group + (size_t)g * words * BANK_LINE);
#pragma GCC unroll 6
        for (int t = 0; t < BANK_TILE; t++) {
            const __m512i word = _mm512_set1_epi32(q[(size_t)t * words]);
#pragma GCC unroll 4
            for (int g = 0; g < VNNI_GROUPS; g++) {
                if (wide)
                    vnni_add_wide(&sums[t][g], rows[g], word);
                else
                    vnni_add_narrow(&sums[t][g], rows[g], word);
            }
        }
    }
}

/* The sums of a block, which stay in registers, and what they say. */
VNNI_TARGET static void vnni_block(const as_bank_look *look, size_t b)
{
    const size_t   words = look->n_wide + look->n_narrow;
    const char    *group = look->digits + b * BANK_BLOCK * words * sizeof(int32_t);
    const int32_t *q = look->queries;
    __m512i        sums[BANK_TILE][VNNI_GROUPS];
#pragma GCC unroll 6
    for (int t = 0; t < BANK_TILE; t++)
#pragma GCC unroll 4
        for (int g = 0; g < VNNI_GROUPS; g++)
            sums[t][g] = _mm512_set1_epi32(look->begin[t]);
    vnni_words(true, look->n_wide, words, group, q, sums);
    vnni_words(false, look->n_narrow, words, group + look->n_wide * BANK_LINE, q + look->n_wide, sums);
    __m512 square[VNNI_GROUPS], across[VNNI_GROUPS];
#pragma GCC unroll 4
    for (int g = 0; g < VNNI_GROUPS; g++) {
        square[g] = _mm512_load_ps(look->square + b * BANK_BLOCK + VNNI_LANES * g);
        across[g] = _mm512_load_ps(look->across + b * BANK_BLOCK + VNNI_LANES * g);
    }
#pragma GCC unroll 6
    for (int t = 0; t < BANK_TILE; t++) {
        const __m512 gain = _mm512_set1_ps(look->query_gain[t] * look->gain[b]);
        const __m512 query_across = _mm512_set1_ps(look->query_across[t]);
        __m512       low[VNNI_GROUPS];
#pragma GCC unroll 4
        for (int g = 0; g < VNNI_GROUPS; g++) {
            low[g] = _mm512_fnmadd_ps(gain, _mm512_cvtepi32_ps(sums[t][g]), square[g]);
            low[g] = _mm512_fnmadd_ps(query_across, across[g], low[g]);
            _mm512_store_ps(look->low[t] + b * BANK_BLOCK + VNNI_LANES * g, low[g]);
        }
        _mm512_store_ps(look->least[t] + b * BANK_LANES,
                        _mm512_min_ps(_mm512_min_ps(low[0], low[1]), _mm512_min_ps(low[2], low[3])));
    }
}

VNNI_TARGET static void vnni_look(const as_bank_look *look)
{
    for (size_t b = 0; b < look->n_blocks; b++)
        vnni_block(look, b);
}

VNNI_TARGET static void vnni_least(const float *least, size_t n_blocks, float ret_low[BANK_LANES],
                                   int32_t ret_block[BANK_LANES])
{
    __m512  lows = _mm512_set1_ps(INFINITY);
    __m512i blocks = _mm512_setzero_si512(), at = blocks;
    for (size_t b = 0; b < n_blocks; b++, at = _mm512_add_epi32(at, _mm512_set1_epi32(1))) {
        const __m512    v = _mm512_load_ps(least + b * BANK_LANES);
        const __mmask16 less = _mm512_cmp_ps_mask(v, lows, _CMP_LT_OQ);
        lows = _mm512_min_ps(lows, v);
        blocks = _mm512_mask_mov_epi32(blocks, less, at);
    }
    _mm512_storeu_ps(ret_low, lows);
    _mm512_storeu_si512(ret_block, blocks);
}

/* Columns of a block that have such a row, without a branch on what is found; the sign of a difference says what a
 * comparison would, on the port that compressing leaves free. Below an infinite `above`, columns of nothing but infinities
 * are told too: whoever looks at their rows sees. */
VNNI_TARGET static size_t vnni_columns(const float *least, size_t n_blocks, __m512 above, uint32_t *ret)
{
    __m512i   rows = _mm512_set_epi32(15, 14, 13, 12, 11, 10, 9, 8, 7, 6, 5, 4, 3, 2, 1, 0);
    uint32_t *to = ret;
    for (size_t b = 0; b < n_blocks; b++, rows = _mm512_add_epi32(rows, _mm512_set1_epi32(BANK_BLOCK))) {
        const __m512    gap = _mm512_sub_ps(_mm512_load_ps(least + b * BANK_LANES), above);
        const __mmask16 left = _mm512_movepi32_mask(_mm512_castps_si512(gap));
        _mm512_storeu_si512(to, _mm512_maskz_compress_epi32(left, rows));
        to += _mm_popcnt_u32(left);
    }
    return (size_t)(to - ret);
}

/* Four columns at once. */
VNNI_TARGET static size_t vnni_pick(const as_bank_pick *pick, uint32_t *ret_rows, float *ret_low)
{
    const __m512  limit = _mm512_set1_ps(pick->limit), above = _mm512_set1_ps(nextafterf(pick->limit, INFINITY));
    const __m512i four = _mm512_set_epi32(3, 3, 3, 3, 2, 2, 2, 2, 1, 1, 1, 1, 0, 0, 0, 0);
    const __m512i step = _mm512_set_epi32(48, 32, 16, 0, 48, 32, 16, 0, 48, 32, 16, 0, 48, 32, 16, 0);
    const size_t  n_columns = vnni_columns(pick->least, pick->n_blocks, above, pick->room);
    size_t        n = 0;
    for (size_t c = 0; c < n_columns; c += 4) {
        const __m512i columns =
            _mm512_castsi128_si512(_mm_loadu_si128((const __m128i *)(const void *)(pick->room + c)));
        const __m512i   rows = _mm512_add_epi32(_mm512_permutexvar_epi32(four, columns), step);
        const __mmask16 some = vnni_some(4 * (n_columns - c));
        const __m512    low = _mm512_mask_i32gather_ps(above, some, rows, pick->low, sizeof(float));
        const __mmask16 left = _mm512_mask_cmp_ps_mask(some, low, limit, _CMP_LE_OQ);
        _mm512_storeu_si512(ret_rows + n, _mm512_maskz_compress_epi32(left, rows));
        _mm512_storeu_ps(ret_low + n, _mm512_maskz_compress_ps(left, low));
        n += (size_t)_mm_popcnt_u32(left);
    }
    return n;
}

/* Sums of 16 vectors' lanes, in order. */
VNNI_TARGET __attribute__((always_inline)) static inline __m512i vnni_join(const __m512i v[BANK_SOME])
{
    __m512i pair[8], four[4], both[2];
#pragma GCC unroll 8
    for (int i = 0; i < 8; i++)
        pair[i] = _mm512_add_epi32(_mm512_unpacklo_epi32(v[2 * i], v[2 * i + 1]),
                                   _mm512_unpackhi_epi32(v[2 * i], v[2 * i + 1]));
#pragma GCC unroll 4
    for (int i = 0; i < 4; i++)
        four[i] = _mm512_add_epi32(_mm512_unpacklo_epi64(pair[2 * i], pair[2 * i + 1]),
                                   _mm512_unpackhi_epi64(pair[2 * i], pair[2 * i + 1]));
#pragma GCC unroll 2
    for (int i = 0; i < 2; i++)
        both[i] = _mm512_add_epi32(_mm512_shuffle_i32x4(four[2 * i], four[2 * i + 1], 0x88),
                                   _mm512_shuffle_i32x4(four[2 * i], four[2 * i + 1], 0xdd));
    return _mm512_add_epi32(_mm512_shuffle_i32x4(both[0], both[1], 0x88), _mm512_shuffle_i32x4(both[0], both[1], 0xdd));
}

/* The four numbers of 16 rows: ret[0] has the first of each. */
VNNI_TARGET __attribute__((always_inline)) static inline void vnni_numbers(const char *const rows[BANK_SOME],
                                                                           __m512            ret[4])
{
    __m512 v[4];
#pragma GCC unroll 4
    for (int i = 0; i < 4; i++) { /* rows i, 4 + i, 8 + i, 12 + i */
        v[i] = _mm512_castps128_ps512(_mm_load_ps((const float *)(const void *)rows[i]));
        v[i] = _mm512_insertf32x4(v[i], _mm_load_ps((const float *)(const void *)rows[4 + i]), 1);
        v[i] = _mm512_insertf32x4(v[i], _mm_load_ps((const float *)(const void *)rows[8 + i]), 2);
        v[i] = _mm512_insertf32x4(v[i], _mm_load_ps((const float *)(const void *)rows[12 + i]), 3);
    }
    const __m512d a = _mm512_castps_pd(_mm512_unpacklo_ps(v[0], v[1]));
    const __m512d b = _mm512_castps_pd(_mm512_unpackhi_ps(v[0], v[1]));
    const __m512d c = _mm512_castps_pd(_mm512_unpacklo_ps(v[2], v[3]));
    const __m512d d = _mm512_castps_pd(_mm512_unpackhi_ps(v[2], v[3]));
    ret[0] = _mm512_castpd_ps(_mm512_unpacklo_pd(a, c));
    ret[1] = _mm512_castpd_ps(_mm512_unpackhi_pd(a, c));
    ret[2] = _mm512_castpd_ps(_mm512_unpacklo_pd(b, d));
    ret[3] = _mm512_castpd_ps(_mm512_unpackhi_pd(b, d));
}

enum { VNNI_AHEAD = 2 * BANK_SOME };

VNNI_TARGET static size_t vnni_fine(const as_bank_fine *fine, uint32_t *ret_rows, float *ret_low)
{
    const size_t  bytes = fine->n_lines * BANK_LINE;
    const __m512  gain = _mm512_set1_ps(fine->query_gain), before = _mm512_set1_ps(fine->query_before);
    const __m512  across = _mm512_set1_ps(fine->query_across), limit = _mm512_set1_ps(fine->limit);
    const __m512i begin = _mm512_set1_epi32(fine->begin);
    size_t        n = 0;
    for (size_t at = 0; at < fine->n; at += BANK_SOME) {
        const char *rows[BANK_SOME];
        __m512i     sums[BANK_SOME];
        __m512      of[4];
        for (size_t r = 0; r < BANK_SOME && at + VNNI_AHEAD + r < fine->n; r++)
            for (size_t byte = 0; byte < bytes; byte += BANK_LINE)
                __builtin_prefetch(fine->rows + fine->picked[at + VNNI_AHEAD + r] * bytes + byte);
        const __m512i query = _mm512_loadu_si512(fine->query);
#pragma GCC unroll 16
        for (size_t r = 0; r < BANK_SOME; r++) {
            rows[r] = fine->rows + fine->picked[at + r] * bytes;
            sums[r] = _mm512_dpbusd_epi32(_mm512_setzero_si512(), _mm512_load_si512(rows[r]), query);
        }
        for (size_t byte = BANK_LINE; byte < bytes; byte += BANK_LINE) {
            const __m512i more = _mm512_loadu_si512(fine->query + byte);
#pragma GCC unroll 16
            for (size_t r = 0; r < BANK_SOME; r++)
                sums[r] = _mm512_dpbusd_epi32(sums[r], _mm512_load_si512(rows[r] + byte), more);
        }
        const __m512 products = _mm512_cvtepi32_ps(_mm512_add_epi32(vnni_join(sums), begin));
        vnni_numbers(rows, of);
        __m512 low = _mm512_add_ps(_mm512_loadu_ps(fine->low + at), of[0]);
        low = _mm512_fnmadd_ps(_mm512_mul_ps(gain, of[1]), products, low);
        low = _mm512_fmadd_ps(before, of[2], low);
        low = _mm512_fnmadd_ps(across, of[3], low);
        __mmask16 left = _mm512_cmp_ps_mask(low, limit, _CMP_LE_OQ);
        if (at + BANK_SOME > fine->n)
            left &= (__mmask16)((1u << (fine->n - at)) - 1);
        _mm512_storeu_ps(ret_low + n, _mm512_maskz_compress_ps(left, low));
        _mm512_storeu_si512(ret_rows + n, _mm512_maskz_compress_epi32(left, _mm512_loadu_si512(fine->picked + at)));
        n += (size_t)_mm_popcnt_u32(left);
    }
    return n;
}

VNNI_TARGET static float vnni_gap(const float *a, const float *b, size_t n)
{
    __m512 sums[4];
    size_t i = 0;
    for (int k = 0; k < 4; k++)
        sums[k] = _mm512_setzero_ps();
    for (; i + 64 <= n; i += 64)
#pragma GCC unroll 4
        for (size_t k = 0; k < 4; k++) {
            const __m512 gap = _mm512_sub_ps(_mm512_loadu_ps(a + i + 16 * k), _mm512_loadu_ps(b + i + 16 * k));
            sums[k] = _mm512_fmadd_ps(gap, gap, sums[k]);
        }
    for (; i < n; i += 16) {
        const __mmask16 some = (__mmask16)(n - i < 16 ? (1u << (n - i)) - 1 : 0xffff);
        const __m512    gap = _mm512_sub_ps(_mm512_maskz_loadu_ps(some, a + i), _mm512_maskz_loadu_ps(some, b + i));
        sums[0] = _mm512_fmadd_ps(gap, gap, sums[0]);
    }
    return _mm512_reduce_add_ps(_mm512_add_ps(_mm512_add_ps(sums[0], sums[1]), _mm512_add_ps(sums[2], sums[3])));
}

VNNI_TARGET static double vnni_centre(const float *v, const float *mean, size_t n, float *ret)
{
    __m512d low = _mm512_setzero_pd(), high = low;
    for (size_t i = 0; i < n; i += 16) {
        const __mmask16 some = vnni_some(n - i);
        const __m512    gap = _mm512_sub_ps(_mm512_maskz_loadu_ps(some, v + i), _mm512_maskz_loadu_ps(some, mean + i));
        const __m512d   first = _mm512_cvtps_pd(_mm512_castps512_ps256(gap));
        const __m512d   second = _mm512_cvtps_pd(_mm512_extractf32x8_ps(gap, 1));
        _mm512_mask_storeu_ps(ret + i, some, gap);
        low = _mm512_fmadd_pd(first, first, low);
        high = _mm512_fmadd_pd(second, second, high);
    }
    return _mm512_reduce_add_pd(_mm512_add_pd(low, high));
}

VNNI_TARGET static float vnni_largest(const float *v, size_t n)
{
    __m512 most = _mm512_setzero_ps();
    for (size_t i = 0; i < n; i += 16)
        most = _mm512_max_ps(most, _mm512_abs_ps(_mm512_maskz_loadu_ps(vnni_some(n - i), v + i)));
    return _mm512_reduce_max_ps(most);
}

VNNI_TARGET static int32_t vnni_digits(const float *v, size_t n, float gain, int16_t *ret, double *ret_error)
{
    const __m512 one = _mm512_set1_ps(gain), per = _mm512_set1_ps(1 / gain);
    __m512       error = _mm512_setzero_ps();
    __m512i      square = _mm512_setzero_si512();
    for (size_t i = 0; i < n; i += 16) {
        const __mmask16 some = vnni_some(n - i);
        const __m512    x = _mm512_maskz_loadu_ps(some, v + i);
        const __m512i   digit = _mm512_cvtps_epi32(_mm512_mul_ps(x, per));
        const __m512    left = _mm512_fnmadd_ps(_mm512_cvtepi32_ps(digit), one, x);
        error = _mm512_fmadd_ps(left, left, error);
        square = _mm512_add_epi32(square, _mm512_mullo_epi32(digit, digit));
        _mm512_mask_cvtepi32_storeu_epi16(ret + i, some, digit);
    }
    *ret_error = (double)_mm512_reduce_add_ps(error) * (1 + BANK_GAP_OFF(n)) + (double)FLT_MIN * (double)n;
    return _mm512_reduce_add_epi32(square);
}

VNNI_TARGET static int32_t vnni_bytes(const int16_t *digits, size_t n, unsigned offset, uint8_t *ret)
{
    __m512i sum = _mm512_setzero_si512();
    for (size_t i = 0; i < n; i += 32) {
        const __mmask32 some = (__mmask32)(n - i < 32 ? (1ull << (n - i)) - 1 : 0xffffffff);
        const __m512i   v = _mm512_maskz_loadu_epi16(some, digits + i);
        sum = _mm512_add_epi32(sum, _mm512_madd_epi16(v, _mm512_set1_epi16(1)));
        _mm512_mask_cvtepi16_storeu_epi8(ret + i, some, _mm512_add_epi16(v, _mm512_set1_epi16((short)offset)));
    }
    return _mm512_reduce_add_epi32(sum);
}

const as_bank_kernel as_bank_vnni = {.name = "avx512_vnni",
                                     .lanes = VNNI_LANES,
                                     .narrow = true,
                                     .offset = 128,
                                     .word = 0.032,
                                     .look = vnni_look,
                                     .least = vnni_least,
                                     .pick = vnni_pick,
                                     .fine = vnni_fine,
                                     .gap = vnni_gap,
                                     .centre = vnni_centre,
                                     .largest = vnni_largest,
                                     .digits = vnni_digits,
                                     .bytes = vnni_bytes};
#endif
