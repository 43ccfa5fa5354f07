/* SPDX-License-Identifier: Apache-2.0 */
#include "lab/crossval.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "base/thread.h"
#include "lab/folds.h"

/* From strong to weak: each fit begins where the one before it ended. */
static const double crossval_l2[AS_CROSSVAL_N_L2] = {0.3, 0.1, 0.03, 0.01, 3e-3, 1e-3, 3e-4, 1e-4};

typedef struct crossval_job {
    const as_crossval_cfg *cfg;
    const as_progress     *progress;
    uint32_t              *folds;
    uint32_t               n_folds;
    double                 loss[AS_CROSSVAL_FOLDS][AS_CROSSVAL_N_L2], weight[AS_CROSSVAL_FOLDS]; /* of rows held out */
    float                 *p; /* AS_CROSSVAL_N_L2 x n x n_classes; NULL if not wanted */
} crossval_job;

double as_crossval_l2(size_t i)
{
    return crossval_l2[AS_MIN(i, AS_COUNT(crossval_l2) - 1)];
}

static size_t crossval_n_l2(const crossval_job *c)
{
    return c->cfg->n_l2 ? AS_MIN(c->cfg->n_l2, (size_t)AS_CROSSVAL_N_L2) : AS_CROSSVAL_N_L2;
}

static void crossval_answer(const crossval_job *c, size_t g, const as_logistic *linear, const as_logistic_data *held)
{
    size_t k = c->cfg->n_classes;
    double p[AS_LOGISTIC_MAX_CLASSES];
    for (size_t i = 0; i < held->n_rows; i++) {
        size_t row = held->rows[i];
        as_logistic_predict(linear, held->x + row * held->n_features, p);
        for (size_t j = 0; j < k; j++)
            c->p[(g * c->cfg->n + row) * k + j] = (float)p[j];
    }
}

/* x by the mean and deviation of the rows of the fit alone; NULL: no memory. */
static double *crossval_standardise(const as_crossval_cfg *cfg, const uint32_t *rows, size_t n_fit)
{
    size_t  width = cfg->n_features;
    double *x = calloc(cfg->n * width + 1, sizeof *x), *fit = calloc(n_fit * width + 1, sizeof *fit),
           *mean = calloc(2 * width + 1, sizeof *mean);
    if (x && fit && mean) {
        for (size_t k = 0; k < n_fit; k++)
            memcpy(fit + k * width, cfg->x + rows[k] * width, width * sizeof *fit);
        as_logistic_standardise(fit, n_fit, cfg->n_features, mean, mean + width);
        for (size_t i = 0; i < cfg->n * width; i++)
            x[i] = (cfg->x[i] - mean[i % width]) / mean[width + i % width];
    } else {
        free(x);
        x = NULL;
    }
    free(fit);
    free(mean);
    return x;
}

/* Trains on the other folds, judges on this one, along the whole grid. */
static bool crossval_fold(void *ctx, size_t fold, as_err *err)
{
    crossval_job          *c = ctx;
    const as_crossval_cfg *cfg = c->cfg;
    size_t                 n_fit = 0, n_held = 0;
    as_logistic            before = {0};
    uint32_t              *rows = calloc(cfg->n + 1, sizeof *rows);
    if (!rows)
        return AS_FAIL(err, AS_ENOMEM, "cannot hold %zu rows", cfg->n);
    for (uint32_t i = 0; i < cfg->n; i++)
        if (c->folds[i] == fold)
            rows[cfg->n - ++n_held] = i;
        else
            rows[n_fit++] = i;
    double          *own = cfg->by_fold ? crossval_standardise(cfg, rows, n_fit) : NULL;
    as_logistic_data fit = {
        cfg->n_features, cfg->n_classes, own ? own : cfg->x, cfg->labels, cfg->weights, rows, n_fit};
    as_logistic_data held = fit;
    held.rows = rows + n_fit;
    held.n_rows = n_held;
    for (size_t k = 0; k < n_held; k++)
        c->weight[fold] += cfg->weights[held.rows[k]];
    bool ok = own || !cfg->by_fold || AS_FAIL(err, AS_ENOMEM, "cannot hold %zu rows", cfg->n);
    for (size_t g = 0; ok && n_held && g < crossval_n_l2(c); g++) {
        as_logistic linear = {0};
        ok = as_logistic_fit(&fit, crossval_l2[g], before.weights ? &before : NULL, c->progress, &linear, err);
        if (!ok)
            break;
        c->loss[fold][g] = as_logistic_loss(&linear, &held);
        if (c->p)
            crossval_answer(c, g, &linear, &held);
        as_logistic_done(&before);
        before = linear;
    }
    as_logistic_done(&before);
    free(own);
    free(rows);
    return ok;
}

