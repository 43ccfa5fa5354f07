/* SPDX-License-Identifier: Apache-2.0 */
#include "engine/tile8.h"

#include <string.h>

#include "engine/wide8.h"

enum {
    TILE8_LANES = 16,
    TILE8_BLOCK = 2 * TILE8_LANES, /* outputs of a block */
    TILE8_PIXELS = 14,             /* of a tile: 28 of 32 registers are sums */
    TILE8_NEAR = 5,                /* pixels that one pointer reaches */
    TILE8_WORD = 4,
    TILE8_PIECE_BYTES = 32 << 10, /* of what goes in and comes out: they stay in the first cache */
    TILE8_UNITS_A_THREAD = 3,
    TILE8_FRAMED_ROWS = 8
};

/* What stands before the weights of a block: of 32 outputs in the order of their lanes. */
typedef struct tile8_head {
    int32_t begin[TILE8_BLOCK];
    float   factors[TILE8_BLOCK], biases[TILE8_BLOCK];
} tile8_head;

bool as_tile8_can(void)
{
    return as_wide8_can();
}

/* Bytes of one row of the window, in fours. */
static int64_t tile8_words(const as_tile8 *t)
{
    return (t->kernel[1] * t->inputs + TILE8_WORD - 1) / TILE8_WORD;
}

static int64_t tile8_blocks(const as_tile8 *t)
{
    return (t->outputs + TILE8_BLOCK - 1) / TILE8_BLOCK;
}

static size_t tile8_block_bytes(const as_tile8 *t)
{
    return sizeof(tile8_head) + (size_t)(t->kernel[0] * tile8_words(t)) * TILE8_BLOCK * TILE8_WORD;
}

size_t as_tile8_weight_bytes(const as_tile8 *t)
{
    return tile8_block_bytes(t) * (size_t)tile8_blocks(t);
}

/* All pixels stand one behind the other, in and out. */
static bool tile8_is_run(const as_tile8 *t)
{
    return !t->framed && t->kernel[0] == 1 && t->kernel[1] == 1 && t->step[0] == 1 && t->step[1] == 1;
}

static int64_t tile8_items(const as_tile8 *t)
{
    return tile8_is_run(t) ? t->images * t->out[0] * t->out[1] : t->images * t->out[0];
}

/* Where its rows have a frame: how many bytes one is, with what the last window reads beyond it. */
static int64_t tile8_frame_bytes(const as_tile8 *t)
{
    const int64_t wide = AS_MAX((t->out[1] - 1) * t->step[1] + t->kernel[1], t->in[1] + t->pad[1]);
    return (wide * t->inputs + TILE8_WORD + 63) / 64 * 64;
}

static int64_t tile8_frame_rows(const as_tile8 *t)
{
    return (t->piece - 1) * t->step[0] + t->kernel[0];
}

size_t as_tile8_scratch_bytes(const as_tile8 *t)
{
    return t->framed ? (size_t)(tile8_frame_bytes(t) * tile8_frame_rows(t) * (t->units > 1 ? t->n_pieces : 1)) : 0;
}

static bool tile8_wants_frame(const as_tile8 *t)
{
    for (int i = 0; i < 2; i++)
        if (t->pad[i] != 0 || (t->out[i] - 1) * t->step[i] + t->kernel[i] > t->in[i])
            return true;
    return t->kernel[1] * t->inputs % TILE8_WORD != 0;
}

