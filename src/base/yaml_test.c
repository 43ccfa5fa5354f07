/* SPDX-License-Identifier: Apache-2.0 */
#include "base/yaml.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "base/str.h"

static as_yaml *parse(const char *text)
{
    as_err   err = AS_ERR_NONE;
    as_yaml *doc = as_yaml_parse(text, strlen(text), "a.yaml", &err);
    if (!doc)
        fail_msg("%s", err.text);
    return doc;
}

static void check_refused_bytes(const char *text, size_t n, as_err_code code, const char *want)
{
    as_err   err = AS_ERR_NONE;
    as_yaml *doc = as_yaml_parse(text, n, "a.yaml", &err);
    if (doc)
        fail_msg("accepted, but wanted '%s'", want);
    assert_int_equal(err.code, code);
    if (!as_str_starts(err.text, want))
        fail_msg("'%s' does not start with '%s'", err.text, want);
}

static void check_refused(const char *text, as_err_code code, const char *want)
{
    check_refused_bytes(text, strlen(text), code, want);
}

static void check_node(const as_yaml_node *node, as_yaml_kind kind, uint32_t line, uint32_t column, size_t n)
{
    assert_non_null(node);
    assert_int_equal(node->kind, kind);
    assert_int_equal(node->line, line);
    assert_int_equal(node->column, column);
    assert_int_equal(node->n, n);
}

static void test_tree(void **state)
{
    (void)state;
    as_yaml            *doc = parse("assay: 1\n"
                                               "# a comment\n"
                                               "line: 'cones'\n"
                                               "classes: {good: pass, \"broken\": reject}\n"
                                               "list:\n"
                                               "  - a b\n"
                                               "  - - 1\n"
                                               "    - 2\n"
                                               "text: |\n"
                                               "  two\n"
                                               "  lines\n"
                                               "empty:\n");
    const as_yaml_node *root = as_yaml_root(doc);
    check_node(root, AS_YAML_MAP, 1, 1, 6);
    assert_string_equal(as_yaml_name(doc), "a.yaml");
    check_node(root->keys[1], AS_YAML_SCALAR, 3, 1, 0);
    assert_string_equal(root->keys[1]->text, "line");
    const as_yaml_node *line = as_yaml_get(root, "line");
    check_node(line, AS_YAML_SCALAR, 3, 7, 0);
    assert_string_equal(line->text, "cones");
    assert_true(line->quoted);
    assert_false(as_yaml_get(root, "assay")->quoted);
    const as_yaml_node *classes = as_yaml_get(root, "classes");
    check_node(classes, AS_YAML_MAP, 4, 10, 2);
    check_node(as_yaml_get(classes, "broken"), AS_YAML_SCALAR, 4, 33, 0);
    const as_yaml_node *list = as_yaml_get(root, "list");
    check_node(list, AS_YAML_LIST, 6, 3, 2);
    assert_null(list->keys);
    assert_string_equal(list->items[0]->text, "a b");
    check_node(list->items[1], AS_YAML_LIST, 7, 5, 2);
    check_node(list->items[1]->items[1], AS_YAML_SCALAR, 8, 7, 0);
    assert_string_equal(as_yaml_get(root, "text")->text, "two\nlines\n");
    assert_string_equal(as_yaml_get(root, "empty")->text, "");
    assert_false(as_yaml_get(root, "empty")->quoted);
    assert_null(as_yaml_get(root, "gone"));
    assert_null(as_yaml_get(list, "line"));
    assert_null(as_yaml_get(NULL, "line"));
    assert_null(as_yaml_free(doc));
    assert_null(as_yaml_free(NULL));
}

static void test_other_forms(void **state)
{
    (void)state;
    as_yaml *doc = parse("");
    check_node(as_yaml_root(doc), AS_YAML_NONE, 1, 1, 0);
    as_yaml_free(doc);
    doc = parse("# nothing but this\n");
    check_node(as_yaml_root(doc), AS_YAML_NONE, 1, 1, 0);
    as_yaml_free(doc);
    doc = parse("\xef\xbb\xbf"
                "a: 1\r\nb: 2\r\n"); /* as Windows editors save it */
    assert_string_equal(as_yaml_get(as_yaml_root(doc), "b")->text, "2");
    assert_int_equal(as_yaml_get(as_yaml_root(doc), "b")->line, 2);
    as_yaml_free(doc);
    doc = parse("{}");
    check_node(as_yaml_root(doc), AS_YAML_MAP, 1, 1, 0);
    as_yaml_free(doc);
    doc = parse("just words");
    assert_string_equal(as_yaml_root(doc)->text, "just words");
    as_yaml_free(doc);
}

