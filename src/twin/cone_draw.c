/* SPDX-License-Identifier: Apache-2.0 */
#include "twin/cone.h"
#include "twin/noise.h"

#define WAFFLE_PITCH_MM 8.5f
#define RIDGE_HALF_MM   1.5f
#define OPENING_SIN     0.2425f /* half the wafer's opening angle */
#define SHADOW_X_MM     6.0f
#define SHADOW_Y_MM     7.5f

static const uint32_t cone_sprinkles[] = {0xe8322f, 0xf7c52b, 0x3aa54a, 0x2f74d0, 0xf27fb2, 0xfafafa, 0xf08a24};
static const uint32_t cone_nuts[] = {0xb98a4e, 0x8f5f2e, 0xd6b077, 0x6e4520};

/* The light in the part's own frame. */
typedef struct cone_light {
    float x, y, z;
} cone_light;

static cone_light cone_light_of(const as_cone *cone)
{
    float x = -0.43f, y = -0.53f;
    return (cone_light){x * cone->pose.cos + y * cone->pose.sin, y * cone->pose.cos - x * cone->pose.sin, 0.73f};
}

static float cone_shade(const cone_light *light, float nx, float ny)
{
    float n2 = 1.0f - nx * nx - ny * ny, nz = n2 > 0.0025f ? sqrtf(n2) : 0.05f;
    float d = nx * light->x + ny * light->y + nz * light->z;
    return 0.36f + 0.88f * (d > 0.0f ? d : 0.0f);
}

static float cone_shine(const cone_light *light, float nx, float ny, float tight)
{
    float dx = nx - light->x * 0.54f, dy = ny - light->y * 0.54f;
    float t = 1.0f - (dx * dx + dy * dy) * tight;
    return t > 0.0f ? t * t * t : 0.0f;
}

/* Pixels that a rectangle of the part, in mm, can touch. */
static as_paint_area cone_area(const as_cone *cone, const as_canvas *canvas, float x0, float y0, float x1, float y1)
{
    float x, y, half_x = (x1 - x0) * 0.5f, half_y = (y1 - y0) * 0.5f, k = cone->pose.px_per_mm;
    as_pose_to_px(&cone->pose, x0 + half_x, y0 + half_y, &x, &y);
    float         c = fabsf(cone->pose.cos), s = fabsf(cone->pose.sin);
    float         rx = (half_x * c + half_y * s) * k, ry = (half_x * s + half_y * c) * k;
    as_paint_area wide = as_paint_around(canvas, x, y, rx), high = as_paint_around(canvas, x, y, ry);
    return (as_paint_area){wide.x0, high.y0, wide.x1, high.y1};
}

void as_cone_draw_spots(const as_cone *cone, const as_canvas *canvas)
{
    for (size_t i = 0; i < cone->n_spots; i++) {
        const as_cone_spot *spot = &cone->spots[i];
        float               x, y;
        as_pose_to_px(&cone->pose, spot->x, spot->y, &x, &y);
        as_paint_drop(canvas, x, y, spot->radius * cone->pose.px_per_mm, spot->colour, spot->alpha, spot->flat,
                      spot->gloss, cone->seed + 101u + (uint32_t)i);
    }
}

/* What is left of the light at a point, in mm, of the belt. */
static float cone_shadow(const as_cone *cone, float x, float y, float sx, float sy)
{
    float crack, near_x = x - 0.3f * sx, near_y = y - 0.3f * sy;
    x -= sx;
    y -= sy;
    float cast = as_cone_scoop_distance(cone, x, y);
    float wafer = as_cone_wafer_distance(cone, &x, &y, &crack, true);
    cast = AS_MIN(cast, wafer);
    if (cast >= 12.0f)
        return 1.0f;
    float touch = as_cone_wafer_distance(cone, &near_x, &near_y, &crack, true);
    float keep = 1.0f - 0.62f * as_paint_step(5.0f, -6.0f, cast);
    return keep * (1.0f - 0.35f * as_paint_step(2.5f, -1.0f, touch));
}

