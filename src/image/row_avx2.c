/* SPDX-License-Identifier: Apache-2.0 */
#include "image/row_kernel.h"

#ifdef __x86_64__
#include <immintrin.h>

/* AVX2 alone, without FMA: a product is rounded before it is added, as in row_plain.c. */
#define ROW_AVX2 __attribute__((target("avx2")))

enum { ROW_STEP = 64, ROW_OUT = 8 };

/* Sums of the columns that are even and odd, of 32 bytes. `all` holds even + 256 * odd without what passes 16 bits: the even
 * ones come out when the odd ones are taken away. That is one shift and two additions for 32 bytes of a row. */
typedef struct row_pair {
    __m256i all, odd;
} row_pair;

ROW_AVX2 static inline row_pair row_add(row_pair sum, __m256i bytes)
{
    sum.all = _mm256_add_epi16(sum.all, bytes);
    sum.odd = _mm256_add_epi16(sum.odd, _mm256_srli_epi16(bytes, 8));
    return sum;
}

ROW_AVX2 static inline __m256i row_load(const void *at)
{
    return _mm256_loadu_si256((const __m256i *)at);
}

/* 32 columns of sums from those of the middle rows and two rows at the edges. */
ROW_AVX2 static inline void row_finish(int16_t *out, row_pair mid, const as_row_down *job, size_t at)
{
    const __m256i high = _mm256_set1_epi16((short)0xff00), bias = _mm256_set1_epi16((short)job->bias);
    const __m128i shift = _mm_cvtsi32_si128(job->shift);
    __m256i       even = _mm256_sub_epi16(mid.all, _mm256_slli_epi16(mid.odd, 8)), odd = mid.odd;
    even = _mm256_add_epi16(_mm256_sll_epi16(even, shift), bias);
    odd = _mm256_add_epi16(_mm256_sll_epi16(odd, shift), bias);
    for (int e = 0; e < 2; e++) {
        const __m256i bytes = row_load(job->edge[e] + at), weight = _mm256_set1_epi16((short)job->weight[e]);
        even = _mm256_add_epi16(even, _mm256_mulhi_epu16(_mm256_slli_epi16(bytes, 8), weight));
        odd = _mm256_add_epi16(odd, _mm256_mulhi_epu16(_mm256_and_si256(bytes, high), weight));
    }
    const __m256i low = _mm256_unpacklo_epi16(even, odd), up = _mm256_unpackhi_epi16(even, odd);
    _mm256_storeu_si256((__m256i *)(void *)(out + at), _mm256_permute2x128_si256(low, up, 0x20));
    _mm256_storeu_si256((__m256i *)(void *)(out + at + 16), _mm256_permute2x128_si256(low, up, 0x31));
}

ROW_AVX2 static inline void row_down_at(int16_t *out, const as_row_down *job, size_t at)
{
    row_pair       a = {_mm256_setzero_si256(), _mm256_setzero_si256()}, b = a;
    const uint8_t *row = job->mid + at;
    for (uint32_t k = 0; k < job->n_mid; k++, row += job->stride_bytes) {
        a = row_add(a, row_load(row));
        b = row_add(b, row_load(row + 32));
    }
    row_finish(out, a, job, at);
    row_finish(out, b, job, at + 32);
}

/* The last block may lie over the one before it: the same sums are written twice. */
ROW_AVX2 static void row_down_avx2(int16_t *restrict out, const as_row_down *job, size_t n)
{
    if (n < ROW_STEP) {
        as_row_down_plain(out, job, 0, n);
        return;
    }
    for (size_t at = 0; at + ROW_STEP <= n; at += ROW_STEP)
        row_down_at(out, job, at);
    if (n % ROW_STEP)
        row_down_at(out, job, n - ROW_STEP);
}

/* 8 values at a in the lower half, 8 at b in the upper. */
ROW_AVX2 static inline __m256i row_both(const int16_t *a, const int16_t *b)
{
    return _mm256_inserti128_si256(_mm256_castsi128_si256(_mm_loadu_si128((const __m128i *)(const void *)a)),
                                   _mm_loadu_si128((const __m128i *)(const void *)b), 1);
}

ROW_AVX2 static inline __m256 row_affine(__m256i sums, __m256 gain, __m256 offset)
{
    return _mm256_add_ps(_mm256_mul_ps(_mm256_cvtepi32_ps(sums), gain), offset);
}

