/* SPDX-License-Identifier: Apache-2.0 */
#include "twin/sensor.h"

#include <math.h>
#include <setjmp.h>
#include <stdarg.h>

#include <cmocka.h>

enum { W = 192, H = 96 };

static void sensor_shoot(const as_sensor_cfg *cfg, float level, uint8_t *out)
{
    as_sensor sensor;
    as_err    err = AS_ERR_NONE;
    float     light[W];
    uint16_t  codes[W];
    if (!as_sensor_init(&sensor, cfg, &err))
        fail_msg("%s", err.text);
    for (size_t x = 0; x < W; x++)
        light[x] = level;
    for (uint32_t y = 0; y < H; y++) {
        as_sensor_row(&sensor, light, 1.0, y, 0, 7, codes);
        for (size_t x = 0; x < W; x++)
            out[y * W + x] = sensor.curve[codes[x]];
    }
}

static void sensor_moments(const uint8_t *values, double *ret_mean, double *ret_deviation)
{
    double sum = 0, sum2 = 0, n = W * H;
    for (size_t i = 0; i < W * H; i++) {
        sum += values[i];
        sum2 += (double)values[i] * values[i];
    }
    *ret_mean = sum / n;
    *ret_deviation = sqrt(sum2 / n - *ret_mean * *ret_mean);
}

/* EMVA 1288: variance mu + read^2 electrons; the sRGB curve's slope and the rounding to 8 bits are known. */
static void sensor_noise_has_the_right_size(void **state)
{
    (void)state;
    for (int i = 0; i < 3; i++) {
        as_sensor_cfg cfg = {W, i == 0 ? 40 : 4, i == 2 ? 30 : 0};
        uint8_t       values[W * H];
        double        mean, deviation, full = 255 * cfg.gain_e_per_dn, e = 0.5 * full;
        sensor_shoot(&cfg, 0.5f, values);
        sensor_moments(values, &mean, &deviation);
        double slope = 255.0 * 1.055 / 2.4 * pow(0.5, 1 / 2.4 - 1) / full;
        double sigma = slope * sqrt(e + cfg.read_noise_e * cfg.read_noise_e);
        assert_true(fabs(mean - 255 * (1.055 * pow(0.5, 1 / 2.4) - 0.055)) < 0.15);
        assert_true(fabs(deviation / sqrt(sigma * sigma + 1.0 / 12) - 1) < 0.02);
    }
}

static void sensor_ends_are_black_and_white(void **state)
{
    (void)state;
    const float         level[] = {-1.0f, 0.0f, 1.5f};
    const as_sensor_cfg cfg = {W, 40, 0};
    for (int i = 0; i < 3; i++) {
        uint8_t values[W * H];
        sensor_shoot(&cfg, level[i], values);
        for (size_t k = 0; k < W * H; k++)
            assert_int_equal(values[k], i == 2 ? 255 : 0);
    }
}

static void sensor_refuses_nonsense(void **state)
{
    (void)state;
    as_sensor     sensor;
    as_sensor_cfg cfg = {W, 0, 0};
    as_err        err = AS_ERR_NONE;
    assert_false(as_sensor_init(&sensor, &cfg, &err));
    assert_int_equal(err.code, AS_EINVAL);
    cfg = (as_sensor_cfg){W, 40, NAN};
    assert_false(as_sensor_init(&sensor, &cfg, &err));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(sensor_noise_has_the_right_size),
        cmocka_unit_test(sensor_ends_are_black_and_white),
        cmocka_unit_test(sensor_refuses_nonsense),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
