/* SPDX-License-Identifier: Apache-2.0 */
/* The gige driver against a camera on the loopback network: what crosses the wire, and what happens when it is gone. */
#include <setjmp.h>
#include <stdarg.h>

#include <arpa/inet.h>
#include <cmocka.h>
#include <poll.h>
#include <pthread.h>
#include <sys/socket.h>
#include <unistd.h>

#include "base/clock.h"
#include "base/log.h"
#include "base/thread.h"
#include "camera/gvcp.h"
#include "camera/setting.h"
#include "camera/test_device.h"

#ifndef __has_feature
#define __has_feature(x) 0
#endif
#if defined(__SANITIZE_THREAD__) || __has_feature(thread_sanitizer)
#define UNDER_TSAN true
#else
#define UNDER_TSAN false
#endif

static const char *const gige_device[] = {"gv_camera", "127.0.0.1", NULL};

static void gige_expect_frames(as_camera *cam, int n, uint64_t *next, unsigned *ret_whole)
{
    as_err err = AS_ERR_NONE;
    for (int i = 0; i < n; i++) {
        as_frame *frame = as_camera_next(cam, as_clock_mono() + 20 * AS_NS_PER_S, &err);
        if (!frame)
            fail_msg("%s", err.text);
        assert_true(frame->sequence >= *next && frame->time_mono <= as_clock_mono() && frame->time_device > 0);
        assert_int_equal(frame->part, frame->sequence + 1);
        *next = frame->sequence + 1;
        *ret_whole += frame->status == AS_FRAME_OK;
        as_frame_unref(frame);
    }
}

static const char *const gige_lines[] = {"gv_camera", "127.0.0.1", "lines", NULL};

/* A camera of a process of its own; skips where there can be none. */
static as_camera *gige_open(as_test_device *device, const char *const *program, const as_camera_cfg *asked)
{
    as_err              err = AS_ERR_NONE;
    const as_camera_cfg cfg = *asked;
    if (UNDER_TSAN || !as_test_device_start(device, program)) {
        print_message("skipped: no tests/devices/gv_camera, its port is taken, or under the thread sanitizer\n");
        as_test_device_kill(device);
        skip();
    }
    as_camera *cam = as_camera_open(&cfg, &err);
    if (!cam) {
        as_test_device_kill(device);
        fail_msg("%s", err.text);
    }
    return cam;
}

static as_camera *gige_open_device(as_test_device *device, const char *uri)
{
    return gige_open(device, gige_device, &(as_camera_cfg){.uri = uri});
}

/* A line has to make ready between opening its camera and the first frame: what came meanwhile would be late. */
static void gige_begins_when_the_first_frame_is_asked_for(void **state)
{
    (void)state;
    as_test_device device = {0};
    as_err         err = AS_ERR_NONE;
    as_camera     *cam = gige_open_device(&device, "gige:127.0.0.1?fps=30");
    as_clock_sleep_until(as_clock_mono() + 300 * AS_NS_PER_MS);
    const as_ns before = as_clock_mono();
    as_frame   *frame = as_camera_next(cam, before + 20 * AS_NS_PER_S, &err);
    assert_non_null(frame);
    assert_true(frame->sequence == 0 && frame->time_mono >= before);
    as_frame_unref(frame);
    as_camera_close(cam);
    as_test_device_kill(&device);
}

