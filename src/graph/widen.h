/* SPDX-License-Identifier: Apache-2.0 */
/* widen.h - a graph of half floats made one of floats.
 *
 * Layer:   graph.
 * Threads: one thread.
 * Memory:  in place; weights take twice the bytes.
 *
 * Exporters store models as f16 to halve the file; processors compute in f32. Weights are widened exactly, and what flows
 * between nodes is no longer rounded to 11 bits: results are those of the same weights in f32, and a value beyond
 * 65,504 stays what it is. Inputs and outputs keep their type: a Cast stands between them and the rest.
 */
#ifndef AS_GRAPH_WIDEN_H
#define AS_GRAPH_WIDEN_H

#include "graph/graph.h"

/* Nothing happens to a graph without f16. Value ids change. */
AS_CHECK bool as_graph_widen(as_graph *graph, as_err *err);

#endif
