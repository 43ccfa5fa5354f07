/* SPDX-License-Identifier: Apache-2.0 */
#include "engine/engine.h"

#include <stdlib.h>
#include <string.h>

#include "base/clock.h"
#include "base/isa.h"
#include "engine/profile_plan.h"

#define ENGINE_ALIGN ((size_t)64)

#define X(name) extern const as_op as_op_##name;
#include "engine/op_list.inc"
#undef X
static const as_op *const ops[] = {
#define X(name) &as_op_##name,
#include "engine/op_list.inc"
#undef X
    NULL};

/* An argument of a primitive that stands in an input, and so moves when the caller's memory does. */
typedef struct moving {
    as_step *step;
    size_t   use;
} moving;

struct as_engine {
    as_onednn        *dnn;
    as_plan           plan;
    void             *arena;
    size_t            arena_bytes;
    size_t            n_inputs, n_outputs;
    as_value         *inputs, *outputs;
    char            **names;
    as_buf          **results; /* of the outputs, row major */
    as_bounded_value *rows;    /* of the outputs: how many of them count */
    void            **fed;     /* where each input was at the last run */
    void            **kept;    /* of an output that is an input under another name: its own memory */
    AS_VEC(moving) moving;
};

const as_op *as_op_at(size_t i)
{
    return i < AS_COUNT(ops) ? ops[i] : NULL;
}

const as_op *as_op_find(const char *name)
{
    for (size_t i = 0; ops[i]; i++)
        if (strcmp(ops[i]->name, name) == 0)
            return ops[i];
    return NULL;
}

as_engine *as_engine_free(as_engine *engine)
{
    if (!engine)
        return NULL;
    as_plan_done(&engine->plan);
    as_onednn_free(engine->dnn);
    for (size_t i = 0; engine->names && i < engine->n_inputs + engine->n_outputs; i++)
        free(engine->names[i]);
    free(engine->names);
    free(engine->inputs);
    free(engine->outputs);
    for (size_t i = 0; engine->kept && i < engine->n_outputs; i++)
        free(engine->kept[i]);
    free(engine->kept);
    free(engine->results);
    free(engine->rows);
    free(engine->fed);
    free(engine->arena);
    as_vec_done(&engine->moving);
    free(engine);
    return NULL;
}

static bool engine_copy_value(as_engine *engine, const as_graph *graph, int32_t id, size_t name, as_value *ret,
                              as_err *err)
{
    *ret = *as_graph_value(graph, id);
    ret->constant = NULL;
    engine->names[name] = strdup(ret->name);
    ret->name = engine->names[name];
    return ret->name ? true : AS_FAIL(err, AS_ENOMEM, "out of memory for an engine");
}

static bool engine_copy_values(as_engine *engine, const as_graph *graph, as_err *err)
{
    engine->n_inputs = as_graph_n_inputs(graph);
    engine->n_outputs = as_graph_n_outputs(graph);
    engine->inputs = calloc(AS_MAX(engine->n_inputs, 1u), sizeof *engine->inputs);
    engine->outputs = calloc(AS_MAX(engine->n_outputs, 1u), sizeof *engine->outputs);
    engine->results = calloc(AS_MAX(engine->n_outputs, 1u), sizeof(as_buf *));
    engine->rows = calloc(AS_MAX(engine->n_outputs, 1u), sizeof *engine->rows);
    engine->kept = calloc(AS_MAX(engine->n_outputs, 1u), sizeof *engine->kept);
    engine->fed = calloc(AS_MAX(engine->n_inputs, 1u), sizeof *engine->fed);
    engine->names = calloc(AS_MAX(engine->n_inputs + engine->n_outputs, 1u), sizeof *engine->names);
    if (!engine->inputs || !engine->outputs || !engine->results || !engine->rows || !engine->kept || !engine->fed ||
        !engine->names)
        return AS_FAIL(err, AS_ENOMEM, "out of memory for an engine");
    for (size_t i = 0; i < engine->n_inputs; i++)
        if (!engine_copy_value(engine, graph, as_graph_input(graph, i), i, &engine->inputs[i], err))
            return false;
    for (size_t i = 0; i < engine->n_outputs; i++)
        if (!engine_copy_value(engine, graph, as_graph_output(graph, i), engine->n_inputs + i, &engine->outputs[i],
                               err))
            return false;
    return true;
}

