/* SPDX-License-Identifier: Apache-2.0 */
#include "lab/bench.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "base/clock.h"
#include "engine/engine.h"
#include "lab/bench_part.h"

#define BENCH_SECONDS 8.0
#define BENCH_WARM_NS (300 * AS_NS_PER_MS)

typedef struct bench_job {
    const uint8_t  *model;
    size_t          n;
    const char     *name;
    as_bench       *bench;
    as_bench_inputs inputs;
    as_session     *sessions[AS_BENCH_SIDES];
    int             order[AS_BENCH_SIDES]; /* of the sides that run */
    size_t          n_run;
    as_tensor      *outputs[AS_BENCH_SIDES];
} bench_job;

void as_bench_done(as_bench *bench)
{
    as_pairs_done(&bench->pairs);
    as_engine_free(bench->engine);
    free(bench->steps);
    *bench = (as_bench){.n_sides = 0};
}

/* --- opening --- */

static void bench_about(const char *backend, char *text, size_t cap)
{
    as_str about;
    as_str_init(&about);
    for (size_t i = 0; as_backend_at(i); i++) {
        const size_t n = strlen(as_backend_at(i)->name);
        if (strncmp(as_backend_at(i)->name, backend, n) == 0 && (backend[n] == '\0' || backend[n] == ':'))
            as_backend_at(i)->about(&about, NULL);
    }
    as_str_copy(text, cap, as_str_ok(&about) ? about.s : "");
    as_str_done(&about);
}

/* bf16 was asked for: was it had? */
static void bench_about_floats(as_floats floats, char *text, size_t cap)
{
    const size_t n = strlen(text);
    const char  *why = as_engine_no_bf16() ? as_engine_no_bf16() : "nothing of this model is computed in bf16";
    if (floats == AS_FLOATS_BF16)
        snprintf(text + n, cap - n, ", floats as bf16");
    else
        snprintf(text + n, cap - n, ", floats as f32: %s", why);
}

static as_session_cfg bench_session_cfg(const bench_job *job, size_t side)
{
    const as_bench_cfg *cfg = &job->bench->cfg;
    return (as_session_cfg){.backend = cfg->backends[side],
                            .threads = cfg->threads,
                            .batch = cfg->batch,
                            .precision = strcmp(cfg->backends[side], "native") == 0 ? cfg->precision : AS_FLOATS_NONE};
}

/* Children first: what a session started in this process would be in their memory. */
static bool bench_open(bench_job *job, as_err *err)
{
    as_bench *b = job->bench;
    for (size_t i = 0; i < b->n_sides; i++) {
        const as_session_cfg cfg = bench_session_cfg(job, i);
        as_str_copy(b->sides[i].backend, sizeof b->sides[i].backend, cfg.backend);
        as_progress_step(b->cfg.progress, "opening", i, b->n_sides);
        as_bench_start(job->model, job->n, job->name, &cfg, &job->inputs, b->cfg.progress, &b->sides[i]);
        if (!as_progress_go_on(b->cfg.progress, err))
            return false;
    }
    for (size_t i = 0; i < b->n_sides; i++) {
        as_bench_side       *side = &b->sides[i];
        const as_session_cfg cfg = bench_session_cfg(job, i);
        bool                 narrow;
        job->sessions[i] = as_session_open(job->model, job->n, job->name, &cfg, &side->why);
        side->runs = job->sessions[i] != NULL;
        narrow = side->runs && cfg.precision == AS_FLOATS_BF16;
        side->has_start = side->has_start && side->runs;
        bench_about(cfg.backend, side->about, sizeof side->about);
        const char *why = "", *on = side->runs ? as_session_runs_on(job->sessions[i], &why) : "";
        if (*why)
            snprintf(side->about, sizeof side->about, "takes %.40s: %.180s", on, why);
        if (narrow)
            bench_about_floats(as_session_precision(job->sessions[i]), side->about, sizeof side->about);
        if (!side->runs && side->why.code != AS_EMISSING && side->why.code != AS_EUNSUPPORTED)
            return as_err_set(err, side->why.code, "%s", side->why.text);
        if (side->runs)
            job->order[job->n_run++] = (int)i;
    }
    b->first = job->order[0];
    return job->n_run > 0 || as_err_set(err, b->sides[0].why.code, "%s", b->sides[0].why.text);
}

/* --- comparing --- */

static bool bench_run_side(bench_job *job, size_t side, size_t set, as_err *err)
{
    as_session *session = job->sessions[side];
    if (!job->outputs[side])
        job->outputs[side] = calloc(as_session_n_outputs(session) + 1, sizeof(as_tensor));
    if (!job->outputs[side])
        return AS_FAIL(err, AS_ENOMEM, "no memory for outputs");
    for (size_t i = 0; i < as_session_n_outputs(session); i++)
        job->outputs[side][i].data = NULL; /* viewed, not copied: no side pays for that */
    return as_session_run(session, job->inputs.sets[set], job->outputs[side], err) ||
           as_err_note(err, "back end '%s'", job->bench->sides[side].backend);
}

static size_t bench_top(const as_tensor *t, size_t row, size_t width)
{
    size_t top = 0;
    for (size_t i = 1; i < width; i++)
        if (as_tensor_number(t, row * width + i) > as_tensor_number(t, row * width + top))
            top = i;
    return top;
}

