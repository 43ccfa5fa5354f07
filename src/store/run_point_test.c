/* SPDX-License-Identifier: Apache-2.0 */
#include "store/run_point.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

static void check(as_point_counts counts, bool feasible, as_point_side side, const char *want, const char *remedy)
{
    char text[AS_POINT_WARNING_BYTES];
    assert_int_equal(as_point_side_of(&counts), side);
    as_point_warning(&counts, feasible, text);
    if (want ? !strstr(text, want) || !strstr(text, remedy) : *text)
        fail_msg("'%s'", text);
    assert_true(strlen(text) + 1 < AS_POINT_WARNING_BYTES);
    json_t *json = as_point_warning_json(&counts, feasible);
    assert_true(want ? json_is_string(json) : json_is_null(json));
    json_decref(json);
}

static void test_warnings(void **state)
{
    (void)state;
    check((as_point_counts){0}, false, AS_POINT_UNKNOWN, NULL, NULL);
    check((as_point_counts){9, 5, 4, 6, 3}, false, AS_POINT_BOTH, NULL, NULL);
    check((as_point_counts){9, 5, 4, 1, 0}, true, AS_POINT_BOTH, NULL, NULL);
    check((as_point_counts){9, 5, 4, 0, 9}, false, AS_POINT_PASSES_NONE, "rejects all 9 parts", "--trainer");
    check((as_point_counts){9, 5, 4, 0, 9}, true, AS_POINT_PASSES_NONE, "rejects all 9 parts", "cost");
    check((as_point_counts){9, 5, 4, 0, 7}, false, AS_POINT_PASSES_NONE, "passes none of the 9 parts", "ask for less");
    check((as_point_counts){1, 0, 1, 0, 1}, true, AS_POINT_PASSES_NONE, "rejects the 1 part of", "no good part");
    check((as_point_counts){9, 9, 0, 9, 0}, true, AS_POINT_PASSES_ALL, "passes all 9 parts", "no bad part");
    check((as_point_counts){9, 5, 4, 9, 0}, false, AS_POINT_PASSES_ALL, "passes all 9 parts", "--trainer");
}

static void test_json(void **state)
{
    (void)state;
    as_point_counts counts = {9, 5, 3, 4, 2}, back;
    json_t         *json = as_point_counts_json(&counts);
    assert_int_equal(json_integer_value(json_object_get(json, "review")), 3);
    back = as_point_counts_from_json(json);
    assert_memory_equal(&back, &counts, sizeof counts);
    json_object_set_new(json, "pass", json_integer(8)); /* more than there are */
    back = as_point_counts_from_json(json);
    assert_int_equal(as_point_side_of(&back), AS_POINT_UNKNOWN);
    json_object_set_new(json, "pass", json_integer(-1));
    back = as_point_counts_from_json(json);
    assert_int_equal(as_point_side_of(&back), AS_POINT_UNKNOWN);
    json_decref(json);
    back = as_point_counts_from_json(NULL); /* a run of before */
    assert_int_equal(as_point_side_of(&back), AS_POINT_UNKNOWN);
}

int main(void)
{
    const struct CMUnitTest tests[] = {cmocka_unit_test(test_warnings), cmocka_unit_test(test_json)};
    return cmocka_run_group_tests(tests, NULL, NULL);
}
