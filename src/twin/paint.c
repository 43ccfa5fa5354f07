/* SPDX-License-Identifier: Apache-2.0 */
#include "twin/paint.h"

#include "twin/kernel.h"
#include "twin/noise_inline.h"

#define PAINT_BLOCK 16u /* pixels of a row that are worked out at once */

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
AS_NOISE_INLINE float paint_diffuse(float nx, float ny)
{
    float n2 = as_paint_clamp(1.0f - nx * nx - ny * ny, 0.0f, 1.0f);
    float d = nx * LIGHT_X + ny * LIGHT_Y + sqrtf(n2) * LIGHT_Z;
    return 0.38f + 0.85f * as_paint_clamp(d, 0.0f, 1.0f);
}

/* A highlight where the surface leans half way to the light. */
AS_NOISE_INLINE float paint_highlight(float nx, float ny)
{
    float dx = nx - LIGHT_X * 0.5f, dy = ny - LIGHT_Y * 0.5f;
    float t = as_paint_clamp(1.0f - (dx * dx + dy * dy) * 9.0f, 0.0f, 1.0f);
    return t * t * t;
}

/* A block of a row: what it keeps of the light, and by how much it gives way to what colour (0 where not at all: there the
 * formulas may give no number). */
typedef struct paint_block {
    float keep[PAINT_BLOCK], cover[PAINT_BLOCK], lit[PAINT_BLOCK], shine[PAINT_BLOCK];
} paint_block;

/* Colour times lit, and a highlight. */
AS_NOISE_INLINE void paint_put(const paint_block *restrict block, float colour, uint32_t n, float *restrict to)
{
    for (uint32_t i = 0; i < n; i++) {
        float kept = to[i] * block->keep[i];
        to[i] = kept + (colour * block->lit[i] + block->shine[i] - kept) * block->cover[i];
    }
}

AS_NOISE_INLINE void paint_put_all(const as_canvas *canvas, const paint_block *block, as_colour colour, size_t at,
                                   uint32_t n)
{
    paint_put(block, colour.r, n, canvas->r + at);
    paint_put(block, colour.g, n, canvas->g + at);
    paint_put(block, colour.b, n, canvas->b + at);
}

typedef struct paint_rod {
    float     x0, y0, ex, ey, over, radius, swell, gloss; /* over: length squared; 1 for a dot */
    as_colour colour;
} paint_rod;

AS_TWIN_CLONES
static void paint_rod_block(const as_canvas *canvas, const paint_rod *rod, uint32_t px, uint32_t py, uint32_t n)
{
    const float x0 = rod->x0, y0 = rod->y0, ex = rod->ex, ey = rod->ey, over = rod->over, radius = rod->radius;
    const float swell = rod->swell, gloss = rod->gloss;
    paint_block block;
    for (uint32_t i = 0; i < PAINT_BLOCK; i++) {
        float x = (float)(int32_t)(px + i) - x0, y = (float)(int32_t)py - y0;
        float t = as_paint_clamp((x * ex + y * ey) / over, 0.0f, 1.0f);
        float qx = x - t * ex, qy = y - t * ey, d = sqrtf(qx * qx + qy * qy);
        float thick = radius * (1.0f + (swell - 1.0f) * as_paint_step(0.55f, 1.0f, t));
        float sx = qx - radius * 0.5f, sy = qy - radius * 0.6f, ds = sqrtf(sx * sx + sy * sy);
        float nx = 0.85f * qx / thick, ny = 0.85f * qy / thick;
        block.keep[i] = 1.0f - 0.35f * as_paint_step(thick * 1.4f, thick * 0.6f - 1.0f, ds);
        float cover = as_paint_cover(d - thick), shine = gloss * paint_highlight(nx, ny), lit = paint_diffuse(nx, ny);
        block.cover[i] = cover;
        block.shine[i] = cover > 0.0f ? shine : 0.0f;
        block.lit[i] = cover > 0.0f ? lit : 0.0f;
    }
    paint_put_all(canvas, &block, rod->colour, (size_t)py * canvas->width + px, n);
}

