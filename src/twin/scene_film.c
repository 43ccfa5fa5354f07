/* SPDX-License-Identifier: Apache-2.0 */
/* Polymer film that runs between a lamp and the camera, in grey: gels, holes, streaks of the die, specks, wrinkles. Lengths
 * are mm; the web runs along x. */
#include "twin/kernel.h"
#include "twin/noise.h"
#include "twin/paint.h"
#include "twin/plates.h"
#include "twin/web_noise.h"

#define FILM_SPAN_PX 320u /* a frame shows any place of so much more film */
#define FILM_LAMP    0.94f

typedef enum film_class {
    FILM_GOOD,
    FILM_GEL,
    FILM_HOLE,
    FILM_STREAK,
    FILM_SPECK,
    FILM_WRINKLE,
    FILM_CLASSES
} film_class;

static const char *const film_names[] = {"good", "gel", "hole", "streak", "speck", "wrinkle", NULL};
static const char *const film_recipes[] = {"clear", "thick", "milky", "smoked", "embossed", NULL};
enum { FILM_RECIPES = 5, FILM_DEFECTS = 3 };

/* What a product lets through, and how unevenly: thickness across the web, flow along it, skin, clouds of filler, a pattern
 * of the roll. */
static const struct film_look {
    float level, bands, flow, skin, cloud, emboss;
} film_looks[FILM_RECIPES] = {{0.74f, 0.016f, 0.010f, 0.006f, 0.000f, 0.0f},
                              {0.62f, 0.040f, 0.022f, 0.026f, 0.000f, 0.0f},
                              {0.47f, 0.018f, 0.008f, 0.014f, 0.075f, 0.0f},
                              {0.31f, 0.034f, 0.020f, 0.010f, 0.030f, 0.0f},
                              {0.60f, 0.014f, 0.008f, 0.010f, 0.000f, 0.13f}};

typedef struct film_defect {
    film_class class;
    float    severity, x, y, size, width, sin, cos, amount, bend; /* in the frame; size along, width across */
    uint32_t seed;
} film_defect;

typedef struct film_part {
    uint32_t    recipe, off_x, off_y, n_defects;
    float       light, slope_x, mm;
    film_defect defects[FILM_DEFECTS];
} film_part;

typedef struct film_state {
    uint32_t width, height;
    float    mm;                  /* a pixel */
    float   *looks[FILM_RECIPES]; /* one block, owned by the first */
} film_state;

static float film_level(float x, float y, uint32_t recipe, uint32_t seed)
{
    const struct film_look *l = &film_looks[recipe];
    float bands = as_noise_value(x * 0.004f, y * 0.16f, seed) + 0.5f * as_noise_value(x * 0.006f, y * 0.55f, seed + 1u);
    float flow =
        as_noise_value(x * 0.05f, y * 4.5f, seed + 2u) + 0.6f * as_noise_value(x * 0.09f, y * 11.0f, seed + 3u);
    float skin = as_noise_value(x * 1.7f, y * 1.9f, seed + 4u) + 0.6f * as_noise_value(x * 4.1f, y * 4.3f, seed + 5u);
    float cloud = l->cloud > 0.0f ? as_noise_fractal(x * 0.33f, y * 0.42f, seed + 6u, 4) : 0.0f;
    float level = 1.0f + l->bands * bands + l->flow * flow + l->skin * skin + l->cloud * cloud;
    if (l->emboss > 0.0f) { /* ridges of a diamond pattern */
        float a = (x + y) * 0.62f, b = (x - y) * 0.62f;
        a -= (float)as_noise_floor(a) + 0.5f;
        b -= (float)as_noise_floor(b) + 0.5f;
        level *= 1.0f + l->emboss * (2.0f * AS_MAX(a * a, b * b) - 0.25f) - 0.6f * l->emboss * a * b;
    }
    return l->level * level;
}

