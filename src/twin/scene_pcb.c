/* SPDX-License-Identifier: Apache-2.0 */
/* Printed circuit boards in colour: a layout for each recipe, drawn once; parts placed on it with a little tolerance; opened
 * and shorted tracks, parts that are missing or lie askew. Lengths are mm, origin in the board's middle. */
#include "twin/kernel.h"
#include "twin/noise.h"
#include "twin/paint.h"
#include "twin/plates.h"

#define HALF_X     33.0f
#define HALF_Y     23.0f
#define MARGIN_MM  6.0f /* of belt around the board in its drawing */
#define MAX_TRACKS 160
#define MAX_PARTS  64
#define TRACK_HALF 0.17f

typedef enum pcb_class { PCB_GOOD, PCB_OPEN, PCB_SHORT, PCB_MISSING, PCB_ASKEW, PCB_CLASSES } pcb_class;

static const char *const pcb_names[] = {"good", "open", "short", "missing_part", "askew_part", NULL};
static const char *const pcb_recipes[] = {"sensor", "driver", "radio", NULL};
enum { PCB_RECIPES = 3, PCB_DEFECTS = 2 };

typedef enum pcb_kind { PCB_CHIP, PCB_RESISTOR, PCB_CAPACITOR, PCB_CAN } pcb_kind;

typedef struct pcb_part {
    pcb_kind kind;
    float    x, y, half_x, half_y; /* of its body; half_x is along the leads' row of a chip */
    bool     upright;              /* a two-pole part that stands along y */
} pcb_part;

typedef struct pcb_track {
    float x0, y0, x1, y1;
    int32_t
        beside; /* of a bus: the next track is parallel, so far away that a bridge can form; -1: not; -2: under a part */
} pcb_track;

typedef struct pcb_layout {
    uint32_t  n_tracks, n_parts;
    pcb_track tracks[MAX_TRACKS];
    pcb_part  parts[MAX_PARTS];
} pcb_layout;

typedef struct pcb_state {
    uint32_t   width, height; /* of a drawn board */
    pcb_layout layouts[PCB_RECIPES];
    float     *boards[PCB_RECIPES]; /* three planes each; one block, owned by the first */
} pcb_state;

/* --- layout --- */

static void pcb_add_track(pcb_layout *l, float x0, float y0, float x1, float y1, int32_t beside)
{
    if (l->n_tracks < MAX_TRACKS)
        l->tracks[l->n_tracks++] = (pcb_track){x0, y0, x1, y1, beside};
}

static void pcb_add_part(pcb_layout *l, pcb_part part)
{
    if (l->n_parts < MAX_PARTS)
        l->parts[l->n_parts++] = part;
}

/* Two chips and the bus between them: eight tracks that run straight, change lanes together and go on. */
static void pcb_lay_bus(pcb_layout *l, as_rng *rng)
{
    float x0 = -21.0f + as_plates_pick(rng, -2.0f, 2.0f), y0 = as_plates_pick(rng, -11.0f, -4.0f);
    float x1 = 6.0f + as_plates_pick(rng, -3.0f, 3.0f), y1 = y0 + as_plates_pick(rng, 2.0f, 9.0f),
          bend = 0.5f * (x0 + x1);
    pcb_add_part(l, (pcb_part){PCB_CHIP, x0, y0, 5.4f, 2.6f, true});
    pcb_add_part(l, (pcb_part){PCB_CHIP, x1, y1, 5.4f, 2.6f, true});
    for (int i = 0; i < 8; i++) {
        float off = (float)i * 1.27f - 4.445f, turn = bend - (y1 - y0) * 0.5f - off * 0.41f;
        pcb_add_track(l, x0 + 3.6f, y0 + off, turn, y0 + off, i < 7 ? 1 : -1);
        pcb_add_track(l, turn, y0 + off, turn + (y1 - y0), y1 + off, -1);
        pcb_add_track(l, turn + (y1 - y0), y1 + off, x1 - 3.6f, y1 + off, -1);
        pcb_add_track(l, x1 + 3.6f, y1 + off, x1 + 6.5f + 0.8f * (float)(i % 3), y1 + off, -1);
        pcb_add_track(l, x0 - 3.6f, y0 + off, x0 - 5.2f, y0 + off, i < 7 ? 1 : -1);
    }
    for (size_t i = 0; i < l->n_tracks; i++) /* the parallel of a bus's track comes five further on */
        l->tracks[i].beside = l->tracks[i].beside > 0 ? (int32_t)i + 5 : -1;
}

