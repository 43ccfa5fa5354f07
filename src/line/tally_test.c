/* SPDX-License-Identifier: Apache-2.0 */
#include "line/tally.h"

#include <math.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "store/test_fault.h"

#define LONG_CLASS "a class whose name does not fit into a record"

static const char spec_text[] = "assay: 1\nline: test\ntask: classify\nstation: {deadline_ms: 30}\n"
                                "classes: {good: pass, broken: reject, " LONG_CLASS ": reject, odd: review}\n"
                                "requirements:\n"
                                "  - {id: R1, text: a, measure: recall, of: reject, at_least: 0.5}\n"
                                "  - {id: R2, text: a, measure: precision, of: reject, at_least: 0.5}\n"
                                "  - {id: R3, text: a, measure: latency, quantile: 0.5, at_most: 30 ms}\n"
                                "  - {id: R4, text: a, measure: memory, at_most: 300 MB}\n"
                                "  - {id: R5, text: a, measure: recall, of: " LONG_CLASS ", at_least: 0.5}\n"
                                "  - {id: R6, text: a, measure: precision, of: broken, at_least: 0.5}\n"
                                "  - {id: R7, text: a, measure: accuracy, at_least: 0.5}\n"
                                "  - {id: R8, text: a, measure: escape_rate, at_most: 0.5}\n"
                                "  - {id: R9, text: a, measure: overkill_rate, at_most: 0.5}\n"
                                "  - {id: R10, text: a, measure: auroc, at_least: 0.5}\n";

static const struct {
    const char *truth, *label;
    as_verdict  verdict;
    as_reason   reason;
} parts[] = {
    {"good", "good", AS_VERDICT_PASS, AS_REASON_MODEL},
    {"good", "good", AS_VERDICT_PASS, AS_REASON_MODEL},
    {"good", "broken", AS_VERDICT_REJECT, AS_REASON_MODEL},
    {"good", "", AS_VERDICT_REJECT, AS_REASON_LATE},
    {"broken", "broken", AS_VERDICT_REJECT, AS_REASON_MODEL},
    {"broken", "good", AS_VERDICT_PASS, AS_REASON_MODEL},
    {"broken", "good", AS_VERDICT_REVIEW, AS_REASON_UNSURE},
    {LONG_CLASS, LONG_CLASS, AS_VERDICT_REJECT, AS_REASON_MODEL},
    {"odd", "odd", AS_VERDICT_REVIEW, AS_REASON_MODEL},
    {"odd", "broken", AS_VERDICT_REJECT, AS_REASON_MODEL},
    {"", "broken", AS_VERDICT_REJECT, AS_REASON_MODEL},
    {"unheard of", "good", AS_VERDICT_FAULT, AS_REASON_FAULT},
};

static as_record record_of(size_t i)
{
    as_record r = {.part = i + 1, .verdict = parts[i].verdict, .reason = parts[i].reason, .n_frames = 1};
    as_str_copy(r.truth, sizeof r.truth, parts[i].truth);
    as_str_copy(r.label, sizeof r.label, parts[i].label);
    r.latency_ns = (as_ns)(AS_COUNT(parts) - i) * AS_NS_PER_MS;
    r.stage_ns[2] = r.latency_ns;
    return r;
}

static as_spec *spec_new(void)
{
    as_err   err = AS_ERR_NONE;
    as_spec *spec = as_spec_parse(spec_text, strlen(spec_text), "assay.yaml", &err);
    if (!spec)
        fail_msg("%s", err.text);
    return spec;
}

