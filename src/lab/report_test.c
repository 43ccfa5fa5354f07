/* SPDX-License-Identifier: Apache-2.0 */
#include "lab/report.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <cmocka.h>

#include "intake/quarantine.h"
#include "journal/journal.h"
#include "lab/report_page.h"
#include "lab/test_eval.h"
#include "lab/test_pictures.h"
#include "page/test_xml.h"

#define EVIL "<script>alert('1')</script>\"&"

/* Everything in it that people write tries to be markup. */
static const char evil_spec[] =
    "assay: 1\nline: discs\ngoal: '<script>alert(1)</script>'\nproduct: {name: '</main><h1>\"'}\ntask: classify\n"
    "classes: {good: pass, red: reject, small: reject}\n"
    "station: {deadline_ms: 20}\n"
    "requirements:\n"
    "  - {id: R1, text: '<img src=x onerror=alert(1)>', measure: recall, of: reject, at_least: 0.3}\n"
    "  - {id: R2, text: fast, measure: latency, at_most: 20 ms}\n"
    "  - {id: R3, text: all of it, measure: accuracy, at_least: 0.9999}\n"
    "cost: {escape: 1, overkill: 3, currency: EUR}\n";

static test_set set;

/* One more picture, with a name that a folder could really have. */
static void add_evil_sample(void)
{
    as_err       err = AS_ERR_NONE;
    as_commit    commit;
    as_image     image;
    as_str       png;
    as_manifest *manifest;
    as_str_init(&png);
    assert_true(as_commit_find(set.ws, "main", &commit, &err));
    assert_non_null(manifest = as_commit_manifest(set.ws, &commit, &err));
    as_sample sample = *as_manifest_at(manifest, 0);
    test_picture(&image, 64, 48, 1, 99);
    assert_true(as_codec_encode_png(&image, 1, &png, &err));
    assert_true(as_store_put(set.ws->store, png.s, png.len, &sample.image, NULL, &err));
    sample.name = "test/" EVIL ".png";
    sample.part = sample.name;
    sample.label = "small"; /* it is red: a mistake that is shown */
    sample.split = AS_SPLIT_TEST;
    sample.severity = 0.5;
    assert_true(as_manifest_add(manifest, &sample, &err));
    as_manifest_sort(manifest);
    as_str_copy(commit.message, sizeof commit.message, EVIL);
    as_str_copy(commit.author, sizeof commit.author, EVIL);
    assert_true(as_commit_write(set.ws, manifest, &commit, &err));
    as_manifest_free(manifest);
    as_image_done(&image);
    as_str_done(&png);
}

static int setup(void **state)
{
    as_err err = AS_ERR_NONE;
    (void)state;
    test_set_make(&set, "report", &(test_set_cfg){64, 48, {4, 6, 12}, -1, 1});
    as_spec_free(set.spec);
    set.spec = as_spec_parse(evil_spec, sizeof evil_spec - 1, "assay.yaml", &err);
    if (!set.spec)
        fail_msg("%s", err.text);
    add_evil_sample();
    return 0;
}

static int teardown(void **state)
{
    (void)state;
    test_set_done(&set);
    return 0;
}

static void make_run(const char *trainer, float bias, as_run *run)
{
    as_err    err = AS_ERR_NONE;
    as_commit commit;
    as_str    model;
    json_t   *details =
        json_pack("{s:{s:s, s:i, s:f, s:[s, s]}, s:[{s:i, s:f, s:f, s:f, s:f}, {s:i, s:f, s:n, s:f, s:f}], s:i}",
                  "params", "backbone", EVIL, "epochs", 2, "rate", 0.5, "rules", "red > 0.1 -> red", EVIL, "curve",
                  "epoch", 1, "train_loss", 1.5, "val_loss", 1.25, "train_accuracy", 0.25, "val_accuracy", 0.5, "epoch",
                  2, "train_loss", 0.75, "val_loss", "train_accuracy", 0.5, "val_accuracy", 0.75, "best_epoch", 2);
    assert_non_null(details);
    *run = (as_run){0};
    as_str_init(&model);
    test_eval_model(&model, bias);
    assert_true(as_commit_find(set.ws, "main", &commit, &err) && as_run_begin(set.ws, run, &err));
    as_str_copy(run->trainer, sizeof run->trainer, trainer);
    as_digest_hex(&commit.id, run->commit);
    run->threads = 1;
    run->seconds = 65;
    if (!as_run_finish(set.ws, run, (const uint8_t *)model.s, model.len, details, &err))
        fail_msg("%s", err.text);
    json_decref(details);
    as_str_done(&model);
}

/* A line run of 50 parts with that model, and one before it that does not count. */
static void make_journal(const as_run *run)
{
    char      dir[AS_FS_PATH_BYTES];
    as_err    err = AS_ERR_NONE;
    as_digest digest;
    assert_true(as_workspace_path(set.ws, "journal", dir, &err) && as_digest_parse(run->model, &digest));
    for (int start = 0; start < 2; start++) {
        as_journal *journal = as_journal_open(dir, &err);
        assert_non_null(journal);
        for (int i = 0; i < (start ? 50 : 7); i++) {
            as_record record = {.trigger_utc = 1000 + i,
                                .part = (uint64_t)i,
                                .verdict = i % 2 ? AS_VERDICT_PASS : AS_VERDICT_REJECT,
                                .reason = i == 9 ? AS_REASON_LATE : AS_REASON_MODEL,
                                .latency_ns = (i == 9 ? 20 : 1 + i % 4) * AS_NS_PER_MS,
                                .stage_ns = {1000, 2000, 3000, 400},
                                .line_run = as_journal_line_run(journal)};
            as_str_copy(record.truth, sizeof record.truth, i % 2 ? "good" : "red");
            memcpy(record.model, digest.b, sizeof record.model);
            assert_true(as_journal_append(journal, &record, &err));
        }
        as_journal_close(journal);
    }
}