/* Resistors and capacitors in rows along two edges, each with a track from either end. */
static void pcb_lay_rows(pcb_layout *l, as_rng *rng)
{
    for (int row = 0; row < 2; row++)
        for (int i = 0; i < 9; i++) {
            float x = -27.0f + 6.6f * (float)i + as_plates_pick(rng, -0.8f, 0.8f), y = row ? 18.4f : -18.6f;
            if (as_plates_choose(rng, 7) == 0)
                continue;
            bool capacitor = as_plates_choose(rng, 2) == 1;
            pcb_add_part(l, (pcb_part){capacitor ? PCB_CAPACITOR : PCB_RESISTOR, x, y, capacitor ? 1.1f : 1.6f,
                                       capacitor ? 0.7f : 0.8f, true});
            float inner = row ? y - 2.2f : y + 2.2f, outer = row ? y + 2.2f : y - 2.2f;
            float end = inner + (row ? -1.0f : 1.0f) * as_plates_pick(rng, 1.0f, 4.5f);
            pcb_add_track(l, x, y, x, inner, -2);
            pcb_add_track(l, x, inner, x + as_plates_pick(rng, -2.0f, 2.0f), end, -1);
            pcb_add_track(l, x, y, x, outer, -2);
            if (i > 0)
                pcb_add_track(l, x - 5.0f, outer, x, outer, -1);
        }
}

static void pcb_lay_out(pcb_layout *l, uint32_t recipe)
{
    as_rng rng = as_rng_stream(7701, recipe); /* a product's layout is the same in every world */
    *l = (pcb_layout){.n_tracks = 0};
    pcb_lay_bus(l, &rng);
    pcb_lay_rows(l, &rng);
    for (int i = 0; i < 3; i++) {
        float x = 20.0f + as_plates_pick(&rng, -1.5f, 7.0f),
              y = -10.0f + 9.5f * (float)i + as_plates_pick(&rng, -1.0f, 1.0f);
        if (i == 1 || as_plates_choose(&rng, 2))
            pcb_add_part(l, (pcb_part){PCB_CAN, x, y, 2.9f, 2.9f, false});
        pcb_add_track(l, x - 1.8f, y, x - 5.5f, y, -1);
    }
    for (int i = 0; i < 4; i++) {
        float x = -27.0f + 5.5f * (float)i, y = 9.5f + as_plates_pick(&rng, -1.0f, 3.0f);
        pcb_add_part(l, (pcb_part){PCB_RESISTOR, x, y, 1.6f, 0.8f, false});
        pcb_add_track(l, x + 1.4f, y, x + 3.5f, y, -1);
    }
}

/* --- the bare board, drawn once --- */

static void pcb_fill(const as_canvas *canvas, const as_pose *pose, float x0, float y0, float x1, float y1, float half,
                     as_colour colour, float alpha)
{
    float ax, ay, bx, by, k = pose->px_per_mm;
    as_pose_to_px(pose, x0, y0, &ax, &ay);
    as_pose_to_px(pose, x1, y1, &bx, &by);
    float         ex = bx - ax, ey = by - ay, length2 = ex * ex + ey * ey;
    as_paint_area area =
        as_paint_around(canvas, 0.5f * (ax + bx), 0.5f * (ay + by), 0.5f * sqrtf(length2) + half * k + 2.0f);
    for (uint32_t y = area.y0; y < area.y1; y++)
        for (uint32_t x = area.x0; x < area.x1; x++) {
            float px = (float)x - ax, py = (float)y - ay;
            float t = length2 > 0.0f ? as_paint_clamp((px * ex + py * ey) / length2, 0.0f, 1.0f) : 0.0f;
            float dx = px - t * ex, dy = py - t * ey, cover = as_paint_cover(sqrtf(dx * dx + dy * dy) - half * k);
            if (cover > 0.0f)
                as_paint_blend(canvas, (size_t)y * canvas->width + x, colour, cover * alpha);
        }
}

