/* SPDX-License-Identifier: Apache-2.0 */
/* point8.h - convolutions of one pixel (1x1) of u8 by i8. Private to engine.
 *
 * Layer:   engine.
 * Threads: any; the work is divided into units that any thread may take.
 * Memory:  the caller's.
 *
 * Four pixels by sixteen outputs stand in registers; a piece of the picture stays in the first cache while all outputs go over
 * it. Two neighbouring products are added in 16 bits: the caller has seen that none of them leaves those. For AVX2 without
 * VNNI.
 */
#ifndef AS_ENGINE_POINT8_H
#define AS_ENGINE_POINT8_H

#include "engine/prim_int8.h"

enum { AS_POINT8_INPUTS = 4, AS_POINT8_OUTPUTS = 8 };

typedef struct as_point8 {
    int64_t   pixels, inputs, outputs; /* inputs and outputs: multiples of those above */
    as_limits limits;                  /* of the result, in its numbers */
    /* of as_point8_divide */
    int64_t piece, n_pieces, n_parts; /* pixels of a piece; parts of the outputs */
    int     units;
} as_point8;

bool   as_point8_can(void); /* the processor has the instructions */
void   as_point8_divide(as_point8 *d, int threads);
size_t as_point8_weight_bytes(const as_point8 *d);
/* weights: i8 [outputs][inputs]; factors and biases: one an output; to: as_point8_weight_bytes, 64-byte aligned. */
void as_point8_weights(const as_point8 *d, const int8_t *weights, const float *factors, const float *biases, void *to);
/* x and y: u8, channels last. y = limits((sum of x w + bias) * factor), rounded to even. */
void as_point8_run(const as_point8 *d, int unit, const uint8_t *x, const void *weights, uint8_t *y);

#endif
