/* SPDX-License-Identifier: Apache-2.0 */
#include "camera/setting.h"

#include <math.h>
#include <setjmp.h>
#include <stdarg.h>

#include <cmocka.h>

static as_setting feature_of(const char *name, as_setting_kind kind, double low, double high, double step)
{
    as_setting f = {.kind = kind, .readable = true, .writable = true, .low = low, .high = high, .step = step};
    as_str_copy(f.name, sizeof f.name, name);
    return f;
}

static void checks(const as_setting *f, const char *value, const char *text)
{
    as_err err = AS_ERR_NONE;
    bool   ok = as_setting_check(f, value, &err);
    if (ok != (text == NULL) || (text && !strstr(err.text, text)))
        fail_msg("%s=%s: '%s'", f->name, value, err.text);
}

static void test_says_what_is_allowed(void **state)
{
    (void)state;
    as_setting width = feature_of("Width", AS_SETTING_INT, 16, 2048, 8);
    checks(&width, "16", NULL);
    checks(&width, "2048", NULL);
    checks(&width, "24", NULL);
    checks(&width, "25", "'Width=25' is not allowed: it is a whole number, 16 to 2048 in steps of 8");
    checks(&width, "15", "16 to 2048");
    checks(&width, "2056", "16 to 2048");
    checks(&width, "1e2", "a whole number");
    checks(&width, "", "a whole number");
    as_setting gain = feature_of("Gain", AS_SETTING_FLOAT, 0, 24, NAN);
    as_str_copy(gain.unit, sizeof gain.unit, "dB");
    checks(&gain, "3.25", NULL);
    checks(&gain, "24.1", "'Gain=24.1' is not allowed: it is a number, 0 to 24 dB");
    checks(&gain, "nan", "a number");
    as_setting open = feature_of("UserTag", AS_SETTING_INT, NAN, NAN, NAN);
    checks(&open, "-7", NULL);
    as_setting mode = feature_of("TriggerMode", AS_SETTING_ENUM, NAN, NAN, NAN);
    as_str_copy(mode.choices, sizeof mode.choices, "Off\nOnce\nContinuous\n");
    checks(&mode, "Once", NULL);
    checks(&mode, "Onc", "did you mean 'Once'?");
    checks(&mode, "Continuous\nOff", "one of Off, Once, Continuous");
    checks(&mode, "", "one of Off, Once, Continuous");
    as_setting flag = feature_of("ReverseX", AS_SETTING_BOOL, NAN, NAN, NAN);
    checks(&flag, "true", NULL);
    checks(&flag, "1", "true or false");
    as_setting reset = feature_of("DeviceReset", AS_SETTING_COMMAND, NAN, NAN, NAN);
    checks(&reset, NULL, NULL);
    checks(&reset, "now", "it takes no value");
    width.writable = false;
    checks(&width, "16", "can only be read");
}

static void test_compares_values(void **state)
{
    (void)state;
    as_setting exposure = feature_of("ExposureTime", AS_SETTING_FLOAT, 10, 1e6, 0.5);
    assert_true(as_setting_same(&exposure, "1000", "1000.2"));
    assert_false(as_setting_same(&exposure, "1000", "1000.6"));
    exposure.step = NAN;
    assert_true(as_setting_same(&exposure, "1000", "1000.0000001"));
    assert_false(as_setting_same(&exposure, "1000", "1000.2"));
    as_setting width = feature_of("Width", AS_SETTING_INT, 1, 9, 1);
    assert_false(as_setting_same(&width, "7", "8"));
}

static void test_names_the_nearest(void **state)
{
    (void)state;
    as_err          err = AS_ERR_NONE;
    as_setting_list list = {0};
    assert_true(as_vec_push(&list.all, feature_of("ExposureTimeAbs", AS_SETTING_FLOAT, 0, 1, NAN)));
    assert_true(as_vec_push(&list.all, feature_of("Gain", AS_SETTING_FLOAT, 0, 1, NAN)));
    assert_non_null(as_setting_list_need(&list, "Gain", &err));
    assert_null(as_setting_list_need(&list, "Gian", &err));
    assert_non_null(strstr(err.text, "did you mean 'Gain'?"));
    assert_null(as_setting_list_need(&list, "exposure", &err));
    assert_non_null(strstr(err.text, "did you mean 'ExposureTimeAbs'?"));
    assert_null(as_setting_list_need(&list, "Zebra", &err));
    assert_non_null(strstr(err.text, "assay camera show"));
    as_setting_list_done(&list);
}

static void test_a_dump_reads_back(void **state)
{
    (void)state;
    as_err            err = AS_ERR_NONE;
    as_setting_list   list = {0};
    as_setting_wishes wishes = {0};
    as_str            text;
    as_str_init(&text);
    as_setting name = feature_of("DeviceUserID", AS_SETTING_TEXT, NAN, NAN, NAN);
    as_str_copy(name.value, sizeof name.value, "it's # 3: \"no\" &x");
    as_setting width = feature_of("Width", AS_SETTING_INT, 1, 9, 1), serial = width;
    as_str_copy(width.value, sizeof width.value, "640");
    serial.writable = false;
    assert_true(as_vec_push(&list.all, name) && as_vec_push(&list.all, width) && as_vec_push(&list.all, serial));
    assert_true(as_setting_list_dump(&list, "gige:Maker-Model's?x=1", &text, &err));
    if (!as_setting_wishes_parse(text.s, text.len, "dump", &wishes, &err))
        fail_msg("%s\n%s", err.text, text.s);
    assert_int_equal(wishes.all.n, 2);
    assert_string_equal(wishes.all.at[0].name, "DeviceUserID");
    assert_string_equal(wishes.all.at[0].value, name.value);
    assert_string_equal(wishes.all.at[1].value, "640");
    as_vec_done(&wishes.all);
    as_setting_list_done(&list);
    as_str_done(&text);
}

static void test_a_dump_is_refused(void **state)
{
    (void)state;
    static const char *const cases[][2] = {
        {"", "no dump of features"},
        {"- 1\n", "no dump of features"},
        {"camera: x\n", "nothing under 'features:'"},
        {"features: {}\n", "nothing under 'features:'"},
        {"feature:\n  Width: 3\n", "unknown key 'feature'"},
        {"features:\n  Width: [1]\n", "dump:2:10: 'Width' must be one value"},
        {"features:\n  Width: 1\n  Width: 2\n", "dump:3:"},
    };
    for (size_t i = 0; i < AS_COUNT(cases); i++) {
        as_err            err = AS_ERR_NONE;
        as_setting_wishes wishes = {0};
        bool              ok = as_setting_wishes_parse(cases[i][0], strlen(cases[i][0]), "dump", &wishes, &err);
        if (ok || !strstr(err.text, cases[i][1]))
            fail_msg("%zu: '%s'", i, err.text);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_says_what_is_allowed), cmocka_unit_test(test_compares_values),
        cmocka_unit_test(test_names_the_nearest),    cmocka_unit_test(test_a_dump_reads_back),
        cmocka_unit_test(test_a_dump_is_refused),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
