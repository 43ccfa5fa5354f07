/* SPDX-License-Identifier: Apache-2.0 */
/* wino16_priv.h - what the kernels of wino16.h are made of, one set for each kind of processor. Private to wino16*.c.
 *
 * Layer:   engine.
 * Threads: any.
 * Memory:  the caller's.
 */
#ifndef AS_ENGINE_WINO16_PRIV_H
#define AS_ENGINE_WINO16_PRIV_H

#include "engine/wino16.h"

enum { AS_WINO16_SIDE = 6, AS_WINO16_POINTS = 36 };

#define AS_WINO16_NINTH 0x38e38e39 /* 9 times this is 1, modulo 2^32 */

/* A convolution as one worker goes through it. */
typedef struct as_wino16_job {
    const as_wino16 *w;
    int64_t          result;         /* a tile's results a side */
    int64_t          high, across;   /* tiles of an image */
    int64_t          most;           /* tiles at once */
    int64_t          v_step, m_step; /* from point to point, in numbers */
    float            low, top;       /* what the result is held within */
} as_wino16_job;

/* Tiles first to first + n - 1, counted through all images. v: [point][tile][channel], m: [point][tile][wide]. */
typedef struct as_wino16_set {
    int64_t wide;  /* outputs of a block of weights, but the last */
    int64_t cache; /* bytes of a second-level cache, for what stands between the transforms */
    void (*inputs)(const as_wino16_job *j, const uint8_t *x, int64_t first, int64_t n, int16_t *v);
    /* The products of all tiles with `wide` filters at one point. */
    void (*point)(const int16_t *v, const int16_t *u, int64_t channels, int64_t n, int64_t wide, int32_t *m);
    /* Outputs o to o + wide - 1. */
    void (*outputs)(const as_wino16_job *j, const int32_t *m, const float *rows, int64_t first, int64_t n, int64_t o,
                    int64_t wide, uint8_t *y);
} as_wino16_set;

#ifdef __x86_64__
extern const as_wino16_set as_wino16_avx2, as_wino16_avx2_vnni, as_wino16_avx512;
#endif

/* Where a tile begins: its image, and its first result there. */
typedef struct as_wino16_place {
    int64_t image, y, x;
} as_wino16_place;

static inline as_wino16_place as_wino16_at(const as_wino16_job *j, int64_t tile)
{
    const int64_t each = j->high * j->across;
    return (as_wino16_place){tile / each, tile % each / j->across * j->result, tile % j->across * j->result};
}

static inline void as_wino16_next(const as_wino16_job *j, as_wino16_place *at)
{
    at->x += j->result;
    if (at->x < j->w->out[1])
        return;
    at->x = 0;
    at->y += j->result;
    if (at->y < j->w->out[0])
        return;
    at->y = 0;
    at->image++;
}

#endif
