/* SPDX-License-Identifier: Apache-2.0 */
#include <setjmp.h>
#include <stdarg.h>

#include <cmocka.h>

#include "graph/build.h"
#include "graph/widen.h"

#define NAMES(...) ((const char *const[]){__VA_ARGS__, NULL})
#define SHAPE(...) ((as_shape){.rank = sizeof((int64_t[]){__VA_ARGS__}) / sizeof(int64_t), .dims = {__VA_ARGS__}})
#define OK(call)                       \
    do {                               \
        as_err  why_ = AS_ERR_NONE;    \
        as_err *why = &why_;           \
        if (!(call))                   \
            fail_msg("%s", why_.text); \
    } while (0)
#define TO(type) (&(as_attr){.name = "to", .kind = AS_ATTR_INT, .i = (type)})

static as_graph *start(void)
{
    as_err    err = AS_ERR_NONE;
    as_graph *graph = as_graph_new("half", &err);
    assert_non_null(graph);
    return graph;
}

static void add_halves(as_graph *graph, const char *name, const uint16_t *bits, int64_t n)
{
    uint16_t  copy[8];
    as_tensor t = as_tensor_view(AS_DTYPE_F16, &SHAPE(n), copy);
    memcpy(copy, bits, (size_t)n * sizeof *bits);
    OK(as_graph_add_constant(graph, name, &t, why));
}

static const as_value *value_of(const as_graph *graph, const char *name)
{
    const as_value *value = as_graph_value(graph, as_graph_find(graph, name));
    if (!value)
        fail_msg("no value '%s'", name);
    return value;
}

/* in -> Add(w) -> sum (an output) -> Relu -> out; `in` is an output too */
static as_graph *small(void)
{
    static const uint16_t weights[] = {0x3c00, 0xc000, 0x7bff, 0x0001}; /* 1, -2, 65504, 2^-24 */
    as_graph             *graph = start();
    OK(as_graph_add_input(graph, "in", AS_DTYPE_F16, &SHAPE(4), why));
    add_halves(graph, "w", weights, 4);
    OK(as_graph_add_node(graph, "Add", "add", NAMES("in", "w"), NAMES("sum"), NULL, 0, why));
    OK(as_graph_add_node(graph, "Relu", "relu", NAMES("sum"), NAMES("out"), NULL, 0, why));
    OK(as_graph_add_output(graph, "out", AS_DTYPE_F16, &SHAPE(4), why));
    OK(as_graph_add_output(graph, "sum", AS_DTYPE_F16, &SHAPE(4), why));
    OK(as_graph_finish(graph, why));
    return graph;
}

static void test_all_between_the_edges_becomes_f32_and_the_edges_stay(void **state)
{
    (void)state;
    static const float want[] = {1.0f, -2.0f, 65504.0f, 0x1p-24f};
    as_graph          *graph = small();
    OK(as_graph_widen(graph, why));
    OK(as_graph_infer_shapes(graph, 1, why));
    assert_int_equal(as_graph_n_nodes(graph), 5);
    assert_string_equal(as_graph_node(graph, 0)->op, "Cast");
    assert_int_equal(value_of(graph, "in")->dtype, AS_DTYPE_F16);
    assert_int_equal(value_of(graph, "out")->dtype, AS_DTYPE_F16);
    assert_int_equal(value_of(graph, "sum")->dtype, AS_DTYPE_F16);
    assert_string_equal(value_of(graph, "sum")->name, "sum");
    assert_int_equal(value_of(graph, "w")->dtype, AS_DTYPE_F32);
    assert_memory_equal(value_of(graph, "w")->constant->data, want, sizeof want);
    for (size_t i = 1; i < 3; i++) /* Add and Relu */
        assert_int_equal(as_graph_value(graph, as_graph_node(graph, i)->outputs[0])->dtype, AS_DTYPE_F32);
    as_graph_free(graph);
}