static void gige_loses_its_camera_and_finds_it_again(void **state)
{
    (void)state;
    as_test_device     device = {0};
    as_err             err = AS_ERR_NONE;
    as_camera         *cam = gige_open_device(&device, "gige:127.0.0.1?fps=50&format=Mono8&exposure_us=5000");
    as_camera_geometry g = as_camera_geometry_of(cam);
    assert_true(g.pixel == AS_PIXEL_MONO8 && g.width == 512 && g.height == 512 && !g.can_wait && g.comes_back);
    uint64_t   next = 0;
    unsigned   n_whole = 0;
    as_setting f;
    if (!as_camera_set(cam, "GainRaw", "7", &f, &err))
        fail_msg("%s", err.text);
    gige_expect_frames(cam, 10, &next, &n_whole);
    assert_true(n_whole >= 5); /* a busy machine may lose packets */
    as_test_device_kill(&device);
    as_ns gone = as_clock_mono();
    while (!strstr(err.text, "is being looked for") && as_clock_mono() < gone + 20 * AS_NS_PER_S)
        as_frame_unref(as_camera_next(cam, as_clock_mono() + AS_NS_PER_S / 5, &err));
    assert_int_equal(err.code, AS_ETIMEOUT);
    assert_non_null(strstr(err.text, "is being looked for"));
    assert_in_range((as_clock_mono() - gone) / AS_NS_PER_MS, 0, 2300); /* Aravis alone takes some 5 s */
    assert_false(as_camera_set(cam, "GainRaw", "8", &f, &err));
    assert_int_equal(err.code, AS_EIO);
    assert_true(as_test_device_start(&device, gige_device));
    gige_expect_frames(cam, 10, &next, &n_whole); /* each within 5 s: also the first */
    if (!as_camera_setting(cam, "GainRaw", &f, &err))
        fail_msg("%s", err.text);
    assert_string_equal(f.value, "7"); /* as it was set, and the address' exposure */
    assert_true(as_camera_setting(cam, "ExposureTimeAbs", &f, &err) && strcmp(f.value, "5000") == 0);
    as_camera_stats stats;
    as_camera_stats_of(cam, &stats);
    assert_true(stats.stream.n_completed_buffers >= n_whole &&
                stats.stream.n_received_packets > n_whole * 3); /* of both */
    assert_true(stats.n_returns == 1 && stats.away > 0 && stats.socket_bytes >= 4u << 20 && stats.packet_bytes > 0);
    as_camera_close(cam); /* while it answers: else Aravis waits for it */
    as_test_device_kill(&device);
}

/* There is no thread to look for it, for no stack is so large: what was counted stays what it is. */
static void gige_counts_once_what_cannot_be_looked_for(void **state)
{
    (void)state;
    as_test_device   device = {0};
    as_err           err = AS_ERR_NONE;
    as_camera       *cam = gige_open_device(&device, "gige:127.0.0.1?fps=50");
    uint64_t         next = 0, n_whole[3] = {0};
    unsigned         n = 0, n_failed = 0;
    pthread_attr_t   was, huge;
    as_camera_stream stream;
    gige_expect_frames(cam, 5, &next, &n);
    as_test_device_kill(&device);
    const bool is_set = pthread_getattr_default_np(&was) == 0 && pthread_attr_init(&huge) == 0 &&
                        pthread_attr_setstacksize(&huge, (size_t)1 << 46) == 0 &&
                        pthread_setattr_default_np(&huge) == 0;
    const as_ns end = as_clock_mono() + 20 * AS_NS_PER_S;
    while (is_set && n_failed < AS_COUNT(n_whole) && as_clock_mono() < end) {
        err = (as_err)AS_ERR_NONE;
        as_frame_unref(as_camera_next(cam, as_clock_mono() + AS_NS_PER_S / 5, &err));
        if (!strstr(err.text, "cannot start thread"))
            continue;
        as_camera_stream_of(cam, &stream);
        n_whole[n_failed++] = stream.n_completed_buffers;
    }
    const bool is_back = is_set && pthread_setattr_default_np(&was) == 0 && as_test_device_start(&device, gige_device);
    as_camera_close(cam);
    as_test_device_kill(&device);
    assert_true(is_back);
    assert_int_equal(n_failed, 3);
    assert_true(n_whole[0] >= n && n_whole[1] == n_whole[0] && n_whole[2] == n_whole[0]);
}

/* One that answers who looks for it, and nothing else: it died while it was being opened. */
typedef struct dying {
    int         fd;
    as_thread  *thread;
    atomic_bool stop;
} dying;

