/* SPDX-License-Identifier: Apache-2.0 */
/* Where a committee disagrees (Seung, Opper and Sompolinsky 1992): its members are the runs that were named, or, with one,
 * heads fitted to resamples of the labelled samples on that run's features (query by bagging: Abe and Mamitsuka 1998). By
 * how much: the members' mean Kullback-Leibler divergence to their mean (McCallum and Nigam, ICML 1998), in nats. */
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "base/rng.h"
#include "base/thread.h"
#include "lab/logistic.h"
#include "lab/next_job.h"

#define COMMITTEE    8
#define COMMITTEE_L2 0.01

typedef struct committee {
    as_next_job    *job;
    size_t          n_members, n_labelled;
    double        **said; /* of each member: probabilities of each candidate */
    const double   *x;    /* candidates, then the labelled */
    uint32_t        width;
    const uint32_t *labels; /* of the labelled */
} committee;

static double committee_divergence(const committee *c, size_t i, double *mean)
{
    size_t n_classes = c->job->spec->n_classes;
    double sum = 0;
    memset(mean, 0, n_classes * sizeof *mean);
    for (size_t m = 0; m < c->n_members; m++)
        for (size_t k = 0; k < n_classes; k++)
            mean[k] += c->said[m][i * n_classes + k] / (double)c->n_members;
    for (size_t m = 0; m < c->n_members; m++)
        for (size_t k = 0; k < n_classes; k++) {
            double p = c->said[m][i * n_classes + k];
            sum += p > 0 ? p * log(p / mean[k]) : 0;
        }
    return fmax(sum / (double)c->n_members, 0);
}

/* As many rows of each class as there are, with replacement: no class goes missing. */
static void committee_resample(const committee *c, as_rng *rng, uint32_t *rows)
{
    size_t    n = c->n_labelled, at = 0;
    uint32_t *mine = rows + n;
    for (uint32_t k = 0; k < c->job->spec->n_classes; k++) {
        size_t n_mine = 0;
        for (uint32_t i = 0; i < n; i++)
            if (c->labels[i] == k)
                mine[n_mine++] = i;
        for (size_t i = 0; i < n_mine; i++)
            rows[at++] = mine[as_rng_below(rng, n_mine)];
    }
}

static bool committee_member(void *ctx, size_t m, as_err *err)
{
    committee       *c = ctx;
    as_rng           rng = as_rng_stream(c->job->cfg->seed, m);
    uint32_t         n_classes = (uint32_t)c->job->spec->n_classes;
    size_t           n = c->n_labelled, n_candidates = c->job->n_candidates;
    uint32_t        *rows = calloc(2 * n + 1, sizeof *rows);
    double          *weights = calloc(n + 1, sizeof *weights);
    as_logistic      member = {0};
    as_logistic_data data = {.n_features = c->width,
                             .n_classes = n_classes,
                             .x = c->x + n_candidates * c->width,
                             .labels = c->labels,
                             .weights = weights,
                             .rows = rows,
                             .n_rows = n};
    c->said[m] = calloc(n_candidates * n_classes + 1, sizeof(double));
    bool ok = (rows && weights && c->said[m]) || AS_FAIL(err, AS_ENOMEM, "cannot hold a committee");
    if (ok) {
        committee_resample(c, &rng, rows);
        as_logistic_balance(c->labels, n, n_classes, weights);
        ok = as_logistic_fit(&data, COMMITTEE_L2, NULL, NULL, &member, err);
    }
    for (size_t i = 0; ok && i < n_candidates; i++)
        as_logistic_predict(&member, c->x + i * c->width, c->said[m] + i * n_classes);
    as_logistic_done(&member);
    free(rows);
    free(weights);
    return ok;
}

static bool committee_heads(committee *c, const as_progress *progress, as_err *err)
{
    as_next_job *job = c->job;
    size_t       n = job->n_candidates;
    uint32_t    *labelled = NULL, *labels = NULL, *all = NULL;
    double      *x = NULL;
    bool         ok = as_next_labelled(job, &labelled, &labels, &c->n_labelled, err);
    if (ok && c->n_labelled == 0)
        ok = AS_FAIL(err, AS_EINVAL, "no training sample is labelled: begin with --method random");
    all = ok ? calloc(n + c->n_labelled + 1, sizeof *all) : NULL;
    if (ok && !all)
        ok = AS_FAIL(err, AS_ENOMEM, "cannot hold %zu samples", n);
    if (ok) {
        memcpy(all, job->candidates, n * sizeof *all);
        memcpy(all + n, labelled, c->n_labelled * sizeof *all);
        ok = as_next_features(job, all, n + c->n_labelled, progress, &x, &c->width, err);
    }
    c->x = x;
    c->labels = labels;
    ok = ok && as_thread_for(c->n_members, 0, committee_member, c, err);
    free(labelled);
    free(labels);
    free(all);
    free(x);
    return ok;
}

static bool committee_runs(committee *c, const as_progress *progress, as_err *err)
{
    bool ok = true;
    for (size_t m = 0; ok && m < c->n_members; m++)
        ok = as_next_probabilities(c->job, &c->job->cfg->runs[m], c->job->candidates, c->job->n_candidates, progress,
                                   &c->said[m], err);
    return ok;
}

static int committee_compare(const void *a, const void *b)
{
    const as_next *x = a, *y = b;
    return x->value != y->value ? (x->value < y->value) - (x->value > y->value)
                                : (x->sample > y->sample) - (x->sample < y->sample);
}

static bool committee_rank(committee *c, as_err *err)
{
    as_next_job *job = c->job;
    size_t       n = job->n_candidates;
    double       mean[AS_SPEC_MAX_CLASSES];
    as_next     *at = calloc(n + 1, sizeof *at);
    if (!at)
        return AS_FAIL(err, AS_ENOMEM, "cannot hold %zu samples", n);
    for (size_t i = 0; i < n; i++) {
        at[i].sample = job->candidates[i];
        at[i].value = committee_divergence(c, i, mean);
    }
    qsort(at, n, sizeof *at, committee_compare);
    as_next_spread(job, at, n);
    free(at);
    return true;
}

static bool disagreement_choose(as_next_job *job, const as_progress *progress, as_err *err)
{
    bool      runs = job->cfg->n_runs > 1;
    committee c = {.job = job, .n_members = runs ? job->cfg->n_runs : COMMITTEE};
    c.said = calloc(c.n_members, sizeof *c.said);
    bool ok = (c.said || AS_FAIL(err, AS_ENOMEM, "cannot hold a committee")) &&
              (runs ? committee_runs(&c, progress, err) : committee_heads(&c, progress, err)) &&
              committee_rank(&c, err);
    for (size_t m = 0; c.said && m < c.n_members; m++)
        free(c.said[m]);
    free(c.said);
    return ok;
}

const as_next_method as_next_disagreement = {
    .name = "disagreement",
    .summary = "where two runs (--run, twice) or, of one, heads fitted to resamples say different things",
    .measure = "divergence",
    .n_runs = 1,
    .choose = disagreement_choose,
};
