/* SPDX-License-Identifier: Apache-2.0 */
/* boxes.h - boxes with a class and a score, and which of those that lie over each other stay.
 *
 * Layer:   task.
 * Threads: an as_nms belongs to one thread.
 * Memory:  allocated by as_nms_new; a run allocates nothing.
 *
 * Non-maximum suppression as in R-CNN (Girshick et al. 2014), Gaussian soft-NMS as in Bodla et al. 2017. Sorting is linear,
 * suppressing takes candidates x kept: every candidate is compared with what is kept only, and no more are kept than asked.
 */
#ifndef AS_TASK_BOXES_H
#define AS_TASK_BOXES_H

#include "base/err.h"

/* Corners in pixels: x1 and y1 are where it ends. */
typedef struct as_box {
    float x0, y0, x1, y1;
    float score;     /* 0..1 */
    uint32_t class;  /* index into the labels */
    uint32_t anchor; /* which of the network's places it comes from */
} as_box;

#define AS_BOXES_MOST      30000 /* candidates that are compared: the best ones */
#define AS_BOXES_MOST_KEPT 1000

typedef struct as_nms_cfg {
    float  iou_max;     /* a box that shares more than this with a better one goes: intersection over union, 0..1 */
    float  soft_sigma;  /* 0: it goes; above 0: its score falls by exp(-iou^2 / sigma), and it goes below score_min */
    float  score_min;   /* for soft_sigma alone */
    size_t n_max;       /* 1..AS_BOXES_MOST_KEPT are kept at most */
    bool   is_agnostic; /* boxes of different classes too */
} as_nms_cfg;

typedef struct as_nms as_nms;

/* For lists of at most n_boxes. AS_ENOMEM. */
AS_CHECK as_nms *as_nms_new(size_t n_boxes, as_err *err);
as_nms          *as_nms_free(as_nms *nms);

/* Scores must be finite and not negative. The kept boxes are moved to the front, best first; of equal scores the one that
 * stood first in the list comes first, and stays. Returns how many; what stands behind them is undefined. */
size_t as_nms_run(as_nms *nms, const as_nms_cfg *cfg, as_box *boxes, size_t n);

/* Sorts by falling score, equal ones as they stand. Returns AS_MIN(n, n_max). */
size_t as_nms_sort(as_nms *nms, as_box *boxes, size_t n, size_t n_max);

#endif
