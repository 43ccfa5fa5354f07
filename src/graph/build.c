/* SPDX-License-Identifier: Apache-2.0 */
#include "graph/graph_priv.h"

#define BUILD_OPSET 17
#define BUILD_IR    8

static bool build_copy(char **field, const char *text, as_err *err)
{
    char *copy = strdup(text);
    if (!copy)
        return AS_FAIL(err, AS_ENOMEM, "cannot add '%s' to a graph", text);
    free(*field);
    *field = copy;
    return true;
}

static void *build_new(size_t bytes, void (*init)(void *message))
{
    void *message = malloc(bytes);
    if (message)
        init(message);
    return message;
}

/* A fresh message, or NULL. The generated init functions differ in nothing but the type of their argument. */
#define BUILD_INIT(type, name)                   \
    static void build_init_##name(void *message) \
    {                                            \
        onnx__##name##__init((type *)message);   \
    }
BUILD_INIT(Onnx__ModelProto, model_proto)
BUILD_INIT(Onnx__GraphProto, graph_proto)
BUILD_INIT(Onnx__NodeProto, node_proto)
BUILD_INIT(Onnx__TensorProto, tensor_proto)
BUILD_INIT(Onnx__AttributeProto, attribute_proto)
BUILD_INIT(Onnx__ValueInfoProto, value_info_proto)
BUILD_INIT(Onnx__TypeProto, type_proto)
BUILD_INIT(Onnx__TypeProto__Tensor, type_proto__tensor)
BUILD_INIT(Onnx__TensorShapeProto, tensor_shape_proto)
BUILD_INIT(Onnx__TensorShapeProto__Dimension, tensor_shape_proto__dimension)
BUILD_INIT(Onnx__OperatorSetIdProto, operator_set_id_proto)
#define BUILD_NEW(type, name) ((type *)build_new(sizeof(type), build_init_##name))

/* model has no graph and no operator set yet. */
static bool build_frame(as_graph *graph, const char *name, as_err *err)
{
    Onnx__ModelProto         *model = graph->model;
    Onnx__OperatorSetIdProto *opset = BUILD_NEW(Onnx__OperatorSetIdProto, operator_set_id_proto);
    if (!as_graph_append(&model->opset_import, &model->n_opset_import, opset, err)) {
        free(opset);
        return false;
    }
    opset->has_version = true;
    opset->version = BUILD_OPSET;
    graph->opset = BUILD_OPSET;
    model->has_ir_version = true;
    model->ir_version = BUILD_IR;
    model->graph = BUILD_NEW(Onnx__GraphProto, graph_proto);
    if (!model->graph)
        return AS_FAIL(err, AS_ENOMEM, "cannot make graph '%s'", name);
    return build_copy(&opset->domain, "", err) && build_copy(&model->producer_name, "assay", err) &&
           build_copy(&model->graph->name, name, err) && build_copy(&graph->name, name, err);
}

as_graph *as_graph_new(const char *name, as_err *err)
{
    as_graph *graph = calloc(1, sizeof *graph);
    if (graph)
        graph->model = BUILD_NEW(Onnx__ModelProto, model_proto);
    if (!graph || !graph->model) {
        AS_FAIL(err, AS_ENOMEM, "cannot make graph '%s'", name);
        return as_graph_free(graph);
    }
    return build_frame(graph, name, err) ? graph : as_graph_free(graph);
}

/* --- inputs and outputs --- */

static bool build_dims(Onnx__TensorShapeProto *to, const as_shape *shape, as_err *err)
{
    for (int i = 0; i < shape->rank; i++) {
        Onnx__TensorShapeProto__Dimension *dim =
            BUILD_NEW(Onnx__TensorShapeProto__Dimension, tensor_shape_proto__dimension);
        if (!as_graph_append(&to->dim, &to->n_dim, dim, err)) {
            free(dim);
            return false;
        }
        if (shape->dims[i] >= 0) {
            dim->value_case = ONNX__TENSOR_SHAPE_PROTO__DIMENSION__VALUE_DIM_VALUE;
            dim->dim_value = shape->dims[i];
            continue;
        }
        char *symbol = as_strdupf("%s%.0d", i ? "D" : "N", i);
        if (!symbol)
            return AS_FAIL(err, AS_ENOMEM, "cannot describe a value");
        dim->value_case = ONNX__TENSOR_SHAPE_PROTO__DIMENSION__VALUE_DIM_PARAM;
        dim->dim_param = symbol;
    }
    return true;
}

