/* SPDX-License-Identifier: Apache-2.0 */
/* Folds of what moves, picks and repeats numbers. */
#include "graph/fold.h"

void as_graph_fold_shape(as_graph *graph, const as_node *node)
{
    const as_shape *shape = &as_rule_in(graph, node, 0)->shape;
    const as_value *value = as_graph_value(graph, node->outputs[0]);
    int64_t         start = as_node_int_or(node, "start", 0), *out = as_fold_new(graph, node, 0);
    start = AS_MIN(AS_MAX(start < 0 ? start + shape->rank : start, 0), shape->rank);
    for (int64_t i = 0; out && i < value->shape.dims[0]; i++)
        out[i] = shape->dims[start + i] < 0 ? GRAPH_UNKNOWN : shape->dims[start + i];
}

void as_graph_fold_size(as_graph *graph, const as_node *node)
{
    size_t n;
    if (!as_shape_count(&as_rule_in(graph, node, 0)->shape, &n) || n >= (size_t)INT64_MAX)
        return;
    int64_t *out = as_fold_new(graph, node, 0);
    if (out)
        *out = (int64_t)n;
}

/* All of it, one after another, from where the walk's way 0 says. */
static void move_all(const fold_in *in, fold_walk *walk, int64_t *out)
{
    do
        *out++ = in->at[walk->at[0]];
    while (as_fold_next(walk));
}

void as_graph_fold_transpose(as_graph *graph, const as_node *node)
{
    fold_in        in;
    fold_walk      walk;
    const int64_t *perm;
    size_t         n;
    int64_t        stride[AS_TENSOR_MAX_RANK], *out;
    bool           has = as_node_ints(node, "perm", &perm, &n);
    if (!as_fold_read(graph, node, 0, &in) || !(out = as_fold_new(graph, node, 0)) ||
        !as_fold_walk(&walk, &as_graph_value(graph, node->outputs[0])->shape))
        return;
    as_fold_strides(in.shape, stride);
    for (int i = 0; i < in.shape->rank; i++)
        walk.step[0][i] = stride[has ? perm[i] : in.shape->rank - 1 - i];
    move_all(&in, &walk, out);
}

void as_graph_fold_expand(as_graph *graph, const as_node *node)
{
    fold_in   in;
    fold_walk walk;
    int64_t  *out;
    if (!as_fold_read(graph, node, 0, &in) || !(out = as_fold_new(graph, node, 0)) ||
        !as_fold_walk(&walk, &as_graph_value(graph, node->outputs[0])->shape))
        return;
    as_fold_walk_over(&walk, 0, in.shape);
    move_all(&in, &walk, out);
}

void as_graph_fold_tile(as_graph *graph, const as_node *node)
{
    fold_in   in;
    fold_walk walk;
    int64_t   stride[AS_TENSOR_MAX_RANK], *out;
    if (!as_fold_read(graph, node, 0, &in) || !(out = as_fold_new(graph, node, 0)) ||
        !as_fold_walk(&walk, &as_graph_value(graph, node->outputs[0])->shape))
        return;
    as_fold_strides(in.shape, stride);
    do {
        int64_t from = 0;
        for (int i = 0; i < in.shape->rank; i++)
            from += walk.index[i] % in.shape->dims[i] * stride[i];
        *out++ = in.at[from];
    } while (as_fold_next(&walk));
}

/* axis in [0, rank): the rule has looked at it. */
static int move_axis(const as_node *node, int64_t otherwise, int rank)
{
    const int64_t axis = as_node_int_or(node, "axis", otherwise);
    return (int)(axis < 0 ? axis + rank : axis);
}

void as_graph_fold_concat(as_graph *graph, const as_node *node)
{
    fold_in   in;
    fold_walk walk;
    int64_t   stride[AS_TENSOR_MAX_RANK], *out, from = 0;
    for (size_t i = 0; i < node->n_inputs; i++)
        if (!as_fold_read(graph, node, i, &in))
            return;
    if (!(out = as_fold_new(graph, node, 0)))
        return;
    const as_shape *whole = &as_graph_value(graph, node->outputs[0])->shape;
    const int       axis = move_axis(node, 1, whole->rank);
    as_fold_strides(whole, stride);
    for (size_t i = 0; i < node->n_inputs && as_fold_read(graph, node, i, &in); i++) {
        if (as_fold_walk(&walk, in.shape)) {
            memcpy(walk.step[0], stride, sizeof stride);
            const int64_t *at = in.at;
            do
                out[from + walk.at[0]] = *at++;
            while (as_fold_next(&walk));
        }
        from += in.shape->dims[axis] * stride[axis];
    }
}

void as_graph_fold_split(as_graph *graph, const as_node *node)
{
    fold_in   in;
    fold_walk walk;
    int64_t   stride[AS_TENSOR_MAX_RANK], from = 0;
    if (!as_fold_read(graph, node, 0, &in))
        return;
    const int axis = move_axis(node, 0, in.shape->rank);
    as_fold_strides(in.shape, stride);
    for (size_t k = 0; k < node->n_outputs; k++) {
        const as_value *part = as_graph_value(graph, node->outputs[k]);
        int64_t        *out = as_fold_new(graph, node, k);
        if (!part)
            return; /* how large it is nobody says */
        if (out && as_fold_walk(&walk, &part->shape)) {
            memcpy(walk.step[0], stride, sizeof stride);
            walk.at[0] = from;
            move_all(&in, &walk, out);
        }
        from += part->shape.dims[axis] * stride[axis];
    }
}

