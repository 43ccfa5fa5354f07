/* SPDX-License-Identifier: Apache-2.0 */
#include "lab/measures.h"

#include <math.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "base/rng.h"
#include "lab/bootstrap.h"

#define NEAR(a, b, by)                                              \
    do {                                                            \
        double near_a = (a), near_b = (b);                          \
        if (!(fabs(near_a - near_b) <= (by)))                       \
            fail_msg("%s is %.12g, not %.12g", #a, near_a, near_b); \
    } while (0)

static const as_spec spec = {
    .classes = {{"good", AS_VERDICT_PASS}, {"dent", AS_VERDICT_REJECT}, {"hole", AS_VERDICT_REJECT}},
    .n_classes = 3,
    .cost_escape = 40,
    .cost_overkill = 1.5,
    .cost_review = NAN};

/* Truth, and the probabilities of the three classes. */
static const double rows[][4] = {
    {0, .9, .05, .05}, {0, .8, .15, .05}, {0, .6, .2, .2},    {0, .4, .5, .1}, {0, .7, .2, .1},
    {0, .55, .25, .2}, {0, .25, .4, .35}, {0, .95, .03, .02}, {1, .1, .8, .1}, {1, .4, .5, .1},
    {1, .2, .3, .5},   {1, .6, .3, .1},   {1, .05, .9, .05},  {1, .3, .6, .1}, {2, .1, .1, .8},
    {2, .35, .1, .55}, {2, .2, .1, .7},   {2, .05, .05, .9},  {2, .3, .4, .3},
};
#define N_ROWS AS_COUNT(rows)

static as_outcome outcome_of(uint32_t truth, const double p[3], double threshold)
{
    as_outcome one = {.truth = truth, .truth_verdict = spec.classes[truth].verdict};
    for (uint32_t c = 0; c < 3; c++) {
        one.found = p[c] > p[one.found] ? c : one.found;
        one.brier += (p[c] - (c == truth)) * (p[c] - (c == truth));
    }
    one.confidence = p[one.found];
    one.reject_score = round((p[1] + p[2]) * 1e6) / 1e6;
    one.verdict = one.reject_score >= threshold ? AS_VERDICT_REJECT : AS_VERDICT_PASS;
    return one;
}

static void table_of(as_outcome ret[N_ROWS])
{
    for (uint32_t i = 0; i < N_ROWS; i++) {
        ret[i] = outcome_of((uint32_t)rows[i][0], rows[i] + 1, 0.5);
        ret[i].part = i;
        ret[i].scored = i;
    }
}

static as_judged judge(const as_outcome *outcomes, size_t n, double level)
{
    as_judged judged = {0};
    as_err    err = AS_ERR_NONE;
    if (!as_judged_make(&spec, outcomes, n, level, &judged, &err))
        fail_msg("%s", err.text);
    return judged;
}

/* Values by scikit-learn 1.2 (confusion_matrix, precision_score, recall_score, f1_score, roc_auc_score,
 * average_precision_score), intervals by SciPy 1.10's beta and normal quantiles, on the same table. */
static void test_against_scikit_learn(void **state)
{
    (void)state;
    static const uint64_t confusion[3][3] = {{6, 2, 0}, {1, 4, 1}, {0, 1, 4}};
    as_outcome            at[N_ROWS];
    table_of(at);
    as_judged j = judge(at, N_ROWS, 0.95);
    assert_int_equal(j.n, 19);
    for (int t = 0; t < 3; t++)
        for (int f = 0; f < 3; f++)
            assert_int_equal(j.confusion[t][f], confusion[t][f]);
    NEAR(j.precision[0].value, 0.857142857143, 1e-9);
    NEAR(j.precision[1].value, 0.571428571429, 1e-9);
    NEAR(j.recall[1].value, 0.666666666667, 1e-9);
    NEAR(j.f1[1].value, 0.615384615385, 1e-9);
    NEAR(j.f1[2].value, 0.8, 1e-9);
    NEAR(j.macro_precision.value, 0.7428571428571429, 1e-12);
    NEAR(j.macro_recall.value, 0.7388888888888889, 1e-12);
    NEAR(j.macro_f1.value, 0.7384615384615385, 1e-12);
    NEAR(as_confusion_macro_f1(j.confusion, 3), 0.7384615384615385, 1e-12);
    NEAR(j.accuracy.value, 0.7368421052631579, 1e-12);
    NEAR(j.accuracy.low, 0.48797065465412726, 1e-9);
    NEAR(j.accuracy.high, 0.9085342150923335, 1e-9);
    NEAR(j.f1[0].low, 0.4607037558996187, 1e-9);
    NEAR(j.f1[1].low, 0.2409783375817608, 1e-9);
    NEAR(j.f1[2].high, 0.9778856001548939, 1e-9);
    NEAR(j.auroc.value, 0.9090909090909092, 1e-12);
    NEAR(j.auroc.low, 0.7749409614674588, 1e-8);
    assert_true(j.auroc.high == 1);
    NEAR(j.average_precision.value, 0.9313131313131313, 1e-12);
    NEAR(j.brier.value, 0.3115157894736842, 1e-12);
    NEAR(j.calibration_error.value, 0.1815789473684211, 1e-12);
    NEAR(j.reject_f1.value, 0.8695652173913043, 1e-12);
}

/* The 5th and 95th percentiles of 4,000 draws with numpy's generator: [0.560, 0.893], [0.850, 1], [0.202, 0.427]. */
static void test_bootstrap_against_another(void **state)
{
    (void)state;
    as_outcome  at[N_ROWS];
    as_interval drawn[AS_DRAWN_COUNT], again[AS_DRAWN_COUNT];
    as_err      err = AS_ERR_NONE;
    table_of(at);
    assert_true(as_bootstrap_run(&spec, at, N_ROWS, 0.9, drawn, &err));
    assert_true(as_bootstrap_run(&spec, at, N_ROWS, 0.9, again, &err));
    assert_memory_equal(drawn, again, sizeof drawn);
    NEAR(drawn[AS_DRAWN_MACRO_F1].low, 0.560, 0.015);
    NEAR(drawn[AS_DRAWN_MACRO_F1].high, 0.893, 0.012);
    NEAR(drawn[AS_DRAWN_AVERAGE_PRECISION].low, 0.850, 0.012);
    NEAR(drawn[AS_DRAWN_AVERAGE_PRECISION].high, 1, 0.01);
    NEAR(drawn[AS_DRAWN_BRIER].low, 0.202, 0.01);
    NEAR(drawn[AS_DRAWN_BRIER].high, 0.427, 0.01);
    as_judged j = judge(at, N_ROWS, 0.9), narrow = judge(at, N_ROWS, 0.7);
    assert_true(j.macro_f1.low <= drawn[AS_DRAWN_MACRO_F1].low && j.macro_f1.high >= drawn[AS_DRAWN_MACRO_F1].high);
    assert_true(narrow.macro_f1.low > j.macro_f1.low && narrow.accuracy.high < j.accuracy.high);
    assert_true(narrow.auroc.low > j.auroc.low && narrow.average_precision.low > j.average_precision.low);
}

/* Two frames a part, both alike: the draws take them together, so the interval is that of the parts. */
static void test_bootstrap_draws_parts(void **state)
{
    (void)state;
    as_outcome  at[N_ROWS], twice[2 * N_ROWS];
    as_interval parts[AS_DRAWN_COUNT], frames[AS_DRAWN_COUNT];
    as_err      err = AS_ERR_NONE;
    table_of(at);
    for (size_t i = 0; i < N_ROWS; i++)
        twice[i] = twice[2 * N_ROWS - 1 - i] = at[i];
    assert_true(as_bootstrap_run(&spec, at, N_ROWS, 0.95, parts, &err));
    assert_true(as_bootstrap_run(&spec, twice, 2 * N_ROWS, 0.95, frames, &err));
    NEAR(frames[AS_DRAWN_MACRO_F1].low, parts[AS_DRAWN_MACRO_F1].low, 1e-12);
    NEAR(frames[AS_DRAWN_BRIER].high, parts[AS_DRAWN_BRIER].high, 1e-12);
}

static void test_verdicts_and_cost(void **state)
{
    (void)state;
    as_outcome at[N_ROWS];
    table_of(at);
    at[8].verdict = AS_VERDICT_REVIEW; /* a bad one that a person sees: stopped, but not rejected */
    as_judged j = judge(at, N_ROWS, 0.95);
    as_count  recall = as_judged_recall(&j, &spec), precision = as_judged_precision(&j, &spec);
    assert_true(recall.k == 10 && recall.n == 11);
    assert_true(precision.k == 9 && precision.n == 11);
    NEAR(j.escape_rate.value, 1.0 / 11, 1e-12);
    NEAR(j.overkill_rate.value, 2.0 / 8, 1e-12);
    NEAR(j.review_rate.value, 1.0 / 19, 1e-12);
    NEAR(j.cost_per_1000, 1000 * (40 + 2 * 1.5) / 19, 1e-9);
    NEAR(j.reject_f1.value, 2 / (11.0 / 10 + 11.0 / 9), 1e-12);
}

/* A class of review is neither good nor bad: rejecting it is no overkill, but a false alarm for precision. */
static void test_class_of_review(void **state)
{
    (void)state;
    as_spec    odd = spec;
    as_judged  j;
    as_err     err = AS_ERR_NONE;
    as_outcome at[3] = {
        {.truth = 0, .truth_verdict = AS_VERDICT_PASS, .verdict = AS_VERDICT_PASS, .reject_score = 0.1},
        {.truth = 1, .truth_verdict = AS_VERDICT_REJECT, .verdict = AS_VERDICT_REJECT, .found = 1, .reject_score = 0.9},
        {.truth = 2, .truth_verdict = AS_VERDICT_REVIEW, .verdict = AS_VERDICT_REJECT, .reject_score = 0.8, .part = 2}};
    odd.classes[2].verdict = AS_VERDICT_REVIEW;
    odd.cost_review = 3;
    assert_true(as_judged_make(&odd, at, 3, 0.95, &j, &err));
    assert_true(j.overkill_rate.n == 1 && j.overkill_rate.value == 0);
    assert_true(j.reject_precision.n == 2 && j.reject_precision.value == 0.5);
    assert_true(j.auroc.n == 2 && j.auroc.value == 1);
    assert_true(j.cost_per_1000 == 0);
    at[2].verdict = AS_VERDICT_REVIEW;
    assert_true(as_judged_make(&odd, at, 3, 0.95, &j, &err));
    NEAR(j.cost_per_1000, 1000, 1e-9);
}

static void test_all_right_is_not_certain(void **state)
{
    (void)state;
    as_outcome at[40];
    for (uint32_t i = 0; i < 40; i++) {
        uint32_t     truth = i % 4 == 3 ? 2 : i % 4 == 2 ? 1 : 0;
        const double p[3] = {truth == 0 ? 0.98 : 0.01, truth == 1 ? 0.98 : 0.01, truth == 2 ? 0.98 : 0.01};
        at[i] = outcome_of(truth, p, 0.5);
        at[i].part = i;
    }
    as_judged          j = judge(at, 40, 0.95);
    const as_measured *all[] = {&j.accuracy,  &j.macro_f1, &j.macro_precision,   &j.macro_recall,
                                &j.reject_f1, &j.auroc,    &j.average_precision, &j.f1[1]};
    for (size_t i = 0; i < AS_COUNT(all); i++)
        assert_true(all[i]->value == 1 && all[i]->high == 1 && all[i]->low < 0.95 && all[i]->low > 0.5);
    NEAR(j.auroc.low, pow(0.025, 1.0 / 20), 1e-9);
    NEAR(j.accuracy.low, pow(0.025, 1.0 / 40), 1e-9);
    assert_true(j.cost_per_1000 == 0);
}

static void test_absent_and_never_found(void **state)
{
    (void)state;
    /* Class 1 is there and never found; class 2 is neither there nor found. */
    as_outcome at[4] = {{.truth = 0}, {.truth = 0}, {.truth = 1}, {.truth = 1}};
    for (uint32_t i = 0; i < 4; i++) {
        at[i].part = i;
        at[i].truth_verdict = spec.classes[at[i].truth].verdict;
        at[i].verdict = AS_VERDICT_PASS;
    }
    as_judged j = judge(at, 4, 0.95);
    assert_true(isnan(j.precision[1].value) && j.precision[1].n == 0 && j.recall[1].value == 0 && j.f1[1].value == 0);
    assert_true(isnan(j.f1[2].value) && isnan(j.recall[2].low) && j.f1[2].n == 0);
    NEAR(j.macro_precision.value, 0.25, 1e-12); /* scikit-learn's zero_division=0 over the two classes */
    NEAR(j.macro_recall.value, 0.5, 1e-12);
    NEAR(j.macro_f1.value, 1.0 / 3, 1e-12);
    assert_true(j.macro_precision.high > 0.5);
    assert_true(isnan(j.reject_precision.value) && j.reject_recall.value == 0 && j.reject_f1.value == 0);
    NEAR(j.auroc.value, 0.5, 1e-12); /* all scores are equal */
    at[3].truth = 0;                 /* a class that is found but not there counts */
    at[3].found = 2;
    at[3].truth_verdict = AS_VERDICT_PASS;
    j = judge(at, 4, 0.95);
    assert_true(j.f1[2].value == 0 && j.f1[2].n == 1);
}

static void test_few(void **state)
{
    (void)state;
    as_outcome one = {.truth = 0, .truth_verdict = AS_VERDICT_PASS, .verdict = AS_VERDICT_PASS, .confidence = 0.7};
    as_judged  j = judge(&one, 1, 0.95), none;
    NEAR(j.accuracy.low, 0.025, 1e-9);
    assert_true(j.accuracy.value == 1 && j.macro_f1.low < 0.1 && j.macro_f1.value == 1);
    assert_true(isnan(j.auroc.value) && isnan(j.average_precision.value) && isnan(j.reject_f1.value));
    assert_true(isnan(j.reject_recall.value) && j.overkill_rate.value == 0);
    NEAR(j.calibration_error.value, 0.3, 1e-12);
    none = judge(&one, 0, 0.95);
    assert_true(none.n == 0 && isnan(none.accuracy.value) && isnan(none.macro_f1.value) && isnan(none.brier.low));
    assert_true(isnan(none.cost_per_1000));
}

static void test_auroc(void **state)
{
    (void)state;
    static const double bad[] = {0.9, 0.8, 0.4}, good[] = {0.5, 0.3, 0.1, 0.2}, tied[] = {0.5, 0.5}, one[] = {0.35};
    as_measured         m = as_measured_auroc(bad, 3, good, 4, 0.95);
    NEAR(m.value, 11.0 / 12, 1e-12);
    /* By hand: placements of bad {1, 1, .75}, of good {2/3, 1, 1, 1}: variance 1/48 / 3 + 1/36 / 4. */
    NEAR(m.low, 11.0 / 12 - 1.959963984540054 * sqrt(1.0 / 144 + 1.0 / 144), 1e-9);
    m = as_measured_auroc(tied, 2, tied, 2, 0.95);
    NEAR(m.value, 0.5, 1e-12);
    m = as_measured_auroc(one, 1, good, 4, 0.95);
    assert_true(fabs(m.value - 0.75) < 1e-12 && m.low == 0 && m.high == 1);
    m = as_measured_auroc(good, 4, bad, 0, 0.95);
    assert_true(isnan(m.value) && isnan(m.low) && m.n == 0);
    m = as_measured_auroc(good + 1, 3, bad, 3, 0.95); /* all in the wrong order */
    assert_true(m.value == 0 && m.low == 0);
    NEAR(m.high, 1 - pow(0.025, 1.0 / 3), 1e-9);
}

/* Of repeated samples from known normals, the interval must hold the true area about as often as it says. */
static void test_auroc_covers(void **state)
{
    (void)state;
    const double truth = 0.5 * erfc(-(1.2 / sqrt(2)) / sqrt(2));
    int          held = 0;
    for (uint64_t seed = 0; seed < 400; seed++) {
        as_rng rng = as_rng_new(seed);
        double bad[40], good[60];
        for (size_t i = 0; i < 40; i++)
            bad[i] = 1.2 + as_rng_normal(&rng);
        for (size_t i = 0; i < 60; i++)
            good[i] = as_rng_normal(&rng);
        as_measured m = as_measured_auroc(bad, 40, good, 60, 0.95);
        held += m.low <= truth && truth <= m.high;
    }
    assert_in_range(held, 366, 396);
}

static void test_curve(void **state)
{
    (void)state;
    as_outcome      at[N_ROWS];
    as_curve_point *curve = NULL;
    as_bin          bins[AS_MAX_BINS];
    size_t          n = 0, n_bins = 0;
    as_err          err = AS_ERR_NONE;
    table_of(at);
    assert_true(as_outcomes_curve(at, N_ROWS, &curve, &n, &err));
    assert_int_equal(n, 13);
    NEAR(curve[0].threshold, 0.95, 1e-12);
    NEAR(curve[n - 1].precision, 11.0 / 19, 1e-12);
    NEAR(curve[n - 1].recall, 1, 1e-12);
    NEAR(curve[n - 1].false_positive_rate, 1, 1e-12);
    NEAR(as_curve_average_precision(curve, n), 0.9313131313131313, 1e-12);
    free(curve);
    assert_true(as_outcomes_bins(at, N_ROWS, bins, &n_bins, &err));
    assert_int_equal(n_bins, 10);
    uint64_t sum = 0;
    for (size_t k = 0; k < n_bins; k++) {
        assert_in_range(bins[k].n, 1, 2);
        assert_true(k == 0 || bins[k].confidence >= bins[k - 1].confidence);
        sum += bins[k].n;
    }
    assert_int_equal(sum, N_ROWS);
    assert_true(as_outcomes_bins(at, 3, bins, &n_bins, &err) && n_bins == 3);
    assert_true(as_outcomes_bins(at, 0, bins, &n_bins, &err) && n_bins == 0);
    assert_true(as_outcomes_curve(at, 0, &curve, &n, &err) && n == 0);
    assert_true(isnan(as_curve_average_precision(curve, n)));
    free(curve);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_against_scikit_learn),
        cmocka_unit_test(test_bootstrap_against_another),
        cmocka_unit_test(test_bootstrap_draws_parts),
        cmocka_unit_test(test_verdicts_and_cost),
        cmocka_unit_test(test_class_of_review),
        cmocka_unit_test(test_all_right_is_not_certain),
        cmocka_unit_test(test_absent_and_never_found),
        cmocka_unit_test(test_few),
        cmocka_unit_test(test_auroc),
        cmocka_unit_test(test_auroc_covers),
        cmocka_unit_test(test_curve),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