static void assert_has(const as_str *page, const char *text)
{
    if (!strstr(page->s, text))
        fail_msg("the page lacks '%s'", text);
}

static void assert_lacks(const as_str *page, const char *text)
{
    const char *at = strstr(page->s, text);
    if (at)
        fail_msg("the page has '%.80s'", at);
}

static void make_page(as_run *run, as_str *page)
{
    as_err err = AS_ERR_NONE;
    as_str_init(page);
    if (!as_report_html(set.ws, set.spec, run, NULL, page, &err))
        fail_msg("%s", err.text);
    assert_true(test_xml_is_whole(page->s));
    /* Nothing of what people wrote became markup, nothing is fetched, no number is missing its digits. */
    assert_lacks(page, "<script");
    assert_lacks(page, "<img src=x");
    assert_lacks(page, "<h1>\"");
    assert_lacks(page, "://");
    assert_lacks(page, "(null)");
    assert_lacks(page, "nan");
    assert_has(page, "&lt;script&gt;alert(1)&lt;/script&gt;");
    assert_has(page, "test/&lt;script&gt;alert(&#39;1&#39;)&lt;/script&gt;&quot;&amp;.png");
    assert_has(page, "data:image/jpeg;base64,/9j/");
}

static void test_page(void **state)
{
    as_run run;
    as_str page;
    as_err err = AS_ERR_NONE;
    (void)state;
    make_run("cnn", 0, &run);
    make_page(&run, &page);
    assert_has(&page, "Not every requirement is met");
    assert_has(&page, "has not run on a line yet");
    assert_has(&page, "1 of 3 has no evidence yet: R2.");
    assert_has(&page, "No picture was refused");
    as_str_done(&page);

    make_journal(&run);
    const as_refusal refusal = {
        .sample = &(as_sample){.name = EVIL}, .check = "whole", .why = "cut off at \"3\" <bytes>"};
    assert_true(as_quarantine_put(set.ws, &refusal, NULL, 0, &err));
    make_page(&run, &page);
    assert_has(&page, "50 parts");
    assert_has(&page, "deadline 20.0 ms");
    assert_has(&page, "chain whole");
    assert_has(&page, "1 picture in quarantine");
    as_str_done(&page);
}

static void test_load(void **state)
{
    as_report *report = calloc(1, sizeof *report);
    as_run     run, peer;
    as_err     err = AS_ERR_NONE;
    (void)state;
    assert_non_null(report);
    assert_true(as_run_find(set.ws, "1", &run, &err));
    make_run("rule", 20, &peer); /* calls everything good */
    if (!as_report_load(report, set.ws, set.spec, &run, NULL, &err))
        fail_msg("%s", err.text);
    assert_int_equal(report->line.n, 50);
    assert_int_equal(report->line.n_verdict[AS_VERDICT_PASS], 25);
    assert_int_equal(report->line.n_reason[AS_REASON_LATE], 1);
    assert_int_equal(report->line.n_bad, 25);
    assert_int_equal(report->line.n_bad_passed, 0);
    assert_int_equal(report->line.latency.max, 20 * AS_NS_PER_MS);
    assert_int_equal(report->line.stage[0].n, 49);
    assert_int_equal(report->curve.n, 2);
    assert_int_equal(report->curve.best, 1);
    /* Escapes come before everything else, the ones the model was surest of first. */
    assert_true(report->n_of_kind[AS_MISTAKE_ESCAPE] > 0 && report->n_mistakes > 0);
    for (size_t i = 1; i < report->n_mistakes; i++)
        assert_true(report->mistakes[i - 1].kind <= report->mistakes[i].kind);
    assert_int_equal(report->mistakes[0].kind, AS_MISTAKE_ESCAPE);
    assert_true(report->mistakes[0].picture.width == 64 && report->mistakes[0].picture.height == 48);
    assert_int_equal(report->n_peers, 2);
    assert_true(report->peers[0].judged && report->peers[1].judged);
    assert_true(report->peers[1].macro_f1.value < report->peers[0].macro_f1.value);
    double cost = report->peers[1].cost_per_1000;
    as_report_done(report);

    /* The second time the peer's figures come from what was written down. */
    assert_true(as_report_load(report, set.ws, set.spec, &run, NULL, &err));
    assert_true(report->peers[1].judged && report->peers[1].cost_per_1000 == cost);
    as_report_done(report);
    free(report);
}

static void test_refuses(void **state)
{
    char   path[AS_FS_PATH_BYTES];
    as_run run;
    as_str page;
    as_err err = AS_ERR_NONE;
    (void)state;
    as_str_init(&page);
    make_run("cnn", 1, &run);
    assert_true(as_fs_join(path, run.dir, "model.onnx", &err) && as_fs_write(path, "no model", 8, &err));
    assert_false(as_report_html(set.ws, set.spec, &run, NULL, &page, &err));
    assert_int_equal(err.code, AS_ECORRUPT);
    assert_string_equal(page.s, "");
    /* Beside another run it is a row that says why. */
    assert_true(as_run_find(set.ws, "1", &run, &err));
    make_page(&run, &page);
    assert_has(&page, "not judged: ");
    as_str_done(&page);
}

int main(void)
{
    const struct CMUnitTest tests[] = {cmocka_unit_test(test_page), cmocka_unit_test(test_load),
                                       cmocka_unit_test(test_refuses)};
    return cmocka_run_group_tests(tests, setup, teardown);
}
