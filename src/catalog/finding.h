/* SPDX-License-Identifier: Apache-2.0 */
/* finding.h - what a label says is where: a class with a box, a polygon or a mask.
 *
 * Layer:   catalog (may use base/, image/).
 * Threads: immutable values.
 * Memory:  strings are the owner's (a manifest keeps copies).
 *
 * Coordinates are pixels of the upright picture, from its upper left corner (0, 0) to (width, height); they need not be
 * whole. A box is x, y, width, height as in COCO; formats that count from 1 or in percent are converted on the way.
 */
#ifndef AS_CATALOG_FINDING_H
#define AS_CATALOG_FINDING_H

#include "base/err.h"
#include "base/str.h"

#define AS_FINDING_MAX       100000             /* of one sample */
#define AS_FINDING_MAX_BYTES ((size_t)16 << 20) /* of one geometry */

typedef enum as_outline {
    AS_OUTLINE_NONE,
    AS_OUTLINE_BOX,
    AS_OUTLINE_POLYGON,
    AS_OUTLINE_MASK,
    AS_OUTLINE_COUNT
} as_outline;

typedef struct as_finding {
    const char *label; /* class */
    as_outline  outline;
    double      box[4];   /* bounds, whatever the outline */
    const char *geometry; /* POLYGON: JSON [[x,y,x,y,...],...], rings of at least 3 points; MASK: counts as in
                             image/mask.h, of the picture's size; BOX: "" */
    double      score;    /* of who gave it, 0..1; NAN: none */
    const char *extra;    /* JSON object with what a format says beyond this ("" for none), kept for the way out */
} as_finding;

const char *as_outline_name(as_outline outline); /* "box", "polygon", "mask"; "none" */

/* Rings of a polygon: points[] x, y alternating; ends[i] is where ring i ends, in points. Both on the heap. AS_EFORMAT. */
AS_CHECK bool as_finding_rings(const char *geometry, double **ret_points, size_t **ret_ends, size_t *ret_n_rings,
                               as_err *err);
AS_CHECK bool as_finding_add_rings(as_str *geometry, const double *points, const size_t *ends, size_t n_rings,
                                   as_err *err); /* the other way; AS_EINVAL for a ring of under 3 points */
void          as_finding_bounds(const double *points, size_t n_points, double ret_box[4]);

/* What manifests demand: a class, an outline, finite numbers, no negative extent, geometry that reads. AS_EINVAL. */
AS_CHECK bool as_finding_check(const as_finding *finding, as_err *err);

#endif
