/* SPDX-License-Identifier: Apache-2.0 */
/* outcome.h - what was true and what was found, for one frame or one part: the rows every measure counts.
 *
 * Layer:   lab.
 * Threads: pure functions.
 * Memory:  *ret is on the heap: free() it.
 *
 * A part's worst frame (the highest reject score) speaks for it. Its truth is that of its worst frame too: a class whose
 * verdict is reject before one of review before one of pass, the first frame's when equal.
 */
#ifndef AS_LAB_OUTCOME_H
#define AS_LAB_OUTCOME_H

#include "lab/score.h"

typedef struct as_outcome {
    uint32_t   truth, found;  /* index into the spec's classes; found: the most probable one */
    uint32_t   part;          /* parts are counted from 0 */
    size_t     scored;        /* the frame that speaks: index into scored[] */
    double     reject_score;  /* [0, 1] */
    double     confidence;    /* probability of the class found */
    double     brier;         /* sum over the classes of (p - truth)^2, [0, 2]: Brier, Mon. Weather Rev. 78, 1950 */
    bool       found_review;  /* the class found is one whose verdict is review */
    as_verdict truth_verdict; /* of the true class */
    as_verdict verdict;       /* at the operating point */
} as_outcome;

/* One for each frame (AS_PER_FRAME, in the order of scored) or part (in the order of their names). dataset tells which part
 * a sample is of, and which pictures are copies of one another: these are one part too. NULL: each sample is a part of its
 * own. AS_EINVAL as as_policy_make. */
AS_CHECK bool as_outcomes_make(const as_dataset *dataset, const as_spec *spec, const as_model_info *info,
                               const as_operating_point *point, const as_scored *scored, size_t n, as_per per,
                               as_outcome **ret, size_t *ret_n, as_err *err);

#endif
