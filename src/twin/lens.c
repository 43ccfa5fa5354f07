/* SPDX-License-Identifier: Apache-2.0 */
#include "twin/lens.h"

#include <math.h>

#include "twin/kernel.h"
#include "twin/noise.h"

enum { MAX_HALF = AS_LENS_MAX_Y / 2 };

static bool lens_between(double value, double low, double high)
{
    return value >= low && value <= high;
}

/* e^-x for x >= 0 by its series on an eighth of a power of two of x: the same bits everywhere. */
static double lens_decay(double x)
{
    if (x > 60.0)
        return 0.0;
    double t = -x / 64.0, sum = 1.0;
    for (int i = 12; i >= 1; i--)
        sum = 1.0 + t / i * sum;
    for (int i = 0; i < 6; i++)
        sum *= sum;
    return sum;
}

/* Share of the Gaussian's light in each pixel; returns how many to each side. Below 0.7 three values of that variance are
 * nearer to what a pixel gathers than samples of the curve. */
static int lens_spread(double sigma, double *values)
{
    if (sigma <= 0.7) {
        values[0] = values[2] = (double)(float)(sigma * sigma / 2.0);
        values[1] = 1.0 - 2.0 * values[0];
        return 1;
    }
    int    half = (int)(3.0 * sigma + 1.0);
    double sum = 0.0;
    for (int i = -half; i <= half; i++)
        sum += values[i + half] = lens_decay((double)i * i / (2.0 * sigma * sigma));
    for (int i = 0; i <= 2 * half; i++)
        values[i] /= sum;
    return half;
}

/* A disc's light projected on one axis: chords, eight samples a pixel. */
static int lens_disc(double diameter, double *values)
{
    double radius = diameter / 2.0, sum = 0.0;
    int    half = (int)(radius + 0.5);
    for (int i = -half; i <= half; i++) {
        values[i + half] = 0.0;
        for (int k = 0; k < 8; k++) {
            double at = i + (k - 3.5) / 8.0, chord = radius * radius - at * at;
            values[i + half] += chord > 0.0 ? sqrt(chord) : 0.0;
        }
        sum += values[i + half];
    }
    for (int i = 0; sum > 0.0 && i <= 2 * half; i++)
        values[i] /= sum;
    if (sum <= 0.0)
        values[half] = 1.0;
    return half;
}

/* ret = a (2 n + 1 values) with b (2 m + 1) slid over it. */
static void lens_convolve(const double *a, int n, const double *b, int m, double *ret)
{
    for (int i = 0; i <= 2 * (n + m); i++) {
        ret[i] = 0.0;
        for (int k = AS_MAX(0, i - 2 * n); k <= AS_MIN(i, 2 * m); k++)
            ret[i] += b[k] * a[i - k];
    }
}

/* The blur across the belt, and with the way of motion_px, its ends cut exactly, the one along it. */
static void lens_make_taps(as_lens *lens)
{
    double spread[64], disc[32], both[96], box[AS_LENS_MAX_X], way[AS_LENS_MAX_X + 96];
    double length = lens->cfg.motion_px;
    int    half = lens_spread(lens->cfg.spread_px, spread), along = (int)(length / 2.0 + 0.5);
    if (lens->cfg.disc_px > 0.0) {
        int wide = lens_disc(lens->cfg.disc_px, disc);
        lens_convolve(spread, half, disc, wide, both);
        half += wide;
    } else {
        memcpy(both, spread, sizeof spread);
    }
    for (int i = -along; i <= along; i++) {
        double low = AS_MAX(i - 0.5, -length / 2.0), high = AS_MIN(i + 0.5, length / 2.0);
        box[i + along] = length > 0.0 ? AS_MAX(high - low, 0.0) / length : (i == 0 ? 1.0 : 0.0);
    }
    lens_convolve(box, along, both, half, way);
    lens->n_y = 2 * half + 1;
    lens->n_x = 2 * (half + along) + 1;
    for (int i = 0; i < lens->n_y; i++)
        lens->y[i] = (float)both[i];
    for (int i = 0; i < lens->n_x; i++)
        lens->x[i] = (float)way[i];
}

bool as_lens_init(as_lens *lens, const as_lens_cfg *cfg, as_err *err)
{
    if (!lens_between(cfg->motion_px, 0.0, AS_LENS_MAX_MOTION_PX))
        return AS_FAIL(err, AS_EINVAL,
                       "a belt this fast and an exposure this long smear by %.0f pixels, at most %.0f can be shown",
                       cfg->motion_px, AS_LENS_MAX_MOTION_PX);
    if (!lens_between(cfg->spread_px, 0.0, AS_LENS_MAX_SPREAD_PX))
        return AS_FAIL(err, AS_EINVAL, "a lens that blurs by %.1f pixels is beyond the %.0f that can be shown",
                       cfg->spread_px, AS_LENS_MAX_SPREAD_PX);
    if (!lens_between(cfg->disc_px, 0.0, AS_LENS_MAX_DISC_PX))
        return AS_FAIL(err, AS_EINVAL, "this far out of focus a point is %.0f pixels wide, at most %.0f can be shown",
                       cfg->disc_px, AS_LENS_MAX_DISC_PX);
    if (!lens_between(cfg->vignette_ratio, 0.0, 1.0) || !lens_between(cfg->skew_px, -4.0, 4.0))
        return AS_FAIL(err, AS_EINVAL,
                       "the light lost in the corners (%g of 0 to 1), or the way of a row against the one "
                       "above it (%g pixels, of -4 to 4), is out of range",
                       cfg->vignette_ratio, cfg->skew_px);
    lens->cfg = *cfg;
    lens_make_taps(lens);
    return true;
}

