/* SPDX-License-Identifier: Apache-2.0 */
/* Woven fabric that runs under the camera, in grey: warp along y, weft along x. A missing thread, a thick one, holes and oil
 * stains. Lengths are mm. */
#include "twin/kernel.h"
#include "twin/noise.h"
#include "twin/paint.h"
#include "twin/plates.h"
#include "twin/web_noise.h"

#define FABRIC_SPAN_PX  320u  /* a frame shows any place of so much more fabric */
#define FABRIC_PITCH_MM 0.52f /* from one thread to the next */

typedef enum fabric_class {
    FABRIC_GOOD,
    FABRIC_MISSING,
    FABRIC_SLUB,
    FABRIC_HOLE,
    FABRIC_STAIN,
    FABRIC_CLASSES
} fabric_class;

static const char *const fabric_names[] = {"good", "missing_thread", "slub", "hole", "stain", NULL};
static const char *const fabric_recipes[] = {"plain", "twill", "basket", NULL};
enum { FABRIC_RECIPES = 3, FABRIC_DEFECTS = 1 };

typedef struct fabric_defect {
    fabric_class class;
    float    severity, x, y, half_x, half_y; /* its middle in the frame, and its extent */
    int32_t  thread;
    bool     along; /* the thread is of the warp */
    uint32_t seed;
} fabric_defect;

typedef struct fabric_state {
    uint32_t width, height, seed;
    float    mm;                            /* a pixel */
    float   *looks[FABRIC_RECIPES];         /* one block, owned by the first */
    float    left, top, beyond_x, beyond_y; /* what is drawn beyond the frame, pixels */
} fabric_state;

/* Where on the loom a point is: threads counted, and how far from the middle of each, -0.5..0.5. */
typedef struct fabric_place {
    int32_t warp, weft;
    float   across_warp, across_weft;
} fabric_place;

static fabric_place fabric_find(float x, float y, uint32_t seed)
{
    float sway = 0.22f * as_noise_value(x * 0.05f, y * 0.03f, seed),
          lift = 0.22f * as_noise_value(x * 0.03f, y * 0.05f, seed + 1u);
    float tx = x / FABRIC_PITCH_MM + sway + 0.10f * as_noise_line(y * 0.7f, seed + 2u);
    float ty = y / FABRIC_PITCH_MM + lift + 0.10f * as_noise_line(x * 0.7f, seed + 3u);
    return (fabric_place){as_noise_floor(tx), as_noise_floor(ty), tx - (float)as_noise_floor(tx) - 0.5f,
                          ty - (float)as_noise_floor(ty) - 0.5f};
}

static bool fabric_warp_is_up(int32_t warp, int32_t weft, uint32_t recipe)
{
    switch (recipe) {
    case 1: return ((warp + weft) & 3) < 2;
    case 2: return (((warp >> 1) + (weft >> 1)) & 1) != 0;
    default: return ((warp + weft) & 1) != 0;
    }
}

/* A thread from above: round, twisted, spun here a little thicker and there thinner, and lower where it dives under the next.
 * run: mm along it. */
static float fabric_thread(float across, float along, float x, float y, float run, int32_t which, uint32_t seed,
                           float width)
{
    float spun = as_noise_value(run * 0.31f, (float)(which & 0xffff) * 3.7f, seed + 3u);
    float a = across / (width * (1.0f + 0.13f * spun)), body = 1.0f - 2.3f * a * a, dive = 1.0f - 1.1f * along * along;
    float twist = as_noise_value((x + y) * 4.5f, (x - y) * 1.2f, seed + (uint32_t)which * 17u);
    float own = as_noise_unit(as_noise_hash2((uint32_t)which, 7, seed)) - 0.5f;
    return body <= 0.0f ? 0.0f : body * dive * (1.0f + 0.16f * twist + 0.18f * own + 0.09f * spun);
}

