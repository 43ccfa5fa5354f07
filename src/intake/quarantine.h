/* SPDX-License-Identifier: Apache-2.0 */
/* quarantine.h - pictures that were refused, each with the reason beside it.
 *
 * Layer:   intake.
 * Threads: any thread.
 * Memory:  nothing kept.
 *
 * .assay/quarantine/ID.EXT holds the bytes and ID.json the record: {"name","label","check","reason","time","sha256",
 * "n_bytes","file"}, file "" where there are no bytes, or privacy keeps them out; and where it is known "split", "part",
 * "camera", "utc", "severity", "format", "width", "height", "measured" (numbers by name), "found" (check and text of
 * each check that was not content), "labels" (the sample's line as in the labels of a version) and "decisions": an array of
 * {"action","by","reason","time",["checks"],["commit"]}, the last of which holds. ID comes from name and bytes: the same
 * file refused again replaces its record and keeps the decisions; what a person dropped stays dropped. Each file is whole
 * or absent.
 */
#ifndef AS_INTAKE_QUARANTINE_H
#define AS_INTAKE_QUARANTINE_H

#include "base/json.h"
#include "catalog/commit.h"

struct as_look; /* state.h */

typedef struct as_refusal {
    const as_sample      *sample; /* its name, escaped, and what else is known */
    const char           *check, *why;
    const struct as_look *look;     /* what was measured and said; NULL: nothing */
    bool                  withhold; /* the bytes may show a person: only their hash and number are kept */
} as_refusal;

/* bytes may be NULL. Survives a power cut after as_quarantine_sync. */
AS_CHECK bool as_quarantine_put(const as_workspace *ws, const as_refusal *refusal, const uint8_t *bytes, size_t n,
                                as_err *err);
AS_CHECK bool as_quarantine_sync(const as_workspace *ws, as_err *err);

/* Records by name, an array that the caller json_decref()s; what is no record any more is left out. Each has in addition
 * "id" and "state": "waiting", "accepted" or "dropped" as a person decided, or "kept": the newest version has it all the
 * same (refused as a copy of another: under the same name), with "kept_as", the name of the sample. Unless with_settled,
 * only what waits is there. */
AS_CHECK bool as_quarantine_list(as_workspace *ws, bool with_settled, json_t **ret, as_err *err);

/* The refused file as it lies there; AS_ENOTFOUND says why it does not. free() it. */
AS_CHECK bool as_quarantine_bytes(const as_workspace *ws, const json_t *record, uint8_t **ret_bytes, size_t *ret_n,
                                  as_err *err);

/* Puts the file there, or with NULL removes it, and says so in the record, which as_quarantine_decide writes. */
AS_CHECK bool as_quarantine_set_bytes(const as_workspace *ws, json_t *record, const uint8_t *bytes, size_t n,
                                      as_err *err);

/* What is said of the sample now goes into the record, too. */
AS_CHECK bool as_quarantine_set_labels(json_t *record, const as_sample *sample, as_err *err);

/* Writes a record of the list back, with one decision more. checks: what was overruled, an array, stolen; NULL: none. */
typedef struct as_decision {
    const char      *action, *by, *reason; /* "accept", "drop", "undo", "again" */
    const as_digest *commit;               /* that came of it; NULL: none */
    json_t          *checks;
} as_decision;

AS_CHECK bool as_quarantine_decide(const as_workspace *ws, json_t *record, const as_decision *decision, as_err *err);

/* The record as the only sample of a manifest, with its label and findings and what was measured; free it. */
AS_CHECK as_manifest *as_quarantine_sample(const json_t *record, as_err *err);

#endif
