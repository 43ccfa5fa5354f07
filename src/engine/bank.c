/* SPDX-License-Identifier: Apache-2.0 */
#include <float.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "engine/bank_priv.h"

#define BANK_MOST_DIGIT 2047.0

/* How many axes may be used; from so many rows on; of so many rows and queries it is found how many are best. */
static const uint32_t bank_tried[] = {8, 16, 24, 32, 48, 64, 96, 128, 192, 256};
enum { BANK_TRIED = AS_COUNT(bank_tried), BANK_LEAST_ROWS = 512, BANK_LOOKED = 1024, BANK_PROBES = 32 };
/* What a bound of the first look, a row and a product of the second one, and a comparison in float64 and each number of it take,
 * where a product of the first look takes one (measured on AVX2). */
#define BANK_COST_BOUND  12
#define BANK_COST_FINE   150
#define BANK_COST_DIGIT  1.5
#define BANK_COST_AXIS   1 /* of a number of the query */
#define BANK_COST_ROW    500
#define BANK_COST_NUMBER 6

/* --- vectors --- */

bool as_bank_see(const as_bank *bank, const float *v, bank_vector *ret)
{
    double whole = as_bank_centre(v, bank->mean, bank->size, ret->centred);
    if (!(whole < FLT_MAX / 64))
        return false;
    ret->whole = sqrt(whole);
    ret->error = ret->whole * (bank->basis.n ? bank->basis.off : BANK_SLACK); /* what single precision takes off */
    if (bank->basis.n)
        as_basis_project(&bank->basis, ret->centred, AS_MAX(bank->n_axes, bank->n_more), ret->numbers);
    return true;
}

double as_bank_across(const as_bank *bank, const bank_vector *v, uint32_t n)
{
    if (bank->basis.n == 0)
        return 0;
    double along = fmax(sqrt(as_bank_square(v->numbers, n)) - v->error, 0);
    return sqrt(fmax(v->whole * v->whole * (1 + BANK_SLACK) - along * along, 0));
}

double as_bank_gain(const as_bank *bank, const float *numbers, uint32_t n, double least)
{
    return fmax(least, (double)as_bank_largest(numbers, n) / bank->most);
}

void as_bank_round(const float *numbers, uint32_t n, double gain, int16_t *ret, double *ret_error, double *ret_length)
{
    double error, length;
    as_bank_digits(numbers, n, gain, ret, &error, &length);
    *ret_error += sqrt(error);
    *ret_length = sqrt(length);
}

static bool bank_refuse(size_t row, as_err *err)
{
    return AS_FAIL(err, AS_EINVAL, "row %zu of the bank has a number that is not finite, or too large", row);
}

static bool bank_vector_init(const as_bank *bank, bank_vector *ret, as_err *err)
{
    ret->centred = malloc(((size_t)bank->size + bank->basis.n) * sizeof *ret->centred);
    ret->numbers = ret->centred + (bank->basis.n ? bank->size : 0);
    return ret->centred || AS_FAIL(err, AS_ENOMEM, "no memory for a vector of %u numbers", bank->size);
}

/* --- how many axes --- */

/* What it costs to look at one row, as products: n axes leave `share` of the rows, of which n_more (0: there is no second look)
 * leave `share_more`. */
static double bank_cost(const as_bank *bank, uint32_t n, double share, uint32_t n_more, double share_more)
{
    double whole = BANK_COST_ROW + BANK_COST_NUMBER * (double)bank->size;
    return n + BANK_COST_BOUND + BANK_COST_AXIS * AS_MAX(n, n_more) * (double)bank->size / (double)bank->n +
           (n_more ? share * (BANK_COST_FINE + BANK_COST_DIGIT * n_more) + share_more * whole : share * whole);
}

/* Adds to n_left[t], for each row looked at, whether the first bank_tried[t] axes leave open that it is as near to the probe as
 * `nearest`. along: of each row its products with the axes, then the square of its length. */
