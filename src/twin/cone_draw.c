/* SPDX-License-Identifier: Apache-2.0 */
/* The wafer and what lies under it. */
#include "twin/cone_block.h"

#define WAFFLE_PITCH_MM 8.5f
#define RIDGE_HALF_MM   1.5f
#define OPENING_SIN     0.2425f /* half the wafer's opening angle */
#define BESIDE_MM       8.0f    /* a soft edge may lie so far beside its frame */
#define SHADOW_X_MM     6.0f
#define SHADOW_Y_MM     7.5f

/* Pixels that a rectangle of the part, in mm, can touch. */
static as_paint_area cone_area(const as_cone *cone, const as_canvas *canvas, const as_cone_frame *frame)
{
    float x, y, half_x = (frame->x1 - frame->x0) * 0.5f, half_y = (frame->y1 - frame->y0) * 0.5f;
    float k = cone->pose.px_per_mm;
    as_pose_to_px(&cone->pose, frame->x0 + half_x, frame->y0 + half_y, &x, &y);
    float         c = fabsf(cone->pose.cos), s = fabsf(cone->pose.sin);
    float         rx = (half_x * c + half_y * s) * k, ry = (half_x * s + half_y * c) * k;
    as_paint_area wide = as_paint_around(canvas, x, y, rx), high = as_paint_around(canvas, x, y, ry);
    return (as_paint_area){wide.x0, high.y0, wide.x1, high.y1};
}

/* Both ends of a block beyond the same side: so is all between them. */
static bool cone_misses(const as_pose *pose, const as_cone_frame *f, float px, float py, float length)
{
    float xa, ya, xb, yb;
    as_pose_to_mm(pose, px, py, &xa, &ya);
    as_pose_to_mm(pose, px + length, py, &xb, &yb);
    float wide_a = f->half + f->lean * ya, wide_b = f->half + f->lean * yb;
    float x0 = f->x0 - BESIDE_MM, x1 = f->x1 + BESIDE_MM, y0 = f->y0 - BESIDE_MM, y1 = f->y1 + BESIDE_MM;
    return (xa < x0 && xb < x0) || (xa > x1 && xb > x1) || (ya < y0 && yb < y0) || (ya > y1 && yb > y1) ||
           (xa > wide_a && xb > wide_b) || (xa < -wide_a && xb < -wide_b);
}

void as_cone_blocks(const as_cone_job *job, const as_cone_frame *frame, uint32_t step, as_cone_draw_block *draw)
{
    as_paint_area area = cone_area(&job->cone, job->canvas, frame);
    for (uint32_t py = area.y0; py < area.y1; py += step)
        for (uint32_t px = area.x0; px < area.x1; px += AS_CONE_BLOCK * step) {
            uint32_t n = AS_MIN(AS_CONE_BLOCK * step, area.x1 - px);
            if (!cone_misses(&job->cone.pose, frame, (float)px, (float)py, (float)(AS_CONE_BLOCK * step)))
                draw(job, px, py, n);
        }
}

static void cone_draw_spots(const as_cone_job *job)
{
    const as_cone *cone = &job->cone;
    for (size_t i = 0; i < cone->n_spots; i++) {
        const as_cone_spot *spot = &cone->spots[i];
        float               x, y;
        if (spot->alpha <= 0.0f)
            continue;
        as_pose_to_px(&cone->pose, spot->x, spot->y, &x, &y);
        as_paint_drop(job->canvas, x, y, spot->radius * cone->pose.px_per_mm, spot->colour, spot->alpha, spot->flat,
                      spot->gloss, cone->seed + 101u + (uint32_t)i);
    }
}

/* What is left of the light at places, in mm, of the belt. */
AS_NOISE_INLINE void cone_shadow(const as_cone *cone, as_cone_break kind, float sx, float sy,
                                 const float *restrict at_x, const float *restrict at_y, float *restrict keep)
{
    for (uint32_t i = 0; i < AS_CONE_BLOCK; i++) {
        float crack, near_x = at_x[i] - 0.3f * sx, near_y = at_y[i] - 0.3f * sy, x = at_x[i] - sx, y = at_y[i] - sy;
        float cast = as_cone_scoop_distance_inline(cone, x, y);
        float wafer = as_cone_wafer_distance_inline(cone, kind, true, &x, &y, &crack);
        cast = cast < wafer ? cast : wafer;
        float touch = as_cone_wafer_distance_inline(cone, kind, true, &near_x, &near_y, &crack);
        float dark = 1.0f - 0.62f * as_paint_step(5.0f, -6.0f, cast);
        dark *= 1.0f - 0.35f * as_paint_step(2.5f, -1.0f, touch);
        float reach = 18.0f + cone->rim_half * as_paint_clamp((90.0f - at_y[i]) / 118.0f, 0.0f, 1.15f);
        keep[i] = fabsf(at_x[i]) > reach || cast >= 12.0f ? 1.0f : dark;
    }
}

