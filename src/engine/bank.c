/* SPDX-License-Identifier: Apache-2.0 */
#include <float.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "engine/bank_priv.h"

#define BANK_MOST_DIGIT  8191.0
#define BANK_MOST_NARROW 127.0

/* --- vectors --- */

bool as_bank_seen_init(const as_bank *bank, bank_seen *seen, as_err *err)
{
    const size_t numbers = bank->basis.n ? (size_t)bank->product.n : 0;
    seen->centred = aligned_alloc(64, (BANK_BATCH * (bank->size + numbers) * sizeof(float) + 63) / 64 * 64);
    seen->digits = malloc((bank->size + BANK_LINE) * sizeof *seen->digits);
    seen->numbers = numbers ? seen->centred + BANK_BATCH * (size_t)bank->size : seen->centred;
    return (seen->centred && seen->digits) ||
           AS_FAIL(err, AS_ENOMEM, "no memory for vectors of %u numbers", bank->size);
}

void as_bank_seen_done(bank_seen *seen)
{
    free(seen->centred);
    free(seen->digits);
    *seen = (bank_seen){0};
}

bool as_bank_see(const as_bank *bank, const float *vectors, size_t n, bank_seen *seen, size_t *ret_bad)
{
    for (size_t i = 0; i < n; i++) {
        const double whole =
            bank->kernel->centre(vectors + i * bank->size, bank->mean, bank->size, seen->centred + i * bank->size);
        if (!(whole < FLT_MAX / 64)) {
            *ret_bad = i;
            return false;
        }
        seen->whole[i] = sqrt(whole);
    }
    if (bank->basis.n) {
        as_mat product = bank->product;
        product.m = (int64_t)n;
        as_mat_run(&product, 0, seen->centred, bank->packed_axes, NULL, seen->numbers);
    }
    return true;
}

static const float *bank_numbers(const as_bank *bank, const bank_seen *seen, size_t i)
{
    return seen->numbers + i * (bank->basis.n ? (size_t)bank->product.n : bank->size);
}

/* How far the numbers may be off: what single precision takes. */
static double bank_off(const as_bank *bank, double whole)
{
    return whole * (bank->basis.n ? bank->basis.off : BANK_SLACK);
}

void as_bank_across(const as_bank *bank, const bank_seen *seen, size_t i, uint32_t n, double *ret_low, double *ret_high)
{
    *ret_low = *ret_high = 0;
    if (bank->basis.n == 0)
        return;
    const double whole = seen->whole[i] * seen->whole[i], off = bank_off(bank, seen->whole[i]);
    const double along = sqrt(as_bank_square(bank_numbers(bank, seen, i), n));
    const double least = fmax(along - off, 0), most = along + off;
    *ret_low = sqrt(fmax(whole * (1 - BANK_SLACK) - most * most, 0));
    *ret_high = sqrt(fmax(whole * (1 + BANK_SLACK) - least * least, 0));
}

double as_bank_most(uint32_t n_wide, uint32_t n_narrow)
{
    const double left = INT32_MAX - 2.0 * BANK_MOST_NARROW * UINT8_MAX * (n_narrow + BANK_NARROW);
    return fmin(BANK_MOST_DIGIT, floor(sqrt(left / AS_MAX(n_wide, (uint32_t)1))));
}

float as_bank_first_gain(const as_bank *bank, const bank_seen *seen, size_t i)
{
    const uint32_t n_wide = bank->axes.n_wide, n_narrow = bank->axes.n_axes - n_wide;
    const float   *numbers = bank_numbers(bank, seen, i);
    return as_bank_up(fmax((double)bank->kernel->largest(numbers, n_wide) / as_bank_most(n_wide, n_narrow),
                           (double)bank->kernel->largest(numbers + n_wide, n_narrow) / BANK_MOST_NARROW));
}

