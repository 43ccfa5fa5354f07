/* SPDX-License-Identifier: Apache-2.0 */
#include "image/motion.h"

#include <math.h>
#include <pthread.h>

#include "base/isa.h"

#define MOTION_SIDE AS_MOTION_SIDE
#define MOTION_HALF (MOTION_SIDE / 2)
#define MOTION_LOG2 7u
#define MOTION_BLOCK \
    16u /* columns that are transformed at once: a cache line of a row, and all rows fit the first cache */
#define MOTION_BLOCKS    (MOTION_HALF / MOTION_BLOCK)
#define MOTION_LEAST_R   3.0 /* bins from the centre: below it is the window's own shape */
#define MOTION_MOST_R    58.0
#define MOTION_BINS      60u /* of a profile across the bands */
#define MOTION_RADII     60u
#define MOTION_LENGTHS   46u /* AS_MOTION_LEAST_PX times 1.06 each */
#define MOTION_ROOM      48u /* for them, in whole vectors */
#define MOTION_STEP      1.06
#define MOTION_FLOOR     0.01 /* of sinc^2: bands are not darker than that for long in any picture */
#define MOTION_QUIET     0.1  /* variance of rounding to whole levels, 1/12 */
#define MOTION_COARSE    5.0  /* degrees */
#define MOTION_FINE      2.5
#define MOTION_WAYS      36u /* directions MOTION_COARSE apart */
#define MOTION_ABREAST   4u  /* of them at once */
#define MOTION_FINE_WAYS (2 * MOTION_WAYS)
#define MOTION_SHARE     8u   /* one bin of so many says whether a picture may have moved at all */
#define MOTION_MAYBE     0.25 /* of that certainty on all bins are asked; what moved has above 0.5 */
#define MOTION_TRIES     3u   /* of the directions that look best on few bins */

/* One row of the spectrum, as far as it is looked at. */
typedef struct motion_run {
    uint32_t from, n, to; /* where in the power, how many, and where among the bins */
} motion_run;

#define MOTION_ALIGN     ((size_t)64)
#define MOTION_MOST_BINS (MOTION_SIDE * MOTION_HALF)

/* What is the same for all pictures. The spectrum of real numbers is symmetric: half of it is looked at. */
typedef struct motion_tables {
    float      cosine[MOTION_HALF], sine[MOTION_HALF];
    uint8_t    reversed[MOTION_SIDE];
    motion_run runs[MOTION_SIDE];
    float      u[MOTION_MOST_BINS], v[MOTION_MOST_BINS]; /* of each bin */
    uint8_t    radius[MOTION_MOST_BINS];
    size_t     n_runs, n_bins, n_few;
    float      n_at_radius[MOTION_RADII];
    double     lengths[MOTION_LENGTHS];
    float      bands[MOTION_BINS][MOTION_ROOM];                  /* the profile that motion of each length makes */
    uint16_t   few[MOTION_MOST_BINS / MOTION_SHARE];             /* bins far from each other */
    uint8_t    to[MOTION_WAYS][MOTION_MOST_BINS / MOTION_SHARE]; /* where in a profile those go */
    float      few_weights[MOTION_WAYS][MOTION_ROOM];  /* 1 over the square of the bands of each length there */
    float      weights[MOTION_FINE_WAYS][MOTION_ROOM]; /* and where all bins go */
} motion_tables;

/* Half a spectrum, or columns of numbers: blocks of columns that lie together. */
typedef float motion_plane[MOTION_BLOCKS][MOTION_SIDE][MOTION_BLOCK];

typedef struct motion_work {
    motion_plane re, im, re_turned, im_turned;
    float        power[MOTION_SIDE][MOTION_HALF]; /* of u, v */
    float        left[MOTION_MOST_BINS];          /* of each bin, what its radius does not explain */
    float        few[MOTION_MOST_BINS / MOTION_SHARE];
    float        across[MOTION_SIDE], down[MOTION_SIDE];
    uint32_t     width, height; /* of the windows that those two are for */
    double       weight;
} motion_work;

typedef float motion_four __attribute__((vector_size(16), aligned(4), may_alias));
typedef float motion_eight __attribute__((vector_size(32), aligned(4), may_alias));

