/* SPDX-License-Identifier: Apache-2.0 */
#include "engine/point8.h"

#include <string.h>

#include "base/isa.h"

enum { POINT8_BLOCK = 16, POINT8_QUAD = 4, POINT8_GROUP = 4, POINT8_PIECE_BYTES = 16 << 10, POINT8_UNITS_A_THREAD = 3 };

static int64_t point8_blocks(const as_point8 *d)
{
    return (d->outputs + POINT8_BLOCK - 1) / POINT8_BLOCK;
}

/* A piece of whole groups. One thread takes all outputs of one piece after the other; several also divide the outputs where
 * there are too few pieces. */
void as_point8_divide(as_point8 *d, int threads)
{
    const int64_t least = threads > 1 ? (int64_t)threads * POINT8_UNITS_A_THREAD : 1,
                  groups = (d->pixels + POINT8_GROUP - 1) / POINT8_GROUP;
    int64_t each = AS_MAX(POINT8_PIECE_BYTES / (d->inputs * POINT8_GROUP), 1);
    if (threads > 1)
        each = AS_MIN(each, AS_MAX(groups / least, 2));
    d->piece = each * POINT8_GROUP;
    d->n_pieces = (d->pixels + d->piece - 1) / d->piece;
    d->n_parts = AS_MIN(AS_MAX(least / d->n_pieces, 1), AS_MAX(point8_blocks(d) / 2, 1));
    d->units = threads > 1 ? (int)(d->n_pieces * d->n_parts) : 1;
}

/* Of one block: the weights in fours of inputs, then what the sums become. */
static size_t point8_block_bytes(const as_point8 *d)
{
    const size_t bytes = (size_t)d->inputs * POINT8_BLOCK + 2 * POINT8_BLOCK * sizeof(float);
    return (bytes + 63) / 64 * 64;
}

size_t as_point8_weight_bytes(const as_point8 *d)
{
    return point8_block_bytes(d) * (size_t)point8_blocks(d);
}

void as_point8_weights(const as_point8 *d, const int8_t *weights, const float *factors, const float *biases, void *to)
{
    memset(to, 0, as_point8_weight_bytes(d));
    for (int64_t o = 0; o < d->outputs; o++) {
        int8_t *block = (int8_t *)to + (size_t)(o / POINT8_BLOCK) * point8_block_bytes(d);
        float   numbers[2] = {factors[o], biases[o]};
        for (int64_t i = 0; i < d->inputs; i++)
            block[i / POINT8_QUAD * POINT8_QUAD * POINT8_BLOCK + o % POINT8_BLOCK * POINT8_QUAD + i % POINT8_QUAD] =
                weights[o * d->inputs + i];
        for (int k = 0; k < 2; k++)
            memcpy(block + d->inputs * POINT8_BLOCK + (k * POINT8_BLOCK + o % POINT8_BLOCK) * (int64_t)sizeof(float),
                   &numbers[k], sizeof(float));
    }
}

#ifdef __x86_64__
#include <immintrin.h>

#define POINT8_AVX2   __attribute__((target("avx2,fma")))
#define POINT8_INLINE POINT8_AVX2 __attribute__((always_inline)) static inline

bool as_point8_can(void)
{
    return as_isa_may(AS_ISA_AVX2);
}

typedef struct point8_at {
    const uint8_t *x;
    const int8_t  *block;
    uint8_t       *y;
    int64_t        inputs, outputs;
    __m256         low, high;
} point8_at;

POINT8_INLINE __m256i point8_finish(const point8_at *a, __m256i sum, int half)
{
    const float *factors = (const float *)(const void *)(a->block + a->inputs * POINT8_BLOCK);
    __m256       v = _mm256_add_ps(_mm256_cvtepi32_ps(sum), _mm256_load_ps(factors + POINT8_BLOCK + 8 * half));
    v = _mm256_mul_ps(v, _mm256_load_ps(factors + 8 * half));
    return _mm256_cvtps_epi32(_mm256_min_ps(_mm256_max_ps(v, a->low), a->high));
}

