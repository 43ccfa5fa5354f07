/* SPDX-License-Identifier: Apache-2.0 */
#include "graph/fuse.h"

#include <math.h>

#include "base/vec.h"
#include "graph/graph_priv.h"

enum { FUSE_NODES = 10, FUSE_INPUTS = 3, FUSE_ATTRS = 6 };

/* A chain, and the node that it becomes. The last of its nodes makes the result. */
typedef struct fuse_chain {
    size_t      nodes[FUSE_NODES], n_nodes;
    const char *op;
    int32_t     inputs[FUSE_INPUTS];
    size_t      n_inputs;
    as_attr     attrs[FUSE_ATTRS];
    size_t      n_attrs;
    int64_t     ints[2 * AS_TENSOR_MAX_RANK]; /* of an attribute */
    bool        broken;                       /* it has more nodes than fit */
} fuse_chain;

typedef struct fuse {
    as_graph *graph;
    uint32_t *n_users;   /* value id -> uses by nodes, and as an output */
    int32_t  *only_user; /* value id -> the node that uses it, when it is used once and is no output; else -1 */
    bool     *gone;      /* node -> it is in a chain */
    AS_VEC(fuse_chain) chains;
} fuse;

/* --- looking around --- */

static const as_node *fuse_take(fuse *f, fuse_chain *chain, int32_t index, const char *op)
{
    const as_node *node = index >= 0 ? as_graph_node(f->graph, (size_t)index) : NULL;
    if (!node || f->gone[index] || strcmp(node->op, op) != 0)
        return NULL;
    chain->broken = chain->broken || chain->n_nodes == FUSE_NODES;
    if (!chain->broken)
        chain->nodes[chain->n_nodes++] = (size_t)index;
    return chain->broken ? NULL : node;
}

/* The one node that reads a value, when it is an `op`. */
static const as_node *fuse_user(fuse *f, fuse_chain *chain, int32_t value, const char *op)
{
    return fuse_take(f, chain, f->only_user[value], op);
}

/* The node that makes a value, when it is an `op`. */
static const as_node *fuse_maker(fuse *f, fuse_chain *chain, int32_t value, const char *op)
{
    return value < 0 ? NULL : fuse_take(f, chain, as_graph_value(f->graph, value)->producer, op);
}

static bool fuse_number(const fuse *f, int32_t value, double *ret)
{
    const as_tensor *t = value >= 0 ? as_graph_value(f->graph, value)->constant : NULL;
    float            number;
    if (!t || t->dtype != AS_DTYPE_F32 || as_tensor_count(t) != 1)
        return false;
    memcpy(&number, t->data, sizeof number);
    *ret = (double)number;
    return true;
}

/* Within what a half float keeps of a number. */
static bool fuse_is(const fuse *f, int32_t value, double want)
{
    double number;
    return fuse_number(f, value, &number) && fabs(number - want) <= 5e-4 * fabs(want);
}

/* The partner of a value in a node of two inputs; -1 where there is none, or it is the value itself. */
static int32_t fuse_partner(const as_node *node, int32_t value)
{
    if (node->n_inputs != 2 || node->inputs[0] == node->inputs[1])
        return -1;
    return node->inputs[0] == value ? node->inputs[1] : node->inputs[0];
}

/* The value times a number; -1: it is something else. */
static int32_t fuse_scaled(const fuse *f, const as_node *node, double factor)
{
    if (strcmp(node->op, "Div") == 0)
        return fuse_is(f, node->inputs[1], 1.0 / factor) ? node->inputs[0] : -1;
    if (strcmp(node->op, "Mul") != 0)
        return -1;
    return fuse_is(f, node->inputs[1], factor)   ? node->inputs[0]
           : fuse_is(f, node->inputs[0], factor) ? node->inputs[1]
                                                 : -1;
}

/* Takes the node that makes `value` as a multiple of another; returns that, or -1. */
static int32_t fuse_multiple_of(fuse *f, fuse_chain *chain, int32_t value, double factor)
{
    const size_t   n = chain->n_nodes;
    const as_node *node = fuse_maker(f, chain, value, "Div");
    if (!node)
        node = fuse_maker(f, chain, value, "Mul");
    const int32_t of = node ? fuse_scaled(f, node, factor) : -1;
    chain->n_nodes = of >= 0 ? chain->n_nodes : n;
    return of;
}

