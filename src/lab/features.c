/* SPDX-License-Identifier: Apache-2.0 */
#include "lab/features.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "infer/infer.h"
#include "lab/lanes.h"

#define FEATURES_MAX_WIDTH 1000000

typedef struct features_job {
    const as_dataset      *dataset;
    const uint32_t        *indices;
    const as_features_cfg *cfg;
    as_features           *out;
} features_job;

/* The tools of one lane. */
typedef struct features_lane {
    as_session *session;
    as_prepare *prepare;
    as_tensor   input;
} features_lane;

static bool features_check(const as_session *session, const as_features_cfg *cfg, uint32_t *ret_width, as_err *err)
{
    char           have[AS_TENSOR_MAX_RANK * 24];
    as_shape       want = {4, {1, cfg->input.channels, cfg->input.height, cfg->input.width}};
    const as_port *in = as_session_input(session, 0), *out = as_session_output(session, 0);
    if (as_session_n_inputs(session) != 1 || as_session_n_outputs(session) != 1)
        return AS_FAIL(err, AS_EINVAL, "model '%s' has %zu inputs and %zu outputs: one of each is needed", cfg->name,
                       as_session_n_inputs(session), as_session_n_outputs(session));
    if (in->dtype != AS_DTYPE_F32 || !as_shape_equal(&in->shape, &want))
        return AS_FAIL(err, AS_EINVAL, "input '%s' of model '%s' is %s %s, pictures are f32 1x%ux%ux%u", in->name,
                       cfg->name, as_dtype_name(in->dtype), as_shape_text(&in->shape, have, sizeof have),
                       cfg->input.channels, cfg->input.height, cfg->input.width);
    if (out->dtype != AS_DTYPE_F32 || out->shape.rank != 2 || out->shape.dims[0] != 1 || out->shape.dims[1] < 1 ||
        out->shape.dims[1] > FEATURES_MAX_WIDTH)
        return AS_FAIL(err, AS_EINVAL, "output '%s' of model '%s' is %s %s: one row of f32 is needed", out->name,
                       cfg->name, as_dtype_name(out->dtype), as_shape_text(&out->shape, have, sizeof have));
    *ret_width = (uint32_t)out->shape.dims[1];
    return true;
}

static void features_close(void *ctx, void *tools)
{
    (void)ctx;
    features_lane *lane = tools;
    if (!lane)
        return;
    as_session_close(lane->session);
    as_prepare_free(lane->prepare);
    as_tensor_done(&lane->input);
    free(lane);
}

static void *features_open(void *ctx, as_err *err)
{
    const as_features_cfg *cfg = ((const features_job *)ctx)->cfg;
    as_session_cfg         session_cfg = {.backend = cfg->backend, .threads = 1, .batch = 1};
    features_lane         *lane = calloc(1, sizeof *lane);
    uint32_t               width;
    if (!lane) {
        AS_FAIL(err, AS_ENOMEM, "cannot open model '%s'", cfg->name);
        return NULL;
    }
    lane->session = as_session_open(cfg->model, cfg->n_model, cfg->name, &session_cfg, err);
    if (lane->session && features_check(lane->session, cfg, &width, err) &&
        (lane->prepare = as_prepare_new(&cfg->input, err)) &&
        as_tensor_new(&lane->input, AS_DTYPE_F32, &as_session_input(lane->session, 0)->shape, err))
        return lane;
    features_close(ctx, lane);
    return NULL;
}

static bool features_one(void *ctx, void *tools, size_t i, as_err *err)
{
    features_job  *job = ctx;
    features_lane *lane = tools;
    as_image       image = {0};
    size_t         width = job->out->width;
    float         *row = job->out->at + i * width;
    as_tensor      output = as_tensor_view(AS_DTYPE_F32, &(as_shape){2, {1, (int64_t)width}}, row);
    bool           ok = as_dataset_decode(job->dataset, job->indices[i], &image, err) &&
              as_prepare_run(lane->prepare, &image, lane->input.data, err) &&
              as_session_run(lane->session, &lane->input, &output, err);
    as_image_done(&image);
    for (size_t f = 0; ok && f < width; f++)
        if (!isfinite(row[f]))
            ok = AS_FAIL(err, AS_EINVAL, "model '%s' gives what is not finite for picture '%s'", job->cfg->name,
                         as_dataset_sample(job->dataset, job->indices[i])->name);
    return ok;
}

static bool features_room(features_job *job, size_t n, as_err *err)
{
    size_t         count;
    features_lane *lane = features_open(job, err); /* once before, for the width; and so that its errors come early */
    if (!lane)
        return false;
    bool ok = features_check(lane->session, job->cfg, &job->out->width, err);
    features_close(job, lane);
    if (!ok)
        return false;
    job->out->n = n;
    if (!as_size_mul(n, job->out->width, &count) || !(job->out->at = calloc(count + 1, sizeof(float))))
        return AS_FAIL(err, AS_ENOMEM, "cannot hold %u features of %zu pictures", job->out->width, n);
    return true;
}

bool as_features_compute(const as_dataset *dataset, const uint32_t *indices, size_t n, const as_features_cfg *cfg,
                         const as_progress *progress, as_features *ret, as_err *err)
{
    as_features  features = {0};
    features_job job = {dataset, indices, cfg, &features};
    as_lanes     lanes = {.n = n,
                          .threads = cfg->threads,
                          .what = "computing features",
                          .ctx = &job,
                          .open = features_open,
                          .item = features_one,
                          .close = features_close};
    if (features_room(&job, n, err) && as_lanes_run(&lanes, progress, err)) {
        *ret = features;
        return true;
    }
    as_features_done(&features);
    return false;
}

void as_features_done(as_features *features)
{
    free(features->at);
    features->at = NULL;
}
