/* SPDX-License-Identifier: Apache-2.0 */
/* Conv, with what follows it folded in: batch norm into the weights, an addition and a function into the write. */
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "base/isa.h"
#include "engine/op.h"
#include "engine/wino.h"
#include "engine/wino_bf16.h"

typedef struct conv {
    as_window        window;
    int64_t          groups;
    const as_node   *first, *last; /* last: whose output is written */
    as_shape         weights_shape;
    const as_tensor *constant; /* the weights; NULL where they are computed */
    float   *weights, *bias;   /* heap: weights once something was folded into them; bias NULL where it is computed */
    as_posts posts;
    as_buf  *sum; /* added; NULL: nothing */
} conv;

static void conv_done(conv *c)
{
    free(c->weights);
    free(c->bias);
}

/* The weights' shape as oneDNN wants it. */
static as_shape conv_weights_shape(const conv *c)
{
    const as_shape *w = &c->weights_shape;
    if (c->groups == 1)
        return *w;
    as_shape g = {.rank = w->rank + 1, .dims = {c->groups, w->dims[0] / c->groups}};
    for (int i = 1; i < w->rank; i++)
        g.dims[i + 1] = w->dims[i];
    return g;
}

/* The weights may be written to. */
static bool conv_own_weights(conv *c, as_err *err)
{
    return c->weights || as_plan_floats(c->constant, &c->weights, err);
}

/* The weights row major, at any address; NULL where they are computed. */
static const void *conv_numbers(const conv *c)
{
    return c->weights ? c->weights : c->constant ? c->constant->data : NULL;
}

/* Batch norm y = s (x - m) / sqrt(v + e) + b becomes part of the weights: Jacob et al. 2018, section 3.2. */
static bool conv_fold_norm(as_plan *plan, conv *c, const as_node *norm, as_err *err)
{
    const as_tensor *w = as_plan_constant(plan, c->first, 1);
    const size_t     n_out = (size_t)w->shape.dims[0], each = as_tensor_count(w) / n_out;
    const float      epsilon = as_plan_float_or(norm, "epsilon", 1e-5f);
    float           *p[4] = {NULL};
    bool             ok = conv_own_weights(c, err);
    if (!ok)
        return false;
    if (!c->bias)
        c->bias = calloc(n_out, sizeof *c->bias);
    if (!c->bias)
        return AS_FAIL(err, AS_ENOMEM, "out of memory for a bias");
    for (size_t i = 0; ok && i < 4; i++)
        ok = as_plan_floats(as_plan_constant(plan, norm, i + 1), &p[i], err);
    for (size_t o = 0; ok && o < n_out; o++) {
        float factor = p[0][o] / sqrtf(p[3][o] + epsilon);
        for (size_t k = 0; k < each; k++)
            c->weights[o * each + k] *= factor;
        c->bias[o] = (c->bias[o] - p[2][o]) * factor + p[1][o];
    }
    for (size_t i = 0; i < 4; i++)
        free(p[i]);
    return ok;
}

static bool conv_may_fold_norm(const as_plan *plan, const conv *c, const as_node *norm)
{
    if (strcmp(norm->op, "BatchNormalization") != 0 || norm->n_outputs != 1 || !c->constant || c->posts.n > 0)
        return false;
    if (as_plan_in(plan, c->first, 2) && !c->bias)
        return false;
    for (size_t i = 1; i < 5; i++) {
        const as_tensor *t = as_plan_constant(plan, norm, i);
        if (!t || t->dtype != AS_DTYPE_F32)
            return false;
    }
    return true;
}

