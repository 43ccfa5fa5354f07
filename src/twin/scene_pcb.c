/* SPDX-License-Identifier: Apache-2.0 */
/* Printed circuit boards in colour: a layout for each recipe, drawn once; parts placed on it with a little tolerance; opened
 * and shorted tracks, parts that are missing or lie askew. Lengths are mm, origin in the board's middle. */
#include "twin/kernel.h"
#include "twin/noise.h"
#include "twin/pcb.h"
#include "twin/plates.h"

#define PCB_SPAN_PX 256u /* the belt begins anywhere on so much more of it than a frame shows */

typedef enum pcb_class { PCB_GOOD, PCB_OPEN, PCB_SHORT, PCB_MISSING, PCB_ASKEW, PCB_CLASSES } pcb_class;

static const char *const pcb_names[] = {"good", "open", "short", "missing_part", "askew_part", NULL};
static const char *const pcb_recipes[] = {"sensor", "driver", "radio", NULL};
enum { PCB_DEFECTS = 2 };

typedef struct pcb_state {
    pcb_layout layouts[PCB_RECIPES];
    pcb_sprite boards[PCB_RECIPES], parts[PCB_RECIPES][PCB_MAX_PARTS];
    float     *belt, *memory; /* all that is drawn once lies in memory */
    uint32_t   belt_width;
} pcb_state;

/* Sizes first, then places in one block; the layouts are there. */
static size_t pcb_measure(const as_twin *twin, pcb_state *state, size_t *ret_most)
{
    float  k = (float)as_twin_px_per_mm(twin);
    size_t all = 0, most = 0;
    for (uint32_t i = 0; i < PCB_RECIPES; i++) {
        size_t n = as_pcb_board_size(k, &state->boards[i]);
        most = AS_MAX(most, n);
        all += n;
        for (uint32_t p = 0; p < state->layouts[i].n_parts; p++)
            all += as_pcb_part_size(&state->layouts[i].parts[p], k, &state->parts[i][p]);
    }
    *ret_most = most; /* no part is larger than its board */
    return all;
}

static void pcb_draw_belt(const as_twin *twin, pcb_state *state, uint32_t seed)
{
    const as_twin_cfg *cfg = as_twin_cfg_of(twin);
    float              mm = (float)(1.0 / as_twin_px_per_mm(twin));
    for (uint32_t y = 0; y < cfg->height; y++)
        for (uint32_t x = 0; x < state->belt_width; x++) {
            float u = (float)x * mm, v = (float)y * mm;
            float grain = as_noise_value(u * 2.0f, v * 2.0f, seed),
                  cloud = as_noise_fractal(u * 0.06f, v * 0.06f, seed + 1u, 2);
            float rib = as_noise_value(u * 0.9f, v * 0.03f, seed + 2u);
            state->belt[(size_t)y * state->belt_width + x] =
                0.026f * (1.0f + 0.2f * grain + 0.3f * cloud + 0.12f * rib);
        }
}

static bool pcb_prepare(const as_twin *twin, void *priv, as_err *err)
{
    pcb_state         *state = priv;
    const as_twin_cfg *cfg = as_twin_cfg_of(twin);
    float              k = (float)as_twin_px_per_mm(twin);
    size_t             most, drawn;
    if (k > 120.0f)
        return AS_FAIL(err, AS_ELIMIT, "a board drawn with %.0f pixels a millimetre is too large: move the camera away",
                       (double)k);
    for (uint32_t i = 0; i < PCB_RECIPES; i++)
        if (!as_pcb_lay_out(&state->layouts[i], i, err))
            return false;
    drawn = pcb_measure(twin, state, &most);
    state->belt_width = cfg->width + PCB_SPAN_PX;
    size_t belt = (size_t)state->belt_width * cfg->height;
    if (drawn + most + belt > 300u * 1000u * 1000u)
        return AS_FAIL(err, AS_ELIMIT, "a board drawn with %.0f pixels a millimetre is too large: move the camera away",
                       (double)k);
    float *work = malloc(most * sizeof *work), *at = state->memory = malloc((drawn + belt) * sizeof *at);
    if (!work || !at) {
        free(work);
        return AS_FAIL(err, AS_ENOMEM, "no memory for boards of %ux%u pixels", state->boards[0].width,
                       state->boards[0].height);
    }
    state->belt = at;
    at += belt;
    pcb_draw_belt(twin, state, as_noise_mix((uint32_t)cfg->seed + 17u));
    for (uint32_t i = 0; i < PCB_RECIPES; i++) {
        const pcb_layout *l = &state->layouts[i];
        as_pcb_sprite_place(&state->boards[i], at);
        at += (size_t)4 * state->boards[i].width * state->boards[i].height;
        as_pcb_draw_board(l, i, k, as_noise_mix((uint32_t)cfg->seed + i), &state->boards[i], work);
        for (uint32_t p = 0; p < l->n_parts; p++) {
            as_pcb_sprite_place(&state->parts[i][p], at);
            at += (size_t)4 * state->parts[i][p].width * state->parts[i][p].height;
            as_pcb_draw_part(l, p, i, k, &state->parts[i][p], work);
        }
    }
    free(work);
    return true;
}

