/* SPDX-License-Identifier: Apache-2.0 */
/* Pictures come in order, as the twin draws them, however many threads draw; settings and replays keep to that. */
#include <setjmp.h>
#include <stdarg.h>
#include <unistd.h>

#include <cmocka.h>

#include "base/clock.h"
#include "base/fs.h"
#include "wire/pump.h"

#define SCENE "twin:cones?width=128&height=96&pixel=Mono8"

static as_pump *open_pump(const as_pump_cfg *cfg)
{
    as_err   err = AS_ERR_NONE;
    as_pump *pump = as_pump_open(cfg, &err);
    if (!pump)
        fail_msg("%s", err.text);
    return pump;
}

static as_pump_item next(as_pump *pump)
{
    as_err       err = AS_ERR_NONE;
    as_pump_item item = {0};
    if (!as_pump_next(pump, as_clock_mono() + 60 * AS_NS_PER_S, &item, &err))
        fail_msg("%s", err.text);
    return item;
}

static as_digest digest_of(const as_image *image)
{
    return as_sha256_of(image->data, image->stride_bytes * image->height);
}

static bool same(as_digest a, as_digest b)
{
    return memcmp(&a, &b, sizeof a) == 0;
}

/* By a twin of its own. */
static as_digest drawn(const as_twin_cfg *cfg, uint64_t part)
{
    as_err   err = AS_ERR_NONE;
    as_image image = {0};
    as_truth truth;
    as_twin *twin = as_twin_open("cones", cfg, &err);
    if (!twin)
        fail_msg("%s", err.text);
    void *scratch = malloc(as_twin_scratch_bytes(twin));
    assert_true(as_image_new(&image, cfg->pixel, cfg->width, cfg->height, &err));
    if (!as_twin_render(twin, part, 0, scratch, &image, &truth, &err))
        fail_msg("%s", err.text);
    as_digest digest = digest_of(&image);
    as_image_done(&image);
    free(scratch);
    as_twin_close(twin);
    return digest;
}

static as_twin_cfg small(void)
{
    as_twin_cfg cfg = as_twin_cfg_default();
    cfg.width = 128;
    cfg.height = 96;
    cfg.pixel = AS_PIXEL_MONO8;
    return cfg;
}

static as_twin_cfg plain_cfg(as_pump *pump)
{
    as_pump_settings s;
    as_pump_settings_get(pump, &s);
    return s.twin;
}

static void pump_gives_what_the_twin_draws(void **state)
{
    (void)state;
    as_digest first[12];
    for (uint32_t threads = 1; threads <= 4; threads += 3) {
        as_pump_cfg cfg = {.uri = SCENE, .n_threads = threads, .n_ahead = 5};
        as_pump    *pump = open_pump(&cfg);
        assert_true(as_pump_is_twin(pump) && !as_pump_has_sensor(pump));
        assert_true(as_pump_can(pump, AS_PIXEL_RGB8) && !as_pump_can(pump, AS_PIXEL_MONO12));
        for (uint64_t i = 0; i < 12; i++) {
            as_pump_item item = next(pump);
            assert_true(item.what == AS_PUMP_PICTURE && item.part == i + 1 && item.known && item.truth.part == i + 1);
            if (threads == 1)
                first[i] = digest_of(&item.frame->image);
            assert_true(same(first[i], digest_of(&item.frame->image)));
            as_pump_item_done(&item);
        }
        as_pump_close(pump);
    }
    as_twin_cfg cfg = small();
    assert_true(same(first[6], drawn(&cfg, 7)));
}

static void pump_shows_new_settings_from_the_next_picture_on(void **state)
{
    (void)state;
    as_err      err = AS_ERR_NONE;
    as_pump_cfg cfg = {.uri = SCENE, .n_threads = 3, .n_ahead = 6};
    for (int round = 0; round < 6; round++) {
        as_pump         *pump = open_pump(&cfg);
        as_pump_settings s;
        as_pump_item     item = next(pump);
        as_pump_item_done(&item);
        item = next(pump);
        as_digest second = digest_of(&item.frame->image);
        as_pump_item_done(&item);
        as_pump_settings_get(pump, &s);
        double was = s.twin.light;
        s.twin.light = 0.3;
        s.twin.dirt = 0.5;
        assert_true(as_pump_tune(pump, &s, &err));
        as_twin_cfg anew = small();
        anew.light = 0.3;
        anew.dirt = 0.5;
        item = next(pump);
        assert_int_equal(item.part, 3);
        as_digest third = digest_of(&item.frame->image);
        as_pump_item_done(&item);
        assert_true(same(third, drawn(&anew, 3)));
        assert_false(same(third, second));
        s.twin.light = 5000;
        assert_false(as_pump_tune(pump, &s, &err)); /* and nothing has changed */
        s.twin.light = was;
        s.width = 4000;
        assert_false(as_pump_tune(pump, &s, &err));
        assert_true(plain_cfg(pump).light < 0.31);
        item = next(pump);
        assert_int_equal(item.part, 4);
        as_pump_item_done(&item);
        as_pump_close(pump);
    }
}

