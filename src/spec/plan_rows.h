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

typedef enum as_plan_lens_kind {
    AS_PLAN_LENS_NONE,
    AS_PLAN_LENS_FIXED, /* with a focus of its own, for what is far */
    AS_PLAN_LENS_MACRO  /* in tubes, for what is near */
} as_plan_lens_kind;

typedef struct as_plan_lens {
    as_plan_lens_kind kind;
    double            focal_mm, f_number; /* F-number wide open */
    double            nearest_mm;         /* object; nearer with spacer rings */
    double            most;               /* magnification, with rings or tubes */
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