/* A shadow is soft: one value serves two by two pixels. */
void as_cone_draw_shadow(const as_cone *cone, const as_canvas *canvas)
{
    as_paint_area  area = cone_area(cone, canvas, -44.0f, -92.0f, 48.0f, 96.0f);
    const as_pose *pose = &cone->pose;
    float          sx = SHADOW_X_MM * pose->cos + SHADOW_Y_MM * pose->sin;
    float          sy = SHADOW_Y_MM * pose->cos - SHADOW_X_MM * pose->sin;
    for (uint32_t py = area.y0; py < area.y1; py += 2)
        for (uint32_t px = area.x0; px < area.x1; px += 2) {
            float x, y;
            as_pose_to_mm(pose, (float)px + 0.5f, (float)py + 0.5f, &x, &y);
            float reach = 18.0f + cone->rim_half * as_paint_clamp((90.0f - y) / 118.0f, 0.0f, 1.15f);
            if (fabsf(x) > reach)
                continue;
            float keep = cone_shadow(cone, x, y, sx, sy);
            for (uint32_t k = 0; k < 4; k++)
                if (py + k / 2 < area.y1 && px + k % 2 < area.x1)
                    as_paint_darken(canvas, (size_t)(py + k / 2) * canvas->width + px + k % 2, keep);
        }
}

/* Height of one family of ridges at position t (in pitches) and its slope: a smooth bump about each half. */
static float cone_ridge(float t, float *ret_slope)
{
    float d = (t - (float)as_noise_floor(t) - 0.5f) * WAFFLE_PITCH_MM / RIDGE_HALF_MM;
    if (d <= -1.0f || d >= 1.0f) {
        *ret_slope = 0.0f;
        return 0.0f;
    }
    float k = 1.0f - d * d;
    *ret_slope = -4.0f * d * k;
    return k * k;
}

static as_colour cone_wafer_colour(const as_cone *cone, const cone_light *light, float x, float y)
{
    float half = cone->rim_half * (AS_CONE_TIP_MM - y) / (AS_CONE_TIP_MM - AS_CONE_RIM_MM) + 0.3f;
    float u = as_paint_clamp(x / half, -1.0f, 1.0f);
    /* Unrolled, the cone is a sector about its tip, and the waffle iron's lattice is square there. */
    float turn = as_noise_asin(u) * OPENING_SIN, from_tip = (AS_CONE_TIP_MM - y) * 1.03f;
    float flat_x = from_tip * turn, flat_y = from_tip * (1.0f - 0.5f * turn * turn);
    float slope_p, slope_q;
    float p = cone_ridge((flat_x + flat_y) * (0.7071f / WAFFLE_PITCH_MM) + as_noise_unit(cone->seed), &slope_p);
    float q = cone_ridge((flat_x - flat_y) * (0.7071f / WAFFLE_PITCH_MM) + as_noise_unit(~cone->seed), &slope_q);
    float ridge = AS_MAX(p, q);
    float nx = 0.92f * u - 0.22f * (slope_p + slope_q), ny = 0.10f + 0.22f * (slope_p - slope_q);
    float toast = as_noise_fractal(x * 0.055f, y * 0.055f, cone->seed + 41u, 3);
    float grain = as_noise_value(x * 1.1f, y * 1.1f, cone->seed + 44u);
    toast = as_paint_clamp(0.5f + 0.8f * toast, 0.0f, 1.0f) * cone->toast;
    as_colour base = as_colour_mix(cone->wafer, cone->burnt, toast * (0.45f + 0.4f * ridge));
    float     lip = as_paint_step(AS_CONE_RIM_MM + 9.0f, AS_CONE_RIM_MM + 7.5f, y);
    float     level = 0.72f + 0.34f * ridge + 0.09f * grain;
    level = as_paint_mix(level, 1.02f + 0.09f * grain, lip);
    nx = as_paint_mix(nx, 0.92f * u, lip);
    ny = as_paint_mix(ny, 0.12f * (y - AS_CONE_RIM_MM - 5.0f), lip);
    return as_colour_scale(base, level * cone_shade(light, nx * 0.94f, ny * 0.94f));
}

