/* SPDX-License-Identifier: Apache-2.0 */
#include "bench/cnn.h"

#include <math.h>

#include "base/rng.h"
#include "train/cnn.h"

enum { N_TRAIN = 48, EPOCHS = 8, BATCH = 16 };

void bench_cnn_draw(uint64_t seed, uint32_t label, uint32_t width, uint32_t height, uint8_t *rgb)
{
    as_rng       rng = as_rng_stream(seed, label);
    const double phase = as_rng_range(&rng, 0.0, 6.28), strength = as_rng_range(&rng, 30.0, 60.0);
    const double period = 8.0 * (double)width / CNN_WIDTH, hue[3] = {1.0, 0.8, as_rng_range(&rng, 0.4, 1.0)};
    for (uint32_t y = 0; y < height; y++) {
        for (uint32_t x = 0; x < width; x++) {
            const double across = sin(6.28 * y / period + phase), down = sin(6.28 * x / period + phase);
            const double shapes[CNN_CLASSES] = {across, down, across * down, 0.0};
            for (int c = 0; c < 3; c++) {
                const double v = 128.0 + strength * shapes[label] * hue[c] + 8.0 * as_rng_normal(&rng);
                *rgb++ = (uint8_t)fmin(fmax(v, 0.0), 255.0);
            }
        }
    }
}

/* Which share of a filter's products along one axis falls inside the picture and not on its padding. */
static double cnn_inside_ratio(const as_node *node, size_t axis, int64_t size, int64_t n_out, int64_t kernel)
{
    const int64_t *pads = NULL, *strides = NULL;
    size_t         n_pads = 0, n_strides = 0;
    as_node_ints(node, "pads", &pads, &n_pads);
    as_node_ints(node, "strides", &strides, &n_strides);
    const int64_t pad = axis < n_pads ? pads[axis] : 0, stride = axis < n_strides ? strides[axis] : 1;
    int64_t       inside = 0;
    for (int64_t o = 0; o < n_out; o++)
        for (int64_t k = 0; k < kernel; k++)
            inside += o * stride + k >= pad && o * stride + k < size + pad;
    return (double)inside / (double)(n_out * kernel);
}

static double cnn_node_flop(const as_graph *graph, const as_node *node)
{
    const bool conv = strcmp(node->op, "Conv") == 0, gemm = strcmp(node->op, "Gemm") == 0;
    if (!conv && !gemm && strcmp(node->op, "MatMul") != 0)
        return 0.0;
    const as_shape *out = &as_graph_value(graph, node->outputs[0])->shape;
    const as_shape *in = &as_graph_value(graph, node->inputs[0])->shape;
    const as_shape *weights = &as_graph_value(graph, node->inputs[1])->shape;
    size_t          n_out, n_weights;
    if (!as_shape_count(out, &n_out) || !as_shape_count(weights, &n_weights))
        return 0.0;
    /* Of the weights each output uses its own row or filter. */
    const double rows = (double)(conv ? out->dims[1] : out->dims[out->rank - 1]);
    double       flop = 2.0 * (double)n_out * (double)n_weights / rows;
    for (int i = 2; conv && i < out->rank; i++)
        flop *= cnn_inside_ratio(node, (size_t)i - 2, in->dims[i], out->dims[i], weights->dims[i]);
    return flop;
}

static bool cnn_count(bench_cnn *cnn, as_graph *graph, as_err *err)
{
    if (!as_graph_infer_shapes(graph, 1, err))
        return false;
    for (size_t i = 0; i < as_graph_n_nodes(graph); i++)
        cnn->flop += cnn_node_flop(graph, as_graph_node(graph, i));
    return true;
}

static as_graph *cnn_train(bench_cnn *cnn, as_err *err)
{
    uint8_t *pixels = malloc(N_TRAIN * CNN_VALUES);
    if (!pixels) {
        AS_FAIL(err, AS_ENOMEM, "no memory for %d pictures", N_TRAIN);
        return NULL;
    }
    uint32_t labels[N_TRAIN];
    for (uint32_t i = 0; i < N_TRAIN; i++) {
        labels[i] = i % CNN_CLASSES;
        bench_cnn_draw(i, labels[i], CNN_WIDTH, CNN_HEIGHT, pixels + i * CNN_VALUES);
    }
    as_cnn_cfg cfg = as_cnn_cfg_default(CNN_CLASSES, N_TRAIN);
    cfg.width = CNN_WIDTH;
    cfg.height = CNN_HEIGHT;
    cfg.channels = CNN_CHANNELS;
    cfg.epochs = EPOCHS;
    cfg.batch = BATCH;
    cfg.threads = 1;
    as_curve  curve = {0};
    as_graph *graph = NULL;
    if (!as_cnn_train(&cfg, &(as_cnn_data){N_TRAIN, pixels, labels}, &(as_cnn_data){0}, NULL, &curve, &cnn->spec,
                      &graph, err))
        as_err_note(err, "cannot make a network to measure");
    free(curve.at);
    free(pixels);
    return graph;
}

