/* SPDX-License-Identifier: Apache-2.0 */
/* The ice cream and what is on it. */
#include "twin/cone_block.h"

static const uint32_t cone_sprinkles[] = {0xe8322f, 0xf7c52b, 0x3aa54a, 0x2f74d0, 0xf27fb2, 0xfafafa, 0xf08a24};
static const uint32_t cone_nuts[] = {0xb98a4e, 0x8f5f2e, 0xd6b077, 0x6e4520};

/* The surface's roughness, furrows that the scoop left and pores: height and its slope along x and y. */
AS_NOISE_INLINE float cone_cream_relief(uint32_t seed, float x, float y, float *ret_slope_x, float *ret_slope_y)
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
        sum += layers[i].height * as_noise_slope_inline(bent * layers[i].x, y * layers[i].y, seed + 51u + i, &dx, &dy);
        slope_x += layers[i].height * layers[i].x * dx;
        slope_y += layers[i].height * (layers[i].y * dy + 2.0f * layers[i].bend * y * layers[i].x * dx);
    }
    *ret_slope_x = slope_x;
    *ret_slope_y = slope_y;
    return sum;
}

/* A block of the scoop between its distances and its colour. */
typedef struct cone_scoop {
    float x[AS_CONE_BLOCK], y[AS_CONE_BLOCK], d[AS_CONE_BLOCK], cover[AS_CONE_BLOCK];
    float speck[AS_CONE_BLOCK], level[AS_CONE_BLOCK], shine[AS_CONE_BLOCK];
    float height[AS_CONE_BLOCK], slope_x[AS_CONE_BLOCK], slope_y[AS_CONE_BLOCK];
} cone_scoop;

AS_NOISE_INLINE void cone_scoop_light(const as_cone *cone, const as_cone_light *light, cone_scoop *restrict s)
{
    const uint32_t seed = cone->seed;
    const float    scoop_x = cone->scoop_x, scoop_y = cone->scoop_y, radius = cone->scoop_radius;
    const float    ratio = cone->fleck_ratio, low = 0.88f - 0.35f * ratio;
    for (uint32_t i = 0; i < AS_CONE_BLOCK; i++)
        s->height[i] = cone_cream_relief(seed, s->x[i], s->y[i], &s->slope_x[i], &s->slope_y[i]);
    for (uint32_t i = 0; i < AS_CONE_BLOCK; i++) {
        float fleck = as_noise_value_inline(s->x[i] * 0.75f, s->y[i] * 0.75f, seed + 61u);
        s->speck[i] = 0.75f * as_paint_step(low, 0.95f, fleck) * ratio;
    }
    for (uint32_t i = 0; i < AS_CONE_BLOCK; i++) {
        float x = s->x[i], y = s->y[i], dx = (x - scoop_x) / radius, dy = (y - scoop_y) / radius;
        float skirt = as_paint_step(AS_CONE_RIM_MM - 12.0f, AS_CONE_RIM_MM - 1.0f, y);
        float nx = as_paint_mix(0.86f * dx, 0.026f * x, skirt);
        float ny = as_paint_mix(0.86f * dy, 0.10f * (y - AS_CONE_RIM_MM + 1.0f), skirt);
        nx -= 0.18f * s->slope_x[i];
        ny -= 0.18f * s->slope_y[i];
        float length2 = nx * nx + ny * ny, shorten = sqrtf(0.9f / (length2 > 0.9f ? length2 : 1.0f));
        shorten = length2 > 0.9f ? shorten : 1.0f;
        nx *= shorten;
        ny *= shorten;
        float deep = as_paint_step(0.2f, -1.2f, s->height[i]);
        float level = as_cone_shade(light, nx, ny) * (1.0f - 0.10f * deep);
        s->level[i] = level * (1.0f - 0.12f * as_paint_step(-3.0f, 0.0f, s->d[i])); /* less light at the edge */
        s->shine[i] = 0.10f * as_cone_shine(light, nx, ny, 5.0f);
    }
}

AS_NOISE_INLINE void cone_scoop_colour(const cone_scoop *restrict s, float cream, float fleck, float *restrict out)
{
    for (uint32_t i = 0; i < AS_CONE_BLOCK; i++)
        out[i] = as_cone_where(s->cover[i], as_paint_mix(cream, fleck, s->speck[i]) * s->level[i] + s->shine[i]);
}

AS_TWIN_CLONES
static void cone_scoop_block(const as_cone_job *job, uint32_t px, uint32_t py, uint32_t n)
{
    const as_cone   *cone = &job->cone;
    const as_canvas *canvas = job->canvas;
    const float      k = cone->pose.px_per_mm;
    cone_scoop       s;
    float            colour[AS_CONE_BLOCK];
    uint32_t         covered = 0;
    size_t           at = (size_t)py * canvas->width + px;
    as_cone_place(&cone->pose, (float)px, (float)py, 1.0f, s.x, s.y);
    for (uint32_t i = 0; i < AS_CONE_BLOCK; i++)
        s.d[i] = as_cone_scoop_distance_inline(cone, s.x[i], s.y[i]);
    for (uint32_t i = 0; i < AS_CONE_BLOCK; i++) {
        s.cover[i] = as_paint_cover(s.d[i] * k);
        covered += s.cover[i] > 0.0f;
    }
    if (covered == 0)
        return;
    cone_scoop_light(cone, &job->light, &s);
    cone_scoop_colour(&s, cone->cream.r, cone->fleck.r, colour);
    as_cone_blend(canvas->r + at, colour, s.cover, n);
    cone_scoop_colour(&s, cone->cream.g, cone->fleck.g, colour);
    as_cone_blend(canvas->g + at, colour, s.cover, n);
    cone_scoop_colour(&s, cone->cream.b, cone->fleck.b, colour);
    as_cone_blend(canvas->b + at, colour, s.cover, n);
}

