/* SPDX-License-Identifier: Apache-2.0 */
#include <setjmp.h>
#include <stdarg.h>

#include <cmocka.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "intake/quarantine.h"
#include "intake/state.h"
#include "intake/test_folder.h"

typedef struct fixture {
    test_space space;
    as_intake *intake;
    as_err     err;
    char       text[AS_CHECK_TEXT_BYTES];
} fixture;

static void fixture_make(fixture *f, const char *more)
{
    *f = (fixture){.err = AS_ERR_NONE};
    test_space_make(&f->space, "intake", more);
    assert_non_null(f->intake = as_intake_open(f->space.ws, f->space.spec, &f->err));
}

static void fixture_done(fixture *f)
{
    f->intake = as_intake_close(f->intake);
    test_space_done(&f->space);
}

static as_check_level add(fixture *f, const char *name, const char *label, uint64_t seed, uint32_t width,
                          uint32_t height)
{
    as_check_level level;
    as_str         png;
    as_sample      sample = {.name = name, .label = label, .utc = 5, .severity = 0.25, .camera = "twin:x"};
    as_str_init(&png);
    test_png(seed, width, height, &png);
    assert_true(as_intake_add(f->intake, (const uint8_t *)png.s, png.len, &sample, &level, f->text, &f->err));
    as_str_done(&png);
    return level;
}

static void commit(fixture *f, as_commit *ret)
{
    assert_true(as_intake_split(f->intake, 1, &f->err));
    assert_true(as_intake_commit(f->intake, "a message", ret, &f->err));
}

static void reopen(fixture *f)
{
    as_intake_close(f->intake);
    assert_non_null(f->intake = as_intake_open(f->space.ws, f->space.spec, &f->err));
}

static size_t n_refused(fixture *f, size_t at, char *check)
{
    json_t *list;
    assert_true(as_quarantine_list(f->space.ws, true, &list, &f->err));
    size_t n = json_array_size(list);
    if (at < n)
        as_str_copy(check, 32, json_string_value(json_object_get(json_array_get(list, at), "check")));
    json_decref(list);
    return n;
}

static void test_kept_as_it_came(void **state)
{
    (void)state;
    fixture   f;
    as_commit made;
    as_str    png;
    uint8_t  *bytes;
    size_t    n;
    fixture_make(&f, "");
    assert_int_equal(add(&f, "a", "good", 1, 40, 30), AS_CHECK_OK);
    assert_string_equal(f.text, "");
    commit(&f, &made);
    as_manifest *manifest = as_commit_manifest(f.space.ws, &made, &f.err);
    assert_int_equal(as_manifest_count(manifest), 1);
    const as_sample *s = as_manifest_at(manifest, 0);
    as_str_init(&png);
    test_png(1, 40, 30, &png);
    assert_string_equal(s->name, "a");
    assert_string_equal(s->part, "a"); /* alone */
    assert_string_equal(s->label, "good");
    assert_string_equal(s->camera, "twin:x");
    assert_string_equal(s->format, "png");
    assert_int_equal(s->width, 40);
    assert_int_equal(s->height, 30);
    assert_int_equal(s->n_bytes, png.len);
    assert_int_equal(s->utc, 5);
    assert_int_equal(s->split, AS_SPLIT_TRAIN);
    assert_true(s->sharpness > 100 && s->clipped_ratio == 0 && s->severity == 0.25);
    assert_true(as_store_get(f.space.ws->store, &s->image, &bytes, &n, &f.err));
    assert_int_equal(n, png.len);
    assert_memory_equal(bytes, png.s, n);
    free(bytes);
    as_str_done(&png);
    as_manifest_free(manifest);
    fixture_done(&f);
}

