/* SPDX-License-Identifier: Apache-2.0 */
/* Conv, Gemm and MatMul between DequantizeLinear and QuantizeLinear, and their QLinear forms: sums of products of u8 and
 * i8, which become the next u8 in the same write (Jacob et al. 2018, section 2.2). Weights are constant; all is made a
 * convolution, since that needs no memory of its own when it runs. */
#include <float.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "base/isa.h"
#include "engine/product8.h"
#include "engine/quant_kernel.h"

static void product8_done(as_product8 *p)
{
    free(p->made);
    free(p->w_scale);
    free(p->bias);
}

static bool product8_alloc(as_product8 *p, as_err *err)
{
    p->w_scale = calloc(p->n_out + 1, sizeof *p->w_scale);
    p->bias = calloc(p->n_out + 1, sizeof *p->bias);
    return p->w_scale && p->bias ? true : AS_FAIL(err, AS_ENOMEM, "out of memory for weights");
}

static int32_t product8_int(const as_tensor *t, size_t i)
{
    int32_t v;
    if (t->dtype == AS_DTYPE_U8)
        return ((const uint8_t *)t->data)[i];
    if (t->dtype == AS_DTYPE_I8)
        return ((const int8_t *)t->data)[i];
    memcpy(&v, (const char *)t->data + i * sizeof v, sizeof v);
    return v;
}

static float product8_float(const as_tensor *t, size_t i)
{
    float v;
    memcpy(&v, (const char *)t->data + i * sizeof v, sizeof v);
    return v;
}

/* Where the integers, scales and zero points of weights stand: a DequantizeLinear of constants, or a QLinear node. */
typedef struct product8_source {
    const as_tensor *q, *scale, *zero;
    int64_t          axis;
} product8_source;

static bool product8_find(const as_plan *plan, int32_t value, product8_source *ret)
{
    const as_value *v = value >= 0 ? as_graph_value(plan->graph, value) : NULL;
    const as_node  *node = v && v->producer >= 0 ? as_graph_node(plan->graph, (size_t)v->producer) : NULL;
    if (!node || strcmp(node->op, "DequantizeLinear") != 0)
        return false;
    *ret = (product8_source){as_plan_constant(plan, node, 0), as_plan_constant(plan, node, 1),
                             as_plan_constant(plan, node, 2), as_plan_int_or(node, "axis", 1)};
    return ret->q && ret->scale && (ret->zero || !as_plan_in(plan, node, 2));
}

/* i8 without zero points, channels first: as they stand. */
static bool product8_stands(const product8_source *s, int axis)
{
    if (s->q->dtype != AS_DTYPE_I8 || axis != 0)
        return false;
    for (size_t i = 0; s->zero && i < as_tensor_count(s->zero); i++)
        if (product8_int(s->zero, i) != 0)
            return false;
    return true;
}

/* Any others, less their zero points. False: they are no i8 then. */
static bool product8_shift(as_product8 *p, const product8_source *s, int axis)
{
    const bool single = !s->zero || as_tensor_count(s->zero) == 1;
    size_t     inner = 1;
    p->made = malloc(AS_MAX(p->n_out * p->each, 1u));
    for (int i = axis + 1; i < s->q->shape.rank; i++)
        inner *= (size_t)s->q->shape.dims[i];
    for (size_t block = 0, at = 0; p->made && block < p->each / AS_MAX(inner, 1u); block++)
        for (size_t o = 0; o < p->n_out; o++) {
            const int32_t zero = s->zero ? product8_int(s->zero, single ? 0 : o) : 0;
            for (size_t k = 0; k < inner; k++, at++) {
                const int32_t v = product8_int(s->q, at) - zero;
                if (v < -128 || v > 127)
                    return false;
                p->made[o * p->each + block * inner + k] = (int8_t)v;
            }
        }
    p->weights = p->made;
    return p->made != NULL;
}

/* Weights as i8 [n_out][each]: channels along `axis`, each channel's weights in the order they stand. False: they are not
 * of this kind. */
