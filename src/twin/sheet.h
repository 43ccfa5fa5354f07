/* SPDX-License-Identifier: Apache-2.0 */
/* sheet.h - many parts on one picture, each with its truth below it.
 *
 * Layer:   twin.
 * Threads: draws on all cores; progress is told from the caller's thread.
 * Memory:  the picture is as_image_new'ed.
 */
#ifndef AS_TWIN_SHEET_H
#define AS_TWIN_SHEET_H

#include "base/progress.h"
#include "twin/twin.h"

#define AS_SHEET_MAX_FRAMES 400

typedef struct as_sheet_cfg {
    uint64_t first;   /* part */
    uint32_t n;       /* parts, up to AS_SHEET_MAX_FRAMES */
    uint32_t columns; /* 0: about as many as rows */
    uint32_t side_px; /* of the longer side of each picture; larger than it is: its own size */
    bool     boxes;   /* around each defect */
} as_sheet_cfg;

/* ret: RGB8. truths: room for n. AS_ELIMIT when the sheet would be too large. */
AS_CHECK bool as_sheet_make(const as_twin *twin, const as_sheet_cfg *cfg, const as_progress *progress, as_image *ret,
                            as_twin_truth *truths, as_err *err);

/* A whole frame as a small picture of its own in RGB8, with its boxes where asked: scratch as as_twin_scratch_bytes. */
AS_CHECK bool as_sheet_frame(const as_twin *twin, uint64_t part, uint32_t view, uint32_t side_px, bool boxes,
                             void *scratch, as_image *ret, as_twin_truth *ret_truth, as_err *err);

/* "#12 GOOD", "#7 SPILLAGE 0.61 DIRTY_LENS": text[96]. */
#define AS_SHEET_TEXT_BYTES 96
char *as_sheet_text(const as_twin_truth *truth, char *text);
char *as_sheet_note(const as_twin_truth *truth, char *text); /* the line below: recipe, and size of the worst defect */

#endif
