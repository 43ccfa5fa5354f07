/* SPDX-License-Identifier: Apache-2.0 */
/* veil.h - what lies on a lens: dust and splashes, a finger's mark, haze. It takes light, and scatters some over the picture.
 *
 * Layer:   twin.
 * Threads: immutable after init.
 * Memory:  maps of a quarter of the picture's sides, freed by done: what is on a lens is never sharp.
 */
#ifndef AS_TWIN_VEIL_H
#define AS_TWIN_VEIL_H

#include "base/err.h"

typedef struct as_veil {
    uint32_t width, height, map_width, map_height; /* pixels; points of the maps */
    float   *dirt, *print;                         /* 0 clear to 1; one block */
} as_veil;

AS_CHECK bool as_veil_init(as_veil *veil, uint32_t width, uint32_t height, uint64_t seed, as_err *err);
void          as_veil_done(as_veil *veil); /* zeros are fine */

typedef struct as_veil_amount {
    float dirt, print, haze; /* 0..1 */
} as_veil_amount;

/* Row y of n_planes: taken and scattered light. mean: of each plane's light. */
void as_veil_row(const as_veil *veil, const as_veil_amount *amount, uint32_t y, const float mean[3], uint32_t n_planes,
                 float *light);

#endif
