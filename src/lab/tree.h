/* SPDX-License-Identifier: Apache-2.0 */
/* tree.h - a small decision tree, grown greedily (CART: Breiman, Friedman, Olshen and Stone, 1984).
 *
 * Layer:   lab (may use base/).
 * Threads: pure functions; data may be shared.
 * Memory:  an as_tree is a plain value.
 */
#ifndef AS_LAB_TREE_H
#define AS_LAB_TREE_H

#include "base/err.h"
#include "spec/spec.h"

#define AS_TREE_MAX_DEPTH 4
#define AS_TREE_MAX_NODES ((1u << (AS_TREE_MAX_DEPTH + 1)) - 1)

typedef struct as_tree_data {
    uint32_t        n_features, n_classes;
    const float    *x;       /* row i at x + i * n_features; finite */
    const uint32_t *labels;  /* of row i */
    const double   *weights; /* of row i, > 0 */
    const uint32_t *rows;    /* the rows that count */
    size_t          n_rows;
} as_tree_data;

typedef struct as_tree_node {
    int32_t  feature;      /* -1: a leaf */
    float    threshold;    /* x > threshold goes to `above`: the middle between the two nearest rows */
    float    gap;          /* how far apart those two are */
    uint32_t below, above; /* node indices, after this node's own */
    size_t   n_rows;
    double   mass[AS_SPEC_MAX_CLASSES]; /* weight of the rows that came here, by class */
} as_tree_node;

typedef struct as_tree {
    uint32_t     n_nodes, n_classes;
    as_tree_node at[AS_TREE_MAX_NODES]; /* the root is first */
} as_tree;

/* Splits where the weighted Gini impurity falls most; between equal splits the one with the widest gap for the spread of
 * its feature. No leaf has fewer than min_rows rows. AS_EINVAL for no rows, a depth above AS_TREE_MAX_DEPTH. */
AS_CHECK bool as_tree_grow(const as_tree_data *data, uint32_t max_depth, size_t min_rows, as_tree *ret, as_err *err);

uint32_t as_tree_leaf(const as_tree *tree, const float *x); /* node index */

/* The class of the greatest mass; the first when equal. */
uint32_t as_tree_class(const as_tree *tree, uint32_t node);

#endif
