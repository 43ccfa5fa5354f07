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
 *
 * Whole records cut off at the end break no chain: the file `head` notes how many there were, at each close and every
 * 4,096 records. Of a writer that was killed it says how many there are at least. Who can write the folder can also write
 * another `head`, or the whole chain anew: against that a copy of `head` elsewhere is needed.
 *
 * When the disk fails to keep what was written, a later success proves nothing: all that was written since the last sync
 * is written again, to a new segment, and takes the place of the first.
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
    uint64_t  n_skipped; /* numbers of the camera, from `part` on, that this one fault stands for; 0: it is of a part */
    as_origin origin;    /* of the part's first picture; all zero when the camera cannot tell */
} as_record;

typedef struct as_journal as_journal;

AS_CHECK as_journal *as_journal_open(const char *dir, as_err *err); /* for appending; makes dir */
as_journal          *as_journal_close(as_journal *journal);         /* durable */
uint32_t             as_journal_line_run(const as_journal *journal);

/* Appends and sets record->sequence. AS_ENOSPC comes only where a new segment begins, AS_EIO also where too much waits to
 * be kept by a disk that fails; the caller may try again. */
AS_CHECK bool as_journal_append(as_journal *journal, as_record *record, as_err *err);
AS_CHECK bool as_journal_sync(as_journal *journal, as_err *err); /* all appended records survive a power cut */

/* Times the disk failed to keep records; of these, why the first; and how many records it has not kept yet. */
uint64_t      as_journal_failed_syncs(const as_journal *journal);
const as_err *as_journal_trouble(const as_journal *journal); /* AS_OK if there was none */
uint32_t      as_journal_unsynced(const as_journal *journal);

typedef struct as_journal_check {
    uint64_t n_records, n_segments;
    uint64_t n_noted;   /* records there were at least, as `head` says; 0: there is none */
    bool     whole;     /* the chain holds to its end, and that is not before the noted one */
    char     text[200]; /* what is wrong and where, if not whole */
} as_journal_check;

/* Reads all records in order; visit (may be NULL) returns false to stop. True also when the chain is broken: look at ret. */
AS_CHECK bool as_journal_read(const char *dir, bool (*visit)(void *ctx, const as_record *record), void *ctx,
                              as_journal_check *ret, as_err *err);

#endif
