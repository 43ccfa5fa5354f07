/* SPDX-License-Identifier: Apache-2.0 */
/* A network of floats, calibrated and quantised: every back end must agree about it, and with the floats. */
#include <math.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "base/rng.h"
#include "graph/build.h"
#include "infer/calibrate.h"
#include "infer/infer.h"

enum { SIDE = 24, CLASSES = 10, PICTURES = 60, JUDGED = 100 };
#define VALUES (3 * SIDE * SIDE)

static void must(bool ok, const as_err *err)
{
    if (!ok)
        fail_msg("%s", err->text);
}

#define NAMES(...) ((const char *const[]){__VA_ARGS__, NULL})
#define SHAPE(...) ((as_shape){.rank = sizeof((int64_t[]){__VA_ARGS__}) / sizeof(int64_t), .dims = {__VA_ARGS__}})

static void add_random(as_graph *graph, as_rng *rng, const char *name, as_shape shape, double scale)
{
    as_tensor t;
    as_err    err = AS_ERR_NONE;
    must(as_tensor_new(&t, AS_DTYPE_F32, &shape, &err), &err);
    for (size_t i = 0; i < as_tensor_count(&t); i++)
        ((float *)t.data)[i] = (float)(scale * as_rng_normal(rng));
    must(as_graph_add_constant(graph, name, &t, &err), &err);
    as_tensor_done(&t);
}

static void add_node(as_graph *graph, const char *op, const char *const *in, const char *out, const as_attr *attrs,
                     size_t n)
{
    as_err err = AS_ERR_NONE;
    must(as_graph_add_node(graph, op, out, in, NAMES(out), attrs, n, &err), &err);
}

/* A residual block with a way past it, one without, groups, pools, a concatenation and a head. */
static as_graph *build(bool softmax)
{
    static const int64_t ones[] = {1, 1, 1, 1}, two[] = {2, 2}, three[] = {3, 3};
    const as_attr        pads = {.name = "pads", .kind = AS_ATTR_INTS, .ints = ones, .n = 4};
    const as_attr        down[] = {pads, {.name = "strides", .kind = AS_ATTR_INTS, .ints = two, .n = 2}};
    const as_attr        groups[] = {pads, {.name = "group", .kind = AS_ATTR_INT, .i = 8}};
    const as_attr pool[] = {{.name = "kernel_shape", .kind = AS_ATTR_INTS, .ints = three, .n = 2}, down[1], pads};
    const as_attr axis = {.name = "axis", .kind = AS_ATTR_INT, .i = 1};
    const as_attr turned = {.name = "transB", .kind = AS_ATTR_INT, .i = 1};
    as_err        err = AS_ERR_NONE;
    as_rng        rng = as_rng_new(4);
    as_graph     *g = as_graph_new("built", &err);
    const char   *output = softmax ? "p" : "scores";
    must(g && as_graph_add_input(g, "input", AS_DTYPE_F32, &SHAPE(1, 3, SIDE, SIDE), &err), &err);
    add_random(g, &rng, "w1", SHAPE(16, 3, 3, 3), 0.3);
    add_random(g, &rng, "b1", SHAPE(16), 0.1);
    add_random(g, &rng, "w2", SHAPE(16, 16, 3, 3), 0.12);
    add_random(g, &rng, "b2", SHAPE(16), 0.1);
    add_random(g, &rng, "w3", SHAPE(24, 16, 3, 3), 0.12);
    add_random(g, &rng, "w4", SHAPE(24, 16, 1, 1), 0.3);
    add_random(g, &rng, "w5", SHAPE(24, 3, 3, 3), 0.25);
    add_random(g, &rng, "head", SHAPE(CLASSES, 48), 0.5);
    add_random(g, &rng, "head.b", SHAPE(CLASSES), 0.1);
    add_node(g, "Conv", NAMES("input", "w1", "b1"), "c1", &pads, 1);
    add_node(g, "Relu", NAMES("c1"), "r1", NULL, 0);
    add_node(g, "MaxPool", NAMES("r1"), "p1", pool, 3);
    add_node(g, "Conv", NAMES("p1", "w2", "b2"), "c2", &pads, 1);
    add_node(g, "Add", NAMES("c2", "p1"), "a2", NULL, 0);
    add_node(g, "Relu", NAMES("a2"), "r2", NULL, 0);
    add_node(g, "Conv", NAMES("r2", "w3"), "c3", down, 2);
    add_node(g, "Conv", NAMES("r2", "w4"), "c4", &down[1], 1);
    add_node(g, "Add", NAMES("c3", "c4"), "a3", NULL, 0);
    add_node(g, "Relu", NAMES("a3"), "r3", NULL, 0);
    add_node(g, "Conv", NAMES("r3", "w5"), "c5", groups, 2);
    add_node(g, "Concat", NAMES("c5", "r3"), "cat", &axis, 1);
    add_node(g, "GlobalAveragePool", NAMES("cat"), "mean", NULL, 0);
    add_node(g, "Flatten", NAMES("mean"), "flat", NULL, 0);
    add_node(g, "Gemm", NAMES("flat", "head", "head.b"), "scores", &turned, 1);
    if (softmax)
        add_node(g, "Softmax", NAMES("scores"), "p", &axis, 1);
    must(as_graph_add_output(g, output, AS_DTYPE_F32, &SHAPE(1, CLASSES), &err) && as_graph_finish(g, &err), &err);
    return g;
}

