/* SPDX-License-Identifier: Apache-2.0 */
/* The conformance suite that every driver row passes. */
#include "camera/setting.h"

#include <setjmp.h>
#include <stdarg.h>

#include <cmocka.h>

#include "base/clock.h"
#include "base/fs.h"
#include "base/str.h"
#include "base/thread.h"
#include "image/codec.h"

#ifndef __has_feature
#define __has_feature(x) 0
#endif
#if defined(__SANITIZE_THREAD__) || __has_feature(thread_sanitizer)
#define UNDER_TSAN true
#else
#define UNDER_TSAN false
#endif

/* How a driver is tried. %s is the place made for it: a folder of six pictures, a video of 40. */
typedef struct camera_sample {
    const char *driver;
    const char *good, *slow, *fast; /* at least 5 frames; one a second; at least 20 a second and never waiting */
    const char *bad;                /* does not open */
    const char *half;               /* neither, but only after a good deal was opened */
    const char *ends;               /* after a few frames; NULL: never */
    bool        glib;               /* its locks read as races to the thread sanitizer */
} camera_sample;

static const camera_sample camera_samples[] = {
    {"folder", "folder:%s", "folder:%s?fps=1", "folder:%s?fps=200&loop=1", "folder:/nowhere/at/all", "folder:%s/none",
     "folder:%s", false},
    {"twin", "twin:cones", "twin:cones?fps=1", "twin:cones?fps=200", "twin:nothing", "twin:cones?sensor=none",
     "twin:cones?parts=5", false},
    {"gige", "gige:fake?fps=50", "gige:fake?fps=1", "gige:fake?fps=50", "gige:nobody", "gige:fake?Width=99999", NULL,
     true},
    {"gst", "gst:file=%s", "gst:file=%s?fps=1", "gst:file=%s?fps=200&loop=1", "gst:file=/nowhere.mp4",
     "gst:file=%s.txt", "gst:file=%s", true},
};

static char camera_folder[64], camera_video[128];

/* YUV4MPEG2, which is written in a line; and beside it what is no video. */
static bool camera_make_video(void)
{
    as_err err = AS_ERR_NONE;
    as_str video;
    char   text[sizeof camera_video + 4];
    as_str_init(&video);
    as_str_add(&video, "YUV4MPEG2 W64 H48 F25:1 Ip A1:1 C420\n");
    for (int i = 0; i < 40; i++) {
        uint8_t frame[64 * 48 * 3 / 2];
        memset(frame, 16 + 5 * i, 64 * 48);
        memset(frame + 64 * 48, 128, sizeof frame - 64 * 48);
        as_str_add(&video, "FRAME\n");
        as_str_add_bytes(&video, frame, sizeof frame);
    }
    snprintf(camera_video, sizeof camera_video, "%s/.video.y4m", camera_folder);
    snprintf(text, sizeof text, "%s.txt", camera_video);
    bool ok = as_str_ok(&video) && as_fs_write_fast(camera_video, video.s, video.len, &err) &&
              as_fs_write_fast(text, "no video", 8, &err);
    as_str_done(&video);
    return ok;
}

static int camera_make_places(void **state)
{
    as_err   err = AS_ERR_NONE;
    as_image image;
    as_str   png;
    (void)state;
    snprintf(camera_folder, sizeof camera_folder, "/tmp/assay-camera-test.XXXXXX");
    if (!mkdtemp(camera_folder) || !as_image_new(&image, AS_PIXEL_RGB8, 32, 24, &err))
        return -1;
    memset(image.data, 77, image.stride_bytes * image.height);
    as_str_init(&png);
    bool ok = as_codec_encode_png(&image, 1, &png, &err);
    for (int i = 0; i < 6; i++) {
        char path[128];
        snprintf(path, sizeof path, "%s/%d.png", camera_folder, i);
        ok = ok && as_fs_write_fast(path, png.s, png.len, &err);
    }
    as_str_done(&png);
    as_image_done(&image);
    return ok && camera_make_video() ? 0 : -1;
}