/* A thread that is spun too thick for a while: it lies over its neighbours, is lit as it is round, and those that cross above
 * hold it down. Its surface is of loose fibres. */
static float fabric_slub(const fabric_place *p, const fabric_defect *d, float run, float here, uint32_t recipe,
                         float level)
{
    const int32_t away = d->along ? p->warp - d->thread : p->weft - d->thread;
    const float   across = d->along ? p->across_warp : p->across_weft,
                crossing = d->along ? p->across_weft : p->across_warp;
    float lump = 1.0f + 0.30f * as_noise_line(run * 0.55f, d->seed) + 0.12f * as_noise_line(run * 2.3f, d->seed + 1u);
    float off = (float)away + across, half = 0.42f + 0.75f * d->severity * here * lump, a = off / half;
    if (away < -2 || away > 2 || a * a >= 1.0f)
        return level;
    bool  over = fabric_warp_is_up(d->along ? d->thread : p->warp, d->along ? p->weft : d->thread, recipe) == d->along;
    float fibres = as_noise_value(run * 0.9f, off * 7.0f, d->seed + 2u),
          twist = as_noise_value(run * 3.0f + off * 2.0f, off, d->seed + 3u);
    float lit =
        0.74f * (1.0f - 0.75f * a * a) * (1.0f + 0.14f * fibres + 0.10f * twist) * (1.0f - 0.25f * crossing * crossing);
    float held = over ? 0.0f : 0.85f * as_paint_step(0.50f, 0.22f, fabsf(crossing));
    return level +
           (lit - level) * (1.0f - held) * AS_MIN(4.0f * d->severity * here, 1.0f) * as_paint_step(1.0f, 0.8f, a * a);
}

/* How far a thread's defect has come at a place, 1 in its middle. */
static float fabric_here(const fabric_defect *d, float dx, float dy)
{
    float t = d->along ? dy / d->half_y : dx / d->half_x;
    return t > -1.0f && t < 1.0f ? 1.0f - t * t * t * t : 0.0f;
}

/* Brightness at a place; missing: NULL, or a defect of that class, whose middle lies dx and dy away. */
static float fabric_cloth(float x, float y, uint32_t recipe, uint32_t seed, const fabric_defect *missing, float dx,
                          float dy)
{
    fabric_place p = fabric_find(x, y, seed);
    bool         up = fabric_warp_is_up(p.warp, p.weft, recipe);
    float        wide_warp = 1.0f, wide_weft = 1.0f, dark = 0.07f, gain = 1.0f;
    if (missing && (missing->along ? p.warp : p.weft) == missing->thread) {
        float here = fabric_here(missing, dx, dy);
        gain = 1.0f - 0.55f * missing->severity * here;
        *(missing->along ? &wide_warp : &wide_weft) = AS_MAX(1.0f - missing->severity * here, 0.02f);
        if (here > 0.5f && missing->severity > 0.25f)
            up = !missing->along;
    }
    float warp = fabric_thread(p.across_warp, p.across_weft, x, y, y, p.warp, seed + 40u, wide_warp);
    float weft = fabric_thread(p.across_weft, p.across_warp, x, y, x, p.weft, seed + 41u, wide_weft);
    float top = up ? 0.60f * warp : 0.52f * weft, below = up ? 0.24f * weft : 0.28f * warp;
    float level = AS_MAX(AS_MAX(top, below), dark) * gain;
    return level * (1.0f + 0.05f * as_noise_value(x * 0.09f, y * 0.07f, seed + 50u)); /* denser here, looser there */
}

