/* SPDX-License-Identifier: Apache-2.0 */
#include "twin/veil.h"

#include <math.h>

#include "twin/kernel.h"
#include "twin/noise.h"
#include "twin/paint.h"

enum { STEP = 4, N_BLOBS = 90 };

/* Splashes and dust, a few large and many small, all with soft rims. Places are shares of the picture. */
static void veil_draw_dirt(as_veil *veil, uint32_t seed)
{
    float w = (float)veil->map_width, h = (float)veil->map_height, unit = h / 120.0f;
    for (uint32_t i = 0; i < N_BLOBS; i++) {
        float x = w * as_noise_unit(as_noise_hash2(i, 1, seed)), y = h * as_noise_unit(as_noise_hash2(i, 2, seed));
        float size = as_noise_unit(as_noise_hash2(i, 3, seed)), depth = as_noise_unit(as_noise_hash2(i, 4, seed));
        float radius = unit * (2.0f + 20.0f * size * size * size * size), soft = radius * 0.45f + unit;
        depth = 0.25f + 0.6f * depth;
        as_canvas     canvas = {.width = veil->map_width, .height = veil->map_height};
        as_paint_area area = as_paint_around(&canvas, x, y, radius + soft);
        for (uint32_t py = area.y0; py < area.y1; py++)
            for (uint32_t px = area.x0; px < area.x1; px++) {
                float dx = (float)px - x, dy = (float)py - y;
                float d =
                    sqrtf(dx * dx + dy * dy) + 0.25f * radius * as_noise_value(dx / radius, dy / radius, seed + i);
                float *at = &veil->dirt[(size_t)py * veil->map_width + px];
                *at += (1.0f - *at) * depth * as_paint_step(radius + soft, radius - soft, d);
            }
    }
    for (uint32_t py = 0; py < veil->map_height; py++)
        for (uint32_t px = 0; px < veil->map_width; px++) {
            float *at = &veil->dirt[(size_t)py * veil->map_width + px];
            float  film = as_noise_fractal((float)px / (24.0f * unit), (float)py / (24.0f * unit), seed + 77u, 3);
            *at += (1.0f - *at) * 0.55f * as_paint_step(-0.2f, 0.9f, film);
        }
}

/* Ridges about a whorl, within an oval; out of focus they are mostly a bright smear. */
static void veil_draw_print(as_veil *veil, uint32_t seed)
{
    float w = (float)veil->map_width, h = (float)veil->map_height, unit = h / 120.0f;
    float x = w * (0.3f + 0.4f * as_noise_unit(as_noise_hash2(1, 9, seed)));
    float y = h * (0.3f + 0.4f * as_noise_unit(as_noise_hash2(2, 9, seed)));
    for (uint32_t py = 0; py < veil->map_height; py++)
        for (uint32_t px = 0; px < veil->map_width; px++) {
            float dx = ((float)px - x) / unit, dy = ((float)py - y) / unit;
            float bend = 5.0f * as_noise_value(dx * 0.05f, dy * 0.05f, seed + 5u);
            float oval = sqrtf(dx * dx + 0.5f * dy * dy) / 34.0f;
            float ring = sqrtf(dx * dx + 0.7f * dy * dy) * 0.28f + 0.15f * bend;
            float wave = ring - (float)as_noise_floor(ring), ridge = 1.0f - 2.0f * fabsf(wave - 0.5f);
            veil->print[(size_t)py * veil->map_width + px] =
                as_paint_step(1.05f, 0.7f, oval) * (0.30f + 0.35f * as_paint_step(0.25f, 0.8f, ridge));
        }
}

bool as_veil_init(as_veil *veil, uint32_t width, uint32_t height, uint64_t seed, as_err *err)
{
    *veil = (as_veil){.width = width, .height = height, .map_width = width / STEP + 2, .map_height = height / STEP + 2};
    size_t n = (size_t)veil->map_width * veil->map_height;
    veil->dirt = calloc(2 * n, sizeof *veil->dirt);
    if (!veil->dirt)
        return AS_FAIL(err, AS_ENOMEM, "no memory for what lies on a lens");
    veil->print = veil->dirt + n;
    uint32_t small = as_noise_mix((uint32_t)seed ^ as_noise_mix((uint32_t)(seed >> 32) + 3u));
    veil_draw_dirt(veil, small);
    veil_draw_print(veil, small);
    return true;
}

void as_veil_done(as_veil *veil)
{
    free(veil->dirt);
    *veil = (as_veil){0};
}

AS_TWIN_CLONES
static void veil_cover(const float *restrict keep, const float *restrict glow, float mean, size_t w,
                       float *restrict light)
{
    for (size_t x = 0; x < w; x++)
        light[x] = light[x] * keep[x] + glow[x] * mean;
}

void as_veil_row(const as_veil *veil, const as_veil_amount *amount, uint32_t y, const float mean[3], uint32_t n_planes,
                 float *floats, float *light)
{
    size_t       w = veil->width, at = (size_t)(y / STEP) * veil->map_width;
    float        fy = (float)(y % STEP) / STEP;
    const float *d0 = veil->dirt + at, *d1 = d0 + veil->map_width, *p0 = veil->print + at, *p1 = p0 + veil->map_width;
    float       *keep = floats, *glow = floats + w;
    for (size_t x = 0, i = 0; x < w; i++) {
        float da = d0[i] + fy * (d1[i] - d0[i]), db = d0[i + 1] + fy * (d1[i + 1] - d0[i + 1]);
        float pa = p0[i] + fy * (p1[i] - p0[i]), pb = p0[i + 1] + fy * (p1[i + 1] - p0[i + 1]);
        for (size_t k = 0; k < STEP && x < w; k++, x++) {
            float fx = (float)k / STEP, dirt = amount->dirt * (da + fx * (db - da));
            float print = amount->print * (pa + fx * (pb - pa));
            keep[x] = (1.0f - 0.85f * dirt) * (1.0f - 0.55f * print) * (1.0f - 0.7f * amount->haze);
            glow[x] = 0.25f * dirt + 0.75f * print + 0.75f * amount->haze;
        }
    }
    for (uint32_t c = 0; c < n_planes; c++)
        veil_cover(keep, glow, mean[c], w, light + (size_t)c * w);
}
