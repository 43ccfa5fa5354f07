/* SPDX-License-Identifier: Apache-2.0 */
/* Where the pair that gets furthest fails, with its numbers. */
#include <math.h>

#include "spec/evidence.h"
#include "spec/plan_priv.h"

static void why_pixels(as_plan *plan)
{
    const as_plan_choice *c = &plan->best;
    as_plan_problem(
        plan,
        "%.0f x %.0f pixels are needed for %g on a defect of %g mm: %s%u cameras with the %s (%u x %u), and "
        "optics.max_cameras is %u",
        plan->needs_px[0], plan->needs_px[1], plan->spec->optics.defect_px, plan->spec->optics.defect_mm,
        as_plan_cameras(c) > AS_PLAN_MOST_CAMERAS ? "more than " : "",
        AS_MIN(as_plan_cameras(c), (uint32_t)AS_PLAN_MOST_CAMERAS), c->sensor->name, c->sensor->width,
        c->sensor->height, plan->spec->optics.max_cameras);
}

static void why_lens(as_plan *plan)
{
    const as_plan_choice *c = &plan->best;
    if (!(c->magnification > 0))
        as_plan_problem(
            plan,
            "a lens of %g mm makes no image of what is %.5g mm away: set optics.distance_mm to more than its "
            "focal length",
            c->lens.focal_mm, c->distance_mm);
    else if (c->extension_mm > 0 && c->magnification > c->lens.most)
        as_plan_problem(plan,
                        "%.5g mm on the part fill the %s at a magnification of %.3g, and a %s lens is good for %g: "
                        "set optics.field_mm to more, or take a microscope's lens, which is not planned here",
                        c->seen_mm[0], c->sensor->name, c->magnification,
                        c->lens.kind == AS_PLAN_LENS_MACRO ? "macro" : "common", c->lens.most);
    else if (!(plan->spec->optics.distance_mm > 0) && c->distance_mm > AS_PLAN_MOST_MM)
        as_plan_problem(
            plan,
            "no lens of the table shows the field of %g x %g mm on the %s from less than %g m, further than "
            "which nothing is planned: set optics.field_mm to less or optics.max_cameras to more",
            plan->field_mm[0], plan->field_mm[1], c->sensor->name, AS_PLAN_MOST_MM / 1000);
    else if (c->lens.kind == AS_PLAN_LENS_MACRO && c->magnification < AS_PLAN_LEAST_MACRO)
        as_plan_problem(plan,
                        "a macro lens of %g mm at 1:%.4g is far from what it is made for, 1:%g and more, and no common "
                        "lens does: set another optics.distance_mm, or leave it out",
                        c->lens.focal_mm, 1 / c->magnification, 1 / AS_PLAN_LEAST_MACRO);
    else if (c->defect_px < plan->spec->optics.defect_px * (1 - 1e-9))
        as_plan_problem(
            plan,
            "no lens brings it near enough: from %.5g mm one of %g mm puts %.3g pixels of the %s on a defect of "
            "%g mm in the furthest plane (%.5g mm away), not %g, and a longer one no longer sees the whole field in "
            "the "
            "nearest (%.5g mm)",
            c->distance_mm, c->lens.focal_mm, c->defect_px, c->sensor->name, plan->spec->optics.defect_mm,
            c->distance_mm + plan->spec->optics.height_mm / 2, plan->spec->optics.defect_px,
            c->distance_mm - plan->spec->optics.height_mm / 2);
    else
        as_plan_problem(
            plan,
            "no lens sees the whole field of %g x %g mm: from %.5g mm one of %g mm shows %.4g x %.4g mm of the "
            "nearest plane, %.5g mm away, to the %s, or looks more than 30 degrees aslant",
            plan->field_mm[0], plan->field_mm[1], c->distance_mm, c->lens.focal_mm, c->seen_mm[0], c->seen_mm[1],
            c->distance_mm - plan->spec->optics.height_mm / 2, c->sensor->name);
}

static void why_depth(as_plan *plan)
{
    const as_plan_choice *c = &plan->best;
    const double          height = plan->spec->optics.height_mm;
    const double          from = c->distance_mm - height / 2.0, to = c->distance_mm + height / 2.0;
    if (from <= 0)
        as_plan_problem(plan,
                        "a part %g mm high (product.height_mm), its middle in focus %.4g mm from the lens, would touch "
                        "the lens: more than %g mm are needed (optics.distance_mm)",
                        height, c->distance_mm, height / 2.0);
    else if (c->depth.near_mm > from || c->depth.far_mm < to)
        as_plan_problem(plan,
                        "at F/%g it is sharp from %.4g to %.4g mm, and a part %g mm high (product.height_mm) around "
                        "%.4g mm reaches from %.4g to %.4g",
                        c->f_number, c->depth.near_mm, c->depth.far_mm, height, c->distance_mm, from, to);
    else
        as_plan_problem(plan,
                        "at F/%g it is sharp over the whole height of %g mm, but Airy's disc is %.3g pixels then, more "
                        "than the %.3g of the smallest defect",
                        c->f_number, height, c->airy_px, c->defect_px);
}

