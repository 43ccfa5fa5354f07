/* SPDX-License-Identifier: Apache-2.0 */
/* rules.h - the shape rules and folds that op.def names, declared from it.
 *
 * Layer:   graph, private to it.
 * Threads: as graph.h.
 * Memory:  none.
 *
 * A rule is called when the shapes of all given inputs are known in rank (single dimensions may be -1); it sets those
 * of the outputs or says what does not fit. A fold (fold*.c, and beside some rules) may do nothing. Formulas: ONNX, Operators.md.
 */
#ifndef AS_GRAPH_RULES_H
#define AS_GRAPH_RULES_H

#include "graph/graph_priv.h"

#define X(name, min_in, max_in, min_out, max_out, types, rule, fold, attrs)       \
    bool as_graph_rule_##rule(as_graph *graph, const as_node *node, as_err *err); \
    void as_graph_fold_##fold(as_graph *graph, const as_node *node);
#include "graph/op.def"
#undef X

/* What the rules are written with. Input i of a node: */
const as_value    *as_rule_in(const as_graph *graph, const as_node *node, size_t i); /* NULL: left out */
const graph_known *as_rule_in_known(as_graph *graph, const as_node *node, size_t i); /* integers; NULL: not known */
const graph_known *as_rule_in_cells(as_graph *graph, const as_node *node, size_t i); /* or floats: fold.h */
AS_CHECK bool      as_rule_set(as_graph *graph, const as_node *node, size_t out, as_dtype dtype, const as_shape *shape,
                               as_err *err);
/* axis in [-rank, rank) made [0, rank) */
AS_CHECK bool as_rule_axis(int64_t axis, int rank, int *ret, as_err *err);
/* Two shapes made one by numpy's rules (ONNX, Broadcasting.md). */
AS_CHECK bool as_rule_broadcast(const as_shape *a, const as_shape *b, as_shape *ret, as_err *err);
/* The result of a convolution of x with weights w, of a matrix product. */
AS_CHECK bool as_rule_conv_shape(const as_node *node, const as_value *x, const as_value *w, as_shape *ret, as_err *err);
AS_CHECK bool as_rule_conv_bias(const as_value *bias, const as_value *w, as_err *err); /* bias may be NULL */
AS_CHECK bool as_rule_matmul_shape(const as_shape *a, const as_shape *b, as_shape *ret, as_err *err);

#endif
