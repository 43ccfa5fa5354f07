/* SPDX-License-Identifier: Apache-2.0 */
#include "engine/bank_kernel.h"

#include <math.h>
#include <string.h>

#include "base/isa.h"

#ifdef __x86_64__
#include <immintrin.h>
#endif

/* --- any processor --- */

AS_ISA_CLONES(void, bank_bound,
              (const as_bank_tile *restrict tile, const int32_t (*restrict dots)[BANK_BLOCK],
               float *restrict ret_least),
              (tile, dots, ret_least))
{
    const float *restrict square = tile->square, *restrict across = tile->across;
    for (size_t t = 0; t < BANK_TILE; t++) {
        const float gain = tile->gain[t], query_across = tile->query_across[t];
        float *restrict low = tile->low[t];
        float least[8], most = INFINITY;
        for (size_t k = 0; k < 8; k++)
            least[k] = INFINITY;
        for (size_t i = 0; i < BANK_BLOCK; i += 8)
            for (size_t k = 0; k < 8; k++) {
                float v = square[i + k] - gain * (float)dots[t][i + k] - query_across * across[i + k];
                low[i + k] = v;
                least[k] = v < least[k] ? v : least[k];
            }
        for (size_t k = 0; k < 8; k++)
            most = least[k] < most ? least[k] : most;
        ret_least[t] = most;
    }
}

static void bank_dots_plain(const int16_t *block, const int16_t *q, uint32_t size, int32_t ret[BANK_TILE][BANK_BLOCK])
{
    memset(ret, 0, BANK_TILE * sizeof *ret);
    for (uint32_t group = 0; group < BANK_BLOCK; group += 8)
        for (uint32_t at = 0; at < size; at += 2, block += 16)
            for (uint32_t t = 0; t < BANK_TILE; t++) {
                int32_t first = q[t * size + at], second = q[t * size + at + 1];
                for (uint32_t r = 0; r < 8; r++)
                    ret[t][group + r] += first * block[2 * r] + second * block[2 * r + 1];
            }
}

static void bank_look_plain(const as_bank_tile *tile, float ret_least[BANK_TILE])
{
    int32_t dots[BANK_TILE][BANK_BLOCK];
    bank_dots_plain(tile->block, tile->queries, tile->size, dots);
    bank_bound(tile, (const int32_t(*)[BANK_BLOCK])dots, ret_least);
}

static void bank_fine_plain(const int16_t *const rows[BANK_FINE_ROWS], const int16_t *query, uint32_t size,
                            int32_t ret[BANK_FINE_ROWS])
{
    for (uint32_t r = 0; r < BANK_FINE_ROWS; r++) {
        ret[r] = 0;
        for (uint32_t i = 0; i < size; i++)
            ret[r] += rows[r][i] * query[i];
    }
}

static size_t bank_pick_plain(const float *low, float limit, uint32_t first, uint32_t *ret)
{
    size_t n = 0;
    for (uint32_t i = 0; i < BANK_BLOCK; i++)
        if (low[i] <= limit)
            ret[n++] = first + i;
    return n;
}

#ifdef __x86_64__

__attribute__((always_inline)) static inline int32_t bank_pair(const int16_t *q)
{
    int32_t both;
    memcpy(&both, q, sizeof both);
    return both;
}

/* --- AVX2: twelve sums of eight rows stay in registers. --- */

