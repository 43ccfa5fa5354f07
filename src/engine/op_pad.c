/* SPDX-License-Identifier: Apache-2.0 */
/* Pad in all its modes: a border of one value in one go, borders of what is inside one axis after the other. */
#include <string.h>

#include "engine/op.h"

typedef enum pad_mode { PAD_CONSTANT, PAD_REFLECT, PAD_EDGE, PAD_WRAP } pad_mode;

typedef struct pad {
    as_copy copy;
    size_t  n;
    uint8_t value[8];
} pad;

static void pad_run(const as_step *step)
{
    const pad *p = step->data;
    char      *out = step->uses.at[0].buf->data;
    if (p->copy.bytes == sizeof(float)) {
        float value, *to = (float *)(void *)out;
        memcpy(&value, p->value, sizeof value);
        for (size_t i = 0; i < p->n; i++)
            to[i] = value;
    } else {
        for (size_t i = 0; i < p->n; i++)
            memcpy(out + i * p->copy.bytes, p->value, p->copy.bytes);
    }
    as_copy_run(&p->copy, step->uses.at[1].buf->data, out);
}

typedef struct pad_axis {
    as_op_line line; /* of the source */
    int64_t    begin, n_out;
    size_t     bytes; /* of inner */
    pad_mode   mode;
} pad_axis;

/* The entry that stands at `at` beyond the first: n > 1 where it is reflected. */
static int64_t pad_source(pad_mode mode, int64_t at, int64_t n)
{
    if (mode == PAD_EDGE || n == 1)
        return AS_MIN(AS_MAX(at, 0), n - 1);
    const int64_t period = mode == PAD_WRAP ? n : 2 * (n - 1);
    at %= period;
    at += at < 0 ? period : 0;
    return at < n ? at : period - at;
}

static void pad_run_axis(const as_step *step)
{
    const pad_axis *p = step->data;
    const char     *in = step->uses.at[1].buf->data;
    char           *out = step->uses.at[0].buf->data;
    for (int64_t o = 0; o < p->line.outer; o++, in += (size_t)p->line.n * p->bytes)
        for (int64_t i = 0; i < p->n_out; i++, out += p->bytes)
            memcpy(out, in + (size_t)pad_source(p->mode, i - p->begin, p->line.n) * p->bytes, p->bytes);
}

static bool pad_read_mode(const as_node *node, pad_mode *ret, as_err *err)
{
    static const char *const names[] = {"constant", "reflect", "edge", "wrap"};
    const char              *s = names[0];
    size_t                   n = strlen(names[0]);
    as_node_str(node, "mode", &s, &n);
    for (size_t i = 0; i < AS_COUNT(names); i++)
        if (strlen(names[i]) == n && memcmp(names[i], s, n) == 0) {
            *ret = (pad_mode)i;
            return true;
        }
    return AS_FAIL(err, AS_EFORMAT, "'mode' is '%.*s'", (int)AS_MIN(n, (size_t)40), s);
}

/* Integers of a constant, more than as_plan_ints takes. */
static bool pad_read_ints(const as_tensor *t, int64_t *ret, size_t cap, size_t *ret_n)
{
    *ret_n = as_tensor_count(t);
    if ((t->dtype != AS_DTYPE_I64 && t->dtype != AS_DTYPE_I32) || *ret_n > cap)
        return false;
    for (size_t i = 0; i < *ret_n; i++) {
        int32_t narrow;
        if (t->dtype == AS_DTYPE_I64) {
            memcpy(&ret[i], (const char *)t->data + i * sizeof *ret, sizeof *ret);
        } else {
            memcpy(&narrow, (const char *)t->data + i * sizeof narrow, sizeof narrow);
            ret[i] = narrow;
        }
    }
    return true;
}

/* before[] and after[] of every axis. */
static bool pad_read(as_plan *plan, const as_node *node, int rank, int64_t *before, int64_t *after, as_err *err)
{
    const as_tensor *t = as_plan_constant(plan, node, 1), *axes = as_plan_constant(plan, node, 3);
    const int64_t   *given = NULL;
    int64_t          pads[2 * AS_TENSOR_MAX_RANK], at[AS_TENSOR_MAX_RANK];
    size_t           n = 0, n_axes = (size_t)rank;
    if ((as_plan_in(plan, node, 1) && !t) || (as_plan_in(plan, node, 3) && !axes))
        return AS_FAIL(err, AS_EUNSUPPORTED, "its pads are computed");
    if (t && !pad_read_ints(t, pads, AS_COUNT(pads), &n))
        return AS_FAIL(err, AS_EFORMAT, "its pads are no list of integers");
    if (!t && as_node_ints(node, "pads", &given, &n) && n > 0 && n <= AS_COUNT(pads))
        memcpy(pads, given, n * sizeof *pads);
    if (axes && !pad_read_ints(axes, at, AS_COUNT(at), &n_axes))
        return AS_FAIL(err, AS_EFORMAT, "its axes are no list of integers");
    if (n != 2 * n_axes)
        return AS_FAIL(err, AS_EFORMAT, "it has %zu pads for %zu dimensions", n, n_axes);
    for (size_t i = 0; i < n_axes; i++) {
        const int64_t axis = !axes ? (int64_t)i : at[i] < 0 ? at[i] + rank : at[i];
        if (axis < 0 || axis >= rank)
            return AS_FAIL(err, AS_EFORMAT, "axis %lld", (long long)axis);
        before[axis] = pads[i];
        after[axis] = pads[n_axes + i];
    }
    return true;
}

