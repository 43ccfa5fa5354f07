/* SPDX-License-Identifier: Apache-2.0 */
/* plan_rows.h - what can be bought: lenses, links and lights, a row each in plan_lens.def, plan_link.def and plan_light.def.
 * Sensors: image/chip.h. And the machine that is there.
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

typedef struct as_plan_lamp {
    const char *name;
    double      most_lx; /* on the part */
    bool        area, line, is_pulsed;
    const char *near, *basis; /* how near it must hang for that */
} as_plan_lamp;

#define AS_PLAN_PULSED 0.1 /* share of the time that a pulsed light is on at most */

/* What assay.yaml cannot say. */
typedef struct as_plan_machine {
    double   compute_s; /* its input once through the network on one core; NAN: not measured */
    double   input_px;  /* pixels of that input; 0: not known, and a frame is taken for one */
    unsigned cores;
} as_plan_machine;

/* Inputs of the network that hold so many pixels: what is made smaller to fit into one loses its small defects. 1 at least. */
double as_plan_inputs(const as_plan_machine *machine, double pixels);

const as_plan_lens *as_plan_lens_at(size_t i); /* NULL past the last row, here and below */
const as_plan_link *as_plan_link_at(size_t i);
const as_plan_lamp *as_plan_lamp_at(size_t i);

/* The weakest class of light that gives so much while it is on for `duty` of the time, for line-scan cameras or others; NULL:
 * none does. And the most that any of them gives then. */
const as_plan_lamp *as_plan_lamp_for(double lux, bool line, double duty);
double              as_plan_lamp_most(bool line, double duty);

#endif
