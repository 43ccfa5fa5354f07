/* SPDX-License-Identifier: Apache-2.0 */
#include "spec/evidence.h"

#include <math.h>
#include <setjmp.h>
#include <stdarg.h>

#include <cmocka.h>

static as_requirement requirement(as_measure measure, double at_least, double at_most)
{
    return (as_requirement){.id = "R1",
                            .text = "",
                            .measure = measure,
                            .of = measure == AS_MEASURE_RECALL ? "reject" : NULL,
                            .per = AS_PER_PART,
                            .at_least = at_least,
                            .at_most = at_most,
                            .confidence = 0.95,
                            .quantile = 0.99};
}

static const char *standing_text(as_evidence evidence)
{
    static char text[96];
    return as_evidence_text(as_evidence_standing(&evidence), &evidence, text);
}

static void test_rate(void **state)
{
    (void)state;
    as_requirement req = requirement(AS_MEASURE_RECALL, 0.95, NAN);
    as_evidence    open = as_evidence_rate(&req, 0, 0);
    assert_int_equal(as_evidence_standing(&open), AS_STANDING_OPEN);
    assert_string_equal(standing_text(open), "no evidence yet");
    assert_string_equal(standing_text(as_evidence_rate(&req, 94, 100)), "not met");
    assert_string_equal(standing_text(as_evidence_rate(&req, 58, 58)), "met but not proven (1 more part would do)");
    assert_string_equal(standing_text(as_evidence_rate(&req, 20, 20)), "met but not proven (39 more parts would do)");
    assert_string_equal(standing_text(as_evidence_rate(&req, 95, 100)),
                        "met but not proven (more of the same would not do)");
    as_evidence met = as_evidence_rate(&req, 59, 59);
    assert_string_equal(standing_text(met), "met");
    assert_true(met.met && met.proven && met.low >= 0.95 && met.k == 59 && met.n == 59);
    assert_string_equal(met.id, "R1");
    req.per = AS_PER_FRAME;
    assert_string_equal(standing_text(as_evidence_rate(&req, 20, 20)), "met but not proven (39 more frames would do)");
}

static void test_rate_from_above(void **state)
{
    (void)state;
    as_requirement req = requirement(AS_MEASURE_ESCAPE_RATE, NAN, 0.01);
    assert_string_equal(standing_text(as_evidence_rate(&req, 0, 299)), "met");
    assert_string_equal(standing_text(as_evidence_rate(&req, 0, 100)), "met but not proven (199 more parts would do)");
    assert_string_equal(standing_text(as_evidence_rate(&req, 2, 100)), "not met");
}

static void test_score(void **state)
{
    (void)state;
    as_requirement req = requirement(AS_MEASURE_AUROC, 0.9, NAN);
    assert_string_equal(standing_text(as_evidence_score(&req, 0.95, 0.91, 0.97, 200)), "met");
    /* Half the width that is needed twice: four times the samples. */
    as_evidence e = as_evidence_score(&req, 0.95, 0.85, 0.99, 200);
    assert_string_equal(standing_text(e), "met but not proven (600 more parts would do)");
    assert_string_equal(standing_text(as_evidence_score(&req, 0.89, 0.85, 0.99, 200)), "not met");
    assert_string_equal(standing_text(as_evidence_score(&req, 0.9, 0.85, 0.99, 200)),
                        "met but not proven (more of the same would not do)");
    assert_string_equal(standing_text(as_evidence_score(&req, 0.95, NAN, NAN, 2)),
                        "met but not proven (more of the same would not do)");
}