static bool pad_plan_constant(as_plan *plan, const as_node *node, as_buf *src, const int64_t *before,
                              const int64_t *after, as_err *err)
{
    const int        rank = src->shape.rank;
    const as_tensor *value = as_plan_constant(plan, node, 2);
    pad              p = {.copy = {.rank = rank, .bytes = as_dtype_bytes(src->dtype)}};
    const float      given = as_plan_float_or(node, "value", 0.0f);
    if (as_plan_in(plan, node, 2) && (!value || value->dtype != src->dtype || as_tensor_count(value) != 1))
        return AS_FAIL(err, AS_EUNSUPPORTED, "its value is computed");
    if (value)
        memcpy(p.value, value->data, p.copy.bytes);
    else if (src->dtype == AS_DTYPE_F32)
        memcpy(p.value, &given, sizeof given);
    as_buf *out = as_plan_out(plan, node, 0, NULL, err);
    if (!out)
        return false;
    p.n = out->bytes / p.copy.bytes;
    as_op_row_major(&src->shape, p.copy.src_step);
    as_op_row_major(&out->shape, p.copy.dst_step);
    for (int i = 0; i < rank; i++) { /* a negative pad cuts off */
        const int64_t skip = AS_MAX(-before[i], 0), drop = AS_MAX(-after[i], 0);
        p.copy.dims[i] = AS_MAX(src->shape.dims[i] - skip - drop, 0);
        p.copy.src_base += skip * p.copy.src_step[i];
        p.copy.dst_base += AS_MAX(before[i], 0) * p.copy.dst_step[i];
    }
    return as_op_step(plan, pad_run, &p, sizeof p, out, (as_buf *const[]){src}, 1, err);
}

static bool pad_plan_inside(as_plan *plan, const as_node *node, pad_mode mode, as_buf *src, const int64_t *before,
                            const int64_t *after, as_err *err)
{
    int      left = 0;
    as_shape shape = src->shape;
    for (int i = 0; i < shape.rank; i++) {
        left += before[i] != 0 || after[i] != 0;
        if (shape.dims[i] == 0)
            return AS_FAIL(err, AS_EUNSUPPORTED, "nothing to pad with");
    }
    if (left == 0) {
        as_plan_set(plan, node->outputs[0], src);
        return true;
    }
    for (int i = shape.rank - 1; i >= 0; i--) {
        pad_axis p = {.begin = before[i], .mode = mode};
        if (before[i] == 0 && after[i] == 0)
            continue;
        if (!as_op_line_of(&shape, i, &p.line, err))
            return false;
        shape.dims[i] += before[i] + after[i];
        p.n_out = shape.dims[i];
        p.bytes = (size_t)p.line.inner * as_dtype_bytes(src->dtype);
        as_buf *to =
            --left == 0 ? as_plan_out(plan, node, 0, NULL, err) : as_plan_new(plan, src->dtype, &shape, NULL, err);
        if (!to || !as_op_step(plan, pad_run_axis, &p, sizeof p, to, (as_buf *const[]){src}, 1, err))
            return false;
        src = to;
    }
    return true;
}

/* As many rows as there may be: those of this run, and the value behind them (bounded.h). */
typedef struct pad_rows {
    const as_bounded_source *source;
    size_t                   row; /* bytes */
    pad                      all;
} pad_rows;

static void pad_run_rows(const as_step *step)
{
    const pad_rows *p = step->data;
    char           *out = step->uses.at[0].buf->data;
    const size_t    have = (size_t)as_bounded_rows(p->source) * p->row, each = p->all.copy.bytes;
    memcpy(out, step->uses.at[1].buf->data, have);
    for (size_t i = have / each; i < p->all.n; i++)
        memcpy(out + i * each, p->all.value, each);
}

static bool pad_plan_rows(as_plan *plan, const as_node *node, as_buf *src, as_err *err)
{
    const as_bounded_value *rows = &plan->bounded.values[node->inputs[0]];
    const as_tensor        *value = as_plan_constant(plan, node, 2);
    pad_rows                p = {
                       .source = rows->source, .all.copy.bytes = as_dtype_bytes(src->dtype), .row = as_dtype_bytes(src->dtype)};
    if (as_plan_in(plan, node, 2) && (!value || value->dtype != src->dtype || as_tensor_count(value) != 1))
        return AS_FAIL(err, AS_EUNSUPPORTED, "its value is computed");
    if (value)
        memcpy(p.all.value, value->data, p.row);
    p.row *= (size_t)rows->each;
    for (int i = rows->axis + 1; i < src->shape.rank; i++)
        p.row *= (size_t)src->shape.dims[i];
    as_buf *out = as_plan_out(plan, node, 0, NULL, err);
    if (!out)
        return false;
    p.all.n = out->bytes / p.all.copy.bytes;
    return as_op_step(plan, pad_run_rows, &p, sizeof p, out, (as_buf *const[]){src}, 1, err);
}

static bool pad_plan(as_plan *plan, const as_node *node, as_err *err)
{
    int64_t  before[AS_TENSOR_MAX_RANK] = {0}, after[AS_TENSOR_MAX_RANK] = {0};
    pad_mode mode;
    as_buf  *src = as_plan_plain(plan, node->inputs[0], err);
    if (!src || !pad_read_mode(node, &mode, err))
        return false;
    if (plan->bounded.values[node->inputs[0]].source && !plan->bounded.values[node->inputs[0]].source->fixed)
        return mode == PAD_CONSTANT ? pad_plan_rows(plan, node, src, err)
                                    : AS_FAIL(err, AS_EUNSUPPORTED, "rows that are counted have no border");
    if (!pad_read(plan, node, src->shape.rank, before, after, err))
        return false;
    return mode == PAD_CONSTANT ? pad_plan_constant(plan, node, src, before, after, err)
                                : pad_plan_inside(plan, node, mode, src, before, after, err);
}

const as_op as_op_pad = {"Pad", pad_plan};
