/* SPDX-License-Identifier: Apache-2.0 */
#include "base/rng.h"

#include <math.h>
#include <setjmp.h>
#include <stdarg.h>
#include <string.h>

#include <cmocka.h>

/* The published text of both generators, written once more in another way (128-bit products, rotation by product), so
 * that a slip in a constant or a shift shows. The first outputs for seed 0 are those Vigna's program prints. */
static uint64_t other_rotl(uint64_t x, unsigned k)
{
    unsigned __int128 wide = (unsigned __int128)x << k;
    return (uint64_t)wide | (uint64_t)(wide >> 64);
}

static void test_known_outputs(void **state)
{
    (void)state;
    static const uint64_t splitmix_of_0[4] = {0xe220a8397b1dcdafULL, 0x6e789e6aa1b965f4ULL, 0x06c45d188009454fULL,
                                              0xf88bb8a8724c81ecULL};
    static const uint64_t first_of_0[4] = {0x99ec5f36cb75f2b4ULL, 0xbf6e1f784956452aULL, 0x1a5f849d4933e6e0ULL,
                                           0x6aa594f1262d2d2cULL};
    as_rng                rng = as_rng_new(0);
    assert_memory_equal(rng.s, splitmix_of_0, sizeof splitmix_of_0);
    for (size_t i = 0; i < 4; i++)
        assert_true(as_rng_u64(&rng) == first_of_0[i]);

    uint64_t a[4];
    rng = as_rng_new(0x123456789abcdefULL);
    memcpy(a, rng.s, sizeof a);
    for (int i = 0; i < 10000; i++) {
        uint64_t want = other_rotl(a[1] + 4 * a[1], 7), t = a[1] * 131072;
        want += 8 * want;
        uint64_t x2 = a[2] ^ a[0], x3 = a[3] ^ a[1];
        a[1] ^= x2;
        a[0] ^= x3;
        a[2] = x2 ^ t;
        a[3] = other_rotl(x3, 45);
        assert_true(as_rng_u64(&rng) == want);
    }
}

static void test_streams_differ(void **state)
{
    (void)state;
    uint64_t seen[64 * 8];
    size_t   n = 0;
    for (uint64_t seed = 0; seed < 8; seed++)
        for (uint64_t stream = 0; stream < 64; stream++) {
            as_rng   rng = as_rng_stream(seed, stream), again = as_rng_stream(seed, stream);
            uint64_t first = as_rng_u64(&rng);
            assert_true(as_rng_u64(&again) == first);
            for (size_t i = 0; i < n; i++)
                assert_true(seen[i] != first);
            seen[n++] = first;
        }
}

static void test_below(void **state)
{
    (void)state;
    as_rng rng = as_rng_new(1);
    int    count[6] = {0};
    for (int i = 0; i < 60000; i++) {
        uint64_t r = as_rng_below(&rng, 6);
        assert_true(r < 6);
        count[r]++;
    }
    for (size_t i = 0; i < 6; i++)
        assert_in_range(count[i], 9600, 10400); /* 4.4 deviations */
    for (int i = 0; i < 100; i++)
        assert_true(as_rng_below(&rng, 1) == 0);
    /* Of 3 * 2^62, the lowest 2^62 would come twice as often without rejection. */
    uint64_t n = 3ULL << 62;
    int      low = 0;
    for (int i = 0; i < 30000; i++)
        low += as_rng_below(&rng, n) < n / 3;
    assert_in_range(low, 9600, 10400);
}

static void test_unit_and_range(void **state)
{
    (void)state;
    as_rng rng = as_rng_new(2);
    double sum = 0;
    for (int i = 0; i < 100000; i++) {
        double u = as_rng_unit(&rng), r = as_rng_range(&rng, -3, 5);
        assert_true(u >= 0 && u < 1 && r >= -3 && r < 5);
        sum += u;
    }
    assert_true(fabs(sum / 100000 - 0.5) < 0.005);
    double next = nextafter(1, 2);
    for (int i = 0; i < 100; i++)
        assert_true(as_rng_range(&rng, 1, next) < next);
}

static void test_normal(void **state)
{
    (void)state;
    as_rng rng = as_rng_new(3);
    double sum = 0, square = 0, fourth = 0;
    int    n = 200000;
    for (int i = 0; i < n; i++) {
        double x = as_rng_normal(&rng);
        sum += x;
        square += x * x;
        fourth += x * x * x * x;
    }
    assert_true(fabs(sum / n) < 0.01);
    assert_true(fabs(square / n - 1) < 0.015);
    assert_true(fabs(fourth / n - 3) < 0.12);
}

static void check_poisson(double mean)
{
    as_rng rng = as_rng_new(4);
    double sum = 0, square = 0;
    int    n = 50000;
    for (int i = 0; i < n; i++) {
        double x = as_rng_poisson(&rng, mean);
        sum += x;
        square += x * x;
    }
    double got = sum / n, variance = square / n - got * got;
    assert_true(fabs(got - mean) < 5 * sqrt(mean / n));
    assert_true(fabs(variance / mean - 1) < 0.1);
}

static void test_poisson(void **state)
{
    (void)state;
    check_poisson(0.1);
    check_poisson(3);
    check_poisson(30);
    check_poisson(31);
    check_poisson(5000);
    as_rng rng = as_rng_new(4);
    assert_int_equal(as_rng_poisson(&rng, 0), 0);
    assert_int_equal(as_rng_poisson(&rng, -1), 0);
    assert_int_equal(as_rng_poisson(&rng, NAN), 0);
    assert_int_equal(as_rng_poisson(&rng, 1e30), UINT32_MAX);
}

static void test_shuffle(void **state)
{
    (void)state;
    as_rng rng = as_rng_new(5);
    int    at_first[5] = {0};
    for (int i = 0; i < 20000; i++) {
        uint32_t items[5] = {0, 1, 2, 3, 4}, seen = 0;
        as_rng_shuffle_u32(&rng, items, 5);
        for (size_t k = 0; k < 5; k++)
            seen |= 1U << items[k];
        assert_int_equal(seen, 31);
        at_first[items[0]]++;
    }
    for (size_t i = 0; i < 5; i++)
        assert_in_range(at_first[i], 3750, 4250);
    as_rng_shuffle_u32(&rng, NULL, 0);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_known_outputs),  cmocka_unit_test(test_streams_differ), cmocka_unit_test(test_below),
        cmocka_unit_test(test_unit_and_range), cmocka_unit_test(test_normal),         cmocka_unit_test(test_poisson),
        cmocka_unit_test(test_shuffle),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
