/* SPDX-License-Identifier: Apache-2.0 */
/* codes.h - pictures whose pixels are numbers of things, not colours: label maps in PNG files.
 *
 * Layer:   image.
 * Threads: any thread (no shared state).
 * Memory:  as_codes_done() frees the plane.
 *
 * A palette's index or a grey value (of 1 to 8 bits, unscaled) is the code. Pictures in colour get codes in the order in
 * which their colours come, at most 256; what is more than half see-through has one code, whatever its colour. Written
 * files are palette PNGs whose first colour is black.
 */
#ifndef AS_IMAGE_CODES_H
#define AS_IMAGE_CODES_H

#include "base/str.h"
#include "image/frame.h"

typedef struct as_codes {
    uint32_t width, height;
    uint8_t *at;             /* height * width, row by row */
    uint8_t  colors[256][4]; /* red, green, blue, alpha of each code */
    uint32_t n_colors;       /* that the file defines */
    bool     are_given;      /* by the file; not made up from its colours */
} as_codes;

/* Every pixel of a PNG. AS_EFORMAT for another file, AS_EUNSUPPORTED for 16 bits, AS_ELIMIT for more than 256 colours,
 * AS_ECORRUPT. */
AS_CHECK bool as_codes_decode(const uint8_t *bytes, size_t n, as_codes *ret, as_err *err);
void          as_codes_done(as_codes *codes);

AS_CHECK bool as_codes_new(as_codes *codes, uint32_t width, uint32_t height, as_err *err); /* all 0, black */

/* A palette PNG with colours that tell codes apart (colors and n_colors are not looked at). Appends. */
AS_CHECK bool as_codes_encode(const as_codes *codes, as_str *out, as_err *err);
void          as_codes_color(uint8_t code, uint8_t ret_rgb[3]); /* that as_codes_encode gives it */

#endif
