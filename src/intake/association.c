/* SPDX-License-Identifier: Apache-2.0 */
#include "intake/association.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "base/rng.h"

typedef struct association_job {
    size_t    n;
    uint32_t *labels, *values; /* of the samples used */
    uint32_t *cells;           /* counts by value and label, zero between uses */
    double   *xlogx;           /* [0, n] */
    uint32_t  n_labels, n_values;
} association_job;

/* Sum of c log c over the counts of a column, or over the cells when other is given. */
static double association_sum(const association_job *job, const uint32_t *of, const uint32_t *other, uint32_t n_other)
{
    double sum = 0;
    for (size_t i = 0; i < job->n; i++)
        job->cells[(size_t)of[i] * n_other + (other ? other[i] : 0)]++;
    for (size_t i = 0; i < job->n; i++) {
        uint32_t *cell = &job->cells[(size_t)of[i] * n_other + (other ? other[i] : 0)];
        sum += job->xlogx[*cell];
        *cell = 0;
    }
    return sum;
}

static void association_measure(association_job *job, uint64_t seed, as_association *ret)
{
    /* I = (S(l,v) - S(l) - S(v)) / n + log n and H = log n - S(l) / n, with S the sum of c log c. */
    double n = (double)job->n, by_label = association_sum(job, job->labels, NULL, 1);
    double by_value = association_sum(job, job->values, NULL, 1), entropy = log(n) - by_label / n;
    double both = association_sum(job, job->values, job->labels, job->n_labels);
    double rest = log(n) - (by_label + by_value) / n, said = both / n + rest, mean = 0;
    size_t n_more = 0;
    as_rng rng = as_rng_new(seed);
    for (int k = 0; k < AS_ASSOCIATION_SHUFFLES; k++) {
        as_rng_shuffle_u32(&rng, job->labels, job->n);
        double shuffled = association_sum(job, job->values, job->labels, job->n_labels) / n + rest;
        mean += shuffled / AS_ASSOCIATION_SHUFFLES;
        n_more += shuffled >= said - 1e-9;
    }
    ret->n = job->n;
    ret->p = (1.0 + (double)n_more) / (1.0 + AS_ASSOCIATION_SHUFFLES);
    if (entropy < 1e-9)
        return;
    ret->uncertainty = AS_MIN(AS_MAX(said / entropy, 0.0), 1.0);
    ret->adjusted = entropy - mean > 1e-9 ? AS_MAX((said - mean) / (entropy - mean), 0.0) : 0;
}

bool as_association_of(const uint32_t *labels, uint32_t n_labels, const uint32_t *values, uint32_t n_values, size_t n,
                       uint64_t seed, as_association *ret, as_err *err)
{
    association_job job = {
        .n = AS_MIN(n, (size_t)AS_ASSOCIATION_MAX_SAMPLES), .n_labels = n_labels, .n_values = n_values};
    *ret = (as_association){.p = 1};
    if (n < 2 || n_labels < 2 || n_values < 2)
        return true;
    size_t n_cells = 0;
    if (__builtin_mul_overflow((size_t)n_labels, (size_t)n_values, &n_cells))
        return AS_FAIL(err, AS_ELIMIT, "%u classes and %u values are too many", n_labels, n_values);
    job.labels = calloc(job.n, sizeof *job.labels);
    job.values = calloc(job.n, sizeof *job.values);
    job.cells = calloc(n_cells, sizeof *job.cells);
    job.xlogx = calloc(job.n + 1, sizeof *job.xlogx);
    bool ok = job.labels && job.values && job.cells && job.xlogx;
    if (ok) {
        for (size_t i = 0; i < job.n; i++) {
            size_t at = (size_t)((double)i * ((double)n / (double)job.n));
            job.labels[i] = labels[at];
            job.values[i] = values[at];
        }
        for (size_t c = 2; c <= job.n; c++)
            job.xlogx[c] = (double)c * log((double)c);
        association_measure(&job, seed, ret);
    } else {
        AS_FAIL(err, AS_ENOMEM, "not enough memory to compare %zu samples", n);
    }
    free(job.labels);
    free(job.values);
    free(job.cells);
    free(job.xlogx);
    return ok;
}
