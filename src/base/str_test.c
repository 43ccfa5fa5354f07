/* SPDX-License-Identifier: Apache-2.0 */
#include "base/str.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "base/rng.h"

static void test_grow(void **state)
{
    (void)state;
    as_str str;
    as_str_init(&str);
    assert_string_equal(str.s, "");
    for (int i = 0; i < 1000; i++)
        as_str_addf(&str, "%d,", i);
    as_str_add(&str, "end");
    as_str_add_bytes(&str, "\0x", 2);
    assert_int_equal(str.len, 10 * 2 + 90 * 3 + 900 * 4 + 5);
    assert_memory_equal(str.s, "0,1,2,", 6);
    assert_memory_equal(str.s + str.len - 9, "999,end\0x", 9);
    assert_true(as_str_ok(&str));
    as_str_clear(&str);
    assert_string_equal(str.s, "");
    as_str_add(&str, "again");
    char *taken = as_str_take(&str);
    assert_string_equal(taken, "again");
    free(taken);
    assert_string_equal(str.s, "");
    taken = as_str_take(&str);
    assert_string_equal(taken, "");
    free(taken);
    as_str_done(&str);
    as_str_done(&str);
}

static void test_failure_sticks(void **state)
{
    (void)state;
    as_str str;
    as_str_init(&str);
    as_str_add(&str, "a");
    as_str_add_bytes(&str, "x", SIZE_MAX - 1); /* refused before it is read */
    assert_false(as_str_ok(&str));
    as_str_add(&str, "b");
    assert_string_equal(str.s, "a");
    assert_null(as_str_take(&str));
    assert_true(as_str_ok(&str));
    as_str_done(&str);
}

static void test_strdupf_and_copy(void **state)
{
    (void)state;
    char *s = as_strdupf("%s-%04d", "x", 42), small[4];
    assert_string_equal(s, "x-0042");
    free(s);
    assert_true(as_str_copy(small, sizeof small, "abc"));
    assert_string_equal(small, "abc");
    assert_false(as_str_copy(small, sizeof small, "abcd"));
    assert_string_equal(small, "abc");
    assert_false(as_str_copy(small, 0, ""));
}

static void check_escape(const char *bytes, size_t n, const char *want)
{
    as_str text, back;
    as_str_init(&text);
    as_str_init(&back);
    as_str_add_escaped(&text, bytes, n);
    if (want)
        assert_string_equal(text.s, want);
    for (size_t i = 0; i < text.len;) { /* only what may be printed */
        size_t n_char = as_str_char_bytes(text.s + i, text.len - i);
        assert_int_not_equal(n_char, 0);
        i += n_char;
    }
    assert_true(as_str_add_unescaped(&back, text.s));
    assert_int_equal(back.len, n);
    assert_memory_equal(back.s, bytes, n);
    as_str_done(&text);
    as_str_done(&back);
}

static void test_escape(void **state)
{
    (void)state;
    check_escape("plain name.png", 14, "plain name.png");
    check_escape("a\nb\tc\x7f", 6, "a\\x0ab\\x09c\\x7f");
    check_escape("back\\x41", 8, "back\\\\x41");
    check_escape("\xc3\xa9\xe2\x82\xac\xf0\x9f\x8d\xa6", 9, "\xc3\xa9\xe2\x82\xac\xf0\x9f\x8d\xa6");
    check_escape("\xc3", 1, "\\xc3");
    check_escape("\xc0\xaf", 2, "\\xc0\\xaf");                   /* overlong */
    check_escape("\xed\xa0\x80", 3, "\\xed\\xa0\\x80");          /* surrogate */
    check_escape("\xf4\x90\x80\x80", 4, "\\xf4\\x90\\x80\\x80"); /* past U+10FFFF */
    check_escape("\xc2\x9b", 2, "\\xc2\\x9b");                   /* CSI in one character */
    check_escape("a\0b", 3, "a\\x00b");
    for (int i = 0; i < 256; i++) {
        char c = (char)i;
        check_escape(&c, 1, NULL);
    }
    as_rng rng = as_rng_new(11);
    for (int i = 0; i < 2000; i++) {
        char   bytes[24];
        size_t n = (size_t)as_rng_below(&rng, sizeof bytes);
        /* half of them from the bytes where mistakes live */
        for (size_t k = 0; k < n; k++)
            bytes[k] = (char)(i % 2 ? as_rng_u64(&rng)
                                    : (uint64_t) "\\x0\xc3\xa9\xe2\x82\xf0\x9f\x80 4c"[as_rng_below(&rng, 14)]);
        check_escape(bytes, n, NULL);
    }
}

