/* SPDX-License-Identifier: Apache-2.0 */
/* Heads of models that suppress by themselves: what they give is sorted, and no more. */
#include "task/head_priv.h"

#define FINAL_MOST 100000 /* rows */

/* The class that a number names; false where it names none. */
static bool final_class(const as_head *head, double value, uint32_t *ret, as_err *err)
{
    uint32_t n = head->n_classes ? head->n_classes : AS_HEAD_MAX_CLASSES;
    if (!(value >= 0) || value >= (double)n)
        return AS_FAIL(err, AS_ECORRUPT, "the model's answer has class %g, where there are %u (head '%s')", value, n,
                       head->kind->name);
    *ret = (uint32_t)value;
    return true;
}

/* Coordinates are of the input, or ratios of it: nothing that is found ends within two pixels of the corner. */
static bool final_is_ratio(const float *boxes, size_t n, size_t step)
{
    for (size_t i = 0; i < n; i++)
        if (boxes[i * step + 2] > 2 || boxes[i * step + 3] > 2)
            return false;
    return true;
}

static bool final_add(as_head *head, const float *corners, float gain_x, float gain_y, float score, double class,
                      size_t i, as_err *err)
{
    as_box box = {corners[0] * gain_x, corners[1] * gain_y, corners[2] * gain_x, corners[3] * gain_y, score, 0,
                  (uint32_t)i};
    if (box.score < head->score_min)
        return true;
    return final_class(head, class, &box.class, err) && as_head_add(head, &box, err);
}

/* --- rows of corners, score and class --- */

/* [1, rows, numbers]; rows that are counted at each run are as many as a head may keep, where the head is asked for. */
static bool final_rows_are(const as_head_io *io, size_t i, uint32_t dims[AS_TENSOR_MAX_RANK])
{
    return as_head_is_counted(io, i, 3, 1, AS_BOXES_MOST_KEPT, dims);
}

static bool final_rows_fit(as_head *head, const as_head_io *io, bool with_masks)
{
    uint32_t dims[AS_TENSOR_MAX_RANK], proto[AS_TENSOR_MAX_RANK] = {0};
    if (io->n_outputs != (with_masks ? 2 : 1))
        return false;
    head->out[0] = final_rows_are(io, 0, dims) ? 0 : 1;
    head->out[1] = 1 - head->out[0];
    if (!final_rows_are(io, (size_t)head->out[0], dims) ||
        (with_masks && !as_head_is(io, (size_t)head->out[1], 4, proto)))
        return false;
    /* Every place of three strides, of six numbers each: as many classes as fit, of a head that does not suppress. */
    if (!io->word && as_head_grid(head, io, 8, 3) == dims[0])
        return false;
    head->n_coeffs = proto[0];
    head->mask_height = proto[1];
    head->mask_width = proto[2];
    head->n_anchors = dims[0];
    head->row = dims[1];
    head->n_classes = io->n_labels;
    return dims[1] == 6 + proto[0] && dims[0] <= AS_BOXES_MOST_KEPT && proto[1] <= AS_IMAGE_MAX_SIDE &&
           proto[2] <= AS_IMAGE_MAX_SIDE;
}

static bool end2end_fits(as_head *head, const as_head_io *io)
{
    return final_rows_fit(head, io, false);
}

static bool end2end_seg_fits(as_head *head, const as_head_io *io)
{
    return final_rows_fit(head, io, true);
}

static bool end2end_decode(as_head *head, const as_tensor *outputs, as_err *err)
{
    const float *row = outputs[head->out[0]].data;
    size_t       n;
    if (!as_head_rows(head, outputs, head->out[0], 1, 1, &n, err))
        return false;
    for (size_t i = 0; i < n; i++, row += head->row)
        if (!final_add(head, row, 1, 1, row[4], (double)row[5], i, err))
            return false;
    return true;
}

/* --- OpenVINO's DetectionOutput --- */

static bool detection_output_fits(as_head *head, const as_head_io *io)
{
    uint32_t dims[AS_TENSOR_MAX_RANK];
    if (io->n_outputs != 1 || !as_head_is_counted(io, 0, 4, 2, FINAL_MOST, dims) || dims[0] != 1 || dims[2] != 7 ||
        dims[1] > FINAL_MOST)
        return false;
    head->n_anchors = dims[1];
    head->n_classes = io->n_labels;
    return true;
}

/* Picture, class, score, corners as ratios; a picture below 0 ends the list. */
static bool detection_output_decode(as_head *head, const as_tensor *outputs, as_err *err)
{
    const float *row = outputs[0].data;
    size_t       n;
    if (!as_head_rows(head, outputs, 0, 2, 1, &n, err))
        return false;
    for (size_t i = 0; i < n && row[0] >= 0; i++, row += 7)
        if (!final_add(head, row + 3, (float)head->width, (float)head->height, row[2], (double)row[1], i, err))
            return false;
    return true;
}

/* --- lists: boxes, their classes, and their scores (a fifth number of a box, or an output of their own) --- */

/* [N, columns] or [1, N, columns]; columns 0: [N] or [1, N]. Returns N, or the most where it is counted at each run; 0 where
 * it is none. */
static uint32_t final_list(const as_port *port, uint32_t columns)
{
    const as_shape *shape = &port->shape;
    int             rank = shape->rank - (columns ? 1 : 0);
    if (rank < 1 || rank > 2 || (rank == 2 && shape->dims[0] != 1) ||
        (columns && shape->dims[shape->rank - 1] != columns) || shape->dims[rank - 1] == 0 ||
        shape->dims[rank - 1] > FINAL_MOST)
        return 0;
    return shape->dims[rank - 1] < 0 ? FINAL_MOST : (uint32_t)shape->dims[rank - 1];
}

