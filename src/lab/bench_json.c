/* SPDX-License-Identifier: Apache-2.0 */
#include <math.h>

#include "base/clock.h"
#include "base/cpu.h"
#include "base/thread.h"
#include "build_config.h"
#include "engine/onednn.h"
#include "lab/bench.h"

static json_t *bench_text(const char *text)
{
    json_t *json = json_string(text);
    as_str  plain;
    if (json)
        return json;
    as_str_init(&plain); /* a name of any bytes */
    as_str_add_escaped(&plain, text, strlen(text));
    json = json_string(as_str_ok(&plain) ? plain.s : "");
    as_str_done(&plain);
    return json;
}

static json_t *bench_band(const as_band *band)
{
    json_t *json = json_object();
    as_json_set(json, "low", as_json_number(band->low));
    as_json_set(json, "median", as_json_number(band->median));
    as_json_set(json, "high", as_json_number(band->high));
    return json;
}

static json_t *bench_side(const as_bench_side *side)
{
    json_t *json = json_object(), *latency = json_object();
    as_json_set(json, "backend", bench_text(side->backend));
    as_json_set(json, "about", bench_text(side->about));
    as_json_set(json, "runs", json_boolean(side->runs));
    as_json_set(json, "reason", side->runs ? json_null() : bench_text(side->why.text));
    as_json_set(latency, "n", json_integer((json_int_t)side->n_runs));
    as_json_set(latency, "p50", as_json_number(side->p50));
    as_json_set(latency, "p90", as_json_number(side->p90));
    as_json_set(latency, "p99", as_json_number(side->p99));
    as_json_set(latency, "p999", as_json_number(side->p999));
    as_json_set(latency, "mean", as_json_number(side->mean));
    if (!side->runs) {
        json_decref(latency);
        latency = json_null();
    }
    as_json_set(json, "latency_seconds", latency);
    as_json_set(json, "per_second", side->runs ? as_json_number(side->per_second) : json_null());
    as_json_set(json, "start_seconds", side->has_start ? as_json_number(side->start_seconds) : json_null());
    as_json_set(json, "start_bytes", side->has_start ? json_integer((json_int_t)side->start_bytes) : json_null());
    return json;
}

static json_t *bench_output(const as_bench_output *output)
{
    char    shape[AS_TENSOR_MAX_RANK * 24];
    json_t *json = json_object();
    as_json_set(json, "name", bench_text(output->name));
    as_json_set(json, "type", json_string(as_dtype_name(output->dtype)));
    as_json_set(json, "shape", json_string(as_shape_text(&output->shape, shape, sizeof shape)));
    as_json_set(json, "difference", as_json_number(output->difference));
    as_json_set(json, "rows", json_integer((json_int_t)output->n_rows));
    as_json_set(json, "same_top", json_integer((json_int_t)output->n_same_top));
    return json;
}

static json_t *bench_step(const as_bench_step *s)
{
    json_t *json = json_object();
    as_json_set(json, "name", bench_text(s->step.name));
    as_json_set(json, "operator", bench_text(s->step.op));
    as_json_set(json, "fused", bench_text(s->step.fused));
    as_json_set(json, "how", json_string(s->step.how));
    as_json_set(json, "type", json_string(as_dtype_name(s->step.dtype)));
    as_json_set(json, "multiply_adds", json_integer((json_int_t)s->step.n_multiplies));
    as_json_set(json, "read_bytes", json_integer((json_int_t)s->step.read_bytes));
    as_json_set(json, "write_bytes", json_integer((json_int_t)s->step.write_bytes));
    as_json_set(json, "seconds", as_json_number(s->seconds));
    as_json_set(json, "share", as_json_number(s->share));
    as_json_set(json, "operations_per_byte", as_json_number(s->intensity));
    as_json_set(json, "operations_per_second", as_json_number(s->ops_per_s));
    as_json_set(json, "bytes_per_second", as_json_number(s->bytes_per_s));
    as_json_set(json, "of_roof", as_json_number(s->of_roof));
    as_json_set(json, "slow", s->step.slow ? json_string(as_slow_name(s->step.slow)) : json_null());
    return json;
}

