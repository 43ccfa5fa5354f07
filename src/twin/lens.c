/* SPDX-License-Identifier: Apache-2.0 */
#include "twin/lens.h"

#include <math.h>

#include "twin/kernel.h"
#include "twin/noise.h"

enum { LENS_MOST_TAPS = AS_LENS_MAX_X + 2, LENS_FEWEST_RINGS = 5, LENS_MOST_RINGS = 24, NYQUIST = 64 };

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

/* Taps of one kind of blur: 2 half + 1 values whose sum is 1. */
typedef struct lens_taps {
    int    half;
    double at[LENS_MOST_TAPS];
} lens_taps;

static void lens_scale(lens_taps *taps)
{
    double sum = 0.0;
    for (int i = 0; i <= 2 * taps->half; i++)
        sum += taps->at[i];
    for (int i = 0; i <= 2 * taps->half; i++)
        taps->at[i] /= sum;
}

static double lens_variance_of(const lens_taps *taps)
{
    double sum = 0.0;
    for (int i = 0; i <= 2 * taps->half; i++)
        sum += taps->at[i] * (i - taps->half) * (i - taps->half);
    return sum;
}

/* A Gaussian. Below 0.7 three values of that variance are nearer to what a pixel gathers than samples of the curve. */
static void lens_spread(double variance, lens_taps *ret)
{
    ret->half = variance > 0.0 ? 1 : 0;
    ret->at[0] = 1.0;
    if (variance <= 0.0)
        return;
    if (variance <= 0.49) {
        ret->at[0] = ret->at[2] = variance / 2.0;
        ret->at[1] = 1.0 - variance;
        return;
    }
    ret->half = (int)(3.0 * sqrt(variance) + 1.0);
    for (int i = -ret->half; i <= ret->half; i++)
        ret->at[i + ret->half] = lens_decay((double)i * i / (2.0 * variance));
    lens_scale(ret);
}

/* A disc's light projected on one axis, gathered by pixels: chords, 32 samples a pixel. */
static void lens_disc_of(double diameter, lens_taps *ret)
{
    double square = diameter * diameter / 4.0;
    ret->half = (int)(diameter / 2.0 + 0.5);
    for (int i = -ret->half; i <= ret->half; i++) {
        double *tap = &ret->at[i + ret->half];
        *tap = 0.0;
        for (int k = 0; k < 32; k++) {
            double at = i + (k - 15.5) / 32.0, chord = square - at * at;
            *tap += chord > 0.0 ? sqrt(chord) : 0.0;
        }
    }
    lens_scale(ret);
}

/* A way's light, its ends cut in their pixels. */
static void lens_way_of(double length, lens_taps *ret)
{
    ret->half = (int)(length / 2.0 + 0.5);
    for (int i = -ret->half; i <= ret->half; i++) {
        double low = AS_MAX(i - 0.5, -length / 2.0), high = AS_MIN(i + 0.5, length / 2.0);
        ret->at[i + ret->half] = AS_MAX(high - low, 0.0) / length;
    }
}

/* Pixels gather light as wide as they are, so that the taps of a shape have another variance than the shape, and those of one
 * within a pixel none. The size whose taps have the wanted one is looked for between a pixel and two more than it says. */
static void lens_fit(void (*shape)(double size, lens_taps *ret), double size, double variance, lens_taps *ret)
{
    double low = 1.0, high = size + 2.0;
    for (int i = 0; i < 40; i++) {
        double mid = (low + high) / 2.0;
        shape(mid, ret);
        if (lens_variance_of(ret) < variance)
            low = mid;
        else
            high = mid;
    }
    shape(high, ret);
}

/* taps = taps with more slid over it. */
static void lens_convolve(lens_taps *taps, const lens_taps *more)
{
    lens_taps was = *taps;
    taps->half += more->half;
    for (int i = 0; i <= 2 * taps->half; i++) {
        taps->at[i] = 0.0;
        for (int k = AS_MAX(0, i - 2 * was.half); k <= AS_MIN(i, 2 * more->half); k++)
            taps->at[i] += more->at[k] * was.at[i - k];
    }
}