/* An output that is an input under another name would be gone with the caller's memory. */
static bool engine_keep_fed(const as_buf *result, void **keep, as_err *err)
{
    if (result->root->kind != AS_BUF_INPUT || result->bytes == 0)
        return true;
    *keep = malloc(result->bytes);
    return *keep || AS_FAIL(err, AS_ENOMEM, "out of memory for an engine");
}

/* Constants that were only needed on the way are given back; the others are written, and shared with other engines. */
static bool engine_share_constants(as_engine *engine, as_err *err)
{
    as_plan *plan = &engine->plan;
    for (size_t i = 0; i < engine->n_outputs; i++)
        engine->results[i]->root->used = true;
    for (size_t i = 0; i < plan->bufs.n; i++) {
        as_buf *buf = plan->bufs.at[i];
        if (buf->root != buf || buf->kind != AS_BUF_CONSTANT || !buf->data)
            continue;
        if (!buf->used) {
            as_plan_drop(buf);
            continue;
        }
        if (!as_plan_keep(buf, err))
            return false;
        buf->own = as_weights_share(buf->own);
        buf->data = as_weights_data(buf->own);
    }
    plan->bounce = as_weights_unref(plan->bounce);
    return true;
}

static bool engine_place(as_engine *engine, as_err *err)
{
    as_plan *plan = &engine->plan;
    size_t   scratch;
    for (size_t i = 0; i < engine->n_outputs; i++) { /* outputs outlive the last step */
        as_buf *root = engine->results[i]->root;
        root->last = plan->steps.n;
    }
    if (!as_plan_place(plan, &engine->arena_bytes, &scratch, err))
        return false;
    if (engine->arena_bytes > AS_ENGINE_MAX_BYTES)
        return AS_FAIL(err, AS_ELIMIT, "its values would take %zu bytes of memory, at most %zu", engine->arena_bytes,
                       AS_ENGINE_MAX_BYTES);
    const size_t bytes = AS_MAX(engine->arena_bytes, ENGINE_ALIGN); /* what is empty stands somewhere too */
    engine->arena = aligned_alloc(ENGINE_ALIGN, bytes);
    if (!engine->arena)
        return AS_FAIL(err, AS_ENOMEM, "out of memory for an arena of %zu bytes", bytes);
    memset(engine->arena, 0, bytes);
    for (size_t i = 0; i < plan->bufs.n; i++) {
        as_buf *buf = plan->bufs.at[i];
        if (buf->root->kind == AS_BUF_ARENA)
            buf->data = (char *)engine->arena + buf->root->place + buf->offset;
        if (buf->root->kind == AS_BUF_CONSTANT && buf->root->data)
            buf->data = (char *)buf->root->data + buf->offset;
    }
    for (size_t i = 0; i < plan->steps.n; i++) {
        as_step *step = plan->steps.at[i];
        step->more = i + 1 < plan->steps.n && plan->steps.at[i + 1]->gang;
        if (!as_step_bind(step, (char *)engine->arena + scratch, err))
            return false;
        for (size_t k = 0; step->prim && k < step->uses.n; k++)
            if (step->uses.at[k].buf->root->kind == AS_BUF_INPUT && !as_vec_push(&engine->moving, ((moving){step, k})))
                return AS_FAIL(err, AS_ENOMEM, "out of memory for an engine");
    }
    return true;
}

/* What the plan made of inputs that are quantised first: N, H, W, C of u8. */
static void engine_take_bytes(as_engine *engine)
{
    for (size_t i = 0; i < engine->n_inputs; i++) {
        as_value *value = &engine->inputs[i];
        as_shape  planar = value->shape;
        if (!engine->plan.inputs[i].quantised)
            continue;
        value->dtype = AS_DTYPE_U8;
        value->shape.dims[1] = planar.dims[2];
        value->shape.dims[2] = planar.dims[3];
        value->shape.dims[3] = planar.dims[1];
    }
}

