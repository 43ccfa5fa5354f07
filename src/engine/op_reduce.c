/* SPDX-License-Identifier: Apache-2.0 */
/* Reductions over some dimensions. Neighbours that are both reduced, or both kept, are joined; the innermost is done in
 * one go. */
#include <math.h>
#include <string.h>

#include "engine/walk.h"

typedef enum reduce_fn {
    REDUCE_SUM,
    REDUCE_MEAN,
    REDUCE_LOG_SUM,
    REDUCE_L1,
    REDUCE_SQUARES,
    REDUCE_L2,
    REDUCE_MAX,
    REDUCE_MIN,
    REDUCE_PROD,
    REDUCE_EXP /* of what is above the maximum: the second half of a LogSumExp */
} reduce_fn;

typedef struct reduce reduce;
struct reduce {
    reduce_fn fn;
    int       rank;
    int64_t   dims[AS_WALK_RANK], out_step[AS_WALK_RANK]; /* 0 along what is reduced */
    size_t    n_in, n_out;
    void (*line)(const reduce *r, const void *in, const void *most, void *out);
    void (*begin)(const reduce *r, void *out);
    void (*end)(const reduce *r, const void *most, void *out);
};

/* --- one line ----------------------------------------------------------------------------------------------------- */

enum { LANES = 8 }; /* sums side by side: faster, and less is lost by rounding */

static float reduce_sum_of(const float *in, int64_t n, reduce_fn fn, float most)
{
    float   lanes[LANES] = {0};
    int64_t i = 0;
    for (; i + LANES <= n; i += LANES)
        for (int k = 0; k < LANES; k++) {
            const float x = in[i + k];
            lanes[k] += fn == REDUCE_L1                           ? fabsf(x)
                        : fn == REDUCE_SQUARES || fn == REDUCE_L2 ? x * x
                        : fn == REDUCE_EXP                        ? expf(x - most)
                                                                  : x;
        }
    for (; i < n; i++) {
        const float x = in[i];
        lanes[0] += fn == REDUCE_L1                           ? fabsf(x)
                    : fn == REDUCE_SQUARES || fn == REDUCE_L2 ? x * x
                    : fn == REDUCE_EXP                        ? expf(x - most)
                                                              : x;
    }
    return ((lanes[0] + lanes[4]) + (lanes[1] + lanes[5])) + ((lanes[2] + lanes[6]) + (lanes[3] + lanes[7]));
}

/* The line's step in `out` is 0 (all into one) or 1. */
#define LINE_OF(T, type, magnitude, exponent)                                                                   \
    static void reduce_line_##type(const reduce *r, const void *in_data, const void *most_data, void *out_data) \
    {                                                                                                           \
        const int64_t n = r->dims[r->rank - 1], s = r->out_step[r->rank - 1];                                   \
        const T      *in = in_data, *most = most_data;                                                          \
        T            *out = out_data;                                                                           \
        (void)most;                                                                                             \
        for (int64_t i = 0; i < n; i++) {                                                                       \
            const T x = in[i];                                                                                  \
            T      *o = out + i * s;                                                                            \
            switch (r->fn) {                                                                                    \
            case REDUCE_L1: *o = (T)(*o + (magnitude)); break;                                                  \
            case REDUCE_SQUARES:                                                                                \
            case REDUCE_L2: *o = (T)(*o + x * x); break;                                                        \
            case REDUCE_MAX: *o = x > *o ? x : *o; break;                                                       \
            case REDUCE_MIN: *o = x < *o ? x : *o; break;                                                       \
            case REDUCE_PROD: *o = (T)(*o * x); break;                                                          \
            case REDUCE_EXP: *o = (T)(*o + (exponent)); break;                                                  \
            default: *o = (T)(*o + x); break;                                                                   \
            }                                                                                                   \
        }                                                                                                       \
    }

LINE_OF(float, any, fabsf(x), expf(x - most[i * s]))
LINE_OF(double, f64, fabs(x), exp(x - most[i * s]))
LINE_OF(uint32_t, u32, x, 0)
LINE_OF(uint64_t, u64, x, 0)

