/* SPDX-License-Identifier: Apache-2.0 */
/* develop.h - from a sensor's digital numbers to the pixels a camera sends: grey levels, and colour out of a Bayer mosaic.
 *
 * Layer:   twin.
 * Threads: immutable after init; any thread.
 * Memory:  one table, freed by done.
 */
#ifndef AS_TWIN_DEVELOP_H
#define AS_TWIN_DEVELOP_H

#include "image/frame.h"

typedef struct as_develop {
    uint32_t bits;
    uint8_t *curve; /* of each digital number */
} as_develop;

/* What a camera of the twin can send: Mono8 to Mono16 and a mosaic that begins with red, packed or not, and RGB8. */
bool as_develop_can(as_pixel pixel);
bool as_develop_is_colour(as_pixel pixel); /* its sensor has filters before its pixels */

/* Digital numbers of so many bits. linear: their upper 8, as industrial cameras send Mono8, the black level among them, so that
 * noise in the dark is not cut off; else black, no light, and white, full, put through the curve of sRGB, for people. */
AS_CHECK bool as_develop_init(as_develop *develop, uint32_t bits, double black, double white, bool linear, as_err *err);
void          as_develop_done(as_develop *develop); /* zeros are fine */

/* raw: width * height numbers. Mono8: each by itself; RGB8: from a mosaic that begins with red, green / green, blue, the
 * missing colours as the mean of those beside (bilinear). The other formats carry the numbers themselves, in their bits. */
void as_develop_image(const as_develop *develop, const uint16_t *raw, as_image *image);

#endif
