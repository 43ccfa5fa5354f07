/* SPDX-License-Identifier: Apache-2.0 */
/* resample.h - a picture of any format at another size, row by row, as rows of floats.
 *
 * Layer:   image, for prepare.c and its like.
 * Threads: an as_resample belongs to one thread.
 * Memory:  as_resample_init allocates tables and some rows of the picture; as_resample_begin and as_resample_row nothing.
 *
 * Shrinking averages over the exact area of each output (by AS_FILTER_AREA), enlarging is linear between pixel centres with
 * the borders repeated. Levels go from 0 to 255 whatever the format's bits. Colour comes last: of pictures whose chroma is
 * coarser than their luma (YUV), each chroma value stands for the pixels it covers, and the mean of Y, U and V is what becomes R, G
 * and B (cut to 0..255). Of a Bayer picture that becomes at most half as large both ways, each 2 x 2 square is one pixel of
 * red, the mean of two greens, and blue; otherwise its missing colours are interpolated first (unpack.h).
 * Sums are whole numbers: the same bits on every processor, and at most 0.03 levels from the definition in exact numbers
 * (0.1 of YUV, whose matrices multiply).
 */
#ifndef AS_IMAGE_RESAMPLE_H
#define AS_IMAGE_RESAMPLE_H

#include "image/row_kernel.h"
#include "image/unpack.h"

/* Source, and place in the output, of a resize. */
typedef struct as_placement {
    uint32_t from_x, from_y, from_width, from_height; /* pixels of the source that are used */
    uint32_t to_x, to_y, to_width, to_height;         /* pixels of the output that they fill; the rest is padding */
} as_placement;

typedef enum as_fit { AS_FIT_STRETCH, AS_FIT_INSIDE, AS_FIT_COVER } as_fit;

as_placement as_placement_of(as_fit fit, uint32_t in_width, uint32_t in_height, uint32_t out_width,
                             uint32_t out_height);

typedef struct as_resample {
    as_image              image; /* the view that begin was given */
    as_pixel              pixel; /* and what init was made for */
    uint32_t              width, height;
    uint32_t              planes; /* rows that come out: 1 of Mono formats, else 3: red, green, blue */
    int                   form;
    as_axis               x[2], y[2]; /* over pixels, and over cells of two */
    const as_row_kernels *kernels;
    int16_t              *sums[3];
    float                *tall, *rows[3];
    as_unpack             unpack;
    as_yuv_matrix         matrix;
} as_resample;

/* For pictures of this format and size. AS_ENOMEM. *resample must be zeroed or done; the sizes must be allowed ones, and
 * what the placement takes must lie within them. */
AS_CHECK bool as_resample_init(as_resample *resample, as_pixel pixel, uint32_t width, uint32_t height,
                               const as_placement *place, as_filter filter, as_err *err);
void          as_resample_done(as_resample *resample); /* a zeroed one is fine */

/* A picture as as_image_check_any allows it, of the format and size of init; its pixels must live until the last row. */
void as_resample_begin(as_resample *resample, const as_image *image);

/* Output row y: resample->planes rows of place->to_width floats, level * gain + offset of each. */
void as_resample_row(as_resample *resample, uint32_t y, float *const *out, const as_row_affine *affine);

#endif
