/* SPDX-License-Identifier: Apache-2.0 */
/* Light, lens and faults, seen in the pictures and told in their truth. */
#include <math.h>

#include "twin/conditions.h"
#include "twin/twin_rig.h"

static as_twin_cfg small(void)
{
    as_twin_cfg cfg = as_twin_cfg_default();
    cfg.width = 320;
    cfg.height = 240;
    cfg.pixel = AS_PIXEL_MONO8;
    return cfg;
}

static twin_rig rig_open(const as_twin_cfg *cfg)
{
    return twin_rig_open("cones", cfg);
}

static const uint16_t *rig_look(twin_rig *r, uint64_t part)
{
    (void)twin_rig_look(r, part, 0);
    return r->raw;
}

static double rig_mean(twin_rig *r, uint64_t part)
{
    double sum = 0;
    rig_look(r, part);
    for (size_t i = 0; i < (size_t)r->image.width * r->image.height; i++)
        sum += r->image.data[i];
    return sum / ((double)r->image.width * r->image.height);
}

/* Mean difference of neighbours along y: what blur takes. */
static double rig_detail(twin_rig *r, uint64_t part)
{
    double sum = 0;
    size_t w = r->image.width, n = w * (r->image.height - 1);
    rig_look(r, part);
    for (size_t i = 0; i < n; i++)
        sum += fabs((double)r->image.data[i + w] - r->image.data[i]);
    return sum / (double)n;
}

#define TAKE_BLACK ((64.0 - 7.5) / 16.0) /* of 12 bits in 8: what is cut off is 7.5 of 16 in the mean */

static void take_light_is_linear(void **state)
{
    (void)state;
    as_twin_cfg cfg = small();
    cfg.sensor = "imx273";
    double means[3];
    for (int i = 0; i < 3; i++) {
        cfg.light = 0.2 * (i + 1);
        twin_rig r = rig_open(&cfg);
        means[i] = rig_mean(&r, 1) - TAKE_BLACK;
        assert_string_equal(as_twin_sensor_of(r.twin)->name, "IMX273");
        twin_rig_close(&r);
    }
    assert_true(fabs(means[1] / means[0] - 2.0) < 0.03 && fabs(means[2] / means[0] - 3.0) < 0.05);
    cfg.light = 0.2;
    cfg.exposure_us = 800; /* of 400 */
    twin_rig r = rig_open(&cfg);
    assert_true(fabs((rig_mean(&r, 1) - TAKE_BLACK) / means[1] - 1.0) < 0.02);
    twin_rig_close(&r);
}

/* Numbers of a sensor alone are over the usual one; the plain camera has none for them to stand over. */
static void take_numbers_of_a_sensor_need_no_name(void **state)
{
    (void)state;
    as_err      err = AS_ERR_NONE;
    as_twin_cfg cfg = as_twin_cfg_default();
    cfg.own.quantum_ratio = 0.7;
    as_twin *twin = as_twin_open("cones", &cfg, &err);
    assert_non_null(twin);
    assert_string_equal(as_twin_sensor_of(twin)->name, "generic");
    assert_true(fabs(as_twin_imager_of(twin)->quantum_ratio - 0.7) < 1e-12);
    as_twin_close(twin);
    cfg.sensor = "Plain";
    assert_null(as_twin_open("cones", &cfg, &err));
    assert_int_equal(err.code, AS_EINVAL);
    assert_non_null(strstr(err.text, "the plain camera has none"));
    cfg.own.quantum_ratio = -1;
    twin = as_twin_open("cones", &cfg, &err);
    assert_true(twin && !as_twin_sensor_of(twin));
    as_twin_close(twin);
}