/* Sums of four lanes of output i below, of i + 4 above. */
ROW_AVX2 static inline __m256i row_dot1(const int16_t *in, const as_axis *axis, uint32_t i)
{
    const int16_t *wa = axis->weight + (size_t)i * axis->taps, *wb = wa + (size_t)4 * axis->taps;
    const int16_t *a = in + axis->start[i], *b = in + axis->start[i + 4];
    __m256i        sum = _mm256_madd_epi16(row_both(a, b), row_both(wa, wb));
    for (uint32_t k = 8; k < axis->taps; k += 8)
        sum = _mm256_add_epi32(sum, _mm256_madd_epi16(row_both(a + k, b + k), row_both(wa + k, wb + k)));
    return sum;
}

ROW_AVX2 static void row_across1_avx2(float *const *out, const int16_t *in, const as_axis *axis,
                                      const as_row_affine *affine)
{
    const __m256   gain = _mm256_set1_ps(affine->gain), offset = _mm256_set1_ps(affine->offset);
    const uint32_t n = axis->n_out;
    if (n < ROW_OUT) {
        as_row_across_plain(out, in, axis, affine, 1, 0, n);
        return;
    }
    for (uint32_t i = 0; i < n; i += ROW_OUT) {
        i = AS_MIN(i, n - ROW_OUT);
        __m256i ab = _mm256_hadd_epi32(row_dot1(in, axis, i), row_dot1(in, axis, i + 1));
        __m256i cd = _mm256_hadd_epi32(row_dot1(in, axis, i + 2), row_dot1(in, axis, i + 3));
        _mm256_storeu_ps(out[0] + i, row_affine(_mm256_hadd_epi32(ab, cd), gain, offset));
    }
}

/* a b a b of output i below, of i + 4 above; the sums of both halves are still to be added. */
ROW_AVX2 static inline __m256i row_dot2(const int16_t *in, const as_axis *axis, uint32_t i)
{
    const __m256i pairs = _mm256_setr_epi8(0, 1, 4, 5, 2, 3, 6, 7, 8, 9, 12, 13, 10, 11, 14, 15, 0, 1, 4, 5, 2, 3, 6, 7,
                                           8, 9, 12, 13, 10, 11, 14, 15);
    const int16_t *wa = axis->weight + (size_t)i * axis->taps, *wb = wa + (size_t)4 * axis->taps;
    const int16_t *a = in + (size_t)axis->start[i] * 2, *b = in + (size_t)axis->start[i + 4] * 2;
    __m256i        sum = _mm256_setzero_si256();
    for (uint32_t k = 0; k < axis->taps; k += 8) {
        const __m256i weight = row_both(wa + k, wb + k);
        const __m256i low = _mm256_shuffle_epi8(row_both(a + 2 * k, b + 2 * k), pairs);
        const __m256i up = _mm256_shuffle_epi8(row_both(a + 2 * k + 8, b + 2 * k + 8), pairs);
        sum = _mm256_add_epi32(sum, _mm256_madd_epi16(low, _mm256_shuffle_epi32(weight, 0x50)));
        sum = _mm256_add_epi32(sum, _mm256_madd_epi16(up, _mm256_shuffle_epi32(weight, 0xfa)));
    }
    return sum;
}

ROW_AVX2 static inline __m256 row_fold2(const int16_t *in, const as_axis *axis, uint32_t i)
{
    const __m256i a = row_dot2(in, axis, i), b = row_dot2(in, axis, i + 1);
    return _mm256_castsi256_ps(_mm256_add_epi32(_mm256_unpacklo_epi64(a, b), _mm256_unpackhi_epi64(a, b)));
}

ROW_AVX2 static void row_across2_avx2(float *const *out, const int16_t *in, const as_axis *axis,
                                      const as_row_affine *affine)
{
    const uint32_t n = axis->n_out;
    if (n < ROW_OUT) {
        as_row_across_plain(out, in, axis, affine, 2, 0, n);
        return;
    }
    for (uint32_t i = 0; i < n; i += ROW_OUT) {
        i = AS_MIN(i, n - ROW_OUT);
        const __m256  ab = row_fold2(in, axis, i), cd = row_fold2(in, axis, i + 2);
        const __m256i a = _mm256_castps_si256(_mm256_shuffle_ps(ab, cd, 0x88));
        const __m256i b = _mm256_castps_si256(_mm256_shuffle_ps(ab, cd, 0xdd));
        _mm256_storeu_ps(out[0] + i, row_affine(a, _mm256_set1_ps(affine[0].gain), _mm256_set1_ps(affine[0].offset)));
        _mm256_storeu_ps(out[1] + i, row_affine(b, _mm256_set1_ps(affine[1].gain), _mm256_set1_ps(affine[1].offset)));
    }
}

