/* SPDX-License-Identifier: Apache-2.0 */
#include "twin/script.h"

#include <math.h>
#include <setjmp.h>
#include <stdarg.h>

#include <cmocka.h>

static as_script script_of(const char *text)
{
    as_script script;
    as_err    err = AS_ERR_NONE;
    if (!as_script_parse(text, strlen(text), "line.yaml", &script, &err))
        fail_msg("%s", err.text);
    return script;
}

static void script_grows_and_ends(void **state)
{
    (void)state;
    as_script script = script_of("faults:\n"
                                 "  - {fault: dirty_lens, from: 100, full: 200, until: 300, amount: 0.8}\n"
                                 "  - {fault: belt_speed, from: 10s, full: 20s, amount: 2}\n"
                                 "  - {fault: camera_dead, from: 1min, until: 2min}\n");
    double    amounts[AS_FAULT_COUNT];
    assert_int_equal(script.n, 3);
    assert_int_equal(as_script_at(&script, 99, 0, amounts), 0);
    assert_int_equal(as_script_at(&script, 150, 0, amounts), 1u << AS_FAULT_DIRTY_LENS);
    assert_true(fabs(amounts[AS_FAULT_DIRTY_LENS] - 0.4) < 1e-9);
    as_script_at(&script, 299, 0, amounts);
    assert_true(fabs(amounts[AS_FAULT_DIRTY_LENS] - 0.8) < 1e-9);
    assert_int_equal(as_script_at(&script, 300, 0, amounts), 0);
    assert_int_equal(as_script_at(&script, 1, 15, amounts), 1u << AS_FAULT_BELT);
    assert_true(fabs(amounts[AS_FAULT_BELT] - 1.5) < 1e-9); /* from its own speed */
    assert_int_equal(as_script_at(&script, 1, 119, amounts), 1u << AS_FAULT_BELT | 1u << AS_FAULT_DEAD);
    assert_int_equal(as_script_at(NULL, 1, 0, amounts), 0);
    script = script_of("faults:\n  - {fault: haze, from: 0s, until: 3s}\n  - {amount: cast, fault: wrong_product}\n");
    assert_int_equal(as_script_at(&script, 1, 0, amounts), 1u << AS_FAULT_HAZE | 1u << AS_FAULT_PRODUCT);
    assert_string_equal(script.steps[1].recipe, "cast");
}

static void script_knows_every_fault(void **state)
{
    (void)state;
    const as_fault_info *info;
    size_t               n = 0;
    for (; (info = as_fault_info_of(n)) != NULL; n++) {
        char   text[128];
        double amounts[AS_FAULT_COUNT];
        assert_true(info->name[0] && info->amount[0] && info->low < info->high);
        assert_true(info->usual >= info->low && info->usual <= info->high);
        snprintf(text, sizeof text, "faults:\n  - fault: %s\n", info->name);
        as_script script = script_of(text);
        assert_int_equal(as_script_at(&script, 1, 0, amounts), 1u << n);
        assert_true(amounts[n] == info->usual);
    }
    assert_int_equal(n, AS_FAULT_COUNT);
    assert_true(n < 32); /* bits of as_truth.faults */
}

static void script_says_what_is_wrong(void **state)
{
    (void)state;
    static const struct {
        const char *text, *say;
    } table[] = {
        {"faults:\n  - {fault: dirty_lense}\n",
         "line.yaml:2:13: there is no fault 'dirty_lense': did you mean 'dirty_lens'?"},
        {"faults:\n  - {fault: haze, amount: 2}\n", "not within 0 to 1 of 'haze'"},
        {"faults:\n  - {fault: haze, amount: 1x}\n", "no unit"},
        {"faults:\n  - {fault: haze, from: 3days}\n", "no place on a time line"},
        {"faults:\n  - {fault: haze, from: 3, until: 4s}\n", "mixed"},
        {"faults:\n  - {fault: haze, from: 3, until: 2}\n", "come after"},
        {"faults:\n  - {fault: haze, from: 0}\n", "counted from 1"},
        {"faults:\n  - {fault: haze, from: 1, full: 8, until: 5}\n", "before it has its whole amount"},
        {"faults:\n  - {fault: haze, amount: much}\n", "an amount of 'haze' is a number"},
        {"faults:\n  - {fault: haze, begin: 3}\n", "'begin' is not known"},
        {"faults:\n  - {from: 3}\n", "needs a fault"},
        {"faults:\n  - {fault: haze, from: nan}\n", "a number"},
        {"faults:\n  - {fault: haze, from: [1]}\n", "a word or a number"},
        {"faults:\n  - haze\n", "a step is a map"},
        {"- haze\n", "a list of faults"},
        {"", "a list of faults"},
        {"faults: 3\n", "a list of faults"},
    };
    for (size_t i = 0; i < AS_COUNT(table); i++) {
        as_script script;
        as_err    err = AS_ERR_NONE;
        assert_false(as_script_parse(table[i].text, strlen(table[i].text), "line.yaml", &script, &err));
        if (!strstr(err.text, table[i].say))
            fail_msg("'%s' does not say '%s'", err.text, table[i].say);
    }
    as_script script;
    as_err    err = AS_ERR_NONE;
    char     *many = malloc(AS_SCRIPT_MAX_BYTES + 2);
    size_t    n = (size_t)snprintf(many, 64, "faults:\n");
    assert_non_null(many);
    for (int i = 0; i <= AS_SCRIPT_MAX_STEPS; i++)
        n += (size_t)snprintf(many + n, 64, "- {fault: haze}\n");
    assert_false(as_script_parse(many, n, "many.yaml", &script, &err));
    assert_non_null(strstr(err.text, "257 steps"));
    assert_false(as_script_parse(many, AS_SCRIPT_MAX_BYTES + 1, "many.yaml", &script, &err));
    assert_int_equal(err.code, AS_ELIMIT);
    free(many);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(script_grows_and_ends),
        cmocka_unit_test(script_knows_every_fault),
        cmocka_unit_test(script_says_what_is_wrong),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
