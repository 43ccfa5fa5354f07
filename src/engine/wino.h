/* SPDX-License-Identifier: Apache-2.0 */
/* wino.h - 3x3 convolutions of floats by Winograd's algorithm, for AVX2 with FMA. Private to engine.
 *
 * Layer:   engine.
 * Threads: any; each worker calls as_wino_run for its share.
 * Memory:  the caller's.
 *
 * Lavin and Gray 2016, sections 4.1 and 4.3: F(2x2, 3x3) takes 16 products where the definition takes 36, F(4x4, 3x3) 36
 * where it takes 144. Data stands in blocks of 8 channels, [N, C/8, H, W, 8]. Results differ from the definition by some
 * 1e-6 (2x2) to 1e-5 (4x4) of the largest; each is computed alone, so that no number of threads or tiles changes it.
 */
#ifndef AS_ENGINE_WINO_H
#define AS_ENGINE_WINO_H

#include "base/def.h"

enum { AS_WINO_LANES = 8 };

typedef struct as_wino {
    int     tile;                    /* results a side: 2 or 4 */
    int     workers;                 /* threads that share the work; 0: 1 */
    int64_t images, channels, n_out; /* channels and n_out: multiples of AS_WINO_LANES */
    int64_t in[2], out[2], pad[2];   /* heights and widths; padding before */
    bool    sum;                     /* what stood there is added */
    bool    hold;                    /* the result is held within */
    float   low, high;
} as_wino;

bool as_wino_can(void); /* the processor has the instructions, and no wider ones */
/* 2 or 4, whichever takes less time by count of what is multiplied and read; 0: the definition does. */
int    as_wino_tile(const as_wino *w);
size_t as_wino_weight_bytes(const as_wino *w);
size_t as_wino_scratch_bytes(const as_wino *w); /* of all workers */
/* weights: floats [n_out][channels][3][3] at any address; to: as_wino_weight_bytes. */
void as_wino_weights(const as_wino *w, const void *weights, float *to);
/* The share of one worker. bias: n_out numbers. scratch: of all workers, 64-byte aligned. */
void as_wino_run(const as_wino *w, int worker, const float *x, const float *weights, const float *bias, void *scratch,
                 float *y);

#endif
