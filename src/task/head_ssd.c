/* SPDX-License-Identifier: Apache-2.0 */
/* SSD (Liu et al. 2016) before suppression: offsets from priors, in units of their variances, or boxes that are decoded. */
#include <math.h>

#include "task/head_priv.h"

#define SSD_MOST 100000u /* places, where they are counted at each run */

static const float ssd_variances[] = {0.1f, 0.1f, 0.2f, 0.2f};

enum { SSD_BOXES, SSD_SCORES, SSD_PRIORS };

/* [1, A, n], or [1, A * n]: A, for a known n; 0 where it is neither. */
static size_t ssd_places(const as_head_io *io, size_t i, uint32_t n)
{
    uint32_t dims[AS_TENSOR_MAX_RANK];
    if (as_head_is_counted(io, i, 3, 1, SSD_MOST, dims))
        return dims[1] == n ? dims[0] : 0;
    return as_head_is(io, i, 2, dims) && dims[0] % n == 0 ? dims[0] / n : 0;
}

/* Priors of n places: as Caffe's ([1, 2, 4 n]: corners, then variances) or middles and sizes ([n, 4], [1, n, 4]). */
static bool ssd_priors(as_head *head, const as_head_io *io, size_t i)
{
    const as_port *port = i < io->n_outputs ? &io->outputs[i] : NULL;
    const as_shape of_caffe = {3, {1, 2, 4 * (int64_t)head->n_anchors}};
    const as_shape plain = {2, {(int64_t)head->n_anchors, 4}}, batch = {3, {1, (int64_t)head->n_anchors, 4}};
    if (!port || port->dtype != AS_DTYPE_F32)
        return false;
    head->is_columns = as_shape_equal(&port->shape, &of_caffe);
    return head->is_columns || as_shape_equal(&port->shape, &plain) || as_shape_equal(&port->shape, &batch);
}

static bool ssd_scores(as_head *head, const as_head_io *io, size_t i)
{
    uint32_t dims[AS_TENSOR_MAX_RANK];
    if (as_head_is_counted(io, i, 3, 1, SSD_MOST, dims) && dims[0] == head->n_anchors)
        head->row = dims[1];
    else if (as_head_is(io, i, 2, dims) && dims[0] % head->n_anchors == 0)
        head->row = (uint32_t)(dims[0] / head->n_anchors);
    else
        return false;
    return true;
}

static bool ssd_fits_in(as_head *head, const as_head_io *io, size_t boxes, size_t scores, size_t priors)
{
    head->n_anchors = ssd_places(io, boxes, 4);
    if (head->n_anchors < 2 || head->n_anchors > AS_HEAD_MAX_ANCHORS || !ssd_scores(head, io, scores) ||
        (io->n_outputs == 3 && !ssd_priors(head, io, priors)))
        return false;
    /* Without labels, and with priors, the first class is nothing, as in the paper; decoded boxes of two classes have it too. */
    bool has_background = io->n_labels ? head->row == io->n_labels + 1 : io->n_outputs == 3 || head->row == 2;
    if (head->row <= (uint32_t)has_background || (io->n_labels && head->row - has_background != io->n_labels))
        return false;
    head->background = has_background;
    head->n_classes = head->row - has_background;
    head->out[SSD_BOXES] = (int)boxes;
    head->out[SSD_SCORES] = (int)scores;
    head->out[SSD_PRIORS] = io->n_outputs == 3 ? (int)priors : -1;
    return true;
}

static bool ssd_fits(as_head *head, const as_head_io *io)
{
    static const size_t orders[][3] = {{0, 1, 2}, {1, 0, 2}, {1, 2, 0}, {2, 1, 0}, {0, 2, 1}, {2, 0, 1}};
    if (io->n_outputs != 2 && io->n_outputs != 3)
        return false;
    for (size_t i = 0; i < (io->n_outputs == 2 ? 2 : AS_COUNT(orders)); i++)
        if (ssd_fits_in(head, io, orders[i][0], orders[i][1], orders[i][2]))
            return true;
    return false;
}