/* Where the rows that count are not the first numbers of the output, they are put together in memory of its own. */
static bool engine_take_rows(as_engine *engine, size_t i, const as_bounded_value *value, as_err *err)
{
    const as_buf *result = engine->results[i];
    bool          apart = false;
    engine->rows[i] = *value;
    for (int k = 0; value->source && k < value->axis; k++)
        apart = apart || result->shape.dims[k] != 1;
    if (!apart || engine->kept[i])
        return true;
    engine->kept[i] = malloc(result->bytes + 1);
    return engine->kept[i] || AS_FAIL(err, AS_ENOMEM, "out of memory for an engine");
}

/* The output's numbers, those of the rows that count. */
static void engine_copy_result(const as_engine *engine, size_t i, void *to)
{
    const as_buf           *result = engine->results[i];
    const as_bounded_value *rows = &engine->rows[i];
    size_t                  outer = 1, inner = as_dtype_bytes(result->dtype);
    if (!rows->source) {
        if (result->bytes)
            memcpy(to, result->data, result->bytes);
        return;
    }
    for (int k = 0; k < rows->axis; k++)
        outer *= (size_t)result->shape.dims[k];
    for (int k = rows->axis + 1; k < result->shape.rank; k++)
        inner *= (size_t)result->shape.dims[k];
    const size_t some = (size_t)as_bounded_rows(rows->source) * inner,
                 all = (size_t)result->shape.dims[rows->axis] * inner;
    for (size_t o = 0; some && o < outer; o++)
        memcpy((char *)to + o * some, (const char *)result->data + o * all, some);
}

static bool engine_make(as_engine *engine, as_graph *graph, const as_engine_cfg *cfg, as_err *err)
{
    engine->dnn = as_onednn_new(cfg->threads ? cfg->threads : 1, err);
    if (!engine->dnn)
        return false;
    if (!as_graph_infer_shapes(graph, cfg->batch ? cfg->batch : 1, err))
        return false;
    if (!engine_copy_values(engine, graph, err))
        return false;
    if (!as_plan_init(&engine->plan, graph, engine->dnn, err))
        return false;
    engine->plan.threads = cfg->threads;
    engine->plan.narrow = cfg->precision == AS_FLOATS_BF16 &&
                          (!as_engine_no_bf16() || (cfg->bf16_anyway && as_isa_may(AS_ISA_AVX512_BF16)));
    engine->plan.bytes_in = cfg->bytes_in;
    if (cfg->profile && !(engine->plan.profile = as_profile_new(graph, err)))
        return false;
    if (!as_plan_nodes(&engine->plan, err))
        return false;
    for (size_t i = 0; i < engine->n_outputs; i++) {
        const int32_t id = as_graph_output(graph, i);
        engine->results[i] = as_plan_plain(&engine->plan, id, err);
        if (!engine->results[i])
            return as_err_note(err, "output '%s'", engine->outputs[i].name);
        if (!engine_keep_fed(engine->results[i], &engine->kept[i], err) ||
            !engine_take_rows(engine, i, &engine->plan.bounded.values[id], err))
            return false;
        engine->outputs[i].dtype = engine->results[i]->dtype;
        engine->outputs[i].shape = engine->results[i]->shape;
        engine->outputs[i].has_shape = true;
    }
    engine_take_bytes(engine);
    const bool ok = engine_share_constants(engine, err);
    engine->plan.graph = NULL;
    return ok && engine_place(engine, err);
}

static size_t value_bytes(const as_value *value)
{
    size_t count;
    return as_shape_count(&value->shape, &count) ? count * as_dtype_bytes(value->dtype) : 0;
}

/* One run over zeros: code and memory are touched before the first part comes. */
static bool engine_warm_up(as_engine *engine, as_err *err)
{
    size_t     bytes = 0, n = AS_MAX(engine->n_inputs, engine->n_outputs) + 1;
    as_tensor *inputs = calloc(n, sizeof *inputs), *outputs = calloc(n, sizeof *outputs);
    for (size_t i = 0; i < engine->n_inputs; i++)
        bytes = AS_MAX(bytes, value_bytes(&engine->inputs[i]));
    void *zeros = calloc(1, bytes + 1);
    bool  ok = inputs && outputs && zeros ? true : AS_FAIL(err, AS_ENOMEM, "out of memory for an engine");
    for (size_t i = 0; ok && i < engine->n_inputs; i++)
        inputs[i] = as_tensor_view(engine->inputs[i].dtype, &engine->inputs[i].shape, zeros);
    ok = ok && as_engine_run(engine, inputs, outputs, err);
    free(inputs);
    free(outputs);
    free(zeros);
    for (size_t i = 0; i < engine->n_inputs; i++)
        engine->fed[i] = NULL;
    return ok;
}

