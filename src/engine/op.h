/* SPDX-License-Identifier: Apache-2.0 */
/* op.h - what several operator families share. Private to engine.
 *
 * Layer:   engine.
 * Threads: one thread.
 * Memory:  as plan.h.
 */
#ifndef AS_ENGINE_OP_H
#define AS_ENGINE_OP_H

#include "engine/plan.h"

/* The window of a Conv or pooling node over input 0: kernel_shape (or `kernel`), strides, dilations, pads, auto_pad,
 * ceil_mode; the ends are padded such that the output's inferred shape comes out. */
AS_CHECK bool as_op_window(as_plan *plan, const as_node *node, const as_shape *kernel, as_window *ret, as_err *err);

/* The same of a pooling node, by its own kernel_shape. */
AS_CHECK bool as_op_pool_window(as_plan *plan, const as_node *node, as_window *ret, as_err *err);
/* MaxPool (largest) with its indices and of u8 and i8 too, or AveragePool that counts pads, in plain C. */
AS_CHECK bool as_op_pool_plain(as_plan *plan, const as_node *node, bool largest, const as_window *window, as_err *err);

/* True when the node is a function of its first input alone that can be done while another result is written. */
bool as_op_post(const as_plan *plan, const as_node *node, as_post *ret);

/* True when that node is a gate of its input, x sigmoid(x) written as two nodes: ret does both, the product is the other. */
bool as_op_gate(const as_plan *plan, size_t gate, as_post *ret, size_t *ret_product);

/* The value of a constant input with one f32 element. */
bool as_op_scalar(const as_plan *plan, const as_node *node, size_t i, float *ret);

/* One step of a primitive with one source. */
AS_CHECK bool as_op_unary(as_plan *plan, as_prim *prim, as_buf *src, as_buf *dst, as_err *err);

/* out = a + b_factor * b, row major, broadcasting; out may be a. */
AS_CHECK bool as_op_add_scaled(as_plan *plan, as_buf *a, as_buf *b, float b_factor, as_buf *out, as_err *err);

/* A step in plain C with a copy of its data. */
AS_CHECK bool as_op_step(as_plan *plan, void (*run)(const as_step *), const void *data, size_t data_bytes, as_buf *out,
                         as_buf *const *ins, size_t n, as_err *err);
/* The same that may fail when it runs. */
AS_CHECK bool as_op_attempt(as_plan *plan, bool (*attempt)(const as_step *, as_err *), const void *data,
                            size_t data_bytes, as_buf *out, as_buf *const *ins, size_t n, as_err *err);

/* A tensor seen as [outer, n, inner] around one axis, which may count from the end. */
typedef struct as_op_line {
    int64_t outer, n, inner;
} as_op_line;
AS_CHECK bool as_op_line_of(const as_shape *shape, int64_t axis, as_op_line *ret, as_err *err);

/* `value` as a partner of a: of its rank, ones in front, and in its order of data. */
AS_CHECK as_buf *as_op_partner(as_plan *plan, int32_t value, const as_buf *a, as_err *err);

/* A function that as_op_post() knows, on its own. */
AS_CHECK bool as_op_eltwise(as_plan *plan, const as_node *node, as_err *err);

/* Clip by any limits, of any type. */
AS_CHECK bool as_op_clip_computed(as_plan *plan, const as_node *node, as_err *err);

/* dst[i...] = src[base + sum i_k step_k], elements of `bytes`; steps and base in elements of each side. */
typedef struct as_copy {
    int     rank;
    int64_t dims[AS_TENSOR_MAX_RANK], src_step[AS_TENSOR_MAX_RANK], dst_step[AS_TENSOR_MAX_RANK];
    int64_t src_base, dst_base;
    size_t  bytes;
} as_copy;

void          as_copy_run(const as_copy *copy, const void *src, void *dst);
AS_CHECK bool as_op_copy(as_plan *plan, const as_copy *copy, as_buf *src, as_buf *dst, as_err *err); /* a step */
void          as_op_row_major(const as_shape *shape, int64_t *ret_steps);

#endif
