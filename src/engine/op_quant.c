/* SPDX-License-Identifier: Apache-2.0 */
/* QuantizeLinear, DequantizeLinear and DynamicQuantizeLinear (ONNX, Operators.md). */
#include <float.h>
#include <math.h>
#include <string.h>

#include "engine/op.h"
#include "engine/quant.h"
#include "engine/quant_kernel.h"

/* --- as they are defined: parameters may be computed, and be several ---------------------------------------------- */

typedef struct quantize_defined {
    size_t n, inner, n_scales;
    bool   has_zero;
} quantize_defined;

static int32_t quantize_defined_int(const as_buf *buf, size_t i)
{
    switch (buf->dtype) {
    case AS_DTYPE_U8: return ((const uint8_t *)buf->data)[i];
    case AS_DTYPE_I8: return ((const int8_t *)buf->data)[i];
    default: return ((const int32_t *)buf->data)[i];
    }
}

/* uses: out, x, scale, zero point */
static void quantize_run(const as_step *step)
{
    const quantize_defined *d = step->data;
    const as_buf           *out = step->uses.at[0].buf;
    const float            *x = step->uses.at[1].buf->data, *scale = step->uses.at[2].buf->data;
    const float             lowest = out->dtype == AS_DTYPE_I8 ? -128.0f : 0.0f;
    for (size_t i = 0; i < d->n; i++) {
        const size_t at = i / d->inner % d->n_scales;
        const float  zero = d->has_zero ? (float)quantize_defined_int(step->uses.at[3].buf, at) : 0.0f;
        float        v = rintf(x[i] / scale[at]) + zero;
        v = v > lowest ? v : lowest;
        v = v < lowest + 255.0f ? v : lowest + 255.0f;
        ((uint8_t *)out->data)[i] = (uint8_t)(int32_t)v;
    }
}

static void dequantize_run(const as_step *step)
{
    const quantize_defined *d = step->data;
    const float            *scale = step->uses.at[2].buf->data;
    for (size_t i = 0; i < d->n; i++) {
        const size_t  at = i / d->inner % d->n_scales;
        const int64_t zero = d->has_zero ? quantize_defined_int(step->uses.at[3].buf, at) : 0;
        ((float *)step->uses.at[0].buf->data)[i] =
            (float)(quantize_defined_int(step->uses.at[1].buf, i) - zero) * scale[at];
    }
}

static bool quantize_defined_plan(as_plan *plan, const as_node *node, void (*run)(const as_step *), as_err *err)
{
    const as_shape  *shape = &as_plan_in(plan, node, 0)->shape;
    const bool       has_zero = as_plan_in(plan, node, 2) != NULL;
    int64_t          axis = as_plan_int_or(node, "axis", 1);
    as_buf          *in[3];
    quantize_defined d = {.inner = 1, .has_zero = has_zero};
    if (!as_shape_count(shape, &d.n) || !as_shape_count(&as_plan_in(plan, node, 1)->shape, &d.n_scales) ||
        d.n_scales == 0)
        return AS_FAIL(err, AS_EUNSUPPORTED, "its scale is empty");
    for (int i = (int)(axis < 0 ? axis + shape->rank : axis) + 1; d.n_scales > 1 && i < shape->rank; i++)
        d.inner *= (size_t)shape->dims[i];
    d.inner = AS_MAX(d.inner, 1u);
    for (size_t i = 0; i < 2u + has_zero; i++)
        if (!(in[i] = as_plan_plain(plan, node->inputs[i], err)))
            return false;
    as_buf  *out = as_plan_out(plan, node, 0, NULL, err);
    as_step *step = out ? as_plan_step(plan, NULL, run, sizeof d, err) : NULL;
    if (!step || !as_step_use(plan, step, AS_ARG_NONE, out, err))
        return false;
    memcpy(step->data, &d, sizeof d);
    for (size_t i = 0; i < 2u + has_zero; i++)
        if (!as_step_use(plan, step, AS_ARG_NONE, in[i], err))
            return false;
    return true;
}

/* --- QuantizeLinear with one constant scale ----------------------------------------------------------------------- */

