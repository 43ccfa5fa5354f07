/* SPDX-License-Identifier: Apache-2.0 */
/* onednn.h - oneDNN in this project's words: layouts, and primitives that are made, bound to memory and run.
 *
 * Layer:   engine (may use base/, tensor/). onednn.c alone sees oneDNN.
 * Threads: one thread at a time for each as_onednn; several may run at once.
 * Memory:  as_onednn owns every layout and primitive made from it. Data is the caller's, as is scratch memory.
 *
 * All data is f32. A layout made by as_layout_any() has a shape but no order: a primitive chooses, and as_prim_layout()
 * tells what it chose. Blocked layouts may be larger than their shape; the padding inside is zero and stays zero.
 */
#ifndef AS_ENGINE_ONEDNN_H
#define AS_ENGINE_ONEDNN_H

#include "tensor/tensor.h"

typedef struct as_onednn as_onednn;
typedef struct as_layout as_layout;
typedef struct as_prim   as_prim;

AS_CHECK as_onednn *as_onednn_new(uint32_t threads, as_err *err);
as_onednn          *as_onednn_free(as_onednn *dnn);
void                as_onednn_enter(const as_onednn *dnn); /* the calling thread uses dnn's threads from now on */
const char         *as_onednn_version(void);               /* "2.6.3" */

/* Equal layouts of one as_onednn are the same pointer. Rank 1 to AS_TENSOR_MAX_RANK, every dimension known and > 0. */
AS_CHECK const as_layout *as_layout_plain(as_onednn *dnn, const as_shape *shape, as_err *err); /* row major */
AS_CHECK const as_layout *as_layout_any(as_onednn *dnn, const as_shape *shape, as_err *err);
AS_CHECK const as_layout *as_layout_strided(as_onednn *dnn, const as_shape *shape, const int64_t *strides, as_err *err);
/* The slice of `whole` from `offsets`, of `shape`; AS_EUNSUPPORTED where a block would be cut. */
AS_CHECK const as_layout *as_layout_slice(as_onednn *dnn, const as_layout *whole, const as_shape *shape,
                                          const int64_t *offsets, as_err *err);
const as_shape           *as_layout_shape(const as_layout *layout);
size_t                    as_layout_bytes(const as_layout *layout);
bool                      as_layout_is_plain(const as_layout *layout);

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
    AS_FN_SUM /* dst += (a post-op only) */
} as_fn;

/* What is done to each result before it is written, in order. */
typedef struct as_post {
    as_fn fn;
    float a, b;
} as_post;

#define AS_POSTS_MAX 4
typedef struct as_posts {
    size_t  n;
    as_post at[AS_POSTS_MAX];
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
AS_CHECK as_prim *as_prim_pool(as_onednn *dnn, as_pass pass, as_pool_kind kind, const as_window *window,
                               const as_layout *src, const as_layout *dst, const as_prim *forward, as_err *err);
/* dst = posts(factor * src x weights + bias); ranks equal, leading dimensions equal or 1. */
AS_CHECK as_prim *as_prim_matmul(as_onednn *dnn, const as_layout *src, const as_layout *weights, const as_layout *bias,
                                 const as_layout *dst, float factor, const as_posts *posts, as_err *err);
/* Batch norm with scale and shift. INFER takes MEAN and VARIANCE, TRAIN writes them (biased variance). BACK_WEIGHTS
 * gives all gradients. relu: fused behind it. */
AS_CHECK as_prim *as_prim_norm(as_onednn *dnn, as_pass pass, const as_layout *src, float epsilon, bool relu,
                               const as_prim *forward, as_err *err);
/* BACK_DATA takes SRC (for RELU: its DST, as SRC) and DIFF_DST. */
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

/* A reorder done now, for weights. */
AS_CHECK bool as_onednn_convert(as_onednn *dnn, const as_layout *from, const void *src, const as_layout *to, void *dst,
                                as_err *err);

#endif
