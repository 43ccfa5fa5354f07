/* SPDX-License-Identifier: Apache-2.0 */
#include <setjmp.h>
#include <stdarg.h>

#include <cmocka.h>

#include "graph/build.h"

#define NAMES(...) ((const char *const[]){__VA_ARGS__, NULL})
#define SHAPE(...) ((as_shape){.rank = sizeof((int64_t[]){__VA_ARGS__}) / sizeof(int64_t), .dims = {__VA_ARGS__}})
#define OK(call)                       \
    do {                               \
        as_err  why_ = AS_ERR_NONE;    \
        as_err *why = &why_;           \
        if (!(call))                   \
            fail_msg("%s", why_.text); \
    } while (0)
#define ADD(graph, op, in, out) OK(as_graph_add_node(graph, op, op "_" out, in, NAMES(out), NULL, 0, why))

static void add_weights(as_graph *graph, const char *name, as_shape shape)
{
    as_tensor t;
    OK(as_tensor_new(&t, AS_DTYPE_F32, &shape, why));
    OK(as_graph_add_constant(graph, name, &t, why));
    as_tensor_done(&t);
}

static void add_ints(as_graph *graph, const char *name, const int64_t *at, int64_t n)
{
    int64_t  copy[8];
    as_shape shape = {.rank = 1, .dims = {n}};
    memcpy(copy, at, (size_t)n * sizeof *at);
    as_tensor t = as_tensor_view(AS_DTYPE_I64, &shape, copy);
    OK(as_graph_add_constant(graph, name, &t, why));
}

static as_graph *start(as_shape input)
{
    as_err    err = AS_ERR_NONE;
    as_graph *graph = as_graph_new("built", &err);
    assert_non_null(graph);
    OK(as_graph_add_input(graph, "input", AS_DTYPE_F32, &input, why));
    return graph;
}

static void finish(as_graph *graph, const char *output, as_shape shape)
{
    OK(as_graph_add_output(graph, output, AS_DTYPE_F32, &shape, why));
    OK(as_graph_finish(graph, why));
}

static void assert_shape(const as_graph *graph, const char *name, const char *want)
{
    char            text[128];
    const as_value *value = as_graph_value(graph, as_graph_find(graph, name));
    assert_non_null(value);
    assert_true(value->has_shape);
    assert_string_equal(as_shape_text(&value->shape, text, sizeof text), want);
}

/* conv, relu, residual add, global pooling, linear layer */
static as_graph *build_residual(void)
{
    as_graph *graph = start(SHAPE(-1, 3, 16, 16));
    add_weights(graph, "w1", SHAPE(4, 3, 1, 1));
    add_weights(graph, "w2", SHAPE(4, 4, 1, 1));
    add_weights(graph, "w3", SHAPE(4, 10));
    ADD(graph, "Conv", NAMES("input", "w1"), "c1");
    ADD(graph, "Conv", NAMES("c1", "w2"), "c2");
    ADD(graph, "Add", NAMES("c2", "c1"), "sum");
    ADD(graph, "Relu", NAMES("sum"), "map");
    ADD(graph, "GlobalAveragePool", NAMES("map"), "gap");
    ADD(graph, "Flatten", NAMES("gap"), "flat");
    ADD(graph, "Gemm", NAMES("flat", "w3"), "logits");
    finish(graph, "logits", SHAPE(-1, 10));
    return graph;
}

