/* SPDX-License-Identifier: Apache-2.0 */
/* Labels of bottles: their print, drawn once, and how they lie around the glass. */
#include "twin/bottle.h"
#include "twin/kernel.h"
#include "twin/letters.h"
#include "twin/noise.h"
#include "twin/noise_inline.h"

#define LABEL_CORNER_MM 1.6f
#define LABEL_FIBRE_MM  0.9f /* white paper along a tear */

static float label_half_mm(const bottle_kind *kind)
{
    return kind->label_half * kind->radius;
}

size_t as_bottle_art_size(const bottle_kind *kind, float px_per_mm, bottle_art *ret)
{
    float k = px_per_mm * BOTTLE_ART_MORE;
    *ret = (bottle_art){.width = (uint32_t)(2.0f * label_half_mm(kind) * k) + 3u,
                        .height = (uint32_t)((kind->label_high - kind->label_low) * k) + 3u,
                        .px_per_mm = k};
    return (size_t)4 * ret->width * ret->height;
}

/* How much of a place the letters of a text cover, which stand from (x0, y0) down in cells of that size. */
static float label_text(const char *text, float x0, float y0, float cell, float x, float y)
{
    float   u = (x - x0) / cell, v = (y - y0) / cell;
    int32_t col = as_noise_floor(u), row = as_noise_floor(v), at = as_noise_floor(u * 0.25f);
    if (v < 0.0f || row > 4 || at < 0 || (size_t)at >= strlen(text))
        return 0.0f;
    return as_letters_bit(text[at], (uint32_t)(col - 4 * at), (uint32_t)row) ? 1.0f : 0.0f;
}

static float label_text_middle(const char *text, float y0, float cell, float x, float y)
{
    return label_text(text, -0.5f * cell * (4.0f * (float)strlen(text) - 1.0f), y0, cell, x, y);
}

/* Bars that no scanner reads, but that look like one's. */
static float label_bars(float x, float y, float x0, float y0)
{
    if (x < x0 || x > x0 + 11.0f || y < y0 || y > y0 + 8.0f)
        return 0.0f;
    int32_t bar = as_noise_floor((x - x0) / 0.46f);
    return as_noise_hash2((uint32_t)bar, 3, 40) & 1u ? 1.0f : 0.0f;
}

static as_colour label_at(const bottle_kind *kind, float x, float y)
{
    float     half_x = label_half_mm(kind), half_y = 0.5f * (kind->label_high - kind->label_low);
    as_colour paper = as_colour_screen(kind->paper), ink = as_colour_screen(kind->ink),
              accent = as_colour_screen(kind->accent), c = paper;
    float frame = AS_MIN(half_x - fabsf(x), half_y - fabsf(y)), top = -half_y;
    float grain = 0.03f * as_noise_value(x * 3.0f, y * 3.0f, 5u);
    if (y < top + 0.30f * half_y || y > half_y - 0.24f * half_y)
        c = accent;
    if (fabsf(frame - 1.5f) < 0.28f)
        c = ink;
    float dx = x, dy = y - (top + 0.74f * half_y), r = sqrtf(dx * dx + dy * dy), ring = 0.30f * half_y; /* an emblem */
    if (r < ring)
        c = as_colour_mix(accent, paper, dy > -0.35f * ring + 0.9f * fabsf(dx - 0.2f * ring) ? 0.85f : 0.1f);
    if (fabsf(r - ring) < 0.5f)
        c = ink;
    c = as_colour_mix(c, ink, label_text_middle(kind->brand, 0.06f * half_y, 0.050f * half_x, x, y));
    c = as_colour_mix(c, ink, label_text_middle(kind->small, 0.53f * half_y, 0.026f * half_x, x, y));
    c = as_colour_mix(c, paper, 0.9f * label_text_middle("330 ML", half_y - 0.18f * half_y, 0.024f * half_x, x, y));
    if (x > half_x - 15.0f && x < half_x - 2.2f && y > top + 2.2f && y < top + 12.0f)
        c = as_colour_mix(as_colour_screen(0xf2f0ea), as_colour_screen(0x141414),
                          label_bars(x, y, half_x - 14.1f, top + 3.1f));
    return as_colour_scale(c, 1.0f + grain);
}

