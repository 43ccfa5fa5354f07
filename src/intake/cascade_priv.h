/* SPDX-License-Identifier: Apache-2.0 */
/* cascade_priv.h - what a cascade is made of. For cascade.c and cascade_find.c only.
 *
 * Layer:   intake.
 * Threads: immutable after parsing.
 * Memory:  belongs to the cascade.
 */
#ifndef AS_INTAKE_CASCADE_PRIV_H
#define AS_INTAKE_CASCADE_PRIV_H

#include "intake/cascade.h"

typedef struct cascade_node {
    int32_t  left, right; /* above 0: a node of the tree, and a later one; else minus the leaf */
    uint32_t feature;
    float    threshold; /* Haar: below it goes left */
    uint32_t subset[8]; /* LBP: codes that go left, a bit each */
} cascade_node;

typedef struct cascade_tree {
    uint32_t first_node, n_nodes, first_leaf, n_leaves;
} cascade_tree;

typedef struct cascade_stage {
    uint32_t first_tree, n_trees;
    float    threshold; /* a sum below it is refused */
} cascade_stage;

typedef struct cascade_rect {
    uint32_t x, y, width, height; /* in the window; LBP: the first of 3 x 3 */
    float    weight;
} cascade_rect;

typedef struct cascade_feature {
    uint32_t     n_rects;
    cascade_rect rects[3];
} cascade_feature;

struct as_cascade {
    bool     is_lbp;
    uint32_t width, height; /* of the window */
    AS_VEC(cascade_stage) stages;
    AS_VEC(cascade_tree) trees;
    AS_VEC(cascade_node) nodes;
    AS_VEC(float) leaves;
    AS_VEC(cascade_feature) features;
};

#endif
