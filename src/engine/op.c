/* SPDX-License-Identifier: Apache-2.0 */
#include "engine/op.h"

#include <float.h>
#include <math.h>
#include <string.h>

static bool op_str_is(const as_node *node, const char *attr, const char *want)
{
    const char *s;
    size_t      n;
    return as_node_str(node, attr, &s, &n) && n == strlen(want) && memcmp(s, want, n) == 0;
}

static bool op_ints(const as_node *node, const char *attr, int rank, int64_t otherwise, int64_t *ret, as_err *err)
{
    const int64_t *ints;
    size_t         n;
    for (int i = 0; i < rank; i++)
        ret[i] = otherwise;
    if (!as_node_ints(node, attr, &ints, &n))
        return true;
    if (n != (size_t)rank)
        return AS_FAIL(err, AS_EFORMAT, "'%s' has %zu items and not %d", attr, n, rank);
    memcpy(ret, ints, n * sizeof *ret);
    return true;
}

bool as_op_window(as_plan *plan, const as_node *node, const as_shape *kernel, as_window *ret, as_err *err)
{
    const as_value *x = as_plan_in(plan, node, 0), *y = as_graph_value(plan->graph, node->outputs[0]);
    int64_t         pads[6];
    as_window       w = {.n = kernel->rank};
    if (w.n < 1 || w.n > 3 || x->shape.rank != w.n + 2 || y->shape.rank != w.n + 2)
        return AS_FAIL(err, AS_EUNSUPPORTED, "only 1 to 3 spatial dimensions");
    if (!op_ints(node, "strides", w.n, 1, w.stride, err) || !op_ints(node, "dilations", w.n, 1, w.dilation, err) ||
        !op_ints(node, "pads", 2 * w.n, 0, pads, err))
        return false;
    bool same_upper = op_str_is(node, "auto_pad", "SAME_UPPER"), same_lower = op_str_is(node, "auto_pad", "SAME_LOWER");
    bool none = op_str_is(node, "auto_pad", "VALID");
    for (int i = 0; i < w.n; i++) {
        int64_t in = x->shape.dims[i + 2], out = y->shape.dims[i + 2];
        int64_t reach = (kernel->dims[i] - 1) * w.dilation[i] + 1;
        int64_t need = (out - 1) * w.stride[i] + reach - in; /* padding used by the output's shape */
        w.kernel[i] = kernel->dims[i];
        w.pad_begin[i] = none ? 0 : pads[i];
        if (same_upper)
            w.pad_begin[i] = AS_MAX(need, 0) / 2;
        if (same_lower)
            w.pad_begin[i] = (AS_MAX(need, 0) + 1) / 2;
        w.pad_end[i] = need - w.pad_begin[i];
        if (w.stride[i] < 1 || w.dilation[i] < 1 || w.pad_begin[i] < 0)
            return AS_FAIL(err, AS_EFORMAT, "a stride, dilation or pad is not valid");
    }
    *ret = w;
    return true;
}

bool as_op_scalar(const as_plan *plan, const as_node *node, size_t i, float *ret)
{
    const as_tensor *t = as_plan_constant(plan, node, i);
    if (!t || t->dtype != AS_DTYPE_F32 || as_tensor_count(t) != 1)
        return false;
    memcpy(ret, t->data, sizeof *ret);
    return true;
}

static bool op_clip(const as_plan *plan, const as_node *node, as_post *ret)
{
    *ret = (as_post){.fn = AS_FN_CLIP, .a = -FLT_MAX, .b = FLT_MAX};
    ret->a = as_plan_float_or(node, "min", ret->a);
    ret->b = as_plan_float_or(node, "max", ret->b);
    if (as_plan_in(plan, node, 1) && !as_op_scalar(plan, node, 1, &ret->a))
        return false;
    return !as_plan_in(plan, node, 2) || as_op_scalar(plan, node, 2, &ret->b);
}

