/* SPDX-License-Identifier: Apache-2.0 */
#include "page/setup.h"

#include <math.h>
#include <stdio.h>
#include <string.h>

#include "page/html.h"

/* The drawing's own units; a letter is about 12 high. */
#define WIDTH    1080.0
#define HEIGHT   640.0
#define SIDE_X   20.0 /* the panel on the left: from the side */
#define SIDE_W   640.0
#define PANEL_Y  20.0
#define PANEL_H  600.0
#define RIGHT_X  680.0
#define RIGHT_W  380.0
#define TOP_H    284.0
#define GRID_Y   324.0
#define GRID_H   296.0
#define BELT_H   16.0
#define LETTER   7.0
#define SMALLEST 0.28 /* scale at which a camera is still drawn; below it, it is not to scale */

/* A usual industrial camera and lens, in mm. */
#define BODY_MM   29.0
#define BODY_L_MM 42.0
#define LENS_MM   33.0
#define LENS_L_MM 48.0

#define MOST_CELLS 36 /* of the pixels' grid, a side */
#define SAMPLES    12 /* of a pixel, a side */

/* --- colours --- */

typedef struct setup_palette {
    const char *ink, *soft, *rule, *faint, *card, *accent, *second, *bad, *warn;
} setup_palette;

static const setup_palette setup_of_page = {"var(--ink)",         "var(--soft)",     "var(--rule)",
                                            "var(--faint)",       "var(--card)",     "rgb(var(--accent))",
                                            "rgb(var(--second))", "rgb(var(--bad))", "rgb(var(--warn))"};
static const setup_palette setup_light = {"#1b2430", "#667080", "#e3e7ec", "#eef1f4", "#ffffff",
                                          "#255da5", "#845eaa", "#be3e26", "#c98a12"};
static const setup_palette setup_dark = {"#e5e9ef", "#98a3b3", "#2a323c", "#1f262f", "#171c23",
                                         "#6ea8f6", "#ba96e2", "#f2785c", "#e0ac48"};

static void setup_rules(as_str *out, const setup_palette *p)
{
    as_str_addf(out, ".su-t{font-size:12.5px;fill:%s}.su-s{font-size:11.5px;fill:%s}.su-h{font-size:13px;fill:%s;",
                p->ink, p->soft, p->soft);
    as_str_addf(out, "letter-spacing:.02em}.su-card{fill:%s;stroke:%s}.su-dim{stroke:%s;fill:none}", p->card, p->rule,
                p->soft);
    as_str_addf(out,
                ".su-tip{fill:%s}.su-cone{fill:%s;fill-opacity:.1}.su-edge{stroke:%s;stroke-opacity:.55;fill:none}",
                p->soft, p->accent, p->accent);
    as_str_addf(out, ".su-sharp{fill:%s;fill-opacity:.16}.su-sharp-t{font-size:11.5px;fill:%s}.su-body{fill:%s}",
                p->accent, p->accent, p->ink);
    as_str_addf(out, ".su-lens{fill:%s}.su-glass{fill:%s;fill-opacity:.75}.su-belt{fill:%s;stroke:%s}", p->soft,
                p->accent, p->faint, p->soft);
    as_str_addf(out, ".su-roll{fill:%s;stroke:%s}.su-part{fill:%s;fill-opacity:.55;stroke:%s}", p->card, p->soft,
                p->second, p->second);
    as_str_addf(out, ".su-pale{fill:%s;fill-opacity:.16;stroke:%s;stroke-opacity:.4}.su-lamp{fill:%s}", p->second,
                p->second, p->warn);
    as_str_addf(out, ".su-ray{stroke:%s;stroke-opacity:.5;stroke-dasharray:3 4;fill:none}.su-bad{fill:%s}", p->warn,
                p->bad);
    as_str_addf(out, ".su-ring{stroke:%s;fill:none}.su-grid{stroke:%s;fill:none}.su-need{stroke:%s;fill:none;", p->bad,
                p->rule, p->ink);
    as_str_addf(out, "stroke-dasharray:5 4}.su-seen{stroke:%s;fill:%s;fill-opacity:.06}.su-cover{fill:%s}", p->accent,
                p->accent, p->bad);
    as_str_addf(out, ".su-airy{stroke:%s;fill:%s;fill-opacity:.18}.su-halo{paint-order:stroke;stroke:%s;", p->accent,
                p->accent, p->card);
    as_str_add(out, "stroke-width:4px;stroke-linejoin:round}\n");
}

