/* SPDX-License-Identifier: Apache-2.0 */
#include <setjmp.h>
#include <stdarg.h>

#include <cmocka.h>
#include <stdatomic.h>
#include <string.h>

#include "intake/capture.h"
#include "intake/quarantine.h"
#include "intake/state.h"
#include "intake/test_folder.h"

typedef struct fixture {
    test_space     space;
    as_intake     *intake;
    as_capture_cfg cfg;
    as_err         err;
    char           uri[AS_FS_PATH_BYTES + 64];
} fixture;

static void fixture_make(fixture *f, const char *more)
{
    *f = (fixture){.err = AS_ERR_NONE};
    test_space_make(&f->space, "capture", more);
    assert_non_null(f->intake = as_intake_open(f->space.ws, f->space.spec, &f->err));
    snprintf(f->uri, sizeof f->uri, "folder:%s", f->space.photos);
    f->cfg = (as_capture_cfg){.camera = f->uri, .told = test_tell, .ctx = &f->space};
}

static void fixture_done(fixture *f)
{
    f->intake = as_intake_close(f->intake);
    test_space_done(&f->space);
}

static bool capture(fixture *f)
{
    as_capture_end end;
    return as_capture_run(f->intake, f->space.spec, &f->cfg, NULL, &end, &f->err) && !end.stopped;
}

static void put_many(fixture *f, const char *folder, size_t n)
{
    for (size_t i = 0; i < n; i++) {
        char name[64];
        snprintf(name, sizeof name, "%s/%03zu.png", folder, i);
        test_put_png(&f->space, name, (uint64_t)(unsigned char)folder[0] * 1000 + i);
    }
}

static const as_sample *at(const fixture *f, size_t i)
{
    const as_sample *sample = as_manifest_at(f->intake->manifest, i);
    assert_non_null(sample);
    return sample;
}

static void test_in_the_order_of_the_camera(void **state)
{
    (void)state;
    fixture f;
    fixture_make(&f, "");
    put_many(&f, "bad", 20);
    put_many(&f, "good", 30);
    assert_true(capture(&f));
    assert_int_equal(as_manifest_count(f.intake->manifest), 50);
    for (size_t i = 0; i < 50; i++) {
        char want[64];
        snprintf(want, sizeof want, "photos-1/%06zu.png", i + 1);
        assert_string_equal(at(&f, i)->name, want);
        snprintf(want, sizeof want, "photos-1/%06zu", i + 1);
        assert_string_equal(at(&f, i)->part, want);
        assert_string_equal(at(&f, i)->label, i < 20 ? "bad" : "good");
        assert_string_equal(at(&f, i)->camera, f.uri);
        assert_string_equal(at(&f, i)->format, "png");
        assert_int_equal(at(&f, i)->width, 64);
        assert_true(at(&f, i)->utc > 0);
    }
    assert_string_equal(f.space.told, "");
    fixture_done(&f);
}

static void test_parts_and_views(void **state)
{
    (void)state;
    fixture f;
    fixture_make(&f, "station: {frames_per_part: 3}\n");
    put_many(&f, "good", 30);
    f.cfg.n_parts = 4;
    assert_true(capture(&f));
    assert_int_equal(as_manifest_count(f.intake->manifest), 12);
    assert_string_equal(at(&f, 3)->name, "photos-1/000002.png");
    assert_string_equal(at(&f, 4)->name, "photos-1/000002.2.png");
    assert_string_equal(at(&f, 5)->name, "photos-1/000002.3.png");
    assert_string_equal(at(&f, 5)->part, "photos-1/000002");
    fixture_done(&f);
    /* A camera that makes more views than the spec says is believed, from the first part on. */
    fixture_make(&f, "");
    f.cfg = (as_capture_cfg){.camera = "twin:cones?views=2", .n_parts = 1, .label = "good"};
    assert_true(capture(&f));
    assert_int_equal(as_manifest_count(f.intake->manifest), 2);
    fixture_done(&f);
}

