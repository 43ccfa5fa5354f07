/* SPDX-License-Identifier: Apache-2.0 */
#include "twin/exposure.h"

#include "twin/kernel.h"
#include "twin/noise.h"

#define TWO_PI 6.283185307179586

static double exposure_part_of_one(double x)
{
    double whole = (double)(int64_t)x;
    return x - (whole > x ? whole - 1.0 : whole);
}

double as_flicker_level(const as_flicker *flicker, uint32_t row)
{
    if (flicker->depth <= 0.0)
        return 1.0;
    /* The mean of a cosine over n turns is its value in the middle, times sin(pi n) / (pi n). */
    double n = flicker->per_s * flicker->open_s, mean = 1.0;
    float  s, c;
    if (n > 1e-6) {
        as_noise_sincos(TWO_PI / 2.0 * (exposure_part_of_one(n / 2.0) * 2.0), &s, &c);
        mean = (double)s / (TWO_PI / 2.0 * n);
    }
    double at = flicker->turn + flicker->per_s * flicker->line_s * row + n / 2.0;
    as_noise_sincos(TWO_PI * exposure_part_of_one(at), &s, &c);
    return 1.0 + flicker->depth * mean * (double)c;
}

size_t as_exposure_bytes(uint32_t width, uint32_t height)
{
    as_lens lens = {.cfg = {.width = width, .height = height, .skew_px = 4.0}};
    size_t  floats = as_lens_floats(&lens, 3) + 8 * (size_t)width;
    return floats * sizeof(float) + ((size_t)width * height + 3 * (size_t)width) * sizeof(uint16_t);
}

AS_TWIN_CLONES
static float exposure_sum(const float *values, size_t n)
{
    float lanes[8] = {0};
    for (size_t i = 0; i + 8 <= n; i += 8)
        for (size_t k = 0; k < 8; k++)
            lanes[k] += values[i + k];
    float sum = 0.0f;
    for (size_t k = 0; k < 8; k++)
        sum += lanes[k];
    return sum;
}

/* From each eighth row: what is scattered is a mean in any case. */
static float exposure_mean(const float *plane, uint32_t width, uint32_t height)
{
    float    sum = 0.0f;
    uint32_t n = 0;
    for (uint32_t y = 0; y < height; y += 8, n++)
        sum += exposure_sum(plane + (size_t)y * width, width) / (float)(width / 8 * 8);
    return sum / (float)n;
}

AS_TWIN_CLONES
static void exposure_light(float *restrict light, float level, float add, size_t w)
{
    for (size_t x = 0; x < w; x++)
        light[x] = light[x] * level + add;
}

/* Of each plane, behind lamp and daylight. */
static void exposure_means(const as_exposure *e, const float *light, float mean[3])
{
    for (uint32_t c = 0; e->veil && c < e->n_planes; c++)
        mean[c] = exposure_mean(light + (size_t)c * e->light_width * e->light_height, e->light_width, e->light_height) *
                      e->level[c] +
                  e->add[c];
}

static bool exposure_is_lit(const as_exposure *e)
{
    bool lit = e->flicker.depth > 0.0;
    for (uint32_t c = 0; c < 3; c++)
        lit = lit || e->level[c] != 1.0f || e->add[c] != 0.0f;
    return lit;
}

/* Lamp, daylight and what lies on the lens. */
static void exposure_station(const as_exposure *e, bool lit, const float mean[3], uint32_t y, float *row)
{
    const size_t w = e->width;
    if (lit) {
        float level = (float)as_flicker_level(&e->flicker, y);
        for (uint32_t c = 0; c < e->n_planes; c++)
            exposure_light(row + c * w, e->level[c] * level, e->add[c], w);
    }
    if (e->veil)
        as_veil_row(e->veil, &e->veil_amount, y + e->veil_row, mean, e->n_planes, row);
}

