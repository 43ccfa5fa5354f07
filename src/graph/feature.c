/* SPDX-License-Identifier: Apache-2.0 */
#include "graph/graph_priv.h"

static bool feature_is(const as_node *node, const char *const *ops)
{
    for (; *ops; ops++)
        if (strcmp(node->op, *ops) == 0)
            return true;
    return false;
}

/* The value that made `id`, past what leaves numbers as they are at inference. */
static int32_t feature_skip(const as_graph *graph, int32_t id)
{
    static const char *const idle[] = {"Dropout", "Identity", NULL};
    const as_value          *value;
    while ((value = as_graph_value(graph, id)) && value->producer >= 0) {
        const as_node *node = as_graph_node(graph, (size_t)value->producer);
        if (!feature_is(node, idle))
            break;
        id = node->inputs[0];
    }
    return id;
}

typedef struct feature_path {
    int32_t pool_input; /* of the last global pooling seen; -1 */
    int32_t conv_input; /* of a convolution that makes the classes; -1 */
    int32_t flat_input; /* of what makes vectors of the maps; -1 */
} feature_path;

static bool feature_is_pool(const as_node *node)
{
    static const char *const pools[] = {"GlobalAveragePool", "GlobalMaxPool", NULL};
    int64_t                  keep = 1;
    const int64_t           *axes;
    size_t                   n;
    if (feature_is(node, pools))
        return true;
    /* torch writes mean(x, [2, 3]) for it */
    as_node_int(node, "keepdims", &keep);
    return strcmp(node->op, "ReduceMean") == 0 && as_node_ints(node, "axes", &axes, &n) && n == 2 &&
           ((axes[0] == 2 && axes[1] == 3) || (axes[0] == -2 && axes[1] == -1) || (axes[0] == -1 && axes[1] == -2));
}

/* From the output towards the input, as far as the classifier goes. Without a matrix product on the way, the first
 * convolution met makes the classes; with one, what counts is the global pooling before it, or else what flattens. */
static feature_path feature_walk(const as_graph *graph, int32_t id)
{
    static const char *const products[] = {"Gemm", "MatMul", NULL}, *const flatten[] = {"Flatten", "Reshape", NULL};
    feature_path    path = {-1, -1, -1};
    bool            dense = false;
    const as_value *value;
    while ((value = as_graph_value(graph, id)) && value->producer >= 0) {
        const as_node *node = as_graph_node(graph, (size_t)value->producer);
        if (strcmp(node->op, "Conv") == 0) {
            if (!dense)
                path.conv_input = feature_skip(graph, node->inputs[0]);
            return path;
        }
        if (feature_is(node, products))
            dense = true;
        if (feature_is(node, flatten) && dense)
            path.flat_input = feature_skip(graph, node->inputs[0]);
        if (feature_is_pool(node) && dense) {
            path.pool_input = feature_skip(graph, node->inputs[0]);
            return path;
        }
        if (node->n_inputs == 0)
            return path;
        id = node->inputs[0];
    }
    return path;
}

bool as_graph_feature_layer(const as_graph *graph, const char **ret_name, as_err *err)
{
    int32_t found = -1;
    if (as_graph_n_outputs(graph) == 1) {
        feature_path path = feature_walk(graph, as_graph_output(graph, 0));
        found = path.pool_input >= 0 ? path.pool_input : path.conv_input >= 0 ? path.conv_input : path.flat_input;
    }
    const as_value *value = as_graph_value(graph, found);
    if (!value || value->producer < 0)
        return AS_FAIL(err, AS_ENOTFOUND, "model '%s' has no feature map before its classifier (name one with --layer)",
                       graph->name);
    *ret_name = value->name;
    return true;
}