/* What any other defect makes of the cloth's brightness. */
static float fabric_flaw(float level, float x, float y, uint32_t recipe, uint32_t seed, const fabric_defect *d,
                         float dx, float dy)
{
    if (d->class == FABRIC_SLUB) {
        fabric_place p = fabric_find(x, y, seed);
        float        here = fabric_here(d, dx, dy);
        level = here > 0.0f ? fabric_slub(&p, d, d->along ? y : x, here, recipe, level) : level;
    }
    if (d->class == FABRIC_HOLE) {
        float r = sqrtf(dx * dx + dy * dy) / d->half_x + 0.28f * as_noise_fractal(x * 0.9f, y * 0.9f, d->seed, 2);
        float frayed = 0.55f * as_paint_step(0.62f, 0.95f, as_noise_value(x * 5.0f, y * 1.1f, d->seed + 1u));
        float worn = AS_MIN(4.0f * d->severity, 1.0f); /* before there is a hole, the cloth is thin */
        level +=
            (0.03f + 0.45f * frayed * as_paint_step(0.3f, 1.0f, r) - level) * as_paint_step(1.05f, 0.82f, r) * worn;
    }
    if (d->class == FABRIC_STAIN) {
        float r =
            sqrtf(dx * dx + 1.7f * dy * dy) / d->half_x + 0.35f * as_noise_fractal(x * 0.25f, y * 0.25f, d->seed, 3);
        level *= 1.0f - 0.6f * d->severity * as_paint_step(1.0f, 0.55f, r);
    }
    return level;
}

static bool fabric_prepare(const as_twin *twin, void *priv, as_err *err)
{
    fabric_state      *state = priv;
    const as_twin_cfg *cfg = as_twin_cfg_of(twin);
    state->left = (float)as_twin_frame_of(twin).left;
    state->top = (float)as_twin_frame_of(twin).top;
    state->beyond_x = state->left + (float)as_twin_frame_of(twin).right;
    state->beyond_y = state->top + (float)as_twin_frame_of(twin).bottom;
    state->width = cfg->width + FABRIC_SPAN_PX;
    state->height = cfg->height + FABRIC_SPAN_PX;
    state->mm = (float)(1.0 / as_twin_px_per_mm(twin));
    state->seed = as_noise_mix((uint32_t)cfg->seed ^ as_noise_mix((uint32_t)(cfg->seed >> 32) + 23u));
    if (cfg->scan == AS_TWIN_SCAN_LINE) /* a web is woven line by line */
        return true;
    size_t plane = (size_t)state->width * state->height;
    state->looks[0] = malloc(FABRIC_RECIPES * plane * sizeof(float));
    if (!state->looks[0])
        return AS_FAIL(err, AS_ENOMEM, "no memory for fabric of %ux%u pixels", state->width, state->height);
    for (uint32_t i = 0; i < FABRIC_RECIPES; i++) {
        state->looks[i] = state->looks[0] + i * plane;
        for (uint32_t y = 0; y < state->height; y++)
            for (uint32_t x = 0; x < state->width; x++)
                state->looks[i][(size_t)y * state->width + x] =
                    fabric_cloth(((float)x - state->left) * state->mm, ((float)y - state->top) * state->mm, i,
                                 state->seed, NULL, 0.0f, 0.0f);
    }
    return true;
}

static void fabric_release(void *priv)
{
    fabric_state *state = priv;
    free(state->looks[0]);
}

typedef struct fabric_part {
    uint32_t      recipe, off_x, off_y, n_defects;
    float         light, slope_x, slope_y, mid_x, mid_y;
    fabric_defect defects[FABRIC_DEFECTS];
} fabric_part;