static void dying_run(void *ctx)
{
    dying  *d = ctx;
    uint8_t in[AS_GVCP_MAX_BYTES], out[AS_GVCP_HEAD_BYTES + AS_GV_DISCOVERY_BYTES] = {0};
    while (!atomic_load(&d->stop)) {
        struct pollfd      poller = {.fd = d->fd, .events = POLLIN};
        struct sockaddr_in from;
        socklen_t          n_from = sizeof from;
        as_gvcp_request    request;
        as_gv_status       status;
        if (poll(&poller, 1, 20) <= 0)
            continue;
        ssize_t n = recvfrom(d->fd, in, sizeof in, 0, (struct sockaddr *)&from, &n_from);
        if (n <= 0 || !as_gvcp_parse(in, (size_t)n, &request, &status) || request.command != AS_GVCP_DISCOVERY)
            continue;
        size_t length = as_gvcp_head(out, &request, AS_GV_OK, AS_GV_DISCOVERY_BYTES);
        (void)!sendto(d->fd, out, length, 0, (struct sockaddr *)&from, n_from);
    }
}

static bool dying_start(dying *d, const char *address)
{
    as_err             err = AS_ERR_NONE;
    struct sockaddr_in at = {.sin_family = AF_INET, .sin_port = htobe16(AS_GVCP_PORT)};
    atomic_init(&d->stop, false);
    d->fd = socket(AF_INET, SOCK_DGRAM | SOCK_CLOEXEC, 0);
    if (inet_pton(AF_INET, address, &at.sin_addr) != 1 || bind(d->fd, (struct sockaddr *)&at, sizeof at) != 0)
        return false;
    d->thread = as_thread_start("dying", dying_run, d, &err);
    return d->thread != NULL;
}

static void dying_stop(dying *d)
{
    atomic_store(&d->stop, true);
    as_thread_join(d->thread);
    close(d->fd);
}

static void dying_open(void *ctx)
{
    as_err              err = AS_ERR_NONE;
    const as_camera_cfg cfg = {.uri = "gige:127.0.0.77"};
    as_camera          *cam = as_camera_open(&cfg, &err);
    atomic_store((atomic_bool *)ctx, cam == NULL);
    as_camera_close(cam);
}

/* It is tried for seconds. Meanwhile others are opened as if it were not there. */
static void gige_opens_one_while_another_dies_in_its_opening(void **state)
{
    (void)state;
    as_test_device      device = {0};
    as_err              err = AS_ERR_NONE;
    const as_camera_cfg cfg = {.uri = "gige:127.0.0.1?fps=50"};
    dying               dead;
    atomic_bool         failed;
    atomic_init(&failed, false);
    as_camera_close(gige_open_device(&device, cfg.uri)); /* the library is loaded */
    if (!dying_start(&dead, "127.0.0.77")) {
        as_test_device_kill(&device);
        skip();
    }
    as_thread *opens = as_thread_start("opens", dying_open, &failed, &err);
    as_clock_sleep_until(as_clock_mono() + 700 * AS_NS_PER_MS); /* it was found, and is tried now */
    const as_ns began = as_clock_mono();
    as_camera  *cam = as_camera_open(&cfg, &err);
    const as_ns took = as_clock_mono() - began;
    const bool  still = !atomic_load(&failed);
    as_thread_join(opens);
    as_camera_close(cam);
    dying_stop(&dead);
    as_test_device_kill(&device);
    assert_non_null(cam);
    assert_true(still && atomic_load(&failed));
    assert_in_range(took / AS_NS_PER_MS, 0, 700);
}

