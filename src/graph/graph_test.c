/* SPDX-License-Identifier: Apache-2.0 */
#include <setjmp.h>
#include <stdarg.h>

#include <cmocka.h>

#include "base/fs.h"
#include "graph/build.h"
#include "graph/graph_priv.h"

/* The folder of real models; ends the test when it is not here. */
static char *shared_model(char *path, const char *name)
{
    const char *shared = getenv("ASSAY_SHARED");
    snprintf(path, AS_FS_PATH_BYTES, "%s/models/%s", shared ? shared : "../shared", name);
    if (!as_fs_is_file(path)) {
        print_message("skipped: no '%s' (set ASSAY_SHARED)\n", path);
        skip();
    }
    return path;
}

static as_graph *read_shared(const char *name)
{
    char      path[AS_FS_PATH_BYTES];
    as_err    err = AS_ERR_NONE;
    as_graph *graph = as_graph_read(shared_model(path, name), &err);
    if (!graph)
        fail_msg("%s", err.text);
    return graph;
}

static const as_value *output_of(const as_graph *graph, size_t i)
{
    return as_graph_value(graph, as_graph_output(graph, i));
}

static void assert_shape(const as_value *value, const char *want)
{
    char text[128];
    assert_true(value->has_shape);
    assert_string_equal(as_shape_text(&value->shape, text, sizeof text), want);
}

static void test_squeezenet_shapes_and_features(void **state)
{
    (void)state;
    as_err      err = AS_ERR_NONE;
    as_graph   *graph = read_shared("squeezenet1.1_fp32_from_winml_fp16.onnx");
    const char *layer;
    assert_true(as_graph_infer_shapes(graph, 2, &err));
    assert_int_equal(as_graph_n_nodes(graph), 66);
    assert_int_equal(as_graph_opset(graph), 7);
    assert_true(as_graph_feature_layer(graph, &layer, &err));
    const as_value *value = as_graph_value(graph, as_graph_find(graph, layer));
    assert_string_equal(as_graph_node(graph, (size_t)value->producer)->op, "Concat");
    assert_true(strstr(layer, "fire9") != NULL);
    assert_shape(value, "1x512x13x13");
    as_graph_free(graph);
}

static void test_shared_models_have_the_shapes_they_declare(void **state)
{
    (void)state;
    static const struct {
        const char *file, *output, *layer;
    } want[] = {{"SqueezeNet_fp16.onnx", "1x1000x1x1", "fire9/concat_1"},
                {"mnist.onnx", "1x10", "Pooling160_Output_0"},
                {"yunet_n_320_320.onnx", "1x1600x1", NULL}};
    for (size_t i = 0; i < AS_COUNT(want); i++) {
        as_err      err = AS_ERR_NONE;
        const char *layer;
        as_graph   *graph = read_shared(want[i].file);
        if (!as_graph_infer_shapes(graph, 0, &err))
            fail_msg("%s", err.text);
        assert_shape(output_of(graph, 0), want[i].output);
        if (want[i].layer) {
            assert_true(as_graph_feature_layer(graph, &layer, &err));
            assert_string_equal(layer, want[i].layer);
        } else {
            assert_false(as_graph_feature_layer(graph, &layer, &err));
            assert_int_equal(err.code, AS_ENOTFOUND);
        }
        as_graph_free(graph);
    }
}

/* --- files that another writer would have written otherwise --- */

/* A model as bytes: x -> Relu -> y. */
static as_str small_bytes(void)
{
    as_err    err = AS_ERR_NONE;
    as_graph *graph = as_graph_new("small", &err);
    as_shape  shape = {.rank = 1, .dims = {3}};
    as_str    bytes;
    as_str_init(&bytes);
    assert_non_null(graph);
    assert_true(as_graph_add_input(graph, "x", AS_DTYPE_F32, &shape, &err));
    assert_true(as_graph_add_node(graph, "Relu", "r", (const char *const[]){"x", NULL},
                                  (const char *const[]){"y", NULL}, NULL, 0, &err));
    assert_true(as_graph_add_output(graph, "y", AS_DTYPE_F32, &shape, &err));
    assert_true(as_graph_finish(graph, &err));
    assert_true(as_graph_write(graph, &bytes, &err));
    as_graph_free(graph);
    return bytes;
}

