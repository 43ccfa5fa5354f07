/* SPDX-License-Identifier: Apache-2.0 */
/* YuNet (Wu et al., Machine Intelligence Research 20, 2023): outputs cls_S, obj_S and bbox_S for the strides S of 8, 16 and 32. */
#include <math.h>
#include <stdio.h>
#include <string.h>

#include "task/head_priv.h"

#define YUNET_STRIDES 3
#define YUNET_SHIFT   1e3f /* cells: a middle further off is none */

enum { YUNET_CLS, YUNET_OBJ, YUNET_BOX };

static bool yunet_output(const as_head_io *io, const as_head_level *level, const char *what, int64_t each, int *ret)
{
    char    name[32];
    int64_t want = (int64_t)level->width * level->height * each;
    snprintf(name, sizeof name, "%s_%u", what, (unsigned)level->stride);
    for (size_t i = 0; i < io->n_outputs; i++) {
        const as_port *port = &io->outputs[i];
        size_t         n;
        if (strcmp(port->name, name) == 0 && port->dtype == AS_DTYPE_F32 && as_shape_count(&port->shape, &n) &&
            n == (size_t)want) {
            *ret = (int)i;
            return true;
        }
    }
    return false;
}

static bool yunet_fits(as_head *head, const as_head_io *io)
{
    if (io->width % 32 || io->height % 32 || io->n_labels > 1)
        return false;
    head->n_anchors = as_head_grid(head, io, 8, YUNET_STRIDES);
    head->n_classes = 1;
    for (size_t i = 0; i < YUNET_STRIDES; i++) {
        as_head_level *level = &head->levels[i];
        if (!yunet_output(io, level, "cls", 1, &level->out[YUNET_CLS]) ||
            !yunet_output(io, level, "obj", 1, &level->out[YUNET_OBJ]) ||
            !yunet_output(io, level, "bbox", 4, &level->out[YUNET_BOX]))
            return false;
    }
    return true;
}

static bool yunet_level(as_head *head, const as_head_level *level, const as_tensor *outputs, uint32_t first,
                        as_err *err)
{
    const float *cls = outputs[level->out[YUNET_CLS]].data, *obj = outputs[level->out[YUNET_OBJ]].data,
                *boxes = outputs[level->out[YUNET_BOX]].data, stride = (float)level->stride;
    size_t cells = (size_t)level->width * level->height;
    if (!as_scan_finite(cls, cells) || !as_scan_finite(obj, cells))
        return as_head_no_number(head, err);
    for (size_t i = 0; i < cells; i++) {
        float        score = sqrtf(AS_MAX(0.0f, cls[i]) * AS_MAX(0.0f, obj[i]));
        const float *b = boxes + 4 * i;
        if (score < head->score_min || !(fabsf(b[0]) < YUNET_SHIFT) || !(fabsf(b[1]) < YUNET_SHIFT) ||
            !(b[2] < HEAD_LARGEST) || !(b[3] < HEAD_LARGEST))
            continue;
        as_box box = {.score = AS_MIN(score, 1.0f), .anchor = first + (uint32_t)i};
        if (!as_head_add_middle(head, ((float)(i % level->width) + b[0]) * stride,
                                ((float)(i / level->width) + b[1]) * stride, expf(b[2]) * stride, expf(b[3]) * stride,
                                box, err))
            return false;
    }
    return true;
}

static bool yunet_decode(as_head *head, const as_tensor *outputs, as_err *err)
{
    uint32_t first = 0;
    for (uint32_t i = 0; i < YUNET_STRIDES; i++) {
        if (!yunet_level(head, &head->levels[i], outputs, first, err))
            return false;
        first += head->levels[i].width * head->levels[i].height;
    }
    return true;
}

const as_head_kind as_head_kind_yunet = {
    .name = "yunet",
    .summary = "YuNet: faces",
    .words = "yunet face facedetection",
    .shapes = "cls_S, obj_S and bbox_S for the strides S of 8, 16 and 32",
    .input = "plain-bgr",
    .is_sure = true,
    .gives = AS_HEAD_BOXES,
    .fits = yunet_fits,
    .decode = yunet_decode,
};
