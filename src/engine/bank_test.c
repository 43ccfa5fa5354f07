/* SPDX-License-Identifier: Apache-2.0 */
/* The same rows as a search through all of them in float64 gives, whatever the data. */
#include "engine/bank.h"

#include <math.h>
#include <pthread.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "base/isa.h"
#include "base/rng.h"
#include "engine/bank_priv.h"

enum { MOST_K = 9 };

typedef struct row_distance {
    double   distance;
    uint32_t row;
} row_distance;

static int by_distance(const void *a, const void *b)
{
    const row_distance *x = a, *y = b;
    return x->distance != y->distance ? (x->distance > y->distance) - (x->distance < y->distance)
                                      : (x->row > y->row) - (x->row < y->row);
}

/* Random kinds of data: even, in clusters, not negative as behind a ReLU, of few values (many ties), all the same;
 * along a few axes more than along the others, and the same with a row in a hundred that is far larger; nothing but
 * zeros; as large as is taken, as small as is told apart, of all sizes; clusters whose rows differ by less than their
 * digits show. */
enum { EVEN, CLUSTERS, RELU, FEW, SAME, FALLING, LARGE, ZERO, HUGE_ONES, TINY, ANY_SIZE, POINTS, N_KINDS };

/* One thread alone: the thread sanitizer, which would take minutes for them all, sees one kind. */
#ifdef __SANITIZE_THREAD__
enum { N_LOOKED_AT = 1 };
#else
enum { N_LOOKED_AT = N_KINDS };
#endif

/* Deviations fall as those of a network's features do, along axes that are no numbers of their own. */
static void draw_falling(as_rng *rng, int kind, float *row, size_t size)
{
    static double waves[4 * 384];
    double        gain = kind == LARGE && as_rng_below(rng, 100) == 0 ? 1e4 : 1;
    for (size_t i = 0; i < size; i++)
        row[i] = 3;
    for (size_t i = 0; i < 4 * size; i++)
        waves[i] = cos(M_PI * (double)i / (2 * (double)size));
    for (size_t a = 0; a < size; a++) {
        double v = gain * as_rng_normal(rng) * pow((double)(a + 1), -0.9);
        for (size_t i = 0; i < size; i++)
            row[i] += (float)(v * waves[a * (2 * i + 1) % (4 * size)]);
    }
}

/* Numbers that single precision nearly cannot hold. */
static double draw_odd(as_rng *rng, int kind, double gain, size_t like, size_t i)
{
    double v = as_rng_normal(rng);
    switch (kind) {
    case ZERO: return 0;
    case HUGE_ONES: return 2e16 * v;
    case TINY: return 1e-22 * v;
    case ANY_SIZE: return gain * v;
    default: return 10 + sin((double)(like * 37 + i * 11 + like * i)) + 0.0006 * v;
    }
}

static void draw(as_rng *rng, int kind, float *rows, size_t n, size_t size)
{
    for (size_t r = 0; r < n; r++) {
        size_t like = as_rng_below(rng, 20);
        double gain = pow(10, -12 + (double)as_rng_below(rng, 24));
        if (kind == FALLING || kind == LARGE)
            draw_falling(rng, kind, rows + r * size, size);
        for (size_t i = 0; i < size && kind > LARGE; i++)
            rows[r * size + i] = (float)draw_odd(rng, kind, gain, like, i);
        for (size_t i = 0; i < size && kind < FALLING; i++) {
            double v = as_rng_normal(rng);
            rows[r * size + i] = (float)(kind == EVEN       ? v
                                         : kind == CLUSTERS ? 40 + 3 * sin((double)(like * 37 + i * 11)) + 0.05 * v
                                         : kind == RELU     ? fmax(v, 0) * 7
                                         : kind == FEW      ? (double)as_rng_below(rng, 2)
                                                            : 2.5);
        }
        /* One of nine is a copy of an earlier one. */
        if (r % 9 == 8)
            memcpy(rows + r * size, rows + as_rng_below(rng, r) * size, size * sizeof *rows);
    }
}

