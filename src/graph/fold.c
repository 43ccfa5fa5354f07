/* SPDX-License-Identifier: Apache-2.0 */
/* Integers that can be computed without a single picture: shapes and what exporters do with them. */
#include "graph/rules.h"

void as_graph_fold_none(as_graph *graph, const as_node *node)
{
    (void)graph;
    (void)node;
}

/* Constants under another shape: some exporters reshape their weights in the graph. */
static void fold_view(as_graph *graph, const as_node *node)
{
    const as_value *in = as_rule_in(graph, node, 0);
    int32_t         id = node->outputs[0];
    as_value       *out = id >= 0 ? &graph->view.values[id] : NULL;
    size_t          n;
    if (!out || out->constant || !in->constant || in->constant->dtype != out->dtype)
        return;
    if (!as_shape_count(&out->shape, &n) || n != as_tensor_count(in->constant))
        return;
    graph->view.folded[id] = as_tensor_view(out->dtype, &out->shape, in->constant->data);
    out->constant = &graph->view.folded[id];
}

void as_graph_fold_copy(as_graph *graph, const as_node *node)
{
    const graph_known *x = as_rule_in_known(graph, node, 0);
    const as_value    *out = as_graph_value(graph, node->outputs[0]);
    if (x && out && (out->dtype == AS_DTYPE_I64 || out->dtype == AS_DTYPE_I32))
        as_rule_set_known(graph, node, x->at, x->n);
    else
        fold_view(graph, node);
}

void as_graph_fold_shape(as_graph *graph, const as_node *node)
{
    const as_shape *shape = &as_rule_in(graph, node, 0)->shape;
    const as_value *out = as_graph_value(graph, node->outputs[0]);
    int64_t         at[AS_TENSOR_MAX_RANK], start = as_node_int_or(node, "start", 0);
    start = AS_MIN(AS_MAX(start < 0 ? start + shape->rank : start, 0), shape->rank);
    size_t n = (size_t)out->shape.dims[0];
    for (size_t i = 0; i < n; i++) {
        int64_t dim = shape->dims[(size_t)start + i];
        at[i] = dim < 0 ? GRAPH_UNKNOWN : dim;
    }
    as_rule_set_known(graph, node, at, n);
}

void as_graph_fold_concat(as_graph *graph, const as_node *node)
{
    int64_t at[GRAPH_MAX_KNOWN];
    size_t  n = 0;
    for (size_t i = 0; i < node->n_inputs; i++) {
        const graph_known *x = as_rule_in_known(graph, node, i);
        const as_value    *value = as_rule_in(graph, node, i);
        if (!x || value->shape.rank != 1 || n + x->n > GRAPH_MAX_KNOWN)
            return;
        memcpy(&at[n], x->at, x->n * sizeof *at);
        n += x->n;
    }
    as_rule_set_known(graph, node, at, n);
}

void as_graph_fold_gather(as_graph *graph, const as_node *node)
{
    const graph_known *x = as_rule_in_known(graph, node, 0), *index = as_rule_in_known(graph, node, 1);
    int64_t            at[GRAPH_MAX_KNOWN];
    if (!x || !index || as_rule_in(graph, node, 0)->shape.rank != 1)
        return;
    for (size_t i = 0; i < index->n; i++) {
        int64_t from = index->at[i];
        if (from == GRAPH_UNKNOWN)
            return;
        from += from < 0 ? (int64_t)x->n : 0;
        if (from < 0 || from >= (int64_t)x->n)
            return;
        at[i] = x->at[from];
    }
    as_rule_set_known(graph, node, at, index->n);
}

/* Only what exporters write for shapes: one axis, forward, step 1. */
void as_graph_fold_slice(as_graph *graph, const as_node *node)
{
    const graph_known *x = as_rule_in_known(graph, node, 0), *starts = as_rule_in_known(graph, node, 1);
    const graph_known *steps = as_rule_in_known(graph, node, 4);
    const as_value    *out = as_graph_value(graph, node->outputs[0]);
    const int64_t     *given;
    size_t             n = 0;
    if (!x || out->shape.rank != 1 || out->shape.dims[0] < 0)
        return;
    int64_t start = GRAPH_UNKNOWN, length = out->shape.dims[0];
    if (starts && starts->n == 1)
        start = starts->at[0];
    else if (graph->opset < 10 && as_node_ints(node, "starts", &given, &n) && n == 1)
        start = given[0];
    if (start == GRAPH_UNKNOWN || (steps && (steps->n != 1 || steps->at[0] != 1)) ||
        (!steps && as_rule_in(graph, node, 4)))
        return;
    start += start < 0 ? (int64_t)x->n : 0;
    start = AS_MAX(start, 0);
    if (start <= (int64_t)x->n && length <= (int64_t)x->n - start)
        as_rule_set_known(graph, node, x->at + start, (size_t)length);
}

/* False: the result is not known. */
static bool fold_compute(const char *op, int64_t a, int64_t b, int64_t *ret)
{
    if (a == GRAPH_UNKNOWN || b == GRAPH_UNKNOWN)
        return false;
    switch (op[0]) { /* Add, Sub, Mul, Div */
    case 'A': return !__builtin_add_overflow(a, b, ret);
    case 'S': return !__builtin_sub_overflow(a, b, ret);
    case 'M': return !__builtin_mul_overflow(a, b, ret);
    default:
        if (b == 0 || (a == INT64_MIN && b == -1))
            return false;
        *ret = a / b; /* towards zero, as ONNX has it for integers */
        return true;
    }
}

void as_graph_fold_arithmetic(as_graph *graph, const as_node *node)
{
    const graph_known *x = as_rule_in_known(graph, node, 0), *y = as_rule_in_known(graph, node, 1);
    const as_value    *out = as_graph_value(graph, node->outputs[0]);
    int64_t            at[GRAPH_MAX_KNOWN];
    if (!x || !y || (x->n != y->n && x->n != 1 && y->n != 1) || out->shape.rank > 1)
        return;
    size_t n = AS_MAX(x->n, y->n);
    if (x->n == 0 || y->n == 0)
        n = 0;
    for (size_t i = 0; i < n; i++)
        if (!fold_compute(node->op, x->at[x->n == 1 ? 0 : i], y->at[y->n == 1 ? 0 : i], &at[i]))
            at[i] = GRAPH_UNKNOWN;
    as_rule_set_known(graph, node, at, n);
}
