/* SPDX-License-Identifier: Apache-2.0 */
/* What makes a tensor larger or smaller along its axes: padding, slicing. */
#include "graph/fold.h"

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

/* Where place `at` of a padded axis comes from; -1: it is filled. */
static int64_t extent_pad_from(char mode, int64_t at, int64_t before, int64_t dim)
{
    at -= before;
    if (at >= 0 && at < dim)
        return at;
    if (mode == 'e') /* edge */
        return at < 0 ? 0 : dim - 1;
    if (mode == 'w') /* wrap */
        return (at % dim + dim) % dim;
    if (mode == 'r') { /* reflect: once, and no farther */
        at = at < 0 ? -at : 2 * (dim - 1) - at;
        return at >= 0 && at < dim ? at : -2;
    }
    return -1;
}

/* What is filled in: an attribute before operator set 11, the third input since. */
static int64_t extent_pad_value(as_graph *graph, const as_node *node, const fold_in *in)
{
    fold_in given;
    float   f = 0;
    as_node_float(node, "value", &f);
    if (!as_rule_in(graph, node, 2))
        return as_fold_cast(as_fold_float(AS_DTYPE_F32, (double)f), true, in->dtype);
    return as_fold_read(graph, node, 2, &given) && given.n == 1 ? *given.at : as_fold_none(in->real);
}

/* How much is put before each axis; false: it is not known. */
static bool extent_befores(as_graph *graph, const as_node *node, const fold_in *in, int64_t *before)
{
    const graph_known *known = as_rule_in_known(graph, node, 1), *axes = as_rule_in_known(graph, node, 3);
    const int64_t     *pads = known ? known->at : NULL;
    size_t             n = known ? known->n : 0;
    const int64_t      rank = in->shape->rank;
    for (int64_t i = 0; i < rank; i++)
        before[i] = 0;
    if ((as_rule_in(graph, node, 3) && !axes) || (as_rule_in(graph, node, 1) && !known) ||
        (!known && !as_node_ints(node, "pads", &pads, &n)) || n != 2 * (axes ? axes->n : (size_t)rank))
        return false;
    for (size_t i = 0; i < n / 2; i++) { /* where pads are not known, the rule has looked at no axis */
        const int64_t axis = axes ? axes->at[i] + (axes->at[i] < 0 ? rank : 0) : (int64_t)i;
        if (axis < 0 || axis >= rank)
            return false;
        before[axis] = pads[i];
    }
    return true;
}

void as_graph_fold_pad(as_graph *graph, const as_node *node)
{
    fold_in     in;
    fold_walk   walk;
    const char *mode = "constant";
    size_t      n;
    int64_t     stride[AS_TENSOR_MAX_RANK], before[AS_TENSOR_MAX_RANK], *out;
    as_node_str(node, "mode", &mode, &n);
    if (!as_fold_read(graph, node, 0, &in) || in.n == 0 || !extent_befores(graph, node, &in, before) ||
        !(out = as_fold_new(graph, node, 0)) || !as_fold_walk(&walk, &as_graph_value(graph, node->outputs[0])->shape))
        return;
    as_fold_strides(in.shape, stride);
    const int64_t fill = extent_pad_value(graph, node, &in);
    do {
        int64_t place = 0, from = 0;
        for (int i = 0; i < in.shape->rank && from >= 0; i++) {
            from = extent_pad_from(*mode, walk.index[i], before[i], in.shape->dims[i]);
            place += from * stride[i];
        }
        *out++ = from >= 0 ? in.at[place] : from == -1 ? fill : as_fold_none(in.real);
    } while (as_fold_next(&walk));
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

static bool extent_slice_read(as_graph *graph, const as_node *node, extent_slice *slice, as_err *err)
{
    *slice = (extent_slice){0};
    return graph->opset < 10 ? extent_slice_attrs(node, slice, err) : extent_slice_inputs(graph, node, slice, err);
}

bool as_graph_rule_slice(as_graph *graph, const as_node *node, as_err *err)
{
    const as_value *x = as_rule_in(graph, node, 0);
    extent_slice    slice;
    as_shape        out = x->shape;
    if (!extent_slice_read(graph, node, &slice, err))
        return false;
    if (slice.n != slice.n_ends || (slice.axes && slice.n_axes != slice.n) ||
        (slice.steps && slice.n_steps != slice.n) || slice.n > (size_t)out.rank)
        return AS_FAIL(err, AS_EFORMAT, "its starts, ends, axes and steps differ in length");
    for (size_t i = 0; i < slice.n; i++)
        if (!extent_slice_axis(&slice, i, &out, err))
            return false;
    return as_rule_set(graph, node, 0, x->dtype, &out, err);
}

/* The rule has looked at it; what is open has no whole shape, and so no cells. */
void as_graph_fold_slice(as_graph *graph, const as_node *node)
{
    fold_in      in;
    extent_slice slice;
    fold_walk    walk;
    int64_t     *out;
    if (!as_fold_read(graph, node, 0, &in) || !extent_slice_read(graph, node, &slice, NULL) || slice.open ||
        !(out = as_fold_new(graph, node, 0)) || !as_fold_walk(&walk, &as_graph_value(graph, node->outputs[0])->shape))
        return;
    as_fold_strides(in.shape, walk.step[0]);
    for (size_t i = 0; i < slice.n; i++) {
        const int64_t given = slice.axes ? slice.axes[i] : (int64_t)i, step = slice.steps ? slice.steps[i] : 1;
        const int     axis = (int)(given < 0 ? given + in.shape->rank : given);
        const int64_t dim = in.shape->dims[axis], start = slice.starts[i] + (slice.starts[i] < 0 ? dim : 0);
        walk.at[0] += extent_clamp(start, 0, step > 0 ? dim : dim - 1) * walk.step[0][axis];
        walk.step[0][axis] *= step;
    }
    do
        *out++ = in.at[walk.at[0]];
    while (as_fold_next(&walk));
}
