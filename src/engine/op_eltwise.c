/* SPDX-License-Identifier: Apache-2.0 */
/* Functions of one value, in whatever layout it stands. */
#include <stdlib.h>
#include <string.h>

#include "engine/op.h"

static bool eltwise_make(as_plan *plan, const as_node *node, const as_post *fn, const as_posts *posts, as_err *err)
{
    as_buf *src = as_plan_buf(plan, node->inputs[0], err);
    if (!src)
        return false;
    if (!src->layout)
        return AS_FAIL(err, AS_EUNSUPPORTED, "only f32 with at least one dimension");
    as_prim *prim = as_prim_eltwise(plan->dnn, AS_PASS_INFER, fn, src->layout, posts, NULL, err);
    as_buf  *dst = prim ? as_plan_out_over(plan, node, src, err) : NULL;
    return dst && as_op_unary(plan, prim, src, dst, err);
}

static bool eltwise_plan(as_plan *plan, const as_node *node, as_err *err)
{
    as_post fn;
    if (!as_op_post(plan, node, &fn))
        return AS_FAIL(err, AS_EUNSUPPORTED, "its limits are computed");
    return eltwise_make(plan, node, &fn, NULL, err);
}

static bool eltwise_plan_hard_sigmoid(as_plan *plan, const as_node *node, as_err *err)
{
    as_post  fn = {AS_FN_LINEAR, as_plan_float_or(node, "alpha", 0.2f), as_plan_float_or(node, "beta", 0.5f)};
    as_posts posts = {.n = 1, .at = {{AS_FN_CLIP, 0.0f, 1.0f}}};
    return eltwise_make(plan, node, &fn, &posts, err);
}

static bool eltwise_plan_same(as_plan *plan, const as_node *node, as_err *err)
{
    as_buf *src = as_plan_buf(plan, node->inputs[0], err);
    if (!src)
        return false;
    if (node->n_outputs > 1 && node->outputs[1] >= 0 && plan->n_users[node->outputs[1]] > 0)
        return AS_FAIL(err, AS_EUNSUPPORTED, "its mask is used");
    as_plan_set(plan, node->outputs[0], src);
    return true;
}

/* Softmax over one axis; before opset 13 over all from that axis on. */
static bool eltwise_plan_softmax(as_plan *plan, const as_node *node, as_err *err)
{
    const bool old = as_graph_opset(plan->graph) < 13;
    as_buf    *src = as_plan_plain(plan, node->inputs[0], err);
    if (!src)
        return false;
    if (!src->layout)
        return AS_FAIL(err, AS_EUNSUPPORTED, "only f32 with at least one dimension");
    int64_t axis = as_plan_int_or(node, "axis", old ? 1 : -1);
    if (axis < 0)
        axis += src->shape.rank;
    if (axis < 0 || axis >= src->shape.rank)
        return AS_FAIL(err, AS_EFORMAT, "axis %lld", (long long)axis);
    as_shape shape = src->shape;
    if (old) {
        shape = (as_shape){.rank = 2, .dims = {1, 1}};
        for (int i = 0; i < src->shape.rank; i++)
            shape.dims[i < axis ? 0 : 1] *= src->shape.dims[i];
        axis = 1;
    }
    as_buf          *dst = as_plan_out(plan, node, 0, NULL, err);
    const as_layout *layout = dst ? as_layout_plain(plan->dnn, &shape, err) : NULL;
    as_prim         *prim = layout ? as_prim_softmax(plan->dnn, layout, (int)axis, err) : NULL;
    return prim && as_op_unary(plan, prim, src, dst, err);
}

static void cast_run(const as_step *step)
{
    const as_buf *to = step->uses.at[0].buf, *from = step->uses.at[1].buf;
    const size_t  n = from->bytes / as_dtype_bytes(from->dtype);
    for (size_t i = 0; i < n; i++) {
        double v = from->dtype == AS_DTYPE_F32   ? (double)((const float *)from->data)[i]
                   : from->dtype == AS_DTYPE_F64 ? ((const double *)from->data)[i]
                   : from->dtype == AS_DTYPE_I64 ? (double)((const int64_t *)from->data)[i]
                   : from->dtype == AS_DTYPE_I32 ? (double)((const int32_t *)from->data)[i]
                                                 : (double)((const uint8_t *)from->data)[i];
        if (to->dtype == AS_DTYPE_F32)
            ((float *)to->data)[i] = (float)v;
        else
            ((double *)to->data)[i] = v;
    }
}

static bool cast_plan(as_plan *plan, const as_node *node, as_err *err)
{
    as_dtype to = as_graph_value(plan->graph, node->outputs[0])->dtype;
    as_buf  *src = as_plan_plain(plan, node->inputs[0], err);
    if (!src)
        return false;
    if (src->dtype == to)
        return eltwise_plan_same(plan, node, err);
    bool from_ok = src->dtype == AS_DTYPE_F32 || src->dtype == AS_DTYPE_F64 || src->dtype == AS_DTYPE_I64 ||
                   src->dtype == AS_DTYPE_I32 || src->dtype == AS_DTYPE_U8 || src->dtype == AS_DTYPE_BOOL;
    if (!from_ok || (to != AS_DTYPE_F32 && to != AS_DTYPE_F64))
        return AS_FAIL(err, AS_EUNSUPPORTED, "no cast from %s to %s", as_dtype_name(src->dtype), as_dtype_name(to));
    as_buf  *dst = as_plan_out(plan, node, 0, NULL, err);
    as_step *step = dst ? as_plan_step(plan, NULL, cast_run, 0, err) : NULL;
    return step && as_step_use(plan, step, AS_ARG_NONE, dst, err) && as_step_use(plan, step, AS_ARG_NONE, src, err);
}

const as_op as_op_relu = {"Relu", eltwise_plan};
const as_op as_op_leakyrelu = {"LeakyRelu", eltwise_plan};
const as_op as_op_elu = {"Elu", eltwise_plan};
const as_op as_op_clip = {"Clip", eltwise_plan};
const as_op as_op_sigmoid = {"Sigmoid", eltwise_plan};
const as_op as_op_tanh = {"Tanh", eltwise_plan};
const as_op as_op_hardswish = {"HardSwish", eltwise_plan};
const as_op as_op_exp = {"Exp", eltwise_plan};
const as_op as_op_log = {"Log", eltwise_plan};
const as_op as_op_sqrt = {"Sqrt", eltwise_plan};
const as_op as_op_abs = {"Abs", eltwise_plan};
const as_op as_op_neg = {"Neg", eltwise_plan};
const as_op as_op_hardsigmoid = {"HardSigmoid", eltwise_plan_hard_sigmoid};
const as_op as_op_softmax = {"Softmax", eltwise_plan_softmax};
const as_op as_op_identity = {"Identity", eltwise_plan_same};
const as_op as_op_dropout = {"Dropout", eltwise_plan_same};
const as_op as_op_cast = {"Cast", cast_plan};
