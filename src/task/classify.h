/* SPDX-License-Identifier: Apache-2.0 */
/* classify.h - one picture in, one probability for each class out; and from there a verdict.
 *
 * Layer:   task.
 * Threads: a classifier belongs to one thread at a time.
 * Memory:  allocated at open; running allocates nothing (backend native) while picture sizes stay the same.
 *
 * Evaluation and the line run this same code.
 */
#ifndef AS_TASK_CLASSIFY_H
#define AS_TASK_CLASSIFY_H

#include "infer/infer.h"
#include "task/model.h"

typedef struct as_classifier as_classifier;

AS_CHECK as_classifier *as_classifier_open(const uint8_t *model, size_t n, const char *name, const as_session_cfg *cfg,
                                           as_err *err);
as_classifier          *as_classifier_close(as_classifier *classifier);
const as_model_info    *as_classifier_info(const as_classifier *classifier);
const char             *as_classifier_backend(const as_classifier *classifier);
as_floats               as_classifier_precision(const as_classifier *classifier); /* as_session_precision() */

typedef struct as_scores {
    float    p[AS_SPEC_MAX_CLASSES]; /* in the order of info->labels; sums to 1 */
    uint32_t n, best;
    as_ns    prepare_ns, infer_ns; /* how long the two took */
} as_scores;

/* AS_EINTERNAL when the model's answer is not a finite distribution (each in [0, 1], sum within 1e-3 of 1). */
AS_CHECK bool as_classifier_run(as_classifier *classifier, const as_image *image, as_scores *ret, as_err *err);

/* Where the line is drawn on the reject score (the probabilities of all classes whose verdict is reject, summed):
 * below pass_below it passes, from reject_from on it is rejected, between them it is unsure. Equal: no unsure band. */
typedef struct as_operating_point {
    double pass_below, reject_from;
} as_operating_point;

/* Model labels matched to the spec's classes; AS_EINVAL names a label the spec does not have. */
typedef struct as_policy {
    as_verdict         verdict[AS_SPEC_MAX_CLASSES]; /* of each model label */
    as_operating_point point;
    as_verdict         unsure; /* failsafe.unsure */
} as_policy;

AS_CHECK bool as_policy_make(const as_spec *spec, const as_model_info *info, const as_operating_point *point,
                             as_policy *ret, as_err *err);
double        as_policy_reject_score(const as_policy *policy, const as_scores *scores);

/* A class whose verdict is review gives review when it is the best and the part is not rejected. */
as_verdict as_policy_verdict(const as_policy *policy, const as_scores *scores, as_reason *ret_reason);

/* Several frames of one part: the frame with the highest reject score speaks for it; returns its index. */
size_t as_policy_worst(const as_policy *policy, const as_scores *frames, size_t n);

#endif
