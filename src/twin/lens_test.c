/* SPDX-License-Identifier: Apache-2.0 */
#include "twin/lens.h"

#include <math.h>
#include <setjmp.h>
#include <stdarg.h>

#include <cmocka.h>

enum { W = 96, H = 64 };

static float *lens_flat(float level)
{
    float *light = malloc(W * H * sizeof *light);
    assert_non_null(light);
    for (size_t i = 0; i < W * H; i++)
        light[i] = level;
    return light;
}

static void lens_shoot(const as_lens_cfg *cfg, const float *light, float *out)
{
    as_lens lens;
    as_err  err = AS_ERR_NONE;
    if (!as_lens_init(&lens, cfg, &err))
        fail_msg("%s", err.text);
    float *floats = malloc(as_lens_floats(&lens, 1) * sizeof *floats);
    assert_non_null(floats);
    as_lens_run run = as_lens_begin(&lens, light, 1, floats);
    for (uint32_t y = 0; y < H; y++)
        as_lens_row(&run, out + (size_t)y * W);
    free(floats);
}

static void lens_smears_along_x(void **state)
{
    (void)state;
    as_lens_cfg cfg = {.width = W, .height = H, .motion_px = 10};
    float      *light = lens_flat(0.0f), out[W * H];
    for (size_t y = 0; y < H; y++)
        light[y * W + 48] = 0.8f;
    lens_shoot(&cfg, light, out);
    const float *row = out + 20 * W;
    for (int x = 44; x <= 52; x++)
        assert_true(fabsf(row[x] - 0.08f) < 1e-3f && fabsf(row[x] - row[44]) < 1e-6f);
    assert_true(fabsf(row[43] - 0.04f) < 4e-3f && fabsf(row[53] - row[43]) < 1e-6f); /* the box ends in the pixel */
    assert_true(row[42] == 0.0f && row[54] == 0.0f);
    free(light);
}

/* A point's light: its sum stays, and it spreads by the deviation asked for; a disc of diameter d by d / 4 along an axis. */
static void lens_spreads_a_point(void **state)
{
    (void)state;
    static const double spreads[] = {0.45, 0.7, 1.3, 2.5, 0.45, 0.45}, discs[] = {0, 0, 0, 0, 6, 13};
    for (size_t i = 0; i < AS_COUNT(spreads); i++) {
        as_lens_cfg cfg = {.width = W, .height = H, .spread_px = spreads[i], .disc_px = discs[i]};
        float      *light = lens_flat(0.0f), out[W * H];
        double      sum = 0, sx2 = 0, sy2 = 0;
        light[30 * W + 50] = 1.0f;
        lens_shoot(&cfg, light, out);
        for (int k = 0; k < W * H; k++) {
            sum += out[k];
            sx2 += out[k] * (double)((k % W - 50) * (k % W - 50));
            sy2 += out[k] * (double)((k / W - 30) * (k / W - 30));
        }
        double want = sqrt(spreads[i] * spreads[i] + discs[i] * discs[i] / 16.0);
        assert_true(fabs(sum - 1.0) < 1e-4);
        assert_true(fabs(sqrt(sx2 / sum) / want - 1.0) < 0.01 && fabs(sqrt(sy2 / sum) / want - 1.0) < 0.01);
        free(light);
    }
}

/* Variance of the blur's taps in one direction, in square pixels. */
static double lens_variance(const float *taps, int n)
{
    double sum = 0, of = 0;
    for (int i = 0; i < n; i++) {
        sum += (double)taps[i];
        of += (double)taps[i] * (i - n / 2) * (i - n / 2);
    }
    assert_true(fabs(sum - 1.0) < 1e-5);
    return of;
}

/* From a hundredth of a pixel on: a disc of diameter d has a variance of d^2 / 16 along an axis, a way of length l one of
 * l^2 / 12. No two are drawn alike. */
static void lens_draws_blur_of_less_than_a_pixel(void **state)
{
    (void)state;
    double was_x = 0, was_y = 0;
    for (int i = 1; i <= 400; i++) {
        as_lens     lens;
        as_err      err = AS_ERR_NONE;
        double      blur_px = i / 100.0;
        as_lens_cfg disc = {.width = W, .height = H, .disc_px = blur_px};
        as_lens_cfg motion = {.width = W, .height = H, .motion_px = blur_px};
        assert_true(as_lens_init(&lens, &disc, &err));
        double y = lens_variance(lens.y, lens.n_y);
        assert_true(fabs(y / (blur_px * blur_px / 16.0) - 1.0) < 1e-3 && y > was_y);
        assert_true(as_lens_init(&lens, &motion, &err));
        double x = lens_variance(lens.x, lens.n_x);
        assert_true(fabs(x / (blur_px * blur_px / 12.0) - 1.0) < 1e-3 && x > was_x);
        was_x = x;
        was_y = y;
    }
}

