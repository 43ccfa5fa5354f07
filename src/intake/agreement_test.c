/* SPDX-License-Identifier: Apache-2.0 */
#include "intake/agreement.h"

#include <math.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

#include "intake/honeypot.h"
#include "intake/say.h"

static const char spec_text[] = "assay: 1\nline: t\ngoal: g\ntask: classify\nclasses: {good: pass, bad: reject}\n"
                                "requirements:\n  - {id: r1, measure: recall, of: reject, at_least: 0.9}\n";

static as_spec     *spec;
static as_manifest *manifest;

static void add(size_t i)
{
    as_err err = AS_ERR_NONE;
    char   name[16];
    snprintf(name, sizeof name, "s%03zu", i);
    assert_true(as_manifest_add(manifest,
                                &(as_sample){.name = name,
                                             .label = "",
                                             .part = name,
                                             .camera = "",
                                             .format = "png",
                                             .width = 100,
                                             .height = 100,
                                             .sharpness = NAN,
                                             .clipped_ratio = NAN,
                                             .severity = NAN},
                                &err));
}

static void say(size_t i, const char *by, const char *label, as_label_state how, const as_finding *findings, size_t n)
{
    as_err    err = AS_ERR_NONE;
    bool      changed;
    as_sample said = {.label = label, .state = how, .by = by, .findings = findings, .n_findings = (uint32_t)n};
    if (!as_say(manifest, i, &said, true, &changed, &err))
        fail_msg("%s", err.text);
}

static int setup(void **state)
{
    (void)state;
    as_err err = AS_ERR_NONE;
    spec = as_spec_parse(spec_text, strlen(spec_text), "spec", &err);
    if (!spec)
        fail_msg("%s", err.text);
    manifest = as_manifest_new(&err);
    for (size_t i = 0; i < 120; i++)
        add(i);
    return 0;
}

static int teardown(void **state)
{
    (void)state;
    as_spec_free(spec);
    as_manifest_free(manifest);
    return 0;
}

static as_agreement *must(const char *const *by)
{
    as_err        err = AS_ERR_NONE;
    as_agreement *a = as_agreement_new(manifest, spec, by, 0.95, &err);
    if (!a)
        fail_msg("%s", err.text);
    return a;
}

/* The pathologists' slides of kappa_test.c, said by two people. */
static void test_two_people(void **state)
{
    (void)state;
    static const uint64_t    slides[4][4] = {{22, 2, 2, 0}, {5, 7, 14, 0}, {0, 2, 36, 0}, {0, 1, 17, 10}};
    static const char *const names[] = {"bad", "good", "odd", "worse"};
    size_t                   at = 0;
    for (size_t i = 0; i < 4; i++)
        for (size_t k = 0; k < 4; k++)
            for (uint64_t n = 0; n < slides[i][k]; n++, at++) {
                say(at, "person:anna", names[i], AS_LABEL_GIVEN, NULL, 0);
                say(at, "person:bo", names[k], AS_LABEL_GIVEN, NULL, 0);
            }
    assert_int_equal(at, 118);
    say(118, "person:anna", "bad", AS_LABEL_GIVEN, NULL, 0); /* by one alone */
    as_agreement *a = must(NULL);
    assert_int_equal(a->n_people, 2);
    assert_int_equal(a->n_pairs, 1);
    assert_true(fabs(a->pairs[0].kappa.kappa - 0.49300559552358125) < 1e-12);
    assert_int_equal(a->all.n, 118);
    assert_int_equal(a->n_disputes, 118 - 75);
    assert_string_equal(a->classes[0], "good");
    assert_int_equal(a->pairs[0].counts[1 * a->n_classes + 0], 2); /* anna bad, bo good */
    assert_int_equal(a->pairs[0].counts[0 * a->n_classes + 1], 5);
    json_t *json = as_agreement_json(a, manifest);
    assert_int_equal(json_array_size(json_object_get(json, "disputes")), 43);
    json_decref(json);
    as_agreement_free(a);
}

static void test_who_counts(void **state)
{
    (void)state;
    as_err                   err = AS_ERR_NONE, none = AS_ERR_NONE;
    static const char *const both[] = {"person:anna", "model:3", NULL}, *const nobody[] = {"person:anna", "person:x",
                                                                                           NULL};
    say(0, "person:anna", "bad", AS_LABEL_GIVEN, NULL, 0);
    say(0, "model:3", "good", AS_LABEL_PROPOSED, NULL, 0);
    say(0, "import:coco", "bad", AS_LABEL_GIVEN, NULL, 0);
    say(1, "person:anna", "bad", AS_LABEL_GIVEN, NULL, 0);
    say(1, "person:bo", "good", AS_LABEL_REVIEWED, NULL, 0); /* he saw it */
    assert_null(as_agreement_new(manifest, spec, NULL, 0.95, &err));
    assert_non_null(strstr(err.text, "no sample has labels by two people"));
    assert_null(as_agreement_new(manifest, spec, nobody, 0.95, &none));
    assert_non_null(strstr(none.text, "labelled no sample that another"));
    static const char *const seen[] = {"person:anna", "person:bo", NULL};
    as_err                   not_asked = AS_ERR_NONE;
    assert_null(as_agreement_new(manifest, spec, seen, 0.95, &not_asked)); /* not either when he is named */
    as_agreement *a = must(both);
    assert_int_equal(a->all.n, 1);
    assert_int_equal(a->n_disputes, 1);
    as_agreement_free(a);
}

