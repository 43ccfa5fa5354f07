/* SPDX-License-Identifier: Apache-2.0 */
#include "engine/bank.h"

#include <float.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "engine/bank_kernel.h"

#define BANK_PART  480  /* rows that stay in the second cache while all queries go over them */
#define BANK_CHUNK 1024 /* queries at once */
#define BANK_LIST  64   /* candidates of a query, before some are decided */
#define BANK_GRAIN 127.0

/* Single-precision sums of four terms are off by less than that of the largest of them; so is what is rounded before. */
#define BANK_SLACK 4e-6
#define BANK_LEAST 1e-36 /* and what single precision cannot hold any more is far below this */

/* How a vector is written in 8 bits: v = mean + gain * number + what is left. */
typedef struct bank_digits {
    double gain, error, length, whole; /* lengths: of what is left, of what the numbers stand for, of v - mean */
} bank_digits;

struct as_bank {
    const float          *rows;
    size_t                n, n_blocks;
    uint32_t              size, padded;
    const as_bank_kernel *kernel;
    float                *mean;
    int8_t               *packed;
    float                *low, *high, *gain, *error, *length; /* of each row: as_bank_bounds */
    int32_t              *shift;                              /* 128 times the sum of a row's numbers */
};

typedef struct bank_candidate {
    float    low;
    uint32_t row;
} bank_candidate;

typedef struct bank_best {
    double   distance;
    uint32_t row;
} bank_best;

typedef struct bank_query {
    const float *values;
    double       square; /* of its length, less the mean */
    float        gain, length, error;
    float        limit; /* a row whose least distance is above it is none */
    uint32_t     n_candidates, n_best, n_high;
    float        high[AS_BANK_MOST_K]; /* the k smallest greatest distances, rising */
} bank_query;

struct as_search {
    const as_bank  *bank;
    uint32_t        k;
    uint64_t        n_compared;
    bank_query     *queries;    /* BANK_CHUNK */
    bank_candidate *candidates; /* BANK_LIST each */
    bank_best      *best;       /* k each */
    void           *packed;
    int8_t         *digits;
};

/* --- 8-bit numbers --- */

static bool bank_digits_of(const float *v, const float *mean, uint32_t size, uint32_t padded, int8_t *ret,
                           bank_digits *about)
{
    double most = 0, whole = 0, error = 0, length = 0;
    for (uint32_t i = 0; i < size; i++) {
        double centred = (double)v[i] - (double)mean[i];
        most = fmax(most, fabs(centred));
        whole += centred * centred;
        if (!isfinite(v[i]))
            return false;
    }
    about->gain = most > 0 ? most / BANK_GRAIN : 1;
    memset(ret, 0, padded);
    for (uint32_t i = 0; i < size; i++) {
        double centred = (double)v[i] - (double)mean[i], number = nearbyint(centred / about->gain);
        double left = centred - number * about->gain;
        ret[i] = (int8_t)number;
        error += left * left;
        length += number * about->gain * number * about->gain;
    }
    about->error = sqrt(error);
    about->length = sqrt(length);
    about->whole = sqrt(whole);
    return whole < FLT_MAX / 64;
}

static void bank_pack(as_bank *bank, size_t row, const int8_t *digits)
{
    const as_bank_kernel *k = bank->kernel;
    int8_t               *block = bank->packed + row / BANK_BLOCK * BANK_BLOCK * bank->padded;
    size_t                in = row % BANK_BLOCK, group = in / k->lanes, lane = in % k->lanes;
    int32_t               sum = 0;
    for (uint32_t i = 0; i < bank->padded; i++) {
        size_t at = group * k->lanes * bank->padded + (size_t)i / k->step * k->step * k->lanes + lane * k->step;
        block[at + i % k->step] = digits[i];
        sum += digits[i];
    }
    bank->shift[row] = 128 * sum;
}