/* Takes the one user of a value that multiplies it by a number; its result, or -1. */
static int32_t fuse_times(fuse *f, fuse_chain *chain, int32_t value, double factor)
{
    const size_t   n = chain->n_nodes;
    const as_node *node = fuse_user(f, chain, value, "Div");
    if (!node)
        node = fuse_user(f, chain, value, "Mul");
    if (node && fuse_scaled(f, node, factor) == value)
        return node->outputs[0];
    chain->n_nodes = n;
    return -1;
}

/* Takes the product of two values, the one user of the first; its result, or -1. */
static int32_t fuse_product(fuse *f, fuse_chain *chain, int32_t value, int32_t with)
{
    const size_t   n = chain->n_nodes;
    const as_node *node = fuse_user(f, chain, value, "Mul");
    if (node && fuse_partner(node, value) == with)
        return node->outputs[0];
    chain->n_nodes = n;
    return -1;
}

static bool fuse_unary(fuse_chain *chain, const char *op, int32_t x)
{
    chain->op = op;
    chain->inputs[0] = x;
    chain->n_inputs = 1;
    return true;
}

static void fuse_attr_float(fuse_chain *chain, const char *name, double value)
{
    chain->attrs[chain->n_attrs++] = (as_attr){.name = name, .kind = AS_ATTR_FLOAT, .f = (float)value};
}

static bool fuse_is_f32(const fuse *f, int32_t value)
{
    return as_graph_value(f->graph, value)->dtype == AS_DTYPE_F32;
}

/* --- the chains --- */

/* From the Erf: back to x, and on through 1 + it, x and a half in whatever order. */
static bool fuse_gelu(fuse *f, const as_node *erf, fuse_chain *chain)
{
    const int32_t x = fuse_multiple_of(f, chain, erf->inputs[0], sqrt(0.5));
    if (x < 0 || !fuse_is_f32(f, x) || !fuse_maker(f, chain, erf->outputs[0], "Erf"))
        return false;
    const as_node *sum = fuse_user(f, chain, erf->outputs[0], "Add");
    if (!sum || !fuse_is(f, fuse_partner(sum, erf->outputs[0]), 1.0))
        return false;
    const int32_t one = sum->outputs[0], half = fuse_times(f, chain, one, 0.5);
    if (half >= 0)
        return fuse_product(f, chain, half, x) >= 0 && fuse_unary(chain, "Gelu", x);
    const int32_t product = fuse_product(f, chain, one, x);
    if (product >= 0)
        return fuse_times(f, chain, product, 0.5) >= 0 && fuse_unary(chain, "Gelu", x);
    const int32_t next = f->only_user[one];
    if (next < 0)
        return false;
    const int32_t halved = fuse_partner(as_graph_node(f->graph, (size_t)next), one);
    return fuse_multiple_of(f, chain, halved, 0.5) == x && fuse_product(f, chain, one, halved) >= 0 &&
           fuse_unary(chain, "Gelu", x);
}

static bool fuse_mish(fuse *f, const as_node *tanh, fuse_chain *chain)
{
    const as_node *soft = fuse_maker(f, chain, tanh->inputs[0], "Softplus");
    if (!soft || !fuse_is_f32(f, soft->inputs[0]) || !fuse_maker(f, chain, tanh->outputs[0], "Tanh"))
        return false;
    return fuse_product(f, chain, tanh->outputs[0], soft->inputs[0]) >= 0 && fuse_unary(chain, "Mish", soft->inputs[0]);
}

static bool fuse_clips(const fuse *f, const as_node *clip, double low, double high)
{
    double at;
    float  attr;
    if (clip->n_inputs == 1)
        return as_node_float(clip, "min", &attr) && (double)attr == low && as_node_float(clip, "max", &attr) &&
               (double)attr == high;
    return clip->n_inputs == 3 && fuse_number(f, clip->inputs[1], &at) && at == low &&
           fuse_number(f, clip->inputs[2], &at) && at == high;
}

