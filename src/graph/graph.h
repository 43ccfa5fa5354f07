/* SPDX-License-Identifier: Apache-2.0 */
/* graph.h - an ONNX model as nodes and values: read, checked, built, cut and written.
 *
 * Layer:   graph (may use base/, tensor/).
 * Threads: one thread while it changes; immutable graphs may be read from any.
 * Memory:  the graph owns everything it returns; views are valid until the graph changes or is freed.
 *
 * The protobuf message is the truth: what is not touched is written back byte for byte. Opset 7 to 21, IR up to 10,
 * initialisers inline only, operators of the default domain that are on the list in op.def; sizes and shapes are bounded
 * before any allocation. Nodes are in topological order.
 */
#ifndef AS_GRAPH_GRAPH_H
#define AS_GRAPH_GRAPH_H

#include "base/str.h"
#include "tensor/tensor.h"

#define AS_GRAPH_MAX_BYTES ((size_t)1 << 30)

typedef struct as_graph as_graph;

typedef struct as_value {
    const char      *name;
    as_dtype         dtype; /* AS_DTYPE_NONE: not known */
    bool             has_shape;
    as_shape         shape;    /* -1: symbolic */
    const as_tensor *constant; /* of an initialiser, a Constant node or folded; NULL if computed or fed */
    int32_t          producer; /* node index; -1: input or constant */
    bool             is_input, is_output;
} as_value;

typedef struct as_node {
    const char    *op, *name; /* name may be "" */
    size_t         n_inputs, n_outputs;
    const int32_t *inputs, *outputs; /* value ids; -1: an optional one left out */
    const void    *proto;            /* for the attribute functions */
} as_node;

/* What becomes of bytes that are borrowed: they stay; they are those of as_fs_map(), of which pages go and come again; or of
 * as_fs_read_pages(), and nobody wants them when the graph is done: pages go for good. */
typedef enum as_lent { AS_LENT_KEPT, AS_LENT_MAPPED, AS_LENT_SPENT } as_lent;

/* name is what errors call the model (its file). Checks everything above; a refused operator is named with its node. */
AS_CHECK as_graph *as_graph_parse(const uint8_t *bytes, size_t n, const char *name, as_err *err);
AS_CHECK as_graph *as_graph_read(const char *path, as_err *err);
/* As as_graph_parse, but weights are not copied: the bytes must stay as they are until the graph is freed. What such a graph
 * is written as may differ in form from what was read. Large constants stand at any address. */
AS_CHECK as_graph *as_graph_borrow(const uint8_t *bytes, size_t n, as_lent lent, const char *name, as_err *err);
/* This constant is not needed for now, or (last) never again: its pages may leave memory. */
void as_graph_pass(const as_graph *graph, const as_tensor *constant, bool last);
/* Appends the file's bytes: those it was read from, as long as nothing has changed. */
AS_CHECK bool as_graph_write(const as_graph *graph, as_str *out, as_err *err);
as_graph     *as_graph_free(as_graph *graph);

const char *as_graph_op_name(size_t i); /* the list of operators; NULL past its end */

int             as_graph_opset(const as_graph *graph);
size_t          as_graph_n_nodes(const as_graph *graph);
const as_node  *as_graph_node(const as_graph *graph, size_t i);
size_t          as_graph_n_values(const as_graph *graph);
const as_value *as_graph_value(const as_graph *graph, int32_t id);
int32_t         as_graph_find(const as_graph *graph, const char *value_name); /* -1 */
size_t          as_graph_n_inputs(const as_graph *graph);                     /* without initialisers */
size_t          as_graph_n_outputs(const as_graph *graph);
int32_t         as_graph_input(const as_graph *graph, size_t i);
int32_t         as_graph_output(const as_graph *graph, size_t i);

/* Attributes: false if absent or of another type. */
bool as_node_int(const as_node *node, const char *name, int64_t *ret);
bool as_node_float(const as_node *node, const char *name, float *ret);
bool as_node_str(const as_node *node, const char *name, const char **ret, size_t *ret_n); /* not zero-ended */
bool as_node_ints(const as_node *node, const char *name, const int64_t **ret, size_t *ret_n);
/* The one entry of a tensor attribute, of as many bytes as its type has. */
bool as_node_number(const as_node *node, const char *name, as_dtype *ret_dtype, uint8_t ret[8]);
bool as_node_floats(const as_node *node, const char *name, const float **ret, size_t *ret_n);

/* Shape inference: gives every value its dtype and shape, with the first input's batch set to `batch` where it is symbolic
 * (0: leave it so). What can be computed now (Shape and what follows it, up to 1024 numbers a value) becomes `constant`.
 * AS_EFORMAT names the node whose shapes do not fit. */
AS_CHECK bool as_graph_infer_shapes(as_graph *graph, int64_t batch, as_err *err);
/* Of a dimension that is open (-1) after that: how many there will be at most. Until shapes are inferred again. */
void as_graph_set_room(as_graph *graph, int32_t id, int axis, int64_t room);

/* The last 4-d value before the classifier: what a head is trained on. AS_ENOTFOUND. */
AS_CHECK bool as_graph_feature_layer(const as_graph *graph, const char **ret_name, as_err *err);

/* Makes `value_name` the only output and drops what it does not need. */
AS_CHECK bool as_graph_cut(as_graph *graph, const char *value_name, as_err *err);

/* metadata_props */
const char   *as_graph_meta(const as_graph *graph, const char *key); /* NULL if absent */
AS_CHECK bool as_graph_set_meta(as_graph *graph, const char *key, const char *value, as_err *err);

#endif
