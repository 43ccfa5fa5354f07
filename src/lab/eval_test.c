/* SPDX-License-Identifier: Apache-2.0 */
#include "lab/eval.h"

#include <math.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "lab/test_eval.h"
#include "lab/test_pictures.h"

static test_set set;

/* A run of the model that finds the red discs and takes the small ones for good: only rejecting all meets R1. */
static as_run run_of(float bias)
{
    as_err    err = AS_ERR_NONE;
    as_str    model;
    as_commit commit;
    as_run    run = {.trainer = "test", .spec = "", .seed = 1, .threads = 1};
    as_str_init(&model);
    test_eval_model(&model, bias);
    assert_true(as_commit_find(set.ws, "", &commit, &err));
    as_digest_hex(&commit.id, run.commit);
    assert_true(as_run_begin(set.ws, &run, &err));
    assert_true(as_run_finish(set.ws, &run, (const uint8_t *)model.s, model.len, NULL, &err));
    as_str_done(&model);
    return run;
}

static int setup(void **state)
{
    (void)state;
    test_set_make(&set, "eval", &(test_set_cfg){32, 32, {2, 8, 12}, -1, 5});
    return 0;
}

static int teardown(void **state)
{
    (void)state;
    test_set_done(&set);
    return 0;
}

static void check_measured(const json_t *measures, const char *name, double value, int64_t n)
{
    const json_t *one = json_object_get(measures, name);
    double        got = NAN, low = NAN, high = NAN;
    int64_t       got_n = 0;
    as_err        err = AS_ERR_NONE;
    if (!as_json_get_f64(one, "value", &got, &err) || !as_json_get_f64(one, "low", &low, &err) ||
        !as_json_get_f64(one, "high", &high, &err) || !as_json_get_i64(one, "n", &got_n, &err))
        fail_msg("%s: %s", name, err.text);
    if (fabs(got - value) > 1e-9 || got_n != n)
        fail_msg("%s is %g of %lld, not %g of %lld", name, got, (long long)got_n, value, (long long)n);
    assert_true(low <= got && got <= high && low < high);
}

static void check_json(const as_run *run)
{
    as_err        err = AS_ERR_NONE;
    json_t       *json = NULL;
    const json_t *req;
    bool          met = true, proven = true;
    const char   *text;
    assert_true(as_run_read_json(run, "eval-test.json", &json, &err));
    const json_t *measures = json_object_get(json, "measures"), *part = json_object_get(json, "part");
    check_measured(measures, "accuracy", 2.0 / 3, 18);
    check_measured(measures, "macro_f1", (2.0 / 3 + 1 + 0) / 3, 18);
    check_measured(measures, "reject_recall", 1, 12);
    check_measured(measures, "auroc", json_number_value(json_object_get(json_object_get(measures, "auroc"), "value")),
                   18);
    assert_int_equal(json_array_size(json_object_get(json, "requirements")), 1);
    req = json_array_get(json_object_get(json, "requirements"), 0);
    check_measured(json_object_get(part, "measures"), "overkill_rate", 1, 6);
    check_measured(json_object_get(json_object_get(json, "frame"), "measures"), "accuracy", 2.0 / 3, 36);
    assert_true(as_json_get_str(req, "id", &text, &err) && strcmp(text, "R1") == 0);
    assert_true(as_json_get_str(req, "measure", &text, &err) && strcmp(text, "recall") == 0);
    assert_true(as_json_get_bool(req, "met", &met, &err) && as_json_get_bool(req, "proven", &proven, &err));
    assert_true(met && !proven); /* 12 of 12 do not prove 0.8 */
    json_t *row = json_array_get(json_object_get(json_object_get(part, "confusion"), "counts"), 2);
    assert_int_equal(json_integer_value(json_array_get(row, 0)), 6); /* small ones taken for good */
    json_t *mistakes = json_object_get(json, "mistakes");
    assert_int_equal(json_array_size(mistakes), 12); /* good ones rejected, and small ones taken for good */
    assert_true(as_json_get_str(json_array_get(mistakes, 0), "truth", &text, &err) && strcmp(text, "good") == 0);
    assert_true(json_array_size(json_object_get(json, "curve")) > 1);
    assert_int_equal(json_array_size(json_object_get(json, "bins")), 10);
    json_decref(json);
}