static void test_what_is_widened_is_written_and_read_again(void **state)
{
    (void)state;
    as_graph *graph = small();
    as_str    bytes;
    as_err    err = AS_ERR_NONE;
    as_str_init(&bytes);
    OK(as_graph_widen(graph, why));
    OK(as_graph_write(graph, &bytes, why));
    as_graph *again = as_graph_parse((const uint8_t *)bytes.s, bytes.len, "again", &err);
    assert_non_null(again);
    OK(as_graph_widen(again, why)); /* Casts at the edges are widened away no second time into something else */
    OK(as_graph_infer_shapes(again, 1, why));
    assert_int_equal(value_of(again, "out")->dtype, AS_DTYPE_F16);
    as_graph_free(again);
    as_graph_free(graph);
    as_str_done(&bytes);
}

static void test_a_graph_without_halves_stays_as_it_is(void **state)
{
    (void)state;
    as_graph *graph = start();
    OK(as_graph_add_input(graph, "in", AS_DTYPE_F32, &SHAPE(4), why));
    OK(as_graph_add_node(graph, "Relu", "relu", NAMES("in"), NAMES("out"), NULL, 0, why));
    OK(as_graph_add_output(graph, "out", AS_DTYPE_F32, &SHAPE(4), why));
    OK(as_graph_finish(graph, why));
    OK(as_graph_widen(graph, why));
    assert_int_equal(as_graph_n_nodes(graph), 1);
    as_graph_free(graph);
}

/* f32 in and out, halves between them: as converters make it that keep the edges. */
static void test_casts_inside_a_graph_no_longer_round(void **state)
{
    (void)state;
    as_graph *graph = start();
    OK(as_graph_add_input(graph, "in", AS_DTYPE_F32, &SHAPE(4), why));
    OK(as_graph_add_node(graph, "Cast", "down", NAMES("in"), NAMES("half"), TO(10), 1, why));
    OK(as_graph_add_node(graph, "Relu", "relu", NAMES("half"), NAMES("positive"), NULL, 0, why));
    OK(as_graph_add_node(graph, "Cast", "up", NAMES("positive"), NAMES("out"), TO(1), 1, why));
    OK(as_graph_add_output(graph, "out", AS_DTYPE_F32, &SHAPE(4), why));
    OK(as_graph_finish(graph, why));
    OK(as_graph_widen(graph, why));
    OK(as_graph_infer_shapes(graph, 1, why));
    assert_int_equal(as_graph_n_nodes(graph), 3);
    assert_int_equal(value_of(graph, "half")->dtype, AS_DTYPE_F32);
    as_graph_free(graph);
}

/* A weight and an input that are outputs as they stand, an output that is listed twice, a name that is taken. */
static void test_edges_of_every_kind(void **state)
{
    (void)state;
    static const uint16_t one[] = {0x3c00};
    as_graph             *graph = start();
    OK(as_graph_add_input(graph, "in", AS_DTYPE_F16, &SHAPE(1), why));
    add_halves(graph, "w", one, 1);
    OK(as_graph_add_node(graph, "Add", "add", NAMES("in", "w"), NAMES("sum"), NULL, 0, why));
    OK(as_graph_add_output(graph, "in", AS_DTYPE_F16, &SHAPE(1), why));
    OK(as_graph_add_output(graph, "w", AS_DTYPE_F16, &SHAPE(1), why));
    OK(as_graph_add_output(graph, "sum", AS_DTYPE_F16, &SHAPE(1), why));
    OK(as_graph_finish(graph, why));
    OK(as_graph_widen(graph, why));
    OK(as_graph_infer_shapes(graph, 1, why));
    assert_int_equal(as_graph_n_outputs(graph), 3);
    for (size_t i = 0; i < 3; i++)
        assert_int_equal(as_graph_value(graph, as_graph_output(graph, i))->dtype, AS_DTYPE_F16);
    as_graph_free(graph);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_all_between_the_edges_becomes_f32_and_the_edges_stay),
        cmocka_unit_test(test_what_is_widened_is_written_and_read_again),
        cmocka_unit_test(test_a_graph_without_halves_stays_as_it_is),
        cmocka_unit_test(test_casts_inside_a_graph_no_longer_round),
        cmocka_unit_test(test_edges_of_every_kind),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
