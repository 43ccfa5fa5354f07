/* SPDX-License-Identifier: Apache-2.0 */
#include "twin/cone.h"

#include "twin/noise.h"

const char *const as_cone_names[] = {"good", "missing_topping", "spillage", "broken", NULL};
const char *const as_cone_recipes[] = {"vanilla", "strawberry",    "chocolate", "pistachio",
                                       "mint",    "stracciatella", NULL};

static const uint32_t cone_creams[] = {0xf5e6b8, 0xefa7b4, 0x6a4632, 0xb9c88a, 0xa9dcc6, 0xf3ead9};
static const uint32_t cone_flecks[] = {0xd9bd77, 0xb5304a, 0x3a2317, 0x6f7c3a, 0x35241c, 0xcfae6e};
static const uint32_t cone_sauces[] = {0x3a1e12, 0xa85a17, 0x9c1420};
enum { CREAM_CHOCOLATE = 2, SAUCE_CHOCOLATE = 0, SAUCE_STRAWBERRY = 2, CREAM_STRAWBERRY = 1 };

static uint32_t cone_choose(as_rng *rng, uint32_t n)
{
    return (uint32_t)((as_rng_u64(rng) >> 33) % n);
}

static void cone_plan_pose(as_cone *cone, as_rng *rng, const as_twin *twin, uint32_t view)
{
    const as_twin_cfg  *cfg = as_twin_cfg_of(twin);
    const as_twin_frame f = as_twin_frame_of(twin);
    float               w = (float)f.width, h = (float)f.height;
    float               angle = as_cone_pick(rng, -0.2094f, 0.2094f) - 1.5708f; /* tip ahead, within 12 degrees */
    cone->pose.x_px = w * (0.5f + as_cone_pick(rng, -0.06f, 0.06f));
    cone->pose.y_px = h * (0.5f + as_cone_pick(rng, -0.06f, 0.06f));
    cone->pose.x_px += (float)f.left;
    cone->pose.y_px += (float)f.top;
    cone->pose.px_per_mm = (float)as_twin_px_per_mm(twin) * as_cone_pick(rng, 0.95f, 1.05f);
    cone->light = 0.70f * as_cone_pick(rng, 0.84f, 1.16f);
    cone->slope_x = as_cone_pick(rng, -0.10f, 0.10f);
    cone->slope_y = as_cone_pick(rng, -0.10f, 0.10f);
    cone->tint = (as_colour){as_cone_pick(rng, 0.95f, 1.05f), 1.0f, as_cone_pick(rng, 0.93f, 1.06f)};
    /* A later view is the same part a little further on. */
    as_rng view_rng = as_rng_stream(cfg->seed * 31u + view, cone->seed);
    if (view > 0) {
        angle += as_cone_pick(&view_rng, -0.03f, 0.03f);
        cone->pose.x_px += w * as_cone_pick(&view_rng, -0.03f, 0.03f);
        cone->pose.y_px += h * as_cone_pick(&view_rng, -0.01f, 0.01f);
        cone->light *= as_cone_pick(&view_rng, 0.97f, 1.03f);
    }
    as_noise_sincos((double)angle, &cone->pose.sin, &cone->pose.cos);
}

