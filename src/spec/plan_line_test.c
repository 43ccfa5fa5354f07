/* SPDX-License-Identifier: Apache-2.0 */
#include "spec/plan_line.h"

#include <math.h>
#include <setjmp.h>
#include <stdarg.h>
#include <string.h>

#include <cmocka.h>

/* A web of 1,600 mm at 1 m/s, defects of 0.6 mm. */
static as_spec web_spec(void)
{
    as_spec spec = {.path = "test", .line = "web", .size_mm = {1000, 1600}, .bit_depth = 8};
    spec.optics = (as_spec_optics){.defect_mm = 0.6,
                                   .belt_mm_per_s = 1000,
                                   .hours_per_day = 24,
                                   .defect_px = 3,
                                   .max_blur_px = 1,
                                   .reflectance = 0.18,
                                   .snr = 40,
                                   .wavelength_nm = 555,
                                   .max_cameras = 4,
                                   .encoder_per_mm = 20};
    return spec;
}

static as_plan_line web_plan(const as_spec *spec)
{
    as_plan_machine machine = {.compute_s = NAN, .cores = 2};
    as_plan_line    plan;
    as_err          err = AS_ERR_NONE;
    if (!as_plan_line_make(spec, &machine, &plan, &err))
        fail_msg("%s", err.text);
    return plan;
}

static bool about(double a, double b)
{
    return fabs(a - b) <= 1e-6 * fabs(b);
}

/* 8,000 pixels: the line of 8,192 fills the web, 0.1953 mm a pixel. By hand, from there. */
static void one_web(void **state)
{
    as_spec                    spec = web_spec();
    as_plan_line               plan = web_plan(&spec);
    const as_plan_line_choice *c = &plan.best;
    const double               pixel = 1600.0 / 8192;
    (void)state;
    assert_true(plan.feasible && about(plan.needs_px, 8000));
    assert_int_equal(c->cameras, 1);
    assert_int_equal(c->chip->pixels, 8192);
    assert_true(about(c->pixel_mm, pixel) && about(c->lines_per_s, 1000 / pixel));
    assert_true(about(c->longest_s, pixel / 1000) && about(c->blur_px, 1));
    assert_true(about(c->magnification, c->chip->pitch_um * 1e-3 / pixel));
    assert_true(about(c->distance_mm, c->focal_mm * (1 + 1 / c->magnification)));
    assert_true(about(c->bytes_per_s, 8192 * 1000 / pixel));
    assert_true(about(c->stored_bytes_per_day, c->bytes_per_s * 86400));
    assert_true(about(c->light_lx, c->area_lx)); /* the same blur, the same time */
    assert_string_equal(c->link->name, "GigE Vision");
    spec.optics.max_blur_px = 3; /* a line does not last longer for that; an area camera may be exposed so */
    plan = web_plan(&spec);
    assert_true(about(plan.best.longest_s, pixel / 1000) && about(plan.best.light_lx, 3 * plan.best.area_lx));
}

/* Each refusal names a number; with that number it is feasible, or fails elsewhere. */
static void what_to_change(void **state)
{
    as_spec      spec = web_spec();
    double       value;
    as_plan_line plan;
    (void)state;
    spec.optics.belt_mm_per_s = 50000;
    plan = web_plan(&spec);
    assert_int_equal(plan.best.stage, AS_PLAN_PACE);
    const char *at = strstr(plan.problem, "station.belt_mm_per_s to ");
    assert_non_null(at);
    assert_int_equal(sscanf(at, "station.belt_mm_per_s to %lf", &value), 1);
    spec.optics.belt_mm_per_s = value;
    assert_true(web_plan(&spec).best.stage > AS_PLAN_PACE);

    spec = web_spec();
    spec.optics.defect_mm = 0.05;
    plan = web_plan(&spec);
    assert_int_equal(plan.best.stage, AS_PLAN_PIXELS);
    assert_int_equal(sscanf(strstr(plan.problem, "product.defect_mm to "), "product.defect_mm to %lf", &value), 1);
    spec.optics.defect_mm = value;
    assert_true(web_plan(&spec).best.stage > AS_PLAN_PIXELS);

    spec = web_spec();
    spec.optics.exposure_us = 500;
    plan = web_plan(&spec);
    assert_int_equal(plan.best.stage, AS_PLAN_MOTION);
    assert_int_equal(sscanf(strstr(plan.problem, "exposure_us to "), "exposure_us to %lf", &value), 1);
    spec.optics.exposure_us = value;
    assert_true(web_plan(&spec).feasible);

    spec = web_spec();
    spec.optics.light_lx = 100;
    plan = web_plan(&spec);
    assert_int_equal(plan.best.stage, AS_PLAN_LIGHT);
    assert_int_equal(sscanf(strstr(plan.problem, "light_lx to "), "light_lx to %lf", &value), 1);
    spec.optics.light_lx = value * 1.01;
    assert_true(web_plan(&spec).feasible);
}

static void encoder(void **state)
{
    uint32_t m = 0, d = 0;
    (void)state;
    assert_true(about(as_plan_line_encoder(20, 5, &m, &d), 5));
    assert_true(m == 1 && d == 4);
    assert_true(about(as_plan_line_encoder(20, 30, &m, &d), 30));
    assert_true(m == 3 && d == 2);
    double made = as_plan_line_encoder(20, 8192 / 1600.0, &m, &d); /* 5.12 lines a millimetre */
    assert_true(fabs(made / 5.12 - 1) < 0.002);
    assert_true(as_plan_line_encoder(1, 1000, &m, &d) < 33 && m == AS_PLAN_LINE_MOST_MULTIPLIER && d == 1);
}

static void what_is_missing(void **state)
{
    as_plan_machine machine = {.compute_s = NAN, .cores = 2};
    as_plan_line    plan;
    as_err          err = AS_ERR_NONE;
    as_spec         spec = web_spec();
    (void)state;
    spec.optics.belt_mm_per_s = 0;
    assert_false(as_plan_line_make(&spec, &machine, &plan, &err));
    assert_non_null(strstr(err.text, "station.belt_mm_per_s"));
    spec = web_spec();
    spec.size_mm[1] = 0;
    assert_false(as_plan_line_make(&spec, &machine, &plan, &err));
    assert_non_null(strstr(err.text, "optics.field_mm"));
}

int main(void)
{
    const struct CMUnitTest tests[] = {cmocka_unit_test(one_web), cmocka_unit_test(what_to_change),
                                       cmocka_unit_test(encoder), cmocka_unit_test(what_is_missing)};
    return cmocka_run_group_tests(tests, NULL, NULL);
}