static void check_other(const as_bank *bank, uint32_t k, const float *queries, size_t n_queries, const uint32_t *want,
                        const double *want_distances)
{
    as_err     err = AS_ERR_NONE;
    uint32_t  *found = calloc(n_queries * k, sizeof *found);
    double    *distances = calloc(n_queries * k, sizeof *distances);
    as_search *search = bank ? as_search_new(bank, k, &err) : NULL;
    assert_true(found && distances && search);
    for (size_t done = 0, some = 1; done < n_queries; done += some, some = AS_MIN(2 * some, n_queries - done))
        assert_true(
            as_search_run(search, queries + done * bank->size, some, found + done * k, distances + done * k, &err));
    assert_memory_equal(found, want, n_queries * k * sizeof *found);
    assert_memory_equal(distances, want_distances, n_queries * k * sizeof *distances);
    as_search_free(search);
    free(found);
    free(distances);
}

/* The other kernels say the same, to the last bit, along whatever axes and in however many runs. */
static void check_others(const float *rows, size_t n, uint32_t size, uint32_t k, const float *queries, size_t n_queries,
                         const uint32_t *want, const double *want_distances)
{
    const bank_axes some[] = {{size, 0, 0, false, 0.25, 0.25},
                              {8, 0, 0, true, 0.25, 0.25},
                              {8, 3, 56, true, 0.1, 0.25},
                              {16, 0, 64, false, 0.25, 0.25}};
    as_err          err = AS_ERR_NONE;
    for (size_t i = 0; as_bank_kernel_at(i); i++) {
        as_bank *bank = as_bank_new_with(as_bank_kernel_at(i), NULL, rows, n, size, &err);
        check_other(bank, k, queries, n_queries, want, want_distances);
        as_bank_free(bank);
        for (size_t a = 0; a < AS_COUNT(some); a++) {
            if (AS_MAX(some[a].n_axes, some[a].n_more) > AS_MIN(size, n) || n > 500)
                continue;
            bank = as_bank_new_with(as_bank_kernel_at(i), &some[a], rows, n, size, &err);
            check_other(bank, k, queries, n_queries, want, want_distances);
            as_bank_free(bank);
        }
    }
}

static bool is_further(const row_distance *a, const row_distance *b)
{
    return b->distance - a->distance > 1e-10 * (b->distance + 1e-60);
}

/* Which row is the i-th is known: those that are as far are copies of it. Sums in another order may part what is equal
 * but for the last bit: such rows may change places. */
static bool is_known(const row_distance *all, size_t n, size_t i, const float *rows, uint32_t size)
{
    size_t from = i, to = i + 1;
    while (from > 0 && !is_further(&all[from - 1], &all[from]))
        from--;
    while (to < n && !is_further(&all[to - 1], &all[to]))
        to++;
    for (size_t k = from; k < to; k++)
        if (memcmp(rows + (size_t)all[k].row * size, rows + (size_t)all[i].row * size, size * sizeof *rows) != 0)
            return false;
    return true;
}

static void check_one(int kind, size_t n, uint32_t size, uint32_t k, size_t n_queries, uint64_t *ret_compared)
{
    as_rng        rng = as_rng_new(n + size + (uint64_t)kind);
    as_err        err = AS_ERR_NONE;
    float        *rows = calloc(n * size, sizeof *rows), *queries = calloc(n_queries * size, sizeof *queries);
    uint32_t     *found = calloc(n_queries * k, sizeof *found);
    double       *distances = calloc(n_queries * k, sizeof *distances);
    row_distance *all = calloc(n, sizeof *all);
    assert_true(rows && queries && found && distances && all);
    draw(&rng, kind, rows, n, size);
    draw(&rng, kind, queries, n_queries, size);
    memcpy(queries, rows + (n - 1) * size, size * sizeof *rows); /* one that is in the bank */
    as_bank   *bank = as_bank_new(rows, n, size, &err);
    as_search *search = bank ? as_search_new(bank, k, &err) : NULL;
    assert_non_null(search);
    if (n < 512)
        assert_int_equal(as_bank_n_axes(bank, 0), 0);
    for (int round = 0; round < 2; round++)
        assert_true(as_search_run(search, queries, n_queries, found, distances, &err));
    check_others(rows, n, size, k, queries, n_queries, found, distances);
    for (size_t q = 0; q < n_queries; q++) {
        for (size_t r = 0; r < n; r++) {
            double sum = 0;
            for (size_t i = 0; i < size; i++)
                sum += pow((double)queries[q * size + i] - (double)rows[r * size + i], 2);
            all[r] = (row_distance){sum, (uint32_t)r};
        }
        qsort(all, n, sizeof *all, by_distance);
        for (size_t i = 0; i < k; i++) {
            double want = all[i].distance, have = distances[q * k + i];
            if (fabs(want - have) > 1e-11 * (want + 1e-60))
                fail_msg("kind %d, query %zu, %zu: distance %.17g, not %.17g", kind, q, i, have, want);
            if (found[q * k + i] != all[i].row && is_known(all, n, i, rows, size))
                fail_msg("kind %d, query %zu, %zu: row %u, not %u", kind, q, i, found[q * k + i], all[i].row);
        }
    }
    *ret_compared = as_search_n_compared(search) / 2;
    as_search_free(search);
    as_bank_free(bank);
    free(rows);
    free(queries);
    free(found);
    free(distances);
    free(all);
}

