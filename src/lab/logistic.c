/* SPDX-License-Identifier: Apache-2.0 */
#include "lab/logistic.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

#define LOGISTIC_MEMORY       12 /* pairs of steps L-BFGS remembers */
#define LOGISTIC_MAX_STEPS    400
#define LOGISTIC_MAX_HALVINGS 40
#define LOGISTIC_GRADIENT     1e-6  /* largest component at which it has arrived */
#define LOGISTIC_PROGRESS     1e-10 /* relative gain below which it has, too */
#define LOGISTIC_TINY         1e-300

/* Eight sums side by side: the compiler may not reorder one. */
static double logistic_dot(const double *restrict a, const double *restrict b, size_t n)
{
    double acc[8] = {0}, sum = 0;
    size_t i = 0;
    for (; i + 8 <= n; i += 8)
        for (size_t k = 0; k < 8; k++)
            acc[k] += a[i + k] * b[i + k];
    for (; i < n; i++)
        sum += a[i] * b[i];
    for (size_t k = 0; k < 8; k++)
        sum += acc[k];
    return sum;
}

static void logistic_add(double *restrict to, const double *restrict from, double factor, size_t n)
{
    for (size_t i = 0; i < n; i++)
        to[i] += factor * from[i];
}

static void logistic_softmax(double *p, uint32_t n)
{
    double top = p[0], sum = 0;
    for (uint32_t c = 1; c < n; c++)
        top = fmax(top, p[c]);
    for (uint32_t c = 0; c < n; c++)
        sum += p[c] = exp(p[c] - top);
    for (uint32_t c = 0; c < n; c++)
        p[c] /= sum;
}

static void logistic_answer(const double *weights, uint32_t n_features, uint32_t n_classes, const double *x, double *p)
{
    size_t stride = (size_t)n_features + 1;
    for (uint32_t c = 0; c < n_classes; c++)
        p[c] = logistic_dot(weights + c * stride, x, n_features) + weights[c * stride + n_features];
    logistic_softmax(p, n_classes);
}

void as_logistic_predict(const as_logistic *linear, const double *x, double *ret_p)
{
    logistic_answer(linear->weights, linear->n_features, linear->n_classes, x, ret_p);
}

double as_logistic_loss(const as_logistic *linear, const as_logistic_data *data)
{
    double p[AS_LOGISTIC_MAX_CLASSES], loss = 0, total = 0;
    for (size_t k = 0; k < data->n_rows; k++) {
        size_t i = data->rows[k];
        as_logistic_predict(linear, data->x + i * data->n_features, p);
        loss -= data->weights[i] * log(fmax(p[data->labels[i]], LOGISTIC_TINY));
        total += data->weights[i];
    }
    return total > 0 ? loss / total : NAN;
}

void as_logistic_balance(const uint32_t *labels, size_t n, uint32_t n_classes, double *ret_weights)
{
    size_t counts[AS_LOGISTIC_MAX_CLASSES] = {0}, present = 0;
    for (size_t i = 0; i < n; i++)
        counts[labels[i]]++;
    for (uint32_t c = 0; c < n_classes; c++)
        present += counts[c] > 0;
    for (size_t i = 0; i < n; i++)
        ret_weights[i] = (double)n / ((double)present * (double)counts[labels[i]]);
}

void as_logistic_standardise(double *x, size_t n, uint32_t n_features, double *ret_mean, double *ret_scale)
{
    memset(ret_mean, 0, n_features * sizeof *ret_mean);
    memset(ret_scale, 0, n_features * sizeof *ret_scale);
    for (size_t i = 0; i < n; i++)
        logistic_add(ret_mean, x + i * n_features, 1.0 / (double)n, n_features);
    for (size_t i = 0; i < n; i++)
        for (uint32_t f = 0; f < n_features; f++) {
            double d = x[i * n_features + f] -= ret_mean[f];
            ret_scale[f] += d * d / (double)n;
        }
    for (uint32_t f = 0; f < n_features; f++) /* what differs by rounding alone is constant */
        ret_scale[f] = sqrt(ret_scale[f]) > 1e-6 * fabs(ret_mean[f]) + 1e-12 ? sqrt(ret_scale[f]) : 1;
    for (size_t i = 0; i < n; i++)
        for (uint32_t f = 0; f < n_features; f++)
            x[i * n_features + f] /= ret_scale[f];
}

