/* SPDX-License-Identifier: Apache-2.0 */
/* A plan of line-scan cameras over a web: its table, its drawing, and its emulated camera. */
#include <math.h>
#include <string.h>

#include "camera/twin_uri.h"
#include "cli/plan_say.h"
#include "cli/term.h"
#include "page/html.h"

#define FRAME_LINES 512u

static void line_row(as_table *table, const char *name, const char *value, const char *why)
{
    as_table_cell(table, AS_STYLE_BOLD, "%s", name);
    as_table_cell(table, AS_STYLE_NONE, "%s", value);
    as_table_cell(table, AS_STYLE_DIM, "%s", why);
}

static void line_sight(const as_plan_line *plan, as_table *table)
{
    const as_plan_line_choice *c = &plan->best;
    char                       value[128], why[192], a[48], b[48], d[48];
    snprintf(value, sizeof value, "%s px", as_plan_say_number(plan->needs_px, a));
    snprintf(why, sizeof why, "%s mm of web at %s mm a pixel or less: %g pixels on a defect",
             as_plan_say_number(plan->width_mm, a), as_plan_say_number(plan->pixel_mm, b),
             plan->spec->optics.defect_px);
    line_row(table, "pixels across", value, why);
    snprintf(value, sizeof value, "line of %u, %g um", c->chip->pixels, c->chip->pitch_um);
    snprintf(why, sizeof why, "%u across the web; a class of sensors, not a product", c->cameras);
    line_row(table, "camera", value, why);
    if (c->stage <= AS_PLAN_PIXELS)
        return;
    snprintf(value, sizeof value, "%g mm", c->focal_mm);
    snprintf(why, sizeof why, "from %s mm; image of %s mm, mount %s", as_plan_say_number(c->distance_mm, a),
             as_plan_say_number(c->circle_mm, b), as_plan_line_mount(c->circle_mm));
    line_row(table, "lens", value, why);
    snprintf(value, sizeof value, "%s mm", as_plan_say_number(c->pixel_mm, a));
    snprintf(why, sizeof why, "%s on the smallest defect; a camera sees %s mm", as_plan_say_number(c->defect_px, b),
             as_plan_say_number(c->seen_mm, d));
    line_row(table, "pixel on the web", value, why);
}

static void line_pace(const as_plan_line *plan, as_table *table)
{
    const as_plan_line_choice *c = &plan->best;
    char                       value[128], why[192], a[48], b[48], d[48];
    if (c->stage <= AS_PLAN_LENS)
        return;
    snprintf(value, sizeof value, "%s lines/s", as_plan_say_number(c->lines_per_s, a));
    snprintf(why, sizeof why, "%g mm/s over %s mm: square pixels; such a sensor takes %s",
             plan->spec->optics.belt_mm_per_s, as_plan_say_number(c->pixel_mm, b),
             as_plan_say_number(c->chip->lines_per_s, d));
    line_row(table, "line rate", value, why);
    snprintf(value, sizeof value, "%s us", as_plan_say_number(c->exposure_s * 1e6, a));
    snprintf(why, sizeof why, "%s us at most: one line's time, and blur %s of %g pixels",
             as_plan_say_number(c->longest_s * 1e6, b), as_plan_say_number(c->blur_px, d),
             plan->spec->optics.max_blur_px);
    line_row(table, "exposure", value, why);
    snprintf(value, sizeof value, "%s lines/mm", as_plan_say_number(1.0 / c->pixel_mm, a));
    snprintf(why, sizeof why, "%s pulses/mm x %u / %u: pixels %s times as long as wide",
             as_plan_say_number(c->pulses_per_mm, b), c->multiplier, c->divider, as_plan_say_number(c->stretch, d));
    line_row(table, "encoder", value, why);
    if (c->stage <= AS_PLAN_MOTION)
        return;
    snprintf(value, sizeof value, "F/%g", c->f_number);
    snprintf(why, sizeof why, "sharp over %s mm; Airy disc %s pixels", as_plan_say_number(c->depth_mm, a),
             as_plan_say_number(c->airy_px, b));
    line_row(table, "aperture", value, why);
    if (c->stage <= AS_PLAN_DEPTH)
        return;
    snprintf(value, sizeof value, "%s lx%s", as_plan_say_number(c->light_lx, a),
             plan->spec->optics.light_lx > 0 ? "" : " needed");
    snprintf(why, sizeof why, "on a strip across the web; an area camera as sharp: %s lx on all it sees; S/N %s",
             as_plan_say_number(c->area_lx, b), as_plan_say_number(c->snr, d));
    line_row(table, "light", value, why);
}

