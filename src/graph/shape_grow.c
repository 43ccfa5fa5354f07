/* SPDX-License-Identifier: Apache-2.0 */
/* What repeats, fills, and trades channels for places. */
#include <math.h>

#include "graph/fold.h"

bool as_graph_rule_tile(as_graph *graph, const as_node *node, as_err *err)
{
    const as_value    *x = as_rule_in(graph, node, 0);
    const graph_known *times = as_rule_in_known(graph, node, 1);
    as_shape           out = x->shape;
    if (!times)
        return AS_FAIL(err, AS_EUNSUPPORTED, "how often it repeats is not constant");
    if (times->n != (size_t)out.rank)
        return AS_FAIL(err, AS_EFORMAT, "it repeats %zu of %d dimensions", times->n, out.rank);
    for (int i = 0; i < out.rank; i++) {
        const int64_t n = times->at[i];
        if (n != GRAPH_UNKNOWN && (n < 0 || n > GRAPH_MAX_DIM))
            return AS_FAIL(err, AS_EFORMAT, "it repeats dimension %d %lld times", i, (long long)n);
        out.dims[i] = n == GRAPH_UNKNOWN || out.dims[i] < 0 ? -1 : out.dims[i] * n;
        if (out.dims[i] > GRAPH_MAX_DIM)
            return AS_FAIL(err, AS_ELIMIT, "its result is larger than a tensor may be");
    }
    return as_rule_set(graph, node, 0, x->dtype, &out, err);
}

/* The shape that input i holds; entries that are not known are -1. */
static bool grow_shape(as_graph *graph, const as_node *node, size_t i, as_shape *ret, as_err *err)
{
    const graph_known *known = as_rule_in_known(graph, node, i);
    const as_value    *value = as_rule_in(graph, node, i);
    if (!known || known->n > AS_TENSOR_MAX_RANK || value->shape.rank != 1)
        return AS_FAIL(err, AS_EUNSUPPORTED, "the shape of its result is not constant");
    *ret = (as_shape){.rank = (int)known->n};
    for (size_t k = 0; k < known->n; k++) {
        ret->dims[k] = known->at[k] == GRAPH_UNKNOWN ? -1 : known->at[k];
        if (known->at[k] != GRAPH_UNKNOWN && (known->at[k] < 0 || known->at[k] > GRAPH_MAX_DIM))
            return AS_FAIL(err, AS_EFORMAT, "it asks for a dimension of %lld", (long long)known->at[k]);
    }
    return true;
}

bool as_graph_rule_expand(as_graph *graph, const as_node *node, as_err *err)
{
    const as_value *x = as_rule_in(graph, node, 0);
    as_shape        out;
    return grow_shape(graph, node, 1, &out, err) && as_rule_broadcast(&x->shape, &out, &out, err) &&
           as_rule_set(graph, node, 0, x->dtype, &out, err);
}

/* The one entry of attribute 'value'; a zero of f32 where it is absent. */
static bool grow_value(const as_node *node, as_dtype *ret_dtype, uint8_t ret[8], as_err *err)
{
    const Onnx__NodeProto *proto = node->proto;
    *ret_dtype = AS_DTYPE_F32;
    memset(ret, 0, 8);
    return proto->n_attribute == 0 || as_node_number(node, "value", ret_dtype, ret) ||
           AS_FAIL(err, AS_EFORMAT, "its value is not one number");
}

bool as_graph_rule_constant_of_shape(as_graph *graph, const as_node *node, as_err *err)
{
    as_shape out;
    as_dtype dtype;
    uint8_t  value[8];
    if (!grow_shape(graph, node, 0, &out, err) || !grow_value(node, &dtype, value, err))
        return false;
    return as_rule_set(graph, node, 0, dtype, &out, err);
}

#define GROW_MAX_FOLDED ((size_t)64 << 10) /* bytes: a few in the file should not become many here */

/* All of it is constant where its shape is. */
void as_graph_fold_constant_of_shape(as_graph *graph, const as_node *node)
{
    const int32_t id = node->outputs[0];
    as_value     *out = id >= 0 ? &graph->view.values[id] : NULL;
    as_dtype      dtype;
    uint8_t       value[8];
    size_t        n;
    if (!out || out->constant || !as_shape_count(&out->shape, &n) || !grow_value(node, &dtype, value, NULL))
        return;
    const size_t each = as_dtype_bytes(dtype);
    if (n > GROW_MAX_FOLDED / each || graph->view.n_cells + n > GRAPH_MAX_CELLS ||
        !as_tensor_new(&graph->view.folded[id], dtype, &out->shape, NULL))
        return;
    graph->view.n_cells += n;
    for (size_t i = 0; i < n; i++)
        memcpy((uint8_t *)graph->view.folded[id].data + i * each, value, each);
    out->constant = &graph->view.folded[id];
}