/* The model begins with its IR version, two bytes. */
static void test_what_is_not_touched_comes_back_byte_for_byte(void **state)
{
    (void)state;
    static const struct {
        const char *before, *after;
        size_t      n_before, n_after;
    } ways[] = {
        {"\x08\x08", "", 2, 0},             /* as we write it */
        {"", "\x08\x08", 0, 2},             /* the first field last */
        {"\x08\x88\x00", "", 3, 0},         /* 8 in two bytes */
        {"\xf8\x3f\x05\x08\x08", "", 5, 0}, /* a field that nobody knows, before the others */
    };
    for (size_t i = 0; i < AS_COUNT(ways); i++) {
        as_err err = AS_ERR_NONE;
        as_str plain = small_bytes(), bytes, again;
        assert_memory_equal(plain.s, "\x08\x08", 2);
        as_str_init(&bytes);
        as_str_init(&again);
        as_str_add_bytes(&bytes, ways[i].before, ways[i].n_before);
        as_str_add_bytes(&bytes, plain.s + 2, plain.len - 2);
        as_str_add_bytes(&bytes, ways[i].after, ways[i].n_after);
        as_graph *graph = as_graph_parse((const uint8_t *)bytes.s, bytes.len, "odd", &err);
        if (!graph)
            fail_msg("way %zu: %s", i, err.text);
        as_str_add(&again, "behind this");
        assert_true(as_graph_infer_shapes(graph, 0, &err)); /* is no change */
        assert_true(as_graph_write(graph, &again, &err));
        if (again.len != 11 + bytes.len || memcmp(again.s + 11, bytes.s, bytes.len) != 0)
            fail_msg("way %zu comes back otherwise", i);
        assert_memory_equal(again.s, "behind this", 11);
        /* a change is written */
        assert_true(as_graph_set_meta(graph, "key", "value", &err));
        as_str_clear(&again);
        assert_true(as_graph_write(graph, &again, &err));
        graph = as_graph_free(graph);
        graph = as_graph_parse((const uint8_t *)again.s, again.len, "odd", &err);
        assert_non_null(graph);
        assert_string_equal(as_graph_meta(graph, "key"), "value");
        assert_int_equal(graph->model->ir_version, 8);
        as_graph_free(graph);
        as_str_done(&plain);
        as_str_done(&bytes);
        as_str_done(&again);
    }
}

/* --- Debian's libonnx-testdata: a thousand models of all operators --- */

#define TESTDATA "/usr/share/libonnx-testdata/data"

typedef struct tally {
    size_t models, same_bytes, parsed, refused_operator, refused_other, inferred, shapes, not_inferred;
    size_t open, not_open, open_dims; /* with sizes left open */
} tally;

/* --- is what was said the cause? --- */

static bool cause_in_type(const Onnx__ValueInfoProto *info, const char *name, const char *why)
{
    int elem_type = -1;
    if (strcmp(info->name, name) != 0)
        return false;
    if (strcmp(why, "it is no tensor") == 0)
        return !info->type || info->type->value_case != ONNX__TYPE_PROTO__VALUE_TENSOR_TYPE;
    return sscanf(why, "its element type %d is not supported", &elem_type) == 1 &&
           info->type->tensor_type->elem_type == elem_type && !as_graph_dtype_known(elem_type);
}

static const Onnx__AttributeProto *attr_of(const Onnx__NodeProto *node, const char *name)
{
    for (size_t i = 0; i < node->n_attribute; i++)
        if (strcmp(node->attribute[i]->name, name) == 0)
            return node->attribute[i];
    return NULL;
}