static void test_quantile(void **state)
{
    (void)state;
    as_requirement req = requirement(AS_MEASURE_LATENCY, NAN, 0.030);
    double         times[1000];
    for (size_t i = 0; i < 1000; i++)
        times[i] = 0.001 + 0.00001 * (double)i;
    as_evidence e = as_evidence_quantile(&req, times, 1000);
    assert_true(e.met && e.proven && e.k == 1000 && e.n == 1000);
    assert_true(e.value <= times[989] && e.value >= times[989]); /* 0.99 of 1000 */
    assert_true(e.low < e.value && e.high > e.value);
    assert_string_equal(standing_text(as_evidence_quantile(&req, times, 200)),
                        "met but not proven (99 more parts would do)");
    for (size_t i = 995; i < 1000; i++)
        times[i] = 0.2; /* 5 late of 1000: p99 holds; its bound is the fifth from the end and does not */
    e = as_evidence_quantile(&req, times, 1000);
    assert_true(e.met && !e.proven && e.k == 995 && e.high > 0.1 && e.more > 0 && e.more < UINT64_MAX);
    for (size_t i = 985; i < 1000; i++)
        times[i] = 0.2;
    assert_string_equal(standing_text(as_evidence_quantile(&req, times, 1000)), "not met");
    as_evidence none = as_evidence_quantile(&req, NULL, 0);
    assert_int_equal(as_evidence_standing(&none), AS_STANDING_OPEN);
}

/* The bound of the quantile and the bound of the share in time are one proof. */
static void test_quantile_bound_is_the_proof(void **state)
{
    (void)state;
    as_requirement req = requirement(AS_MEASURE_LATENCY, NAN, 0.030);
    double         times[2000];
    for (size_t late = 0; late < 30; late++) {
        for (size_t i = 0; i < 2000; i++)
            times[i] = i < 2000 - late ? 0.01 : 0.05;
        as_evidence e = as_evidence_quantile(&req, times, 2000);
        assert_int_equal(e.proven, e.high <= req.at_most);
        assert_int_equal(e.met, late <= 20);
    }
}

static void test_peak(void **state)
{
    (void)state;
    as_requirement req = requirement(AS_MEASURE_MEMORY, NAN, 300e6);
    assert_string_equal(standing_text(as_evidence_peak(&req, 118e6, 1000)), "met");
    assert_string_equal(standing_text(as_evidence_peak(&req, 300000001, 1000)), "not met");
    assert_string_equal(standing_text(as_evidence_peak(&req, NAN, 0)), "no evidence yet");
}

static void test_overall(void **state)
{
    (void)state;
    as_requirement req = requirement(AS_MEASURE_RECALL, 0.95, NAN);
    as_evidence rows[4] = {as_evidence_rate(&req, 20, 20), as_evidence_rate(&req, 59, 59), as_evidence_rate(&req, 0, 0),
                           as_evidence_rate(&req, 94, 100)};
    assert_int_equal(as_evidence_overall(&req, rows, 0), AS_STANDING_OPEN);
    assert_int_equal(as_evidence_overall(&req, rows + 2, 1), AS_STANDING_OPEN);
    assert_int_equal(as_evidence_overall(&req, rows, 1), AS_STANDING_NOT_PROVEN);
    as_evidence reversed[2] = {rows[1], rows[0]};
    assert_int_equal(as_evidence_overall(&req, reversed, 2), AS_STANDING_MET);
    assert_int_equal(as_evidence_overall(&req, rows, 3), AS_STANDING_MET);     /* one proof is enough */
    assert_int_equal(as_evidence_overall(&req, rows, 4), AS_STANDING_NOT_MET); /* one miss is too */
    as_str_copy(rows[3].id, sizeof rows[3].id, "R2");
    assert_int_equal(as_evidence_overall(&req, rows, 4), AS_STANDING_MET); /* another requirement's */
}

static void test_texts(void **state)
{
    (void)state;
    char           text[160];
    as_requirement req = requirement(AS_MEASURE_RECALL, 0.9, NAN);
    assert_string_equal(as_requirement_text(&req, text), "recall of reject >= 90.0 %");
    req.at_least = 0.99995;
    assert_string_equal(as_requirement_text(&req, text), "recall of reject >= 99.995 %");
    req.per = AS_PER_FRAME;
    assert_string_equal(as_requirement_text(&req, text), "recall of reject per frame >= 99.995 %");
    req = requirement(AS_MEASURE_LATENCY, NAN, 0.03);
    assert_string_equal(as_requirement_text(&req, text), "p99 latency <= 30 ms");
    req.quantile = 0.999;
    assert_string_equal(as_requirement_text(&req, text), "p99.9 latency <= 30 ms");
    req = requirement(AS_MEASURE_MEMORY, NAN, 300e6);
    assert_string_equal(as_requirement_text(&req, text), "memory <= 300 MB");
    assert_string_equal(as_requirement_value_text(&req, 118.4e6, text), "118 MB");
    req = requirement(AS_MEASURE_MACRO_F1, 0.965, NAN);
    assert_string_equal(as_requirement_text(&req, text), "macro F1 >= 0.965");
}

