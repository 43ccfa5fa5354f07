/* SPDX-License-Identifier: Apache-2.0 */
#include <setjmp.h>
#include <stdarg.h>
#include <stdlib.h>
#include <unistd.h>

#include <cmocka.h>

#include "base/clock.h"
#include "base/hash.h"
#include "camera/camera.h"

static as_camera *twin_cam(const char *uri, uint32_t frames_per_part)
{
    as_err        err = AS_ERR_NONE;
    as_camera_cfg cfg = {.uri = uri, .width = 64, .height = 48, .frames_per_part = frames_per_part};
    as_camera    *cam = as_camera_open(&cfg, &err);
    if (!cam)
        fail_msg("%s", err.text);
    return cam;
}

static as_frame *twin_next(as_camera *cam)
{
    as_err    err = AS_ERR_NONE;
    as_frame *frame = as_camera_next(cam, as_clock_mono() + 10 * AS_NS_PER_S, &err);
    if (!frame)
        fail_msg("%s", err.text);
    return frame;
}

static as_digest twin_digest(const as_frame *frame)
{
    return as_sha256_of(frame->image.data, frame->image.stride_bytes * frame->image.height);
}

static void twin_cam_shows_each_part_from_all_views(void **state)
{
    (void)state;
    as_camera *cam = twin_cam("twin:cones?from=10&parts=3&views=2", 5); /* the URI wins */
    assert_int_equal(as_camera_geometry_of(cam).n_parts, 3);
    assert_true(as_camera_geometry_of(cam).can_wait);
    char before[AS_LABEL_BYTES] = "";
    for (uint64_t i = 0; i < 6; i++) {
        as_frame *frame = twin_next(cam);
        assert_int_equal(frame->sequence, i);
        assert_int_equal(frame->part, 10 + i / 2);
        assert_int_equal(frame->status, AS_FRAME_OK);
        assert_true(frame->truth.known && frame->image.width == 64 && frame->image.height == 48);
        if (i % 2)
            assert_string_equal(frame->truth.label, before);
        memcpy(before, frame->truth.label, sizeof before);
        as_frame_unref(frame);
    }
    as_err err = AS_ERR_NONE;
    assert_null(as_camera_next(cam, INT64_MAX, &err));
    assert_int_equal(err.code, AS_EEND);
    assert_int_equal(as_camera_lost(cam), 0);
    as_camera_close(cam);
}

static as_origin twin_origin_of(const char *uri, uint64_t *ret_part)
{
    as_camera *cam = twin_cam(uri, 1);
    as_frame  *frame = twin_next(cam);
    as_origin  origin = frame->origin;
    *ret_part = frame->part;
    as_frame_unref(frame);
    as_camera_close(cam);
    return origin;
}

/* A part is known again by its scene, world and number, whatever light it is seen in; and before it is seen. */
static void twin_parts_have_an_origin(void **state)
{
    (void)state;
    static const struct {
        const char *a, *b;
        bool        same;
    } table[] = {
        {"twin:cones", "twin:cones?seed=1&from=1", true},
        {"twin:cones?from=7", "twin:cones?from=7&noise=3&defects=1&views=2", true},
        {"twin:cones?from=7", "twin:cones?from=8", false},
        {"twin:cones?from=7&seed=1", "twin:cones?from=7&seed=2", false},
    };
    for (size_t i = 0; i < AS_COUNT(table); i++) {
        uint64_t  part_a, part_b;
        as_origin a = twin_origin_of(table[i].a, &part_a), b = twin_origin_of(table[i].b, &part_b), foretold;
        assert_false(as_origin_is_zero(&a));
        assert_int_equal(memcmp(&a, &b, sizeof a) == 0, table[i].same);
        assert_true(as_camera_origin(table[i].b, part_b, &foretold));
        assert_memory_equal(&foretold, &b, sizeof b);
    }
    as_origin none;
    assert_false(as_camera_origin("folder:/tmp", 1, &none));
    assert_false(as_camera_origin("twin:cones?sed=1", 1, &none));
    assert_false(as_camera_origin("nonsense", 1, &none));
}

static void twin_cam_can_be_repeated(void **state)
{
    (void)state;
    as_camera *a = twin_cam("twin:cones?seed=5", 0), *b = twin_cam("twin:cones?seed=5&from=2", 0);
    as_camera *c = twin_cam("twin:cones?seed=6&from=2", 0);
    as_frame_unref(twin_next(a));
    as_frame *fa = twin_next(a), *fb = twin_next(b), *fc = twin_next(c);
    as_digest da = twin_digest(fa), db = twin_digest(fb), dc = twin_digest(fc);
    assert_true(as_digest_equal(&da, &db));
    assert_false(as_digest_equal(&da, &dc));
    as_frame_unref(fa);
    as_frame_unref(fb);
    as_frame_unref(fc);
    as_camera_close(a);
    as_camera_close(b);
    as_camera_close(c);
}

static void twin_cam_obeys_its_query(void **state)
{
    (void)state;
    as_camera *bad = twin_cam("twin:cones?defects=1&severity=0.9", 0), *good = twin_cam("twin:cones?defects=0", 0);
    for (int i = 0; i < 10; i++) {
        as_frame *frame = twin_next(bad);
        assert_true(frame->truth.severity >= 0.9f);
        as_frame_unref(frame);
        frame = twin_next(good);
        assert_string_equal(frame->truth.label, "good");
        as_frame_unref(frame);
    }
    as_camera_close(bad);
    as_camera_close(good);
    static const char *const wrong[] = {"twin:cones?defects=2",
                                        "twin:cones?seed=-1",
                                        "twin:cones?views=0",
                                        "twin:cones?fps=0",
                                        "twin:cones?gain=0",
                                        "twin:cones?parts=0",
                                        "twin:cones?belt=1e6&exposure=1e5",
                                        "twin:",
                                        "twin:cones?sensor=imx",
                                        "twin:cones?recipe=lemon",
                                        "twin:cones?pixel=Mono12",
                                        "twin:cones?script=/nonexistent",
                                        "twin:cones?focal=100&distance=100",
                                        "twin:cones?severity=x"};
    for (size_t i = 0; i < AS_COUNT(wrong); i++) {
        as_err        err = AS_ERR_NONE;
        as_camera_cfg cfg = {.uri = wrong[i]};
        assert_null(as_camera_open(&cfg, &err));
        assert_true(err.code == AS_EINVAL || err.code == AS_ENOTFOUND);
    }
}

