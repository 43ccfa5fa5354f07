/* SPDX-License-Identifier: Apache-2.0 */
#include "twin/extent.h"

#include <string.h>

#define EXTENT_SHARE  4 /* gaps up to 1 / so much of the side of a square of as many pixels are closed, to each side */
#define EXTENT_CLOSED 16u
#define EXTENT_MARGIN (EXTENT_CLOSED + 1u)

typedef struct extent_work {
    uint8_t  *cells, *turned; /* of the extent with a margin, by rows, and by columns */
    uint32_t *stack;
    uint32_t  width, height; /* of cells */
} extent_work;

static size_t extent_cells(uint32_t width, uint32_t height)
{
    return ((size_t)width + 2 * EXTENT_MARGIN) * ((size_t)height + 2 * EXTENT_MARGIN);
}

size_t as_extent_bytes(uint32_t width, uint32_t height)
{
    return extent_cells(width, height) * (2 + sizeof(uint32_t)) + sizeof(uint32_t);
}

as_extent as_extent_of(const uint8_t *inside, uint32_t width, uint32_t height)
{
    as_extent e = {.x0 = width, .y0 = height};
    for (uint32_t y = 0; y < height; y++) {
        const uint8_t *row = inside + (size_t)y * width;
        const uint8_t *first = memchr(row, 1, width);
        if (!first)
            continue;
        uint32_t low = (uint32_t)(first - row), high = low;
        for (uint32_t x = low; x < width; x++) {
            e.n += row[x];
            high = row[x] ? x : high;
        }
        e.x0 = AS_MIN(e.x0, low);
        e.x1 = AS_MAX(e.x1, high + 1);
        e.y0 = AS_MIN(e.y0, y);
        e.y1 = y + 1;
    }
    if (e.n == 0)
        return (as_extent){.n = 0};
    e.cut = e.x0 == 0 || e.y0 == 0 || e.x1 == width || e.y1 == height;
    return e;
}

/* Of each row: 1 where one of the r cells to each side (or, of the least, all of them) is 1; the result is turned. */
static void extent_spread(const uint8_t *in, uint32_t w, uint32_t h, uint32_t r, bool least, uint8_t *out)
{
    const uint32_t need = least ? 2 * r + 1 : 1;
    for (uint32_t y = 0; y < h; y++) {
        const uint8_t *row = in + (size_t)y * w;
        uint32_t       n = 0;
        for (uint32_t x = 0; x < r; x++)
            n += row[x];
        for (uint32_t x = 0; x < w; x++) {
            n += x + r < w ? row[x + r] : 0;
            n -= x > r ? row[x - r - 1] : 0;
            out[(size_t)x * h + y] = n >= need;
        }
    }
}

static void extent_close(const extent_work *work, uint32_t r)
{
    for (int least = 0; least < 2; least++) {
        extent_spread(work->cells, work->width, work->height, r, least, work->turned);
        extent_spread(work->turned, work->height, work->width, r, least, work->cells);
    }
}

/* What cannot be reached from the margin without crossing it is its own: cells become 2 where they can. */
static void extent_flood(const extent_work *work)
{
    size_t   n = 0;
    uint32_t w = work->width, h = work->height;
    work->cells[0] = 2;
    work->stack[n++] = 0;
    while (n > 0) {
        uint32_t       at = work->stack[--n], x = at % w, y = at / w;
        const uint32_t next[] = {at - 1, at + 1, at - w, at + w};
        const bool     is[] = {x > 0, x + 1 < w, y > 0, y + 1 < h};
        for (int i = 0; i < 4; i++)
            if (is[i] && work->cells[next[i]] == 0) {
                work->cells[next[i]] = 2;
                work->stack[n++] = next[i];
            }
    }
}

static uint32_t extent_side(size_t n)
{
    uint32_t side = 0;
    while ((size_t)(side + 1) * (side + 1) <= n)
        side++;
    return side;
}

as_extent as_extent_paint(uint8_t *inside, uint32_t width, uint32_t height, void *scratch)
{
    as_extent e = as_extent_of(inside, width, height);
    if (e.n == 0)
        return e;
    uint32_t    w = e.x1 - e.x0, h = e.y1 - e.y0, r = AS_MIN(1 + extent_side(e.n) / EXTENT_SHARE, EXTENT_CLOSED);
    size_t      cells = extent_cells(w, h);
    extent_work work = {.stack = scratch, .width = w + 2 * EXTENT_MARGIN, .height = h + 2 * EXTENT_MARGIN};
    work.cells = (uint8_t *)scratch + cells * sizeof *work.stack;
    work.turned = work.cells + cells;
    memset(work.cells, 0, cells);
    for (uint32_t y = 0; y < h; y++)
        memcpy(work.cells + (size_t)(y + EXTENT_MARGIN) * work.width + EXTENT_MARGIN,
               inside + (size_t)(e.y0 + y) * width + e.x0, w);
    extent_close(&work, r);
    extent_flood(&work);
    e.n = 0;
    for (uint32_t y = 0; y < h; y++)
        for (uint32_t x = 0; x < w; x++) {
            bool is = work.cells[(size_t)(y + EXTENT_MARGIN) * work.width + EXTENT_MARGIN + x] != 2;
            inside[(size_t)(e.y0 + y) * width + e.x0 + x] = is;
            e.n += is;
        }
    return e;
}
