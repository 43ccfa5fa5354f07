/* SPDX-License-Identifier: Apache-2.0 */
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "engine/bank_priv.h"

enum {
    SEARCH_CHUNK = 1024, /* queries at once */
    SEARCH_BLOCKS = 32,  /* whose rows all get their first look before any gets the second */
    SEARCH_ROWS = SEARCH_BLOCKS * BANK_BLOCK,
    SEARCH_AHEAD = 12,
    SEARCH_LINE = 64, /* rows, bytes: what is fetched before it is needed */
    SEARCH_FIRST = 1  /* rows that are compared, beyond k, where nothing is known of a query yet */
};

typedef struct search_best {
    double   distance;
    uint32_t row;
} search_best;

/* A query as one of the looks has it. */
typedef struct search_view {
    float gain, error, across;
} search_view;

typedef struct search_query {
    const float *values;
    double       square; /* of its length, less the mean */
    search_view  first, second;
    float        length;
    float        limit; /* a row whose least distance, less the square, is above it is none */
    uint32_t     n_best;
} search_query;

/* A row that may be near, and the least that its distance is, less the square of the query. */
typedef struct search_near {
    float    low;
    uint32_t row;
} search_near;

struct as_search {
    const as_bank *bank;
    uint32_t       k;
    uint64_t       n_compared;
    search_query  *queries;       /* SEARCH_CHUNK */
    search_best   *best;          /* k each */
    int16_t       *digits, *more; /* bank->padded each, bank->n_more each */
    bank_vector    vector;
    float (*low)[SEARCH_BLOCKS][BANK_BLOCK]; /* BANK_TILE */
    float (*least)[SEARCH_BLOCKS];           /* BANK_TILE */
    float (*off)[SEARCH_BLOCKS];             /* BANK_TILE: what is to be taken off `low` */
    uint32_t    *rows;                       /* SEARCH_ROWS, what the first look leaves */
    search_near *near;                       /* SEARCH_ROWS, what the second one leaves */
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
        search->more = calloc((size_t)SEARCH_CHUNK * bank->n_more + 1, sizeof *search->more);
        search->vector.centred = calloc((size_t)bank->size + bank->basis.n, sizeof *search->vector.centred);
        search->low = calloc(BANK_TILE, sizeof *search->low);
        search->least = calloc(BANK_TILE, sizeof *search->least);
        search->off = calloc(BANK_TILE, sizeof *search->off);
        search->rows = calloc(SEARCH_ROWS + 8, sizeof *search->rows);
        search->near = calloc(SEARCH_ROWS, sizeof *search->near);
    }
    if (search && search->queries && search->best && search->digits && search->more && search->vector.centred &&
        search->low && search->least && search->off && search->rows && search->near) {
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
    free(search->more);
    free(search->low);
    free(search->least);
    free(search->off);
    free(search->rows);
    free(search->near);
    free(search->vector.centred);
    free(search);
    return NULL;
}

uint64_t as_search_n_compared(const as_search *search)
{
    return search->n_compared;
}

/* Of the first n numbers. */
static search_view search_see(const as_bank *bank, const bank_vector *v, uint32_t n, int16_t *ret_digits)
{
    double gain = as_bank_gain(bank, v->numbers, n, 0), error = v->error, length;
    as_bank_round(v->numbers, n, gain, ret_digits, &error, &length);
    return (search_view){
        .gain = (float)gain,
        .error = (float)(error * (1 + BANK_SLACK) + v->whole * BANK_SLACK),
        .across = (float)(as_bank_across(bank, v, n) * (1 + BANK_SLACK)),
    };
}

static bool search_begin(as_search *s, size_t i, const float *values)
{
    const as_bank *bank = s->bank;
    search_query  *q = &s->queries[i];
    bank_vector   *v = &s->vector;
    if (!as_bank_see(bank, values, v))
        return false;
    *q = (search_query){
        .values = values,
        .square = v->whole * v->whole,
        .first = search_see(bank, v, bank->n_axes, s->digits + i * bank->padded),
        .length = (float)(v->whole * (1 + BANK_SLACK)),
        .limit = INFINITY,
    };
    if (bank->n_more)
        q->second = search_see(bank, v, bank->n_more, s->more + i * bank->n_more);
    return true;
}

