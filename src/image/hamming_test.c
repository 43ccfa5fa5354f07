/* SPDX-License-Identifier: Apache-2.0 */
#include <setjmp.h>
#include <stdarg.h>

#include <cmocka.h>

#include "base/rng.h"
#include "image/hamming.h"

enum { MOST = 20000 };

static int compare(const void *a, const void *b)
{
    const as_hamming_hit *x = a, *y = b;
    return x->bits != y->bits ? (x->bits > y->bits) - (x->bits < y->bits) : (x->id > y->id) - (x->id < y->id);
}

/* In order, or not. */
static uint32_t hamming_id(size_t i, unsigned crowd)
{
    return (uint32_t)(crowd == 24 ? i * 7919 % 65521 : i * 7);
}

/* crowd: share of the bits that all hashes have alike, as pictures of one scene do. */
static void check_against_all(size_t n, unsigned crowd)
{
    static uint64_t       hashes[MOST];
    static as_hamming_hit want[MOST], got[MOST];
    as_err                err = AS_ERR_NONE;
    as_rng                rng = as_rng_new(n + crowd);
    as_hamming           *index = as_hamming_new(&err);
    uint64_t              same = crowd ? UINT64_MAX << (64 - crowd) : 0;
    assert_non_null(index);
    for (size_t i = 0; i < n; i++) {
        hashes[i] = as_rng_u64(&rng) & ~same;
        if (i % 3 == 0 && i) /* near another */
            hashes[i] = hashes[as_rng_below(&rng, i)] ^ 1ull << as_rng_below(&rng, 64) ^ 1ull << as_rng_below(&rng, 64);
        assert_true(as_hamming_add(index, hashes[i], hamming_id(i, crowd), &err));
    }
    assert_int_equal(as_hamming_count(index), n);
    for (uint32_t bits = 0; bits <= AS_HAMMING_MOST_BITS; bits++)
        for (int k = 0; k < 6; k++) {
            uint64_t hash = k % 2 && n ? hashes[as_rng_below(&rng, n)] : as_rng_u64(&rng) & ~same;
            size_t   n_want = 0;
            for (int flip = 0; flip < k; flip++)
                hash ^= 1ull << as_rng_below(&rng, 64);
            for (size_t i = 0; i < n; i++) {
                uint32_t differ = (uint32_t)__builtin_popcountll(hash ^ hashes[i]);
                if (differ <= bits)
                    want[n_want++] = (as_hamming_hit){hamming_id(i, crowd), differ};
            }
            qsort(want, n_want, sizeof *want, compare);
            assert_int_equal(as_hamming_find(index, hash, bits, got, MOST), n_want);
            assert_memory_equal(got, want, n_want * sizeof *want);
            assert_int_equal(as_hamming_find(index, hash, bits, got, 3), n_want);
            assert_memory_equal(got, want, AS_MIN(n_want, (size_t)3) * sizeof *want);
            assert_int_equal(as_hamming_find(index, hash, bits, NULL, 0), n_want);
        }
    as_hamming_free(index);
}

static void test_finds_all(void **state)
{
    (void)state;
    static const size_t ns[] = {0, 1, 1023, 1024, 1025, 5000, MOST};
    for (size_t i = 0; i < AS_COUNT(ns); i++)
        for (unsigned crowd = 0; crowd <= 60; crowd += 12)
            check_against_all(ns[i], crowd);
}

int main(void)
{
    const struct CMUnitTest tests[] = {cmocka_unit_test(test_finds_all)};
    return cmocka_run_group_tests(tests, NULL, NULL);
}
