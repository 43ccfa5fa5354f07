/* SPDX-License-Identifier: Apache-2.0 */
/* A retuned twin draws what one opened that way draws, and the one it came from is as it was. */
#include <setjmp.h>
#include <stdarg.h>

#include <cmocka.h>

#include "twin/twin.h"

static as_twin_cfg small(as_pixel pixel)
{
    as_twin_cfg cfg = as_twin_cfg_default();
    cfg.width = 160;
    cfg.height = 120;
    cfg.pixel = pixel;
    return cfg;
}

static as_twin *open_twin(const as_twin_cfg *cfg)
{
    as_err   err = AS_ERR_NONE;
    as_twin *twin = as_twin_open("cones", cfg, &err);
    if (!twin)
        fail_msg("%s", err.text);
    return twin;
}

static as_digest picture(const as_twin *twin, uint64_t part)
{
    as_err             err = AS_ERR_NONE;
    const as_twin_cfg *cfg = as_twin_cfg_of(twin);
    as_image           image = {0};
    as_truth           truth;
    void              *scratch = malloc(as_twin_scratch_bytes(twin));
    assert_non_null(scratch);
    assert_true(as_image_new(&image, cfg->pixel, cfg->width, cfg->height, &err));
    if (!as_twin_render(twin, part, 0, scratch, &image, &truth, &err))
        fail_msg("%s", err.text);
    as_digest digest = as_sha256_of(image.data, image.stride_bytes * image.height);
    as_image_done(&image);
    free(scratch);
    return digest;
}

static bool same(as_digest a, as_digest b)
{
    return memcmp(&a, &b, sizeof a) == 0;
}

/* One change each, written into an open twin's cfg and into one that is still to be opened. */
static void change(as_twin_cfg *cfg, int which)
{
    double *const fields[] = {&cfg->exposure_us, &cfg->belt_mm_per_s, &cfg->light,         &cfg->dirt,
                              &cfg->haze,        &cfg->gain_db,       &cfg->temperature_c, &cfg->off_focus_mm,
                              &cfg->flicker,     &cfg->ambient,       &cfg->vignette_ratio};
    const double  values[] = {900, 9000, 0.4, 0.7, 0.3, 6, 80, -300, 0.5, 0.2, 0.6};
    *fields[which] = values[which];
}

static void retuned_is_as_opened_anew(void **state)
{
    (void)state;
    static const struct {
        const char *sensor;
        as_pixel    pixel;
    } cameras[] = {{NULL, AS_PIXEL_MONO8}, {"worn", AS_PIXEL_MONO8}, {"imx250", AS_PIXEL_BAYER_RG12P}};
    for (size_t c = 0; c < AS_COUNT(cameras); c++) {
        as_err      err = AS_ERR_NONE;
        as_twin_cfg plain = small(cameras[c].pixel);
        plain.sensor = cameras[c].sensor;
        plain.exposure_us = 400;
        plain.f_number = 1.4;
        as_twin  *twin = open_twin(&plain);
        as_digest before = picture(twin, 3);
        for (int i = 0; i < 11; i++) {
            as_twin_cfg other = plain, tuned = *as_twin_cfg_of(twin);
            bool        seen = cameras[c].sensor || (i != 5 && i != 6); /* the plain camera has no gain, nor warmth */
            change(&other, i);
            change(&tuned, i);
            as_twin *anew = open_twin(&other), *now = as_twin_retune(twin, &tuned, &err);
            if (!now)
                fail_msg("%s", err.text);
            if (!same(picture(anew, 3), picture(now, 3)))
                fail_msg("change %d of camera %zu: another picture than opened anew", i, c);
            if (same(before, picture(now, 3)) == seen && i != 6)
                fail_msg("change %d of camera %zu: %s", i, c, seen ? "nothing to be seen" : "something to be seen");
            as_twin_close(anew);
            as_twin_close(now);
        }
        assert_true(same(before, picture(twin, 3)));
        as_twin_close(twin);
    }
}

