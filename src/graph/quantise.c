/* SPDX-License-Identifier: Apache-2.0 */
#include "graph/quantise.h"

#include <math.h>

#include "graph/graph_priv.h"
#include "graph/round.h"

#define BIAS_MOST 1e9f /* of a product's units */

typedef struct quantiser {
    const as_graph *from;
    as_graph       *to;
    as_range       *ranges;
    uint32_t       *n_users;
    bool           *paired;  /* the value has its QuantizeLinear and DequantizeLinear */
    bool           *renamed; /* it is the floats that got another name */
    bool           *read;    /* its floats are read by somebody */
    size_t          n_whole;
} quantiser;

typedef enum whole_kind { WHOLE_NONE, WHOLE_PRODUCT, WHOLE_SUM, WHOLE_SAME, WHOLE_MEAN, WHOLE_LIMIT } whole_kind;

static whole_kind quantise_kind(const as_node *node)
{
    static const struct {
        const char *op;
        whole_kind  kind;
    } kinds[] = {
        {"Conv", WHOLE_PRODUCT}, {"Gemm", WHOLE_PRODUCT},     {"MatMul", WHOLE_PRODUCT},
        {"Add", WHOLE_SUM},      {"Concat", WHOLE_SUM},       {"MaxPool", WHOLE_SAME},
        {"Flatten", WHOLE_SAME}, {"Reshape", WHOLE_SAME},     {"GlobalAveragePool", WHOLE_MEAN},
        {"Relu", WHOLE_LIMIT},   {"AveragePool", WHOLE_MEAN}, {"Clip", WHOLE_LIMIT},
    };
    for (size_t i = 0; i < AS_COUNT(kinds); i++)
        if (strcmp(node->op, kinds[i].op) == 0)
            return kinds[i].kind;
    return WHOLE_NONE;
}

/* The name of something made for a value; heap. */
static char *quantise_name(const char *of, const char *what, as_err *err)
{
    char *name = as_strdupf("%s/%s", of, what);
    if (!name)
        AS_FAIL(err, AS_ENOMEM, "out of memory for a quantised model");
    return name;
}

/* u8: zero is one of the numbers. Jacob et al. 2018, section 3. */
static void quantise_numbers(const as_range *range, float *ret_scale, uint8_t *ret_zero)
{
    const float low = fminf(range->low, 0.0f), high = fmaxf(range->high, 0.0f);
    const float scale = (high - low) / 255.0f;
    *ret_scale = isfinite(scale) && scale > 1e-30f ? scale : 1e-30f;
    *ret_zero = (uint8_t)fminf(fmaxf(rintf(-low / *ret_scale), 0.0f), 255.0f);
}

static bool quantise_constant(quantiser *q, const char *of, const char *what, as_dtype dtype, const as_shape *shape,
                              void *data, as_err *err)
{
    const as_tensor t = as_tensor_view(dtype, shape, data);
    char           *name = quantise_name(of, what, err);
    bool            ok = name && as_graph_add_constant(q->to, name, &t, err);
    free(name);
    return ok;
}

/* of/whole, of/scale (, of/zero) -> `to` */
static bool quantise_restore(quantiser *q, const char *of, const char *to, bool zero, int64_t axis, as_err *err)
{
    char         *in[3] = {quantise_name(of, "whole", err), quantise_name(of, "scale", err),
                   zero ? quantise_name(of, "zero", err) : NULL};
    char         *name = quantise_name(of, "restore", err);
    const as_attr attr = {.name = "axis", .kind = AS_ATTR_INT, .i = axis};
    bool          ok = in[0] && in[1] && (in[2] || !zero) && name &&
              as_graph_add_node(q->to, "DequantizeLinear", name, (const char *const[]){in[0], in[1], in[2], NULL},
                                (const char *const[]){to, NULL}, &attr, axis >= 0, err);
    for (int i = 0; i < 3; i++)
        free(in[i]);
    free(name);
    return ok;
}

