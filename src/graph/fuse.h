/* SPDX-License-Identifier: Apache-2.0 */
/* fuse.h - what exporters write as many nodes, as the one operator that it is.
 *
 * Layer:   graph.
 * Threads: one thread.
 * Memory:  in place.
 *
 * Exporters spell operators that are younger than their operator set:
 *   Gelu                x * 0.5 * (1 + erf(x / sqrt 2)), in each order of its products   (Hendrycks and Gimpel 2016)
 *   Mish                x * tanh(softplus(x))                                             (Misra 2019)
 *   HardSwish           x * clip(x + 3, 0, 6) / 6, and HardSigmoid without the first x    (Howard et al. 2019)
 *   LayerNormalization  (x - mean) / sqrt(mean((x - mean)^2) + epsilon) * scale + bias    (Ba et al. 2016)
 *   Conv                zeros put around its input by a Pad of their own
 * A chain is left as it is where a value inside it is read by anybody else, or is an output. Results differ by rounding.
 */
#ifndef AS_GRAPH_FUSE_H
#define AS_GRAPH_FUSE_H

#include "graph/graph.h"

/* Infers the shapes first, with `batch` as as_graph_infer_shapes() has it. Value ids change; what was inferred is forgotten
 * where anything was fused. ret_n (may be NULL): how many chains became one node. */
AS_CHECK bool as_graph_fuse(as_graph *graph, int64_t batch, size_t *ret_n, as_err *err);

#endif
