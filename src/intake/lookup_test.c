/* SPDX-License-Identifier: Apache-2.0 */
#include <setjmp.h>
#include <stdarg.h>

#include <cmocka.h>

#include "base/rng.h"
#include "intake/lookup.h"

enum { N = 3000 };

static bool has(const as_lookup *lookup, uint32_t hash, uint32_t place)
{
    as_lookup_walk walk = {0};
    for (uint32_t found; as_lookup_next(lookup, hash, &walk, &found);)
        if (found == place)
            return true;
    return false;
}

/* spread: of the hashes; few make long walks that run into each other, and over the end. */
static void check(uint32_t spread)
{
    as_err          err = AS_ERR_NONE;
    as_rng          rng = as_rng_new(spread);
    as_lookup       lookup = {0};
    static uint32_t hashes[N];
    static bool     is_in[N];
    assert_false(has(&lookup, 0, 0));
    as_lookup_remove(&lookup, 0, 0);
    for (uint32_t i = 0; i < N; i++) {
        hashes[i] = (uint32_t)as_rng_below(&rng, spread) - spread / 2;
        is_in[i] = true;
        assert_true(as_lookup_add(&lookup, hashes[i], i, &err));
    }
    for (size_t round = 0; round < 4 * N; round++) {
        uint32_t i = (uint32_t)as_rng_below(&rng, N);
        if (is_in[i])
            as_lookup_remove(&lookup, hashes[i], i);
        else
            assert_true(as_lookup_add(&lookup, hashes[i], i, &err));
        is_in[i] = !is_in[i];
        if (round % 500 == 0)
            for (uint32_t k = 0; k < N; k++)
                assert_int_equal(has(&lookup, hashes[k], k), is_in[k]);
    }
    as_lookup_done(&lookup);
}

static void test_finds_what_is_in(void **state)
{
    (void)state;
    check(40);
    check(2000);
    check(1u << 30);
}

static void test_hash(void **state)
{
    (void)state;
    assert_int_equal(as_lookup_hash("abcdefghi", 9), as_lookup_hash("abcdefghi", 9));
    assert_int_not_equal(as_lookup_hash("abcdefghi", 9), as_lookup_hash("abcdefghj", 9));
    assert_int_not_equal(as_lookup_hash("\0", 1), as_lookup_hash("\0\0", 2));
}

int main(void)
{
    const struct CMUnitTest tests[] = {cmocka_unit_test(test_finds_what_is_in), cmocka_unit_test(test_hash)};
    return cmocka_run_group_tests(tests, NULL, NULL);
}
