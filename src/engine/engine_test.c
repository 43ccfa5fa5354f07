/* SPDX-License-Identifier: Apache-2.0 */
#include <math.h>
#include <setjmp.h>
#include <stdarg.h>

#include <cmocka.h>

#include "base/count_test.h"
#include "base/isa.h"
#include "base/rng.h"
#include "base/thread.h"
#include "engine/plan.h"
#include "graph/build.h"

static void must(bool ok, const as_err *err)
{
    if (!ok)
        fail_msg("%s", err->text);
}

static as_shape shape4(int64_t n, int64_t c, int64_t h, int64_t w)
{
    return (as_shape){.rank = 4, .dims = {n, c, h, w}};
}

static float *randoms(as_rng *rng, size_t n)
{
    float *data = malloc(AS_MAX(n, 1u) * sizeof *data);
    assert_non_null(data);
    for (size_t i = 0; i < n; i++)
        data[i] = (float)as_rng_normal(rng);
    return data;
}

static void add_constant(as_graph *graph, const char *name, const as_shape *shape, float *data)
{
    as_err    err = AS_ERR_NONE;
    as_tensor t = as_tensor_view(AS_DTYPE_F32, shape, data);
    must(as_graph_add_constant(graph, name, &t, &err), &err);
}

static void add_random(as_graph *graph, as_rng *rng, const char *name, const as_shape *shape, double scale)
{
    size_t n;
    assert_true(as_shape_count(shape, &n));
    float *data = randoms(rng, n);
    for (size_t i = 0; i < n; i++)
        data[i] *= (float)scale;
    add_constant(graph, name, shape, data);
    free(data);
}

static void add_node(as_graph *graph, const char *op, const char *a, const char *b, const char *c, const char *out,
                     const as_attr *attrs, size_t n_attrs)
{
    const char *inputs[] = {a, b, b ? c : NULL, NULL}, *outputs[] = {out, NULL};
    as_err      err = AS_ERR_NONE;
    must(as_graph_add_node(graph, op, out, inputs, outputs, attrs, n_attrs, &err), &err);
}

static as_graph *new_graph(const as_shape *input)
{
    as_err    err = AS_ERR_NONE;
    as_graph *graph = as_graph_new("test", &err);
    must(graph && as_graph_add_input(graph, "x", AS_DTYPE_F32, input, &err), &err);
    return graph;
}

static void add_output(as_graph *graph, const char *name, const as_shape *shape)
{
    as_err err = AS_ERR_NONE;
    must(as_graph_add_output(graph, name, AS_DTYPE_F32, shape, &err), &err);
}

static as_engine *new_engine(as_graph *graph, int64_t batch, uint32_t threads)
{
    as_err              err = AS_ERR_NONE;
    const as_engine_cfg cfg = {.batch = batch, .threads = threads};
    as_engine          *engine = as_engine_new(graph, &cfg, &err);
    must(engine != NULL, &err);
    return engine;
}

static void run_into(as_engine *engine, float *in, float *out)
{
    as_err    err = AS_ERR_NONE;
    as_tensor i = as_tensor_view(AS_DTYPE_F32, &as_engine_input(engine, 0)->shape, in);
    as_tensor o = as_tensor_view(AS_DTYPE_F32, &as_engine_output(engine, 0)->shape, out);
    must(as_engine_run(engine, &i, &o, &err), &err);
}

/* within tolerance of the largest number, or of `most` */
static void check_near(const float *got, const float *want, size_t n, double tolerance, double most, const char *what)
{
    for (size_t i = 0; i < n; i++)
        most = AS_MAX(most, fabs((double)want[i]));
    for (size_t i = 0; i < n; i++)
        if (!(fabs((double)got[i] - (double)want[i]) <= tolerance * most))
            fail_msg("%s: element %zu is %g and not %g", what, i, (double)got[i], (double)want[i]);
}

