/* SPDX-License-Identifier: Apache-2.0 */
/* The kinds of primitives that are no convolution. */
#include <stdlib.h>

#include "engine/onednn_priv.h"

dnnl_prop_kind_t as_pass_forward(as_pass pass)
{
    return pass == AS_PASS_TRAIN ? dnnl_forward_training : dnnl_forward_inference;
}

as_window_dims as_window_dims_of(const as_window *window)
{
    as_window_dims w = {0};
    for (int i = 0; i < window->n; i++) {
        w.kernel[i] = window->kernel[i];
        w.stride[i] = window->stride[i];
        w.dense[i] = window->dilation[i] - 1;
        w.begin[i] = window->pad_begin[i];
        w.end[i] = window->pad_end[i];
    }
    return w;
}

as_prim *as_prim_pool(as_onednn *dnn, as_pass pass, as_pool_kind kind, const as_window *window, const as_layout *src,
                      const as_layout *dst, const as_prim *forward, as_err *err)
{
    dnnl_pooling_v2_desc_t desc;
    const as_window_dims   w = as_window_dims_of(window);
    dnnl_status_t          status;
    dnnl_alg_kind_t        alg = kind == AS_POOL_MAX    ? dnnl_pooling_max
                                 : kind == AS_POOL_MEAN ? dnnl_pooling_avg_exclude_padding
                                                        : dnnl_pooling_avg_include_padding;
    if (pass == AS_PASS_BACK_DATA)
        status = dnnl_pooling_v2_backward_desc_init(&desc, alg, &src->md, &dst->md, w.stride, w.kernel, w.dense,
                                                    w.begin, w.end);
    else
        status = dnnl_pooling_v2_forward_desc_init(&desc, as_pass_forward(pass), alg, &src->md, &dst->md, w.stride,
                                                   w.kernel, w.dense, w.begin, w.end);
    return as_prim_try(dnn, status, &desc, NULL, 1.0f, forward, "pooling", err);
}

as_prim *as_prim_matmul(as_onednn *dnn, const as_layout *src, const as_layout *weights, const as_layout *bias,
                        const as_layout *dst, float factor, const as_posts *posts, as_err *err)
{
    dnnl_matmul_desc_t desc;
    dnnl_status_t      status = dnnl_matmul_desc_init(&desc, &src->md, &weights->md, bias ? &bias->md : NULL, &dst->md);
    return as_prim_try(dnn, status, &desc, posts, factor, NULL, "matrix product", err);
}

as_prim *as_prim_norm(as_onednn *dnn, as_pass pass, const as_layout *src, float epsilon, bool relu,
                      const as_prim *forward, as_err *err)
{
    dnnl_batch_normalization_desc_t desc;
    dnnl_status_t                   status;
    unsigned                        flags = dnnl_use_scale | dnnl_use_shift | (relu ? dnnl_fuse_norm_relu : 0u);
    if (pass == AS_PASS_BACK_WEIGHTS)
        status = dnnl_batch_normalization_backward_desc_init(&desc, dnnl_backward, &src->md, &src->md, epsilon, flags);
    else
        status =
            dnnl_batch_normalization_forward_desc_init(&desc, as_pass_forward(pass), &src->md, epsilon,
                                                       pass == AS_PASS_TRAIN ? flags : flags | dnnl_use_global_stats);
    return as_prim_try(dnn, status, &desc, NULL, 1.0f, forward, "batch norm", err);
}

as_prim *as_prim_eltwise(as_onednn *dnn, as_pass pass, const as_post *fn, const as_layout *src, const as_posts *posts,
                         const as_prim *forward, as_err *err)
{
    dnnl_eltwise_desc_t desc;
    dnnl_status_t       status;
    dnnl_alg_kind_t     alg = as_prim_alg(fn->fn, pass != AS_PASS_INFER);
    if (pass == AS_PASS_BACK_DATA)
        status = dnnl_eltwise_backward_desc_init(&desc, alg, &src->md, &src->md, fn->a, fn->b);
    else
        status = dnnl_eltwise_forward_desc_init(&desc, as_pass_forward(pass), alg, &src->md, fn->a, fn->b);
    return as_prim_try(dnn, status, &desc, posts, 1.0f, forward, "function", err);
}

as_prim *as_prim_softmax(as_onednn *dnn, const as_layout *src, int axis, as_err *err)
{
    dnnl_softmax_desc_t desc;
    dnnl_status_t       status = dnnl_softmax_forward_desc_init(&desc, dnnl_forward_inference, &src->md, axis);
    return as_prim_try(dnn, status, &desc, NULL, 1.0f, NULL, "softmax", err);
}

as_prim *as_prim_binary(as_onednn *dnn, as_binary kind, const as_layout *a, const as_layout *b, const as_layout *dst,
                        const as_posts *posts, as_err *err)
{
    static const dnnl_alg_kind_t algs[] = {
        [AS_BINARY_ADD] = dnnl_binary_add, [AS_BINARY_SUB] = dnnl_binary_sub, [AS_BINARY_MUL] = dnnl_binary_mul,
        [AS_BINARY_DIV] = dnnl_binary_div, [AS_BINARY_MIN] = dnnl_binary_min, [AS_BINARY_MAX] = dnnl_binary_max,
    };
    dnnl_binary_desc_t desc;
    dnnl_status_t      status = dnnl_binary_desc_init(&desc, algs[kind], &a->md, &b->md, &dst->md);
    return as_prim_try(dnn, status, &desc, posts, 1.0f, NULL, "binary function", err);
}

static as_prim *prim_finish(as_onednn *dnn, dnnl_primitive_attr_t attr, dnnl_status_t status, dnnl_primitive_desc_t pd,
                            size_t n_multi, const char *what, as_err *err)
{
    if (attr)
        dnnl_primitive_attr_destroy(attr);
    if (status == dnnl_success)
        return as_prim_of_pd(dnn, pd, n_multi, what, err);
    as_onednn_fail(status, what, err);
    return NULL;
}

as_prim *as_prim_concat(as_onednn *dnn, int axis, const as_layout *const *srcs, size_t n, const as_layout *dst,
                        as_err *err)
{
    dnnl_primitive_attr_t attr = NULL;
    dnnl_primitive_desc_t pd = NULL;
    dnnl_memory_desc_t   *mds = calloc(AS_MAX(n, 1u), sizeof *mds);
    dnnl_status_t         status = mds ? dnnl_success : dnnl_out_of_memory;
    as_onednn_enter(dnn);
    for (size_t i = 0; mds && i < n; i++)
        mds[i] = srcs[i]->md;
    if (status == dnnl_success)
        status = as_attr_make(NULL, 1.0f, &attr);
    if (status == dnnl_success)
        status = dnnl_concat_primitive_desc_create(&pd, &dst->md, (int)n, axis, mds, attr, dnn->engine);
    free(mds);
    return prim_finish(dnn, attr, status, pd, n, "concatenation", err);
}

as_prim *as_prim_reorder(as_onednn *dnn, const as_layout *from, const as_layout *to, as_err *err)
{
    dnnl_primitive_attr_t attr = NULL;
    dnnl_primitive_desc_t pd = NULL;
    as_onednn_enter(dnn);
    dnnl_status_t status = as_attr_make(NULL, 1.0f, &attr);
    if (status == dnnl_success)
        status = dnnl_reorder_primitive_desc_create(&pd, &from->md, dnn->engine, &to->md, dnn->engine, attr);
    return prim_finish(dnn, attr, status, pd, 0, "reorder", err);
}