static void pcb_release(void *priv)
{
    pcb_state *state = priv;
    free(state->memory);
}

/* --- one board --- */

typedef struct pcb_defect {
    pcb_class class;
    float    severity, at, gap;
    uint32_t which; /* track or part */
    float    askew_x, askew_y, sin, cos;
} pcb_defect;

typedef struct pcb_board {
    as_pose    pose;
    uint32_t   seed, recipe, n_defects;
    float      light, slope_x, glow_x, glow_y;
    pcb_defect defects[PCB_DEFECTS];
} pcb_board;

/* Of a piece of track, what is not under a pad or a via. */
static float pcb_seen_length(const pcb_track *t)
{
    float ex = t->x1 - t->x0, ey = t->y1 - t->y0;
    return sqrtf(ex * ex + ey * ey) - t->bare0 - t->bare1;
}

static uint32_t pcb_pick_track(const pcb_layout *l, as_rng *rng, bool beside)
{
    uint32_t at = as_plates_choose(rng, l->n_tracks);
    for (uint32_t i = 0; i < l->n_tracks; i++, at = (at + 1) % l->n_tracks) {
        if (beside ? l->tracks[at].beside >= 0 : pcb_seen_length(&l->tracks[at]) > 1.8f)
            return at;
    }
    return 0;
}

static void pcb_plan_defect(const pcb_layout *l, const as_twin_cfg *cfg, as_rng *rng, float severity, pcb_defect *d)
{
    *d = (pcb_defect){.class = (pcb_class)(1 + as_plates_choose(rng, PCB_CLASSES - 1)), .severity = severity};
    if (d->class == PCB_MISSING && cfg->max_severity < 1.0)
        d->class = PCB_ASKEW; /* there is no being a little missing */
    if (d->class == PCB_MISSING)
        d->severity = 1.0f;
    d->at = as_plates_pick(rng, 0.25f, 0.75f);
    d->gap = 0.15f + 1.1f * severity;
    d->which = d->class == PCB_OPEN    ? pcb_pick_track(l, rng, false)
               : d->class == PCB_SHORT ? pcb_pick_track(l, rng, true)
                                       : as_plates_choose(rng, l->n_parts);
    float angle = 0.66f * severity * (as_plates_choose(rng, 2) ? 1.0f : -1.0f);
    as_noise_sincos((double)angle, &d->sin, &d->cos);
    d->askew_x = 0.9f * severity * as_plates_pick(rng, -1.0f, 1.0f);
    d->askew_y = 0.9f * severity * as_plates_pick(rng, -1.0f, 1.0f);
}

static void pcb_plan(const as_twin *twin, const pcb_state *state, const as_twin_shot *shot, pcb_board *b)
{
    const as_twin_cfg *cfg = as_twin_cfg_of(twin);
    as_rng             rng = as_rng_stream(cfg->seed, shot->part), fate = as_rng_stream(~cfg->seed, shot->part);
    *b = (pcb_board){.seed = (uint32_t)as_rng_u64(&rng)};
    b->recipe = as_plates_choose(&rng, PCB_RECIPES);
    if (shot->recipe >= 0)
        b->recipe = (uint32_t)shot->recipe;
    as_plates_pose(twin, shot, &rng, 0.02f, &b->pose);
    b->light = 0.85f * as_plates_pick(&rng, 0.92f, 1.08f);
    b->slope_x = as_plates_pick(&rng, -0.12f, 0.12f) / (float)cfg->width;
    b->glow_x = as_plates_pick(&rng, 0.25f, 0.5f);
    b->glow_y = as_plates_pick(&rng, 0.2f, 0.45f);
    if (as_plates_pick(&fate, 0.0f, 1.0f) >= (float)cfg->defect_share)
        return;
    b->n_defects = 1u + (as_plates_choose(&fate, 5) == 0);
    for (uint32_t i = 0; i < b->n_defects; i++)
        pcb_plan_defect(&state->layouts[b->recipe], cfg, &fate, as_plates_severity(cfg, &fate), &b->defects[i]);
}

