/* SPDX-License-Identifier: Apache-2.0 */
/* What picks entries by their index, or by their value. */
#include "graph/fold.h"

static bool select_indices(const as_value *index, as_err *err)
{
    return index->dtype == AS_DTYPE_I64 || index->dtype == AS_DTYPE_I32 ||
           AS_FAIL(err, AS_EFORMAT, "its indices are %s", as_dtype_name(index->dtype));
}

/* The one integer of input i; false where there is none. */
static bool select_number(as_graph *graph, const as_node *node, size_t i, int64_t *ret)
{
    const graph_known *known = as_rule_in_known(graph, node, i);
    const as_value    *value = as_rule_in(graph, node, i);
    float              f;
    if (value && value->constant && value->dtype == AS_DTYPE_F32 && as_tensor_count(value->constant) == 1) {
        memcpy(&f, value->constant->data, sizeof f);
        if (!(f >= -1e9f && f <= 1e9f))
            return false;
        *ret = (int64_t)f;
        return true;
    }
    if (!known || known->n != 1 || known->at[0] == GRAPH_UNKNOWN)
        return false;
    *ret = known->at[0];
    return true;
}

bool as_graph_rule_gather_elements(as_graph *graph, const as_node *node, as_err *err)
{
    const as_value *x = as_rule_in(graph, node, 0), *index = as_rule_in(graph, node, 1);
    int             axis;
    if (!select_indices(index, err) || !as_rule_axis(as_node_int_or(node, "axis", 0), x->shape.rank, &axis, err))
        return false;
    if (index->shape.rank != x->shape.rank)
        return AS_FAIL(err, AS_EFORMAT, "its indices have %d dimensions for %d", index->shape.rank, x->shape.rank);
    for (int i = 0; i < x->shape.rank; i++)
        if (i != axis && x->shape.dims[i] >= 0 && index->shape.dims[i] > x->shape.dims[i])
            return AS_FAIL(err, AS_EFORMAT, "its indices are %lld long in dimension %d, its input %lld",
                           (long long)index->shape.dims[i], i, (long long)x->shape.dims[i]);
    return as_rule_set(graph, node, 0, x->dtype, &index->shape, err);
}

/* How many dimensions one index of GatherND or ScatterND names. */
static bool select_tuple(const as_value *x, const as_value *index, int64_t batch, int64_t *ret, as_err *err)
{
    const int rank = index->shape.rank;
    if (!select_indices(index, err))
        return false;
    if (rank < 1 || x->shape.rank < 1 || batch < 0 || batch >= AS_MIN(rank, x->shape.rank))
        return AS_FAIL(err, AS_EFORMAT, "its inputs have %d and %d dimensions", x->shape.rank, rank);
    *ret = index->shape.dims[rank - 1];
    if (*ret < 0)
        return AS_FAIL(err, AS_EUNSUPPORTED, "the length of its indices is not known");
    return (*ret > 0 && *ret + batch <= x->shape.rank) ||
           AS_FAIL(err, AS_EFORMAT, "an index of %lld entries does not fit %d dimensions", (long long)*ret,
                   x->shape.rank);
}

bool as_graph_rule_gather_nd(as_graph *graph, const as_node *node, as_err *err)
{
    const as_value *x = as_rule_in(graph, node, 0), *index = as_rule_in(graph, node, 1);
    const int64_t   batch = as_node_int_or(node, "batch_dims", 0);
    int64_t         n;
    as_shape        out = {.rank = 0};
    if (!select_tuple(x, index, batch, &n, err))
        return false;
    if (index->shape.rank - 1 + x->shape.rank - (int)(n + batch) > AS_TENSOR_MAX_RANK)
        return AS_FAIL(err, AS_ELIMIT, "its result has more than %d dimensions", AS_TENSOR_MAX_RANK);
    for (int i = 0; i < index->shape.rank - 1; i++)
        out.dims[out.rank++] = index->shape.dims[i];
    for (int i = 0; i < (int)batch; i++)
        if (x->shape.dims[i] >= 0 && out.dims[i] >= 0 && x->shape.dims[i] != out.dims[i])
            return AS_FAIL(err, AS_EFORMAT, "dimension %d is %lld and %lld", i, (long long)x->shape.dims[i],
                           (long long)out.dims[i]);
    for (int i = (int)(n + batch); i < x->shape.rank; i++)
        out.dims[out.rank++] = x->shape.dims[i];
    return as_rule_set(graph, node, 0, x->dtype, &out, err);
}