void as_cone_draw_scoop(const as_cone_job *job)
{
    const as_cone_frame frame = {-36.0f, -88.0f, 36.0f, -12.0f, 1e6f, 0.0f};
    as_cone_blocks(job, &frame, 1, cone_scoop_block);
}

/* Sauce poured over the top: its lower edge runs down in fingers. Negative inside. */
AS_NOISE_INLINE float cone_sauce_distance(const as_cone *cone, float x, float y, float scoop)
{
    float cap = AS_MIN(cone->amount, 1.3f);
    float fingers = 5.5f * as_noise_line_inline(x * 0.16f, cone->seed + 71u) +
                    2.0f * as_noise_line_inline(x * 0.4f, cone->seed + 72u);
    float bow = (x - cone->topping_x) * (x - cone->topping_x) * 0.009f;
    float edge = cone->scoop_y - cone->scoop_radius + cone->scoop_radius * 1.02f * cap * (0.75f + 0.25f * cap);
    float d = y - (edge + fingers * AS_MIN(cap * 1.4f, 1.0f) - bow);
    return d * 0.85f > scoop + 1.2f ? d * 0.85f : scoop + 1.2f;
}

/* A block of the sauce: what it darkens beside itself, what it covers, and its light. */
typedef struct cone_sauce {
    float x[AS_CONE_BLOCK], y[AS_CONE_BLOCK], keep[AS_CONE_BLOCK], cover[AS_CONE_BLOCK];
    float d[AS_CONE_BLOCK], level[AS_CONE_BLOCK], shine[AS_CONE_BLOCK];
} cone_sauce;

/* Returns how many pixels of the scoop there are. */
AS_NOISE_INLINE uint32_t cone_sauce_pour(const as_cone *cone, cone_sauce *restrict s)
{
    const float k = cone->pose.px_per_mm;
    uint32_t    n = 0;
    for (uint32_t i = 0; i < AS_CONE_BLOCK; i++) {
        float x = s->x[i], y = s->y[i], scoop = as_cone_scoop_distance_inline(cone, x, y);
        bool  outside = scoop > 0.0f;
        float below = cone_sauce_distance(cone, x - 0.4f, y - 1.2f, scoop);
        s->keep[i] = outside ? 1.0f : 1.0f - 0.3f * as_paint_step(1.2f, -0.4f, below);
        s->d[i] = cone_sauce_distance(cone, x, y, scoop);
        s->cover[i] = outside ? 0.0f : 0.97f * as_paint_cover(s->d[i] * k);
        n += !outside;
    }
    return n;
}

AS_NOISE_INLINE void cone_sauce_light(const as_cone *cone, const as_cone_light *light, cone_sauce *restrict s)
{
    for (uint32_t i = 0; i < AS_CONE_BLOCK; i++) {
        float x = s->x[i], y = s->y[i], lean = as_paint_step(-3.0f, 0.2f, s->d[i]) * 0.55f;
        float h = as_noise_value_inline(x * 0.2f, y * 0.2f, cone->seed + 73u);
        float nx = 0.75f * (x - cone->scoop_x) / cone->scoop_radius + 0.12f * h;
        float ny = 0.75f * (y - cone->scoop_y) / cone->scoop_radius + lean * 0.7f + 0.12f * h;
        s->level[i] = as_cone_shade(light, nx * 0.9f, ny * 0.9f);
        s->shine[i] = 0.55f * as_cone_shine(light, nx, ny, 16.0f);
    }
}

AS_NOISE_INLINE void cone_sauce_put(const cone_sauce *restrict s, float sauce, uint32_t n, float *restrict to)
{
    float colour[AS_CONE_BLOCK];
    for (uint32_t i = 0; i < AS_CONE_BLOCK; i++)
        colour[i] = as_cone_where(s->cover[i], sauce * s->level[i] + s->shine[i]);
    as_cone_darken(to, s->keep, n);
    as_cone_blend(to, colour, s->cover, n);
}

AS_TWIN_CLONES
static void cone_sauce_block(const as_cone_job *job, uint32_t px, uint32_t py, uint32_t n)
{
    const as_cone   *cone = &job->cone;
    const as_canvas *canvas = job->canvas;
    cone_sauce       s;
    size_t           at = (size_t)py * canvas->width + px;
    as_cone_place(&cone->pose, (float)px, (float)py, 1.0f, s.x, s.y);
    if (cone_sauce_pour(cone, &s) == 0)
        return;
    cone_sauce_light(cone, &job->light, &s);
    cone_sauce_put(&s, cone->sauce.r, n, canvas->r + at);
    cone_sauce_put(&s, cone->sauce.g, n, canvas->g + at);
    cone_sauce_put(&s, cone->sauce.b, n, canvas->b + at);
}

static void cone_draw_sauce(const as_cone_job *job)
{
    const as_cone_frame frame = {-36.0f, -88.0f, 36.0f, -22.0f, 1e6f, 0.0f};
    as_cone_blocks(job, &frame, 1, cone_sauce_block);
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

void as_cone_draw_topping(const as_cone_job *job)
{
    const as_cone *cone = &job->cone;
    if (cone->topping == AS_CONE_SAUCE || cone->topping == AS_CONE_SAUCE_SPRINKLES)
        cone_draw_sauce(job);
    if (cone->topping == AS_CONE_NUTS)
        cone_draw_grains(cone, job->canvas, true, 46.0f);
    if (cone->topping == AS_CONE_SPRINKLES)
        cone_draw_grains(cone, job->canvas, false, 62.0f);
    if (cone->topping == AS_CONE_SAUCE_SPRINKLES)
        cone_draw_grains(cone, job->canvas, false, 26.0f);
}