/* A trigger is written to a camera that does not answer any more: Aravis tries for seconds. */
static void gige_keeps_the_deadline_of_a_trigger(void **state)
{
    (void)state;
    as_test_device device = {0};
    as_err         err = AS_ERR_NONE;
    as_camera     *cam = gige_open_device(&device, "gige:127.0.0.1?fps=50&trigger=software");
    uint64_t       next = 0;
    unsigned       n_whole = 0;
    gige_expect_frames(cam, 5, &next, &n_whole);
    as_test_device_kill(&device);
    as_ns longest = 0, gone = as_clock_mono();
    for (as_ns now = gone; now < gone + 2 * AS_NS_PER_S; now = as_clock_mono()) {
        as_frame_unref(as_camera_next(cam, now + AS_NS_PER_S / 5, &err));
        longest = AS_MAX(longest, as_clock_mono() - now);
    }
    bool again = as_test_device_start(&device, gige_device); /* Aravis is told at once what it would wait for in vain */
    as_camera_close(cam);
    as_test_device_kill(&device);
    assert_true(again && longest < AS_NS_PER_S);
}

/* Somebody else's trigger, or one that was given up: the picture of it lies there when the next one is asked for. */
static void gige_hands_on_no_picture_of_an_older_trigger(void **state)
{
    (void)state;
    as_test_device device = {0};
    as_err         err = AS_ERR_NONE;
    as_camera     *cam = gige_open_device(&device, "gige:127.0.0.1?trigger=software");
    int            n_fresh = 0;
    uint64_t       next = 0;
    unsigned       n_whole = 0;
    gige_expect_frames(cam, 2, &next, &n_whole);
    for (int i = 0; i < 5; i++) {
        const bool triggered = as_camera_set(cam, "TriggerSoftware", "", NULL, &err);
        as_clock_sleep_until(as_clock_mono() + 150 * AS_NS_PER_MS);
        const as_ns asked = as_clock_mono();
        as_frame   *frame = as_camera_next(cam, asked + 10 * AS_NS_PER_S, &err);
        n_fresh += triggered && frame && frame->status == AS_FRAME_OK && frame->time_mono >= asked;
        as_frame_unref(frame);
    }
    as_camera_stream stream;
    as_camera_stream_of(cam, &stream);
    const uint64_t n_lost = as_camera_lost(cam);
    as_camera_close(cam);
    as_test_device_kill(&device);
    assert_int_equal(n_fresh, 5);
    assert_true(stream.n_completed_buffers >= 12 && n_lost >= 5); /* they are not hidden */
}

static void gige_on_line(void *ctx, as_log_level level, const char *line)
{
    *(bool *)ctx |= level == AS_LOG_WARN && strstr(line, "the camera answers") != NULL;
}

/* The first frame is asked for long after the camera was opened, and its picture is on its way for a while. */
static void gige_wonders_only_once_it_has_triggered(void **state)
{
    (void)state;
    static const char *const proxy[] = {"gv_proxy", "127.0.0.2", "127.0.0.1", "--delay", "200", NULL};
    as_test_device           device = {0}, slow = {0};
    as_err                   err = AS_ERR_NONE;
    const as_camera_cfg      cfg = {.uri = "gige:127.0.0.2?trigger=software&packet=1500"};
    bool                     warned = false;
    as_camera_close(gige_open_device(&device, "gige:127.0.0.1?fps=50")); /* or it skips */
    as_camera *cam = as_test_device_start(&slow, proxy) ? as_camera_open(&cfg, &err) : NULL;
    as_log_set_sink(gige_on_line, &warned);
    as_clock_sleep_until(as_clock_mono() + 2 * AS_NS_PER_S);
    as_frame  *frame = cam ? as_camera_next(cam, as_clock_mono() + 2 * AS_NS_PER_S, &err) : NULL;
    const bool came = frame != NULL;
    as_frame_unref(frame);
    as_log_set_sink(NULL, NULL);
    as_camera_close(cam);
    as_test_device_kill(&slow);
    as_test_device_kill(&device);
    assert_true(came && !warned);
}

static void gige_expect_setting(as_camera *cam, const char *name, const char *value)
{
    as_err     err = AS_ERR_NONE;
    as_setting f;
    if (!as_camera_setting(cam, name, &f, &err))
        fail_msg("%s", err.text);
    assert_string_equal(f.value, value);
}