as_signal as_exposure_signal(const as_exposure *exposure, const float *light)
{
    as_signal signal = {.scale = (float)exposure->exposure_ratio, .most = 1.0f};
    exposure_means(exposure, light, signal.mean);
    if (exposure->imager) {
        const as_imager_cfg *cfg = &exposure->imager->cfg;
        double               white_e = as_imager_saturation_photons(cfg) * cfg->quantum_ratio;
        double               dark_e = as_imager_dark_e(cfg, exposure->shot.exposure_s, exposure->shot.temperature_c);
        signal.scale = (float)(exposure->shot.photons * cfg->quantum_ratio / white_e);
        signal.most = (float)AS_MAX(1.0 - dark_e / white_e, 0.0);
    }
    signal.usual = !exposure->veil && exposure->flicker.depth <= 0.0 && signal.most > 0.9f;
    for (uint32_t c = 0; c < exposure->n_planes; c++) {
        float level = exposure->level[c] * signal.scale;
        signal.usual = signal.usual && level > 0.9f && level < 1.1f && exposure->add[c] <= 0.0f;
    }
    return signal;
}

AS_TWIN_CLONES
static void exposure_limit(float *restrict row, float scale, float most, size_t n)
{
    for (size_t i = 0; i < n; i++) {
        float v = row[i] * scale;
        v = v > 0.0f ? v : 0.0f;
        row[i] = v < most ? v : most;
    }
}

void as_exposure_signal_row(const as_exposure *exposure, const as_signal *signal, uint32_t y, float *row)
{
    exposure_station(exposure, exposure_is_lit(exposure), signal->mean, y, row);
    exposure_limit(row, signal->scale, signal->most, (size_t)exposure->n_planes * exposure->width);
}

static void exposure_write_plain(const as_sensor *sensor, const uint16_t *codes, as_image *image, uint32_t y)
{
    const uint8_t *curve = sensor->curve;
    uint8_t       *out = image->data + (size_t)y * image->stride_bytes;
    size_t         w = image->width;
    if (image->pixel == AS_PIXEL_MONO8) {
        for (size_t x = 0; x < w; x++)
            out[x] = curve[codes[x]];
        return;
    }
    for (size_t x = 0; x < w; x++) {
        out[3 * x] = curve[codes[x]];
        out[3 * x + 1] = curve[codes[w + x]];
        out[3 * x + 2] = curve[codes[2 * w + x]];
    }
}

static void exposure_row(const as_exposure *e, uint32_t y, float *row, float *floats, uint16_t *codes, uint16_t *raw,
                         as_image *image)
{
    size_t     w = e->width;
    const bool colour = as_develop_is_colour(image->pixel);
    for (size_t c = 1; e->n_planes == 1 && colour && c < 3; c++)
        memcpy(row + c * w, row, w * sizeof *row);
    if (e->imager) {
        as_imager_row(e->imager, &e->shot, y, row, floats, raw + (size_t)y * w);
        return;
    }
    uint32_t n = colour ? 3 : 1;
    for (uint32_t c = 0; c < n; c++)
        as_sensor_row(e->sensor, row + c * w, e->exposure_ratio, y, c, e->shot.seed, codes + c * w);
    exposure_write_plain(e->sensor, codes, image, y);
}

void as_exposure_take(const as_exposure *exposure, const float *light, void *scratch, as_image *image,
                      const uint16_t **ret_raw)
{
    uint32_t  w = exposure->width, h = exposure->height, n = exposure->n_planes;
    as_lens   widest = {.cfg = {.width = w, .height = h, .skew_px = 4.0}};
    float    *floats = scratch, *row = floats + as_lens_floats(&widest, 3), *work = row + 3 * (size_t)w, mean[3] = {0};
    uint16_t *raw = (uint16_t *)(void *)(work + 5 * (size_t)w), *codes = raw + (size_t)w * h;
    as_lens_run run = as_lens_begin(exposure->lens, light, n, floats);
    const bool  lit = exposure_is_lit(exposure);
    exposure_means(exposure, light, mean);
    for (uint32_t y = 0; y < h; y++) {
        as_lens_row(&run, row);
        exposure_station(exposure, lit, mean, y, row);
        exposure_row(exposure, y, row, work, codes, raw, image);
    }
    if (exposure->imager)
        as_develop_image(exposure->develop, raw, image);
    if (ret_raw)
        *ret_raw = exposure->imager ? raw : NULL;
}