void as_tile8_divide(as_tile8 *t, int threads)
{
    t->framed = tile8_wants_frame(t);
    t->piece = t->n_parts = t->units = 1;
    t->n_pieces = 0;
    if (t->images * t->out[0] * t->out[1] * t->outputs < 1)
        return;
    const bool    run = tile8_is_run(t);
    const int64_t items = tile8_items(t), least = threads > 1 ? (int64_t)threads * TILE8_UNITS_A_THREAD : 1;
    const int64_t whole = run ? TILE8_PIXELS : 1;
    const int64_t each = t->step[0] * t->step[1] * t->inputs + t->outputs;
    int64_t       piece = AS_MAX(TILE8_PIECE_BYTES / (each * (run ? 1 : t->out[1])), 1);
    if (t->framed)
        piece = AS_MIN(piece, (int64_t)TILE8_FRAMED_ROWS);
    piece = AS_MAX(piece / whole, run ? 2 : 1) * whole;
    if (threads > 1)
        piece = AS_MIN(piece, AS_MAX(items / least / whole, 1) * whole);
    t->piece = AS_MIN(piece, items);
    t->n_pieces = (items + t->piece - 1) / t->piece;
    t->n_parts = t->framed ? 1 : AS_MIN(AS_MAX((least + t->n_pieces - 1) / t->n_pieces, 1), tile8_blocks(t));
    t->units = threads > 1 ? (int)(t->n_pieces * t->n_parts) : 1;
}

/* Vectors of a block: its last may need one alone. */
static int64_t tile8_vectors(const as_tile8 *t, int64_t block)
{
    return t->outputs - block * TILE8_BLOCK > TILE8_LANES ? 2 : 1;
}

/* Which output of a block stands in a lane: such that packing puts them in order. */
static int64_t tile8_output(int64_t vectors, int64_t vector, int64_t lane)
{
    return vectors > 1 ? lane / 4 * 8 + vector * 4 + lane % 4 : lane;
}

static void tile8_weights_of(const as_tile8 *t, int64_t vectors, const int8_t *weights, int64_t place, tile8_head *head)
{
    const int64_t taps = t->kernel[0] * t->kernel[1], run = t->kernel[1] * t->inputs, words = tile8_words(t),
                  step = vectors * TILE8_LANES * TILE8_WORD;
    int8_t *to = (int8_t *)(head + 1) + place * TILE8_WORD;
    for (int64_t y = 0; y < t->kernel[0]; y++)
        for (int64_t i = 0; i < run; i++) {
            const int8_t w = weights[i % t->inputs * taps + y * t->kernel[1] + i / t->inputs];
            to[(y * words + i / TILE8_WORD) * step + i % TILE8_WORD] = w;
            head->begin[place] -= t->framed ? t->x_zero * w : 0;
        }
}

void as_tile8_weights(as_tile8 *t, const int8_t *weights, const float *factors, const float *biases, void *to)
{
    const int64_t each = t->kernel[0] * t->kernel[1] * t->inputs;
    t->tame = as_wide8_tame(factors, biases, (size_t)t->outputs, each);
    memset(to, 0, as_tile8_weight_bytes(t));
    for (int64_t block = 0; block < tile8_blocks(t); block++) {
        const int64_t vectors = tile8_vectors(t, block);
        tile8_head   *head = (tile8_head *)(void *)((char *)to + (size_t)block * tile8_block_bytes(t));
        for (int64_t place = 0; place < vectors * TILE8_LANES; place++) {
            const int64_t o = block * TILE8_BLOCK + tile8_output(vectors, place / TILE8_LANES, place % TILE8_LANES);
            if (o >= t->outputs)
                continue;
            head->factors[place] = factors[o];
            head->biases[place] = biases[o];
            tile8_weights_of(t, vectors, weights + o * each, place, head);
        }
    }
}

#ifdef __x86_64__

/* Some pixels of one row, or of a run of them, by one block. */
typedef struct tile8_at {
    const uint8_t  *x;
    const char     *block;
    uint8_t        *y;
    int64_t         pixel, row;    /* bytes from pixel to pixel, and from row to row of the window */
    int64_t         rows, words;   /* of the window */
    int64_t         y_pixel, wide; /* bytes from result to result; outputs of this block */
    as_wide8_limits limits;
    bool            sum, plain;
    float           made_factor, sum_factor, sum_offset;
} tile8_at;

/* Made a u8 and added to what stood in y: it is in the order of the lanes. The products are rounded before they are added, as
 * everywhere: these intrinsics are never contracted. */
