/* SPDX-License-Identifier: Apache-2.0 */
#include <math.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "task/classify.h"

static const as_spec spec = {.path = "assay.yaml",
                             .classes = {{"good", AS_VERDICT_PASS},
                                         {"dent", AS_VERDICT_REJECT},
                                         {"odd", AS_VERDICT_REVIEW},
                                         {"hole", AS_VERDICT_REJECT}},
                             .n_classes = 4,
                             .failsafe_unsure = AS_VERDICT_REVIEW};

/* The model's own order differs from the spec's. */
static as_model_info info_of(void)
{
    as_model_info info = {.labels = {"hole", "odd", "good", "dent"}, .n_labels = 4};
    return info;
}

static as_policy policy_of(double pass_below, double reject_from)
{
    as_policy     policy;
    as_err        err = AS_ERR_NONE;
    as_model_info info = info_of();
    assert_true(as_policy_make(&spec, &info, &(as_operating_point){pass_below, reject_from}, &policy, &err));
    return policy;
}

static void test_verdicts(void **state)
{
    (void)state;
    static const struct {
        as_scores  scores; /* hole, odd, good, dent */
        as_verdict verdict;
        as_reason  reason;
    } table[] = {
        {{{0.0625f, 0, 0.875f, 0.0625f}, 4, 2, 0, 0}, AS_VERDICT_PASS, AS_REASON_MODEL},
        {{{0.125f, 0, 0.75f, 0.125f}, 4, 2, 0, 0}, AS_VERDICT_REVIEW, AS_REASON_UNSURE}, /* at pass_below */
        {{{0.125f, 0, 0.5f, 0.375f}, 4, 2, 0, 0}, AS_VERDICT_REJECT, AS_REASON_MODEL},   /* at reject_from */
        {{{0, 0, 0, 1}, 4, 3, 0, 0}, AS_VERDICT_REJECT, AS_REASON_MODEL},
        {{{0, 0.75f, 0.25f, 0}, 4, 1, 0, 0}, AS_VERDICT_REVIEW, AS_REASON_MODEL},
        {{{0.5f, 0.5f, 0, 0}, 4, 0, 0, 0}, AS_VERDICT_REJECT, AS_REASON_MODEL},
    };
    as_policy policy = policy_of(0.25, 0.5);
    for (size_t i = 0; i < AS_COUNT(table); i++) {
        as_reason reason;
        assert_int_equal(as_policy_verdict(&policy, &table[i].scores, &reason), table[i].verdict);
        assert_int_equal(reason, table[i].reason);
    }
}

static void test_no_band(void **state)
{
    (void)state;
    as_policy policy = policy_of(0.5, 0.5);
    as_reason reason;
    as_scores below = {{0.25f, 0, 0.75f, 0}, 4, 2, 0, 0}, at = {{0.25f, 0, 0.5f, 0.25f}, 4, 2, 0, 0};
    assert_int_equal(as_policy_verdict(&policy, &below, &reason), AS_VERDICT_PASS);
    assert_int_equal(as_policy_verdict(&policy, &at, &reason), AS_VERDICT_REJECT);
    assert_true(as_policy_reject_score(&policy, &at) == 0.5);
    policy.unsure = AS_VERDICT_REJECT;
    policy.point.reject_from = 0.9;
    assert_int_equal(as_policy_verdict(&policy, &at, &reason), AS_VERDICT_REJECT);
    assert_int_equal(reason, AS_REASON_UNSURE);
}

static void test_worst_frame_speaks(void **state)
{
    (void)state;
    as_policy policy = policy_of(0.5, 0.5);
    as_scores frames[4] = {{{0, 0, 1, 0}, 4, 2, 0, 0},
                           {{0.25f, 0, 0.5f, 0.25f}, 4, 2, 0, 0},
                           {{0.5f, 0, 0.5f, 0}, 4, 0, 0, 0}, /* as bad as the one before: the first speaks */
                           {{0, 0.75f, 0.25f, 0}, 4, 1, 0, 0}};
    assert_int_equal(as_policy_worst(&policy, frames, 4), 1);
    assert_int_equal(as_policy_worst(&policy, frames, 1), 0);
}

static void test_refuses(void **state)
{
    (void)state;
    static const as_operating_point points[] = {{0.6, 0.5}, {NAN, 0.5}, {0.5, NAN}, {-0.1, 0.5}, {0.5, 1.1}};
    as_policy                       policy;
    as_err                          err = AS_ERR_NONE;
    as_model_info                   info = info_of();
    for (size_t i = 0; i < AS_COUNT(points); i++)
        assert_false(as_policy_make(&spec, &info, &points[i], &policy, &err));
    assert_non_null(strstr(err.text, "assay eval"));
    as_str_copy(info.labels[3], AS_LABEL_BYTES, "bent");
    assert_false(as_policy_make(&spec, &info, &(as_operating_point){0.5, 0.5}, &policy, &err));
    assert_string_equal(err.text, "the model knows a class 'bent' that assay.yaml does not have (train again)");
    info.n_labels = 3;
    assert_false(as_policy_make(&spec, &info, &(as_operating_point){0.5, 0.5}, &policy, &err));
    assert_string_equal(err.text, "the model does not know the class 'dent' of assay.yaml (train again)");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_verdicts),
        cmocka_unit_test(test_no_band),
        cmocka_unit_test(test_worst_frame_speaks),
        cmocka_unit_test(test_refuses),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
