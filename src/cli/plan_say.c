/* SPDX-License-Identifier: Apache-2.0 */
#include "cli/plan_say.h"

#include <inttypes.h>
#include <math.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>

#include "cli/term.h"
#include "spec/evidence.h"

#define TELECENTRIC     0.1 /* magnification from which such lenses are of a size that one buys */
#define MOST_CANDIDATES 6   /* on the terminal; --json has all */

char *as_plan_say_number(double value, char *text)
{
    double size = fabs(value);
    if (!isfinite(value)) {
        snprintf(text, 48, "%s", isnan(value) ? "-" : "infinity");
        return text;
    }
    if (size >= 1e4) {
        char digits[32];
        int  n = snprintf(digits, sizeof digits, "%.0f", value), at = 0;
        for (int i = 0; i < n && at < 44; i++) {
            if (i && (n - i) % 3 == 0 && digits[i - 1] != '-')
                text[at++] = ',';
            text[at++] = digits[i];
        }
        text[at] = '\0';
        return text;
    }
    snprintf(text, 48, "%.*f", size >= 99.95 ? 0 : size >= 9.995 ? 1 : size >= 0.9995 ? 2 : 3, value);
    char *point = strchr(text, '.');
    for (char *end = text + strlen(text) - 1; point && (*end == '0' || *end == '.'); end--) {
        bool was_point = *end == '.';
        *end = '\0';
        if (was_point)
            break;
    }
    if (size > 0 && strcmp(text, "0") == 0)
        snprintf(text, 48, "%.2g", value);
    return text;
}

char *as_plan_say_count(uint64_t n, char *text)
{
    if (n)
        return as_plan_say_number((double)n, text);
    snprintf(text, 48, "-");
    return text;
}

char *as_plan_say_advice(const as_plan_advice *advice, char *text)
{
    if (advice->path2)
        snprintf(text, AS_PLAN_SAY_ADVICE_BYTES, "%s and %s: leave both out (%s would do)", advice->path, advice->path2,
                 advice->found);
    else if (!(advice->to > 0))
        snprintf(text, AS_PLAN_SAY_ADVICE_BYTES, "%s: leave it out (%s would do)", advice->path, advice->found);
    else if (advice->to2 > 0)
        snprintf(text, AS_PLAN_SAY_ADVICE_BYTES, "%s: %.4g x %.4g instead of %.4g x %.4g", advice->path, advice->to,
                 advice->to2, advice->from, advice->to2 * advice->from / advice->to);
    else
        snprintf(text, AS_PLAN_SAY_ADVICE_BYTES, "%s: %.6g instead of %.6g", advice->path, advice->to, advice->from);
    return text;
}

/* --- the rows --- */

void as_plan_row_add(as_plan_row *rows, size_t *n, const char *name, const char *value_fmt, ...)
{
    va_list      ap;
    as_plan_row *row = &rows[*n];
    if (*n == AS_PLAN_MOST_ROWS)
        return;
    *row = (as_plan_row){.name = name};
    va_start(ap, value_fmt);
    if (vsnprintf(row->value, sizeof row->value, value_fmt, ap) > 0)
        ++*n;
    va_end(ap);
}

void as_plan_row_why(as_plan_row *rows, size_t n, const char *fmt, ...)
{
    va_list ap;
    if (n == 0)
        return;
    va_start(ap, fmt);
    if (vsnprintf(rows[n - 1].why, sizeof rows[n - 1].why, fmt, ap) < 0)
        rows[n - 1].why[0] = '\0';
    va_end(ap);
}

const char *as_plan_text(as_plan_texts *texts, double value)
{
    return as_plan_say_number(value, texts->at[texts->n++ % 12]);
}

