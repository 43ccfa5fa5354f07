/* SPDX-License-Identifier: Apache-2.0 */
/* Arithmetic: what works number by number, matrix products, reductions. */
#include "graph/rules.h"

bool as_graph_rule_same(as_graph *graph, const as_node *node, as_err *err)
{
    const as_value *x = as_rule_in(graph, node, 0);
    return as_rule_set(graph, node, 0, x->dtype, &x->shape, err);
}

static bool math_same_type(const as_value *a, const as_value *b, as_err *err)
{
    return a->dtype == b->dtype || AS_FAIL(err, AS_EFORMAT, "its inputs '%.100s' and '%.100s' are %s and %s", a->name,
                                           b->name, as_dtype_name(a->dtype), as_dtype_name(b->dtype));
}

static bool math_not_taken(const as_value *value, as_err *err)
{
    return AS_FAIL(err, AS_EFORMAT, "its input '%.200s' is %s, which it does not take", value->name,
                   as_dtype_name(value->dtype));
}

bool as_graph_rule_elementwise(as_graph *graph, const as_node *node, as_err *err)
{
    const as_value *first = as_rule_in(graph, node, 0);
    as_shape        out = first->shape;
    for (size_t i = 1; i < node->n_inputs; i++) {
        const as_value *x = as_rule_in(graph, node, i);
        if (!x)
            return AS_FAIL(err, AS_EFORMAT, "input %zu is missing", i);
        if (!math_same_type(first, x, err) || !as_rule_broadcast(&out, &x->shape, &out, err))
            return false;
    }
    return as_rule_set(graph, node, 0, first->dtype, &out, err);
}

bool as_graph_rule_prelu(as_graph *graph, const as_node *node, as_err *err)
{
    const as_value *x = as_rule_in(graph, node, 0), *slope = as_rule_in(graph, node, 1);
    as_shape        out;
    if (!math_same_type(x, slope, err) || !as_rule_broadcast(&x->shape, &slope->shape, &out, err))
        return false;
    if (out.rank != x->shape.rank)
        return AS_FAIL(err, AS_EFORMAT, "its slope has more dimensions than its input");
    return as_rule_set(graph, node, 0, x->dtype, &x->shape, err);
}

bool as_graph_rule_clip(as_graph *graph, const as_node *node, as_err *err)
{
    const as_value *x = as_rule_in(graph, node, 0);
    for (size_t i = 1; i < 3; i++) {
        const as_value *bound = as_rule_in(graph, node, i);
        size_t          n;
        if (bound && (!math_same_type(x, bound, err)))
            return false;
        if (bound && (!as_shape_count(&bound->shape, &n) || n != 1))
            return AS_FAIL(err, AS_EFORMAT, "its bound '%.200s' is no single number", bound->name);
    }
    return as_rule_set(graph, node, 0, x->dtype, &x->shape, err);
}

bool as_graph_rule_pow(as_graph *graph, const as_node *node, as_err *err)
{
    const as_value *x = as_rule_in(graph, node, 0), *y = as_rule_in(graph, node, 1);
    as_shape        out;
    if (graph->opset < 12 && !math_same_type(x, y, err))
        return false;
    if (y->dtype == AS_DTYPE_BOOL)
        return math_not_taken(y, err);
    return as_rule_broadcast(&x->shape, &y->shape, &out, err) && as_rule_set(graph, node, 0, x->dtype, &out, err);
}

bool as_graph_rule_gemm(as_graph *graph, const as_node *node, as_err *err)
{
    const as_value *a = as_rule_in(graph, node, 0), *b = as_rule_in(graph, node, 1), *c = as_rule_in(graph, node, 2);
    if (a->shape.rank != 2 || b->shape.rank != 2)
        return AS_FAIL(err, AS_EFORMAT, "its inputs have %d and %d dimensions, not 2", a->shape.rank, b->shape.rank);
    int     ta = as_node_int_or(node, "transA", 0) != 0, tb = as_node_int_or(node, "transB", 0) != 0;
    int64_t k = a->shape.dims[1 - ta], k_b = b->shape.dims[tb];
    if (k >= 0 && k_b >= 0 && k != k_b)
        return AS_FAIL(err, AS_EFORMAT, "it multiplies %lld columns with %lld rows", (long long)k, (long long)k_b);
    as_shape out = {.rank = 2, .dims = {a->shape.dims[ta], b->shape.dims[1 - tb]}}, with_c;
    if (!math_same_type(a, b, err) || (c && !math_same_type(a, c, err)))
        return false;
    if (c && (!as_rule_broadcast(&out, &c->shape, &with_c, err)))
        return false;
    if (c && out.dims[0] >= 0 && out.dims[1] >= 0 && !as_shape_equal(&out, &with_c))
        return AS_FAIL(err, AS_EFORMAT, "its third input is larger than its result");
    return as_rule_set(graph, node, 0, a->dtype, &out, err);
}

