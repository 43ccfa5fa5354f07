/* SPDX-License-Identifier: Apache-2.0 */
/* The kernels of ours for products of whole numbers. Winograd's is for any processor but one with AMX. Rows and depthwise have
 * a kernel on either side of as_product8_wide(); 1x1 here is for processors that multiply bytes no faster than 16 bits, and
 * that for AVX512_VNNI is in product8_tile.c. */
#include "engine/product8.h"

#include <stdlib.h>
#include <string.h>

#include "base/isa.h"
#include "engine/depth8.h"
#include "engine/point8.h"
#include "engine/row8.h"
#include "engine/wino16.h"

bool as_product8_wide(void)
{
    return as_isa_may(AS_ISA_AVX2_VNNI) || as_isa_may(AS_ISA_AVX512_VNNI);
}

float as_product8_sum_offset(const as_product8 *p)
{
    const float made = p->middle.scale / p->target.scale * (float)p->middle.zero;
    const float there = p->sum.scale / p->target.scale * (float)p->sum.zero;
    const float offset = (float)p->target.zero - (p->sum_first ? there : made);
    return offset - (p->sum_first ? made : there);
}

/* --- 3x3 and 4x4, by fewer products --------------------------------------------------------------------------------- */

static as_wino16 wino_shape(const as_plan *plan, const as_product8 *p)
{
    as_wino16 w = {.kernel = (int)p->window.kernel[0],
                   .images = p->in.dims[0],
                   .channels = p->in.dims[1],
                   .n_out = p->out.dims[1],
                   .x_zero = p->x.zero,
                   .workers = (int)AS_MAX(plan->threads, 1u)};
    for (int i = 0; i < 2; i++) {
        w.in[i] = p->in.dims[i + 2];
        w.out[i] = p->out.dims[i + 2];
        w.pad[i] = p->window.pad_begin[i];
    }
    return w;
}

/* With AMX a primitive multiplies bytes several times as fast. */
static bool wino_fits(const as_plan *plan, const as_product8 *p)
{
    const as_window *w = &p->window;
    if (!as_wino16_can() || as_isa_may(AS_ISA_AMX) || p->groups != 1 || w->n != 2 ||
        p->order != AS_ORDER_CHANNELS_LAST || (w->kernel[0] != 3 && w->kernel[0] != 4))
        return false;
    for (int i = 0; i < 2; i++)
        if (w->kernel[i] != w->kernel[0] || w->stride[i] != 1 || w->dilation[i] != 1)
            return false;
    const as_wino16 shape = wino_shape(plan, p);
    return p->in.dims[1] % AS_WINO16_BLOCK == 0 && p->out.dims[1] % AS_WINO16_BLOCK == 0 && p->x.zero >= 0 &&
           p->x.zero <= 255 && as_wino16_pays(&shape) && as_wino16_bounded(&shape, p->weights);
}

static void wino_work(void *ctx, int worker)
{
    const as_step *step = ctx;
    as_wino16_run(step->data, worker, step->uses.at[1].buf->data, step->uses.at[2].buf->data,
                  step->uses.at[3].buf->data, step->uses.at[4].buf->data, step->uses.at[0].buf->data);
}

static void wino_run(const as_step *step)
{
    const as_wino16 *w = step->data;
    as_gang_run(step->gang, (uint32_t)w->workers, step->more, wino_work, (void *)(uintptr_t)step);
}

as_buf *as_product8_bytes(as_plan *plan, bool constant, size_t bytes, as_err *err)
{
    const as_shape shape = {.rank = 1, .dims = {(int64_t)bytes}};
    return constant ? as_plan_new_constant(plan, AS_DTYPE_U8, &shape, NULL, err)
                    : as_plan_new(plan, AS_DTYPE_U8, &shape, NULL, err);
}

bool as_product8_use(as_plan *plan, as_step *step, as_buf *const *uses, size_t n, as_err *err)
{
    for (size_t i = 0; i < n; i++)
        if (!as_step_use(plan, step, AS_ARG_NONE, uses[i], err))
            return false;
    return true;
}