typedef struct quantize {
    size_t  planes, n, images;
    float   scale;
    int32_t zero, low;
} quantize;

static void quantize_fast_run(const as_step *step)
{
    const quantize *q = step->data;
    const size_t    each = q->planes * q->n;
    for (size_t i = 0; i < q->images; i++)
        as_quant_kernel_from_f32((const float *)step->uses.at[1].buf->data + i * each, q->planes, q->n, q->scale,
                                 q->zero, q->low, q->low + 255, (uint8_t *)step->uses.at[0].buf->data + i * each);
}

/* What stands as integers already: the same memory, or a table. */
static bool quantize_again(as_plan *plan, const as_quant *form, const as_quant_target *target, as_err *err)
{
    uint8_t table[256];
    if (form->buf->dtype == target->dtype && form->zero == target->zero && form->scale <= target->scale &&
        form->scale >= target->scale) {
        as_quant_put(plan, target, form->buf);
        return true;
    }
    as_quant_table(form, target, NULL, table);
    as_buf *src = as_quant_as(plan, form->buf, AS_ORDER_CHANNELS_LAST, err);
    as_buf *out = src ? as_quant_out(plan, target, err) : NULL;
    return out && as_quant_look_up(plan, table, src, out, err);
}

/* The graph's input that this node alone reads, when the caller may give what it makes of it: its integers, in the layout
 * that they get anyway. *ret_done false: it does not apply. */
static bool quantize_at_input(as_plan *plan, const as_node *node, const as_quant_target *target, bool *ret_done,
                              as_err *err)
{
    const as_value *x = as_plan_in(plan, node, 0);
    const as_buf   *in = plan->of_value[node->inputs[0]];
    *ret_done = plan->bytes_in && in && in->kind == AS_BUF_INPUT && plan->only_user[node->inputs[0]] >= 0 &&
                x->shape.rank == 4 && target->dtype == AS_DTYPE_U8;
    if (!*ret_done)
        return true;
    const as_layout *last = as_layout_of(plan->dnn, target->dtype, AS_ORDER_CHANNELS_LAST, &x->shape, err);
    as_buf          *buf = last ? as_plan_new_input(plan, in->input, target->dtype, &x->shape, last, err) : NULL;
    if (!buf)
        return false;
    as_quant_put(plan, target, buf);
    plan->inputs[in->input] = (struct as_plan_input){true, target->scale, target->zero};
    return true;
}

static bool quantize_plan(as_plan *plan, const as_node *node, as_err *err)
{
    const as_value *x = as_plan_in(plan, node, 0);
    const as_quant *form = as_quant_of(plan, node->inputs[0]);
    as_quant_target target;
    size_t          count;
    quantize        q = {.planes = 1, .n = 1, .images = 1};
    if (x->dtype != AS_DTYPE_F32)
        return AS_FAIL(err, AS_EUNSUPPORTED, "only f32");
    if (x->shape.rank == 0 || !as_shape_count(&x->shape, &count) || count == 0 ||
        !as_quant_target_of(plan, node, 1, &target))
        return quantize_defined_plan(plan, node, quantize_run, err);
    if (form)
        return quantize_again(plan, form, &target, err);
    bool given;
    if (!quantize_at_input(plan, node, &target, &given, err) || given)
        return given;
    for (int i = 0; i < x->shape.rank; i++)
        *(x->shape.rank < 3 || i > 1 ? &q.n : i == 1 ? &q.planes : &q.images) *= (size_t)x->shape.dims[i];
    q.scale = target.scale;
    q.zero = target.zero;
    q.low = target.dtype == AS_DTYPE_I8 ? -128 : 0;
    as_buf  *src = as_plan_plain(plan, node->inputs[0], err);
    as_buf  *out = src ? as_quant_out(plan, &target, err) : NULL;
    as_step *step = out ? as_plan_step(plan, NULL, quantize_fast_run, sizeof q, err) : NULL;
    if (!step)
        return false;
    memcpy(step->data, &q, sizeof q);
    return as_step_use(plan, step, AS_ARG_NONE, out, err) && as_step_use(plan, step, AS_ARG_NONE, src, err);
}

