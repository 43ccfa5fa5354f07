/* SPDX-License-Identifier: Apache-2.0 */
/* stats.h - what one pass over the pixels says about a picture.
 *
 * Layer:   image.
 * Threads: any thread.
 * Memory:  some rows, and the windows of motion.h, on the heap inside the call; of what is kept, motion.h tells.
 */
#ifndef AS_IMAGE_STATS_H
#define AS_IMAGE_STATS_H

#include "image/frame.h"
#include "image/motion.h"

#define AS_IMAGE_MAP_ACROSS  64u
#define AS_IMAGE_MAP_DOWN    48u
#define AS_IMAGE_MAP_SAMPLES 32u /* across and down */
#define AS_IMAGE_MAP_ONE     256 /* a grey level, in cells */

/* A picture small enough to be kept: what stays in place is seen in its cells, what stays the same in its samples. */
typedef struct as_image_map {
    uint32_t across, down;                                  /* cells: the above, or the picture's pixels where fewer */
    uint16_t cells[AS_IMAGE_MAP_DOWN][AS_IMAGE_MAP_ACROSS]; /* mean luma of each, times AS_IMAGE_MAP_ONE, rounded */
    uint8_t  samples[AS_IMAGE_MAP_SAMPLES * AS_IMAGE_MAP_SAMPLES]; /* luma of single pixels on an even raster */
} as_image_map;

typedef struct as_image_stats {
    double mean, deviation;    /* of luma, 0..255 */
    double clipped_low_ratio;  /* luma <= 1 */
    double clipped_high_ratio; /* luma >= 254 */
    double contrast;           /* grey levels between the 1 % and the 99 % quantile of luma */
    double laplacian_variance; /* of the 3x3 Laplacian (0 1 0; 1 -4 1; 0 1 0) of luma: sharpness (Pech-Pacheco 2000) */
    double tenengrad;          /* mean squared Sobel gradient of luma (Krotkov 1987) */
    double
        noise; /* standard deviation in grey levels, by the mask of Immerkaer 1996, of the blocks with least texture */
    double blank_rows_ratio, blank_columns_ratio; /* of the height, width: each of one level, counted from either end */
    as_motion    motion;
    uint64_t     difference_hash; /* 9x8 area-averaged luma, a bit where the right neighbour is brighter */
    as_image_map map;
} as_image_stats;

/* AS_EINVAL for pictures under 3x3. */
AS_CHECK bool as_image_stats_of(const as_image *image, as_image_stats *ret, as_err *err);

#endif