/* "ONNX Runtime 1.30.0, /path/of/it" without the path. */
bool bench_ort_peer(bench_about *about, as_err *err)
{
    for (size_t i = 0; as_backend_at(i); i++) {
        if (strcmp(as_backend_at(i)->name, "ort") != 0)
            continue;
        as_str text;
        as_str_init(&text);
        bool ok = as_backend_at(i)->about(&text, err);
        if (ok)
            snprintf(about->peer, sizeof about->peer, "%.*s", (int)strcspn(text.s, ","), text.s);
        as_str_done(&text);
        return ok;
    }
    return AS_FAIL(err, AS_EMISSING, "this build has no back end 'ort'");
}

bool bench_cnn_write(bench_cnn *cnn, as_str *bytes, as_err *err)
{
    as_graph  *graph = cnn_train(cnn, err);
    const bool ok = graph && as_graph_write(graph, bytes, err) && cnn_count(cnn, graph, err);
    as_graph_free(graph);
    return ok;
}

bool bench_cnn_open(bench_cnn *cnn, bench_about *about, as_err *err)
{
    static const char *const backends[] = {[BENCH_OURS] = "native", [BENCH_PEER] = "ort"};
    if (!bench_ort_peer(about, err))
        return false;
    as_str bytes;
    as_str_init(&bytes);
    bool ok = bench_cnn_write(cnn, &bytes, err);
    for (int side = 0; ok && side < BENCH_SIDES; side++) {
        const as_session_cfg cfg = {.backend = backends[side], .threads = 1, .batch = 1};
        cnn->sessions[side] = as_session_open((const uint8_t *)bytes.s, bytes.len, "cnn.onnx", &cfg, err);
        ok = cnn->sessions[side] != NULL;
    }
    cnn->model_bytes = bytes.len;
    about->flop_per_call = cnn->flop;
    as_str_done(&bytes);
    return ok;
}

void bench_cnn_close(bench_cnn *cnn)
{
    for (int side = 0; side < BENCH_SIDES; side++)
        cnn->sessions[side] = as_session_close(cnn->sessions[side]);
}

bool bench_cnn_run(bench_cnn *cnn, int side, float *input, const float **ret_probabilities, as_err *err)
{
    const as_shape  shape = {.rank = 4, .dims = {1, CNN_CHANNELS, CNN_HEIGHT, CNN_WIDTH}};
    const as_tensor in = as_tensor_view(AS_DTYPE_F32, &shape, input);
    as_tensor       out = {0};
    if (!as_session_run(cnn->sessions[side], &in, &out, err))
        return false;
    *ret_probabilities = out.data;
    return true;
}

bool bench_cnn_compare(bench_cnn *cnn, float *input, double *ret_difference, as_err *err)
{
    const float *ours, *peer;
    if (!bench_cnn_run(cnn, BENCH_OURS, input, &ours, err) || !bench_cnn_run(cnn, BENCH_PEER, input, &peer, err))
        return false;
    double worst = 0.0;
    for (int i = 0; i < CNN_CLASSES; i++) {
        const double difference = fabs((double)ours[i] - (double)peer[i]);
        if (!(difference <= worst)) /* keeps a NaN */
            worst = difference;
    }
    *ret_difference = worst;
    return true;
}

bool bench_cnn_tells_apart(bench_cnn *cnn, float *a, float *b, as_err *err)
{
    const float *p;
    float        of_a[CNN_CLASSES];
    if (!bench_cnn_run(cnn, BENCH_OURS, a, &p, err))
        return false;
    memcpy(of_a, p, sizeof of_a);
    if (!bench_cnn_run(cnn, BENCH_OURS, b, &p, err))
        return false;
    for (int i = 0; i < CNN_CLASSES; i++)
        if (fabsf(of_a[i] - p[i]) > 0.1f)
            return true;
    return AS_FAIL(err, AS_EINTERNAL, "the network tells nothing apart: comparing its outputs would prove little");
}
