/* SPDX-License-Identifier: Apache-2.0 */
/* diff.h - what two models differ in: nodes, constants, inputs and outputs, metadata.
 *
 * Layer:   graph.
 * Threads: as graph.h.
 * Memory:  as_graph_diff_done frees all that is in the list.
 *
 * Things are the same when they have the same name: a node without one goes by its first output. How numbers are stored is
 * no difference, nor are the order of nodes and the names of dimensions.
 */
#ifndef AS_GRAPH_DIFF_H
#define AS_GRAPH_DIFF_H

#include "base/vec.h"
#include "graph/graph.h"

typedef enum as_diff_of {
    AS_DIFF_OF_NONE,
    AS_DIFF_MODEL, /* operator set, IR version, producer ... */
    AS_DIFF_INPUT,
    AS_DIFF_OUTPUT,
    AS_DIFF_NODE,
    AS_DIFF_CONSTANT,
    AS_DIFF_META,
    AS_DIFF_OF_COUNT
} as_diff_of;

typedef enum as_diff_kind {
    AS_DIFF_KIND_NONE,
    AS_DIFF_ADDED, /* only the second has it */
    AS_DIFF_REMOVED,
    AS_DIFF_CHANGED
} as_diff_kind;

typedef struct as_graph_change {
    as_diff_of   of;
    as_diff_kind kind;
    const char  *name; /* the graph's */
    char        *text; /* what it is, or what changed: "strides 2,2 -> 1,1" */
    /* of a constant that has the same shape in both: */
    bool     has_numbers;
    uint64_t n, n_different; /* elements */
    double   largest;        /* of |a - b|; infinite where one of them is no number */
    uint64_t at;             /* the element where it is, row major */
} as_graph_change;

typedef struct as_graph_changes {
    AS_VEC(as_graph_change) list;
} as_graph_changes;

/* In the order of as_diff_of, and by name. Both graphs must outlive the list. */
AS_CHECK bool as_graph_diff(const as_graph *a, const as_graph *b, as_graph_changes *ret, as_err *err);
void          as_graph_diff_done(as_graph_changes *changes);

const char *as_diff_of_name(as_diff_of of); /* "node", "metadata", ... */

#endif