static void line_flow(const as_plan_line *plan, const char *network, as_table *table)
{
    const as_plan_line_choice *c = &plan->best;
    char                       value[128], why[192], a[48], b[48], bytes[AS_UNIT_TEXT_BYTES];
    if (c->stage <= AS_PLAN_PACE)
        return;
    snprintf(value, sizeof value, "%s/s a camera", as_unit_text(c->bytes_per_s, AS_UNIT_BYTES, bytes));
    snprintf(why, sizeof why, "%s%s", c->link ? c->link->name : "no link carries it",
             c->link && c->link->needs_grabber ? ", with a frame grabber" : "");
    line_row(table, "bandwidth", value, why);
    snprintf(value, sizeof value, "%s", as_unit_text(c->stored_bytes_per_day, AS_UNIT_BYTES, bytes));
    snprintf(why, sizeof why, "every line as it comes, %g hours a day", plan->spec->optics.hours_per_day);
    line_row(table, "storage a day", value, why);
    snprintf(value, sizeof value, "%s Mpx/s", as_plan_say_number(c->pixels_per_s / 1e6, a));
    if (network)
        snprintf(why, sizeof why, "%.80s on squares as wide as the line: %s of %u cores", network,
                 as_plan_say_number(c->busy_cores, b), plan->machine.cores);
    else
        snprintf(why, sizeof why, "of all cameras");
    line_row(table, "compute", value, why);
}

bool as_plan_line_say(as_cli *cli, const as_plan_line *plan, const char *network, as_err *err)
{
    static const char *const columns[] = {"what", "plan", "why", NULL};
    as_table                *table = as_table_new(columns);
    line_sight(plan, table);
    line_pace(plan, table);
    line_flow(plan, network, table);
    if (!as_table_print(table, cli, err))
        return false;
    fprintf(cli->out, "\n%s%s: %s%s\n", as_term_style(cli, plan->feasible ? AS_STYLE_GOOD : AS_STYLE_BAD),
            plan->spec->line, plan->feasible ? "feasible" : "not feasible as it stands", as_term_plain(cli));
    if (!plan->feasible)
        fprintf(cli->out, "  %s\n", plan->problem);
    else
        fprintf(cli->out, "  %zu of %zu classes of line sensors would do\n", plan->n_fit, plan->n_tried);
    return true;
}

/* --- the drawing: from the front, the web in mm to scale, a triangle of sight for each camera --- */

bool as_plan_line_svg(const as_plan_line *plan, as_str *out, as_err *err)
{
    const as_plan_line_choice *c = &plan->best;
    char                       a[48], b[48];
    if (c->stage <= AS_PLAN_LENS)
        return AS_FAIL(err, AS_EINVAL, "there is no set-up to draw: %s", plan->problem);
    double scale = 760.0 / plan->width_mm, high = fmin(c->distance_mm * scale, 900.0);
    double step = plan->width_mm / (c->cameras * (1 - AS_PLAN_OVERLAP) + AS_PLAN_OVERLAP) * (1 - AS_PLAN_OVERLAP);
    as_html_addf(out,
                 "<svg xmlns=\"http://www.w3.org/2000/svg\" viewBox=\"0 0 800 %.0f\" role=\"img\" "
                 "font-family=\"sans-serif\" font-size=\"14\">\n<title>%s</title>\n",
                 high + 110, "Line-scan cameras over a web, seen along it");
    for (uint32_t i = 0; i < c->cameras; i++) {
        double x = 20 + scale * (i * step + 0.5 * step / (1 - AS_PLAN_OVERLAP)), half = scale * c->seen_mm / 2;
        as_str_addf(out,
                    "<path d=\"M%.1f 40L%.1f %.1fL%.1f %.1fZ\" fill=\"#4a90d9\" fill-opacity=\"0.15\" "
                    "stroke=\"#4a90d9\"/>\n<rect x=\"%.1f\" y=\"12\" width=\"36\" height=\"28\" fill=\"#333\"/>\n",
                    x, fmax(x - half, 0), high + 40, fmin(x + half, 800), high + 40, x - 18);
    }
    as_str_addf(out, "<rect x=\"20\" y=\"%.1f\" width=\"760\" height=\"6\" fill=\"#b58b5a\"/>\n", high + 40);
    as_str_addf(out,
                "<text x=\"400\" y=\"%.1f\" text-anchor=\"middle\">web of %s mm, %u x line of %u pixels, %g mm at F/%g "
                "from %s mm</text>\n",
                high + 68, as_plan_say_number(plan->width_mm, a), c->cameras, c->chip->pixels, c->focal_mm, c->f_number,
                as_plan_say_number(c->distance_mm, b));
    as_str_addf(out, "<text x=\"400\" y=\"%.1f\" text-anchor=\"middle\">%s mm a pixel, %s lines/s</text>\n</svg>\n",
                high + 90, as_plan_say_number(c->pixel_mm, a), as_plan_say_number(c->lines_per_s, b));
    return as_str_ok(out) || AS_FAIL(err, AS_ENOMEM, "out of memory");
}

