/* SPDX-License-Identifier: Apache-2.0 */
#include "engine/prim_int8.h"

#include <float.h>
#include <oneapi/dnnl/dnnl.h>
#include <stdlib.h>
#include <string.h>

#include "base/vec.h"
#include "engine/heap.h"

/* libgomp's, which Debian's oneDNN runs on; <omp.h> is not on every compiler's path. */
void omp_set_num_threads(int n);
int  omp_get_max_threads(void);

struct as_layout {
    dnnl_memory_desc_t md;
    as_shape           shape;
    bool               plain;
};

typedef struct arg_slot {
    as_arg           arg;
    int              id; /* oneDNN's */
    const as_layout *layout;
    dnnl_memory_t    memory;
} arg_slot;

struct as_prim {
    as_onednn            *dnn;
    dnnl_primitive_desc_t pd;
    dnnl_primitive_t      prim;
    size_t                n, n_bound;
    arg_slot             *slots;
    dnnl_exec_arg_t      *args; /* of those that are bound */
};

struct as_onednn {
    dnnl_engine_t engine;
    dnnl_stream_t stream;
    int           threads;
    as_heap      *heap;
    AS_VEC(as_layout *) layouts;
    AS_VEC(as_prim *) prims;
};

static const struct {
    as_arg arg;
    int    id;
} arg_ids[] = {
    {AS_ARG_SRC, DNNL_ARG_SRC},
    {AS_ARG_SRC1, DNNL_ARG_SRC_1},
    {AS_ARG_WEIGHTS, DNNL_ARG_WEIGHTS},
    {AS_ARG_BIAS, DNNL_ARG_BIAS},
    {AS_ARG_DST, DNNL_ARG_DST},
    {AS_ARG_MEAN, DNNL_ARG_MEAN},
    {AS_ARG_VARIANCE, DNNL_ARG_VARIANCE},
    {AS_ARG_SCALE, DNNL_ARG_SCALE},
    {AS_ARG_SHIFT, DNNL_ARG_SHIFT},
    {AS_ARG_WORKSPACE, DNNL_ARG_WORKSPACE},
    {AS_ARG_SCRATCH, DNNL_ARG_SCRATCHPAD},
    {AS_ARG_DIFF_SRC, DNNL_ARG_DIFF_SRC},
    {AS_ARG_DIFF_WEIGHTS, DNNL_ARG_DIFF_WEIGHTS},
    {AS_ARG_DIFF_BIAS, DNNL_ARG_DIFF_BIAS},
    {AS_ARG_DIFF_DST, DNNL_ARG_DIFF_DST},
    {AS_ARG_DIFF_SCALE, DNNL_ARG_DIFF_SCALE},
    {AS_ARG_DIFF_SHIFT, DNNL_ARG_DIFF_SHIFT},
};

static bool onednn_fail(dnnl_status_t status, const char *what, as_err *err)
{
    switch (status) {
    case dnnl_out_of_memory: return AS_FAIL(err, AS_ENOMEM, "out of memory for a %s", what);
    case dnnl_unimplemented: return AS_FAIL(err, AS_EUNSUPPORTED, "oneDNN has no %s of this kind", what);
    case dnnl_invalid_arguments: return AS_FAIL(err, AS_EUNSUPPORTED, "oneDNN refuses the shape of a %s", what);
    default: return AS_FAIL(err, AS_EINTERNAL, "oneDNN failed with status %d in a %s", (int)status, what);
    }
}

static as_prim *prim_free(as_prim *prim)
{
    if (!prim)
        return NULL;
    for (size_t i = 0; i < prim->n; i++)
        if (prim->slots[i].memory)
            dnnl_memory_destroy(prim->slots[i].memory);
    if (prim->prim)
        dnnl_primitive_destroy(prim->prim);
    if (prim->pd)
        dnnl_primitive_desc_destroy(prim->pd);
    free(prim->slots);
    free(prim->args);
    free(prim);
    return NULL;
}

as_onednn *as_onednn_new(uint32_t threads, as_err *err)
{
    as_onednn *dnn = calloc(1, sizeof *dnn);
    if (!dnn) {
        AS_FAIL(err, AS_ENOMEM, "out of memory for oneDNN");
        return NULL;
    }
    dnn->heap = as_heap_take();
    dnn->threads = threads > 0 && threads < 1024 ? (int)threads : 1;
    dnnl_status_t status = dnnl_engine_create(&dnn->engine, dnnl_cpu, 0);
    if (status == dnnl_success)
        status = dnnl_stream_create(&dnn->stream, dnn->engine, dnnl_stream_default_flags);
    if (status != dnnl_success) {
        onednn_fail(status, "processor stream", err);
        return as_onednn_free(dnn);
    }
    return dnn;
}