static void fabric_plan_defect(const as_twin_cfg *cfg, const fabric_state *state, const fabric_part *part, as_rng *rng,
                               float severity, fabric_defect *d)
{
    float strong = 1.0f - (1.0f - severity) * (1.0f - severity);
    float w = ((float)cfg->width - state->beyond_x) * state->mm, h = ((float)cfg->height - state->beyond_y) * state->mm;
    *d = (fabric_defect){.class = (fabric_class)(1 + as_plates_choose(rng, FABRIC_CLASSES - 1)), .severity = severity};
    d->x = w * as_plates_pick(rng, 0.12f, 0.88f);
    d->y = h * as_plates_pick(rng, 0.12f, 0.88f);
    d->along = as_plates_choose(rng, 2) == 1;
    d->seed = (uint32_t)as_rng_u64(rng);
    float size = as_plates_pick(rng, 0.75f, 1.25f);
    if (d->class == FABRIC_HOLE)
        d->half_x = d->half_y = (0.45f + 2.2f * strong) * size;
    else if (d->class == FABRIC_STAIN)
        d->half_x = d->half_y = (1.2f + 4.5f * strong) * size;
    else {
        float half = (2.0f + 9.0f * strong) * size, thick = FABRIC_PITCH_MM * (d->class == FABRIC_SLUB ? 0.9f : 0.6f);
        d->half_x = d->along ? thick : half;
        d->half_y = d->along ? half : thick;
    }
    fabric_place p =
        fabric_find(d->x + (float)part->off_x * state->mm, d->y + (float)part->off_y * state->mm, state->seed);
    d->thread = d->along ? p.warp : p.weft;
    d->x += state->left * state->mm;
    d->y += state->top * state->mm;
}

static void fabric_plan(const as_twin *twin, const as_twin_shot *shot, fabric_part *part)
{
    const as_twin_cfg  *cfg = as_twin_cfg_of(twin);
    const fabric_state *state = as_twin_state(twin);
    as_rng              rng = as_rng_stream(cfg->seed, shot->part), fate = as_rng_stream(~cfg->seed, shot->part);
    *part = (fabric_part){.recipe = as_plates_choose(&rng, FABRIC_RECIPES)};
    if (shot->recipe >= 0)
        part->recipe = (uint32_t)shot->recipe;
    part->off_x = as_plates_choose(&rng, FABRIC_SPAN_PX);
    part->off_y = as_plates_choose(&rng, FABRIC_SPAN_PX);
    part->light = 1.25f * as_plates_pick(&rng, 0.92f, 1.08f) * (shot->view % 2 ? 1.01f : 1.0f);
    const as_twin_frame f = as_twin_frame_of(twin);
    part->slope_x = as_plates_pick(&rng, -0.14f, 0.14f) / (float)f.width;
    part->slope_y = as_plates_pick(&rng, -0.14f, 0.14f) / (float)f.height;
    part->mid_x = (float)f.left + 0.5f * (float)f.width;
    part->mid_y = (float)f.top + 0.5f * (float)f.height;
    if (as_plates_pick(&fate, 0.0f, 1.0f) >= (float)cfg->defect_share)
        return;
    part->n_defects = 1u;
    for (uint32_t i = 0; i < part->n_defects; i++)
        fabric_plan_defect(cfg, state, part, &fate, as_plates_severity(cfg, &fate), &part->defects[i]);
}

/* Of the middle of a row. */
static float fabric_light(const fabric_part *part, uint32_t y)
{
    return part->light * (1.0f + part->slope_y * ((float)(int32_t)y - part->mid_y));
}

AS_TWIN_CLONES
static void fabric_line(const float *restrict look, float row, float slope, float middle, size_t w, float *restrict out)
{
    for (size_t x = 0; x < w; x++)
        out[x] = look[x] * (row + slope * ((float)(int32_t)x - middle));
}