/* What is packed into a format are the sensor's own numbers. */
static void take_formats_carry_the_numbers(void **state)
{
    (void)state;
    static const struct {
        as_pixel pixel;
        uint32_t shift; /* of 12 bits */
    } table[] = {{AS_PIXEL_MONO12, 0},    {AS_PIXEL_MONO12P, 0},     {AS_PIXEL_MONO10, 2},    {AS_PIXEL_MONO10P, 2},
                 {AS_PIXEL_BAYER_RG8, 4}, {AS_PIXEL_BAYER_RG12P, 0}, {AS_PIXEL_BAYER_RG10, 2}};
    for (size_t i = 0; i < AS_COUNT(table); i++) {
        as_twin_cfg cfg = small();
        cfg.sensor = "imx250";
        cfg.pixel = table[i].pixel;
        twin_rig              r = rig_open(&cfg);
        const uint16_t       *raw = rig_look(&r, 1);
        const as_pixel_facts *facts = as_pixel_facts_of(cfg.pixel);
        uint32_t              step = facts->packed ? facts->bits : facts->bits > 8 ? 16 : 8;
        for (size_t k = 0; k < 320 * 40; k++) {
            size_t         bit = k % 320 * step;
            const uint8_t *at = r.image.data + k / 320 * r.image.stride_bytes + bit / 8;
            uint32_t       v = (at[0] | (uint32_t)at[step > 8] << 8) >> bit % 8;
            v &= (1u << facts->bits) - 1u;
            assert_int_equal(v, raw[k] >> table[i].shift);
        }
        twin_rig_close(&r);
    }
    as_twin_cfg cfg = small();
    as_err      err = AS_ERR_NONE;
    cfg.pixel = AS_PIXEL_MONO12;
    assert_null(as_twin_open("cones", &cfg, &err));
    assert_non_null(strstr(err.text, "name a sensor"));
    cfg.pixel = AS_PIXEL_NV12;
    assert_null(as_twin_open("cones", &cfg, &err));
}

static void take_lens_decides_the_scale(void **state)
{
    (void)state;
    as_twin_cfg cfg = small();
    cfg.focal_mm = 16;
    cfg.distance_mm = 816;
    cfg.pitch_um = 6.9;
    twin_rig r = rig_open(&cfg);
    assert_true(fabs(as_twin_px_per_mm(r.twin) - 16.0 / 800 / 0.0069) < 1e-6);
    double sharp = rig_detail(&r, 1);
    twin_rig_close(&r);
    cfg.off_focus_mm = 200;
    cfg.f_number = 1.4;
    r = rig_open(&cfg);
    assert_true(rig_detail(&r, 1) < 0.9 * sharp);
    twin_rig_close(&r);
}

static const char *const take_faults = "faults:\n"
                                       "  - {fault: lamp_dying, from: 10, until: 20, amount: 0.6}\n"
                                       "  - {fault: focus_creep, from: 30, until: 40, amount: 9}\n"
                                       "  - {fault: dirty_lens, from: 50, until: 60, amount: 1}\n"
                                       "  - {fault: wrong_product, from: 70, until: 80, amount: 2}\n"
                                       "  - {fault: camera_moved, from: 90, until: 99, amount: 12}\n"
                                       "  - {fault: frame_loss, from: 1000, until: 3000, amount: 0.25}\n";

