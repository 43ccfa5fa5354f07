/* SPDX-License-Identifier: Apache-2.0 */
/* Machined plates under a bar light, in grey: their surface by recipe, drilled holes, a code; scratches, dents, stains,
 * burrs. Lengths are mm, in the plate's own frame: origin in its middle, x along the belt. */
#include "twin/kernel.h"
#include "twin/noise.h"
#include "twin/paint.h"
#include "twin/plates.h"

#define METAL_SPAN_PX 192u /* the surface of a part begins anywhere on so much more of it than a frame shows */
#define CORNER_MM     3.0f
#define BEVEL_MM      0.7f
#define METAL_LIGHT_X -0.45f /* towards the lamp */
#define METAL_LIGHT_Y -0.80f
#define METAL_DEFECTS 4
#define N_HOLES       4

typedef enum metal_class { METAL_GOOD, METAL_SCRATCH, METAL_DENT, METAL_STAIN, METAL_BURR, METAL_CLASSES } metal_class;

static const char *const metal_names[] = {"good", "scratch", "dent", "stain", "burr", NULL};
static const char *const metal_recipes[] = {"brushed", "milled", "ground", "cast", NULL};
enum { METAL_RECIPES = 4 };

typedef struct metal_defect {
    metal_class class;
    float    severity, x, y, size, width, sin, cos, bend; /* size: its longest side */
    uint32_t seed;
} metal_defect;

typedef struct metal_part {
    as_pose      pose;
    uint32_t     seed, recipe, n_defects;
    float        half_x, half_y, light, shine_x, shine, slope, mid_y, hole;
    metal_defect defects[METAL_DEFECTS];
} metal_part;

/* What is made once: how bright each place of each surface and of the belt is. */
typedef struct metal_state {
    uint32_t width, height;              /* of the surfaces, pixels */
    float   *surface[METAL_RECIPES + 1]; /* the last is the belt's; one block, owned by the first */
} metal_state;

/* --- surfaces --- */

static float metal_brushed(float x, float y, uint32_t seed)
{
    float a = as_noise_value(x * 0.035f, y * 7.0f, seed), b = as_noise_value(x * 0.11f, y * 19.0f, seed + 1u);
    float deep = as_noise_value(x * 0.02f, y * 4.5f, seed + 2u);
    return 1.0f + 0.085f * a + 0.085f * b - 0.16f * as_paint_step(0.72f, 0.95f, deep);
}

/* A face mill leaves arcs, one for each step of its feed, in lanes as wide as the cutter. */
static float metal_milled(float x, float y, uint32_t seed)
{
    float lane = y / 22.0f, across = (lane - (float)as_noise_floor(lane) - 0.5f) * 22.0f;
    float arc = sqrtf(13.0f * 13.0f - across * across), turn = (x - arc) / 0.62f;
    float wave = turn - (float)as_noise_floor(turn) - 0.5f, each = as_noise_value(turn * 0.5f, 0.5f, seed);
    float grain = as_noise_value(x * 6.0f, y * 6.0f, seed + 1u);
    return 1.0f + (0.26f + 0.08f * each) * (0.5f - 2.0f * fabsf(wave)) + 0.03f * grain + 0.05f * each;
}

static float metal_ground(float x, float y, uint32_t seed)
{
    float a = as_noise_value(x * 0.5f, y * 11.0f, seed), b = as_noise_value(x * 1.1f, y * 23.0f, seed + 1u);
    return 1.0f + 0.06f * a + 0.05f * b;
}

static float metal_cast(float x, float y, uint32_t seed)
{
    float dx, dy, h = as_noise_slope(x * 2.2f, y * 2.2f, seed, &dx, &dy);
    float fine = as_noise_value(x * 7.0f, y * 7.0f, seed + 1u);
    float pit = as_noise_value(x * 1.3f, y * 1.3f, seed + 2u);
    (void)h;
    return 0.86f + 0.07f * (dx * METAL_LIGHT_X + dy * METAL_LIGHT_Y) + 0.06f * fine -
           0.25f * as_paint_step(0.86f, 0.97f, pit);
}

