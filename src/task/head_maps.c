/* SPDX-License-Identifier: Apache-2.0 */
/* YOLO heads whose exporter left the maps as the network gives them: with anchors (Redmon and Farhadi, YOLOv3, 2018, and as
 * v5 changed it), and with distances as distributions (Li et al., Generalized Focal Loss, 2020), as in v8. */
#include <math.h>

#include "task/head_priv.h"

enum { MAPS_ANCHORS = 3, MAPS_BINS = 16 };

/* Of YOLOv5 on COCO, pixels. */
static const float maps_anchors[] = {10, 13, 16, 30, 33, 23, 30, 61, 62, 45, 59, 119, 116, 90, 156, 198, 373, 326};

/* Numbers of a place: k of anchor a in cell c at data[a * anchor_step + k * step + c * cell_step]. */
typedef struct maps_layout {
    size_t anchor_step, step, cell_step;
} maps_layout;

/* --- with anchors --- */

/* [1, 3, height, width, 5 + classes] */
static bool maps_fit_rows(as_head *head, const as_head_io *io)
{
    uint32_t dims[AS_TENSOR_MAX_RANK];
    if (io->n_outputs > HEAD_MAX_LEVELS)
        return false;
    head->n_levels = (uint32_t)io->n_outputs;
    for (uint32_t i = 0; i < head->n_levels; i++) {
        if (!as_head_is(io, i, 5, dims) || dims[0] != MAPS_ANCHORS || (head->row && dims[3] != head->row) ||
            io->width % dims[2] || io->width / dims[2] * dims[1] != io->height)
            return false;
        uint32_t at = i;
        for (; at > 0 && head->levels[at - 1].width < dims[2]; at--)
            head->levels[at] = head->levels[at - 1];
        head->row = dims[3];
        head->levels[at] =
            (as_head_level){.out = {(int)i}, .width = dims[2], .height = dims[1], .stride = io->width / dims[2]};
        head->n_anchors += (size_t)MAPS_ANCHORS * dims[1] * dims[2];
    }
    return head->n_levels > 0;
}

static bool maps_set_anchors(as_head *head, const as_head_io *io)
{
    const float *anchors = io->anchors ? io->anchors : maps_anchors;
    size_t       n = io->anchors ? io->n_anchors : AS_COUNT(maps_anchors), want = (size_t)head->n_levels * 6;
    for (size_t i = 0; n == want && i < n; i++) {
        if (!(anchors[i] > 0 && anchors[i] < AS_IMAGE_MAX_SIDE))
            return false;
        head->anchors[i] = anchors[i];
    }
    return n == want;
}

static bool maps_anchored_fit(as_head *head, const as_head_io *io)
{
    if (io->n_outputs < 2 || io->n_outputs > 4)
        return false;
    if (!maps_fit_rows(head, io)) {
        uint32_t n = as_head_maps(head, io, 0, (uint32_t)io->n_outputs, 0, 0);
        /* With 64 channels more than classes it may be one of v8. */
        if (n % MAPS_ANCHORS || (!io->word && io->n_labels == 0 && n > 4 * MAPS_BINS))
            return false;
        head->row = n / MAPS_ANCHORS;
        head->n_anchors *= MAPS_ANCHORS;
        head->is_columns = true;
    }
    if (head->row < 6 || !maps_set_anchors(head, io))
        return false;
    head->n_classes = head->row - 5;
    return io->n_labels == 0 || io->n_labels == head->n_classes;
}

/* The box of anchor size w x h whose numbers are t, in the cell at (x, y). */
static bool maps_box(as_head *head, const float t[4], bool is_exp, const as_head_level *level, uint32_t x, uint32_t y,
                     const float anchor[2], as_box box, as_err *err)
{
    float stride = (float)level->stride, sx = as_scan_sigmoid(t[0]), sy = as_scan_sigmoid(t[1]);
    if (is_exp) {
        float w = expf(AS_MIN(t[2], HEAD_LARGEST)) * anchor[0], h = expf(AS_MIN(t[3], HEAD_LARGEST)) * anchor[1];
        return as_head_add_middle(head, ((float)x + sx) * stride, ((float)y + sy) * stride, w, h, box, err);
    }
    float w = 2 * as_scan_sigmoid(t[2]), h = 2 * as_scan_sigmoid(t[3]);
    return as_head_add_middle(head, ((float)x + 2 * sx - 0.5f) * stride, ((float)y + 2 * sy - 0.5f) * stride,
                              w * w * anchor[0], h * h * anchor[1], box, err);
}

static bool maps_anchor_level(as_head *head, uint32_t at, const float *data, bool is_exp, uint32_t first, as_err *err)
{
    const as_head_level *level = &head->levels[at];
    size_t               cells = (size_t)level->width * level->height, row = head->row;
    maps_layout lay = head->is_columns ? (maps_layout){row * cells, cells, 1} : (maps_layout){row * cells, 1, row};
    float       least = as_scan_threshold(head->score_min, true);
    if (!as_scan_finite(data, row * cells * MAPS_ANCHORS))
        return as_head_no_number(head, err);
    for (size_t i = 0; i < cells * MAPS_ANCHORS; i++) {
        uint32_t     a = (uint32_t)(i / cells), cell = (uint32_t)(i % cells);
        const float *p = data + a * lay.anchor_step + cell * lay.cell_step;
        if (p[4 * lay.step] < least)
            continue;
        uint32_t class = as_scan_argmax(p + 5 * lay.step, head->n_classes, lay.step);
        float  t[4] = {p[0], p[lay.step], p[2 * lay.step], p[3 * lay.step]};
        as_box box = {.score = as_scan_sigmoid(p[4 * lay.step]) * as_scan_sigmoid(p[(5 + class) * lay.step]),
                      .class = class,
                      .anchor = first + (uint32_t)i};
        if (box.score >= head->score_min && !maps_box(head, t, is_exp, level, cell % level->width, cell / level->width,
                                                      head->anchors + at * 6 + (size_t)a * 2, box, err))
            return false;
    }
    return true;
}

