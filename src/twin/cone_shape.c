/* SPDX-License-Identifier: Apache-2.0 */
#include "twin/cone.h"
#include "twin/noise.h"

#define SIDE_COS      0.9703f /* of half the wafer's opening angle */
#define FAR_MM        1e3f
#define SKIRT_HALF_MM 30.0f

/* Union of two distances with a rounded seam of k mm. */
static float cone_join(float a, float b, float k)
{
    float h = as_paint_clamp(0.5f + 0.5f * (b - a) / k, 0.0f, 1.0f);
    return as_paint_mix(b, a, h) - k * h * (1.0f - h);
}

static float cone_round_distance(const as_cone *cone, float x, float y)
{
    float dx = x - cone->scoop_x, dy = y - cone->scoop_y, r = sqrtf(dx * dx + dy * dy) + 1e-4f;
    if (r < 0.7f * cone->scoop_radius || r > 1.5f * cone->scoop_radius)
        return r - cone->scoop_radius; /* far from the outline its waves do not show */
    float c = dx / r, s = dy / r, ck = c, sk = s, edge = 1.0f;
    for (int k = 0; k < 4; k++) {
        float next = ck * c - sk * s;
        sk = sk * c + ck * s;
        ck = next;
        edge += cone->wave_cos[k] * ck + cone->wave_sin[k] * sk;
    }
    return r - cone->scoop_radius * edge;
}

float as_cone_scoop_distance(const as_cone *cone, float x, float y)
{
    if (y > AS_CONE_RIM_MM + 24.0f)
        return y - AS_CONE_RIM_MM - 8.0f;
    float ball = cone_round_distance(cone, x, y);
    if (y < AS_CONE_RIM_MM - 14.0f)
        return ball;
    float half = y < AS_CONE_RIM_MM ? 7.0f : 6.0f + 2.6f * as_noise_line(x * 0.14f, cone->seed + 11u);
    float ex = x / SKIRT_HALF_MM, ey = (y - AS_CONE_RIM_MM) / half;
    float skirt = (sqrtf(ex * ex + ey * ey) - 1.0f) * half;
    return cone_join(ball, skirt, 5.0f);
}

static float cone_ragged(const as_cone *cone, float t)
{
    return 1.6f * as_noise_line(t * 0.45f, cone->seed + 21u) + 0.8f * as_noise_line(t * 1.3f, cone->seed + 22u);
}

/* Moves a point beyond the crack back to where it was; true inside the gap. */
static bool cone_unbreak(const as_cone *cone, float *x, float *y, float line)
{
    if (cone->break_gap <= 0.0f || *y < line)
        return false;
    if (*y < line + cone->break_gap)
        return true;
    *y -= cone->break_gap;
    *x -= cone->break_side * cone->break_gap * 0.7f;
    return false;
}

static float cone_crack_distance(const as_cone *cone, float x, float y, float line)
{
    float half = cone->rim_half * (AS_CONE_TIP_MM - y) / (AS_CONE_TIP_MM - AS_CONE_RIM_MM);
    float from_side = half - cone->break_side * x; /* mm from the side where it began */
    float end = cone->break_size * half;
    float past = from_side > end ? from_side - end : 0.0f;
    return fabsf(y - line) + 1.5f * past;
}

float as_cone_wafer_distance(const as_cone *cone, float *x, float *y, float *ret_crack, bool plain)
{
    *ret_crack = FAR_MM;
    if (*y < AS_CONE_RIM_MM - 12.0f)
        return AS_CONE_RIM_MM - 2.0f - *y;
    float ragged = 0.0f, crack = FAR_MM, hole = -FAR_MM;
    if (cone->break_kind == AS_CONE_CRACK) {
        ragged = plain ? 0.0f : cone_ragged(cone, *x);
        float line = cone->break_y + cone->break_slope * *x + 1.3f * ragged;
        if (cone_unbreak(cone, x, y, line) && !plain)
            hole = 1.0f + AS_MIN(*y - line, line + cone->break_gap - *y);
        crack = cone_crack_distance(cone, *x, *y, line);
    } else if (cone->break_kind == AS_CONE_TIP) {
        ragged = plain ? 0.0f : cone_ragged(cone, *x);
        hole = *y - (cone->break_y + cone->break_slope * *x + ragged);
    } else if (cone->break_kind == AS_CONE_CHIP) {
        float dx = *x - cone->break_x, dy = *y - cone->break_y;
        ragged = plain ? 0.0f : cone_ragged(cone, dy + dx);
        hole = cone->break_size + ragged * 0.8f - sqrtf(dx * dx + dy * dy);
    }
    float half = cone->rim_half * (AS_CONE_TIP_MM - *y) / (AS_CONE_TIP_MM - AS_CONE_RIM_MM);
    float ripple = plain ? 0.0f : 0.35f * as_noise_line(*y * 0.3f, cone->seed + (*x > 0.0f ? 31u : 32u));
    float d = (fabsf(*x) - half) * SIDE_COS + ripple;
    d = AS_MAX(d, AS_CONE_RIM_MM - 2.0f - *y);
    d = AS_MAX(d, *y - (AS_CONE_TIP_MM - 1.5f));
    *ret_crack = crack;
    return AS_MAX(d, hole);
}
