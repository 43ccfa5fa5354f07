/* SPDX-License-Identifier: Apache-2.0 */
/* What moves data and computes nothing. */
#include <stdlib.h>
#include <string.h>

#include "engine/op.h"

static bool shape_plan_view(as_plan *plan, const as_node *node, as_err *err)
{
    as_buf *src = as_plan_plain(plan, node->inputs[0], err);
    return src && as_plan_view(plan, node, 0, src, err);
}

static bool shape_axis(int64_t axis, int rank, int *ret, as_err *err)
{
    if (axis < -rank || axis >= rank)
        return AS_FAIL(err, AS_EFORMAT, "axis %lld", (long long)axis);
    *ret = (int)(axis < 0 ? axis + rank : axis);
    return true;
}

/* A copy of all of `out`, its source still to be said. */
static as_copy shape_copy(const as_buf *src, const as_buf *out)
{
    as_copy copy = {.rank = out->shape.rank, .bytes = as_dtype_bytes(src->dtype)};
    memcpy(copy.dims, out->shape.dims, sizeof copy.dims);
    as_op_row_major(&out->shape, copy.dst_step);
    return copy;
}

static bool transpose_plan(as_plan *plan, const as_node *node, as_err *err)
{
    as_buf *src = as_plan_plain(plan, node->inputs[0], err);
    as_buf *out = src ? as_plan_out(plan, node, 0, NULL, err) : NULL;
    if (!out)
        return false;
    const int64_t *perm;
    size_t         n;
    int64_t        steps[AS_TENSOR_MAX_RANK];
    const int      rank = src->shape.rank;
    const bool     has = as_node_ints(node, "perm", &perm, &n);
    as_copy        copy = shape_copy(src, out);
    if (has && n != (size_t)rank)
        return AS_FAIL(err, AS_EFORMAT, "'perm' has %zu items and not %d", n, rank);
    as_op_row_major(&src->shape, steps);
    for (int i = 0; i < rank; i++) {
        int64_t from = has ? perm[i] : rank - 1 - i;
        if (from < 0 || from >= rank)
            return AS_FAIL(err, AS_EFORMAT, "'perm' names dimension %lld", (long long)from);
        copy.src_step[i] = steps[from];
    }
    return as_op_copy(plan, &copy, src, out, err);
}

/* starts, ends, axes and steps: attributes before opset 10, inputs since. */
static bool slice_read(as_plan *plan, const as_node *node, size_t i, const char *attr, int64_t *ret, size_t *ret_n,
                       as_err *err)
{
    if (as_plan_ints(plan, node, i, attr, ret, ret_n))
        return true;
    if (as_plan_in(plan, node, i))
        return AS_FAIL(err, AS_EUNSUPPORTED, "its %s are computed", attr);
    *ret_n = 0;
    return true;
}

static bool slice_plan(as_plan *plan, const as_node *node, as_err *err)
{
    int64_t starts[AS_TENSOR_MAX_RANK], axes[AS_TENSOR_MAX_RANK], steps[AS_TENSOR_MAX_RANK];
    size_t  n, n_axes, n_steps;
    as_buf *src = as_plan_plain(plan, node->inputs[0], err);
    if (!src || !slice_read(plan, node, 1, "starts", starts, &n, err) ||
        !slice_read(plan, node, 3, "axes", axes, &n_axes, err) ||
        !slice_read(plan, node, 4, "steps", steps, &n_steps, err))
        return false;
    as_buf *out = as_plan_out(plan, node, 0, NULL, err);
    if (!out)
        return false;
    as_copy copy = shape_copy(src, out);
    as_op_row_major(&src->shape, copy.src_step);
    for (size_t i = 0; i < n; i++) {
        int axis = 0;
        if (!shape_axis(n_axes ? axes[i] : (int64_t)i, src->shape.rank, &axis, err))
            return false;
        int64_t step = n_steps ? steps[i] : 1, dim = src->shape.dims[axis];
        int64_t start = starts[i] < 0 ? starts[i] + dim : starts[i];
        start = AS_MIN(AS_MAX(start, 0), step < 0 ? dim - 1 : dim);
        copy.src_base += start * copy.src_step[axis];
        copy.src_step[axis] *= step;
    }
    return as_op_copy(plan, &copy, src, out, err);
}

static bool split_plan(as_plan *plan, const as_node *node, as_err *err)
{
    int     axis = 0;
    int64_t at = 0;
    as_buf *src = as_plan_plain(plan, node->inputs[0], err);
    if (!src || !shape_axis(as_plan_int_or(node, "axis", 0), src->shape.rank, &axis, err))
        return false;
    for (size_t i = 0; i < node->n_outputs; i++) {
        if (node->outputs[i] < 0)
            return AS_FAIL(err, AS_EUNSUPPORTED, "an output is left out");
        as_buf *out = as_plan_out(plan, node, i, NULL, err);
        if (!out)
            return false;
        as_copy copy = shape_copy(src, out);
        as_op_row_major(&src->shape, copy.src_step);
        copy.src_base = at * copy.src_step[axis];
        at += out->shape.dims[axis];
        if (at > src->shape.dims[axis]) /* they would be read from behind it */
            break;
        if (!as_op_copy(plan, &copy, src, out, err))
            return false;
    }
    return at == src->shape.dims[axis] ||
           AS_FAIL(err, AS_EUNSUPPORTED, "its parts are not the whole of its %lld", (long long)src->shape.dims[axis]);
}

/* --- Concat ------------------------------------------------------------------------------------------------------- */

