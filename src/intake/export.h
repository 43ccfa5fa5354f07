/* SPDX-License-Identifier: Apache-2.0 */
/* export.h - a version of the data as a folder that other programs read.
 *
 * Layer:   intake.
 * Threads: one thread calls; all cores write.
 * Memory:  the names of the files, a picture a core, and the labels of one split.
 *
 * Pictures lie in packs at any offset, which no file system can share with a file: the first time a picture is written it is
 * a copy. What can be shared is a picture that the folder has twice, and one that an earlier checkout has.
 */
#ifndef AS_INTAKE_EXPORT_H
#define AS_INTAKE_EXPORT_H

#include "base/progress.h"
#include "catalog/commit.h"
#include "catalog/query.h"
#include "intake/share.h"

/* Samples of which the format itself has no place for something: all of it is in assay-extra.jsonl, which import reads. */
typedef struct as_export_lost {
    uint64_t n_places, n_classes, n_scores, n_splits; /* of findings; of pictures and findings; ... */
    uint64_t n_who, n_parts, n_cameras;               /* who said it, when, reviewed or proposed, votes */
    char     why[400];                                /* the folder does not even read as that format; "": it does */
} as_export_lost;

typedef struct as_export_written {
    uint64_t n_samples, n_shared, n_reused, n_bytes; /* shared, reused: no copy was made; bytes: of pictures, written */
} as_export_written;

typedef struct as_export_cfg {
    const char     *format;   /* a row of intake/format.h */
    const char     *dir;      /* made; must be empty or not be there (AS_EEXIST) */
    uint64_t       *n_erased; /* of the version, which are not written: set on success; may be NULL */
    as_export_lost *ret_lost; /* may be NULL */
    const as_query *where;    /* NULL: all samples; AS_ENOTFOUND when none meets it */
    const char *reuse; /* an earlier checkout: its files are taken where their bytes are the picture's; NULL: none */
    as_share    share;
    as_export_written *ret_written; /* may be NULL */
} as_export_cfg;

/* "places of 3 samples, who said it of 2", or "" where nothing is lost. */
void as_export_lost_say(const as_export_lost *lost, as_str *text);

/* While the folder is not complete, this file is in it. */
#define AS_EXPORT_MARK ".assay-incomplete"

/* Pictures are written byte for byte as they came in. Samples whose picture was erased are left out. When it fails, what it
 * wrote is removed: the folder can be named again. AS_EUNSUPPORTED for a format that is only read. */
AS_CHECK bool as_export_commit(as_workspace *ws, const as_commit *commit, const as_export_cfg *cfg,
                               const as_progress *progress, as_err *err);

#endif