static void pump_hands_on_a_window(void **state)
{
    (void)state;
    as_err           err = AS_ERR_NONE;
    as_pump_cfg      cfg = {.uri = SCENE "&sensor=imx250", .n_keep = 1};
    as_pump         *pump = open_pump(&cfg);
    as_pump_settings s;
    as_pump_item     whole = next(pump), part;
    assert_true(as_pump_has_sensor(pump) && as_pump_can(pump, AS_PIXEL_MONO12P));
    as_pump_settings_get(pump, &s);
    s.x = 20;
    s.y = 12;
    s.width = 64;
    s.height = 40;
    s.twin.pixel = AS_PIXEL_MONO12P;
    assert_true(as_pump_tune(pump, &s, &err));
    part = next(pump);
    const as_image *image = &part.frame->image;
    assert_true(image->width == 64 && image->height == 40 && image->pixel == AS_PIXEL_MONO12P);
    assert_int_equal(image->stride_bytes, 96);
    as_pump_item_done(&part);
    s.twin.pixel = AS_PIXEL_MONO8;
    assert_true(as_pump_tune(pump, &s, &err));
    part = next(pump);
    assert_int_equal(part.part, 3);
    as_pump_item_done(&part);
    as_pump_item_done(&whole);
    s.x = 0;
    s.y = 0;
    s.width = 128;
    s.height = 96;
    assert_true(as_pump_tune(pump, &s, &err));
    whole = next(pump);
    as_digest   full = digest_of(&whole.frame->image);
    as_twin_cfg drawn_with = small();
    drawn_with.sensor = "imx250";
    assert_true(same(full, drawn(&drawn_with, 4)));
    as_pump_item_done(&whole);
    as_pump_close(pump);
}

/* What goes where a real camera would has a sensor, unless its address speaks of the plain one. */
static void pump_has_the_usual_sensor_where_none_is_named(void **state)
{
    (void)state;
    const struct {
        const char *uri, *sensor; /* NULL: plain */
    } rows[] = {{SCENE, "generic"},       {SCENE "&sensor=worn", "worn"}, {SCENE "&sensor=plain", NULL},
                {SCENE "&sensor=", NULL}, {SCENE "&gain=40", NULL},       {SCENE "&noise=6", NULL}};
    for (size_t i = 0; i < AS_COUNT(rows); i++) {
        as_pump_cfg  cfg = {.uri = rows[i].uri, .has_sensor = true};
        as_pump     *pump = open_pump(&cfg);
        as_pump_item item = next(pump);
        as_twin_cfg  like = small();
        like.sensor = rows[i].sensor;
        like.gain_e_per_dn = i == 4 ? 40 : -1;
        like.read_noise_e = i == 5 ? 6 : -1;
        assert_int_equal(as_pump_has_sensor(pump), rows[i].sensor != NULL);
        assert_int_equal(as_pump_can(pump, AS_PIXEL_MONO10), rows[i].sensor != NULL);
        assert_true(same(digest_of(&item.frame->image), drawn(&like, 1)));
        as_pump_item_done(&item);
        as_pump_close(pump);
    }
}