static float metal_belt(float x, float y, uint32_t seed)
{
    float grain = as_noise_value(x * 3.0f, y * 3.0f, seed),
          cloud = as_noise_fractal(x * 0.05f, y * 0.07f, seed + 1u, 2);
    return 0.055f * (1.0f + 0.35f * grain + 0.3f * cloud);
}

static bool metal_prepare(const as_twin *twin, void *priv, as_err *err)
{
    static float (*const looks[])(float, float, uint32_t) = {metal_brushed, metal_milled, metal_ground, metal_cast,
                                                             metal_belt};
    metal_state       *state = priv;
    const as_twin_cfg *cfg = as_twin_cfg_of(twin);
    float              left = (float)as_twin_frame_of(twin).left, top = (float)as_twin_frame_of(twin).top;
    float              mm = (float)(1.0 / as_twin_px_per_mm(twin));
    uint32_t           seed = as_noise_mix((uint32_t)cfg->seed ^ as_noise_mix((uint32_t)(cfg->seed >> 32) + 11u));
    state->width = cfg->width + METAL_SPAN_PX;
    state->height = cfg->height + METAL_SPAN_PX;
    size_t plane = (size_t)state->width * state->height;
    state->surface[0] = malloc((METAL_RECIPES + 1) * plane * sizeof(float));
    if (!state->surface[0])
        return AS_FAIL(err, AS_ENOMEM, "no memory for metal of %ux%u pixels", state->width, state->height);
    for (size_t i = 0; i <= METAL_RECIPES; i++) {
        state->surface[i] = state->surface[0] + i * plane;
        for (uint32_t y = 0; y < state->height; y++)
            for (uint32_t x = 0; x < state->width; x++)
                state->surface[i][(size_t)y * state->width + x] =
                    looks[i](((float)x - left) * mm, ((float)y - top) * mm, seed + 100u * (uint32_t)i);
    }
    return true;
}

static void metal_release(void *priv)
{
    metal_state *state = priv;
    free(state->surface[0]);
}

/* --- what chance decides --- */

static void metal_plan_defect(const metal_part *part, as_rng *rng, float severity, metal_defect *d)
{
    float strong = 1.0f - (1.0f - severity) * (1.0f - severity), angle = as_plates_pick(rng, -1.57f, 1.57f);
    *d = (metal_defect){.class = (metal_class)(1 + as_plates_choose(rng, METAL_CLASSES - 1)), .severity = severity};
    d->seed = (uint32_t)as_rng_u64(rng);
    d->x = part->half_x * as_plates_pick(rng, -0.8f, 0.8f);
    d->y = part->half_y * as_plates_pick(rng, -0.8f, 0.8f);
    if (fabsf(d->x) > part->half_x - 12.0f && fabsf(d->y) > part->half_y - 12.0f) { /* where a hole is */
        d->x *= 0.55f;
        d->y *= 0.55f;
    }
    d->bend = as_plates_pick(rng, -0.12f, 0.12f);
    switch (d->class) {
    case METAL_SCRATCH:
        d->size = (4.0f + 22.0f * strong) * as_plates_pick(rng, 0.7f, 1.2f);
        d->width = 0.06f + 0.16f * strong * as_plates_pick(rng, 0.5f, 1.2f);
        break;
    case METAL_DENT: d->size = (1.2f + 5.0f * strong) * as_plates_pick(rng, 0.8f, 1.3f); break;
    case METAL_STAIN: d->size = (3.0f + 12.0f * strong) * as_plates_pick(rng, 0.7f, 1.2f); break;
    default: /* a burr lies on an edge: its angle is the side's */
        d->size = (3.0f + 12.0f * strong) * as_plates_pick(rng, 0.7f, 1.2f);
        d->width = 0.25f * AS_MIN(5.0f * severity, 1.0f) + 1.3f * strong;
        angle = 1.5707963f * (float)as_plates_choose(rng, 4);
        break;
    }
    as_noise_sincos((double)angle, &d->sin, &d->cos);
    if (d->class == METAL_BURR) { /* outwards is (sin, -cos) */
        float along_x = fabsf(d->cos) > 0.5f ? part->half_x : 0.0f,
              along_y = fabsf(d->cos) > 0.5f ? 0.0f : part->half_y;
        float at = as_plates_pick(rng, -0.75f, 0.75f);
        d->x = d->sin * part->half_x * (along_x > 0.0f ? 0.0f : 1.0f) + at * along_x;
        d->y = -d->cos * part->half_y * (along_y > 0.0f ? 0.0f : 1.0f) + at * along_y;
    }
}

