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
    if (record->n_frames == 0 && record->latency_ns == 0)
        return; /* it never came: nobody knows when it was to come, so it took no time that could be told */
    as_histogram_add(&summary->latency, record->latency_ns);
    for (size_t i = 0; i < AS_JOURNAL_STAGES; i++)
        as_histogram_add(&summary->stage[i], record->stage_ns[i]);
}

/* --- parts of the journal --- */

/* A part, as far as truth is concerned. */
typedef struct outcome_part {
    as_origin origin;
    uint64_t  at;         /* in the order of the journal */
    int16_t class, found; /* -1: not known, none */
    uint8_t verdict;
    bool    is_safe; /* the verdict is not the model's: late, or a fault */
    bool    is_last; /* of the last pick */
} outcome_part;

typedef AS_VEC(outcome_part) outcome_parts;

/* A safe verdict speaks against a line that should have had the model's, and never for the model: where it is the right
 * one by chance, the part counts nowhere. */
static void outcome_count(as_line_outcome *o, const as_spec *spec, const outcome_part *part)
{
    tally_marks m = tally_mark(spec, part->class, (as_verdict)part->verdict);
    bool        model = !part->is_safe;
    o->n_truth += m.known;
    o->n_label_right += m.known && part->class == part->found;
    o->n_bad += m.bad && (model || !m.bad_stopped);
    o->n_bad_stopped += m.bad_stopped && model;
    o->n_good += m.good && (model || m.good_rejected);
    o->n_good_rejected += m.good_rejected;
    o->n_rejected_known += m.rejected && (model || !m.rejected_bad);
    o->n_rejected_bad += m.rejected_bad && model;
    if (part->class < 0)
        return;
    o->n_class[part->class]++;
    o->n_hit[part->class] += part->class == part->found;
    if (part->found >= 0)
        o->n_found[part->found]++;
}

typedef struct outcome_reader {
    as_line_outcome    *outcome;
    const as_tally_cfg *cfg;
    outcome_parts       parts;
    size_t              pick; /* no earlier one has records any more */
    bool                no_memory;
} outcome_reader;

static outcome_part outcome_part_of(const as_spec *spec, const as_record *record)
{
    return (outcome_part){.origin = record->origin,
                          .class = (int16_t)tally_class(spec, record->truth),
                          .found = (int16_t)tally_class(spec, record->label),
                          .verdict = (uint8_t)record->verdict,
                          .is_safe = record->reason == AS_REASON_LATE || record->reason == AS_REASON_FAULT};
}

/* A part that never came was never waited for, a fault is told at once: neither is a fast verdict. */
static bool outcome_has_latency(const as_spec *spec, const as_record *record)
{
    return record->reason != AS_REASON_FAULT || record->latency_ns > spec->deadline_ns;
}

static bool outcome_add_latency(outcome_reader *reader, const as_record *record)
{
    as_line_outcome *o = reader->outcome;
    if (!outcome_has_latency(reader->cfg->spec, record))
        return true;
    if (!as_vec_grow_((void **)&o->latency_s, &o->cap, (size_t)o->n_latency + 1, sizeof *o->latency_s))
        return false;
    o->latency_s[o->n_latency++] = (double)record->latency_ns / (double)AS_NS_PER_S;
    return true;
}

/* Records come by rising sequence, and so do picks. */
static const as_tally_pick *outcome_pick(outcome_reader *reader, const as_record *record)
{
    const as_tally_cfg *cfg = reader->cfg;
    while (reader->pick < cfg->n_picks && record->sequence > cfg->picks[reader->pick].last_sequence)
        reader->pick++;
    const as_tally_pick *pick = reader->pick < cfg->n_picks ? &cfg->picks[reader->pick] : NULL;
    if (!pick || pick->line_run != record->line_run || record->sequence < pick->first_sequence ||
        record->trigger_utc > pick->until_utc)
        return NULL;
    return !cfg->model || memcmp(cfg->model, record->model, sizeof record->model) == 0 ? pick : NULL;
}

