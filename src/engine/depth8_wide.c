/* SPDX-License-Identifier: Apache-2.0 */
/* Depthwise with AVX512_VNNI: the bytes of four rows stand beside each other in 32 bits, so that one instruction multiplies a
 * column of the window, and the same four rows serve two rows of the result: by weights that are one byte further on. */
#include <string.h>

#include "engine/depth8.h"
#include "engine/wide8.h"

enum { WIDE_BYTES = 64, WIDE_ROWS = 4, WIDE_SIDE = 3, WIDE_LANES = 16 };

/* Of 64 results that stand behind each other, in the order in which four vectors of them are packed. */
typedef struct depth8_wide {
    int8_t  weights[2][WIDE_SIDE][WIDE_ROWS][WIDE_BYTES]; /* of the upper row of the results, and of the lower */
    int32_t begin[WIDE_ROWS][WIDE_LANES];
    float   factors[WIDE_ROWS][WIDE_LANES], biases[WIDE_ROWS][WIDE_LANES];
    uint8_t outside[WIDE_BYTES]; /* what lies beyond the picture: the zero point */
    uint8_t tame[WIDE_BYTES];    /* of all blocks, in each: as_wide8_tame */
} depth8_wide;

/* How many blocks until the channels begin anew. With a stride of one a row is one run of bytes, whatever a pixel has. */
static int64_t depth8_wide_blocks(const as_depth8 *d)
{
    if (d->stride > 1)
        return (d->channels + WIDE_BYTES - 1) / WIDE_BYTES;
    int64_t n = d->channels;
    while (n % WIDE_BYTES != 0)
        n += d->channels;
    return n / WIDE_BYTES;
}

bool as_depth8_wide_can(void)
{
    return as_wide8_can();
}

size_t as_depth8_wide_weight_bytes(const as_depth8 *d)
{
    return (size_t)depth8_wide_blocks(d) * sizeof(depth8_wide);
}

void as_depth8_wide_weights(const as_depth8 *d, const int8_t *weights, const float *factors, const float *biases,
                            void *to)
{
    const int64_t n = depth8_wide_blocks(d) * WIDE_BYTES;
    const bool    tame = as_wide8_tame(factors, biases, (size_t)d->channels, (int64_t)WIDE_SIDE * WIDE_SIDE);
    memset(to, 0, as_depth8_wide_weight_bytes(d));
    for (int64_t at = 0; at < n; at++) {
        depth8_wide  *b = (depth8_wide *)to + at / WIDE_BYTES;
        const int64_t byte = at % WIDE_BYTES, c = d->stride > 1 ? at : at % d->channels;
        const int64_t vector = byte % WIDE_LANES / 4, lane = byte / WIDE_LANES * 4 + byte % 4;
        b->outside[byte] = (uint8_t)d->x_zero;
        b->tame[byte] = tame;
        if (c >= d->channels)
            continue;
        b->factors[vector][lane] = factors[c];
        b->biases[vector][lane] = biases[c];
        for (int64_t k = 0; k < WIDE_SIDE * WIDE_SIDE; k++) {
            const int8_t w = weights[c * WIDE_SIDE * WIDE_SIDE + k];
            b->begin[vector][lane] -= d->x_zero * w;
            for (int64_t lower = 0; lower < 2; lower++)
                b->weights[lower][k % WIDE_SIDE][vector][lane * 4 + k / WIDE_SIDE + lower] = w;
        }
    }
}

#ifdef __x86_64__

/* Four rows of the input; those outside the picture stand still. */
typedef struct depth8_wide_rows {
    const uint8_t *at[WIDE_ROWS];
    int64_t        keep[WIDE_ROWS]; /* all bits, or none */
    int64_t        bytes;           /* of a row */
} depth8_wide_rows;

typedef struct depth8_wide_column {
    __m512i of[WIDE_ROWS]; /* bytes 0 to 3 of each 16, then 4 to 7, ... : each of four rows */
} depth8_wide_column;

AS_WIDE8_INLINE depth8_wide_column depth8_wide_mix(const __m512i rows[WIDE_ROWS])
{
    const __m512i a = _mm512_unpacklo_epi8(rows[0], rows[1]), b = _mm512_unpackhi_epi8(rows[0], rows[1]);
    const __m512i c = _mm512_unpacklo_epi8(rows[2], rows[3]), d = _mm512_unpackhi_epi8(rows[2], rows[3]);
    return (depth8_wide_column){{_mm512_unpacklo_epi16(a, c), _mm512_unpackhi_epi16(a, c), _mm512_unpacklo_epi16(b, d),
                                 _mm512_unpackhi_epi16(b, d)}};
}

