/* SPDX-License-Identifier: Apache-2.0 */
/* rules.h - the shape rules and folds that op.def names, declared from it.
 *
 * Layer:   graph, private to it.
 * Threads: as graph.h.
 * Memory:  none.
 *
 * A rule is called when the shapes of all given inputs are known in rank (single dimensions may be -1); it sets those
 * of the outputs or says what does not fit. A fold may do nothing. Formulas: ONNX, Operators.md.
 */
#ifndef AS_GRAPH_RULES_H
#define AS_GRAPH_RULES_H

#include "graph/graph_priv.h"

#define X(name, min_in, max_in, min_out, max_out, types, rule, fold, attrs)       \
    bool as_graph_rule_##rule(as_graph *graph, const as_node *node, as_err *err); \
    void as_graph_fold_##fold(as_graph *graph, const as_node *node);
#include "graph/op.def"
#undef X

#endif