static void say_sight(const as_plan *plan, as_plan_row *rows, size_t *n)
{
    const as_plan_choice *c = &plan->best;
    as_plan_texts         t = {.n = 0};
    as_plan_row_add(rows, n, "field", "%s x %s mm", as_plan_text(&t, plan->field_mm[0]),
                    as_plan_text(&t, plan->field_mm[1]));
    as_plan_row_why(rows, *n, "%s",
                    plan->spec->optics.field_mm[0] > 0 ? "optics.field_mm, along and across the belt"
                                                       : "product.size_mm and a tenth on each side");
    as_plan_row_add(rows, n, "pixels needed", "%s x %s", as_plan_text(&t, plan->needs_px[0]),
                    as_plan_text(&t, plan->needs_px[1]));
    as_plan_row_why(rows, *n, "%s pixels on a defect of %s mm: %s mm a pixel or less",
                    as_plan_text(&t, plan->spec->optics.defect_px), as_plan_text(&t, plan->spec->optics.defect_mm),
                    as_plan_text(&t, plan->pixel_mm));
    if (!c->sensor)
        return;
    as_plan_row_add(rows, n, "camera", "%s%s, %u x %u, %s um, %s shutter", c->sensor->name, c->turned ? " turned" : "",
                    c->sensor->width, c->sensor->height, as_plan_text(&t, c->sensor->pixel->pitch_um),
                    as_chip_shutter_name(c->sensor->shutter));
    as_plan_row_why(rows, *n, "%s",
                    c->stage == AS_PLAN_FITS ? "the simplest sensor that fits" : "the one that gets furthest");
    if (as_plan_cameras(c) > AS_PLAN_MOST_CAMERAS)
        as_plan_row_add(rows, n, "cameras", "more than %s", as_plan_text(&t, AS_PLAN_MOST_CAMERAS));
    else
        as_plan_row_add(rows, n, "cameras", "%u", as_plan_cameras(c));
    if (as_plan_cameras(c) > 1 && as_plan_cameras(c) <= AS_PLAN_MOST_CAMERAS)
        as_plan_row_why(rows, *n, "%u along and %u across the belt, each sharing a twentieth with its neighbour",
                        c->cameras[0], c->cameras[1]);
}

static void say_colour(const as_plan *plan, as_plan_row *rows, size_t *n);

static void say_optics(const as_plan *plan, as_plan_row *rows, size_t *n)
{
    const as_plan_choice *c = &plan->best;
    as_plan_texts         t = {.n = 0};
    char                  lens[80];
    if (c->stage <= AS_PLAN_PIXELS)
        return;
    as_plan_row_add(rows, n, "lens", "%s", as_plan_lens_text(c, lens));
    as_plan_row_why(rows, *n, "%s mm from the part's middle, which is in focus; %s%s", as_plan_text(&t, c->distance_mm),
                    c->magnification > 0 ? "magnification 1:" : "it makes no image of what is so near",
                    c->magnification > 0 ? as_plan_text(&t, 1.0 / c->magnification) : "");
    if (c->magnification >= TELECENTRIC)
        as_plan_row_add(rows, n, "or", "a telecentric lens of 1:%s", as_plan_text(&t, 1.0 / c->magnification));
    if (c->magnification >= TELECENTRIC)
        as_plan_row_why(rows, *n, "it shows no sides; distance and depth are its maker's, and not planned here");
    if (!(c->magnification > 0))
        return;
    const double half = plan->spec->optics.height_mm / 2;
    if (half > 0) {
        as_plan_row_add(rows, n, "pixel on the part", "%s to %s mm", as_plan_text(&t, c->pixel_near_mm),
                        as_plan_text(&t, c->pixel_far_mm));
        as_plan_row_why(rows, *n,
                        "at its top and bottom, %s in the middle; %s pixels on the smallest defect at the bottom",
                        as_plan_text(&t, c->pixel_mm), as_plan_text(&t, c->defect_px));
    } else {
        as_plan_row_add(rows, n, "pixel on the part", "%s mm", as_plan_text(&t, c->pixel_mm));
        as_plan_row_why(rows, *n, "%s pixels on the smallest defect; %s line pairs/mm at most",
                        as_plan_text(&t, c->defect_px), as_plan_text(&t, c->nyquist_lp_mm));
    }
    as_plan_row_add(rows, n, "seen by a camera", "%s x %s mm", as_plan_text(&t, c->seen_mm[0]),
                    as_plan_text(&t, c->seen_mm[1]));
    const double seen = c->seen_mm[0] * (c->cameras[0] * (1 - AS_PLAN_OVERLAP) + AS_PLAN_OVERLAP);
    const double parts = plan->pitch_mm > 0 ? seen / plan->pitch_mm : 0;
    if (half > 0)
        as_plan_row_why(rows, *n, "of the part's top, the nearest plane, %s mm away%s%s%s",
                        as_plan_text(&t, c->distance_mm - half), parts >= 1 ? "; a part comes each " : "",
                        parts >= 1 ? as_plan_text(&t, plan->pitch_mm) : "",
                        parts >= 1 ? " mm: neighbours are seen" : "");
    else if (parts >= 1)
        as_plan_row_why(rows, *n, "a part comes each %s mm: neighbours are seen", as_plan_text(&t, plan->pitch_mm));
    say_colour(plan, rows, n);
    if (c->stage <= AS_PLAN_MOTION)
        return;
    as_plan_row_add(rows, n, "aperture", "F/%s", as_plan_text(&t, c->f_number));
    as_plan_row_why(rows, *n, "Airy disc %s um, %s pixels", as_plan_text(&t, c->airy_um), as_plan_text(&t, c->airy_px));
    as_plan_row_add(rows, n, "depth of field", "%s%s", as_plan_text(&t, c->depth.far_mm - c->depth.near_mm),
                    isinf(c->depth.far_mm) ? "" : " mm");
    as_plan_row_why(rows, *n, "sharp from %s mm before the part's middle to %s%s behind it; %s each way needed",
                    as_plan_text(&t, c->distance_mm - c->depth.near_mm),
                    as_plan_text(&t, c->depth.far_mm - c->distance_mm), isinf(c->depth.far_mm) ? "" : " mm",
                    as_plan_text(&t, half));
}