static bool outcome_visit(void *ctx, const as_record *record)
{
    outcome_reader      *reader = ctx;
    const as_tally_cfg  *cfg = reader->cfg;
    as_line_outcome     *o = reader->outcome;
    const as_tally_pick *pick = outcome_pick(reader, record);
    if (!pick)
        return true;
    bool is_last = pick == &cfg->picks[cfg->n_picks - 1];
    if (o->n++ == 0)
        o->first_sequence = record->sequence;
    o->last_sequence = record->sequence;
    o->last_part = AS_MAX(o->last_part, record->part);
    o->n_verdict[record->verdict]++;
    o->n_reason[record->reason]++;
    bool         ok = !pick->times || outcome_add_latency(reader, record);
    outcome_part part = outcome_part_of(cfg->spec, record);
    part.at = reader->parts.n;
    part.is_last = is_last;
    if (ok && pick->rates && part.class >= 0)
        ok = as_vec_push(&reader->parts, part);
    reader->no_memory = !ok;
    return ok;
}

static int outcome_order(const void *a, const void *b)
{
    double x = *(const double *)a, y = *(const double *)b;
    return (x > y) - (x < y);
}

static int outcome_by_origin(const void *a, const void *b)
{
    const outcome_part *x = a, *y = b;
    int                 order = memcmp(x->origin.b, y->origin.b, sizeof x->origin.b);
    return order ? order : (x->at > y->at) - (x->at < y->at);
}

/* What is the same picture counts once, as it was seen first; what the model was made with, not at all. */
static void outcome_count_new(as_line_outcome *o, const as_tally_cfg *cfg, outcome_parts *parts)
{
    if (parts->n)
        qsort(parts->at, parts->n, sizeof *parts->at, outcome_by_origin);
    for (size_t i = 0; i < parts->n; i++) {
        const outcome_part *part = &parts->at[i];
        bool                told = !as_origin_is_zero(&part->origin);
        if (told && as_known_has(cfg->known, &part->origin)) {
            o->n_known += part->is_last;
        } else if (told && i > 0 && memcmp(&part->origin, &parts->at[i - 1].origin, sizeof part->origin) == 0) {
            o->n_again += part->is_last;
        } else {
            o->n_untold += !told;
            outcome_count(o, cfg->spec, part);
        }
    }
}

bool as_tally_pool(const as_tally_cfg *cfg, as_line_outcome *ret, as_err *err)
{
    as_line_outcome outcome = {.n = 0};
    outcome_reader  reader = {.outcome = &outcome, .cfg = cfg};
    bool            ok = as_journal_read(cfg->journal_dir, outcome_visit, &reader, &outcome.journal, err);
    if (ok && reader.no_memory)
        ok = AS_FAIL(err, AS_ENOMEM, "cannot read the journal in '%s': not enough memory", cfg->journal_dir);
    if (ok && cfg->known)
        outcome_count_new(&outcome, cfg, &reader.parts);
    for (size_t i = 0; ok && !cfg->known && i < reader.parts.n; i++)
        outcome_count(&outcome, cfg->spec, &reader.parts.at[i]);
    as_vec_done(&reader.parts);
    if (!ok) {
        as_tally_done(&outcome);
        return false;
    }
    if (outcome.n_latency)
        qsort(outcome.latency_s, (size_t)outcome.n_latency, sizeof *outcome.latency_s, outcome_order);
    *ret = outcome;
    return true;
}

bool as_tally_read(const char *journal_dir, uint32_t line_run, const as_spec *spec, as_line_outcome *ret, as_err *err)
{
    const as_tally_pick all = {
        .line_run = line_run, .last_sequence = UINT64_MAX, .until_utc = INT64_MAX, .rates = true, .times = true};
    const as_tally_cfg cfg = {.journal_dir = journal_dir, .spec = spec, .picks = &all, .n_picks = 1};
    return as_tally_pool(&cfg, ret, err);
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
    case AS_MEASURE_LATENCY: *ret = as_evidence_quantile(req, o->latency_s, o->n_latency); return o->n_latency > 0;
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
