/* SPDX-License-Identifier: Apache-2.0 */
/* lay.h - what the formats share when they lay out a version as a folder. For the formats of this folder only.
 *
 * Layer:   intake.
 * Threads: one thread.
 * Memory:  as_legend is a plain value that borrows the manifest's names.
 */
#ifndef AS_INTAKE_LAY_H
#define AS_INTAKE_LAY_H

#include "image/codes.h"
#include "image/mask.h"
#include "intake/format.h"

/* The classes that a version speaks of, in the order of their names. */
typedef struct as_legend {
    const char *names[AS_SPEC_MAX_CLASSES];
    size_t      n;
} as_legend;

AS_CHECK bool as_legend_of(const as_manifest *manifest, as_legend *ret, as_err *err);
size_t        as_legend_at(const as_legend *legend, const char *name); /* n when it is not there */

/* "train", "validation", "test"; "unsplit". */
const char *as_lay_split(const as_sample *sample);

/* Each sample in turn, with progress, until one fails or it is stopped. */
AS_CHECK bool as_lay_each(const as_export *out, void                                                  *ctx,
                          bool (*lay)(void *ctx, const as_export *out, size_t i, as_err *err), as_err *err);

/* Writes bytes to dir/relative; folders are made. AS_EINVAL when relative leads out of it. */
AS_CHECK bool as_lay_file(const as_export *out, const char *relative, const void *bytes, size_t n, as_err *err);

/* Writes sample i's picture below `pictures` and says how: *ret_name (heap) is the path within that folder. It is the
 * sample's name, unless labels/<stem><ending> is there already, of a picture that differs in its ending only: then a
 * folder is put before it. */
AS_CHECK bool as_lay_picture(const as_export *out, size_t i, const char *pictures, const char *labels,
                             const char *ending, char **ret_name, as_err *err);

/* The pixels of a finding, whatever its outline: as_mask_done(ret). */
AS_CHECK bool as_lay_mask(const as_sample *sample, const as_finding *finding, as_mask *ret, as_err *err);

/* A polygon as one ring: more than one are joined by lines there and back, which enclose nothing. Heap.
 * as_lay_join: false without memory or rings. */
AS_CHECK bool as_lay_join(const double *points, const size_t *ends, size_t n_rings, double **ret_points, size_t *ret_n);
AS_CHECK bool as_lay_ring(const as_finding *finding, double **ret_points, size_t *ret_n, as_err *err);

/* Sets the pixels of a finding to code. */
AS_CHECK bool as_lay_code(const as_sample *sample, const as_finding *finding, uint8_t code, as_codes *codes,
                          as_err *err);

#endif
