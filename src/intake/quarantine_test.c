/* SPDX-License-Identifier: Apache-2.0 */
#include <setjmp.h>
#include <stdarg.h>

#include <cmocka.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "intake/quarantine.h"
#include "intake/test_folder.h"

static const char *text_of(const json_t *list, size_t i, const char *key)
{
    return json_string_value(json_object_get(json_array_get(list, i), key));
}

static void test_put_and_list(void **state)
{
    (void)state;
    test_space space;
    as_err     err = AS_ERR_NONE;
    json_t    *list;
    char       path[AS_FS_PATH_BYTES];
    uint8_t   *bytes;
    size_t     n;
    test_space_make(&space, "quarantine", "");
    assert_true(as_quarantine_list(space.ws, true, &list, &err));
    assert_int_equal(json_array_size(list), 0);
    json_decref(list);
    as_refusal one = {.sample = &(as_sample){.name = "z.JPG", .label = "good"}, .check = "whole", .why = "is a text"};
    as_refusal two = {.sample = &(as_sample){.name = "a/\\x0a.../../../x.sh"}, .check = "whole", .why = "cut \xc3"};
    assert_true(as_quarantine_put(space.ws, &one, (const uint8_t *)"hello", 5, &err));
    assert_true(as_quarantine_put(space.ws, &one, (const uint8_t *)"hello", 5, &err)); /* again: no second record */
    assert_true(as_quarantine_put(space.ws, &two, (const uint8_t *)"hello", 5, &err));
    as_refusal none = {.sample = &(as_sample){.name = "c.png"}, .check = "whole", .why = "cannot be read"};
    assert_true(as_quarantine_put(space.ws, &none, NULL, 0, &err));
    assert_true(as_quarantine_sync(space.ws, &err));
    assert_true(as_quarantine_list(space.ws, true, &list, &err));
    assert_int_equal(json_array_size(list), 3);
    assert_string_equal(text_of(list, 0, "name"), two.sample->name);
    assert_string_equal(text_of(list, 0, "reason"), "cut ?");
    assert_true(as_str_ends(text_of(list, 0, "file"), ".bin")); /* no ending is taken over that could be run */
    assert_string_equal(text_of(list, 1, "name"), "c.png");
    assert_string_equal(text_of(list, 1, "file"), "");
    assert_string_equal(text_of(list, 2, "name"), "z.JPG");
    assert_string_equal(text_of(list, 2, "label"), "good");
    assert_string_equal(text_of(list, 2, "check"), "whole");
    assert_true(as_str_ends(text_of(list, 2, "file"), ".jpg"));
    assert_true(as_workspace_path(space.ws, text_of(list, 2, "file"), path, &err));
    assert_true(as_fs_read(path, 100, &bytes, &n, &err));
    assert_int_equal(n, 5);
    assert_memory_equal(bytes, "hello", 5);
    free(bytes);
    json_decref(list);
    test_space_done(&space);
}

/* The other name of a file that is gone: nothing of its bytes is left. */
static void check_wiped(const char *path, const char *other)
{
    as_err   err = AS_ERR_NONE;
    uint8_t *bytes;
    size_t   n;
    assert_false(as_fs_is_file(path));
    assert_true(as_fs_read(other, 100, &bytes, &n, &err));
    assert_int_equal(n, 5);
    assert_memory_equal(bytes, "\0\0\0\0\0", 5);
    free(bytes);
}

