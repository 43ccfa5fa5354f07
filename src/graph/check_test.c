/* SPDX-License-Identifier: Apache-2.0 */
/* Hostile models: each is a good one with one thing broken, written and read again. */
#include <setjmp.h>
#include <stdarg.h>

#include <cmocka.h>

#include "graph/graph_priv.h"

#define NAMES(...) ((const char *const[]){__VA_ARGS__, NULL})
#define SHAPE(...) ((as_shape){.rank = sizeof((int64_t[]){__VA_ARGS__}) / sizeof(int64_t), .dims = {__VA_ARGS__}})

static as_graph *good_model(void)
{
    static const int64_t strides[] = {2, 2};
    const as_attr        attrs[] = {{.name = "strides", .kind = AS_ATTR_INTS, .ints = strides, .n = 2},
                                    {.name = "auto_pad", .kind = AS_ATTR_STR, .s = "SAME_UPPER"}};
    float                data[2 * 3 * 3 * 3] = {0};
    as_err               err = AS_ERR_NONE;
    as_tensor            w = as_tensor_view(AS_DTYPE_F32, &SHAPE(2, 3, 3, 3), data);
    as_graph            *graph = as_graph_new("good", &err);
    assert_non_null(graph);
    assert_true(as_graph_add_input(graph, "input", AS_DTYPE_F32, &SHAPE(1, 3, 8, 8), &err));
    assert_true(as_graph_add_constant(graph, "w", &w, &err));
    assert_true(as_graph_add_node(graph, "Conv", "conv1", NAMES("input", "w"), NAMES("c"), attrs, 2, &err));
    assert_true(as_graph_add_node(graph, "Relu", "relu1", NAMES("c"), NAMES("y"), NULL, 0, &err));
    assert_true(as_graph_add_output(graph, "y", AS_DTYPE_F32, &SHAPE(1, 2, 4, 4), &err));
    assert_true(as_graph_finish(graph, &err));
    return graph;
}

static void rename_to(char **field, const char *text)
{
    free(*field);
    *field = strdup(text);
    assert_non_null(*field);
}

/* --- what is broken --- */

#define NODE(i) (model->graph->node[i])
#define ATTR(i) (NODE(0)->attribute[i])
#define WEIGHT  (model->graph->initializer[0])
#define DIM(i)  (model->graph->input[0]->type->tensor_type->shape->dim[i]->dim_value)

