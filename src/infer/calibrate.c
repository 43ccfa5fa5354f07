/* SPDX-License-Identifier: Apache-2.0 */
#include "infer/calibrate.h"

#include <math.h>
#include <stdlib.h>

#include "engine/engine.h"
#include "graph/build.h"

/* A copy that shows every computed number. */
static as_graph *calibrate_open(as_graph *graph, as_err *err)
{
    as_str    bytes;
    as_graph *copy = NULL;
    as_str_init(&bytes);
    if (as_graph_infer_shapes(graph, 1, err) && as_graph_write(graph, &bytes, err))
        copy = as_graph_parse((const uint8_t *)bytes.s, bytes.len, "calibration", err);
    as_str_done(&bytes);
    for (size_t id = 0; copy && id < as_graph_n_values(graph); id++) {
        const as_value *v = as_graph_value(graph, (int32_t)id);
        if (v->constant || v->is_output || v->producer < 0 || v->dtype != AS_DTYPE_F32)
            continue;
        if (!as_graph_add_output(copy, v->name, v->dtype, &v->shape, err))
            copy = as_graph_free(copy);
    }
    return copy && !as_graph_finish(copy, err) ? as_graph_free(copy) : copy;
}

static void calibrate_widen(as_range *range, const as_tensor *t)
{
    const float *x = t->data;
    for (size_t i = 0; i < as_tensor_count(t); i++) {
        range->low = fminf(range->low, x[i]);
        range->high = fmaxf(range->high, x[i]);
    }
    range->known = isfinite(range->low) && isfinite(range->high);
}

static void calibrate_look(const as_graph *graph, const as_engine *engine, const as_tensor *ins, const as_tensor *outs,
                           as_range *ranges)
{
    for (size_t i = 0; i < as_engine_n_inputs(engine); i++)
        if (ins[i].dtype == AS_DTYPE_F32)
            calibrate_widen(&ranges[as_graph_input(graph, i)], &ins[i]);
    for (size_t i = 0; i < as_engine_n_outputs(engine); i++)
        if (outs[i].dtype == AS_DTYPE_F32)
            calibrate_widen(&ranges[as_graph_find(graph, as_engine_output(engine, i)->name)], &outs[i]);
}

bool as_calibrate(as_graph *graph, const as_tensor *inputs, size_t n, as_range *ret_ranges, as_err *err)
{
    as_graph  *copy = calibrate_open(graph, err);
    as_engine *engine = copy ? as_engine_new(copy, &(as_engine_cfg){.batch = 1}, err) : NULL;
    as_range  *ranges = calloc(as_graph_n_values(graph) + 1, sizeof *ranges);
    size_t     n_outs = engine ? as_engine_n_outputs(engine) : 0, n_ins = as_graph_n_inputs(graph);
    as_tensor *outs = calloc(n_outs + 1, sizeof *outs);
    bool       ok = engine != NULL;
    if (ok && (!ranges || !outs))
        ok = AS_FAIL(err, AS_ENOMEM, "out of memory for a calibration");
    if (ok && n == 0)
        ok = AS_FAIL(err, AS_EINVAL, "a calibration needs at least one picture");
    for (size_t i = 0; ok && i < n; i++) {
        for (size_t k = 0; k < n_outs; k++)
            outs[k] = (as_tensor){0};
        ok = as_engine_run(engine, inputs + i * n_ins, outs, err);
        if (ok)
            calibrate_look(graph, engine, inputs + i * n_ins, outs, ranges);
    }
    for (size_t id = 0; ok && id < as_graph_n_values(graph); id++)
        ret_ranges[id] = ranges[id];
    as_engine_free(engine);
    as_graph_free(copy);
    free(ranges);
    free(outs);
    return ok;
}
