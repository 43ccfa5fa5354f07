/* SPDX-License-Identifier: Apache-2.0 */
/* One pixel, and windows over few channels, on processors with AVX512_VNNI. */
#include <stdlib.h>
#include <string.h>

#include "base/isa.h"
#include "engine/product8.h"
#include "engine/tile8.h"

enum { TILE_INPUTS = 4 };

/* With AMX a primitive multiplies bytes several times as fast. */
bool as_product8_tile_fits(const as_product8 *p)
{
    const as_window *w = &p->window;
    const bool       one = w->kernel[0] == 1 && w->kernel[1] == 1;
    return as_tile8_can() && !as_isa_may(AS_ISA_AMX) && w->n == 2 && p->order == AS_ORDER_CHANNELS_LAST &&
           w->dilation[0] == 1 && w->dilation[1] == 1 && p->x.zero >= 0 && p->x.zero <= 255 && p->groups == 1 &&
           (!p->sum.buf || p->middle.scale > 0.0f) && (one || p->in.dims[1] <= TILE_INPUTS);
}

static void product8_tile_work(void *ctx, int unit)
{
    const as_step *step = ctx;
    as_tile8_run(step->data, unit, step->uses.at[1].buf->data, step->uses.at[2].buf->data,
                 step->uses.n > 3 ? step->uses.at[3].buf->data : NULL, step->uses.at[0].buf->data);
}

static void product8_tile_run(const as_step *step)
{
    const as_tile8 *t = step->data;
    as_gang_run(step->gang, (uint32_t)t->units, step->more, product8_tile_work, (void *)(uintptr_t)step);
}

static void product8_tile_sum(const as_product8 *p, as_tile8 *t)
{
    t->sum = true;
    t->made_factor = p->middle.scale / p->target.scale;
    t->sum_factor = p->sum.scale / p->target.scale;
    t->sum_offset = as_product8_sum_offset(p);
}

static void product8_tile_shape(const as_product8 *p, as_tile8 *t)
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

bool as_product8_tile_make(as_plan *plan, const as_product8 *p, as_buf *bias, int32_t last, as_err *err)
{
    as_int8     q, end;
    as_tile8    t;
    as_product8 made = *p;
    as_buf     *uses[4];
    float      *factors = malloc((p->n_out + 1) * sizeof *factors);
    if (!factors)
        return AS_FAIL(err, AS_ENOMEM, "out of memory for weights");
    product8_tile_shape(p, &t);
    as_tile8_divide(&t, (int)AS_MAX(plan->threads, 1u));
    as_product8_numbers(p, !t.framed, factors, bias->data, &end);
    t.limits = end.limits;
    if (p->sum.buf) {
        product8_tile_sum(p, &t);
        made.target = p->middle;
        made.sum.buf = NULL;
        as_product8_numbers(&made, !t.framed, factors, bias->data, &q);
    }
    uses[1] = as_quant_as(plan, p->x.buf, p->order, err);
    uses[2] = uses[1] ? as_product8_bytes(plan, true, as_tile8_weight_bytes(&t), err) : NULL;
    if (uses[2])
        as_tile8_weights(&t, p->weights, factors, bias->data, uses[2]->data);
    free(factors);
    uses[3] = uses[2] ? as_product8_bytes(plan, false, AS_MAX(as_tile8_scratch_bytes(&t), 1u), err) : NULL;
    uses[0] = uses[3] ? as_product8_dst(plan, p, last, err) : NULL;
    as_step *step = uses[0] ? as_plan_step(plan, NULL, product8_tile_run, sizeof t, err) : NULL;
    if (!step || !as_plan_help(plan, step, (size_t)t.units, err))
        return false;
    step->how = "kernel: tiles of whole numbers, avx512_vnni";
    step->adds = t.sum;
    memcpy(step->data, &t, sizeof t);
    return as_product8_use(plan, step, uses, t.framed ? 4 : 3, err);
}
