/* SPDX-License-Identifier: Apache-2.0 */
#include <float.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "engine/bank_priv.h"

enum {
    SEARCH_CHUNK = 1024, /* queries at once */
    SEARCH_BLOCKS = 160, /* at most, whose rows all get their first look before any gets the second */
    SEARCH_FEWEST = 8,
    SEARCH_BYTES = 1 << 20,
    SEARCH_FIRST = 1, /* rows that are compared, beyond k, where nothing is known of a query yet */
    SEARCH_LISTED = 2 * AS_BANK_MOST_K + BANK_LANES
};

typedef struct search_best {
    double   distance;
    uint32_t row;
} search_best;

/* A query as one of the looks has it. The looks' least distances are those of bank.h, times 1 / (1 - part), less
 * `known`. */
typedef struct search_view {
    float   gain, across;
    double  known, size; /* size: of the numbers that it came of, squared */
    float   limit;       /* a row whose least distance is above it is none of the nearest */
    int32_t begin;
} search_view;

typedef struct search_query {
    const float *values;
    search_view  first, second, last;
    float        gap; /* a row whose distance in single precision is above it is none */
    uint32_t     n_best;
} search_query;

/* A row that may be near, and its least distance. */
typedef struct search_near {
    float    low;
    uint32_t row;
} search_near;

/* What a tile's queries are left with. */
typedef struct search_left {
    float    *low, *least; /* of each row of the blocks; as the kernel has it */
    uint32_t *rows;
    float    *row_low;
    size_t    n;
} search_left;

struct as_search {
    const as_bank *bank;
    uint32_t       k;
    uint64_t       n_compared;
    size_t         n_rows;  /* of the blocks that are looked at together */
    search_query  *queries; /* SEARCH_CHUNK and a tile, as what follows */
    search_best   *best;    /* k each */
    int32_t       *digits;
    char          *more, *whole;
    bank_seen      seen;
    search_left    left[BANK_TILE];
    uint32_t      *picked; /* what the first look leaves, and its least distances */
    float         *picked_low;
    uint32_t      *columns; /* for the kernel */
    search_near   *near;
};

static size_t search_words(const as_bank *bank)
{
    return bank->wide_words + bank->narrow_words;
}

static void *search_room(size_t n, size_t bytes, bool *ok)
{
    void *room = aligned_alloc(BANK_LINE, (n * bytes + BANK_LINE) / BANK_LINE * BANK_LINE);
    if (room)
        memset(room, 0, (n * bytes + BANK_LINE) / BANK_LINE * BANK_LINE);
    *ok = *ok && room;
    return room;
}

as_search *as_search_new(const as_bank *bank, uint32_t k, as_err *err)
{
    if (k < 1 || k > AS_BANK_MOST_K || k > bank->n) {
        AS_FAIL(err, AS_EINVAL, "the %u nearest of %zu rows: from 1 to %d, and no more than there are", k, bank->n,
                AS_BANK_MOST_K);
        return NULL;
    }
    as_search *s = calloc(1, sizeof *s);
    bool       ok = s != NULL;
    if (ok) {
        /* What the first look reads stays in the second cache for all queries. */
        const size_t block = BANK_BLOCK * search_words(bank) * sizeof(int32_t);
        const size_t most = AS_MAX((size_t)SEARCH_FEWEST, AS_MIN((size_t)SEARCH_BLOCKS, (size_t)SEARCH_BYTES / block));
        const size_t n_queries = SEARCH_CHUNK + BANK_TILE, parts = (bank->n_blocks + most - 1) / most;
        const size_t blocks = (bank->n_blocks + parts - 1) / parts;
        s->bank = bank;
        s->k = k;
        s->n_rows = blocks * BANK_BLOCK;
        s->queries = search_room(n_queries, sizeof *s->queries, &ok);
        s->best = search_room(n_queries * k, sizeof *s->best, &ok);
        s->digits = search_room(n_queries * search_words(bank), sizeof *s->digits, &ok);
        s->more = search_room(n_queries * bank->n_lines, BANK_LINE, &ok);
        s->whole = search_room(n_queries * bank->whole_lines, BANK_LINE, &ok);
        s->picked = search_room(s->n_rows + BANK_SOME, sizeof *s->picked, &ok);
        s->picked_low = search_room(s->n_rows + BANK_SOME, sizeof *s->picked_low, &ok);
        s->columns = search_room(2 * blocks, BANK_LANES * sizeof *s->columns, &ok);
        s->near = search_room(s->n_rows, sizeof *s->near, &ok);
        for (size_t t = 0; t < BANK_TILE; t++) {
            s->left[t].low = search_room(s->n_rows, sizeof(float), &ok);
            s->left[t].least = search_room(blocks * BANK_LANES, sizeof(float), &ok);
            s->left[t].rows = search_room(s->n_rows + BANK_SOME, sizeof(uint32_t), &ok);
            s->left[t].row_low = search_room(s->n_rows + BANK_SOME, sizeof(float), &ok);
        }
    }
    if (!ok)
        AS_FAIL(err, AS_ENOMEM, "no memory for a search");
    return ok && as_bank_seen_init(bank, &s->seen, err) ? s : as_search_free(s);
}

