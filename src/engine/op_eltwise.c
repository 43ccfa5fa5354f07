/* SPDX-License-Identifier: Apache-2.0 */
/* Functions of one value, in whatever layout it stands. */
#include <stdlib.h>
#include <string.h>

#include "engine/op.h"

/* Its own, or that of a scalar as one number. */
static const as_layout *eltwise_layout(as_plan *plan, const as_buf *buf, as_err *err)
{
    return buf->layout ? buf->layout : as_layout_plain(plan->dnn, &(as_shape){.rank = 1, .dims = {1}}, err);
}

static bool eltwise_make(as_plan *plan, const as_node *node, const as_node *last, const as_post *fn, as_err *err)
{
    as_buf *src = as_plan_buf(plan, node->inputs[0], err);
    if (!src)
        return false;
    if (src->dtype != AS_DTYPE_F32)
        return AS_FAIL(err, AS_EUNSUPPORTED, "not of %s", as_dtype_name(src->dtype));
    if (!src->layout && src->bytes == 0)
        return as_plan_out(plan, last, 0, NULL, err) != NULL;
    const as_layout *layout = eltwise_layout(plan, src, err);
    as_prim         *prim = layout ? as_prim_eltwise(plan->dnn, AS_PASS_INFER, fn, layout, NULL, NULL, err) : NULL;
    as_buf          *dst = prim ? as_plan_out_over(plan, last, src, err) : NULL;
    return dst && as_op_unary(plan, prim, src, dst, err);
}

bool as_op_eltwise(as_plan *plan, const as_node *node, as_err *err)
{
    as_post fn;
    if (!as_op_post(plan, node, &fn))
        return AS_FAIL(err, AS_EUNSUPPORTED, "not of %s", as_dtype_name(as_plan_in(plan, node, 0)->dtype));
    return eltwise_make(plan, node, node, &fn, err);
}

static bool eltwise_plan_clip(as_plan *plan, const as_node *node, as_err *err)
{
    as_post fn;
    return as_op_post(plan, node, &fn) ? eltwise_make(plan, node, node, &fn, err)
                                       : as_op_clip_computed(plan, node, err);
}

/* A line, and then its limits in place: as one primitive with a second function behind it, oneDNN 2.6 errs. */
static bool eltwise_plan_hard_sigmoid(as_plan *plan, const as_node *node, as_err *err)
{
    const as_post line = {AS_FN_LINEAR, as_plan_float_or(node, "alpha", 0.2f), as_plan_float_or(node, "beta", 0.5f)};
    const as_post limits = {AS_FN_CLIP, 0.0f, 1.0f};
    if (!eltwise_make(plan, node, node, &line, err))
        return false;
    as_buf          *dst = plan->of_value[node->outputs[0]];
    const as_layout *layout = dst->bytes ? eltwise_layout(plan, dst, err) : NULL;
    as_prim         *prim = layout ? as_prim_eltwise(plan->dnn, AS_PASS_INFER, &limits, layout, NULL, NULL, err) : NULL;
    return dst->bytes == 0 || (prim && as_op_unary(plan, prim, dst, dst, err));
}

/* Alone, or with the gate that makes a gate of it. */
static bool eltwise_plan_gate(as_plan *plan, const as_node *node, as_err *err)
{
    as_post fn;
    size_t  gate;
    if (!as_op_gate(plan, (size_t)(node - as_graph_node(plan->graph, 0)), &fn, &gate))
        return strcmp(node->op, "Sigmoid") == 0 ? as_op_eltwise(plan, node, err)
                                                : eltwise_plan_hard_sigmoid(plan, node, err);
    as_plan_absorb(plan, gate);
    return eltwise_make(plan, node, as_graph_node(plan->graph, gate), &fn, err);
}

static bool eltwise_plan_same(as_plan *plan, const as_node *node, as_err *err)
{
    as_buf *src = as_plan_buf(plan, node->inputs[0], err);
    if (!src)
        return false;
    as_plan_set(plan, node->outputs[0], src);
    if (node->n_outputs < 2 || node->outputs[1] < 0)
        return true;
    const as_shape *shape = &as_graph_value(plan->graph, node->outputs[1])->shape;
    as_buf         *mask = as_plan_new_constant(plan, AS_DTYPE_BOOL, shape, NULL, err); /* nothing is dropped */
    if (!mask)
        return false;
    memset(mask->data, 1, mask->bytes);
    as_plan_set(plan, node->outputs[1], mask);
    return true;
}

const as_op as_op_relu = {"Relu", as_op_eltwise};
const as_op as_op_leakyrelu = {"LeakyRelu", as_op_eltwise};
const as_op as_op_elu = {"Elu", as_op_eltwise};
const as_op as_op_clip = {"Clip", eltwise_plan_clip};
const as_op as_op_sigmoid = {"Sigmoid", eltwise_plan_gate};
const as_op as_op_tanh = {"Tanh", as_op_eltwise};
const as_op as_op_hardswish = {"HardSwish", as_op_eltwise};
const as_op as_op_exp = {"Exp", as_op_eltwise};
const as_op as_op_log = {"Log", as_op_eltwise};
const as_op as_op_sqrt = {"Sqrt", as_op_eltwise};
const as_op as_op_softplus = {"Softplus", as_op_eltwise};
const as_op as_op_gelu = {"Gelu", as_op_eltwise};
const as_op as_op_mish = {"Mish", as_op_eltwise};
const as_op as_op_hardsigmoid = {"HardSigmoid", eltwise_plan_gate};
const as_op as_op_identity = {"Identity", eltwise_plan_same};
const as_op as_op_dropout = {"Dropout", eltwise_plan_same};