static void break_op(Onnx__ModelProto *model)
{
    rename_to(&NODE(0)->op_type, "Loop");
}
static void break_op_bytes(Onnx__ModelProto *model)
{
    rename_to(&NODE(0)->op_type, "Co\x1b[2Jnv");
}
static void break_domain(Onnx__ModelProto *model)
{
    rename_to(&NODE(0)->domain, "com.example");
}
static void break_opset_low(Onnx__ModelProto *model)
{
    model->opset_import[0]->version = 6;
}
static void break_opset_high(Onnx__ModelProto *model)
{
    model->opset_import[0]->version = 22;
}
static void break_opset_none(Onnx__ModelProto *model)
{
    rename_to(&model->opset_import[0]->domain, "ai.onnx.ml");
}
static void break_ir(Onnx__ModelProto *model)
{
    model->ir_version = 11;
}
static void break_no_graph(Onnx__ModelProto *model)
{
    onnx__graph_proto__free_unpacked(model->graph, NULL);
    model->graph = NULL;
}
static void break_cycle(Onnx__ModelProto *model)
{
    rename_to(&NODE(0)->input[0], "y");
}
static void break_self(Onnx__ModelProto *model)
{
    rename_to(&NODE(1)->input[0], "y");
}
static void break_missing_input(Onnx__ModelProto *model)
{
    rename_to(&NODE(1)->input[0], "ghost");
}
static void break_empty_input(Onnx__ModelProto *model)
{
    rename_to(&NODE(1)->input[0], "");
}
static void break_two_makers(Onnx__ModelProto *model)
{
    rename_to(&NODE(1)->output[0], "c");
}
static void break_shadowed_input(Onnx__ModelProto *model)
{
    rename_to(&NODE(1)->output[0], "input");
}
static void break_constant_short(Onnx__ModelProto *model)
{
    WEIGHT->raw_data.len -= 4;
}
static void break_constant_negative(Onnx__ModelProto *model)
{
    WEIGHT->dims[0] = -2;
}
static void break_constant_huge(Onnx__ModelProto *model)
{
    for (int i = 0; i < 4; i++)
        WEIGHT->dims[i] = (int64_t)1 << 31;
}
static void break_constant_type(Onnx__ModelProto *model)
{
    WEIGHT->data_type = 8;
}
static void break_constant_external(Onnx__ModelProto *model)
{
    WEIGHT->has_data_location = true;
    WEIGHT->data_location = ONNX__TENSOR_PROTO__DATA_LOCATION__EXTERNAL;
}
static void break_constant_elsewhere(Onnx__ModelProto *model)
{
    Onnx__StringStringEntryProto *entry = malloc(sizeof *entry);
    assert_non_null(entry);
    onnx__string_string_entry_proto__init(entry);
    entry->key = strdup("location");
    entry->value = strdup("/etc/passwd");
    assert_true(as_graph_append(&WEIGHT->external_data, &WEIGHT->n_external_data, entry, NULL));
}
/* The Relu becomes a Constant whose tensor stands in another file. */
static void break_constant_node_external(Onnx__ModelProto *model)
{
    Onnx__AttributeProto *attr = malloc(sizeof *attr);
    assert_non_null(attr);
    onnx__attribute_proto__init(attr);
    attr->t = malloc(sizeof *attr->t);
    assert_non_null(attr->t);
    onnx__tensor_proto__init(attr->t);
    attr->name = strdup("value");
    attr->has_type = attr->t->has_data_type = attr->t->has_data_location = true;
    attr->type = ONNX__ATTRIBUTE_PROTO__ATTRIBUTE_TYPE__TENSOR;
    attr->t->data_type = AS_DTYPE_F32;
    attr->t->data_location = ONNX__TENSOR_PROTO__DATA_LOCATION__EXTERNAL;
    rename_to(&NODE(1)->op_type, "Constant");
    free(NODE(1)->input[0]);
    NODE(1)->n_input = 0;
    assert_true(as_graph_append(&NODE(1)->attribute, &NODE(1)->n_attribute, attr, NULL));
}
static void break_constant_twice(Onnx__ModelProto *model)
{
    rename_to(&NODE(1)->output[0], "w");
}
static void break_attr_type(Onnx__ModelProto *model)
{
    ATTR(0)->type = ONNX__ATTRIBUTE_PROTO__ATTRIBUTE_TYPE__FLOATS;
}
static void break_attr_name(Onnx__ModelProto *model)
{
    rename_to(&ATTR(0)->name, "stride");
}
static void break_attr_twice(Onnx__ModelProto *model)
{
    rename_to(&ATTR(1)->name, "strides");
    ATTR(1)->type = ONNX__ATTRIBUTE_PROTO__ATTRIBUTE_TYPE__INTS;
}
static void break_input_type(Onnx__ModelProto *model)
{
    model->graph->input[0]->type->tensor_type->elem_type = 16;
}
static void break_input_negative(Onnx__ModelProto *model)
{
    DIM(2) = -7;
}
static void break_input_name(Onnx__ModelProto *model)
{
    rename_to(&model->graph->input[0]->name, "");
}
static void break_no_output(Onnx__ModelProto *model)
{
    rename_to(&model->graph->output[0]->name, "z");
}
/* these are found by shape inference */
static void break_channels(Onnx__ModelProto *model)
{
    DIM(1) = 4;
}
static void break_rank(Onnx__ModelProto *model)
{
    WEIGHT->n_dims = 3;
    WEIGHT->dims[2] = 9;
}
static void break_stride(Onnx__ModelProto *model)
{
    ATTR(0)->ints[0] = 0;
}
static void break_strides_count(Onnx__ModelProto *model)
{
    ATTR(0)->n_ints = 1;
}
static void break_auto_pad(Onnx__ModelProto *model)
{
    ATTR(1)->s.data[0] = 'G';
}
static void break_size(Onnx__ModelProto *model)
{
    DIM(2) = DIM(3) = (int64_t)1 << 24;
}
/* the input just fits, its channels left open; the result has two */
static void break_size_inside(Onnx__ModelProto *model)
{
    DIM(0) = DIM(1) = -1;
    DIM(2) = DIM(3) = 1 << 15;
    ATTR(0)->ints[0] = ATTR(0)->ints[1] = 1;
}
static void break_types(Onnx__ModelProto *model)
{
    model->graph->input[0]->type->tensor_type->elem_type = AS_DTYPE_I64;
}
static void break_output_type(Onnx__ModelProto *model)
{
    model->graph->output[0]->type->tensor_type->elem_type = AS_DTYPE_I64;
}
/* what the file says of a value on its way */
static void break_inner_type(Onnx__ModelProto *model)
{
    size_t                n = onnx__value_info_proto__get_packed_size(model->graph->output[0]);
    uint8_t              *bytes = malloc(n);
    Onnx__ValueInfoProto *info;
    assert_non_null(bytes);
    onnx__value_info_proto__pack(model->graph->output[0], bytes);
    info = onnx__value_info_proto__unpack(NULL, n, bytes);
    free(bytes);
    assert_non_null(info);
    rename_to(&info->name, "c");
    info->type->tensor_type->elem_type = AS_DTYPE_F16;
    assert_true(as_graph_append(&model->graph->value_info, &model->graph->n_value_info, info, NULL));
}
static void break_mixed(Onnx__ModelProto *model)
{
    model->graph->input[0]->type->tensor_type->elem_type = AS_DTYPE_F64;
}