static motion_tables  motion_table;
static pthread_once_t motion_once = PTHREAD_ONCE_INIT;
static pthread_key_t  motion_key; /* of a thread's motion_work */
static bool           motion_has_key;

static void motion_tables_bins(motion_tables *t)
{
    for (uint32_t i = 0; i < MOTION_SIDE; i++) {
        int         u = i < MOTION_HALF ? (int)i : (int)i - (int)MOTION_SIDE;
        motion_run *run = &t->runs[t->n_runs];
        *run = (motion_run){.to = (uint32_t)t->n_bins};
        for (uint32_t v = 0; v < MOTION_HALF; v++) {
            double r = hypot(u, v);
            if (r < MOTION_LEAST_R || r > MOTION_MOST_R || (v == 0 && u < 0))
                continue;
            if (run->n++ == 0)
                run->from = i * MOTION_HALF + v;
            t->u[t->n_bins] = (float)u;
            t->v[t->n_bins] = (float)v;
            t->radius[t->n_bins] = (uint8_t)r;
            t->n_at_radius[t->radius[t->n_bins++]]++;
        }
        t->n_runs += run->n > 0;
    }
}

/* Takes from each value the mean of those at its radius. Neighbours have it in common: four sums, so that none waits. */
static void motion_free_of_radius(const motion_tables *t, float *values)
{
    float sums[4][MOTION_RADII] = {{0}};
    for (size_t i = 0; i < t->n_bins; i++)
        sums[i & 3][t->radius[i]] += values[i];
    for (size_t k = 0; k < MOTION_RADII; k++) {
        float sum = sums[0][k] + sums[1][k] + sums[2][k] + sums[3][k];
        sums[0][k] = t->n_at_radius[k] > 0 ? sum / t->n_at_radius[k] : 0;
    }
    for (size_t i = 0; i < t->n_bins; i++)
        values[i] -= sums[0][t->radius[i]];
}

AS_ISA_CLONES(void, motion_places,
              (const float *restrict u, const float *restrict v, size_t n, float cosine, float sine,
               uint8_t *restrict to),
              (u, v, n, cosine, sine, to))
{
    for (size_t i = 0; i < n; i++)
        to[i] = (uint8_t)(int)(fabsf(u[i] * cosine + v[i] * sine) + 0.5f);
}

/* Sums of the values over each line across a direction; and, unless NULL, how many there are. */
static void motion_project(const motion_tables *t, const float *values, double degrees, float *ret_sums, float *counts)
{
    float   sums[2][MOTION_BINS] = {{0}};
    uint8_t to[MOTION_SIDE];
    float   cosine = (float)cos(degrees * M_PI / 180), sine = (float)sin(degrees * M_PI / 180);
    for (size_t from = 0; from < t->n_bins; from += MOTION_SIDE) {
        size_t n = AS_MIN(t->n_bins - from, (size_t)MOTION_SIDE);
        motion_places(t->u + from, t->v + from, n, cosine, sine, to);
        for (size_t i = 0; i < n; i++)
            sums[i & 1][to[i]] += values[from + i];
        for (size_t i = 0; counts && i < n; i++)
            counts[to[i]]++;
    }
    for (size_t k = 0; k < MOTION_BINS; k++)
        ret_sums[k] = sums[0][k] + sums[1][k];
}

/* 1 over the sum of squares of each length's bands, where so many bins go to each place. */
static void motion_weigh(const motion_tables *t, const float *counts, float *ret)
{
    for (size_t k = 0; k < MOTION_ROOM; k++) {
        float own = 0;
        for (size_t i = 0; i < MOTION_BINS; i++)
            own += counts[i] * t->bands[i][k] * t->bands[i][k];
        ret[k] = own > 0 ? 1 / own : 0;
    }
}

static void motion_tables_lengths(motion_tables *t)
{
    static float values[MOTION_MOST_BINS];
    float        sums[MOTION_BINS];
    for (size_t k = 0; k < MOTION_LENGTHS; k++) {
        float counts[MOTION_BINS] = {0};
        t->lengths[k] = AS_MOTION_LEAST_PX * pow(MOTION_STEP, (double)k);
        for (size_t i = 0; i < t->n_bins; i++) {
            double x = M_PI * t->lengths[k] * (double)t->u[i] / MOTION_SIDE;
            double sinc = fabs(x) < 1e-9 ? 1 : sin(x) / x;
            values[i] = (float)log(sinc * sinc + MOTION_FLOOR);
        }
        motion_free_of_radius(t, values);
        motion_project(t, values, 0, sums, counts);
        for (size_t i = 0; i < MOTION_BINS; i++)
            t->bands[i][k] = counts[i] > 0 ? sums[i] / counts[i] : 0;
    }
}

