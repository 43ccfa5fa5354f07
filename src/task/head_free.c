/* SPDX-License-Identifier: Apache-2.0 */
/* Heads without anchors beside YOLO's: YOLOX (Ge et al. 2021), NanoDet, FCOS (Tian et al. 2019), CenterNet (Zhou et al., Objects
 * as Points, 2019). */
#include <math.h>

#include "task/head_priv.h"

enum { FREE_BINS = 8 }; /* of NanoDet's distances */

/* --- YOLOX: a place a row, as the network gives it --- */

static bool yolox_fits(as_head *head, const as_head_io *io)
{
    uint32_t dims[AS_TENSOR_MAX_RANK];
    if (io->n_outputs != 1 || !as_head_is(io, 0, 3, dims) || dims[1] < 6 ||
        (as_head_grid(head, io, 8, 3) != dims[0] && as_head_grid(head, io, 8, 4) != dims[0]))
        return false;
    head->row = dims[1];
    head->n_anchors = dims[0];
    head->n_classes = dims[1] - 5;
    return io->n_labels == 0 || io->n_labels == head->n_classes;
}

static bool yolox_place(as_head *head, const float *row, const as_head_level *level, uint32_t cell, uint32_t anchor,
                        as_err *err)
{
    float stride = (float)level->stride;
    if (row[4] < head->score_min)
        return true;
    if (!as_scan_finite(row, head->row))
        return as_head_no_number(head, err);
    uint32_t class = as_scan_argmax(row + 5, head->n_classes, 1);
    as_box box = {.score = row[4] * row[5 + class], .class = class, .anchor = anchor};
    if (box.score < head->score_min)
        return true;
    return as_head_add_middle(
        head, ((float)(cell % level->width) + row[0]) * stride, ((float)(cell / level->width) + row[1]) * stride,
        expf(AS_MIN(row[2], HEAD_LARGEST)) * stride, expf(AS_MIN(row[3], HEAD_LARGEST)) * stride, box, err);
}

static bool yolox_decode(as_head *head, const as_tensor *outputs, as_err *err)
{
    const float *row = outputs[0].data;
    uint32_t     anchor = 0;
    for (uint32_t i = 0; i < head->n_levels; i++) {
        const as_head_level *level = &head->levels[i];
        for (uint32_t cell = 0; cell < level->width * level->height; cell++, row += head->row)
            if (!yolox_place(head, row, level, cell, anchor++, err))
                return false;
    }
    return true;
}

/* --- NanoDet: a place a row, scores of the classes, then four distributions --- */

static bool nanodet_fits(as_head *head, const as_head_io *io)
{
    uint32_t dims[AS_TENSOR_MAX_RANK];
    if (io->n_outputs != 1 || !as_head_is(io, 0, 3, dims) || dims[1] <= 4 * FREE_BINS ||
        (as_head_grid(head, io, 8, 4) != dims[0] && as_head_grid(head, io, 8, 3) != dims[0]))
        return false;
    head->row = dims[1];
    head->n_anchors = dims[0];
    head->n_bins = FREE_BINS;
    head->n_classes = dims[1] - 4 * FREE_BINS;
    return io->n_labels == 0 || io->n_labels == head->n_classes;
}

static bool nanodet_place(as_head *head, const float *row, const as_head_level *level, uint32_t cell, uint32_t anchor,
                          as_err *err)
{
    float p[FREE_BINS], side[4], stride = (float)level->stride;
    if (!as_scan_finite(row, head->n_classes))
        return as_head_no_number(head, err);
    uint32_t class = as_scan_argmax(row, head->n_classes, 1);
    if (row[class] < head->score_min)
        return true;
    for (size_t k = 0; k < 4; k++) {
        as_scan_softmax(row + head->n_classes + k * FREE_BINS, FREE_BINS, 1, p);
        side[k] = 0;
        for (size_t i = 0; i < FREE_BINS; i++)
            side[k] += (float)i * p[i] * stride;
    }
    /* The first NanoDet, of three strides, has its places in the middle of the cells; NanoDet-Plus at their corners. */
    float  shift = head->n_levels == 3 ? 0.5f : 0;
    float  x = ((float)(cell % level->width) + shift) * stride, y = ((float)(cell / level->width) + shift) * stride;
    as_box box = {x - side[0], y - side[1], x + side[2], y + side[3], row[class], class, anchor};
    return as_head_add(head, &box, err);
}

