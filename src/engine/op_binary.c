/* SPDX-License-Identifier: Apache-2.0 */
/* Functions of two values, with numpy's broadcasting (ONNX, Broadcasting.md). */
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "engine/op.h"

typedef enum broadcast_fn { FN_ADD, FN_SUB, FN_MUL, FN_DIV, FN_MIN, FN_MAX, FN_POW } broadcast_fn;

typedef struct broadcast {
    broadcast_fn fn;
    int          rank;
    int64_t      dims[AS_TENSOR_MAX_RANK], a_step[AS_TENSOR_MAX_RANK], b_step[AS_TENSOR_MAX_RANK];
    float        b_factor;
} broadcast;

static inline float broadcast_one(broadcast_fn fn, float a, float b)
{
    switch (fn) {
    case FN_ADD: return a + b;
    case FN_SUB: return a - b;
    case FN_MUL: return a * b;
    case FN_DIV: return a / b;
    case FN_MIN: return a < b ? a : b;
    case FN_MAX: return a > b ? a : b;
    case FN_POW: return powf(a, b);
    }
    return 0.0f;
}

static void broadcast_line(const broadcast *x, const float *a, const float *b, float *out)
{
    const int     last = x->rank - 1;
    const int64_t n = x->dims[last], sa = x->a_step[last], sb = x->b_step[last];
    for (int64_t i = 0; i < n; i++)
        out[i] = broadcast_one(x->fn, a[i * sa], x->b_factor * b[i * sb]);
}

static void broadcast_run(const as_step *step)
{
    const broadcast *x = step->data;
    float           *out = step->uses.at[0].buf->data;
    const float     *a = step->uses.at[1].buf->data, *b = step->uses.at[2].buf->data;
    int64_t          at[AS_TENSOR_MAX_RANK] = {0};
    for (;;) {
        broadcast_line(x, a, b, out);
        out += x->dims[x->rank - 1];
        int i = x->rank - 2;
        for (; i >= 0; i--) {
            a += x->a_step[i];
            b += x->b_step[i];
            if (++at[i] < x->dims[i])
                break;
            a -= x->a_step[i] * x->dims[i];
            b -= x->b_step[i] * x->dims[i];
            at[i] = 0;
        }
        if (i < 0)
            return;
    }
}

static void broadcast_steps(const as_shape *shape, const as_shape *out, int64_t *ret)
{
    int64_t steps[AS_TENSOR_MAX_RANK];
    as_op_row_major(shape, steps);
    for (int i = 0; i < out->rank; i++) {
        int k = i - (out->rank - shape->rank);
        ret[i] = k >= 0 && shape->dims[k] != 1 ? steps[k] : 0;
    }
}

/* out = fn(a, b_factor * b), all row major. */
static bool broadcast_step(as_plan *plan, broadcast_fn fn, as_buf *a, as_buf *b, float b_factor, as_buf *out,
                           as_err *err)
{
    broadcast x = {.fn = fn, .rank = AS_MAX(out->shape.rank, 1), .dims = {1}, .b_factor = b_factor};
    memcpy(x.dims, out->shape.rank ? out->shape.dims : x.dims, (size_t)x.rank * sizeof x.dims[0]);
    broadcast_steps(&a->shape, &out->shape, x.a_step);
    broadcast_steps(&b->shape, &out->shape, x.b_step);
    as_step *step = as_plan_step(plan, NULL, broadcast_run, sizeof x, err);
    if (!step)
        return false;
    memcpy(step->data, &x, sizeof x);
    return as_step_use(plan, step, AS_ARG_NONE, out, err) && as_step_use(plan, step, AS_ARG_NONE, a, err) &&
           as_step_use(plan, step, AS_ARG_NONE, b, err);
}

bool as_op_add_scaled(as_plan *plan, as_buf *a, as_buf *b, float b_factor, as_buf *out, as_err *err)
{
    return broadcast_step(plan, FN_ADD, a, b, b_factor, out, err);
}

static bool binary_plain(as_plan *plan, const as_node *node, broadcast_fn fn, as_err *err)
{
    as_buf *a = as_plan_plain(plan, node->inputs[0], err);
    as_buf *b = a ? as_plan_plain(plan, node->inputs[1], err) : NULL;
    as_buf *out = b ? as_plan_out(plan, node, 0, NULL, err) : NULL;
    return out && broadcast_step(plan, fn, a, b, 1.0f, out, err);
}

/* b as a partner of a: of its rank, ones in front, and in its order, without which oneDNN has no fast code. */
static as_buf *binary_partner(as_plan *plan, int32_t value, const as_buf *a, as_err *err)
{
    const as_layout *like;
    as_buf          *b = as_plan_buf(plan, value, err);
    if (!b)
        return NULL;
    if (b->shape.rank == a->shape.rank) {
        like = as_layout_like(plan->dnn, a->layout, &b->shape, true, NULL);
        return like ? as_plan_as(plan, value, like, err) : b;
    }
    as_shape wide = {.rank = a->shape.rank};
    for (int i = 0; i < wide.rank; i++) {
        int k = i - (wide.rank - b->shape.rank);
        wide.dims[i] = k >= 0 ? b->shape.dims[k] : 1;
    }
    b = as_plan_plain(plan, value, err);
    b = b ? as_plan_reshaped(plan, b, &wide, err) : NULL;
    like = b ? as_layout_like(plan->dnn, a->layout, &wide, true, NULL) : NULL;
    return like && like != b->layout ? as_plan_converted(plan, b, like, err) : b;
}