size_t as_lens_floats(const as_lens *lens, uint32_t n_planes)
{
    size_t skew = (size_t)(fabs(lens->cfg.skew_px) * lens->cfg.height) + 2;
    return (size_t)AS_LENS_MAX_Y * n_planes * lens->cfg.width + lens->cfg.width + AS_LENS_MAX_X + 2 * skew;
}

as_lens_run as_lens_begin(const as_lens *lens, const float *light, uint32_t n_planes, float *floats)
{
    size_t rows = (size_t)AS_LENS_MAX_Y * n_planes * lens->cfg.width;
    return (as_lens_run){.lens = lens, .light = light, .n_planes = n_planes, .ring = floats, .padded = floats + rows};
}

/* The row as it lies `shift` pixels further on, with room to both sides where the picture's edge goes on. */
static void lens_pad(const as_lens *lens, const float *restrict in, double shift, float *restrict padded)
{
    int32_t w = (int32_t)lens->cfg.width, half = lens->n_x / 2, whole = as_noise_floor((float)shift);
    float   part = (float)(shift - whole);
    if (shift == 0.0) {
        for (int32_t i = 0; i < half; i++) {
            padded[i] = in[0];
            padded[half + w + i] = in[w - 1];
        }
        memcpy(padded + half, in, (size_t)w * sizeof *in);
        return;
    }
    for (int32_t i = 0; i < w + 2 * half; i++) {
        int32_t a = AS_MIN(AS_MAX(i - half + whole, 0), w - 1), b = AS_MIN(AS_MAX(i - half + whole + 1, 0), w - 1);
        padded[i] = in[a] + part * (in[b] - in[a]);
    }
}

AS_TWIN_CLONES
static void lens_weigh_first(const float *restrict in, float tap, size_t n, float *restrict out)
{
    for (size_t x = 0; x < n; x++)
        out[x] = tap * in[x];
}

AS_TWIN_CLONES
static void lens_weigh(const float *restrict in, float tap, size_t n, float *restrict out)
{
    for (size_t x = 0; x < n; x++)
        out[x] += tap * in[x];
}

/* A run of n values at their own places, each the sum of three around it. */
AS_TWIN_CLONES
static void lens_weigh_three(const float *restrict above, const float *restrict here, const float *restrict below,
                             float side, size_t n, float *restrict out)
{
    float middle = 1.0f - 2.0f * side;
    for (size_t x = 0; x < n; x++)
        out[x] = side * (above[x] + below[x]) + middle * here[x];
}

static void lens_blur_x(const as_lens *lens, const float *padded, float *out)
{
    size_t w = lens->cfg.width;
    lens_weigh_first(padded, lens->x[0], w, out);
    for (int k = 1; k < lens->n_x; k++)
        lens_weigh(padded + k, lens->x[k], w, out);
}

static float *lens_ring(const as_lens_run *run, uint32_t y)
{
    return run->ring + (size_t)(y % (uint32_t)run->lens->n_y) * run->n_planes * run->lens->cfg.width;
}

static void lens_take(as_lens_run *run)
{
    const as_lens_cfg *cfg = &run->lens->cfg;
    uint32_t           y = run->next_in++;
    for (uint32_t c = 0; c < run->n_planes; c++) {
        const float *in = run->light + ((size_t)c * cfg->height + y) * cfg->width;
        lens_pad(run->lens, in, cfg->skew_px * (double)y, run->padded);
        lens_blur_x(run->lens, run->padded, lens_ring(run, y) + (size_t)c * cfg->width);
    }
}

/* Light falls with the square of the distance from the middle, 1 at the corners. */
AS_TWIN_CLONES
static void lens_fall(float vignette, float x_mid, float x_scale, float y2, size_t w, float *restrict out)
{
    for (size_t x = 0; x < w; x++) {
        float dx = ((float)(int32_t)x - x_mid) * x_scale;
        out[x] *= 1.0f - vignette * (dx * dx + y2);
    }
}

void as_lens_row(as_lens_run *run, float *out)
{
    const as_lens     *lens = run->lens;
    const as_lens_cfg *cfg = &lens->cfg;
    uint32_t           y = run->next_out++, half = (uint32_t)lens->n_y / 2, last = cfg->height - 1;
    size_t             n = (size_t)run->n_planes * cfg->width;
    while (run->next_in <= last && run->next_in <= y + half)
        lens_take(run);
    if (lens->n_y == 3) {
        lens_weigh_three(lens_ring(run, y > 0 ? y - 1 : 0), lens_ring(run, y), lens_ring(run, AS_MIN(y + 1, last)),
                         lens->y[0], n, out);
    } else {
        for (uint32_t k = 0; k < (uint32_t)lens->n_y; k++) {
            uint32_t at = y + k < half ? 0 : AS_MIN(y + k - half, last);
            if (k == 0)
                lens_weigh_first(lens_ring(run, at), lens->y[k], n, out);
            else
                lens_weigh(lens_ring(run, at), lens->y[k], n, out);
        }
    }
    float w = (float)cfg->width, h = (float)cfg->height, scale = 2.0f / sqrtf(w * w + h * h);
    float dy = ((float)(int32_t)y - (float)last * 0.5f) * scale;
    for (uint32_t c = 0; c < run->n_planes; c++)
        lens_fall((float)cfg->vignette_ratio, (float)(cfg->width - 1) * 0.5f, scale, dy * dy, cfg->width,
                  out + (size_t)c * cfg->width);
}
