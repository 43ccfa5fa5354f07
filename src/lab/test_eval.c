/* SPDX-License-Identifier: Apache-2.0 */
#include "lab/test_eval.h"

#include <string.h>

#include "graph/build.h"
#include "store/test_fault.h"

#define NAMES(...) ((const char *const[]){__VA_ARGS__, NULL})

as_model_info test_eval_info(void)
{
    as_model_info info = {.trainer = "test",
                          .labels = {"good", "red", "small"},
                          .n_labels = 3,
                          .input = {.width = 16,
                                    .height = 16,
                                    .channels = 3,
                                    .resize = AS_RESIZE_STANDARD,
                                    .mean = {175, 0, 0},
                                    .scale = {255, 255, 255}}};
    return info;
}

static void eval_constant(as_graph *graph, const char *name, const as_shape *shape, float *values)
{
    as_tensor t = as_tensor_view(AS_DTYPE_F32, shape, values);
    as_err    err = AS_ERR_NONE;
    SUPPORT_CHECK(as_graph_add_constant(graph, name, &t, &err));
}

/* Only the red middle is brighter in red than the input mean: the Relu leaves nothing of the rest. */
void test_eval_model(as_str *out, float bias)
{
    float         weights[] = {0, 0, 0, 4000, 0, 0, 0, 0, 0}, biases[] = {bias, -8, -20};
    as_err        err = AS_ERR_NONE;
    as_attr       trans = {.name = "transB", .kind = AS_ATTR_INT, .i = 1};
    as_attr       axis = {.name = "axis", .kind = AS_ATTR_INT, .i = 1};
    as_model_info info = test_eval_info();
    as_graph     *graph = as_graph_new("redness", &err);
    SUPPORT_CHECK(graph != NULL);
    SUPPORT_CHECK(as_graph_add_input(graph, "input", AS_DTYPE_F32, &(as_shape){4, {-1, 3, 16, 16}}, &err));
    eval_constant(graph, "w", &(as_shape){2, {3, 3}}, weights);
    eval_constant(graph, "b", &(as_shape){1, {3}}, biases);
    SUPPORT_CHECK(as_graph_add_node(graph, "Relu", "relu", NAMES("input"), NAMES("red"), NULL, 0, &err));
    SUPPORT_CHECK(as_graph_add_node(graph, "GlobalAveragePool", "gap", NAMES("red"), NAMES("gap"), NULL, 0, &err));
    SUPPORT_CHECK(as_graph_add_node(graph, "Flatten", "flat", NAMES("gap"), NAMES("flat"), NULL, 0, &err));
    SUPPORT_CHECK(as_graph_add_node(graph, "Gemm", "gemm", NAMES("flat", "w", "b"), NAMES("y"), &trans, 1, &err));
    SUPPORT_CHECK(as_graph_add_node(graph, "Softmax", "softmax", NAMES("y"), NAMES("p"), &axis, 1, &err));
    SUPPORT_CHECK(as_graph_add_output(graph, "p", AS_DTYPE_F32, &(as_shape){2, {-1, 3}}, &err));
    SUPPORT_CHECK(as_model_info_write(&info, graph, &err));
    SUPPORT_CHECK(as_graph_finish(graph, &err));
    SUPPORT_CHECK(as_graph_write(graph, out, &err));
    as_graph_free(graph);
}
