/* SPDX-License-Identifier: Apache-2.0 */
/* What operators do with data that is not as it should be, and with results whose size is seen when they run. */
#include <math.h>
#include <setjmp.h>
#include <stdarg.h>

#include <cmocka.h>

#include "engine/plan.h"
#include "graph/build.h"

#define NAMES(...) ((const char *const[]){__VA_ARGS__, NULL})
#define SHAPE(...) (&(as_shape){.rank = sizeof((int64_t[]){__VA_ARGS__}) / sizeof(int64_t), .dims = {__VA_ARGS__}})

static void must(bool ok, const as_err *err)
{
    if (!ok)
        fail_msg("%s", err->text);
}

static as_graph *new_graph(void)
{
    as_err    err = AS_ERR_NONE;
    as_graph *graph = as_graph_new("test", &err);
    must(graph != NULL, &err);
    return graph;
}

static void add_input(as_graph *graph, const char *name, as_dtype dtype, const as_shape *shape)
{
    as_err err = AS_ERR_NONE;
    must(as_graph_add_input(graph, name, dtype, shape, &err), &err);
}

static void add_constant(as_graph *graph, const char *name, as_dtype dtype, const as_shape *shape, void *data)
{
    as_err    err = AS_ERR_NONE;
    as_tensor t = as_tensor_view(dtype, shape, data);
    must(as_graph_add_constant(graph, name, &t, &err), &err);
}

static void add_node(as_graph *graph, const char *op, const char *const *inputs, const char *output)
{
    as_err err = AS_ERR_NONE;
    must(as_graph_add_node(graph, op, output, inputs, NAMES(output), NULL, 0, &err), &err);
}

static as_engine *finish(as_graph *graph, const char *output, as_dtype dtype, as_err *err)
{
    must(as_graph_add_output(graph, output, dtype, SHAPE(-1), err) && as_graph_finish(graph, err), err);
    as_engine *engine = as_engine_new(graph, &(as_engine_cfg){0}, err);
    as_graph_free(graph);
    return engine;
}

/* What is fed may be gone after the run: an output of the same numbers is no view of it. */
static void test_an_output_outlives_what_was_fed(void **state)
{
    (void)state;
    as_err    err = AS_ERR_NONE;
    as_graph *graph = new_graph();
    float     x[6] = {0, 1, 2, 3, 4, 5};
    add_input(graph, "x", AS_DTYPE_F32, SHAPE(3, 2));
    add_node(graph, "Identity", NAMES("x"), "same");
    add_node(graph, "Flatten", NAMES("same"), "y");
    as_engine *engine = finish(graph, "y", AS_DTYPE_F32, &err);
    must(engine != NULL, &err);
    as_tensor in = as_tensor_view(AS_DTYPE_F32, SHAPE(3, 2), x), out = {0};
    must(as_engine_run(engine, &in, &out, &err), &err);
    memset(x, 0, sizeof x);
    assert_memory_equal(out.data, ((float[]){0, 1, 2, 3, 4, 5}), 6 * sizeof(float));
    as_engine_free(engine);
}

/* A convolution's result, row major for the one that sees it in another shape, is read by a third: nobody writes over it. */
static void test_a_value_in_another_order_is_kept(void **state)
{
    (void)state;
    static float  x[32 * 11], w[3 * 32 * 3];
    static double want[3 * 9];
    as_err        err = AS_ERR_NONE;
    as_graph     *graph = new_graph();
    for (size_t i = 0; i < AS_COUNT(x); i++)
        x[i] = (float)(i * 7 % 13) / 13 - 0.5f;
    for (size_t i = 0; i < AS_COUNT(w); i++)
        w[i] = (float)(i * 5 % 11) / 11 - 0.5f;
    for (size_t o = 0; o < 3; o++)
        for (size_t at = 0; at < 9; at++)
            for (size_t c = 0; c < 32; c++)
                for (size_t k = 0; k < 3; k++)
                    want[o * 9 + at] += (double)x[c * 11 + at + k] * (double)w[(o * 32 + c) * 3 + k];
    add_input(graph, "x", AS_DTYPE_F32, SHAPE(1, 32, 1, 11));
    add_constant(graph, "w", AS_DTYPE_F32, SHAPE(3, 32, 1, 3), w);
    add_node(graph, "Conv", NAMES("x", "w"), "c");
    add_node(graph, "Flatten", NAMES("c"), "flat");
    add_node(graph, "Cos", NAMES("c"), "cos");
    must(as_graph_add_output(graph, "flat", AS_DTYPE_F32, SHAPE(1, 27), &err), &err);
    as_engine *engine = finish(graph, "cos", AS_DTYPE_F32, &err);
    must(engine != NULL, &err);
    as_tensor in = as_tensor_view(AS_DTYPE_F32, SHAPE(1, 32, 1, 11), x), outs[2] = {0};
    must(as_engine_run(engine, &in, outs, &err), &err);
    for (size_t i = 0; i < 27; i++) {
        assert_true(fabs((double)((const float *)outs[0].data)[i] - want[i]) < 1e-4);
        assert_true(fabs((double)((const float *)outs[1].data)[i] - cos(want[i])) < 1e-4);
    }
    as_engine_free(engine);
}

