/* SPDX-License-Identifier: Apache-2.0 */
#include "spec/plan_line.h"

#include <math.h>
#include <stdio.h>

#define LINE_EPSILON 1e-9
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
    return c->circle_mm / share;
}

static bool line_lens(const as_plan_line *plan, as_plan_line_choice *c, double largest)
{
    double given = plan->spec->optics.distance_mm, pitch_mm = c->chip->pitch_um * 1e-3;
    c->distance_mm = given > 0 ? given : as_plan_distance_mm(c->focal_mm, largest);
    c->magnification = as_plan_magnification(c->focal_mm, c->distance_mm);
    c->pixel_mm = c->magnification > 0 ? pitch_mm / c->magnification : INFINITY;
    c->defect_px = plan->spec->optics.defect_mm / c->pixel_mm;
    c->seen_mm = c->chip->pixels * c->pixel_mm;
    double half = atan(c->circle_mm / 2.0 / (c->focal_mm * (1.0 + c->magnification)));
    return c->pixel_mm <= plan->pixel_mm * (1 + LINE_EPSILON) && c->magnification <= largest * (1 + LINE_EPSILON) &&
           half <= LINE_HALF_ANGLE && c->magnification <= 1.0;
}

static bool line_time(const as_plan_line *plan, as_plan_line_choice *c)
{
    const as_spec_optics *o = &plan->spec->optics;
    c->lines_per_s = o->belt_mm_per_s / c->pixel_mm;
    double blur = as_plan_exposure_s(o->max_blur_px, c->pixel_mm, o->belt_mm_per_s);
    c->longest_s = fmin(1.0 / c->lines_per_s, blur);
    c->exposure_s = o->exposure_us > 0 ? o->exposure_us * 1e-6 : c->longest_s;
    c->blur_px = as_plan_blur_px(o->belt_mm_per_s, c->exposure_s, c->pixel_mm);
    double made = as_plan_line_encoder(o->encoder_per_mm, 1.0 / c->pixel_mm, &c->multiplier, &c->divider);
    c->pulses_per_mm = o->encoder_per_mm;
    c->stretch = made * c->pixel_mm; /* more lines a millimetre: longer */
    return c->lines_per_s <= c->chip->lines_per_s;
}

static bool line_depth(const as_plan_line *plan, as_plan_line_choice *c)
{
    double        half = plan->spec->optics.height_mm / 2.0;
    as_plan_depth depth = as_plan_depth_of_field(c->focal_mm, c->f_number, c->chip->pitch_um * 1e-3, c->distance_mm);
    double        working = as_plan_working_number(c->f_number, c->magnification);
    c->depth_mm = depth.far_mm - depth.near_mm;
    c->airy_px = as_plan_airy_um(plan->spec->optics.wavelength_nm, working) / c->chip->pitch_um;
    return depth.near_mm <= c->distance_mm - half && depth.far_mm >= c->distance_mm + half &&
           c->airy_px <= c->defect_px * (1 + LINE_EPSILON);
}

