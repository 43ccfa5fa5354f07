/* SPDX-License-Identifier: Apache-2.0 */
/* Everything that is wrong is told, each thing once, with its node. */
#include <setjmp.h>
#include <stdarg.h>

#include <cmocka.h>

#include "graph/graph_priv.h"
#include "graph/review.h"

#define NAMES(...) ((const char *const[]){__VA_ARGS__, NULL})
#define SHAPE(...) ((as_shape){.rank = sizeof((int64_t[]){__VA_ARGS__}) / sizeof(int64_t), .dims = {__VA_ARGS__}})

/* x 1x3x8x8 -> conv1 -> relu1 -> conv2 -> y, and pool1 of x beside them -> z */
static as_graph *good_model(void)
{
    static const int64_t kernel[] = {2, 2};
    const as_attr        attrs[] = {{.name = "kernel_shape", .kind = AS_ATTR_INTS, .ints = kernel, .n = 2}};
    float                data[2 * 3 * 3 * 3] = {0};
    as_err               err = AS_ERR_NONE;
    as_tensor            w1 = as_tensor_view(AS_DTYPE_F32, &SHAPE(2, 3, 3, 3), data);
    as_tensor            w2 = as_tensor_view(AS_DTYPE_F32, &SHAPE(5, 2, 1, 1), data);
    as_graph            *graph = as_graph_new("good", &err);
    assert_non_null(graph);
    assert_true(as_graph_add_input(graph, "x", AS_DTYPE_F32, &SHAPE(1, 3, 8, 8), &err));
    assert_true(as_graph_add_constant(graph, "w1", &w1, &err));
    assert_true(as_graph_add_constant(graph, "w2", &w2, &err));
    assert_true(as_graph_add_node(graph, "Conv", "conv1", NAMES("x", "w1"), NAMES("c"), NULL, 0, &err));
    assert_true(as_graph_add_node(graph, "Relu", "relu1", NAMES("c"), NAMES("r"), NULL, 0, &err));
    assert_true(as_graph_add_node(graph, "Conv", "", NAMES("r", "w2"), NAMES("y"), NULL, 0, &err));
    assert_true(as_graph_add_node(graph, "MaxPool", "pool1", NAMES("x"), NAMES("z"), attrs, 1, &err));
    assert_true(as_graph_add_output(graph, "y", AS_DTYPE_F32, &SHAPE(1, 5, 6, 6), &err));
    assert_true(as_graph_add_output(graph, "z", AS_DTYPE_F32, &SHAPE(1, 3, 7, 7), &err));
    assert_true(as_graph_finish(graph, &err));
    return graph;
}

static void rename_to(char **field, const char *text)
{
    free(*field);
    *field = strdup(text);
    assert_non_null(*field);
}

static void break_nothing(Onnx__ModelProto *model)
{
    (void)model;
}
static void break_two_ops(Onnx__ModelProto *model)
{
    rename_to(&model->graph->node[1]->op_type, "Loop");
    rename_to(&model->graph->node[3]->op_type, "Scan");
}
static void break_all_over(Onnx__ModelProto *model)
{
    model->opset_import[0]->version = 3;
    rename_to(&model->graph->node[2]->op_type, "If");
    model->graph->initializer[0]->has_data_location = true;
    model->graph->initializer[0]->data_location = ONNX__TENSOR_PROTO__DATA_LOCATION__EXTERNAL;
    model->graph->initializer[1]->data_type = 8;
}
static void break_wire(Onnx__ModelProto *model)
{
    rename_to(&model->graph->node[2]->input[0], "ghost");
}
static void break_cycle(Onnx__ModelProto *model)
{
    rename_to(&model->graph->node[0]->input[0], "r");
}
/* conv1 does not fit, so nothing is said of what waits for it; pool1 stands alone */
static void break_shapes(Onnx__ModelProto *model)
{
    model->graph->input[0]->type->tensor_type->shape->dim[1]->dim_value = 4;
    model->graph->node[3]->attribute[0]->ints[0] = 9;
}

