/* SPDX-License-Identifier: Apache-2.0 */
#include "cli/help_wrap.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

static void check(const char *text, size_t width, const char *want)
{
    as_str out;
    as_str_init(&out);
    as_help_wrap_text(text, width, &out);
    assert_string_equal(out.s, want);
    as_str_done(&out);
}

static void test_paragraphs(void **state)
{
    (void)state;
    check("", 40, "");
    check("one\ntwo", 40, "one two\n");
    check("one two three\nfour\n\nfive", 9, "one two\nthree\nfour\n\nfive\n");
    check("averylongword of ten", 5, "averylongword\nof\nten\n");
    check("\xc3\xa9\xc3\xa9\xc3\xa9 \xc3\xa9", 5, "\xc3\xa9\xc3\xa9\xc3\xa9 \xc3\xa9\n"); /* columns, not bytes */
}

static void test_lists(void **state)
{
    (void)state;
    check("rule  a b c\ncnn   d e\n      f\n\nend.", 11, "rule  a b c\ncnn   d e f\n\nend.\n");
    check("rule  a b c\ncnn   d e\n      f", 9, "rule  a b\n      c\ncnn   d e\n      f\n");
    check("words\nitem  what\nlonger  what", 40, "words\nitem    what\nlonger  what\n");
}

static void test_brackets_stay_together(void **state)
{
    as_str out;
    (void)state;
    as_str_init(&out);
    as_help_wrap("verb [--one N] [--two N]", 0, 2, 16, &out);
    assert_string_equal(out.s, "verb [--one N]\n  [--two N]\n");
    as_str_clear(&out);
    as_help_wrap("verb [--much longer than it]", 0, 2, 12, &out); /* no room for it anywhere */
    assert_string_equal(out.s, "verb [--much\n  longer\n  than it]\n");
    as_str_clear(&out);
    as_help_wrap("words", 30, 4, 20, &out); /* the first word has no other place */
    assert_string_equal(out.s, "words\n");
    as_str_done(&out);
}

int main(void)
{
    const struct CMUnitTest tests[] = {cmocka_unit_test(test_paragraphs), cmocka_unit_test(test_lists),
                                       cmocka_unit_test(test_brackets_stay_together)};
    return cmocka_run_group_tests(tests, NULL, NULL);
}