static bool nanodet_decode(as_head *head, const as_tensor *outputs, as_err *err)
{
    const float *row = outputs[0].data;
    uint32_t     anchor = 0;
    for (uint32_t i = 0; i < head->n_levels; i++) {
        const as_head_level *level = &head->levels[i];
        for (uint32_t cell = 0; cell < level->width * level->height; cell++, row += head->row)
            if (!nanodet_place(head, row, level, cell, anchor++, err))
                return false;
    }
    return true;
}

/* --- FCOS: three maps for each stride: classes, distances in strides, how much in the middle --- */

static bool fcos_fits(as_head *head, const as_head_io *io)
{
    uint32_t n = (uint32_t)io->n_outputs / 3;
    if (io->n_outputs % 3 || n < 2 || n > HEAD_MAX_LEVELS)
        return false;
    head->n_classes = as_head_maps(head, io, 0, n, 0, 0);
    return head->n_classes && (io->n_labels == 0 || io->n_labels == head->n_classes) &&
           as_head_maps(head, io, n, n, 1, 4) && as_head_maps(head, io, (size_t)2 * n, n, 2, 1);
}

static bool fcos_level(as_head *head, const as_head_level *level, const as_tensor *outputs, uint32_t first, as_err *err)
{
    const float *classes = outputs[level->out[0]].data, *sides = outputs[level->out[1]].data,
                *middles = outputs[level->out[2]].data;
    size_t cells = (size_t)level->width * level->height;
    bool   is_ok[2], are_logits = as_scan_is_logits(classes, cells * head->n_classes, &is_ok[0]);
    bool   is_logit = as_scan_is_logits(middles, cells, &is_ok[1]);
    float  stride = (float)level->stride;
    /* The score is the root of two, of which either may be 1. */
    float least = as_scan_threshold(head->score_min * head->score_min, are_logits);
    if (!is_ok[0] || !is_ok[1])
        return as_head_no_number(head, err);
    for (size_t i = 0; i < cells; i++) {
        uint32_t class = as_scan_argmax(classes + i, head->n_classes, cells);
        float best = classes[class * cells + i];
        if (best < least)
            continue;
        float  x = ((float)(i % level->width) + 0.5f) * stride, y = ((float)(i / level->width) + 0.5f) * stride;
        as_box box = {x - sides[i] * stride,
                      y - sides[cells + i] * stride,
                      x + sides[2 * cells + i] * stride,
                      y + sides[3 * cells + i] * stride,
                      sqrtf(as_scan_score(best, are_logits) * as_scan_score(middles[i], is_logit)),
                      class,
                      first + (uint32_t)i};
        if (box.score >= head->score_min && !as_head_add(head, &box, err))
            return false;
    }
    return true;
}

static bool fcos_decode(as_head *head, const as_tensor *outputs, as_err *err)
{
    uint32_t first = 0;
    for (uint32_t i = 0; i < head->n_levels; i++) {
        if (!fcos_level(head, &head->levels[i], outputs, first, err))
            return false;
        first += head->levels[i].width * head->levels[i].height;
    }
    return true;
}

/* --- CenterNet: a heat map of middles, sizes, and where in the cell the middle is --- */

static bool centernet_fits(as_head *head, const as_head_io *io)
{
    uint32_t dims[3][AS_TENSOR_MAX_RANK];
    for (size_t i = 0; i < 3; i++)
        if (io->n_outputs != 3 || !as_head_is(io, i, 4, dims[i]) || dims[i][1] != dims[0][1] ||
            dims[i][2] != dims[0][2])
            return false;
    if (dims[1][0] != 2 || dims[2][0] != 2 || io->width % dims[0][2] ||
        io->width / dims[0][2] * dims[0][1] != io->height)
        return false;
    head->n_levels = 1;
    head->levels[0] = (as_head_level){.width = dims[0][2], .height = dims[0][1], .stride = io->width / dims[0][2]};
    head->n_classes = dims[0][0];
    head->n_anchors = AS_MIN((size_t)dims[0][0] * dims[0][1] * dims[0][2], AS_HEAD_MAX_ANCHORS);
    return io->n_labels == 0 || io->n_labels == head->n_classes;
}

