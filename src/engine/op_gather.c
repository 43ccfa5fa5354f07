/* SPDX-License-Identifier: Apache-2.0 */
/* Gather, Scatter and their kin. Indices are looked at before they are followed: one that is out of range stops the run. */
#include <string.h>

#include "engine/op.h"

enum { GATHER_RANK = AS_TENSOR_MAX_RANK };

typedef enum scatter_fn { SCATTER_SET, SCATTER_ADD, SCATTER_MUL, SCATTER_MAX, SCATTER_MIN } scatter_fn;

typedef struct gather {
    as_op_line line;  /* of the data, around the axis */
    bool       wide;  /* i64 indices, or i32 */
    size_t     bytes; /* of an element */
    int64_t    n;     /* indices, or tuples of them */
    /* GatherElements and ScatterElements: where each index stands in the data, but for the axis */
    int     rank, axis;
    int64_t dims[GATHER_RANK], step[GATHER_RANK];
    /* GatherND and ScatterND: a tuple of `depth` indices names a slice of `inner` entries */
    int64_t    depth, inner, batches;
    scatter_fn fn;
    as_dtype   dtype;
} gather;

/* Entry i of the indices, counted from the start of an axis of dim; false where it is outside. */
static inline bool gather_at(const gather *g, const void *index, int64_t i, int64_t dim, int64_t *ret)
{
    const int64_t at = g->wide ? ((const int64_t *)index)[i] : ((const int32_t *)index)[i];
    *ret = at < 0 ? at + dim : at;
    return *ret >= 0 && *ret < dim;
}

static bool gather_fail(int64_t i, int64_t dim, as_err *err)
{
    return AS_FAIL(err, AS_EINVAL, "index %lld is outside of an axis of %lld", (long long)i, (long long)dim);
}

static bool gather_index_type(const as_buf *index, gather *g, as_err *err)
{
    g->wide = index->dtype == AS_DTYPE_I64;
    return g->wide || index->dtype == AS_DTYPE_I32 ||
           AS_FAIL(err, AS_EUNSUPPORTED, "its indices are %s", as_dtype_name(index->dtype));
}

/* --- Gather -------------------------------------------------------------------------------------------------------- */

static bool gather_run(const as_step *step, as_err *err)
{
    const gather *g = step->data;
    char         *out = step->uses.at[0].buf->data;
    const char   *in = step->uses.at[1].buf->data;
    const void   *index = step->uses.at[2].buf->data;
    const size_t  each = (size_t)g->line.inner * g->bytes;
    for (int64_t i = 0; i < g->n; i++) {
        int64_t at;
        if (!gather_at(g, index, i, g->line.n, &at))
            return gather_fail(at, g->line.n, err);
        for (int64_t o = 0; o < g->line.outer; o++)
            memcpy(out + (size_t)(o * g->n + i) * each, in + (size_t)(o * g->line.n + at) * each, each);
    }
    return true;
}

static bool gather_plan(as_plan *plan, const as_node *node, as_err *err)
{
    as_buf *src = as_plan_plain(plan, node->inputs[0], err);
    as_buf *index = src ? as_plan_plain(plan, node->inputs[1], err) : NULL;
    gather  g = {.n = 0};
    size_t  n;
    if (!index || !gather_index_type(index, &g, err) || !as_shape_count(&index->shape, &n) ||
        !as_op_line_of(&src->shape, as_plan_int_or(node, "axis", 0), &g.line, err))
        return false;
    g.n = (int64_t)n;
    g.bytes = as_dtype_bytes(src->dtype);
    as_buf *out = as_plan_out(plan, node, 0, NULL, err);
    return out && as_op_attempt(plan, gather_run, &g, sizeof g, out, (as_buf *const[]){src, index}, 2, err);
}

/* --- GatherElements, ScatterElements ------------------------------------------------------------------------------- */

/* Calls for each index, in order, the place that it names in the data. */
typedef void (*gather_visit)(const gather *g, int64_t i, int64_t place, const void *from, void *to);

static bool gather_each(const gather *g, const void *index, gather_visit visit, const void *from, void *to, as_err *err)
{
    int64_t at[GATHER_RANK] = {0}, base = 0;
    for (int64_t i = 0; i < g->n; i++) {
        int64_t along;
        if (!gather_at(g, index, i, g->line.n, &along))
            return gather_fail(along, g->line.n, err);
        visit(g, i, base + along * g->line.inner, from, to);
        for (int k = g->rank - 1; k >= 0; k--) {
            base += g->step[k];
            if (++at[k] < g->dims[k])
                break;
            base -= g->step[k] * g->dims[k];
            at[k] = 0;
        }
    }
    return true;
}

static void gather_take(const gather *g, int64_t i, int64_t place, const void *from, void *to)
{
    memcpy((char *)to + (size_t)i * g->bytes, (const char *)from + (size_t)place * g->bytes, g->bytes);
}