AS_WIDE8_INLINE __m512i tile8_add(const tile8_at *a, __m512i made, __m128i there)
{
    const __m512i held = _mm512_max_epi32(_mm512_min_epi32(made, _mm512_set1_epi32(255)), _mm512_setzero_si512());
    const __m512  x =
        _mm512_mul_round_ps(_mm512_cvtepi32_ps(held), _mm512_set1_ps(a->made_factor), _MM_FROUND_CUR_DIRECTION);
    const __m512 y = _mm512_mul_round_ps(_mm512_cvtepi32_ps(_mm512_cvtepu8_epi32(there)), _mm512_set1_ps(a->sum_factor),
                                         _MM_FROUND_CUR_DIRECTION);
    const __m512 sum = _mm512_add_ps(_mm512_add_ps(x, y), _mm512_set1_ps(a->sum_offset));
    return _mm512_cvtps_epi32(_mm512_min_ps(_mm512_set1_ps(a->limits.most), sum));
}

AS_WIDE8_INLINE void tile8_add_2(const tile8_at *a, const uint8_t *y, __m512i made[2])
{
    const __m256i bytes = a->wide >= TILE8_BLOCK ? _mm256_loadu_si256((const __m256i *)(const void *)y)
                                                 : _mm256_maskz_loadu_epi8((__mmask32)((1u << a->wide) - 1u), y);
    const __m256i there = _mm256_permutevar8x32_epi32(bytes, _mm256_setr_epi32(0, 2, 4, 6, 1, 3, 5, 7));
    made[0] = tile8_add(a, made[0], _mm256_castsi256_si128(there));
    made[1] = tile8_add(a, made[1], _mm256_extracti128_si256(there, 1));
}

AS_WIDE8_INLINE void tile8_put_2(const tile8_at *a, uint8_t *y, __m256i bytes)
{
    if (a->wide >= TILE8_BLOCK)
        _mm256_storeu_si256((__m256i *)(void *)y, bytes);
    else
        _mm256_mask_storeu_epi8(y, (__mmask32)((1u << a->wide) - 1u), bytes);
}

/* n pixels by two vectors become bytes, two pixels at a time. */
AS_WIDE8_INLINE void tile8_finish_2(const tile8_at *a, __m512i (*sums)[2], uint8_t *y, int n, bool plain)
{
    const tile8_head *head = (const tile8_head *)(const void *)a->block;
    const __m512      most = _mm512_set1_ps(a->limits.most);
    const __m512i     halves = _mm512_setr_epi64(0, 2, 4, 6, 1, 3, 5, 7);
    for (int i = 0; i < n; i += 2) {
        __m512i made[2][2];
        for (int j = 0; j < 2; j++) {
            const int at = i + j < n ? i + j : i;
            for (int v = 0; v < 2; v++)
                made[j][v] = as_wide8_round(sums[at][v], head->factors + v * TILE8_LANES,
                                            head->biases + v * TILE8_LANES, most, plain);
            if (!plain && a->sum && (j == 0 || i + j < n))
                tile8_add_2(a, y + at * a->y_pixel, made[j]);
        }
        __m512i bytes = as_wide8_pack(made[0][0], made[0][1], made[1][0], made[1][1]);
        if (!plain)
            bytes = as_wide8_hold(bytes, &a->limits);
        bytes = _mm512_permutexvar_epi64(halves, bytes);
        tile8_put_2(a, y + i * a->y_pixel, _mm512_castsi512_si256(bytes));
        if (i + 1 < n)
            tile8_put_2(a, y + (i + 1) * a->y_pixel, _mm512_extracti64x4_epi64(bytes, 1));
    }
}

/* Tame, nothing to be added, and no limits but those of the type: as a rule. */
AS_WIDE8 __attribute__((noinline)) static void tile8_plain_2(const tile8_at *a, __m512i (*sums)[2], uint8_t *y, int n)
{
    tile8_finish_2(a, sums, y, n, true);
}