static void fabric_draw_defect(const fabric_state *state, const fabric_part *part, const fabric_defect *d,
                               const as_canvas *canvas, bool shown, float box[4])
{
    float more = d->class == FABRIC_HOLE || d->class == FABRIC_STAIN ? 1.35f : 1.0f, mm = state->mm;
    float extra = FABRIC_PITCH_MM * (more > 1.0f ? 0.0f : 0.6f), hx = d->half_x * more + extra,
          hy = d->half_y * more + extra;
    as_pose pose = {0.0f, 0.0f, 0.0f, 1.0f, 1.0f / mm};
    as_plates_box(&pose, canvas, d->x, d->y, 0.0f, 1.0f, (float[4]){-hx, -hy, hx, hy}, box);
    float ox = ((float)part->off_x - state->left) * mm, oy = ((float)part->off_y - state->top) * mm;
    for (uint32_t y = (uint32_t)box[1]; shown && y < (uint32_t)(box[1] + box[3]); y++) {
        const float  row = fabric_light(part, y);
        const float *look = state->looks[part->recipe] + (size_t)(y + part->off_y) * state->width + part->off_x;
        for (uint32_t x = (uint32_t)box[0]; x < (uint32_t)(box[0] + box[2]); x++) {
            float px = ((float)(x + part->off_x) - state->left) * mm;
            float py = ((float)(y + part->off_y) - state->top) * mm;
            float dx = px - (d->x + ox), dy = py - (d->y + oy);
            float level = d->class == FABRIC_MISSING
                              ? fabric_cloth(px, py, part->recipe, state->seed, d, dx, dy)
                              : fabric_flaw(look[x], px, py, part->recipe, state->seed, d, dx, dy);
            canvas->r[(size_t)y * canvas->width + x] =
                level * (row + part->slope_x * ((float)(int32_t)x - part->mid_x));
        }
    }
}

static void fabric_draw(const as_twin *twin, const as_twin_shot *shot, float *light, as_twin_truth *truth)
{
    const as_twin_cfg  *cfg = as_twin_cfg_of(twin);
    const fabric_state *state = as_twin_state(twin);
    as_canvas           canvas = {.r = light, .width = cfg->width, .height = cfg->height};
    fabric_part         part;
    fabric_plan(twin, shot, &part);
    for (uint32_t y = 0; y < cfg->height; y++)
        fabric_line(state->looks[part.recipe] + (size_t)(y + part.off_y) * state->width + part.off_x,
                    fabric_light(&part, y), part.slope_x, part.mid_x, cfg->width, light + (size_t)y * cfg->width);
    for (uint32_t i = 0; i < part.n_defects; i++) {
        const fabric_defect *d = &part.defects[i];
        as_twin_finding      finding = {
                 .class = fabric_names[d->class], .severity = d->severity, .size_mm = 2.0f * AS_MAX(d->half_x, d->half_y)};
        fabric_draw_defect(state, &part, d, &canvas, (shot->shown >> i) & 1u, finding.box_px);
        as_plates_tell(truth, &finding);
    }
    truth->recipe = fabric_recipes[part.recipe];
    as_plates_sum_up(truth, fabric_names[FABRIC_GOOD]);
}

/* --- the same cloth as an endless web: its warp runs along it --- */

#define FABRIC_WEB_MM 34.0 /* a piece of web, about as much as the scene's own frame shows; a defect lies in one */

typedef struct fabric_web {
    float         light, slope, x_mid;
    size_t        n;
    fabric_defect defects[AS_TWIN_MAX_FINDINGS];
    double        y_mm[AS_TWIN_MAX_FINDINGS];
} fabric_web;

/* What is the same for all pixels of a line. */
typedef struct fabric_run {
    as_far   sway, lift, weft, twist_a, twist_b, spun, loose;
    float    wave, mm;
    uint32_t seed;
} fabric_run;

static fabric_run fabric_run_at(const fabric_state *state, double y)
{
    return (fabric_run){.sway = as_far_of(y * 0.03),
                        .lift = as_far_of(y * 0.05),
                        .weft = as_far_of(y / (double)FABRIC_PITCH_MM),
                        .twist_a = as_far_of(y * 4.5),
                        .twist_b = as_far_of(y * -1.2),
                        .spun = as_far_of(y * 0.31),
                        .loose = as_far_of(y * 0.07),
                        .wave = 0.10f * as_far_line(as_far_of(y * 0.7), state->seed + 2u),
                        .mm = state->mm,
                        .seed = state->seed};
}