/* A product or sum with a constant for each channel becomes part of the weights too. */
static bool conv_fold_row(as_plan *plan, conv *c, const as_node *node, as_err *err)
{
    const bool       add = strcmp(node->op, "Add") == 0;
    const size_t     at = node->inputs[0] == c->last->outputs[0] ? 1 : 0;
    const as_tensor *t = as_plan_constant(plan, node, at), *w = as_plan_constant(plan, c->first, 1);
    const size_t     n_out = (size_t)w->shape.dims[0], each = as_tensor_count(w) / n_out;
    const size_t     step = as_tensor_count(t) == 1 ? 0 : 1;
    float           *row;
    if ((!add && !conv_own_weights(c, err)) || !as_plan_floats(t, &row, err))
        return false;
    if (!c->bias)
        c->bias = calloc(n_out, sizeof *c->bias);
    for (size_t o = 0; c->bias && o < n_out; o++) {
        const float v = row[o * step];
        c->bias[o] = add ? c->bias[o] + v : c->bias[o] * v;
        for (size_t k = 0; !add && k < each; k++)
            c->weights[o * each + k] *= v;
    }
    free(row);
    return c->bias ? true : AS_FAIL(err, AS_ENOMEM, "out of memory for a bias");
}

static bool conv_may_fold_row(const as_plan *plan, const conv *c, const as_node *node)
{
    if ((strcmp(node->op, "Add") != 0 && strcmp(node->op, "Mul") != 0) || !c->constant || c->posts.n > 0)
        return false;
    if (as_plan_in(plan, c->first, 2) && !c->bias)
        return false;
    const size_t     at = node->inputs[0] == c->last->outputs[0] ? 1 : 0;
    const as_tensor *t = as_plan_constant(plan, node, at);
    const as_shape  *out = &as_graph_value(plan->graph, c->last->outputs[0])->shape;
    if (!t || t->dtype != AS_DTYPE_F32 || t->shape.rank > out->rank)
        return false;
    for (int i = 0; i < t->shape.rank; i++) { /* only the channel's dimension is longer than 1 */
        const int dim = i + out->rank - t->shape.rank;
        if (t->shape.dims[i] != 1 && (dim != 1 || t->shape.dims[i] != out->dims[1]))
            return false;
    }
    return true;
}

/* An addition is done in the write where the other operand is there already. */
static bool conv_may_sum(as_plan *plan, const conv *c, const as_node *add, as_err *err, as_buf **ret)
{
    if (strcmp(add->op, "Add") != 0 || c->posts.n > 0 || add->n_inputs != 2)
        return false;
    int32_t         mine = c->last->outputs[0];
    int32_t         other = add->inputs[0] == mine ? add->inputs[1] : add->inputs[0];
    const as_value *a = as_graph_value(plan->graph, mine), *b = as_graph_value(plan->graph, other);
    if (other == mine || !plan->of_value[other] || b->constant || b->dtype != AS_DTYPE_F32)
        return false;
    if (!as_shape_equal(&a->shape, &b->shape))
        return false;
    *ret = as_plan_raw(plan, other, err);
    return *ret != NULL;
}

/* What follows is a gate of the result and the product with it: both are done in the write. */
static void conv_fuse_gate(as_plan *plan, conv *c)
{
    enum { NEAR = 16 }; /* exporters write the two at once */
    const int32_t value = c->last->outputs[0];
    const size_t  from = (size_t)(c->last - as_graph_node(plan->graph, 0)) + 1;
    size_t        product;
    if (plan->n_users[value] != 2 || c->posts.n == AS_COUNT(c->posts.at))
        return;
    for (size_t i = from; i < from + NEAR && i < as_graph_n_nodes(plan->graph); i++) {
        const as_node *node = as_graph_node(plan->graph, i);
        if (node->n_inputs < 1 || node->inputs[0] != value || !as_op_gate(plan, i, &c->posts.at[c->posts.n], &product))
            continue;
        c->posts.n++;
        as_plan_absorb(plan, i);
        as_plan_absorb(plan, product);
        c->last = as_graph_node(plan->graph, product);
        return;
    }
}

