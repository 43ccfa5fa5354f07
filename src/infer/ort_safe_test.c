/* SPDX-License-Identifier: Apache-2.0 */
/* What ends the program in ONNX Runtime is refused with the node's name, whether it is seen when a graph is opened or when
 * it runs; what cannot is not. */
#include <setjmp.h>
#include <stdarg.h>

#include <cmocka.h>

#include "graph/build.h"
#include "infer/infer.h"
#include "infer/ort_safe.h"

#define NAMES(...) ((const char *const[]){__VA_ARGS__, NULL})
#define SHAPE(...) (&(as_shape){.rank = sizeof((int64_t[]){__VA_ARGS__}) / sizeof(int64_t), .dims = {__VA_ARGS__}})

enum { FED = 1000 }; /* in place of a number: it is an input */

static const struct {
    const char *op;
    as_dtype    dtype;
    int64_t     a, b;
    bool        refused;
} rows[] = {
    {"Div", AS_DTYPE_I64, INT64_MIN, -1, true},
    {"Mod", AS_DTYPE_I64, INT64_MIN, -1, true},
    {"Div", AS_DTYPE_I32, INT32_MIN, -1, true},
    {"Mod", AS_DTYPE_I32, INT32_MIN, -1, true},
    {"Div", AS_DTYPE_I64, FED, FED, true},
    {"Mod", AS_DTYPE_I32, FED, FED, true},
    {"Div", AS_DTYPE_I64, FED, -1, true},
    {"Mod", AS_DTYPE_I64, INT64_MIN, FED, true},
    {"Div", AS_DTYPE_I64, FED, 3, false},
    {"Div", AS_DTYPE_I64, 7, FED, false},
    {"Mod", AS_DTYPE_I32, FED, -2, false},
    {"Div", AS_DTYPE_I64, INT64_MIN, 2, false},
    {"Div", AS_DTYPE_I32, INT32_MIN + 1, -1, false},
};

static void add(as_graph *graph, const char *name, as_dtype dtype, int64_t number)
{
    int32_t   narrow = (int32_t)number;
    as_tensor t = as_tensor_view(dtype, SHAPE(1), dtype == AS_DTYPE_I64 ? (void *)&number : (void *)&narrow);
    assert_true(number == FED ? as_graph_add_input(graph, name, dtype, SHAPE(1), NULL)
                              : as_graph_add_constant(graph, name, &t, NULL));
}

static void test_division(void **state)
{
    (void)state;
    for (size_t i = 0; i < AS_COUNT(rows); i++) {
        as_err    err = AS_ERR_NONE;
        as_graph *graph = as_graph_new("division", NULL);
        assert_non_null(graph);
        add(graph, "a", rows[i].dtype, rows[i].a);
        add(graph, "b", rows[i].dtype, rows[i].b);
        assert_true(as_graph_add_node(graph, rows[i].op, "d", NAMES("a", "b"), NAMES("y"), NULL, 0, NULL));
        assert_true(as_graph_add_output(graph, "y", rows[i].dtype, SHAPE(1), NULL));
        assert_true(as_graph_finish(graph, NULL));
        assert_true(as_graph_infer_shapes(graph, 1, NULL));
        if (as_ort_safe(graph, &err) == rows[i].refused)
            fail_msg("row %zu (%s): %s", i, rows[i].op, rows[i].refused ? "passed" : err.text);
        if (rows[i].refused)
            assert_non_null(strstr(err.text, "node 'd' ("));
        as_graph_free(graph);
    }
}

/* The model's way in: the same words from the back end. */
static void test_back_end(void **state)
{
    as_err    err = AS_ERR_NONE;
    as_str    model;
    as_graph *graph = as_graph_new("division", NULL);
    (void)state;
    assert_non_null(graph);
    as_str_init(&model);
    add(graph, "a", AS_DTYPE_I64, FED);
    add(graph, "b", AS_DTYPE_I64, FED);
    assert_true(as_graph_add_node(graph, "Mod", "d", NAMES("a", "b"), NAMES("y"), NULL, 0, NULL));
    assert_true(as_graph_add_output(graph, "y", AS_DTYPE_I64, SHAPE(1), NULL));
    assert_true(as_graph_finish(graph, NULL));
    assert_true(as_graph_write(graph, &model, NULL));
    as_graph_free(graph);
    as_session *session =
        as_session_open((const uint8_t *)model.s, model.len, "division", &(as_session_cfg){.backend = "ort"}, &err);
    as_str_done(&model);
    assert_null(session);
    if (err.code == AS_EMISSING)
        skip();
    assert_int_equal(err.code, AS_EUNSUPPORTED);
    assert_non_null(strstr(err.text, "node 'd' (Mod): ONNX Runtime ends the program"));
}

