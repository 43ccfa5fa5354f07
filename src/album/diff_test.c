/* SPDX-License-Identifier: Apache-2.0 */
#include "album/diff.h"

#include <setjmp.h>
#include <stdarg.h>
#include <string.h>

#include <cmocka.h>

static void add(as_manifest *m, const char *name, const char *label, as_split split, const char *bytes)
{
    as_err    err = AS_ERR_NONE;
    as_sample s = {.name = name, .label = label, .part = name, .camera = "", .format = "png", .split = split};
    s.image = as_sha256_of(bytes, strlen(bytes));
    assert_true(as_manifest_add(m, &s, &err));
}

static void test_each_kind(void **state)
{
    (void)state;
    as_err       err = AS_ERR_NONE;
    as_diff      diff;
    as_manifest *a = as_manifest_new(&err), *b = as_manifest_new(&err);
    add(a, "1 gone", "x", AS_SPLIT_TRAIN, "1");
    add(a, "2 same", "x", AS_SPLIT_TRAIN, "2");
    add(a, "3 class", "x", AS_SPLIT_TRAIN, "3");
    add(a, "4 split", "x", AS_SPLIT_TRAIN, "4");
    add(a, "5 bytes", "x", AS_SPLIT_TRAIN, "5");
    add(b, "2 same", "x", AS_SPLIT_TRAIN, "2");
    add(b, "3 class", "y", AS_SPLIT_TEST, "3");
    add(b, "4 split", "x", AS_SPLIT_TEST, "4");
    add(b, "5 bytes", "x", AS_SPLIT_TRAIN, "five");
    add(b, "6 new", "x", AS_SPLIT_TRAIN, "6");
    assert_true(as_diff_make(a, b, &diff, &err));
    assert_int_equal(diff.removed.n, 1);
    assert_string_equal(diff.removed.at[0].before->name, "1 gone");
    assert_null(diff.removed.at[0].after);
    assert_int_equal(diff.added.n, 1);
    assert_string_equal(diff.added.at[0].after->name, "6 new");
    assert_int_equal(diff.changed.n, 3);
    assert_int_equal(diff.changed.at[0].what, AS_CHANGE_CLASS | AS_CHANGE_SPLIT);
    assert_int_equal(diff.changed.at[1].what, AS_CHANGE_SPLIT);
    assert_int_equal(diff.changed.at[2].what, AS_CHANGE_PICTURE);
    assert_int_equal(diff.n_relabelled, 1);
    assert_int_equal(diff.n_moved, 2);
    assert_int_equal(diff.n_pictures, 1);
    as_diff_done(&diff);
    as_manifest_free(a);
    as_manifest_free(b);
}

static void test_findings_and_state_are_labels(void **state)
{
    (void)state;
    as_err       err = AS_ERR_NONE;
    as_diff      diff;
    as_finding   box = {.label = "x", .outline = AS_OUTLINE_BOX, .box = {1, 2, 3, 4}, .geometry = "", .extra = ""};
    as_sample    s = {.label = "x", .state = AS_LABEL_GIVEN, .by = "a", .findings = &box, .n_findings = 1};
    as_manifest *a = as_manifest_new(&err), *b = as_manifest_new(&err);
    add(a, "1", "x", AS_SPLIT_TRAIN, "1");
    add(b, "1", "x", AS_SPLIT_TRAIN, "1");
    assert_true(as_manifest_set_label(a, 0, &s, &err));
    assert_true(as_manifest_set_label(b, 0, &s, &err));
    assert_true(as_diff_make(a, b, &diff, &err));
    assert_int_equal(diff.changed.n, 0);
    as_diff_done(&diff);
    box.box[2] = 5;
    assert_true(as_manifest_set_label(b, 0, &s, &err));
    assert_true(as_diff_make(a, b, &diff, &err));
    assert_int_equal(diff.changed.n, 1);
    assert_int_equal(diff.changed.at[0].what, AS_CHANGE_LABEL);
    as_diff_done(&diff);
    as_manifest_free(a);
    as_manifest_free(b);
}

int main(void)
{
    const struct CMUnitTest tests[] = {cmocka_unit_test(test_each_kind),
                                       cmocka_unit_test(test_findings_and_state_are_labels)};
    return cmocka_run_group_tests(tests, NULL, NULL);
}