static int camera_remove_places(void **state)
{
    as_err err;
    (void)state;
    return as_fs_remove_tree(camera_folder, &err) ? 0 : -1;
}

/* The sample of a row; NULL, with the reason printed, when it cannot be tried here. */
static const camera_sample *camera_sample_of(const as_camera_driver *driver)
{
    for (size_t i = 0; i < AS_COUNT(camera_samples); i++) {
        const camera_sample *sample = &camera_samples[i];
        if (strcmp(sample->driver, driver->name) != 0)
            continue;
        if (sample->glib && UNDER_TSAN) {
            print_message("skipped %s: GLib's locks read as races to the thread sanitizer\n", driver->name);
            return NULL;
        }
        return sample;
    }
    fail_msg("driver '%s' has no row in camera_samples", driver->name);
    return NULL;
}

static void camera_uri(const camera_sample *sample, const char *form, char uri[512])
{
    const char *place = strcmp(sample->driver, "gst") == 0 ? camera_video : camera_folder, *hole = strstr(form, "%s");
    if (hole)
        snprintf(uri, 512, "%.*s%s%s", (int)(hole - form), form, place, hole + 2);
    else
        snprintf(uri, 512, "%s", form);
}

static as_camera *camera_open(const camera_sample *sample, const char *form, uint32_t n_frames)
{
    as_err err = AS_ERR_NONE;
    char   uri[512];
    camera_uri(sample, form, uri);
    as_camera_cfg cfg = {.uri = uri, .n_frames = n_frames};
    if (strcmp(sample->driver, "twin") == 0)
        cfg.width = cfg.height = 48;
    as_camera *cam = as_camera_open(&cfg, &err);
    if (!cam)
        fail_msg("%s", err.text);
    assert_string_equal(as_camera_uri(cam), uri);
    return cam;
}

/* Calls check for each row that can be tried here. */
static void camera_for_each(void (*check)(const camera_sample *sample))
{
    const as_camera_driver *driver;
    for (size_t i = 0; (driver = as_camera_driver_at(i)) != NULL; i++) {
        const camera_sample *sample = camera_sample_of(driver);
        if (sample)
            check(sample);
    }
}

static void camera_rows_are_filled_in(void **state)
{
    (void)state;
    const as_camera_driver *driver;
    size_t                  n = 0;
    for (; (driver = as_camera_driver_at(n)) != NULL; n++) {
        assert_true(driver->name && driver->summary && driver->help && driver->priv_size > 0);
        assert_true(driver->open && driver->fill && driver->close);
        assert_true(!driver->features == !driver->get && !driver->get == !driver->set);
        size_t length = strlen(driver->name);
        assert_true(strncmp(driver->help, driver->name, length) == 0 && driver->help[length] == ':');
        assert_true(driver->help[strlen(driver->help) - 1] == '\n' && !strchr(driver->summary, '\n'));
        for (size_t k = 0; k < n; k++)
            assert_string_not_equal(driver->name, as_camera_driver_at(k)->name);
    }
    assert_true(n >= 2);
}

static void camera_refuses(const char *uri, as_err_code code)
{
    as_err        err = AS_ERR_NONE;
    as_camera_cfg cfg = {.uri = uri};
    assert_null(as_camera_open(&cfg, &err));
    if (code != AS_OK)
        assert_int_equal(err.code, code);
    if (err.code == AS_OK || !strstr(err.text, uri))
        fail_msg("'%s' gave '%s'", uri, err.text);
}

static void camera_check_bad(const camera_sample *sample)
{
    char uri[100];
    camera_refuses(sample->bad, strcmp(sample->driver, "twin") == 0 ? AS_ENOTFOUND : AS_EMISSING);
    snprintf(uri, sizeof uri, "%s?frobnicate=1", sample->bad);
    camera_refuses(uri, AS_EINVAL);
}

/* What was opened before the mistake was seen is closed again, and the next one opens. */
static void camera_check_half(const camera_sample *sample)
{
    char uri[512];
    camera_uri(sample, sample->half, uri);
    for (int i = 0; i < 3; i++)
        camera_refuses(uri, AS_OK);
    as_camera_close(camera_open(sample, sample->good, 0));
}