/* `source` holds the value in floats, `restored` is what users read. */
static bool quantise_pair(quantiser *q, int32_t id, const char *source, const char *restored, as_err *err)
{
    const char    *of = as_graph_value(q->from, id)->name;
    const as_shape scalar = {.rank = 0};
    float          scale;
    uint8_t        zero;
    quantise_numbers(&q->ranges[id], &scale, &zero);
    if (!quantise_constant(q, of, "scale", AS_DTYPE_F32, &scalar, &scale, err) ||
        !quantise_constant(q, of, "zero", AS_DTYPE_U8, &scalar, &zero, err))
        return false;
    char *whole = quantise_name(of, "whole", err), *name = quantise_name(of, "quantise", err),
         *s = quantise_name(of, "scale", err), *z = quantise_name(of, "zero", err);
    bool ok = whole && name && s && z &&
              as_graph_add_node(q->to, "QuantizeLinear", name, (const char *const[]){source, s, z, NULL},
                                (const char *const[]){whole, NULL}, NULL, 0, err) &&
              quantise_restore(q, of, restored, true, -1, err);
    free(whole);
    free(name);
    free(s);
    free(z);
    q->paired[id] = ok;
    return ok;
}

/* --- weights ------------------------------------------------------------------------------------------------------ */

static int quantise_axis(const as_node *node)
{
    if (strcmp(node->op, "Conv") == 0)
        return 0;
    return strcmp(node->op, "Gemm") == 0 && as_node_int_or(node, "transB", 0) ? 0 : 1;
}

static const as_tensor *quantise_floats(const quantiser *q, const as_node *node, size_t i, int rank)
{
    const as_value  *value = i < node->n_inputs ? as_graph_value(q->from, node->inputs[i]) : NULL;
    const as_tensor *t = value ? value->constant : NULL;
    return t && t->dtype == AS_DTYPE_F32 && (rank == 0 ? t->shape.rank >= 2 : t->shape.rank == rank) &&
                   as_tensor_count(t) > 0
               ? t
               : NULL;
}

/* The weights of one product. */
typedef struct weight_set {
    const as_node   *node;
    const as_tensor *w, *bias; /* bias: NULL where it has none of its own */
    int              axis;     /* where the channels of the output lie */
    size_t           n;        /* how many there are */
    float            x_scale, *scales, *off;
    int8_t          *whole;
} weight_set;

static bool product_alloc(weight_set *p, as_err *err)
{
    p->scales = calloc(p->n + 1, sizeof *p->scales);
    p->off = calloc(p->n + 1, sizeof *p->off);
    p->whole = malloc(as_tensor_count(p->w) + 1);
    return (p->scales && p->off && p->whole) || AS_FAIL(err, AS_ENOMEM, "out of memory for a quantised model");
}

static void product_done(weight_set *p)
{
    free(p->scales);
    free(p->off);
    free(p->whole);
}

/* The scale of each channel, and the weights as i8. A channel of hardly any weight has a scale that its bias fits all the
 * same. off: what rounding takes from the mean of a channel of the output, where the means of the inputs x are known. */
static void product_round(weight_set *p, const as_range *x)
{
    const float *data = p->w->data;
    const size_t each = as_tensor_count(p->w) / p->n;
    const size_t groups = (size_t)AS_MAX(as_node_int_or(p->node, "group", 1), 1);
    as_rounding  r = {.each = each, .step = p->axis == 0 ? 1 : p->n, .taps = 1};
    for (int i = 2; i < p->w->shape.rank; i++)
        r.taps *= (size_t)p->w->shape.dims[i];
    const size_t inputs = each / r.taps;
    r.pairs = groups == 1 || inputs > 1 || p->n != groups;
    for (size_t o = 0; o < p->n; o++) {
        const float least =
            p->bias ? fminf(fabsf(((const float *)p->bias->data)[o]) / (p->x_scale * BIAS_MOST), 1e30f) : 0.0f;
        const size_t at = p->axis == 0 ? o * each : o, first = o * groups / p->n * inputs;
        p->scales[o] = as_round_channel(&r, data + at, fmaxf(least, 1e-20f), p->whole + at);
        const float off = x->means && x->n_means == inputs * groups
                              ? as_round_bias(&r, data + at, p->scales[o], p->whole + at, x->means + first)
                              : 0.0f;
        p->off[o] = isfinite(off) ? off : 0.0f;
    }
}

/* Their zero points are 0 and may be left out, but ONNX Runtime up to 1.24 fails on a product of matrices then. */
static bool product_weights(quantiser *q, const weight_set *p, as_err *err)
{
    const as_value *value = as_graph_value(q->from, p->node->inputs[1]);
    const as_shape  row = {.rank = 1, .dims = {(int64_t)p->n}};
    int8_t         *zeros = calloc(p->n + 1, 1);
    char           *restored = quantise_name(value->name, "restored", err);
    bool            ok = zeros || AS_FAIL(err, AS_ENOMEM, "out of memory for a quantised model");
    ok = ok && restored && quantise_constant(q, value->name, "whole", AS_DTYPE_I8, &p->w->shape, p->whole, err) &&
         quantise_constant(q, value->name, "scale", AS_DTYPE_F32, &row, p->scales, err) &&
         quantise_constant(q, value->name, "zero", AS_DTYPE_I8, &row, zeros, err) &&
         quantise_restore(q, value->name, restored, true, p->axis, err);
    free(zeros);
    free(restored);
    return ok;
}

