/* SPDX-License-Identifier: Apache-2.0 */
/* Softmax, its logarithm, and its limit: over one axis, before operator set 13 over all from that axis on. */
#include <math.h>
#include <string.h>

#include "engine/op.h"

static bool softmax_line(const as_plan *plan, const as_node *node, const as_buf *src, as_op_line *ret, as_err *err)
{
    const bool    old = as_graph_opset(plan->graph) < 13;
    const int64_t axis = as_plan_int_or(node, "axis", old ? 1 : -1);
    as_shape      shape = src->shape;
    if (src->dtype != AS_DTYPE_F32)
        return AS_FAIL(err, AS_EUNSUPPORTED, "not of %s", as_dtype_name(src->dtype));
    if (shape.rank == 0)
        shape = (as_shape){.rank = 1, .dims = {1}};
    if (!as_op_line_of(&shape, old && axis >= shape.rank ? shape.rank - 1 : axis, ret, err))
        return false;
    if (old) {
        ret->n *= ret->inner;
        ret->inner = 1;
    }
    return true;
}

static bool softmax_plan(as_plan *plan, const as_node *node, as_err *err)
{
    as_buf    *src = as_plan_plain(plan, node->inputs[0], err);
    as_op_line line;
    if (!src || !softmax_line(plan, node, src, &line, err))
        return false;
    as_buf *dst = as_plan_out(plan, node, 0, NULL, err);
    if (!dst || dst->bytes == 0)
        return dst != NULL;
    const as_shape   shape = {.rank = 3, .dims = {line.outer, line.n, line.inner}};
    const as_layout *layout = as_layout_plain(plan->dnn, &shape, err);
    as_prim         *prim = layout ? as_prim_softmax(plan->dnn, layout, 1, err) : NULL;
    return prim && as_op_unary(plan, prim, src, dst, err);
}

static void softmax_run_log(const as_step *step)
{
    const as_op_line *l = step->data;
    const float      *x = step->uses.at[1].buf->data;
    float            *out = step->uses.at[0].buf->data;
    for (int64_t o = 0; o < l->outer; o++, x += l->n * l->inner, out += l->n * l->inner)
        for (int64_t i = 0; i < l->inner; i++) {
            float most = -INFINITY, sum = 0.0f;
            for (int64_t k = 0; k < l->n; k++)
                most = AS_MAX(most, x[k * l->inner + i]);
            for (int64_t k = 0; k < l->n; k++)
                sum += expf(x[k * l->inner + i] - most);
            const float shift = most + logf(sum);
            for (int64_t k = 0; k < l->n; k++)
                out[k * l->inner + i] = x[k * l->inner + i] - shift;
        }
}

static void softmax_run_hard(const as_step *step)
{
    const as_op_line *l = step->data;
    const float      *x = step->uses.at[1].buf->data;
    float            *out = step->uses.at[0].buf->data;
    for (int64_t o = 0; o < l->outer; o++, x += l->n * l->inner, out += l->n * l->inner)
        for (int64_t i = 0; i < l->inner; i++) {
            int64_t best = 0;
            for (int64_t k = 0; k < l->n; k++) {
                best = x[k * l->inner + i] > x[best * l->inner + i] ? k : best;
                out[k * l->inner + i] = 0.0f;
            }
            out[best * l->inner + i] = 1.0f;
        }
}

static bool softmax_plan_plain(as_plan *plan, const as_node *node, void (*run)(const as_step *), as_err *err)
{
    as_buf    *src = as_plan_plain(plan, node->inputs[0], err);
    as_op_line line;
    if (!src || !softmax_line(plan, node, src, &line, err))
        return false;
    as_buf *out = as_plan_out(plan, node, 0, NULL, err);
    return out && (out->bytes == 0 || as_op_step(plan, run, &line, sizeof line, out, (as_buf *const[]){src}, 1, err));
}

static bool softmax_plan_log(as_plan *plan, const as_node *node, as_err *err)
{
    return softmax_plan_plain(plan, node, softmax_run_log, err);
}

static bool softmax_plan_hard(as_plan *plan, const as_node *node, as_err *err)
{
    return softmax_plan_plain(plan, node, softmax_run_hard, err);
}

const as_op as_op_softmax = {"Softmax", softmax_plan};
const as_op as_op_logsoftmax = {"LogSoftmax", softmax_plan_log};
const as_op as_op_hardmax = {"Hardmax", softmax_plan_hard};