/* --- convolutions against their definition ------------------------------------------------------------------------ */

typedef struct conv_case {
    int64_t n, c, h, w, o, groups, kernel[2], stride[2], dilation[2], pads[4];
    bool    bias;
} conv_case;

static int64_t conv_extent(const conv_case *c, int i)
{
    int64_t in = i == 0 ? c->h : c->w;
    return (in + c->pads[i] + c->pads[i + 2] - (c->kernel[i] - 1) * c->dilation[i] - 1) / c->stride[i] + 1;
}

static void conv_define(const conv_case *c, const float *x, const float *w, const float *bias, float *y)
{
    const int64_t oh = conv_extent(c, 0), ow = conv_extent(c, 1), ci = c->c / c->groups, co = c->o / c->groups;
    for (int64_t n = 0; n < c->n; n++)
        for (int64_t o = 0; o < c->o; o++)
            for (int64_t yy = 0; yy < oh; yy++)
                for (int64_t xx = 0; xx < ow; xx++) {
                    double sum = bias ? (double)bias[o] : 0.0;
                    for (int64_t i = 0; i < ci; i++)
                        for (int64_t ky = 0; ky < c->kernel[0]; ky++)
                            for (int64_t kx = 0; kx < c->kernel[1]; kx++) {
                                int64_t sy = yy * c->stride[0] - c->pads[0] + ky * c->dilation[0];
                                int64_t sx = xx * c->stride[1] - c->pads[1] + kx * c->dilation[1];
                                if (sy < 0 || sy >= c->h || sx < 0 || sx >= c->w)
                                    continue;
                                sum += (double)x[((n * c->c + o / co * ci + i) * c->h + sy) * c->w + sx] *
                                       (double)w[((o * ci + i) * c->kernel[0] + ky) * c->kernel[1] + kx];
                            }
                    y[((n * c->o + o) * oh + yy) * ow + xx] = (float)sum;
                }
}

static void conv_check(const conv_case *c, as_rng *rng)
{
    const as_attr attrs[] = {
        {.name = "kernel_shape", .kind = AS_ATTR_INTS, .ints = c->kernel, .n = 2},
        {.name = "strides", .kind = AS_ATTR_INTS, .ints = c->stride, .n = 2},
        {.name = "dilations", .kind = AS_ATTR_INTS, .ints = c->dilation, .n = 2},
        {.name = "pads", .kind = AS_ATTR_INTS, .ints = c->pads, .n = 4},
        {.name = "group", .kind = AS_ATTR_INT, .i = c->groups},
    };
    const as_shape in = shape4(c->n, c->c, c->h, c->w), out = shape4(c->n, c->o, conv_extent(c, 0), conv_extent(c, 1));
    const as_shape w_shape = shape4(c->o, c->c / c->groups, c->kernel[0], c->kernel[1]);
    const as_shape b_shape = {.rank = 1, .dims = {c->o}};
    size_t         n_in = 0, n_out = 0, n_w = 0;
    char           what[160];
    as_err         err = AS_ERR_NONE;
    assert_true(as_shape_count(&in, &n_in) && as_shape_count(&out, &n_out) && as_shape_count(&w_shape, &n_w));
    float *x = randoms(rng, n_in), *w = randoms(rng, n_w), *b = randoms(rng, (size_t)c->o);
    float *want = malloc(n_out * sizeof *want), *got = malloc(n_out * sizeof *got);
    assert_true(want && got);
    as_graph *graph = new_graph(&in);
    add_constant(graph, "w", &w_shape, w);
    add_constant(graph, "b", &b_shape, b);
    add_node(graph, "Conv", "x", "w", c->bias ? "b" : NULL, "y", attrs, AS_COUNT(attrs));
    add_output(graph, "y", &out);
    must(as_graph_finish(graph, &err), &err);
    as_engine *engine = new_engine(graph, c->n, 1);
    run_into(engine, x, got);
    conv_define(c, x, w, c->bias ? b : NULL, want);
    snprintf(what, sizeof what, "conv %d->%d %dx%d groups %d kernel %dx%d stride %d dilation %d", (int)c->c, (int)c->o,
             (int)c->h, (int)c->w, (int)c->groups, (int)c->kernel[0], (int)c->kernel[1], (int)c->stride[0],
             (int)c->dilation[0]);
    check_near(got, want, n_out, 3e-5, 1.0, what);
    as_engine_free(engine);
    as_graph_free(graph);
    free(x);
    free(w);
    free(b);
    free(want);
    free(got);
}

