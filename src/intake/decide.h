/* SPDX-License-Identifier: Apache-2.0 */
/* decide.h - what people decide about pictures in quarantine: that one comes in after all, or that it goes.
 *
 * Layer:   intake.
 * Threads: one thread.
 * Memory:  one picture at a time; records are the caller's (quarantine.h).
 *
 * Whoever decides gives a reason, and record and version keep who, when and why. Only judgements are overruled (sharpness,
 * exposure ...): what cannot be decoded, has two classes or two splits, or may show a person, stays out. Faces are looked
 * for and covered again on the way in.
 */
#ifndef AS_INTAKE_DECIDE_H
#define AS_INTAKE_DECIDE_H

#include "intake/intake.h"
#include "intake/quarantine.h"

#define AS_DECIDE_TEXT_BYTES 512

typedef struct as_decider {
    const char *by, *reason;
    as_ns       utc;
} as_decider;

/* False for a check that nobody can overrule, or that is none: why, as a clause, in text[AS_DECIDE_TEXT_BYTES]. */
bool as_decide_may_overrule(const char *check, char *text);

/* Takes the picture of the record in, into the version that the intake is making. It is refused by other checks than its
 * record names unless overrule (n names) has them. *ret_taken false: text[AS_DECIDE_TEXT_BYTES] says why, nothing
 * changed. After as_intake_commit, as_decide_accepted writes the record. */
AS_CHECK bool as_decide_accept(as_intake *intake, const json_t *record, const as_decider *decider,
                               const char *const *overrule, size_t n, bool *ret_taken, char *text, as_err *err);
AS_CHECK bool as_decide_accepted(as_workspace *ws, json_t *record, const as_decider *decider,
                                 const char *const *overrule, size_t n, const as_commit *commit, as_err *err);

/* Removes the bytes; the record stays. */
AS_CHECK bool as_decide_drop(as_workspace *ws, json_t *record, const as_decider *decider, as_err *err);

/* Takes the last decisions on n records back. What was accepted leaves the newest version, in a new one (*ret_made), and
 * lies in quarantine again, with the label it has now; what was dropped waits for its file to be imported again. */
AS_CHECK bool as_decide_undo(as_workspace *ws, json_t *const *records, size_t n, const as_decider *decider,
                             as_commit *ret, bool *ret_made, as_err *err);

#endif
