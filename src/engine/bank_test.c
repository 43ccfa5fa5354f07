/* SPDX-License-Identifier: Apache-2.0 */
/* The same rows as a search through all of them in float64 gives, whatever the data. */
#include "engine/bank.h"

#include <math.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "base/isa.h"
#include "base/rng.h"
#include "engine/bank_kernel.h"

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

/* Random kinds of data: even, in clusters, not negative as behind a ReLU, of few values (many ties), all the same; along a few axes
 * more than along the others, and the same with a row in a hundred that is far larger. */
enum { EVEN, CLUSTERS, RELU, FEW, SAME, FALLING, LARGE, N_KINDS };

/* Deviations fall as those of a network's features do, along axes that are no numbers of their own. */
static void draw_falling(as_rng *rng, int kind, float *row, size_t size)
{
    double gain = kind == LARGE && as_rng_below(rng, 100) == 0 ? 1e4 : 1;
    for (size_t i = 0; i < size; i++)
        row[i] = 3;
    for (size_t a = 0; a < size; a++) {
        double v = gain * as_rng_normal(rng) * pow((double)(a + 1), -0.9);
        for (size_t i = 0; i < size; i++)
            row[i] += (float)(v * cos(M_PI * (double)a * ((double)i + 0.5) / (double)size));
    }
}

