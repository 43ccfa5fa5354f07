/* SPDX-License-Identifier: Apache-2.0 */
/* draw.h - frames, words and tints over a picture, for people to look at.
 *
 * Layer:   image.
 * Threads: any thread; the picture is the caller's.
 * Memory:  none.
 *
 * What lies outside the picture is cut off. Pictures are Mono8 (a colour becomes its luma) or RGB8.
 */
#ifndef AS_IMAGE_DRAW_H
#define AS_IMAGE_DRAW_H

#include "image/frame.h"

typedef struct as_rgb {
    uint8_t r, g, b;
} as_rgb;

#define AS_DRAW_GLYPH_WIDTH  6 /* pixels of a letter at scale 1, with the gap to the next */
#define AS_DRAW_GLYPH_HEIGHT 9 /* of a line, with what hangs below it */

/* The i-th of a row of colours that are far from each other: classes keep theirs. */
as_rgb as_draw_colour(uint32_t i);

void as_draw_fill(as_image *image, int64_t x, int64_t y, int64_t width, int64_t height, as_rgb colour);

/* A frame of `thick` pixels, along the inside of the box. */
void as_draw_frame(as_image *image, int64_t x, int64_t y, int64_t width, int64_t height, uint32_t thick, as_rgb colour);

/* Letters of 5 x 8 dots, each scale x scale pixels, from the upper left corner; what is no printable ASCII is a box. */
void     as_draw_text(as_image *image, int64_t x, int64_t y, uint32_t scale, const char *text, as_rgb colour);
uint32_t as_draw_text_width(const char *text, uint32_t scale); /* pixels */

/* Half of the colour where inside[] is 1: width x height from (x, y), `stride` bytes a row. */
void as_draw_tint(as_image *image, uint32_t x, uint32_t y, uint32_t width, uint32_t height, const uint8_t *inside,
                  size_t stride, as_rgb colour);

#endif