static const struct {
    void (*make)(Onnx__ModelProto *model);
    bool        taken;
    const char *want; /* "node (op): reason" of each, ended by a bar */
} cases[] = {
    {break_nothing, true, ""},
    {break_two_ops, false,
     "relu1 (Loop): uses operator 'Loop', which is not on the list (see: assay help model)|"
     "pool1 (Scan): uses operator 'Scan', which is not on the list (see: assay help model)|"},
    {break_all_over, false,
     " (): operator set 3: 7 to 21 are supported (export it again with one of these)|"
     "y (If): uses operator 'If', which is not on the list (see: assay help model)|"
     " (): initialiser 'w1': its data is in another file (save the model with its data inside)|"
     " (): initialiser 'w2': its element type 8 is not supported|"},
    {break_wire, false, "y (Conv): it reads 'ghost', which nothing makes|"},
    {break_cycle, false, "conv1 (Conv): it reads 'r' before that is made (a cycle, or nodes out of order)|"},
    {break_shapes, true,
     "conv1 (Conv): its input has 4 channels, its weights take 3|"
     "pool1 (MaxPool): a window of 9 does not fit into 8 padded to 8|"},
};

static void test_every_refusal_is_told(void **state)
{
    (void)state;
    for (size_t i = 0; i < AS_COUNT(cases); i++) {
        as_err    err = AS_ERR_NONE;
        as_graph *graph = good_model(), *parsed;
        as_review review;
        as_str    bytes, told;
        as_str_init(&bytes);
        as_str_init(&told);
        cases[i].make(graph->model);
        assert_true(as_graph_write(graph, &bytes, &err));
        if (!as_review_read((const uint8_t *)bytes.s, bytes.len, "m.onnx", &review, &err))
            fail_msg("case %zu: %s", i, err.text);
        parsed = as_graph_parse((const uint8_t *)bytes.s, bytes.len, "m.onnx", &err);
        assert_int_equal(review.graph != NULL, cases[i].taken);
        assert_int_equal(parsed != NULL, cases[i].taken); /* both readers agree */
        if (review.graph)
            assert_true(as_review_shapes(&review, 0, &err));
        for (size_t k = 0; k < review.refusals.n; k++) {
            const as_graph_refusal *one = &review.refusals.at[k];
            assert_true(one->code != AS_OK);
            as_str_addf(&told, "%s (%s): %s|", one->node, one->op, one->reason);
        }
        if (strcmp(told.s, cases[i].want) != 0)
            fail_msg("case %zu: %s; wanted %s", i, told.s, cases[i].want);
        as_review_done(&review);
        as_graph_free(parsed);
        as_graph_free(graph);
        as_str_done(&bytes);
        as_str_done(&told);
    }
}

static void test_what_is_no_model_is_an_error(void **state)
{
    (void)state;
    as_review review;
    as_err    err = AS_ERR_NONE;
    assert_false(as_review_read((const uint8_t *)"hello, world\n", 13, "h.txt", &review, &err));
    assert_int_equal(err.code, AS_EFORMAT);
    assert_non_null(strstr(err.text, "cannot use model 'h.txt': not an ONNX model"));
    assert_false(as_review_read((const uint8_t *)"\x08\x08", 2, "h.txt", &review, &err));
    assert_non_null(strstr(err.text, "it has no graph"));
}

static void test_refusals_are_bounded(void **state)
{
    (void)state;
    as_err    err = AS_ERR_NONE;
    as_graph *graph = good_model();
    as_review review;
    as_str    bytes;
    as_str_init(&bytes);
    for (int i = 0; i < AS_REVIEW_MAX + 5; i++)
        assert_true(as_graph_add_node(graph, "Relu", "n", NAMES("x"), NAMES("o"), NULL, 0, &err));
    for (size_t i = 0; i < graph->model->graph->n_node; i++)
        rename_to(&graph->model->graph->node[i]->op_type, "If");
    assert_true(as_graph_write(graph, &bytes, &err));
    assert_true(as_review_read((const uint8_t *)bytes.s, bytes.len, "m.onnx", &review, &err));
    assert_int_equal(review.refusals.n, AS_REVIEW_MAX);
    assert_int_equal(review.n_more, 4 + 5);
    as_review_done(&review);
    as_graph_free(graph);
    as_str_done(&bytes);
}

