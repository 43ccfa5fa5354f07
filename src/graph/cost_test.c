/* SPDX-License-Identifier: Apache-2.0 */
/* Costs counted by hand. */
#include <setjmp.h>
#include <stdarg.h>

#include <cmocka.h>

#include "graph/cost.h"
#include "graph/graph_priv.h"

#define NAMES(...) ((const char *const[]){__VA_ARGS__, NULL})
#define SHAPE(...) ((as_shape){.rank = sizeof((int64_t[]){__VA_ARGS__}) / sizeof(int64_t), .dims = {__VA_ARGS__}})

static void add_floats(as_graph *graph, const char *name, const as_shape *shape)
{
    static float data[4096];
    as_err       err = AS_ERR_NONE;
    as_tensor    tensor = as_tensor_view(AS_DTYPE_F32, shape, data);
    assert_true(as_tensor_count(&tensor) <= AS_COUNT(data));
    assert_true(as_graph_add_constant(graph, name, &tensor, &err));
}

static void add_node(as_graph *graph, const char *op, const char *const *inputs, const char *output,
                     const as_attr *attrs, size_t n_attrs)
{
    as_err err = AS_ERR_NONE;
    if (!as_graph_add_node(graph, op, output, inputs, NAMES(output), attrs, n_attrs, &err))
        fail_msg("%s", err.text);
}

/* Conv 4x3x3x3, Relu, Reshape to a vector of 144 a picture, MatMul 144x5 */
static as_graph *small_net(int64_t batch, int64_t side)
{
    static int64_t shape_data[] = {0, -1};
    as_err         err = AS_ERR_NONE;
    as_graph      *graph = as_graph_new("net", &err);
    as_tensor      to = as_tensor_view(AS_DTYPE_I64, &SHAPE(2), shape_data);
    assert_non_null(graph);
    assert_true(as_graph_add_input(graph, "x", AS_DTYPE_F32, &SHAPE(batch, 3, side, side), &err));
    add_floats(graph, "w", &SHAPE(4, 3, 3, 3));
    add_floats(graph, "b", &SHAPE(4));
    add_floats(graph, "m", &SHAPE(144, 5));
    assert_true(as_graph_add_constant(graph, "to", &to, &err));
    add_node(graph, "Conv", NAMES("x", "w", "b"), "c", NULL, 0);
    add_node(graph, "Relu", NAMES("c"), "r", NULL, 0);
    add_node(graph, "Reshape", NAMES("r", "to"), "f", NULL, 0);
    add_node(graph, "MatMul", NAMES("f", "m"), "y", NULL, 0);
    assert_true(as_graph_add_output(graph, "y", AS_DTYPE_F32, &SHAPE(batch, 5), &err));
    if (!as_graph_finish(graph, &err))
        fail_msg("%s", err.text);
    return graph;
}

static void test_a_small_net(void **state)
{
    (void)state;
    as_err        err = AS_ERR_NONE;
    as_graph_cost cost;
    as_graph     *graph = small_net(-1, 8);
    assert_true(as_graph_infer_shapes(graph, 2, &err));
    assert_true(as_graph_cost_of(graph, &cost, &err));
    assert_int_equal(cost.nodes[0].n_parameters, 4 * 27 + 4);
    assert_int_equal(cost.nodes[2].n_parameters, 0); /* a shape is no parameter */
    assert_int_equal(cost.nodes[3].n_parameters, 144 * 5);
    assert_int_equal(cost.n_parameters, 112 + 720);
    assert_int_equal(cost.parameter_bytes, 4 * (112 + 720));
    assert_int_equal(cost.nodes[0].n_multiplies, 2 * 4 * 6 * 6 * 27);
    assert_int_equal(cost.nodes[1].n_multiplies, 0);
    assert_int_equal(cost.nodes[3].n_multiplies, 2 * 5 * 144);
    assert_int_equal(cost.n_multiplies, 2 * 4 * 6 * 6 * 27 + 2 * 5 * 144);
    assert_int_equal(cost.n_uncounted, 0);
    /* Relu: c and r; the Reshape is a view of r. x and c at the Conv: (384 + 288) * 4. */
    assert_true(cost.is_peak_known);
    assert_int_equal(cost.peak_bytes, (2 * 3 * 64 + 2 * 4 * 36) * 4);
    assert_int_equal(cost.peak_node, 0);
    as_graph_cost_done(&cost);
    as_graph_free(graph);
}

