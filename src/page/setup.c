/* SPDX-License-Identifier: Apache-2.0 */
#include "page/setup.h"

#include <math.h>
#include <stdio.h>
#include <string.h>

#include "page/html.h"
#include "page/setup_priv.h"

#define SMALLEST 0.28 /* scale at which a camera is still drawn; below it, it is not to scale */

#define MOST_CELLS 36 /* of the pixels' grid, a side */
#define SAMPLES    12 /* of a pixel, a side */

/* --- from the side --- */

typedef struct setup_side {
    const as_setup *s;
    double          scale;               /* drawing units a mm */
    double          middle, lens, focus; /* x of the middle; y of the lens's plane and of what is sharpest */
    double          belt;                /* y of its surface */
} setup_side;

/* What one camera sees of the part's top, the nearest plane, which is what must be seen whole. */
static double setup_top(const as_setup *s, int axis)
{
    return s->seen_mm[axis] * fmax(1.0 - s->height_mm / 2 / s->distance_mm, 0.01);
}

static double setup_step(const as_setup *s, int axis)
{
    return setup_top(s, axis) * (1.0 - SETUP_OVERLAP);
}

/* What all of them see of it. */
static double setup_total(const as_setup *s, int axis)
{
    return setup_step(s, axis) * (s->cameras[axis] - 1) + setup_top(s, axis);
}

static setup_side setup_side_of(const as_setup *s)
{
    const double room_w = SETUP_SIDE_W - 210, room_h = SETUP_PANEL_H - 120;
    double       tall_mm = SETUP_BODY_L_MM + SETUP_LENS_L_MM + s->distance_mm + s->height_mm / 2;
    setup_side   side = {.s = s, .middle = SETUP_SIDE_X + SETUP_SIDE_W / 2 + 10};
    side.scale = fmin(room_w / fmax(fmax(setup_total(s, 0) - setup_top(s, 0) + s->seen_mm[0], s->field_mm[0]), 60),
                      room_h / tall_mm);
    double used = tall_mm * side.scale;
    side.lens = SETUP_PANEL_Y + 58 + (room_h - used) / 2 + (SETUP_BODY_L_MM + SETUP_LENS_L_MM) * side.scale;
    side.focus = side.lens + s->distance_mm * side.scale;
    side.belt = side.focus + s->height_mm / 2 * side.scale;
    return side;
}

static void setup_belt(as_str *out, const setup_side *side)
{
    const double x = SETUP_SIDE_X + 18, w = SETUP_SIDE_W - 36, y = side->belt;
    as_setup_rect(out, "su-belt", x, y, w, SETUP_BELT_H, SETUP_BELT_H / 2);
    for (int i = 0; i < 9; i++)
        as_setup_circle(out, "su-roll", x + 12 + i * (w - 24) / 8, y + SETUP_BELT_H / 2, 4);
    if (!side->s->belt)
        return;
    double at = SETUP_SIDE_X + SETUP_SIDE_W - 150, low = SETUP_PANEL_Y + SETUP_PANEL_H - 20;
    as_setup_line(out, "su-dim", at, low, at + 46, low);
    as_setup_tip(out, at + 54, low, 1, 0);
    as_setup_text(out, "su-t", "start", at + 60, low + 4, side->s->belt);
}

static void setup_part(as_str *out, const setup_side *side, const char *css, double x)
{
    const as_setup *s = side->s;
    double          w = s->part_mm[0] * side->scale, h = fmax(s->height_mm * side->scale, 3);
    if (x - w / 2 < SETUP_SIDE_X + 20 || x + w / 2 > SETUP_SIDE_X + SETUP_SIDE_W - 20)
        return;
    as_setup_rect(out, css, x - w / 2, side->belt - h, w, h, fmin(4, h / 3));
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
    as_setup_line(out, "su-edge", x, side->lens, x - end, side->belt);
    as_setup_line(out, "su-edge", x, side->lens, x + end, side->belt);
}

