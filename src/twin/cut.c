/* SPDX-License-Identifier: Apache-2.0 */
#include "twin/cut.h"

#include <stdlib.h>
#include <string.h>

#include "twin/dataset.h"
#include "twin/noise.h"

enum { CUT_CELLS = 80 }; /* along the longer side: neighbouring ones that are marked belong together */

/* Which cells of a picture are marked, and to which defect each belongs. */
typedef struct cut_grid {
    uint32_t size, width, height; /* pixels of a cell; cells */
    uint8_t  group[CUT_CELLS + 2][CUT_CELLS + 2];
    uint32_t n;
} cut_grid;

enum { GRID_NONE = 0, GRID_MARKED = 255 };

static void grid_mark(cut_grid *g, const uint8_t *mask, uint32_t w, uint32_t h)
{
    memset(g->group, GRID_NONE, sizeof g->group);
    g->width = (w + g->size - 1) / g->size;
    g->height = (h + g->size - 1) / g->size;
    for (uint32_t y = 0; y < h; y++)
        for (uint32_t x = 0; x < w; x++)
            if (mask[(size_t)y * w + x] > 127)
                g->group[y / g->size][x / g->size] = GRID_MARKED;
}

static void grid_fill(cut_grid *g, uint32_t x, uint32_t y, uint8_t group)
{
    uint16_t stack[(CUT_CELLS + 2) * (CUT_CELLS + 2)];
    size_t   n = 0;
    g->group[y][x] = group;
    stack[n++] = (uint16_t)(y * (CUT_CELLS + 2) + x);
    while (n > 0) {
        uint32_t at = stack[--n], cx = at % (CUT_CELLS + 2), cy = at / (CUT_CELLS + 2);
        for (uint32_t v = cy ? cy - 1 : 0; v <= AS_MIN(cy + 1, g->height - 1); v++)
            for (uint32_t u = cx ? cx - 1 : 0; u <= AS_MIN(cx + 1, g->width - 1); u++)
                if (g->group[v][u] == GRID_MARKED) {
                    g->group[v][u] = group;
                    stack[n++] = (uint16_t)(v * (CUT_CELLS + 2) + u);
                }
    }
}

/* Where there are too many of them, those that are less far apart count as one too. */
static void grid_make(cut_grid *g, const uint8_t *mask, uint32_t w, uint32_t h)
{
    g->size = (AS_MAX(w, h) + CUT_CELLS - 1) / CUT_CELLS;
    for (g->n = AS_CUT_MOST + 1; g->n > AS_CUT_MOST; g->size *= 2) {
        grid_mark(g, mask, w, h);
        g->n = 0;
        for (uint32_t y = 0; y < g->height; y++)
            for (uint32_t x = 0; x < g->width && g->n <= AS_CUT_MOST; x++)
                if (g->group[y][x] == GRID_MARKED)
                    grid_fill(g, x, y, (uint8_t)++g->n);
        if (g->n <= AS_CUT_MOST)
            return;
    }
}

static bool grid_has(const cut_grid *g, const uint8_t *mask, uint32_t w, uint32_t x, uint32_t y, uint32_t group)
{
    return mask[(size_t)y * w + x] > 127 && g->group[y / g->size][x / g->size] == group;
}

/* A mean over 2 r + 1 neighbours on each side, along rows, with the result turned: twice of it is one in both ways. */
static void cut_blur(const uint8_t *in, uint32_t w, uint32_t h, uint32_t r, uint8_t *out)
{
    for (uint32_t y = 0; y < h; y++) {
        const uint8_t *row = in + (size_t)y * w;
        uint32_t       sum = 0, n = 2 * r + 1;
        for (uint32_t x = 0; x < w + r; x++) {
            sum += x < w ? row[x] : 0;
            sum -= x >= n ? row[x - n] : 0;
            if (x >= r)
                out[(size_t)(x - r) * h + y] = (uint8_t)(sum / n);
        }
    }
}

typedef struct cut_bounds {
    uint32_t x0, y0, x1, y1;
} cut_bounds;

/* A picture with its mask, of which one group of cells is looked at. */
typedef struct cut_source {
    const uint8_t  *pixels, *mask;
    uint32_t        width, height, planes;
    const cut_grid *grid;
    uint32_t        group;
} cut_source;

static cut_bounds cut_find(const cut_source *s)
{
    cut_bounds b = {s->width, s->height, 0, 0};
    for (uint32_t y = 0; y < s->height; y++)
        for (uint32_t x = 0; x < s->width; x++)
            if (grid_has(s->grid, s->mask, s->width, x, y, s->group)) {
                b.x0 = AS_MIN(b.x0, x);
                b.y0 = AS_MIN(b.y0, y);
                b.x1 = AS_MAX(b.x1, x + 1);
                b.y1 = AS_MAX(b.y1, y + 1);
            }
    return b;
}