static void camera_closes_what_is_half_open(void **state)
{
    (void)state;
    camera_for_each(camera_check_half);
}

/* Two of the same do not know of each other. */
static void camera_check_twice(const camera_sample *sample)
{
    as_camera *cams[2];
    as_err     err = AS_ERR_NONE;
    for (int i = 0; i < 2; i++)
        cams[i] = camera_open(sample, sample->good, 0);
    for (int i = 0; i < 6; i++) {
        as_frame *frame = as_camera_next(cams[i % 2], as_clock_mono() + 10 * AS_NS_PER_S, &err);
        if (!frame)
            fail_msg("%s", err.text);
        as_frame_unref(frame);
    }
    as_camera_close(cams[0]);
    as_frame *frame = as_camera_next(cams[1], as_clock_mono() + 10 * AS_NS_PER_S, &err);
    if (!frame)
        fail_msg("%s", err.text);
    as_frame_unref(frame);
    as_camera_close(cams[1]);
}

static void camera_opens_twice(void **state)
{
    (void)state;
    camera_for_each(camera_check_twice);
}

static void camera_check_end(const camera_sample *sample)
{
    as_err err = AS_ERR_NONE;
    int    n = 0;
    if (!sample->ends)
        return;
    as_camera *cam = camera_open(sample, sample->ends, 0);
    for (as_frame *frame; (frame = as_camera_next(cam, as_clock_mono() + 10 * AS_NS_PER_S, &err)) != NULL; n++)
        as_frame_unref(frame);
    if (err.code != AS_EEND)
        fail_msg("%s after %d frames: %s", sample->ends, n, err.text);
    assert_true(n >= 5 && n <= 40);
    err.code = AS_OK;
    assert_null(as_camera_next(cam, as_clock_mono() + 10 * AS_NS_PER_S, &err)); /* and for ever */
    assert_int_equal(err.code, AS_EEND);
    as_camera_stats stats;
    as_camera_stats_of(cam, &stats);
    assert_true(stats.n_frames[AS_FRAME_OK] == (uint64_t)n && stats.n_lost == 0 && stats.n_gaps == 0);
    as_camera_close(cam);
}

static void camera_ends_for_ever(void **state)
{
    (void)state;
    camera_for_each(camera_check_end);
}

static void camera_says_why_it_does_not_open(void **state)
{
    (void)state;
    camera_for_each(camera_check_bad);
    camera_refuses("nodriver:x", AS_ENOTFOUND);
    as_err        all = AS_ERR_NONE;
    as_camera_cfg none = {.uri = "nodriver:x"};
    assert_null(as_camera_open(&none, &all)); /* those there are, and those left out, each once */
    assert_non_null(strstr(all.text, "(there are folder, twin"));
    assert_non_null(strstr(all.text, "gige"));
    assert_non_null(strstr(all.text, "gst"));
    camera_refuses("cones", AS_EINVAL);
    camera_refuses(":x", AS_EINVAL);
    as_err        err = AS_ERR_NONE;
    as_camera_cfg cfg = {.uri = "twin:cones", .n_frames = 100000};
    assert_null(as_camera_open(&cfg, &err));
    assert_int_equal(err.code, AS_ELIMIT);
    assert_null(as_camera_close(NULL));
}

static void camera_check_frames(const camera_sample *sample)
{
    as_camera         *cam = camera_open(sample, sample->good, 0);
    as_camera_geometry g = as_camera_geometry_of(cam);
    uint64_t           next = 0;
    assert_true(g.pixel != AS_PIXEL_NONE && g.width > 0 && g.height > 0);
    for (uint64_t i = 0; i < 5; i++) {
        as_err    err = AS_ERR_NONE;
        as_frame *frame = as_camera_next(cam, as_clock_mono() + 10 * AS_NS_PER_S, &err);
        if (!frame)
            fail_msg("%s", err.text);
        assert_true(frame->sequence >= next && frame->part == frame->sequence + 1);
        next = frame->sequence + 1;
        assert_int_equal(frame->status, AS_FRAME_OK);
        assert_true(frame->image.width <= g.width && frame->image.height <= g.height && frame->image.data);
        assert_true(frame->time_mono > 0 && frame->time_mono <= as_clock_mono());
        assert_true(frame->time_utc > 1577836800 * AS_NS_PER_S); /* 2020 */
        as_frame_unref(frame);
    }
    assert_int_equal(as_camera_lost(cam), next - 5);
    assert_null(as_camera_close(cam));
}

