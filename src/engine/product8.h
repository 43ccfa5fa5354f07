/* SPDX-License-Identifier: Apache-2.0 */
/* product8.h - one product of u8 and i8 that is being planned, and the kernels of ours that may compute it. Private to engine.
 *
 * Layer:   engine.
 * Threads: one thread.
 * Memory:  as plan.h.
 */
#ifndef AS_ENGINE_PRODUCT8_H
#define AS_ENGINE_PRODUCT8_H

#include "engine/op.h"
#include "engine/prim_int8.h"
#include "engine/quant.h"

typedef struct as_product8 {
    as_quant         x; /* u8 */
    as_order         order;
    as_shape         in, w, out; /* as the convolution sees them */
    as_window        window;
    int64_t          groups;
    size_t           n_out, each; /* channels, and weights of one */
    const int8_t    *weights;     /* the model's, or `made` */
    int8_t          *made;
    float           *w_scale, *bias; /* one a channel; bias in floats */
    const as_tensor *constant;       /* where the weights come from */
    as_quant         sum;            /* what is added, u8; buf NULL: nothing */
    bool             sum_first;      /* it is the first operand of the addition */
    as_quant_target  middle;         /* what the product is made first; scale 0: nothing */
    float            low, high;      /* of the result, in floats */
    as_quant_target  target;         /* scale 0: f32 is written */
    const as_layout *dst;
} as_product8;

/* Plans it by a kernel. */
typedef bool (*as_product8_kernel)(as_plan *plan, const as_product8 *p, as_buf *bias, int32_t last, as_err *err);

/* product8.c: which kernel is faster than a primitive, NULL: none. exact: no two neighbouring products leave 16 bits. */
as_product8_kernel as_product8_own(const as_plan *plan, const as_product8 *p, bool exact);
/* There is one that computes the product as `middle`, and adds to that. */
bool as_product8_adds(const as_plan *plan, const as_product8 *p);
/* What is added to the sum of `middle` and `sum`, each times its factor: rounded in the order of the operands, as where the
 * addition is a step of its own (quant_node.c). */
float as_product8_sum_offset(const as_product8 *p);
bool  as_product8_wide(void); /* the processor multiplies bytes faster than 16 bits */

/* Bytes of a kernel's own: weights as it takes them, or (not constant) room to work in. */
AS_CHECK as_buf *as_product8_bytes(as_plan *plan, bool constant, size_t bytes, as_err *err);
AS_CHECK bool    as_product8_use(as_plan *plan, as_step *step, as_buf *const *uses, size_t n, as_err *err);

/* product8_tile.c: 1x1, and windows over few channels, for AVX512_VNNI. */
bool          as_product8_tile_fits(const as_product8 *p); /* it adds, too */
AS_CHECK bool as_product8_tile_make(as_plan *plan, const as_product8 *p, as_buf *bias, int32_t last, as_err *err);

/* quant_product.c */
/* What the primitive is told: all in units of what it sums, x.scale * w_scale. Zero points of what is written and added are
 * part of the bias, as is that of x where no window reaches beyond the picture. */
void as_product8_numbers(const as_product8 *p, bool fold_zero, float *factors, float *bias, as_int8 *q);
/* Where the result goes: over what is added, over a copy of it, or to new memory. */
AS_CHECK as_buf *as_product8_dst(as_plan *plan, const as_product8 *p, int32_t last, as_err *err);

#endif
