/* SPDX-License-Identifier: Apache-2.0 */
/* cut.h - what a mask cuts out of its picture: each defect with a soft rim, and what it lay in.
 *
 * Layer:   twin (scene dataset:DIR).
 * Threads: immutable once made.
 * Memory:  as_cuts_free frees them all.
 *
 * One mask may hold several defects: what is further apart than about a fortieth of the picture is another one.
 */
#ifndef AS_TWIN_CUT_H
#define AS_TWIN_CUT_H

#include "base/err.h"

enum { AS_CUT_MOST = 8, AS_CUT_POINTS = 32 }; /* of one mask; of each list of points */

typedef struct as_cut {
    uint32_t x, y, width, height; /* pixels of the picture: the defect with a soft rim around it */
    uint8_t *alpha;               /* of those pixels: 255 the defect, less in its rim */
    uint8_t *marked;              /* likewise: 1 what the mask marks, 0 its rim and what is beyond */
    float    core[4];             /* x, y, width, height of the mask itself */
    float    around[3];           /* mean light of what lies around it, red, green and blue */
    uint32_t n_points;
    uint16_t points[AS_CUT_POINTS][2]; /* some pixels that belong to it */
    float    ring[AS_CUT_POINTS][2];   /* places around it, some of which may lie outside the picture */
} as_cut;

/* pixels: planes of width * height; mask: that size, above 127 what is marked. *ret NULL with an empty mask. false: no memory. */
AS_CHECK bool as_cuts_make(const uint8_t *pixels, const uint8_t *mask, uint32_t width, uint32_t height, uint32_t planes,
                           as_cut **ret, uint32_t *ret_n);
void          as_cuts_free(as_cut *cuts, uint32_t n);
size_t        as_cuts_bytes(const as_cut *cuts, uint32_t n);

#endif