static double lens_mtf(const as_lens *lens, double cycles_px)
{
    double sum = 0;
    for (int i = 0; i < lens->n_y; i++)
        sum += (double)lens->y[i] * cos(6.283185307179586 * cycles_px * (i - lens->n_y / 2));
    return sum;
}

/* No lens is better than diffraction lets it be (Goodman, Introduction to Fourier Optics, 3rd ed., section 6.3.2: circular
 * pupil), nor much worse. */
static void lens_stays_below_the_limit_of_diffraction(void **state)
{
    (void)state;
    static const double stops[] = {1.4, 2, 2.8, 4, 5.6, 8, 11, 16, 22, 32}, pitches[] = {1.85, 2.2, 2.74, 3.45, 5.86};
    for (size_t i = 0; i < AS_COUNT(stops) * AS_COUNT(pitches); i++) {
        as_lens     lens;
        as_err      err = AS_ERR_NONE;
        double      airy = 0.55 * stops[i % AS_COUNT(stops)] / pitches[i / AS_COUNT(stops)];
        as_lens_cfg cfg = {.width = W, .height = H, .spread_px = 0.35, .airy_px = airy};
        assert_true(as_lens_init(&lens, &cfg, &err));
        for (double f = 0.05; f < 0.5001; f += 0.01) {
            double u = fmin(f * airy, 1.0), pixel = sin(3.14159265 * f) / (3.14159265 * f);
            double limit = 2.0 / 3.14159265 * (acos(u) - u * sqrt(1.0 - u * u));
            double seen = lens_mtf(&lens, f), other = exp(-2.0 * 3.14159265 * 3.14159265 * f * f * 0.35 * 0.35);
            if (seen * pixel > limit * pixel + 0.01 || seen < limit * other - 0.03)
                fail_msg("%.2f um passed: %.2f cycles a pixel: %.3f, limit %.3f", airy, f, seen, limit);
        }
    }
}

static void lens_corners_are_darker(void **state)
{
    (void)state;
    as_lens_cfg cfg = {.width = W, .height = H, .vignette_ratio = 0.5};
    float      *light = lens_flat(0.5f), out[W * H];
    lens_shoot(&cfg, light, out);
    assert_true(fabsf(out[(H / 2) * W + W / 2] - 0.5f) < 0.002f);
    assert_true(fabsf(out[0] - 0.25f) < 0.01f && fabsf(out[H * W - 1] - 0.25f) < 0.01f);
    free(light);
}

static void lens_rolls_over_a_moving_belt(void **state)
{
    (void)state;
    as_lens_cfg cfg = {.width = W, .height = H, .skew_px = 0.5};
    float      *light = lens_flat(0.0f), out[W * H];
    for (size_t y = 0; y < H; y++)
        light[y * W + 60] = 1.0f;
    lens_shoot(&cfg, light, out);
    assert_true(fabsf(out[60] - 1.0f) < 1e-5f && fabsf(out[40 * W + 40] - 1.0f) < 1e-5f); /* 40 rows, 20 pixels */
    assert_true(fabsf(out[11 * W + 54] - 0.5f) < 1e-5f && fabsf(out[11 * W + 55] - 0.5f) < 1e-5f);
    free(light);
}

static void lens_longest_blur_fits(void **state)
{
    (void)state;
    as_lens_cfg cfg = {.width = W, .height = H, .motion_px = 500, .spread_px = 8, .disc_px = 24, .skew_px = 4};
    float      *light = lens_flat(0.5f), out[W * H];
    lens_shoot(&cfg, light, out);
    for (size_t i = 0; i < W * H; i++)
        assert_true(fabsf(out[i] - 0.5f) < 1e-3f);
    free(light);
}

static void lens_refuses_nonsense(void **state)
{
    (void)state;
    as_lens     lens;
    as_err      err = AS_ERR_NONE;
    as_lens_cfg cfgs[] = {{W, H, .motion_px = 501},
                          {W, H, .spread_px = 8.1},
                          {W, H, .disc_px = 25},
                          {W, H, .skew_px = NAN},
                          {W, H, .vignette_ratio = 1.1}};
    for (size_t i = 0; i < AS_COUNT(cfgs); i++) {
        assert_false(as_lens_init(&lens, &cfgs[i], &err));
        assert_int_equal(err.code, AS_EINVAL);
    }
    assert_false(as_lens_init(&lens, &cfgs[0], &err));
    assert_non_null(strstr(err.text, "smear by 501 pixels"));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(lens_smears_along_x),
        cmocka_unit_test(lens_spreads_a_point),
        cmocka_unit_test(lens_draws_blur_of_less_than_a_pixel),
        cmocka_unit_test(lens_stays_below_the_limit_of_diffraction),
        cmocka_unit_test(lens_corners_are_darker),
        cmocka_unit_test(lens_rolls_over_a_moving_belt),
        cmocka_unit_test(lens_longest_blur_fits),
        cmocka_unit_test(lens_refuses_nonsense),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
