/* SPDX-License-Identifier: Apache-2.0 */
/* A plan of line-scan cameras as one self-contained page, and its drawing. */
#include <math.h>
#include <stdio.h>

#include "cli/plan_page.h"
#include "page/html.h"
#include "page/page.h"
#include "page/setup.h"
#include "page/text.h"

#define TIMES "\xC3\x97"
#define MICRO "\xC2\xB5"

typedef struct line_labels {
    char title[128], camera[96], lens[96], light[64], belt[64], distance[64], depth[64], field[96], defect[64];
} line_labels;

static void line_labels_of(const as_plan_line *plan, line_labels *l)
{
    const as_plan_line_choice *c = &plan->best;
    char                       a[48], b[48];
    snprintf(l->title, sizeof l->title, "Line-scan cameras over the web of line %.63s, to scale",
             plan->plan.spec->line);
    snprintf(l->camera, sizeof l->camera, "%u " TIMES " line of %s, %g " MICRO "m", c->cameras,
             as_plan_say_number(c->chip->pixels, a), c->chip->pitch_um);
    snprintf(l->lens, sizeof l->lens, "%g mm at F/%g, mount %s", c->focal_mm, c->f_number,
             as_plan_line_mount(c->circle_mm));
    as_plan_page_light(c->stage, c->light_lx, c->exposure_s, l->light);
    snprintf(l->belt, sizeof l->belt, "%s mm/s, %s lines/s",
             as_plan_say_number(plan->plan.spec->optics.belt_mm_per_s, a), as_plan_say_number(c->lines_per_s, b));
    snprintf(l->distance, sizeof l->distance, "%s mm", as_plan_say_number(c->distance_mm, a));
    snprintf(l->depth, sizeof l->depth, "sharp over %s mm", as_plan_say_number(c->depth.far_mm - c->depth.near_mm, a));
    if (c->cameras > 1)
        snprintf(l->field, sizeof l->field, "%s mm of web, %s seen by each", as_plan_say_number(plan->width_mm, a),
                 as_plan_say_number(c->seen_mm, b));
    else
        snprintf(l->field, sizeof l->field, "%s mm of web, %s seen", as_plan_say_number(plan->width_mm, a),
                 as_plan_say_number(c->seen_mm, b));
    snprintf(l->defect, sizeof l->defect, "%s mm", as_plan_say_number(plan->plan.spec->optics.defect_mm, a));
}

static bool line_can_draw(const as_plan_line *plan)
{
    return plan->best.stage > AS_PLAN_MOTION;
}

static void line_draw(const as_plan_line *plan, as_str *out, bool alone)
{
    const as_plan_line_choice *c = &plan->best;
    line_labels                l;
    line_labels_of(plan, &l);
    as_setup setup = {.title = l.title,
                      .camera = l.camera,
                      .lens = l.lens,
                      .light = l.light,
                      .belt = l.belt,
                      .distance = l.distance,
                      .depth = l.depth,
                      .field = l.field,
                      .defect = l.defect,
                      .distance_mm = c->distance_mm,
                      .near_mm = c->depth.near_mm,
                      .far_mm = c->depth.far_mm,
                      .field_mm = {c->pixel_mm, plan->width_mm},
                      .seen_mm = {c->pixel_mm, c->seen_mm},
                      .cameras = {1, c->cameras},
                      .height_mm = plan->plan.spec->optics.height_mm,
                      .defect_mm = plan->plan.spec->optics.defect_mm,
                      .pixel_mm = c->pixel_mm,
                      .airy_px = c->airy_px,
                      .blur_px = hypot(c->blur_px, c->smear_px)};
    as_setup_web_add(out, &setup, alone);
}

bool as_plan_line_svg(const as_plan_line *plan, as_str *out, as_err *err)
{
    if (!line_can_draw(plan))
        return AS_FAIL(err, AS_EINVAL, "there is no set-up to draw: %s", plan->plan.problems[0]);
    line_draw(plan, out, true);
    return as_str_ok(out) || AS_FAIL(err, AS_ENOMEM, "out of memory");
}

/* --- the page --- */

