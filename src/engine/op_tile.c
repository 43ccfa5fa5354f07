/* SPDX-License-Identifier: Apache-2.0 */
/* What repeats and fills: Tile, Expand, constants of a shape, ranges, OneHot; and what trades channels for places. */
#include <string.h>

#include "engine/op.h"

typedef struct tile {
    int64_t outer, times;
    size_t  bytes; /* of what is repeated */
} tile;

static void tile_run(const as_step *step)
{
    const tile *t = step->data;
    const char *in = step->uses.at[1].buf->data;
    char       *out = step->uses.at[0].buf->data;
    for (int64_t o = 0; o < t->outer; o++, in += t->bytes)
        for (int64_t i = 0; i < t->times; i++, out += t->bytes)
            memcpy(out, in, t->bytes);
}

static bool tile_plan(as_plan *plan, const as_node *node, as_err *err)
{
    as_buf         *src = as_plan_plain(plan, node->inputs[0], err);
    const as_shape *want = &as_graph_value(plan->graph, node->outputs[0])->shape;
    int             left = 0;
    size_t          count;
    if (!src)
        return false;
    as_shape shape = src->shape;
    for (int i = 0; i < shape.rank; i++)
        left += want->dims[i] != shape.dims[i];
    if (left == 0) {
        as_plan_set(plan, node->outputs[0], src);
        return true;
    }
    if (!as_shape_count(want, &count) || count == 0)
        return as_plan_out(plan, node, 0, NULL, err) != NULL;
    for (int i = shape.rank - 1; i >= 0; i--) {
        as_op_line line;
        if (want->dims[i] == shape.dims[i])
            continue;
        if (!as_op_line_of(&shape, i, &line, err))
            return false;
        const tile t = {.outer = line.outer,
                        .times = want->dims[i] / shape.dims[i],
                        .bytes = (size_t)(line.n * line.inner) * as_dtype_bytes(src->dtype)};
        shape.dims[i] = want->dims[i];
        as_buf *to =
            --left == 0 ? as_plan_out(plan, node, 0, NULL, err) : as_plan_new(plan, src->dtype, &shape, NULL, err);
        if (!to || !as_op_step(plan, tile_run, &t, sizeof t, to, (as_buf *const[]){src}, 1, err))
            return false;
        src = to;
    }
    return true;
}

static bool expand_plan(as_plan *plan, const as_node *node, as_err *err)
{
    as_buf *src = as_plan_plain(plan, node->inputs[0], err);
    as_buf *out = src ? as_plan_out(plan, node, 0, NULL, err) : NULL;
    int64_t steps[AS_TENSOR_MAX_RANK];
    if (!out)
        return false;
    as_copy copy = {.rank = out->shape.rank, .bytes = as_dtype_bytes(src->dtype)};
    memcpy(copy.dims, out->shape.dims, sizeof copy.dims);
    as_op_row_major(&out->shape, copy.dst_step);
    as_op_row_major(&src->shape, steps);
    for (int i = 0; i < copy.rank; i++) {
        const int at = i - (copy.rank - src->shape.rank);
        copy.src_step[i] = at >= 0 && src->shape.dims[at] != 1 ? steps[at] : 0;
    }
    return out->bytes == 0 || as_op_copy(plan, &copy, src, out, err);
}

/* --- what is known before a run ------------------------------------------------------------------------------------- */

/* Larger ones than shape inference makes. */
typedef struct fill {
    size_t  n, bytes;
    uint8_t value[8];
} fill;

static void fill_run(const as_step *step)
{
    const fill *f = step->data;
    char       *out = step->uses.at[0].buf->data;
    for (size_t i = 0; i < f->n; i++)
        memcpy(out + i * f->bytes, f->value, f->bytes);
}

static bool constant_of_shape_plan(as_plan *plan, const as_node *node, as_err *err)
{
    fill     f = {.n = 0};
    as_dtype dtype;
    as_buf  *out = as_plan_out(plan, node, 0, NULL, err);
    if (!out)
        return false;
    f.bytes = as_dtype_bytes(out->dtype);
    f.n = out->bytes / f.bytes;
    as_node_number(node, "value", &dtype, f.value); /* absent: zero */
    return as_op_step(plan, fill_run, &f, sizeof f, out, NULL, 0, err);
}

