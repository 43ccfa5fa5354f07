/* SPDX-License-Identifier: Apache-2.0 */
#include "line/proof.h"

#include <math.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <cmocka.h>

#include "base/clock.h"
#include "base/fs.h"
#include "line/tally.h"
#include "store/known.h"
#include "store/test_fault.h"

static const char spec_text[] = "assay: 1\nline: test\ntask: classify\nstation: {deadline_ms: 30}\n"
                                "classes: {good: pass, bad: reject}\nrequirements:\n"
                                "  - {id: R1, text: a, measure: recall, of: reject, at_least: 0.5}\n"
                                "  - {id: R2, text: a, measure: overkill_rate, at_most: 0.5}\n"
                                "  - {id: R3, text: a, measure: latency, quantile: 0.5, at_most: 30 ms}\n"
                                "  - {id: R4, text: a, measure: memory, at_most: 300 MB}\n";

typedef struct fixture {
    char            dir[256], journal[300];
    as_run          run;
    as_spec        *spec;
    as_line_summary summary;
    as_proof        proof;
    as_evidence    *rows;
    size_t          n_rows;
} fixture;

static as_origin origin_of(uint8_t part)
{
    as_origin origin = {{part, 1, 2}};
    return origin;
}

/* The model knows parts 1 to 9. */
static void write_known(const fixture *f)
{
    as_origin known[9];
    as_err    err = AS_ERR_NONE;
    for (uint8_t i = 0; i < 9; i++)
        known[i] = origin_of((uint8_t)(i + 1));
    assert_true(as_known_write(&f->run, known, AS_COUNT(known), &err));
}

static int setup(void **state)
{
    fixture *f = calloc(1, sizeof *f);
    as_err   err = AS_ERR_NONE;
    assert_non_null(f);
    as_str_copy(f->dir, sizeof f->dir, support_temp_dir("proof"));
    snprintf(f->journal, sizeof f->journal, "%s/journal", f->dir);
    as_digest digest = as_sha256_of("model", 5);
    as_digest_hex(&digest, f->run.model);
    as_str_copy(f->run.id, sizeof f->run.id, "1-cnn");
    f->run.pass_below = f->run.reject_from = 0.5;
    as_str_copy(f->run.dir, sizeof f->run.dir, f->dir);
    f->spec = as_spec_parse(spec_text, strlen(spec_text), "assay.yaml", &err);
    assert_non_null(f->spec);
    write_known(f);
    *state = f;
    return 0;
}

static int teardown(void **state)
{
    fixture *f = *state;
    free(f->rows);
    as_spec_free(f->spec);
    support_remove_dir(f->dir);
    free(f);
    return 0;
}

/* Parts first..first+n-1, bad ones; every one caught in 1 ms, unless it is late. first 0: the camera cannot tell them. */
static void run_line(fixture *f, uint8_t first, uint8_t n, as_verdict verdict, as_reason reason)
{
    as_err           err = AS_ERR_NONE;
    as_digest        digest = as_sha256_of("model", 5);
    as_journal      *journal = as_journal_open(f->journal, &err);
    as_line_summary *s = &f->summary;
    *s = (as_line_summary){.deadline = f->spec->deadline_ns, .peak_bytes = 1000, .journal_whole = true};
    as_str_copy(s->camera, sizeof s->camera, "twin:cones");
    as_str_copy(s->backend, sizeof s->backend, "native");
    assert_non_null(journal);
    s->line_run = as_journal_line_run(journal);
    for (uint8_t i = 0; i < n; i++) {
        as_record r = {.part = (uint64_t)first + i,
                       .n_frames = 1,
                       .verdict = verdict,
                       .reason = reason,
                       .trigger_utc = as_clock_utc(),
                       .latency_ns = reason == AS_REASON_LATE ? 31 * AS_NS_PER_MS : AS_NS_PER_MS};
        if (first)
            r.origin = origin_of((uint8_t)(first + i));
        memcpy(r.model, digest.b, sizeof r.model);
        as_str_copy(r.truth, sizeof r.truth, "bad");
        as_str_copy(r.label, sizeof r.label, reason == AS_REASON_MODEL ? "bad" : "");
        assert_true(as_journal_append(journal, &r, &err));
        as_tally_add(s, f->spec, &r);
        s->first_sequence = s->first_sequence ? s->first_sequence : r.sequence;
        s->last_sequence = r.sequence;
    }
    as_journal_close(journal);
}

