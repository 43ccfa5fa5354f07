/* SPDX-License-Identifier: Apache-2.0 */
/* cascade.h - boosted cascades of Haar or LBP features as OpenCV's XML files keep them, read and evaluated.
 *
 * Layer:   intake.
 * Threads: immutable after parsing: find from any thread at once.
 * Memory:  as_cascade_free frees; find takes about 10 bytes a pixel of the picture while it runs.
 *
 * Viola and Jones, Robust Real-Time Face Detection, IJCV 57 (2004); LBP features: Liao et al., ICB 2007. The window is
 * moved over a pyramid of the picture; a window that a stage refuses is left at once; windows that agree are one hit.
 */
#ifndef AS_INTAKE_CASCADE_H
#define AS_INTAKE_CASCADE_H

#include "intake/face.h"

#define AS_CASCADE_MAX_BYTES ((size_t)16 << 20)

typedef struct as_cascade as_cascade;

/* Any bytes; name: what errors call them. AS_EFORMAT; also for features that are turned by 45 degrees. */
AS_CHECK as_cascade *as_cascade_parse(const uint8_t *xml, size_t n, const char *name, as_err *err);
as_cascade          *as_cascade_free(as_cascade *cascade);
uint32_t             as_cascade_window(const as_cascade *cascade); /* the least width of what it finds, pixels */

typedef struct as_cascade_cfg {
    double   enlarge;     /* the picture is first made so much larger, for smaller faces; 1: as it is */
    double   scale_step;  /* from one size to the next: above 1 */
    uint32_t min_windows; /* that must agree on a hit, at least 1 */
    bool     mirror;      /* look into the mirrored picture: for cascades of one side */
} as_cascade_cfg;

/* Mono8. Appends hits; score n / (n + 4) of n windows that agree. Where so many windows agree that they cannot be told
 * apart (no real picture), the whole picture is one hit. */
AS_CHECK bool as_cascade_find(const as_cascade *cascade, const as_image *grey, const as_cascade_cfg *cfg, as_faces *ret,
                              as_err *err);

#endif
