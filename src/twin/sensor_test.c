/* SPDX-License-Identifier: Apache-2.0 */
#include "twin/sensor.h"

#include <math.h>
#include <setjmp.h>
#include <stdarg.h>

#include <cmocka.h>

enum { W = 96, H = 64 };

static const as_sensor_cfg sensor_plain = {
    .width = W, .height = H, .exposure_ratio = 1, .gain_e_per_dn = 40, .read_noise_e = 0};

static void sensor_shoot(const as_sensor_cfg *cfg, const float *light, uint64_t seed, as_pixel pixel, as_image *ret)
{
    as_sensor sensor;
    as_err    err = AS_ERR_NONE;
    if (!as_sensor_init(&sensor, cfg, &err))
        fail_msg("%s", err.text);
    float *rows = malloc(as_sensor_row_floats(&sensor) * sizeof *rows);
    assert_non_null(rows);
    assert_true(as_image_new(ret, pixel, W, H, &err));
    as_sensor_expose(&sensor, light, rows, seed, ret);
    free(rows);
}

static float *sensor_flat(float level)
{
    float *light = malloc(3 * W * H * sizeof *light);
    assert_non_null(light);
    for (size_t i = 0; i < 3 * W * H; i++)
        light[i] = level;
    return light;
}

static void sensor_moments(const as_image *image, double *ret_mean, double *ret_deviation)
{
    double sum = 0, sum2 = 0, n = 3.0 * W * H;
    for (size_t i = 0; i < 3 * W * H; i++) {
        sum += image->data[i];
        sum2 += (double)image->data[i] * image->data[i];
    }
    *ret_mean = sum / n;
    *ret_deviation = sqrt(sum2 / n - *ret_mean * *ret_mean);
}

/* EMVA 1288: variance mu + read^2 electrons; the sRGB curve's slope and the rounding to 8 bits are known. */
static void sensor_noise_has_the_right_size(void **state)
{
    (void)state;
    for (int i = 0; i < 3; i++) {
        as_sensor_cfg cfg = sensor_plain;
        cfg.gain_e_per_dn = i == 0 ? 40 : 4;
        cfg.read_noise_e = i == 2 ? 30 : 0;
        float   *light = sensor_flat(0.5f);
        as_image image;
        double   mean, deviation, full = 255 * cfg.gain_e_per_dn, e = 0.5 * full;
        sensor_shoot(&cfg, light, 7, AS_PIXEL_RGB8, &image);
        sensor_moments(&image, &mean, &deviation);
        double slope = 255.0 * 1.055 / 2.4 * pow(0.5, 1 / 2.4 - 1) / full;
        double sigma = slope * sqrt(e + cfg.read_noise_e * cfg.read_noise_e);
        assert_true(fabs(mean - 255 * (1.055 * pow(0.5, 1 / 2.4) - 0.055)) < 0.15);
        assert_true(fabs(deviation / sqrt(sigma * sigma + 1.0 / 12) - 1) < 0.02);
        as_image_done(&image);
        free(light);
    }
}

static void sensor_ends_are_black_and_white(void **state)
{
    (void)state;
    const float level[] = {-1.0f, 0.0f, 1.5f};
    for (int i = 0; i < 3; i++) {
        float   *light = sensor_flat(level[i]);
        as_image image;
        sensor_shoot(&sensor_plain, light, 1, AS_PIXEL_MONO8, &image);
        for (size_t k = 0; k < W * H; k++)
            assert_int_equal(image.data[k], i == 2 ? 255 : 0);
        as_image_done(&image);
        free(light);
    }
}

static void sensor_smears_along_x(void **state)
{
    (void)state;
    as_sensor_cfg cfg = sensor_plain;
    as_image      image;
    float        *light = sensor_flat(0.0f);
    for (size_t y = 0; y < 3 * H; y++)
        light[y * W + 48] = 0.8f;
    cfg.gain_e_per_dn = 1e5; /* hardly any noise */
    cfg.motion_px = 10;
    sensor_shoot(&cfg, light, 1, AS_PIXEL_MONO8, &image);
    const uint8_t *row = image.data + 20 * image.stride_bytes;
    for (int x = 44; x <= 52; x++)
        assert_in_range(row[x], 78, 81); /* 0.08 of full scale */
    assert_in_range(row[43], 54, 57);    /* half of it: the box ends in the pixel */
    assert_in_range(row[53], 54, 57);
    assert_int_equal(row[42], 0);
    assert_int_equal(row[54], 0);
    as_image_done(&image);
    free(light);
}

static void sensor_corners_are_darker(void **state)
{
    (void)state;
    as_sensor_cfg cfg = sensor_plain;
    as_image      image;
    float        *light = sensor_flat(0.5f);
    cfg.gain_e_per_dn = 1e5;
    cfg.vignette_ratio = 0.5;
    sensor_shoot(&cfg, light, 1, AS_PIXEL_MONO8, &image);
    assert_in_range(image.data[(H / 2) * image.stride_bytes + W / 2], 187, 188); /* 0.5 */
    assert_in_range(image.data[0], 137, 140);                                    /* 0.25 and a little */
    assert_in_range(image.data[(H - 1) * image.stride_bytes + W - 1], 137, 140);
    as_image_done(&image);
    free(light);
}

static void sensor_refuses_nonsense(void **state)
{
    (void)state;
    as_sensor     sensor;
    as_sensor_cfg cfg = sensor_plain;
    as_err        err = AS_ERR_NONE;
    cfg.motion_px = 501;
    assert_false(as_sensor_init(&sensor, &cfg, &err));
    assert_int_equal(err.code, AS_EINVAL);
    assert_non_null(strstr(err.text, "smear by 501 pixels"));
    cfg = sensor_plain;
    cfg.gain_e_per_dn = 0;
    assert_false(as_sensor_init(&sensor, &cfg, &err));
    cfg = sensor_plain;
    cfg.read_noise_e = NAN;
    assert_false(as_sensor_init(&sensor, &cfg, &err));
}

static void sensor_longest_blur_fits(void **state)
{
    (void)state;
    as_sensor_cfg cfg = sensor_plain;
    as_image      image;
    float        *light = sensor_flat(0.5f);
    double        mean, deviation;
    cfg.motion_px = AS_SENSOR_MAX_BLUR_PX;
    cfg.lens_px = 0.7;
    sensor_shoot(&cfg, light, 1, AS_PIXEL_RGB8, &image);
    sensor_moments(&image, &mean, &deviation);
    assert_true(fabs(mean - 187.5) < 0.5);
    as_image_done(&image);
    free(light);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(sensor_noise_has_the_right_size), cmocka_unit_test(sensor_ends_are_black_and_white),
        cmocka_unit_test(sensor_smears_along_x),           cmocka_unit_test(sensor_corners_are_darker),
        cmocka_unit_test(sensor_refuses_nonsense),         cmocka_unit_test(sensor_longest_blur_fits),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
