/* SPDX-License-Identifier: Apache-2.0 */
#include "twin/twin.h"

#include <math.h>
#include <setjmp.h>
#include <stdarg.h>

#include <cmocka.h>

#include "base/hash.h"
#include "base/thread.h"
#include "twin/twin_rig.h"

static as_truth twin_shoot(twin_rig *rig, uint64_t part, uint32_t view, as_digest *ret)
{
    (void)twin_rig_look(rig, part, view);
    *ret = as_sha256_of(rig->image.data, rig->image.stride_bytes * rig->image.height);
    return rig->truth.frame;
}

/* The bytes of one frame a class; they change only when the scene is meant to look different. */
static void twin_bytes_are_the_same_everywhere(void **state)
{
    (void)state;
    static const struct {
        const char *scene, *label;
        uint64_t    part;
        const char *sha256;
    } golden[] = {
#include "twin/golden.inc"
    };
    size_t n_other = 0;
    for (size_t i = 0; i < AS_COUNT(golden); i++) {
        as_twin_cfg cfg = as_twin_cfg_default();
        twin_rig    rig = twin_rig_open(golden[i].scene, &cfg);
        as_digest   digest;
        char        hex[AS_SHA256_HEX_BYTES];
        as_truth    truth = twin_shoot(&rig, golden[i].part, 0, &digest);
        assert_string_equal(truth.label, golden[i].label);
        if (strcmp(as_digest_hex(&digest, hex), golden[i].sha256) != 0) {
            print_error("{\"%s\", \"%s\", %llu, \"%s\"},\n", golden[i].scene, golden[i].label,
                        (unsigned long long)golden[i].part, hex);
            n_other++;
        }
        twin_rig_close(&rig);
    }
    assert_int_equal(n_other, 0);
}

typedef struct twin_many {
    const as_twin *twin;
    as_digest      digests[8];
} twin_many;

static bool twin_shoot_one(void *ctx, size_t i, as_err *err)
{
    twin_many *many = ctx;
    as_image   image;
    as_truth   truth;
    void      *scratch = malloc(as_twin_scratch_bytes(many->twin));
    if (!scratch || !as_image_new(&image, as_twin_cfg_of(many->twin)->pixel, 320, 240, err)) {
        free(scratch);
        return false;
    }
    bool ok = as_twin_render(many->twin, i + 1, 0, scratch, &image, &truth, err);
    many->digests[i] = as_sha256_of(image.data, image.stride_bytes * image.height);
    as_image_done(&image);
    free(scratch);
    return ok;
}

/* Every scene, plain and with all that a camera and its station can have, and somebody in the picture. */
static void twin_threads_do_not_matter(void **state)
{
    const as_script walk = {.n = 1,
                            .steps = {{.fault = AS_FAULT_PERSON, .from = 1, .full = 1, .until = 100, .amount = 0.3}}};
    (void)state;
    const as_twin_scene *scene;
    for (size_t k = 0; (scene = as_twin_scene_at(k / 2)) != NULL; k++) {
        as_twin_cfg cfg = as_twin_cfg_default();
        as_err      err = AS_ERR_NONE;
        cfg.width = 320;
        cfg.height = 240;
        if (k % 2) {
            cfg.sensor = "worn";
            cfg.distortion = 0.05;
            cfg.dirt = cfg.print = cfg.haze = cfg.flicker = cfg.day = 0.2;
            cfg.off_focus_mm = 30;
            cfg.script = &walk;
        }
        twin_rig  rig = twin_rig_open(scene->name, &cfg);
        twin_many many = {.twin = rig.twin};
        assert_true(as_thread_for(AS_COUNT(many.digests), 4, twin_shoot_one, &many, &err));
        for (size_t i = 0; i < AS_COUNT(many.digests); i++) {
            as_digest digest;
            twin_shoot(&rig, i + 1, 0, &digest);
            assert_true(as_digest_equal(&digest, &many.digests[i]));
        }
        twin_rig_close(&rig);
    }
}

static void twin_seed_part_and_view_matter(void **state)
{
    (void)state;
    as_twin_cfg cfg = as_twin_cfg_default();
    as_digest   first, other;
    cfg.width = 160;
    cfg.height = 120;
    twin_rig rig = twin_rig_open("cones", &cfg);
    as_truth truth = twin_shoot(&rig, 1, 0, &first), same = twin_shoot(&rig, 1, 1, &other);
    assert_false(as_digest_equal(&first, &other));
    assert_string_equal(truth.label, same.label); /* another view of the same part */
    twin_shoot(&rig, 2, 0, &other);
    assert_false(as_digest_equal(&first, &other));
    twin_rig_close(&rig);
    cfg.seed = 2;
    rig = twin_rig_open("cones", &cfg);
    twin_shoot(&rig, 1, 0, &other);
    assert_false(as_digest_equal(&first, &other));
    twin_rig_close(&rig);
}

