/* SPDX-License-Identifier: Apache-2.0 */
/* test_pairs.h - what the tests of quantised models make their graphs of: pairs of QuantizeLinear and DequantizeLinear.
 *
 * Layer:   engine, tests only.
 * Threads: one thread.
 * Memory:  the graph's.
 */
#ifndef AS_ENGINE_TEST_PAIRS_H
#define AS_ENGINE_TEST_PAIRS_H

#include <setjmp.h>
#include <stdarg.h>

#include <cmocka.h>

#include "base/rng.h"
#include "engine/plan.h"
#include "graph/build.h"

enum { WIDTH = 8, SIDE = 6, WIDEST = 64 };
#define VALUES (WIDTH * SIDE * SIDE)

static inline void must(bool ok, const as_err *err)
{
    if (!ok)
        fail_msg("%s", err->text);
}

static inline void add_constant(as_graph *graph, const char *name, as_dtype dtype, int rank, const int64_t *dims,
                                void *data)
{
    as_err   err = AS_ERR_NONE;
    as_shape shape = {.rank = rank};
    for (int i = 0; i < rank; i++)
        shape.dims[i] = dims[i];
    as_tensor t = as_tensor_view(dtype, &shape, data);
    must(as_graph_add_constant(graph, name, &t, &err), &err);
}

#define NAMES(...) ((const char *const[]){__VA_ARGS__, NULL})

static inline void add_node(as_graph *graph, const char *op, const char *const *in, const char *out,
                            const as_attr *attrs, size_t n)
{
    as_err err = AS_ERR_NONE;
    must(as_graph_add_node(graph, op, out, in, NAMES(out), attrs, n, &err), &err);
}

static inline void add_scale(as_graph *graph, const char *of, float scale, as_dtype dtype, int zero)
{
    char   name[64];
    int8_t z = (int8_t)(uint8_t)zero; /* the same byte as u8 */
    snprintf(name, sizeof name, "%s.s", of);
    add_constant(graph, name, AS_DTYPE_F32, 0, NULL, &scale);
    snprintf(name, sizeof name, "%s.z", of);
    add_constant(graph, name, dtype, 0, NULL, &z);
}

/* op: QuantizeLinear or DequantizeLinear, by the scale that was added as `of`. */
static inline void add_linear(as_graph *graph, const char *op, const char *in, const char *of, const char *out)
{
    char s[64], z[64];
    snprintf(s, sizeof s, "%s.s", of);
    snprintf(z, sizeof z, "%s.z", of);
    add_node(graph, op, NAMES(in, s, z), out, NULL, 0);
}

static inline as_graph *new_graph(const as_shape *input, as_dtype dtype)
{
    as_err    err = AS_ERR_NONE;
    as_graph *graph = as_graph_new("test", &err);
    must(graph && as_graph_add_input(graph, "x", dtype, input, &err), &err);
    return graph;
}

static inline void random_weights(as_graph *graph, as_rng *rng, const char *w, const char *ws, const char *wf,
                                  const int64_t dims[4])
{
    const as_attr rows = {"axis", AS_ATTR_INT, .i = 0};
    static int8_t weights[WIDEST * WIDEST * 9];
    float         scales[WIDEST];
    const int64_t count = dims[0] * dims[1] * dims[2] * dims[3], least = WIDTH * 2 * WIDTH * 9;
    for (int64_t k = 0; k < AS_MAX(count, least); k++)
        weights[k] = (int8_t)((int)as_rng_below(rng, 129) - 64);
    for (int64_t k = 0; k < dims[0]; k++)
        scales[k] = (float)as_rng_range(rng, 0.0005, 0.002);
    add_constant(graph, w, AS_DTYPE_I8, 4, dims, weights);
    add_constant(graph, ws, AS_DTYPE_F32, 1, dims, scales);
    add_node(graph, "DequantizeLinear", NAMES(w, ws), wf, &rows, 1);
}

#endif
