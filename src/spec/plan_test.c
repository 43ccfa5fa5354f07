/* SPDX-License-Identifier: Apache-2.0 */
/* Whole plans, each number of which was worked out by hand from the data sheets' values. */
#include <math.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

#include "spec/plan.h"

#define HEAD "assay: 1\nline: x\ntask: classify\nclasses: {good: pass, bad: reject}\n"
#define REQUIREMENTS                                                 \
    "requirements:\n"                                                \
    "  - {id: R1, measure: recall, of: reject, at_least: 0.90}\n"    \
    "  - {id: R2, measure: precision, of: reject, at_least: 0.95}\n" \
    "  - {id: R3, measure: latency, at_most: 30 ms}\n"               \
    "  - {id: R4, measure: memory, at_most: 300 MB}\n"               \
    "  - {id: R5, measure: overkill_rate, at_most: 1 %, confidence: 90 %}\n"

/* 25 mm in front of an IMX264 at 525 mm: 1:20, so that a pixel is 0.069 mm, at the part's top, at 521 mm, 0.069 * 521 / 525,
 * at its bottom 0.069 * 529 / 525. */
#define TOP    (521.0 / 525.0)
#define BOTTOM (529.0 / 525.0)

#define BENCH                                                                            \
    HEAD "product: {size_mm: [100, 80], defect_mm: 0.3, height_mm: 8, bad_share: 4 %}\n" \
         "station: {belt_mm_per_s: 500, parts_per_minute: 120, hours_per_day: 10}\n"     \
         "optics: {field_mm: [160, 130], distance_mm: 525, sensor: IMX264, focal_mm: 25}\n" REQUIREMENTS

static void near(double got, double want, double share)
{
    if (!(fabs(got - want) <= share * fabs(want)))
        fail_msg("%.9g is not %.9g within %g", got, want, share);
}

static as_spec *read_spec(const char *text)
{
    as_err   err = AS_ERR_NONE;
    as_spec *spec = as_spec_parse(text, strlen(text), "a", &err);
    if (!spec)
        fail_msg("%s", err.text);
    return spec;
}

static void set(as_spec *spec, const char *path, const char *value)
{
    as_err err = AS_ERR_NONE;
    if (!as_spec_set(spec, path, value, "test", &err))
        fail_msg("%s", err.text);
}

static as_plan make(const as_spec *spec)
{
    as_err          err = AS_ERR_NONE;
    as_plan_machine machine = {.compute_s = NAN, .cores = 2};
    as_plan         plan;
    if (!as_plan_make(spec, &machine, &plan, &err))
        fail_msg("%s", err.text);
    return plan;
}

static void test_bench(void **state)
{
    (void)state;
    as_spec              *spec = read_spec(BENCH);
    as_plan               plan = make(spec);
    const as_plan_choice *c = &plan.best;
    assert_true(plan.feasible);
    near(plan.pixel_mm, 0.1, 1e-9);
    near(plan.needs_px[0], 1600, 1e-9);
    near(plan.needs_px[1], 1300, 1e-9);
    near(c->magnification, 0.05, 1e-9);
    near(c->pixel_mm, 0.069, 1e-9);
    near(c->pixel_near_mm, 0.069 * TOP, 1e-9);
    near(c->pixel_far_mm, 0.069 * BOTTOM, 1e-9);
    near(c->defect_px, 0.3 / 0.069 / BOTTOM, 1e-9);
    near(c->seen_mm[0], 2448 * 0.069 * TOP, 1e-9);
    near(c->seen_mm[1], 2048 * 0.069 * TOP, 1e-9);
    assert_int_equal(as_plan_cameras(c), 1);
    near(c->f_number, 4, 1e-9);
    near(c->airy_um, 5.688, 1e-3); /* 2.44 x 0.555 um x 4 x 1.05 */
    near(c->airy_px, 1.6486, 1e-3);
    near(c->depth.near_mm, 519.27, 1e-4);
    near(c->depth.far_mm, 530.86, 1e-4);
    near(c->longest_s, 138e-6 * TOP, 1e-9); /* 0.069 mm at 500 mm/s */
    near(c->blur_px, 1, 1e-9);
    near(c->electrons, 1608.37, 1e-4);
    near(c->light_lx, 162904 / TOP, 2e-3);
    near(plan.frames_per_s, 2, 1e-9);
    near(plan.pitch_mm, 250, 1e-9);
    near(c->frame_bytes, 5013504, 1e-9);
    near(c->bytes_per_s, 10027008, 1e-9);
    assert_string_equal(c->link->name, "GigE Vision");
    near(c->stored_bytes_per_day, 5013504.0 * 2 * 36000, 1e-9);
    /* 138 us, and 43.6 ms to carry 5 MB over 115 MB/s, which is longer than 28.6 ms of readout. */
    near(c->latency_s, 138e-6 * TOP + 5013504.0 / 115e6, 1e-6);
    as_spec_free(spec);
}