static void test_identical_pictures(void **state)
{
    (void)state;
    fixture   f;
    as_commit made;
    char      check[32];
    fixture_make(&f, "");
    assert_int_equal(add(&f, "a", "good", 1, 40, 30), AS_CHECK_OK);
    assert_int_equal(add(&f, "b", "good", 1, 40, 30), AS_CHECK_WARN);
    assert_non_null(strstr(f.text, "'a'"));
    assert_int_equal(add(&f, "c", "bad", 1, 40, 30), AS_CHECK_QUARANTINE);
    assert_non_null(strstr(f.text, "'a'"));
    assert_non_null(strstr(f.text, "'good'"));
    assert_int_equal(n_refused(&f, 0, check), 1);
    assert_string_equal(check, "duplicate");
    as_intake_counts counts = as_intake_counts_of(f.intake);
    assert_int_equal(counts.n_seen, 3);
    assert_int_equal(counts.n_kept, 2);
    assert_int_equal(counts.n_warned, 1);
    assert_int_equal(counts.n_quarantined, 1);
    commit(&f, &made);
    assert_int_equal(made.n_samples, 2);
    assert_int_equal(made.n_quarantined, 1);
    /* In a later version a picture is known under any name, but not as another class. */
    reopen(&f);
    assert_int_equal(add(&f, "d", "good", 1, 40, 30), AS_CHECK_OK);
    assert_int_equal(add(&f, "e", "bad", 1, 40, 30), AS_CHECK_QUARANTINE);
    counts = as_intake_counts_of(f.intake);
    assert_int_equal(counts.n_known, 1);
    assert_int_equal(counts.n_kept, 0);
    fixture_done(&f);
}

/* The same picture but for one pixel, in this version and in the one before it. */
static void test_near_pictures(void **state)
{
    (void)state;
    static const char *const levels[] = {"ok", "warn", "quarantine"};
    for (size_t level = 0; level < AS_COUNT(levels); level++) {
        char           more[80];
        fixture        f;
        as_commit      made;
        as_image       image;
        as_check_level got[3];
        snprintf(more, sizeof more, "intake: {levels: {near: %s}}\n", levels[level]);
        fixture_make(&f, more);
        assert_true(as_image_new(&image, AS_PIXEL_MONO8, 90, 80, &f.err));
        for (uint32_t i = 0; i < 90 * 80; i++)
            image.data[i] = (uint8_t)(40 + i % 90 * (1 + i / 900 % 2));
        for (size_t k = 0; k < AS_COUNT(got); k++) {
            char      name[2] = {(char)('a' + k), 0};
            as_str    png;
            as_sample sample = {.name = name, .label = "good", .severity = NAN};
            as_str_init(&png);
            image.data[k] ^= 8;
            assert_true(as_codec_encode_png(&image, 1, &png, &f.err));
            assert_true(as_intake_add(f.intake, (const uint8_t *)png.s, png.len, &sample, &got[k], f.text, &f.err));
            as_str_done(&png);
            if (k == 0) {
                commit(&f, &made);
                reopen(&f);
            }
        }
        assert_int_equal(got[0], AS_CHECK_OK);
        assert_int_equal(got[1], AS_CHECK_OK + level);
        assert_int_equal(got[2], AS_CHECK_OK + level);
        assert_int_equal(strstr(f.text, "looks like 'a'") != NULL, level > 0);
        as_image_done(&image);
        fixture_done(&f);
    }
}

static void test_names_are_taken_once(void **state)
{
    (void)state;
    fixture f;
    char    check[32];
    fixture_make(&f, "");
    assert_int_equal(add(&f, "a", "good", 1, 40, 30), AS_CHECK_OK);
    assert_int_equal(add(&f, "a", "good", 1, 40, 30), AS_CHECK_OK);
    assert_int_equal(as_intake_counts_of(f.intake).n_known, 1);
    assert_int_equal(add(&f, "a", "good", 2, 40, 30), AS_CHECK_QUARANTINE);
    assert_int_equal(n_refused(&f, 0, check), 1);
    assert_string_equal(check, "name");
    fixture_done(&f);
}

