/* SPDX-License-Identifier: Apache-2.0 */
#include <math.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "base/rng.h"
#include "lab/measures.h"

#define MAX_PARTS 400

/* good, bad, odd: what it is; p: its probabilities. */
typedef struct set {
    as_scored at[MAX_PARTS];
    size_t    n;
} set;

static as_spec spec_of(double cost_escape, double cost_overkill, double cost_review)
{
    as_spec spec = {.classes = {{"good", AS_VERDICT_PASS}, {"bad", AS_VERDICT_REJECT}, {"odd", AS_VERDICT_REVIEW}},
                    .n_classes = 3,
                    .cost_escape = cost_escape,
                    .cost_overkill = cost_overkill,
                    .cost_review = cost_review,
                    .failsafe_unsure = AS_VERDICT_REVIEW};
    return spec;
}

static const as_model_info info = {.labels = {"good", "bad", "odd"}, .n_labels = 3};

static void require(as_spec *spec, as_measure measure, const char *of, as_per per, double at_least, double at_most)
{
    spec->requirements[spec->n_requirements++] = (as_requirement){.id = "R",
                                                                  .measure = measure,
                                                                  .of = of,
                                                                  .per = per,
                                                                  .at_least = at_least,
                                                                  .at_most = at_most,
                                                                  .confidence = 0.95};
}

static void add(set *s, uint32_t truth, double bad, double odd)
{
    as_scored one = {.truth = truth, .sample = (uint32_t)s->n};
    one.scores = (as_scores){.p = {(float)(1 - bad - odd), (float)bad, (float)odd}, .n = 3};
    for (uint32_t i = 1; i < 3; i++)
        if (one.scores.p[i] > one.scores.p[one.scores.best])
            one.scores.best = i;
    s->at[s->n++] = one;
}

static as_solution solve_it(const set *s, const as_spec *spec)
{
    as_solution solution = {0};
    as_err      err = AS_ERR_NONE;
    if (!as_score_solve(NULL, spec, &info, s->at, s->n, &solution, &err))
        fail_msg("%s", err.text);
    return solution;
}

static void check_point(const as_solution *solution, double pass_below, double reject_from)
{
    if (fabs(solution->point.pass_below - pass_below) > 1e-6 || fabs(solution->point.reject_from - reject_from) > 1e-6)
        fail_msg("point %.9g to %.9g, not %.9g to %.9g", solution->point.pass_below, solution->point.reject_from,
                 pass_below, reject_from);
}

static void test_middle_of_the_gap(void **state)
{
    (void)state;
    as_spec     spec = spec_of(40, 1.5, NAN);
    set         s = {.n = 0};
    as_solution solution;
    for (int i = 0; i < 5; i++)
        add(&s, 0, 0.02 * i, 0);
    for (int i = 0; i < 5; i++)
        add(&s, 1, 0.6 + 0.05 * i, 0);
    solution = solve_it(&s, &spec);
    check_point(&solution, 0.34, 0.34);
    assert_true(solution.feasible && solution.cost == 0 && solution.macro_f1 == 1);
    assert_true(solution.counts.n_parts == 10 && solution.counts.n_good == 5 && solution.counts.n_bad == 5);
    assert_true(solution.counts.n_passed == 5 && solution.counts.n_rejected == 5);
}

/* Where nothing tells them apart, what is dearer decides for all of them. */
static void test_one_sided(void **state)
{
    (void)state;
    set s = {.n = 0};
    for (int i = 0; i < 6; i++)
        add(&s, (uint32_t)i % 2, 0.5, 0);
    as_spec     dear = spec_of(10, 1, NAN), cheap = spec_of(1, 10, NAN), unsure = spec_of(10, 10, 1);
    as_solution solution = solve_it(&s, &dear);
    assert_int_equal(solution.counts.n_rejected, 6);
    assert_int_equal(as_point_side_of(&solution.counts), AS_POINT_PASSES_NONE);
    solution = solve_it(&s, &cheap);
    assert_int_equal(solution.counts.n_passed, 6);
    assert_int_equal(as_point_side_of(&solution.counts), AS_POINT_PASSES_ALL);
    solution = solve_it(&s, &unsure); /* all are left to a person */
    assert_true(solution.counts.n_passed == 0 && solution.counts.n_rejected == 0);
    assert_int_equal(as_point_side_of(&solution.counts), AS_POINT_PASSES_NONE);
}

/* Very sure networks: the middle is moved away from 0 and 1, but never past a known part. */
static void test_moved_within_the_gap(void **state)
{
    (void)state;
    as_spec     spec = spec_of(1, 1, NAN);
    set         wide = {.n = 0}, narrow = {.n = 0}, high = {.n = 0};
    as_solution solution;
    add(&wide, 0, 0.0001, 0);
    add(&wide, 1, 0.03, 0);
    solution = solve_it(&wide, &spec);
    check_point(&solution, 0.02, 0.02);
    add(&narrow, 0, 0.0001, 0);
    add(&narrow, 1, 0.005, 0);
    solution = solve_it(&narrow, &spec);
    check_point(&solution, 0.00255, 0.00255);
    add(&high, 0, 0.97, 0);
    add(&high, 1, 0.9999, 0);
    solution = solve_it(&high, &spec);
    check_point(&solution, 0.98, 0.98);
    set top = {.n = 0};
    add(&top, 0, 0.985, 0);
    add(&top, 1, 0.999, 0);
    solution = solve_it(&top, &spec);
    check_point(&solution, 0.992, 0.992);
}

