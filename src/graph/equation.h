/* SPDX-License-Identifier: Apache-2.0 */
/* equation.h - Einsum's equation as words: a letter for each dimension of each input, and of the result.
 *
 * Layer:   graph.
 * Threads: any.
 * Memory:  plain values.
 *
 * ONNX, Einsum (numpy's rules). An ellipsis stands for the dimensions that have no letter; they are aligned at their end
 * and broadcast. Here they get letters of their own, '7' for the last, '6' for the one before, and so on.
 */
#ifndef AS_GRAPH_EQUATION_H
#define AS_GRAPH_EQUATION_H

#include "graph/graph.h"

#define AS_EQUATION_INPUTS 8

typedef struct as_equation {
    size_t n_in;
    char   words[AS_EQUATION_INPUTS + 1][AS_TENSOR_MAX_RANK + 1]; /* words[n_in] is the result's */
} as_equation;

/* ranks: of the node's inputs. AS_EFORMAT where the equation does not fit them. */
AS_CHECK bool as_equation_read(const as_node *node, const int *ranks, as_equation *ret, as_err *err);

static inline bool as_equation_broadcasts(char letter)
{
    return letter >= '0' && letter < '0' + AS_TENSOR_MAX_RANK;
}

#endif
