/* SPDX-License-Identifier: Apache-2.0 */
/* The boxes in what a YOLOv8 for COCO gives, one place of a hundred above the threshold, against the usual lines of numpy and
 * OpenCV. Things are in clusters, as a network gives them: each suppresses some of its neighbours. */
#include <math.h>

#include "base/rng.h"
#include "bench/child.h"
#include "task/head.h"

enum { BOXES_HEADS = 4, BOXES_ROWS = 84, BOXES_PLACES = 8400, BOXES_SIDE = 640, BOXES_MOST = 300, BOXES_ABOVE = 84 };

#define BOXES_VALUES ((size_t)BOXES_ROWS * BOXES_PLACES)
#define BOXES_SCORE  0.25f
#define BOXES_IOU    0.45f

typedef struct boxes {
    bench_child   child; /* its memory: the heads, a count, what is found */
    as_head      *head;
    const as_box *found;
    size_t        n;
} boxes;

static void boxes_draw(float *p, as_rng *rng)
{
    for (size_t i = 0; i < BOXES_VALUES; i++)
        p[i] = (float)(i < 4 * BOXES_PLACES ? as_rng_range(rng, 8, 600) : as_rng_range(rng, 0, 0.1));
    float middle[4] = {0};
    for (size_t k = 0; k < BOXES_ABOVE; k++) {
        size_t at = as_rng_below(rng, BOXES_PLACES), class = k / 6 % (BOXES_ROWS - 4);
        for (size_t c = 0; c < 4; c++) {
            if (k % 6 == 0)
                middle[c] = (float)(c < 2 ? as_rng_range(rng, 80, 560) : as_rng_range(rng, 40, 160));
            p[c * BOXES_PLACES + at] = middle[c] + (float)as_rng_range(rng, -12, 12);
        }
        p[(4 + class) * BOXES_PLACES + at] = (float)as_rng_range(rng, 0.26, 0.95);
    }
}

static bool boxes_start(boxes *w, bench_about *about, as_err *err)
{
    const double       numbers[] = {BOXES_HEADS, BOXES_ROWS,          BOXES_PLACES,
                                    BOXES_MOST,  (double)BOXES_SCORE, (double)BOXES_IOU};
    const bench_python python = {.script = "boxes_opencv.py",
                                 .needs = "OpenCV",
                                 .package = "python3-opencv",
                                 .numbers = numbers,
                                 .n_numbers = AS_COUNT(numbers)};
    const char        *more;
    if (!bench_child_python(&w->child, &python, about, &more, err))
        return false;
    snprintf(about->note, sizeof about->note,
             "%d places x %d numbers, %d above %.2f, in clusters of six; decoded, and suppressed class by class%.60s",
             BOXES_PLACES, BOXES_ROWS, BOXES_ABOVE, (double)BOXES_SCORE, more);
    return true;
}

static bool boxes_open(void *priv, bench_about *about, as_err *err)
{
    boxes            *w = priv;
    as_rng            rng = as_rng_new(21);
    const as_port     port = {.name = "output0", .dtype = AS_DTYPE_F32, .shape = {3, {1, BOXES_ROWS, BOXES_PLACES}}};
    const as_head_io  io = {.outputs = &port, .n_outputs = 1, .width = BOXES_SIDE, .height = BOXES_SIDE};
    const as_head_cfg cfg = {.score_min = BOXES_SCORE, .iou_max = BOXES_IOU, .n_max = BOXES_MOST};
    if (!bench_child_init(&w->child, (BOXES_HEADS * BOXES_VALUES + 1 + BOXES_MOST * 6) * sizeof(float), err))
        return false;
    for (size_t i = 0; i < BOXES_HEADS; i++)
        boxes_draw((float *)w->child.memory + i * BOXES_VALUES, &rng);
    about->n_inputs = BOXES_HEADS;
    about->tolerance = 1e-3; /* pixels, and scores */
    w->head = as_head_new(&io, &cfg, err);
    return w->head && boxes_start(w, about, err);
}

static bool boxes_ours(void *priv, size_t input, as_err *err)
{
    boxes    *w = priv;
    as_tensor out = as_tensor_view(AS_DTYPE_F32, &(as_shape){3, {1, BOXES_ROWS, BOXES_PLACES}},
                                   (float *)w->child.memory + input * BOXES_VALUES);
    return as_head_run(w->head, &out, &w->found, &w->n, err);
}

static bool boxes_compare(void *priv, size_t input, double *ret_difference, as_err *err)
{
    boxes *w = priv;
    if (!boxes_ours(w, input, err) || !bench_child_ask(&w->child, err, "run %zu", input))
        return false;
    const float *peer = (const float *)w->child.memory + BOXES_HEADS * BOXES_VALUES;
    double       worst = fabs((double)peer[0] - (double)w->n);
    for (size_t i = 0; worst == 0 && i < w->n; i++) {
        const as_box *b = &w->found[i];
        const float   ours[] = {b->x0, b->y0, b->x1, b->y1, b->score, (float)b->class};
        for (size_t k = 0; k < 6; k++) {
            const double difference = fabs((double)ours[k] - (double)peer[1 + 6 * i + k]);
            if (!(difference <= worst) && !(difference <= 1e-3))
                worst = difference;
        }
    }
    *ret_difference = worst;
    return w->n > 0 || AS_FAIL(err, AS_EINTERNAL, "head %zu has no box", input);
}

static bool boxes_peer_block(void *priv, size_t first, size_t n, double *ret_ns, as_err *err)
{
    boxes *w = priv;
    return bench_child_time(&w->child, first, n, ret_ns, err);
}

static void boxes_close(void *priv)
{
    boxes *w = priv;
    bench_child_stop(&w->child);
    as_head_free(w->head);
}

const bench_workload bench_boxes = {
    .id = "boxes",
    .summary = "a YOLOv8's answer to boxes, decoded and suppressed, against numpy and OpenCV",
    .priv_size = sizeof(boxes),
    .open = boxes_open,
    .compare = boxes_compare,
    .run = {[BENCH_OURS] = boxes_ours},
    .block = {[BENCH_PEER] = boxes_peer_block},
    .close = boxes_close,
};