/* Walks along the values that are used once. */
static bool conv_fuse(as_plan *plan, conv *c, as_err *err)
{
    for (;;) {
        int32_t    next = plan->only_user[c->last->outputs[0]];
        const bool done = c->posts.n > 0 && c->posts.at[c->posts.n - 1].fn != AS_FN_SUM;
        if (next < 0 && !done)
            conv_fuse_gate(plan, c);
        if (next < 0 || done)
            return true;
        const as_node *node = as_graph_node(plan->graph, (size_t)next);
        as_buf        *sum;
        if (node->inputs[0] != c->last->outputs[0] && strcmp(node->op, "Add") != 0 && strcmp(node->op, "Mul") != 0)
            return true;
        if (conv_may_fold_norm(plan, c, node)) {
            if (!conv_fold_norm(plan, c, node, err))
                return false;
        } else if (conv_may_fold_row(plan, c, node)) {
            if (!conv_fold_row(plan, c, node, err))
                return false;
        } else if (conv_may_sum(plan, c, node, err, &sum)) {
            c->sum = sum;
            c->posts.at[c->posts.n++] = (as_post){.fn = AS_FN_SUM};
        } else if (as_op_post(plan, node, &c->posts.at[c->posts.n])) {
            c->posts.n++;
        } else {
            return true;
        }
        c->last = node;
        as_plan_absorb(plan, (size_t)next);
    }
}

static bool conv_read(as_plan *plan, const as_node *node, conv *c, as_err *err)
{
    const as_value *x = as_plan_in(plan, node, 0), *w = as_plan_in(plan, node, 1);
    if (!x || !w || w->shape.rank < 3 || w->shape.rank > 5 || x->dtype != AS_DTYPE_F32)
        return AS_FAIL(err, AS_EUNSUPPORTED, "only f32 in 1 to 3 spatial dimensions");
    c->groups = as_plan_int_or(node, "group", 1);
    as_shape kernel = {.rank = w->shape.rank - 2};
    memcpy(kernel.dims, w->shape.dims + 2, (size_t)kernel.rank * sizeof kernel.dims[0]);
    if (c->groups < 1 || w->shape.dims[0] % c->groups != 0)
        return AS_FAIL(err, AS_EFORMAT, "groups do not fit");
    if (!as_op_window(plan, node, &kernel, &c->window, err))
        return false;
    const as_tensor *weights = as_plan_constant(plan, node, 1), *bias = as_plan_constant(plan, node, 2);
    if (weights && weights->dtype != AS_DTYPE_F32)
        return AS_FAIL(err, AS_EUNSUPPORTED, "its weights are %s and not f32", as_dtype_name(weights->dtype));
    c->constant = weights;
    c->weights_shape = w->shape;
    return !bias || as_plan_floats(bias, &c->bias, err);
}

/* Where the window's taps i of dimension d from *ret_first to *ret_last alone ever see a pixel; the others see padding. False: none
 * does. */
static bool conv_taps(const as_window *w, int d, int64_t in, int64_t out, int64_t *ret_first, int64_t *ret_last)
{
    *ret_first = *ret_last = -1;
    for (int64_t tap = 0; tap < w->kernel[d]; tap++) {
        const int64_t from = tap * w->dilation[d] - w->pad_begin[d];                     /* seen by result 0 */
        const int64_t least = from >= 0 ? 0 : (-from + w->stride[d] - 1) / w->stride[d]; /* the first result inside */
        if (least >= out || from + least * w->stride[d] >= in)
            continue;
        *ret_first = *ret_first < 0 ? tap : *ret_first;
        *ret_last = tap;
    }
    return *ret_first >= 0;
}

/* The window without taps that see nothing but padding, as with dilations larger than the picture (Chen et al. 2017, section 3.3).
 * kept: of each dimension, the first tap. False: all are needed, or what is left has no such padding. */
static bool conv_window_seen(const conv *c, const as_shape *x, const as_shape *y, as_window *ret, int64_t *kept)
{
    bool some = false;
    *ret = c->window;
    for (int d = 0; d < ret->n; d++) {
        int64_t       first, last;
        const int64_t kernel = c->window.kernel[d], step = c->window.dilation[d];
        if (!conv_taps(&c->window, d, x->dims[d + 2], y->dims[d + 2], &first, &last))
            return false;
        kept[d] = first;
        ret->kernel[d] = last - first + 1;
        ret->pad_begin[d] -= first * step;
        ret->pad_end[d] -= (kernel - 1 - last) * step;
        if (ret->pad_begin[d] < 0 || ret->pad_end[d] < 0)
            return false;
        some = some || ret->kernel[d] < kernel;
    }
    return some;
}