static bool film_prepare(const as_twin *twin, void *priv, as_err *err)
{
    film_state        *state = priv;
    const as_twin_cfg *cfg = as_twin_cfg_of(twin);
    uint32_t           seed = as_noise_mix((uint32_t)cfg->seed ^ as_noise_mix((uint32_t)(cfg->seed >> 32) + 37u));
    const float        left = (float)as_twin_frame_of(twin).left, top = (float)as_twin_frame_of(twin).top;
    state->width = cfg->width + FILM_SPAN_PX;
    state->height = cfg->height + FILM_SPAN_PX;
    state->mm = (float)(1.0 / as_twin_px_per_mm(twin));
    if (cfg->scan == AS_TWIN_SCAN_LINE) /* a web is cast line by line */
        return true;
    size_t plane = (size_t)state->width * state->height;
    state->looks[0] = malloc(FILM_RECIPES * plane * sizeof(float));
    if (!state->looks[0])
        return AS_FAIL(err, AS_ENOMEM, "no memory for film of %ux%u pixels", state->width, state->height);
    for (uint32_t i = 0; i < FILM_RECIPES; i++) {
        state->looks[i] = state->looks[0] + i * plane;
        for (uint32_t y = 0; y < state->height; y++)
            for (uint32_t x = 0; x < state->width; x++)
                state->looks[i][(size_t)y * state->width + x] =
                    film_level(((float)x - left) * state->mm, ((float)y - top) * state->mm, i, seed + 50u * i);
    }
    return true;
}

static void film_release(void *priv)
{
    film_state *state = priv;
    free(state->looks[0]);
}

/* --- what chance decides --- */

static void film_plan_defect(float w, float h, as_rng *rng, float severity, film_defect *d)
{
    float strong = 1.0f - (1.0f - severity) * (1.0f - severity), angle = as_plates_pick(rng, -0.12f, 0.12f);
    *d = (film_defect){.class = (film_class)(1 + as_plates_choose(rng, FILM_CLASSES - 1)), .severity = severity};
    d->seed = (uint32_t)as_rng_u64(rng);
    d->x = w * as_plates_pick(rng, 0.1f, 0.9f);
    d->y = h * as_plates_pick(rng, 0.1f, 0.9f);
    float size = as_plates_pick(rng, 0.75f, 1.25f), side = as_plates_choose(rng, 3) ? 1.0f : -1.0f;
    switch (d->class) {
    case FILM_GEL: /* drawn out along the web */
        d->size = (0.35f + 2.3f * strong) * size;
        d->width = d->size * as_plates_pick(rng, 0.55f, 0.95f);
        d->amount = 0.55f * strong;
        break;
    case FILM_HOLE:
        d->size = (0.4f + 3.0f * strong) * size;
        d->width = d->size * as_plates_pick(rng, 0.5f, 1.0f);
        d->amount = AS_MIN(3.0f * severity, 1.0f);
        angle *= 10.0f;
        break;
    case FILM_STREAK: /* a grain in the die's lip: brighter than the web where it is thin, seldom darker */
        d->size = (14.0f + 60.0f * strong) * size;
        d->width = 0.14f + 0.7f * strong * size;
        d->amount = 0.30f * strong * side;
        angle = 0.0f;
        break;
    case FILM_SPECK:
        d->size = (0.18f + 1.3f * strong) * size;
        d->width = d->size * as_plates_pick(rng, 0.5f, 1.0f);
        d->amount = 0.95f * strong;
        angle *= 12.0f;
        break;
    default: /* a wrinkle runs along the web, and a little across */
        d->size = (12.0f + 46.0f * strong) * size;
        d->width = 1.2f + 2.6f * size;
        d->amount = 0.42f * strong;
        d->bend = as_plates_pick(rng, -0.10f, 0.10f);
        angle *= 4.0f;
        break;
    }
    as_noise_sincos((double)angle, &d->sin, &d->cos);
}

