/* SPDX-License-Identifier: Apache-2.0 */
#include "bench/net.h"

#include <math.h>

#include "engine/engine.h"
#include "graph/build.h"
#include "infer/calibrate.h"

enum { PROBES = 8, LOOKS = 12, CALIBRATE = 16 };

typedef struct net_in {
    const char      *name;
    const as_tensor *at;
    bool             constant;
} net_in;

typedef struct net_op {
    const char    *op;
    const net_in  *ins;
    size_t         n_ins;
    const as_attr *attrs;
    size_t         n_attrs;
} net_op;

static as_shape net_shape(int rank, const int64_t *dims)
{
    as_shape shape = {.rank = rank};
    memcpy(shape.dims, dims, (size_t)rank * sizeof *dims);
    return shape;
}

static void net_name(bench_net *net, const char *what, char out[32])
{
    snprintf(out, 32, "%s%d", what, net->n++);
}

/* --- one layer, computed ------------------------------------------------------------------------------------------ */

static bool net_add_op(as_graph *graph, const net_op *op, const char *out, as_err *err)
{
    const char *names[4] = {NULL};
    for (size_t i = 0; i < op->n_ins; i++) {
        names[i] = op->ins[i].name;
        if (op->ins[i].constant && !as_graph_add_constant(graph, names[i], op->ins[i].at, err))
            return false;
    }
    return as_graph_add_node(graph, op->op, out, names, (const char *const[]){out, NULL}, op->attrs, op->n_attrs, err);
}

static bool net_take(const as_tensor *view, as_tensor *ret, as_err *err)
{
    if (!as_tensor_new(ret, view->dtype, &view->shape, err))
        return false;
    memcpy(ret->data, view->data, as_tensor_count(view) * as_dtype_bytes(view->dtype));
    return true;
}

/* A graph of that layer alone, run on what its inputs are. */
static bool net_compute(const net_op *op, as_tensor *ret, as_err *err)
{
    as_graph *graph = as_graph_new("layer", err);
    as_tensor ins[4], out = {0};
    size_t    n = 0;
    bool      ok = graph != NULL;
    for (size_t i = 0; ok && i < op->n_ins; i++) {
        if (op->ins[i].constant)
            continue;
        ok = as_graph_add_input(graph, op->ins[i].name, AS_DTYPE_F32, &op->ins[i].at->shape, err);
        ins[n++] = *op->ins[i].at;
    }
    const as_shape open = {.rank = op->ins[0].at->shape.rank, .dims = {-1, -1, -1, -1}};
    ok = ok && net_add_op(graph, op, "out", err) && as_graph_add_output(graph, "out", AS_DTYPE_F32, &open, err) &&
         as_graph_finish(graph, err);
    as_engine *engine = ok ? as_engine_new(graph, &(as_engine_cfg){.batch = PROBES}, err) : NULL;
    ok = engine && as_engine_run(engine, ins, &out, err) && net_take(&out, ret, err);
    as_engine_free(engine);
    as_graph_free(graph);
    return ok;
}

/* Computes the layer and adds it to the network. */
static void net_layer(bench_net *net, const net_op *op, const char *what, bench_flow *x)
{
    as_tensor at = {0};
    char      name[32];
    net_name(net, what, name);
    net->ok = net->ok && net_compute(op, &at, net->err) && net_add_op(net->graph, op, name, net->err);
    as_tensor_done(&x->at);
    x->at = at;
    as_str_copy(x->name, sizeof x->name, name);
}

/* --- layers ------------------------------------------------------------------------------------------------------- */

static bool net_random(bench_net *net, const as_shape *shape, double deviation, as_tensor *ret)
{
    if (!as_tensor_new(ret, AS_DTYPE_F32, shape, net->err))
        return false;
    for (size_t i = 0; i < as_tensor_count(ret); i++)
        ((float *)ret->data)[i] = (float)(deviation * as_rng_normal(&net->rng));
    return true;
}

/* What batch normalisation does at the end of a training, folded: of channel c of y the mean becomes bias[c], which is a
 * small number of chance, and the deviation `gain`. */
static void net_normalise(bench_net *net, as_tensor *y, as_tensor *w, as_tensor *bias, double gain)
{
    const size_t channels = (size_t)y->shape.dims[1], pictures = (size_t)y->shape.dims[0];
    const size_t plane = as_tensor_count(y) / pictures / channels, filter = as_tensor_count(w) / channels;
    float       *data = y->data, *weights = w->data;
    for (size_t c = 0; c < channels; c++) {
        double sum = 0.0, squares = 0.0;
        for (size_t p = 0; p < pictures; p++)
            for (size_t i = 0; i < plane; i++) {
                const double v = (double)data[(p * channels + c) * plane + i];
                sum += v;
                squares += v * v;
            }
        const double n = (double)(pictures * plane), mean = sum / n;
        const double deviation = sqrt(fmax(squares / n - mean * mean, 1e-6));
        const float  factor = (float)(gain / deviation);
        const float  shift = (float)(gain * 0.2 * as_rng_normal(&net->rng) - mean * gain / deviation);
        for (size_t i = 0; i < filter; i++)
            weights[c * filter + i] *= factor;
        ((float *)bias->data)[c] = shift;
        for (size_t p = 0; p < pictures; p++)
            for (size_t i = 0; i < plane; i++)
                data[(p * channels + c) * plane + i] = data[(p * channels + c) * plane + i] * factor + shift;
    }
}

