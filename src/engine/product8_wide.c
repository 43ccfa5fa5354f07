/* SPDX-License-Identifier: Apache-2.0 */
/* The kernels of ours for products of whole numbers on processors with AVX512_VNNI. */
#include <stdlib.h>
#include <string.h>

#include "base/isa.h"
#include "engine/depth8.h"
#include "engine/product8.h"
#include "engine/tile8.h"

enum { WIDE_SHARED = 20000, WIDE_TILE_INPUTS = 4 }; /* results from which on threads are worth waiting for */

static as_buf *wide_bytes(as_plan *plan, bool constant, size_t bytes, as_err *err)
{
    const as_shape shape = {.rank = 1, .dims = {(int64_t)bytes}};
    return constant ? as_plan_new_constant(plan, AS_DTYPE_U8, &shape, NULL, err)
                    : as_plan_new(plan, AS_DTYPE_U8, &shape, NULL, err);
}

static bool wide_uses(as_plan *plan, as_step *step, as_buf *const *uses, size_t n, as_err *err)
{
    for (size_t i = 0; i < n; i++)
        if (!as_step_use(plan, step, AS_ARG_NONE, uses[i], err))
            return false;
    return true;
}

static bool wide_is_picture(const as_product8 *p)
{
    return p->window.n == 2 && p->order == AS_ORDER_CHANNELS_LAST && p->window.dilation[0] == 1 &&
           p->window.dilation[1] == 1 && p->x.zero >= 0 && p->x.zero <= 255;
}

/* --- depthwise 3x3 -------------------------------------------------------------------------------------------------- */

static bool wide_depth_fits(const as_product8 *p)
{
    const as_window *w = &p->window;
    return as_depth8_wide_can() && wide_is_picture(p) && !p->sum.buf && p->groups == p->in.dims[1] &&
           p->out.dims[1] == p->in.dims[1] && p->in.dims[1] % AS_DEPTH8_BLOCK == 0 && w->kernel[0] == 3 &&
           w->kernel[1] == 3 && w->stride[0] == w->stride[1] && w->stride[0] <= 2;
}

static void wide_depth_work(void *ctx, int worker)
{
    const as_step *step = ctx;
    as_depth8_wide_run(step->data, worker, step->uses.at[1].buf->data, step->uses.at[2].buf->data,
                       step->uses.at[0].buf->data);
}

static void wide_depth_run(const as_step *step)
{
    const as_depth8 *d = step->data;
    as_gang_run(step->gang, (uint32_t)d->workers, step->more, wide_depth_work, (void *)(uintptr_t)step);
}

static bool wide_depth_make(as_plan *plan, const as_product8 *p, as_buf *bias, int32_t last, as_err *err)
{
    as_int8   q;
    as_buf   *uses[3];
    float    *factors = malloc((p->n_out + 1) * sizeof *factors);
    as_depth8 d = {
        .images = p->in.dims[0], .channels = p->in.dims[1], .stride = p->window.stride[0], .x_zero = p->x.zero};
    if (!factors)
        return AS_FAIL(err, AS_ENOMEM, "out of memory for weights");
    as_product8_numbers(p, false, factors, bias->data, &q);
    for (int i = 0; i < 2; i++) {
        d.in[i] = p->in.dims[i + 2];
        d.out[i] = p->out.dims[i + 2];
        d.pad[i] = p->window.pad_begin[i];
    }
    d.limits = q.limits;
    d.workers =
        plan->threads > 1 && d.images * d.channels * d.out[0] * d.out[1] >= WIDE_SHARED ? (int)plan->threads * 3 : 1;
    uses[1] = as_quant_as(plan, p->x.buf, p->order, err);
    uses[2] = uses[1] ? wide_bytes(plan, true, as_depth8_wide_weight_bytes(&d), err) : NULL;
    if (uses[2])
        as_depth8_wide_weights(&d, p->weights, factors, bias->data, uses[2]->data);
    free(factors);
    uses[0] = uses[2] ? as_product8_dst(plan, p, last, err) : NULL;
    as_step *step = uses[0] ? as_plan_step(plan, NULL, wide_depth_run, sizeof d, err) : NULL;
    if (!step || !as_plan_help(plan, step, (size_t)d.workers, err))
        return false;
    step->how = "kernel: depthwise of whole numbers, avx512_vnni";
    memcpy(step->data, &d, sizeof d);
    return wide_uses(plan, step, uses, AS_COUNT(uses), err);
}

