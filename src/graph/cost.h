/* SPDX-License-Identifier: Apache-2.0 */
/* cost.h - what running a model takes: parameters, multiply-adds, memory for what is on its way.
 *
 * Layer:   graph.
 * Threads: as graph.h.
 * Memory:  as_graph_cost_done frees what as_graph_cost_of made.
 *
 * Counted of the graph as it stands, by the shapes that as_graph_infer_shapes found: an engine that fuses, or keeps values
 * in blocks, takes other amounts.
 */
#ifndef AS_GRAPH_COST_H
#define AS_GRAPH_COST_H

#include "graph/graph.h"

typedef struct as_node_cost {
    uint64_t n_parameters; /* elements of the constants that it is the first to read, but for i64 and bool: these are
                               shapes, indices and switches */
    uint64_t n_multiplies; /* multiply-adds of a convolution or matrix product; of other operators none are counted */
    bool     is_counted;   /* false: a size is not known */
} as_node_cost;

typedef struct as_graph_cost {
    as_node_cost *nodes; /* one a node */
    uint64_t      n_parameters, parameter_bytes, n_multiplies;
    size_t        n_uncounted; /* nodes whose multiply-adds are not known */
    /* The most that values on their way take at once, node after node: what is fed and computed from when it is made to
     * its last reader, outputs to the end. Reshape and its like are views. */
    uint64_t peak_bytes;
    int32_t  peak_node;     /* where that is; -1 without a node */
    bool     is_peak_known; /* false: the size of a value is not known */
} as_graph_cost;

/* After as_graph_infer_shapes, also one that failed: what it did not reach is not known. */
AS_CHECK bool as_graph_cost_of(const as_graph *graph, as_graph_cost *ret, as_err *err);
void          as_graph_cost_done(as_graph_cost *cost);

/* How long the node takes to compute, roughly and rather too long, in multiply-adds: those that it has, and four for each
 * time that a number that is read or made is looked at. UINT64_MAX where a size is not known, or nobody could count so far. */
uint64_t as_graph_work_of(const as_graph *graph, const as_node *node);

#endif
