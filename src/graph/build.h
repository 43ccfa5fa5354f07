/* SPDX-License-Identifier: Apache-2.0 */
/* build.h - making graphs, or adding to one, node by node.
 *
 * Layer:   graph.
 * Threads: one thread.
 * Memory:  names and data are copied into the graph.
 *
 * Built models use opset 17 and IR 8, producer "assay". Call as_graph_finish() before using a built graph.
 */
#ifndef AS_GRAPH_BUILD_H
#define AS_GRAPH_BUILD_H

#include "graph/graph.h"

AS_CHECK as_graph *as_graph_new(const char *name, as_err *err);

/* Another operator set than 17, before nodes are added; the IR version follows. */
AS_CHECK bool as_graph_set_opset(as_graph *graph, int version, as_err *err);

/* dims: -1 is the symbolic batch "N". */
AS_CHECK bool as_graph_add_input(as_graph *graph, const char *name, as_dtype dtype, const as_shape *shape, as_err *err);
AS_CHECK bool as_graph_add_output(as_graph *graph, const char *name, as_dtype dtype, const as_shape *shape,
                                  as_err *err);

/* Another shape for an input there is: a size left open becomes fixed. AS_ENOTFOUND. */
AS_CHECK bool as_graph_set_input_shape(as_graph *graph, const char *name, const as_shape *shape, as_err *err);
AS_CHECK bool as_graph_clear_outputs(as_graph *graph, as_err *err);
AS_CHECK bool as_graph_add_constant(as_graph *graph, const char *name, const as_tensor *value, as_err *err);

typedef struct as_attr {
    const char *name;
    enum { AS_ATTR_INT = 1, AS_ATTR_FLOAT, AS_ATTR_STR, AS_ATTR_INTS } kind;
    int64_t        i;
    float          f;
    const char    *s;
    const int64_t *ints;
    size_t         n;
} as_attr;

/* inputs and outputs are value names, ended by NULL; attrs may be NULL when n_attrs is 0. */
AS_CHECK bool as_graph_add_node(as_graph *graph, const char *op, const char *name, const char *const *inputs,
                                const char *const *outputs, const as_attr *attrs, size_t n_attrs, as_err *err);

/* Checks the whole graph and rebuilds its views. */
AS_CHECK bool as_graph_finish(as_graph *graph, as_err *err);

#endif