static bool product8_weights(as_product8 *p, const product8_source *s, int axis)
{
    const size_t n_scales = as_tensor_count(s->scale);
    const int    rank = s->q->shape.rank;
    if ((s->q->dtype != AS_DTYPE_I8 && s->q->dtype != AS_DTYPE_U8) || s->scale->dtype != AS_DTYPE_F32)
        return false;
    if (n_scales != 1 && (n_scales != p->n_out || (s->axis < 0 ? s->axis + rank : s->axis) != axis))
        return false;
    if (s->zero && as_tensor_count(s->zero) != n_scales)
        return false;
    p->constant = s->q;
    if (product8_stands(s, axis))
        p->weights = s->q->data;
    else if (!product8_shift(p, s, axis))
        return false;
    for (size_t o = 0; o < p->n_out; o++) {
        p->w_scale[o] = product8_float(s->scale, n_scales > 1 ? o : 0);
        if (!isfinite(p->w_scale[o]) || !(p->w_scale[o] * p->x.scale > FLT_MIN))
            return false;
    }
    return true;
}

/* The bias in floats: constant f32, or restored from i32. False: it is computed. */
static bool product8_bias(as_plan *plan, as_product8 *p, int32_t value, float factor)
{
    product8_source  s;
    const as_value  *v = value >= 0 ? as_graph_value(plan->graph, value) : NULL;
    const as_tensor *t = v ? v->constant : NULL;
    if (!v)
        return true;
    if (t) {
        if (t->dtype != AS_DTYPE_F32 || as_tensor_count(t) != p->n_out || t->shape.rank < 1 ||
            t->shape.dims[t->shape.rank - 1] != (int64_t)p->n_out)
            return false;
        for (size_t o = 0; o < p->n_out; o++)
            p->bias[o] = factor * product8_float(t, o);
        return true;
    }
    if (!product8_find(plan, value, &s) || as_tensor_count(s.q) != p->n_out)
        return false;
    const size_t n = as_tensor_count(s.scale), n_zero = s.zero ? as_tensor_count(s.zero) : n;
    if ((n != 1 && n != p->n_out) || n_zero != n || s.q->shape.rank != 1)
        return false;
    for (size_t o = 0; o < p->n_out; o++) {
        const size_t at = n > 1 ? o : 0;
        p->bias[o] = factor * (float)((int64_t)product8_int(s.q, o) - (s.zero ? product8_int(s.zero, at) : 0)) *
                     product8_float(s.scale, at);
    }
    return true;
}

/* Without VNNI a processor adds two neighbouring products of u8 and i8 in 16 bits, and silently takes the largest where
 * they do not fit: then these weights are multiplied as floats instead. Neighbours are input channels. */
static bool product8_may_saturate(const as_product8 *p)
{
    enum { SURE = 64, PAIR = 128 }; /* 255 * 128 is below 2^15 */
    const size_t per_group = (size_t)p->w.dims[p->groups > 1 ? 2 : 1], taps = p->each / per_group;
    if (as_quant_kernel_largest(p->weights, p->n_out * p->each) <= SURE)
        return false;
    if (p->groups > 1 && (int64_t)p->n_out != p->groups && as_isa_may(AS_ISA_AVX512))
        return true; /* of groups the wide primitives make neighbours of taps too */
    if (per_group == 1)
        return false;
    for (size_t o = 0; o < p->n_out; o++)
        if (as_quant_kernel_largest_pair(p->weights + o * p->each, per_group / 2, taps) > PAIR)
            return true;
    return false;
}

/* --- the chain behind it ------------------------------------------------------------------------------------------ */

/* A DequantizeLinear that waits for its turn though its integers are there takes it now: it makes no step. */
static const as_quant *sum_form(as_plan *plan, int32_t value)
{
    const as_value *v = as_graph_value(plan->graph, value);
    const as_node  *node = v->producer >= 0 ? as_graph_node(plan->graph, (size_t)v->producer) : NULL;
    const as_op    *op = node && strcmp(node->op, "DequantizeLinear") == 0 ? as_op_find(node->op) : NULL;
    float           scale;
    int32_t         zero;
    if (op && !plan->planned[v->producer] && as_quant_params(plan, node, 1, &scale, &zero) &&
        (plan->of_value[node->inputs[0]] || plan->quants[node->inputs[0]].buf) && op->plan(plan, node, NULL))
        as_plan_absorb(plan, (size_t)v->producer);
    return as_quant_of(plan, value);
}

