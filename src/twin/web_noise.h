/* SPDX-License-Identifier: Apache-2.0 */
/* web_noise.h - textures of noise_inline.h at places that a float cannot tell apart: kilometres along a web.
 *
 * Layer:   twin, for its own .c files.
 * Threads: pure.
 * Memory:  none.
 *
 * A place is a cell of the noise's grid, counted in 32 bits (it comes round after 4e9 cells), and how far into it one is.
 */
#ifndef AS_TWIN_WEB_NOISE_H
#define AS_TWIN_WEB_NOISE_H

#include "twin/noise_inline.h"

typedef struct as_far {
    uint32_t cell;
    float    part; /* 0..1 */
} as_far;

static inline as_far as_far_of(double place)
{
    int64_t whole = (int64_t)place;
    whole -= place < (double)whole;
    return (as_far){(uint32_t)whole, (float)(place - (double)whole)};
}

/* As as_noise_value at (x from x_cell, y from y_cell). */
AS_NOISE_INLINE float as_far_value(float x, uint32_t x_cell, float y, uint32_t y_cell, uint32_t seed)
{
    int32_t  ix = as_noise_floor(x), iy = as_noise_floor(y);
    float    fx = as_noise_fade(x - (float)ix), fy = as_noise_fade(y - (float)iy);
    uint32_t h = ((uint32_t)ix + x_cell) * 0x9e3779b1u + ((uint32_t)iy + y_cell) * 0x7feb352du + seed * 0x846ca68bu;
    float    a = as_noise_corner(h), b = as_noise_corner(h + 0x9e3779b1u);
    float    c = as_noise_corner(h + 0x7feb352du), d = as_noise_corner(h + 0x7feb352du + 0x9e3779b1u);
    float    top = a + (b - a) * fx, bottom = c + (d - c) * fx;
    return top + (bottom - top) * fy;
}

/* As as_noise_line. */
AS_NOISE_INLINE float as_far_line(as_far at, uint32_t seed)
{
    float a = as_noise_unit(as_noise_hash2(at.cell, 0, seed)) * 2.0f - 1.0f;
    float b = as_noise_unit(as_noise_hash2(at.cell + 1u, 0, seed)) * 2.0f - 1.0f;
    return a + (b - a) * as_noise_fade(at.part);
}

#endif