static bool conv_trim(as_plan *plan, conv *c, as_err *err)
{
    const as_shape *x = &as_plan_in(plan, c->first, 0)->shape;
    const as_shape *y = &as_graph_value(plan->graph, c->first->outputs[0])->shape;
    as_window       seen;
    int64_t         kept[AS_TENSOR_MAX_RANK], at[AS_TENSOR_MAX_RANK] = {0};
    if (!c->constant || !conv_window_seen(c, x, y, &seen, kept))
        return true;
    if (!conv_own_weights(c, err))
        return false;
    const size_t each = as_tensor_count(c->constant) / (size_t)(c->weights_shape.dims[0] * c->weights_shape.dims[1]);
    const size_t n = (size_t)(c->weights_shape.dims[0] * c->weights_shape.dims[1]);
    float       *to = c->weights; /* what is kept moves to the front */
    for (size_t filter = 0; filter < n; filter++) {
        memset(at, 0, sizeof at);
        for (bool more = true; more; to++) {
            size_t from = 0;
            for (int d = 0; d < seen.n; d++)
                from = from * (size_t)c->window.kernel[d] + (size_t)(kept[d] + at[d]);
            *to = c->weights[filter * each + from];
            int d = seen.n - 1;
            while (d >= 0 && ++at[d] == seen.kernel[d])
                at[d--] = 0;
            more = d >= 0;
        }
    }
    c->window = seen;
    for (int d = 0; d < seen.n; d++)
        c->weights_shape.dims[d + 2] = seen.kernel[d];
    return true;
}

/* A constant made of data, or the value where it is computed, in the layout the primitive chose. */
static as_buf *conv_param(as_plan *plan, const void *data, const as_shape *shape, int32_t value, const as_layout *want,
                          as_err *err)
{
    if (data)
        return as_plan_packed(plan, AS_DTYPE_F32, data, shape, want, err);
    as_buf *buf = as_plan_plain(plan, value, err);
    if (!buf)
        return NULL;
    const as_layout *plain = as_layout_plain(plan->dnn, shape, err);
    if (!plain || plain == want)
        return plain ? buf : NULL;
    as_buf *shaped = buf; /* grouped weights have one dimension more */
    if (!as_shape_equal(&buf->shape, shape) && !(shaped = as_plan_reshaped(plan, buf, shape, err)))
        return NULL;
    return as_plan_converted(plan, shaped, want, err);
}

/* Where the result goes: over what is added, or over a copy of it, or to new memory. */
static as_buf *conv_out(as_plan *plan, conv *c, const as_layout *layout, as_err *err)
{
    int32_t value = c->last->outputs[0];
    if (!c->sum)
        return as_plan_out(plan, c->last, 0, layout, err);
    as_buf *to = c->sum;
    bool    mine = to->layout == layout && to->root->kind == AS_BUF_ARENA && to->root->pending == 0 &&
                to->bytes == to->root->bytes;
    if (!mine && !(to = as_plan_converted(plan, to, layout, err)))
        return NULL;
    as_plan_set(plan, value, to);
    return to;
}

static bool conv_step(as_plan *plan, conv *c, as_prim *prim, as_err *err)
{
    const as_shape w_shape = conv_weights_shape(c), b_shape = {.rank = 1, .dims = {c->weights_shape.dims[0]}};
    as_buf        *src = as_plan_as(plan, c->first->inputs[0], as_prim_layout(prim, AS_ARG_SRC), err);
    as_buf        *weights = src ? conv_param(plan, conv_numbers(c), &w_shape, c->first->inputs[1],
                                              as_prim_layout(prim, AS_ARG_WEIGHTS), err)
                                 : NULL;
    as_buf        *bias = NULL;
    if (!weights)
        return false;
    if (as_prim_layout(prim, AS_ARG_BIAS)) {
        int32_t value = as_plan_in(plan, c->first, 2) ? c->first->inputs[2] : -1;
        bias = conv_param(plan, c->bias, &b_shape, value, as_prim_layout(prim, AS_ARG_BIAS), err);
        if (!bias)
            return false;
    }
    as_buf  *dst = conv_out(plan, c, as_prim_layout(prim, AS_ARG_DST), err);
    as_step *step = dst ? as_plan_step(plan, prim, NULL, 0, err) : NULL;
    if (step)
        step->adds = c->sum != NULL;
    return step && as_step_use(plan, step, AS_ARG_DST, dst, err) && as_step_use(plan, step, AS_ARG_SRC, src, err) &&
           as_step_use(plan, step, AS_ARG_WEIGHTS, weights, err) &&
           (!bias || as_step_use(plan, step, AS_ARG_BIAS, bias, err));
}