/* Some of its pixels, spread over it; and the light of what lies around it, in its rim and a little beyond. */
static void cut_look(const cut_source *s, as_cut *cut)
{
    size_t w = s->width, plane = w * s->height, n = 0, seen = 0, total = 0;
    double sum[3] = {0};
    for (size_t i = 0; i < (size_t)cut->width * cut->height; i++)
        total += cut->marked[i];
    for (uint32_t y = 0; y < cut->height; y++)
        for (uint32_t x = 0; x < cut->width; x++) {
            size_t at = (size_t)(cut->y + y) * w + cut->x + x, here = (size_t)y * cut->width + x;
            if (cut->marked[here] && seen++ * AS_CUT_POINTS >= total * cut->n_points && cut->n_points < AS_CUT_POINTS) {
                cut->points[cut->n_points][0] = (uint16_t)(cut->x + x);
                cut->points[cut->n_points++][1] = (uint16_t)(cut->y + y);
            }
            if (s->mask[at] > 20 || cut->alpha[here] == 0)
                continue;
            n++;
            for (size_t k = 0; k < s->planes; k++)
                sum[k] += (double)as_picture_light(s->pixels[k * plane + at]);
        }
    for (size_t k = 0; k < 3; k++)
        cut->around[k] = n ? (float)(sum[k] / (double)n) : -1.0f;
}

/* Half of the places close around it, half further out. */
static void cut_surround(as_cut *cut)
{
    float longest = AS_MAX(cut->core[2], cut->core[3]);
    for (int i = 0; i < AS_CUT_POINTS; i++) {
        float s, c, more = i % 2 ? 3.0f + 0.10f * longest : 6.0f + 0.35f * longest;
        as_noise_sincos(6.283185307179586 * i / AS_CUT_POINTS, &s, &c);
        cut->ring[i][0] = cut->core[0] + 0.5f * cut->core[2] + c * (0.71f * cut->core[2] + more);
        cut->ring[i][1] = cut->core[1] + 0.5f * cut->core[3] + s * (0.71f * cut->core[3] + more);
    }
}

static bool cut_make(const cut_source *s, as_cut *cut)
{
    cut_bounds b = cut_find(s);
    uint32_t   longest = AS_MAX(b.x1 - b.x0, b.y1 - b.y0), r = AS_MIN(2u + longest / 40, 24u), more = 2 * r + 1;
    cut->x = b.x0 > more ? b.x0 - more : 0;
    cut->y = b.y0 > more ? b.y0 - more : 0;
    cut->width = AS_MIN(b.x1 + more, s->width) - cut->x;
    cut->height = AS_MIN(b.y1 + more, s->height) - cut->y;
    const float core[4] = {(float)b.x0, (float)b.y0, (float)(b.x1 - b.x0), (float)(b.y1 - b.y0)};
    memcpy(cut->core, core, sizeof core);
    size_t   n = (size_t)cut->width * cut->height;
    uint8_t *work = malloc(n);
    cut->alpha = malloc(n);
    cut->marked = malloc(n);
    if (!work || !cut->alpha || !cut->marked) {
        free(work);
        return false;
    }
    for (uint32_t y = 0; y < cut->height; y++)
        for (uint32_t x = 0; x < cut->width; x++) {
            bool is = grid_has(s->grid, s->mask, s->width, cut->x + x, cut->y + y, s->group);
            cut->marked[(size_t)y * cut->width + x] = is;
            cut->alpha[(size_t)y * cut->width + x] = is ? 255 : 0;
        }
    cut_blur(cut->alpha, cut->width, cut->height, r, work);
    cut_blur(work, cut->height, cut->width, r, cut->alpha);
    free(work);
    for (size_t i = 0; i < n; i++) { /* all of the defect, however thin, and a soft rim beyond it */
        uint32_t v = cut->marked[i] ? 255u : cut->alpha[i] * 9u / 4u;
        cut->alpha[i] = (uint8_t)AS_MIN(v, 255u);
    }
    cut_look(s, cut);
    cut_surround(cut);
    return true;
}

bool as_cuts_make(const uint8_t *pixels, const uint8_t *mask, uint32_t width, uint32_t height, uint32_t planes,
                  as_cut **ret, uint32_t *ret_n)
{
    cut_grid grid;
    grid_make(&grid, mask, width, height);
    *ret = NULL;
    *ret_n = 0;
    if (grid.n == 0)
        return true;
    as_cut *cuts = calloc(grid.n, sizeof *cuts);
    bool    ok = cuts != NULL;
    for (uint32_t i = 0; ok && i < grid.n; i++) {
        const cut_source source = {pixels, mask, width, height, planes, &grid, i + 1};
        ok = cut_make(&source, &cuts[i]);
    }
    if (!ok) {
        as_cuts_free(cuts, cuts ? grid.n : 0);
        return false;
    }
    *ret = cuts;
    *ret_n = grid.n;
    return true;
}

void as_cuts_free(as_cut *cuts, uint32_t n)
{
    for (uint32_t i = 0; i < n; i++) {
        free(cuts[i].alpha);
        free(cuts[i].marked);
    }
    free(cuts);
}

size_t as_cuts_bytes(const as_cut *cuts, uint32_t n)
{
    size_t sum = n * sizeof *cuts;
    for (uint32_t i = 0; i < n; i++)
        sum += 2 * (size_t)cuts[i].width * cuts[i].height;
    return sum;
}
