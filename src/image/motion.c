/* SPDX-License-Identifier: Apache-2.0 */
#include "image/motion.h"

#include <math.h>
#include <pthread.h>

#include "image/kernel.h"

#define MOTION_SIDE    AS_MOTION_SIDE
#define MOTION_HALF    (MOTION_SIDE / 2)
#define MOTION_LOG2    7u
#define MOTION_LANES   16u /* columns that are transformed at once: they fit the first cache */
#define MOTION_LEAST_R 3.0 /* bins from the centre: below it is the window's own shape */
#define MOTION_MOST_R  58.0
#define MOTION_BINS    60u /* of a profile across the bands */
#define MOTION_RADII   60u
#define MOTION_LENGTHS 46u /* AS_MOTION_LEAST_PX times 1.06 each */
#define MOTION_STEP    1.06
#define MOTION_FLOOR   0.01 /* of sinc^2: bands are not darker than that for long in any picture */
#define MOTION_QUIET   0.1  /* variance of rounding to whole levels, 1/12 */
#define MOTION_COARSE  5.0  /* degrees */
#define MOTION_FINE    2.5

typedef struct motion_bin {
    float  u, v;
    size_t at; /* in the spectrum */
    size_t radius;
} motion_bin;

/* What is the same for all pictures. The spectrum of real numbers is symmetric: half of it is looked at. */
typedef struct motion_tables {
    float      cosine[MOTION_HALF], sine[MOTION_HALF];
    uint8_t    reversed[MOTION_SIDE];
    motion_bin bins[MOTION_SIDE * MOTION_HALF];
    size_t     n_bins;
    float      n_at_radius[MOTION_RADII];
    double     lengths[MOTION_LENGTHS];
    float      bands[MOTION_LENGTHS][MOTION_BINS]; /* the profile that motion of this length makes */
} motion_tables;

typedef struct motion_work {
    float re[MOTION_SIDE][MOTION_SIDE], im[MOTION_SIDE][MOTION_SIDE];
    float power[MOTION_SIDE * MOTION_SIDE]; /* power[u * MOTION_SIDE + v] */
    float left[MOTION_SIDE * MOTION_HALF];  /* of each bin, what its radius does not explain */
    float across[MOTION_SIDE], down[MOTION_SIDE];
} motion_work;

static motion_tables  motion_table;
static pthread_once_t motion_once = PTHREAD_ONCE_INIT;

static void motion_tables_bins(motion_tables *t)
{
    for (uint32_t v = 0; v <= MOTION_HALF; v++)
        for (uint32_t i = 0; i < MOTION_SIDE; i++) {
            int    u = i < MOTION_HALF ? (int)i : (int)i - (int)MOTION_SIDE;
            double r = hypot(u, v);
            if (r < MOTION_LEAST_R || r > MOTION_MOST_R || (v == 0 && u < 0))
                continue;
            motion_bin bin = {(float)u, (float)v, (size_t)i * MOTION_SIDE + v, (size_t)r};
            t->n_at_radius[bin.radius]++;
            t->bins[t->n_bins++] = bin;
        }
}

/* Takes from each value the mean of those at its radius. */
static void motion_free_of_radius(const motion_tables *t, float *values)
{
    float sums[MOTION_RADII] = {0};
    for (size_t i = 0; i < t->n_bins; i++)
        sums[t->bins[i].radius] += values[i];
    for (size_t k = 0; k < MOTION_RADII; k++)
        sums[k] = t->n_at_radius[k] > 0 ? sums[k] / t->n_at_radius[k] : 0;
    for (size_t i = 0; i < t->n_bins; i++)
        values[i] -= sums[t->bins[i].radius];
}

/* Mean of the values over each line across a direction. */
AS_IMAGE_CLONES
static void motion_project(const motion_tables *t, const float *values, float cosine, float sine, float *profile,
                           float *counts)
{
    float   sums[2][MOTION_BINS] = {{0}}, ns[2][MOTION_BINS] = {{0}};
    uint8_t to[MOTION_SIDE];
    for (size_t from = 0; from < t->n_bins; from += MOTION_SIDE) {
        size_t n = AS_MIN(t->n_bins - from, (size_t)MOTION_SIDE);
        for (size_t i = 0; i < n; i++)
            to[i] = (uint8_t)(int)(fabsf(t->bins[from + i].u * cosine + t->bins[from + i].v * sine) + 0.5f);
        for (size_t i = 0; i < n; i++) {
            sums[i & 1][to[i]] += values[from + i];
            ns[i & 1][to[i]] += 1;
        }
    }
    for (size_t k = 0; k < MOTION_BINS; k++) {
        counts[k] = ns[0][k] + ns[1][k];
        profile[k] = counts[k] > 0 ? (sums[0][k] + sums[1][k]) / counts[k] : 0;
    }
}