/* What lies behind a selector is given back too, and the selector. */
static void gige_gives_a_line_back_that_became_no_strobe(void **state)
{
    (void)state;
    as_test_device      device = {0};
    as_err              err = AS_ERR_NONE;
    const as_camera_cfg idle = {.uri = "gige:127.0.0.1", .idle = true};
    const as_camera_cfg refused = {.uri = "gige:127.0.0.1?strobe=Line2&GainRaw=999999", .idle = true};
    const as_camera_cfg taken = {.uri = "gige:127.0.0.1?strobe=Line2&GainRaw=3", .idle = true};
    as_camera          *cam = gige_open(&device, gige_lines, &idle);
    bool                ok = as_camera_set(cam, "LineSelector", "Line1", NULL, &err);
    as_camera_close(cam);
    cam = as_camera_open(&refused, &err);
    const bool opened = cam != NULL;
    as_camera_close(cam);
    for (int i = 0; i < 2; i++) {
        cam = ok ? as_camera_open(i == 0 ? &idle : &taken, &err) : NULL;
        ok = cam != NULL;
        if (cam && i == 0) {
            gige_expect_setting(cam, "LineSelector", "Line1");
            ok = as_camera_set(cam, "LineSelector", "Line2", NULL, &err);
        }
        if (cam) {
            gige_expect_setting(cam, "LineMode", i == 0 ? "Input" : "Output");
            gige_expect_setting(cam, "LineSource", i == 0 ? "Off" : "ExposureActive");
        }
        as_camera_close(cam);
    }
    as_test_device_kill(&device);
    assert_true(ok && !opened);
}

static void gige_refuses_an_unknown_format(void **state)
{
    (void)state;
    as_err        err = AS_ERR_NONE;
    as_camera_cfg cfg = {.uri = "gige:fake?format=Bayer"};
    if (UNDER_TSAN)
        skip();
    assert_null(as_camera_open(&cfg, &err));
    assert_true(err.code == AS_EUNSUPPORTED || err.code == AS_EMISSING); /* missing: built without Aravis */
}

static void gige_takes_the_region_asked_for(void **state)
{
    (void)state;
    as_err        err = AS_ERR_NONE;
    as_camera_cfg cfg = {.uri = "gige:fake?fps=50&format=RGB8", .width = 320, .height = 200};
    if (UNDER_TSAN)
        skip();
    as_camera *cam = as_camera_open(&cfg, &err);
    if (!cam && err.code == AS_EMISSING)
        skip();
    if (!cam)
        fail_msg("%s", err.text);
    as_frame *frame = as_camera_next(cam, as_clock_mono() + 5 * AS_NS_PER_S, &err);
    if (!frame)
        fail_msg("%s", err.text);
    assert_true(frame->image.width == 320 && frame->image.height == 200 && frame->image.pixel == AS_PIXEL_RGB8);
    assert_int_equal(frame->status, AS_FRAME_OK);
    as_frame_unref(frame);
    as_camera_close(cam);
}

/* What the sensor sends is what the frame holds. Aravis' own camera draws a ramp of diagonal stripes: in colour for its
 * Bayer formats, and 16 bits deep. */
