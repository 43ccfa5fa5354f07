/* SPDX-License-Identifier: Apache-2.0 */
/* Each case is one change to a small model, and what is told of it. */
#include <math.h>
#include <setjmp.h>
#include <stdarg.h>

#include <cmocka.h>

#include "graph/diff.h"
#include "graph/graph_priv.h"

#define NAMES(...) ((const char *const[]){__VA_ARGS__, NULL})
#define SHAPE(...) ((as_shape){.rank = sizeof((int64_t[]){__VA_ARGS__}) / sizeof(int64_t), .dims = {__VA_ARGS__}})

static as_graph *small_model(void)
{
    static const int64_t strides[] = {2, 2};
    const as_attr        attrs[] = {{.name = "strides", .kind = AS_ATTR_INTS, .ints = strides, .n = 2}};
    float                data[2 * 3] = {0, 1, 2, 3, 4, 5};
    as_err               err = AS_ERR_NONE;
    as_tensor            w = as_tensor_view(AS_DTYPE_F32, &SHAPE(2, 3, 1, 1), data);
    as_graph            *graph = as_graph_new("small", &err);
    assert_non_null(graph);
    assert_true(as_graph_add_input(graph, "x", AS_DTYPE_F32, &SHAPE(-1, 3, 8, 8), &err));
    assert_true(as_graph_add_constant(graph, "w", &w, &err));
    assert_true(as_graph_add_node(graph, "Conv", "conv1", NAMES("x", "w"), NAMES("c"), attrs, 1, &err));
    assert_true(as_graph_add_node(graph, "Relu", "", NAMES("c"), NAMES("y"), NULL, 0, &err));
    assert_true(as_graph_add_output(graph, "y", AS_DTYPE_F32, &SHAPE(-1, 2, 4, 4), &err));
    assert_true(as_graph_finish(graph, &err));
    assert_true(as_graph_set_meta(graph, "classes", "good,bad", &err));
    return graph;
}

static void rename_to(char **field, const char *text)
{
    free(*field);
    *field = strdup(text);
    assert_non_null(*field);
}

static float *weights(Onnx__ModelProto *model)
{
    return (float *)(void *)model->graph->initializer[0]->raw_data.data;
}

static void change_nothing(Onnx__ModelProto *model)
{
    rename_to(&model->graph->input[0]->type->tensor_type->shape->dim[0]->dim_param, "batch");
}
static void change_op(Onnx__ModelProto *model)
{
    rename_to(&model->graph->node[1]->op_type, "Sigmoid");
}
static void change_stride(Onnx__ModelProto *model)
{
    model->graph->node[0]->attribute[0]->ints[1] = 1;
}
static void change_attr_away(Onnx__ModelProto *model)
{
    rename_to(&model->graph->node[0]->attribute[0]->name, "dilations");
}
static void change_wire(Onnx__ModelProto *model)
{
    rename_to(&model->graph->node[1]->input[0], "x");
}
static void change_name(Onnx__ModelProto *model)
{
    rename_to(&model->graph->node[0]->name, "conv2");
}
static void change_number(Onnx__ModelProto *model)
{
    weights(model)[4] += 0.5f;
    weights(model)[1] -= 0.25f;
}
static void change_number_to_none(Onnx__ModelProto *model)
{
    weights(model)[2] = NAN;
}
static void change_shape(Onnx__ModelProto *model)
{
    model->graph->initializer[0]->dims[0] = 1;
    model->graph->initializer[0]->raw_data.len = 12;
}
static void change_input(Onnx__ModelProto *model)
{
    model->graph->input[0]->type->tensor_type->shape->dim[3]->dim_value = 16;
}
static void change_meta(Onnx__ModelProto *model)
{
    rename_to(&model->metadata_props[0]->value, "good,worse");
}
static void change_meta_away(Onnx__ModelProto *model)
{
    rename_to(&model->metadata_props[0]->key, "labels");
}
static void change_opset(Onnx__ModelProto *model)
{
    model->opset_import[0]->version = 18;
}

