/* SPDX-License-Identifier: Apache-2.0 */
#include "lab/nodes.h"

as_nodes as_nodes_begin(as_graph *graph, as_err *err)
{
    return (as_nodes){graph, err, graph == NULL};
}

void as_nodes_add_attrs(as_nodes *nodes, const char *op, const char *to, const char *a, const char *b, const char *c,
                        const as_attr *attrs, size_t n_attrs)
{
    const char *inputs[] = {a, b, c, NULL}, *outputs[] = {to, NULL};
    if (!nodes->failed)
        nodes->failed = !as_graph_add_node(nodes->graph, op, to, inputs, outputs, attrs, n_attrs, nodes->err);
}

void as_nodes_add(as_nodes *nodes, const char *op, const char *to, const char *a, const char *b, const char *c,
                  const as_attr *attr)
{
    as_nodes_add_attrs(nodes, op, to, a, b, c, attr, attr != NULL);
}

void as_nodes_concat(as_nodes *nodes, const char *to, const char *const *inputs)
{
    const as_attr axis = {.name = "axis", .kind = AS_ATTR_INT, .i = 1};
    const char   *outputs[] = {to, NULL};
    if (!nodes->failed)
        nodes->failed = !as_graph_add_node(nodes->graph, "Concat", to, inputs, outputs, &axis, 1, nodes->err);
}

static void nodes_constant(as_nodes *nodes, const char *name, as_dtype dtype, const as_shape *shape, const void *values,
                           size_t each)
{
    as_tensor tensor = {0};
    if (nodes->failed)
        return;
    nodes->failed = !as_tensor_new(&tensor, dtype, shape, nodes->err);
    if (nodes->failed)
        return;
    memcpy(tensor.data, values, as_tensor_count(&tensor) * each);
    nodes->failed = !as_graph_add_constant(nodes->graph, name, &tensor, nodes->err);
    as_tensor_done(&tensor);
}

void as_nodes_floats(as_nodes *nodes, const char *name, const as_shape *shape, const float *values)
{
    nodes_constant(nodes, name, AS_DTYPE_F32, shape, values, sizeof *values);
}

void as_nodes_ints(as_nodes *nodes, const char *name, const int64_t *values, size_t n)
{
    nodes_constant(nodes, name, AS_DTYPE_I64, &(as_shape){1, {(int64_t)n}}, values, sizeof *values);
}

bool as_nodes_finish(as_nodes *nodes, const char *output, const as_shape *shape)
{
    return !nodes->failed && as_graph_clear_outputs(nodes->graph, nodes->err) &&
           as_graph_add_output(nodes->graph, output, AS_DTYPE_F32, shape, nodes->err) &&
           as_graph_finish(nodes->graph, nodes->err);
}
