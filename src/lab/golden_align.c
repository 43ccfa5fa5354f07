/* SPDX-License-Identifier: Apache-2.0 */
/* What registration needs of a golden picture: its pyramid, and for each level the matrix that turns what differs into a
 * movement. */
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "lab/golden.h"
#include "lab/golden_priv.h"

#define ALIGN_UNKNOWNS (AS_GOLDEN_MOVES + AS_GOLDEN_LIGHTS)
#define ALIGN_RIM      0.06 /* of half a side: what comes into the picture when a part is shifted is not looked at */
#define ALIGN_NOISE    0.05 /* of the logarithm of luma */

/* How far a part may be from its place, so that a picture without structure is not torn about. */
static const double align_spread[AS_GOLDEN_MOVES] = {0.15, 0.15, 0.1, 0.03};

void as_golden_lights(double x, double y, double ret[AS_GOLDEN_LIGHTS])
{
    const double all[AS_GOLDEN_LIGHTS] = {1, x, y, x * x, x * y, y * y, x * x * x, x * x * y, x * y * y, y * y * y};
    memcpy(ret, all, sizeof all);
}

/* Half the size; what is left over is dropped. */
static void align_halve(const float *in, size_t h, size_t w, float *out)
{
    for (size_t y = 0; y < h / 2; y++)
        for (size_t x = 0; x < w / 2; x++) {
            const float *p = in + 2 * y * w + 2 * x;
            out[y * (w / 2) + x] = 0.25f * (p[0] + p[1] + p[w] + p[w + 1]);
        }
}

/* Derivatives of the level by place in -1 to 1. */
static void align_slope(const float *t, size_t h, size_t w, size_t x, size_t y, double *ret_x, double *ret_y)
{
    size_t left = x ? x - 1 : 0, right = x + 1 < w ? x + 1 : x, up = y ? y - 1 : 0, down = y + 1 < h ? y + 1 : y;
    *ret_x = (double)(t[y * w + right] - t[y * w + left]) / (double)(right - left) * (double)w / 2;
    *ret_y = (double)(t[down * w + x] - t[up * w + x]) / (double)(down - up) * (double)h / 2;
}

/* How this pixel would change: by the four movements, then by the light. All 0 at the rim. */
static void align_row(const float *t, size_t h, size_t w, size_t x, size_t y, double row[ALIGN_UNKNOWNS])
{
    double u = as_golden_place(x, w), v = as_golden_place(y, h), by_u, by_v, aspect = (double)w / (double)h;
    memset(row, 0, ALIGN_UNKNOWNS * sizeof *row);
    if (fabs(u) > 1 - ALIGN_RIM || fabs(v) > 1 - ALIGN_RIM)
        return;
    align_slope(t, h, w, x, y, &by_u, &by_v);
    row[0] = by_u;
    row[1] = by_v;
    row[2] = by_v * u * aspect - by_u * v / aspect;
    row[3] = by_u * u + by_v * v;
    as_golden_lights(u, v, row + AS_GOLDEN_MOVES);
}

/* a becomes its inverse; symmetric and positive definite (Gauss and Jordan, no pivots needed). */
static void align_invert(double a[ALIGN_UNKNOWNS][ALIGN_UNKNOWNS])
{
    for (size_t k = 0; k < ALIGN_UNKNOWNS; k++) {
        double pivot = 1 / a[k][k];
        a[k][k] = 1;
        for (size_t j = 0; j < ALIGN_UNKNOWNS; j++)
            a[k][j] *= pivot;
        for (size_t i = 0; i < ALIGN_UNKNOWNS; i++) {
            double by = a[i][k];
            if (i == k)
                continue;
            a[i][k] = 0;
            for (size_t j = 0; j < ALIGN_UNKNOWNS; j++)
                a[i][j] -= by * a[k][j];
        }
    }
}

/* The first rows of (J'J + ridge)^-1 J', for each pixel. */
static void align_steps(const float *t, size_t h, size_t w, float *ret)
{
    double a[ALIGN_UNKNOWNS][ALIGN_UNKNOWNS] = {{0}}, row[ALIGN_UNKNOWNS];
    for (size_t y = 0; y < h; y++)
        for (size_t x = 0; x < w; x++) {
            align_row(t, h, w, x, y, row);
            for (size_t i = 0; i < ALIGN_UNKNOWNS; i++)
                for (size_t j = 0; j < ALIGN_UNKNOWNS; j++)
                    a[i][j] += row[i] * row[j];
        }
    for (size_t i = 0; i < ALIGN_UNKNOWNS; i++)
        a[i][i] += i < AS_GOLDEN_MOVES ? pow(ALIGN_NOISE / align_spread[i], 2) : 1e-3;
    align_invert(a);
    for (size_t y = 0; y < h; y++)
        for (size_t x = 0; x < w; x++) {
            align_row(t, h, w, x, y, row);
            for (size_t m = 0; m < AS_GOLDEN_MOVES; m++) {
                double sum = 0;
                for (size_t j = 0; j < ALIGN_UNKNOWNS; j++)
                    sum += a[m][j] * row[j];
                ret[(y * w + x) * AS_GOLDEN_MOVES + m] = (float)sum;
            }
        }
}

static void align_log(float *at, size_t n)
{
    for (size_t i = 0; i < n; i++)
        at[i] = logf(at[i] + GOLDEN_DARK);
}

/* Luma of the half-size picture into work, halved down the levels. */
static void align_levels(as_golden *golden, size_t k, float *work)
{
    size_t       h = golden->height / 2, w = golden->width / 2, n = h * w;
    const float *mean = golden->mean[0] + k * 3 * n;
    for (size_t i = 0; i < n; i++)
        work[i] = GOLDEN_RED * mean[i] + GOLDEN_GREEN * mean[n + i] + GOLDEN_BLUE * mean[2 * n + i];
    for (size_t l = AS_GOLDEN_LEVELS; l-- > 0; h /= 2, w /= 2) {
        size_t each = h / 2 * (w / 2);
        float *level = golden->level[l] + k * each;
        align_halve(work, h, w, level);
        memcpy(work, level, each * sizeof *work);
        align_log(level, each);
        align_steps(level, h / 2, w / 2, golden->step[l] + k * each * AS_GOLDEN_MOVES);
    }
}

/* Each colour at 1/8 and 1/16. */
static void align_colours(as_golden *golden, size_t k, float *work)
{
    for (size_t c = 0; c < 3; c++) {
        size_t h = golden->height / 2, w = golden->width / 2, at = k * 3 + c;
        float *low = golden->low + at * (h / 8) * (w / 8), *kind = golden->kind + at * (h / 4) * (w / 4);
        memcpy(work, golden->mean[0] + at * h * w, h * w * sizeof *work);
        for (int i = 0; i < 3; i++, h /= 2, w /= 2) {
            align_halve(work, h, w, work); /* reads ahead of what it writes */
            if (i == 1)
                memcpy(kind, work, h / 2 * (w / 2) * sizeof *work);
        }
        memcpy(low, work, h * w * sizeof *work);
        align_log(low, h * w);
        align_log(kind, h * w * 4);
    }
}

bool as_golden_align(as_golden *golden, as_err *err)
{
    size_t n = (size_t)golden->width * golden->height / 4;
    float *work = malloc((n + 1) * sizeof *work);
    if (!work)
        return AS_FAIL(err, AS_ENOMEM, "cannot hold a golden picture of %ux%u", golden->width, golden->height);
    for (size_t k = 0; k < golden->n; k++) {
        align_levels(golden, k, work);
        align_colours(golden, k, work);
    }
    free(work);
    return true;
}