/* An upright or lying box with square corners, shaded towards its upper left edges. */
static void pcb_box(const as_canvas *canvas, const as_pose *pose, float x, float y, float half_x, float half_y,
                    as_colour colour, float edge)
{
    float px, py, k = pose->px_per_mm;
    as_pose_to_px(pose, x, y, &px, &py);
    as_paint_area area = as_paint_around(canvas, px, py, sqrtf(half_x * half_x + half_y * half_y) * k + 2.0f);
    for (uint32_t iy = area.y0; iy < area.y1; iy++)
        for (uint32_t ix = area.x0; ix < area.x1; ix++) {
            float u, v;
            as_pose_to_mm(pose, (float)ix, (float)iy, &u, &v);
            u -= x;
            v -= y;
            float d = AS_MAX(fabsf(u) - half_x, fabsf(v) - half_y), cover = as_paint_cover(d * k);
            if (cover <= 0.0f)
                continue;
            float rim = edge * as_paint_step(-0.35f, 0.0f, d) * (u + v < 0.0f ? 1.0f : -0.6f);
            as_paint_blend(canvas, (size_t)iy * canvas->width + ix, as_colour_scale(colour, 1.0f + rim), cover);
        }
}

static void pcb_pads(const pcb_part *part, const as_canvas *canvas, const as_pose *pose)
{
    as_colour tin = as_colour_screen(0xc9c6b4);
    if (part->kind == PCB_CHIP) {
        for (int i = 0; i < 8; i++)
            for (int side = -1; side <= 1; side += 2)
                pcb_box(canvas, pose, part->x + (float)side * 3.3f, part->y + (float)i * 1.27f - 4.445f, 0.85f, 0.36f,
                        tin, 0.2f);
        return;
    }
    for (int side = -1; side <= 1; side += 2) {
        float off = (float)side * (part->kind == PCB_CAN ? 2.5f : part->half_x);
        pcb_box(canvas, pose, part->x + (part->upright ? 0.0f : off), part->y + (part->upright ? off : 0.0f), 0.75f,
                0.75f, tin, 0.2f);
    }
}

static void pcb_draw_board(const pcb_layout *l, const as_canvas *canvas, const as_pose *pose, uint32_t seed)
{
    as_colour mask = as_colour_screen(0x1d5a36), copper = as_colour_screen(0x3f8a52), belt = as_colour_screen(0x2b2d31);
    as_colour silk = as_colour_screen(0xe4e6dc), gold = as_colour_screen(0xd8b45a);
    for (uint32_t y = 0; y < canvas->height; y++)
        for (uint32_t x = 0; x < canvas->width; x++) {
            float u, v;
            as_pose_to_mm(pose, (float)x, (float)y, &u, &v);
            float     d = AS_MAX(fabsf(u) - HALF_X, fabsf(v) - HALF_Y), cover = as_paint_cover(d * pose->px_per_mm);
            float     weave = as_noise_value(u * 2.4f, v * 0.5f, seed) + as_noise_value(u * 0.5f, v * 2.4f, seed + 1u);
            float     cast = as_paint_step(1.6f, -0.4f, AS_MAX(fabsf(u - 0.7f) - HALF_X, fabsf(v - 1.0f) - HALF_Y));
            float     dirt = as_noise_value(u * 2.0f, v * 2.0f, seed + 2u);
            as_colour c = as_colour_mix(as_colour_scale(belt, (1.0f + 0.2f * dirt) * (1.0f - 0.7f * cast)),
                                        as_colour_scale(mask, 1.0f + 0.05f * weave), cover);
            size_t    i = (size_t)y * canvas->width + x;
            canvas->r[i] = c.r;
            canvas->g[i] = c.g;
            canvas->b[i] = c.b;
        }
    for (uint32_t i = 0; i < l->n_tracks; i++) {
        const pcb_track *t = &l->tracks[i];
        pcb_fill(canvas, pose, t->x0, t->y0, t->x1, t->y1, TRACK_HALF, copper, 1.0f);
        if (i % 4 == 3)
            pcb_fill(canvas, pose, t->x1, t->y1, t->x1, t->y1, 0.45f, as_colour_screen(0xb9b79f), 1.0f);
        if (i % 4 == 3)
            pcb_fill(canvas, pose, t->x1, t->y1, t->x1, t->y1, 0.2f, as_colour_screen(0x14201a), 1.0f);
    }
    for (int i = 0; i < 11; i++)
        pcb_box(canvas, pose, HALF_X - 1.8f, -14.0f + 2.54f * (float)i, 1.5f, 0.75f, gold, 0.15f);
    for (int i = 0; i < 4; i++) {
        float x = (i % 2 ? 1.0f : -1.0f) * (HALF_X - 2.6f), y = (i / 2 ? 1.0f : -1.0f) * (HALF_Y - 2.4f);
        pcb_fill(canvas, pose, x, y, x, y, 1.9f, as_colour_screen(0xc9c6b4), 1.0f);
        pcb_fill(canvas, pose, x, y, x, y, 1.25f, as_colour_screen(0x101214), 1.0f);
    }
    for (uint32_t i = 0; i < l->n_parts; i++) {
        const pcb_part *part = &l->parts[i];
        float           hx = (part->upright ? part->half_y : part->half_x) + 0.55f;
        float           hy = (part->upright ? part->half_x : part->half_y) + 0.55f;
        for (int side = -1; side <= 1 && part->kind != PCB_CHIP; side += 2)
            pcb_fill(canvas, pose, part->x + (part->upright ? (float)side * hx : -hx * 0.5f),
                     part->y + (part->upright ? -hy * 0.5f : (float)side * hy),
                     part->x + (part->upright ? (float)side * hx : hx * 0.5f),
                     part->y + (part->upright ? hy * 0.5f : (float)side * hy), 0.10f, silk, 0.85f);
        pcb_pads(part, canvas, pose);
    }
}