static void reduce_line_f32(const reduce *r, const void *in_data, const void *most_data, void *out_data)
{
    const int64_t n = r->dims[r->rank - 1];
    const float  *in = in_data, *most = most_data;
    float        *out = out_data;
    if (r->out_step[r->rank - 1] == 0 && (r->fn < REDUCE_MAX || r->fn == REDUCE_EXP)) {
        *out += reduce_sum_of(in, n, r->fn, r->fn == REDUCE_EXP ? *most : 0.0f);
    } else if (r->out_step[r->rank - 1] == 1 && r->fn == REDUCE_SUM) {
        for (int64_t i = 0; i < n; i++)
            out[i] += in[i];
    } else {
        reduce_line_any(r, in_data, most_data, out_data);
    }
}

/* Integers: sums and products wrap around, as unsigned ones do; what is compared has its sign. */
#define SIGNED_LINE(T, type, U, utype)                                                                          \
    static void reduce_line_##type(const reduce *r, const void *in_data, const void *most_data, void *out_data) \
    {                                                                                                           \
        const int64_t n = r->dims[r->rank - 1], s = r->out_step[r->rank - 1];                                   \
        const T      *in = in_data;                                                                             \
        T            *out = out_data;                                                                           \
        if (r->fn != REDUCE_MAX && r->fn != REDUCE_MIN && r->fn != REDUCE_L1) {                                 \
            reduce_line_##utype(r, in_data, most_data, out_data);                                               \
            return;                                                                                             \
        }                                                                                                       \
        for (int64_t i = 0; i < n; i++) {                                                                       \
            T *o = out + i * s;                                                                                 \
            if (r->fn == REDUCE_L1)                                                                             \
                *o = (T)((U)*o + (in[i] < 0 ? (U)0 - (U)in[i] : (U)in[i]));                                     \
            else if (r->fn == REDUCE_MAX ? in[i] > *o : in[i] < *o)                                             \
                *o = in[i];                                                                                     \
        }                                                                                                       \
    }
SIGNED_LINE(int32_t, i32, uint32_t, u32)
SIGNED_LINE(int64_t, i64, uint64_t, u64)

static void reduce_line_u8(const reduce *r, const void *in_data, const void *most_data, void *out_data)
{
    const int64_t  n = r->dims[r->rank - 1], s = r->out_step[r->rank - 1];
    const uint8_t *in = in_data;
    uint8_t       *out = out_data;
    (void)most_data;
    for (int64_t i = 0; i < n; i++)
        out[i * s] = r->fn == REDUCE_MAX ? AS_MAX(out[i * s], in[i]) : AS_MIN(out[i * s], in[i]);
}

static void reduce_line_i8(const reduce *r, const void *in_data, const void *most_data, void *out_data)
{
    const int64_t n = r->dims[r->rank - 1], s = r->out_step[r->rank - 1];
    const int8_t *in = in_data;
    int8_t       *out = out_data;
    (void)most_data;
    for (int64_t i = 0; i < n; i++)
        out[i * s] = r->fn == REDUCE_MAX ? AS_MAX(out[i * s], in[i]) : AS_MIN(out[i * s], in[i]);
}

/* --- before and after --------------------------------------------------------------------------------------------- */

#define BEGIN_END(T, type, lowest, highest, root, logarithm)                              \
    static void reduce_begin_##type(const reduce *r, void *out_data)                      \
    {                                                                                     \
        T *out = out_data;                                                                \
        for (size_t i = 0; i < r->n_out; i++)                                             \
            out[i] = r->fn == REDUCE_MAX    ? (T)(lowest)                                 \
                     : r->fn == REDUCE_MIN  ? (T)(highest)                                \
                     : r->fn == REDUCE_PROD ? (T)1                                        \
                                            : (T)0;                                       \
    }                                                                                     \
    static void reduce_end_##type(const reduce *r, const void *most_data, void *out_data) \
    {                                                                                     \
        const T *most = most_data;                                                        \
        T       *out = out_data;                                                          \
        (void)most;                                                                       \
        for (size_t i = 0; i < r->n_out; i++) {                                           \
            const T x = out[i];                                                           \
            if (r->fn == REDUCE_MEAN)                                                     \
                out[i] = (T)(x / (T)((T)r->n_in / (T)r->n_out));                          \
            if (r->fn == REDUCE_L2)                                                       \
                out[i] = (T)(root);                                                       \
            if (r->fn == REDUCE_LOG_SUM)                                                  \
                out[i] = (T)(logarithm);                                                  \
            if (r->fn == REDUCE_EXP)                                                      \
                out[i] = (T)((T)(logarithm) + most[i]);                                   \
        }                                                                                 \
    }
