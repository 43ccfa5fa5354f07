/* SPDX-License-Identifier: Apache-2.0 */
/* read_priv.h - the steps of reading a model, for those that take them one by one.
 *
 * Layer:   graph, private to it.
 * Threads: as graph.h.
 * Memory:  as said below.
 */
#ifndef AS_GRAPH_READ_PRIV_H
#define AS_GRAPH_READ_PRIV_H

#include "graph/graph_priv.h"

/* parse.c: any ONNX message, within what memory it may take; freed with onnx__model_proto__free_unpacked. */
AS_CHECK Onnx__ModelProto *as_graph_unpack(const uint8_t *bytes, size_t n, as_err *err);

/* parse.c: a graph that holds nothing but its name. */
AS_CHECK as_graph *as_graph_begin(const char *name, as_err *err);

/* borrow.c: as as_graph_borrow, for tensors of that many bytes and more. */
AS_CHECK as_graph *as_graph_borrow_from(const uint8_t *bytes, size_t n, size_t least, const char *name, as_err *err);

/* check.c: as as_graph_check_model, but for the nodes. */
AS_CHECK bool as_graph_check_frame(const Onnx__ModelProto *model, int *ret_opset, as_err *err);

/* write.c: remembers the file that the message was read from, where it needs it to write it back. */
AS_CHECK bool as_graph_keep(as_graph *graph, const uint8_t *bytes, size_t n, as_err *err);

/* infer.c: the pass goes on after a node that does not fit: `refused` is told of each, but for those that cannot be judged
 * because one before them was refused. False when the inputs cannot be used. */
typedef void (*graph_refused)(void *ctx, const as_node *node, const as_err *why);
AS_CHECK bool as_graph_infer_all(as_graph *graph, int64_t batch, graph_refused refused, void *ctx, as_err *err);

#endif