static void line_tiles(const as_plan_line *plan, as_str *out)
{
    const as_plan_line_choice *c = &plan->best;
    char                       value[96], note[96], a[48], b[48];
    as_str_add(out, "<dl class=\"tiles\">\n");
    snprintf(value, sizeof value, "%s mm", as_plan_say_number(c->pixel_mm, a));
    snprintf(note, sizeof note, "%s on the smallest defect, %s lines/s", as_plan_say_number(c->defect_px, a),
             as_plan_say_number(c->lines_per_s, b));
    as_page_tile(out, "a pixel on the web", value, note);
    snprintf(value, sizeof value, "%g mm F/%g", c->focal_mm, c->f_number);
    snprintf(note, sizeof note, "from %s mm, %u %s", as_plan_say_number(c->distance_mm, a), c->cameras,
             c->cameras == 1 ? "camera" : "cameras");
    as_page_tile(out, "lens", value, note);
    snprintf(value, sizeof value, "%s lx", c->stage > AS_PLAN_DEPTH ? as_plan_say_number(c->light_lx, a) : "-");
    snprintf(note, sizeof note, "for %s " MICRO "s: %s", as_plan_say_number(c->exposure_s * 1e6, a),
             c->lamp                     ? c->lamp->name
             : c->stage == AS_PLAN_LIGHT ? "more than there is"
                                         : "not worked out");
    as_page_tile(out, "light", value, note);
    snprintf(value, sizeof value, "%s bad", as_plan_say_number((double)plan->plan.parts.accept_bad, a));
    snprintf(note, sizeof note, "and %s good parts at acceptance",
             as_plan_say_number((double)plan->plan.parts.accept_good, a));
    as_page_tile(out, "to prove it", value, note);
    as_str_add(out, "</dl>\n");
}

static void line_drawing(const as_plan_line *plan, as_str *out)
{
    as_page_section(out, "set-up", "The set-up", NULL);
    as_page_figure(out, "Cameras, lens, light and web");
    line_draw(plan, out, false);
    as_page_figure_end(out,
                       "Distances, web, and the band in which it is sharp are to scale on the left; cameras and lenses "
                       "have the size of usual ones. Each square of the defect is as red as so much of the pixel is "
                       "covered by it while the web moves.");
    as_str_add(out, "</section>\n");
}

static void line_choices(const as_plan_line *plan, as_str *out)
{
    if (plan->n_choices == 0)
        return;
    as_page_section(out, "sensors", "Lines that fit",
                    "Classes of sensors, with the lens that suits each best, the simplest first.");
    as_str_add(out, "<figure><div class=\"scroll\"><table><thead><tr><th class=\"n\">pixels</th><th class=\"n\">" MICRO
                    "m</th><th class=\"n\">cameras</th><th class=\"n\">lens, mm</th><th class=\"n\">F/</th>"
                    "<th class=\"n\">distance, mm</th><th class=\"n\">mm a pixel</th><th class=\"n\">lines/s</th>"
                    "<th class=\"n\">light, lx</th><th>mount</th><th>link</th></tr></thead><tbody>\n");
    for (size_t i = 0; i < plan->n_choices; i++) {
        const as_plan_line_choice *c = &plan->choices[i];
        const double numbers[] = {c->chip->pixels, c->chip->pitch_um, c->cameras,     c->focal_mm, c->f_number,
                                  c->distance_mm,  c->pixel_mm,       c->lines_per_s, c->light_lx};
        as_str_add(out, "<tr>");
        for (size_t k = 0; k < AS_COUNT(numbers); k++)
            as_plan_page_number(out, numbers[k]);
        as_html_addf(out, "<td>%s</td><td>%s</td></tr>\n", as_plan_line_mount(c->circle_mm), c->link->name);
    }
    as_str_add(out, "</tbody></table></div></figure>\n</section>\n");
}

bool as_plan_line_page(const as_plan_line *plan, const char *network, as_str *out, as_err *err)
{
    char        title[96], fits[96];
    as_plan_row rows[AS_PLAN_MOST_ROWS];
    snprintf(title, sizeof title, "Plan of %.63s", plan->plan.spec->line);
    snprintf(fits, sizeof fits, "%zu of %zu classes of line sensors fit; the simplest is shown.", plan->n_choices,
             plan->n_tried);
    as_page_begin(out, title);
    as_plan_page_head(&plan->plan, fits, out);
    if (line_can_draw(plan)) {
        line_tiles(plan, out);
        line_drawing(plan, out);
    }
    as_plan_page_advice(&plan->plan, out);
    as_plan_page_rows(rows, as_plan_line_rows(plan, network, rows), out);
    line_choices(plan, out);
    as_plan_page_parts(&plan->plan, plan->collect_m, out);
    as_plan_page_sources(out);
    as_page_end(out);
    return as_str_ok(out) || AS_FAIL(err, AS_ENOMEM, "out of memory");
}