/* --- by our own Winograd's algorithm ------------------------------------------------------------------------------ */

typedef struct conv_wino {
    as_wino wino;
    as_post after; /* done on its own to the result; fn NONE: nothing */
} conv_wino;

/* Of floats, and of bfloat16: how data stands, and who does it. */
typedef struct conv_wino_kind {
    const as_layout *(*order)(as_onednn *dnn, const as_shape *shape, as_err *err);
    size_t (*weight_bytes)(const as_wino *w);
    size_t (*scratch_bytes)(const as_wino *w);
    void (*pack)(const as_wino *w, const void *weights, void *to);
    void (*run)(const as_step *step);
} conv_wino_kind;

/* One share of a step's work. */
static void conv_wino_work(void *ctx, int worker)
{
    const as_step *step = ctx;
    as_wino_run(step->data, worker, step->uses.at[1].buf->data, step->uses.at[2].buf->data, step->uses.at[3].buf->data,
                step->uses.at[4].buf->data, step->uses.at[0].buf->data);
}

static void conv_wino_run(const as_step *step)
{
    const as_wino *w = step->data;
    as_onednn_share(w->workers, conv_wino_work, (void *)(uintptr_t)step);
}

static const as_layout *conv_wino_order(as_onednn *dnn, const as_shape *shape, as_err *err)
{
    return as_layout_blocked(dnn, shape, AS_WINO_LANES, err);
}

static void conv_wino_pack(const as_wino *w, const void *weights, void *to)
{
    as_wino_weights(w, weights, to);
}

static void conv_bf16_work(void *ctx, int worker)
{
    const as_step *step = ctx;
    as_wino_bf16_run(step->data, worker, step->uses.at[1].buf->data, step->uses.at[2].buf->data,
                     step->uses.at[3].buf->data, step->uses.at[4].buf->data, step->uses.at[0].buf->data);
}

static void conv_bf16_run(const as_step *step)
{
    const as_wino *w = step->data;
    as_onednn_share(w->workers, conv_bf16_work, (void *)(uintptr_t)step);
}

static void conv_bf16_pack(const as_wino *w, const void *weights, void *to)
{
    as_wino_bf16_weights(w, weights, to);
}

static const conv_wino_kind conv_wino_f32 = {conv_wino_order, as_wino_weight_bytes, as_wino_scratch_bytes,
                                             conv_wino_pack, conv_wino_run};
static const conv_wino_kind conv_wino_bf16 = {as_layout_last_narrow, as_wino_bf16_weight_bytes,
                                              as_wino_bf16_scratch_bytes, conv_bf16_pack, conv_bf16_run};

/* What of the posts is done in the write: a sum, and a function that holds the result within limits. */
static void conv_wino_posts(const as_posts *posts, conv_wino *ret)
{
    for (size_t i = 0; i < posts->n; i++) {
        const as_post *p = &posts->at[i];
        if (p->fn == AS_FN_SUM) {
            ret->wino.sum = true;
        } else if (p->fn == AS_FN_CLIP || (p->fn == AS_FN_RELU && fpclassify(p->a) == FP_ZERO)) {
            ret->wino.hold = true;
            ret->wino.low = p->fn == AS_FN_CLIP ? p->a : 0.0f;
            ret->wino.high = p->fn == AS_FN_CLIP ? p->b : INFINITY;
        } else {
            ret->after = *p;
        }
    }
}

