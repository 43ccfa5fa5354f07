/* SPDX-License-Identifier: Apache-2.0 */
/* What works on u8 as it stands: sums and products, concatenation, pooling, other shapes, and functions as tables. */
#include <math.h>
#include <string.h>

#include "engine/max8.h"
#include "engine/op.h"
#include "engine/quant.h"
#include "engine/quant_kernel.h"

/* --- Add, Mul ----------------------------------------------------------------------------------------------------- */

typedef struct pair8 {
    float   a, b, factor, offset; /* a and b: factors of a sum, zero points of a product */
    int32_t low, high;
} pair8;

static void add8_run(const as_step *step)
{
    const pair8  *x = step->data;
    const as_buf *out = step->uses.at[0].buf;
    as_quant_kernel_add(step->uses.at[1].buf->data, step->uses.at[2].buf->data, out->bytes, x->a, x->b, x->offset,
                        x->low, x->high, out->data);
}

static void mul8_run(const as_step *step)
{
    const pair8  *x = step->data;
    const as_buf *out = step->uses.at[0].buf;
    as_quant_kernel_mul(step->uses.at[1].buf->data, step->uses.at[2].buf->data, out->bytes, x->a, x->b, x->factor,
                        x->offset, x->low, x->high, out->data);
}

/* What `low` and `high` are in the target's integers. */
static void node_limits(const as_quant_tail *tail, int32_t *ret_low, int32_t *ret_high)
{
    const as_quant_target *t = &tail->target;
    const float            zero = (float)t->zero;
    *ret_low = (int32_t)fminf(fmaxf(rintf(tail->low / t->scale) + zero, 0.0f), 255.0f);
    *ret_high = (int32_t)fminf(fmaxf(rintf(tail->high / t->scale) + zero, 0.0f), 255.0f);
}

static pair8 pair8_numbers(const as_quant *a, const as_quant *b, const as_quant_target *t, bool product)
{
    const float zero = (float)t->zero;
    if (product)
        return (pair8){(float)a->zero, (float)b->zero, a->scale * b->scale / t->scale, zero, 0, 0};
    pair8 x = {.a = a->scale / t->scale, .b = b->scale / t->scale};
    x.offset = zero - x.a * (float)a->zero - x.b * (float)b->zero;
    return x;
}

/* Of two values of one shape. */
bool as_quant_plan_pair(as_plan *plan, const as_node *node, bool *ret_done, as_err *err)
{
    const as_quant *a = as_quant_of(plan, node->inputs[0]), *b = as_quant_of(plan, node->inputs[1]);
    as_quant_tail   tail = as_quant_tail_begin(node->outputs[0]);
    const bool      product = strcmp(node->op, "Mul") == 0;
    if (!a || !b || a->buf->dtype != AS_DTYPE_U8 || b->buf->dtype != AS_DTYPE_U8 ||
        !as_shape_equal(&a->buf->shape, &b->buf->shape))
        return true;
    as_quant_tail_walk(plan, &tail);
    if (!tail.has_target || tail.target.dtype != AS_DTYPE_U8)
        return true;
    pair8 x = pair8_numbers(a, b, &tail.target, product);
    node_limits(&tail, &x.low, &x.high);
    as_buf  *from = as_quant_as(plan, a->buf, AS_ORDER_CHANNELS_LAST, err);
    as_buf  *with = from ? as_quant_as(plan, b->buf, AS_ORDER_CHANNELS_LAST, err) : NULL;
    as_buf  *out = with ? as_quant_out(plan, &tail.target, err) : NULL;
    as_step *step = out ? as_plan_step(plan, NULL, product ? mul8_run : add8_run, sizeof x, err) : NULL;
    if (!step)
        return false;
    memcpy(step->data, &x, sizeof x);
    as_quant_tail_absorb(plan, &tail);
    *ret_done = true;
    return as_step_use(plan, step, AS_ARG_NONE, out, err) && as_step_use(plan, step, AS_ARG_NONE, from, err) &&
           as_step_use(plan, step, AS_ARG_NONE, with, err);
}

/* --- Concat ------------------------------------------------------------------------------------------------------- */