static void test_conv_is_what_it_is_defined_as(void **state)
{
    (void)state;
    static const int64_t widths[] = {1, 3, 8, 16, 24, 32, 48};
    as_rng               rng = as_rng_new(11);
    for (int i = 0; i < 120; i++) {
        conv_case c = {.n = 1 + (int64_t)as_rng_below(&rng, 2), .bias = as_rng_below(&rng, 2) == 0};
        c.groups = as_rng_below(&rng, 3) == 0 ? widths[as_rng_below(&rng, 4)] : 1;
        c.c = c.groups * (c.groups > 1 ? 1 + (int64_t)as_rng_below(&rng, 2) : widths[as_rng_below(&rng, 7)]);
        c.o = c.groups * (c.groups > 1 ? 1 + (int64_t)as_rng_below(&rng, 2) : widths[as_rng_below(&rng, 7)]);
        c.h = 7 + (int64_t)as_rng_below(&rng, 9);
        c.w = 7 + (int64_t)as_rng_below(&rng, 9);
        for (int k = 0; k < 2; k++) {
            c.kernel[k] = i % 3 == 0 ? 3 : 1 + (int64_t)as_rng_below(&rng, 4);
            c.stride[k] = i % 3 == 0 ? 1 : 1 + (int64_t)as_rng_below(&rng, 2);
            c.dilation[k] = i % 5 == 0 ? 2 : 1;
        }
        for (int k = 0; k < 4; k++)
            c.pads[k] = (int64_t)as_rng_below(&rng, 2);
        conv_check(&c, &rng);
    }
}

/* --- random networks: what is fused, done in place and laid over each other must not change what comes out ------------ */

enum { WIDTH = 16, SIDE = 8, NODES = 14 };