/* Lengths are rounded up by more than what single precision takes off them. */
static void bank_row(as_bank *bank, size_t row, const bank_digits *d)
{
    double square = d->whole * d->whole;
    bank->low[row] = (float)(square * (1 - BANK_SLACK) - BANK_LEAST);
    bank->high[row] = (float)(square * (1 + BANK_SLACK) + BANK_LEAST);
    bank->gain[row] = (float)(2 * d->gain);
    bank->error[row] = (float)(2 * (d->error * (1 + BANK_SLACK) + d->whole * BANK_SLACK));
    bank->length[row] = (float)(2 * d->length * (1 + BANK_SLACK));
}

/* --- the bank --- */

static bool bank_fill(as_bank *bank, as_err *err)
{
    int8_t *digits = malloc(bank->padded);
    double *sums = calloc(bank->size, sizeof *sums);
    bool    ok = (digits && sums) || AS_FAIL(err, AS_ENOMEM, "no memory for a bank");
    for (size_t r = 0; ok && r < bank->n; r++)
        for (uint32_t i = 0; i < bank->size; i++)
            sums[i] += (double)bank->rows[r * bank->size + i] / (double)bank->n;
    for (uint32_t i = 0; ok && i < bank->size; i++)
        bank->mean[i] = isfinite((float)sums[i]) ? (float)sums[i] : 0;
    for (size_t r = 0; ok && r < bank->n; r++) {
        bank_digits about;
        ok = bank_digits_of(bank->rows + r * bank->size, bank->mean, bank->size, bank->padded, digits, &about) ||
             AS_FAIL(err, AS_EINVAL, "row %zu of the bank has a number that is not finite, or too large", r);
        if (ok) {
            bank_pack(bank, r, digits);
            bank_row(bank, r, &about);
        }
    }
    /* Rows that fill up the last block are further than any. */
    for (size_t r = bank->n; ok && r < bank->n_blocks * BANK_BLOCK; r++)
        bank->low[r] = bank->high[r] = INFINITY;
    free(digits);
    free(sums);
    return ok;
}

static bool bank_memory(as_bank *bank, as_err *err)
{
    size_t n = bank->n_blocks * BANK_BLOCK;
    bank->mean = calloc(bank->size, sizeof(float));
    bank->packed = aligned_alloc(64, (n * bank->padded + 63) / 64 * 64);
    bank->low = calloc(n, sizeof(float));
    bank->high = calloc(n, sizeof(float));
    bank->gain = calloc(n, sizeof(float));
    bank->error = calloc(n, sizeof(float));
    bank->length = calloc(n, sizeof(float));
    bank->shift = calloc(n, sizeof(int32_t));
    if (!bank->mean || !bank->packed || !bank->low || !bank->high || !bank->gain || !bank->error || !bank->length ||
        !bank->shift)
        return AS_FAIL(err, AS_ENOMEM, "no memory for a bank of %zu rows", bank->n);
    memset(bank->packed, 0, n * bank->padded);
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
    bank->size = size;
    bank->padded = (size + BANK_ROUND - 1) / BANK_ROUND * BANK_ROUND;
    bank->n_blocks = (n + BANK_BLOCK - 1) / BANK_BLOCK;
    bank->kernel = as_bank_kernel_at(0);
    return bank_memory(bank, err) && bank_fill(bank, err) ? bank : as_bank_free(bank);
}

as_bank *as_bank_free(as_bank *bank)
{
    if (!bank)
        return NULL;
    free(bank->mean);
    free(bank->packed);
    free(bank->low);
    free(bank->high);
    free(bank->gain);
    free(bank->error);
    free(bank->length);
    free(bank->shift);
    free(bank);
    return NULL;
}

const char *as_bank_kernel_name(const as_bank *bank)
{
    return bank->kernel->name;
}

/* --- a search --- */

