/* SPDX-License-Identifier: Apache-2.0 */
/* stored.h - evidence on what is stored, whatever was trained on it.
 *
 * Layer:   spec (may use store/).
 * Threads: one thread.
 * Memory:  rows are the caller's.
 *
 * .assay/evidence-data.json holds one row a requirement. It counts for the version (commit) that was looked at and for the
 * same requirement; of another version nothing is known.
 */
#ifndef AS_SPEC_STORED_H
#define AS_SPEC_STORED_H

#include "spec/evidence.h"
#include "store/workspace.h"

typedef struct as_stored_faces {
    as_digest   commit;
    uint64_t    n_faces, n_pictures;
    const char *source; /* detector, version and sensitivity, in words */
} as_stored_faces;

/* For each requirement on stored_faces; replaces what was there. */
AS_CHECK bool as_stored_write(const as_workspace *ws, const as_spec *spec, const as_stored_faces *found, as_err *err);

/* Appends the rows that count for that commit to *rows, an array of *n on the heap, which is made larger. */
AS_CHECK bool as_stored_append(const as_workspace *ws, const as_spec *spec, const as_digest *commit, as_evidence **rows,
                               size_t *n, as_err *err);

#endif