/* A circular pupil's transfer function at j / 128 cycles a pixel, j up to 64: 1 - 4 / pi times the area under sqrt(1 - t^2). */
static void lens_pupil(double airy_px, double *ret)
{
    double step = airy_px / (4.0 * NYQUIST), sum = 0.0, was = 1.0;
    ret[0] = 1.0;
    for (int j = 1; j <= NYQUIST; j++) {
        double at = 2 * j * step, middle = AS_MAX(1.0 - (at - step) * (at - step), 0.0);
        double is = sqrt(AS_MAX(1.0 - at * at, 0.0));
        sum += (was + 4.0 * sqrt(middle) + is) * step / 3.0;
        was = is;
        ret[j] = AS_MAX(1.0 - sum * 4.0 / 3.14159265358979324, 0.0);
    }
}

/* The taps with that transfer function: none is negative, since it is convex. What lies further out than is worth to weigh,
 * a few hundredths of the light, is spread over the rest, in a hump without edges, most of it two thirds of the way out. */
static void lens_diffract(double airy_px, lens_taps *ret)
{
    double turn[2 * NYQUIST], pupil[NYQUIST + 1], rest = 1.0, all = 0.0;
    turn[0] = 1.0;
    turn[1] = 0.99879545620517239; /* cos(2 pi / 128) */
    for (int j = 2; j < 2 * NYQUIST; j++)
        turn[j] = 2.0 * turn[1] * turn[j - 1] - turn[j - 2];
    lens_pupil(airy_px, pupil);
    ret->half = AS_MIN(AS_MAX((int)(2.0 + 4.0 * airy_px), LENS_FEWEST_RINGS), LENS_MOST_RINGS);
    for (int i = 0; i <= ret->half; i++) {
        double sum = 0.5 * (pupil[0] + pupil[NYQUIST] * turn[i * NYQUIST % (2 * NYQUIST)]);
        for (int j = 1; j < NYQUIST; j++)
            sum += pupil[j] * turn[i * j % (2 * NYQUIST)];
        ret->at[ret->half + i] = ret->at[ret->half - i] = AS_MAX(sum / NYQUIST, 0.0);
        rest -= (i > 0 ? 2.0 : 1.0) * ret->at[ret->half + i];
    }
    for (int i = 1; i <= ret->half; i++)
        all += i * i * (ret->half + 1 - i);
    for (int i = 1; i <= ret->half; i++) {
        ret->at[ret->half + i] += 0.5 * rest * i * i * (ret->half + 1 - i) / all;
        ret->at[ret->half - i] = ret->at[ret->half + i];
    }
}

static int lens_keep(const lens_taps *taps, float *ret)
{
    for (int i = 0; i <= 2 * taps->half; i++)
        ret[i] = (float)taps->at[i];
    return 2 * taps->half + 1;
}

/* The blur across the belt, and with the way of motion_px the one along it. */
static void lens_make_taps(as_lens *lens)
{
    lens_taps taps, more;
    double    disc = lens->cfg.disc_px, length = lens->cfg.motion_px;
    lens_spread(lens->cfg.spread_px * lens->cfg.spread_px, &taps);
    if (lens->cfg.airy_px > 0.0) {
        lens_diffract(lens->cfg.airy_px, &more);
        lens_convolve(&taps, &more);
    }
    if (disc > 0.0) {
        lens_fit(lens_disc_of, disc, disc * disc / 16.0, &more);
        lens_convolve(&taps, &more);
    }
    lens->n_y = lens_keep(&taps, lens->y);
    if (length > 0.0) {
        lens_fit(lens_way_of, length, length * length / 12.0, &more);
        lens_convolve(&taps, &more);
    }
    lens->n_x = lens_keep(&taps, lens->x);
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
    if (!lens_between(cfg->airy_px, 0.0, AS_LENS_MAX_AIRY_PX))
        return AS_FAIL(err, AS_EINVAL,
                       "through so small an aperture nothing finer than %.1f pixels passes, at most %.0f can be shown: "
                       "open it, or take larger pixels",
                       cfg->airy_px, AS_LENS_MAX_AIRY_PX);
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
    int32_t low = -(int32_t)lens->cfg.left, high = (int32_t)(lens->cfg.width + lens->cfg.right) - 1;
    int32_t w = (int32_t)lens->cfg.width, half = lens->n_x / 2, whole = as_noise_floor((float)shift);
    float   part = (float)(shift - whole);
    if (shift == 0.0) {
        for (int32_t i = 0; i < half; i++) {
            padded[i] = in[AS_MAX(i - half, low)];
            padded[half + w + i] = in[AS_MIN(w + i, high)];
        }
        memcpy(padded + half, in, (size_t)w * sizeof *in);
        return;
    }
    for (int32_t i = 0; i < w + 2 * half; i++) {
        int32_t a = AS_MIN(AS_MAX(i - half + whole, low), high), b = AS_MIN(AS_MAX(i - half + whole + 1, low), high);
        padded[i] = in[a] + part * (in[b] - in[a]);
    }
}

