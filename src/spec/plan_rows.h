/* SPDX-License-Identifier: Apache-2.0 */
/* plan_rows.h - what can be bought: lenses and links, a row each in plan_lens.def and plan_link.def. Sensors: image/chip.h.
 *
 * Layer:   spec.
 * Threads: immutable.
 * Memory:  static.
 */
#ifndef AS_SPEC_PLAN_ROWS_H
#define AS_SPEC_PLAN_ROWS_H

#include "image/chip.h"

typedef struct as_plan_lens {
    double focal_mm, f_number; /* F-number wide open */
    double nearest_mm;         /* object; nearer with a spacer ring */
} as_plan_lens;

typedef struct as_plan_link {
    const char *name;
    double      bytes_per_s; /* usable for pictures */
    double      cable_m;
    bool        needs_grabber;
    const char *basis; /* what the figure rests on */
} as_plan_link;

const as_plan_lens *as_plan_lens_at(size_t i); /* NULL past the last row, here and below */
const as_plan_link *as_plan_link_at(size_t i);

#endif
