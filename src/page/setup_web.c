/* SPDX-License-Identifier: Apache-2.0 */
/* Line-scan cameras over a web: along it to scale, from the side as a sketch, and the smallest defect on the pixels. */
#include <math.h>
#include <stdio.h>

#include "page/setup_priv.h"

typedef struct web_view {
    const as_setup *s;
    double          scale, middle, lens, web; /* drawing units a mm; x of its middle; y of the lenses and of the web */
} web_view;

static double web_step(const as_setup *s)
{
    return s->field_mm[1] / (s->cameras[1] * (1.0 - SETUP_OVERLAP) + SETUP_OVERLAP) * (1.0 - SETUP_OVERLAP);
}

static web_view web_view_of(const as_setup *s)
{
    const double room_w = SETUP_SIDE_W - 190, room_h = SETUP_PANEL_H - 196;
    const double wide_mm = fmax(web_step(s) * (s->cameras[1] - 1) + s->seen_mm[1], s->field_mm[1]);
    const double tall_mm = SETUP_BODY_L_MM + SETUP_LENS_L_MM + s->distance_mm;
    web_view     view = {.s = s, .middle = SETUP_SIDE_X + SETUP_SIDE_W / 2 + 30};
    view.scale = fmin(room_w / wide_mm, room_h / tall_mm);
    const double used = s->distance_mm * view.scale;
    view.web = SETUP_PANEL_Y + SETUP_PANEL_H - 100 - (room_h - tall_mm * view.scale) / 2;
    view.lens = view.web - used;
    return view;
}

static void web_cone(as_str *out, const web_view *v, double x)
{
    const as_setup *s = v->s;
    const double    half = s->seen_mm[1] / 2 * v->scale, below = 14; /* as far as one sees past the web */
    const double    end = half * (s->distance_mm * v->scale + below) / (s->distance_mm * v->scale);
    const double    near = fmax(s->near_mm, 0) * v->scale,
                 far = fmin(s->far_mm * v->scale, s->distance_mm * v->scale + below);
    const double a = half * near / (s->distance_mm * v->scale), b = half * far / (s->distance_mm * v->scale);
    as_str_addf(out, "<path class=\"su-cone\" d=\"M%.1f %.1fL%.1f %.1fL%.1f %.1fZ\"/>\n", x, v->lens, x - end,
                v->web + below, x + end, v->web + below);
    as_str_addf(out, "<path class=\"su-sharp\" d=\"M%.1f %.1fL%.1f %.1fL%.1f %.1fL%.1f %.1fZ\"/>\n", x - a,
                v->lens + near, x + a, v->lens + near, x + b, v->lens + far, x - b, v->lens + far);
    as_setup_line(out, "su-edge", x, v->lens, x - end, v->web + below);
    as_setup_line(out, "su-edge", x, v->lens, x + end, v->web + below);
}

static void web_labels(as_str *out, const web_view *v, double first)
{
    const as_setup *s = v->s;
    const double    x = SETUP_SIDE_X + 40, half = s->field_mm[1] / 2 * v->scale, y = v->web + 30;
    const double    step = web_step(s) * v->scale;
    as_setup_line(out, "su-grid", x - 6, v->lens, first - SETUP_LENS_MM / 2 * fmax(v->scale, 0.28) - 6, v->lens);
    as_setup_line(out, "su-grid", x - 6, v->web, v->middle - half - 4, v->web);
    as_setup_span(out, x, v->lens, x, v->web);
    as_setup_text(out, "su-t su-halo", "start", x + 10, (v->lens + v->web) / 2, s->distance);
    as_setup_span(out, v->middle - half, y, v->middle + half, y);
    as_setup_text(out, "su-t su-halo", "middle", v->middle, y + 18, s->field);
    if (s->cameras[1] > 1) {
        const double above = v->lens - (SETUP_BODY_L_MM + SETUP_LENS_L_MM) * fmax(v->scale, 0.28) - 9;
        char         text[48];
        as_setup_span(out, first, above, first + step, above);
        snprintf(text, sizeof text, "%.4g mm", web_step(s));
        as_setup_text(out, "su-s su-halo", "middle", first + step / 2, above - 5, text);
    }
    as_setup_names(out, s);
}

