/* SPDX-License-Identifier: Apache-2.0 */
/* wino8.h - 3x3 convolutions of u8 by Winograd's algorithm F(2x2, 3x3), exact. Private to engine.
 *
 * Layer:   engine.
 * Threads: any; one thread computes.
 * Memory:  the caller's.
 *
 * Lavin and Gray 2016, section 4.1, with whole numbers: transformed inputs are at most 4 * 255, transformed filters, times
 * four, at most 9 * 128, so both fit 16 bits, and 1,024 channels of their products fit 32. Nothing is rounded before the
 * result is: it equals the direct sum. It takes 16 products where that takes 36, which pays on processors that multiply
 * bytes no faster than 16 bits: AVX2 without VNNI.
 */
#ifndef AS_ENGINE_WINO8_H
#define AS_ENGINE_WINO8_H

#include "engine/prim_int8.h"

enum { AS_WINO8_TILES = 24, AS_WINO8_BLOCK = 16, AS_WINO8_CHANNELS = 1024 };

typedef struct as_wino8 {
    int64_t   images, channels, n_out; /* channels and n_out: multiples of AS_WINO8_BLOCK */
    int64_t   in[2], out[2], pad[2];   /* heights and widths; padding before */
    int32_t   x_zero;
    bool      middle; /* first made u8, of which middle_factor * it + middle_offset goes on */
    float     middle_factor, middle_offset;
    bool      sum; /* sum_factor * what stood there is added */
    float     sum_factor;
    as_limits limits; /* of the result */
} as_wino8;

bool   as_wino8_can(void); /* the processor has the instructions */
size_t as_wino8_weight_bytes(const as_wino8 *w);
size_t as_wino8_scratch_bytes(const as_wino8 *w);
/* weights: i8 [n_out][channels][3][3]; to: as_wino8_weight_bytes. */
void as_wino8_weights(const as_wino8 *w, const int8_t *weights, int16_t *to);
/* x and y: u8, channels last. rows: factor / 4 of each channel, then what is added to it. scratch: 64-byte aligned. */
void as_wino8_run(const as_wino8 *w, const uint8_t *x, const int16_t *weights, const float *rows, void *scratch,
                  uint8_t *y);

#endif