static void twin_cam_write_script(const char *text, char uri[300])
{
    FILE *file = fopen("twin_faults.yaml", "w");
    assert_non_null(file);
    assert_true(fputs(text, file) >= 0 && fclose(file) == 0);
    snprintf(uri, 300, "twin:cones?parts=60&script=twin_faults.yaml");
}

/* Frames that are lost leave a gap and are counted; a trigger that was missed leaves none; the camera comes back. */
static void twin_cam_has_faults(void **state)
{
    (void)state;
    char uri[300];
    twin_cam_write_script("faults:\n"
                          "  - {fault: missing_trigger, from: 5, until: 8, amount: 1}\n"
                          "  - {fault: camera_dead, from: 10, until: 20}\n"
                          "  - {fault: double_trigger, from: 30, until: 32, amount: 1}\n"
                          "  - {fault: half_frame, from: 40, until: 41, amount: 1}\n"
                          "  - {fault: frozen_frame, from: 50, until: 53}\n",
                          uri);
    as_camera *cam = twin_cam(uri, 0);
    as_err     err = AS_ERR_NONE;
    as_digest  before = {0}, digest;
    uint64_t   seen[61] = {0}, n = 0;
    for (as_frame *frame; (frame = as_camera_next(cam, as_clock_mono() + 10 * AS_NS_PER_S, &err)) != NULL; n++) {
        assert_in_range(frame->part, 1, 60);
        seen[frame->part]++;
        assert_int_equal(frame->status, frame->part == 40 ? AS_FRAME_INCOMPLETE : AS_FRAME_OK);
        digest = twin_digest(frame);
        assert_int_equal(as_digest_equal(&digest, &before),
                         (frame->part >= 50 && frame->part < 53 && seen[50]) || (seen[frame->part] == 2));
        before = digest;
        as_frame_unref(frame);
    }
    assert_int_equal(err.code, AS_EEND);
    for (uint64_t part = 1; part <= 60; part++)
        assert_int_equal(seen[part], (part >= 5 && part < 8) || (part >= 10 && part < 20) ? 0
                                     : part == 30 || part == 31                           ? 2
                                                                                          : 1);
    assert_int_equal(n, 60 - 3 - 10 + 2);
    assert_int_equal(as_camera_lost(cam), 10);
    as_camera_close(cam);
    remove("twin_faults.yaml");
}

static void twin_cam_paces_frames(void **state)
{
    (void)state;
    as_camera *cam = twin_cam("twin:cones?fps=100&parts=10", 0);
    as_ns      first = 0, last = 0;
    assert_false(as_camera_geometry_of(cam).can_wait);
    for (int i = 0; i < 10; i++) {
        as_frame *frame = twin_next(cam);
        last = frame->time_mono;
        first = first ? first : last;
        assert_true(last <= as_clock_mono());
        as_frame_unref(frame);
    }
    assert_true(last - first >= 60 * AS_NS_PER_MS); /* 90 but for the time that drawing takes more or less */
    as_camera_close(cam);
}

/* Two seconds of a script are two of the camera, whatever its rate: by its own frames a second, unless a rate is named. */
static void twin_cam_scripts_go_by_its_clock(void **state)
{
    (void)state;
    static const struct {
        const char *words;
        double      parts_per_s;
    } table[] = {{"fps=200", 200}, {"fps=200&views=2", 100}, {"fps=200&rate=50", 50}, {"views=2", 10}};
    static const char script[] = "faults:\n  - {fault: haze, from: 0.05s}\n";
    as_err            err = AS_ERR_NONE;
    char              path[] = "/tmp/assay-script-XXXXXX", uri[128];
    int               fd = mkstemp(path);
    assert_true(fd >= 0 && write(fd, script, sizeof script - 1) == (ssize_t)sizeof script - 1);
    close(fd);
    for (size_t i = 0; i < AS_COUNT(table); i++) {
        uint64_t n_hazy = 0;
        snprintf(uri, sizeof uri, "twin:fabric?parts=24&%s&script=%s", table[i].words, path);
        as_camera *cam = twin_cam(uri, 1);
        as_frame  *frame;
        while ((frame = as_camera_next(cam, as_clock_mono() + 10 * AS_NS_PER_S, &err)) != NULL) {
            const bool is = frame->truth.faults != 0;
            assert_int_equal(is, (double)(frame->part - 1) / table[i].parts_per_s >= 0.05 - 1e-9);
            n_hazy += is;
            as_frame_unref(frame);
        }
        assert_int_equal(err.code, AS_EEND);
        assert_true(n_hazy > 0);
        as_camera_close(cam);
    }
    unlink(path);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(twin_parts_have_an_origin), cmocka_unit_test(twin_cam_shows_each_part_from_all_views),
        cmocka_unit_test(twin_cam_can_be_repeated),  cmocka_unit_test(twin_cam_obeys_its_query),
        cmocka_unit_test(twin_cam_paces_frames),     cmocka_unit_test(twin_cam_scripts_go_by_its_clock),
        cmocka_unit_test(twin_cam_has_faults),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
