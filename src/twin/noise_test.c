/* SPDX-License-Identifier: Apache-2.0 */
#include "twin/noise.h"

#include <math.h>
#include <setjmp.h>
#include <stdarg.h>

#include <cmocka.h>

static void noise_sincos_is_exact(void **state)
{
    (void)state;
    for (double angle = -8.0; angle <= 8.0; angle += 0.013) {
        float s, c;
        as_noise_sincos(angle, &s, &c);
        assert_true(fabs((double)s - sin(angle)) < 1e-7);
        assert_true(fabs((double)c - cos(angle)) < 1e-7);
    }
}

static void noise_asin_is_near(void **state)
{
    (void)state;
    for (int i = -1000; i <= 1000; i++) {
        float u = (float)i / 1000.0f;
        assert_true(fabs((double)as_noise_asin(u) - asin((double)u)) < 7e-5);
    }
}

static void noise_floor_rounds_down(void **state)
{
    (void)state;
    assert_int_equal(as_noise_floor(2.7f), 2);
    assert_int_equal(as_noise_floor(-2.7f), -3);
    assert_int_equal(as_noise_floor(-3.0f), -3);
    assert_int_equal(as_noise_floor(0.0f), 0);
}

static void noise_hash_is_uniform(void **state)
{
    (void)state;
    double sum = 0, sum2 = 0;
    for (uint32_t i = 0; i < 100000; i++) {
        double u = (double)as_noise_unit(as_noise_hash2(i % 317, i / 317, 5));
        assert_true(u >= 0 && u < 1);
        sum += u;
        sum2 += u * u;
    }
    assert_true(fabs(sum / 1e5 - 0.5) < 0.004);
    assert_true(fabs(sum2 / 1e5 - 1.0 / 3.0) < 0.004);
}

static void noise_is_smooth_and_bounded(void **state)
{
    (void)state;
    float low = 1, high = -1, before = as_noise_value(-30.0f, 3.3f, 9);
    for (float x = -30.0f; x < 30.0f; x += 0.01f) {
        float v = as_noise_value(x, 3.3f, 9), l = as_noise_line(x, 9), f = as_noise_fractal(x, 1.0f, 9, 4);
        assert_true(fabsf(v) <= 1.0f && fabsf(l) <= 1.0f && fabsf(f) <= 1.4f);
        assert_true(fabsf(v - before) < 0.04f);
        before = v;
        low = AS_MIN(low, v);
        high = AS_MAX(high, v);
    }
    assert_true(low < -0.5f && high > 0.5f);
}

static void noise_slope_is_the_derivative(void **state)
{
    (void)state;
    for (float x = -3.05f; x < 3.0f; x += 0.1f) {
        float dx, dy, y = 0.7f * x + 0.31f;
        assert_true(as_noise_slope(x, y, 4, &dx, &dy) == as_noise_value(x, y, 4));
        float along_x = (as_noise_value(x + 0.01f, y, 4) - as_noise_value(x - 0.01f, y, 4)) / 0.02f;
        float along_y = (as_noise_value(x, y + 0.01f, 4) - as_noise_value(x, y - 0.01f, 4)) / 0.02f;
        assert_true(fabsf(dx - along_x) < 0.05f && fabsf(dy - along_y) < 0.05f);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(noise_sincos_is_exact),       cmocka_unit_test(noise_asin_is_near),
        cmocka_unit_test(noise_floor_rounds_down),     cmocka_unit_test(noise_hash_is_uniform),
        cmocka_unit_test(noise_is_smooth_and_bounded), cmocka_unit_test(noise_slope_is_the_derivative),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