as_onednn *as_onednn_free(as_onednn *dnn)
{
    if (!dnn)
        return NULL;
    for (size_t i = 0; i < dnn->prims.n; i++)
        prim_free(dnn->prims.at[i]);
    for (size_t i = 0; i < dnn->layouts.n; i++)
        free(dnn->layouts.at[i]);
    as_vec_done(&dnn->prims);
    as_vec_done(&dnn->layouts);
    if (dnn->stream)
        dnnl_stream_destroy(dnn->stream);
    if (dnn->engine)
        dnnl_engine_destroy(dnn->engine);
    as_heap_give(dnn->heap);
    free(dnn);
    return NULL;
}

void as_onednn_enter(const as_onednn *dnn)
{
    if (omp_get_max_threads() != dnn->threads)
        omp_set_num_threads(dnn->threads);
}

const char *as_onednn_version(void)
{
    static char           text[32];
    const dnnl_version_t *v = dnnl_version();
    snprintf(text, sizeof text, "%d.%d.%d", v->major, v->minor, v->patch);
    return text;
}

/* --- layouts ------------------------------------------------------------------------------------------------------ */

static bool md_is_plain(const dnnl_memory_desc_t *md)
{
    if (md->format_kind != dnnl_blocked || md->format_desc.blocking.inner_nblks != 0 || md->offset0 != 0)
        return false;
    dnnl_dim_t want = 1;
    for (int i = md->ndims - 1; i >= 0; i--) {
        if (md->dims[i] != 1 && md->format_desc.blocking.strides[i] != want)
            return false;
        if (md->padded_dims[i] != md->dims[i])
            return false;
        want *= md->dims[i];
    }
    return true;
}

/* Strides of dimensions of size 1 do not matter, yet oneDNN keeps and compares them. Those of integers stay: it takes no
 * picture of one pixel for one with its channels last without them. */
static void md_tidy(dnnl_memory_desc_t *md)
{
    if (md->data_type == dnnl_f32 && md_is_plain(md)) {
        dnnl_dims_t dims;
        memcpy(dims, md->dims, sizeof dims);
        dnnl_memory_desc_init_by_strides(md, md->ndims, dims, md->data_type, NULL);
    }
}

static const as_layout *layout_of_md(as_onednn *dnn, const dnnl_memory_desc_t *md, as_err *err)
{
    dnnl_memory_desc_t tidy = *md;
    md_tidy(&tidy);
    for (size_t i = 0; i < dnn->layouts.n; i++)
        if (dnnl_memory_desc_equal(&dnn->layouts.at[i]->md, &tidy))
            return dnn->layouts.at[i];
    as_layout *layout = calloc(1, sizeof *layout);
    if (!layout || !as_vec_push(&dnn->layouts, layout)) {
        free(layout);
        AS_FAIL(err, AS_ENOMEM, "out of memory for a layout");
        return NULL;
    }
    layout->md = tidy;
    layout->plain = md_is_plain(&tidy);
    layout->shape.rank = tidy.ndims;
    for (int i = 0; i < AS_MIN(tidy.ndims, AS_TENSOR_MAX_RANK); i++)
        layout->shape.dims[i] = tidy.dims[i];
    return layout;
}

static dnnl_data_type_t layout_type(as_dtype dtype)
{
    return dtype == AS_DTYPE_F32   ? dnnl_f32
           : dtype == AS_DTYPE_U8  ? dnnl_u8
           : dtype == AS_DTYPE_I8  ? dnnl_s8
           : dtype == AS_DTYPE_I32 ? dnnl_s32
                                   : dnnl_data_type_undef;
}

static const as_layout *layout_make(as_onednn *dnn, as_dtype dtype, const as_shape *shape, const int64_t *strides,
                                    bool any, as_err *err)
{
    dnnl_memory_desc_t md;
    dnnl_dims_t        dims = {0}, steps = {0};
    for (int i = 0; i < shape->rank; i++) {
        dims[i] = shape->dims[i];
        if (strides)
            steps[i] = strides[i];
        if (dims[i] <= 0) {
            AS_FAIL(err, AS_EUNSUPPORTED, "dimension %d is %lld", i, (long long)dims[i]);
            return NULL;
        }
    }
    dnnl_status_t status;
    if (any)
        status = dnnl_memory_desc_init_by_tag(&md, shape->rank, dims, layout_type(dtype), dnnl_format_tag_any);
    else
        status = dnnl_memory_desc_init_by_strides(&md, shape->rank, dims, layout_type(dtype), strides ? steps : NULL);
    if (status != dnnl_success) {
        onednn_fail(status, "layout", err);
        return NULL;
    }
    return layout_of_md(dnn, &md, err);
}

