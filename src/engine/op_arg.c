/* SPDX-License-Identifier: Apache-2.0 */
/* Along one axis: where the largest is, the k largest, running sums. */
#include <string.h>

#include "engine/op.h"

typedef struct arg_along {
    as_op_line line;
    int64_t    k;           /* of TopK */
    bool       least, last; /* the smallest; of equal ones the last */
    bool       exclusive, reverse;
} arg_along;

/* --- ArgMax, ArgMin ------------------------------------------------------------------------------------------------ */

#define ARG(T, type)                                                                            \
    static void arg_run_##type(const as_step *step)                                             \
    {                                                                                           \
        const arg_along *a = step->data;                                                        \
        const T         *in = step->uses.at[1].buf->data;                                       \
        int64_t         *out = step->uses.at[0].buf->data;                                      \
        const int64_t    n = a->line.n, inner = a->line.inner;                                  \
        for (int64_t o = 0; o < a->line.outer; o++, in += n * inner)                            \
            for (int64_t i = 0; i < inner; i++) {                                               \
                int64_t best = 0;                                                               \
                for (int64_t k = 1; k < n; k++) {                                               \
                    const T x = in[k * inner + i], y = in[best * inner + i];                    \
                    if (a->least ? x < y || (a->last && x <= y) : x > y || (a->last && x >= y)) \
                        best = k;                                                               \
                }                                                                               \
                *out++ = best;                                                                  \
            }                                                                                   \
    }
ARG(float, f32)
ARG(double, f64)
ARG(int32_t, i32)
ARG(int64_t, i64)
ARG(int8_t, i8)
ARG(uint8_t, u8)

static bool arg_plan(as_plan *plan, const as_node *node, bool least, as_err *err)
{
    as_buf   *src = as_plan_plain(plan, node->inputs[0], err);
    arg_along a = {.least = least, .last = as_plan_int_or(node, "select_last_index", 0) != 0};
    if (!src || !as_op_line_of(&src->shape, as_plan_int_or(node, "axis", 0), &a.line, err))
        return false;
    if (a.line.n == 0)
        return AS_FAIL(err, AS_EUNSUPPORTED, "nothing to choose from");
    void (*run)(const as_step *) = src->dtype == AS_DTYPE_F32   ? arg_run_f32
                                   : src->dtype == AS_DTYPE_F64 ? arg_run_f64
                                   : src->dtype == AS_DTYPE_I32 ? arg_run_i32
                                   : src->dtype == AS_DTYPE_I64 ? arg_run_i64
                                   : src->dtype == AS_DTYPE_I8  ? arg_run_i8
                                   : src->dtype == AS_DTYPE_U8  ? arg_run_u8
                                                                : NULL;
    if (!run)
        return AS_FAIL(err, AS_EUNSUPPORTED, "not of %s", as_dtype_name(src->dtype));
    as_buf *out = as_plan_out(plan, node, 0, NULL, err);
    return out && as_op_step(plan, run, &a, sizeof a, out, (as_buf *const[]){src}, 1, err);
}

static bool arg_plan_max(as_plan *plan, const as_node *node, as_err *err)
{
    return arg_plan(plan, node, false, err);
}

static bool arg_plan_min(as_plan *plan, const as_node *node, as_err *err)
{
    return arg_plan(plan, node, true, err);
}

/* --- TopK: a heap of the k best so far, the worst of them on top --------------------------------------------------- */