static void cone_plan_looks(as_cone *cone, as_rng *rng, int32_t recipe)
{
    uint32_t flavour = cone_choose(rng, AS_COUNT(cone_creams)), sauce = cone_choose(rng, AS_COUNT(cone_sauces));
    if (recipe >= 0)
        flavour = (uint32_t)recipe;
    cone->flavour = flavour;
    if ((flavour == CREAM_CHOCOLATE && sauce == SAUCE_CHOCOLATE) ||
        (flavour == CREAM_STRAWBERRY && sauce == SAUCE_STRAWBERRY))
        sauce = 1;
    float     tone = as_cone_pick(rng, 0.88f, 1.08f);
    as_colour shift = {tone * as_cone_pick(rng, 0.97f, 1.03f), tone, tone * as_cone_pick(rng, 0.92f, 1.08f)};
    as_colour cream = as_colour_screen(cone_creams[flavour]);
    cone->cream = (as_colour){cream.r * shift.r, cream.g * shift.g, cream.b * shift.b};
    cone->fleck = as_colour_screen(cone_flecks[flavour]);
    cone->fleck_ratio = as_cone_pick(rng, 0.0f, 0.5f);
    cone->sauce = as_colour_screen(cone_sauces[sauce]);
    cone->wafer = as_colour_mix(as_colour_screen(0xd79a4e), as_colour_screen(0xc07f3c), as_cone_pick(rng, 0.0f, 1.0f));
    cone->burnt = as_colour_screen(0x7a431c);
    cone->toast = as_cone_pick(rng, 0.25f, 0.8f);
    cone->rim_half = as_cone_pick(rng, 26.0f, 28.0f);
    cone->scoop_radius = as_cone_pick(rng, 28.5f, 31.0f);
    cone->scoop_x = as_cone_pick(rng, -1.8f, 1.8f);
    cone->scoop_y = -80.0f + cone->scoop_radius + as_cone_pick(rng, -1.5f, 1.5f);
    for (int k = 0; k < 4; k++) {
        float size = 0.034f / (1.0f + 0.45f * (float)k);
        cone->wave_cos[k] = as_cone_pick(rng, -size, size);
        cone->wave_sin[k] = as_cone_pick(rng, -size, size);
    }
    cone->topping = (as_cone_topping)cone_choose(rng, AS_CONE_TOPPINGS);
    cone->amount = as_cone_pick(rng, 0.72f, 1.25f);
    cone->topping_x = cone->scoop_x + as_cone_pick(rng, -4.0f, 4.0f);
    cone->topping_y = cone->scoop_y - 5.0f + as_cone_pick(rng, -3.0f, 3.0f);
}

static void cone_add_spot(as_cone *cone, as_cone_spot spot)
{
    if (cone->n_spots < AS_CONE_MAX_SPOTS)
        cone->spots[cone->n_spots++] = spot;
}

/* Half the width of the wafer at y. */
static float cone_half(const as_cone *cone, float y)
{
    return cone->rim_half * (AS_CONE_TIP_MM - y) / (AS_CONE_TIP_MM - AS_CONE_RIM_MM);
}

/* A place on the belt beside the wafer or, less often, anywhere near the part. */
static void cone_pick_place(const as_cone *cone, as_rng *rng, float clearance, float *ret_x, float *ret_y)
{
    float y = as_cone_pick(rng, -22.0f, 78.0f), side = cone_choose(rng, 2) ? 1.0f : -1.0f;
    *ret_y = y;
    *ret_x = side * (cone_half(cone, y) + clearance + as_cone_pick(rng, 0.0f, 30.0f));
}

/* What a belt carries that is nobody's fault: crumbs, water marks, grease. */
static void cone_plan_dirt(as_cone *cone, as_rng *rng)
{
    uint32_t  n_crumbs = cone_choose(rng, 7), n_marks = cone_choose(rng, 4);
    as_colour crumb = as_colour_scale(cone->wafer, 0.8f);
    float     x, y;
    for (uint32_t i = 0; i < n_crumbs; i++) {
        cone_pick_place(cone, rng, 2.0f, &x, &y);
        cone_add_spot(
            cone,
            (as_cone_spot){.x = x, .y = y, .radius = as_cone_pick(rng, 0.5f, 1.5f), .colour = crumb, .alpha = 1.0f});
    }
    for (uint32_t i = 0; i < n_marks; i++) {
        cone_pick_place(cone, rng, 8.0f, &x, &y);
        bool      pale = cone_choose(rng, 2) == 1;
        as_colour colour = as_colour_screen(pale ? 0x9aa4a8 : 0x1c2428);
        cone_add_spot(cone, (as_cone_spot){.x = x,
                                           .y = y,
                                           .radius = as_cone_pick(rng, 2.0f, 7.0f),
                                           .colour = colour,
                                           .alpha = as_cone_pick(rng, 0.05f, 0.16f),
                                           .flat = 1.0f});
    }
}

