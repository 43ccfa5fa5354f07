/* SPDX-License-Identifier: Apache-2.0 */
#include "train/net.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "base/vec.h"
#include "train/linear.h"

#define NET_EPSILON 1e-5f

typedef struct value {
    const as_layout *layout;
    as_shape         shape;
    float           *data, *grad;
    bool             has_grad; /* while the backward pass is put together */
} value;

typedef struct unit_state {
    float *before; /* the convolution's output */
    float *normed; /* the batch norm's; the unit's output unless something is added */
} unit_state;

struct as_net {
    as_net_cfg cfg;
    as_onednn *dnn;
    AS_VEC(as_unit) units;
    AS_VEC(unit_state) states;
    AS_VEC(value) values;
    AS_VEC(float *) blocks;    /* memory to free */
    AS_VEC(as_prim *) refresh; /* weights into the layouts that the passes want */
    AS_VEC(as_prim *) forward;
    AS_VEC(as_prim *) backward;
    AS_VEC(as_prim *) scratched; /* primitives that want scratch memory */
    size_t    n_params, n_stats, linear, scratch_bytes, room_bytes;
    float    *params, *grads, *stats;
    bool     *decays;
    float    *room, *room2; /* gradients that live for one unit */
    as_linear head;
    float    *features, *feature_grads; /* N x 2 C: means, maxima */
};

static float *net_alloc(as_net *net, size_t bytes, as_err *err)
{
    size_t size = (AS_MAX(bytes, 1u) + 63) / 64 * 64;
    float *data = aligned_alloc(64, size);
    if (!data || !as_vec_push(&net->blocks, data)) {
        free(data);
        AS_FAIL(err, AS_ENOMEM, "out of memory for a network of batch %u", net->cfg.batch);
        return NULL;
    }
    memset(data, 0, size);
    return data;
}

as_net *as_net_free(as_net *net)
{
    if (!net)
        return NULL;
    as_onednn_free(net->dnn);
    as_linear_done(&net->head);
    for (size_t i = 0; i < net->blocks.n; i++)
        free(net->blocks.at[i]);
    as_vec_done(&net->blocks);
    as_vec_done(&net->units);
    as_vec_done(&net->states);
    as_vec_done(&net->values);
    as_vec_done(&net->refresh);
    as_vec_done(&net->forward);
    as_vec_done(&net->backward);
    as_vec_done(&net->scratched);
    free(net->decays);
    free(net);
    return NULL;
}

/* --- the architecture --------------------------------------------------------------------------------------------- */

static uint32_t net_width(const as_net *net, double channels)
{
    double blocks = floor(channels * net->cfg.width_factor / 16.0 + 0.5); /* oneDNN computes 16 channels at a time */
    return 16u * (uint32_t)AS_MAX(blocks, 1.0);
}

static uint32_t net_channels(const as_net *net, int32_t value_id)
{
    return value_id == 0 ? net->cfg.channels : net->units.at[value_id - 1].c_out;
}

/* Returns the id of its output; -1 when memory ran out. */
static int32_t net_add_unit(as_net *net, int32_t src, uint32_t c_out, uint32_t kernel, uint32_t stride, int32_t add,
                            bool relu)
{
    as_unit u = {.src = src,
                 .add = add,
                 .relu = relu,
                 .c_in = net_channels(net, src),
                 .c_out = c_out,
                 .kernel = kernel,
                 .stride = stride};
    u.weights = net->n_params;
    u.scale = u.weights + (size_t)c_out * u.c_in * kernel * kernel;
    u.shift = u.scale + c_out;
    net->n_params = u.shift + c_out;
    u.mean = net->n_stats;
    u.variance = u.mean + c_out;
    net->n_stats = u.variance + c_out;
    return as_vec_push(&net->units, u) ? (int32_t)net->units.n : -1;
}

static int32_t net_add_pool(as_net *net, int32_t src)
{
    const uint32_t c = net_channels(net, src);
    const as_unit  u = {.pool = true, .src = src, .add = -1, .c_in = c, .c_out = c, .kernel = 2, .stride = 2};
    return as_vec_push(&net->units, u) ? (int32_t)net->units.n : -1;
}

