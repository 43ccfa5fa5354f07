/* SPDX-License-Identifier: Apache-2.0 */
/* All that is measured of a frame of 1.3 million pixels in one pass, against the same measures by OpenCV and numpy. */
#include <math.h>

#include "bench/child.h"
#include "bench/picture.h"
#include "image/stats.h"

enum { N_FRAMES = 3, WIDTH = 1280, HEIGHT = 1024, FRAME_BYTES = WIDTH * HEIGHT, N_MEASURES = 10 };

/* By how much a measure may differ, in shares of itself and 1: what is counted in whole numbers agrees; blocks of noise are
 * averaged in floats; few bins say whether a frame moved. */
static const double checks_allowed[N_MEASURES] = {1e-6, 1e-6, 1e-6, 1e-6, 1e-6, 1e-6, 1e-6, 1e-3, 0.05, 0.01};

typedef struct frame_checks {
    bench_child child; /* its memory: N_FRAMES x FRAME_BYTES, then N_MEASURES doubles */
} frame_checks;

static bool checks_start(frame_checks *w, bench_about *about, as_err *err)
{
    static const double       numbers[] = {N_FRAMES, WIDTH, HEIGHT, N_MEASURES};
    static const bench_python python = {.script = "frame_checks_opencv.py",
                                        .needs = "OpenCV",
                                        .package = "python3-opencv",
                                        .numbers = numbers,
                                        .n_numbers = AS_COUNT(numbers)};
    const char               *more;
    if (!bench_child_python(&w->child, &python, about, &more, err))
        return false;
    snprintf(about->note, sizeof about->note,
             "%dx%d grey: levels, clipping, contrast, focus twice, noise, blank edges, motion blur, hash, map%.60s",
             WIDTH, HEIGHT, more);
    return true;
}

static as_image checks_frame(const frame_checks *w, size_t input)
{
    return (as_image){AS_PIXEL_MONO8, WIDTH, HEIGHT, WIDTH, (uint8_t *)w->child.memory + input * FRAME_BYTES};
}

static bool checks_open(void *priv, bench_about *about, as_err *err)
{
    frame_checks *w = priv;
    if (!bench_child_init(&w->child, (size_t)N_FRAMES * FRAME_BYTES + N_MEASURES * sizeof(double), err) ||
        !checks_start(w, about, err))
        return false;
    for (size_t i = 0; i < N_FRAMES; i++) {
        as_image frame = checks_frame(w, i);
        bench_picture_draw(9000 + i, &frame);
    }
    about->n_inputs = N_FRAMES;
    about->tolerance = 1; /* of what checks_allowed says */
    return true;
}

static bool checks_measure(const frame_checks *w, size_t input, double ret[N_MEASURES], as_err *err)
{
    const as_image frame = checks_frame(w, input);
    as_image_stats s;
    double         sum = 0;
    if (!as_image_stats_of(&frame, &s, err))
        return false;
    for (uint32_t r = 0; r < s.map.down; r++)
        for (uint32_t k = 0; k < s.map.across; k++)
            sum += s.map.cells[r][k] / (double)AS_IMAGE_MAP_ONE;
    const double measures[N_MEASURES] = {s.mean,
                                         s.deviation,
                                         s.clipped_low_ratio,
                                         s.clipped_high_ratio,
                                         s.contrast,
                                         s.laplacian_variance,
                                         s.tenengrad,
                                         s.noise,
                                         s.motion.certainty,
                                         sum / (s.map.across * s.map.down)};
    memcpy(ret, measures, sizeof measures);
    return true;
}

static bool checks_compare(void *priv, size_t input, double *ret_difference, as_err *err)
{
    frame_checks *w = priv;
    double        ours[N_MEASURES], peer[N_MEASURES], worst = 0.0;
    if (!checks_measure(w, input, ours, err) || !bench_child_ask(&w->child, err, "run %zu", input))
        return false;
    memcpy(peer, (uint8_t *)w->child.memory + (size_t)N_FRAMES * FRAME_BYTES, sizeof peer);
    for (size_t i = 0; i < N_MEASURES; i++) {
        const double difference = fabs(ours[i] - peer[i]) / (1 + fabs(peer[i])) / checks_allowed[i];
        if (!(difference <= worst)) /* keeps a NaN */
            worst = difference;
    }
    *ret_difference = worst;
    return true;
}

static bool checks_ours(void *priv, size_t input, as_err *err)
{
    const frame_checks *w = priv;
    const as_image      frame = checks_frame(w, input);
    as_image_stats      stats;
    return as_image_stats_of(&frame, &stats, err);
}

static bool checks_peer_block(void *priv, size_t first, size_t n, double *ret_ns, as_err *err)
{
    frame_checks *w = priv;
    return bench_child_time(&w->child, first, n, ret_ns, err);
}

static void checks_close(void *priv)
{
    frame_checks *w = priv;
    bench_child_stop(&w->child);
}

const bench_workload bench_frame_checks = {
    .id = "frame_checks",
    .summary = "all measures of a frame of 1.3 Mpx, against OpenCV and numpy",
    .priv_size = sizeof(frame_checks),
    .open = checks_open,
    .compare = checks_compare,
    .run = {[BENCH_OURS] = checks_ours},
    .block = {[BENCH_PEER] = checks_peer_block},
    .close = checks_close,
};