static double search_distance(as_search *s, size_t i, uint32_t row)
{
    s->n_compared++;
    return as_bank_distance(s->queries[i].values, s->bank->rows + (size_t)row * s->bank->size, s->bank->size);
}

/* No row that is further than this is among the nearest. */
static void search_limit(search_query *q, double distance)
{
    double slack = 2 * BANK_SLACK * (distance + 2 * q->square) + BANK_LEAST;
    q->limit = fminf(q->limit, nextafterf((float)(distance - q->square + slack), INFINITY));
}

/* Into the k best, of equals the lower row first. A row is taken once. */
static void search_take(as_search *s, size_t i, uint32_t row)
{
    search_query *q = &s->queries[i];
    search_best  *best = s->best + i * s->k;
    double        distance = search_distance(s, i, row);
    uint32_t      at = q->n_best;
    while (at > 0 &&
           (best[at - 1].distance > distance || (best[at - 1].distance == distance && best[at - 1].row > row)))
        at--;
    if (at == s->k)
        return;
    q->n_best = AS_MIN(q->n_best + 1, s->k);
    memmove(best + at + 1, best + at, (q->n_best - 1 - at) * sizeof *best);
    best[at] = (search_best){distance, row};
    if (q->n_best == s->k)
        search_limit(q, best[s->k - 1].distance);
}

/* The next patch of a picture is like the one before it: what is near that one bounds what can be near this one. */
static void search_hint(as_search *s, size_t i, size_t like)
{
    const search_best *best = s->best + like * s->k;
    double             most = 0;
    if (s->queries[like].n_best < s->k)
        return;
    for (uint32_t k = 0; k < s->k; k++)
        most = fmax(most, search_distance(s, i, best[k].row));
    search_limit(&s->queries[i], most);
}

/* Four queries and the blocks: fills low, least and off. */
static void search_look(as_search *s, size_t i, size_t n, size_t first, size_t n_blocks)
{
    const as_bank *bank = s->bank;
    as_bank_tile   tile = {.queries = s->digits + i * bank->padded, .size = bank->padded};
    for (size_t t = 0; t < n; t++)
        tile.query_across[t] = s->queries[i + t].first.across;
    for (size_t b = 0; b < n_blocks; b++) {
        const size_t      row = (first + b) * BANK_BLOCK;
        const bank_block *block = &bank->blocks[first + b];
        float             least[BANK_TILE];
        tile.block = bank->packed + row * bank->padded;
        tile.square = bank->square + row;
        tile.across = bank->across + row;
        for (size_t t = 0; t < BANK_TILE; t++) {
            tile.gain[t] = s->queries[i + t].first.gain * block->gain;
            tile.low[t] = s->low[t][b];
        }
        bank->kernel->look(&tile, least);
        for (size_t t = 0; t < n; t++) {
            const search_query *q = &s->queries[i + t];
            s->off[t][b] =
                (q->length * block->error + q->first.error * block->length) * (1 + (float)BANK_SLACK) + block->slack;
            s->least[t][b] = least[t] - s->off[t][b];
        }
    }
}

/* Where nothing is known of a query: the likeliest rows, until k are found and a few are compared. */
static void search_first(as_search *s, size_t i, size_t t, size_t first, size_t n_blocks)
{
    const search_query *q = &s->queries[i];
    float              *least = s->least[t];
    for (uint32_t n = 0; n < s->k + SEARCH_FIRST; n++) {
        size_t block = 0, row = 0;
        for (size_t b = 1; b < n_blocks; b++)
            block = least[b] < least[block] ? b : block;
        float *low = s->low[t][block], lowest = as_bank_least(low);
        if (!(least[block] <= q->limit) || lowest == INFINITY)
            return;
        while (low[row] != lowest)
            row++;
        low[row] = INFINITY;
        least[block] = as_bank_least(low) - s->off[t][block];
        search_take(s, i, (uint32_t)((first + block) * BANK_BLOCK + row));
    }
}

static size_t search_pick(as_search *s, size_t i, size_t t, size_t first, size_t n_blocks)
{
    const float limit = s->queries[i].limit;
    size_t      n = 0;
    for (size_t b = 0; b < n_blocks; b++)
        if (s->least[t][b] <= limit)
            n += s->bank->kernel->pick(s->low[t][b], (limit + s->off[t][b]), (uint32_t)((first + b) * BANK_BLOCK),
                                       s->rows + n);
    return n;
}

