/* SPDX-License-Identifier: Apache-2.0 */
/* The least difference between the two likeliest classes (margin sampling: Scheffer, Decomain and Wrobel 2001), and none that
 * looks like one chosen before it. */
#include <stdlib.h>

#include "lab/next_job.h"

static int uncertain_compare(const void *a, const void *b)
{
    const as_next *x = a, *y = b;
    return x->margin != y->margin ? (x->margin > y->margin) - (x->margin < y->margin)
                                  : (x->sample > y->sample) - (x->sample < y->sample);
}

static bool uncertain_choose(as_next_job *job, const as_progress *progress, as_err *err)
{
    double  *p = NULL;
    size_t   n = job->n_candidates;
    as_next *at = calloc(n + 1, sizeof *at);
    bool     ok = (at || AS_FAIL(err, AS_ENOMEM, "cannot hold %zu samples", n)) &&
              as_next_probabilities(job, &job->cfg->runs[0], job->candidates, n, progress, &p, err);
    for (size_t i = 0; ok && i < n; i++) {
        at[i].sample = job->candidates[i];
        as_next_tell(job, p + i * job->spec->n_classes, &at[i]);
        at[i].value = at[i].margin;
    }
    if (ok) {
        qsort(at, n, sizeof *at, uncertain_compare);
        as_next_spread(job, at, n);
        job->scored = true;
    }
    free(at);
    free(p);
    return ok;
}

const as_next_method as_next_uncertain = {
    .name = "uncertain",
    .summary = "where the two likeliest classes are nearest to each other",
    .measure = "margin",
    .n_runs = 1,
    .choose = uncertain_choose,
};