as_search *as_search_new(const as_bank *bank, uint32_t k, as_err *err)
{
    if (k < 1 || k > AS_BANK_MOST_K || k > bank->n) {
        AS_FAIL(err, AS_EINVAL, "the %u nearest of %zu rows: from 1 to %d, and no more than there are", k, bank->n,
                AS_BANK_MOST_K);
        return NULL;
    }
    as_search *search = calloc(1, sizeof *search);
    if (search) {
        search->bank = bank;
        search->k = k;
        search->queries = calloc(BANK_CHUNK, sizeof *search->queries);
        search->candidates = calloc((size_t)BANK_CHUNK * BANK_LIST, sizeof *search->candidates);
        search->best = calloc((size_t)BANK_CHUNK * k, sizeof *search->best);
        search->packed = calloc((size_t)BANK_CHUNK * bank->padded, bank->kernel->query_bytes);
        search->digits = calloc(bank->padded, 1);
    }
    if (search && search->queries && search->candidates && search->best && search->packed && search->digits)
        return search;
    AS_FAIL(err, AS_ENOMEM, "no memory for a search");
    return as_search_free(search);
}

as_search *as_search_free(as_search *search)
{
    if (!search)
        return NULL;
    free(search->queries);
    free(search->candidates);
    free(search->best);
    free(search->packed);
    free(search->digits);
    free(search);
    return NULL;
}

uint64_t as_search_n_compared(const as_search *search)
{
    return search->n_compared;
}

static bool search_begin(as_search *s, size_t i, const float *values)
{
    const as_bank *bank = s->bank;
    bank_query    *q = &s->queries[i];
    bank_digits    about;
    if (!bank_digits_of(values, bank->mean, bank->size, bank->padded, s->digits, &about))
        return false;
    for (uint32_t k = 0; k < bank->padded; k++) {
        if (bank->kernel->query_bytes == 1)
            ((uint8_t *)s->packed)[i * bank->padded + k] = (uint8_t)(s->digits[k] + 128);
        else
            ((int16_t *)s->packed)[i * bank->padded + k] = s->digits[k];
    }
    q->values = values;
    q->square = about.whole * about.whole;
    q->gain = (float)about.gain;
    q->length = (float)(about.whole * (1 + BANK_SLACK));
    q->error = (float)(about.error * (1 + BANK_SLACK) + about.whole * BANK_SLACK);
    q->limit = INFINITY;
    q->n_candidates = q->n_best = q->n_high = 0;
    return true;
}

/* Into the k best, of equals the lower row first. */
static void search_take(as_search *s, size_t i, uint32_t row)
{
    bank_query *q = &s->queries[i];
    bank_best  *best = s->best + i * s->k;
    double      distance = as_bank_distance(q->values, s->bank->rows + (size_t)row * s->bank->size, s->bank->size);
    uint32_t    at = q->n_best;
    s->n_compared++;
    while (at > 0 &&
           (best[at - 1].distance > distance || (best[at - 1].distance == distance && best[at - 1].row > row)))
        at--;
    if (at == s->k)
        return;
    q->n_best = AS_MIN(q->n_best + 1, s->k);
    memmove(best + at + 1, best + at, (q->n_best - 1 - at) * sizeof *best);
    best[at] = (bank_best){distance, row};
    /* What is known exactly bounds the rest as well. */
    if (q->n_best == s->k) {
        double last = best[s->k - 1].distance, slack = 2 * BANK_SLACK * (last + 2 * q->square) + BANK_LEAST;
        q->limit = fminf(q->limit, nextafterf((float)(last - q->square + slack), INFINITY));
    }
}

/* The list is full: those that cannot be are dropped; when many are left, they are compared now. */
static void search_thin(as_search *s, size_t i, bool all)
{
    bank_query     *q = &s->queries[i];
    bank_candidate *list = s->candidates + i * BANK_LIST;
    uint32_t        kept = 0;
    for (uint32_t c = 0; c < q->n_candidates; c++)
        if (list[c].low <= q->limit)
            list[kept++] = list[c];
    q->n_candidates = kept;
    if (!all && kept < BANK_LIST / 2)
        return;
    for (uint32_t c = 0; c < kept; c++)
        if (list[c].low <= q->limit)
            search_take(s, i, list[c].row);
    q->n_candidates = 0;
}

