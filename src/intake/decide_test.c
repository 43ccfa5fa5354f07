/* SPDX-License-Identifier: Apache-2.0 */
#include "intake/decide.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "catalog/notes.h"
#include "image/codec.h"
#include "intake/test_folder.h"

typedef struct fixture {
    test_space space;
    as_intake *intake;
    as_err     err;
    char       text[AS_DECIDE_TEXT_BYTES];
    bool       taken;
} fixture;

static const as_decider who = {.by = "anna", .reason = "it is always dark there", .utc = 42};

static void begin(fixture *f, const char *more)
{
    *f = (fixture){.err = AS_ERR_NONE};
    test_space_make(&f->space, "decide", more);
    f->intake = as_intake_open(f->space.ws, f->space.spec, &f->err);
    if (!f->intake)
        fail_msg("%s", f->err.text);
}

static void again(fixture *f)
{
    as_intake_close(f->intake);
    f->intake = as_intake_open(f->space.ws, f->space.spec, &f->err);
    assert_non_null(f->intake);
}

static void end(fixture *f)
{
    as_intake_close(f->intake);
    test_space_done(&f->space);
}

/* A picture of one level all over but for a corner, or with noise. */
static void png(as_str *out, uint8_t level, bool textured)
{
    as_err   err = AS_ERR_NONE;
    as_image image = {0};
    assert_true(as_image_new(&image, AS_PIXEL_MONO8, 32, 32, &err));
    for (uint32_t y = 0; y < 32; y++)
        for (uint32_t x = 0; x < 32; x++)
            image.data[y * image.stride_bytes + x] = textured ? (uint8_t)(60 + (x * 37 + y * 91) % 120) : level;
    as_str_init(out);
    assert_true(as_codec_encode_png(&image, 1, out, &err));
    as_image_done(&image);
}

static as_check_level add(fixture *f, const char *name, const char *label, uint8_t level, bool textured)
{
    as_str         file;
    as_check_level got;
    char           text[AS_CHECK_TEXT_BYTES];
    as_sample      sample = {.name = name, .label = label, .camera = "twin:x", .part = "p1", .utc = 7};
    png(&file, level, textured);
    if (!as_intake_add(f->intake, (const uint8_t *)file.s, file.len, &sample, &got, text, &f->err))
        fail_msg("%s", f->err.text);
    as_str_done(&file);
    return got;
}

static json_t *listed(fixture *f)
{
    json_t *list;
    if (!as_quarantine_list(f->space.ws, true, &list, &f->err))
        fail_msg("%s", f->err.text);
    return list;
}

static void check_state(fixture *f, size_t i, const char *state, bool has_file)
{
    json_t       *list = listed(f);
    const json_t *record = json_array_get(list, i);
    assert_string_equal(json_string_value(json_object_get(record, "state")), state);
    const char *file = json_string_value(json_object_get(record, "file"));
    char        path[AS_FS_PATH_BYTES];
    assert_int_equal(*file != '\0', has_file);
    if (has_file)
        assert_true(as_workspace_path(f->space.ws, file, path, &f->err) && as_fs_is_file(path));
    json_decref(list);
}

static size_t n_samples(fixture *f)
{
    as_commit commit;
    as_err    err = AS_ERR_NONE;
    return as_commit_find(f->space.ws, "main", &commit, &err) ? (size_t)commit.n_samples : 0;
}

static void accept_first(fixture *f, const char *const *overrule, size_t n)
{
    json_t *list = listed(f);
    if (!as_decide_accept(f->intake, json_array_get(list, 0), &who, overrule, n, &f->taken, f->text, &f->err))
        fail_msg("%s", f->err.text);
    if (f->taken) {
        as_commit commit;
        assert_true(as_intake_split(f->intake, 1, &f->err) &&
                    as_intake_commit(f->intake, "accepted", &commit, &f->err));
        assert_true(as_decide_accepted(f->space.ws, json_array_get(list, 0), &who, overrule, n, &commit, &f->err));
    }
    json_decref(list);
}

/* A dark picture comes in after all, with label, part and camera; who, when and why stand in the version's notes. Then it
 * leaves again. */
