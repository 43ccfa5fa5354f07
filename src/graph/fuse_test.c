/* SPDX-License-Identifier: Apache-2.0 */
#include <setjmp.h>
#include <stdarg.h>

#include <cmocka.h>

#include "graph/build.h"
#include "graph/fuse.h"

#define NAMES(...) ((const char *const[]){__VA_ARGS__, NULL})
#define SHAPE(...) ((as_shape){.rank = sizeof((int64_t[]){__VA_ARGS__}) / sizeof(int64_t), .dims = {__VA_ARGS__}})
#define OK(call)                       \
    do {                               \
        as_err  why_ = AS_ERR_NONE;    \
        as_err *why = &why_;           \
        if (!(call))                   \
            fail_msg("%s", why_.text); \
    } while (0)
#define ADD(op, in, out) OK(as_graph_add_node(g, op, op "_" out, in, NAMES(out), NULL, 0, why))

static as_graph *start(const as_shape *shape)
{
    as_err    err = AS_ERR_NONE;
    as_graph *g = as_graph_new("chain", &err);
    assert_non_null(g);
    OK(as_graph_add_input(g, "x", AS_DTYPE_F32, shape, why));
    return g;
}

static void number(as_graph *g, const char *name, float value)
{
    as_tensor t = as_tensor_view(AS_DTYPE_F32, &(as_shape){.rank = 0}, &value);
    OK(as_graph_add_constant(g, name, &t, why));
}

static void row(as_graph *g, const char *name, int64_t n)
{
    as_tensor t;
    OK(as_tensor_new(&t, AS_DTYPE_F32, &SHAPE(n), why));
    OK(as_graph_add_constant(g, name, &t, why));
    as_tensor_done(&t);
}

/* Fuses, and leaves n nodes, of which the one that makes "out" is `op`. */
static void assert_fuses(as_graph *g, const as_shape *shape, size_t n, const char *op)
{
    size_t n_fused = 0;
    OK(as_graph_add_output(g, "out", AS_DTYPE_F32, shape, why));
    OK(as_graph_finish(g, why));
    const size_t before = as_graph_n_nodes(g);
    OK(as_graph_fuse(g, 1, &n_fused, why));
    assert_int_equal(as_graph_n_nodes(g), n);
    assert_int_equal(n_fused, n < before ? 1 : 0);
    const as_value *out = as_graph_value(g, as_graph_find(g, "out"));
    assert_string_equal(as_graph_node(g, (size_t)out->producer)->op, op);
    OK(as_graph_infer_shapes(g, 1, why));
    as_graph_free(g);
}

#define X SHAPE(1, 4, 6)

/* order: where the half is: 0 behind all, 1 at the sum, 2 at x */
static as_graph *gelu(int order, float root, const char *first)
{
    as_graph *g = start(&X);
    number(g, "root", root);
    number(g, "one", 1.0f);
    number(g, "half", 0.5f);
    OK(as_graph_add_node(g, first, "scale", NAMES("x", "root"), NAMES("s"), NULL, 0, why));
    ADD("Erf", NAMES("s"), "e");
    ADD("Add", NAMES("one", "e"), "a");
    if (order == 0) {
        ADD("Mul", NAMES("x", "a"), "p");
        ADD("Mul", NAMES("p", "half"), "out");
    } else if (order == 1) {
        ADD("Mul", NAMES("a", "half"), "p");
        ADD("Mul", NAMES("p", "x"), "out");
    } else {
        ADD("Mul", NAMES("half", "x"), "p");
        ADD("Mul", NAMES("p", "a"), "out");
    }
    return g;
}

