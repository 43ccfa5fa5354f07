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
    print_message("%zu nodes, %zu values, opset %d\n", as_graph_n_nodes(graph), as_graph_n_values(graph),
                  as_graph_opset(graph));
    assert_true(as_graph_feature_layer(graph, &layer, &err));
    const as_value *value = as_graph_value(graph, as_graph_find(graph, layer));
    assert_string_equal(as_graph_node(graph, (size_t)value->producer)->op, "Concat");
    assert_true(strstr(layer, "fire9") != NULL);
    assert_shape(value, "1x512x13x13");
    as_graph_free(graph);
}

static void test_all_shared_models(void **state)
{
    (void)state;
    static const char *const names[] = {"SqueezeNet_fp16.onnx", "mnist.onnx", "squeezenet1.1_fp32_from_winml_fp16.onnx",
                                        "yunet_n_320_320.onnx"};
    char text[128];
    for (size_t i = 0; i < AS_COUNT(names); i++) {
        as_err    err = AS_ERR_NONE;
        as_graph *graph = read_shared(names[i]);
        if (!as_graph_infer_shapes(graph, 0, &err))
            print_message("%s: %s\n", names[i], err.text);
        for (size_t k = 0; k < as_graph_n_outputs(graph); k++)
            print_message("%s: output %s %s\n", names[i], output_of(graph, k)->name,
                          as_shape_text(&output_of(graph, k)->shape, text, sizeof text));
        const char *layer;
        if (as_graph_feature_layer(graph, &layer, &err))
            print_message("  layer %s\n", layer);
        as_graph_free(graph);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_squeezenet_shapes_and_features),
        cmocka_unit_test(test_all_shared_models),
    };
    return cmocka_run_group_tests_name("graph", tests, NULL, NULL);
}