BEGIN_END(float, f32, -INFINITY, INFINITY, sqrtf(x), logf(x))
BEGIN_END(double, f64, -(double)INFINITY, (double)INFINITY, sqrt(x), log(x))
BEGIN_END(int32_t, i32, INT32_MIN, INT32_MAX, sqrt((double)x), log((double)x))
BEGIN_END(int64_t, i64, INT64_MIN, INT64_MAX, sqrt((double)x), log((double)x))
BEGIN_END(int8_t, i8, INT8_MIN, INT8_MAX, x, x)
BEGIN_END(uint8_t, u8, 0, UINT8_MAX, x, x)

static void reduce_run(const as_step *step)
{
    const reduce *r = step->data;
    const size_t  bytes = as_dtype_bytes(step->uses.at[1].buf->dtype);
    char         *out = step->uses.at[0].buf->data;
    const char   *in = step->uses.at[1].buf->data;
    const char   *most = step->uses.n > 2 ? step->uses.at[2].buf->data : NULL;
    const int     last = r->rank - 1;
    int64_t       at[AS_WALK_RANK] = {0}, o = 0;
    r->begin(r, out);
    for (bool more = r->n_in > 0; more;) {
        r->line(r, in, most ? most + o * (int64_t)bytes : NULL, out + o * (int64_t)bytes);
        in += r->dims[last] * (int64_t)bytes;
        int k = last - 1;
        for (; k >= 0; k--) {
            o += r->out_step[k];
            if (++at[k] < r->dims[k])
                break;
            o -= r->out_step[k] * r->dims[k];
            at[k] = 0;
        }
        more = k >= 0;
    }
    r->end(r, most, out);
}

/* --- planning ----------------------------------------------------------------------------------------------------- */

static bool reduce_axes(as_plan *plan, const as_node *node, int rank, bool *ret_along, as_err *err)
{
    int64_t axes[AS_TENSOR_MAX_RANK];
    size_t  n = 0;
    if (!as_plan_ints(plan, node, 1, "axes", axes, &n) && as_plan_in(plan, node, 1))
        return AS_FAIL(err, AS_EUNSUPPORTED, "its axes are computed");
    for (int i = 0; i < rank; i++)
        ret_along[i] = n == 0 && as_plan_int_or(node, "noop_with_empty_axes", 0) == 0;
    for (size_t i = 0; i < n; i++) {
        int64_t axis = axes[i] < 0 ? axes[i] + rank : axes[i];
        if (axis < 0 || axis >= rank)
            return AS_FAIL(err, AS_EFORMAT, "axis %lld", (long long)axes[i]);
        ret_along[axis] = true;
    }
    return true;
}

/* Dimensions with what they are, neighbours of one kind joined; ones are left out. */
static void reduce_dims(reduce *r, const as_shape *shape, const bool *along, int64_t lanes)
{
    bool kinds[AS_WALK_RANK] = {false};
    r->rank = 0;
    r->n_in = r->n_out = 1;
    for (int i = 0; i < shape->rank + (lanes > 1); i++) {
        const int64_t dim = i == shape->rank ? lanes : i == 1 && lanes > 1 ? shape->dims[1] / lanes : shape->dims[i];
        const bool    kind = i < shape->rank && along[i];
        if (dim == 1)
            continue;
        if (r->rank > 0 && kinds[r->rank - 1] == kind) {
            r->dims[r->rank - 1] *= dim;
        } else {
            kinds[r->rank] = kind;
            r->dims[r->rank++] = dim;
        }
    }
    if (r->rank == 0) {
        kinds[0] = true;
        r->dims[r->rank++] = 1;
    }
    for (int i = r->rank - 1; i >= 0; i--) {
        r->n_in *= (size_t)r->dims[i];
        r->out_step[i] = kinds[i] ? 0 : (int64_t)r->n_out;
        r->n_out *= kinds[i] ? 1 : (size_t)r->dims[i];
    }
}

