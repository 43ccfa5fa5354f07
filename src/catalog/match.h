/* SPDX-License-Identifier: Apache-2.0 */
/* match.h - which outline of one person is which of another, and by how much they overlap.
 *
 * Layer:   catalog (may use base/, image/).
 * Threads: any thread.
 * Memory:  scratch is freed before return.
 */
#ifndef AS_CATALOG_MATCH_H
#define AS_CATALOG_MATCH_H

#include "catalog/finding.h"

#define AS_MATCH_IOU 0.5 /* from which two outlines mean the same thing (Everingham et al., Pascal VOC, IJCV 2010) */

/* Intersection over union of two outlines in a picture of that size: of two boxes exactly, else of the pixels whose centres
 * lie inside. AS_EFORMAT when a geometry does not read; 0 where a box or mask lies outside of the picture. */
AS_CHECK bool as_finding_iou(const as_finding *a, const as_finding *b, uint32_t width, uint32_t height, double *ret,
                             as_err *err);

typedef struct as_match {
    size_t n_a, n_b, n_matched;
    double sum_iou; /* over the matched */
} as_match;

/* Pairs with the same class and an IoU of at least AS_MATCH_IOU, greedily: the largest first, of equals the first; each
 * outline once. (An optimal assignment differs only where one outline overlaps two others by half or more.) Adds to *sum.
 * AS_ELIMIT over AS_MATCH_MOST outlines of one person. */
#define AS_MATCH_MOST 2000
AS_CHECK bool as_match_findings(const as_finding *a, size_t n_a, const as_finding *b, size_t n_b, uint32_t width,
                                uint32_t height, as_match *sum, as_err *err);

#endif
