/* SPDX-License-Identifier: Apache-2.0 */
#include "base/xml.h"

#include <setjmp.h>
#include <stdarg.h>
#include <string.h>

#include <cmocka.h>

static as_xml *parse(const char *text, as_err *err)
{
    return as_xml_parse(text, strlen(text), "x.xml", err);
}

static void test_a_tree(void **state)
{
    (void)state;
    as_err  err = AS_ERR_NONE;
    as_xml *doc = parse("<?xml version=\"1.0\"?>\n<a k='v&amp;w'>\n <b> one &#x20AC; </b>\n <c/><b>2.5</b></a>", &err);
    assert_non_null(doc);
    const as_xml_node *root = as_xml_root(doc), *b = as_xml_get(root, "b");
    double             v;
    assert_string_equal(root->name, "a");
    assert_string_equal(as_xml_attribute(root, "k"), "v&w");
    assert_null(as_xml_attribute(root, "x"));
    assert_string_equal(b->text, "one \xe2\x82\xac");
    assert_int_equal(b->line, 3);
    b = as_xml_again(b);
    assert_string_equal(b->text, "2.5");
    assert_null(as_xml_again(b));
    assert_string_equal(as_xml_text(root, "c"), "");
    assert_null(as_xml_text(root, "d"));
    assert_false(as_xml_text_f64(doc, root, "b", &v, &err));
    assert_string_equal(err.text, "x.xml:2: b 'one \xe2\x82\xac' of 'a' is no number");
    as_xml_free(doc);
}

static void test_what_is_refused(void **state)
{
    (void)state;
    static const struct {
        const char *text, *why;
    } bad[] = {
        {"", "x.xml:1: no element found"},
        {"<a>\n<b></a>", "x.xml:2: mismatched tag"},
        {"<a/><b/>", "x.xml:1: junk"},
        {"<!DOCTYPE a [<!ENTITY e \"x\">]><a>&e;</a>", "document type"},
        {"<!DOCTYPE a SYSTEM \"file:///etc/hostname\"><a/>", "document type"},
        {"<a k='1' k='2'/>", "duplicate attribute"},
        {"<a>\xff</a>", "invalid token"},
    };
    for (size_t i = 0; i < AS_COUNT(bad); i++) {
        as_err err = AS_ERR_NONE;
        assert_null(parse(bad[i].text, &err));
        if (!strstr(err.text, bad[i].why))
            fail_msg("'%s' is not in '%s'", bad[i].why, err.text);
    }
    as_str deep;
    as_err err = AS_ERR_NONE;
    as_str_init(&deep);
    for (int i = 0; i < 40; i++)
        as_str_add(&deep, "<a>");
    assert_null(parse(deep.s, &err));
    assert_int_equal(err.code, AS_ELIMIT);
    as_str_done(&deep);
}

static void test_what_is_written(void **state)
{
    (void)state;
    as_str text;
    as_str_init(&text);
    as_xml_add(&text, "a<b>&\"c\"\x01");
    assert_string_equal(text.s, "a&lt;b&gt;&amp;&quot;c&quot;");
    as_str_done(&text);
}

int main(void)
{
    const struct CMUnitTest tests[] = {cmocka_unit_test(test_a_tree), cmocka_unit_test(test_what_is_refused),
                                       cmocka_unit_test(test_what_is_written)};
    return cmocka_run_group_tests(tests, NULL, NULL);
}