/* The numbers of success-run tables for 95 % and 90 % at 95 % confidence: 0 errors in 59 and in 29, 6 in 234 and in 116; of
 * 99 % 0 in 299. And 230 for 99 % at 90 %. */
static void test_parts(void **state)
{
    (void)state;
    as_spec             *spec = read_spec(BENCH);
    as_plan              plan = make(spec);
    const as_plan_parts *parts = &plan.parts;
    assert_int_equal(parts->n, 5);
    assert_int_equal(parts->need[0].clean, 29);
    assert_int_equal(parts->need[0].likely, 116);
    assert_int_equal(parts->need[0].errors, 6);
    /* Binomial: at most 6 of 116 at 5 % are 63.9 of 100 cases, and at most 16 of 239 the first 90 of 100. */
    near(parts->need[0].chance, 0.63926, 1e-4);
    assert_int_equal(parts->need[0].sure, 239);
    assert_int_equal(parts->need[0].sure_errors, 16);
    assert_int_equal(parts->need[0].kind, AS_PLAN_KIND_BAD);
    assert_int_equal(parts->need[0].collect, 464); /* the test split is a quarter */
    assert_int_equal(parts->need[1].clean, 59);
    assert_int_equal(parts->need[1].likely, 234);
    assert_int_equal(parts->need[1].errors, 6);
    assert_int_equal(parts->need[2].clean, 299);
    assert_int_equal(parts->need[2].collect, 0);
    assert_int_equal(parts->need[3].clean, 0);
    assert_int_equal(parts->need[3].kind, AS_PLAN_KIND_NONE);
    assert_int_equal(parts->need[4].clean, 230);
    assert_int_equal(parts->need[4].kind, AS_PLAN_KIND_GOOD);
    assert_int_equal(parts->collect_bad, 936);
    assert_int_equal(parts->accept_good, 234 * 24); /* beside 4 % bad ones: precision is of the line's own mix */
    assert_int_equal(parts->collect_good, 936 * 24);
    near(parts->collect_parts, 23400, 1e-9);          /* of which 4 % are bad */
    near(parts->collect_days, 23400.0 / 72000, 1e-9); /* 120 a minute, 10 hours a day */
    as_spec_free(spec);
}

/* Hanley and McNeil's own example: 51 abnormal and 58 normal images, an area of 0.893, its standard error 0.032. */
static void test_area(void **state)
{
    (void)state;
    near(as_plan_auroc_error(0.893, 51, 58), 0.032, 2e-2);
    as_spec     *spec = read_spec(HEAD "requirements: [{id: R1, measure: auroc, at_least: 0.9}]\n");
    as_plan_need need = as_plan_need_of(&spec->requirements[0], 0.5);
    assert_int_equal(need.kind, AS_PLAN_KIND_BOTH);
    /* An area of 0.95 must lie 1.645 errors above 0.9: an error of 0.0304. */
    assert_true(as_plan_auroc_error(0.95, (double)need.clean, (double)need.clean) <= 0.05 / 1.6448);
    assert_true(as_plan_auroc_error(0.95, (double)need.clean - 1, (double)need.clean - 1) > 0.05 / 1.6449);
    assert_int_equal(need.collect, 2 * need.clean);
    as_spec_free(spec);
}