/* Node i reads earlier values; all values have one shape, but behind Concat, which a 1x1 convolution brings back. */
static void random_node(as_graph *graph, as_rng *rng, int i, bool last)
{
    static const char *const unary[] = {"Relu", "Sigmoid", "Tanh", "LeakyRelu", "Identity", "Abs"};
    static const char *const binary[] = {"Add", "Add", "Mul", "Sub", "Max"};
    const as_shape           w3 = shape4(WIDTH, WIDTH, 3, 3), w1 = shape4(WIDTH, 2 * WIDTH, 1, 1),
                   row = {.rank = 1, .dims = {WIDTH}};
    const as_attr pads = {.name = "pads", .kind = AS_ATTR_INTS, .ints = (const int64_t[]){1, 1, 1, 1}, .n = 4};
    const as_attr axis = {.name = "axis", .kind = AS_ATTR_INT, .i = 1};
    char          a[16], b[16], out[16], w[16], mid[16];
    /* near ones more often, so that chains come about that can be fused */
    snprintf(a, sizeof a, "v%d", as_rng_below(rng, 3) ? i : (int)as_rng_below(rng, (uint64_t)i + 1));
    snprintf(b, sizeof b, "v%d", (int)as_rng_below(rng, (uint64_t)i + 1));
    snprintf(out, sizeof out, last ? "y" : "v%d", i + 1);
    snprintf(w, sizeof w, "w%d", i);
    snprintf(mid, sizeof mid, "m%d", i);
    switch (as_rng_below(rng, 8)) {
    case 7: { /* x sigmoid(x) */
        const as_attr line[] = {{.name = "alpha", .kind = AS_ATTR_FLOAT, .f = 1.0f / 6.0f},
                                {.name = "beta", .kind = AS_ATTR_FLOAT, .f = 0.5f}};
        const bool    hard = as_rng_below(rng, 2) == 0;
        add_node(graph, hard ? "HardSigmoid" : "Sigmoid", a, NULL, NULL, mid, line, hard ? 2 : 0);
        add_node(graph, "Mul", a, mid, NULL, out, NULL, 0);
        return;
    }
    case 6: { /* one number for each channel, constant or computed */
        static const char *const rows[] = {"row3", "row4", "peak"};
        add_node(graph, as_rng_below(rng, 2) ? "Add" : "Mul", a, rows[as_rng_below(rng, 3)], NULL, out, NULL, 0);
        return;
    }
    case 0:
    case 1:
        add_random(graph, rng, w, &w3, 0.1);
        add_node(graph, "Conv", a, w, NULL, out, &pads, 1);
        return;
    case 2: {
        const char *const inputs[] = {a, "scale", "shift", "mean", "variance", NULL}, *const outputs[] = {out, NULL};
        as_err err = AS_ERR_NONE;
        (void)row;
        must(as_graph_add_node(graph, "BatchNormalization", out, inputs, outputs, NULL, 0, &err), &err);
        return;
    }
    case 3: add_node(graph, unary[as_rng_below(rng, AS_COUNT(unary))], a, NULL, NULL, out, NULL, 0); return;
    case 4: add_node(graph, binary[as_rng_below(rng, AS_COUNT(binary))], a, b, NULL, out, NULL, 0); return;
    default:
        add_random(graph, rng, w, &w1, 0.1);
        add_node(graph, "Concat", a, b, NULL, mid, &axis, 1);
        add_node(graph, "Conv", mid, w, NULL, out, NULL, 0);
    }
}

static as_graph *random_graph(uint64_t seed, int64_t batch, bool show_all)
{
    as_rng         rng = as_rng_new(seed);
    const as_shape shape = shape4(batch, WIDTH, SIDE, SIDE), row = {.rank = 1, .dims = {WIDTH}};
    float          positive[WIDTH];
    char           name[16];
    as_err         err = AS_ERR_NONE;
    as_graph      *graph = new_graph(&shape);
    for (int i = 0; i < WIDTH; i++)
        positive[i] = (float)as_rng_range(&rng, 0.5, 2.0);
    add_constant(graph, "variance", &row, positive);
    add_random(graph, &rng, "scale", &row, 1.0);
    add_random(graph, &rng, "shift", &row, 1.0);
    add_random(graph, &rng, "mean", &row, 1.0);
    add_random(graph, &rng, "row3", &(as_shape){.rank = 3, .dims = {WIDTH, 1, 1}}, 1.0);
    add_random(graph, &rng, "row4", &(as_shape){.rank = 4, .dims = {1, WIDTH, 1, 1}}, 1.0);
    add_node(graph, "GlobalMaxPool", "x", NULL, NULL, "peak", NULL, 0);
    add_node(graph, "Neg", "x", NULL, NULL, "v0", NULL, 0);
    for (int i = 0; i < NODES; i++)
        random_node(graph, &rng, i, i == NODES - 1);
    add_output(graph, "y", &shape);
    for (int i = 0; show_all && i < NODES; i++) {
        snprintf(name, sizeof name, "v%d", i);
        add_output(graph, name, &shape);
    }
    must(as_graph_finish(graph, &err), &err);
    return graph;
}

