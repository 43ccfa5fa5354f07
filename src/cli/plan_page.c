/* SPDX-License-Identifier: Apache-2.0 */
/* A plan as one self-contained page, and its drawing. */
#include <math.h>
#include <string.h>

#include "cli/plan_page.h"
#include "page/html.h"
#include "page/page.h"
#include "page/plot.h"
#include "page/setup.h"
#include "page/text.h"
#include "spec/evidence.h"

#define TIMES       "\xC3\x97"
#define MICRO       "\xC2\xB5"
#define PLOT_POINTS 49

/* --- the drawing --- */

typedef struct page_labels {
    char camera[96], lens[96], light[64], belt[64], distance[64], depth[64], field[96], defect[64], title[128];
} page_labels;

void as_plan_page_light(as_plan_stage stage, double lux, double exposure_s, char text[64])
{
    char a[48], b[48];
    if (stage > AS_PLAN_DEPTH)
        snprintf(text, 64, "%s lx for %s " MICRO "s", as_plan_say_number(lux, a),
                 as_plan_say_number(exposure_s * 1e6, b));
    else
        snprintf(text, 64, "for %s " MICRO "s", as_plan_say_number(exposure_s * 1e6, b));
}

static void page_labels_of(const as_plan *plan, page_labels *l)
{
    const as_plan_choice *c = &plan->best;
    char                  a[48], b[48], lens[80];
    snprintf(l->title, sizeof l->title, "A camera over the belt of line %.63s, to scale", plan->spec->line);
    snprintf(l->camera, sizeof l->camera, "%s, %u " TIMES " %u, %s " MICRO "m", c->sensor->name, c->sensor->width,
             c->sensor->height, as_plan_say_number(c->sensor->pixel->pitch_um, a));
    snprintf(l->lens, sizeof l->lens, "%s at F/%s", as_plan_lens_text(c, lens), as_plan_say_number(c->f_number, b));
    as_plan_page_light(c->stage, c->light_lx, c->exposure_s, l->light);
    snprintf(l->belt, sizeof l->belt, "%s mm/s", as_plan_say_number(plan->spec->optics.belt_mm_per_s, a));
    snprintf(l->distance, sizeof l->distance, "%s mm", as_plan_say_number(c->distance_mm, a));
    if (isinf(c->depth.far_mm))
        snprintf(l->depth, sizeof l->depth, "sharp from %s mm on", as_plan_say_number(c->depth.near_mm, a));
    else
        snprintf(l->depth, sizeof l->depth, "sharp over %s mm",
                 as_plan_say_number(c->depth.far_mm - c->depth.near_mm, a));
    snprintf(l->field, sizeof l->field, "%s mm seen of its top, %s needed",
             as_plan_say_number(c->seen_mm[0] * (c->cameras[0] * (1 - AS_PLAN_OVERLAP) + AS_PLAN_OVERLAP), a),
             as_plan_say_number(plan->field_mm[0], b));
    snprintf(l->defect, sizeof l->defect, "%s mm", as_plan_say_number(plan->spec->optics.defect_mm, a));
}

static bool page_can_draw(const as_plan *plan)
{
    return plan->best.stage > AS_PLAN_LENS;
}

static void page_draw(const as_plan *plan, as_str *out, bool alone)
{
    const as_plan_choice *c = &plan->best;
    const double          wider = c->pixel_mm / c->pixel_near_mm;
    page_labels           l;
    page_labels_of(plan, &l);
    as_setup setup = {.title = l.title,
                      .camera = l.camera,
                      .lens = l.lens,
                      .light = l.light,
                      .belt = plan->spec->optics.belt_mm_per_s > 0 ? l.belt : NULL,
                      .distance = l.distance,
                      .depth = l.depth,
                      .field = l.field,
                      .defect = l.defect,
                      .distance_mm = c->distance_mm,
                      .near_mm = c->depth.near_mm,
                      .far_mm = c->depth.far_mm,
                      .field_mm = {plan->field_mm[0], plan->field_mm[1]},
                      .seen_mm = {c->seen_mm[0] * wider, c->seen_mm[1] * wider}, /* where it is in focus */
                      .cameras = {c->cameras[0], c->cameras[1]},
                      .part_mm = {plan->spec->size_mm[0], plan->spec->size_mm[1]},
                      .height_mm = plan->spec->optics.height_mm,
                      .pitch_mm = plan->pitch_mm,
                      .defect_mm = plan->spec->optics.defect_mm,
                      .pixel_mm = c->pixel_near_mm, /* as the blur */
                      .airy_px = c->airy_px,
                      .blur_px = c->blur_px};
    as_setup_add(out, &setup, alone);
}

