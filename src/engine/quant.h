/* SPDX-License-Identifier: Apache-2.0 */
/* quant.h - values that stand as integers: x = (q - zero) * scale. Private to engine.
 *
 * Layer:   engine.
 * Threads: one thread.
 * Memory:  as plan.h.
 *
 * DequantizeLinear makes no step. Its result is remembered as the integers it comes from (as_plan.quants), and becomes
 * f32 only when somebody asks for its buffer (as_plan_buf). What can work on integers asks here first: as_quant_plan is
 * called for each node before its operator's own plan.
 *
 * i8 that nobody sees but DequantizeLinear is kept as u8, with 128 added to it and to its zero point: products of u8 and
 * i8 are what processors have.
 */
#ifndef AS_ENGINE_QUANT_H
#define AS_ENGINE_QUANT_H

#include "engine/plan.h"

struct as_quant {
    as_buf        *buf; /* u8, i8 or i32; NULL: it does not stand as integers */
    float          scale;
    int32_t        zero;
    uint32_t       restored; /* how many DequantizeLinear use the value */
    const as_node *rows; /* instead of a scale: a DequantizeLinear of constants, one scale for each index of an axis */
};

/* What a QuantizeLinear (or a QLinear operator) is to write. */
typedef struct as_quant_target {
    int32_t  value;
    as_dtype dtype; /* of the buffer */
    float    scale;
    int32_t  zero;
    bool     hidden; /* not the type that the value has in the graph: users find it in as_plan.quants */
} as_quant_target;

AS_CHECK bool as_quant_init(as_plan *plan, as_err *err); /* by as_plan_init */
/* Plans the node on integers and sets *ret_done, or leaves it to its operator. */
AS_CHECK bool as_quant_plan(as_plan *plan, const as_node *node, bool *ret_done, as_err *err);
/* f32 of a value that stands as integers; used by as_plan_buf. */
AS_CHECK as_buf *as_quant_restore(as_plan *plan, int32_t value, as_err *err);

/* How the value stands as integers with one scale, u8 or i8; NULL: it does not. */
const as_quant *as_quant_of(const as_plan *plan, int32_t value);
/* From now on the value stands so. */
void as_quant_set(as_plan *plan, int32_t value, as_buf *buf, float scale, int32_t zero);
/* Scale and zero point (inputs scale_at and scale_at + 1) where both are constant and single. */
bool as_quant_params(const as_plan *plan, const as_node *node, size_t scale_at, float *ret_scale, int32_t *ret_zero);
/* The node's output as a target; false where its parameters are not constant and single. */
bool as_quant_target_of(const as_plan *plan, const as_node *node, size_t scale_at, as_quant_target *ret);
void as_quant_put(as_plan *plan, const as_quant_target *target, as_buf *buf); /* it is written there */
/* New memory for a target, channels last. */
AS_CHECK as_buf *as_quant_out(as_plan *plan, const as_quant_target *target, as_err *err);
/* The bytes of a value in that order. */
AS_CHECK as_buf *as_quant_as(as_plan *plan, as_buf *buf, as_order order, as_err *err);
/* to[q] for each byte q of form, such that it stands as the target wants it. fn: applied in between; or NULL. */
void as_quant_table(const as_quant *form, const as_quant_target *target, const as_post *fn, uint8_t to[256]);
/* A step out = table[in], byte by byte. */
AS_CHECK bool as_quant_look_up(as_plan *plan, const uint8_t table[256], as_buf *in, as_buf *out, as_err *err);

/* What follows `value` and is its only user: functions that only limit it, up to a QuantizeLinear. */
typedef struct as_quant_tail {
    float           low, high;
    size_t          nodes[8], n; /* all of them, the QuantizeLinear last */
    as_quant_target target;
    bool            has_target; /* false: the last node's output is f32 */
    int32_t         value;      /* the last output */
} as_quant_tail;

/* Starts at value; ret as it was made by as_quant_tail_begin. */
as_quant_tail as_quant_tail_begin(int32_t value);
void          as_quant_tail_walk(const as_plan *plan, as_quant_tail *tail);
void          as_quant_tail_absorb(as_plan *plan, const as_quant_tail *tail);

/* quant_product.c, quant_node.c: rows of as_quant_plan's table. *ret_done false: not on integers. */
AS_CHECK bool as_quant_plan_conv(as_plan *plan, const as_node *node, bool *ret_done, as_err *err);
AS_CHECK bool as_quant_plan_gemm(as_plan *plan, const as_node *node, bool *ret_done, as_err *err);
AS_CHECK bool as_quant_plan_matmul(as_plan *plan, const as_node *node, bool *ret_done, as_err *err);
AS_CHECK bool as_quant_plan_qlinear_conv(as_plan *plan, const as_node *node, bool *ret_done, as_err *err);
AS_CHECK bool as_quant_plan_qlinear_matmul(as_plan *plan, const as_node *node, bool *ret_done, as_err *err);
AS_CHECK bool as_quant_plan_pair(as_plan *plan, const as_node *node, bool *ret_done, as_err *err);
AS_CHECK bool as_quant_plan_concat(as_plan *plan, const as_node *node, bool *ret_done, as_err *err);
AS_CHECK bool as_quant_plan_max_pool(as_plan *plan, const as_node *node, bool *ret_done, as_err *err);
AS_CHECK bool as_quant_plan_mean_pool(as_plan *plan, const as_node *node, bool *ret_done, as_err *err);
AS_CHECK bool as_quant_plan_view(as_plan *plan, const as_node *node, bool *ret_done, as_err *err);
AS_CHECK bool as_quant_plan_function(as_plan *plan, const as_node *node, bool *ret_done, as_err *err);

#endif
