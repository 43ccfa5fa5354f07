/* SPDX-License-Identifier: Apache-2.0 */
/* Integers that stand for numbers: x = (q - zero point) * scale. Scale and zero point are single, or one an index of an
 * axis. */
#include "graph/rules.h"

static bool quant_is_narrow(as_dtype dtype)
{
    return dtype == AS_DTYPE_U8 || dtype == AS_DTYPE_I8;
}

static bool quant_narrow(const as_value *value, as_err *err)
{
    return quant_is_narrow(value->dtype) || AS_FAIL(err, AS_EFORMAT, "its input '%.200s' is %s and not u8 or i8",
                                                    value->name, as_dtype_name(value->dtype));
}

/* One number, given as a scalar or as a list of one. */
static bool quant_is_single(const as_shape *shape)
{
    return shape->rank == 0 || (shape->rank == 1 && shape->dims[0] == 1);
}

/* Scale and zero point of a value of shape x, along `axis` where they are several. */
static bool quant_params(const as_shape *x, const as_value *scale, const as_value *zero, int64_t axis, as_err *err)
{
    int at;
    if (scale->dtype != AS_DTYPE_F32)
        return AS_FAIL(err, AS_EUNSUPPORTED, "its scale '%.200s' is %s: only f32 is supported", scale->name,
                       as_dtype_name(scale->dtype));
    if (zero && !as_shape_equal(&zero->shape, &scale->shape) &&
        !(quant_is_single(&zero->shape) && quant_is_single(&scale->shape)))
        return AS_FAIL(err, AS_EFORMAT, "its scale '%.200s' and zero point '%.200s' differ in shape", scale->name,
                       zero->name);
    if (quant_is_single(&scale->shape))
        return true;
    if (scale->shape.rank != 1)
        return AS_FAIL(err, AS_EUNSUPPORTED, "its scale '%.200s' has %d dimensions: blocks are not supported",
                       scale->name, scale->shape.rank);
    if (!as_rule_axis(axis, x->rank, &at, err))
        return false;
    if (x->dims[at] >= 0 && scale->shape.dims[0] >= 0 && scale->shape.dims[0] != x->dims[at])
        return AS_FAIL(err, AS_EFORMAT, "it has %lld scales for %lld indices of axis %d",
                       (long long)scale->shape.dims[0], (long long)x->dims[at], at);
    return true;
}

static bool quant_no_blocks(const as_node *node, as_err *err)
{
    return as_node_int_or(node, "block_size", 0) == 0 ||
           AS_FAIL(err, AS_EUNSUPPORTED, "it quantises in blocks, which is not supported");
}

bool as_graph_rule_quantize(as_graph *graph, const as_node *node, as_err *err)
{
    const as_value *x = as_rule_in(graph, node, 0), *zero = as_rule_in(graph, node, 2);
    int64_t         type = as_node_int_or(node, "output_dtype", 0);
    as_dtype        dtype = zero ? zero->dtype : type == AS_DTYPE_I8 ? AS_DTYPE_I8 : AS_DTYPE_U8;
    if (!quant_is_narrow(dtype) || (type != 0 && type != (int64_t)dtype))
        return AS_FAIL(err, AS_EUNSUPPORTED, "it quantises to %s: only u8 and i8 are supported", as_dtype_name(dtype));
    return quant_no_blocks(node, err) &&
           quant_params(&x->shape, as_rule_in(graph, node, 1), zero, as_node_int_or(node, "axis", 1), err) &&
           as_rule_set(graph, node, 0, dtype, &x->shape, err);
}

bool as_graph_rule_dequantize(as_graph *graph, const as_node *node, as_err *err)
{
    const as_value *x = as_rule_in(graph, node, 0), *zero = as_rule_in(graph, node, 2);
    if (!quant_is_narrow(x->dtype) && x->dtype != AS_DTYPE_I32)
        return AS_FAIL(err, AS_EFORMAT, "its input '%.200s' is %s and not u8, i8 or i32", x->name,
                       as_dtype_name(x->dtype));
    if (zero && zero->dtype != x->dtype)
        return AS_FAIL(err, AS_EFORMAT, "its input is %s and its zero point %s", as_dtype_name(x->dtype),
                       as_dtype_name(zero->dtype));
    return quant_no_blocks(node, err) &&
           quant_params(&x->shape, as_rule_in(graph, node, 1), zero, as_node_int_or(node, "axis", 1), err) &&
           as_rule_set(graph, node, 0, AS_DTYPE_F32, &x->shape, err);
}

bool as_graph_rule_quantize_dynamic(as_graph *graph, const as_node *node, as_err *err)
{
    const as_shape scalar = {.rank = 0};
    return as_rule_set(graph, node, 0, AS_DTYPE_U8, &as_rule_in(graph, node, 0)->shape, err) &&
           as_rule_set(graph, node, 1, AS_DTYPE_F32, &scalar, err) &&
           as_rule_set(graph, node, 2, AS_DTYPE_U8, &scalar, err);
}

/* Scale and zero point of an operand that is quantised as a whole, or once for each of n rows or columns; n 0: as a whole.
 * Both may be missing where the operator has none. */
