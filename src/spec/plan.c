/* SPDX-License-Identifier: Apache-2.0 */
#include "spec/plan_priv.h"

#include <math.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>

#define MARGIN 0.1 /* of the part's size on each side, where no field is given: parts do not lie straight */

/* Half of the angle that a lens sees: a longer one shows tops rather than sides, and stands further away. */
#define GOOD_HALF_ANGLE 0.2617993877991494 /* 15 degrees */

void as_plan_problem(as_plan *plan, const char *fmt, ...)
{
    va_list ap;
    if (plan->n_problems == AS_PLAN_MOST_PROBLEMS)
        return;
    va_start(ap, fmt);
    if (vsnprintf(plan->problems[plan->n_problems], AS_PLAN_TEXT_BYTES, fmt, ap) > 0)
        plan->n_problems++;
    va_end(ap);
}

void as_plan_measure(as_plan *plan)
{
    const as_spec *spec = plan->spec;
    for (int axis = 0; axis < 2; axis++) {
        double given = spec->optics.field_mm[axis];
        plan->field_mm[axis] = given > 0 ? given : spec->size_mm[axis] * (1.0 + 2.0 * MARGIN);
    }
    plan->pixel_mm = as_plan_pixel_mm(spec->optics.defect_mm, spec->optics.defect_px);
    for (int axis = 0; axis < 2; axis++)
        plan->needs_px[axis] = ceil(plan->field_mm[axis] / plan->pixel_mm - 1e-9);
    if (spec->parts_per_minute > 0)
        plan->frames_per_s = spec->parts_per_minute / 60.0 * spec->frames_per_part;
    else if (spec->optics.belt_mm_per_s > 0) /* a web without parts: one picture follows the other */
        plan->frames_per_s = spec->optics.belt_mm_per_s / (plan->field_mm[0] * (1.0 - AS_PLAN_OVERLAP));
    else
        plan->frames_per_s = 0;
    plan->pitch_mm = spec->parts_per_minute > 0 && spec->optics.belt_mm_per_s > 0
                         ? spec->optics.belt_mm_per_s * 60.0 / spec->parts_per_minute
                         : 0;
}

static double plan_frame_pixel_mm(const as_plan *plan)
{
    const uint32_t *px = plan->spec->frame_px;
    double          along = fmax(plan->field_mm[0] / px[0], plan->field_mm[1] / px[1]);
    double          across = fmax(plan->field_mm[0] / px[1], plan->field_mm[1] / px[0]);
    return fmin(along, across); /* the camera may be turned */
}

void as_plan_contradictions(as_plan *plan)
{
    const as_spec *spec = plan->spec;
    if (plan->pitch_mm > 0 && plan->pitch_mm < spec->size_mm[0])
        as_plan_problem(plan,
                        "%g parts a minute on a belt of %g mm/s are %.4g mm apart, but each is %g mm long: set "
                        "station.belt_mm_per_s to %.4g or more, or station.parts_per_minute to %.4g or less",
                        spec->parts_per_minute, spec->optics.belt_mm_per_s, plan->pitch_mm, spec->size_mm[0],
                        spec->size_mm[0] * spec->parts_per_minute / 60.0,
                        spec->optics.belt_mm_per_s * 60.0 / spec->size_mm[0]);
    bool turned = spec->size_mm[0] <= plan->field_mm[1] && spec->size_mm[1] <= plan->field_mm[0];
    bool straight = spec->size_mm[0] <= plan->field_mm[0] && spec->size_mm[1] <= plan->field_mm[1];
    if (!turned && !straight && spec->frames_per_part == 1)
        as_plan_problem(plan,
                        "a part of %g x %g mm is larger than optics.field_mm, %g x %g: set that to %g x %g or more, or "
                        "station.frames_per_part to as many as show all of it",
                        spec->size_mm[0], spec->size_mm[1], plan->field_mm[0], plan->field_mm[1], spec->size_mm[0],
                        spec->size_mm[1]);
    if (!spec->frame_px[0])
        return;
    double defect_px = spec->optics.defect_mm / plan_frame_pixel_mm(plan);
    if (defect_px < spec->optics.defect_px * (1 - 1e-9))
        as_plan_problem(plan,
                        "in a frame of %u x %u pixels (station.frame_px) a defect of %g mm is %.3g pixels, not %g: set "
                        "station.frame_px to %.0f x %.0f or more, or leave it out",
                        spec->frame_px[0], spec->frame_px[1], spec->optics.defect_mm, defect_px, spec->optics.defect_px,
                        fmax(plan->needs_px[0], plan->needs_px[1]), fmin(plan->needs_px[0], plan->needs_px[1]));
}

static double plan_half_angle(const as_plan_choice *c)
{
    double diagonal = hypot(c->sensor->width, c->sensor->height) * c->sensor->pixel->pitch_um * 1e-3;
    return atan(diagonal / 2.0 / (c->lens.focal_mm * (1.0 + c->magnification)));
}

/* Of two that get equally far with the same sensor. From the same distance, the one that shows the field larger, so that not
 * half of the pixels look at the belt; else the shortest lens of those that look straight enough, then the longer. */
static bool plan_better_lens(const as_plan_choice *a, const as_plan_choice *b)
{
    if (fabs(a->distance_mm - b->distance_mm) <= 1e-9 * b->distance_mm)
        return a->magnification > b->magnification;
    double angle_a = plan_half_angle(a), angle_b = plan_half_angle(b);
    if ((angle_a <= GOOD_HALF_ANGLE) != (angle_b <= GOOD_HALF_ANGLE))
        return angle_a <= GOOD_HALF_ANGLE;
    return angle_a <= GOOD_HALF_ANGLE ? angle_a > angle_b : angle_a < angle_b;
}