typedef struct rows8 {
    size_t  rows, width, to_step, to;
    bool    has_table;
    uint8_t table[256];
} rows8;

static void rows8_run(const as_step *step)
{
    const rows8 *r = step->data;
    as_quant_kernel_rows(step->uses.at[1].buf->data, r->rows, r->width, r->width, r->to_step,
                         r->has_table ? r->table : NULL, (uint8_t *)step->uses.at[0].buf->data + r->to);
}

static bool concat8_part(as_plan *plan, const as_quant *part, const as_quant_target *t, as_buf *out, size_t *at,
                         as_err *err)
{
    as_buf *src = as_quant_as(plan, part->buf, AS_ORDER_CHANNELS_LAST, err);
    rows8   r = {.width = (size_t)part->buf->shape.dims[1], .to_step = (size_t)out->shape.dims[1], .to = *at};
    if (!src)
        return false;
    r.rows = src->bytes / r.width;
    r.has_table =
        part->buf->dtype != t->dtype || part->zero != t->zero || part->scale < t->scale || part->scale > t->scale;
    as_quant_table(part, t, NULL, r.table);
    as_step *step = as_plan_step(plan, NULL, rows8_run, sizeof r, err);
    if (!step)
        return false;
    memcpy(step->data, &r, sizeof r);
    *at += r.width;
    return as_step_use(plan, step, AS_ARG_NONE, out, err) && as_step_use(plan, step, AS_ARG_NONE, src, err);
}

/* Of channels: each part is brought to the scale of the result while it is copied. */
bool as_quant_plan_concat(as_plan *plan, const as_node *node, bool *ret_done, as_err *err)
{
    const as_shape *shape = &as_graph_value(plan->graph, node->outputs[0])->shape;
    as_quant_tail   tail = as_quant_tail_begin(node->outputs[0]);
    const int64_t   axis = as_plan_int_or(node, "axis", 1);
    size_t          at = 0;
    for (size_t i = 0; i < node->n_inputs; i++)
        if (!as_quant_of(plan, node->inputs[i]))
            return true;
    as_quant_tail_walk(plan, &tail);
    if (!tail.has_target || tail.n != 1 || shape->rank < 2 || (axis != 1 && axis != 1 - shape->rank))
        return true;
    as_buf *out = as_quant_out(plan, &tail.target, err);
    for (size_t i = 0; out && i < node->n_inputs; i++)
        if (!concat8_part(plan, as_quant_of(plan, node->inputs[i]), &tail.target, out, &at, err))
            return false;
    as_quant_tail_absorb(plan, &tail);
    *ret_done = true;
    return out != NULL;
}

/* --- pooling ------------------------------------------------------------------------------------------------------ */

enum { MAX8_SHARED = 100000, MAX8_UNITS = 3 }; /* results from which on threads are worth waiting for */

static void max8_work(void *ctx, int unit)
{
    const as_step *step = ctx;
    as_max8_run(step->data, unit, step->uses.at[1].buf->data, step->uses.at[2].buf->data, step->uses.at[0].buf->data);
}

static void max8_run(const as_step *step)
{
    const as_max8 *m = step->data;
    as_gang_run(step->gang, (uint32_t)m->units, step->more, max8_work, (void *)(uintptr_t)step);
}

static bool max8_fits(const as_plan *plan, const as_buf *x, const as_window *w, const as_shape *out, as_max8 *m)
{
    if (x->dtype != AS_DTYPE_U8 || w->n != 2 || w->dilation[0] != 1 || w->dilation[1] != 1)
        return false;
    *m = (as_max8){.images = x->shape.dims[0], .channels = x->shape.dims[1], .units = 1};
    for (int i = 0; i < 2; i++) {
        m->in[i] = x->shape.dims[i + 2];
        m->out[i] = out->dims[i + 2];
        m->kernel[i] = w->kernel[i];
        m->stride[i] = w->stride[i];
        m->pad[i] = w->pad_begin[i];
    }
    if (plan->threads > 1 && m->images * m->channels * m->out[0] * m->out[1] >= MAX8_SHARED)
        m->units = (int)plan->threads * MAX8_UNITS;
    return as_max8_can(m);
}

