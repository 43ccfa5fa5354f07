/* SPDX-License-Identifier: Apache-2.0 */
#include "lab/logits.h"

#include <stdlib.h>

#include "lab/folds.h"

typedef struct logits {
    const as_logits_cfg *cfg;
    const as_progress   *progress;
    double              *x, *weights, *mean, *scale; /* x: standardised */
    uint32_t            *rows, *groups;
    size_t               n, width;
} logits;

static bool logits_room(logits *l, const as_features *features, as_err *err)
{
    l->x = calloc(l->n * l->width + 1, sizeof *l->x);
    l->weights = calloc(l->n + 1, sizeof *l->weights);
    l->mean = calloc(l->width + 1, sizeof *l->mean);
    l->scale = calloc(l->width + 1, sizeof *l->scale);
    l->rows = calloc(l->n + 1, sizeof *l->rows);
    l->groups = calloc(l->n + 1, sizeof *l->groups);
    if (!l->x || !l->weights || !l->mean || !l->scale || !l->rows || !l->groups)
        return AS_FAIL(err, AS_ENOMEM, "cannot hold %zu features of %zu pictures", l->width, l->n);
    for (size_t i = 0; i < l->n * l->width; i++)
        l->x[i] = (double)features->at[i];
    for (uint32_t i = 0; i < l->n; i++)
        l->rows[i] = i;
    return true;
}

static bool logits_run(logits *l, as_logits *ret, as_err *err)
{
    const as_logits_cfg *cfg = l->cfg;
    as_logistic_standardise(l->x, l->n, (uint32_t)l->width, l->mean, l->scale);
    as_logistic_balance(cfg->labels, l->n, cfg->n_classes, l->weights);
    const as_crossval_cfg    crossval = {.n_features = (uint32_t)l->width,
                                         .n_classes = cfg->n_classes,
                                         .x = l->x,
                                         .labels = cfg->labels,
                                         .weights = l->weights,
                                         .groups = l->groups,
                                         .n = l->n,
                                         .seed = cfg->seed,
                                         .threads = cfg->threads,
                                         .by_fold = cfg->by_fold};
    const as_logistic_data   all = {(uint32_t)l->width, cfg->n_classes, l->x, cfg->labels, l->weights, l->rows, l->n};
    static const char *const what = "choosing the head's regularisation";
    if (!as_folds_group(cfg->dataset, cfg->indices, l->n, l->groups, err))
        return false;
    as_progress_step(l->progress, what, 0, 1);
    if (!as_crossval_run(&crossval, l->progress, &ret->crossval, err))
        return false;
    as_progress_step(l->progress, what, 1, 1);
    if (!as_logistic_fit(&all, as_crossval_l2(ret->crossval.best), NULL, l->progress, &ret->fit, err))
        return false;
    as_logistic_unstandardise(&ret->fit, l->mean, l->scale);
    return true;
}

bool as_logits_fit(const as_features *features, const as_logits_cfg *cfg, const as_progress *progress, as_logits *ret,
                   as_err *err)
{
    logits    l = {.cfg = cfg, .progress = progress, .n = features->n, .width = features->width};
    as_logits made = {0};
    bool      ok = logits_room(&l, features, err) && logits_run(&l, &made, err);
    free(l.x);
    free(l.weights);
    free(l.mean);
    free(l.scale);
    free(l.rows);
    free(l.groups);
    if (ok)
        *ret = made;
    else
        as_logits_done(&made);
    return ok;
}

void as_logits_done(as_logits *linear)
{
    as_logistic_done(&linear->fit);
    as_crossval_done(&linear->crossval);
}

void as_logits_append(const as_logits *linear, as_nodes *nodes, const char *from)
{
    const size_t  n = linear->fit.n_classes, width = linear->fit.n_features;
    const as_attr trans = {.name = "transB", .kind = AS_ATTR_INT, .i = 1},
                  axis = {.name = "axis", .kind = AS_ATTR_INT, .i = 1};
    float *weights = calloc(n * (width + 1) + 1, sizeof *weights), *bias = weights + n * width;
    if (!weights) {
        nodes->failed = nodes->failed || !AS_FAIL(nodes->err, AS_ENOMEM, "cannot hold a head of %zu features", width);
        return;
    }
    for (size_t c = 0; c < n; c++) {
        const double *row = linear->fit.weights + c * (width + 1);
        for (size_t f = 0; f < width; f++)
            weights[c * width + f] = (float)row[f];
        bias[c] = (float)row[width];
    }
    as_nodes_floats(nodes, "assay_head_weights", &(as_shape){2, {(int64_t)n, (int64_t)width}}, weights);
    as_nodes_floats(nodes, "assay_head_bias", &(as_shape){1, {(int64_t)n}}, bias);
    as_nodes_add(nodes, "Gemm", "assay_logits", from, "assay_head_weights", "assay_head_bias", &trans);
    as_nodes_add(nodes, "Softmax", "probabilities", "assay_logits", NULL, NULL, &axis);
    free(weights);
}

void as_logits_record(const as_logits *linear, json_t *params)
{
    json_t *grid = json_array();
    for (size_t g = 0; g < AS_CROSSVAL_N_L2; g++) {
        json_t *point = json_object();
        as_json_set(point, "l2", as_json_number(as_crossval_l2(g)));
        as_json_set(point, "loss", as_json_number(linear->crossval.loss[g]));
        json_array_append_new(grid, point);
    }
    as_json_set(params, "l2", as_json_number(as_crossval_l2(linear->crossval.best)));
    as_json_set(params, "folds", json_integer(linear->crossval.n_folds));
    as_json_set(params, "cross_validation", grid);
    as_json_set(params, "steps", json_integer(linear->fit.n_steps));
}
