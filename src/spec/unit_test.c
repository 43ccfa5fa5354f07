/* SPDX-License-Identifier: Apache-2.0 */
#include "spec/unit.h"

#include <math.h>
#include <setjmp.h>
#include <stdarg.h>

#include <cmocka.h>

static void test_parses_what_people_write(void **state)
{
    (void)state;
    static const struct {
        const char  *text;
        as_unit_kind kind;
        double       want;
    } cases[] = {
        {"30 ms", AS_UNIT_TIME, 0.03},
        {"2 s", AS_UNIT_TIME, 2},
        {"350 us", AS_UNIT_TIME, 350e-6},
        {"350us", AS_UNIT_TIME, 350e-6},
        {"1.5 min", AS_UNIT_TIME, 90},
        {"300 MB", AS_UNIT_BYTES, 300e6},
        {"120 MiB", AS_UNIT_BYTES, 125829120},
        {"1.5 GB", AS_UNIT_BYTES, 1.5e9},
        {"95 %", AS_UNIT_RATIO, 0.95},
        {"95%", AS_UNIT_RATIO, 0.95},
        {"0.95", AS_UNIT_RATIO, 0.95},
        {"1e-3", AS_UNIT_RATIO, 1e-3},
        {".5", AS_UNIT_NONE, 0.5},
        {"-2", AS_UNIT_NONE, -2},
    };
    for (size_t i = 0; i < AS_COUNT(cases); i++) {
        double got = NAN;
        assert_int_equal(as_unit_parse(cases[i].text, cases[i].kind, &got), AS_UNIT_FINE);
        assert_true(got <= cases[i].want && got >= cases[i].want);
    }
}

static void test_refuses_the_rest(void **state)
{
    (void)state;
    static const struct {
        const char   *text;
        as_unit_kind  kind;
        as_unit_fault want;
    } cases[] = {
        {"", AS_UNIT_TIME, AS_UNIT_NO_NUMBER},          {"fast", AS_UNIT_TIME, AS_UNIT_NO_NUMBER},
        {"inf", AS_UNIT_RATIO, AS_UNIT_NO_NUMBER},      {"nan", AS_UNIT_RATIO, AS_UNIT_NO_NUMBER},
        {"1e999", AS_UNIT_NONE, AS_UNIT_NO_NUMBER},     {"0x10", AS_UNIT_NONE, AS_UNIT_UNKNOWN},
        {"30", AS_UNIT_TIME, AS_UNIT_MISSING},          {"300", AS_UNIT_BYTES, AS_UNIT_MISSING},
        {"30 MB", AS_UNIT_TIME, AS_UNIT_OTHER_KIND},    {"30 %", AS_UNIT_NONE, AS_UNIT_OTHER_KIND},
        {"30 MS", AS_UNIT_TIME, AS_UNIT_UNKNOWN},       {"30 ms ", AS_UNIT_TIME, AS_UNIT_UNKNOWN},
        {"1.2.3", AS_UNIT_NONE, AS_UNIT_UNKNOWN},       {"30 parsec", AS_UNIT_TIME, AS_UNIT_UNKNOWN},
        {"1e308 GB", AS_UNIT_BYTES, AS_UNIT_NO_NUMBER}, {"1", AS_UNIT_NONE, AS_UNIT_FINE},
    };
    for (size_t i = 0; i < AS_COUNT(cases); i++) {
        double got = -7;
        assert_int_equal(as_unit_parse(cases[i].text, cases[i].kind, &got), cases[i].want);
        assert_true(cases[i].want == AS_UNIT_FINE || (got >= -7 && got <= -7)); /* untouched */
    }
}

static void test_exact_text_reads_back(void **state)
{
    (void)state;
    static const double times[] = {0.03, 1e-9, 3.5e-4, 2, 90, 1.0 / 3, 0.1 + 0.2, 1e-300, 12345.678901234567};
    char                text[AS_UNIT_TEXT_BYTES];
    double              back;
    for (size_t i = 0; i < AS_COUNT(times); i++)
        for (as_unit_kind kind = AS_UNIT_RATIO; kind <= AS_UNIT_BYTES; kind++) {
            as_unit_exact_text(times[i], kind, text);
            assert_int_equal(as_unit_parse(text, kind, &back), AS_UNIT_FINE);
            if (back < times[i] || back > times[i])
                fail_msg("'%s' reads as %.17g, not %.17g", text, back, times[i]);
        }
    assert_string_equal(as_unit_exact_text(0.03, AS_UNIT_TIME, text), "30 ms");
    assert_string_equal(as_unit_exact_text(300e6, AS_UNIT_BYTES, text), "300 MB");
    assert_string_equal(as_unit_exact_text(125829120, AS_UNIT_BYTES, text), "125.82912 MB");
    assert_string_equal(as_unit_number_text(0.1, text), "0.1");
}

static void test_text_for_people(void **state)
{
    (void)state;
    char text[AS_UNIT_TEXT_BYTES];
    assert_string_equal(as_unit_text(0.012345, AS_UNIT_TIME, text), "12.3 ms");
    assert_string_equal(as_unit_text(0.0009996, AS_UNIT_TIME, text), "1000 us");
    assert_string_equal(as_unit_text(118.2e6, AS_UNIT_BYTES, text), "118 MB");
    assert_string_equal(as_unit_text(5, AS_UNIT_BYTES, text), "5.00 B");
    assert_string_equal(as_unit_text(0.96549, AS_UNIT_RATIO, text), "0.965");
    assert_string_equal(as_unit_text(NAN, AS_UNIT_TIME, text), "-");
    assert_true(as_unit_text(1e300, AS_UNIT_TIME, text) == text);
    assert_string_equal(as_unit_of("30 ms"), "ms");
    assert_string_equal(as_unit_of("30"), "");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_parses_what_people_write),
        cmocka_unit_test(test_refuses_the_rest),
        cmocka_unit_test(test_exact_text_reads_back),
        cmocka_unit_test(test_text_for_people),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
