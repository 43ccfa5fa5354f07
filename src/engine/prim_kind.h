/* SPDX-License-Identifier: Apache-2.0 */
/* prim_kind.h - what a primitive does: its function, its window, what is done to each result. Private to engine.
 *
 * Layer:   engine.
 * Threads: immutable.
 * Memory:  none.
 */
#ifndef AS_ENGINE_PRIM_KIND_H
#define AS_ENGINE_PRIM_KIND_H

#include "base/def.h"

typedef enum as_fn {
    AS_FN_NONE,
    AS_FN_RELU /* a: slope below 0 */,
    AS_FN_CLIP /* [a, b] */,
    AS_FN_LINEAR /* a x + b */,
    AS_FN_SIGMOID,
    AS_FN_TANH,
    AS_FN_HARDSWISH,
    AS_FN_EXP,
    AS_FN_LOG,
    AS_FN_SQRT,
    AS_FN_ABS,
    AS_FN_POW /* a x^b */,
    AS_FN_ELU /* a */,
    AS_FN_SOFTPLUS,
    AS_FN_GELU,
    AS_FN_GELU_TANH,
    AS_FN_MISH,
    AS_FN_SWISH /* x sigmoid(a x) */,
    AS_FN_SUM /* dst += (a post-op only) */
} as_fn;

typedef struct as_post {
    as_fn fn;
    float a, b;
} as_post;
typedef struct
    as_posts { /* done to each result before it is written: a sum, then one function (oneDNN 2.6 errs at two) */
    size_t  n;
    as_post at[2];
} as_posts;

/* A sliding window over 1 to 3 spatial dimensions; dilation 1 is dense. */
typedef struct as_window {
    int     n;
    int64_t kernel[3], stride[3], dilation[3], pad_begin[3], pad_end[3];
} as_window;

typedef enum as_pool_kind {
    AS_POOL_NONE,
    AS_POOL_MAX,
    AS_POOL_MEAN /* pads not counted */,
    AS_POOL_MEAN_PADDED
} as_pool_kind;
typedef enum as_binary {
    AS_BINARY_NONE,
    AS_BINARY_ADD,
    AS_BINARY_SUB,
    AS_BINARY_MUL,
    AS_BINARY_DIV,
    AS_BINARY_MIN,
    AS_BINARY_MAX
} as_binary;

#endif
