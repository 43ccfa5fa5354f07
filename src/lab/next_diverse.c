/* SPDX-License-Identifier: Apache-2.0 */
/* Each as far as can be from all that is labelled or chosen already: greedy k-centres (Gonzalez, Theor. Comp. Sci. 38, 1985;
 * for labels Sener and Savarese, ICLR 2018), Euclidean distance between a network's features. The same data give the same
 * choice; of equals the first. */
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "base/thread.h"
#include "lab/next_job.h"

#define DIVERSE_BLOCK 64 /* candidates a task */

typedef struct diverse {
    const double *x; /* candidates, then the labelled */
    const double *centre;
    double       *nearest; /* of each candidate: squared distance to the nearest centre */
    size_t        n;
    uint32_t      width;
} diverse;

static bool diverse_block(void *ctx, size_t block, as_err *err)
{
    diverse *d = ctx;
    size_t   end = AS_MIN((block + 1) * DIVERSE_BLOCK, d->n);
    (void)err;
    for (size_t i = block * DIVERSE_BLOCK; i < end; i++) {
        const double *row = d->x + i * d->width;
        double        sum = 0;
        for (uint32_t f = 0; f < d->width && sum < d->nearest[i]; f++)
            sum += (row[f] - d->centre[f]) * (row[f] - d->centre[f]);
        d->nearest[i] = fmin(d->nearest[i], sum);
    }
    return true;
}

static bool diverse_centre(diverse *d, size_t row, as_err *err)
{
    d->centre = d->x + row * d->width;
    return as_thread_for((d->n + DIVERSE_BLOCK - 1) / DIVERSE_BLOCK, 0, diverse_block, d, err);
}

static bool diverse_run(as_next_job *job, diverse *d, size_t n_labelled, const as_progress *progress, as_err *err)
{
    bool ok = true;
    for (size_t i = 0; i < d->n; i++)
        d->nearest[i] = INFINITY;
    for (size_t i = 0; ok && i < n_labelled; i++)
        ok = diverse_centre(d, d->n + i, err);
    for (size_t k = 0; ok && k < job->n; k++) {
        size_t far = 0;
        for (size_t i = 1; i < d->n; i++)
            if (d->nearest[i] > d->nearest[far])
                far = i;
        job->chosen[k].sample = job->candidates[far];
        job->chosen[k].value = isinf(d->nearest[far]) ? NAN : sqrt(d->nearest[far] / d->width);
        ok = diverse_centre(d, far, err);
        d->nearest[far] = -1; /* not again, though it have a twin */
        as_progress_step(progress, "choosing what is far apart", k + 1, job->n);
    }
    return ok;
}

static bool diverse_choose(as_next_job *job, const as_progress *progress, as_err *err)
{
    size_t    n_labelled = 0, n = job->n_candidates;
    uint32_t *labelled = NULL, *labels = NULL, *all = NULL;
    double   *x = NULL;
    diverse   d = {.n = n};
    bool      ok = as_next_labelled(job, &labelled, &labels, &n_labelled, err);
    all = ok ? calloc(n + n_labelled + 1, sizeof *all) : NULL;
    d.nearest = calloc(n + 1, sizeof *d.nearest);
    if (ok && (!all || !d.nearest))
        ok = AS_FAIL(err, AS_ENOMEM, "cannot hold %zu samples", n);
    if (ok) {
        memcpy(all, job->candidates, n * sizeof *all);
        memcpy(all + n, labelled, n_labelled * sizeof *all);
        ok = as_next_features(job, all, n + n_labelled, progress, &x, &d.width, err);
    }
    d.x = x;
    ok = ok && diverse_run(job, &d, n_labelled, progress, err);
    free(labelled);
    free(labels);
    free(all);
    free(d.nearest);
    free(x);
    return ok;
}

const as_next_method as_next_diverse = {
    .name = "diverse",
    .summary = "what looks least like anything labelled or chosen before, by a network's features",
    .measure = "distance",
    .n_runs = 1,
    .choose = diverse_choose,
};