static const as_plan_advice *advice(const as_plan *plan, const char *path)
{
    for (size_t i = 0; i < plan->n_advice; i++)
        if (strcmp(plan->advice[i].path, path) == 0)
            return &plan->advice[i];
    fail_msg("no advice on %s", path);
    return NULL;
}

/* What fails, by one number each; and that what is advised would do. */
static void test_failures(void **state)
{
    static const struct {
        const char   *path, *value;
        as_plan_stage stage;
        const char   *lever;
        double        to;
    } rows[] = {
        {"optics.exposure_us", "1000", AS_PLAN_MOTION, "optics.max_blur_px", 7.31}, /* 0.5 mm in pixels of 0.0685 */
        {"optics.exposure_us", "1000", AS_PLAN_MOTION, "optics.exposure_us", 136},
        {"product.defect_mm", "0.2", AS_PLAN_LENS, "product.defect_mm", 0.2086}, /* 3 pixels at the bottom */
        {"product.height_mm", "40", AS_PLAN_DEPTH, "product.height_mm", 0},
        {"optics.light_lx", "1000", AS_PLAN_LIGHT, "optics.light_lx", 0},
        {"optics.snr", "300", AS_PLAN_LIGHT, "optics.snr",
         46.1}, /* 2,140 electrons of 10,700: 2140 / sqrt(2140 + 8.41) is 46.17 */
        {"station.parts_per_minute", "300", AS_PLAN_FITS, "station.parts_per_minute", 0}, /* 100 mm apart: just fits */
        {"station.deadline_ms", "25", AS_PLAN_DEADLINE, "station.deadline_ms", 28.8}, /* 1/35 s of readout and 138 us */
        {"optics.distance_mm", "900", AS_PLAN_LENS, "optics.distance_mm", 746},
        {"optics.distance_mm", "20", AS_PLAN_LENS, "optics.distance_mm", 0}, /* nearer than its focal length */
        {"optics.sensor", "IMX226", AS_PLAN_SHUTTER, "optics.sensor", 0},
    };
    (void)state;
    for (size_t i = 0; i < AS_COUNT(rows); i++) {
        as_spec *spec = read_spec(BENCH);
        set(spec, rows[i].path, rows[i].value);
        as_plan plan = make(spec);
        if (plan.best.stage != rows[i].stage)
            fail_msg("%s %s fails at %d, not %d", rows[i].path, rows[i].value, (int)plan.best.stage,
                     (int)rows[i].stage);
        assert_int_equal(plan.feasible, rows[i].stage == AS_PLAN_FITS);
        assert_int_equal(plan.n_problems, !plan.feasible);
        if (!plan.feasible && rows[i].to > 0)
            near(advice(&plan, rows[i].lever)->to, rows[i].to, 2e-3);
        for (size_t k = 0; k < plan.n_advice; k++) {
            char     value[64];
            as_spec *other = read_spec(BENCH);
            set(other, rows[i].path, rows[i].value);
            const as_plan_advice *a = &plan.advice[k];
            if (!(a->to > 0)) {
                as_spec_free(other);
                continue;
            }
            snprintf(value, sizeof value, a->to2 > 0 ? "%.9gx%.9g" : "%.9g", a->to, a->to2);
            set(other, a->path, value);
            as_plan mended = make(other);
            if (!mended.feasible)
                fail_msg("%s %s is not mended by %s %s: %s", rows[i].path, rows[i].value, a->path, value,
                         mended.problems[0]);
            as_spec_free(other);
        }
        as_spec_free(spec);
    }
}

