/* SPDX-License-Identifier: Apache-2.0 */
#include "engine/onednn_priv.h"

#include <pthread.h>
#include <stdatomic.h>
#include <stdlib.h>
#include <string.h>

#include "base/isa.h"

/* libgomp's, which Debian's oneDNN runs on; <omp.h> is not on every compiler's path. */
void omp_set_num_threads(int n);
int  omp_get_max_threads(void);
int  omp_get_thread_num(void);
int  omp_get_num_threads(void);
void GOMP_parallel(void (*work)(void *), void *data, unsigned n, unsigned flags); /* what "omp parallel" becomes */

bool as_onednn_fail(dnnl_status_t status, const char *what, as_err *err)
{
    switch (status) {
    case dnnl_out_of_memory: return AS_FAIL(err, AS_ENOMEM, "out of memory for a %s", what);
    case dnnl_unimplemented: return AS_FAIL(err, AS_EUNSUPPORTED, "oneDNN has no %s of this kind", what);
    case dnnl_invalid_arguments: return AS_FAIL(err, AS_EUNSUPPORTED, "oneDNN refuses the shape of a %s", what);
    default: return AS_FAIL(err, AS_EINTERNAL, "oneDNN failed with status %d in a %s", (int)status, what);
    }
}

static dnnl_cpu_isa_t onednn_isa(as_isa isa)
{
    static const dnnl_cpu_isa_t isas[] = {
        [AS_ISA_NONE] = dnnl_cpu_isa_all,
        [AS_ISA_SSE41] = dnnl_cpu_isa_sse41,
        [AS_ISA_SSE42] = dnnl_cpu_isa_sse41,
        [AS_ISA_AVX] = dnnl_cpu_isa_avx,
        [AS_ISA_AVX2] = dnnl_cpu_isa_avx2,
        [AS_ISA_AVX2_VNNI] = dnnl_cpu_isa_avx2_vnni,
        [AS_ISA_AVX512] = dnnl_cpu_isa_avx512_core,
        [AS_ISA_AVX512_VNNI] = dnnl_cpu_isa_avx512_core_vnni,
        [AS_ISA_AVX512_BF16] = dnnl_cpu_isa_avx512_core_bf16,
        [AS_ISA_AMX] = dnnl_cpu_isa_avx512_core_amx,
    };
    return isas[isa];
}

static pthread_once_t onednn_once = PTHREAD_ONCE_INIT;
static dnnl_status_t  onednn_limited = dnnl_success;

/* oneDNN takes a limit only before it first looks what the processor has. */
static void onednn_limit(void)
{
    if (as_isa_limit() != AS_ISA_NONE)
        onednn_limited = dnnl_set_max_cpu_isa(onednn_isa(as_isa_limit()));
}

static bool onednn_obeys(as_err *err)
{
    bool lacks;
    if (!as_isa_check(&lacks, err))
        return false;
    pthread_once(&onednn_once, onednn_limit);
    if (onednn_limited != dnnl_success && !lacks)
        return AS_FAIL(err, AS_EUNSUPPORTED, "oneDNN cannot be held under what ASSAY_ISA says (unset it)");
    return true;
}

as_onednn *as_onednn_new(uint32_t threads, as_err *err)
{
    if (!onednn_obeys(err))
        return NULL;
    as_onednn *dnn = calloc(1, sizeof *dnn);
    if (!dnn) {
        AS_FAIL(err, AS_ENOMEM, "out of memory for oneDNN");
        return NULL;
    }
    dnn->threads = threads > 0 && threads < 1024 ? (int)threads : 1;
    dnnl_status_t status = dnnl_engine_create(&dnn->engine, dnnl_cpu, 0);
    if (status == dnnl_success)
        status = dnnl_stream_create(&dnn->stream, dnn->engine, dnnl_stream_default_flags);
    if (status != dnnl_success) {
        as_onednn_fail(status, "processor stream", err);
        return as_onednn_free(dnn);
    }
    return dnn;
}