static void test_the_camera_ends_early(void **state)
{
    (void)state;
    fixture f;
    fixture_make(&f, "");
    put_many(&f, "good", 3);
    f.cfg.n_parts = 5;
    assert_true(capture(&f));
    assert_int_equal(as_manifest_count(f.intake->manifest), 3);
    assert_non_null(strstr(f.space.told, "ended after 3 of 5 parts"));
    fixture_done(&f);
}

static void test_labels(void **state)
{
    (void)state;
    fixture f;
    fixture_make(&f, "");
    test_put_png(&f.space, "1.png", 1); /* no folder, no truth */
    assert_false(capture(&f));
    assert_int_equal(f.err.code, AS_EINVAL);
    assert_non_null(strstr(f.err.text, "--label CLASS"));
    f.cfg.label = "goot";
    assert_false(capture(&f));
    assert_non_null(strstr(f.err.text, "did you mean 'good'?"));
    f.cfg.label = "good";
    assert_true(capture(&f));
    assert_string_equal(at(&f, 0)->label, "good");
    fixture_done(&f);
    /* What the camera calls by a name that is no class is not guessed. */
    fixture_make(&f, "");
    put_many(&f, "batch 7", 1);
    put_many(&f, "bad", 1);
    assert_false(capture(&f));
    assert_non_null(strstr(f.err.text, "'batch 7' is no class"));
    f.cfg.label = "good";
    fixture_done(&f);
}

static void test_truth_before_label(void **state)
{
    (void)state;
    fixture f;
    fixture_make(&f, "");
    put_many(&f, "bad", 1);
    put_many(&f, "noon", 1);
    f.cfg.label = "good";
    assert_true(capture(&f));
    assert_string_equal(at(&f, 0)->label, "bad");
    assert_string_equal(at(&f, 1)->label, "good");
    assert_non_null(strstr(f.space.told, "knew the class of 1 of 2 frames itself: --label good is that of the others"));
    fixture_done(&f);
}

static void test_damaged_frames_are_quarantined(void **state)
{
    (void)state;
    fixture f;
    json_t *list;
    fixture_make(&f, "");
    put_many(&f, "good", 4);
    test_put(&f.space, "good/002.png", "hello", 5);
    assert_true(capture(&f));
    assert_int_equal(as_manifest_count(f.intake->manifest), 3);
    assert_int_equal(as_intake_counts_of(f.intake).n_quarantined, 1);
    assert_true(as_quarantine_list(f.space.ws, true, &list, &f.err));
    assert_int_equal(json_array_size(list), 1);
    assert_string_equal(json_string_value(json_object_get(json_array_get(list, 0), "name")), "photos-1/000003.png");
    assert_string_equal(json_string_value(json_object_get(json_array_get(list, 0), "check")), "frame");
    json_decref(list);
    assert_non_null(strstr(f.space.told, "QUARANTINE photos-1/000003.png the frame came in damaged"));
    fixture_done(&f);
}

static void test_a_second_capture_has_names_of_its_own(void **state)
{
    (void)state;
    fixture   f;
    as_commit commit;
    fixture_make(&f, "");
    put_many(&f, "good", 3);
    assert_true(capture(&f) && as_intake_split(f.intake, 1, &f.err) &&
                as_intake_commit(f.intake, "m", &commit, &f.err));
    as_intake_close(f.intake);
    assert_non_null(f.intake = as_intake_open(f.space.ws, f.space.spec, &f.err));
    put_many(&f, "bad", 1);
    assert_true(capture(&f));
    as_intake_counts counts = as_intake_counts_of(f.intake);
    assert_int_equal(counts.n_known, 3); /* the same bytes as before */
    assert_int_equal(counts.n_kept, 1);
    assert_string_equal(at(&f, 3)->name, "photos-2/000001.png");
    fixture_done(&f);
}