static void metal_plan(const as_twin *twin, const as_twin_shot *shot, metal_part *part)
{
    const as_twin_cfg  *cfg = as_twin_cfg_of(twin);
    as_rng              rng = as_rng_stream(cfg->seed, shot->part), fate = as_rng_stream(~cfg->seed, shot->part);
    const as_twin_frame f = as_twin_frame_of(twin);
    float               w = (float)f.width, h = (float)f.height;
    *part = (metal_part){.seed = (uint32_t)as_rng_u64(&rng)};
    part->shine = 3.2f / w;
    part->mid_y = (float)f.top + 0.5f * h;
    part->recipe = as_plates_choose(&rng, METAL_RECIPES);
    if (shot->recipe >= 0)
        part->recipe = (uint32_t)shot->recipe;
    part->half_x = 31.0f;
    part->half_y = 22.0f;
    part->hole = 3.0f;
    as_plates_pose(twin, shot, &rng, 0.03f, &part->pose);
    part->light = as_plates_pick(&rng, 0.92f, 1.08f) * (shot->view ? 1.01f : 1.0f);
    part->shine_x = (float)f.left + w * as_plates_pick(&rng, 0.25f, 0.75f);
    part->slope = as_plates_pick(&rng, -0.08f, 0.08f) / h;
    if (as_plates_pick(&fate, 0.0f, 1.0f) >= (float)cfg->defect_share)
        return;
    part->n_defects = 1u + (as_plates_choose(&fate, 4) == 0) + (as_plates_choose(&fate, 8) == 0);
    for (uint32_t i = 0; i < part->n_defects; i++)
        metal_plan_defect(part, &fate, as_plates_severity(cfg, &fate), &part->defects[i]);
}

/* --- the plate --- */

typedef struct metal_row {
    float u0, du, v0, dv; /* place of the row's first pixel, and the way to the next, mm */
    float half_x, half_y, px_per_mm, shadow_u, shadow_v, light_u, light_v, level, shine_x, shine;
} metal_row;

static inline float metal_larger(float a, float b)
{
    return a > b ? a : b;
}

static inline float metal_bound(float v)
{
    return v > 0.0f ? (v < 1.0f ? v : 1.0f) : 0.0f;
}

/* Distance from a rectangle with round corners, negative inside. */
static inline float metal_distance(float u, float v, float half_x, float half_y)
{
    float qx = fabsf(u) - half_x + CORNER_MM, qy = fabsf(v) - half_y + CORNER_MM;
    float ox = metal_larger(qx, 0.0f), oy = metal_larger(qy, 0.0f), in = metal_larger(qx, qy);
    return sqrtf(ox * ox + oy * oy) + (in < 0.0f ? in : 0.0f) - CORNER_MM;
}

/* Pixels from and without to: of belt and plate where the plate's edge or its shadow may be. */
AS_TWIN_CLONES
static void metal_line(const metal_row *row, const float *restrict metal, const float *restrict belt, size_t from,
                       size_t to, float *restrict out)
{
    float u0 = row->u0, v0 = row->v0, du = row->du, dv = row->dv, hx = row->half_x, hy = row->half_y,
          k = row->px_per_mm;
    float su = row->shadow_u, sv = row->shadow_v, lu = row->light_u, lv = row->light_v;
    for (size_t x = from; x < to; x++) {
        float t = (float)(int32_t)x, u = u0 + t * du, v = v0 + t * dv;
        float d = metal_distance(u, v, hx, hy), cast = metal_distance(u - su, v - sv, hx, hy);
        float cover = metal_bound(0.5f - d * k), dark = 0.75f * metal_bound(0.5f - cast * 0.45f);
        float edge = metal_bound(1.0f + d * (1.0f / BEVEL_MM)); /* 1 at the rim, 0 inside */
        float side = (fabsf(u) - hx > fabsf(v) - hy) ? (u < 0.0f ? -lu : lu) : (v < 0.0f ? -lv : lv);
        float off = (t - row->shine_x) * row->shine, shine = 1.0f / (1.0f + off * off);
        float plate = metal[x] * (0.50f + 0.22f * shine) * (1.0f + 0.55f * edge * side);
        out[x] = row->level * (belt[x] * (1.0f - dark) * (1.0f - cover) + plate * cover);
    }
}

