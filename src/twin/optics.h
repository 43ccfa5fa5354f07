/* SPDX-License-Identifier: Apache-2.0 */
/* optics.h - what a lens at a distance makes of a scene: pixels a millimetre, depth of field, blur and light.
 *
 * Layer:   twin.
 * Threads: pure.
 * Memory:  none.
 *
 * The thin lens (Hecht, Optics, 5th edition, section 5.2.3), focused on the part: magnification m = f / (s - f). A point dz
 * away from there becomes a disc of f / N * m * dz / (s + dz) on the sensor (similar triangles). Diffraction lets nothing pass
 * that is finer than lambda N (1 + m) (Goodman, Introduction to Fourier Optics, 3rd edition, section 6.3.2). Light falls with
 * the square of N (1 + m).
 */
#ifndef AS_TWIN_OPTICS_H
#define AS_TWIN_OPTICS_H

#include "base/err.h"

/* Deviation of the Gaussian nearest to Airy's disc, of as_optics_airy_px (Zhang, Zerubia and Olivo-Marin 2007): to say how
 * wide it is, not to draw it. */
#define AS_OPTICS_AIRY_SIGMA 0.42

typedef struct as_optics {
    double focal_mm, f_number, distance_mm; /* distance: from the part to the lens */
    double pitch_um;                        /* side of a pixel */
} as_optics;

/* AS_EINVAL names what cannot be. */
AS_CHECK bool as_optics_check(const as_optics *optics, as_err *err);

double as_optics_magnification(const as_optics *optics);
double as_optics_px_per_mm(const as_optics *optics);
double as_optics_disc_px(const as_optics *optics, double off_mm); /* diameter for a point so far beyond the focus */
double as_optics_airy_px(const as_optics *optics);  /* period of the finest pattern that passes, at 550 nm */
double as_optics_depth_mm(const as_optics *optics); /* within which the disc stays under one pixel */
double as_optics_light(const as_optics *optics);    /* against f/1 at no magnification */

#endif
