/* SPDX-License-Identifier: Apache-2.0 */
/* The network alone: its input is ready in memory, batch 1, one thread. */
#include "bench/cnn.h"

enum { N_INPUTS = 8 };

typedef struct cnn1 {
    bench_cnn cnn;
    float    *inputs; /* N_INPUTS x CNN_VALUES */
} cnn1;

static bool cnn1_open(void *priv, bench_about *about, as_err *err)
{
    cnn1 *w = priv;
    if (!bench_cnn_open(&w->cnn, about, err))
        return false;
    uint8_t *rgb = malloc(CNN_VALUES);
    w->inputs = malloc(N_INPUTS * CNN_VALUES * sizeof *w->inputs);
    as_prepare *prepare = as_prepare_new(&w->cnn.spec, err);
    bool        ok = rgb && w->inputs && prepare;
    if (!rgb || !w->inputs)
        AS_FAIL(err, AS_ENOMEM, "no memory for %d inputs", N_INPUTS);
    for (uint32_t i = 0; ok && i < N_INPUTS; i++) {
        const as_image image = {AS_PIXEL_RGB8, CNN_WIDTH, CNN_HEIGHT, CNN_WIDTH * CNN_CHANNELS, rgb};
        bench_cnn_draw(1000 + i, i % CNN_CLASSES, CNN_WIDTH, CNN_HEIGHT, rgb);
        ok = as_prepare_run(prepare, &image, w->inputs + i * CNN_VALUES, err);
    }
    as_prepare_free(prepare);
    free(rgb);
    about->n_inputs = N_INPUTS;
    about->tolerance = 1e-4;
    snprintf(about->note, sizeof about->note,
             "input 1x%dx%dx%d f32, %d classes, model of %zu bytes, batch 1, one thread, no pre-processing",
             CNN_CHANNELS, CNN_HEIGHT, CNN_WIDTH, CNN_CLASSES, w->cnn.model_bytes);
    return ok && bench_cnn_tells_apart(&w->cnn, w->inputs, w->inputs + CNN_VALUES, err);
}

static bool cnn1_compare(void *priv, size_t input, double *ret_difference, as_err *err)
{
    cnn1 *w = priv;
    return bench_cnn_compare(&w->cnn, w->inputs + input * CNN_VALUES, ret_difference, err);
}

static bool cnn1_ours(void *priv, size_t input, as_err *err)
{
    cnn1        *w = priv;
    const float *probabilities;
    return bench_cnn_run(&w->cnn, BENCH_OURS, w->inputs + input * CNN_VALUES, &probabilities, err);
}

static bool cnn1_peer(void *priv, size_t input, as_err *err)
{
    cnn1        *w = priv;
    const float *probabilities;
    return bench_cnn_run(&w->cnn, BENCH_PEER, w->inputs + input * CNN_VALUES, &probabilities, err);
}

static void cnn1_close(void *priv)
{
    cnn1 *w = priv;
    bench_cnn_close(&w->cnn);
    free(w->inputs);
}

const bench_workload bench_cnn1 = {
    .id = "cnn1",
    .summary = "the compact network, native engine, against ONNX Runtime on the same file",
    .priv_size = sizeof(cnn1),
    .open = cnn1_open,
    .compare = cnn1_compare,
    .run = {[BENCH_OURS] = cnn1_ours, [BENCH_PEER] = cnn1_peer},
    .close = cnn1_close,
};
