/* SPDX-License-Identifier: Apache-2.0 */
#include "twin/warp.h"

#include "twin/kernel.h"
#include "twin/noise.h"

bool as_warp_is_none(const as_warp *warp)
{
    return warp->distortion == 0.0 && warp->shift_x == 0.0 && warp->shift_y == 0.0 && warp->turn == 0.0;
}

typedef struct warp_row {
    float   x0, y, c, s, k, shift_x, shift_y, mid_x, mid_y;
    int32_t width, height;
} warp_row;

AS_TWIN_CLONES
static void warp_line(const warp_row *row, const float *restrict in, float *restrict out)
{
    float   v = row->y, c = row->c, s = row->s, k = row->k, v2 = v * v;
    float   add_x = row->mid_x - row->shift_x, add_y = row->mid_y - row->shift_y;
    int32_t w = row->width, last_x = w - 1, last_y = row->height - 1;
    float   max_x = (float)last_x - 0.001f, max_y = (float)last_y - 0.001f;
    for (int32_t x = 0; x < w; x++) {
        float u = (float)x + row->x0, g = 1.0f + k * (u * u + v2);
        float px = (c * u + s * v) * g + add_x, py = (c * v - s * u) * g + add_y;
        px = px > 0.0f ? (px < max_x ? px : max_x) : 0.0f;
        py = py > 0.0f ? (py < max_y ? py : max_y) : 0.0f;
        int32_t ix = (int32_t)px, iy = (int32_t)py, at = iy * w + ix;
        float   fx = px - (float)ix, fy = py - (float)iy;
        float   top = in[at] + fx * (in[at + 1] - in[at]), low = in[at + w] + fx * (in[at + w + 1] - in[at + w]);
        out[x] = top + fy * (low - top);
    }
}

void as_warp_plane(const as_warp *warp, uint32_t width, uint32_t height, const float *in, float *out)
{
    float    w = (float)width, h = (float)height;
    warp_row row = {.mid_x = (w - 1.0f) * 0.5f,
                    .mid_y = (h - 1.0f) * 0.5f,
                    .k = (float)(-warp->distortion / (0.25 * ((double)w * (double)w + (double)h * (double)h))),
                    .shift_x = (float)warp->shift_x,
                    .shift_y = (float)warp->shift_y,
                    .width = (int32_t)width,
                    .height = (int32_t)height};
    as_noise_sincos(warp->turn, &row.s, &row.c);
    row.x0 = -row.mid_x;
    for (uint32_t y = 0; y < height; y++) {
        row.y = (float)(int32_t)y - row.mid_y;
        warp_line(&row, in, out + (size_t)y * width);
    }
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
