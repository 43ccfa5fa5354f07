/* SPDX-License-Identifier: Apache-2.0 */
/* Boards and what is soldered to them, each drawn once, under a lamp at the upper left: copper that stands up under its
 * lacquer, pads with a dome of solder, bodies with bevelled edges. */
#include "twin/kernel.h"
#include "twin/letters.h"
#include "twin/noise.h"
#include "twin/pcb.h"

#define PCB_BLOCK 16
#define PCB_LEVEL 0.9985f /* cosine: over a block, what is level is off by 0.024 pixels at most */
#define CLEAR_MM  0.30f   /* around a track, where the copper of the plane was taken off */

static const struct pcb_lacquer {
    uint32_t laminate, copper;
    float    gloss;
} pcb_lacquers[PCB_RECIPES] = {{0x153f28, 0x2a7446, 1.0f}, {0x102a55, 0x1f5597, 1.1f}, {0x521314, 0x98302a, 1.0f}};

as_colour as_pcb_laminate(uint32_t recipe)
{
    return as_colour_screen(pcb_lacquers[recipe].laminate);
}

as_colour as_pcb_copper(uint32_t recipe)
{
    return as_colour_screen(pcb_lacquers[recipe].copper);
}

/* --- shapes --- */

void as_pcb_fill(const as_canvas *canvas, const as_pose *pose, const float line[4], float half, as_colour colour,
                 float alpha)
{
    float ax, ay, bx, by, k = pose->px_per_mm;
    as_pose_to_px(pose, line[0], line[1], &ax, &ay);
    as_pose_to_px(pose, line[2], line[3], &bx, &by);
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

static void pcb_dot(const as_canvas *canvas, const as_pose *pose, float x, float y, float radius, as_colour colour)
{
    as_pcb_fill(canvas, pose, (float[4]){x, y, x, y}, radius, colour, 1.0f);
}

/* How a box is finished: colour, how far its edges are bevelled (mm) and how much that shows, how round its corners are, how
 * domed and how bright its highlight is. */
typedef struct pcb_finish {
    as_colour colour;
    float     bevel, edge, corner, dome, shine, grain;
} pcb_finish;

/* The lamp's direction in the box's own frame, turned with it. */
static void pcb_lamp(const as_pose *pose, float *ret_x, float *ret_y)
{
    *ret_x = PCB_LIGHT_X * pose->cos + PCB_LIGHT_Y * pose->sin;
    *ret_y = PCB_LIGHT_Y * pose->cos - PCB_LIGHT_X * pose->sin;
}

static void pcb_box(const as_canvas *canvas, const as_pose *pose, const float rect[4], const pcb_finish *f,
                    uint32_t seed)
{
    float px, py, k = pose->px_per_mm, lx, ly, hx = rect[2], hy = rect[3];
    as_pose_to_px(pose, rect[0], rect[1], &px, &py);
    pcb_lamp(pose, &lx, &ly);
    as_paint_area area = as_paint_around(canvas, px, py, sqrtf(hx * hx + hy * hy) * k + 2.0f);
    for (uint32_t iy = area.y0; iy < area.y1; iy++)
        for (uint32_t ix = area.x0; ix < area.x1; ix++) {
            float u, v;
            as_pose_to_mm(pose, (float)ix, (float)iy, &u, &v);
            u -= rect[0];
            v -= rect[1];
            float qx = fabsf(u) - hx + f->corner, qy = fabsf(v) - hy + f->corner, ox = AS_MAX(qx, 0.0f),
                  oy = AS_MAX(qy, 0.0f);
            float d = sqrtf(ox * ox + oy * oy) + AS_MIN(AS_MAX(qx, qy), 0.0f) - f->corner,
                  cover = as_paint_cover(d * k);
            if (cover <= 0.0f)
                continue;
            float rim = f->bevel > 0.0f ? as_paint_step(-f->bevel, 0.0f, d) : 0.0f;
            float nx = qx > qy ? (u > 0.0f ? 1.0f : -1.0f) : 0.0f, ny = qx > qy ? 0.0f : (v > 0.0f ? 1.0f : -1.0f);
            nx = rim * nx + f->dome * u / hx;
            ny = rim * ny + f->dome * v / hy;
            float lean = nx * lx + ny * ly, ex = nx - 0.55f * lx, ey = ny - 0.55f * ly;
            float spot = AS_MAX(1.0f - 4.0f * (ex * ex + ey * ey), 0.0f),
                  grain = as_noise_value(u * 7.0f, v * 7.0f, seed);
            float     shine = f->shine * spot * spot;
            as_colour c = as_colour_scale(f->colour, AS_MAX(1.0f + f->edge * lean + f->grain * grain, 0.05f));
            c = (as_colour){c.r + shine, c.g + shine, c.b + shine};
            as_paint_blend(canvas, (size_t)iy * canvas->width + ix, c, cover);
        }
}

/* Letters in cells of that size, from the left end of their middle line. */
static void pcb_text(const as_canvas *canvas, const as_pose *pose, const char *text, float x, float y, float cell,
                     as_colour colour, float alpha)
{
    for (uint32_t i = 0; text[i]; i++)
        for (uint32_t row = 0; row < 5; row++)
            for (uint32_t col = 0; col < 3; col++)
                if (as_letters_bit(text[i], col, row)) {
                    float u = x + ((float)(4 * i + col) + 0.5f) * cell, v = y + ((float)row - 2.0f) * cell;
                    as_pcb_fill(canvas, pose, (float[4]){u, v, u, v}, 0.55f * cell, colour, alpha);
                }
}

static void pcb_shadow(const as_canvas *canvas, const as_pose *pose, float half_x, float half_y, float height)
{
    as_pose at = *pose;
    at.x_px -= 0.55f * height * PCB_LIGHT_X * pose->px_per_mm;
    at.y_px -= 0.55f * height * PCB_LIGHT_Y * pose->px_per_mm;
    float         soft = 0.25f + 0.20f * height, reach = sqrtf(half_x * half_x + half_y * half_y) + soft;
    as_paint_area area = as_paint_around(canvas, at.x_px, at.y_px, reach * pose->px_per_mm);
    for (uint32_t y = area.y0; y < area.y1; y++)
        for (uint32_t x = area.x0; x < area.x1; x++) {
            float u, v;
            as_pose_to_mm(&at, (float)x, (float)y, &u, &v);
            float qx = fabsf(u) - half_x, qy = fabsf(v) - half_y, ox = AS_MAX(qx, 0.0f), oy = AS_MAX(qy, 0.0f);
            float d = sqrtf(ox * ox + oy * oy) + AS_MIN(AS_MAX(qx, qy), 0.0f);
            as_paint_darken(canvas, (size_t)y * canvas->width + x, 1.0f - 0.62f * as_paint_step(soft, -soft, d));
        }
}

/* --- the bare board --- */

/* Around pads and vias too the plane was taken off. */
static void pcb_clear_pad(const pcb_pad *pad, const as_pose *pose, const as_canvas *map)
{
    const as_colour none = {0.0f, 0.0f, 0.0f};
    float           half = AS_MIN(pad->half_x, pad->half_y), x = pad->half_x - half, y = pad->half_y - half;
    as_pcb_fill(map, pose, (float[4]){pad->x - x, pad->y - y, pad->x + x, pad->y + y}, half + CLEAR_MM, none, 1.0f);
}

static void pcb_clear(const pcb_layout *l, const as_pose *pose, const as_canvas *map)
{
    pcb_pad pads[PCB_PART_PADS];
    for (uint32_t i = 0; i < l->n_parts; i++)
        for (uint32_t k = 0, n = as_pcb_pads(&l->parts[i], pads); k < n; k++)
            pcb_clear_pad(&pads[k], pose, map);
    for (uint32_t i = 0; i < PCB_FINGERS; i++) {
        const pcb_pad finger = as_pcb_finger(i);
        pcb_clear_pad(&finger, pose, map);
    }
    for (uint32_t i = 0; i < l->n_vias; i++)
        pcb_clear_pad(
            &(pcb_pad){.x = l->vias[i].x, .y = l->vias[i].y, .half_x = PCB_VIA_RADIUS, .half_y = PCB_VIA_RADIUS}, pose,
            map);
}

/* How much copper there is below the lacquer: a plane, cleared around what is no part of it, and the tracks. */
static void pcb_draw_copper(const pcb_layout *l, const as_pose *pose, const as_canvas *map)
{
    const as_colour none = {0.0f, 0.0f, 0.0f}, all = {1.0f, 1.0f, 1.0f};
    for (uint32_t y = 0; y < map->height; y++)
        for (uint32_t x = 0; x < map->width; x++) {
            float u, v;
            as_pose_to_mm(pose, (float)x, (float)y, &u, &v);
            float edge = AS_MIN(PCB_HALF_X - fabsf(u), PCB_HALF_Y - fabsf(v)) - 1.0f;
            float gap = fabsf(u - 11.5f + 0.35f * v) - 0.4f; /* two planes, and no copper between them */
            map->r[(size_t)y * map->width + x] = 0.8f * as_paint_clamp(AS_MIN(edge, gap) * pose->px_per_mm, 0.0f, 1.0f);
        }
    pcb_clear(l, pose, map);
    for (int pass = 0; pass < 2; pass++)
        for (uint32_t i = 0; i < l->n_tracks; i++) {
            const pcb_track *t = &l->tracks[i];
            const float      line[4] = {t->x0, t->y0, t->x1, t->y1};
            as_pcb_fill(map, pose, line, PCB_TRACK_HALF + (pass ? 0.0f : CLEAR_MM), pass ? all : none, 1.0f);
        }
}

static void pcb_draw_lacquer(const as_pose *pose, uint32_t recipe, uint32_t seed, const float *copper,
                             const as_canvas *canvas, float *keep)
{
    const struct pcb_lacquer *q = &pcb_lacquers[recipe];
    as_colour                 low = as_colour_screen(q->laminate), high = as_colour_screen(q->copper);
    uint32_t                  w = canvas->width;
    for (uint32_t y = 0; y < canvas->height; y++)
        for (uint32_t x = 0; x < w; x++) {
            size_t i = (size_t)y * w + x;
            float  u, v, west = copper[x > 0 ? i - 1 : i], north = copper[y > 0 ? i - w : i];
            as_pose_to_mm(pose, (float)x, (float)y, &u, &v);
            float d = AS_MAX(fabsf(u) - PCB_HALF_X, fabsf(v) - PCB_HALF_Y), cover = as_paint_cover(d * pose->px_per_mm);
            float weave = as_noise_value(u * 2.4f, v * 0.5f, seed) + as_noise_value(u * 0.5f, v * 2.4f, seed + 1u);
            float peel = as_noise_value(u * 1.3f, v * 1.3f, seed + 2u);
            float slope =
                -(copper[i] - west) * PCB_LIGHT_X - (copper[i] - north) * PCB_LIGHT_Y; /* up towards the lamp */
            float cast = as_paint_step(1.5f, -0.3f, AS_MAX(fabsf(u - 0.8f) - PCB_HALF_X, fabsf(v - 1.0f) - PCB_HALF_Y));
            float cut = as_paint_step(-0.45f, -0.1f, d); /* the edge was milled: bare laminate */
            float bright = AS_MAX(slope, 0.0f) * 0.10f * q->gloss + 0.004f * q->gloss * (1.0f + peel);
            as_colour c = as_colour_scale(as_colour_mix(low, high, copper[i]),
                                          1.0f + 0.05f * weave + 0.03f * peel + 0.55f * slope);
            c = as_colour_mix(c, as_colour_screen(0x8c8a5a), 0.5f * cut);
            canvas->r[i] = (c.r + bright) * cover;
            canvas->g[i] = (c.g + bright) * cover;
            canvas->b[i] = (c.b + bright) * cover;
            keep[i] = (1.0f - cover) * (1.0f - 0.7f * cast);
        }
}

/* Solder stands on a pad like a drop: bright where it leans half way to the lamp. */
static void pcb_solder(const as_canvas *canvas, const as_pose *pose, const pcb_pad *pad, as_colour colour, float dome,
                       uint32_t seed)
{
    float      own = as_noise_unit(as_noise_mix(seed));
    pcb_finish f = {.colour = as_colour_scale(colour, 0.85f + 0.2f * own),
                    .bevel = 0.16f,
                    .edge = 0.45f,
                    .corner = 0.14f,
                    .dome = dome * (0.7f + 0.5f * own),
                    .shine = 0.42f + 0.3f * own,
                    .grain = 0.07f};
    pcb_box(canvas, pose, (float[4]){pad->x, pad->y, pad->half_x, pad->half_y}, &f, seed);
}

static void pcb_pads(const pcb_part *part, const as_canvas *canvas, const as_pose *pose, uint32_t seed)
{
    const as_colour tin = as_colour_screen(0xa9a79c);
    const float     dome = part->kind == PCB_CHIP ? 0.6f : 0.75f;
    pcb_pad         pads[PCB_PART_PADS];
    for (uint32_t i = 0, n = as_pcb_pads(part, pads); i < n; i++)
        pcb_solder(canvas, pose, &pads[i], tin, dome, seed + i);
}

static void pcb_draw_via(const as_canvas *canvas, const as_pose *pose, float x, float y)
{
    const pcb_finish ring = {as_colour_screen(0xb4ab88), 0.2f, 0.5f, 0.44f, 0.5f, 0.30f, 0.05f};
    pcb_box(canvas, pose, (float[4]){x, y, 0.45f, 0.45f}, &ring, 3u);
    pcb_dot(canvas, pose, x, y, 0.2f, as_colour_screen(0x0b100d));
    as_pcb_fill(canvas, pose, (float[4]){x + 0.09f, y + 0.11f, x + 0.09f, y + 0.11f}, 0.06f, as_colour_screen(0x6d6a58),
                0.7f);
}

static void pcb_silk_part(const pcb_part *part, uint32_t number, const as_canvas *canvas, const as_pose *pose)
{
    static const char initials[] = {'U', 'R', 'C', 'C'};
    as_colour         silk = as_colour_screen(0xe4e6dc);
    char              name[8];
    bool              tall = part->upright;
    float hx = (tall ? part->half_y : part->half_x) + 0.55f, hy = (tall ? part->half_x : part->half_y) + 0.55f;
    snprintf(name, sizeof name, "%c%u", initials[part->kind], number % 100u);
    for (int side = -1; side <= 1 && part->kind != PCB_CHIP; side += 2) {
        float x = tall ? (float)side * hx : 0.5f * hx, y = tall ? 0.5f * hy : (float)side * hy;
        as_pcb_fill(canvas, pose,
                    (float[4]){part->x + (tall ? x : -x), part->y + (tall ? -y : y), part->x + x, part->y + y}, 0.09f,
                    silk, 0.85f);
    }
    if (part->kind == PCB_CHIP) {
        as_pcb_fill(canvas, pose, (float[4]){part->x - 2.3f, part->y - 5.9f, part->x + 2.3f, part->y - 5.9f}, 0.09f,
                    silk, 0.85f);
        pcb_dot(canvas, pose, part->x - 3.4f, part->y - 5.8f, 0.22f, silk);
        pcb_text(canvas, pose, name, part->x - 0.9f, part->y - 6.9f, 0.24f, silk, 0.85f);
        return;
    }
    float length = 4.0f * 0.2f * (float)strlen(name);
    if (tall)
        pcb_text(canvas, pose, name, part->x + hx + 0.25f, part->y, 0.2f, silk, 0.85f);
    else
        pcb_text(canvas, pose, name, part->x - 0.5f * length, part->y - hy - 0.75f, 0.2f, silk, 0.85f);
}

static void pcb_draw_on_board(const pcb_layout *l, uint32_t recipe, const as_canvas *canvas, const as_pose *pose)
{
    static const char *const titles[PCB_RECIPES] = {"SENSOR-4 REV 2.1", "DRIVER-8 REV 1.3", "RADIO-2 REV 3.0"};
    for (uint32_t i = 0; i < l->n_vias; i++)
        pcb_draw_via(canvas, pose, l->vias[i].x, l->vias[i].y);
    for (uint32_t i = 0; i < PCB_FINGERS; i++) {
        const pcb_pad finger = as_pcb_finger(i);
        pcb_solder(canvas, pose, &finger, as_colour_screen(0xc8a44e), 0.25f, 70u);
    }
    for (int i = 0; i < 4; i++) {
        float x = (i % 2 ? 1.0f : -1.0f) * (PCB_HALF_X - 2.6f), y = (i / 2 ? 1.0f : -1.0f) * (PCB_HALF_Y - 2.4f);
        const pcb_finish ring = {as_colour_screen(0xb5b2a4), 0.3f, 0.35f, 1.89f, 0.35f, 0.25f, 0.06f};
        pcb_box(canvas, pose, (float[4]){x, y, 1.9f, 1.9f}, &ring, 9u);
        pcb_dot(canvas, pose, x, y, 1.25f, as_colour_screen(0x0c0d0f));
    }
    for (uint32_t i = 0; i < l->n_parts; i++) {
        pcb_silk_part(&l->parts[i], i + 1u, canvas, pose);
        pcb_pads(&l->parts[i], canvas, pose, 100u + 20u * i);
    }
    pcb_text(canvas, pose, titles[recipe], -26.5f, PCB_HALF_Y - 1.3f, 0.3f, as_colour_screen(0xe4e6dc), 0.9f);
}

size_t as_pcb_board_size(float k, pcb_sprite *ret)
{
    *ret = (pcb_sprite){.width = (uint32_t)(2.0f * (PCB_HALF_X + PCB_MARGIN_MM) * k) + 4u,
                        .height = (uint32_t)(2.0f * (PCB_HALF_Y + PCB_MARGIN_MM) * k) + 4u};
    return (size_t)4 * ret->width * ret->height;
}

size_t as_pcb_part_size(const pcb_part *part, float k, pcb_sprite *ret)
{
    float more = part->kind == PCB_CAN ? 2.6f : part->kind == PCB_CHIP ? 1.7f : 1.2f; /* leads and shadow */
    float x = part->upright ? part->half_y : part->half_x, y = part->upright ? part->half_x : part->half_y;
    *ret =
        (pcb_sprite){.width = (uint32_t)(2.0f * (x + more) * k) + 4u, .height = (uint32_t)(2.0f * (y + more) * k) + 4u};
    return (size_t)4 * ret->width * ret->height;
}

void as_pcb_sprite_place(pcb_sprite *sprite, float *memory)
{
    size_t plane = (size_t)sprite->width * sprite->height;
    for (size_t c = 0; c < 3; c++)
        sprite->light[c] = memory + c * plane;
    sprite->keep = memory + 3 * plane;
}

static as_pose pcb_middle(const pcb_sprite *sprite, float k)
{
    return (as_pose){0.5f * (float)sprite->width, 0.5f * (float)sprite->height, 0.0f, 1.0f, k};
}

void as_pcb_draw_board(const pcb_layout *layout, uint32_t recipe, float px_per_mm, uint32_t seed,
                       const pcb_sprite *sprite, float *work)
{
    as_pose   pose = pcb_middle(sprite, px_per_mm);
    as_canvas canvas = {sprite->light[0], sprite->light[1], sprite->light[2], sprite->width, sprite->height};
    as_canvas map = {work, work, work, sprite->width, sprite->height};
    pcb_draw_copper(layout, &pose, &map);
    pcb_draw_lacquer(&pose, recipe, seed, work, &canvas, sprite->keep);
    pcb_draw_on_board(layout, recipe, &canvas, &pose);
}

/* --- parts --- */

static void pcb_draw_can(const as_canvas *canvas, const as_pose *pose)
{
    const pcb_finish base = {as_colour_screen(0x222427), 0.4f, 0.6f, 0.5f, 0.0f, 0.10f, 0.05f};
    as_colour        silver = as_colour_screen(0xa9aeb2), dark = as_colour_screen(0x24262a);
    float            px = pose->x_px, py = pose->y_px, k = pose->px_per_mm, lx, ly;
    pcb_shadow(canvas, pose, 2.7f, 2.7f, 3.0f);
    pcb_box(canvas, pose, (float[4]){0.0f, 0.0f, 3.1f, 3.1f}, &base, 4u);
    pcb_lamp(pose, &lx, &ly);
    as_paint_area area = as_paint_around(canvas, px, py, 2.9f * k + 1.0f);
    for (uint32_t y = area.y0; y < area.y1; y++)
        for (uint32_t x = area.x0; x < area.x1; x++) {
            float u, v;
            as_pose_to_mm(pose, (float)x, (float)y, &u, &v);
            float r = sqrtf(u * u + v * v) + 1e-4f, lean = (u * lx + v * ly) / r,
                  cover = as_paint_cover((r - 2.9f) * k);
            /* The wall, the rolled rim, and the top with its brushed sheen in two sectors. */
            float wall = 0.50f + 0.40f * lean, rim = 1.0f - fabsf(r - 2.55f) / 0.30f;
            float sheen = (u * ly - v * lx) / r,
                  top = 0.74f + 0.22f * (1.0f - 2.2f * fabsf(sheen)) * as_paint_step(0.2f, 1.4f, r);
            float level = as_paint_mix(top, wall, as_paint_step(2.45f, 2.75f, r)) +
                          0.45f * AS_MAX(rim, 0.0f) * AS_MAX(lean, -0.5f);
            as_colour c = as_colour_scale(silver, AS_MAX(level, 0.1f));
            float     mark = as_paint_cover((1.25f - u) * k) * as_paint_cover((r - 2.4f) * k);
            c = as_colour_mix(c, as_colour_scale(dark, 0.8f + 0.5f * level), mark);
            as_paint_blend(canvas, (size_t)y * canvas->width + x, c, cover);
        }
    pcb_text(canvas, pose, "47", -1.5f, -0.7f, 0.26f, dark, 0.8f);
    pcb_text(canvas, pose, "25V", -1.7f, 0.9f, 0.22f, dark, 0.8f);
}

static void pcb_draw_two_pole(const pcb_part *part, const as_canvas *canvas, const as_pose *pose, uint32_t seed)
{
    static const char *const values[] = {"103", "472", "221", "104", "330", "152"};
    bool                     resistor = part->kind == PCB_RESISTOR;
    float            tone = 0.9f + 0.2f * as_noise_unit(as_noise_mix(seed)), hx = part->half_x, hy = part->half_y;
    const pcb_finish cap = {as_colour_screen(0xb9b9b0), 0.22f, 0.5f, 0.08f, 0.35f, 0.45f, 0.06f};
    const pcb_finish body = {as_colour_scale(as_colour_screen(resistor ? 0x1b1c20 : 0x9a7550), tone),
                             resistor ? 0.10f : 0.22f,
                             resistor ? 0.8f : 0.45f,
                             0.03f,
                             resistor ? 0.0f : 0.12f,
                             resistor ? 0.03f : 0.12f,
                             0.06f};
    pcb_shadow(canvas, pose, hx, hy, resistor ? 0.7f : 1.1f);
    pcb_box(canvas, pose, (float[4]){0.0f, 0.0f, hx, hy}, &cap, seed);
    pcb_box(canvas, pose, (float[4]){0.0f, 0.0f, 0.68f * hx, hy}, &body, seed + 1u);
    if (resistor)
        pcb_text(canvas, pose, values[seed % AS_COUNT(values)], -0.76f, 0.0f, 0.14f, as_colour_screen(0xc4c4bc), 0.9f);
}

static void pcb_draw_leads(const pcb_part *part, const as_canvas *canvas, const as_pose *pose)
{
    const pcb_finish foot = {as_colour_screen(0xb2b2aa), 0.08f, 0.3f, 0.05f, 0.5f, 0.50f, 0.04f};
    const pcb_finish knee = {as_colour_screen(0xe2e2da), 0.08f, 0.2f, 0.05f, 0.2f, 0.35f, 0.02f};
    for (int i = 0; i < 8; i++)
        for (int side = -1; side <= 1; side += 2) {
            float x = (float)i * 1.27f - 4.445f, y = (float)side * part->half_y;
            pcb_box(canvas, pose, (float[4]){x, y + (float)side * 0.75f, 0.22f, 0.42f}, &foot, 5u);
            pcb_box(canvas, pose, (float[4]){x, y + (float)side * 0.2f, 0.22f, 0.20f}, &knee, 6u);
        }
}

static void pcb_draw_chip(const pcb_part *part, const as_canvas *canvas, const as_pose *pose, uint32_t seed)
{
    static const char *const names[] = {"AX7204", "MK32L0", "DQ8825", "TL1106", "NR5240"};
    static const char *const dates[] = {"2437", "2512", "2508", "2446"};
    const pcb_finish         body = {as_colour_screen(0x1d1e22), 0.45f, 0.9f, 0.06f, 0.06f, 0.035f, 0.10f};
    as_colour                mark = as_colour_screen(0x8a8f94);
    pcb_shadow(canvas, pose, part->half_x, part->half_y + 0.3f, 1.6f);
    pcb_draw_leads(part, canvas, pose);
    pcb_box(canvas, pose, (float[4]){0.0f, 0.0f, part->half_x, part->half_y}, &body, seed);
    as_pcb_fill(canvas, pose, (float[4]){-4.35f, 1.55f, -4.35f, 1.55f}, 0.42f, as_colour_screen(0x08090a), 1.0f);
    as_pcb_fill(canvas, pose, (float[4]){-4.28f, 1.64f, -4.28f, 1.64f}, 0.30f, as_colour_screen(0x17181b), 1.0f);
    pcb_text(canvas, pose, names[seed % AS_COUNT(names)], -3.5f, -0.65f, 0.29f, mark, 0.85f);
    pcb_text(canvas, pose, dates[(seed >> 8) % AS_COUNT(dates)], -2.2f, 1.15f, 0.24f, mark, 0.8f);
}

static void pcb_draw_one(const pcb_part *part, const as_canvas *canvas, const as_pose *pose, uint32_t seed)
{
    as_pose turned = *pose;
    if (part->upright) { /* its length lies along y */
        turned.cos = 0.0f;
        turned.sin = 1.0f;
    }
    if (part->kind == PCB_CAN)
        pcb_draw_can(canvas, &turned);
    else if (part->kind == PCB_CHIP)
        pcb_draw_chip(part, canvas, &turned, seed);
    else
        pcb_draw_two_pole(part, canvas, &turned, seed);
}

/* Whatever is painted is linear in what it is painted on: on black it is its own light, on white also what it lets through. */
void as_pcb_draw_part(const pcb_layout *layout, uint32_t which, uint32_t recipe, float px_per_mm,
                      const pcb_sprite *sprite, float *work)
{
    as_pose   pose = pcb_middle(sprite, px_per_mm);
    size_t    plane = (size_t)sprite->width * sprite->height;
    as_canvas black = {sprite->light[0], sprite->light[1], sprite->light[2], sprite->width, sprite->height};
    as_canvas white = {work, work + plane, work + 2 * plane, sprite->width, sprite->height};
    uint32_t  seed = as_noise_hash2(which, recipe, 88);
    for (size_t i = 0; i < 3 * plane; i++) {
        sprite->light[0][i] = 0.0f;
        work[i] = 1.0f;
    }
    pcb_draw_one(&layout->parts[which], &black, &pose, seed);
    pcb_draw_one(&layout->parts[which], &white, &pose, seed);
    for (size_t i = 0; i < plane; i++)
        sprite->keep[i] = work[i] - sprite->light[0][i];
}

/* --- into a picture --- */

typedef struct pcb_row {
    float   x0, y0, dx, dy; /* place of the row's first pixel in the sprite, and the way to the next */
    int32_t stride;
} pcb_row;

/* A few pixels of a row that lies nearly level in the sprite: neighbours there are neighbours here, fx is the same for all,
 * and fy begins at fy0 and stays within the same two rows. */
typedef struct pcb_run {
    const float *in[4];
    int32_t      stride;
    float        fx, fy0, dy;
} pcb_run;

static inline float pcb_mix(const float *p, int32_t stride, float fx, float fy)
{
    float top = p[0] + fx * (p[1] - p[0]), low = p[stride] + fx * (p[stride + 1] - p[stride]);
    return top + fy * (low - top);
}

AS_TWIN_CLONES
static void pcb_run_level(const pcb_run *run, uint32_t n, float *restrict r, float *restrict g, float *restrict b)
{
    const float *restrict in_r = run->in[0], *restrict in_g = run->in[1], *restrict in_b = run->in[2],
                          *restrict keep = run->in[3];
    int32_t stride = run->stride;
    float   fx = run->fx, fy0 = run->fy0, dy = run->dy;
    for (uint32_t i = 0; i < n; i++) {
        float fy = fy0 + (float)(int32_t)i * dy, k = pcb_mix(keep + i, stride, fx, fy);
        r[i] = r[i] * k + pcb_mix(in_r + i, stride, fx, fy);
        g[i] = g[i] * k + pcb_mix(in_g + i, stride, fx, fy);
        b[i] = b[i] * k + pcb_mix(in_b + i, stride, fx, fy);
    }
}

/* All of [from, to) lie within the sprite; it is turned by so little that in a block x moves as in the picture. */
static void pcb_line_level(const pcb_row *s, const pcb_sprite *sprite, uint32_t from, uint32_t to, float *r, float *g,
                           float *b)
{
    while (from < to) {
        uint32_t end = AS_MIN(from + PCB_BLOCK, to);
        float    t = (float)(int32_t)from, x = s->x0 + t * s->dx, y = s->y0 + t * s->dy;
        int32_t  ix = (int32_t)x, iy = (int32_t)y;
        float    fy = y - (float)iy, left = s->dy < 0.0f ? fy / -s->dy : (1.0f - fy) / AS_MAX(s->dy, 1e-9f);
        if (left < (float)(end - from)) /* up to where the next row begins */
            end = from + AS_MAX((uint32_t)left, 1u);
        size_t  at = (size_t)iy * (size_t)s->stride + (size_t)ix;
        pcb_run run = {{sprite->light[0] + at, sprite->light[1] + at, sprite->light[2] + at, sprite->keep + at},
                       s->stride,
                       x - (float)ix,
                       fy,
                       s->dy};
        pcb_run_level(&run, end - from, r + from, g + from, b + from);
        from = end;
    }
}

/* The same however it is turned. */
static void pcb_line_turned(const pcb_row *s, const pcb_sprite *sprite, uint32_t from, uint32_t to, float *r, float *g,
                            float *b)
{
    for (uint32_t i = from; i < to; i++) {
        float   t = (float)(int32_t)i, x = s->x0 + t * s->dx, y = s->y0 + t * s->dy;
        int32_t ix = (int32_t)x, iy = (int32_t)y, at = iy * s->stride + ix;
        float   fx = x - (float)ix, fy = y - (float)iy, k = pcb_mix(sprite->keep + at, s->stride, fx, fy);
        r[i] = r[i] * k + pcb_mix(sprite->light[0] + at, s->stride, fx, fy);
        g[i] = g[i] * k + pcb_mix(sprite->light[1] + at, s->stride, fx, fy);
        b[i] = b[i] * k + pcb_mix(sprite->light[2] + at, s->stride, fx, fy);
    }
}

/* Cuts [*from, *to) to where start + i * step lies in [0, most). */
static void pcb_cut(float start, float step, float most, float *from, float *to)
{
    if (fabsf(step) < 1e-6f) {
        if (start < 0.0f || start >= most)
            *to = *from;
        return;
    }
    float a = -start / step, b = (most - start) / step;
    *from = AS_MAX(*from, AS_MIN(a, b));
    *to = AS_MIN(*to, AS_MAX(a, b));
}

void as_pcb_lay(const pcb_sprite *sprite, const as_pose *pose, const as_canvas *canvas)
{
    float         k = pose->px_per_mm, half_x = 0.5f * (float)sprite->width, half_y = 0.5f * (float)sprite->height;
    as_paint_area area = as_paint_around(canvas, pose->x_px, pose->y_px, sqrtf(half_x * half_x + half_y * half_y));
    pcb_row       row = {.dx = pose->cos, .dy = -pose->sin, .stride = (int32_t)sprite->width};
    const bool    level = pose->cos > PCB_LEVEL;
    for (uint32_t y = area.y0; y < area.y1; y++) {
        float u, v, from = (float)area.x0, to = (float)area.x1;
        as_pose_to_mm(pose, 0.0f, (float)y, &u, &v);
        row.x0 = u * k + half_x;
        row.y0 = v * k + half_y;
        pcb_cut(row.x0, row.dx, (float)sprite->width - 1.5f, &from, &to);
        pcb_cut(row.y0, row.dy, (float)sprite->height - 1.5f, &from, &to);
        from += 1.0f; /* of what is rounded, nothing may lie outside */
        to -= 1.0f;
        if (to <= from)
            continue;
        size_t at = (size_t)y * canvas->width;
        (level ? pcb_line_level : pcb_line_turned)(&row, sprite, (uint32_t)from, (uint32_t)to, canvas->r + at,
                                                   canvas->g + at, canvas->b + at);
    }
}
