/* SPDX-License-Identifier: Apache-2.0 */
#include "spec/plan_line.h"

#include <math.h>
#include <stdio.h>

#include "spec/plan_priv.h"

#define LINE_EPSILON  1e-9
#define LINE_INPUT_PX (224.0 * 224.0) /* of a network whose input is not known */
#define LINE_HALF_ANGLE \
    0.4363323129985824 /* 25 degrees: a line's ends are not to be seen much more aslant than its middle */

static const as_plan_line_chip line_chips[] = {
#define X(pixels, pitch, lines, full, dark, quantum) {pixels, pitch, lines, full, dark, quantum},
#include "spec/plan_line.def"
#undef X
};

/* In which lenses for long sensors are offered. */
static const double line_focals[] = {16, 25, 28, 35, 50, 60, 80, 100, 120};
static const double line_stops[] = {4, 5.6, 2.8, 8, 11, 16}; /* the sharpest first */

const as_plan_line_chip *as_plan_line_chip_at(size_t i)
{
    return i < AS_COUNT(line_chips) ? &line_chips[i] : NULL;
}

const char *as_plan_line_mount(double circle_mm)
{
    return circle_mm <= 16.0 ? "C" : circle_mm <= 43.3 ? "F" : circle_mm <= 62.0 ? "M72" : "M95";
}

double as_plan_line_encoder(double pulses_per_mm, double lines_per_mm, uint32_t *ret_multiplier, uint32_t *ret_divider)
{
    double best = INFINITY, made = 0.0;
    for (uint32_t d = 1; d <= AS_PLAN_LINE_MOST_DIVIDER; d++)
        for (uint32_t m = 1; m <= AS_PLAN_LINE_MOST_MULTIPLIER; m++) {
            double is = pulses_per_mm * m / d, off = fabs(log(is / lines_per_mm));
            if (off >= best - LINE_EPSILON)
                continue;
            best = off;
            made = is;
            *ret_multiplier = m;
            *ret_divider = d;
        }
    return made;
}

/* Cameras across, each sharing a part of its line with its neighbour. Returns the largest magnification that sees it all. */
static double line_place(const as_plan_line *plan, as_plan_line_choice *c)
{
    double count = ceil((plan->needs_px / c->chip->pixels - AS_PLAN_OVERLAP) / (1.0 - AS_PLAN_OVERLAP) - LINE_EPSILON);
    c->cameras = count < 1 ? 1 : count > 1e4 ? 10000 : (uint32_t)count;
    double share = plan->width_mm / (c->cameras * (1.0 - AS_PLAN_OVERLAP) + AS_PLAN_OVERLAP);
    c->circle_mm = c->chip->pixels * c->chip->pitch_um * 1e-3;
    c->step_mm = share * (1.0 - AS_PLAN_OVERLAP);
    return c->circle_mm / share;
}

static bool line_lens(const as_plan_line *plan, as_plan_line_choice *c, double largest)
{
    double given = plan->plan.spec->optics.distance_mm, pitch_mm = c->chip->pitch_um * 1e-3;
    c->distance_mm = given > 0 ? given : as_plan_distance_mm(c->focal_mm, largest);
    c->magnification = as_plan_magnification(c->focal_mm, c->distance_mm);
    c->pixel_mm = c->magnification > 0 ? pitch_mm / c->magnification : INFINITY;
    c->defect_px = plan->plan.spec->optics.defect_mm / c->pixel_mm;
    c->seen_mm = c->chip->pixels * c->pixel_mm;
    double half = atan(c->circle_mm / 2.0 / (c->focal_mm * (1.0 + c->magnification)));
    return c->pixel_mm <= plan->plan.pixel_mm * (1 + LINE_EPSILON) &&
           c->magnification <= largest * (1 + LINE_EPSILON) && half <= LINE_HALF_ANGLE && c->magnification <= 1.0 &&
           (given > 0 || c->distance_mm <= AS_PLAN_MOST_MM);
}