static void search_add(as_search *s, size_t i, uint32_t row, float low, float high)
{
    bank_query *q = &s->queries[i];
    if (q->n_high < s->k || high < q->high[s->k - 1]) {
        uint32_t at = q->n_high < s->k ? q->n_high++ : s->k - 1;
        for (; at > 0 && q->high[at - 1] > high; at--)
            q->high[at] = q->high[at - 1];
        q->high[at] = high;
        if (q->n_high == s->k)
            q->limit = fminf(q->limit, q->high[s->k - 1]);
    }
    if (!(low <= q->limit))
        return;
    if (q->n_candidates == BANK_LIST)
        search_thin(s, i, false);
    s->candidates[i * BANK_LIST + q->n_candidates++] = (bank_candidate){low, row};
}

static void search_block(as_search *s, size_t i, size_t block, int32_t *dots)
{
    const as_bank *bank = s->bank;
    bank_query    *q = &s->queries[i];
    size_t         first = block * BANK_BLOCK;
    float          low[BANK_BLOCK], high[BANK_BLOCK];
    if (bank->kernel->query_bytes == 1)
        for (size_t r = 0; r < BANK_BLOCK; r++)
            dots[r] -= bank->shift[first + r];
    as_bank_bounds bounds = {bank->low + first,
                             bank->high + first,
                             bank->gain + first,
                             bank->error + first,
                             bank->length + first,
                             q->gain,
                             q->length,
                             q->error};
    if (!(as_bank_bound(&bounds, dots, low, high) <= q->limit))
        return;
    for (size_t r = 0; r < BANK_BLOCK && first + r < bank->n; r++)
        if (low[r] <= q->limit)
            search_add(s, i, (uint32_t)(first + r), low[r], high[r]);
}

static void search_part(as_search *s, size_t n, size_t from, size_t to)
{
    const as_bank *bank = s->bank;
    int32_t        dots[BANK_TILE][BANK_BLOCK];
    for (size_t i = 0; i < n; i += BANK_TILE) {
        const uint8_t *packed = (const uint8_t *)s->packed + i * bank->padded * bank->kernel->query_bytes;
        for (size_t block = from; block < to; block++) {
            bank->kernel->dots(bank->packed + block * BANK_BLOCK * bank->padded, packed, bank->padded, dots);
            for (size_t t = 0; t < BANK_TILE && i + t < n; t++)
                search_block(s, i + t, block, dots[t]);
        }
    }
}

bool as_search_run(as_search *s, const float *queries, size_t n, uint32_t *ret_rows, double *ret_distances, as_err *err)
{
    size_t size = s->bank->size, step = BANK_PART / BANK_BLOCK;
    for (size_t done = 0; done < n; done += BANK_CHUNK) {
        size_t chunk = AS_MIN(n - done, (size_t)BANK_CHUNK);
        for (size_t i = 0; i < chunk; i++)
            if (!search_begin(s, i, queries + (done + i) * size))
                return AS_FAIL(err, AS_EINVAL, "query %zu has a number that is not finite, or too large", done + i);
        for (size_t from = 0; from < s->bank->n_blocks; from += step)
            search_part(s, chunk, from, AS_MIN(from + step, s->bank->n_blocks));
        for (size_t i = 0; i < chunk; i++) {
            search_thin(s, i, true);
            for (uint32_t k = 0; k < s->k; k++) {
                ret_rows[(done + i) * s->k + k] = s->best[i * s->k + k].row;
                ret_distances[(done + i) * s->k + k] = s->best[i * s->k + k].distance;
            }
        }
    }
    return true;
}