/* One bad part among the good: what it costs to let it go decides. */
static void test_cost_decides(void **state)
{
    (void)state;
    set s = {.n = 0};
    add(&s, 0, 0.1, 0);
    add(&s, 1, 0.2, 0);
    add(&s, 0, 0.3, 0);
    add(&s, 0, 0.4, 0);
    add(&s, 1, 0.9, 0);
    as_spec     dear = spec_of(10, 1, NAN), cheap = spec_of(1, 10, NAN);
    as_solution solution = solve_it(&s, &dear);
    check_point(&solution, 0.15, 0.15);
    assert_true(fabs(solution.cost - 2.0 / 5) < 1e-12);
    solution = solve_it(&s, &cheap);
    check_point(&solution, 0.65, 0.65);
    assert_true(fabs(solution.cost - 1.0 / 5) < 1e-12);
}

static void test_requirements_come_first(void **state)
{
    (void)state;
    set s = {.n = 0};
    add(&s, 0, 0.1, 0);
    add(&s, 1, 0.2, 0);
    add(&s, 0, 0.3, 0);
    add(&s, 0, 0.4, 0);
    add(&s, 1, 0.9, 0);
    as_spec recall = spec_of(1, 10, NAN), both, escape = recall, overkill = spec_of(10, 1, NAN);
    require(&recall, AS_MEASURE_RECALL, "reject", AS_PER_PART, 1, NAN);
    as_solution solution = solve_it(&s, &recall);
    check_point(&solution, 0.15, 0.15);
    assert_true(solution.feasible);
    both = recall;
    require(&both, AS_MEASURE_PRECISION, "reject", AS_PER_PART, 0.9, NAN);
    solution = solve_it(&s, &both); /* no threshold has both: the cheapest */
    check_point(&solution, 0.65, 0.65);
    assert_false(solution.feasible);
    require(&escape, AS_MEASURE_ESCAPE_RATE, NULL, AS_PER_PART, NAN, 0.4);
    solution = solve_it(&s, &escape);
    check_point(&solution, 0.15, 0.15);
    require(&overkill, AS_MEASURE_OVERKILL_RATE, NULL, AS_PER_PART, NAN, 0.5);
    solution = solve_it(&s, &overkill);
    check_point(&solution, 0.65, 0.65); /* at most one of three good: 0.35 rejects one, and lets one bad go too */
    assert_true(solution.feasible);
}

static void test_class_recall_is_no_matter(void **state)
{
    (void)state;
    as_spec spec = spec_of(1, 1, NAN);
    set     s = {.n = 0};
    add(&s, 0, 0.1, 0);
    add(&s, 1, 0.4, 0); /* its class is never found, but it is rejected */
    require(&spec, AS_MEASURE_RECALL, "bad", AS_PER_PART, 1, NAN);
    as_solution solution = solve_it(&s, &spec);
    check_point(&solution, 0.25, 0.25);
    assert_true(solution.feasible && solution.cost == 0);
}

static void test_band(void **state)
{
    (void)state;
    set s = {.n = 0};
    for (int i = 0; i < 10; i++)
        add(&s, 0, 0.01 * i, 0);
    add(&s, 1, 0.3, 0);
    add(&s, 0, 0.5, 0);
    for (int i = 0; i < 10; i++)
        add(&s, 1, 0.9 + 0.01 * i, 0);
    as_spec     review = spec_of(10, 10, 1), dear = spec_of(10, 10, 100), late = spec_of(10, 10, 1);
    as_solution solution = solve_it(&s, &review);
    check_point(&solution, (0.09 + 0.3) / 2, 0.7);
    assert_true(fabs(solution.cost - 2.0 / 22) < 1e-12);
    solution = solve_it(&s, &dear); /* people cost more than either mistake */
    assert_true(solution.point.pass_below == solution.point.reject_from);
    assert_true(fabs(solution.cost - 10.0 / 22) < 1e-12);
    late.failsafe_unsure = AS_VERDICT_REJECT; /* a band that rejects is no band */
    solution = solve_it(&s, &late);
    assert_true(solution.point.pass_below == solution.point.reject_from);
}

/* A bad part that is taken for an odd one is looked at by a person: it does not escape. */
static void test_review_class_is_caught(void **state)
{
    (void)state;
    as_spec spec = spec_of(10, 5, 2);
    set     s = {.n = 0};
    require(&spec, AS_MEASURE_RECALL, "reject", AS_PER_PART, 1, NAN);
    add(&s, 0, 0.05, 0);
    add(&s, 1, 0.1, 0.8);
    add(&s, 0, 0.2, 0);
    add(&s, 1, 0.9, 0);
    as_solution solution = solve_it(&s, &spec);
    check_point(&solution, 0.55, 0.55);
    assert_true(solution.feasible && fabs(solution.cost - 2.0 / 4) < 1e-12);
}

