/* SPDX-License-Identifier: Apache-2.0 */
#include "twin/noise_inline.h"

float as_noise_value(float x, float y, uint32_t seed)
{
    return as_noise_value_inline(x, y, seed);
}

float as_noise_slope(float x, float y, uint32_t seed, float *ret_dx, float *ret_dy)
{
    return as_noise_slope_inline(x, y, seed, ret_dx, ret_dy);
}

float as_noise_line(float x, uint32_t seed)
{
    return as_noise_line_inline(x, seed);
}

float as_noise_fractal(float x, float y, uint32_t seed, int octaves)
{
    return as_noise_fractal_inline(x, y, seed, octaves);
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
    return as_noise_asin_inline(u);
}
