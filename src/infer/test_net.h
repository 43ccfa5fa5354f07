/* SPDX-License-Identifier: Apache-2.0 */
/* test_net.h - a small network with large weights, in floats and quantised, for the tests of sessions.
 *
 * Layer:   infer, tests only.
 * Threads: one thread.
 * Memory:  the caller's, as_str_done.
 */
#ifndef AS_INFER_TEST_NET_H
#define AS_INFER_TEST_NET_H

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "base/rng.h"
#include "graph/build.h"
#include "infer/calibrate.h"

enum { NET_SIDE = 12, NET_WIDE = 96, NET_VALUES = 3 * NET_SIDE * NET_SIDE, NET_CLASSES = 7 };

#define NET_MUST(x)                 \
    do {                            \
        if (!(x))                   \
            fail_msg("%s", e.text); \
    } while (0)

static inline void net_constant(as_graph *graph, as_rng *rng, const char *name, const as_shape *shape, double scale)
{
    as_err    e = AS_ERR_NONE;
    as_tensor t;
    NET_MUST(as_tensor_new(&t, AS_DTYPE_F32, shape, &e));
    for (size_t i = 0; i < as_tensor_count(&t); i++)
        ((float *)t.data)[i] = (float)(scale * as_rng_normal(rng));
    NET_MUST(as_graph_add_constant(graph, name, &t, &e));
    as_tensor_done(&t);
}

static inline void net_node(as_graph *graph, const char *op, const char *const *in, const char *out,
                            const as_attr *attr)
{
    as_err e = AS_ERR_NONE;
    NET_MUST(as_graph_add_node(graph, op, out, in, (const char *const[]){out, NULL}, attr, attr ? 1 : 0, &e));
}

/* Two convolutions of which the second has NET_WIDE x NET_WIDE x 3 x 3 weights (324 KiB of f32), an addition, a head. */
static inline as_graph *net_build(uint64_t seed)
{
    static const int64_t ones[] = {1, 1, 1, 1};
    const as_attr        pads = {.name = "pads", .kind = AS_ATTR_INTS, .ints = ones, .n = 4};
    const as_attr        turned = {.name = "transB", .kind = AS_ATTR_INT, .i = 1};
    as_err               e = AS_ERR_NONE;
    as_rng               rng = as_rng_new(seed);
    as_graph            *g = as_graph_new("net", &e);
    NET_MUST(g && as_graph_add_input(g, "input", AS_DTYPE_F32,
                                     &(as_shape){.rank = 4, .dims = {1, 3, NET_SIDE, NET_SIDE}}, &e));
    net_constant(g, &rng, "w1", &(as_shape){.rank = 4, .dims = {NET_WIDE, 3, 3, 3}}, 0.3);
    net_constant(g, &rng, "w2", &(as_shape){.rank = 4, .dims = {NET_WIDE, NET_WIDE, 3, 3}}, 0.04);
    net_constant(g, &rng, "b2", &(as_shape){.rank = 1, .dims = {NET_WIDE}}, 0.1);
    net_constant(g, &rng, "w3", &(as_shape){.rank = 2, .dims = {NET_CLASSES, NET_WIDE}}, 0.3);
    net_node(g, "Conv", (const char *const[]){"input", "w1", NULL}, "c1", &pads);
    net_node(g, "Relu", (const char *const[]){"c1", NULL}, "r1", NULL);
    net_node(g, "Conv", (const char *const[]){"r1", "w2", "b2", NULL}, "c2", &pads);
    net_node(g, "Add", (const char *const[]){"c2", "r1", NULL}, "a2", NULL);
    net_node(g, "Relu", (const char *const[]){"a2", NULL}, "r2", NULL);
    net_node(g, "GlobalAveragePool", (const char *const[]){"r2", NULL}, "mean", NULL);
    net_node(g, "Flatten", (const char *const[]){"mean", NULL}, "flat", NULL);
    net_node(g, "Gemm", (const char *const[]){"flat", "w3", NULL}, "scores", &turned);
    NET_MUST(as_graph_add_output(g, "scores", AS_DTYPE_F32, &(as_shape){.rank = 2, .dims = {1, NET_CLASSES}}, &e) &&
             as_graph_finish(g, &e));
    return g;
}

static inline void net_draw(uint64_t seed, float *out)
{
    as_rng rng = as_rng_new(seed);
    for (int i = 0; i < NET_VALUES; i++)
        out[i] = (float)as_rng_normal(&rng);
}

/* The model's bytes; whole: quantised. */
static inline as_str net_model(uint64_t seed, bool whole)
{
    static float    picture[NET_VALUES];
    const as_shape  shape = {.rank = 4, .dims = {1, 3, NET_SIDE, NET_SIDE}};
    const as_tensor in = as_tensor_view(AS_DTYPE_F32, &shape, picture);
    as_err          e = AS_ERR_NONE;
    as_graph       *graph = net_build(seed), *small = NULL;
    as_str          bytes;
    as_str_init(&bytes);
    if (whole) {
        as_range *ranges = calloc(as_graph_n_values(graph) + 1, sizeof *ranges);
        net_draw(seed, picture);
        NET_MUST(ranges && as_calibrate(graph, &in, 1, ranges, &e));
        small = as_graph_quantise(graph, ranges, &e);
        NET_MUST(small != NULL);
        as_range_done(ranges, as_graph_n_values(graph));
        free(ranges);
    }
    NET_MUST(as_graph_write(small ? small : graph, &bytes, &e));
    as_graph_free(small);
    as_graph_free(graph);
    return bytes;
}

#endif