static bool pcb_prepare(const as_twin *twin, void *priv, as_err *err)
{
    pcb_state         *state = priv;
    const as_twin_cfg *cfg = as_twin_cfg_of(twin);
    float              k = (float)as_twin_px_per_mm(twin);
    state->width = (uint32_t)(2.0f * (HALF_X + MARGIN_MM) * k) + 4u;
    state->height = (uint32_t)(2.0f * (HALF_Y + MARGIN_MM) * k) + 4u;
    if ((uint64_t)state->width * state->height > 40u * 1000u * 1000u)
        return AS_FAIL(err, AS_ELIMIT, "a board drawn with %.0f pixels a millimetre is too large: move the camera away",
                       (double)k);
    size_t plane = (size_t)state->width * state->height;
    state->boards[0] = malloc(3 * PCB_RECIPES * plane * sizeof(float));
    if (!state->boards[0])
        return AS_FAIL(err, AS_ENOMEM, "no memory for boards of %ux%u pixels", state->width, state->height);
    for (uint32_t i = 0; i < PCB_RECIPES; i++) {
        state->boards[i] = state->boards[0] + 3 * i * plane;
        float    *p = state->boards[i];
        as_canvas canvas = {p, p + plane, p + 2 * plane, state->width, state->height};
        as_pose   pose = {0.5f * (float)state->width, 0.5f * (float)state->height, 0.0f, 1.0f, k};
        pcb_lay_out(&state->layouts[i], i);
        pcb_draw_board(&state->layouts[i], &canvas, &pose, as_noise_mix((uint32_t)cfg->seed + i));
    }
    return true;
}

static void pcb_release(void *priv)
{
    pcb_state *state = priv;
    free(state->boards[0]);
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
    float      light, slope_x;
    pcb_defect defects[PCB_DEFECTS];
} pcb_board;

static uint32_t pcb_pick_track(const pcb_layout *l, as_rng *rng, bool beside)
{
    uint32_t at = as_plates_choose(rng, l->n_tracks);
    for (uint32_t i = 0; i < l->n_tracks; i++, at = (at + 1) % l->n_tracks) {
        const pcb_track *t = &l->tracks[at];
        if (beside ? t->beside >= 0 : t->beside != -2 && fabsf(t->x1 - t->x0) + fabsf(t->y1 - t->y0) > 1.8f)
            return at;
    }
    return 0;
}

static void pcb_plan_defect(const pcb_layout *l, as_rng *rng, float severity, pcb_defect *d)
{
    *d = (pcb_defect){.class = (pcb_class)(1 + as_plates_choose(rng, PCB_CLASSES - 1)), .severity = severity};
    d->at = as_plates_pick(rng, 0.25f, 0.75f);
    d->gap = 0.15f + 0.9f * severity;
    d->which = d->class == PCB_OPEN    ? pcb_pick_track(l, rng, false)
               : d->class == PCB_SHORT ? pcb_pick_track(l, rng, true)
                                       : as_plates_choose(rng, l->n_parts);
    float angle = (0.06f + 0.6f * severity) * (as_plates_choose(rng, 2) ? 1.0f : -1.0f);
    as_noise_sincos((double)angle, &d->sin, &d->cos);
    d->askew_x = (0.1f + 0.8f * severity) * as_plates_pick(rng, -1.0f, 1.0f);
    d->askew_y = (0.1f + 0.8f * severity) * as_plates_pick(rng, -1.0f, 1.0f);
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
    if (as_plates_pick(&fate, 0.0f, 1.0f) >= (float)cfg->defect_share)
        return;
    b->n_defects = 1u + (as_plates_choose(&fate, 5) == 0);
    for (uint32_t i = 0; i < b->n_defects; i++)
        pcb_plan_defect(&state->layouts[b->recipe], &fate, as_plates_severity(cfg, &fate), &b->defects[i]);
}