/* In units of its products: the scale of x times that of the channel's weights. */
static bool product_bias(quantiser *q, const weight_set *p, as_err *err)
{
    const as_value *value = as_graph_value(q->from, p->node->inputs[2]);
    const as_shape  shape = {.rank = 1, .dims = {(int64_t)p->n}};
    const float    *data = p->bias->data;
    int32_t        *whole = calloc(p->n + 1, sizeof *whole);
    float          *units = calloc(p->n + 1, sizeof *units);
    bool            ok = (whole && units) || AS_FAIL(err, AS_ENOMEM, "out of memory for a quantised model");
    for (size_t o = 0; ok && o < p->n; o++) {
        units[o] = p->x_scale * p->scales[o];
        whole[o] = (int32_t)fminf(fmaxf(rintf((data[o] + p->off[o]) / units[o]), -BIAS_MOST), BIAS_MOST);
    }
    char *restored = quantise_name(value->name, "restored", err);
    ok = ok && restored && quantise_constant(q, value->name, "whole", AS_DTYPE_I32, &shape, whole, err) &&
         quantise_constant(q, value->name, "scale", AS_DTYPE_F32, &shape, units, err) &&
         quantise_restore(q, value->name, restored, false, 0, err);
    q->paired[p->node->inputs[2]] = ok;
    free(restored);
    free(whole);
    free(units);
    return ok;
}

/* Weights that several nodes share have been done by the first; a bias belongs to one product. */
static bool quantise_product(quantiser *q, const as_node *node, as_err *err)
{
    weight_set p = {.node = node, .w = as_graph_value(q->from, node->inputs[1])->constant, .axis = quantise_axis(node)};
    const as_tensor *bias = quantise_floats(q, node, 2, 1);
    uint8_t          zero;
    p.n = (size_t)p.w->shape.dims[p.axis];
    if (bias && as_tensor_count(bias) == p.n && q->n_users[node->inputs[2]] == 1)
        p.bias = bias;
    quantise_numbers(&q->ranges[node->inputs[0]], &p.x_scale, &zero);
    bool ok = product_alloc(&p, err);
    if (ok)
        product_round(&p, &q->ranges[node->inputs[0]]);
    if (ok && !q->paired[node->inputs[1]])
        q->paired[node->inputs[1]] = ok = product_weights(q, &p, err);
    ok = ok && (!p.bias || product_bias(q, &p, err));
    product_done(&p);
    return ok;
}

/* --- nodes -------------------------------------------------------------------------------------------------------- */

/* Only what limits this value reads it: the limits belong to what made it. */
static bool quantise_is_inner(const quantiser *q, int32_t id)
{
    const as_value *value = as_graph_value(q->from, id);
    if (value->is_output || q->n_users[id] != 1 || value->producer < 0)
        return false;
    const whole_kind made = quantise_kind(as_graph_node(q->from, (size_t)value->producer));
    if (made != WHOLE_PRODUCT && made != WHOLE_SUM)
        return false;
    for (size_t i = (size_t)value->producer + 1; i < as_graph_n_nodes(q->from); i++) {
        const as_node *node = as_graph_node(q->from, i);
        for (size_t k = 0; k < node->n_inputs; k++)
            if (node->inputs[k] == id)
                return k == 0 && quantise_kind(node) == WHOLE_LIMIT;
    }
    return false;
}

static bool quantise_may(const quantiser *q, int32_t id)
{
    const as_value *value = as_graph_value(q->from, id);
    return value && !value->constant && value->dtype == AS_DTYPE_F32 && q->ranges[id].known;
}

/* Whether the node can work on whole numbers. */
static bool quantise_is_whole(const quantiser *q, const as_node *node)
{
    const whole_kind kind = quantise_kind(node);
    const size_t     n = kind == WHOLE_SUM ? node->n_inputs : 1;
    if (kind == WHOLE_NONE)
        return false;
    for (size_t i = 0; i < n; i++)
        if (node->inputs[i] < 0 || !quantise_may(q, node->inputs[i]))
            return false;
    return kind != WHOLE_PRODUCT || quantise_floats(q, node, 1, strcmp(node->op, "Conv") == 0 ? 0 : 2);
}

