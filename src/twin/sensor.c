/* SPDX-License-Identifier: Apache-2.0 */
#include "twin/sensor.h"

#include <math.h>

#include "twin/noise.h"

/* x^(1/5) by Newton's method, for x in 0..1. */
static double sensor_fifth_root(double x)
{
    double r = 0.5 + 0.5 * x;
    for (int i = 0; i < 60; i++)
        r = (4.0 * r + x / (r * r * r * r)) / 5.0;
    return r;
}

/* Linear light of an sRGB value, both 0..1: ((v + 0.055) / 1.055)^2.4. */
static double sensor_linear(double v)
{
    if (v <= 0.04045)
        return v / 12.92;
    double x = (v + 0.055) / 1.055, root = sensor_fifth_root(x);
    return x * x * root * root;
}

static void sensor_make_curve(uint8_t *curve)
{
    int level = 0;
    for (int code = 0; code < AS_SENSOR_CODES; code++) {
        double light = code / (double)(AS_SENSOR_CODES - 1);
        while (level < 255 && light >= sensor_linear((level + 0.5) / 255.0))
            level++;
        curve[code] = (uint8_t)level;
    }
}

/* A box of motion_px, its ends cut exactly, convolved with (side, 1 - 2 side, side). */
static void sensor_make_taps(as_sensor *sensor)
{
    double length = sensor->cfg.motion_px, side = (double)sensor->side;
    int    half = (int)(length / 2.0 + 0.5);
    double box[AS_SENSOR_MAX_TAPS + 4] = {0};
    for (int i = -half; i <= half; i++) {
        double low = AS_MAX(i - 0.5, -length / 2.0), high = AS_MIN(i + 0.5, length / 2.0);
        box[i + half + 2] = length > 0.0 ? AS_MAX(high - low, 0.0) / length : (i == 0 ? 1.0 : 0.0);
    }
    sensor->n_taps = 2 * half + 3;
    for (int i = 0; i < sensor->n_taps; i++)
        sensor->taps[i] = (float)(side * box[i] + (1.0 - 2.0 * side) * box[i + 1] + side * box[i + 2]);
}

static bool sensor_between(double value, double low, double high)
{
    return value >= low && value <= high;
}

bool as_sensor_init(as_sensor *sensor, const as_sensor_cfg *cfg, as_err *err)
{
    if (!sensor_between(cfg->motion_px, 0.0, AS_SENSOR_MAX_BLUR_PX))
        return AS_FAIL(err, AS_EINVAL,
                       "a belt this fast and an exposure this long smear by %.0f pixels, at most %.0f can be shown",
                       cfg->motion_px, AS_SENSOR_MAX_BLUR_PX);
    if (!sensor_between(cfg->gain_e_per_dn, 0.01, 1e6))
        return AS_FAIL(err, AS_EINVAL, "gain '%g' is not within 0.01 to 1000000 electrons a grey level",
                       cfg->gain_e_per_dn);
    if (!sensor_between(cfg->read_noise_e, 0.0, 1e6))
        return AS_FAIL(err, AS_EINVAL, "read noise '%g' is not within 0 to 1000000 electrons", cfg->read_noise_e);
    if (!sensor_between(cfg->lens_px, 0.0, 0.7) || !sensor_between(cfg->vignette_ratio, 0.0, 1.0) ||
        !sensor_between(cfg->exposure_ratio, 0.0, 1e6))
        return AS_FAIL(err, AS_EINVAL, "lens, vignette or exposure is out of range");
    sensor->cfg = *cfg;
    sensor->side = (float)(cfg->lens_px * cfg->lens_px / 2.0); /* three taps of that variance */
    sensor_make_taps(sensor);
    sensor_make_curve(sensor->curve);
    return true;
}

/* One padded input row, three rows of three planes blurred along x, and three rows of converter codes. */
size_t as_sensor_row_floats(const as_sensor *sensor)
{
    return (size_t)sensor->cfg.width * 13 + AS_SENSOR_MAX_TAPS;
}

static void sensor_blur_x(const as_sensor *sensor, const float *restrict in, float *restrict padded,
                          float *restrict out)
{
    size_t w = sensor->cfg.width, half = (size_t)sensor->n_taps / 2;
    for (size_t i = 0; i < half; i++) {
        padded[i] = in[0];
        padded[half + w + i] = in[w - 1];
    }
    memcpy(padded + half, in, w * sizeof *in);
    float first = sensor->taps[0];
    for (size_t x = 0; x < w; x++)
        out[x] = first * padded[x];
    for (size_t k = 1; k < (size_t)sensor->n_taps; k++) {
        const float *shifted = padded + k;
        float        tap = sensor->taps[k];
        for (size_t x = 0; x < w; x++)
            out[x] += tap * shifted[x];
    }
}