static void test_unescape_refuses(void **state)
{
    (void)state;
    static const char *const bad[] = {"\\",    "a\\",   "\\x",   "\\x0", "\\xzz", "\\n",
                                      "\\x0A", "\\x41", "\\x5c", "\xff", "\n",    "\\xc3\\xa9"};
    as_str                   str;
    as_str_init(&str);
    for (size_t i = 0; i < AS_COUNT(bad); i++)
        assert_false(as_str_add_unescaped(&str, bad[i]));
    assert_int_equal(str.len, 0);
    assert_true(as_str_add_unescaped(&str, ""));
    as_str_done(&str);
}

static void test_ends(void **state)
{
    (void)state;
    assert_true(as_str_starts("twin:cones", "twin:"));
    assert_false(as_str_starts("twi", "twin"));
    assert_true(as_str_ends("a.onnx", ".onnx"));
    assert_false(as_str_ends("nnx", ".onnx"));
    assert_true(as_str_ends("x", ""));
}

static void test_nearest(void **state)
{
    (void)state;
    static const char *const keys[] = {"requirements", "station", "classes", "cost", "task", "line"};
    size_t                   n = AS_COUNT(keys);
    assert_ptr_equal(as_str_nearest("requirments", keys, n), keys[0]);
    assert_ptr_equal(as_str_nearest("statoin", keys, n), keys[1]); /* two swapped letters are one step */
    assert_ptr_equal(as_str_nearest("class", keys, n), NULL);      /* two steps of five letters */
    assert_ptr_equal(as_str_nearest("costs", keys, n), keys[3]);
    assert_ptr_equal(as_str_nearest("tsak", keys, n), keys[4]);
    assert_ptr_equal(as_str_nearest("ln", keys, n), NULL);
    assert_ptr_equal(as_str_nearest("lin", keys, n), keys[5]);
    assert_ptr_equal(as_str_nearest("LINE", keys, n), keys[5]); /* capitals are no step */
    assert_ptr_equal(as_str_nearest("colour", keys, n), NULL);
    static const char *const short_keys[] = {"id", "of"};
    assert_ptr_equal(as_str_nearest("ib", short_keys, 2), short_keys[0]);
    assert_ptr_equal(as_str_nearest("xy", short_keys, 2), NULL);
    assert_null(as_str_nearest("", keys, n));
    assert_null(as_str_nearest("x", NULL, 0));
    char word[500];
    memset(word, 'a', sizeof word - 1);
    word[sizeof word - 1] = '\0';
    const char *one = word;
    assert_null(as_str_nearest("aaa", &one, 1));
    assert_null(as_str_nearest(word, keys, n));
}

static void test_numbers(void **state)
{
    (void)state;
    int64_t  i = 5;
    uint64_t u = 5;
    double   f = 5;
    assert_true(as_str_to_i64("-9223372036854775808", &i) && i == INT64_MIN);
    assert_true(as_str_to_i64("007", &i) && i == 7);
    assert_true(as_str_to_u64("18446744073709551615", &u) && u == UINT64_MAX);
    assert_true(as_str_to_f64("-1.5e3", &f) && f >= -1500 && f <= -1500);
    assert_true(as_str_to_f64(".5", &f) && f >= 0.5 && f <= 0.5);
    static const char *const bad[] = {"", " 1", "1 ", "1x", "x", "0x10", "+", "-", "--1", "1,5", "nan", "inf", "1\n"};
    for (size_t k = 0; k < AS_COUNT(bad); k++) {
        assert_false(as_str_to_i64(bad[k], &i));
        assert_false(as_str_to_u64(bad[k], &u));
        assert_false(as_str_to_f64(bad[k], &f));
    }
    assert_false(as_str_to_i64("9223372036854775808", &i));
    assert_false(as_str_to_u64("-1", &u));
    assert_false(as_str_to_u64("18446744073709551616", &u));
    assert_false(as_str_to_f64("1e999", &f));
    assert_false(as_str_to_f64("e5", &f));
    assert_true(i == 7 && u == UINT64_MAX && f > 0.4); /* untouched */
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_grow),
        cmocka_unit_test(test_failure_sticks),
        cmocka_unit_test(test_strdupf_and_copy),
        cmocka_unit_test(test_escape),
        cmocka_unit_test(test_unescape_refuses),
        cmocka_unit_test(test_ends),
        cmocka_unit_test(test_nearest),
        cmocka_unit_test(test_numbers),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
