/* SPDX-License-Identifier: Apache-2.0 */
/* about.h - what a model says of itself: who made it, for which version of ONNX, under which licence.
 *
 * Layer:   graph.
 * Threads: as graph.h.
 * Memory:  strings are the graph's, valid until it changes or is freed.
 *
 * Every text is as it stands in the file: of any bytes but zero, and not checked for being printable.
 */
#ifndef AS_GRAPH_ABOUT_H
#define AS_GRAPH_ABOUT_H

#include "graph/graph.h"

typedef struct as_graph_about {
    int64_t     ir, version; /* version: the model's own */
    const char *name;        /* of the graph */
    const char *producer, *producer_version, *domain, *doc;
    size_t      n_initializers;
} as_graph_about;

/* What the file does not say is "" or 0. */
as_graph_about as_graph_about_of(const as_graph *graph);

/* The i-th entry of metadata_props; false past the last. */
bool as_graph_meta_at(const as_graph *graph, size_t i, const char **ret_key, const char **ret_value);

/* The entry whose key speaks of a licence ("license", "com.example.Licence"); NULL where none does. */
const char *as_graph_licence(const as_graph *graph);

/* What the file calls dimension `axis` of input i ("N", "height"); NULL where it is fixed, or has no name. */
const char *as_graph_input_symbol(const as_graph *graph, size_t i, int axis);

#endif
