/* SPDX-License-Identifier: Apache-2.0 */
/* paint.h - antialiased shapes laid over planes of linear light.
 *
 * Layer:   twin.
 * Threads: pure; a canvas belongs to one thread.
 * Memory:  none; the planes are the caller's.
 *
 * Distances are signed: negative inside. A shape covers a pixel by its distance in pixels (half a pixel either way).
 */
#ifndef AS_TWIN_PAINT_H
#define AS_TWIN_PAINT_H

#include <math.h>

#include "base/def.h"

typedef struct as_colour {
    float r, g, b; /* linear light, 0..1 */
} as_colour;

typedef struct as_canvas {
    float   *r, *g, *b;
    uint32_t width, height; /* pixels */
} as_canvas;

/* Where a part lies: its own millimetres (origin in its middle) to pixels. */
typedef struct as_pose {
    float x_px, y_px, sin, cos, px_per_mm;
} as_pose;

/* Pixels of the canvas from x0, y0 up to and without x1, y1. */
typedef struct as_paint_area {
    uint32_t x0, y0, x1, y1;
} as_paint_area;

static inline float as_paint_clamp(float v, float low, float high)
{
    return v < low ? low : (v > high ? high : v);
}

static inline float as_paint_mix(float a, float b, float t)
{
    return a + (b - a) * t;
}

/* 0 below low, 1 above high, a cubic between. */
static inline float as_paint_step(float low, float high, float v)
{
    float t = as_paint_clamp((v - low) / (high - low), 0.0f, 1.0f);
    return t * t * (3.0f - 2.0f * t);
}

static inline float as_paint_cover(float distance_px)
{
    return as_paint_clamp(0.5f - distance_px, 0.0f, 1.0f);
}

static inline as_colour as_colour_mix(as_colour a, as_colour b, float t)
{
    return (as_colour){as_paint_mix(a.r, b.r, t), as_paint_mix(a.g, b.g, t), as_paint_mix(a.b, b.b, t)};
}

static inline as_colour as_colour_scale(as_colour a, float k)
{
    return (as_colour){a.r * k, a.g * k, a.b * k};
}

/* Light of 0xRRGGBB on a screen, by a cubic within 0.002 of the sRGB curve. */
as_colour as_colour_screen(uint32_t rgb);

static inline void as_paint_blend(const as_canvas *canvas, size_t i, as_colour colour, float alpha)
{
    canvas->r[i] += (colour.r - canvas->r[i]) * alpha;
    canvas->g[i] += (colour.g - canvas->g[i]) * alpha;
    canvas->b[i] += (colour.b - canvas->b[i]) * alpha;
}

static inline void as_paint_darken(const as_canvas *canvas, size_t i, float keep)
{
    canvas->r[i] *= keep;
    canvas->g[i] *= keep;
    canvas->b[i] *= keep;
}

static inline void as_pose_to_mm(const as_pose *pose, float x_px, float y_px, float *ret_x, float *ret_y)
{
    float dx = (x_px - pose->x_px) / pose->px_per_mm, dy = (y_px - pose->y_px) / pose->px_per_mm;
    *ret_x = dx * pose->cos + dy * pose->sin;
    *ret_y = dy * pose->cos - dx * pose->sin;
}

static inline void as_pose_to_px(const as_pose *pose, float x_mm, float y_mm, float *ret_x, float *ret_y)
{
    *ret_x = pose->x_px + (x_mm * pose->cos - y_mm * pose->sin) * pose->px_per_mm;
    *ret_y = pose->y_px + (x_mm * pose->sin + y_mm * pose->cos) * pose->px_per_mm;
}

/* The pixels within radius of a point, cut to the canvas. */
as_paint_area as_paint_around(const as_canvas *canvas, float x_px, float y_px, float radius_px);

/* A rod with round ends, lit from the upper left, with a soft shadow of its own. Pixels. Its second end is swell times as
 * thick as the rest. */
void as_paint_rod(const as_canvas *canvas, float x0, float y0, float x1, float y1, float radius, float swell,
                  as_colour colour, float gloss);

/* A drop of something thick: an uneven disc with a domed surface. flat 1 is a stain without height. */
void as_paint_drop(const as_canvas *canvas, float x, float y, float radius, as_colour colour, float alpha, float flat,
                   float gloss, uint32_t seed);

#endif
