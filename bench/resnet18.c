/* SPDX-License-Identifier: Apache-2.0 */
#include "bench/resnet18.h"

#include <math.h>

#include "base/rng.h"
#include "engine/engine.h"
#include "graph/build.h"
#include "infer/calibrate.h"

enum { FEATURES = 512, LOOKS = 4, CALIBRATE = 8 };

typedef struct maker {
    as_graph *graph;
    as_rng    rng;
    int       n; /* names given so far */
    double    flop;
    as_err   *err;
    bool      ok;
} maker;

static as_shape make_shape(int rank, const int64_t *dims)
{
    as_shape shape = {.rank = rank};
    memcpy(shape.dims, dims, (size_t)rank * sizeof *dims);
    return shape;
}

static void make_constant(maker *m, const char *name, const as_shape *shape, double scale)
{
    as_tensor t;
    if (!m->ok)
        return;
    m->ok = as_tensor_new(&t, AS_DTYPE_F32, shape, m->err);
    for (size_t i = 0; m->ok && i < as_tensor_count(&t); i++)
        ((float *)t.data)[i] = (float)(scale * as_rng_normal(&m->rng));
    m->ok = m->ok && as_graph_add_constant(m->graph, name, &t, m->err);
    as_tensor_done(&t);
}

static void make_node(maker *m, const char *op, const char *const *in, const char *out, const as_attr *attrs, size_t n)
{
    m->ok = m->ok && as_graph_add_node(m->graph, op, out, in, (const char *const[]){out, NULL}, attrs, n, m->err);
}

/* side: of the result. Its name is written to out. */
static void make_conv(maker *m, const char *in, int64_t from, int64_t to, int64_t kernel, int64_t stride, int64_t side,
                      double scale, char out[32])
{
    char           w[32], b[32];
    const int64_t  pad = kernel / 2, pads[] = {pad, pad, pad, pad}, strides[] = {stride, stride};
    const as_attr  attrs[] = {{.name = "pads", .kind = AS_ATTR_INTS, .ints = pads, .n = 4},
                              {.name = "strides", .kind = AS_ATTR_INTS, .ints = strides, .n = 2}};
    const as_shape shape = make_shape(4, (const int64_t[]){to, from, kernel, kernel});
    snprintf(w, sizeof w, "w%d", m->n);
    snprintf(b, sizeof b, "b%d", m->n);
    snprintf(out, 32, "conv%d", m->n++);
    make_constant(m, w, &shape, scale * sqrt(2.0 / (double)(from * kernel * kernel)));
    make_constant(m, b, &(as_shape){.rank = 1, .dims = {to}}, 0.05);
    make_node(m, "Conv", (const char *const[]){in, w, b, NULL}, out, attrs, 2);
    m->flop += 2.0 * (double)(to * from * kernel * kernel) * (double)(side * side);
}

static void make_relu(maker *m, const char *in, char out[32])
{
    snprintf(out, 32, "relu%d", m->n++);
    make_node(m, "Relu", (const char *const[]){in, NULL}, out, NULL, 0);
}

/* Two 3x3 convolutions and what goes past them; `name` becomes the result's. */
static void make_block(maker *m, char name[32], int64_t from, int64_t to, int64_t stride, int64_t side)
{
    char a[32], b[32], c[32], past[32], sum[32];
    as_str_copy(past, sizeof past, name);
    make_conv(m, name, from, to, 3, stride, side, 1.0, a);
    make_relu(m, a, b);
    make_conv(m, b, to, to, 3, 1, side, 0.6, c); /* less, so that the sum grows slowly from block to block */
    if (stride != 1 || from != to)
        make_conv(m, name, from, to, 1, stride, side, 0.8, past);
    snprintf(sum, sizeof sum, "sum%d", m->n++);
    make_node(m, "Add", (const char *const[]){c, past, NULL}, sum, NULL, 0);
    make_relu(m, sum, name);
}

