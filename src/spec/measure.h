/* SPDX-License-Identifier: Apache-2.0 */
/* measure.h - what a requirement can be about: one row a measure in measure.def.
 *
 * Layer:   spec.
 * Threads: immutable.
 * Memory:  static.
 */
#ifndef AS_SPEC_MEASURE_H
#define AS_SPEC_MEASURE_H

#include "spec/unit.h"

typedef enum as_measure {
    AS_MEASURE_NONE,
#define X(name, ...) AS_MEASURE_##name,
#include "spec/measure.def"
#undef X
    AS_MEASURE_COUNT
} as_measure;

typedef enum as_measure_kind {
    AS_MEASURE_KIND_NONE,
    AS_MEASURE_KIND_RATE,     /* k of n: exact interval */
    AS_MEASURE_KIND_SCORE,    /* a value that brings its own interval */
    AS_MEASURE_KIND_QUANTILE, /* of a time: bound by order statistics */
    AS_MEASURE_KIND_PEAK,     /* the largest seen: no interval */
    AS_MEASURE_KIND_COUNT     /* of all that is there: no interval */
} as_measure_kind;

typedef enum as_better { AS_BETTER_NONE, AS_BETTER_MORE, AS_BETTER_LESS } as_better;

typedef struct as_measure_info {
    const char     *name;  /* in assay.yaml */
    const char     *title; /* for people */
    const char     *doc;
    as_measure_kind kind;
    as_better       better;
    as_unit_kind    unit; /* of values, targets and bounds */
    bool            takes_of;
} as_measure_info;

/* NULL for AS_MEASURE_NONE and what is out of range. */
const as_measure_info *as_measure_info_of(as_measure measure);

const char *as_measure_name(as_measure measure); /* "recall"; "none" */
as_measure  as_measure_parse(const char *name);  /* AS_MEASURE_NONE if unknown */

#endif