/* By its scalars: a struct that is handed on keeps the compiler from vectors. */
AS_NOISE_INLINE void fabric_run_scalars(const fabric_run *run, float x, int32_t *ret_warp, int32_t *ret_weft,
                                        float *ret_across_warp, float *ret_across_weft)
{
    float   sway = 0.22f * as_far_value(x * 0.05f, 0, run->sway.part, run->sway.cell, run->seed);
    float   lift = 0.22f * as_far_value(x * 0.03f, 0, run->lift.part, run->lift.cell, run->seed + 1u);
    float   tx = x / FABRIC_PITCH_MM + sway + run->wave;
    float   ty = run->weft.part + lift + 0.10f * as_noise_line_inline(x * 0.7f, run->seed + 3u);
    int32_t warp = as_noise_floor(tx), weft = as_noise_floor(ty);
    *ret_warp = warp;
    *ret_weft = (int32_t)((uint32_t)weft + run->weft.cell);
    *ret_across_warp = tx - (float)warp - 0.5f;
    *ret_across_weft = ty - (float)weft - 0.5f;
}

static fabric_place fabric_run_find(const fabric_run *run, float x)
{
    fabric_place p;
    fabric_run_scalars(run, x, &p.warp, &p.weft, &p.across_warp, &p.across_weft);
    return p;
}

/* As fabric_thread. spun: of this thread here. */
AS_NOISE_INLINE float fabric_run_thread(const fabric_run *run, float across, float along, float x, float spun,
                                        int32_t which, uint32_t seed, float width)
{
    float a = across / (width * (1.0f + 0.13f * spun)), body = 1.0f - 2.3f * a * a, dive = 1.0f - 1.1f * along * along;
    float twist = as_far_value(x * 4.5f + run->twist_a.part, run->twist_a.cell, x * 1.2f + run->twist_b.part,
                               run->twist_b.cell, seed + (uint32_t)which * 17u);
    float own = as_noise_unit(as_noise_hash2((uint32_t)which, 7, seed)) - 0.5f;
    float lit = body * dive * (1.0f + 0.16f * twist + 0.18f * own + 0.09f * spun);
    return body <= 0.0f ? 0.0f : lit;
}

AS_NOISE_INLINE float fabric_run_level(const fabric_run *run, int32_t which_warp, int32_t which_weft, float across_warp,
                                       float across_weft, float x, float up, float wide_warp, float wide_weft,
                                       float gain)
{
    const uint32_t of_warp = run->seed + 40u, of_weft = run->seed + 41u;
    float          own_warp = (float)(which_warp & 0xffff) * 3.7f, own_weft = (float)(which_weft & 0xffff) * 3.7f;
    float          spun_warp = as_far_value(run->spun.part, run->spun.cell, own_warp, 0, of_warp + 3u);
    float          spun_weft = as_far_value(x * 0.31f, 0, own_weft, 0, of_weft + 3u);
    float warp = fabric_run_thread(run, across_warp, across_weft, x, spun_warp, which_warp, of_warp, wide_warp);
    float weft = fabric_run_thread(run, across_weft, across_warp, x, spun_weft, which_weft, of_weft, wide_weft);
    float top = up * (0.60f * warp) + (1.0f - up) * (0.52f * weft);
    float below = up * (0.24f * weft) + (1.0f - up) * (0.28f * warp);
    float level = top > below ? top : below;
    level = (level > 0.07f ? level : 0.07f) * gain;
    return level * (1.0f + 0.05f * as_far_value(x * 0.09f, 0, run->loose.part, run->loose.cell, run->seed + 50u));
}

/* 1 where the warp is up, else 0: a number, since a choice by single bits makes no vectors. */
AS_NOISE_INLINE float fabric_run_up(int32_t warp, int32_t weft, uint32_t recipe)
{
    int32_t both = recipe == 2 ? (warp >> 1) + (weft >> 1) : warp + weft;
    return (float)(recipe == 1 ? ((both >> 1) & 1) ^ 1 : both & 1);
}