/* The other operand of the Add that alone uses `value`: u8, there already, of its shape. */
static const as_quant *sum_operand(as_plan *plan, int32_t value, int32_t *ret_next)
{
    const int32_t  next = plan->only_user[value];
    const as_node *add = next >= 0 ? as_graph_node(plan->graph, (size_t)next) : NULL;
    if (!add || strcmp(add->op, "Add") != 0)
        return NULL;
    const int32_t   other = add->inputs[0] == value ? add->inputs[1] : add->inputs[0];
    const as_quant *form = other == value ? NULL : sum_form(plan, other);
    if (!form || form->buf->dtype != AS_DTYPE_U8 || form->buf->root->kind == AS_BUF_CONSTANT ||
        !as_shape_equal(&form->buf->shape, &as_graph_value(plan->graph, value)->shape))
        return NULL;
    *ret_next = next;
    return form;
}

/* The DequantizeLinear of what the tail ends with, if it only reads what is written. */
static bool sum_restore(const as_plan *plan, as_quant_tail *t)
{
    const int32_t  user = plan->only_user[t->value];
    const as_node *reader = user >= 0 ? as_graph_node(plan->graph, (size_t)user) : NULL;
    float          scale;
    int32_t        zero;
    if (t->n != 1 || !reader || strcmp(reader->op, "DequantizeLinear") != 0 ||
        !as_quant_params(plan, reader, 1, &scale, &zero) || zero + (t->target.hidden ? 128 : 0) != t->target.zero ||
        scale > t->target.scale || scale < t->target.scale || t->target.dtype != AS_DTYPE_U8)
        return false;
    t->nodes[t->n++] = (size_t)user;
    t->value = reader->outputs[0];
    return true;
}

/* Product, (QuantizeLinear, DequantizeLinear,) Add, functions that limit, QuantizeLinear: one write. The rounding in between
 * is part of what the model says, and other engines do it: without it the addition is fused only where the kernel is ours. */
static void sum_walk(as_plan *plan, as_product8 *p, as_quant_tail *tail)
{
    as_quant_tail   t = *tail;
    as_quant_target middle = {.scale = 0.0f};
    int32_t         next = -1;
    if (t.has_target) {
        middle = t.target;
        if (!as_product8_adds(plan, p) || !sum_restore(plan, &t))
            return;
    } else if (t.n > 0) {
        return;
    }
    const as_quant *sum = sum_operand(plan, t.value, &next);
    if (!sum)
        return;
    const as_node *add = as_graph_node(plan->graph, (size_t)next);
    p->sum_first = add->inputs[0] != t.value;
    t.nodes[t.n++] = (size_t)next;
    t.value = add->outputs[0];
    t.has_target = false;
    as_quant_tail_walk(plan, &t);
    if (!t.has_target || t.target.dtype != AS_DTYPE_U8)
        return;
    *tail = t;
    p->sum = *sum;
    p->middle = middle;
}

/* --- the primitive ------------------------------------------------------------------------------------------------ */

/* In the target's integers; on where they are narrower than its type. */
static as_limits product8_limits(float low, float high, const as_quant_target *t)
{
    const bool  whole = t->scale > 0.0f;
    const float scale = whole ? t->scale : 1.0f, lowest = t->dtype == AS_DTYPE_I8 ? -128.0f : 0.0f;
    as_limits l = {false, fmaxf(low / scale + (float)t->zero, -FLT_MAX), fminf(high / scale + (float)t->zero, FLT_MAX)};
    l.on = whole ? l.low > lowest || l.high < lowest + 255.0f : low > -FLT_MAX || high < FLT_MAX;
    return l;
}