static void test_value_text_does_not_flatter(void **state)
{
    (void)state;
    char           text[48];
    as_requirement req = requirement(AS_MEASURE_RECALL, 0.9, NAN);
    assert_string_equal(as_requirement_value_text(&req, 0.934, text), "93.4 %");
    assert_string_equal(as_requirement_value_text(&req, 0.89996, text), "89.996 %");
    assert_string_equal(as_requirement_value_text(&req, 0.99996, text), "99.996 %");
    assert_string_equal(as_requirement_value_text(&req, 1, text), "100.0 %");
    assert_string_equal(as_requirement_value_text(&req, NAN, text), "-");
}

static void test_json_round_trip(void **state)
{
    (void)state;
    as_requirement req = requirement(AS_MEASURE_RECALL, 0.95, NAN);
    as_evidence    rows[] = {as_evidence_rate(&req, 98, 100), as_evidence_rate(&req, 0, 0),
                             as_evidence_rate(&req, 95, 100)};
    for (size_t i = 0; i < AS_COUNT(rows); i++) {
        as_evidence back, want = rows[i];
        as_err      err = AS_ERR_NONE;
        as_str_copy(want.stage, sizeof want.stage, "eval");
        as_str_copy(want.source, sizeof want.source, "2-cnn");
        want.utc = 1772368496789000000;
        json_t *json = as_evidence_json(&req, &want);
        assert_non_null(json);
        assert_string_equal(json_string_value(json_object_get(json, "measure")), "recall");
        assert_true(as_evidence_parse(json, &back, &err));
        assert_string_equal(back.id, want.id);
        assert_string_equal(back.stage, "eval");
        assert_string_equal(back.source, "2-cnn");
        assert_true(isnan(want.value) ? isnan(back.value) : back.value <= want.value && back.value >= want.value);
        assert_true(isnan(want.low) ? isnan(back.low) : back.low <= want.low && back.low >= want.low);
        assert_true(back.k == want.k && back.n == want.n && back.more == want.more && back.utc == want.utc);
        assert_true(back.met == want.met && back.proven == want.proven && back.per == want.per);
        json_decref(json);
    }
}

static void test_json_refuses_damage(void **state)
{
    (void)state;
    static const char *const keys[] = {"id", "stage", "source", "per", "k", "n", "met", "proven", "utc_ns"};
    as_requirement           req = requirement(AS_MEASURE_RECALL, 0.95, NAN);
    as_evidence              e = as_evidence_rate(&req, 98, 100), back;
    for (size_t i = 0; i < AS_COUNT(keys); i++) {
        as_err  err = AS_ERR_NONE;
        json_t *json = as_evidence_json(&req, &e);
        json_object_del(json, keys[i]);
        assert_false(as_evidence_parse(json, &back, &err));
        assert_non_null(strstr(err.text, keys[i]));
        json_object_set_new(json, keys[i], json_pack("[i]", 1));
        assert_false(as_evidence_parse(json, &back, &err));
        json_decref(json);
    }
    as_err  err = AS_ERR_NONE;
    json_t *json = as_evidence_json(&req, &e);
    json_object_set_new(json, "k", json_integer(-1));
    assert_false(as_evidence_parse(json, &back, &err));
    json_decref(json);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_rate),
        cmocka_unit_test(test_rate_from_above),
        cmocka_unit_test(test_score),
        cmocka_unit_test(test_quantile),
        cmocka_unit_test(test_quantile_bound_is_the_proof),
        cmocka_unit_test(test_peak),
        cmocka_unit_test(test_overall),
        cmocka_unit_test(test_texts),
        cmocka_unit_test(test_value_text_does_not_flatter),
        cmocka_unit_test(test_json_round_trip),
        cmocka_unit_test(test_json_refuses_damage),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
