/* SPDX-License-Identifier: Apache-2.0 */
/* Random networks of whole numbers: all in between shown, which fuses nothing, against shown only at the end. */
#include <math.h>
#include <setjmp.h>
#include <stdarg.h>

#include <cmocka.h>

#include "base/count_test.h"
#include "engine/test_pairs.h"

enum { NODES = 10, SEEDS = 200 };

/* Where one scale is a simple fraction of another, sums and means lie halfway between two steps exactly, and the last digit of
 * a float decides: fused, the factor between two scales is one number; not fused, there is a product and a quotient. */
typedef struct scales {
    float fine, coarse, positive;
} scales;

static const scales apart = {0.0157313f, 0.0235817f, 0.0117949f};
static const scales halfway = {4.0f / 255.0f, 6.0f / 255.0f, 3.0f / 255.0f};

/* v<i+1> = some function of earlier ones, quantised and restored. */
static void random_node(as_graph *graph, as_rng *rng, int i)
{
    static const char *const functions[] = {"Relu", "Sigmoid", "HardSwish", "Identity", "Abs", "LeakyRelu"};
    static const int64_t     three[] = {3, 3}, ones[] = {1, 1, 1, 1};
    const as_attr            pool[] = {{.name = "kernel_shape", .kind = AS_ATTR_INTS, .ints = three, .n = 2},
                                       {.name = "pads", .kind = AS_ATTR_INTS, .ints = ones, .n = 4}};
    const as_attr            axis = {.name = "axis", .kind = AS_ATTR_INT, .i = 1};
    char                     a[16], b[16], f[16], q[16], out[16], w[16], ws[16], wf[16], mid[16];
    const bool               wide = as_rng_below(rng, 7) == 0, relu = as_rng_below(rng, 2) == 0;
    snprintf(a, sizeof a, "v%d", as_rng_below(rng, 3) ? i : (int)as_rng_below(rng, (uint64_t)i + 1));
    snprintf(b, sizeof b, "v%d", (int)as_rng_below(rng, (uint64_t)i + 1));
    snprintf(f, sizeof f, "f%d", i);
    snprintf(q, sizeof q, "q%d", i);
    snprintf(out, sizeof out, "v%d", i + 1);
    snprintf(w, sizeof w, "w%d", i);
    snprintf(ws, sizeof ws, "ws%d", i);
    snprintf(wf, sizeof wf, "wf%d", i);
    snprintf(mid, sizeof mid, "m%d", i);
    const int     kind = (int)as_rng_below(rng, 8);
    const int64_t in = kind == 7 ? 2 * WIDTH : WIDTH, kernel = kind == 7 ? 1 : 3;
    if (kind <= 2 || kind == 7)
        random_weights(graph, rng, w, ws, wf, (const int64_t[]){WIDTH, in, kernel, kernel});
    const char *made = relu ? mid : f;
    if (kind <= 2)
        add_node(graph, "Conv", NAMES(a, wf), made, &pool[1], 1);
    else if (kind == 3 || kind == 4)
        add_node(graph, kind == 3 ? "Add" : "Mul", NAMES(a, b), made, NULL, 0);
    else if (kind == 5)
        add_node(graph, relu ? "MaxPool" : "AveragePool", NAMES(a), made, pool, 2);
    else if (kind == 6)
        add_node(graph, functions[as_rng_below(rng, AS_COUNT(functions))], NAMES(a), made, NULL, 0);
    else {
        char joined[16];
        snprintf(joined, sizeof joined, "j%d", i);
        snprintf(mid, sizeof mid, "k%d", i);
        add_node(graph, "Concat", NAMES(a, b), joined, &axis, 1);
        add_linear(graph, "QuantizeLinear", joined, "coarse", mid);
        snprintf(joined, sizeof joined, "l%d", i);
        add_linear(graph, "DequantizeLinear", mid, "coarse", joined);
        made = f;
        add_node(graph, "Conv", NAMES(joined, wf), made, NULL, 0);
    }
    if (made != f)
        add_node(graph, "Relu", NAMES(made), f, NULL, 0);
    const char *scale = wide ? "coarse" : relu ? "positive" : "fine";
    add_linear(graph, "QuantizeLinear", f, scale, q);
    add_linear(graph, "DequantizeLinear", q, scale, out);
}