void as_logistic_unstandardise(as_logistic *linear, const double *mean, const double *scale)
{
    size_t stride = (size_t)linear->n_features + 1;
    for (uint32_t c = 0; c < linear->n_classes; c++) {
        double *w = linear->weights + c * stride;
        for (uint32_t f = 0; f < linear->n_features; f++) {
            w[f] /= scale[f];
            w[linear->n_features] -= w[f] * mean[f];
        }
    }
}

/* --- the fit --- */

typedef struct logistic_fit {
    const as_logistic_data *data;
    double                  l2, weight;
    size_t                  n; /* unknowns */
    double                 *at, *gradient, *next, *next_gradient, *direction, *memory;
    double                 *s[LOGISTIC_MEMORY], *y[LOGISTIC_MEMORY], rho[LOGISTIC_MEMORY];
    size_t                  n_pairs; /* ever stored; the newest is at (n_pairs - 1) % LOGISTIC_MEMORY */
} logistic_fit;

static bool logistic_fit_init(logistic_fit *fit, const as_logistic_data *data, double l2, as_err *err)
{
    size_t count, stride = (size_t)data->n_features + 1;
    *fit = (logistic_fit){.data = data, .l2 = l2};
    for (size_t k = 0; k < data->n_rows; k++)
        fit->weight += data->weights[data->rows[k]];
    if (!(fit->weight > 0) || data->n_classes < 1 || data->n_classes > AS_LOGISTIC_MAX_CLASSES)
        return AS_FAIL(err, AS_EINVAL, "cannot fit a linear classifier to %zu rows of %u classes", data->n_rows,
                       data->n_classes);
    if (!as_size_mul(stride, data->n_classes, &fit->n) || !as_size_mul(fit->n, 5 + 2 * LOGISTIC_MEMORY, &count) ||
        !(fit->memory = calloc(count, sizeof *fit->memory)))
        return AS_FAIL(err, AS_ENOMEM, "cannot fit a linear classifier of %u features", data->n_features);
    double **parts[] = {&fit->at, &fit->gradient, &fit->next, &fit->next_gradient, &fit->direction};
    for (size_t i = 0; i < AS_COUNT(parts); i++)
        *parts[i] = fit->memory + i * fit->n;
    for (size_t i = 0; i < LOGISTIC_MEMORY; i++) {
        fit->s[i] = fit->memory + (5 + 2 * i) * fit->n;
        fit->y[i] = fit->s[i] + fit->n;
    }
    return true;
}

static double logistic_objective(const logistic_fit *fit, const double *at, double *gradient)
{
    const as_logistic_data *data = fit->data;
    size_t                  stride = (size_t)data->n_features + 1;
    double                  p[AS_LOGISTIC_MAX_CLASSES], loss = 0, norm = 0;
    memset(gradient, 0, fit->n * sizeof *gradient);
    for (size_t k = 0; k < data->n_rows; k++) {
        size_t        i = data->rows[k];
        const double *x = data->x + i * data->n_features;
        double        w = data->weights[i] / fit->weight;
        logistic_answer(at, data->n_features, data->n_classes, x, p);
        loss -= w * log(fmax(p[data->labels[i]], LOGISTIC_TINY));
        for (uint32_t c = 0; c < data->n_classes; c++) {
            double d = w * (p[c] - (c == data->labels[i]));
            logistic_add(gradient + c * stride, x, d, data->n_features);
            gradient[c * stride + data->n_features] += d;
        }
    }
    for (uint32_t c = 0; c < data->n_classes; c++) {
        norm += logistic_dot(at + c * stride, at + c * stride, data->n_features);
        logistic_add(gradient + c * stride, at + c * stride, fit->l2, data->n_features);
    }
    return loss + 0.5 * fit->l2 * norm;
}

