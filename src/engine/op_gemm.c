/* SPDX-License-Identifier: Apache-2.0 */
/* Matrix products: Gemm and MatMul. */
#include <stdlib.h>
#include <string.h>

#include "engine/mat_kernel.h"
#include "engine/op.h"
#include "engine/row_kernel.h"

typedef struct product {
    as_buf        *src, *weights, *bias; /* bias: a row of dst, or NULL */
    as_shape       dst_shape;
    bool           made; /* the weights are a constant of product_weights() */
    as_mat         mat;
    const as_node *last; /* whose output is written */
} product;

/* Bytes of weights from which on several threads are worth waiting for, and the units of each. */
enum { PRODUCT_SHARED = 16 << 20, PRODUCT_UNITS = 4 };

_Static_assert(AS_MAT_BATCH_RANK + 2 >= AS_TENSOR_MAX_RANK, "every MatMul fits");

/* A few rows with constant weights. */
static bool product_is_rows(const product *p)
{
    return p->dst_shape.rank == 2 && p->dst_shape.dims[0] <= AS_ROW_MOST && p->weights->root->kind == AS_BUF_CONSTANT &&
           p->weights->shape.rank == 2 && p->mat.a_col == 1 && p->mat.b_col == 1 && !(p->mat.factor < 1.0f) &&
           !(p->mat.factor > 1.0f);
}

typedef struct mat_step {
    as_mat mat;
    bool   has_bias;
} mat_step;

/* uses: y, a, b (, bias) */
static void mat_work(void *ctx, int unit)
{
    const as_step  *step = ctx;
    const mat_step *s = step->data;
    as_mat_run(&s->mat, unit, step->uses.at[1].buf->data, step->uses.at[2].buf->data,
               s->has_bias ? step->uses.at[3].buf->data : NULL, step->uses.at[0].buf->data);
}

static void mat_run(const as_step *step)
{
    const mat_step *s = step->data;
    as_gang_run(step->gang, (uint32_t)s->mat.units, step->more, mat_work, (void *)(uintptr_t)step);
}

/* Constant matrices are packed here, once; what they were packed from is not kept. */
static bool product_pack(as_plan *plan, product *p, as_err *err)
{
    if (p->weights->root->kind != AS_BUF_CONSTANT || !as_mat_wants_packing(&p->mat))
        return true;
    const as_shape shape = {.rank = 1, .dims = {(int64_t)(as_mat_packed_bytes(&p->mat) / sizeof(float))}};
    as_buf        *room = as_plan_new_constant(plan, AS_DTYPE_F32, &shape, NULL, err);
    if (!room)
        return false;
    as_mat_pack(&p->mat, p->weights->data, room->data);
    if (p->made)
        as_plan_drop(p->weights);
    p->weights = room;
    p->mat.packed = true;
    return true;
}

static bool product_mat(as_plan *plan, product *p, as_buf **ret_dst, as_err *err)
{
    if (!product_pack(plan, p, err))
        return false;
    as_mat_divide(&p->mat, plan->threads);
    mat_step s = {.mat = p->mat, .has_bias = p->bias != NULL};
    as_buf  *ins[] = {p->src, p->weights, p->bias};
    *ret_dst = as_plan_out(plan, p->last, 0, NULL, err);
    if (!*ret_dst || !as_op_step(plan, mat_run, &s, sizeof s, *ret_dst, ins, p->bias ? 3 : 2, err))
        return false;
    as_step *step = plan->steps.at[plan->steps.n - 1];
    step->how = "kernel: product of matrices";
    return as_plan_help(plan, step, (size_t)s.mat.units, err);
}

/* uses: y, x, w (, bias) */
static void rows_work(void *ctx, int unit)
{
    const as_step *step = ctx;
    as_row_kernel(step->data, unit, step->uses.at[1].buf->data, step->uses.at[2].buf->data,
                  step->uses.n > 3 ? step->uses.at[3].buf->data : NULL, step->uses.at[0].buf->data);
}

static void rows_run(const as_step *step)
{
    const as_rows *s = step->data;
    as_gang_run(step->gang, (uint32_t)s->units, step->more, rows_work, (void *)(uintptr_t)step);
}

static bool product_rows(as_plan *plan, product *p, as_buf **ret_dst, as_err *err)
{
    as_buf *ins[] = {p->src, p->weights, p->bias};
    as_rows s = {
        .rows = (size_t)p->mat.m, .k = (size_t)p->mat.k, .n = (size_t)p->mat.n, .units = plan->threads * PRODUCT_UNITS};
    if (plan->threads <= 1 || p->weights->bytes < PRODUCT_SHARED)
        s.units = 1;
    *ret_dst = as_plan_out(plan, p->last, 0, NULL, err);
    if (!*ret_dst || !as_op_step(plan, rows_run, &s, sizeof s, *ret_dst, ins, p->bias ? 3 : 2, err))
        return false;
    as_step *step = plan->steps.at[plan->steps.n - 1];
    step->how = "kernel: rows by weights";
    return as_plan_help(plan, step, s.units, err);
}

