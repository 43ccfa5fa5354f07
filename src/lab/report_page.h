/* SPDX-License-Identifier: Apache-2.0 */
/* report_page.h - everything a report tells, gathered; and its sections, one file a few. Private to report*.c.
 *
 * Layer:   lab.
 * Threads: one thread.
 * Memory:  as_report_done frees what as_report_load gathered; the spec and the run are the caller's.
 */
#ifndef AS_LAB_REPORT_PAGE_H
#define AS_LAB_REPORT_PAGE_H

#include "base/json.h"
#include "journal/journal.h"
#include "lab/eval.h"
#include "lab/report_text.h"
#include "page/picture.h"
#include "train/cnn.h"
#include "watch/histogram.h"

#define AS_REPORT_MOST_MISTAKES 16 /* rows of four, and of two */
#define AS_REPORT_MOST_PEERS    12
#define AS_REPORT_THUMB_PX      320u

typedef enum as_mistake_kind {
    AS_MISTAKE_NONE,
    AS_MISTAKE_ESCAPE,   /* bad and passed */
    AS_MISTAKE_OVERKILL, /* good and rejected */
    AS_MISTAKE_CLASS,    /* the right verdict for another class */
    AS_MISTAKE_NEAR      /* right, and near the threshold */
} as_mistake_kind;

typedef struct as_mistake {
    as_mistake_kind kind;
    size_t          outcome; /* index into eval.parts */
    double          badness; /* the larger, the earlier among its kind */
    as_page_picture picture;
} as_mistake;

/* The last time the line ran with this model. */
typedef struct as_report_line {
    uint32_t     line_run; /* 0: it has not */
    uint64_t     n, n_verdict[AS_VERDICT_COUNT], n_reason[AS_REASON_COUNT];
    uint64_t     n_bad, n_bad_passed, n_good, n_good_rejected; /* where the truth was known */
    as_histogram latency, stage[AS_JOURNAL_STAGES];            /* ns */
    as_ns        first_utc, last_utc;
    bool         whole; /* the journal's chain */
    char         text[200];
} as_report_line;

/* A run beside this one, as it was judged on the test split. */
typedef struct as_report_peer {
    as_run      run;
    bool        judged;
    char        why_not[200];
    uint64_t    model_bytes;
    as_measured macro_f1, recall, precision; /* recall and precision of reject */
    double      cost_per_1000;
} as_report_peer;

typedef struct as_report {
    as_workspace   *ws;
    const as_spec  *spec;
    const as_run   *run;
    as_dataset     *dataset;
    as_model_info   info;
    uint64_t        model_bytes, n_parameters;
    as_eval         eval;
    as_evidence    *evidence, *rows; /* heap; rows: room to sort one requirement's */
    size_t          n_evidence;
    as_report_line  line;
    as_mistake      mistakes[AS_REPORT_MOST_MISTAKES];
    size_t          n_mistakes, n_of_kind[AS_MISTAKE_NEAR + 1]; /* all there are */
    as_page_picture examples[AS_SPEC_MAX_CLASSES];              /* one of each class; empty: none */
    as_report_peer  peers[AS_REPORT_MOST_PEERS];
    size_t          n_peers;
    json_t         *details, *quarantine; /* NULL: none */
    as_curve        curve;
} as_report;

/* report_load.c, report_pictures.c, report_peers.c */
AS_CHECK bool as_report_load(as_report *report, as_workspace *ws, const as_spec *spec, as_run *run,
                             const as_progress *progress, as_err *err);
AS_CHECK bool as_report_load_mistakes(as_report *report, as_err *err);
AS_CHECK bool as_report_load_examples(as_report *report, as_err *err);
AS_CHECK bool as_report_load_peers(as_report *report, const as_progress *progress, as_err *err);
void          as_report_done(as_report *report);

/* The rows of evidence of a requirement, moved to the front of report->rows. */
size_t      as_report_rows(const as_report *report, const as_requirement *req);
as_standing as_report_standing(const as_report *report, const as_requirement *req);

/* Sections, in the page's order. */
void as_report_head(const as_report *report, as_str *out);
void as_report_requirements(const as_report *report, as_str *out);
void as_report_judged(const as_report *report, as_str *out);
void as_report_cost(const as_report *report, as_str *out);
void as_report_mistakes(const as_report *report, as_str *out);
void as_report_on_line(const as_report *report, as_str *out);
void as_report_learning(const as_report *report, as_str *out);
void as_report_data(const as_report *report, as_str *out);
void as_report_model(const as_report *report, as_str *out);
void as_report_repeat(const as_report *report, as_str *out);
void as_report_glossary(as_str *out);

#endif