static bool binary_prim(as_plan *plan, const as_node *node, as_binary kind, int32_t a_id, int32_t b_id, as_err *err)
{
    as_buf *a = as_plan_buf(plan, a_id, err), *b = a ? as_plan_buf(plan, b_id, err) : NULL;
    if (!b)
        return false;
    if (as_shape_equal(&a->shape, &b->shape) && a->layout != b->layout) {
        if (as_layout_is_plain(a->layout))
            a = as_plan_as(plan, a_id, b->layout, err);
        else
            b = as_plan_as(plan, b_id, a->layout, err);
        if (!a || !b)
            return false;
    }
    b = binary_partner(plan, b_id, a, err);
    as_prim *prim = b ? as_prim_binary(plan->dnn, kind, a->layout, b->layout, a->layout, NULL, err) : NULL;
    as_buf  *out = prim ? as_plan_out_over(plan, node, a, err) : NULL;
    as_step *step = out ? as_plan_step(plan, prim, NULL, 0, err) : NULL;
    return step && as_step_use(plan, step, AS_ARG_DST, out, err) && as_step_use(plan, step, AS_ARG_SRC, a, err) &&
           as_step_use(plan, step, AS_ARG_SRC1, b, err);
}

static bool binary_plan(as_plan *plan, const as_node *node, as_binary kind, broadcast_fn fn, as_err *err)
{
    const as_value *a = as_plan_in(plan, node, 0), *b = as_plan_in(plan, node, 1);
    const as_shape *out = &as_graph_value(plan->graph, node->outputs[0])->shape;
    if (node->n_inputs != 2 || !a || !b)
        return AS_FAIL(err, AS_EUNSUPPORTED, "only two inputs");
    if (a->dtype != AS_DTYPE_F32 || b->dtype != AS_DTYPE_F32)
        return AS_FAIL(err, AS_EUNSUPPORTED, "only f32");
    const bool commutes =
        kind == AS_BINARY_ADD || kind == AS_BINARY_MUL || kind == AS_BINARY_MIN || kind == AS_BINARY_MAX;
    const bool a_full = as_shape_equal(&a->shape, out), b_full = as_shape_equal(&b->shape, out);
    size_t     count;
    if (kind == AS_BINARY_NONE || out->rank == 0 || !as_shape_count(out, &count) || count == 0 ||
        node->inputs[0] == node->inputs[1])
        return binary_plain(plan, node, fn, err);
    if (a_full && b->shape.rank > 0) {
        /* the one that may be written over comes first */
        as_buf *first = as_plan_buf(plan, node->inputs[0], err);
        if (!first)
            return false;
        bool swap = commutes && b_full && !as_plan_may_overwrite(plan, first);
        return binary_prim(plan, node, kind, node->inputs[swap ? 1 : 0], node->inputs[swap ? 0 : 1], err);
    }
    if (b_full && commutes && a->shape.rank > 0)
        return binary_prim(plan, node, kind, node->inputs[1], node->inputs[0], err);
    return binary_plain(plan, node, fn, err);
}

#define BINARY(file_name, op, kind, fn)                                                  \
    static bool binary_plan_##file_name(as_plan *plan, const as_node *node, as_err *err) \
    {                                                                                    \
        return binary_plan(plan, node, kind, fn, err);                                   \
    }                                                                                    \
    const as_op as_op_##file_name = {op, binary_plan_##file_name};

BINARY(add, "Add", AS_BINARY_ADD, FN_ADD)
BINARY(sub, "Sub", AS_BINARY_SUB, FN_SUB)
BINARY(mul, "Mul", AS_BINARY_MUL, FN_MUL)
BINARY(div, "Div", AS_BINARY_DIV, FN_DIV)
BINARY(pow, "Pow", AS_BINARY_NONE, FN_POW)

/* Min and Max take any number of values: one after the other, into the same memory. */
static bool variadic_plan(as_plan *plan, const as_node *node, as_binary kind, broadcast_fn fn, as_err *err)
{
    if (node->n_inputs == 2)
        return binary_plan(plan, node, kind, fn, err);
    if (as_plan_in(plan, node, 0)->dtype != AS_DTYPE_F32)
        return AS_FAIL(err, AS_EUNSUPPORTED, "only f32");
    as_buf *so_far = as_plan_plain(plan, node->inputs[0], err);
    as_buf *out = so_far ? as_plan_out(plan, node, 0, NULL, err) : NULL;
    if (!out)
        return false;
    if (node->n_inputs == 1)
        return broadcast_step(plan, FN_MAX, so_far, so_far, 1.0f, out, err);
    for (size_t i = 1; i < node->n_inputs; i++) {
        as_buf *next = as_plan_plain(plan, node->inputs[i], err);
        if (!next || !broadcast_step(plan, fn, so_far, next, 1.0f, out, err))
            return false;
        so_far = out;
    }
    return true;
}

static bool variadic_plan_min(as_plan *plan, const as_node *node, as_err *err)
{
    return variadic_plan(plan, node, AS_BINARY_MIN, FN_MIN, err);
}

static bool variadic_plan_max(as_plan *plan, const as_node *node, as_err *err)
{
    return variadic_plan(plan, node, AS_BINARY_MAX, FN_MAX, err);
}

const as_op as_op_min = {"Min", variadic_plan_min};
const as_op as_op_max = {"Max", variadic_plan_max};