static void test_is_the_search_through_all(void **state)
{
    (void)state;
    static const struct {
        size_t   n;
        uint32_t size, k;
        size_t   queries;
    } sizes[] = {{1, 1, 1, 3},      {47, 5, 1, 7},    {500, 384, 1, 30}, {700, 130, 9, 21},
                 {1500, 64, 1, 40}, {3000, 33, 3, 9}, {600, 200, 64, 5}, {21000, 20, 2, 13},
                 {155, 152, 62, 9}, {68, 60, 33, 7},  {69, 96, 26, 5}};
    for (int kind = 0; kind < N_LOOKED_AT; kind++)
        for (size_t i = 0; i < AS_COUNT(sizes); i++) {
            uint64_t compared;
            if (sizes[i].n > 5000 && kind != FALLING && kind != FEW) /* more than is looked at together */
                continue;
            check_one(kind, sizes[i].n, sizes[i].size, sizes[i].k, sizes[i].queries, &compared);
            /* Nearly all rows are left out, where they differ at all. */
            if ((kind == EVEN || kind == FALLING) && sizes[i].n >= 500 && sizes[i].size >= 64)
                assert_true(compared < sizes[i].queries * (sizes[i].k + sizes[i].n / 10));
        }
}

/* Rows that differ by less than their digits show: the nearest is found all the same. */
static void test_closer_than_the_numbers_are(void **state)
{
    (void)state;
    enum { N = 20000, SIZE = 16 };
    static float rows[N * SIZE];
    as_err       err = AS_ERR_NONE;
    float        query[SIZE];
    for (size_t r = 0; r < N; r++)
        for (size_t i = 0; i < SIZE; i++)
            rows[r * SIZE + i] = i == 3 ? 1e-5f * (float)((r * 1237 + 411) % N) : (float)i;
    for (size_t i = 0; i < SIZE; i++)
        query[i] = i == 3 ? 1e-5f * 7001.25f : (float)i;
    as_bank   *bank = as_bank_new(rows, N, SIZE, &err);
    as_search *search = as_search_new(bank, 2, &err);
    uint32_t   found[2];
    double     distances[2];
    assert_true(as_search_run(search, query, 1, found, distances, &err));
    assert_true((found[0] * 1237ull + 411) % N == 7001 && distances[0] > 0);
    assert_true((found[1] * 1237ull + 411) % N == 7002 && distances[1] > distances[0]);
    as_search_free(search);
    as_bank_free(bank);
}

/* Where the bound is met: rows A and the query are 3.02 apart in each number, their digits 4. Rows B, at 3.05 and
 * their digits at 3, come first, and A is not left out for them. Signs of all of them too, so that the mean is 0. */