static void gige_hands_on_what_the_sensor_sends(void **state)
{
    (void)state;
    static const struct {
        const char *uri;
        as_pixel    pixel;
    } cases[] = {
        {"gige:fake?fps=50&format=BayerRG8", AS_PIXEL_BAYER_RG8},
        {"gige:fake?fps=50&format=BayerGB8", AS_PIXEL_BAYER_GB8},
        {"gige:fake?fps=50&format=Mono16", AS_PIXEL_MONO16},
        {"gige:fake?AcquisitionFrameRate=50&PixelFormat=RGB8", AS_PIXEL_RGB8},
    };
    if (UNDER_TSAN)
        skip();
    for (size_t i = 0; i < AS_COUNT(cases); i++) {
        as_err        err = AS_ERR_NONE;
        as_camera_cfg cfg = {.uri = cases[i].uri, .width = 320, .height = 200};
        as_camera    *cam = as_camera_open(&cfg, &err);
        if (!cam && err.code == AS_EMISSING)
            skip();
        if (!cam)
            fail_msg("%s: %s", cases[i].uri, err.text);
        assert_int_equal(as_camera_geometry_of(cam).pixel, cases[i].pixel);
        as_frame *frame = as_camera_next(cam, as_clock_mono() + 5 * AS_NS_PER_S, &err);
        if (!frame)
            fail_msg("%s: %s", cases[i].uri, err.text);
        const as_image *image = &frame->image;
        assert_int_equal(frame->status, AS_FRAME_OK);
        assert_true(image->width == 320 && image->height == 200 && image->pixel == cases[i].pixel);
        assert_int_equal(image->stride_bytes, as_pixel_row_bytes(cases[i].pixel, 320));
        bool levels[256] = {false};
        int  n = 0;
        for (size_t at = 0; at < image->stride_bytes * image->height; at++) {
            n += !levels[image->data[at]];
            levels[image->data[at]] = true;
        }
        assert_true(n > 64);
        as_frame_unref(frame);
        as_camera_close(cam);
    }
}

static void gige_is_told_by_its_address(void **state)
{
    (void)state;
    static const struct {
        const char *uri, *text; /* NULL: it opens */
    } cases[] = {
        {"gige:fake?width=256&height=128&x=64&y=32", NULL},
        {"gige:fake?width=256&x=99999", "x=99999' is not a whole number"},
        {"gige:fake?width=2200", "at most 2048 x 2048 pixels, and 2200 x 512 are asked for: make station.frame_px"},
        {"gige:fake?Width=99999", "'Width=99999' is not allowed: it is a whole number, 1 to"},
        {"gige:fake?Widht=64", "no feature 'Widht'"},
        {"gige:fake?trigger=Lime0", "did you mean 'Line0'?"},
        {"gige:fake?trigger=software&fps=50", NULL},
        {"gige:fake?strobe=Line1", "the line 'Line1' cannot become a strobe"},
        {"gige:fake?PixelFormat=Mono9", "did you mean 'Mono8'?"},
    };
    if (UNDER_TSAN)
        skip();
    for (size_t i = 0; i < AS_COUNT(cases); i++) {
        as_err        err = AS_ERR_NONE;
        as_camera_cfg cfg = {.uri = cases[i].uri};
        as_camera    *cam = as_camera_open(&cfg, &err);
        if (!cam && err.code == AS_EMISSING)
            skip();
        if (!cam != (cases[i].text != NULL) || (!cam && !strstr(err.text, cases[i].text)))
            fail_msg("%s: %s", cases[i].uri, err.text);
        as_setting f;
        if (i == 0)
            assert_true(as_camera_setting(cam, "OffsetX", &f, &err) && strcmp(f.value, "64") == 0);
        as_camera_close(cam);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(gige_begins_when_the_first_frame_is_asked_for),
        cmocka_unit_test(gige_loses_its_camera_and_finds_it_again),
        cmocka_unit_test(gige_counts_once_what_cannot_be_looked_for),
        cmocka_unit_test(gige_opens_one_while_another_dies_in_its_opening),
        cmocka_unit_test(gige_keeps_the_deadline_of_a_trigger),
        cmocka_unit_test(gige_hands_on_no_picture_of_an_older_trigger),
        cmocka_unit_test(gige_wonders_only_once_it_has_triggered),
        cmocka_unit_test(gige_gives_a_line_back_that_became_no_strobe),
        cmocka_unit_test(gige_refuses_an_unknown_format),
        cmocka_unit_test(gige_takes_the_region_asked_for),
        cmocka_unit_test(gige_hands_on_what_the_sensor_sends),
        cmocka_unit_test(gige_is_told_by_its_address),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