static bool build_value_info(Onnx__ValueInfoProto *info, const char *name, as_dtype dtype, const as_shape *shape,
                             as_err *err)
{
    if (!*name || shape->rank < 0 || shape->rank > AS_TENSOR_MAX_RANK || !as_dtype_bytes(dtype))
        return AS_FAIL(err, AS_EINVAL, "cannot describe value '%s': no name, type or rank", name);
    if (!build_copy(&info->name, name, err))
        return false;
    info->type = BUILD_NEW(Onnx__TypeProto, type_proto);
    Onnx__TypeProto__Tensor *tensor = BUILD_NEW(Onnx__TypeProto__Tensor, type_proto__tensor);
    if (!info->type || !tensor) {
        free(tensor);
        return AS_FAIL(err, AS_ENOMEM, "cannot describe value '%s'", name);
    }
    info->type->value_case = ONNX__TYPE_PROTO__VALUE_TENSOR_TYPE;
    info->type->tensor_type = tensor;
    tensor->has_elem_type = true;
    tensor->elem_type = (int32_t)dtype;
    tensor->shape = BUILD_NEW(Onnx__TensorShapeProto, tensor_shape_proto);
    if (!tensor->shape)
        return AS_FAIL(err, AS_ENOMEM, "cannot describe value '%s'", name);
    return build_dims(tensor->shape, shape, err);
}

static Onnx__ValueInfoProto *build_info(const char *name, as_dtype dtype, const as_shape *shape, as_err *err)
{
    Onnx__ValueInfoProto *info = BUILD_NEW(Onnx__ValueInfoProto, value_info_proto);
    if (!info) {
        AS_FAIL(err, AS_ENOMEM, "cannot describe value '%s'", name);
        return NULL;
    }
    if (build_value_info(info, name, dtype, shape, err))
        return info;
    onnx__value_info_proto__free_unpacked(info, NULL);
    return NULL;
}

bool as_graph_set_opset(as_graph *graph, int version, as_err *err)
{
    Onnx__ModelProto *model = graph->model;
    if (version < GRAPH_MIN_OPSET || version > GRAPH_MAX_OPSET || model->n_opset_import != 1)
        return AS_FAIL(err, AS_EINVAL, "operator set %d: %d to %d are supported", version, GRAPH_MIN_OPSET,
                       GRAPH_MAX_OPSET);
    model->opset_import[0]->version = version;
    model->ir_version = version > BUILD_OPSET ? GRAPH_MAX_IR : BUILD_IR;
    graph->opset = version;
    return true;
}

bool as_graph_add_input(as_graph *graph, const char *name, as_dtype dtype, const as_shape *shape, as_err *err)
{
    Onnx__GraphProto     *proto = graph->model->graph;
    Onnx__ValueInfoProto *info = build_info(name, dtype, shape, err);
    if (!info)
        return false;
    if (as_graph_append(&proto->input, &proto->n_input, info, err))
        return true;
    onnx__value_info_proto__free_unpacked(info, NULL);
    return false;
}

bool as_graph_set_input_shape(as_graph *graph, const char *name, const as_shape *shape, as_err *err)
{
    Onnx__GraphProto *proto = graph->model->graph;
    int32_t           id = as_graph_find(graph, name);
    const as_value   *value = as_graph_value(graph, id);
    if (!value || !value->is_input)
        return AS_FAIL(err, AS_ENOTFOUND, "model '%s' has no input '%s'", graph->name, name);
    Onnx__ValueInfoProto *info = build_info(name, value->dtype, shape, err);
    if (!info)
        return false;
    for (size_t i = 0; i < proto->n_input; i++) {
        if (strcmp(proto->input[i]->name, name) != 0)
            continue;
        onnx__value_info_proto__free_unpacked(proto->input[i], NULL);
        proto->input[i] = info;
        return as_graph_finish(graph, err);
    }
    onnx__value_info_proto__free_unpacked(info, NULL);
    return AS_FAIL(err, AS_EINTERNAL, "model '%s' lost its input '%s'", graph->name, name);
}