static bool cause_in_node(const Onnx__NodeProto *node, const char *why)
{
    char   name[256], op[256];
    size_t n = 0;
    if (sscanf(why, "uses operator '%255[^']', which is not on the list", name) == 1) {
        bool ours = !node->domain || !*node->domain;
        snprintf(op, sizeof op, "%s%s%s", ours ? "" : node->domain, ours ? "" : ".", node->op_type);
        return strcmp(op, name) == 0 && (!ours || !as_graph_op_find(node->op_type));
    }
    snprintf(op, sizeof op, "(%s): ", node->op_type);
    if (!as_str_starts(why, op))
        return false;
    why += strlen(op);
    if (sscanf(why, "attribute '%255[^']'", name) == 1)
        return attr_of(node, name) != NULL;
    return sscanf(why, "it has %zu outputs, not", &n) == 1 && n == node->n_output;
}

static bool cause_in_constant(const Onnx__NodeProto *node, const char *name, const char *why)
{
    int data_type = -1;
    if (strcmp(node->op_type, "Constant") != 0 || strcmp(node->output[0], name) != 0)
        return false;
    if (strcmp(why, "its value is of a kind that is not supported") == 0)
        return node->attribute[0]->type != ONNX__ATTRIBUTE_PROTO__ATTRIBUTE_TYPE__TENSOR;
    return sscanf(why, "its element type %d is not supported", &data_type) == 1 &&
           node->attribute[0]->t->data_type == data_type && !as_graph_dtype_known(data_type);
}

/* "node 'x' ..." and the like: why begins behind the name. */
static bool cause_in_graph(const Onnx__GraphProto *graph, const char *what, const char *name, const char *why)
{
    char label[300];
    bool found = false;
    for (size_t i = 0; strcmp(what, "node") == 0 && i < graph->n_node; i++) {
        as_graph_node_label(graph->node[i], label, sizeof label);
        found = found || (strncmp(label + 6, name, strlen(name)) == 0 && cause_in_node(graph->node[i], why + 1));
    }
    why += as_str_starts(why, ": ") ? 2 : 0;
    for (size_t i = 0; strcmp(what, "input") == 0 && i < graph->n_input; i++)
        found = found || cause_in_type(graph->input[i], name, why);
    for (size_t i = 0; strcmp(what, "output") == 0 && i < graph->n_output; i++)
        found = found || cause_in_type(graph->output[i], name, why);
    for (size_t i = 0; strcmp(what, "constant") == 0 && i < graph->n_node; i++)
        found = found || cause_in_constant(graph->node[i], name, why);
    for (size_t i = 0; strcmp(what, "initialiser") == 0 && i < graph->n_initializer; i++) {
        int data_type = -1;
        found = found || (strcmp(graph->initializer[i]->name, name) == 0 &&
                          sscanf(why, "its element type %d is not supported", &data_type) == 1 &&
                          graph->initializer[i]->data_type == data_type && !as_graph_dtype_known(data_type));
    }
    return found;
}

static bool is_cause(const Onnx__ModelProto *model, const char *reason)
{
    long long version = 0, own = 0;
    char      what[16], name[256];
    int       end = 0;
    for (size_t i = 0; i < model->n_opset_import; i++)
        if (!model->opset_import[i]->domain || !*model->opset_import[i]->domain ||
            strcmp(model->opset_import[i]->domain, "ai.onnx") == 0)
            own = model->opset_import[i]->version;
    if (sscanf(reason, "operator set %lld: 7 to 21 are supported", &version) == 1)
        return version == own && (own < 7 || own > 21);
    if (sscanf(reason, "IR version %lld: 3 to 10 are supported", &version) == 1)
        return version == model->ir_version && (version < 3 || version > 10);
    if (strcmp(reason, "it has sparse initialisers") == 0)
        return model->graph->n_sparse_initializer > 0;
    if (as_str_starts(reason, "it defines functions of its own"))
        return model->n_functions > 0;
    if (as_str_starts(reason, "it carries training information"))
        return model->n_training_info > 0;
    return sscanf(reason, "%15[a-z] '%255[^']'%n", what, name, &end) == 2 &&
           cause_in_graph(model->graph, what, name, reason + end);
}

