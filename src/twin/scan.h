/* SPDX-License-Identifier: Apache-2.0 */
/* scan.h - a frame of a line-scan camera: lines of an endless web, one exposure after the other.
 *
 * Layer:   twin. For take.c alone.
 * Threads: frames from any thread, each with its own scratch.
 * Memory:  the caller's scratch (as_scan_bytes).
 *
 * Frame n holds lines (n - 1) height to n height - 1; web.h says where they lie. A line depends on its number alone, so that
 * frames follow each other without a seam and any frame can be drawn by itself. The sensor is one row of pixels: what differs
 * from pixel to pixel, vignetting, and what lies on the lens differ from column to column and are streaks along the web. The
 * lens blurs along the web by as many millimetres as across it, and the web moves by belt x exposure meanwhile.
 */
#ifndef AS_TWIN_SCAN_H
#define AS_TWIN_SCAN_H

#include "twin/twin_priv.h"

size_t as_scan_bytes(const as_twin *twin);

AS_CHECK bool as_scan_look(const as_twin *twin, uint64_t part, uint32_t view, void *scratch, as_image *image,
                           as_twin_truth *ret_truth, const uint16_t **ret_raw, as_err *err);

AS_CHECK bool as_scan_mask(const as_twin *twin, uint64_t part, size_t finding, void *scratch, uint8_t *inside,
                           size_t *ret_n, as_err *err);

#endif