/* rows: what as_wino16_run takes; bias has room for one a channel. */
static void wino_numbers(const as_product8 *p, float *bias, float *rows, as_wino16 *w)
{
    as_int8     q, end;
    as_product8 made = *p;
    const bool  middle = p->middle.scale > 0.0f;
    as_product8_numbers(p, false, rows, bias, &end);
    if (middle) {
        made.target = p->middle;
        made.sum.buf = NULL;
        as_product8_numbers(&made, false, rows, bias, &q);
    }
    memcpy(rows + p->n_out, bias, p->n_out * sizeof *rows);
    w->sum = end.sum;
    w->sum_factor = end.sum_factor;
    w->limits = end.limits;
    w->middle = middle;
    if (middle) {
        w->middle_factor = p->middle.scale / p->target.scale;
        w->middle_offset = as_product8_sum_offset(p);
    }
}

static bool wino_make(as_plan *plan, const as_product8 *p, as_buf *bias, int32_t last, as_err *err)
{
    as_wino16 w = wino_shape(plan, p);
    as_buf   *uses[5], *rows = as_product8_bytes(plan, true, 2 * p->n_out * sizeof(float), err);
    if (!rows)
        return false;
    wino_numbers(p, bias->data, rows->data, &w);
    uses[1] = as_quant_as(plan, p->x.buf, p->order, err);
    uses[2] = uses[1] ? as_product8_bytes(plan, true, as_wino16_weight_bytes(&w), err) : NULL;
    uses[3] = rows;
    uses[4] = uses[2] ? as_product8_bytes(plan, false, as_wino16_scratch_bytes(&w), err) : NULL;
    uses[0] = uses[4] ? as_product8_dst(plan, p, last, err) : NULL;
    as_step *step = uses[0] ? as_plan_step(plan, NULL, wino_run, sizeof w, err) : NULL;
    if (!step || !as_plan_help(plan, step, (size_t)w.workers, err))
        return false;
    step->how = "kernel: Winograd of whole numbers";
    step->adds = w.sum;
    memcpy(step->data, &w, sizeof w);
    as_wino16_weights(&w, p->weights, uses[2]->data);
    return as_product8_use(plan, step, uses, AS_COUNT(uses), err);
}

/* More than there are threads: one that is held up elsewhere takes fewer of them. */
static int product8_units(const as_plan *plan)
{
    return plan->threads > 1 ? (int)plan->threads * 3 : 1;
}

/* --- depthwise 3x3 -------------------------------------------------------------------------------------------------- */

typedef struct depth8_set {
    size_t (*weight_bytes)(const as_depth8 *d);
    void (*weights)(const as_depth8 *d, const int8_t *weights, const float *factors, const float *biases, void *to);
    void (*run)(const as_depth8 *d, int worker, const uint8_t *x, const void *weights, uint8_t *y);
    int64_t     shared; /* results from which on threads are worth waiting for */
    const char *how;
} depth8_set;

static const depth8_set depth8_narrow = {as_depth8_weight_bytes, as_depth8_weights, as_depth8_run, 40000,
                                         "kernel: depthwise of whole numbers"};
static const depth8_set depth8_wide_set = {as_depth8_wide_weight_bytes, as_depth8_wide_weights, as_depth8_wide_run,
                                           20000, "kernel: depthwise of whole numbers, avx512_vnni"};

/* NULL: a primitive is as fast, or nothing here can. */
static const depth8_set *depth8_set_here(void)
{
    if (as_depth8_wide_can())
        return &depth8_wide_set;
    return !as_product8_wide() && as_depth8_can() ? &depth8_narrow : NULL;
}

static bool depth8_fits(const as_product8 *p)
{
    const as_window *w = &p->window;
    if (!depth8_set_here() || p->sum.buf || p->target.dtype != AS_DTYPE_U8 || w->n != 2 ||
        p->order != AS_ORDER_CHANNELS_LAST || p->groups != p->in.dims[1] || p->out.dims[1] != p->in.dims[1] ||
        p->in.dims[1] % AS_DEPTH8_BLOCK != 0 || p->x.zero < 0 || p->x.zero > 255)
        return false;
    for (int i = 0; i < 2; i++)
        if (w->kernel[i] != 3 || w->stride[i] != w->stride[0] || w->stride[i] > 2 || w->dilation[i] != 1)
            return false;
    return true;
}

typedef struct depth8_step {
    as_depth8         d;
    const depth8_set *set;
} depth8_step;

