/* SPDX-License-Identifier: Apache-2.0 */
/* feret.h - how long and how broad a thing is: the most and the least distance between two parallel lines that hold it.
 *
 * Layer:   twin.
 * Threads: one.
 * Memory:  the caller's points, 2 for each row.
 *
 * Feret's diameters (L. R. Feret 1931) of a set of points that come row by row: only the ends of each row count, of those only
 * the corners of their convex hull (Andrew 1979), and the least lies at one of its sides (Freeman and Shapira 1975).
 */
#ifndef AS_TWIN_FERET_H
#define AS_TWIN_FERET_H

#include "base/def.h"

typedef struct as_feret_point {
    float x, y;
} as_feret_point;

typedef struct as_feret {
    as_feret_point *left, *right; /* chains of the hull, downwards */
    size_t          n_left, n_right;
} as_feret;

/* points: 2 * rows of them. */
as_feret as_feret_begin(as_feret_point *points, size_t rows);

/* The ends of a row; y grows from call to call. */
void as_feret_row(as_feret *feret, float x0, float x1, float y);

/* Both 0 without a row. */
void as_feret_end(const as_feret *feret, double *ret_most, double *ret_least);

/* The same of a mask's pixels (1 inside, in rows y0 up to y1), in pixels: from the middle of one pixel to that of another, and
 * one more, so that a row of n pixels is n long and 1 broad. points: 2 * (y1 - y0). */
void as_feret_of_mask(const uint8_t *inside, uint32_t width, uint32_t y0, uint32_t y1, as_feret_point *points,
                      double *ret_most, double *ret_least);

#endif