static void motion_tables_make(void)
{
    motion_tables *t = &motion_table;
    static float   values[MOTION_SIDE * MOTION_HALF];
    float          counts[MOTION_BINS];
    for (size_t i = 0; i < MOTION_HALF; i++) {
        t->cosine[i] = (float)cos(2 * M_PI * (double)i / MOTION_SIDE);
        t->sine[i] = (float)-sin(2 * M_PI * (double)i / MOTION_SIDE);
    }
    for (uint32_t i = 0; i < MOTION_SIDE; i++)
        for (uint32_t bit = 0; bit < MOTION_LOG2; bit++)
            t->reversed[i] = (uint8_t)(t->reversed[i] | ((i >> bit & 1u) << (MOTION_LOG2 - 1 - bit)));
    motion_tables_bins(t);
    for (size_t k = 0; k < MOTION_LENGTHS; k++) {
        t->lengths[k] = AS_MOTION_LEAST_PX * pow(MOTION_STEP, (double)k);
        for (size_t i = 0; i < t->n_bins; i++) {
            double x = M_PI * t->lengths[k] * (double)t->bins[i].u / MOTION_SIDE;
            double sinc = fabs(x) < 1e-9 ? 1 : sin(x) / x;
            values[i] = (float)log(sinc * sinc + MOTION_FLOOR);
        }
        motion_free_of_radius(t, values);
        motion_project(t, values, 1, 0, t->bands[k], counts);
    }
}

void as_motion_place(as_motion_windows *windows, uint32_t width, uint32_t height)
{
    windows->n = 0;
    if (AS_MIN(width, height) < AS_MOTION_LEAST_SIDE)
        return;
    windows->width = AS_MIN(width, MOTION_SIDE);
    windows->height = AS_MIN(height, MOTION_SIDE);
    uint32_t across = AS_MIN(width / windows->width, 4u), down = AS_MIN(height / windows->height, 4u);
    for (uint32_t k = 0; k < across * down; k++) {
        /* In the middle of as many equal parts. */
        windows->x[k] = (uint32_t)((uint64_t)width * (2 * (k % across) + 1) / (2 * across)) - windows->width / 2;
        windows->y[k] = (uint32_t)((uint64_t)height * (2 * (k / across) + 1) / (2 * down)) - windows->height / 2;
        windows->x[k] = AS_MIN(windows->x[k], width - windows->width);
        windows->y[k] = AS_MIN(windows->y[k], height - windows->height);
    }
    windows->n = across * down;
}

void as_motion_row(as_motion_windows *windows, uint32_t y, const uint8_t *luma)
{
    for (uint32_t k = 0; k < windows->n; k++)
        if (y >= windows->y[k] && y - windows->y[k] < windows->height)
            memcpy(windows->pixels[k] + (size_t)(y - windows->y[k]) * MOTION_SIDE, luma + windows->x[k],
                   windows->width);
}

/* Radix 2, decimation in time, over rows that lie in reversed order; MOTION_LANES columns from `lane` on. */
AS_IMAGE_CLONES
static void motion_transform(const motion_tables *t, float (*restrict re)[MOTION_SIDE],
                             float (*restrict im)[MOTION_SIDE], size_t lane)
{
    for (size_t half = 1; half < MOTION_SIDE; half *= 2)
        for (size_t k = 0; k < half; k++) {
            float c = t->cosine[k * (MOTION_HALF / half)], s = t->sine[k * (MOTION_HALF / half)];
            for (size_t row = k; row < MOTION_SIDE; row += 2 * half) {
                float *restrict ar = re[row] + lane, *restrict ai = im[row] + lane;
                float *restrict br = re[row + half] + lane, *restrict bi = im[row + half] + lane;
                for (size_t i = 0; i < MOTION_LANES; i++) {
                    float r = br[i] * c - bi[i] * s, m = br[i] * s + bi[i] * c;
                    br[i] = ar[i] - r;
                    bi[i] = ai[i] - m;
                    ar[i] += r;
                    ai[i] += m;
                }
            }
        }
}

/* In place, with rows going to their reversed places. */
static void motion_transpose(const motion_tables *t, float (*a)[MOTION_SIDE])
{
    for (size_t y = 0; y < MOTION_SIDE; y++)
        for (size_t x = y + 1; x < MOTION_SIDE; x++) {
            float other = a[y][x];
            a[y][x] = a[x][y];
            a[x][y] = other;
        }
    float row[MOTION_SIDE];
    for (size_t y = 0; y < MOTION_SIDE; y++) {
        size_t to = t->reversed[y];
        if (to <= y)
            continue;
        memcpy(row, a[y], sizeof row);
        memcpy(a[y], a[to], sizeof row);
        memcpy(a[to], row, sizeof row);
    }
}

AS_IMAGE_CLONES
static void motion_load_row(float *restrict to, const uint8_t *restrict from, const float *restrict across, float down,
                            float mean, size_t n)
{
    for (size_t x = 0; x < n; x++)
        to[x] = ((float)from[x] - mean) * (across[x] * down);
}