const as_layout *as_layout_of(as_onednn *dnn, as_dtype dtype, as_order order, const as_shape *shape, as_err *err)
{
    int64_t steps[AS_TENSOR_MAX_RANK], step = shape->rank > 1 ? shape->dims[1] : 1;
    if (order != AS_ORDER_CHANNELS_LAST || shape->rank < 3)
        return layout_make(dnn, dtype, shape, NULL, order == AS_ORDER_ANY, err);
    for (int i = shape->rank - 1; i >= 2; i--) {
        steps[i] = step;
        step *= shape->dims[i];
    }
    steps[0] = step;
    steps[1] = 1;
    return layout_make(dnn, dtype, shape, steps, false, err);
}

const as_layout *as_layout_plain(as_onednn *dnn, const as_shape *shape, as_err *err)
{
    return layout_make(dnn, AS_DTYPE_F32, shape, NULL, false, err);
}

const as_layout *as_layout_any(as_onednn *dnn, const as_shape *shape, as_err *err)
{
    return layout_make(dnn, AS_DTYPE_F32, shape, NULL, true, err);
}

const as_layout *as_layout_strided(as_onednn *dnn, const as_shape *shape, const int64_t *strides, as_err *err)
{
    return layout_make(dnn, AS_DTYPE_F32, shape, strides, false, err);
}

/* Row major, or row major with inner blocks: fills the strides and padded sizes of such an order. False where a block does
 * not divide and may not be padded. */
static bool md_dense(dnnl_memory_desc_t *md, bool pad, dnnl_dims_t strides)
{
    const dnnl_blocking_desc_t *b = &md->format_desc.blocking;
    dnnl_dims_t                 blocks;
    dnnl_dim_t                  step = 1;
    for (int i = 0; i < md->ndims; i++)
        blocks[i] = 1;
    for (int i = 0; i < b->inner_nblks; i++) {
        blocks[b->inner_idxs[i]] *= b->inner_blks[i];
        step *= b->inner_blks[i];
    }
    for (int i = md->ndims - 1; i >= 0; i--) {
        if (md->dims[i] % blocks[i] != 0 && !pad)
            return false;
        md->padded_dims[i] = (md->dims[i] + blocks[i] - 1) / blocks[i] * blocks[i];
        strides[i] = step;
        step *= md->padded_dims[i] / blocks[i];
    }
    return true;
}

const as_layout *as_layout_like(as_onednn *dnn, const as_layout *layout, const as_shape *shape, bool pad, as_err *err)
{
    dnnl_memory_desc_t md = layout->md;
    dnnl_dims_t        strides;
    bool               ok =
        md.format_kind == dnnl_blocked && md.offset0 == 0 && md.ndims == shape->rank && md_dense(&md, pad, strides);
    for (int i = 0; ok && i < md.ndims; i++)
        ok = md.dims[i] == 1 || md.format_desc.blocking.strides[i] == strides[i];
    for (int i = 0; ok && i < md.ndims; i++)
        md.dims[i] = shape->dims[i];
    if (!ok || !md_dense(&md, pad, md.format_desc.blocking.strides)) {
        AS_FAIL(err, AS_EUNSUPPORTED, "this order of data does not fit another shape");
        return NULL;
    }
    return layout_of_md(dnn, &md, err);
}

const as_shape *as_layout_shape(const as_layout *layout)
{
    return &layout->shape;
}

size_t as_layout_bytes(const as_layout *layout)
{
    return dnnl_memory_desc_get_size(&layout->md);
}

bool as_layout_is_plain(const as_layout *layout)
{
    return layout->plain;
}

int64_t as_layout_lanes(const as_layout *layout)
{
    const dnnl_blocking_desc_t *b = &layout->md.format_desc.blocking;
    dnnl_memory_desc_t          dense = layout->md;
    dnnl_dims_t                 strides;
    bool ok = dense.format_kind == dnnl_blocked && dense.offset0 == 0 && b->inner_nblks == 1 && b->inner_idxs[0] == 1 &&
              md_dense(&dense, true, strides) && dense.padded_dims[1] == layout->md.padded_dims[1];
    for (int i = 0; ok && i < dense.ndims; i++)
        ok = dense.dims[i] == 1 || b->strides[i] == strides[i];
    return layout->plain ? 1 : ok ? b->inner_blks[0] : 0;
}