static as_graph *make_body(maker *m)
{
    static const int64_t three[] = {3, 3}, two[] = {2, 2}, one[] = {1, 1, 1, 1};
    const as_attr        pool[] = {{.name = "kernel_shape", .kind = AS_ATTR_INTS, .ints = three, .n = 2},
                                   {.name = "strides", .kind = AS_ATTR_INTS, .ints = two, .n = 2},
                                   {.name = "pads", .kind = AS_ATTR_INTS, .ints = one, .n = 4}};
    const as_shape       in = make_shape(4, (const int64_t[]){1, 3, RESNET_SIDE, RESNET_SIDE});
    char                 name[32], conv[32];
    m->graph = as_graph_new("resnet18", m->err);
    m->ok = m->graph && as_graph_add_input(m->graph, "input", AS_DTYPE_F32, &in, m->err);
    make_conv(m, "input", 3, 64, 7, 2, RESNET_SIDE / 2, 1.0, conv);
    make_relu(m, conv, name);
    make_node(m, "MaxPool", (const char *const[]){name, NULL}, "pool", pool, 3);
    as_str_copy(name, sizeof name, "pool");
    for (int64_t stage = 0, width = 64, from = 64, side = RESNET_SIDE / 4; stage < 4; stage++) {
        make_block(m, name, from, width, stage ? 2 : 1, side);
        make_block(m, name, width, width, 1, side);
        from = width;
        width *= 2;
        side = (side + 1) / 2;
    }
    make_node(m, "GlobalAveragePool", (const char *const[]){name, NULL}, "mean", NULL, 0);
    make_node(m, "Flatten", (const char *const[]){"mean", NULL}, "features", NULL, 0);
    return m->graph;
}

void bench_resnet18_draw(uint64_t seed, uint32_t label, float *out)
{
    as_rng       kind = as_rng_new(77 + label), rng = as_rng_stream(seed, label);
    const double turn = as_rng_range(&kind, 0.0, 3.14), period = as_rng_range(&kind, 6.0, 40.0);
    const double phase = as_rng_range(&rng, 0.0, 6.28), strength = as_rng_range(&rng, 0.9, 1.1);
    double       hue[3], shift[3];
    for (int c = 0; c < 3; c++) {
        hue[c] = as_rng_range(&kind, -1.0, 1.0);
        shift[c] = as_rng_range(&kind, -1.0, 1.0);
    }
    for (int c = 0; c < 3; c++)
        for (int y = 0; y < RESNET_SIDE; y++)
            for (int x = 0; x < RESNET_SIDE; x++) {
                const double along = 6.28 * (x * cos(turn) + y * sin(turn)) / period + phase;
                *out++ = (float)(shift[c] + strength * hue[c] * sin(along) + as_rng_range(&rng, -0.3, 0.3));
            }
}

/* --- the last layer ----------------------------------------------------------------------------------------------- */

/* The mean features of each class that is drawn, [RESNET_DRAWN][FEATURES]. */
static bool head_means(maker *m, float *input, float *means)
{
    const as_shape shape = make_shape(2, (const int64_t[]){1, FEATURES});
    if (!as_graph_add_output(m->graph, "features", AS_DTYPE_F32, &shape, m->err) || !as_graph_finish(m->graph, m->err))
        return false;
    as_engine *engine = as_engine_new(m->graph, &(as_engine_cfg){.batch = 1}, m->err);
    bool       ok = engine != NULL;
    for (uint32_t i = 0; ok && i < RESNET_DRAWN * LOOKS; i++) {
        as_tensor in = as_tensor_view(AS_DTYPE_F32, &as_engine_input(engine, 0)->shape, input), out = {0};
        bench_resnet18_draw(500 + i, i % RESNET_DRAWN, input);
        ok = as_engine_run(engine, &in, &out, m->err);
        for (size_t k = 0; ok && k < FEATURES; k++)
            means[(i % RESNET_DRAWN) * FEATURES + k] += ((const float *)out.data)[k] / LOOKS;
    }
    as_engine_free(engine);
    return ok && as_graph_clear_outputs(m->graph, m->err);
}

/* The nearest mean has the largest output: w = mean less that of all, b = -w (mean + that of all) / 2. The other classes
 * have small filters of chance. */
