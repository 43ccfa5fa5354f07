/* SPDX-License-Identifier: Apache-2.0 */
/* Functions of one value for which oneDNN has no primitive, or that are not of f32 (ONNX, Operators.md). */
#include <math.h>
#include <string.h>

#include "engine/walk.h"

#define F32(name, e) AS_WALK_LINE1(function_##name, float, float, e)

F32(floor, floorf(x))
F32(ceil, ceilf(x))
F32(round, rintf(x)) /* ties to even */
F32(reciprocal, 1.0f / x)
F32(sign, (float)((x > 0.0f) - (x < 0.0f)))
F32(erf, erff(x))
F32(selu, params[1] * (x > 0.0f ? x : params[0] * (expf(x) - 1.0f)))
F32(celu, x > 0.0f ? x : params[0] * (expf(x / params[0]) - 1.0f))
F32(softsign, x / (1.0f + fabsf(x)))
F32(thresholded, x > params[0] ? x : 0.0f)
F32(shrink, x<-params[0] ? x + params[1] : x> params[0] ? x - params[1] : 0.0f)
F32(sin, sinf(x))
F32(cos, cosf(x))
F32(tan, tanf(x))
F32(asin, asinf(x))
F32(acos, acosf(x))
F32(atan, atanf(x))
F32(sinh, sinhf(x))
F32(cosh, coshf(x))
F32(asinh, asinhf(x))
F32(acosh, acoshf(x))
F32(atanh, atanhf(x))

AS_WALK_LINE1(function_isnan, float, uint8_t, isnan(x) ? 1 : 0)
AS_WALK_LINE1(function_isinf, float, uint8_t, isinf(x) && (x > 0.0f ? params[0] : params[1]) > 0.0f)
AS_WALK_LINE1(function_not, uint8_t, uint8_t, x == 0)

#define WHOLE(name, T, type, e) AS_WALK_LINE1(function_##name##_##type, T, T, e)
WHOLE(abs, double, f64, fabs(x))
WHOLE(abs, int32_t, i32, x < 0 ? 0 - (uint32_t)x : (uint32_t)x)
WHOLE(abs, int64_t, i64, x < 0 ? 0 - (uint64_t)x : (uint64_t)x)
WHOLE(abs, int8_t, i8, x < 0 ? -x : x)
WHOLE(abs, uint8_t, u8, x)
WHOLE(neg, double, f64, -x)
WHOLE(neg, int32_t, i32, 0 - (uint32_t)x)
WHOLE(neg, int64_t, i64, 0 - (uint64_t)x)
WHOLE(neg, int8_t, i8, -x)
WHOLE(sign, double, f64, (x > 0.0) - (x < 0.0))
WHOLE(sign, int32_t, i32, (x > 0) - (x < 0))
WHOLE(sign, int64_t, i64, (x > 0) - (x < 0))
WHOLE(sign, int8_t, i8, (x > 0) - (x < 0))

typedef struct function {
    const char  *op;
    as_walk_line lines[AS_WALK_TYPES]; /* f32 f64 i32 i64 i8 u8 bool */
    struct {
        const char *attr;
        float       otherwise;
    } params[2];
} function;

static const function functions[] = {
    {"Floor", {function_floor}, {{0}}},
    {"Ceil", {function_ceil}, {{0}}},
    {"Round", {function_round}, {{0}}},
    {"Reciprocal", {function_reciprocal}, {{0}}},
    {"Sign", {function_sign, function_sign_f64, function_sign_i32, function_sign_i64, function_sign_i8}, {{0}}},
    {"Abs", {NULL, function_abs_f64, function_abs_i32, function_abs_i64, function_abs_i8, function_abs_u8}, {{0}}},
    {"Neg", {NULL, function_neg_f64, function_neg_i32, function_neg_i64, function_neg_i8}, {{0}}},
    {"Erf", {function_erf}, {{0}}},
    {"Selu", {function_selu}, {{"alpha", 1.67326319217681884765625f}, {"gamma", 1.05070102214813232421875f}}},
    {"Celu", {function_celu}, {{"alpha", 1.0f}}},
    {"Softsign", {function_softsign}, {{0}}},
    {"ThresholdedRelu", {function_thresholded}, {{"alpha", 1.0f}}},
    {"Shrink", {function_shrink}, {{"lambd", 0.5f}, {"bias", 0.0f}}},
    {"Sin", {function_sin}, {{0}}},
    {"Cos", {function_cos}, {{0}}},
    {"Tan", {function_tan}, {{0}}},
    {"Asin", {function_asin}, {{0}}},
    {"Acos", {function_acos}, {{0}}},
    {"Atan", {function_atan}, {{0}}},
    {"Sinh", {function_sinh}, {{0}}},
    {"Cosh", {function_cosh}, {{0}}},
    {"Asinh", {function_asinh}, {{0}}},
    {"Acosh", {function_acosh}, {{0}}},
    {"Atanh", {function_atanh}, {{0}}},
    {"IsNaN", {function_isnan}, {{0}}},
    {"IsInf", {function_isinf}, {{0}}},
    {"Not", {[AS_WALK_BOOL] = function_not}, {{0}}},
};