static void test_what_is_built_reads_back_the_same(void **state)
{
    (void)state;
    as_graph *graph = build_residual(), *again;
    as_str    bytes, bytes_again;
    as_err    err = AS_ERR_NONE;
    as_str_init(&bytes);
    as_str_init(&bytes_again);
    OK(as_graph_set_meta(graph, "labels", "good bad", why));
    OK(as_graph_set_meta(graph, "labels", "good broken", why));
    OK(as_graph_set_meta(graph, "model_type", "classification", why));
    OK(as_graph_write(graph, &bytes, why));
    again = as_graph_parse((const uint8_t *)bytes.s, bytes.len, "again", &err);
    assert_non_null(again);
    OK(as_graph_write(again, &bytes_again, why));
    assert_int_equal(bytes.len, bytes_again.len);
    assert_memory_equal(bytes.s, bytes_again.s, bytes.len);
    assert_string_equal(as_graph_meta(again, "labels"), "good broken");
    assert_null(as_graph_meta(again, "label"));
    assert_int_equal(as_graph_opset(again), 17);
    assert_int_equal(as_graph_n_nodes(again), 7);
    assert_int_equal(as_graph_n_inputs(again), 1);
    assert_int_equal(as_graph_n_outputs(again), 1);
    const as_value *w = as_graph_value(again, as_graph_find(again, "w3"));
    assert_non_null(w->constant);
    assert_int_equal(as_tensor_count(w->constant), 40);
    as_str_done(&bytes);
    as_str_done(&bytes_again);
    as_graph_free(graph);
    as_graph_free(again);
}

static void test_batch_is_set_anew_each_time(void **state)
{
    (void)state;
    as_graph *graph = build_residual();
    OK(as_graph_infer_shapes(graph, 0, why));
    assert_shape(graph, "logits", "?x10");
    OK(as_graph_infer_shapes(graph, 4, why));
    assert_shape(graph, "logits", "4x10");
    assert_shape(graph, "map", "4x4x16x16");
    OK(as_graph_infer_shapes(graph, 2, why));
    assert_shape(graph, "input", "2x3x16x16");
    assert_shape(graph, "logits", "2x10");
    OK(as_graph_infer_shapes(graph, 0, why));
    assert_shape(graph, "input", "?x3x16x16");
    as_err err = AS_ERR_NONE;
    assert_false(as_graph_infer_shapes(graph, -1, &err));
    as_graph_free(graph);
}

static void assert_layer(as_graph *graph, const char *want)
{
    const char *layer;
    OK(as_graph_feature_layer(graph, &layer, why));
    assert_string_equal(layer, want);
    as_graph_free(graph);
}

static void test_feature_layer_stands_before_the_classifier(void **state)
{
    (void)state;
    assert_layer(build_residual(), "map");

    as_graph *graph = start(SHAPE(1, 3, 8, 8)); /* convolution as classifier */
    add_weights(graph, "w1", SHAPE(4, 3, 1, 1));
    add_weights(graph, "w2", SHAPE(10, 4, 1, 1));
    ADD(graph, "Conv", NAMES("input", "w1"), "c1");
    ADD(graph, "Relu", NAMES("c1"), "r1");
    ADD(graph, "Dropout", NAMES("r1"), "d1");
    ADD(graph, "Identity", NAMES("d1"), "i1");
    ADD(graph, "Conv", NAMES("i1", "w2"), "c2");
    ADD(graph, "GlobalAveragePool", NAMES("c2"), "gap");
    ADD(graph, "Softmax", NAMES("gap"), "p");
    finish(graph, "p", SHAPE(1, 10, 1, 1));
    assert_layer(graph, "r1");

    graph = start(SHAPE(1, 3, 8, 8)); /* flattened into two linear layers */
    add_weights(graph, "w1", SHAPE(4, 3, 1, 1));
    add_weights(graph, "w2", SHAPE(256, 6));
    add_weights(graph, "w3", SHAPE(6, 2));
    ADD(graph, "Conv", NAMES("input", "w1"), "c1");
    ADD(graph, "Relu", NAMES("c1"), "r1");
    ADD(graph, "Flatten", NAMES("r1"), "flat");
    ADD(graph, "Gemm", NAMES("flat", "w2"), "g1");
    ADD(graph, "Relu", NAMES("g1"), "r2");
    ADD(graph, "Gemm", NAMES("r2", "w3"), "g2");
    finish(graph, "g2", SHAPE(1, 2));
    assert_layer(graph, "r1");
}

