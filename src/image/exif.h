/* SPDX-License-Identifier: Apache-2.0 */
/* exif.h - which way up a picture is, and putting its rows there.
 *
 * Layer:   image, for its codecs.
 * Threads: pure.
 * Memory:  none.
 */
#ifndef AS_IMAGE_EXIF_H
#define AS_IMAGE_EXIF_H

#include "image/frame.h"

/* The orientation tag (0x0112) of the first folder of TIFF-coded EXIF data (CIPA DC-008, 4.5 and 4.6.4), without the
 * "Exif\0\0" that JPEG puts before it: 1 to 8, and 1 when it is absent, damaged or no such number. */
uint32_t as_exif_orientation(const uint8_t *tiff, size_t n);

/* True when the upright picture is as wide as the stored one is high. */
bool as_exif_swaps(uint32_t orientation);

/* Writes `count` stored pixels of stored row `y`, beginning at stored column `x`, `step` columns apart, to their places in
 * the upright picture `out`. pixels: packed, of out's pixel format. */
void as_exif_put(const as_image *out, uint32_t orientation, uint32_t x, uint32_t step, uint32_t y,
                 const uint8_t *pixels, uint32_t count);

#endif
