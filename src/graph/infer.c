/* SPDX-License-Identifier: Apache-2.0 */
/* Shape inference: one pass in topological order; each operator's rule stands in shape_*.c, named in op.def. */
#include "graph/fold.h"
#include "graph/read_priv.h"
#include "tensor/half.h"

const as_value *as_rule_in(const as_graph *graph, const as_node *node, size_t i)
{
    return i < node->n_inputs ? as_graph_value(graph, node->inputs[i]) : NULL;
}

enum { INFER_FEW = 64 };

static graph_known *infer_new(size_t n, bool real)
{
    graph_known *known = malloc(sizeof *known + n * sizeof *known->at);
    if (known)
        *known = (graph_known){.n = n, .real = real};
    return known;
}

graph_known *as_graph_known_new(graph_view *view, size_t n, bool real)
{
    if (n > GRAPH_MAX_KNOWN || view->n_cells + n > GRAPH_MAX_CELLS)
        return NULL; /* not knowing is always allowed */
    graph_known *known = infer_new(n, real);
    view->n_cells += known ? n + 1 : 0;
    return known;
}

static int64_t infer_integer(const as_tensor *constant, size_t i)
{
    const uint8_t *data = constant->data;
    int64_t        wide;
    int32_t        narrow;
    switch (constant->dtype) {
    case AS_DTYPE_I64: memcpy(&wide, data + i * sizeof wide, sizeof wide); return wide;
    case AS_DTYPE_I32: memcpy(&narrow, data + i * sizeof narrow, sizeof narrow); return narrow;
    case AS_DTYPE_I8: return (int8_t)data[i];
    case AS_DTYPE_BOOL: return data[i] != 0;
    default: return data[i];
    }
}

/* Small constants are known from the start. A few integers are what rules ask for: a shape, axes. Those are not counted, so that
 * nothing that could be folded takes them away. */
static graph_known *infer_known_constant(graph_view *view, const as_tensor *constant)
{
    const bool   real = as_fold_is_real(constant->dtype);
    const size_t n = as_tensor_count(constant);
    graph_known *known = !real && n <= INFER_FEW ? infer_new(n, real) : as_graph_known_new(view, n, real);
    for (size_t i = 0; known && i < n; i++) {
        known->at[i] = real ? as_fold_float(AS_DTYPE_F64, as_tensor_number(constant, i)) : infer_integer(constant, i);
        if (!real && known->at[i] == GRAPH_UNKNOWN) {
            known->at[i]++; /* the smallest integer of all means "beyond any index" in a Slice: so does the next */
            known->off = true;
        }
    }
    return known;
}

const graph_known *as_rule_in_cells(as_graph *graph, const as_node *node, size_t i)
{
    const as_value *value = as_rule_in(graph, node, i);
    if (!value)
        return NULL;
    graph_known **known = &graph->view.known[node->inputs[i]];
    if (!*known && value->constant)
        *known = infer_known_constant(&graph->view, value->constant);
    return *known;
}

const graph_known *as_rule_in_known(as_graph *graph, const as_node *node, size_t i)
{
    const graph_known *known = as_rule_in_cells(graph, node, i);
    return known && !known->real ? known : NULL;
}

bool as_graph_size_fits(as_dtype dtype, const as_shape *shape)
{
    size_t count = 1;
    for (int i = 0; i < shape->rank; i++)
        if (shape->dims[i] > 0 && !as_size_mul(count, (size_t)shape->dims[i], &count))
            return false;
    return count <= AS_TENSOR_MAX_BYTES / AS_MAX(as_dtype_bytes(dtype), (size_t)1);
}

bool as_rule_set(as_graph *graph, const as_node *node, size_t out, as_dtype dtype, const as_shape *shape, as_err *err)
{
    char text[AS_TENSOR_MAX_RANK * 24];
    if (out >= node->n_outputs || node->outputs[out] < 0)
        return true;
    if (shape->rank < 0 || shape->rank > AS_TENSOR_MAX_RANK)
        return AS_FAIL(err, AS_ELIMIT, "its result has %d dimensions, more than %d", shape->rank, AS_TENSOR_MAX_RANK);
    for (int i = 0; i < shape->rank; i++) {
        if (shape->dims[i] < -1 || shape->dims[i] > GRAPH_MAX_DIM)
            return AS_FAIL(err, AS_EFORMAT, "dimension %d of its result would be %lld", i, (long long)shape->dims[i]);
    }
    if (!as_graph_size_fits(dtype, shape))
        return AS_FAIL(err, AS_ELIMIT, "its result of %s is larger than a tensor may be",
                       as_shape_text(shape, text, sizeof text));
    as_value *value = &graph->view.values[node->outputs[out]];
    as_dtype  declared = graph->view.declared[node->outputs[out]];
    if (declared && declared != dtype)
        return AS_FAIL(err, AS_EFORMAT, "it makes '%.200s' %s, which the model says is %s", value->name,
                       as_dtype_name(dtype), as_dtype_name(declared));
    value->dtype = dtype;
    value->shape = *shape;
    value->has_shape = true;
    return true;
}