static void test_gelu_in_each_order(void **state)
{
    (void)state;
    for (int order = 0; order < 3; order++) {
        assert_fuses(gelu(order, 1.41421356f, "Div"), &X, 1, "Gelu");
        assert_fuses(gelu(order, 0.70710678f, "Mul"), &X, 1, "Gelu");
        assert_fuses(gelu(order, 1.4140625f, "Div"), &X, 1, "Gelu"); /* as a half float has it */
        assert_fuses(gelu(order, 1.4f, "Div"), &X, 5, "Mul");        /* something else */
        assert_fuses(gelu(order, 1.41421356f, "Mul"), &X, 5, "Mul");
    }
}

static void test_a_chain_that_somebody_looks_into_stays(void **state)
{
    (void)state;
    as_graph *g = gelu(0, 1.41421356f, "Div");
    OK(as_graph_add_output(g, "e", AS_DTYPE_F32, &X, why));
    assert_fuses(g, &X, 5, "Mul");
    g = gelu(0, 1.41421356f, "Div");
    ADD("Relu", NAMES("a"), "r");
    OK(as_graph_add_output(g, "r", AS_DTYPE_F32, &X, why));
    assert_fuses(g, &X, 6, "Mul");
}

static void test_mish(void **state)
{
    (void)state;
    as_graph *g = start(&X);
    ADD("Softplus", NAMES("x"), "s");
    ADD("Tanh", NAMES("s"), "t");
    ADD("Mul", NAMES("x", "t"), "out");
    assert_fuses(g, &X, 1, "Mish");
    g = start(&X);
    ADD("Softplus", NAMES("x"), "s");
    ADD("Tanh", NAMES("s"), "t");
    ADD("Mul", NAMES("t", "t"), "out");
    assert_fuses(g, &X, 3, "Mul");
}

static as_graph *hard(float six)
{
    as_graph *g = start(&X);
    number(g, "three", 3.0f);
    number(g, "zero", 0.0f);
    number(g, "six", six);
    ADD("Add", NAMES("x", "three"), "a");
    ADD("Clip", NAMES("a", "zero", "six"), "c");
    return g;
}

static void test_a_chain_that_adds_a_dimension_stays(void **state)
{
    (void)state;
    float     three[] = {3.0f};
    as_tensor t = as_tensor_view(AS_DTYPE_F32, &SHAPE(1, 1, 1), three);
    as_graph *g = start(&SHAPE(1, 4));
    OK(as_graph_add_constant(g, "three", &t, why));
    number(g, "zero", 0.0f);
    number(g, "six", 6.0f);
    ADD("Add", NAMES("x", "three"), "a");
    ADD("Clip", NAMES("a", "zero", "six"), "c");
    ADD("Div", NAMES("c", "six"), "out");
    assert_fuses(g, &SHAPE(1, 1, 4), 3, "Div");
}

static void test_hard_swish_and_hard_sigmoid(void **state)
{
    (void)state;
    as_graph *g = hard(6.0f);
    ADD("Mul", NAMES("x", "c"), "p");
    ADD("Div", NAMES("p", "six"), "out");
    assert_fuses(g, &X, 1, "HardSwish");
    g = hard(6.0f);
    ADD("Div", NAMES("c", "six"), "p");
    ADD("Mul", NAMES("p", "x"), "out");
    assert_fuses(g, &X, 1, "HardSwish");
    g = hard(6.0f);
    ADD("Div", NAMES("c", "six"), "out");
    assert_fuses(g, &X, 1, "HardSigmoid");
    g = hard(5.0f);
    ADD("Div", NAMES("c", "six"), "out");
    assert_fuses(g, &X, 3, "Div");
}