bool as_graph_rule_range(as_graph *graph, const as_node *node, as_err *err)
{
    const as_value *start = as_rule_in(graph, node, 0);
    double          at[3];
    as_shape        out = {.rank = 1};
    for (size_t i = 0; i < 3; i++) {
        const as_value    *value = as_rule_in(graph, node, i);
        const graph_known *known = as_rule_in_known(graph, node, i);
        float              f;
        if (value->dtype != start->dtype)
            return AS_FAIL(err, AS_EFORMAT, "its start, limit and step differ in type");
        if (known && known->n == 1 && known->at[0] != GRAPH_UNKNOWN) {
            at[i] = (double)known->at[0];
        } else if (value->constant && value->dtype == AS_DTYPE_F32 && as_tensor_count(value->constant) == 1) {
            memcpy(&f, value->constant->data, sizeof f);
            at[i] = (double)f;
        } else {
            return AS_FAIL(err, AS_EUNSUPPORTED, "'%.200s' is not constant", value->name);
        }
    }
    const double n = ceil((at[1] - at[0]) / at[2]);
    if (isnan(n) || n > (double)GRAPH_MAX_DIM)
        return AS_FAIL(err, AS_EFORMAT, "it goes from %g to %g by %g", at[0], at[1], at[2]);
    out.dims[0] = (int64_t)AS_MAX(n, 0.0);
    return as_rule_set(graph, node, 0, start->dtype, &out, err);
}

void as_graph_fold_range(as_graph *graph, const as_node *node)
{
    fold_in  start, step;
    int64_t *out;
    if (!as_fold_read(graph, node, 0, &start) || !as_fold_read(graph, node, 2, &step) ||
        !(out = as_fold_new(graph, node, 0)))
        return;
    const as_value *value = as_graph_value(graph, node->outputs[0]);
    for (int64_t i = 0; i < value->shape.dims[0]; i++) {
        int64_t
            at; /* in reach of the limit, but the way there may be further than numbers go: then it wraps around twice */
        (void)__builtin_mul_overflow(i, *step.at, &at);
        (void)__builtin_add_overflow(at, *start.at, &at);
        out[i] =
            start.real ? as_fold_float(value->dtype, as_fold_real(*start.at) + (double)i * as_fold_real(*step.at)) : at;
    }
}

bool as_graph_rule_size(as_graph *graph, const as_node *node, as_err *err)
{
    return as_rule_set(graph, node, 0, AS_DTYPE_I64, &(as_shape){.rank = 0}, err);
}

/* --- channels and places --- */

static bool grow_block(const as_node *node, const as_shape *in, int64_t *ret, as_err *err)
{
    *ret = as_node_int_or(node, "blocksize", 0);
    if (*ret < 1 || *ret > 4096)
        return AS_FAIL(err, AS_EFORMAT, "'blocksize' is %lld", (long long)*ret);
    return in->rank == 4 || AS_FAIL(err, AS_EFORMAT, "its input has %d dimensions, not 4", in->rank);
}

static bool grow_divide(int64_t *dim, int64_t by, as_err *err)
{
    if (*dim >= 0 && *dim % by != 0)
        return AS_FAIL(err, AS_EFORMAT, "%lld cannot be divided by %lld", (long long)*dim, (long long)by);
    *dim = *dim < 0 ? -1 : *dim / by;
    return true;
}

static int64_t grow_times(int64_t dim, int64_t by)
{
    return dim < 0 ? -1 : dim * by; /* both far from overflow; as_rule_set looks at the result */
}

bool as_graph_rule_depth_to_space(as_graph *graph, const as_node *node, as_err *err)
{
    const as_value *x = as_rule_in(graph, node, 0);
    as_shape        out = x->shape;
    const char     *mode = "DCR";
    size_t          n = 3;
    int64_t         b;
    as_node_str(node, "mode", &mode, &n);
    if (n != 3 || (memcmp(mode, "DCR", 3) != 0 && memcmp(mode, "CRD", 3) != 0))
        return AS_FAIL(err, AS_EFORMAT, "'mode' is neither DCR nor CRD");
    if (!grow_block(node, &out, &b, err) || !grow_divide(&out.dims[1], b * b, err))
        return false;
    out.dims[2] = grow_times(out.dims[2], b);
    out.dims[3] = grow_times(out.dims[3], b);
    return as_rule_set(graph, node, 0, x->dtype, &out, err);
}

bool as_graph_rule_space_to_depth(as_graph *graph, const as_node *node, as_err *err)
{
    const as_value *x = as_rule_in(graph, node, 0);
    as_shape        out = x->shape;
    int64_t         b;
    if (!grow_block(node, &out, &b, err) || !grow_divide(&out.dims[2], b, err) || !grow_divide(&out.dims[3], b, err))
        return false;
    out.dims[1] = grow_times(out.dims[1], b * b);
    return as_rule_set(graph, node, 0, x->dtype, &out, err);
}

bool as_graph_rule_trilu(as_graph *graph, const as_node *node, as_err *err)
{
    const as_value *x = as_rule_in(graph, node, 0);
    if (x->shape.rank < 2)
        return AS_FAIL(err, AS_EFORMAT, "its input has %d dimensions", x->shape.rank);
    return as_rule_set(graph, node, 0, x->dtype, &x->shape, err);
}
