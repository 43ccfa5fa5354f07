/* SPDX-License-Identifier: Apache-2.0 */
/* axis.h - how the inputs along one side of a picture become the outputs along it: shares of a box, or two neighbours.
 *
 * Layer:   image, for resample.c and the row kernels.
 * Threads: immutable once made.
 * Memory:  as_axis_init allocates its tables.
 *
 * What lies in memory along a side are cells: pixels, or squares of a Bayer pattern and pairs of chroma, which cover two
 * pixels each. A cell's share in an output is what the pixels it covers have in it, 1 for a cell that is wholly in it.
 */
#ifndef AS_IMAGE_AXIS_H
#define AS_IMAGE_AXIS_H

#include "base/err.h"

typedef enum as_filter {
    AS_FILTER_AREA,     /* shrinking: exact area; enlarging: bilinear */
    AS_FILTER_BILINEAR, /* always between the two pixels around the place, centres at .5, borders repeated */
    AS_FILTER_COUNT
} as_filter;

typedef struct as_span {
    uint32_t from, length; /* pixels that are used */
    uint32_t cells;        /* that lie in memory along the side */
    uint32_t cell_pixels;  /* 1 or 2; pixels past the last cell belong to it */
} as_span;

/* Output i is the sum over k < count[i] of share(k) * input[first_cell + start[i] + k], over total. share is first[i] for k = 0, last[i]
 * for k = count[i] - 1 > 0, and 1 between them. */
typedef struct as_axis {
    uint32_t  n_out, first_cell, n_cells;
    float     total;
    bool      copy; /* output i is input i */
    uint32_t *start, *count;
    float    *first, *last;
    /* The shares as whole numbers for sums of products: `full` for 1, `taps` for each output (a multiple of AS_AXIS_GROUP;
     * behind count[i] they are 0). full * total < 65536, so that sums of 15-bit values fit 31 bits. */
    uint32_t taps;
    float    full;
    int16_t *weight;
} as_axis;

#define AS_AXIS_GROUP 8u

/* AS_ENOMEM. *axis must be zeroed or done. n_out: 1 to AS_IMAGE_MAX_SIDE, as span.length. */
AS_CHECK bool as_axis_init(as_axis *axis, as_span span, uint32_t n_out, as_filter filter, as_err *err);
void          as_axis_done(as_axis *axis); /* a zeroed one is fine */

#endif
