/* SPDX-License-Identifier: Apache-2.0 */
/* brush.h - the run lengths of Label Studio's brush: packed bits over the red, green, blue and alpha of all pixels.
 *
 * Layer:   intake.
 * Threads: any thread (no shared state).
 * Memory:  as_mask_done(ret).
 *
 * Layout (npm package @thi.ng/rle-pack): 32 bits number of words, 5 bits word size less 1, four times 4 bits run size less
 * 1; then 1 bit "repeated", 2 bits which run size, the run's length less 1, and one word or as many words as it says.
 */
#ifndef AS_INTAKE_BRUSH_H
#define AS_INTAKE_BRUSH_H

#include "image/mask.h"

/* Pixels whose alpha is not 0. AS_EFORMAT when they are not of that size or end early. */
AS_CHECK bool as_brush_decode(const uint8_t *bytes, size_t n, uint32_t width, uint32_t height, as_mask *ret,
                              as_err *err);
AS_CHECK bool as_brush_encode(const as_mask *mask, as_str *out, as_err *err); /* appends the bytes */

#endif
