/* SPDX-License-Identifier: Apache-2.0 */
/* The network as an ONNX graph: each batch norm becomes part of its convolution. */
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "graph/build.h"
#include "train/net.h"

#define EXPORT_EPSILON 1e-5

static bool export_constant(as_graph *graph, const char *name, const as_shape *shape, float *data, as_err *err)
{
    as_tensor tensor = as_tensor_view(AS_DTYPE_F32, shape, data);
    return as_graph_add_constant(graph, name, &tensor, err);
}

static bool export_weights(as_graph *graph, const as_unit *u, const char *name, const float *params, const float *stats,
                           as_err *err)
{
    const size_t   each = (size_t)u->c_in * u->kernel * u->kernel;
    const as_shape shape = {.rank = 4, .dims = {u->c_out, u->c_in, u->kernel, u->kernel}};
    const as_shape row = {.rank = 1, .dims = {u->c_out}};
    float         *weights = malloc(u->c_out * each * sizeof *weights), *bias = malloc(u->c_out * sizeof *bias);
    char           label[64];
    bool           ok = weights && bias ? true : AS_FAIL(err, AS_ENOMEM, "out of memory for a graph");
    for (size_t o = 0; ok && o < u->c_out; o++) {
        double factor = (double)params[u->scale + o] / sqrt((double)stats[u->variance + o] + EXPORT_EPSILON);
        for (size_t k = 0; k < each; k++)
            weights[o * each + k] = (float)(factor * (double)params[u->weights + o * each + k]);
        bias[o] = (float)((double)params[u->shift + o] - factor * (double)stats[u->mean + o]);
    }
    snprintf(label, sizeof label, "%s.weight", name);
    ok = ok && export_constant(graph, label, &shape, weights, err);
    snprintf(label, sizeof label, "%s.bias", name);
    ok = ok && export_constant(graph, label, &row, bias, err);
    free(weights);
    free(bias);
    return ok;
}

/* "input" for value 0, else the name of what unit value-1 writes. */
static const char *export_value(const as_net *net, int32_t value, char *name, size_t cap)
{
    if (value == 0)
        return "input";
    const as_unit *u = as_net_unit(net, (size_t)value - 1);
    snprintf(name, cap, "%s%d", u->pool ? "pool" : u->relu ? "relu" : "conv", value);
    return name;
}

static bool export_node(as_graph *graph, const char *op, const char *a, const char *b, const char *c, const char *out,
                        const as_attr *attrs, size_t n_attrs, as_err *err)
{
    const char *inputs[] = {a, b, b ? c : NULL, NULL}, *outputs[] = {out, NULL};
    char        name[64];
    snprintf(name, sizeof name, "%s_node", out);
    return as_graph_add_node(graph, op, name, inputs, outputs, attrs, n_attrs, err);
}

static bool export_pool(as_graph *graph, const as_net *net, size_t i, as_err *err)
{
    const as_attr attrs[] = {
        {.name = "kernel_shape", .kind = AS_ATTR_INTS, .ints = (const int64_t[]){2, 2}, .n = 2},
        {.name = "strides", .kind = AS_ATTR_INTS, .ints = (const int64_t[]){2, 2}, .n = 2},
    };
    char src[32], out[32];
    return export_node(graph, "MaxPool", export_value(net, as_net_unit(net, i)->src, src, sizeof src), NULL, NULL,
                       export_value(net, (int32_t)i + 1, out, sizeof out), attrs, 2, err);
}