bool as_plan_svg(const as_plan *plan, as_str *out, as_err *err)
{
    if (!page_can_draw(plan))
        return AS_FAIL(err, AS_EINVAL, "there is no set-up to draw: %s", plan->problems[plan->n_problems - 1]);
    page_draw(plan, out, true);
    return as_str_ok(out) || AS_FAIL(err, AS_ENOMEM, "out of memory");
}

/* --- the page --- */

void as_plan_page_head(const as_plan *plan, const char *fits, as_str *out)
{
    const as_spec *spec = plan->spec;
    as_html_addf(out, "<p class=\"kicker\">plan</p>\n<h1 class=\"name\">%s</h1>\n", spec->line);
    if (*spec->goal)
        as_html_addf(out, "<p class=\"goal\">%s</p>\n", spec->goal);
    as_html_addf(out, "<div class=\"verdict %s\"><p class=\"sign\">%s</p><div><h2>%s</h2>",
                 plan->feasible ? "good" : "bad", plan->feasible ? "\xE2\x9C\x93" : "\xE2\x9C\x95",
                 plan->feasible ? "Feasible" : "Not feasible as it stands");
    if (plan->feasible)
        as_html_addf(out, "<p>%s</p>", fits);
    for (size_t i = 0; i < plan->n_problems; i++)
        as_html_addf(out, "<p>%s</p>", plan->problems[i]);
    as_str_add(out, "</div></div>\n");
}

static void page_tiles(const as_plan *plan, as_str *out)
{
    const as_plan_choice *c = &plan->best;
    char                  value[96], note[96], a[48], b[48];
    if (!page_can_draw(plan))
        return;
    as_str_add(out, "<dl class=\"tiles\">\n");
    snprintf(value, sizeof value, "%s mm", as_plan_say_number(c->pixel_mm, a));
    snprintf(note, sizeof note, "%s on the smallest defect at its bottom", as_plan_say_number(c->defect_px, a));
    as_page_tile(out, "a pixel on the part", value, note);
    snprintf(value, sizeof value, "%s mm F/%s", as_plan_say_number(c->lens.focal_mm, a),
             as_plan_say_number(c->f_number, b));
    snprintf(note, sizeof note, "from %s mm, %u %s", as_plan_say_number(c->distance_mm, a), as_plan_cameras(c),
             as_plan_cameras(c) == 1 ? "camera" : "cameras");
    as_page_tile(out, "lens", value, note);
    snprintf(value, sizeof value, "%s lx", c->stage > AS_PLAN_DEPTH ? as_plan_say_number(c->light_lx, a) : "-");
    snprintf(note, sizeof note, "for %s " MICRO "s", as_plan_say_number(c->exposure_s * 1e6, a));
    as_page_tile(out, "light", value, note);
    snprintf(value, sizeof value, "%s bad", as_plan_say_number((double)plan->parts.accept_bad, a));
    snprintf(note, sizeof note, "and %s good parts at acceptance",
             as_plan_say_number((double)plan->parts.accept_good, a));
    as_page_tile(out, "to prove it", value, note);
    as_str_add(out, "</dl>\n");
}

