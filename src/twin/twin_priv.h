/* SPDX-License-Identifier: Apache-2.0 */
/* twin_priv.h - an open twin from the inside. For twin.c and take.c only.
 *
 * Layer:   twin.
 * Threads: immutable after opening.
 * Memory:  as_twin_close frees.
 */
#ifndef AS_TWIN_TWIN_PRIV_H
#define AS_TWIN_TWIN_PRIV_H

#include "twin/conditions.h"

struct as_twin {
    const as_twin_scene *scene;
    as_twin_cfg          cfg; /* its texts and its script are NULL: they were the caller's */
    as_optics            optics;
    double               px_per_mm, light_ratio, spread_px, disc_px, line_s;
    int32_t              recipe; /* -1: all */
    as_script           *script; /* NULL: none */
    const as_chip       *info;   /* NULL: the plain camera */
    as_sensor            sensor;
    as_imager            imager;
    as_develop           develop;
    as_veil              veil; /* zeros where nothing ever lies on the lens */
    void                *state;
};

#endif