/* Steps of the golden section go everywhere evenly, and what follows each other goes to different places of a profile. */
static void motion_tables_few(motion_tables *t)
{
    const size_t step = (size_t)(0.618034 * (double)t->n_bins) | 1u;
    t->n_few = t->n_bins / MOTION_SHARE;
    for (size_t i = 0; i < t->n_few; i++)
        t->few[i] = (uint16_t)(i * step % t->n_bins);
    for (size_t way = 0; way < MOTION_WAYS; way++) {
        float  counts[MOTION_BINS] = {0};
        double angle = (double)way * MOTION_COARSE * M_PI / 180;
        for (size_t i = 0; i < t->n_few; i++) {
            size_t bin = t->few[i];
            motion_places(&t->u[bin], &t->v[bin], 1, (float)cos(angle), (float)sin(angle), &t->to[way][i]);
            counts[t->to[way][i]]++;
        }
        motion_weigh(t, counts, t->few_weights[way]);
    }
}

static void motion_tables_weights(motion_tables *t)
{
    static const float none[MOTION_MOST_BINS];
    for (size_t way = 0; way < MOTION_FINE_WAYS; way++) {
        float sums[MOTION_BINS], counts[MOTION_BINS] = {0};
        motion_project(t, none, (double)way * MOTION_FINE, sums, counts);
        motion_weigh(t, counts, t->weights[way]);
    }
}

static void motion_tables_make(motion_tables *t)
{
    for (size_t i = 0; i < MOTION_HALF; i++) {
        t->cosine[i] = (float)cos(2 * M_PI * (double)i / MOTION_SIDE);
        t->sine[i] = (float)-sin(2 * M_PI * (double)i / MOTION_SIDE);
    }
    for (uint32_t i = 0; i < MOTION_SIDE; i++)
        for (uint32_t bit = 0; bit < MOTION_LOG2; bit++)
            t->reversed[i] = (uint8_t)(t->reversed[i] | ((i >> bit & 1u) << (MOTION_LOG2 - 1 - bit)));
    motion_tables_bins(t);
    motion_tables_lengths(t);
    motion_tables_few(t);
    motion_tables_weights(t);
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
            memcpy(windows->pixels + k * AS_MOTION_BYTES + (size_t)(y - windows->y[k]) * MOTION_SIDE,
                   luma + windows->x[k], windows->width);
}

/* Radix 2, decimation in time, over rows that lie in reversed order. The first two stages at once: their factors are 1 and
 * -i. */
__attribute__((always_inline)) static inline void motion_first_stages(float *re, float *im)
{
    for (size_t at = 0; at < MOTION_SIDE * MOTION_BLOCK; at += 4 * MOTION_BLOCK)
        for (size_t i = at; i < at + MOTION_BLOCK; i += 8) {
            motion_eight *r[4], *m[4];
            for (size_t k = 0; k < 4; k++) {
                r[k] = (motion_eight *)(void *)(re + i + k * MOTION_BLOCK);
                m[k] = (motion_eight *)(void *)(im + i + k * MOTION_BLOCK);
            }
            motion_eight ar = *r[0] + *r[1], br = *r[0] - *r[1], cr = *r[2] + *r[3], dr = *r[2] - *r[3];
            motion_eight am = *m[0] + *m[1], bm = *m[0] - *m[1], cm = *m[2] + *m[3], dm = *m[2] - *m[3];
            *r[0] = ar + cr, *m[0] = am + cm;
            *r[2] = ar - cr, *m[2] = am - cm;
            *r[1] = br + dm, *m[1] = bm - dr;
            *r[3] = br - dm, *m[3] = bm + dr;
        }
}

