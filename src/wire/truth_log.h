/* SPDX-License-Identifier: Apache-2.0 */
/* truth_log.h - what really was in each picture that went over a wire, a JSON line each.
 *
 * Layer:   wire.
 * Threads: any thread; a line is whole.
 * Memory:  a line at a time.
 */
#ifndef AS_WIRE_TRUTH_LOG_H
#define AS_WIRE_TRUTH_LOG_H

#include "wire/pump.h"

typedef struct as_truth_log as_truth_log;

/* A new file: one that is there is not written over (AS_EEXIST). */
AS_CHECK as_truth_log *as_truth_log_open(const char *path, as_err *err);
/* Also false where one of its lines could not be written (disk full); the file is closed either way. */
bool as_truth_log_close(as_truth_log *log, as_err *err); /* NULL is fine */

/* {"device", "block", "timestamp_ns", "part", "what", "faults", "class", "findings", ...}. block: its number on the wire;
 * negative: it has none, since it was never taken. what NULL: as the item says. log NULL: nothing is written. */
void as_truth_log_add(as_truth_log *log, const char *device, int64_t block, as_ns timestamp, const char *what,
                      const as_pump_item *item);

#endif