static void test_bounds_hold_where_they_are_met(void **state)
{
    (void)state;
    enum { SIZE = 16, N = 16 };
    static const double parts[] = {0.25, 0.125};
    as_err              err = AS_ERR_NONE;
    float               rows[N][SIZE], query[SIZE];
    for (size_t p = 0; p < AS_COUNT(parts); p++)
        for (int last = 0; last < 2; last++) {
            /* Most is taken off where digits are off by `part` of what they are apart. */
            const double apart = round(2 * 0.49 / parts[p]), a = 0.49 + (apart - 2 * 0.49),
                         b = 0.49 - (a - 0.49) - 0.03;
            for (size_t r = 0; r < N; r++)
                for (size_t i = 0; i < SIZE; i++) {
                    const double v = i == 0 ? 127 : r < N - 2 ? b : a;
                    rows[r][i] = (float)(r % 2 ? v : -v);
                }
            for (size_t i = 0; i < SIZE; i++)
                query[i] = i == 0 ? 127 : 0.49f;
            const bank_axes axes = {SIZE, 0, 0, last, parts[p], parts[p]};
            for (size_t i = 0; as_bank_kernel_at(i); i++) {
                as_bank   *bank = as_bank_new_with(as_bank_kernel_at(i), &axes, rows[0], N, SIZE, &err);
                as_search *search = bank ? as_search_new(bank, 1, &err) : NULL;
                uint32_t   found;
                double     distance;
                assert_non_null(search);
                assert_true(as_search_run(search, query, 1, &found, &distance, &err));
                assert_int_equal(found, N - 1);
                as_search_free(search);
                as_bank_free(bank);
            }
        }
}

enum { N_WIDE = 5, N_NARROW = 3, N_BLOCKS = 3, N_ROWS = N_BLOCKS * BANK_BLOCK, N_LINES = 2 };

/* A row or a query of the first look, as numbers. */
typedef struct looked {
    int wide[N_WIDE * BANK_WIDE], narrow[N_NARROW * BANK_NARROW];
} looked;

static int draw_digit(as_rng *rng, int most)
{
    return (int)as_rng_below(rng, 2 * (uint64_t)most + 1) - most;
}

static looked draw_looked(as_rng *rng, bool narrow)
{
    looked v = {{0}, {0}};
    for (size_t i = 0; i < AS_COUNT(v.wide); i++)
        v.wide[i] = draw_digit(rng, 8191);
    for (size_t i = 0; i < AS_COUNT(v.narrow) && narrow; i++)
        v.narrow[i] = draw_digit(rng, 127);
    return v;
}

/* Words one `step` after another. */
static void put_looked(const looked *v, int offset, int32_t *to, size_t step, size_t n_narrow)
{
    for (size_t w = 0; w < N_WIDE; w++) {
        const int16_t two[] = {(int16_t)v->wide[2 * w], (int16_t)v->wide[2 * w + 1]};
        memcpy(to + w * step, two, sizeof *to);
    }
    for (size_t w = 0; w < n_narrow; w++) {
        uint8_t four[BANK_NARROW];
        for (size_t i = 0; i < BANK_NARROW; i++)
            four[i] = (uint8_t)(v->narrow[w * BANK_NARROW + i] + offset);
        memcpy(to + (N_WIDE + w) * step, four, sizeof *to);
    }
}

static double looked_product(const looked *a, const looked *b)
{
    double sum = 0;
    for (size_t i = 0; i < AS_COUNT(a->wide); i++)
        sum += (double)a->wide[i] * b->wide[i];
    for (size_t i = 0; i < AS_COUNT(a->narrow); i++)
        sum += (double)a->narrow[i] * b->narrow[i];
    return sum;
}

typedef struct look_room {
    _Alignas(BANK_LINE) int32_t digits[N_ROWS * (N_WIDE + N_NARROW)];
    _Alignas(BANK_LINE) float square[N_ROWS], across[N_ROWS], low[BANK_TILE][N_ROWS];
    _Alignas(BANK_LINE) float least[BANK_TILE][N_BLOCKS * BANK_LANES];
    float   gain[N_BLOCKS];
    looked  rows[N_ROWS], queries[BANK_TILE];
    int32_t words[BANK_TILE * (N_WIDE + N_NARROW)];
} look_room;

