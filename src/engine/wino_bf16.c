/* SPDX-License-Identifier: Apache-2.0 */
#include "engine/wino_bf16.h"

#include <string.h>

#include "base/isa.h"
#include "engine/pairs512.h"

enum {
    BF16_BLOCK = AS_WINO_BF16_BLOCK,
    BF16_WIDE = AS_PAIRS512_WIDE,
    BF16_TILE = 2, /* results a side */
    BF16_SIDE = 4, /* points a side */
    BF16_POINTS = 16,
    BF16_LEAST = 28, /* tiles at once: enough for each weight that is read */
};

#define BF16_CACHE ((int64_t)640 << 10) /* of a second-level cache, for what stands between the transforms */

/* A convolution as one worker goes through it. v: [point][tile][channel], m: [point][tile][BF16_WIDE]. */
typedef struct bf16_job {
    const as_wino *w;
    int64_t        high, across;   /* tiles of an image */
    int64_t        most;           /* tiles at once */
    int64_t        v_step, m_step; /* from point to point, in numbers */
} bf16_job;

static int64_t bf16_all(const bf16_job *j)
{
    return j->w->images * j->high * j->across;
}

static int64_t bf16_workers(const as_wino *w)
{
    return AS_MAX(w->workers, 1);
}

/* Between points stands some more than needed, or all points would fall into one set of the cache. */
static bf16_job bf16_job_of(const as_wino *w)
{
    bf16_job j = {.w = w};
    j.high = (w->out[0] + BF16_TILE - 1) / BF16_TILE;
    j.across = (w->out[1] + BF16_TILE - 1) / BF16_TILE;
    const int64_t each = BF16_POINTS * (w->channels * (int64_t)sizeof(uint16_t) + BF16_WIDE * (int64_t)sizeof(float));
    const int64_t share = (bf16_all(&j) + bf16_workers(w) - 1) / bf16_workers(w);
    j.most = AS_MIN(AS_MAX(BF16_CACHE / each, (int64_t)BF16_LEAST), AS_MAX(share, (int64_t)1));
    j.v_step = j.most * w->channels + 32;
    j.m_step = j.most * BF16_WIDE + 16;
    return j;
}

static size_t bf16_each_bytes(const bf16_job *j)
{
    const size_t bytes = BF16_POINTS * ((size_t)j->v_step * sizeof(uint16_t) + (size_t)j->m_step * sizeof(float));
    return (bytes + 63) / 64 * 64;
}

size_t as_wino_bf16_weight_bytes(const as_wino *w)
{
    return BF16_POINTS * (size_t)(w->channels * w->n_out) * sizeof(uint16_t);
}

size_t as_wino_bf16_scratch_bytes(const as_wino *w)
{
    const bf16_job j = bf16_job_of(w);
    return bf16_each_bytes(&j) * (size_t)bf16_workers(w);
}

/* In cycles of a processor that does one product of 32 pairs' numbers a cycle, as measured on one: both transforms of 16
 * channels of a tile, and weights, which each worker reads anew for each of its rounds. */
bool as_wino_bf16_pays(const as_wino *w)
{
    const bf16_job j = bf16_job_of(w);
    const double   tiles = (double)bf16_all(&j), pairs = (double)(w->channels * w->n_out) / BF16_WIDE;
    const double   moved = tiles * (double)(w->channels + w->n_out) / BF16_BLOCK * 60.0;
    const int64_t  share = (bf16_all(&j) + bf16_workers(w) - 1) / bf16_workers(w);
    const double   rounds = (double)((share + j.most - 1) / j.most * bf16_workers(w));
    const double   read = rounds * (double)as_wino_bf16_weight_bytes(w) / 12.0;
    const double   direct = 9.0 * (double)(w->images * w->out[0] * w->out[1]) * pairs * 1.05;
    return AS_MAX(BF16_POINTS * tiles * pairs * 1.1, read) + moved < direct;
}

/* --- filters ------------------------------------------------------------------------------------------------------ */

