/* SPDX-License-Identifier: Apache-2.0 */
/* How many axes a bank is looked along: some of its rows are taken as queries, and what each choice would cost is
 * reckoned. */
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "engine/bank_priv.h"

enum {
    AXES_STEP = 8, /* numbers of axes that are tried are multiples */
    AXES_MOST = 256,
    AXES_TRIED = AXES_MOST / AXES_STEP,
    AXES_LEAST_ROWS = 512, /* from so many rows on */
    AXES_LOOKED = 1024,
    AXES_PROBES = 32,
    AXES_NEAR = 8192, /* rows among which the nearest of a probe is looked for */
    AXES_OFFS = 12    /* steps of how far digits may be off */
};
#define AXES_WHOLE AXES_TRIED /* stands for all numbers */

/* Cycles: the bound of a row in the first look; a row and each line of the second; each line of the last; a comparison
 * and each number of it; a product of a query with an axis (measured with AVX-512). */
#define AXES_COST_BOUND   0.45
#define AXES_COST_FINE    4.0
#define AXES_COST_LINE    4.0
#define AXES_COST_ROW     60.0
#define AXES_COST_NUMBER  1.0
#define AXES_COST_LAST    16.0
#define AXES_COST_PRODUCT 0.04
#define AXES_MOST_PART    0.25
#define AXES_LEAST_PART   0x1p-12

static const uint32_t axes_wide[] = {0, 4, 8, 12, 16, 24, 32, 48, 64};

typedef struct axes_try {
    as_bank *bank;
    size_t   n, step;        /* rows looked at: every step-th */
    uint32_t width, n_tried; /* numbers of a row in `along`, then the square of its length; of counts that are tried */
    float   *along;
    double   last_off;        /* what digits are off by in the last look */
    double   nearest, length; /* of the probes, on average: squares */
    /* How many pairs are left by so many axes, where digits are off by less than each step of `nearest` */
    double left[AXES_TRIED + 1][AXES_OFFS + 1];
    double pairs;
    /* The largest number from the i-th axis on: of a row, of the rows of a block, on average. */
    double largest[AXES_MOST + 1], block_largest[AXES_MOST + 1];
} axes_try;

/* Steps of a half power of two from 2^-7 on. */
static int axes_off_step(double part)
{
    int step = 0;
    for (double most = 0x1p-8; step < AXES_OFFS && part >= most; step++)
        most *= M_SQRT2;
    return step;
}

/* One pair: the first axes leave it open that the row is as near as `nearest` where digits are off by at least so
 * much. */
static void axes_count(axes_try *t, uint32_t i, double along, double across, double nearest)
{
    const double open = nearest - across;
    if (open < 0)
        return;
    const double off = sqrt(along) - sqrt(open);
    if (!(off > 0))
        t->left[i][0]++;
    else if (off < sqrt(nearest))
        t->left[i][axes_off_step(off / sqrt(nearest))]++;
}

static void axes_probe(axes_try *t, size_t p)
{
    const as_bank *bank = t->bank;
    const float   *probe = bank->rows + p * t->step * bank->size, *mine = t->along + p * (t->width + 1);
    const size_t   every = AS_MAX((size_t)1, bank->n / AXES_NEAR);
    double         nearest = INFINITY;
    for (size_t r = 0; r < bank->n; r += every)
        if (r != p * t->step)
            nearest = fmin(nearest, (double)bank->kernel->gap(probe, bank->rows + r * bank->size, bank->size));
    t->nearest += nearest;
    t->length += (double)mine[t->width];
    for (size_t r = 0; r < t->n; r++) {
        const float *row = t->along + r * (t->width + 1);
        double       along = 0, mine_left = (double)mine[t->width], row_left = (double)row[t->width];
        if (r == p)
            continue;
        for (uint32_t i = 0, a = 0; i < t->n_tried; i++) {
            for (; a < (i + 1) * AXES_STEP; a++) {
                const double off = (double)mine[a] - (double)row[a];
                along += off * off;
                mine_left -= (double)mine[a] * (double)mine[a];
                row_left -= (double)row[a] * (double)row[a];
            }
            const double across = sqrt(fmax(mine_left, 0)) - sqrt(fmax(row_left, 0));
            axes_count(t, i, along, across * across, nearest);
        }
        axes_count(t, AXES_WHOLE, (double)bank->kernel->gap(probe, bank->rows + r * t->step * bank->size, bank->size),
                   0, nearest);
        t->pairs++;
    }
}

