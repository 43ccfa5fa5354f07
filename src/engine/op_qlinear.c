/* SPDX-License-Identifier: Apache-2.0 */
/* QLinearConv, QLinearMatMul, ConvInteger and MatMulInteger as they are defined (ONNX, Operators.md): whatever has computed
 * parameters or other kinds of weights than quant_product.c takes. */
#include <math.h>
#include <string.h>

#include "engine/op.h"
#include "engine/quant.h"

/* Which input of a node is what; SIZE_MAX: it has none. */
typedef struct ports {
    size_t x, x_scale, x_zero, w, w_scale, w_zero, y_scale, y_zero, bias;
} ports;

#define NO_PORT SIZE_MAX
static const ports qlinear_ports = {0, 1, 2, 3, 4, 5, 6, 7, 8};
static const ports integer_ports = {0, NO_PORT, 2, 1, NO_PORT, 3, NO_PORT, NO_PORT, NO_PORT};

typedef struct operand {
    const as_buf *buf, *zero, *scale;
} operand;

static int64_t qlinear_int(const as_buf *buf, size_t i)
{
    switch (buf->dtype) {
    case AS_DTYPE_U8: return ((const uint8_t *)buf->data)[i];
    case AS_DTYPE_I8: return ((const int8_t *)buf->data)[i];
    default: return ((const int32_t *)buf->data)[i];
    }
}

static size_t qlinear_count(const as_buf *buf)
{
    return buf->bytes / as_dtype_bytes(buf->dtype);
}

/* Entry `at` of what is single, or one a channel. */
static int64_t qlinear_zero(const as_buf *zero, size_t at)
{
    return !zero ? 0 : qlinear_int(zero, qlinear_count(zero) > 1 ? at : 0);
}

static float qlinear_scale(const as_buf *scale, size_t at)
{
    return ((const float *)scale->data)[scale->bytes > sizeof(float) ? at : 0];
}

/* What all four share: out, and the inputs in the order of `ports` (NULL: left out). */
typedef struct qlinear {
    ports     at; /* in uses; 0: none, as that is the output */
    as_window w;
    int64_t   groups;
    int64_t   rows, columns, inner; /* of a matrix product */
    size_t    heads;                /* how many of them */
    int64_t   head_dims[AS_TENSOR_MAX_RANK], a_head[AS_TENSOR_MAX_RANK], b_head[AS_TENSOR_MAX_RANK];
    int       head_rank;
} qlinear;

static const as_buf *qlinear_use(const as_step *step, size_t at)
{
    return at ? step->uses.at[at].buf : NULL;
}

/* acc: of the integers less their zero points. row, channel: for parameters that are one a row of x, or a channel of w. */
static void qlinear_write(const as_step *step, size_t i, int64_t acc, size_t row, size_t channel)
{
    const qlinear *q = step->data;
    const as_buf  *out = step->uses.at[0].buf, *bias = qlinear_use(step, q->at.bias);
    if (out->dtype == AS_DTYPE_I32) {
        ((int32_t *)out->data)[i] = (int32_t)(uint32_t)acc; /* it wraps, as any sum of i32 does */
        return;
    }
    acc += bias ? qlinear_int(bias, channel) : 0;
    const float factor = qlinear_scale(qlinear_use(step, q->at.x_scale), row) *
                         qlinear_scale(qlinear_use(step, q->at.w_scale), channel) /
                         qlinear_scale(qlinear_use(step, q->at.y_scale), row);
    const float lowest = out->dtype == AS_DTYPE_I8 ? -128.0f : 0.0f;
    float       v = rintf((float)acc * factor) + (float)qlinear_zero(qlinear_use(step, q->at.y_zero), row);
    v = v > lowest ? v : lowest;
    v = v < lowest + 255.0f ? v : lowest + 255.0f;
    ((uint8_t *)out->data)[i] = (uint8_t)(int32_t)v;
}

/* --- convolutions ------------------------------------------------------------------------------------------------- */