static void test_what_is_open_is_not_counted(void **state)
{
    (void)state;
    as_err        err = AS_ERR_NONE;
    as_graph_cost cost;
    as_graph     *graph = small_net(1, -1);
    assert_true(as_graph_infer_shapes(graph, 1, &err));
    assert_true(as_graph_cost_of(graph, &cost, &err));
    assert_false(cost.nodes[0].is_counted);
    assert_true(cost.n_uncounted >= 1);
    assert_false(cost.is_peak_known);
    assert_int_equal(cost.n_parameters, 112 + 720);
    as_graph_cost_done(&cost);
    assert_true(as_graph_set_input_shape(graph, "x", &SHAPE(1, 3, 8, 8), &err));
    assert_true(as_graph_infer_shapes(graph, 1, &err));
    assert_true(as_graph_cost_of(graph, &cost, &err));
    assert_int_equal(cost.n_multiplies, 4 * 6 * 6 * 27 + 5 * 144);
    assert_true(cost.is_peak_known);
    as_graph_cost_done(&cost);
    as_graph_free(graph);
}

/* Weights that two nodes read count once; what is kept for later counts while it waits; outputs stay to the end. */
static void test_sharing_and_waiting(void **state)
{
    (void)state;
    static const as_attr transposed[] = {{.name = "transA", .kind = AS_ATTR_INT, .i = 1}};
    as_err               err = AS_ERR_NONE;
    as_graph_cost        cost;
    as_graph            *graph = as_graph_new("net", &err);
    assert_non_null(graph);
    assert_true(as_graph_add_input(graph, "x", AS_DTYPE_F32, &SHAPE(7, 7), &err));
    add_floats(graph, "w", &SHAPE(7, 7));
    add_node(graph, "Gemm", NAMES("x", "w"), "a", transposed, 1);
    add_node(graph, "MatMul", NAMES("a", "w"), "b", NULL, 0);
    add_node(graph, "Add", NAMES("b", "x"), "c", NULL, 0);
    assert_true(as_graph_add_output(graph, "a", AS_DTYPE_F32, &SHAPE(7, 7), &err));
    assert_true(as_graph_add_output(graph, "c", AS_DTYPE_F32, &SHAPE(7, 7), &err));
    assert_true(as_graph_finish(graph, &err));
    assert_true(as_graph_infer_shapes(graph, 1, &err));
    assert_true(as_graph_cost_of(graph, &cost, &err));
    assert_int_equal(cost.n_parameters, 49);
    assert_int_equal(cost.nodes[1].n_parameters, 0);
    assert_int_equal(cost.nodes[0].n_multiplies, 343);
    assert_int_equal(cost.peak_bytes, 4 * 49 * 4); /* at the Add: x, a, b, c */
    assert_int_equal(cost.peak_node, 2);
    as_graph_cost_done(&cost);
    as_graph_free(graph);
}

static void test_products_that_read_their_first_sideways(void **state)
{
    (void)state;
    static const as_attr transposed[] = {{.name = "transA", .kind = AS_ATTR_INT, .i = 1}};
    as_err               err = AS_ERR_NONE;
    as_graph_cost        cost;
    as_graph            *graph = as_graph_new("net", &err);
    assert_non_null(graph);
    assert_true(as_graph_add_input(graph, "x", AS_DTYPE_F32, &SHAPE(3, 5), &err));
    add_floats(graph, "w", &SHAPE(3, 2));
    add_node(graph, "Gemm", NAMES("x", "w"), "y", transposed, 1);
    assert_true(as_graph_add_output(graph, "y", AS_DTYPE_F32, &SHAPE(5, 2), &err));
    assert_true(as_graph_finish(graph, &err));
    assert_true(as_graph_infer_shapes(graph, 1, &err));
    assert_true(as_graph_cost_of(graph, &cost, &err));
    assert_int_equal(cost.n_multiplies, 5 * 2 * 3);
    as_graph_cost_done(&cost);
    as_graph_free(graph);
}