as_onednn *as_onednn_free(as_onednn *dnn)
{
    if (!dnn)
        return NULL;
    for (size_t i = 0; i < dnn->prims.n; i++)
        as_prim_free(dnn->prims.at[i]);
    for (size_t i = 0; i < dnn->layouts.n; i++)
        free(dnn->layouts.at[i]);
    as_vec_done(&dnn->prims);
    as_vec_done(&dnn->layouts);
    if (dnn->stream)
        dnnl_stream_destroy(dnn->stream);
    if (dnn->engine)
        dnnl_engine_destroy(dnn->engine);
    free(dnn);
    return NULL;
}

void as_onednn_enter(const as_onednn *dnn)
{
    if (omp_get_max_threads() != dnn->threads)
        omp_set_num_threads(dnn->threads);
}

/* OpenMP's own barriers order all of this; the two counters say it again in a way that the thread sanitizer sees, since
 * that runtime is not built for it. */
typedef struct onednn_share {
    int n;
    void (*work)(void *ctx, int worker);
    void      *ctx;
    atomic_int begun, ended;
} onednn_share;

static void onednn_on_worker(void *data)
{
    onednn_share *share = data;
    (void)atomic_load_explicit(&share->begun, memory_order_acquire);
    for (int worker = omp_get_thread_num(); worker < share->n; worker += omp_get_num_threads())
        share->work(share->ctx, worker);
    atomic_fetch_add_explicit(&share->ended, 1, memory_order_release);
}

void as_onednn_share(int n, void (*work)(void *ctx, int worker), void *ctx)
{
    if (n <= 1) {
        work(ctx, 0);
        return;
    }
    onednn_share share = {.n = n, .work = work, .ctx = ctx};
    atomic_store_explicit(&share.begun, 1, memory_order_release);
    GOMP_parallel(onednn_on_worker, &share, (unsigned)n, 0);
    (void)atomic_load_explicit(&share.ended, memory_order_acquire);
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

const as_layout *as_layout_of_md(as_onednn *dnn, const dnnl_memory_desc_t *md, as_err *err)
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
    layout->plain = tidy.data_type != dnnl_bf16 && md_is_plain(&tidy); /* bfloat16 is between primitives alone */
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
        as_onednn_fail(status, "layout", err);
        return NULL;
    }
    return as_layout_of_md(dnn, &md, err);
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

const as_layout *as_layout_blocked(as_onednn *dnn, const as_shape *shape, int64_t lanes, as_err *err)
{
    dnnl_memory_desc_t md;
    dnnl_dims_t        dims = {0};
    for (int i = 0; i < shape->rank; i++)
        dims[i] = shape->dims[i];
    const dnnl_format_tag_t tag = lanes == 16 ? dnnl_aBcd16b : dnnl_aBcd8b;
    dnnl_status_t           status = shape->rank == 4 && (lanes == 8 || lanes == 16)
                                         ? dnnl_memory_desc_init_by_tag(&md, 4, dims, dnnl_f32, tag)
                                         : dnnl_invalid_arguments;
    if (status == dnnl_success)
        return as_layout_of_md(dnn, &md, err);
    as_onednn_fail(status, "layout", err);
    return NULL;
}

/* The same order of bfloat16; NULL of NULL. */
static const as_layout *layout_narrow(as_onednn *dnn, const as_layout *wide, as_err *err)
{
    if (!wide)
        return NULL;
    dnnl_memory_desc_t md = wide->md;
    md.data_type = dnnl_bf16;
    return as_layout_of_md(dnn, &md, err);
}

const as_layout *as_layout_any_narrow(as_onednn *dnn, const as_shape *shape, as_err *err)
{
    return layout_narrow(dnn, layout_make(dnn, AS_DTYPE_F32, shape, NULL, true, err), err);
}

const as_layout *as_layout_last_narrow(as_onednn *dnn, const as_shape *shape, as_err *err)
{
    return layout_narrow(dnn, as_layout_of(dnn, AS_DTYPE_F32, AS_ORDER_CHANNELS_LAST, shape, err), err);
}

bool as_layout_is_narrow(const as_layout *layout)
{
    return layout->md.data_type == dnnl_bf16;
}

const as_layout *as_layout_wide(as_onednn *dnn, const as_layout *layout, as_err *err)
{
    dnnl_memory_desc_t md = layout->md;
    if (!as_layout_is_narrow(layout))
        return layout;
    md.data_type = dnnl_f32;
    return as_layout_of_md(dnn, &md, err);
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
    return as_layout_of_md(dnn, &md, err);
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
