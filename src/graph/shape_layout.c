/* SPDX-License-Identifier: Apache-2.0 */
/* What moves numbers without changing them. */
#include "graph/rules.h"

bool as_graph_rule_shape(as_graph *graph, const as_node *node, as_err *err)
{
    int     rank = as_rule_in(graph, node, 0)->shape.rank;
    int64_t start = as_node_int_or(node, "start", 0), end = as_node_int_or(node, "end", rank);
    start = AS_MIN(AS_MAX(start < 0 ? start + rank : start, 0), rank);
    end = AS_MIN(AS_MAX(end < 0 ? end + rank : end, start), rank);
    as_shape out = {.rank = 1, .dims = {end - start}};
    return as_rule_set(graph, node, 0, AS_DTYPE_I64, &out, err);
}

bool as_graph_rule_concat(as_graph *graph, const as_node *node, as_err *err)
{
    const as_value *first = as_rule_in(graph, node, 0);
    as_shape        out = first->shape;
    int             axis;
    if (!as_rule_axis(as_node_int_or(node, "axis", 1), out.rank, &axis, err))
        return false;
    for (size_t i = 1; i < node->n_inputs; i++) {
        const as_value *x = as_rule_in(graph, node, i);
        if (!x || x->shape.rank != out.rank || x->dtype != first->dtype)
            return AS_FAIL(err, AS_EFORMAT, "input %zu differs from input 0 in type or number of dimensions", i);
        for (int k = 0; k < out.rank; k++) {
            int64_t a = out.dims[k], b = x->shape.dims[k];
            if (k == axis)
                out.dims[k] = a < 0 || b < 0 ? -1 : a + b;
            else if (a >= 0 && b >= 0 && a != b)
                return AS_FAIL(err, AS_EFORMAT, "input %zu is %lld in dimension %d, others are %lld", i, (long long)b,
                               k, (long long)a);
            else
                out.dims[k] = AS_MAX(a, b);
        }
        if (out.dims[axis] > GRAPH_MAX_DIM)
            return AS_FAIL(err, AS_ELIMIT, "its result is larger than a tensor may be");
    }
    return as_rule_set(graph, node, 0, first->dtype, &out, err);
}

/* Output i of n gets part of `whole`, in equal parts but for the last. */
static int64_t layout_part(int64_t whole, size_t i, size_t n)
{
    int64_t part = (whole + (int64_t)n - 1) / (int64_t)n;
    if (whole < 0)
        return -1;
    return AS_MAX(AS_MIN(part, whole - part * (int64_t)i), 0);
}

bool as_graph_rule_split(as_graph *graph, const as_node *node, as_err *err)
{
    const as_value    *x = as_rule_in(graph, node, 0);
    const graph_known *known = as_rule_in_known(graph, node, 1);
    const int64_t     *sizes = NULL;
    size_t             n = node->n_outputs;
    int                axis;
    int64_t            sum = 0;
    if (!as_rule_axis(as_node_int_or(node, "axis", 0), x->shape.rank, &axis, err))
        return false;
    if (as_rule_in(graph, node, 1) && !known)
        return AS_FAIL(err, AS_EUNSUPPORTED, "the sizes of its parts are not constant");
    if (known) {
        sizes = known->at;
        n = known->n;
    } else if (!as_node_ints(node, "split", &sizes, &n)) {
        n = (size_t)AS_MAX(as_node_int_or(node, "num_outputs", (int64_t)n), 0);
    }
    if (n != node->n_outputs)
        return AS_FAIL(err, AS_EFORMAT, "it has %zu outputs for %zu parts", node->n_outputs, n);
    for (size_t i = 0; i < n; i++) {
        as_shape out = x->shape;
        out.dims[axis] = sizes ? sizes[i] : layout_part(x->shape.dims[axis], i, n);
        if (sizes && (sizes[i] < 0 || sizes[i] > GRAPH_MAX_DIM))
            return AS_FAIL(err, AS_EFORMAT, "part %zu has a size of %lld", i, (long long)sizes[i]);
        sum += sizes ? sizes[i] : 0;
        if (!as_rule_set(graph, node, i, x->dtype, &out, err))
            return false;
    }
    if (sizes && x->shape.dims[axis] >= 0 && sum != x->shape.dims[axis])
        return AS_FAIL(err, AS_EFORMAT, "its parts sum to %lld of %lld", (long long)sum,
                       (long long)x->shape.dims[axis]);
    return true;
}

/* The product of the dimensions from..to; -1 if one is not known. */
static bool layout_product(const as_shape *shape, int from, int to, int64_t *ret, as_err *err)
{
    int64_t product = 1;
    bool    unknown = false;
    for (int i = from; i < to; i++) {
        unknown = unknown || shape->dims[i] < 0;
        if (shape->dims[i] > 0 && __builtin_mul_overflow(product, shape->dims[i], &product))
            return AS_FAIL(err, AS_ELIMIT, "it is larger than a tensor may be");
        if (shape->dims[i] == 0)
            product = 0;
    }
    *ret = unknown ? -1 : product;
    return true;
}

