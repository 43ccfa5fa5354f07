/* SPDX-License-Identifier: Apache-2.0 */
/* Camera pixels to a network's input in one pass, against the usual lines of OpenCV and numpy. */
#include <math.h>

#include "base/fs.h"
#include "bench/child.h"
#include "bench/cnn.h"

enum { N_FRAMES = 4, WIDTH = 640, HEIGHT = 480, FRAME_BYTES = WIDTH * HEIGHT * 3 };

static const as_input_spec prep_spec = {.width = CNN_WIDTH,
                                        .height = CNN_HEIGHT,
                                        .channels = 3,
                                        .resize = AS_RESIZE_STANDARD,
                                        .mean = {123.675f, 116.28f, 103.53f},
                                        .scale = {58.395f, 57.12f, 57.375f}};

typedef struct prep {
    as_prepare *prepare;
    float      *out;
    bench_child child; /* its memory: N_FRAMES x FRAME_BYTES, then its output */
} prep;

static bool prep_start(prep *w, bench_about *about, as_err *err)
{
    const float       *mean = prep_spec.mean, *scale = prep_spec.scale;
    const double       numbers[] = {N_FRAMES, WIDTH,   HEIGHT,   CNN_WIDTH, CNN_HEIGHT, (double)mean[0],
                                    mean[1],  mean[2], scale[0], scale[1],  scale[2]};
    const bench_python python = {.script = "prep_opencv.py",
                                 .needs = "OpenCV",
                                 .package = "python3-opencv",
                                 .numbers = numbers,
                                 .n_numbers = AS_COUNT(numbers)};
    const char        *more;
    if (!bench_child_python(&w->child, &python, about, &more, err))
        return false;
    snprintf(about->note, sizeof about->note,
             "%dx%d RGB8 to 3x%dx%d f32, area-averaged and normalised, one thread; allowed is half a grey level%.60s",
             WIDTH, HEIGHT, CNN_HEIGHT, CNN_WIDTH, more);
    return true;
}

static bool prep_open(void *priv, bench_about *about, as_err *err)
{
    prep *w = priv;
    if (!bench_child_init(&w->child, (size_t)N_FRAMES * FRAME_BYTES + CNN_VALUES * sizeof(float), err) ||
        !prep_start(w, about, err))
        return false;
    uint8_t *frames = w->child.memory;
    for (uint32_t i = 0; i < N_FRAMES; i++)
        bench_cnn_draw(3000 + i, i % CNN_CLASSES, WIDTH, HEIGHT, frames + (size_t)i * FRAME_BYTES);
    w->prepare = as_prepare_new(&prep_spec, err);
    w->out = malloc(CNN_VALUES * sizeof *w->out);
    if (!w->out)
        return AS_FAIL(err, AS_ENOMEM, "no memory for an output");
    about->n_inputs = N_FRAMES;
    about->tolerance = 0.51 / (double)prep_spec.scale[1]; /* OpenCV rounds to whole grey levels in between */
    return w->prepare != NULL;
}

static bool prep_ours(void *priv, size_t input, as_err *err)
{
    prep          *w = priv;
    uint8_t       *frames = w->child.memory;
    const as_image image = {AS_PIXEL_RGB8, WIDTH, HEIGHT, WIDTH * 3, frames + input * FRAME_BYTES};
    return as_prepare_run(w->prepare, &image, w->out, err);
}

static bool prep_compare(void *priv, size_t input, double *ret_difference, as_err *err)
{
    prep *w = priv;
    if (!prep_ours(w, input, err) || !bench_child_ask(&w->child, err, "run %zu", input))
        return false;
    const uint8_t *memory = w->child.memory;
    double         worst = 0.0;
    for (size_t i = 0; i < CNN_VALUES; i++) {
        float peer;
        memcpy(&peer, memory + (size_t)N_FRAMES * FRAME_BYTES + i * sizeof peer, sizeof peer);
        const double difference = fabs((double)w->out[i] - (double)peer);
        if (!(difference <= worst)) /* keeps a NaN */
            worst = difference;
    }
    *ret_difference = worst;
    return true;
}

static bool prep_peer_block(void *priv, size_t first, size_t n, double *ret_ns, as_err *err)
{
    prep *w = priv;
    return bench_child_time(&w->child, first, n, ret_ns, err);
}

static void prep_close(void *priv)
{
    prep *w = priv;
    bench_child_stop(&w->child);
    as_prepare_free(w->prepare);
    free(w->out);
}

const bench_workload bench_prep = {
    .id = "prep",
    .summary = "a frame resized and normalised in one pass, against OpenCV INTER_AREA and numpy",
    .priv_size = sizeof(prep),
    .open = prep_open,
    .compare = prep_compare,
    .run = {[BENCH_OURS] = prep_ours},
    .block = {[BENCH_PEER] = prep_peer_block},
    .close = prep_close,
};
