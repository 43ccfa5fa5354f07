/* SPDX-License-Identifier: Apache-2.0 */
/* A plan of line-scan cameras over a web, in words. */
#include <math.h>
#include <string.h>

#include "cli/plan_say.h"
#include "cli/term.h"

#define MOST_CANDIDATES 6
#define WHEEL_MM        500.0 /* round: of a common measuring wheel */

static void line_sight(const as_plan_line *plan, as_plan_row *rows, size_t *n)
{
    const as_plan_line_choice *c = &plan->best;
    as_plan_texts              t = {.n = 0};
    as_plan_row_add(rows, n, "pixels across", "%s px", as_plan_text(&t, plan->needs_px));
    as_plan_row_why(rows, *n, "%s mm of web at %s mm a pixel or less: %g pixels on a defect of %s mm",
                    as_plan_text(&t, plan->width_mm), as_plan_text(&t, plan->plan.pixel_mm),
                    plan->plan.spec->optics.defect_px, as_plan_text(&t, plan->plan.spec->optics.defect_mm));
    as_plan_row_add(rows, n, "camera", "line of %u, %g um%s", c->chip->pixels, c->chip->pitch_um,
                    plan->plan.spec->channels >= 3 ? ", three colours" : "");
    as_plan_row_why(rows, *n, "a class of sensors, not a product");
    as_plan_row_add(rows, n, "cameras", "%u", c->cameras);
    if (c->cameras > 1)
        as_plan_row_why(rows, *n, "across the web, each %s mm from the next; they share at least a twentieth of a line",
                        as_plan_text(&t, c->step_mm));
    if (c->stage <= AS_PLAN_PIXELS)
        return;
    as_plan_row_add(rows, n, "lens", "%g mm", c->focal_mm);
    as_plan_row_why(rows, *n, "%s mm from the web; magnification 1:%s; image circle of %s mm at least, mount %s",
                    as_plan_text(&t, c->distance_mm), as_plan_text(&t, 1 / c->magnification),
                    as_plan_text(&t, c->circle_mm), as_plan_line_mount(c->circle_mm));
    as_plan_row_add(rows, n, "pixel on the web", "%s mm", as_plan_text(&t, c->pixel_mm));
    as_plan_row_why(rows, *n, "%s on the smallest defect; a camera sees %s mm", as_plan_text(&t, c->defect_px),
                    as_plan_text(&t, c->seen_mm));
}

static void line_encoder(const as_plan_line *plan, as_plan_row *rows, size_t *n)
{
    const as_plan_line_choice *c = &plan->best;
    as_plan_texts              t = {.n = 0};
    as_plan_row_add(rows, n, "encoder", "%s mm a pulse, x %u / %u", as_plan_text(&t, 1 / c->pulses_per_mm),
                    c->multiplier, c->divider);
    as_plan_row_why(
        rows, *n,
        "%s lines/mm from %s pulses/mm (%s a turn on a wheel of %s mm, all edges), %s/s: pixels %.6g times as "
        "long as wide",
        as_plan_text(&t, 1.0 / c->pixel_mm), as_plan_text(&t, c->pulses_per_mm),
        as_plan_text(&t, c->pulses_per_mm * WHEEL_MM), as_plan_text(&t, WHEEL_MM), as_plan_text(&t, c->pulses_per_s),
        c->stretch);
}

