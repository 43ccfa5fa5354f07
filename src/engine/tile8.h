/* SPDX-License-Identifier: Apache-2.0 */
/* tile8.h - convolutions of u8 by i8 with AVX512_VNNI, exact: 1x1, and windows over few channels. Private to engine.
 *
 * Layer:   engine.
 * Threads: any; the work is divided into units that any thread may take.
 * Memory:  the caller's.
 *
 * Fourteen pixels by 32 outputs stand in registers, and each four bytes of a pixel meet 32 by 4 weights. Where channels stand
 * last, a row of the window is one run of bytes, so that a window is a few such runs. What reaches beyond the picture, or is
 * no multiple of four bytes, is read from a copy with a frame around it.
 */
#ifndef AS_ENGINE_TILE8_H
#define AS_ENGINE_TILE8_H

#include "engine/prim_int8.h"

typedef struct as_tile8 {
    int64_t   images, inputs, outputs;                   /* channels */
    int64_t   in[2], out[2], pad[2], kernel[2], step[2]; /* heights and widths; padding before */
    int32_t   x_zero; /* what is beyond the picture; taken from what is in it where `framed` */
    bool      framed;
    as_limits limits; /* of the result, in its numbers */
    /* The product is made this u8 first, and added to what stands in y: round(made * made_factor + there * sum_factor +
     * sum_offset). */
    bool  sum;
    float made_factor, sum_factor, sum_offset;
    bool  tame; /* of as_tile8_weights: no result can leave 32 bits */
    /* of as_tile8_divide */
    int64_t piece, n_pieces, n_parts; /* of one run of pixels, or of the rows of all images; parts of the outputs */
    int     units;
} as_tile8;

bool as_tile8_can(void); /* the processor has the instructions */
/* `framed` and what follows from it; after this the rest of it is constant. */
void   as_tile8_divide(as_tile8 *t, int threads);
size_t as_tile8_weight_bytes(const as_tile8 *t);
size_t as_tile8_scratch_bytes(const as_tile8 *t); /* 0 where it is not framed */
/* weights: i8 [outputs][inputs][kernel]; factors and biases: one an output; to: as_tile8_weight_bytes, 64-byte aligned. */
void as_tile8_weights(as_tile8 *t, const int8_t *weights, const float *factors, const float *biases, void *to);
/* x and y: u8, channels last. y = limits((sum of x w + bias) * factor), rounded to even; of (x - x_zero) where framed. */
void as_tile8_run(const as_tile8 *t, int unit, const uint8_t *x, const void *weights, void *scratch, uint8_t *y);

#endif