/* n pixels (1 to POINT8_GROUP) by 16 outputs, or 8; both known when this is compiled. */
POINT8_INLINE void point8_group(const point8_at *a, int n, bool whole)
{
    const __m256i  ones = _mm256_set1_epi16(1);
    const uint8_t *x = a->x;
    const int8_t  *w = a->block;
    const int64_t  inputs = a->inputs;
    __m256i        sums[POINT8_GROUP][2];
#pragma GCC unroll 4
    for (int i = 0; i < n; i++)
        sums[i][0] = sums[i][1] = _mm256_setzero_si256();
    for (int64_t k = 0; k < inputs; k += POINT8_QUAD) {
        const __m256i first = _mm256_load_si256((const __m256i *)(const void *)(w + k * POINT8_BLOCK));
        const __m256i second = _mm256_load_si256((const __m256i *)(const void *)(w + k * POINT8_BLOCK + 32));
#pragma GCC unroll 4
        for (int i = 0; i < n; i++) {
            int32_t four;
            memcpy(&four, x + i * inputs + k, sizeof four);
            const __m256i in = _mm256_set1_epi32(four);
            sums[i][0] = _mm256_add_epi32(sums[i][0], _mm256_madd_epi16(_mm256_maddubs_epi16(in, first), ones));
            if (whole)
                sums[i][1] = _mm256_add_epi32(sums[i][1], _mm256_madd_epi16(_mm256_maddubs_epi16(in, second), ones));
        }
    }
#pragma GCC unroll 4
    for (int i = 0; i < n; i++) {
        const __m256i words = _mm256_permute4x64_epi64(
            _mm256_packs_epi32(point8_finish(a, sums[i][0], 0), point8_finish(a, sums[i][1], 1)), 0xd8);
        const __m128i bytes = _mm_packus_epi16(_mm256_castsi256_si128(words), _mm256_extracti128_si256(words, 1));
        if (whole)
            _mm_storeu_si128((__m128i *)(a->y + i * a->outputs), bytes);
        else
            _mm_storel_epi64((__m128i *)(a->y + i * a->outputs), bytes);
    }
}

POINT8_INLINE void point8_pixels(point8_at a, int64_t n, bool whole)
{
    for (; n >= POINT8_GROUP; n -= POINT8_GROUP) {
        point8_group(&a, POINT8_GROUP, whole);
        a.x += POINT8_GROUP * a.inputs;
        a.y += POINT8_GROUP * a.outputs;
    }
    for (; n > 0; n--) {
        point8_group(&a, 1, whole);
        a.x += a.inputs;
        a.y += a.outputs;
    }
}

POINT8_AVX2 static void point8_unit(const as_point8 *d, int64_t piece, int64_t part, const uint8_t *x,
                                    const int8_t *weights, uint8_t *y)
{
    const int64_t blocks = point8_blocks(d), first = piece * d->piece, n = AS_MIN(d->pixels - first, d->piece);
    const float   least = d->limits.on ? d->limits.low : 0.0f, most = d->limits.on ? d->limits.high : 255.0f;
    point8_at     a = {.x = x + first * d->inputs, .inputs = d->inputs, .outputs = d->outputs};
    a.low = _mm256_max_ps(_mm256_set1_ps(least), _mm256_setzero_ps());
    a.high = _mm256_min_ps(_mm256_set1_ps(most), _mm256_set1_ps(255.0f));
    for (int64_t b = blocks * part / d->n_parts; b < blocks * (part + 1) / d->n_parts; b++) {
        a.block = weights + (size_t)b * point8_block_bytes(d);
        a.y = y + first * d->outputs + b * POINT8_BLOCK;
        if (d->outputs - b * POINT8_BLOCK >= POINT8_BLOCK)
            point8_pixels(a, n, true);
        else
            point8_pixels(a, n, false);
    }
}

void as_point8_run(const as_point8 *d, int unit, const uint8_t *x, const void *weights, uint8_t *y)
{
    if (d->units > 1)
        point8_unit(d, unit / d->n_parts, unit % d->n_parts, x, weights, y);
    for (int64_t piece = 0; d->units <= 1 && piece < d->n_pieces; piece++)
        for (int64_t part = 0; part < d->n_parts; part++)
            point8_unit(d, piece, part, x, weights, y);
}

#else

bool as_point8_can(void)
{
    return false;
}

void as_point8_run(const as_point8 *d, int unit, const uint8_t *x, const void *weights, uint8_t *y)
{
    (void)d;
    (void)unit;
    (void)x;
    (void)weights;
    (void)y;
}

#endif