typedef struct hostile {
    void (*make)(Onnx__ModelProto *model);
    as_err_code code;
    const char *text; /* part of what is said */
} hostile;

static const hostile hostiles[] = {
    {break_op, AS_EUNSUPPORTED, "node 'conv1' uses operator 'Loop', which is not on the list (see: assay help model)"},
    {break_op_bytes, AS_EUNSUPPORTED, "uses operator 'Co\\x1b[2Jnv'"},
    {break_domain, AS_EUNSUPPORTED, "uses operator 'com.example.Conv'"},
    {break_opset_low, AS_EUNSUPPORTED, "operator set 6: 7 to 21 are supported"},
    {break_opset_high, AS_EUNSUPPORTED, "operator set 22: 7 to 21 are supported"},
    {break_opset_none, AS_EUNSUPPORTED, "operator set 0"},
    {break_ir, AS_EUNSUPPORTED, "IR version 11: 3 to 10 are supported"},
    {break_no_graph, AS_EFORMAT, "it has no graph"},
    {break_cycle, AS_EFORMAT, "node 'conv1' (Conv): it reads 'y' before that is made (a cycle, or nodes out of order)"},
    {break_self, AS_EFORMAT, "node 'relu1' (Relu): it reads 'y' before that is made"},
    {break_missing_input, AS_EFORMAT, "node 'relu1' (Relu): it reads 'ghost', which nothing makes"},
    {break_empty_input, AS_EFORMAT, "node 'relu1' (Relu): input 0 is missing"},
    {break_two_makers, AS_EFORMAT, "value 'c' is made twice"},
    {break_shadowed_input, AS_EFORMAT, "value 'input' is made twice"},
    {break_constant_short, AS_EFORMAT, "initialiser 'w': it holds 212 bytes, its shape says 216"},
    {break_constant_negative, AS_EFORMAT, "initialiser 'w': its dimension 0 is -2"},
    {break_constant_huge, AS_ELIMIT, "initialiser 'w': it is larger than a tensor may be"},
    {break_constant_type, AS_EUNSUPPORTED, "initialiser 'w': its element type 8 is not supported"},
    {break_constant_external, AS_EUNSUPPORTED, "initialiser 'w': its data is in another file"},
    {break_constant_elsewhere, AS_EUNSUPPORTED, "initialiser 'w': its data is in another file"},
    {break_constant_node_external, AS_EUNSUPPORTED, "constant 'y': its data is in another file"},
    {break_constant_twice, AS_EFORMAT, "value 'w' is made twice"},
    {break_attr_type, AS_EFORMAT, "node 'conv1' (Conv): attribute 'strides' has the wrong type"},
    {break_attr_name, AS_EUNSUPPORTED, "node 'conv1' (Conv): attribute 'stride' is not known"},
    {break_attr_twice, AS_EFORMAT, "node 'conv1' (Conv): attribute 'strides' is given twice"},
    {break_input_type, AS_EUNSUPPORTED, "input 'input': its element type 16 is not supported"},
    {break_input_negative, AS_EFORMAT, "input 'input': its dimension 2 is -7"},
    {break_input_name, AS_EFORMAT, "input 0 has no name"},
    {break_no_output, AS_EFORMAT, "output 'z' is made by no node"},
    {break_channels, AS_EFORMAT, "node 'conv1' (Conv): its input has 4 channels, its weights take 3"},
    {break_rank, AS_EFORMAT, "node 'conv1' (Conv): its input has 4 dimensions and its weights 3"},
    {break_stride, AS_EFORMAT, "node 'conv1' (Conv): 'strides' is 0"},
    {break_strides_count, AS_EFORMAT, "node 'conv1' (Conv): 'strides' has 1 entries, not 2"},
    {break_auto_pad, AS_EFORMAT, "node 'conv1' (Conv): 'auto_pad' is 'GAME_UPPER'"},
    {break_size, AS_ELIMIT, "input 'input': its 1x3x16777216x16777216 numbers are more than a tensor may have"},
    {break_size_inside, AS_ELIMIT, "node 'conv1' (Conv): its result of ?x2x32768x32768 is larger than a tensor may be"},
    {break_types, AS_EFORMAT, "node 'conv1' (Conv): its input 'input' is i64, which it does not take"},
    {break_output_type, AS_EFORMAT, "node 'relu1' (Relu): it makes 'y' f32, which the model says is i64"},
    {break_inner_type, AS_EFORMAT, "node 'conv1' (Conv): it makes 'c' f32, which the model says is f16"},
    {break_mixed, AS_EFORMAT, "node 'conv1' (Conv): its input is f64, its weights are not"},
};

