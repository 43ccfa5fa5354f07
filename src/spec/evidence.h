/* SPDX-License-Identifier: Apache-2.0 */
/* evidence.h - what was measured for a requirement, at which stage, and what that proves.
 *
 * Layer:   spec.
 * Threads: immutable values.
 * Memory:  plain values; json is the caller's reference.
 *
 * A rate is met and proven only when its one-sided bound at the requirement's confidence reaches the target.
 */
#ifndef AS_SPEC_EVIDENCE_H
#define AS_SPEC_EVIDENCE_H

#include "spec/spec.h"

typedef struct as_evidence {
    char     id[64];      /* of the requirement */
    char     stage[32];   /* "eval", "run" */
    char     source[256]; /* what it rests on: the run, and the line's camera */
    double   value;       /* base units: ratio, seconds, bytes; NAN: not measured */
    double   low, high;   /* one-sided bounds at the requirement's confidence; NAN where there are none */
    uint64_t k, n;        /* k of n for rates, k of n in time for quantiles; n samples otherwise */
    bool     met;         /* the value reaches the target */
    bool     proven;      /* and so does its bound */
    uint64_t more;        /* further samples that would prove it; UINT64_MAX: more of the same will not */
    as_per   per;         /* what the samples are */
    as_ns    utc;
} as_evidence;

/* Each fills everything but stage, source and utc. */
as_evidence as_evidence_rate(const as_requirement *req, uint64_t k, uint64_t n);
/* k of n frames of parts that show several: frames of one part are alike. n frames count as n / design_effect independent
 * ones, errors rounded up, in the same exact bounds (Korn and Graubard, Survey Methodology 24, 1998). 1: as above. */
as_evidence as_evidence_rate_clustered(const as_requirement *req, uint64_t k, uint64_t n, double design_effect);
as_evidence as_evidence_score(const as_requirement *req, double value, double low, double high, uint64_t n);
as_evidence as_evidence_quantile(const as_requirement *req, const double *sorted, uint64_t n); /* seconds, ascending */
as_evidence as_evidence_peak(const as_requirement *req, double value, uint64_t n);

typedef enum as_standing {
    AS_STANDING_NONE,
    AS_STANDING_OPEN,
    AS_STANDING_NOT_MET,
    AS_STANDING_NOT_PROVEN,
    AS_STANDING_MET
} as_standing;

as_standing as_evidence_standing(const as_evidence *evidence);

/* Over all stages (evidence[] of this requirement, any order): NOT_MET if any stage's value misses the target, MET if the
 * rest hold at least one proof, NOT_PROVEN otherwise; OPEN if there is none. */
as_standing as_evidence_overall(const as_requirement *req, const as_evidence *evidence, size_t n);

/* "met", "not met", "met but not proven (213 more parts would do)", "no evidence yet" into text[96]; returns text. */
char *as_evidence_text(as_standing standing, const as_evidence *evidence, char *text);

/* "recall of reject >= 90.0 %", "p99 latency <= 30 ms" into text[160]; and a value in the measure's unit into text[48]. */
char *as_requirement_text(const as_requirement *req, char *text);
char *as_requirement_value_text(const as_requirement *req, double value, char *text);

/* {"id","measure","stage","value","low","high","n","met","proven",...} */
AS_CHECK json_t *as_evidence_json(const as_requirement *req, const as_evidence *evidence);
AS_CHECK bool    as_evidence_parse(const json_t *json, as_evidence *ret, as_err *err);

#endif