static bool line_time(const as_plan_line *plan, as_plan_line_choice *c)
{
    const as_spec_optics *o = &plan->plan.spec->optics;
    c->lines_per_s = o->belt_mm_per_s / c->pixel_mm;
    double blur = as_plan_exposure_s(o->max_blur_px, c->pixel_mm, o->belt_mm_per_s);
    c->longest_s = fmin(1.0 / c->lines_per_s, blur);
    c->exposure_s = o->exposure_us > 0 ? o->exposure_us * 1e-6 : c->longest_s;
    c->blur_px = as_plan_blur_px(o->belt_mm_per_s, c->exposure_s, c->pixel_mm);
    double made = as_plan_line_encoder(o->encoder_per_mm, 1.0 / c->pixel_mm, &c->multiplier, &c->divider);
    c->pulses_per_mm = o->encoder_per_mm;
    c->pulses_per_s = o->encoder_per_mm * o->belt_mm_per_s;
    c->stretch = made * c->pixel_mm; /* more lines a millimetre: longer */
    c->stages = AS_MAX(o->tdi_stages, 1U);
    c->smear_px = (c->stages - 1) * fabs(c->stretch - 1.0);
    return c->lines_per_s <= c->chip->lines_per_s;
}

static bool line_depth(const as_plan_line *plan, as_plan_line_choice *c)
{
    double        half = plan->plan.spec->optics.height_mm / 2.0;
    as_plan_depth depth = as_plan_depth_of_field(c->focal_mm, c->f_number, c->chip->pitch_um * 1e-3, c->distance_mm);
    double        working = as_plan_working_number(c->f_number, c->magnification);
    c->depth = depth;
    c->airy_um = as_plan_airy_um(plan->plan.spec->optics.wavelength_nm, working);
    c->airy_px = c->airy_um / c->chip->pitch_um;
    return depth.near_mm <= c->distance_mm - half && depth.far_mm >= c->distance_mm + half &&
           c->airy_px <= c->defect_px * (1 + LINE_EPSILON);
}

/* Light of no more than can be had; and the stages with which a common line light does. */
static void line_lamp(const as_plan_line *plan, const as_plan_light *light, as_plan_line_choice *c)
{
    const double share = as_plan_lamp_share(plan->plan.spec->optics.wavelength_nm);
    const double usual = share * AS_PLAN_LINE_USUAL_LX;
    c->most_lx = share * as_plan_lamp_most(true, 1);
    c->lamp = as_plan_lamp_for(c->light_lx / share, true, 1);
    c->lamp_lx = c->lamp ? share * c->lamp->most_lx : 0;
    c->more_stages = 0;
    if (plan->plan.spec->optics.light_lx > 0)
        return;
    if (!c->lamp)
        c->snr = fmin(c->snr, as_plan_snr(as_plan_light_electrons(light, c->most_lx), c->chip->dark_noise_e));
    for (uint32_t n = 2; n <= AS_PLAN_LINE_MOST_STAGES && c->light_lx > usual; n *= 2)
        if (n > c->stages && c->light_lx * c->stages / n <= usual) {
            c->more_stages = n;
            return;
        }
}

static bool line_light(const as_plan_line *plan, as_plan_line_choice *c)
{
    const as_spec_optics *o = &plan->plan.spec->optics;
    as_plan_light         light = {.reflectance = o->reflectance,
                                   .transmission = AS_PLAN_TRANSMISSION * as_plan_filter(plan->plan.spec),
                                   .working_number = as_plan_working_number(c->f_number, c->magnification),
                                   .wavelength_nm = o->wavelength_nm,
                                   .pitch_um = c->chip->pitch_um,
                                   .exposure_s = c->exposure_s * c->stages,
                                   .quantum_efficiency = c->chip->quantum_ratio};
    double                most_e = c->chip->full_well_e * fmin(o->reflectance / AS_PLAN_WHITE, 1.0);
    c->electrons = as_plan_electrons(o->snr, c->chip->dark_noise_e);
    c->light_lx = as_plan_light_lx(&light, c->electrons);
    /* An area camera is not held back by the line: it may be exposed as long as the blur allows, and no longer than at rest. */
    as_plan_light area = light;
    area.exposure_s = fmin(as_plan_exposure_s(o->max_blur_px, c->pixel_mm, o->belt_mm_per_s), AS_PLAN_REST_S);
    c->area_lx = as_plan_light_lx(&area, c->electrons);
    c->snr = fmin(o->snr, as_plan_snr(most_e, c->chip->dark_noise_e));
    if (o->light_lx > 0) {
        c->light_lx = o->light_lx;
        c->electrons = fmin(as_plan_light_electrons(&light, o->light_lx), most_e);
        c->snr = as_plan_snr(c->electrons, c->chip->dark_noise_e);
    }
    line_lamp(plan, &light, c);
    return c->snr >= o->snr * (1 - LINE_EPSILON);
}

