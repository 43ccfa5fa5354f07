/* SPDX-License-Identifier: Apache-2.0 */
/* commit.h - immutable dataset versions: a manifest of samples, parents, author, time and message.
 *
 * Layer:   catalog (may use base/, store/).
 * Threads: one thread; loaded manifests are immutable.
 * Memory:  a manifest owns its strings; as_manifest_done frees.
 *
 * Both are store objects: the manifest as JSON lines sorted by name, the commit as one JSON object that names the
 * manifest's and its parents' hashes. The ref data/main holds the newest commit.
 */
#ifndef AS_CATALOG_COMMIT_H
#define AS_CATALOG_COMMIT_H

#include "base/json.h"
#include "store/workspace.h"

typedef enum as_split { AS_SPLIT_NONE, AS_SPLIT_TRAIN, AS_SPLIT_VALIDATION, AS_SPLIT_TEST, AS_SPLIT_COUNT } as_split;

const char *as_split_name(as_split split);    /* "train", "validation", "test"; "none" */
as_split    as_split_parse(const char *name); /* also "val"; AS_SPLIT_NONE if unknown */

typedef struct as_sample {
    as_digest   image; /* the picture's bytes in the store */
    const char *name;  /* unique in the manifest, escaped UTF-8: "train/broken/a 1.jpg" or "cones-7/000012.png" */
    const char *label; /* class */
    as_split    split;
    const char *part;          /* samples of one physical part share it; never "" (its name when alone) */
    const char *camera;        /* URI or "" */
    uint32_t    width, height; /* upright, pixels */
    const char *format;        /* "jpeg", "png" */
    uint64_t    n_bytes;
    as_ns       utc;                                /* of capture or of the file */
    double      sharpness, clipped_ratio, severity; /* NAN when not known */
} as_sample;

typedef struct as_manifest as_manifest;

AS_CHECK as_manifest *as_manifest_new(as_err *err);
as_manifest          *as_manifest_free(as_manifest *manifest);
AS_CHECK bool         as_manifest_add(as_manifest *manifest, const as_sample *sample, as_err *err); /* copies strings */
void                  as_manifest_drop(as_manifest *manifest, size_t n); /* keeps the first n only */
void                  as_manifest_sort(as_manifest *manifest); /* by name; add() after it is allowed, sort again */
size_t                as_manifest_count(const as_manifest *manifest);
const as_sample      *as_manifest_at(const as_manifest *manifest, size_t i);
void                  as_manifest_set_split(as_manifest *manifest, size_t i, as_split split);
const as_sample      *as_manifest_find(const as_manifest *manifest, const char *name); /* sorted manifests; NULL */
AS_CHECK bool         as_manifest_write(const as_manifest *manifest, as_str *out, as_err *err);
AS_CHECK as_manifest *as_manifest_parse(const uint8_t *bytes, size_t n, as_err *err); /* any bytes; AS_EFORMAT */

#define AS_COMMIT_MAX_PARENTS 8
#define AS_COMMIT_REF         "data/main"

typedef struct as_commit {
    as_digest id, manifest;
    as_digest parents[AS_COMMIT_MAX_PARENTS];
    size_t    n_parents;
    char      author[128], message[512];
    as_ns     utc;
    uint64_t  n_samples, n_bytes, n_quarantined; /* the last: refused on the way into this commit */
} as_commit;

/* Writes manifest and commit (id, manifest, n_samples, n_bytes are filled in), syncs the store, then moves the ref. */
AS_CHECK bool as_commit_write(as_workspace *ws, const as_manifest *manifest, as_commit *commit, as_err *err);

/* "main" or "" (the newest), "main~2", or at least 4 hex digits of an id. AS_ENOTFOUND tells how to make one. */
AS_CHECK bool         as_commit_find(as_workspace *ws, const char *name, as_commit *ret, as_err *err);
AS_CHECK bool         as_commit_read(as_workspace *ws, const as_digest *id, as_commit *ret, as_err *err);
AS_CHECK as_manifest *as_commit_manifest(as_workspace *ws, const as_commit *commit, as_err *err);

#endif
