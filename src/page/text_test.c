/* SPDX-License-Identifier: Apache-2.0 */
#include "page/text.h"

#include <math.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#define THIN "\xE2\x80\x89"
#define DASH "\xE2\x80\x93"

static void test_percent(void **state)
{
    static const struct {
        double      ratio;
        const char *text;
    } cases[] = {{0, "0 %"},          {1, "100 %"},       {0.9, "90.0 %"},  {0.98765, "98.8 %"}, {0.99951, "99.9 %"},
                 {0.99999, "99.9 %"}, {0.0001, "0.01 %"}, {0.001, "0.1 %"}, {1.5, "150.0 %"},    {NAN, DASH}};
    char text[AS_PAGE_TEXT_BYTES];
    (void)state;
    for (size_t i = 0; i < AS_COUNT(cases); i++)
        assert_string_equal(as_page_percent(cases[i].ratio, text), cases[i].text);
}

static void test_count(void **state)
{
    char text[AS_PAGE_TEXT_BYTES];
    (void)state;
    assert_string_equal(as_page_count(0, text), "0");
    assert_string_equal(as_page_count(1234, text), "1234");
    assert_string_equal(as_page_count(12345, text), "12" THIN "345");
    assert_string_equal(as_page_count(UINT64_MAX, text),
                        "18" THIN "446" THIN "744" THIN "073" THIN "709" THIN "551" THIN "615");
}

static void test_money(void **state)
{
    char text[AS_PAGE_TEXT_BYTES];
    (void)state;
    assert_string_equal(as_page_money(12.5, "EUR", text), "12.50 EUR");
    assert_string_equal(as_page_money(-3.005, "", text), "-3.00");
    assert_string_equal(as_page_money(1835.53, "EUR", text), "1836 EUR");
    assert_string_equal(as_page_money(-123456.7, "EUR", text), "-123" THIN "457 EUR");
    assert_string_equal(as_page_money(NAN, "EUR", text), DASH);
    assert_true(strlen(as_page_money(-1e300, "a currency of many letters", text)) < AS_PAGE_TEXT_BYTES);
}

static void test_day(void **state)
{
    char text[AS_PAGE_TEXT_BYTES];
    (void)state;
    assert_string_equal(as_page_day(1772368496789LL * AS_NS_PER_MS, text), "2026-03-01 12:34 UTC");
    assert_string_equal(as_page_took(364, text), "6 min 4 s");
    assert_string_equal(as_page_took(NAN, text), "0 ns");
    assert_string_equal(as_page_bytes(1214000, text), "1.21 MB");
}

static void test_cells(void **state)
{
    (void)state;
    as_str out;
    as_str_init(&out);
    as_page_share_cell(&out, 3, 12);
    assert_string_equal(out.s, "<td class=\"n\">3 <span class=\"soft\">25.0 %</span></td>");
    as_str_clear(&out);
    as_page_share_cell(&out, 0, 7);
    assert_string_equal(out.s, "<td class=\"n\">0</td>");
    as_str_done(&out);
}

int main(void)
{
    const struct CMUnitTest tests[] = {cmocka_unit_test(test_percent), cmocka_unit_test(test_count),
                                       cmocka_unit_test(test_money), cmocka_unit_test(test_day),
                                       cmocka_unit_test(test_cells)};
    return cmocka_run_group_tests(tests, NULL, NULL);
}
