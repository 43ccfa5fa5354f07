/* SPDX-License-Identifier: Apache-2.0 */
#include "journal/verdict.h"

#include <setjmp.h>
#include <stdarg.h>
#include <string.h>

#include <cmocka.h>

static void test_names(void **state)
{
    (void)state;
    static const char *const verdicts[] = {"none", "pass", "reject", "review", "fault"};
    static const char *const reasons[] = {"none", "model", "unsure", "late", "fault"};
    assert_int_equal(AS_COUNT(verdicts), AS_VERDICT_COUNT);
    assert_int_equal(AS_COUNT(reasons), AS_REASON_COUNT);
    for (int i = 0; i < AS_VERDICT_COUNT; i++) {
        assert_string_equal(as_verdict_name((as_verdict)i), verdicts[i]);
        assert_int_equal(as_verdict_parse(verdicts[i]), i);
    }
    for (int i = 0; i < AS_REASON_COUNT; i++)
        assert_string_equal(as_reason_name((as_reason)i), reasons[i]);
    assert_string_equal(as_verdict_name((as_verdict)-1), "none");
    assert_string_equal(as_reason_name((as_reason)99), "none");
    assert_int_equal(as_verdict_parse("Pass"), AS_VERDICT_NONE);
    assert_int_equal(as_verdict_parse(""), AS_VERDICT_NONE);
}

int main(void)
{
    const struct CMUnitTest tests[] = {cmocka_unit_test(test_names)};
    return cmocka_run_group_tests(tests, NULL, NULL);
}