static void file(fixture *f)
{
    as_err       err = AS_ERR_NONE;
    as_proof_cfg cfg = {
        .run = &f->run, .spec = f->spec, .journal_dir = f->journal, .summary = &f->summary, .threads = 1};
    if (!as_proof_file(&cfg, &f->proof, &err))
        fail_msg("%s", err.text);
    free(f->rows);
    assert_true(as_ledger_read(&f->run, f->spec, &f->rows, &f->n_rows, NULL, &err));
}

static void expect_row(const fixture *f, const char *id, uint64_t k, uint64_t n)
{
    for (size_t i = 0; i < f->n_rows; i++) {
        const as_evidence *row = &f->rows[i];
        if (strcmp(row->id, id) != 0)
            continue;
        if (row->k != k || row->n != n)
            fail_msg("%s: %llu of %llu, not %llu of %llu", id, (unsigned long long)row->k, (unsigned long long)row->n,
                     (unsigned long long)k, (unsigned long long)n);
        return;
    }
    if (n)
        fail_msg("%s: no evidence", id);
}

static void known_parts_prove_nothing_but_time(void **state)
{
    fixture *f = *state;
    run_line(f, 6, 10, AS_VERDICT_REJECT, AS_REASON_MODEL);
    file(f);
    assert_true(f->proof.counts && f->proof.counts_truth);
    assert_int_equal(f->proof.n_known, 4);
    assert_int_equal(f->proof.n_again, 0);
    assert_int_equal(f->proof.last_part, 15);
    expect_row(f, "R1", 6, 6);
    expect_row(f, "R3", 10, 10);
}

static void the_same_part_counts_once_and_runs_add_up(void **state)
{
    fixture *f = *state;
    run_line(f, 20, 10, AS_VERDICT_REJECT, AS_REASON_MODEL);
    file(f);
    expect_row(f, "R1", 10, 10);
    run_line(f, 28, 4, AS_VERDICT_PASS, AS_REASON_MODEL); /* shorter, and worse: it hides nothing, and is not hidden */
    file(f);
    assert_int_equal(f->proof.n_again, 2);
    assert_int_equal(f->proof.n_runs, 2);
    expect_row(f, "R1", 10, 12);
    expect_row(f, "R3", 14, 14);
    assert_non_null(strstr(f->rows[0].source, "2 runs of the line"));
}

static void what_the_camera_cannot_tell_counts_and_says_so(void **state)
{
    fixture *f = *state;
    run_line(f, 0, 5, AS_VERDICT_REJECT, AS_REASON_MODEL);
    file(f);
    assert_int_equal(f->proof.n_untold, 5);
    expect_row(f, "R1", 5, 5);
    assert_non_null(strstr(f->rows[0].source, "nobody can tell"));
}

static void safe_verdicts_prove_nothing(void **state)
{
    fixture *f = *state;
    run_line(f, 20, 5, AS_VERDICT_REJECT, AS_REASON_LATE);
    file(f);
    assert_true(f->proof.counts && !f->proof.counts_truth);
    assert_non_null(strstr(f->proof.why, "safe"));
    expect_row(f, "R1", 0, 0);
    expect_row(f, "R3", 0, 5); /* none of five in time */
    run_line(f, 30, 5, AS_VERDICT_REJECT, AS_REASON_MODEL);
    file(f);
    expect_row(f, "R1", 5, 5);
    expect_row(f, "R3", 5, 10);
}