bool as_op_post(const as_plan *plan, const as_node *node, as_post *ret)
{
    static const struct {
        const char *op;
        as_fn       fn;
        float       a;
    } simple[] = {
        {"Relu", AS_FN_RELU, 0},           {"Sigmoid", AS_FN_SIGMOID, 0}, {"Tanh", AS_FN_TANH, 0},
        {"HardSwish", AS_FN_HARDSWISH, 0}, {"Exp", AS_FN_EXP, 0},         {"Log", AS_FN_LOG, 0},
        {"Sqrt", AS_FN_SQRT, 0},           {"Abs", AS_FN_ABS, 0},         {"Neg", AS_FN_LINEAR, -1},
        {"Softplus", AS_FN_SOFTPLUS, 0},   {"Mish", AS_FN_MISH, 0},
    };
    if (as_plan_in(plan, node, 0)->dtype != AS_DTYPE_F32)
        return false;
    for (size_t i = 0; i < AS_COUNT(simple); i++) {
        if (strcmp(node->op, simple[i].op) != 0)
            continue;
        *ret = (as_post){.fn = simple[i].fn, .a = simple[i].a};
        return true;
    }
    if (strcmp(node->op, "LeakyRelu") == 0) {
        *ret = (as_post){.fn = AS_FN_RELU, .a = as_plan_float_or(node, "alpha", 0.01f)};
        return true;
    }
    if (strcmp(node->op, "Elu") == 0) {
        *ret = (as_post){.fn = AS_FN_ELU, .a = as_plan_float_or(node, "alpha", 1.0f)};
        return true;
    }
    if (strcmp(node->op, "Gelu") == 0) {
        *ret = (as_post){.fn = op_str_is(node, "approximate", "tanh") ? AS_FN_GELU_TANH : AS_FN_GELU};
        return true;
    }
    return strcmp(node->op, "Clip") == 0 && op_clip(plan, node, ret);
}

bool as_op_gate(const as_plan *plan, size_t gate, as_post *ret, size_t *ret_product)
{
    const as_node *node = as_graph_node(plan->graph, gate);
    const int32_t  next = plan->only_user[node->outputs[0]];
    const as_node *product = next >= 0 ? as_graph_node(plan->graph, (size_t)next) : NULL;
    const float    alpha = as_plan_float_or(node, "alpha", 0.2f), beta = as_plan_float_or(node, "beta", 0.5f);
    if (!product || strcmp(product->op, "Mul") != 0 || as_plan_in(plan, node, 0)->dtype != AS_DTYPE_F32)
        return false;
    if (product->inputs[product->inputs[0] == node->outputs[0] ? 1 : 0] != node->inputs[0])
        return false;
    if (strcmp(node->op, "Sigmoid") == 0)
        *ret = (as_post){.fn = AS_FN_SWISH, .a = 1.0f};
    else if (strcmp(node->op, "HardSigmoid") == 0 && fabsf(alpha - 1.0f / 6.0f) < 1e-6f && fabsf(beta - 0.5f) < 1e-6f)
        *ret = (as_post){.fn = AS_FN_HARDSWISH};
    else
        return false;
    *ret_product = (size_t)next;
    return true;
}

bool as_op_unary(as_plan *plan, as_prim *prim, as_buf *src, as_buf *dst, as_err *err)
{
    as_step *step = as_plan_step(plan, prim, NULL, 0, err);
    return step && as_step_use(plan, step, AS_ARG_DST, dst, err) && as_step_use(plan, step, AS_ARG_SRC, src, err);
}

static bool op_fill_step(as_plan *plan, as_step *step, const void *data, size_t data_bytes, as_buf *out,
                         as_buf *const *ins, size_t n, as_err *err)
{
    if (!step)
        return false;
    if (data_bytes)
        memcpy(step->data, data, data_bytes);
    if (!as_step_use(plan, step, AS_ARG_NONE, out, err))
        return false;
    for (size_t i = 0; i < n; i++)
        if (!as_step_use(plan, step, AS_ARG_NONE, ins[i], err))
            return false;
    return true;
}