/* How near one came that failed there: more is better. 0: nothing says so. */
static double plan_nearness(const as_plan_choice *c)
{
    switch (c->stage) {
    case AS_PLAN_PIXELS: return -(double)as_plan_cameras(c);
    case AS_PLAN_LENS: return c->extension_mm > 0 ? -fmax(c->magnification / c->lens.most, 1) : 0;
    case AS_PLAN_MOTION: return -c->blur_px;
    case AS_PLAN_DEPTH: return fmin(c->depth.far_mm, 1e9) - c->depth.near_mm;
    case AS_PLAN_LIGHT: return c->snr;
    case AS_PLAN_PACE: return c->sensor->frames_per_s;
    case AS_PLAN_LINK: return -c->bytes_per_s;
    case AS_PLAN_COMPUTE: return -c->busy_cores;
    case AS_PLAN_DEADLINE: return -c->latency_s;
    case AS_PLAN_NONE:
    case AS_PLAN_SHUTTER:
    case AS_PLAN_FITS: break;
    }
    return 0;
}

/* What has to stand between lens and camera is one thing more that can be wrong. */
static int plan_effort(const as_plan_choice *c)
{
    return c->lens.kind == AS_PLAN_LENS_MACRO ? 2 : c->needs_spacer ? 1 : 0;
}

bool as_plan_better(const as_plan_choice *a, const as_plan_choice *b)
{
    if (a->stage != b->stage)
        return a->stage > b->stage;
    double nearness_a = plan_nearness(a), nearness_b = plan_nearness(b);
    if (a->stage == AS_PLAN_SHUTTER || nearness_a > nearness_b || nearness_a < nearness_b)
        return nearness_a > nearness_b;
    if (plan_effort(a) != plan_effort(b))
        return plan_effort(a) < plan_effort(b);
    if (as_plan_cameras(a) != as_plan_cameras(b))
        return as_plan_cameras(a) < as_plan_cameras(b);
    if (a->sensor == b->sensor)
        return plan_better_lens(a, b);
    uint64_t pixels_a = (uint64_t)a->sensor->width * a->sensor->height;
    uint64_t pixels_b = (uint64_t)b->sensor->width * b->sensor->height;
    if (pixels_a != pixels_b)
        return pixels_a < pixels_b;
    return a->sensor->frames_per_s < b->sensor->frames_per_s;
}

static as_plan_choice plan_best_lens(const as_plan *plan, const as_chip *sensor)
{
    const double   given = plan->spec->optics.focal_mm;
    as_plan_lens   own = {.kind = AS_PLAN_LENS_FIXED, .focal_mm = given, .f_number = 1.4, .most = INFINITY};
    as_plan_choice best = as_plan_try(plan, sensor, given > 0 ? &own : as_plan_lens_at(0));
    for (size_t i = 1; !(given > 0) && as_plan_lens_at(i); i++) {
        as_plan_choice one = as_plan_try(plan, sensor, as_plan_lens_at(i));
        if (as_plan_better(&one, &best))
            best = one;
    }
    return best;
}

void as_plan_search(as_plan *plan)
{
    const as_chip_id own = plan->spec->optics.sensor;
    plan->n_choices = plan->n_tried = 0;
    plan->best = (as_plan_choice){.stage = AS_PLAN_NONE};
    for (unsigned id = AS_CHIP_NONE + 1; id < AS_CHIP_COUNT; id++) {
        const as_chip *chip = as_chip_of((as_chip_id)id);
        if (chip->use != AS_CHIP_USE_SOLD || (own != AS_CHIP_NONE && own != (as_chip_id)id))
            continue;
        plan->n_tried++;
        as_plan_choice one = plan_best_lens(plan, chip);
        if (plan->best.stage == AS_PLAN_NONE || as_plan_better(&one, &plan->best))
            plan->best = one;
        if (one.stage != AS_PLAN_FITS)
            continue;
        size_t at = plan->n_choices++;
        for (; at > 0 && as_plan_better(&one, &plan->choices[at - 1]); at--)
            plan->choices[at] = plan->choices[at - 1];
        plan->choices[at] = one;
    }
    plan->feasible = plan->n_choices > 0 && plan->n_problems == 0;
}

static bool plan_is_complete(const as_spec *spec, as_err *err)
{
    bool has_field = spec->optics.field_mm[0] > 0 || spec->size_mm[0] > 0;
    if (!(spec->optics.defect_mm > 0))
        return AS_FAIL(
            err, AS_EINVAL,
            "'%s' does not say how small a defect must be seen: add product.defect_mm in mm, or try one with "
            "--defect",
            spec->path);
    if (!has_field)
        return AS_FAIL(err, AS_EINVAL,
                       "'%s' does not say how much must be seen: add product.size_mm or optics.field_mm in mm, or try "
                       "one with --field, for example --field 200x150",
                       spec->path);
    return true;
}

bool as_plan_make(const as_spec *spec, const as_plan_machine *machine, as_plan *ret, as_err *err)
{
    if (!plan_is_complete(spec, err))
        return false;
    *ret = (as_plan){.spec = spec, .machine = *machine};
    as_plan_measure(ret);
    as_plan_contradictions(ret);
    as_plan_search(ret);
    as_plan_parts_of(spec, &ret->parts);
    if (ret->n_choices == 0)
        as_plan_why(ret);
    if (!ret->feasible)
        as_plan_advise(ret);
    as_plan_unproven(ret);
    return true;
}
