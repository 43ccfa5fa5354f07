/* SPDX-License-Identifier: Apache-2.0 */
/* BatchNormalization that no convolution took in. */
#include <string.h>

#include "engine/op.h"

static bool norm_plan(as_plan *plan, const as_node *node, as_err *err)
{
    static const as_arg args[] = {AS_ARG_SCALE, AS_ARG_SHIFT, AS_ARG_MEAN, AS_ARG_VARIANCE};
    as_buf             *src = as_plan_buf(plan, node->inputs[0], err), *params[4];
    const as_node      *last = node;
    if (!src)
        return false;
    if (!src->layout || src->shape.rank < 2)
        return AS_FAIL(err, AS_EUNSUPPORTED, "only f32 with channels");
    if (node->n_outputs > 1)
        return AS_FAIL(err, AS_EUNSUPPORTED, "only inference");
    for (size_t i = 0; i < 4; i++)
        if (!(params[i] = as_plan_plain(plan, node->inputs[i + 1], err)))
            return false;
    int32_t  next = plan->only_user[node->outputs[0]];
    bool     relu = next >= 0 && strcmp(as_graph_node(plan->graph, (size_t)next)->op, "Relu") == 0;
    float    epsilon = as_plan_float_or(node, "epsilon", 1e-5f);
    as_prim *prim = as_prim_norm(plan->dnn, AS_PASS_INFER, src->layout, epsilon, relu, NULL, err);
    if (!prim)
        return false;
    if (relu) {
        last = as_graph_node(plan->graph, (size_t)next);
        as_plan_absorb(plan, (size_t)next);
    }
    as_buf  *dst = as_plan_out_over(plan, last, src, err);
    as_step *step = dst ? as_plan_step(plan, prim, NULL, 0, err) : NULL;
    if (!step || !as_step_use(plan, step, AS_ARG_DST, dst, err) || !as_step_use(plan, step, AS_ARG_SRC, src, err))
        return false;
    for (size_t i = 0; i < 4; i++)
        if (!as_step_use(plan, step, args[i], params[i], err))
            return false;
    return true;
}

const as_op as_op_batchnormalization = {"BatchNormalization", norm_plan};