as_search *as_search_free(as_search *search)
{
    if (!search)
        return NULL;
    free(search->queries);
    free(search->best);
    free(search->digits);
    free(search->more);
    free(search->whole);
    free(search->picked);
    free(search->picked_low);
    free(search->columns);
    free(search->near);
    for (size_t t = 0; t < BANK_TILE; t++) {
        free(search->left[t].low);
        free(search->left[t].least);
        free(search->left[t].rows);
        free(search->left[t].row_low);
    }
    as_bank_seen_done(&search->seen);
    free(search);
    return NULL;
}

uint64_t as_search_n_compared(const as_search *search)
{
    return search->n_compared;
}

static search_view search_begin_last(as_search *s, size_t i, size_t at)
{
    const as_bank  *bank = s->bank;
    int32_t         sum;
    const bank_view v = as_bank_last(bank, &s->seen, at, 0, s->whole + i * bank->whole_lines * BANK_LINE, &sum);
    const double    off = 2 * v.error * v.error / bank->axes.last_part;
    return (search_view){.gain = v.gain,
                         .known = v.square - off,
                         .size = v.square + off + s->seen.whole[at] * s->seen.whole[at],
                         .limit = FLT_MAX,
                         .begin = -sum * (int32_t)bank->kernel->offset};
}

/* Query i, which is seen as `at`. */
static void search_begin(as_search *s, size_t i, size_t at, const float *values)
{
    const as_bank   *bank = s->bank;
    const bank_axes *axes = &bank->axes;
    const double     times = 1 / (1 - axes->part), whole = s->seen.whole[at] * s->seen.whole[at];
    const unsigned   offset = bank->kernel->offset;
    search_query    *q = &s->queries[i];
    int32_t          sum;
    double           low, high;
    const bank_view  v = as_bank_first(bank, &s->seen, at, as_bank_first_gain(bank, &s->seen, at), 0,
                                       s->digits + i * search_words(bank), &sum);
    const double     off = 2 * v.error * v.error / axes->part;
    as_bank_across(bank, &s->seen, at, axes->n_axes, &low, &high);
    *q = (search_query){.values = values, .gap = INFINITY};
    q->first = (search_view){.gain = v.gain,
                             .across = as_bank_up(high),
                             .known = v.square + times * low * low - off,
                             .size = v.square + times * high * high + off + whole,
                             .limit = FLT_MAX,
                             .begin = -sum * (int32_t)offset};
    if (axes->last)
        q->last = search_begin_last(s, i, at);
    if (axes->n_more == 0)
        return;
    double          low_more, high_more;
    const bank_view more = as_bank_second(bank, &s->seen, at, 0, s->more + i * bank->n_lines * BANK_LINE, &sum);
    const double    off_more = 2 * more.error * more.error / axes->part;
    as_bank_across(bank, &s->seen, at, axes->n_more, &low_more, &high_more);
    q->second =
        (search_view){.gain = more.gain,
                      .across = as_bank_up(high_more),
                      .known = q->first.known + more.square + times * (low_more * low_more - low * low) - off_more,
                      .size = q->first.size + more.square + times * high_more * high_more + off_more,
                      .limit = FLT_MAX,
                      .begin = -sum * (int32_t)offset};
}