static bool export_unit(as_graph *graph, const as_net *net, size_t i, const float *params, const float *stats,
                        as_err *err)
{
    const as_unit *u = as_net_unit(net, i);
    const int64_t  pad = u->kernel / 2, kernel = u->kernel, stride = u->stride;
    const as_attr  attrs[] = {
         {.name = "kernel_shape", .kind = AS_ATTR_INTS, .ints = (const int64_t[]){kernel, kernel}, .n = 2},
         {.name = "strides", .kind = AS_ATTR_INTS, .ints = (const int64_t[]){stride, stride}, .n = 2},
         {.name = "pads", .kind = AS_ATTR_INTS, .ints = (const int64_t[]){pad, pad, pad, pad}, .n = 4},
    };
    if (u->pool)
        return export_pool(graph, net, i, err);
    char name[32], weight[48], bias[48], src[32], add[32], sum[32], out[32];
    snprintf(name, sizeof name, "conv%zu", i + 1);
    snprintf(weight, sizeof weight, "%s.weight", name);
    snprintf(bias, sizeof bias, "%s.bias", name);
    snprintf(sum, sizeof sum, "sum%zu", i + 1);
    snprintf(out, sizeof out, "relu%zu", i + 1);
    if (!export_weights(graph, u, name, params, stats, err) ||
        !export_node(graph, "Conv", export_value(net, u->src, src, sizeof src), weight, bias, name, attrs, 3, err))
        return false;
    const char *last = name;
    if (u->add >= 0) {
        if (!export_node(graph, "Add", name, export_value(net, u->add, add, sizeof add), NULL, sum, NULL, 0, err))
            return false;
        last = sum;
    }
    return !u->relu || export_node(graph, "Relu", last, NULL, NULL, out, NULL, 0, err);
}

static bool export_head(as_graph *graph, const as_net *net, const float *params, as_err *err)
{
    const as_net_cfg *cfg = as_net_get_cfg(net);
    uint32_t          features;
    size_t            linear = as_net_linear(net, &features), n = (size_t)features * cfg->n_classes;
    const as_shape    w_shape = {.rank = 2, .dims = {cfg->n_classes, features}},
                   b_shape = {.rank = 1, .dims = {cfg->n_classes}};
    const as_attr trans = {.name = "transB", .kind = AS_ATTR_INT, .i = 1};
    const as_attr axis = {.name = "axis", .kind = AS_ATTR_INT, .i = -1},
                  one = {.name = "axis", .kind = AS_ATTR_INT, .i = 1};
    char   last[32];
    float *copy = malloc((n + cfg->n_classes) * sizeof *copy);
    if (!copy)
        return AS_FAIL(err, AS_ENOMEM, "out of memory for a graph");
    memcpy(copy, params + linear, (n + cfg->n_classes) * sizeof *copy);
    export_value(net, (int32_t)as_net_n_units(net), last, sizeof last);
    bool ok = export_constant(graph, "linear.weight", &w_shape, copy, err) &&
              export_constant(graph, "linear.bias", &b_shape, copy + n, err) &&
              export_node(graph, "GlobalAveragePool", last, NULL, NULL, "means", NULL, 0, err) &&
              export_node(graph, "GlobalMaxPool", last, NULL, NULL, "maxima", NULL, 0, err) &&
              export_node(graph, "Concat", "means", "maxima", NULL, "pooled", &one, 1, err) &&
              export_node(graph, "Flatten", "pooled", NULL, NULL, "features", &one, 1, err) &&
              export_node(graph, "Gemm", "features", "linear.weight", "linear.bias", "logits", &trans, 1, err) &&
              export_node(graph, "Softmax", "logits", NULL, NULL, "probabilities", &axis, 1, err);
    free(copy);
    return ok;
}

as_graph *as_net_graph(const as_net *net, const float *params, const float *stats, as_err *err)
{
    const as_net_cfg *cfg = as_net_get_cfg(net);
    const as_shape    in = {.rank = 4, .dims = {-1, cfg->channels, cfg->height, cfg->width}};
    const as_shape    out = {.rank = 2, .dims = {-1, cfg->n_classes}};
    as_graph         *graph = as_graph_new("compact_cnn", err);
    if (!graph)
        return NULL;
    bool ok = as_graph_add_input(graph, "input", AS_DTYPE_F32, &in, err);
    for (size_t i = 0; ok && i < as_net_n_units(net); i++)
        ok = export_unit(graph, net, i, params, stats, err);
    ok = ok && export_head(graph, net, params, err) &&
         as_graph_add_output(graph, "probabilities", AS_DTYPE_F32, &out, err) && as_graph_finish(graph, err);
    return ok ? graph : as_graph_free(graph);
}