static as_bank_look draw_look(const as_bank_kernel *k, as_rng *rng, look_room *room)
{
    const size_t n_narrow = k->narrow ? N_NARROW : 0, words = N_WIDE + n_narrow;
    as_bank_look look = {.digits = (const char *)room->digits,
                         .n_blocks = N_BLOCKS,
                         .n_wide = N_WIDE,
                         .n_narrow = (uint32_t)n_narrow,
                         .square = room->square,
                         .across = room->across,
                         .gain = room->gain,
                         .queries = room->words};
    for (size_t r = 0; r < N_ROWS; r++) {
        room->square[r] = (float)as_rng_below(rng, 1000);
        room->across[r] = (float)as_rng_below(rng, 100);
        room->gain[r / BANK_BLOCK] = 1e-6f * (float)(1 + r / BANK_BLOCK);
        room->rows[r] = draw_looked(rng, k->narrow);
        put_looked(&room->rows[r], k->offset, room->digits + r / k->lanes * k->lanes * words + r % k->lanes, k->lanes,
                   n_narrow);
    }
    for (size_t t = 0; t < BANK_TILE; t++) {
        room->queries[t] = draw_looked(rng, k->narrow);
        put_looked(&room->queries[t], 0, room->words + t * words, 1, n_narrow);
        for (size_t i = 0; i < AS_COUNT(room->queries[t].narrow); i++)
            look.begin[t] -= room->queries[t].narrow[i] * k->offset;
        look.query_gain[t] = (float)(t + 1);
        look.query_across[t] = 0.5f * (float)t;
        look.low[t] = room->low[t];
        look.least[t] = room->least[t];
    }
    return look;
}

static void check_look(const as_bank_kernel *k, as_rng *rng)
{
    static look_room   room;
    const as_bank_look look = draw_look(k, rng, &room);
    k->look(&look);
    for (size_t t = 0; t < BANK_TILE; t++) {
        float   lanes[BANK_LANES], low[BANK_LANES];
        int32_t block[BANK_LANES];
        k->least(room.least[t], N_BLOCKS, low, block);
        for (size_t lane = 0; lane < BANK_LANES; lane++)
            lanes[lane] = INFINITY;
        for (size_t r = 0; r < N_ROWS; r++) {
            const double gain = (double)look.query_gain[t] * (double)room.gain[r / BANK_BLOCK];
            const double want = (double)room.square[r] - gain * looked_product(&room.rows[r], &room.queries[t]) -
                                (double)look.query_across[t] * (double)room.across[r];
            assert_true(fabs((double)room.low[t][r] - want) < 0.02);
            lanes[r % BANK_LANES] = fminf(lanes[r % BANK_LANES], room.low[t][r]);
        }
        for (size_t lane = 0; lane < BANK_LANES; lane++) {
            assert_true(memcmp(&lanes[lane], &low[lane], sizeof low[lane]) == 0);
            assert_true(memcmp(&room.least[t][(size_t)block[lane] * BANK_LANES + lane], &low[lane], sizeof low[lane]) ==
                        0);
        }
    }
}

static void check_pick(const as_bank_kernel *k, as_rng *rng, uint64_t most)
{
    enum { N = N_BLOCKS * BANK_BLOCK };
    _Alignas(BANK_LINE) float low[N], least[N_BLOCKS * BANK_LANES];
    uint32_t                  rows[N + BANK_SOME], room[2 * N_BLOCKS * BANK_LANES];
    float                     lows[N + BANK_SOME];
    bool                      seen[N] = {false};
    const as_bank_pick        pick = {.low = low, .least = least, .n_blocks = N_BLOCKS, .limit = 4, .room = room};
    for (size_t i = 0; i < AS_COUNT(least); i++)
        least[i] = INFINITY;
    for (size_t i = 0; i < N; i++) {
        low[i] = i % 7 == 3 ? INFINITY : i == 5 ? -INFINITY : (float)as_rng_below(rng, most);
        least[i / BANK_BLOCK * BANK_LANES + i % BANK_LANES] =
            fminf(least[i / BANK_BLOCK * BANK_LANES + i % BANK_LANES], low[i]);
    }
    low[6] = INFINITY; /* such as was compared: its column's least is below it */
    size_t n_picked = k->pick(&pick, rows, lows), want = 0;
    for (size_t i = 0; i < n_picked; i++) {
        assert_true(rows[i] < N && !seen[rows[i]] && low[rows[i]] <= 4);
        assert_true(memcmp(&lows[i], &low[rows[i]], sizeof *lows) == 0);
        seen[rows[i]] = true;
    }
    for (size_t i = 0; i < N; i++)
        want += low[i] <= 4;
    assert_int_equal(n_picked, want);
}

