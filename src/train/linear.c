/* SPDX-License-Identifier: Apache-2.0 */
#include "train/linear.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

size_t as_linear_n_params(const as_linear *linear)
{
    return ((size_t)linear->n_in + 1) * linear->n_out;
}

bool as_linear_init(as_linear *linear, as_err *err)
{
    linear->logits = calloc((size_t)linear->n * linear->n_out, sizeof *linear->logits);
    return linear->logits ? true : AS_FAIL(err, AS_ENOMEM, "out of memory for a linear layer");
}

void as_linear_done(as_linear *linear)
{
    free(linear->logits);
    linear->logits = NULL;
}

static void linear_forward(const as_linear *l, const float *params, const float *features)
{
    const float *bias = params + (size_t)l->n_in * l->n_out;
    for (size_t i = 0; i < l->n; i++) {
        for (size_t o = 0; o < l->n_out; o++) {
            double sum = bias[o];
            for (size_t k = 0; k < l->n_in; k++)
                sum += (double)params[o * l->n_in + k] * (double)features[i * l->n_in + k];
            l->logits[i * l->n_out + o] = (float)sum;
        }
    }
}

/* One row: logits become the gradient of share * cross entropy; returns the cross entropy. */
static double linear_loss(float *row, size_t n, uint32_t label, double smoothing, double share, bool *ret_right)
{
    double max = -INFINITY, sum = 0.0, loss = 0.0;
    size_t best = 0;
    for (size_t o = 0; o < n; o++) {
        if ((double)row[o] > max) {
            max = (double)row[o];
            best = o;
        }
    }
    for (size_t o = 0; o < n; o++)
        sum += exp((double)row[o] - max);
    for (size_t o = 0; o < n; o++) {
        double log_p = (double)row[o] - max - log(sum);
        double want = smoothing / (double)n + (o == label ? 1.0 - smoothing : 0.0);
        loss -= want * log_p;
        row[o] = (float)(share * (exp(log_p) - want));
    }
    *ret_right = best == label;
    return loss;
}

static void linear_backward(const as_linear *l, const float *params, float *grads, const float *features,
                            float *feature_grads)
{
    float *bias = grads + (size_t)l->n_in * l->n_out;
    memset(grads, 0, as_linear_n_params(l) * sizeof *grads);
    memset(feature_grads, 0, (size_t)l->n * l->n_in * sizeof *feature_grads);
    for (size_t i = 0; i < l->n; i++) {
        for (size_t o = 0; o < l->n_out; o++) {
            const float g = l->logits[i * l->n_out + o];
            bias[o] += g;
            for (size_t k = 0; k < l->n_in; k++) {
                grads[o * l->n_in + k] += g * features[i * l->n_in + k];
                feature_grads[i * l->n_in + k] += g * params[o * l->n_in + k];
            }
        }
    }
}

void as_linear_step(as_linear *l, const float *params, float *grads, const float *features, float *feature_grads,
                    const as_loss *loss, double *ret_loss, size_t *ret_right)
{
    double total = 0.0;
    size_t right = 0;
    linear_forward(l, params, features);
    for (size_t i = 0; i < l->n; i++) {
        bool   is_right;
        double share = (double)loss->weights[loss->labels[i]] / loss->total;
        total +=
            share * linear_loss(l->logits + i * l->n_out, l->n_out, loss->labels[i], loss->smoothing, share, &is_right);
        right += is_right;
    }
    linear_backward(l, params, grads, features, feature_grads);
    *ret_loss = total;
    *ret_right = right;
}
