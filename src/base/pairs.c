/* SPDX-License-Identifier: Apache-2.0 */
#include "base/pairs.h"

#include <math.h>
#include <stdlib.h>

enum { PAIRS_MIN_CALLS = 5, PAIRS_MAX_CALLS = 100000, PAIRS_MAX_KEPT = 20000000 };

typedef struct pairs_job {
    const as_pairs_cfg *cfg;
    as_pairs_block      block;
    void               *ctx;
    as_pairs            result;
    double             *times; /* of the calls of one block */
} pairs_job;

static int pairs_order(const void *a, const void *b)
{
    const double x = *(const double *)a, y = *(const double *)b;
    return (x > y) - (x < y);
}

static double pairs_quantile_sorted(const double *values, size_t n, double q)
{
    const double at = q * (double)(n - 1);
    const size_t i = (size_t)at;
    return i + 1 < n ? values[i] + (at - (double)i) * (values[i + 1] - values[i]) : values[n - 1];
}

double as_quantile_of(double *values, size_t n, double q)
{
    qsort(values, n, sizeof *values, pairs_order);
    return pairs_quantile_sorted(values, n, q);
}

as_band as_band_of(double *values, size_t n)
{
    qsort(values, n, sizeof *values, pairs_order);
    return (as_band){pairs_quantile_sorted(values, n, 0.1), pairs_quantile_sorted(values, n, 0.5),
                     pairs_quantile_sorted(values, n, 0.9)};
}

/* A side for a while, until caches, branch predictors and clocks are as they stay; *ret_ns is its fastest call. */
static bool pairs_warm(pairs_job *job, int side, double *ret_ns, as_err *err)
{
    const as_ns  start = job->cfg->now();
    as_ns        now = start;
    double       fastest = INFINITY;
    const size_t least = job->cfg->calls ? 1 : 2;
    for (size_t calls = 0; (now - start < job->cfg->warm_ns || calls < least) && calls < (size_t)PAIRS_MAX_CALLS * 100;
         calls++) {
        double ns;
        if (!as_progress_go_on(job->cfg->progress, err) || !job->block(job->ctx, side, calls, 1, &ns, err))
            return false;
        now = job->cfg->now();
        fastest = fmin(fastest, ns);
    }
    *ret_ns = fastest;
    return true;
}

static bool pairs_calibrate(pairs_job *job, as_err *err)
{
    const as_pairs_cfg *cfg = job->cfg;
    double              slowest = 1.0;
    for (int side = 0; side < (int)cfg->n_sides; side++) {
        double ns;
        if (!pairs_warm(job, side, &ns, err))
            return false;
        slowest = fmax(slowest, ns);
    }
    const double fill = (double)cfg->block_ns / slowest;
    const double least = cfg->least_calls ? (double)cfg->least_calls : PAIRS_MIN_CALLS;
    as_pairs    *r = &job->result;
    r->calls = cfg->calls ? cfg->calls : (size_t)fmin(fmax(fill, least), PAIRS_MAX_CALLS);
    if (cfg->keep && r->calls * cfg->pairs > PAIRS_MAX_KEPT)
        r->calls = AS_MAX(PAIRS_MAX_KEPT / cfg->pairs, 1u);
    job->times = calloc(r->calls, sizeof *job->times);
    bool ok = job->times != NULL;
    for (size_t side = 0; ok && cfg->keep && side < cfg->n_sides; side++)
        ok = (r->times[side] = calloc(r->calls * cfg->pairs, sizeof(double))) != NULL;
    return ok || AS_FAIL(err, AS_ENOMEM, "no memory for the times of %zu calls", r->calls * cfg->pairs);
}

static bool pairs_block_of(pairs_job *job, int side, size_t first, as_pair *pair, as_err *err)
{
    const size_t calls = job->result.calls;
    double       sum = 0.0;
    if (!as_progress_go_on(job->cfg->progress, err) || !job->block(job->ctx, side, first, calls, job->times, err))
        return false;
    for (size_t i = 0; i < calls; i++) {
        sum += job->times[i];
        if (job->result.times[side])
            job->result.times[side][first + i] = job->times[i];
    }
    pair->mean_ns[side] = sum / (double)calls;
    pair->median_ns[side] = as_quantile_of(job->times, calls, 0.5);
    pair->worst_ns[side] = job->times[calls - 1];
    return pair->median_ns[side] > 0.0 || AS_FAIL(err, AS_EINTERNAL, "a call is too short for the clock");
}

static bool pairs_measure(pairs_job *job, as_err *err)
{
    const int n_sides = (int)job->cfg->n_sides;
    for (size_t i = 0; i < job->cfg->pairs; i++) {
        as_pair *pair = &job->result.at[i];
        pair->swapped = n_sides == 2 && i % 2 == 1;
        for (int k = 0; k < n_sides; k++)
            if (!pairs_block_of(job, pair->swapped ? 1 - k : k, i * job->result.calls, pair, err))
                return false;
        pair->ratio = n_sides == 2 ? pair->median_ns[1] / pair->median_ns[0] : NAN;
        job->result.n++;
        as_progress_step(job->cfg->progress, "measuring", i + 1, job->cfg->pairs);
    }
    return true;
}

static bool pairs_summary(pairs_job *job, as_err *err)
{
    as_pairs *r = &job->result;
    double   *values = calloc(r->n, sizeof *values);
    if (!values)
        return AS_FAIL(err, AS_ENOMEM, "no memory for %zu pairs", r->n);
    for (size_t i = 0; i < r->n; i++)
        values[i] = r->at[i].ratio;
    r->ratio = job->cfg->n_sides == 2 ? as_band_of(values, r->n) : (as_band){NAN, NAN, NAN};
    for (size_t side = 0; side < job->cfg->n_sides; side++) {
        for (size_t i = 0; i < r->n; i++)
            values[i] = r->at[i].median_ns[side];
        r->ns[side] = as_band_of(values, r->n);
    }
    free(values);
    return true;
}

bool as_pairs_run(const as_pairs_cfg *cfg, as_pairs_block block, void *ctx, as_pairs *ret, as_err *err)
{
    if (cfg->pairs < 1 || cfg->pairs > AS_PAIRS_MAX)
        return AS_FAIL(err, AS_EINVAL, "%zu pairs: 1 to %d are possible", cfg->pairs, AS_PAIRS_MAX);
    if (cfg->n_sides < 1 || cfg->n_sides > 2)
        return AS_FAIL(err, AS_EINVAL, "%zu sides: 1 or 2 are possible", cfg->n_sides);
    pairs_job job = {.cfg = cfg, .block = block, .ctx = ctx};
    job.result.at = calloc(cfg->pairs, sizeof *job.result.at);
    bool ok = job.result.at || AS_FAIL(err, AS_ENOMEM, "no memory for %zu pairs", cfg->pairs);
    ok = ok && pairs_calibrate(&job, err) && pairs_measure(&job, err) && pairs_summary(&job, err);
    free(job.times);
    if (ok)
        *ret = job.result;
    else
        as_pairs_done(&job.result);
    return ok;
}

void as_pairs_done(as_pairs *pairs)
{
    free(pairs->at);
    free(pairs->times[0]);
    free(pairs->times[1]);
    *pairs = (as_pairs){0};
}