/* What part of all rows is left. off: of digits. */
static double axes_share(const axes_try *t, uint32_t i, double off)
{
    const int to = axes_off_step(off / sqrt(t->nearest));
    double    n = 0;
    for (int step = 0; step <= to; step++)
        n += t->left[i][step];
    return n / t->pairs;
}

static void axes_find_largest(axes_try *t)
{
    const uint32_t width = AS_MIN(t->width, (uint32_t)AXES_MOST);
    float          block[AXES_MOST + 1];
    size_t         n_blocks = 0;
    for (size_t from = 0; from < t->n; from += BANK_BLOCK, n_blocks++) {
        memset(block, 0, sizeof block);
        for (size_t r = from; r < AS_MIN(from + BANK_BLOCK, t->n); r++) {
            const float *row = t->along + r * (t->width + 1);
            float        most = t->bank->kernel->largest(row + width, t->width - width);
            for (uint32_t a = width; a-- > 0;) {
                most = fmaxf(most, fabsf(row[a]));
                t->largest[a] += (double)most;
                block[a] = fmaxf(block[a], most);
            }
        }
        for (uint32_t a = 0; a < width; a++)
            t->block_largest[a] += (double)block[a];
    }
    for (uint32_t a = 0; a < width; a++) {
        t->largest[a] /= (double)t->n;
        t->block_largest[a] /= (double)n_blocks;
    }
}

/* The square of what n digits are off by, of a row and of a query: even over a digit's 1, twice each as bank.h has
 * it. */
static double axes_off(double gain, double query_gain, double n)
{
    return (gain * gain + query_gain * query_gain) * n / 6;
}

typedef struct axes_best {
    double    cost;
    bank_axes axes;
} axes_best;

static double axes_part(const axes_try *t, double off)
{
    const double part = off / sqrt(t->nearest);
    return isnan(part) ? AXES_MOST_PART : fmin(fmax(part, AXES_LEAST_PART), AXES_MOST_PART);
}

static void axes_take(axes_best *best, const axes_try *t, double cost, const bank_axes *axes, double off)
{
    if (!(cost < best->cost))
        return;
    *best = (axes_best){cost, *axes};
    best->axes.part = axes_part(t, off);
    best->axes.last_part = axes_part(t, t->last_off);
}

/* What is left is compared, or looked at a last time first: what costs less. */
static double axes_rest(const axes_try *t, double left, bool *ret_last)
{
    const double size = t->bank->size, lines = ceil((size + (double)sizeof(as_bank_row)) / BANK_LINE);
    const double compare = AXES_COST_ROW + AXES_COST_NUMBER * size;
    const double last =
        left * (AXES_COST_FINE + AXES_COST_LAST * lines) + axes_share(t, AXES_WHOLE, t->last_off) * compare;
    *ret_last = last < left * compare;
    return fmin(last, left * compare);
}

/* With a first look of so many axes, then with each second one. i: of the shares. */
static void axes_weigh(axes_best *best, const axes_try *t, uint32_t i, uint32_t n_axes, uint32_t n_wide)
{
    const as_bank *bank = t->bank;
    const double   words = (n_wide + 1) / BANK_WIDE + (n_axes - n_wide + 3) / BANK_NARROW;
    const double   most = fmax(1, as_bank_most(n_wide, n_axes - n_wide));
    const double   gain = fmax(n_wide < n_axes ? t->block_largest[n_wide] / 127 : 0, t->block_largest[0] / most);
    const double   query = fmax(n_wide < n_axes ? t->largest[n_wide] / 127 : 0, t->largest[0] / most);
    const double   single = bank->basis.n ? bank->basis.off : BANK_SLACK;
    const double   off = axes_off(gain, query, n_axes) + 8 * t->length * single * single;
    const double   look = words * bank->kernel->word + AXES_COST_BOUND, share = axes_share(t, i, sqrt(off));
    const double   product = AXES_COST_PRODUCT * bank->size / (double)bank->n;
    bank_axes      axes = {.n_axes = n_axes, .n_wide = n_wide};
    if (i == AXES_WHOLE) {
        axes_take(best, t, look + share * (AXES_COST_ROW + AXES_COST_NUMBER * bank->size), &axes, sqrt(off));
        return;
    }
    double rest = axes_rest(t, share, &axes.last);
    axes_take(best, t, look + rest + product * n_axes, &axes, sqrt(off));
    for (uint32_t lines = 1;; lines++) {
        axes.n_more = n_axes + lines * BANK_LINE - (uint32_t)sizeof(as_bank_row);
        if (axes.n_more > t->n_tried * AXES_STEP)
            return;
        const double both = off + axes_off(t->largest[n_axes] / 127, t->largest[n_axes] / 127, axes.n_more - n_axes);
        const double fine = AXES_COST_FINE + AXES_COST_LINE * lines;
        rest = axes_rest(t, axes_share(t, axes.n_more / AXES_STEP - 1, sqrt(both)), &axes.last);
        axes_take(best, t, look + share * fine + rest + product * axes.n_more, &axes, sqrt(both));
    }
}

