/* SPDX-License-Identifier: Apache-2.0 */
#include "twin/web.h"

#include <math.h>

enum { RAMP_STEPS = 32, MOST_PIECES = 3 * AS_SCRIPT_MAX_STEPS * (RAMP_STEPS + 2) };

#define NUDGE 1e-6 /* of a part, a second or a ramp's step: beyond a place where something begins */

static double web_at(const as_script_step *step, const as_web_cfg *cfg, const as_web_piece *now)
{
    return step->seconds ? now->s : 1.0 + now->line / cfg->height;
}

static bool web_is_ramp(const as_script_step *step, double at)
{
    return step->full > step->from && at >= step->from - NUDGE && at < step->full - NUDGE;
}

/* The belt's speed against its own from this place on, until the next step of a ramp. */
static double web_factor(const as_script *script, const as_web_cfg *cfg, const as_web_piece *now)
{
    double factor = 1.0;
    for (size_t i = 0; script && i < script->n; i++) {
        const as_script_step *step = &script->steps[i];
        double                at = web_at(step, cfg, now);
        if (step->fault != AS_FAULT_BELT || at < step->from - NUDGE || at >= step->until - NUDGE)
            continue;
        double grown = 1.0;
        if (web_is_ramp(step, at)) {
            double t = (at - step->from) / (step->full - step->from) * RAMP_STEPS;
            grown = ((double)(int64_t)(t + NUDGE) + 0.5) / RAMP_STEPS;
        }
        factor = 1.0 + (step->amount - 1.0) * grown;
    }
    return factor;
}

/* The line at which something changes next: INFINITY for never. */
static double web_next(const as_script *script, const as_web_cfg *cfg, const as_web_piece *now)
{
    double next = INFINITY;
    for (size_t i = 0; script && i < script->n; i++) {
        const as_script_step *step = &script->steps[i];
        const double          places[] = {step->from, step->full, step->until};
        double                at = web_at(step, cfg, now), soonest = INFINITY;
        if (step->fault != AS_FAULT_BELT)
            continue;
        for (size_t k = 0; k < AS_COUNT(places); k++)
            if (places[k] > at + NUDGE)
                soonest = AS_MIN(soonest, places[k]);
        if (web_is_ramp(step, at)) {
            double width = (step->full - step->from) / RAMP_STEPS;
            double done = (double)(int64_t)((at - step->from) / width + NUDGE) + 1.0;
            soonest = AS_MIN(soonest, step->from + done * width);
        }
        double line = step->seconds ? now->line + (soonest - now->s) / now->s_per_line : (soonest - 1.0) * cfg->height;
        next = AS_MIN(next, AS_MAX(line, now->line + NUDGE));
    }
    return next;
}

static void web_speed(as_web_piece *piece, const as_web_cfg *cfg, double factor)
{
    if (!cfg->encoder) {
        piece->s_per_line = 1.0 / cfg->lines_per_s;
        piece->mm_per_line = cfg->belt_mm_per_s * factor / cfg->lines_per_s;
        return;
    }
    double pulses_per_s = cfg->belt_mm_per_s * factor / cfg->pitch_mm;
    double each = ceil(pulses_per_s / cfg->lines_per_s - NUDGE);
    each = each > 1.0 ? each : 1.0;
    piece->s_per_line = each / pulses_per_s;
    piece->mm_per_line = each * cfg->pitch_mm;
}

static size_t web_walk(const as_web_cfg *cfg, const as_script *script, as_web_piece *pieces)
{
    as_web_piece now = {.line = 0.0};
    size_t       n = 0;
    for (;;) {
        web_speed(&now, cfg, web_factor(script, cfg, &now));
        if (pieces)
            pieces[n] = now;
        double next = web_next(script, cfg, &now);
        if (!isfinite(next) || ++n == MOST_PIECES)
            return AS_MIN(n + 1, (size_t)MOST_PIECES);
        now.mm = as_web_mm(&now, next);
        now.s = as_web_s(&now, next);
        now.line = next;
    }
}

bool as_web_init(as_web *web, const as_web_cfg *cfg, const as_script *script, as_err *err)
{
    *web = (as_web){.n = web_walk(cfg, script, NULL)};
    web->pieces = malloc(web->n * sizeof *web->pieces);
    if (!web->pieces)
        return AS_FAIL(err, AS_ENOMEM, "no memory for the way of a web");
    web_walk(cfg, script, web->pieces);
    return true;
}

void as_web_done(as_web *web)
{
    free(web->pieces);
    *web = (as_web){0};
}

const as_web_piece *as_web_at(const as_web *web, double line)
{
    size_t low = 0, high = web->n; /* the last that begins at or before it */
    while (high - low > 1) {
        size_t middle = low + (high - low) / 2;
        if (web->pieces[middle].line <= line)
            low = middle;
        else
            high = middle;
    }
    return &web->pieces[low];
}