/* Six to each side at once, which is what a common lens takes: of what lies to both sides in the same distance the sum is
 * weighed. */
typedef struct lens_six {
    const float *to[6], *from[6];
    float        tap[6];
} lens_six;

AS_TWIN_CLONES
static void lens_weigh_first(const float *restrict in, float middle, const lens_six *six, size_t n, float *restrict out)
{
    const float *a0 = six->to[0], *a1 = six->to[1], *a2 = six->to[2], *a3 = six->to[3], *a4 = six->to[4];
    const float *a5 = six->to[5], *b0 = six->from[0], *b1 = six->from[1], *b2 = six->from[2], *b3 = six->from[3];
    const float *b4 = six->from[4], *b5 = six->from[5];
    float        t0 = six->tap[0], t1 = six->tap[1], t2 = six->tap[2], t3 = six->tap[3], t4 = six->tap[4];
    float        t5 = six->tap[5];
    for (size_t x = 0; x < n; x++)
        out[x] = middle * in[x] + t0 * (a0[x] + b0[x]) + t1 * (a1[x] + b1[x]) + t2 * (a2[x] + b2[x]) +
                 t3 * (a3[x] + b3[x]) + t4 * (a4[x] + b4[x]) + t5 * (a5[x] + b5[x]);
}

/* Seven, as with a belt that moves by less than three pixels: the sums of the other two, in one pass. */
AS_TWIN_CLONES
static void lens_weigh_fifteen(const float *restrict in, float middle, const lens_six *six, const lens_six *last,
                               size_t n, float *restrict out)
{
    const float *a0 = six->to[0], *a1 = six->to[1], *a2 = six->to[2], *a3 = six->to[3], *a4 = six->to[4];
    const float *a5 = six->to[5], *b0 = six->from[0], *b1 = six->from[1], *b2 = six->from[2], *b3 = six->from[3];
    const float *b4 = six->from[4], *b5 = six->from[5], *a6 = last->to[0], *b6 = last->from[0];
    float        t0 = six->tap[0], t1 = six->tap[1], t2 = six->tap[2], t3 = six->tap[3], t4 = six->tap[4];
    float        t5 = six->tap[5], t6 = last->tap[0];
    for (size_t x = 0; x < n; x++)
        out[x] = middle * in[x] + t0 * (a0[x] + b0[x]) + t1 * (a1[x] + b1[x]) + t2 * (a2[x] + b2[x]) +
                 t3 * (a3[x] + b3[x]) + t4 * (a4[x] + b4[x]) + t5 * (a5[x] + b5[x]) + t6 * (a6[x] + b6[x]);
}

AS_TWIN_CLONES
static void lens_weigh_more(const lens_six *six, size_t n, float *restrict out)
{
    const float *a0 = six->to[0], *a1 = six->to[1], *a2 = six->to[2], *a3 = six->to[3], *a4 = six->to[4];
    const float *a5 = six->to[5], *b0 = six->from[0], *b1 = six->from[1], *b2 = six->from[2], *b3 = six->from[3];
    const float *b4 = six->from[4], *b5 = six->from[5];
    float        t0 = six->tap[0], t1 = six->tap[1], t2 = six->tap[2], t3 = six->tap[3], t4 = six->tap[4];
    float        t5 = six->tap[5];
    for (size_t x = 0; x < n; x++)
        out[x] += t0 * (a0[x] + b0[x]) + t1 * (a1[x] + b1[x]) + t2 * (a2[x] + b2[x]) + t3 * (a3[x] + b3[x]) +
                  t4 * (a4[x] + b4[x]) + t5 * (a5[x] + b5[x]);
}

/* A run of n values at their own places, each the sum of three around it. */
AS_TWIN_CLONES
static void lens_weigh_three(const float *restrict above, const float *restrict here, const float *restrict below,
                             float side, float middle, size_t n, float *restrict out)
{
    for (size_t x = 0; x < n; x++)
        out[x] = side * (above[x] + below[x]) + middle * here[x];
}