#define RANGE(T, type)                                                                                            \
    static void range_run_##type(const as_step *step)                                                             \
    {                                                                                                             \
        T           *out = step->uses.at[0].buf->data;                                                            \
        const T      start = *(const T *)step->uses.at[1].buf->data, by = *(const T *)step->uses.at[2].buf->data; \
        const size_t n = step->uses.at[0].buf->bytes / sizeof *out;                                               \
        for (size_t i = 0; i < n; i++)                                                                            \
            out[i] = (T)(start + (T)i * by);                                                                      \
    }
RANGE(float, f32)
RANGE(uint32_t, i32)
RANGE(uint64_t, i64)

static bool range_plan(as_plan *plan, const as_node *node, as_err *err)
{
    as_buf *start = as_plan_plain(plan, node->inputs[0], err);
    as_buf *by = start ? as_plan_plain(plan, node->inputs[2], err) : NULL;
    as_buf *out = by ? as_plan_out(plan, node, 0, NULL, err) : NULL;
    if (!out)
        return false;
    void (*run)(const as_step *) = out->dtype == AS_DTYPE_F32   ? range_run_f32
                                   : out->dtype == AS_DTYPE_I32 ? range_run_i32
                                   : out->dtype == AS_DTYPE_I64 ? range_run_i64
                                                                : NULL;
    if (!run)
        return AS_FAIL(err, AS_EUNSUPPORTED, "not of %s", as_dtype_name(out->dtype));
    return as_op_step(plan, run, NULL, 0, out, (as_buf *const[]){start, by}, 2, err);
}

/* --- OneHot, Trilu --------------------------------------------------------------------------------------------------- */

typedef struct onehot {
    as_op_line line; /* of the result */
    size_t     bytes;
    bool       wide; /* i64 indices, or i32 */
} onehot;

static void onehot_run(const as_step *step)
{
    const onehot *h = step->data;
    char         *out = step->uses.at[0].buf->data;
    const void   *index = step->uses.at[1].buf->data;
    const char   *off = step->uses.at[2].buf->data, *on = off + h->bytes;
    for (int64_t o = 0; o < h->line.outer; o++)
        for (int64_t k = 0; k < h->line.n; k++)
            for (int64_t i = 0; i < h->line.inner; i++, out += h->bytes) {
                const int64_t from = o * h->line.inner + i;
                int64_t       at = h->wide ? ((const int64_t *)index)[from] : ((const int32_t *)index)[from];
                at += at < 0 ? h->line.n : 0;
                memcpy(out, at == k ? on : off, h->bytes);
            }
}

static bool onehot_plan(as_plan *plan, const as_node *node, as_err *err)
{
    as_buf *index = as_plan_plain(plan, node->inputs[0], err);
    as_buf *values = index ? as_plan_plain(plan, node->inputs[2], err) : NULL;
    as_buf *out = values ? as_plan_out(plan, node, 0, NULL, err) : NULL;
    if (!out)
        return false;
    onehot h = {.bytes = as_dtype_bytes(values->dtype), .wide = index->dtype == AS_DTYPE_I64};
    if (!h.wide && index->dtype != AS_DTYPE_I32)
        return AS_FAIL(err, AS_EUNSUPPORTED, "its indices are %s", as_dtype_name(index->dtype));
    return as_op_line_of(&out->shape, as_plan_int_or(node, "axis", -1), &h.line, err) &&
           as_op_step(plan, onehot_run, &h, sizeof h, out, (as_buf *const[]){index, values}, 2, err);
}

typedef struct trilu {
    int64_t outer, rows, columns, k;
    size_t  bytes;
    bool    upper;
} trilu;

static void trilu_run(const as_step *step)
{
    const trilu *t = step->data;
    const char  *in = step->uses.at[1].buf->data;
    char        *out = step->uses.at[0].buf->data;
    for (int64_t o = 0; o < t->outer; o++)
        for (int64_t y = 0; y < t->rows; y++)
            for (int64_t x = 0; x < t->columns; x++, in += t->bytes, out += t->bytes) {
                if (t->upper ? x - y >= t->k : x - y <= t->k)
                    memcpy(out, in, t->bytes);
                else
                    memset(out, 0, t->bytes);
            }
}