static void page_drawing(const as_plan *plan, as_str *out)
{
    if (!page_can_draw(plan))
        return;
    as_page_section(out, "set-up", "The set-up", NULL);
    as_page_figure(out, "Camera, lens, light, belt and part");
    page_draw(plan, out, false);
    as_page_figure_end(
        out, "Distances, field, part and the band in which it is sharp are to scale; camera and lens have the "
             "size of usual ones. Each square of the defect is as red as so much of the pixel is covered by "
             "it while it moves.");
    as_str_add(out, "</section>\n");
}

void as_plan_page_rows(const as_plan_row *rows, size_t n, as_str *out)
{
    as_page_section(out, "numbers", "The numbers",
                    "Each follows from assay.yaml and the row above; the last section says how.");
    as_str_add(out, "<figure><div class=\"scroll\"><table><tbody>\n");
    for (size_t i = 0; i < n; i++)
        as_html_addf(out, "<tr><th scope=\"row\">%s</th><td><b>%s</b></td><td class=\"soft\">%s</td></tr>\n",
                     rows[i].name, rows[i].value, rows[i].why);
    as_str_add(out, "</tbody></table></div></figure>\n</section>\n");
}

void as_plan_page_number(as_str *out, double value)
{
    char text[48];
    as_html_addf(out, "<td class=\"n\">%s</td>", as_plan_say_number(value, text));
}

static void page_choices(const as_plan *plan, as_str *out)
{
    if (plan->n_choices == 0)
        return;
    as_page_section(out, "sensors", "Sensors that fit", "With the lens that suits each best, the simplest first.");
    as_str_add(out, "<figure><div class=\"scroll\"><table><thead><tr><th>sensor</th><th class=\"n\">pixels</th>"
                    "<th class=\"n\">" MICRO
                    "m</th><th>shutter</th><th class=\"n\">cameras</th><th class=\"n\">lens, mm</th>"
                    "<th class=\"n\">F/</th><th class=\"n\">distance, mm</th><th class=\"n\">mm a pixel</th>"
                    "<th class=\"n\">light, lx</th><th>link</th></tr></thead><tbody>\n");
    for (size_t i = 0; i < plan->n_choices; i++) {
        const as_plan_choice *c = &plan->choices[i];
        as_html_addf(out,
                     "<tr><th scope=\"row\"><b>%s</b> <span class=\"soft\">%s</span></th><td class=\"n\">%u " TIMES
                     " %u</td>",
                     c->sensor->name, c->sensor->maker, c->sensor->width, c->sensor->height);
        as_plan_page_number(out, c->sensor->pixel->pitch_um);
        as_html_addf(out, "<td>%s</td><td class=\"n\">%u</td>", as_chip_shutter_name(c->sensor->shutter),
                     as_plan_cameras(c));
        as_plan_page_number(out, c->lens.focal_mm);
        as_plan_page_number(out, c->f_number);
        as_plan_page_number(out, c->distance_mm);
        as_plan_page_number(out, c->pixel_mm);
        as_plan_page_number(out, c->light_lx);
        as_html_addf(out, "<td>%s</td></tr>\n", c->link->name);
    }
    as_str_add(out, "</tbody></table></div></figure>\n</section>\n");
}

static void page_lenses(const as_plan *plan, as_str *out)
{
    const as_chip *sensor = plan->best.sensor;
    if (!sensor)
        return;
    as_html_addf(out, "<section id=\"lenses\">\n<h2>Lenses before the %s</h2>\n", sensor->name);
    as_str_add(out,
               "<figure><div class=\"scroll\"><table><thead><tr><th class=\"n\">focal length, mm</th><th class=\"n\">"
               "distance, mm</th><th class=\"n\">pixels on the defect</th><th class=\"n\">seen, mm</th><th></th></tr>"
               "</thead><tbody>\n");
    for (size_t i = 0; as_plan_lens_at(i); i++) {
        as_plan_choice c = as_plan_try(plan, sensor, as_plan_lens_at(i));
        char           a[48], b[48];
        if (c.stage < AS_PLAN_LENS)
            continue;
        as_str_add(out, "<tr>");
        as_plan_page_number(out, c.lens.focal_mm);
        as_plan_page_number(out, c.distance_mm);
        as_plan_page_number(out, c.defect_px);
        as_html_addf(out, "<td class=\"n\">%s " TIMES " %s</td>", as_plan_say_number(c.seen_mm[0], a),
                     as_plan_say_number(c.seen_mm[1], b));
        as_html_addf(out, "<td class=\"%s\">%s</td></tr>\n", c.stage == AS_PLAN_FITS ? "standing good" : "soft",
                     as_plan_stage_text(c.stage));
    }
    as_str_add(out, "</tbody></table></div></figure>\n</section>\n");
}

