/* SPDX-License-Identifier: Apache-2.0 */
/* noise_inline.h - textures of noise.h and what shapes are made of, for loops over pixels that the compiler turns into vectors.
 *
 * Layer:   twin, for its own .c files.
 * Threads: pure.
 * Memory:  none.
 *
 * No branches and no calls: each pixel of a vector takes the same way. The same operations in the same order as in noise.c,
 * which is made of these.
 */
#ifndef AS_TWIN_NOISE_INLINE_H
#define AS_TWIN_NOISE_INLINE_H

#include <math.h>

#include "twin/noise.h"

#define AS_NOISE_INLINE static inline __attribute__((always_inline))

AS_NOISE_INLINE float as_noise_fade(float t)
{
    return t * t * (3.0f - 2.0f * t);
}

/* A texture's grain at one point of its grid: fewer steps than as_noise_mix, enough for the eye. */
AS_NOISE_INLINE float as_noise_corner(uint32_t h)
{
    h ^= h >> 15;
    h *= 0x85ebca6bu;
    h ^= h >> 13;
    h *= 0xc2b2ae35u;
    return (float)(int32_t)h * (1.0f / 2147483648.0f);
}

AS_NOISE_INLINE float as_noise_value_inline(float x, float y, uint32_t seed)
{
    int32_t  ix = as_noise_floor(x), iy = as_noise_floor(y);
    float    fx = as_noise_fade(x - (float)ix), fy = as_noise_fade(y - (float)iy);
    uint32_t h = (uint32_t)ix * 0x9e3779b1u + (uint32_t)iy * 0x7feb352du + seed * 0x846ca68bu;
    float    a = as_noise_corner(h), b = as_noise_corner(h + 0x9e3779b1u);
    float    c = as_noise_corner(h + 0x7feb352du), d = as_noise_corner(h + 0x7feb352du + 0x9e3779b1u);
    float    top = a + (b - a) * fx, bottom = c + (d - c) * fx;
    return top + (bottom - top) * fy;
}

AS_NOISE_INLINE float as_noise_slope_inline(float x, float y, uint32_t seed, float *ret_dx, float *ret_dy)
{
    int32_t  ix = as_noise_floor(x), iy = as_noise_floor(y);
    float    tx = x - (float)ix, ty = y - (float)iy, fx = as_noise_fade(tx), fy = as_noise_fade(ty);
    uint32_t h = (uint32_t)ix * 0x9e3779b1u + (uint32_t)iy * 0x7feb352du + seed * 0x846ca68bu;
    float    a = as_noise_corner(h), b = as_noise_corner(h + 0x9e3779b1u);
    float    c = as_noise_corner(h + 0x7feb352du), d = as_noise_corner(h + 0x7feb352du + 0x9e3779b1u);
    float    top = a + (b - a) * fx, bottom = c + (d - c) * fx;
    *ret_dx = 6.0f * tx * (1.0f - tx) * ((b - a) + ((d - c) - (b - a)) * fy);
    *ret_dy = 6.0f * ty * (1.0f - ty) * (bottom - top);
    return top + (bottom - top) * fy;
}

AS_NOISE_INLINE float as_noise_line_inline(float x, uint32_t seed)
{
    int32_t ix = as_noise_floor(x);
    float   f = as_noise_fade(x - (float)ix);
    float   a = as_noise_unit(as_noise_hash2((uint32_t)ix, 0, seed)) * 2.0f - 1.0f;
    float   b = as_noise_unit(as_noise_hash2((uint32_t)ix + 1u, 0, seed)) * 2.0f - 1.0f;
    return a + (b - a) * f;
}

AS_NOISE_INLINE float as_noise_fractal_inline(float x, float y, uint32_t seed, int octaves)
{
    float sum = 0.0f, amplitude = 0.5f;
    for (int i = 0; i < octaves; i++) {
        sum += amplitude * as_noise_value_inline(x, y, seed + (uint32_t)i);
        x = x * 2.0f + 17.3f;
        y = y * 2.0f + 9.1f;
        amplitude *= 0.5f;
    }
    return sum * 1.4f;
}

AS_NOISE_INLINE float as_noise_asin_inline(float u)
{
    float a = u < 0.0f ? -u : u;
    a = a > 1.0f ? 1.0f : a;
    float r = 1.5707288f + a * (-0.2121144f + a * (0.0742610f - a * 0.0187293f));
    r = 1.5707963f - sqrtf(1.0f - a) * r;
    return u < 0.0f ? -r : r;
}

#endif
