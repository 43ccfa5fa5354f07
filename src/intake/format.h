/* SPDX-License-Identifier: Apache-2.0 */
/* format.h - the ways in which people keep labelled pictures; one file and one row each.
 *
 * Layer:   intake.
 * Threads: one thread.
 * Memory:  rows are static.
 */
#ifndef AS_INTAKE_FORMAT_H
#define AS_INTAKE_FORMAT_H

#include "catalog/commit.h"
#include "intake/scan.h"

#define AS_FORMAT_WHY_BYTES 200

/* What is written: the samples of a commit and where their pictures go. */
typedef struct as_export {
    as_workspace      *ws;
    const as_spec     *spec; /* of the workspace now */
    const as_manifest *manifest;
    const char        *dir; /* exists, empty */
    const as_progress *progress;
    char             **paths; /* where each sample's picture was put; NULL: not yet */
    /* Writes sample i's picture to dir/relative (folders are made). */
    bool (*put_picture)(const struct as_export *out, size_t i, const char *relative, as_err *err);
} as_export;

typedef struct as_format {
    const char *name, *summary;
    /* 0: it is not this; more is surer, at most 100. why[AS_FORMAT_WHY_BYTES] says by what it was known. */
    int (*recognise)(const as_scan *scan, char *why);
    bool (*read)(as_scan *scan, as_err *err);
    bool (*write)(const as_export *out, as_err *err); /* NULL: not written */
} as_format;

const as_format *as_format_at(size_t i); /* NULL past the last row */

/* By name; AS_EINVAL names the nearest and lists all. */
AS_CHECK const as_format *as_format_find(const char *name, as_err *err);

/* The surest; NULL when none. why[AS_FORMAT_WHY_BYTES]. */
const as_format *as_format_recognise(const as_scan *scan, char *why);

#endif
