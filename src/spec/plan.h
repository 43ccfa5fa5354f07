/* SPDX-License-Identifier: Apache-2.0 */
/* plan.h - whether sensor, lens, light, link and machine can be had for what assay.yaml asks, and which number is in the way.
 *
 * Layer:   spec (may use base/).
 * Threads: immutable; pure functions.
 * Memory:  plain values, no heap; pointers are the spec's or static.
 *
 * Every sensor of the table is tried with every lens at every stop, from several distances where the file leaves that open.
 * What one pair must pass, in this order, is as_plan_stage:
 * a pair that fails says at which. The formulas are in plan_optics.h.
 */
#ifndef AS_SPEC_PLAN_H
#define AS_SPEC_PLAN_H

#include "spec/plan_optics.h"
#include "spec/plan_parts.h"
#include "spec/plan_rows.h"

#define AS_PLAN_MOST_MM      10000.0 /* from the lens to the part: what stands further away is no inspection station */
#define AS_PLAN_LEAST_MACRO  0.05    /* magnification: a macro lens is not made for what is smaller in the picture */
#define AS_PLAN_MOST_CAMERAS 1000    /* above that only "more than" is said */
#define AS_PLAN_OVERLAP      0.05    /* of a camera's picture, with its neighbour's */
#define AS_PLAN_TRANSMISSION 0.9     /* of a lens with coated glass */
#define AS_PLAN_WHITE        0.9     /* reflectance of the brightest that must not saturate */
#define AS_PLAN_FILTER       (1 / 3.0) /* of white light, through the filter of the weakest of three colours */
#define AS_PLAN_LOAD         0.8       /* of the cores that may be busy */
#define AS_PLAN_REST_S       0.01      /* longest exposure of a part at rest */

typedef enum as_plan_stage {
    AS_PLAN_NONE,
    AS_PLAN_SHUTTER,  /* lines one after the other bend what moves */
    AS_PLAN_PIXELS,   /* more cameras than may be */
    AS_PLAN_LENS,     /* no image of that size from there */
    AS_PLAN_MOTION,   /* blurred by the exposure that is set */
    AS_PLAN_DEPTH,    /* not sharp over its height before diffraction blurs it */
    AS_PLAN_LIGHT,    /* too dark, too bright, or too little room for electrons */
    AS_PLAN_PACE,     /* the sensor is too slow */
    AS_PLAN_LINK,     /* no link carries it */
    AS_PLAN_COMPUTE,  /* the machine is too slow for the pace */
    AS_PLAN_DEADLINE, /* exposed, read and judged too late */
    AS_PLAN_FITS
} as_plan_stage;

const char *as_plan_stage_text(as_plan_stage stage); /* what fails there, for people */

typedef struct as_plan_choice {
    as_plan_stage       stage; /* FITS, or where it fails */
    const as_chip      *sensor;
    as_plan_lens        lens;
    const as_plan_link *link;         /* NULL: none */
    bool                turned;       /* columns across the belt */
    bool                needs_spacer; /* nearer than the lens focuses by itself */
    double              extension_mm; /* of rings or tubes, beyond what its own focus reaches; 0: none */
    uint32_t            cameras[2];   /* along and across the belt */
    double              magnification, distance_mm, pixel_mm, defect_px; /* defect: in the furthest plane */
    /* pixel_mm is of the plane in focus, the middle of the part's height. */
    double              pixel_near_mm, pixel_far_mm; /* of the planes of its top and bottom; see as_plan_plane_mm */
    double              seen_mm[2];                  /* of the nearest plane by one camera, along and across the belt */
    double              f_number, airy_um, airy_px, nyquist_lp_mm;
    as_plan_depth       depth;
    double              exposure_s, longest_s, blur_px; /* longest: what blur, of the nearest plane, and pace allow */
    double              light_lx, snr, electrons;       /* light: needed, or what is there */
    double              most_lx, lamp_lx;               /* of all classes of light, for so long and so often; of lamp */
    const as_plan_lamp *lamp;                           /* the weakest class that gives light_lx; NULL: none */
    double              readout_s, transfer_s, latency_s;
    double              frame_bytes, bytes_per_s, stored_bytes_per_day; /* a camera; a camera; all */
    double              judged_px, compute_s, busy_cores; /* of a frame, that the network must see; NAN: not measured */
} as_plan_choice;

uint32_t as_plan_cameras(const as_plan_choice *choice);

/* Of a choice: "IMX250, 25 mm at F/4 from 525 mm". */
#define AS_PLAN_FOUND_BYTES 120

/* One number, changed alone, with which it would be feasible; or what may be left out, alone or two together. */
typedef struct as_plan_advice {
    const char *path, *path2;        /* path2 NULL: alone */
    double      from, to;            /* to 0: leave it out */
    double      to2;                 /* second of a pair; 0: none */
    char found[AS_PLAN_FOUND_BYTES]; /* what the plan would choose then; "" where it is the number that changes */
} as_plan_advice;

#define AS_PLAN_MOST_ADVICE   24
#define AS_PLAN_MOST_PROBLEMS 8
#define AS_PLAN_TEXT_BYTES    320

typedef struct as_plan {
    const as_spec  *spec;
    as_plan_machine machine;
    double          field_mm[2], pixel_mm; /* what must be seen, and how large a pixel may be */
    double          needs_px[2];
    double          frames_per_s;           /* of a camera; 0: not paced */
    double          pitch_mm;               /* from part to part on the belt; 0: not known */
    as_plan_choice  choices[AS_CHIP_COUNT]; /* what fits, the best lens of each sensor, simplest first */
    size_t          n_choices, n_tried;     /* n_tried: sensors that were looked at */
    as_plan_choice  best;                   /* choices[0], or what got furthest */
    bool            feasible;
    char            problems[AS_PLAN_MOST_PROBLEMS][AS_PLAN_TEXT_BYTES];
    size_t          n_problems, n_unproven; /* unproven: of the problems, requirements that no parts prove */
    as_plan_advice  advice[AS_PLAN_MOST_ADVICE];
    size_t          n_advice;
    as_plan_parts   parts;
} as_plan;

/* AS_EINVAL names the key that is missing, and what to write. What is infeasible is no error. */
AS_CHECK bool as_plan_make(const as_spec *spec, const as_plan_machine *machine, as_plan *ret, as_err *err);

/* "25 mm with 3.1 mm of spacer rings", "80 mm macro lens in 64 mm of tubes"; text[80] */
char *as_plan_lens_text(const as_plan_choice *choice, char *text);

/* One pair, whether it fits or not: what a table of lenses shows of the chosen sensor. */
as_plan_choice as_plan_try(const as_plan *plan, const as_chip *sensor, const as_plan_lens *lens);

/* {"feasible","field_mm",...}; NULL without memory. */
AS_CHECK json_t *as_plan_json(const as_plan *plan);

#endif
