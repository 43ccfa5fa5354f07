/* SPDX-License-Identifier: Apache-2.0 */
/* Convolutions: which algorithm, of floats and of whole numbers. */
#include "engine/onednn_priv.h"

/* Transformed weights, `points` for each of the pairs of channels, are 2 to 4 times as large. Where they leave the second
 * cache each is read once a call from further away, and pays for that by many results alone: with 512 by 512 channels 7x7
 * results took 3.6 ms so and 2.2 ms by the definition, with 256 by 256 14x14 results the same time both ways. */
static bool conv_winograd_pays(int64_t points, int64_t pairs, int64_t results)
{
    enum { NEAR_BYTES = 4 << 20, MANY = 256 };
    return points * pairs * (int64_t)sizeof(float) <= NEAR_BYTES || results >= MANY;
}

/* Winograd's minimal filtering F(4x4, 3x3) (Lavin and Gray 2016) takes a quarter of the products: worth it from 6x6
 * results on, in training from a few hundred (there the weights are transformed each time). NULL: not worth it. */
static const char *conv_winograd(as_pass pass, const as_window *w, const as_layout *src, const as_layout *weights,
                                 const as_layout *dst)
{
    const int64_t *d = dst->shape.dims;
    if (as_layout_is_narrow(src) || w->n != 2 || weights->shape.rank != 4 || src->shape.dims[1] % 16 != 0 ||
        d[1] % 16 != 0)
        return NULL;
    for (int i = 0; i < 2; i++)
        if (w->kernel[i] != 3 || w->stride[i] != 1 || w->dilation[i] != 1 || w->pad_begin[i] > 1 || w->pad_end[i] > 1)
            return NULL;
    if (pass != AS_PASS_INFER)
        return d[0] * d[2] * d[3] >= 512 ? "wino_4x3" : NULL;
    const int64_t pairs = src->shape.dims[1] * d[1];
    if (d[2] * d[3] >= 36)
        return conv_winograd_pays(36, pairs, d[0] * d[2] * d[3]) ? "wino_4x3" : NULL;
    return d[2] * d[3] >= 12 && conv_winograd_pays(16, pairs, d[0] * d[2] * d[3]) ? "wino_2x3" : NULL;
}

static dnnl_status_t conv_desc(dnnl_convolution_desc_t *ret, as_pass pass, dnnl_alg_kind_t alg, const as_window *window,
                               const as_layout *src, const as_layout *weights, const as_layout *bias,
                               const as_layout *dst)
{
    const as_window_dims      w = as_window_dims_of(window);
    const dnnl_memory_desc_t *b = bias ? &bias->md : NULL;
    if (pass == AS_PASS_BACK_DATA)
        return dnnl_dilated_convolution_backward_data_desc_init(ret, alg, &src->md, &weights->md, &dst->md, w.stride,
                                                                w.dense, w.begin, w.end);
    if (pass == AS_PASS_BACK_WEIGHTS)
        return dnnl_dilated_convolution_backward_weights_desc_init(ret, alg, &src->md, &weights->md, b, &dst->md,
                                                                   w.stride, w.dense, w.begin, w.end);
    return dnnl_dilated_convolution_forward_desc_init(ret, as_pass_forward(pass), alg, &src->md, &weights->md, b,
                                                      &dst->md, w.stride, w.dense, w.begin, w.end);
}

as_prim *as_prim_conv(as_onednn *dnn, as_pass pass, const as_window *window, const as_layout *src,
                      const as_layout *weights, const as_layout *bias, const as_layout *dst, const as_posts *posts,
                      const as_prim *forward, as_err *err)
{
    dnnl_convolution_desc_t desc;
    const char             *name = conv_winograd(pass, window, src, weights, dst);
    if (name && conv_desc(&desc, pass, dnnl_convolution_winograd, window, src, weights, bias, dst) == dnnl_success) {
        as_prim *prim = as_prim_make_named(dnn, &desc, posts, 1.0f, forward, name, "convolution", NULL);
        if (prim)
            return prim;
    }
    dnnl_status_t status = conv_desc(&desc, pass, dnnl_convolution_direct, window, src, weights, bias, dst);
    if (as_layout_is_narrow(src)) /* whatever order it likes best: all around it follow */
        return as_prim_try(dnn, status, &desc, posts, 1.0f, forward, "convolution of bfloat16", err);
    /* Its "brg" kind wants channels last, which nothing around it does, and is no faster. */
    as_prim *prim = status == dnnl_success
                        ? as_prim_make_named(dnn, &desc, posts, 1.0f, forward, "jit", "convolution", NULL)
                        : NULL;
    return prim ? prim : as_prim_try(dnn, status, &desc, posts, 1.0f, forward, "convolution", err);
}

as_prim *as_prim_deconv(as_onednn *dnn, const as_window *window, const as_layout *src, const as_layout *weights,
                        const as_layout *bias, const as_layout *dst, as_err *err)
{
    dnnl_deconvolution_desc_t desc;
    const as_window_dims      w = as_window_dims_of(window);
    dnnl_status_t             status = dnnl_dilated_deconvolution_forward_desc_init(
                    &desc, dnnl_forward_inference, dnnl_deconvolution_direct, &src->md, &weights->md, bias ? &bias->md : NULL,
                    &dst->md, w.stride, w.dense, w.begin, w.end);
    return as_prim_try(dnn, status, &desc, NULL, 1.0f, NULL, "transposed convolution", err);
}

/* acc -> factor of its channel * acc (+ sum) (clipped) */
static dnnl_status_t attr_make_int8(const as_int8 *q, dnnl_primitive_attr_t *ret)
{
    dnnl_post_ops_t chain = NULL;
    dnnl_status_t   status = as_attr_new(ret, &chain);
    if (status == dnnl_success)
        status = dnnl_primitive_attr_set_output_scales(*ret, q->n_factors, q->n_factors > 1 ? 1 << 1 : 0, q->factors);
    if (status == dnnl_success && q->src_zero != 0)
        status = dnnl_primitive_attr_set_zero_points(*ret, DNNL_ARG_SRC, 1, 0, &q->src_zero);
    if (status == dnnl_success && q->sum)
        status = dnnl_post_ops_append_sum(chain, q->sum_factor);
    if (status == dnnl_success && q->limits.on)
        status = dnnl_post_ops_append_eltwise(chain, 1.0f, dnnl_eltwise_clip, q->limits.low, q->limits.high);
    return as_attr_finish(status, *ret, chain);
}

as_prim *as_prim_conv_int8(as_onednn *dnn, const as_window *window, const as_layout *src, const as_layout *weights,
                           const as_layout *bias, const as_layout *dst, const as_int8 *q, as_err *err)
{
    dnnl_convolution_desc_t desc;
    dnnl_primitive_attr_t   attr = NULL;
    dnnl_status_t status = conv_desc(&desc, AS_PASS_INFER, dnnl_convolution_direct, window, src, weights, bias, dst);
    if (status == dnnl_success)
        status = attr_make_int8(q, &attr);
    return as_prim_make_attr(dnn, &desc, status, attr, NULL, NULL, "convolution of integers", err);
}