/* f(0) = 0: then blocks of channels may be padded. */
static bool function_keeps_zero(const function *f)
{
    static const char *const moves[] = {"Reciprocal", "Cos", "Acos", "Cosh", "Acosh", "Not"};
    for (size_t i = 0; i < AS_COUNT(moves); i++)
        if (strcmp(f->op, moves[i]) == 0)
            return false;
    return true;
}

static bool function_plan(as_plan *plan, const as_node *node, as_err *err)
{
    const function *f = functions;
    float           params[2];
    while (strcmp(f->op, node->op) != 0)
        f++;
    as_buf *src = as_plan_buf(plan, node->inputs[0], err);
    if (!src)
        return false;
    const int type = as_walk_type(src->dtype);
    if (type < 0 || !f->lines[type])
        return AS_FAIL(err, AS_EUNSUPPORTED, "not of %s", as_dtype_name(src->dtype));
    const bool same = as_graph_value(plan->graph, node->outputs[0])->dtype == src->dtype;
    const bool blocks = src->layout && as_layout_lanes(src->layout) > 1 && same && function_keeps_zero(f);
    if (!blocks && !(src = as_plan_plain(plan, node->inputs[0], err)))
        return false;
    for (size_t i = 0; i < 2; i++)
        params[i] = f->params[i].attr ? as_plan_float_or(node, f->params[i].attr, f->params[i].otherwise) : 0.0f;
    if (strcmp(f->op, "IsInf") == 0) {
        params[0] = (float)as_plan_int_or(node, "detect_positive", 1);
        params[1] = (float)as_plan_int_or(node, "detect_negative", 1);
    }
    as_buf *out = same ? as_plan_out_over(plan, node, src, err) : as_plan_out(plan, node, 0, NULL, err);
    return out && as_op_walk(plan, f->lines[type], params, (as_buf *const[]){src}, 1, out, err);
}

/* oneDNN's where it is of f32. */
static bool function_plan_fast(as_plan *plan, const as_node *node, as_err *err)
{
    const bool fast = as_plan_in(plan, node, 0)->dtype == AS_DTYPE_F32;
    return fast ? as_op_eltwise(plan, node, err) : function_plan(plan, node, err);
}

const as_op as_op_abs = {"Abs", function_plan_fast};
const as_op as_op_neg = {"Neg", function_plan_fast};
#define ROW(file_name, op) const as_op as_op_##file_name = {op, function_plan};
ROW(floor, "Floor")
ROW(ceil, "Ceil")
ROW(round, "Round")
ROW(reciprocal, "Reciprocal")
ROW(sign, "Sign")
ROW(erf, "Erf")
ROW(selu, "Selu")
ROW(celu, "Celu")
ROW(softsign, "Softsign")
ROW(thresholdedrelu, "ThresholdedRelu")
ROW(shrink, "Shrink")
ROW(sin, "Sin")
ROW(cos, "Cos")
ROW(tan, "Tan")
ROW(asin, "Asin")
ROW(acos, "Acos")
ROW(atan, "Atan")
ROW(sinh, "Sinh")
ROW(cosh, "Cosh")
ROW(asinh, "Asinh")
ROW(acosh, "Acosh")
ROW(atanh, "Atanh")
ROW(isnan, "IsNaN")
ROW(isinf, "IsInf")
ROW(not, "Not")
