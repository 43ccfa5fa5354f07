/* SPDX-License-Identifier: Apache-2.0 */
#include <math.h>
#include <setjmp.h>
#include <stdarg.h>
#include <string.h>

#include <cmocka.h>

#include "intake/state.h"

static const char spec_text[] = "assay: 1\nline: t\ngoal: g\ntask: classify\nclasses: {good: pass, bad: reject}\n"
                                "requirements:\n  - {id: R1, text: t, measure: recall, of: reject, at_least: 0.8}\n";

extern const as_check as_check_labels;

static as_check_level check(const as_finding *finding, char *text)
{
    as_err        err = AS_ERR_NONE;
    as_spec      *spec = as_spec_parse(spec_text, sizeof spec_text - 1, "assay.yaml", &err);
    as_codec_info info = {.width = 64, .height = 48};
    as_finding    both[2] = {{.label = "good", .outline = AS_OUTLINE_BOX, .box = {0, 0, 64, 48}, .geometry = ""},
                             *finding};
    assert_non_null(spec);
    as_check_input in = {.spec = spec, .name = "a", .info = &info, .label = "bad", .findings = both, .n_findings = 2};
    as_check_level level = as_check_labels.run(&in, text);
    as_spec_free(spec);
    return level;
}

static void test_what_is_wrong_is_told(void **state)
{
    (void)state;
    static const struct {
        as_finding  f;
        const char *why;
    } cases[] = {
        {{"bad", AS_OUTLINE_BOX, {1, 1, 5, 5}, "", NAN, ""}, NULL},
        {{"bad", AS_OUTLINE_BOX, {-0.5, 0, 65, 48.5}, "", NAN, ""}, NULL}, /* rounded */
        {{"bad", AS_OUTLINE_BOX, {40, 1, 30, 5}, "", NAN, ""}, "box 2 of 2, bad, reaches (40, 1) to (70, 6)"},
        {{"bad", AS_OUTLINE_BOX, {-9, 1, 5, 5}, "", NAN, ""}, "the picture is 64 x 48 px"},
        {{"bad", AS_OUTLINE_BOX, {1, 1, 0, 5}, "", NAN, ""}, "is 0 x 5 px"},
        {{"bad", AS_OUTLINE_MASK, {0, 0, 0, 0}, "P`2", NAN, ""}, "has no pixel"},
        {{"other", AS_OUTLINE_BOX, {1, 1, 5, 5}, "", NAN, ""}, "is of no class"},
        {{"bad", AS_OUTLINE_POLYGON, {0, 0, 10, 10}, "[[0,0,10,0,10,10,0,10]]", NAN, ""}, NULL},
        {{"bad", AS_OUTLINE_POLYGON, {0, 0, 10, 10}, "[[0,0,10,10,10,0,0,10]]", NAN, ""}, "crosses itself near"},
        {{"bad", AS_OUTLINE_POLYGON, {0, 0, 10, 10}, "[[0,0,5,5,10,10]]", NAN, ""}, "without an area"},
        {{"bad", AS_OUTLINE_MASK, {0, 0, 8, 48}, "04", NAN, ""}, "was drawn on a picture of another size than 64 x 48"},
        {{"good", AS_OUTLINE_BOX, {0, 0, 64, 48}, "", NAN, ""}, "box 2 of 2, good, is there twice"},
        {{"bad", AS_OUTLINE_BOX, {0, 0, 64, 48}, "", NAN, ""}, NULL}, /* one place, two classes */
        /* One ring in another is a hole, and a ring may touch itself. */
        {{"bad", AS_OUTLINE_POLYGON, {0, 0, 9, 9}, "[[0,0,9,0,9,9,0,9],[3,3,6,3,6,6]]", NAN, ""}, NULL},
        {{"bad", AS_OUTLINE_POLYGON, {0, 0, 9, 9}, "[[0,0,9,0,9,9,4,0,0,9]]", NAN, ""}, NULL},
    };
    for (size_t i = 0; i < AS_COUNT(cases); i++) {
        char text[AS_CHECK_TEXT_BYTES] = "";
        assert_int_equal(check(&cases[i].f, text), cases[i].why ? AS_CHECK_WARN : AS_CHECK_OK);
        if (cases[i].why && !strstr(text, cases[i].why))
            fail_msg("'%s' is not in '%s'", cases[i].why, text);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {cmocka_unit_test(test_what_is_wrong_is_told)};
    return cmocka_run_group_tests(tests, NULL, NULL);
}