/* strength: what is calibrated with is stronger, so that hardly anything else reaches beyond the ranges. */
static void draw(uint64_t seed, float strength, float *out)
{
    as_rng       rng = as_rng_new(seed);
    const double fx = as_rng_range(&rng, -1.0, 1.0), fy = as_rng_range(&rng, -1.0, 1.0);
    for (int c = 0; c < 3; c++) {
        const double shift = as_rng_range(&rng, -1.0, 1.0), hue = as_rng_range(&rng, -1.0, 1.0);
        for (int i = 0; i < SIDE * SIDE; i++)
            *out++ = strength *
                     (float)(shift + hue * sin(fx * (i % SIDE) + fy * (i / SIDE)) + as_rng_range(&rng, -0.1, 0.1));
    }
}

/* ret_step: what 8 bits tell apart of the scores; or NULL. */
static as_graph *quantised(as_graph *graph, float *ret_step)
{
    static float pictures[PICTURES][VALUES];
    as_tensor    inputs[PICTURES];
    as_err       err = AS_ERR_NONE;
    as_range    *ranges = calloc(as_graph_n_values(graph), sizeof *ranges);
    assert_non_null(ranges);
    for (uint64_t i = 0; i < PICTURES; i++) {
        draw(i, 1.3f, pictures[i]);
        inputs[i] = as_tensor_view(AS_DTYPE_F32, &SHAPE(1, 3, SIDE, SIDE), pictures[i]);
    }
    must(as_calibrate(graph, inputs, PICTURES, ranges, &err), &err);
    for (size_t i = 0; i < as_graph_n_values(graph); i++)
        assert_true(ranges[i].known == !as_graph_value(graph, (int32_t)i)->constant);
    as_graph *whole = as_graph_quantise(graph, ranges, &err);
    must(whole != NULL, &err);
    const as_range *scores = &ranges[as_graph_find(graph, "scores")];
    if (ret_step)
        *ret_step = (scores->high - scores->low) / 255.0f;
    as_range_done(ranges, as_graph_n_values(graph));
    free(ranges);
    return whole;
}

/* NULL where the back end is not installed. */
static as_session *open_graph(const as_graph *graph, const char *backend)
{
    as_str bytes;
    as_err err = AS_ERR_NONE;
    as_str_init(&bytes);
    must(as_graph_write(graph, &bytes, &err), &err);
    as_session *session =
        as_session_open((const uint8_t *)bytes.s, bytes.len, "m", &(as_session_cfg){.backend = backend}, &err);
    as_str_done(&bytes);
    if (!session && err.code == AS_EMISSING)
        print_message("without back end '%s': %s\n", backend, err.text);
    else
        must(session != NULL, &err);
    return session;
}

static const float *scores_of(as_session *session, float *picture)
{
    as_err          err = AS_ERR_NONE;
    const as_tensor in = as_tensor_view(AS_DTYPE_F32, &SHAPE(1, 3, SIDE, SIDE), picture);
    as_tensor       out = {0};
    must(as_session_run(session, &in, &out, &err), &err);
    return out.data;
}

static int top_of(const float *scores)
{
    int top = 0;
    for (int i = 1; i < CLASSES; i++)
        top = scores[i] > scores[top] ? i : top;
    return top;
}