/* A mosaic has each colour on some of its pixels alone. */
static void say_colour(const as_plan *plan, as_plan_row *rows, size_t *n)
{
    as_plan_texts t = {.n = 0};
    if (plan->spec->channels < 3)
        return;
    as_plan_row_add(rows, n, "colour", "mosaic");
    as_plan_row_why(
        rows, *n,
        "each colour on every second pixel: %s of one colour across the smallest defect; a filter lets a third "
        "of the light through",
        as_plan_text(&t, plan->best.defect_px / 2));
}

static void say_light(const as_plan *plan, as_plan_row *rows, size_t *n)
{
    const as_plan_choice *c = &plan->best;
    as_plan_texts         t = {.n = 0};
    if (c->stage <= AS_PLAN_LENS)
        return;
    as_plan_row_add(rows, n, "exposure", "%s us", as_plan_text(&t, c->exposure_s * 1e6));
    as_plan_row_why(rows, *n, "%s us at most: blur %s of %s pixels%s, pace and deadline",
                    as_plan_text(&t, c->longest_s * 1e6), as_plan_text(&t, c->blur_px),
                    as_plan_text(&t, plan->spec->optics.max_blur_px),
                    plan->spec->optics.height_mm > 0 ? " at its top" : "");
    if (c->stage <= AS_PLAN_DEPTH)
        return;
    as_plan_row_add(rows, n, "light", "%s lx on the part%s", as_plan_text(&t, c->light_lx),
                    plan->spec->optics.light_lx > 0 ? "" : " needed");
    as_plan_row_why(rows, *n, "signal over noise %s at %s %% reflectance: %s electrons of %s", as_plan_text(&t, c->snr),
                    as_plan_text(&t, 100 * plan->spec->optics.reflectance), as_plan_text(&t, c->electrons),
                    as_plan_text(&t, c->sensor->pixel->full_well_e));
}