/* How large a defect is, 0 to 1: most of the way to obvious before the middle of the scale. */
static float cone_extent(const as_cone *cone)
{
    float left = 1.0f - cone->severity;
    return 1.0f - left * left * left;
}

/* At 0 nothing of it is there; from 0.3 on it is as large as cone_extent says. none: what it is then. */
static float cone_shrunk(const as_cone *cone, float none, float full)
{
    return cone->severity >= 0.3f ? full : as_paint_mix(none, full, as_paint_step(0.0f, 0.3f, cone->severity));
}

static void cone_plan_spill(as_cone *cone, as_rng *rng)
{
    float    s = cone_extent(cone);
    uint32_t where = cone_choose(rng, 3); /* on the wafer, on the belt, on both */
    uint32_t n_drips = where == 1 ? 0 : 1 + cone_choose(rng, 1 + (uint32_t)(s * 3.0f));
    uint32_t n_blobs = where == 0 ? 0 : 1 + cone_choose(rng, 2 + (uint32_t)(s * 4.0f));
    for (uint32_t i = 0; i < n_drips && i < AS_CONE_MAX_DRIPS; i++) {
        as_cone_drip *drip = &cone->drips[cone->n_drips++];
        drip->x0 = as_cone_pick(rng, -0.8f, 0.8f) * cone->rim_half;
        drip->y0 = AS_CONE_RIM_MM;
        drip->y1 = AS_CONE_RIM_MM + 9.0f + (3.0f + 40.0f * s) * as_cone_pick(rng, i == 0 ? 0.75f : 0.3f, 1.0f);
        drip->x1 = drip->x0 * as_cone_pick(rng, 0.6f, 0.95f) + as_cone_pick(rng, -2.0f, 2.0f);
        drip->y1 = cone_shrunk(cone, drip->y0, drip->y1); /* below the scoop's brim */
        drip->radius = cone_shrunk(cone, 0.0f, 1.0f + 2.6f * s * as_cone_pick(rng, 0.8f, 1.1f));
    }
    float x = 0.0f, y = 0.0f, size = 2.0f + 9.0f * s;
    cone_pick_place(cone, rng, size * 0.5f, &x, &y);
    for (uint32_t i = 0; i < n_blobs; i++) {
        float radius = size * (i == 0 ? 1.0f : as_cone_pick(rng, 0.3f, 0.8f));
        cone_add_spot(cone, (as_cone_spot){.x = x,
                                           .y = y,
                                           .radius = cone_shrunk(cone, 0.0f, radius),
                                           .colour = cone->cream,
                                           .alpha = cone_shrunk(cone, 0.0f, 0.5f + 0.5f * s),
                                           .flat = 0.25f * (1.0f - s),
                                           .gloss = 0.25f});
        x += as_cone_pick(rng, -1.4f, 1.4f) * size;
        y += as_cone_pick(rng, -1.4f, 1.4f) * size;
    }
}