static bool reduce_type(reduce *r, as_dtype dtype, as_err *err)
{
    const bool picks = r->fn == REDUCE_MAX || r->fn == REDUCE_MIN;
    switch (dtype) {
    case AS_DTYPE_F32: r->line = reduce_line_f32, r->begin = reduce_begin_f32, r->end = reduce_end_f32; return true;
    case AS_DTYPE_F64: r->line = reduce_line_f64, r->begin = reduce_begin_f64, r->end = reduce_end_f64; return true;
    case AS_DTYPE_I32: r->line = reduce_line_i32, r->begin = reduce_begin_i32, r->end = reduce_end_i32; break;
    case AS_DTYPE_I64: r->line = reduce_line_i64, r->begin = reduce_begin_i64, r->end = reduce_end_i64; break;
    case AS_DTYPE_I8: r->line = reduce_line_i8, r->begin = reduce_begin_i8, r->end = reduce_end_i8; break;
    case AS_DTYPE_U8: r->line = reduce_line_u8, r->begin = reduce_begin_u8, r->end = reduce_end_u8; break;
    default: return AS_FAIL(err, AS_EUNSUPPORTED, "not of %s", as_dtype_name(dtype));
    }
    return ((picks || as_dtype_bytes(dtype) > 1) && r->fn != REDUCE_EXP) ||
           AS_FAIL(err, AS_EUNSUPPORTED, "not of %s", as_dtype_name(dtype));
}

static bool reduce_step(as_plan *plan, const reduce *r, as_buf *src, as_buf *most, as_buf *out, as_err *err)
{
    as_step *step = as_plan_step(plan, NULL, reduce_run, sizeof *r, err);
    if (!step)
        return false;
    memcpy(step->data, r, sizeof *r);
    return as_step_use(plan, step, AS_ARG_NONE, out, err) && as_step_use(plan, step, AS_ARG_NONE, src, err) &&
           (!most || as_step_use(plan, step, AS_ARG_NONE, most, err));
}

static bool reduce_plan(as_plan *plan, const as_node *node, reduce_fn fn, as_err *err)
{
    as_buf *src = as_plan_buf(plan, node->inputs[0], err), *most = NULL;
    bool    along[AS_TENSOR_MAX_RANK] = {false};
    reduce  r = {.fn = fn};
    if (!src || !reduce_type(&r, src->dtype, err) || !reduce_axes(plan, node, src->shape.rank, along, err))
        return false;
    /* Blocks of channels may stay where places alone are reduced. */
    int64_t lanes = src->layout ? as_layout_lanes(src->layout) : 1;
    if (lanes < 2 || src->shape.rank < 3 || along[0] || along[1] || !along[2] || src->shape.dims[1] % lanes != 0)
        lanes = 1;
    for (int i = 3; i < src->shape.rank && lanes > 1; i++)
        lanes = along[i] ? lanes : 1;
    if (lanes == 1 && !(src = as_plan_plain(plan, node->inputs[0], err)))
        return false;
    reduce_dims(&r, &src->shape, along, lanes);
    as_buf *out = as_plan_out(plan, node, 0, NULL, err);
    if (!out)
        return false;
    if (fn == REDUCE_EXP) {
        most = as_plan_new(plan, src->dtype, &out->shape, NULL, err);
        r.fn = REDUCE_MAX;
        if (!most || !reduce_step(plan, &r, src, NULL, most, err))
            return false;
        r.fn = REDUCE_EXP;
    }
    return reduce_step(plan, &r, src, most, out, err);
}

#define REDUCE(file_name, op, fn)                                                        \
    static bool reduce_plan_##file_name(as_plan *plan, const as_node *node, as_err *err) \
    {                                                                                    \
        return reduce_plan(plan, node, fn, err);                                         \
    }                                                                                    \
    const as_op as_op_##file_name = {op, reduce_plan_##file_name};

REDUCE(reducesum, "ReduceSum", REDUCE_SUM)
REDUCE(reducemean, "ReduceMean", REDUCE_MEAN)
REDUCE(reducemax, "ReduceMax", REDUCE_MAX)
REDUCE(reducemin, "ReduceMin", REDUCE_MIN)
REDUCE(reduceprod, "ReduceProd", REDUCE_PROD)
REDUCE(reducel1, "ReduceL1", REDUCE_L1)
REDUCE(reducel2, "ReduceL2", REDUCE_L2)
REDUCE(reducesumsquare, "ReduceSumSquare", REDUCE_SQUARES)
REDUCE(reducelogsum, "ReduceLogSum", REDUCE_LOG_SUM)
REDUCE(reducelogsumexp, "ReduceLogSumExp", REDUCE_EXP)
