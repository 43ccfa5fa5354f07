/* SPDX-License-Identifier: Apache-2.0 */
/* fold.h - what folds are written with: the numbers of small values, and walks over several of them at once.
 *
 * Layer:   graph, private to it.
 * Threads: as graph.h.
 * Memory:  numbers belong to the graph's view.
 *
 * A number is a cell of 64 bits: an integer (truths are 0 and 1), or the bits of a double where the value is of floats,
 * rounded to what its type holds. GRAPH_UNKNOWN, or a NaN, is a number that is not known; so is every one that its type
 * cannot hold, and every result that ONNX does not define. Not knowing is always allowed: the engine computes it.
 */
#ifndef AS_GRAPH_FOLD_H
#define AS_GRAPH_FOLD_H

#include "graph/rules.h"

#define FOLD_MAX_WAYS 3

typedef struct fold_in {
    size_t          n;
    const int64_t  *at;
    const as_shape *shape;
    as_dtype        dtype;
    bool            real;
} fold_in;

bool    as_fold_is_real(as_dtype dtype);
double  as_fold_real(int64_t cell);               /* of a cell of floats */
bool    as_fold_has(int64_t cell, bool real);     /* is it known? */
int64_t as_fold_none(bool real);                  /* one that is not */
int64_t as_fold_whole(as_dtype dtype, int64_t v); /* the cell of an integer type */
int64_t as_fold_float(as_dtype dtype, double v);  /* the cell of a float type */
int64_t as_fold_cast(int64_t cell, bool real, as_dtype to);

/* Input i of the node; false where it is left out or nothing is known of it. */
bool as_fold_read(as_graph *graph, const as_node *node, size_t i, fold_in *ret);
/* The cells of output `out`, none of them known yet; NULL where it has too many, or nobody asks for it. */
int64_t *as_fold_new(as_graph *graph, const as_node *node, size_t out);

/* Over all places of a shape, in their order; at[way] is where way `way` stands, in entries. */
typedef struct fold_walk {
    as_shape shape;
    int64_t  index[AS_TENSOR_MAX_RANK], step[FOLD_MAX_WAYS][AS_TENSOR_MAX_RANK], at[FOLD_MAX_WAYS];
} fold_walk;

void as_fold_strides(const as_shape *shape, int64_t *ret);
bool as_fold_walk(fold_walk *walk, const as_shape *shape);                  /* false: it has no places */
void as_fold_walk_over(fold_walk *walk, size_t way, const as_shape *shape); /* broadcast to the walk's */
bool as_fold_next(fold_walk *walk);                                         /* false: that was the last */

#endif