static void bank_try_probe(const as_bank *bank, const float *along, size_t n_looked, size_t p, double nearest,
                           size_t n_left[BANK_TRIED])
{
    const uint32_t width = bank->basis.n + 1;
    const float   *probe = along + p * width;
    for (size_t r = 0; r < n_looked; r++) {
        const float *row = along + r * width;
        double       gap = 0, probe_left = (double)probe[width - 1], row_left = (double)row[width - 1];
        for (uint32_t t = 0, a = 0; r != p && t < BANK_TRIED && bank_tried[t] <= bank->basis.n; t++) {
            for (; a < bank_tried[t]; a++) {
                double off = (double)probe[a] - (double)row[a];
                gap += off * off;
                probe_left -= (double)probe[a] * (double)probe[a];
                row_left -= (double)row[a] * (double)row[a];
            }
            double across = sqrt(fmax(probe_left, 0)) - sqrt(fmax(row_left, 0));
            n_left[t] += gap + across * across <= nearest;
        }
    }
}

/* Some rows of the bank are taken as queries. Sets n_axes to what costs least. */
static void bank_try_axes(as_bank *bank, const float *along, size_t n_looked, size_t step)
{
    const size_t every = AS_MAX((size_t)1, n_looked / BANK_PROBES);
    size_t       n_probes = 0, n_left[BANK_TRIED] = {0};
    for (size_t p = every / 2; p < n_looked; p += every, n_probes++) {
        double nearest = INFINITY;
        for (size_t r = 0; r < n_looked; r++)
            if (r != p)
                nearest = fmin(nearest, as_bank_distance(bank->rows + p * step * bank->size,
                                                         bank->rows + r * step * bank->size, bank->size));
        bank_try_probe(bank, along, n_looked, p, nearest, n_left);
    }
    double least = bank_cost(bank, bank->size, 0, 0, 0), all = (double)n_probes * (double)n_looked;
    for (size_t t = 0; t < BANK_TRIED && bank_tried[t] <= bank->basis.n; t++)
        for (size_t m = t; m < BANK_TRIED && bank_tried[m] <= bank->basis.n; m++) {
            uint32_t more = m > t ? bank_tried[m] : 0;
            double   cost = bank_cost(bank, bank_tried[t], (double)n_left[t] / all, more, (double)n_left[m] / all);
            if (cost < least && more % BANK_FINE_STEP == 0) {
                least = cost;
                bank->n_axes = bank_tried[t];
                bank->n_more = more;
            }
        }
}

/* Features of a network lie near a few axes: products along those alone leave out nearly all rows. Where they do not, or the
 * bank is small, numbers are taken as they are. */
static bool bank_choose_axes(as_bank *bank, as_err *err)
{
    uint32_t most = 0;
    for (size_t t = 0; t < BANK_TRIED && bank_tried[t] <= bank->size / 2; t++)
        most = bank_tried[t];
    if (bank->n < BANK_LEAST_ROWS || most == 0)
        return true;
    if (!as_basis_find(&bank->basis, bank->rows, bank->n, bank->size, bank->mean, most, err))
        return false;
    size_t      step = (bank->n + BANK_LOOKED - 1) / BANK_LOOKED, n_looked = (bank->n + step - 1) / step;
    float      *along = malloc(n_looked * (most + 1) * sizeof *along);
    bank_vector v = {0};
    bool        ok = along || AS_FAIL(err, AS_ENOMEM, "no memory for a bank");
    bank->n_axes = most;
    ok = ok && bank_vector_init(bank, &v, err);
    for (size_t r = 0; ok && r < n_looked; r++) {
        ok = as_bank_see(bank, bank->rows + r * step * bank->size, &v) || bank_refuse(r * step, err);
        if (!ok)
            break;
        memcpy(along + r * (most + 1), v.numbers, most * sizeof *along);
        along[r * (most + 1) + most] = (float)(v.whole * v.whole);
    }
    bank->n_axes = bank->size;
    if (ok)
        bank_try_axes(bank, along, n_looked, step);
    if (bank->n_axes == bank->size)
        as_basis_done(&bank->basis);
    free(along);
    free(v.centred);
    return ok;
}