/* No neighbour of the eight is more. */
static bool centernet_is_peak(const float *map, const as_head_level *level, uint32_t x, uint32_t y)
{
    float here = map[(size_t)y * level->width + x];
    for (uint32_t v = y ? y - 1 : 0; v <= AS_MIN(y + 1, level->height - 1); v++)
        for (uint32_t u = x ? x - 1 : 0; u <= AS_MIN(x + 1, level->width - 1); u++)
            if (map[(size_t)v * level->width + u] > here)
                return false;
    return true;
}

static bool centernet_decode(as_head *head, const as_tensor *outputs, as_err *err)
{
    const as_head_level *level = &head->levels[0];
    const float         *heat = outputs[0].data, *sizes = outputs[1].data, *shifts = outputs[2].data;
    size_t               cells = (size_t)level->width * level->height;
    bool                 is_ok, is_logits = as_scan_is_logits(heat, cells * head->n_classes, &is_ok);
    float                least = as_scan_threshold(head->score_min, is_logits), stride = (float)level->stride;
    if (!is_ok)
        return as_head_no_number(head, err);
    for (size_t i = 0; i < cells * head->n_classes; i++) {
        size_t   cell = i % cells;
        uint32_t x = (uint32_t)(cell % level->width), y = (uint32_t)(cell / level->width);
        if (heat[i] < least || !centernet_is_peak(heat + (i - cell), level, x, y))
            continue;
        as_box box = {
            .score = as_scan_score(heat[i], is_logits), .class = (uint32_t)(i / cells), .anchor = (uint32_t)cell};
        if (!as_head_add_middle(head, ((float)x + shifts[cell]) * stride, ((float)y + shifts[cells + cell]) * stride,
                                sizes[cell] * stride, sizes[cells + cell] * stride, box, err))
            return false;
    }
    return true;
}

const as_head_kind as_head_kind_yolox = {
    .name = "yolox",
    .summary = "YOLOX: a place a row, as the network gives it",
    .words = "yolox",
    .shapes = "[1, places, 5 + classes]",
    .input = "plain-bgr",
    .gives = AS_HEAD_BOXES,
    .fits = yolox_fits,
    .decode = yolox_decode,
};

const as_head_kind as_head_kind_nanodet = {
    .name = "nanodet",
    .summary = "NanoDet and NanoDet-Plus: scores, then distances as distributions of 8",
    .words = "nanodet nanodetplus",
    .shapes = "[1, places, classes + 32]",
    .input = "imagenet-bgr",
    .gives = AS_HEAD_BOXES,
    .by_word = true,
    .fits = nanodet_fits,
    .decode = nanodet_decode,
};

const as_head_kind as_head_kind_fcos = {
    .name = "fcos",
    .summary = "FCOS: for each stride maps of classes, of distances in strides, of how much in the middle",
    .words = "fcos",
    .shapes = "[1, classes, height, width] for each stride, then [1, 4, ...] for each, then [1, 1, ...] for each",
    .input = "imagenet",
    .gives = AS_HEAD_BOXES,
    .fits = fcos_fits,
    .decode = fcos_decode,
};

const as_head_kind as_head_kind_centernet = {
    .name = "centernet",
    .summary = "CenterNet: a heat map whose peaks are things, their sizes, their places in the cell",
    .words = "centernet",
    .shapes = "[1, classes, height, width], [1, 2, height, width] and [1, 2, height, width]",
    .input = "imagenet-bgr",
    .gives = AS_HEAD_BOXES,
    .is_final = true,
    .fits = centernet_fits,
    .decode = centernet_decode,
};
