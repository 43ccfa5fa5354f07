/* SPDX-License-Identifier: Apache-2.0 */
/* prim.h - oneDNN's primitives: made for layouts, bound to memory, run.
 *
 * Layer:   engine (may use base/, tensor/).
 * Threads: as the as_onednn they belong to.
 * Memory:  the as_onednn owns them. Data is the caller's, as is scratch memory (AS_ARG_SCRATCH).
 */
#ifndef AS_ENGINE_PRIM_H
#define AS_ENGINE_PRIM_H

#include "engine/onednn.h"

/* TRAIN keeps what the backward passes need. A backward pass wants the forward primitive it belongs to. */
typedef enum as_pass { AS_PASS_NONE, AS_PASS_INFER, AS_PASS_TRAIN, AS_PASS_BACK_DATA, AS_PASS_BACK_WEIGHTS } as_pass;

typedef enum as_arg {
    AS_ARG_NONE,
    AS_ARG_SRC,
    AS_ARG_SRC1,
    AS_ARG_WEIGHTS,
    AS_ARG_BIAS,
    AS_ARG_DST,
    AS_ARG_MEAN,
    AS_ARG_VARIANCE,
    AS_ARG_SCALE,
    AS_ARG_SHIFT,
    AS_ARG_WORKSPACE,
    AS_ARG_SCRATCH,
    AS_ARG_DIFF_SRC,
    AS_ARG_DIFF_WEIGHTS,
    AS_ARG_DIFF_BIAS,
    AS_ARG_DIFF_DST,
    AS_ARG_DIFF_SCALE,
    AS_ARG_DIFF_SHIFT,
    AS_ARG_MULTI /* + i: source i of a concatenation */
} as_arg;

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

/* Errors of all: AS_EUNSUPPORTED when oneDNN has no such primitive, AS_ENOMEM. posts and bias may be NULL.
 * src, weights, bias and dst stand for their gradients in the backward passes. Weights are [O, I, k...], or
 * [G, O/G, I/G, k...] when grouped. */
AS_CHECK as_prim *as_prim_conv(as_onednn *dnn, as_pass pass, const as_window *window, const as_layout *src,
                               const as_layout *weights, const as_layout *bias, const as_layout *dst,
                               const as_posts *posts, const as_prim *forward, as_err *err);
/* A transposed convolution, forward; the window's pads are what is cut off. */
AS_CHECK as_prim *as_prim_deconv(as_onednn *dnn, const as_window *window, const as_layout *src,
                                 const as_layout *weights, const as_layout *bias, const as_layout *dst, as_err *err);
AS_CHECK as_prim *as_prim_pool(as_onednn *dnn, as_pass pass, as_pool_kind kind, const as_window *window,
                               const as_layout *src, const as_layout *dst, const as_prim *forward, as_err *err);
/* dst = posts(factor * src x weights + bias); ranks equal, leading dimensions equal or 1. */
AS_CHECK as_prim *as_prim_matmul(as_onednn *dnn, const as_layout *src, const as_layout *weights, const as_layout *bias,
                                 const as_layout *dst, float factor, const as_posts *posts, as_err *err);
/* Batch norm with scale and shift. INFER takes MEAN and VARIANCE, TRAIN writes them (biased variance). BACK_WEIGHTS
 * gives all gradients. relu: fused behind it. */
AS_CHECK as_prim *as_prim_norm(as_onednn *dnn, as_pass pass, const as_layout *src, float epsilon, bool relu,
                               const as_prim *forward, as_err *err);
/* BACK_DATA takes SRC (RELU: its DST instead) and DIFF_DST. */
AS_CHECK as_prim *as_prim_eltwise(as_onednn *dnn, as_pass pass, const as_post *fn, const as_layout *src,
                                  const as_posts *posts, const as_prim *forward, as_err *err);
AS_CHECK as_prim *as_prim_softmax(as_onednn *dnn, const as_layout *src, int axis, as_err *err);
/* Dimensions of b equal a's or are 1. dst has a's shape. */
AS_CHECK as_prim *as_prim_binary(as_onednn *dnn, as_binary kind, const as_layout *a, const as_layout *b,
                                 const as_layout *dst, const as_posts *posts, as_err *err);
AS_CHECK as_prim *as_prim_concat(as_onednn *dnn, int axis, const as_layout *const *srcs, size_t n, const as_layout *dst,
                                 as_err *err);
AS_CHECK as_prim *as_prim_reorder(as_onednn *dnn, const as_layout *from, const as_layout *to, as_err *err);

const as_layout *as_prim_layout(const as_prim *prim, as_arg arg); /* NULL: has no such argument */
const char      *as_prim_about(const as_prim *prim);              /* oneDNN's name of the implementation */

/* Tells where an argument's data is; may be called again. Every argument it has must be bound before the run. */
AS_CHECK bool as_prim_bind(as_prim *prim, as_arg arg, void *data, as_err *err);
AS_CHECK bool as_prim_run(as_prim *prim, as_err *err);

#endif