/* Returns the largest number among all outputs: what is left of a difference of large ones is rounding. */
static double run_outputs(as_engine *engine, float *x, float *ret_first, size_t n)
{
    as_err    err = AS_ERR_NONE;
    as_tensor in = as_tensor_view(AS_DTYPE_F32, &as_engine_input(engine, 0)->shape, x), outs[NODES + 2] = {0};
    assert_true(as_engine_n_outputs(engine) <= AS_COUNT(outs));
    must(as_engine_run(engine, &in, outs, &err), &err);
    memcpy(ret_first, outs[0].data, n * sizeof *ret_first);
    double most = 1.0;
    for (size_t o = 0; o < as_engine_n_outputs(engine); o++)
        for (size_t i = 0; i < n; i++)
            most = AS_MAX(most, fabs((double)((float *)outs[o].data)[i]));
    return most;
}

static void test_random_networks_fused_and_not(void **state)
{
    (void)state;
    enum { BATCH = 2, MAX = BATCH * WIDTH * SIDE * SIDE };
    static float got[MAX], want[MAX];
    for (uint64_t seed = 0; seed < 400; seed++) {
        const int64_t batch = 1 + (int64_t)(seed % BATCH);
        const size_t  n = (size_t)batch * WIDTH * SIDE * SIDE;
        as_rng        rng = as_rng_new(seed + 1000);
        float        *x = randoms(&rng, n);
        as_graph     *plain = random_graph(seed, batch, true), *fused = random_graph(seed, batch, false);
        as_engine    *a = new_engine(plain, batch, 1), *b = new_engine(fused, batch, 1);
        char          what[32];
        const double  most = run_outputs(a, x, want, n);
        run_outputs(b, x, got, n);
        snprintf(what, sizeof what, "network %d", (int)seed);
        check_near(got, want, n, 3e-5, most, what);
        run_outputs(b, x, want, n); /* and again, over what the first run left */
        assert_memory_equal(got, want, n * sizeof(float));
        assert_true(as_engine_arena_bytes(b) <= as_engine_arena_bytes(a));
        as_engine_free(a);
        as_engine_free(b);
        as_graph_free(plain);
        as_graph_free(fused);
        free(x);
    }
}

/* --- bfloat16 ----------------------------------------------------------------------------------------------------- */

/* A random network's output in f32, and where bf16 is asked for. Returns the largest number on the way. */
static double run_narrow(uint64_t seed, bool anyway, float *want, float *got, size_t n, as_floats *ret_precision)
{
    as_err              err = AS_ERR_NONE;
    const as_engine_cfg cfg = {.precision = AS_FLOATS_BF16, .bf16_anyway = anyway};
    as_rng              rng = as_rng_new(seed + 1000);
    float              *x = randoms(&rng, n);
    as_graph           *shown = random_graph(seed, 1, true), *plain = random_graph(seed, 1, false),
             *narrow = random_graph(seed, 1, false);
    as_engine   *all = new_engine(shown, 1, 1), *a = new_engine(plain, 1, 1), *b = as_engine_new(narrow, &cfg, &err);
    const double most = run_outputs(all, x, want, n);
    must(b != NULL, &err);
    run_into(a, x, want);
    run_into(b, x, got);
    assert_int_equal(as_engine_precision(a), AS_FLOATS_F32);
    *ret_precision = as_engine_precision(b);
    as_engine_free(all);
    as_engine_free(a);
    as_engine_free(b);
    as_graph_free(shown);
    as_graph_free(plain);
    as_graph_free(narrow);
    free(x);
    return most;
}

/* Also where the processor could, but not faster. */
static void test_without_bf16_it_is_f32_and_says_so(void **state)
{
    (void)state;
    enum { N = WIDTH * SIDE * SIDE };
    static float got[N], want[N];
    assert_true(!as_isa_may(AS_ISA_AMX) || !as_engine_no_bf16());
    assert_true(as_isa_may(AS_ISA_AVX512_BF16) || as_engine_no_bf16());
    if (!as_engine_no_bf16())
        skip(); /* the next one is for this processor */
    assert_non_null(strstr(as_engine_no_bf16(), "AMX"));
    for (uint64_t seed = 0; seed < 10; seed++) {
        as_floats precision;
        run_narrow(seed, false, want, got, N, &precision);
        assert_int_equal(precision, AS_FLOATS_F32);
        assert_memory_equal(got, want, sizeof got);
    }
}