void as_bottle_art_draw(const bottle_kind *kind, const bottle_art *art)
{
    float half_x = label_half_mm(kind), half_y = 0.5f * (kind->label_high - kind->label_low), k = 1.0f / art->px_per_mm;
    for (uint32_t y = 0; y < art->height; y++)
        for (uint32_t x = 0; x < art->width; x++) {
            as_colour sum = {0.0f, 0.0f, 0.0f};
            for (int i = 0; i < 9; i++) { /* letters have hard edges: nine places a pixel */
                as_colour c = label_at(kind, ((float)x + (float)(i % 3 - 1) / 3.0f) * k - half_x,
                                       ((float)y + (float)(i / 3 - 1) / 3.0f) * k - half_y);
                sum = (as_colour){sum.r + c.r / 9.0f, sum.g + c.g / 9.0f, sum.b + c.b / 9.0f};
            }
            float *texel = art->texels + 4 * ((size_t)y * art->width + x);
            texel[0] = sum.r;
            texel[1] = sum.g;
            texel[2] = sum.b;
            texel[3] = 0.0f;
        }
}

static as_colour label_sample(const bottle_art *art, float x, float y)
{
    float        px = as_paint_clamp(x * art->px_per_mm, 0.0f, (float)art->width - 2.0f);
    float        py = as_paint_clamp(y * art->px_per_mm, 0.0f, (float)art->height - 2.0f), out[4];
    size_t       ix = (size_t)px, iy = (size_t)py;
    float        fx = px - (float)ix, fy = py - (float)iy;
    const float *p = art->texels + 4 * (iy * art->width + ix), *q = p + 4 * (size_t)art->width;
    for (int c = 0; c < 4; c++)
        out[c] = as_paint_mix(as_paint_mix(p[c], p[4 + c], fx), as_paint_mix(q[c], q[4 + c], fx), fy);
    return (as_colour){out[0], out[1], out[2]};
}

/* Where one label lies: its middle above the base, how it is turned about the axis and on the glass, what is torn off. */
typedef struct label_place {
    float                mid, turn, sin, cos, half_x, half_y;
    const bottle_defect *torn;
} label_place;

/* How far the paper reaches beyond a place, mm: below 0 there is none. Lower than *ret_fibre it has lost its print. */
static float label_paper(const label_place *p, float s, float v, float *ret_fibre)
{
    float qx = fabsf(s) - p->half_x + LABEL_CORNER_MM, qy = fabsf(v) - p->half_y + LABEL_CORNER_MM;
    float ox = AS_MAX(qx, 0.0f), oy = AS_MAX(qy, 0.0f);
    float left = LABEL_CORNER_MM - sqrtf(ox * ox + oy * oy) - AS_MIN(AS_MAX(qx, qy), 0.0f);
    *ret_fibre = 0.0f;
    if (!p->torn)
        return left;
    const bottle_defect *d = p->torn; /* a corner is cut off by a ragged line */
    float corner = p->half_x * fabsf(d->cos) + p->half_y * fabsf(d->sin), rag = AS_MIN(0.25f * d->amount, 2.4f);
    float along = (float)d->side * s * fabsf(d->cos) + v * d->sin;
    float across = s * d->sin - v * d->cos;
    float tear = corner - d->amount - along +
                 rag * (as_noise_line(across * 0.30f, d->seed) + 0.4f * as_noise_line(across * 1.3f, d->seed + 1u));
    if (tear < left) {
        *ret_fibre = LABEL_FIBRE_MM;
        return tear;
    }
    return left;
}

/* One row of a label: where it lies on the glass, and how much of it is seen. */
typedef struct label_row {
    float axis, mm, r, v; /* pixels; mm a pixel; of the glass; downwards from the label's middle */
    float turn, sin, cos, half_x, half_y, px_per_mm;
} label_row;

enum { LABEL_BLOCK = 64 };

/* Of a block of pixels. */
typedef struct label_block {
    float a[LABEL_BLOCK], b[LABEL_BLOCK]; /* mm on the label */
    float slant[LABEL_BLOCK], cover[LABEL_BLOCK], shade[LABEL_BLOCK], sheen[LABEL_BLOCK];
} label_block;