/* The least distance of a row in the second look. */
static double fine_low(const as_bank_fine *fine, const as_bank_kernel *k, const int8_t *query, uint32_t row, float low)
{
    const as_bank_row *r = (const void *)(fine->rows + row * fine->n_lines * BANK_LINE);
    double             product = 0;
    for (size_t i = 0; i < fine->n_lines * BANK_LINE - sizeof *r; i++)
        product += (double)((int)(k->offset ? (uint8_t)r->digits[i] : r->digits[i]) - k->offset) * query[sizeof *r + i];
    return (double)low + (double)r->square - (double)fine->query_gain * (double)r->gain * product +
           (double)fine->query_before * (double)r->before - (double)fine->query_across * (double)r->across;
}

static void check_fine(const as_bank_kernel *k, as_rng *rng, size_t n)
{
    _Alignas(BANK_LINE) static char rows[N_ROWS][N_LINES * BANK_LINE];
    int8_t                          query[N_LINES * BANK_LINE] = {0};
    uint32_t                        picked[N_ROWS + BANK_SOME], left[N_ROWS + BANK_SOME];
    float                           low[N_ROWS + BANK_SOME] = {0}, left_low[N_ROWS + BANK_SOME];
    as_bank_fine                    fine = {.rows = rows[0],
                                            .query = query,
                                            .n_lines = N_LINES,
                                            .query_gain = 0.01f,
                                            .query_before = 3,
                                            .query_across = 2,
                                            .limit = 500,
                                            .picked = picked,
                                            .low = low,
                                            .n = n};
    for (size_t r = 0; r < N_ROWS; r++) {
        as_bank_row *row = (void *)rows[r];
        *row = (as_bank_row){.square = (float)as_rng_below(rng, 900),
                             .gain = 0.1f * (float)as_rng_below(rng, 9),
                             .before = (float)as_rng_below(rng, 100),
                             .across = (float)as_rng_below(rng, 150)};
        for (size_t i = 0; i < sizeof rows[r] - sizeof *row; i++)
            row->digits[i] = (int8_t)(draw_digit(rng, 127) + k->offset);
    }
    for (size_t i = sizeof(as_bank_row); i < sizeof query; i++) {
        query[i] = (int8_t)draw_digit(rng, 127);
        fine.begin -= query[i] * k->offset;
    }
    for (size_t i = 0; i < AS_COUNT(picked); i++) {
        picked[i] = (uint32_t)as_rng_below(rng, N_ROWS);
        low[i] = (float)as_rng_below(rng, 300);
    }
    size_t n_left = k->fine(&fine, left, left_low), at = 0;
    for (size_t i = 0; i < n; i++) {
        const double want = fine_low(&fine, k, query, picked[i], low[i]);
        if (at < n_left && left[at] == picked[i] && fabs((double)left_low[at] - want) < 0.01)
            at++;
        else
            assert_true(want > 500 - 0.01);
    }
    assert_int_equal(at, n_left);
    if (n >= 100)
        assert_in_range(n_left, 20, n - 20);
}

static void check_gap(const as_bank_kernel *k, as_rng *rng, size_t n)
{
    float  a[300], b[300];
    double sum = 0;
    for (size_t i = 0; i < n; i++) {
        a[i] = (float)as_rng_normal(rng);
        b[i] = (float)as_rng_normal(rng);
        sum += pow((double)a[i] - (double)b[i], 2);
    }
    assert_true(fabs((double)k->gap(a, b, n) - sum) <= BANK_GAP_OFF(n) * sum);
}

static void test_every_kernel_is_the_definition(void **state)
{
    (void)state;
    as_rng rng = as_rng_new(8);
    size_t n = 0;
    for (; as_bank_kernel_at(n); n++) {
        const as_bank_kernel *k = as_bank_kernel_at(n);
        check_look(k, &rng);
        for (uint64_t most = 2; most < 1000; most *= 3)
            check_pick(k, &rng, most);
        for (size_t some = 1; some <= 170; some += 13)
            check_fine(k, &rng, some);
        for (size_t some = 1; some <= 300; some += 23)
            check_gap(k, &rng, some);
    }
    if (!as_isa_may(AS_ISA_AVX512_VNNI))
        print_message("skipped: the kernel of avx512_vnni, which this processor has not\n");
    assert_true(n >= 1);
}

