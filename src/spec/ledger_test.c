/* SPDX-License-Identifier: Apache-2.0 */
#include "spec/ledger.h"

#include <math.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <cmocka.h>

#include "base/fs.h"

static const char spec_text[] = "assay: 1\nline: l\ntask: classify\nclasses: {good: pass, bad: reject}\nrequirements:\n"
                                "  - {id: R1, text: caught, measure: recall, of: reject, at_least: 0.90}\n"
                                "  - {id: R2, text: quick, measure: latency, at_most: 30 ms}\n";

static as_spec *parse(const char *text)
{
    as_err   err = AS_ERR_NONE;
    as_spec *spec = as_spec_parse(text, strlen(text), "assay.yaml", &err);
    if (!spec)
        fail_msg("%s", err.text);
    return spec;
}

static as_run make_run(void)
{
    as_run run = {.id = "1-cnn"};
    as_err err = AS_ERR_NONE;
    snprintf(run.dir, sizeof run.dir, "/tmp/assay-ledger-test-%d", (int)getpid());
    assert_true(as_fs_make_dirs(run.dir, &err));
    return run;
}

static void remove_run(const as_run *run)
{
    as_err err = AS_ERR_NONE;
    assert_true(as_fs_remove_tree(run->dir, &err));
}

static void what_was_written_is_read_by_stage(void **state)
{
    (void)state;
    as_spec     *spec = parse(spec_text);
    as_run       run = make_run();
    as_err       err = AS_ERR_NONE;
    as_evidence *read;
    size_t       n;
    as_evidence  run_stage[] = {as_evidence_rate(&spec->requirements[0], 450, 460)};
    as_evidence  eval_stage[] = {as_evidence_rate(&spec->requirements[0], 60, 60)};
    assert_true(as_ledger_write(&run, spec, "run", run_stage, 1, &err));
    assert_true(as_ledger_write(&run, spec, "eval", eval_stage, 1, &err));
    assert_true(as_ledger_read(&run, spec, &read, &n, NULL, &err));
    assert_int_equal(n, 2);
    assert_string_equal(read[0].stage, "eval");
    assert_string_equal(read[1].stage, "run");
    assert_string_equal(read[1].source, "1-cnn");
    assert_int_equal(read[1].k, 450);
    assert_int_equal(read[1].n, 460);
    assert_true(read[1].utc > 0);
    free(read);
    remove_run(&run);
    as_spec_free(spec);
}

static void evidence_for_another_question_does_not_count(void **state)
{
    (void)state;
    as_spec     *asked = parse(spec_text);
    as_run       run = make_run();
    as_err       err = AS_ERR_NONE;
    as_evidence *read;
    size_t       n;
    as_evidence  evidence[] = {as_evidence_rate(&asked->requirements[0], 60, 60)};
    assert_true(as_ledger_write(&run, asked, "eval", evidence, 1, &err));
    char *harder = strdup(spec_text);
    memcpy(strstr(harder, "0.90"), "0.99", 4);
    as_spec *spec = parse(harder);
    assert_true(as_ledger_read(&run, spec, &read, &n, NULL, &err));
    assert_int_equal(n, 0);
    free(read);
    free(harder);
    as_spec_free(spec);
    char *swapped = strdup(spec_text);
    memcpy(strstr(swapped, "{good: pass, bad: reject}"), "{good: reject, bad: pass}", 25);
    spec = parse(swapped);
    assert_true(as_ledger_read(&run, spec, &read, &n, NULL, &err));
    assert_int_equal(n, 0);
    free(read);
    free(swapped);
    remove_run(&run);
    as_spec_free(spec);
    as_spec_free(asked);
}

static void change_of(size_t i, const char *from, const char *to, const char *stage, bool counts)
{
    as_spec      *spec = parse(spec_text), *now;
    as_run        run = make_run();
    as_err        err = AS_ERR_NONE;
    as_evidence  *read, evidence[] = {as_evidence_rate(&spec->requirements[i], 60, 60)};
    as_ledger_old old;
    size_t        n;
    char          text[1024];
    const char   *at = strstr(spec_text, from);
    assert_non_null(at);
    snprintf(text, sizeof text, "%.*s%s%s", (int)(at - spec_text), spec_text, to, at + strlen(from));
    now = parse(text);
    assert_true(as_ledger_write(&run, spec, stage, evidence, 1, &err));
    assert_true(as_ledger_read(&run, now, &read, &n, &old, &err));
    if (n != (counts ? 1 : 0) || old.n_eval + old.n_run != (counts ? 0 : 1))
        fail_msg("%s: '%s' for '%s': %zu rows", stage, to, from, n);
    free(read);
    remove_run(&run);
    as_spec_free(now);
    as_spec_free(spec);
}