static bool maps_anchored(as_head *head, const as_tensor *outputs, bool is_exp, as_err *err)
{
    uint32_t first = 0;
    for (uint32_t i = 0; i < head->n_levels; i++) {
        const as_head_level *level = &head->levels[i];
        if (!maps_anchor_level(head, i, outputs[level->out[0]].data, is_exp, first, err))
            return false;
        first += MAPS_ANCHORS * level->width * level->height;
    }
    return true;
}

static bool yolov5_raw_decode(as_head *head, const as_tensor *outputs, as_err *err)
{
    return maps_anchored(head, outputs, false, err);
}

static bool yolov3_raw_decode(as_head *head, const as_tensor *outputs, as_err *err)
{
    return maps_anchored(head, outputs, true, err);
}

/* --- with distributions --- */

static bool yolov8_raw_fits(as_head *head, const as_head_io *io)
{
    uint32_t n =
        io->n_outputs >= 2 && io->n_outputs <= 4 ? as_head_maps(head, io, 0, (uint32_t)io->n_outputs, 0, 0) : 0;
    if (n <= 4 * MAPS_BINS || (!io->word && io->n_labels == 0 && n % MAPS_ANCHORS == 0))
        return false;
    for (uint32_t i = 1; i < head->n_levels; i++)
        if (head->levels[i].width == head->levels[i - 1].width)
            return false;
    head->n_bins = MAPS_BINS;
    head->n_classes = n - 4 * MAPS_BINS;
    return io->n_labels == 0 || io->n_labels == head->n_classes;
}

static float maps_distance(const float *bins, size_t step)
{
    float p[MAPS_BINS], sum = 0;
    as_scan_softmax(bins, MAPS_BINS, step, p);
    for (size_t i = 0; i < MAPS_BINS; i++)
        sum += (float)i * p[i];
    return sum;
}

static bool maps_distribution_level(as_head *head, const as_head_level *level, const float *data, uint32_t first,
                                    as_err *err)
{
    float  best[256], stride = (float)level->stride, side[4];
    size_t cells = (size_t)level->width * level->height, skip = (size_t)4 * MAPS_BINS * cells;
    bool   is_ok = true, is_logits = as_scan_is_logits(data + skip, cells * head->n_classes, &is_ok);
    float  least = as_scan_threshold(head->score_min, is_logits);
    if (!is_ok || !as_scan_finite(data, skip))
        return as_head_no_number(head, err);
    for (size_t from = 0; from < cells; from += AS_COUNT(best)) {
        size_t block = AS_MIN(cells - from, AS_COUNT(best));
        if (!as_scan_columns(data + skip + from, head->n_classes, cells, block, best))
            return as_head_no_number(head, err);
        for (size_t i = from; i < from + block; i++) {
            if (best[i - from] < least)
                continue;
            for (size_t k = 0; k < 4; k++)
                side[k] = maps_distance(data + k * MAPS_BINS * cells + i, cells) * stride;
            float  x = ((float)(i % level->width) + 0.5f) * stride, y = ((float)(i / level->width) + 0.5f) * stride;
            as_box box = {x - side[0],
                          y - side[1],
                          x + side[2],
                          y + side[3],
                          as_scan_score(best[i - from], is_logits),
                          as_scan_argmax(data + skip + i, head->n_classes, cells),
                          first + (uint32_t)i};
            if (!as_head_add(head, &box, err))
                return false;
        }
    }
    return true;
}

static bool yolov8_raw_decode(as_head *head, const as_tensor *outputs, as_err *err)
{
    uint32_t first = 0;
    for (uint32_t i = 0; i < head->n_levels; i++) {
        const as_head_level *level = &head->levels[i];
        if (!maps_distribution_level(head, level, outputs[level->out[0]].data, first, err))
            return false;
        first += level->width * level->height;
    }
    return true;
}

const as_head_kind as_head_kind_yolov8_raw = {
    .name = "yolov8-raw",
    .summary = "YOLO v8 to v12 as the network gives it: a map a stride, distances as distributions of 16",
    .words = "yolo yolov8 yolov11 yolo11 detect detection",
    .shapes = "[1, 64 + classes, height, width] for each stride",
    .input = "unit",
    .gives = AS_HEAD_BOXES,
    .fits = yolov8_raw_fits,
    .decode = yolov8_raw_decode,
};

const as_head_kind as_head_kind_yolov5_raw = {
    .name = "yolov5-raw",
    .summary = "YOLO v5 and v7 as the network gives it: a map a stride, three anchors",
    .words = "yolo yolov5 yolov7 detect detection",
    .shapes = "[1, 3 x (5 + classes), height, width] or [1, 3, height, width, 5 + classes] for each stride",
    .input = "unit",
    .gives = AS_HEAD_BOXES,
    .fits = maps_anchored_fit,
    .decode = yolov5_raw_decode,
};

const as_head_kind as_head_kind_yolov3_raw = {
    .name = "yolov3-raw",
    .summary = "YOLO v3 as the network gives it: a map a stride, three anchors",
    .words = "yolov3 yolov3onnx",
    .shapes = "[1, 3 x (5 + classes), height, width] for each stride",
    .input = "unit",
    .gives = AS_HEAD_BOXES,
    .by_word = true,
    .fits = maps_anchored_fit,
    .decode = yolov3_raw_decode,
};
