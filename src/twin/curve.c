/* SPDX-License-Identifier: Apache-2.0 */
#include "twin/curve.h"

/* x^(1/5) by Newton's method, for x in 0..1. */
static double curve_fifth_root(double x)
{
    double r = 0.5 + 0.5 * x;
    for (int i = 0; i < 60; i++)
        r = (4.0 * r + x / (r * r * r * r)) / 5.0;
    return r;
}

/* Linear light of an sRGB value, both 0..1: ((v + 0.055) / 1.055)^2.4. */
static double curve_linear(double v)
{
    if (v <= 0.04045)
        return v / 12.92;
    double x = (v + 0.055) / 1.055, root = curve_fifth_root(x);
    return x * x * root * root;
}

void as_curve_make(uint8_t *curve, size_t n, double black, double white, bool linear)
{
    int level = 0;
    for (size_t code = 0; code < n; code++) {
        double light = ((double)code - black) / (white - black);
        while (level < 255 && light >= (linear ? (level + 0.5) / 255.0 : curve_linear((level + 0.5) / 255.0)))
            level++;
        curve[code] = (uint8_t)level;
    }
}