/* Half the size, then a basic block; the shortcut is projected by 1x1. */
static int32_t net_add_block(as_net *net, int32_t src, uint32_t c_out)
{
    const int32_t x = net_add_pool(net, src);
    const int32_t shortcut = x < 0 ? -1 : net_add_unit(net, x, c_out, 1, 1, -1, false);
    const int32_t y = shortcut < 0 ? -1 : net_add_unit(net, x, c_out, 3, 1, -1, true);
    return y < 0 ? -1 : net_add_unit(net, y, c_out, 3, 1, shortcut, true);
}

static bool net_design(as_net *net, as_err *err)
{
    static const uint32_t stages[] = {32, 64, 128};
    int32_t               x = net_add_unit(net, 0, net_width(net, 16), 3, 2, -1, true);
    for (size_t i = 0; x >= 0 && i < AS_COUNT(stages); i++)
        x = net_add_block(net, x, net_width(net, stages[i]));
    if (x < 0)
        return AS_FAIL(err, AS_ENOMEM, "out of memory for a network");
    net->linear = net->n_params;
    net->head = (as_linear){.n = net->cfg.batch, .n_in = 2 * net_channels(net, x), .n_out = net->cfg.n_classes};
    net->n_params += as_linear_n_params(&net->head);
    return true;
}

/* He et al. 2015: normal with variance 2 / fan-out. Norms start at 1 everywhere: blocks that start as their shortcut
 * (Goyal et al. 2017, section 5.1) found small defects five times later in such a shallow network. */
static bool net_init_params(as_net *net, as_err *err)
{
    as_rng     rng = as_rng_stream(net->cfg.seed, 1);
    const bool shared = net->cfg.params != NULL;
    net->params = shared ? net->cfg.params : net_alloc(net, net->n_params * sizeof(float), err);
    net->grads = net->params ? net_alloc(net, net->n_params * sizeof(float), err) : NULL;
    net->stats = net->grads ? net_alloc(net, net->n_stats * sizeof(float), err) : NULL;
    net->decays = calloc(net->n_params, sizeof *net->decays);
    if (!net->stats)
        return false;
    if (!net->decays)
        return AS_FAIL(err, AS_ENOMEM, "out of memory for a network");
    if (shared)
        return true;
    for (size_t i = 0; i < net->units.n; i++) {
        const as_unit *u = &net->units.at[i];
        if (u->pool)
            continue;
        double deviation = sqrt(2.0 / ((double)u->c_out * u->kernel * u->kernel));
        for (size_t k = u->weights; k < u->scale; k++) {
            net->params[k] = (float)(deviation * as_rng_normal(&rng));
            net->decays[k] = true;
        }
        for (size_t k = 0; k < u->c_out; k++)
            net->params[u->scale + k] = 1.0f;
    }
    for (size_t k = 0; k < (size_t)net->head.n_in * net->head.n_out; k++) {
        net->params[net->linear + k] = (float)(0.01 * as_rng_normal(&rng));
        net->decays[net->linear + k] = true;
    }
    return true;
}

/* --- putting the passes together ---------------------------------------------------------------------------------- */

typedef enum when { AT_NONE, AT_REFRESH, AT_FORWARD, AT_BACKWARD } when;

static bool net_push(as_net *net, when at, as_prim *prim, as_err *err)
{
    const as_layout *scratch = as_prim_layout(prim, AS_ARG_SCRATCH);
    bool             ok = at == AT_REFRESH   ? as_vec_push(&net->refresh, prim)
                          : at == AT_FORWARD ? as_vec_push(&net->forward, prim)
                                             : as_vec_push(&net->backward, prim);
    if (ok && scratch) {
        net->scratch_bytes = AS_MAX(net->scratch_bytes, as_layout_bytes(scratch));
        ok = as_vec_push(&net->scratched, prim);
    }
    return ok ? true : AS_FAIL(err, AS_ENOMEM, "out of memory for a network");
}

typedef struct binding {
    as_arg arg;
    void  *data;
} binding;

static bool net_run_with(as_net *net, when at, as_prim *prim, const binding *bindings, size_t n, as_err *err)
{
    if (!prim)
        return false;
    for (size_t i = 0; i < n; i++)
        if (as_prim_layout(prim, bindings[i].arg) && !as_prim_bind(prim, bindings[i].arg, bindings[i].data, err))
            return false;
    return net_push(net, at, prim, err);
}

