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
    assert_true(as_ledger_read(&run, spec, &read, &n, &err));
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
    assert_true(as_ledger_read(&run, spec, &read, &n, &err));
    assert_int_equal(n, 0);
    free(read);
    free(harder);
    as_spec_free(spec);
    char *swapped = strdup(spec_text);
    memcpy(strstr(swapped, "{good: pass, bad: reject}"), "{good: reject, bad: pass}", 25);
    spec = parse(swapped);
    assert_true(as_ledger_read(&run, spec, &read, &n, &err));
    assert_int_equal(n, 0);
    free(read);
    free(swapped);
    remove_run(&run);
    as_spec_free(spec);
    as_spec_free(asked);
}

static void what_was_dropped_is_gone(void **state)
{
    (void)state;
    as_spec     *spec = parse(spec_text);
    as_run       run = make_run();
    as_err       err = AS_ERR_NONE;
    as_evidence *read;
    size_t       n;
    as_evidence  evidence[] = {as_evidence_rate(&spec->requirements[0], 60, 60)};
    assert_true(as_ledger_write(&run, spec, "eval", evidence, 1, &err));
    assert_true(as_ledger_write(&run, spec, "run", evidence, 1, &err));
    assert_true(as_ledger_drop(&run, "run", &err) && as_ledger_drop(&run, "run", &err));
    assert_true(as_ledger_read(&run, spec, &read, &n, &err));
    assert_int_equal(n, 1);
    assert_string_equal(read[0].stage, "eval");
    free(read);
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
    assert_false(as_ledger_read(&run, spec, &read, &n, &err));
    assert_non_null(strstr(err.text, "evidence-eval.json"));
    remove_run(&run);
    as_spec_free(spec);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(what_was_written_is_read_by_stage),
        cmocka_unit_test(evidence_for_another_question_does_not_count),
        cmocka_unit_test(what_was_dropped_is_gone),
        cmocka_unit_test(damage_is_named),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