/* Stages `half` and 2 * half at once: what is loaded is used twice. */
__attribute__((always_inline)) static inline void motion_two_stages(const motion_tables *t, float *re, float *im,
                                                                    size_t half)
{
    for (size_t k = 0; k < half; k++) {
        const float c1 = t->cosine[k * (MOTION_HALF / half)], s1 = t->sine[k * (MOTION_HALF / half)];
        const float c2 = t->cosine[k * (MOTION_HALF / half / 2)], s2 = t->sine[k * (MOTION_HALF / half / 2)];
        for (size_t row = k; row < MOTION_SIDE; row += 4 * half)
            for (size_t i = row * MOTION_BLOCK; i < (row + 1) * MOTION_BLOCK; i += 8) {
                motion_eight *r[4], *m[4];
                for (size_t q = 0; q < 4; q++) {
                    r[q] = (motion_eight *)(void *)(re + i + q * half * MOTION_BLOCK);
                    m[q] = (motion_eight *)(void *)(im + i + q * half * MOTION_BLOCK);
                }
                motion_eight br = *r[1] * c1 - *m[1] * s1, bm = *r[1] * s1 + *m[1] * c1;
                motion_eight dr = *r[3] * c1 - *m[3] * s1, dm = *r[3] * s1 + *m[3] * c1;
                motion_eight pr = *r[0] + br, pm = *m[0] + bm, qr = *r[0] - br, qm = *m[0] - bm;
                motion_eight er = *r[2] + dr, em = *m[2] + dm, fr = *r[2] - dr, fm = *m[2] - dm;
                br = er * c2 - em * s2, bm = er * s2 + em * c2;
                dr = fr * s2 + fm * c2, dm = fm * s2 - fr * c2; /* its factor is -i times the other's */
                *r[0] = pr + br, *m[0] = pm + bm;
                *r[2] = pr - br, *m[2] = pm - bm;
                *r[1] = qr + dr, *m[1] = qm + dm;
                *r[3] = qr - dr, *m[3] = qm - dm;
            }
    }
}

__attribute__((always_inline)) static inline void motion_last_stage(const motion_tables *t, float *re, float *im)
{
    const size_t half = (size_t)MOTION_HALF * MOTION_BLOCK;
    for (size_t k = 0; k < MOTION_HALF; k++)
        for (size_t i = k * MOTION_BLOCK; i < (k + 1) * MOTION_BLOCK; i += 8) {
            motion_eight *ar = (motion_eight *)(void *)(re + i), *br = (motion_eight *)(void *)(re + i + half);
            motion_eight *am = (motion_eight *)(void *)(im + i), *bm = (motion_eight *)(void *)(im + i + half);
            motion_eight  r = *br * t->cosine[k] - *bm * t->sine[k], m = *br * t->sine[k] + *bm * t->cosine[k];
            *br = *ar - r, *bm = *am - m;
            *ar += r, *am += m;
        }
}

AS_ISA_CLONES(void, motion_transform, (const motion_tables *t, motion_plane re, motion_plane im), (t, re, im))
{
    for (size_t block = 0; block < MOTION_BLOCKS; block++) {
        float *r = re[block][0], *m = im[block][0];
        motion_first_stages(r, m);
        motion_two_stages(t, r, m, 4);
        motion_two_stages(t, r, m, 16);
        motion_last_stage(t, r, m);
    }
}

/* Rows `from` of four become columns: to[row[x]][0..3] for each of the four x. */
__attribute__((always_inline)) static inline void motion_turn_four(const motion_four from[4], float (*to)[MOTION_BLOCK],
                                                                   size_t column, const uint8_t *row)
{
    motion_four a = __builtin_shufflevector(from[0], from[1], 0, 4, 1, 5);
    motion_four b = __builtin_shufflevector(from[0], from[1], 2, 6, 3, 7);
    motion_four c = __builtin_shufflevector(from[2], from[3], 0, 4, 1, 5);
    motion_four d = __builtin_shufflevector(from[2], from[3], 2, 6, 3, 7);
    *(motion_four *)(void *)&to[row[0]][column] = __builtin_shufflevector(a, c, 0, 1, 4, 5);
    *(motion_four *)(void *)&to[row[1]][column] = __builtin_shufflevector(a, c, 2, 3, 6, 7);
    *(motion_four *)(void *)&to[row[2]][column] = __builtin_shufflevector(b, d, 0, 1, 4, 5);
    *(motion_four *)(void *)&to[row[3]][column] = __builtin_shufflevector(b, d, 2, 3, 6, 7);
}

