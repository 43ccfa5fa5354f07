/* SPDX-License-Identifier: Apache-2.0 */
#include "engine/depth8.h"

#include <string.h>

#include "base/isa.h"

enum { DEPTH8_BLOCK = AS_DEPTH8_BLOCK, DEPTH8_SIDE = 3 };

/* What 16 channels are multiplied with. In the order in which bytes lie once they are widened and interleaved: 0 to 3 and
 * 8 to 11, then 4 to 7 and 12 to 15. */
typedef struct depth8_block {
    int16_t above[DEPTH8_SIDE][2][DEPTH8_BLOCK]; /* of each column: the rows 0 and 1, in pairs */
    int16_t below[DEPTH8_SIDE][2][DEPTH8_BLOCK]; /* the row 2, paired with nothing */
    float   factors[DEPTH8_BLOCK], biases[DEPTH8_BLOCK];
    uint8_t outside[DEPTH8_BLOCK]; /* what lies beyond the picture: the zero point */
    uint8_t room[48];
} depth8_block;

_Static_assert(sizeof(depth8_block) % 64 == 0, "each begins at its own line");

size_t as_depth8_weight_bytes(const as_depth8 *d)
{
    return (size_t)(d->channels / DEPTH8_BLOCK) * sizeof(depth8_block);
}

static int depth8_channel(int half, int at)
{
    return at % 4 + 8 * (at / 4) + 4 * half;
}

void as_depth8_weights(const as_depth8 *d, const int8_t *weights, const float *factors, const float *biases, void *to)
{
    for (int64_t first = 0; first < d->channels; first += DEPTH8_BLOCK) {
        depth8_block *b = (depth8_block *)to + first / DEPTH8_BLOCK;
        memset(b, 0, sizeof *b);
        memset(b->outside, d->x_zero, sizeof b->outside);
        for (int half = 0; half < 2; half++)
            for (int at = 0; at < DEPTH8_BLOCK / 2; at++) {
                const int64_t c = first + depth8_channel(half, at);
                b->factors[half * 8 + at] = factors[c];
                b->biases[half * 8 + at] = biases[c];
                for (int x = 0; x < DEPTH8_SIDE; x++) {
                    b->above[x][half][2 * at] = weights[c * 9 + x];
                    b->above[x][half][2 * at + 1] = weights[c * 9 + 3 + x];
                    b->below[x][half][2 * at] = weights[c * 9 + 6 + x];
                }
            }
    }
}

#ifdef __x86_64__
#include <immintrin.h>

#define DEPTH8_AVX2   __attribute__((target("avx2,fma")))
#define DEPTH8_INLINE DEPTH8_AVX2 __attribute__((always_inline)) static inline

bool as_depth8_can(void)
{
    return as_isa_may(AS_ISA_AVX2);
}

/* Three rows of the input at the first of 16 channels; those outside the picture stand still. */
typedef struct depth8_rows {
    const uint8_t *at[DEPTH8_SIDE];
    int64_t        step[DEPTH8_SIDE];
} depth8_rows;

/* One column of 16 channels, widened and interleaved. */
typedef struct depth8_column {
    __m256i above[2], below[2];
} depth8_column;

DEPTH8_INLINE __m256i depth8_load(const depth8_rows *r, int row, int64_t x, __m256i zero)
{
    const __m128i bytes = _mm_loadu_si128((const __m128i *)(r->at[row] + x * r->step[row]));
    return _mm256_sub_epi16(_mm256_cvtepu8_epi16(bytes), zero);
}

DEPTH8_INLINE depth8_column depth8_take(const depth8_rows *r, int64_t x, int64_t wide, __m256i zero)
{
    depth8_column c;
    if (x < 0 || x >= wide) {
        c.above[0] = c.above[1] = c.below[0] = c.below[1] = _mm256_setzero_si256();
        return c;
    }
    const __m256i a = depth8_load(r, 0, x, zero), b = depth8_load(r, 1, x, zero), e = depth8_load(r, 2, x, zero);
    c.above[0] = _mm256_unpacklo_epi16(a, b);
    c.above[1] = _mm256_unpackhi_epi16(a, b);
    c.below[0] = _mm256_unpacklo_epi16(e, _mm256_setzero_si256());
    c.below[1] = _mm256_unpackhi_epi16(e, _mm256_setzero_si256());
    return c;
}

DEPTH8_INLINE __m256i depth8_product(const depth8_column *c, const depth8_block *b, int x, int half)
{
    const __m256i above =
        _mm256_madd_epi16(c->above[half], _mm256_load_si256((const __m256i *)(const void *)b->above[x][half]));
    const __m256i below =
        _mm256_madd_epi16(c->below[half], _mm256_load_si256((const __m256i *)(const void *)b->below[x][half]));
    return _mm256_add_epi32(above, below);
}

DEPTH8_INLINE __m256i depth8_finish(const depth8_block *b, __m256i sum, int half, __m256 low, __m256 high)
{
    __m256 v = _mm256_add_ps(_mm256_cvtepi32_ps(sum), _mm256_load_ps(b->biases + 8 * half));
    v = _mm256_mul_ps(v, _mm256_load_ps(b->factors + 8 * half));
    return _mm256_cvtps_epi32(_mm256_min_ps(_mm256_max_ps(v, low), high));
}