/* An index made one of [0, n); -1: it is not known, or none. */
static int64_t move_index(int64_t index, int64_t n)
{
    if (index == GRAPH_UNKNOWN || index < -n || index >= n)
        return -1;
    return index < 0 ? index + n : index;
}

void as_graph_fold_gather(as_graph *graph, const as_node *node)
{
    fold_in in, index;
    int64_t outer = 1, inner = 1, *out;
    if (!as_fold_read(graph, node, 0, &in) || !as_fold_read(graph, node, 1, &index) ||
        !(out = as_fold_new(graph, node, 0)))
        return;
    const int     axis = move_axis(node, 0, in.shape->rank);
    const int64_t along = in.shape->dims[axis];
    for (int i = 0; i < axis; i++)
        outer *= in.shape->dims[i];
    for (int i = axis + 1; i < in.shape->rank; i++)
        inner *= in.shape->dims[i];
    for (int64_t o = 0; o < outer; o++)
        for (size_t i = 0; i < index.n; i++, out += inner) {
            const int64_t from = move_index(index.at[i], along);
            if (from >= 0)
                memcpy(out, &in.at[(o * along + from) * inner], (size_t)inner * sizeof *out);
        }
}

void as_graph_fold_gather_elements(as_graph *graph, const as_node *node)
{
    fold_in   in, index;
    fold_walk walk;
    int64_t   stride[AS_TENSOR_MAX_RANK], *out;
    if (!as_fold_read(graph, node, 0, &in) || !as_fold_read(graph, node, 1, &index) ||
        !(out = as_fold_new(graph, node, 0)) || !as_fold_walk(&walk, index.shape))
        return;
    const int axis = move_axis(node, 0, in.shape->rank);
    as_fold_strides(in.shape, stride);
    for (int i = 0; i < in.shape->rank; i++)
        walk.step[0][i] = i == axis ? 0 : stride[i];
    const int64_t *at = index.at;
    do {
        const int64_t from = move_index(*at++, in.shape->dims[axis]);
        if (from >= 0)
            *out = in.at[walk.at[0] + from * stride[axis]];
        out++;
    } while (as_fold_next(&walk));
}

/* Where a tuple of n indices points to, in entries; -1: nowhere. */
static int64_t move_place(const int64_t *tuple, int64_t n, const as_shape *shape, const int64_t *stride)
{
    int64_t place = 0;
    for (int64_t i = 0; i < n; i++) {
        const int64_t at = move_index(tuple[i], shape->dims[i]);
        if (at < 0)
            return -1;
        place += at * stride[i];
    }
    return place;
}

void as_graph_fold_gather_nd(as_graph *graph, const as_node *node)
{
    fold_in in, index;
    int64_t stride[AS_TENSOR_MAX_RANK], each = 1, *out;
    if (as_node_int_or(node, "batch_dims", 0) != 0 || !as_fold_read(graph, node, 0, &in) ||
        !as_fold_read(graph, node, 1, &index) || !(out = as_fold_new(graph, node, 0)))
        return;
    const int64_t n = index.shape->dims[index.shape->rank - 1];
    as_fold_strides(in.shape, stride);
    for (int64_t i = n; i < in.shape->rank; i++)
        each *= in.shape->dims[i];
    for (size_t i = 0; i + (size_t)n <= index.n; i += (size_t)n, out += each) {
        const int64_t from = move_place(&index.at[i], n, in.shape, stride);
        if (from >= 0)
            memcpy(out, &in.at[from], (size_t)each * sizeof *out);
    }
}

void as_graph_fold_scatter_nd(as_graph *graph, const as_node *node)
{
    fold_in     in, index, update;
    const char *reduction;
    size_t      length;
    int64_t     stride[AS_TENSOR_MAX_RANK], each = 1, *out;
    if ((as_node_str(node, "reduction", &reduction, &length) && (length != 4 || memcmp(reduction, "none", 4) != 0)) ||
        !as_fold_read(graph, node, 0, &in) || !as_fold_read(graph, node, 1, &index) ||
        !as_fold_read(graph, node, 2, &update))
        return;
    const int64_t n = index.shape->dims[index.shape->rank - 1];
    as_fold_strides(in.shape, stride);
    for (int64_t i = n; i < in.shape->rank; i++)
        each *= in.shape->dims[i];
    if (update.n != index.n / (size_t)AS_MAX(n, 1) * (size_t)each)
        return;
    for (size_t i = 0; i + (size_t)n <= index.n; i += (size_t)n)
        if (move_place(&index.at[i], n, in.shape, stride) < 0)
            return; /* anything of it may be another number */
    if (!(out = as_fold_new(graph, node, 0)))
        return;
    memcpy(out, in.at, in.n * sizeof *out);
    const int64_t *from = update.at;
    for (size_t i = 0; i + (size_t)n <= index.n; i += (size_t)n, from += each)
        memcpy(&out[move_place(&index.at[i], n, in.shape, stride)], from, (size_t)each * sizeof *out);
}

/* The rule has counted them where all are known. */
void as_graph_fold_nonzero(as_graph *graph, const as_node *node)
{
    fold_in   in;
    fold_walk walk;
    int64_t  *out;
    if (!as_fold_read(graph, node, 0, &in) || !(out = as_fold_new(graph, node, 0)) || !as_fold_walk(&walk, in.shape))
        return;
    const int64_t  n = as_graph_value(graph, node->outputs[0])->shape.dims[1];
    const int64_t *at = in.at;
    do {
        if (in.real ? as_fold_real(*at) != 0 : *at != 0) {
            for (int i = 0; i < in.shape->rank; i++)
                out[i * n] = walk.index[i];
            out++;
        }
        at++;
    } while (as_fold_next(&walk));
}
