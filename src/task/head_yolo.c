/* SPDX-License-Identifier: Apache-2.0 */
/* YOLO heads that are decoded in the model, up to suppression: of the kind with anchors (v5 to v7), a place a row with the
 * score that something is there; and of the kind without (v8 to v11), a place a column. Both with masks too: coefficients of
 * prototypes in a second output (Bolya et al., YOLACT, 2019). */
#include "task/head_priv.h"

#define YOLO_BLOCK 4096 /* places that are looked through at once: their best scores stay in the first cache */

/* Strides that these networks are made with: the first, and how many. */
static const uint32_t yolo_grids[][2] = {{8, 3}, {8, 4}, {4, 4}, {4, 3}, {16, 2}, {8, 2}};

static bool yolo_is_grid(as_head *head, const as_head_io *io, size_t n, size_t each)
{
    for (size_t i = 0; i < AS_COUNT(yolo_grids); i++)
        if (as_head_grid(head, io, yolo_grids[i][0], yolo_grids[i][1]) * each == n)
            return true;
    return false;
}

/* Finds the boxes, and the prototypes where there are to be some. */
static bool yolo_outputs(as_head *head, const as_head_io *io, bool with_masks, uint32_t dims[AS_TENSOR_MAX_RANK])
{
    uint32_t proto[AS_TENSOR_MAX_RANK];
    if (io->n_outputs != (with_masks ? 2 : 1))
        return false;
    head->out[0] = as_head_is(io, 0, 3, dims) ? 0 : 1;
    head->out[1] = 1 - head->out[0];
    if (!as_head_is(io, (size_t)head->out[0], 3, dims))
        return false;
    if (!with_masks)
        return true;
    if (!as_head_is(io, (size_t)head->out[1], 4, proto))
        return false;
    head->n_coeffs = proto[0];
    head->mask_height = proto[1];
    head->mask_width = proto[2];
    return proto[1] <= AS_IMAGE_MAX_SIDE && proto[2] <= AS_IMAGE_MAX_SIDE && proto[0] <= 1024;
}

static bool yolo_fits(as_head *head, const as_head_io *io, bool with_masks, uint32_t before, size_t each)
{
    uint32_t dims[AS_TENSOR_MAX_RANK];
    if (!yolo_outputs(head, io, with_masks, dims))
        return false;
    /* v8's place is a column, where nobody has turned it; v5's always a row. */
    head->is_columns = before == 4 && !yolo_is_grid(head, io, dims[0], each);
    uint32_t n = head->is_columns ? dims[1] : dims[0], row = head->is_columns ? dims[0] : dims[1];
    if (row <= before + head->n_coeffs || !yolo_is_grid(head, io, n, each))
        return false;
    /* Turned, it would look as one of YOLOX: only who knows the number of classes can tell. */
    if (before == 4 && !head->is_columns && io->n_labels == 0)
        return false;
    head->row = row;
    head->n_anchors = n;
    head->n_classes = row - before - head->n_coeffs;
    return io->n_labels == 0 || io->n_labels == head->n_classes;
}

static bool yolo8_fits(as_head *head, const as_head_io *io)
{
    return yolo_fits(head, io, false, 4, 1);
}

static bool yolo8_seg_fits(as_head *head, const as_head_io *io)
{
    return yolo_fits(head, io, true, 4, 1);
}

static bool yolo5_fits(as_head *head, const as_head_io *io)
{
    return yolo_fits(head, io, false, 5, 3);
}

static bool yolo5_seg_fits(as_head *head, const as_head_io *io)
{
    return yolo_fits(head, io, true, 5, 3);
}

/* Who takes only what is likely enough in the model has fewer places than the grids do. */
static bool yolo_count(as_head *head, const as_tensor *outputs, as_err *err)
{
    return as_head_rows(head, outputs, head->out[0], head->is_columns ? 2 : 1, 1, &head->n_rows, err);
}

