/* SPDX-License-Identifier: Apache-2.0 */
/* Pooling by a window, and over everything. */
#include <string.h>

#include "engine/op.h"
#include "engine/pool8.h"

/* 8 channels a block, as oneDNN's convolutions write them with AVX2 and below. */
static void pool8_step_run(const as_step *step)
{
    as_pool8_run(step->data, step->uses.at[1].buf->data, step->uses.at[2].buf->data, step->uses.at[0].buf->data);
}

/* False where a window may have no pixel in it: what comes out then is not for us to say. */
static bool pool8_of(as_pool_kind kind, const as_window *w, const as_buf *src, const as_shape *out, as_pool8 *ret)
{
    if (w->n != 2 || src->shape.rank != 4 || as_layout_is_narrow(src->layout) ||
        as_layout_lanes(src->layout) != AS_POOL8_LANES)
        return false;
    *ret = (as_pool8){.kind = kind};
    ret->planes = src->shape.dims[0] * ((src->shape.dims[1] + AS_POOL8_LANES - 1) / AS_POOL8_LANES);
    for (int i = 0; i < 2; i++) {
        ret->in[i] = src->shape.dims[i + 2];
        ret->out[i] = out->dims[i + 2];
        ret->kernel[i] = w->kernel[i];
        ret->stride[i] = w->stride[i];
        ret->dilation[i] = w->dilation[i];
        ret->pad[i] = w->pad_begin[i];
        ret->padded[i] = ret->in[i] + w->pad_begin[i] + w->pad_end[i];
    }
    return as_pool8_can(ret);
}

static bool pool8_make(as_plan *plan, const as_node *node, const as_pool8 *pool, as_buf *src, const as_shape *out,
                       as_err *err)
{
    const as_layout *layout = as_layout_like(plan->dnn, src->layout, out, true, err);
    const as_shape   room = {.rank = 1, .dims = {(int64_t)as_pool8_scratch_bytes(pool)}};
    as_buf          *scratch = layout ? as_plan_new(plan, AS_DTYPE_U8, &room, NULL, err) : NULL;
    as_buf          *dst = scratch ? as_plan_out(plan, node, 0, layout, err) : NULL;
    if (!dst || !as_op_step(plan, pool8_step_run, pool, sizeof *pool, dst, (as_buf *[]){src, scratch}, 2, err))
        return false;
    plan->steps.at[plan->steps.n - 1]->how = "kernel: pooling by 8";
    return true;
}

static bool pool_make(as_plan *plan, const as_node *node, as_pool_kind kind, const as_window *window,
                      const as_shape *out_shape, as_err *err)
{
    as_pool8   pool8;
    const bool windows = out_shape->dims[2] > 1; /* what is over everything goes into the last layers, which are f32 */
    as_buf    *src = (windows ? as_plan_raw : as_plan_buf)(plan, node->inputs[0], err);
    if (!src || src->dtype != AS_DTYPE_F32)
        return src ? AS_FAIL(err, AS_EUNSUPPORTED, "only f32") : false;
    if (pool8_of(kind, window, src, out_shape, &pool8))
        return pool8_make(plan, node, &pool8, src, out_shape, err);
    const bool       narrow = as_layout_is_narrow(src->layout);
    const as_layout *any = (narrow ? as_layout_any_narrow : as_layout_any)(plan->dnn, out_shape, err);
    as_prim *prim = any ? as_prim_pool(plan->dnn, AS_PASS_INFER, kind, window, src->layout, any, NULL, err) : NULL;
    if (!prim)
        return false;
    const as_layout *layout = as_prim_layout(prim, AS_ARG_DST);
    as_buf          *dst = as_plan_out(plan, node, 0, layout, err);
    return dst && as_op_unary(plan, prim, src, dst, err);
}

/* Padding beyond what the node asked for comes from ceil_mode, and is not counted in a mean: no primitive says so. */
static bool pool_is_plain_mean(const as_node *node, const as_window *w)
{
    const int64_t *pads;
    size_t         n;
    bool           has = as_node_ints(node, "pads", &pads, &n) && n == 2 * (size_t)w->n;
    if (as_plan_int_or(node, "ceil_mode", 0) == 0)
        return true;
    for (int i = 0; i < w->n; i++)
        if (w->pad_end[i] > (has ? pads[w->n + i] : 0))
            return false;
    return true;
}

bool as_op_pool_window(as_plan *plan, const as_node *node, as_window *ret, as_err *err)
{
    const int64_t *k;
    size_t         n;
    if (!as_node_ints(node, "kernel_shape", &k, &n) || n < 1 || n > 3)
        return AS_FAIL(err, AS_EUNSUPPORTED, "only 1 to 3 spatial dimensions");
    as_shape kernel = {.rank = (int)n};
    memcpy(kernel.dims, k, n * sizeof *k);
    return as_op_window(plan, node, &kernel, ret, err);
}

static bool pool_plan(as_plan *plan, const as_node *node, as_pool_kind kind, as_err *err)
{
    as_window  window;
    const bool indices = node->n_outputs > 1 && node->outputs[1] >= 0 && plan->n_users[node->outputs[1]] > 0;
    const bool whole = kind == AS_POOL_MAX && as_plan_in(plan, node, 0)->dtype != AS_DTYPE_F32;
    if (!as_op_pool_window(plan, node, &window, err))
        return false;
    if (indices || whole || (kind == AS_POOL_MEAN_PADDED && !pool_is_plain_mean(node, &window)))
        return as_op_pool_plain(plan, node, kind == AS_POOL_MAX, &window, err);
    return pool_make(plan, node, kind, &window, &as_graph_value(plan->graph, node->outputs[0])->shape, err);
}

static bool pool_plan_max(as_plan *plan, const as_node *node, as_err *err)
{
    return pool_plan(plan, node, AS_POOL_MAX, err);
}

static bool pool_plan_mean(as_plan *plan, const as_node *node, as_err *err)
{
    bool padded = as_plan_int_or(node, "count_include_pad", 0) != 0;
    return pool_plan(plan, node, padded ? AS_POOL_MEAN_PADDED : AS_POOL_MEAN, err);
}

static bool pool_plan_global(as_plan *plan, const as_node *node, as_pool_kind kind, as_err *err)
{
    const as_shape *in = &as_plan_in(plan, node, 0)->shape;
    as_shape        out = {.rank = in->rank, .dims = {in->dims[0], in->dims[1], 1, 1, 1}};
    as_window       w = {.n = in->rank - 2};
    if (w.n < 1 || w.n > 3)
        return AS_FAIL(err, AS_EUNSUPPORTED, "only 1 to 3 spatial dimensions");
    for (int i = 0; i < w.n; i++) {
        w.kernel[i] = in->dims[i + 2];
        w.stride[i] = w.dilation[i] = 1;
    }
    return pool_make(plan, node, kind, &w, &out, err);
}

static bool pool_plan_global_max(as_plan *plan, const as_node *node, as_err *err)
{
    return pool_plan_global(plan, node, AS_POOL_MAX, err);
}

static bool pool_plan_global_mean(as_plan *plan, const as_node *node, as_err *err)
{
    return pool_plan_global(plan, node, AS_POOL_MEAN, err);
}

const as_op as_op_maxpool = {"MaxPool", pool_plan_max};
const as_op as_op_averagepool = {"AveragePool", pool_plan_mean};
const as_op as_op_globalmaxpool = {"GlobalMaxPool", pool_plan_global_max};
const as_op as_op_globalaveragepool = {"GlobalAveragePool", pool_plan_global_mean};