static void change(const char *from, const char *to, const char *stage, bool counts)
{
    change_of(0, from, to, stage, counts);
}

static void what_changes_the_measurement_changes_the_question(void **state)
{
    (void)state;
    static const char *const both[] = {"task: classify\ncost: {escape: 7}",
                                       "task: classify\nfailsafe: {unsure: reject}",
                                       "task: classify\nstation: {frames_per_part: 2}"};
    static const char *const line[] = {
        "task: classify\nfailsafe: {late: review}", "task: classify\nfailsafe: {fault: review}",
        "task: classify\nstation: {deadline_ms: 77}", "task: classify\nstation: {frame_px: [64, 48]}"};
    for (size_t i = 0; i < AS_COUNT(both); i++) {
        change("task: classify", both[i], "eval", false);
        change("task: classify", both[i], "run", false);
    }
    for (size_t i = 0; i < AS_COUNT(line); i++) {
        change("task: classify", line[i], "run", false);
        change("task: classify", line[i], "eval", true); /* pictures of the test split know no station */
    }
    change("at_least: 0.90", "at_least: 0.90, per: frame", "eval", false);
    change("at_least: 0.90", "at_least: 0.90, confidence: 0.9", "eval", false);
    change("of: reject", "of: bad", "eval", false);
    change("text: caught", "text: stopped", "eval", true);
    change("line: l", "line: other", "run", true);
    change_of(1, "task: classify", both[0], "run", true); /* costs take no time */
}

static void another_model_or_point_does_not_count(void **state)
{
    (void)state;
    as_spec      *spec = parse(spec_text);
    as_run        run = make_run();
    as_err        err = AS_ERR_NONE;
    as_evidence  *read;
    as_ledger_old old;
    size_t        n;
    as_evidence   evidence[] = {as_evidence_rate(&spec->requirements[0], 60, 60)};
    run.pass_below = 0.1;
    run.reject_from = 0.3;
    as_str_copy(run.model, sizeof run.model, "abcd");
    assert_true(as_ledger_write(&run, spec, "eval", evidence, 1, &err));
    assert_true(as_ledger_write(&run, spec, "run", evidence, 1, &err));
    assert_true(as_ledger_read(&run, spec, &read, &n, &old, &err));
    assert_true(n == 2 && old.n_eval == 0 && old.n_run == 0);
    free(read);
    for (int i = 0; i < 3; i++) {
        as_run now = run;
        if (i == 0)
            now.pass_below = nextafter(0.1, 1);
        else if (i == 1)
            now.reject_from = NAN;
        else
            as_str_copy(now.model, sizeof now.model, "abce");
        assert_true(as_ledger_read(&now, spec, &read, &n, &old, &err));
        assert_true(n == 0 && old.n_eval == 1 && old.n_run == 1);
        free(read);
    }
    remove_run(&run);
    as_spec_free(spec);
}

static void damage_is_named(void **state)
{
    (void)state;
    as_spec     *spec = parse(spec_text);
    as_run       run = make_run();
    as_err       err = AS_ERR_NONE;
    as_evidence *read;
    size_t       n;
    assert_true(as_run_write_file(&run, "evidence-eval.json", "[{\"id\": 3}]", 11, &err));
    assert_false(as_ledger_read(&run, spec, &read, &n, NULL, &err));
    assert_non_null(strstr(err.text, "evidence-eval.json"));
    remove_run(&run);
    as_spec_free(spec);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(what_was_written_is_read_by_stage),
        cmocka_unit_test(evidence_for_another_question_does_not_count),
        cmocka_unit_test(what_changes_the_measurement_changes_the_question),
        cmocka_unit_test(another_model_or_point_does_not_count),
        cmocka_unit_test(damage_is_named),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
