/* SPDX-License-Identifier: Apache-2.0 */
#include "train/augment.h"

#include <math.h>

/* From the output's pixel to the source's: x' = a x + b y + c. */
typedef struct warp {
    float xx, xy, x0, yx, yy, y0;
} warp;

static warp warp_draw(const as_cnn_cfg *cfg, as_rng *rng)
{
    const double turn = as_rng_range(rng, -cfg->rotate_deg, cfg->rotate_deg) * (M_PI / 180.0);
    const double size = 1.0 + as_rng_range(rng, -cfg->scale_ratio, cfg->scale_ratio);
    const double dx = as_rng_range(rng, -cfg->shift_ratio, cfg->shift_ratio) * cfg->width;
    const double dy = as_rng_range(rng, -cfg->shift_ratio, cfg->shift_ratio) * cfg->height;
    const double fx = as_rng_unit(rng) < cfg->flip_x ? -1.0 : 1.0, fy = as_rng_unit(rng) < cfg->flip_y ? -1.0 : 1.0;
    const double c = cos(turn) / size, s = sin(turn) / size;
    const double mx = ((double)cfg->width - 1.0) / 2.0, my = ((double)cfg->height - 1.0) / 2.0;
    warp         w = {.xx = (float)(c * fx), .xy = (float)(-s * fy), .yx = (float)(s * fx), .yy = (float)(c * fy)};
    w.x0 = (float)(mx + dx - (double)w.xx * mx - (double)w.xy * my);
    w.y0 = (float)(my + dy - (double)w.yx * mx - (double)w.yy * my);
    return w;
}

/* Mirrors an index at the ends, the end itself not repeated. */
static inline int32_t mirror(int32_t i, int32_t n)
{
    if (n == 1)
        return 0;
    for (;;) {
        if (i < 0)
            i = -i;
        else if (i >= n)
            i = 2 * n - 2 - i;
        else
            return i;
    }
}

/* Four sums of 16 bits stand for a normal: their sum has its mean and, once scaled, its deviation. */
static inline float noise_of(uint64_t bits)
{
    const float sum = (float)(uint16_t)bits + (float)(uint16_t)(bits >> 16) + (float)(uint16_t)(bits >> 32) +
                      (float)(uint16_t)(bits >> 48);
    return (sum - 131070.0f) * (1.0f / 37837.23f); /* deviation of the sum: 65536 * sqrt(4 / 12) */
}

static void augment_sample(const as_cnn_cfg *cfg, const warp *w, const uint8_t *pixels, float *out)
{
    const int32_t width = (int32_t)cfg->width, height = (int32_t)cfg->height, n = (int32_t)cfg->channels;
    const size_t  plane = (size_t)width * (size_t)height;
    for (int32_t y = 0; y < height; y++) {
        for (int32_t x = 0; x < width; x++) {
            const float sx = w->xx * (float)x + w->xy * (float)y + w->x0,
                        sy = w->yx * (float)x + w->yy * (float)y + w->y0;
            const int32_t  ix = (int32_t)floorf(sx), iy = (int32_t)floorf(sy);
            const float    fx = sx - (float)ix, fy = sy - (float)iy;
            const int32_t  x0 = mirror(ix, width), x1 = mirror(ix + 1, width);
            const int32_t  y0 = mirror(iy, height), y1 = mirror(iy + 1, height);
            const uint8_t *a = pixels + (y0 * width + x0) * n, *b = pixels + (y0 * width + x1) * n;
            const uint8_t *c = pixels + (y1 * width + x0) * n, *d = pixels + (y1 * width + x1) * n;
            const float    wa = (1 - fx) * (1 - fy), wb = fx * (1 - fy), wc = (1 - fx) * fy, wd = fx * fy;
            float         *o = out + (size_t)y * (size_t)width + (size_t)x;
            for (int32_t k = 0; k < n; k++)
                o[(size_t)k * plane] = wa * (float)a[k] + wb * (float)b[k] + wc * (float)c[k] + wd * (float)d[k];
        }
    }
}

void as_augment(const as_cnn_cfg *cfg, const as_input_spec *spec, as_rng *rng, const uint8_t *pixels, float *out)
{
    const warp   w = warp_draw(cfg, rng);
    const size_t plane = (size_t)cfg->width * cfg->height, n = plane * cfg->channels;
    const float  contrast = (float)(1.0 + as_rng_range(rng, -cfg->contrast, cfg->contrast));
    const float  brightness = (float)(255.0 * as_rng_range(rng, -cfg->brightness, cfg->brightness));
    const float  noise = (float)(255.0 * cfg->noise * as_rng_unit(rng));
    double       sum = 0.0;
    augment_sample(cfg, &w, pixels, out);
    for (size_t i = 0; i < n; i++)
        sum += (double)out[i];
    const float mean = (float)(sum / (double)n);
    for (uint32_t k = 0; k < cfg->channels; k++) {
        const float factor = 1.0f / spec->scale[k];
        float      *o = out + k * plane;
        for (size_t i = 0; i < plane; i++) {
            float v = (o[i] - mean) * contrast + mean + brightness;
            if (noise > 0.0f)
                v += noise * noise_of(as_rng_u64(rng));
            v = v < 0.0f ? 0.0f : v > 255.0f ? 255.0f : v;
            o[i] = (v - spec->mean[k]) * factor;
        }
    }
}

void as_augment_none(const as_cnn_cfg *cfg, const as_input_spec *spec, const uint8_t *pixels, float *out)
{
    const size_t plane = (size_t)cfg->width * cfg->height;
    for (size_t i = 0; i < plane; i++)
        for (uint32_t k = 0; k < cfg->channels; k++)
            out[k * plane + i] = ((float)pixels[i * cfg->channels + k] - spec->mean[k]) / spec->scale[k];
}