__attribute__((target("avx2,fma"))) static void bank_look_24(const as_bank_tile *tile, uint32_t first,
                                                             __m256 least[BANK_TILE])
{
    const uint32_t size = tile->size;
    const int16_t *block = tile->block + (size_t)first * size;
    const int16_t *second = block + (size_t)8 * size, *third = second + (size_t)8 * size, *q = tile->queries;
    __m256i        sums[BANK_TILE][3];
    for (int t = 0; t < BANK_TILE; t++)
        sums[t][0] = sums[t][1] = sums[t][2] = _mm256_setzero_si256();
    for (uint32_t at = 0; at < size; at += 2) {
        size_t  here = (size_t)8 * at;
        __m256i a = _mm256_loadu_si256((const __m256i *)(block + here));
        __m256i b = _mm256_loadu_si256((const __m256i *)(second + here));
        __m256i c = _mm256_loadu_si256((const __m256i *)(third + here));
#pragma GCC unroll 4
        for (int t = 0; t < BANK_TILE; t++) {
            __m256i p = _mm256_set1_epi32(bank_pair(q + (size_t)t * size + at));
            sums[t][0] = _mm256_add_epi32(sums[t][0], _mm256_madd_epi16(a, p));
            sums[t][1] = _mm256_add_epi32(sums[t][1], _mm256_madd_epi16(b, p));
            sums[t][2] = _mm256_add_epi32(sums[t][2], _mm256_madd_epi16(c, p));
        }
    }
#pragma GCC unroll 3
    for (int g = 0; g < 3; g++) {
        __m256 square = _mm256_loadu_ps(tile->square + first + 8 * g);
        __m256 across = _mm256_loadu_ps(tile->across + first + 8 * g);
#pragma GCC unroll 4
        for (int t = 0; t < BANK_TILE; t++) {
            __m256 low = _mm256_fnmadd_ps(_mm256_set1_ps(tile->gain[t]), _mm256_cvtepi32_ps(sums[t][g]), square);
            low = _mm256_fnmadd_ps(_mm256_set1_ps(tile->query_across[t]), across, low);
            least[t] = _mm256_min_ps(least[t], low);
            _mm256_storeu_ps(tile->low[t] + first + 8 * g, low);
        }
    }
}

__attribute__((target("avx2,fma"))) static void bank_look_avx2(const as_bank_tile *tile, float ret_least[BANK_TILE])
{
    __m256 least[BANK_TILE];
    for (int t = 0; t < BANK_TILE; t++)
        least[t] = _mm256_set1_ps(INFINITY);
    bank_look_24(tile, 0, least);
    bank_look_24(tile, BANK_BLOCK / 2, least);
    for (int t = 0; t < BANK_TILE; t++) {
        __m128 four = _mm_min_ps(_mm256_castps256_ps128(least[t]), _mm256_extractf128_ps(least[t], 1));
        four = _mm_min_ps(four, _mm_movehl_ps(four, four));
        ret_least[t] = _mm_cvtss_f32(_mm_min_ss(four, _mm_movehdup_ps(four)));
    }
}

__attribute__((target("avx2"))) static void bank_fine_avx2(const int16_t *const rows[BANK_FINE_ROWS],
                                                           const int16_t *query, uint32_t size,
                                                           int32_t ret[BANK_FINE_ROWS])
{
    __m256i sums[BANK_FINE_ROWS];
    for (int r = 0; r < BANK_FINE_ROWS; r++)
        sums[r] = _mm256_setzero_si256();
    for (uint32_t at = 0; at < size; at += BANK_FINE_STEP) {
        __m256i q = _mm256_loadu_si256((const __m256i *)(query + at));
#pragma GCC unroll 4
        for (int r = 0; r < BANK_FINE_ROWS; r++)
            sums[r] =
                _mm256_add_epi32(sums[r], _mm256_madd_epi16(q, _mm256_loadu_si256((const __m256i *)(rows[r] + at))));
    }
    __m256i both = _mm256_hadd_epi32(_mm256_hadd_epi32(sums[0], sums[1]), _mm256_hadd_epi32(sums[2], sums[3]));
    _mm_storeu_si128((__m128i *)ret, _mm_add_epi32(_mm256_castsi256_si128(both), _mm256_extracti128_si256(both, 1)));
}

/* Which lanes a mask of eight has, in order. */
static uint64_t bank_lanes[256];

__attribute__((constructor)) static void bank_lanes_fill(void)
{
    for (unsigned mask = 0; mask < 256; mask++)
        for (unsigned lane = 0, n = 0; lane < 8; lane++)
            if (mask >> lane & 1)
                bank_lanes[mask] |= (uint64_t)lane << 8 * n++;
}

/* Without a branch on what is found: one in ten is. */
__attribute__((target("avx2,popcnt"))) static size_t bank_pick_avx2(const float *low, float limit, uint32_t first,
                                                                    uint32_t *ret)
{
    const __m256 most = _mm256_set1_ps(limit);
    __m256i      base = _mm256_set1_epi32((int)first);
    size_t       n = 0;
    for (uint32_t i = 0; i < BANK_BLOCK; i += 8, base = _mm256_add_epi32(base, _mm256_set1_epi32(8))) {
        unsigned mask = (unsigned)_mm256_movemask_ps(_mm256_cmp_ps(_mm256_loadu_ps(low + i), most, _CMP_LE_OQ));
        __m256i  lanes = _mm256_cvtepu8_epi32(_mm_loadl_epi64((const __m128i *)&bank_lanes[mask]));
        _mm256_storeu_si256((__m256i *)(ret + n), _mm256_add_epi32(base, lanes));
        n += (size_t)__builtin_popcount(mask);
    }
    return n;
}