static bool fuse_hard(fuse *f, const as_node *clip, fuse_chain *chain)
{
    const as_node *sum = fuse_clips(f, clip, 0.0, 6.0) ? fuse_maker(f, chain, clip->inputs[0], "Add") : NULL;
    if (!sum || sum->n_inputs != 2 || !fuse_maker(f, chain, clip->outputs[0], "Clip"))
        return false;
    const int32_t x = fuse_is(f, sum->inputs[1], 3.0)   ? sum->inputs[0]
                      : fuse_is(f, sum->inputs[0], 3.0) ? sum->inputs[1]
                                                        : -1;
    if (x < 0 || !fuse_is_f32(f, x))
        return false;
    const int32_t product = fuse_product(f, chain, clip->outputs[0], x);
    if (product >= 0)
        return fuse_times(f, chain, product, 1.0 / 6.0) >= 0 && fuse_unary(chain, "HardSwish", x);
    const int32_t gate = fuse_times(f, chain, clip->outputs[0], 1.0 / 6.0);
    if (gate < 0)
        return false;
    if (fuse_product(f, chain, gate, x) >= 0)
        return fuse_unary(chain, "HardSwish", x);
    fuse_attr_float(chain, "alpha", 1.0 / 6.0);
    fuse_attr_float(chain, "beta", 0.5);
    return fuse_unary(chain, "HardSigmoid", x);
}

/* The mean of a value over its last dimension, kept: takes its node. Returns the value, or -1. */
static int32_t fuse_mean_of(fuse *f, fuse_chain *chain, int32_t value)
{
    const as_node *mean = fuse_maker(f, chain, value, "ReduceMean");
    const int64_t *axes;
    int64_t        axis, keep;
    size_t         n = 0;
    if (!mean || (as_node_int(mean, "keepdims", &keep) && keep != 1))
        return -1;
    const as_value  *x = as_graph_value(f->graph, mean->inputs[0]);
    const as_tensor *given =
        mean->n_inputs > 1 && mean->inputs[1] >= 0 ? as_graph_value(f->graph, mean->inputs[1])->constant : NULL;
    if (given && given->dtype == AS_DTYPE_I64 && as_tensor_count(given) == 1)
        memcpy(&axis, given->data, sizeof axis);
    else if (mean->n_inputs == 1 && as_node_ints(mean, "axes", &axes, &n) && n == 1)
        axis = axes[0];
    else
        return -1;
    return axis == -1 || (x->has_shape && axis == x->shape.rank - 1) ? mean->inputs[0] : -1;
}

/* d * d, however it is written: takes its node. Returns d, or -1. */
static int32_t fuse_square_of(fuse *f, fuse_chain *chain, int32_t value)
{
    const as_node *pow = fuse_maker(f, chain, value, "Pow");
    if (pow)
        return fuse_is(f, pow->inputs[1], 2.0) ? pow->inputs[0] : -1;
    const as_node *mul = fuse_maker(f, chain, value, "Mul");
    return mul && mul->inputs[0] == mul->inputs[1] ? mul->inputs[0] : -1;
}

/* As many numbers as the last dimension of x has. */
static bool fuse_is_row(const fuse *f, int32_t value, int32_t x)
{
    if (value < 0)
        return false;
    const as_value *row = as_graph_value(f->graph, value), *of = as_graph_value(f->graph, x);
    return row->dtype == AS_DTYPE_F32 && row->has_shape && row->shape.rank == 1 && of->has_shape &&
           of->shape.rank > 0 && row->shape.dims[0] > 0 && row->shape.dims[0] == of->shape.dims[of->shape.rank - 1];
}

/* x - mean(x): takes both nodes. Returns x, or -1. */
static int32_t fuse_centred(fuse *f, fuse_chain *chain, int32_t value)
{
    const as_node *sub = fuse_maker(f, chain, value, "Sub");
    const int32_t  x = sub ? fuse_mean_of(f, chain, sub->inputs[1]) : -1;
    return x >= 0 && sub->inputs[0] == x && fuse_is_f32(f, x) ? x : -1;
}

