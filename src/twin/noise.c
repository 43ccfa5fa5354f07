/* SPDX-License-Identifier: Apache-2.0 */
#include "twin/noise.h"

#include <math.h>

static float noise_fade(float t)
{
    return t * t * (3.0f - 2.0f * t);
}

static float noise_signed(uint32_t h)
{
    return as_noise_unit(h) * 2.0f - 1.0f;
}

/* A texture's grain at one point of its grid: fewer steps than as_noise_mix, enough for the eye. */
static inline float noise_corner(uint32_t h)
{
    h ^= h >> 15;
    h *= 0x85ebca6bu;
    h ^= h >> 13;
    h *= 0xc2b2ae35u;
    return (float)(int32_t)h * (1.0f / 2147483648.0f);
}

float as_noise_value(float x, float y, uint32_t seed)
{
    int32_t  ix = as_noise_floor(x), iy = as_noise_floor(y);
    float    fx = noise_fade(x - (float)ix), fy = noise_fade(y - (float)iy);
    uint32_t h = (uint32_t)ix * 0x9e3779b1u + (uint32_t)iy * 0x7feb352du + seed * 0x846ca68bu;
    float    a = noise_corner(h), b = noise_corner(h + 0x9e3779b1u);
    float    c = noise_corner(h + 0x7feb352du), d = noise_corner(h + 0x7feb352du + 0x9e3779b1u);
    float    top = a + (b - a) * fx, bottom = c + (d - c) * fx;
    return top + (bottom - top) * fy;
}

float as_noise_slope(float x, float y, uint32_t seed, float *ret_dx, float *ret_dy)
{
    int32_t  ix = as_noise_floor(x), iy = as_noise_floor(y);
    float    tx = x - (float)ix, ty = y - (float)iy, fx = noise_fade(tx), fy = noise_fade(ty);
    uint32_t h = (uint32_t)ix * 0x9e3779b1u + (uint32_t)iy * 0x7feb352du + seed * 0x846ca68bu;
    float    a = noise_corner(h), b = noise_corner(h + 0x9e3779b1u);
    float    c = noise_corner(h + 0x7feb352du), d = noise_corner(h + 0x7feb352du + 0x9e3779b1u);
    float    top = a + (b - a) * fx, bottom = c + (d - c) * fx;
    *ret_dx = 6.0f * tx * (1.0f - tx) * ((b - a) + ((d - c) - (b - a)) * fy);
    *ret_dy = 6.0f * ty * (1.0f - ty) * (bottom - top);
    return top + (bottom - top) * fy;
}

float as_noise_line(float x, uint32_t seed)
{
    int32_t ix = as_noise_floor(x);
    float   f = noise_fade(x - (float)ix);
    float   a = noise_signed(as_noise_hash2((uint32_t)ix, 0, seed));
    float   b = noise_signed(as_noise_hash2((uint32_t)ix + 1u, 0, seed));
    return a + (b - a) * f;
}

float as_noise_fractal(float x, float y, uint32_t seed, int octaves)
{
    float sum = 0.0f, amplitude = 0.5f;
    for (int i = 0; i < octaves; i++) {
        sum += amplitude * as_noise_value(x, y, seed + (uint32_t)i);
        x = x * 2.0f + 17.3f;
        y = y * 2.0f + 9.1f;
        amplitude *= 0.5f;
    }
    return sum * 1.4f;
}

void as_noise_sincos(double angle, float *ret_sin, float *ret_cos)
{
    /* Taylor on an eighth of the angle (at most 1 radian), then three doublings. */
    double x = angle / 8.0, x2 = x * x;
    double s = x * (1.0 - x2 / 6.0 * (1.0 - x2 / 20.0 * (1.0 - x2 / 42.0 * (1.0 - x2 / 72.0 * (1.0 - x2 / 110.0)))));
    double c = 1.0 - x2 / 2.0 * (1.0 - x2 / 12.0 * (1.0 - x2 / 30.0 * (1.0 - x2 / 56.0 * (1.0 - x2 / 90.0))));
    for (int i = 0; i < 3; i++) {
        double s2 = 2.0 * s * c;
        c = 1.0 - 2.0 * s * s;
        s = s2;
    }
    *ret_sin = (float)s;
    *ret_cos = (float)c;
}

float as_noise_asin(float u)
{
    float a = u < 0.0f ? -u : u;
    a = a > 1.0f ? 1.0f : a;
    float r = 1.5707288f + a * (-0.2121144f + a * (0.0742610f - a * 0.0187293f));
    r = 1.5707963f - sqrtf(1.0f - a) * r;
    return u < 0.0f ? -r : r;
}