static bool net_reorder(as_net *net, when at, const as_layout *from, float *src, const as_layout *to, float *dst,
                        as_err *err)
{
    const binding b[] = {{AS_ARG_SRC, src}, {AS_ARG_DST, dst}};
    return net_run_with(net, at, as_prim_reorder(net->dnn, from, to, err), b, 2, err);
}

static bool net_add_in_place(as_net *net, const as_layout *layout, float *to, float *from, as_err *err)
{
    const binding b[] = {{AS_ARG_SRC, to}, {AS_ARG_SRC1, from}, {AS_ARG_DST, to}};
    as_prim      *prim = as_prim_binary(net->dnn, AS_BINARY_ADD, layout, layout, layout, NULL, err);
    return net_run_with(net, AT_BACKWARD, prim, b, 3, err);
}

static as_window unit_window(const as_unit *u)
{
    as_window w = {.n = 2};
    for (int i = 0; i < 2; i++) {
        w.kernel[i] = u->kernel;
        w.stride[i] = u->stride;
        w.dilation[i] = 1;
        w.pad_begin[i] = w.pad_end[i] = u->pool ? 0 : u->kernel / 2;
    }
    return w;
}

static as_shape unit_out_shape(const as_unit *u, const as_shape *in)
{
    as_shape out = {.rank = 4, .dims = {in->dims[0], u->c_out}};
    for (int i = 2; i < 4; i++)
        out.dims[i] = (in->dims[i] - 1) / u->stride + 1;
    return out;
}

/* Where the weights stand in the layout a primitive wants: row major as they are, or reordered at each refresh. */
static float *unit_weights(as_net *net, const as_layout *plain, float *params, const as_layout *want, as_err *err)
{
    if (want == plain)
        return params;
    float *data = net_alloc(net, as_layout_bytes(want), err);
    return data && net_reorder(net, AT_REFRESH, plain, params, want, data, err) ? data : NULL;
}

typedef struct unit_layouts {
    const as_layout *src, *weights_plain, *weights_any, *any, *dst;
} unit_layouts;

static bool unit_forward_conv(as_net *net, const as_unit *u, unit_layouts *l, unit_state *state, const value *src,
                              as_prim **ret, as_err *err)
{
    const as_window w = unit_window(u);
    const as_shape  shape = {.rank = 4, .dims = {u->c_out, u->c_in, u->kernel, u->kernel}};
    const as_shape  out = unit_out_shape(u, &src->shape);
    l->src = src->layout;
    l->weights_plain = as_layout_plain(net->dnn, &shape, err);
    l->weights_any = l->weights_plain ? as_layout_any(net->dnn, &shape, err) : NULL;
    l->any = l->weights_any ? as_layout_any(net->dnn, &out, err) : NULL;
    if (!l->any)
        return false;
    *ret = as_prim_conv(net->dnn, AS_PASS_TRAIN, &w, l->src, l->weights_any, NULL, l->any, NULL, NULL, err);
    if (!*ret)
        return false;
    l->dst = as_prim_layout(*ret, AS_ARG_DST);
    float *weights =
        unit_weights(net, l->weights_plain, net->params + u->weights, as_prim_layout(*ret, AS_ARG_WEIGHTS), err);
    state->before = weights ? net_alloc(net, as_layout_bytes(l->dst), err) : NULL;
    if (!state->before)
        return false;
    const binding b[] = {{AS_ARG_SRC, src->data}, {AS_ARG_WEIGHTS, weights}, {AS_ARG_DST, state->before}};
    return net_run_with(net, AT_FORWARD, *ret, b, 3, err);
}

static bool unit_forward_norm(as_net *net, const as_unit *u, const unit_layouts *l, unit_state *state, as_prim **ret,
                              float **ret_workspace, as_err *err)
{
    *ret = as_prim_norm(net->dnn, AS_PASS_TRAIN, l->dst, NET_EPSILON, u->relu && u->add < 0, NULL, err);
    if (!*ret)
        return false;
    const as_layout *room = as_prim_layout(*ret, AS_ARG_WORKSPACE);
    state->normed = net_alloc(net, as_layout_bytes(l->dst), err);
    *ret_workspace = state->normed && room ? net_alloc(net, as_layout_bytes(room), err) : NULL;
    if (!state->normed || (room && !*ret_workspace))
        return false;
    const binding b[] = {{AS_ARG_SRC, state->before},
                         {AS_ARG_DST, state->normed},
                         {AS_ARG_MEAN, net->stats + u->mean},
                         {AS_ARG_VARIANCE, net->stats + u->variance},
                         {AS_ARG_SCALE, net->params + u->scale},
                         {AS_ARG_SHIFT, net->params + u->shift},
                         {AS_ARG_WORKSPACE, *ret_workspace}};
    return net_run_with(net, AT_FORWARD, *ret, b, AS_COUNT(b), err);
}