static void what_is_not_whole_is_not_filed(void **state)
{
    fixture *f = *state;
    for (int i = 0; i < 4; i++) {
        static const char *const why[] = {"deadline", "lost", "whole", "trouble"};
        run_line(f, 20, 5, AS_VERDICT_REJECT, AS_REASON_MODEL);
        if (i == 0)
            f->summary.deadline++;
        else if (i == 1)
            f->summary.n_lost_records = 1;
        else if (i == 2)
            f->summary.journal_whole = false;
        else
            f->summary.trouble.code = AS_EIO;
        file(f);
        assert_false(f->proof.counts);
        assert_non_null(strstr(f->proof.why, why[i]));
        assert_int_equal(f->n_rows, 0);
    }
    run_line(f, 40, 3, AS_VERDICT_REJECT, AS_REASON_MODEL); /* and none of them comes back later */
    file(f);
    expect_row(f, "R1", 3, 3);
}

static void another_point_or_station_begins_anew(void **state)
{
    fixture *f = *state;
    run_line(f, 20, 5, AS_VERDICT_REJECT, AS_REASON_MODEL);
    file(f);
    f->run.reject_from = 0.6;
    run_line(f, 30, 3, AS_VERDICT_REJECT, AS_REASON_MODEL);
    file(f);
    expect_row(f, "R1", 3, 3);
    f->run.reject_from = 0.5;
    f->spec->failsafe_late = AS_VERDICT_REVIEW;
    run_line(f, 40, 2, AS_VERDICT_REJECT, AS_REASON_MODEL);
    file(f);
    expect_row(f, "R1", 2, 2);
    f->spec->failsafe_late = AS_VERDICT_REJECT; /* as it was at first: all of that still counts */
    run_line(f, 50, 1, AS_VERDICT_REJECT, AS_REASON_MODEL);
    file(f);
    expect_row(f, "R1", 6, 6);
}

/* Times of one setting are no measure of another; verdicts are the same. */
static void times_are_of_the_setting_that_ran_last(void **state)
{
    fixture *f = *state;
    run_line(f, 20, 5, AS_VERDICT_REJECT, AS_REASON_MODEL);
    file(f);
    run_line(f, 30, 3, AS_VERDICT_REJECT, AS_REASON_MODEL);
    as_str_copy(f->summary.backend, sizeof f->summary.backend, "ort");
    file(f);
    expect_row(f, "R1", 8, 8);
    expect_row(f, "R3", 3, 3);
}

static void a_journal_begun_anew_holds_nothing_of_before(void **state)
{
    fixture *f = *state;
    as_err   err = AS_ERR_NONE;
    run_line(f, 20, 3, AS_VERDICT_PASS, AS_REASON_MODEL);
    file(f);
    assert_true(as_fs_remove_tree(f->journal, &err));
    run_line(f, 30, 5, AS_VERDICT_REJECT, AS_REASON_MODEL); /* not filed, and in the place of the first */
    run_line(f, 40, 2, AS_VERDICT_REJECT, AS_REASON_MODEL);
    file(f);
    expect_row(f, "R1", 2, 2);
}

static void without_a_list_of_what_is_known_only_times_count(void **state)
{
    fixture *f = *state;
    char     path[300];
    snprintf(path, sizeof path, "%s/known.bin", f->dir);
    assert_int_equal(unlink(path), 0);
    run_line(f, 20, 3, AS_VERDICT_REJECT, AS_REASON_MODEL);
    file(f);
    assert_true(f->proof.counts && !f->proof.counts_truth);
    assert_non_null(strstr(f->proof.why, "assay eval 1-cnn"));
    expect_row(f, "R1", 0, 0);
    expect_row(f, "R3", 3, 3);
}

#define PROOF_TEST(name) cmocka_unit_test_setup_teardown(name, setup, teardown)

int main(void)
{
    const struct CMUnitTest tests[] = {
        PROOF_TEST(known_parts_prove_nothing_but_time),
        PROOF_TEST(the_same_part_counts_once_and_runs_add_up),
        PROOF_TEST(what_the_camera_cannot_tell_counts_and_says_so),
        PROOF_TEST(safe_verdicts_prove_nothing),
        PROOF_TEST(what_is_not_whole_is_not_filed),
        PROOF_TEST(another_point_or_station_begins_anew),
        PROOF_TEST(times_are_of_the_setting_that_ran_last),
        PROOF_TEST(a_journal_begun_anew_holds_nothing_of_before),
        PROOF_TEST(without_a_list_of_what_is_known_only_times_count),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