/* off: what the numbers may be off by themselves. */
static bank_view bank_as_digits(const as_bank *bank, const float *numbers, uint32_t n, float gain, double off,
                                int16_t *ret)
{
    bank_view view = {.gain = gain};
    double    error;
    if (gain >= BANK_LEAST_GAIN) {
        view.square = bank->kernel->digits(numbers, n, gain, ret, &error) * (double)gain * (double)gain;
    } else {
        view.gain = 0;
        error = as_bank_square(numbers, n);
        memset(ret, 0, n * sizeof *ret);
    }
    view.error = (sqrt(error) + off) * (1 + BANK_SLACK);
    return view;
}

bank_view as_bank_first(const as_bank *bank, const bank_seen *seen, size_t i, float gain, unsigned offset, int32_t *to,
                        int32_t *ret_sum)
{
    const uint32_t  n_wide = bank->axes.n_wide;
    const bank_view view = bank_as_digits(bank, bank_numbers(bank, seen, i), bank->axes.n_axes, gain,
                                          bank_off(bank, seen->whole[i]), seen->digits);
    memset(to, 0, (bank->wide_words + bank->narrow_words) * sizeof *to);
    memcpy(to, seen->digits, n_wide * sizeof *seen->digits);
    *ret_sum = bank->kernel->bytes(seen->digits + n_wide, bank->axes.n_axes - n_wide, offset,
                                   (uint8_t *)(to + bank->wide_words));
    return view;
}

/* Numbers as digits of 8 bits behind an as_bank_row. */
static bank_view bank_behind(const as_bank *bank, const float *numbers, uint32_t n, double off, unsigned offset,
                             size_t n_lines, int16_t *digits, char *to, int32_t *ret_sum)
{
    const float     gain = as_bank_up((double)bank->kernel->largest(numbers, n) / BANK_MOST_NARROW);
    const bank_view view = bank_as_digits(bank, numbers, n, gain, off, digits);
    memset(to, 0, n_lines * BANK_LINE);
    *ret_sum = bank->kernel->bytes(digits, n, offset, (uint8_t *)to + sizeof(as_bank_row));
    return view;
}

bank_view as_bank_second(const as_bank *bank, const bank_seen *seen, size_t i, unsigned offset, char *to,
                         int32_t *ret_sum)
{
    const uint32_t from = bank->axes.n_axes;
    return bank_behind(bank, bank_numbers(bank, seen, i) + from, bank->axes.n_more - from,
                       bank_off(bank, seen->whole[i]), offset, bank->n_lines, seen->digits, to, ret_sum);
}

bank_view as_bank_last(const as_bank *bank, const bank_seen *seen, size_t i, unsigned offset, char *to,
                       int32_t *ret_sum)
{
    return bank_behind(bank, seen->centred + i * bank->size, bank->size, seen->whole[i] * BANK_SLACK, offset,
                       bank->whole_lines, seen->digits, to, ret_sum);
}

static bool bank_refuse(size_t row, as_err *err)
{
    return AS_FAIL(err, AS_EINVAL, "row %zu of the bank has a number that is not finite, or too large", row);
}