/* How much of the pale inside shows along the edge where a piece is missing. */
static float cone_fracture(const as_cone *cone, float x, float y, float d)
{
    if (cone->break_kind != AS_CONE_TIP && cone->break_kind != AS_CONE_CHIP)
        return 0.0f;
    float edge = 0.85f * as_paint_step(-1.0f - 2.2f * cone->severity, -0.4f, d);
    if (cone->break_kind == AS_CONE_TIP)
        return edge * as_paint_step(cone->break_y - 6.0f, cone->break_y, y);
    float dx = x - cone->break_x, dy = y - cone->break_y;
    return edge * as_paint_step(4.0f, 1.0f, sqrtf(dx * dx + dy * dy) - cone->break_size);
}

void as_cone_draw_wafer(const as_cone *cone, const as_canvas *canvas)
{
    as_paint_area area = cone_area(cone, canvas, -36.0f, -32.0f, 36.0f, 88.0f);
    cone_light    light = cone_light_of(cone);
    float         k = cone->pose.px_per_mm;
    as_colour     inner = as_colour_screen(0xf3d9a4), depth = as_colour_screen(0x2c1608);
    float         crack_half = 0.35f + 1.3f * cone->severity;
    for (uint32_t py = area.y0; py < area.y1; py++)
        for (uint32_t px = area.x0; px < area.x1; px++) {
            float x, y, crack;
            as_pose_to_mm(&cone->pose, (float)px, (float)py, &x, &y);
            if (fabsf(x) > 10.0f + cone->rim_half * (95.0f - y) / 123.0f)
                continue;
            float scoop = as_cone_scoop_distance(cone, x - 1.0f, y - 2.5f);
            float d = as_cone_wafer_distance(cone, &x, &y, &crack, false);
            float cover = as_paint_cover(d * k);
            if (cover <= 0.0f)
                continue;
            as_colour colour = cone_wafer_colour(cone, &light, x, y);
            colour = as_colour_mix(colour, inner, cone_fracture(cone, x, y, d));
            if (crack < 6.0f) {
                colour = as_colour_mix(
                    colour, inner, 0.8f * as_paint_step(crack_half + 0.8f + 1.6f * cone->severity, crack_half, crack));
                colour = as_colour_mix(colour, depth, as_paint_step(crack_half + 0.35f, crack_half - 0.35f, crack));
            }
            colour = as_colour_scale(colour, 1.0f - 0.5f * as_paint_step(4.5f, -1.0f, scoop));
            as_paint_blend(canvas, (size_t)py * canvas->width + px, colour, cover);
        }
}

void as_cone_draw_drips(const as_cone *cone, const as_canvas *canvas)
{
    float k = cone->pose.px_per_mm;
    for (size_t i = 0; i < cone->n_drips; i++) {
        const as_cone_drip *drip = &cone->drips[i];
        float               x0, y0, x1, y1;
        as_pose_to_px(&cone->pose, drip->x0, drip->y0, &x0, &y0);
        as_pose_to_px(&cone->pose, drip->x1, drip->y1, &x1, &y1);
        as_paint_rod(canvas, x0, y0, x1, y1, drip->radius * k, 1.35f, as_colour_scale(cone->cream, 0.95f), 0.25f);
    }
}

/* The surface's roughness, furrows that the scoop left and pores: height and its slope along x and y. */
static float cone_cream_relief(const as_cone *cone, float x, float y, float *ret_slope_x, float *ret_slope_y)
{
    static const struct {
        float height, x, y, bend;
    } layers[] = {{0.77f, 0.09f, 0.26f, 0.012f},
                  {0.385f, 0.18f, 0.52f, 0.012f},
                  {0.385f, 0.5f, 0.5f, 0.0f},
                  {0.19f, 1.0f, 1.0f, 0.0f}};
    float sum = 0.0f, slope_x = 0.0f, slope_y = 0.0f;
    for (uint32_t i = 0; i < AS_COUNT(layers); i++) {
        float dx, dy, bent = x + layers[i].bend * y * y;
        sum += layers[i].height * as_noise_slope(bent * layers[i].x, y * layers[i].y, cone->seed + 51u + i, &dx, &dy);
        slope_x += layers[i].height * layers[i].x * dx;
        slope_y += layers[i].height * (layers[i].y * dy + 2.0f * layers[i].bend * y * layers[i].x * dx);
    }
    *ret_slope_x = slope_x;
    *ret_slope_y = slope_y;
    return sum;
}

