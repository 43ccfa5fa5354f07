/* SPDX-License-Identifier: Apache-2.0 */
/* conditions.h - what it is like at the station while one part passes: light, lens, belt, and what is wrong with them.
 *
 * Layer:   twin.
 * Threads: pure.
 * Memory:  a plain value.
 */
#ifndef AS_TWIN_CONDITIONS_H
#define AS_TWIN_CONDITIONS_H

#include "twin/exposure.h"
#include "twin/twin.h"
#include "twin/warp.h"

#define AS_SKEW_MOST_PX 4.0 /* from row to row, of a rolling shutter */

enum { AS_RECIPE_RIGHT = -1, AS_RECIPE_OTHER = -2 }; /* its own; any but its own */

typedef struct as_conditions {
    uint32_t       faults; /* bits of as_fault */
    double         amounts[AS_FAULT_COUNT];
    double         seconds; /* since the first part */
    double         motion_px, skew_px, disc_px, temperature_c;
    double         belt_mm_per_s, light, aged, warmth, ambient; /* what level and add come of; see condition.def */
    as_warp        warp;
    float          level[3], add[3];
    as_flicker     flicker;
    double         on_lens[3]; /* dirt, a finger's mark, haze: 0..1 */
    as_veil_amount veil;       /* the same */
    int32_t        recipe;     /* what lies on the belt; or AS_RECIPE_... */
} as_conditions;

/* cfg: resolved. line_s: of a rolling shutter, else 0. */
void as_conditions_at(const as_twin_cfg *cfg, const as_script *script, double px_per_mm, double disc_px, double line_s,
                      uint64_t part, uint32_t view, as_conditions *ret);

/* Likewise while one line of a web is exposed, that many seconds after the first; part: the frame that it lies in. Neither
 * blur of motion nor shifts: those follow from where the line lies. */
void as_conditions_of_line(const as_twin_cfg *cfg, const as_script *script, double disc_px, uint64_t part,
                           double seconds, as_conditions *ret);

#endif