/* The same within the bevel, where nothing of the belt is seen. */
AS_TWIN_CLONES
static void metal_line_inside(const metal_row *row, const float *restrict metal, size_t from, size_t to,
                              float *restrict out)
{
    const float level = row->level, shine_x = row->shine_x, per_px = row->shine;
    for (size_t x = from; x < to; x++) {
        float off = ((float)(int32_t)x - shine_x) * per_px, shine = 1.0f / (1.0f + off * off);
        out[x] = level * (metal[x] * (0.50f + 0.22f * shine));
    }
}

/* And beyond the shadow. */
AS_TWIN_CLONES
static void metal_line_beside(float level, const float *restrict belt, size_t from, size_t to, float *restrict out)
{
    for (size_t x = from; x < to; x++)
        out[x] = level * belt[x];
}

/* Where a + t * step lies within half of zero: *from and *to are narrowed to it. */
static void metal_narrow(float a, float step, float half, float *from, float *to)
{
    if (fabsf(step) < 1e-9f) {
        if (fabsf(a) > half)
            *to = *from;
        return;
    }
    float one = (-half - a) / step, other = (half - a) / step;
    *from = AS_MAX(*from, AS_MIN(one, other));
    *to = AS_MIN(*to, AS_MAX(one, other));
}

/* Pixels of the row within a rectangle, one more or less each way. None: both are the same. */
static void metal_span(const metal_row *row, float half_x, float half_y, float more, size_t w, size_t *ret_from,
                       size_t *ret_to)
{
    float from = 0.0f, to = (float)w;
    metal_narrow(row->u0, row->du, half_x, &from, &to);
    metal_narrow(row->v0, row->dv, half_y, &from, &to);
    from = as_paint_clamp(from - more, 0.0f, (float)w);
    to = as_paint_clamp(to + more, 0.0f, (float)w);
    *ret_from = (size_t)(from + 0.5f);
    *ret_to = AS_MAX(*ret_from, (size_t)(to + 0.5f));
}

static void metal_row_draw(const metal_row *row, const float *metal, const float *belt, size_t w, float *out)
{
    const float beside = 1.5f; /* the shadow is soft so far, and the edge less */
    size_t      out_from, out_to, in_from, in_to;
    metal_span(row, row->half_x + beside + fabsf(row->shadow_u), row->half_y + beside + fabsf(row->shadow_v), 1.0f, w,
               &out_from, &out_to);
    metal_span(row, row->half_x - CORNER_MM, row->half_y - CORNER_MM, -1.0f, w, &in_from, &in_to);
    if (in_from >= in_to)
        in_from = in_to = out_to;
    metal_line_beside(row->level, belt, 0, out_from, out);
    metal_line(row, metal, belt, out_from, in_from, out);
    metal_line_inside(row, metal, in_from, in_to, out);
    metal_line(row, metal, belt, in_to, out_to, out);
    metal_line_beside(row->level, belt, out_to, w, out);
}

static void metal_draw_plate(const metal_part *part, const metal_state *state, const as_canvas *canvas)
{
    const as_pose *pose = &part->pose;
    uint32_t       ox = as_noise_hash2(part->seed, 1, 5) % METAL_SPAN_PX,
             oy = as_noise_hash2(part->seed, 2, 5) % METAL_SPAN_PX;
    metal_row row = {.du = pose->cos / pose->px_per_mm,
                     .dv = -pose->sin / pose->px_per_mm,
                     .half_x = part->half_x,
                     .half_y = part->half_y,
                     .px_per_mm = pose->px_per_mm,
                     .shadow_u = 1.2f,
                     .shadow_v = 1.9f,
                     .light_u = METAL_LIGHT_X,
                     .light_v = METAL_LIGHT_Y,
                     .shine_x = part->shine_x,
                     .shine = part->shine};
    for (uint32_t y = 0; y < canvas->height; y++) {
        size_t at = (size_t)(y + oy) * state->width + ox;
        as_pose_to_mm(pose, 0.0f, (float)y, &row.u0, &row.v0);
        row.level = part->light * (1.0f + part->slope * ((float)(int32_t)y - part->mid_y));
        metal_row_draw(&row, state->surface[part->recipe] + at, state->surface[METAL_RECIPES] + at, canvas->width,
                       canvas->r + (size_t)y * canvas->width);
    }
}