static as_colour cone_cream_colour(const as_cone *cone, const cone_light *light, float x, float y, float d)
{
    float dx = (x - cone->scoop_x) / cone->scoop_radius, dy = (y - cone->scoop_y) / cone->scoop_radius;
    float skirt = as_paint_step(AS_CONE_RIM_MM - 12.0f, AS_CONE_RIM_MM - 1.0f, y);
    float nx = as_paint_mix(0.86f * dx, 0.026f * x, skirt);
    float ny = as_paint_mix(0.86f * dy, 0.10f * (y - AS_CONE_RIM_MM + 1.0f), skirt);
    float slope_x, slope_y, h = cone_cream_relief(cone, x, y, &slope_x, &slope_y);
    nx -= 0.18f * slope_x;
    ny -= 0.18f * slope_y;
    float length2 = nx * nx + ny * ny;
    if (length2 > 0.9f) {
        float shorten = sqrtf(0.9f / length2);
        nx *= shorten;
        ny *= shorten;
    }
    float     deep = as_paint_step(0.2f, -1.2f, h);
    float     fleck = as_noise_value(x * 0.75f, y * 0.75f, cone->seed + 61u);
    float     speck = as_paint_step(0.88f - 0.35f * cone->fleck_ratio, 0.95f, fleck);
    as_colour base = as_colour_mix(cone->cream, cone->fleck, 0.75f * speck * cone->fleck_ratio);
    float     level = cone_shade(light, nx, ny) * (1.0f - 0.10f * deep);
    level *= 1.0f - 0.12f * as_paint_step(-3.0f, 0.0f, d); /* less light from around at the edge */
    float shine = 0.10f * cone_shine(light, nx, ny, 5.0f);
    return (as_colour){base.r * level + shine, base.g * level + shine, base.b * level + shine};
}

void as_cone_draw_scoop(const as_cone *cone, const as_canvas *canvas)
{
    as_paint_area area = cone_area(cone, canvas, -36.0f, -88.0f, 36.0f, -12.0f);
    cone_light    light = cone_light_of(cone);
    float         k = cone->pose.px_per_mm;
    for (uint32_t py = area.y0; py < area.y1; py++)
        for (uint32_t px = area.x0; px < area.x1; px++) {
            float x, y;
            as_pose_to_mm(&cone->pose, (float)px, (float)py, &x, &y);
            float d = as_cone_scoop_distance(cone, x, y), cover = as_paint_cover(d * k);
            if (cover > 0.0f)
                as_paint_blend(canvas, (size_t)py * canvas->width + px, cone_cream_colour(cone, &light, x, y, d),
                               cover);
        }
}

/* Sauce poured over the top: its lower edge runs down in fingers. Negative inside. */
static float cone_sauce_distance(const as_cone *cone, float x, float y, float scoop)
{
    float cap = AS_MIN(cone->amount, 1.3f);
    float fingers =
        5.5f * as_noise_line(x * 0.16f, cone->seed + 71u) + 2.0f * as_noise_line(x * 0.4f, cone->seed + 72u);
    float bow = (x - cone->topping_x) * (x - cone->topping_x) * 0.009f;
    float edge = cone->scoop_y - cone->scoop_radius + cone->scoop_radius * 1.02f * cap * (0.75f + 0.25f * cap);
    float d = y - (edge + fingers * AS_MIN(cap * 1.4f, 1.0f) - bow);
    return AS_MAX(d * 0.85f, scoop + 1.2f);
}