#define TOPK(T, type)                                                                                       \
    static bool topk_better_##type(const T *x, int64_t step, int64_t a, int64_t b, bool least)              \
    {                                                                                                       \
        const T va = x[a * step], vb = x[b * step];                                                         \
        return least ? va < vb || (va <= vb && a < b) : va > vb || (va >= vb && a < b);                     \
    }                                                                                                       \
    static void topk_sink_##type(const T *x, int64_t step, int64_t *heap, int64_t n, int64_t i, bool least) \
    {                                                                                                       \
        for (int64_t child; (child = 2 * i + 1) < n; i = child) {                                           \
            if (child + 1 < n && topk_better_##type(x, step, heap[child], heap[child + 1], least))          \
                child++;                                                                                    \
            if (!topk_better_##type(x, step, heap[i], heap[child], least))                                  \
                return;                                                                                     \
            const int64_t moved = heap[i];                                                                  \
            heap[i] = heap[child];                                                                          \
            heap[child] = moved;                                                                            \
        }                                                                                                   \
    }                                                                                                       \
    static void topk_line_##type(const arg_along *a, const T *x, int64_t *heap)                             \
    {                                                                                                       \
        const int64_t step = a->line.inner, k = a->k;                                                       \
        for (int64_t i = 0; i < k; i++)                                                                     \
            heap[i] = i;                                                                                    \
        for (int64_t i = k / 2 - 1; i >= 0; i--)                                                            \
            topk_sink_##type(x, step, heap, k, i, a->least);                                                \
        for (int64_t i = k; i < a->line.n; i++)                                                             \
            if (topk_better_##type(x, step, i, heap[0], a->least)) {                                        \
                heap[0] = i;                                                                                \
                topk_sink_##type(x, step, heap, k, 0, a->least);                                            \
            }                                                                                               \
        for (int64_t n = k - 1; n > 0; n--) { /* the worst goes last */                                     \
            const int64_t worst = heap[0];                                                                  \
            heap[0] = heap[n];                                                                              \
            heap[n] = worst;                                                                                \
            topk_sink_##type(x, step, heap, n, 0, a->least);                                                \
        }                                                                                                   \
    }                                                                                                       \
    static void topk_run_##type(const as_step *step)                                                        \
    {                                                                                                       \
        const arg_along *a = step->data;                                                                    \
        T               *values = step->uses.at[0].buf->data;                                               \
        const T         *in = step->uses.at[1].buf->data;                                                   \
        int64_t         *indices = step->uses.at[2].buf->data, *heap = step->uses.at[3].buf->data;          \
        const int64_t    inner = a->line.inner, k = a->k;                                                   \
        if (k == 0)                                                                                         \
            return;                                                                                         \
        for (int64_t o = 0; o < a->line.outer; o++)                                                         \
            for (int64_t i = 0; i < inner; i++) {                                                           \
                const T *x = in + o * a->line.n * inner + i;                                                \
                topk_line_##type(a, x, heap);                                                               \
                for (int64_t j = 0; j < k; j++) {                                                           \
                    values[(o * k + j) * inner + i] = x[heap[j] * inner];                                   \
                    indices[(o * k + j) * inner + i] = heap[j];                                             \
                }                                                                                           \
            }                                                                                               \
    }
TOPK(float, f32)
TOPK(double, f64)
TOPK(int32_t, i32)
TOPK(int64_t, i64)

static bool topk_plan(as_plan *plan, const as_node *node, as_err *err)
{
    as_buf   *src = as_plan_plain(plan, node->inputs[0], err);
    arg_along a = {.least = as_plan_int_or(node, "largest", 1) == 0};
    if (!src || !as_op_line_of(&src->shape, as_plan_int_or(node, "axis", -1), &a.line, err))
        return false;
    void (*run)(const as_step *) = src->dtype == AS_DTYPE_F32   ? topk_run_f32
                                   : src->dtype == AS_DTYPE_F64 ? topk_run_f64
                                   : src->dtype == AS_DTYPE_I32 ? topk_run_i32
                                   : src->dtype == AS_DTYPE_I64 ? topk_run_i64
                                                                : NULL;
    if (!run)
        return AS_FAIL(err, AS_EUNSUPPORTED, "not of %s", as_dtype_name(src->dtype));
    as_buf *values = as_plan_out(plan, node, 0, NULL, err);
    as_buf *indices = values ? as_plan_out(plan, node, 1, NULL, err) : NULL;
    if (!indices)
        return false;
    const int64_t axis = as_plan_int_or(node, "axis", -1);
    a.k = values->shape.dims[axis < 0 ? axis + values->shape.rank : axis];
    const as_shape room = {.rank = 1, .dims = {AS_MAX(a.k, 1)}};
    as_buf        *heap = as_plan_new(plan, AS_DTYPE_I64, &room, NULL, err);
    return heap && as_op_step(plan, run, &a, sizeof a, values, (as_buf *const[]){src, indices, heap}, 3, err);
}

/* --- CumSum -------------------------------------------------------------------------------------------------------- */

#define CUMSUM(T, type)                                                                \
    static void cumsum_run_##type(const as_step *step)                                 \
    {                                                                                  \
        const arg_along *a = step->data;                                               \
        const T         *in = step->uses.at[1].buf->data;                              \
        T               *out = step->uses.at[0].buf->data;                             \
        const int64_t    n = a->line.n, inner = a->line.inner;                         \
        for (int64_t o = 0; o < a->line.outer; o++, in += n * inner, out += n * inner) \
            for (int64_t i = 0; i < inner; i++) {                                      \
                T sum = 0;                                                             \
                for (int64_t k = 0; k < n; k++) {                                      \
                    const int64_t at = (a->reverse ? n - 1 - k : k) * inner + i;       \
                    const T       x = in[at], before = sum;                            \
                    sum = (T)(sum + x);                                                \
                    out[at] = a->exclusive ? before : sum;                             \
                }                                                                      \
            }                                                                          \
    }
CUMSUM(float, f32)
CUMSUM(double, f64)
CUMSUM(uint32_t, i32) /* wraps around */
CUMSUM(uint64_t, i64)

static bool cumsum_plan(as_plan *plan, const as_node *node, as_err *err)
{
    as_buf   *src = as_plan_plain(plan, node->inputs[0], err);
    arg_along a = {.exclusive = as_plan_int_or(node, "exclusive", 0) != 0,
                   .reverse = as_plan_int_or(node, "reverse", 0) != 0};
    int64_t   axis[AS_TENSOR_MAX_RANK];
    size_t    n;
    if (!src)
        return false;
    if (!as_plan_ints(plan, node, 1, NULL, axis, &n) || n != 1)
        return AS_FAIL(err, AS_EUNSUPPORTED, "its axis is computed");
    if (!as_op_line_of(&src->shape, axis[0], &a.line, err))
        return false;
    void (*run)(const as_step *) = src->dtype == AS_DTYPE_F32   ? cumsum_run_f32
                                   : src->dtype == AS_DTYPE_F64 ? cumsum_run_f64
                                   : src->dtype == AS_DTYPE_I32 ? cumsum_run_i32
                                   : src->dtype == AS_DTYPE_I64 ? cumsum_run_i64
                                                                : NULL;
    if (!run)
        return AS_FAIL(err, AS_EUNSUPPORTED, "not of %s", as_dtype_name(src->dtype));
    as_buf *out = as_plan_out(plan, node, 0, NULL, err);
    return out && as_op_step(plan, run, &a, sizeof a, out, (as_buf *const[]){src}, 1, err);
}

const as_op as_op_argmax = {"ArgMax", arg_plan_max};
const as_op as_op_argmin = {"ArgMin", arg_plan_min};
const as_op as_op_topk = {"TopK", topk_plan};
const as_op as_op_cumsum = {"CumSum", cumsum_plan};