/* --- the emulated camera --- */

/* The web of station.camera; fabric where that is none. */
static const char *line_scene(const as_spec *spec)
{
    return strncmp(spec->camera, "twin:film", 9) == 0 ? "film" : "fabric";
}

static bool line_light_of(const as_plan_line_choice *c, const char *scene, double *ret, as_err *err)
{
    as_twin_cfg cfg = as_twin_cfg_default();
    cfg.width = c->chip->pixels;
    cfg.height = 16;
    cfg.pitch_um = c->chip->pitch_um;
    cfg.scan = AS_TWIN_SCAN_LINE;
    as_twin *twin = as_twin_open(scene, &cfg, err);
    if (!twin)
        return false;
    as_optics usual = as_twin_optics_of(twin);
    as_optics lens = {c->focal_mm, c->f_number, c->distance_mm, c->chip->pitch_um};
    *ret = as_optics_light(&usual) /
           (as_optics_light(&lens) * c->exposure_s * 1e6 / as_twin_scene_of(twin)->defaults.exposure_us);
    as_twin_close(twin);
    return true;
}

bool as_plan_line_twin(const as_plan_line *plan, as_str *out, as_err *err)
{
    const as_plan_line_choice *c = &plan->best;
    const char                *scene = line_scene(plan->spec);
    as_twin_uri                uri;
    as_str                     text;
    double                     light;
    if (!plan->feasible)
        return AS_FAIL(err, AS_EINVAL, "a plan that is not feasible is no camera: mend it first (assay plan)");
    if (!line_light_of(c, scene, &light, err))
        return false;
    as_str_init(&text);
    as_str_addf(&text, "%s?scan=line&trigger=encoder&focal=%.6g&fnumber=%.4g&distance=%.6g&pitch=%.4g", scene,
                c->focal_mm, c->f_number, c->distance_mm, c->chip->pitch_um);
    as_str_addf(&text, "&belt=%.6g&exposure=%.6g&light=%.5g", plan->spec->optics.belt_mm_per_s,
                c->exposure_s * 1e6 * (1 - 1e-4), fmin(light, 100.0));
    as_twin *twin = NULL;
    bool     ok = as_str_ok(&text) || AS_FAIL(err, AS_ENOMEM, "out of memory");
    if (ok && as_twin_uri_parse(text.s, &uri, err)) {
        uri.cfg.width = c->chip->pixels;
        uri.cfg.height = FRAME_LINES;
        twin = as_twin_open(uri.query.path, &uri.cfg, err);
        as_twin_uri_done(&uri);
    }
    if (twin)
        as_str_addf(
            out,
            "# Written by assay plan: what the plan of line '%s' looks like in the emulated factory.\n"
            "# It stands in place of the keys of the same names in assay.yaml.\n"
            "station: {camera: \"twin:%s\", frame_px: [%u, %u]}\n"
            "# In it: the lens from its distance, a line of so many pixels, belt, encoder and exposure.\n"
            "# Not in it: your web and its defect (the scene's own are seen), and the sensor's noise: &sensor=NAME\n"
            "# takes the pixels of one of the table as a line.\n",
            plan->spec->line, text.s, c->chip->pixels, FRAME_LINES);
    if (twin && c->cameras > 1)
        as_str_addf(out, "# This is one of %u cameras.\n", c->cameras);
    as_str_done(&text);
    as_twin_close(twin);
    return twin && (as_str_ok(out) || AS_FAIL(err, AS_ENOMEM, "out of memory"));
}