static void setup_style(as_str *out, bool alone)
{
    as_str_add(out, "<style>\n");
    setup_rules(out, alone ? &setup_light : &setup_of_page);
    if (alone) {
        as_str_add(out, "text{font-family:Inter,\"Segoe UI\",system-ui,\"Helvetica Neue\",Arial,\"Liberation "
                        "Sans\",sans-serif}\n@media (prefers-color-scheme:dark){\n");
        setup_rules(out, &setup_dark);
        as_str_add(out, "}\n");
    }
    as_str_add(out, "</style>\n");
}

/* --- marks --- */

static void setup_rect(as_str *out, const char *css, double x, double y, double w, double h, double round)
{
    as_html_addf(out, "<rect class=\"%s\" x=\"%.1f\" y=\"%.1f\" width=\"%.1f\" height=\"%.1f\" rx=\"%.1f\"/>\n", css, x,
                 y, fmax(w, 0.5), fmax(h, 0.5), round);
}

static void setup_line(as_str *out, const char *css, double x0, double y0, double x1, double y1)
{
    as_html_addf(out, "<line class=\"%s\" x1=\"%.1f\" y1=\"%.1f\" x2=\"%.1f\" y2=\"%.1f\"/>\n", css, x0, y0, x1, y1);
}

static void setup_circle(as_str *out, const char *css, double x, double y, double r)
{
    as_html_addf(out, "<circle class=\"%s\" cx=\"%.1f\" cy=\"%.1f\" r=\"%.1f\"/>\n", css, x, y, fmax(r, 0.4));
}

static void setup_text(as_str *out, const char *css, const char *anchor, double x, double y, const char *text)
{
    as_html_addf(out, "<text class=\"%s\" text-anchor=\"%s\" x=\"%.1f\" y=\"%.1f\">%s</text>\n", css, anchor, x, y,
                 text ? text : "");
}

/* An arrow's head at (x, y), pointing along (dx, dy), which is one long. */
static void setup_tip(as_str *out, double x, double y, double dx, double dy)
{
    as_html_addf(out, "<path class=\"su-tip\" d=\"M%.1f %.1fL%.1f %.1fL%.1f %.1fZ\"/>\n", x, y, x - 8 * dx - 3 * dy,
                 y - 8 * dy + 3 * dx, x - 8 * dx + 3 * dy, y - 8 * dy - 3 * dx);
}

static void setup_span(as_str *out, double x0, double y0, double x1, double y1)
{
    double length = hypot(x1 - x0, y1 - y0), dx = length > 0 ? (x1 - x0) / length : 1,
           dy = length > 0 ? (y1 - y0) / length : 0;
    setup_line(out, "su-dim", x0, y0, x1, y1);
    if (length < 22)
        return;
    setup_tip(out, x1, y1, dx, dy);
    setup_tip(out, x0, y0, -dx, -dy);
}

/* --- from the side --- */

typedef struct setup_side {
    const as_setup *s;
    double          scale;               /* drawing units a mm */
    double          middle, lens, focus; /* x of the middle; y of the lens's plane and of what is sharpest */
    double          belt;                /* y of its surface */
} setup_side;

static double setup_total(const as_setup *s)
{
    double overlap = s->cameras[0] > 1 ? s->seen_mm[0] * 0.05 * (s->cameras[0] - 1) : 0;
    return fmax(s->cameras[0] * s->seen_mm[0] - overlap, s->field_mm[0]);
}

static setup_side setup_side_of(const as_setup *s)
{
    const double room_w = SIDE_W - 210, room_h = PANEL_H - 120;
    double       tall_mm = BODY_L_MM + LENS_L_MM + s->distance_mm + s->height_mm / 2;
    setup_side   side = {.s = s, .middle = SIDE_X + SIDE_W / 2 + 10};
    side.scale = fmin(room_w / fmax(setup_total(s), 60), room_h / tall_mm);
    double used = tall_mm * side.scale;
    side.lens = PANEL_Y + 58 + (room_h - used) / 2 + (BODY_L_MM + LENS_L_MM) * side.scale;
    side.focus = side.lens + s->distance_mm * side.scale;
    side.belt = side.focus + s->height_mm / 2 * side.scale;
    return side;
}