static const pcb_defect *pcb_defect_of(const pcb_board *b, uint32_t part, uint32_t shown)
{
    for (uint32_t i = 0; i < b->n_defects; i++)
        if (((shown >> i) & 1u) && b->defects[i].class >= PCB_MISSING && b->defects[i].which == part)
            return &b->defects[i];
    return NULL;
}

/* Each a little off its place; askew, much. */
static void pcb_draw_parts(const pcb_board *b, const pcb_state *state, const as_canvas *canvas, uint32_t shown)
{
    const pcb_layout *l = &state->layouts[b->recipe];
    for (uint32_t i = 0; i < l->n_parts; i++) {
        const pcb_part   *part = &l->parts[i];
        const pcb_defect *d = pcb_defect_of(b, i, shown);
        uint32_t          seed = as_noise_hash2(i, 3, b->seed);
        float x = 0.16f * (as_noise_unit(seed) - 0.5f), y = 0.16f * (as_noise_unit(as_noise_mix(seed)) - 0.5f);
        float s = 0.03f * (as_noise_unit(as_noise_mix(seed + 1u)) - 0.5f), c = 1.0f;
        if (d && d->class == PCB_MISSING)
            continue;
        if (d) {
            float turn = s; /* small: its sine is itself */
            s = d->sin + turn * d->cos;
            c = d->cos - turn * d->sin;
            x += d->askew_x;
            y += d->askew_y;
        }
        as_pose pose = b->pose;
        as_pose_to_px(&b->pose, part->x + x, part->y + y, &pose.x_px, &pose.y_px);
        pose.cos = b->pose.cos * c - b->pose.sin * s;
        pose.sin = b->pose.sin * c + b->pose.cos * s;
        as_pcb_lay(&state->parts[b->recipe][i], &pose, canvas);
    }
}

/* The track is gone for a little way, or copper joins it with the one beside. Returns its middle and half its extent. */
static float pcb_draw_track_defect(const pcb_board *b, const pcb_layout *l, const pcb_defect *d,
                                   const as_canvas *canvas, bool shown, float *ret_x, float *ret_y)
{
    const pcb_track *t = &l->tracks[d->which];
    float            ex = t->x1 - t->x0, ey = t->y1 - t->y0, length = sqrtf(ex * ex + ey * ey) + 1e-6f;
    float            seen = pcb_seen_length(t), at = (t->bare0 + d->at * seen) / length;
    float            x = t->x0 + at * ex, y = t->y0 + at * ey;
    if (d->class == PCB_OPEN) {
        float half = 0.5f * AS_MIN(d->gap, 0.45f * seen), ux = ex / length * half, uy = ey / length * half;
        if (shown)
            as_pcb_fill(canvas, &b->pose, (float[4]){x - ux, y - uy, x + ux, y + uy}, PCB_TRACK_HALF + 0.06f,
                        as_pcb_laminate(b->recipe), AS_MIN(4.0f * d->severity, 1.0f));
        *ret_x = x;
        *ret_y = y;
        return half + PCB_TRACK_HALF + 0.06f;
    }
    const pcb_track *o = &l->tracks[t->beside];
    float fx = o->x1 - o->x0, fy = o->y1 - o->y0, along = ((x - o->x0) * fx + (y - o->y0) * fy) / (fx * fx + fy * fy);
    float bx = o->x0 + along * fx, by = o->y0 + along * fy; /* straight across */
    if (shown)
        as_pcb_fill(canvas, &b->pose, (float[4]){x, y, bx, by}, 0.07f + 0.22f * d->severity, as_pcb_copper(b->recipe),
                    AS_MIN(4.0f * d->severity, 1.0f));
    *ret_x = 0.5f * (x + bx);
    *ret_y = 0.5f * (y + by);
    return 0.5f * sqrtf((bx - x) * (bx - x) + (by - y) * (by - y)) + 0.1f;
}

