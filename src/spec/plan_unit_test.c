/* SPDX-License-Identifier: Apache-2.0 */
#include "spec/plan_unit.h"

#include <setjmp.h>
#include <stdarg.h>
#include <string.h>

#include <cmocka.h>

static void unit_converts_what_people_write(void **state)
{
    (void)state;
    static const struct {
        const char *given, *base, *wanted;
    } rows[] = {
        {"400", "mm/s", "400"},
        {"400 mm/s", "mm/s", "400"},
        {"400mm/s", "mm/s", "400"},
        {"24m/min", "mm/s", "400"},
        {"24 m/min", "mm/s", "400"},
        {" 1.2 m / min ", "mm/s", "20"},
        {"1.2m/s", "mm/s", "1200"},
        {"90 m/h", "mm/s", "25"},
        {"60x160", "mm", "60x160"},
        {"6 x 16 cm", "mm", "60x160"},
        {"6cm x 160 mm", "mm", "60x160"},
        {"936x576", "px", "936x576"},
        {"936 x 576 px", "px", "936x576"},
        {"0.5 in", "mm", "12.7"},
        {"200 \xC2\xB5m", "mm", "0.2"},
        {"1.5e2um", "mm", "0.15"},
        {"2 /s", "/min", "120"},
        {"3600/h", "/min", "60"},
        {"0.1 ms", "us", "100"},
        {"100 \xCE\xBCs", "us", "100"},
        {"0.03s", "ms", "30"},
        {"2 klx", "lx", "2000"},
        {"0.3", "", "0.3"},
        {"fast", "mm/s", "fast"},
        {"", "mm", ""},
        {"x", "mm", "x"},
        {"60x", "mm", "60x"},
        {"f/4", "", "f/4"},
    };
    for (size_t i = 0; i < AS_COUNT(rows); i++) {
        char   text[AS_PLAN_UNIT_BYTES];
        as_err err = AS_ERR_NONE;
        assert_true(as_plan_unit_convert(rows[i].given, rows[i].base, text, &err));
        assert_string_equal(text, rows[i].wanted);
    }
}

static void unit_names_what_can_be_written(void **state)
{
    (void)state;
    char   text[AS_PLAN_UNIT_BYTES], longer[400];
    as_err err = AS_ERR_NONE;
    assert_false(as_plan_unit_convert("3 furlong/s", "mm/s", text, &err));
    assert_int_equal(err.code, AS_EINVAL);
    assert_non_null(strstr(err.text, "'furlong/s'"));
    assert_non_null(strstr(err.text, "m/min"));
    assert_false(as_plan_unit_convert("3 mm/s", "mm", text, &err));
    assert_false(as_plan_unit_convert("1e308 m", "mm", text, &err));
    memset(longer, '1', sizeof longer - 1);
    longer[sizeof longer - 1] = '\0';
    assert_false(as_plan_unit_convert(longer, "mm", text, &err));
    assert_non_null(strstr(err.text, "longer than any number"));
    memset(longer, 'a', sizeof longer - 1);
    assert_false(as_plan_unit_convert(longer, "mm", text, &err));
}

static void unit_of_a_key(void **state)
{
    (void)state;
    assert_string_equal(as_plan_unit_of("station.belt_mm_per_s"), "mm/s");
    assert_string_equal(as_plan_unit_of("optics.field_mm"), "mm");
    assert_string_equal(as_plan_unit_of("station.parts_per_minute"), "/min");
    assert_string_equal(as_plan_unit_of("optics.exposure_us"), "us");
    assert_string_equal(as_plan_unit_of("optics.f_number"), "");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(unit_converts_what_people_write),
        cmocka_unit_test(unit_names_what_can_be_written),
        cmocka_unit_test(unit_of_a_key),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
