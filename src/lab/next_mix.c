/* SPDX-License-Identifier: Apache-2.0 */
/* Samples with a known answer, and such as somebody else labelled, among those that are to be labelled: at places drawn by
 * the seed and who gets them, so that nobody can tell them apart. */
#include <math.h>
#include <string.h>

#include "base/hash.h"
#include "base/rng.h"
#include "lab/next_job.h"

static bool mix_said_by(const as_sample *s, const char *who)
{
    bool said = s->by && strcmp(s->by, who) == 0;
    for (size_t i = 0; i < s->n_votes && !said; i++)
        said = strcmp(s->votes[i].by, who) == 0;
    return said;
}

/* Those that fit, shuffled, into the spare room of candidates, which nobody needs any more. */
static size_t mix_find(as_next_job *job, as_label_state state, as_rng *rng, uint32_t *ret)
{
    size_t n = 0;
    for (size_t i = 0; i < as_dataset_count(job->dataset); i++) {
        const as_sample *s = as_dataset_sample(job->dataset, i);
        if (s->state == state && *s->label && !mix_said_by(s, job->cfg->who))
            ret[n++] = (uint32_t)i;
    }
    as_rng_shuffle_u32(rng, ret, n);
    return n;
}

static void mix_put(as_next_job *job, size_t *n, as_next what, as_rng *rng)
{
    size_t at = (size_t)as_rng_below(rng, *n + 1);
    memmove(&job->chosen[at + 1], &job->chosen[at], (*n - at) * sizeof *job->chosen);
    job->chosen[at] = what;
    ++*n;
}

static bool mix_some(as_next_job *job, size_t want, as_label_state state, size_t *n, as_rng *rng, as_err *err)
{
    bool known = state == AS_LABEL_REVIEWED;
    if (want == 0)
        return true;
    size_t n_found = mix_find(job, state, rng, job->candidates);
    if (n_found < want)
        return AS_FAIL(err, AS_ENOTFOUND, "%zu samples were %s by somebody else than '%s', and %zu are wanted%s",
                       n_found, known ? "reviewed" : "labelled", job->cfg->who, want,
                       known ? " (confirm some with: assay label review)" : "");
    for (size_t i = 0; i < want; i++)
        mix_put(job, n, (as_next){.sample = job->candidates[i], .value = NAN, .is_known = known, .is_again = !known},
                rng);
    return true;
}

bool as_next_mix(as_next_job *job, size_t *n, as_err *err)
{
    const as_next_cfg *cfg = job->cfg;
    if (cfg->n_known == 0 && cfg->n_again == 0)
        return true;
    if (!cfg->who)
        return AS_FAIL(err, AS_EINVAL, "say for whom they are: --by WHO");
    as_rng rng = as_rng_stream(cfg->seed, as_crc32c(0, cfg->who, strlen(cfg->who)));
    return mix_some(job, cfg->n_known, AS_LABEL_REVIEWED, n, &rng, err) &&
           mix_some(job, cfg->n_again, AS_LABEL_GIVEN, n, &rng, err);
}