static bool select_reduction(const as_node *node, as_err *err)
{
    static const char *const known[] = {"none", "add", "mul", "max", "min"};
    const char              *s;
    size_t                   n;
    if (!as_node_str(node, "reduction", &s, &n))
        return true;
    for (size_t i = 0; i < AS_COUNT(known); i++)
        if (strlen(known[i]) == n && memcmp(known[i], s, n) == 0)
            return true;
    return AS_FAIL(err, AS_EUNSUPPORTED, "its 'reduction' of '%.*s' is not known", (int)AS_MIN(n, (size_t)40), s);
}

bool as_graph_rule_scatter_elements(as_graph *graph, const as_node *node, as_err *err)
{
    const as_value *x = as_rule_in(graph, node, 0), *index = as_rule_in(graph, node, 1),
                   *update = as_rule_in(graph, node, 2);
    int axis;
    if (!select_indices(index, err) || !select_reduction(node, err) ||
        !as_rule_axis(as_node_int_or(node, "axis", 0), x->shape.rank, &axis, err))
        return false;
    if (index->shape.rank != x->shape.rank || !as_shape_equal(&index->shape, &update->shape) ||
        update->dtype != x->dtype)
        return AS_FAIL(err, AS_EFORMAT, "its indices and updates do not fit its input");
    for (int i = 0; i < x->shape.rank; i++)
        if (i != axis && x->shape.dims[i] >= 0 && index->shape.dims[i] > x->shape.dims[i])
            return AS_FAIL(err, AS_EFORMAT, "its indices are %lld long in dimension %d, its input %lld",
                           (long long)index->shape.dims[i], i, (long long)x->shape.dims[i]);
    return as_rule_set(graph, node, 0, x->dtype, &x->shape, err);
}

bool as_graph_rule_scatter_nd(as_graph *graph, const as_node *node, as_err *err)
{
    const as_value *x = as_rule_in(graph, node, 0), *index = as_rule_in(graph, node, 1),
                   *update = as_rule_in(graph, node, 2);
    int64_t  n;
    as_shape want = index->shape;
    if (!select_tuple(x, index, 0, &n, err) || !select_reduction(node, err))
        return false;
    want.rank--;
    if (want.rank + x->shape.rank - n > AS_TENSOR_MAX_RANK)
        return AS_FAIL(err, AS_ELIMIT, "its updates would have more than %d dimensions", AS_TENSOR_MAX_RANK);
    for (int i = (int)n; i < x->shape.rank; i++)
        want.dims[want.rank++] = x->shape.dims[i];
    bool fits = want.rank == update->shape.rank && update->dtype == x->dtype;
    for (int i = 0; fits && i < want.rank; i++)
        fits = want.dims[i] < 0 || update->shape.dims[i] < 0 || want.dims[i] == update->shape.dims[i];
    if (!fits)
        return AS_FAIL(err, AS_EFORMAT, "its updates do not fit its indices");
    return as_rule_set(graph, node, 0, x->dtype, &x->shape, err);
}

bool as_graph_rule_one_hot(as_graph *graph, const as_node *node, as_err *err)
{
    const as_value *index = as_rule_in(graph, node, 0), *values = as_rule_in(graph, node, 2);
    as_shape        out = {.rank = index->shape.rank + 1};
    int64_t         depth;
    int             axis;
    if (!select_number(graph, node, 1, &depth))
        return AS_FAIL(err, AS_EUNSUPPORTED, "its depth is not constant");
    if (depth < 1 || depth > GRAPH_MAX_DIM || out.rank > AS_TENSOR_MAX_RANK)
        return AS_FAIL(err, AS_EFORMAT, "its depth is %lld", (long long)depth);
    if (values->shape.rank != 1 || values->shape.dims[0] != 2)
        return AS_FAIL(err, AS_EFORMAT, "its values are not two");
    if (!as_rule_axis(as_node_int_or(node, "axis", -1), out.rank, &axis, err))
        return false;
    for (int i = 0, from = 0; i < out.rank; i++)
        out.dims[i] = i == axis ? depth : index->shape.dims[from++];
    return as_rule_set(graph, node, 0, values->dtype, &out, err);
}

