/* SPDX-License-Identifier: Apache-2.0 */
/* Normalisations by what the data itself says: over a layer, an instance, groups of channels. */
#include "graph/rules.h"

static bool norm_fits(const as_value *p, int64_t n, const char *what, as_err *err)
{
    return (p->shape.rank == 1 && (n < 0 || p->shape.dims[0] < 0 || p->shape.dims[0] == n)) ||
           AS_FAIL(err, AS_EFORMAT, "'%.200s' does not have one entry for each of %lld %s", p->name, (long long)n,
                   what);
}

bool as_graph_rule_layer_norm(as_graph *graph, const as_node *node, as_err *err)
{
    const as_value *x = as_rule_in(graph, node, 0);
    as_shape        parameters = {.rank = 0}, out, each = x->shape;
    int             axis;
    if (!as_rule_axis(as_node_int_or(node, "axis", -1), x->shape.rank, &axis, err))
        return false;
    for (int i = axis; i < x->shape.rank; i++) {
        parameters.dims[parameters.rank++] = x->shape.dims[i];
        each.dims[i] = 1;
    }
    for (size_t i = 1; i < 3; i++) {
        const as_value *p = as_rule_in(graph, node, i);
        if (!p)
            continue;
        if (p->dtype != x->dtype || !as_rule_broadcast(&parameters, &p->shape, &out, err))
            return p->dtype != x->dtype ? AS_FAIL(err, AS_EFORMAT, "'%.200s' is %s", p->name, as_dtype_name(p->dtype))
                                        : false;
        if (out.rank != parameters.rank)
            return AS_FAIL(err, AS_EFORMAT, "'%.200s' has more dimensions than are normalised", p->name);
    }
    return as_rule_set(graph, node, 0, x->dtype, &x->shape, err) &&
           as_rule_set(graph, node, 1, AS_DTYPE_F32, &each, err) &&
           as_rule_set(graph, node, 2, AS_DTYPE_F32, &each, err);
}

bool as_graph_rule_instance_norm(as_graph *graph, const as_node *node, as_err *err)
{
    const as_value *x = as_rule_in(graph, node, 0);
    if (x->shape.rank < 3)
        return AS_FAIL(err, AS_EFORMAT, "its input has %d dimensions", x->shape.rank);
    return norm_fits(as_rule_in(graph, node, 1), x->shape.dims[1], "channels", err) &&
           norm_fits(as_rule_in(graph, node, 2), x->shape.dims[1], "channels", err) &&
           as_rule_set(graph, node, 0, x->dtype, &x->shape, err);
}

/* One scale for each group in operator set 18, for each channel since 21. */
bool as_graph_rule_group_norm(as_graph *graph, const as_node *node, as_err *err)
{
    const as_value *x = as_rule_in(graph, node, 0);
    const int64_t   groups = as_node_int_or(node, "num_groups", 0);
    if (x->shape.rank < 3)
        return AS_FAIL(err, AS_EFORMAT, "its input has %d dimensions", x->shape.rank);
    if (groups < 1 || (x->shape.dims[1] >= 0 && x->shape.dims[1] % groups != 0))
        return AS_FAIL(err, AS_EFORMAT, "%lld channels cannot form %lld groups", (long long)x->shape.dims[1],
                       (long long)groups);
    const int64_t n = graph->opset < 21 ? groups : x->shape.dims[1];
    return norm_fits(as_rule_in(graph, node, 1), n, graph->opset < 21 ? "groups" : "channels", err) &&
           norm_fits(as_rule_in(graph, node, 2), n, graph->opset < 21 ? "groups" : "channels", err) &&
           as_rule_set(graph, node, 0, x->dtype, &x->shape, err);
}

bool as_graph_rule_along(as_graph *graph, const as_node *node, as_err *err)
{
    const as_value *x = as_rule_in(graph, node, 0);
    int             axis;
    return as_rule_axis(as_node_int_or(node, "axis", -1), x->shape.rank, &axis, err) &&
           as_rule_set(graph, node, 0, x->dtype, &x->shape, err);
}

bool as_graph_rule_mean_variance(as_graph *graph, const as_node *node, as_err *err)
{
    static const int64_t usual[] = {0, 2, 3};
    const as_value      *x = as_rule_in(graph, node, 0);
    const int64_t       *axes = usual;
    size_t               n = AS_COUNT(usual);
    bool                 seen[AS_TENSOR_MAX_RANK] = {false};
    int                  axis;
    (void)as_node_ints(node, "axes", &axes, &n);
    for (size_t i = 0; i < n; i++) {
        if (!as_rule_axis(axes[i], x->shape.rank, &axis, err))
            return false;
        if (seen[axis])
            return AS_FAIL(err, AS_EFORMAT, "it names axis %d twice", axis);
        seen[axis] = true;
    }
    return as_rule_set(graph, node, 0, x->dtype, &x->shape, err);
}