/* A hole with a countersink, which looks inwards: it is lit on the far side. dx: of the row's first pixel from its middle. */
AS_TWIN_CLONES
static void metal_hole_line(float dx0, float dy, float radius, float rim, size_t n, float *restrict to)
{
    for (size_t i = 0; i < n; i++) {
        float dx = dx0 + (float)(int32_t)i, r = sqrtf(dx * dx + dy * dy) + 1e-3f, d = r - radius;
        float side = (dx * METAL_LIGHT_X + dy * METAL_LIGHT_Y) / r, low = (d + radius * 0.5f) / (radius * 0.5f);
        float far = (side - 0.2f) / (-1.0f - 0.2f);
        float p = to[i] * (1.0f - 0.75f * side * metal_bound(0.5f - (fabsf(d - 0.5f * rim) - 0.5f * rim)));
        low = metal_bound(low);
        far = metal_bound(far);
        float deep = 0.02f + 0.07f * (low * low * (3.0f - 2.0f * low)) * (far * far * (3.0f - 2.0f * far));
        to[i] = p + (deep - p) * metal_bound(0.5f - d);
    }
}

static void metal_draw_hole(const metal_part *part, const as_canvas *canvas, float x_mm, float y_mm)
{
    float x, y, k = part->pose.px_per_mm, radius = part->hole * k, rim = 0.55f * k;
    as_pose_to_px(&part->pose, x_mm, y_mm, &x, &y);
    as_paint_area area = as_paint_around(canvas, x, y, radius + rim + 1.0f);
    for (uint32_t py = area.y0; py < area.y1 && area.x0 < area.x1; py++)
        metal_hole_line((float)area.x0 - x, (float)py - y, radius, rim, area.x1 - area.x0,
                        canvas->r + (size_t)py * canvas->width + area.x0);
}

/* A code of 10 x 10 fields, marked by a laser: two full sides, two of every second field, and what the part's number makes. */
static void metal_draw_code(const metal_part *part, const as_canvas *canvas)
{
    const float field = 0.55f, x0 = -part->half_x + 11.0f, y0 = part->half_y - 9.0f;
    float       x, y;
    as_pose_to_px(&part->pose, x0 + 5.0f * field, y0 + 5.0f * field, &x, &y);
    as_paint_area area = as_paint_around(canvas, x, y, 7.5f * field * part->pose.px_per_mm);
    for (uint32_t py = area.y0; py < area.y1; py++)
        for (uint32_t px = area.x0; px < area.x1; px++) {
            float u, v;
            as_pose_to_mm(&part->pose, (float)px, (float)py, &u, &v);
            int32_t i = as_noise_floor((u - x0) / field), k = as_noise_floor((v - y0) / field);
            if (i < 0 || k < 0 || i > 9 || k > 9)
                continue;
            bool dark = i == 0 || k == 9 || (k == 0 && i % 2 == 0) || (i == 9 && k % 2 == 1);
            if (i > 0 && i < 9 && k > 0 && k < 9)
                dark = as_noise_hash2((uint32_t)i, (uint32_t)k, part->seed) & 1u;
            canvas->r[(size_t)py * canvas->width + px] *= dark ? 0.45f : 1.08f;
        }
}

/* --- defects: each works on the pixels within reach of its middle, by its own coordinates --- */

static void metal_local(const metal_part *part, const metal_defect *d, uint32_t px, uint32_t py, float *ret_u,
                        float *ret_v)
{
    float x, y;
    as_pose_to_mm(&part->pose, (float)px, (float)py, &x, &y);
    x -= d->x;
    y -= d->y;
    *ret_u = x * d->cos + y * d->sin;
    *ret_v = y * d->cos - x * d->sin;
}

