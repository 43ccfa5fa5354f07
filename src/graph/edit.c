/* SPDX-License-Identifier: Apache-2.0 */
#include "graph/graph_priv.h"

bool as_graph_append(void *array, size_t *n, void *item, as_err *err)
{
    void **items, **grown = NULL;
    memcpy(&items, array, sizeof items);
    if (item) /* protobuf-c keeps no capacity */
        grown = realloc(items, (*n + 1) * sizeof *grown);
    if (!grown)
        return AS_FAIL(err, AS_ENOMEM, "cannot add to a graph");
    grown[(*n)++] = item;
    memcpy(array, &grown, sizeof grown);
    return true;
}

/* --- metadata --- */

const char *as_graph_meta(const as_graph *graph, const char *key)
{
    for (size_t i = 0; i < graph->model->n_metadata_props; i++) {
        const Onnx__StringStringEntryProto *entry = graph->model->metadata_props[i];
        if (entry->key && strcmp(entry->key, key) == 0)
            return entry->value ? entry->value : "";
    }
    return NULL;
}

static bool edit_add_meta(Onnx__ModelProto *model, const char *key, as_err *err)
{
    Onnx__StringStringEntryProto *entry = malloc(sizeof *entry);
    if (entry) {
        onnx__string_string_entry_proto__init(entry);
        entry->key = strdup(key);
    }
    if (entry && entry->key && as_graph_append(&model->metadata_props, &model->n_metadata_props, entry, err))
        return true;
    if (entry)
        onnx__string_string_entry_proto__free_unpacked(entry, NULL);
    return AS_FAIL(err, AS_ENOMEM, "cannot store '%s' in a model", key);
}

bool as_graph_set_meta(as_graph *graph, const char *key, const char *value, as_err *err)
{
    Onnx__ModelProto *model = graph->model;
    char             *copy = strdup(value);
    if (!copy)
        return AS_FAIL(err, AS_ENOMEM, "cannot store '%s' in a model", key);
    if (!as_graph_meta(graph, key) && !edit_add_meta(model, key, err)) {
        free(copy);
        return false;
    }
    for (size_t i = 0; i < model->n_metadata_props; i++) {
        Onnx__StringStringEntryProto *entry = model->metadata_props[i];
        if (!entry->key || strcmp(entry->key, key) != 0)
            continue;
        free(entry->value);
        entry->value = copy;
        return true;
    }
    free(copy);
    return AS_FAIL(err, AS_EINTERNAL, "cannot store '%s' in a model", key);
}

/* --- cutting --- */

/* What stays, by the index of each thing. All of it is decided before anything is freed: views point into what goes. */
typedef struct edit_cut {
    bool *values, *nodes, *inputs, *infos, *annotations;
} edit_cut;

static void edit_cut_done(edit_cut *cut)
{
    free(cut->values);
    free(cut->nodes);
    free(cut->inputs);
    free(cut->infos);
    free(cut->annotations);
}

static bool edit_cut_init(edit_cut *cut, const as_graph *graph, as_err *err)
{
    const Onnx__GraphProto *proto = graph->model->graph;
    cut->values = calloc(graph->view.n_values + 1, sizeof(bool));
    cut->nodes = calloc(proto->n_node + 1, sizeof(bool));
    cut->inputs = calloc(proto->n_input + 1, sizeof(bool));
    cut->infos = calloc(proto->n_value_info + 1, sizeof(bool));
    cut->annotations = calloc(proto->n_quantization_annotation + 1, sizeof(bool));
    if (cut->values && cut->nodes && cut->inputs && cut->infos && cut->annotations)
        return true;
    return AS_FAIL(err, AS_ENOMEM, "cannot cut model '%s'", graph->name);
}

static void edit_mark(edit_cut *cut, const as_graph *graph, int32_t target)
{
    const graph_view *view = &graph->view;
    cut->values[target] = true;
    for (size_t i = view->n_nodes; i-- > 0;) { /* topological order: who reads comes after who makes */
        const as_node *node = &view->nodes[i];
        for (size_t k = 0; k < node->n_outputs; k++)
            if (node->outputs[k] >= 0 && cut->values[node->outputs[k]])
                cut->nodes[i] = true;
        for (size_t k = 0; cut->nodes[i] && k < node->n_inputs; k++)
            if (node->inputs[k] >= 0)
                cut->values[node->inputs[k]] = true;
    }
}

static bool edit_keeps(const edit_cut *cut, const as_graph *graph, const char *name)
{
    int32_t id = name ? as_graph_find(graph, name) : -1;
    return id >= 0 && cut->values[id];
}

static void edit_mark_names(edit_cut *cut, const as_graph *graph)
{
    const Onnx__GraphProto *proto = graph->model->graph;
    for (size_t i = 0; i < proto->n_input; i++)
        cut->inputs[i] = edit_keeps(cut, graph, proto->input[i]->name);
    for (size_t i = 0; i < proto->n_value_info; i++)
        cut->infos[i] = edit_keeps(cut, graph, proto->value_info[i]->name);
    for (size_t i = 0; i < proto->n_quantization_annotation; i++)
        cut->annotations[i] = edit_keeps(cut, graph, proto->quantization_annotation[i]->tensor_name);
}

/* array: T ** of any message type */
static void edit_drop(void *array, size_t *n, const bool *keep)
{
    ProtobufCMessage **items = array;
    size_t             kept = 0;
    for (size_t i = 0; i < *n; i++) {
        if (keep[i])
            items[kept++] = items[i];
        else
            protobuf_c_message_free_unpacked(items[i], NULL);
    }
    *n = kept;
}

static bool edit_only_output(as_graph *graph, int32_t id, as_err *err)
{
    as_value value = graph->view.values[id]; /* its name outlives this: its node stays */
    return as_graph_clear_outputs(graph, err) && as_graph_add_output(graph, value.name, value.dtype, &value.shape, err);
}

bool as_graph_cut(as_graph *graph, const char *value_name, as_err *err)
{
    Onnx__GraphProto *proto = graph->model->graph;
    edit_cut          cut = {0};
    int32_t           id = as_graph_find(graph, value_name);
    if (id < 0)
        return AS_FAIL(err, AS_ENOTFOUND, "model '%s' has no value '%s'", graph->name, value_name);
    if (graph->view.values[id].producer < 0)
        return AS_FAIL(err, AS_EINVAL, "value '%s' of model '%s' is computed by no node", value_name, graph->name);
    if (!as_graph_own(graph, err) || !as_graph_infer_shapes(graph, 0, err))
        return false;
    bool ok = edit_cut_init(&cut, graph, err) && edit_only_output(graph, id, err);
    if (ok) {
        edit_mark(&cut, graph, id);
        edit_mark_names(&cut, graph);
        edit_drop(proto->value_info, &proto->n_value_info, cut.infos);
        edit_drop(proto->quantization_annotation, &proto->n_quantization_annotation, cut.annotations);
        edit_drop(proto->input, &proto->n_input, cut.inputs);
        edit_drop(proto->node, &proto->n_node, cut.nodes);
        edit_drop(proto->initializer, &proto->n_initializer, cut.values); /* their ids are their indices */
        as_graph_view_done(&graph->view);
        ok = as_graph_view_make(graph, err);
    }
    edit_cut_done(&cut);
    return ok;
}