static void test_cut_drops_what_is_not_needed(void **state)
{
    (void)state;
    as_graph *graph = build_residual();
    as_err    err = AS_ERR_NONE;
    as_str    bytes;
    OK(as_graph_cut(graph, "c1", why));
    assert_int_equal(as_graph_n_nodes(graph), 1);
    assert_int_equal(as_graph_n_values(graph), 3); /* input, w1, c1 */
    assert_int_equal(as_graph_find(graph, "w2"), -1);
    assert_int_equal(as_graph_output(graph, 0), as_graph_find(graph, "c1"));
    assert_false(as_graph_cut(graph, "logits", &err));
    assert_int_equal(err.code, AS_ENOTFOUND);
    assert_false(as_graph_cut(graph, "w1", &err));
    assert_int_equal(err.code, AS_EINVAL);
    /* and a new head */
    add_weights(graph, "head", SHAPE(4, 2));
    OK(as_graph_clear_outputs(graph, why));
    ADD(graph, "GlobalAveragePool", NAMES("c1"), "pool");
    ADD(graph, "Flatten", NAMES("pool"), "flat");
    ADD(graph, "Gemm", NAMES("flat", "head"), "logits");
    finish(graph, "logits", SHAPE(-1, 2));
    OK(as_graph_infer_shapes(graph, 5, why));
    assert_shape(graph, "logits", "5x2");
    as_str_init(&bytes);
    OK(as_graph_write(graph, &bytes, why));
    as_graph_free(graph);
    graph = as_graph_parse((const uint8_t *)bytes.s, bytes.len, "headed", &err);
    assert_non_null(graph);
    assert_shape(graph, "head", "4x2");
    as_graph_free(graph);
    as_str_done(&bytes);
}

/* What torch writes for x.view(x.size(0), -1): Shape, Gather, Unsqueeze, Concat, Reshape. */
static void test_integers_of_shapes_are_folded(void **state)
{
    (void)state;
    static const int64_t zero[] = {0}, open[] = {-1};
    as_graph            *graph = start(SHAPE(-1, 3, 4, 4));
    add_ints(graph, "zero", zero, 1);
    add_ints(graph, "open", open, 1);
    ADD(graph, "Shape", NAMES("input"), "shape");
    ADD(graph, "Gather", NAMES("shape", "zero"), "n");
    OK(as_graph_add_node(graph, "Concat", "cat", NAMES("n", "open"), NAMES("target"),
                         &(as_attr){.name = "axis", .kind = AS_ATTR_INT, .i = 0}, 1, why));
    ADD(graph, "Reshape", NAMES("input", "target"), "flat");
    finish(graph, "flat", SHAPE(-1, -1));
    OK(as_graph_infer_shapes(graph, 2, why));
    assert_shape(graph, "flat", "2x48");
    const as_value *target = as_graph_value(graph, as_graph_find(graph, "target"));
    assert_non_null(target->constant);
    assert_int_equal(((const int64_t *)target->constant->data)[0], 2);
    assert_int_equal(((const int64_t *)target->constant->data)[1], -1);
    OK(as_graph_infer_shapes(graph, 0, why));
    assert_null(target->constant); /* the batch is open again */
    as_graph_free(graph);
}

static void test_builder_refuses(void **state)
{
    (void)state;
    as_err    err = AS_ERR_NONE;
    as_graph *graph = start(SHAPE(1, 3, 4, 4));
    assert_false(as_graph_add_node(graph, "Foo", "foo1", NAMES("input"), NAMES("y"), NULL, 0, &err));
    assert_string_equal(err.text, "node 'foo1' uses operator 'Foo', which is not on the list (see: assay help model)");
    assert_false(as_graph_add_node(graph, "Relu", "r", NAMES("input", "input"), NAMES("y"), NULL, 0, &err));
    assert_string_equal(err.text, "node 'r' (Relu): it has 2 inputs, not 1 to 1");
    as_attr wrong = {.name = "axis", .kind = AS_ATTR_FLOAT};
    assert_false(as_graph_add_node(graph, "Softmax", "s", NAMES("input"), NAMES("y"), &wrong, 1, &err));
    assert_string_equal(err.text, "node 's' (Softmax): attribute 'axis' has the wrong type");
    assert_false(as_graph_add_input(graph, "", AS_DTYPE_F32, &SHAPE(1), &err));
    assert_false(as_graph_finish(graph, &err));
    assert_non_null(strstr(err.text, "it has no output"));
    OK(as_graph_add_output(graph, "nowhere", AS_DTYPE_F32, &SHAPE(1), why));
    assert_false(as_graph_finish(graph, &err));
    assert_non_null(strstr(err.text, "output 'nowhere' is made by no node"));
    as_graph_free(graph);
    assert_null(as_graph_free(NULL));
}