static bool quantise_rename(char **name, const char *to, as_err *err)
{
    char *copy = strdup(to);
    if (!copy)
        return AS_FAIL(err, AS_ENOMEM, "out of memory for a quantised model");
    free(*name);
    *name = copy;
    return true;
}

/* The node's copy, appended. */
static Onnx__NodeProto *quantise_copy(quantiser *q, const as_node *node, as_err *err)
{
    const Onnx__NodeProto *proto = node->proto;
    const size_t           n = onnx__node_proto__get_packed_size(proto);
    uint8_t               *bytes = malloc(n + 1);
    Onnx__GraphProto      *graph = q->to->model->graph;
    Onnx__NodeProto       *copy = NULL;
    if (bytes) {
        onnx__node_proto__pack(proto, bytes);
        copy = onnx__node_proto__unpack(NULL, n, bytes);
    }
    free(bytes);
    if (as_graph_append(&graph->node, &graph->n_node, copy, err))
        return copy;
    if (copy)
        onnx__node_proto__free_unpacked(copy, NULL);
    return NULL;
}

static bool quantise_inputs(quantiser *q, const as_node *node, as_err *err)
{
    const whole_kind kind = quantise_kind(node);
    for (size_t i = 0; i < (kind == WHOLE_SUM ? node->n_inputs : 1); i++) {
        const int32_t   id = node->inputs[i];
        const as_value *value = as_graph_value(q->from, id);
        if (q->paired[id] || (kind == WHOLE_LIMIT && quantise_is_inner(q, id)))
            continue;
        char *restored = quantise_name(value->name, "restored", err);
        bool  ok = restored && quantise_pair(q, id, value->name, restored, err);
        free(restored);
        if (!ok)
            return false;
    }
    return kind != WHOLE_PRODUCT || quantise_product(q, node, err);
}

/* An output keeps its name behind its pair. */
static bool quantise_output(quantiser *q, int32_t id, char **made, as_err *err)
{
    char *floats = quantise_name(*made, "floats", err), *name = strdup(*made);
    bool  ok = floats && name && quantise_rename(made, floats, err) && quantise_pair(q, id, floats, name, err);
    q->renamed[id] = ok;
    free(floats);
    free(name);
    return ok;
}

/* Scores that leave the network: of two that lie within one step of each other, or beyond what was calibrated, whole
 * numbers make equals, and which class is the largest is lost. Whoever runs a product of matrices can end it in floats. */
static bool quantise_is_score(const as_node *node)
{
    return strcmp(node->op, "Gemm") == 0 || strcmp(node->op, "MatMul") == 0;
}

static bool quantise_node(quantiser *q, const as_node *node, as_err *err)
{
    const bool whole = quantise_is_whole(q, node);
    if (whole && !quantise_inputs(q, node, err))
        return false;
    Onnx__NodeProto *copy = quantise_copy(q, node, err);
    bool             ok = copy != NULL;
    q->n_whole += whole;
    for (size_t i = 0; ok && i < node->n_inputs; i++) {
        const int32_t id = node->inputs[i];
        if (id < 0)
            continue;
        if (!whole || !q->paired[id]) {
            q->read[id] = true;
            continue;
        }
        if (q->renamed[id])
            continue;
        char *restored = quantise_name(as_graph_value(q->from, id)->name, "restored", err);
        ok = restored && quantise_rename(&copy->input[i], restored, err);
        free(restored);
    }
    const int32_t   out = node->outputs[0];
    const as_value *value = as_graph_value(q->from, out);
    if (ok && whole && quantise_kind(node) == WHOLE_SAME)
        q->ranges[out] = q->ranges[node->inputs[0]]; /* the same numbers, the same scale */
    return ok && (!whole || !value || !value->is_output || quantise_is_score(node) || !quantise_may(q, out) ||
                  quantise_output(q, out, &copy->output[0], err));
}

/* --- the whole ---------------------------------------------------------------------------------------------------- */

static bool quantise_frame(quantiser *q, as_err *err)
{
    const as_graph *from = q->from;
    q->to->model->opset_import[0]->version = from->opset;
    q->to->opset = from->opset;
    for (size_t i = 0; i < as_graph_n_inputs(from); i++) {
        const as_value *v = as_graph_value(from, as_graph_input(from, i));
        if (!as_graph_add_input(q->to, v->name, v->dtype, &v->shape, err))
            return false;
    }
    for (size_t i = 0; i < as_graph_n_outputs(from); i++) {
        const as_value *v = as_graph_value(from, as_graph_output(from, i));
        if (!as_graph_add_output(q->to, v->name, v->dtype, &v->shape, err))
            return false;
    }
    return true;
}