/* The two-loop recursion: direction = -H * gradient. */
static void logistic_direction(logistic_fit *fit)
{
    size_t kept = AS_MIN(fit->n_pairs, (size_t)LOGISTIC_MEMORY);
    double alpha[LOGISTIC_MEMORY];
    for (size_t i = 0; i < fit->n; i++)
        fit->direction[i] = -fit->gradient[i];
    for (size_t j = 0; j < kept; j++) {
        size_t k = (fit->n_pairs - 1 - j) % LOGISTIC_MEMORY;
        alpha[j] = fit->rho[k] * logistic_dot(fit->s[k], fit->direction, fit->n);
        logistic_add(fit->direction, fit->y[k], -alpha[j], fit->n);
    }
    if (kept) {
        size_t k = (fit->n_pairs - 1) % LOGISTIC_MEMORY;
        double scale = 1 / (fit->rho[k] * logistic_dot(fit->y[k], fit->y[k], fit->n));
        for (size_t i = 0; i < fit->n; i++)
            fit->direction[i] *= scale;
    }
    for (size_t j = kept; j-- > 0;) {
        size_t k = (fit->n_pairs - 1 - j) % LOGISTIC_MEMORY;
        double beta = fit->rho[k] * logistic_dot(fit->y[k], fit->direction, fit->n);
        logistic_add(fit->direction, fit->s[k], alpha[j] - beta, fit->n);
    }
}

static void logistic_remember(logistic_fit *fit)
{
    size_t k = fit->n_pairs % LOGISTIC_MEMORY;
    for (size_t i = 0; i < fit->n; i++) {
        fit->s[k][i] = fit->next[i] - fit->at[i];
        fit->y[k][i] = fit->next_gradient[i] - fit->gradient[i];
    }
    double sy = logistic_dot(fit->s[k], fit->y[k], fit->n), yy = logistic_dot(fit->y[k], fit->y[k], fit->n);
    if (sy <= 1e-12 * yy || sy <= 0)
        return; /* no curvature there: such a pair would spoil the direction */
    fit->rho[k] = 1 / sy;
    fit->n_pairs++;
}

/* One step along the direction, halved until it gains enough (Armijo). False when none does. */
static bool logistic_step(logistic_fit *fit, double *value)
{
    double slope = logistic_dot(fit->direction, fit->gradient, fit->n), t = 1;
    if (slope >= 0)
        return false;
    if (fit->n_pairs == 0)
        t = fmin(1, 1 / sqrt(logistic_dot(fit->gradient, fit->gradient, fit->n)));
    for (int i = 0; i < LOGISTIC_MAX_HALVINGS; i++, t *= 0.5) {
        memcpy(fit->next, fit->at, fit->n * sizeof *fit->next);
        logistic_add(fit->next, fit->direction, t, fit->n);
        double next = logistic_objective(fit, fit->next, fit->next_gradient);
        if (!(next <= *value + 1e-4 * t * slope))
            continue;
        logistic_remember(fit);
        memcpy(fit->at, fit->next, fit->n * sizeof *fit->at);
        memcpy(fit->gradient, fit->next_gradient, fit->n * sizeof *fit->gradient);
        bool gains = *value - next > LOGISTIC_PROGRESS * fmax(fabs(next), 1e-3);
        *value = next;
        return gains;
    }
    return false;
}

static bool logistic_arrived(const logistic_fit *fit)
{
    for (size_t i = 0; i < fit->n; i++)
        if (fabs(fit->gradient[i]) > LOGISTIC_GRADIENT)
            return false;
    return true;
}

bool as_logistic_fit(const as_logistic_data *data, double l2, const as_logistic *start, const as_progress *progress,
                     as_logistic *ret, as_err *err)
{
    logistic_fit fit;
    uint32_t     steps = 0;
    bool         ok = logistic_fit_init(&fit, data, l2, err);
    if (ok) {
        if (start)
            memcpy(fit.at, start->weights, fit.n * sizeof *fit.at);
        double value = logistic_objective(&fit, fit.at, fit.gradient);
        for (; ok && steps < LOGISTIC_MAX_STEPS && !logistic_arrived(&fit); steps++) {
            ok = as_progress_go_on(progress, err);
            logistic_direction(&fit);
            if (!ok || !logistic_step(&fit, &value))
                break;
        }
    }
    double *weights = ok ? malloc(fit.n * sizeof *weights) : NULL;
    if (ok && !weights)
        ok = AS_FAIL(err, AS_ENOMEM, "cannot keep a linear classifier");
    if (ok) {
        memcpy(weights, fit.at, fit.n * sizeof *weights);
        *ret = (as_logistic){data->n_features, data->n_classes, steps, weights};
    }
    free(fit.memory);
    return ok;
}

void as_logistic_done(as_logistic *linear)
{
    free(linear->weights);
    linear->weights = NULL;
}
