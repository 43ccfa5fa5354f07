/* SPDX-License-Identifier: Apache-2.0 */
#include "twin/feret.h"

#include <math.h>
#include <string.h>

as_feret as_feret_begin(as_feret_point *points, size_t rows)
{
    return (as_feret){.left = points, .right = points + rows};
}

/* Above 0 where c lies right of the way from a to b, seen with y downwards. */
static double feret_turn(as_feret_point a, as_feret_point b, as_feret_point c)
{
    double ux = (double)b.x - (double)a.x, uy = (double)b.y - (double)a.y;
    double vx = (double)c.x - (double)a.x, vy = (double)c.y - (double)a.y;
    return ux * vy - uy * vx;
}

/* A corner that lies within what the next one opens is none. sign: 1 on the left, -1 on the right. */
static void feret_add(as_feret_point *chain, size_t *n, as_feret_point p, double sign)
{
    while (*n >= 2 && sign * feret_turn(chain[*n - 2], chain[*n - 1], p) >= 0.0)
        --*n;
    chain[(*n)++] = p;
}

void as_feret_row(as_feret *feret, float x0, float x1, float y)
{
    feret_add(feret->left, &feret->n_left, (as_feret_point){x0, y}, 1.0);
    feret_add(feret->right, &feret->n_right, (as_feret_point){x1, y}, -1.0);
}

/* Corner i of the hull: down on the left, up on the right. */
static as_feret_point feret_corner(const as_feret *feret, size_t i)
{
    const size_t n = feret->n_left + feret->n_right;
    i %= n;
    return i < feret->n_left ? feret->left[i] : feret->right[n - 1 - i];
}

/* The greatest distance of a corner from the side a, b, and how far from both ends any lies. */
static double feret_breadth(const as_feret *feret, size_t side)
{
    const as_feret_point a = feret_corner(feret, side), b = feret_corner(feret, side + 1);
    const double         length = hypot((double)b.x - (double)a.x, (double)b.y - (double)a.y);
    double               most = 0.0;
    if (length <= 0.0)
        return INFINITY;
    for (size_t i = 0; i < feret->n_left + feret->n_right; i++)
        most = fmax(most, fabs(feret_turn(a, b, feret_corner(feret, i))));
    return most / length;
}

void as_feret_end(const as_feret *feret, double *ret_most, double *ret_least)
{
    const size_t n = feret->n_left + feret->n_right;
    double       most = 0.0, least = INFINITY;
    for (size_t i = 0; i < n; i++) {
        const as_feret_point a = feret_corner(feret, i);
        for (size_t k = i + 1; k < n; k++) {
            const as_feret_point b = feret_corner(feret, k);
            most = fmax(most, hypot((double)b.x - (double)a.x, (double)b.y - (double)a.y));
        }
        least = fmin(least, feret_breadth(feret, i));
    }
    *ret_most = most;
    *ret_least = isfinite(least) ? least : 0.0;
}

void as_feret_of_mask(const uint8_t *inside, uint32_t width, uint32_t y0, uint32_t y1, as_feret_point *points,
                      double *ret_most, double *ret_least)
{
    as_feret feret = as_feret_begin(points, y1 - y0);
    for (uint32_t y = y0; y < y1; y++) {
        const uint8_t *row = inside + (size_t)y * width, *first = memchr(row, 1, width), *last = memrchr(row, 1, width);
        if (first)
            as_feret_row(&feret, (float)(first - row), (float)(last - row), (float)y);
    }
    *ret_most = *ret_least = 0.0;
    if (feret.n_left == 0)
        return;
    as_feret_end(&feret, ret_most, ret_least);
    *ret_most += 1.0;
    *ret_least += 1.0;
}
