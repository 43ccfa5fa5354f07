/* SPDX-License-Identifier: Apache-2.0 */
/* What makes a tensor larger or smaller along its axes: padding, slicing. */
#include "graph/rules.h"

/* Input `i` of integers; false if it is given and not known. *ret is NULL when it is left out. */
static bool extent_ints(as_graph *graph, const as_node *node, size_t i, const graph_known **ret, as_err *err)
{
    *ret = NULL;
    if (!as_rule_in(graph, node, i))
        return true;
    *ret = as_rule_in_known(graph, node, i);
    return *ret || AS_FAIL(err, AS_EUNSUPPORTED, "its input %zu is not constant", i);
}

static bool extent_once(unsigned *seen, int axis, as_err *err)
{
    if (*seen >> axis & 1)
        return AS_FAIL(err, AS_EFORMAT, "dimension %d is among its axes twice", axis);
    *seen |= 1u << axis;
    return true;
}

/* Pads that are computed leave a dimension open, or all of them. */
static bool extent_pad(int64_t before, int64_t after, int axis, as_shape *out, as_err *err)
{
    if (before == GRAPH_UNKNOWN || after == GRAPH_UNKNOWN) {
        out->dims[axis] = -1;
        return true;
    }
    if (before < -GRAPH_MAX_DIM || before > GRAPH_MAX_DIM || after < -GRAPH_MAX_DIM || after > GRAPH_MAX_DIM)
        return AS_FAIL(err, AS_EFORMAT, "it pads dimension %d by %lld and %lld", axis, (long long)before,
                       (long long)after);
    if (out->dims[axis] < 0)
        return true;
    out->dims[axis] += before + after;
    return (out->dims[axis] >= 0 && out->dims[axis] <= GRAPH_MAX_DIM) ||
           AS_FAIL(err, AS_EFORMAT, "it makes dimension %d %lld long", axis, (long long)out->dims[axis]);
}

bool as_graph_rule_pad(as_graph *graph, const as_node *node, as_err *err)
{
    const as_value    *x = as_rule_in(graph, node, 0);
    const graph_known *known, *axes;
    const int64_t     *pads = NULL;
    size_t             n = 0;
    as_shape           out = x->shape;
    if (!extent_ints(graph, node, 3, &axes, err))
        return false;
    known = as_rule_in(graph, node, 1) ? as_rule_in_known(graph, node, 1) : NULL;
    if (!known && as_rule_in(graph, node, 1)) {
        for (int i = 0; i < out.rank; i++)
            out.dims[i] = -1;
        return as_rule_set(graph, node, 0, x->dtype, &out, err);
    }
    if (known) {
        pads = known->at;
        n = known->n;
    } else if (!as_node_ints(node, "pads", &pads, &n)) {
        return AS_FAIL(err, AS_EFORMAT, "it has no pads");
    }
    size_t n_axes = axes ? axes->n : (size_t)x->shape.rank;
    if (n != 2 * n_axes)
        return AS_FAIL(err, AS_EFORMAT, "it has %zu pads for %zu dimensions", n, n_axes);
    unsigned seen = 0;
    for (size_t i = 0; i < n_axes; i++) {
        int axis;
        if (!as_rule_axis(axes ? axes->at[i] : (int64_t)i, x->shape.rank, &axis, err) || !extent_once(&seen, axis, err))
            return false;
        if (!extent_pad(pads[i], pads[i + n_axes], axis, &out, err))
            return false;
    }
    return as_rule_set(graph, node, 0, x->dtype, &out, err);
}

/* --- slicing --- */

typedef struct extent_slice {
    const int64_t *starts, *ends, *axes, *steps;
    size_t         n, n_ends, n_axes, n_steps;
    unsigned       cut;  /* axes so far, a bit each */
    bool           open; /* starts or ends not known: only which axes are cut is */
} extent_slice;

static bool extent_slice_attrs(const as_node *node, extent_slice *slice, as_err *err)
{
    if (!as_node_ints(node, "starts", &slice->starts, &slice->n) ||
        !as_node_ints(node, "ends", &slice->ends, &slice->n_ends))
        return AS_FAIL(err, AS_EFORMAT, "it has no starts or ends");
    as_node_ints(node, "axes", &slice->axes, &slice->n_axes);
    return true;
}