bool as_rule_matmul_shape(const as_shape *a, const as_shape *b, as_shape *ret, as_err *err)
{
    as_shape x = *a, y = *b, head_x, head_y, out;
    if (x.rank < 1 || y.rank < 1)
        return AS_FAIL(err, AS_EFORMAT, "its input is a scalar");
    if (a->rank == 1) { /* a row */
        x = (as_shape){.rank = 2, .dims = {1, a->dims[0]}};
    }
    if (b->rank == 1) { /* a column */
        y = (as_shape){.rank = 2, .dims = {b->dims[0], 1}};
    }
    int64_t k = x.dims[x.rank - 1], k_y = y.dims[y.rank - 2], rows = x.dims[x.rank - 2], columns = y.dims[y.rank - 1];
    if (k >= 0 && k_y >= 0 && k != k_y)
        return AS_FAIL(err, AS_EFORMAT, "it multiplies %lld columns with %lld rows", (long long)k, (long long)k_y);
    head_x = x;
    head_y = y;
    head_x.rank -= 2;
    head_y.rank -= 2;
    if (!as_rule_broadcast(&head_x, &head_y, &out, err))
        return false;
    if (a->rank > 1)
        out.dims[out.rank++] = rows;
    if (b->rank > 1)
        out.dims[out.rank++] = columns;
    *ret = out;
    return true;
}

bool as_graph_rule_matmul(as_graph *graph, const as_node *node, as_err *err)
{
    const as_value *a = as_rule_in(graph, node, 0), *b = as_rule_in(graph, node, 1);
    as_shape        out;
    return as_rule_matmul_shape(&a->shape, &b->shape, &out, err) && math_same_type(a, b, err) &&
           as_rule_set(graph, node, 0, a->dtype, &out, err);
}

/* One type for all of them; from operator set 15 on, scale and bias may have another, and mean and variance a third. */
static bool math_norm_types(const as_graph *graph, const as_node *node, as_err *err)
{
    const as_value *at[5];
    for (size_t i = 0; i < 5; i++) {
        at[i] = as_rule_in(graph, node, i);
        if (at[i]->dtype != AS_DTYPE_F32 && at[i]->dtype != AS_DTYPE_F16 && at[i]->dtype != AS_DTYPE_F64)
            return math_not_taken(at[i], err);
    }
    if (graph->opset < 15 && (!math_same_type(at[0], at[1], err) || !math_same_type(at[0], at[3], err)))
        return false;
    return math_same_type(at[1], at[2], err) && math_same_type(at[3], at[4], err);
}

bool as_graph_rule_batch_norm(as_graph *graph, const as_node *node, as_err *err)
{
    const as_value *x = as_rule_in(graph, node, 0);
    if (x->shape.rank < 2)
        return AS_FAIL(err, AS_EFORMAT, "its input has %d dimensions", x->shape.rank);
    if (as_node_int_or(node, "training_mode", 0) || !as_node_int_or(node, "spatial", 1))
        return AS_FAIL(err, AS_EUNSUPPORTED, "it is in training mode or not spatial (export the model for inference)");
    if (!math_norm_types(graph, node, err))
        return false;
    for (size_t i = 1; i < 5; i++) {
        const as_value *p = as_rule_in(graph, node, i);
        if (p->shape.rank != 1 ||
            (x->shape.dims[1] >= 0 && p->shape.dims[0] >= 0 && p->shape.dims[0] != x->shape.dims[1]))
            return AS_FAIL(err, AS_EFORMAT, "'%.200s' does not have one entry for each of %lld channels", p->name,
                           (long long)x->shape.dims[1]);
    }
    return as_rule_set(graph, node, 0, x->dtype, &x->shape, err);
}

