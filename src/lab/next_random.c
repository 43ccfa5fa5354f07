/* SPDX-License-Identifier: Apache-2.0 */
/* What every other method must beat; and the way to begin, before there is a model. */
#include <math.h>

#include "base/rng.h"
#include "lab/next_job.h"

static bool random_choose(as_next_job *job, const as_progress *progress, as_err *err)
{
    as_rng rng = as_rng_new(job->cfg->seed);
    (void)progress;
    (void)err;
    as_rng_shuffle_u32(&rng, job->candidates, job->n_candidates);
    for (size_t i = 0; i < job->n; i++)
        job->chosen[i] = (as_next){.sample = job->candidates[i], .value = NAN};
    return true;
}

const as_next_method as_next_random = {
    .name = "random",
    .summary = "any, by --seed; needs no model",
    .choose = random_choose,
};
