/* SPDX-License-Identifier: Apache-2.0 */
#include "infer/ort_safe.h"

#include <string.h>

#include "engine/engine.h"
#include "graph/cost.h"

static int64_t safe_integer(const as_tensor *t, size_t i)
{
    int64_t wide;
    int32_t narrow;
    if (t->dtype == AS_DTYPE_I64) {
        memcpy(&wide, (const uint8_t *)t->data + i * sizeof wide, sizeof wide);
        return wide;
    }
    memcpy(&narrow, (const uint8_t *)t->data + i * sizeof narrow, sizeof narrow);
    return narrow;
}

/* A constant of which no number is that one? */
static bool safe_lacks(const as_value *value, int64_t number)
{
    if (!value->constant)
        return false;
    for (size_t i = 0; i < as_tensor_count(value->constant); i++)
        if (safe_integer(value->constant, i) == number)
            return false;
    return true;
}

static bool safe_division(const as_graph *graph, const as_node *node, as_err *err)
{
    const as_value *a = as_graph_value(graph, node->inputs[0]), *b = as_graph_value(graph, node->inputs[1]);
    if (a->dtype != AS_DTYPE_I64 && a->dtype != AS_DTYPE_I32)
        return true; /* narrower ones are divided as wider ones */
    return safe_lacks(b, -1) || safe_lacks(a, a->dtype == AS_DTYPE_I64 ? INT64_MIN : INT32_MIN) ||
           AS_FAIL(err, AS_EUNSUPPORTED,
                   "ONNX Runtime ends the program when it divides the least %s by -1, and '%.200s' is not a constant "
                   "without -1 (back end 'native' can)",
                   as_dtype_name(a->dtype), b->name);
}

/* Input 0 has numbers, whatever is fed; along `axis` (or -1) it may have none. */
static bool safe_some(const as_graph *graph, const as_node *node, int axis, as_err *err)
{
    const as_value *x = as_graph_value(graph, node->inputs[0]);
    bool            some = x->has_shape;
    char            text[AS_TENSOR_MAX_RANK * 24];
    for (int i = 0; some && i < x->shape.rank; i++)
        some = x->shape.dims[i] > 0 || i == axis;
    return some || AS_FAIL(err, AS_EUNSUPPORTED,
                           "ONNX Runtime ends the program where this reads no numbers, and '%.200s' may have none (%s)",
                           x->name, x->has_shape ? as_shape_text(&x->shape, text, sizeof text) : "no shape");
}

static bool safe_whole(const as_graph *graph, const as_node *node, as_err *err)
{
    return safe_some(graph, node, -1, err);
}

static bool safe_top(const as_graph *graph, const as_node *node, as_err *err)
{
    const as_value *x = as_graph_value(graph, node->inputs[0]);
    int64_t         axis = -1;
    (void)as_node_int(node, "axis", &axis);
    return safe_some(graph, node, (int)(axis < 0 && x->has_shape ? axis + x->shape.rank : axis), err);
}

static const struct {
    const char *op;
    bool (*check)(const as_graph *graph, const as_node *node, as_err *err);
} safe_rows[] = {
    {"Div", safe_division},        {"Mod", safe_division}, {"InstanceNormalization", safe_whole},
    {"ConvTranspose", safe_whole}, {"TopK", safe_top},
};

/* The bound that our engine has too: a small file can ask for any amount. */
static bool safe_memory(const as_graph *graph, as_err *err)
{
    as_graph_cost cost;
    if (!as_graph_cost_of(graph, &cost, err))
        return false;
    const uint64_t bytes = cost.is_peak_known ? cost.peak_bytes : 0;
    as_graph_cost_done(&cost);
    return bytes <= AS_ENGINE_MAX_BYTES ||
           AS_FAIL(err, AS_ELIMIT, "values on their way would take %llu bytes of memory, at most %zu",
                   (unsigned long long)bytes, AS_ENGINE_MAX_BYTES);
}

bool as_ort_safe(const as_graph *graph, as_err *err)
{
    for (size_t i = 0; i < as_graph_n_nodes(graph); i++) {
        const as_node *node = as_graph_node(graph, i);
        for (size_t k = 0; k < AS_COUNT(safe_rows); k++)
            if (strcmp(safe_rows[k].op, node->op) == 0 && !safe_rows[k].check(graph, node, err))
                return as_err_note(err, "node '%.200s' (%s)",
                                   *node->name ? node->name : as_graph_value(graph, node->outputs[0])->name, node->op);
    }
    return safe_memory(graph, err);
}