/* Pixels k, k + 1 below and k + 2, k + 3 above: r0 r1 g0 g1 b0 b1, and two of the next pixel's that nobody looks at. */
ROW_AVX2 static inline __m256i row_dot3(const int16_t *in, const as_axis *axis, uint32_t i)
{
    const __m256i  pixels = _mm256_setr_epi8(0, 1, 6, 7, 2, 3, 8, 9, 4, 5, 10, 11, 12, 13, 14, 15, 0, 1, 6, 7, 2, 3, 8,
                                             9, 4, 5, 10, 11, 12, 13, 14, 15);
    const __m256i  spread = _mm256_setr_epi8(0, 1, 2, 3, 0, 1, 2, 3, 0, 1, 2, 3, 0, 1, 2, 3, 4, 5, 6, 7, 4, 5, 6, 7, 4,
                                             5, 6, 7, 4, 5, 6, 7);
    const int16_t *weight = axis->weight + (size_t)i * axis->taps, *at = in + (size_t)axis->start[i] * 3;
    const uint32_t count = axis->count[i];
    __m256i        sum = _mm256_setzero_si256();
    for (uint32_t k = 0; k < count; k += 4) {
        const __m256i four = _mm256_shuffle_epi8(row_both(at + 3 * k, at + 3 * k + 6), pixels);
        const __m256i w = _mm256_broadcastq_epi64(_mm_loadl_epi64((const __m128i *)(const void *)(weight + k)));
        sum = _mm256_add_epi32(sum, _mm256_madd_epi16(four, _mm256_shuffle_epi8(w, spread)));
    }
    return sum;
}

/* Output i below, i + 4 above: r g b and what does not matter, as floats. */
ROW_AVX2 static inline __m256 row_fold3(const int16_t *in, const as_axis *axis, uint32_t i, __m256 gain, __m256 offset)
{
    const __m256i a = row_dot3(in, axis, i), b = row_dot3(in, axis, i + 4);
    const __m256i sum = _mm256_add_epi32(_mm256_permute2x128_si256(a, b, 0x20), _mm256_permute2x128_si256(a, b, 0x31));
    return row_affine(sum, gain, offset);
}

ROW_AVX2 static void row_across3_avx2(float *const *out, const int16_t *in, const as_axis *axis,
                                      const as_row_affine *affine)
{
    const uint32_t n = axis->n_out;
    if (n < ROW_OUT) {
        as_row_across_plain(out, in, axis, affine, 3, 0, n);
        return;
    }
    const __m256 gain = _mm256_setr_ps(affine[0].gain, affine[1].gain, affine[2].gain, 0, affine[0].gain,
                                       affine[1].gain, affine[2].gain, 0);
    const __m256 offset = _mm256_setr_ps(affine[0].offset, affine[1].offset, affine[2].offset, 0, affine[0].offset,
                                         affine[1].offset, affine[2].offset, 0);
    for (uint32_t i = 0; i < n; i += ROW_OUT) {
        i = AS_MIN(i, n - ROW_OUT);
        const __m256 p0 = row_fold3(in, axis, i, gain, offset), p1 = row_fold3(in, axis, i + 1, gain, offset);
        const __m256 p2 = row_fold3(in, axis, i + 2, gain, offset), p3 = row_fold3(in, axis, i + 3, gain, offset);
        const __m256 rg01 = _mm256_unpacklo_ps(p0, p1), b01 = _mm256_unpackhi_ps(p0, p1);
        const __m256 rg23 = _mm256_unpacklo_ps(p2, p3), b23 = _mm256_unpackhi_ps(p2, p3);
        _mm256_storeu_ps(out[0] + i, _mm256_shuffle_ps(rg01, rg23, 0x44));
        _mm256_storeu_ps(out[1] + i, _mm256_shuffle_ps(rg01, rg23, 0xee));
        _mm256_storeu_ps(out[2] + i, _mm256_shuffle_ps(b01, b23, 0x44));
    }
}

/* 16 samples a turn, 8 in each half: the two bytes that hold a sample, shifted up until the bits above it are gone, then
 * down. Loads take 16 bytes for the 10 or 12 that matter, so the row's end is left to the plain loop. */
