/* SPDX-License-Identifier: Apache-2.0 */
/* warp.h - light moved within its plane: the lens's distortion, a camera that was moved or turned, a trigger too late.
 *
 * Layer:   twin.
 * Threads: pure.
 * Memory:  the caller's planes.
 */
#ifndef AS_TWIN_WARP_H
#define AS_TWIN_WARP_H

#include "base/def.h"

typedef struct as_warp {
    double   distortion;       /* how much further out the corners are drawn: below 0 a barrel, above a pincushion */
    double   shift_x, shift_y; /* pixels that the picture moves */
    double   turn;             /* radians */
    uint32_t left, top, right, bottom; /* of the planes, beyond the picture in whose middle the lens looks */
} as_warp;

bool as_warp_is_none(const as_warp *warp);

/* Bilinear; beyond the edges the nearest pixel goes on. in and out: width * height, not the same. */
void as_warp_plane(const as_warp *warp, uint32_t width, uint32_t height, const float *in, float *out);

/* The same for rows y0 up to and without y1 of out. */
void as_warp_rows(const as_warp *warp, uint32_t width, uint32_t height, uint32_t y0, uint32_t y1, const float *in,
                  float *out);

/* Where a point of the scene comes to lie (first order in distortion). */
void as_warp_point(const as_warp *warp, uint32_t width, uint32_t height, double *x, double *y);

#endif