static void test_a_quantised_network_is_equal_in_every_row(void **state)
{
    (void)state;
    static float picture[VALUES];
    float        step;
    as_graph    *floats = build(false), *whole = quantised(floats, &step);
    as_session  *exact = open_graph(floats, "native");
    for (size_t i = 0; as_backend_at(i); i++) {
        as_session *session = open_graph(whole, as_backend_at(i)->name), *native = open_graph(whole, "native");
        double      worst = 0.0, off = 0.0;
        int         same = 0, flips = 0;
        for (uint64_t k = 0; session && k < JUDGED; k++) {
            draw(100 + k, 1.0f, picture);
            const float *got = scores_of(session, picture), *own = scores_of(native, picture);
            const float *want = scores_of(exact, picture);
            for (int c = 0; c < CLASSES; c++) {
                worst = fmax(worst, fabs((double)got[c] - (double)own[c]) / (double)step);
                off = fmax(off, fabs((double)got[c] - (double)want[c]) / (double)step);
            }
            same += top_of(got) == top_of(want);
            flips += want[top_of(want)] - want[top_of(got)] > 12.0f * step; /* and was no near tie */
        }
        if (session)
            print_message("%s: %.1f steps from native, %.1f from floats, %d of %d top classes as in floats\n",
                          as_backend_at(i)->name, worst, off, same, JUDGED);
        assert_true(worst <= 2.01);
        assert_true(off <= 12.0 && flips == 0);
        assert_true(!session || same * 100 >= JUDGED * 90);
        as_session_close(session);
        as_session_close(native);
    }
    as_session_close(exact);
    as_graph_free(whole);
    as_graph_free(floats);
}

static size_t count_op(const as_graph *graph, const char *op)
{
    size_t n = 0;
    for (size_t i = 0; i < as_graph_n_nodes(graph); i++)
        n += strcmp(as_graph_node(graph, i)->op, op) == 0;
    return n;
}

static void test_what_quantising_makes(void **state)
{
    (void)state;
    as_graph *floats = build(true), *whole = quantised(floats, NULL);
    as_err    err = AS_ERR_NONE;
    /* input, r1, p1, c2, r2, c3, c4, r3, c5, cat, mean, flat; scores go to Softmax as floats */
    assert_int_equal(count_op(whole, "QuantizeLinear"), 12);
    assert_int_equal(count_op(whole, "DequantizeLinear"), 12 + 6 + 3);
    assert_int_equal(count_op(whole, "Softmax"), 1);
    const as_tensor *w = as_graph_value(whole, as_graph_find(whole, "w2/whole"))->constant;
    assert_int_equal(w->dtype, AS_DTYPE_I8);
    int most = 0;
    for (size_t i = 0; i < as_tensor_count(w); i++)
        most = AS_MAX(most, abs(((const int8_t *)w->data)[i]));
    assert_in_range(most, 65, 127);                   /* its neighbours leave it more than 7 bits */
    assert_int_equal(as_graph_find(whole, "w2"), -1); /* the floats are gone */
    must(as_graph_infer_shapes(whole, 1, &err), &err);
    as_range *none = calloc(as_graph_n_values(floats), sizeof *none);
    assert_null(as_graph_quantise(floats, none, &err));
    assert_int_equal(err.code, AS_EUNSUPPORTED);
    assert_non_null(strstr(err.text, "no layer of model 'built' can be quantised"));
    free(none);
    as_graph_free(whole);
    as_graph_free(floats);
}

/* The class with the largest score: whole numbers would make equals of scores this close, and of those beyond the range. */
static void test_scores_leave_in_floats(void **state)
{
    (void)state;
    as_graph *floats = build(false), *whole = quantised(floats, NULL);
    assert_int_equal(as_graph_find(whole, "scores/whole"), -1);
    const as_value *scores = as_graph_value(whole, as_graph_output(whole, 0));
    assert_string_equal(as_graph_node(whole, (size_t)scores->producer)->op, "Gemm");
    as_graph_free(whole);
    as_graph_free(floats);
}