static void test_judges_a_run(void **state)
{
    (void)state;
    as_err       err = AS_ERR_NONE;
    as_eval      eval;
    as_evidence *evidence = NULL;
    size_t       n = 0;
    as_run       run = run_of(0), again;
    assert_true(isnan(run.reject_from));
    if (!as_eval_run(set.ws, set.spec, &run, AS_SPLIT_TEST, NULL, NULL, &eval, &err))
        fail_msg("%s", err.text);
    assert_int_equal(eval.part.n, 18);
    assert_int_equal(eval.frame.n, 36);
    assert_int_equal(eval.n_validation, 12);
    assert_true(run.reject_from == eval.point.reject_from && run.pass_below == eval.point.pass_below);
    assert_true(run.val_cost == eval.solution.cost && run.val_macro_f1 > 0.5);
    assert_true(as_run_find(set.ws, run.id, &again, &err));
    assert_true(again.reject_from == run.reject_from && again.val_macro_f1 == run.val_macro_f1);
    check_json(&run);
    assert_true(as_ledger_read(&run, set.spec, &evidence, &n, NULL, &err));
    assert_int_equal(n, 1);
    assert_string_equal(evidence[0].stage, "eval");
    assert_string_equal(evidence[0].source, run.id);
    assert_true(evidence[0].k == 12 && evidence[0].n == 12 && evidence[0].met && !evidence[0].proven);
    free(evidence);
    as_eval_done(&eval);
}

/* Only the test split is evidence; the point is the same whichever split is judged. */
static void test_other_splits(void **state)
{
    (void)state;
    static const as_split splits[] = {AS_SPLIT_VALIDATION, AS_SPLIT_TRAIN};
    as_run                run = run_of(0);
    as_err                err = AS_ERR_NONE;
    double                point[2];
    json_t               *json = NULL;
    for (size_t i = 0; i < 2; i++) {
        as_eval eval;
        char    name[64];
        if (!as_eval_run(set.ws, set.spec, &run, splits[i], NULL, NULL, &eval, &err))
            fail_msg("%s", err.text);
        assert_int_equal(eval.frame.n, i == 0 ? 24 : 6);
        point[i] = eval.point.reject_from;
        snprintf(name, sizeof name, "eval-%s.json", as_split_name(splits[i]));
        assert_true(as_run_read_json(&run, name, &json, &err));
        json_decref(json);
        as_eval_done(&eval);
    }
    assert_true(point[0] == point[1]);
    assert_true(isnan(run.reject_from) && isnan(run.val_cost)); /* nothing moved */
    run.pass_below = run.reject_from = 0.123;
    run.val_cost = 7;
    for (size_t i = 0; i < 2; i++) {
        as_eval eval;
        assert_true(as_eval_run(set.ws, set.spec, &run, splits[i], NULL, NULL, &eval, &err));
        assert_true(eval.point.reject_from == 0.123 && eval.solution.cost == 7);
        assert_true(run.reject_from == 0.123 && run.pass_below == 0.123 && run.val_cost == 7);
        as_eval_done(&eval);
    }
    assert_false(as_run_read_json(&run, "evidence-eval.json", &json, &err));
    assert_false(as_run_read_json(&run, "eval-test.json", &json, &err));
}

static void test_refuses(void **state)
{
    (void)state;
    as_err  err = AS_ERR_NONE;
    as_eval eval;
    as_run  run = run_of(NAN), before = run;
    json_t *json = NULL;
    assert_false(as_eval_run(set.ws, set.spec, &run, AS_SPLIT_TEST, NULL, NULL, &eval, &err));
    assert_non_null(strstr(err.text, "not a probability"));
    assert_memory_equal(&run, &before, sizeof run);
    assert_false(as_run_read_json(&run, "eval-test.json", &json, &err));
    assert_false(
        as_eval_run(set.ws, set.spec, &run, AS_SPLIT_TEST, &(as_session_cfg){.backend = "nativ"}, NULL, &eval, &err));
    assert_non_null(strstr(err.text, "native"));
    as_str_copy(run.commit, sizeof run.commit, "0123456789abcdef0123456789abcdef0123456789abcdef0123456789abcdef");
    assert_false(as_eval_run(set.ws, set.spec, &run, AS_SPLIT_TEST, NULL, NULL, &eval, &err));
}

static void test_no_test_split(void **state)
{
    (void)state;
    test_set bare, kept = set;
    as_err   err = AS_ERR_NONE;
    as_eval  eval;
    test_set_make(&bare, "bare", &(test_set_cfg){32, 32, {2, 2, 0}, -1, 5});
    set = bare;
    as_run run = run_of(0);
    assert_false(as_eval_run(bare.ws, bare.spec, &run, AS_SPLIT_TEST, NULL, NULL, &eval, &err));
    assert_non_null(strstr(err.text, "no picture in its test split"));
    test_set_done(&bare);
    set = kept;
}

/* --- evidence by requirement --- */

static as_outcome outcome(uint32_t truth, uint32_t found, as_verdict verdict, double score, uint32_t part)
{
    static const as_verdict of[] = {AS_VERDICT_PASS, AS_VERDICT_REJECT, AS_VERDICT_REJECT};
    return (as_outcome){.truth = truth,
                        .found = found,
                        .truth_verdict = of[truth],
                        .verdict = verdict,
                        .reject_score = score,
                        .confidence = 0.9,
                        .part = part};
}