/* What gives that light; so much on all that must be seen is so many lumen. */
static void say_lamp(const as_plan *plan, as_plan_row *rows, size_t *n)
{
    const as_plan_choice *c = &plan->best;
    as_plan_texts         t = {.n = 0};
    const double          lumen = c->light_lx * plan->field_mm[0] * plan->field_mm[1] * 1e-6;
    if (c->stage <= AS_PLAN_DEPTH)
        return;
    as_plan_row_add(rows, n, "lamp", "%s", c->lamp ? c->lamp->name : "none");
    if (c->lamp)
        as_plan_row_why(rows, *n, "%s%sup to some %s lx; %s lm on the field", c->lamp->near, *c->lamp->near ? ": " : "",
                        as_plan_text(&t, c->lamp_lx), as_plan_text(&t, lumen));
    else
        as_plan_row_why(rows, *n, "the brightest class gives some %s lx for so long and so often; full sun is 100,000",
                        as_plan_text(&t, c->most_lx));
}

/* What is made smaller for the network's input loses its small defects: so many inputs are counted as a frame's pixels fill. */
static void say_network(const as_plan *plan, const char *network, as_plan_row *rows, size_t *n)
{
    const as_plan_choice  *c = &plan->best;
    const as_plan_machine *m = &plan->machine;
    as_plan_texts          t = {.n = 0};
    const bool             is_worked_out = c->stage > AS_PLAN_LIGHT;
    as_plan_row_add(rows, n, "network", "%s ms a frame",
                    as_plan_text(&t, (is_worked_out ? c->compute_s : m->compute_s) * 1e3));
    if (is_worked_out && as_plan_inputs(m, c->judged_px) > 1)
        as_plan_row_why(
            rows, *n,
            "%.70s, measured here: %s ms for %s pixels, and a defect's pixels ask for %s; busy %s of %u cores", network,
            as_plan_text(&t, m->compute_s * 1e3), as_plan_text(&t, m->input_px), as_plan_text(&t, c->judged_px),
            as_plan_text(&t, c->busy_cores), m->cores);
    else
        as_plan_row_why(rows, *n, "%.90s, measured here; busy %s of %u cores", network,
                        as_plan_text(&t, plan->frames_per_s * as_plan_cameras(c) * m->compute_s), m->cores);
}

static void say_flow(const as_plan *plan, const char *network, as_plan_row *rows, size_t *n)
{
    const as_plan_choice *c = &plan->best;
    as_plan_texts         t = {.n = 0};
    char                  bytes[AS_UNIT_TEXT_BYTES];
    as_plan_row_add(rows, n, "frames a second", "%s", as_plan_text(&t, plan->frames_per_s));
    if (c->stage > AS_PLAN_LIGHT)
        as_plan_row_why(rows, *n, "%s takes %s", c->sensor->name, as_plan_text(&t, c->sensor->frames_per_s));
    if (c->stage > AS_PLAN_PACE) {
        as_plan_row_add(rows, n, "bandwidth", "%s/s a camera", as_unit_text(c->bytes_per_s, AS_UNIT_BYTES, bytes));
        if (c->link)
            as_plan_row_why(rows, *n, "%s carries %s MB/s over %s m%s", c->link->name,
                            as_plan_text(&t, c->link->bytes_per_s / 1e6), as_plan_text(&t, c->link->cable_m),
                            c->link->needs_grabber ? ", with a frame grabber" : "");
        as_plan_row_add(rows, n, "storage a day", "%s", as_unit_text(c->stored_bytes_per_day, AS_UNIT_BYTES, bytes));
        as_plan_row_why(rows, *n, "every frame as it comes, %s hours a day",
                        as_plan_text(&t, plan->spec->optics.hours_per_day));
    }
    if (network)
        say_network(plan, network, rows, n);
    if (c->link) {
        as_plan_row_add(rows, n, "to the verdict", "%s ms", as_plan_text(&t, c->latency_s * 1e3));
        as_plan_row_why(rows, *n, "exposure, readout or transfer%s; station.deadline_ms is %s",
                        network ? " and network" : " (without the network)",
                        as_plan_text(&t, (double)plan->spec->deadline_ns / 1e6));
    }
}