/* --- primitives --------------------------------------------------------------------------------------------------- */

static bool prim_add_slot(as_prim *prim, as_arg arg, int id, const dnnl_memory_desc_t *md, as_err *err)
{
    if (md->ndims == 0)
        return true;
    const as_layout *layout = layout_of_md(prim->dnn, md, err);
    if (!layout)
        return false;
    prim->slots[prim->n++] = (arg_slot){.arg = arg, .id = id, .layout = layout};
    return true;
}

static bool prim_find_slots(as_prim *prim, size_t n_multi, as_err *err)
{
    prim->slots = calloc(AS_COUNT(arg_ids) + n_multi, sizeof *prim->slots);
    prim->args = calloc(AS_COUNT(arg_ids) + n_multi, sizeof *prim->args);
    if (!prim->slots || !prim->args)
        return AS_FAIL(err, AS_ENOMEM, "out of memory for a primitive");
    for (size_t i = 0; i < AS_COUNT(arg_ids); i++) {
        const dnnl_memory_desc_t *md = dnnl_primitive_desc_query_md(prim->pd, dnnl_query_exec_arg_md, arg_ids[i].id);
        if (md && !prim_add_slot(prim, arg_ids[i].arg, arg_ids[i].id, md, err))
            return false;
    }
    for (size_t i = 0; i < n_multi; i++) {
        const dnnl_memory_desc_t *md = dnnl_primitive_desc_query_md(prim->pd, dnnl_query_src_md, (int)i);
        if (!md || !prim_add_slot(prim, (as_arg)(AS_ARG_MULTI + i), DNNL_ARG_MULTIPLE_SRC + (int)i, md, err))
            return AS_FAIL(err, AS_EINTERNAL, "oneDNN lost source %zu of a concatenation", i);
    }
    return true;
}

/* Takes over pd. */
static as_prim *prim_of_pd(as_onednn *dnn, dnnl_primitive_desc_t pd, size_t n_multi, const char *what, as_err *err)
{
    as_prim *prim = calloc(1, sizeof *prim);
    if (!prim) {
        dnnl_primitive_desc_destroy(pd);
        AS_FAIL(err, AS_ENOMEM, "out of memory for a %s", what);
        return NULL;
    }
    prim->dnn = dnn;
    prim->pd = pd;
    dnnl_status_t status = dnnl_primitive_create(&prim->prim, pd);
    if (status != dnnl_success) {
        onednn_fail(status, what, err);
        return prim_free(prim);
    }
    if (!prim_find_slots(prim, n_multi, err))
        return prim_free(prim);
    if (!as_vec_push(&dnn->prims, prim)) {
        AS_FAIL(err, AS_ENOMEM, "out of memory for a %s", what);
        return prim_free(prim);
    }
    return prim;
}

static dnnl_alg_kind_t fn_alg(as_fn fn, bool train)
{
    static const dnnl_alg_kind_t algs[] = {
        [AS_FN_CLIP] = dnnl_eltwise_clip,        [AS_FN_LINEAR] = dnnl_eltwise_linear,
        [AS_FN_SIGMOID] = dnnl_eltwise_logistic, [AS_FN_TANH] = dnnl_eltwise_tanh,
        [AS_FN_EXP] = dnnl_eltwise_exp,          [AS_FN_HARDSWISH] = dnnl_eltwise_hardswish,
        [AS_FN_LOG] = dnnl_eltwise_log,          [AS_FN_SQRT] = dnnl_eltwise_sqrt,
        [AS_FN_ABS] = dnnl_eltwise_abs,          [AS_FN_POW] = dnnl_eltwise_pow,
        [AS_FN_ELU] = dnnl_eltwise_elu,          [AS_FN_SOFTPLUS] = dnnl_eltwise_soft_relu,
        [AS_FN_GELU] = dnnl_eltwise_gelu_erf,    [AS_FN_GELU_TANH] = dnnl_eltwise_gelu_tanh,
        [AS_FN_MISH] = dnnl_eltwise_mish,        [AS_FN_SWISH] = dnnl_eltwise_swish,
        [AS_FN_SUM] = dnnl_alg_kind_undef,
    };
    if (fn == AS_FN_RELU)
        return train ? dnnl_eltwise_relu_use_dst_for_bwd : dnnl_eltwise_relu;
    return algs[fn];
}