static json_t *bench_slow(const as_bench_slow *slow)
{
    json_t *json = json_object();
    as_json_set(json, "slow", json_string(as_slow_name(slow->slow)));
    as_json_set(json, "reason", json_string(as_slow_reason(slow->slow)));
    as_json_set(json, "advice", json_string(as_slow_advice(slow->slow)));
    as_json_set(json, "n_steps", json_integer((json_int_t)slow->n_steps));
    as_json_set(json, "share", as_json_number(slow->share));
    as_json_set(json, "worst", bench_text(slow->worst));
    return json;
}

static json_t *bench_peak(const as_peak *peak)
{
    json_t *json = json_object(), *levels = json_array();
    for (size_t i = 0; i < AS_PEAK_LEVELS; i++)
        json_array_append_new(levels, json_pack("{s:I, s:f}", "bytes", (json_int_t)peak->levels[i].bytes,
                                                "bytes_per_second", peak->levels[i].bytes_per_s));
    as_json_set(json, "f32_operations_per_second", as_json_number(peak->flops));
    as_json_set(json, "int8_operations_per_second", as_json_number(peak->int8_ops));
    as_json_set(json, "memory_bytes_per_second", as_json_number(as_peak_memory(peak)));
    as_json_set(json, "levels", levels);
    return json;
}

static json_t *bench_machine(const as_bench *b)
{
    char    when[AS_CLOCK_TEXT_BYTES];
    json_t *json = json_object();
    as_json_set(json, "processor", bench_text(as_cpu_model()));
    as_json_set(json, "instructions", bench_text(as_cpu_features()));
    as_json_set(json, "cores", json_integer(as_thread_cores()));
    as_json_set(json, "load", b->load < 0 ? json_null() : as_json_number(b->load));
    as_json_set(json, "assay", json_string(AS_VERSION));
    as_json_set(json, "onednn", json_string(as_onednn_version()));
    as_json_set(json, "compiler", json_string(AS_COMPILER));
    as_json_set(json, "when", json_string(as_clock_text(b->when_utc, when)));
    return json;
}

json_t *as_bench_json(const as_bench *b, const char *model, size_t model_bytes)
{
    json_t *json = json_object(), *sides = json_array(), *outputs = json_array(), *steps = json_array(),
           *slow = json_array();
    for (size_t i = 0; i < b->n_sides; i++)
        json_array_append_new(sides, bench_side(&b->sides[i]));
    for (size_t i = 0; i < b->n_outputs; i++)
        json_array_append_new(outputs, bench_output(&b->outputs[i]));
    for (size_t i = 0; i < b->n_steps; i++)
        json_array_append_new(steps, bench_step(&b->steps[i]));
    for (size_t i = 0; i < b->n_slow; i++)
        json_array_append_new(slow, bench_slow(&b->slow[i]));
    as_json_set(json, "model", bench_text(model));
    as_json_set(json, "bytes", json_integer((json_int_t)model_bytes));
    as_json_set(json, "threads", json_integer(b->cfg.threads));
    as_json_set(json, "batch", json_integer(b->cfg.batch));
    as_json_set(json, "images", json_integer((json_int_t)b->n_images));
    as_json_set(json, "pairs", json_integer((json_int_t)b->pairs.n));
    as_json_set(json, "calls", json_integer((json_int_t)b->pairs.calls));
    as_json_set(json, "sides", sides);
    as_json_set(json, "ratio", isnan(b->pairs.ratio.median) ? json_null() : bench_band(&b->pairs.ratio));
    as_json_set(json, "sound", json_boolean(b->pairs.n >= AS_PAIRS_MIN_SOUND));
    as_json_set(json, "outputs", outputs);
    as_json_set(json, "layers", steps);
    as_json_set(json, "layer_seconds", b->engine ? as_json_number(b->step_seconds) : json_null());
    as_json_set(json, "operations", b->engine ? as_json_number(b->n_ops) : json_null());
    as_json_set(json, "fast_share", b->engine ? as_json_number(b->fast_share) : json_null());
    as_json_set(json, "slow", slow);
    as_json_set(json, "peak", bench_peak(&b->peak));
    as_json_set(json, "machine", bench_machine(b));
    return json;
}
