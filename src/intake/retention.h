/* SPDX-License-Identifier: Apache-2.0 */
/* retention.h - which pictures go in time, by the rules of assay.yaml.
 *
 * Layer:   intake.
 * Threads: one thread.
 * Memory:  a line for each picture of all versions while it looks; as_retention_plan_done frees what it found.
 *
 * Pictures of all versions count, each once, with the class, time and split of the newest version that has it. The rules
 * apply in their order; what one takes, the next does not see. Pictures go as as_erase has it, names and labels stay.
 */
#ifndef AS_INTAKE_RETENTION_H
#define AS_INTAKE_RETENTION_H

#include "catalog/history.h"
#include "spec/spec.h"

typedef struct as_retention_part {
    const as_retention *rule; /* the spec's */
    as_digest_list      images;
    uint64_t            n_bytes;
    uint64_t            n_held, n_frozen; /* that the rule would take, and a legal hold or a frozen test split keeps */
    as_ns               oldest_utc;       /* of what goes; 0 when nothing does */
} as_retention_part;

typedef struct as_retention_plan {
    as_retention_part parts[AS_SPEC_MAX_RETENTION]; /* one for each rule */
    size_t            n_parts;
} as_retention_plan;

/* AS_ENOTFOUND when the spec has no rule. */
AS_CHECK bool as_retention_find(as_workspace *ws, const as_spec *spec, as_ns now, const as_progress *progress,
                                as_retention_plan *ret, as_err *err);
void          as_retention_plan_done(as_retention_plan *plan);

#endif