size_t as_plan_say_rows(const as_plan *plan, const char *network, as_plan_row *ret)
{
    size_t n = 0;
    say_sight(plan, ret, &n);
    say_optics(plan, ret, &n);
    say_light(plan, ret, &n);
    say_lamp(plan, ret, &n);
    say_flow(plan, network, ret, &n);
    return n;
}

/* --- the terminal --- */

bool as_plan_say_table(as_cli *cli, const as_plan_row *rows, size_t n, as_err *err)
{
    static const char *const columns[] = {"what", "plan", "why", NULL};
    as_table                *table = as_table_new(columns);
    for (size_t i = 0; i < n; i++) {
        as_table_cell(table, AS_STYLE_BOLD, "%s", rows[i].name);
        as_table_cell(table, AS_STYLE_NONE, "%s", rows[i].value);
        as_table_cell(table, AS_STYLE_DIM, "%s", rows[i].why);
    }
    return as_table_print(table, cli, err);
}

static bool say_candidates(as_cli *cli, const as_plan *plan, as_err *err)
{
    static const char *const columns[] = {"sensor",   ">pixels", ">um", ">cameras", "lens", ">F/",
                                          ">mm away", ">mm/px",  ">lx", "link",     NULL};
    char                     text[48];
    if (plan->n_choices < 2)
        return true;
    if (plan->n_choices > MOST_CANDIDATES)
        fprintf(cli->out, "\n%zu of %zu sensors fit; the %d simplest (--page and --json have all)\n", plan->n_choices,
                plan->n_tried, MOST_CANDIDATES);
    else
        fprintf(cli->out, "\n%zu of %zu sensors fit, the simplest first\n", plan->n_choices, plan->n_tried);
    as_table *table = as_table_new(columns);
    for (size_t i = 0; i < plan->n_choices && i < MOST_CANDIDATES; i++) {
        const as_plan_choice *c = &plan->choices[i];
        as_table_cell(table, AS_STYLE_BOLD, "%s", c->sensor->name);
        as_table_cell(table, AS_STYLE_NONE, "%u x %u", c->sensor->width, c->sensor->height);
        as_table_cell(table, AS_STYLE_NONE, "%s", as_plan_say_number(c->sensor->pixel->pitch_um, text));
        as_table_cell(table, AS_STYLE_NONE, "%u", as_plan_cameras(c));
        as_table_cell(table, AS_STYLE_NONE, "%s%s", as_plan_say_number(c->lens.focal_mm, text),
                      c->lens.kind == AS_PLAN_LENS_MACRO ? " macro"
                      : c->needs_spacer                  ? " + rings"
                                                         : "");
        as_table_cell(table, AS_STYLE_NONE, "%s", as_plan_say_number(c->f_number, text));
        as_table_cell(table, AS_STYLE_NONE, "%s", as_plan_say_number(c->distance_mm, text));
        as_table_cell(table, AS_STYLE_NONE, "%s", as_plan_say_number(c->pixel_mm, text));
        as_table_cell(table, AS_STYLE_NONE, "%s", as_plan_say_number(c->light_lx, text));
        as_table_cell(table, AS_STYLE_NONE, "%s", c->link->name);
    }
    return as_table_print(table, cli, err);
}

/* What precision is proven for. */
static void say_mix(as_cli *cli, const as_plan *plan)
{
    const double share = plan->spec->optics.bad_share;
    if (!plan->parts.mix_counts)
        return;
    if (isnan(share))
        fputs(
            "precision is proven for as many good parts as bad ones: with product.bad_share, for the line's own mix\n",
            cli->out);
    else
        fprintf(cli->out, "precision is proven for the line's own mix, %.3g %% bad (product.bad_share)\n", 100 * share);
}

