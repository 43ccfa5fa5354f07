/* SPDX-License-Identifier: Apache-2.0 */
#include "line/tally.h"

#include <inttypes.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "base/vec.h"
#include "line/belt.h"

/* Index of the class whose name, cut as records cut it, is `name`; -1 for "" and what the spec does not have. */
static int tally_class(const as_spec *spec, const char *name)
{
    char cut[AS_BELT_NAME_BYTES];
    if (!name[0])
        return -1;
    for (size_t i = 0; i < spec->n_classes; i++) {
        as_belt_name(cut, spec->classes[i].name);
        if (strcmp(cut, name) == 0)
            return (int)i;
    }
    return -1;
}

typedef struct tally_marks {
    bool known, right, bad, bad_stopped, good, good_rejected, rejected, rejected_bad;
} tally_marks;

/* A class whose verdict is `review` is neither good nor bad. */
static tally_marks tally_mark(const as_spec *spec, int class, as_verdict verdict)
{
    tally_marks m = {.known = class >= 0};
    if (class < 0)
        return m;
    as_verdict due = spec->classes[class].verdict;
    m.right = due == verdict;
    m.bad = due == AS_VERDICT_REJECT;
    m.good = due == AS_VERDICT_PASS;
    m.bad_stopped = m.bad && verdict != AS_VERDICT_PASS;
    m.rejected = verdict == AS_VERDICT_REJECT;
    m.good_rejected = m.good && m.rejected;
    m.rejected_bad = m.bad && m.rejected;
    return m;
}

void as_tally_add(as_line_summary *summary, const as_spec *spec, const as_record *record)
{
    tally_marks m = tally_mark(spec, tally_class(spec, record->truth), record->verdict);
    summary->n_triggers++;
    summary->n_verdict[record->verdict]++;
    summary->n_reason[record->reason]++;
    summary->n_truth += m.known;
    summary->n_right_verdict += m.right;
    summary->n_bad += m.bad;
    summary->n_bad_stopped += m.bad_stopped;
    summary->n_good += m.good;
    summary->n_good_rejected += m.good_rejected;
    summary->n_rejected_known += m.rejected;
    summary->n_rejected_bad += m.rejected_bad;
    as_histogram_add(&summary->latency, record->latency_ns);
    for (size_t i = 0; i < AS_JOURNAL_STAGES; i++)
        as_histogram_add(&summary->stage[i], record->stage_ns[i]);
}

typedef struct outcome_reader {
    as_line_outcome *outcome;
    const as_spec   *spec;
    uint32_t         line_run;
    bool             no_memory;
} outcome_reader;

static void outcome_count(as_line_outcome *o, const as_spec *spec, const as_record *record)
{
    int class = tally_class(spec, record->truth), found = tally_class(spec, record->label);
    tally_marks m = tally_mark(spec, class, record->verdict);
    o->n_truth += m.known;
    o->n_label_right += m.known && class == found;
    o->n_bad += m.bad;
    o->n_bad_stopped += m.bad_stopped;
    o->n_good += m.good;
    o->n_good_rejected += m.good_rejected;
    o->n_rejected_known += m.rejected;
    o->n_rejected_bad += m.rejected_bad;
    if (class >= 0) {
        o->n_class[class]++;
        o->n_hit[class] += class == found;
        if (found >= 0)
            o->n_found[found]++;
    }
}

static bool outcome_visit(void *ctx, const as_record *record)
{
    outcome_reader  *reader = ctx;
    as_line_outcome *o = reader->outcome;
    if (record->line_run != reader->line_run)
        return true;
    if (!as_vec_grow_((void **)&o->latency_s, &o->cap, (size_t)o->n + 1, sizeof *o->latency_s)) {
        reader->no_memory = true;
        return false;
    }
    if (o->n == 0)
        o->first_sequence = record->sequence;
    o->last_sequence = record->sequence;
    o->latency_s[o->n++] = (double)record->latency_ns / (double)AS_NS_PER_S;
    o->n_verdict[record->verdict]++;
    o->n_reason[record->reason]++;
    outcome_count(o, reader->spec, record);
    return true;
}

static int outcome_order(const void *a, const void *b)
{
    double x = *(const double *)a, y = *(const double *)b;
    return (x > y) - (x < y);
}

