/* SPDX-License-Identifier: Apache-2.0 */
#include "cli/run_text.h"

#include <inttypes.h>
#include <stdlib.h>

#include "cli/stream_say.h"
#include "cli/term.h"
#include "spec/unit.h"

#define UNPACED     " (unpaced: what this machine does, the camera's pictures included)"
#define TEXT_DIGITS 7 /* what a float holds, and 10 ns of 12 ms */

static const char *const stage_names[AS_JOURNAL_STAGES] = {"wait", "prepare", "infer", "decide"};

static double text_ms(as_ns ns)
{
    return (double)ns / (double)AS_NS_PER_MS;
}

json_t *as_run_text_record(const as_record *record)
{
    json_t *json = json_object(), *stages = json_object();
    for (size_t i = 0; i < AS_JOURNAL_STAGES; i++)
        as_json_set(stages, stage_names[i], json_real(text_ms(record->stage_ns[i])));
    bool ok = as_json_set(json, "sequence", json_integer((json_int_t)record->sequence)) &&
              as_json_set(json, "part", json_integer((json_int_t)record->part)) &&
              as_json_set(json, "verdict", json_string(as_verdict_name(record->verdict))) &&
              as_json_set(json, "reason", json_string(as_reason_name(record->reason))) &&
              as_json_set(json, "label", record->label[0] ? json_string(record->label) : json_null()) &&
              as_json_set(json, "score", as_json_number((double)record->score)) &&
              (!record->truth[0] || as_json_set(json, "truth", json_string(record->truth))) &&
              as_json_set(json, "latency_ms", json_real(text_ms(record->latency_ns))) &&
              as_json_set(json, "stages_ms", stages) &&
              (record->n_skipped == 0 || as_json_set(json, "skipped", json_integer((json_int_t)record->n_skipped)));
    if (ok)
        return json;
    json_decref(json);
    return NULL;
}

static json_t *text_quantiles(const as_histogram *h)
{
    return json_pack("{s:f, s:f, s:f, s:f, s:f}", "p50", text_ms(as_histogram_quantile(h, 0.5)), "p95",
                     text_ms(as_histogram_quantile(h, 0.95)), "p99", text_ms(as_histogram_quantile(h, 0.99)), "p999",
                     text_ms(as_histogram_quantile(h, 0.999)), "max", text_ms(h->n ? h->max : 0));
}

static json_t *text_verdicts(const as_line_summary *s)
{
    json_t *json = json_object();
    for (int v = AS_VERDICT_PASS; v < AS_VERDICT_COUNT; v++)
        as_json_set(json, as_verdict_name((as_verdict)v), json_integer((json_int_t)s->n_verdict[v]));
    return json;
}

static json_t *text_reasons(const as_line_summary *s)
{
    json_t *json = json_object();
    for (int r = AS_REASON_MODEL; r < AS_REASON_COUNT; r++)
        as_json_set(json, as_reason_name((as_reason)r), json_integer((json_int_t)s->n_reason[r]));
    return json;
}

static json_t *text_truth(const as_line_summary *s)
{
    return json_pack("{s:I, s:I, s:I, s:I, s:I, s:I, s:I, s:I}", "known", (json_int_t)s->n_truth, "right_verdict",
                     (json_int_t)s->n_right_verdict, "bad", (json_int_t)s->n_bad, "escapes",
                     (json_int_t)(s->n_bad - s->n_bad_stopped), "good", (json_int_t)s->n_good, "overkill",
                     (json_int_t)s->n_good_rejected, "rejected", (json_int_t)s->n_rejected_known, "rejected_bad",
                     (json_int_t)s->n_rejected_bad);
}

static json_t *text_journal(const as_line_summary *s)
{
    json_t *json =
        json_pack("{s:b, s:I, s:I, s:I, s:I, s:I, s:I}", "whole", s->journal_whole, "line_run", (json_int_t)s->line_run,
                  "first_sequence", (json_int_t)s->first_sequence, "last_sequence", (json_int_t)s->last_sequence,
                  "lost_records", (json_int_t)s->n_lost_records, "failed_syncs", (json_int_t)s->n_failed_syncs,
                  "unsafe_records", (json_int_t)s->n_unsafe_records);
    if (s->journal_text[0])
        as_json_set(json, "problem", json_string(s->journal_text));
    return json;
}

