/* SPDX-License-Identifier: Apache-2.0 */
/* set.h - checks on a version as a whole: what no single picture shows.
 *
 * Layer:   intake (may use catalog/, spec/).
 * Threads: any thread; nothing is shared.
 * Memory:  an as_set_report is a plain value without pointers into the manifest; scratch is freed before return.
 */
#ifndef AS_INTAKE_SET_H
#define AS_INTAKE_SET_H

#include "base/json.h"
#include "intake/intake.h"

#define AS_SET_MAX_FINDINGS 48
#define AS_SET_TEXT_BYTES   480

/* One thing that was found, or that a check found nothing (AS_CHECK_OK, its text says what was looked at). QUARANTINE is
 * advice: nothing is taken out of a version that is there. */
typedef struct as_set_finding {
    const char    *check; /* name of the row; static */
    as_check_level level;
    char           text[AS_SET_TEXT_BYTES];   /* the evidence: what, how many, which */
    char           remedy[AS_SET_TEXT_BYTES]; /* "" when OK */
    double         value, limit;              /* of the check's own measure; NAN: it has none */
    uint64_t       n;                         /* samples it rests on */
} as_set_finding;

typedef struct as_set_report {
    as_set_finding at[AS_SET_MAX_FINDINGS]; /* in the order of the rows; what does not fit is counted only */
    size_t         n, n_left_out;
} as_set_report;

typedef struct as_set {
    const as_spec        *spec;
    const as_manifest    *manifest;
    const as_manifest    *labelled; /* of it, the samples that have a class and not just a model's proposal */
    struct as_near_pairs *pairs;    /* near.h */
    as_workspace         *ws;       /* this and the next: of rows that look beyond the manifest; NULL: there is none */
    const as_commit      *commit;
} as_set;

/* One file a check, set_<name>.c, one word in src/intake/meson.build. run adds at least one finding. */
typedef struct as_set_check {
    const char *name, *summary;
    bool (*run)(const as_set *set, as_set_report *report, as_err *err);
} as_set_check;

const as_set_check *as_set_check_at(size_t i); /* NULL past the last row */

/* Runs all rows over a manifest, whatever its order. Errors: AS_ENOMEM. */
AS_CHECK bool as_set_run(const as_spec *spec, const as_manifest *manifest, as_set_report *ret, as_err *err);

/* The same of a commit, with the rows that need more than its manifest. */
AS_CHECK bool as_set_run_commit(as_workspace *ws, const as_spec *spec, const as_commit *commit, as_set_report *ret,
                                as_err *err);

/* The next finding, to be filled in; a spare one when there is no more room. level, value and limit are set. */
as_set_finding *as_set_report_add(as_set_report *report, const as_set_check *check, as_check_level level);

bool    as_set_is_labelled(const as_sample *sample);
size_t  as_set_report_count(const as_set_report *report, as_check_level level);
json_t *as_set_report_json(const as_set_report *report); /* array; NULL when memory ran out */

#endif
