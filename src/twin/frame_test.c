/* SPDX-License-Identifier: Apache-2.0 */
/* What comes into the picture from beyond the frame is scene, not the frame's edge once more; and the frame does not change by it. */
#include <math.h>

#include "twin/twin_rig.h"

enum { WIDTH = 320, HEIGHT = 240 };

static as_twin_cfg quiet(void)
{
    as_twin_cfg cfg = as_twin_cfg_default();
    cfg.width = WIDTH;
    cfg.height = HEIGHT;
    cfg.pixel = AS_PIXEL_MONO8;
    cfg.read_noise_e = 0;
    cfg.gain_e_per_dn = 10000; /* hardly any noise */
    return cfg;
}

static as_script script_of(const char *text)
{
    as_script script;
    as_err    err = AS_ERR_NONE;
    if (!as_script_parse(text, strlen(text), "s", &script, &err))
        fail_msg("%s", err.text);
    return script;
}

static bool draws_beyond(size_t i)
{
    return as_twin_scene_at(i)->margins;
}

static void the_frame_stays_as_it_is(void **state)
{
    const as_script later = script_of("faults: [{fault: camera_moved, from: 100, amount: 9},\n"
                                      "  {fault: vibration, from: 100, amount: 9}]\n");
    size_t          n_scenes = 0;
    (void)state;
    for (size_t i = 0; as_twin_scene_at(i); i++) {
        as_twin_cfg cfg = quiet();
        cfg.defect_share = 1;
        twin_rig plain = twin_rig_open(as_twin_scene_at(i)->name, &cfg);
        cfg.script = &later;
        twin_rig wide = twin_rig_open(as_twin_scene_at(i)->name, &cfg);
        assert_true((as_twin_frame_of(wide.twin).left > 0) == draws_beyond(i));
        n_scenes += draws_beyond(i);
        for (uint64_t part = 1; part <= 5; part++) {
            size_t n = 0;
            (void)twin_rig_look(&plain, part, 0);
            (void)twin_rig_look(&wide, part, 0);
            for (size_t y = 0; y < HEIGHT; y++)
                for (size_t x = 0; x < WIDTH; x++)
                    n += abs(plain.image.data[y * plain.image.stride_bytes + x] -
                             wide.image.data[y * wide.image.stride_bytes + x]) > 2;
            if (n > WIDTH * HEIGHT / 100) /* a drop's grain lies where its pixels do */
                fail_msg("%s, part %d: %zu pixels differ", as_twin_scene_at(i)->name, (int)part, n);
            assert_int_equal(plain.truth.n_findings, wide.truth.n_findings);
            for (size_t k = 0; k < plain.truth.n_findings; k++)
                for (int b = 0; b < 4; b++)
                    assert_true(fabsf(plain.truth.findings[k].box_px[b] - wide.truth.findings[k].box_px[b]) <= 2.0f);
        }
        twin_rig_close(&plain);
        twin_rig_close(&wide);
    }
    assert_true(n_scenes >= 3);
}

/* How often six neighbours along a row are the same to the level, in columns x0 up to x1 of rows y0 up to y1. */
static double alike(const as_image *image, size_t x0, size_t x1, size_t y0, size_t y1)
{
    size_t n = 0;
    for (size_t y = y0; y < y1; y++)
        for (size_t x = x0; x < x1; x++) {
            const uint8_t *p = image->data + y * image->stride_bytes + x;
            bool           same = true;
            for (int i = 1; i < 6; i++)
                same = same && p[i] == p[0];
            n += same;
        }
    return (double)n / (double)((x1 - x0) * (y1 - y0));
}

/* Along the edges, against the same places of the picture that nothing moves. but: a scene that is left out, or NULL. */
static void shows_scene(const char *what, const as_twin_cfg *usual, const as_twin_cfg *cfg, double more,
                        const char *but)
{
    for (size_t i = 0; as_twin_scene_at(i); i++) {
        if (!draws_beyond(i) || (but && strcmp(as_twin_scene_at(i)->name, but) == 0))
            continue;
        twin_rig still = twin_rig_open(as_twin_scene_at(i)->name, usual);
        twin_rig moved = twin_rig_open(as_twin_scene_at(i)->name, cfg);
        for (uint64_t part = 1; part <= 4; part++) {
            (void)twin_rig_look(&still, part, 0);
            (void)twin_rig_look(&moved, part, 0);
            for (int side = 0; side < 2; side++) {
                const size_t x0 = side ? WIDTH - 14 : 0, x1 = x0 + 8;
                const double was = alike(&still.image, x0, x1, 120, HEIGHT),
                             is = alike(&moved.image, x0, x1, 120, HEIGHT);
                if (is > was + more)
                    fail_msg("%s, %s: %g of an edge is the same pixel, without %g", as_twin_scene_at(i)->name, what, is,
                             was);
            }
        }
        twin_rig_close(&still);
        twin_rig_close(&moved);
    }
}

static void a_barrel_shows_more(void **state)
{
    (void)state;
    as_twin_cfg cfg = quiet(), usual = cfg;
    cfg.distortion = -0.2;
    shows_scene("a barrel", &usual, &cfg, 0.15, NULL);
}

static void a_moved_camera_shows_more(void **state)
{
    (void)state;
    as_twin_cfg     cfg = quiet(), usual = cfg;
    const as_script moved = script_of("faults: [{fault: camera_moved, from: 1, amount: -6}]\n");
    cfg.script = &moved;
    shows_scene("a moved camera", &usual, &cfg, 0.15, NULL);
}

static void a_rolling_shutter_shows_more(void **state)
{
    (void)state;
    as_twin_cfg cfg = quiet();
    cfg.read_noise_e = -1;
    cfg.gain_e_per_dn = -1;
    cfg.sensor = "rolling";
    cfg.own.dark_noise_e = 0;
    cfg.own.full_well_e = 1e6;
    cfg.own.prnu_ratio = cfg.own.dsnu_e = 0;
    cfg.exposure_us = 30;
    cfg.light = 10;
    cfg.belt_mm_per_s = 1;
    const as_twin_cfg usual = cfg;
    cfg.belt_mm_per_s = 3000;
    shows_scene("a rolling shutter", &usual, &cfg, 0.4, "fabric"); /* whose threads lie along the rows */
}

/* Far away, nothing is drawn that need not be. */
static void the_frame_is_bounded(void **state)
{
    (void)state;
    as_twin_cfg     cfg = quiet();
    const as_script far = script_of("faults: [{fault: camera_moved, from: 1, amount: 200}]\n");
    twin_rig        r = twin_rig_open("metal", &cfg);
    as_twin_frame   f = as_twin_frame_of(r.twin);
    assert_int_equal(f.left + f.top + f.right + f.bottom, 0);
    twin_rig_close(&r);
    cfg.script = &far;
    r = twin_rig_open("metal", &cfg);
    f = as_twin_frame_of(r.twin);
    assert_true(f.left == WIDTH / 2 && f.right <= WIDTH / 2 && f.top <= HEIGHT / 2 && f.bottom <= HEIGHT / 2);
    (void)twin_rig_look(&r, 1, 0);
    twin_rig_close(&r);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(the_frame_stays_as_it_is),  cmocka_unit_test(a_barrel_shows_more),
        cmocka_unit_test(a_moved_camera_shows_more), cmocka_unit_test(a_rolling_shutter_shows_more),
        cmocka_unit_test(the_frame_is_bounded),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