json_t *as_run_text_summary(const as_line_summary *s, const char *run)
{
    json_t *json = json_object(), *stages = json_object();
    for (size_t i = 0; i < AS_JOURNAL_STAGES; i++)
        as_json_set(stages, stage_names[i], text_quantiles(&s->stage[i]));
    bool ok = as_json_set(json, "run", json_string(run)) && as_json_set(json, "camera", json_string(s->camera)) &&
              as_json_set(json, "backend", json_string(s->backend)) && as_json_set(json, "cpu", json_string(s->cpu)) &&
              as_json_set(json, "triggers", json_integer((json_int_t)s->n_triggers)) &&
              as_json_set(json, "verdicts", text_verdicts(s)) && as_json_set(json, "reasons", text_reasons(s)) &&
              as_json_set(json, "latency_ms", text_quantiles(&s->latency)) && as_json_set(json, "stages_ms", stages) &&
              as_json_set(json, "realtime", json_boolean(s->is_urgent)) &&
              as_json_set(json, "seconds", json_real(s->seconds)) &&
              as_json_set(json, "unpaced", json_boolean(s->is_unpaced)) &&
              as_json_set(json, "memory_bytes", json_integer((json_int_t)s->peak_bytes)) &&
              as_json_set(json, "lost_frames", json_integer((json_int_t)s->n_lost_frames)) &&
              as_json_set(json, "bad_frames", json_integer((json_int_t)s->n_bad_frames)) &&
              as_json_set(json, "misfit_frames", json_integer((json_int_t)s->n_misfits)) &&
              as_json_set(json, "camera_outages", json_integer((json_int_t)s->n_outages)) &&
              as_json_set(json, "camera_away_s", json_real((double)s->away / (double)AS_NS_PER_S)) &&
              as_json_set(json, "camera_stream", as_stream_json(&s->stream)) &&
              as_json_set(json, "count_jumps", json_integer((json_int_t)s->n_jumps)) &&
              as_json_set(json, "numbers_skipped", json_integer((json_int_t)s->n_skipped)) &&
              (s->n_truth == 0 || as_json_set(json, "truth", text_truth(s))) &&
              as_json_set(json, "journal", text_journal(s)) &&
              (s->trouble.code == AS_OK || as_json_set(json, "trouble", json_string(s->trouble.text)));
    if (ok)
        return json_pack("{s:o}", "summary", json);
    json_decref(json);
    return NULL;
}

bool as_run_text_line(as_cli *cli, json_t *json)
{
    char *text = json ? json_dumps(json, JSON_COMPACT | JSON_SORT_KEYS | JSON_REAL_PRECISION(TEXT_DIGITS)) : NULL;
    json_decref(json);
    bool ok = text && fprintf(cli->out, "%s\n", text) >= 0 && fflush(cli->out) == 0;
    free(text);
    return ok;
}

/* --- for people --- */

static void text_counts(as_cli *cli, const as_line_summary *s)
{
    char trouble[400];
    fprintf(cli->out,
            "%s%" PRIu64 " triggers == %" PRIu64 " pass + %" PRIu64 " reject + %" PRIu64 " review + %" PRIu64
            " fault%s",
            as_term_style(cli, AS_STYLE_BOLD), s->n_triggers, s->n_verdict[AS_VERDICT_PASS],
            s->n_verdict[AS_VERDICT_REJECT], s->n_verdict[AS_VERDICT_REVIEW], s->n_verdict[AS_VERDICT_FAULT],
            as_term_plain(cli));
    if (s->journal_whole)
        fprintf(cli->out, "  %saudited: records %" PRIu64 " to %" PRIu64 " of the journal, its chain is whole%s\n",
                as_term_style(cli, AS_STYLE_GOOD), s->first_sequence, s->last_sequence, as_term_plain(cli));
    else
        fprintf(cli->out, "  %sthe audit failed: %s%s\n", as_term_style(cli, AS_STYLE_BAD), s->journal_text,
                as_term_plain(cli));
    fprintf(cli->out, "decided by the model %" PRIu64 ", unsure %" PRIu64 ", late %" PRIu64 ", fault %" PRIu64,
            s->n_reason[AS_REASON_MODEL], s->n_reason[AS_REASON_UNSURE], s->n_reason[AS_REASON_LATE],
            s->n_reason[AS_REASON_FAULT]);
    if (s->n_lost_frames || s->n_bad_frames)
        fprintf(cli->out, " (frames: %" PRIu64 " lost, %" PRIu64 " bad)", s->n_lost_frames, s->n_bad_frames);
    fprintf(cli->out, "\n");
    if (s->n_misfits)
        fprintf(cli->out, "%sframes of another size than station.frame_px says: %" PRIu64 ", not judged%s\n",
                as_term_style(cli, AS_STYLE_BAD), s->n_misfits, as_term_plain(cli));
    if (s->n_outages)
        fprintf(
            cli->out, "%sthe camera was away %" PRIu64 " times, for %.1f s in all: what passed then had no frame%s\n",
            as_term_style(cli, AS_STYLE_BAD), s->n_outages, (double)s->away / (double)AS_NS_PER_S, as_term_plain(cli));
    if (as_stream_trouble(&s->stream, trouble, sizeof trouble))
        fprintf(cli->out, "%s%s%s\n", as_term_style(cli, AS_STYLE_BAD), trouble, as_term_plain(cli));
    if (s->n_jumps)
        fprintf(cli->out,
                "%sthe camera's count jumped %" PRIu64 " times and left out %" PRIu64
                " numbers: whether they were parts is not known%s\n",
                as_term_style(cli, AS_STYLE_BAD), s->n_jumps, s->n_skipped, as_term_plain(cli));
}