void bench_net_conv(bench_net *net, bench_flow *x, int64_t to, bench_window window, int64_t groups, double gain)
{
    if (!net->ok)
        return;
    const int64_t k = window.kernel, each = x->at.shape.dims[1] / groups;
    const int64_t pads[] = {window.pad, window.pad, window.pad, window.pad}, strides[] = {window.stride, window.stride};
    const as_attr attrs[] = {{.name = "pads", .kind = AS_ATTR_INTS, .ints = pads, .n = 4},
                             {.name = "strides", .kind = AS_ATTR_INTS, .ints = strides, .n = 2},
                             {.name = "group", .kind = AS_ATTR_INT, .i = groups}};
    const as_shape shape = net_shape(4, (const int64_t[]){to, each, k, k}), row = net_shape(1, &to);
    char           names[3][32];
    as_tensor      w = {0}, bias = {0}, y = {0};
    net_name(net, "weights", names[0]);
    net_name(net, "bias", names[1]);
    net_name(net, "conv", names[2]);
    const net_in ins[] = {{x->name, &x->at, false}, {names[0], &w, true}, {names[1], &bias, true}};
    const net_op op = {"Conv", ins, 3, attrs, 3};
    net->ok = net_random(net, &shape, sqrt(2.0 / (double)(each * k * k)), &w) &&
              as_tensor_new(&bias, AS_DTYPE_F32, &row, net->err) && net_compute(&op, &y, net->err);
    if (net->ok) {
        net_normalise(net, &y, &w, &bias, gain);
        net->flop += 2.0 * (double)(each * k * k) * (double)as_tensor_count(&y) / PROBES;
        net->ok = net_add_op(net->graph, &op, names[2], net->err);
    }
    as_tensor_done(&x->at);
    x->at = y;
    as_str_copy(x->name, sizeof x->name, names[2]);
    as_tensor_done(&w);
    as_tensor_done(&bias);
}

void bench_net_relu(bench_net *net, bench_flow *x)
{
    const net_in in = {x->name, &x->at, false};
    net_layer(net, &(net_op){"Relu", &in, 1, NULL, 0}, "relu", x);
}

void bench_net_relu6(bench_net *net, bench_flow *x)
{
    float           limits[] = {0.0f, 6.0f};
    const as_shape  one = {.rank = 0};
    const as_tensor low = as_tensor_view(AS_DTYPE_F32, &one, &limits[0]),
                    high = as_tensor_view(AS_DTYPE_F32, &one, &limits[1]);
    char names[2][32];
    net_name(net, "low", names[0]);
    net_name(net, "high", names[1]);
    const net_in ins[] = {{x->name, &x->at, false}, {names[0], &low, true}, {names[1], &high, true}};
    net_layer(net, &(net_op){"Clip", ins, 3, NULL, 0}, "clip", x);
}

static void net_pool(bench_net *net, const char *op, bench_flow *x, bench_window window)
{
    const int64_t kernel[] = {window.kernel, window.kernel}, strides[] = {window.stride, window.stride};
    const int64_t pads[] = {window.pad, window.pad, window.pad, window.pad};
    const as_attr attrs[] = {{.name = "kernel_shape", .kind = AS_ATTR_INTS, .ints = kernel, .n = 2},
                             {.name = "strides", .kind = AS_ATTR_INTS, .ints = strides, .n = 2},
                             {.name = "pads", .kind = AS_ATTR_INTS, .ints = pads, .n = 4}};
    const net_in  in = {x->name, &x->at, false};
    net_layer(net, &(net_op){op, &in, 1, attrs, 3}, "pool", x);
}

void bench_net_max(bench_net *net, bench_flow *x, bench_window window)
{
    net_pool(net, "MaxPool", x, window);
}

void bench_net_mean(bench_net *net, bench_flow *x, bench_window window)
{
    net_pool(net, "AveragePool", x, window);
}

bench_flow bench_net_copy(bench_net *net, const bench_flow *x)
{
    bench_flow copy = {.at = {.dtype = AS_DTYPE_NONE}};
    as_str_copy(copy.name, sizeof copy.name, x->name);
    net->ok = net->ok && net_take(&x->at, &copy.at, net->err);
    return copy;
}

