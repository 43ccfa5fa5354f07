/* SPDX-License-Identifier: Apache-2.0 */
/* score.h - a model's answers for the samples of a split, and where the line between pass and reject is best drawn.
 *
 * Layer:   lab.
 * Threads: scoring uses all cores inside; results do not depend on how many.
 * Memory:  *ret is on the heap: free() it.
 */
#ifndef AS_LAB_SCORE_H
#define AS_LAB_SCORE_H

#include "lab/dataset.h"
#include "store/run_point.h"
#include "task/classify.h"

typedef struct as_scored {
    uint32_t  sample; /* index into the dataset */
    uint32_t  truth;  /* index into the spec's classes */
    as_scores scores; /* in the order of the model's labels */
} as_scored;

AS_CHECK bool as_score_split(const as_dataset *dataset, const as_split split, const uint8_t *model, size_t n_model,
                             const char *model_name, const as_session_cfg *cfg, const as_progress *progress,
                             as_scored **ret, size_t *ret_n, as_err *err);

/* Of any samples, indices[n] into the dataset; `what` for the progress. truth is AS_DATASET_NO_CLASS where nobody knows. */
AS_CHECK bool as_score_samples(const as_dataset *dataset, const uint32_t *indices, size_t n, const char *what,
                               const uint8_t *model, size_t n_model, const char *model_name, const as_session_cfg *cfg,
                               const as_progress *progress, as_scored **ret, as_err *err);

typedef struct as_solution {
    as_operating_point point;
    double             cost;     /* expected, a part, on the samples it was solved on */
    bool               feasible; /* the requirements on rates of reject hold there (as values, not as bounds) */
    double             macro_f1; /* of the best class, a frame */
    as_point_counts    counts;   /* what the point does to the parts it was solved on */
} as_solution;

/* Solved on parts (the worst frame of a part speaks for it): among the thresholds that meet the spec's requirements on
 * recall and precision of reject, the one of least expected cost; if none meets them, the one of least cost. Between equal
 * ones the middle of the widest gap of scores. With cost.review a band of unsure parts is solved as well. */
AS_CHECK bool as_score_solve(const as_dataset *dataset, const as_spec *spec, const as_model_info *info,
                             const as_scored *scored, size_t n, as_solution *ret, as_err *err);

#endif