static double crossval_mean_loss(const crossval_job *c, size_t g)
{
    double sum = 0, weight = 0;
    for (uint32_t f = 0; f < c->n_folds; f++) {
        sum += c->weight[f] > 0 ? c->loss[f][g] * c->weight[f] : 0;
        weight += c->weight[f];
    }
    return sum / weight;
}

static bool crossval_room(crossval_job *c, as_err *err)
{
    const as_crossval_cfg *cfg = c->cfg;
    size_t                 count;
    c->folds = calloc(cfg->n + 1, sizeof *c->folds);
    if (cfg->answers && as_size_mul(cfg->n, (size_t)cfg->n_classes * AS_CROSSVAL_N_L2, &count))
        c->p = calloc(count + 1, sizeof *c->p);
    return (c->folds && (c->p || !cfg->answers)) || AS_FAIL(err, AS_ENOMEM, "cannot hold %zu rows", cfg->n);
}

static bool crossval_best(const crossval_job *c, as_crossval *ret, as_err *err)
{
    size_t      count = c->cfg->n * c->cfg->n_classes;
    as_crossval best = {.n_folds = c->n_folds};
    for (size_t g = 0; g < AS_CROSSVAL_N_L2; g++) {
        best.loss[g] = g < crossval_n_l2(c) ? crossval_mean_loss(c, g) : INFINITY;
        if (best.loss[g] < best.loss[best.best])
            best.best = g;
    }
    for (uint32_t f = 0; f < c->n_folds; f++) {
        best.fold_loss[f] = c->loss[f][best.best];
        best.fold_weight[f] = c->weight[f];
    }
    if (c->p && !(best.p = malloc((count + 1) * sizeof *best.p)))
        return AS_FAIL(err, AS_ENOMEM, "cannot hold %zu rows", c->cfg->n);
    for (size_t i = 0; c->p && i < count; i++)
        best.p[i] = (double)c->p[best.best * count + i];
    *ret = best;
    return true;
}

bool as_crossval_run(const as_crossval_cfg *cfg, const as_progress *progress, as_crossval *ret, as_err *err)
{
    crossval_job c = {.cfg = cfg, .progress = progress};
    size_t       n_groups = 0;
    for (size_t i = 0; i < cfg->n; i++)
        n_groups += cfg->groups[i] == i;
    c.n_folds = (uint32_t)AS_MIN(n_groups, (size_t)AS_CROSSVAL_FOLDS);
    if (c.n_folds < 2)
        return AS_FAIL(err, AS_EINVAL, "one part alone cannot be trained on (import more pictures)");
    if (cfg->n_classes > AS_LOGISTIC_MAX_CLASSES)
        return AS_FAIL(err, AS_EINVAL, "%u classes are more than %d", cfg->n_classes, AS_LOGISTIC_MAX_CLASSES);
    bool ok = crossval_room(&c, err) &&
              as_folds_deal(cfg->groups, cfg->labels, cfg->n, cfg->n_classes, c.n_folds, cfg->seed, c.folds, err) &&
              as_thread_for(c.n_folds, cfg->threads ? cfg->threads : 2, crossval_fold, &c, err) &&
              crossval_best(&c, ret, err);
    free(c.folds);
    free(c.p);
    return ok;
}

void as_crossval_done(as_crossval *crossval)
{
    free(crossval->p);
    crossval->p = NULL;
}

bool as_crossval_is_better(const as_crossval *crossval, const as_crossval *than)
{
    double   weight = 0, sum = 0, square = 0, gain[AS_CROSSVAL_FOLDS] = {0};
    uint32_t n = 0;
    for (uint32_t f = 0; f < crossval->n_folds; f++) {
        if (!(crossval->fold_weight[f] > 0))
            continue;
        gain[f] = than->fold_loss[f] - crossval->fold_loss[f];
        weight += crossval->fold_weight[f];
        sum += crossval->fold_weight[f] * gain[f];
        n++;
    }
    for (uint32_t f = 0; f < crossval->n_folds && n > 1; f++)
        square += crossval->fold_weight[f] * (gain[f] - sum / weight) * (gain[f] - sum / weight);
    return n > 1 && sum / weight > sqrt(square / weight / (n - 1));
}
