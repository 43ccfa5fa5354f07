/* SPDX-License-Identifier: Apache-2.0 */
/* verdict.h - the four answers a part can get, and why.
 *
 * Layer:   journal.
 * Threads: immutable.
 * Memory:  static.
 */
#ifndef AS_JOURNAL_VERDICT_H
#define AS_JOURNAL_VERDICT_H

#include "base/def.h"

typedef enum as_verdict {
    AS_VERDICT_NONE,
    AS_VERDICT_PASS,
    AS_VERDICT_REJECT,
    AS_VERDICT_REVIEW,
    AS_VERDICT_FAULT,
    AS_VERDICT_COUNT
} as_verdict;

typedef enum as_reason {
    AS_REASON_NONE,
    AS_REASON_MODEL,
    AS_REASON_UNSURE,
    AS_REASON_LATE,
    AS_REASON_FAULT,
    AS_REASON_COUNT
} as_reason;

const char *as_verdict_name(as_verdict verdict); /* "pass", "reject", "review", "fault"; "none" */
as_verdict  as_verdict_parse(const char *name);  /* AS_VERDICT_NONE if unknown */
const char *as_reason_name(as_reason reason);    /* "model", "unsure", "late", "fault" */

#endif