typedef float    bf16_lanes __attribute__((vector_size(BF16_BLOCK * sizeof(float)))); /* of BF16_BLOCK outputs */
typedef uint32_t bf16_bits __attribute__((vector_size(BF16_BLOCK * sizeof(uint32_t))));

/* To the nearest, of two the even one; in the upper half of each. */
static inline void bf16_round(const bf16_lanes *u, bf16_bits *ret)
{
    const bf16_bits bits = (bf16_bits)*u;
    *ret = bits + 0x7fff + (bits >> 16 & 1);
}

/* G g, one dimension; numbers of g stand `from` apart, those of u `to`. */
static inline void bf16_filter(const bf16_lanes *g, int from, bf16_lanes *u, int to)
{
    const bf16_lanes ends = g[0] + g[2 * from];
    u[0] = g[0];
    u[to] = (ends + g[from]) * 0.5f;
    u[2 * to] = (ends - g[from]) * 0.5f;
    u[3 * to] = g[2 * from];
}

/* One channel's filters of BF16_BLOCK outputs, `step` floats apart, at all points. */
static inline void bf16_transform(const char *weights, int64_t step, bf16_lanes u[BF16_POINTS])
{
    bf16_lanes g[9], rows[3 * BF16_SIDE];
    for (int o = 0; o < BF16_BLOCK; o++) {
        float one[9];
        memcpy(one, weights + o * step * (int64_t)sizeof(float), sizeof one);
        for (int k = 0; k < 9; k++)
            g[k][o] = one[k];
    }
    for (int i = 0; i < 3; i++)
        bf16_filter(g + 3 * i, 1, rows + i * BF16_SIDE, 1);
    for (int x = 0; x < BF16_SIDE; x++)
        bf16_filter(rows + x, BF16_SIDE, u + x, BF16_SIDE);
}

/* In the order the products take them: blocks of BF16_WIDE outputs, points, pairs of channels, outputs, the pair. */
void as_wino_bf16_weights(const as_wino *w, const void *weights, uint16_t *to)
{
    const int64_t pairs = w->channels / 2, step = w->channels * 9;
    for (int64_t o = 0; o < w->n_out; o += BF16_BLOCK) {
        const int64_t begin = o / BF16_WIDE * BF16_WIDE, wide = AS_MIN(w->n_out - begin, (int64_t)BF16_WIDE);
        for (int64_t pair = 0; pair < pairs; pair++) {
            const char *from = (const char *)weights + (o * step + pair * 18) * (int64_t)sizeof(float);
            bf16_lanes  a[BF16_POINTS], b[BF16_POINTS];
            bf16_transform(from, step, a);
            bf16_transform(from + 9 * sizeof(float), step, b);
            for (int64_t p = 0; p < BF16_POINTS; p++) {
                bf16_bits first, second;
                bf16_round(&a[p], &first);
                bf16_round(&b[p], &second);
                const bf16_bits both = first >> 16 | (second & 0xffff0000u);
                memcpy(to + begin * BF16_POINTS * w->channels + ((p * pairs + pair) * wide + o - begin) * 2, &both,
                       sizeof both);
            }
        }
    }
}

#ifdef __x86_64__
#include <immintrin.h>

#define BF16        __attribute__((target("avx512f,avx512bw,avx512vl,avx512dq,avx512bf16")))
#define BF16_INLINE BF16 __attribute__((always_inline)) static inline

bool as_wino_bf16_can(void)
{
    return as_isa_may(AS_ISA_AVX512_BF16);
}

/* 16 numbers, and back. */
BF16_INLINE __m512 bf16_load(const uint16_t *from)
{
    const __m256i narrow = _mm256_loadu_si256((const __m256i *)(const void *)from);
    return _mm512_castsi512_ps(_mm512_slli_epi32(_mm512_cvtepu16_epi32(narrow), 16));
}

BF16_INLINE void bf16_store(uint16_t *to, __m512 v)
{
    const __m256bh narrow = _mm512_cvtneps_pbh(v);
    memcpy(to, &narrow, sizeof narrow);
}

