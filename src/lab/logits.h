/* SPDX-License-Identifier: Apache-2.0 */
/* logits.h - a linear classifier on features, fitted as strictly as cross-validation says, and put behind a graph.
 *
 * Layer:   lab.
 * Threads: one thread calls; cfg.threads work. The result does not depend on how many.
 * Memory:  as_logits_done frees.
 */
#ifndef AS_LAB_LOGITS_H
#define AS_LAB_LOGITS_H

#include "lab/crossval.h"
#include "lab/features.h"
#include "lab/nodes.h"

typedef struct as_logits_cfg {
    const as_dataset *dataset;
    const uint32_t   *indices; /* of the features' rows */
    const uint32_t   *labels;
    uint32_t          n_classes;
    uint64_t          seed;
    uint32_t          threads; /* 0: 2 */
    bool              by_fold; /* as of as_crossval_cfg: where features are chosen by what comes of it */
} as_logits_cfg;

typedef struct as_logits {
    as_logistic fit; /* for features as they are */
    as_crossval crossval;
} as_logits;

AS_CHECK bool as_logits_fit(const as_features *features, const as_logits_cfg *cfg, const as_progress *progress,
                            as_logits *ret, as_err *err);
void          as_logits_done(as_logits *linear);

/* "probabilities" N x classes, from the value `from`, N x features. */
void as_logits_append(const as_logits *linear, as_nodes *nodes, const char *from);

/* "l2", "folds", "cross_validation" and "steps" of the record. */
void as_logits_record(const as_logits *linear, json_t *params);

#endif
