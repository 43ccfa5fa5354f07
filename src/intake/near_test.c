/* SPDX-License-Identifier: Apache-2.0 */
#include <setjmp.h>
#include <stdarg.h>

#include <cmocka.h>
#include <math.h>
#include <stdio.h>
#include <string.h>

#include "base/rng.h"
#include "intake/near.h"

#define MANY 600

static void add(as_manifest *manifest, size_t i, uint64_t hash, double sharpness)
{
    char      name[32];
    as_err    err = AS_ERR_NONE;
    as_sample sample = {.label = "good", .camera = "", .format = "png", .width = 64, .height = 48};
    snprintf(name, sizeof name, "%05zu", i);
    sample.name = sample.part = name;
    memcpy(sample.image.b, &i, sizeof i);
    sample.difference_hash = hash;
    sample.sharpness = sharpness;
    sample.clipped_ratio = sample.severity = NAN;
    assert_true(as_manifest_add(manifest, &sample, &err));
}

/* Hashes that come near each other at every distance and in every piece: each pair is found, once. */
static void test_as_by_looking_at_all(void **state)
{
    (void)state;
    static uint64_t hashes[MANY];
    as_err          err = AS_ERR_NONE;
    as_rng          rng = as_rng_new(5);
    as_near_pairs   pairs;
    as_manifest    *manifest = as_manifest_new(&err);
    uint64_t        want[AS_NEAR_MOST_BITS + 1] = {0};
    for (size_t i = 0; i < MANY; i++) {
        hashes[i] = i % 3 ? hashes[i - 1] : as_rng_u64(&rng) | 1;
        for (uint64_t flips = i % 3 ? as_rng_below(&rng, 6) : 0; flips-- > 0;)
            hashes[i] ^= 1ull << (1 + as_rng_below(&rng, 63));
        add(manifest, i, hashes[i], i % 7 ? 100 : 200);
    }
    for (size_t i = 0; i < MANY; i++)
        for (size_t k = 0; k < i; k++) {
            int bits = __builtin_popcountll(hashes[i] ^ hashes[k]);
            if (bits <= AS_NEAR_MOST_BITS)
                want[bits]++;
        }
    assert_true(as_near_find(manifest, &pairs, &err));
    uint64_t n_as_sharp = 0, n_any = 0;
    for (size_t bits = 0; bits <= AS_NEAR_MOST_BITS; bits++) {
        assert_true(want[bits] > 10);
        assert_int_equal(pairs.n_any[bits], want[bits]);
        assert_true(pairs.n_at[bits] <= want[bits]);
        n_any += bits <= AS_NEAR_MOST_BITS - 2 ? pairs.n_any[bits] : 0;
        n_as_sharp += bits <= AS_NEAR_MOST_BITS - 2 ? pairs.n_at[bits] : 0;
    }
    assert_true(n_as_sharp < n_any);
    assert_int_equal(pairs.at.n, n_as_sharp);
    for (size_t i = 0; i < pairs.at.n; i++) {
        const as_near_pair *pair = &pairs.at.at[i];
        assert_true(pair->a < pair->b && (pair->a % 7 == 0) == (pair->b % 7 == 0));
        assert_int_equal(pair->bits, __builtin_popcountll(hashes[pair->a] ^ hashes[pair->b]));
    }
    assert_false(pairs.cut);
    assert_int_equal(pairs.n_hashed, MANY);
    as_near_done(&pairs);
    as_manifest_free(manifest);
}

static int most_of(const uint64_t *hashes, size_t n)
{
    as_err        err = AS_ERR_NONE;
    as_near_pairs pairs;
    as_manifest  *manifest = as_manifest_new(&err);
    for (size_t i = 0; i < n; i++)
        add(manifest, i, hashes[i], 100);
    assert_true(as_near_find(manifest, &pairs, &err));
    int most = pairs.most;
    as_near_done(&pairs);
    as_manifest_free(manifest);
    return most;
}

/* Copies stand apart from the tail that chance makes. */
static void test_how_near_is_told_by_the_tail(void **state)
{
    (void)state;
    static const uint64_t alone[] = {0xff, 0xff ^ 3, 1ull << 60}, none[] = {0xff, 0xff00, 1ull << 60},
                          same[] = {0xff, 0xff, 1ull << 60};
    /* One pair at 1 bit; the third and the fourth are 3 and 4 bits from the two. */
    static const uint64_t tail[] = {0xff, 0xff ^ 1, 0xff ^ 0x1c00, 0xff ^ 0xe000};
    assert_int_equal(most_of(alone, 3), 2);
    assert_int_equal(most_of(none, 3), -1);
    assert_int_equal(most_of(same, 3), 2);
    assert_int_equal(most_of(tail, 3), 1);
    assert_int_equal(most_of(tail, 4), -1);
    assert_int_equal(most_of(alone, 0), -1);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_as_by_looking_at_all),
        cmocka_unit_test(test_how_near_is_told_by_the_tail),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