static void setup_belt(as_str *out, const setup_side *side)
{
    const double x = SIDE_X + 18, w = SIDE_W - 36, y = side->belt;
    setup_rect(out, "su-belt", x, y, w, BELT_H, BELT_H / 2);
    for (int i = 0; i < 9; i++)
        setup_circle(out, "su-roll", x + 12 + i * (w - 24) / 8, y + BELT_H / 2, 4);
    if (!side->s->belt)
        return;
    double at = SIDE_X + SIDE_W - 150, low = PANEL_Y + PANEL_H - 20;
    setup_line(out, "su-dim", at, low, at + 46, low);
    setup_tip(out, at + 54, low, 1, 0);
    setup_text(out, "su-t", "start", at + 60, low + 4, side->s->belt);
}

static void setup_part(as_str *out, const setup_side *side, const char *css, double x)
{
    const as_setup *s = side->s;
    double          w = s->part_mm[0] * side->scale, h = fmax(s->height_mm * side->scale, 3);
    if (x - w / 2 < SIDE_X + 20 || x + w / 2 > SIDE_X + SIDE_W - 20)
        return;
    setup_rect(out, css, x - w / 2, side->belt - h, w, h, fmin(4, h / 3));
}

static void setup_parts(as_str *out, const setup_side *side)
{
    const as_setup *s = side->s;
    double          pitch = s->pitch_mm * side->scale;
    if (!(s->part_mm[0] > 0))
        return;
    for (int i = 1; i <= 6 && pitch > 8; i++) {
        setup_part(out, side, "su-pale", side->middle - i * pitch);
        setup_part(out, side, "su-pale", side->middle + i * pitch);
    }
    setup_part(out, side, "su-part", side->middle);
}

/* What one camera sees, and where it is sharp. */
static void setup_cone(as_str *out, const setup_side *side, double x)
{
    const as_setup *s = side->s;
    double          half = s->seen_mm[0] / 2, floor_mm = s->distance_mm + s->height_mm / 2;
    double          near = fmax(s->near_mm, 0), far = fmin(s->far_mm, floor_mm);
    double          k = side->scale, end = half * floor_mm / s->distance_mm * k;
    as_html_addf(out, "<path class=\"su-cone\" d=\"M%.1f %.1fL%.1f %.1fL%.1f %.1fZ\"/>\n", x, side->lens, x - end,
                 side->belt, x + end, side->belt);
    if (far > near) {
        double a = half * near / s->distance_mm * k, b = half * far / s->distance_mm * k;
        as_html_addf(out, "<path class=\"su-sharp\" d=\"M%.1f %.1fL%.1f %.1fL%.1f %.1fL%.1f %.1fZ\"/>\n", x - a,
                     side->lens + near * k, x + a, side->lens + near * k, x + b, side->lens + far * k, x - b,
                     side->lens + far * k);
    }
    setup_line(out, "su-edge", x, side->lens, x - end, side->belt);
    setup_line(out, "su-edge", x, side->lens, x + end, side->belt);
}

static void setup_camera(as_str *out, const setup_side *side, double x)
{
    double k = fmax(side->scale, SMALLEST), lens = LENS_L_MM * k, body = BODY_L_MM * k;
    setup_rect(out, "su-body", x - BODY_MM / 2 * k, side->lens - lens - body, BODY_MM * k, body, 3);
    setup_rect(out, "su-lens", x - LENS_MM / 2 * k, side->lens - lens, LENS_MM * k, lens, 2);
    setup_rect(out, "su-glass", x - LENS_MM * 0.38 * k, side->lens - 3, LENS_MM * 0.76 * k, 4, 2);
}

