/* SPDX-License-Identifier: Apache-2.0 */
/* What gives or takes truth values. */
#include "graph/rules.h"

static bool logic_pair(as_graph *graph, const as_node *node, size_t i, as_shape *ret, as_err *err)
{
    const as_value *a = as_rule_in(graph, node, i), *b = as_rule_in(graph, node, i + 1);
    if (a->dtype != b->dtype)
        return AS_FAIL(err, AS_EFORMAT, "its inputs '%.100s' and '%.100s' are %s and %s", a->name, b->name,
                       as_dtype_name(a->dtype), as_dtype_name(b->dtype));
    return as_rule_broadcast(&a->shape, &b->shape, ret, err);
}

bool as_graph_rule_compare(as_graph *graph, const as_node *node, as_err *err)
{
    as_shape out;
    return logic_pair(graph, node, 0, &out, err) && as_rule_set(graph, node, 0, AS_DTYPE_BOOL, &out, err);
}

bool as_graph_rule_predicate(as_graph *graph, const as_node *node, as_err *err)
{
    return as_rule_set(graph, node, 0, AS_DTYPE_BOOL, &as_rule_in(graph, node, 0)->shape, err);
}

bool as_graph_rule_where(as_graph *graph, const as_node *node, as_err *err)
{
    as_shape out;
    return logic_pair(graph, node, 1, &out, err) &&
           as_rule_broadcast(&as_rule_in(graph, node, 0)->shape, &out, &out, err) &&
           as_rule_set(graph, node, 0, as_rule_in(graph, node, 1)->dtype, &out, err);
}

bool as_graph_rule_cast_like(as_graph *graph, const as_node *node, as_err *err)
{
    return as_rule_set(graph, node, 0, as_rule_in(graph, node, 1)->dtype, &as_rule_in(graph, node, 0)->shape, err);
}

/* --- folds: exporters choose between sizes --- */

static int64_t logic_at(const graph_known *x, size_t i)
{
    return x->at[x->n == 1 ? 0 : i];
}

void as_graph_fold_compare(as_graph *graph, const as_node *node)
{
    const graph_known *x = as_rule_in_known(graph, node, 0), *y = as_rule_in_known(graph, node, 1);
    int64_t            at[GRAPH_MAX_KNOWN];
    if (!x || !y || (x->n != y->n && x->n != 1 && y->n != 1) || as_graph_value(graph, node->outputs[0])->shape.rank > 1)
        return;
    const size_t n = x->n == 0 || y->n == 0 ? 0 : AS_MAX(x->n, y->n);
    for (size_t i = 0; i < n; i++) {
        const int64_t a = logic_at(x, i), b = logic_at(y, i);
        if (a == GRAPH_UNKNOWN || b == GRAPH_UNKNOWN)
            at[i] = GRAPH_UNKNOWN;
        else if (strcmp(node->op, "Equal") == 0)
            at[i] = a == b;
        else if (node->op[0] == 'L') /* Less, LessOrEqual */
            at[i] = a < b || (node->op[4] && a == b);
        else
            at[i] = a > b || (node->op[7] && a == b);
    }
    as_rule_set_known(graph, node, at, n);
}

void as_graph_fold_negative(as_graph *graph, const as_node *node)
{
    const graph_known *x = as_rule_in_known(graph, node, 0);
    int64_t            at[GRAPH_MAX_KNOWN];
    if (!x)
        return;
    for (size_t i = 0; i < x->n; i++) /* not known is its own opposite */
        at[i] = x->at[i] == GRAPH_UNKNOWN ? GRAPH_UNKNOWN : -x->at[i];
    as_rule_set_known(graph, node, at, x->n);
}

void as_graph_fold_where(as_graph *graph, const as_node *node)
{
    const graph_known *mask = as_rule_in_known(graph, node, 0), *x = as_rule_in_known(graph, node, 1),
                      *y = as_rule_in_known(graph, node, 2);
    int64_t at[GRAPH_MAX_KNOWN];
    if (!mask || !x || !y || as_graph_value(graph, node->outputs[0])->shape.rank > 1)
        return;
    const size_t n = AS_MAX(mask->n, AS_MAX(x->n, y->n));
    if ((mask->n != n && mask->n != 1) || (x->n != n && x->n != 1) || (y->n != n && y->n != 1))
        return;
    for (size_t i = 0; i < n; i++) {
        const int64_t which = logic_at(mask, i);
        at[i] = which == GRAPH_UNKNOWN ? GRAPH_UNKNOWN : logic_at(which ? x : y, i);
    }
    as_rule_set_known(graph, node, at, n);
}