/* Attributes whose scratch memory is ours, and an empty chain of what is done to each result. */
static dnnl_status_t attr_new(dnnl_primitive_attr_t *ret, dnnl_post_ops_t *ret_chain)
{
    dnnl_status_t status = dnnl_primitive_attr_create(ret);
    if (status == dnnl_success)
        status = dnnl_primitive_attr_set_scratchpad_mode(*ret, dnnl_scratchpad_mode_user);
    return status == dnnl_success ? dnnl_post_ops_create(ret_chain) : status;
}

/* Gives the chain to the attributes, and drops it. */
static dnnl_status_t attr_finish(dnnl_status_t status, dnnl_primitive_attr_t attr, dnnl_post_ops_t chain)
{
    if (status == dnnl_success)
        status = dnnl_primitive_attr_set_post_ops(attr, chain);
    if (chain)
        dnnl_post_ops_destroy(chain);
    return status;
}

static dnnl_status_t attr_make(const as_posts *posts, float factor, dnnl_primitive_attr_t *ret)
{
    dnnl_post_ops_t chain = NULL;
    dnnl_status_t   status = attr_new(ret, &chain);
    if (status == dnnl_success && (factor < 1.0f || factor > 1.0f))
        status = dnnl_primitive_attr_set_output_scales(*ret, 1, 0, &factor);
    for (size_t i = 0; status == dnnl_success && posts && i < posts->n; i++) {
        const as_post *p = &posts->at[i];
        if (p->fn == AS_FN_SUM)
            status = dnnl_post_ops_append_sum(chain, 1.0f);
        else
            status = dnnl_post_ops_append_eltwise(chain, 1.0f, fn_alg(p->fn, false), p->a, p->b);
    }
    return attr_finish(status, *ret, chain);
}

/* The first implementation whose name has `name` in it; dnnl_unimplemented where there is none. */
static dnnl_status_t pd_find(const as_onednn *dnn, const_dnnl_op_desc_t desc, const_dnnl_primitive_attr_t attr,
                             const as_prim *forward, const char *name, dnnl_primitive_desc_t *ret)
{
    dnnl_primitive_desc_iterator_t it = NULL;
    dnnl_status_t                  status =
        dnnl_primitive_desc_iterator_create(&it, desc, attr, dnn->engine, forward ? forward->pd : NULL);
    while (status == dnnl_success) {
        dnnl_primitive_desc_t pd = dnnl_primitive_desc_iterator_fetch(it);
        const char           *about = "";
        if (!pd)
            break;
        if (dnnl_primitive_desc_query(pd, dnnl_query_impl_info_str, 0, (void *)&about) == dnnl_success &&
            strstr(about, name)) {
            *ret = pd;
            dnnl_primitive_desc_iterator_destroy(it);
            return dnnl_success;
        }
        dnnl_primitive_desc_destroy(pd);
        status = dnnl_primitive_desc_iterator_next(it);
    }
    if (it)
        dnnl_primitive_desc_iterator_destroy(it);
    return status == dnnl_success || status == dnnl_iterator_ends ? dnnl_unimplemented : status;
}

/* acc -> factor of its channel * acc (+ sum) (clipped) */
static dnnl_status_t attr_make_int8(const as_int8 *q, dnnl_primitive_attr_t *ret)
{
    dnnl_post_ops_t chain = NULL;
    dnnl_status_t   status = attr_new(ret, &chain);
    if (status == dnnl_success)
        status = dnnl_primitive_attr_set_output_scales(*ret, q->n_factors, q->n_factors > 1 ? 1 << 1 : 0, q->factors);
    if (status == dnnl_success && q->src_zero != 0)
        status = dnnl_primitive_attr_set_zero_points(*ret, DNNL_ARG_SRC, 1, 0, &q->src_zero);
    if (status == dnnl_success && q->sum)
        status = dnnl_post_ops_append_sum(chain, q->sum_factor);
    if (status == dnnl_success && q->limits.on)
        status = dnnl_post_ops_append_eltwise(chain, 1.0f, dnnl_eltwise_clip, q->limits.low, q->limits.high);
    return attr_finish(status, *ret, chain);
}

/* Takes over attr, of which `status` says whether it could be made. */
static as_prim *prim_make_attr(as_onednn *dnn, const_dnnl_op_desc_t desc, dnnl_status_t status,
                               dnnl_primitive_attr_t attr, const as_prim *forward, const char *name, const char *what,
                               as_err *err)
{
    dnnl_primitive_desc_t pd = NULL;
    as_onednn_enter(dnn);
    if (status == dnnl_success && name)
        status = pd_find(dnn, desc, attr, forward, name, &pd);
    else if (status == dnnl_success)
        status = dnnl_primitive_desc_create(&pd, desc, attr, dnn->engine, forward ? forward->pd : NULL);
    if (attr)
        dnnl_primitive_attr_destroy(attr);
    if (status != dnnl_success) {
        onednn_fail(status, what, err);
        return NULL;
    }
    return prim_of_pd(dnn, pd, 0, what, err);
}