static void test_several(void **state)
{
    (void)state;
    /* 1600 x 1300 pixels on sensors of 720 x 540, a twentieth shared: 3 x 3, or turned 4 x 2: 4 of 540 see 3.85 x 540 = 2079
     * and 2 of 720 see 1.95 x 720 = 1404. */
    as_spec *spec = read_spec(BENCH);
    set(spec, "optics.sensor", "IMX287");
    set(spec, "optics.max_cameras", "64");
    spec->optics.focal_mm = spec->optics.distance_mm = 0;
    as_plan plan = make(spec);
    assert_true(plan.feasible);
    assert_int_equal(as_plan_cameras(&plan.best), 8);
    assert_true(plan.best.turned);
    assert_true(plan.best.defect_px >= 3);
    double seen = plan.best.seen_mm[0] * (4 * 0.95 + 0.05);
    assert_true(seen >= 160 * (1 - 1e-9));
    set(spec, "optics.max_cameras", "7");
    plan = make(spec);
    assert_int_equal(plan.best.stage, AS_PLAN_PIXELS);
    assert_int_equal((int)advice(&plan, "optics.max_cameras")->to, 8);
    as_spec_free(spec);
}

#define SMALL(defect, rest)                                                    \
    HEAD "product: {size_mm: [5, 4], defect_mm: " defect ", height_mm: 0.2}\n" \
         "station: {belt_mm_per_s: 50, parts_per_minute: 120}\n" rest REQUIREMENTS

/* A field of 6 x 4.8 mm is half as large as the sensor or as large: a lens with a focus of its own does not come near enough. */
static void test_small_parts(void **state)
{
    (void)state;
    as_spec              *spec = read_spec(SMALL("0.1", ""));
    as_plan               plan = make(spec);
    const as_plan_choice *c = &plan.best;
    assert_true(plan.feasible);
    assert_true(c->needs_spacer || c->lens.kind == AS_PLAN_LENS_MACRO);
    assert_true(c->magnification <= c->lens.most * (1 + 1e-9));
    for (size_t i = 0; i < plan.n_choices; i++) { /* an image lies f m behind where that of what is far would lie */
        const as_plan_choice *one = &plan.choices[i];
        double own = one->lens.nearest_mm > 0 ? one->lens.focal_mm / (one->lens.nearest_mm - one->lens.focal_mm) : 0;
        if (one->extension_mm > 0)
            near(one->extension_mm, one->lens.focal_mm * (one->magnification - own), 1e-9);
    }
    as_spec_free(spec);
    spec = read_spec(SMALL("0.1", "optics: {focal_mm: 50, distance_mm: 5000}\n"));
    plan = make(spec);
    assert_false(plan.feasible);
    assert_string_equal(plan.advice[0].path,
                        "optics.distance_mm"); /* 5 m are too far for 50 mm; the distance mends it alone */
    as_spec_free(spec);
    /* 0.3 x 0.24 mm: more than a macro lens magnifies. */
    spec = read_spec(HEAD "product: {size_mm: [0.25, 0.2], defect_mm: 0.005}\noptics: {sensor: IMX287}\n" REQUIREMENTS);
    plan = make(spec);
    assert_int_equal(plan.best.stage, AS_PLAN_LENS);
    assert_non_null(strstr(plan.problems[0], "a macro lens is good for 3: set optics.field_mm"));
    as_spec_free(spec);
}

/* From nearby the part is not sharp over its height; from further off, with fewer pixels on the defect, it is. */
static void test_distance_is_searched(void **state)
{
    (void)state;
    as_spec *spec = read_spec(HEAD "product: {size_mm: [60, 160], defect_mm: 4, height_mm: 400}\n" REQUIREMENTS);
    as_plan  plan = make(spec);
    assert_true(plan.feasible);
    assert_true(plan.best.depth.near_mm <= plan.best.distance_mm - 200);
    assert_true(plan.best.defect_px >= 3 * (1 - 1e-9));
    char text[32];
    snprintf(text, sizeof text, "%.9g", 237.9);
    set(spec, "optics.distance_mm", text);
    plan = make(spec);
    assert_false(plan.feasible);
    assert_int_equal(plan.best.stage, AS_PLAN_LENS); /* its top, 38 mm away, is not seen as wide as it is */
    const as_plan_advice *a = advice(&plan, "optics.distance_mm");
    assert_true(a->to > 237.9);
    a = &plan.advice[plan.n_advice - 1];
    assert_string_equal(a->path, "optics.distance_mm");
    assert_true(!(a->to > 0) && strstr(a->found, "mm at F/"));
    as_spec_free(spec);
}

