/* SPDX-License-Identifier: Apache-2.0 */
/* Where the best line-scan camera fails, with its numbers; and all of its numbers for programs. */
#include <math.h>
#include <stdio.h>

#include "spec/plan_line.h"
#include "spec/plan_priv.h"

static void line_why_light(as_plan_line *plan)
{
    const as_plan_line_choice *c = &plan->best;
    const as_spec_optics      *o = &plan->plan.spec->optics;
    const double               most_e = c->chip->full_well_e * fmin(o->reflectance / AS_PLAN_WHITE, 1.0);
    const double               most_snr = as_plan_snr(most_e, c->chip->dark_noise_e);
    char                       stages[96] = "";
    if (c->more_stages)
        snprintf(stages, sizeof stages, "; a TDI sensor of %u stages needs %.3g lx", c->more_stages,
                 c->light_lx * c->stages / c->more_stages);
    if (most_snr < o->snr)
        as_plan_problem(&plan->plan,
                        "white that just fits into the %.5g electrons of a pixel leaves a signal over noise of %.3g at "
                        "%g %% reflectance, and optics.snr is %g",
                        c->chip->full_well_e, most_snr, 100 * o->reflectance, o->snr);
    else if (o->light_lx > 0)
        as_plan_problem(&plan->plan,
                        "%.4g us at F/%g from %.4g lx make a signal over noise of %.3g, and optics.snr is %g",
                        c->exposure_s * 1e6, c->f_number, c->light_lx, c->snr, o->snr);
    else
        as_plan_problem(&plan->plan,
                        "%.3g lx for %.4g us at F/%g would be needed, and the brightest line lights give some %.3g "
                        "(full sun is 100,000): signal over noise would be %.3g with them, and optics.snr is %g%s",
                        c->light_lx, c->exposure_s * 1e6, c->f_number, c->most_lx, c->snr, o->snr, stages);
}

static void line_why_motion(as_plan_line *plan)
{
    const as_plan_line_choice *c = &plan->best;
    if (c->smear_px > AS_PLAN_LINE_SMEAR_PX)
        as_plan_problem(
            &plan->plan,
            "lines of %.4g mm from %g pulses a millimetre x %u / %u are %.2g %% off, which smears a point "
            "over %.3g pixels on %u stages, and %g are good: set station.encoder_per_mm to a multiple of %.4g",
            c->pixel_mm, c->pulses_per_mm, c->multiplier, c->divider, 100 * fabs(c->stretch - 1), c->smear_px,
            c->stages, AS_PLAN_LINE_SMEAR_PX, 1 / c->pixel_mm);
    else
        as_plan_problem(&plan->plan,
                        "%.5g us do not fit: a line of %.4g mm is due each %.4g us, and blur allows %.4g us",
                        c->exposure_s * 1e6, c->pixel_mm, 1e6 / c->lines_per_s, c->longest_s * 1e6);
}

static void line_why_depth(as_plan_line *plan)
{
    const as_plan_line_choice *c = &plan->best;
    const double               height = plan->plan.spec->optics.height_mm;
    if (c->airy_px > c->defect_px)
        as_plan_problem(&plan->plan, "at F/%g Airy's disc is %.3g pixels, more than the %.3g of the smallest defect",
                        c->f_number, c->airy_px, c->defect_px);
    else
        as_plan_problem(&plan->plan,
                        "at F/%g it is sharp from %.3g mm before to %.3g mm behind the web's middle, and "
                        "product.height_mm asks for %.3g each way",
                        c->f_number, c->distance_mm - c->depth.near_mm, c->depth.far_mm - c->distance_mm, height / 2);
}

static void line_why_lens(as_plan_line *plan)
{
    const as_plan_line_choice *c = &plan->best;
    if (c->magnification > 1)
        as_plan_problem(&plan->plan, "%.5g mm of web fill a line of %.4g mm: larger than life is not planned here",
                        plan->width_mm, c->circle_mm);
    else
        as_plan_problem(&plan->plan,
                        "no lens shows %.5g mm across with %.3g mm a pixel or less from %.5g mm, not more than 25 "
                        "degrees aslant: one of %g mm shows %.5g mm by %u at %.3g mm a pixel",
                        plan->width_mm, plan->plan.pixel_mm, c->distance_mm, c->focal_mm, c->seen_mm, c->cameras,
                        c->pixel_mm);
}

/* How much too slow the sensor is, whatever else is in the way. */
static void line_why_pace(as_plan_line *plan)
{
    const as_plan_line_choice *c = &plan->best;
    if (c->lines_per_s > c->chip->lines_per_s)
        as_plan_problem(&plan->plan, "%.6g lines a second are needed, and a line of %u pixels takes %.6g",
                        c->lines_per_s, c->chip->pixels, c->chip->lines_per_s);
}