static void test_evidence(void **state)
{
    (void)state;
    static const struct {
        as_measure  measure;
        const char *of;
        as_per      per;
        double      value;
        uint64_t    n;
    } table[] = {
        {AS_MEASURE_RECALL, "reject", AS_PER_PART, 2.0 / 3, 3},
        {AS_MEASURE_PRECISION, "reject", AS_PER_PART, 1.0 / 2, 2},
        {AS_MEASURE_RECALL, "small", AS_PER_PART, 1, 1},
        {AS_MEASURE_PRECISION, "small", AS_PER_PART, 1.0 / 2, 2},
        {AS_MEASURE_RECALL, "red", AS_PER_PART, 1.0 / 2, 2},
        {AS_MEASURE_ACCURACY, NULL, AS_PER_PART, 3.0 / 5, 5},
        {AS_MEASURE_ESCAPE_RATE, NULL, AS_PER_PART, 1.0 / 3, 3},
        {AS_MEASURE_OVERKILL_RATE, NULL, AS_PER_PART, 1.0 / 2, 2},
        {AS_MEASURE_MACRO_F1, NULL, AS_PER_PART, (0.5 + 2.0 / 3 + 2.0 / 3) / 3, 5},
        {AS_MEASURE_AUROC, NULL, AS_PER_PART, 5.0 / 6, 5},
        {AS_MEASURE_ACCURACY, NULL, AS_PER_FRAME, 1, 1},
    };
    as_spec      spec = *set.spec;
    as_err       err = AS_ERR_NONE;
    size_t       n = 0;
    as_evidence *evidence = NULL;
    as_outcome   parts[] = {outcome(0, 0, AS_VERDICT_PASS, 0.1, 0), outcome(0, 2, AS_VERDICT_REJECT, 0.8, 1),
                            outcome(1, 1, AS_VERDICT_REJECT, 0.9, 2), outcome(1, 0, AS_VERDICT_PASS, 0.3, 3),
                            outcome(2, 2, AS_VERDICT_REVIEW, 0.85, 4)};
    as_outcome   frames[] = {outcome(0, 0, AS_VERDICT_PASS, 0.1, 0)};
    char         ids[AS_COUNT(table)][8];
    spec.n_requirements = 0;
    for (size_t i = 0; i < AS_COUNT(table); i++) {
        bool less = as_measure_info_of(table[i].measure)->better == AS_BETTER_LESS;
        snprintf(ids[i], sizeof ids[i], "R%zu", i);
        spec.requirements[spec.n_requirements++] = (as_requirement){.id = ids[i],
                                                                    .measure = table[i].measure,
                                                                    .of = table[i].of,
                                                                    .per = table[i].per,
                                                                    .at_least = less ? NAN : 0.5,
                                                                    .at_most = less ? 0.5 : NAN,
                                                                    .confidence = 0.9};
    }
    spec.requirements[spec.n_requirements++] = (as_requirement){
        .id = "L", .measure = AS_MEASURE_LATENCY, .at_least = NAN, .at_most = 1, .confidence = 0.95, .quantile = 0.99};
    if (!as_eval_evidence(&spec, frames, 1, parts, 5, &evidence, &n, &err))
        fail_msg("%s", err.text);
    assert_int_equal(n, AS_COUNT(table)); /* latency is the line's to show */
    for (size_t i = 0; i < n; i++) {
        assert_string_equal(evidence[i].id, ids[i]);
        if (fabs(evidence[i].value - table[i].value) > 1e-12 || evidence[i].n != table[i].n)
            fail_msg("%s is %g of %llu", ids[i], evidence[i].value, (unsigned long long)evidence[i].n);
        assert_true(evidence[i].low <= evidence[i].value && evidence[i].value <= evidence[i].high);
    }
    /* One-sided at 0.9 is what a two-sided interval of 0.8 leaves below itself. */
    as_judged judged;
    assert_true(as_judged_make(&spec, parts, 5, 0.8, &judged, &err));
    assert_true(fabs(evidence[8].low - judged.macro_f1.low) < 1e-12);
    assert_true(fabs(evidence[9].low - judged.auroc.low) < 1e-12 && judged.auroc.low > 0);
    free(evidence);
}

