/* SPDX-License-Identifier: Apache-2.0 */
#include "base/err.h"

#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <string.h>

#include <cmocka.h>

static void test_set(void **state)
{
    (void)state;
    as_err err = AS_ERR_NONE;
    assert_false(AS_FAIL(&err, AS_EINVAL, "bad '%s' at %d", "x", 7));
    assert_int_equal(err.code, AS_EINVAL);
    assert_string_equal(err.text, "bad 'x' at 7");
    assert_false(AS_FAIL(NULL, AS_EINVAL, "nobody looks"));
    /* a failure is never "no error" */
    AS_FAIL(&err, AS_OK, "odd");
    assert_int_equal(err.code, AS_EINTERNAL);
}

static void test_text_is_printable(void **state)
{
    (void)state;
    as_err err;
    AS_FAIL(&err, AS_EIO, "cannot read '%s'", "a\nb\x1b[2J\xff\xc3\xa9\\");
    assert_string_equal(err.text, "cannot read 'a\\x0ab\\x1b[2J\\xff\xc3\xa9\\'");
}

static void test_long_text_is_cut_between_characters(void **state)
{
    (void)state;
    as_err err;
    char   name[3000];
    for (size_t i = 0; i + 1 < sizeof name; i++)
        name[i] = "\xe2\x82\xac"[i % 3];
    name[sizeof name - 1] = '\0';
    AS_FAIL(&err, AS_EIO, "%s", name);
    size_t n = strlen(err.text);
    assert_in_range(n, 990, sizeof err.text - 1);
    assert_int_equal(memcmp(err.text, name, 990), 0);
    assert_null(strstr(err.text + 990, "\xe2\x82\xac\xe2\x82\xac\xe2\x82\xac\xe2"));
}

static void test_errno(void **state)
{
    (void)state;
    static const struct {
        int         value;
        as_err_code code;
    } rows[] = {{ENOSPC, AS_ENOSPC}, {EDQUOT, AS_ENOSPC},    {EACCES, AS_EACCESS},     {EPERM, AS_EACCESS},
                {EROFS, AS_EACCESS}, {ENOENT, AS_ENOTFOUND}, {ENOMEM, AS_ENOMEM},      {EEXIST, AS_EEXIST},
                {EBUSY, AS_EBUSY},   {EIO, AS_EIO},          {ETIMEDOUT, AS_ETIMEOUT}, {EMFILE, AS_ELIMIT},
                {EPIPE, AS_EIO},     {99999, AS_EIO}};
    for (size_t i = 0; i < AS_COUNT(rows); i++) {
        as_err err = AS_ERR_NONE;
        assert_false(as_err_errno(&err, rows[i].value, "cannot write '%s'", "f"));
        assert_int_equal(err.code, rows[i].code);
        assert_memory_equal(err.text, "cannot write 'f': ", 18);
        assert_true(strlen(err.text) > 18);
    }
    as_err err;
    as_err_errno(&err, ENOSPC, "cannot write 'path'");
    assert_string_equal(err.text, "cannot write 'path': no space left on the disk (free some, or point the workspace "
                                  "elsewhere)");
    char name[2000];
    memset(name, 'n', sizeof name - 1);
    name[sizeof name - 1] = '\0';
    as_err_errno(&err, ENOSPC, "cannot write '%s'", name);
    assert_non_null(strstr(err.text, "no space left on the disk")); /* the reason survives a long name */
}

static void test_note(void **state)
{
    (void)state;
    as_err err;
    AS_FAIL(&err, AS_ENOTFOUND, "no such file");
    assert_false(as_err_note(&err, "cannot open camera '%s'", "c"));
    assert_string_equal(err.text, "cannot open camera 'c': no such file");
    assert_int_equal(err.code, AS_ENOTFOUND);
    assert_false(as_err_note(NULL, "nobody"));
}

static void test_every_row(void **state)
{
    (void)state;
    assert_int_equal(as_err_exit_status(AS_OK), 0);
    assert_int_equal(as_err_http_status(AS_OK), 200);
    for (int i = 1; i < AS_ERR_COUNT; i++) {
        as_err_code code = (as_err_code)i;
        assert_in_range(as_err_exit_status(code), 2, 3);
        assert_in_range(as_err_http_status(code), 400, 599);
        assert_memory_equal(as_err_name(code), "AS_E", 4);
        assert_true(strlen(as_err_default_text(code)) > 2);
        for (int k = 0; k < i; k++)
            assert_string_not_equal(as_err_name(code), as_err_name((as_err_code)k));
    }
    assert_string_equal(as_err_name(AS_ENOSPC), "AS_ENOSPC");
    assert_int_equal(as_err_exit_status(AS_EFORMAT), 2);
    assert_int_equal(as_err_exit_status(AS_ENOSPC), 3);
    assert_string_equal(as_err_name((as_err_code)12345), "AS_EINTERNAL");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_set),
        cmocka_unit_test(test_text_is_printable),
        cmocka_unit_test(test_long_text_is_cut_between_characters),
        cmocka_unit_test(test_errno),
        cmocka_unit_test(test_note),
        cmocka_unit_test(test_every_row),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