/* A furrow: one flank throws the light to the camera, the other away from it. */
static float metal_scratch(const metal_part *part, const metal_defect *d, float u, float v)
{
    float t = u / d->size; /* -0.5 .. 0.5 */
    if (fabsf(t) > 0.5f)
        return 1.0f;
    float wander = 0.5f * d->width * as_noise_line(u * 0.8f, d->seed);
    float off = v - d->bend * d->size * (1.0f - 4.0f * t * t) - wander;
    float least = 0.42f / part->pose.px_per_mm, wide = AS_MAX(d->width, least); /* never thinner than can be seen */
    float a = off / wide, b = (off - 1.3f * wide) / wide;
    float depth = (1.0f - 16.0f * t * t * t * t) * (0.75f + 0.35f * as_noise_line(u * 0.5f, d->seed + 1u)) *
                  AS_MIN(d->width / least, 1.0f);
    float across = fabsf(d->cos * METAL_LIGHT_Y - d->sin * METAL_LIGHT_X), strong = 0.10f + 1.25f * d->severity;
    float bright = 1.0f / (1.0f + a * a * a * a), dark = 1.0f / (1.0f + b * b * b * b);
    return 1.0f + strong * depth * ((0.35f + 0.65f * across) * bright - 0.45f * dark);
}

static float metal_dent(const metal_defect *d, float u, float v)
{
    float radius = 0.5f * d->size, x = u * d->cos - v * d->sin, y = u * d->sin + v * d->cos;
    float r2 = (u * u * 1.25f + v * v * 0.85f) / (radius * radius);
    if (r2 > 1.69f)
        return 1.0f;
    float slope = r2 < 1.0f ? (1.0f - r2) : -0.25f * (1.69f - r2); /* the rim stands up a little */
    float lean = -(x * METAL_LIGHT_X + y * METAL_LIGHT_Y) / radius;
    return 1.0f + (0.15f * AS_MIN(4.0f * d->severity, 1.0f) + 1.7f * d->severity) * slope * lean -
           0.10f * d->severity * AS_MAX(1.0f - r2, 0.0f);
}

static float metal_stain(const metal_defect *d, float u, float v)
{
    float radius = 0.5f * d->size, near = 0.34f * as_noise_fractal(u / radius, v / radius, d->seed, 4);
    float r = sqrtf(u * u + v * v * 1.5f) / radius + near;
    /* Oil creeps outwards and thins; where it dried it left a line, broken here and there. */
    float fill = as_paint_step(1.06f, 0.45f, r),
          dried = as_noise_value(u * 2.2f / radius, v * 2.2f / radius, d->seed + 5u);
    float rim = as_paint_step(0.66f, 0.84f, r) * as_paint_step(1.0f, 0.88f, r) * as_paint_step(-0.5f, 0.7f, dried);
    float cloud = 0.30f * as_noise_value(u * 1.1f, v * 1.1f, d->seed + 7u) +
                  0.22f * as_noise_value(u * 0.45f, v * 0.45f, d->seed + 8u);
    return 1.0f - 0.47f * d->severity * (fill * (0.72f + cloud) + 0.40f * rim);
}

/* How much of the pixel a burr fills, and how bright it is there. */
static float metal_burr(const metal_part *part, const metal_defect *d, float u, float v, float *ret_level)
{
    float t = u / d->size, taper = 1.0f - 4.0f * t * t;
    if (taper <= 0.0f)
        return 0.0f;
    float teeth = 0.55f + 0.45f * as_noise_line(u * 2.6f, d->seed), fine = as_noise_line(u * 9.0f, d->seed + 1u);
    float height = d->width * taper * AS_MAX(teeth + 0.25f * fine, 0.0f);
    float out = -v; /* v points into the plate */
    *ret_level =
        0.50f + 0.35f * as_noise_value(u * 4.0f, v * 4.0f, d->seed + 2u) + 0.3f * as_paint_step(0.0f, height, out);
    return as_paint_cover((out - height) * part->pose.px_per_mm) * as_paint_step(-0.25f, 0.0f, out) *
           AS_MIN(5.0f * d->severity, 1.0f);
}

