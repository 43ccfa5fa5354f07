/* SPDX-License-Identifier: Apache-2.0 */
/* crossval.h - how much a linear classifier on these features is to be held back, and what it says of rows it did not see.
 *
 * Layer:   lab.
 * Threads: one thread calls; cfg.threads work. The result does not depend on how many.
 * Memory:  as_crossval_done frees.
 */
#ifndef AS_LAB_CROSSVAL_H
#define AS_LAB_CROSSVAL_H

#include "lab/logistic.h"

#define AS_CROSSVAL_FOLDS 5
#define AS_CROSSVAL_N_L2  8

typedef struct as_crossval_cfg {
    uint32_t        n_features, n_classes;
    const double   *x;       /* n x n_features, standardised */
    const uint32_t *labels;  /* n */
    const double   *weights; /* n */
    const uint32_t *groups;  /* n, as as_folds_group gives them: never on both sides */
    size_t          n;
    uint64_t        seed;
    uint32_t        threads; /* 0: 2 */
    size_t          n_l2;    /* the strongest of them; 0: all */
    bool            answers; /* wanted */
    bool            by_fold; /* each fold standardises x anew, by the rows that it is fitted on */
} as_crossval_cfg;

typedef struct as_crossval {
    uint32_t n_folds;                /* AS_CROSSVAL_FOLDS, or the groups where there are fewer */
    double   loss[AS_CROSSVAL_N_L2]; /* weighted mean of -ln p of the rows held out; INFINITY where it was not tried */
    size_t   best;                   /* of it */
    double   fold_loss[AS_CROSSVAL_FOLDS], fold_weight[AS_CROSSVAL_FOLDS]; /* n_folds: at the best l2 */
    double  *p; /* n x n_classes: of each row by the model that did not see it, at the best l2; NULL if not wanted */
} as_crossval;

double as_crossval_l2(size_t i); /* from strong to weak */

/* AS_EINVAL for fewer than two groups. */
AS_CHECK bool as_crossval_run(const as_crossval_cfg *cfg, const as_progress *progress, as_crossval *ret, as_err *err);
void          as_crossval_done(as_crossval *crossval);

/* By more than one standard error of the difference over their folds, which are the same ones (the rule of one standard error:
 * Hastie, Tibshirani and Friedman, The Elements of Statistical Learning, section 7.10). */
bool as_crossval_is_better(const as_crossval *crossval, const as_crossval *than);

#endif