static void twin_defects_follow_the_cfg(void **state)
{
    (void)state;
    as_twin_cfg cfg = as_twin_cfg_default();
    unsigned    n[4] = {0};
    cfg.width = 64;
    cfg.height = 48;
    cfg.defect_share = 0.6;
    cfg.min_severity = 0.5;
    twin_rig                 rig = twin_rig_open("cones", &cfg);
    const char *const *const classes = as_twin_scene_of(rig.twin)->classes;
    assert_string_equal(classes[0], "good");
    for (uint64_t part = 1; part <= 600; part++) {
        as_digest digest;
        as_truth  truth = twin_shoot(&rig, part, 0, &digest);
        unsigned class = 0;
        while (classes[class] && strcmp(classes[class], truth.label) != 0)
            class ++;
        assert_true(truth.known && class < 4);
        n[class]++;
        const float *box = truth.box_px;
        assert_true(class == 0 ? truth.severity == 0.0f : truth.severity >= 0.5f && truth.severity <= 1.0f);
        assert_true((box[2] > 0 && box[3] > 0) == (class > 0));
        assert_true(box[0] >= 0 && box[1] >= 0 && box[0] + box[2] <= 64 && box[1] + box[3] <= 48);
    }
    assert_in_range(n[0], 200, 280); /* 240 expected, deviation 12 */
    for (int i = 1; i < 4; i++)
        assert_in_range(n[i], 85, 155); /* 120, deviation 10 */
    twin_rig_close(&rig);
}

static void twin_refuses_nonsense(void **state)
{
    (void)state;
    as_twin_cfg cfg = as_twin_cfg_default();
    as_err      err = AS_ERR_NONE;
    assert_null(as_twin_open("cone", &cfg, &err));
    assert_int_equal(err.code, AS_ENOTFOUND);
    assert_non_null(strstr(err.text, "did you mean 'cones'?"));
    cfg.width = 100000;
    assert_null(as_twin_open("cones", &cfg, &err));
    assert_int_equal(err.code, AS_ELIMIT);
    cfg = as_twin_cfg_default();
    cfg.defect_share = 1.5;
    assert_null(as_twin_open("cones", &cfg, &err));
    assert_int_equal(err.code, AS_EINVAL);
    cfg = as_twin_cfg_default();
    cfg.belt_mm_per_s = 1e6;
    cfg.exposure_us = 1e4;
    assert_null(as_twin_open("cones", &cfg, &err));
    assert_non_null(strstr(err.text, "smear"));
    assert_null(as_twin_close(NULL));
}

static void twin_refuses_another_picture(void **state)
{
    (void)state;
    as_twin_cfg cfg = as_twin_cfg_default();
    as_err      err = AS_ERR_NONE;
    as_truth    truth;
    cfg.width = cfg.height = 64;
    twin_rig rig = twin_rig_open("cones", &cfg);
    assert_false(as_twin_render(rig.twin, 0, 0, rig.scratch, &rig.image, &truth, &err));
    rig.image.width = 63;
    assert_false(as_twin_render(rig.twin, 1, 0, rig.scratch, &rig.image, &truth, &err));
    assert_int_equal(err.code, AS_EINVAL);
    twin_rig_close(&rig);
}

static void twin_scenes_are_filled_in(void **state)
{
    (void)state;
    const as_twin_scene *scene;
    size_t               n = 0;
    for (; (scene = as_twin_scene_at(n)) != NULL; n++) {
        assert_true(scene->name && *scene->name && scene->summary && *scene->summary && scene->draw);
        assert_true(scene->classes && scene->classes[0] && scene->classes[1]);
        assert_true(scene->recipes && scene->recipes[0] && scene->recipes[1]);
        assert_true(scene->pixel != AS_PIXEL_NONE && scene->width && scene->height && scene->px_per_mm > 0);
        assert_true(scene->defaults.exposure_us > 0 && scene->defaults.gain_e_per_dn > 0);
    }
    assert_true(n >= 1);
    assert_null(as_twin_scene_at(1000));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(twin_bytes_are_the_same_everywhere),
        cmocka_unit_test(twin_threads_do_not_matter),
        cmocka_unit_test(twin_seed_part_and_view_matter),
        cmocka_unit_test(twin_defects_follow_the_cfg),
        cmocka_unit_test(twin_refuses_nonsense),
        cmocka_unit_test(twin_refuses_another_picture),
        cmocka_unit_test(twin_scenes_are_filled_in),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