/* --- the bank --- */

static bool bank_find_mean(as_bank *bank, as_err *err)
{
    double *sums = calloc(bank->size, sizeof *sums);
    if (!sums)
        return AS_FAIL(err, AS_ENOMEM, "no memory for a bank");
    for (size_t r = 0; r < bank->n; r++)
        for (uint32_t i = 0; i < bank->size; i++)
            sums[i] += (double)bank->rows[r * bank->size + i];
    for (uint32_t i = 0; i < bank->size; i++) {
        float mean = (float)(sums[i] / (double)bank->n);
        bank->mean[i] = isfinite(mean) ? mean : 0;
    }
    free(sums);
    for (size_t r = 0; r < bank->n; r++)
        if (!(as_bank_distance(bank->rows + r * bank->size, bank->mean, bank->size) < FLT_MAX / 64))
            return bank_refuse(r, err);
    return true;
}

static void bank_pack(as_bank *bank, size_t row, const int16_t *digits)
{
    const size_t lanes = bank->kernel->lanes, group = row / lanes, lane = row % lanes;
    for (uint32_t i = 0; i < bank->padded; i++)
        bank->packed[group * lanes * bank->padded + (i / BANK_STEP * lanes + lane) * BANK_STEP + i % BANK_STEP] =
            digits[i];
}

/* What the second look has of a row. */
static void bank_fill_fine(as_bank *bank, size_t r, const bank_vector *v)
{
    as_bank_row *row = as_bank_fine(bank, r);
    double       gain = as_bank_gain(bank, v->numbers, bank->n_more, 0), error = v->error, length;
    as_bank_round(v->numbers, bank->n_more, gain, row->digits, &error, &length);
    row->square = (float)(v->whole * v->whole);
    row->gain = (float)(2 * gain);
    row->across = (float)(2 * as_bank_across(bank, v, bank->n_more) * (1 + BANK_SLACK));
    row->error = (float)(2 * (error + v->whole * BANK_SLACK) * (1 + BANK_SLACK));
    row->length = (float)(2 * length * (1 + BANK_SLACK));
    row->slack = (float)(2 * BANK_SLACK * v->whole * v->whole + BANK_LEAST);
}

/* One gain for all rows of a block: a row that is far larger than all others coarsens its own block alone. */
static bool bank_fill_block(as_bank *bank, size_t b, bank_vector *v, int16_t *digits, as_err *err)
{
    const size_t from = b * BANK_BLOCK, to = AS_MIN(from + BANK_BLOCK, bank->n);
    double       gain = 0, error = 0, length = 0, slack = BANK_LEAST;
    for (size_t r = from; r < to; r++) {
        if (!as_bank_see(bank, bank->rows + r * bank->size, &v[r - from]))
            return bank_refuse(r, err);
        gain = as_bank_gain(bank, v[r - from].numbers, bank->n_axes, gain);
    }
    for (size_t r = from; r < to; r++) {
        bank_vector *one = &v[r - from];
        double       row_length, row_error = one->error;
        as_bank_round(one->numbers, bank->n_axes, gain, digits, &row_error, &row_length);
        bank_pack(bank, r, digits);
        bank->square[r] = (float)(one->whole * one->whole);
        bank->across[r] = (float)(2 * as_bank_across(bank, one, bank->n_axes) * (1 + BANK_SLACK));
        error = fmax(error, 2 * (row_error + one->whole * BANK_SLACK) * (1 + BANK_SLACK));
        length = fmax(length, 2 * row_length * (1 + BANK_SLACK));
        slack = fmax(slack, 2 * BANK_SLACK * one->whole * one->whole + BANK_LEAST);
        if (bank->n_more)
            bank_fill_fine(bank, r, one);
    }
    /* Rows that fill up the last block are further than any. */
    for (size_t r = to; r < from + BANK_BLOCK; r++)
        bank->square[r] = INFINITY;
    bank->blocks[b] = (bank_block){(float)(2 * gain), (float)error, (float)length, (float)slack};
    return true;
}