static void camera_counts_its_frames(void **state)
{
    (void)state;
    camera_for_each(camera_check_frames);
}

static void camera_check_timeout(const camera_sample *sample)
{
    as_camera *cam = camera_open(sample, sample->slow, 0);
    as_err     err = AS_ERR_NONE;
    as_ns      began = 0;
    for (int i = 0; i < 3 && err.code == AS_OK; i++) { /* one or two may be ready */
        began = as_clock_mono();
        as_frame_unref(as_camera_next(cam, began + 80 * AS_NS_PER_MS, &err));
    }
    as_ns took = as_clock_mono() - began;
    assert_int_equal(err.code, AS_ETIMEOUT);
    assert_true(took >= 75 * AS_NS_PER_MS && took < 600 * AS_NS_PER_MS);
    as_camera_close(cam);
}

static void camera_keeps_deadlines(void **state)
{
    (void)state;
    camera_for_each(camera_check_timeout);
}

typedef struct camera_waiter {
    as_camera *cam;
    as_err     err;
    as_ns      ended;
} camera_waiter;

static void camera_wait_for_ever(void *ctx)
{
    camera_waiter *waiter = ctx;
    as_frame      *frame;
    while ((frame = as_camera_next(waiter->cam, INT64_MAX, &waiter->err)) != NULL)
        as_frame_unref(frame);
    waiter->ended = as_clock_mono();
}

static void camera_check_stop(const camera_sample *sample)
{
    camera_waiter waiter = {.cam = camera_open(sample, sample->slow, 0)};
    as_err        err = AS_ERR_NONE;
    as_thread    *thread = as_thread_start("waiter", camera_wait_for_ever, &waiter, &err);
    assert_non_null(thread);
    as_clock_sleep_until(as_clock_mono() + 30 * AS_NS_PER_MS);
    as_ns stopped = as_clock_mono();
    as_camera_stop(waiter.cam);
    as_thread_join(thread);
    assert_int_equal(waiter.err.code, AS_ECANCELLED);
    assert_true(waiter.ended - stopped < 200 * AS_NS_PER_MS);
    assert_null(as_camera_next(waiter.cam, INT64_MAX, &err));
    assert_int_equal(err.code, AS_ECANCELLED);
    as_camera_close(waiter.cam);
}

static void camera_stops_from_another_thread(void **state)
{
    (void)state;
    camera_for_each(camera_check_stop);
}

static void camera_check_busy(const camera_sample *sample, const char *form, bool waits)
{
    as_camera *cam = camera_open(sample, form, 2);
    as_frame  *held[2];
    as_err     err = AS_ERR_NONE;
    assert_int_equal(as_camera_geometry_of(cam).can_wait, waits);
    for (int i = 0; i < 2; i++) {
        held[i] = as_camera_next(cam, as_clock_mono() + 10 * AS_NS_PER_S, &err);
        if (!held[i])
            fail_msg("%s", err.text);
    }
    uint64_t lost = as_camera_lost(cam), last = held[1]->sequence;
    assert_null(as_camera_next(cam, as_clock_mono() + (waits ? 10 : 2000) * AS_NS_PER_MS, &err));
    assert_int_equal(err.code, AS_EBUSY);
    assert_true(waits ? as_camera_lost(cam) == lost : as_camera_lost(cam) > lost);
    as_frame_unref(held[0]);
    held[0] = as_camera_next(cam, as_clock_mono() + 10 * AS_NS_PER_S, &err);
    if (!held[0])
        fail_msg("%s", err.text);
    assert_true(waits ? held[0]->sequence == last + 1 : held[0]->sequence > last + 1);
    as_frame_unref(held[0]);
    as_frame_unref(held[1]);
    as_camera_close(cam);
}

