/* SPDX-License-Identifier: Apache-2.0 */
/* Reductions over some dimensions. */
#include <math.h>
#include <string.h>

#include "engine/op.h"

typedef enum reduce_fn { REDUCE_SUM, REDUCE_MEAN, REDUCE_MAX } reduce_fn;

typedef struct reduce {
    reduce_fn fn;
    int       rank;
    int64_t   dims[AS_TENSOR_MAX_RANK], out_step[AS_TENSOR_MAX_RANK]; /* 0 along what is reduced */
    size_t    n_in, n_out;
} reduce;

static void reduce_run(const as_step *step)
{
    const reduce *r = step->data;
    float        *out = step->uses.at[0].buf->data;
    const float  *in = step->uses.at[1].buf->data;
    int64_t       at[AS_TENSOR_MAX_RANK] = {0}, o = 0;
    for (size_t i = 0; i < r->n_out; i++)
        out[i] = r->fn == REDUCE_MAX ? -INFINITY : 0.0f;
    for (size_t i = 0; i < r->n_in; i++) {
        out[o] = r->fn == REDUCE_MAX ? (in[i] > out[o] ? in[i] : out[o]) : out[o] + in[i];
        for (int k = r->rank - 1; k >= 0; k--) {
            o += r->out_step[k];
            if (++at[k] < r->dims[k])
                break;
            o -= r->out_step[k] * r->dims[k];
            at[k] = 0;
        }
    }
    if (r->fn != REDUCE_MEAN)
        return;
    const float each = (float)r->n_out / (float)r->n_in;
    for (size_t i = 0; i < r->n_out; i++)
        out[i] *= each;
}

static bool reduce_axes(as_plan *plan, const as_node *node, int rank, bool *ret_along, as_err *err)
{
    int64_t axes[AS_TENSOR_MAX_RANK];
    size_t  n = 0;
    if (!as_plan_ints(plan, node, 1, "axes", axes, &n) && as_plan_in(plan, node, 1))
        return AS_FAIL(err, AS_EUNSUPPORTED, "its axes are computed");
    for (int i = 0; i < rank; i++)
        ret_along[i] = n == 0 && as_plan_int_or(node, "noop_with_empty_axes", 0) == 0;
    for (size_t i = 0; i < n; i++) {
        int64_t axis = axes[i] < 0 ? axes[i] + rank : axes[i];
        if (axis < 0 || axis >= rank)
            return AS_FAIL(err, AS_EFORMAT, "axis %lld", (long long)axes[i]);
        ret_along[axis] = true;
    }
    return true;
}

static bool reduce_plan(as_plan *plan, const as_node *node, reduce_fn fn, as_err *err)
{
    as_buf *src = as_plan_plain(plan, node->inputs[0], err);
    bool    along[AS_TENSOR_MAX_RANK];
    reduce  r = {.fn = fn, .n_in = 1, .n_out = 1};
    if (!src)
        return false;
    if (src->dtype != AS_DTYPE_F32)
        return AS_FAIL(err, AS_EUNSUPPORTED, "only f32");
    r.rank = src->shape.rank;
    if (!reduce_axes(plan, node, r.rank, along, err))
        return false;
    for (int i = r.rank - 1; i >= 0; i--) {
        r.dims[i] = src->shape.dims[i];
        r.n_in *= (size_t)r.dims[i];
        if (along[i])
            continue;
        r.out_step[i] = (int64_t)r.n_out;
        r.n_out *= (size_t)r.dims[i];
    }
    if (r.n_in == 0)
        return AS_FAIL(err, AS_EUNSUPPORTED, "nothing to reduce");
    as_buf  *out = as_plan_out(plan, node, 0, NULL, err);
    as_step *step = out ? as_plan_step(plan, NULL, reduce_run, sizeof r, err) : NULL;
    if (!step)
        return false;
    memcpy(step->data, &r, sizeof r);
    return as_step_use(plan, step, AS_ARG_NONE, out, err) && as_step_use(plan, step, AS_ARG_NONE, src, err);
}

static bool reduce_plan_sum(as_plan *plan, const as_node *node, as_err *err)
{
    return reduce_plan(plan, node, REDUCE_SUM, err);
}

static bool reduce_plan_mean(as_plan *plan, const as_node *node, as_err *err)
{
    return reduce_plan(plan, node, REDUCE_MEAN, err);
}

static bool reduce_plan_max(as_plan *plan, const as_node *node, as_err *err)
{
    return reduce_plan(plan, node, REDUCE_MAX, err);
}

const as_op as_op_reducesum = {"ReduceSum", reduce_plan_sum};
const as_op as_op_reducemean = {"ReduceMean", reduce_plan_mean};
const as_op as_op_reducemax = {"ReduceMax", reduce_plan_max};