/* A window of fewer than three dimensions is one of three, of which the first are 1. */
static void qlinear_conv_widen(const as_window *w, const as_shape *x, const as_shape *y, as_window *ret, int64_t in[3],
                               int64_t out[3])
{
    *ret = (as_window){.n = 3, .kernel = {1, 1, 1}, .stride = {1, 1, 1}, .dilation = {1, 1, 1}};
    for (int i = 0; i < 3; i++)
        in[i] = out[i] = 1;
    for (int i = 0; i < w->n; i++) {
        const int to = i + 3 - w->n;
        ret->kernel[to] = w->kernel[i];
        ret->stride[to] = w->stride[i];
        ret->dilation[to] = w->dilation[i];
        ret->pad_begin[to] = w->pad_begin[i];
        in[to] = x->dims[i + 2];
        out[to] = y->dims[i + 2];
    }
}

/* One plane of x under one filter's plane, seen from output (z, y, x). */
static int64_t qlinear_conv_window(const as_window *w, const int64_t in[3], const int64_t at[3], operand x,
                                   size_t x_from, operand f, size_t f_from, int64_t x_zero, int64_t f_zero)
{
    int64_t acc = 0, k[3];
    for (k[0] = 0; k[0] < w->kernel[0]; k[0]++)
        for (k[1] = 0; k[1] < w->kernel[1]; k[1]++)
            for (k[2] = 0; k[2] < w->kernel[2]; k[2]++) {
                int64_t from = 0, tap = 0;
                bool    inside = true;
                for (int i = 0; i < 3; i++) {
                    const int64_t pos = at[i] * w->stride[i] - w->pad_begin[i] + k[i] * w->dilation[i];
                    inside = inside && pos >= 0 && pos < in[i];
                    from = from * in[i] + pos;
                    tap = tap * w->kernel[i] + k[i];
                }
                if (inside)
                    acc += (qlinear_int(x.buf, x_from + (size_t)from) - x_zero) *
                           (qlinear_int(f.buf, f_from + (size_t)tap) - f_zero);
            }
    return acc;
}

static void qlinear_conv_run(const as_step *step)
{
    const qlinear  *q = step->data;
    const as_shape *ys = &step->uses.at[0].buf->shape;
    const operand   x = {.buf = qlinear_use(step, q->at.x), .zero = qlinear_use(step, q->at.x_zero)},
                  f = {.buf = qlinear_use(step, q->at.w), .zero = qlinear_use(step, q->at.w_zero)};
    as_window w;
    int64_t   in[3], out[3], at[3];
    qlinear_conv_widen(&q->w, &x.buf->shape, ys, &w, in, out);
    const int64_t ci = f.buf->shape.dims[1], co = f.buf->shape.dims[0] / q->groups, area = out[0] * out[1] * out[2];
    const size_t  plane = (size_t)(in[0] * in[1] * in[2]), taps = (size_t)(w.kernel[0] * w.kernel[1] * w.kernel[2]);
    const int64_t x_zero = qlinear_zero(x.zero, 0);
    for (int64_t i = 0; i < ys->dims[0] * ys->dims[1] * area; i++) {
        const int64_t image = i / (ys->dims[1] * area), o = i / area % ys->dims[1], pixel = i % area;
        const int64_t f_zero = qlinear_zero(f.zero, (size_t)o);
        int64_t       acc = 0;
        at[0] = pixel / (out[1] * out[2]);
        at[1] = pixel / out[2] % out[1];
        at[2] = pixel % out[2];
        for (int64_t c = 0; c < ci; c++) {
            const int64_t channel = image * x.buf->shape.dims[1] + o / co * ci + c;
            acc += qlinear_conv_window(&w, in, at, x, (size_t)channel * plane, f, (size_t)(o * ci + c) * taps, x_zero,
                                       f_zero);
        }
        qlinear_write(step, (size_t)i, acc, 0, (size_t)o);
    }
}

/* --- matrix products ---------------------------------------------------------------------------------------------- */