/* A shadow is soft: one value serves two by two pixels. */
AS_TWIN_CLONES
static void cone_shadow_block(const as_cone_job *job, uint32_t px, uint32_t py, uint32_t n)
{
    const as_cone   *cone = &job->cone;
    const as_pose   *pose = &cone->pose;
    const as_canvas *canvas = job->canvas;
    float            x[AS_CONE_BLOCK], y[AS_CONE_BLOCK], keep[AS_CONE_BLOCK], each[2 * AS_CONE_BLOCK];
    float            sx = SHADOW_X_MM * pose->cos + SHADOW_Y_MM * pose->sin;
    float            sy = SHADOW_Y_MM * pose->cos - SHADOW_X_MM * pose->sin;
    as_cone_place(pose, (float)px + 0.5f, (float)py + 0.5f, 2.0f, x, y);
    switch (cone->break_kind) {
    case AS_CONE_CRACK: cone_shadow(cone, AS_CONE_CRACK, sx, sy, x, y, keep); break;
    case AS_CONE_TIP: cone_shadow(cone, AS_CONE_TIP, sx, sy, x, y, keep); break;
    case AS_CONE_CHIP: cone_shadow(cone, AS_CONE_CHIP, sx, sy, x, y, keep); break;
    default: cone_shadow(cone, AS_CONE_WHOLE, sx, sy, x, y, keep); break;
    }
    for (uint32_t i = 0; i < AS_CONE_BLOCK; i++)
        each[2 * i] = each[2 * i + 1] = keep[i];
    for (uint32_t row = 0; row < 2 && py + row < canvas->height; row++) {
        size_t at = (size_t)(py + row) * canvas->width + px;
        as_cone_darken(canvas->r + at, each, n);
        as_cone_darken(canvas->g + at, each, n);
        as_cone_darken(canvas->b + at, each, n);
    }
}

static void cone_draw_shadow(const as_cone_job *job)
{
    const float         lean = -job->cone.rim_half / 118.0f;
    const as_cone_frame frame = {-44.0f, -92.0f, 48.0f, 96.0f, 20.0f - 90.0f * lean, lean};
    as_cone_blocks(job, &frame, 2, cone_shadow_block);
}

/* Height of one family of ridges at position t (in pitches) and its slope: a smooth bump about each half. */
AS_NOISE_INLINE float cone_ridge(float t, float *ret_slope)
{
    float d = (t - (float)as_noise_floor(t) - 0.5f) * WAFFLE_PITCH_MM / RIDGE_HALF_MM;
    bool  flat = d <= -1.0f || d >= 1.0f;
    float k = 1.0f - d * d;
    *ret_slope = flat ? 0.0f : -4.0f * d * k;
    return flat ? 0.0f : k * k;
}

/* How the wafer lies in the light, and how burnt it is. */
typedef struct cone_baked {
    float level[AS_CONE_BLOCK], burnt[AS_CONE_BLOCK], toast[AS_CONE_BLOCK], grain[AS_CONE_BLOCK];
} cone_baked;