/* Ratios of the input. */
static void ssd_box(const as_head *head, const float *offsets, const float *priors, size_t i, as_box *box)
{
    const float *p = priors + 4 * i, *v = ssd_variances;
    float        x = p[0], y = p[1], w = p[2], h = p[3];
    if (head->is_columns) {
        w = p[2] - p[0];
        h = p[3] - p[1];
        x = p[0] + w / 2;
        y = p[1] + h / 2;
        v = p + 4 * head->n_rows;
    }
    x += offsets[0] * v[0] * w;
    y += offsets[1] * v[1] * h;
    w *= expf(AS_MIN(offsets[2] * v[2], HEAD_LARGEST));
    h *= expf(AS_MIN(offsets[3] * v[3], HEAD_LARGEST));
    box->x0 = x - w / 2;
    box->y0 = y - h / 2;
    box->x1 = x + w / 2;
    box->y1 = y + h / 2;
}

static void ssd_corners(const float *corners, as_box *box)
{
    box->x0 = corners[0];
    box->y0 = corners[1];
    box->x1 = corners[2];
    box->y1 = corners[3];
}

static void ssd_scale(as_box *box, float gain_x, float gain_y)
{
    box->x0 *= gain_x;
    box->x1 *= gain_x;
    box->y0 *= gain_y;
    box->y1 *= gain_y;
}

/* Decoded boxes may be ratios, or pixels: no picture has all of its boxes in the first two. */
static bool ssd_is_ratio(const float *boxes, size_t n)
{
    for (size_t i = 0; i < 4 * n; i++)
        if (boxes[i] > 2)
            return false;
    return true;
}

/* [1, A, n] or [1, A * n]. */
static bool ssd_rows(const as_head *head, const as_tensor *outputs, int out, uint32_t n, size_t *ret, as_err *err)
{
    return as_head_rows(head, outputs, out, 1, head->shapes[out].rank == 3 ? 1 : n, ret, err);
}

/* As many scores as boxes, and as many priors. */
static bool ssd_count(as_head *head, const as_tensor *outputs, as_err *err)
{
    const int priors = head->out[SSD_PRIORS];
    size_t    n_scores, n_priors;
    if (!ssd_rows(head, outputs, head->out[SSD_BOXES], 4, &head->n_rows, err) ||
        !ssd_rows(head, outputs, head->out[SSD_SCORES], head->row, &n_scores, err))
        return false;
    n_priors = head->n_rows;
    if (priors >= 0 && !as_head_rows(head, outputs, priors, head->is_columns ? 2 : head->shapes[priors].rank - 2,
                                     head->is_columns ? 4 : 1, &n_priors, err))
        return false;
    return (n_scores == head->n_rows && n_priors == head->n_rows) ||
           AS_FAIL(err, AS_ECORRUPT, "the model's answer has %zu boxes, scores of %zu and %zu priors (head '%s')",
                   head->n_rows, n_scores, n_priors, head->kind->name);
}

static bool ssd_decode(as_head *head, const as_tensor *outputs, as_err *err)
{
    const float *boxes = outputs[head->out[SSD_BOXES]].data, *scores = outputs[head->out[SSD_SCORES]].data;
    const float *priors = head->out[SSD_PRIORS] < 0 ? NULL : outputs[head->out[SSD_PRIORS]].data;
    bool         is_ok;
    if (!ssd_count(head, outputs, err))
        return false;
    const bool are_logits = as_scan_is_logits(scores, head->n_rows * head->row, &is_ok);
    const bool is_ratio = priors || ssd_is_ratio(boxes, head->n_rows);
    if (!is_ok)
        return as_head_no_number(head, err);
    for (size_t i = 0; i < head->n_rows; i++) {
        const float *row = scores + i * head->row;
        as_box       box = {.anchor = (uint32_t)i};
        if (are_logits) {
            as_scan_softmax(row, head->row, 1, head->mask);
            row = head->mask;
        }
        box.class = as_scan_argmax(row + head->background, head->n_classes, 1);
        box.score = row[head->background + box.class];
        if (box.score < head->score_min)
            continue;
        if (priors)
            ssd_box(head, boxes + 4 * i, priors, i, &box);
        else
            ssd_corners(boxes + 4 * i, &box);
        if (is_ratio)
            ssd_scale(&box, (float)head->width, (float)head->height);
        if (!as_head_add(head, &box, err))
            return false;
    }
    return true;
}

const as_head_kind as_head_kind_ssd = {
    .name = "ssd",
    .summary = "SSD before suppression: offsets from priors that the model gives too, or corners that are decoded",
    .words = "ssd ultralightweightfacedetection retinaface detection",
    .shapes = "[1, places, 4], [1, places, classes] and [1, 2, 4 x places] or [places, 4], or the first two alone",
    .input = "plain-bgr",
    .gives = AS_HEAD_BOXES,
    .is_counted = true,
    .fits = ssd_fits,
    .decode = ssd_decode,
};
