/* SPDX-License-Identifier: Apache-2.0 */
#include "twin/warp.h"

#include "twin/kernel.h"
#include "twin/noise.h"
#include "twin/paint.h"

enum { WARP_RUN = 256 };

bool as_warp_is_none(const as_warp *warp)
{
    return warp->distortion == 0.0 && warp->shift_x == 0.0 && warp->shift_y == 0.0 && warp->turn == 0.0;
}

typedef struct warp_row {
    float   x0, y, c, s, k, shift_x, shift_y, mid_x, mid_y;
    int32_t width, height;
} warp_row;

/* Where each pixel of a run comes from. */
AS_TWIN_CLONES
static void warp_where(const warp_row *row, int32_t first, int32_t n, float *restrict xs, float *restrict ys)
{
    float v = row->y, c = row->c, s = row->s, k = row->k, v2 = v * v;
    float add_x = row->mid_x - row->shift_x, add_y = row->mid_y - row->shift_y;
    float max_x = (float)(row->width - 1) - 0.001f, max_y = (float)(row->height - 1) - 0.001f;
    for (int32_t i = 0; i < n; i++) {
        float u = (float)(first + i) + row->x0, g = 1.0f + k * (u * u + v2);
        float x = (c * u + s * v) * g + add_x, y = (c * v - s * u) * g + add_y;
        xs[i] = as_paint_clamp(x, 0.0f, max_x);
        ys[i] = as_paint_clamp(y, 0.0f, max_y);
    }
}

/* As the pixel above and left of it, and the way from there, which replaces the place. */
AS_TWIN_CLONES
static void warp_split(int32_t width, int32_t n, int32_t *restrict at, float *restrict xs, float *restrict ys)
{
    for (int32_t i = 0; i < n; i++) {
        int32_t x = (int32_t)xs[i], y = (int32_t)ys[i];
        at[i] = y * width + x;
        xs[i] -= (float)x;
        ys[i] -= (float)y;
    }
}

/* corners: of each pixel's four neighbours, those above, then those below. */
AS_TWIN_CLONES
static void warp_blend(float corners[4][WARP_RUN], const float *restrict fx, const float *restrict fy, int32_t n,
                       float *restrict out)
{
    for (int32_t i = 0; i < n; i++) {
        float top = corners[0][i] + fx[i] * (corners[1][i] - corners[0][i]);
        float low = corners[2][i] + fx[i] * (corners[3][i] - corners[2][i]);
        out[i] = top + fy[i] * (low - top);
    }
}

/* Loads from anywhere between loops over neighbours, which use the whole width of the processor. */
static void warp_line(const warp_row *row, const float *in, float *out)
{
    int32_t at[WARP_RUN];
    float   fx[WARP_RUN], fy[WARP_RUN], corners[4][WARP_RUN];
    for (int32_t x = 0; x < row->width; x += WARP_RUN) {
        int32_t n = AS_MIN(row->width - x, (int32_t)WARP_RUN);
        warp_where(row, x, n, fx, fy);
        warp_split(row->width, n, at, fx, fy);
        for (int32_t i = 0; i < n; i++) {
            const float *from = in + at[i], *below = from + row->width;
            corners[0][i] = from[0];
            corners[1][i] = from[1];
            corners[2][i] = below[0];
            corners[3][i] = below[1];
        }
        warp_blend(corners, fx, fy, n, out + x);
    }
}

void as_warp_rows(const as_warp *warp, uint32_t width, uint32_t height, uint32_t y0, uint32_t y1, const float *in,
                  float *out)
{
    float    w = (float)(width - warp->left - warp->right), h = (float)(height - warp->top - warp->bottom);
    warp_row row = {.mid_x = (float)warp->left + (w - 1.0f) * 0.5f,
                    .mid_y = (float)warp->top + (h - 1.0f) * 0.5f,
                    .k = (float)(-warp->distortion / (0.25 * ((double)w * (double)w + (double)h * (double)h))),
                    .shift_x = (float)warp->shift_x,
                    .shift_y = (float)warp->shift_y,
                    .width = (int32_t)width,
                    .height = (int32_t)height};
    as_noise_sincos(warp->turn, &row.s, &row.c);
    row.x0 = -row.mid_x;
    for (uint32_t y = y0; y < y1; y++) {
        row.y = (float)(int32_t)y - row.mid_y;
        warp_line(&row, in, out + (size_t)y * width);
    }
}

void as_warp_plane(const as_warp *warp, uint32_t width, uint32_t height, const float *in, float *out)
{
    as_warp_rows(warp, width, height, 0, height, in, out);
}

void as_warp_point(const as_warp *warp, uint32_t width, uint32_t height, double *x, double *y)
{
    float  s, c;
    double mid_x = (width - 1.0) * 0.5, mid_y = (height - 1.0) * 0.5;
    as_noise_sincos(warp->turn, &s, &c);
    double dx = *x - mid_x + warp->shift_x, dy = *y - mid_y + warp->shift_y;
    double u = (double)c * dx - (double)s * dy, v = (double)c * dy + (double)s * dx;
    double r2 = (u * u + v * v) / (0.25 * ((double)width * width + (double)height * height));
    *x = mid_x + u * (1.0 + warp->distortion * r2);
    *y = mid_y + v * (1.0 + warp->distortion * r2);
}
