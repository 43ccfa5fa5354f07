/* SPDX-License-Identifier: Apache-2.0 */
/* plan_parts.h - how many parts, good and bad, prove each requirement: at acceptance, and to be collected beforehand.
 *
 * Layer:   spec.
 * Threads: immutable; pure functions.
 * Memory:  plain values; pointers are the spec's or static.
 *
 * Rates and quantiles rest on the exact intervals of interval.h; the area under the curve on Hanley and McNeil, The meaning
 * and use of the area under a receiver operating characteristic (ROC) curve, Radiology 143, 1982.
 */
#ifndef AS_SPEC_PLAN_PARTS_H
#define AS_SPEC_PLAN_PARTS_H

#include "spec/spec.h"

/* Which parts a requirement counts. */
typedef enum as_plan_kind {
    AS_PLAN_KIND_NONE,
    AS_PLAN_KIND_ALL,
    AS_PLAN_KIND_GOOD,
    AS_PLAN_KIND_BAD,
    AS_PLAN_KIND_BOTH,    /* as many good as bad */
    AS_PLAN_KIND_CLASS,   /* of requirement.of */
    AS_PLAN_KIND_REJECTED /* found to be bad, or of the class: about as many as there are of them */
} as_plan_kind;

typedef struct as_plan_need {
    const as_requirement *req;
    as_plan_kind          kind;
    /* Acceptance, 0: no number of parts is known beforehand. clean: without one error; likely: with errors half as often as
     * is allowed, which then proves it with up to so many of them. */
    uint64_t clean, likely, errors;
    /* Chance that `likely` parts prove it, when errors really are half as often as is allowed; and how many parts prove it nine
     * times of ten then, with up to so many errors. 0: not known. */
    double   chance;
    uint64_t sure, sure_errors;
    bool     unprovable; /* no number of parts proves it, not even without an error */
    uint64_t collect;    /* so that the test split alone holds `likely` */
} as_plan_need;

typedef struct as_plan_parts {
    as_plan_need need[AS_SPEC_MAX_REQUIREMENTS];
    size_t       n;
    uint64_t     accept_bad, accept_good; /* what all of them need together, at the likely error rate */
    uint64_t     collect_bad, collect_good;
    bool         mix_counts; /* a precision: proven for as many good beside the bad as accept_good says */
    double       collect_parts, collect_days; /* that must pass until there are as many; NAN: not known */
} as_plan_parts;

as_plan_need as_plan_need_of(const as_requirement *req, double test_share);
void         as_plan_parts_of(const as_spec *spec, as_plan_parts *ret);

const char *as_plan_kind_text(as_plan_kind kind); /* "bad parts" */

/* Standard error of the area under the curve from n_bad and n_good parts (Hanley and McNeil, equation 1). */
double as_plan_auroc_error(double area, double n_bad, double n_good);

#endif
