/* SPDX-License-Identifier: Apache-2.0 */
#include <setjmp.h>
#include <stdarg.h>

#include <cmocka.h>
#include <stdlib.h>
#include <string.h>

#include "intake/quarantine.h"
#include "intake/state.h"
#include "intake/test_folder.h"

#define FACE_X    40
#define FACE_Y    30
#define FACE_SIZE 32

typedef struct shelf {
    test_space space;
    as_intake *intake;
    as_str     png;
    as_digest  original;
} shelf;

/* An intake with that privacy, and a picture with one face. */
static void shelf_make(shelf *s, const char *privacy)
{
    as_err err = AS_ERR_NONE;
    as_str_init(&s->png);
    test_space_make(&s->space, "privacy", privacy);
    test_cascades_make(&s->space);
    test_face_png(FACE_X, FACE_Y, FACE_SIZE, &s->png);
    s->original = as_sha256_of(s->png.s, s->png.len);
    s->intake = as_intake_open(s->space.ws, s->space.spec, &err);
    assert_non_null(s->intake);
}

static void shelf_done(shelf *s)
{
    as_intake_close(s->intake);
    as_str_done(&s->png);
    test_space_done(&s->space);
    unsetenv("ASSAY_CASCADES");
}

static as_check_level shelf_add(shelf *s, const void *bytes, size_t n, char *text)
{
    as_err         err = AS_ERR_NONE;
    as_check_level level;
    as_sample      sample = {.name = "a.png", .label = "good"};
    if (!as_intake_add(s->intake, bytes, n, &sample, &level, text, &err))
        fail_msg("%s", err.text);
    return level;
}

/* How many files of the workspace hold the bytes. */
typedef struct search {
    const void *bytes;
    size_t      n, n_files, n_found;
} search;

static bool search_file(void *ctx, const as_fs_entry *entry, as_err *err)
{
    search  *s = ctx;
    uint8_t *bytes;
    size_t   n;
    if (!as_fs_read(entry->path, (size_t)64 << 20, &bytes, &n, err))
        return false;
    s->n_files++;
    s->n_found += memmem(bytes, n, s->bytes, s->n) != NULL;
    free(bytes);
    return true;
}

static search shelf_search(const shelf *s, const void *bytes, size_t n)
{
    as_err err = AS_ERR_NONE;
    search found = {.bytes = bytes, .n = n};
    assert_true(as_fs_walk(s->space.ws->dir, search_file, &found, &err));
    assert_true(found.n_files > 0);
    return found;
}

/* The brightest and darkest that the test's face has are nowhere left. */
static void check_covered(const shelf *s, const as_sample *sample)
{
    as_err   err = AS_ERR_NONE;
    uint8_t *bytes;
    size_t   n;
    as_image image = {0};
    assert_true(as_store_get(s->space.ws->store, &sample->image, &bytes, &n, &err));
    assert_true(as_codec_decode(bytes, n, &image, NULL, &err));
    for (uint32_t y = 0; y < image.height; y++)
        for (uint32_t x = 0; x < image.width; x++) {
            uint8_t v = image.data[y * image.stride_bytes + x];
            bool    inside = x >= FACE_X && x < FACE_X + FACE_SIZE && y >= FACE_Y && y < FACE_Y + FACE_SIZE;
            assert_true(inside ? v == 128 : v >= 110 && v <= 140);
        }
    as_image_done(&image);
    free(bytes);
}

static void test_redacts(void **state)
{
    (void)state;
    shelf s;
    char  text[AS_CHECK_TEXT_BYTES];
    shelf_make(&s, "privacy: {faces: redact, margin: 0.5}\nintake: {max_clipped_ratio: 1}\n");
    assert_int_equal(shelf_add(&s, s.png.s, s.png.len, text), AS_CHECK_OK);
    const as_sample *sample = as_manifest_at(s.intake->manifest, 0);
    assert_true(as_str_starts(sample->privacy, "faces 1 ("));
    assert_non_null(strstr(sample->privacy, "cascade "));
    assert_non_null(strstr(sample->privacy, " at 0.5, fill"));
    assert_false(as_store_has(s.space.ws->store, &s.original));
    check_covered(&s, sample);
    assert_int_equal(shelf_search(&s, s.png.s + 33, s.png.len - 33 - 12).n_found, 0);
    shelf_done(&s);
}