bool as_op_step(as_plan *plan, void (*run)(const as_step *), const void *data, size_t data_bytes, as_buf *out,
                as_buf *const *ins, size_t n, as_err *err)
{
    as_step *step = as_plan_step(plan, NULL, run, data_bytes, err);
    return op_fill_step(plan, step, data, data_bytes, out, ins, n, err);
}

bool as_op_attempt(as_plan *plan, bool (*attempt)(const as_step *, as_err *), const void *data, size_t data_bytes,
                   as_buf *out, as_buf *const *ins, size_t n, as_err *err)
{
    as_step *step = as_plan_step(plan, NULL, NULL, data_bytes, err);
    if (step)
        step->attempt = attempt;
    return op_fill_step(plan, step, data, data_bytes, out, ins, n, err);
}

bool as_op_line_of(const as_shape *shape, int64_t axis, as_op_line *ret, as_err *err)
{
    as_op_line line = {1, 1, 1};
    if (axis < -shape->rank || axis >= shape->rank)
        return AS_FAIL(err, AS_EFORMAT, "axis %lld is not one of %d dimensions", (long long)axis, shape->rank);
    axis += axis < 0 ? shape->rank : 0;
    for (int i = 0; i < shape->rank; i++)
        *(i < axis ? &line.outer : i > axis ? &line.inner : &line.n) *= shape->dims[i];
    *ret = line;
    return true;
}

void as_op_row_major(const as_shape *shape, int64_t *ret_steps)
{
    int64_t step = 1;
    for (int i = shape->rank - 1; i >= 0; i--) {
        ret_steps[i] = step;
        step *= shape->dims[i];
    }
}

/* The innermost dimension in one go. */
static void copy_line(const as_copy *c, const char *src, char *dst, int64_t n, int64_t s, int64_t d)
{
    if (s == 1 && d == 1) {
        memcpy(dst, src, (size_t)n * c->bytes);
    } else if (c->bytes == 4) {
        for (int64_t i = 0; i < n; i++)
            memcpy(dst + i * d * 4, src + i * s * 4, 4);
    } else {
        const int64_t b = (int64_t)c->bytes;
        for (int64_t i = 0; i < n; i++)
            memcpy(dst + i * d * b, src + i * s * b, c->bytes);
    }
}

void as_copy_run(const as_copy *c, const void *src, void *dst)
{
    int64_t       at[AS_TENSOR_MAX_RANK] = {0};
    const int64_t b = (int64_t)c->bytes;
    const char   *s = (const char *)src + c->src_base * b;
    char         *d = (char *)dst + c->dst_base * b;
    const int     last = c->rank - 1;
    if (c->rank == 0) {
        memcpy(d, s, c->bytes);
        return;
    }
    for (int i = 0; i < c->rank; i++)
        if (c->dims[i] == 0)
            return;
    for (;;) {
        copy_line(c, s, d, c->dims[last], c->src_step[last], c->dst_step[last]);
        int i = last - 1;
        for (; i >= 0; i--) {
            s += c->src_step[i] * b;
            d += c->dst_step[i] * b;
            if (++at[i] < c->dims[i])
                break;
            s -= c->src_step[i] * b * c->dims[i];
            d -= c->dst_step[i] * b * c->dims[i];
            at[i] = 0;
        }
        if (i < 0)
            return;
    }
}

static void copy_step_run(const as_step *step)
{
    as_copy_run(step->data, step->uses.at[1].buf->data, step->uses.at[0].buf->data);
}

bool as_op_copy(as_plan *plan, const as_copy *copy, as_buf *src, as_buf *dst, as_err *err)
{
    as_step *step = as_plan_step(plan, NULL, copy_step_run, sizeof *copy, err);
    if (!step)
        return false;
    memcpy(step->data, copy, sizeof *copy);
    return as_step_use(plan, step, AS_ARG_NONE, dst, err) && as_step_use(plan, step, AS_ARG_NONE, src, err);
}