/* What the model declares of its outputs must be what we infer; -1 on either side says nothing. */
static void compare_declared(const as_graph *graph, const char *path, tally *count)
{
    const Onnx__GraphProto *proto = graph->model->graph;
    for (size_t i = 0; i < proto->n_output; i++) {
        as_value        said = {0};
        const as_value *value = output_of(graph, i);
        char            a[128], b[128];
        assert_true(as_graph_value_type(proto->output[i], &said, NULL));
        if (said.dtype != value->dtype)
            fail_msg("%s: output '%s' is %s, inferred %s", path, value->name, as_dtype_name(said.dtype),
                     as_dtype_name(value->dtype));
        if (!said.has_shape)
            continue;
        bool fits = said.shape.rank == value->shape.rank;
        for (int k = 0; fits && k < said.shape.rank; k++)
            fits = said.shape.dims[k] == value->shape.dims[k] || said.shape.dims[k] < 0 || value->shape.dims[k] < 0;
        if (!fits)
            fail_msg("%s: output '%s' is %s, inferred %s", path, value->name, as_shape_text(&said.shape, a, sizeof a),
                     as_shape_text(&value->shape, b, sizeof b));
        count->shapes++;
    }
}

/* With sizes left open, each that is inferred all the same must be the one that comes out when they are given. */
static void compare_open(as_graph *graph, const char *path, bool batch, bool others, tally *count)
{
    as_err    err = AS_ERR_NONE;
    size_t    n = as_graph_n_values(graph);
    as_value *given = calloc(n + 1, sizeof *given);
    char      a[128], b[128];
    assert_non_null(given);
    for (size_t i = 0; i < n; i++)
        given[i] = *as_graph_value(graph, (int32_t)i);
    for (size_t i = 0; i < as_graph_n_inputs(graph); i++) {
        const as_value *input = as_graph_value(graph, as_graph_input(graph, i));
        as_shape        shape = input->shape;
        for (int k = 0; k < shape.rank; k++)
            shape.dims[k] = (k == 0 ? batch : others) ? -1 : shape.dims[k];
        assert_true(as_graph_set_input_shape(graph, input->name, &shape, &err));
    }
    if (!as_graph_infer_shapes(graph, 0, &err)) {
        if (err.code != AS_EUNSUPPORTED)
            fail_msg("%s", err.text);
        count->not_open++;
        free(given);
        return;
    }
    count->open++;
    for (size_t i = 0; i < n; i++) {
        const as_value *value = as_graph_value(graph, (int32_t)i);
        bool            fits = value->dtype == given[i].dtype && value->shape.rank == given[i].shape.rank;
        for (int k = 0; fits && k < value->shape.rank; k++) {
            fits = value->shape.dims[k] == given[i].shape.dims[k] || value->shape.dims[k] < 0;
            count->open_dims += value->shape.dims[k] < 0;
        }
        if (!fits)
            fail_msg("%s: value '%s' is %s, but %s with sizes left open", path, value->name,
                     as_shape_text(&given[i].shape, a, sizeof a), as_shape_text(&value->shape, b, sizeof b));
    }
    free(given);
}

static void try_open(const char *path, const uint8_t *bytes, size_t n, tally *count)
{
    for (int which = 1; which < 4; which++) {
        as_err    err = AS_ERR_NONE;
        as_graph *graph = as_graph_parse(bytes, n, path, &err);
        assert_non_null(graph);
        assert_true(as_graph_infer_shapes(graph, 0, &err));
        compare_open(graph, path, which & 1, which & 2, count);
        as_graph_free(graph);
    }
}

