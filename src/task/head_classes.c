/* SPDX-License-Identifier: Apache-2.0 */
/* One class for the whole picture. */
#include "task/head_priv.h"

static bool classes_fits(as_head *head, const as_head_io *io)
{
    const as_port *port = &io->outputs[0];
    size_t         n = 0;
    if (io->n_outputs != 1 || port->dtype != AS_DTYPE_F32 || port->shape.rank < 2 || port->shape.rank > 4 ||
        port->shape.dims[0] != 1 || !as_shape_count(&port->shape, &n) || n != (size_t)port->shape.dims[1] || n < 2 ||
        n > AS_HEAD_MAX_CLASSES)
        return false;
    head->n_classes = (uint32_t)n;
    head->n_anchors = n;
    return io->n_labels == 0 || io->n_labels == n;
}

static bool classes_decode(as_head *head, const as_tensor *outputs, as_err *err)
{
    const float *scores = outputs[0].data;
    if (!as_scan_finite(scores, head->n_classes))
        return as_head_no_number(head, err);
    if (!as_scan_is_distribution(scores, head->n_classes, 1)) {
        as_scan_softmax(scores, head->n_classes, 1, head->mask);
        scores = head->mask;
    }
    for (uint32_t i = 0; i < head->n_classes; i++) {
        as_box all = {0, 0, (float)head->width, (float)head->height, scores[i], i, i};
        if (scores[i] >= head->score_min && !as_head_add(head, &all, err))
            return false;
    }
    return true;
}

const as_head_kind as_head_kind_classes = {
    .name = "classes",
    .summary = "one class for the whole picture: probabilities, or what a softmax makes some of",
    .words = "classification classify",
    .shapes = "[1, classes] or [1, classes, 1, 1]",
    .input = "imagenet",
    .gives = AS_HEAD_CLASSES,
    .fits = classes_fits,
    .decode = classes_decode,
};
