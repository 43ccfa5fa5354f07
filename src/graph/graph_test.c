/* SPDX-License-Identifier: Apache-2.0 */
#include <setjmp.h>
#include <stdarg.h>

#include <cmocka.h>

#include "base/fs.h"
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

/* --- Debian's libonnx-testdata: a thousand models of all operators --- */

#define TESTDATA "/usr/share/libonnx-testdata/data"

typedef struct tally {
    size_t models, same_bytes, parsed, refused_operator, refused_other, inferred, shapes, not_inferred;
} tally;

static bool is_on_record(const char *text)
{
    static const char *const reasons[] = {
        "which is not on the list", "operator set",        "element type", "it is no tensor", "sparse", "attribute",
        "functions of its own",     "IR version",          "outputs, not", /* batch norms in training */
        "its value is of a kind",   "training information"};
    for (size_t i = 0; i < AS_COUNT(reasons); i++)
        if (strstr(text, reasons[i]))
            return true;
    return false;
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

static void try_parse(const char *path, const uint8_t *bytes, size_t n, tally *count)
{
    as_err    err = AS_ERR_NONE;
    as_str    again;
    as_graph *graph = as_graph_parse(bytes, n, path, &err);
    if (!graph) {
        if (strstr(err.text, "which is not on the list"))
            count->refused_operator++;
        else
            count->refused_other++;
        if (!is_on_record(err.text))
            fail_msg("%s", err.text);
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
    onnx__model_proto__free_unpacked(model, NULL);
    try_parse(entry->relative, bytes, n, count);
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
    assert_true(count.models > 1000 && count.same_bytes == count.models);
    assert_true(count.inferred > 280);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_squeezenet_shapes_and_features),
        cmocka_unit_test(test_shared_models_have_the_shapes_they_declare),
        cmocka_unit_test(test_debian_models_are_written_back_byte_for_byte),
    };
    return cmocka_run_group_tests_name("graph", tests, NULL, NULL);
}