void as_setup_camera(as_str *out, double x, double y, double scale)
{
    double k = fmax(scale, SMALLEST), lens = SETUP_LENS_L_MM * k, body = SETUP_BODY_L_MM * k;
    as_setup_rect(out, "su-body", x - SETUP_BODY_MM / 2 * k, y - lens - body, SETUP_BODY_MM * k, body, 3);
    as_setup_rect(out, "su-lens", x - SETUP_LENS_MM / 2 * k, y - lens, SETUP_LENS_MM * k, lens, 2);
    as_setup_rect(out, "su-glass", x - SETUP_LENS_MM * 0.38 * k, y - 3, SETUP_LENS_MM * 0.76 * k, 4, 2);
}

/* A bar light on each side, above what it lights. */
static void setup_lamps(as_str *out, const setup_side *side)
{
    double half = fmax(setup_total(side->s, 0) / 2 * side->scale, 30),
           up = fmin((side->focus - side->lens) * 0.55, 190);
    for (int i = -1; i <= 1; i += 2) {
        double x = side->middle + i * fmin(half + up * 0.35 + 16, SETUP_SIDE_W / 2 - 110), y = side->focus - up;
        as_html_addf(out,
                     "<g transform=\"translate(%.1f %.1f) rotate(%d)\"><rect class=\"su-lamp\" x=\"-21\" y=\"-5\" "
                     "width=\"42\" height=\"10\" rx=\"3\"/></g>\n",
                     x, y, i * 32);
        for (int ray = -1; ray <= 1; ray++)
            as_setup_line(out, "su-ray", x - i * 4 + ray * 12, y + 7, side->middle + i * half * 0.3 + ray * half * 0.28,
                          side->focus - fmax(side->s->height_mm / 2 * side->scale, 2));
        if (i > 0)
            as_setup_text(out, "su-t su-halo", "middle", fmin(x + 6, SETUP_SIDE_X + SETUP_SIDE_W - 70), y - 22,
                          side->s->light);
    }
}

/* Left of where it begins to be sharp, or above it where there is no room. */
static void setup_depth(as_str *out, const setup_side *side, double first)
{
    const as_setup *s = side->s;
    const double    from = side->lens + s->near_mm * side->scale, top = side->focus - s->height_mm / 2 * side->scale;
    const double    x = first - s->seen_mm[0] / 2 * s->near_mm / s->distance_mm * side->scale - 8;
    const double    wide = (s->depth ? (double)strlen(s->depth) : 0) * SETUP_LETTER;
    if (x - wide > SETUP_SIDE_X + 50)
        as_setup_text(out, "su-sharp-t su-halo", "end", x, fmin(fmax(from + 4, side->lens + 30), top - 8), s->depth);
    else
        as_setup_text(out, "su-sharp-t su-halo", "middle", first, fmax(fmin(from, top) - 7, side->lens + 30), s->depth);
}

static void setup_side_labels(as_str *out, const setup_side *side, double first)
{
    const as_setup *s = side->s;
    double          k = side->scale, x = SETUP_SIDE_X + 40, half = setup_total(s, 0) / 2 * k;
    double          y = side->belt + SETUP_BELT_H + 18, top = side->focus - s->height_mm / 2 * k;
    as_setup_line(out, "su-grid", x - 6, side->lens, first - SETUP_LENS_MM / 2 * k - 6, side->lens);
    as_setup_line(out, "su-grid", x - 6, side->focus, side->middle - half - 4, side->focus);
    as_setup_span(out, x, side->lens, x, side->focus);
    as_setup_text(out, "su-t su-halo", "start", x + 10, (side->lens + side->focus) / 2, s->distance);
    as_setup_names(out, s);
    for (int i = -1; i <= 1; i += 2)
        as_setup_line(out, "su-grid", side->middle + i * half, top, side->middle + i * half, y + 5);
    as_setup_span(out, side->middle - half, y, side->middle + half, y);
    as_setup_text(out, "su-t su-halo", "middle", side->middle, y + 18, s->field);
    if (s->near_mm > s->distance_mm * 0.02)
        setup_depth(out, side, first);
}

void as_setup_names(as_str *out, const as_setup *s)
{
    as_setup_text(out, "su-t su-halo", "end", SETUP_SIDE_X + SETUP_SIDE_W - 18, SETUP_PANEL_Y + 26, s->camera);
    as_setup_text(out, "su-t su-halo", "end", SETUP_SIDE_X + SETUP_SIDE_W - 18, SETUP_PANEL_Y + 44, s->lens);
}

