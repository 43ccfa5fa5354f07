/* SPDX-License-Identifier: Apache-2.0 */
/* Cast between all types there are. What does not fit into an integer becomes its nearest, NaN becomes 0. */
#include <math.h>
#include <string.h>

#include "engine/op.h"
#include "tensor/half.h"

typedef struct cast_value {
    bool    whole;
    int64_t i;
    double  f;
} cast_value;

static cast_value cast_read(as_dtype dtype, const void *data, size_t i)
{
    switch (dtype) {
    case AS_DTYPE_F32: return (cast_value){.f = (double)((const float *)data)[i]};
    case AS_DTYPE_F64: return (cast_value){.f = ((const double *)data)[i]};
    case AS_DTYPE_F16: return (cast_value){.f = (double)as_half_to_float(((const uint16_t *)data)[i])};
    case AS_DTYPE_I64: return (cast_value){.whole = true, .i = ((const int64_t *)data)[i]};
    case AS_DTYPE_I32: return (cast_value){.whole = true, .i = ((const int32_t *)data)[i]};
    case AS_DTYPE_I8: return (cast_value){.whole = true, .i = ((const int8_t *)data)[i]};
    default: return (cast_value){.whole = true, .i = ((const uint8_t *)data)[i]};
    }
}

/* Integers that are cut wrap around, as ONNX Runtime has it. */
static int64_t cast_whole(cast_value v, int64_t low, int64_t high)
{
    if (v.whole)
        return v.i;
    if (isnan(v.f))
        return 0;
    return v.f <= (double)low ? low : v.f >= (double)high ? high : (int64_t)v.f;
}

static void cast_write(as_dtype dtype, void *data, size_t i, cast_value v)
{
    const double f = v.whole ? (double)v.i : v.f;
    switch (dtype) {
    case AS_DTYPE_F32: ((float *)data)[i] = (float)f; return;
    case AS_DTYPE_F64: ((double *)data)[i] = f; return;
    case AS_DTYPE_F16: ((uint16_t *)data)[i] = as_half_from_float((float)f); return;
    case AS_DTYPE_I64: ((int64_t *)data)[i] = cast_whole(v, INT64_MIN, INT64_MAX); return;
    case AS_DTYPE_I32: ((int32_t *)data)[i] = (int32_t)cast_whole(v, INT32_MIN, INT32_MAX); return;
    case AS_DTYPE_I8: ((int8_t *)data)[i] = (int8_t)cast_whole(v, INT8_MIN, INT8_MAX); return;
    case AS_DTYPE_U8: ((uint8_t *)data)[i] = (uint8_t)cast_whole(v, 0, UINT8_MAX); return;
    default: ((uint8_t *)data)[i] = v.whole ? v.i != 0 : !(v.f >= 0.0 && v.f <= 0.0); return;
    }
}

static void cast_run(const as_step *step)
{
    const as_buf *to = step->uses.at[0].buf, *from = step->uses.at[1].buf;
    const size_t  n = from->bytes / as_dtype_bytes(from->dtype);
    for (size_t i = 0; i < n; i++)
        cast_write(to->dtype, to->data, i, cast_read(from->dtype, from->data, i));
}

static bool cast_known(as_dtype dtype)
{
    return dtype == AS_DTYPE_F32 || dtype == AS_DTYPE_F64 || dtype == AS_DTYPE_F16 || dtype == AS_DTYPE_I64 ||
           dtype == AS_DTYPE_I32 || dtype == AS_DTYPE_I8 || dtype == AS_DTYPE_U8 || dtype == AS_DTYPE_BOOL;
}

static bool cast_plan(as_plan *plan, const as_node *node, as_err *err)
{
    as_dtype to = as_graph_value(plan->graph, node->outputs[0])->dtype;
    as_buf  *src = as_plan_plain(plan, node->inputs[0], err);
    if (!src)
        return false;
    if (src->dtype == to) {
        as_plan_set(plan, node->outputs[0], src);
        return true;
    }
    if (!cast_known(src->dtype) || !cast_known(to))
        return AS_FAIL(err, AS_EUNSUPPORTED, "no cast from %s to %s", as_dtype_name(src->dtype), as_dtype_name(to));
    as_buf  *dst = as_plan_out(plan, node, 0, NULL, err);
    as_step *step = dst ? as_plan_step(plan, NULL, cast_run, 0, err) : NULL;
    return step && as_step_use(plan, step, AS_ARG_NONE, dst, err) && as_step_use(plan, step, AS_ARG_NONE, src, err);
}

const as_op as_op_cast = {"Cast", cast_plan};
const as_op as_op_castlike = {"CastLike", cast_plan};