/* What rounding does to the mean of each channel of a product is taken back by its bias. */
static void test_a_bias_takes_back_what_rounding_moves(void **state)
{
    (void)state;
    enum { IN = 64, OUT = 5 };
    static float  x[IN], w[OUT * IN], b[OUT];
    const as_attr turned = {.name = "transB", .kind = AS_ATTR_INT, .i = 1};
    as_rng        rng = as_rng_new(3);
    as_err        err = AS_ERR_NONE;
    double        off[2] = {0.0, 0.0};
    for (int i = 0; i < IN; i++)
        x[i] =
            (float)as_rng_below(&rng, 256); /* whole numbers of the range's own scale: nothing is rounded but weights */
    x[0] = 255.0f;
    for (int i = 0; i < OUT * IN; i++)
        w[i] = (float)as_rng_normal(&rng);
    for (int with = 0; with < 2; with++) {
        as_tensor weights = as_tensor_view(AS_DTYPE_F32, &SHAPE(OUT, IN), w);
        as_tensor biases = as_tensor_view(AS_DTYPE_F32, &SHAPE(OUT), b);
        as_tensor in = as_tensor_view(AS_DTYPE_F32, &SHAPE(1, IN), x), out = {0};
        as_range  ranges[8] = {0};
        as_graph *g = as_graph_new("means", &err);
        must(g && as_graph_add_input(g, "x", AS_DTYPE_F32, &SHAPE(1, IN), &err), &err);
        must(as_graph_add_constant(g, "w", &weights, &err) && as_graph_add_constant(g, "b", &biases, &err), &err);
        add_node(g, "Gemm", NAMES("x", "w", "b"), "y", &turned, 1);
        must(as_graph_add_output(g, "y", AS_DTYPE_F32, &SHAPE(1, OUT), &err) && as_graph_finish(g, &err), &err);
        must(as_calibrate(g, &in, 1, ranges, &err), &err);
        if (!with)
            as_range_done(ranges, AS_COUNT(ranges));
        as_graph   *whole = as_graph_quantise(g, ranges, &err);
        as_session *session = whole ? open_graph(whole, "native") : NULL;
        must(session && as_session_run(session, &in, &out, &err), &err);
        for (int o = 0; o < OUT; o++) {
            double want = 0.0;
            for (int i = 0; i < IN; i++)
                want += (double)w[o * IN + i] * (double)x[i];
            off[with] += fabs((double)((const float *)out.data)[o] - want);
        }
        as_range_done(ranges, AS_COUNT(ranges));
        as_session_close(session);
        as_graph_free(whole);
        as_graph_free(g);
    }
    assert_true(off[1] < 0.05 * off[0]);
}

/* Inputs as large as they come, and weights that are: where a processor or a back end sums two products in 16 bits, none is
 * lost. Some weights are far larger than others, so that much is above 7 bits. */