static void why_light(as_plan *plan)
{
    const as_plan_choice *c = &plan->best;
    const as_spec_optics *o = &plan->spec->optics;
    double                most_e = c->sensor->pixel->full_well_e * fmin(o->reflectance / AS_PLAN_WHITE, 1.0);
    if (c->electrons > most_e * (1 + 1e-9))
        as_plan_problem(
            plan,
            "%.5g electrons from %g %% reflectance make white more than the %.5g that a pixel of the %s holds: "
            "signal over noise can be %.3g there at most",
            c->electrons, 100 * o->reflectance, c->sensor->pixel->full_well_e, c->sensor->name,
            as_plan_snr(most_e, c->sensor->pixel->dark_noise_e));
    else if (!(o->light_lx > 0))
        as_plan_problem(
            plan,
            "%.3g lx for %.5g us at F/%g would be needed, and the brightest class of light gives %.3g (full "
            "sun is 100,000): signal over noise would be %.3g with it, and optics.snr is %g",
            c->light_lx, c->exposure_s * 1e6, c->f_number, c->most_lx, c->snr, o->snr);
    else
        as_plan_problem(
            plan, "%g lx for %.5g us at F/%g make %.3g electrons: signal over noise is %.3g, and optics.snr is %g",
            c->light_lx, c->exposure_s * 1e6, c->f_number, c->electrons, c->snr, o->snr);
}

static void why_late(as_plan *plan)
{
    const as_plan_choice *c = &plan->best;
    as_plan_problem(
        plan,
        "%.3g ms of exposure, %.3g of readout and transfer and %.3g of network make %.3g ms: station.deadline_ms "
        "is %g",
        c->exposure_s * 1e3, fmax(c->readout_s, c->transfer_s) * 1e3,
        (c->latency_s - c->exposure_s - fmax(c->readout_s, c->transfer_s)) * 1e3, c->latency_s * 1e3,
        (double)plan->spec->deadline_ns / (double)AS_NS_PER_MS);
}

/* With one error in a hundred allowed, instead of none. */
#define WHY_LIMIT 0.01

void as_plan_unproven(as_plan *plan)
{
    for (size_t i = 0; i < plan->parts.n; i++) {
        const as_plan_need    *need = &plan->parts.need[i];
        const as_requirement  *req = need->req;
        const as_measure_info *info = as_measure_info_of(req->measure);
        char                   words[160];
        const char            *key = "at_least: 0.99";
        if (!need->unprovable)
            continue;
        plan->n_unproven++;
        plan->feasible = false;
        if (info && info->kind == AS_MEASURE_KIND_QUANTILE)
            key = "quantile: 0.99";
        else if (!isnan(req->at_most))
            key = "at_most: 1 %";
        if (req->measure == AS_MEASURE_AUROC)
            as_plan_problem(plan,
                            "%s, %.100s at %g %%: no number of parts proves that, however few errors there are; %s",
                            req->id, as_requirement_text(req, words), 100 * req->confidence, "write at_least: 0.99");
        else
            as_plan_problem(plan,
                            "%s, %.100s at %g %%: no number of parts proves that, not even one without an error; write "
                            "%s, which %llu %s without an error prove",
                            req->id, as_requirement_text(req, words), 100 * req->confidence, key,
                            (unsigned long long)as_interval_more_needed(0, 0, WHY_LIMIT, false, req->confidence),
                            as_plan_kind_text(need->kind));
    }
}

void as_plan_why(as_plan *plan)
{
    const as_plan_choice *c = &plan->best;
    switch (c->stage) {
    case AS_PLAN_PIXELS: why_pixels(plan); return;
    case AS_PLAN_LENS: why_lens(plan); return;
    case AS_PLAN_DEPTH: why_depth(plan); return;
    case AS_PLAN_LIGHT: why_light(plan); return;
    case AS_PLAN_DEADLINE: why_late(plan); return;
    case AS_PLAN_MOTION:
        as_plan_problem(plan, "in %.5g us the part%s moves %.3g pixels of %.3g mm, and optics.max_blur_px is %g",
                        c->exposure_s * 1e6, plan->spec->optics.height_mm > 0 ? "'s top" : "", c->blur_px,
                        c->pixel_near_mm, plan->spec->optics.max_blur_px);
        return;
    case AS_PLAN_PACE:
        as_plan_problem(plan, "%.5g frames a second are needed, and the %s takes %g", plan->frames_per_s,
                        c->sensor->name, c->sensor->frames_per_s);
        return;
    case AS_PLAN_LINK:
        as_plan_problem(plan, "%.4g MB/s come from a camera, more than any link carries", c->bytes_per_s / 1e6);
        return;
    case AS_PLAN_COMPUTE:
        as_plan_problem(plan, "%.4g frames a second of %.3g ms each keep %.3g cores busy, and this machine has %u",
                        plan->frames_per_s * as_plan_cameras(c), c->compute_s * 1e3, c->busy_cores,
                        plan->machine.cores);
        return;
    case AS_PLAN_NONE:
    case AS_PLAN_SHUTTER:
    case AS_PLAN_FITS: as_plan_problem(plan, "%s", as_plan_stage_text(c->stage)); return;
    }
}
