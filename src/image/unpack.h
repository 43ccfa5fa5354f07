/* SPDX-License-Identifier: Apache-2.0 */
/* unpack.h - rows of samples of more than 8 bits, and rows of a Bayer picture in colour, a few rows at a time.
 *
 * Layer:   image, for resample.c.
 * Threads: an as_unpack belongs to one thread.
 * Memory:  as_unpack_init allocates a handful of rows, never a picture; asking for rows allocates nothing.
 *
 * A colour that a pixel's filter keeps out is the mean of its two or four nearest neighbours that have it (bilinear, as R.
 * Malvar et al., "High-quality linear interpolation for demosaicing", 2004, section 2, describe it); past the borders the
 * picture is mirrored at its outermost pixels, which keeps the pattern.
 */
#ifndef AS_IMAGE_UNPACK_H
#define AS_IMAGE_UNPACK_H

#include "image/frame.h"
#include "image/row_kernel.h"

#define AS_UNPACK_ROWS 4u

typedef struct as_unpack {
    const as_image       *image;
    const as_row_kernels *kernels;
    uint16_t             *raw[AS_UNPACK_ROWS], *colour[2][3];
    int64_t               raw_row[AS_UNPACK_ROWS], colour_row[2]; /* -1: nothing */
    uint32_t              most, colour_most;                      /* what stands for white in either */
} as_unpack;

/* Of Mono and Bayer formats; rows in colour only if asked for. AS_ENOMEM. *unpack must be zeroed or done. */
AS_CHECK bool as_unpack_init(as_unpack *unpack, as_pixel pixel, uint32_t width, bool colour, as_err *err);
void          as_unpack_done(as_unpack *unpack); /* a zeroed one is fine */

/* A picture of that format and width. It stays the caller's, and must live as long as rows of it are asked for. */
void as_unpack_begin(as_unpack *unpack, const as_image *image);

/* Valid until AS_UNPACK_ROWS other rows were asked for. */
const uint16_t *as_unpack_row(as_unpack *unpack, uint32_t y);
/* Red, green, blue of a Bayer picture; valid until two other rows were asked for. */
void as_unpack_colour(as_unpack *unpack, uint32_t y, const uint16_t *ret[3]);

#endif