/* --- inputs ------------------------------------------------------------------------------------------------------- */

/* B' d, one dimension, in place. */
BF16_INLINE void bf16_input(__m512 *d, const int step)
{
    const __m512 a = d[0], b = d[step], c = d[2 * step], e = d[3 * step];
    d[0] = _mm512_sub_ps(a, c);
    d[step] = _mm512_add_ps(b, c);
    d[2 * step] = _mm512_sub_ps(c, b);
    d[3 * step] = _mm512_sub_ps(b, e);
}

/* Where a tile's first pixel is, which may lie outside. */
typedef struct bf16_place {
    int64_t image, y, x;
} bf16_place;

static bf16_place bf16_at(const bf16_job *j, int64_t tile)
{
    const int64_t each = j->high * j->across;
    return (bf16_place){tile / each, tile % each / j->across * BF16_TILE, tile % j->across * BF16_TILE};
}

/* The pixels under one tile, 16 channels of them; what is outside is zero. */
BF16_INLINE void bf16_pixels(const as_wino *w, const uint16_t *x, int64_t y0, int64_t x0, const bool inside,
                             __m512 d[BF16_POINTS])
{
#pragma GCC unroll 4
    for (int i = 0; i < BF16_SIDE; i++)
#pragma GCC unroll 4
        for (int k = 0; k < BF16_SIDE; k++) {
            const bool in = inside || (y0 + i >= 0 && y0 + i < w->in[0] && x0 + k >= 0 && x0 + k < w->in[1]);
            d[i * BF16_SIDE + k] = in ? bf16_load(x + (i * w->in[1] + k) * w->channels) : _mm512_setzero_ps();
        }
}

BF16 static void bf16_inputs(const bf16_job *j, const uint16_t *x, int64_t first, int64_t n, uint16_t *v)
{
    const as_wino *w = j->w;
    for (int64_t t = 0; t < n; t++) {
        const bf16_place at = bf16_at(j, first + t);
        const int64_t    y0 = at.y - w->pad[0], x0 = at.x - w->pad[1];
        const bool       inside = y0 >= 0 && x0 >= 0 && y0 + BF16_SIDE <= w->in[0] && x0 + BF16_SIDE <= w->in[1];
        const uint16_t  *from = x + ((at.image * w->in[0] + y0) * w->in[1] + x0) * w->channels;
        for (int64_t c = 0; c < w->channels; c += BF16_BLOCK) {
            __m512 d[BF16_POINTS];
            if (inside)
                bf16_pixels(w, from + c, y0, x0, true, d);
            else
                bf16_pixels(w, from + c, y0, x0, false, d);
#pragma GCC unroll 4
            for (int k = 0; k < BF16_SIDE; k++)
                bf16_input(d + k, BF16_SIDE);
#pragma GCC unroll 4
            for (int i = 0; i < BF16_SIDE; i++)
                bf16_input(d + i * BF16_SIDE, 1);
#pragma GCC unroll 16
            for (int p = 0; p < BF16_POINTS; p++)
                bf16_store(v + p * j->v_step + t * w->channels + c, d[p]);
        }
    }
}

/* --- outputs ------------------------------------------------------------------------------------------------------ */

BF16_INLINE __m512 bf16_finish(const as_wino *w, __m512 v, __m512 bias, const uint16_t *old)
{
    v = _mm512_add_ps(v, bias);
    if (w->sum)
        v = _mm512_add_ps(v, bf16_load(old));
    if (w->hold)
        v = _mm512_min_ps(_mm512_max_ps(v, _mm512_set1_ps(w->low)), _mm512_set1_ps(w->high));
    return v;
}

/* 16 outputs of one tile, of which so many results are in the picture. A' m A, where the rows of A' are
 * 1 1 1 0 | 0 1 -1 -1. */
