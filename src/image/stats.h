/* SPDX-License-Identifier: Apache-2.0 */
/* stats.h - what one pass over the pixels says about a picture.
 *
 * Layer:   image.
 * Threads: any thread.
 * Memory:  a few rows on the stack or heap inside the call; nothing kept.
 */
#ifndef AS_IMAGE_STATS_H
#define AS_IMAGE_STATS_H

#include "image/frame.h"

typedef struct as_image_stats {
    double mean, deviation;    /* of luma, 0..255 */
    double clipped_low_ratio;  /* luma <= 1 */
    double clipped_high_ratio; /* luma >= 254 */
    double laplacian_variance; /* of the 3x3 Laplacian (0 1 0; 1 -4 1; 0 1 0) of luma: sharpness (Pech-Pacheco 2000) */
    double tenengrad;          /* mean squared Sobel gradient of luma (Krotkov 1987) */
    uint64_t difference_hash;  /* 9x8 area-averaged luma, a bit where the right neighbour is brighter */
} as_image_stats;

/* AS_EINVAL for pictures under 3x3. */
AS_CHECK bool as_image_stats_of(const as_image *image, as_image_stats *ret, as_err *err);

#endif