static void qlinear_matmul_run(const as_step *step)
{
    const qlinear *q = step->data;
    const as_buf  *a = qlinear_use(step, q->at.x), *b = qlinear_use(step, q->at.w);
    const as_buf  *a_zero = qlinear_use(step, q->at.x_zero), *b_zero = qlinear_use(step, q->at.w_zero);
    for (size_t h = 0; h < q->heads; h++) {
        size_t a_from = 0, b_from = 0, rest = h;
        for (int i = q->head_rank - 1; i >= 0; i--) {
            const size_t at = rest % (size_t)q->head_dims[i];
            rest /= (size_t)q->head_dims[i];
            a_from += at * (size_t)q->a_head[i];
            b_from += at * (size_t)q->b_head[i];
        }
        for (int64_t r = 0; r < q->rows; r++)
            for (int64_t c = 0; c < q->columns; c++) {
                const int64_t za = qlinear_zero(a_zero, (size_t)r), zb = qlinear_zero(b_zero, (size_t)c);
                int64_t       acc = 0;
                for (int64_t k = 0; k < q->inner; k++)
                    acc += (qlinear_int(a, a_from + (size_t)(r * q->inner + k)) - za) *
                           (qlinear_int(b, b_from + (size_t)(k * q->columns + c)) - zb);
                qlinear_write(step, (h * (size_t)q->rows + (size_t)r) * (size_t)q->columns + (size_t)c, acc, (size_t)r,
                              (size_t)c);
            }
    }
}

/* Steps of the leading dimensions of one operand, right-aligned; those of size 1 are repeated. */
static void qlinear_matmul_heads(const as_shape *shape, const qlinear *q, int64_t matrix, int64_t *ret)
{
    const int rank = AS_MAX(shape->rank - 2, 0);
    int64_t   step = matrix;
    for (int i = q->head_rank - 1; i >= 0; i--) {
        const int from = i - (q->head_rank - rank);
        ret[i] = from >= 0 && shape->dims[from] != 1 ? step : 0;
        if (from >= 0)
            step *= shape->dims[from];
    }
}

static bool qlinear_matmul_read(as_plan *plan, const as_node *node, const ports *p, qlinear *q, as_err *err)
{
    const as_shape *a = &as_plan_in(plan, node, p->x)->shape, *b = &as_plan_in(plan, node, p->w)->shape;
    const as_shape *y = &as_graph_value(plan->graph, node->outputs[0])->shape;
    q->rows = a->rank > 1 ? a->dims[a->rank - 2] : 1;
    q->inner = a->dims[a->rank - 1];
    q->columns = b->rank > 1 ? b->dims[b->rank - 1] : 1;
    q->head_rank = AS_MAX(AS_MAX(a->rank, b->rank) - 2, 0);
    q->heads = 1;
    for (int i = 0; i < q->head_rank; i++) {
        q->head_dims[i] = y->dims[i];
        q->heads *= (size_t)y->dims[i];
    }
    qlinear_matmul_heads(a, q, q->rows * q->inner, q->a_head);
    qlinear_matmul_heads(b, q, q->inner * q->columns, q->b_head);
    const as_value *zero = as_plan_in(plan, node, p->x_zero);
    size_t          n = 1;
    if (zero && (!as_shape_count(&zero->shape, &n) || (n != 1 && n != (size_t)q->rows)))
        return AS_FAIL(err, AS_EUNSUPPORTED, "only one zero point for all, or one a row");
    zero = as_plan_in(plan, node, p->w_zero);
    n = 1;
    if (zero && (!as_shape_count(&zero->shape, &n) || (n != 1 && n != (size_t)q->columns)))
        return AS_FAIL(err, AS_EUNSUPPORTED, "only one zero point for all, or one a column");
    return true;
}

/* --- the steps ---------------------------------------------------------------------------------------------------- */