/* 3x3 at a step of 1, of known weights, channels in blocks of so many: what Winograd's algorithm is for. Its shape, but tile. */
static bool conv_wino_shape(const as_plan *plan, const conv *c, int64_t block, conv_wino *ret)
{
    const as_window *w = &c->window;
    const as_shape  *x = &as_plan_in(plan, c->first, 0)->shape;
    const as_shape  *y = &as_graph_value(plan->graph, c->first->outputs[0])->shape;
    if (w->n != 2 || c->groups != 1 || !c->constant || (as_plan_in(plan, c->first, 2) && !c->bias) ||
        x->dims[1] % block != 0 || y->dims[1] % block != 0)
        return false;
    *ret = (conv_wino){.wino = {.images = x->dims[0], .channels = x->dims[1], .n_out = y->dims[1]}};
    ret->wino.workers = (int)AS_MAX(plan->threads, 1u);
    for (int i = 0; i < 2; i++) {
        if (w->kernel[i] != 3 || w->stride[i] != 1 || w->dilation[i] != 1)
            return false;
        ret->wino.in[i] = x->dims[i + 2];
        ret->wino.out[i] = y->dims[i + 2];
        ret->wino.pad[i] = w->pad_begin[i];
    }
    conv_wino_posts(&c->posts, ret);
    return true;
}

/* NULL: the definition does. */
static const conv_wino_kind *conv_wino_fits(const as_plan *plan, const conv *c, conv_wino *ret)
{
    if (plan->narrow && as_wino_bf16_can() && conv_wino_shape(plan, c, AS_WINO_BF16_BLOCK, ret) &&
        ret->after.fn == AS_FN_NONE && as_wino_bf16_pays(&ret->wino)) {
        ret->wino.tile = 2;
        return &conv_wino_bf16;
    }
    if (!as_wino_can() || !conv_wino_shape(plan, c, AS_WINO_LANES, ret))
        return NULL;
    ret->wino.tile = as_wino_tile(&ret->wino);
    return ret->wino.tile != 0 ? &conv_wino_f32 : NULL;
}

static as_buf *conv_wino_bytes(as_plan *plan, bool constant, size_t bytes, as_err *err)
{
    const as_shape shape = {.rank = 1, .dims = {(int64_t)bytes}};
    return constant ? as_plan_new_constant(plan, AS_DTYPE_U8, &shape, NULL, err)
                    : as_plan_new(plan, AS_DTYPE_U8, &shape, NULL, err);
}

static bool conv_wino_make(as_plan *plan, conv *c, const conv_wino *cw, const conv_wino_kind *kind, as_err *err)
{
    const as_wino   *w = &cw->wino;
    const bool       narrow = kind == &conv_wino_bf16;
    const as_value  *x = as_plan_in(plan, c->first, 0), *y = as_graph_value(plan->graph, c->first->outputs[0]);
    as_buf          *ins[4] = {NULL}; /* input, weights, bias, scratch */
    const as_layout *from = kind->order(plan->dnn, &x->shape, err);
    const as_layout *to = from ? kind->order(plan->dnn, &y->shape, err) : NULL;
    ins[0] = to ? as_plan_as(plan, c->first->inputs[0], from, err) : NULL;
    ins[1] = ins[0] ? conv_wino_bytes(plan, true, kind->weight_bytes(w), err) : NULL;
    ins[2] = ins[1] ? conv_wino_bytes(plan, true, (size_t)w->n_out * sizeof(float), err) : NULL;
    ins[3] = ins[2] ? conv_wino_bytes(plan, false, kind->scratch_bytes(w), err) : NULL;
    as_buf *dst = ins[3] ? conv_out(plan, c, to, err) : NULL;
    if (!dst || !as_op_step(plan, kind->run, w, sizeof *w, dst, ins, AS_COUNT(ins), err))
        return false;
    as_step *step = plan->steps.at[plan->steps.n - 1];
    step->how = narrow         ? "kernel: Winograd 2x2 of bf16"
                : w->tile == 2 ? "kernel: Winograd 2x2"
                               : "kernel: Winograd 4x4";
    step->adds = w->sum;
    kind->pack(w, conv_numbers(c), ins[1]->data);
    if (c->bias)
        memcpy(ins[2]->data, c->bias, (size_t)w->n_out * sizeof(float));
    plan->n_narrow += narrow;
    if (cw->after.fn == AS_FN_NONE)
        return true;
    as_prim *prim = as_prim_eltwise(plan->dnn, AS_PASS_INFER, &cw->after, to, NULL, NULL, err);
    return prim && as_op_unary(plan, prim, dst, dst, err);
}