static void test_duplicates(void **state)
{
    (void)state;
    check_refused("a: 1\nb: 2\n'a': 3\n", AS_EFORMAT, "a.yaml:3:1: key 'a' is there twice, the first in line 1");
    check_refused("x: {k: 1, l: 2, k: 3}\n", AS_EFORMAT, "a.yaml:1:17: key 'k'");
    as_yaml *doc = parse("a: {k: 1}\nb: {k: 1}\nA: 1\n");
    as_yaml_free(doc);
}

static void test_refused(void **state)
{
    (void)state;
    check_refused("a: &x 1\nb: *x\n", AS_EFORMAT, "a.yaml:1:4: anchor '&x'");
    check_refused("b:\n  - *x\n", AS_EFORMAT, "a.yaml:2:5: alias '*x'");
    check_refused("b: !!binary x\n", AS_EFORMAT, "a.yaml:1:4: tag 'tag:yaml.org,2002:binary'");
    check_refused("b: !x [1]\n", AS_EFORMAT, "a.yaml:1:4: tag '!x'");
    check_refused("? [1, 2]\n: x\n", AS_EFORMAT, "a.yaml:1:3: a key must be a word, not a list");
    check_refused("{{a: 1}: 2}\n", AS_EFORMAT, "a.yaml:1:2: a key must be a word, not a map");
    check_refused("a: 1\n---\nb: 1\n", AS_EFORMAT, "a.yaml:2:1: a second document");
    check_refused("a: \"x\\0y\"\n", AS_EFORMAT, "a.yaml:1:4: a zero byte");
    check_refused("a: [1, 2\nb: 3\n", AS_EFORMAT, "a.yaml:2:");
    check_refused("a: 1\n b: 2\n", AS_EFORMAT, "a.yaml:2:3: mapping values are not allowed");
    check_refused("a:\n\t- 1\n", AS_EFORMAT, "a.yaml:2:1: found character that cannot start any token");
    check_refused("a: 1\nb: \xff\n", AS_EFORMAT, "a.yaml:2:4: ");
    check_refused_bytes("a: 1\n\0", 6, AS_EFORMAT, "a.yaml:2:1: ");
    check_refused(
        "k: {a: {b: [c", AS_EFORMAT,
        "a.yaml:2:1: did not find expected ',' or ']' while parsing a flow sequence that begins in line 1"); /* open at the end, keys without values */
}

static void test_limits(void **state)
{
    (void)state;
    as_str text;
    as_str_init(&text);
    for (int i = 0; i < 32; i++)
        as_str_add(&text, "[");
    as_str_add(&text, "x");
    for (int i = 0; i < 32; i++)
        as_str_add(&text, "]");
    as_yaml_free(parse(text.s));
    as_str_clear(&text);
    for (int i = 0; i < 33; i++)
        as_str_add(&text, "[");
    check_refused(text.s, AS_ELIMIT, "a.yaml:1:33: nested more than 32 deep");
    as_str_clear(&text);
    for (int i = 0; i < 40; i++)
        as_str_addf(&text, "%*sk:\n", i, "");
    check_refused(text.s, AS_ELIMIT, "a.yaml:33:33: nested more than 32 deep");
    as_str_clear(&text);
    for (int i = 0; i < 99999; i++)
        as_str_add(&text, "- x\n"); /* with the list 100,000 */
    as_yaml *doc = parse(text.s);
    assert_int_equal(as_yaml_root(doc)->n, 99999);
    as_yaml_free(doc);
    as_str_add(&text, "- x\n");
    check_refused(text.s, AS_ELIMIT, "a.yaml:100000:3: more than 100000 values");
    as_str_clear(&text);
    for (int i = 0; i < 49999; i++)
        as_str_addf(&text, "k%d: \n", i);
    as_yaml_free(parse(text.s)); /* many keys are compared in no quadratic time */
    as_str_clear(&text);
    while (text.len < (1 << 20))
        as_str_add(&text, "# comment and more of it: 32 byte");
    text.s[1 << 20] = '\0';
    as_yaml_free(parse(text.s));
    check_refused_bytes(text.s, (1 << 20) + 1, AS_ELIMIT, "cannot read 'a.yaml': more than 1048576 bytes");
    as_str_done(&text);
}

static void test_fail(void **state)
{
    (void)state;
    as_yaml *doc = parse("a: 1\nb:   x\n");
    as_err   err = AS_ERR_NONE;
    assert_false(as_yaml_fail(doc, as_yaml_get(as_yaml_root(doc), "b"), &err, "'%s' is no number", "x"));
    assert_string_equal(err.text, "a.yaml:2:6: 'x' is no number");
    assert_int_equal(err.code, AS_EFORMAT);
    as_yaml_fail(doc, NULL, &err, "no such");
    assert_string_equal(err.text, "a.yaml:1:1: no such");
    as_yaml_free(doc);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_tree),    cmocka_unit_test(test_other_forms), cmocka_unit_test(test_duplicates),
        cmocka_unit_test(test_refused), cmocka_unit_test(test_limits),      cmocka_unit_test(test_fail),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