void bench_net_add(bench_net *net, bench_flow *x, bench_flow *other)
{
    const net_in ins[] = {{x->name, &x->at, false}, {other->name, &other->at, false}};
    net_layer(net, &(net_op){"Add", ins, 2, NULL, 0}, "sum", x);
    as_tensor_done(&other->at);
}

/* --- the last layer ----------------------------------------------------------------------------------------------- */

/* The mean features of each class that is drawn, [NET_DRAWN][n]. */
static bool head_means(bench_net *net, const char *features, size_t n, float *means)
{
    const as_shape shape = net_shape(2, (const int64_t[]){-1, (int64_t)n});
    if (!as_graph_add_output(net->graph, features, AS_DTYPE_F32, &shape, net->err) ||
        !as_graph_finish(net->graph, net->err))
        return false;
    as_engine *engine = as_engine_new(net->graph, &(as_engine_cfg){.batch = 1}, net->err);
    float     *input = malloc((size_t)3 * net->side * net->side * sizeof *input);
    bool       ok = engine && (input || AS_FAIL(net->err, AS_ENOMEM, "no memory for a network"));
    for (uint32_t i = 0; ok && i < NET_DRAWN * LOOKS; i++) {
        as_tensor in = as_tensor_view(AS_DTYPE_F32, &as_engine_input(engine, 0)->shape, input), out = {0};
        bench_net_draw(500 + i, i % NET_DRAWN, net->side, input);
        ok = as_engine_run(engine, &in, &out, net->err);
        for (size_t k = 0; ok && k < n; k++)
            means[(i % NET_DRAWN) * n + k] += ((const float *)out.data)[k] / LOOKS;
    }
    as_engine_free(engine);
    free(input);
    return ok && as_graph_clear_outputs(net->graph, net->err);
}

/* The nearest mean has the largest output: w = mean less that of all, b = -w (mean + that of all) / 2. The other classes
 * have small filters of chance, and lie low. */
static void head_fill(as_rng *rng, const float *means, size_t n, float *all, float *w, float *b)
{
    float largest = 1e-9f, low = 0.0f;
    for (size_t i = 0; i < NET_DRAWN * n; i++)
        all[i % n] += means[i] / NET_DRAWN;
    for (size_t i = 0; i < NET_DRAWN * n; i++)
        largest = fmaxf(largest, fabsf(means[i] - all[i % n]));
    for (size_t i = 0; i < NET_DRAWN * n; i++)
        low += (means[i] - all[i % n]) * (means[i] - all[i % n]) / largest / NET_DRAWN;
    for (size_t o = 0; o < NET_CLASSES; o++) {
        double dot = 0.0;
        for (size_t k = 0; k < n; k++) {
            const float mean = o < NET_DRAWN ? means[o * n + k] : all[k];
            w[o * n + k] = o < NET_DRAWN ? (mean - all[k]) / largest : (float)(0.0005 * as_rng_normal(rng));
            dot += (double)w[o * n + k] * (double)(mean + all[k]) / 2.0;
        }
        b[o] = (float)-dot - (o < NET_DRAWN ? 0.0f : low);
    }
}

void bench_net_head(bench_net *net, bench_flow *x)
{
    const net_in pooled = {x->name, &x->at, false};
    net_layer(net, &(net_op){"GlobalAveragePool", &pooled, 1, NULL, 0}, "mean", x);
    if (!net->ok)
        return;
    const size_t   n = (size_t)x->at.shape.dims[1];
    const int64_t  wide[] = {NET_CLASSES, (int64_t)n};
    const as_shape ws = net_shape(2, wide), bs = net_shape(1, wide);
    const as_attr  turned = {.name = "transB", .kind = AS_ATTR_INT, .i = 1};
    float         *means = calloc((NET_DRAWN + 1) * n, sizeof *means);
    as_tensor      w = {0}, b = {0};
    net->ok = as_graph_add_node(net->graph, "Flatten", "features", (const char *const[]){x->name, NULL},
                                (const char *const[]){"features", NULL}, NULL, 0, net->err) &&
              (means || AS_FAIL(net->err, AS_ENOMEM, "no memory for a network")) &&
              as_tensor_new(&w, AS_DTYPE_F32, &ws, net->err) && as_tensor_new(&b, AS_DTYPE_F32, &bs, net->err) &&
              head_means(net, "features", n, means);
    if (net->ok)
        head_fill(&net->rng, means, n, means + NET_DRAWN * n, w.data, b.data);
    const net_in ins[] = {{"features", NULL, false}, {"head.w", &w, true}, {"head.b", &b, true}};
    as_str_copy(x->name, sizeof x->name, "scores");
    net->ok = net->ok && net_add_op(net->graph, &(net_op){"Gemm", ins, 3, &turned, 1}, x->name, net->err);
    net->flop += 2.0 * NET_CLASSES * (double)n;
    x->at.shape = net_shape(2, (const int64_t[]){1, NET_CLASSES});
    free(means);
    as_tensor_done(&w);
    as_tensor_done(&b);
}