/* Two threads, each with a search of its own, find what one finds. */
typedef struct half {
    const as_bank *bank;
    const float   *queries;
    size_t         n;
    uint32_t      *found;
    double        *distances;
    bool           ok;
} half;

static void *half_run(void *arg)
{
    half      *h = arg;
    as_err     err = AS_ERR_NONE;
    as_search *search = as_search_new(h->bank, 2, &err);
    h->ok = search && as_search_run(search, h->queries, h->n, h->found, h->distances, &err);
    as_search_free(search);
    return NULL;
}

static void test_threads_share_a_bank(void **state)
{
    (void)state;
    enum { N = 2000, SIZE = 96, QUERIES = 101, FIRST = 40 };
    static float rows[N * SIZE], queries[QUERIES * SIZE];
    uint32_t     found[2][QUERIES * 2];
    double       distances[2][QUERIES * 2];
    as_rng       rng = as_rng_new(4);
    as_err       err = AS_ERR_NONE;
    draw(&rng, FALLING, rows, N, SIZE);
    draw(&rng, FALLING, queries, QUERIES, SIZE);
    as_bank *bank = as_bank_new(rows, N, SIZE, &err);
    assert_non_null(bank);
    assert_in_range(as_bank_n_axes(bank, 0), 1, SIZE / 2); /* along few axes */
    half whole = {bank, queries, QUERIES, found[0], distances[0], false};
    half halves[] = {
        {bank, queries, FIRST, found[1], distances[1], false},
        {bank, queries + FIRST * SIZE, QUERIES - FIRST, found[1] + 2 * FIRST, distances[1] + 2 * FIRST, false}};
    pthread_t threads[2];
    half_run(&whole);
    for (size_t i = 0; i < 2; i++)
        assert_int_equal(pthread_create(&threads[i], NULL, half_run, &halves[i]), 0);
    for (size_t i = 0; i < 2; i++)
        pthread_join(threads[i], NULL);
    assert_true(whole.ok && halves[0].ok && halves[1].ok);
    assert_memory_equal(found[0], found[1], sizeof found[0]);
    assert_memory_equal(distances[0], distances[1], sizeof distances[0]);
    as_bank_free(bank);
}

static void test_what_is_refused(void **state)
{
    (void)state;
    float  rows[] = {1, 2, 3, NAN, 5, 6};
    float  queries[] = {1, 2, 3, INFINITY};
    as_err err = AS_ERR_NONE;
    assert_null(as_bank_new(rows, 3, 2, &err));
    assert_non_null(strstr(err.text, "row 1 "));
    rows[3] = 3e38f;
    assert_null(as_bank_new(rows, 3, 2, &err));
    assert_null(as_bank_new(rows, 0, 2, &err));
    assert_int_equal(err.code, AS_ELIMIT);
    assert_null(as_bank_new(rows, 1, AS_BANK_MOST_SIZE + 1, &err));
    rows[3] = 4;
    as_bank *bank = as_bank_new(rows, 3, 2, &err);
    assert_non_null(bank);
    assert_null(as_search_new(bank, 4, &err));
    assert_null(as_search_new(bank, 0, &err));
    as_search *search = as_search_new(bank, 1, &err);
    uint32_t   found[2];
    double     distances[2];
    assert_false(as_search_run(search, queries, 2, found, distances, &err));
    assert_non_null(strstr(err.text, "query 1 "));
    as_search_free(search);
    as_bank_free(bank);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_is_the_search_through_all),      cmocka_unit_test(test_closer_than_the_numbers_are),
        cmocka_unit_test(test_bounds_hold_where_they_are_met), cmocka_unit_test(test_every_kernel_is_the_definition),
        cmocka_unit_test(test_threads_share_a_bank),           cmocka_unit_test(test_what_is_refused),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
