/* SPDX-License-Identifier: Apache-2.0 */
#include "engine/quant.h"

#include <float.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "engine/op.h"
#include "engine/quant_kernel.h"

/* --- how values stand --------------------------------------------------------------------------------------------- */

bool as_quant_init(as_plan *plan, as_err *err)
{
    plan->quants = calloc(AS_MAX(as_graph_n_values(plan->graph), 1u), sizeof *plan->quants);
    if (!plan->quants)
        return AS_FAIL(err, AS_ENOMEM, "out of memory for a plan");
    for (size_t i = 0; i < as_graph_n_nodes(plan->graph); i++) {
        const as_node *node = as_graph_node(plan->graph, i);
        if (strcmp(node->op, "DequantizeLinear") == 0)
            plan->quants[node->inputs[0]].restored++;
    }
    return true;
}

const as_quant *as_quant_of(const as_plan *plan, int32_t value)
{
    const as_quant *form = value >= 0 ? &plan->quants[value] : NULL;
    bool            narrow = form && form->buf && (form->buf->dtype == AS_DTYPE_U8 || form->buf->dtype == AS_DTYPE_I8);
    return narrow && !form->rows ? form : NULL;
}

void as_quant_set(as_plan *plan, int32_t value, as_buf *buf, float scale, int32_t zero)
{
    as_quant *form = &plan->quants[value];
    form->buf = buf;
    form->scale = scale;
    form->zero = zero;
    buf->root->pending += plan->n_users[value];
}

static int32_t quant_int(const as_tensor *t, size_t i)
{
    int32_t v = 0;
    switch (t->dtype) {
    case AS_DTYPE_U8: return ((const uint8_t *)t->data)[i];
    case AS_DTYPE_I8: return ((const int8_t *)t->data)[i];
    default: memcpy(&v, (const char *)t->data + i * sizeof v, sizeof v); return v;
    }
}

static bool quant_params_fit(float scale, const as_value *zero)
{
    return isfinite(scale) && scale > 0.0f && (!zero || (zero->constant && as_tensor_count(zero->constant) == 1));
}

bool as_quant_params(const as_plan *plan, const as_node *node, size_t scale_at, float *ret_scale, int32_t *ret_zero)
{
    const as_value *zero = as_plan_in(plan, node, scale_at + 1);
    float           scale;
    if (!as_op_scalar(plan, node, scale_at, &scale) || !quant_params_fit(scale, zero))
        return false;
    *ret_scale = scale;
    *ret_zero = zero ? quant_int(zero->constant, 0) : 0;
    return true;
}

bool as_quant_target_of(const as_plan *plan, const as_node *node, size_t scale_at, as_quant_target *ret)
{
    const as_dtype  dtype = as_graph_value(plan->graph, node->outputs[0])->dtype;
    as_quant_target target = {.value = node->outputs[0], .dtype = dtype};
    if (!as_quant_params(plan, node, scale_at, &target.scale, &target.zero))
        return false;
    if (dtype == AS_DTYPE_I8 && plan->quants[target.value].restored == plan->n_users[target.value]) {
        target.dtype = AS_DTYPE_U8;
        target.zero += 128;
        target.hidden = true;
    }
    *ret = target;
    return true;
}

void as_quant_put(as_plan *plan, const as_quant_target *target, as_buf *buf)
{
    if (target->hidden)
        as_quant_set(plan, target->value, buf, target->scale, target->zero);
    else
        as_plan_set(plan, target->value, buf);
}

as_buf *as_quant_out(as_plan *plan, const as_quant_target *target, as_err *err)
{
    const as_shape  *shape = &as_graph_value(plan->graph, target->value)->shape;
    const as_layout *layout = as_layout_of(plan->dnn, target->dtype, AS_ORDER_CHANNELS_LAST, shape, err);
    as_buf          *buf = layout ? as_plan_new(plan, target->dtype, shape, layout, err) : NULL;
    if (buf)
        as_quant_put(plan, target, buf);
    return buf;
}

as_buf *as_quant_as(as_plan *plan, as_buf *buf, as_order order, as_err *err)
{
    const as_layout *want = as_layout_of(plan->dnn, buf->dtype, order, &buf->shape, err);
    if (!want || buf->layout == want || (order == AS_ORDER_PLAIN && buf->layout && as_layout_is_plain(buf->layout)))
        return want ? buf : NULL;
    if (buf->layout)
        return as_plan_converted(plan, buf, want, err);
    as_buf *seen = as_plan_reshaped(plan, buf, &buf->shape, err); /* row major, without a word about it */
    if (!seen)
        return NULL;
    seen->layout = as_layout_of(plan->dnn, buf->dtype, AS_ORDER_PLAIN, &buf->shape, err);
    if (!seen->layout || seen->layout == want)
        return seen->layout ? seen : NULL;
    return as_plan_converted(plan, seen, want, err);
}