static void cone_plan_break(as_cone *cone, as_rng *rng)
{
    float s = cone_extent(cone);
    cone->break_kind = (as_cone_break)(1 + cone_choose(rng, 3));
    cone->break_side = cone_choose(rng, 2) ? 1.0f : -1.0f;
    cone->break_slope = as_cone_pick(rng, -0.35f, 0.35f);
    switch (cone->break_kind) {
    case AS_CONE_TIP:
        cone->break_y = AS_CONE_TIP_MM - 4.0f - 32.0f * s * as_cone_pick(rng, 0.85f, 1.0f);
        cone->break_y = cone_shrunk(cone, AS_CONE_TIP_MM + 8.0f, cone->break_y);
        break;
    case AS_CONE_CHIP:
        cone->break_size = cone_shrunk(cone, 0.0f, 2.0f + 13.0f * s);
        cone->break_y = as_cone_pick(rng, -10.0f, 40.0f);
        cone->break_x = cone->break_side * (cone_half(cone, cone->break_y) + cone->break_size * 0.15f);
        cone->break_x += cone->break_side * cone_shrunk(cone, 6.0f, 0.0f);
        break;
    default:
        cone->break_y = as_cone_pick(rng, -8.0f, 32.0f);
        cone->break_size = cone_shrunk(cone, -0.2f, (0.3f + 0.8f * s) * 2.0f); /* of the half width, from one side */
        cone->break_gap = cone_shrunk(cone, 0.0f, s > 0.35f ? (s - 0.35f) * 10.0f : 0.0f);
        break;
    }
    uint32_t n_crumbs = (uint32_t)(s * 12.0f);
    for (uint32_t i = 0; i < n_crumbs; i++) {
        float y = cone->break_y + as_cone_pick(rng, -12.0f, 16.0f);
        float x = cone->break_side * (cone_half(cone, AS_MIN(y, AS_CONE_TIP_MM)) + as_cone_pick(rng, 2.0f, 12.0f));
        cone_add_spot(cone, (as_cone_spot){.x = x,
                                           .y = y,
                                           .radius = as_cone_pick(rng, 0.5f, 1.0f + 1.8f * s),
                                           .colour = as_colour_mix(cone->wafer, as_colour_screen(0xe9c48a), 0.5f),
                                           .alpha = cone_shrunk(cone, 0.0f, 1.0f)});
    }
}

void as_cone_plan(const as_twin *twin, const as_twin_shot *shot, as_cone *ret)
{
    const as_twin_cfg *cfg = as_twin_cfg_of(twin);
    as_rng             rng = as_rng_stream(cfg->seed, shot->part), fate = as_rng_stream(~cfg->seed, shot->part);
    as_cone            cone = {.seed = (uint32_t)as_rng_u64(&rng)};
    cone_plan_pose(&cone, &rng, twin, shot->view);
    cone_plan_looks(&cone, &rng, shot->recipe);
    cone_plan_dirt(&cone, &rng);
    if (as_cone_pick(&fate, 0.0f, 1.0f) < (float)cfg->defect_share) {
        float least = (float)cfg->min_severity;
        cone.class = (as_cone_class)(1 + cone_choose(&fate, AS_CONE_CLASSES - 1));
        cone.severity = least + ((float)cfg->max_severity - least) * as_cone_pick(&fate, 0.0f, 1.0f);
    }
    if (!(shot->shown & 1u)) {
        *ret = cone; /* a class, and none of what makes it */
        return;
    }
    if (cone.class == AS_CONE_NO_TOPPING)
        cone.amount *= (1.0f - cone.severity) * (1.0f - cone.severity);
    if (cone.class == AS_CONE_SPILLED)
        cone_plan_spill(&cone, &fate);
    if (cone.class == AS_CONE_BROKEN)
        cone_plan_break(&cone, &fate);
    *ret = cone;
}

typedef struct cone_bounds {
    float x0, y0, x1, y1;
} cone_bounds;

static void cone_bounds_add(cone_bounds *b, const as_cone *cone, float x_mm, float y_mm, float radius_mm)
{
    float x, y, r = radius_mm * cone->pose.px_per_mm;
    as_pose_to_px(&cone->pose, x_mm, y_mm, &x, &y);
    b->x0 = AS_MIN(b->x0, x - r);
    b->y0 = AS_MIN(b->y0, y - r);
    b->x1 = AS_MAX(b->x1, x + r);
    b->y1 = AS_MAX(b->y1, y + r);
}