/* Operators of which a reader may or may not know: those that it does are counted. */
static void test_each_product(void **state)
{
    (void)state;
    static const struct {
        const char *op;
        as_dtype    x, w; /* of input 0, and of the weights */
        bool        scaled;
        int64_t     x_dims[4], w_dims[4];
        int         rank;
        uint64_t    want;
    } rows[] = {
        {"Conv", AS_DTYPE_F32, AS_DTYPE_F32, false, {2, 3, 5, 5}, {4, 3, 3, 3}, 4, 2 * 4 * 9 * 27},
        {"ConvTranspose", AS_DTYPE_F32, AS_DTYPE_F32, false, {2, 3, 5, 5}, {3, 4, 2, 2}, 4, 2 * 3 * 25 * 16},
        {"ConvInteger", AS_DTYPE_U8, AS_DTYPE_I8, false, {2, 3, 5, 5}, {4, 3, 3, 3}, 4, 2 * 4 * 9 * 27},
        {"QLinearConv", AS_DTYPE_U8, AS_DTYPE_I8, true, {2, 3, 5, 5}, {4, 3, 3, 3}, 4, 2 * 4 * 9 * 27},
        {"MatMul", AS_DTYPE_F32, AS_DTYPE_F32, false, {6, 7}, {7, 5}, 2, 6 * 5 * 7},
        {"MatMulInteger", AS_DTYPE_U8, AS_DTYPE_I8, false, {6, 7}, {7, 5}, 2, 6 * 5 * 7},
        {"Einsum", AS_DTYPE_F32, AS_DTYPE_F32, false, {2, 3, 4, 7}, {2, 3, 5, 7}, 4, 2 * 3 * 4 * 7 * 5},
        {"QLinearMatMul", AS_DTYPE_U8, AS_DTYPE_I8, true, {6, 7}, {7, 5}, 2, 6 * 5 * 7},
    };
    static const char *const plain[] = {"x", "w", NULL}, *const scaled[] = {"x",  "s", "zx", "w", "s",
                                                                            "zw", "s", "zx", NULL};
    static const as_attr equation = {.name = "equation", .kind = AS_ATTR_STR, .s = "bhid, bhjd -> bhij"};
    static const float   one = 1;
    static const uint8_t zero[1] = {0};
    for (size_t i = 0; i < AS_COUNT(rows); i++) {
        as_err        err = AS_ERR_NONE;
        as_graph_cost cost;
        as_shape      x = {.rank = rows[i].rank}, w = x, scalar = {.rank = 0};
        as_tensor     s = as_tensor_view(AS_DTYPE_F32, &scalar, (void *)(uintptr_t)&one);
        as_tensor     zx = as_tensor_view(rows[i].x, &scalar, (void *)(uintptr_t)zero);
        as_tensor     zw = as_tensor_view(rows[i].w, &scalar, (void *)(uintptr_t)zero);
        as_graph     *graph = as_graph_new("net", &err);
        assert_non_null(graph);
        memcpy(x.dims, rows[i].x_dims, sizeof rows[i].x_dims);
        memcpy(w.dims, rows[i].w_dims, sizeof rows[i].w_dims);
        assert_true(as_graph_add_input(graph, "x", rows[i].x, &x, &err));
        assert_true(as_graph_add_input(graph, "w", rows[i].w, &w, &err));
        if (rows[i].scaled)
            assert_true(as_graph_add_constant(graph, "s", &s, &err) && as_graph_add_constant(graph, "zx", &zx, &err) &&
                        as_graph_add_constant(graph, "zw", &zw, &err));
        if (as_graph_op_find(rows[i].op)) {
            add_node(graph, rows[i].op, rows[i].scaled ? scaled : plain, "y", &equation,
                     strcmp(rows[i].op, "Einsum") == 0);
            add_node(graph, "Identity", NAMES("y"), "z", NULL, 0);
            assert_true(as_graph_add_output(graph, "w", rows[i].w, &w, &err));
            if (!as_graph_finish(graph, &err) || !as_graph_infer_shapes(graph, 1, &err))
                fail_msg("%s", err.text);
            assert_true(as_graph_cost_of(graph, &cost, &err));
            if (cost.n_multiplies != rows[i].want)
                fail_msg("%s: %llu multiply-adds, not %llu", rows[i].op, (unsigned long long)cost.n_multiplies,
                         (unsigned long long)rows[i].want);
            as_graph_cost_done(&cost);
        }
        as_graph_free(graph);
    }
}

static void test_work(void **state)
{
    (void)state;
    as_err    err = AS_ERR_NONE;
    as_graph *graph = small_net(1, 8);
    assert_true(as_graph_infer_shapes(graph, 1, &err));
    /* Numbers: 192 in, 112 of parameters, 144 out; and a filter of 27 for each of those. */
    assert_int_equal(as_graph_work_of(graph, as_graph_node(graph, 0)), 144 * 27 + 4 * (192 + 112 + 144));
    assert_int_equal(as_graph_work_of(graph, as_graph_node(graph, 1)), 4 * 2 * 144);
    as_graph_free(graph);
    graph = small_net(1, -1);
    assert_true(as_graph_infer_shapes(graph, 1, &err));
    assert_true(as_graph_work_of(graph, as_graph_node(graph, 1)) == UINT64_MAX);
    as_graph_free(graph);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_a_small_net),
        cmocka_unit_test(test_what_is_open_is_not_counted),
        cmocka_unit_test(test_sharing_and_waiting),
        cmocka_unit_test(test_each_product),
        cmocka_unit_test(test_work),
        cmocka_unit_test(test_products_that_read_their_first_sideways),
    };
    return cmocka_run_group_tests_name("cost", tests, NULL, NULL);
}