/* Four frames of each of 50 parts, none wrong: the bound is that of 50, not of 200. */
static void test_frames_of_a_part_are_no_independent_proof(void **state)
{
    (void)state;
    static as_outcome frames[200];
    as_spec           spec = *set.spec;
    as_err            err = AS_ERR_NONE;
    size_t            n = 0;
    as_evidence      *evidence = NULL;
    spec.n_requirements = 3;
    for (int i = 0; i < 3; i++)
        spec.requirements[i] = (as_requirement){
            .id = "R", .of = "reject", .per = AS_PER_FRAME, .at_least = 0.95, .at_most = NAN, .confidence = 0.95};
    spec.requirements[0].measure = AS_MEASURE_RECALL;
    spec.requirements[1].measure = AS_MEASURE_ACCURACY;
    spec.requirements[2].measure = AS_MEASURE_AUROC;
    for (uint32_t i = 0; i < 200; i++)
        frames[i] = i < 100 ? outcome(1, 1, AS_VERDICT_REJECT, 0.9, i / 4) : outcome(0, 0, AS_VERDICT_PASS, 0.1, i / 4);
    frames[0].reject_score = 0.05;
    assert_true(as_eval_evidence(&spec, frames, 200, NULL, 0, &evidence, &n, &err));
    assert_int_equal(n, 3);
    assert_true(evidence[0].k == 100 && evidence[0].n == 100);
    assert_true(fabs(evidence[0].low - as_interval_rate_low(25, 25, 0.95)) < 1e-12);
    assert_int_equal(evidence[0].more, 4 * (59 - 25)); /* 59 parts prove 0.95 */
    assert_true(fabs(evidence[1].low - as_interval_rate_low(50, 50, 0.95)) < 1e-12);
    assert_false(evidence[0].proven || evidence[1].proven);
    double clustered = evidence[2].low;
    free(evidence);
    for (uint32_t i = 0; i < 200; i++)
        frames[i].part = i; /* one frame a part: Clopper and Pearson's, as for parts */
    assert_true(as_eval_evidence(&spec, frames, 200, NULL, 0, &evidence, &n, &err));
    assert_true(fabs(evidence[0].low - as_interval_rate_low(100, 100, 0.95)) < 1e-12 && evidence[0].proven);
    double value = evidence[2].value, alone = evidence[2].low;
    assert_true(alone < value && fabs((value - clustered) - 2 * (value - alone)) < 1e-9);
    free(evidence);
}

/* Six samples of six parts' names, which show three pictures; the newest commit from here on. */
static as_dataset *dataset_of_copies(void)
{
    as_err       err = AS_ERR_NONE;
    as_commit    commit, copies = {.author = "test", .message = "copies"};
    as_manifest *now = as_manifest_new(&err);
    assert_non_null(now);
    assert_true(as_commit_find(set.ws, "", &commit, &err));
    as_manifest *before = as_commit_manifest(set.ws, &commit, &err);
    assert_non_null(before);
    for (size_t i = 0; i < 6; i++) {
        as_sample sample = *as_manifest_at(before, i % 3 * 2);
        char      name[16];
        snprintf(name, sizeof name, "copy%zu.png", i);
        sample.name = sample.part = name;
        sample.split = AS_SPLIT_TEST;
        assert_true(as_manifest_add(now, &sample, &err));
    }
    as_manifest_sort(now);
    assert_true(as_commit_write(set.ws, now, &copies, &err));
    as_manifest_free(before);
    as_manifest_free(now);
    as_dataset *dataset = as_dataset_open(set.ws, set.spec, "", &err);
    assert_non_null(dataset);
    return dataset;
}

/* Copies of one picture under several names are one part, however many parts their names speak of. */
static void test_copies_of_a_picture_are_one_part(void **state)
{
    (void)state;
    as_err        err = AS_ERR_NONE;
    as_outcome   *parts = NULL;
    size_t        n = 0;
    as_scored     scored[6] = {{0}};
    as_model_info info = test_eval_info();
    as_dataset   *dataset = dataset_of_copies();
    for (uint32_t i = 0; i < 6; i++)
        scored[i] = (as_scored){.sample = i, .truth = as_dataset_class(dataset, i), .scores = {.p = {1}, .n = 3}};
    assert_true(as_outcomes_make(dataset, set.spec, &info, &(as_operating_point){0.5, 0.5}, scored, 6, AS_PER_PART,
                                 &parts, &n, &err));
    assert_int_equal(n, 3);
    free(parts);
    assert_true(as_outcomes_make(dataset, set.spec, &info, &(as_operating_point){0.5, 0.5}, scored, 6, AS_PER_FRAME,
                                 &parts, &n, &err));
    assert_int_equal(n, 6);
    for (size_t i = 0; i < 3; i++)
        assert_int_equal(parts[i].part, parts[i + 3].part);
    free(parts);
    as_dataset_close(dataset);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_judges_a_run),
        cmocka_unit_test(test_other_splits),
        cmocka_unit_test(test_refuses),
        cmocka_unit_test(test_no_test_split),
        cmocka_unit_test(test_frames_of_a_part_are_no_independent_proof),
        cmocka_unit_test(test_copies_of_a_picture_are_one_part),
        cmocka_unit_test(test_evidence),
    };
    return cmocka_run_group_tests(tests, setup, teardown);
}