/* --- AVX-512 with VNNI: the product and the sum are one instruction. --- */

__attribute__((target("avx512f,avx512bw,avx512vnni"))) static void bank_dots_vnni(const int16_t *block,
                                                                                  const int16_t *q, uint32_t size,
                                                                                  int32_t ret[BANK_TILE][BANK_BLOCK])
{
    __m512i        sums[BANK_TILE][3];
    const int16_t *second = block + (size_t)16 * size, *third = second + (size_t)16 * size;
    for (int t = 0; t < BANK_TILE; t++)
        sums[t][0] = sums[t][1] = sums[t][2] = _mm512_setzero_si512();
    for (uint32_t at = 0; at < size; at += 2) {
        size_t  here = (size_t)16 * at;
        __m512i a = _mm512_loadu_si512(block + here), b = _mm512_loadu_si512(second + here);
        __m512i c = _mm512_loadu_si512(third + here);
#pragma GCC unroll 4
        for (int t = 0; t < BANK_TILE; t++) {
            __m512i p = _mm512_set1_epi32(bank_pair(q + (size_t)t * size + at));
            sums[t][0] = _mm512_dpwssd_epi32(sums[t][0], p, a);
            sums[t][1] = _mm512_dpwssd_epi32(sums[t][1], p, b);
            sums[t][2] = _mm512_dpwssd_epi32(sums[t][2], p, c);
        }
    }
    for (int t = 0; t < BANK_TILE; t++)
        for (int g = 0; g < 3; g++)
            _mm512_storeu_si512(ret[t] + 16 * g, sums[t][g]);
}

static void bank_look_vnni(const as_bank_tile *tile, float ret_least[BANK_TILE])
{
    int32_t dots[BANK_TILE][BANK_BLOCK];
    bank_dots_vnni(tile->block, tile->queries, tile->size, dots);
    bank_bound(tile, (const int32_t(*)[BANK_BLOCK])dots, ret_least);
}

static const as_bank_kernel bank_vnni = {"avx512_vnni", 16, bank_look_vnni, bank_fine_avx2, bank_pick_avx2};
static const as_bank_kernel bank_avx2 = {"avx2", 8, bank_look_avx2, bank_fine_avx2, bank_pick_avx2};
#endif

static const as_bank_kernel bank_plain = {"plain", 8, bank_look_plain, bank_fine_plain, bank_pick_plain};

const as_bank_kernel *as_bank_kernel_at(size_t i)
{
    const as_bank_kernel *rows[3];
    size_t                n = 0;
#ifdef __x86_64__
    if (as_isa_may(AS_ISA_AVX512_VNNI))
        rows[n++] = &bank_vnni;
    if (as_isa_may(AS_ISA_AVX2))
        rows[n++] = &bank_avx2;
#endif
    rows[n++] = &bank_plain;
    return i < n ? rows[i] : NULL;
}

/* --- distances --- */

AS_ISA_CLONES(double, bank_distance, (const float *restrict a, const float *restrict b, size_t n), (a, b, n))
{
    double sums[8] = {0};
    size_t i = 0;
    for (; i + 8 <= n; i += 8)
        for (size_t k = 0; k < 8; k++) {
            double gap = (double)a[i + k] - (double)b[i + k];
            sums[k] += gap * gap;
        }
    for (size_t k = 0; i < n; i++, k++) {
        double gap = (double)a[i] - (double)b[i];
        sums[k] += gap * gap;
    }
    return ((sums[0] + sums[1]) + (sums[2] + sums[3])) + ((sums[4] + sums[5]) + (sums[6] + sums[7]));
}

double as_bank_distance(const float *a, const float *b, size_t n)
{
    return bank_distance(a, b, n);
}