static void test_checks_of_the_spec(void **state)
{
    (void)state;
    fixture        f;
    char           check[32];
    as_check_level level;
    as_sample      sample = {.name = "text.jpg", .label = "good"};
    fixture_make(&f, "station: {frame_px: [40, 30]}\n");
    assert_int_equal(add(&f, "a", "good", 1, 40, 30), AS_CHECK_OK);
    assert_int_equal(add(&f, "b", "good", 2, 41, 30), AS_CHECK_QUARANTINE);
    assert_int_equal(add(&f, "c", "good", 3, 2, 2), AS_CHECK_QUARANTINE);
    assert_true(as_intake_add(f.intake, (const uint8_t *)"hello", 5, &sample, &level, f.text, &f.err));
    assert_int_equal(level, AS_CHECK_QUARANTINE);
    assert_non_null(strstr(f.text, "text"));
    assert_true(as_intake_refuse(f.intake, NULL, 0, "z", "frame", "came in incomplete", &f.err));
    assert_int_equal(n_refused(&f, 0, check), 4);
    assert_string_equal(check, "schema");
    n_refused(&f, 2, check);
    assert_string_equal(check, "whole");
    n_refused(&f, 3, check);
    assert_string_equal(check, "frame");
    assert_int_equal(as_intake_counts_of(f.intake).n_quarantined, 4);
    sample.label = "goood";
    assert_false(as_intake_add(f.intake, (const uint8_t *)"hello", 5, &sample, &level, f.text, &f.err));
    assert_int_equal(f.err.code, AS_EINVAL);
    assert_non_null(strstr(f.err.text, "did you mean 'good'?"));
    fixture_done(&f);
}

static void test_versions_follow_each_other(void **state)
{
    (void)state;
    fixture   f;
    as_commit first, second;
    fixture_make(&f, "");
    assert_false(as_intake_commit(f.intake, "m", &first, &f.err));
    assert_int_equal(f.err.code, AS_EINVAL);
    setenv("ASSAY_AUTHOR", "Ad\xc3\xa4 \xff\n", 1);
    add(&f, "a", "good", 1, 40, 30);
    commit(&f, &first);
    assert_string_equal(first.author, "Ad\xc3\xa4 ??");
    assert_string_equal(first.message, "a message");
    assert_int_equal(first.n_parents, 0);
    reopen(&f);
    setenv("ASSAY_AUTHOR", "", 1);
    add(&f, "b", "bad", 2, 40, 30);
    commit(&f, &second);
    assert_non_null(strchr(second.author, '@'));
    assert_int_equal(second.n_parents, 1);
    assert_true(as_digest_equal(&second.parents[0], &first.id));
    assert_int_equal(second.n_samples, 2);
    /* Once committed it is over. */
    as_check_level level;
    as_sample      sample = {.name = "x", .label = "good"};
    assert_false(as_intake_add(f.intake, (const uint8_t *)"hello", 5, &sample, &level, f.text, &f.err));
    assert_false(as_intake_commit(f.intake, "m", &first, &f.err));
    fixture_done(&f);
}

static void test_needs_a_workspace_to_write(void **state)
{
    (void)state;
    test_space space;
    as_err     err = AS_ERR_NONE;
    test_space_make(&space, "intake", "");
    as_workspace *reader = as_workspace_open(space.dir, AS_WORKSPACE_READ, &err);
    assert_non_null(reader);
    assert_null(as_intake_open(reader, space.spec, &err));
    assert_int_equal(err.code, AS_EINVAL);
    as_workspace_close(reader);
    test_space_done(&space);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_kept_as_it_came),
        cmocka_unit_test(test_identical_pictures),
        cmocka_unit_test(test_near_pictures),
        cmocka_unit_test(test_names_are_taken_once),
        cmocka_unit_test(test_checks_of_the_spec),
        cmocka_unit_test(test_versions_follow_each_other),
        cmocka_unit_test(test_needs_a_workspace_to_write),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