AS_WIDE8 __attribute__((noinline)) static void tile8_any_2(const tile8_at *a, __m512i (*sums)[2], uint8_t *y, int n)
{
    tile8_finish_2(a, sums, y, n, false);
}

AS_WIDE8_INLINE void tile8_put_1(const tile8_at *a, uint8_t *y, __m128i bytes)
{
    if (a->wide >= TILE8_LANES)
        _mm_storeu_si128((__m128i *)(void *)y, bytes);
    else
        _mm_mask_storeu_epi8(y, (__mmask16)((1u << a->wide) - 1u), bytes);
}

/* By one vector: four pixels at a time. */
AS_WIDE8_INLINE void tile8_finish_1(const tile8_at *a, __m512i (*sums)[2], uint8_t *y, int n, bool plain)
{
    const tile8_head *head = (const tile8_head *)(const void *)a->block;
    const __m512      most = _mm512_set1_ps(a->limits.most);
    const __m512i     quarters = _mm512_setr_epi32(0, 4, 8, 12, 1, 5, 9, 13, 2, 6, 10, 14, 3, 7, 11, 15);
    const __mmask16   wide = (__mmask16)((1u << a->wide) - 1u);
    for (int i = 0; i < n; i += 4) {
        __m512i made[4];
        for (int j = 0; j < 4; j++) {
            const int at = i + j < n ? i + j : i;
            made[j] = as_wide8_round(sums[at][0], head->factors, head->biases, most, plain);
            if (!plain && a->sum && (j == 0 || i + j < n))
                made[j] = tile8_add(a, made[j], _mm_maskz_loadu_epi8(wide, y + at * a->y_pixel));
        }
        __m512i bytes = as_wide8_pack(made[0], made[1], made[2], made[3]);
        if (!plain)
            bytes = as_wide8_hold(bytes, &a->limits);
        bytes = _mm512_permutexvar_epi32(quarters, bytes);
        tile8_put_1(a, y + i * a->y_pixel, _mm512_castsi512_si128(bytes));
        if (i + 1 < n)
            tile8_put_1(a, y + (i + 1) * a->y_pixel, _mm512_extracti32x4_epi32(bytes, 1));
        if (i + 2 < n)
            tile8_put_1(a, y + (i + 2) * a->y_pixel, _mm512_extracti32x4_epi32(bytes, 2));
        if (i + 3 < n)
            tile8_put_1(a, y + (i + 3) * a->y_pixel, _mm512_extracti32x4_epi32(bytes, 3));
    }
}

AS_WIDE8 __attribute__((noinline)) static void tile8_plain_1(const tile8_at *a, __m512i (*sums)[2], uint8_t *y, int n)
{
    tile8_finish_1(a, sums, y, n, true);
}

AS_WIDE8 __attribute__((noinline)) static void tile8_any_1(const tile8_at *a, __m512i (*sums)[2], uint8_t *y, int n)
{
    tile8_finish_1(a, sums, y, n, false);
}

