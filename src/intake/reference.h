/* SPDX-License-Identifier: Apache-2.0 */
/* reference.h - how far a picture is from those of intake.reference, by what intake measures.
 *
 * Layer:   intake (may use watch/).
 * Threads: immutable once open.
 * Memory:  as_reference_close frees.
 */
#ifndef AS_INTAKE_REFERENCE_H
#define AS_INTAKE_REFERENCE_H

#include "image/codec.h"
#include "image/stats.h"
#include "intake/profile.h"
#include "spec/spec.h"

typedef struct as_reference as_reference;

/* *ret NULL: the spec names none, or does not want to know what is unlike it. AS_ENOTFOUND for a version that there is not,
 * AS_EINVAL for one of too few pictures that were measured. */
AS_CHECK bool as_reference_open(as_workspace *ws, const as_spec *spec, as_reference **ret, as_err *err);
as_reference *as_reference_close(as_reference *reference);

typedef struct as_reference_said {
    double   distance, limit;  /* unlike when distance is more */
    as_trait measured;         /* what is furthest from the reference's mean, */
    double   deviations;       /* by so many of its deviations, */
    double   value, low, high; /* as measured, and of the reference the least and the most */
} as_reference_said;

as_reference_said as_reference_judge(const as_reference *reference, const as_codec_info *info,
                                     const as_image_stats *stats, size_t n_bytes);

#endif