/* One plot over the aperture: what it shows at each stop, what is wanted, and the stop that was chosen. */
static void page_stops(const as_plan *plan, as_str *out, const char *label, double *values, double wanted,
                       const char *wanted_text)
{
    double  stops[PLOT_POINTS], high = wanted, most = wanted;
    char    chosen[64], text[48];
    as_plot plot = {.out = out, .title = label, .x = {.label = "F-number", .low = 1.4, .high = 16, .log = true}};
    for (size_t i = 0; i < PLOT_POINTS; i++) {
        stops[i] = 1.4 * pow(16 / 1.4, (double)i / (PLOT_POINTS - 1));
        most = stops[i] <= plan->best.f_number && isfinite(values[i]) ? fmax(most, values[i]) : most;
    }
    for (size_t i = 0; i < PLOT_POINTS; i++) {
        if (values[i] > 3 * most) /* towards the hyperfocal distance it has no end, and would flatten the rest */
            values[i] = NAN;
        high = isfinite(values[i]) ? fmax(high, values[i]) : high;
    }
    plot.y = (as_plot_axis){.label = label, .low = 0, .high = high * 1.08};
    as_plot_begin(&plot);
    as_plot_line(&plot, "s1", stops, values, PLOT_POINTS, true);
    if (wanted > 0)
        as_plot_mark_y(&plot, "bad", wanted, wanted_text);
    snprintf(chosen, sizeof chosen, "F/%s", as_plan_say_number(plan->best.f_number, text));
    as_plot_mark_x(&plot, "point", plan->best.f_number, chosen, 1);
    as_plot_end(&plot);
}

static void page_aperture(const as_plan *plan, as_str *out)
{
    const as_plan_choice *c = &plan->best;
    double                depth[PLOT_POINTS], airy[PLOT_POINTS];
    if (c->stage <= AS_PLAN_MOTION)
        return;
    for (size_t i = 0; i < PLOT_POINTS; i++) {
        double        stop = 1.4 * pow(16 / 1.4, (double)i / (PLOT_POINTS - 1));
        as_plan_depth d =
            as_plan_depth_of_field(c->lens.focal_mm, stop, c->sensor->pixel->pitch_um * 1e-3, c->distance_mm);
        depth[i] = d.far_mm - d.near_mm;
        airy[i] = as_plan_airy_um(plan->spec->optics.wavelength_nm, as_plan_working_number(stop, c->magnification)) /
                  c->sensor->pixel->pitch_um;
    }
    as_page_section(
        out, "aperture", "The aperture",
        "Closed further, more of the height is sharp, and diffraction blurs all of it; and each stop takes twice "
        "the light.");
    as_str_add(out, "<div class=\"pair\">\n");
    as_page_figure(out, "Depth of field");
    page_stops(plan, out, "mm", depth, plan->spec->optics.height_mm, "height of the part");
    as_page_figure_end(out, "Where a point stays within one pixel. It must hold the part's height.");
    as_page_figure(out, "Airy\xE2\x80\x99s disc");
    page_stops(plan, out, "pixels", airy, c->defect_px, "the smallest defect");
    as_page_figure_end(out, "To its first dark ring. As large as the defect it would hide it.");
    as_str_add(out, "</div>\n</section>\n");
}

static void page_count(as_str *out, uint64_t n)
{
    char text[48];
    as_html_addf(out, "<td class=\"n\">%s</td>", as_plan_say_count(n, text));
}