static as_prim *prim_make_named(as_onednn *dnn, const_dnnl_op_desc_t desc, const as_posts *posts, float factor,
                                const as_prim *forward, const char *name, const char *what, as_err *err)
{
    dnnl_primitive_attr_t attr = NULL;
    dnnl_status_t         status = attr_make(posts, factor, &attr);
    return prim_make_attr(dnn, desc, status, attr, forward, name, what, err);
}

/* Of a description that may have failed. */
static as_prim *prim_try(as_onednn *dnn, dnnl_status_t status, const_dnnl_op_desc_t desc, const as_posts *posts,
                         float factor, const as_prim *forward, const char *what, as_err *err)
{
    if (status == dnnl_success)
        return prim_make_named(dnn, desc, posts, factor, forward, NULL, what, err);
    onednn_fail(status, what, err);
    return NULL;
}

static dnnl_prop_kind_t pass_forward(as_pass pass)
{
    return pass == AS_PASS_TRAIN ? dnnl_forward_training : dnnl_forward_inference;
}

/* A window in arrays as long as oneDNN's. */
typedef struct window_dims {
    dnnl_dims_t kernel, stride, dense, begin, end;
} window_dims;

static window_dims window_of(const as_window *window)
{
    window_dims w = {0};
    for (int i = 0; i < window->n; i++) {
        w.kernel[i] = window->kernel[i];
        w.stride[i] = window->stride[i];
        w.dense[i] = window->dilation[i] - 1;
        w.begin[i] = window->pad_begin[i];
        w.end[i] = window->pad_end[i];
    }
    return w;
}

/* Winograd's minimal filtering F(4x4, 3x3) (Lavin and Gray 2016) takes a quarter of the products: worth it from 6x6
 * results on, in training from a few hundred (there the weights are transformed each time). NULL: not worth it. */
static const char *conv_winograd(as_pass pass, const as_window *w, const as_layout *src, const as_layout *weights,
                                 const as_layout *dst)
{
    const int64_t *d = dst->shape.dims;
    if (w->n != 2 || weights->shape.rank != 4 || src->shape.dims[1] % 16 != 0 || d[1] % 16 != 0)
        return NULL;
    for (int i = 0; i < 2; i++)
        if (w->kernel[i] != 3 || w->stride[i] != 1 || w->dilation[i] != 1 || w->pad_begin[i] > 1 || w->pad_end[i] > 1)
            return NULL;
    if (pass != AS_PASS_INFER)
        return d[0] * d[2] * d[3] >= 512 ? "wino_4x3" : NULL;
    if (d[2] * d[3] >= 36)
        return "wino_4x3";
    return d[2] * d[3] >= 12 ? "wino_2x3" : NULL;
}

static dnnl_status_t conv_desc(dnnl_convolution_desc_t *ret, as_pass pass, dnnl_alg_kind_t alg, const as_window *window,
                               const as_layout *src, const as_layout *weights, const as_layout *bias,
                               const as_layout *dst)
{
    const window_dims         w = window_of(window);
    const dnnl_memory_desc_t *b = bias ? &bias->md : NULL;
    if (pass == AS_PASS_BACK_DATA)
        return dnnl_dilated_convolution_backward_data_desc_init(ret, alg, &src->md, &weights->md, &dst->md, w.stride,
                                                                w.dense, w.begin, w.end);
    if (pass == AS_PASS_BACK_WEIGHTS)
        return dnnl_dilated_convolution_backward_weights_desc_init(ret, alg, &src->md, &weights->md, b, &dst->md,
                                                                   w.stride, w.dense, w.begin, w.end);
    return dnnl_dilated_convolution_forward_desc_init(ret, pass_forward(pass), alg, &src->md, &weights->md, b, &dst->md,
                                                      w.stride, w.dense, w.begin, w.end);
}