static bool trilu_plan(as_plan *plan, const as_node *node, as_err *err)
{
    int64_t k[AS_TENSOR_MAX_RANK] = {0};
    size_t  n;
    as_buf *src = as_plan_plain(plan, node->inputs[0], err);
    if (!src)
        return false;
    if (as_plan_in(plan, node, 1) && (!as_plan_ints(plan, node, 1, NULL, k, &n) || n != 1))
        return AS_FAIL(err, AS_EUNSUPPORTED, "its diagonal is computed");
    const int rank = src->shape.rank;
    trilu     t = {.outer = 1,
                   .rows = src->shape.dims[rank - 2],
                   .columns = src->shape.dims[rank - 1],
                   .k = AS_MIN(AS_MAX(k[0], -(int64_t)UINT32_MAX), (int64_t)UINT32_MAX),
                   .bytes = as_dtype_bytes(src->dtype),
                   .upper = as_plan_int_or(node, "upper", 1) != 0};
    for (int i = 0; i < rank - 2; i++)
        t.outer *= src->shape.dims[i];
    as_buf *out = as_plan_out(plan, node, 0, NULL, err);
    return out && as_op_step(plan, trilu_run, &t, sizeof t, out, (as_buf *const[]){src}, 1, err);
}

/* --- channels and places --------------------------------------------------------------------------------------------- */

/* The result seen as [n, c, h, b, w, b]; from[] names the source's dimension of each of these. */
static bool depth_to_space_plan(as_plan *plan, const as_node *node, as_err *err)
{
    as_buf       *src = as_plan_plain(plan, node->inputs[0], err);
    as_buf       *out = src ? as_plan_out(plan, node, 0, NULL, err) : NULL;
    const int64_t b = as_plan_int_or(node, "blocksize", 1);
    const char   *mode = "DCR";
    size_t        n = 3;
    if (!out)
        return false;
    as_node_str(node, "mode", &mode, &n);
    const bool     crd = n == 3 && memcmp(mode, "CRD", 3) == 0;
    const int64_t *d = src->shape.dims, c = d[1] / (b * b), plane = d[2] * d[3];
    as_copy        copy = {.rank = 6,
                           .bytes = as_dtype_bytes(src->dtype),
                           .dims = {d[0], c, d[2], b, d[3], b},
                           .src_step = {d[1] * plane, crd ? b * b * plane : plane, d[3], (crd ? b : b * c) * plane, 1,
                                        (crd ? 1 : c) * plane}};
    as_op_row_major(&(as_shape){.rank = 6, .dims = {d[0], c, d[2], b, d[3], b}}, copy.dst_step);
    return as_op_copy(plan, &copy, src, out, err);
}

static bool space_to_depth_plan(as_plan *plan, const as_node *node, as_err *err)
{
    as_buf       *src = as_plan_plain(plan, node->inputs[0], err);
    as_buf       *out = src ? as_plan_out(plan, node, 0, NULL, err) : NULL;
    const int64_t b = as_plan_int_or(node, "blocksize", 1);
    if (!out)
        return false;
    const int64_t *d = src->shape.dims, h = d[2] / b, w = d[3] / b;
    as_copy        copy = {.rank = 6,
                           .bytes = as_dtype_bytes(src->dtype),
                           .dims = {d[0], b, b, d[1], h, w},
                           .src_step = {d[1] * d[2] * d[3], d[3], 1, d[2] * d[3], b * d[3], b}};
    as_op_row_major(&(as_shape){.rank = 6, .dims = {d[0], b, b, d[1], h, w}}, copy.dst_step);
    return as_op_copy(plan, &copy, src, out, err);
}

const as_op as_op_tile = {"Tile", tile_plan};
const as_op as_op_expand = {"Expand", expand_plan};
const as_op as_op_constantofshape = {"ConstantOfShape", constant_of_shape_plan};
const as_op as_op_range = {"Range", range_plan};
const as_op as_op_onehot = {"OneHot", onehot_plan};
const as_op as_op_trilu = {"Trilu", trilu_plan};
const as_op as_op_depthtospace = {"DepthToSpace", depth_to_space_plan};
const as_op as_op_spacetodepth = {"SpaceToDepth", space_to_depth_plan};
