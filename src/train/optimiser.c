/* SPDX-License-Identifier: Apache-2.0 */
#include "train/optimiser.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

#define BETA1   0.9
#define BETA2   0.999
#define EPSILON 1e-8f

bool as_optimiser_init(as_optimiser *o, size_t n, double weight_decay, as_err *err)
{
    *o = (as_optimiser){.n = n, .weight_decay = weight_decay};
    o->first = calloc(n, sizeof *o->first);
    o->second = calloc(n, sizeof *o->second);
    return o->first && o->second ? true : AS_FAIL(err, AS_ENOMEM, "out of memory for an optimiser of %zu numbers", n);
}

void as_optimiser_done(as_optimiser *o)
{
    free(o->first);
    free(o->second);
    o->first = o->second = NULL;
}

void as_optimiser_step(as_optimiser *o, float *params, const float *grads, const bool *decays, double learning_rate)
{
    o->steps++;
    const double right1 = 1.0 - pow(BETA1, (double)o->steps), right2 = 1.0 - pow(BETA2, (double)o->steps);
    const float  rate = (float)(learning_rate / right1), root = (float)(1.0 / sqrt(right2));
    const float  keep = (float)(1.0 - learning_rate * o->weight_decay);
    for (size_t i = 0; i < o->n; i++) {
        const float g = grads[i];
        o->first[i] += (float)(1.0 - BETA1) * (g - o->first[i]);
        o->second[i] += (float)(1.0 - BETA2) * (g * g - o->second[i]);
        if (decays[i])
            params[i] *= keep;
        params[i] -= rate * o->first[i] / (sqrtf(o->second[i]) * root + EPSILON);
    }
}

double as_schedule(double learning_rate, uint64_t step, uint64_t n_steps, uint64_t n_warm)
{
    if (step < n_warm)
        return learning_rate * ((double)step + 1.0) / (double)n_warm;
    if (step >= n_steps)
        return 0.0;
    return learning_rate * 0.5 * (1.0 + cos(M_PI * (double)(step - n_warm) / (double)(n_steps - n_warm)));
}

void as_sum(float *sum, const float *const *parts, size_t n_parts, size_t n)
{
    memcpy(sum, parts[0], n * sizeof *sum);
    for (size_t k = 1; k < n_parts; k++) {
        const float *part = parts[k];
        for (size_t i = 0; i < n; i++)
            sum[i] += part[i];
    }
}

void as_average(float *average, const float *now, size_t n, double rate)
{
    const float r = (float)rate;
    for (size_t i = 0; i < n; i++)
        average[i] += r * (now[i] - average[i]);
}