static void test_an_index_outside_stops_the_run(void **state)
{
    (void)state;
    as_err    err = AS_ERR_NONE;
    as_graph *graph = new_graph();
    float     x[6] = {0, 1, 2, 3, 4, 5};
    int64_t   index[2] = {2, -3};
    add_input(graph, "x", AS_DTYPE_F32, SHAPE(3, 2));
    add_input(graph, "i", AS_DTYPE_I64, SHAPE(2));
    add_node(graph, "Gather", NAMES("x", "i"), "y");
    as_engine *engine = finish(graph, "y", AS_DTYPE_F32, &err);
    must(engine != NULL, &err);
    as_tensor in[2] = {as_tensor_view(AS_DTYPE_F32, SHAPE(3, 2), x), as_tensor_view(AS_DTYPE_I64, SHAPE(2), index)};
    as_tensor out = {0};
    must(as_engine_run(engine, in, &out, &err), &err);
    assert_memory_equal(out.data, ((float[]){4, 5, 0, 1}), 4 * sizeof(float));
    for (int i = 0; i < 3; i++) {
        index[0] = (int64_t[]){3, -4, INT64_MIN}[i];
        assert_false(as_engine_run(engine, in, &out, &err));
        assert_int_equal(err.code, AS_EINVAL);
        assert_non_null(strstr(err.text, "node 'y' (Gather)"));
        assert_non_null(strstr(err.text, "outside of an axis of 3"));
    }
    index[0] = 0; /* and it still works */
    must(as_engine_run(engine, in, &out, &err), &err);
    assert_memory_equal(out.data, ((float[]){0, 1, 0, 1}), 4 * sizeof(float));
    as_engine_free(engine);
}

static void test_a_constant_index_outside_is_refused(void **state)
{
    (void)state;
    as_err    err = AS_ERR_NONE;
    as_graph *graph = new_graph();
    int64_t   index[1] = {7};
    add_input(graph, "x", AS_DTYPE_F32, SHAPE(3, 2));
    add_constant(graph, "i", AS_DTYPE_I64, SHAPE(1), index);
    add_node(graph, "Gather", NAMES("x", "i"), "y");
    assert_null(finish(graph, "y", AS_DTYPE_F32, &err));
    assert_non_null(strstr(err.text, "node 'y' (Gather)"));
}

/* Boxes [1, 4, 4] and scores [1, 1, 4]; at most 3 stay. */
static as_graph *nms_graph(void)
{
    static int64_t most = 3;
    static float   overlap = 0.5f, score = 0.1f;
    as_graph      *graph = new_graph();
    add_input(graph, "boxes", AS_DTYPE_F32, SHAPE(1, 4, 4));
    add_input(graph, "scores", AS_DTYPE_F32, SHAPE(1, 1, 4));
    add_constant(graph, "most", AS_DTYPE_I64, SHAPE(1), &most);
    add_constant(graph, "overlap", AS_DTYPE_F32, SHAPE(1), &overlap);
    add_constant(graph, "score", AS_DTYPE_F32, SHAPE(1), &score);
    add_node(graph, "NonMaxSuppression", NAMES("boxes", "scores", "most", "overlap", "score"), "y");
    return graph;
}

static void test_results_have_as_many_rows_as_are_found(void **state)
{
    (void)state;
    as_err  err = AS_ERR_NONE;
    float   boxes[16] = {0, 0, 1, 1, 0, 0.1f, 1, 1.1f, 0, 5, 1, 6, 0, 9, 1, 8}, scores[4] = {0.6f, 0.9f, 0.05f, 0.7f};
    int64_t lent[9];
    as_engine *engine = finish(nms_graph(), "y", AS_DTYPE_I64, &err);
    must(engine != NULL, &err);
    assert_true(as_shape_equal(&as_engine_output(engine, 0)->shape, SHAPE(3, 3)));
    as_tensor in[2] = {as_tensor_view(AS_DTYPE_F32, SHAPE(1, 4, 4), boxes),
                       as_tensor_view(AS_DTYPE_F32, SHAPE(1, 1, 4), scores)};
    as_tensor out = {0}, copy = as_tensor_view(AS_DTYPE_I64, SHAPE(3, 3), lent);
    must(as_engine_run(engine, in, &out, &err), &err);
    assert_true(as_shape_equal(&out.shape, SHAPE(2, 3)));
    assert_memory_equal(out.data, ((int64_t[]){0, 0, 1, 0, 0, 3}), 6 * sizeof(int64_t));
    must(as_engine_run(engine, in, &copy, &err), &err);
    assert_true(as_shape_equal(&copy.shape, SHAPE(2, 3)));
    assert_memory_equal(lent, out.data, 6 * sizeof(int64_t));
    memset(scores, 0, sizeof scores);
    out = (as_tensor){0};
    must(as_engine_run(engine, in, &out, &err), &err);
    assert_int_equal(out.shape.dims[0], 0);
    as_engine_free(engine);
}