/* In which order data stands: as the primitive likes it best, in f32 or bfloat16, or in blocks. */
typedef enum conv_order { CONV_ANY, CONV_NARROW, CONV_BLOCKED } conv_order;
enum { CONV_LANES = 16 };

static as_prim *conv_prim(as_plan *plan, const conv *c, conv_order order, as_err *err)
{
    const bool      narrow = order == CONV_NARROW, blocked = order == CONV_BLOCKED;
    const as_value *x = as_plan_in(plan, c->first, 0);
    const as_value *y = as_graph_value(plan->graph, c->first->outputs[0]);
    const as_shape  w_shape = conv_weights_shape(c), b_shape = {.rank = 1, .dims = {c->weights_shape.dims[0]}};
    const bool      has_bias = c->bias || as_plan_in(plan, c->first, 2);
    const as_layout *(*any)(as_onednn *, const as_shape *, as_err *) = narrow ? as_layout_any_narrow : as_layout_any;
    const as_layout *src =
        blocked ? as_layout_blocked(plan->dnn, &x->shape, CONV_LANES, err) : any(plan->dnn, &x->shape, err);
    const as_layout *weights = src ? any(plan->dnn, &w_shape, err) : NULL;
    const as_layout *bias = weights && has_bias ? as_layout_plain(plan->dnn, &b_shape, err) : NULL;
    const as_layout *dst = !weights || (has_bias && !bias) ? NULL
                           : blocked                       ? as_layout_blocked(plan->dnn, &y->shape, CONV_LANES, err)
                                                           : any(plan->dnn, &y->shape, err);
    return dst ? as_prim_conv(plan->dnn, AS_PASS_INFER, &c->window, src, weights, bias, dst, &c->posts, NULL, err)
               : NULL;
}

/* Left to itself with AVX-512 a depthwise one takes channels last, which the convolutions around it do not: each would
 * stand between two reorders. */
static as_prim *conv_prim_depthwise(as_plan *plan, const conv *c, as_err *err)
{
    const as_shape *x = &as_plan_in(plan, c->first, 0)->shape;
    if (!as_isa_may(AS_ISA_AVX512) || x->rank != 4 || c->groups < CONV_LANES || c->groups != x->dims[1] ||
        as_plan_in(plan, c->first, 1)->shape.dims[0] != c->groups)
        return NULL;
    as_prim *prim = conv_prim(plan, c, CONV_BLOCKED, err);
    return prim && strstr(as_prim_about(prim), "jit") ? prim : NULL;
}

/* In bfloat16 where that is asked for and there is such a primitive. */
static bool conv_make(as_plan *plan, conv *c, as_err *err)
{
    as_prim *prim = plan->narrow ? conv_prim(plan, c, CONV_NARROW, NULL) : NULL;
    plan->n_narrow += prim != NULL;
    prim = prim ? prim : conv_prim_depthwise(plan, c, NULL);
    prim = prim ? prim : conv_prim(plan, c, CONV_ANY, err);
    return prim && conv_step(plan, c, prim, err);
}

static bool conv_plan(as_plan *plan, const as_node *node, as_err *err)
{
    conv                  c = {.first = node, .last = node};
    conv_wino             wino;
    bool                  ok = conv_read(plan, node, &c, err) && conv_fuse(plan, &c, err) && conv_trim(plan, &c, err);
    const conv_wino_kind *kind = ok ? conv_wino_fits(plan, &c, &wino) : NULL;
    if (ok)
        ok = kind ? conv_wino_make(plan, &c, &wino, kind, err) : conv_make(plan, &c, err);
    conv_done(&c);
    return ok;
}

const as_op as_op_conv = {"Conv", conv_plan};
