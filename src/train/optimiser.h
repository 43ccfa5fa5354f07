/* SPDX-License-Identifier: Apache-2.0 */
/* optimiser.h - AdamW over a vector (Loshchilov and Hutter 2019), and an average of its path. Private to train.
 *
 * Layer:   train.
 * Threads: one thread.
 * Memory:  init allocates, done frees.
 */
#ifndef AS_TRAIN_OPTIMISER_H
#define AS_TRAIN_OPTIMISER_H

#include "base/err.h"

typedef struct as_optimiser {
    size_t   n;
    uint64_t steps;
    double   weight_decay;
    float   *first, *second; /* moments */
} as_optimiser;

AS_CHECK bool as_optimiser_init(as_optimiser *optimiser, size_t n, double weight_decay, as_err *err);
void          as_optimiser_done(as_optimiser *optimiser);

/* decays: where weight decay applies. */
void as_optimiser_step(as_optimiser *optimiser, float *params, const float *grads, const bool *decays,
                       double learning_rate);

/* Warm-up over the first part of all steps, linear; then half a cosine to 0 (Loshchilov and Hutter 2017). */
double as_schedule(double learning_rate, uint64_t step, uint64_t n_steps, uint64_t n_warm);

/* sum[i] = parts[0][i] + parts[1][i] + ..., added in that order */
void as_sum(float *sum, const float *const *parts, size_t n_parts, size_t n);

/* average += (now - average) * rate */
void as_average(float *average, const float *now, size_t n, double rate);

#endif