static bool qlinear_add_use(as_plan *plan, const as_node *node, as_step *step, size_t port, size_t *ret_at, as_err *err)
{
    *ret_at = 0;
    if (port == NO_PORT || !as_plan_in(plan, node, port))
        return true;
    as_buf *buf = as_plan_plain(plan, node->inputs[port], err);
    *ret_at = step->uses.n;
    return buf && as_step_use(plan, step, AS_ARG_NONE, buf, err);
}

static bool qlinear_step(as_plan *plan, const as_node *node, const ports *p, const qlinear *read,
                         void (*run)(const as_step *), as_err *err)
{
    for (size_t i = 0; i < node->n_inputs; i++) /* what must be reordered first is, before this step is begun */
        if (as_plan_in(plan, node, i) && !as_plan_plain(plan, node->inputs[i], err))
            return false;
    as_buf  *out = as_plan_out(plan, node, 0, NULL, err);
    as_step *step = out ? as_plan_step(plan, NULL, run, sizeof *read, err) : NULL;
    if (!step || !as_step_use(plan, step, AS_ARG_NONE, out, err))
        return false;
    qlinear *q = step->data;
    *q = *read;
    return qlinear_add_use(plan, node, step, p->x, &q->at.x, err) &&
           qlinear_add_use(plan, node, step, p->x_scale, &q->at.x_scale, err) &&
           qlinear_add_use(plan, node, step, p->x_zero, &q->at.x_zero, err) &&
           qlinear_add_use(plan, node, step, p->w, &q->at.w, err) &&
           qlinear_add_use(plan, node, step, p->w_scale, &q->at.w_scale, err) &&
           qlinear_add_use(plan, node, step, p->w_zero, &q->at.w_zero, err) &&
           qlinear_add_use(plan, node, step, p->y_scale, &q->at.y_scale, err) &&
           qlinear_add_use(plan, node, step, p->y_zero, &q->at.y_zero, err) &&
           qlinear_add_use(plan, node, step, p->bias, &q->at.bias, err);
}

static bool qlinear_conv_plan(as_plan *plan, const as_node *node, const ports *p, as_err *err)
{
    const as_shape *w = &as_plan_in(plan, node, p->w)->shape;
    qlinear         q = {.groups = as_plan_int_or(node, "group", 1)};
    as_shape        kernel = {.rank = w->rank - 2};
    if (kernel.rank < 1 || kernel.rank > 3)
        return AS_FAIL(err, AS_EUNSUPPORTED, "only 1 to 3 spatial dimensions");
    memcpy(kernel.dims, w->dims + 2, (size_t)kernel.rank * sizeof kernel.dims[0]);
    return as_op_window(plan, node, &kernel, &q.w, err) && qlinear_step(plan, node, p, &q, qlinear_conv_run, err);
}

static bool qlinear_matmul_plan(as_plan *plan, const as_node *node, const ports *p, as_err *err)
{
    qlinear q = {.groups = 1};
    return qlinear_matmul_read(plan, node, p, &q, err) && qlinear_step(plan, node, p, &q, qlinear_matmul_run, err);
}

static bool qlinear_plan_conv(as_plan *plan, const as_node *node, as_err *err)
{
    return qlinear_conv_plan(plan, node, &qlinear_ports, err);
}

static bool qlinear_plan_matmul(as_plan *plan, const as_node *node, as_err *err)
{
    return qlinear_matmul_plan(plan, node, &qlinear_ports, err);
}

static bool integer_plan_conv(as_plan *plan, const as_node *node, as_err *err)
{
    return qlinear_conv_plan(plan, node, &integer_ports, err);
}

static bool integer_plan_matmul(as_plan *plan, const as_node *node, as_err *err)
{
    return qlinear_matmul_plan(plan, node, &integer_ports, err);
}

const as_op as_op_qlinearconv = {"QLinearConv", qlinear_plan_conv};
const as_op as_op_qlinearmatmul = {"QLinearMatMul", qlinear_plan_matmul};
const as_op as_op_convinteger = {"ConvInteger", integer_plan_conv};
const as_op as_op_matmulinteger = {"MatMulInteger", integer_plan_matmul};
