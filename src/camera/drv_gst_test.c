/* SPDX-License-Identifier: Apache-2.0 */
/* The gst driver against a stream that breaks off, and pipelines in words. */
#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <unistd.h>

#include <cmocka.h>

#include "base/clock.h"
#include "camera/camera.h"
#include "camera/test_device.h"

#ifndef __has_feature
#define __has_feature(x) 0
#endif
#if defined(__SANITIZE_THREAD__) || __has_feature(thread_sanitizer)
#define UNDER_TSAN true
#else
#define UNDER_TSAN false
#endif

static as_camera *gst_open(const char *uri, bool typed, as_err *err)
{
    as_camera_cfg cfg = {.uri = uri, .typed = typed};
    as_camera    *cam = UNDER_TSAN ? NULL : as_camera_open(&cfg, err);
    if (UNDER_TSAN || (!cam && strstr(err->text, "GStreamer"))) {
        print_message("skipped: no GStreamer, or under the thread sanitizer\n");
        skip();
    }
    return cam;
}

static uint64_t gst_frames(as_camera *cam, int n, uint64_t next)
{
    as_err err = AS_ERR_NONE;
    as_ns  last = 0;
    for (int i = 0; i < n; i++) {
        as_frame *frame = as_camera_next(cam, as_clock_mono() + 10 * AS_NS_PER_S, &err);
        if (!frame)
            fail_msg("%s", err.text);
        assert_int_equal(frame->status, AS_FRAME_OK);
        assert_true(frame->sequence >= next && frame->time_device > last);
        next = frame->sequence + 1;
        last = frame->time_device;
        as_frame_unref(frame);
    }
    return next;
}

static void gst_finds_a_stream_again(void **state)
{
    (void)state;
    char              port[64] = "0", uri[128];
    const char *const argv[] = {"rtsp_camera", "0", port, NULL};
    as_test_device    device;
    as_err            err = AS_ERR_NONE;
    as_camera_stats   stats;
    if (UNDER_TSAN || !as_test_device_start(&device, argv)) {
        print_message("skipped: no tests/devices/rtsp_camera\n");
        skip();
    }
    snprintf(port, sizeof port, "%s", device.said + strlen("ready "));
    snprintf(uri, sizeof uri, "gst:rtsp=rtsp://127.0.0.1:%s/live", port);
    as_camera *cam = gst_open(uri, false, &err);
    if (!cam) {
        as_test_device_kill(&device);
        fail_msg("%s", err.text);
    }
    assert_true(as_camera_geometry_of(cam).comes_back);
    uint64_t next = gst_frames(cam, 5, 0);
    as_test_device_kill(&device);
    as_ns gone = as_clock_mono();
    while (!strstr(err.text, "is being looked for") && as_clock_mono() < gone + 10 * AS_NS_PER_S)
        as_frame_unref(as_camera_next(cam, as_clock_mono() + AS_NS_PER_S / 5, &err));
    assert_non_null(strstr(err.text, "is being looked for"));
    assert_true(as_test_device_start(&device, argv));
    gst_frames(cam, 5, next);
    as_camera_stats_of(cam, &stats);
    assert_int_equal(stats.n_returns, 1);
    as_test_device_kill(&device);
    as_camera_close(cam); /* also one that is looked for */
}

static void gst_a_recording_has_an_end(void **state)
{
    (void)state;
    const char *const argv[] = {"rtsp_camera", "5", NULL};
    as_test_device    device;
    as_err            err = AS_ERR_NONE;
    char              uri[100];
    if (UNDER_TSAN || !as_test_device_start(&device, argv)) {
        print_message("skipped: no tests/devices/rtsp_camera\n");
        skip();
    }
    snprintf(uri, sizeof uri, "gst:rtsp=rtsp://127.0.0.1:%s/live", device.said + strlen("ready "));
    as_camera_cfg cfg = {.uri = uri, .ends = true};
    as_camera    *cam = as_camera_open(&cfg, &err);
    if (!cam) {
        as_test_device_kill(&device);
        fail_msg("%s", err.text);
    }
    while (err.code == AS_OK)
        as_frame_unref(as_camera_next(cam, as_clock_mono() + 10 * AS_NS_PER_S, &err));
    assert_int_equal(err.code, AS_EEND);
    as_camera_close(cam);
    as_test_device_kill(&device);
}

static void gst_takes_pipelines_that_were_typed(void **state)
{
    (void)state;
    as_err     err = AS_ERR_NONE;
    as_camera *cam = gst_open("gst:pipeline=videotestsrc num-buffers=3 ! video/x-raw,width=64,height=48", true, &err);
    if (!cam)
        fail_msg("%s", err.text);
    assert_true(as_camera_geometry_of(cam).width == 64 && as_camera_geometry_of(cam).height == 48);
    int n = 0;
    for (as_frame *frame; (frame = as_camera_next(cam, as_clock_mono() + 10 * AS_NS_PER_S, &err)) != NULL; n++)
        as_frame_unref(frame);
    assert_true(n == 3 && err.code == AS_EEND);
    as_camera_close(cam);
    assert_null(gst_open("gst:pipeline=videotestsrc", false, &err));
    assert_int_equal(err.code, AS_EACCESS);
    assert_non_null(strstr(err.text, "no file may hold one"));
    assert_null(gst_open("gst:pipeline=nosuchthing", true, &err));
    assert_non_null(strstr(err.text, "nosuchthing"));
    assert_null(gst_open("gst:pipeline=videotestsrc ! fakesink", true, &err));
    assert_int_equal(err.code, AS_EINVAL);
}

/* A file of the project's is below the project's folder, wherever the program was started. */
static void gst_files_are_below_their_folder(void **state)
{
    (void)state;
    as_err        err = AS_ERR_NONE;
    as_camera_cfg cfg = {.uri = "gst:file=none.gif", .dir = "/some/project"};
    if (!UNDER_TSAN && !as_camera_open(&cfg, &err) && !strstr(err.text, "GStreamer"))
        assert_non_null(strstr(err.text, "no file '/some/project/none.gif'"));
    else
        skip();
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(gst_finds_a_stream_again),
        cmocka_unit_test(gst_a_recording_has_an_end),
        cmocka_unit_test(gst_takes_pipelines_that_were_typed),
        cmocka_unit_test(gst_files_are_below_their_folder),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