static void page_mix(const as_plan *plan, as_str *out)
{
    if (!plan->parts.mix_counts)
        return;
    if (isnan(plan->spec->optics.bad_share))
        as_str_add(out,
                   "<figcaption>Precision is proven for as many good parts as bad ones: with product.bad_share, for "
                   "the line\xE2\x80\x99s own mix.</figcaption>");
    else
        as_html_addf(out,
                     "<figcaption>Precision is proven for the line\xE2\x80\x99s own mix, %.3g %% bad.</figcaption>",
                     100 * plan->spec->optics.bad_share);
}

void as_plan_page_parts(const as_plan *plan, double collect_m, as_str *out)
{
    const as_plan_parts *parts = &plan->parts;
    char                 words[160], a[48], b[48], d[48];
    as_page_section(out, "parts", "Parts that prove it",
                    "Without an error: the fewest. Likely: when errors are half as often as allowed; chance still "
                    "brings more of them "
                    "now and then, and so many parts prove it so often, and others 9 times of 10. To collect: so that "
                    "the test split "
                    "alone holds the likely number.");
    as_str_add(out,
               "<figure><div class=\"scroll\"><table><thead><tr><th></th><th>requirement</th><th class=\"n\">sure</th>"
               "<th class=\"n\">without an error</th><th class=\"n\">likely</th><th class=\"n\">errors in it</th>"
               "<th class=\"n\">proves it</th><th class=\"n\">9 in 10</th>"
               "<th class=\"n\">to collect</th><th>of</th></tr></thead><tbody>\n");
    for (size_t i = 0; i < parts->n; i++) {
        const as_plan_need *need = &parts->need[i];
        as_html_addf(out, "<tr><th scope=\"row\"><b>%s</b></th><td>%s</td><td class=\"n\">%.4g %%</td>", need->req->id,
                     as_requirement_text(need->req, words), 100 * need->req->confidence);
        page_count(out, need->clean);
        page_count(out, need->likely);
        page_count(out, need->errors);
        if (need->chance > 0)
            as_html_addf(out, "<td class=\"n\">%.0f %%</td>", 100 * need->chance);
        else
            as_str_add(out, "<td class=\"n\">-</td>");
        page_count(out, need->sure);
        page_count(out, need->collect);
        as_html_addf(out, "<td class=\"soft\">%s</td></tr>\n", as_plan_kind_text(need->kind));
    }
    as_str_add(out, "</tbody></table></div>");
    if (!isnan(parts->collect_parts))
        as_html_addf(out, "<figcaption>With %.3g %% bad ones that is what %s parts hold%s%s%s%s%s%s.</figcaption>",
                     100 * plan->spec->optics.bad_share, as_plan_say_number(parts->collect_parts, a),
                     isnan(collect_m) ? "" : ", ", isnan(collect_m) ? "" : as_plan_say_number(collect_m, d),
                     isnan(collect_m) ? "" : " m of web", isnan(parts->collect_days) ? "" : ": ",
                     isnan(parts->collect_days) ? "" : as_plan_say_number(parts->collect_days, b),
                     isnan(parts->collect_days) ? "" : " days of the line");
    page_mix(plan, out);
    as_str_add(out, "</figure>\n</section>\n");
}

void as_plan_page_advice(const as_plan *plan, as_str *out)
{
    char text[AS_PLAN_SAY_ADVICE_BYTES];
    if (plan->n_problems == plan->n_unproven) /* what to write is said with each requirement */
        return;
    as_page_section(out, "change", "What to change",
                    plan->n_advice ? plan->n_unproven ? "Any one of these mends camera and line."
                                                      : "Any one of these, alone, makes it feasible."
                                   : "No single number mends it: change several, beginning with what is said above.");
    as_str_add(out, "<ul class=\"rules\">\n");
    for (size_t i = 0; i < plan->n_advice; i++)
        as_html_addf(out, "<li>%s</li>\n", as_plan_say_advice(&plan->advice[i], text));
    as_str_add(out, plan->n_advice ? "</ul>\n</section>\n" : "<li>assay.yaml as it is</li></ul>\n</section>\n");
}