static void test_bytes_are_overwritten(void **state)
{
    (void)state;
    test_space space;
    as_err     err = AS_ERR_NONE;
    json_t    *list;
    char       path[AS_FS_PATH_BYTES], other[AS_FS_PATH_BYTES];
    as_refusal refusal = {.sample = &(as_sample){.name = "z.jpg"}, .check = "whole", .why = "is a text"};
    test_space_make(&space, "quarantine", "");
    for (int withhold = 0; withhold < 2; withhold++) {
        refusal.withhold = false;
        assert_true(as_quarantine_put(space.ws, &refusal, (const uint8_t *)"hello", 5, &err));
        assert_true(as_quarantine_list(space.ws, true, &list, &err));
        assert_true(as_workspace_path(space.ws, text_of(list, 0, "file"), path, &err));
        assert_true(as_workspace_path(space.ws, withhold ? "other.1" : "other.0", other, &err));
        assert_int_equal(link(path, other), 0);
        refusal.withhold = true;
        assert_true(withhold ? as_quarantine_put(space.ws, &refusal, (const uint8_t *)"hello", 5, &err)
                             : as_quarantine_set_bytes(space.ws, json_array_get(list, 0), NULL, 0, &err));
        check_wiped(path, other);
        json_decref(list);
    }
    assert_true(as_quarantine_list(space.ws, true, &list, &err));
    assert_string_equal(text_of(list, 0, "file"), "");
    json_decref(list);
    test_space_done(&space);
}

static void test_damaged_record_is_left_out(void **state)
{
    (void)state;
    test_space space;
    as_err     err = AS_ERR_NONE;
    json_t    *list;
    char       path[AS_FS_PATH_BYTES];
    test_space_make(&space, "quarantine", "");
    as_refusal one = {.sample = &(as_sample){.name = "z.jpg"}, .check = "whole", .why = "is a text"};
    assert_true(as_quarantine_put(space.ws, &one, (const uint8_t *)"hello", 5, &err));
    assert_true(as_workspace_path(space.ws, "quarantine/0.json", path, &err) &&
                as_fs_write(path, "{\"name\":3}", 10, &err));
    assert_true(as_workspace_path(space.ws, "quarantine/1.json", path, &err) && as_fs_write(path, "", 0, &err));
    assert_true(as_quarantine_list(space.ws, true, &list, &err));
    assert_int_equal(json_array_size(list), 1);
    json_decref(list);
    test_space_done(&space);
}

/* Names of those that are still refused, one after the other. */
static void check_refused(test_space *space, const char *want, size_t n_all)
{
    as_err  err = AS_ERR_NONE;
    json_t *list;
    char    got[64] = "";
    assert_true(as_quarantine_list(space->ws, false, &list, &err));
    for (size_t i = 0; i < json_array_size(list); i++)
        as_str_copy(got + strlen(got), sizeof got - strlen(got), text_of(list, i, "name"));
    assert_string_equal(got, want);
    json_decref(list);
    assert_true(as_quarantine_list(space->ws, true, &list, &err));
    assert_int_equal(json_array_size(list), n_all);
    json_decref(list);
}

static void test_kept_later(void **state)
{
    (void)state;
    test_space space;
    as_err     err = AS_ERR_NONE;
    as_commit  commit = {.author = "a", .message = "m"};
    as_refusal refusals[] = {{.sample = &(as_sample){.name = "a"}, .check = "exposure", .why = "dark"},
                             {.sample = &(as_sample){.name = "b"}, .check = "duplicate", .why = "copy of c"},
                             {.sample = &(as_sample){.name = "d"}, .check = "exposure", .why = "dark"}};
    test_space_make(&space, "quarantine", "");
    /* a is dark and kept later as e; b stays refused because c has its bytes; d is nowhere. */
    for (size_t i = 0; i < 3; i++)
        assert_true(as_quarantine_put(space.ws, &refusals[i], (const uint8_t *)refusals[i].sample->name, 1, &err));
    check_refused(&space, "abd", 3);
    as_manifest             *manifest = as_manifest_new(&err);
    static const char *const names[] = {"c", "e"}, *const bytes[] = {"b", "a"};
    for (size_t i = 0; i < 2; i++) {
        as_sample sample = {.name = names[i], .label = "good", .part = names[i], .camera = "", .format = "png"};
        sample.image = as_sha256_of(bytes[i], 1);
        assert_true(as_manifest_add(manifest, &sample, &err));
    }
    assert_true(as_commit_write(space.ws, manifest, &commit, &err));
    as_manifest_free(manifest);
    check_refused(&space, "bd", 3);
    test_space_done(&space);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_put_and_list),
        cmocka_unit_test(test_bytes_are_overwritten),
        cmocka_unit_test(test_damaged_record_is_left_out),
        cmocka_unit_test(test_kept_later),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