static bool unit_forward_add(as_net *net, const as_unit *u, const unit_layouts *l, const unit_state *state, value *out,
                             as_err *err)
{
    const as_posts posts = {.n = 1, .at = {{.fn = AS_FN_RELU}}};
    const value   *other = &net->values.at[u->add];
    if (other->layout != l->dst)
        return AS_FAIL(err, AS_EUNSUPPORTED, "layouts of a residual block differ");
    as_prim *prim = as_prim_binary(net->dnn, AS_BINARY_ADD, l->dst, l->dst, l->dst, &posts, err);
    out->data = prim ? net_alloc(net, as_layout_bytes(l->dst), err) : NULL;
    if (!out->data)
        return false;
    const binding b[] = {{AS_ARG_SRC, state->normed}, {AS_ARG_SRC1, other->data}, {AS_ARG_DST, out->data}};
    return net_run_with(net, AT_FORWARD, prim, b, 3, err);
}

/* The primitives of a unit's backward pass stand in the order in which they run within the unit; the units' groups are
 * turned around at the end. */
typedef struct unit_forward {
    as_prim     *conv, *norm;
    float       *workspace;
    unit_layouts layouts;
} unit_forward;

static bool unit_add_value(as_net *net, const value *src, value *out, const unit_state *state, as_err *err)
{
    out->grad = net_alloc(net, as_layout_bytes(out->layout), err);
    net->room_bytes = AS_MAX(net->room_bytes, AS_MAX(as_layout_bytes(out->layout), as_layout_bytes(src->layout)));
    if (!out->grad)
        return false;
    return as_vec_push(&net->values, *out) && as_vec_push(&net->states, *state)
               ? true
               : AS_FAIL(err, AS_ENOMEM, "out of memory for a network");
}

static bool unit_forward_pool(as_net *net, const as_unit *u, const value *src, unit_forward *f, value *out, as_err *err)
{
    const as_window  w = unit_window(u);
    const as_layout *any = as_layout_any(net->dnn, &out->shape, err);
    f->conv = any ? as_prim_pool(net->dnn, AS_PASS_TRAIN, AS_POOL_MAX, &w, src->layout, any, NULL, err) : NULL;
    if (!f->conv)
        return false;
    const as_layout *room = as_prim_layout(f->conv, AS_ARG_WORKSPACE);
    out->layout = as_prim_layout(f->conv, AS_ARG_DST);
    out->data = net_alloc(net, as_layout_bytes(out->layout), err);
    f->workspace = out->data && room ? net_alloc(net, as_layout_bytes(room), err) : NULL;
    if (!out->data || (room && !f->workspace))
        return false;
    const binding b[] = {{AS_ARG_SRC, src->data}, {AS_ARG_DST, out->data}, {AS_ARG_WORKSPACE, f->workspace}};
    return net_run_with(net, AT_FORWARD, f->conv, b, 3, err);
}

static bool unit_build_forward(as_net *net, size_t i, unit_forward *f, as_err *err)
{
    as_unit    *u = &net->units.at[i];
    const value src = net->values.at[u->src];
    unit_state  state = {0};
    value       out = {.shape = unit_out_shape(u, &src.shape)};
    u->n_values = (size_t)(out.shape.dims[0] * out.shape.dims[2] * out.shape.dims[3]);
    if (u->pool) {
        if (!unit_forward_pool(net, u, &src, f, &out, err))
            return false;
        return unit_add_value(net, &src, &out, &state, err);
    }
    if (!unit_forward_conv(net, u, &f->layouts, &state, &src, &f->conv, err) ||
        !unit_forward_norm(net, u, &f->layouts, &state, &f->norm, &f->workspace, err))
        return false;
    out.layout = f->layouts.dst;
    out.data = state.normed;
    if (u->add >= 0 && !unit_forward_add(net, u, &f->layouts, &state, &out, err))
        return false;
    return unit_add_value(net, &src, &out, &state, err);
}

