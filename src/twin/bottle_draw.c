/* SPDX-License-Identifier: Apache-2.0 */
/* Glass, what is in it, caps, and damage to the glass; the panel behind and the belt below. */
#include "twin/bottle.h"
#include "twin/kernel.h"
#include "twin/noise.h"

#define BELT_MM     13.5f
#define MENISCUS_MM 1.3f

/* e to the power of -x for x >= 0, within 2 %, from what rounds alike everywhere. */
static float bottle_through(float x)
{
    return 1.0f / (1.0f + x * (1.0f + x * (0.5f + x * (0.16666667f + x * 0.041666667f))));
}

float as_bottle_radius(const bottle_kind *kind, float y)
{
    const float(*k)[2] = kind->knots;
    int i = 0;
    y = as_paint_clamp(y, 0.0f, kind->height);
    while (i < BOTTLE_KNOTS - 2 && k[i + 1][0] < kind->height && y > k[i + 1][0])
        i++;
    float r = as_paint_mix(k[i][1], k[i + 1][1], as_paint_step(k[i][0], k[i + 1][0], y));
    if (y > kind->rib_from && y < kind->rib_to) { /* nine rings, or as many as there is room for */
        float turn = (y - kind->rib_from) / 6.5f, wave = turn - (float)as_noise_floor(turn) - 0.5f;
        r += 1.0f * (4.0f * wave * wave - 0.5f);
    }
    float below = kind->height - y;
    if (below > 2.0f && below < kind->cap_height - 1.5f) { /* the thread */
        float turn = below / 3.1f, wave = turn - (float)as_noise_floor(turn) - 0.5f;
        r += 0.7f * (0.5f - 4.0f * wave * wave);
    }
    return r;
}

static void bottle_fill_table(const bottle_kind *kind, bool full, float *table)
{
    for (uint32_t i = 0; i < BOTTLE_STEPS + 2; i++) {
        float u = AS_MIN((float)i / (0.5f * BOTTLE_STEPS) - 1.0f, 1.0f), a = fabsf(u), in = 1.0f - kind->wall;
        float outer = sqrtf(1.0f - AS_MIN(a * a, 1.0f)), inner = a < in ? sqrtf(in * in - a * a) : 0.0f;
        float rim = as_paint_step(in - 0.07f, in + 0.01f, a) * (1.0f - 0.55f * as_paint_step(in + 0.01f, 1.0f, a));
        float bend = full ? 0.9f * as_paint_step(0.70f, 0.96f, a) : 0.0f, keep = AS_MAX(1.0f - 0.75f * rim, 0.0f);
        float lens = (full ? 1.04f - 0.16f * a * a : 0.97f) * keep * (1.0f - bend);
        float off = (u + 0.60f) * 17.0f, strip = 0.17f / (1.0f + off * off * off * off);
        float off2 = (u - 0.70f) * 26.0f, thin = 0.09f / (1.0f + off2 * off2 * off2 * off2);
        for (int c = 0; c < 3; c++) {
            float take = kind->glass[c] * 5.0f * (outer - inner) + (full ? kind->liquid[c] * inner : 0.0f);
            table[i * BOTTLE_CHANNELS + (uint32_t)c] = lens * bottle_through(take);
            table[i * BOTTLE_CHANNELS + 3u + (uint32_t)c] = strip + thin + 0.02f * a;
        }
    }
}

static void bottle_draw_panel(as_bottles *b, float mm, uint32_t seed)
{
    for (uint32_t y = 0; y < b->height; y++)
        for (uint32_t x = 0; x < b->width; x++) {
            float u = ((float)x - 0.5f * (float)b->width) * mm, h = (BOTTLE_BASE * (float)b->height - (float)y) * mm;
            float far = (u * u + (h - 85.0f) * (h - 85.0f)) / 40000.0f;
            float level = 0.80f - 0.20f * far + 0.010f * as_noise_fractal(u * 0.03f, h * 0.03f, seed, 2);
            for (int i = 0; i < 2; i++) { /* rails of the conveyor, behind the bottles */
                float d = fabsf(h - (i ? 34.0f : 118.0f)) - 1.6f, in = as_paint_cover(d / mm);
                level += (0.16f + 0.14f * as_paint_step(0.0f, -1.6f, d) - level) * in;
            }
            size_t at = (size_t)y * b->width + x;
            b->panel[0][at] = level;
            b->panel[1][at] = level * 1.005f;
            b->panel[2][at] = level * 0.985f;
        }
}