/* What is higher is nearer, and larger in the picture: field and blur hold at the top, the pixels on a defect at the bottom. */
static void test_planes(void **state)
{
    (void)state;
    as_spec *spec = read_spec(HEAD "product: {size_mm: [160, 130], defect_mm: 2.5, height_mm: 98}\n"
                                   "station: {belt_mm_per_s: 300, parts_per_minute: 60}\n" REQUIREMENTS);
    as_plan  plan = make(spec);
    assert_true(plan.feasible);
    for (size_t i = 0; i < plan.n_choices; i++) {
        const as_plan_choice *c = &plan.choices[i];
        double top = (c->distance_mm - 49) / c->distance_mm, bottom = (c->distance_mm + 49) / c->distance_mm;
        double side[2] = {c->turned ? c->sensor->height : c->sensor->width,
                          c->turned ? c->sensor->width : c->sensor->height};
        for (int axis = 0; axis < 2 && as_plan_cameras(c) == 1; axis++)
            assert_true(side[axis] * c->pixel_mm * top >= plan.field_mm[axis] * (1 - 1e-9));
        assert_true(2.5 / (c->pixel_mm * bottom) >= 3 * (1 - 1e-9));
        assert_true(300 * c->exposure_s / (c->pixel_mm * top) <= 1 + 1e-9);
    }
    as_spec_free(spec);
}

/* No count of parts shows that none ever errs. */
static void test_unproven(void **state)
{
    (void)state;
    static const struct {
        const char *text, *says;
    } rows[] = {
        {"{id: R1, measure: recall, of: reject, at_least: 1.0}", "write at_least: 0.99, which 299 bad parts without"},
        {"{id: R1, measure: escape_rate, at_most: 0 %}", "write at_most: 1 %, which 299 bad parts without"},
        {"{id: R1, measure: auroc, at_least: 1.0}", "no number of parts proves that"}};
    for (size_t i = 0; i < AS_COUNT(rows); i++) {
        char text[1024];
        snprintf(
            text, sizeof text,
            HEAD
            "product: {size_mm: [100, 80], defect_mm: 1}\nrequirements: [%s, {id: R2, measure: recall, of: reject, "
            "at_least: 0.9}]\n",
            rows[i].text);
        as_spec *spec = read_spec(text);
        as_plan  plan = make(spec);
        assert_false(plan.feasible);
        assert_true(plan.n_choices > 0);
        assert_int_equal(plan.n_problems, 1);
        assert_int_equal(plan.n_unproven, 1);
        assert_true(plan.parts.need[0].unprovable && !plan.parts.need[1].unprovable);
        if (!strstr(plan.problems[0], rows[i].says))
            fail_msg("%s", plan.problems[0]);
        as_spec_free(spec);
    }
}

/* Bounds of what is said: no camera 20 m away, no macro lens far from what it is for, no lens where there is no image. */
static void test_sane(void **state)
{
    (void)state;
    as_spec *spec = read_spec(HEAD "product: {size_mm: [20000, 10000], defect_mm: 100}\n" REQUIREMENTS);
    as_plan  plan = make(spec);
    for (size_t i = 0; i < plan.n_choices; i++) {
        assert_true(plan.choices[i].distance_mm <= AS_PLAN_MOST_MM);
        assert_true(plan.choices[i].lens.kind != AS_PLAN_LENS_MACRO ||
                    plan.choices[i].magnification >= AS_PLAN_LEAST_MACRO);
    }
    as_spec_free(spec);
    spec = read_spec(HEAD "product: {size_mm: [20000, 10000], defect_mm: 0.01}\n" REQUIREMENTS);
    plan = make(spec);
    assert_false(plan.feasible);
    if (!strstr(plan.problems[0], "more than 1000 cameras"))
        fail_msg("%s", plan.problems[0]);
    as_spec_free(spec);
}