/* The addition: its function's gradient in place, and what it gives to the value that was added. */
static bool unit_backward_add(as_net *net, const as_unit *u, const value *out, as_err *err)
{
    const as_post relu = {.fn = AS_FN_RELU};
    as_prim      *fwd = as_prim_eltwise(net->dnn, AS_PASS_TRAIN, &relu, out->layout, NULL, NULL, err);
    as_prim      *prim = fwd ? as_prim_eltwise(net->dnn, AS_PASS_BACK_DATA, &relu, out->layout, NULL, fwd, err) : NULL;
    /* with the gradient taken from the result, oneDNN calls the result DST */
    const binding b[] = {
        {AS_ARG_DST, out->data}, {AS_ARG_SRC, out->data}, {AS_ARG_DIFF_DST, out->grad}, {AS_ARG_DIFF_SRC, out->grad}};
    if (!net_run_with(net, AT_BACKWARD, prim, b, 4, err))
        return false;
    value *other = &net->values.at[u->add];
    if (other->has_grad)
        return net_add_in_place(net, out->layout, other->grad, out->grad, err);
    other->has_grad = true;
    return net_reorder(net, AT_BACKWARD, out->layout, out->grad, other->layout, other->grad, err);
}

static bool unit_backward_norm(as_net *net, const as_unit *u, const unit_forward *f, const unit_state *state,
                               const value *out, as_err *err)
{
    as_prim *prim =
        as_prim_norm(net->dnn, AS_PASS_BACK_WEIGHTS, f->layouts.dst, NET_EPSILON, u->relu && u->add < 0, f->norm, err);
    const binding b[] = {{AS_ARG_SRC, state->before},
                         {AS_ARG_MEAN, net->stats + u->mean},
                         {AS_ARG_VARIANCE, net->stats + u->variance},
                         {AS_ARG_SCALE, net->params + u->scale},
                         {AS_ARG_SHIFT, net->params + u->shift},
                         {AS_ARG_WORKSPACE, f->workspace},
                         {AS_ARG_DIFF_DST, out->grad},
                         {AS_ARG_DIFF_SRC, net->room},
                         {AS_ARG_DIFF_SCALE, net->grads + u->scale},
                         {AS_ARG_DIFF_SHIFT, net->grads + u->shift}};
    return net_run_with(net, AT_BACKWARD, prim, b, AS_COUNT(b), err);
}

static bool unit_backward_weights(as_net *net, const as_unit *u, const unit_forward *f, const value *src, as_err *err)
{
    const as_window     w = unit_window(u);
    const unit_layouts *l = &f->layouts;
    as_prim            *prim =
        as_prim_conv(net->dnn, AS_PASS_BACK_WEIGHTS, &w, l->src, l->weights_any, NULL, l->dst, NULL, f->conv, err);
    if (!prim)
        return false;
    const as_layout *layout = as_prim_layout(prim, AS_ARG_DIFF_WEIGHTS);
    float           *grads = net->grads + u->weights;
    if (layout != l->weights_plain)
        grads = net_alloc(net, as_layout_bytes(layout), err);
    if (!grads)
        return false;
    const binding b[] = {{AS_ARG_SRC, src->data}, {AS_ARG_DIFF_DST, net->room}, {AS_ARG_DIFF_WEIGHTS, grads}};
    if (!net_run_with(net, AT_BACKWARD, prim, b, 3, err))
        return false;
    return layout == l->weights_plain ||
           net_reorder(net, AT_BACKWARD, layout, grads, l->weights_plain, net->grads + u->weights, err);
}

static bool unit_backward_data(as_net *net, const as_unit *u, const unit_forward *f, value *src, as_err *err)
{
    const as_window     w = unit_window(u);
    const unit_layouts *l = &f->layouts;
    as_prim            *prim =
        as_prim_conv(net->dnn, AS_PASS_BACK_DATA, &w, l->src, l->weights_any, NULL, l->dst, NULL, f->conv, err);
    if (!prim)
        return false;
    float *weights =
        unit_weights(net, l->weights_plain, net->params + u->weights, as_prim_layout(prim, AS_ARG_WEIGHTS), err);
    float        *to = src->has_grad ? net->room2 : src->grad;
    const binding b[] = {{AS_ARG_WEIGHTS, weights}, {AS_ARG_DIFF_DST, net->room}, {AS_ARG_DIFF_SRC, to}};
    if (!weights || !net_run_with(net, AT_BACKWARD, prim, b, 3, err))
        return false;
    if (src->has_grad)
        return net_add_in_place(net, src->layout, src->grad, net->room2, err);
    src->has_grad = true;
    return true;
}