typedef struct sensor_row {
    const float *above, *here, *below; /* blurred along x */
    float        y2;                   /* squared distance of the row from the middle, 1 at the corners */
    uint32_t     counter, seed;
} sensor_row;

/* Electrons with their noise as 12-bit codes. The noise is the sum of four uniform bytes: variance exact, no value beyond
 * 3.45 deviations. */
static void sensor_convert(const as_sensor *sensor, const sensor_row *row, float *restrict codes)
{
    const as_sensor_cfg *cfg = &sensor->cfg;
    const float         *above = row->above, *here = row->here, *below = row->below;
    uint32_t             w = cfg->width, counter = row->counter, seed = row->seed;
    float                side = sensor->side, middle = 1.0f - 2.0f * side, full_e = (float)(255.0 * cfg->gain_e_per_dn);
    float                scale = full_e * (float)cfg->exposure_ratio, vignette = (float)cfg->vignette_ratio;
    float                read2 = (float)(cfg->read_noise_e * cfg->read_noise_e);
    float                to_code = (float)(AS_SENSOR_CODES - 1) / full_e, x_mid = (float)(w - 1) * 0.5f;
    float                h = (float)cfg->height, x_scale = 2.0f / sqrtf((float)w * (float)w + h * h);
    for (uint32_t x = 0; x < w; x++) {
        float    dx = ((float)(int32_t)x - x_mid) * x_scale;
        float    fall = 1.0f - vignette * (dx * dx + row->y2);
        float    light = (side * (above[x] + below[x]) + middle * here[x]) * fall;
        float    e = (light > 0.0f ? light : 0.0f) * scale;
        uint32_t bits = as_noise_mix((counter + x) * 0x9e3779b1u + seed);
        int32_t  sum = (int32_t)((bits & 255u) + ((bits >> 8) & 255u) + ((bits >> 16) & 255u) + (bits >> 24));
        float    code = (e + sqrtf(e + read2) * ((float)(sum - 510) * (1.0f / 147.80167f))) * to_code + 0.5f;
        code = code > 0.0f ? code : 0.0f;
        codes[x] = code < (float)(AS_SENSOR_CODES - 1) ? code : (float)(AS_SENSOR_CODES - 1);
    }
}

static void sensor_write_row(const as_sensor *sensor, const float *codes, as_image *image, uint32_t y)
{
    const uint8_t *curve = sensor->curve;
    uint8_t       *out = image->data + (size_t)y * image->stride_bytes;
    uint32_t       w = sensor->cfg.width;
    if (image->pixel == AS_PIXEL_MONO8) {
        for (uint32_t x = 0; x < w; x++)
            out[x] = curve[(int32_t)codes[w + x]];
        return;
    }
    for (uint32_t x = 0; x < w; x++) {
        out[3 * x] = curve[(int32_t)codes[x]];
        out[3 * x + 1] = curve[(int32_t)codes[w + x]];
        out[3 * x + 2] = curve[(int32_t)codes[2 * (size_t)w + x]];
    }
}

void as_sensor_expose(const as_sensor *sensor, const float *light, float *rows, uint64_t seed, as_image *image)
{
    uint32_t w = sensor->cfg.width, h = sensor->cfg.height;
    size_t   plane = (size_t)w * h;
    float   *codes = rows, *blurred = rows + 3 * (size_t)w, *padded = blurred + 9 * (size_t)w;
    float    y_mid = (float)(h - 1) * 0.5f, scale = 2.0f / sqrtf((float)w * (float)w + (float)h * (float)h);
    uint32_t low = (uint32_t)seed, high = (uint32_t)(seed >> 32);
    for (uint32_t next = 0, y = 0; y < h; y++) {
        for (; next < h && next <= y + 1; next++)
            for (size_t c = 0; c < 3; c++)
                sensor_blur_x(sensor, light + c * plane + (size_t)next * w, padded, blurred + (3 * (next % 3) + c) * w);
        uint32_t up = y > 0 ? y - 1 : 0, down = y + 1 < h ? y + 1 : y;
        float    dy = ((float)(int32_t)y - y_mid) * scale;
        for (size_t c = 0; c < 3; c++) {
            sensor_row row = {.above = blurred + (3 * (up % 3) + c) * w,
                              .here = blurred + (3 * (y % 3) + c) * w,
                              .below = blurred + (3 * (down % 3) + c) * w,
                              .y2 = dy * dy,
                              .counter = y * w,
                              .seed = as_noise_mix(low + (uint32_t)c * 0x632be5abu) ^ high};
            sensor_convert(sensor, &row, codes + c * w);
        }
        sensor_write_row(sensor, codes, image, y);
    }
}
