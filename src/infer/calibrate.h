/* SPDX-License-Identifier: Apache-2.0 */
/* calibrate.h - which numbers each value of a network takes over given inputs: what as_graph_quantise() needs.
 *
 * Layer:   infer (may use graph/, engine/).
 * Threads: one thread.
 * Memory:  ret_ranges is the caller's: one a value of the graph; as_range_done frees what is in them.
 */
#ifndef AS_INFER_CALIBRATE_H
#define AS_INFER_CALIBRATE_H

#include "graph/quantise.h"

/* Runs the graph on inputs[i * as_graph_n_inputs(graph) + k], k its inputs, each of batch 1. Infers its shapes. */
AS_CHECK bool as_calibrate(as_graph *graph, const as_tensor *inputs, size_t n, as_range *ret_ranges, as_err *err);

#endif