static void test_keeps(void **state)
{
    (void)state;
    shelf s;
    char  text[AS_CHECK_TEXT_BYTES];
    shelf_make(&s, "privacy: {faces: keep}\n");
    assert_int_equal(shelf_add(&s, s.png.s, s.png.len, text), AS_CHECK_OK);
    assert_true(as_store_has(s.space.ws->store, &s.original));
    assert_string_equal(as_manifest_at(s.intake->manifest, 0)->privacy, "");
    assert_int_equal(shelf_search(&s, s.png.s, s.png.len).n_found, 1);
    shelf_done(&s);
}

static void test_refuses(void **state)
{
    (void)state;
    shelf   s;
    char    text[AS_CHECK_TEXT_BYTES], hex[AS_SHA256_HEX_BYTES];
    json_t *list;
    as_err  err = AS_ERR_NONE;
    shelf_make(&s, "privacy: {faces: refuse}\n");
    assert_int_equal(shelf_add(&s, s.png.s, s.png.len, text), AS_CHECK_QUARANTINE);
    assert_string_equal(text, "shows 1 face, and privacy.faces is refuse");
    assert_int_equal(shelf_search(&s, s.png.s + 33, s.png.len - 33 - 12).n_found, 0);
    assert_true(as_quarantine_list(s.space.ws, true, &list, &err));
    json_t *record = json_array_get(list, 0);
    assert_string_equal(json_string_value(json_object_get(record, "file")), "");
    assert_string_equal(json_string_value(json_object_get(record, "sha256")), as_digest_hex(&s.original, hex));
    assert_int_equal(json_integer_value(json_object_get(record, "n_bytes")), s.png.len);
    json_decref(list);
    shelf_done(&s);
}

static void test_what_cannot_be_seen_is_not_written(void **state)
{
    (void)state;
    shelf s;
    char  text[AS_CHECK_TEXT_BYTES];
    shelf_make(&s, "privacy: {faces: redact}\n");
    assert_int_equal(shelf_add(&s, s.png.s, s.png.len - 30, text), AS_CHECK_QUARANTINE);
    assert_non_null(strstr(text, "cannot be decoded"));
    assert_int_equal(shelf_search(&s, s.png.s + 33, 200).n_found, 0);
    shelf_done(&s);
}

static void test_without_faces_only_metadata_goes(void **state)
{
    (void)state;
    shelf  s;
    as_str plain, file;
    char   text[AS_CHECK_TEXT_BYTES];
    shelf_make(&s, "privacy: {faces: redact}\n");
    as_str_init(&plain);
    as_str_init(&file);
    test_png(3, 64, 48, &plain);
    as_str_add_bytes(&file, plain.s, plain.len);
    as_str_add(&file, "Mrs Smith");
    assert_int_equal(shelf_add(&s, file.s, file.len, text), AS_CHECK_OK);
    as_digest digest = as_sha256_of(plain.s, plain.len);
    assert_true(as_store_has(s.space.ws->store, &digest));
    assert_true(as_str_starts(as_manifest_at(s.intake->manifest, 0)->privacy, "faces 0, cascade"));
    as_str_done(&plain);
    as_str_done(&file);
    shelf_done(&s);
}

static void test_no_detector_no_intake(void **state)
{
    (void)state;
    static const char *const cases[] = {"cascade", "there-is-none.onnx", "clairvoyance"};
    static const as_err_code codes[] = {AS_EMISSING, AS_ENOTFOUND, AS_EINVAL};
    for (size_t i = 0; i < AS_COUNT(cases); i++) {
        test_space space;
        as_err     err = AS_ERR_NONE;
        as_str     more;
        as_str_init(&more);
        as_str_addf(&more, "privacy: {faces: redact, detector: %s}\n", cases[i]);
        test_space_make(&space, "privacy", more.s);
        assert_int_equal(setenv("ASSAY_CASCADES", space.dir, 1), 0);
        assert_null(as_intake_open(space.ws, space.spec, &err));
        assert_int_equal(err.code, codes[i]);
        unsetenv("ASSAY_CASCADES");
        as_str_done(&more);
        test_space_done(&space);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {cmocka_unit_test(test_redacts),
                                       cmocka_unit_test(test_keeps),
                                       cmocka_unit_test(test_refuses),
                                       cmocka_unit_test(test_what_cannot_be_seen_is_not_written),
                                       cmocka_unit_test(test_without_faces_only_metadata_goes),
                                       cmocka_unit_test(test_no_detector_no_intake)};
    return cmocka_run_group_tests(tests, NULL, NULL);
}