static void head_fill(as_rng *rng, const float *means, float *w, float *b)
{
    float all[FEATURES] = {0}, largest = 1e-9f;
    for (size_t i = 0; i < RESNET_DRAWN * FEATURES; i++)
        all[i % FEATURES] += means[i] / RESNET_DRAWN;
    for (size_t i = 0; i < RESNET_DRAWN * FEATURES; i++)
        largest = fmaxf(largest, fabsf(means[i] - all[i % FEATURES]));
    for (size_t o = 0; o < RESNET_CLASSES; o++) {
        double dot = 0.0;
        for (size_t k = 0; k < FEATURES; k++) {
            const float mean = o < RESNET_DRAWN ? means[o * FEATURES + k] : all[k];
            w[o * FEATURES + k] = o < RESNET_DRAWN ? (mean - all[k]) / largest : (float)(0.005 * as_rng_normal(rng));
            dot += (double)w[o * FEATURES + k] * (double)(mean + all[k]) / 2.0;
        }
        b[o] = (float)-dot;
    }
}

static bool head_make(maker *m, float *input)
{
    const as_shape ws = make_shape(2, (const int64_t[]){RESNET_CLASSES, FEATURES}),
                   bs = make_shape(1, (const int64_t[]){RESNET_CLASSES}),
                   ys = make_shape(2, (const int64_t[]){1, RESNET_CLASSES});
    const as_attr turned = {.name = "transB", .kind = AS_ATTR_INT, .i = 1};
    float        *means = calloc(RESNET_DRAWN * FEATURES, sizeof *means);
    as_tensor     w = {0}, b = {0};
    bool ok = means && as_tensor_new(&w, AS_DTYPE_F32, &ws, m->err) && as_tensor_new(&b, AS_DTYPE_F32, &bs, m->err) &&
              head_means(m, input, means);
    if (ok)
        head_fill(&m->rng, means, w.data, b.data);
    ok = ok && as_graph_add_constant(m->graph, "head.w", &w, m->err) &&
         as_graph_add_constant(m->graph, "head.b", &b, m->err);
    m->ok = ok;
    make_node(m, "Gemm", (const char *const[]){"features", "head.w", "head.b", NULL}, "scores", &turned, 1);
    m->flop += 2.0 * RESNET_CLASSES * FEATURES;
    free(means);
    as_tensor_done(&w);
    as_tensor_done(&b);
    return m->ok && as_graph_add_output(m->graph, "scores", AS_DTYPE_F32, &ys, m->err) &&
           as_graph_finish(m->graph, m->err);
}

static as_graph *resnet_quantise(as_graph *graph, float *input, as_err *err)
{
    const as_shape shape = make_shape(4, (const int64_t[]){1, 3, RESNET_SIDE, RESNET_SIDE});
    as_range      *ranges = calloc(as_graph_n_values(graph) + 1, sizeof *ranges);
    as_tensor      pictures[CALIBRATE];
    as_graph      *whole = NULL;
    for (uint32_t i = 0; i < CALIBRATE; i++) {
        pictures[i] = as_tensor_view(AS_DTYPE_F32, &shape, input + i * RESNET_VALUES);
        bench_resnet18_draw(900 + i, i * 2 % RESNET_DRAWN, input + i * RESNET_VALUES);
    }
    if (!ranges)
        AS_FAIL(err, AS_ENOMEM, "no memory for a network");
    else if (as_calibrate(graph, pictures, CALIBRATE, ranges, err))
        whole = as_graph_quantise(graph, ranges, err);
    free(ranges);
    return whole;
}

bool bench_resnet18_make(bench_resnet18 *net, as_err *err)
{
    maker  m = {.rng = as_rng_new(18), .err = err, .ok = true};
    float *input = malloc(CALIBRATE * RESNET_VALUES * sizeof *input);
    as_str_init(&net->floats);
    as_str_init(&net->whole);
    if (!input)
        return AS_FAIL(err, AS_ENOMEM, "no memory for a network");
    bool      ok = make_body(&m) && m.ok && head_make(&m, input);
    as_graph *whole = ok ? resnet_quantise(m.graph, input, err) : NULL;
    ok = whole && as_graph_write(m.graph, &net->floats, err) && as_graph_write(whole, &net->whole, err);
    net->flop = m.flop;
    as_graph_free(whole);
    as_graph_free(m.graph);
    free(input);
    return ok;
}

void bench_resnet18_done(bench_resnet18 *net)
{
    as_str_done(&net->floats);
    as_str_done(&net->whole);
}
