/* SPDX-License-Identifier: Apache-2.0 */
/* motion.h - how far, and which way, what a picture shows moved while it was exposed.
 *
 * Layer:   image.
 * Threads: any thread.
 * Memory:  as_motion_windows and its pixels belong to the caller; as_motion_find keeps 200 KiB a thread that calls it, until
 *          that ends.
 *
 * Uniform motion over L pixels in direction d multiplies the spectrum by sinc(L f.d): dark bands across d, 1/L apart
 * (Cannon 1976). The power spectra of up to 16 windows are averaged (Welch 1967) and their logarithm freed of its mean at
 * each radius, which most scenes' own fall-off and defocus are. Over directions and lengths, the bands that explain most of
 * what is left are taken: first on one bin of some, of all only where those find bands.
 */
#ifndef AS_IMAGE_MOTION_H
#define AS_IMAGE_MOTION_H

#include "base/err.h"

#define AS_MOTION_SIDE       128u /* pixels of a window */
#define AS_MOTION_LEAST_SIDE 64u  /* a picture of less says nothing about motion */
#define AS_MOTION_WINDOWS    16u
#define AS_MOTION_LEAST_PX   3.0
#define AS_MOTION_MOST_PX    42.0
#define AS_MOTION_CERTAIN    0.5 /* sharp pictures of parts with straight edges stay below */

typedef struct as_motion {
    double length_px;     /* AS_MOTION_LEAST_PX to _MOST_PX; 0: not measured, or no bands at all */
    double direction_deg; /* 0 to 180, from the x axis towards the y axis, which points down */
    double certainty; /* share of the spectrum's structure that the bands explain, 0 to 1; sharp pictures: below 0.35 */
} as_motion;

/* Parts of the picture, evenly spread, that are filled as its rows come by. */
typedef struct as_motion_windows {
    uint32_t n, width, height; /* of each, at most AS_MOTION_SIDE */
    uint32_t x[AS_MOTION_WINDOWS], y[AS_MOTION_WINDOWS];
    uint8_t
        *pixels; /* the caller's room for n * AS_MOTION_BYTES: windows one after the other, rows by AS_MOTION_SIDE */
} as_motion_windows;

#define AS_MOTION_BYTES ((size_t)AS_MOTION_SIDE * AS_MOTION_SIDE)

/* n = 0 for a picture too small; pixels is left to the caller. */
void as_motion_place(as_motion_windows *windows, uint32_t width, uint32_t height);
void as_motion_row(as_motion_windows *windows, uint32_t y, const uint8_t *luma); /* of the whole picture */

/* noise: standard deviation in grey levels. AS_ENOMEM. */
AS_CHECK bool as_motion_find(const as_motion_windows *windows, double noise, as_motion *ret, as_err *err);

#endif