as_prim *as_prim_conv(as_onednn *dnn, as_pass pass, const as_window *window, const as_layout *src,
                      const as_layout *weights, const as_layout *bias, const as_layout *dst, const as_posts *posts,
                      const as_prim *forward, as_err *err)
{
    dnnl_convolution_desc_t desc;
    const char             *name = conv_winograd(pass, window, src, weights, dst);
    if (name && conv_desc(&desc, pass, dnnl_convolution_winograd, window, src, weights, bias, dst) == dnnl_success) {
        as_prim *prim = prim_make_named(dnn, &desc, posts, 1.0f, forward, name, "convolution", NULL);
        if (prim)
            return prim;
    }
    dnnl_status_t status = conv_desc(&desc, pass, dnnl_convolution_direct, window, src, weights, bias, dst);
    /* Its "brg" kind wants channels last, which nothing around it does, and is no faster. */
    as_prim *prim =
        status == dnnl_success ? prim_make_named(dnn, &desc, posts, 1.0f, forward, "jit", "convolution", NULL) : NULL;
    return prim ? prim : prim_try(dnn, status, &desc, posts, 1.0f, forward, "convolution", err);
}

as_prim *as_prim_deconv(as_onednn *dnn, const as_window *window, const as_layout *src, const as_layout *weights,
                        const as_layout *bias, const as_layout *dst, as_err *err)
{
    dnnl_deconvolution_desc_t desc;
    const window_dims         w = window_of(window);
    dnnl_status_t             status = dnnl_dilated_deconvolution_forward_desc_init(
                    &desc, dnnl_forward_inference, dnnl_deconvolution_direct, &src->md, &weights->md, bias ? &bias->md : NULL,
                    &dst->md, w.stride, w.dense, w.begin, w.end);
    return prim_try(dnn, status, &desc, NULL, 1.0f, NULL, "transposed convolution", err);
}

as_prim *as_prim_conv_int8(as_onednn *dnn, const as_window *window, const as_layout *src, const as_layout *weights,
                           const as_layout *bias, const as_layout *dst, const as_int8 *q, as_err *err)
{
    dnnl_convolution_desc_t desc;
    dnnl_primitive_attr_t   attr = NULL;
    dnnl_status_t status = conv_desc(&desc, AS_PASS_INFER, dnnl_convolution_direct, window, src, weights, bias, dst);
    if (status == dnnl_success)
        status = attr_make_int8(q, &attr);
    return prim_make_attr(dnn, &desc, status, attr, NULL, NULL, "convolution of integers", err);
}

as_prim *as_prim_pool(as_onednn *dnn, as_pass pass, as_pool_kind kind, const as_window *window, const as_layout *src,
                      const as_layout *dst, const as_prim *forward, as_err *err)
{
    dnnl_pooling_v2_desc_t desc;
    const window_dims      w = window_of(window);
    dnnl_status_t          status;
    dnnl_alg_kind_t        alg = kind == AS_POOL_MAX    ? dnnl_pooling_max
                                 : kind == AS_POOL_MEAN ? dnnl_pooling_avg_exclude_padding
                                                        : dnnl_pooling_avg_include_padding;
    if (pass == AS_PASS_BACK_DATA)
        status = dnnl_pooling_v2_backward_desc_init(&desc, alg, &src->md, &dst->md, w.stride, w.kernel, w.dense,
                                                    w.begin, w.end);
    else
        status = dnnl_pooling_v2_forward_desc_init(&desc, pass_forward(pass), alg, &src->md, &dst->md, w.stride,
                                                   w.kernel, w.dense, w.begin, w.end);
    return prim_try(dnn, status, &desc, NULL, 1.0f, forward, "pooling", err);
}

as_prim *as_prim_matmul(as_onednn *dnn, const as_layout *src, const as_layout *weights, const as_layout *bias,
                        const as_layout *dst, float factor, const as_posts *posts, as_err *err)
{
    dnnl_matmul_desc_t desc;
    dnnl_status_t      status = dnnl_matmul_desc_init(&desc, &src->md, &weights->md, bias ? &bias->md : NULL, &dst->md);
    return prim_try(dnn, status, &desc, posts, factor, NULL, "matrix product", err);
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
            dnnl_batch_normalization_forward_desc_init(&desc, pass_forward(pass), &src->md, epsilon,
                                                       pass == AS_PASS_TRAIN ? flags : flags | dnnl_use_global_stats);
    return prim_try(dnn, status, &desc, NULL, 1.0f, forward, "batch norm", err);
}

as_prim *as_prim_eltwise(as_onednn *dnn, as_pass pass, const as_post *fn, const as_layout *src, const as_posts *posts,
                         const as_prim *forward, as_err *err)
{
    dnnl_eltwise_desc_t desc;
    dnnl_status_t       status;
    dnnl_alg_kind_t     alg = fn_alg(fn->fn, pass != AS_PASS_INFER);
    if (pass == AS_PASS_BACK_DATA)
        status = dnnl_eltwise_backward_desc_init(&desc, alg, &src->md, &src->md, fn->a, fn->b);
    else
        status = dnnl_eltwise_forward_desc_init(&desc, pass_forward(pass), alg, &src->md, fn->a, fn->b);
    return prim_try(dnn, status, &desc, posts, 1.0f, forward, "function", err);
}

