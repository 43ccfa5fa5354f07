/* SPDX-License-Identifier: Apache-2.0 */
#include "graph/graph_priv.h"

typedef struct view_maker {
    const Onnx__GraphProto *proto;
    graph_view              view;
    size_t                  cap_values, n_ids;
} view_maker;

void as_graph_view_forget(graph_view *view)
{
    view->n_cells = 0;
    for (size_t i = 0; i < view->n_values; i++) {
        if (view->known) {
            free(view->known[i]);
            view->known[i] = NULL;
        }
        if (view->folded && view->folded[i].data) {
            as_tensor_done(&view->folded[i]);
            view->folded[i] = (as_tensor){0};
            view->values[i].constant = NULL;
        }
    }
}

void as_graph_view_done(graph_view *view)
{
    as_graph_view_forget(view);
    for (size_t i = 0; view->constants && i < view->n_values; i++)
        as_tensor_done(&view->constants[i]);
    free(view->values);
    free(view->constants);
    free(view->declared);
    free(view->known);
    free(view->folded);
    free(view->by_name);
    free(view->nodes);
    free(view->ids);
    free(view->inputs);
    free(view->outputs);
    *view = (graph_view){0};
}

static bool view_alloc(view_maker *maker, as_err *err)
{
    const Onnx__GraphProto *proto = maker->proto;
    graph_view             *view = &maker->view;
    size_t                  n_values = proto->n_input + proto->n_initializer, n_ids = 0;
    for (size_t i = 0; i < proto->n_node; i++) {
        n_values += proto->node[i]->n_output;
        n_ids += proto->node[i]->n_output + proto->node[i]->n_input;
    }
    if (n_values > GRAPH_MAX_VALUES || n_ids > 4 * (size_t)GRAPH_MAX_VALUES || proto->n_output > GRAPH_MAX_VALUES)
        return AS_FAIL(err, AS_ELIMIT, "it has more than the %u values allowed", GRAPH_MAX_VALUES);
    maker->cap_values = n_values;
    view->values = calloc(n_values + 1, sizeof *view->values);
    view->constants = calloc(n_values + 1, sizeof *view->constants);
    view->declared = calloc(n_values + 1, sizeof *view->declared);
    view->known = calloc(n_values + 1, sizeof *view->known);
    view->folded = calloc(n_values + 1, sizeof *view->folded);
    view->by_name = calloc(n_values + 1, sizeof *view->by_name);
    view->nodes = calloc(proto->n_node + 1, sizeof *view->nodes);
    view->ids = calloc(n_ids + 1, sizeof *view->ids);
    view->inputs = calloc(proto->n_input + 1, sizeof *view->inputs);
    view->outputs = calloc(proto->n_output + 1, sizeof *view->outputs);
    if (!view->values || !view->constants || !view->declared || !view->known || !view->folded || !view->by_name ||
        !view->nodes || !view->ids || !view->inputs || !view->outputs)
        return AS_FAIL(err, AS_ENOMEM, "cannot hold %zu values", n_values);
    return true;
}

static as_value *view_add(view_maker *maker, const char *name, int32_t producer)
{
    as_value *value = &maker->view.values[maker->view.n_values++];
    *value = (as_value){.name = name, .producer = producer};
    return value;
}

static bool view_add_constants(view_maker *maker, as_err *err)
{
    graph_view *view = &maker->view;
    for (size_t i = 0; i < maker->proto->n_initializer; i++) {
        const Onnx__TensorProto *proto = maker->proto->initializer[i];
        if (!proto->name || !*proto->name)
            return AS_FAIL(err, AS_EFORMAT, "initialiser %zu has no name", i);
        as_tensor *constant = &view->constants[view->n_values];
        as_value  *value = view_add(maker, proto->name, -1);
        if (!as_graph_read_constant(proto, constant, err))
            return as_err_note(err, "initialiser '%.200s'", proto->name);
        value->constant = constant;
    }
    return true;
}

static bool view_add_produced(view_maker *maker, as_err *err)
{
    graph_view *view = &maker->view;
    for (size_t i = 0; i < maker->proto->n_node; i++) {
        const Onnx__NodeProto *node = maker->proto->node[i];
        for (size_t k = 0; k < node->n_output; k++) {
            if (!*node->output[k])
                continue;
            as_tensor *constant = &view->constants[view->n_values];
            as_value  *value = view_add(maker, node->output[k], (int32_t)i);
            if (strcmp(node->op_type, "Constant") != 0)
                continue;
            if (!as_graph_read_constant_node(node, constant, err))
                return as_err_note(err, "constant '%.200s'", node->output[k]);
            value->constant = constant;
        }
    }
    return true;
}

