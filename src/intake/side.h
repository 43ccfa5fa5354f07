/* SPDX-License-Identifier: Apache-2.0 */
/* side.h - what a version says beyond the format that it was written as, in a file beside: so that reading the folder again
 * loses nothing. For the files of this folder only.
 *
 * Layer:   intake.
 * Threads: one thread.
 * Memory:  as_side_free frees; scan files borrow from it until as_scan_done.
 *
 * assay-extra.jsonl: a line {"assay_extra":1,"format":...,"n_samples":N}, N lines of the manifest and N of where each picture
 * lies and what the format's own files say of it ({"path":...,["split":...,]"read":16 hex digits,"labels":[of the picture,
 * then of each finding]}; the path alone where they say nothing at all), then the lines of the labels (catalog/manifest.h).
 * What the files say is known by a hash of it, so that a label changed by another program is seen, and counts; the rest of
 * that picture's line still does.
 */
#ifndef AS_INTAKE_SIDE_H
#define AS_INTAKE_SIDE_H

#include "intake/export.h"
#include "intake/format.h"

#define AS_SIDE_NAME "assay-extra.jsonl"

/* Reads the folder that was just written with its own format, tells in *ret what that gives back otherwise, and writes the
 * file. paths: of each sample's picture in it. Where the folder cannot be read at all, ret->why says so. */
AS_CHECK bool as_side_write(const as_export *out, const as_format *format, char *const *paths, as_export_lost *ret,
                            as_err *err);

/* Takes the file out of the scan's entries and reads it; true without one. AS_EFORMAT names the line. */
AS_CHECK bool as_side_load(as_scan *scan, as_err *err);

/* After the format has read: gives its files what it could not. */
AS_CHECK bool as_side_apply(as_scan *scan, as_err *err);

typedef struct as_side as_side;
as_side               *as_side_free(as_side *side);

/* Any bytes; for as_side_load. relative: for messages. */
AS_CHECK as_side *as_side_parse(const uint8_t *bytes, size_t n, const char *relative, as_err *err);

#endif