BF16_INLINE void bf16_tile(const bf16_job *j, const float *m, __m512 bias, int64_t high, int64_t across, uint16_t *y)
{
    const int64_t pixel = j->w->n_out, line = j->w->out[1] * pixel;
    __m512        rows[BF16_TILE][BF16_SIDE];
#pragma GCC unroll 4
    for (int k = 0; k < BF16_SIDE; k++) {
        __m512 d[BF16_SIDE];
#pragma GCC unroll 4
        for (int i = 0; i < BF16_SIDE; i++)
            d[i] = _mm512_loadu_ps(m + (i * BF16_SIDE + k) * j->m_step);
        rows[0][k] = _mm512_add_ps(_mm512_add_ps(d[0], d[1]), d[2]);
        rows[1][k] = _mm512_sub_ps(_mm512_sub_ps(d[1], d[2]), d[3]);
    }
#pragma GCC unroll 2
    for (int i = 0; i < BF16_TILE; i++) {
        const __m512 *r = rows[i];
        uint16_t     *to = y + i * line;
        if (i >= high)
            break;
        bf16_store(to, bf16_finish(j->w, _mm512_add_ps(_mm512_add_ps(r[0], r[1]), r[2]), bias, to));
        if (across > 1)
            bf16_store(to + pixel, bf16_finish(j->w, _mm512_sub_ps(_mm512_sub_ps(r[1], r[2]), r[3]), bias, to + pixel));
    }
}

/* Outputs o to o + wide - 1. */
BF16 static void bf16_outputs(const bf16_job *j, const float *m, const float *bias, int64_t first, int64_t n, int64_t o,
                              int64_t wide, uint16_t *y)
{
    const as_wino *w = j->w;
    for (int64_t half = 0; half < wide; half += BF16_BLOCK) {
        const __m512 added = _mm512_loadu_ps(bias + o + half);
        for (int64_t t = 0; t < n; t++) {
            const bf16_place at = bf16_at(j, first + t);
            bf16_tile(j, m + t * wide + half, added, w->out[0] - at.y, w->out[1] - at.x,
                      y + ((at.image * w->out[0] + at.y) * w->out[1] + at.x) * w->n_out + o + half);
        }
    }
}

/* --- the whole ---------------------------------------------------------------------------------------------------- */

void as_wino_bf16_run(const as_wino *w, int worker, const uint16_t *x, const uint16_t *weights, const float *bias,
                      void *scratch, uint16_t *y)
{
    const bf16_job j = bf16_job_of(w);
    const int64_t  begin = bf16_all(&j) * worker / bf16_workers(w);
    const int64_t  n_all = bf16_all(&j) * (worker + 1) / bf16_workers(w) - begin;
    const int64_t  rounds = (n_all + j.most - 1) / j.most;
    uint16_t      *v = (uint16_t *)((char *)scratch + bf16_each_bytes(&j) * (size_t)worker);
    float         *m = (float *)(v + BF16_POINTS * j.v_step);
    for (int64_t round = 0; round < rounds; round++) {
        const int64_t first = begin + n_all * round / rounds, n = begin + n_all * (round + 1) / rounds - first;
        bf16_inputs(&j, x, first, n, v);
        for (int64_t o = 0; o < w->n_out; o += BF16_WIDE) {
            const int64_t   wide = AS_MIN(w->n_out - o, (int64_t)BF16_WIDE);
            const uint16_t *u = weights + o * BF16_POINTS * w->channels;
            for (int64_t p = 0; p < BF16_POINTS; p++)
                as_pairs512_bf16(v + p * j.v_step, u + p * w->channels * wide, w->channels, n, wide, m + p * j.m_step);
            bf16_outputs(&j, m, bias, first, n, o, wide, y);
        }
    }
}

#else

bool as_wino_bf16_can(void)
{
    return false;
}

void as_wino_bf16_run(const as_wino *w, int worker, const uint16_t *x, const uint16_t *weights, const float *bias,
                      void *scratch, uint16_t *y)
{
    (void)w, (void)worker, (void)x, (void)weights, (void)bias, (void)scratch, (void)y;
}

#endif
