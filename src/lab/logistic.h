/* SPDX-License-Identifier: Apache-2.0 */
/* logistic.h - multinomial logistic regression: the head that is put on a frozen backbone's features.
 *
 * Layer:   lab (may use base/).
 * Threads: fitting uses the caller's thread; data may be shared by several fits at once.
 * Memory:  as_logistic_done frees the weights.
 *
 * In f64, minimised by L-BFGS (Nocedal, Math. Comp. 35, 1980) from a fixed start: the same data give the same bits on the
 * same kind of processor.
 */
#ifndef AS_LAB_LOGISTIC_H
#define AS_LAB_LOGISTIC_H

#include "base/err.h"
#include "base/progress.h"

#define AS_LOGISTIC_MAX_CLASSES 256

typedef struct as_logistic_data {
    uint32_t        n_features, n_classes;
    const double   *x;       /* row i at x + i * n_features; finite */
    const uint32_t *labels;  /* of row i */
    const double   *weights; /* of row i, >= 0 */
    const uint32_t *rows;    /* the rows that count */
    size_t          n_rows;
} as_logistic_data;

typedef struct as_logistic {
    uint32_t n_features, n_classes, n_steps; /* steps the fit took */
    double  *weights;                        /* n_classes x (n_features + 1), the intercept last; heap */
} as_logistic;

/* Minimises sum_i w_i * -ln p(label_i | x_i) / sum_i w_i + l2 / 2 * |W|^2, intercepts not counted in |W|. start: weights to
 * begin at (of the same size), or NULL for zero. AS_EINVAL for no rows or no weight, AS_ECANCELLED, AS_ENOMEM. */
AS_CHECK bool as_logistic_fit(const as_logistic_data *data, double l2, const as_logistic *start,
                              const as_progress *progress, as_logistic *ret, as_err *err);
void          as_logistic_done(as_logistic *linear);

void as_logistic_predict(const as_logistic *linear, const double *x, double *ret_p); /* n_classes, sums to 1 */

/* The weighted mean of -ln p of the rows. */
double as_logistic_loss(const as_logistic *linear, const as_logistic_data *data);

/* weights[i] of row i so that each class that has rows weighs the same and the mean is 1. labels[n]. */
void as_logistic_balance(const uint32_t *labels, size_t n, uint32_t n_classes, double *ret_weights);

/* Each column moved and scaled to mean 0 and deviation 1 over all n rows, in place; a constant one is only moved.
 * ret_mean, ret_scale: n_features each. */
void as_logistic_standardise(double *x, size_t n, uint32_t n_features, double *ret_mean, double *ret_scale);

/* Weights for standardised x rewritten for x as it was. */
void as_logistic_unstandardise(as_logistic *linear, const double *mean, const double *scale);

#endif