static bool product_step(as_plan *plan, product *p, as_buf **ret_dst, as_err *err)
{
    return product_is_rows(p) ? product_rows(plan, p, ret_dst, err) : product_mat(plan, p, ret_dst, err);
}

static const as_layout *product_matrix(as_plan *plan, const as_shape *shape, bool transposed, as_err *err)
{
    if (!transposed)
        return as_layout_plain(plan->dnn, shape, err);
    as_shape turned = {.rank = 2, .dims = {shape->dims[1], shape->dims[0]}};
    return as_layout_strided(plan->dnn, &turned, (const int64_t[]){1, shape->dims[1]}, err);
}

/* A constant as a row of n, multiplied; NULL where it is not of that shape. */
static bool product_row(as_plan *plan, const as_tensor *t, int64_t n, float factor, as_buf **ret, as_err *err)
{
    const as_shape row = {.rank = 2, .dims = {1, n}};
    *ret = NULL;
    if (!t || t->dtype != AS_DTYPE_F32 || (int64_t)as_tensor_count(t) != n || t->shape.rank < 1 ||
        t->shape.dims[t->shape.rank - 1] != n)
        return true;
    as_buf *buf = as_plan_new_constant(plan, AS_DTYPE_F32, &row, NULL, err);
    if (!buf)
        return false;
    memcpy(buf->data, t->data, buf->bytes);
    for (int64_t i = 0; i < n; i++)
        ((float *)buf->data)[i] *= factor;
    *ret = buf;
    return true;
}

/* The weights scaled, and row major, where they are constant. */
static bool product_weights(as_plan *plan, product *p, const as_layout *layout, as_err *err)
{
    if (p->weights->kind != AS_BUF_CONSTANT)
        return true;
    as_buf *buf = as_plan_new_constant(plan, AS_DTYPE_F32, as_layout_shape(layout), NULL, err);
    if (!buf || !as_onednn_convert(plan->dnn, layout, p->weights->data, buf->layout, buf->data, err))
        return false;
    for (size_t i = 0; i < buf->bytes / sizeof(float); i++)
        ((float *)buf->data)[i] *= p->mat.factor;
    p->mat.factor = 1.0f;
    p->weights = buf;
    p->made = true;
    return true;
}

static bool gemm_plan(as_plan *plan, const as_node *node, as_err *err)
{
    const as_value *c = as_plan_in(plan, node, 2);
    const bool      ta = as_plan_int_or(node, "transA", 0) != 0, tb = as_plan_int_or(node, "transB", 0) != 0;
    const float     beta = as_plan_float_or(node, "beta", 1.0f);
    product         p = {.last = node};
    as_buf         *dst, *added = NULL;
    p.src = as_plan_plain(plan, node->inputs[0], err);
    p.weights = p.src ? as_plan_plain(plan, node->inputs[1], err) : NULL;
    if (!p.weights)
        return false;
    if (!p.src->layout || !p.weights->layout || p.src->shape.rank != 2 || p.weights->shape.rank != 2)
        return AS_FAIL(err, AS_EUNSUPPORTED, "only f32 matrices");
    p.dst_shape = as_graph_value(plan->graph, node->outputs[0])->shape;
    const int64_t wide = p.src->shape.dims[1], n = p.dst_shape.dims[1];
    p.mat = (as_mat){.m = p.dst_shape.dims[0], .n = n, .k = p.src->shape.dims[ta ? 0 : 1], .b_row = n, .b_col = 1};
    p.mat.factor = as_plan_float_or(node, "alpha", 1.0f);
    p.mat.a_row = ta ? 1 : wide;
    p.mat.a_col = ta ? wide : 1;
    if (tb && p.weights->kind != AS_BUF_CONSTANT) { /* constants are turned by product_weights() */
        p.mat.b_row = 1;
        p.mat.b_col = p.mat.k;
    }
    const as_layout *weights = product_matrix(plan, &p.weights->shape, tb, err);
    if (!weights || !product_weights(plan, &p, weights, err))
        return false;
    if (c && !product_row(plan, c->constant, p.dst_shape.dims[1], beta, &p.bias, err))
        return false;
    if (c && (!p.bias || p.mat.factor < 1.0f || p.mat.factor > 1.0f)) {
        added = as_plan_plain(plan, node->inputs[2], err);
        if (!added)
            return false;
        if (added->dtype != AS_DTYPE_F32)
            return AS_FAIL(err, AS_EUNSUPPORTED, "only f32");
        p.bias = NULL;
    }
    return product_step(plan, &p, &dst, err) && (!added || as_op_add_scaled(plan, dst, added, beta, dst, err));
}