/* --- DequantizeLinear: no step, a note ---------------------------------------------------------------------------- */

static bool dequantize_plan(as_plan *plan, const as_node *node, as_err *err)
{
    const as_value *q = as_plan_in(plan, node, 0);
    as_quant       *made = &plan->quants[node->outputs[0]];
    float           scale;
    int32_t         zero;
    size_t          count;
    const bool      zero_known = !as_plan_in(plan, node, 2) || as_plan_constant(plan, node, 2);
    const bool      known = zero_known && as_plan_constant(plan, node, 1);
    if (q->shape.rank == 0 || !as_shape_count(&q->shape, &count) || count == 0 || !known)
        return quantize_defined_plan(plan, node, dequantize_run, err);
    const as_quant *hidden = &plan->quants[node->inputs[0]];
    const bool      single = as_quant_params(plan, node, 1, &scale, &zero);
    if (hidden->buf && single && !plan->of_value[node->inputs[0]]) { /* i8 kept as u8 */
        as_quant_set(plan, node->outputs[0], hidden->buf, scale, zero + 128);
        return true;
    }
    if (hidden->buf && !plan->of_value[node->inputs[0]])
        return AS_FAIL(err, AS_EUNSUPPORTED, "its integers are written with one scale and read with several");
    if (single && q->dtype != AS_DTYPE_I32) {
        as_buf *buf = as_plan_buf(plan, node->inputs[0], err);
        if (buf)
            as_quant_set(plan, node->outputs[0], buf, scale, zero);
        return buf != NULL;
    }
    if (!q->constant)
        return quantize_defined_plan(plan, node, dequantize_run, err);
    made->buf = as_plan_buf(plan, node->inputs[0], err);
    made->rows = node;
    return made->buf != NULL;
}

/* --- DynamicQuantizeLinear ---------------------------------------------------------------------------------------- */

/* uses: y, x, scale, zero point */
static void dynamic_run(const as_step *step)
{
    const float *x = step->uses.at[1].buf->data;
    uint8_t     *y = step->uses.at[0].buf->data;
    const size_t n = step->uses.at[0].buf->bytes;
    float        low = 0.0f, high = 0.0f;
    for (size_t i = 0; i < n; i++) {
        low = x[i] < low ? x[i] : low;
        high = x[i] > high ? x[i] : high;
    }
    float scale = (high - low) / 255.0f;
    scale = scale > 0.0f ? scale : 1.0f;
    const float zero = rintf(fminf(fmaxf(-low / scale, 0.0f), 255.0f));
    as_quant_kernel_from_f32(x, 1, n, scale, (int32_t)zero, 0, 255, y);
    *(float *)step->uses.at[2].buf->data = scale;
    *(uint8_t *)step->uses.at[3].buf->data = (uint8_t)zero;
}

static bool dynamic_plan(as_plan *plan, const as_node *node, as_err *err)
{
    as_buf *bufs[4];
    size_t  count;
    if (as_plan_in(plan, node, 0)->dtype != AS_DTYPE_F32)
        return AS_FAIL(err, AS_EUNSUPPORTED, "only f32");
    bufs[1] = as_plan_plain(plan, node->inputs[0], err);
    if (!bufs[1] || !as_shape_count(&bufs[1]->shape, &count))
        return false;
    for (size_t i = 0; i < 3; i++)
        if (!(bufs[i == 0 ? 0 : i + 1] = as_plan_out(plan, node, i, NULL, err)))
            return false;
    as_step *step = as_plan_step(plan, NULL, dynamic_run, 0, err);
    for (size_t i = 0; step && i < 4; i++)
        if (!as_step_use(plan, step, AS_ARG_NONE, bufs[i], err))
            return false;
    return step != NULL;
}

const as_op as_op_quantizelinear = {"QuantizeLinear", quantize_plan};
const as_op as_op_dequantizelinear = {"DequantizeLinear", dequantize_plan};
const as_op as_op_dynamicquantizelinear = {"DynamicQuantizeLinear", dynamic_plan};
