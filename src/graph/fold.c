/* SPDX-License-Identifier: Apache-2.0 */
/* Numbers that can be computed without a single picture: shapes and what exporters do with them. */
#include "graph/fold.h"

#include <math.h>

#include "tensor/half.h"

/* --- cells --- */

bool as_fold_is_real(as_dtype dtype)
{
    return dtype == AS_DTYPE_F32 || dtype == AS_DTYPE_F64 || dtype == AS_DTYPE_F16;
}

double as_fold_real(int64_t cell)
{
    double v;
    memcpy(&v, &cell, sizeof v);
    return v;
}

int64_t as_fold_none(bool real)
{
    const double nan = NAN;
    int64_t      cell = GRAPH_UNKNOWN;
    if (real)
        memcpy(&cell, &nan, sizeof cell);
    return cell;
}

bool as_fold_has(int64_t cell, bool real)
{
    return real ? !isnan(as_fold_real(cell)) : cell != GRAPH_UNKNOWN;
}

int64_t as_fold_whole(as_dtype dtype, int64_t v)
{
    bool fits = true;
    switch (dtype) {
    case AS_DTYPE_I32: fits = v >= INT32_MIN && v <= INT32_MAX; break;
    case AS_DTYPE_U8: fits = v >= 0 && v <= UINT8_MAX; break;
    case AS_DTYPE_I8: fits = v >= INT8_MIN && v <= INT8_MAX; break;
    case AS_DTYPE_BOOL: fits = v == 0 || v == 1; break;
    default: break;
    }
    return fits ? v : GRAPH_UNKNOWN;
}

int64_t as_fold_float(as_dtype dtype, double v)
{
    int64_t cell;
    if (dtype == AS_DTYPE_F32)
        v = (double)(float)v;
    else if (dtype == AS_DTYPE_F16)
        v = (double)as_half_to_float(as_half_from_float((float)v));
    memcpy(&cell, &v, sizeof cell);
    return isnan(v) ? as_fold_none(true) : cell;
}

int64_t as_fold_cast(int64_t cell, bool real, as_dtype to)
{
    const bool to_real = as_fold_is_real(to);
    if (!as_fold_has(cell, real))
        return as_fold_none(to_real);
    if (to_real)
        return as_fold_float(to, real ? as_fold_real(cell) : (double)cell);
    if (to == AS_DTYPE_BOOL)
        return real ? as_fold_real(cell) != 0 : cell != 0;
    if (!real)
        return as_fold_whole(to, cell);
    const double v = as_fold_real(cell);
    return v > -0x1p63 && v < 0x1p63 ? as_fold_whole(to, (int64_t)v) : GRAPH_UNKNOWN;
}

/* --- values --- */

bool as_fold_read(as_graph *graph, const as_node *node, size_t i, fold_in *ret)
{
    const as_value    *value = as_rule_in(graph, node, i);
    const graph_known *known = value ? as_rule_in_cells(graph, node, i) : NULL;
    size_t             n;
    if (!known || known->off || !value->has_shape || !as_shape_count(&value->shape, &n) || n != known->n)
        return false;
    *ret = (fold_in){.n = n, .at = known->at, .shape = &value->shape, .dtype = value->dtype, .real = known->real};
    return true;
}

int64_t *as_fold_new(as_graph *graph, const as_node *node, size_t out)
{
    const int32_t   id = out < node->n_outputs ? node->outputs[out] : -1;
    const as_value *value = as_graph_value(graph, id);
    size_t          n;
    if (!value || value->constant || !value->has_shape || !as_shape_count(&value->shape, &n))
        return NULL;
    const bool   real = as_fold_is_real(value->dtype);
    graph_known *known = as_graph_known_new(&graph->view, n, real);
    for (size_t i = 0; known && i < n; i++)
        known->at[i] = as_fold_none(real);
    if (known) {
        free(graph->view.known[id]);
        graph->view.known[id] = known;
    }
    return known ? known->at : NULL;
}

/* --- walks --- */

void as_fold_strides(const as_shape *shape, int64_t *ret)
{
    int64_t stride = 1;
    for (int i = shape->rank; i-- > 0; stride *= shape->dims[i])
        ret[i] = stride;
}

bool as_fold_walk(fold_walk *walk, const as_shape *shape)
{
    size_t n;
    *walk = (fold_walk){.shape = *shape};
    return as_shape_count(shape, &n) && n > 0;
}

void as_fold_walk_over(fold_walk *walk, size_t way, const as_shape *shape)
{
    int64_t   stride[AS_TENSOR_MAX_RANK];
    const int more = walk->shape.rank - shape->rank;
    as_fold_strides(shape, stride);
    for (int i = 0; i < shape->rank; i++)
        walk->step[way][i + more] = shape->dims[i] == 1 ? 0 : stride[i];
}

bool as_fold_next(fold_walk *walk)
{
    for (int i = walk->shape.rank; i-- > 0;) {
        const int64_t back = walk->index[i];
        const bool    on = ++walk->index[i] < walk->shape.dims[i];
        for (size_t way = 0; way < FOLD_MAX_WAYS; way++)
            walk->at[way] += on ? walk->step[way][i] : -back * walk->step[way][i];
        if (on)
            return true;
        walk->index[i] = 0;
    }
    return false;
}

/* --- folds of no operator's own --- */

void as_graph_fold_none(as_graph *graph, const as_node *node)
{
    (void)graph;
    (void)node;
}

/* Constants under another shape: some exporters reshape their weights in the graph. */
static void fold_view(as_graph *graph, const as_node *node)
{
    const as_value *in = as_rule_in(graph, node, 0);
    int32_t         id = node->outputs[0];
    as_value       *out = id >= 0 ? &graph->view.values[id] : NULL;
    size_t          n;
    for (size_t i = 1; i < node->n_outputs; i++)
        if (node->outputs[i] >= 0)
            return; /* a constant for a part of the results would be one for all */
    if (!out || out->constant || !in->constant || in->constant->dtype != out->dtype)
        return;
    if (!as_shape_count(&out->shape, &n) || n != as_tensor_count(in->constant))
        return;
    graph->view.folded[id] = as_tensor_view(out->dtype, &out->shape, in->constant->data);
    out->constant = &graph->view.folded[id];
}

void as_graph_fold_copy(as_graph *graph, const as_node *node)
{
    fold_in         in;
    const int32_t   id = node->outputs[0];
    const as_value *value = as_graph_value(graph, id);
    fold_view(graph, node);
    if (!value || value->constant || !as_fold_read(graph, node, 0, &in))
        return;
    int64_t *out = as_fold_new(graph, node, 0);
    if (out && graph->view.known[id]->n == in.n)
        memcpy(out, in.at, in.n * sizeof *out);
}

void as_graph_fold_cast(as_graph *graph, const as_node *node)
{
    fold_in         in;
    const as_value *value = as_graph_value(graph, node->outputs[0]);
    fold_view(graph, node);
    if (!value || value->constant || !as_fold_read(graph, node, 0, &in))
        return;
    int64_t *out = as_fold_new(graph, node, 0);
    for (size_t i = 0; out && i < in.n; i++)
        out[i] = as_fold_cast(in.at[i], in.real, value->dtype);
}