bool as_rule_axis(int64_t axis, int rank, int *ret, as_err *err)
{
    if (axis < -rank || axis >= rank)
        return AS_FAIL(err, AS_EFORMAT, "axis %lld is not one of %d dimensions", (long long)axis, rank);
    *ret = (int)(axis < 0 ? axis + rank : axis);
    return true;
}

bool as_rule_broadcast(const as_shape *a, const as_shape *b, as_shape *ret, as_err *err)
{
    char     text_a[AS_TENSOR_MAX_RANK * 24], text_b[AS_TENSOR_MAX_RANK * 24];
    as_shape out = {.rank = AS_MAX(a->rank, b->rank)};
    for (int i = 0; i < out.rank; i++) {
        int     from_a = i - (out.rank - a->rank), from_b = i - (out.rank - b->rank);
        int64_t x = from_a < 0 ? 1 : a->dims[from_a], y = from_b < 0 ? 1 : b->dims[from_b];
        if (x != y && x > 1 && y > 1)
            return AS_FAIL(err, AS_EFORMAT, "shapes %s and %s do not fit", as_shape_text(a, text_a, sizeof text_a),
                           as_shape_text(b, text_b, sizeof text_b));
        out.dims[i] = x == 1 ? y : y == 1 ? x : x < 0 ? y : x;
    }
    *ret = out;
    return true;
}

/* --- the pass --- */

static bool infer_types(const as_graph *graph, const as_node *node, const graph_op *op, as_err *err)
{
    for (size_t i = 0; i < node->n_inputs; i++) {
        const as_value *value = as_rule_in(graph, node, i);
        if (value && !value->has_shape)
            return AS_FAIL(err, AS_EUNSUPPORTED, "the shape of its input '%.200s' is not known", value->name);
    }
    const as_value *first = as_rule_in(graph, node, 0);
    if (!first || op->types == GRAPH_ANY)
        return true;
    bool is_float = first->dtype == AS_DTYPE_F32 || first->dtype == AS_DTYPE_F16 || first->dtype == AS_DTYPE_F64;
    if (op->types == GRAPH_BOOL)
        return first->dtype == AS_DTYPE_BOOL || AS_FAIL(err, AS_EFORMAT, "its input '%.200s' is %s and not bool",
                                                        first->name, as_dtype_name(first->dtype));
    if (!is_float && (op->types == GRAPH_FLOAT || first->dtype == AS_DTYPE_BOOL))
        return AS_FAIL(err, AS_EFORMAT, "its input '%.200s' is %s, which it does not take", first->name,
                       as_dtype_name(first->dtype));
    return true;
}

/* What is known of all of a value; false: of some of it nothing is. */
static bool infer_is_whole(const graph_view *view, int32_t id)
{
    const graph_known *known = view->known[id];
    const as_value    *value = &view->values[id];
    size_t             n;
    bool whole = known && value->has_shape && as_shape_count(&value->shape, &n) && n == known->n && !known->off;
    for (size_t i = 0; whole && i < n; i++)
        whole = as_fold_has(known->at[i], known->real);
    return whole;
}

static void infer_write(as_tensor *t, size_t i, int64_t cell)
{
    uint8_t *data = t->data;
    switch (t->dtype) {
    case AS_DTYPE_F32: ((float *)t->data)[i] = (float)as_fold_real(cell); break;
    case AS_DTYPE_F64: ((double *)t->data)[i] = as_fold_real(cell); break;
    case AS_DTYPE_F16: ((uint16_t *)t->data)[i] = as_half_from_float((float)as_fold_real(cell)); break;
    case AS_DTYPE_I64: ((int64_t *)t->data)[i] = cell; break;
    case AS_DTYPE_I32: ((int32_t *)t->data)[i] = (int32_t)cell; break;
    default: data[i] = (uint8_t)cell; break;
    }
}

static bool infer_is_open(const graph_view *view, int32_t id)
{
    return id >= 0 && !view->values[id].constant;
}

/* What is known to its last number is a constant to those who come after; of a node's results all are, or none. */
static void infer_fold_values(graph_view *view, const as_node *node)
{
    size_t n_made = 0;
    bool   whole = true;
    for (size_t o = 0; whole && o < node->n_outputs; o++)
        whole = !infer_is_open(view, node->outputs[o]) || infer_is_whole(view, node->outputs[o]);
    for (; whole && n_made < node->n_outputs; n_made++) {
        const int32_t id = node->outputs[n_made];
        if (!infer_is_open(view, id))
            continue;
        whole = as_tensor_new(&view->folded[id], view->values[id].dtype, &view->values[id].shape, NULL);
        for (size_t i = 0; whole && i < view->known[id]->n; i++)
            infer_write(&view->folded[id], i, view->known[id]->at[i]);
    }
    for (size_t o = 0; o < n_made; o++) {
        const int32_t id = node->outputs[o];
        if (infer_is_open(view, id) && whole)
            view->values[id].constant = &view->folded[id];
        else if (infer_is_open(view, id))
            as_tensor_done(&view->folded[id]);
    }
}

