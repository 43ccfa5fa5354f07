/* SPDX-License-Identifier: Apache-2.0 */
#include "lab/next.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "base/rng.h"
#include "lab/backbone.h"
#include "lab/logistic.h"
#include "lab/next_job.h"

#define NEXT_ALIKE_BITS 6 /* of the 64 of two difference hashes: so near are two pictures of one thing */

#define X(name) extern const as_next_method as_next_##name;
#include "lab/next_list.inc"
#undef X

static const as_next_method *const next_methods[] = {
#define X(name) &as_next_##name,
#include "lab/next_list.inc"
#undef X
};

const as_next_method *as_next_method_at(size_t i)
{
    return i < AS_COUNT(next_methods) ? next_methods[i] : NULL;
}

const as_next_method *as_next_method_find(const char *name)
{
    for (size_t i = 0; i < AS_COUNT(next_methods); i++)
        if (strcmp(next_methods[i]->name, name) == 0)
            return next_methods[i];
    return NULL;
}

static bool next_find_candidates(as_next_job *job, as_err *err)
{
    size_t n = as_dataset_count(job->dataset);
    job->candidates = calloc(n + 1, sizeof *job->candidates);
    job->chosen = calloc(n + 1, sizeof *job->chosen);
    if (!job->candidates || !job->chosen)
        return AS_FAIL(err, AS_ENOMEM, "cannot hold %zu samples", n);
    for (size_t i = 0; i < n; i++) {
        const as_sample *s = as_dataset_sample(job->dataset, i);
        bool             judges = s->split == AS_SPLIT_TEST || s->split == AS_SPLIT_VALIDATION;
        if (s->state < AS_LABEL_GIVEN && !judges)
            job->candidates[job->n_candidates++] = (uint32_t)i;
    }
    job->n = AS_MIN(job->cfg->n, job->n_candidates);
    return job->n_candidates ||
           AS_FAIL(err, AS_ENOTFOUND, "every sample is labelled, or is in the test or validation split");
}

bool as_next_labelled(const as_next_job *job, uint32_t **ret, uint32_t **ret_labels, size_t *ret_n, as_err *err)
{
    size_t          n;
    const uint32_t *train = as_dataset_split(job->dataset, AS_SPLIT_TRAIN, &n);
    uint32_t       *samples = calloc(n + 1, sizeof *samples), *labels = calloc(n + 1, sizeof *labels);
    if (!samples || !labels) {
        free(samples);
        free(labels);
        return AS_FAIL(err, AS_ENOMEM, "cannot hold %zu samples", n);
    }
    for (size_t i = 0; i < n; i++) {
        samples[i] = train[i];
        labels[i] = as_dataset_class(job->dataset, train[i]);
    }
    *ret = samples;
    *ret_labels = labels;
    *ret_n = n;
    return true;
}

static bool next_spell(const as_next_job *job, const as_model_info *info, const as_scored *scored, size_t n,
                       double **ret, as_err *err)
{
    size_t  n_classes = job->spec->n_classes;
    double *p = calloc(n * n_classes + 1, sizeof *p);
    if (!p)
        return AS_FAIL(err, AS_ENOMEM, "cannot hold the scores of %zu pictures", n);
    for (size_t i = 0; i < n; i++) {
        const as_scores *s = &scored[i].scores;
        for (uint32_t k = 0; k < s->n; k++) {
            int class = as_spec_class(job->spec, info->labels[k]);
            if (class >= 0) /* a run may know a class that the spec has not any more */
                p[i * n_classes + (size_t) class] = (double)s->p[k];
        }
    }
    *ret = p;
    return true;
}

bool as_next_probabilities(const as_next_job *job, const as_run *run, const uint32_t *samples, size_t n,
                           const as_progress *progress, double **ret, as_err *err)
{
    uint8_t      *model = NULL;
    size_t        n_model = 0;
    as_scored    *scored = NULL;
    as_model_info info;
    as_graph     *graph = NULL;
    bool          ok = as_run_read_model(run, &model, &n_model, err) &&
              (graph = as_graph_parse(model, n_model, run->id, err)) != NULL && as_model_info_read(graph, &info, err) &&
              as_score_samples(job->dataset, samples, n, "looking at pictures", model, n_model, run->id,
                               job->cfg->session, progress, &scored, err) &&
              next_spell(job, &info, scored, n, ret, err);
    free(scored);
    as_graph_free(graph);
    free(model);
    return ok;
}

/* Takes the rows over, standardised. */
static bool next_standardise(as_features *features, double **ret, as_err *err)
{
    size_t  n = features->n * features->width;
    double *x = calloc(n + 1, sizeof *x), *mean = calloc(features->width + 1, sizeof *mean),
           *scale = calloc(features->width + 1, sizeof *scale);
    bool ok = (x && mean && scale) || AS_FAIL(err, AS_ENOMEM, "cannot hold %zu features", n);
    for (size_t i = 0; ok && i < n; i++)
        x[i] = (double)features->at[i];
    if (ok) {
        as_logistic_standardise(x, features->n, features->width, mean, scale);
        *ret = x;
    } else {
        free(x);
    }
    free(mean);
    free(scale);
    return ok;
}