/* A step that may fail for what the model itself holds is tried at once. */
static bool engine_wants_run(const as_engine *engine, const as_engine_cfg *cfg)
{
    bool may_fail = false;
    for (size_t i = 0; i < engine->plan.steps.n; i++)
        may_fail = may_fail || engine->plan.steps.at[i]->attempt;
    return cfg->warm || may_fail;
}

as_engine *as_engine_new(as_graph *graph, const as_engine_cfg *cfg, as_err *err)
{
    as_engine *engine = calloc(1, sizeof *engine);
    if (!engine) {
        AS_FAIL(err, AS_ENOMEM, "out of memory for an engine");
        return NULL;
    }
    return engine_make(engine, graph, cfg, err) && (!engine_wants_run(engine, cfg) || engine_warm_up(engine, err))
               ? engine
               : as_engine_free(engine);
}

size_t as_engine_n_inputs(const as_engine *engine)
{
    return engine->n_inputs;
}

size_t as_engine_n_outputs(const as_engine *engine)
{
    return engine->n_outputs;
}

const as_value *as_engine_input(const as_engine *engine, size_t i)
{
    return i < engine->n_inputs ? &engine->inputs[i] : NULL;
}

bool as_engine_input_form(const as_engine *engine, size_t i, float *ret_scale, int32_t *ret_zero)
{
    if (i >= engine->n_inputs || !engine->plan.inputs[i].quantised)
        return false;
    *ret_scale = engine->plan.inputs[i].scale;
    *ret_zero = engine->plan.inputs[i].zero;
    return true;
}

const as_value *as_engine_output(const as_engine *engine, size_t i)
{
    return i < engine->n_outputs ? &engine->outputs[i] : NULL;
}

/* A product of pairs of bfloat16 takes the time of one of f32: with AMX, and with AVX512_BF16 of AMD's processors (Zen 4 on;
 * ResNet-18's convolutions took half of the time of f32). With Intel's and without AMX it takes twice as long, so that each
 * took 1.1 to 3.8 times as long as in f32, by Winograd's algorithm. */
static bool engine_has_fast_bf16(void)
{
#ifdef __x86_64__
    return as_isa_may(AS_ISA_AMX) || (as_isa_may(AS_ISA_AVX512_BF16) && __builtin_cpu_is("amd"));
#else
    return false;
#endif
}

const char *as_engine_no_bf16(void)
{
    if (engine_has_fast_bf16())
        return NULL;
    return as_isa_may(AS_ISA_AVX512_BF16)
               ? "bf16 needs a processor with AMX, or AMD's AVX512_BF16: with Intel's alone it is slower than f32"
               : "bf16 needs a processor with AMX, or with AVX512_BF16";
}

as_floats as_engine_precision(const as_engine *engine)
{
    return engine->plan.n_narrow > 0 ? AS_FLOATS_BF16 : AS_FLOATS_F32;
}

size_t as_engine_arena_bytes(const as_engine *engine)
{
    return engine->arena_bytes;
}

as_engine_memory as_engine_memory_of(const as_engine *engine)
{
    as_engine_memory memory = {.arena_bytes = engine->arena_bytes};
    for (size_t i = 0; i < engine->plan.bufs.n; i++) {
        const as_weights *own = engine->plan.bufs.at[i]->own;
        const size_t      bytes = own ? as_weights_bytes(own) : 0;
        memory.weights_bytes += bytes;
        memory.shared_bytes += own && as_weights_is_shared(own) ? bytes : 0;
    }
    return memory;
}