bool as_graph_add_output(as_graph *graph, const char *name, as_dtype dtype, const as_shape *shape, as_err *err)
{
    Onnx__GraphProto     *proto = graph->model->graph;
    Onnx__ValueInfoProto *info = build_info(name, dtype, shape, err);
    if (!info)
        return false;
    if (as_graph_append(&proto->output, &proto->n_output, info, err))
        return true;
    onnx__value_info_proto__free_unpacked(info, NULL);
    return false;
}

bool as_graph_clear_outputs(as_graph *graph, as_err *err)
{
    (void)err;
    Onnx__GraphProto *proto = graph->model->graph;
    for (size_t i = 0; i < proto->n_output; i++)
        onnx__value_info_proto__free_unpacked(proto->output[i], NULL);
    proto->n_output = 0;
    return true;
}

/* --- constants --- */

static bool build_tensor(Onnx__TensorProto *proto, const char *name, const as_tensor *value, as_err *err)
{
    size_t count, bytes;
    if (!as_shape_count(&value->shape, &count) || !as_size_mul(count, as_dtype_bytes(value->dtype), &bytes) ||
        value->shape.rank > AS_TENSOR_MAX_RANK || !as_dtype_bytes(value->dtype))
        return AS_FAIL(err, AS_EINVAL, "constant '%s' has no whole shape or type", name);
    if (bytes > AS_GRAPH_MAX_BYTES)
        return AS_FAIL(err, AS_ELIMIT, "constant '%s' is larger than a model may be", name);
    if (!build_copy(&proto->name, name, err))
        return false;
    proto->dims = malloc(((size_t)value->shape.rank + 1) * sizeof *proto->dims);
    proto->raw_data.data = malloc(bytes + 1);
    if (!proto->dims || !proto->raw_data.data)
        return AS_FAIL(err, AS_ENOMEM, "cannot hold constant '%s'", name);
    proto->n_dims = (size_t)value->shape.rank;
    memcpy(proto->dims, value->shape.dims, proto->n_dims * sizeof *proto->dims);
    proto->has_data_type = proto->has_raw_data = true;
    proto->data_type = (int32_t)value->dtype;
    proto->raw_data.len = bytes;
    if (bytes)
        memcpy(proto->raw_data.data, value->data, bytes);
    return true;
}

/* A message on its way to the end of an array: freed when it does not get there. */
bool as_graph_add_constant(as_graph *graph, const char *name, const as_tensor *value, as_err *err)
{
    Onnx__GraphProto  *proto = graph->model->graph;
    Onnx__TensorProto *tensor = BUILD_NEW(Onnx__TensorProto, tensor_proto);
    if (!tensor)
        return AS_FAIL(err, AS_ENOMEM, "cannot add constant '%s'", name);
    if (build_tensor(tensor, name, value, err) &&
        as_graph_append(&proto->initializer, &proto->n_initializer, tensor, err))
        return true;
    onnx__tensor_proto__free_unpacked(tensor, NULL);
    return false;
}

/* --- nodes --- */

static bool build_attr_text(Onnx__AttributeProto *proto, const as_attr *attr, as_err *err)
{
    size_t n = attr->s ? strlen(attr->s) : 0;
    proto->s.data = malloc(n + 1);
    if (!proto->s.data)
        return AS_FAIL(err, AS_ENOMEM, "cannot hold attribute '%s'", attr->name);
    if (n)
        memcpy(proto->s.data, attr->s, n);
    proto->s.len = n;
    proto->has_s = true;
    proto->type = ONNX__ATTRIBUTE_PROTO__ATTRIBUTE_TYPE__STRING;
    return true;
}