static void line_pace(const as_plan_line *plan, as_plan_row *rows, size_t *n)
{
    const as_plan_line_choice *c = &plan->best;
    as_plan_texts              t = {.n = 0};
    if (c->stage <= AS_PLAN_LENS)
        return;
    as_plan_row_add(rows, n, "line rate", "%s lines/s", as_plan_text(&t, c->lines_per_s));
    as_plan_row_why(rows, *n, "%g mm/s over %s mm: square pixels; such a sensor takes %s",
                    plan->plan.spec->optics.belt_mm_per_s, as_plan_text(&t, c->pixel_mm),
                    as_plan_text(&t, c->chip->lines_per_s));
    line_encoder(plan, rows, n);
    as_plan_row_add(rows, n, "exposure", "%s us", as_plan_text(&t, c->exposure_s * 1e6));
    as_plan_row_why(rows, *n, "%s us at most: one line's time, and blur %s of %g pixels",
                    as_plan_text(&t, c->longest_s * 1e6), as_plan_text(&t, c->blur_px),
                    plan->plan.spec->optics.max_blur_px);
    if (c->stage <= AS_PLAN_MOTION)
        return;
    as_plan_row_add(rows, n, "aperture", "F/%g", c->f_number);
    as_plan_row_why(rows, *n, "Airy disc %s um, %s pixels", as_plan_text(&t, c->airy_um), as_plan_text(&t, c->airy_px));
    as_plan_row_add(rows, n, "depth of field", "%s mm", as_plan_text(&t, c->depth.far_mm - c->depth.near_mm));
    as_plan_row_why(rows, *n, "sharp from %s mm before the web to %s mm behind it; %s each way needed",
                    as_plan_text(&t, c->distance_mm - c->depth.near_mm),
                    as_plan_text(&t, c->depth.far_mm - c->distance_mm),
                    as_plan_text(&t, plan->plan.spec->optics.height_mm / 2));
}

static void line_light(const as_plan_line *plan, as_plan_row *rows, size_t *n)
{
    const as_plan_line_choice *c = &plan->best;
    as_plan_texts              t = {.n = 0};
    if (c->stage <= AS_PLAN_DEPTH)
        return;
    as_plan_row_add(rows, n, "light", "%s lx%s", as_plan_text(&t, c->light_lx),
                    plan->plan.spec->optics.light_lx > 0 ? "" : " needed");
    as_plan_row_why(rows, *n,
                    "on a strip across the web, signal over noise %s; an area camera as sharp: %s lx on all of it",
                    as_plan_text(&t, c->snr), as_plan_text(&t, c->area_lx));
    as_plan_row_add(rows, n, "lamp", "%s", c->lamp ? c->lamp->name : "none");
    if (c->lamp)
        as_plan_row_why(rows, *n, "%s%sup to some %s lx", c->lamp->near, *c->lamp->near ? ": " : "",
                        as_plan_text(&t, c->lamp_lx));
    else
        as_plan_row_why(rows, *n, "the brightest line lights give some %s lx; full sun is 100,000",
                        as_plan_text(&t, c->most_lx));
    if (c->stages > 1) {
        as_plan_row_add(rows, n, "TDI", "%u stages", c->stages);
        as_plan_row_why(rows, *n, "optics.tdi_stages: so many times the exposure; the encoder's steps smear %s pixels",
                        as_plan_text(&t, c->smear_px));
    }
    if (c->more_stages) {
        as_plan_row_add(rows, n, "or", "a TDI sensor of %u stages", c->more_stages);
        as_plan_row_why(rows, *n, "with %s lx, which common line lights give; optics.tdi_stages plans it",
                        as_plan_text(&t, c->light_lx * c->stages / c->more_stages));
    }
}