static void draw(as_rng *rng, int kind, float *rows, size_t n, size_t size)
{
    for (size_t r = 0; r < n; r++) {
        size_t like = as_rng_below(rng, 20);
        if (kind >= FALLING)
            draw_falling(rng, kind, rows + r * size, size);
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
    if (kind == FALLING && n >= 512 && size >= 64)
        assert_in_range(as_bank_n_axes(bank, 0), 1, size / 2);
    if (kind == EVEN || n < 512)
        assert_int_equal(as_bank_n_axes(bank, 0), 0);
    for (int round = 0; round < 2; round++)
        assert_true(as_search_run(search, queries, n_queries, found, distances, &err));
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
            if (fabs(want - have) > 1e-11 * (want + 1))
                fail_msg("kind %d, query %zu, %zu: distance %.17g, not %.17g", kind, q, i, have, want);
            /* Sums in another order may part what is equal but for the last bit: such rows may change places. */
            bool is_alone =
                (i == 0 || all[i].distance - all[i - 1].distance > 1e-10 * (want + 1) ||
                 all[i].distance == all[i - 1].distance) &&
                (i + 1 == n || all[i + 1].distance - want > 1e-10 * (want + 1) || all[i + 1].distance == want);
            if (is_alone && found[q * k + i] != all[i].row)
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
    } sizes[] = {{1, 1, 1, 3},      {47, 5, 1, 7},     {500, 384, 1, 30},
                 {700, 130, 9, 21}, {1500, 64, 1, 40}, {3000, 33, 3, 9}};
    for (int kind = 0; kind < N_KINDS; kind++)
        for (size_t i = 0; i < AS_COUNT(sizes); i++) {
            uint64_t compared;
            check_one(kind, sizes[i].n, sizes[i].size, sizes[i].k, sizes[i].queries, &compared);
            /* Nearly all rows are left out, where they differ at all. */
            if ((kind == EVEN || kind == FALLING) && sizes[i].n >= 500 && sizes[i].size >= 64)
                assert_true(compared < sizes[i].queries * sizes[i].n / 10);
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

enum { N_DIGITS = 32 };

static void draw_digits(as_rng *rng, int16_t *ret, size_t n)
{
    for (size_t i = 0; i < n; i++)
        ret[i] = (int16_t)((int)as_rng_below(rng, 4095) - 2047);
}

static int32_t product(const int16_t *a, const int16_t *b)
{
    int32_t sum = 0;
    for (size_t i = 0; i < N_DIGITS; i++)
        sum += a[i] * b[i];
    return sum;
}

static void check_look(const as_bank_kernel *k, as_rng *rng, int16_t (*rows)[N_DIGITS], int16_t (*queries)[N_DIGITS])
{
    int16_t packed[BANK_BLOCK * N_DIGITS];
    float   square[BANK_BLOCK], across[BANK_BLOCK], low[BANK_TILE][BANK_BLOCK], least[BANK_TILE];
    for (size_t r = 0; r < BANK_BLOCK; r++) {
        square[r] = (float)as_rng_below(rng, 1000);
        across[r] = (float)as_rng_below(rng, 100);
        for (size_t i = 0; i < N_DIGITS; i++)
            packed[r / k->lanes * k->lanes * N_DIGITS + (i / 2 * k->lanes + r % k->lanes) * 2 + i % 2] = rows[r][i];
    }
    as_bank_tile tile = {.block = packed, .queries = queries[0], .size = N_DIGITS, .square = square, .across = across};
    for (size_t t = 0; t < BANK_TILE; t++) {
        tile.gain[t] = 1e-5f * (float)(t + 1);
        tile.query_across[t] = 0.5f * (float)t;
        tile.low[t] = low[t];
    }
    k->look(&tile, least);
    for (size_t t = 0; t < BANK_TILE; t++) {
        double smallest = INFINITY;
        for (size_t r = 0; r < BANK_BLOCK; r++) {
            double want = (double)square[r] - (double)tile.gain[t] * product(rows[r], queries[t]) -
                          (double)tile.query_across[t] * (double)across[r];
            smallest = fmin(smallest, (double)low[t][r]);
            assert_true(fabs((double)low[t][r] - want) < 1e-3);
        }
        assert_true((double)least[t] == smallest);
    }
}

static void check_pick(const as_bank_kernel *k, as_rng *rng)
{
    float    low[BANK_BLOCK];
    uint32_t picked[BANK_BLOCK + 8];
    size_t   n = 0, n_picked;
    for (size_t i = 0; i < BANK_BLOCK; i++)
        low[i] = i % 7 == 3 ? INFINITY : (float)as_rng_below(rng, 10);
    n_picked = k->pick(low, 4, 1000, picked);
    for (uint32_t i = 0; i < BANK_BLOCK; i++)
        if (low[i] <= 4)
            assert_true(n < n_picked && picked[n++] == 1000 + i);
    assert_int_equal(n, n_picked);
    assert_in_range(n, 5, BANK_BLOCK - 5);
}

static void test_every_kernel_is_the_definition(void **state)
{
    (void)state;
    as_rng  rng = as_rng_new(8);
    int16_t rows[BANK_BLOCK][N_DIGITS], queries[BANK_TILE][N_DIGITS];
    draw_digits(&rng, rows[0], BANK_BLOCK * N_DIGITS);
    draw_digits(&rng, queries[0], BANK_TILE * N_DIGITS);
    const int16_t *some[BANK_FINE_ROWS] = {rows[3], rows[0], rows[47], rows[3]};
    size_t         n = 0;
    for (; as_bank_kernel_at(n); n++) {
        const as_bank_kernel *k = as_bank_kernel_at(n);
        int32_t               dots[BANK_FINE_ROWS];
        check_look(k, &rng, rows, queries);
        check_pick(k, &rng);
        k->fine(some, queries[1], N_DIGITS, dots);
        for (size_t r = 0; r < BANK_FINE_ROWS; r++)
            assert_int_equal(dots[r], product(some[r], queries[1]));
    }
    if (!as_isa_may(AS_ISA_AVX512_VNNI))
        print_message("skipped: the kernel of avx512_vnni, which this processor has not\n");
    assert_true(n >= 1);
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
        cmocka_unit_test(test_is_the_search_through_all),
        cmocka_unit_test(test_closer_than_the_numbers_are),
        cmocka_unit_test(test_every_kernel_is_the_definition),
        cmocka_unit_test(test_what_is_refused),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
