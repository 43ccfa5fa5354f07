/* SPDX-License-Identifier: Apache-2.0 */
#include "twin/imager.h"

#include <math.h>

#include "twin/kernel.h"
#include "twin/noise.h"

#define NOISE_SCALE (1.0f / 147.80167f) /* of the sum of four bytes, less their mean, to deviation 1 */
#define HOT_LOW     30.0                /* a hot pixel's dark current is so many times the others', at least */
#define HOT_SPREAD  2000.0

struct as_imager_spot {
    uint32_t x;
    float    dark_ratio; /* a hot pixel's dark current against the others', 0: dead */
    uint16_t stuck_dn;
};

/* About normal: mean 0, deviation 1. */
static inline float imager_noise(uint32_t bits)
{
    int32_t sum = (int32_t)((bits & 255u) + ((bits >> 8) & 255u) + ((bits >> 16) & 255u) + (bits >> 24));
    return (float)(sum - 510) * NOISE_SCALE;
}

/* 2^x by its series: the same bits everywhere. */
static double imager_power_of_two(double x)
{
    double t = x * 0.69314718055994531 / 256.0, sum = 1.0;
    for (int i = 10; i >= 1; i--)
        sum = 1.0 + t / i * sum;
    for (int i = 0; i < 8; i++)
        sum *= sum;
    return sum;
}

double as_imager_dark_e(const as_imager_cfg *cfg, double exposure_s, double temperature_c)
{
    double degrees = AS_MIN(AS_MAX(temperature_c - cfg->dark_at_c, -100.0), 100.0);
    return cfg->dark_e_per_s * exposure_s * imager_power_of_two(degrees / cfg->dark_doubling_c);
}

static bool imager_check(const as_imager_cfg *cfg, as_err *err)
{
    const struct {
        const char *name;
        double      value, low, high;
    } rows[] = {{"bits", cfg->bits, 8, 16},
                {"quantum efficiency", cfg->quantum_ratio, 1e-4, 1},
                {"gain in digital numbers an electron", cfg->gain_dn_per_e, 1e-4, 1e3},
                {"full well in electrons", cfg->full_well_e, 10, 1e7},
                {"temporal dark noise in electrons", cfg->dark_noise_e, 0, 1e5},
                {"dark current in electrons a second", cfg->dark_e_per_s, 0, 1e6},
                {"temperature of the dark current", cfg->dark_at_c, -100, 100},
                {"doubling temperature", cfg->dark_doubling_c, 1, 50},
                {"DSNU in electrons", cfg->dsnu_e, 0, 1e5},
                {"PRNU", cfg->prnu_ratio, 0, 0.25},
                {"black level", cfg->black_dn, 0, 0.5 * (double)(1u << AS_MIN(cfg->bits, 16u))},
                {"share of hot pixels", cfg->hot_ratio, 0, 0.05},
                {"share of dead pixels", cfg->dead_ratio, 0, 0.05}};
    for (size_t i = 0; i < AS_COUNT(rows); i++)
        if (!(rows[i].value >= rows[i].low && rows[i].value <= rows[i].high))
            return AS_FAIL(err, AS_EINVAL, "a sensor with a %s of '%g' cannot be: %g to %g is possible", rows[i].name,
                           rows[i].value, rows[i].low, rows[i].high);
    return true;
}

static uint32_t imager_seed(const as_imager_cfg *cfg, uint32_t which)
{
    return as_noise_mix((uint32_t)cfg->seed + which * 0x632be5abu) ^ (uint32_t)(cfg->seed >> 32);
}

/* True when pixel i is one of a share of them. */
static bool imager_is_one(uint32_t i, uint32_t seed, double share)
{
    return share > 0.0 && (double)as_noise_mix(i * 0x9e3779b1u + seed) < share * 4294967296.0;
}