/* A bar light on each side, above what it lights. */
static void setup_lamps(as_str *out, const setup_side *side)
{
    double half = fmax(setup_total(side->s) / 2 * side->scale, 30), up = fmin((side->focus - side->lens) * 0.55, 190);
    for (int i = -1; i <= 1; i += 2) {
        double x = side->middle + i * fmin(half + up * 0.35 + 16, SIDE_W / 2 - 110), y = side->focus - up;
        as_html_addf(out,
                     "<g transform=\"translate(%.1f %.1f) rotate(%d)\"><rect class=\"su-lamp\" x=\"-21\" y=\"-5\" "
                     "width=\"42\" height=\"10\" rx=\"3\"/></g>\n",
                     x, y, i * 32);
        for (int ray = -1; ray <= 1; ray++)
            setup_line(out, "su-ray", x - i * 4 + ray * 12, y + 7, side->middle + i * half * 0.3 + ray * half * 0.28,
                       side->focus - fmax(side->s->height_mm / 2 * side->scale, 2));
        if (i > 0)
            setup_text(out, "su-t su-halo", "middle", fmin(x + 6, SIDE_X + SIDE_W - 70), y - 22, side->s->light);
    }
}

/* Right of the last camera, or left of it where there is no room. */
static void setup_names(as_str *out, const setup_side *side, double x, double y)
{
    const as_setup *s = side->s;
    double          away = LENS_MM / 2 * fmax(side->scale, SMALLEST) + 14;
    double          wide = (double)AS_MAX(s->camera ? strlen(s->camera) : 0, s->lens ? strlen(s->lens) : 0) * LETTER;
    bool            left = x + away + wide > SIDE_X + SIDE_W - 10;
    setup_text(out, "su-t su-halo", left ? "end" : "start", left ? x - away : x + away, y + 14, s->camera);
    setup_text(out, "su-t su-halo", left ? "end" : "start", left ? x - away : x + away, y + 32, s->lens);
}

static void setup_side_labels(as_str *out, const setup_side *side, double first, double last)
{
    const as_setup *s = side->s;
    double          k = side->scale, x = SIDE_X + 40, half = setup_total(s) / 2 * k;
    double          top = side->lens - (BODY_L_MM + LENS_L_MM) * fmax(k, SMALLEST);
    setup_line(out, "su-grid", x - 6, side->lens, first - LENS_MM / 2 * k - 6, side->lens);
    setup_line(out, "su-grid", x - 6, side->focus, side->middle - half - 4, side->focus);
    setup_span(out, x, side->lens, x, side->focus);
    setup_text(out, "su-t su-halo", "start", x + 10, (side->lens + side->focus) / 2, s->distance);
    setup_names(out, side, last, top);
    double y = side->belt + BELT_H + 18;
    setup_span(out, side->middle - half, y, side->middle + half, y);
    setup_text(out, "su-t su-halo", "middle", side->middle, y + 18, s->field);
    if (s->near_mm > s->distance_mm * 0.02)
        setup_text(out, "su-sharp-t su-halo", "end",
                   side->middle - s->seen_mm[0] / 2 * s->near_mm / s->distance_mm * k - 8,
                   fmax(side->lens + s->near_mm * k + 4, side->lens + 30), s->depth);
}

/* A round length, about a sixth of the panel, to hold against the rest. */
static void setup_ruler(as_str *out, const setup_side *side)
{
    double want = SIDE_W / 6 / side->scale, base = pow(10, floor(log10(want))), part = want / base;
    double mm = base * (part >= 5 ? 5 : part >= 2 ? 2 : 1), x = SIDE_X + 24, y = PANEL_Y + PANEL_H - 20;
    char   text[32];
    setup_line(out, "su-dim", x, y, x + mm * side->scale, y);
    setup_line(out, "su-dim", x, y - 4, x, y + 4);
    setup_line(out, "su-dim", x + mm * side->scale, y - 4, x + mm * side->scale, y + 4);
    snprintf(text, sizeof text, "%g mm", mm);
    setup_text(out, "su-s", "start", x + mm * side->scale + 8, y + 4, text);
}

