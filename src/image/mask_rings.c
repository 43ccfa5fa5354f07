/* SPDX-License-Identifier: Apache-2.0 */
/* The outlines of a mask, along the edges of its pixels. */
#include <stdlib.h>
#include <string.h>

#include "base/vec.h"
#include "image/mask.h"

typedef struct mask_tracer {
    uint8_t *inside; /* with one pixel of nothing all round; bit 1: its left edge was walked */
    size_t   stride;
    AS_VEC(double) points;
    AS_VEC(size_t) ends;
} mask_tracer;

static bool tracer_is_in(const mask_tracer *t, int64_t x, int64_t y)
{
    return t->inside[(size_t)(y + 1) * t->stride + (size_t)(x + 1)] & 1;
}

/* From the left edge of pixel x, y upwards, the inside always on the right hand, back to where it began. */
static bool tracer_walk(mask_tracer *t, int64_t x0, int64_t y0)
{
    static const int8_t step[4][2] = {{0, -1}, {1, 0}, {0, 1}, {-1, 0}}; /* up, right, down, left */
    static const int8_t ahead[4][2][2] = {
        {{-1, -1}, {0, -1}}, {{0, -1}, {0, 0}}, {{0, 0}, {-1, 0}}, {{-1, 0}, {-1, -1}}};
    int64_t x = x0, y = y0 + 1;
    int     to = 0;
    do {
        if (to == 0) /* the pixel on the right has its left edge here */
            t->inside[(size_t)y * t->stride + (size_t)(x + 1)] |= 2;
        x += step[to][0];
        y += step[to][1];
        bool left = tracer_is_in(t, x + ahead[to][0][0], y + ahead[to][0][1]);
        bool right = tracer_is_in(t, x + ahead[to][1][0], y + ahead[to][1][1]);
        int  turn = !right ? 1 : left ? 3 : 0;
        to = (to + turn) % 4;
        if (turn && !(as_vec_push(&t->points, (double)x) && as_vec_push(&t->points, (double)y)))
            return false;
    } while (x != x0 || y != y0 + 1 || to != 0);
    return as_vec_push(&t->ends, t->points.n / 2);
}

bool as_mask_to_rings(const as_mask *mask, double **ret_points, size_t **ret_ends, size_t *ret_n_rings, as_err *err)
{
    mask_tracer t = {.stride = (size_t)mask->width + 2};
    t.inside = calloc((size_t)mask->height + 2, t.stride);
    bool ok = t.inside != NULL;
    if (ok)
        as_mask_to_pixels(mask, t.inside + t.stride + 1, t.stride);
    for (uint32_t y = 0; ok && y < mask->height; y++)
        for (uint32_t x = 0; ok && x < mask->width; x++)
            if (tracer_is_in(&t, x, y) && !tracer_is_in(&t, (int64_t)x - 1, y) &&
                !(t.inside[(size_t)(y + 1) * t.stride + x + 1] & 2))
                ok = tracer_walk(&t, x, y);
    free(t.inside);
    if (!ok) {
        as_vec_done(&t.points);
        as_vec_done(&t.ends);
        return AS_FAIL(err, AS_ENOMEM, "not enough memory for the outline of a mask");
    }
    *ret_points = t.points.at;
    *ret_ends = t.ends.at;
    *ret_n_rings = t.ends.n;
    return true;
}