bool as_graph_rule_flatten(as_graph *graph, const as_node *node, as_err *err)
{
    const as_value *x = as_rule_in(graph, node, 0);
    int64_t         axis = as_node_int_or(node, "axis", 1);
    int             rank = x->shape.rank;
    if (axis < -rank || axis > rank)
        return AS_FAIL(err, AS_EFORMAT, "axis %lld is not one of %d dimensions", (long long)axis, rank);
    int      at = (int)(axis < 0 ? axis + rank : axis);
    as_shape out = {.rank = 2};
    return layout_product(&x->shape, 0, at, &out.dims[0], err) &&
           layout_product(&x->shape, at, rank, &out.dims[1], err) && as_rule_set(graph, node, 0, x->dtype, &out, err);
}

/* Fills the one dimension that a Reshape leaves open (`open`, or -1), and checks that nothing is lost. */
static bool layout_reshape_rest(const as_shape *in, as_shape *out, const bool *copied, int open, as_err *err)
{
    as_shape from = *in, to = *out;
    int64_t  n_from, n_to;
    char     a[AS_TENSOR_MAX_RANK * 24], b[AS_TENSOR_MAX_RANK * 24];
    for (int i = 0; i < out->rank; i++)
        if (copied[i] && out->dims[i] < 0)
            from.dims[i] = to.dims[i] = 1; /* the same unknown on both sides */
    if (open >= 0)
        to.dims[open] = 1;
    if (!layout_product(&from, 0, from.rank, &n_from, err) || !layout_product(&to, 0, to.rank, &n_to, err))
        return false;
    if (n_from < 0 || n_to < 0)
        return true; /* the open one stays unknown */
    if (open >= 0 ? n_to == 0 || n_from % n_to != 0 : n_from != n_to)
        return AS_FAIL(err, AS_EFORMAT, "a shape of %s cannot become %s", as_shape_text(in, a, sizeof a),
                       as_shape_text(out, b, sizeof b));
    if (open >= 0)
        out->dims[open] = n_from / n_to;
    return true;
}

bool as_graph_rule_reshape(as_graph *graph, const as_node *node, as_err *err)
{
    const as_value    *x = as_rule_in(graph, node, 0), *target = as_rule_in(graph, node, 1);
    const graph_known *known = as_rule_in_known(graph, node, 1);
    as_shape           out = {.rank = 0};
    bool               copied[AS_TENSOR_MAX_RANK] = {false}, zero = as_node_int_or(node, "allowzero", 0) != 0;
    int                open = -1;
    if (target->dtype != AS_DTYPE_I64 || target->shape.rank != 1 || target->shape.dims[0] < 0 ||
        target->shape.dims[0] > AS_TENSOR_MAX_RANK)
        return AS_FAIL(err, AS_EUNSUPPORTED, "its second input is no list of at most %d integers", AS_TENSOR_MAX_RANK);
    out.rank = (int)target->shape.dims[0];
    if (known && known->n != (size_t)out.rank)
        known = NULL;
    for (int i = 0; i < out.rank; i++) {
        int64_t want = known ? known->at[i] : GRAPH_UNKNOWN;
        out.dims[i] = want == GRAPH_UNKNOWN ? -1 : want;
        if (want == 0 && !zero) {
            if (i >= x->shape.rank)
                return AS_FAIL(err, AS_EFORMAT, "it copies dimension %d of %d", i, x->shape.rank);
            out.dims[i] = x->shape.dims[i];
            copied[i] = true;
        } else if (want == -1) {
            if (open >= 0)
                return AS_FAIL(err, AS_EFORMAT, "it leaves two dimensions open");
            open = i;
        } else if (want < 0 && want != GRAPH_UNKNOWN) {
            return AS_FAIL(err, AS_EFORMAT, "it asks for a dimension of %lld", (long long)want);
        }
    }
    return layout_reshape_rest(&x->shape, &out, copied, open, err) && as_rule_set(graph, node, 0, x->dtype, &out, err);
}