static void depth8_work(void *ctx, int worker)
{
    const as_step     *step = ctx;
    const depth8_step *s = step->data;
    s->set->run(&s->d, worker, step->uses.at[1].buf->data, step->uses.at[2].buf->data, step->uses.at[0].buf->data);
}

static void depth8_run(const as_step *step)
{
    const depth8_step *s = step->data;
    as_gang_run(step->gang, (uint32_t)s->d.workers, step->more, depth8_work, (void *)(uintptr_t)step);
}

static bool depth8_make(as_plan *plan, const as_product8 *p, as_buf *bias, int32_t last, as_err *err)
{
    as_int8     q;
    as_buf     *uses[3];
    float      *factors = malloc((p->n_out + 1) * sizeof *factors);
    depth8_step s = {
        {.images = p->in.dims[0], .channels = p->in.dims[1], .stride = p->window.stride[0], .x_zero = p->x.zero},
        depth8_set_here()};
    as_depth8 *d = &s.d;
    if (!factors)
        return AS_FAIL(err, AS_ENOMEM, "out of memory for weights");
    as_product8_numbers(p, false, factors, bias->data, &q);
    for (int i = 0; i < 2; i++) {
        d->in[i] = p->in.dims[i + 2];
        d->out[i] = p->out.dims[i + 2];
        d->pad[i] = p->window.pad_begin[i];
    }
    d->workers = d->images * d->channels * d->out[0] * d->out[1] >= s.set->shared ? product8_units(plan) : 1;
    d->limits = q.limits;
    uses[1] = as_quant_as(plan, p->x.buf, p->order, err);
    uses[2] = uses[1] ? as_product8_bytes(plan, true, s.set->weight_bytes(d), err) : NULL;
    if (uses[2])
        s.set->weights(d, p->weights, factors, bias->data, uses[2]->data);
    free(factors);
    uses[0] = uses[2] ? as_product8_dst(plan, p, last, err) : NULL;
    as_step *step = uses[0] ? as_plan_step(plan, NULL, depth8_run, sizeof s, err) : NULL;
    if (!step || !as_plan_help(plan, step, (size_t)d->workers, err))
        return false;
    step->how = s.set->how;
    memcpy(step->data, &s, sizeof s);
    return as_product8_use(plan, step, uses, AS_COUNT(uses), err);
}

/* --- a few rows ------------------------------------------------------------------------------------------------------- */

enum { ROW8_SHARED = 512 << 10 }; /* bytes of weights from which on threads are worth waiting for */

static bool row8_fits(const as_product8 *p)
{
    const bool can = as_product8_wide() ? as_row8_wide_can() : as_row8_can();
    return can && p->order == AS_ORDER_PLAIN &&
           p->in.dims[2] <= (as_product8_wide() ? AS_ROW8_WIDE_MOST : AS_ROW8_MOST) &&
           (p->target.dtype == AS_DTYPE_U8 || p->target.dtype == AS_DTYPE_F32);
}

static void row8_work(void *ctx, int worker)
{
    const as_step *step = ctx;
    as_row8_run(step->data, worker, step->uses.at[1].buf->data, step->uses.at[2].buf->data, step->uses.at[3].buf->data,
                step->uses.at[0].buf->data);
}

static void row8_run(const as_step *step)
{
    const as_row8 *r = step->data;
    as_gang_run(step->gang, (uint32_t)r->workers, step->more, row8_work, (void *)(uintptr_t)step);
}

static bool row8_make(as_plan *plan, const as_product8 *p, as_buf *bias, int32_t last, as_err *err)
{
    as_int8 q;
    as_row8 r = {.rows = p->in.dims[2], .k = (int64_t)p->each, .n = (int64_t)p->n_out};
    as_buf *uses[4] = {NULL};
    uses[3] = as_product8_bytes(plan, true, 2 * p->n_out * sizeof(float), err);
    if (!uses[3])
        return false;
    float *numbers = uses[3]->data;
    as_product8_numbers(p, true, numbers, bias->data, &q);
    memcpy(numbers + p->n_out, bias->data, p->n_out * sizeof *numbers);
    r.limits = q.limits;
    r.floats = p->target.dtype == AS_DTYPE_F32;
    r.workers = p->n_out * p->each >= ROW8_SHARED ? product8_units(plan) : 1;
    uses[1] = as_quant_as(plan, p->x.buf, p->order, err);
    uses[2] = uses[1] ? as_product8_bytes(plan, true, p->n_out * p->each, err) : NULL;
    if (uses[2])
        memcpy(uses[2]->data, p->weights, p->n_out * p->each);
    uses[0] = uses[2] ? as_product8_dst(plan, p, last, err) : NULL;
    as_step *step = uses[0] ? as_plan_step(plan, NULL, row8_run, sizeof r, err) : NULL;
    if (!step || !as_plan_help(plan, step, (size_t)r.workers, err))
        return false;
    step->how = "kernel: rows by weights, whole numbers";
    memcpy(step->data, &r, sizeof r);
    return as_product8_use(plan, step, uses, AS_COUNT(uses), err);
}
/* --- windows of one pixel, as depthwise -------------------------------------------------------------------------------- */