void as_product8_numbers(const as_product8 *p, bool fold_zero, float *factors, float *bias, as_int8 *q)
{
    const float y_scale = p->target.scale > 0.0f ? p->target.scale : 1.0f, y_zero = (float)p->target.zero;
    for (size_t o = 0; o < p->n_out; o++) {
        const float unit = p->x.scale * p->w_scale[o];
        float       b = p->bias[o] + y_zero * y_scale;
        if (p->sum.buf)
            b -= p->sum.scale * (float)p->sum.zero;
        int64_t total = 0;
        for (size_t k = 0; fold_zero && k < p->each; k++)
            total += p->weights[o * p->each + k];
        factors[o] = unit / y_scale;
        bias[o] = b / unit - (float)(total * p->x.zero);
    }
    *q = (as_int8){.factors = factors, .n_factors = (int64_t)p->n_out, .src_zero = fold_zero ? 0 : p->x.zero};
    q->sum = p->sum.buf != NULL;
    q->sum_factor = q->sum ? p->sum.scale / y_scale : 0.0f;
    q->limits = product8_limits(p->low, p->high, &p->target);
}

static as_prim *product8_prim(as_plan *plan, const as_product8 *p, as_buf *bias, as_err *err)
{
    bool     fold_zero = true;
    as_int8  q;
    float   *factors = malloc((p->n_out + 1) * sizeof *factors);
    as_prim *prim = NULL;
    for (int i = 0; i < p->window.n; i++)
        fold_zero = fold_zero && p->window.pad_begin[i] == 0 && p->window.pad_end[i] <= 0;
    const as_layout *src = as_layout_of(plan->dnn, AS_DTYPE_U8, AS_ORDER_CHANNELS_LAST, &p->in, err);
    const as_layout *w = src ? as_layout_of(plan->dnn, AS_DTYPE_I8, AS_ORDER_ANY, &p->w, err) : NULL;
    if (factors && w) {
        as_product8_numbers(p, fold_zero, factors, bias->data, &q);
        prim = as_prim_conv_int8(plan->dnn, &p->window, src, w, bias->layout, p->dst, &q, err);
    }
    free(factors);
    return prim;
}

as_buf *as_product8_dst(as_plan *plan, const as_product8 *p, int32_t last, as_err *err)
{
    if (!(p->target.scale > 0.0f)) {
        const as_shape *shape = &as_graph_value(plan->graph, last)->shape;
        as_buf         *buf =
            as_plan_new(plan, AS_DTYPE_F32, shape, shape->rank > 2 && p->order != AS_ORDER_PLAIN ? p->dst : NULL, err);
        if (buf)
            as_plan_set(plan, last, buf);
        return buf;
    }
    if (!p->sum.buf && p->order == AS_ORDER_CHANNELS_LAST)
        return as_quant_out(plan, &p->target, err);
    as_buf *to = p->sum.buf ? as_quant_as(plan, p->sum.buf, p->order, err)
                            : as_plan_new(plan, p->target.dtype, &as_graph_value(plan->graph, p->target.value)->shape,
                                          NULL, err);
    if (to && p->sum.buf && to->root == p->sum.buf->root &&
        (to->root->kind != AS_BUF_ARENA || to->root->pending != 0 || to->bytes != to->root->bytes))
        to = as_plan_converted(plan, to, p->dst, err);
    if (to)
        as_quant_put(plan, &p->target, to);
    return to;
}

static bool product8_step(as_plan *plan, const as_product8 *p, as_prim *prim, as_buf *bias, int32_t last, as_err *err)
{
    as_buf *src = as_quant_as(plan, p->x.buf, p->order, err);
    as_buf *weights =
        src ? as_plan_packed(plan, AS_DTYPE_I8, p->weights, &p->w, as_prim_layout(prim, AS_ARG_WEIGHTS), err) : NULL;
    as_buf  *dst = weights ? as_product8_dst(plan, p, last, err) : NULL;
    as_step *step = dst ? as_plan_step(plan, prim, NULL, 0, err) : NULL;
    return step && as_step_use(plan, step, AS_ARG_DST, dst, err) && as_step_use(plan, step, AS_ARG_SRC, src, err) &&
           as_step_use(plan, step, AS_ARG_WEIGHTS, weights, err) && as_step_use(plan, step, AS_ARG_BIAS, bias, err);
}

