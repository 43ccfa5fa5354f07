/* SPDX-License-Identifier: Apache-2.0 */
/* letters.h - small capitals drawn into a picture: what a contact sheet says beside its pictures.
 *
 * Layer:   twin.
 * Threads: one thread a picture.
 * Memory:  none.
 */
#ifndef AS_TWIN_LETTERS_H
#define AS_TWIN_LETTERS_H

#include "image/frame.h"

#define AS_LETTERS_WIDTH  8 /* pixels that one letter takes, with the gap after it */
#define AS_LETTERS_HEIGHT 10

/* Into an RGB8 picture, cut at its edges; what the alphabet lacks becomes a blank. */
void as_letters_draw(as_image *image, uint32_t x, uint32_t y, uint32_t rgb, const char *text);

/* Whether a letter fills that point of its 3 columns and 5 rows, from the upper left: for print on what scenes draw. */
bool as_letters_bit(char letter, uint32_t column, uint32_t row);

#endif