static void film_plan(const as_twin *twin, const as_twin_shot *shot, film_part *part)
{
    const as_twin_cfg  *cfg = as_twin_cfg_of(twin);
    const film_state   *state = as_twin_state(twin);
    const as_twin_frame f = as_twin_frame_of(twin);
    as_rng              rng = as_rng_stream(cfg->seed, shot->part), fate = as_rng_stream(~cfg->seed, shot->part);
    *part = (film_part){.recipe = as_plates_choose(&rng, FILM_RECIPES), .mm = state->mm};
    if (shot->recipe >= 0)
        part->recipe = (uint32_t)shot->recipe;
    part->off_x = as_plates_choose(&rng, FILM_SPAN_PX);
    part->off_y = as_plates_choose(&rng, FILM_SPAN_PX);
    part->light = FILM_LAMP * as_plates_pick(&rng, 0.97f, 1.03f) * (shot->view % 2 ? 1.01f : 1.0f);
    part->slope_x = as_plates_pick(&rng, -0.04f, 0.04f) / (float)f.width;
    if (as_plates_pick(&fate, 0.0f, 1.0f) >= (float)cfg->defect_share)
        return;
    part->n_defects = 1u + (as_plates_choose(&fate, 4) == 0) + (as_plates_choose(&fate, 6) == 0);
    for (uint32_t i = 0; i < part->n_defects; i++) {
        film_plan_defect((float)f.width * state->mm, (float)f.height * state->mm, &fate, as_plates_severity(cfg, &fate),
                         &part->defects[i]);
        part->defects[i].x += (float)f.left * state->mm;
        part->defects[i].y += (float)f.top * state->mm;
    }
}

/* --- defects, each by its own coordinates: u along, v across --- */

static inline float film_bell(float t)
{
    float left = 1.0f - t * t;
    return left > 0.0f ? left * left : 0.0f;
}

/* A lump that did not melt: a lens. It gathers light in its middle, which its flanks lack. */
static float film_gel(const film_defect *d, float u, float v)
{
    float x = 2.0f * u / d->size, y = 2.0f * v / d->width, own = 0.16f * as_noise_value(x * 1.4f, y * 1.4f, d->seed);
    float r = sqrtf(x * x + y * y) + own, ring = (r - 0.78f) / 0.5f, core = r / 0.55f, far = (r - 1.25f) / 0.4f;
    return 1.0f + d->amount * (0.75f * film_bell(core) - 0.85f * film_bell(ring) + 0.18f * film_bell(far));
}

/* *ret_open: how much of the lamp is seen past the film. */
static float film_hole(const film_defect *d, float u, float v, float px_per_mm, float *ret_open)
{
    float x = 2.0f * u / d->size, y = 2.0f * v / d->width, r = sqrtf(x * x + y * y);
    float edge = r + 0.20f * as_noise_fractal(x * 1.3f, y * 1.3f, d->seed, 3);
    *ret_open = d->amount * as_paint_cover((edge - 1.0f) * 0.5f * d->width * px_per_mm);
    return 1.0f - 0.40f * d->amount * film_bell((edge - 1.18f) / 0.3f); /* its rim is thick */
}

static float film_streak(const film_defect *d, float u, float v)
{
    float t = 2.0f * u / d->size, wander = 0.08f * as_noise_line(u * 0.25f, d->seed);
    float uneven = 0.75f + 0.35f * as_noise_line(u * 0.4f, d->seed + 1u), a = (v - wander) / d->width;
    float b = (v - wander - 1.3f * d->width) / d->width;
    float along = as_paint_step(1.0f, 0.8f, fabsf(t));
    return 1.0f + d->amount * uneven * along * (film_bell(a) - 0.4f * film_bell(b));
}