typedef enum show { SHOW_LAST = 0, SHOW_ALL } show;

/* The first n nodes. SHOW_LAST: v<n>; SHOW_ALL: f<i> and v<i + 1> of all. */
static as_graph *random_graph(uint64_t seed, const scales *by, int n, show shown)
{
    const as_shape shape = {.rank = 4, .dims = {1, WIDTH, SIDE, SIDE}};
    const as_dtype dtype = seed % 3 == 2 ? AS_DTYPE_I8 : AS_DTYPE_U8;
    const int      less = dtype == AS_DTYPE_I8 ? 128 : 0;
    as_rng         rng = as_rng_new(seed);
    as_err         err = AS_ERR_NONE;
    as_graph      *graph = new_graph(&shape, AS_DTYPE_F32);
    char           name[16];
    add_scale(graph, "fine", by->fine, dtype, 128 - less);
    add_scale(graph, "coarse", by->coarse, dtype, 117 - less);
    add_scale(graph, "positive", by->positive, dtype, 0 - less);
    add_linear(graph, "QuantizeLinear", "x", "fine", "qx");
    add_linear(graph, "DequantizeLinear", "qx", "fine", "v0");
    for (int i = 0; i < n; i++)
        random_node(graph, &rng, i);
    for (int i = 0; i < n; i++) {
        snprintf(name, sizeof name, "f%d", i);
        if (shown != SHOW_LAST)
            must(as_graph_add_output(graph, name, AS_DTYPE_F32, &shape, &err), &err);
        snprintf(name, sizeof name, "v%d", i + 1);
        if (shown == SHOW_ALL || (shown == SHOW_LAST && i == n - 1))
            must(as_graph_add_output(graph, name, AS_DTYPE_F32, &shape, &err), &err);
    }
    must(as_graph_finish(graph, &err), &err);
    return graph;
}

/* Consumes the graph. outs: views of the engine's own, valid until it is freed. */
static as_engine *run_graph(as_graph *graph, uint64_t seed, as_tensor *outs)
{
    static float   x[VALUES];
    const as_shape shape = {.rank = 4, .dims = {1, WIDTH, SIDE, SIDE}};
    as_rng         rng = as_rng_new(seed + 50);
    as_err         err = AS_ERR_NONE;
    as_engine     *engine = as_engine_new(graph, &(as_engine_cfg){0}, &err);
    must(engine != NULL, &err);
    for (size_t i = 0; i < VALUES; i++)
        x[i] = (float)as_rng_range(&rng, -2.0, 2.0);
    as_tensor in = as_tensor_view(AS_DTYPE_F32, &shape, x);
    must(as_engine_run(engine, &in, outs, &err), &err);
    as_graph_free(graph);
    return engine;
}

/* Nothing lies halfway: one number in some thousands is a step off, and what is made of it little more. */
static void test_random_networks_fused_and_not(void **state)
{
    (void)state;
    double worst = 0.0;
    for (uint64_t seed = 0; seed < SEEDS; seed++) {
        as_tensor    all[2 * NODES] = {0}, one = {0}, again = {0};
        as_engine   *a = run_graph(random_graph(seed, &apart, NODES, SHOW_ALL), seed, all);
        as_engine   *b = run_graph(random_graph(seed, &apart, NODES, SHOW_LAST), seed, &one);
        as_engine   *c = run_graph(random_graph(seed, &apart, NODES, SHOW_LAST), seed, &again);
        const float *want = all[2 * NODES - 1].data, *got = one.data;
        for (size_t i = 0; i < VALUES; i++) {
            worst = fmax(worst, fabs((double)got[i] - (double)want[i]));
            if (!(fabs((double)got[i] - (double)want[i]) <= 2.0 * (double)apart.coarse))
                fail_msg("network %d: element %d is %g and not %g", (int)seed, (int)i, (double)got[i], (double)want[i]);
        }
        assert_memory_equal(got, again.data, VALUES * sizeof *got);
        as_engine_free(a);
        as_engine_free(b);
        as_engine_free(c);
    }
    print_message("worst difference %.3g, a step is %.3g\n", worst, (double)apart.fine);
}

