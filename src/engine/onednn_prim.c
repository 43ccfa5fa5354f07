/* SPDX-License-Identifier: Apache-2.0 */
#include "engine/onednn_priv.h"

#include <stdlib.h>
#include <string.h>

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

as_prim *as_prim_free(as_prim *prim)
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

static bool prim_add_slot(as_prim *prim, as_arg arg, int id, const dnnl_memory_desc_t *md, as_err *err)
{
    if (md->ndims == 0)
        return true;
    const as_layout *layout = as_layout_of_md(prim->dnn, md, err);
    if (!layout)
        return false;
    prim->slots[prim->n++] = (as_arg_slot){.arg = arg, .id = id, .layout = layout};
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

as_prim *as_prim_of_pd(as_onednn *dnn, dnnl_primitive_desc_t pd, size_t n_multi, const char *what, as_err *err)
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
        as_onednn_fail(status, what, err);
        return as_prim_free(prim);
    }
    if (!prim_find_slots(prim, n_multi, err))
        return as_prim_free(prim);
    if (!as_vec_push(&dnn->prims, prim)) {
        AS_FAIL(err, AS_ENOMEM, "out of memory for a %s", what);
        return as_prim_free(prim);
    }
    return prim;
}

dnnl_alg_kind_t as_prim_alg(as_fn fn, bool train)
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

dnnl_status_t as_attr_new(dnnl_primitive_attr_t *ret, dnnl_post_ops_t *ret_chain)
{
    dnnl_status_t status = dnnl_primitive_attr_create(ret);
    if (status == dnnl_success)
        status = dnnl_primitive_attr_set_scratchpad_mode(*ret, dnnl_scratchpad_mode_user);
    return status == dnnl_success ? dnnl_post_ops_create(ret_chain) : status;
}

dnnl_status_t as_attr_finish(dnnl_status_t status, dnnl_primitive_attr_t attr, dnnl_post_ops_t chain)
{
    if (status == dnnl_success)
        status = dnnl_primitive_attr_set_post_ops(attr, chain);
    if (chain)
        dnnl_post_ops_destroy(chain);
    return status;
}

dnnl_status_t as_attr_make(const as_posts *posts, float factor, dnnl_primitive_attr_t *ret)
{
    dnnl_post_ops_t chain = NULL;
    dnnl_status_t   status = as_attr_new(ret, &chain);
    if (status == dnnl_success && (factor < 1.0f || factor > 1.0f))
        status = dnnl_primitive_attr_set_output_scales(*ret, 1, 0, &factor);
    for (size_t i = 0; status == dnnl_success && posts && i < posts->n; i++) {
        const as_post *p = &posts->at[i];
        if (p->fn == AS_FN_SUM)
            status = dnnl_post_ops_append_sum(chain, 1.0f);
        else
            status = dnnl_post_ops_append_eltwise(chain, 1.0f, as_prim_alg(p->fn, false), p->a, p->b);
    }
    return as_attr_finish(status, *ret, chain);
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

as_prim *as_prim_make_attr(as_onednn *dnn, const_dnnl_op_desc_t desc, dnnl_status_t status, dnnl_primitive_attr_t attr,
                           const as_prim *forward, const char *name, const char *what, as_err *err)
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
        as_onednn_fail(status, what, err);
        return NULL;
    }
    return as_prim_of_pd(dnn, pd, 0, what, err);
}

as_prim *as_prim_make_named(as_onednn *dnn, const_dnnl_op_desc_t desc, const as_posts *posts, float factor,
                            const as_prim *forward, const char *name, const char *what, as_err *err)
{
    dnnl_primitive_attr_t attr = NULL;
    dnnl_status_t         status = as_attr_make(posts, factor, &attr);
    return as_prim_make_attr(dnn, desc, status, attr, forward, name, what, err);
}

as_prim *as_prim_try(as_onednn *dnn, dnnl_status_t status, const_dnnl_op_desc_t desc, const as_posts *posts,
                     float factor, const as_prim *forward, const char *what, as_err *err)
{
    if (status == dnnl_success)
        return as_prim_make_named(dnn, desc, posts, factor, forward, NULL, what, err);
    as_onednn_fail(status, what, err);
    return NULL;
}

static as_arg_slot *prim_slot(const as_prim *prim, as_arg arg)
{
    for (size_t i = 0; i < prim->n; i++)
        if (prim->slots[i].arg == arg)
            return &prim->slots[i];
    return NULL;
}

const as_layout *as_prim_layout(const as_prim *prim, as_arg arg)
{
    const as_arg_slot *slot = prim_slot(prim, arg);
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
    as_arg_slot  *slot = prim_slot(prim, arg);
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
    return status == dnnl_success ? true : as_onednn_fail(status, "memory object", err);
}

bool as_prim_run(as_prim *prim, as_err *err)
{
    if (prim->has_run) /* what the first run makes, such as code, is kept: it would fill the store */
        as_heap_enter(prim->dnn->threads > 1);
    dnnl_status_t status = dnnl_primitive_execute(prim->prim, prim->dnn->stream, (int)prim->n_bound, prim->args);
    as_heap_leave();
    prim->has_run = true;
    return status == dnnl_success ? true : as_onednn_fail(status, "run of a primitive", err);
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
    as_prim_free(prim);
    return ok;
}