/* x of 1x2x4x4, of which a Slice leaves what stands before `end` along `axis`, and that node reads it. */
static bool reads(const char *op, int64_t axis, int64_t end, as_err *err)
{
    as_graph  *graph = as_graph_new("empty", NULL);
    int64_t    zero = 0, two = 2;
    float      ones[2 * 2 * 3 * 3] = {1, 1};
    const bool is_top = strcmp(op, "TopK") == 0, is_norm = strcmp(op, "InstanceNormalization") == 0;
    as_tensor  from = as_tensor_view(AS_DTYPE_I64, SHAPE(1), &zero), to = as_tensor_view(AS_DTYPE_I64, SHAPE(1), &end);
    as_tensor  along = as_tensor_view(AS_DTYPE_I64, SHAPE(1), &axis);
    as_tensor  row = as_tensor_view(AS_DTYPE_F32, SHAPE(2), ones), most = as_tensor_view(AS_DTYPE_I64, SHAPE(1), &two);
    as_tensor  weights = as_tensor_view(AS_DTYPE_F32, SHAPE(2, 2, 3, 3), ones);
    const as_attr last = {.name = "axis", .kind = AS_ATTR_INT, .i = -1};
    assert_non_null(graph);
    assert_true(as_graph_add_input(graph, "x", AS_DTYPE_F32, SHAPE(1, 2, 4, 4), NULL));
    assert_true(as_graph_add_constant(graph, "from", &from, NULL));
    assert_true(end == FED ? as_graph_add_input(graph, "to", AS_DTYPE_I64, SHAPE(1), NULL)
                           : as_graph_add_constant(graph, "to", &to, NULL));
    assert_true(as_graph_add_constant(graph, "along", &along, NULL));
    assert_true(as_graph_add_constant(graph, "row", is_top ? &most : is_norm ? &row : &weights, NULL));
    assert_true(as_graph_add_node(graph, "Slice", "s", NAMES("x", "from", "to", "along"), NAMES("cut"), NULL, 0, NULL));
    assert_true(as_graph_add_node(graph, op, "n", is_norm ? NAMES("cut", "row", "row") : NAMES("cut", "row"),
                                  is_top ? NAMES("y", "places") : NAMES("y"), &last, is_top, NULL));
    assert_true(as_graph_add_output(graph, "y", AS_DTYPE_F32, SHAPE(-1), NULL));
    assert_true(as_graph_finish(graph, NULL));
    assert_true(as_graph_infer_shapes(graph, 1, NULL));
    const bool safe = as_ort_safe(graph, err);
    as_graph_free(graph);
    return safe;
}

static void test_no_numbers(void **state)
{
    static const char *const ops[] = {"InstanceNormalization", "ConvTranspose", "TopK"};
    (void)state;
    for (size_t i = 0; i < AS_COUNT(ops); i++) {
        as_err err = AS_ERR_NONE, open = AS_ERR_NONE;
        char   want[120];
        snprintf(want, sizeof want, "node 'n' (%s): ONNX Runtime ends the program", ops[i]);
        assert_true(reads(ops[i], 2, 3, &err));
        assert_false(reads(ops[i], 2, 0, &err));
        assert_non_null(strstr(err.text, want));
        assert_false(reads(ops[i], 2, FED, &open));
        assert_non_null(strstr(open.text, "'cut' may have none (1x2x?x4)"));
    }
    as_err err = AS_ERR_NONE;
    assert_true(reads("TopK", 3, FED, &err)); /* too few of them is told by ONNX Runtime */
}

/* Two values of 3 GB at once. */
static void test_memory(void **state)
{
    as_err    err = AS_ERR_NONE;
    as_graph *graph = as_graph_new("large", NULL);
    as_tensor shape = as_tensor_view(AS_DTYPE_I64, SHAPE(1), (int64_t[]){750000000});
    (void)state;
    assert_non_null(graph);
    assert_true(as_graph_add_input(graph, "x", AS_DTYPE_F32, SHAPE(1), NULL));
    assert_true(as_graph_add_constant(graph, "shape", &shape, NULL));
    assert_true(as_graph_add_node(graph, "Expand", "e", NAMES("x", "shape"), NAMES("wide"), NULL, 0, NULL));
    assert_true(as_graph_add_node(graph, "Relu", "r", NAMES("wide"), NAMES("y"), NULL, 0, NULL));
    assert_true(as_graph_add_output(graph, "y", AS_DTYPE_F32, SHAPE(-1), NULL));
    assert_true(as_graph_finish(graph, NULL));
    assert_true(as_graph_infer_shapes(graph, 1, NULL));
    assert_false(as_ort_safe(graph, &err));
    assert_int_equal(err.code, AS_ELIMIT);
    as_graph_free(graph);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_division),
        cmocka_unit_test(test_back_end),
        cmocka_unit_test(test_no_numbers),
        cmocka_unit_test(test_memory),
    };
    return cmocka_run_group_tests_name("ort_safe", tests, NULL, NULL);
}
