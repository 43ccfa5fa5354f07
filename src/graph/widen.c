/* SPDX-License-Identifier: Apache-2.0 */
#include "graph/widen.h"

#include "graph/graph_priv.h"
#include "tensor/half.h"

/* --- data --- */

static bool widen_tensor(Onnx__TensorProto *proto, as_err *err)
{
    as_tensor half;
    if (!proto->has_data_type || proto->data_type != (int32_t)AS_DTYPE_F16)
        return true;
    if (!as_graph_read_constant(proto, &half, err))
        return false;
    const size_t n = as_tensor_count(&half);
    float       *wide = malloc(n * sizeof *wide + 1);
    if (!wide) {
        as_tensor_done(&half);
        return AS_FAIL(err, AS_ENOMEM, "cannot widen %zu half floats", n);
    }
    for (size_t i = 0; i < n; i++) {
        uint16_t bits; /* raw_data stands at any address */
        memcpy(&bits, (const uint8_t *)half.data + i * sizeof bits, sizeof bits);
        wide[i] = as_half_to_float(bits);
    }
    as_tensor_done(&half);
    free(proto->raw_data.data);
    free(proto->int32_data);
    proto->int32_data = NULL;
    proto->n_int32_data = 0;
    proto->has_raw_data = true;
    proto->raw_data = (ProtobufCBinaryData){.len = n * sizeof *wide, .data = (uint8_t *)wide};
    proto->data_type = (int32_t)AS_DTYPE_F32;
    return true;
}

static bool widen_is_half(const Onnx__ValueInfoProto *info)
{
    return info->type && info->type->value_case == ONNX__TYPE_PROTO__VALUE_TENSOR_TYPE && info->type->tensor_type &&
           info->type->tensor_type->has_elem_type && info->type->tensor_type->elem_type == (int32_t)AS_DTYPE_F16;
}

static void widen_info(Onnx__ValueInfoProto *info)
{
    if (widen_is_half(info))
        info->type->tensor_type->elem_type = (int32_t)AS_DTYPE_F32;
}

/* Tensors in attributes, and attributes that name a type: Cast's "to", "dtype" of those that make values. */
static bool widen_attributes(Onnx__NodeProto *node, as_err *err)
{
    for (size_t i = 0; i < node->n_attribute; i++) {
        Onnx__AttributeProto *attr = node->attribute[i];
        const bool            is_type = strcmp(attr->name, "to") == 0 || strcmp(attr->name, "dtype") == 0;
        if (attr->t && !widen_tensor(attr->t, err))
            return false;
        if (is_type && attr->has_i && attr->i == (int64_t)AS_DTYPE_F16)
            attr->i = (int64_t)AS_DTYPE_F32;
    }
    return true;
}

/* --- edges --- */

/* The new name of each value of f16 that comes in or goes out, by its id: what the nodes work with. NULL for all others.
 * All are chosen before one is changed, because the views' names are those of the message. */
static bool widen_choose(const as_graph *graph, int32_t id, char **wide, as_err *err)
{
    const char *name = as_graph_value(graph, id)->name;
    as_str      text;
    as_str_init(&text);
    as_str_add(&text, name);
    do
        as_str_addf(&text, "/f32.%d", id);
    while (as_str_ok(&text) && as_graph_find(graph, text.s) >= 0);
    free(wide[id]);
    wide[id] = as_str_ok(&text) ? strdup(text.s) : NULL;
    as_str_done(&text);
    return wide[id] || AS_FAIL(err, AS_ENOMEM, "cannot widen value '%.200s'", name);
}

static bool widen_choose_all(const as_graph *graph, char **wide, as_err *err)
{
    const Onnx__GraphProto *proto = graph->model->graph;
    bool                    ok = true;
    for (size_t i = 0; ok && i < as_graph_n_inputs(graph); i++) {
        const int32_t id = as_graph_input(graph, i);
        ok = as_graph_value(graph, id)->dtype != AS_DTYPE_F16 || widen_choose(graph, id, wide, err);
    }
    for (size_t i = 0; ok && i < proto->n_output; i++) {
        const int32_t id = as_graph_find(graph, proto->output[i]->name);
        ok = !widen_is_half(proto->output[i]) || id < 0 || widen_choose(graph, id, wide, err);
    }
    return ok;
}

static bool widen_rename(char **name, const char *to, as_err *err)
{
    char *copy = to ? strdup(to) : NULL;
    if (!to)
        return true;
    if (!copy)
        return AS_FAIL(err, AS_ENOMEM, "cannot widen value '%.200s'", *name);
    free(*name);
    *name = copy;
    return true;
}

/* Whoever makes such a value makes the wide one, and whoever reads it reads that. */
static bool widen_rename_all(as_graph *graph, char *const *wide, as_err *err)
{
    Onnx__GraphProto *proto = graph->model->graph;
    bool              ok = true;
    for (size_t i = 0; ok && i < proto->n_value_info; i++) { /* first: it asks for names as they were */
        const char   *name = proto->value_info[i]->name;
        const int32_t id = name ? as_graph_find(graph, name) : -1;
        ok = id < 0 || widen_rename(&proto->value_info[i]->name, wide[id], err);
    }
    for (size_t i = 0; ok && i < proto->n_initializer; i++) /* their ids are their indices */
        ok = widen_rename(&proto->initializer[i]->name, wide[i], err);
    for (size_t i = 0; ok && i < proto->n_node; i++) {
        const as_node *node = &graph->view.nodes[i];
        for (size_t k = 0; ok && k < node->n_inputs; k++)
            ok = node->inputs[k] < 0 || widen_rename(&proto->node[i]->input[k], wide[node->inputs[k]], err);
        for (size_t k = 0; ok && k < node->n_outputs; k++)
            ok = node->outputs[k] < 0 || widen_rename(&proto->node[i]->output[k], wide[node->outputs[k]], err);
    }
    return ok;
}

