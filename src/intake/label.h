/* SPDX-License-Identifier: Apache-2.0 */
/* label.h - who says what a sample is: labels set, reviewed and taken back, each step a version of the data.
 *
 * Layer:   intake.
 * Threads: one thread.
 * Memory:  the newest version's manifest while a call runs.
 *
 * Pictures are not touched, and every earlier label stays in the history; what somebody else said stays beside the new
 * label too (as_vote). A sample without a split gets one with its first
 * label: where a version has test samples already it goes to training (what somebody chose to label is no fair draw),
 * else as as_intake_split has it.
 */
#ifndef AS_INTAKE_LABEL_H
#define AS_INTAKE_LABEL_H

#include "catalog/commit.h"
#include "catalog/query.h"
#include "spec/spec.h"

typedef struct as_label_cfg {
    const as_spec     *spec;
    const as_query    *where; /* NULL: names */
    const char *const *names;
    size_t             n_names;
    const char        *label;   /* a class of the spec; NULL: as it is; "": takes the label away */
    const char *const *labels;  /* one for each of names instead; NULL: label */
    as_label_state     state;   /* GIVEN, REVIEWED or PROPOSED */
    const char        *by;      /* NULL: "person:" and the author */
    bool               is_vote; /* beside the label that somebody else gave, which stays as it is */
    as_ns              utc;     /* when; 0: now */
    uint64_t           seed;    /* of the split */
} as_label_cfg;

typedef struct as_label_result {
    uint64_t  n_selected, n_changed;
    as_commit commit;
} as_label_result;

/* AS_ENOTFOUND names a sample that is not there (with the nearest); AS_EINVAL when nothing would change. Findings stay where
 * the class stays, and go with it otherwise. */
AS_CHECK bool as_label_apply(as_workspace *ws, const as_label_cfg *cfg, as_label_result *ret, as_err *err);

/* The labels (and splits) before the last step that is not undone yet, and after the first that is: as a new version. What
 * was said after an undo cannot be redone over. AS_EINVAL when there is none, or it changed more than labels. */
AS_CHECK bool as_label_undo(as_workspace *ws, as_label_result *ret, as_err *err);
AS_CHECK bool as_label_redo(as_workspace *ws, as_label_result *ret, as_err *err);

/* The labels that a sample had, newest first; commit is the version that brought it. */
AS_CHECK bool as_label_history(as_workspace *ws, const char                                                     *name,
                               void (*visit)(void *ctx, const as_commit *commit, const as_sample *sample), void *ctx,
                               as_err *err);

#endif