AS_NOISE_INLINE void fabric_run_fill(const fabric_run *run, uint32_t recipe, uint32_t w, float *restrict out)
{
    const fabric_run here = *run;
    for (uint32_t i = 0; i < w; i++) {
        float   x = (float)(int32_t)i * here.mm, across_warp, across_weft;
        int32_t warp, weft;
        fabric_run_scalars(&here, x, &warp, &weft, &across_warp, &across_weft);
        out[i] = fabric_run_level(&here, warp, weft, across_warp, across_weft, x, fabric_run_up(warp, weft, recipe),
                                  1.0f, 1.0f, 1.0f);
    }
}

AS_TWIN_FEW_CLONES
static void fabric_run_plain(const fabric_run *run, uint32_t w, float *restrict out)
{
    fabric_run_fill(run, 0, w, out);
}

AS_TWIN_FEW_CLONES
static void fabric_run_twill(const fabric_run *run, uint32_t w, float *restrict out)
{
    fabric_run_fill(run, 1, w, out);
}

AS_TWIN_FEW_CLONES
static void fabric_run_basket(const fabric_run *run, uint32_t w, float *restrict out)
{
    fabric_run_fill(run, 2, w, out);
}

AS_TWIN_CLONES
static void fabric_run_light(float light, float slope, float middle, uint32_t w, float *restrict line)
{
    for (uint32_t i = 0; i < w; i++)
        line[i] *= light + slope * ((float)(int32_t)i - middle);
}

static size_t fabric_web_plan(const as_twin *twin, double from_mm, double to_mm, void *plan, as_twin_web_mark *marks)
{
    const as_twin_cfg  *cfg = as_twin_cfg_of(twin);
    const fabric_state *state = as_twin_state(twin);
    as_rng              rng = as_rng_stream(cfg->seed, UINT64_MAX);
    fabric_web         *web = plan;
    fabric_part         whole = {.off_x = 0};
    web->light = 1.25f * as_plates_pick(&rng, 0.92f, 1.08f);
    web->slope = as_plates_pick(&rng, -0.14f, 0.14f) / (float)cfg->width;
    web->x_mid = 0.5f * (float)cfg->width;
    web->n = 0;
    for (double i = AS_MAX(floor(from_mm / FABRIC_WEB_MM) - 1.0, 0.0);
         i * FABRIC_WEB_MM < to_mm + FABRIC_WEB_MM && web->n < AS_TWIN_MAX_FINDINGS; i++) {
        as_rng fate = as_rng_stream(~cfg->seed, (uint64_t)i);
        if (as_plates_pick(&fate, 0.0f, 1.0f) >= (float)cfg->defect_share)
            continue;
        fabric_defect *d = &web->defects[web->n];
        double         y = (i + (double)as_plates_pick(&fate, 0.0f, 1.0f)) * FABRIC_WEB_MM;
        fabric_plan_defect(cfg, state, &whole, &fate, as_plates_severity(cfg, &fate), d);
        float        reach = d->half_y * (d->class >= FABRIC_HOLE ? 1.35f : 1.0f) + 0.6f * FABRIC_PITCH_MM;
        fabric_run   run = fabric_run_at(state, y);
        fabric_place p = fabric_run_find(&run, d->x);
        d->thread = d->along ? p.warp : p.weft;
        if (y + (double)reach < from_mm || y - (double)reach > to_mm)
            continue;
        web->y_mm[web->n] = y;
        marks[web->n++] = (as_twin_web_mark){
            fabric_names[d->class], d->severity, 2.0f * AS_MAX(d->half_x, d->half_y), reach, (uint64_t)i + 1u, y};
    }
    return web->n;
}