static as_graph *layer_norm(int64_t axis, bool by_pow)
{
    as_graph     *g = start(&X);
    const as_attr axes = {.name = "axes", .kind = AS_ATTR_INTS, .ints = &axis, .n = 1};
    number(g, "two", 2.0f);
    number(g, "epsilon", 1e-5f);
    row(g, "scale", 6);
    row(g, "bias", 6);
    OK(as_graph_add_node(g, "ReduceMean", "m", NAMES("x"), NAMES("m"), &axes, 1, why));
    ADD("Sub", NAMES("x", "m"), "d");
    if (by_pow)
        ADD("Pow", NAMES("d", "two"), "q");
    else
        ADD("Mul", NAMES("d", "d"), "q");
    OK(as_graph_add_node(g, "ReduceMean", "v", NAMES("q"), NAMES("v"), &axes, 1, why));
    ADD("Add", NAMES("v", "epsilon"), "ve");
    ADD("Sqrt", NAMES("ve"), "s");
    ADD("Div", NAMES("d", "s"), "n");
    ADD("Mul", NAMES("n", "scale"), "ns");
    return g;
}

static void test_layer_normalisation(void **state)
{
    (void)state;
    for (int by_pow = 0; by_pow < 2; by_pow++) {
        as_graph *g = layer_norm(by_pow ? -1 : 2, by_pow);
        ADD("Add", NAMES("ns", "bias"), "out");
        assert_fuses(g, &X, 1, "LayerNormalization");
    }
    as_graph *g = layer_norm(-1, true);
    ADD("Relu", NAMES("ns"), "out");
    assert_fuses(g, &X, 2, "Relu"); /* without a bias */
    g = layer_norm(1, true);        /* over another dimension */
    ADD("Add", NAMES("ns", "bias"), "out");
    assert_fuses(g, &X, 9, "Add");
}

static void test_a_pad_becomes_part_of_its_convolution(void **state)
{
    (void)state;
    static const struct {
        int64_t pads[8];
        float   value;
        bool    fuses;
    } rows[] = {
        {{0, 0, 1, 2, 0, 0, 3, 0}, 0.0f, true},
        {{0, 0, 1, 2, 0, 0, 3, 0}, 1.0f, false},
        {{0, 1, 1, 1, 0, 0, 1, 1}, 0.0f, false},
        {{0, 0, -1, 1, 0, 0, 1, 1}, 0.0f, false},
    };
    for (size_t i = 0; i < AS_COUNT(rows); i++) {
        static const int64_t own[] = {1, 1, 1, 1}, strides[] = {2, 1};
        const as_attr        attrs[] = {{.name = "pads", .kind = AS_ATTR_INTS, .ints = own, .n = 4},
                                        {.name = "strides", .kind = AS_ATTR_INTS, .ints = strides, .n = 2}};
        const int64_t       *p = rows[i].pads, channels = 3 + p[1];
        int64_t              pads[8];
        as_graph            *g = start(&SHAPE(1, 3, 8, 8));
        as_tensor            w, t = as_tensor_view(AS_DTYPE_I64, &SHAPE(8), pads);
        memcpy(pads, p, sizeof pads);
        OK(as_tensor_new(&w, AS_DTYPE_F32, &SHAPE(2, channels, 3, 3), why));
        OK(as_graph_add_constant(g, "w", &w, why));
        as_tensor_done(&w);
        OK(as_graph_add_constant(g, "pads", &t, why));
        number(g, "value", rows[i].value);
        ADD("Pad", NAMES("x", "pads", "value"), "padded");
        OK(as_graph_add_node(g, "Conv", "conv", NAMES("padded", "w"), NAMES("out"), attrs, 2, why));
        const as_shape out = SHAPE(1, 2, (8 + p[2] + p[6] + 2 - 3) / 2 + 1, 8 + p[3] + p[7] + 2 - 3 + 1);
        assert_fuses(g, &out, rows[i].fuses ? 1 : 2, "Conv");
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_gelu_in_each_order),
        cmocka_unit_test(test_a_chain_that_somebody_looks_into_stays),
        cmocka_unit_test(test_mish),
        cmocka_unit_test(test_a_chain_that_adds_a_dimension_stays),
        cmocka_unit_test(test_hard_swish_and_hard_sigmoid),
        cmocka_unit_test(test_layer_normalisation),
        cmocka_unit_test(test_a_pad_becomes_part_of_its_convolution),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
