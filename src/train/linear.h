/* SPDX-License-Identifier: Apache-2.0 */
/* linear.h - the last layer with its loss: linear, softmax, cross entropy. Private to train.
 *
 * Layer:   train.
 * Threads: one thread.
 * Memory:  as_linear_init allocates, as_linear_done frees.
 */
#ifndef AS_TRAIN_LINEAR_H
#define AS_TRAIN_LINEAR_H

#include "train/net.h"

typedef struct as_linear {
    uint32_t n, n_in, n_out; /* n: batch */
    float   *logits;         /* n x n_out; becomes the gradient */
} as_linear;

size_t        as_linear_n_params(const as_linear *linear); /* n_out x n_in weights, n_out biases */
AS_CHECK bool as_linear_init(as_linear *linear, as_err *err);
void          as_linear_done(as_linear *linear);

/* Cross entropy against labels smoothed as in Szegedy et al. 2016, section 7, each sample weighted by its class. */
void as_linear_step(as_linear *linear, const float *params, float *grads, const float *features, float *feature_grads,
                    const as_loss *loss, double *ret_loss, size_t *ret_right);

#endif
