/* SPDX-License-Identifier: Apache-2.0 */
#include "lab/next.h"

#include <stdlib.h>
#include <string.h>

#include "base/rng.h"

#define NEXT_ALIKE_BITS 6 /* of the 64 of two difference hashes: so near are two pictures of one thing */

typedef struct next_job {
    const as_dataset *dataset;
    const as_spec    *spec;
    uint32_t         *candidates;
    size_t            n;
    as_next          *at; /* of each candidate */
} next_job;

static const char *const next_names[AS_NEXT_COUNT] = {"none", "uncertain", "random"};

const char *as_next_name(as_next_by by)
{
    return next_names[(unsigned)by < AS_NEXT_COUNT ? by : AS_NEXT_NONE];
}

as_next_by as_next_parse(const char *name)
{
    for (int i = AS_NEXT_UNCERTAIN; i < AS_NEXT_COUNT; i++)
        if (strcmp(name, next_names[i]) == 0)
            return (as_next_by)i;
    return AS_NEXT_NONE;
}

static bool next_find_candidates(next_job *job, as_err *err)
{
    size_t n = as_dataset_count(job->dataset);
    job->candidates = calloc(n + 1, sizeof *job->candidates);
    if (!job->candidates)
        return AS_FAIL(err, AS_ENOMEM, "cannot hold %zu samples", n);
    for (size_t i = 0; i < n; i++) {
        const as_sample *s = as_dataset_sample(job->dataset, i);
        bool             judges = s->split == AS_SPLIT_TEST || s->split == AS_SPLIT_VALIDATION;
        if (s->state < AS_LABEL_GIVEN && !judges)
            job->candidates[job->n++] = (uint32_t)i;
    }
    return job->n || AS_FAIL(err, AS_ENOTFOUND, "every sample is labelled, or is in the test or validation split");
}

static as_next next_of(const next_job *job, const as_model_info *info, const as_scored *scored)
{
    const as_scores *s = &scored->scores;
    double           second = 0;
    int class = as_spec_class(job->spec, info->labels[s->best]);
    for (uint32_t k = 0; k < s->n; k++)
        if (k != s->best && (double)s->p[k] > second)
            second = (double)s->p[k];
    return (as_next){.sample = scored->sample,
                     .class = class < 0 ? 0 : (uint32_t) class,
                     .p = (double)s->p[s->best],
                     .margin = (double)s->p[s->best] - second};
}

static bool next_score(next_job *job, const as_run *run, const as_session_cfg *cfg, const as_progress *progress,
                       as_err *err)
{
    uint8_t      *model = NULL;
    size_t        n_model = 0, n = 0;
    as_scored    *scored = NULL;
    as_model_info info;
    as_graph     *graph = NULL;
    bool          ok = as_run_read_model(run, &model, &n_model, err) &&
              (graph = as_graph_parse(model, n_model, run->id, err)) != NULL && as_model_info_read(graph, &info, err) &&
              as_score_samples(job->dataset, job->candidates, job->n, "looking at pictures", model, n_model, run->id,
                               cfg, progress, &scored, err);
    n = ok ? job->n : 0;
    for (size_t i = 0; i < n; i++)
        job->at[i] = next_of(job, &info, &scored[i]);
    free(scored);
    as_graph_free(graph);
    free(model);
    return ok;
}

static int next_compare(const void *a, const void *b)
{
    const as_next *x = a, *y = b;
    return x->margin != y->margin ? (x->margin > y->margin) - (x->margin < y->margin)
                                  : (x->sample > y->sample) - (x->sample < y->sample);
}

static bool next_alike(const as_dataset *dataset, uint32_t a, uint32_t b)
{
    uint64_t x = as_dataset_sample(dataset, a)->difference_hash, y = as_dataset_sample(dataset, b)->difference_hash;
    return x && y && __builtin_popcountll(x ^ y) <= NEXT_ALIKE_BITS;
}

/* The first n of `at` in its order; those that look like one before come last. */
static void next_spread(next_job *job, as_next *chosen, size_t n)
{
    bool  *taken = calloc(job->n, sizeof *taken);
    size_t k = 0;
    for (size_t i = 0; taken && i < job->n && k < n; i++) {
        for (size_t j = 0; j < k && !taken[i]; j++)
            taken[i] = next_alike(job->dataset, job->at[i].sample, chosen[j].sample);
        if (!taken[i])
            chosen[k++] = job->at[i];
        taken[i] = !taken[i];
    }
    for (size_t i = 0; i < job->n && k < n; i++)
        if (!taken || !taken[i])
            chosen[k++] = job->at[i];
    free(taken);
}

bool as_next_choose(const as_dataset *dataset, const as_spec *spec, const as_run *run, as_next_by by, size_t n,
                    uint64_t seed, const as_session_cfg *cfg, const as_progress *progress, as_next **ret, size_t *ret_n,
                    size_t *ret_n_candidates, as_err *err)
{
    next_job job = {.dataset = dataset, .spec = spec};
    as_rng   rng = as_rng_new(seed);
    as_next *chosen = NULL;
    bool     ok = next_find_candidates(&job, err);
    n = AS_MIN(n, job.n);
    if (ok && by == AS_NEXT_RANDOM) {
        as_rng_shuffle_u32(&rng, job.candidates, job.n);
        *ret_n_candidates = job.n;
        job.n = n; /* the others need no look */
    }
    if (ok) {
        job.at = calloc(job.n + 1, sizeof *job.at);
        chosen = calloc(n + 1, sizeof *chosen);
        ok = (job.at && chosen) || AS_FAIL(err, AS_ENOMEM, "cannot hold %zu samples", job.n);
    }
    ok = ok && next_score(&job, run, cfg, progress, err);
    if (ok && by == AS_NEXT_RANDOM) {
        memcpy(chosen, job.at, n * sizeof *chosen);
    } else if (ok) {
        qsort(job.at, job.n, sizeof *job.at, next_compare);
        next_spread(&job, chosen, n);
        *ret_n_candidates = job.n;
    }
    free(job.candidates);
    free(job.at);
    if (!ok) {
        free(chosen);
        return false;
    }
    *ret = chosen;
    *ret_n = n;
    return true;
}