/* i8 activations become u8. */
static bool product8_unsigned(as_plan *plan, as_product8 *p, as_err *err)
{
    uint8_t               table[256];
    const as_quant_target target = {.dtype = AS_DTYPE_U8, .scale = p->x.scale, .zero = p->x.zero + 128};
    if (p->x.buf->dtype == AS_DTYPE_U8)
        return true;
    as_buf *src = as_quant_as(plan, p->x.buf, p->order, err);
    as_buf *buf = src ? as_plan_new(plan, AS_DTYPE_U8, &src->shape, NULL, err) : NULL;
    if (!buf)
        return false;
    buf->layout = as_layout_of(plan->dnn, AS_DTYPE_U8, p->order, &src->shape, err);
    as_quant_table(&p->x, &target, NULL, table);
    p->x.buf = buf;
    p->x.zero += 128;
    return buf->layout && as_quant_look_up(plan, table, src, buf, err);
}

static void product8_aim(as_product8 *p, const as_quant_tail *tail)
{
    p->target = tail->has_target ? tail->target : (as_quant_target){.dtype = AS_DTYPE_F32};
    p->low = tail->low;
    p->high = tail->high;
}

/* The fastest there is for p.target: a kernel, or a primitive; neither: floats are faster. */
static bool product8_choose(as_plan *plan, as_product8 *p, as_buf *bias, as_product8_kernel *ret_kernel,
                            as_prim **ret_prim, as_err *err)
{
    const bool exact = as_product8_wide() || !product8_may_saturate(p);
    *ret_kernel = as_product8_own(plan, p, exact);
    *ret_prim = NULL;
    p->dst = as_layout_of(plan->dnn, p->target.dtype, AS_ORDER_CHANNELS_LAST, &p->out, err);
    if (!p->dst)
        return false;
    if (*ret_kernel || !exact)
        return true;
    as_prim *prim = product8_prim(plan, p, bias, NULL);
    *ret_prim = prim && !strstr(as_prim_about(prim), "ref") ? prim : NULL;
    return true;
}

/* tail: what follows is taken in too, with an addition where it can be; NULL: p.target is what is written. */
static bool product8_make(as_plan *plan, as_product8 *p, as_quant_tail *tail, int32_t last, bool *ret_done, as_err *err)
{
    const as_shape     row = {.rank = 1, .dims = {(int64_t)p->n_out}};
    as_buf            *bias = as_plan_new_constant(plan, AS_DTYPE_F32, &row, NULL, err);
    as_prim           *prim;
    as_product8_kernel kernel;
    if (!bias || !product8_unsigned(plan, p, err))
        return false;
    p->low = -FLT_MAX;
    p->high = FLT_MAX;
    as_quant_tail short_tail = as_quant_tail_begin(last), long_tail;
    if (tail) {
        as_quant_tail_walk(plan, tail);
        short_tail = long_tail = *tail;
        if (p->order == AS_ORDER_CHANNELS_LAST)
            sum_walk(plan, p, &long_tail);
        *tail = long_tail;
        product8_aim(p, tail);
    }
    if (!product8_choose(plan, p, bias, &kernel, &prim, err))
        return false;
    if (!kernel && !prim && p->sum.buf) {
        *tail = short_tail;
        p->sum.buf = NULL;
        p->middle.scale = 0.0f;
        product8_aim(p, tail);
        if (!product8_choose(plan, p, bias, &kernel, &prim, err))
            return false;
    }
    if (!kernel && !prim)
        return true;
    if (tail) {
        as_quant_tail_absorb(plan, tail);
        last = tail->value;
    }
    *ret_done = true;
    const bool ok = kernel ? kernel(plan, p, bias, last, err) : product8_step(plan, p, prim, bias, last, err);
    as_graph_pass(plan->graph, p->constant, false);
    return ok;
}