as_prim *as_prim_softmax(as_onednn *dnn, const as_layout *src, int axis, as_err *err)
{
    dnnl_softmax_desc_t desc;
    dnnl_status_t       status = dnnl_softmax_forward_desc_init(&desc, dnnl_forward_inference, &src->md, axis);
    return prim_try(dnn, status, &desc, NULL, 1.0f, NULL, "softmax", err);
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
    return prim_try(dnn, status, &desc, posts, 1.0f, NULL, "binary function", err);
}

static as_prim *prim_finish(as_onednn *dnn, dnnl_primitive_attr_t attr, dnnl_status_t status, dnnl_primitive_desc_t pd,
                            size_t n_multi, const char *what, as_err *err)
{
    if (attr)
        dnnl_primitive_attr_destroy(attr);
    if (status == dnnl_success)
        return prim_of_pd(dnn, pd, n_multi, what, err);
    onednn_fail(status, what, err);
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
        status = attr_make(NULL, 1.0f, &attr);
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
    dnnl_status_t status = attr_make(NULL, 1.0f, &attr);
    if (status == dnnl_success)
        status = dnnl_reorder_primitive_desc_create(&pd, &from->md, dnn->engine, &to->md, dnn->engine, attr);
    return prim_finish(dnn, attr, status, pd, 0, "reorder", err);
}

static arg_slot *prim_slot(const as_prim *prim, as_arg arg)
{
    for (size_t i = 0; i < prim->n; i++)
        if (prim->slots[i].arg == arg)
            return &prim->slots[i];
    return NULL;
}

const as_layout *as_prim_layout(const as_prim *prim, as_arg arg)
{
    const arg_slot *slot = prim_slot(prim, arg);
    return slot ? slot->layout : NULL;
}

const char *as_prim_about(const as_prim *prim)
{
    const char *text = NULL;
    if (dnnl_primitive_desc_query(prim->pd, dnnl_query_impl_info_str, 0, (void *)&text) != dnnl_success)
        return "";
    return text ? text : "";
}

bool as_prim_bind(as_prim *prim, as_arg arg, void *data, as_err *err)
{
    arg_slot     *slot = prim_slot(prim, arg);
    dnnl_status_t status;
    if (!slot)
        return AS_FAIL(err, AS_EINTERNAL, "a primitive has no argument %d", (int)arg);
    if (slot->memory) {
        status = dnnl_memory_set_data_handle(slot->memory, data);
    } else {
        status = dnnl_memory_create(&slot->memory, &slot->layout->md, prim->dnn->engine, data);
        if (status == dnnl_success)
            prim->args[prim->n_bound++] = (dnnl_exec_arg_t){slot->id, slot->memory};
    }
    return status == dnnl_success ? true : onednn_fail(status, "memory object", err);
}

bool as_prim_run(as_prim *prim, as_err *err)
{
    as_heap_enter(prim->dnn->heap);
    dnnl_status_t status = dnnl_primitive_execute(prim->prim, prim->dnn->stream, (int)prim->n_bound, prim->args);
    as_heap_leave(prim->dnn->heap);
    return status == dnnl_success ? true : onednn_fail(status, "run of a primitive", err);
}

bool as_onednn_convert(as_onednn *dnn, const as_layout *from, const void *src, const as_layout *to, void *dst,
                       as_err *err)
{
    if (from == to) {
        memcpy(dst, src, as_layout_bytes(from));
        return true;
    }
    as_prim *prim = as_prim_reorder(dnn, from, to, err);
    if (!prim)
        return false;
    dnn->prims.n--; /* used once: not kept */
    void            *scratch = NULL;
    const as_layout *room = as_prim_layout(prim, AS_ARG_SCRATCH);
    bool             ok = true;
    if (room) {
        scratch = malloc(as_layout_bytes(room));
        ok = scratch ? as_prim_bind(prim, AS_ARG_SCRATCH, scratch, err)
                     : AS_FAIL(err, AS_ENOMEM, "out of memory for a reorder");
    }
    ok = ok && as_prim_bind(prim, AS_ARG_SRC, (void *)(uintptr_t)src, err) &&
         as_prim_bind(prim, AS_ARG_DST, dst, err) && as_prim_run(prim, err);
    free(scratch);
    prim_free(prim);
    return ok;
}