bool as_graph_rule_softmax(as_graph *graph, const as_node *node, as_err *err)
{
    const as_value *x = as_rule_in(graph, node, 0);
    int             axis, rank = AS_MAX(x->shape.rank, 1);
    return as_rule_axis(as_node_int_or(node, "axis", graph->opset < 13 ? (x->shape.rank > 1) : -1), rank, &axis, err) &&
           as_rule_set(graph, node, 0, x->dtype, &x->shape, err);
}

bool as_graph_rule_dropout(as_graph *graph, const as_node *node, as_err *err)
{
    const as_value *x = as_rule_in(graph, node, 0), *training = as_rule_in(graph, node, 2),
                   *ratio = as_rule_in(graph, node, 1);
    const bool drops_none =
        ratio && ratio->constant && as_tensor_count(ratio->constant) == 1 && as_tensor_number(ratio->constant, 0) == 0;
    if (training && !drops_none &&
        (!training->constant || training->dtype != AS_DTYPE_BOOL || as_tensor_count(training->constant) != 1 ||
         *(const uint8_t *)training->constant->data))
        return AS_FAIL(err, AS_EUNSUPPORTED, "it is in training mode (export the model for inference)");
    return as_rule_set(graph, node, 0, x->dtype, &x->shape, err) &&
           as_rule_set(graph, node, 1, AS_DTYPE_BOOL, &x->shape, err);
}

/* Which axes a reduction removes; an attribute in older operator sets, the second input in newer ones. */
static bool math_axes(as_graph *graph, const as_node *node, int rank, bool *reduced, as_err *err)
{
    const int64_t *axes = NULL;
    size_t         n = 0;
    if (as_rule_in(graph, node, 1)) {
        const graph_known *known = as_rule_in_known(graph, node, 1);
        if (!known)
            return AS_FAIL(err, AS_EUNSUPPORTED, "its axes are not constant");
        axes = known->at;
        n = known->n;
    } else {
        as_node_ints(node, "axes", &axes, &n);
    }
    bool all = n == 0 && !as_node_int_or(node, "noop_with_empty_axes", 0);
    for (int i = 0; i < rank; i++)
        reduced[i] = all;
    for (size_t i = 0; i < n; i++) {
        int axis;
        if (!as_rule_axis(axes[i], rank, &axis, err))
            return false;
        reduced[axis] = true;
    }
    return true;
}

static as_shape math_reduced(const as_shape *in, const bool *reduced, bool keep)
{
    as_shape out = {.rank = 0};
    for (int i = 0; i < in->rank; i++)
        if (!reduced[i])
            out.dims[out.rank++] = in->dims[i];
        else if (keep)
            out.dims[out.rank++] = 1;
    return out;
}

bool as_graph_rule_reduce(as_graph *graph, const as_node *node, as_err *err)
{
    const as_value *x = as_rule_in(graph, node, 0);
    bool            reduced[AS_TENSOR_MAX_RANK];
    if (!math_axes(graph, node, x->shape.rank, reduced, err))
        return false;
    as_shape out = math_reduced(&x->shape, reduced, as_node_int_or(node, "keepdims", 1) != 0);
    return as_rule_set(graph, node, 0, x->dtype, &out, err);
}

bool as_graph_rule_argmax(as_graph *graph, const as_node *node, as_err *err)
{
    const as_value *x = as_rule_in(graph, node, 0);
    bool            reduced[AS_TENSOR_MAX_RANK] = {false};
    int             axis;
    if (!as_rule_axis(as_node_int_or(node, "axis", 0), x->shape.rank, &axis, err))
        return false;
    reduced[axis] = true;
    as_shape out = math_reduced(&x->shape, reduced, as_node_int_or(node, "keepdims", 1) != 0);
    return as_rule_set(graph, node, 0, AS_DTYPE_I64, &out, err);
}

bool as_graph_rule_cast(as_graph *graph, const as_node *node, as_err *err)
{
    int64_t to = as_node_int_or(node, "to", 0);
    if (to < 0 || to > 63 || !as_graph_dtype_known((int32_t)to))
        return AS_FAIL(err, AS_EUNSUPPORTED, "its element type %lld is not supported", (long long)to);
    return as_rule_set(graph, node, 0, (as_dtype)to, &as_rule_in(graph, node, 0)->shape, err);
}

bool as_graph_rule_constant(as_graph *graph, const as_node *node, as_err *err)
{
    const as_value *value = as_graph_value(graph, node->outputs[0]);
    return as_rule_set(graph, node, 0, value->constant->dtype, &value->constant->shape, err);
}