static bool fuse_layer_norm(fuse *f, const as_node *div, fuse_chain *chain)
{
    double         epsilon;
    const int32_t  d = div->inputs[0];
    const as_node *root = fuse_maker(f, chain, div->inputs[1], "Sqrt");
    const as_node *sum = root ? fuse_maker(f, chain, root->inputs[0], "Add") : NULL;
    if (!sum || sum->n_inputs != 2)
        return false;
    const size_t  at = fuse_number(f, sum->inputs[1], &epsilon) ? 0 : 1;
    const int32_t square = fuse_number(f, sum->inputs[1 - at], &epsilon) ? fuse_mean_of(f, chain, sum->inputs[at]) : -1;
    if (square < 0 || fuse_square_of(f, chain, square) != d)
        return false;
    const int32_t x = fuse_centred(f, chain, d);
    if (x < 0 || !fuse_maker(f, chain, div->outputs[0], "Div"))
        return false;
    const as_node *scaled = fuse_user(f, chain, div->outputs[0], "Mul");
    const int32_t  scale = scaled ? fuse_partner(scaled, div->outputs[0]) : -1;
    if (!fuse_is_row(f, scale, x))
        return false;
    chain->op = "LayerNormalization";
    chain->inputs[0] = x;
    chain->inputs[1] = scale;
    chain->n_inputs = 2;
    chain->attrs[chain->n_attrs++] = (as_attr){.name = "axis", .kind = AS_ATTR_INT, .i = -1};
    fuse_attr_float(chain, "epsilon", epsilon);
    const size_t   n = chain->n_nodes;
    const as_node *shifted = fuse_user(f, chain, scaled->outputs[0], "Add");
    const int32_t  bias = shifted ? fuse_partner(shifted, scaled->outputs[0]) : -1;
    if (fuse_is_row(f, bias, x))
        chain->inputs[chain->n_inputs++] = bias;
    else
        chain->n_nodes = n;
    return true;
}

/* Zeros around height and width alone: before[] and after[] of each as Conv has them. */
static bool fuse_zeros(const fuse *f, const as_node *pad, size_t n_spatial, int64_t *ret)
{
    const as_tensor *t =
        pad->n_inputs > 1 && pad->inputs[1] >= 0 ? as_graph_value(f->graph, pad->inputs[1])->constant : NULL;
    const int64_t *given;
    int64_t        pads[2 * AS_TENSOR_MAX_RANK];
    const size_t   rank = n_spatial + 2;
    size_t         n = 0, text = 0;
    const char    *mode;
    float          value = 0.0f;
    double         number = 0.0;
    if (as_node_str(pad, "mode", &mode, &text) && !(text == 8 && memcmp(mode, "constant", 8) == 0))
        return false;
    if (pad->n_inputs > 3 || (pad->n_inputs > 2 && pad->inputs[2] >= 0 && !fuse_number(f, pad->inputs[2], &number)))
        return false;
    if ((as_node_float(pad, "value", &value) && value != 0.0f) || number != 0.0)
        return false;
    if (t && t->dtype == AS_DTYPE_I64 && (n = as_tensor_count(t)) == 2 * rank)
        memcpy(pads, t->data, n * sizeof *pads);
    else if (!t && as_node_ints(pad, "pads", &given, &n) && n == 2 * rank)
        memcpy(pads, given, n * sizeof *pads);
    else
        return false;
    for (size_t i = 0; i < n; i++)
        if (pads[i] < 0 || pads[i] > GRAPH_MAX_DIM || (i % rank < 2 && pads[i] != 0))
            return false;
    memcpy(ret, pads + 2, n_spatial * sizeof *pads);
    memcpy(ret + n_spatial, pads + rank + 2, n_spatial * sizeof *pads);
    return true;
}