#define MERGE(T)                          \
    do {                                  \
        const T y = ((const T *)from)[i]; \
        T      *x = (T *)to + place;      \
        if (fn == SCATTER_ADD)            \
            *x = (T)(*x + y);             \
        else if (fn == SCATTER_MUL)       \
            *x = (T)(*x * y);             \
        else if (fn == SCATTER_MAX)       \
            *x = y > *x ? y : *x;         \
        else                              \
            *x = y < *x ? y : *x;         \
    } while (0)

static void scatter_merge(as_dtype dtype, scatter_fn fn, const void *from, int64_t i, void *to, int64_t place)
{
    switch (dtype) {
    case AS_DTYPE_F64: MERGE(double); return;
    case AS_DTYPE_I32: MERGE(int32_t); return;
    case AS_DTYPE_I64: MERGE(int64_t); return;
    default: MERGE(float); return;
    }
}

static void scatter_put(const gather *g, int64_t i, int64_t place, const void *from, void *to)
{
    if (g->fn == SCATTER_SET)
        memcpy((char *)to + (size_t)place * g->bytes, (const char *)from + (size_t)i * g->bytes, g->bytes);
    else
        scatter_merge(g->dtype, g->fn, from, i, to, place);
}

static bool gather_run_elements(const as_step *step, as_err *err)
{
    return gather_each(step->data, step->uses.at[2].buf->data, gather_take, step->uses.at[1].buf->data,
                       step->uses.at[0].buf->data, err);
}

static bool scatter_run_elements(const as_step *step, as_err *err)
{
    const as_buf *out = step->uses.at[0].buf;
    memcpy(out->data, step->uses.at[1].buf->data, out->bytes);
    return gather_each(step->data, step->uses.at[2].buf->data, scatter_put, step->uses.at[3].buf->data, out->data, err);
}

static bool gather_read_elements(const as_node *node, const as_buf *src, const as_buf *index, gather *g, as_err *err)
{
    int64_t axis = as_plan_int_or(node, "axis", 0);
    size_t  n;
    if (!gather_index_type(index, g, err) || !as_op_line_of(&src->shape, axis, &g->line, err) ||
        !as_shape_count(&index->shape, &n))
        return false;
    g->n = (int64_t)n;
    g->bytes = as_dtype_bytes(src->dtype);
    g->dtype = src->dtype;
    g->rank = src->shape.rank;
    as_op_row_major(&src->shape, g->step);
    g->step[axis < 0 ? axis + g->rank : axis] = 0;
    memcpy(g->dims, index->shape.dims, sizeof g->dims);
    return true;
}

static bool gather_plan_elements(as_plan *plan, const as_node *node, as_err *err)
{
    as_buf *src = as_plan_plain(plan, node->inputs[0], err);
    as_buf *index = src ? as_plan_plain(plan, node->inputs[1], err) : NULL;
    gather  g = {.n = 0};
    if (!index || !gather_read_elements(node, src, index, &g, err))
        return false;
    as_buf *out = as_plan_out(plan, node, 0, NULL, err);
    return out && as_op_attempt(plan, gather_run_elements, &g, sizeof g, out, (as_buf *const[]){src, index}, 2, err);
}

static bool scatter_read_fn(const as_node *node, const as_buf *src, scatter_fn *ret, as_err *err)
{
    static const char *const names[] = {"none", "add", "mul", "max", "min"};
    const char              *s;
    size_t                   n;
    *ret = SCATTER_SET;
    for (size_t i = 0; as_node_str(node, "reduction", &s, &n) && i < AS_COUNT(names); i++)
        if (strlen(names[i]) == n && memcmp(names[i], s, n) == 0)
            *ret = (scatter_fn)i;
    return *ret == SCATTER_SET || src->dtype == AS_DTYPE_F32 || src->dtype == AS_DTYPE_F64 ||
           src->dtype == AS_DTYPE_I32 || src->dtype == AS_DTYPE_I64 ||
           AS_FAIL(err, AS_EUNSUPPORTED, "no reduction of %s", as_dtype_name(src->dtype));
}

static bool scatter_plan_elements(as_plan *plan, const as_node *node, as_err *err)
{
    as_buf *src = as_plan_plain(plan, node->inputs[0], err);
    as_buf *index = src ? as_plan_plain(plan, node->inputs[1], err) : NULL;
    as_buf *update = index ? as_plan_plain(plan, node->inputs[2], err) : NULL;
    gather  g = {.n = 0};
    if (!update || !gather_read_elements(node, src, index, &g, err) || !scatter_read_fn(node, src, &g.fn, err))
        return false;
    as_buf *out = as_plan_out(plan, node, 0, NULL, err);
    return out &&
           as_op_attempt(plan, scatter_run_elements, &g, sizeof g, out, (as_buf *const[]){src, index, update}, 3, err);
}