static bool lists_fit(as_head *head, const as_head_io *io)
{
    int boxes = -1, classes = -1, scores = -1;
    if (io->n_outputs < 2 || io->n_outputs > 3)
        return false;
    for (int i = 0; i < (int)io->n_outputs; i++) {
        const as_port *port = &io->outputs[i];
        bool is_f32 = port->dtype == AS_DTYPE_F32, is_int = port->dtype == AS_DTYPE_I64 || port->dtype == AS_DTYPE_I32;
        if (is_f32 && final_list(port, io->n_outputs == 2 ? 5 : 4))
            boxes = i;
        else if (is_int && final_list(port, 0))
            classes = i;
        else if (is_f32 && final_list(port, 0))
            scores = i;
    }
    if (boxes < 0 || classes < 0 || (scores < 0) != (io->n_outputs == 2))
        return false;
    head->row = io->n_outputs == 2 ? 5 : 4;
    head->n_anchors = final_list(&io->outputs[boxes], head->row);
    head->out[0] = boxes;
    head->out[1] = classes;
    head->out[2] = scores;
    head->n_classes = io->n_labels;
    return final_list(&io->outputs[classes], 0) == head->n_anchors &&
           (scores < 0 || final_list(&io->outputs[scores], 0) == head->n_anchors);
}

/* Output `out` has its places last, or last but one where a place is several numbers. */
static bool lists_rows(const as_head *head, const as_tensor *outputs, int out, bool is_list, size_t *ret, as_err *err)
{
    return as_head_rows(head, outputs, out, head->shapes[out].rank - (is_list ? 1 : 2), 1, ret, err);
}

static bool lists_count(const as_head *head, const as_tensor *outputs, size_t *ret, as_err *err)
{
    size_t n_classes, n_scores;
    if (!lists_rows(head, outputs, head->out[0], false, ret, err) ||
        !lists_rows(head, outputs, head->out[1], true, &n_classes, err))
        return false;
    n_scores = *ret;
    if (head->row == 4 && !lists_rows(head, outputs, head->out[2], true, &n_scores, err))
        return false;
    return (n_classes == *ret && n_scores == *ret) ||
           AS_FAIL(err, AS_ECORRUPT, "the model's answer has %zu boxes, %zu classes and %zu scores (head '%s')", *ret,
                   n_classes, n_scores, head->kind->name);
}

static bool lists_decode(as_head *head, const as_tensor *outputs, as_err *err)
{
    const float     *boxes = outputs[head->out[0]].data;
    const float     *scores = head->row == 5 ? NULL : outputs[head->out[2]].data;
    const as_tensor *classes = &outputs[head->out[1]];
    size_t           n;
    if (!lists_count(head, outputs, &n, err))
        return false;
    bool is_ratio = final_is_ratio(boxes, n, head->row);
    for (size_t i = 0; i < n; i++) {
        const float *box = boxes + i * head->row;
        double class = classes->dtype == AS_DTYPE_I64 ? (double)((const int64_t *)classes->data)[i]
                                                      : (double)((const int32_t *)classes->data)[i];
        if (!final_add(head, box, is_ratio ? (float)head->width : 1, is_ratio ? (float)head->height : 1,
                       scores ? scores[i] : box[4], class, i, err))
            return false;
    }
    return true;
}

const as_head_kind as_head_kind_end2end = {
    .name = "end2end",
    .summary = "YOLO v10 and what suppresses by itself: corners in pixels, score, class",
    .words = "yolo yolov10 yolo10 yolo26 detect detection",
    .shapes = "[1, places, 6]",
    .input = "unit",
    .gives = AS_HEAD_BOXES,
    .is_final = true,
    .is_counted = true,
    .fits = end2end_fits,
    .decode = end2end_decode,
};

const as_head_kind as_head_kind_end2end_seg = {
    .name = "end2end-seg",
    .summary = "the same with masks",
    .words = "yolo yolov10 yolo26 segment instancesegmentation",
    .shapes = "[1, places, 6 + coefficients] and [1, coefficients, height, width]",
    .input = "unit",
    .gives = AS_HEAD_MASKS,
    .is_final = true,
    .is_counted = true,
    .fits = end2end_seg_fits,
    .decode = end2end_decode,
};

const as_head_kind as_head_kind_detection_output = {
    .name = "detection-output",
    .summary = "OpenVINO's DetectionOutput: picture, class, score, corners as ratios",
    .words = "ssd detection",
    .shapes = "[1, 1, places, 7]",
    .input = "plain-bgr",
    .gives = AS_HEAD_BOXES,
    .is_final = true,
    .is_counted = true,
    .fits = detection_output_fits,
    .decode = detection_output_decode,
};

const as_head_kind as_head_kind_lists = {
    .name = "lists",
    .summary = "what suppresses by itself: boxes (corners, in pixels or as ratios), classes as whole numbers, scores",
    .words = "ssd detection fasterrcnn retinanet torchvision atss",
    .shapes = "[places, 5] with classes [places], or [places, 4] with classes and scores [places]",
    .input = "imagenet",
    .gives = AS_HEAD_BOXES,
    .is_final = true,
    .is_counted = true,
    .fits = lists_fit,
    .decode = lists_decode,
};
