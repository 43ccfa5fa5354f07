/* SPDX-License-Identifier: Apache-2.0 */
#include "page/html.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "page/test_xml.h"

static void test_text(void **state)
{
    static const struct {
        const char *text, *html;
    } cases[] = {
        {"plain, with \xC3\xA9 and \xE2\x9C\x93", "plain, with \xC3\xA9 and \xE2\x9C\x93"},
        {"<script>alert('x')</script>", "&lt;script&gt;alert(&#39;x&#39;)&lt;/script&gt;"},
        {"a \"b\" & c &amp;", "a &quot;b&quot; &amp; c &amp;amp;"},
        {"two\nlines\tand a tab", "two lines and a tab"},
        {"\x01\x7F", "\xEF\xBF\xBD\xEF\xBF\xBD"},
        {"\xFFz\xC3", "\xEF\xBF\xBDz\xEF\xBF\xBD"},
        {NULL, ""},
    };
    (void)state;
    for (size_t i = 0; i < AS_COUNT(cases); i++) {
        as_str out;
        as_str_init(&out);
        as_html_text(&out, cases[i].text);
        assert_string_equal(out.s, cases[i].html);
        as_str_done(&out);
    }
}

static void test_addf(void **state)
{
    (void)state;
    as_str out;
    as_str_init(&out);
    as_html_addf(&out, "<a b=\"%s\">%s</a> %d %u %zu %lu %.2f %.3g %g %% %.0f", "\"<", "<i>&", -3, 4u, (size_t)5, 6ul,
                 1.005e1, 1234.5, 0.5, 7.4);
    assert_string_equal(out.s, "<a b=\"&quot;&lt;\">&lt;i&gt;&amp;</a> -3 4 5 6 10.05 1.23e+03 0.5 % 7");
    assert_true(as_str_ok(&out));
    as_str_done(&out);
}

/* A conversion that is not known would leave the arguments after it misread: the page fails instead. */
static void test_addf_unknown(void **state)
{
    (void)state;
    as_str out;
    as_str_init(&out);
    as_html_addf(&out, "%x", 3u);
    assert_false(as_str_ok(&out));
    as_str_done(&out);
    as_html_addf(&out, "%.3s", "text");
    assert_false(as_str_ok(&out));
    as_str_done(&out);
}

static void test_data_uri(void **state)
{
    static const struct {
        const char *bytes, *uri;
    } cases[] = {/* RFC 4648, section 10 */
                 {"", "data:a/b;base64,"},
                 {"f", "data:a/b;base64,Zg=="},
                 {"fo", "data:a/b;base64,Zm8="},
                 {"foo", "data:a/b;base64,Zm9v"},
                 {"foobar", "data:a/b;base64,Zm9vYmFy"},
                 {"\xFF\xFE\xFB", "data:a/b;base64,//77"}};
    (void)state;
    for (size_t i = 0; i < AS_COUNT(cases); i++) {
        as_str out;
        as_str_init(&out);
        as_html_data_uri(&out, "a/b", cases[i].bytes, strlen(cases[i].bytes));
        assert_string_equal(out.s, cases[i].uri);
        as_str_done(&out);
    }
}

/* What the other tests lean on tells good from bad. */
static void test_checker(void **state)
{
    static const char *const bad[] = {"<a>",           "<a></b>",      "<a b=\"1\" b=\"2\"/>", "<a b=1/>", "a < b",
                                      "<a>&nbsp;</a>", "<a>x & y</a>", "<a b=\"<\"/>",         "</a>",     "text"};
    (void)state;
    assert_true(test_xml_is_whole("<!DOCTYPE html>\n<a b=\"&lt;x\" c-d=\"\"><e/>t &amp; u<f>g</f></a>\n"));
    for (size_t i = 0; i < AS_COUNT(bad); i++)
        assert_false(test_xml_is_whole(bad[i]));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_text),     cmocka_unit_test(test_addf),    cmocka_unit_test(test_addf_unknown),
        cmocka_unit_test(test_data_uri), cmocka_unit_test(test_checker),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
