/* SPDX-License-Identifier: Apache-2.0 */
/* prim_int8.h - the primitives of whole numbers: products of u8 and i8, summed in 32 bits.
 *
 * Layer:   engine (may use base/, tensor/).
 * Threads: as prim.h.
 * Memory:  as prim.h.
 */
#ifndef AS_ENGINE_PRIM_INT8_H
#define AS_ENGINE_PRIM_INT8_H

#include "engine/prim.h"

/* Numbers are held within [low, high] where `on`. */
typedef struct as_limits {
    bool  on;
    float low, high;
} as_limits;

/* What makes u8 or i8 of the sum of products acc: limits(factor * acc + sum_factor * what stood there), rounded to even and
 * held within the type of dst. acc is that of (src - src_zero), plus the bias. */
typedef struct as_int8 {
    const float *factors; /* 1, or one a channel */
    int64_t      n_factors;
    int32_t      src_zero;
    bool         sum;
    float        sum_factor;
    as_limits    limits;
} as_int8;

/* src u8, weights i8, bias f32, dst u8, i8 or f32. */
AS_CHECK as_prim *as_prim_conv_int8(as_onednn *dnn, const as_window *window, const as_layout *src,
                                    const as_layout *weights, const as_layout *bias, const as_layout *dst,
                                    const as_int8 *q, as_err *err);

#endif