static bool fuse_pad(fuse *f, const as_node *pad, fuse_chain *chain)
{
    static const char *const lists[] = {"dilations", "kernel_shape", "strides"};
    const as_value          *x = as_graph_value(f->graph, pad->inputs[0]);
    const int64_t           *own;
    size_t                   n = 0;
    const char              *text;
    if (!fuse_maker(f, chain, pad->outputs[0], "Pad") || !x->has_shape || x->shape.rank < 3 || x->dtype != AS_DTYPE_F32)
        return false;
    const size_t   n_spatial = (size_t)x->shape.rank - 2;
    const as_node *conv = fuse_user(f, chain, pad->outputs[0], "Conv");
    if (!conv || conv->inputs[0] != pad->outputs[0] || !fuse_zeros(f, pad, n_spatial, chain->ints))
        return false;
    if (as_node_str(conv, "auto_pad", &text, &n) && !(n == 6 && memcmp(text, "NOTSET", 6) == 0) &&
        !(n == 5 && memcmp(text, "VALID", 5) == 0))
        return false;
    const bool is_valid = n == 5;
    if (!is_valid && as_node_ints(conv, "pads", &own, &n))
        for (size_t i = 0; i < n && n == 2 * n_spatial; i++)
            chain->ints[i] += own[i];
    chain->attrs[chain->n_attrs++] =
        (as_attr){.name = "pads", .kind = AS_ATTR_INTS, .ints = chain->ints, .n = 2 * n_spatial};
    for (size_t i = 0; i < AS_COUNT(lists); i++)
        if (as_node_ints(conv, lists[i], &own, &n))
            chain->attrs[chain->n_attrs++] = (as_attr){.name = lists[i], .kind = AS_ATTR_INTS, .ints = own, .n = n};
    chain->attrs[chain->n_attrs++] =
        (as_attr){.name = "group", .kind = AS_ATTR_INT, .i = as_node_int_or(conv, "group", 1)};
    chain->op = "Conv";
    chain->inputs[0] = pad->inputs[0];
    for (chain->n_inputs = 1; chain->n_inputs < conv->n_inputs; chain->n_inputs++)
        chain->inputs[chain->n_inputs] = conv->inputs[chain->n_inputs];
    return true;
}

static const struct {
    const char *op; /* the node that a chain is known by */
    bool (*match)(fuse *f, const as_node *node, fuse_chain *chain);
} fuse_rows[] = {
    {"Erf", fuse_gelu}, {"Tanh", fuse_mish}, {"Clip", fuse_hard}, {"Div", fuse_layer_norm}, {"Pad", fuse_pad},
};

/* --- the pass --- */

static bool fuse_begin(fuse *f, as_err *err)
{
    const size_t n_values = as_graph_n_values(f->graph), n_nodes = as_graph_n_nodes(f->graph);
    f->n_users = calloc(n_values + 1, sizeof *f->n_users);
    f->only_user = calloc(n_values + 1, sizeof *f->only_user);
    f->gone = calloc(n_nodes + 1, sizeof *f->gone);
    if (!f->n_users || !f->only_user || !f->gone)
        return AS_FAIL(err, AS_ENOMEM, "out of memory for %zu nodes", n_nodes);
    for (size_t i = 0; i < n_values; i++)
        f->only_user[i] = -1;
    for (size_t i = 0; i < n_nodes; i++) {
        const as_node *node = as_graph_node(f->graph, i);
        for (size_t k = 0; k < node->n_inputs; k++)
            if (node->inputs[k] >= 0)
                f->only_user[node->inputs[k]] = f->n_users[node->inputs[k]]++ == 0 ? (int32_t)i : -1;
    }
    for (size_t i = 0; i < as_graph_n_outputs(f->graph); i++) {
        const int32_t id = as_graph_output(f->graph, i);
        f->n_users[id]++;
        f->only_user[id] = -1;
    }
    return true;
}

static void fuse_end(fuse *f)
{
    free(f->n_users);
    free(f->only_user);
    free(f->gone);
    as_vec_done(&f->chains);
}

static int fuse_by_index(const void *a, const void *b)
{
    const size_t x = *(const size_t *)a, y = *(const size_t *)b;
    return (x > y) - (x < y);
}

/* What its nodes make, but for the last, is read by them alone. */
static bool fuse_is_closed(const fuse *f, const fuse_chain *chain)
{
    for (size_t i = 0; i + 1 < chain->n_nodes; i++) {
        const int32_t value = as_graph_node(f->graph, chain->nodes[i])->outputs[0];
        uint32_t      n = 0;
        for (size_t k = 0; k < chain->n_nodes; k++) {
            const as_node *node = as_graph_node(f->graph, chain->nodes[k]);
            for (size_t p = 0; p < node->n_inputs; p++)
                n += node->inputs[p] == value;
        }
        if (n != f->n_users[value])
            return false;
    }
    return true;
}