static void test_parts_are_counted(void **state)
{
    (void)state;
    as_spec         *spec = spec_new();
    as_line_summary *s = calloc(1, sizeof *s);
    assert_non_null(s);
    for (size_t i = 0; i < AS_COUNT(parts); i++) {
        as_record record = record_of(i);
        as_tally_add(s, spec, &record);
    }
    assert_int_equal(s->n_triggers, AS_COUNT(parts));
    assert_int_equal(s->n_verdict[AS_VERDICT_PASS], 3);
    assert_int_equal(s->n_verdict[AS_VERDICT_REJECT], 6);
    assert_int_equal(s->n_verdict[AS_VERDICT_REVIEW], 2);
    assert_int_equal(s->n_verdict[AS_VERDICT_FAULT], 1);
    assert_int_equal(s->n_reason[AS_REASON_LATE], 1);
    assert_int_equal(s->n_truth, 10);
    assert_int_equal(s->n_right_verdict, 5);
    assert_int_equal(s->n_bad, 4);
    assert_int_equal(s->n_bad_stopped, 3);
    assert_int_equal(s->n_good, 4);
    assert_int_equal(s->n_good_rejected, 2);
    assert_int_equal(s->n_rejected_known, 5); /* one of unknown truth does not count */
    assert_int_equal(s->n_rejected_bad, 2);
    assert_int_equal(s->latency.n, AS_COUNT(parts));
    assert_int_equal(s->latency.max, 12 * AS_NS_PER_MS);
    assert_int_equal(s->stage[2].max, 12 * AS_NS_PER_MS);
    free(s);
    as_spec_free(spec);
}

/* Writes the parts into a journal that holds an earlier run; returns the number of this one. */
static uint32_t write_journal(const char *dir)
{
    as_err   err = AS_ERR_NONE;
    uint32_t run = 0;
    for (int pass = 0; pass < 2; pass++) {
        as_journal *journal = as_journal_open(dir, &err);
        assert_non_null(journal);
        run = as_journal_line_run(journal);
        for (size_t i = 0; i < (pass ? AS_COUNT(parts) : 3); i++) {
            as_record record = record_of(i);
            assert_true(as_journal_append(journal, &record, &err));
        }
        as_journal_close(journal);
    }
    return run;
}

static const as_evidence *find(const as_evidence *rows, size_t n, const char *id)
{
    for (size_t i = 0; i < n; i++)
        if (strcmp(rows[i].id, id) == 0)
            return &rows[i];
    return NULL;
}

static void expect_rate(const as_evidence *rows, size_t n, const char *id, uint64_t k, uint64_t of)
{
    const as_evidence *row = find(rows, n, id);
    assert_non_null(row);
    if (row->k != k || row->n != of)
        fail_msg("%s: %llu of %llu", id, (unsigned long long)row->k, (unsigned long long)row->n);
}

static void test_the_journal_proves(void **state)
{
    (void)state;
    char            dir[256];
    as_spec        *spec = spec_new();
    as_line_outcome o;
    as_evidence    *rows;
    size_t          n;
    as_err          err = AS_ERR_NONE;
    as_str_copy(dir, sizeof dir, support_temp_dir("tally"));
    uint32_t run = write_journal(dir);
    assert_true(as_tally_read(dir, run, spec, &o, &err));
    assert_int_equal(o.n, AS_COUNT(parts));
    assert_int_equal(o.first_sequence, 4);
    assert_int_equal(o.last_sequence, 3 + AS_COUNT(parts));
    assert_int_equal(o.n_latency, 11); /* a fault told at once is no fast verdict */
    assert_true(o.latency_s[0] == 0.002 && o.latency_s[10] == 0.012);
    assert_true(as_tally_evidence(&o, spec, 1000, &rows, &n, &err));
    assert_int_equal(n, 9);
    assert_null(find(rows, n, "R10")); /* needs scores of single pictures */
    expect_rate(rows, n, "R1", 3, 4);
    expect_rate(rows, n, "R2", 2, 5);
    expect_rate(rows, n, "R5", 1, 1);
    expect_rate(rows, n, "R6", 1, 3);
    expect_rate(rows, n, "R7", 5, 10);
    expect_rate(rows, n, "R8", 1, 4);
    expect_rate(rows, n, "R9", 2, 4);
    assert_true(find(rows, n, "R3")->value == 0.007);
    assert_true(find(rows, n, "R4")->value == 1000);
    free(rows);
    as_tally_done(&o);
    as_spec_free(spec);
    support_remove_dir(dir);
}

