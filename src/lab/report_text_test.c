/* SPDX-License-Identifier: Apache-2.0 */
#include "lab/report_text.h"

#include <math.h>
#include <setjmp.h>
#include <stdarg.h>

#include <cmocka.h>

#define DASH "\xE2\x80\x93"

static void test_measured(void **state)
{
    (void)state;
    as_str            out;
    const as_measured known = {0.95, 0.9, 0.99, 100}, none = {NAN, NAN, NAN, 0};
    as_str_init(&out);
    as_report_measured_cell(&out, &known);
    assert_string_equal(out.s, "<td class=\"n\">95.0 %<span class=\"between\">90.0 % " DASH " 99.0 %</span></td>");
    as_str_clear(&out);
    as_report_measured_cell(&out, &none);
    assert_string_equal(out.s, "<td class=\"n\">" DASH "</td>");
    as_str_done(&out);
}

int main(void)
{
    const struct CMUnitTest tests[] = {cmocka_unit_test(test_measured)};
    return cmocka_run_group_tests(tests, NULL, NULL);
}