static void pcb_tell(const pcb_board *b, const pcb_layout *l, const pcb_defect *d, float x, float y, float half,
                     const as_canvas *canvas, as_twin_truth *truth)
{
    float           hx = half, hy = half;
    as_twin_finding finding = {.class = pcb_names[d->class], .severity = d->severity};
    if (d->class >= PCB_MISSING) {
        const pcb_part *part = &l->parts[d->which];
        float           more = d->class == PCB_ASKEW ? 0.6f + 0.8f * d->severity : 0.3f;
        bool            tall = part->upright;
        x = part->x;
        y = part->y;
        hx = (tall ? part->half_y : part->half_x) + more + (part->kind == PCB_CHIP ? 1.2f : 0.0f);
        hy = (tall ? part->half_x : part->half_y) + more;
    }
    finding.size_mm = 2.0f * AS_MAX(hx, hy);
    as_plates_box(&b->pose, canvas, x, y, 0.0f, 1.0f, (float[4]){-hx, -hy, hx, hy}, finding.box_px);
    as_plates_tell(truth, &finding);
}

/* The lamp: brighter on one side; and its own picture in the lacquer, a broad glow. */
AS_TWIN_CLONES
static void pcb_light(float *restrict p, float level, float slope, const float glow[3], size_t w)
{
    float mid = glow[0], per = glow[1], most = glow[2];
    for (size_t x = 0; x < w; x++) {
        float t = (float)(int32_t)x, off = (t - mid) * per;
        p[x] = p[x] * (level + slope * t + most / (1.0f + off * off));
    }
}

static void pcb_draw(const as_twin *twin, const as_twin_shot *shot, float *light, as_twin_truth *truth)
{
    const as_twin_cfg *cfg = as_twin_cfg_of(twin);
    const pcb_state   *state = as_twin_state(twin);
    size_t             plane = (size_t)cfg->width * cfg->height;
    as_canvas          canvas = {light, light + plane, light + 2 * plane, cfg->width, cfg->height};
    pcb_board          b;
    pcb_plan(twin, state, shot, &b);
    const pcb_layout *l = &state->layouts[b.recipe];
    for (uint32_t y = 0; y < cfg->height; y++)
        for (size_t c = 0; c < 3; c++)
            memcpy(light + c * plane + (size_t)y * cfg->width,
                   state->belt + (size_t)y * state->belt_width + b.seed % PCB_SPAN_PX, cfg->width * sizeof *light);
    as_pcb_lay(&state->boards[b.recipe], &b.pose, &canvas);
    truth->recipe = pcb_recipes[b.recipe];
    for (uint32_t i = 0; i < b.n_defects; i++) {
        const pcb_defect *d = &b.defects[i];
        float             x = 0.0f, y = 0.0f, half = 0.0f;
        if (d->class <= PCB_SHORT)
            half = pcb_draw_track_defect(&b, l, d, &canvas, (shot->shown >> i) & 1u, &x, &y);
        pcb_tell(&b, l, d, x, y, half, &canvas, truth);
    }
    pcb_draw_parts(&b, state, &canvas, shot->shown);
    for (uint32_t y = 0; y < 3 * cfg->height; y++) {
        float       v = 2.2f * ((float)(y % cfg->height) / (float)cfg->height - b.glow_y);
        const float glow[3] = {b.glow_x * (float)cfg->width, 2.4f / (float)cfg->width, 0.30f / (1.0f + v * v)};
        pcb_light(light + (size_t)y * cfg->width, b.light, b.light * b.slope_x, glow, cfg->width);
    }
    as_plates_sum_up(truth, pcb_names[PCB_GOOD]);
}

const as_twin_scene as_twin_pcb = {
    .name = "pcb",
    .summary = "printed circuit boards: opened and shorted tracks, parts missing or askew",
    .classes = pcb_names,
    .recipes = pcb_recipes,
    .pixel = AS_PIXEL_RGB8,
    .width = 800,
    .height = 600,
    .px_per_mm = 10.8,
    .defaults = {.belt_mm_per_s = 60,
                 .exposure_us = 400,
                 .defect_share = 0.4,
                 .min_severity = 0.3,
                 .gain_e_per_dn = 40,
                 .read_noise_e = 8},
    .state_bytes = sizeof(pcb_state),
    .prepare = pcb_prepare,
    .release = pcb_release,
    .draw = pcb_draw,
};