/* 64 bytes of each row from `from` on: n of the rows are different ones. */
AS_WIDE8_INLINE depth8_wide_column depth8_wide_take(const depth8_wide_rows *r, int64_t from, int n, __m512i outside)
{
    __m512i rows[WIDE_ROWS];
    if (from >= 0 && from + WIDE_BYTES <= r->bytes) {
#pragma GCC unroll 4
        for (int i = 0; i < n; i++)
            rows[i] = _mm512_loadu_si512(r->at[i] + (from & r->keep[i]));
    } else {
        __mmask64 inside = from >= r->bytes || from <= -WIDE_BYTES ? 0 : ~(__mmask64)0;
        if (inside && from < 0)
            inside <<= -from;
        if (inside && from + WIDE_BYTES > r->bytes)
            inside &= ~(__mmask64)0 >> (from + WIDE_BYTES - r->bytes);
#pragma GCC unroll 4
        for (int i = 0; i < n; i++)
            rows[i] = _mm512_mask_loadu_epi8(outside, inside, r->at[i] + (from & r->keep[i]));
    }
    if (n < WIDE_ROWS)
        rows[WIDE_ROWS - 1] = rows[n - 1];
    return depth8_wide_mix(rows);
}

typedef struct depth8_wide_to {
    uint8_t        *y;
    int64_t         step; /* from the upper row to the lower */
    __mmask64       mask;
    as_wide8_limits limits;
} depth8_wide_to;

/* One or two rows of results. */
AS_WIDE8_INLINE void depth8_wide_give(const depth8_wide *b, const depth8_wide_column c[WIDE_SIDE], int rows,
                                      const depth8_wide_to *to, bool plain)
{
    const __m512 most = _mm512_set1_ps(to->limits.most);
#pragma GCC unroll 2
    for (int row = 0; row < rows; row++) {
        __m512i made[WIDE_ROWS];
#pragma GCC unroll 4
        for (int v = 0; v < WIDE_ROWS; v++) {
            __m512i sum = _mm512_load_si512(b->begin[v]);
#pragma GCC unroll 3
            for (int x = 0; x < WIDE_SIDE; x++)
                sum = _mm512_dpbusd_epi32(sum, c[x].of[v], _mm512_load_si512(b->weights[row][x][v]));
            made[v] = as_wide8_round(sum, b->factors[v], b->biases[v], most, plain);
        }
        __m512i bytes = as_wide8_pack(made[0], made[1], made[2], made[3]);
        if (!plain)
            bytes = as_wide8_hold(bytes, &to->limits);
        if (to->mask == ~(__mmask64)0)
            _mm512_storeu_si512(to->y + row * to->step, bytes);
        else
            _mm512_mask_storeu_epi8(to->y + row * to->step, to->mask, bytes);
    }
}

static __mmask64 depth8_wide_mask(int64_t n)
{
    return n >= WIDE_BYTES ? ~(__mmask64)0 : ~(~(__mmask64)0 << n);
}

/* A stride of one: the row as a run of bytes, three times as long as what stands in registers. */
AS_WIDE8_INLINE void depth8_wide_run(const as_depth8 *d, const depth8_wide_rows *r, const depth8_wide *blocks, int rows,
                                     depth8_wide_to to, bool plain)
{
    const int64_t n = d->out[1] * d->channels, n_blocks = depth8_wide_blocks(d), before = d->pad[1] * d->channels;
    uint8_t      *y = to.y;
    const __m512i outside = _mm512_set1_epi8((char)d->x_zero);
    for (int64_t at = 0, block = 0; at < n; at += WIDE_BYTES, block = block + 1 < n_blocks ? block + 1 : 0) {
        depth8_wide_column c[WIDE_SIDE];
#pragma GCC unroll 3
        for (int x = 0; x < WIDE_SIDE; x++)
            c[x] = depth8_wide_take(r, at + x * d->channels - before, rows + 2, outside);
        to.y = y + at;
        to.mask = depth8_wide_mask(n - at);
        depth8_wide_give(&blocks[block], c, rows, &to, plain);
    }
}