bool as_plan_say_parts(as_cli *cli, const as_plan *plan, double collect_m, as_err *err)
{
    static const char *const columns[] = {"id",         "requirement", ">without an error", ">likely", ">errors in it",
                                          ">proves it", ">9 in 10",    ">collect",          "of",      NULL};
    char                     words[160], text[48];
    const as_plan_parts     *parts = &plan->parts;
    as_table                *table = as_table_new(columns);
    fprintf(cli->out, "\nparts that prove it\n");
    for (size_t i = 0; i < parts->n; i++) {
        const as_plan_need *need = &parts->need[i];
        as_table_cell(table, AS_STYLE_BOLD, "%s", need->req->id);
        if (need->kind == AS_PLAN_KIND_NONE)
            as_table_cell(table, AS_STYLE_NONE, "%s", as_requirement_text(need->req, words));
        else
            as_table_cell(table, AS_STYLE_NONE, "%s at %g %%", as_requirement_text(need->req, words),
                          100 * need->req->confidence);
        as_table_cell(table, AS_STYLE_NONE, "%s", as_plan_say_count(need->clean, text));
        as_table_cell(table, AS_STYLE_NONE, "%s", as_plan_say_count(need->likely, text));
        as_table_cell(table, AS_STYLE_NONE, "%s", as_plan_say_count(need->errors, text));
        if (need->chance > 0)
            as_table_cell(table, AS_STYLE_NONE, "%.0f %%", 100 * need->chance);
        else
            as_table_cell(table, AS_STYLE_NONE, "-");
        as_table_cell(table, AS_STYLE_NONE, "%s", as_plan_say_count(need->sure, text));
        as_table_cell(table, AS_STYLE_NONE, "%s", as_plan_say_count(need->collect, text));
        as_table_cell(table, AS_STYLE_DIM, "%s", as_plan_kind_text(need->kind));
    }
    if (!as_table_print(table, cli, err))
        return false;
    as_plan_texts t = {.n = 0};
    fprintf(cli->out, "acceptance: %s bad and %s good parts; to collect: %s bad and %s good",
            as_plan_text(&t, (double)parts->accept_bad), as_plan_text(&t, (double)parts->accept_good),
            as_plan_text(&t, (double)parts->collect_bad), as_plan_text(&t, (double)parts->collect_good));
    if (!isnan(parts->collect_parts))
        fprintf(cli->out, ", found in %s parts", as_plan_text(&t, parts->collect_parts));
    if (!isnan(collect_m))
        fprintf(cli->out, ", %s m of web", as_plan_text(&t, collect_m));
    if (!isnan(parts->collect_days))
        fprintf(cli->out, " or %s days", as_plan_text(&t, parts->collect_days));
    fputs("\n", cli->out);
    say_mix(cli, plan);
    return true;
}

void as_plan_say_verdict(as_cli *cli, const as_plan *plan)
{
    char text[AS_PLAN_SAY_ADVICE_BYTES];
    fprintf(cli->out, "\n%s%s: %s%s\n", as_term_style(cli, plan->feasible ? AS_STYLE_GOOD : AS_STYLE_BAD),
            plan->spec->line, plan->feasible ? "feasible" : "not feasible as it stands", as_term_plain(cli));
    for (size_t i = 0; i < plan->n_problems; i++)
        fprintf(cli->out, "  %s\n", plan->problems[i]);
    if (plan->n_advice)
        fprintf(cli->out, "%sany one of these would do:\n", plan->n_unproven ? "of camera and line " : "");
    else if (plan->n_problems > plan->n_unproven)
        fprintf(cli->out,
                "no single number of assay.yaml mends it: change several, beginning with what is said above\n");
    for (size_t i = 0; i < plan->n_advice; i++)
        fprintf(cli->out, "  %s\n", as_plan_say_advice(&plan->advice[i], text));
}

bool as_plan_say(as_cli *cli, const as_plan *plan, const char *network, as_err *err)
{
    as_plan_row rows[AS_PLAN_MOST_ROWS];
    if (!as_plan_say_table(cli, rows, as_plan_say_rows(plan, network, rows), err) || !say_candidates(cli, plan, err) ||
        !as_plan_say_parts(cli, plan, NAN, err))
        return false;
    as_plan_say_verdict(cli, plan);
    return true;
}
