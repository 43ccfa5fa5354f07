/* SPDX-License-Identifier: Apache-2.0 */
/* commit.h - immutable dataset versions: a manifest of samples, parents, author, time and message.
 *
 * Layer:   catalog (may use base/, store/).
 * Threads: one thread; loaded manifests are immutable.
 * Memory:  a manifest owns its strings; as_manifest_done frees.
 *
 * All are store objects: the manifest (what the pictures are) and the labels (what was said of them) as JSON lines sorted
 * by name, what intake noted of what came in (notes.h), the commit as one JSON object with their hashes and those of its
 * parents. Other labels are another labels
 * object: pictures and manifest stay as they are. The ref data/main holds the newest commit.
 */
#ifndef AS_CATALOG_COMMIT_H
#define AS_CATALOG_COMMIT_H

#include "base/json.h"
#include "catalog/sample.h"
#include "store/workspace.h"

typedef struct as_manifest as_manifest;

AS_CHECK as_manifest *as_manifest_new(as_err *err);
as_manifest          *as_manifest_free(as_manifest *manifest);
AS_CHECK bool         as_manifest_add(as_manifest *manifest, const as_sample *sample, as_err *err); /* copies strings */
void                  as_manifest_drop(as_manifest *manifest, size_t n); /* keeps the first n only */
/* label, state, by, said_utc, findings and votes of it; copied. Whoever says something new uses as_label_say. */
AS_CHECK bool    as_manifest_set_label(as_manifest *manifest, size_t i, const as_sample *from, as_err *err);
void             as_manifest_sort(as_manifest *manifest); /* by name; add() after it is allowed, sort again */
size_t           as_manifest_count(const as_manifest *manifest);
const as_sample *as_manifest_at(const as_manifest *manifest, size_t i);
void             as_manifest_set_split(as_manifest *manifest, size_t i, as_split split); /* not of frozen ones */
void             as_manifest_freeze(as_manifest *manifest, size_t i, bool frozen);       /* test samples only */
const as_sample *as_manifest_find(const as_manifest *manifest, const char *name);        /* sorted manifests; NULL */

#define AS_COMMIT_MAX_PARENTS 8
#define AS_COMMIT_MAX_NOTES   32
#define AS_COMMIT_REF         "data/main"

typedef struct as_commit {
    as_digest id, manifest, labels;
    as_digest restores;                   /* the commit whose labels were taken again, by undo and redo; all 0: none */
    as_digest notes[AS_COMMIT_MAX_NOTES]; /* of the pictures that came in with it (notes.h) */
    size_t    n_notes;
    as_digest parents[AS_COMMIT_MAX_PARENTS];
    size_t    n_parents;
    char      author[128], message[512];
    as_ns     utc;
    uint64_t  n_samples, n_bytes, n_quarantined; /* the last: refused on the way into this commit */
    uint64_t  n_frozen;                          /* samples of a frozen test split */
    bool      thaws; /* not written down: it may take frozen samples out of the test split */
} as_commit;

bool as_commit_is_restoring(const as_commit *commit);

/* Writes manifest, labels and commit (id, manifest, labels, n_samples, n_bytes, n_frozen are filled in), syncs the store, then
 * moves the ref. AS_EINVAL names the sample by which a frozen test split would leak. */
AS_CHECK bool as_commit_write(as_workspace *ws, const as_manifest *manifest, as_commit *commit, as_err *err);

/* "main" or "" (the newest), the name of a tag, "main~2", or at least 4 hex digits of an id. AS_ENOTFOUND tells how to make
 * one. */
AS_CHECK bool as_commit_find(as_workspace *ws, const char *name, as_commit *ret, as_err *err);
AS_CHECK bool as_commit_read(as_workspace *ws, const as_digest *id, as_commit *ret, as_err *err);
/* When samples of it were erased, they are there under another name, with nothing but hash, size, class and split. */
AS_CHECK as_manifest *as_commit_manifest(as_workspace *ws, const as_commit *commit, as_err *err);

#endif