static void take_faults_are_seen_and_told(void **state)
{
    (void)state;
    as_twin_cfg cfg = small();
    as_script   script;
    as_err      err = AS_ERR_NONE;
    assert_true(as_script_parse(take_faults, strlen(take_faults), "faults", &script, &err));
    twin_rig well = rig_open(&cfg);
    cfg.script = &script;
    twin_rig ill = rig_open(&cfg);
    double   amounts[AS_FAULT_COUNT];
    uint32_t chocolate = 0;
    assert_true(fabs(rig_mean(&well, 5) - rig_mean(&ill, 5)) <
                0.02); /* more is drawn around it, and roundings differ */
    assert_int_equal(ill.truth.frame.faults, 0);
    assert_true(rig_mean(&ill, 12) < 0.8 * rig_mean(&well, 12)); /* 0.4 of the light, through the screen's curve */
    assert_int_equal(ill.truth.frame.faults, 1u << AS_FAULT_LAMP);
    assert_true(rig_detail(&ill, 32) < 0.8 * rig_detail(&well, 32));
    assert_int_equal(ill.truth.frame.faults, 1u << AS_FAULT_FOCUS);
    assert_true(rig_detail(&ill, 52) < 0.9 * rig_detail(&well, 52));
    for (uint64_t part = 70; part < 80;
         part++) { /* of all recipes: one that is not the part's own, mostly the named one */
        rig_look(&well, part);
        rig_look(&ill, part);
        assert_string_not_equal(ill.truth.recipe, well.truth.recipe);
        assert_string_equal(ill.truth.right_recipe, well.truth.recipe);
        assert_null(well.truth.right_recipe);
        chocolate += strcmp(ill.truth.recipe, "chocolate") == 0;
    }
    assert_in_range(chocolate, 6, 10);
    uint32_t lost = 0;
    for (uint64_t part = 1000; part < 3000; part++)
        lost += as_twin_faults_at(ill.twin, part, amounts) == 1u << AS_FAULT_FRAME_LOSS;
    assert_in_range(lost, 430, 570); /* 500 expected, deviation 19 */
    twin_rig_close(&well);
    twin_rig_close(&ill);
}

static void product_is(const char *scene, const char *recipe, const char *amount, const char *seen, const char *error)
{
    char        text[160];
    as_twin_cfg cfg = small();
    as_script   script;
    as_err      err = AS_ERR_NONE;
    snprintf(text, sizeof text, "faults:\n  - {fault: wrong_product, from: 2%s%s}\n", amount ? ", amount: " : "",
             amount ? amount : "");
    assert_true(as_script_parse(text, strlen(text), "faults", &script, &err));
    cfg.recipe = recipe;
    cfg.script = &script;
    as_twin *twin = as_twin_open(scene, &cfg, &err);
    if ((twin != NULL) != (error == NULL) || (error && !strstr(err.text, error)))
        fail_msg("%s, %s: '%s'", recipe ? recipe : "", amount ? amount : "", twin ? "taken" : err.text);
    as_twin_close(twin);
    if (error)
        return;
    twin_rig r = twin_rig_open(scene, &cfg);
    rig_look(&r, 2);
    if (seen)
        assert_string_equal(r.truth.recipe, seen);
    assert_string_not_equal(r.truth.recipe, r.truth.right_recipe);
    if (recipe)
        assert_string_equal(r.truth.right_recipe, recipe);
    assert_string_equal(as_twin_scene_of(r.twin)->recipes[(size_t)r.truth.amounts[AS_FAULT_PRODUCT]], r.truth.recipe);
    rig_look(&r, 1);
    assert_null(r.truth.right_recipe);
    twin_rig_close(&r);
}

/* A wrong product is wrong, and one that there is. */
static void take_wrong_products_are_wrong(void **state)
{
    (void)state;
    product_is("metal", "cast", "0", "brushed", NULL);
    product_is("metal", "cast", "ground", "ground", NULL);
    product_is("metal", "cast", NULL, NULL, NULL);
    product_is("metal", NULL, NULL, NULL, NULL);
    for (int i = 0; i < 4; i++) {
        const char *amount[] = {"0", "1", "2", "3"};
        product_is("metal", NULL, amount[i], NULL, NULL);
    }
    product_is("metal", "cast", "3", NULL, "'cast' is what the scene makes");
    product_is("metal", "cast", "cast", NULL, "'cast' is what the scene makes");
    product_is("metal", "cast", "63", NULL, "brushed, milled, ground, cast");
    product_is("metal", NULL, "1.5", NULL, "brushed, milled, ground, cast");
    product_is("metal", NULL, "-0.5", NULL, "brushed, milled, ground, cast");
    product_is("metal", NULL, "castt", NULL, "brushed, milled, ground, cast");
}