static bool engine_fits(const as_value *value, const as_tensor *tensor, const char *what, as_err *err)
{
    char have[128], want[128];
    if (tensor->dtype == value->dtype && as_shape_equal(&tensor->shape, &value->shape))
        return true;
    return AS_FAIL(err, AS_EINVAL, "%s '%s' is %s %s, the model has %s %s", what, value->name,
                   as_dtype_name(tensor->dtype), as_shape_text(&tensor->shape, have, sizeof have),
                   as_dtype_name(value->dtype), as_shape_text(&value->shape, want, sizeof want));
}

static bool engine_feed(as_engine *engine, const as_tensor *inputs, as_err *err)
{
    as_plan *plan = &engine->plan;
    bool     moved = false;
    for (size_t i = 0; i < engine->n_inputs; i++) {
        if (!engine_fits(&engine->inputs[i], &inputs[i], "input", err))
            return false;
        if (!inputs[i].data && value_bytes(&engine->inputs[i]) > 0)
            return AS_FAIL(err, AS_EINVAL, "input '%s' has no data", engine->inputs[i].name);
    }
    for (size_t i = 0; i < engine->n_inputs; i++) { /* not before all of them are right */
        moved = moved || engine->fed[i] != inputs[i].data;
        engine->fed[i] = inputs[i].data;
    }
    if (!moved)
        return true;
    for (size_t i = 0; i < plan->bufs.n; i++) {
        as_buf *buf = plan->bufs.at[i];
        if (buf->root->kind == AS_BUF_INPUT)
            buf->data = (char *)engine->fed[buf->root->input] + buf->offset;
    }
    for (size_t i = 0; i < engine->moving.n; i++) {
        const as_use *use = &engine->moving.at[i].step->uses.at[engine->moving.at[i].use];
        if (!as_prim_bind(engine->moving.at[i].step->prim, use->arg, use->buf->data, err))
            return false;
    }
    return true;
}

/* Inputs and outputs fit, and every step knows where they are. */
static bool engine_begin(as_engine *engine, const as_tensor *inputs, const as_tensor *outputs, as_err *err)
{
    for (size_t i = 0; i < engine->n_outputs; i++)
        if (outputs[i].data && !engine_fits(&engine->outputs[i], &outputs[i], "output", err))
            return false;
    if (!engine_feed(engine, inputs, err))
        return false;
    as_onednn_enter(engine->dnn);
    return true;
}

static void engine_finish(as_engine *engine, as_tensor *outputs)
{
    for (size_t i = 0; i < engine->n_outputs; i++) {
        const as_buf *result = engine->results[i];
        if (!outputs[i].data && engine->kept[i])
            engine_copy_result(engine, i, engine->kept[i]);
        if (!outputs[i].data)
            outputs[i] =
                as_tensor_view(result->dtype, &result->shape, engine->kept[i] ? engine->kept[i] : result->data);
        else
            engine_copy_result(engine, i, outputs[i].data);
        if (engine->rows[i].source)
            outputs[i].shape.dims[engine->rows[i].axis] = as_bounded_rows(engine->rows[i].source);
    }
}

bool as_engine_run(as_engine *engine, const as_tensor *inputs, as_tensor *outputs, as_err *err)
{
    const as_plan *plan = &engine->plan;
    if (!engine_begin(engine, inputs, outputs, err))
        return false;
    for (size_t i = 0; i < plan->steps.n; i++)
        if (!as_step_run(plan->steps.at[i], err))
            return false;
    engine_finish(engine, outputs);
    return true;
}

bool as_engine_profile_run(as_engine *engine, const as_tensor *inputs, as_tensor *outputs, double *ret_ns, as_err *err)
{
    const as_plan *plan = &engine->plan;
    if (!engine_begin(engine, inputs, outputs, err))
        return false;
    as_ns before = as_clock_mono();
    for (size_t i = 0; i < plan->steps.n; i++) {
        if (!as_step_run(plan->steps.at[i], err))
            return false;
        const as_ns after = as_clock_mono();
        ret_ns[i] = (double)(after - before);
        before = after;
    }
    engine_finish(engine, outputs);
    return true;
}

size_t as_engine_n_steps(const as_engine *engine)
{
    return engine->plan.steps.n;
}

bool as_engine_step_at(const as_engine *engine, size_t i, as_engine_step *ret)
{
    return i < engine->plan.steps.n && as_profile_step(engine->plan.profile, engine->plan.steps.at[i], ret);
}