typedef struct pcb_sample {
    float   x0, y0, dx, dy, max_x, max_y;
    int32_t stride;
} pcb_sample;

AS_TWIN_CLONES
static void pcb_sample_row(const pcb_sample *s, const float *restrict in, size_t w, float *restrict out)
{
    float x0 = s->x0, y0 = s->y0, dx = s->dx, dy = s->dy, max_x = s->max_x, max_y = s->max_y;
    for (size_t i = 0; i < w; i++) {
        float t = (float)(int32_t)i, x = x0 + t * dx, y = y0 + t * dy;
        x = x > 0.0f ? (x < max_x ? x : max_x) : 0.0f;
        y = y > 0.0f ? (y < max_y ? y : max_y) : 0.0f;
        int32_t ix = (int32_t)x, iy = (int32_t)y, at = iy * s->stride + ix;
        float   fx = x - (float)ix, fy = y - (float)iy;
        float   top = in[at] + fx * (in[at + 1] - in[at]);
        float   low = in[at + s->stride] + fx * (in[at + s->stride + 1] - in[at + s->stride]);
        out[i] = top + fy * (low - top);
    }
}

static void pcb_lay_board(const pcb_board *b, const pcb_state *state, const as_canvas *canvas)
{
    float       *planes[3] = {canvas->r, canvas->g, canvas->b}, k = b->pose.px_per_mm;
    size_t       plane = (size_t)state->width * state->height;
    const float *board = state->boards[b->recipe];
    for (uint32_t y = 0; y < canvas->height; y++) {
        float u, v;
        as_pose_to_mm(&b->pose, 0.0f, (float)y, &u, &v);
        pcb_sample s = {.x0 = u * k + 0.5f * (float)state->width,
                        .y0 = v * k + 0.5f * (float)state->height,
                        .dx = b->pose.cos,
                        .dy = -b->pose.sin,
                        .max_x = (float)state->width - 2.0f,
                        .max_y = (float)state->height - 2.0f,
                        .stride = (int32_t)state->width};
        for (size_t c = 0; c < 3; c++)
            pcb_sample_row(&s, board + c * plane, canvas->width, planes[c] + (size_t)y * canvas->width);
    }
}

/* A part's own frame on the board, a little off and, when askew, much. */
static as_pose pcb_place(const pcb_board *b, const pcb_part *part, float x, float y, float sin, float cos)
{
    as_pose pose = b->pose;
    as_pose_to_px(&b->pose, part->x + x, part->y + y, &pose.x_px, &pose.y_px);
    pose.cos = b->pose.cos * cos - b->pose.sin * sin;
    pose.sin = b->pose.sin * cos + b->pose.cos * sin;
    if (part->upright) { /* its length lies along y */
        float c = pose.cos;
        pose.cos = -pose.sin;
        pose.sin = c;
    }
    return pose;
}

static void pcb_shadow(const as_canvas *canvas, const as_pose *pose, float half_x, float half_y, float height)
{
    as_pose at = *pose;
    at.x_px += 0.5f * height * pose->px_per_mm;
    at.y_px += 0.7f * height * pose->px_per_mm;
    float         reach = sqrtf(half_x * half_x + half_y * half_y) + 0.6f;
    as_paint_area area = as_paint_around(canvas, at.x_px, at.y_px, reach * pose->px_per_mm);
    for (uint32_t y = area.y0; y < area.y1; y++)
        for (uint32_t x = area.x0; x < area.x1; x++) {
            float u, v;
            as_pose_to_mm(&at, (float)x, (float)y, &u, &v);
            float d = AS_MAX(fabsf(u) - half_x, fabsf(v) - half_y);
            as_paint_darken(canvas, (size_t)y * canvas->width + x, 1.0f - 0.5f * as_paint_step(0.35f, -0.15f, d));
        }
}

