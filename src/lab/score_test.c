/* SPDX-License-Identifier: Apache-2.0 */
#include "lab/score.h"

#include <math.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "lab/outcome.h"
#include "lab/test_eval.h"
#include "lab/test_pictures.h"

static test_set    set;
static as_dataset *data;
static as_str      model;

static int setup(void **state)
{
    (void)state;
    as_err err = AS_ERR_NONE;
    test_set_make(&set, "score", &(test_set_cfg){48, 32, {4, 5, 6}, -1, 3});
    data = as_dataset_open(set.ws, set.spec, NULL, &err);
    as_str_init(&model);
    test_eval_model(&model, 0);
    return data ? 0 : -1;
}

static int teardown(void **state)
{
    (void)state;
    as_dataset_close(data);
    test_set_done(&set);
    as_str_done(&model);
    return 0;
}

static as_scored *score_all(as_split split, uint32_t threads, size_t *ret_n)
{
    as_err     err = AS_ERR_NONE;
    as_scored *scored = NULL;
    if (!as_score_split(data, split, (const uint8_t *)model.s, model.len, "test", &(as_session_cfg){.threads = threads},
                        NULL, &scored, ret_n, &err))
        fail_msg("%s", err.text);
    return scored;
}

static void test_scores_are_the_same_on_any_threads(void **state)
{
    (void)state;
    size_t     n1, n4, n = 0;
    as_scored *one = score_all(AS_SPLIT_TEST, 1, &n1), *four = score_all(AS_SPLIT_TEST, 4, &n4);
    assert_int_equal(n1, 18);
    assert_int_equal(n4, n1);
    as_dataset_split(data, AS_SPLIT_TEST, &n);
    for (size_t i = 0; i < n1; i++) {
        assert_int_equal(one[i].sample, as_dataset_split(data, AS_SPLIT_TEST, &n)[i]);
        assert_int_equal(one[i].sample, four[i].sample);
        assert_int_equal(one[i].truth, as_dataset_class(data, one[i].sample));
        assert_memory_equal(one[i].scores.p, four[i].scores.p, 3 * sizeof(float));
        /* The model calls a picture red by its redness: it finds those, and no other. */
        assert_int_equal(one[i].truth == 1, one[i].scores.best == 1);
    }
    free(one);
    free(four);
}

static void test_parts_are_gathered(void **state)
{
    (void)state;
    size_t             n, n_parts, n_frames;
    as_err             err = AS_ERR_NONE;
    as_outcome        *parts = NULL, *frames = NULL;
    as_scored         *scored = score_all(AS_SPLIT_TEST, 0, &n);
    as_operating_point point = {0.5, 0.5};
    as_model_info      info = test_eval_info();
    assert_true(as_outcomes_make(data, set.spec, &info, &point, scored, n, AS_PER_PART, &parts, &n_parts, &err));
    assert_true(as_outcomes_make(data, set.spec, &info, &point, scored, n, AS_PER_FRAME, &frames, &n_frames, &err));
    assert_int_equal(n_frames, 18);
    assert_int_equal(n_parts, 9); /* two frames each */
    for (size_t i = 0; i < n_frames; i++) {
        const as_outcome *part = &parts[frames[i].part];
        assert_int_equal(frames[i].scored, i);
        assert_int_equal(part->part, frames[i].part);
        assert_true(part->reject_score >= frames[i].reject_score);
        assert_string_equal(as_dataset_sample(data, scored[part->scored].sample)->part,
                            as_dataset_sample(data, scored[i].sample)->part);
    }
    free(parts);
    free(frames);
    free(scored);
}

/* A part is bad when one of its frames is, whichever of them speaks. */
static void test_worst_truth(void **state)
{
    (void)state;
    size_t             n = 2, n_parts;
    as_err             err = AS_ERR_NONE;
    as_outcome        *parts = NULL;
    as_operating_point point = {0.5, 0.5};
    as_model_info      info = test_eval_info();
    size_t             n_test;
    const uint32_t    *test = as_dataset_split(data, AS_SPLIT_TEST, &n_test);
    as_scored          scored[2] = {{test[0], 0, {.p = {0.1f, 0.8f, 0.1f}, .n = 3, .best = 1}},
                                    {test[1], 2, {.p = {0.9f, 0.1f, 0}, .n = 3, .best = 0}}};
    assert_true(as_outcomes_make(data, set.spec, &info, &point, scored, n, AS_PER_PART, &parts, &n_parts, &err));
    assert_int_equal(n_parts, 1);
    assert_int_equal(parts[0].truth, 2);
    assert_int_equal(parts[0].truth_verdict, AS_VERDICT_REJECT);
    assert_int_equal(parts[0].found, 1);
    assert_int_equal(parts[0].scored, 0);
    assert_int_equal(parts[0].verdict, AS_VERDICT_REJECT);
    assert_true(fabs(parts[0].reject_score - 0.9) < 1e-6 && fabs(parts[0].confidence - 0.8) < 1e-6);
    assert_true(fabs(parts[0].brier - (0.01 + 0.64 + 0.81)) < 1e-6);
    free(parts);
}

static bool stop_now(void)
{
    static const atomic_bool stop = true;
    const as_progress        progress = {.stop = &stop};
    as_err                   err = AS_ERR_NONE;
    as_scored               *scored = NULL;
    size_t                   n;
    bool ok = as_score_split(data, AS_SPLIT_TEST, (const uint8_t *)model.s, model.len, "test", NULL, &progress, &scored,
                             &n, &err);
    return !ok && !scored && err.code == AS_ECANCELLED;
}

static void test_refuses(void **state)
{
    (void)state;
    as_err     err = AS_ERR_NONE;
    as_scored *scored = NULL;
    size_t     n = 5;
    as_str     broken;
    assert_true(stop_now());
    assert_false(as_score_split(data, AS_SPLIT_TEST, (const uint8_t *)model.s, model.len / 2, "half.onnx", NULL, NULL,
                                &scored, &n, &err));
    assert_non_null(strstr(err.text, "half.onnx"));
    as_str_init(&broken);
    test_eval_model(&broken, NAN);
    assert_false(as_score_split(data, AS_SPLIT_TEST, (const uint8_t *)broken.s, broken.len, "nan.onnx", NULL, NULL,
                                &scored, &n, &err));
    assert_non_null(strstr(err.text, "picture 'test/"));
    assert_true(n == 5 && !scored);
    as_str_done(&broken);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_scores_are_the_same_on_any_threads),
        cmocka_unit_test(test_parts_are_gathered),
        cmocka_unit_test(test_worst_truth),
        cmocka_unit_test(test_refuses),
    };
    return cmocka_run_group_tests(tests, setup, teardown);
}