static bool quant_operand(const as_value *q, const as_value *scale, const as_value *zero, int64_t n, as_err *err)
{
    const as_value *const params[] = {scale, zero};
    if (zero && zero->dtype != q->dtype)
        return AS_FAIL(err, AS_EFORMAT, "'%.200s' is %s and its zero point '%.200s' %s", q->name,
                       as_dtype_name(q->dtype), zero->name, as_dtype_name(zero->dtype));
    if (scale && scale->dtype != AS_DTYPE_F32)
        return AS_FAIL(err, AS_EUNSUPPORTED, "its scale '%.200s' is %s: only f32 is supported", scale->name,
                       as_dtype_name(scale->dtype));
    for (size_t i = 0; i < 2; i++) {
        const as_shape *shape = params[i] ? &params[i]->shape : NULL;
        if (!shape || quant_is_single(shape))
            continue;
        if (n == 0 || shape->rank != 1 || (n > 0 && shape->dims[0] >= 0 && shape->dims[0] != n))
            return AS_FAIL(err, AS_EUNSUPPORTED, "'%.200s' is neither a single number nor one for each row or column",
                           params[i]->name);
    }
    return true;
}

/* x, its scale and zero point, the same of the weights, scale and zero point of the result, a bias. */
bool as_graph_rule_qlinear_conv(as_graph *graph, const as_node *node, as_err *err)
{
    const as_value *x = as_rule_in(graph, node, 0), *w = as_rule_in(graph, node, 3),
                   *y_zero = as_rule_in(graph, node, 7), *bias = as_rule_in(graph, node, 8);
    as_shape out;
    if (!quant_narrow(x, err) || !quant_narrow(w, err) || !quant_narrow(y_zero, err))
        return false;
    if (bias && bias->dtype != AS_DTYPE_I32)
        return AS_FAIL(err, AS_EFORMAT, "its bias is %s and not i32", as_dtype_name(bias->dtype));
    return as_rule_conv_shape(node, x, w, &out, err) && as_rule_conv_bias(bias, w, err) &&
           quant_operand(x, as_rule_in(graph, node, 1), as_rule_in(graph, node, 2), 0, err) &&
           quant_operand(w, as_rule_in(graph, node, 4), as_rule_in(graph, node, 5), w->shape.dims[0], err) &&
           quant_operand(y_zero, as_rule_in(graph, node, 6), y_zero, 0, err) &&
           as_rule_set(graph, node, 0, y_zero->dtype, &out, err);
}

bool as_graph_rule_conv_integer(as_graph *graph, const as_node *node, as_err *err)
{
    const as_value *x = as_rule_in(graph, node, 0), *w = as_rule_in(graph, node, 1);
    as_shape        out;
    return quant_narrow(x, err) && quant_narrow(w, err) && as_rule_conv_shape(node, x, w, &out, err) &&
           quant_operand(x, NULL, as_rule_in(graph, node, 2), 0, err) &&
           quant_operand(w, NULL, as_rule_in(graph, node, 3), w->shape.dims[0], err) &&
           as_rule_set(graph, node, 0, AS_DTYPE_I32, &out, err);
}

/* Rows of a, columns of b; a list is one row, one column. */
static int64_t quant_rows(const as_shape *a)
{
    return a->rank > 1 ? a->dims[a->rank - 2] : 1;
}

static int64_t quant_columns(const as_shape *b)
{
    return b->rank > 1 ? b->dims[b->rank - 1] : 1;
}

bool as_graph_rule_qlinear_matmul(as_graph *graph, const as_node *node, as_err *err)
{
    const as_value *a = as_rule_in(graph, node, 0), *b = as_rule_in(graph, node, 3),
                   *y_zero = as_rule_in(graph, node, 7);
    as_shape out;
    return quant_narrow(a, err) && quant_narrow(b, err) && quant_narrow(y_zero, err) &&
           as_rule_matmul_shape(&a->shape, &b->shape, &out, err) &&
           quant_operand(a, as_rule_in(graph, node, 1), as_rule_in(graph, node, 2), quant_rows(&a->shape), err) &&
           quant_operand(b, as_rule_in(graph, node, 4), as_rule_in(graph, node, 5), quant_columns(&b->shape), err) &&
           quant_operand(y_zero, as_rule_in(graph, node, 6), y_zero, quant_rows(&a->shape), err) &&
           as_rule_set(graph, node, 0, y_zero->dtype, &out, err);
}

bool as_graph_rule_matmul_integer(as_graph *graph, const as_node *node, as_err *err)
{
    const as_value *a = as_rule_in(graph, node, 0), *b = as_rule_in(graph, node, 1);
    as_shape        out;
    return quant_narrow(a, err) && quant_narrow(b, err) && as_rule_matmul_shape(&a->shape, &b->shape, &out, err) &&
           quant_operand(a, NULL, as_rule_in(graph, node, 2), quant_rows(&a->shape), err) &&
           quant_operand(b, NULL, as_rule_in(graph, node, 3), quant_columns(&b->shape), err) &&
           as_rule_set(graph, node, 0, AS_DTYPE_I32, &out, err);
}