static void camera_check_exhaustion(const camera_sample *sample)
{
    camera_check_busy(sample, sample->fast, false);
    if (strcmp(sample->driver, "gige") != 0)
        camera_check_busy(sample, sample->good, true);
}

static void camera_counts_what_it_loses(void **state)
{
    (void)state;
    camera_for_each(camera_check_exhaustion);
}

/* Every setting reads as it is listed; one that can be set takes its own value, a wrong name is told apart. */
static void camera_check_settings(const camera_sample *sample)
{
    as_camera      *cam = camera_open(sample, sample->good, 0);
    as_err          err = AS_ERR_NONE;
    as_setting_list list = {0};
    as_setting      one;
    if (!as_camera_settings(cam, NULL, &list, &err)) {
        assert_int_equal(err.code, AS_EUNSUPPORTED);
        assert_false(as_camera_set(cam, "Width", "64", NULL, &err));
        as_camera_close(cam);
        return;
    }
    assert_true(list.all.n > 0);
    for (size_t i = 0; i < list.all.n; i++) {
        const as_setting *s = &list.all.at[i];
        assert_true(s->name[0] && s->category[0] && s->kind != AS_SETTING_NONE);
        for (size_t k = 0; k < i; k++)
            assert_string_not_equal(s->name, list.all.at[k].name);
        if (!as_camera_setting(cam, s->name, &one, &err))
            fail_msg("%s: %s", s->name, err.text);
        assert_int_equal(one.kind, s->kind);
        bool settable = s->readable && s->writable && (s->kind == AS_SETTING_FLOAT || s->kind == AS_SETTING_BOOL);
        if (settable && !as_camera_set(cam, s->name, s->value, &one, &err))
            fail_msg("%s=%s: %s", s->name, s->value, err.text);
        if (settable && !as_setting_same(s, s->value, one.value))
            fail_msg("%s: '%s' became '%s'", s->name, s->value, one.value);
        if (s->kind == AS_SETTING_FLOAT && s->writable && s->high < 1e300)
            assert_false(as_camera_set(cam, s->name, "1e301", NULL, &err));
    }
    assert_false(as_camera_set(cam, "Widht", "64", NULL, &err));
    assert_int_equal(err.code, AS_ENOTFOUND);
    as_setting_list_done(&list);
    as_camera_close(cam);
}

static void camera_has_settings_by_name(void **state)
{
    (void)state;
    camera_for_each(camera_check_settings);
}

static void camera_check_found(void *ctx, const char *uri, const char *about)
{
    const as_camera_driver *driver = ctx;
    size_t                  n = strlen(driver->name);
    assert_true(strncmp(uri, driver->name, n) == 0 && uri[n] == ':' && about && *about);
}

static void camera_lists_uris_of_its_own(void **state)
{
    (void)state;
    const as_camera_driver *driver;
    for (size_t i = 0; (driver = as_camera_driver_at(i)) != NULL; i++)
        if (driver->list && camera_sample_of(driver))
            driver->list(camera_check_found, (void *)(uintptr_t)driver);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(camera_rows_are_filled_in),
        cmocka_unit_test(camera_says_why_it_does_not_open),
        cmocka_unit_test(camera_counts_its_frames),
        cmocka_unit_test(camera_keeps_deadlines),
        cmocka_unit_test(camera_stops_from_another_thread),
        cmocka_unit_test(camera_counts_what_it_loses),
        cmocka_unit_test(camera_closes_what_is_half_open),
        cmocka_unit_test(camera_opens_twice),
        cmocka_unit_test(camera_ends_for_ever),
        cmocka_unit_test(camera_lists_uris_of_its_own),
        cmocka_unit_test(camera_has_settings_by_name),
    };
    return cmocka_run_group_tests(tests, camera_make_places, camera_remove_places);
}
