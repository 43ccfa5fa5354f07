/* SPDX-License-Identifier: Apache-2.0 */
/* tensor.h - n-dimensional arrays, row major, with their type and shape.
 *
 * Layer:   tensor (may use base/).
 * Threads: one thread at a time.
 * Memory:  as_tensor_new/done own 64-byte aligned data; as_tensor_view borrows.
 */
#ifndef AS_TENSOR_TENSOR_H
#define AS_TENSOR_TENSOR_H

#include "base/err.h"

#define AS_TENSOR_MAX_RANK  8
#define AS_TENSOR_MAX_BYTES ((size_t)4 << 30)

/* Values are those of ONNX TensorProto.DataType. */
typedef enum as_dtype {
    AS_DTYPE_NONE = 0,
    AS_DTYPE_F32 = 1,
    AS_DTYPE_U8 = 2,
    AS_DTYPE_I8 = 3,
    AS_DTYPE_I32 = 6,
    AS_DTYPE_I64 = 7,
    AS_DTYPE_BOOL = 9,
    AS_DTYPE_F16 = 10,
    AS_DTYPE_F64 = 11
} as_dtype;

/* What a network computes its floats in. BF16: weights and values of convolutions as bfloat16, their sums as f32. */
typedef enum as_floats { AS_FLOATS_NONE, AS_FLOATS_F32, AS_FLOATS_BF16 } as_floats;

size_t      as_dtype_bytes(as_dtype dtype);   /* 0 if unknown */
const char *as_dtype_name(as_dtype dtype);    /* "f32", "u8", ... */
const char *as_floats_name(as_floats floats); /* "f32" (also of NONE), "bf16" */

typedef struct as_shape {
    int     rank;                     /* 0 is a scalar */
    int64_t dims[AS_TENSOR_MAX_RANK]; /* -1: not known before the first run */
} as_shape;

bool          as_shape_equal(const as_shape *a, const as_shape *b);
AS_CHECK bool as_shape_count(const as_shape *shape, size_t *ret); /* elements; false: unknown, negative or overflow */
char         *as_shape_text(const as_shape *shape, char *text, size_t cap); /* "1x3x224x224"; returns text */

typedef struct as_tensor {
    as_dtype dtype;
    as_shape shape;
    void    *data;
    bool     owned;
} as_tensor;

/* Zero-filled. AS_ELIMIT beyond AS_TENSOR_MAX_BYTES, AS_ENOMEM. */
AS_CHECK bool as_tensor_new(as_tensor *tensor, as_dtype dtype, const as_shape *shape, as_err *err);
as_tensor     as_tensor_view(as_dtype dtype, const as_shape *shape, void *data);
void          as_tensor_done(as_tensor *tensor);
size_t        as_tensor_count(const as_tensor *tensor);

/* Entry i, which may stand at any address, as a number. */
double as_tensor_number(const as_tensor *tensor, size_t i);

/* The largest difference of two entries. Two that are no number, and equal infinities, do not differ; INFINITY where one alone
 * is not finite, or types or shapes differ. *ret_largest (or NULL): the largest finite size of an entry of a. */
double as_tensor_apart(const as_tensor *a, const as_tensor *b, double *ret_largest);

#endif
