/* SPDX-License-Identifier: Apache-2.0 */
/* onednn.h - oneDNN in this project's words: its threads, and layouts of data. Primitives are in prim.h.
 *
 * Layer:   engine (may use base/, tensor/). The files onednn*.c alone see oneDNN.
 * Threads: one thread at a time for each as_onednn; several may run at once.
 * Memory:  as_onednn owns every layout and primitive made from it. Data is the caller's, as is scratch memory.
 *
 * Data is f32 where nothing else is said. A layout made by as_layout_any() has a shape but no order: a primitive chooses, and as_prim_layout()
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
/* Calls work(ctx, worker) for each of n workers 0 to n - 1, on as many threads at once as there are. */
void        as_onednn_share(int n, void (*work)(void *ctx, int worker), void *ctx);
const char *as_onednn_version(void); /* "2.6.3" */

typedef enum as_order { AS_ORDER_NONE, AS_ORDER_PLAIN, AS_ORDER_ANY, AS_ORDER_CHANNELS_LAST } as_order;

/* Equal layouts of one as_onednn are the same pointer. Rank 1 to AS_TENSOR_MAX_RANK, every dimension known and > 0. */
AS_CHECK const as_layout *as_layout_plain(as_onednn *dnn, const as_shape *shape, as_err *err); /* row major */
AS_CHECK const as_layout *as_layout_any(as_onednn *dnn, const as_shape *shape, as_err *err);
AS_CHECK const as_layout *as_layout_strided(as_onednn *dnn, const as_shape *shape, const int64_t *strides, as_err *err);
/* Of f32, u8, i8 or i32. Channels last: the second dimension is the fastest; below rank 3 that is row major. */
AS_CHECK const as_layout *as_layout_of(as_onednn *dnn, as_dtype dtype, as_order order, const as_shape *shape,
                                       as_err *err);
/* [N, C/lanes, H, W, lanes] of f32, as most primitives want it: by 8 with AVX2, by 16 with AVX-512; rank 4. */
AS_CHECK const as_layout *as_layout_blocked(as_onednn *dnn, const as_shape *shape, int64_t lanes, as_err *err);
/* Of bfloat16, in any order; and the same order of f32. A layout that is not narrow is its own wide one. */
AS_CHECK const as_layout *as_layout_any_narrow(as_onednn *dnn, const as_shape *shape, as_err *err);
AS_CHECK const as_layout *as_layout_last_narrow(as_onednn *dnn, const as_shape *shape, as_err *err); /* channels last */
AS_CHECK const as_layout *as_layout_wide(as_onednn *dnn, const as_layout *layout, as_err *err);
bool                      as_layout_is_narrow(const as_layout *layout);
/* The same order for another shape of the same rank. AS_EUNSUPPORTED where the layout has gaps, or its blocks do not
 * divide the shape and pad is false. Unpadded, such layouts join along a dimension when all those before it are 1. */
AS_CHECK const as_layout *as_layout_like(as_onednn *dnn, const as_layout *layout, const as_shape *shape, bool pad,
                                         as_err *err);
const as_shape           *as_layout_shape(const as_layout *layout);
size_t                    as_layout_bytes(const as_layout *layout);
bool                      as_layout_is_plain(const as_layout *layout);
int64_t                   as_layout_lanes(const as_layout *layout); /* [N, C/lanes, ..., lanes]; 1: plain; 0: neither */

/* A reorder done now, for weights. */
AS_CHECK bool as_onednn_convert(as_onednn *dnn, const as_layout *from, const void *src, const as_layout *to, void *dst,
                                as_err *err);

#endif