void as_setup_ruler(as_str *out, double scale)
{
    double want = SETUP_SIDE_W / 6 / scale, base = pow(10, floor(log10(want))), part = want / base;
    double mm = base * (part >= 5   ? 5
                        : part >= 2 ? 2
                                    : 1),
           x = SETUP_SIDE_X + 24, y = SETUP_PANEL_Y + SETUP_PANEL_H - 20;
    char text[32];
    as_setup_line(out, "su-dim", x, y, x + mm * scale, y);
    as_setup_line(out, "su-dim", x, y - 4, x, y + 4);
    as_setup_line(out, "su-dim", x + mm * scale, y - 4, x + mm * scale, y + 4);
    snprintf(text, sizeof text, "%g mm", mm);
    as_setup_text(out, "su-s", "start", x + mm * scale + 8, y + 4, text);
}

static void setup_from_side(as_str *out, const as_setup *s)
{
    setup_side side = setup_side_of(s);
    double     step = setup_step(s, 0) * side.scale, first = side.middle - step * (s->cameras[0] - 1) / 2;
    as_setup_rect(out, "su-card", SETUP_SIDE_X, SETUP_PANEL_Y, SETUP_SIDE_W, SETUP_PANEL_H, 12);
    as_setup_text(out, "su-h", "start", SETUP_SIDE_X + 18, SETUP_PANEL_Y + 26, "from the side, to scale");
    for (unsigned i = 0; i < s->cameras[0]; i++)
        setup_cone(out, &side, first + i * step);
    setup_lamps(out, &side);
    setup_belt(out, &side);
    setup_parts(out, &side);
    for (unsigned i = 0; i < s->cameras[0]; i++)
        as_setup_camera(out, first + i * step, side.lens, side.scale);
    as_setup_ruler(out, side.scale);
    setup_side_labels(out, &side, first);
}

/* --- what it sees --- */