/* One defect's pixels of a line. What is where it cannot be seen is not counted as touched. */
static void fabric_web_defect(const fabric_run *run, const fabric_web *web, const fabric_defect *d, uint32_t recipe,
                              float dy, const as_twin_cfg *cfg, bool shown, float *line, as_twin_web_touch *touch)
{
    float   half = d->half_x * (d->class >= FABRIC_HOLE ? 1.35f : 1.0f) + 0.6f * FABRIC_PITCH_MM;
    int32_t x0 = (int32_t)AS_MAX((d->x - half) / run->mm, 0.0f);
    int32_t x1 = (int32_t)AS_MIN((d->x + half) / run->mm + 1.0f, (float)cfg->width);
    for (int32_t i = x0; i < x1; i++) {
        float        x = (float)i * run->mm, dx = x - d->x, here = fabric_here(d, dx, dy);
        float        lit = web->light * (1.0f + web->slope * ((float)i - web->x_mid)), was = line[i] / lit, level = was;
        fabric_place p = fabric_run_find(run, x);
        if (d->class == FABRIC_SLUB) {
            level = here > 0.0f ? fabric_slub(&p, d, d->along ? dy : dx, here, recipe, was) : was;
        } else if (d->class != FABRIC_MISSING) {
            level = fabric_flaw(was, dx, dy, recipe, run->seed, d, dx, dy);
        } else if ((d->along ? p.warp : p.weft) == d->thread && here > 0.0f) {
            float up = fabric_run_up(p.warp, p.weft, recipe);
            float thin = AS_MAX(1.0f - d->severity * here, 0.02f);
            if (here > 0.5f && d->severity > 0.25f)
                up = d->along ? 0.0f : 1.0f;
            level = fabric_run_level(run, p.warp, p.weft, p.across_warp, p.across_weft, x, up, d->along ? thin : 1.0f,
                                     d->along ? 1.0f : thin, 1.0f - 0.55f * d->severity * here);
        }
        if (fabsf(level - was) * lit > AS_TWIN_SEEN_LEAST + AS_TWIN_SEEN_SHARE * was * lit) {
            touch->x0 = AS_MIN(touch->x0, i);
            touch->x1 = AS_MAX(touch->x1, i);
        }
        if (shown)
            line[i] = level * lit;
    }
}

static void fabric_web_line(const as_twin *twin, const void *plan, uint32_t recipe, double web_mm, uint32_t shown,
                            float *line, as_twin_web_touch *touches)
{
    const as_twin_cfg  *cfg = as_twin_cfg_of(twin);
    const fabric_state *state = as_twin_state(twin);
    const fabric_web   *web = plan;
    const fabric_run    run = fabric_run_at(state, web_mm);
    (recipe == 1 ? fabric_run_twill : recipe == 2 ? fabric_run_basket : fabric_run_plain)(&run, cfg->width, line);
    fabric_run_light(web->light, web->light * web->slope, web->x_mid, cfg->width, line);
    for (size_t i = 0; i < web->n; i++) {
        const fabric_defect *d = &web->defects[i];
        float                dy = (float)(web_mm - web->y_mm[i]);
        if (fabsf(dy) <= d->half_y * 1.35f + FABRIC_PITCH_MM)
            fabric_web_defect(&run, web, d, recipe, dy, cfg, (shown >> i) & 1u, line, &touches[i]);
    }
}

static const as_twin_web_scene fabric_web_scene = {sizeof(fabric_web), fabric_web_plan, fabric_web_line};

const as_twin_scene as_twin_fabric = {
    .name = "fabric",
    .summary = "woven fabric in grey: missing and thick threads, holes, stains",
    .classes = fabric_names,
    .recipes = fabric_recipes,
    .pixel = AS_PIXEL_MONO8,
    .width = 640,
    .height = 480,
    .px_per_mm = 14.0,
    .margins = true,
    .defaults = {.belt_mm_per_s = 250,
                 .exposure_us = 120,
                 .defect_share = 0.4,
                 .min_severity = 0.3,
                 .gain_e_per_dn = 40,
                 .read_noise_e = 8},
    .state_bytes = sizeof(fabric_state),
    .prepare = fabric_prepare,
    .release = fabric_release,
    .draw = fabric_draw,
    .web = &fabric_web_scene,
};