static bool point8_fits(const as_product8 *p)
{
    const as_window *w = &p->window;
    if (as_product8_wide() || !as_point8_can() || p->sum.buf || p->target.dtype != AS_DTYPE_U8 || w->n != 2 ||
        p->order != AS_ORDER_CHANNELS_LAST || p->groups != 1 || p->in.dims[1] % AS_POINT8_INPUTS != 0 ||
        p->out.dims[1] % AS_POINT8_OUTPUTS != 0)
        return false;
    for (int i = 0; i < 2; i++)
        if (w->kernel[i] != 1 || w->stride[i] != 1 || w->pad_begin[i] != 0 || w->pad_end[i] > 0)
            return false;
    return true;
}

static void point8_work(void *ctx, int unit)
{
    const as_step *step = ctx;
    as_point8_run(step->data, unit, step->uses.at[1].buf->data, step->uses.at[2].buf->data, step->uses.at[0].buf->data);
}

static void point8_run(const as_step *step)
{
    const as_point8 *d = step->data;
    as_gang_run(step->gang, (uint32_t)d->units, step->more, point8_work, (void *)(uintptr_t)step);
}

static bool point8_make(as_plan *plan, const as_product8 *p, as_buf *bias, int32_t last, as_err *err)
{
    as_int8   q;
    as_buf   *uses[3];
    float    *factors = malloc((p->n_out + 1) * sizeof *factors);
    as_point8 d = {
        .pixels = p->in.dims[0] * p->in.dims[2] * p->in.dims[3], .inputs = p->in.dims[1], .outputs = p->out.dims[1]};
    if (!factors)
        return AS_FAIL(err, AS_ENOMEM, "out of memory for weights");
    as_product8_numbers(p, true, factors, bias->data, &q);
    d.limits = q.limits;
    as_point8_divide(&d, (int)AS_MAX(plan->threads, 1u));
    uses[1] = as_quant_as(plan, p->x.buf, p->order, err);
    uses[2] = uses[1] ? as_product8_bytes(plan, true, as_point8_weight_bytes(&d), err) : NULL;
    if (uses[2])
        as_point8_weights(&d, p->weights, factors, bias->data, uses[2]->data);
    free(factors);
    uses[0] = uses[2] ? as_product8_dst(plan, p, last, err) : NULL;
    as_step *step = uses[0] ? as_plan_step(plan, NULL, point8_run, sizeof d, err) : NULL;
    if (!step || !as_plan_help(plan, step, (size_t)d.units, err))
        return false;
    step->how = "kernel: 1x1 of whole numbers";
    memcpy(step->data, &d, sizeof d);
    return as_product8_use(plan, step, uses, AS_COUNT(uses), err);
}

/* --- which one ------------------------------------------------------------------------------------------------------ */

bool as_product8_adds(const as_plan *plan, const as_product8 *p)
{
    return wino_fits(plan, p) || as_product8_tile_fits(p);
}

as_product8_kernel as_product8_own(const as_plan *plan, const as_product8 *p, bool exact)
{
    if (p->target.dtype == AS_DTYPE_U8 && wino_fits(plan, p))
        return wino_make;
    if (depth8_fits(p))
        return depth8_make;
    if (p->target.dtype == AS_DTYPE_U8 && as_product8_tile_fits(p))
        return as_product8_tile_make;
    if (exact && row8_fits(p))
        return row8_make;
    return exact && point8_fits(p) ? point8_make : NULL;
}