static void write_model(const Onnx__ModelProto *model, uint8_t **ret, size_t *ret_n)
{
    *ret_n = onnx__model_proto__get_packed_size(model);
    *ret = malloc(*ret_n + 1);
    assert_non_null(*ret);
    onnx__model_proto__pack(model, *ret);
}

static void test_hostile_models_are_refused_by_name(void **state)
{
    (void)state;
    for (size_t i = 0; i < AS_COUNT(hostiles); i++) {
        as_err    err = AS_ERR_NONE;
        as_graph *graph = good_model(), *read;
        uint8_t  *bytes;
        size_t    n;
        hostiles[i].make(graph->model);
        write_model(graph->model, &bytes, &n);
        read = as_graph_parse(bytes, n, "bad.onnx", &err);
        if (read && as_graph_infer_shapes(read, 0, &err))
            fail_msg("case %zu was taken; wanted: %s", i, hostiles[i].text);
        if (err.code != hostiles[i].code || !strstr(err.text, hostiles[i].text) || !strstr(err.text, "bad.onnx"))
            fail_msg("case %zu says: %s (%s); wanted: %s", i, err.text, as_err_name(err.code), hostiles[i].text);
        as_graph_free(read);
        free(bytes);
        as_graph_free(graph);
    }
}

/* --- bytes that are no model --- */

static void assert_refused(const uint8_t *bytes, size_t n, const char *text)
{
    as_err err = AS_ERR_NONE;
    assert_null(as_graph_parse(bytes, n, "bytes", &err));
    if (!strstr(err.text, text))
        fail_msg("%s; wanted: %s", err.text, text);
}

static void test_every_cut_of_a_model_is_survived(void **state)
{
    (void)state;
    as_graph *graph = good_model();
    uint8_t  *bytes;
    size_t    n;
    write_model(graph->model, &bytes, &n);
    for (size_t i = 0; i < n; i++) {
        uint8_t *part = malloc(i ? i : 1); /* exactly as long, so that a read past its end is seen */
        as_err   err = AS_ERR_NONE;
        assert_non_null(part);
        memcpy(part, bytes, i);
        as_graph *read = as_graph_parse(part, i, "part", &err);
        assert_true(read || *err.text);
        as_graph_free(read);
        free(part);
    }
    assert_refused(bytes, n - 1, "bytes");
    free(bytes);
    as_graph_free(graph);
}

static void test_broken_bytes_are_refused(void **state)
{
    (void)state;
    assert_refused(NULL, 0, "it is empty");
    assert_refused((const uint8_t *)"hello, world\n", 13, "not an ONNX model");
    assert_refused((const uint8_t *)"\x08\x08\x08\x08", 4, "a 'ir_version' of its ModelProto is given twice");
    assert_refused((const uint8_t *)"\x12\x02"
                                    "a\0",
                   4, "a 'producer_name' of the ONNX model contains a zero byte");
    assert_refused((const uint8_t *)"\x00\x01", 2, "not an ONNX model"); /* there is no field 0 */
    assert_refused((const uint8_t *)"\x3a\xff\xff\xff\xff\x7f", 6, "cut short");
    assert_refused((const uint8_t *)"\x08\xff\xff\xff\xff\xff\xff\xff\xff\xff\x7f", 11, "cut short");
}

/* A graph in an attribute of a node in a graph in an attribute ...: recursion without end, were it followed. Written from
 * the inside, each level a tag and the length of all behind it. */
static void test_deep_nesting_is_refused(void **state)
{
    (void)state;
    static const uint8_t tags[] = {0x2a, 0x0a, 0x32}; /* NodeProto.attribute, GraphProto.node, AttributeProto.g */
    size_t               cap = 1 << 20, at = cap;
    uint8_t             *buffer = malloc(cap);
    assert_non_null(buffer);
    for (size_t i = 0; i < 150000; i++) {
        size_t  length = cap - at, n = length < 1u << 7 ? 1 : length < 1u << 14 ? 2 : 3;
        uint8_t tag = i == 149999 ? 0x3a : tags[i % 3]; /* ModelProto.graph around all */
        at -= n;
        for (size_t k = 0; k < n; k++)
            buffer[at + k] = (uint8_t)((length >> (7 * k) & 0x7f) | (k + 1 < n ? 0x80 : 0));
        buffer[--at] = tag;
    }
    assert_refused(buffer + at, cap - at, "nested more than 32 deep");
    free(buffer);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_hostile_models_are_refused_by_name),
        cmocka_unit_test(test_every_cut_of_a_model_is_survived),
        cmocka_unit_test(test_broken_bytes_are_refused),
        cmocka_unit_test(test_deep_nesting_is_refused),
    };
    return cmocka_run_group_tests_name("check", tests, NULL, NULL);
}