static void test_edges(void **state)
{
    (void)state;
    as_err      err = AS_ERR_NONE;
    as_spec     spec = spec_of(1, 1, NAN);
    as_solution solution = {.cost = 7};
    set         s = {.n = 0};
    assert_false(as_score_solve(NULL, &spec, &info, s.at, 0, &solution, &err));
    assert_true(solution.cost == 7 && strstr(err.text, "validation split is empty"));
    add(&s, 0, 0.2, 0); /* good ones only: nothing is rejected, and a rate of no bad ones holds nothing up */
    require(&spec, AS_MEASURE_RECALL, "reject", AS_PER_PART, 1, NAN);
    solution = solve_it(&s, &spec);
    check_point(&solution, 0.6, 0.6);
    assert_true(solution.feasible);
    set sure = {.n = 0}; /* a good one at 1: no threshold lets it pass */
    add(&sure, 0, 1, 0);
    solution = solve_it(&sure, &spec);
    assert_true(solution.point.reject_from <= 1 && solution.cost == 1);
    set same = {.n = 0}; /* scores nearer than back ends agree are not parted */
    add(&same, 0, 0.5, 0);
    add(&same, 1, 0.5 + 1e-6, 0);
    solution = solve_it(&same, &spec);
    assert_true(fabs(solution.point.reject_from - 0.5) > 0.2 && solution.cost == 0.5);
}

/* Against trying every pair of thresholds. */
static double brute_cost(const set *s, const as_spec *spec, double a, double b, bool *ret_ok)
{
    double   cost = 0;
    uint64_t n_bad = 0, caught = 0, rejected = 0, rejected_bad = 0;
    for (size_t i = 0; i < s->n; i++) {
        double score = (double)s->at[i].scores.p[1];
        bool   bad = s->at[i].truth == 1, reject = score >= b;
        bool   review = !reject && (score >= a || s->at[i].scores.best == 2);
        n_bad += bad;
        caught += bad && (reject || review);
        rejected += reject;
        rejected_bad += reject && bad;
        cost += review ? spec->cost_review : reject && s->at[i].truth == 0 ? spec->cost_overkill : 0;
        cost += bad && !reject && !review ? spec->cost_escape : 0;
    }
    *ret_ok = (n_bad == 0 || (double)caught >= 0.8 * (double)n_bad) &&
              (rejected == 0 || (double)rejected_bad >= 0.75 * (double)rejected);
    return cost / (double)s->n;
}

static void test_against_trying_all(void **state)
{
    (void)state;
    for (uint64_t seed = 0; seed < 60; seed++) {
        as_rng  rng = as_rng_new(seed);
        as_spec spec = spec_of(as_rng_range(&rng, 1, 20), as_rng_range(&rng, 1, 20), as_rng_range(&rng, 0.2, 5));
        set     s = {.n = 0};
        double  least = INFINITY, least_any = INFINITY;
        bool    ok;
        require(&spec, AS_MEASURE_RECALL, "reject", AS_PER_PART, 0.8, NAN);
        require(&spec, AS_MEASURE_PRECISION, "reject", AS_PER_PART, 0.75, NAN);
        for (int i = 0; i < 24; i++) { /* on a grid, so that there are ties */
            uint32_t truth = (uint32_t)as_rng_below(&rng, 3);
            double   bad = (double)(as_rng_below(&rng, 12) + (truth == 1 ? 5 : 0)) / 20;
            add(&s, truth, bad, truth == 2 ? (1 - bad) * 0.75 : 0);
        }
        for (int a = 0; a <= 40; a++)
            for (int b = a; b <= 40; b++) {
                double cost = brute_cost(&s, &spec, a / 40.0 - 0.0125, b / 40.0 - 0.0125, &ok);
                least_any = fmin(least_any, cost);
                if (ok)
                    least = fmin(least, cost);
            }
        as_solution solution = solve_it(&s, &spec);
        assert_int_equal(solution.feasible, !isinf(least));
        assert_true(fabs(solution.cost - (isinf(least) ? least_any : least)) < 1e-9);
        assert_true(fabs(brute_cost(&s, &spec, solution.point.pass_below, solution.point.reject_from, &ok) -
                         solution.cost) < 1e-9);
        assert_int_equal(ok, solution.feasible);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_middle_of_the_gap),
        cmocka_unit_test(test_moved_within_the_gap),
        cmocka_unit_test(test_one_sided),
        cmocka_unit_test(test_cost_decides),
        cmocka_unit_test(test_requirements_come_first),
        cmocka_unit_test(test_class_recall_is_no_matter),
        cmocka_unit_test(test_band),
        cmocka_unit_test(test_review_class_is_caught),
        cmocka_unit_test(test_edges),
        cmocka_unit_test(test_against_trying_all),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