static bool unit_backward_pool(as_net *net, const as_unit *u, const unit_forward *f, const value *out, value *src,
                               as_err *err)
{
    const as_window w = unit_window(u);
    as_prim *prim = as_prim_pool(net->dnn, AS_PASS_BACK_DATA, AS_POOL_MAX, &w, src->layout, out->layout, f->conv, err);
    const binding b[] = {{AS_ARG_DIFF_DST, out->grad}, {AS_ARG_DIFF_SRC, src->grad}, {AS_ARG_WORKSPACE, f->workspace}};
    if (src->has_grad)
        return AS_FAIL(err, AS_EINTERNAL, "what is pooled is used elsewhere too");
    src->has_grad = true;
    return net_run_with(net, AT_BACKWARD, prim, b, 3, err);
}

static bool unit_build_backward(as_net *net, size_t i, const unit_forward *f, as_err *err)
{
    const as_unit *u = &net->units.at[i];
    value         *out = &net->values.at[i + 1], *src = &net->values.at[u->src];
    if (u->pool)
        return unit_backward_pool(net, u, f, out, src, err);
    if (u->add >= 0 && !unit_backward_add(net, u, out, err))
        return false;
    return unit_backward_norm(net, u, f, &net->states.at[i], out, err) && unit_backward_weights(net, u, f, src, err) &&
           (u->src == 0 || unit_backward_data(net, u, f, src, err));
}

/* One kind of global pooling, and the way from its layout to columns of the features and back. A mean alone would thin
 * out what is small: a crack is seen in few places, so the maximum stands beside it. */
static bool net_build_pool(as_net *net, as_pool_kind kind, size_t column, as_err *err)
{
    value          *last = &net->values.at[net->values.n - 1];
    const as_window w = {
        .n = 2, .kernel = {last->shape.dims[2], last->shape.dims[3]}, .stride = {1, 1}, .dilation = {1, 1}};
    const as_shape   shape = {.rank = 4, .dims = {last->shape.dims[0], last->shape.dims[1], 1, 1}};
    const as_layout *any = as_layout_any(net->dnn, &shape, err);
    const as_layout *rows =
        any ? as_layout_strided(net->dnn, &shape, (const int64_t[]){net->head.n_in, 1, 1, 1}, err) : NULL;
    as_prim *pool = rows ? as_prim_pool(net->dnn, AS_PASS_TRAIN, kind, &w, last->layout, any, NULL, err) : NULL;
    if (!pool)
        return false;
    const as_layout *layout = as_prim_layout(pool, AS_ARG_DST), *room = as_prim_layout(pool, AS_ARG_WORKSPACE);
    float           *data = net_alloc(net, as_layout_bytes(layout), err);
    float           *grad = data ? net_alloc(net, as_layout_bytes(layout), err) : NULL;
    float           *workspace = grad && room ? net_alloc(net, as_layout_bytes(room), err) : NULL;
    if (!grad || (room && !workspace))
        return false;
    const binding fwd[] = {{AS_ARG_SRC, last->data}, {AS_ARG_DST, data}, {AS_ARG_WORKSPACE, workspace}};
    if (!net_run_with(net, AT_FORWARD, pool, fwd, 3, err) ||
        !net_reorder(net, AT_FORWARD, layout, data, rows, net->features + column, err) ||
        !net_reorder(net, AT_BACKWARD, rows, net->feature_grads + column, layout, grad, err))
        return false;
    as_prim      *back = as_prim_pool(net->dnn, AS_PASS_BACK_DATA, kind, &w, last->layout, layout, pool, err);
    float        *to = last->has_grad ? net->room2 : last->grad;
    const binding bwd[] = {{AS_ARG_DIFF_DST, grad}, {AS_ARG_DIFF_SRC, to}, {AS_ARG_WORKSPACE, workspace}};
    if (!net_run_with(net, AT_BACKWARD, back, bwd, 3, err))
        return false;
    if (last->has_grad)
        return net_add_in_place(net, last->layout, last->grad, net->room2, err);
    last->has_grad = true;
    return true;
}