static void imager_find_spots(as_imager *imager, bool keep)
{
    const as_imager_cfg *cfg = &imager->cfg;
    uint32_t             hot = imager_seed(cfg, 3), dead = imager_seed(cfg, 4), top = (1u << cfg->bits) - 1u;
    imager->n_spots = imager->n_hot = imager->n_dead = 0;
    for (uint32_t i = 0; i < cfg->width * cfg->height; i++) {
        if (keep && i % cfg->width == 0)
            imager->row_spots[i / cfg->width] = imager->n_spots;
        bool is_dead = imager_is_one(i, dead, cfg->dead_ratio);
        if (!is_dead && !imager_is_one(i, hot, cfg->hot_ratio))
            continue;
        float u = as_noise_unit(as_noise_mix(i * 0x9e3779b1u + ~hot));
        imager->n_hot += !is_dead;
        imager->n_dead += is_dead;
        if (keep)
            imager->spots[imager->n_spots] =
                (as_imager_spot){.x = i % cfg->width,
                                 .dark_ratio = is_dead ? 0.0f : (float)(HOT_LOW + HOT_SPREAD * (double)(u * u * u * u)),
                                 .stuck_dn = (uint16_t)(u < 0.7f ? 0u : top)};
        imager->n_spots++;
    }
    if (keep)
        imager->row_spots[cfg->height] = imager->n_spots;
}

static void imager_make_maps(as_imager *imager)
{
    const as_imager_cfg *cfg = &imager->cfg;
    uint32_t             offset = imager_seed(cfg, 1), slope = imager_seed(cfg, 2), n = cfg->width * cfg->height;
    for (uint32_t i = 0; i < n; i++) {
        imager->offset_e[i] = (float)cfg->dsnu_e * imager_noise(as_noise_mix(i * 0x9e3779b1u + offset));
        imager->slope[i] = 1.0f + (float)cfg->prnu_ratio * imager_noise(as_noise_mix(i * 0x9e3779b1u + slope));
    }
}

bool as_imager_init(as_imager *imager, const as_imager_cfg *cfg, as_err *err)
{
    *imager = (as_imager){.cfg = *cfg};
    if (!imager_check(cfg, err))
        return false;
    size_t n = (size_t)cfg->width * cfg->height;
    imager->offset_e = malloc(2 * n * sizeof *imager->offset_e);
    imager->row_spots = malloc(((size_t)cfg->height + 1) * sizeof *imager->row_spots);
    imager_find_spots(imager, false);
    imager->spots = malloc((imager->n_spots + 1) * sizeof *imager->spots);
    if (!imager->offset_e || !imager->row_spots || !imager->spots)
        return AS_FAIL(err, AS_ENOMEM, "no memory for a sensor of %u x %u pixels", cfg->width, cfg->height);
    imager->slope = imager->offset_e + n;
    imager_find_spots(imager, true);
    imager_make_maps(imager);
    return true;
}

void as_imager_done(as_imager *imager)
{
    free(imager->offset_e);
    free(imager->spots);
    free(imager->row_spots);
    *imager = (as_imager){0};
}

uint32_t as_imager_white_dn(const as_imager *imager)
{
    double full = imager->cfg.full_well_e * imager->cfg.gain_dn_per_e + imager->cfg.black_dn;
    double top = (double)((1u << imager->cfg.bits) - 1u);
    return (uint32_t)AS_MIN(full, top);
}

double as_imager_saturation_photons(const as_imager_cfg *cfg)
{
    double top = ((double)((1u << cfg->bits) - 1u) - cfg->black_dn) / cfg->gain_dn_per_e;
    return AS_MIN(cfg->full_well_e, top) / cfg->quantum_ratio;
}

double as_imager_threshold_photons(const as_imager_cfg *cfg)
{
    double rounded = 1.0 / 12.0 / (cfg->gain_dn_per_e * cfg->gain_dn_per_e);
    return (sqrt(cfg->dark_noise_e * cfg->dark_noise_e + rounded) + 0.5) / cfg->quantum_ratio;
}