/* Columns x and x + MOTION_HALF went through the transform as real and imaginary part of one: from rows v and -v twice the
 * spectrum of either. Turned, for the other direction, and in reversed order. */
AS_ISA_CLONES(void, motion_part, (const motion_tables *t, const motion_work *work, motion_plane re, motion_plane im),
              (t, work, re, im))
{
    for (size_t v = 0; v < MOTION_HALF; v += 4)
        for (size_t x = 0; x < MOTION_HALF; x += 4) {
            motion_four ar[4], am[4], br[4], bm[4];
            for (size_t k = 0; k < 4; k++) {
                size_t      block = x / MOTION_BLOCK, at = x % MOTION_BLOCK, back = (MOTION_SIDE - v - k) % MOTION_SIDE;
                motion_four r = *(const motion_four *)(const void *)&work->re[block][v + k][at];
                motion_four m = *(const motion_four *)(const void *)&work->im[block][v + k][at];
                motion_four r_back = *(const motion_four *)(const void *)&work->re[block][back][at];
                motion_four m_back = *(const motion_four *)(const void *)&work->im[block][back][at];
                ar[k] = r + r_back;
                am[k] = m - m_back;
                br[k] = m + m_back;
                bm[k] = r_back - r;
            }
            float(*to_re)[MOTION_BLOCK] = re[v / MOTION_BLOCK], (*to_im)[MOTION_BLOCK] = im[v / MOTION_BLOCK];
            motion_turn_four(ar, to_re, v % MOTION_BLOCK, t->reversed + x);
            motion_turn_four(am, to_im, v % MOTION_BLOCK, t->reversed + x);
            motion_turn_four(br, to_re, v % MOTION_BLOCK, t->reversed + x + MOTION_HALF);
            motion_turn_four(bm, to_im, v % MOTION_BLOCK, t->reversed + x + MOTION_HALF);
        }
}

AS_ISA_CLONES(void, motion_load_row,
              (float *restrict to, const uint8_t *restrict from, const float *restrict across, float down, float mean,
               size_t n),
              (to, from, across, down, mean, n))
{
    for (size_t x = 0; x < n; x++)
        to[x] = ((float)from[x] - mean) * (across[x] * down);
}

AS_ISA_CLONES(uint32_t, motion_sum, (const uint8_t *pixels, size_t width, size_t height), (pixels, width, height))
{
    uint32_t sum = 0;
    for (size_t y = 0; y < height; y++) {
        uint16_t row = 0; /* 128 * 255 at most */
        for (size_t x = 0; x < width; x++)
            row = (uint16_t)(row + pixels[y * MOTION_SIDE + x]);
        sum += row;
    }
    return sum;
}

static void motion_load(const motion_tables *t, const as_motion_windows *windows, uint32_t k, motion_work *work)
{
    const uint8_t *pixels = windows->pixels + k * AS_MOTION_BYTES;
    float          row[MOTION_SIDE] = {0};
    float mean = (float)motion_sum(pixels, windows->width, windows->height) / (float)(windows->width * windows->height);
    for (uint32_t y = 0; y < MOTION_SIDE; y++) {
        if (y < windows->height)
            motion_load_row(row, pixels + y * MOTION_SIDE, work->across, work->down[y], mean, windows->width);
        else
            memset(row, 0, sizeof row);
        for (size_t block = 0; block < MOTION_BLOCKS; block++) {
            memcpy(work->re[block][t->reversed[y]], row + block * MOTION_BLOCK, sizeof work->re[0][0]);
            memcpy(work->im[block][t->reversed[y]], row + MOTION_HALF + block * MOTION_BLOCK, sizeof work->im[0][0]);
        }
    }
}

AS_ISA_CLONES(void, motion_add_power, (float (*restrict power)[MOTION_HALF], motion_plane re, motion_plane im),
              (power, re, im))
{
    for (size_t block = 0; block < MOTION_BLOCKS; block++)
        for (size_t u = 0; u < MOTION_SIDE; u++)
            for (size_t i = 0; i < MOTION_BLOCK; i++)
                power[u][block * MOTION_BLOCK + i] +=
                    re[block][u][i] * re[block][u][i] + im[block][u][i] * im[block][u][i];
}