DEPTH8_INLINE void depth8_store(const depth8_block *b, __m256i first, __m256i second, __m256 low, __m256 high,
                                uint8_t *y)
{
    const __m256i words =
        _mm256_packs_epi32(depth8_finish(b, first, 0, low, high), depth8_finish(b, second, 1, low, high));
    _mm_storeu_si128((__m128i *)y, _mm_packus_epi16(_mm256_castsi256_si128(words), _mm256_extracti128_si256(words, 1)));
}

/* One row of 16 channels. A result begins with its first column and ends with its third; two are under way between. */
DEPTH8_INLINE void depth8_row_1(const as_depth8 *d, depth8_rows r, const depth8_block *b, __m256i zero, __m256 low,
                                __m256 high, uint8_t *restrict y)
{
    const int64_t pad = d->pad[1], n = d->out[1], wide = d->in[1], step = d->channels;
    depth8_column c = depth8_take(&r, -pad, wide, zero);
    __m256i       next[2], now[2];
    for (int half = 0; half < 2; half++)
        now[half] = depth8_product(&c, b, 0, half);
    c = depth8_take(&r, 1 - pad, wide, zero);
    for (int half = 0; half < 2; half++) {
        now[half] = _mm256_add_epi32(now[half], depth8_product(&c, b, 1, half));
        next[half] = depth8_product(&c, b, 0, half);
    }
    for (int64_t x = 0; x < n; x++) {
        __m256i done[2];
        c = depth8_take(&r, x + 2 - pad, wide, zero);
        for (int half = 0; half < 2; half++) {
            done[half] = _mm256_add_epi32(now[half], depth8_product(&c, b, 2, half));
            now[half] = _mm256_add_epi32(next[half], depth8_product(&c, b, 1, half));
            next[half] = depth8_product(&c, b, 0, half);
        }
        depth8_store(b, done[0], done[1], low, high, y + x * step);
    }
}

/* The third column of a result is the first of the next. */
DEPTH8_INLINE void depth8_row_2(const as_depth8 *d, depth8_rows r, const depth8_block *b, __m256i zero, __m256 low,
                                __m256 high, uint8_t *restrict y)
{
    const int64_t pad = d->pad[1], n = d->out[1], wide = d->in[1], step = d->channels;
    depth8_column last = depth8_take(&r, -pad, wide, zero);
    for (int64_t x = 0; x < n; x++) {
        const depth8_column middle = depth8_take(&r, 2 * x + 1 - pad, wide, zero);
        __m256i             sums[2];
        for (int half = 0; half < 2; half++)
            sums[half] = _mm256_add_epi32(depth8_product(&last, b, 0, half), depth8_product(&middle, b, 1, half));
        last = depth8_take(&r, 2 * x + 2 - pad, wide, zero);
        for (int half = 0; half < 2; half++)
            sums[half] = _mm256_add_epi32(sums[half], depth8_product(&last, b, 2, half));
        depth8_store(b, sums[0], sums[1], low, high, y + x * step);
    }
}

DEPTH8_AVX2 static void depth8_line(const as_depth8 *d, const uint8_t *x, int64_t row, const depth8_block *blocks,
                                    uint8_t *y)
{
    const float  least = d->limits.on ? d->limits.low : 0.0f, most = d->limits.on ? d->limits.high : 255.0f;
    const __m256 low = _mm256_max_ps(_mm256_set1_ps(least), _mm256_setzero_ps()),
                 high = _mm256_min_ps(_mm256_set1_ps(most), _mm256_set1_ps(255.0f));
    const __m256i zero = _mm256_set1_epi16((int16_t)d->x_zero);
    for (int64_t c = 0; c < d->channels; c += DEPTH8_BLOCK) {
        const depth8_block *b = &blocks[c / DEPTH8_BLOCK];
        depth8_rows         r;
        for (int i = 0; i < DEPTH8_SIDE; i++) {
            const int64_t yy = row * d->stride + i - d->pad[0];
            const bool    inside = yy >= 0 && yy < d->in[0];
            r.at[i] = inside ? x + yy * d->in[1] * d->channels + c : b->outside;
            r.step[i] = inside ? d->channels : 0;
        }
        if (d->stride == 1)
            depth8_row_1(d, r, b, zero, low, high, y + c);
        else
            depth8_row_2(d, r, b, zero, low, high, y + c);
    }
}

void as_depth8_run(const as_depth8 *d, int worker, const uint8_t *x, const void *weights, uint8_t *y)
{
    const int64_t n = d->images * d->out[0], workers = AS_MAX(d->workers, 1);
    for (int64_t i = n * worker / workers; i < n * (worker + 1) / workers; i++)
        depth8_line(d, x + i / d->out[0] * d->in[0] * d->in[1] * d->channels, i % d->out[0], weights,
                    y + i * d->out[1] * d->channels);
}

#else

bool as_depth8_can(void)
{
    return false;
}

void as_depth8_run(const as_depth8 *d, int worker, const uint8_t *x, const void *weights, uint8_t *y)
{
    (void)d;
    (void)worker;
    (void)x;
    (void)weights;
    (void)y;
}

#endif