static void test_accept_and_undo(void **state)
{
    (void)state;
    fixture   f;
    as_commit commit;
    bool      made;
    begin(&f, "intake: {max_clipped_ratio: 0.5}\n");
    assert_int_equal(add(&f, "dark.png", "bad", 0, false), AS_CHECK_QUARANTINE);
    assert_int_equal(add(&f, "fine.png", "good", 0, true), AS_CHECK_OK);
    assert_true(as_intake_split(f.intake, 1, &f.err) && as_intake_commit(f.intake, "one", &commit, &f.err));
    check_state(&f, 0, "waiting", true);
    again(&f);
    accept_first(&f, NULL, 0);
    if (!f.taken)
        fail_msg("%s", f.text);
    assert_int_equal(n_samples(&f), 2);
    check_state(&f, 0, "accepted", false);
    assert_true(as_commit_find(f.space.ws, "main", &commit, &f.err));
    as_manifest *manifest = as_commit_manifest(f.space.ws, &commit, &f.err);
    as_notes    *notes = as_notes_read(f.space.ws, &commit, manifest, &f.err);
    assert_non_null(notes);
    const as_sample *sample = as_manifest_at(manifest, 0);
    const as_note   *note = as_notes_of(notes, 0);
    assert_string_equal(sample->name, "dark.png");
    assert_string_equal(sample->label, "bad");
    assert_string_equal(sample->part, "p1");
    assert_string_equal(sample->camera, "twin:x");
    assert_int_equal(sample->utc, 7);
    assert_non_null(note);
    assert_string_equal(note->found[0].check, "exposure");
    assert_string_equal(note->found[0].by, "anna");
    assert_string_equal(note->found[0].reason, who.reason);
    assert_int_equal(note->found[0].utc, 42);
    assert_true(note->black_ratio == 1);
    as_notes_free(notes);
    as_manifest_free(manifest);
    /* back */
    json_t *list = listed(&f), *record = json_array_get(list, 0);
    if (!as_decide_undo(f.space.ws, &record, 1, &who, &commit, &made, &f.err))
        fail_msg("%s", f.err.text);
    assert_true(made);
    json_decref(list);
    assert_int_equal(n_samples(&f), 1);
    check_state(&f, 0, "waiting", true);
    again(&f);
    accept_first(&f, NULL, 0); /* and in once more: what lies there is the picture */
    assert_true(f.taken);
    assert_int_equal(n_samples(&f), 2);
    end(&f);
}

static void test_other_checks_still_refuse(void **state)
{
    (void)state;
    fixture           f;
    const char *const more[] = {"sharpness"}, *const none[] = {"whole"};
    begin(&f, "intake: {max_clipped_ratio: 0.5, min_sharpness: 5}\n");
    assert_int_equal(add(&f, "dark.png", "bad", 0, false), AS_CHECK_QUARANTINE);
    accept_first(&f, NULL, 0);
    assert_false(f.taken);
    assert_non_null(strstr(f.text, "sharpness refuses it too"));
    assert_non_null(strstr(f.text, "--overrule sharpness"));
    check_state(&f, 0, "waiting", true);
    accept_first(&f, none, 1);
    assert_false(f.taken);
    assert_non_null(strstr(f.text, "'whole' cannot be overruled"));
    accept_first(&f, more, 1);
    assert_true(f.taken);
    end(&f);
}

static void test_what_nobody_can_overrule(void **state)
{
    (void)state;
    fixture        f;
    as_check_level level;
    char           text[AS_CHECK_TEXT_BYTES];
    begin(&f, "");
    as_sample sample = {.name = "text.png", .label = "good"};
    assert_true(as_intake_add(f.intake, (const uint8_t *)"hello", 5, &sample, &level, text, &f.err));
    accept_first(&f, NULL, 0);
    assert_false(f.taken);
    assert_non_null(strstr(f.text, "'whole' cannot be overruled: what cannot be decoded"));
    assert_false(as_decide_may_overrule("duplicate", f.text));
    assert_false(as_decide_may_overrule("privacy", f.text));
    assert_non_null(strstr(f.text, "may show a person"));
    assert_false(as_decide_may_overrule("bogus", f.text));
    assert_true(as_decide_may_overrule("exposure", f.text));
    end(&f);
}

static void test_drop_stays_dropped_until_undone(void **state)
{
    (void)state;
    fixture   f;
    as_commit commit;
    bool      made;
    begin(&f, "intake: {max_clipped_ratio: 0.5}\n");
    add(&f, "dark.png", "bad", 0, false);
    json_t *list = listed(&f), *record = json_array_get(list, 0);
    assert_true(as_decide_drop(f.space.ws, record, &who, &f.err));
    json_decref(list);
    check_state(&f, 0, "dropped", false);
    assert_int_equal(add(&f, "dark.png", "bad", 0, false), AS_CHECK_QUARANTINE); /* the same import again */
    check_state(&f, 0, "dropped", false);
    list = listed(&f);
    record = json_array_get(list, 0);
    assert_true(as_decide_undo(f.space.ws, &record, 1, &who, &commit, &made, &f.err));
    assert_false(made);
    json_decref(list);
    check_state(&f, 0, "waiting", false);
    accept_first(&f, NULL, 0);
    assert_false(f.taken);
    assert_non_null(strstr(f.text, "import the file again"));
    add(&f, "dark.png", "bad", 0, false);
    check_state(&f, 0, "waiting", true);
    list = listed(&f);
    assert_int_equal(json_array_size(json_object_get(json_array_get(list, 0), "decisions")), 2);
    json_decref(list);
    end(&f);
}

/* A record that leads elsewhere is not followed. */
static void test_record_that_leads_out(void **state)
{
    (void)state;
    fixture  f;
    uint8_t *bytes;
    size_t   n;
    begin(&f, "");
    json_t *record = json_pack("{s:s, s:s, s:s, s:s}", "name", "a", "check", "exposure", "file",
                               "quarantine/../../assay.yaml", "id", "x");
    assert_false(as_quarantine_bytes(f.space.ws, record, &bytes, &n, &f.err));
    assert_int_equal(f.err.code, AS_ECORRUPT);
    json_decref(record);
    end(&f);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_accept_and_undo),          cmocka_unit_test(test_other_checks_still_refuse),
        cmocka_unit_test(test_what_nobody_can_overrule), cmocka_unit_test(test_drop_stays_dropped_until_undone),
        cmocka_unit_test(test_record_that_leads_out),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