/* ids sorted by name; equal names side by side */
static int view_compare(const void *a, const void *b, void *values)
{
    const as_value *v = values;
    int32_t         i = *(const int32_t *)a, k = *(const int32_t *)b;
    int             order = strcmp(v[i].name, v[k].name);
    return order ? order : (i > k) - (i < k);
}

static bool view_sort(graph_view *view, as_err *err)
{
    for (size_t i = 0; i < view->n_values; i++)
        view->by_name[i] = (int32_t)i;
    qsort_r(view->by_name, view->n_values, sizeof *view->by_name, view_compare, view->values);
    for (size_t i = 1; i < view->n_values; i++) {
        const char *name = view->values[view->by_name[i]].name;
        if (strcmp(name, view->values[view->by_name[i - 1]].name) == 0)
            return AS_FAIL(err, AS_EFORMAT, "value '%.200s' is made twice", name);
    }
    return true;
}

static int32_t view_find(const graph_view *view, const char *name)
{
    size_t low = 0, high = view->n_values;
    while (low < high) {
        size_t  mid = low + (high - low) / 2;
        int32_t id = view->by_name[mid];
        int     order = strcmp(name, view->values[id].name);
        if (order == 0)
            return id;
        if (order < 0)
            high = mid;
        else
            low = mid + 1;
    }
    return -1;
}

/* What a ValueInfoProto says of its value. */
bool as_graph_value_type(const Onnx__ValueInfoProto *info, as_value *value, as_err *err)
{
    const Onnx__TypeProto *type = info->type;
    if (!type || type->value_case != ONNX__TYPE_PROTO__VALUE_TENSOR_TYPE || !type->tensor_type)
        return AS_FAIL(err, AS_EUNSUPPORTED, "it is no tensor");
    const Onnx__TypeProto__Tensor *tensor = type->tensor_type;
    if (!tensor->has_elem_type || !as_graph_dtype_known(tensor->elem_type))
        return AS_FAIL(err, AS_EUNSUPPORTED, "its element type %d is not supported", (int)tensor->elem_type);
    value->dtype = (as_dtype)tensor->elem_type;
    if (!tensor->shape)
        return true;
    if (tensor->shape->n_dim > AS_TENSOR_MAX_RANK)
        return AS_FAIL(err, AS_ELIMIT, "it has %zu dimensions, more than %d", tensor->shape->n_dim, AS_TENSOR_MAX_RANK);
    value->has_shape = true;
    value->shape = (as_shape){.rank = (int)tensor->shape->n_dim};
    for (size_t i = 0; i < tensor->shape->n_dim; i++) {
        const Onnx__TensorShapeProto__Dimension *dim = tensor->shape->dim[i];
        bool    fixed = dim->value_case == ONNX__TENSOR_SHAPE_PROTO__DIMENSION__VALUE_DIM_VALUE;
        int64_t v = fixed ? dim->dim_value : -1;
        /* some exporters write 0 or -1 for "any" */
        if (v < -1 || v > GRAPH_MAX_DIM)
            return AS_FAIL(err, AS_EFORMAT, "its dimension %zu is %lld", i, (long long)v);
        value->shape.dims[i] = v > 0 ? v : -1;
    }
    return true;
}

static bool view_inputs(view_maker *maker, as_err *err)
{
    graph_view *view = &maker->view;
    for (size_t i = 0; i < maker->proto->n_input; i++) {
        const Onnx__ValueInfoProto *info = maker->proto->input[i];
        int32_t                     id = view_find(view, info->name);
        as_value                   *value = &view->values[id];
        if (value->constant) {
            as_value said = {0}; /* IR 3 lists initialisers as inputs too */
            if (info->type && as_graph_value_type(info, &said, NULL) && said.dtype != value->constant->dtype)
                return AS_FAIL(err, AS_EFORMAT, "input '%.200s' and its initialiser differ in type", info->name);
            continue;
        }
        if (!as_graph_value_type(info, value, err))
            return as_err_note(err, "input '%.200s'", info->name);
        if (!as_graph_input_fits(value, err))
            return false;
        value->is_input = true;
        view->inputs[view->n_inputs++] = id;
    }
    return true;
}

static bool view_outputs(view_maker *maker, as_err *err)
{
    graph_view *view = &maker->view;
    for (size_t i = 0; i < maker->proto->n_output; i++) {
        const Onnx__ValueInfoProto *info = maker->proto->output[i];
        int32_t                     id = info->name ? view_find(view, info->name) : -1;
        if (id < 0)
            return AS_FAIL(err, AS_EFORMAT, "output '%.200s' is made by no node", info->name ? info->name : "");
        if (view->values[id].is_output)
            return AS_FAIL(err, AS_EFORMAT, "output '%.200s' is given twice", info->name);
        as_value said = {0};
        if (info->type && !as_graph_value_type(info, &said, err))
            return as_err_note(err, "output '%.200s'", info->name);
        if (!view->values[id].dtype)
            view->values[id].dtype = said.dtype;
        view->declared[id] = said.dtype;
        view->values[id].is_output = true;
        view->outputs[view->n_outputs++] = id;
    }
    if (view->n_outputs == 0)
        return AS_FAIL(err, AS_EFORMAT, "it has no output");
    return true;
}