static void test_bf16_is_near_f32(void **state)
{
    (void)state;
    enum { N = WIDTH * SIDE * SIDE };
    static float got[N], want[N];
    size_t       n_narrow = 0;
    if (!as_isa_may(AS_ISA_AVX512_BF16)) {
        print_message("this processor has no AVX512_BF16: oneDNN has no convolution of bfloat16\n");
        skip();
    }
    for (uint64_t seed = 0; seed < 100; seed++) {
        as_floats    precision;
        const double most = run_narrow(seed, true, want, got, N, &precision);
        check_near(got, want, N, 0.05, most, "bf16");
        n_narrow += precision == AS_FLOATS_BF16;
    }
    assert_true(n_narrow > 50); /* those with a convolution */
}

/* --- what a run does besides computing ---------------------------------------------------------------------------- */

static void test_inputs_may_move_and_outputs_may_be_lent(void **state)
{
    (void)state;
    enum { N = WIDTH * SIDE * SIDE };
    static float out[N];
    as_rng       rng = as_rng_new(4);
    as_err       err = AS_ERR_NONE;
    as_graph    *graph = random_graph(3, 1, false);
    as_engine   *engine = new_engine(graph, 1, 1);
    as_graph_free(graph); /* the engine has what it needs */
    float    *x = randoms(&rng, N), *moved = malloc(N * sizeof *moved);
    as_tensor in = as_tensor_view(AS_DTYPE_F32, &as_engine_input(engine, 0)->shape, x), o = {0};
    assert_non_null(moved);
    memcpy(moved, x, N * sizeof *x);
    must(as_engine_run(engine, &in, &o, &err), &err);
    assert_true(as_shape_equal(&o.shape, &as_engine_output(engine, 0)->shape) && !o.owned);
    memset(x, 0, N * sizeof *x);
    run_into(engine, moved, out);
    assert_memory_equal(out, o.data, sizeof out);
    as_engine_free(engine);
    free(x);
    free(moved);
}

static void test_a_run_allocates_nothing(void **state)
{
    (void)state;
#if COUNTS_ALLOCATIONS
    enum { N = WIDTH * SIDE * SIDE };
    static float out[N], x[2][N];
    for (uint64_t seed = 0; seed < 10; seed++) {
        as_graph  *graph = random_graph(seed, 1, false);
        as_engine *engine = new_engine(graph, 1, 1);
        run_into(engine, x[0], out); /* the first makes what oneDNN keeps */
        count_begin();
        for (int i = 0; i < 4; i++)
            run_into(engine, x[i & 1], out);
        assert_int_equal(count_end(), 0);
        assert_int_equal(count_others(), 0);
        as_engine_free(engine);
        as_graph_free(graph);
    }
#else
    print_message("skipped: a sanitizer allocates for itself\n");
    skip();
#endif
}

static void test_wrong_tensors_are_refused(void **state)
{
    (void)state;
    as_graph  *graph = random_graph(3, 1, false);
    as_engine *engine = new_engine(graph, 1, 1);
    as_err     err = AS_ERR_NONE;
    float      x[4] = {0};
    as_shape   small = shape4(1, 1, 2, 2);
    as_tensor  in = as_tensor_view(AS_DTYPE_F32, &small, x), out = {0};
    assert_false(as_engine_run(engine, &in, &out, &err));
    assert_int_equal(err.code, AS_EINVAL);
    assert_string_equal(err.text, "input 'x' is f32 1x1x2x2, the model has f32 1x16x8x8");
    in = as_tensor_view(AS_DTYPE_F32, &as_engine_input(engine, 0)->shape, NULL);
    assert_false(as_engine_run(engine, &in, &out, &err));
    assert_string_equal(err.text, "input 'x' has no data");
    as_engine_free(engine);
    as_graph_free(graph);
}

