/* SPDX-License-Identifier: Apache-2.0 */
/* cone_block.h - a cone's shapes drawn in blocks: some pixels of a row at a time, each step of the work in a loop of its own.
 *
 * Layer:   twin, for cone_draw.c and cone_top.c.
 * Threads: pure; a canvas belongs to one thread.
 * Memory:  blocks lie on the stack.
 */
#ifndef AS_TWIN_CONE_BLOCK_H
#define AS_TWIN_CONE_BLOCK_H

#include "twin/cone_shape.h"
#include "twin/kernel.h"

#define AS_CONE_BLOCK 32u

/* The light in the part's own frame. */
typedef struct as_cone_light {
    float x, y, z;
} as_cone_light;

typedef struct as_cone_job {
    as_cone          cone;
    const as_canvas *canvas;
    as_cone_light    light;
    as_colour        pale, depth; /* of the wafer's inside, and of a crack */
} as_cone_job;

void as_cone_draw_scoop(const as_cone_job *job);
void as_cone_draw_topping(const as_cone_job *job);

/* Where a shape can be: a rectangle in mm, and within it not further to the side than half + lean * y. */
typedef struct as_cone_frame {
    float x0, y0, x1, y1, half, lean;
} as_cone_frame;

/* Pixels of a row from px on: n of them are on the canvas. */
typedef void as_cone_draw_block(const as_cone_job *job, uint32_t px, uint32_t py, uint32_t n);

/* Each block of which a pixel may lie in the frame. step: pixels from one to the next, of rows too. */
void as_cone_blocks(const as_cone_job *job, const as_cone_frame *frame, uint32_t step, as_cone_draw_block *draw);

AS_NOISE_INLINE void as_cone_place(const as_pose *pose, float px, float py, float step, float *restrict x,
                                   float *restrict y)
{
    float dy = (py - pose->y_px) / pose->px_per_mm;
    for (uint32_t i = 0; i < AS_CONE_BLOCK; i++) {
        float dx = (px + step * (float)(int32_t)i - pose->x_px) / pose->px_per_mm;
        x[i] = dx * pose->cos + dy * pose->sin;
        y[i] = dy * pose->cos - dx * pose->sin;
    }
}

AS_NOISE_INLINE float as_cone_shade(const as_cone_light *light, float nx, float ny)
{
    float n2 = 1.0f - nx * nx - ny * ny, nz = n2 > 0.0025f ? sqrtf(n2 > 0.0025f ? n2 : 0.0025f) : 0.05f;
    float d = nx * light->x + ny * light->y + nz * light->z;
    return 0.36f + 0.88f * (d > 0.0f ? d : 0.0f);
}

AS_NOISE_INLINE float as_cone_shine(const as_cone_light *light, float nx, float ny, float tight)
{
    float dx = nx - light->x * 0.54f, dy = ny - light->y * 0.54f;
    float t = 1.0f - (dx * dx + dy * dy) * tight;
    t = t > 0.0f ? t : 0.0f;
    return t * t * t;
}

/* What lies on the canvas gives way to colour. */
AS_NOISE_INLINE void as_cone_blend(float *restrict to, const float *restrict colour, const float *restrict cover,
                                   uint32_t n)
{
    for (uint32_t i = 0; i < n; i++)
        to[i] += (colour[i] - to[i]) * cover[i];
}

/* What is not covered has no colour: there it may be no number. */
AS_NOISE_INLINE float as_cone_where(float cover, float colour)
{
    return cover > 0.0f ? colour : 0.0f;
}

AS_NOISE_INLINE void as_cone_darken(float *restrict to, const float *restrict keep, uint32_t n)
{
    for (uint32_t i = 0; i < n; i++)
        to[i] *= keep[i];
}

#endif