/* Links of a chain of plates, seen from the side and a little from above. */
static void bottle_draw_belt(as_bottles *b, float mm, uint32_t seed)
{
    for (uint32_t y = 0; y < b->belt_rows; y++)
        for (uint32_t x = 0; x < b->width + BOTTLE_SPAN_PX; x++) {
            float u = (float)x * mm, v = (float)y * mm, turn = u / 25.4f, in = turn - (float)as_noise_floor(turn);
            float gap = as_paint_step(0.030f, 0.012f, fabsf(in - 0.5f));
            float level = v < 3.5f ? 0.30f + 0.02f * v : 0.10f + 0.05f * as_paint_step(9.0f, 3.5f, v);
            level *= 1.0f + 0.10f * as_noise_value(u * 1.2f, v * 2.0f, seed) +
                     0.08f * as_noise_value(u * 0.15f, v * 0.9f, seed + 1u);
            b->belt[(size_t)y * (b->width + BOTTLE_SPAN_PX) + x] = level * (1.0f - 0.75f * gap);
        }
}

bool as_bottles_prepare(const as_twin *twin, as_bottles *b, as_err *err)
{
    const as_twin_cfg *cfg = as_twin_cfg_of(twin);
    float              k = (float)as_twin_px_per_mm(twin);
    b->width = cfg->width;
    b->height = cfg->height;
    b->belt_rows = (uint32_t)((1.0f - BOTTLE_BASE) * (float)cfg->height) + 2u;
    size_t plane = (size_t)b->width * b->height, belt = (size_t)(b->width + BOTTLE_SPAN_PX) * b->belt_rows;
    size_t table = (BOTTLE_STEPS + 2) * BOTTLE_CHANNELS, total = 3 * plane + belt + 2 * BOTTLE_KINDS * table;
    for (size_t i = 0; i < BOTTLE_KINDS; i++)
        total += as_bottle_art_size(&as_bottle_kinds[i], k, &b->arts[i]);
    if (total > 200u * 1000u * 1000u)
        return AS_FAIL(err, AS_ELIMIT,
                       "bottles drawn with %.0f pixels a millimetre are too large: move the camera away", (double)k);
    float *at = b->memory = malloc(total * sizeof(float));
    if (!at)
        return AS_FAIL(err, AS_ENOMEM, "no memory for bottles of %ux%u pixels", b->width, b->height);
    for (size_t c = 0; c < 3; c++, at += plane)
        b->panel[c] = at;
    b->belt = at;
    at += belt;
    for (size_t i = 0; i < BOTTLE_KINDS; i++) {
        for (size_t full = 0; full < 2; full++, at += table) {
            b->tables[i][full] = at;
            bottle_fill_table(&as_bottle_kinds[i], full, at);
        }
        b->arts[i].texels = at;
        at += (size_t)4 * b->arts[i].width * b->arts[i].height;
        as_bottle_art_draw(&as_bottle_kinds[i], &b->arts[i]);
    }
    uint32_t seed = as_noise_mix((uint32_t)cfg->seed ^ as_noise_mix((uint32_t)(cfg->seed >> 32) + 31u));
    bottle_draw_panel(b, 1.0f / k, seed);
    bottle_draw_belt(b, 1.0f / k, seed + 9u);
    return true;
}

void as_bottles_release(as_bottles *b)
{
    free(b->memory);
}

const bottle_defect *as_bottle_has(const bottle_part *part, uint32_t shown, bottle_class class)
{
    for (uint32_t i = 0; i < part->n_defects; i++)
        if (((shown >> i) & 1u) && part->defects[i].class == class)
            return &part->defects[i];
    return NULL;
}

/* --- glass --- */

typedef struct bottle_row {
    float axis, per_px, radius_px, cover,
        shade; /* middle; of the radius a pixel; the row's share; a shoulder's shade */
} bottle_row;