static void test_what_cannot_be_run_is_named(void **state)
{
    (void)state;
    const as_shape shape = shape4(1, 2, 3, 3);
    as_err         err = AS_ERR_NONE;
    as_graph      *graph = as_graph_new("test", &err);
    must(graph && as_graph_add_input(graph, "x", AS_DTYPE_F64, &shape, &err), &err);
    add_node(graph, "Sigmoid", "x", NULL, NULL, "y", NULL, 0);
    must(as_graph_add_output(graph, "y", AS_DTYPE_F64, &shape, &err), &err);
    must(as_graph_finish(graph, &err), &err);
    const as_engine_cfg cfg = {0};
    assert_null(as_engine_new(graph, &cfg, &err));
    assert_int_equal(err.code, AS_EUNSUPPORTED);
    assert_non_null(strstr(err.text, "node 'y' (Sigmoid): not of f64"));
    as_graph_free(graph);
}

/* Five outputs of a GiB: each may be, all of them together may not. */
static void test_memory_is_bounded(void **state)
{
    (void)state;
    const as_shape      shape = shape4(1, 1, 16384, 16384);
    const as_engine_cfg cfg = {0};
    as_err              err = AS_ERR_NONE;
    as_graph           *graph = new_graph(&shape);
    for (int i = 0; i < 5; i++) {
        const char *const names[] = {"a", "b", "c", "d", "e"};
        add_node(graph, "Sigmoid", "x", NULL, NULL, names[i], NULL, 0);
        add_output(graph, names[i], &shape);
    }
    must(as_graph_finish(graph, &err), &err);
    assert_null(as_engine_new(graph, &cfg, &err));
    assert_int_equal(err.code, AS_ELIMIT);
    assert_non_null(strstr(err.text, "bytes of memory"));
    as_graph_free(graph);
}

static void test_operator_rows_are_whole(void **state)
{
    (void)state;
    size_t n = 0;
    for (; as_op_at(n); n++) {
        assert_non_null(as_op_at(n)->plan);
        assert_ptr_equal(as_op_find(as_op_at(n)->name), as_op_at(n));
    }
    assert_true(n > 30);
    assert_null(as_op_find("Loop"));
}

/* A constant matrix of any rank is packed once, for good, and what it was packed from is not kept beside it. */
static void test_a_constant_matrix_is_kept_once(void **state)
{
    (void)state;
    enum { M = 8, K = 100, N = 330, EACH = 3, SPARE = 6 }; /* SPARE: to the end of the narrowest panel */
    for (int rank = 2; rank <= 3; rank++) {
        const int64_t  each = rank == 3 ? EACH : 1;
        const as_shape in = {.rank = 3, .dims = {EACH, M, K}}, out = {.rank = 3, .dims = {EACH, M, N}};
        const as_shape w =
            rank == 3 ? (as_shape){.rank = 3, .dims = {EACH, K, N}} : (as_shape){.rank = 2, .dims = {K, N}};
        as_rng    rng = as_rng_new(3);
        as_err    err = AS_ERR_NONE;
        as_graph *graph = new_graph(&in);
        add_random(graph, &rng, "w", &w, 0.1);
        add_node(graph, "MatMul", "x", "w", NULL, "y", NULL, 0);
        add_output(graph, "y", &out);
        must(as_graph_finish(graph, &err), &err);
        as_engine             *engine = new_engine(graph, EACH, 1);
        const as_engine_memory memory = as_engine_memory_of(engine);
        const size_t           once = (size_t)each * K * N * sizeof(float);
        assert_true(memory.weights_bytes >= once + (size_t)each * K * SPARE * sizeof(float));
        assert_true(memory.weights_bytes < once + once / 4);
        assert_true(memory.arena_bytes < K * N * sizeof(float));
        as_engine_free(engine);
        as_graph_free(graph);
    }
}