static void metal_draw_defect(const metal_part *part, const metal_defect *d, const as_canvas *canvas)
{
    float x, y, k = part->pose.px_per_mm;
    as_pose_to_px(&part->pose, d->x, d->y, &x, &y);
    as_paint_area area = as_paint_around(canvas, x, y, (0.75f * d->size + 2.0f * d->width + 1.0f) * k);
    for (uint32_t py = area.y0; py < area.y1; py++)
        for (uint32_t px = area.x0; px < area.x1; px++) {
            float  u, v, level = 0.0f, pu, pv;
            float *p = &canvas->r[(size_t)py * canvas->width + px];
            metal_local(part, d, px, py, &u, &v);
            if (d->class == METAL_BURR) {
                float cover = metal_burr(part, d, u, v, &level);
                *p += (part->light * level - *p) * cover;
                continue;
            }
            as_pose_to_mm(&part->pose, (float)px, (float)py, &pu, &pv);
            if (metal_distance(pu, pv, part->half_x, part->half_y) > 0.0f)
                continue;
            *p *= d->class == METAL_SCRATCH ? metal_scratch(part, d, u, v)
                  : d->class == METAL_DENT  ? metal_dent(d, u, v)
                                            : metal_stain(d, u, v);
        }
}

static void metal_bounds(const metal_part *part, const metal_defect *d, const as_canvas *canvas, float box[4])
{
    float half_u = 0.5f * d->size, low = -half_u, high = half_u;
    if (d->class == METAL_SCRATCH) {
        low = AS_MIN(0.0f, d->bend * d->size) - 2.0f * d->width;
        high = AS_MAX(0.0f, d->bend * d->size) + 3.0f * d->width;
    } else if (d->class == METAL_BURR) {
        low = -1.3f * d->width;
        high = 0.3f;
    }
    as_plates_box(&part->pose, canvas, d->x, d->y, d->sin, d->cos, (float[4]){-half_u, low, half_u, high}, box);
    if (d->class != METAL_BURR) { /* what would lie beside the plate is not there */
        const float whole[4] = {-part->half_x, -part->half_y, part->half_x, part->half_y};
        float       plate[4];
        as_plates_box(&part->pose, canvas, 0.0f, 0.0f, 0.0f, 1.0f, whole, plate);
        as_plates_cut(box, plate);
    }
}

static void metal_draw(const as_twin *twin, const as_twin_shot *shot, float *light, as_twin_truth *truth)
{
    static const float places[N_HOLES][2] = {{-1, -1}, {1, -1}, {1, 1}, {-1, 1}};
    const as_twin_cfg *cfg = as_twin_cfg_of(twin);
    as_canvas          canvas = {.r = light, .width = cfg->width, .height = cfg->height};
    metal_part         part;
    metal_plan(twin, shot, &part);
    metal_draw_plate(&part, as_twin_state(twin), &canvas);
    truth->recipe = metal_recipes[part.recipe];
    for (uint32_t i = 0; i < part.n_defects; i++) {
        const metal_defect *d = &part.defects[i];
        as_twin_finding     finding = {.class = metal_names[d->class], .severity = d->severity, .size_mm = d->size};
        if ((shot->shown >> i) & 1u)
            metal_draw_defect(&part, d, &canvas);
        metal_bounds(&part, d, &canvas, finding.box_px);
        as_plates_tell(truth, &finding);
    }
    for (size_t i = 0; i < N_HOLES; i++)
        metal_draw_hole(&part, &canvas, places[i][0] * (part.half_x - 6.5f), places[i][1] * (part.half_y - 6.5f));
    metal_draw_code(&part, &canvas);
    as_plates_sum_up(truth, metal_names[METAL_GOOD]);
}

const as_twin_scene as_twin_metal = {
    .name = "metal",
    .summary = "machined plates in grey: scratches, dents, stains, burrs",
    .classes = metal_names,
    .recipes = metal_recipes,
    .pixel = AS_PIXEL_MONO8,
    .width = 640,
    .height = 480,
    .px_per_mm = 8.6,
    .margins = true,
    .defaults = {.belt_mm_per_s = 120,
                 .exposure_us = 300,
                 .defect_share = 0.4,
                 .min_severity = 0.3,
                 .gain_e_per_dn = 40,
                 .read_noise_e = 8},
    .state_bytes = sizeof(metal_state),
    .prepare = metal_prepare,
    .release = metal_release,
    .draw = metal_draw,
};