static void pcb_draw_can(const as_canvas *canvas, const as_pose *pose)
{
    as_colour silver = as_colour_screen(0xb7bcc0), dark = as_colour_screen(0x24262a);
    pcb_shadow(canvas, pose, 2.9f, 2.9f, 1.6f);
    pcb_box(canvas, pose, 0.0f, 0.0f, 3.1f, 3.1f, dark, 0.5f);
    for (int i = 0; i < 3; i++) { /* a rim, its top, and the mark of the negative pole */
        float         radius = i == 0 ? 2.9f : 2.6f;
        float         px = pose->x_px, py = pose->y_px, k = pose->px_per_mm;
        as_paint_area area = as_paint_around(canvas, px, py, radius * k + 1.0f);
        for (uint32_t y = area.y0; y < area.y1; y++)
            for (uint32_t x = area.x0; x < area.x1; x++) {
                float u, v;
                as_pose_to_mm(pose, (float)x, (float)y, &u, &v);
                float r = sqrtf(u * u + v * v), cover = as_paint_cover((r - radius) * k);
                if (i == 2)
                    cover *= as_paint_cover((1.2f - u) * k);
                float level = i == 0 ? 0.75f + 0.2f * (u + v < 0.0f ? 1.0f : -1.0f) : 0.95f - 0.06f * (u + v) / radius;
                as_colour c = i == 2 ? dark : as_colour_scale(silver, level);
                as_paint_blend(canvas, (size_t)y * canvas->width + x, c, cover);
            }
    }
}

static void pcb_draw_two_pole(const pcb_part *part, const as_canvas *canvas, const as_pose *pose, uint32_t seed)
{
    bool      resistor = part->kind == PCB_RESISTOR;
    as_colour body = as_colour_screen(resistor ? 0x191a1d : 0xa9825a), tin = as_colour_screen(0xdadad2);
    float     tone = 0.93f + 0.14f * as_noise_unit(as_noise_mix(seed));
    pcb_shadow(canvas, pose, part->half_x, part->half_y, 0.6f);
    pcb_box(canvas, pose, 0.0f, 0.0f, part->half_x, part->half_y, tin, 0.35f);
    pcb_box(canvas, pose, 0.0f, 0.0f, part->half_x * 0.68f, part->half_y, as_colour_scale(body, tone), 0.3f);
    for (int i = 0; resistor && i < 3; i++) { /* figures of its value */
        float x = -0.55f + 0.55f * (float)i;
        pcb_box(canvas, pose, x, 0.0f, 0.17f, 0.34f, as_colour_screen(0xc8c8c0), 0.0f);
        if ((seed >> i) & 1u)
            pcb_box(canvas, pose, x, 0.02f, 0.06f, 0.17f, body, 0.0f);
    }
}

static void pcb_draw_chip(const pcb_part *part, const as_canvas *canvas, const as_pose *pose, uint32_t seed)
{
    as_colour body = as_colour_screen(0x1b1c20), lead = as_colour_screen(0xd4d4cc), mark = as_colour_screen(0x8f949a);
    pcb_shadow(canvas, pose, part->half_x, part->half_y, 1.1f);
    for (int i = 0; i < 8; i++)
        for (int side = -1; side <= 1; side += 2)
            pcb_box(canvas, pose, (float)i * 1.27f - 4.445f, (float)side * 3.05f, 0.24f, 0.6f, lead, 0.3f);
    pcb_box(canvas, pose, 0.0f, 0.0f, part->half_x, part->half_y, body, 0.7f);
    pcb_fill(canvas, pose, -4.4f, 1.6f, -4.4f, 1.6f, 0.38f, as_colour_screen(0x08090a), 1.0f);
    for (int i = 0; i < 11; i++) /* letters, as far as they can be read from here */
        for (int row = 0; row < 2; row++)
            if (i != 4 && !(row == 1 && i > 7)) {
                float x = -3.4f + 0.68f * (float)i, y = 0.5f - 1.15f * (float)row, tall = 0.36f;
                pcb_box(canvas, pose, x, y, 0.22f, tall, mark, 0.0f);
                if ((seed >> ((i + row) % 16)) & 1u)
                    pcb_box(canvas, pose, x + 0.04f, y + 0.12f, 0.10f, 0.12f, body, 0.0f);
                else
                    pcb_box(canvas, pose, x + 0.1f, y - 0.1f, 0.13f, 0.14f, body, 0.0f);
            }
}