static void motion_spectrum(const motion_tables *t, const as_motion_windows *windows, motion_work *work)
{
    memset(work->power, 0, sizeof work->power);
    for (uint32_t k = 0; k < windows->n; k++) {
        motion_load(t, windows, k, work);
        motion_transform(t, work->re, work->im);
        motion_part(t, work, work->re_turned, work->im_turned);
        motion_transform(t, work->re_turned, work->im_turned);
        motion_add_power(work->power, work->re_turned, work->im_turned);
    }
}

/* Hann's window; returns the sum of the squares. */
static double motion_taper(float *weights, uint32_t n)
{
    double sum = 0;
    for (uint32_t i = 0; i < n; i++) {
        weights[i] = (float)(0.5 - 0.5 * cos(2 * M_PI * (i + 1) / (n + 1)));
        sum += (double)weights[i] * (double)weights[i];
    }
    return sum;
}

/* Both ways, unless the last picture was of this size too. */
static void motion_tapers(motion_work *work, uint32_t width, uint32_t height)
{
    if (work->width == width && work->height == height)
        return;
    work->width = width;
    work->height = height;
    work->weight = motion_taper(work->across, width) * motion_taper(work->down, height);
    for (uint32_t y = 0; y < height; y++)
        work->down[y] /= 2; /* motion_part makes twice the spectrum */
}

/* Natural logarithm of positive numbers, within 1e-6: the exponent, and 2 artanh((m - 1) / (m + 1)) of a mantissa between
 * the roots of 1/2 and 2. The same bits on every processor. */
AS_ISA_CLONES(void, motion_log, (float *restrict to, const float *restrict from, float add, size_t n),
              (to, from, add, n))
{
    for (size_t i = 0; i < n; i++) {
        float   x = from[i] + add;
        int32_t bits;
        memcpy(&bits, &x, sizeof bits);
        int32_t exponent = (bits - 0x3f3504f3) >> 23;
        bits -= exponent * (1 << 23);
        memcpy(&x, &bits, sizeof x);
        float q = (x - 1) / (x + 1), q2 = q * q;
        to[i] = (float)exponent * 0.6931472f + q * (2.0f + q2 * (0.6666667f + q2 * (0.4f + q2 * 0.2857143f)));
    }
}

/* The best length for one direction: how much of the bins' squares its bands explain, when those have the sums. */
AS_ISA_CLONES(float, motion_best_length,
              (const motion_tables *t, const float *restrict sums, const float *restrict weights, size_t *ret_length),
              (t, sums, weights, ret_length))
{
    float both[MOTION_ROOM] = {0}, best = 0;
    for (size_t i = 0; i < MOTION_BINS; i++)
        for (size_t k = 0; k < MOTION_ROOM; k++)
            both[k] += sums[i] * t->bands[i][k];
    for (size_t k = 0; k < MOTION_ROOM; k++)
        both[k] = both[k] > 0 ? both[k] * both[k] * weights[k] : 0;
    for (size_t k = 0; k < MOTION_LENGTHS; k++)
        if (both[k] > best) {
            best = both[k];
            *ret_length = k;
        }
    return best;
}

/* Keeps the fine direction if its bands explain more than those in *best. */
static void motion_try(const motion_tables *t, const float *left, float total, size_t way, as_motion *best)
{
    float  sums[MOTION_BINS];
    size_t length = 0;
    way %= MOTION_FINE_WAYS;
    motion_project(t, left, (double)way * MOTION_FINE, sums, NULL);
    float share = motion_best_length(t, sums, t->weights[way], &length) / total;
    if ((double)share > best->certainty)
        *best = (as_motion){t->lengths[length], (double)way * MOTION_FINE, (double)share};
}