static bool bank_fill(as_bank *bank, as_err *err)
{
    int16_t    *digits = calloc(bank->padded, sizeof *digits);
    bank_vector v[BANK_BLOCK] = {0};
    bool        ok = digits || AS_FAIL(err, AS_ENOMEM, "no memory for a bank");
    for (size_t i = 0; ok && i < BANK_BLOCK; i++)
        ok = bank_vector_init(bank, &v[i], err);
    for (size_t b = 0; ok && b < bank->n_blocks; b++)
        ok = bank_fill_block(bank, b, v, digits, err);
    free(digits);
    for (size_t i = 0; i < BANK_BLOCK; i++)
        free(v[i].centred);
    return ok;
}

static bool bank_memory(as_bank *bank, as_err *err)
{
    size_t n = bank->n_blocks * BANK_BLOCK;
    bank->padded = (bank->n_axes + BANK_STEP - 1) / BANK_STEP * BANK_STEP;
    bank->most = fmin(BANK_MOST_DIGIT, floor(sqrt((double)INT32_MAX / AS_MAX(bank->padded, bank->n_more))));
    bank->packed = aligned_alloc(64, (n * bank->padded * sizeof *bank->packed + 63) / 64 * 64);
    bank->square = calloc(n, sizeof(float));
    bank->across = calloc(n, sizeof(float));
    bank->blocks = calloc(bank->n_blocks, sizeof *bank->blocks);
    bank->fine = bank->n_more ? aligned_alloc(64, (bank->n * AS_BANK_ROW_BYTES(bank->n_more) + 63) / 64 * 64) : NULL;
    if (!bank->packed || !bank->square || !bank->across || !bank->blocks || (bank->n_more && !bank->fine))
        return AS_FAIL(err, AS_ENOMEM, "no memory for a bank of %zu rows", bank->n);
    memset(bank->packed, 0, n * bank->padded * sizeof *bank->packed);
    return true;
}

as_bank *as_bank_new(const float *rows, size_t n, uint32_t size, as_err *err)
{
    if (n < 1 || n > AS_BANK_MOST_ROWS || size < 1 || size > AS_BANK_MOST_SIZE) {
        AS_FAIL(err, AS_ELIMIT, "a bank of %zu rows of %u numbers: from 1 to %zu rows of 1 to %d are possible", n, size,
                AS_BANK_MOST_ROWS, AS_BANK_MOST_SIZE);
        return NULL;
    }
    as_bank *bank = calloc(1, sizeof *bank);
    if (!bank) {
        AS_FAIL(err, AS_ENOMEM, "no memory for a bank");
        return NULL;
    }
    bank->rows = rows;
    bank->n = n;
    bank->size = bank->n_axes = size;
    bank->n_blocks = (n + BANK_BLOCK - 1) / BANK_BLOCK;
    bank->kernel = as_bank_kernel_at(0);
    bank->mean = calloc(size, sizeof(float));
    bool ok = bank->mean || AS_FAIL(err, AS_ENOMEM, "no memory for a bank");
    ok = ok && bank_find_mean(bank, err) && bank_choose_axes(bank, err);
    return ok && bank_memory(bank, err) && bank_fill(bank, err) ? bank : as_bank_free(bank);
}

as_bank *as_bank_free(as_bank *bank)
{
    if (!bank)
        return NULL;
    as_basis_done(&bank->basis);
    free(bank->mean);
    free(bank->packed);
    free(bank->square);
    free(bank->across);
    free(bank->blocks);
    free(bank->fine);
    free(bank);
    return NULL;
}

const char *as_bank_kernel_name(const as_bank *bank)
{
    return bank->kernel->name;
}

uint32_t as_bank_n_axes(const as_bank *bank, uint32_t look)
{
    return bank->basis.n == 0 ? 0 : look == 0 ? bank->n_axes : bank->n_more;
}