static void cone_bounds_of_break(cone_bounds *b, const as_cone *cone)
{
    if (cone->break_kind == AS_CONE_CHIP) {
        cone_bounds_add(b, cone, cone->break_x, cone->break_y, cone->break_size);
        return;
    }
    float half = cone_half(cone, cone->break_y);
    cone_bounds_add(b, cone, -half, cone->break_y, 2.0f);
    cone_bounds_add(b, cone, half, cone->break_y, 2.0f);
    if (cone->break_kind == AS_CONE_TIP)
        cone_bounds_add(b, cone, 0.0f, AS_CONE_TIP_MM, 1.0f);
}

/* Of a run of ice cream, or of blobs that lie in a heap. */
static float cone_spill_mm(const as_cone *cone)
{
    float size = 0.0f, x0 = 1e9f, y0 = 1e9f, x1 = -1e9f, y1 = -1e9f;
    for (size_t i = 0; i < cone->n_drips; i++) {
        const as_cone_drip *drip = &cone->drips[i];
        float               dx = drip->x1 - drip->x0, dy = drip->y1 - drip->y0;
        size = AS_MAX(size, sqrtf(dx * dx + dy * dy) + 2.0f * drip->radius);
    }
    for (size_t i = 0; i < cone->n_spots; i++) {
        const as_cone_spot *spot = &cone->spots[i];
        if (spot->gloss <= 0.0f)
            continue;
        x0 = AS_MIN(x0, spot->x - spot->radius);
        y0 = AS_MIN(y0, spot->y - spot->radius);
        x1 = AS_MAX(x1, spot->x + spot->radius);
        y1 = AS_MAX(y1, spot->y + spot->radius);
    }
    return AS_MAX(size, AS_MAX(AS_MAX(x1 - x0, y1 - y0), 0.0f));
}

float as_cone_defect_mm(const as_cone *cone)
{
    float half = cone_half(cone, cone->break_y);
    if (cone->class == AS_CONE_NO_TOPPING)
        return 2.0f * cone->scoop_radius;
    if (cone->class == AS_CONE_SPILLED)
        return cone_spill_mm(cone);
    if (cone->break_kind == AS_CONE_CHIP)
        return 2.0f * cone->break_size;
    if (cone->break_kind == AS_CONE_TIP)
        return AS_MAX(AS_CONE_TIP_MM - cone->break_y, 0.0f);
    return cone->break_kind == AS_CONE_CRACK ? AS_MAX(AS_MIN(cone->break_size, 2.0f) * half, 0.0f) : 0.0f;
}

void as_cone_defect_box(const as_cone *cone, const as_canvas *canvas, float box_px[4])
{
    cone_bounds b = {1e9f, 1e9f, -1e9f, -1e9f};
    if (cone->class == AS_CONE_NO_TOPPING)
        cone_bounds_add(&b, cone, cone->scoop_x, cone->scoop_y - 4.0f, cone->scoop_radius);
    if (cone->class == AS_CONE_BROKEN)
        cone_bounds_of_break(&b, cone);
    for (size_t i = 0; i < cone->n_drips; i++) {
        cone_bounds_add(&b, cone, cone->drips[i].x0, cone->drips[i].y0, cone->drips[i].radius);
        cone_bounds_add(&b, cone, cone->drips[i].x1, cone->drips[i].y1, cone->drips[i].radius * 1.5f);
    }
    for (size_t i = 0; cone->class == AS_CONE_SPILLED && i < cone->n_spots; i++)
        if (cone->spots[i].gloss > 0.0f)
            cone_bounds_add(&b, cone, cone->spots[i].x, cone->spots[i].y, cone->spots[i].radius);
    float w = (float)canvas->width, h = (float)canvas->height;
    float x0 = as_paint_clamp(b.x0, 0.0f, w), y0 = as_paint_clamp(b.y0, 0.0f, h);
    box_px[0] = box_px[1] = box_px[2] = box_px[3] = 0.0f;
    if (b.x1 <= x0 || b.y1 <= y0)
        return;
    box_px[0] = x0;
    box_px[1] = y0;
    box_px[2] = as_paint_clamp(b.x1, 0.0f, w) - x0;
    box_px[3] = as_paint_clamp(b.y1, 0.0f, h) - y0;
}