static void test_the_largest_sums_are_equal_in_every_row(void **state)
{
    (void)state;
    static const int64_t ones[] = {1, 1, 1, 1};
    static const struct {
        const char *name;
        as_shape    shape;
    } weights[] = {{"w1", {4, {16, 3, 3, 3}}},  {"w2", {4, {16, 1, 3, 3}}},  {"w3", {4, {16, 8, 3, 3}}},
                   {"w4", {4, {16, 16, 1, 1}}}, {"w5", {4, {13, 16, 3, 3}}}, {"w6", {4, {7, 13, 3, 3}}},
                   {"w7", {2, {CLASSES, 7}}}};
    static float  picture[VALUES];
    const as_attr pads = {.name = "pads", .kind = AS_ATTR_INTS, .ints = ones, .n = 4};
    const as_attr alone[] = {pads, {.name = "group", .kind = AS_ATTR_INT, .i = 16}};
    const as_attr halves[] = {pads, {.name = "group", .kind = AS_ATTR_INT, .i = 2}};
    const as_attr turned = {.name = "transB", .kind = AS_ATTR_INT, .i = 1};
    as_err        err = AS_ERR_NONE;
    as_rng        rng = as_rng_new(12);
    as_graph     *g = as_graph_new("largest", &err);
    must(g && as_graph_add_input(g, "input", AS_DTYPE_F32, &SHAPE(1, 3, SIDE, SIDE), &err), &err);
    for (size_t i = 0; i < AS_COUNT(weights); i++) {
        as_tensor t;
        must(as_tensor_new(&t, AS_DTYPE_F32, &weights[i].shape, &err), &err);
        for (size_t k = 0; k < as_tensor_count(&t); k++)
            ((float *)t.data)[k] = (float)(as_rng_below(&rng, 4) == 0 ? 1.0 : as_rng_range(&rng, 0.0, 0.3));
        must(as_graph_add_constant(g, weights[i].name, &t, &err), &err);
        as_tensor_done(&t);
    }
    add_node(g, "Conv", NAMES("input", "w1"), "c1", &pads, 1);
    add_node(g, "Conv", NAMES("c1", "w2"), "c2", alone, 2);
    add_node(g, "Conv", NAMES("c2", "w3"), "c3", halves, 2);
    add_node(g, "Conv", NAMES("c3", "w4"), "c4", NULL, 0);
    add_node(g, "Conv", NAMES("c4", "w5"), "c5", &pads, 1);
    add_node(g, "Conv", NAMES("c5", "w6"), "c6", &pads, 1);
    add_node(g, "GlobalAveragePool", NAMES("c6"), "mean", NULL, 0);
    add_node(g, "Flatten", NAMES("mean"), "flat", NULL, 0);
    add_node(g, "Gemm", NAMES("flat", "w7"), "scores", &turned, 1);
    must(as_graph_add_output(g, "scores", AS_DTYPE_F32, &SHAPE(1, CLASSES), &err) && as_graph_finish(g, &err), &err);
    for (int i = 0; i < VALUES; i++)
        picture[i] = 1.0f;
    const as_tensor in = as_tensor_view(AS_DTYPE_F32, &SHAPE(1, 3, SIDE, SIDE), picture);
    as_range       *ranges = calloc(as_graph_n_values(g), sizeof *ranges);
    must(ranges && as_calibrate(g, &in, 1, ranges, &err), &err);
    as_graph   *whole = as_graph_quantise(g, ranges, &err);
    as_session *exact = open_graph(g, "native");
    must(whole != NULL, &err);
    for (size_t i = 0; as_backend_at(i); i++) {
        as_session  *session = open_graph(whole, as_backend_at(i)->name);
        const float *want = scores_of(exact, picture), *got = session ? scores_of(session, picture) : want;
        for (int c = 0; c < CLASSES; c++)
            assert_true(fabsf(got[c] - want[c]) < 0.02f * want[c]); /* a sum cut off is a third too small */
        as_session_close(session);
    }
    as_session_close(exact);
    as_range_done(ranges, as_graph_n_values(g));
    free(ranges);
    as_graph_free(whole);
    as_graph_free(g);
}

/* A channel that nothing comes through still has its bias. */
static void test_a_dead_channel_keeps_its_bias(void **state)
{
    (void)state;
    static float  x[] = {0.5f, -1.0f, 1.0f, 0.25f}, b[] = {3.0f, -1.0f, -20.0f};
    static float  w[] = {0, 0, 0, 0, 1, 2, 3, 4, 1e-15f, 0, 0, 0};
    const as_attr turned = {.name = "transB", .kind = AS_ATTR_INT, .i = 1};
    as_tensor     weights = as_tensor_view(AS_DTYPE_F32, &SHAPE(3, 4), w);
    as_tensor biases = as_tensor_view(AS_DTYPE_F32, &SHAPE(3), b), in = as_tensor_view(AS_DTYPE_F32, &SHAPE(1, 4), x);
    as_err    err = AS_ERR_NONE;
    as_range  ranges[8] = {0};
    as_graph *g = as_graph_new("dead", &err);
    must(g && as_graph_add_input(g, "x", AS_DTYPE_F32, &SHAPE(1, 4), &err), &err);
    must(as_graph_add_constant(g, "w", &weights, &err) && as_graph_add_constant(g, "b", &biases, &err), &err);
    add_node(g, "Gemm", NAMES("x", "w", "b"), "y", &turned, 1);
    must(as_graph_add_output(g, "y", AS_DTYPE_F32, &SHAPE(1, 3), &err) && as_graph_finish(g, &err), &err);
    must(as_calibrate(g, &in, 1, ranges, &err), &err);
    as_graph   *whole = as_graph_quantise(g, ranges, &err);
    as_session *session = whole ? open_graph(whole, "native") : NULL;
    as_tensor   out = {0};
    must(session && as_session_run(session, &in, &out, &err), &err);
    for (int i = 0; i < 3; i++) {
        const double want = i == 1 ? 1.5 : (double)b[i], step = 23.0 / 255; /* of y, from -20 to 3 */
        assert_true(fabs((double)((const float *)out.data)[i] - want) < step);
    }
    as_range_done(ranges, AS_COUNT(ranges));
    as_session_close(session);
    as_graph_free(whole);
    as_graph_free(g);
}

