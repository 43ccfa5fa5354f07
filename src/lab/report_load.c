/* SPDX-License-Identifier: Apache-2.0 */
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "graph/graph.h"
#include "intake/quarantine.h"
#include "lab/report_page.h"

#define REPORT_MOST_EPOCHS 100000u

static uint64_t load_constants(const as_graph *graph)
{
    uint64_t n = 0;
    for (size_t i = 0; i < as_graph_n_values(graph); i++) {
        const as_value *value = as_graph_value(graph, (int32_t)i);
        if (value->constant)
            n += as_tensor_count(value->constant);
    }
    return n;
}

static bool load_model(as_report *report, as_err *err)
{
    uint8_t *bytes = NULL;
    size_t   n = 0;
    if (!as_run_read_model(report->run, &bytes, &n, err))
        return false;
    as_graph *graph = as_graph_parse(bytes, n, "model.onnx", err);
    bool      ok = graph && as_model_info_read(graph, &report->info, err);
    if (ok) {
        report->model_bytes = n;
        report->n_parameters = load_constants(graph);
    }
    as_graph_free(graph);
    free(bytes);
    return ok;
}

static double load_number(const json_t *object, const char *key)
{
    const json_t *value = json_object_get(object, key);
    return json_is_number(value) ? json_number_value(value) : NAN;
}

static bool load_curve(as_report *report, as_err *err)
{
    const json_t *epochs = json_object_get(report->details, "curve");
    int64_t       best = (int64_t)json_integer_value(json_object_get(report->details, "best_epoch"));
    size_t        n = AS_MIN(json_array_size(epochs), REPORT_MOST_EPOCHS);
    if (n == 0)
        return true;
    report->curve.at = calloc(n, sizeof *report->curve.at);
    if (!report->curve.at)
        return AS_FAIL(err, AS_ENOMEM, "cannot hold the curve of %zu epochs", n);
    report->curve.n = n;
    report->curve.best = best > 0 && (size_t)best <= n ? (size_t)best - 1 : n - 1;
    for (size_t i = 0; i < n; i++) {
        const json_t *e = json_array_get(epochs, i);
        report->curve.at[i] = (as_epoch){.train_loss = load_number(e, "train_loss"),
                                         .train_accuracy = load_number(e, "train_accuracy"),
                                         .val_loss = load_number(e, "val_loss"),
                                         .val_accuracy = load_number(e, "val_accuracy"),
                                         .val_macro_f1 = load_number(e, "val_macro_f1"),
                                         .learning_rate = load_number(e, "learning_rate"),
                                         .seconds = load_number(e, "seconds")};
    }
    return true;
}

static bool load_details(as_report *report, as_err *err)
{
    as_err why = AS_ERR_NONE;
    if (!as_run_read_json(report->run, "details.json", &report->details, &why)) {
        report->details = NULL;
        return why.code == AS_ENOTFOUND || as_err_set(err, why.code, "%s", why.text);
    }
    return load_curve(report, err);
}

static bool load_evidence(as_report *report, as_err *err)
{
    if (!as_ledger_read(report->run, report->spec, &report->evidence, &report->n_evidence, NULL, err))
        return false;
    report->rows = calloc(report->n_evidence + 1, sizeof *report->rows);
    return report->rows || AS_FAIL(err, AS_ENOMEM, "cannot hold the evidence");
}

typedef struct load_journal {
    const as_report *report;
    as_report_line  *line;
    uint8_t          model[16];
} load_journal;

static void load_truth(const load_journal *j, const as_record *record)
{
    int truth = record->truth[0] ? as_spec_class(j->report->spec, record->truth) : -1;
    if (truth < 0)
        return;
    switch (j->report->spec->classes[truth].verdict) {
    case AS_VERDICT_REJECT:
        j->line->n_bad++;
        j->line->n_bad_passed += record->verdict == AS_VERDICT_PASS;
        break;
    case AS_VERDICT_PASS:
        j->line->n_good++;
        j->line->n_good_rejected += record->verdict == AS_VERDICT_REJECT;
        break;
    default: break;
    }
}

/* The last start of the line wins: what was gathered of an earlier one is dropped. */
static bool load_record(void *ctx, const as_record *record)
{
    load_journal   *j = ctx;
    as_report_line *line = j->line;
    if (memcmp(record->model, j->model, sizeof j->model) != 0)
        return true;
    if (record->line_run != line->line_run)
        *line = (as_report_line){.line_run = record->line_run, .first_utc = record->trigger_utc};
    line->n++;
    line->n_verdict[record->verdict]++;
    line->n_reason[record->reason]++;
    line->last_utc = record->trigger_utc;
    as_histogram_add(&line->latency, record->latency_ns);
    if (record->reason == AS_REASON_MODEL || record->reason == AS_REASON_UNSURE)
        for (size_t s = 0; s < AS_JOURNAL_STAGES; s++)
            as_histogram_add(&line->stage[s], record->stage_ns[s]);
    load_truth(j, record);
    return true;
}

static bool load_line(as_report *report, as_err *err)
{
    char             dir[AS_FS_PATH_BYTES];
    as_digest        digest;
    as_journal_check check = {0};
    load_journal     j = {.report = report, .line = &report->line};
    if (!as_digest_parse(report->run->model, &digest))
        return AS_FAIL(err, AS_ECORRUPT, "run '%s' has no hash of its model", report->run->id);
    if (!as_fs_join(dir, report->ws->dir, "journal", err))
        return false;
    memcpy(j.model, digest.b, sizeof j.model);
    if (!as_journal_read(dir, load_record, &j, &check, err))
        return false;
    report->line.whole = check.whole;
    as_str_copy(report->line.text, sizeof report->line.text, check.text);
    return true;
}

bool as_report_load(as_report *report, as_workspace *ws, const as_spec *spec, as_run *run, const as_progress *progress,
                    as_err *err)
{
    *report = (as_report){.ws = ws, .spec = spec, .run = run};
    if (!load_model(report, err) || !load_details(report, err))
        return false;
    /* The back end that judged the validation split: the other one may lack an operator. */
    const as_session_cfg cfg = {
        .backend = json_string_value(json_object_get(json_object_get(report->details, "validation"), "backend"))};
    report->dataset = as_dataset_open(ws, spec, run->commit, err);
    return report->dataset && as_eval_run(ws, spec, run, AS_SPLIT_TEST, &cfg, progress, &report->eval, err) &&
           load_evidence(report, err) && load_line(report, err) &&
           as_quarantine_list(ws, false, &report->quarantine, err) && as_report_load_mistakes(report, err) &&
           as_report_load_examples(report, err) && as_report_load_peers(report, progress, err);
}

void as_report_done(as_report *report)
{
    for (size_t i = 0; i < report->n_mistakes; i++)
        free(report->mistakes[i].picture.jpeg);
    for (size_t i = 0; i < AS_SPEC_MAX_CLASSES; i++)
        free(report->examples[i].jpeg);
    as_eval_done(&report->eval);
    free(report->evidence);
    free(report->rows);
    free(report->curve.at);
    json_decref(report->details);
    json_decref(report->quarantine);
    as_dataset_close(report->dataset);
    *report = (as_report){0};
}