/* --- pictures, and the whole -------------------------------------------------------------------------------------- */

void bench_net_draw(uint64_t seed, uint32_t label, uint32_t side, float *out)
{
    as_rng       kind = as_rng_new(77 + label), rng = as_rng_stream(seed, label);
    const double turn = as_rng_range(&kind, 0.0, 3.14), period = as_rng_range(&kind, 6.0, 40.0);
    const double phase = as_rng_range(&rng, 0.0, 1.57), strength = as_rng_range(&rng, 0.9, 1.1);
    const double right = cos(turn) * 6.28 / period, down = sin(turn) * 6.28 / period;
    double       hue[3], shift[3];
    for (int c = 0; c < 3; c++) {
        hue[c] = as_rng_range(&kind, -1.0, 1.0);
        shift[c] = as_rng_range(&kind, -1.0, 1.0);
    }
    for (int c = 0; c < 3; c++)
        for (uint32_t y = 0; y < side; y++)
            for (uint32_t x = 0; x < side; x++)
                *out++ = (float)(shift[c] + strength * hue[c] * sin(x * right + y * down + phase) +
                                 as_rng_range(&rng, -0.1, 0.1));
}

static bool model_body(bench_net *net, const bench_net_kind *kind)
{
    const int64_t  side = (int64_t)net->side;
    const as_shape in = net_shape(4, (const int64_t[]){-1, 3, side, side}),
                   probes = net_shape(4, (const int64_t[]){PROBES, 3, side, side});
    bench_flow x = {.name = "input"};
    net->graph = as_graph_new(kind->name, net->err);
    net->ok = net->graph && as_graph_add_input(net->graph, "input", AS_DTYPE_F32, &in, net->err) &&
              as_tensor_new(&x.at, AS_DTYPE_F32, &probes, net->err);
    for (uint32_t i = 0; net->ok && i < PROBES; i++)
        bench_net_draw(100 + i, i * 5 % NET_DRAWN, net->side, (float *)x.at.data + i * (size_t)(3 * side * side));
    if (net->ok)
        kind->body(net, &x);
    as_shape out = x.at.shape;
    out.dims[0] = -1;
    as_tensor_done(&x.at);
    return net->ok && as_graph_add_output(net->graph, x.name, AS_DTYPE_F32, &out, net->err) &&
           as_graph_finish(net->graph, net->err);
}

static as_graph *model_quantise(as_graph *graph, uint32_t side, as_err *err)
{
    const as_shape shape = net_shape(4, (const int64_t[]){1, 3, (int64_t)side, (int64_t)side});
    const size_t   values = (size_t)3 * side * side;
    as_range      *ranges = calloc(as_graph_n_values(graph) + 1, sizeof *ranges);
    float         *input = malloc(CALIBRATE * values * sizeof *input);
    as_tensor      pictures[CALIBRATE];
    as_graph      *whole = NULL;
    if (!ranges || !input)
        AS_FAIL(err, AS_ENOMEM, "no memory for a network");
    for (uint32_t i = 0; ranges && input && i < CALIBRATE; i++) {
        pictures[i] = as_tensor_view(AS_DTYPE_F32, &shape, input + i * values);
        bench_net_draw(900 + i, i % NET_DRAWN, side, input + i * values);
    }
    /* shapes with the batch left open again: the quantised graph takes them over */
    if (ranges && input && as_calibrate(graph, pictures, CALIBRATE, ranges, err) &&
        as_graph_infer_shapes(graph, 0, err))
        whole = as_graph_quantise(graph, ranges, err);
    as_range_done(ranges, as_graph_n_values(graph));
    free(ranges);
    free(input);
    return whole;
}

bool bench_model_make(bench_model *model, const bench_net_kind *kind, uint32_t side, bool whole, as_err *err)
{
    bench_net net = {.rng = as_rng_new(18), .side = side ? side : kind->side, .err = err};
    *model = (bench_model){.kind = kind, .side = net.side};
    as_str_init(&model->floats);
    as_str_init(&model->whole);
    bool      ok = model_body(&net, kind) && as_graph_write(net.graph, &model->floats, err);
    as_graph *small = ok && whole ? model_quantise(net.graph, net.side, err) : NULL;
    ok = ok && (!whole || (small && as_graph_write(small, &model->whole, err)));
    model->flop = net.flop;
    as_graph_free(small);
    as_graph_free(net.graph);
    return ok;
}

void bench_model_done(bench_model *model)
{
    if (!model->kind) /* not made */
        return;
    as_str_done(&model->floats);
    as_str_done(&model->whole);
}
