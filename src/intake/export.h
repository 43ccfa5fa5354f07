/* SPDX-License-Identifier: Apache-2.0 */
/* export.h - a version of the data as a folder that other programs read.
 *
 * Layer:   intake.
 * Threads: one thread.
 * Memory:  one picture at a time, and the labels of one split.
 */
#ifndef AS_INTAKE_EXPORT_H
#define AS_INTAKE_EXPORT_H

#include "base/progress.h"
#include "catalog/commit.h"

/* Samples of which the format itself has no place for something: all of it is in assay-extra.jsonl, which import reads. */
typedef struct as_export_lost {
    uint64_t n_places, n_classes, n_scores, n_splits; /* of findings; of pictures and findings; ... */
    uint64_t n_who, n_parts, n_cameras;               /* who said it, when, reviewed or proposed, votes */
    char     why[400];                                /* the folder does not even read as that format; "": it does */
} as_export_lost;

typedef struct as_export_cfg {
    const char     *format;   /* a row of intake/format.h */
    const char     *dir;      /* made; must be empty or not be there (AS_EEXIST) */
    uint64_t       *n_erased; /* of the version, which are not written: set on success; may be NULL */
    as_export_lost *ret_lost; /* may be NULL */
} as_export_cfg;

/* "places of 3 samples, who said it of 2", or "" where nothing is lost. */
void as_export_lost_say(const as_export_lost *lost, as_str *text);

/* Pictures are written byte for byte as they came in. Samples whose picture was erased are left out. When it fails, what it
 * wrote is removed: the folder can be named again. AS_EUNSUPPORTED for a format that is only read. */
AS_CHECK bool as_export_commit(as_workspace *ws, const as_commit *commit, const as_export_cfg *cfg,
                               const as_progress *progress, as_err *err);

#endif
