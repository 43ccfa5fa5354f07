/* SPDX-License-Identifier: Apache-2.0 */
#include "base/csv.h"

#include <setjmp.h>
#include <stdarg.h>
#include <string.h>

#include <cmocka.h>

static void test_rows(void **state)
{
    (void)state;
    as_csv csv;
    as_err err = AS_ERR_NONE;
    bool   end;
    char   text[] = "\xef\xbb\xbfimage;label\r\n\"a;\"\"1\"\"\r\n.png\";bad\n\n;\nlast;x";
    as_csv_init(&csv, text, sizeof text - 1, "t.csv");
    assert_int_equal(csv.comma, ';');
    assert_true(as_csv_row(&csv, &end, &err));
    assert_string_equal(csv.fields[0], "image");
    assert_true(as_csv_row(&csv, &end, &err));
    assert_int_equal(csv.line, 2);
    assert_string_equal(csv.fields[0], "a;\"1\"\r\n.png");
    assert_string_equal(csv.fields[1], "bad");
    assert_true(as_csv_row(&csv, &end, &err));
    assert_int_equal(csv.line, 5);
    assert_int_equal(csv.n_fields, 2);
    assert_string_equal(csv.fields[1], "");
    assert_true(as_csv_row(&csv, &end, &err));
    assert_string_equal(csv.fields[0], "last");
    assert_false(as_csv_row(&csv, &end, &err));
    assert_true(end && err.code == AS_OK);
    as_csv_done(&csv);
}

static void test_what_is_refused(void **state)
{
    (void)state;
    static const struct {
        const char *text;
        size_t      n;
        const char *why;
    } bad[] = {
        {"a,\"b\n\n", 6, "t.csv:1: a quoted field does not end"},
        {"a,\"b\"c", 6, "t.csv:1: there is text behind"},
        {"a,b\0c", 5, "zero byte"},
    };
    for (size_t i = 0; i < AS_COUNT(bad); i++) {
        as_csv csv;
        as_err err = AS_ERR_NONE;
        bool   end;
        as_csv_init(&csv, bad[i].text, bad[i].n, "t.csv");
        assert_false(as_csv_row(&csv, &end, &err));
        assert_false(end);
        if (!strstr(err.text, bad[i].why))
            fail_msg("'%s' is not in '%s'", bad[i].why, err.text);
        as_csv_done(&csv);
    }
}

static void test_what_is_written(void **state)
{
    (void)state;
    as_str text;
    as_str_init(&text);
    as_csv_add(&text, "plain");
    as_csv_add(&text, "a\"b,c");
    assert_string_equal(text.s, "plain\"a\"\"b,c\"");
    as_str_done(&text);
}

int main(void)
{
    const struct CMUnitTest tests[] = {cmocka_unit_test(test_rows), cmocka_unit_test(test_what_is_refused),
                                       cmocka_unit_test(test_what_is_written)};
    return cmocka_run_group_tests(tests, NULL, NULL);
}
