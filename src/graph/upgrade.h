/* SPDX-License-Identifier: Apache-2.0 */
/* upgrade.h - a graph of an older operator set made one of set 13.
 *
 * Layer:   graph.
 * Threads: one thread.
 * Memory:  in place.
 *
 * From set 13 on weights may have one scale a channel, which models of whole numbers need. Between 7 and 13 numbers that were
 * attributes became inputs, and some operators count their axes otherwise (ONNX, Changelog.md): nodes are written anew so
 * that the model computes what it did.
 */
#ifndef AS_GRAPH_UPGRADE_H
#define AS_GRAPH_UPGRADE_H

#include "graph/graph.h"

enum { AS_GRAPH_UPGRADED = 13 };

/* Nothing happens to a graph of set 13 or later. Value ids change. After a failure the graph can only be freed. AS_EUNSUPPORTED names a node that set 13 has no form of. */
AS_CHECK bool as_graph_upgrade(as_graph *graph, as_err *err);

#endif
