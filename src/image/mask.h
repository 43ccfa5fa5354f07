/* SPDX-License-Identifier: Apache-2.0 */
/* mask.h - which pixels belong to a thing: run lengths, their text, polygons, overlap.
 *
 * Layer:   image.
 * Threads: any thread; a mask is immutable once made.
 * Memory:  as_mask_done frees the runs.
 *
 * Runs go down the columns, first the pixels outside (0 of them if the first is inside), then inside, and so on, as in
 * COCO (cocodataset.org, data format, "RLE"): two programs that agree on a mask agree on its text.
 */
#ifndef AS_IMAGE_MASK_H
#define AS_IMAGE_MASK_H

#include "base/err.h"
#include "base/str.h"

#define AS_MASK_MAX_SIDE 65536

typedef struct as_mask {
    uint32_t  width, height;
    uint32_t *runs; /* they sum up to width * height */
    size_t    n_runs;
} as_mask;

void as_mask_done(as_mask *mask);

/* inside[y * stride + x] == value belongs to the mask. */
AS_CHECK bool as_mask_from_pixels(const uint8_t *inside, size_t stride, uint32_t width, uint32_t height, uint8_t value,
                                  as_mask *ret, as_err *err);
void as_mask_to_pixels(const as_mask *mask, uint8_t *inside, size_t stride); /* 1 and 0, height * stride bytes */

/* Even-odd filling of rings (points x, y alternating; ends[i] in points): pixels whose centre lies inside. */
AS_CHECK bool as_mask_from_rings(const double *points, const size_t *ends, size_t n_rings, uint32_t width,
                                 uint32_t height, as_mask *ret, as_err *err);

/* Its outlines along the edges of its pixels, outer ones and holes: as_mask_from_rings gives the mask again. Heap, as in
 * as_finding_rings; both NULL when it is empty. */
AS_CHECK bool as_mask_to_rings(const as_mask *mask, double **ret_points, size_t **ret_ends, size_t *ret_n_rings,
                               as_err *err);

/* COCO's compressed counts: 5 bits a character from '0' on, each run from the fourth on as its difference to the run two
 * before it. AS_EFORMAT when they do not read, or do not sum up to the picture. */
AS_CHECK bool as_mask_add_text(const as_mask *mask, as_str *out, as_err *err);
AS_CHECK bool as_mask_from_text(const char *text, uint32_t width, uint32_t height, as_mask *ret, as_err *err);

/* And its plain counts, which some files hold. */
AS_CHECK bool as_mask_from_runs(const uint32_t *runs, size_t n, uint32_t width, uint32_t height, as_mask *ret,
                                as_err *err);

uint64_t as_mask_area(const as_mask *mask);
void     as_mask_bounds(const as_mask *mask, double ret_box[4]); /* x, y, width, height; all 0 when empty */
double   as_mask_iou(const as_mask *a, const as_mask *b);        /* intersection over union; 0 for unequal sizes */

#endif