static float film_speck(const film_defect *d, float u, float v)
{
    float x = 2.0f * u / d->size, y = 2.0f * v / d->width, r = sqrtf(x * x + y * y);
    float edge = r + 0.34f * as_noise_fractal(x * 1.2f, y * 1.2f, d->seed, 3), halo = (r - 1.3f) / 0.7f;
    return 1.0f - d->amount * as_paint_step(1.15f, 0.65f, edge) + 0.08f * d->amount * film_bell(halo);
}

/* Folds lean towards the lamp and away from it, and the film is seen twice on its back. */
static float film_wrinkle(const film_defect *d, float u, float v)
{
    float t = 2.0f * u / d->size, off = v - d->bend * d->size * (1.0f - t * t);
    if (fabsf(t) >= 1.0f)
        return 1.0f;
    off += 0.45f * d->width * as_noise_line(u * 0.13f, d->seed);
    float w = d->width * (0.55f + 0.45f * film_bell(t)), a = off / w, b = (off + 0.85f * w) / w,
          c = (off - 0.9f * w) / w;
    float fine = 0.25f * as_noise_value(u * 0.35f, v * 1.6f, d->seed + 2u);
    return 1.0f + d->amount * film_bell(t) *
                      (film_bell(1.6f * a) - 0.75f * film_bell(1.5f * b) - 0.55f * film_bell(1.9f * c)) * (1.0f + fine);
}

/* What of the light it keeps; *ret_open is left alone but by a hole. */
static float film_keep(const film_defect *d, float u, float v, float px_per_mm, float *ret_open)
{
    switch (d->class) {
    case FILM_GEL: return film_gel(d, u, v);
    case FILM_HOLE: return film_hole(d, u, v, px_per_mm, ret_open);
    case FILM_STREAK: return film_streak(d, u, v);
    case FILM_SPECK: return film_speck(d, u, v);
    default: return film_wrinkle(d, u, v);
    }
}

/* Half of what it can touch across itself. */
static float film_reach(const film_defect *d)
{
    switch (d->class) {
    case FILM_STREAK: return 2.3f * d->width + 0.1f;
    case FILM_WRINKLE: return (1.95f + 0.45f) * d->width + fabsf(d->bend) * d->size;
    case FILM_GEL: return 0.5f * d->width * 1.75f;
    case FILM_SPECK: return 0.5f * d->width * 2.0f;
    default: return 0.5f * d->width * 1.6f;
    }
}

static void film_box(const film_defect *d, const as_canvas *canvas, float mm, float box[4])
{
    float across = film_reach(d),
          along = d->class >= FILM_WRINKLE || d->class == FILM_STREAK ? 0.5f * d->size : across * d->size / d->width;
    as_pose pose = {0.0f, 0.0f, 0.0f, 1.0f, 1.0f / mm};
    as_plates_box(&pose, canvas, d->x, d->y, d->sin, d->cos, (float[4]){-along, -across, along, across}, box);
}

static void film_draw_defect(const film_part *part, const film_defect *d, const as_canvas *canvas, const float box[4])
{
    uint32_t x1 = (uint32_t)(box[0] + box[2]), y1 = (uint32_t)(box[1] + box[3]);
    for (uint32_t y = (uint32_t)box[1]; y < y1; y++)
        for (uint32_t x = (uint32_t)box[0]; x < x1; x++) {
            float  dx = (float)x * part->mm - d->x, dy = (float)y * part->mm - d->y, open = 0.0f;
            float  u = dx * d->cos + dy * d->sin, v = dy * d->cos - dx * d->sin;
            float *p = &canvas->r[(size_t)y * canvas->width + x];
            *p *= film_keep(d, u, v, 1.0f / part->mm, &open);
            *p += (1.0f - *p) * open;
        }
}

AS_TWIN_CLONES
static void film_light(float *restrict p, float level, float slope, size_t w)
{
    for (size_t x = 0; x < w; x++)
        p[x] *= level + slope * (float)(int32_t)x;
}

