/* SPDX-License-Identifier: Apache-2.0 */
#include "infer/calibrate.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "engine/engine.h"
#include "graph/build.h"

typedef struct calibration {
    const as_graph *graph;
    as_engine      *engine;
    as_range       *ranges;
    double          share; /* of one picture in the means */
    size_t          picture;
    as_tensor      *outs;
} calibration;

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

/* Where one is no number, or infinite, the range stays unknown, whatever other pictures give: the value is left in floats. */
static void calibrate_widen(as_range *range, const as_tensor *t)
{
    const float *x = t->data;
    for (size_t i = 0; i < as_tensor_count(t); i++)
        if (isnan(x[i]))
            range->high = INFINITY;
    for (size_t i = 0; i < as_tensor_count(t); i++) {
        range->low = fminf(range->low, x[i]);
        range->high = fmaxf(range->high, x[i]);
    }
    range->known = isfinite(range->low) && isfinite(range->high);
}

/* share: of this picture in the means. */
static bool calibrate_mean(as_range *range, const as_tensor *t, int axis, double share, as_err *err)
{
    const float *x = t->data;
    const size_t count = as_tensor_count(t), channels = (size_t)t->shape.dims[axis];
    size_t       inner = 1;
    for (int i = axis + 1; i < t->shape.rank; i++)
        inner *= (size_t)t->shape.dims[i];
    if (!range->means)
        range->means = calloc(channels + 1, sizeof *range->means);
    if (!range->means)
        return AS_FAIL(err, AS_ENOMEM, "out of memory for a calibration");
    range->n_means = channels;
    for (size_t row = 0; row * inner < count; row++) {
        double sum = 0.0;
        for (size_t i = 0; i < inner; i++)
            sum += (double)x[row * inner + i];
        range->means[row % channels] += (float)(sum * share * (double)channels / (double)count);
    }
    return true;
}

/* Where the channels of a value lie: as what multiplies it sees them. */
static int calibrate_axis(const as_graph *graph, int32_t id)
{
    const int rank = as_graph_value(graph, id)->shape.rank;
    for (size_t i = 0; i < as_graph_n_nodes(graph); i++) {
        const as_node *node = as_graph_node(graph, i);
        if (node->n_inputs > 1 && node->inputs[0] == id && strcmp(node->op, "MatMul") == 0)
            return rank - 1;
    }
    return rank > 1 ? 1 : -1;
}

static bool calibrate_value(calibration *c, int32_t id, const as_tensor *t, as_err *err)
{
    as_range *range = &c->ranges[id];
    if (t->dtype != AS_DTYPE_F32 || as_tensor_count(t) == 0)
        return true;
    const int axis = calibrate_axis(c->graph, id);
    calibrate_widen(range, t);
    return axis < 0 || calibrate_mean(range, t, axis, c->share, err);
}

/* A picture is to hold numbers; what a network makes of them may be none, as in a mask. */
static bool calibrate_check(const calibration *c, int32_t id, const as_tensor *t, as_err *err)
{
    for (size_t i = 0; t->dtype == AS_DTYPE_F32 && i < as_tensor_count(t); i++)
        if (!isfinite(((const float *)t->data)[i]))
            return AS_FAIL(err, AS_EINVAL,
                           "input '%s' of picture %zu of the calibration is %g at position %zu: leave that picture out",
                           as_graph_value(c->graph, id)->name, c->picture + 1, (double)((const float *)t->data)[i], i);
    return true;
}

static bool calibrate_look(calibration *c, const as_tensor *ins, const as_tensor *outs, as_err *err)
{
    for (size_t i = 0; i < as_engine_n_inputs(c->engine); i++)
        if (!calibrate_check(c, as_graph_input(c->graph, i), &ins[i], err) ||
            !calibrate_value(c, as_graph_input(c->graph, i), &ins[i], err))
            return false;
    for (size_t i = 0; i < as_engine_n_outputs(c->engine); i++)
        if (!calibrate_value(c, as_graph_find(c->graph, as_engine_output(c->engine, i)->name), &outs[i], err))
            return false;
    return true;
}

static bool calibrate_all(calibration *c, const as_tensor *inputs, size_t n, as_err *err)
{
    if (n == 0)
        return AS_FAIL(err, AS_EINVAL, "a calibration needs at least one picture");
    c->share = 1.0 / (double)n;
    c->ranges = calloc(as_graph_n_values(c->graph) + 1, sizeof *c->ranges);
    c->outs = calloc(as_engine_n_outputs(c->engine) + 1, sizeof *c->outs);
    if (!c->ranges || !c->outs)
        return AS_FAIL(err, AS_ENOMEM, "out of memory for a calibration");
    for (size_t i = 0; i < n; i++) {
        const as_tensor *ins = inputs + i * as_engine_n_inputs(c->engine);
        c->picture = i;
        for (size_t k = 0; k < as_engine_n_outputs(c->engine); k++)
            c->outs[k] = (as_tensor){0};
        if (!as_engine_run(c->engine, ins, c->outs, err) || !calibrate_look(c, ins, c->outs, err))
            return false;
    }
    return true;
}

bool as_calibrate(as_graph *graph, const as_tensor *inputs, size_t n, as_range *ret_ranges, as_err *err)
{
    as_graph    *copy = calibrate_open(graph, err);
    const size_t n_values = as_graph_n_values(graph);
    calibration  c = {.graph = graph};
    c.engine = copy ? as_engine_new(copy, &(as_engine_cfg){.batch = 1}, err) : NULL;
    const bool ok = c.engine && calibrate_all(&c, inputs, n, err);
    if (ok)
        memcpy(ret_ranges, c.ranges, n_values * sizeof *ret_ranges);
    else
        as_range_done(c.ranges, n_values);
    as_engine_free(c.engine);
    as_graph_free(copy);
    free(c.ranges);
    free(c.outs);
    return ok;
}