static void bench_compare_one(const as_tensor *a, const as_tensor *b, as_bench_output *ret)
{
    double       largest;
    const double worst = as_tensor_apart(b, a, &largest);
    ret->difference = fmax(ret->difference, worst > 0 ? worst / fmax(largest, 1e-30) : 0);
    if (!as_shape_equal(&a->shape, &b->shape) || a->dtype != b->dtype)
        return;
    const int64_t *dims = a->shape.dims; /* one number a class: N x C, also as N x C x 1 x 1 */
    const bool     is_pooled = a->shape.rank == 4 && dims[2] == 1 && dims[3] == 1;
    if ((a->dtype != AS_DTYPE_F32 && a->dtype != AS_DTYPE_F16) || (a->shape.rank != 2 && !is_pooled) || dims[1] < 2)
        return;
    const size_t rows = (size_t)dims[0], width = (size_t)dims[1];
    for (size_t r = 0; r < rows; r++)
        ret->n_same_top += bench_top(a, r, width) == bench_top(b, r, width);
    ret->n_rows += rows;
}

static bool bench_compare(bench_job *job, as_err *err)
{
    as_bench *b = job->bench;
    for (size_t set = 0; set < AS_BENCH_INPUTS; set++) {
        for (size_t k = 0; k < job->n_run; k++)
            if (!bench_run_side(job, (size_t)job->order[k], set, err))
                return false;
        if (job->n_run < 2)
            continue;
        const size_t n = as_session_n_outputs(job->sessions[0]);
        b->n_outputs = AS_MIN(n, AS_COUNT(b->outputs));
        b->n_more_outputs = n - b->n_outputs;
        for (size_t i = 0; i < b->n_outputs; i++) {
            const as_port *port = as_session_output(job->sessions[0], i);
            as_str_copy(b->outputs[i].name, sizeof b->outputs[i].name, port->name);
            b->outputs[i].dtype = port->dtype;
            b->outputs[i].shape = port->shape;
            bench_compare_one(&job->outputs[0][i], &job->outputs[1][i], &b->outputs[i]);
        }
    }
    return true;
}

/* --- measuring --- */

static bool bench_calls(void *ctx, int side, size_t first, size_t n, double *ret_ns, as_err *err)
{
    bench_job *job = ctx;
    as_ns      before = as_clock_mono();
    for (size_t i = 0; i < n; i++) {
        if (!bench_run_side(job, (size_t)job->order[side], (first + i) % AS_BENCH_INPUTS, err))
            return false;
        const as_ns after = as_clock_mono();
        ret_ns[i] = (double)(after - before);
        before = after;
    }
    return true;
}

/* A quantile beyond which no run lies is none. */
static double bench_quantile_s(double *times, size_t n, double q)
{
    return (double)n * (1 - q) >= 1 - 1e-9 ? as_quantile_of(times, n, q) / 1e9 : NAN;
}

static void bench_latency(const as_bench *b, double *times, as_bench_side *side)
{
    double sum = 0;
    side->n_runs = b->pairs.n * b->pairs.calls;
    for (size_t i = 0; i < side->n_runs; i++)
        sum += times[i];
    side->mean = sum / (double)side->n_runs / 1e9;
    side->per_second = (double)b->cfg.batch / side->mean;
    side->p50 = as_quantile_of(times, side->n_runs, 0.5) / 1e9;
    side->p90 = bench_quantile_s(times, side->n_runs, 0.9);
    side->p99 = bench_quantile_s(times, side->n_runs, 0.99);
    side->p999 = bench_quantile_s(times, side->n_runs, 0.999);
}

static bool bench_measure(bench_job *job, as_err *err)
{
    as_bench          *b = job->bench;
    const double       block = b->cfg.seconds / (double)(b->cfg.pairs * job->n_run);
    const as_pairs_cfg cfg = {.n_sides = job->n_run,
                              .pairs = b->cfg.pairs,
                              .block_ns = (as_ns)(block * (double)AS_NS_PER_S),
                              .warm_ns = b->cfg.warm_ns,
                              .least_calls = 1,
                              .now = as_clock_mono,
                              .keep = true,
                              .progress = b->cfg.progress};
    if (!as_pairs_run(&cfg, bench_calls, job, &b->pairs, err))
        return false;
    for (size_t k = 0; k < job->n_run; k++)
        bench_latency(b, b->pairs.times[k], &b->sides[job->order[k]]);
    return true;
}

static bool bench_all(bench_job *job, as_err *err)
{
    as_bench *b = job->bench;
    if (getloadavg(&b->load, 1) != 1)
        b->load = -1;
    b->when_utc = as_clock_utc();
    if (!as_bench_inputs_make(job->model, job->n, job->name, &b->cfg, &job->inputs, err))
        return false;
    b->n_images = job->inputs.n_images;
    return bench_open(job, err) && bench_compare(job, err) && bench_measure(job, err) &&
           as_bench_steps(job->model, job->n, job->name, &job->inputs, b, err);
}

bool as_bench_run(const uint8_t *model, size_t n, const char *name, const as_bench_cfg *cfg, as_bench *ret, as_err *err)
{
    as_bench  bench = {.cfg = *cfg, .n_sides = cfg->backends[1] ? 2 : 1};
    bench_job job = {.model = model, .n = n, .name = name, .bench = &bench};
    bench.cfg.threads = cfg->threads ? cfg->threads : 1;
    bench.cfg.batch = cfg->batch ? cfg->batch : 1;
    bench.cfg.pairs = cfg->pairs ? cfg->pairs : AS_PAIRS_MIN_SOUND;
    bench.cfg.seconds = cfg->seconds > 0 ? cfg->seconds : BENCH_SECONDS;
    bench.cfg.warm_ns = cfg->warm_ns ? cfg->warm_ns : BENCH_WARM_NS;
    bool ok = bench_all(&job, err);
    for (size_t i = 0; i < AS_BENCH_SIDES; i++) {
        as_session_close(job.sessions[i]);
        free(job.outputs[i]);
    }
    as_bench_inputs_done(&job.inputs);
    if (ok)
        *ret = bench;
    else
        as_bench_done(&bench);
    return ok;
}
