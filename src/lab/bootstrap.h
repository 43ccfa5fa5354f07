/* SPDX-License-Identifier: Apache-2.0 */
/* bootstrap.h - intervals of what has no exact one: outcomes drawn again and again, by part and true class.
 *
 * Layer:   lab.
 * Threads: all cores inside; draw i has a random stream of its own, so that the result does not depend on how many.
 * Memory:  everything is freed on return.
 */
#ifndef AS_LAB_BOOTSTRAP_H
#define AS_LAB_BOOTSTRAP_H

#include "lab/measures.h"

#define AS_BOOTSTRAP_DRAWS 2000

typedef enum as_drawn {
    AS_DRAWN_MACRO_F1,
    AS_DRAWN_MACRO_PRECISION,
    AS_DRAWN_MACRO_RECALL,
    AS_DRAWN_REJECT_F1,
    AS_DRAWN_AVERAGE_PRECISION,
    AS_DRAWN_BRIER,
    AS_DRAWN_CALIBRATION_ERROR,
    AS_DRAWN_COUNT
} as_drawn;

/* The values of all of them on the outcomes as they are (each counted once); NAN for what they have no case of. */
AS_CHECK bool as_bootstrap_values(const as_spec *spec, const as_outcome *outcomes, size_t n, double ret[AS_DRAWN_COUNT],
                                  as_err *err);

/* Percentile intervals (Efron and Tibshirani, 1993). Parts are drawn with all their frames, as many of each true class as
 * there are. NAN where the value is. */
AS_CHECK bool as_bootstrap_run(const as_spec *spec, const as_outcome *outcomes, size_t n, double level,
                               as_interval ret[AS_DRAWN_COUNT], as_err *err);

#endif
