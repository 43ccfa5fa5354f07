/* SPDX-License-Identifier: Apache-2.0 */
/* Comparisons, logic, and the choice between two tensors by a mask. */
#include <string.h>

#include "engine/walk.h"

#define COMPARE_LINES(fn, e, e_floats)                 \
    AS_WALK_LINE2(fn##_f32, float, uint8_t, e_floats)  \
    AS_WALK_LINE2(fn##_f64, double, uint8_t, e_floats) \
    AS_WALK_LINE2(fn##_i32, int32_t, uint8_t, e)       \
    AS_WALK_LINE2(fn##_i64, int64_t, uint8_t, e)       \
    AS_WALK_LINE2(fn##_i8, int8_t, uint8_t, e)         \
    AS_WALK_LINE2(fn##_u8, uint8_t, uint8_t, e)

/* Two numbers are equal when each is at least the other; NaN never is. */
COMPARE_LINES(equal, x == y, x >= y && x <= y)
COMPARE_LINES(less, x < y, x < y)
COMPARE_LINES(greater, x > y, x > y)
COMPARE_LINES(at_most, x <= y, x <= y)
COMPARE_LINES(at_least, x >= y, x >= y)
AS_WALK_LINE2(equal_bool, uint8_t, uint8_t, (x != 0) == (y != 0))
AS_WALK_LINE2(both, uint8_t, uint8_t, x != 0 && y != 0)
AS_WALK_LINE2(either, uint8_t, uint8_t, x != 0 || y != 0)
AS_WALK_LINE2(one_of, uint8_t, uint8_t, (x != 0) != (y != 0))

#define NUMBERS(fn) fn##_f32, fn##_f64, fn##_i32, fn##_i64, fn##_i8, fn##_u8

static bool compare_plan(as_plan *plan, const as_node *node, const as_walk_line *lines, as_err *err)
{
    as_buf   *a = as_plan_plain(plan, node->inputs[0], err);
    as_buf   *b = a ? as_plan_plain(plan, node->inputs[1], err) : NULL;
    const int type = b ? as_walk_type(a->dtype) : -1;
    if (!b)
        return false;
    if (type < 0 || !lines[type] || a->dtype != b->dtype)
        return AS_FAIL(err, AS_EUNSUPPORTED, "not of %s and %s", as_dtype_name(a->dtype), as_dtype_name(b->dtype));
    as_buf *out = as_plan_out(plan, node, 0, NULL, err);
    return out && as_op_walk(plan, lines[type], NULL, (as_buf *const[]){a, b}, 2, out, err);
}

#define COMPARE(file_name, op, ...)                                                       \
    static bool compare_plan_##file_name(as_plan *plan, const as_node *node, as_err *err) \
    {                                                                                     \
        static const as_walk_line lines[AS_WALK_TYPES] = {__VA_ARGS__};                   \
        return compare_plan(plan, node, lines, err);                                      \
    }                                                                                     \
    const as_op as_op_##file_name = {op, compare_plan_##file_name};

COMPARE(equal, "Equal", NUMBERS(equal), equal_bool)
COMPARE(less, "Less", NUMBERS(less))
COMPARE(greater, "Greater", NUMBERS(greater))
COMPARE(lessorequal, "LessOrEqual", NUMBERS(at_most))
COMPARE(greaterorequal, "GreaterOrEqual", NUMBERS(at_least))
COMPARE(and, "And", [AS_WALK_BOOL] = both)
COMPARE(or, "Or", [AS_WALK_BOOL] = either)
COMPARE(xor, "Xor", [AS_WALK_BOOL] = one_of)

/* --- Where -------------------------------------------------------------------------------------------------------- */

#define WHERE(T)                                                                                                  \
    static void where_##T(const void *const *in, const int64_t *steps, void *out, int64_t n, const float *params) \
    {                                                                                                             \
        const uint8_t *mask = in[0];                                                                              \
        const T       *a = in[1], *b = in[2];                                                                     \
        T             *o = out;                                                                                   \
        (void)params;                                                                                             \
        for (int64_t i = 0; i < n; i++)                                                                           \
            o[i] = mask[i * steps[0]] ? a[i * steps[1]] : b[i * steps[2]];                                        \
    }
WHERE(uint8_t)
WHERE(uint16_t)
WHERE(uint32_t)
WHERE(uint64_t)

static bool where_plan(as_plan *plan, const as_node *node, as_err *err)
{
    as_buf *ins[3];
    for (size_t i = 0; i < 3; i++)
        if (!(ins[i] = as_plan_plain(plan, node->inputs[i], err)))
            return false;
    const size_t       bytes = as_dtype_bytes(ins[1]->dtype);
    const as_walk_line line = bytes == 1   ? where_uint8_t
                              : bytes == 2 ? where_uint16_t
                              : bytes == 4 ? where_uint32_t
                                           : where_uint64_t;
    as_buf            *out = as_plan_out(plan, node, 0, NULL, err);
    return out && as_op_walk(plan, line, NULL, ins, 3, out, err);
}

const as_op as_op_where = {"Where", where_plan};
