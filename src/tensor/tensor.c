/* SPDX-License-Identifier: Apache-2.0 */
#include "tensor/tensor.h"

#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "tensor/half.h"

#define TENSOR_ALIGN 64 /* a cache line, and the widest vector register */

typedef struct tensor_dtype_row {
    as_dtype    dtype;
    size_t      bytes;
    const char *name;
} tensor_dtype_row;

static const tensor_dtype_row tensor_dtype_rows[] = {
    {AS_DTYPE_F32, 4, "f32"}, {AS_DTYPE_U8, 1, "u8"},     {AS_DTYPE_I8, 1, "i8"},   {AS_DTYPE_I32, 4, "i32"},
    {AS_DTYPE_I64, 8, "i64"}, {AS_DTYPE_BOOL, 1, "bool"}, {AS_DTYPE_F16, 2, "f16"}, {AS_DTYPE_F64, 8, "f64"},
};

static const tensor_dtype_row *tensor_dtype_find(as_dtype dtype)
{
    for (size_t i = 0; i < AS_COUNT(tensor_dtype_rows); i++)
        if (tensor_dtype_rows[i].dtype == dtype)
            return &tensor_dtype_rows[i];
    return NULL;
}

size_t as_dtype_bytes(as_dtype dtype)
{
    const tensor_dtype_row *row = tensor_dtype_find(dtype);
    return row ? row->bytes : 0;
}

const char *as_dtype_name(as_dtype dtype)
{
    const tensor_dtype_row *row = tensor_dtype_find(dtype);
    return row ? row->name : "unknown";
}

const char *as_floats_name(as_floats floats)
{
    return floats == AS_FLOATS_BF16 ? "bf16" : "f32";
}

static int tensor_rank(const as_shape *shape)
{
    return shape->rank < 0 ? 0 : AS_MIN(shape->rank, AS_TENSOR_MAX_RANK);
}

bool as_shape_equal(const as_shape *a, const as_shape *b)
{
    return a->rank == b->rank && memcmp(a->dims, b->dims, (size_t)tensor_rank(a) * sizeof a->dims[0]) == 0;
}

bool as_shape_count(const as_shape *shape, size_t *ret)
{
    size_t count = 1;
    bool   is_empty = false;
    if (shape->rank < 0 || shape->rank > AS_TENSOR_MAX_RANK)
        return false;
    for (int i = 0; i < shape->rank; i++) {
        if (shape->dims[i] < 0)
            return false;
        if (shape->dims[i] == 0)
            is_empty = true; /* and the product of the others may still overflow: a shape that lies is refused */
        else if (!as_size_mul(count, (size_t)shape->dims[i], &count))
            return false;
    }
    *ret = is_empty ? 0 : count;
    return true;
}

char *as_shape_text(const as_shape *shape, char *text, size_t cap)
{
    size_t at = 0;
    if (cap == 0)
        return text;
    text[0] = '\0';
    if (shape->rank == 0)
        snprintf(text, cap, "scalar");
    for (int i = 0; i < tensor_rank(shape); i++) {
        const char *cross = i ? "x" : "";
        int         n = shape->dims[i] < 0 ? snprintf(text + at, cap - at, "%s?", cross)
                                           : snprintf(text + at, cap - at, "%s%lld", cross, (long long)shape->dims[i]);
        if (n < 0 || (size_t)n >= cap - at)
            break;
        at += (size_t)n;
    }
    return text;
}

