/* SPDX-License-Identifier: Apache-2.0 */
#include "store/known.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <cmocka.h>

#include "base/fs.h"

static as_run run_new(void)
{
    as_run run = {.id = "1-cnn"};
    as_err err = AS_ERR_NONE;
    snprintf(run.dir, sizeof run.dir, "/tmp/assay-known-test-%d", (int)getpid());
    assert_true(as_fs_make_dirs(run.dir, &err));
    return run;
}

static as_origin origin_of(uint8_t first, uint8_t last)
{
    as_origin origin = {{0}};
    origin.b[0] = first;
    origin.b[15] = last;
    return origin;
}

static void test_what_was_written_is_known(void **state)
{
    (void)state;
    as_run    run = run_new();
    as_err    err = AS_ERR_NONE;
    as_known  known;
    as_origin origins[] = {origin_of(9, 1), origin_of(2, 2), origin_of(0, 0), origin_of(2, 1), origin_of(9, 1)};
    as_origin other = origin_of(2, 3), none = origin_of(0, 0);
    assert_false(as_known_read(&run, &known, &err));
    assert_int_equal(err.code, AS_ENOTFOUND);
    assert_true(as_known_write(&run, origins, AS_COUNT(origins), &err));
    assert_true(as_known_read(&run, &known, &err));
    assert_int_equal(known.n, 3);
    for (uint8_t i = 1; i < 3; i++) {
        as_origin one = origin_of(2, i);
        assert_true(as_known_has(&known, &one));
    }
    assert_false(as_known_has(&known, &other) || as_known_has(&known, &none));
    as_known_done(&known);
    assert_true(as_known_write(&run, NULL, 0, &err));
    assert_true(as_known_read(&run, &known, &err));
    assert_false(as_known_has(&known, &other));
    as_known_done(&known);
    assert_true(as_fs_remove_tree(run.dir, &err));
}

static void test_damage_is_seen(void **state)
{
    (void)state;
    as_run    run = run_new();
    as_err    err = AS_ERR_NONE;
    as_known  known;
    char      path[AS_FS_PATH_BYTES];
    uint8_t  *bytes;
    size_t    n = 0;
    as_origin origins[] = {origin_of(1, 1), origin_of(2, 2)};
    assert_true(as_known_write(&run, origins, 2, &err));
    assert_true(as_fs_join(path, run.dir, "known.bin", &err) && as_fs_read(path, 4096, &bytes, &n, &err));
    for (size_t i = 0; i < n; i++) {
        bytes[i] ^= 0x10;
        assert_false(as_known_parse(bytes, n, &known, &err));
        bytes[i] ^= 0x10;
        assert_false(as_known_parse(bytes, i, &known, &err));
    }
    assert_true(as_known_parse(bytes, n, &known, &err));
    as_known_done(&known);
    free(bytes);
    assert_true(as_run_write_file(&run, "known.bin", "ASKNOWN1", 8, &err));
    assert_false(as_known_read(&run, &known, &err));
    assert_non_null(strstr(err.text, "assay eval 1-cnn"));
    assert_true(as_fs_remove_tree(run.dir, &err));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_what_was_written_is_known),
        cmocka_unit_test(test_damage_is_seen),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