/* --- Conv --------------------------------------------------------------------------------------------------------- */

static bool product8_conv(as_plan *plan, const as_node *node, as_product8 *p, const as_tensor *w, bool *ret_fits,
                          as_err *err)
{
    as_shape kernel = {.rank = w->shape.rank - 2};
    p->order = AS_ORDER_CHANNELS_LAST;
    p->groups = as_plan_int_or(node, "group", 1);
    p->in = as_plan_in(plan, node, 0)->shape;
    p->out = as_graph_value(plan->graph, node->outputs[0])->shape;
    if (kernel.rank < 1 || kernel.rank > 3 || p->groups < 1 || w->shape.dims[0] % p->groups != 0)
        return true;
    memcpy(kernel.dims, w->shape.dims + 2, (size_t)kernel.rank * sizeof kernel.dims[0]);
    p->n_out = (size_t)w->shape.dims[0];
    p->each = as_tensor_count(w) / p->n_out;
    p->w = w->shape;
    if (p->groups > 1) {
        p->w = (as_shape){.rank = w->shape.rank + 1, .dims = {p->groups, w->shape.dims[0] / p->groups}};
        memcpy(p->w.dims + 2, w->shape.dims + 1, (size_t)(w->shape.rank - 1) * sizeof p->w.dims[0]);
    }
    *ret_fits = true;
    return as_op_window(plan, node, &kernel, &p->window, err) && product8_alloc(p, err);
}

bool as_quant_plan_conv(as_plan *plan, const as_node *node, bool *ret_done, as_err *err)
{
    const as_quant *x = as_quant_of(plan, node->inputs[0]);
    product8_source s;
    as_product8     p = {0};
    as_quant_tail   tail = as_quant_tail_begin(node->outputs[0]);
    bool            fits = false;
    if (!x || !product8_find(plan, node->inputs[1], &s))
        return true;
    p.x = *x;
    bool ok = product8_conv(plan, node, &p, s.q, &fits, err);
    fits = ok && fits && product8_weights(&p, &s, 0) &&
           product8_bias(plan, &p, as_plan_in(plan, node, 2) ? node->inputs[2] : -1, 1.0f);
    ok = ok && (!fits || product8_make(plan, &p, &tail, -1, ret_done, err));
    product8_done(&p);
    return ok;
}

/* The first operand and the parameters of a QLinear node, where they are constant and single. */
static bool qlinear_read(as_plan *plan, const as_node *node, as_product8 *p, product8_source *s, bool *ret_fits,
                         as_err *err)
{
    *s = (product8_source){as_plan_constant(plan, node, 3), as_plan_constant(plan, node, 4),
                           as_plan_constant(plan, node, 5), 0};
    *ret_fits = s->q && s->scale && s->zero && as_quant_params(plan, node, 1, &p->x.scale, &p->x.zero) &&
                as_quant_target_of(plan, node, 6, &p->target);
    if (!*ret_fits)
        return true;
    const as_quant *form = as_quant_of(plan, node->inputs[0]);
    p->x.buf = form ? form->buf : as_plan_buf(plan, node->inputs[0], err);
    return p->x.buf != NULL;
}

bool as_quant_plan_qlinear_conv(as_plan *plan, const as_node *node, bool *ret_done, as_err *err)
{
    product8_source  s;
    as_product8      p = {0};
    bool             fits = false;
    const as_tensor *bias = as_plan_constant(plan, node, 8);
    bool             ok = qlinear_read(plan, node, &p, &s, &fits, err);
    if (ok && fits && (bias || !as_plan_in(plan, node, 8))) {
        fits = false;
        ok = product8_conv(plan, node, &p, s.q, &fits, err);
        fits = ok && fits && product8_weights(&p, &s, 0);
        for (size_t o = 0; fits && bias && o < p.n_out; o++)
            p.bias[o] = (float)product8_int(bias, o) * p.x.scale * p.w_scale[o];
        ok = ok && (!fits || product8_make(plan, &p, NULL, node->outputs[0], ret_done, err));
    }
    product8_done(&p);
    return ok;
}

