/* SPDX-License-Identifier: Apache-2.0 */
#include "lab/label_errors.h"

#include <stdlib.h>

#include "lab/crossval.h"
#include "lab/folds.h"

#define LABEL_ERRORS_N_L2 5 /* wrong labels are learnt by those who are held back too little */

typedef struct label_errors {
    const as_dataset     *dataset;
    const as_spec        *spec;
    const as_trainer_cfg *cfg;
    const as_progress    *progress;
    as_label_errors       out;
    as_features           features;
    uint32_t             *labels, *groups;
    double               *x, *weights, *mean, *scale;
} label_errors;

static bool label_errors_samples(label_errors *e, as_err *err)
{
    size_t n = as_dataset_count(e->dataset);
    e->out.samples = calloc(n + 1, sizeof *e->out.samples);
    e->labels = calloc(n + 1, sizeof *e->labels);
    e->groups = calloc(n + 1, sizeof *e->groups);
    e->weights = calloc(n + 1, sizeof *e->weights);
    if (!e->out.samples || !e->labels || !e->groups || !e->weights)
        return AS_FAIL(err, AS_ENOMEM, "cannot hold %zu samples", n);
    for (size_t i = 0; i < n; i++) {
        uint32_t class = as_dataset_class(e->dataset, i);
        if (class == AS_DATASET_NO_CLASS)
            continue;
        e->labels[e->out.n] = class;
        e->weights[e->out.n] = 1;
        e->out.samples[e->out.n++] = (uint32_t)i;
        e->out.labelled[class]++;
    }
    return as_folds_group(e->dataset, e->out.samples, e->out.n, e->groups, err);
}

/* A class that whole folds do not have would be doubted there for no other reason. */
static bool label_errors_known(label_errors *e, as_err *err)
{
    size_t parts[AS_SPEC_MAX_CLASSES] = {0}, n_known = 0;
    for (size_t i = 0; i < e->out.n; i++)
        parts[e->labels[i]] += e->groups[i] == i;
    for (size_t c = 0; c < e->out.n_classes; c++)
        n_known += e->out.known[c] = parts[c] >= AS_LABEL_ERRORS_LEAST;
    return n_known >= 2 ||
           AS_FAIL(err, AS_EINVAL,
                   "only %zu of %u classes have %d labelled parts or more: nothing can be said of labels with so few "
                   "(import more pictures, or label some)",
                   n_known, e->out.n_classes, AS_LABEL_ERRORS_LEAST);
}

static bool label_errors_see(label_errors *e, as_err *err)
{
    if (!as_traits_compute(e->dataset, e->out.samples, e->out.n, e->cfg, e->progress, &e->features, e->out.traits, err))
        return false;
    size_t width = e->features.width, count = e->out.n * width;
    e->x = malloc((count + 1) * sizeof *e->x);
    e->mean = calloc(width + 1, sizeof *e->mean);
    e->scale = calloc(width + 1, sizeof *e->scale);
    if (!e->x || !e->mean || !e->scale)
        return AS_FAIL(err, AS_ENOMEM, "cannot hold %zu features of %zu pictures", width, e->out.n);
    for (size_t i = 0; i < count; i++)
        e->x[i] = (double)e->features.at[i];
    as_features_done(&e->features);
    as_logistic_standardise(e->x, e->out.n, (uint32_t)width, e->mean, e->scale);
    return true;
}

static double label_errors_accuracy(const label_errors *e, const double *p)
{
    size_t n_right = 0, k = e->out.n_classes;
    for (size_t i = 0; i < e->out.n; i++) {
        size_t best = 0;
        for (size_t j = 1; j < k; j++)
            best = p[i * k + j] > p[i * k + best] ? j : best;
        n_right += best == e->labels[i];
    }
    return (double)n_right / (double)e->out.n;
}

static void label_errors_leave_reviewed(label_errors *e)
{
    as_confident *c = &e->out.confident;
    size_t        n = 0;
    for (size_t i = 0; i < c->n_doubts; i++)
        if (as_dataset_sample(e->dataset, e->out.samples[c->doubts[i].row])->state == AS_LABEL_REVIEWED)
            e->out.n_reviewed++;
        else
            c->doubts[n++] = c->doubts[i];
    c->n_doubts = n;
}

static bool label_errors_doubt(label_errors *e, as_err *err)
{
    as_crossval     crossval = {0};
    as_crossval_cfg cfg = {.n_features = e->features.width,
                           .n_classes = e->out.n_classes,
                           .x = e->x,
                           .labels = e->labels,
                           .weights = e->weights,
                           .groups = e->groups,
                           .n = e->out.n,
                           .seed = e->cfg->seed,
                           .threads = e->cfg->threads,
                           .n_l2 = LABEL_ERRORS_N_L2,
                           .answers = true};
    as_progress_step(e->progress, "learning from the other pictures", 0, 1);
    bool             ok = as_crossval_run(&cfg, e->progress, &crossval, err);
    as_confident_cfg said = {crossval.p, e->labels, e->out.known, e->out.n, e->out.n_classes};
    ok = ok && as_confident_find(&said, &e->out.confident, err);
    if (ok) {
        e->out.accuracy = label_errors_accuracy(e, crossval.p);
        label_errors_leave_reviewed(e);
    }
    as_progress_step(e->progress, "learning from the other pictures", 1, 1);
    as_crossval_done(&crossval);
    return ok;
}

bool as_label_errors_find(const as_dataset *dataset, const as_spec *spec, const as_trainer_cfg *cfg,
                          const as_progress *progress, as_label_errors *ret, as_err *err)
{
    label_errors e = {.dataset = dataset, .spec = spec, .cfg = cfg, .progress = progress};
    e.out.n_classes = (uint32_t)spec->n_classes;
    bool ok = label_errors_samples(&e, err) && label_errors_known(&e, err) && label_errors_see(&e, err) &&
              label_errors_doubt(&e, err);
    as_features_done(&e.features);
    free(e.labels);
    free(e.groups);
    free(e.weights);
    free(e.x);
    free(e.mean);
    free(e.scale);
    if (ok)
        *ret = e.out;
    else
        as_label_errors_done(&e.out);
    return ok;
}

void as_label_errors_done(as_label_errors *errors)
{
    as_confident_done(&errors->confident);
    free(errors->samples);
    *errors = (as_label_errors){0};
}
