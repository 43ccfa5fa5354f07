/* SPDX-License-Identifier: Apache-2.0 */
#include "graph/review.h"

#include "graph/read_priv.h"

void as_review_done(as_review *review)
{
    for (size_t i = 0; i < review->refusals.n; i++) {
        free(review->refusals.at[i].node);
        free(review->refusals.at[i].op);
        free(review->refusals.at[i].reason);
    }
    as_vec_done(&review->refusals);
    review->graph = as_graph_free(review->graph);
}

/* "node 'conv1' (Conv): " and "node 'conv1' " are told beside the reason. name: what others than the reader call it. */
static const char *review_bare(const char *text, const char *label, const char *name, const char *op)
{
    char with_op[400];
    snprintf(with_op, sizeof with_op, "%s (%.60s): ", label, op);
    if (as_str_starts(text, with_op))
        return text + strlen(with_op);
    snprintf(with_op, sizeof with_op, "node '%.200s' (%.60s): ", name, op);
    if (as_str_starts(text, with_op))
        return text + strlen(with_op);
    size_t n = strlen(label);
    return as_str_starts(text, label) && text[n] == ' ' ? text + n + 1 : text;
}

/* proto NULL: the model as a whole */
static bool review_refuse(as_review *review, const Onnx__NodeProto *proto, const as_err *why, as_err *err)
{
    char        label[300] = "";
    const char *op = proto && proto->op_type ? proto->op_type : "", *name = "";
    if (review->refusals.n >= AS_REVIEW_MAX) {
        review->n_more++;
        return true;
    }
    if (proto) {
        as_graph_node_label(proto, label, sizeof label);
        name = as_graph_node_name(proto);
    }
    as_graph_refusal one = {.node = strdup(name), .op = strdup(op), .code = why->code};
    one.reason = strdup(proto ? review_bare(why->text, label, proto->name ? proto->name : "", op) : why->text);
    if (one.node && one.op && one.reason && as_vec_push(&review->refusals, one))
        return true;
    free(one.node);
    free(one.op);
    free(one.reason);
    return AS_FAIL(err, AS_ENOMEM, "out of memory");
}

bool as_review_add(as_review *review, const as_node *node, const as_err *why, as_err *err)
{
    return review_refuse(review, node ? node->proto : NULL, why, err);
}

/* --- the message --- */

static bool review_node(as_review *review, const Onnx__NodeProto *proto, as_err *err)
{
    as_err    why = AS_ERR_NONE;
    as_tensor constant = {0};
    bool      good = as_graph_check_node(proto, &why);
    if (good && strcmp(proto->op_type, "Constant") == 0) {
        good = as_graph_read_constant_node(proto, &constant, &why);
        as_tensor_done(&constant);
    }
    return good || review_refuse(review, proto, &why, err);
}

static bool review_constant(as_review *review, const Onnx__TensorProto *proto, as_err *err)
{
    as_err    why = AS_ERR_NONE;
    as_tensor constant = {0};
    bool      good = as_graph_read_constant(proto, &constant, &why);
    as_tensor_done(&constant);
    if (good)
        return true;
    as_err_note(&why, "initialiser '%.200s'", proto->name ? proto->name : "");
    return review_refuse(review, NULL, &why, err);
}

static bool review_message(as_review *review, const Onnx__ModelProto *model, as_err *err)
{
    as_err why = AS_ERR_NONE;
    int    opset;
    if (!as_graph_check_frame(model, &opset, &why) && !review_refuse(review, NULL, &why, err))
        return false;
    /* where there are too many, what is said of the first of them is enough */
    for (size_t i = 0; i < AS_MIN(model->graph->n_node, (size_t)GRAPH_MAX_NODES); i++)
        if (!review_node(review, model->graph->node[i], err))
            return false;
    for (size_t i = 0; i < AS_MIN(model->graph->n_initializer, (size_t)GRAPH_MAX_VALUES); i++)
        if (!review_constant(review, model->graph->initializer[i], err))
            return false;
    return true;
}

/* The node that a text names, so that it is told as one of the others. */
static const Onnx__NodeProto *review_node_of(const Onnx__GraphProto *graph, const char *text)
{
    char label[300], with_op[400];
    for (size_t i = 0; i < graph->n_node; i++) {
        as_graph_node_label(graph->node[i], label, sizeof label);
        snprintf(with_op, sizeof with_op, "%s (%.60s): ", label, graph->node[i]->op_type);
        if (as_str_starts(text, with_op))
            return graph->node[i];
    }
    return NULL;
}

/* Steals model. */
static bool review_take(as_review *review, Onnx__ModelProto *model, const uint8_t *bytes, size_t n, const char *name,
                        as_err *err)
{
    as_err    why = AS_ERR_NONE;
    as_graph *graph = calloc(1, sizeof *graph);
    char     *copy = strdup(name);
    if (!graph || !copy) {
        free(graph);
        free(copy);
        onnx__model_proto__free_unpacked(model, NULL);
        return AS_FAIL(err, AS_ENOMEM, "cannot hold model '%s'", name);
    }
    graph->model = model;
    graph->name = copy;
    if (as_graph_check_model(model, &graph->opset, &why) && as_graph_view_make(graph, &why)) {
        review->graph = graph; /* done with the review, whatever comes of this */
        return as_graph_keep(graph, bytes, n, err);
    }
    bool ok = review_refuse(review, review_node_of(model->graph, why.text), &why, err);
    as_graph_free(graph);
    return ok;
}