static void cone_draw_sauce(const as_cone *cone, const as_canvas *canvas)
{
    as_paint_area area = cone_area(cone, canvas, -36.0f, -88.0f, 36.0f, -22.0f);
    cone_light    light = cone_light_of(cone);
    float         k = cone->pose.px_per_mm;
    for (uint32_t py = area.y0; py < area.y1; py++)
        for (uint32_t px = area.x0; px < area.x1; px++) {
            float x, y;
            as_pose_to_mm(&cone->pose, (float)px, (float)py, &x, &y);
            float scoop = as_cone_scoop_distance(cone, x, y);
            if (scoop > 0.0f)
                continue;
            size_t i = (size_t)py * canvas->width + px;
            float  below = cone_sauce_distance(cone, x - 0.4f, y - 1.2f, scoop);
            as_paint_darken(canvas, i, 1.0f - 0.3f * as_paint_step(1.2f, -0.4f, below));
            float d = cone_sauce_distance(cone, x, y, scoop), cover = as_paint_cover(d * k);
            if (cover <= 0.0f)
                continue;
            float lean = as_paint_step(-3.0f, 0.2f, d) * 0.55f,
                  h = as_noise_value(x * 0.2f, y * 0.2f, cone->seed + 73u);
            float nx = 0.75f * (x - cone->scoop_x) / cone->scoop_radius + 0.12f * h;
            float ny = 0.75f * (y - cone->scoop_y) / cone->scoop_radius + lean * 0.7f + 0.12f * h;
            float level = cone_shade(&light, nx * 0.9f, ny * 0.9f), shine = 0.55f * cone_shine(&light, nx, ny, 16.0f);
            as_paint_blend(canvas, i,
                           (as_colour){cone->sauce.r * level + shine, cone->sauce.g * level + shine,
                                       cone->sauce.b * level + shine},
                           0.97f * cover);
        }
}

/* A place within the topping's ellipse, drawn until it lies well inside the scoop (at most 8 times). */
static void cone_pick_on_scoop(const as_cone *cone, as_rng *rng, float *ret_x, float *ret_y)
{
    for (int i = 0; i < 8; i++) {
        float x = as_cone_pick(rng, -1.0f, 1.0f), y = as_cone_pick(rng, -1.0f, 1.0f);
        *ret_x = cone->topping_x + 24.0f * x;
        *ret_y = cone->topping_y + 20.0f * y;
        if (x * x + y * y < 1.0f && as_cone_scoop_distance(cone, *ret_x, *ret_y) < -3.0f)
            return;
    }
    *ret_x = cone->scoop_x;
    *ret_y = cone->scoop_y - 10.0f;
}

static void cone_draw_grains(const as_cone *cone, const as_canvas *canvas, bool nuts, float count)
{
    as_rng rng = as_rng_stream(cone->seed, 81);
    float  k = cone->pose.px_per_mm;
    for (int i = 0, n = (int)(count * cone->amount); i < n; i++) {
        float x_mm, y_mm, x, y, s, c;
        cone_pick_on_scoop(cone, &rng, &x_mm, &y_mm);
        as_pose_to_px(&cone->pose, x_mm, y_mm, &x, &y);
        as_noise_sincos((double)as_cone_pick(&rng, 0.0f, 6.28f), &s, &c);
        uint32_t pick = (uint32_t)(as_rng_u64(&rng) >> 33);
        if (nuts) {
            as_colour colour = as_colour_screen(cone_nuts[pick % AS_COUNT(cone_nuts)]);
            float     radius = as_cone_pick(&rng, 1.1f, 2.3f) * k, l = radius * 0.5f;
            as_paint_rod(canvas, x - c * l, y - s * l, x + c * l, y + s * l, radius, 1.0f, colour, 0.05f);
            continue;
        }
        as_colour colour = as_colour_screen(cone_sprinkles[pick % AS_COUNT(cone_sprinkles)]);
        float     l = as_cone_pick(&rng, 1.8f, 2.5f) * k;
        as_paint_rod(canvas, x - c * l, y - s * l, x + c * l, y + s * l, 0.95f * k, 1.0f, colour, 0.25f);
    }
}

void as_cone_draw_topping(const as_cone *cone, const as_canvas *canvas)
{
    if (cone->topping == AS_CONE_SAUCE || cone->topping == AS_CONE_SAUCE_SPRINKLES)
        cone_draw_sauce(cone, canvas);
    if (cone->topping == AS_CONE_NUTS)
        cone_draw_grains(cone, canvas, true, 46.0f);
    if (cone->topping == AS_CONE_SPRINKLES)
        cone_draw_grains(cone, canvas, false, 62.0f);
    if (cone->topping == AS_CONE_SAUCE_SPRINKLES)
        cone_draw_grains(cone, canvas, false, 26.0f);
}