/* A constant of one element but more dimensions than x would give the result more dimensions too. */
static bool fuse_keeps_shape(const fuse *f, const fuse_chain *chain)
{
    const as_node  *last = as_graph_node(f->graph, chain->nodes[chain->n_nodes - 1]);
    const as_value *x = as_graph_value(f->graph, chain->inputs[0]), *out = as_graph_value(f->graph, last->outputs[0]);
    return strcmp(chain->op, "Conv") == 0 || (x->has_shape && out->has_shape && as_shape_equal(&x->shape, &out->shape));
}

static bool fuse_find(fuse *f, as_err *err)
{
    for (size_t i = 0; i < as_graph_n_nodes(f->graph); i++) {
        const as_node *node = as_graph_node(f->graph, i);
        for (size_t r = 0; r < AS_COUNT(fuse_rows) && !f->gone[i]; r++) {
            fuse_chain chain = {0};
            if (strcmp(node->op, fuse_rows[r].op) != 0 || !fuse_rows[r].match(f, node, &chain) || chain.broken)
                continue;
            qsort(chain.nodes, chain.n_nodes, sizeof *chain.nodes, fuse_by_index);
            if (!fuse_is_closed(f, &chain) || !fuse_keeps_shape(f, &chain))
                continue;
            if (!as_vec_push(&f->chains, chain))
                return AS_FAIL(err, AS_ENOMEM, "out of memory for %zu chains", f->chains.n);
            for (size_t k = 0; k < chain.n_nodes; k++)
                f->gone[chain.nodes[k]] = true;
        }
    }
    return true;
}

static bool fuse_add(fuse *f, fuse_chain *chain, as_err *err)
{
    const as_node *last = as_graph_node(f->graph, chain->nodes[chain->n_nodes - 1]);
    const char    *inputs[FUSE_INPUTS + 1] = {NULL};
    for (size_t i = 0; i < chain->n_inputs; i++)
        inputs[i] = chain->inputs[i] >= 0 ? as_graph_value(f->graph, chain->inputs[i])->name : "";
    for (size_t i = 0; i < chain->n_attrs; i++) /* the chain has moved since */
        if (strcmp(chain->attrs[i].name, "pads") == 0)
            chain->attrs[i].ints = chain->ints;
    return as_graph_add_node(f->graph, chain->op, last->name, inputs,
                             (const char *const[]){as_graph_value(f->graph, last->outputs[0])->name, NULL},
                             chain->attrs, chain->n_attrs, err);
}

/* New nodes stand at the end: each takes the place of the last of its chain. */
static void fuse_place(fuse *f, size_t n_nodes)
{
    Onnx__GraphProto *proto = f->graph->model->graph;
    size_t            kept = 0;
    for (size_t i = 0; i < n_nodes; i++)
        if (f->gone[i]) {
            onnx__node_proto__free_unpacked(proto->node[i], NULL);
            proto->node[i] = NULL;
        }
    for (size_t i = 0; i < f->chains.n; i++) {
        const fuse_chain *chain = &f->chains.at[i];
        proto->node[chain->nodes[chain->n_nodes - 1]] = proto->node[n_nodes + i];
    }
    for (size_t i = 0; i < n_nodes; i++)
        if (proto->node[i])
            proto->node[kept++] = proto->node[i];
    proto->n_node = kept;
}

static bool fuse_apply(fuse *f, as_err *err)
{
    const size_t n_nodes = f->graph->model->graph->n_node;
    for (size_t i = 0; i < f->chains.n; i++)
        if (!fuse_add(f, &f->chains.at[i], err))
            return false;
    fuse_place(f, n_nodes);
    return as_graph_finish(f->graph, err);
}

bool as_graph_fuse(as_graph *graph, int64_t batch, size_t *ret_n, as_err *err)
{
    fuse f = {.graph = graph};
    bool ok = as_graph_infer_shapes(graph, batch, err) && fuse_begin(&f, err) && fuse_find(&f, err) &&
              (f.chains.n == 0 || fuse_apply(&f, err));
    if (ok && ret_n)
        *ret_n = f.chains.n;
    fuse_end(&f);
    return ok;
}
