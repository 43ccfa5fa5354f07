/* SPDX-License-Identifier: Apache-2.0 */
#include <setjmp.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "base/fs.h"
#include "remote/credentials.h"
#include "store/test_fault.h"

static const char file[] = "# both\r\n[one]\r\naws_access_key_id=ONE\r\naws_secret_access_key = s/1=\r\n; no\r\n"
                           "[ two ]\naws_access_key_id = TWO\naws_secret_access_key=s2\naws_session_token = t2\n"
                           "[half]\naws_access_key_id = HALF\n[blank]\naws_access_key_id = A B\n"
                           "aws_secret_access_key = hidden\n";

static void test_parse(void **state)
{
    (void)state;
    static const struct {
        const char *profile, *id, *secret, *token;
        as_err_code code;
    } cases[] = {{"one", "ONE", "s/1=", "", AS_OK},
                 {"two", "TWO", "s2", "t2", AS_OK},
                 {"half", "", "", "", AS_ENOTFOUND},
                 {"default", "", "", "", AS_ENOTFOUND},
                 {"blank", "", "", "", AS_EFORMAT}};
    for (size_t i = 0; i < AS_COUNT(cases); i++) {
        as_err         err = AS_ERR_NONE;
        as_credentials found = {.id = {0}};
        bool           ok = as_credentials_parse((const uint8_t *)file, strlen(file), cases[i].profile, &found, &err);
        assert_int_equal(ok, cases[i].code == AS_OK);
        assert_int_equal(err.code, cases[i].code);
        assert_string_equal(found.id, cases[i].id);
        assert_string_equal(found.secret, cases[i].secret);
        assert_string_equal(found.token, cases[i].token);
        assert_null(strstr(err.text, "A B"));
    }
}

static void test_find(void **state)
{
    (void)state;
    as_err         err = AS_ERR_NONE;
    as_credentials found;
    char           where[1000], path[AS_FS_PATH_BYTES];
    const char    *dir = support_temp_dir("credentials");
    assert_non_null(dir);
    static const char *const names[] = {"AWS_ACCESS_KEY_ID", "AWS_SECRET_ACCESS_KEY", "AWS_SESSION_TOKEN",
                                        "AWS_SHARED_CREDENTIALS_FILE"};
    for (size_t i = 0; i < AS_COUNT(names); i++)
        unsetenv(names[i]);
    setenv("HOME", dir, 1);
    setenv("AWS_PROFILE", "two", 1);
    assert_false(as_credentials_find(&found, where, sizeof where, &err));
    assert_int_equal(err.code, AS_EACCESS);
    assert_non_null(strstr(where, "/.aws/credentials"));
    assert_true(as_fs_join(path, dir, ".aws", &err) && as_fs_make_dirs(path, &err));
    assert_true(as_fs_join(path, dir, ".aws/credentials", &err) && as_fs_write(path, file, strlen(file), &err));
    assert_true(as_credentials_find(&found, where, sizeof where, &err));
    assert_string_equal(found.id, "TWO");
    assert_non_null(strstr(where, "profile 'two'"));
    /* The environment comes first. */
    setenv("AWS_ACCESS_KEY_ID", "ENV", 1);
    assert_false(as_credentials_find(&found, where, sizeof where, &err));
    assert_int_equal(err.code, AS_EINVAL);
    setenv("AWS_SECRET_ACCESS_KEY", "s3", 1);
    assert_true(as_credentials_find(&found, where, sizeof where, &err));
    assert_string_equal(found.id, "ENV");
    assert_string_equal(found.token, "");
    as_credentials_done(&found);
    assert_string_equal(found.secret, "");
    support_remove_dir(dir);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_parse),
        cmocka_unit_test(test_find),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