void as_plan_page_sources(as_str *out)
{
    static const struct {
        const char *what, *formula, *source;
    } rows[] = {
        {"pixel on the part", "defect / pixels wanted; two are the least", "Shannon, Proc. IRE 37, 1949"},
        {"magnification", "f / (distance - f)", "Hecht, Optics, section 5.2.3"},
        {"depth of field", "s (H - f) / (H + s - 2f) to s (H - f) / (H - s), H = f\xC2\xB2 / (N c) + f, c a pixel",
         "Ray, Applied Photographic Optics, section 22.2"},
        {"Airy's disc", "2.44 \xCE\xBB N (1 + m)", "Hecht, section 10.2.5"},
        {"blur", "speed \xC2\xB7 exposure / pixel on the part", "geometry"},
        {"light on the sensor", "E R T / (4 (N (1 + m))\xC2\xB2)",
         "Holst and Lomheim, CMOS/CCD Sensors and Camera Systems, 3.2"},
        {"photons", "E / (683 V(\xCE\xBB)) \xC2\xB7 area \xC2\xB7 time \xC2\xB7 \xCE\xBB / (h c)",
         "EMVA 1288 R4.0, equation 2; SI; CIE 018:2019"},
        {"signal over noise", "\xCE\xBC / \xE2\x88\x9A(\xCE\xBC + dark\xC2\xB2)", "EMVA 1288 R4.0, section 2.3"},
        {"light that can be had", "classes, in round numbers; full sun is 100,000 lx", "lights' data sheets decide"},
        {"lines a second", "speed / pixel on the web; exposed for one line at most", "geometry"},
        {"stages (TDI)", "n times the signal, one dark noise; (n - 1) |stretch - 1| pixels of smear",
         "Holst and Lomheim, 3.4"},
        {"network", "time of its input, times the pixels that a defect asks for over the pixels of that input",
         "measured"},
        {"parts for a rate", "exact one-sided bound", "Clopper and Pearson, Biometrika 26, 1934"},
        {"parts for an area under the curve", "its standard error", "Hanley and McNeil, Radiology 143, 1982"},
    };
    as_page_section(
        out, "sources", "How it is worked out",
        "Lenses are thin ones; light is counted as if all of it had one wavelength. Sensors, lenses and links are "
        "tables of public data; those of cameras differ by some per cent.");
    as_str_add(out, "<figure><div class=\"scroll\"><table><tbody>\n");
    for (size_t i = 0; i < AS_COUNT(rows); i++)
        as_html_addf(out, "<tr><th scope=\"row\">%s</th><td>%s</td><td class=\"soft\">%s</td></tr>\n", rows[i].what,
                     rows[i].formula, rows[i].source);
    as_str_add(out, "</tbody></table></div></figure>\n</section>\n");
}

bool as_plan_page(const as_plan *plan, const char *network, as_str *out, as_err *err)
{
    char        title[96], fits[96];
    as_plan_row rows[AS_PLAN_MOST_ROWS];
    snprintf(title, sizeof title, "Plan of %.63s", plan->spec->line);
    snprintf(fits, sizeof fits, "%zu of %zu sensors fit; the simplest is shown.", plan->n_choices, plan->n_tried);
    as_page_begin(out, title);
    as_plan_page_head(plan, fits, out);
    page_tiles(plan, out);
    page_drawing(plan, out);
    as_plan_page_advice(plan, out);
    as_plan_page_rows(rows, as_plan_say_rows(plan, network, rows), out);
    page_aperture(plan, out);
    page_choices(plan, out);
    page_lenses(plan, out);
    as_plan_page_parts(plan, NAN, out);
    as_plan_page_sources(out);
    as_page_end(out);
    return as_str_ok(out) || AS_FAIL(err, AS_ENOMEM, "out of memory");
}