static bool extent_slice_inputs(as_graph *graph, const as_node *node, extent_slice *slice, as_err *err)
{
    const graph_known *starts = as_rule_in_known(graph, node, 1), *ends = as_rule_in_known(graph, node, 2), *axes,
                      *steps;
    const as_value *given = as_rule_in(graph, node, 1);
    if (!given || !as_rule_in(graph, node, 2))
        return AS_FAIL(err, AS_EFORMAT, "it has no starts or ends");
    if (!extent_ints(graph, node, 3, &axes, err) || !extent_ints(graph, node, 4, &steps, err))
        return false;
    if (given->shape.rank != 1 || given->shape.dims[0] < 0)
        return AS_FAIL(err, AS_EUNSUPPORTED, "the number of its starts is not known");
    slice->open = !starts || !ends;
    slice->n = slice->n_ends = (size_t)given->shape.dims[0];
    if (!slice->open) {
        slice->starts = starts->at;
        slice->ends = ends->at;
        slice->n = starts->n;
        slice->n_ends = ends->n;
    }
    slice->axes = axes ? axes->at : NULL;
    slice->n_axes = axes ? axes->n : 0;
    slice->steps = steps ? steps->at : NULL;
    slice->n_steps = steps ? steps->n : 0;
    return true;
}

static int64_t extent_clamp(int64_t v, int64_t low, int64_t high)
{
    return AS_MIN(AS_MAX(v, low), high);
}

/* Length of [start, end) in steps, on an axis of `dim`; negative positions count from its end (ONNX, Slice). */
static int64_t extent_slice_length(int64_t start, int64_t end, int64_t step, int64_t dim)
{
    if (dim < 0 || start == GRAPH_UNKNOWN || end == GRAPH_UNKNOWN)
        return -1;
    start += start < 0 ? dim : 0;
    end += end < 0 ? dim : 0;
    if (step > 0) {
        start = extent_clamp(start, 0, dim);
        end = extent_clamp(end, 0, dim);
        return end > start ? (end - start - 1) / step + 1 : 0;
    }
    start = extent_clamp(start, 0, dim - 1);
    end = extent_clamp(end, -1, dim - 1);
    return start > end ? (start - end - 1) / -step + 1 : 0;
}

static bool extent_slice_axis(extent_slice *slice, size_t i, as_shape *out, as_err *err)
{
    int     axis;
    int64_t step = slice->steps ? slice->steps[i] : 1;
    if (!as_rule_axis(slice->axes ? slice->axes[i] : (int64_t)i, out->rank, &axis, err) ||
        !extent_once(&slice->cut, axis, err))
        return false;
    if (step != GRAPH_UNKNOWN && (step < -GRAPH_MAX_DIM || step > GRAPH_MAX_DIM))
        return AS_FAIL(err, AS_ELIMIT, "it steps by %lld in dimension %d", (long long)step, axis);
    if (step == 0 || step == GRAPH_UNKNOWN)
        return AS_FAIL(err, AS_EFORMAT, "it steps by nothing in dimension %d", axis);
    out->dims[axis] = slice->open ? -1 : extent_slice_length(slice->starts[i], slice->ends[i], step, out->dims[axis]);
    return true;
}

bool as_graph_rule_slice(as_graph *graph, const as_node *node, as_err *err)
{
    const as_value *x = as_rule_in(graph, node, 0);
    extent_slice    slice = {0};
    as_shape        out = x->shape;
    bool            read =
        graph->opset < 10 ? extent_slice_attrs(node, &slice, err) : extent_slice_inputs(graph, node, &slice, err);
    if (!read)
        return false;
    if (slice.n != slice.n_ends || (slice.axes && slice.n_axes != slice.n) ||
        (slice.steps && slice.n_steps != slice.n) || slice.n > (size_t)out.rank)
        return AS_FAIL(err, AS_EFORMAT, "its starts, ends, axes and steps differ in length");
    for (size_t i = 0; i < slice.n; i++)
        if (!extent_slice_axis(&slice, i, &out, err))
            return false;
    return as_rule_set(graph, node, 0, x->dtype, &out, err);
}
