/* SPDX-License-Identifier: Apache-2.0 */
/* What each step takes, held against what the processor was seen to do. */
#include <math.h>
#include <stdlib.h>

#include "base/clock.h"
#include "infer/native.h"
#include "lab/bench_part.h"

enum { STEPS_LEAST_RUNS = 5, STEPS_MOST_RUNS = 200 };
#define STEPS_NS AS_NS_PER_S /* about how long all of them may take */

/* The same model as the native back end runs it, with a profile; NULL without an error: it does not run it. */
static bool steps_engine(const uint8_t *model, size_t n, const char *name, const as_bench_cfg *cfg, as_engine **ret,
                         as_err *err)
{
    const as_session_cfg session = {
        .backend = "native", .batch = cfg->batch, .threads = cfg->threads, .precision = cfg->precision};
    as_err why = AS_ERR_NONE;
    *ret = as_native_engine(model, n, name, &session, true, &why);
    return *ret || why.code != AS_ENOMEM || as_err_set(err, why.code, "%s", why.text);
}

/* times[run * n_steps + step] */
static bool steps_time(as_bench *b, const as_bench_inputs *inputs, as_tensor *outputs, double *times, as_err *err)
{
    const as_ns start = as_clock_mono();
    size_t      run = 0;
    for (; run < STEPS_MOST_RUNS && (run < STEPS_LEAST_RUNS || as_clock_mono() - start < STEPS_NS); run++) {
        for (size_t i = 0; i < as_engine_n_outputs(b->engine); i++)
            outputs[i].data = NULL;
        if (!as_progress_go_on(b->cfg.progress, err) ||
            !as_engine_profile_run(b->engine, inputs->sets[run % AS_BENCH_INPUTS], outputs, times + run * b->n_steps,
                                   err))
            return false;
        as_progress_step(b->cfg.progress, "looking at each layer", run + 1, STEPS_MOST_RUNS);
    }
    b->n_step_runs = run;
    return true;
}

static void steps_judge(as_bench *b, as_bench_step *s)
{
    s->n_ops = 2.0 * (double)s->step.n_multiplies;
    s->n_bytes = (double)(s->step.read_bytes + s->step.write_bytes);
    s->intensity = s->n_bytes > 0 ? s->n_ops / s->n_bytes : 0;
    s->share = b->step_seconds > 0 ? s->seconds / b->step_seconds : 0;
    s->ops_per_s = s->seconds > 0 ? s->n_ops / s->seconds : 0;
    s->bytes_per_s = s->seconds > 0 ? s->n_bytes / s->seconds : 0;
    const double least = as_peak_seconds(&b->peak, s->n_ops, s->n_bytes, s->step.is_int8);
    s->of_roof = s->seconds > 0 ? least / s->seconds : NAN;
}

static int steps_by_share(const void *a, const void *b)
{
    const double x = ((const as_bench_slow *)a)->share, y = ((const as_bench_slow *)b)->share;
    return (x < y) - (x > y);
}

static void steps_slow(as_bench *b)
{
    as_bench_slow all[AS_SLOW_COUNT] = {{.slow = AS_SLOW_NONE}};
    double        worst[AS_SLOW_COUNT] = {0};
    for (size_t i = 0; i < b->n_steps; i++) {
        const as_bench_step *s = &b->steps[i];
        as_bench_slow       *slow = &all[s->step.slow];
        slow->slow = s->step.slow;
        slow->n_steps++;
        slow->share += s->share;
        if (slow->worst && s->seconds <= worst[s->step.slow])
            continue;
        worst[s->step.slow] = s->seconds;
        slow->worst = s->step.name;
        slow->op = s->step.op;
    }
    b->fast_share = all[AS_SLOW_NONE].share;
    for (size_t i = 1; i < AS_SLOW_COUNT; i++)
        if (all[i].n_steps)
            b->slow[b->n_slow++] = all[i];
    qsort(b->slow, b->n_slow, sizeof *b->slow, steps_by_share);
}

static bool steps_measure(as_bench *b, const as_bench_inputs *inputs, as_err *err)
{
    b->n_steps = as_engine_n_steps(b->engine);
    b->steps = calloc(b->n_steps + 1, sizeof *b->steps);
    double    *times = calloc((b->n_steps + 1) * STEPS_MOST_RUNS, sizeof *times), column[STEPS_MOST_RUNS];
    as_tensor *outputs = calloc(as_engine_n_outputs(b->engine) + 1, sizeof *outputs);
    bool       ok = (b->steps && times && outputs) || AS_FAIL(err, AS_ENOMEM, "no memory for %zu steps", b->n_steps);
    ok = ok && steps_time(b, inputs, outputs, times, err);
    for (size_t i = 0; ok && i < b->n_steps; i++) {
        for (size_t run = 0; run < b->n_step_runs; run++)
            column[run] = times[run * b->n_steps + i];
        b->steps[i].seconds = as_quantile_of(column, b->n_step_runs, 0.5) / 1e9;
        b->step_seconds += b->steps[i].seconds;
        ok = as_engine_step_at(b->engine, i, &b->steps[i].step) || AS_FAIL(err, AS_EINTERNAL, "step %zu is lost", i);
    }
    free(times);
    free(outputs);
    return ok;
}

bool as_bench_steps(const uint8_t *model, size_t n, const char *name, const as_bench_inputs *inputs, as_bench *bench,
                    as_err *err)
{
    if (!as_peak_measure(AS_MIN(bench->cfg.threads, 256u), &bench->peak, err) ||
        !steps_engine(model, n, name, &bench->cfg, &bench->engine, err))
        return false;
    if (!bench->engine)
        return true;
    if (!steps_measure(bench, inputs, err))
        return false;
    for (size_t i = 0; i < bench->n_steps; i++) {
        steps_judge(bench, &bench->steps[i]);
        bench->n_ops += bench->steps[i].n_ops;
    }
    steps_slow(bench);
    return true;
}
