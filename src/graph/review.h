/* SPDX-License-Identifier: Apache-2.0 */
/* review.h - everything that keeps a model from being used, not the first of it alone.
 *
 * Layer:   graph.
 * Threads: as graph.h.
 * Memory:  as_review_done frees all that is in a review.
 */
#ifndef AS_GRAPH_REVIEW_H
#define AS_GRAPH_REVIEW_H

#include "base/vec.h"
#include "graph/graph.h"

#define AS_REVIEW_MAX 1000 /* refusals that are kept */

typedef struct as_graph_refusal {
    char       *node; /* its name, or that of its first output where it has none; "": the model as a whole */
    char       *op;   /* "" without a node */
    char       *reason;
    as_err_code code;
} as_graph_refusal;

typedef struct as_review {
    as_graph *graph; /* NULL: the reader refuses the model */
    AS_VEC(as_graph_refusal) refusals;
    size_t n_more; /* beyond AS_REVIEW_MAX */
} as_review;

/* Reads a model and looks at every node and constant of it. False only where the bytes are no ONNX model at all, or memory
 * runs out; else the graph is there, or refusals say why it is not. */
AS_CHECK bool as_review_read(const uint8_t *bytes, size_t n, const char *name, as_review *ret, as_err *err);

/* Infers the shapes of review->graph, as as_graph_infer_shapes, and adds what does not fit. */
AS_CHECK bool as_review_shapes(as_review *review, int64_t batch, as_err *err);

/* Adds what somebody else says of a node (NULL: of the whole); its name in front of the reason is left out. */
AS_CHECK bool as_review_add(as_review *review, const as_node *node, const as_err *why, as_err *err);
void          as_review_done(as_review *review);

/* Node i as a model of its own: what it reads and is not constant is fed. After as_graph_infer_shapes; AS_EUNSUPPORTED
 * where a shape is not known. */
AS_CHECK as_graph *as_graph_alone(const as_graph *graph, size_t i, as_err *err);

#endif