static const struct {
    void (*make)(Onnx__ModelProto *model);
    const char *want; /* "of kind name: text" of each, each ended by a bar */
} cases[] = {
    {change_nothing, ""},
    {change_op, "node ~ y: Relu -> Sigmoid|"},
    {change_stride, "node ~ conv1: strides 2,2 -> 2,1|"},
    {change_attr_away, "node ~ conv1: strides 2,2 -> nothing; dilations nothing -> 2,2|"},
    {change_wire, "node ~ y: inputs c -> x|"},
    {change_name, "node - conv1: Conv|node + conv2: Conv|"},
    {change_number, "constant ~ w: (2 of 6 by 0.5 at 4)|"},
    {change_number_to_none, "constant ~ w: (1 of 6 by inf at 2)|"},
    {change_shape, "constant ~ w: f32 2x3x1x1 -> f32 1x3x1x1|"},
    {change_input, "input ~ x: f32 ?x3x8x8 -> f32 ?x3x8x16|"},
    {change_meta, "metadata ~ classes: good,bad -> good,worse|"},
    {change_meta_away, "metadata - classes: good,bad|metadata + labels: good,bad|"},
    {change_opset, "model ~ operator set: 17 -> 18|"},
};

static void tell(const as_graph_changes *changes, as_str *out)
{
    for (size_t i = 0; i < changes->list.n; i++) {
        const as_graph_change *one = &changes->list.at[i];
        as_str_addf(out, "%s %c %s: %s", as_diff_of_name(one->of), "?+-~"[one->kind], one -> name, one -> text);
        if (one->n_different)
            as_str_addf(out, "(%llu of %llu by %g at %llu)", (unsigned long long)one->n_different,
                        (unsigned long long)one->n, one->largest, (unsigned long long)one->at);
        as_str_add(out, "|");
    }
}

static void test_each_change_is_told(void **state)
{
    (void)state;
    for (size_t i = 0; i < AS_COUNT(cases); i++) {
        as_err           err = AS_ERR_NONE;
        as_graph        *a = small_model(), *b = small_model();
        as_graph_changes changes;
        as_str           told;
        cases[i].make(b->model);
        if (!as_graph_finish(b, &err) || !as_graph_diff(a, b, &changes, &err))
            fail_msg("case %zu: %s", i, err.text);
        as_str_init(&told);
        tell(&changes, &told);
        if (strcmp(told.s, cases[i].want) != 0)
            fail_msg("case %zu: %s; wanted %s", i, told.s, cases[i].want);
        as_str_done(&told);
        as_graph_diff_done(&changes);
        as_graph_free(a);
        as_graph_free(b);
    }
}

/* The same numbers written as entries, and as half floats. */
static void test_how_numbers_are_stored_is_no_difference(void **state)
{
    (void)state;
    static const uint16_t halves[] = {0, 0x3c00, 0x4000, 0x4200, 0x4400, 0x4500}; /* 0 .. 5 */
    as_err                err = AS_ERR_NONE;
    as_graph             *a = small_model(), *b = small_model();
    as_graph_changes      changes;
    Onnx__TensorProto    *w = b->model->graph->initializer[0];
    w->float_data = malloc(6 * sizeof *w->float_data);
    assert_non_null(w->float_data);
    memcpy(w->float_data, w->raw_data.data, 6 * sizeof *w->float_data);
    w->n_float_data = 6;
    w->has_raw_data = false;
    assert_true(as_graph_finish(b, &err));
    assert_true(as_graph_diff(a, b, &changes, &err));
    assert_int_equal(changes.list.n, 0);
    as_graph_diff_done(&changes);
    w->has_raw_data = true;
    w->n_float_data = 0;
    memcpy(w->raw_data.data, halves, sizeof halves);
    w->raw_data.len = sizeof halves;
    w->data_type = AS_DTYPE_F16;
    assert_true(as_graph_finish(b, &err));
    assert_true(as_graph_diff(a, b, &changes, &err));
    assert_int_equal(changes.list.n, 1);
    assert_string_equal(changes.list.at[0].text, "f32 2x3x1x1 -> f16 2x3x1x1");
    assert_true(changes.list.at[0].has_numbers);
    assert_int_equal(changes.list.at[0].n_different, 0);
    as_graph_diff_done(&changes);
    as_graph_free(a);
    as_graph_free(b);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_each_change_is_told),
        cmocka_unit_test(test_how_numbers_are_stored_is_no_difference),
    };
    return cmocka_run_group_tests_name("diff", tests, NULL, NULL);
}