/* It was never seen, so it was not fast. */
static void test_a_part_that_never_came_took_no_time(void **state)
{
    (void)state;
    char             dir[256];
    as_spec         *spec = spec_new();
    as_line_summary *s = calloc(1, sizeof *s);
    as_line_outcome  o;
    as_err           err = AS_ERR_NONE;
    assert_non_null(s);
    as_str_copy(dir, sizeof dir, support_temp_dir("tally"));
    as_journal *journal = as_journal_open(dir, &err);
    assert_non_null(journal);
    uint32_t run = as_journal_line_run(journal);
    for (uint64_t i = 0; i < 4; i++) {
        as_record r = {.part = i + 1, .verdict = AS_VERDICT_REJECT, .reason = AS_REASON_FAULT};
        r.n_frames = i == 0 ? 0 : 1;                              /* lost; then seen: */
        r.reason = i == 3 ? AS_REASON_MODEL : AS_REASON_FAULT;    /* two faults and an answer */
        r.latency_ns = i == 0 ? 0 : (as_ns)i * 20 * AS_NS_PER_MS; /* the second fault came after the deadline */
        assert_true(as_journal_append(journal, &r, &err));
        as_tally_add(s, spec, &r);
    }
    as_journal_close(journal);
    assert_int_equal(s->n_triggers, 4);
    assert_int_equal(s->latency.n, 3);
    assert_true(as_tally_read(dir, run, spec, &o, &err));
    assert_int_equal(o.n, 4);
    assert_int_equal(o.n_latency, 2);
    assert_true(o.latency_s[0] == 0.04 && o.latency_s[1] == 0.06);
    as_tally_done(&o);
    free(s);
    as_spec_free(spec);
    support_remove_dir(dir);
}

static void test_the_audit_finds_a_missing_part(void **state)
{
    (void)state;
    char             dir[256];
    as_spec         *spec = spec_new();
    as_line_summary *s = calloc(1, sizeof *s);
    as_line_outcome  o;
    as_err           err = AS_ERR_NONE;
    assert_non_null(s);
    as_str_copy(dir, sizeof dir, support_temp_dir("tally"));
    uint32_t run = write_journal(dir);
    for (size_t i = 0; i < AS_COUNT(parts); i++) {
        as_record record = record_of(i);
        as_tally_add(s, spec, &record);
    }
    assert_true(as_tally_read(dir, run, spec, &o, &err));
    as_tally_audit(&o, s);
    assert_true(s->journal_whole);
    assert_int_equal(s->first_sequence, 4);
    /* The same number of parts, and one verdict that is another. */
    s->n_verdict[AS_VERDICT_PASS]--;
    s->n_verdict[AS_VERDICT_REJECT]++;
    as_tally_audit(&o, s);
    assert_false(s->journal_whole);
    s->n_verdict[AS_VERDICT_PASS]++;
    s->n_verdict[AS_VERDICT_REJECT]--;
    s->n_triggers++;
    as_tally_audit(&o, s);
    assert_false(s->journal_whole);
    assert_string_equal(s->journal_text, "the journal has 12 of the 13 parts that were triggered");
    s->n_triggers--;
    o.journal.whole = false;
    as_str_copy(o.journal.text, sizeof o.journal.text, "record 5 is damaged");
    as_tally_audit(&o, s);
    assert_false(s->journal_whole);
    assert_string_equal(s->journal_text, "record 5 is damaged");
    as_tally_done(&o);
    free(s);
    as_spec_free(spec);
    support_remove_dir(dir);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_parts_are_counted),
        cmocka_unit_test(test_the_journal_proves),
        cmocka_unit_test(test_a_part_that_never_came_took_no_time),
        cmocka_unit_test(test_the_audit_finds_a_missing_part),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