bool as_tally_read(const char *journal_dir, uint32_t line_run, const as_spec *spec, as_line_outcome *ret, as_err *err)
{
    as_line_outcome outcome = {.n = 0};
    outcome_reader  reader = {.outcome = &outcome, .spec = spec, .line_run = line_run};
    bool            ok = as_journal_read(journal_dir, outcome_visit, &reader, &outcome.journal, err);
    if (ok && reader.no_memory)
        ok = AS_FAIL(err, AS_ENOMEM, "cannot read the journal in '%s': not enough memory", journal_dir);
    if (!ok) {
        as_tally_done(&outcome);
        return false;
    }
    if (outcome.n)
        qsort(outcome.latency_s, (size_t)outcome.n, sizeof *outcome.latency_s, outcome_order);
    *ret = outcome;
    return true;
}

void as_tally_done(as_line_outcome *outcome)
{
    free(outcome->latency_s);
    outcome->latency_s = NULL;
}

void as_tally_audit(const as_line_outcome *outcome, as_line_summary *summary)
{
    bool same = outcome->n == summary->n_triggers;
    for (size_t i = 0; i < AS_VERDICT_COUNT; i++)
        same = same && outcome->n_verdict[i] == summary->n_verdict[i];
    for (size_t i = 0; i < AS_REASON_COUNT; i++)
        same = same && outcome->n_reason[i] == summary->n_reason[i];
    summary->first_sequence = outcome->first_sequence;
    summary->last_sequence = outcome->last_sequence;
    summary->journal_whole = same && outcome->journal.whole;
    summary->journal_text[0] = '\0';
    if (!same)
        snprintf(summary->journal_text, sizeof summary->journal_text,
                 "the journal has %" PRIu64 " of the %" PRIu64 " parts that were triggered", outcome->n,
                 summary->n_triggers);
    else if (!outcome->journal.whole)
        as_str_copy(summary->journal_text, sizeof summary->journal_text, outcome->journal.text);
}

/* --- evidence --- */

static int outcome_of(const as_spec *spec, const as_requirement *req)
{
    return req->of && strcmp(req->of, "reject") != 0 ? as_spec_class(spec, req->of) : -1;
}

/* False where this outcome has nothing to say: truth is not known, or the measure needs scores. */
static bool outcome_one(const as_line_outcome *o, const as_spec *spec, const as_requirement *req, uint64_t peak_bytes,
                        as_evidence *ret)
{
    int class = outcome_of(spec, req);
    uint64_t k, n;
    switch (req->measure) {
    case AS_MEASURE_LATENCY: *ret = as_evidence_quantile(req, o->latency_s, o->n); return o->n > 0;
    case AS_MEASURE_MEMORY: *ret = as_evidence_peak(req, (double)peak_bytes, 1); return peak_bytes > 0;
    case AS_MEASURE_RECALL:
        k = class >= 0 ? o->n_hit[class] : o->n_bad_stopped;
        n = class >= 0 ? o->n_class[class] : o->n_bad;
        break;
    case AS_MEASURE_PRECISION:
        k = class >= 0 ? o->n_hit[class] : o->n_rejected_bad;
        n = class >= 0 ? o->n_found[class] : o->n_rejected_known;
        break;
    case AS_MEASURE_ACCURACY:
        k = o->n_label_right;
        n = o->n_truth;
        break;
    case AS_MEASURE_ESCAPE_RATE:
        k = o->n_bad - o->n_bad_stopped;
        n = o->n_bad;
        break;
    case AS_MEASURE_OVERKILL_RATE:
        k = o->n_good_rejected;
        n = o->n_good;
        break;
    default: return false;
    }
    /* Records are of parts: they say nothing of single frames where a part has several. */
    if (n == 0 || (req->per == AS_PER_FRAME && spec->frames_per_part > 1))
        return false;
    *ret = as_evidence_rate(req, k, n);
    return true;
}

bool as_tally_evidence(const as_line_outcome *outcome, const as_spec *spec, uint64_t peak_bytes, as_evidence **ret,
                       size_t *ret_n, as_err *err)
{
    size_t       n = 0;
    as_evidence *rows = calloc(spec->n_requirements + 1, sizeof *rows);
    if (!rows)
        return AS_FAIL(err, AS_ENOMEM, "out of memory");
    for (size_t i = 0; i < spec->n_requirements; i++)
        n += outcome_one(outcome, spec, &spec->requirements[i], peak_bytes, &rows[n]);
    *ret = rows;
    *ret_n = n;
    return true;
}