/* A node alone computes what it did among the others: the same shape of the same inputs. */
static void test_a_node_alone(void **state)
{
    (void)state;
    as_err    err = AS_ERR_NONE;
    as_graph *graph = good_model();
    assert_null(as_graph_alone(graph, 1, &err)); /* no shapes yet */
    assert_non_null(strstr(err.text, "the shape of 'c' is not known"));
    assert_true(as_graph_infer_shapes(graph, 0, &err));
    for (size_t i = 0; i < as_graph_n_nodes(graph); i++) {
        as_graph *alone = as_graph_alone(graph, i, &err);
        if (!alone || !as_graph_infer_shapes(alone, 0, &err))
            fail_msg("%s", err.text);
        const as_node  *node = as_graph_node(graph, i);
        const as_value *out = as_graph_value(alone, as_graph_output(alone, 0));
        assert_int_equal(as_graph_n_nodes(alone), 1);
        assert_int_equal(as_graph_n_inputs(alone), 1);
        assert_string_equal(as_graph_node(alone, 0)->op, node->op);
        assert_true(as_shape_equal(&out->shape, &as_graph_value(graph, node->outputs[0])->shape));
        as_graph_free(alone);
    }
    assert_null(as_graph_alone(graph, 4, &err));
    as_graph_free(graph);
}

/* An engine that makes no mask is not asked for one that nobody reads. */
static void test_a_node_alone_makes_what_is_used(void **state)
{
    (void)state;
    for (int used = 0; used < 2; used++) {
        as_err    err = AS_ERR_NONE;
        as_graph *graph = as_graph_new("masks", &err), *alone;
        assert_non_null(graph);
        assert_true(as_graph_add_input(graph, "x", AS_DTYPE_F32, &SHAPE(2, 3), &err));
        assert_true(as_graph_add_node(graph, "Dropout", "d", NAMES("x"), NAMES("y", "mask"), NULL, 0, &err));
        assert_true(as_graph_add_output(graph, "y", AS_DTYPE_F32, &SHAPE(2, 3), &err));
        if (used)
            assert_true(as_graph_add_node(graph, "Identity", "i", NAMES("mask"), NAMES("z"), NULL, 0, &err));
        assert_true(as_graph_finish(graph, &err));
        assert_true(as_graph_infer_shapes(graph, 0, &err));
        alone = as_graph_alone(graph, 0, &err);
        if (!alone)
            fail_msg("%s", err.text);
        assert_int_equal(as_graph_n_outputs(alone), 1 + used);
        as_graph_free(alone);
        as_graph_free(graph);
    }
}

/* 120,000 nodes of nothing: it is said of as many as there may be. */
static void test_too_many_nodes(void **state)
{
    enum { N = 120000 };
    static const uint8_t head[] = {
        0x08, 0x08, 0x42, 0x02, 0x10, 0x11, 0x3a, (2 * N & 0x7f) | 0x80, (2 * N >> 7 & 0x7f) | 0x80, 2 * N >> 14};
    uint8_t  *bytes = calloc(1, sizeof head + 2 * N);
    as_review review;
    as_err    err = AS_ERR_NONE;
    (void)state;
    assert_non_null(bytes);
    memcpy(bytes, head, sizeof head);
    for (size_t i = 0; i < N; i++)
        bytes[sizeof head + 2 * i] = 0x0a;
    assert_true(as_review_read(bytes, sizeof head + 2 * N, "many", &review, &err));
    assert_int_equal(review.refusals.n + review.n_more, 1 + GRAPH_MAX_NODES);
    assert_non_null(strstr(review.refusals.at[0].reason, "more than the 100000 allowed"));
    as_review_done(&review);
    free(bytes);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_every_refusal_is_told),
        cmocka_unit_test(test_what_is_no_model_is_an_error),
        cmocka_unit_test(test_refusals_are_bounded),
        cmocka_unit_test(test_a_node_alone),
        cmocka_unit_test(test_a_node_alone_makes_what_is_used),
        cmocka_unit_test(test_too_many_nodes),
    };
    return cmocka_run_group_tests_name("review", tests, NULL, NULL);
}