static void motion_load(const motion_tables *t, const as_motion_windows *windows, uint32_t k, const motion_work *work,
                        float (*to)[MOTION_SIDE])
{
    uint32_t sum = 0;
    for (uint32_t y = 0; y < windows->height; y++)
        for (uint32_t x = 0; x < windows->width; x++)
            sum += windows->pixels[k][y * MOTION_SIDE + x];
    float mean = (float)sum / (float)(windows->width * windows->height);
    for (uint32_t y = 0; y < windows->height; y++)
        motion_load_row(to[t->reversed[y]], windows->pixels[k] + y * MOTION_SIDE, work->across, work->down[y], mean,
                        windows->width);
}

AS_IMAGE_CLONES
static void motion_add_power(float *restrict power, const float *restrict re, const float *restrict im)
{
    for (size_t i = 0; i < MOTION_SIDE * MOTION_SIDE; i++)
        power[i] += re[i] * re[i] + im[i] * im[i];
}

/* Two windows in one transform, as its real and imaginary part: their powers add up at each pair of opposite bins. */
static void motion_spectrum(const motion_tables *t, const as_motion_windows *windows, motion_work *work)
{
    for (uint32_t k = 0; k < windows->n; k += 2) {
        memset(work->re, 0, sizeof work->re);
        memset(work->im, 0, sizeof work->im);
        motion_load(t, windows, k, work, work->re);
        if (k + 1 < windows->n)
            motion_load(t, windows, k + 1, work, work->im);
        for (size_t lane = 0; lane < MOTION_SIDE; lane += MOTION_LANES)
            motion_transform(t, work->re, work->im, lane);
        motion_transpose(t, work->re);
        motion_transpose(t, work->im);
        for (size_t lane = 0; lane < MOTION_SIDE; lane += MOTION_LANES)
            motion_transform(t, work->re, work->im, lane);
        motion_add_power(work->power, work->re[0], work->im[0]);
    }
}

/* Hann's window; returns the sum of its squares. */
static double motion_taper(float *weights, uint32_t n)
{
    double sum = 0;
    for (uint32_t i = 0; i < n; i++) {
        weights[i] = (float)(0.5 - 0.5 * cos(2 * M_PI * (i + 1) / (n + 1)));
        sum += (double)weights[i] * (double)weights[i];
    }
    return sum;
}

/* The best length for one direction, if its bands explain more than those in *best. */
static void motion_try(const motion_tables *t, const float *left, double total, double degrees, as_motion *best)
{
    float profile[MOTION_BINS], counts[MOTION_BINS];
    motion_project(t, left, (float)cos(degrees * M_PI / 180), (float)sin(degrees * M_PI / 180), profile, counts);
    for (size_t k = 0; k < MOTION_LENGTHS && t->lengths[k] <= AS_MOTION_MOST_PX; k++) {
        float both = 0, own = 0;
        for (size_t i = 0; i < MOTION_BINS; i++) {
            both += counts[i] * profile[i] * t->bands[k][i];
            own += counts[i] * t->bands[k][i] * t->bands[k][i];
        }
        double share = both > 0 && own > 0 ? (double)both * (double)both / ((double)own * total) : 0;
        if (share > best->certainty)
            *best = (as_motion){t->lengths[k], fmod(degrees + 180, 180), share};
    }
}

static void motion_fit(const motion_tables *t, motion_work *work, double floor_power, as_motion *ret)
{
    double total = 0;
    for (size_t i = 0; i < t->n_bins; i++) {
        size_t at = t->bins[i].at, u = at / MOTION_SIDE, v = at % MOTION_SIDE;
        size_t opposite = (MOTION_SIDE - u) % MOTION_SIDE * MOTION_SIDE + (MOTION_SIDE - v) % MOTION_SIDE;
        work->left[i] = logf((work->power[at] + work->power[opposite]) / 2 + (float)floor_power);
    }
    motion_free_of_radius(t, work->left);
    for (size_t i = 0; i < t->n_bins; i++)
        total += (double)work->left[i] * (double)work->left[i];
    as_motion best = {0};
    if (total <= 0)
        return;
    for (double degrees = 0; degrees < 180; degrees += MOTION_COARSE)
        motion_try(t, work->left, total, degrees, &best);
    double coarse = best.direction_deg;
    motion_try(t, work->left, total, coarse - MOTION_FINE, &best);
    motion_try(t, work->left, total, coarse + MOTION_FINE, &best);
    *ret = best;
}

bool as_motion_find(const as_motion_windows *windows, double noise, as_motion *ret, as_err *err)
{
    as_motion found = {0};
    if (windows->n > 0) {
        motion_work *work = calloc(1, sizeof *work);
        if (!work)
            return AS_FAIL(err, AS_ENOMEM, "no memory for the spectrum of a picture");
        pthread_once(&motion_once, motion_tables_make);
        double weight = motion_taper(work->across, windows->width) * motion_taper(work->down, windows->height);
        motion_spectrum(&motion_table, windows, work);
        motion_fit(&motion_table, work, weight * windows->n * (MOTION_QUIET + noise * noise), &found);
        free(work);
    }
    *ret = found;
    return true;
}