/* From tuned to tuned, and back; the first may go before those that came of it. */
static void lives_as_long_as_someone_has_it(void **state)
{
    (void)state;
    as_err      err = AS_ERR_NONE;
    as_twin_cfg cfg = small(AS_PIXEL_MONO8);
    as_twin    *twin = open_twin(&cfg);
    as_digest   before = picture(twin, 2);
    as_twin_cfg first = *as_twin_cfg_of(twin), dirty = first;
    dirty.dirt = 0.8;
    as_twin *veiled = as_twin_retune(twin, &dirty, &err), *back = NULL, *again = as_twin_ref(twin);
    assert_non_null(veiled);
    assert_null(as_twin_close(twin));
    back = as_twin_retune(veiled, &first, &err);
    assert_non_null(back);
    as_twin_close(again);
    assert_false(same(before, picture(veiled, 2)));
    as_twin_close(veiled);
    assert_true(same(before, picture(back, 2)));
    as_twin_close(back);
}

static void takes_a_script_and_leaves_it(void **state)
{
    (void)state;
    as_err      err = AS_ERR_NONE;
    double      amounts[AS_FAULT_COUNT];
    const char *text = "faults: [{fault: dirty_lens, from: 5, amount: 0.9}]";
    as_script   script;
    as_twin_cfg cfg = small(AS_PIXEL_MONO8);
    as_twin    *twin = open_twin(&cfg);
    assert_true(as_script_parse(text, strlen(text), "text", &script, &err));
    as_twin_cfg tuned = *as_twin_cfg_of(twin);
    tuned.script = &script;
    as_twin *now = as_twin_retune(twin, &tuned, &err);
    assert_non_null(now);
    script.n = 0; /* it keeps its own */
    assert_int_equal(as_twin_faults_at(now, 4, amounts), 0);
    assert_int_equal(as_twin_faults_at(now, 5, amounts), 1u << AS_FAULT_DIRTY_LENS);
    assert_true(same(picture(twin, 4), picture(now, 4)));
    assert_false(same(picture(twin, 5), picture(now, 5)));
    assert_non_null(as_twin_script_of(now));
    tuned.script = NULL;
    as_twin *after = as_twin_retune(now, &tuned, &err);
    assert_non_null(after);
    assert_null(as_twin_script_of(after));
    assert_true(same(picture(twin, 5), picture(after, 5)));
    as_twin_close(after);
    as_twin_close(now);
    as_twin_close(twin);
}

static void refuses_what_needs_opening_anew(void **state)
{
    (void)state;
    as_err      err = AS_ERR_NONE;
    as_twin_cfg cfg = small(AS_PIXEL_MONO8);
    as_twin    *twin = open_twin(&cfg);
    as_twin_cfg tuned = *as_twin_cfg_of(twin);
    tuned.width = 320;
    assert_null(as_twin_retune(twin, &tuned, &err));
    assert_int_equal(err.code, AS_EINVAL);
    tuned = *as_twin_cfg_of(twin);
    tuned.defect_share = 1;
    assert_null(as_twin_retune(twin, &tuned, &err));
    tuned = *as_twin_cfg_of(twin);
    tuned.light = -3;
    assert_null(as_twin_retune(twin, &tuned, &err));
    assert_non_null(strstr(err.text, "light"));
    tuned = *as_twin_cfg_of(twin);
    tuned.belt_mm_per_s = 1e6;
    tuned.exposure_us = 1e6;
    as_twin    *now = as_twin_retune(twin, &tuned, &err); /* as at opening: too blurred, or not */
    as_twin_cfg blurred = cfg;
    blurred.belt_mm_per_s = 1e6;
    blurred.exposure_us = 1e6;
    as_twin *anew = as_twin_open("cones", &blurred, &err);
    assert_true((now != NULL) == (anew != NULL));
    as_twin_close(now);
    as_twin_close(anew);
    as_twin_close(twin);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(retuned_is_as_opened_anew),
        cmocka_unit_test(lives_as_long_as_someone_has_it),
        cmocka_unit_test(takes_a_script_and_leaves_it),
        cmocka_unit_test(refuses_what_needs_opening_anew),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