ROW_AVX2 static void row_unpack_avx2(uint16_t *restrict out, const uint8_t *restrict from, uint32_t bits, size_t n)
{
    const bool    ten = bits == 10;
    const __m128i bytes = ten ? _mm_setr_epi8(0, 1, 1, 2, 2, 3, 3, 4, 5, 6, 6, 7, 7, 8, 8, 9)
                              : _mm_setr_epi8(0, 1, 1, 2, 3, 4, 4, 5, 6, 7, 7, 8, 9, 10, 10, 11);
    const __m128i up = ten ? _mm_setr_epi16(64, 16, 4, 1, 64, 16, 4, 1) : _mm_setr_epi16(16, 1, 16, 1, 16, 1, 16, 1);
    const __m256i pick = _mm256_broadcastsi128_si256(bytes), factor = _mm256_broadcastsi128_si256(up);
    const __m128i down = _mm_cvtsi32_si128(16 - (int)bits);
    const size_t  row_bytes = (n * bits + 7) / 8;
    size_t        i = 0;
    for (size_t at = 0; i + 16 <= n && at + bits + 16 <= row_bytes; i += 16, at += (size_t)2 * bits) {
        const __m128i low = _mm_loadu_si128((const __m128i *)(const void *)(from + at));
        const __m128i high = _mm_loadu_si128((const __m128i *)(const void *)(from + at + bits));
        const __m256i pairs = _mm256_shuffle_epi8(_mm256_inserti128_si256(_mm256_castsi128_si256(low), high, 1), pick);
        _mm256_storeu_si256((__m256i *)(void *)(out + i), _mm256_srl_epi16(_mm256_mullo_epi16(pairs, factor), down));
    }
    as_row_unpack_plain(out, from, bits, i, n);
}

const as_row_kernels as_row_kernels_avx2 = {
    "avx2", row_down_avx2, {row_across1_avx2, row_across2_avx2, row_across3_avx2}, row_unpack_avx2};

/* Down is where the bytes are. Across stays with AVX2: its rows are short, and its time is in gathering. */
#define ROW_AVX512 __attribute__((target("avx512f,avx512bw")))

ROW_AVX512 static inline void row_down512_at(int16_t *out, const as_row_down *job, size_t at)
{
    const __m512i high = _mm512_set1_epi16((short)0xff00), bias = _mm512_set1_epi16((short)job->bias);
    const __m512i lower = _mm512_setr_epi64(0, 1, 8, 9, 2, 3, 10, 11),
                  upper = _mm512_setr_epi64(4, 5, 12, 13, 6, 7, 14, 15);
    const __m128i  shift = _mm_cvtsi32_si128(job->shift);
    __m512i        all = _mm512_setzero_si512(), odd = all;
    const uint8_t *row = job->mid + at;
    for (uint32_t k = 0; k < job->n_mid; k++, row += job->stride_bytes) {
        const __m512i bytes = _mm512_loadu_si512(row);
        all = _mm512_add_epi16(all, bytes);
        odd = _mm512_add_epi16(odd, _mm512_srli_epi16(bytes, 8));
    }
    __m512i even = _mm512_sub_epi16(all, _mm512_slli_epi16(odd, 8));
    even = _mm512_add_epi16(_mm512_sll_epi16(even, shift), bias);
    odd = _mm512_add_epi16(_mm512_sll_epi16(odd, shift), bias);
    for (int e = 0; e < 2; e++) {
        const __m512i bytes = _mm512_loadu_si512(job->edge[e] + at), weight = _mm512_set1_epi16((short)job->weight[e]);
        even = _mm512_add_epi16(even, _mm512_mulhi_epu16(_mm512_slli_epi16(bytes, 8), weight));
        odd = _mm512_add_epi16(odd, _mm512_mulhi_epu16(_mm512_and_si512(bytes, high), weight));
    }
    const __m512i low = _mm512_unpacklo_epi16(even, odd), up = _mm512_unpackhi_epi16(even, odd);
    _mm512_storeu_si512(out + at, _mm512_permutex2var_epi64(low, lower, up));
    _mm512_storeu_si512(out + at + 32, _mm512_permutex2var_epi64(low, upper, up));
}

ROW_AVX512 static void row_down_avx512(int16_t *restrict out, const as_row_down *job, size_t n)
{
    if (n < ROW_STEP) {
        as_row_down_plain(out, job, 0, n);
        return;
    }
    for (size_t at = 0; at + ROW_STEP <= n; at += ROW_STEP)
        row_down512_at(out, job, at);
    if (n % ROW_STEP)
        row_down512_at(out, job, n - ROW_STEP);
}

const as_row_kernels as_row_kernels_avx512 = {
    "avx512", row_down_avx512, {row_across1_avx2, row_across2_avx2, row_across3_avx2}, row_unpack_avx2};
#endif