AS_TWIN_CLONES
static void bottle_line(const bottle_row *row, const float *restrict table, uint32_t x0, uint32_t x1, float *restrict r,
                        float *restrict g, float *restrict b)
{
    float axis = row->axis, per = row->per_px, radius = row->radius_px, all = row->cover, shade = row->shade;
    for (uint32_t x = x0; x < x1; x++) {
        float off = (float)(int32_t)x - axis, away = off < 0.0f ? -off : off, cover = radius - away + 0.5f;
        cover = all * (cover > 0.0f ? (cover < 1.0f ? cover : 1.0f) : 0.0f);
        float t = (off * per + 1.0f) * (0.5f * BOTTLE_STEPS);
        t = t > 0.0f ? (t < (float)BOTTLE_STEPS ? t : (float)BOTTLE_STEPS) : 0.0f;
        int32_t      i = (int32_t)t;
        float        f = t - (float)i;
        const float *p = table + i * BOTTLE_CHANNELS, *q = p + BOTTLE_CHANNELS;
        float        add = cover * (p[3] + f * (q[3] - p[3]));
        r[x] = r[x] * (1.0f - cover * (1.0f - shade * (p[0] + f * (q[0] - p[0])))) + add;
        g[x] = g[x] * (1.0f - cover * (1.0f - shade * (p[1] + f * (q[1] - p[1])))) + add;
        b[x] = b[x] * (1.0f - cover * (1.0f - shade * (p[2] + f * (q[2] - p[2])))) + add;
    }
}

static void bottle_mix(const float *a, const float *b, float t, float *ret)
{
    for (size_t i = 0; i < (BOTTLE_STEPS + 2) * BOTTLE_CHANNELS; i++)
        ret[i] = as_paint_mix(a[i], b[i], t);
}

/* The level's edge is dark: there the liquid climbs the wall. Above it, foam takes light too. */
static float bottle_level_shade(const bottle_kind *kind, float above)
{
    float line = 0.62f * as_paint_step(MENISCUS_MM, 0.25f, fabsf(above - 0.15f));
    float foam = above > 0.0f && kind->foam > 0.0f ? 0.45f * as_paint_step(kind->foam, kind->foam * 0.6f, above) : 0.0f;
    return (1.0f - line) * (1.0f - foam);
}

static void bottle_draw_glass(const as_bottles *b, const bottle_part *part, float fill, const as_canvas *canvas)
{
    const bottle_kind *kind = &as_bottle_kinds[part->kind];
    const float       *empty = b->tables[part->kind][0], *full = b->tables[part->kind][1];
    float              k = part->px_per_mm, mm = 1.0f / k, mixed[(BOTTLE_STEPS + 2) * BOTTLE_CHANNELS];
    float              top = AS_MAX(part->base_px - kind->height * k - 1.0f, 0.0f);
    for (uint32_t y = (uint32_t)top; y < canvas->height && (float)y < part->base_px + 1.0f; y++) {
        float      h = (part->base_px - (float)y) * mm, r = as_bottle_radius(kind, h);
        float      lean = (as_bottle_radius(kind, h + 0.6f) - as_bottle_radius(kind, h - 0.6f)) / 1.2f;
        float      wet = as_paint_clamp((fill - h) * k + 0.5f, 0.0f, 1.0f);
        float      floor = 1.0f - 0.65f * as_paint_step(7.5f, 1.0f, h);
        bottle_row row = {
            .axis = part->x_px + part->lean * h * k,
            .per_px = mm / r,
            .radius_px = r * k,
            .cover =
                as_paint_clamp(h * k + 0.5f, 0.0f, 1.0f) * as_paint_clamp((kind->height - h) * k + 0.5f, 0.0f, 1.0f),
            .shade = floor * (1.0f - 0.55f * lean * lean / (0.4f + lean * lean)) * bottle_level_shade(kind, h - fill)};
        const float *table = wet <= 0.0f ? empty : full;
        if (wet > 0.0f && wet < 1.0f) {
            bottle_mix(empty, full, wet, mixed);
            table = mixed;
        }
        float    left = row.axis - row.radius_px - 1.0f, right = row.axis + row.radius_px + 2.0f;
        uint32_t x0 = (uint32_t)AS_MAX(left, 0.0f), x1 = (uint32_t)AS_MIN(AS_MAX(right, 0.0f), (float)canvas->width);
        size_t   at = (size_t)y * canvas->width;
        if (row.cover > 0.0f)
            bottle_line(&row, table, x0, x1, canvas->r + at, canvas->g + at, canvas->b + at);
    }
}

/* --- damage --- */