/* --- f32 of it ---------------------------------------------------------------------------------------------------- */

typedef struct restore {
    float  table[256];
    size_t planes, n, images;
} restore;

static void restore_images(const restore *r, const uint8_t *q, float *out)
{
    const size_t each = r->planes * r->n;
    for (size_t i = 0; i < r->images; i++)
        as_quant_kernel_to_f32(q + i * each, r->planes, r->n, r->table, out + i * each);
}

static void restore_run(const as_step *step)
{
    restore_images(step->data, step->uses.at[1].buf->data, step->uses.at[0].buf->data);
}

/* What byte q stands for, by itself. */
static int32_t quant_of_byte(as_dtype dtype, int q)
{
    return dtype == AS_DTYPE_I8 ? (int8_t)(uint8_t)q : q;
}

static as_buf *restore_single(as_plan *plan, int32_t value, as_err *err)
{
    const as_quant  form = plan->quants[value];
    const as_shape *shape = &form.buf->shape;
    as_buf         *src = as_quant_as(plan, form.buf, AS_ORDER_CHANNELS_LAST, err);
    restore         r = {.planes = 1, .n = 1, .images = 1};
    if (!src)
        return NULL;
    for (int q = 0; q < 256; q++)
        r.table[q] = (float)(quant_of_byte(src->dtype, q) - form.zero) * form.scale;
    for (int i = 0; i < shape->rank; i++)
        *(shape->rank < 3 || i > 1 ? &r.n : i == 1 ? &r.planes : &r.images) *= (size_t)shape->dims[i];
    if (src->root->kind == AS_BUF_CONSTANT) {
        as_buf *out = as_plan_new_constant(plan, AS_DTYPE_F32, shape, NULL, err);
        if (out)
            restore_images(&r, src->data, out->data);
        return out;
    }
    as_buf  *out = as_plan_new(plan, AS_DTYPE_F32, shape, NULL, err);
    as_step *step = out ? as_plan_step(plan, NULL, restore_run, sizeof r, err) : NULL;
    if (!step)
        return NULL;
    memcpy(step->data, &r, sizeof r);
    return as_step_use(plan, step, AS_ARG_NONE, out, err) && as_step_use(plan, step, AS_ARG_NONE, src, err) ? out
                                                                                                            : NULL;
}

/* Constants with a scale for each index of an axis, or wider than a byte: at once, as they are defined. */
static as_buf *restore_constant(as_plan *plan, int32_t value, as_err *err)
{
    const as_quant   form = plan->quants[value];
    const as_tensor *q = as_plan_constant(plan, form.rows, 0), *scale = as_plan_constant(plan, form.rows, 1),
                    *zero = as_plan_constant(plan, form.rows, 2);
    const int64_t axis = as_plan_int_or(form.rows, "axis", 1);
    as_buf       *out = as_plan_new_constant(plan, AS_DTYPE_F32, &q->shape, NULL, err);
    const size_t  n_scales = as_tensor_count(scale), n = as_tensor_count(q);
    size_t        inner = 1;
    if (!out)
        return NULL;
    for (int i = (int)(axis < 0 ? axis + q->shape.rank : axis) + 1; n_scales > 1 && i < q->shape.rank; i++)
        inner *= (size_t)q->shape.dims[i];
    for (size_t i = 0; i < n; i++) {
        const size_t at = n_scales > 1 ? i / inner % n_scales : 0;
        float        s;
        memcpy(&s, (const char *)scale->data + at * sizeof s, sizeof s);
        ((float *)out->data)[i] = (float)((int64_t)quant_int(q, i) - (zero ? quant_int(zero, at) : 0)) * s;
    }
    return out;
}

as_buf *as_quant_restore(as_plan *plan, int32_t value, as_err *err)
{
    as_buf *buf = plan->quants[value].rows ? restore_constant(plan, value, err) : restore_single(plan, value, err);
    if (buf)
        as_plan_set(plan, value, buf);
    return buf;
}

/* --- tables ------------------------------------------------------------------------------------------------------- */

static float quant_apply(const as_post *fn, float x)
{
    switch (fn->fn) {
    case AS_FN_RELU: return x > 0.0f ? x : fn->a * x;
    case AS_FN_CLIP: return fminf(fmaxf(x, fn->a), fn->b);
    case AS_FN_LINEAR: return fn->a * x + fn->b;
    case AS_FN_SIGMOID: return 1.0f / (1.0f + expf(-x));
    case AS_FN_TANH: return tanhf(x);
    case AS_FN_HARDSWISH: return x * fminf(fmaxf(x / 6.0f + 0.5f, 0.0f), 1.0f);
    case AS_FN_EXP: return expf(x);
    case AS_FN_LOG: return logf(x);
    case AS_FN_SQRT: return sqrtf(x);
    case AS_FN_ABS: return fabsf(x);
    case AS_FN_ELU: return x > 0.0f ? x : fn->a * expm1f(x);
    default: return x;
    }
}