static void search_narrow(search_view *v, double distance)
{
    const double slack = 2 * BANK_SLACK * (distance + v->size) + BANK_LEAST;
    v->limit = fminf(v->limit, nextafterf((float)(distance - v->known + slack), INFINITY));
}

/* No row that is further than this is among the nearest. */
static void search_limit(const as_bank *bank, search_query *q, double distance)
{
    const double times = 1 / (1 - bank->axes.part);
    search_narrow(&q->first, times * distance);
    search_narrow(&q->second, times * distance);
    search_narrow(&q->last, distance / (1 - bank->axes.last_part));
    q->gap = nextafterf((float)(distance * (1 + BANK_GAP_OFF(bank->size)) + BANK_LEAST), INFINITY);
}

/* Into the k best, of equals the lower row first. A row is taken once. */
static void search_take(as_search *s, size_t i, uint32_t row)
{
    const as_bank *bank = s->bank;
    search_query  *q = &s->queries[i];
    search_best   *best = s->best + i * s->k;
    const float   *values = bank->rows + (size_t)row * bank->size;
    if (q->n_best == s->k && bank->kernel->gap(q->values, values, bank->size) > q->gap)
        return;
    const double distance = as_bank_distance(q->values, values, bank->size);
    uint32_t     at = q->n_best;
    s->n_compared++;
    while (at > 0 &&
           (best[at - 1].distance > distance || (best[at - 1].distance == distance && best[at - 1].row > row)))
        at--;
    if (at == s->k)
        return;
    q->n_best = AS_MIN(q->n_best + 1, s->k);
    memmove(best + at + 1, best + at, (q->n_best - 1 - at) * sizeof *best);
    best[at] = (search_best){distance, row};
    if (q->n_best == s->k)
        search_limit(bank, q, best[s->k - 1].distance);
}

/* A tile of queries and the blocks. */
static void search_look(as_search *s, size_t i, size_t first, size_t n_blocks)
{
    const as_bank *bank = s->bank;
    const size_t   row = first * BANK_BLOCK, words = search_words(bank);
    as_bank_look   look = {.digits = bank->digits + row * words * sizeof(int32_t),
                           .n_blocks = n_blocks,
                           .n_wide = bank->wide_words,
                           .n_narrow = bank->narrow_words,
                           .square = bank->square + row,
                           .across = bank->across + row,
                           .gain = bank->gain + first,
                           .queries = s->digits + i * words};
    for (size_t t = 0; t < BANK_TILE; t++) {
        const search_view *v = &s->queries[i + t].first;
        look.query_gain[t] = v->gain;
        look.query_across[t] = v->across;
        look.begin[t] = v->begin;
        look.low[t] = s->left[t].low;
        look.least[t] = s->left[t].least;
    }
    bank->kernel->look(&look);
}

