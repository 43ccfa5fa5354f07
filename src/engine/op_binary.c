/* SPDX-License-Identifier: Apache-2.0 */
/* Functions of two values, with numpy's broadcasting (ONNX, Broadcasting.md). */
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "engine/walk.h"

/* Integers wrap around; what is divided by nothing is nothing. */
static inline int64_t binary_div(int64_t x, int64_t y)
{
    if (y == 0)
        return 0;
    return y == -1 ? (int64_t)(0 - (uint64_t)x) : x / y;
}

static inline int64_t binary_remainder(int64_t x, int64_t y, bool sign_of_x)
{
    const int64_t r = y == 0 || y == -1 ? 0 : x % y;
    return !sign_of_x && r != 0 && (r < 0) != (y < 0) ? r + y : r;
}

static int64_t binary_int_pow(int64_t x, int64_t y)
{
    uint64_t result = 1, base = (uint64_t)x;
    if (y < 0)
        return x == 1 ? 1 : x == -1 ? (y % 2 ? -1 : 1) : 0;
    for (; y > 0; y >>= 1, base *= base)
        result *= y & 1 ? base : 1;
    return (int64_t)result;
}

#define WRAP(op) ((uint64_t)x op(uint64_t) y)
#define BINARY_LINES(fn, f32, f64, ints)            \
    AS_WALK_LINE2(fn##_f32, float, float, f32)      \
    AS_WALK_LINE2(fn##_f64, double, double, f64)    \
    AS_WALK_LINE2(fn##_i32, int32_t, int32_t, ints) \
    AS_WALK_LINE2(fn##_i64, int64_t, int64_t, ints) \
    AS_WALK_LINE2(fn##_i8, int8_t, int8_t, ints)    \
    AS_WALK_LINE2(fn##_u8, uint8_t, uint8_t, ints)  \
    static const as_walk_line fn##_lines[AS_WALK_TYPES] = {fn##_f32, fn##_f64, fn##_i32, fn##_i64, fn##_i8, fn##_u8};

BINARY_LINES(add, x + y, x + y, WRAP(+))
BINARY_LINES(sub, x - y, x - y, WRAP(-))
BINARY_LINES(mul, x *y, x *y, WRAP(*))
BINARY_LINES(div, x / y, x / y, binary_div(x, y))
/* What is no number stays so, on either side. */
BINARY_LINES(min, x < y || isnan(x) ? x : y, x < y || isnan(x) ? x : y, x < y ? x : y)
BINARY_LINES(max, x > y || isnan(x) ? x : y, x > y || isnan(x) ? x : y, x > y ? x : y)
BINARY_LINES(mod, fmodf(x, y), fmod(x, y), binary_remainder(x, y, false))
BINARY_LINES(fmod, fmodf(x, y), fmod(x, y), binary_remainder(x, y, true))

static void binary_add_scaled(const void *const *in, const int64_t *steps, void *out, int64_t n, const float *params)
{
    const float *a = in[0], *b = in[1], factor = params[0];
    float       *o = out;
    for (int64_t i = 0; i < n; i++)
        o[i] = a[i * steps[0]] + factor * b[i * steps[1]];
}

bool as_op_add_scaled(as_plan *plan, as_buf *a, as_buf *b, float b_factor, as_buf *out, as_err *err)
{
    const float params[2] = {b_factor, 0.0f};
    return as_op_walk(plan, binary_add_scaled, params, (as_buf *const[]){a, b}, 2, out, err);
}

AS_WALK_LINE1(binary_scaled, float, float, x *params[0])

static bool binary_plain(as_plan *plan, const as_node *node, const as_walk_line *lines, as_err *err)
{
    as_buf   *a = as_plan_plain(plan, node->inputs[0], err);
    as_buf   *b = a ? as_plan_plain(plan, node->inputs[1], err) : NULL;
    as_buf   *out = b ? as_plan_out(plan, node, 0, NULL, err) : NULL;
    const int type = b ? as_walk_type(b->dtype) : -1;
    if (!out)
        return false;
    if (type < 0 || !lines[type] || a->dtype != b->dtype)
        return AS_FAIL(err, AS_EUNSUPPORTED, "not of %s and %s", as_dtype_name(a->dtype), as_dtype_name(b->dtype));
    return as_op_walk(plan, lines[type], NULL, (as_buf *const[]){a, b}, 2, out, err);
}

/* b as a partner of a: of its rank, ones in front, and in its order, without which oneDNN has no fast code. */
as_buf *as_op_partner(as_plan *plan, int32_t value, const as_buf *a, as_err *err)
{
    const as_layout *like;
    as_buf          *b = as_plan_buf(plan, value, err);
    if (!b)
        return NULL;
    if (b->shape.rank == a->shape.rank) {
        like = as_layout_like(plan->dnn, a->layout, &b->shape, true, NULL);
        return like ? as_plan_as(plan, value, like, err) : b;
    }
    as_shape wide = {.rank = a->shape.rank};
    for (int i = 0; i < wide.rank; i++) {
        int k = i - (wide.rank - b->shape.rank);
        wide.dims[i] = k >= 0 ? b->shape.dims[k] : 1;
    }
    b = as_plan_plain(plan, value, err);
    b = b ? as_plan_reshaped(plan, b, &wide, err) : NULL;
    like = b ? as_layout_like(plan->dnn, a->layout, &wide, true, NULL) : NULL;
    return like && like != b->layout ? as_plan_converted(plan, b, like, err) : b;
}

/* One channel for all: oneDNN 2.6 errs where a's channels stand in blocks. */
static bool binary_is_mask(const as_buf *a, const as_buf *b)
{
    const int     channel = b->shape.rank - a->shape.rank + 1;
    const int64_t own = channel >= 0 ? b->shape.dims[channel] : 1;
    return a->layout && as_layout_lanes(a->layout) > 1 && a->shape.dims[1] > 1 && own == 1;
}

/* Where blocks are padded, only a product leaves zeros there. */
static bool binary_mask(as_plan *plan, const as_node *node, bool product, const as_walk_line *lines, as_buf *a,
                        int32_t b_id, as_err *err)
{
    if (!product && a->shape.dims[1] % as_layout_lanes(a->layout) != 0)
        return binary_plain(plan, node, lines, err);
    as_buf *b = as_op_partner(plan, b_id, a, err);
    as_buf *out = b ? as_plan_out_over(plan, node, a, err) : NULL;
    return out && as_op_walk(plan, lines[AS_WALK_F32], NULL, (as_buf *const[]){a, b}, 2, out, err);
}

static bool binary_prim(as_plan *plan, const as_node *node, as_binary kind, const as_walk_line *lines, int32_t a_id,
                        int32_t b_id, as_err *err)
{
    as_buf *a = as_plan_buf(plan, a_id, err), *b = a ? as_plan_buf(plan, b_id, err) : NULL;
    if (!b)
        return false;
    /* The same where a has one channel, in a block with room for more. */
    if (a->layout && as_layout_lanes(a->layout) > 1 && a->shape.dims[1] == 1 && !as_shape_equal(&a->shape, &b->shape))
        return binary_plain(plan, node, lines, err);
    if (binary_is_mask(a, b))
        return binary_mask(plan, node, kind == AS_BINARY_MUL, lines, a, b_id, err);
    if (as_shape_equal(&a->shape, &b->shape) && a->layout != b->layout) {
        if (as_layout_is_plain(a->layout))
            a = as_plan_as(plan, a_id, b->layout, err);
        else
            b = as_plan_as(plan, b_id, a->layout, err);
        if (!a || !b)
            return false;
    }
    b = as_op_partner(plan, b_id, a, err);
    as_prim *prim = b ? as_prim_binary(plan->dnn, kind, a->layout, b->layout, a->layout, NULL, err) : NULL;
    if (prim && strncmp(as_prim_about(prim), "ref", 3) == 0) /* a thousand times slower: for orders it has no code of */
        return binary_plain(plan, node, lines, err);
    as_buf  *out = prim ? as_plan_out_over(plan, node, a, err) : NULL;
    as_step *step = out ? as_plan_step(plan, prim, NULL, 0, err) : NULL;
    return step && as_step_use(plan, step, AS_ARG_DST, out, err) && as_step_use(plan, step, AS_ARG_SRC, a, err) &&
           as_step_use(plan, step, AS_ARG_SRC1, b, err);
}

static bool binary_plan(as_plan *plan, const as_node *node, as_binary kind, const as_walk_line *lines, as_err *err)
{
    const as_value *a = as_plan_in(plan, node, 0), *b = as_plan_in(plan, node, 1);
    const as_shape *out = &as_graph_value(plan->graph, node->outputs[0])->shape;
    const bool      commutes =
        kind == AS_BINARY_ADD || kind == AS_BINARY_MUL || kind == AS_BINARY_MIN || kind == AS_BINARY_MAX;
    const bool a_full = as_shape_equal(&a->shape, out), b_full = as_shape_equal(&b->shape, out);
    size_t     count;
    if (a->dtype != AS_DTYPE_F32 || kind == AS_BINARY_NONE || out->rank == 0 || !as_shape_count(out, &count) ||
        count == 0 || node->inputs[0] == node->inputs[1])
        return binary_plain(plan, node, lines, err);
    if (a_full) {
        /* the one that may be written over comes first */
        as_buf *first = as_plan_buf(plan, node->inputs[0], err);
        if (!first)
            return false;
        bool swap = commutes && b_full && !as_plan_may_overwrite(plan, first);
        return binary_prim(plan, node, kind, lines, node->inputs[swap ? 1 : 0], node->inputs[swap ? 0 : 1], err);
    }
    if (b_full && commutes)
        return binary_prim(plan, node, kind, lines, node->inputs[1], node->inputs[0], err);
    return binary_plain(plan, node, lines, err);
}

#define BINARY(file_name, op, kind, lines)                                               \
    static bool binary_plan_##file_name(as_plan *plan, const as_node *node, as_err *err) \
    {                                                                                    \
        return binary_plan(plan, node, kind, lines, err);                                \
    }                                                                                    \
    const as_op as_op_##file_name = {op, binary_plan_##file_name};

BINARY(add, "Add", AS_BINARY_ADD, add_lines)
BINARY(sub, "Sub", AS_BINARY_SUB, sub_lines)
BINARY(mul, "Mul", AS_BINARY_MUL, mul_lines)
BINARY(div, "Div", AS_BINARY_DIV, div_lines)

static bool binary_plan_mod(as_plan *plan, const as_node *node, as_err *err)
{
    const bool     of_x = as_plan_int_or(node, "fmod", 0) != 0;
    const as_dtype type = as_plan_in(plan, node, 0)->dtype;
    if (!of_x && (type == AS_DTYPE_F32 || type == AS_DTYPE_F64))
        return AS_FAIL(err, AS_EFORMAT, "numbers with a fraction need 'fmod'");
    return binary_plain(plan, node, of_x ? fmod_lines : mod_lines, err);
}

const as_op as_op_mod = {"Mod", binary_plan_mod};

/* --- any number of values ------------------------------------------------------------------------------------------ */

/* One after the other, into the same memory; `each` is multiplied in at the end. */
static bool variadic_plan(as_plan *plan, const as_node *node, as_binary kind, const as_walk_line *lines, float each,
                          as_err *err)
{
    const bool whole = !(each < 1.0f);
    if (node->n_inputs == 2 && whole)
        return binary_plan(plan, node, kind, lines, err);
    as_buf   *so_far = as_plan_plain(plan, node->inputs[0], err);
    const int type = so_far ? as_walk_type(so_far->dtype) : -1;
    if (!so_far)
        return false;
    if (node->n_inputs == 1) {
        as_plan_set(plan, node->outputs[0], so_far);
        return true;
    }
    if (type < 0 || !lines[type] || (!whole && type != AS_WALK_F32))
        return AS_FAIL(err, AS_EUNSUPPORTED, "not of %s", as_dtype_name(so_far->dtype));
    as_buf *out = as_plan_out(plan, node, 0, NULL, err);
    for (size_t i = 1; out && i < node->n_inputs; i++) {
        as_buf *next = as_plan_plain(plan, node->inputs[i], err);
        if (!next || !as_op_walk(plan, lines[type], NULL, (as_buf *const[]){so_far, next}, 2, out, err))
            return false;
        so_far = out;
    }
    return out &&
           (whole || as_op_walk(plan, binary_scaled, (const float[]){each, 0.0f}, (as_buf *const[]){out}, 1, out, err));
}

#define VARIADIC(file_name, op, kind, lines)                                             \
    static bool binary_plan_##file_name(as_plan *plan, const as_node *node, as_err *err) \
    {                                                                                    \
        return variadic_plan(plan, node, kind, lines, 1.0f, err);                        \
    }                                                                                    \
    const as_op as_op_##file_name = {op, binary_plan_##file_name};

VARIADIC(min, "Min", AS_BINARY_MIN, min_lines)
VARIADIC(max, "Max", AS_BINARY_MAX, max_lines)
VARIADIC(sum, "Sum", AS_BINARY_ADD, add_lines)

static bool binary_plan_mean(as_plan *plan, const as_node *node, as_err *err)
{
    return variadic_plan(plan, node, AS_BINARY_NONE, add_lines, 1.0f / (float)node->n_inputs, err);
}

const as_op as_op_mean = {"Mean", binary_plan_mean};

/* --- Clip by limits that are computed or no f32, PRelu --------------------------------------------------------------- */

bool as_op_clip_computed(as_plan *plan, const as_node *node, as_err *err)
{
    as_buf   *src = as_plan_plain(plan, node->inputs[0], err);
    const int type = src ? as_walk_type(src->dtype) : -1;
    if (!src)
        return false;
    if (type < 0 || !max_lines[type])
        return AS_FAIL(err, AS_EUNSUPPORTED, "not of %s", as_dtype_name(src->dtype));
    if (!as_plan_in(plan, node, 1) && !as_plan_in(plan, node, 2)) {
        as_plan_set(plan, node->outputs[0], src);
        return true;
    }
    as_buf *out = as_plan_out(plan, node, 0, NULL, err);
    if (!out)
        return false;
    for (size_t i = 1; i < 3; i++) {
        if (!as_plan_in(plan, node, i))
            continue;
        as_buf *limit = as_plan_plain(plan, node->inputs[i], err);
        if (!limit || !as_op_walk(plan, i == 1 ? max_lines[type] : min_lines[type], NULL, (as_buf *const[]){src, limit},
                                  2, out, err))
            return false;
        src = out;
    }
    return true;
}

AS_WALK_LINE2(prelu_f32, float, float, x < 0.0f ? x * y : x)
AS_WALK_LINE2(prelu_f64, double, double, x < 0.0 ? x * y : x)
AS_WALK_LINE2(prelu_i32, int32_t, int32_t, x < 0 ? WRAP(*) : (uint64_t)x)
AS_WALK_LINE2(prelu_i64, int64_t, int64_t, x < 0 ? WRAP(*) : (uint64_t)x)
static const as_walk_line prelu_lines[AS_WALK_TYPES] = {prelu_f32, prelu_f64, prelu_i32, prelu_i64};

static bool binary_plan_prelu(as_plan *plan, const as_node *node, as_err *err)
{
    as_buf   *src = as_plan_buf(plan, node->inputs[0], err);
    const int type = src ? as_walk_type(src->dtype) : -1;
    if (!src)
        return false;
    if (!src->layout || as_layout_lanes(src->layout) <= 1 || src->shape.rank < 2)
        return binary_plain(plan, node, prelu_lines, err);
    as_buf *slope = as_op_partner(plan, node->inputs[1], src, err);
    as_buf *out = slope ? as_plan_out_over(plan, node, src, err) : NULL;
    return out && as_op_walk(plan, prelu_lines[type], NULL, (as_buf *const[]){src, slope}, 2, out, err);
}

const as_op as_op_prelu = {"PRelu", binary_plan_prelu};

/* --- Pow, whose exponent may have another type ---------------------------------------------------------------------- */

#define POW(T, base, U, exponent, e)                                                                       \
    static void pow_##base##_##exponent(const void *const *in, const int64_t *steps, void *out, int64_t n, \
                                        const float *params)                                               \
    {                                                                                                      \
        const T *a = in[0];                                                                                \
        const U *b = in[1];                                                                                \
        T       *o = out;                                                                                  \
        (void)params;                                                                                      \
        for (int64_t i = 0; i < n; i++) {                                                                  \
            const T x = a[i * steps[0]];                                                                   \
            const U y = b[i * steps[1]];                                                                   \
            o[i] = (T)(e);                                                                                 \
        }                                                                                                  \
    }
#define POWS(T, base, e_f32, whole)              \
    POW(T, base, float, f32, e_f32)              \
    POW(T, base, double, f64, pow((double)x, y)) \
    POW(T, base, int32_t, i32, whole)            \
    POW(T, base, int64_t, i64, whole)
POWS(float, f32, powf(x, y), powf(x, (float)y))
POWS(double, f64, pow(x, (double)y), pow(x, (double)y))
POWS(int32_t, i32, pow((double)x, (double)y), binary_int_pow(x, y))
POWS(int64_t, i64, pow((double)x, (double)y), binary_int_pow(x, y))

static bool binary_plan_pow(as_plan *plan, const as_node *node, as_err *err)
{
    static const as_walk_line lines[4][4] = {
        [AS_WALK_F32] = {pow_f32_f32, pow_f32_f64, pow_f32_i32, pow_f32_i64},
        [AS_WALK_F64] = {pow_f64_f32, pow_f64_f64, pow_f64_i32, pow_f64_i64},
        [AS_WALK_I32] = {pow_i32_f32, pow_i32_f64, pow_i32_i32, pow_i32_i64},
        [AS_WALK_I64] = {pow_i64_f32, pow_i64_f64, pow_i64_i32, pow_i64_i64},
    };
    as_buf *a = as_plan_plain(plan, node->inputs[0], err), *b = a ? as_plan_plain(plan, node->inputs[1], err) : NULL;
    if (!b)
        return false;
    const int base = as_walk_type(a->dtype), exponent = as_walk_type(b->dtype);
    if (base < 0 || base > AS_WALK_I64 || exponent < 0 || exponent > AS_WALK_I64)
        return AS_FAIL(err, AS_EUNSUPPORTED, "not of %s and %s", as_dtype_name(a->dtype), as_dtype_name(b->dtype));
    const as_tensor *power = as_plan_constant(plan, node, 1);
    const bool       square = base == AS_WALK_F32 && exponent == AS_WALK_F32 && power && as_tensor_count(power) == 1 &&
                        !(*(const float *)power->data < 2.0f) && !(*(const float *)power->data > 2.0f);
    as_buf *out = as_plan_out(plan, node, 0, NULL, err);
    if (out && square && as_shape_equal(&out->shape, &a->shape))
        return as_op_walk(plan, mul_lines[AS_WALK_F32], NULL, (as_buf *const[]){a, a}, 2, out, err);
    return out && as_op_walk(plan, lines[base][exponent], NULL, (as_buf *const[]){a, b}, 2, out, err);
}

const as_op as_op_pow = {"Pow", binary_plan_pow};
