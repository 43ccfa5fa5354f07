/* SPDX-License-Identifier: Apache-2.0 */
/* journal.h - the truth about the line: one record a part, appended, checksummed and chained.
 *
 * Layer:   journal (may use base/).
 * Threads: one writer; any number of readers, also in other programs, at any time.
 * Memory:  the writer allocates at open only. Segments are files of fixed size, written to their full length at creation,
 *          so that an append neither grows a file nor fails half-way when the disk fills.
 *
 * A segment is a 256-byte header and 256-byte records, little-endian: fields, CRC-32C, and the first 16 bytes of the
 * SHA-256 over the previous chain value and this record. A damaged, missing or reordered record breaks the chain and is
 * named. A torn last record (power cut) is cut off at the next open.
 */
#ifndef AS_JOURNAL_JOURNAL_H
#define AS_JOURNAL_JOURNAL_H

#include "base/hash.h"
#include "journal/verdict.h"

#define AS_JOURNAL_STAGES 4 /* wait, prepare, infer, decide */

typedef struct as_record {
    uint64_t   sequence;    /* set by append: 1, 2, 3, ... over the life of the journal */
    as_ns      trigger_utc; /* when the part was seen */
    uint64_t   part;        /* number of the part on its camera */
    as_verdict verdict;
    as_reason  reason;
    float      score;       /* of reject, 0..1; NAN when there was no answer */
    float      class_score; /* of the class below; NAN likewise */
    char       label[32];   /* class found, cut to fit; "" when there was none */
    char       truth[32];   /* true class where the source knows it; "" otherwise */
    int64_t    latency_ns;  /* trigger to verdict */
    int64_t    stage_ns[AS_JOURNAL_STAGES];
    uint32_t   n_frames;
    uint8_t    model[16]; /* first bytes of the model file's SHA-256 */
    uint32_t   line_run;  /* counts the starts of the line in this journal */
    uint64_t   n_skipped; /* numbers of the camera, from `part` on, that this one fault stands for; 0: it is of a part */
} as_record;

typedef struct as_journal as_journal;

AS_CHECK as_journal *as_journal_open(const char *dir, as_err *err); /* for appending; makes dir */
as_journal          *as_journal_close(as_journal *journal);         /* durable */
uint32_t             as_journal_line_run(const as_journal *journal);

/* Appends and sets record->sequence. AS_ENOSPC can come only where a new segment begins; the caller may try again. */
AS_CHECK bool as_journal_append(as_journal *journal, as_record *record, as_err *err);
AS_CHECK bool as_journal_sync(as_journal *journal, as_err *err); /* all appended records survive a power cut */

typedef struct as_journal_check {
    uint64_t n_records, n_segments;
    bool     whole;     /* the chain holds to its end */
    char     text[200]; /* what is wrong and where, if not whole */
} as_journal_check;

/* Reads all records in order; visit (may be NULL) returns false to stop. True also when the chain is broken: look at ret. */
AS_CHECK bool as_journal_read(const char *dir, bool (*visit)(void *ctx, const as_record *record), void *ctx,
                              as_journal_check *ret, as_err *err);

#endif
