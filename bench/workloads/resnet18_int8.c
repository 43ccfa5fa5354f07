/* SPDX-License-Identifier: Apache-2.0 */
#include <math.h>

#include "bench/cnn.h"
#include "bench/resnet18.h"

enum { N_INPUTS = 4, N_JUDGED = 100 };

typedef struct resnet18_int8 {
    as_session *sessions[BENCH_SIDES];
    float      *inputs; /* N_INPUTS x RESNET_VALUES */
    float       step;   /* of the output's integers */
} resnet18_int8;

static bool resnet_run(as_session *session, float *input, const float **ret, as_err *err)
{
    const as_shape  shape = {.rank = 4, .dims = {1, 3, RESNET_SIDE, RESNET_SIDE}};
    const as_tensor in = as_tensor_view(AS_DTYPE_F32, &shape, input);
    as_tensor       out = {0};
    if (!as_session_run(session, &in, &out, err))
        return false;
    *ret = out.data;
    return true;
}

static int resnet_top(const float *scores)
{
    int top = 0;
    for (int i = 1; i < RESNET_CLASSES; i++)
        if (scores[i] > scores[top])
            top = i;
    return top;
}

/* The scale of the output's integers, as the model has it. */
static bool resnet_step(const bench_resnet18 *net, float *ret, as_err *err)
{
    as_graph        *graph = as_graph_parse((const uint8_t *)net->whole.s, net->whole.len, "resnet18_int8.onnx", err);
    const int32_t    id = graph ? as_graph_find(graph, "scores/scale") : -1;
    const as_tensor *scale = id >= 0 ? as_graph_value(graph, id)->constant : NULL;
    if (scale)
        memcpy(ret, scale->data, sizeof *ret);
    else if (graph)
        AS_FAIL(err, AS_EINTERNAL, "the quantised network has no scale of its output");
    as_graph_free(graph);
    return scale != NULL;
}

/* How often the class with the largest output is that of the floats, and how many classes were seen. */
static bool resnet_judge(resnet18_int8 *w, const bench_resnet18 *net, int *ret_same, int *ret_classes, as_err *err)
{
    const as_session_cfg cfg = {.backend = "native", .threads = 1, .batch = 1};
    as_session *floats = as_session_open((const uint8_t *)net->floats.s, net->floats.len, "resnet18.onnx", &cfg, err);
    bool        seen[RESNET_CLASSES] = {false}, ok = floats != NULL;
    int         same = 0, classes = 0;
    for (uint32_t i = 0; ok && i < N_JUDGED; i++) {
        const float *scores;
        bench_resnet18_draw(5000 + i, i % RESNET_DRAWN, w->inputs);
        ok = resnet_run(floats, w->inputs, &scores, err);
        const int want = ok ? resnet_top(scores) : 0;
        ok = ok && resnet_run(w->sessions[BENCH_OURS], w->inputs, &scores, err);
        same += ok && resnet_top(scores) == want;
        classes += !seen[want];
        seen[want] = true;
    }
    as_session_close(floats);
    *ret_same = same;
    *ret_classes = classes;
    return ok;
}

static bool resnet_open(resnet18_int8 *w, bench_about *about, const bench_resnet18 *net, as_err *err)
{
    static const char *const backends[] = {[BENCH_OURS] = "native", [BENCH_PEER] = "ort"};
    int                      same = 0, classes = 0;
    w->inputs = malloc(N_INPUTS * RESNET_VALUES * sizeof *w->inputs);
    if (!w->inputs)
        return AS_FAIL(err, AS_ENOMEM, "no memory for %d inputs", N_INPUTS);
    for (int side = 0; side < BENCH_SIDES; side++) {
        const as_session_cfg cfg = {.backend = backends[side], .threads = 1, .batch = 1};
        w->sessions[side] =
            as_session_open((const uint8_t *)net->whole.s, net->whole.len, "resnet18_int8.onnx", &cfg, err);
        if (!w->sessions[side])
            return false;
    }
    if (!resnet_judge(w, net, &same, &classes, err))
        return false;
    if (same * 100 < N_JUDGED * 99 || classes < RESNET_DRAWN / 2)
        return AS_FAIL(err, AS_EINTERNAL, "the quantised network names %d of %d pictures as its floats do, %d classes",
                       same, N_JUDGED, classes);
    for (uint32_t i = 0; i < N_INPUTS; i++)
        bench_resnet18_draw(7000 + i, i * 5 % RESNET_DRAWN, w->inputs + i * RESNET_VALUES);
    if (!resnet_step(net, &w->step, err))
        return false;
    snprintf(
        about->note, sizeof about->note,
        "input 1x3x%dx%d f32, u8 activations, i8 weights a channel; %d of %d top classes as in floats (%d classes); "
        "batch 1, one thread; differences in steps of the output",
        RESNET_SIDE, RESNET_SIDE, same, N_JUDGED, classes);
    return true;
}

static bool resnet18_int8_open(void *priv, bench_about *about, as_err *err)
{
    bench_resnet18 net = {.flop = 0.0};
    bool ok = bench_ort_peer(about, err) && bench_resnet18_make(&net, err) && resnet_open(priv, about, &net, err);
    about->n_inputs = N_INPUTS;
    about->tolerance = 2.0;
    about->flop_per_call = net.flop;
    bench_resnet18_done(&net);
    return ok;
}

static bool resnet18_int8_compare(void *priv, size_t input, double *ret_difference, as_err *err)
{
    resnet18_int8 *w = priv;
    float         *in = w->inputs + input * RESNET_VALUES;
    const float   *ours, *peer;
    double         worst = 0.0;
    if (!resnet_run(w->sessions[BENCH_OURS], in, &ours, err) || !resnet_run(w->sessions[BENCH_PEER], in, &peer, err))
        return false;
    for (int i = 0; i < RESNET_CLASSES; i++) {
        const double difference = fabs((double)ours[i] - (double)peer[i]) / (double)w->step;
        if (!(difference <= worst)) /* keeps a NaN */
            worst = difference;
    }
    *ret_difference = worst;
    return true;
}

static bool resnet18_int8_ours(void *priv, size_t input, as_err *err)
{
    resnet18_int8 *w = priv;
    const float   *scores;
    return resnet_run(w->sessions[BENCH_OURS], w->inputs + input * RESNET_VALUES, &scores, err);
}

static bool resnet18_int8_peer(void *priv, size_t input, as_err *err)
{
    resnet18_int8 *w = priv;
    const float   *scores;
    return resnet_run(w->sessions[BENCH_PEER], w->inputs + input * RESNET_VALUES, &scores, err);
}

static void resnet18_int8_close(void *priv)
{
    resnet18_int8 *w = priv;
    for (int side = 0; side < BENCH_SIDES; side++)
        w->sessions[side] = as_session_close(w->sessions[side]);
    free(w->inputs);
}

const bench_workload bench_resnet18_int8 = {
    .id = "resnet18_int8",
    .summary = "ResNet-18 of whole numbers at 224x224, native engine, against ONNX Runtime on the same file",
    .priv_size = sizeof(resnet18_int8),
    .open = resnet18_int8_open,
    .compare = resnet18_int8_compare,
    .run = {[BENCH_OURS] = resnet18_int8_ours, [BENCH_PEER] = resnet18_int8_peer},
    .close = resnet18_int8_close,
};
