/* SPDX-License-Identifier: Apache-2.0 */
/* quarantine.h - pictures that were refused, each with the reason beside it.
 *
 * Layer:   intake.
 * Threads: any thread.
 * Memory:  nothing kept.
 *
 * .assay/quarantine/ID.EXT holds the bytes and ID.json the record: {"name","label","check","reason","time","sha256",
 * "n_bytes","file"}, file "" where there were no bytes, or privacy keeps them out. ID comes from name and bytes: the same file refused again
 * replaces its record. Each file is whole or absent.
 */
#ifndef AS_INTAKE_QUARANTINE_H
#define AS_INTAKE_QUARANTINE_H

#include "base/json.h"
#include "store/workspace.h"

typedef struct as_refusal {
    const char *name;  /* escaped */
    const char *label; /* NULL: not known */
    const char *check, *why;
    bool        withhold; /* the bytes may show a person: only their hash and number are kept */
} as_refusal;

/* bytes may be NULL. Survives a power cut after as_quarantine_sync. */
AS_CHECK bool as_quarantine_put(const as_workspace *ws, const as_refusal *refusal, const uint8_t *bytes, size_t n,
                                as_err *err);
AS_CHECK bool as_quarantine_sync(const as_workspace *ws, as_err *err);

/* Records by name, an array that the caller json_decref()s; what is no record any more is left out. Pictures that were kept
 * later (the newest version has them; refused as a copy of another: under the same name) are there when with_kept, and
 * have "kept_as", the name of the sample. */
AS_CHECK bool as_quarantine_list(as_workspace *ws, bool with_kept, json_t **ret, as_err *err);

#endif