/* Two that bind each other: neither alone mends it. */
static void test_two_left_out(void **state)
{
    (void)state;
    as_spec *spec = read_spec(HEAD "product: {size_mm: [60, 160], defect_mm: 4, height_mm: 100}\n"
                                   "optics: {focal_mm: 8, distance_mm: 150, sensor: IMX250}\n" REQUIREMENTS);
    as_plan  plan = make(spec);
    assert_false(plan.feasible);
    assert_true(plan.n_advice > 0);
    assert_string_equal(plan.advice[0].path, "optics.distance_mm");
    assert_string_equal(plan.advice[0].path2, "optics.focal_mm");
    as_spec_free(spec);
}

static void test_contradictions(void **state)
{
    (void)state;
    as_spec *spec = read_spec(BENCH);
    set(spec, "station.parts_per_minute", "600"); /* 50 mm from part to part, each 100 mm long */
    as_plan plan = make(spec);
    assert_false(plan.feasible);
    assert_non_null(strstr(plan.problems[0], "50 mm apart"));
    near(advice(&plan, "station.parts_per_minute")->to, 300, 1e-9);
    near(advice(&plan, "station.belt_mm_per_s")->to, 1000, 1e-9);
    set(spec, "station.parts_per_minute", "120");
    set(spec, "station.frame_px", "640x480");
    plan = make(spec);
    assert_false(plan.feasible);
    assert_non_null(strstr(plan.problems[0], "1600 x 1300 or more"));
    set(spec, "station.frame_px", "2448x2048");
    plan = make(spec);
    assert_true(plan.feasible);
    set(spec, "optics.field_mm", "90x90");
    plan = make(spec);
    assert_non_null(strstr(plan.problems[0], "is larger than optics.field_mm"));
    as_spec_free(spec);
}

static void test_compute(void **state)
{
    (void)state;
    as_err          err = AS_ERR_NONE;
    as_plan_machine machine = {.compute_s = 0.5, .cores = 2};
    as_plan         plan;
    as_spec        *spec = read_spec(BENCH);
    assert_true(as_plan_make(spec, &machine, &plan, &err));
    assert_true(plan.feasible); /* 2 frames a second of half a second: 1 of 2 cores */
    near(plan.best.busy_cores, 1, 1e-9);
    near(plan.best.latency_s, 0.5 + 138e-6 * TOP + 5013504.0 / 115e6, 1e-6);
    machine.compute_s = 0.81; /* 1.62 cores are more than 80 % of 2 */
    assert_true(as_plan_make(spec, &machine, &plan, &err));
    assert_int_equal(plan.best.stage, AS_PLAN_COMPUTE);
    as_spec_free(spec);
}

/* A frame of 1,600 x 1,300 pixels that must be seen is 41.5 inputs of 224 x 224. */
static void test_inputs(void **state)
{
    (void)state;
    as_err          err = AS_ERR_NONE;
    as_plan_machine machine = {.compute_s = 0.001, .input_px = 224.0 * 224.0, .cores = 2};
    as_plan         plan;
    as_spec        *spec = read_spec(BENCH);
    assert_true(as_plan_make(spec, &machine, &plan, &err));
    near(plan.best.judged_px, 1600 * 1300, 1e-9);
    near(plan.best.compute_s, 0.001 * 1600 * 1300 / 50176, 1e-9);
    near(plan.best.busy_cores, 2 * plan.best.compute_s, 1e-9);
    near(plan.best.latency_s, plan.best.compute_s + 138e-6 * TOP + 5013504.0 / 115e6, 1e-6);
    near(as_plan_inputs(&machine, 100), 1, 1e-9); /* one at least */
    as_spec_free(spec);
}

/* 10 m/s: what blur allows of exposure takes more light than there is; what is advised does it with less. Colours take three
 * times the light. */
static void test_bright(void **state)
{
    (void)state;
    as_spec *spec = read_spec(BENCH);
    as_plan  plan = make(spec);
    assert_true(plan.best.lamp && plan.best.lamp->is_pulsed); /* 163,000 lx for 0.03 % of the time */
    const double grey = plan.best.light_lx;
    set(spec, "station.channels", "3");
    plan = make(spec);
    near(plan.best.light_lx, 3 * grey, 1e-9);
    set(spec, "station.channels", "1");
    set(spec, "station.belt_mm_per_s", "10000");
    plan = make(spec);
    assert_false(plan.feasible);
    assert_int_equal(plan.best.stage, AS_PLAN_LIGHT);
    near(plan.best.most_lx, 500000, 1e-9);
    assert_non_null(strstr(plan.problems[0], "the brightest class of light gives 5e+05"));
    (void)advice(&plan, "optics.snr");
    (void)advice(&plan, "station.belt_mm_per_s");
    as_spec_free(spec);
}

