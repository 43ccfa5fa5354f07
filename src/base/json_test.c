/* SPDX-License-Identifier: Apache-2.0 */
#include "base/json.h"

#include <math.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <cmocka.h>

#include "base/fs.h"

static json_t *parse(const char *text)
{
    as_err  err = AS_ERR_NONE;
    json_t *value = as_json_parse(text, strlen(text), "t.json", &err);
    if (!value)
        fail_msg("%s", err.text);
    return value;
}

static void check_refused(const char *text, const char *want)
{
    as_err err = AS_ERR_NONE;
    assert_null(as_json_parse(text, strlen(text), "t.json", &err));
    assert_int_equal(err.code, AS_EFORMAT);
    if (!as_str_starts(err.text, want))
        fail_msg("'%s' does not start with '%s'", err.text, want);
}

static void test_refused(void **state)
{
    (void)state;
    check_refused("", "t.json:1:");
    check_refused("{\n  \"a\": 1,\n  \"b\": }\n", "t.json:3:");
    check_refused("{\"a\": 1, \"a\": 2}", "t.json:1:");
    check_refused("{} x", "t.json:1:");
    check_refused("{\"a\": \"\xff\"}", "t.json:1:");
    check_refused("{\"a\": NaN}", "t.json:1:");
    char deep[5000];
    memset(deep, '[', sizeof deep - 1);
    deep[sizeof deep - 1] = '\0';
    check_refused(deep, "t.json:1:");
}

/* The same value gives the same bytes, whatever the order in which it was put together. */
static void test_text_is_stable(void **state)
{
    (void)state;
    static const char *const keys[] = {"zeta", "alpha", "mid", "a", "b", "\xc3\xa9", "Z", "10", "9"};
    char                    *first = NULL;
    for (size_t turn = 0; turn < AS_COUNT(keys); turn++) {
        json_t *object = json_object();
        for (size_t i = 0; i < AS_COUNT(keys); i++) {
            size_t k = (i * 2 + turn) % AS_COUNT(keys);
            assert_true(as_json_set(object, keys[k], json_integer((json_int_t)k)));
        }
        char *text = as_json_text(object);
        assert_non_null(text);
        if (first)
            assert_string_equal(text, first);
        if (first)
            free(text);
        else
            first = text;
        json_decref(object);
    }
    assert_string_equal(first,
                        "{\"10\":7,\"9\":8,\"Z\":6,\"a\":3,\"alpha\":1,\"b\":4,\"mid\":2,\"zeta\":0,\"\xc3\xa9\":5}");
    free(first);
    json_t *value = parse("[ 0.1 , 1e100, -0.0, 1, \"x\\n\", null, true ]");
    char   *text = as_json_text(value), *again;
    json_t *back = parse(text);
    assert_true(json_equal(value, back));
    again = as_json_text(back);
    assert_string_equal(text, again);
    free(text);
    free(again);
    json_decref(back);
    json_decref(value);
}

static void test_get(void **state)
{
    (void)state;
    json_t     *o = parse("{\"s\": \"x\", \"i\": -7, \"f\": 2.5, \"t\": true, \"n\": null}");
    const char *s = NULL;
    int64_t     i = 0;
    double      f = 0;
    bool        b = false;
    as_err      err = AS_ERR_NONE;
    assert_true(as_json_get_str(o, "s", &s, &err));
    assert_string_equal(s, "x");
    assert_true(as_json_get_i64(o, "i", &i, &err) && i == -7);
    assert_true(as_json_get_f64(o, "f", &f, &err) && fabs(f - 2.5) < 1e-15);
    assert_true(as_json_get_f64(o, "i", &f, &err) && fabs(f + 7) < 1e-15);
    assert_true(as_json_get_bool(o, "t", &b, &err) && b);
    assert_int_equal(err.code, AS_OK);

    assert_false(as_json_get_i64(o, "f", &i, &err));
    assert_string_equal(err.text, "key 'f' must be an integer, not a number");
    assert_false(as_json_get_str(o, "n", &s, &err));
    assert_string_equal(err.text, "key 'n' must be a string, not null");
    assert_false(as_json_get_f64(o, "s", &f, &err));
    assert_string_equal(err.text, "key 's' must be a number, not a string");
    assert_false(as_json_get_bool(o, "i", &b, &err));
    assert_string_equal(err.text, "key 'i' must be true or false, not an integer");
    assert_false(as_json_get_bool(o, "gone", &b, &err));
    assert_string_equal(err.text, "key 'gone' is missing");
    assert_false(as_json_get_bool(NULL, "x", &b, &err));
    json_t *list = json_array();
    assert_false(as_json_get_bool(list, "x", &b, &err));
    assert_string_equal(err.text, "cannot look for key 'x' in a list");
    assert_true(i == -7 && b && strcmp(s, "x") == 0); /* untouched */
    json_decref(list);
    json_decref(o);
}

