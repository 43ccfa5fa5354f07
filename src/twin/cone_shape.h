/* SPDX-License-Identifier: Apache-2.0 */
/* cone_shape.h - signed distances in mm to the scoop and to the wafer with its break, for loops over pixels.
 *
 * Layer:   twin, for cone_draw.c and cone_top.c.
 * Threads: pure.
 * Memory:  none.
 *
 * No branches but for what is the same for all pixels of a cone: the compiler makes vectors of such loops.
 */
#ifndef AS_TWIN_CONE_SHAPE_H
#define AS_TWIN_CONE_SHAPE_H

#include "twin/cone.h"
#include "twin/noise_inline.h"

#define AS_CONE_SIDE_COS      0.9703f /* of half the wafer's opening angle */
#define AS_CONE_FAR_MM        1e3f
#define AS_CONE_SKIRT_HALF_MM 30.0f

/* Union of two distances with a rounded seam of k mm. */
AS_NOISE_INLINE float as_cone_join(float a, float b, float k)
{
    float h = as_paint_clamp(0.5f + 0.5f * (b - a) / k, 0.0f, 1.0f);
    return as_paint_mix(b, a, h) - k * h * (1.0f - h);
}

AS_NOISE_INLINE float as_cone_round_distance(const as_cone *cone, float x, float y)
{
    float dx = x - cone->scoop_x, dy = y - cone->scoop_y, r = sqrtf(dx * dx + dy * dy) + 1e-4f;
    float c = dx / r, s = dy / r, ck = c, sk = s, edge = 1.0f;
    for (int k = 0; k < 4; k++) {
        float next = ck * c - sk * s;
        sk = sk * c + ck * s;
        ck = next;
        edge += cone->wave_cos[k] * ck + cone->wave_sin[k] * sk;
    }
    /* Far from the outline its waves do not show. */
    edge = r < 0.7f * cone->scoop_radius || r > 1.5f * cone->scoop_radius ? 1.0f : edge;
    return r - cone->scoop_radius * edge;
}

AS_NOISE_INLINE float as_cone_scoop_distance_inline(const as_cone *cone, float x, float y)
{
    float ball = as_cone_round_distance(cone, x, y);
    float line = 6.0f + 2.6f * as_noise_line_inline(x * 0.14f, cone->seed + 11u);
    float half = y < AS_CONE_RIM_MM ? 7.0f : line;
    float ex = x / AS_CONE_SKIRT_HALF_MM, ey = (y - AS_CONE_RIM_MM) / half;
    float skirt = (sqrtf(ex * ex + ey * ey) - 1.0f) * half;
    float d = as_cone_join(ball, skirt, 5.0f);
    d = y < AS_CONE_RIM_MM - 14.0f ? ball : d;
    return y > AS_CONE_RIM_MM + 24.0f ? y - AS_CONE_RIM_MM - 8.0f : d;
}

AS_NOISE_INLINE float as_cone_ragged(const as_cone *cone, float t)
{
    return 1.6f * as_noise_line_inline(t * 0.45f, cone->seed + 21u) +
           0.8f * as_noise_line_inline(t * 1.3f, cone->seed + 22u);
}

/* The crack: x and y are moved to where the wafer was before; returns how deep in the gap, below 0 outside of it. */
AS_NOISE_INLINE float as_cone_crack(const as_cone *cone, float ragged, bool plain, float *x, float *y, float *ret_crack)
{
    float line = cone->break_y + cone->break_slope * *x + 1.3f * ragged, gap = cone->break_gap;
    bool  inside = (*y >= line) & (*y < line + gap), beyond = (*y >= line) & !inside;
    float deep = 1.0f + AS_MIN(*y - line, line + gap - *y), hole = (inside & !plain) ? deep : -AS_CONE_FAR_MM;
    float back_x = *x - cone->break_side * gap * 0.7f, back_y = *y - gap; /* without a gap it is where it was */
    *x = beyond ? back_x : *x;
    *y = beyond ? back_y : *y;
    float half = cone->rim_half * (AS_CONE_TIP_MM - *y) / (AS_CONE_TIP_MM - AS_CONE_RIM_MM);
    float from_side = half - cone->break_side * *x; /* mm from the side where it began */
    float past = from_side - cone->break_size * half;
    past = past > 0.0f ? past : 0.0f;
    *ret_crack = fabsf(*y - line) + 1.5f * past;
    return hole;
}

/* *ret_crack is the distance to the crack's middle line (large when there is none); x, y are moved to where the wafer was
 * before it broke. kind: of the cone's break, a constant of the loop. plain leaves out raggedness. */
AS_NOISE_INLINE float as_cone_wafer_distance_inline(const as_cone *cone, as_cone_break kind, bool plain, float *x,
                                                    float *y, float *ret_crack)
{
    float from_x = *x, from_y = *y, crack = AS_CONE_FAR_MM, hole = -AS_CONE_FAR_MM;
    if (kind == AS_CONE_CRACK) {
        hole = as_cone_crack(cone, plain ? 0.0f : as_cone_ragged(cone, *x), plain, x, y, &crack);
    } else if (kind == AS_CONE_TIP) {
        float ragged = plain ? 0.0f : as_cone_ragged(cone, *x);
        hole = *y - (cone->break_y + cone->break_slope * *x + ragged);
    } else if (kind == AS_CONE_CHIP) {
        float dx = *x - cone->break_x, dy = *y - cone->break_y, ragged = plain ? 0.0f : as_cone_ragged(cone, dy + dx);
        hole = cone->break_size + ragged * 0.8f - sqrtf(dx * dx + dy * dy);
    }
    float half = cone->rim_half * (AS_CONE_TIP_MM - *y) / (AS_CONE_TIP_MM - AS_CONE_RIM_MM);
    float ripple = plain ? 0.0f : 0.35f * as_noise_line_inline(*y * 0.3f, cone->seed + (*x > 0.0f ? 31u : 32u));
    float d = (fabsf(*x) - half) * AS_CONE_SIDE_COS + ripple, above = AS_CONE_RIM_MM - 2.0f - *y;
    float below = *y - (AS_CONE_TIP_MM - 1.5f);
    d = d > above ? d : above;
    d = d > below ? d : below;
    d = d > hole ? d : hole;
    /* Above the rim there is no wafer. */
    bool over = from_y < AS_CONE_RIM_MM - 12.0f;
    *x = over ? from_x : *x;
    *y = over ? from_y : *y;
    *ret_crack = over ? AS_CONE_FAR_MM : crack;
    return over ? AS_CONE_RIM_MM - 2.0f - from_y : d;
}

#endif