static void setup_from_above(as_str *out, const as_setup *s)
{
    double along = setup_total(s, 0), across = setup_total(s, 1);
    double k =
        fmin((SETUP_RIGHT_W - 60) / fmax(along, s->field_mm[0]), (SETUP_TOP_H - 88) / fmax(across, s->field_mm[1]));
    double x = SETUP_RIGHT_X + SETUP_RIGHT_W / 2, y = SETUP_PANEL_Y + 40 + (SETUP_TOP_H - 84) / 2;
    as_setup_rect(out, "su-card", SETUP_RIGHT_X, SETUP_PANEL_Y, SETUP_RIGHT_W, SETUP_TOP_H, 12);
    as_setup_text(out, "su-h", "start", SETUP_RIGHT_X + 18, SETUP_PANEL_Y + 26,
                  s->cameras[0] * s->cameras[1] > 1 ? "what the cameras see" : "what the camera sees");
    for (unsigned i = 0; i < s->cameras[0] * s->cameras[1]; i++)
        as_setup_rect(out, "su-seen", x - along / 2 * k + (i % s->cameras[0]) * setup_step(s, 0) * k,
                      y - across / 2 * k + (double)(i / s->cameras[0]) * setup_step(s, 1) * k, setup_top(s, 0) * k,
                      setup_top(s, 1) * k, 2);
    if (s->part_mm[0] > 0 && s->part_mm[1] > 0)
        as_setup_rect(out, "su-part", x - s->part_mm[0] / 2 * k, y - s->part_mm[1] / 2 * k, s->part_mm[0] * k,
                      s->part_mm[1] * k, 6);
    as_setup_rect(out, "su-need", x - s->field_mm[0] / 2 * k, y - s->field_mm[1] / 2 * k, s->field_mm[0] * k,
                  s->field_mm[1] * k, 0);
    double dx = s->part_mm[0] * 0.22 * k, dy = s->part_mm[1] * -0.2 * k;
    as_setup_circle(out, "su-bad", x + dx, y + dy, s->defect_mm / 2 * k);
    as_setup_circle(out, "su-ring", x + dx, y + dy, fmax(s->defect_mm / 2 * k + 4, 7));
    as_setup_text(out, "su-s", "start", SETUP_RIGHT_X + 18, SETUP_PANEL_Y + SETUP_TOP_H - 14,
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

void as_setup_pixels(as_str *out, const as_setup *s)
{
    double   px = s->defect_mm / s->pixel_mm, reach = fmax(px + s->blur_px, s->airy_px) + 3;
    double   each = reach > MOST_CELLS ? ceil(reach / MOST_CELLS) : 1; /* pixels of a cell */
    unsigned cells = (unsigned)fmin(fmax(ceil(reach / each), 6), MOST_CELLS);
    double   side = SETUP_GRID_H - 76, size = side / cells, x = SETUP_RIGHT_X + 18, y = SETUP_GRID_Y + 40;
    /* Not on a corner, and not in the middle, of a pixel: as it comes. */
    double middle = cells / 2.0 + 0.18;
    char   text[64];
    as_setup_rect(out, "su-card", SETUP_RIGHT_X, SETUP_GRID_Y, SETUP_RIGHT_W, SETUP_GRID_H, 12);
    as_setup_text(out, "su-h", "start", SETUP_RIGHT_X + 18, SETUP_GRID_Y + 26, "the smallest defect on the pixels");
    setup_cells(out, px / each, s->blur_px / each, middle, cells, x, y, size);
    for (unsigned i = 0; i <= cells; i++) {
        as_setup_line(out, "su-grid", x + i * size, y, x + i * size, y + side);
        as_setup_line(out, "su-grid", x, y + i * size, x + side, y + i * size);
    }
    as_setup_circle(out, "su-ring", x + middle * size, y + middle * size, px / each / 2 * size);
    double note = x + side + 18;
    as_setup_circle(out, "su-ring", note + 7, y + 10, 6);
    as_setup_text(out, "su-t", "start", note + 20, y + 14, s->defect);
    snprintf(text, sizeof text, "%.3g pixels", px);
    as_setup_text(out, "su-s", "start", note + 20, y + 31, text);
    double disc = fmin(s->airy_px / each / 2 * size, 34);
    as_setup_circle(out, "su-airy", note + 20 + disc, y + 62 + disc, disc);
    as_setup_text(out, "su-t", "start", note, y + 86 + 2 * disc, "Airy\xE2\x80\x99s disc");
    snprintf(text, sizeof text, "%.3g pixels", s->airy_px);
    as_setup_text(out, "su-s", "start", note, y + 103 + 2 * disc, text);
    snprintf(text, sizeof text, "moves %.2g px", s->blur_px);
    as_setup_text(out, "su-t", "start", note, y + side - 22, s->blur_px > 0 ? text : "at rest");
    as_setup_text(out, "su-s", "start", note, y + side - 5, "while exposed");
    snprintf(text, sizeof text,
             each > 1 ? "a square is %.0f pixels of %.3g mm a side" : "a square is %.0f pixel of %.3g mm", each,
             s->pixel_mm);
    as_setup_text(out, "su-s", "start", x, SETUP_GRID_Y + SETUP_GRID_H - 14, text);
}

bool as_setup_is_sound(const as_setup *s)
{
    return s->distance_mm > 0 && s->seen_mm[0] > 0 && s->seen_mm[1] > 0 && s->field_mm[0] > 0 && s->field_mm[1] > 0 &&
           s->cameras[0] > 0 && s->cameras[1] > 0 && s->pixel_mm > 0 && s->defect_mm > 0 && isfinite(s->distance_mm) &&
           isfinite(s->seen_mm[0]) && isfinite(s->seen_mm[1]) && s->near_mm <= s->distance_mm;
}

void as_setup_open(as_str *out, const as_setup *setup, bool alone)
{
    as_str_add(out, alone ? "<svg xmlns=\"http://www.w3.org/2000/svg\" width=\"1080\" height=\"640\"" : "<svg");
    as_html_addf(out, " class=\"setup\" viewBox=\"0 0 %.0f %.0f\" role=\"img\"><title>%s</title>\n", SETUP_WIDTH,
                 SETUP_HEIGHT, setup->title ? setup->title : "");
    as_setup_style(out, alone);
}

void as_setup_add(as_str *out, const as_setup *setup, bool alone)
{
    as_setup_open(out, setup, alone);
    if (as_setup_is_sound(setup)) {
        setup_from_side(out, setup);
        setup_from_above(out, setup);
        as_setup_pixels(out, setup);
    }
    as_str_add(out, "</svg>\n");
}