size_t as_imager_floats(const as_imager *imager)
{
    return imager->cfg.width;
}

typedef struct imager_row {
    const float *offset_e, *slope;
    uint32_t     counter, seed;
    float        scale, dark, read2, full, gain, black, top;
} imager_row;

AS_TWIN_CLONES
static void imager_convert(const imager_row *row, const float *restrict light, size_t w, uint16_t *restrict out)
{
    const float *restrict offset = row->offset_e, *restrict slope = row->slope;
    uint32_t counter = row->counter, seed = row->seed;
    float    scale = row->scale, dark = row->dark, read2 = row->read2, full = row->full, gain = row->gain;
    float    black = row->black + 0.5f, top = row->top;
    for (size_t x = 0; x < w; x++) {
        float    e = (light[x] > 0.0f ? light[x] : 0.0f) * scale * slope[x] + dark;
        uint32_t bits = as_noise_mix((counter + (uint32_t)x) * 0x9e3779b1u + seed);
        int32_t  sum = (int32_t)((bits & 255u) + ((bits >> 8) & 255u) + ((bits >> 16) & 255u) + (bits >> 24));
        e += sqrtf(e + read2) * ((float)(sum - 510) * NOISE_SCALE);
        e = e < full ? e : full;
        float dn = (e + offset[x]) * gain + black;
        dn = dn > 0.0f ? dn : 0.0f;
        dn = dn < top ? dn : top;
        out[x] = (uint16_t)(int32_t)dn;
    }
}

/* What the pixels of row y see behind their filters. */
static void imager_filter(const as_imager *imager, uint32_t y, const float *light, float *out)
{
    size_t       w = imager->cfg.width;
    const float *even = light + (y % 2 ? w : 0), *odd = light + (y % 2 ? 2 * w : w);
    for (size_t x = 0; x < w; x++)
        out[x] = x % 2 ? odd[x] : even[x];
}

static void imager_put_spots(const as_imager *imager, const imager_row *row, uint32_t y, uint16_t *out)
{
    for (size_t i = imager->row_spots[y]; i < imager->row_spots[y + 1]; i++) {
        const as_imager_spot *spot = &imager->spots[i];
        if (spot->dark_ratio <= 0.0f) {
            out[spot->x] = spot->stuck_dn;
            continue;
        }
        float e = row->dark * spot->dark_ratio;
        float noise = imager_noise(as_noise_mix((row->counter + spot->x) * 0x9e3779b1u + ~row->seed));
        float dn = (float)out[spot->x] + (e + sqrtf(e) * noise) * row->gain + 0.5f;
        out[spot->x] = (uint16_t)(dn < row->top ? (dn > 0.0f ? dn : 0.0f) : row->top);
    }
}

void as_imager_row(const as_imager *imager, const as_imager_shot *shot, uint32_t y, const float *light, float *floats,
                   uint16_t *out)
{
    const as_imager_cfg *cfg = &imager->cfg;
    size_t               at = (size_t)y * cfg->width;
    imager_row           row = {.offset_e = imager->offset_e + at,
                                .slope = imager->slope + at,
                                .counter = (uint32_t)at,
                                .seed = as_noise_mix((uint32_t)shot->seed) ^ (uint32_t)(shot->seed >> 32),
                                .scale = (float)(shot->photons * cfg->quantum_ratio),
                                .dark = (float)as_imager_dark_e(cfg, shot->exposure_s, shot->temperature_c),
                                .read2 = (float)(cfg->dark_noise_e * cfg->dark_noise_e),
                                .full = (float)cfg->full_well_e,
                                .gain = (float)cfg->gain_dn_per_e,
                                .black = (float)cfg->black_dn,
                                .top = (float)((1u << cfg->bits) - 1u)};
    if (cfg->bayer) {
        imager_filter(imager, y, light, floats);
        light = floats;
    }
    imager_convert(&row, light, cfg->width, out);
    imager_put_spots(imager, &row, y, out);
}
