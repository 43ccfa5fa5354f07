/* SPDX-License-Identifier: Apache-2.0 */
/* Each formula against numbers from elsewhere: published tables and worked examples, or arithmetic done by hand. */
#include <math.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>

#include <cmocka.h>

#include "spec/plan_optics.h"

static void near(double got, double want, double share)
{
    if (!(fabs(got - want) <= share * fabs(want)))
        fail_msg("%.9g is not %.9g within %g", got, want, share);
}

static void test_sampling(void **state)
{
    (void)state;
    near(as_plan_pixel_mm(0.3, 3), 0.1, 1e-12);
    /* A sensor with pixels of 3.45 um carries 144.9 line pairs a millimetre: makers' tables of 3.45 um cameras. */
    near(as_plan_nyquist_lp_mm(0.00345), 144.93, 1e-4);
}

static void test_lens(void **state)
{
    (void)state;
    /* 25 mm at 525 mm: image at 26.25 mm, 1:20. By hand from 1/25 = 1/525 + 1/26.25. */
    near(as_plan_magnification(25, 525), 0.05, 1e-12);
    near(as_plan_focal_mm(0.05, 525), 25, 1e-12);
    near(as_plan_distance_mm(25, 0.05), 525, 1e-12);
    /* Twice the focal length shows it as large as it is (Hecht, table 5.3). */
    near(as_plan_magnification(50, 100), 1, 1e-12);
    assert_true(as_plan_magnification(50, 50) <= 0);
    assert_true(as_plan_magnification(50, 20) <= 0);
}

static void test_depth(void **state)
{
    (void)state;
    /* Tables for 35 mm film (circle 0.03 mm), 50 mm at F/8 and 3 m: sharp from 2.34 m to 4.19 m; hyperfocal 10.5 m. */
    as_plan_depth depth = as_plan_depth_of_field(50, 8, 0.03, 3000);
    near(depth.near_mm, 2340, 2e-3);
    near(depth.far_mm, 4190, 2e-3);
    /* At the hyperfocal distance it is sharp from half of it to the horizon (Ray, section 22.3). */
    double hyperfocal = 50.0 * 50.0 / (8 * 0.03) + 50;
    near(hyperfocal, 10467, 1e-4);
    depth = as_plan_depth_of_field(50, 8, 0.03, hyperfocal);
    near(depth.near_mm, hyperfocal / 2, 1e-9);
    assert_true(isinf(depth.far_mm));
    assert_true(isinf(as_plan_depth_of_field(50, 8, 0.03, 20000).far_mm));
    /* Near by, it is 2 N c (1 + m) / m^2 in all (Ray, section 22.5): m 0.1, F/4, 3.45 um: 2 x 4 x 0.00345 x 1.1 / 0.01. */
    depth = as_plan_depth_of_field(25, 4, 0.00345, 275);
    near(depth.far_mm - depth.near_mm, 3.036, 1e-3);
}

static void test_diffraction(void **state)
{
    (void)state;
    /* Makers' table of Airy discs at 520 nm: F/1.4 1.78 um, F/2.8 3.55 um, F/8 10.15 um, F/16 20.30 um. */
    near(as_plan_airy_um(520, 1.4), 1.78, 3e-3);
    near(as_plan_airy_um(520, 2.8), 3.55, 2e-3);
    near(as_plan_airy_um(520, 8), 10.15, 1e-3);
    near(as_plan_airy_um(520, 16), 20.30, 1e-3);
    /* At 1:1 F/4 works as F/8. */
    near(as_plan_working_number(4, 1), 8, 1e-12);
}

static void test_motion(void **state)
{
    (void)state;
    /* 1 m/s and 0.1 mm a pixel: one pixel in 100 us. */
    near(as_plan_exposure_s(1, 0.1, 1000), 100e-6, 1e-12);
    near(as_plan_blur_px(1000, 250e-6, 0.1), 2.5, 1e-12);
    assert_true(isinf(as_plan_exposure_s(1, 0.1, 0)));
}

static void test_light(void **state)
{
    (void)state;
    /* EMVA 1288, equation 3: 50.34 A[um^2] t[ms] lambda[um] E[uW/cm^2] photons. 1 uW/cm^2 at 555 nm is 6.83 lx. */
    near(as_plan_photons(6.83, 555, 11.9025, 1e-3), 50.34 * 11.9025 * 1 * 0.555, 1e-4);
    /* One lumen at 555 nm is 4.09e15 photons a second: so 1 lx on 1 m^2. */
    near(as_plan_photons(1, 555, 1e12, 1), 4.09e15, 1e-3);
    /* CIE 1924: 1 at 555 nm, 0.503 at 510 nm and at 610 nm, 0.038 at 450 nm. */
    near(as_plan_vision(555), 1, 1e-9);
    near(as_plan_vision(510), 0.503, 1e-9);
    near(as_plan_vision(610), 0.503, 1e-9);
    near(as_plan_vision(450), 0.038, 1e-9);
    near(as_plan_vision(550), 0.99495, 1e-4);
    near(as_plan_vision(560), 0.995, 1e-4);
    near(as_plan_vision(555 + 50), 0.567, 1e-2); /* 605 nm, CIE's rows of 5 nm */
    near(as_plan_vision(700), 0.004102, 1e-9);
    assert_true(as_plan_vision(399) <= 0 && as_plan_vision(701) <= 0);
    /* F/2, nothing lost, white: a sixteenth of what falls on it. */
    near(as_plan_image_lx(1600, 1, 1, 2), 100, 1e-12);
    near(as_plan_image_lx(10000, 0.18, 0.9, 4), 25.3125, 1e-9);
}

static void test_noise(void **state)
{
    (void)state;
    /* Shot noise alone: 10,000 electrons are 100 : 1, or 40 dB. 100 electrons and a dark noise of 10: 100 / sqrt(200). */
    near(as_plan_snr(10000, 0), 100, 1e-12);
    near(as_plan_snr(100, 10), 7.0710678, 1e-7);
    assert_true(as_plan_snr(0, 10) <= 0);
    near(as_plan_electrons(100, 0), 10000, 1e-12);
    near(as_plan_electrons(7.0710678, 10), 100, 1e-6);
    /* EMVA 1288 reports call it the absolute sensitivity threshold, SNR 1: about dark noise + 1/2 electrons. */
    near(as_plan_electrons(1, 2.4), 2.95, 1e-2);
    /* Both ways at once: 1,000 lx at 18 %, F/4, 90 % of transmission: 2.53 lx; times 4.09e15 / m^2 s, 11.9 um^2, 1 ms, 65 %. */
    as_plan_light light = {0.18, 0.9, 4, 555, 3.45, 1e-3, 0.65};
    near(as_plan_light_electrons(&light, 1000), 2.53125 * 4.0907e15 * 11.9025e-12 * 1e-3 * 0.65, 1e-3);
    near(as_plan_light_lx(&light, as_plan_light_electrons(&light, 1234)), 1234, 1e-9);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_sampling),    cmocka_unit_test(test_lens),   cmocka_unit_test(test_depth),
        cmocka_unit_test(test_diffraction), cmocka_unit_test(test_motion), cmocka_unit_test(test_light),
        cmocka_unit_test(test_noise),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