/* --- Gemm, MatMul ------------------------------------------------------------------------------------------------- */

/* A product of rows with a matrix is a convolution of a picture as high as there are rows, one pixel wide. */
static bool product8_rows(as_plan *plan, const as_node *node, as_product8 *p, int64_t k, int64_t n_out, as_err *err)
{
    const as_shape *x = &as_plan_in(plan, node, 0)->shape;
    int64_t         rows = 1;
    for (int i = 0; i < x->rank - 1; i++)
        rows *= x->dims[i];
    p->order = AS_ORDER_PLAIN;
    p->groups = 1;
    p->n_out = (size_t)n_out;
    p->each = (size_t)k;
    p->in = (as_shape){.rank = 4, .dims = {1, k, rows, 1}};
    p->w = (as_shape){.rank = 4, .dims = {n_out, k, 1, 1}};
    p->out = (as_shape){.rank = 4, .dims = {1, n_out, rows, 1}};
    p->window = (as_window){.n = 2, .kernel = {1, 1}, .stride = {1, 1}, .dilation = {1, 1}};
    return product8_alloc(p, err);
}

/* axis: of the weights, where the channels are. */
static bool product8_matrix(as_plan *plan, const as_node *node, as_product8 *p, const product8_source *s, int axis,
                            int32_t bias, float beta, bool with_tail, bool *ret_done, as_err *err)
{
    const as_shape *x = &as_plan_in(plan, node, 0)->shape;
    as_quant_tail   tail = as_quant_tail_begin(node->outputs[0]);
    size_t          count;
    if (s->q->shape.rank != 2 || x->rank < 2 || !as_shape_count(x, &count) || count == 0 || as_tensor_count(s->q) == 0)
        return true;
    bool ok = product8_rows(plan, node, p, s->q->shape.dims[1 - axis], s->q->shape.dims[axis], err);
    bool fits = ok && product8_weights(p, s, axis) && product8_bias(plan, p, bias, beta);
    return ok && (!fits || product8_make(plan, p, with_tail ? &tail : NULL, node->outputs[0], ret_done, err));
}

bool as_quant_plan_gemm(as_plan *plan, const as_node *node, bool *ret_done, as_err *err)
{
    const as_quant *x = as_quant_of(plan, node->inputs[0]);
    const float     alpha = as_plan_float_or(node, "alpha", 1.0f);
    product8_source s;
    as_product8     p = {0};
    if (!x || as_plan_int_or(node, "transA", 0) != 0 || alpha > 1.0f || alpha < 1.0f ||
        !product8_find(plan, node->inputs[1], &s))
        return true;
    p.x = *x;
    bool ok = product8_matrix(plan, node, &p, &s, as_plan_int_or(node, "transB", 0) != 0 ? 0 : 1,
                              as_plan_in(plan, node, 2) ? node->inputs[2] : -1, as_plan_float_or(node, "beta", 1.0f),
                              true, ret_done, err);
    product8_done(&p);
    return ok;
}

bool as_quant_plan_matmul(as_plan *plan, const as_node *node, bool *ret_done, as_err *err)
{
    const as_quant *x = as_quant_of(plan, node->inputs[0]);
    product8_source s;
    as_product8     p = {0};
    if (!x || !product8_find(plan, node->inputs[1], &s))
        return true;
    p.x = *x;
    bool ok = product8_matrix(plan, node, &p, &s, 1, -1, 1.0f, true, ret_done, err);
    product8_done(&p);
    return ok;
}

bool as_quant_plan_qlinear_matmul(as_plan *plan, const as_node *node, bool *ret_done, as_err *err)
{
    product8_source s;
    as_product8     p = {0};
    bool            fits = false, ok = qlinear_read(plan, node, &p, &s, &fits, err);
    s.axis = 1;
    ok = ok && (!fits || product8_matrix(plan, node, &p, &s, 1, -1, 1.0f, false, ret_done, err));
    product8_done(&p);
    return ok;
}