/* What will be read soon is on its way. */
static void search_fetch(const char *at, size_t bytes)
{
    for (size_t byte = 0; byte < bytes; byte += BANK_LINE)
        __builtin_prefetch(at + byte, 0, 2);
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

static void search_heap(search_near *near, size_t n)
{
    for (size_t at = n / 2; at-- > 0;)
        search_sift(near, n, at);
}

static search_near search_pop(search_near *near, size_t *n)
{
    const search_near top = near[0];
    near[0] = near[--*n];
    if (*n > 1)
        search_sift(near, *n, 0);
    return top;
}

static void search_fetch_left(const search_left *left, size_t first, const void *rows, size_t bytes)
{
    for (size_t p = 0; p < left->n; p++)
        search_fetch((const char *)rows + (first * BANK_BLOCK + left->rows[p]) * bytes, bytes);
}

/* Where nothing is known of a query: the likeliest rows are those that are least of each lane of as many runs of
 * blocks as give twice what is wanted. They come first in left->near. */
static void search_list(as_search *s, search_left *left, size_t first, size_t n_blocks)
{
    const as_bank *bank = s->bank;
    const size_t   want = s->k + SEARCH_FIRST, runs = AS_MIN((2 * want + BANK_LANES - 1) / BANK_LANES, n_blocks);
    search_near    near[SEARCH_LISTED];
    size_t         n = 0;
    for (size_t run = 0; run < runs; run++) {
        const size_t from = n_blocks * run / runs, to = n_blocks * (run + 1) / runs;
        float        low[BANK_LANES];
        int32_t      block[BANK_LANES];
        bank->kernel->least(left->least + from * BANK_LANES, to - from, low, block);
        for (uint32_t lane = 0; lane < BANK_LANES; lane++)
            if (low[lane] < FLT_MAX)
                near[n++] = (search_near){low[lane], (uint32_t)(from + (size_t)block[lane]) * BANK_BLOCK + lane};
    }
    for (left->n = 0; left->n < want && n > 0; left->n++) {
        size_t at = 0;
        for (size_t p = 1; p < n; p++)
            at = near[p].low < near[at].low ? p : at;
        uint32_t row = near[at].row;
        for (uint32_t tries = 1; tries < BANK_BLOCK / BANK_LANES && left->low[row] > near[at].low; tries++)
            row += BANK_LANES;
        near[at] = near[--n];
        left->rows[left->n] = row;
        left->low[row] = INFINITY; /* it is compared, and not again */
    }
    search_fetch_left(left, first, bank->rows, bank->size * sizeof(float));
}

/* What the first two looks leave of the blocks. */
static void search_leave(as_search *s, size_t i, search_left *left, size_t first, size_t n_blocks)
{
    const as_bank      *bank = s->bank;
    const search_query *q = &s->queries[i];
    uint32_t           *picked = bank->axes.n_more ? s->picked : left->rows;
    float              *low = bank->axes.n_more ? s->picked_low : left->row_low;
    const as_bank_pick  pick = {
         .low = left->low, .least = left->least, .n_blocks = n_blocks, .limit = q->first.limit, .room = s->columns};
    const size_t n = bank->kernel->pick(&pick, picked, low);
    left->n = n;
    if (bank->axes.n_more == 0 || n == 0)
        return;
    for (size_t p = n; p % BANK_SOME > 0; p++)
        picked[p] = picked[n - 1];
    const as_bank_fine fine = {.rows = bank->fine + first * BANK_BLOCK * bank->n_lines * BANK_LINE,
                               .query = (const int8_t *)s->more + i * bank->n_lines * BANK_LINE,
                               .n_lines = bank->n_lines,
                               .query_gain = q->second.gain,
                               .query_before = q->first.across,
                               .query_across = q->second.across,
                               .limit = q->second.limit,
                               .begin = q->second.begin,
                               .picked = picked,
                               .low = low,
                               .n = n};
    left->n = bank->kernel->fine(&fine, left->rows, left->row_low);
}

/* What the last look leaves of those. */
static void search_leave_last(as_search *s, size_t i, search_left *left, size_t first)
{
    const as_bank      *bank = s->bank;
    const search_query *q = &s->queries[i];
    if (left->n == 0)
        return;
    for (size_t p = left->n; p % BANK_SOME > 0; p++)
        left->rows[p] = left->rows[left->n - 1];
    memset(left->row_low, 0, (left->n + BANK_SOME) * sizeof *left->row_low);
    const as_bank_fine fine = {.rows = bank->whole + first * BANK_BLOCK * bank->whole_lines * BANK_LINE,
                               .query = (const int8_t *)s->whole + i * bank->whole_lines * BANK_LINE,
                               .n_lines = bank->whole_lines,
                               .query_gain = q->last.gain,
                               .limit = q->last.limit,
                               .begin = q->last.begin,
                               .picked = left->rows,
                               .low = left->row_low,
                               .n = left->n};
    left->n = bank->kernel->fine(&fine, left->rows, left->row_low);
}

static const search_view *search_last_view(const as_search *s, size_t i)
{
    const search_query *q = &s->queries[i];
    return s->bank->axes.last ? &q->last : s->bank->axes.n_more ? &q->second : &q->first;
}

/* The likeliest first: each leaves less of the others. */
static void search_compare(as_search *s, size_t i, const search_left *left, size_t first)
{
    search_near       *near = s->near;
    const search_view *v = search_last_view(s, i);
    size_t             n = left->n;
    for (size_t p = 0; p < n; p++)
        near[p] = (search_near){left->row_low[p], left->rows[p]};
    search_heap(near, n);
    while (n > 0 && near[0].low <= v->limit)
        search_take(s, i, (uint32_t)(first * BANK_BLOCK) + search_pop(near, &n).row);
}

/* Each step of all queries of the tile before the next one, so that there is time for what it reads to come. */
static void search_tile(as_search *s, size_t i, size_t n, size_t first, size_t n_blocks)
{
    const as_bank *bank = s->bank;
    const bool     begins = s->queries[i].n_best < s->k;
    search_look(s, i, first, n_blocks);
    for (size_t t = 0; begins && t < n; t++)
        search_list(s, &s->left[t], first, n_blocks);
    for (size_t t = 0; t < n; t++) {
        search_left *left = &s->left[t];
        for (size_t p = 0; begins && p < left->n; p++)
            search_take(s, i + t, (uint32_t)(first * BANK_BLOCK) + left->rows[p]);
        search_leave(s, i + t, left, first, n_blocks);
        if (bank->axes.last)
            search_fetch_left(left, first, bank->whole, bank->whole_lines * BANK_LINE);
    }
    for (size_t t = 0; t < n; t++) {
        if (bank->axes.last)
            search_leave_last(s, i + t, &s->left[t], first);
        search_fetch_left(&s->left[t], first, bank->rows, bank->size * sizeof(float));
    }
    for (size_t t = 0; t < n; t++)
        search_compare(s, i + t, &s->left[t], first);
}

static void search_blocks(as_search *s, size_t n_queries, size_t first, size_t n_blocks)
{
    for (size_t i = 0; i < n_queries; i += BANK_TILE)
        search_tile(s, i, AS_MIN((size_t)BANK_TILE, n_queries - i), first, n_blocks);
}

static bool search_begin_all(as_search *s, const float *queries, size_t n, size_t *ret_bad)
{
    for (size_t i = 0; i < n; i += BANK_BATCH) {
        const size_t some = AS_MIN(n - i, (size_t)BANK_BATCH);
        const float *values = queries + i * s->bank->size;
        if (!as_bank_see(s->bank, values, some, &s->seen, ret_bad)) {
            *ret_bad += i;
            return false;
        }
        for (size_t at = 0; at < some; at++)
            search_begin(s, i + at, at, values + at * s->bank->size);
    }
    return true;
}

bool as_search_run(as_search *s, const float *queries, size_t n, uint32_t *ret_rows, double *ret_distances, as_err *err)
{
    const size_t n_blocks = s->n_rows / BANK_BLOCK;
    size_t       bad;
    for (size_t done = 0; done < n; done += SEARCH_CHUNK) {
        size_t chunk = AS_MIN(n - done, (size_t)SEARCH_CHUNK);
        if (!search_begin_all(s, queries + done * s->bank->size, chunk, &bad))
            return AS_FAIL(err, AS_EINVAL, "query %zu has a number that is not finite, or too large", done + bad);
        for (size_t from = 0; from < s->bank->n_blocks; from += n_blocks)
            search_blocks(s, chunk, from, AS_MIN(s->bank->n_blocks - from, n_blocks));
        for (size_t i = 0; i < chunk; i++)
            for (uint32_t k = 0; k < s->k; k++) {
                ret_rows[(done + i) * s->k + k] = s->best[i * s->k + k].row;
                ret_distances[(done + i) * s->k + k] = s->best[i * s->k + k].distance;
            }
    }
    return true;
}