static bool yolo8_columns(as_head *head, const float *data, as_err *err)
{
    float  best[YOLO_BLOCK];
    size_t n = head->n_rows;
    for (size_t from = 0; from < n; from += YOLO_BLOCK) {
        size_t       block = AS_MIN(n - from, (size_t)YOLO_BLOCK);
        const float *scores = data + 4 * n + from;
        if (!as_scan_columns(scores, head->n_classes, n, block, best))
            return as_head_no_number(head, err);
        for (size_t i = 0; i < block; i++) {
            if (best[i] < head->score_min)
                continue;
            const float *at = data + from + i;
            as_box       box = {.score = best[i],
                                .class = as_scan_argmax(scores + i, head->n_classes, n),
                                .anchor = (uint32_t)(from + i)};
            if (!as_head_add_middle(head, at[0], at[n], at[2 * n], at[3 * n], box, err))
                return false;
        }
    }
    return true;
}

static bool yolo8_decode(as_head *head, const as_tensor *outputs, as_err *err)
{
    const float *data = outputs[head->out[0]].data;
    if (!yolo_count(head, outputs, err))
        return false;
    if (head->is_columns)
        return yolo8_columns(head, data, err);
    for (size_t i = 0; i < head->n_rows; i++, data += head->row) {
        if (!as_scan_finite(data + 4, head->n_classes))
            return as_head_no_number(head, err);
        uint32_t class = as_scan_argmax(data + 4, head->n_classes, 1);
        as_box box = {.score = data[4 + class], .class = class, .anchor = (uint32_t)i};
        if (box.score >= head->score_min && !as_head_add_middle(head, data[0], data[1], data[2], data[3], box, err))
            return false;
    }
    return true;
}

/* The score that something is there is read of each place; its classes only where it may be enough. */
static bool yolo5_decode(as_head *head, const as_tensor *outputs, as_err *err)
{
    const float *data = outputs[head->out[0]].data;
    if (!yolo_count(head, outputs, err))
        return false;
    for (size_t i = 0; i < head->n_rows; i++, data += head->row) {
        if (data[4] < head->score_min)
            continue;
        if (!as_scan_finite(data + 4, 1 + head->n_classes))
            return as_head_no_number(head, err);
        uint32_t class = as_scan_argmax(data + 5, head->n_classes, 1);
        as_box box = {.score = data[4] * data[5 + class], .class = class, .anchor = (uint32_t)i};
        if (data[4] > 1.001f)
            box.score = data[4]; /* no score: as_head_add says so */
        if (box.score >= head->score_min && !as_head_add_middle(head, data[0], data[1], data[2], data[3], box, err))
            return false;
    }
    return true;
}

const as_head_kind as_head_kind_yolov8 = {
    .name = "yolov8",
    .summary = "YOLO without anchors, v8 to v12: a place a column, middle and size in pixels, a score for each class",
    .words = "yolo yolo8 yolov9 yolov11 yolo11 yolo12 detect detection",
    .shapes = "[1, 4 + classes, places]",
    .input = "unit",
    .gives = AS_HEAD_BOXES,
    .is_counted = true,
    .fits = yolo8_fits,
    .decode = yolo8_decode,
};

const as_head_kind as_head_kind_yolov8_seg = {
    .name = "yolov8-seg",
    .summary = "the same with masks",
    .words = "yolo yolov8 yolov11 yolo11 yolo12 segment instancesegmentation",
    .shapes = "[1, 4 + classes + coefficients, places] and [1, coefficients, height, width]",
    .input = "unit",
    .gives = AS_HEAD_MASKS,
    .is_counted = true,
    .fits = yolo8_seg_fits,
    .decode = yolo8_decode,
};

const as_head_kind as_head_kind_yolov5 = {
    .name = "yolov5",
    .summary = "YOLO with anchors, v5 to v7: a place a row, with a score for anything and one for each class",
    .words = "yolo yolo5 yolov6 yolov7 yolo7 detect detection",
    .shapes = "[1, places x 3, 5 + classes]",
    .input = "unit",
    .gives = AS_HEAD_BOXES,
    .is_counted = true,
    .fits = yolo5_fits,
    .decode = yolo5_decode,
};

const as_head_kind as_head_kind_yolov5_seg = {
    .name = "yolov5-seg",
    .summary = "the same with masks",
    .words = "yolo yolov5 yolov7 segment instancesegmentation",
    .shapes = "[1, places x 3, 5 + classes + coefficients] and [1, coefficients, height, width]",
    .input = "unit",
    .gives = AS_HEAD_MASKS,
    .is_counted = true,
    .fits = yolo5_seg_fits,
    .decode = yolo5_decode,
};