/* Pixel by pixel, 64 channels of them: two columns of a window, or one, are those of the next. */
AS_WIDE8_INLINE void depth8_wide_walk(const as_depth8 *d, const depth8_wide_rows *r, const depth8_wide *b,
                                      int64_t first, int rows, int stride, depth8_wide_to to, bool plain)
{
    const int64_t      step = stride * d->channels;
    const __m512i      outside = _mm512_set1_epi8((char)d->x_zero);
    depth8_wide_column c[WIDE_SIDE];
    int64_t            from = first - d->pad[1] * d->channels;
#pragma GCC unroll 2
    for (int x = stride; x < WIDE_SIDE; x++)
        c[x] = depth8_wide_take(r, from + (x - stride) * d->channels, rows + 2, outside);
    to.mask = depth8_wide_mask(d->channels - first);
    to.y += first;
    for (int64_t x = 0; x < d->out[1]; x++, from += step, to.y += d->channels) {
#pragma GCC unroll 2
        for (int i = 0; i < WIDE_SIDE - stride; i++)
            c[i] = c[i + stride];
#pragma GCC unroll 2
        for (int i = WIDE_SIDE - stride; i < WIDE_SIDE; i++)
            c[i] = depth8_wide_take(r, from + i * d->channels, rows + 2, outside);
        depth8_wide_give(b, c, rows, &to, plain);
    }
}

AS_WIDE8_INLINE void depth8_wide_line(const as_depth8 *d, const depth8_wide_rows *r, const depth8_wide *blocks,
                                      int rows, const depth8_wide_to *to, bool plain)
{
    if (d->stride == 1 && d->channels % WIDE_BYTES != 0) {
        depth8_wide_run(d, r, blocks, rows, *to, plain);
        return;
    }
    for (int64_t c = 0; c < d->channels; c += WIDE_BYTES)
        if (d->stride == 1)
            depth8_wide_walk(d, r, &blocks[c / WIDE_BYTES], c, rows, 1, *to, plain);
        else
            depth8_wide_walk(d, r, &blocks[c / WIDE_BYTES], c, 1, 2, *to, plain);
}

AS_WIDE8 static void depth8_wide_two(const as_depth8 *d, const depth8_wide_rows *r, const depth8_wide *blocks,
                                     const depth8_wide_to *to)
{
    depth8_wide_line(d, r, blocks, 2, to, false);
}

AS_WIDE8 static void depth8_wide_one(const as_depth8 *d, const depth8_wide_rows *r, const depth8_wide *blocks,
                                     const depth8_wide_to *to)
{
    depth8_wide_line(d, r, blocks, 1, to, false);
}

/* No limits but those of the type, and none that leaves 32 bits: as a rule. */
AS_WIDE8 static void depth8_wide_two_plain(const as_depth8 *d, const depth8_wide_rows *r, const depth8_wide *blocks,
                                           const depth8_wide_to *to)
{
    depth8_wide_line(d, r, blocks, 2, to, true);
}

AS_WIDE8 static void depth8_wide_one_plain(const as_depth8 *d, const depth8_wide_rows *r, const depth8_wide *blocks,
                                           const depth8_wide_to *to)
{
    depth8_wide_line(d, r, blocks, 1, to, true);
}

void as_depth8_wide_run(const as_depth8 *d, int worker, const uint8_t *x, const void *weights, uint8_t *y)
{
    const int64_t      n = d->images * d->out[0], workers = AS_MAX(d->workers, 1), line = d->in[1] * d->channels;
    const depth8_wide *blocks = weights;
    const int64_t      end = n * (worker + 1) / workers;
    depth8_wide_to     to = {.step = d->out[1] * d->channels, .limits = as_wide8_limits_of(&d->limits)};
    const bool         plain = blocks->tame[0] && !to.limits.hold;
    for (int64_t i = n * worker / workers, rows; i < end; i += rows) {
        const uint8_t   *image = x + i / d->out[0] * d->in[0] * line;
        depth8_wide_rows r = {.bytes = line};
        rows = d->stride == 1 && i + 1 < end && (i + 1) % d->out[0] != 0 ? 2 : 1;
        for (int k = 0; k < WIDE_ROWS; k++) {
            const int64_t yy = i % d->out[0] * d->stride + k - d->pad[0];
            const bool    inside = yy >= 0 && yy < d->in[0];
            r.at[k] = inside ? image + yy * line : blocks->outside;
            r.keep[k] = inside ? -1 : 0;
        }
        to.y = y + i * to.step;
        if (rows == 2)
            (plain ? depth8_wide_two_plain : depth8_wide_two)(d, &r, blocks, &to);
        else
            (plain ? depth8_wide_one_plain : depth8_wide_one)(d, &r, blocks, &to);
    }
}

#else

void as_depth8_wide_run(const as_depth8 *d, int worker, const uint8_t *x, const void *weights, uint8_t *y)
{
    (void)d;
    (void)worker;
    (void)x;
    (void)weights;
    (void)y;
}

#endif
