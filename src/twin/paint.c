/* SPDX-License-Identifier: Apache-2.0 */
#include "twin/paint.h"

#include "twin/noise.h"

/* Towards the light, which hangs at the upper left of every scene: unit length. */
#define LIGHT_X -0.43f
#define LIGHT_Y -0.53f
#define LIGHT_Z 0.73f

static float paint_screen(uint32_t v)
{
    float x = (float)(v & 255u) / 255.0f;
    return x * (x * (x * 0.305306011f + 0.682171111f) + 0.012522878f);
}

as_colour as_colour_screen(uint32_t rgb)
{
    return (as_colour){paint_screen(rgb >> 16), paint_screen(rgb >> 8), paint_screen(rgb)};
}

static uint32_t paint_bound(float v, uint32_t limit)
{
    return v <= 0.0f ? 0 : (v >= (float)limit ? limit : (uint32_t)v);
}

as_paint_area as_paint_around(const as_canvas *canvas, float x_px, float y_px, float radius_px)
{
    return (as_paint_area){paint_bound(x_px - radius_px, canvas->width), paint_bound(y_px - radius_px, canvas->height),
                           paint_bound(x_px + radius_px + 2.0f, canvas->width),
                           paint_bound(y_px + radius_px + 2.0f, canvas->height)};
}

/* Diffuse light on a surface that leans by (nx, ny), at most 1 long together, with a little from all around. */
static float paint_diffuse(float nx, float ny)
{
    float n2 = as_paint_clamp(1.0f - nx * nx - ny * ny, 0.0f, 1.0f);
    float d = nx * LIGHT_X + ny * LIGHT_Y + sqrtf(n2) * LIGHT_Z;
    return 0.38f + 0.85f * as_paint_clamp(d, 0.0f, 1.0f);
}

/* A highlight where the surface leans half way to the light. */
static float paint_highlight(float nx, float ny)
{
    float dx = nx - LIGHT_X * 0.5f, dy = ny - LIGHT_Y * 0.5f;
    float t = as_paint_clamp(1.0f - (dx * dx + dy * dy) * 9.0f, 0.0f, 1.0f);
    return t * t * t;
}

void as_paint_rod(const as_canvas *canvas, float x0, float y0, float x1, float y1, float radius, float swell,
                  as_colour colour, float gloss)
{
    float         ex = x1 - x0, ey = y1 - y0, length2 = ex * ex + ey * ey;
    float         reach = sqrtf(length2) * 0.5f + radius * 2.0f * swell + 2.0f;
    as_paint_area area = as_paint_around(canvas, (x0 + x1) * 0.5f, (y0 + y1) * 0.5f, reach);
    for (uint32_t y = area.y0; y < area.y1; y++)
        for (uint32_t x = area.x0; x < area.x1; x++) {
            float  px = (float)x - x0, py = (float)y - y0;
            float  t = length2 > 0.0f ? as_paint_clamp((px * ex + py * ey) / length2, 0.0f, 1.0f) : 0.0f;
            float  qx = px - t * ex, qy = py - t * ey, d = sqrtf(qx * qx + qy * qy);
            float  thick = radius * (1.0f + (swell - 1.0f) * as_paint_step(0.55f, 1.0f, t));
            float  sx = qx - radius * 0.5f, sy = qy - radius * 0.6f, ds = sqrtf(sx * sx + sy * sy);
            size_t i = (size_t)y * canvas->width + x;
            as_paint_darken(canvas, i, 1.0f - 0.35f * as_paint_step(thick * 1.4f, thick * 0.6f - 1.0f, ds));
            float cover = as_paint_cover(d - thick);
            if (cover <= 0.0f)
                continue;
            float     nx = 0.85f * qx / thick, ny = 0.85f * qy / thick;
            float     shine = gloss * paint_highlight(nx, ny);
            as_colour lit = as_colour_scale(colour, paint_diffuse(nx, ny));
            as_paint_blend(canvas, i, (as_colour){lit.r + shine, lit.g + shine, lit.b + shine}, cover);
        }
}

void as_paint_drop(const as_canvas *canvas, float x, float y, float radius, as_colour colour, float alpha, float flat,
                   float gloss, uint32_t seed)
{
    as_paint_area area = as_paint_around(canvas, x, y, radius * 1.6f + 3.0f);
    float         a2 = (as_noise_unit(as_noise_mix(seed)) - 0.5f) * 0.44f;
    float         b2 = (as_noise_unit(as_noise_mix(seed + 1)) - 0.5f) * 0.44f;
    float         a3 = (as_noise_unit(as_noise_mix(seed + 2)) - 0.5f) * 0.30f;
    float         b3 = (as_noise_unit(as_noise_mix(seed + 3)) - 0.5f) * 0.30f;
    for (uint32_t py = area.y0; py < area.y1; py++)
        for (uint32_t px = area.x0; px < area.x1; px++) {
            float  dx = (float)px - x, dy = (float)py - y, r = sqrtf(dx * dx + dy * dy) + 1e-6f;
            float  c = dx / r, s = dy / r, c2 = c * c - s * s, s2 = 2.0f * c * s;
            float  edge = radius * (1.0f + a2 * c2 + b2 * s2 + a3 * (c * c2 - s * s2) + b3 * (s * c2 + c * s2));
            float  d = r - edge;
            size_t i = (size_t)py * canvas->width + px;
            float  shade = (1.0f - flat) * as_paint_step(radius * 0.35f + 2.0f, -1.0f, d) *
                          as_paint_step(-radius, radius * 0.4f, dx + dy);
            as_paint_darken(canvas, i, 1.0f - 0.4f * alpha * shade);
            float cover = as_paint_cover(d) * alpha;
            if (cover <= 0.0f)
                continue;
            float     lean = as_paint_clamp(1.0f + d / (radius * 0.55f), 0.0f, 1.0f) * 0.85f * (1.0f - flat);
            float     nx = c * lean, ny = s * lean, shine = gloss * paint_highlight(nx, ny);
            float     grain = 1.0f + 0.08f * as_noise_value((float)px * 0.4f, (float)py * 0.4f, seed);
            as_colour lit = as_colour_scale(colour, paint_diffuse(nx, ny) * grain);
            as_paint_blend(canvas, i, (as_colour){lit.r + shine, lit.g + shine, lit.b + shine}, cover);
        }
}