AS_NOISE_INLINE void cone_bake(const as_cone *cone, const as_cone_light *light, const float *restrict at_x,
                               const float *restrict at_y, cone_baked *restrict out)
{
    float phase_p = as_noise_unit(cone->seed), phase_q = as_noise_unit(~cone->seed);
    for (uint32_t i = 0; i < AS_CONE_BLOCK; i++) {
        float toast = as_noise_fractal_inline(at_x[i] * 0.055f, at_y[i] * 0.055f, cone->seed + 41u, 3);
        out->toast[i] = as_paint_clamp(0.5f + 0.8f * toast, 0.0f, 1.0f) * cone->toast;
    }
    for (uint32_t i = 0; i < AS_CONE_BLOCK; i++)
        out->grain[i] = as_noise_value_inline(at_x[i] * 1.1f, at_y[i] * 1.1f, cone->seed + 44u);
    for (uint32_t i = 0; i < AS_CONE_BLOCK; i++) {
        float x = at_x[i], y = at_y[i], grain = out->grain[i], slope_p, slope_q;
        float half = cone->rim_half * (AS_CONE_TIP_MM - y) / (AS_CONE_TIP_MM - AS_CONE_RIM_MM) + 0.3f;
        float u = as_paint_clamp(x / half, -1.0f, 1.0f);
        /* Unrolled, the cone is a sector about its tip, and the waffle iron's lattice is square there. */
        float turn = as_noise_asin_inline(u) * OPENING_SIN, from_tip = (AS_CONE_TIP_MM - y) * 1.03f;
        float flat_x = from_tip * turn, flat_y = from_tip * (1.0f - 0.5f * turn * turn);
        float p = cone_ridge((flat_x + flat_y) * (0.7071f / WAFFLE_PITCH_MM) + phase_p, &slope_p);
        float q = cone_ridge((flat_x - flat_y) * (0.7071f / WAFFLE_PITCH_MM) + phase_q, &slope_q);
        float ridge = p > q ? p : q;
        float nx = 0.92f * u - 0.22f * (slope_p + slope_q), ny = 0.10f + 0.22f * (slope_p - slope_q);
        float lip = as_paint_step(AS_CONE_RIM_MM + 9.0f, AS_CONE_RIM_MM + 7.5f, y);
        float level = 0.72f + 0.34f * ridge + 0.09f * grain;
        level = as_paint_mix(level, 1.02f + 0.09f * grain, lip);
        nx = as_paint_mix(nx, 0.92f * u, lip);
        ny = as_paint_mix(ny, 0.12f * (y - AS_CONE_RIM_MM - 5.0f), lip);
        out->level[i] = level * as_cone_shade(light, nx * 0.94f, ny * 0.94f);
        out->burnt[i] = out->toast[i] * (0.45f + 0.4f * ridge);
    }
}

/* How much of the pale inside shows along the edge where a piece is missing. */
AS_NOISE_INLINE float cone_fracture(const as_cone *cone, as_cone_break kind, float x, float y, float d)
{
    if (kind != AS_CONE_TIP && kind != AS_CONE_CHIP)
        return 0.0f;
    float edge = 0.85f * as_paint_step(-1.0f - 2.2f * cone->severity, -0.4f, d);
    if (kind == AS_CONE_TIP)
        return edge * as_paint_step(cone->break_y - 6.0f, cone->break_y, y);
    float dx = x - cone->break_x, dy = y - cone->break_y;
    return edge * as_paint_step(4.0f, 1.0f, sqrtf(dx * dx + dy * dy) - cone->break_size);
}

/* A block of the wafer between its distances and its colour. */
typedef struct cone_slice {
    float      x[AS_CONE_BLOCK], y[AS_CONE_BLOCK], d[AS_CONE_BLOCK], crack[AS_CONE_BLOCK], scoop[AS_CONE_BLOCK];
    float      cover[AS_CONE_BLOCK], pale[AS_CONE_BLOCK], cleft[AS_CONE_BLOCK], dark[AS_CONE_BLOCK];
    cone_baked baked;
} cone_slice;

/* Distances and cover; returns how many pixels it covers. */
AS_NOISE_INLINE uint32_t cone_cut(const as_cone *cone, as_cone_break kind, cone_slice *restrict s)
{
    uint32_t n = 0;
    for (uint32_t i = 0; i < AS_CONE_BLOCK; i++)
        s->scoop[i] = as_cone_scoop_distance_inline(cone, s->x[i] - 1.0f, s->y[i] - 2.5f);
    for (uint32_t i = 0; i < AS_CONE_BLOCK; i++)
        s->d[i] = as_cone_wafer_distance_inline(cone, kind, false, &s->x[i], &s->y[i], &s->crack[i]);
    for (uint32_t i = 0; i < AS_CONE_BLOCK; i++) {
        s->cover[i] = as_paint_cover(s->d[i] * cone->pose.px_per_mm);
        n += s->cover[i] > 0.0f;
    }
    return n;
}

/* The inside that a break shows, the depth of a crack, and what the scoop leaves of the light. */
AS_NOISE_INLINE void cone_break_open(const as_cone *cone, as_cone_break kind, cone_slice *restrict s)
{
    float half = 0.35f + 1.3f * cone->severity, wide = half + 0.8f + 1.6f * cone->severity;
    for (uint32_t i = 0; i < AS_CONE_BLOCK; i++) {
        float crack = s->crack[i], pale = 0.8f * as_paint_step(wide, half, crack);
        s->pale[i] = cone_fracture(cone, kind, s->x[i], s->y[i], s->d[i]);
        if (kind == AS_CONE_CRACK)
            s->pale[i] = crack < 6.0f ? pale : 0.0f;
        s->cleft[i] = kind == AS_CONE_CRACK && crack < 6.0f ? as_paint_step(half + 0.35f, half - 0.35f, crack) : 0.0f;
        s->dark[i] = 1.0f - 0.5f * as_paint_step(4.5f, -1.0f, s->scoop[i]);
    }
}