static void pump_tells_of_faults_and_repeats_a_frozen_picture(void **state)
{
    (void)state;
    char  path[64] = "/tmp/pump_test_XXXXXX";
    int   fd = mkstemp(path);
    FILE *file = fdopen(fd, "w");
    fputs("faults:\n  - {fault: frame_loss, from: 2, until: 3, amount: 1}\n"
          "  - {fault: missing_trigger, from: 3, until: 4, amount: 1}\n"
          "  - {fault: frozen_frame, from: 5, until: 7, amount: 1}\n"
          "  - {fault: double_trigger, from: 7, until: 8, amount: 1}\n",
          file);
    fclose(file);
    char uri[200];
    snprintf(uri, sizeof uri, SCENE "&script=%s&parts=8", path);
    as_pump_cfg        cfg = {.uri = uri, .n_keep = 8};
    as_pump           *pump = open_pump(&cfg);
    const as_pump_what what[] = {AS_PUMP_PICTURE, AS_PUMP_LOST,    AS_PUMP_UNSEEN,  AS_PUMP_PICTURE, AS_PUMP_PICTURE,
                                 AS_PUMP_PICTURE, AS_PUMP_PICTURE, AS_PUMP_PICTURE, AS_PUMP_PICTURE};
    const uint64_t     parts[] = {1, 2, 3, 4, 5, 6, 7, 7, 8};
    as_pump_item       items[9];
    for (size_t i = 0; i < 9; i++) {
        items[i] = next(pump);
        assert_int_equal(items[i].what, what[i]);
        assert_int_equal(items[i].part, parts[i]);
        json_t *json = as_pump_item_json(&items[i]);
        assert_int_equal(json_integer_value(json_object_get(json, "part")), parts[i]);
        assert_true((json_object_size(json_object_get(json, "faults")) > 0) == (items[i].faults != 0));
        json_decref(json);
    }
    assert_ptr_equal(items[4].frame, items[3].frame);
    assert_ptr_equal(items[5].frame, items[3].frame);
    assert_ptr_not_equal(items[6].frame, items[3].frame);
    assert_true(items[7].again && !items[6].again);
    assert_true(same(digest_of(&items[6].frame->image), digest_of(&items[7].frame->image)));
    as_err       err = AS_ERR_NONE;
    as_pump_item none;
    assert_false(as_pump_next(pump, as_clock_mono() + 10 * AS_NS_PER_S, &none, &err));
    assert_int_equal(err.code, AS_EEND);
    for (size_t i = 0; i < 9; i++)
        as_pump_item_done(&items[i]);
    as_pump_close(pump);
    unlink(path);
}

static void pump_replays(void **state)
{
    (void)state;
    as_pump_cfg  cfg = {.uri = SCENE, .n_replay = 4, .n_threads = 2, .n_keep = 9};
    as_pump     *pump = open_pump(&cfg);
    as_pump_item items[9];
    for (size_t i = 0; i < 9; i++) {
        items[i] = next(pump);
        assert_int_equal(items[i].part, i % 4 + 1);
        if (i >= 4 + 3) /* what was claimed before the first round was drawn is drawn twice at most */
            assert_true(same(digest_of(&items[i].frame->image), digest_of(&items[i - 4].frame->image)));
    }
    for (size_t i = 0; i < 9; i++)
        as_pump_item_done(&items[i]);
    as_pump_close(pump);
}

/* What was made ahead of a camera that does not wait is as old as the time since. */
static void pump_forgets_what_is_old(void **state)
{
    (void)state;
    static const char picture[] = "P5\n4 2\n255\n12345678";
    as_err            err = AS_ERR_NONE;
    char              dir[] = "/tmp/pump-XXXXXX", path[64], uri[96];
    assert_non_null(mkdtemp(dir));
    snprintf(path, sizeof path, "%s/a.pgm", dir);
    if (!as_fs_write(path, picture, sizeof picture - 1, &err))
        fail_msg("%s", err.text);
    snprintf(uri, sizeof uri, "folder:%s?fps=200&loop=1", dir);
    as_pump_cfg  cfg = {.uri = uri, .n_keep = 1};
    as_pump     *pump = open_pump(&cfg);
    as_pump_item item = next(pump);
    as_ns        since = item.frame->time_mono;
    assert_true(since > 0);
    as_pump_item_done(&item);
    while (as_clock_mono() < since + 30 * AS_NS_PER_MS) /* it makes some more */
        as_clock_sleep_until(since + 30 * AS_NS_PER_MS);
    since = as_clock_mono();
    as_pump_fresh(pump);
    for (int i = 0; i < 3; i++) {
        item = next(pump);
        assert_true(item.frame->time_mono >= since);
        as_pump_item_done(&item);
    }
    as_pump_close(pump);
    unlink(path);
    rmdir(dir);
}

static void pump_knows_the_part_that_comes(void **state)
{
    (void)state;
    as_pump_cfg cfg = {.uri = SCENE "&from=200&views=2", .n_keep = 1};
    as_pump    *pump = open_pump(&cfg);
    for (uint64_t i = 0; i < 5; i++) {
        assert_int_equal(as_pump_next_part(pump), 200 + i / 2);
        as_pump_item item = next(pump);
        assert_int_equal(item.part, 200 + i / 2);
        as_pump_item_done(&item);
    }
    as_pump_close(pump);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(pump_gives_what_the_twin_draws),
        cmocka_unit_test(pump_shows_new_settings_from_the_next_picture_on),
        cmocka_unit_test(pump_hands_on_a_window),
        cmocka_unit_test(pump_has_the_usual_sensor_where_none_is_named),
        cmocka_unit_test(pump_tells_of_faults_and_repeats_a_frozen_picture),
        cmocka_unit_test(pump_replays),
        cmocka_unit_test(pump_forgets_what_is_old),
        cmocka_unit_test(pump_knows_the_part_that_comes),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