static void test_rows_follow_row_by_row(void **state)
{
    (void)state;
    as_err    err = AS_ERR_NONE;
    float     boxes[16] = {0, 0, 1, 1, 0, 0.1f, 1, 1.1f, 0, 5, 1, 6, 0, 9, 1, 8}, scores[4] = {0.6f, 0.9f, 0.05f, 0.7f};
    as_graph *graph = nms_graph();
    add_node(graph, "Neg", NAMES("y"), "z");
    as_engine *engine = finish(graph, "z", AS_DTYPE_I64, &err);
    must(engine != NULL, &err);
    as_tensor in[2] = {as_tensor_view(AS_DTYPE_F32, SHAPE(1, 4, 4), boxes),
                       as_tensor_view(AS_DTYPE_F32, SHAPE(1, 1, 4), scores)};
    as_tensor out = {0};
    must(as_engine_run(engine, in, &out, &err), &err);
    assert_true(as_shape_equal(&out.shape, SHAPE(2, 3)));
    assert_memory_equal(out.data, ((int64_t[]){0, 0, -1, 0, 0, -3}), 6 * sizeof(int64_t));
    as_engine_free(engine);
}

/* Of constants they are counted when the engine is made, and stay so. */
static void test_rows_of_constants(void **state)
{
    (void)state;
    as_err         err = AS_ERR_NONE;
    static float   boxes[8] = {0, 0, 1, 1, 0, 5, 1, 6}, scores[2] = {0.6f, 0.9f}, overlap = 0.5f, score = 0.7f;
    static int64_t most = 2;
    as_graph      *graph = new_graph();
    float          x = 1;
    add_input(graph, "x", AS_DTYPE_F32, SHAPE(1));
    add_constant(graph, "boxes", AS_DTYPE_F32, SHAPE(1, 2, 4), boxes);
    add_constant(graph, "scores", AS_DTYPE_F32, SHAPE(1, 1, 2), scores);
    add_constant(graph, "most", AS_DTYPE_I64, SHAPE(1), &most);
    add_constant(graph, "overlap", AS_DTYPE_F32, SHAPE(1), &overlap);
    add_constant(graph, "score", AS_DTYPE_F32, SHAPE(1), &score);
    add_node(graph, "NonMaxSuppression", NAMES("boxes", "scores", "most", "overlap", "score"), "y");
    as_engine *engine = finish(graph, "y", AS_DTYPE_I64, &err);
    must(engine != NULL, &err);
    as_tensor in = as_tensor_view(AS_DTYPE_F32, SHAPE(1), &x), out = {0};
    must(as_engine_run(engine, &in, &out, &err), &err);
    assert_true(as_shape_equal(&out.shape, SHAPE(1, 3)));
    assert_memory_equal(out.data, ((int64_t[]){0, 0, 1}), 3 * sizeof(int64_t));
    as_engine_free(engine);
}

/* A step reads the constant, and so does a node that is done at once: its memory stays. */
static void test_a_constant_of_a_step_and_of_a_folded_node(void **state)
{
    (void)state;
    as_err    err = AS_ERR_NONE;
    as_graph *graph = new_graph();
    float     x[2] = {1, 2}, c[2] = {10, 20};
    add_input(graph, "x", AS_DTYPE_F32, SHAPE(2));
    add_constant(graph, "c", AS_DTYPE_F32, SHAPE(2), c);
    add_node(graph, "Sum", NAMES("x", "c", "c"), "a");
    add_node(graph, "Neg", NAMES("c"), "b");
    add_node(graph, "Add", NAMES("a", "b"), "y");
    as_engine *engine = finish(graph, "y", AS_DTYPE_F32, &err);
    must(engine != NULL, &err);
    as_tensor in = as_tensor_view(AS_DTYPE_F32, SHAPE(2), x), out = {0};
    must(as_engine_run(engine, &in, &out, &err), &err);
    assert_memory_equal(out.data, ((float[]){11, 22}), 2 * sizeof(float));
    as_engine_free(engine);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_a_value_in_another_order_is_kept),
        cmocka_unit_test(test_an_output_outlives_what_was_fed),
        cmocka_unit_test(test_an_index_outside_stops_the_run),
        cmocka_unit_test(test_a_constant_index_outside_is_refused),
        cmocka_unit_test(test_results_have_as_many_rows_as_are_found),
        cmocka_unit_test(test_rows_follow_row_by_row),
        cmocka_unit_test(test_rows_of_constants),
        cmocka_unit_test(test_a_constant_of_a_step_and_of_a_folded_node),
    };
    return cmocka_run_group_tests_name("run", tests, NULL, NULL);
}
