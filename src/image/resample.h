/* SPDX-License-Identifier: Apache-2.0 */
/* resample.h - a picture at another size, row by row, in floats.
 *
 * Layer:   image, for prepare.c and its like.
 * Threads: an as_resample belongs to one thread.
 * Memory:  as_resample_init allocates the tables and two row buffers; as_resample_row nothing.
 *
 * Each axis by itself: shrinking is the exact box filter, enlarging linear between pixel centres, with the border repeated.
 * Values stay in 0..255 and are not rounded.
 */
#ifndef AS_IMAGE_RESAMPLE_H
#define AS_IMAGE_RESAMPLE_H

#include "image/frame.h"

/* Output i is the sum over k < count[i] of weight[i * taps + k] * input[start[i] + k]; behind count[i] the weights are 0.
 * Shrinking, all weights between the first and the last are one number. taps is 1 when nothing changes. */
typedef struct as_axis {
    uint32_t  n_in, n_out, taps;
    uint32_t  same; /* weights behind the first that are one number for every output, by twos */
    uint32_t *start, *count;
    float    *weight;
} as_axis;

typedef struct as_resample {
    uint32_t channels; /* 1, or 3 */
    uint32_t lanes;    /* floats for each pixel of a row that comes out: 1, or 4 of which the last is to be ignored */
    as_axis  x, y;
    float   *sums; /* one input row, summed over the rows of one output row */
    float   *row;  /* one output row */
} as_resample;

/* AS_ENOMEM. All sizes at least 1 and at most AS_IMAGE_MAX_SIDE. *resample must be zeroed or done. */
AS_CHECK bool as_resample_init(as_resample *resample, uint32_t channels, uint32_t in_width, uint32_t in_height,
                               uint32_t out_width, uint32_t out_height, as_err *err);
void          as_resample_done(as_resample *resample); /* a zeroed one is fine */

/* Output row y: out_width x lanes floats, valid until the next call. pixels: the input's first, stride_bytes a row. */
const float *as_resample_row(as_resample *resample, const uint8_t *pixels, size_t stride_bytes, uint32_t y);

/* Source, and place in the output, of a resize. */
typedef struct as_placement {
    uint32_t from_x, from_y, from_width, from_height; /* pixels of the source that are used */
    uint32_t to_x, to_y, to_width, to_height;         /* pixels of the output that they fill; the rest is padding */
} as_placement;

typedef enum as_fit { AS_FIT_STRETCH, AS_FIT_INSIDE, AS_FIT_COVER } as_fit;

as_placement as_placement_of(as_fit fit, uint32_t in_width, uint32_t in_height, uint32_t out_width,
                             uint32_t out_height);

#endif
