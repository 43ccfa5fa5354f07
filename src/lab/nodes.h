/* SPDX-License-Identifier: Apache-2.0 */
/* nodes.h - writing a graph down without asking after each line whether it went well.
 *
 * Layer:   lab.
 * Threads: one thread.
 * Memory:  borrows the graph.
 *
 * The first failure sticks: what follows does nothing, and as_nodes_finish returns false with that error.
 */
#ifndef AS_LAB_NODES_H
#define AS_LAB_NODES_H

#include "graph/build.h"

typedef struct as_nodes {
    as_graph *graph; /* NULL: failed already */
    as_err   *err;
    bool      failed;
} as_nodes;

as_nodes as_nodes_begin(as_graph *graph, as_err *err);

/* A node that is called as its one output is. a, b, c: inputs, NULL where there are no more. attr may be NULL. */
void as_nodes_add(as_nodes *nodes, const char *op, const char *to, const char *a, const char *b, const char *c,
                  const as_attr *attr);
void as_nodes_add_attrs(as_nodes *nodes, const char *op, const char *to, const char *a, const char *b, const char *c,
                        const as_attr *attrs, size_t n_attrs);
void as_nodes_concat(as_nodes *nodes, const char *to, const char *const *inputs); /* on axis 1; inputs end with NULL */

void as_nodes_floats(as_nodes *nodes, const char *name, const as_shape *shape, const float *values);
void as_nodes_ints(as_nodes *nodes, const char *name, const int64_t *values, size_t n);

/* The one output, in place of those there were; and checks the graph. */
AS_CHECK bool as_nodes_finish(as_nodes *nodes, const char *output, const as_shape *shape);

#endif