static void line_why_one(as_plan_line *plan)
{
    const as_plan_line_choice *c = &plan->best;
    switch (c->stage) {
    case AS_PLAN_PIXELS:
        as_plan_problem(
            &plan->plan, "%.0f pixels across %.5g mm are %u cameras of %u pixels, and optics.max_cameras is %u",
            plan->needs_px, plan->width_mm, c->cameras, c->chip->pixels, plan->plan.spec->optics.max_cameras);
        return;
    case AS_PLAN_LENS: line_why_lens(plan); return;
    case AS_PLAN_MOTION: line_why_motion(plan); return;
    case AS_PLAN_DEPTH: line_why_depth(plan); return;
    case AS_PLAN_LIGHT: line_why_light(plan); return;
    case AS_PLAN_PACE: return; /* said below */
    case AS_PLAN_LINK:
        as_plan_problem(&plan->plan, "%.5g MB/s come from a camera, more than any link carries", c->bytes_per_s / 1e6);
        return;
    default:
        as_plan_problem(&plan->plan,
                        "%.4g Mpx/s, which a defect's pixels ask for, keep %.3g cores busy with this network, and this "
                        "machine has %u: a smaller network (--model), a faster machine, or a look at suspicious places "
                        "alone",
                        c->judged_px_per_s / 1e6, c->busy_cores, plan->plan.machine.cores);
    }
}

void as_plan_line_why(as_plan_line *plan)
{
    line_why_one(plan);
    if (plan->best.stage > AS_PLAN_LENS)
        line_why_pace(plan);
}

static bool line_numbers(const as_plan_line *plan, json_t *json)
{
    const as_plan_line_choice *c = &plan->best;
    const struct {
        const char *key;
        double      value;
    } rows[] = {{"width_mm", plan->width_mm},
                {"largest_pixel_mm", plan->plan.pixel_mm},
                {"needs_px", plan->needs_px},
                {"sensor_px", c->chip->pixels},
                {"pitch_um", c->chip->pitch_um},
                {"cameras", c->cameras},
                {"step_mm", c->step_mm},
                {"focal_mm", c->focal_mm},
                {"f_number", c->f_number},
                {"distance_mm", c->distance_mm},
                {"magnification", c->magnification},
                {"image_circle_mm", c->circle_mm},
                {"pixel_mm", c->pixel_mm},
                {"defect_px", c->defect_px},
                {"seen_mm", c->seen_mm},
                {"sharp_from_mm", c->depth.near_mm},
                {"sharp_to_mm", c->depth.far_mm},
                {"airy_um", c->airy_um},
                {"airy_px", c->airy_px},
                {"lines_per_s", c->lines_per_s},
                {"longest_exposure_us", c->longest_s * 1e6},
                {"exposure_us", c->exposure_s * 1e6},
                {"blur_px", c->blur_px},
                {"tdi_stages", c->stages},
                {"smear_px", c->smear_px},
                {"light_lx", c->light_lx},
                {"most_light_lx", c->most_lx},
                {"area_light_lx", c->area_lx},
                {"tdi_stages_for_usual_light", c->more_stages ? (double)c->more_stages : (double)NAN},
                {"electrons", c->electrons},
                {"snr", c->snr},
                {"bytes_per_s", c->bytes_per_s},
                {"stored_bytes_per_day", c->stored_bytes_per_day},
                {"pixels_per_s", c->pixels_per_s},
                {"judged_px_per_s", c->judged_px_per_s},
                {"lines_per_mm", 1.0 / c->pixel_mm},
                {"encoder_per_mm", c->pulses_per_mm},
                {"encoder_per_s", c->pulses_per_s},
                {"encoder_multiplier", c->multiplier},
                {"encoder_divider", c->divider},
                {"stretch", c->stretch},
                {"compute_ms", plan->plan.machine.compute_s * 1e3},
                {"busy_cores", c->busy_cores},
                {"collect_m", plan->collect_m}};
    bool ok = true;
    for (size_t i = 0; ok && i < AS_COUNT(rows); i++)
        ok = as_json_set(json, rows[i].key, as_plan_number(rows[i].value));
    return ok;
}

json_t *as_plan_line_json(const as_plan_line *plan)
{
    const as_plan_line_choice *c = &plan->best;
    json_t                    *json = json_object();
    const bool                 ok = as_json_set(json, "line", json_string(plan->plan.spec->line)) &&
                    as_json_set(json, "scan", json_string("line")) &&
                    as_json_set(json, "feasible", json_boolean(plan->plan.feasible)) && line_numbers(plan, json) &&
                    as_json_set(json, "cores", json_integer(plan->plan.machine.cores)) &&
                    as_json_set(json, "mount", json_string(as_plan_line_mount(c->circle_mm))) &&
                    as_json_set(json, "lamp", c->lamp ? json_string(c->lamp->name) : json_null()) &&
                    as_json_set(json, "link", c->link ? json_string(c->link->name) : json_null()) &&
                    as_json_set(json, "parts", as_plan_parts_json(&plan->plan.parts)) &&
                    as_plan_problems_json(&plan->plan, json);
    if (ok)
        return json;
    json_decref(json);
    return NULL;
}
