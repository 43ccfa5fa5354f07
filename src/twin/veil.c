/* SPDX-License-Identifier: Apache-2.0 */
#include "twin/veil.h"

#include <math.h>

#include "twin/kernel.h"
#include "twin/noise.h"
#include "twin/paint.h"

enum { STEP = 4, RUN = 64, N_BLOBS = 90 }; /* RUN: points of the map at once */

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

/* Between two rows of the map. */
AS_TWIN_CLONES
static void veil_between(const float *restrict above, const float *restrict below, float fy, size_t n,
                         float *restrict out)
{
    for (size_t i = 0; i < n; i++)
        out[i] = above[i] + fy * (below[i] - above[i]);
}

/* What of the light comes through, and what is scattered into the picture, of STEP pixels for each of n points. */
AS_TWIN_CLONES
static void veil_spread(const float *restrict dirts, const float *restrict prints, const as_veil_amount *amount,
                        size_t n, float *restrict keep, float *restrict glow)
{
    const float clear = 1.0f - 0.7f * amount->haze, shine = 0.75f * amount->haze, a = amount->dirt, b = amount->print;
    for (size_t i = 0; i < n; i++)
        for (size_t k = 0; k < STEP; k++) {
            float fx = (float)k / STEP, dirt = a * (dirts[i] + fx * (dirts[i + 1] - dirts[i]));
            float print = b * (prints[i] + fx * (prints[i + 1] - prints[i]));
            keep[i * STEP + k] = (1.0f - 0.85f * dirt) * (1.0f - 0.55f * print) * clear;
            glow[i * STEP + k] = 0.25f * dirt + 0.75f * print + shine;
        }
}

AS_TWIN_CLONES
static void veil_cover(const float *restrict keep, const float *restrict glow, float mean, size_t w,
                       float *restrict light)
{
    for (size_t x = 0; x < w; x++)
        light[x] = light[x] * keep[x] + glow[x] * mean;
}

void as_veil_row(const as_veil *veil, const as_veil_amount *amount, uint32_t y, const float mean[3], uint32_t n_planes,
                 float *light)
{
    const size_t w = veil->width, at = (size_t)(y / STEP) * veil->map_width;
    const float  fy = (float)(y % STEP) / STEP, *dirt = veil->dirt + at, *print = veil->print + at;
    float        dirts[RUN + 1], prints[RUN + 1], keep[RUN * STEP], glow[RUN * STEP];
    for (size_t x = 0; x < w; x += RUN * STEP) {
        const size_t pixels = AS_MIN(w - x, (size_t)RUN * STEP), n = (pixels + STEP - 1) / STEP, i = x / STEP;
        veil_between(dirt + i, dirt + i + veil->map_width, fy, n + 1, dirts);
        veil_between(print + i, print + i + veil->map_width, fy, n + 1, prints);
        veil_spread(dirts, prints, amount, n, keep, glow);
        for (uint32_t c = 0; c < n_planes; c++)
            veil_cover(keep, glow, mean[c], pixels, light + (size_t)c * w + x);
    }
}
