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

typedef struct as_export_cfg {
    const char *format;   /* a row of intake/format.h */
    const char *dir;      /* made; must be empty or not be there (AS_EEXIST) */
    uint64_t   *n_erased; /* of the version, which are not written: set on success; may be NULL */
} as_export_cfg;

/* Pictures are written byte for byte as they came in. A folder that was begun and failed is left as it is: it is not
 * marked as whole. Samples whose picture was erased are left out. AS_EUNSUPPORTED for a format that is only read. */
AS_CHECK bool as_export_commit(as_workspace *ws, const as_commit *commit, const as_export_cfg *cfg,
                               const as_progress *progress, as_err *err);

#endif
