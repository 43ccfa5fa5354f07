/* SPDX-License-Identifier: Apache-2.0 */
#include <math.h>
#include <setjmp.h>
#include <stdarg.h>

#include <cmocka.h>
#include <string.h>

#include "base/rng.h"
#include "intake/scene.h"

enum { WIDTH = 320, HEIGHT = 240 };

/* A bright ground with a dark part that is elsewhere in each frame. fall: darker in the corners; spot: dirt. */
static void make_map(as_rng *rng, double fall, double spot, as_image_map *ret)
{
    static uint8_t pixels[WIDTH * HEIGHT];
    as_err         err = AS_ERR_NONE;
    as_image_stats stats;
    as_image       image = {AS_PIXEL_MONO8, WIDTH, HEIGHT, WIDTH, pixels};
    double         px = as_rng_range(rng, 40, WIDTH - 40), py = as_rng_range(rng, 40, HEIGHT - 40);
    for (uint32_t y = 0; y < HEIGHT; y++)
        for (uint32_t x = 0; x < WIDTH; x++) {
            double u = 2.0 * x / WIDTH - 1, v = 2.0 * y / HEIGHT - 1;
            double level = 180 * (1 - fall * (u * u + v * v) / 2) + 2 * as_rng_normal(rng);
            level *= hypot(x - px, y - py) < 30 ? 0.6 : 1;
            level *= hypot(x - 200.0, y - 75.0) < 4 ? 1 - spot : 1;
            pixels[y * WIDTH + x] = (uint8_t)fmin(fmax(level, 0), 255);
        }
    assert_true(as_image_stats_of(&image, &stats, &err));
    *ret = stats.map;
}

static void make_mean(double fall, double spot, as_image_map *ret)
{
    as_err       err = AS_ERR_NONE;
    as_rng       rng = as_rng_new(3);
    as_scenes    scenes = {0};
    as_scene    *scene;
    as_image_map map;
    assert_true(as_scenes_of(&scenes, "c", &scene, &err));
    for (int i = 1; i <= AS_SCENE_FRAMES; i++) {
        make_map(&rng, fall, spot, &map);
        assert_int_equal(as_scene_add(scene, &map, WIDTH, HEIGHT, ret), i == AS_SCENE_FRAMES);
    }
    as_scenes_done(&scenes);
}

static void test_vignetting(void **state)
{
    (void)state;
    as_image_map mean;
    make_mean(0, 0, &mean);
    assert_true(as_scene_vignetting(&mean) < 0.1);
    for (double fall = 0.3; fall < 0.8; fall += 0.2) {
        make_mean(fall, 0, &mean);
        if (fabs(as_scene_vignetting(&mean) - fall) > 0.1)
            fail_msg("%g is %g", fall, as_scene_vignetting(&mean));
    }
    /* A bright part that fills the middle before a dark ground: its edge is no fall; the lens's own is seen beside it. */
    for (int falls = 0; falls < 2; falls++) {
        make_mean(falls ? 0.6 : 0, 0, &mean);
        for (uint32_t r = 0; r < mean.down; r++)
            for (uint32_t k = 0; k < mean.across; k++)
                if (r < 7 || r >= mean.down - 7 || k < 7 || k >= mean.across - 7)
                    mean.cells[r][k] /= 5;
        double found = as_scene_vignetting(&mean);
        if (falls ? fabs(found - 0.6) > 0.12 : found > 0.1)
            fail_msg("before a dark ground it is %g", found);
    }
    make_mean(0, 0, &mean);
    for (uint32_t r = 0; r < mean.down; r++) /* light from one side is not the lens */
        for (uint32_t k = 0; k < mean.across; k++)
            mean.cells[r][k] = (uint16_t)(5000 + 500 * k);
    assert_true(as_scene_vignetting(&mean) < 0.1);
}

static void test_dirt(void **state)
{
    (void)state;
    as_image_map mean;
    make_mean(0.3, 0, &mean);
    assert_int_equal(as_scene_dirt(&mean, 0.1).n, 0); /* parts come and go */
    make_mean(0.3, 0.5, &mean);
    as_scene_spot spot = as_scene_dirt(&mean, 0.1);
    assert_true(spot.n >= 1 && spot.depth_ratio > 0.2);
    assert_true(fabs(spot.x * WIDTH - 200) < 6 && fabs(spot.y * HEIGHT - 75) < 6);
    assert_int_equal(as_scene_dirt(&mean, 0.6).n, 0);
    for (uint32_t r = 0; r < mean.down; r++) /* a fixture's edge is no spot */
        for (uint32_t k = 0; k < mean.across; k++)
            mean.cells[r][k] = k < 30 ? 40000 : 9000;
    assert_int_equal(as_scene_dirt(&mean, 0.1).n, 0);
    for (uint32_t r = 0; r < mean.down; r++) /* nor is a thin line of it */
        for (uint32_t k = 0; k < mean.across; k++)
            mean.cells[r][k] = k == 30 ? 9000 : 40000;
    assert_int_equal(as_scene_dirt(&mean, 0.1).n, 0);
}

static void test_differ(void **state)
{
    (void)state;
    as_rng       rng = as_rng_new(9);
    as_image_map a, b;
    double       cell, sample;
    make_map(&rng, 0, 0, &a);
    assert_true(as_scene_differ(&a, &a, &cell, &sample) && cell <= 0 && sample <= 0);
    make_map(&rng, 0, 0, &b);
    assert_true(as_scene_differ(&a, &b, &cell, &sample) && cell > 10 && sample > 1);
    b.across--;
    assert_false(as_scene_differ(&a, &b, &cell, &sample));
}

static void test_cameras(void **state)
{
    (void)state;
    as_err       err = AS_ERR_NONE;
    as_scenes    scenes = {0};
    as_scene    *a, *b;
    as_image_map map = {.across = 8, .down = 8}, mean;
    char         name[AS_SCENE_NAME_BYTES + 1];
    assert_true(as_scenes_of(&scenes, "", &a, &err) && !a);
    memset(name, 'x', sizeof name - 1);
    name[sizeof name - 1] = '\0';
    assert_true(as_scenes_of(&scenes, name, &a, &err) && !a);
    assert_true(as_scenes_of(&scenes, "a", &a, &err) && as_scenes_of(&scenes, "b", &b, &err));
    assert_true(a && b && a != b && !a->has_last);
    assert_true(as_scenes_of(&scenes, "a", &b, &err) && a == b);
    /* Another size begins anew. */
    for (int i = 1; i < AS_SCENE_FRAMES; i++)
        assert_false(as_scene_add(a, &map, 8, 8, &mean));
    assert_false(as_scene_add(a, &map, 9, 8, &mean));
    assert_int_equal(a->n, 1);
    for (int i = 2; i < AS_SCENE_MOST + 9; i++) {
        snprintf(name, sizeof name, "%d", i);
        assert_true(as_scenes_of(&scenes, name, &b, &err));
    }
    assert_null(b);
    as_scenes_done(&scenes);
}

/* Far too small to speak of places. */
static void test_tiny(void **state)
{
    (void)state;
    as_image_map map = {.across = 3, .down = 3};
    assert_true(as_scene_vignetting(&map) <= 0);
    assert_int_equal(as_scene_dirt(&map, 0).n, 0);
}

int main(void)
{
    const struct CMUnitTest tests[] = {cmocka_unit_test(test_vignetting), cmocka_unit_test(test_dirt),
                                       cmocka_unit_test(test_differ), cmocka_unit_test(test_cameras),
                                       cmocka_unit_test(test_tiny)};
    return cmocka_run_group_tests(tests, NULL, NULL);
}
