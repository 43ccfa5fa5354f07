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
#include "engine/prim_kind.h"

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