void as_paint_rod(const as_canvas *canvas, float x0, float y0, float x1, float y1, float radius, float swell,
                  as_colour colour, float gloss)
{
    float     ex = x1 - x0, ey = y1 - y0, length2 = ex * ex + ey * ey;
    float     reach = sqrtf(length2) * 0.5f + radius * 2.0f * swell + 2.0f;
    paint_rod rod = {x0, y0, ex, ey, length2 > 0.0f ? length2 : 1.0f, radius, swell, gloss, colour};
    /* Its shadow lies a little to the lower right, and is a little thicker. */
    float         side = 1.4f * radius * AS_MAX(swell, 1.0f) + 1.0f, mid_x = (x0 + x1) * 0.5f, mid_y = (y0 + y1) * 0.5f;
    float         half_x = fabsf(ex) * 0.5f + side + 0.6f * radius, half_y = fabsf(ey) * 0.5f + side + 0.6f * radius;
    as_paint_area wide = as_paint_around(canvas, mid_x, mid_y, AS_MIN(half_x, reach));
    as_paint_area high = as_paint_around(canvas, mid_x, mid_y, AS_MIN(half_y, reach));
    for (uint32_t y = high.y0; y < high.y1; y++)
        for (uint32_t x = wide.x0; x < wide.x1; x += PAINT_BLOCK)
            paint_rod_block(canvas, &rod, x, y, AS_MIN(PAINT_BLOCK, wide.x1 - x));
}

typedef struct paint_drop {
    float     x, y, radius, a2, b2, a3, b3, alpha, flat, gloss;
    uint32_t  seed;
    as_colour colour;
} paint_drop;

AS_TWIN_CLONES
static void paint_drop_block(const as_canvas *canvas, const paint_drop *drop, uint32_t px, uint32_t py, uint32_t n)
{
    const float    radius = drop->radius, alpha = drop->alpha, flat = drop->flat, gloss = drop->gloss;
    const float    a2 = drop->a2, b2 = drop->b2, a3 = drop->a3, b3 = drop->b3, y = (float)(int32_t)py, mid_x = drop->x;
    const float    dy = y - drop->y;
    const uint32_t seed = drop->seed;
    paint_block    block;
    for (uint32_t i = 0; i < PAINT_BLOCK; i++) {
        float x = (float)(int32_t)(px + i), dx = x - mid_x, r = sqrtf(dx * dx + dy * dy) + 1e-6f;
        float c = dx / r, s = dy / r, c2 = c * c - s * s, s2 = 2.0f * c * s;
        float edge = radius * (1.0f + a2 * c2 + b2 * s2 + a3 * (c * c2 - s * s2) + b3 * (s * c2 + c * s2));
        float d = r - edge;
        float shade = (1.0f - flat) * as_paint_step(radius * 0.35f + 2.0f, -1.0f, d) *
                      as_paint_step(-radius, radius * 0.4f, dx + dy);
        float lean = as_paint_clamp(1.0f + d / (radius * 0.55f), 0.0f, 1.0f) * 0.85f * (1.0f - flat);
        float nx = c * lean, ny = s * lean;
        float grain = 1.0f + 0.08f * as_noise_value_inline(x * 0.4f, y * 0.4f, seed);
        block.keep[i] = 1.0f - 0.4f * alpha * shade;
        float cover = as_paint_cover(d) * alpha, shine = gloss * paint_highlight(nx, ny);
        float lit = paint_diffuse(nx, ny) * grain;
        block.cover[i] = cover;
        block.shine[i] = cover > 0.0f ? shine : 0.0f;
        block.lit[i] = cover > 0.0f ? lit : 0.0f;
    }
    paint_put_all(canvas, &block, drop->colour, (size_t)py * canvas->width + px, n);
}

void as_paint_drop(const as_canvas *canvas, float x, float y, float radius, as_colour colour, float alpha, float flat,
                   float gloss, uint32_t seed)
{
    as_paint_area area = as_paint_around(canvas, x, y, radius * 1.6f + 3.0f);
    paint_drop    drop = {.x = x,
                          .y = y,
                          .radius = radius,
                          .a2 = (as_noise_unit(as_noise_mix(seed)) - 0.5f) * 0.44f,
                          .b2 = (as_noise_unit(as_noise_mix(seed + 1)) - 0.5f) * 0.44f,
                          .a3 = (as_noise_unit(as_noise_mix(seed + 2)) - 0.5f) * 0.30f,
                          .b3 = (as_noise_unit(as_noise_mix(seed + 3)) - 0.5f) * 0.30f,
                          .alpha = alpha,
                          .flat = flat,
                          .gloss = gloss,
                          .seed = seed,
                          .colour = colour};
    for (uint32_t py = area.y0; py < area.y1; py++)
        for (uint32_t px = area.x0; px < area.x1; px += PAINT_BLOCK)
            paint_drop_block(canvas, &drop, px, py, AS_MIN(PAINT_BLOCK, area.x1 - px));
}