/* x [1][2] by a weight and a bias; `before` is the function in between, or NULL. */
static as_graph *small_product(const char *before)
{
    static float  w[] = {0.3f, 0.7f}, b[] = {1.25f};
    as_err        err = AS_ERR_NONE;
    const as_attr turned = {.name = "transB", .kind = AS_ATTR_INT, .i = 1};
    as_tensor     weights = as_tensor_view(AS_DTYPE_F32, &SHAPE(1, 2), w);
    as_tensor     biases = as_tensor_view(AS_DTYPE_F32, &SHAPE(1), b);
    as_graph     *g = as_graph_new("small", &err);
    must(g && as_graph_add_input(g, "x", AS_DTYPE_F32, &SHAPE(1, 2), &err), &err);
    must(as_graph_add_constant(g, "w", &weights, &err) && as_graph_add_constant(g, "b", &biases, &err), &err);
    if (before)
        add_node(g, before, NAMES("x"), "between", NULL, 0);
    add_node(g, "Gemm", NAMES(before ? "between" : "x", "w", "b"), "y", &turned, 1);
    must(as_graph_add_output(g, "y", AS_DTYPE_F32, &SHAPE(1, 1), &err) && as_graph_finish(g, &err), &err);
    return g;
}

static void test_a_picture_of_no_numbers_is_refused_by_name(void **state)
{
    (void)state;
    float     x[2][2] = {{1.0f, 2.0f}, {3.0f, NAN}};
    as_err    err = AS_ERR_NONE;
    as_range  ranges[8] = {0};
    as_graph *g = small_product(NULL);
    as_tensor ins[2];
    for (int i = 0; i < 2; i++)
        ins[i] = as_tensor_view(AS_DTYPE_F32, &SHAPE(1, 2), x[i]);
    assert_false(as_calibrate(g, ins, 2, ranges, &err));
    assert_int_equal(err.code, AS_EINVAL);
    assert_non_null(strstr(err.text, "'x' of picture 2"));
    as_range_done(ranges, AS_COUNT(ranges));
    as_graph_free(g);
}

static void test_what_became_no_number_is_left_in_floats(void **state)
{
    (void)state;
    float     x[2][2] = {{-1.0f, 4.0f}, {9.0f, 4.0f}};
    as_err    err = AS_ERR_NONE;
    as_range  ranges[8] = {0};
    as_graph *g = small_product("Sqrt");
    as_tensor ins[2];
    for (int i = 0; i < 2; i++)
        ins[i] = as_tensor_view(AS_DTYPE_F32, &SHAPE(1, 2), x[i]);
    must(as_calibrate(g, ins, 2, ranges, &err), &err);
    assert_false(ranges[as_graph_find(g, "between")].known);
    as_range_done(ranges, AS_COUNT(ranges));
    as_graph_free(g);
}

/* Whoever made the ranges: a mean that is no number moves no bias. */
static void test_a_mean_of_no_number_moves_no_bias(void **state)
{
    (void)state;
    float     x[] = {1.0f, 2.0f};
    as_err    err = AS_ERR_NONE;
    as_range  ranges[8] = {0};
    as_graph *g = small_product(NULL);
    as_tensor in = as_tensor_view(AS_DTYPE_F32, &SHAPE(1, 2), x), out = {0};
    must(as_calibrate(g, &in, 1, ranges, &err), &err);
    assert_int_equal(ranges[as_graph_find(g, "x")].n_means, 2);
    ranges[as_graph_find(g, "x")].means[0] = NAN;
    as_graph   *whole = as_graph_quantise(g, ranges, &err);
    as_session *session = whole ? open_graph(whole, "native") : NULL;
    must(session && as_session_run(session, &in, &out, &err), &err);
    assert_true(fabs((double)((const float *)out.data)[0] - 2.95) < 0.05);
    as_range_done(ranges, AS_COUNT(ranges));
    as_session_close(session);
    as_graph_free(whole);
    as_graph_free(g);
}

/* Ranges as if each value had been from -1 to `high`. */
static as_graph *quantised_to(const as_graph *g, float high)
{
    as_err    err = AS_ERR_NONE;
    as_range *ranges = calloc(as_graph_n_values(g) + 1, sizeof *ranges);
    assert_non_null(ranges);
    for (size_t i = 0; i < as_graph_n_values(g); i++)
        ranges[i] = (as_range){.known = true, .low = -1.0f, .high = high};
    as_graph *whole = as_graph_quantise(g, ranges, &err);
    free(ranges);
    must(whole != NULL, &err);
    return whole;
}