static bool net_build_head(as_net *net, as_err *err)
{
    const size_t bytes = (size_t)net->head.n * net->head.n_in * sizeof(float);
    net->room = net_alloc(net, net->room_bytes, err);
    net->room2 = net->room ? net_alloc(net, net->room_bytes, err) : NULL;
    net->features = net->room2 ? net_alloc(net, bytes, err) : NULL;
    net->feature_grads = net->features ? net_alloc(net, bytes, err) : NULL;
    return net->feature_grads && net_build_pool(net, AS_POOL_MEAN, 0, err) &&
           net_build_pool(net, AS_POOL_MAX, net->head.n_in / 2, err);
}

static bool net_build(as_net *net, as_err *err)
{
    const as_shape in = {.rank = 4, .dims = {net->cfg.batch, net->cfg.channels, net->cfg.height, net->cfg.width}};
    value          input = {.shape = in, .layout = as_layout_plain(net->dnn, &in, err)};
    if (!input.layout)
        return false;
    input.data = net_alloc(net, as_layout_bytes(input.layout), err);
    if (!input.data)
        return false;
    if (!as_vec_push(&net->values, input))
        return AS_FAIL(err, AS_ENOMEM, "out of memory for a network");
    unit_forward *f = calloc(net->units.n, sizeof *f);
    bool          ok = f ? true : AS_FAIL(err, AS_ENOMEM, "out of memory for a network");
    for (size_t i = 0; ok && i < net->units.n; i++)
        ok = unit_build_forward(net, i, &f[i], err);
    ok = ok && net_build_head(net, err);
    for (size_t i = net->units.n; ok && i-- > 0;)
        ok = unit_build_backward(net, i, &f[i], err);
    free(f);
    if (!ok)
        return false;
    float *scratch = net_alloc(net, net->scratch_bytes, err);
    for (size_t i = 0; scratch && i < net->scratched.n; i++)
        if (!as_prim_bind(net->scratched.at[i], AS_ARG_SCRATCH, scratch, err))
            return false;
    return scratch && as_linear_init(&net->head, err);
}

as_net *as_net_new(const as_net_cfg *cfg, as_err *err)
{
    as_net *net = calloc(1, sizeof *net);
    if (!net) {
        AS_FAIL(err, AS_ENOMEM, "out of memory for a network");
        return NULL;
    }
    net->cfg = *cfg;
    net->dnn = as_onednn_new(1, err);
    if (!net->dnn || !net_design(net, err) || !net_init_params(net, err) || !net_build(net, err))
        return as_net_free(net);
    return net;
}

/* --- a step ------------------------------------------------------------------------------------------------------- */

bool as_net_refresh(as_net *net, as_err *err)
{
    as_onednn_enter(net->dnn);
    for (size_t i = 0; i < net->refresh.n; i++)
        if (!as_prim_run(net->refresh.at[i], err))
            return false;
    return true;
}

bool as_net_step(as_net *net, const as_loss *loss, double *ret_loss, size_t *ret_right, as_err *err)
{
    as_onednn_enter(net->dnn);
    for (size_t i = 0; i < net->forward.n; i++)
        if (!as_prim_run(net->forward.at[i], err))
            return false;
    as_linear_step(&net->head, net->params + net->linear, net->grads + net->linear, net->features, net->feature_grads,
                   loss, ret_loss, ret_right);
    for (size_t i = 0; i < net->backward.n; i++)
        if (!as_prim_run(net->backward.at[i], err))
            return false;
    return true;
}

size_t as_net_n_params(const as_net *net)
{
    return net->n_params;
}

float *as_net_params(as_net *net)
{
    return net->params;
}

const float *as_net_grads(const as_net *net)
{
    return net->grads;
}

const bool *as_net_decays(const as_net *net)
{
    return net->decays;
}

size_t as_net_n_stats(const as_net *net)
{
    return net->n_stats;
}

const float *as_net_stats(const as_net *net)
{
    return net->stats;
}

float *as_net_input(as_net *net)
{
    return net->values.at[0].data;
}

size_t as_net_n_units(const as_net *net)
{
    return net->units.n;
}

const as_unit *as_net_unit(const as_net *net, size_t i)
{
    return &net->units.at[i];
}

const as_net_cfg *as_net_get_cfg(const as_net *net)
{
    return &net->cfg;
}

size_t as_net_linear(const as_net *net, uint32_t *ret_features)
{
    *ret_features = net->head.n_in;
    return net->linear;
}
