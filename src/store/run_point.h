/* SPDX-License-Identifier: Apache-2.0 */
/* run_point.h - what an operating point did to the parts it was solved on, and a warning where it does the same to all.
 *
 * Layer:   store (may use base/).
 * Threads: pure functions.
 * Memory:  plain values.
 */
#ifndef AS_STORE_RUN_POINT_H
#define AS_STORE_RUN_POINT_H

#include "base/json.h"

#define AS_POINT_WARNING_BYTES 512

/* Parts of the validation split; all 0: not known. A part of a class under review is neither good nor bad. */
typedef struct as_point_counts {
    uint64_t n_parts, n_good, n_bad, n_passed, n_rejected; /* the others are reviewed */
} as_point_counts;

typedef enum as_point_side {
    AS_POINT_UNKNOWN,
    AS_POINT_BOTH,        /* some pass, some do not: as it should be */
    AS_POINT_PASSES_NONE, /* whatever comes is rejected (or reviewed) */
    AS_POINT_PASSES_ALL
} as_point_side;

as_point_side as_point_side_of(const as_point_counts *counts);

/* One line, what is wrong and what mends it; "" for a point that tells parts from one another, or is not known. feasible: it
 * meets the requirements there. */
const char *as_point_warning(const as_point_counts *counts, bool feasible, char text[AS_POINT_WARNING_BYTES]);

/* The warning, or null. */
json_t *as_point_warning_json(const as_point_counts *counts, bool feasible);

/* {"parts","good","bad","pass","review","reject"}; what cannot be read is not known. */
json_t         *as_point_counts_json(const as_point_counts *counts);
as_point_counts as_point_counts_from_json(const json_t *json);

#endif
