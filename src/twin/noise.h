/* SPDX-License-Identifier: Apache-2.0 */
/* noise.h - counter-based random numbers and textures: a value depends on where it is, not on what was drawn before.
 *
 * Layer:   twin.
 * Threads: pure.
 * Memory:  none.
 *
 * Only additions, multiplications, divisions and square roots: IEEE 754 fixes their results, so that every compiler and
 * processor gives the same bytes (the C library's functions may differ in the last bit).
 */
#ifndef AS_TWIN_NOISE_H
#define AS_TWIN_NOISE_H

#include "base/def.h"

/* The finaliser of MurmurHash3 (Appleby 2011): each input bit changes each output bit with a chance near one half. */
static inline uint32_t as_noise_mix(uint32_t h)
{
    h ^= h >> 16;
    h *= 0x85ebca6bu;
    h ^= h >> 13;
    h *= 0xc2b2ae35u;
    return h ^ (h >> 16);
}

static inline uint32_t as_noise_hash2(uint32_t x, uint32_t y, uint32_t seed)
{
    return as_noise_mix(x * 0x9e3779b1u + as_noise_mix(y + seed * 0x85ebca77u));
}

/* [0, 1) from the upper 24 bits. */
static inline float as_noise_unit(uint32_t h)
{
    return (float)(h >> 8) * (1.0f / 16777216.0f);
}

/* Largest integer <= x, for |x| < 2^31. */
static inline int32_t as_noise_floor(float x)
{
    int32_t i = (int32_t)x;
    return i - (x < (float)i);
}

/* Smooth noise of one unit's grain, -1..1 (value noise, cubic fade). */
float as_noise_value(float x, float y, uint32_t seed);

/* The same, with its derivatives. */
float as_noise_slope(float x, float y, uint32_t seed, float *ret_dx, float *ret_dy);

/* The same along a line. */
float as_noise_line(float x, uint32_t seed);

/* Octaves of as_noise_value, each of half the size and amplitude of the one before; about -1..1. */
float as_noise_fractal(float x, float y, uint32_t seed, int octaves);

/* sin and cos for |angle| <= 8 radians, within 1e-7. */
void as_noise_sincos(double angle, float *ret_sin, float *ret_cos);

/* arc sine of u in -1..1 within 7e-5 (Abramowitz and Stegun 1964, 4.4.45). */
float as_noise_asin(float u);

#endif