/* The camera moved: what the truth says of the defect's place moves as the picture does. */
static void take_moves_the_truth_too(void **state)
{
    (void)state;
    as_warp      warp = {.distortion = -0.1, .shift_x = 12, .shift_y = -5, .turn = 0.05};
    float       *in = calloc(2 * 320 * 240, sizeof *in), *out = in + 320 * 240;
    const double x0 = 250, y0 = 60;
    assert_non_null(in);
    for (int dy = -1; dy <= 1; dy++)
        for (int dx = -1; dx <= 1; dx++)
            in[((int)y0 + dy) * 320 + (int)x0 + dx] = 1.0f;
    as_warp_plane(&warp, 320, 240, in, out);
    double sum = 0, sx = 0, sy = 0, x = x0, y = y0;
    for (size_t i = 0; i < 320 * 240; i++) {
        sum += (double)out[i];
        sx += (double)out[i] * (double)(i % 320);
        sy += (double)out[i] * (double)(i / 320);
    }
    as_warp_point(&warp, 320, 240, &x, &y);
    assert_true(sum > 4 && fabs(sx / sum - x) < 1.5 && fabs(sy / sum - y) < 1.5);
    free(in);
}

/* A mask lies in the box of its finding, and nothing has more findings than it says. */
static void take_masks_fit_their_boxes(void **state)
{
    (void)state;
    as_twin_cfg cfg = small();
    cfg.defect_share = 1;
    cfg.min_severity = 0.6;
    twin_rig r = rig_open(&cfg);
    uint8_t *inside = malloc((size_t)r.image.width * r.image.height);
    assert_non_null(inside);
    for (uint64_t part = 1; part <= 12; part++) {
        as_err err = AS_ERR_NONE;
        size_t n = 0, in_box = 0;
        rig_look(&r, part);
        assert_int_equal(r.truth.n_findings, 1);
        const float *box = r.truth.findings[0].box_px;
        if (!as_twin_mask(r.twin, part, 0, 0, r.scratch, inside, &n, &err))
            fail_msg("%s", err.text);
        for (size_t i = 0; i < (size_t)r.image.width * r.image.height; i++) {
            float x = (float)(i % r.image.width), y = (float)(i / r.image.width),
                  more = 4 + 0.1f * AS_MAX(box[2], box[3]);
            in_box += inside[i] && x >= box[0] - more && x < box[0] + box[2] + more && y >= box[1] - more &&
                      y < box[1] + box[3] + more;
        }
        assert_true(n > 20 && in_box == n);
        assert_false(as_twin_mask(r.twin, part, 0, 1, r.scratch, inside, &n, &err));
    }
    free(inside);
    twin_rig_close(&r);
}

static void take_flicker_is_a_mean(void **state)
{
    (void)state;
    as_flicker f = {.depth = 0.5, .per_s = 100, .turn = 0, .open_s = 1e-9};
    assert_true(fabs(as_flicker_level(&f, 0) - 1.5) < 1e-6);
    f.open_s = 0.01; /* a whole period: nothing is left of it */
    assert_true(fabs(as_flicker_level(&f, 0) - 1.0) < 1e-6);
    f.open_s = 1e-9;
    f.line_s = 0.0025; /* each row a quarter further */
    assert_true(fabs(as_flicker_level(&f, 1) - 1.0) < 1e-6 && fabs(as_flicker_level(&f, 2) - 0.5) < 1e-6);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(take_light_is_linear),
        cmocka_unit_test(take_formats_carry_the_numbers),
        cmocka_unit_test(take_lens_decides_the_scale),
        cmocka_unit_test(take_faults_are_seen_and_told),
        cmocka_unit_test(take_moves_the_truth_too),
        cmocka_unit_test(take_masks_fit_their_boxes),
        cmocka_unit_test(take_wrong_products_are_wrong),
        cmocka_unit_test(take_flicker_is_a_mean),
        cmocka_unit_test(take_numbers_of_a_sensor_need_no_name),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
