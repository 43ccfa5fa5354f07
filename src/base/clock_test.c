/* SPDX-License-Identifier: Apache-2.0 */
#include "base/clock.h"

#include <setjmp.h>
#include <stdarg.h>

#include <cmocka.h>

static void check_utc(as_ns utc, const char *want)
{
    char text[AS_CLOCK_TEXT_BYTES];
    assert_string_equal(as_clock_text(utc, text), want);
}

static void test_text(void **state)
{
    (void)state;
    check_utc(0, "1970-01-01T00:00:00.000Z");
    check_utc(1772368496789999999, "2026-03-01T12:34:56.789Z"); /* date -u -d 2026-03-01T12:34:56Z +%s */
    check_utc(951782399 * AS_NS_PER_S, "2000-02-28T23:59:59.000Z");
    check_utc(951782400 * AS_NS_PER_S, "2000-02-29T00:00:00.000Z");
    check_utc(-1, "1969-12-31T23:59:59.999Z");
    check_utc(INT64_MAX, "2262-04-11T23:47:16.854Z");
    check_utc(INT64_MIN, "1677-09-21T00:12:43.145Z");
}

static void check_duration(as_ns interval, const char *want)
{
    char text[AS_CLOCK_TEXT_BYTES];
    assert_string_equal(as_clock_duration_text(interval, text), want);
}

static void test_duration(void **state)
{
    (void)state;
    check_duration(0, "0 ns");
    check_duration(999, "999 ns");
    check_duration(350 * AS_NS_PER_US, "350 us");
    check_duration(1200 * AS_NS_PER_US, "1.2 ms");
    check_duration(9949 * AS_NS_PER_US, "9.9 ms");
    check_duration(9960 * AS_NS_PER_US, "10 ms");
    check_duration(999499999, "999 ms");
    check_duration(999500000, "1.0 s");
    check_duration(59400 * AS_NS_PER_MS, "59 s");
    check_duration(59500 * AS_NS_PER_MS, "1 min 0 s");
    check_duration(125 * AS_NS_PER_S, "2 min 5 s");
    check_duration(3599600 * AS_NS_PER_MS, "1 h 0 min");
    check_duration(7384 * AS_NS_PER_S, "2 h 3 min");
    check_duration(49 * 3600 * AS_NS_PER_S, "2 d 1 h");
    check_duration(-1200 * AS_NS_PER_US, "-1.2 ms");
    check_duration(INT64_MIN, "-106751 d 23 h");
}

static void test_clocks(void **state)
{
    (void)state;
    as_ns a = as_clock_mono(), until = a + 2 * AS_NS_PER_MS;
    as_clock_sleep_until(until);
    assert_true(as_clock_mono() >= until);
    as_clock_sleep_until(a); /* passed, zero and negative: at once */
    as_clock_sleep_until(0);
    as_clock_sleep_until(-1);
    assert_true(as_clock_utc() > 1700000000 * AS_NS_PER_S);
}

static void test_dates(void **state)
{
    (void)state;
    as_ns utc;
    char  text[AS_CLOCK_TEXT_BYTES];
    assert_true(as_clock_utc_of(1970, 1, 1, 0, 0, 0, &utc));
    assert_int_equal(utc, 0);
    assert_true(as_clock_utc_of(1969, 12, 31, 23, 59, 59, &utc));
    assert_int_equal(utc, -AS_NS_PER_S);
    assert_true(as_clock_utc_of(2024, 2, 29, 23, 5, 6, &utc));
    assert_string_equal(as_clock_text(utc, text), "2024-02-29T23:05:06.000Z");
    assert_true(as_clock_utc_of(2261, 12, 31, 0, 0, 0, &utc) && as_clock_utc_of(1678, 1, 1, 0, 0, 0, &utc));
    assert_false(as_clock_utc_of(2023, 2, 29, 0, 0, 0, &utc));
    assert_false(as_clock_utc_of(2023, 13, 1, 0, 0, 0, &utc));
    assert_false(as_clock_utc_of(2023, 6, 31, 0, 0, 0, &utc));
    assert_false(as_clock_utc_of(2023, 6, 30, 24, 0, 0, &utc));
    assert_false(as_clock_utc_of(2023, 6, 30, 0, 0, 60, &utc));
    assert_false(as_clock_utc_of(9999, 1, 1, 0, 0, 0, &utc));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_text),
        cmocka_unit_test(test_duration),
        cmocka_unit_test(test_dates),
        cmocka_unit_test(test_clocks),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
