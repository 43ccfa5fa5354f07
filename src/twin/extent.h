/* SPDX-License-Identifier: Apache-2.0 */
/* extent.h - which pixels a person would paint as a defect, from those that differ.
 *
 * Layer:   twin.
 * Threads: pure but for the caller's memory.
 * Memory:  works in the caller's scratch (as_extent_bytes).
 *
 * What differs is often less than the thing: a dent is bright on one side and dark on the other, with a line between them
 * where nothing changed. So gaps are closed (dilation, then erosion, by a square; Serra 1982) and holes are filled.
 */
#ifndef AS_TWIN_EXTENT_H
#define AS_TWIN_EXTENT_H

#include "base/err.h"

/* Of a thing in a picture. */
typedef struct as_extent {
    uint32_t x0, y0, x1, y1; /* pixels from x0, y0 up to and without x1, y1; all 0: there is none */
    size_t   n;              /* pixels */
    bool     cut;            /* it reaches the picture's edge: of what lies beyond nobody knows */
} as_extent;

size_t as_extent_bytes(uint32_t width, uint32_t height);

/* inside: width * height bytes, 1 what differs, 0 elsewhere. Closed and filled; never beyond the box of what was there. */
as_extent as_extent_paint(uint8_t *inside, uint32_t width, uint32_t height, void *scratch);

/* The same without a change. */
as_extent as_extent_of(const uint8_t *inside, uint32_t width, uint32_t height);

#endif