/* What the file says of values on their way. Of no use for anything but finding that it is not so: then it was changed by
 * somebody who did not see to the whole. */
static void view_declared(view_maker *maker)
{
    for (size_t i = 0; i < maker->proto->n_value_info; i++) {
        const Onnx__ValueInfoProto *info = maker->proto->value_info[i];
        int32_t                     id = info->name ? view_find(&maker->view, info->name) : -1;
        as_value                    said = {0};
        if (id >= 0 && as_graph_value_type(info, &said, NULL))
            maker->view.declared[id] = said.dtype;
    }
}

static bool view_node_inputs(view_maker *maker, size_t i, as_err *err)
{
    const Onnx__NodeProto *proto = maker->proto->node[i];
    for (size_t k = 0; k < proto->n_input; k++) {
        int32_t id = *proto->input[k] ? view_find(&maker->view, proto->input[k]) : -1;
        if (id < 0 && *proto->input[k])
            return AS_FAIL(err, AS_EFORMAT, "it reads '%.200s', which nothing makes", proto->input[k]);
        if (id >= 0 && maker->view.values[id].producer >= (int32_t)i)
            return AS_FAIL(err, AS_EFORMAT, "it reads '%.200s' before that is made (a cycle, or nodes out of order)",
                           proto->input[k]);
        maker->view.ids[maker->n_ids++] = id;
    }
    for (size_t k = 0; k < proto->n_output; k++)
        maker->view.ids[maker->n_ids++] = *proto->output[k] ? view_find(&maker->view, proto->output[k]) : -1;
    return true;
}

static bool view_nodes(view_maker *maker, as_err *err)
{
    for (size_t i = 0; i < maker->proto->n_node; i++) {
        const Onnx__NodeProto *proto = maker->proto->node[i];
        const int32_t         *ids = &maker->view.ids[maker->n_ids];
        if (!view_node_inputs(maker, i, err)) {
            char label[300];
            as_graph_node_label(proto, label, sizeof label);
            return as_err_note(err, "%s (%s)", label, proto->op_type);
        }
        maker->view.nodes[maker->view.n_nodes++] = (as_node){
            .op = proto->op_type,
            .name = proto->name ? proto->name : "",
            .n_inputs = proto->n_input,
            .n_outputs = proto->n_output,
            .inputs = ids,
            .outputs = ids + proto->n_input,
            .proto = proto,
        };
    }
    return true;
}

static bool view_add_inputs(view_maker *maker, as_err *err)
{
    graph_view *view = &maker->view;
    size_t      n_constants = view->n_values;
    /* Initialisers are there already: sorted for a moment, so that an input of the same name is not made twice. */
    if (!view_sort(view, err))
        return false;
    for (size_t i = 0; i < maker->proto->n_input; i++) {
        const char *name = maker->proto->input[i]->name;
        if (!name || !*name)
            return AS_FAIL(err, AS_EFORMAT, "input %zu has no name", i);
        size_t all = view->n_values;
        view->n_values = n_constants;
        bool have = view_find(view, name) >= 0;
        view->n_values = all;
        if (!have)
            view_add(maker, name, -1);
    }
    return true;
}

bool as_graph_view_make(as_graph *graph, as_err *err)
{
    view_maker  maker = {.proto = graph->model->graph};
    graph_view *view = &maker.view;
    bool        ok = view_alloc(&maker, err) && view_add_constants(&maker, err) && view_add_inputs(&maker, err) &&
              view_add_produced(&maker, err) && view_sort(view, err) && view_inputs(&maker, err) &&
              view_outputs(&maker, err) && view_nodes(&maker, err);
    if (!ok) {
        as_graph_view_done(view);
        return false;
    }
    view_declared(&maker);
    for (size_t i = 0; i < view->n_values; i++) {
        as_value *value = &view->values[i];
        if (!value->constant)
            continue;
        value->dtype = value->constant->dtype;
        value->shape = value->constant->shape;
        value->has_shape = true;
    }
    as_graph_view_done(&graph->view);
    graph->view = *view;
    return true;
}

int32_t as_graph_find(const as_graph *graph, const char *value_name)
{
    return view_find(&graph->view, value_name);
}
