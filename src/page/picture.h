/* SPDX-License-Identifier: Apache-2.0 */
/* picture.h - pictures in a page: made small, and embedded.
 *
 * Layer:   page (may use base/, image/).
 * Threads: any thread, each its own picture.
 * Memory:  as_page_picture_done frees.
 */
#ifndef AS_PAGE_PICTURE_H
#define AS_PAGE_PICTURE_H

#include "base/str.h"
#include "image/frame.h"

/* A picture made small, as a JPEG file. */
typedef struct as_page_picture {
    uint8_t *jpeg; /* heap; NULL: none */
    size_t   n;
    uint32_t width, height;
} as_page_picture;

/* The longer side at most side_px; never larger than the picture. */
AS_CHECK bool as_page_picture_make(const as_image *image, uint32_t side_px, as_page_picture *ret, as_err *err);
void          as_page_picture_done(as_page_picture *picture);

/* <img>, or nothing where there is none. */
void as_page_picture_add(as_str *out, const as_page_picture *picture, const char *alt);

#endif