static bool infer_node(as_graph *graph, const as_node *node, as_err *err)
{
    const graph_op *op = as_graph_op_find(node->op);
    char            label[300];
    if (op && infer_types(graph, node, op, err) && op->rule(graph, node, err)) {
        op->fold(graph, node);
        infer_fold_values(&graph->view, node);
        return true;
    }
    as_graph_node_label(node->proto, label, sizeof label);
    return as_err_note(err, "%s (%s)", label, node->op);
}

static const char *infer_batch_symbol(const Onnx__ValueInfoProto *info)
{
    const Onnx__TensorShapeProto *shape = info->type->tensor_type->shape;
    bool                          has =
        shape && shape->n_dim && shape->dim[0]->value_case == ONNX__TENSOR_SHAPE_PROTO__DIMENSION__VALUE_DIM_PARAM;
    return has && *shape->dim[0]->dim_param ? shape->dim[0]->dim_param : NULL;
}

bool as_graph_input_fits(const as_value *value, as_err *err)
{
    char text[AS_TENSOR_MAX_RANK * 24];
    return !value->has_shape || as_graph_size_fits(value->dtype, &value->shape) ||
           AS_FAIL(err, AS_ELIMIT, "input '%.200s': its %s numbers are more than a tensor may have", value->name,
                   as_shape_text(&value->shape, text, sizeof text));
}

/* The inputs as the model declares them, but for their batch: an earlier pass may have set another. */
static bool infer_inputs(as_graph *graph, int64_t batch, as_err *err)
{
    const Onnx__GraphProto *proto = graph->model->graph;
    const char             *symbol = NULL;
    size_t                  n = 0;
    for (size_t i = 0; i < proto->n_input; i++) {
        const Onnx__ValueInfoProto *info = proto->input[i];
        as_value                   *value = &graph->view.values[as_graph_find(graph, info->name)];
        if (!value->is_input)
            continue;
        if (!as_graph_value_type(info, value, err))
            return false;
        const char *own = infer_batch_symbol(info);
        bool        same = n == 0 || (symbol && own && strcmp(symbol, own) == 0);
        if (n++ == 0)
            symbol = own;
        if (same && batch > 0 && value->has_shape && value->shape.rank > 0 && value->shape.dims[0] < 0)
            value->shape.dims[0] = batch;
        if (!as_graph_input_fits(value, err))
            return as_err_note(err, "model '%s'", graph->name);
    }
    return true;
}

static bool infer_begin(as_graph *graph, int64_t batch, as_err *err)
{
    graph_view *view = &graph->view;
    if (batch < 0 || batch > 65536)
        return AS_FAIL(err, AS_EINVAL, "a batch of %lld is not between 1 and 65536", (long long)batch);
    as_graph_view_forget(view);
    for (size_t i = 0; i < view->n_values; i++)
        if (!view->values[i].constant)
            view->values[i].has_shape = false;
    return infer_inputs(graph, batch, err);
}

bool as_graph_infer_shapes(as_graph *graph, int64_t batch, as_err *err)
{
    if (!infer_begin(graph, batch, err))
        return false;
    for (size_t i = 0; i < graph->view.n_nodes; i++)
        if (!infer_node(graph, &graph->view.nodes[i], err))
            return as_err_note(err, "model '%s'", graph->name);
    return true;
}

void as_graph_set_room(as_graph *graph, int32_t id, int axis, int64_t room)
{
    graph->view.values[id].shape.dims[axis] = room;
}

/* Does it wait for a node that was refused, or for one that does? */
static bool infer_waits(const as_graph *graph, const as_node *node)
{
    for (size_t i = 0; i < node->n_inputs; i++) {
        const as_value *value = as_rule_in(graph, node, i);
        if (value && !value->has_shape && value->producer >= 0)
            return true;
    }
    return false;
}

bool as_graph_infer_all(as_graph *graph, int64_t batch, graph_refused refused, void *ctx, as_err *err)
{
    if (!infer_begin(graph, batch, err))
        return false;
    for (size_t i = 0; i < graph->view.n_nodes; i++) {
        const as_node *node = &graph->view.nodes[i];
        as_err         why = AS_ERR_NONE;
        if (!infer_waits(graph, node) && !infer_node(graph, node, &why))
            refused(ctx, node, &why);
    }
    return true;
}
