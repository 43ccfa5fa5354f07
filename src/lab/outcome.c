/* SPDX-License-Identifier: Apache-2.0 */
#include "lab/outcome.h"

#include <stdlib.h>
#include <string.h>

#include "lab/folds.h"

typedef struct outcome_frame {
    const char *part;  /* name of the group's first; "" without a dataset */
    uint32_t    group; /* the first that it is one part with: index into scored[] */
    size_t      i;     /* index into scored[] */
} outcome_frame;

typedef struct outcome_job {
    const as_spec   *spec;
    const as_scored *scored;
    as_policy        policy;
    uint32_t         classes[AS_SPEC_MAX_CLASSES]; /* of each model label */
} outcome_job;

static int outcome_order(const void *a, const void *b)
{
    const outcome_frame *x = a, *y = b;
    int                  names = strcmp(x->part, y->part);
    if (names)
        return names;
    if (x->group != y->group)
        return x->group < y->group ? -1 : 1;
    return x->i < y->i ? -1 : x->i > y->i;
}

/* Frames of one part, and copies of one picture under several names, are no independent parts. */
static bool outcome_group(const as_dataset *dataset, const as_scored *scored, size_t n, outcome_frame *frames,
                          as_err *err)
{
    uint32_t *samples = calloc(n + 1, sizeof *samples), *groups = calloc(n + 1, sizeof *groups);
    bool      ok = samples && groups;
    if (!ok)
        AS_FAIL(err, AS_ENOMEM, "cannot group %zu pictures", n);
    for (size_t i = 0; ok && i < n; i++) {
        samples[i] = (uint32_t)scored[i].sample;
        groups[i] = (uint32_t)i;
    }
    ok = ok && (!dataset || as_folds_group(dataset, samples, n, groups, err));
    for (size_t i = 0; ok && i < n; i++)
        frames[i] = (outcome_frame){dataset ? as_dataset_sample(dataset, samples[groups[i]])->part : "", groups[i], i};
    free(samples);
    free(groups);
    return ok;
}

static int outcome_badness(as_verdict verdict)
{
    return verdict == AS_VERDICT_REJECT ? 2 : verdict == AS_VERDICT_REVIEW ? 1 : 0;
}

static as_outcome outcome_of_frame(const outcome_job *job, size_t i, uint32_t part)
{
    const as_scored *scored = &job->scored[i];
    const as_scores *scores = &scored->scores;
    as_reason        reason;
    as_outcome       outcome = {.truth = scored->truth,
                                .found = job->classes[scores->best],
                                .part = part,
                                .scored = i,
                                .reject_score = as_policy_reject_score(&job->policy, scores),
                                .confidence = (double)scores->p[scores->best],
                                .found_review = job->policy.verdict[scores->best] == AS_VERDICT_REVIEW,
                                .truth_verdict = job->spec->classes[scored->truth].verdict,
                                .verdict = as_policy_verdict(&job->policy, scores, &reason)};
    for (uint32_t k = 0; k < scores->n; k++) {
        double off = (double)scores->p[k] - (job->classes[k] == scored->truth ? 1 : 0);
        outcome.brier += off * off;
    }
    return outcome;
}

/* The sum of squares of the frame that speaks, against the part's truth. */
static double outcome_brier(const outcome_job *job, const as_outcome *outcome)
{
    const as_scores *scores = &job->scored[outcome->scored].scores;
    double           sum = 0;
    for (uint32_t k = 0; k < scores->n; k++) {
        double off = (double)scores->p[k] - (job->classes[k] == outcome->truth ? 1 : 0);
        sum += off * off;
    }
    return sum;
}

static as_outcome outcome_of_part(const outcome_job *job, const outcome_frame *frames, size_t n, uint32_t part)
{
    as_outcome worst = outcome_of_frame(job, frames[0].i, part);
    uint32_t   truth = worst.truth;
    for (size_t i = 1; i < n; i++) {
        as_outcome one = outcome_of_frame(job, frames[i].i, part);
        if (outcome_badness(one.truth_verdict) > outcome_badness(job->spec->classes[truth].verdict))
            truth = one.truth;
        if (one.reject_score > worst.reject_score)
            worst = one;
    }
    worst.truth = truth;
    worst.truth_verdict = job->spec->classes[truth].verdict;
    worst.brier = outcome_brier(job, &worst);
    return worst;
}

static bool outcome_job_make(outcome_job *job, const as_spec *spec, const as_model_info *info,
                             const as_operating_point *point, const as_scored *scored, as_err *err)
{
    *job = (outcome_job){.spec = spec, .scored = scored};
    if (!as_policy_make(spec, info, point, &job->policy, err))
        return false;
    for (size_t i = 0; i < info->n_labels; i++)
        job->classes[i] = (uint32_t)as_spec_class(spec, info->labels[i]);
    return true;
}

bool as_outcomes_make(const as_dataset *dataset, const as_spec *spec, const as_model_info *info,
                      const as_operating_point *point, const as_scored *scored, size_t n, as_per per, as_outcome **ret,
                      size_t *ret_n, as_err *err)
{
    outcome_job job;
    size_t      n_out = 0;
    uint32_t    part = 0;
    if (!outcome_job_make(&job, spec, info, point, scored, err))
        return false;
    as_outcome    *out = calloc(n + 1, sizeof *out);
    outcome_frame *frames = calloc(n + 1, sizeof *frames);
    bool           ok = out && frames;
    if (!ok)
        AS_FAIL(err, AS_ENOMEM, "cannot hold what was found in %zu pictures", n);
    if (!ok || !outcome_group(dataset, scored, n, frames, err)) {
        free(out);
        free(frames);
        return false;
    }
    qsort(frames, n, sizeof *frames, outcome_order);
    for (size_t i = 0, end; i < n; i = end, part++) {
        for (end = i + 1; end < n && frames[end].group == frames[i].group;)
            end++;
        if (per == AS_PER_FRAME)
            for (size_t k = i; k < end; k++)
                out[frames[k].i] = outcome_of_frame(&job, frames[k].i, part);
        else
            out[n_out++] = outcome_of_part(&job, &frames[i], end - i, part);
    }
    free(frames);
    *ret = out;
    *ret_n = per == AS_PER_FRAME ? n : n_out;
    return true;
}