/* --- one pixel, and windows over few channels ------------------------------------------------------------------------ */

/* With AMX a primitive multiplies bytes several times as fast. */
static bool wide_tile_fits(const as_product8 *p)
{
    const as_window *w = &p->window;
    const bool       one = w->kernel[0] == 1 && w->kernel[1] == 1;
    return as_tile8_can() && !as_isa_may(AS_ISA_AMX) && wide_is_picture(p) && p->groups == 1 &&
           (!p->sum.buf || p->middle.scale > 0.0f) && (one || p->in.dims[1] <= WIDE_TILE_INPUTS);
}

static void wide_tile_work(void *ctx, int unit)
{
    const as_step *step = ctx;
    as_tile8_run(step->data, unit, step->uses.at[1].buf->data, step->uses.at[2].buf->data,
                 step->uses.n > 3 ? step->uses.at[3].buf->data : NULL, step->uses.at[0].buf->data);
}

static void wide_tile_run(const as_step *step)
{
    const as_tile8 *t = step->data;
    as_gang_run(step->gang, (uint32_t)t->units, step->more, wide_tile_work, (void *)(uintptr_t)step);
}

static void wide_tile_sum(const as_product8 *p, as_tile8 *t)
{
    t->sum = true;
    t->made_factor = p->middle.scale / p->target.scale;
    t->sum_factor = p->sum.scale / p->target.scale;
    t->sum_offset = as_product8_sum_offset(p);
}

static void wide_tile_shape(const as_product8 *p, as_tile8 *t)
{
    *t = (as_tile8){.images = p->in.dims[0], .inputs = p->in.dims[1], .outputs = p->out.dims[1], .x_zero = p->x.zero};
    for (int i = 0; i < 2; i++) {
        t->in[i] = p->in.dims[i + 2];
        t->out[i] = p->out.dims[i + 2];
        t->pad[i] = p->window.pad_begin[i];
        t->kernel[i] = p->window.kernel[i];
        t->step[i] = p->window.stride[i];
    }
}

static bool wide_tile_make(as_plan *plan, const as_product8 *p, as_buf *bias, int32_t last, as_err *err)
{
    as_int8     q, end;
    as_tile8    t;
    as_product8 made = *p;
    as_buf     *uses[4];
    float      *factors = malloc((p->n_out + 1) * sizeof *factors);
    if (!factors)
        return AS_FAIL(err, AS_ENOMEM, "out of memory for weights");
    wide_tile_shape(p, &t);
    as_tile8_divide(&t, (int)AS_MAX(plan->threads, 1u));
    as_product8_numbers(p, !t.framed, factors, bias->data, &end);
    t.limits = end.limits;
    if (p->sum.buf) {
        wide_tile_sum(p, &t);
        made.target = p->middle;
        made.sum.buf = NULL;
        as_product8_numbers(&made, !t.framed, factors, bias->data, &q);
    }
    uses[1] = as_quant_as(plan, p->x.buf, p->order, err);
    uses[2] = uses[1] ? wide_bytes(plan, true, as_tile8_weight_bytes(&t), err) : NULL;
    if (uses[2])
        as_tile8_weights(&t, p->weights, factors, bias->data, uses[2]->data);
    free(factors);
    uses[3] = uses[2] ? wide_bytes(plan, false, AS_MAX(as_tile8_scratch_bytes(&t), 1u), err) : NULL;
    uses[0] = uses[3] ? as_product8_dst(plan, p, last, err) : NULL;
    as_step *step = uses[0] ? as_plan_step(plan, NULL, wide_tile_run, sizeof t, err) : NULL;
    if (!step || !as_plan_help(plan, step, (size_t)t.units, err))
        return false;
    step->how = "kernel: tiles of whole numbers, avx512_vnni";
    step->adds = t.sum;
    memcpy(step->data, &t, sizeof t);
    return wide_uses(plan, step, uses, t.framed ? 4 : 3, err);
}

/* --- which one ------------------------------------------------------------------------------------------------------ */

bool as_product8_wide_adds(const as_product8 *p)
{
    return wide_tile_fits(p);
}

as_product8_kernel as_product8_wide_own(const as_product8 *p)
{
    if (p->target.dtype != AS_DTYPE_U8)
        return NULL;
    if (wide_depth_fits(p))
        return wide_depth_make;
    return wide_tile_fits(p) ? wide_tile_make : NULL;
}
