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
