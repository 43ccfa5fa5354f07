/* SPDX-License-Identifier: Apache-2.0 */
/* graph_priv.h - what the files of this module share: the graph's insides, the operator table, the shape helpers.
 *
 * Layer:   graph, private to it.
 * Threads: as graph.h.
 * Memory:  everything hangs on as_graph and is freed by as_graph_free.
 */
#ifndef AS_GRAPH_GRAPH_PRIV_H
#define AS_GRAPH_GRAPH_PRIV_H

#include "base/hash.h"
#include "graph/build.h"
#include "onnx.pb-c.h"

#define GRAPH_MIN_OPSET  7
#define GRAPH_MAX_OPSET  21
#define GRAPH_MIN_IR     3
#define GRAPH_MAX_IR     10
#define GRAPH_MAX_NODES  100000u
#define GRAPH_MAX_VALUES 400000u
#define GRAPH_MAX_DIM    ((int64_t)1 << 31) /* products of two stay far from overflow */
#define GRAPH_MAX_KNOWN  1024               /* numbers of one value that inference follows */
#define GRAPH_MAX_CELLS  ((size_t)1 << 21)  /* of all values: what one pass may take in memory, and in time */
#define GRAPH_UNKNOWN    INT64_MIN

/* Numbers that inference knows (fold.h): a shape on its way from Shape to Reshape. */
typedef struct graph_known {
    size_t  n;
    bool    real; /* the bits of doubles */
    bool    off;  /* GRAPH_UNKNOWN was one of them: the next stands for it */
    int64_t at[]; /* GRAPH_UNKNOWN, NaN: this one is not known */
} graph_known;

/* All that is derived from the protobuf message, made anew as a whole. */
typedef struct graph_view {
    as_value     *values;
    as_tensor    *constants; /* one a value; data NULL where there is none */
    as_dtype     *declared;  /* one a value: as the file says; AS_DTYPE_NONE where it does not */
    graph_known **known;     /* one a value, by inference; NULL where there is none */
    size_t        n_cells;   /* of them, about */
    as_tensor    *folded;    /* one a value, by inference */
    int32_t      *by_name;   /* value ids in the order of their names */
    size_t        n_values;
    as_node      *nodes;
    size_t        n_nodes;
    int32_t      *ids; /* what the nodes' inputs and outputs point into */
    int32_t      *inputs, *outputs;
    size_t        n_inputs, n_outputs;
} graph_view;

struct as_graph {
    Onnx__ModelProto *model;
    char             *name; /* what errors call it */
    int               opset;
    graph_view        view;
    uint8_t          *kept; /* the file, where it is written otherwise than we would: else NULL */
    size_t            n_kept;
    as_digest         kept_as; /* of what we would write */
    const uint8_t    *lent;    /* where large weights stand that are not ours; NULL: all is */
    size_t            n_lent;
    as_lent           how; /* it is */
};

typedef bool (*graph_rule)(as_graph *graph, const as_node *node, as_err *err);
typedef void (*graph_fold)(as_graph *graph, const as_node *node);

typedef enum graph_types { GRAPH_ANY = 1, GRAPH_FLOAT, GRAPH_NUMBER, GRAPH_BOOL } graph_types; /* of the first input */

typedef struct graph_op {
    const char *name;
    size_t      min_in, max_in, min_out, max_out;
    graph_types types;
    graph_rule  rule;  /* shapes and types of its outputs */
    graph_fold  fold;  /* its outputs' numbers, where its inputs' are known */
    const char *attrs; /* "name:kind ..." with kind i(nt) f(loat) s(tring) I(nts) F(loats) t(ensor) */
} graph_op;

const graph_op *as_graph_op_find(const char *name); /* NULL: not on the list */

/* check.c: what can be said of the message before there are views. */
AS_CHECK bool as_graph_check_wire(const uint8_t *bytes, size_t n, as_err *err);
AS_CHECK bool as_graph_check_model(const Onnx__ModelProto *model, int *ret_opset, as_err *err);
AS_CHECK bool as_graph_check_node(const Onnx__NodeProto *node, as_err *err);
const char   *as_graph_node_name(const Onnx__NodeProto *node); /* its own, or that of its first output; "" for none */
void          as_graph_node_label(const Onnx__NodeProto *node, char *label, size_t cap); /* "node 'conv1'" */

/* view.c */
AS_CHECK bool as_graph_view_make(as_graph *graph, as_err *err); /* on failure the old views stay */
void          as_graph_view_done(graph_view *view);
void          as_graph_view_forget(graph_view *view); /* what inference found */
AS_CHECK bool as_graph_value_type(const Onnx__ValueInfoProto *info, as_value *value, as_err *err);

/* constant.c: the data of a message as a tensor, a view where the layout allows it. */
AS_CHECK bool as_graph_read_constant(const Onnx__TensorProto *proto, as_tensor *ret, as_err *err);
AS_CHECK bool as_graph_read_constant_node(const Onnx__NodeProto *node, as_tensor *ret, as_err *err);
bool          as_graph_dtype_known(int32_t data_type);

/* edit.c: arrays of pointers that protobuf-c owns. */
AS_CHECK bool as_graph_append(void *array, size_t *n, void *item, as_err *err); /* array: T ***; item NULL: AS_ENOMEM */

/* borrow.c: nothing points into what was lent any more; the message's data is gone, or copied. */
void          as_graph_give_back(as_graph *graph);
AS_CHECK bool as_graph_own(as_graph *graph, as_err *err);

/* infer.c: numbers of a value, to be filled; NULL: one pass may not follow so many. */
graph_known *as_graph_known_new(graph_view *view, size_t n, bool real);

/* infer.c: within what a tensor may take; a size left open counts as one. */
bool          as_graph_size_fits(as_dtype dtype, const as_shape *shape);
AS_CHECK bool as_graph_input_fits(const as_value *value, as_err *err);

int64_t as_node_int_or(const as_node *node, const char *name, int64_t otherwise);

#endif