static void axes_weigh_wide(axes_best *best, const axes_try *t, uint32_t i, uint32_t n_axes)
{
    for (size_t w = 0; t->bank->kernel->narrow && w < AS_COUNT(axes_wide) && axes_wide[w] < n_axes; w++)
        axes_weigh(best, t, i, n_axes, axes_wide[w]);
    axes_weigh(best, t, i, n_axes, n_axes);
}

static bool axes_fill(axes_try *t, as_err *err)
{
    as_bank  *bank = t->bank;
    bank_seen seen = {0};
    bool      ok = as_bank_seen_init(bank, &seen, err);
    for (size_t r = 0; ok && r < t->n; r++) {
        size_t bad;
        ok = as_bank_see(bank, bank->rows + r * t->step * bank->size, 1, &seen, &bad) ||
             AS_FAIL(err, AS_EINVAL, "row %zu of the bank has a number that is not finite, or too large", r * t->step);
        if (ok) {
            t->last_off += (double)t->bank->kernel->largest(seen.centred, bank->size) / 127 / (double)t->n;
            memcpy(t->along + r * (t->width + 1), seen.numbers, t->width * sizeof *t->along);
            t->along[r * (t->width + 1) + t->width] = (float)(seen.whole[0] * seen.whole[0]);
        }
    }
    as_bank_seen_done(&seen);
    return ok;
}

static void axes_weigh_all(axes_try *t)
{
    as_bank     *bank = t->bank;
    const size_t every = AS_MAX((size_t)1, t->n / AXES_PROBES);
    size_t       n_probes = 0;
    axes_best    best = {.cost = INFINITY};
    for (size_t p = every / 2; p < t->n; p += every, n_probes++)
        axes_probe(t, p);
    t->nearest /= (double)n_probes;
    t->length /= (double)n_probes;
    t->last_off = sqrt(axes_off(t->last_off, t->last_off, bank->size));
    axes_find_largest(t);
    axes_weigh_wide(&best, t, AXES_WHOLE, bank->size);
    for (uint32_t i = 0; i < t->n_tried; i++)
        axes_weigh_wide(&best, t, i, (i + 1) * AXES_STEP);
    bank->axes = best.axes;
}

/* Features of a network lie near a few axes: products along those alone leave out nearly all rows. Where they do not,
 * or the bank is small, numbers are taken as they are. */
bool as_bank_choose(as_bank *bank, as_err *err)
{
    const uint32_t most = AS_MIN(bank->size / 2, (uint32_t)AXES_MOST) / AXES_STEP * AXES_STEP;
    axes_try      *t = calloc(1, sizeof *t);
    bool           ok = t || AS_FAIL(err, AS_ENOMEM, "no memory for a bank");
    bank->axes = (bank_axes){.n_axes = bank->size, .n_wide = bank->size, .part = AXES_MOST_PART};
    if (ok && bank->n > 1) {
        const bool tries = bank->n >= AXES_LEAST_ROWS && most > 0;
        if (tries)
            ok = as_basis_find(&bank->basis, bank->rows, bank->n, bank->size, bank->mean, most, err) &&
                 as_bank_pack_axes(bank, most, err);
        t->bank = bank;
        t->step = (bank->n + AXES_LOOKED - 1) / AXES_LOOKED;
        t->n = (bank->n + t->step - 1) / t->step;
        t->width = tries ? most : bank->size;
        t->n_tried = tries ? most / AXES_STEP : 0;
        t->along = ok ? malloc(t->n * (t->width + 1) * sizeof *t->along) : NULL;
        ok = ok && (t->along || AS_FAIL(err, AS_ENOMEM, "no memory for a bank")) && axes_fill(t, err);
        if (ok)
            axes_weigh_all(t);
        free(t->along);
    }
    if (bank->axes.n_axes == bank->size)
        as_basis_done(&bank->basis);
    free(t);
    return ok;
}
