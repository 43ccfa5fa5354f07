/* SPDX-License-Identifier: Apache-2.0 */
#include "spec/plan_line.h"

#include <math.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
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

/* The same from a file, for what is set by its path. */
static as_spec *web_file(void)
{
    static const char text[] = "assay: 1\nline: web\ntask: classify\nclasses: {good: pass, bad: reject}\n"
                               "product: {size_mm: [1000, 1600], defect_mm: 0.6}\n"
                               "station: {belt_mm_per_s: 1000, scan: line}\n"
                               "requirements: [{id: R1, measure: recall, of: reject, at_least: 0.9}]\n";
    as_err            err = AS_ERR_NONE;
    as_spec          *spec = as_spec_parse(text, sizeof text - 1, "a", &err);
    if (!spec)
        fail_msg("%s", err.text);
    return spec;
}

static void web_set(as_spec *spec, const char *path, const char *value)
{
    as_err err = AS_ERR_NONE;
    if (!as_spec_set(spec, path, value, "test", &err))
        fail_msg("%s", err.text);
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
    assert_true(plan.plan.feasible && about(plan.needs_px, 8000));
    assert_true(plan.n_choices >= 2 && plan.choices[0].chip == c->chip);
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

/* What fails by one number each, and that each number which is advised mends it. */
static void what_to_change(void **state)
{
    static const struct {
        const char   *path, *value;
        as_plan_stage stage;
        const char   *lever; /* that must be among them */
    } rows[] = {
        {"station.belt_mm_per_s", "50000", AS_PLAN_PACE, "station.belt_mm_per_s"},
        {"product.defect_mm", "0.05", AS_PLAN_PIXELS, "product.defect_mm"},
        {"optics.exposure_us", "500", AS_PLAN_MOTION, "optics.exposure_us"},
        {"optics.light_lx", "100", AS_PLAN_LIGHT, "optics.light_lx"},
        {"product.height_mm", "300", AS_PLAN_DEPTH, "product.height_mm"},
        {"optics.distance_mm", "400", AS_PLAN_LENS, "optics.distance_mm"},
        {"optics.snr", "300", AS_PLAN_LIGHT, "optics.snr"},
    };
    (void)state;
    for (size_t i = 0; i < AS_COUNT(rows); i++) {
        as_spec *spec = web_file();
        web_set(spec, rows[i].path, rows[i].value);
        as_plan_line plan = web_plan(spec);
        if (plan.best.stage != rows[i].stage)
            fail_msg("%s %s fails at %d, not %d", rows[i].path, rows[i].value, (int)plan.best.stage,
                     (int)rows[i].stage);
        assert_false(plan.plan.feasible);
        assert_true(plan.plan.n_problems >= 1);
        bool is_there = false;
        for (size_t k = 0; k < plan.plan.n_advice; k++) {
            const as_plan_advice *a = &plan.plan.advice[k];
            char                  value[64];
            is_there = is_there || strcmp(a->path, rows[i].lever) == 0;
            if (!(a->to > 0))
                continue;
            as_spec *other = web_file();
            web_set(other, rows[i].path, rows[i].value);
            snprintf(value, sizeof value, a->to2 > 0 ? "%.9gx%.9g" : "%.9g", a->to, a->to2);
            web_set(other, a->path, value);
            if (!web_plan(other).plan.feasible)
                fail_msg("%s %s is not mended by %s %s", rows[i].path, rows[i].value, a->path, value);
            as_spec_free(other);
        }
        if (!is_there)
            fail_msg("%s %s: nothing is said of %s", rows[i].path, rows[i].value, rows[i].lever);
        as_spec_free(spec);
    }
}

/* More than the brightest line lights give is not feasible; stages of the sensor are light. */
static void no_light_is_without_end(void **state)
{
    as_spec *spec = web_file();
    (void)state;
    web_set(spec, "product.defect_mm", "0.3");
    web_set(spec, "station.belt_mm_per_s", "6000");
    web_set(spec, "optics.f_number", "5.6");
    web_set(spec, "optics.max_cameras", "1");
    as_plan_line plan = web_plan(spec);
    assert_int_equal(plan.best.stage, AS_PLAN_FITS);
    const double once = plan.best.light_lx;
    assert_true(once > 1e6 && once < 3e6 && plan.best.lamp && plan.best.lamp->most_lx == 3e6);
    assert_int_equal(plan.best.more_stages, once > 1.2e6 ? 8 : 4); /* until 300,000 lx do */
    web_set(spec, "optics.tdi_stages", "8");
    plan = web_plan(spec);
    assert_true(about(plan.best.light_lx, once / 8));
    assert_int_equal(plan.best.more_stages, 0);
    web_set(spec, "optics.tdi_stages", "1");
    web_set(spec, "optics.f_number", "8");
    plan = web_plan(spec);
    assert_int_equal(plan.best.stage, AS_PLAN_LIGHT);
    assert_non_null(strstr(plan.plan.problems[0], "3e+06"));
    bool is_there = false;
    for (size_t i = 0; i < plan.plan.n_advice; i++)
        is_there = is_there || strcmp(plan.plan.advice[i].path, "optics.tdi_stages") == 0;
    assert_true(is_there);
    as_spec_free(spec);
}

/* Over many stages a web that does not keep step with its lines smears. */
static void stages_keep_step(void **state)
{
    as_spec *spec = web_file();
    (void)state;
    web_set(spec, "optics.tdi_stages", "256");
    web_set(spec, "station.encoder_per_mm", "5.12"); /* a pulse a line of 8,192 over 1,600 mm */
    as_plan_line plan = web_plan(spec);
    assert_true(plan.plan.feasible && plan.best.smear_px < 1e-6);
    web_set(spec, "station.encoder_per_mm", "5.16"); /* 0.78 % more: 33 / 32 and 127 / 128 do not mend it */
    plan = web_plan(spec);
    if (plan.best.chip->pixels == 8192)
        assert_true(plan.best.smear_px > 0);
    web_set(spec, "station.encoder_per_mm", "0.01"); /* no multiplier reaches that */
    plan = web_plan(spec);
    assert_int_equal(plan.best.stage, AS_PLAN_MOTION);
    assert_non_null(strstr(plan.plan.problems[0], "station.encoder_per_mm"));
    as_spec_free(spec);
}

/* Three colours are three lines of samples, each behind a filter. */
static void colours(void **state)
{
    as_spec     *spec = web_file();
    as_plan_line grey = web_plan(spec);
    (void)state;
    web_set(spec, "station.channels", "3");
    as_plan_line plan = web_plan(spec);
    assert_true(plan.best.chip == grey.best.chip && about(plan.best.bytes_per_s, 3 * grey.best.bytes_per_s));
    assert_true(about(plan.best.stored_bytes_per_day, 3 * grey.best.stored_bytes_per_day));
    assert_true(about(plan.best.light_lx, 3 * grey.best.light_lx));
    as_spec_free(spec);
}

/* 8,000 x 5,000 pixels a second must be seen, 797.2 inputs of 224 x 224: of 10 ms each they keep 8 cores busy. */
static void compute(void **state)
{
    as_spec        *spec = web_file();
    as_plan_machine machine = {.compute_s = 0.01, .input_px = 224.0 * 224.0, .cores = 16};
    as_plan_line    plan;
    as_err          err = AS_ERR_NONE;
    (void)state;
    assert_true(as_plan_line_make(spec, &machine, &plan, &err));
    assert_true(about(plan.best.judged_px_per_s, 8000 * 5000.0));
    assert_true(about(plan.best.busy_cores, 4e7 / 50176 * 0.01) && plan.plan.feasible);
    machine.cores = 2;
    assert_true(as_plan_line_make(spec, &machine, &plan, &err));
    assert_int_equal(plan.best.stage, AS_PLAN_COMPUTE);
    as_spec_free(spec);
}

/* The parts that prove a requirement are pieces of web: 464 bad ones of 5 % in 9,280 pieces of 1 m, 9,280 s of 1 m/s. */
static void parts(void **state)
{
    as_spec *spec = web_file();
    (void)state;
    web_set(spec, "product.bad_share", "5 %");
    web_set(spec, "station.hours_per_day", "1");
    as_plan_line plan = web_plan(spec);
    assert_int_equal(plan.plan.parts.accept_bad, 116);
    assert_int_equal(plan.plan.parts.collect_bad, 464);
    assert_true(about(plan.collect_m, 9280) && about(plan.plan.parts.collect_days, 9280.0 / 3600));
    json_t *json = as_plan_line_json(&plan);
    assert_non_null(json);
    assert_int_equal(json_integer_value(json_object_get(json_object_get(json, "parts"), "collect_bad")), 464);
    json_decref(json);
    as_spec_free(spec);
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
    const struct CMUnitTest tests[] = {cmocka_unit_test(one_web),
                                       cmocka_unit_test(what_to_change),
                                       cmocka_unit_test(encoder),
                                       cmocka_unit_test(what_is_missing),
                                       cmocka_unit_test(no_light_is_without_end),
                                       cmocka_unit_test(stages_keep_step),
                                       cmocka_unit_test(colours),
                                       cmocka_unit_test(compute),
                                       cmocka_unit_test(parts)};
    return cmocka_run_group_tests(tests, NULL, NULL);
}