/* Node k of both: where they differ it is by one step, and the float lies halfway between the two. Returns whether they do. */
static bool differ_by_halves(uint64_t seed, int k, const float *f, const float *shown, const float *fused)
{
    bool any = false;
    for (size_t i = 0; i < VALUES; i++) {
        if (memcmp(&shown[i], &fused[i], sizeof *shown) == 0)
            continue;
        const double step = fabs((double)shown[i] - (double)fused[i]);
        const double middle = ((double)shown[i] + (double)fused[i]) / 2;
        if (!(step <= 1.001 * (double)halfway.coarse && fabs((double)f[i] - middle) <= 1e-4 * step))
            fail_msg("network %d, node %d: %g became %g and, fused, %g", (int)seed, k, (double)f[i], (double)shown[i],
                     (double)fused[i]);
        any = true;
    }
    return any;
}

/* What is made of a step may be many in the end: all that can be said is where it begins. Among the seeds are those with the
 * largest differences of 27,000. */
static void test_what_differs_first_lay_halfway(void **state)
{
    (void)state;
    static const uint64_t large[] = {5987, 6229, 6855, 12594, 15577, 15745, 27436};
    size_t                n_differ = 0;
    for (size_t s = 0; s < AS_COUNT(large) + 60; s++) {
        const uint64_t seed = s < AS_COUNT(large) ? large[s] : s;
        as_tensor      all[2 * NODES] = {0};
        as_engine     *a = run_graph(random_graph(seed, &halfway, NODES, SHOW_ALL), seed, all);
        bool           differs = false;
        for (int k = 0; k < NODES && !differs; k++) {
            as_tensor  one = {0};
            as_engine *b = run_graph(random_graph(seed, &halfway, k + 1, SHOW_LAST), seed, &one);
            differs = differ_by_halves(seed, k, all[2 * k].data, all[2 * k + 1].data, one.data);
            as_engine_free(b);
        }
        n_differ += differs;
        as_engine_free(a);
    }
    assert_true(n_differ >= AS_COUNT(large)); /* else this tries nothing */
}

static void test_a_run_allocates_nothing(void **state)
{
    (void)state;
#if COUNTS_ALLOCATIONS
    static float    x[VALUES];
    const as_shape  shape = {.rank = 4, .dims = {1, WIDTH, SIDE, SIDE}};
    const as_tensor in = as_tensor_view(AS_DTYPE_F32, &shape, x);
    for (uint64_t seed = 0; seed < 20; seed++) {
        as_err     err = AS_ERR_NONE;
        as_tensor  out = {0};
        as_engine *engine = run_graph(random_graph(seed, &halfway, NODES, SHOW_LAST), seed, &out);
        count_begin();
        for (int i = 0; i < 4; i++)
            must(as_engine_run(engine, &in, &out, &err), &err);
        assert_int_equal(count_end(), 0);
        assert_int_equal(count_others(), 0);
        as_engine_free(engine);
    }
#else
    print_message("skipped: a sanitizer allocates for itself\n");
    skip();
#endif
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_random_networks_fused_and_not),
        cmocka_unit_test(test_what_differs_first_lay_halfway),
        cmocka_unit_test(test_a_run_allocates_nothing),
    };
    return cmocka_run_group_tests_name("quant_random", tests, NULL, NULL);
}
