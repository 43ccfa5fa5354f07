/* SPDX-License-Identifier: Apache-2.0 */
/* Any bytes as a model: its shapes inferred, its constants folded, its memory planned, and run once over small numbers.
 * What is too large or too long to try again and again is left out here; src/infer/hostile_test.c has such models. */
#include <stdlib.h>

#include "engine/engine.h"
#include "graph/cost.h"

#define FUZZ_MOST_BYTES    ((uint64_t)16 << 20)
#define FUZZ_MOST_PRODUCTS ((uint64_t)20 << 20)

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

/* A picture of every dimension that is open would be one of nothing: they are 3. */
static bool fuzz_is_small(as_graph *graph)
{
    as_graph_cost cost;
    size_t        count;
    for (size_t i = 0; i < as_graph_n_values(graph); i++) {
        const as_value *v = as_graph_value(graph, (int32_t)i);
        if (v->has_shape && as_shape_count(&v->shape, &count) && count > FUZZ_MOST_BYTES / 8)
            return false;
    }
    if (!as_graph_cost_of(graph, &cost, NULL))
        return false;
    bool small = cost.peak_bytes <= FUZZ_MOST_BYTES && cost.n_multiplies <= FUZZ_MOST_PRODUCTS;
    as_graph_cost_done(&cost);
    return small;
}

static void fuzz_fill(as_tensor *t, const uint8_t *data, size_t size)
{
    uint8_t *to = t->data;
    size_t   n = as_tensor_count(t);
    for (size_t i = 0; t->dtype == AS_DTYPE_F32 && i < n; i++)
        ((float *)t->data)[i] = (float)data[i % size] / 64 - 2;
    for (size_t i = 0; t->dtype != AS_DTYPE_F32 && i < n * as_dtype_bytes(t->dtype); i++)
        to[i] = t->dtype == AS_DTYPE_BOOL ? data[i % size] & 1 : data[i % size];
}

static void fuzz_run(as_engine *engine, const uint8_t *data, size_t size)
{
    size_t     n_in = as_engine_n_inputs(engine), n_out = as_engine_n_outputs(engine);
    as_tensor *inputs = calloc(n_in + 1, sizeof *inputs), *outputs = calloc(n_out + 1, sizeof *outputs);
    as_err     err = AS_ERR_NONE;
    bool       ok = inputs && outputs;
    for (size_t i = 0; ok && i < n_in; i++) {
        const as_value *v = as_engine_input(engine, i);
        ok = as_tensor_new(&inputs[i], v->dtype, &v->shape, &err);
        if (ok)
            fuzz_fill(&inputs[i], data, size);
    }
    ok = ok && as_engine_run(engine, inputs, outputs, &err);
    volatile uint8_t last = 0;
    for (size_t i = 0; ok && i < n_out; i++) {
        size_t n = as_tensor_count(&outputs[i]) * as_dtype_bytes(outputs[i].dtype);
        last = n ? ((const uint8_t *)outputs[i].data)[n - 1] : last; /* it is there */
    }
    for (size_t i = 0; inputs && i < n_in; i++)
        as_tensor_done(&inputs[i]);
    free(inputs);
    free(outputs);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    as_err    err = AS_ERR_NONE;
    as_graph *graph = size ? as_graph_parse(data, size, "fuzz", &err) : NULL;
    if (graph && as_graph_infer_shapes(graph, 1, &err) && fuzz_is_small(graph)) {
        as_engine *engine = as_engine_new(graph, &(as_engine_cfg){0}, &err);
        if (engine)
            fuzz_run(engine, data, size);
        as_engine_free(engine);
    }
    as_graph_free(graph);
    return 0;
}