/* Pulses that are not short pauses' are no pulses. */
static void test_lamps(void **state)
{
    (void)state;
    for (size_t i = 0; as_plan_lamp_at(i); i++)
        assert_true(as_plan_lamp_at(i)->name[0] && as_plan_lamp_at(i)->basis[0] &&
                    (as_plan_lamp_at(i)->area || as_plan_lamp_at(i)->line));
    near(as_plan_lamp_most(false, 0.05), 500000, 1e-9);
    near(as_plan_lamp_most(false, 0.5), 60000, 1e-9);
    near(as_plan_lamp_most(true, 1), 3000000, 1e-9);
    assert_null(as_plan_lamp_for(3.1e6, true, 1));
    assert_ptr_equal(as_plan_lamp_for(900, false, 1), as_plan_lamp_at(0));
    near(as_plan_lamp_for(61000, true, 1)->most_lx, 300000, 1e-9);
    /* A red lamp of as many watts has fewer lux: V(630) is 0.265. */
    near(as_plan_lamp_share(630), 0.265 * 683 / 300, 1e-9);
    near(as_plan_lamp_share(555), 1, 1e-9);
    as_spec *spec = read_spec(BENCH);
    set(spec, "optics.wavelength_nm", "630");
    as_plan plan = make(spec);
    near(plan.best.most_lx, 500000 * 0.265 * 683 / 300, 1e-9);
    assert_true(plan.best.light_lx <= plan.best.lamp_lx);
    as_spec_free(spec);
}

/* From 4 m the longest lens that sees 192 mm, not one that sees six parts at once. */
static void test_fills_the_field(void **state)
{
    (void)state;
    as_spec *spec = read_spec(HEAD "product: {size_mm: [60, 160], defect_mm: 4, height_mm: 50}\n"
                                   "station: {belt_mm_per_s: 400, parts_per_minute: 240}\n"
                                   "optics: {distance_mm: 4000, sensor: IMX287}\n" REQUIREMENTS);
    as_plan  plan = make(spec);
    assert_true(plan.feasible);
    near(plan.best.lens.focal_mm, 100, 1e-9); /* 193.8 mm of its middle, 192.5 of its top; 192 are needed */
    as_spec_free(spec);
}

static void test_missing(void **state)
{
    (void)state;
    as_plan_machine machine = {.compute_s = NAN, .cores = 1};
    as_plan         plan;
    as_err          err = AS_ERR_NONE;
    as_spec        *spec = read_spec(HEAD REQUIREMENTS);
    assert_false(as_plan_make(spec, &machine, &plan, &err));
    assert_non_null(strstr(err.text, "product.defect_mm"));
    set(spec, "product.defect_mm", "1");
    assert_false(as_plan_make(spec, &machine, &plan, &err));
    assert_non_null(strstr(err.text, "optics.field_mm"));
    as_spec_free(spec);
}