static bool concat_copies(as_plan *plan, const as_node *node, int axis, as_err *err)
{
    as_buf *out = as_plan_out(plan, node, 0, NULL, err);
    int64_t at = 0;
    for (size_t i = 0; out && i < node->n_inputs; i++) {
        as_buf *src = as_plan_plain(plan, node->inputs[i], err);
        if (!src)
            return false;
        as_copy copy = {.rank = src->shape.rank, .bytes = as_dtype_bytes(src->dtype)};
        memcpy(copy.dims, src->shape.dims, sizeof copy.dims);
        as_op_row_major(&src->shape, copy.src_step);
        as_op_row_major(&out->shape, copy.dst_step);
        copy.dst_base = at * copy.dst_step[axis];
        at += src->shape.dims[axis];
        if (!as_op_copy(plan, &copy, src, out, err))
            return false;
    }
    return out != NULL;
}

static bool concat_prim(as_plan *plan, const as_node *node, int axis, const as_layout **layouts, as_buf **bufs,
                        as_err *err)
{
    const as_shape *shape = &as_graph_value(plan->graph, node->outputs[0])->shape;
    for (size_t i = 0; i < node->n_inputs; i++) {
        bufs[i] = as_plan_buf(plan, node->inputs[i], err);
        if (!bufs[i])
            return false;
        layouts[i] = bufs[i]->layout;
    }
    const as_layout *any = as_layout_any(plan->dnn, shape, err);
    as_prim         *prim = any ? as_prim_concat(plan->dnn, axis, layouts, node->n_inputs, any, err) : NULL;
    as_buf          *out = prim ? as_plan_out(plan, node, 0, as_prim_layout(prim, AS_ARG_DST), err) : NULL;
    as_step         *step = out ? as_plan_step(plan, prim, NULL, 0, err) : NULL;
    if (!step || !as_step_use(plan, step, AS_ARG_DST, out, err))
        return false;
    for (size_t i = 0; i < node->n_inputs; i++)
        if (!as_step_use(plan, step, (as_arg)(AS_ARG_MULTI + i), bufs[i], err))
            return false;
    return true;
}

/* One order for the whole and all parts, that of the first part where possible: NULL where there is none. */
static const as_layout *concat_layout(as_plan *plan, const as_node *node, const as_layout **parts)
{
    const as_shape  *shape = &as_graph_value(plan->graph, node->outputs[0])->shape;
    const as_buf    *first = as_plan_buf(plan, node->inputs[0], NULL);
    const as_layout *whole = first ? as_layout_like(plan->dnn, first->layout, shape, false, NULL) : NULL;
    if (whole && as_layout_lanes(whole) == 0)
        return NULL;
    for (size_t i = 0; whole && i < node->n_inputs; i++) {
        parts[i] = as_layout_like(plan->dnn, whole, &as_plan_in(plan, node, i)->shape, false, NULL);
        if (!parts[i])
            return NULL;
    }
    return whole;
}

/* Parts that stand one after the other need no copy: what computes them writes them in their place. */
static bool concat_join(as_plan *plan, const as_node *node, int axis, const as_layout *whole, const as_layout **parts,
                        as_err *err)
{
    as_buf *out = as_plan_out(plan, node, 0, whole, err);
    int64_t outer = 1;
    size_t  offset = 0;
    if (!out)
        return false;
    for (int i = 0; i < axis; i++)
        outer *= out->shape.dims[i];
    if (axis > 1) /* blocks of channels are innermost */
        outer /= as_layout_lanes(whole);
    const int64_t row = (int64_t)(out->bytes / sizeof(float)) / outer;
    for (size_t i = 0; i < node->n_inputs; i++) {
        as_buf *part = as_plan_as(plan, node->inputs[i], parts[i], err);
        if (!part)
            return false;
        if (outer > 1 || !as_plan_move_into(plan, part, out, offset)) {
            const int64_t chunk = (int64_t)(part->bytes / sizeof(float)) / outer;
            const as_copy copy = {.rank = 2,
                                  .bytes = sizeof(float),
                                  .dims = {outer, chunk},
                                  .src_step = {chunk, 1},
                                  .dst_step = {row, 1},
                                  .dst_base = (int64_t)(offset / sizeof(float)) / outer};
            if (!as_op_copy(plan, &copy, part, out, err))
                return false;
        }
        offset += part->bytes;
    }
    return true;
}

static bool concat_plan(as_plan *plan, const as_node *node, as_err *err)
{
    enum { PRIM_MAX = 64 };
    const as_layout *layouts[PRIM_MAX], *whole;
    as_buf          *bufs[PRIM_MAX];
    const as_shape  *shape = &as_graph_value(plan->graph, node->outputs[0])->shape;
    int              axis = 0;
    size_t           count;
    if (!shape_axis(as_plan_int_or(node, "axis", 1), shape->rank, &axis, err))
        return false;
    bool prim = node->n_inputs <= PRIM_MAX && as_plan_in(plan, node, 0)->dtype == AS_DTYPE_F32;
    for (size_t i = 0; prim && i < node->n_inputs; i++)
        prim = as_shape_count(&as_plan_in(plan, node, i)->shape, &count) && count > 0;
    if (!prim)
        return concat_copies(plan, node, axis, err);
    whole = concat_layout(plan, node, layouts);
    return whole ? concat_join(plan, node, axis, whole, layouts, err)
                 : concat_prim(plan, node, axis, layouts, bufs, err);
}

const as_op as_op_reshape = {"Reshape", shape_plan_view};
const as_op as_op_flatten = {"Flatten", shape_plan_view};
const as_op as_op_squeeze = {"Squeeze", shape_plan_view};
const as_op as_op_unsqueeze = {"Unsqueeze", shape_plan_view};
const as_op as_op_transpose = {"Transpose", transpose_plan};
const as_op as_op_slice = {"Slice", slice_plan};
const as_op as_op_split = {"Split", split_plan};
const as_op as_op_concat = {"Concat", concat_plan};
