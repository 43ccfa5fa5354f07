/* SPDX-License-Identifier: Apache-2.0 */
#include "lab/score.h"

#include <stdlib.h>

#include "lab/lanes.h"

typedef struct score_job {
    const as_dataset *dataset;
    const uint32_t   *indices;
    const uint8_t    *model;
    size_t            n_model;
    const char       *name;
    as_session_cfg    cfg;
    as_scored        *out;
} score_job;

static void *score_open(void *ctx, as_err *err)
{
    const score_job *job = ctx;
    return as_classifier_open(job->model, job->n_model, job->name, &job->cfg, err);
}

static void score_close(void *ctx, void *tools)
{
    (void)ctx;
    as_classifier_close(tools);
}

static bool score_one(void *ctx, void *tools, size_t i, as_err *err)
{
    score_job *job = ctx;
    as_image   image = {0};
    uint32_t   sample = job->indices[i];
    job->out[i].sample = sample;
    job->out[i].truth = as_dataset_class(job->dataset, sample);
    bool ok = as_dataset_decode(job->dataset, sample, &image, err) &&
              (as_classifier_run(tools, &image, &job->out[i].scores, err) ||
               as_err_note(err, "picture '%s'", as_dataset_sample(job->dataset, sample)->name));
    as_image_done(&image);
    return ok;
}

bool as_score_samples(const as_dataset *dataset, const uint32_t *indices, size_t n, const char *what,
                      const uint8_t *model, size_t n_model, const char *model_name, const as_session_cfg *cfg,
                      const as_progress *progress, as_scored **ret, as_err *err)
{
    score_job job = {.dataset = dataset, .indices = indices, .model = model, .n_model = n_model, .name = model_name};
    job.cfg = cfg ? *cfg : (as_session_cfg){0};
    /* One thread a session, so that its sums do not depend on how many there are. */
    as_lanes lanes = {.n = n,
                      .threads = job.cfg.threads,
                      .what = what,
                      .ctx = &job,
                      .open = score_open,
                      .item = score_one,
                      .close = score_close};
    job.cfg.threads = 1;
    job.out = calloc(n + 1, sizeof *job.out);
    if (!job.out)
        return AS_FAIL(err, AS_ENOMEM, "cannot hold the scores of %zu pictures", n);
    if (!as_lanes_run(&lanes, progress, err)) {
        free(job.out);
        return false;
    }
    *ret = job.out;
    return true;
}

bool as_score_split(const as_dataset *dataset, const as_split split, const uint8_t *model, size_t n_model,
                    const char *model_name, const as_session_cfg *cfg, const as_progress *progress, as_scored **ret,
                    size_t *ret_n, as_err *err)
{
    size_t          n;
    const uint32_t *indices = as_dataset_split(dataset, split, &n);
    const char     *what = split == AS_SPLIT_VALIDATION ? "judging the validation split" : "judging pictures";
    if (!as_score_samples(dataset, indices, n, what, model, n_model, model_name, cfg, progress, ret, err))
        return false;
    *ret_n = n;
    return true;
}