static bool line_light(const as_plan_line *plan, as_plan_line_choice *c)
{
    const as_spec_optics *o = &plan->spec->optics;
    as_plan_light         light = {.reflectance = o->reflectance,
                                   .transmission = AS_PLAN_TRANSMISSION,
                                   .working_number = as_plan_working_number(c->f_number, c->magnification),
                                   .wavelength_nm = o->wavelength_nm,
                                   .pitch_um = c->chip->pitch_um,
                                   .exposure_s = c->exposure_s,
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
    return c->snr >= o->snr * (1 - LINE_EPSILON);
}

static as_plan_stage line_flow(const as_plan_line *plan, as_plan_line_choice *c)
{
    const as_spec *spec = plan->spec;
    uint32_t       bits = spec->bit_depth <= 8 ? 8 : spec->bit_depth <= 10 ? 10 : spec->bit_depth <= 12 ? 12 : 16;
    double         pixels = c->chip->pixels * c->lines_per_s;
    c->bytes_per_s = pixels * bits / 8.0;
    c->pixels_per_s = pixels * c->cameras;
    c->stored_bytes_per_day = c->pixels_per_s * (spec->bit_depth > 8 ? 2 : 1) * 3600.0 * spec->optics.hours_per_day;
    /* Squares as wide as the line, each of which the network sees as one frame. */
    c->busy_cores = c->lines_per_s / c->chip->pixels * c->cameras * plan->machine.compute_s;
    for (size_t i = 0; !c->link && as_plan_link_at(i); i++)
        if (c->bytes_per_s <= as_plan_link_at(i)->bytes_per_s)
            c->link = as_plan_link_at(i);
    if (!c->link)
        return AS_PLAN_LINK;
    bool busy = !isnan(c->busy_cores) && c->busy_cores > AS_PLAN_LOAD * AS_MAX(plan->machine.cores, 1U);
    return busy ? AS_PLAN_COMPUTE : AS_PLAN_FITS;
}

static as_plan_stage line_aperture(const as_plan_line *plan, as_plan_line_choice *c)
{
    const double        given = plan->spec->optics.f_number;
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
    if (c->cameras > plan->spec->optics.max_cameras)
        return AS_PLAN_PIXELS;
    if (!line_lens(plan, c, largest))
        return AS_PLAN_LENS;
    bool keeps_pace = line_time(plan, c);
    if (c->exposure_s > c->longest_s * (1 + LINE_EPSILON))
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
    const double given = plan->spec->optics.focal_mm;
    for (size_t i = 0; i < AS_COUNT(line_chips); i++) {
        bool fits = false;
        for (size_t k = 0; k < (given > 0 ? 1 : AS_COUNT(line_focals)); k++) {
            as_plan_line_choice c = {.chip = &line_chips[i], .busy_cores = NAN};
            c.focal_mm = given > 0 ? given : line_focals[k];
            c.stage = line_try(plan, &c);
            fits = fits || c.stage == AS_PLAN_FITS;
            if (!plan->best.chip || line_better(&c, &plan->best))
                plan->best = c;
        }
        plan->n_fit += fits;
        plan->n_tried++;
    }
    plan->feasible = plan->best.stage == AS_PLAN_FITS;
}

/* What is in the way, and which number would have to be which. */
static void line_why(as_plan_line *plan)
{
    const as_plan_line_choice *c = &plan->best;
    const as_spec_optics      *o = &plan->spec->optics;
    char                      *text = plan->problem;
    const size_t               cap = sizeof plan->problem;
    const double               fits = c->chip->lines_per_s * c->pixel_mm;
    switch (c->stage) {
    case AS_PLAN_PIXELS:
        snprintf(text, cap,
                 "%.0f pixels across %.5g mm are %u cameras of %u pixels, and optics.max_cameras is %u: set it to %u, "
                 "or product.defect_mm to %.3g",
                 plan->needs_px, plan->width_mm, c->cameras, c->chip->pixels, o->max_cameras, c->cameras,
                 plan->width_mm / (c->chip->pixels * (o->max_cameras * 0.95 + 0.05)) * o->defect_px * 1.01);
        return;
    case AS_PLAN_LENS:
        snprintf(
            text, cap,
            "no lens shows %.5g mm across with %.3g mm a pixel or less from %.5g mm: one of %g mm shows %.5g mm at "
            "%.3g mm a pixel; set optics.distance_mm to another value or leave it out",
            plan->width_mm, plan->pixel_mm, c->distance_mm, c->focal_mm, c->seen_mm, c->pixel_mm);
        return;
    case AS_PLAN_MOTION:
        snprintf(text, cap,
                 "%.5g us do not fit: a line of %.4g mm is due each %.4g us, and blur allows %.4g us: set "
                 "optics.exposure_us to %.4g or leave it out",
                 c->exposure_s * 1e6, c->pixel_mm, 1e6 / c->lines_per_s, c->longest_s * 1e6, c->longest_s * 1e6);
        return;
    case AS_PLAN_DEPTH:
        snprintf(text, cap,
                 "at F/%g it is sharp over %.3g mm of the %g mm of product.height_mm, with Airy's disc of %.3g pixels: "
                 "set product.height_mm to %.3g or less, or optics.distance_mm to more",
                 c->f_number, c->depth_mm, o->height_mm, c->airy_px, c->depth_mm * 0.9);
        return;
    case AS_PLAN_LIGHT:
        snprintf(text, cap,
                 "%.4g us at F/%g from %.4g lx make a signal over noise of %.3g, and optics.snr is %g: set "
                 "optics.light_lx to %.4g, or optics.snr to %.3g",
                 c->exposure_s * 1e6, c->f_number, c->light_lx, c->snr, o->snr,
                 c->light_lx * as_plan_electrons(o->snr, c->chip->dark_noise_e) / c->electrons, c->snr * 0.99);
        return;
    case AS_PLAN_PACE:
        snprintf(text, cap,
                 "%.6g lines a second are needed and a line of %u pixels takes %.6g: set station.belt_mm_per_s to "
                 "%.4g or less, or product.defect_mm to %.3g",
                 c->lines_per_s, c->chip->pixels, c->chip->lines_per_s, fits * 0.99,
                 o->belt_mm_per_s / c->chip->lines_per_s * o->defect_px * 1.01);
        return;
    case AS_PLAN_LINK:
        snprintf(text, cap,
                 "%.5g MB/s come from a camera, more than any link carries: set station.belt_mm_per_s to less",
                 c->bytes_per_s / 1e6);
        return;
    default:
        snprintf(text, cap,
                 "%.4g Mpx/s keep %.3g cores busy and this machine has %u: set station.belt_mm_per_s to %.4g or less",
                 c->pixels_per_s / 1e6, c->busy_cores, plan->machine.cores,
                 o->belt_mm_per_s * AS_PLAN_LOAD * plan->machine.cores / c->busy_cores);
    }
}

bool as_plan_line_make(const as_spec *spec, const as_plan_machine *machine, as_plan_line *ret, as_err *err)
{
    const double width = spec->optics.field_mm[1] > 0 ? spec->optics.field_mm[1] : spec->size_mm[1];
    if (!(spec->optics.defect_mm > 0))
        return AS_FAIL(err, AS_EINVAL,
                       "'%s' does not say how small a defect must be seen: add product.defect_mm in mm, or try one "
                       "with --defect",
                       spec->path);
    if (!(width > 0))
        return AS_FAIL(err, AS_EINVAL,
                       "'%s' does not say how wide the web is: add product.size_mm or optics.field_mm, whose second "
                       "number is across it, or try one with --field, as --field 1000x1600",
                       spec->path);
    if (!(spec->optics.belt_mm_per_s > 0))
        return AS_FAIL(err, AS_EINVAL,
                       "'%s' does not say how fast the web runs, and a line-scan camera sees nothing at rest: add "
                       "station.belt_mm_per_s, or try one with --belt",
                       spec->path);
    *ret = (as_plan_line){.spec = spec, .machine = *machine, .width_mm = width};
    ret->pixel_mm = as_plan_pixel_mm(spec->optics.defect_mm, spec->optics.defect_px);
    ret->needs_px = ceil(width / ret->pixel_mm - LINE_EPSILON);
    line_search(ret);
    if (!ret->feasible)
        line_why(ret);
    return true;
}

static json_t *line_number(double value)
{
    return isfinite(value) ? json_real(value) : json_null();
}

json_t *as_plan_line_json(const as_plan_line *plan)
{
    const as_plan_line_choice *c = &plan->best;
    const struct {
        const char *key;
        double      value;
    } rows[] = {{"width_mm", plan->width_mm},
                {"largest_pixel_mm", plan->pixel_mm},
                {"needs_px", plan->needs_px},
                {"sensor_px", c->chip->pixels},
                {"pitch_um", c->chip->pitch_um},
                {"cameras", c->cameras},
                {"focal_mm", c->focal_mm},
                {"f_number", c->f_number},
                {"distance_mm", c->distance_mm},
                {"image_circle_mm", c->circle_mm},
                {"pixel_mm", c->pixel_mm},
                {"defect_px", c->defect_px},
                {"seen_mm", c->seen_mm},
                {"lines_per_s", c->lines_per_s},
                {"longest_exposure_us", c->longest_s * 1e6},
                {"exposure_us", c->exposure_s * 1e6},
                {"blur_px", c->blur_px},
                {"light_lx", c->light_lx},
                {"area_light_lx", c->area_lx},
                {"snr", c->snr},
                {"bytes_per_s", c->bytes_per_s},
                {"stored_bytes_per_day", c->stored_bytes_per_day},
                {"pixels_per_s", c->pixels_per_s},
                {"lines_per_mm", 1.0 / c->pixel_mm},
                {"encoder_per_mm", c->pulses_per_mm},
                {"encoder_multiplier", c->multiplier},
                {"encoder_divider", c->divider},
                {"stretch", c->stretch},
                {"busy_cores", c->busy_cores}};
    json_t *json = json_object();
    bool    ok = as_json_set(json, "line", json_string(plan->spec->line)) &&
              as_json_set(json, "scan", json_string("line")) &&
              as_json_set(json, "feasible", json_boolean(plan->feasible));
    for (size_t i = 0; ok && i < AS_COUNT(rows); i++)
        ok = as_json_set(json, rows[i].key, line_number(rows[i].value));
    ok = ok && as_json_set(json, "link", c->link ? json_string(c->link->name) : json_null()) &&
         as_json_set(json, "problem", *plan->problem ? json_string(plan->problem) : json_null());
    if (ok)
        return json;
    json_decref(json);
    return NULL;
}