bool as_review_read(const uint8_t *bytes, size_t n, const char *name, as_review *ret, as_err *err)
{
    as_review         review = {.n_more = 0};
    as_err            why = AS_ERR_NONE;
    Onnx__ModelProto *model = as_graph_unpack(bytes, n, &why);
    if (model && !model->graph)
        as_err_set(&why, AS_EFORMAT, "not an ONNX model (it has no graph)");
    if (!model || !model->graph) {
        if (model)
            onnx__model_proto__free_unpacked(model, NULL);
        return AS_FAIL(err, why.code, "cannot use model '%s': %s", name, why.text);
    }
    bool ok = review_message(&review, model, err);
    if (ok && review.refusals.n == 0)
        ok = review_take(&review, model, bytes, n, name, err);
    else
        onnx__model_proto__free_unpacked(model, NULL);
    if (ok)
        *ret = review;
    else
        as_review_done(&review);
    return ok;
}

/* --- shapes --- */

typedef struct review_pass {
    as_review *review;
    as_err    *err;
    bool       ok;
} review_pass;

static void review_refused(void *ctx, const as_node *node, const as_err *why)
{
    review_pass *pass = ctx;
    pass->ok = pass->ok && as_review_add(pass->review, node, why, pass->err);
}

bool as_review_shapes(as_review *review, int64_t batch, as_err *err)
{
    review_pass pass = {review, err, true};
    return as_graph_infer_all(review->graph, batch, review_refused, &pass, err) && pass.ok;
}

/* --- one node --- */

static bool alone_input(as_graph *to, const as_value *value, as_err *err)
{
    if (value->constant)
        return as_graph_add_constant(to, value->name, value->constant, err);
    if (!value->has_shape)
        return AS_FAIL(err, AS_EUNSUPPORTED, "the shape of '%.200s' is not known", value->name);
    return as_graph_add_input(to, value->name, value->dtype, &value->shape, err);
}

static bool alone_node(as_graph *to, const Onnx__NodeProto *node, as_err *err)
{
    Onnx__GraphProto *proto = to->model->graph;
    size_t            n = onnx__node_proto__get_packed_size(node);
    uint8_t          *bytes = malloc(n + 1);
    Onnx__NodeProto  *copy = NULL;
    if (bytes) {
        onnx__node_proto__pack(node, bytes);
        copy = onnx__node_proto__unpack(NULL, n, bytes);
    }
    free(bytes);
    if (as_graph_append(&proto->node, &proto->n_node, copy, err))
        return true;
    if (copy)
        onnx__node_proto__free_unpacked(copy, NULL);
    return false;
}

/* An output that nobody asks for may be what an engine cannot make: the mask of a Dropout. */
static bool alone_is_used(const as_graph *graph, int32_t id)
{
    if (as_graph_value(graph, id)->is_output)
        return true;
    for (size_t i = 0; i < as_graph_n_nodes(graph); i++) {
        const as_node *node = as_graph_node(graph, i);
        for (size_t k = 0; k < node->n_inputs; k++)
            if (node->inputs[k] == id)
                return true;
    }
    return false;
}

static bool alone_ports(as_graph *to, const as_graph *graph, const as_node *node, as_err *err)
{
    for (size_t k = 0; k < node->n_inputs; k++) {
        bool told = node->inputs[k] < 0;
        for (size_t j = 0; j < k && !told; j++)
            told = node->inputs[j] == node->inputs[k];
        if (!told && !alone_input(to, as_graph_value(graph, node->inputs[k]), err))
            return false;
    }
    for (size_t k = 0; k < node->n_outputs; k++) {
        const as_value *value = as_graph_value(graph, node->outputs[k]);
        if (!value || (k > 0 && !alone_is_used(graph, node->outputs[k])))
            continue;
        if (!value->has_shape)
            return AS_FAIL(err, AS_EUNSUPPORTED, "the shape of '%.200s' is not known", value->name);
        if (!as_graph_add_output(to, value->name, value->dtype, &value->shape, err))
            return false;
    }
    return true;
}

as_graph *as_graph_alone(const as_graph *graph, size_t i, as_err *err)
{
    const as_node *node = as_graph_node(graph, i);
    as_graph      *to = node ? as_graph_new(graph->name, err) : NULL;
    if (!node)
        AS_FAIL(err, AS_EINVAL, "model '%s' has no node %zu", graph->name, i);
    if (!to)
        return NULL;
    to->model->opset_import[0]->version = graph->opset;
    if (alone_ports(to, graph, node, err) && alone_node(to, node->proto, err) && as_graph_finish(to, err))
        return to;
    return as_graph_free(to);
}