/* A crack with one branch: dark where it throws the light aside, a bright flank beside it. */
static float bottle_crack(const bottle_defect *d, float u, float v, float least)
{
    float t = u / d->size + 0.5f, keep = 1.0f;
    if (t < 0.0f || t > 1.0f)
        return 1.0f;
    for (int i = 0; i < 2; i++) {
        float line = 1.3f * as_noise_line(u * 0.32f, d->seed) + 0.5f * as_noise_line(u * 1.1f, d->seed + 1u);
        if (i) { /* the branch leaves where a third of the way is done */
            float away = (t - 0.35f) * d->size;
            if (away < 0.0f)
                break;
            line += (float)d->side * 0.55f * away + 0.4f * as_noise_line(u * 0.6f, d->seed + 2u) * AS_MIN(away, 1.0f);
        }
        float fade = as_paint_step(0.0f, 0.10f, t) * as_paint_step(1.0f, i ? 0.7f : 0.88f, t);
        float a = (v - line) / least, c = (v - line - 1.6f * least) / least;
        keep *= 1.0f - d->amount * fade / (1.0f + a * a * a * a);
        keep *= 1.0f + 0.45f * d->amount * fade / (1.0f + c * c * c * c);
    }
    return keep;
}

/* A stone in the glass, dark, and the glass drawn about it, which bends the light. */
static float bottle_stone(const bottle_defect *d, float u, float v)
{
    float r = sqrtf(u * u + v * v) / (0.5f * d->size) + 0.18f * as_noise_value(u * 1.7f, v * 1.7f, d->seed);
    float core = as_paint_step(1.0f, 0.6f, r), halo = as_paint_step(2.2f, 1.3f, r) * (1.0f - core);
    return (1.0f - 0.92f * d->amount * core) * (1.0f + 0.22f * d->amount * halo);
}

static void bottle_draw_damage(const bottle_part *part, const bottle_defect *d, const as_canvas *canvas)
{
    const bottle_kind *kind = &as_bottle_kinds[part->kind];
    float              k = part->px_per_mm, mm = 1.0f / k;
    float              x = part->x_px + (d->x + part->lean * d->y) * k, y = part->base_px - d->y * k,
          least = AS_MAX(0.16f, 0.42f * mm);
    as_paint_area area = as_paint_around(canvas, x, y, (0.75f * d->size + 3.0f) * k);
    for (uint32_t py = area.y0; py < area.y1; py++) {
        float h = (part->base_px - (float)py) * mm, r = as_bottle_radius(kind, h);
        for (uint32_t px = area.x0; px < area.x1; px++) {
            float dx = ((float)px - x) * mm, dy = ((float)py - y) * mm, from_axis = d->x + dx;
            if (h < 0.5f || h > kind->height || fabsf(from_axis) > 0.97f * r)
                continue;
            float u = dx * d->cos + dy * d->sin, v = dy * d->cos - dx * d->sin;
            float keep = d->class == BOTTLE_CRACK ? bottle_crack(d, u, v, least) : bottle_stone(d, u, v);
            as_paint_darken(canvas, (size_t)py * canvas->width + px, keep);
        }
    }
}

/* --- cap --- */

static void bottle_cap_pixel(const bottle_kind *kind, as_colour colour, const as_canvas *canvas, size_t i,
                             const float at[3], float k)
{
    float u = at[0], v = at[1], r = kind->cap_radius + kind->cap_flare * (1.0f - v / kind->cap_height);
    float top = kind->cap_height, out = AS_MAX(fabsf(u) - r, AS_MAX(-v, v - top)); /* d is no less */
    if (out * k >= 0.5f)
        return;
    float qx = fabsf(u) - r + 1.5f, qy = v - top + 1.5f, ox = AS_MAX(qx, 0.0f), oy = AS_MAX(qy, 0.0f);
    float d = AS_MAX(sqrtf(ox * ox + oy * oy) - 1.5f, out);
    float cover = as_paint_cover(d * k);
    if (cover <= 0.0f)
        return;
    float n = as_paint_clamp(u / r, -1.0f, 1.0f), facing = sqrtf(1.0f - n * n);
    float turn = (as_noise_asin(n) + at[2]) * (float)kind->cap_ribs * 0.31830989f,
          wave = turn - (float)as_noise_floor(turn);
    float ribbed =
        as_paint_step(top - 1.5f, top - 3.0f, v) * (kind->cap_flare > 0.0f ? 1.0f : as_paint_step(3.4f, 4.0f, v));
    float shade = 0.22f + 0.62f * facing - 0.22f * n + 0.30f * ribbed * facing * (fabsf(2.0f * wave - 1.0f) - 0.5f);
    shade *= 1.0f + 0.25f * as_paint_step(top - 2.2f, top - 0.3f, v); /* the upper edge catches light */
    if (kind->cap_flare <= 0.0f)
        shade *=
            1.0f - 0.65f * as_paint_step(0.45f, 0.15f, fabsf(v - 3.3f)); /* the ring that breaks when it is opened */
    float     off = (n + 0.42f) * 7.0f, sheen = 0.16f / (1.0f + off * off);
    as_colour c = as_colour_scale(colour, AS_MAX(shade, 0.02f));
    as_paint_blend(canvas, i, (as_colour){c.r + sheen, c.g + sheen, c.b + sheen}, cover);
}