/* n pixels (1 to TILE8_PIXELS) by one or two vectors of outputs: known when this is compiled. */
AS_WIDE8_INLINE void tile8_pixels(const tile8_at *a, const uint8_t *x, uint8_t *y, int n, int vectors)
{
    const tile8_head *head = (const tile8_head *)(const void *)a->block;
    const char       *w = a->block + sizeof *head;
    const int64_t     pixel = a->pixel, two = 2 * pixel, three = 3 * pixel, step = vectors * TILE8_LANES * TILE8_WORD;
    __m512i           sums[TILE8_PIXELS][2];
#pragma GCC unroll 14
    for (int i = 0; i < n; i++)
        for (int v = 0; v < vectors; v++)
            sums[i][v] = _mm512_load_si512(head->begin + v * TILE8_LANES);
    for (int64_t r = 0; r < a->rows; r++) {
        const uint8_t *first = x + r * a->row, *second = first + TILE8_NEAR * pixel,
                      *third = second + TILE8_NEAR * pixel;
        for (int64_t k = 0; k < a->words; k++, w += step) {
            const __m512i by = _mm512_load_si512(w), with = vectors > 1 ? _mm512_load_si512(w + 64) : by;
            /* Three pointers, not one for each pixel: there are no registers for those. */
            __asm__("" : "+r"(first), "+r"(second), "+r"(third));
#pragma GCC unroll 14
            for (int i = 0; i < n; i++) {
                const uint8_t *base = i < TILE8_NEAR ? first : i < 2 * TILE8_NEAR ? second : third;
                const int64_t  near[TILE8_NEAR] = {0, pixel, two, three, 2 * two};
                int32_t        four;
                memcpy(&four, base + near[i % TILE8_NEAR], sizeof four);
                const __m512i in = _mm512_set1_epi32(four);
                sums[i][0] = _mm512_dpbusd_epi32(sums[i][0], in, by);
                if (vectors > 1)
                    sums[i][1] = _mm512_dpbusd_epi32(sums[i][1], in, with);
            }
            first += TILE8_WORD;
            second += TILE8_WORD;
            third += TILE8_WORD;
        }
    }
    __m512i done[TILE8_PIXELS][2];
#pragma GCC unroll 14
    for (int i = 0; i < n; i++)
        for (int v = 0; v < vectors; v++)
            done[i][v] = sums[i][v];
    if (vectors > 1)
        (a->plain ? tile8_plain_2 : tile8_any_2)(a, done, y, n);
    else
        (a->plain ? tile8_plain_1 : tile8_any_1)(a, done, y, n);
}

#define TILE8_CASE(n, vectors)             \
    case n:                                \
        tile8_pixels(a, x, y, n, vectors); \
        break;

#define TILE8_CASES(vectors) \
    TILE8_CASE(1, vectors)   \
    TILE8_CASE(2, vectors)   \
    TILE8_CASE(3, vectors)   \
    TILE8_CASE(4, vectors)   \
    TILE8_CASE(5, vectors)   \
    TILE8_CASE(6, vectors)   \
    TILE8_CASE(7, vectors)   \
    TILE8_CASE(8, vectors)   \
    TILE8_CASE(9, vectors)   \
    TILE8_CASE(10, vectors)  \
    TILE8_CASE(11, vectors)  \
    TILE8_CASE(12, vectors)  \
    TILE8_CASE(13, vectors)

AS_WIDE8 static void tile8_some_1(const tile8_at *a, const uint8_t *x, uint8_t *y, int64_t n)
{
    switch (n) {
        TILE8_CASES(1)
    default: tile8_pixels(a, x, y, TILE8_PIXELS, 1);
    }
}

AS_WIDE8 static void tile8_some_2(const tile8_at *a, const uint8_t *x, uint8_t *y, int64_t n)
{
    switch (n) {
        TILE8_CASES(2)
    default: tile8_pixels(a, x, y, TILE8_PIXELS, 2);
    }
}

/* As few tiles as there can be, and none much smaller than another. */
static void tile8_line(const tile8_at *a, int64_t n)
{
    const int64_t tiles = (n + TILE8_PIXELS - 1) / TILE8_PIXELS;
    for (int64_t i = 0; i < tiles; i++) {
        const int64_t first = n * i / tiles, each = n * (i + 1) / tiles - first;
        if (a->wide > TILE8_LANES)
            tile8_some_2(a, a->x + first * a->pixel, a->y + first * a->y_pixel, each);
        else
            tile8_some_1(a, a->x + first * a->pixel, a->y + first * a->y_pixel, each);
    }
}

/* The rows under `n` rows of results from `first` on, of one image, with what is beyond it. */
static void tile8_frame(const as_tile8 *t, const uint8_t *image, int64_t first, int64_t n, uint8_t *to)
{
    const int64_t bytes = tile8_frame_bytes(t), rows = (n - 1) * t->step[0] + t->kernel[0], line = t->in[1] * t->inputs,
                  before = t->pad[1] * t->inputs;
    for (int64_t r = 0; r < rows; r++, to += bytes) {
        const int64_t y = first * t->step[0] - t->pad[0] + r;
        if (y < 0 || y >= t->in[0]) {
            memset(to, t->x_zero, (size_t)bytes);
            continue;
        }
        memset(to, t->x_zero, (size_t)before);
        memcpy(to + before, image + y * line, (size_t)line);
        memset(to + before + line, t->x_zero, (size_t)(bytes - before - line));
    }
}