AS_NOISE_INLINE void cone_wafer_colour(const cone_slice *restrict s, float wafer, float burnt, float inner, float depth,
                                       float *restrict out)
{
    for (uint32_t i = 0; i < AS_CONE_BLOCK; i++) {
        float colour = as_paint_mix(wafer, burnt, s->baked.burnt[i]) * s->baked.level[i];
        colour = as_paint_mix(colour, inner, s->pale[i]);
        colour = as_paint_mix(colour, depth, s->cleft[i]);
        out[i] = as_cone_where(s->cover[i], colour * s->dark[i]);
    }
}

AS_NOISE_INLINE uint32_t cone_slice_of(const as_cone_job *job, as_cone_break kind, cone_slice *restrict s)
{
    uint32_t n = cone_cut(&job->cone, kind, s);
    if (n == 0)
        return 0;
    cone_break_open(&job->cone, kind, s);
    cone_bake(&job->cone, &job->light, s->x, s->y, &s->baked);
    return n;
}

AS_TWIN_CLONES
static void cone_wafer_block(const as_cone_job *job, uint32_t px, uint32_t py, uint32_t n)
{
    const as_cone   *cone = &job->cone;
    const as_canvas *canvas = job->canvas;
    const as_colour  inner = job->pale, depth = job->depth;
    cone_slice       s;
    float            colour[AS_CONE_BLOCK];
    uint32_t         covered;
    size_t           at = (size_t)py * canvas->width + px;
    as_cone_place(&cone->pose, (float)px, (float)py, 1.0f, s.x, s.y);
    switch (cone->break_kind) {
    case AS_CONE_CRACK: covered = cone_slice_of(job, AS_CONE_CRACK, &s); break;
    case AS_CONE_TIP: covered = cone_slice_of(job, AS_CONE_TIP, &s); break;
    case AS_CONE_CHIP: covered = cone_slice_of(job, AS_CONE_CHIP, &s); break;
    default: covered = cone_slice_of(job, AS_CONE_WHOLE, &s); break;
    }
    if (covered == 0)
        return;
    cone_wafer_colour(&s, cone->wafer.r, cone->burnt.r, inner.r, depth.r, colour);
    as_cone_blend(canvas->r + at, colour, s.cover, n);
    cone_wafer_colour(&s, cone->wafer.g, cone->burnt.g, inner.g, depth.g, colour);
    as_cone_blend(canvas->g + at, colour, s.cover, n);
    cone_wafer_colour(&s, cone->wafer.b, cone->burnt.b, inner.b, depth.b, colour);
    as_cone_blend(canvas->b + at, colour, s.cover, n);
}

static void cone_draw_wafer(const as_cone_job *job)
{
    const float         lean = -job->cone.rim_half / 123.0f;
    const as_cone_frame frame = {-36.0f, -32.0f, 36.0f, 88.0f, 10.0f - 95.0f * lean, lean};
    as_cone_blocks(job, &frame, 1, cone_wafer_block);
}

static void cone_draw_drips(const as_cone_job *job)
{
    const as_cone *cone = &job->cone;
    float          k = cone->pose.px_per_mm;
    for (size_t i = 0; i < cone->n_drips; i++) {
        const as_cone_drip *drip = &cone->drips[i];
        float               x0, y0, x1, y1;
        if (drip->radius <= 0.0f)
            continue;
        as_pose_to_px(&cone->pose, drip->x0, drip->y0, &x0, &y0);
        as_pose_to_px(&cone->pose, drip->x1, drip->y1, &x1, &y1);
        as_paint_rod(job->canvas, x0, y0, x1, y1, drip->radius * k, 1.35f, as_colour_scale(cone->cream, 0.95f), 0.25f);
    }
}

void as_cone_draw(const as_cone *cone, const as_canvas *canvas)
{
    float             x = -0.43f, y = -0.53f, s = cone->pose.sin, c = cone->pose.cos;
    const as_cone_job job = {.cone = *cone,
                             .canvas = canvas,
                             .light = {x * c + y * s, y * c - x * s, 0.73f},
                             .pale = as_colour_screen(0xf3d9a4),
                             .depth = as_colour_screen(0x2c1608)};
    cone_draw_spots(&job);
    cone_draw_shadow(&job);
    cone_draw_wafer(&job);
    cone_draw_drips(&job);
    as_cone_draw_scoop(&job);
    as_cone_draw_topping(&job);
}