/* All of it but what a tear changes. mm on the glass are fewer pixels towards its sides: slant. */
AS_TWIN_CLONES
static void label_bend(const label_row *row, uint32_t x0, uint32_t n, label_block *restrict out)
{
    float axis = row->axis, mm = row->mm, r = row->r, v = row->v, turn = row->turn, sin = row->sin, cos = row->cos;
    float half_x = row->half_x, half_y = row->half_y, k = row->px_per_mm;
    for (uint32_t i = 0; i < n; i++) {
        float u = ((float)(int32_t)(x0 + i) - axis) * mm / r, rest = 1.0f - u * u;
        float facing = sqrtf(rest > 0.0f ? rest : 0.0f), slant = facing > 0.08f ? facing : 0.08f;
        float s = r * (as_noise_asin_inline(u) - turn);
        float a = s * cos + v * sin, b = v * cos - s * sin; /* v is downwards */
        float qx = fabsf(a) - half_x + LABEL_CORNER_MM, qy = fabsf(b) - half_y + LABEL_CORNER_MM;
        float ox = qx > 0.0f ? qx : 0.0f, oy = qy > 0.0f ? qy : 0.0f, most = qx > qy ? qx : qy;
        float left = LABEL_CORNER_MM - sqrtf(ox * ox + oy * oy) - (most < 0.0f ? most : 0.0f);
        float cover = 0.5f + left * k * slant, off = (u + 0.42f) * 5.0f;
        cover = cover < 0.0f ? 0.0f : (cover > 1.0f ? 1.0f : cover);
        out->a[i] = a;
        out->b[i] = b;
        out->slant[i] = slant;
        out->cover[i] = u > -1.0f && u < 1.0f ? cover : 0.0f;
        out->sheen[i] = 0.10f / (1.0f + off * off);
        out->shade[i] = 0.20f + 0.62f * facing - 0.12f * u;
    }
}

static void label_put(const bottle_art *art, const label_place *p, const as_canvas *canvas, size_t at,
                      const label_block *block, uint32_t i, float px_per_mm)
{
    float a = block->a[i], b = block->b[i], cover = block->cover[i], sheen = block->sheen[i], left = 0.0f, fibre = 0.0f;
    if (p->torn && cover > 0.0f) {
        left = label_paper(p, a, b, &fibre);
        cover = as_paint_clamp(0.5f + left * px_per_mm * block->slant[i], 0.0f, 1.0f);
    }
    if (cover <= 0.0f)
        return;
    as_colour c = label_sample(art, a + p->half_x, b + p->half_y);
    if (fibre > 0.0f)
        c = as_colour_mix(as_colour_screen(0xf4f2ec), c, as_paint_step(0.2f * fibre, fibre, left));
    c = as_colour_scale(c, block->shade[i]);
    as_paint_blend(canvas, at, (as_colour){c.r + sheen, c.g + sheen, c.b + sheen}, cover);
}

void as_bottle_draw_label(const as_bottles *bottles, const bottle_part *part, uint32_t shown, const as_canvas *canvas)
{
    const bottle_kind   *kind = &as_bottle_kinds[part->kind];
    const bottle_art    *art = &bottles->arts[part->kind];
    const bottle_defect *askew = as_bottle_has(part, shown, BOTTLE_LABEL);
    if (as_bottle_has(part, shown, BOTTLE_NO_LABEL))
        return;
    label_place p = {.mid =
                         0.5f * (kind->label_low + kind->label_high) + part->label_y + (askew ? askew->amount : 0.0f),
                     .turn = part->turn,
                     .sin = part->label_s + (askew ? askew->sin : 0.0f),
                     .cos = askew ? askew->cos : 1.0f,
                     .half_x = label_half_mm(kind),
                     .half_y = 0.5f * (kind->label_high - kind->label_low),
                     .torn = as_bottle_has(part, shown, BOTTLE_TORN)};
    float       k = part->px_per_mm, reach = p.half_y + fabsf(p.sin) * p.half_x + 1.0f, mm = 1.0f / k;
    float       top = part->base_px - (p.mid + reach) * k, low = part->base_px - (p.mid - reach) * k;
    for (uint32_t y = (uint32_t)AS_MAX(top, 0.0f); y < canvas->height && (float)y < low; y++) {
        float           h = (part->base_px - (float)y) * mm, r = as_bottle_radius(kind, h);
        float           axis = part->x_px + part->lean * h * k, x0 = AS_MAX(axis - r * k, 0.0f), x1 = axis + r * k;
        uint32_t        last = (uint32_t)AS_MIN(AS_MAX(x1, 0.0f), (float)canvas->width - 1.0f);
        const label_row row = {axis, mm, r, p.mid - h, p.turn, p.sin, p.cos, p.half_x, p.half_y, k};
        for (uint32_t x = (uint32_t)x0; x <= last; x += LABEL_BLOCK) {
            uint32_t    n = AS_MIN(last + 1 - x, (uint32_t)LABEL_BLOCK);
            label_block block;
            label_bend(&row, x, n, &block);
            for (uint32_t i = 0; i < n; i++)
                label_put(art, &p, canvas, (size_t)y * canvas->width + x + i, &block, i, k);
        }
    }
}