static void setup_from_side(as_str *out, const as_setup *s)
{
    setup_side side = setup_side_of(s);
    double     step = s->seen_mm[0] * 0.95 * side.scale, first = side.middle - step * (s->cameras[0] - 1) / 2;
    setup_rect(out, "su-card", SIDE_X, PANEL_Y, SIDE_W, PANEL_H, 12);
    setup_text(out, "su-h", "start", SIDE_X + 18, PANEL_Y + 26, "from the side, to scale");
    for (unsigned i = 0; i < s->cameras[0]; i++)
        setup_cone(out, &side, first + i * step);
    setup_lamps(out, &side);
    setup_belt(out, &side);
    setup_parts(out, &side);
    for (unsigned i = 0; i < s->cameras[0]; i++)
        setup_camera(out, &side, first + i * step);
    setup_ruler(out, &side);
    setup_side_labels(out, &side, first, first + (s->cameras[0] - 1) * step);
}

/* --- what it sees --- */

static void setup_from_above(as_str *out, const as_setup *s)
{
    double along = s->seen_mm[0] * (s->cameras[0] * 0.95 + 0.05),
           across = s->seen_mm[1] * (s->cameras[1] * 0.95 + 0.05);
    double k = fmin((RIGHT_W - 60) / fmax(along, s->field_mm[0]), (TOP_H - 88) / fmax(across, s->field_mm[1]));
    double x = RIGHT_X + RIGHT_W / 2, y = PANEL_Y + 40 + (TOP_H - 84) / 2;
    setup_rect(out, "su-card", RIGHT_X, PANEL_Y, RIGHT_W, TOP_H, 12);
    setup_text(out, "su-h", "start", RIGHT_X + 18, PANEL_Y + 26,
               s->cameras[0] * s->cameras[1] > 1 ? "what the cameras see" : "what the camera sees");
    for (unsigned i = 0; i < s->cameras[0] * s->cameras[1]; i++)
        setup_rect(out, "su-seen", x - along / 2 * k + (i % s->cameras[0]) * s->seen_mm[0] * 0.95 * k,
                   y - across / 2 * k + (double)(i / s->cameras[0]) * s->seen_mm[1] * 0.95 * k, s->seen_mm[0] * k,
                   s->seen_mm[1] * k, 2);
    if (s->part_mm[0] > 0 && s->part_mm[1] > 0)
        setup_rect(out, "su-part", x - s->part_mm[0] / 2 * k, y - s->part_mm[1] / 2 * k, s->part_mm[0] * k,
                   s->part_mm[1] * k, 6);
    setup_rect(out, "su-need", x - s->field_mm[0] / 2 * k, y - s->field_mm[1] / 2 * k, s->field_mm[0] * k,
               s->field_mm[1] * k, 0);
    double dx = s->part_mm[0] * 0.22 * k, dy = s->part_mm[1] * -0.2 * k;
    setup_circle(out, "su-bad", x + dx, y + dy, s->defect_mm / 2 * k);
    setup_circle(out, "su-ring", x + dx, y + dy, fmax(s->defect_mm / 2 * k + 4, 7));
    setup_text(out, "su-s", "start", RIGHT_X + 18, PANEL_Y + TOP_H - 14,
               "dashed: what must be seen \xC2\xB7 red: the smallest defect");
}

/* --- the defect on the pixels --- */

double as_setup_cover(double diameter_px, double blur_px, double x, double y, double column, double row)
{
    double   r = diameter_px / 2, inside = 0;
    unsigned moments = blur_px > 0.02 ? SAMPLES : 1;
    for (int i = 0; i < SAMPLES * SAMPLES; i++) {
        double px = column + (i % SAMPLES + 0.5) / SAMPLES - x, py = row + (i / SAMPLES + 0.5) / SAMPLES - y;
        for (unsigned m = 0; m < moments; m++) {
            double moved = moments > 1 ? blur_px * ((m + 0.5) / moments - 0.5) : 0;
            inside += (px - moved) * (px - moved) + py * py <= r * r;
        }
    }
    return inside / (SAMPLES * SAMPLES * moments);
}

/* What covers the pixels: its own grey on each, as the sensor would have it; a cell is `each` pixels. */
static void setup_cells(as_str *out, double diameter, double blur, double middle, unsigned cells, double x, double y,
                        double size)
{
    for (unsigned i = 0; i < cells * cells; i++) {
        double cover = as_setup_cover(diameter, blur, middle, middle, i % cells, i / cells);
        if (cover > 0.004)
            as_html_addf(out,
                         "<rect class=\"su-cover\" x=\"%.2f\" y=\"%.2f\" width=\"%.2f\" height=\"%.2f\" "
                         "fill-opacity=\"%.2f\"/>\n",
                         x + (i % cells) * size, y + (double)(i / cells) * size, size, size, cover * 0.85);
    }
}