static void bottle_draw_cap(const bottle_part *part, const bottle_defect *askew, const as_canvas *canvas)
{
    const bottle_kind *kind = &as_bottle_kinds[part->kind];
    float              k = part->px_per_mm, mm = 1.0f / k, foot = kind->height + 1.2f - kind->cap_height;
    float         sin = askew ? askew->sin : 0.0f, cos = askew ? askew->cos : 1.0f, lift = askew ? askew->amount : 0.0f;
    float         x = part->x_px + part->lean * foot * k, y = part->base_px - (foot + lift) * k;
    float         spin = as_noise_unit(as_noise_mix(part->seed + 3u));
    as_colour     colour = as_colour_screen(kind->cap);
    as_paint_area area = as_paint_around(canvas, x, y - 0.5f * kind->cap_height * k,
                                         (kind->cap_radius + kind->cap_flare + kind->cap_height) * k);
    for (uint32_t py = area.y0; py < area.y1; py++)
        for (uint32_t px = area.x0; px < area.x1; px++) {
            float       dx = ((float)px - x) * mm, dy = (y - (float)py) * mm; /* upwards */
            const float at[3] = {dx * cos + dy * sin, dy * cos - dx * sin, spin};
            bottle_cap_pixel(kind, colour, canvas, (size_t)py * canvas->width + px, at, k);
        }
}

/* --- all of it --- */

static void bottle_draw_behind(const as_bottles *b, const bottle_part *part, const as_canvas *canvas)
{
    float      *planes[3] = {canvas->r, canvas->g, canvas->b}, mm = 1.0f / part->px_per_mm;
    size_t      w = b->width, plane = w * b->height;
    uint32_t    first = b->height - AS_MIN(b->height, b->belt_rows - 2u);
    const float radius = as_bottle_kinds[part->kind].radius;
    for (size_t c = 0; c < 3; c++)
        memcpy(planes[c], b->panel[c], plane * sizeof(float));
    for (uint32_t y = first; y < b->height; y++) {
        const float *belt = b->belt + (size_t)(y - first) * (w + BOTTLE_SPAN_PX) + part->belt;
        float        down = (float)(y - first) * mm;
        for (size_t x = 0; x < w; x++) {
            float off = ((float)x - part->x_px) * mm / radius, dark = 0.55f * as_paint_step(1.15f, 0.55f, fabsf(off));
            float level = belt[x] * (1.0f - dark * as_paint_step(6.0f, 0.0f, down));
            canvas->r[y * w + x] = level * 0.97f;
            canvas->g[y * w + x] = level;
            canvas->b[y * w + x] = level * 1.04f;
        }
    }
}

AS_TWIN_CLONES
static void bottle_light(float *restrict p, float level, size_t n)
{
    for (size_t i = 0; i < n; i++)
        p[i] *= level;
}

void as_bottle_draw(const as_bottles *bottles, const bottle_part *part, uint32_t shown, const as_canvas *canvas)
{
    const bottle_defect *low = as_bottle_has(part, shown, BOTTLE_LOW), *over = as_bottle_has(part, shown, BOTTLE_OVER);
    float                fill = part->fill + (low ? low->amount : 0.0f) + (over ? over->amount : 0.0f);
    bottle_draw_behind(bottles, part, canvas);
    bottle_draw_glass(bottles, part, fill, canvas);
    for (uint32_t i = 0; i < part->n_defects; i++)
        if (((shown >> i) & 1u) && part->defects[i].class >= BOTTLE_CRACK)
            bottle_draw_damage(part, &part->defects[i], canvas);
    as_bottle_draw_label(bottles, part, shown, canvas);
    if (!as_bottle_has(part, shown, BOTTLE_NO_CAP))
        bottle_draw_cap(part, as_bottle_has(part, shown, BOTTLE_CAP), canvas);
    float *planes[3] = {canvas->r, canvas->g, canvas->b};
    for (size_t c = 0; c < 3; c++)
        bottle_light(planes[c], part->light, (size_t)canvas->width * canvas->height);
}