AS_ISA_CLONES(float, bank_least, (const float *restrict low), (low))
{
    float least[8], most = INFINITY;
    for (size_t k = 0; k < 8; k++)
        least[k] = low[k];
    for (size_t i = 8; i < BANK_BLOCK; i += 8)
        for (size_t k = 0; k < 8; k++)
            least[k] = low[i + k] < least[k] ? low[i + k] : least[k];
    for (size_t k = 0; k < 8; k++)
        most = least[k] < most ? least[k] : most;
    return most;
}

float as_bank_least(const float low[BANK_BLOCK])
{
    return bank_least(low);
}

/* --- vectors --- */

AS_ISA_CLONES(double, bank_centre, (const float *restrict v, const float *restrict mean, size_t n, float *restrict ret),
              (v, mean, n, ret))
{
    double sums[8] = {0}, rest = 0;
    size_t i = 0;
    for (; i + 8 <= n; i += 8)
        for (size_t k = 0; k < 8; k++) {
            double gap = (double)v[i + k] - (double)mean[i + k];
            sums[k] += gap * gap;
            ret[i + k] = (float)gap;
        }
    for (; i < n; i++) {
        double gap = (double)v[i] - (double)mean[i];
        rest += gap * gap;
        ret[i] = (float)gap;
    }
    return ((sums[0] + sums[1]) + (sums[2] + sums[3])) + ((sums[4] + sums[5]) + (sums[6] + sums[7])) + rest;
}

AS_ISA_CLONES(double, bank_square, (const float *restrict v, size_t n), (v, n))
{
    double sums[8] = {0}, rest = 0;
    size_t i = 0;
    for (; i + 8 <= n; i += 8)
        for (size_t k = 0; k < 8; k++)
            sums[k] += (double)v[i + k] * (double)v[i + k];
    for (; i < n; i++)
        rest += (double)v[i] * (double)v[i];
    return ((sums[0] + sums[1]) + (sums[2] + sums[3])) + ((sums[4] + sums[5]) + (sums[6] + sums[7])) + rest;
}

AS_ISA_CLONES(float, bank_largest, (const float *restrict v, size_t n), (v, n))
{
    float  most[8] = {0}, rest = 0;
    size_t i = 0;
    for (; i + 8 <= n; i += 8)
        for (size_t k = 0; k < 8; k++) {
            float size = v[i + k] < 0 ? -v[i + k] : v[i + k];
            most[k] = most[k] < size ? size : most[k];
        }
    for (; i < n; i++)
        rest = fmaxf(rest, fabsf(v[i]));
    for (size_t k = 0; k < 8; k++)
        rest = rest < most[k] ? most[k] : rest;
    return rest;
}

/* Adding and taking off 1.5 * 2^52 rounds to a whole number. */
AS_ISA_CLONES(void, bank_digits,
              (const float *restrict v, size_t n, double gain, int16_t *restrict ret, double *restrict sums),
              (v, n, gain, ret, sums))
{
    const double whole = 6755399441055744.0, per = 1 / gain;
    size_t       i = 0;
    for (; i + 8 <= n; i += 8)
        for (size_t k = 0; k < 8; k++) {
            double digit = ((double)v[i + k] * per + whole) - whole, left = (double)v[i + k] - digit * gain;
            ret[i + k] = (int16_t)(int32_t)digit;
            sums[k] += left * left;
            sums[8 + k] += digit * digit;
        }
    for (; i < n; i++) {
        double digit = ((double)v[i] * per + whole) - whole, left = (double)v[i] - digit * gain;
        ret[i] = (int16_t)(int32_t)digit;
        sums[0] += left * left;
        sums[8] += digit * digit;
    }
}

double as_bank_centre(const float *v, const float *mean, size_t n, float *ret)
{
    return bank_centre(v, mean, n, ret);
}

double as_bank_square(const float *v, size_t n)
{
    return bank_square(v, n);
}

float as_bank_largest(const float *v, size_t n)
{
    return bank_largest(v, n);
}

void as_bank_digits(const float *v, size_t n, double gain, int16_t *ret, double *ret_error, double *ret_length)
{
    double sums[16] = {0}, length = 0;
    if (gain > 0)
        bank_digits(v, n, gain, ret, sums);
    else
        memset(ret, 0, n * sizeof *ret); /* all are 0 */
    *ret_error = 0;
    for (size_t k = 0; k < 8; k++) {
        *ret_error += sums[k];
        length += sums[8 + k];
    }
    *ret_length = length * gain * gain;
}