/* A product of matrices, written as Einsum, that several threads share: the bits of one thread. Its result's letters
 * stand in another order too. */
static void test_einsum_is_the_same_for_any_number_of_threads(void **state)
{
    (void)state;
    enum { EACH = 4, M = 97, K = 210, N = 81, ALL = EACH * M * N };
    static const char *const equations[] = {"bij,bjk->bik", "bij,bjk->kbi"};
    static float             results[3][ALL];
    for (int e = 0; e < 2; e++) {
        const as_attr  equation = {.name = "equation", .kind = AS_ATTR_STR, .s = equations[e]};
        const as_shape in = {.rank = 3, .dims = {EACH, M, K}}, w = {.rank = 3, .dims = {EACH, K, N}};
        const as_shape out = {.rank = 3, .dims = {e ? N : EACH, e ? EACH : M, e ? M : N}};
        as_rng         rng = as_rng_new(6);
        as_err         err = AS_ERR_NONE;
        float         *x = randoms(&rng, (size_t)EACH * M * K);
        as_graph      *graph = new_graph(&in);
        add_random(graph, &rng, "w", &w, 0.1);
        add_node(graph, "Einsum", "x", "w", NULL, "y", &equation, 1);
        add_output(graph, "y", &out);
        must(as_graph_finish(graph, &err), &err);
        for (uint32_t threads = 1; threads <= 3; threads++) {
            as_engine *engine = new_engine(graph, e ? 1 : EACH, threads);
            run_into(engine, x, results[threads - 1]);
            as_engine_free(engine);
        }
        assert_memory_equal(results[0], results[1], sizeof results[0]);
        assert_memory_equal(results[0], results[2], sizeof results[0]);
        as_graph_free(graph);
        free(x);
    }
}

/* --- several engines at once -------------------------------------------------------------------------------------- */

static bool run_one(void *ctx, size_t i, as_err *err)
{
    enum { N = WIDTH * SIDE * SIDE };
    float    *results = ctx;
    as_rng    rng = as_rng_new(5);
    float    *x = randoms(&rng, N);
    as_graph *graph = random_graph(8, 1, false);
    (void)err;
    as_engine *engine = new_engine(graph, 1, 1 + (uint32_t)i % 2);
    run_into(engine, x, results + i * N);
    as_engine_free(engine);
    as_graph_free(graph);
    free(x);
    return true;
}

static void test_engines_in_several_threads(void **state)
{
    (void)state;
    enum { N = WIDTH * SIDE * SIDE, ENGINES = 4 };
    static float results[ENGINES * N];
    as_err       err = AS_ERR_NONE;
    must(as_thread_for(ENGINES, 2, run_one, results, &err), &err);
    for (size_t i = 1; i < ENGINES; i++)
        check_near(results + i * N, results, N, 1e-5, 1.0, "engine in another thread");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_conv_is_what_it_is_defined_as),
        cmocka_unit_test(test_random_networks_fused_and_not),
        cmocka_unit_test(test_without_bf16_it_is_f32_and_says_so),
        cmocka_unit_test(test_bf16_is_near_f32),
        cmocka_unit_test(test_inputs_may_move_and_outputs_may_be_lent),
        cmocka_unit_test(test_a_run_allocates_nothing),
        cmocka_unit_test(test_wrong_tensors_are_refused),
        cmocka_unit_test(test_what_cannot_be_run_is_named),
        cmocka_unit_test(test_memory_is_bounded),
        cmocka_unit_test(test_operator_rows_are_whole),
        cmocka_unit_test(test_a_constant_matrix_is_kept_once),
        cmocka_unit_test(test_einsum_is_the_same_for_any_number_of_threads),
        cmocka_unit_test(test_engines_in_several_threads),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
