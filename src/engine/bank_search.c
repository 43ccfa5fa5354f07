/* SPDX-License-Identifier: Apache-2.0 */
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "engine/bank_priv.h"

enum {
    SEARCH_CHUNK = 1024, /* queries at once */
    SEARCH_BLOCKS = 10   /* that are looked at before the likeliest of their rows are compared */
};

typedef struct search_best {
    double   distance;
    uint32_t row;
} search_best;

typedef struct search_query {
    const float *values;
    double       square; /* of its length, less the mean */
    float        gain, length, error, across;
    float        limit; /* a row whose least distance, less the square, is above it is none */
    uint32_t     n_best;
} search_query;

struct as_search {
    const as_bank *bank;
    uint32_t       k;
    uint64_t       n_compared;
    search_query  *queries; /* SEARCH_CHUNK */
    search_best   *best;    /* k each */
    int16_t       *digits;  /* bank->padded each */
    bank_vector    vector;
};

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
        search->queries = calloc(SEARCH_CHUNK, sizeof *search->queries);
        search->best = calloc((size_t)SEARCH_CHUNK * k, sizeof *search->best);
        search->digits = calloc((size_t)SEARCH_CHUNK * bank->padded, sizeof *search->digits);
        search->vector.centred = calloc((size_t)bank->size + bank->basis.n, sizeof *search->vector.centred);
    }
    if (search && search->queries && search->best && search->digits && search->vector.centred) {
        search->vector.numbers = search->vector.centred + (bank->basis.n ? bank->size : 0);
        return search;
    }
    AS_FAIL(err, AS_ENOMEM, "no memory for a search");
    return as_search_free(search);
}

as_search *as_search_free(as_search *search)
{
    if (!search)
        return NULL;
    free(search->queries);
    free(search->best);
    free(search->digits);
    free(search->vector.centred);
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
    search_query  *q = &s->queries[i];
    bank_vector   *v = &s->vector;
    double         length;
    if (!as_bank_see(bank, values, v))
        return false;
    double gain = as_bank_gain(bank, v->numbers, 0);
    as_bank_round(v->numbers, bank->n_axes, gain, s->digits + i * bank->padded, &v->error, &length);
    *q = (search_query){
        .values = values,
        .square = v->whole * v->whole,
        .gain = (float)gain,
        .length = (float)(v->whole * (1 + BANK_SLACK)),
        .error = (float)(v->error * (1 + BANK_SLACK) + v->whole * BANK_SLACK),
        .across = (float)(v->across * (1 + BANK_SLACK)),
        .limit = INFINITY,
    };
    return true;
}

/* Into the k best, of equals the lower row first. */
static void search_take(as_search *s, size_t i, uint32_t row)
{
    search_query *q = &s->queries[i];
    search_best  *best = s->best + i * s->k;
    double        distance = as_bank_distance(q->values, s->bank->rows + (size_t)row * s->bank->size, s->bank->size);
    uint32_t      at = q->n_best;
    s->n_compared++;
    while (at > 0 &&
           (best[at - 1].distance > distance || (best[at - 1].distance == distance && best[at - 1].row > row)))
        at--;
    if (at == s->k)
        return;
    q->n_best = AS_MIN(q->n_best + 1, s->k);
    memmove(best + at + 1, best + at, (q->n_best - 1 - at) * sizeof *best);
    best[at] = (search_best){distance, row};
    if (q->n_best == s->k) {
        double last = best[s->k - 1].distance, slack = 2 * BANK_SLACK * (last + 2 * q->square) + BANK_LEAST;
        q->limit = nextafterf((float)(last - q->square + slack), INFINITY);
    }
}

/* Compares what may be nearer than the k best so far, the likeliest first: each leaves less of the others. least: of each block. */
static void search_compare(as_search *s, size_t i, size_t first, size_t n_blocks, float (*low)[BANK_BLOCK],
                           float *least)
{
    const search_query *q = &s->queries[i];
    for (;;) {
        size_t block = 0, row = 0;
        for (size_t b = 1; b < n_blocks; b++)
            block = least[b] < least[block] ? b : block;
        if (!(least[block] <= q->limit) || least[block] == INFINITY)
            return;
        while (low[block][row] != least[block])
            row++;
        low[block][row] = INFINITY;
        least[block] = as_bank_least(low[block]);
        search_take(s, i, (uint32_t)((first + block) * BANK_BLOCK + row));
    }
}

static void search_blocks(as_search *s, size_t n_queries, size_t first, size_t n_blocks)
{
    const as_bank *bank = s->bank;
    int32_t        dots[BANK_TILE][BANK_BLOCK];
    float          low[BANK_TILE][SEARCH_BLOCKS][BANK_BLOCK], least[BANK_TILE][SEARCH_BLOCKS];
    for (size_t i = 0; i < n_queries; i += BANK_TILE) {
        const size_t   n = AS_MIN((size_t)BANK_TILE, n_queries - i);
        const int16_t *digits = s->digits + i * bank->padded;
        for (size_t b = 0; b < n_blocks; b++) {
            const size_t      row = (first + b) * BANK_BLOCK;
            const bank_block *block = &bank->blocks[first + b];
            bank->kernel->dots(bank->packed + row * bank->padded, digits, bank->padded, dots);
            for (size_t t = 0; t < n; t++) {
                const search_query  *q = &s->queries[i + t];
                const as_bank_bounds bounds = {
                    .square = bank->square + row,
                    .across = bank->across + row,
                    .gain = q->gain * block->gain,
                    .query_across = q->across,
                    .off =
                        (q->length * block->error + q->error * block->length) * (1 + (float)BANK_SLACK) + block->slack,
                };
                least[t][b] = as_bank_bound(&bounds, dots[t], low[t][b]);
            }
        }
        for (size_t t = 0; t < n; t++)
            search_compare(s, i + t, first, n_blocks, low[t], least[t]);
    }
}

bool as_search_run(as_search *s, const float *queries, size_t n, uint32_t *ret_rows, double *ret_distances, as_err *err)
{
    for (size_t done = 0; done < n; done += SEARCH_CHUNK) {
        size_t chunk = AS_MIN(n - done, (size_t)SEARCH_CHUNK);
        for (size_t i = 0; i < chunk; i++)
            if (!search_begin(s, i, queries + (done + i) * s->bank->size))
                return AS_FAIL(err, AS_EINVAL, "query %zu has a number that is not finite, or too large", done + i);
        for (size_t from = 0; from < s->bank->n_blocks; from += SEARCH_BLOCKS)
            search_blocks(s, chunk, from, AS_MIN(s->bank->n_blocks - from, (size_t)SEARCH_BLOCKS));
        for (size_t i = 0; i < chunk; i++)
            for (uint32_t k = 0; k < s->k; k++) {
                ret_rows[(done + i) * s->k + k] = s->best[i * s->k + k].row;
                ret_distances[(done + i) * s->k + k] = s->best[i * s->k + k].distance;
            }
    }
    return true;
}
