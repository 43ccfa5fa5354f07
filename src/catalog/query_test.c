/* SPDX-License-Identifier: Apache-2.0 */
#include "catalog/query.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "base/str.h"

static void expect(const char *text, const char *sql, size_t n_values)
{
    as_err    err = AS_ERR_NONE;
    size_t    n;
    as_query *query = as_query_parse(text, &err);
    if (!query)
        fail_msg("%s: %s", text, err.text);
    assert_string_equal(as_query_sql(query), sql);
    as_query_values(query, &n);
    assert_int_equal(n, n_values);
    as_query_free(query);
}

static void test_sql(void **state)
{
    (void)state;
    expect("class=good", "((label = ?100))", 1);
    expect(" CLASS = \"it's\" ", "((label = ?100))", 1);
}

static void test_precedence(void **state)
{
    (void)state;
    expect("labelled and width<3 or not height>=4", "((state>=2) AND (width < ?100) OR ((height >= ?101) IS NOT TRUE))",
           2);
    expect("labelled and (width<3 or height!=4)", "((state>=2) AND (((width < ?100) OR (height != ?101))))", 2);
    expect("name~'*.png' and split in (train,test)", "((name GLOB ?100) AND (split IN (?101,?102)))", 3);
}

static void test_values(void **state)
{
    (void)state;
    as_err    err = AS_ERR_NONE;
    size_t    n;
    as_query *query = as_query_parse("name~\"a[1]*\" and bytes>1e3 and bytes<2000 and time>=2026-11-21T08:30 and "
                                     "split!=none and time<2026-11-22",
                                     &err);
    if (!query)
        fail_msg("%s", err.text);
    const as_query_value *v = as_query_values(query, &n);
    assert_int_equal(n, 6);
    assert_true(v[0].is_text);
    assert_string_equal(v[0].text, "a[[]1]*");
    assert_true(!v[1].is_whole && v[1].number == 1000);
    assert_true(v[2].is_whole && v[2].whole == 2000);
    assert_true(v[3].is_whole && v[3].whole == 1795249800LL * 1000000000LL);
    assert_true(v[4].is_whole && v[4].whole == 0);
    assert_true(v[5].whole == v[3].whole + 15LL * 3600 * 1000000000LL + 1800LL * 1000000000LL);
    as_query_free(query);
}

static void test_refuses(void **state)
{
    (void)state;
    static const char *const bad[][2] = {
        {"", "the query ends where"},
        {"clas=good", "did you mean 'class'"},
        {"zzz=1", "one of name, class,"},
        {"class", "ends where one of = !="},
        {"class good", "column 7 of the query: 'good'"},
        {"class=", "a value"},
        {"class=good and", "ends where"},
        {"class=good class=bad", "'and', 'or' or the end"},
        {"(class=good", "')'"},
        {"class='good", "has no end"},
        {"sharpness=abc", "a number"},
        {"sharpness=1x", "a number"},
        {"sharpness~1", "one of = !="},
        {"split<train", "one of = != in"},
        {"split=trian", "train, validation, test or none"},
        {"time>yesterday", "a time such as"},
        {"time>2026-02-30", "a time such as"},
        {"time>2026-02-03T", "a time such as"},
        {"class in good", "'('"},
        {"class in (good bad)", "',' or ')'"},
        {"class in ()", "a value"},
        {"not not labelled", "a condition"},
        {"labelled=1", "'and', 'or' or the end"},
        {"name=a; drop table samples", "'and', 'or' or the end"},
    };
    for (size_t i = 0; i < AS_COUNT(bad); i++) {
        as_err    err = AS_ERR_NONE;
        as_query *query = as_query_parse(bad[i][0], &err);
        if (query)
            fail_msg("accepted '%s' as %s", bad[i][0], as_query_sql(query));
        if (!strstr(err.text, bad[i][1]))
            fail_msg("'%s': '%s' is not in '%s'", bad[i][0], bad[i][1], err.text);
    }
}

static void test_bounds(void **state)
{
    (void)state;
    as_err err = AS_ERR_NONE;
    as_str text;
    as_str_init(&text);
    for (int i = 0; i < 1000; i++)
        as_str_add(&text, "(");
    assert_null(as_query_parse(text.s, &err));
    assert_int_equal(err.code, AS_ELIMIT);
    as_str_clear(&text);
    as_str_add(&text, "width=1");
    for (int i = 0; i < AS_QUERY_MAX_CONDITIONS; i++)
        as_str_add(&text, " or width=1");
    assert_null(as_query_parse(text.s, &err));
    as_str_done(&text);
}

static void test_every_field_is_explained(void **state)
{
    (void)state;
    const char *help = NULL;
    size_t      n = 0;
    for (; as_query_field(n, &help); n++)
        assert_true(help && *help);
    assert_true(n > 10);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_sql),    cmocka_unit_test(test_precedence),
        cmocka_unit_test(test_values), cmocka_unit_test(test_refuses),
        cmocka_unit_test(test_bounds), cmocka_unit_test(test_every_field_is_explained),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