static void test_set(void **state)
{
    static const struct {
        const char *path, *value, *want;
    } wrong[] = {
        {"optics.snr", "x", "by: 'snr' must be a number, not 'x'"},
        {"optics.snr", "[1, 2]", "by: 'snr' must be a number, not a list"},
        {"optics.snr", "0", "by: 'snr' must be from 1 to 1000, not 0"},
        {"optics.field_mm", "3", "by: 'field_mm' must be a list of 2 values, each a length in mm"},
        {"optics.field_mm", "3x", "by: 'field_mm' must be a list of 2 values, each a length in mm"},
        {"optics.field_mm", "3xy", "by: 'field_mm' must be a length in mm, not 'y'"},
        {"optics.none", "3", "by: no number or word 'optics.none' in assay.yaml"},
        {"line", "y", "by: no number or word 'line' in assay.yaml"},
        {"optics", "3", "by: no number or word 'optics' in assay.yaml"},
        {"requirements[].confidence", "3", "by: no number or word 'requirements[].confidence' in assay.yaml"},
    };
    (void)state;
    as_spec *spec = read_spec(BENCH);
    for (size_t i = 0; i < AS_COUNT(wrong); i++) {
        as_err err = AS_ERR_NONE;
        assert_false(as_spec_set(spec, wrong[i].path, wrong[i].value, "by", &err));
        assert_string_equal(err.text, wrong[i].want);
        assert_int_equal(err.code, AS_EINVAL);
    }
    set(spec, "optics.field_mm", "12.5x7");
    near(spec->optics.field_mm[0], 12.5, 1e-12);
    near(spec->optics.field_mm[1], 7, 1e-12);
    set(spec, "optics.reflectance", "40 %");
    near(spec->optics.reflectance, 0.4, 1e-12);
    set(spec, "station.deadline_ms", "12");
    assert_int_equal(spec->deadline_ns, 12000000);
    as_spec_free(spec);
}

static void test_tables(void **state)
{
    (void)state;
    for (unsigned id = 1; id < AS_CHIP_COUNT; id++) {
        const as_chip *s = as_chip_of((as_chip_id)id);
        if (s->use != AS_CHIP_USE_SOLD)
            continue;
        assert_true(s->name[0] && s->maker[0] && s->shutter != AS_CHIP_SHUTTER_NONE);
        /* What C-mount lenses light: 23 mm across at most. */
        double diagonal_mm = hypot(s->width, s->height) * s->pixel->pitch_um * 1e-3;
        assert_true(diagonal_mm > 3 && diagonal_mm < 23);
        assert_true(s->pixel->quantum_ratio > 0.3 && s->pixel->quantum_ratio < 1 && s->pixel->full_well_e > 1000);
    }
    for (size_t i = 1; as_plan_lens_at(i); i++)
        assert_true(as_plan_lens_at(i)->kind > as_plan_lens_at(i - 1)->kind ||
                    as_plan_lens_at(i)->focal_mm > as_plan_lens_at(i - 1)->focal_mm);
    for (size_t i = 0; as_plan_link_at(i); i++)
        assert_true(as_plan_link_at(i)->bytes_per_s > 1e8 && as_plan_link_at(i)->basis[0]);
    for (int stage = 0; stage <= AS_PLAN_FITS; stage++)
        assert_true(as_plan_stage_text((as_plan_stage)stage)[0]);
}

static void test_json(void **state)
{
    (void)state;
    as_spec *spec = read_spec(BENCH);
    as_plan  plan = make(spec);
    json_t  *json = as_plan_json(&plan);
    assert_non_null(json);
    assert_true(json_is_true(json_object_get(json, "feasible")));
    near(json_number_value(json_object_get(json_object_get(json, "plan"), "pixel_mm")), 0.069, 1e-9);
    json_t *needs = json_object_get(json_object_get(json, "parts"), "requirements");
    assert_int_equal(json_array_size(needs), 5);
    assert_true(json_is_null(json_object_get(json_array_get(needs, 3), "accept")));
    json_decref(json);
    as_spec_free(spec);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_bench),
        cmocka_unit_test(test_parts),
        cmocka_unit_test(test_area),
        cmocka_unit_test(test_failures),
        cmocka_unit_test(test_several),
        cmocka_unit_test(test_contradictions),
        cmocka_unit_test(test_compute),
        cmocka_unit_test(test_missing),
        cmocka_unit_test(test_set),
        cmocka_unit_test(test_tables),
        cmocka_unit_test(test_json),
        cmocka_unit_test(test_small_parts),
        cmocka_unit_test(test_planes),
        cmocka_unit_test(test_unproven),
        cmocka_unit_test(test_sane),
        cmocka_unit_test(test_distance_is_searched),
        cmocka_unit_test(test_two_left_out),
        cmocka_unit_test(test_inputs),
        cmocka_unit_test(test_bright),
        cmocka_unit_test(test_lamps),
        cmocka_unit_test(test_fills_the_field),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
