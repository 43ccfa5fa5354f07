/* SPDX-License-Identifier: Apache-2.0 */
/* recorder.h - the way into the journal when the disk is full or slow: what cannot be written waits, within bounds.
 *
 * Layer:   line.
 * Threads: one thread.
 * Memory:  allocated by as_recorder_new; it owns the journal it is given.
 *
 * Records reach the journal in the order they were put. Where there is no room for more that wait, the oldest is lost and
 * counted: the newest verdicts are what a person looks for first.
 */
#ifndef AS_LINE_RECORDER_H
#define AS_LINE_RECORDER_H

#include "journal/journal.h"

#define AS_RECORDER_WAITING 4096 /* records that may wait: 17 minutes at 240 parts a minute */

typedef struct as_recorder as_recorder;

/* Also closes the journal when it fails. */
AS_CHECK as_recorder *as_recorder_new(as_journal *journal, as_err *err);
as_recorder          *as_recorder_free(as_recorder *recorder); /* closes the journal */

/* record->sequence and line_run are set, sequence to 0 while the record waits for the disk. */
void as_recorder_put(as_recorder *recorder, as_record *record, as_ns now);

/* Tries again what waits, and flushes to the disk what is due. Call it where waiting does no harm. */
void as_recorder_rest(as_recorder *recorder, as_ns now);

/* The last try: what still waits is lost. */
void as_recorder_finish(as_recorder *recorder);

uint64_t      as_recorder_lost(const as_recorder *recorder);
uint64_t      as_recorder_waiting(const as_recorder *recorder);
uint64_t      as_recorder_failed_syncs(const as_recorder *recorder); /* times the disk failed to keep what it took */
uint64_t      as_recorder_unsafe(const as_recorder *recorder);       /* records a power cut would take */
const as_err *as_recorder_trouble(const as_recorder *recorder);      /* the first failure; AS_OK if there was none */
uint32_t      as_recorder_line_run(const as_recorder *recorder);

#endif