static const pcb_defect *pcb_defect_of(const pcb_board *b, uint32_t part, uint32_t shown)
{
    for (uint32_t i = 0; i < b->n_defects; i++)
        if (((shown >> i) & 1u) && b->defects[i].class >= PCB_MISSING && b->defects[i].which == part)
            return &b->defects[i];
    return NULL;
}

static void pcb_draw_parts(const pcb_board *b, const pcb_layout *l, const as_canvas *canvas, uint32_t shown)
{
    for (uint32_t i = 0; i < l->n_parts; i++) {
        const pcb_part   *part = &l->parts[i];
        const pcb_defect *d = pcb_defect_of(b, i, shown);
        uint32_t          seed = as_noise_hash2(i, 3, b->seed), kind_seed = as_noise_hash2(i, b->recipe, 88);
        float x = 0.16f * (as_noise_unit(seed) - 0.5f), y = 0.16f * (as_noise_unit(as_noise_mix(seed)) - 0.5f);
        float turn = 0.03f * (as_noise_unit(as_noise_mix(seed + 1u)) - 0.5f), s = turn, c = 1.0f;
        if (d && d->class == PCB_MISSING)
            continue;
        if (d) {
            s = d->sin;
            c = d->cos;
            x += d->askew_x;
            y += d->askew_y;
        }
        as_pose pose = pcb_place(b, part, x, y, s, c);
        if (part->kind == PCB_CAN)
            pcb_draw_can(canvas, &pose);
        else if (part->kind == PCB_CHIP)
            pcb_draw_chip(part, canvas, &pose, kind_seed);
        else
            pcb_draw_two_pole(part, canvas, &pose, kind_seed);
    }
}

/* The track is gone for a little way, or copper joins it with the one beside. Returns its middle and half its extent. */
static float pcb_draw_track_defect(const pcb_board *b, const pcb_layout *l, const pcb_defect *d,
                                   const as_canvas *canvas, bool shown, float *ret_x, float *ret_y)
{
    const pcb_track *t = &l->tracks[d->which];
    float            ex = t->x1 - t->x0, ey = t->y1 - t->y0, length = sqrtf(ex * ex + ey * ey) + 1e-6f;
    float            x = t->x0 + d->at * ex, y = t->y0 + d->at * ey;
    if (d->class == PCB_OPEN) {
        float half = 0.5f * AS_MIN(d->gap, 0.7f * length), ux = ex / length * half, uy = ey / length * half;
        if (shown)
            pcb_fill(canvas, &b->pose, x - ux, y - uy, x + ux, y + uy, TRACK_HALF + 0.06f, as_colour_screen(0x1b5533),
                     1.0f);
        *ret_x = x;
        *ret_y = y;
        return half + TRACK_HALF + 0.06f;
    }
    const pcb_track *o = &l->tracks[t->beside];
    float            bx = o->x0 + (x - t->x0), by = o->y0 + (y - t->y0); /* the same way along the other */
    if (shown)
        pcb_fill(canvas, &b->pose, x, y, bx, by, 0.07f + 0.22f * d->severity, as_colour_screen(0x3f8a52), 1.0f);
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

AS_TWIN_CLONES
static void pcb_light(float *restrict p, float level, float slope, size_t w)
{
    for (size_t x = 0; x < w; x++)
        p[x] *= level + slope * (float)(int32_t)x;
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
    pcb_lay_board(&b, state, &canvas);
    truth->recipe = pcb_recipes[b.recipe];
    for (uint32_t i = 0; i < b.n_defects; i++) {
        const pcb_defect *d = &b.defects[i];
        float             x = 0.0f, y = 0.0f, half = 0.0f;
        if (d->class <= PCB_SHORT)
            half = pcb_draw_track_defect(&b, l, d, &canvas, (shot->shown >> i) & 1u, &x, &y);
        pcb_tell(&b, l, d, x, y, half, &canvas, truth);
    }
    pcb_draw_parts(&b, l, &canvas, shot->shown);
    for (uint32_t y = 0; y < 3 * cfg->height; y++)
        pcb_light(light + (size_t)y * cfg->width, b.light, b.light * b.slope_x, cfg->width);
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
