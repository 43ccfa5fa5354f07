/* SPDX-License-Identifier: Apache-2.0 */
/* depth8.h - depthwise 3x3 convolutions of u8 by i8, exact. Private to engine.
 *
 * Layer:   engine.
 * Threads: any; each worker computes its rows of the output.
 * Memory:  the caller's.
 *
 * With AVX2 two rows of the window are multiplied and added in one instruction (16 bits each, sums of 32), and each column of
 * them is loaded and widened once for the three results it is part of. The `wide` kernel is for AVX512_VNNI.
 */
#ifndef AS_ENGINE_DEPTH8_H
#define AS_ENGINE_DEPTH8_H

#include "engine/prim_int8.h"

enum { AS_DEPTH8_BLOCK = 16 };

typedef struct as_depth8 {
    int64_t   images, channels;      /* channels: a multiple of AS_DEPTH8_BLOCK */
    int64_t   in[2], out[2], pad[2]; /* heights and widths; padding before */
    int64_t   stride;                /* 1 or 2, both ways */
    int       workers;
    int32_t   x_zero;
    as_limits limits; /* of the result, in its numbers */
} as_depth8;

bool   as_depth8_can(void); /* the processor has the instructions */
size_t as_depth8_weight_bytes(const as_depth8 *d);
/* weights: i8 [channels][3][3]; factors and biases: one a channel; to: as_depth8_weight_bytes, 64-byte aligned. */
void as_depth8_weights(const as_depth8 *d, const int8_t *weights, const float *factors, const float *biases, void *to);
/* x and y: u8, channels last. y = limits((sum of (x - x_zero) w + bias) * factor), rounded to even. */
void as_depth8_run(const as_depth8 *d, int worker, const uint8_t *x, const void *weights, uint8_t *y);

/* The same with other instructions, and with its own order of weights. */
bool   as_depth8_wide_can(void);
size_t as_depth8_wide_weight_bytes(const as_depth8 *d);
void   as_depth8_wide_weights(const as_depth8 *d, const int8_t *weights, const float *factors, const float *biases,
                              void *to);
void   as_depth8_wide_run(const as_depth8 *d, int worker, const uint8_t *x, const void *weights, uint8_t *y);

#endif