static void test_twin(void **state)
{
    (void)state;
    fixture f;
    fixture_make(&f, "");
    f.cfg = (as_capture_cfg){
        .camera = "twin:cones?seed=3", .n_parts = 3, .label = "bad", .told = test_tell, .ctx = &f.space};
    assert_true(capture(&f));
    assert_int_equal(as_manifest_count(f.intake->manifest), 3);
    assert_string_equal(at(&f, 2)->name, "cones-1/000003.png");
    assert_true(at(&f, 2)->severity >= 0);
    fixture_done(&f);
}

typedef struct stopper {
    atomic_bool stop;
    size_t      n_steps; /* to go: one a frame */
} stopper;

static void stopper_step(void *ctx, const char *what, uint64_t done, uint64_t total)
{
    stopper *s = ctx;
    (void)what;
    (void)done;
    (void)total;
    if (--s->n_steps == 0)
        atomic_store(&s->stop, true);
}

/* Stopped after `n_frames`: how many of parts with `views` frames are in, and how many samples. */
static void check_stop(const char *more, unsigned views, size_t n_frames, uint64_t want_parts, size_t want_samples)
{
    fixture        f;
    as_capture_end end;
    as_commit      commit;
    stopper        s = {.n_steps = n_frames};
    as_progress    progress = {.step = stopper_step, .ctx = &s, .stop = &s.stop};
    fixture_make(&f, more);
    snprintf(f.uri, sizeof f.uri, "twin:cones?seed=3&views=%u", views);
    f.cfg.label = "bad";
    f.cfg.n_parts = 50;
    assert_true(as_capture_run(f.intake, f.space.spec, &f.cfg, &progress, &end, &f.err));
    assert_true(end.stopped);
    assert_int_equal(end.n_parts, want_parts);
    assert_int_equal(as_manifest_count(f.intake->manifest), want_samples);
    as_intake_counts counts = as_intake_counts_of(f.intake);
    assert_int_equal(counts.n_kept, want_samples);
    assert_int_equal(counts.n_bytes > 0, want_samples > 0);
    if (want_samples) { /* the maps are as whole as the manifest */
        assert_true(as_intake_split(f.intake, 1, &f.err));
        assert_true(as_intake_commit(f.intake, "stopped", &commit, &f.err));
        assert_int_equal(commit.n_samples, want_samples);
    }
    fixture_done(&f);
}

static void test_stop_keeps_whole_parts(void **state)
{
    (void)state;
    check_stop("", 1, 5, 5, 5);
    check_stop("", 1, 1, 0, 0); /* of the first part nobody knows how many frames it has */
    check_stop("", 3, 8, 2, 6); /* the third lacks one */
    check_stop("", 3, 9, 3, 9);
    check_stop("", 3, 2, 0, 0);
}

static void test_stop_before_and_wrong_cameras(void **state)
{
    (void)state;
    fixture           f;
    as_capture_end    end;
    const atomic_bool stop = true;
    as_progress       progress = {.stop = &stop};
    fixture_make(&f, "");
    put_many(&f, "good", 3);
    assert_true(as_capture_run(f.intake, f.space.spec, &f.cfg, &progress, &end, &f.err));
    assert_true(end.stopped);
    assert_int_equal(end.n_parts, 0);
    f.cfg.camera = "nothing:x";
    assert_false(capture(&f));
    assert_int_equal(f.err.code, AS_ENOTFOUND);
    fixture_done(&f);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_in_the_order_of_the_camera),
        cmocka_unit_test(test_parts_and_views),
        cmocka_unit_test(test_the_camera_ends_early),
        cmocka_unit_test(test_labels),
        cmocka_unit_test(test_truth_before_label),
        cmocka_unit_test(test_damaged_frames_are_quarantined),
        cmocka_unit_test(test_a_second_capture_has_names_of_its_own),
        cmocka_unit_test(test_twin),
        cmocka_unit_test(test_stop_keeps_whole_parts),
        cmocka_unit_test(test_stop_before_and_wrong_cameras),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
