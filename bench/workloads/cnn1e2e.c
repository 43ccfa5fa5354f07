/* SPDX-License-Identifier: Apache-2.0 */
/* From a camera's pixels to probabilities: our preparation before both networks, so that what differs is the network. */
#include "bench/cnn.h"

enum { N_FRAMES = 4, WIDTH = 640, HEIGHT = 480, FRAME_BYTES = WIDTH * HEIGHT * 3 };

typedef struct cnn1e2e {
    bench_cnn   cnn;
    as_prepare *prepare;
    uint8_t    *frames; /* N_FRAMES x FRAME_BYTES */
    float      *input;
} cnn1e2e;

static bool cnn1e2e_prepare(cnn1e2e *w, size_t frame, as_err *err)
{
    const as_image image = {AS_PIXEL_RGB8, WIDTH, HEIGHT, WIDTH * 3, w->frames + frame * FRAME_BYTES};
    return as_prepare_run(w->prepare, &image, w->input, err);
}

static bool cnn1e2e_open(void *priv, bench_about *about, as_err *err)
{
    cnn1e2e *w = priv;
    if (!bench_cnn_open(&w->cnn, about, err))
        return false;
    w->frames = malloc((size_t)N_FRAMES * FRAME_BYTES);
    w->input = malloc(CNN_VALUES * sizeof *w->input);
    w->prepare = as_prepare_new(&w->cnn.spec, err);
    if (!w->prepare)
        return false;
    if (!w->frames || !w->input)
        return AS_FAIL(err, AS_ENOMEM, "no memory for %d frames", N_FRAMES);
    for (uint32_t i = 0; i < N_FRAMES; i++)
        bench_cnn_draw(2000 + i, i % CNN_CLASSES, WIDTH, HEIGHT, w->frames + (size_t)i * FRAME_BYTES);
    about->n_inputs = N_FRAMES;
    about->tolerance = 1e-4;
    about->flop_per_call = 0.0; /* preparing is no small part, and is not counted in it */
    snprintf(
        about->note, sizeof about->note,
        "frame %dx%d RGB8, resized and normalised by Assay on both sides, then 1x%dx%dx%d f32, batch 1, one thread",
        WIDTH, HEIGHT, CNN_CHANNELS, CNN_HEIGHT, CNN_WIDTH);
    return true;
}

static bool cnn1e2e_compare(void *priv, size_t input, double *ret_difference, as_err *err)
{
    cnn1e2e *w = priv;
    return cnn1e2e_prepare(w, input, err) && bench_cnn_compare(&w->cnn, w->input, ret_difference, err);
}

static bool cnn1e2e_ours(void *priv, size_t input, as_err *err)
{
    cnn1e2e     *w = priv;
    const float *probabilities;
    return cnn1e2e_prepare(w, input, err) && bench_cnn_run(&w->cnn, BENCH_OURS, w->input, &probabilities, err);
}

static bool cnn1e2e_peer(void *priv, size_t input, as_err *err)
{
    cnn1e2e     *w = priv;
    const float *probabilities;
    return cnn1e2e_prepare(w, input, err) && bench_cnn_run(&w->cnn, BENCH_PEER, w->input, &probabilities, err);
}

static void cnn1e2e_close(void *priv)
{
    cnn1e2e *w = priv;
    bench_cnn_close(&w->cnn);
    as_prepare_free(w->prepare);
    free(w->frames);
    free(w->input);
}

const bench_workload bench_cnn1e2e = {
    .id = "cnn1e2e",
    .summary = "a frame prepared and put through the compact network, against ONNX Runtime behind the same preparation",
    .priv_size = sizeof(cnn1e2e),
    .open = cnn1e2e_open,
    .compare = cnn1e2e_compare,
    .run = {[BENCH_OURS] = cnn1e2e_ours, [BENCH_PEER] = cnn1e2e_peer},
    .close = cnn1e2e_close,
};