static void line_flow(const as_plan_line *plan, const char *network, as_plan_row *rows, size_t *n)
{
    const as_plan_line_choice *c = &plan->best;
    as_plan_texts              t = {.n = 0};
    char                       bytes[AS_UNIT_TEXT_BYTES];
    if (c->stage <= AS_PLAN_PACE)
        return;
    as_plan_row_add(rows, n, "bandwidth", "%s/s a camera", as_unit_text(c->bytes_per_s, AS_UNIT_BYTES, bytes));
    if (c->link)
        as_plan_row_why(rows, *n, "%s carries %s MB/s over %s m%s", c->link->name,
                        as_plan_text(&t, c->link->bytes_per_s / 1e6), as_plan_text(&t, c->link->cable_m),
                        c->link->needs_grabber ? ", with a frame grabber" : "");
    else
        as_plan_row_why(rows, *n, "no link carries it");
    as_plan_row_add(rows, n, "storage a day", "%s", as_unit_text(c->stored_bytes_per_day, AS_UNIT_BYTES, bytes));
    as_plan_row_why(rows, *n, "every line of all cameras as it comes, %g hours a day",
                    plan->plan.spec->optics.hours_per_day);
    as_plan_row_add(rows, n, "to be judged", "%s Mpx/s", as_plan_text(&t, c->judged_px_per_s / 1e6));
    as_plan_row_why(rows, *n, "with as many pixels as the smallest defect asks for; %s Mpx/s come",
                    as_plan_text(&t, c->pixels_per_s / 1e6));
    if (!network)
        return;
    as_plan_row_add(rows, n, "network", "%s of %u cores", as_plan_text(&t, c->busy_cores), plan->plan.machine.cores);
    as_plan_row_why(rows, *n, "%.80s, measured here: %s ms for %s pixels", network,
                    as_plan_text(&t, plan->plan.machine.compute_s * 1e3),
                    as_plan_text(&t, plan->plan.machine.input_px));
}

size_t as_plan_line_rows(const as_plan_line *plan, const char *network, as_plan_row *ret)
{
    size_t n = 0;
    line_sight(plan, ret, &n);
    line_pace(plan, ret, &n);
    line_light(plan, ret, &n);
    line_flow(plan, network, ret, &n);
    return n;
}

/* --- the terminal --- */

static bool line_candidates(as_cli *cli, const as_plan_line *plan, as_err *err)
{
    static const char *const columns[] = {">line",  ">um",      ">cameras", ">lens", ">F/",  ">mm away",
                                          ">mm/px", ">lines/s", ">lx",      "mount", "link", NULL};
    char                     text[48];
    if (plan->n_choices < 2)
        return true;
    fprintf(cli->out, "\n%zu of %zu classes of line sensors fit, the simplest first\n", plan->n_choices, plan->n_tried);
    as_table *table = as_table_new(columns);
    for (size_t i = 0; i < plan->n_choices && i < MOST_CANDIDATES; i++) {
        const as_plan_line_choice *c = &plan->choices[i];
        as_table_cell(table, AS_STYLE_BOLD, "%u", c->chip->pixels);
        as_table_cell(table, AS_STYLE_NONE, "%g", c->chip->pitch_um);
        as_table_cell(table, AS_STYLE_NONE, "%u", c->cameras);
        as_table_cell(table, AS_STYLE_NONE, "%g", c->focal_mm);
        as_table_cell(table, AS_STYLE_NONE, "%g", c->f_number);
        as_table_cell(table, AS_STYLE_NONE, "%s", as_plan_say_number(c->distance_mm, text));
        as_table_cell(table, AS_STYLE_NONE, "%s", as_plan_say_number(c->pixel_mm, text));
        as_table_cell(table, AS_STYLE_NONE, "%s", as_plan_say_number(c->lines_per_s, text));
        as_table_cell(table, AS_STYLE_NONE, "%s", as_plan_say_number(c->light_lx, text));
        as_table_cell(table, AS_STYLE_NONE, "%s", as_plan_line_mount(c->circle_mm));
        as_table_cell(table, AS_STYLE_NONE, "%s", c->link->name);
    }
    return as_table_print(table, cli, err);
}

bool as_plan_line_say(as_cli *cli, const as_plan_line *plan, const char *network, as_err *err)
{
    as_plan_row rows[AS_PLAN_MOST_ROWS];
    if (!as_plan_say_table(cli, rows, as_plan_line_rows(plan, network, rows), err) ||
        !line_candidates(cli, plan, err) || !as_plan_say_parts(cli, &plan->plan, plan->collect_m, err))
        return false;
    as_plan_say_verdict(cli, &plan->plan);
    return true;
}