void as_quant_table(const as_quant *form, const as_quant_target *target, const as_post *fn, uint8_t to[256])
{
    const bool  is_signed = target->dtype == AS_DTYPE_I8;
    const float low = (float)((is_signed ? -128 : 0) - target->zero), high = low + 255.0f;
    for (int q = 0; q < 256; q++) {
        float x = (float)(quant_of_byte(form->buf->dtype, q) - form->zero) * form->scale;
        x = (fn ? quant_apply(fn, x) : x) / target->scale;
        x = x > low ? x : low; /* also of what is no number */
        x = x < high ? x : high;
        to[q] = (uint8_t)((int32_t)lrintf(x) + target->zero);
    }
}

static void look_up_run(const as_step *step)
{
    const as_buf *out = step->uses.at[0].buf;
    as_quant_kernel_look_up(step->uses.at[1].buf->data, out->bytes, step->data, out->data);
}

bool as_quant_look_up(as_plan *plan, const uint8_t table[256], as_buf *in, as_buf *out, as_err *err)
{
    as_step *step = as_plan_step(plan, NULL, look_up_run, 256, err);
    if (!step)
        return false;
    memcpy(step->data, table, 256);
    return as_step_use(plan, step, AS_ARG_NONE, out, err) && as_step_use(plan, step, AS_ARG_NONE, in, err);
}

/* --- what follows ------------------------------------------------------------------------------------------------- */

as_quant_tail as_quant_tail_begin(int32_t value)
{
    return (as_quant_tail){.value = value, .low = -FLT_MAX, .high = FLT_MAX};
}

void as_quant_tail_walk(const as_plan *plan, as_quant_tail *tail)
{
    while (!tail->has_target && tail->n < AS_COUNT(tail->nodes)) {
        const int32_t  next = plan->only_user[tail->value];
        const as_node *node = next >= 0 ? as_graph_node(plan->graph, (size_t)next) : NULL;
        as_post        fn;
        if (!node || node->inputs[0] != tail->value)
            return;
        if (strcmp(node->op, "QuantizeLinear") == 0) {
            if (!as_quant_target_of(plan, node, 1, &tail->target))
                return;
            tail->has_target = true;
        } else {
            const bool limits =
                as_op_post(plan, node, &fn) && (fn.fn == AS_FN_CLIP || (fn.fn == AS_FN_RELU && fabsf(fn.a) <= 0.0f));
            if (!limits)
                return;
            const float low = fn.fn == AS_FN_CLIP ? fn.a : 0.0f, high = fn.fn == AS_FN_CLIP ? fn.b : FLT_MAX;
            tail->low = fminf(fmaxf(tail->low, low), high);
            tail->high = fminf(fmaxf(tail->high, low), high);
        }
        tail->nodes[tail->n++] = (size_t)next;
        tail->value = node->outputs[0];
    }
}

void as_quant_tail_absorb(as_plan *plan, const as_quant_tail *tail)
{
    for (size_t i = 0; i < tail->n; i++)
        as_plan_absorb(plan, tail->nodes[i]);
}

/* --- rows --------------------------------------------------------------------------------------------------------- */

bool as_quant_plan(as_plan *plan, const as_node *node, bool *ret_done, as_err *err)
{
    static const struct {
        const char *op;
        bool (*plan)(as_plan *, const as_node *, bool *, as_err *);
    } rows[] = {
        {"Conv", as_quant_plan_conv},
        {"Gemm", as_quant_plan_gemm},
        {"MatMul", as_quant_plan_matmul},
        {"QLinearConv", as_quant_plan_qlinear_conv},
        {"QLinearMatMul", as_quant_plan_qlinear_matmul},
        {"Add", as_quant_plan_pair},
        {"Mul", as_quant_plan_pair},
        {"Concat", as_quant_plan_concat},
        {"MaxPool", as_quant_plan_max_pool},
        {"AveragePool", as_quant_plan_mean_pool},
        {"GlobalAveragePool", as_quant_plan_mean_pool},
        {"Reshape", as_quant_plan_view},
        {"Flatten", as_quant_plan_view},
        {"Squeeze", as_quant_plan_view},
        {"Unsqueeze", as_quant_plan_view},
        {"Identity", as_quant_plan_view},
        {"Dropout", as_quant_plan_view},
    };
    *ret_done = false;
    for (size_t i = 0; i < AS_COUNT(rows); i++)
        if (strcmp(node->op, rows[i].op) == 0)
            return rows[i].plan(plan, node, ret_done, err);
    return as_quant_plan_function(plan, node, ret_done, err);
}