static void test_three_people_with_outlines(void **state)
{
    (void)state;
    as_finding one = {"dent", AS_OUTLINE_BOX, {10, 10, 20, 10}, "", NAN, ""};
    as_finding near = {"dent", AS_OUTLINE_BOX, {12, 10, 20, 10}, "", NAN, ""};
    as_finding far[] = {near, {"dent", AS_OUTLINE_BOX, {60, 60, 9, 9}, "", NAN, ""}};
    for (size_t i = 0; i < 3; i++) {
        say(i, "person:anna", "bad", AS_LABEL_GIVEN, &one, 1);
        say(i, "person:bo", "bad", AS_LABEL_GIVEN, &near, 1);
    }
    say(1, "person:cy", "bad", AS_LABEL_GIVEN, far, 2);
    say(2, "person:cy", "good", AS_LABEL_GIVEN, NULL, 0);
    as_agreement *a = must(NULL);
    assert_int_equal(a->n_people, 3);
    assert_int_equal(a->n_pairs, 3);
    const as_agreement_pair *ab = &a->pairs[0], *ac = &a->pairs[1];
    assert_int_equal(ab->n_outlined, 3);
    assert_int_equal(ab->outlines.n_matched, 3);
    assert_true(fabs(ab->outlines.sum_iou - 3 * 180.0 / 220) < 1e-12);
    assert_true(ac->n_outlined == 1 && ac->n_one_sided == 1 && ac->outlines.n_b == 2 && ac->outlines.n_matched == 1);
    assert_int_equal(a->n_disputes, 2);
    assert_false(a->disputes[0].classes); /* one outline of cy is nobody else's */
    assert_true(a->disputes[1].classes);
    assert_int_equal(a->all.n, 3);
    as_agreement_free(a);
}

static void test_scored_where_the_answer_is_known(void **state)
{
    (void)state;
    as_err                   err = AS_ERR_NONE, none = AS_ERR_NONE;
    as_honeypot              score;
    static const char *const bo[] = {"person:bo", NULL}, *const nobody[] = {"person:nobody", NULL};
    as_finding one = {"dent", AS_OUTLINE_BOX, {10, 10, 20, 10}, "", NAN, ""};
    bool       changed;
    assert_false(as_honeypot_score(manifest, NULL, 0.95, &score, &none));
    assert_non_null(strstr(none.text, "one of the 0 samples"));
    for (size_t i = 0; i < 10; i++) { /* ten with an answer; anna gave the label, eve confirmed it */
        as_sample said = {
            .label = "bad", .state = AS_LABEL_REVIEWED, .by = "person:eve", .findings = &one, .n_findings = 1};
        say(i, "person:anna", "bad", AS_LABEL_GIVEN, NULL, 0);
        assert_true(as_say(manifest, i, &said, false, &changed, &err));
        if (i < 8)
            say(i, "person:bo", i < 6 ? "bad" : "good", AS_LABEL_GIVEN, i < 3 ? &one : NULL, i < 3);
        say(i, "person:cy", "good", AS_LABEL_REVIEWED, NULL, 0); /* he saw it */
        say(i, "model:3", "good", AS_LABEL_PROPOSED, NULL, 0);
    }
    say(50, "person:bo", "bad", AS_LABEL_GIVEN, NULL, 0); /* nobody knows */
    assert_true(as_honeypot_score(manifest, NULL, 0.95, &score, &err));
    assert_int_equal(score.n_known, 10);
    assert_int_equal(score.people.n, 2);
    assert_string_equal(score.people.at[0].by, "person:anna");
    assert_true(score.people.at[0].n == 10 && score.people.at[0].n_right == 10);
    assert_true(score.people.at[1].n == 8 && score.people.at[1].n_right == 6);
    assert_true(fabs(score.people.at[1].interval.low - as_interval_rate(6, 8, 0.95).low) < 1e-12);
    assert_true(score.people.at[1].outlines.n_matched == 3 && score.people.at[1].outlines.n_a == 3);
    assert_int_equal(score.misses.n, 2);
    assert_string_equal(score.misses.at[0].said, "good");
    as_honeypot_done(&score);
    assert_true(as_honeypot_score(manifest, bo, 0.95, &score, &err));
    assert_int_equal(score.people.n, 1);
    as_honeypot_done(&score);
    assert_false(as_honeypot_score(manifest, nobody, 0.95, &score, &err));
}

static void test_words(void **state)
{
    (void)state;
    assert_string_equal(as_kappa_word(-0.1), "poor");
    assert_string_equal(as_kappa_word(0.61), "substantial");
    assert_string_equal(as_kappa_word(1), "almost perfect");
    assert_string_equal(as_kappa_word(NAN), "not to be told");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(test_two_people, setup, teardown),
        cmocka_unit_test_setup_teardown(test_who_counts, setup, teardown),
        cmocka_unit_test_setup_teardown(test_three_people_with_outlines, setup, teardown),
        cmocka_unit_test_setup_teardown(test_scored_where_the_answer_is_known, setup, teardown),
        cmocka_unit_test(test_words),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