bool as_graph_rule_transpose(as_graph *graph, const as_node *node, as_err *err)
{
    const as_value *x = as_rule_in(graph, node, 0);
    const int64_t  *perm;
    size_t          n;
    int             rank = x->shape.rank;
    as_shape        out = {.rank = rank};
    bool            seen[AS_TENSOR_MAX_RANK] = {false}, has = as_node_ints(node, "perm", &perm, &n);
    if (has && n != (size_t)rank)
        return AS_FAIL(err, AS_EFORMAT, "'perm' has %zu entries for %d dimensions", n, rank);
    for (int i = 0; i < rank; i++) {
        int64_t from = has ? perm[i] : rank - 1 - i;
        if (from < 0 || from >= rank || seen[from])
            return AS_FAIL(err, AS_EFORMAT, "'perm' is no permutation");
        seen[from] = true;
        out.dims[i] = x->shape.dims[from];
    }
    return as_rule_set(graph, node, 0, x->dtype, &out, err);
}

/* The axes of Squeeze and Unsqueeze: an attribute before operator set 13, the second input since. */
static bool layout_axes(as_graph *graph, const as_node *node, const int64_t **ret, size_t *ret_n, as_err *err)
{
    *ret = NULL;
    *ret_n = 0;
    if (!as_rule_in(graph, node, 1)) {
        as_node_ints(node, "axes", ret, ret_n);
        return true;
    }
    const graph_known *known = as_rule_in_known(graph, node, 1);
    if (!known)
        return AS_FAIL(err, AS_EUNSUPPORTED, "its axes are not constant");
    *ret = known->at;
    *ret_n = known->n;
    return true;
}

bool as_graph_rule_squeeze(as_graph *graph, const as_node *node, as_err *err)
{
    const as_value *x = as_rule_in(graph, node, 0);
    const int64_t  *axes;
    size_t          n;
    bool            gone[AS_TENSOR_MAX_RANK] = {false};
    as_shape        out = {.rank = 0};
    if (!layout_axes(graph, node, &axes, &n, err))
        return false;
    for (int i = 0; n == 0 && i < x->shape.rank; i++)
        gone[i] = x->shape.dims[i] == 1;
    for (size_t i = 0; i < n; i++) {
        int axis;
        if (!as_rule_axis(axes[i], x->shape.rank, &axis, err))
            return false;
        if (x->shape.dims[axis] > 1)
            return AS_FAIL(err, AS_EFORMAT, "it drops dimension %d, which is %lld", axis,
                           (long long)x->shape.dims[axis]);
        gone[axis] = true;
    }
    for (int i = 0; i < x->shape.rank; i++)
        if (!gone[i])
            out.dims[out.rank++] = x->shape.dims[i];
    return as_rule_set(graph, node, 0, x->dtype, &out, err);
}

bool as_graph_rule_unsqueeze(as_graph *graph, const as_node *node, as_err *err)
{
    const as_value *x = as_rule_in(graph, node, 0);
    const int64_t  *axes;
    size_t          n;
    bool            fresh[AS_TENSOR_MAX_RANK] = {false};
    if (!layout_axes(graph, node, &axes, &n, err))
        return false;
    if (n == 0 || n + (size_t)x->shape.rank > AS_TENSOR_MAX_RANK)
        return AS_FAIL(err, AS_EFORMAT, "it adds %zu dimensions to %d", n, x->shape.rank);
    as_shape out = {.rank = x->shape.rank + (int)n};
    for (size_t i = 0; i < n; i++) {
        int axis;
        if (!as_rule_axis(axes[i], out.rank, &axis, err))
            return false;
        if (fresh[axis])
            return AS_FAIL(err, AS_EFORMAT, "it adds dimension %d twice", axis);
        fresh[axis] = true;
    }
    for (int i = 0, from = 0; i < out.rank; i++)
        out.dims[i] = fresh[i] ? 1 : x->shape.dims[from++];
    return as_rule_set(graph, node, 0, x->dtype, &out, err);
}

bool as_graph_rule_gather(as_graph *graph, const as_node *node, as_err *err)
{
    const as_value *x = as_rule_in(graph, node, 0), *index = as_rule_in(graph, node, 1);
    as_shape        out = {.rank = 0};
    int             axis;
    if (index->dtype != AS_DTYPE_I64 && index->dtype != AS_DTYPE_I32)
        return AS_FAIL(err, AS_EFORMAT, "its indices are %s", as_dtype_name(index->dtype));
    if (!as_rule_axis(as_node_int_or(node, "axis", 0), x->shape.rank, &axis, err))
        return false;
    if (x->shape.rank - 1 + index->shape.rank > AS_TENSOR_MAX_RANK)
        return AS_FAIL(err, AS_ELIMIT, "its result has more than %d dimensions", AS_TENSOR_MAX_RANK);
    for (int i = 0; i < axis; i++)
        out.dims[out.rank++] = x->shape.dims[i];
    for (int i = 0; i < index->shape.rank; i++)
        out.dims[out.rank++] = index->shape.dims[i];
    for (int i = axis + 1; i < x->shape.rank; i++)
        out.dims[out.rank++] = x->shape.dims[i];
    return as_rule_set(graph, node, 0, x->dtype, &out, err);
}
