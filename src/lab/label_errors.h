/* SPDX-License-Identifier: Apache-2.0 */
/* label_errors.h - samples of a version whose label is likely wrong: cross-validation over all splits, then confident.h.
 *
 * Layer:   lab.
 * Threads: one thread calls; cfg->threads work, and the result does not depend on how many.
 * Memory:  as_label_errors_done frees.
 *
 * A label that a second person confirmed (reviewed) is learnt from like the others, and not doubted again.
 */
#ifndef AS_LAB_LABEL_ERRORS_H
#define AS_LAB_LABEL_ERRORS_H

#include "lab/confident.h"
#include "lab/traits.h"

#define AS_LABEL_ERRORS_LEAST 5 /* parts: of a class with fewer nothing can be said */

typedef struct as_label_errors {
    as_confident confident; /* rows index samples; doubts without those that are reviewed */
    uint32_t    *samples;   /* row -> index into the dataset */
    size_t       n;         /* rows: all labelled samples */
    uint32_t     n_classes;
    bool         known[AS_SPEC_MAX_CLASSES];    /* classes with enough parts */
    size_t       labelled[AS_SPEC_MAX_CLASSES]; /* samples of each */
    size_t       n_reviewed;                    /* doubts left out for that */
    double       accuracy; /* of the models, on what they did not see, against the labels as they are */
    char         traits[AS_TRAITS_TEXT_BYTES];
} as_label_errors;

/* cfg: as as_traits_compute takes it, and the seed of the folds. AS_EINVAL when not two classes have enough parts. */
AS_CHECK bool as_label_errors_find(const as_dataset *dataset, const as_spec *spec, const as_trainer_cfg *cfg,
                                   const as_progress *progress, as_label_errors *ret, as_err *err);
void          as_label_errors_done(as_label_errors *errors);

#endif
