/* SPDX-License-Identifier: Apache-2.0 */
#include "engine/walk.h"

#include <string.h>

typedef struct walk {
    as_walk_line line;
    float        params[2];
    size_t       n_in;
    int          rank;
    int64_t      dims[AS_WALK_RANK], step[AS_WALK_INPUTS][AS_WALK_RANK]; /* in elements, outermost first */
    size_t       in_bytes[AS_WALK_INPUTS], out_bytes;
} walk;

int as_walk_type(as_dtype dtype)
{
    switch (dtype) {
    case AS_DTYPE_F32: return AS_WALK_F32;
    case AS_DTYPE_F64: return AS_WALK_F64;
    case AS_DTYPE_I32: return AS_WALK_I32;
    case AS_DTYPE_I64: return AS_WALK_I64;
    case AS_DTYPE_I8: return AS_WALK_I8;
    case AS_DTYPE_U8: return AS_WALK_U8;
    case AS_DTYPE_BOOL: return AS_WALK_BOOL;
    default: return -1;
    }
}

static void walk_run(const as_step *step)
{
    const walk   *w = step->data;
    const int     last = w->rank - 1;
    const char   *in[AS_WALK_INPUTS] = {NULL};
    char         *out = step->uses.at[0].buf->data;
    int64_t       at[AS_WALK_RANK] = {0}, steps[AS_WALK_INPUTS] = {0};
    const int64_t line_bytes = w->dims[last] * (int64_t)w->out_bytes;
    for (size_t k = 0; k < w->n_in; k++) {
        in[k] = step->uses.at[k + 1].buf->data;
        steps[k] = w->step[k][last];
    }
    for (;;) {
        w->line((const void *const *)in, steps, out, w->dims[last], w->params);
        out += line_bytes;
        int i = last - 1;
        for (; i >= 0; i--) {
            const bool wraps = ++at[i] == w->dims[i];
            for (size_t k = 0; k < w->n_in; k++)
                in[k] += w->step[k][i] * (int64_t)w->in_bytes[k] * (wraps ? 1 - w->dims[i] : 1);
            if (!wraps)
                break;
            at[i] = 0;
        }
        if (i < 0)
            return;
    }
}

/* A buffer's dimensions as they stand in memory: blocks of channels make one more. */
static int walk_dims(const as_buf *buf, int64_t lanes, int64_t *ret)
{
    int rank = 0;
    for (int i = 0; i < buf->shape.rank; i++)
        ret[rank++] = i == 1 && lanes > 1 ? (buf->shape.dims[1] + lanes - 1) / lanes : buf->shape.dims[i];
    if (lanes > 1)
        ret[rank++] = lanes;
    return rank;
}

/* How far input k moves for each of out's dimensions: 0 where it has one entry for all. */
static void walk_steps(walk *w, size_t k, const as_buf *in, int64_t lanes)
{
    int64_t dims[AS_WALK_RANK], step = 1;
    int     rank = walk_dims(in, lanes, dims);
    for (int i = w->rank - 1; i >= 0; i--) {
        const int  at = i - (w->rank - rank);
        const bool lane = lanes > 1 && at == rank - 1 && in->shape.dims[1] == 1; /* one channel for all */
        w->step[k][i] = at >= 0 && dims[at] != 1 && !lane ? step : 0;
        step *= at >= 0 ? dims[at] : 1;
    }
}

/* Dimension i and the next are one where every input goes on from the one to the other. */
static bool walk_may_join(const walk *w, int i)
{
    for (size_t k = 0; k < w->n_in; k++)
        if (w->step[k][i] != w->step[k][i + 1] * w->dims[i + 1])
            return false;
    return true;
}

static void walk_remove(walk *w, int i)
{
    for (int j = i; j + 1 < w->rank; j++) {
        w->dims[j] = w->dims[j + 1];
        for (size_t k = 0; k < w->n_in; k++)
            w->step[k][j] = w->step[k][j + 1];
    }
    w->rank--;
}

static void walk_join(walk *w)
{
    for (int i = w->rank - 1; i >= 0; i--)
        if (w->dims[i] == 1 && w->rank > 1)
            walk_remove(w, i);
    for (int i = w->rank - 2; i >= 0; i--) {
        if (!walk_may_join(w, i))
            continue;
        w->dims[i + 1] *= w->dims[i];
        walk_remove(w, i);
    }
}

bool as_op_walk(as_plan *plan, as_walk_line line, const float *params, as_buf *const *ins, size_t n, as_buf *out,
                as_err *err)
{
    walk          w = {.line = line, .n_in = n, .out_bytes = as_dtype_bytes(out->dtype)};
    const int64_t lanes = out->layout ? as_layout_lanes(out->layout) : 1;
    if (out->bytes == 0)
        return true;
    w.rank = walk_dims(out, lanes, w.dims);
    if (lanes == 0 || n > AS_WALK_INPUTS)
        return AS_FAIL(err, AS_EINTERNAL, "an order of data that cannot be walked over");
    if (w.rank == 0)
        w.dims[w.rank++] = 1;
    for (size_t k = 0; k < n; k++) {
        const int64_t own = ins[k]->layout ? as_layout_lanes(ins[k]->layout) : 1;
        size_t        count = 0;
        if (own != lanes && (own == 0 || !as_shape_count(&ins[k]->shape, &count) || count != 1))
            return AS_FAIL(err, AS_EINTERNAL, "inputs in different orders");
        w.in_bytes[k] = as_dtype_bytes(ins[k]->dtype);
        walk_steps(&w, k, ins[k], own);
    }
    if (params)
        memcpy(w.params, params, sizeof w.params);
    walk_join(&w);
    as_step *step = as_plan_step(plan, NULL, walk_run, sizeof w, err);
    if (!step)
        return false;
    memcpy(step->data, &w, sizeof w);
    if (!as_step_use(plan, step, AS_ARG_NONE, out, err))
        return false;
    for (size_t k = 0; k < n; k++)
        if (!as_step_use(plan, step, AS_ARG_NONE, ins[k], err))
            return false;
    return true;
}
