/* SPDX-License-Identifier: Apache-2.0 */
/* ONNX's onnx.proto, IR version 10; the wire format is Protocol Buffers' "Encoding". */
#include "graph/read_priv.h"

#include "base/fs.h"

/* A message of a few bytes becomes a struct of many: what unpacking may take at most, whatever the file says. */
#define PARSE_MAX_MEMORY ((size_t)3 << 30)

typedef struct parse_budget {
    size_t left;
    bool   exceeded;
} parse_budget;

static void *parse_alloc(void *data, size_t n)
{
    parse_budget *budget = data;
    size_t        cost = n + 2 * sizeof(void *);
    if (cost < n || cost > budget->left) {
        budget->exceeded = true;
        return NULL;
    }
    budget->left -= cost;
    return malloc(n ? n : 1);
}

static void parse_free(void *data, void *p)
{
    (void)data;
    free(p);
}

Onnx__ModelProto *as_graph_unpack(const uint8_t *bytes, size_t n, as_err *err)
{
    parse_budget       budget = {.left = AS_MIN(PARSE_MAX_MEMORY, ((size_t)64 << 20) + 80 * n)};
    ProtobufCAllocator allocator = {parse_alloc, parse_free, &budget};
    if (n > AS_GRAPH_MAX_BYTES) {
        AS_FAIL(err, AS_ELIMIT, "it has %zu bytes, more than the %zu allowed", n, AS_GRAPH_MAX_BYTES);
        return NULL;
    }
    if (!as_graph_check_wire(bytes, n, err))
        return NULL;
    Onnx__ModelProto *model = onnx__model_proto__unpack(&allocator, n, bytes);
    if (!model && budget.exceeded)
        AS_FAIL(err, AS_ELIMIT, "it needs more memory than a model may");
    else if (!model)
        AS_FAIL(err, AS_EFORMAT, "not an ONNX model (its protobuf message cannot be read)");
    return model;
}

static bool parse_into(as_graph *graph, const uint8_t *bytes, size_t n, as_err *err)
{
    graph->model = as_graph_unpack(bytes, n, err);
    return graph->model && as_graph_check_model(graph->model, &graph->opset, err) && as_graph_view_make(graph, err) &&
           as_graph_keep(graph, bytes, n, err);
}

as_graph *as_graph_begin(const char *name, as_err *err)
{
    as_graph *graph = calloc(1, sizeof *graph);
    if (graph)
        graph->name = strdup(name);
    if (graph && graph->name)
        return graph;
    AS_FAIL(err, AS_ENOMEM, "cannot hold model '%s'", name);
    return as_graph_free(graph);
}

as_graph *as_graph_parse(const uint8_t *bytes, size_t n, const char *name, as_err *err)
{
    as_graph *graph = as_graph_begin(name, err);
    if (graph && !parse_into(graph, bytes, n, err)) {
        as_err_note(err, "cannot use model '%s'", name);
        return as_graph_free(graph);
    }
    return graph;
}

as_graph *as_graph_read(const char *path, as_err *err)
{
    uint8_t *bytes;
    size_t   n;
    if (!as_fs_read(path, AS_GRAPH_MAX_BYTES, &bytes, &n, err))
        return NULL;
    as_graph *graph = as_graph_parse(bytes, n, path, err);
    free(bytes);
    return graph;
}

as_graph *as_graph_free(as_graph *graph)
{
    if (!graph)
        return NULL;
    as_graph_view_done(&graph->view);
    as_graph_give_back(graph);
    if (graph->model)
        onnx__model_proto__free_unpacked(graph->model, NULL);
    free(graph->kept);
    free(graph->name);
    free(graph);
    return NULL;
}

int as_graph_opset(const as_graph *graph)
{
    return graph->opset;
}

size_t as_graph_n_nodes(const as_graph *graph)
{
    return graph->view.n_nodes;
}

const as_node *as_graph_node(const as_graph *graph, size_t i)
{
    return i < graph->view.n_nodes ? &graph->view.nodes[i] : NULL;
}

size_t as_graph_n_values(const as_graph *graph)
{
    return graph->view.n_values;
}

const as_value *as_graph_value(const as_graph *graph, int32_t id)
{
    return id >= 0 && (size_t)id < graph->view.n_values ? &graph->view.values[id] : NULL;
}

size_t as_graph_n_inputs(const as_graph *graph)
{
    return graph->view.n_inputs;
}

size_t as_graph_n_outputs(const as_graph *graph)
{
    return graph->view.n_outputs;
}

int32_t as_graph_input(const as_graph *graph, size_t i)
{
    return i < graph->view.n_inputs ? graph->view.inputs[i] : -1;
}

int32_t as_graph_output(const as_graph *graph, size_t i)
{
    return i < graph->view.n_outputs ? graph->view.outputs[i] : -1;
}