static void film_draw(const as_twin *twin, const as_twin_shot *shot, float *light, as_twin_truth *truth)
{
    const as_twin_cfg  *cfg = as_twin_cfg_of(twin);
    const as_twin_frame f = as_twin_frame_of(twin);
    const film_state   *state = as_twin_state(twin);
    as_canvas           canvas = {.r = light, .width = cfg->width, .height = cfg->height};
    film_part           part;
    film_plan(twin, shot, &part);
    for (uint32_t y = 0; y < cfg->height; y++)
        memcpy(light + (size_t)y * cfg->width,
               state->looks[part.recipe] + (size_t)(y + part.off_y) * state->width + part.off_x,
               cfg->width * sizeof *light);
    for (uint32_t i = 0; i < part.n_defects; i++) {
        const film_defect *d = &part.defects[i];
        as_twin_finding    finding = {.class = film_names[d->class], .severity = d->severity, .size_mm = d->size};
        film_box(d, &canvas, part.mm, finding.box_px);
        if ((shot->shown >> i) & 1u)
            film_draw_defect(&part, d, &canvas, finding.box_px);
        as_plates_tell(truth, &finding);
    }
    for (uint32_t y = 0; y < cfg->height; y++) { /* a line of light: the same along the web, less at the web's edges */
        float t = 2.0f * ((float)y - (float)f.top) / (float)f.height - 1.0f,
              level = part.light * (1.0f - 0.10f * t * t);
        film_light(light + (size_t)y * cfg->width, level - part.slope_x * ((float)f.left + 0.5f * (float)f.width),
                   part.slope_x, cfg->width);
    }
    truth->recipe = film_recipes[part.recipe];
    as_plates_sum_up(truth, film_names[FILM_GOOD]);
}

/* --- the same film as an endless web: what lies along x above lies along the web here --- */

#define FILM_WEB_MM 64.0 /* a piece of web, as much as the scene's own frame shows; defects lie in one */

typedef struct film_web {
    float       light;
    size_t      n;
    film_defect defects[AS_TWIN_MAX_FINDINGS];
    double      u_mm[AS_TWIN_MAX_FINDINGS];
} film_web;

/* What is the same for all pixels of a line: the places of each texture's grain along the web. */
typedef struct film_run {
    as_far   bands[2], flow[2], skin[2], cloud[4];
    float    emboss, mm;
    uint32_t seed;
} film_run;

static film_run film_run_at(const as_twin *twin, uint32_t recipe, double u)
{
    const as_twin_cfg *cfg = as_twin_cfg_of(twin);
    const film_state  *state = as_twin_state(twin);
    uint32_t           seed = as_noise_mix((uint32_t)cfg->seed ^ as_noise_mix((uint32_t)(cfg->seed >> 32) + 37u));
    film_run           run = {.bands = {as_far_of(u * 0.004), as_far_of(u * 0.006)},
                              .flow = {as_far_of(u * 0.05), as_far_of(u * 0.09)},
                              .skin = {as_far_of(u * 1.7), as_far_of(u * 4.1)},
                              .emboss = as_far_of(u * 0.62).part,
                              .mm = state->mm,
                              .seed = seed + 50u * recipe};
    double             at = u * 0.33;
    for (int i = 0; i < 4; i++, at = at * 2.0 + 17.3)
        run.cloud[i] = as_far_of(at);
    return run;
}

AS_NOISE_INLINE float film_run_value(as_far u, float v, uint32_t seed)
{
    return as_far_value(u.part, u.cell, v, 0, seed);
}