static bool widen_cast(as_graph *graph, const char *from, const char *to, as_dtype dtype, as_err *err)
{
    const as_attr attr = {.name = "to", .kind = AS_ATTR_INT, .i = (int64_t)dtype};
    return as_graph_add_node(graph, "Cast", to, (const char *const[]){from, NULL}, (const char *const[]){to, NULL},
                             &attr, 1, err);
}

/* The n nodes from `from` on come first. */
static bool widen_to_front(Onnx__GraphProto *proto, size_t from, size_t n, as_err *err)
{
    Onnx__NodeProto **moved = malloc((n + 1) * sizeof *moved);
    if (!moved)
        return AS_FAIL(err, AS_ENOMEM, "cannot widen a graph");
    memcpy(moved, proto->node + from, n * sizeof *moved);
    memmove(proto->node + n, proto->node, from * sizeof *moved);
    memcpy(proto->node, moved, n * sizeof *moved);
    free(moved);
    return true;
}

/* A Cast behind each input, in front of all nodes, and one before each output. ids: of the outputs. */
static bool widen_casts(as_graph *graph, char **wide, const int32_t *ids, as_err *err)
{
    Onnx__GraphProto *proto = graph->model->graph;
    const size_t      n_nodes = proto->n_node;
    bool              ok = true;
    for (size_t i = 0; ok && i < graph->view.n_inputs; i++) {
        const int32_t id = graph->view.inputs[i];
        ok = !wide[id] || widen_cast(graph, graph->view.values[id].name, wide[id], AS_DTYPE_F32, err);
    }
    if (!ok || !widen_to_front(proto, n_nodes, proto->n_node - n_nodes, err))
        return false;
    for (size_t i = 0; ok && i < proto->n_output; i++) {
        if (ids[i] < 0 || !wide[ids[i]] || graph->view.values[ids[i]].is_input)
            continue;
        ok = widen_cast(graph, wide[ids[i]], proto->output[i]->name, AS_DTYPE_F16, err);
        free(wide[ids[i]]); /* one Cast is enough for an output that is listed twice */
        wide[ids[i]] = NULL;
    }
    return ok;
}

static bool widen_edges(as_graph *graph, char **wide, int32_t *ids, as_err *err)
{
    const Onnx__GraphProto *proto = graph->model->graph;
    for (size_t i = 0; i < proto->n_output; i++)
        ids[i] = as_graph_find(graph, proto->output[i]->name);
    return widen_choose_all(graph, wide, err) && widen_rename_all(graph, wide, err) &&
           widen_casts(graph, wide, ids, err);
}

/* --- insides --- */

static bool widen_insides(Onnx__GraphProto *proto, as_err *err)
{
    for (size_t i = 0; i < proto->n_initializer; i++)
        if (!widen_tensor(proto->initializer[i], err))
            return as_err_note(err, "initialiser '%.200s'", proto->initializer[i]->name);
    for (size_t i = 0; i < proto->n_node; i++)
        if (!widen_attributes(proto->node[i], err))
            return false;
    for (size_t i = 0; i < proto->n_value_info; i++)
        widen_info(proto->value_info[i]);
    return true;
}

/* IR 3 lists initialisers as inputs too. */
static void widen_listed(as_graph *graph)
{
    Onnx__GraphProto *proto = graph->model->graph;
    for (size_t i = 0; i < proto->n_input; i++) {
        const int32_t id = as_graph_find(graph, proto->input[i]->name);
        if (id >= 0 && as_graph_value(graph, id)->constant)
            widen_info(proto->input[i]);
    }
}

static bool widen_has_half(const as_graph *graph)
{
    int64_t to;
    for (size_t i = 0; i < as_graph_n_values(graph); i++) {
        const as_value *value = as_graph_value(graph, (int32_t)i);
        if (value->dtype == AS_DTYPE_F16 || (value->constant && value->constant->dtype == AS_DTYPE_F16))
            return true;
    }
    for (size_t i = 0; i < as_graph_n_nodes(graph); i++)
        if (as_node_int(as_graph_node(graph, i), "to", &to) && to == (int64_t)AS_DTYPE_F16)
            return true;
    return false;
}

bool as_graph_widen(as_graph *graph, as_err *err)
{
    if (!widen_has_half(graph))
        return true;
    const size_t n = graph->view.n_values;
    char       **wide = calloc(n + 1, sizeof *wide);
    int32_t     *ids = calloc(graph->model->graph->n_output + 1, sizeof *ids);
    bool         ok = (wide && ids) || AS_FAIL(err, AS_ENOMEM, "out of memory");
    if (ok) {
        widen_listed(graph);
        ok = widen_insides(graph->model->graph, err) && widen_edges(graph, wide, ids, err) &&
             as_graph_finish(graph, err);
    }
    for (size_t i = 0; wide && i < n; i++)
        free(wide[i]);
    free(wide);
    free(ids);
    return ok || as_err_note(err, "cannot widen model '%s'", graph->name);
}
