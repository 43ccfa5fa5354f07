/* SPDX-License-Identifier: Apache-2.0 */
#include "catalog/notes.h"

#include <math.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

#include "base/str.h"
#include "catalog/test_space.h"

static char          dir[AS_TEST_SPACE_DIR_BYTES];
static as_workspace *ws;

static int setup(void **state)
{
    (void)state;
    ws = as_test_space_open("notes", dir);
    return ws ? 0 : -1;
}

static int teardown(void **state)
{
    (void)state;
    ws = as_test_space_close(ws, dir);
    return 0;
}

static as_sample numbered(char name[16], unsigned i)
{
    as_sample s = {.name = name, .label = "good", .part = name, .camera = "", .format = "png", .n_bytes = 1};
    snprintf(name, 16, "p%02u", i);
    s.image = as_sha256_of(name, strlen(name));
    return s;
}

static const as_note note_plain = {.mean = 100.04, .contrast = 50, .noise = NAN, .black_ratio = 0.5};

static as_commit commit_of(const as_manifest *m, const as_str *lines, const as_commit *parent)
{
    as_err    err = AS_ERR_NONE;
    as_commit commit = {.author = "a", .message = "m"};
    if (parent) {
        commit.parents[0] = parent->id;
        commit.n_parents = 1;
    }
    assert_true(as_notes_put(ws->store, lines, &commit, &err));
    assert_true(as_commit_write(ws, m, &commit, &err));
    return commit;
}

/* Each version has the notes of what came with it; together they are those of all, and the newest holds. */
static void test_gathered_along_the_history(void **state)
{
    (void)state;
    as_err       err = AS_ERR_NONE;
    as_manifest *m = as_manifest_new(&err);
    as_str       lines;
    char         names[3][16];
    as_str_init(&lines);
    as_sample     one = numbered(names[0], 1), two = numbered(names[1], 2), three = numbered(names[2], 3);
    as_note_found found[] = {{.check = "motion", .text = "moved \"far\""},
                             {.check = "exposure", .text = "dark", .by = "anna", .reason = "it is night", .utc = 7}};
    as_note       said = {.mean = 3, .n_found = 2, .found = found};
    assert_true(as_manifest_add(m, &one, &err) && as_manifest_add(m, &two, &err));
    as_note_add(&lines, &one, &said);
    as_note_add(&lines, &two, &note_plain);
    as_commit first = commit_of(m, &lines, NULL);
    as_str_clear(&lines);
    /* The second version has another picture under the name of the second, and a third without any note. */
    as_manifest_drop(m, 1);
    two.image = as_sha256_of("x", 1);
    assert_true(as_manifest_add(m, &two, &err) && as_manifest_add(m, &three, &err));
    as_note again = {.mean = 9};
    as_note_add(&lines, &two, &again);
    as_commit second = commit_of(m, &lines, &first), found_again;
    assert_true(as_commit_read(ws, &second.id, &found_again, &err));
    assert_int_equal(found_again.n_notes, 1);
    assert_true(as_digest_equal(&found_again.notes[0], &second.notes[0]));
    as_notes *notes = as_notes_read(ws, &found_again, m, &err);
    assert_non_null(notes);
    const as_note *n = as_notes_of(notes, 0);
    assert_non_null(n);
    assert_int_equal(n->n_found, 2);
    assert_string_equal(n->found[0].text, "moved \"far\"");
    assert_null(n->found[0].by);
    assert_string_equal(n->found[1].reason, "it is night");
    assert_string_equal(n->found[1].by, "anna");
    assert_int_equal(n->found[1].utc, 7);
    assert_true(as_notes_of(notes, 1)->mean == 9); /* the older one is of another picture */
    assert_null(as_notes_of(notes, 2));
    as_notes_free(notes);
    as_manifest *before = as_commit_manifest(ws, &first, &err);
    notes = as_notes_read(ws, &first, before, &err);
    assert_true(fabs(as_notes_of(notes, 1)->mean - 100) < 1e-9); /* four digits */
    assert_true(isnan(as_notes_of(notes, 1)->noise));
    assert_true(as_notes_of(notes, 1)->black_ratio == 0.5);
    as_notes_free(notes);
    as_manifest_free(before);
    as_manifest_free(m);
    as_str_done(&lines);
}

static void test_several_objects_of_one_version(void **state)
{
    (void)state;
    as_err       err = AS_ERR_NONE;
    as_commit    commit = {.author = "a", .message = "m"};
    as_str       lines;
    char         name[16];
    as_manifest *m = as_manifest_new(&err);
    as_str_init(&lines);
    assert_true(as_notes_put(ws->store, &lines, &commit, &err)); /* nothing: no object */
    assert_int_equal(commit.n_notes, 0);
    for (unsigned i = 0; i < 3; i++) {
        as_sample s = numbered(name, i);
        assert_true(as_manifest_add(m, &s, &err));
        as_note_add(&lines, &s, &note_plain);
        assert_true(as_notes_put(ws->store, &lines, &commit, &err));
        as_str_clear(&lines);
    }
    assert_int_equal(commit.n_notes, 3);
    commit.n_notes = AS_COMMIT_MAX_NOTES;
    as_str_add(&lines, "x");
    assert_false(as_notes_put(ws->store, &lines, &commit, &err));
    assert_int_equal(err.code, AS_ELIMIT);
    commit.n_notes = 3;
    as_notes *notes = as_notes_read(ws, &commit, m, &err);
    for (size_t i = 0; i < 3; i++)
        assert_non_null(as_notes_of(notes, i));
    as_notes_free(notes);
    as_manifest_free(m);
    as_str_done(&lines);
}

static void test_damaged(void **state)
{
    (void)state;
    static const char *const texts[] = {
        "",
        "{\"assay_notes\":2}\n",
        "{\"assay_notes\":1}",
        "{\"assay_notes\":1,\"before\":\"12\"}\n",
        "{}\n",
        "{\"assay_notes\":1}\n{\"name\":\"a\"}\n",
        "{\"assay_notes\":1}\n{\"name\":\"a\",\"image\":\"0123\"}\n",
        "{\"assay_notes\":1}\n{\"name\":\"a\",\"image\":\"0123456789abcdef\",\"name\":\"b\"}\n",
        "{\"assay_notes\":1}\n{\"name\":\"a\",\"image\":\"0123456789abcdef\",\"found\":[{\"check\":\"x\"}]}\n",
        ("{\"assay_notes\":1}\n{\"name\":\"a\",\"image\":\"0123456789abcdef\",\"found\":[{\"check\":\"x\",\"text\":"
         "\"\","
         "\"by\":\"\"}]}\n"),
    };
    for (size_t i = 0; i < AS_COUNT(texts); i++) {
        as_err err = AS_ERR_NONE;
        if (as_notes_parse((const uint8_t *)texts[i], strlen(texts[i]), NULL, NULL, &err))
            fail_msg("taken: %s", texts[i]);
        assert_int_equal(err.code, AS_EFORMAT);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(test_gathered_along_the_history, setup, teardown),
        cmocka_unit_test_setup_teardown(test_several_objects_of_one_version, setup, teardown),
        cmocka_unit_test(test_damaged),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