static bool build_attr_ints(Onnx__AttributeProto *proto, const as_attr *attr, as_err *err)
{
    proto->ints = calloc(attr->n + 1, sizeof *proto->ints);
    if (!proto->ints)
        return AS_FAIL(err, AS_ENOMEM, "cannot hold attribute '%s'", attr->name);
    if (attr->n)
        memcpy(proto->ints, attr->ints, attr->n * sizeof *proto->ints);
    proto->n_ints = attr->n;
    proto->type = ONNX__ATTRIBUTE_PROTO__ATTRIBUTE_TYPE__INTS;
    return true;
}

static bool build_attr(Onnx__AttributeProto *proto, const as_attr *attr, as_err *err)
{
    proto->has_type = true;
    if (!build_copy(&proto->name, attr->name, err))
        return false;
    switch (attr->kind) {
    case AS_ATTR_INT:
        proto->has_i = true;
        proto->i = attr->i;
        proto->type = ONNX__ATTRIBUTE_PROTO__ATTRIBUTE_TYPE__INT;
        return true;
    case AS_ATTR_FLOAT:
        proto->has_f = true;
        proto->f = attr->f;
        proto->type = ONNX__ATTRIBUTE_PROTO__ATTRIBUTE_TYPE__FLOAT;
        return true;
    case AS_ATTR_STR: return build_attr_text(proto, attr, err);
    case AS_ATTR_INTS: return build_attr_ints(proto, attr, err);
    }
    return AS_FAIL(err, AS_EINVAL, "attribute '%s' has no kind", attr->name);
}

static bool build_add_attr(Onnx__NodeProto *node, const as_attr *attr, as_err *err)
{
    Onnx__AttributeProto *proto = BUILD_NEW(Onnx__AttributeProto, attribute_proto);
    if (!proto)
        return AS_FAIL(err, AS_ENOMEM, "cannot hold attribute '%s'", attr->name);
    if (build_attr(proto, attr, err) && as_graph_append(&node->attribute, &node->n_attribute, proto, err))
        return true;
    onnx__attribute_proto__free_unpacked(proto, NULL);
    return false;
}

static bool build_names(char ***array, size_t *n, const char *const *names, as_err *err)
{
    for (size_t i = 0; names && names[i]; i++) {
        char *copy = strdup(names[i]);
        if (!as_graph_append(array, n, copy, err)) {
            free(copy);
            return false;
        }
    }
    return true;
}

static bool build_node(Onnx__NodeProto *node, const char *op, const char *name, const char *const *inputs,
                       const char *const *outputs, as_err *err)
{
    return build_copy(&node->op_type, op, err) && build_copy(&node->name, name, err) &&
           build_names(&node->input, &node->n_input, inputs, err) &&
           build_names(&node->output, &node->n_output, outputs, err);
}

bool as_graph_add_node(as_graph *graph, const char *op, const char *name, const char *const *inputs,
                       const char *const *outputs, const as_attr *attrs, size_t n_attrs, as_err *err)
{
    Onnx__GraphProto *proto = graph->model->graph;
    Onnx__NodeProto  *node = BUILD_NEW(Onnx__NodeProto, node_proto);
    if (!node)
        return AS_FAIL(err, AS_ENOMEM, "cannot add node '%s'", name);
    bool ok = build_node(node, op, name, inputs, outputs, err);
    for (size_t i = 0; ok && i < n_attrs; i++)
        ok = build_add_attr(node, &attrs[i], err);
    if (ok && as_graph_check_node(node, err) && as_graph_append(&proto->node, &proto->n_node, node, err))
        return true;
    onnx__node_proto__free_unpacked(node, NULL);
    return false;
}

bool as_graph_finish(as_graph *graph, as_err *err)
{
    if (as_graph_check_model(graph->model, &graph->opset, err) && as_graph_view_make(graph, err))
        return true;
    return as_err_note(err, "cannot use model '%s'", graph->name);
}