/* Their sums over each line across MOTION_ABREAST directions: what is loaded once goes to all of them. */
static void motion_project_few(const motion_tables *t, size_t way, const float *few,
                               float (*restrict sums)[MOTION_BINS])
{
    const uint8_t *to[MOTION_ABREAST] = {t->to[way], t->to[way + 1], t->to[way + 2], t->to[way + 3]};
    for (size_t k = 0; k < MOTION_ABREAST; k++)
        for (size_t i = 0; i < MOTION_BINS; i++)
            sums[k][i] = 0;
    for (size_t i = 0; i < t->n_few; i++) {
        sums[0][to[0][i]] += few[i];
        sums[1][to[1][i]] += few[i];
        sums[2][to[2][i]] += few[i];
        sums[3][to[3][i]] += few[i];
    }
}

/* What few of the bins say of every coarse direction: certainties; returns the best. */
static as_motion motion_look(const motion_tables *t, motion_work *work, float certainties[MOTION_WAYS])
{
    as_motion best = {0};
    float     total = 0;
    for (size_t i = 0; i < t->n_few; i++) {
        work->few[i] = work->left[t->few[i]];
        total += work->few[i] * work->few[i];
    }
    for (size_t from = 0; from < MOTION_WAYS; from += MOTION_ABREAST) {
        float sums[MOTION_ABREAST][MOTION_BINS];
        motion_project_few(t, from, work->few, sums);
        for (size_t k = 0; k < MOTION_ABREAST && total > 0; k++) {
            size_t way = from + k, length = 0;
            certainties[way] = motion_best_length(t, sums[k], t->few_weights[way], &length) / total;
            if ((double)certainties[way] > best.certainty)
                best = (as_motion){t->lengths[length], (double)way * MOTION_COARSE, (double)certainties[way]};
        }
    }
    return best;
}

static size_t motion_best_way(const float certainties[MOTION_WAYS])
{
    size_t best = 0;
    for (size_t way = 1; way < MOTION_WAYS; way++)
        if (certainties[way] > certainties[best])
            best = way;
    return best;
}

static void motion_fit(const motion_tables *t, motion_work *work, double floor_power, as_motion *ret)
{
    float certainties[MOTION_WAYS] = {0}, total = 0;
    for (size_t i = 0; i < t->n_runs; i++)
        motion_log(work->left + t->runs[i].to, work->power[0] + t->runs[i].from, (float)floor_power, t->runs[i].n);
    motion_free_of_radius(t, work->left);
    as_motion best = motion_look(t, work, certainties);
    if (best.certainty >= MOTION_MAYBE) {
        for (size_t i = 0; i < t->n_bins; i++)
            total += work->left[i] * work->left[i];
        best = (as_motion){0};
        for (size_t i = 0; i < MOTION_TRIES; i++) {
            size_t way = motion_best_way(certainties);
            motion_try(t, work->left, total, 2 * way, &best);
            certainties[way] = -1;
        }
        size_t way = (size_t)(best.direction_deg / MOTION_FINE);
        motion_try(t, work->left, total, way + MOTION_FINE_WAYS - 1, &best);
        motion_try(t, work->left, total, way + 1, &best);
    }
    *ret = best;
}

static void motion_make(void)
{
    motion_tables_make(&motion_table);
    motion_has_key = pthread_key_create(&motion_key, free) == 0;
}

/* A thread keeps its own until it ends: to ask for it anew for each small picture takes as long as the work itself. */
static motion_work *motion_room(void)
{
    motion_work *work = motion_has_key ? pthread_getspecific(motion_key) : NULL;
    if (work || !motion_has_key)
        return work;
    work = aligned_alloc(MOTION_ALIGN, (sizeof *work + MOTION_ALIGN - 1) / MOTION_ALIGN * MOTION_ALIGN);
    if (work)
        work->width = work->height = 0;
    if (work && pthread_setspecific(motion_key, work) != 0) {
        free(work);
        work = NULL;
    }
    return work;
}

bool as_motion_find(const as_motion_windows *windows, double noise, as_motion *ret, as_err *err)
{
    as_motion found = {0};
    if (windows->n > 0) {
        pthread_once(&motion_once, motion_make);
        motion_work *work = motion_room();
        if (!work)
            return AS_FAIL(err, AS_ENOMEM, "no memory for the spectrum of a picture");
        motion_tapers(work, windows->width, windows->height);
        motion_spectrum(&motion_table, windows, work);
        motion_fit(&motion_table, work, work->weight * windows->n * (MOTION_QUIET + noise * noise), &found);
    }
    *ret = found;
    return true;
}