bool as_tensor_new(as_tensor *tensor, as_dtype dtype, const as_shape *shape, as_err *err)
{
    char   text[128];
    size_t count, bytes;
    if (as_dtype_bytes(dtype) == 0)
        return AS_FAIL(err, AS_EUNSUPPORTED, "cannot make a tensor of element type %d", (int)dtype);
    if (shape->rank < 0 || shape->rank > AS_TENSOR_MAX_RANK)
        return AS_FAIL(err, AS_ELIMIT, "cannot make a tensor of %d dimensions: at most %d", shape->rank,
                       AS_TENSOR_MAX_RANK);
    as_shape_text(shape, text, sizeof text);
    for (int i = 0; i < shape->rank; i++)
        if (shape->dims[i] < 0)
            return AS_FAIL(err, AS_EINVAL, "cannot make a tensor of '%s': a size is not known yet", text);
    if (!as_shape_count(shape, &count) || !as_size_mul(count, as_dtype_bytes(dtype), &bytes) ||
        bytes > AS_TENSOR_MAX_BYTES)
        return AS_FAIL(err, AS_ELIMIT, "cannot make a tensor of '%s' %s: more than %zu bytes", text,
                       as_dtype_name(dtype), AS_TENSOR_MAX_BYTES);
    /* Whole lines: a kernel may read up to the end of the last one. */
    size_t room = AS_MAX((bytes + TENSOR_ALIGN - 1) / TENSOR_ALIGN, (size_t)1) * TENSOR_ALIGN;
    void  *data = aligned_alloc(TENSOR_ALIGN, room);
    if (!data)
        return AS_FAIL(err, AS_ENOMEM, "cannot make a tensor of '%s' %s: not enough memory for %zu bytes", text,
                       as_dtype_name(dtype), bytes);
    memset(data, 0, room);
    *tensor = (as_tensor){.dtype = dtype, .shape = *shape, .data = data, .owned = true};
    return true;
}

as_tensor as_tensor_view(as_dtype dtype, const as_shape *shape, void *data)
{
    return (as_tensor){.dtype = dtype, .shape = *shape, .data = data, .owned = false};
}

void as_tensor_done(as_tensor *tensor)
{
    if (!tensor)
        return;
    if (tensor->owned)
        free(tensor->data);
    *tensor = (as_tensor){0};
}

size_t as_tensor_count(const as_tensor *tensor)
{
    size_t count;
    return tensor->data && as_shape_count(&tensor->shape, &count) ? count : 0;
}

double as_tensor_number(const as_tensor *tensor, size_t i)
{
    const uint8_t *at = (const uint8_t *)tensor->data + i * as_dtype_bytes(tensor->dtype);
    float          f32;
    double         f64;
    int32_t        i32;
    int64_t        i64;
    uint16_t       f16;
    switch (tensor->dtype) {
    case AS_DTYPE_F32: memcpy(&f32, at, sizeof f32); return (double)f32;
    case AS_DTYPE_F64: memcpy(&f64, at, sizeof f64); return f64;
    case AS_DTYPE_I32: memcpy(&i32, at, sizeof i32); return i32;
    case AS_DTYPE_I64: memcpy(&i64, at, sizeof i64); return (double)i64;
    case AS_DTYPE_F16: memcpy(&f16, at, sizeof f16); return (double)as_half_to_float(f16);
    case AS_DTYPE_I8: return (int8_t)*at;
    default: return *at;
    }
}

static double tensor_apart(double a, double b)
{
    if (isnan(a) && isnan(b))
        return 0;
    if (!isfinite(a) || !isfinite(b))
        return isinf(a) && isinf(b) && (a > 0) == (b > 0) ? 0 : (double)INFINITY;
    return fabs(a - b);
}

double as_tensor_apart(const as_tensor *a, const as_tensor *b, double *ret_largest)
{
    const bool   alike = a->dtype == b->dtype && as_shape_equal(&a->shape, &b->shape);
    const size_t n = alike ? as_tensor_count(a) : 0;
    double       most = alike ? 0 : (double)INFINITY, largest = 0;
    for (size_t i = 0; i < n; i++) {
        const double x = as_tensor_number(a, i);
        most = fmax(most, tensor_apart(x, as_tensor_number(b, i)));
        largest = isfinite(x) ? fmax(largest, fabs(x)) : largest;
    }
    if (ret_largest)
        *ret_largest = largest;
    return most;
}