/* A run of n values at their own places, each the sum of seven around it. */
AS_TWIN_CLONES
static void lens_weigh_seven(const float *restrict in, float middle, const lens_six *six, size_t n, float *restrict out)
{
    const float *a0 = six->to[0], *a1 = six->to[1], *a2 = six->to[2];
    const float *b0 = six->from[0], *b1 = six->from[1], *b2 = six->from[2];
    float        t0 = six->tap[0], t1 = six->tap[1], t2 = six->tap[2];
    for (size_t x = 0; x < n; x++)
        out[x] = middle * in[x] + t0 * (a0[x] + b0[x]) + t1 * (a1[x] + b1[x]) + t2 * (a2[x] + b2[x]);
}

/* `at` says where the value so many places away from the first one begins. */
typedef struct lens_rows {
    const as_lens_run *run;
    const float       *padded; /* along x; NULL: along y, around row y */
    uint32_t           y;
} lens_rows;

static const float *lens_at(const lens_rows *rows, int by);

/* The six from k on; those past the last weigh nothing. */
static lens_six lens_six_of(const lens_rows *rows, const float *taps, int half, int k)
{
    lens_six     six;
    const float *here = lens_at(rows, 0);
    for (int i = 0; i < 6; i++) {
        const bool is = k + i <= half;
        six.to[i] = is ? lens_at(rows, -k - i) : here;
        six.from[i] = is ? lens_at(rows, k + i) : here;
        six.tap[i] = is ? taps[half + k + i] : 0.0f;
    }
    return six;
}

/* One row of n values through taps, which are the same to both sides. */
static void lens_blur(const lens_rows *rows, const float *taps, int n_taps, size_t n, float *out)
{
    const int    half = n_taps / 2;
    const float *here = lens_at(rows, 0);
    if (half == 1) {
        lens_weigh_three(lens_at(rows, -1), here, lens_at(rows, 1), taps[0], taps[1], n, out);
        return;
    }
    if (half == 7) {
        const lens_six six = lens_six_of(rows, taps, half, 1), last = lens_six_of(rows, taps, half, 7);
        lens_weigh_fifteen(here, taps[half], &six, &last, n, out);
        return;
    }
    for (int k = 1; k <= AS_MAX(half, 1); k += 6) {
        const lens_six six = lens_six_of(rows, taps, half, k);
        if (half <= 3)
            lens_weigh_seven(here, taps[half], &six, n, out);
        else if (k == 1)
            lens_weigh_first(here, taps[half], &six, n, out);
        else
            lens_weigh_more(&six, n, out);
    }
}

static float *lens_ring(const as_lens_run *run, uint32_t y)
{
    return run->ring + (size_t)(y % (uint32_t)run->lens->n_y) * run->n_planes * run->lens->cfg.width;
}

static const float *lens_at(const lens_rows *rows, int by)
{
    const as_lens *lens = rows->run->lens;
    if (rows->padded)
        return rows->padded + lens->n_x / 2 + by;
    int at = AS_MIN(AS_MAX((int)rows->y + by, 0), (int)lens->cfg.height - 1);
    return lens_ring(rows->run, (uint32_t)at);
}

static void lens_take(as_lens_run *run)
{
    const as_lens_cfg *cfg = &run->lens->cfg;
    uint32_t           y = run->next_in++;
    for (uint32_t c = 0; c < run->n_planes; c++) {
        const size_t row = cfg->left + cfg->width + cfg->right, rows = cfg->top + cfg->height + cfg->bottom;
        const float *in = run->light + (c * rows + cfg->top + y) * row + cfg->left;
        lens_pad(run->lens, in, cfg->skew_px * (double)y, run->padded);
        lens_blur(&(lens_rows){.run = run, .padded = run->padded}, run->lens->x, run->lens->n_x, cfg->width,
                  lens_ring(run, y) + (size_t)c * cfg->width);
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
    lens_blur(&(lens_rows){.run = run, .y = y}, lens->y, lens->n_y, n, out);
    float w = (float)cfg->width, h = (float)cfg->height, scale = 2.0f / sqrtf(w * w + h * h);
    float dy = ((float)(int32_t)y - (float)last * 0.5f) * scale;
    for (uint32_t c = 0; c < run->n_planes; c++)
        lens_fall((float)cfg->vignette_ratio, (float)(cfg->width - 1) * 0.5f, scale, dy * dy, cfg->width,
                  out + (size_t)c * cfg->width);
}