static as_plan_stage line_flow(const as_plan_line *plan, as_plan_line_choice *c)
{
    const as_spec *spec = plan->plan.spec;
    const double   pixels = c->chip->pixels * c->lines_per_s;
    const uint32_t channels = AS_MAX(spec->channels, 1U);
    /* A sensor for colours has a line for each: three samples a pixel. */
    c->bytes_per_s = pixels * as_plan_wire_bytes(spec->bit_depth) * AS_MIN(channels, 3U);
    c->pixels_per_s = pixels * c->cameras;
    c->stored_bytes_per_day =
        c->pixels_per_s * channels * (spec->bit_depth > 8 ? 2 : 1) * 3600.0 * spec->optics.hours_per_day;
    /* The network sees the web with as many pixels as a defect needs: a whole width made small would lose it. */
    c->judged_px_per_s = plan->needs_px * spec->optics.belt_mm_per_s / plan->plan.pixel_mm;
    const double input_px = plan->plan.machine.input_px > 0 ? plan->plan.machine.input_px : LINE_INPUT_PX;
    c->busy_cores = c->judged_px_per_s / input_px * plan->plan.machine.compute_s;
    for (size_t i = 0; !c->link && as_plan_link_at(i); i++)
        if (c->bytes_per_s <= as_plan_link_at(i)->bytes_per_s)
            c->link = as_plan_link_at(i);
    if (!c->link)
        return AS_PLAN_LINK;
    bool busy = !isnan(c->busy_cores) && c->busy_cores > AS_PLAN_LOAD * AS_MAX(plan->plan.machine.cores, 1U);
    return busy ? AS_PLAN_COMPUTE : AS_PLAN_FITS;
}

static as_plan_stage line_aperture(const as_plan_line *plan, as_plan_line_choice *c)
{
    const double        given = plan->plan.spec->optics.f_number;
    as_plan_line_choice best = *c;
    as_plan_stage       reached = AS_PLAN_NONE;
    for (size_t i = 0; i < (given > 0 ? 1 : AS_COUNT(line_stops)); i++) {
        as_plan_line_choice one = *c;
        one.f_number = given > 0 ? given : line_stops[i];
        as_plan_stage stage = !line_depth(plan, &one)   ? AS_PLAN_DEPTH
                              : !line_light(plan, &one) ? AS_PLAN_LIGHT
                                                        : AS_PLAN_FITS;
        if (stage > reached || (stage == AS_PLAN_LIGHT && stage == reached && one.snr > best.snr)) {
            reached = stage;
            best = one;
        }
    }
    *c = best;
    return reached;
}

static as_plan_stage line_try(const as_plan_line *plan, as_plan_line_choice *c)
{
    double largest = line_place(plan, c);
    if (c->cameras > plan->plan.spec->optics.max_cameras)
        return AS_PLAN_PIXELS;
    if (!line_lens(plan, c, largest))
        return AS_PLAN_LENS;
    bool keeps_pace = line_time(plan, c);
    if (c->exposure_s > c->longest_s * (1 + LINE_EPSILON) || c->smear_px > AS_PLAN_LINE_SMEAR_PX)
        return AS_PLAN_MOTION;
    as_plan_stage stage = line_aperture(plan, c);
    if (stage != AS_PLAN_FITS)
        return stage;
    return keeps_pace ? line_flow(plan, c) : AS_PLAN_PACE;
}

/* Further; then fewer cameras, then fewer pixels, then larger ones, then the shorter lens. */
static bool line_better(const as_plan_line_choice *a, const as_plan_line_choice *b)
{
    if (a->stage != b->stage)
        return a->stage > b->stage;
    if (a->stage == AS_PLAN_PACE) /* how much too slow */
        return a->chip->lines_per_s / a->lines_per_s > b->chip->lines_per_s / b->lines_per_s;
    if (a->stage == AS_PLAN_MOTION && (a->smear_px > b->smear_px || a->smear_px < b->smear_px))
        return a->smear_px < b->smear_px;
    if (a->stage == AS_PLAN_LIGHT && (a->snr > b->snr || a->snr < b->snr))
        return a->snr > b->snr;
    if (a->stage == AS_PLAN_LENS && (a->pixel_mm > b->pixel_mm || a->pixel_mm < b->pixel_mm))
        return fabs(log(a->seen_mm)) < fabs(log(b->seen_mm));
    if (a->cameras != b->cameras)
        return a->cameras < b->cameras;
    if (a->chip->pixels != b->chip->pixels)
        return a->chip->pixels < b->chip->pixels;
    if (a->chip->pitch_um > b->chip->pitch_um || a->chip->pitch_um < b->chip->pitch_um)
        return a->chip->pitch_um > b->chip->pitch_um;
    return a->focal_mm < b->focal_mm;
}