static bool max8_make(as_plan *plan, const as_max8 *m, as_buf *src, as_buf *dst, as_err *err)
{
    const as_shape room = {.rank = 1, .dims = {(int64_t)as_max8_scratch_bytes(m)}};
    as_buf        *row = as_plan_new(plan, AS_DTYPE_U8, &room, NULL, err);
    as_step       *step = row ? as_plan_step(plan, NULL, max8_run, sizeof *m, err) : NULL;
    if (!step || !as_plan_help(plan, step, (size_t)m->units, err))
        return false;
    step->how = "kernel: maxima of bytes";
    memcpy(step->data, m, sizeof *m);
    return as_step_use(plan, step, AS_ARG_NONE, dst, err) && as_step_use(plan, step, AS_ARG_NONE, src, err) &&
           as_step_use(plan, step, AS_ARG_NONE, row, err);
}

bool as_quant_plan_max_pool(as_plan *plan, const as_node *node, bool *ret_done, as_err *err)
{
    const as_quant *x = as_quant_of(plan, node->inputs[0]);
    const as_shape *shape = &as_graph_value(plan->graph, node->outputs[0])->shape;
    const int64_t  *k;
    size_t          n;
    as_window       window;
    as_max8         max;
    if (!x || !as_node_ints(node, "kernel_shape", &k, &n) || n < 1 || n > 3 ||
        (node->n_outputs > 1 && node->outputs[1] >= 0 && plan->n_users[node->outputs[1]] > 0))
        return true;
    as_shape kernel = {.rank = (int)n};
    memcpy(kernel.dims, k, n * sizeof *k);
    if (!as_op_window(plan, node, &kernel, &window, err))
        return false;
    const as_layout *to = as_layout_of(plan->dnn, x->buf->dtype, AS_ORDER_CHANNELS_LAST, shape, err);
    as_buf          *src = to ? as_quant_as(plan, x->buf, AS_ORDER_CHANNELS_LAST, err) : NULL;
    if (!src)
        return false;
    const bool own = max8_fits(plan, src, &window, shape, &max);
    as_prim   *prim =
        own ? NULL : as_prim_pool(plan->dnn, AS_PASS_INFER, AS_POOL_MAX, &window, src->layout, to, NULL, NULL);
    if (!own && !prim)
        return true;
    as_buf *dst = as_plan_new(plan, x->buf->dtype, shape, to, err);
    if (!dst)
        return false;
    as_quant_set(plan, node->outputs[0], dst, x->scale, x->zero);
    *ret_done = true;
    return own ? max8_make(plan, &max, src, dst, err) : as_op_unary(plan, prim, src, dst, err);
}

static void mean8_run(const as_step *step)
{
    as_quant_kernel_mean(step->data, step->uses.at[1].buf->data, step->uses.at[2].buf->data,
                         step->uses.at[0].buf->data);
}

/* Windows over two dimensions; false: others. */
static bool mean8_window(as_plan *plan, const as_node *node, as_quant_mean *m)
{
    const as_shape *in = &as_plan_in(plan, node, 0)->shape,
                   *out = &as_graph_value(plan->graph, node->outputs[0])->shape;
    const int64_t *k;
    size_t         n;
    as_window      w = {.n = 2, .stride = {1, 1}, .kernel = {in->dims[2], in->dims[3]}};
    as_shape       kernel = {.rank = 2};
    if (in->rank != 4)
        return false;
    if (strcmp(node->op, "AveragePool") == 0) {
        if (!as_node_ints(node, "kernel_shape", &k, &n) || n != 2 || as_plan_int_or(node, "ceil_mode", 0) != 0)
            return false;
        memcpy(kernel.dims, k, n * sizeof *k);
        if (!as_op_window(plan, node, &kernel, &w, NULL) || w.dilation[0] != 1 || w.dilation[1] != 1)
            return false;
    }
    *m = (as_quant_mean){.n = in->dims[0], .channels = in->dims[1]};
    for (int i = 0; i < 2; i++) {
        m->in[i] = in->dims[i + 2];
        m->out[i] = out->dims[i + 2];
        m->kernel[i] = w.kernel[i];
        m->stride[i] = w.stride[i];
        m->pad[i] = w.pad_begin[i];
    }
    m->count_pads = as_plan_int_or(node, "count_include_pad", 0) != 0;
    return true;
}

