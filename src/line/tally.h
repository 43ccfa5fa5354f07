/* SPDX-License-Identifier: Apache-2.0 */
/* tally.h - what a run of the line came to, part by part; and the same read back from the journal, with what it proves.
 *
 * Layer:   line.
 * Threads: one thread at a time.
 * Memory:  as_tally_done frees; as_tally_evidence returns the heap.
 */
#ifndef AS_LINE_TALLY_H
#define AS_LINE_TALLY_H

#include "line/line.h"
#include "spec/evidence.h"
#include "store/known.h"

/* Counts one part. Which class is bad: what the spec rejects. */
void as_tally_add(as_line_summary *summary, const as_spec *spec, const as_record *record);

/* Parts of the line, as the journal has them. */
typedef struct as_line_outcome {
    uint64_t         n, first_sequence, last_sequence;
    uint64_t         n_verdict[AS_VERDICT_COUNT];
    uint64_t         n_reason[AS_REASON_COUNT];
    double          *latency_s; /* ascending */
    uint64_t         n_latency;
    size_t           cap;
    uint64_t         n_truth, n_label_right;
    uint64_t         n_bad, n_bad_stopped, n_good, n_good_rejected, n_rejected_known, n_rejected_bad;
    uint64_t         n_class[AS_SPEC_MAX_CLASSES], n_found[AS_SPEC_MAX_CLASSES], n_hit[AS_SPEC_MAX_CLASSES];
    uint64_t         n_known, n_again; /* of the last pick, with known truth: left out, and why */
    uint64_t         n_untold;         /* counted, and nobody can tell whether they are new */
    uint64_t         last_part;        /* the greatest number of a part */
    as_journal_check journal;
} as_line_outcome;

/* One run of the line: for the rates of right and wrong verdicts, for times, or for both. What was triggered after until_utc
 * is of another one, whose journal counts anew. */
typedef struct as_tally_pick {
    uint32_t line_run;
    uint64_t first_sequence, last_sequence;
    as_ns    until_utc;
    bool     rates, times;
} as_tally_pick;

typedef struct as_tally_cfg {
    const char          *journal_dir;
    const as_spec       *spec;
    const as_tally_pick *picks; /* by rising sequence */
    size_t               n_picks;
    const uint8_t       *model; /* 16 bytes, as in records; NULL: any */
    const as_known      *known; /* NULL: every part counts; else those that are not in it, each once */
} as_tally_cfg;

/* Pools runs of the line. A part without an answer (late or a fault) counts where this speaks against the line, never where
 * it would speak for the model; a fault's latency only when it came after the deadline. */
AS_CHECK bool as_tally_pool(const as_tally_cfg *cfg, as_line_outcome *ret, as_err *err);

/* Every part of one run. */
AS_CHECK bool as_tally_read(const char *journal_dir, uint32_t line_run, const as_spec *spec, as_line_outcome *ret,
                            as_err *err);
void          as_tally_done(as_line_outcome *outcome);

/* Do counts and journal agree, part for part? Sets the summary's journal_whole, journal_text and sequences. */
void as_tally_audit(const as_line_outcome *outcome, as_line_summary *summary);

/* Evidence for every requirement of the spec that a running line can speak to. *ret on the heap. */
AS_CHECK bool as_tally_evidence(const as_line_outcome *outcome, const as_spec *spec, uint64_t peak_bytes,
                                as_evidence **ret, size_t *ret_n, as_err *err);

#endif