static void try_parse(const char *path, const uint8_t *bytes, size_t n, const Onnx__ModelProto *model, tally *count)
{
    as_err    err = AS_ERR_NONE;
    as_str    again;
    as_graph *graph = as_graph_parse(bytes, n, path, &err);
    if (!graph) {
        if (strstr(err.text, "which is not on the list"))
            count->refused_operator++;
        else
            count->refused_other++;
        char before[AS_FS_PATH_BYTES];
        snprintf(before, sizeof before, "cannot use model '%s': ", path);
        if (!as_str_starts(err.text, before) || !is_cause(model, err.text + strlen(before)))
            fail_msg("this is no cause: %s", err.text);
        return;
    }
    count->parsed++;
    as_str_init(&again);
    assert_true(as_graph_write(graph, &again, &err));
    assert_int_equal(again.len, n);
    assert_memory_equal(again.s, bytes, n);
    if (as_graph_infer_shapes(graph, 0, &err)) {
        count->inferred++;
        compare_declared(graph, path, count);
        try_open(path, bytes, n, count);
    } else {
        if (err.code != AS_EUNSUPPORTED)
            fail_msg("%s", err.text);
        count->not_inferred++;
    }
    as_str_done(&again);
    as_graph_free(graph);
}

static bool visit_model(void *ctx, const as_fs_entry *entry, as_err *err)
{
    tally   *count = ctx;
    uint8_t *bytes;
    size_t   n;
    if (!as_str_ends(entry->path, ".onnx"))
        return true;
    if (!as_fs_read(entry->path, AS_GRAPH_MAX_BYTES, &bytes, &n, err))
        return false;
    count->models++;
    /* the message itself, whatever its operators */
    assert_true(as_graph_check_wire(bytes, n, err));
    Onnx__ModelProto *model = onnx__model_proto__unpack(NULL, n, bytes);
    assert_non_null(model);
    uint8_t *packed = malloc(onnx__model_proto__get_packed_size(model));
    assert_non_null(packed);
    assert_int_equal(onnx__model_proto__pack(model, packed), n);
    assert_memory_equal(packed, bytes, n);
    count->same_bytes++;
    free(packed);
    try_parse(entry->relative, bytes, n, model, count);
    onnx__model_proto__free_unpacked(model, NULL);
    free(bytes);
    return true;
}

static void test_debian_models_are_written_back_byte_for_byte(void **state)
{
    (void)state;
    tally  count = {0};
    as_err err = AS_ERR_NONE;
    if (!as_fs_is_dir(TESTDATA)) {
        print_message("skipped: no '%s' (apt-get install libonnx-testdata)\n", TESTDATA);
        skip();
    }
    if (!as_fs_walk(TESTDATA, visit_model, &count, &err))
        fail_msg("%s", err.text);
    print_message("%zu models: %zu byte for byte; %zu parsed, %zu refused for an operator, %zu for another reason; "
                  "shapes inferred in %zu (%zu outputs as declared), not in %zu\n",
                  count.models, count.same_bytes, count.parsed, count.refused_operator, count.refused_other,
                  count.inferred, count.shapes, count.not_inferred);
    print_message("with sizes left open: inferred %zu times (%zu dimensions stay open), not %zu times\n", count.open,
                  count.open_dims, count.not_open);
    assert_true(count.models > 1000 && count.same_bytes == count.models);
    assert_true(count.inferred > 280);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_squeezenet_shapes_and_features),
        cmocka_unit_test(test_shared_models_have_the_shapes_they_declare),
        cmocka_unit_test(test_what_is_not_touched_comes_back_byte_for_byte),
        cmocka_unit_test(test_debian_models_are_written_back_byte_for_byte),
    };
    return cmocka_run_group_tests_name("graph", tests, NULL, NULL);
}
