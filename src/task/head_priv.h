/* SPDX-License-Identifier: Apache-2.0 */
/* head_priv.h - what the heads share.
 *
 * Layer:   task, for head*.c alone.
 * Threads: as head.h.
 * Memory:  as head.h.
 */
#ifndef AS_TASK_HEAD_PRIV_H
#define AS_TASK_HEAD_PRIV_H

#include "task/head.h"

#define HEAD_MAX_LEVELS 6
#define HEAD_ROLES      4
#define HEAD_LARGEST    8.0f /* exp of more is no size of a thing in a picture */

/* One grid of places: those of a stride, or of one map. */
typedef struct as_head_level {
    int      out[HEAD_ROLES]; /* which output is what; each head has its own order */
    uint32_t width, height, stride;
} as_head_level;

/* What is known of a connected area. */
typedef struct as_head_part {
    double   sum; /* of what is likely, over its pixels */
    uint32_t n;   /* pixels */
} as_head_part;

struct as_head {
    const as_head_kind *kind;
    as_head_cfg         cfg;
    float               score_min; /* of this run */
    uint32_t            width, height;
    uint32_t            n_classes;
    size_t              n_anchors;                   /* no more candidates than these */
    size_t              n_rows;                      /* places of this run, of a head that counts them */
    as_shape            shapes[AS_HEAD_MAX_OUTPUTS]; /* as the ports said */
    size_t              n_outputs;
    uint32_t            n_levels;
    as_head_level       levels[HEAD_MAX_LEVELS];
    int                 out[HEAD_ROLES];
    uint32_t            row;        /* numbers of one place, in heads that give rows */
    bool                is_columns; /* a place is a column, not a row */
    uint32_t            n_bins;     /* of a distance's distribution (DFL) */
    uint32_t            background; /* 1: the network's class 0 is nothing, and has no label */
    float               anchors[HEAD_MAX_LEVELS * 6];
    uint32_t            n_coeffs, mask_width, mask_height; /* prototypes, or the map of areas */
    bool                is_index;                          /* the map has classes, not scores */
    /* working memory */
    as_box   *found;
    size_t    n_found;
    as_nms   *nms;
    float    *mask;                /* mask_width x mask_height */
    uint32_t *map, *parent, *slot; /* of areas: the class of each pixel, who stands for it, and that one's finding */
    as_head_part *parts;
    uint32_t     *area; /* pixels of each class */
};

/* --- shapes --- */

/* Is output i f32 of rank `rank` and a first dimension 1? Its dims[1..] then. */
bool as_head_is(const as_head_io *io, size_t i, int rank, uint32_t dims[AS_TENSOR_MAX_RANK]);

/* The same where dims[axis] is counted at each run: `most` where the port leaves it open and io->word says what the model is. */
bool as_head_is_counted(const as_head_io *io, size_t i, int rank, int axis, uint32_t most,
                        uint32_t dims[AS_TENSOR_MAX_RANK]);

/* Places of the strides first, 2 first, 4 first, ... of the input: sets n levels. Returns how many places. */
size_t as_head_grid(as_head *head, const as_head_io *io, uint32_t first, uint32_t n);

/* Outputs first, first + 1, ... of one map each, with n channels (0: any; the number is returned), sorted from fine to coarse:
 * sets head->levels, their role and their strides. 0 where they are no such thing. */
uint32_t as_head_maps(as_head *head, const as_head_io *io, size_t first, uint32_t n_maps, uint32_t role, uint32_t n);

/* Places that output `out` has at this run: dims[axis] / each. False where it is else no shape of the port, or too many. */
AS_CHECK bool as_head_rows(const as_head *head, const as_tensor *outputs, int out, int axis, uint32_t each, size_t *ret,
                           as_err *err);

/* --- adding --- */

/* Adds a candidate; one without extent is none. AS_ECORRUPT where a corner is no finite number, or the score not from 0 to 1
 * (and a rounding error). */
AS_CHECK bool as_head_add(as_head *head, const as_box *box, as_err *err);

/* As the middle, and the size. */
AS_CHECK bool as_head_add_middle(as_head *head, float x, float y, float width, float height, as_box box, as_err *err);

/* For a place whose scores are NaN or infinite: always false. */
bool as_head_no_number(const as_head *head, as_err *err);

/* --- kernels (head_scan.c) --- */

/* best[i]: the greatest of n_rows numbers in[r * stride + i]. False where one is NaN or infinite. */
bool as_scan_columns(const float *in, size_t n_rows, size_t stride, size_t n, float *best);

/* The index of the greatest of n numbers, `stride` apart (the first of equals). */
uint32_t as_scan_argmax(const float *in, size_t n, size_t stride);

/* False where one is NaN or infinite. */
bool as_scan_finite(const float *in, size_t n);

/* Are they logits: is one below 0, or above 1? *ret_ok: all are finite. */
bool as_scan_is_logits(const float *in, size_t n, bool *ret_ok);

/* What a number must reach to be a score of at least score_min, and the score that it is. */
float as_scan_threshold(float score_min, bool is_logits);
float as_scan_score(float value, bool is_logits);

/* Adds gain * in[i] to sum[i]. */
void as_scan_add(float *sum, const float *in, float gain, size_t n);

float as_scan_sigmoid(float x);

/* Softmax over n numbers, `stride` apart; ret packed. */
void as_scan_softmax(const float *in, size_t n, size_t stride, float *ret);

/* Are they a distribution already: each from 0 to 1, their sum 1? */
bool as_scan_is_distribution(const float *in, size_t n, size_t stride);

#endif