/* x -> Gemm(w) -> Softmax -> Transpose -> MatMul(v) -> y; and Identity(w), which exporters write for weights that are tied. */
static as_graph *shares_graph(void)
{
    const as_attr axis = {.name = "axis", .kind = AS_ATTR_INT, .i = 1};
    as_err        err = AS_ERR_NONE;
    as_rng        rng = as_rng_new(6);
    as_graph     *g = as_graph_new("shares", &err);
    must(g && as_graph_add_input(g, "x", AS_DTYPE_F32, &SHAPE(4, 8), &err), &err);
    add_random(g, &rng, "w", SHAPE(8, 6), 0.3);
    add_random(g, &rng, "v", SHAPE(4, 3), 0.3);
    add_node(g, "Gemm", NAMES("x", "w"), "scores", NULL, 0);
    add_node(g, "Softmax", NAMES("scores"), "p", &axis, 1);
    add_node(g, "Transpose", NAMES("p"), "turned", NULL, 0);
    add_node(g, "MatMul", NAMES("turned", "v"), "y", NULL, 0);
    add_node(g, "Identity", NAMES("w"), "tied", NULL, 0);
    add_node(g, "Gemm", NAMES("x", "tied"), "z", NULL, 0);
    must(as_graph_add_output(g, "y", AS_DTYPE_F32, &SHAPE(6, 3), &err) &&
             as_graph_add_output(g, "z", AS_DTYPE_F32, &SHAPE(4, 6), &err) && as_graph_finish(g, &err) &&
             as_graph_infer_shapes(g, 1, &err),
         &err);
    return g;
}

static void test_shares_have_steps_of_a_256th_or_none(void **state)
{
    (void)state;
    as_graph       *g = shares_graph(), *large = quantised_to(g, 0.9f), *small = quantised_to(g, 0.1f);
    const as_value *step = as_graph_value(large, as_graph_find(large, "turned/scale"));
    assert_true(step && step->constant);
    assert_true(fabsf(*(const float *)step->constant->data - 1.0f / 256) < 1e-9f);
    assert_int_equal(as_graph_find(small, "turned/scale"), -1);
    assert_true(as_graph_find(small, "x/scale") >= 0);
    as_graph_free(g);
    as_graph_free(large);
    as_graph_free(small);
}

static void test_weights_that_are_tied_stay_where_they_are_read(void **state)
{
    (void)state;
    as_err    err = AS_ERR_NONE;
    as_graph *g = shares_graph(), *whole = quantised_to(g, 0.9f);
    as_str    bytes;
    as_str_init(&bytes);
    must(as_graph_write(whole, &bytes, &err), &err);
    const as_session_cfg cfg = {.backend = "native"};
    as_session          *session = as_session_open((const uint8_t *)bytes.s, bytes.len, "tied", &cfg, &err);
    must(session != NULL, &err);
    as_session_close(session);
    as_str_done(&bytes);
    as_graph_free(g);
    as_graph_free(whole);
}

static void test_a_calibration_needs_pictures(void **state)
{
    (void)state;
    as_graph *floats = build(false);
    as_range *ranges = calloc(as_graph_n_values(floats), sizeof *ranges);
    as_err    err = AS_ERR_NONE;
    assert_false(as_calibrate(floats, NULL, 0, ranges, &err));
    assert_int_equal(err.code, AS_EINVAL);
    free(ranges);
    as_graph_free(floats);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_a_quantised_network_is_equal_in_every_row),
        cmocka_unit_test(test_what_quantising_makes),
        cmocka_unit_test(test_scores_leave_in_floats),
        cmocka_unit_test(test_a_bias_takes_back_what_rounding_moves),
        cmocka_unit_test(test_the_largest_sums_are_equal_in_every_row),
        cmocka_unit_test(test_a_dead_channel_keeps_its_bias),
        cmocka_unit_test(test_a_picture_of_no_numbers_is_refused_by_name),
        cmocka_unit_test(test_what_became_no_number_is_left_in_floats),
        cmocka_unit_test(test_a_mean_of_no_number_moves_no_bias),
        cmocka_unit_test(test_shares_have_steps_of_a_256th_or_none),
        cmocka_unit_test(test_weights_that_are_tied_stay_where_they_are_read),
        cmocka_unit_test(test_a_calibration_needs_pictures),
    };
    return cmocka_run_group_tests_name("calibrate", tests, NULL, NULL);
}