/* As film_level. */
AS_NOISE_INLINE float film_run_level(const film_run *run, const struct film_look *l, float y, bool cloudy,
                                     bool embossed)
{
    const uint32_t seed = run->seed;
    float          bands =
        film_run_value(run->bands[0], y * 0.16f, seed) + 0.5f * film_run_value(run->bands[1], y * 0.55f, seed + 1u);
    float flow =
        film_run_value(run->flow[0], y * 4.5f, seed + 2u) + 0.6f * film_run_value(run->flow[1], y * 11.0f, seed + 3u);
    float skin =
        film_run_value(run->skin[0], y * 1.9f, seed + 4u) + 0.6f * film_run_value(run->skin[1], y * 4.3f, seed + 5u);
    float cloud = 0.0f, v = y * 0.42f, weight = 0.5f;
    for (uint32_t i = 0; cloudy && i < 4; i++, v = v * 2.0f + 9.1f, weight *= 0.5f)
        cloud += weight * film_run_value(run->cloud[i], v, seed + 6u + i);
    float level = 1.0f + l->bands * bands + l->flow * flow + l->skin * skin + l->cloud * cloud * 1.4f;
    if (embossed) {
        float a = run->emboss + y * 0.62f, b = run->emboss - y * 0.62f;
        a -= (float)as_noise_floor(a) + 0.5f;
        b -= (float)as_noise_floor(b) + 0.5f;
        level *= 1.0f + l->emboss * (2.0f * AS_MAX(a * a, b * b) - 0.25f) - 0.6f * l->emboss * a * b;
    }
    return l->level * level;
}

AS_NOISE_INLINE void film_run_fill(const film_run *run, const struct film_look *look, bool cloudy, bool embossed,
                                   uint32_t w, float *restrict out)
{
    const film_run         here = *run;
    const struct film_look l = *look;
    for (uint32_t i = 0; i < w; i++)
        out[i] = film_run_level(&here, &l, (float)(int32_t)i * here.mm, cloudy, embossed);
}

AS_TWIN_FEW_CLONES
static void film_run_clear(const film_run *run, const struct film_look *look, uint32_t w, float *restrict out)
{
    film_run_fill(run, look, false, false, w, out);
}

AS_TWIN_FEW_CLONES
static void film_run_cloudy(const film_run *run, const struct film_look *look, uint32_t w, float *restrict out)
{
    film_run_fill(run, look, true, false, w, out);
}

AS_TWIN_FEW_CLONES
static void film_run_embossed(const film_run *run, const struct film_look *look, uint32_t w, float *restrict out)
{
    film_run_fill(run, look, false, true, w, out);
}

/* Less light at the web's edges, the same along it. */
AS_TWIN_CLONES
static void film_run_light(float light, uint32_t w, float *restrict line)
{
    float step = 2.0f / (float)w;
    for (uint32_t i = 0; i < w; i++) {
        float t = step * (float)(int32_t)i - 1.0f;
        line[i] *= light * (1.0f - 0.10f * t * t);
    }
}

/* Half of what a defect can touch along the web, and across it. */
static void film_reaches(const film_defect *d, float *ret_along, float *ret_across)
{
    float across = film_reach(d),
          along = d->class >= FILM_WRINKLE || d->class == FILM_STREAK ? 0.5f * d->size : across * d->size / d->width;
    *ret_along = along * fabsf(d->cos) + across * fabsf(d->sin);
    *ret_across = across * fabsf(d->cos) + along * fabsf(d->sin);
}