static void web_along(as_str *out, const as_setup *s)
{
    const web_view v = web_view_of(s);
    const double   step = web_step(s) * v.scale, first = v.middle - step * (s->cameras[1] - 1) / 2;
    as_setup_rect(out, "su-card", SETUP_SIDE_X, SETUP_PANEL_Y, SETUP_SIDE_W, SETUP_PANEL_H, 12);
    as_setup_text(out, "su-h", "start", SETUP_SIDE_X + 18, SETUP_PANEL_Y + 26, "seen along the web, to scale");
    for (unsigned i = 0; i < s->cameras[1]; i++)
        web_cone(out, &v, first + i * step);
    as_setup_rect(out, "su-part", v.middle - s->field_mm[1] / 2 * v.scale, v.web - 2, s->field_mm[1] * v.scale, 4, 1);
    for (unsigned i = 0; i < s->cameras[1]; i++)
        as_setup_camera(out, first + i * step, v.lens, v.scale);
    as_setup_ruler(out, v.scale);
    web_labels(out, &v, first);
}

/* Web over two rollers, the line of sight, and the light close to where it meets the web. */
static void web_side(as_str *out, const as_setup *s)
{
    const double x = SETUP_RIGHT_X + 150, web = SETUP_PANEL_Y + SETUP_TOP_H - 78, left = SETUP_RIGHT_X + 36,
                 right = SETUP_RIGHT_X + SETUP_RIGHT_W - 36;
    as_setup_rect(out, "su-card", SETUP_RIGHT_X, SETUP_PANEL_Y, SETUP_RIGHT_W, SETUP_TOP_H, 12);
    as_setup_text(out, "su-h", "start", SETUP_RIGHT_X + 18, SETUP_PANEL_Y + 26, "from the side, not to scale");
    as_setup_circle(out, "su-roll", left + 14, web + 15, 14);
    as_setup_circle(out, "su-roll", right - 14, web + 15, 14);
    as_setup_rect(out, "su-part", left + 14, web - 1, right - left - 28, 3, 1);
    as_setup_line(out, "su-edge", x, SETUP_PANEL_Y + 96, x, web);
    as_setup_camera(out, x, SETUP_PANEL_Y + 96, 0.55);
    as_str_addf(out,
                "<g transform=\"translate(%.1f %.1f) rotate(40)\"><rect class=\"su-lamp\" x=\"-17\" y=\"-5\" "
                "width=\"34\" height=\"10\" rx=\"3\"/></g>\n",
                x + 62, web - 62);
    for (int i = -1; i <= 1; i++)
        as_setup_line(out, "su-ray", x + 55 + i * 10, web - 52 + i * 8, x + i * 2, web - 3);
    as_setup_text(out, "su-t su-halo", "end", SETUP_RIGHT_X + SETUP_RIGHT_W - 18, web - 92, s->light);
    as_setup_text(out, "su-sharp-t su-halo", "end", x - 10, web - 14, s->depth);
    as_setup_line(out, "su-dim", left + 40, web + 50, left + 86, web + 50);
    as_setup_tip(out, left + 94, web + 50, 1, 0);
    as_setup_text(out, "su-t", "start", left + 100, web + 54, s->belt);
}

void as_setup_web_add(as_str *out, const as_setup *setup, bool alone)
{
    as_setup_open(out, setup, alone);
    if (as_setup_is_sound(setup)) {
        web_along(out, setup);
        web_side(out, setup);
        as_setup_pixels(out, setup);
    }
    as_str_add(out, "</svg>\n");
}
