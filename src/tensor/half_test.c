/* SPDX-License-Identifier: Apache-2.0 */
#include <math.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>

#include <cmocka.h>

#include "base/def.h"
#include "tensor/half.h"

/* By the definition: (-1)^s * 2^(e - 15) * (1 + f / 1024), and 2^-24 * f below the smallest normal number. */
static double defined(unsigned half)
{
    const int    e = (int)(half >> 10 & 31), f = (int)(half & 1023);
    const double v = e == 31 ? (f ? (double)NAN : (double)INFINITY)
                     : e     ? ldexp(1.0 + f / 1024.0, e - 15)
                             : ldexp(f, -24);
    return half >> 15 ? -v : v;
}

static void test_every_half_is_its_definition_and_comes_back(void **state)
{
    (void)state;
    for (unsigned half = 0; half < 65536; half++) {
        const double want = defined(half), have = (double)as_half_to_float((uint16_t)half);
        if (isnan(want)) {
            assert_true(isnan(have));
            assert_int_equal(as_half_from_float((float)have) & 0x7e00, 0x7e00);
            continue;
        }
        assert_true(want == have && !signbit(want) == !signbit(have));
        assert_int_equal(as_half_from_float((float)have), half);
    }
}

static void test_a_number_between_two_goes_to_the_nearer_and_ties_to_the_even_one(void **state)
{
    (void)state;
    for (unsigned half = 0; half < 0x7bff; half++) {
        const float low = (float)defined(half), high = (float)defined(half + 1), middle = (low + high) / 2.0f;
        assert_int_equal(as_half_from_float(middle), half & 1 ? half + 1 : half);
        assert_int_equal(as_half_from_float(nextafterf(middle, low)), half);
        assert_int_equal(as_half_from_float(nextafterf(middle, high)), half + 1);
        assert_int_equal(as_half_from_float(-middle), (half & 1 ? half + 1 : half) | 0x8000);
    }
}

static void test_what_is_too_large_becomes_infinity(void **state)
{
    (void)state;
    assert_int_equal(as_half_from_float(65504.0f), 0x7bff);
    assert_int_equal(as_half_from_float(nextafterf(65520.0f, 0.0f)), 0x7bff);
    assert_int_equal(as_half_from_float(65520.0f), 0x7c00);
    assert_int_equal(as_half_from_float(-1e30f), 0xfc00);
    assert_int_equal(as_half_from_float(-INFINITY), 0xfc00);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_every_half_is_its_definition_and_comes_back),
        cmocka_unit_test(test_a_number_between_two_goes_to_the_nearer_and_ties_to_the_even_one),
        cmocka_unit_test(test_what_is_too_large_becomes_infinity),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
