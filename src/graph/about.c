/* SPDX-License-Identifier: Apache-2.0 */
#include "graph/about.h"

#include <strings.h>

#include "graph/graph_priv.h"

static const char *about_text(const char *text)
{
    return text ? text : "";
}

as_graph_about as_graph_about_of(const as_graph *graph)
{
    const Onnx__ModelProto *model = graph->model;
    return (as_graph_about){
        .ir = model->ir_version,
        .version = model->model_version,
        .name = about_text(model->graph->name),
        .producer = about_text(model->producer_name),
        .producer_version = about_text(model->producer_version),
        .domain = about_text(model->domain),
        .doc = about_text(model->doc_string),
        .n_initializers = model->graph->n_initializer,
    };
}

bool as_graph_meta_at(const as_graph *graph, size_t i, const char **ret_key, const char **ret_value)
{
    if (i >= graph->model->n_metadata_props)
        return false;
    *ret_key = about_text(graph->model->metadata_props[i]->key);
    *ret_value = about_text(graph->model->metadata_props[i]->value);
    return true;
}

const char *as_graph_licence(const as_graph *graph)
{
    const char *key, *value;
    for (size_t i = 0; as_graph_meta_at(graph, i, &key, &value); i++)
        for (; *key; key++)
            if (strncasecmp(key, "licence", 7) == 0 || strncasecmp(key, "license", 7) == 0)
                return value;
    return NULL;
}

const char *as_graph_input_symbol(const as_graph *graph, size_t i, int axis)
{
    const as_value         *value = as_graph_value(graph, as_graph_input(graph, i));
    const Onnx__GraphProto *proto = graph->model->graph;
    for (size_t k = 0; value && k < proto->n_input; k++) {
        if (strcmp(proto->input[k]->name, value->name) != 0)
            continue;
        const Onnx__TensorShapeProto *shape = proto->input[k]->type->tensor_type->shape;
        if (!shape || axis < 0 || (size_t)axis >= shape->n_dim)
            return NULL;
        const Onnx__TensorShapeProto__Dimension *dim = shape->dim[axis];
        bool named = dim->value_case == ONNX__TENSOR_SHAPE_PROTO__DIMENSION__VALUE_DIM_PARAM && *dim->dim_param;
        return named ? dim->dim_param : NULL;
    }
    return NULL;
}