bool as_bank_pack_axes(as_bank *bank, uint32_t n, as_err *err)
{
    free(bank->packed_axes);
    bank->product = (as_mat){.m = BANK_BATCH,
                             .n = n,
                             .k = bank->size,
                             .a_row = bank->size,
                             .a_col = 1,
                             .b_row = 1,
                             .b_col = bank->size,
                             .packed = true,
                             .factor = 1.0f};
    bank->packed_axes = aligned_alloc(64, (as_mat_packed_bytes(&bank->product) + 63) / 64 * 64);
    if (!bank->packed_axes)
        return AS_FAIL(err, AS_ENOMEM, "no memory for %u axes", n);
    as_mat_pack(&bank->product, bank->basis.axes, bank->packed_axes);
    return true;
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

/* A word of the row is one lane's of its group. */
static void bank_put(as_bank *bank, size_t row, const int32_t *words)
{
    const size_t lanes = bank->kernel->lanes, n = bank->wide_words + bank->narrow_words;
    int32_t     *to = (int32_t *)(void *)bank->digits + row / lanes * lanes * n + row % lanes;
    for (size_t w = 0; w < n; w++)
        to[w * lanes] = words[w];
}

static void bank_fill_last(as_bank *bank, size_t r, const bank_seen *seen, size_t i)
{
    char           *to = bank->whole + r * bank->whole_lines * BANK_LINE;
    int32_t         unused;
    const bank_view v = as_bank_last(bank, seen, i, bank->kernel->offset, to, &unused);
    const double    off = 2 * v.error * v.error / bank->axes.last_part;
    const double    size = v.square + off + seen->whole[i] * seen->whole[i];
    *(as_bank_row *)(void *)to = (as_bank_row){
        .square = as_bank_down(v.square - off - (2 * BANK_SLACK * size + BANK_LEAST)), .gain = 2 * v.gain};
}

/* What a row's least distance begins with, and what is across, as bank_search.c has it of a query. */
static void bank_fill_row(as_bank *bank, size_t r, const bank_seen *seen, size_t i, float gain, int32_t *words)
{
    const double    part = bank->axes.part, times = 1 / (1 - part), whole = seen->whole[i] * seen->whole[i];
    int32_t         unused;
    double          low, high;
    const bank_view v = as_bank_first(bank, seen, i, gain, bank->kernel->offset, words, &unused);
    const double    off = 2 * v.error * v.error / part;
    as_bank_across(bank, seen, i, bank->axes.n_axes, &low, &high);
    double size = v.square + times * high * high + off + whole;
    bank_put(bank, r, words);
    bank->square[r] = as_bank_down(v.square + times * low * low - off - (2 * BANK_SLACK * size + BANK_LEAST));
    bank->across[r] = as_bank_up(2 * times * high);
    if (bank->axes.last)
        bank_fill_last(bank, r, seen, i);
    if (bank->axes.n_more == 0)
        return;
    char           *to = bank->fine + r * bank->n_lines * BANK_LINE;
    double          low_more, high_more;
    const bank_view more = as_bank_second(bank, seen, i, bank->kernel->offset, to, &unused);
    const double    off_more = 2 * more.error * more.error / part;
    as_bank_across(bank, seen, i, bank->axes.n_more, &low_more, &high_more);
    size += more.square + off_more + times * high_more * high_more;
    *(as_bank_row *)(void *)to =
        (as_bank_row){.square = as_bank_down(more.square + times * (low_more * low_more - low * low) - off_more -
                                             (2 * BANK_SLACK * size + BANK_LEAST)),
                      .gain = 2 * more.gain,
                      .before = bank->across[r],
                      .across = as_bank_up(2 * times * high_more)};
}

/* One gain for all rows of a block: a row that is far larger than all others coarsens its own block alone. */
static bool bank_fill_block(as_bank *bank, size_t b, bank_seen *seen, int32_t *words, as_err *err)
{
    const size_t from = b * BANK_BLOCK, n = AS_MIN((size_t)BANK_BLOCK, bank->n - from);
    float        gain = 0;
    size_t       bad;
    if (!as_bank_see(bank, bank->rows + from * bank->size, n, seen, &bad))
        return bank_refuse(from + bad, err);
    for (size_t i = 0; i < n; i++)
        gain = fmaxf(gain, as_bank_first_gain(bank, seen, i));
    for (size_t i = 0; i < n; i++)
        bank_fill_row(bank, from + i, seen, i, gain, words);
    /* Rows that fill up the last block are further than any. */
    for (size_t i = n; i < BANK_BLOCK; i++)
        bank->square[from + i] = INFINITY;
    bank->gain[b] = gain < BANK_LEAST_GAIN ? 0 : 2 * gain;
    return true;
}

static bool bank_fill(as_bank *bank, as_err *err)
{
    int32_t  *words = calloc(bank->wide_words + bank->narrow_words, sizeof *words);
    bank_seen seen = {0};
    bool      ok = (words || AS_FAIL(err, AS_ENOMEM, "no memory for a bank")) && as_bank_seen_init(bank, &seen, err);
    for (size_t b = 0; ok && b < bank->n_blocks; b++)
        ok = bank_fill_block(bank, b, &seen, words, err);
    free(words);
    as_bank_seen_done(&seen);
    return ok;
}

static void *bank_room(size_t bytes)
{
    void *room = aligned_alloc(BANK_LINE, (bytes + BANK_LINE - 1) / BANK_LINE * BANK_LINE);
    if (room)
        memset(room, 0, (bytes + BANK_LINE - 1) / BANK_LINE * BANK_LINE);
    return room;
}

static bool bank_memory(as_bank *bank, as_err *err)
{
    const size_t     n = bank->n_blocks * BANK_BLOCK;
    const bank_axes *axes = &bank->axes;
    if (bank->basis.n && !as_bank_pack_axes(bank, AS_MAX(axes->n_axes, axes->n_more), err))
        return false;
    bank->wide_words = (axes->n_wide + BANK_WIDE - 1) / BANK_WIDE;
    bank->narrow_words = (axes->n_axes - axes->n_wide + BANK_NARROW - 1) / BANK_NARROW;
    bank->n_lines = axes->n_more ? (sizeof(as_bank_row) + axes->n_more - axes->n_axes + BANK_LINE - 1) / BANK_LINE : 0;
    bank->digits = bank_room(n * (bank->wide_words + bank->narrow_words) * sizeof(int32_t));
    bank->square = bank_room(n * sizeof(float));
    bank->across = bank_room(n * sizeof(float));
    bank->gain = bank_room(bank->n_blocks * sizeof(float));
    bank->whole_lines = axes->last ? (sizeof(as_bank_row) + bank->size + BANK_LINE - 1) / BANK_LINE : 0;
    bank->fine = bank_room(bank->n * bank->n_lines * BANK_LINE + 1);
    bank->whole = bank_room(bank->n * bank->whole_lines * BANK_LINE + 1);
    if (!bank->digits || !bank->square || !bank->across || !bank->gain || !bank->fine || !bank->whole)
        return AS_FAIL(err, AS_ENOMEM, "no memory for a bank of %zu rows", bank->n);
    return true;
}

/* Axes that are given, not chosen. */
static bool bank_force(as_bank *bank, const bank_axes *axes, as_err *err)
{
    bank->axes = *axes;
    if (!bank->kernel->narrow)
        bank->axes.n_wide = axes->n_axes;
    return axes->n_axes == bank->size || as_basis_find(&bank->basis, bank->rows, bank->n, bank->size, bank->mean,
                                                       AS_MAX(axes->n_axes, axes->n_more), err);
}

as_bank *as_bank_new_with(const as_bank_kernel *kernel, const bank_axes *axes, const float *rows, size_t n,
                          uint32_t size, as_err *err)
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
    bank->size = size;
    bank->n_blocks = (n + BANK_BLOCK - 1) / BANK_BLOCK;
    bank->kernel = kernel;
    bank->mean = calloc(size, sizeof(float));
    bool ok = bank->mean || AS_FAIL(err, AS_ENOMEM, "no memory for a bank");
    ok = ok && bank_find_mean(bank, err) && (axes ? bank_force(bank, axes, err) : as_bank_choose(bank, err));
    return ok && bank_memory(bank, err) && bank_fill(bank, err) ? bank : as_bank_free(bank);
}

as_bank *as_bank_new(const float *rows, size_t n, uint32_t size, as_err *err)
{
    return as_bank_new_with(as_bank_kernel_at(0), NULL, rows, n, size, err);
}

as_bank *as_bank_free(as_bank *bank)
{
    if (!bank)
        return NULL;
    as_basis_done(&bank->basis);
    free(bank->mean);
    free(bank->packed_axes);
    free(bank->digits);
    free(bank->square);
    free(bank->across);
    free(bank->gain);
    free(bank->fine);
    free(bank->whole);
    free(bank);
    return NULL;
}

const char *as_bank_kernel_name(const as_bank *bank)
{
    return bank->kernel->name;
}

uint32_t as_bank_n_axes(const as_bank *bank, uint32_t look)
{
    return bank->basis.n == 0 ? 0 : look == 0 ? bank->axes.n_axes : bank->axes.n_more;
}
