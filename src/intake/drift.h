/* SPDX-License-Identifier: Apache-2.0 */
/* drift.h - whether what came since a reference version is distributed as that was: each measure, and the shares of classes,
 * formats and cameras.
 *
 * Layer:   intake (may use catalog/, spec/, watch/).
 * Threads: one thread.
 * Memory:  an as_drift is a plain value.
 *
 * Numbers by Kolmogorov and Smirnov's test, shares by chi-square (watch/shift.h), all p-values together corrected by Holm.
 * A row is changed when that is below AS_DRIFT_ALPHA and its population stability index is intake.max_psi or more: the
 * first says that it is no chance, the second that it matters.
 */
#ifndef AS_INTAKE_DRIFT_H
#define AS_INTAKE_DRIFT_H

#include "base/json.h"
#include "intake/profile.h"
#include "spec/spec.h"

#define AS_DRIFT_ALPHA      0.01
#define AS_DRIFT_LEAST      10 /* pictures on each side */
#define AS_DRIFT_TEXT_BYTES 240

typedef struct as_drift_row {
    const char *name;              /* of the measure; "class", "format", "camera"; static */
    const char *test;              /* "ks" or "chi2" */
    double      value;             /* its statistic */
    double      p, psi;            /* p: corrected */
    size_t      n_before, n_after; /* values known */
    bool        changed;
    char        text[AS_DRIFT_TEXT_BYTES];   /* what it was and is */
    char        remedy[AS_DRIFT_TEXT_BYTES]; /* "" unless changed */
} as_drift_row;

typedef struct as_drift {
    as_drift_row at[AS_MEASURED_COUNT + 3];
    size_t       n, n_changed;
    size_t       n_before, n_after; /* pictures compared: of the reference, and of what came since */
    as_commit    reference, commit;
} as_drift;

/* The names as as_commit_find takes them. Pictures that both have count as the reference's alone. AS_EINVAL when one side
 * has fewer than AS_DRIFT_LEAST. */
AS_CHECK bool as_drift_find(as_workspace *ws, const as_spec *spec, const char *reference, const char *commit,
                            as_drift *ret, as_err *err);

json_t *as_drift_json(const as_drift *drift); /* NULL when memory ran out */

#endif