/* A step down and up again, to the size there was: it is known only when a picture comes. */
static void test_batch_and_picture_size_stay_open(void **state)
{
    (void)state;
    static const int64_t two[] = {2, 2}, pads[] = {1, 1, 1, 1};
    const as_attr        conv[] = {{.name = "pads", .kind = AS_ATTR_INTS, .ints = pads, .n = 4}};
    const as_attr        pool[] = {{.name = "kernel_shape", .kind = AS_ATTR_INTS, .ints = two, .n = 2},
                                   {.name = "strides", .kind = AS_ATTR_INTS, .ints = two, .n = 2}};
    const as_attr        axis0[] = {{.name = "axis", .kind = AS_ATTR_INT, .i = 0}};
    as_graph            *graph = start(SHAPE(-1, 3, -1, -1));
    add_weights(graph, "w", SHAPE(4, 3, 3, 3));
    add_ints(graph, "i0", (const int64_t[]){0}, 1);
    add_ints(graph, "i2", (const int64_t[]){2}, 1);
    add_ints(graph, "i4", (const int64_t[]){4}, 1);
    OK(as_graph_add_node(graph, "Conv", "c", NAMES("input", "w"), NAMES("c"), conv, 1, why));
    OK(as_graph_add_node(graph, "MaxPool", "p", NAMES("c"), NAMES("p"), pool, 2, why));
    ADD(graph, "Shape", NAMES("c"), "of_c");
    ADD(graph, "Slice", NAMES("of_c", "i2", "i4"), "height_width");
    ADD(graph, "Shape", NAMES("p"), "of_p");
    ADD(graph, "Slice", NAMES("of_p", "i0", "i2"), "batch_channels");
    OK(as_graph_add_node(graph, "Concat", "s", NAMES("batch_channels", "height_width"), NAMES("size"), axis0, 1, why));
    ADD(graph, "Resize", NAMES("p", "", "", "size"), "up");
    ADD(graph, "Add", NAMES("up", "c"), "y");
    finish(graph, "y", SHAPE(-1, 4, -1, -1));
    OK(as_graph_infer_shapes(graph, 0, why));
    assert_shape(graph, "p", "?x4x?x?");
    assert_shape(graph, "up", "?x4x?x?");
    assert_shape(graph, "y", "?x4x?x?");
    OK(as_graph_infer_shapes(graph, 2, why));
    assert_shape(graph, "y", "2x4x?x?");
    OK(as_graph_set_input_shape(graph, "input", &SHAPE(-1, 3, 30, 47), why));
    OK(as_graph_infer_shapes(graph, 0, why));
    assert_shape(graph, "p", "?x4x15x23");
    assert_shape(graph, "y", "?x4x30x47");
    OK(as_graph_infer_shapes(graph, 5, why));
    assert_shape(graph, "y", "5x4x30x47");
    as_graph_free(graph);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_what_is_built_reads_back_the_same),
        cmocka_unit_test(test_batch_is_set_anew_each_time),
        cmocka_unit_test(test_feature_layer_stands_before_the_classifier),
        cmocka_unit_test(test_cut_drops_what_is_not_needed),
        cmocka_unit_test(test_integers_of_shapes_are_folded),
        cmocka_unit_test(test_batch_and_picture_size_stay_open),
        cmocka_unit_test(test_builder_refuses),
    };
    return cmocka_run_group_tests_name("build", tests, NULL, NULL);
}