static void setup_pixels(as_str *out, const as_setup *s)
{
    double   px = s->defect_mm / s->pixel_mm, reach = fmax(px + s->blur_px, s->airy_px) + 3;
    double   each = reach > MOST_CELLS ? ceil(reach / MOST_CELLS) : 1; /* pixels of a cell */
    unsigned cells = (unsigned)fmin(fmax(ceil(reach / each), 6), MOST_CELLS);
    double   side = GRID_H - 76, size = side / cells, x = RIGHT_X + 18, y = GRID_Y + 40;
    /* Not on a corner, and not in the middle, of a pixel: as it comes. */
    double middle = cells / 2.0 + 0.18;
    char   text[64];
    setup_rect(out, "su-card", RIGHT_X, GRID_Y, RIGHT_W, GRID_H, 12);
    setup_text(out, "su-h", "start", RIGHT_X + 18, GRID_Y + 26, "the smallest defect on the pixels");
    setup_cells(out, px / each, s->blur_px / each, middle, cells, x, y, size);
    for (unsigned i = 0; i <= cells; i++) {
        setup_line(out, "su-grid", x + i * size, y, x + i * size, y + side);
        setup_line(out, "su-grid", x, y + i * size, x + side, y + i * size);
    }
    setup_circle(out, "su-ring", x + middle * size, y + middle * size, px / each / 2 * size);
    double note = x + side + 18;
    setup_circle(out, "su-ring", note + 7, y + 10, 6);
    setup_text(out, "su-t", "start", note + 20, y + 14, s->defect);
    snprintf(text, sizeof text, "%.3g pixels", px);
    setup_text(out, "su-s", "start", note + 20, y + 31, text);
    double disc = fmin(s->airy_px / each / 2 * size, 34);
    setup_circle(out, "su-airy", note + 20 + disc, y + 62 + disc, disc);
    setup_text(out, "su-t", "start", note, y + 86 + 2 * disc, "Airy\xE2\x80\x99s disc");
    snprintf(text, sizeof text, "%.3g pixels", s->airy_px);
    setup_text(out, "su-s", "start", note, y + 103 + 2 * disc, text);
    snprintf(text, sizeof text, "moves %.2g px", s->blur_px);
    setup_text(out, "su-t", "start", note, y + side - 22, s->blur_px > 0 ? text : "at rest");
    setup_text(out, "su-s", "start", note, y + side - 5, "while exposed");
    snprintf(text, sizeof text,
             each > 1 ? "a square is %.0f pixels of %.3g mm a side" : "a square is %.0f pixel of %.3g mm", each,
             s->pixel_mm);
    setup_text(out, "su-s", "start", x, GRID_Y + GRID_H - 14, text);
}

static bool setup_is_sound(const as_setup *s)
{
    return s->distance_mm > 0 && s->seen_mm[0] > 0 && s->seen_mm[1] > 0 && s->field_mm[0] > 0 && s->field_mm[1] > 0 &&
           s->cameras[0] > 0 && s->cameras[1] > 0 && s->pixel_mm > 0 && s->defect_mm > 0 && isfinite(s->distance_mm) &&
           isfinite(s->seen_mm[0]) && isfinite(s->seen_mm[1]) && s->near_mm <= s->distance_mm;
}

void as_setup_add(as_str *out, const as_setup *setup, bool alone)
{
    as_str_add(out, alone ? "<svg xmlns=\"http://www.w3.org/2000/svg\" width=\"1080\" height=\"640\"" : "<svg");
    as_html_addf(out, " class=\"setup\" viewBox=\"0 0 %.0f %.0f\" role=\"img\"><title>%s</title>\n", WIDTH, HEIGHT,
                 setup->title ? setup->title : "");
    setup_style(out, alone);
    if (setup_is_sound(setup)) {
        setup_from_side(out, setup);
        setup_from_above(out, setup);
        setup_pixels(out, setup);
    }
    as_str_add(out, "</svg>\n");
}