/* How many is an attribute before operator set 10, the second input since. */
bool as_graph_rule_topk(as_graph *graph, const as_node *node, as_err *err)
{
    const as_value *x = as_rule_in(graph, node, 0);
    as_shape        out = x->shape;
    int64_t         k;
    int             axis;
    if (!as_rule_axis(as_node_int_or(node, "axis", -1), out.rank, &axis, err))
        return false;
    if (as_rule_in(graph, node, 1) ? !select_number(graph, node, 1, &k) : !as_node_int(node, "k", &k))
        return AS_FAIL(err, AS_EUNSUPPORTED, "how many it picks is not constant");
    if (k < 0 || (out.dims[axis] >= 0 && k > out.dims[axis]))
        return AS_FAIL(err, AS_EFORMAT, "it picks %lld of %lld", (long long)k, (long long)out.dims[axis]);
    out.dims[axis] = k;
    return as_rule_set(graph, node, 0, x->dtype, &out, err) && as_rule_set(graph, node, 1, AS_DTYPE_I64, &out, err);
}

bool as_graph_rule_cumsum(as_graph *graph, const as_node *node, as_err *err)
{
    const as_value *x = as_rule_in(graph, node, 0);
    int64_t         given;
    int             axis;
    if (!select_number(graph, node, 1, &given))
        return AS_FAIL(err, AS_EUNSUPPORTED, "its axis is not constant");
    return as_rule_axis(given, x->shape.rank, &axis, err) && as_rule_set(graph, node, 0, x->dtype, &x->shape, err);
}

/* Boxes [batch, n, 4], scores [batch, classes, n]; how many are kept is seen when it runs. */
bool as_graph_rule_nms(as_graph *graph, const as_node *node, as_err *err)
{
    const as_shape *boxes = &as_rule_in(graph, node, 0)->shape, *scores = &as_rule_in(graph, node, 1)->shape;
    as_shape        out = {.rank = 2, .dims = {-1, 3}};
    if (boxes->rank != 3 || scores->rank != 3 || (boxes->dims[2] >= 0 && boxes->dims[2] != 4))
        return AS_FAIL(err, AS_EFORMAT,
                       "its boxes are not batch x boxes x 4, or its scores not batch x classes x boxes");
    if ((boxes->dims[0] >= 0 && scores->dims[0] >= 0 && boxes->dims[0] != scores->dims[0]) ||
        (boxes->dims[1] >= 0 && scores->dims[2] >= 0 && boxes->dims[1] != scores->dims[2]))
        return AS_FAIL(err, AS_EFORMAT, "its boxes and scores differ in number");
    if (as_rule_in(graph, node, 1)->dtype != AS_DTYPE_F32)
        return AS_FAIL(err, AS_EFORMAT, "its scores are %s", as_dtype_name(as_rule_in(graph, node, 1)->dtype));
    return as_rule_set(graph, node, 0, AS_DTYPE_I64, &out, err);
}

/* A column for each number that is not zero: how many is seen when it runs, unless all are known now. */
bool as_graph_rule_nonzero(as_graph *graph, const as_node *node, as_err *err)
{
    const as_value *x = as_rule_in(graph, node, 0);
    int64_t         n = 0;
    fold_in         in;
    if (x->shape.rank < 1)
        return AS_FAIL(err, AS_EUNSUPPORTED, "its input is a single number");
    const bool known = as_fold_read(graph, node, 0, &in);
    for (size_t i = 0; known && n >= 0 && i < in.n; i++)
        n = !as_fold_has(in.at[i], in.real) ? -1 : n + (in.real ? as_fold_real(in.at[i]) != 0 : in.at[i] != 0);
    return as_rule_set(graph, node, 0, AS_DTYPE_I64, &(as_shape){.rank = 2, .dims = {x->shape.rank, known ? n : -1}},
                       err);
}