bool as_next_features(const as_next_job *job, const uint32_t *samples, size_t n, const as_progress *progress,
                      double **ret, uint32_t *ret_width, as_err *err)
{
    const as_run *run = &job->cfg->runs[0];
    uint8_t      *model = NULL;
    size_t        n_model = 0;
    as_backbone   backbone = {0};
    as_features   features = {0};
    as_str        text;
    as_str_init(&text);
    bool ok = as_run_read_model(run, &model, &n_model, err) &&
              (as_backbone_of_model(model, n_model, run->id, &backbone, err) ||
               as_err_note(err, "this method needs a network (train one with --trainer head or cnn)")) &&
              as_graph_write(backbone.graph, &text, err);
    as_features_cfg cfg = {.model = (const uint8_t *)text.s, .n_model = text.len, .name = run->id};
    if (ok) {
        cfg.input = backbone.input;
        cfg.backend = job->cfg->session ? job->cfg->session->backend : NULL;
        ok = as_features_compute(job->dataset, samples, n, &cfg, progress, &features, err) &&
             next_standardise(&features, ret, err);
        *ret_width = features.width;
    }
    as_features_done(&features);
    as_backbone_done(&backbone);
    as_str_done(&text);
    free(model);
    return ok;
}

void as_next_tell(const as_next_job *job, const double *p, as_next *ret)
{
    size_t best = 0;
    double second = 0;
    for (size_t c = 1; c < job->spec->n_classes; c++)
        if (p[c] > p[best])
            best = c;
    for (size_t c = 0; c < job->spec->n_classes; c++)
        if (c != best && p[c] > second)
            second = p[c];
    ret->class = (uint32_t)best;
    ret->p = p[best];
    ret->margin = p[best] - second;
}

static bool next_alike(const as_dataset *dataset, uint32_t a, uint32_t b)
{
    uint64_t x = as_dataset_sample(dataset, a)->difference_hash, y = as_dataset_sample(dataset, b)->difference_hash;
    return x && y && __builtin_popcountll(x ^ y) <= NEXT_ALIKE_BITS;
}

void as_next_spread(as_next_job *job, const as_next *at, size_t n_all)
{
    bool  *taken = calloc(n_all + 1, sizeof *taken);
    size_t k = 0;
    for (size_t i = 0; taken && i < n_all && k < job->n; i++) {
        for (size_t j = 0; j < k && !taken[i]; j++)
            taken[i] = next_alike(job->dataset, at[i].sample, job->chosen[j].sample);
        if (!taken[i])
            job->chosen[k++] = at[i];
        taken[i] = !taken[i];
    }
    for (size_t i = 0; i < n_all && k < job->n; i++)
        if (!taken || !taken[i])
            job->chosen[k++] = at[i];
    free(taken);
}

/* What the first run says of the chosen ones, where the method did not ask it. */
static bool next_tell_all(as_next_job *job, size_t n, const as_progress *progress, as_err *err)
{
    uint32_t *samples = calloc(n + 1, sizeof *samples);
    double   *p = NULL;
    bool      ok = samples || AS_FAIL(err, AS_ENOMEM, "cannot hold %zu samples", n);
    for (size_t i = 0; ok && i < n; i++) {
        samples[i] = job->chosen[i].sample;
        job->chosen[i].p = job->chosen[i].margin = NAN;
    }
    ok = ok && (job->cfg->n_runs == 0 || as_next_probabilities(job, &job->cfg->runs[0], samples, n, progress, &p, err));
    for (size_t i = 0; p && i < n; i++)
        as_next_tell(job, p + i * job->spec->n_classes, &job->chosen[i]);
    free(samples);
    free(p);
    return ok;
}

bool as_next_choose(const as_dataset *dataset, const as_spec *spec, const as_next_cfg *cfg, const as_progress *progress,
                    as_next **ret, size_t *ret_n, size_t *ret_n_candidates, as_err *err)
{
    as_next_job job = {.dataset = dataset, .spec = spec, .cfg = cfg};
    bool        ok = cfg->n_runs >= cfg->method->n_runs ||
              AS_FAIL(err, AS_EINVAL, "method '%s' needs a run with a model", cfg->method->name);
    ok = ok && next_find_candidates(&job, err) && cfg->method->choose(&job, progress, err);
    size_t n = job.n;
    ok = ok && as_next_mix(&job, &n, err) && (job.scored && n == job.n ? ok : next_tell_all(&job, n, progress, err));
    free(job.candidates);
    if (!ok) {
        free(job.chosen);
        return false;
    }
    *ret = job.chosen;
    *ret_n = n;
    *ret_n_candidates = job.n_candidates;
    return true;
}