static void tile8_blocks_of(const as_tile8 *t, tile8_at *a, int64_t part, const char *weights, int64_t rows, int64_t n)
{
    const int64_t  blocks = tile8_blocks(t);
    const uint8_t *x = a->x;
    uint8_t       *y = a->y;
    for (int64_t b = blocks * part / t->n_parts; b < blocks * (part + 1) / t->n_parts; b++) {
        a->block = weights + (size_t)b * tile8_block_bytes(t);
        a->wide = AS_MIN(t->outputs - b * TILE8_BLOCK, (int64_t)TILE8_BLOCK);
        for (int64_t r = 0; r < rows; r++) {
            a->x = x + r * t->step[0] * a->row;
            a->y = y + r * t->out[1] * t->outputs + b * TILE8_BLOCK;
            tile8_line(a, n);
        }
    }
}

static void tile8_unit(const as_tile8 *t, int64_t piece, int64_t part, const uint8_t *x, const char *weights,
                       uint8_t *scratch, uint8_t *y)
{
    const int64_t items = tile8_items(t), first = piece * t->piece, end = AS_MIN(items, first + t->piece);
    const int64_t line = t->in[1] * t->inputs;
    tile8_at      a = {.rows = t->kernel[0],
                       .words = tile8_words(t),
                       .pixel = t->step[1] * t->inputs,
                       .y_pixel = t->outputs,
                       .limits = as_wide8_limits_of(&t->limits),
                       .sum = t->sum,
                       .made_factor = t->made_factor,
                       .sum_factor = t->sum_factor,
                       .sum_offset = t->sum_offset};
    a.plain = t->tame && !t->sum && !a.limits.hold;
    if (tile8_is_run(t)) {
        a.x = x + first * t->inputs;
        a.y = y + first * t->outputs;
        tile8_blocks_of(t, &a, part, weights, 1, end - first);
        return;
    }
    /* rows, of one image after the other */
    for (int64_t row = first, n; row < end; row += n) {
        const int64_t  image = row / t->out[0], in_image = row % t->out[0];
        const uint8_t *from = x + image * t->in[0] * line;
        n = AS_MIN(end - row, t->out[0] - in_image);
        a.row = t->framed ? tile8_frame_bytes(t) : line;
        a.x = t->framed ? scratch : from + in_image * t->step[0] * line;
        a.y = y + row * t->out[1] * t->outputs;
        if (t->framed)
            tile8_frame(t, from, in_image, n, scratch);
        tile8_blocks_of(t, &a, part, weights, n, t->out[1]);
    }
}

void as_tile8_run(const as_tile8 *t, int unit, const uint8_t *x, const void *weights, void *scratch, uint8_t *y)
{
    const int64_t each = t->framed ? tile8_frame_bytes(t) * tile8_frame_rows(t) : 0;
    if (t->units > 1) {
        const int64_t piece = unit / t->n_parts;
        tile8_unit(t, piece, unit % t->n_parts, x, weights, t->framed ? (uint8_t *)scratch + piece * each : NULL, y);
    }
    for (int64_t piece = 0; t->units <= 1 && piece < t->n_pieces; piece++)
        for (int64_t part = 0; part < t->n_parts; part++)
            tile8_unit(t, piece, part, x, weights, scratch, y);
}

#else

void as_tile8_run(const as_tile8 *t, int unit, const uint8_t *x, const void *weights, void *scratch, uint8_t *y)
{
    (void)t;
    (void)unit;
    (void)x;
    (void)weights;
    (void)scratch;
    (void)y;
}

#endif
