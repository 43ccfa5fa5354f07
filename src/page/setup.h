/* SPDX-License-Identifier: Apache-2.0 */
/* setup.h - a camera over a belt, drawn to scale: from the side, what it sees, and the smallest defect on its pixels.
 *
 * Layer:   page (may use base/).
 * Threads: pure but for the caller's string.
 * Memory:  appends to the caller's string; texts are borrowed during the call.
 */
#ifndef AS_PAGE_SETUP_H
#define AS_PAGE_SETUP_H

#include "base/str.h"

typedef struct as_setup {
    const char *title;                   /* read aloud */
    const char *camera, *lens, *light;   /* labels */
    const char *belt, *distance, *depth; /* labels; belt NULL: it stands still */
    const char *field, *defect;          /* labels */
    double      distance_mm;             /* from the lens to the middle of the part's height */
    double      near_mm, far_mm;         /* sharp from, to (may be INFINITY), from the lens */
    double      field_mm[2];             /* what must be seen, along and across the belt */
    double      seen_mm[2];              /* by one camera, where it is in focus */
    unsigned    cameras[2];              /* along and across */
    double      part_mm[2], height_mm;   /* 0: not known, flat */
    double      pitch_mm;                /* from part to part on the belt; 0: not known */
    double      defect_mm;
    double      pixel_mm; /* on the part */
    double      airy_px, blur_px;
} as_setup;

/* <svg>; alone: a file of its own with its colours, for light and dark. Else those of the page around it. */
void as_setup_add(as_str *out, const as_setup *setup, bool alone);

/* The same of line-scan cameras over a web that runs along the first of two: field_mm[1] is its width, seen_mm[1] what one of
 * cameras[1] sees of it; part and pitch do not count. */
void as_setup_web_add(as_str *out, const as_setup *setup, bool alone);

/* How much of pixel (column, row) a disc covers that moves `blur_px` along the columns while it is exposed, 0 to 1: its
 * middle moves about (x, y), in pixels. */
double as_setup_cover(double diameter_px, double blur_px, double x, double y, double column, double row);

#endif