/* Those that somebody reads as they were. */
static bool quantise_constants(quantiser *q, as_err *err)
{
    for (size_t id = 0; id < as_graph_n_values(q->from); id++) {
        const as_value *v = as_graph_value(q->from, (int32_t)id);
        if (v->constant && v->producer < 0 && (!q->paired[id] || q->read[id]) &&
            !as_graph_add_constant(q->to, v->name, v->constant, err))
            return false;
    }
    return true;
}

/* Shares of one: what a softmax makes, wherever it is moved to. ONNX Runtime computes a softmax between whole numbers rightly in
 * steps of 1/256; in smaller ones it was apart by as much as the largest number (1.30). Shares that all are small would be
 * hardly more than one such step: they stay floats. */
static void quantise_shares(quantiser *q)
{
    static const char *const moves[] = {"Transpose", "Reshape", "Flatten", "Squeeze", "Unsqueeze", "Slice", "Identity"};
    bool                    *shares = q->renamed; /* not in use yet */
    for (size_t i = 0; i < as_graph_n_nodes(q->from); i++) {
        const as_node *node = as_graph_node(q->from, i);
        bool           is = strcmp(node->op, "Softmax") == 0;
        for (size_t k = 0; k < AS_COUNT(moves); k++)
            is = is || (node->inputs[0] >= 0 && shares[node->inputs[0]] && strcmp(node->op, moves[k]) == 0);
        if (is)
            shares[node->outputs[0]] = true;
    }
    for (size_t id = 0; id < as_graph_n_values(q->from); id++) {
        as_range *range = &q->ranges[id];
        if (!shares[id])
            continue;
        shares[id] = false;
        range->known = range->known && range->high >= 0.5f;
        range->low = 0.0f;
        range->high = 255.0f / 256.0f;
    }
}

static bool quantise_all(quantiser *q, as_err *err)
{
    const as_graph *from = q->from;
    if (!quantise_frame(q, err))
        return false;
    quantise_shares(q);
    for (size_t i = 0; i < as_graph_n_nodes(from); i++) {
        const as_node *node = as_graph_node(from, i);
        for (size_t k = 0; k < node->n_inputs; k++)
            if (node->inputs[k] >= 0)
                q->n_users[node->inputs[k]]++;
    }
    for (size_t i = 0; i < as_graph_n_nodes(from); i++)
        if (!quantise_node(q, as_graph_node(from, i), err))
            return false;
    if (q->n_whole == 0)
        return AS_FAIL(err, AS_EUNSUPPORTED, "no layer of model '%s' can be quantised", from->name);
    return quantise_constants(q, err) && as_graph_finish(q->to, err);
}

void as_range_done(as_range *ranges, size_t n)
{
    for (size_t i = 0; ranges && i < n; i++) {
        free(ranges[i].means);
        ranges[i].means = NULL;
    }
}

as_graph *as_graph_quantise(const as_graph *graph, const as_range *ranges, as_err *err)
{
    const size_t n = as_graph_n_values(graph);
    quantiser    q = {.from = graph, .to = as_graph_new(graph->name, err)};
    q.ranges = calloc(n + 1, sizeof *q.ranges);
    q.n_users = calloc(n + 1, sizeof *q.n_users);
    q.paired = calloc(n + 1, sizeof *q.paired);
    q.renamed = calloc(n + 1, sizeof *q.renamed);
    q.read = calloc(n + 1, sizeof *q.read);
    bool ok = q.to && q.ranges && q.n_users && q.paired && q.renamed && q.read;
    if (q.to && !ok)
        AS_FAIL(err, AS_ENOMEM, "out of memory for a quantised model");
    if (ok) {
        memcpy(q.ranges, ranges, n * sizeof *ranges);
        ok = graph->opset < 13
                 ? AS_FAIL(err, AS_EUNSUPPORTED, "operator set %d has no scales a channel (13 and up)", graph->opset)
                 : quantise_all(&q, err);
    }
    free(q.ranges);
    free(q.n_users);
    free(q.paired);
    free(q.renamed);
    free(q.read);
    if (!ok)
        as_err_note(err, "cannot quantise model '%s'", graph->name);
    return ok ? q.to : as_graph_free(q.to);
}
