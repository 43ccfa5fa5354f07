/* SPDX-License-Identifier: Apache-2.0 */
/* plan_line.h - the same for a web under line-scan cameras: sensor and lens across it, lines a second, light, encoder, link.
 *
 * Layer:   spec.
 * Threads: immutable; pure functions.
 * Memory:  plain values, no heap; pointers are the spec's or static.
 *
 * Sources: the formulas of plan_optics.h; lines a second = speed / pixel on the web, so that pixels are square; a line is
 * exposed while the next one is not yet due: t <= 1 / rate. An encoder's pulses are multiplied and divided to lines. A sensor
 * of n stages (TDI) adds up n exposures of the same place and reads them once: n times the signal, one dark noise; a web that
 * runs past it by a share e faster than its lines smears a point over (n - 1) e pixels (Holst and Lomheim, section 3.4).
 */
#ifndef AS_SPEC_PLAN_LINE_H
#define AS_SPEC_PLAN_LINE_H

#include "spec/plan.h"

#define AS_PLAN_LINE_MOST_MULTIPLIER 32u /* what encoder inputs of line-scan cameras and grabbers have at least */
#define AS_PLAN_LINE_MOST_DIVIDER    128u
#define AS_PLAN_LINE_SMEAR_PX        0.5    /* of a sensor of several stages, at most */
#define AS_PLAN_LINE_USUAL_LX        300000 /* above it, stages are named that do with less */
#define AS_PLAN_LINE_MOST_STAGES     256u
#define AS_PLAN_LINE_MOST_CHIPS      16

typedef struct as_plan_line_chip {
    uint32_t pixels;
    double   pitch_um, lines_per_s, full_well_e, dark_noise_e, quantum_ratio;
} as_plan_line_chip;

const as_plan_line_chip *as_plan_line_chip_at(size_t i); /* NULL past the last */

typedef struct as_plan_line_choice {
    as_plan_stage            stage; /* FITS, or where it fails; PACE: lines a second */
    const as_plan_line_chip *chip;
    uint32_t                 cameras; /* across the web */
    double                   focal_mm, f_number, magnification, distance_mm;
    double                   pixel_mm, defect_px, seen_mm, circle_mm; /* across, by one camera; image circle */
    double                   step_mm;                                 /* from one camera to the next */
    double                   airy_um, airy_px;
    as_plan_depth            depth;
    double                   lines_per_s, exposure_s, longest_s, blur_px;
    uint32_t                 stages;                   /* of the sensor; 1: a common one */
    double                   smear_px;                 /* by the encoder's steps, over its stages */
    double                   light_lx, snr, electrons; /* light: needed, or what is there */
    double              most_lx, lamp_lx, area_lx; /* of all classes of light; of lamp; an area camera's, as sharp */
    const as_plan_lamp *lamp;                      /* the weakest class that gives light_lx; NULL: none */
    uint32_t            more_stages;               /* with which AS_PLAN_LINE_USUAL_LX do; 0: they do anyway */
    double              bytes_per_s, stored_bytes_per_day, pixels_per_s; /* a camera; all; all */
    const as_plan_link *link;
    double              pulses_per_mm, pulses_per_s; /* of the encoder, as they come */
    uint32_t            multiplier, divider;
    double              stretch;                     /* of a pixel along the web by what is left of that: 1 is square */
    double              judged_px_per_s, busy_cores; /* that the network must see; NAN: not measured */
} as_plan_line_choice;

typedef struct as_plan_line {
    as_plan plan; /* spec, machine, largest pixel, feasible, problems, advice and parts; no choices of its own */
    double  width_mm, needs_px;
    as_plan_line_choice best;
    as_plan_line_choice choices[AS_PLAN_LINE_MOST_CHIPS]; /* what fits, the best lens of each line, simplest first */
    size_t              n_choices, n_tried;
    double piece_mm, collect_m; /* a part is so much web; to be looked at until there are as many; 0, NAN: not known */
} as_plan_line;

/* AS_EINVAL names the key that is missing. What is infeasible is no error. */
AS_CHECK bool as_plan_line_make(const as_spec *spec, const as_plan_machine *machine, as_plan_line *ret, as_err *err);

/* The multiplier and divider that come nearest to lines_per_mm from so many pulses; returns what they make of them. */
double as_plan_line_encoder(double pulses_per_mm, double lines_per_mm, uint32_t *ret_multiplier, uint32_t *ret_divider);

const char *as_plan_line_mount(double circle_mm); /* what lens mount takes an image that large */

AS_CHECK json_t *as_plan_line_json(const as_plan_line *plan); /* NULL without memory */

#endif