/* --- GatherND, ScatterND -------------------------------------------------------------------------------------------- */

/* Where in the data tuple i begins. */
static bool gather_place(const gather *g, const void *index, int64_t i, int64_t *ret, as_err *err)
{
    int64_t place = i / (g->n / g->batches) * g->step[0] * g->dims[0];
    for (int64_t k = 0; k < g->depth; k++) {
        int64_t at;
        if (!gather_at(g, index, i * g->depth + k, g->dims[k], &at))
            return gather_fail(at, g->dims[k], err);
        place += at * g->step[k];
    }
    *ret = place;
    return true;
}

static bool gather_run_nd(const as_step *step, as_err *err)
{
    const gather *g = step->data;
    char         *out = step->uses.at[0].buf->data;
    const char   *in = step->uses.at[1].buf->data;
    const size_t  each = (size_t)g->inner * g->bytes;
    for (int64_t i = 0; i < g->n; i++) {
        int64_t place = 0;
        if (!gather_place(g, step->uses.at[2].buf->data, i, &place, err))
            return false;
        memcpy(out + (size_t)i * each, in + (size_t)place * g->bytes, each);
    }
    return true;
}

static bool scatter_run_nd(const as_step *step, as_err *err)
{
    const gather *g = step->data;
    const as_buf *out = step->uses.at[0].buf;
    const char   *update = step->uses.at[3].buf->data;
    const size_t  each = (size_t)g->inner * g->bytes;
    memcpy(out->data, step->uses.at[1].buf->data, out->bytes);
    for (int64_t i = 0; i < g->n; i++) {
        int64_t place = 0;
        if (!gather_place(g, step->uses.at[2].buf->data, i, &place, err))
            return false;
        if (g->fn == SCATTER_SET)
            memcpy((char *)out->data + (size_t)place * g->bytes, update + (size_t)i * each, each);
        for (int64_t k = 0; g->fn != SCATTER_SET && k < g->inner; k++)
            scatter_merge(g->dtype, g->fn, update, i * g->inner + k, out->data, place + k);
    }
    return true;
}

static bool gather_read_nd(const as_buf *src, const as_buf *index, int64_t batch_dims, gather *g, as_err *err)
{
    int64_t steps[AS_TENSOR_MAX_RANK];
    size_t  n;
    if (!gather_index_type(index, g, err) || !as_shape_count(&index->shape, &n))
        return false;
    g->depth = index->shape.dims[index->shape.rank - 1];
    g->n = (int64_t)n / g->depth;
    g->bytes = as_dtype_bytes(src->dtype);
    g->dtype = src->dtype;
    g->batches = g->inner = 1;
    as_op_row_major(&src->shape, steps);
    for (int64_t i = 0; i < batch_dims; i++)
        g->batches *= src->shape.dims[i];
    for (int64_t k = 0; k < g->depth; k++) {
        g->dims[k] = src->shape.dims[batch_dims + k];
        g->step[k] = steps[batch_dims + k];
    }
    for (int64_t i = batch_dims + g->depth; i < src->shape.rank; i++)
        g->inner *= src->shape.dims[i];
    return true;
}

static bool gather_plan_nd(as_plan *plan, const as_node *node, as_err *err)
{
    as_buf *src = as_plan_plain(plan, node->inputs[0], err);
    as_buf *index = src ? as_plan_plain(plan, node->inputs[1], err) : NULL;
    gather  g = {.n = 0};
    if (!index || !gather_read_nd(src, index, as_plan_int_or(node, "batch_dims", 0), &g, err))
        return false;
    as_buf *out = as_plan_out(plan, node, 0, NULL, err);
    return out && as_op_attempt(plan, gather_run_nd, &g, sizeof g, out, (as_buf *const[]){src, index}, 2, err);
}

static bool scatter_plan_nd(as_plan *plan, const as_node *node, as_err *err)
{
    as_buf *src = as_plan_plain(plan, node->inputs[0], err);
    as_buf *index = src ? as_plan_plain(plan, node->inputs[1], err) : NULL;
    as_buf *update = index ? as_plan_plain(plan, node->inputs[2], err) : NULL;
    gather  g = {.n = 0};
    if (!update || !gather_read_nd(src, index, 0, &g, err) || !scatter_read_fn(node, src, &g.fn, err))
        return false;
    as_buf *out = as_plan_out(plan, node, 0, NULL, err);
    return out && as_op_attempt(plan, scatter_run_nd, &g, sizeof g, out, (as_buf *const[]){src, index, update}, 3, err);
}

const as_op as_op_gather = {"Gather", gather_plan};
const as_op as_op_gatherelements = {"GatherElements", gather_plan_elements};
const as_op as_op_scatterelements = {"ScatterElements", scatter_plan_elements};
const as_op as_op_gathernd = {"GatherND", gather_plan_nd};
const as_op as_op_scatternd = {"ScatterND", scatter_plan_nd};