static void line_search(as_plan_line *plan)
{
    const double given = plan->plan.spec->optics.focal_mm;
    for (size_t i = 0; i < AS_COUNT(line_chips); i++) {
        as_plan_line_choice own = {.stage = AS_PLAN_NONE};
        for (size_t k = 0; k < (given > 0 ? 1 : AS_COUNT(line_focals)); k++) {
            as_plan_line_choice c = {.chip = &line_chips[i], .busy_cores = NAN};
            c.focal_mm = given > 0 ? given : line_focals[k];
            c.stage = line_try(plan, &c);
            if (!own.chip || line_better(&c, &own))
                own = c;
        }
        if (!plan->best.chip || line_better(&own, &plan->best))
            plan->best = own;
        plan->n_tried++;
        if (own.stage != AS_PLAN_FITS)
            continue;
        size_t at = plan->n_choices++;
        for (; at > 0 && line_better(&own, &plan->choices[at - 1]); at--)
            plan->choices[at] = plan->choices[at - 1];
        plan->choices[at] = own;
    }
    plan->plan.feasible = plan->n_choices > 0;
}

static void line_measure(as_plan_line *plan, const as_spec *spec, const as_plan_machine *machine)
{
    *plan = (as_plan_line){.plan = {.spec = spec, .machine = *machine}, .collect_m = NAN};
    plan->width_mm = spec->optics.field_mm[1] > 0 ? spec->optics.field_mm[1] : spec->size_mm[1];
    plan->piece_mm = spec->optics.field_mm[0] > 0 ? spec->optics.field_mm[0] : spec->size_mm[0];
    plan->plan.field_mm[0] = plan->piece_mm;
    plan->plan.field_mm[1] = plan->width_mm;
    plan->plan.pixel_mm = as_plan_pixel_mm(spec->optics.defect_mm, spec->optics.defect_px);
    plan->needs_px = plan->plan.needs_px[1] = ceil(plan->width_mm / plan->plan.pixel_mm - LINE_EPSILON);
    line_search(plan);
}

bool as_plan_line_fits(const as_spec *spec, const as_plan_machine *machine, char *ret_found)
{
    as_plan_line plan;
    line_measure(&plan, spec, machine);
    const as_plan_line_choice *c = &plan.best;
    if (plan.plan.feasible && ret_found)
        snprintf(ret_found, AS_PLAN_FOUND_BYTES, "%u x line of %u, %g mm at F/%g from %.4g mm", c->cameras,
                 c->chip->pixels, c->focal_mm, c->f_number, c->distance_mm);
    return plan.plan.feasible;
}

static bool line_is_complete(const as_spec *spec, as_err *err)
{
    if (!(spec->optics.defect_mm > 0))
        return AS_FAIL(err, AS_EINVAL,
                       "'%s' does not say how small a defect must be seen: add product.defect_mm in mm, or try one "
                       "with --defect",
                       spec->path);
    if (!(spec->optics.field_mm[1] > 0) && !(spec->size_mm[1] > 0))
        return AS_FAIL(err, AS_EINVAL,
                       "'%s' does not say how wide the web is: add product.size_mm or optics.field_mm, whose second "
                       "number is across it, or try one with --field, as --field 1000x1600",
                       spec->path);
    if (!(spec->optics.belt_mm_per_s > 0))
        return AS_FAIL(err, AS_EINVAL,
                       "'%s' does not say how fast the web runs, and a line-scan camera sees nothing at rest: add "
                       "station.belt_mm_per_s, or try one with --belt",
                       spec->path);
    return true;
}

/* Without a pace, parts are pieces of web, one after the other. */
static void line_parts(as_plan_line *plan)
{
    const as_spec *spec = plan->plan.spec;
    as_plan_parts *parts = &plan->plan.parts;
    as_plan_parts_of(spec, parts);
    if (isnan(parts->collect_parts) || !(plan->piece_mm > 0))
        return;
    plan->collect_m = parts->collect_parts * plan->piece_mm * 1e-3;
    if (!(spec->parts_per_minute > 0))
        parts->collect_days =
            plan->collect_m * 1e3 / (spec->optics.belt_mm_per_s * 3600.0 * spec->optics.hours_per_day);
}

bool as_plan_line_make(const as_spec *spec, const as_plan_machine *machine, as_plan_line *ret, as_err *err)
{
    if (!line_is_complete(spec, err))
        return false;
    line_measure(ret, spec, machine);
    line_parts(ret);
    if (!ret->plan.feasible) {
        as_plan_line_why(ret);
        as_plan_advise(&ret->plan);
    }
    as_plan_unproven(&ret->plan);
    return true;
}