static void test_set_and_number(void **state)
{
    (void)state;
    json_t *o = json_object();
    assert_false(as_json_set(o, "k", NULL));
    assert_false(as_json_set(NULL, "k", json_integer(1))); /* and the integer is freed: the leak check sees it */
    assert_false(as_json_set(o, "\xff", json_integer(1)));
    assert_true(as_json_set(o, "nan", as_json_number(NAN)));
    assert_true(as_json_set(o, "inf", as_json_number(-INFINITY)));
    assert_true(as_json_set(o, "x", as_json_number(0.25)));
    char *text = as_json_text(o);
    assert_string_equal(text, "{\"inf\":null,\"nan\":null,\"x\":0.25}");
    free(text);
    json_decref(o);
}

static void test_file(void **state)
{
    (void)state;
    char   dir[] = "/tmp/assay_json_XXXXXX", path[AS_FS_PATH_BYTES];
    as_err err = AS_ERR_NONE;
    assert_non_null(mkdtemp(dir));
    assert_true(as_fs_join(path, dir, "a.json", &err));
    json_t *o = parse("{\"b\": [1, 2], \"a\": \"x\"}");
    assert_true(as_json_write(path, o, &err));
    uint8_t *bytes;
    size_t   n;
    assert_true(as_fs_read(path, 1000, &bytes, &n, &err));
    assert_string_equal((char *)bytes, "{\n  \"a\": \"x\",\n  \"b\": [\n    1,\n    2\n  ]\n}\n");
    assert_int_equal(strlen((char *)bytes), n);
    free(bytes);
    json_t *back = as_json_read(path, 1000, &err);
    assert_true(json_equal(o, back));
    assert_null(as_json_read(path, 5, &err));
    assert_int_equal(err.code, AS_ELIMIT);
    assert_true(as_fs_write(path, "{", 1, &err));
    assert_null(as_json_read(path, 1000, &err));
    assert_int_equal(err.code, AS_EFORMAT);
    assert_true(as_str_starts(err.text, path)); /* the message names the file */
    json_decref(back);
    json_decref(o);
    assert_true(as_fs_remove_tree(dir, &err));
    assert_null(as_json_read(path, 1000, &err));
    assert_int_equal(err.code, AS_ENOTFOUND);
}

/* As few digits as read back the same, and nothing else is touched. */
static void test_numbers_are_short(void **state)
{
    static const double values[] = {0.1 + 0.2, 1.0 / 3, 5e-324, 1.7976931348623157e308,
                                    -0.0,      1e15,    1e22,   123456789012345678.0,
                                    0.6,       -2.5e-7, 1e100};
    (void)state;
    json_t *value =
        parse("{\"a\":0.6,\"b\":[1e-5,-0.95,3.0,7,-12],\"e\":\"0.59999999999999998 \\\" 0.10000000000000001\"}");
    char *text = as_json_text(value);
    assert_string_equal(
        text, "{\"a\":0.6,\"b\":[1e-5,-0.95,3.0,7,-12],\"e\":\"0.59999999999999998 \\\" 0.10000000000000001\"}");
    free(text);
    text = as_json_pretty(json_object_get(value, "a"));
    assert_string_equal(text, "0.6");
    free(text);
    json_decref(value);
    for (size_t i = 0; i < AS_COUNT(values); i++) {
        value = json_pack("[f]", values[i]);
        text = as_json_text(value);
        json_t *back = parse(text);
        double  read = json_real_value(json_array_get(back, 0));
        assert_true(json_is_real(json_array_get(back, 0)));
        assert_memory_equal(&read, &values[i], sizeof read);
        free(text);
        json_decref(back);
        json_decref(value);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_refused), cmocka_unit_test(test_text_is_stable),
        cmocka_unit_test(test_get),     cmocka_unit_test(test_set_and_number),
        cmocka_unit_test(test_file),    cmocka_unit_test(test_numbers_are_short),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
