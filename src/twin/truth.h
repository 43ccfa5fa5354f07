/* SPDX-License-Identifier: Apache-2.0 */
/* truth.h - what is known about a frame of the twin: its defects to the pixel, and what was wrong at the station.
 *
 * Layer:   twin.
 * Threads: plain values.
 * Memory:  texts are the scene's and live as long as the twin.
 */
#ifndef AS_TWIN_TRUTH_H
#define AS_TWIN_TRUTH_H

#include "image/frame.h"
#include "twin/condition.h"
#include "twin/script.h"

#define AS_TWIN_MAX_FINDINGS 32

/* One defect. */
typedef struct as_twin_finding {
    const char *class;
    float  severity;  /* 0 invisible .. 1 obvious */
    float  box_px[4]; /* x, y, width, height of what is seen of it; all 0: nothing is */
    float  size_mm;   /* what it was made with, whether seen or not: what that is of its class the guide says */
    float  extent_mm; /* from end to end of what is seen of it (feret.h); 0: nothing is */
    float  narrow_mm; /* across its narrow side */
    size_t area_px;   /* pixels that are seen of it; on a web, of each line those from the first to the last */
    bool   clipped;   /* it reaches the picture's edge: more of it may lie beyond */
} as_twin_finding;

/* Of a finding on a web (scan.h), whose frames may each show a part of it. */
typedef struct as_twin_on_web {
    uint64_t number; /* the same in all of them, from 1; 0: no web */
    double   mm;     /* where its middle is along the web */
    bool     cut;    /* by the frame's first or last line */
} as_twin_on_web;

/* What is measured of a part whatever is wrong with it, as "fill_mm"; name NULL: nothing. */
typedef struct as_twin_measure {
    const char *name;
    double      value;
} as_twin_measure;

/* All that is known about a frame. */
typedef struct as_twin_truth {
    as_truth        frame; /* class, severity and box of the worst, and the faults */
    uint64_t        part;
    double          seconds, px_per_mm; /* since the first part */
    double          web_mm[2];          /* of a web: where its first line is, and the first line after it; else 0, 0 */
    const char     *recipe, *right_recipe; /* what lies there; what should, where that is another one, else NULL */
    size_t          n_findings;
    as_twin_finding findings[AS_TWIN_MAX_FINDINGS];
    as_twin_on_web  on_web[AS_TWIN_MAX_FINDINGS]; /* of each finding */
    as_twin_measure measure;
    const char     *source, *defect_source; /* pictures of a folder that it was made of; NULL: drawn */
    float           face_px[4]; /* of the person in the picture: x, y, width, height; all 0: there is none */
    double          amounts[AS_FAULT_COUNT]; /* of the faults in frame.faults */
    as_twin_station station;                 /* of a web: while its first line is exposed */
} as_twin_truth;

/* Takes the pixels of a finding: inside[y * width + x] is 1 where it is seen, n in all. */
typedef struct as_mask_sink {
    bool (*take)(void *ctx, size_t finding, const uint8_t *inside, size_t n, as_err *err);
    void *ctx;
} as_mask_sink;

/* Which finding is the worst: whose class, severity and box are the frame's. 0 where there is none. */
size_t as_twin_worst(const as_twin_truth *truth);

#endif