bool as_quant_plan_mean_pool(as_plan *plan, const as_node *node, bool *ret_done, as_err *err)
{
    const as_quant *x = as_quant_of(plan, node->inputs[0]);
    as_quant_tail   tail = as_quant_tail_begin(node->outputs[0]);
    as_quant_mean   m;
    as_buf         *out;
    if (!x || x->buf->dtype != AS_DTYPE_U8 || !mean8_window(plan, node, &m))
        return true;
    as_quant_tail_walk(plan, &tail);
    const bool has = tail.has_target && tail.target.dtype == AS_DTYPE_U8;
    m.scale = x->scale;
    m.x_zero = (float)x->zero;
    as_buf        *src = as_quant_as(plan, x->buf, AS_ORDER_CHANNELS_LAST, err);
    const as_shape room = {.rank = 1, .dims = {m.channels}};
    as_buf        *sums = src ? as_plan_new(plan, AS_DTYPE_I32, &room, NULL, err) : NULL;
    if (!sums)
        return false;
    if (has) {
        m.y_scale = tail.target.scale;
        m.y_zero = tail.target.zero;
        node_limits(&tail, &m.low, &m.high);
        out = as_quant_out(plan, &tail.target, err);
        as_quant_tail_absorb(plan, &tail);
    } else {
        out = as_plan_out(plan, node, 0, NULL, err);
    }
    as_step *step = out ? as_plan_step(plan, NULL, mean8_run, sizeof m, err) : NULL;
    if (!step)
        return false;
    memcpy(step->data, &m, sizeof m);
    *ret_done = true;
    return as_step_use(plan, step, AS_ARG_NONE, out, err) && as_step_use(plan, step, AS_ARG_NONE, src, err) &&
           as_step_use(plan, step, AS_ARG_NONE, sums, err);
}

/* --- the same bytes in another shape, and functions --------------------------------------------------------------- */

bool as_quant_plan_view(as_plan *plan, const as_node *node, bool *ret_done, as_err *err)
{
    const as_quant *x = as_quant_of(plan, node->inputs[0]);
    if (!x || (node->n_outputs > 1 && node->outputs[1] >= 0 && plan->n_users[node->outputs[1]] > 0))
        return true;
    const as_shape *shape = &as_graph_value(plan->graph, node->outputs[0])->shape;
    as_buf         *buf = x->buf;
    if (!as_shape_equal(&buf->shape, shape)) {
        buf = as_quant_as(plan, buf, AS_ORDER_PLAIN, err);
        buf = buf ? as_plan_reshaped(plan, buf, shape, err) : NULL;
    }
    if (!buf)
        return false;
    as_quant_set(plan, node->outputs[0], buf, x->scale, x->zero);
    *ret_done = true;
    return true;
}

/* A function of single numbers between integers and integers is a table. */
bool as_quant_plan_function(as_plan *plan, const as_node *node, bool *ret_done, as_err *err)
{
    const as_quant *x = node->n_inputs > 0 ? as_quant_of(plan, node->inputs[0]) : NULL;
    as_quant_tail   tail;
    as_post         fn;
    uint8_t         table[256];
    if (!x || !as_op_post(plan, node, &fn))
        return true;
    tail = as_quant_tail_begin(node->outputs[0]);
    as_quant_tail_walk(plan, &tail);
    if (!tail.has_target || tail.n != 1)
        return true;
    as_quant_table(x, &tail.target, &fn, table);
    as_buf *src = as_quant_as(plan, x->buf, AS_ORDER_CHANNELS_LAST, err);
    as_buf *out = src ? as_quant_out(plan, &tail.target, err) : NULL;
    if (!out)
        return false;
    as_quant_tail_absorb(plan, &tail);
    *ret_done = true;
    return as_quant_look_up(plan, table, src, out, err);
}
