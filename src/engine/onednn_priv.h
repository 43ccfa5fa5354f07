/* SPDX-License-Identifier: Apache-2.0 */
/* onednn_priv.h - what the files onednn*.c share: the only ones that see oneDNN. Private to them.
 *
 * Layer:   engine.
 * Threads: as onednn.h.
 * Memory:  as onednn.h.
 */
#ifndef AS_ENGINE_ONEDNN_PRIV_H
#define AS_ENGINE_ONEDNN_PRIV_H

#include <oneapi/dnnl/dnnl.h>

#include "base/vec.h"
#include "engine/heap.h"
#include "engine/prim_int8.h"

struct as_layout {
    dnnl_memory_desc_t md;
    as_shape           shape;
    bool               plain;
};

typedef struct as_arg_slot {
    as_arg           arg;
    int              id; /* oneDNN's */
    const as_layout *layout;
    dnnl_memory_t    memory;
} as_arg_slot;

struct as_prim {
    as_onednn            *dnn;
    dnnl_primitive_desc_t pd;
    dnnl_primitive_t      prim;
    size_t                n, n_bound;
    bool                  has_run;
    as_arg_slot          *slots;
    dnnl_exec_arg_t      *args; /* of those that are bound */
};

struct as_onednn {
    dnnl_engine_t engine;
    dnnl_stream_t stream;
    int           threads;
    AS_VEC(as_layout *) layouts;
    AS_VEC(as_prim *) prims;
};

/* A window in arrays as long as oneDNN's. */
typedef struct as_window_dims {
    dnnl_dims_t kernel, stride, dense, begin, end;
} as_window_dims;

/* What a status of oneDNN means for a `what`; false. */
bool             as_onednn_fail(dnnl_status_t status, const char *what, as_err *err);
const as_layout *as_layout_of_md(as_onednn *dnn, const dnnl_memory_desc_t *md, as_err *err);

/* Takes over pd. n_multi: sources of a concatenation. */
as_prim *as_prim_of_pd(as_onednn *dnn, dnnl_primitive_desc_t pd, size_t n_multi, const char *what, as_err *err);
as_prim *as_prim_free(as_prim *prim);

/* Attributes whose scratch memory is ours, and an empty chain of what is done to each result. */
dnnl_status_t as_attr_new(dnnl_primitive_attr_t *ret, dnnl_post_ops_t *ret_chain);
/* Gives the chain to the attributes, and drops it. */
dnnl_status_t as_attr_finish(dnnl_status_t status, dnnl_primitive_attr_t attr, dnnl_post_ops_t chain);
dnnl_status_t as_attr_make(const as_posts *posts, float factor, dnnl_primitive_attr_t *ret);

/* Takes over attr, of which `status` says whether it could be made. name: of the implementation, NULL: any. */
as_prim *as_prim_make_attr(as_onednn *dnn, const_dnnl_op_desc_t desc, dnnl_status_t status, dnnl_primitive_attr_t attr,
                           const as_prim *forward, const char *name, const char *what, as_err *err);
as_prim *as_prim_make_named(as_onednn *dnn, const_dnnl_op_desc_t desc, const as_posts *posts, float factor,
                            const as_prim *forward, const char *name, const char *what, as_err *err);
/* Of a description that may have failed. */
as_prim *as_prim_try(as_onednn *dnn, dnnl_status_t status, const_dnnl_op_desc_t desc, const as_posts *posts,
                     float factor, const as_prim *forward, const char *what, as_err *err);

dnnl_alg_kind_t  as_prim_alg(as_fn fn, bool train);
dnnl_prop_kind_t as_pass_forward(as_pass pass);
as_window_dims   as_window_dims_of(const as_window *window);

#endif