static void text_disk(as_cli *cli, const as_line_summary *s)
{
    if (s->n_failed_syncs)
        fprintf(cli->out,
                "%sthe disk failed %" PRIu64 " times to keep records (%" PRIu64 " are not safe from a power cut; "
                "the others were written again)%s\n",
                as_term_style(cli, AS_STYLE_BAD), s->n_failed_syncs, s->n_unsafe_records, as_term_plain(cli));
}

static void text_row(as_table *table, const char *name, const as_histogram *h, as_style style)
{
    static const double quantiles[] = {0.5, 0.95, 0.99, 0.999};
    char                text[AS_UNIT_TEXT_BYTES];
    as_table_cell(table, style, "%s", name);
    for (size_t i = 0; i < AS_COUNT(quantiles); i++) {
        double s = (double)as_histogram_quantile(h, quantiles[i]) / (double)AS_NS_PER_S;
        as_table_cell(table, style, "%s", as_unit_text(s, AS_UNIT_TIME, text));
    }
    double max = h->n ? (double)h->max / (double)AS_NS_PER_S : 0;
    as_table_cell(table, style, "%s", as_unit_text(max, AS_UNIT_TIME, text));
}

static void text_truth_line(as_cli *cli, const as_line_summary *s)
{
    if (s->n_truth == 0)
        return;
    uint64_t escapes = s->n_bad - s->n_bad_stopped;
    fprintf(cli->out,
            "truth known of %" PRIu64 ": %s%" PRIu64 " of %" PRIu64 " bad parts escaped%s, %s%" PRIu64 " of %" PRIu64
            " good ones rejected%s\n",
            s->n_truth, as_term_style(cli, escapes ? AS_STYLE_WARN : AS_STYLE_GOOD), escapes, s->n_bad,
            as_term_plain(cli), as_term_style(cli, s->n_good_rejected ? AS_STYLE_WARN : AS_STYLE_GOOD),
            s->n_good_rejected, s->n_good, as_term_plain(cli));
}

bool as_run_text_print(as_cli *cli, const as_line_summary *s, as_err *err)
{
    static const char *const columns[] = {"time", ">p50", ">p95", ">p99", ">p99.9", ">max", NULL};
    char                     memory[AS_UNIT_TEXT_BYTES], deadline[AS_UNIT_TEXT_BYTES];
    as_term_progress_end(cli);
    text_counts(cli, s);
    text_disk(cli, s);
    text_truth_line(cli, s);
    fprintf(cli->out, "\n");
    as_table *table = as_table_new(columns);
    for (size_t i = 0; i < AS_JOURNAL_STAGES; i++)
        text_row(table, stage_names[i], &s->stage[i], AS_STYLE_NONE);
    text_row(table, "trigger to verdict", &s->latency, AS_STYLE_BOLD);
    if (!as_table_print(table, cli, err))
        return false;
    fprintf(cli->out, "\ndeadline %s; %.1f parts a second%s; memory %s at its peak; %s on %s%s\n",
            as_unit_text((double)s->deadline / (double)AS_NS_PER_S, AS_UNIT_TIME, deadline),
            s->seconds > 0 ? (double)s->n_triggers / s->seconds : 0, s->is_unpaced ? UNPACED : "",
            as_unit_text((double)s->peak_bytes, AS_UNIT_BYTES, memory), s->backend, s->cpu,
            s->is_urgent ? ", real-time threads" : "");
    return true;
}