static size_t film_web_plan(const as_twin *twin, double from_mm, double to_mm, void *plan, as_twin_web_mark *marks)
{
    const as_twin_cfg *cfg = as_twin_cfg_of(twin);
    const film_state  *state = as_twin_state(twin);
    as_rng             rng = as_rng_stream(cfg->seed, UINT64_MAX);
    film_web          *web = plan;
    float              width_mm = (float)cfg->width * state->mm, along, across;
    web->light = FILM_LAMP * as_plates_pick(&rng, 0.97f, 1.03f);
    web->n = 0;
    for (double i = AS_MAX(floor(from_mm / FILM_WEB_MM) - 2.0, 0.0); i * FILM_WEB_MM < to_mm + 2.0 * FILM_WEB_MM; i++) {
        as_rng fate = as_rng_stream(~cfg->seed, (uint64_t)i);
        if (as_plates_pick(&fate, 0.0f, 1.0f) >= (float)cfg->defect_share)
            continue;
        uint32_t n = 1u + (as_plates_choose(&fate, 4) == 0) + (as_plates_choose(&fate, 6) == 0);
        for (uint32_t k = 0; k < n && web->n < AS_TWIN_MAX_FINDINGS; k++) {
            film_defect *d = &web->defects[web->n];
            double       u = (i + (double)as_plates_pick(&fate, 0.0f, 1.0f)) * FILM_WEB_MM;
            film_plan_defect(0.0f, width_mm, &fate, as_plates_severity(cfg, &fate), d);
            film_reaches(d, &along, &across);
            if (u + (double)along < from_mm || u - (double)along > to_mm)
                continue;
            web->u_mm[web->n] = u;
            marks[web->n++] = (as_twin_web_mark){
                film_names[d->class], d->severity, d->size, along, (uint64_t)i * FILM_DEFECTS + k + 1u, u};
        }
    }
    return web->n;
}

static void film_web_defect(const film_defect *d, float du, const as_twin_cfg *cfg, float mm, bool shown, float *line,
                            as_twin_web_touch *touch)
{
    float along, across;
    film_reaches(d, &along, &across);
    int32_t x0 = (int32_t)AS_MAX((d->y - across) / mm, 0.0f);
    int32_t x1 = (int32_t)AS_MIN((d->y + across) / mm + 1.0f, (float)cfg->width);
    for (int32_t i = x0; i < x1 && fabsf(du) <= along; i++) {
        float dv = (float)i * mm - d->y, open = 0.0f, was = line[i];
        float level = was * film_keep(d, du * d->cos + dv * d->sin, dv * d->cos - du * d->sin, 1.0f / mm, &open);
        level += (1.0f - level) * open;
        if (fabsf(level - was) > AS_TWIN_SEEN_LEAST + AS_TWIN_SEEN_SHARE * was) {
            touch->x0 = AS_MIN(touch->x0, i);
            touch->x1 = AS_MAX(touch->x1, i);
        }
        if (shown)
            line[i] = level;
    }
}

static void film_web_line(const as_twin *twin, const void *plan, uint32_t recipe, double web_mm, uint32_t shown,
                          float *line, as_twin_web_touch *touches)
{
    const as_twin_cfg      *cfg = as_twin_cfg_of(twin);
    const film_state       *state = as_twin_state(twin);
    const film_web         *web = plan;
    const film_run          run = film_run_at(twin, recipe, web_mm);
    const struct film_look *look = &film_looks[recipe];
    (look->cloud > 0.0f    ? film_run_cloudy
     : look->emboss > 0.0f ? film_run_embossed
                           : film_run_clear)(&run, look, cfg->width, line);
    for (size_t i = 0; i < web->n; i++)
        film_web_defect(&web->defects[i], (float)(web_mm - web->u_mm[i]), cfg, state->mm, (shown >> i) & 1u, line,
                        &touches[i]);
    film_run_light(web->light, cfg->width, line);
}

static const as_twin_web_scene film_web_scene = {sizeof(film_web), film_web_plan, film_web_line};

const as_twin_scene as_twin_film = {
    .name = "film",
    .summary = "polymer film before a lamp, in grey: gels, holes, streaks, specks, wrinkles",
    .classes = film_names,
    .recipes = film_recipes,
    .pixel = AS_PIXEL_MONO8,
    .width = 640,
    .height = 480,
    .px_per_mm = 10.0,
    .margins = true,
    .defaults = {.belt_mm_per_s = 500,
                 .exposure_us = 40,
                 .defect_share = 0.4,
                 .min_severity = 0.3,
                 .gain_e_per_dn = 40,
                 .read_noise_e = 8},
    .state_bytes = sizeof(film_state),
    .prepare = film_prepare,
    .release = film_release,
    .draw = film_draw,
    .web = &film_web_scene,
};