/* What will be looked at soon is on its way: four rows from `at` on, as the second look has them. */
static void search_fetch(const as_search *s, size_t at, size_t n)
{
    for (size_t r = at; r < AS_MIN(at + BANK_FINE_ROWS, n); r++) {
        const char *row = (const char *)as_bank_fine(s->bank, s->rows[r]);
        for (size_t byte = 0; byte < AS_BANK_ROW_BYTES(s->bank->n_more); byte += SEARCH_LINE)
            __builtin_prefetch(row + byte);
    }
}

static void search_fetch_whole(const as_bank *bank, size_t row)
{
    const char *at = (const char *)(bank->rows + row * bank->size);
    for (size_t byte = 0; byte < bank->size * sizeof(float); byte += SEARCH_LINE)
        __builtin_prefetch(at + byte);
}

/* The second look at the n rows. */
static size_t search_more(as_search *s, size_t i, size_t n)
{
    const as_bank      *bank = s->bank;
    const search_query *q = &s->queries[i];
    const search_view  *v = &q->second;
    const int16_t      *digits = s->more + i * bank->n_more;
    size_t              n_near = 0;
    for (size_t at = 0; at < n; at += BANK_FINE_ROWS) {
        const as_bank_row *rows[BANK_FINE_ROWS];
        const int16_t     *theirs[BANK_FINE_ROWS];
        int32_t            dots[BANK_FINE_ROWS];
        search_fetch(s, at + SEARCH_AHEAD, n);
        for (size_t r = 0; r < BANK_FINE_ROWS; r++) {
            rows[r] = as_bank_fine(bank, s->rows[AS_MIN(at + r, n - 1)]);
            theirs[r] = rows[r]->digits;
        }
        bank->kernel->fine(theirs, digits, bank->n_more, dots);
        for (size_t r = 0; r < BANK_FINE_ROWS && at + r < n; r++) {
            const as_bank_row *row = rows[r];
            float off = (q->length * row->error + v->error * row->length) * (1 + (float)BANK_SLACK) + row->slack;
            float low = row->square - v->gain * row->gain * (float)dots[r] - v->across * row->across - off;
            if (low <= q->limit) {
                s->near[n_near++] = (search_near){low, s->rows[at + r]};
                search_fetch_whole(bank, s->rows[at + r]);
            }
        }
    }
    return n_near;
}

/* Without a second look. */
static size_t search_as_seen(as_search *s, size_t t, size_t first, size_t n)
{
    for (size_t r = 0; r < n; r++) {
        size_t block = s->rows[r] / BANK_BLOCK - first;
        s->near[r] = (search_near){s->low[t][block][s->rows[r] % BANK_BLOCK] - s->off[t][block], s->rows[r]};
    }
    return n;
}

/* Moves near[at] down a heap of n whose top is the likeliest. */
static void search_sift(search_near *near, size_t n, size_t at)
{
    const search_near moved = near[at];
    for (size_t child; (child = 2 * at + 1) < n; at = child) {
        child += child + 1 < n && near[child + 1].low < near[child].low;
        if (!(near[child].low < moved.low))
            break;
        near[at] = near[child];
    }
    near[at] = moved;
}

/* The likeliest first: each leaves less of the others. */
static void search_compare(as_search *s, size_t i, size_t n)
{
    search_near *near = s->near;
    for (size_t at = n / 2; at-- > 0;)
        search_sift(near, n, at);
    while (n > 0 && near[0].low <= s->queries[i].limit) {
        search_take(s, i, near[0].row);
        near[0] = near[--n];
        if (n > 1)
            search_sift(near, n, 0);
    }
}

static void search_blocks(as_search *s, size_t n_queries, size_t first, size_t n_blocks)
{
    for (size_t i = 0; i < n_queries; i += BANK_TILE) {
        const size_t n = AS_MIN((size_t)BANK_TILE, n_queries - i);
        search_look(s, i, n, first, n_blocks);
        for (size_t t = 0; t < n; t++) {
            if (first == 0 && i + t > 0)
                search_hint(s, i + t, i + t - 1);
            if (first == 0)
                search_first(s, i + t, t, first, n_blocks);
            size_t left = search_pick(s, i + t, t, first, n_blocks);
            left = s->bank->n_more ? search_more(s, i + t, left) : search_as_seen(s, t, first, left);
            search_compare(s, i + t, left);
        }
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