/* An addition of a constant row that follows is the bias. */
static bool matmul_fuse_bias(as_plan *plan, product *p, as_err *err)
{
    int32_t next = plan->only_user[p->last->outputs[0]];
    if (next < 0)
        return true;
    const as_node *add = as_graph_node(plan->graph, (size_t)next);
    if (strcmp(add->op, "Add") != 0)
        return true;
    size_t          other = add->inputs[0] == p->last->outputs[0] ? 1 : 0;
    const as_shape *shape = &as_graph_value(plan->graph, p->last->outputs[0])->shape;
    if (!as_shape_equal(shape, &as_graph_value(plan->graph, add->outputs[0])->shape))
        return true;
    if (!product_row(plan, as_plan_constant(plan, add, other), shape->dims[shape->rank - 1], 1.0f, &p->bias, err))
        return false;
    if (!p->bias)
        return true;
    p->last = add;
    as_plan_absorb(plan, (size_t)next);
    return true;
}

static as_shape matmul_wide(const as_shape *shape, int rank)
{
    as_shape wide = {.rank = rank};
    for (int i = 0; i < rank; i++)
        wide.dims[i] = i < rank - shape->rank ? 1 : shape->dims[i - (rank - shape->rank)];
    return wide;
}

/* Batches are repeated along dimensions of 1. */
static as_mat matmul_mat(const as_shape *a, const as_shape *b, const as_shape *to)
{
    const int rank = to->rank;
    as_mat    m = {
           .m = to->dims[rank - 2], .n = to->dims[rank - 1], .k = a->dims[rank - 1], .rank = rank - 2, .factor = 1.0f};
    int64_t a_step = m.m * m.k, b_step = m.k * m.n;
    m.a_row = m.k;
    m.b_row = m.n;
    m.a_col = m.b_col = 1;
    for (int i = rank - 3; i >= 0 && i < AS_MAT_BATCH_RANK; i--) {
        m.batch[i] = to->dims[i];
        m.a_step[i] = a->dims[i] > 1 ? a_step : 0;
        m.b_step[i] = b->dims[i] > 1 ? b_step : 0;
        a_step *= a->dims[i];
        b_step *= b->dims[i];
    }
    return m;
}

static bool matmul_plan(as_plan *plan, const as_node *node, as_err *err)
{
    product p = {.last = node};
    as_buf *dst;
    p.src = as_plan_plain(plan, node->inputs[0], err);
    p.weights = p.src ? as_plan_plain(plan, node->inputs[1], err) : NULL;
    if (!p.weights)
        return false;
    if (!p.src->layout || !p.weights->layout)
        return AS_FAIL(err, AS_EUNSUPPORTED, "only f32");
    as_shape a = p.src->shape, b = p.weights->shape;
    if (a.rank == 1)
        a = (as_shape){.rank = 2, .dims = {1, a.dims[0]}};
    if (b.rank == 1)
        b = (as_shape){.rank = 2, .dims = {b.dims[0], 1}};
    if (b.rank == 2 && a.rank > 2) { /* one matrix for all: one product */
        int64_t rows = 1;
        for (int i = 0; i < a.rank - 1; i++)
            rows *= a.dims[i];
        a = (as_shape){.rank = 2, .dims = {rows, a.dims[a.rank - 1]}};
    }
    int rank = AS_MAX(a.rank, b.rank);
    a = matmul_wide(&a, rank);
    b = matmul_wide(&b, rank);
    p.dst_shape = a;
    for (int i = 0; i < rank - 2; i++)
        p.dst_shape.dims[i] = AS_MAX(a.dims[i], b.dims[i]);
    p.dst_shape.dims[rank - 1] = b.dims[rank - 1];
    p.mat = matmul_mat(&a, &b, &p.dst_shape);
    const as_layout *weights = as_layout_plain(plan->dnn, &b, err);
    if (!weights || !product_weights(plan, &p, weights, err))
        return false;
    if (rank == 2 && !matmul_fuse_bias(plan, &p, err))
        return false;
    return product_step(plan, &p, &dst, err);
}

const as_op as_op_gemm = {"Gemm", gemm_plan};
const as_op as_op_matmul = {"MatMul", matmul_plan};
