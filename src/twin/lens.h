/* SPDX-License-Identifier: Apache-2.0 */
/* lens.h - what a lens and a moving belt do to light on its way to the sensor: blur, motion, fall towards the corners.
 *
 * Layer:   twin.
 * Threads: an as_lens is immutable after init; a run belongs to one thread.
 * Memory:  no heap; a run works in the caller's floats (as_lens_floats).
 *
 * Blur is separable: a Gaussian (aberrations), diffraction, and a disc (defocus) by its projection on each axis. Along x
 * comes the way that a point moves while the shutter is open. Each has the variance that it should have to a thousandth,
 * however small (a disc of diameter d: d^2 / 16; a way of length l: l^2 / 12), and variances add.
 *
 * Diffraction is that of a circular pupil, whose transfer function is 2/pi (acos u - u sqrt(1 - u^2)) at u = cycles a pixel *
 * airy_px (Goodman, Introduction to Fourier Optics, 3rd edition, section 6.3.2), along each axis. Its rings are cut some
 * pixels out: from 0.05 cycles a pixel on the error is less than 0.01.
 *
 * Rows are made one after the other, each from the few around it, so that a picture is read from memory once.
 */
#ifndef AS_TWIN_LENS_H
#define AS_TWIN_LENS_H

#include "base/err.h"

#define AS_LENS_MAX_MOTION_PX 500.0
#define AS_LENS_MAX_SPREAD_PX 8.0 /* standard deviation of the Gaussian */
#define AS_LENS_MAX_AIRY_PX   19.0
#define AS_LENS_MAX_DISC_PX   24.0 /* diameter of a point out of focus */
#define AS_LENS_MAX_Y         129
#define AS_LENS_MAX_X         (503 + AS_LENS_MAX_Y)

typedef struct as_lens_cfg {
    uint32_t width, height;  /* pixels */
    double   motion_px;      /* way of a point along x during the exposure */
    double   spread_px;      /* standard deviation of the blur of aberrations */
    double   airy_px;        /* period of the finest pattern that diffraction lets pass: wavelength * f-number */
    double   disc_px;        /* diameter of the blur of defocus */
    double   skew_px;        /* how much further each row is along x than the one above: a rolling shutter */
    double   vignette_ratio; /* light lost in the corners, 0..1 */
    uint32_t left, top, right, bottom; /* of the light's planes, beyond the picture */
} as_lens_cfg;

typedef struct as_lens {
    as_lens_cfg cfg;
    int         n_x, n_y; /* odd */
    float       x[AS_LENS_MAX_X], y[AS_LENS_MAX_Y];
} as_lens;

/* AS_EINVAL when a value is outside its range. */
AS_CHECK bool as_lens_init(as_lens *lens, const as_lens_cfg *cfg, as_err *err);

/* The rows of one picture, from the first to the last. */
typedef struct as_lens_run {
    const as_lens *lens;
    const float   *light; /* planes of width x height, and what lies beyond */
    uint32_t       n_planes, next_in, next_out;
    float         *ring, *padded;
} as_lens_run;

size_t      as_lens_floats(const as_lens *lens, uint32_t n_planes);
as_lens_run as_lens_begin(const as_lens *lens, const float *light, uint32_t n_planes, float *floats);

/* The next row of each plane, n_planes * width floats: call it height times. */
void as_lens_row(as_lens_run *run, float *out);

#endif
