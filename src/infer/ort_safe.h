/* SPDX-License-Identifier: Apache-2.0 */
/* ort_safe.h - graphs that our check passes and ONNX Runtime cannot be trusted with: it would end the program.
 *
 * Layer:   infer (may use graph/, engine/).
 * Threads: any.
 * Memory:  none.
 *
 * Found by tests/differ/edge with ONNX Runtime 1.30: an integer division traps where the least number of all is divided by
 * -1, while a graph is opened (constants are folded) or run; InstanceNormalization and ConvTranspose read memory that is not
 * there where their input has no numbers, and TopK divides by how many rows there are. All of it is refused where it cannot
 * be ruled out; and so is what would take more memory than our engine may (AS_ENGINE_MAX_BYTES).
 */
#ifndef AS_INFER_ORT_SAFE_H
#define AS_INFER_ORT_SAFE_H

#include "graph/graph.h"

/* After as_graph_infer_shapes. AS_EUNSUPPORTED names the node; AS_ELIMIT: too much memory. */
AS_CHECK bool as_ort_safe(const as_graph *graph, as_err *err);

#endif
