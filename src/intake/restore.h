/* SPDX-License-Identifier: Apache-2.0 */
/* restore.h - a version as it was, or some samples or labels of it, as a new version on top.
 *
 * Layer:   intake.
 * Threads: one thread.
 * Memory:  two manifests while it runs.
 */
#ifndef AS_INTAKE_RESTORE_H
#define AS_INTAKE_RESTORE_H

#include "catalog/commit.h"

typedef struct as_restore_cfg {
    const char        *from; /* as as_commit_find takes it */
    const char *const *names;
    size_t             n_names;     /* 0: the whole version */
    bool               labels_only; /* of samples that the newest version has too, with the same picture */
} as_restore_cfg;

typedef struct as_restore_result {
    uint64_t  n_restored; /* samples of the old version that are as they were */
    uint64_t  n_erased;   /* samples of it whose picture was erased: they do not come back */
    as_commit from, commit;
} as_restore_result;

/* AS_ENOTFOUND names a sample that the version does not have (with the nearest); AS_EGONE one that was erased; AS_EINVAL
 * when nothing would change. */
AS_CHECK bool as_restore(as_workspace *ws, const as_restore_cfg *cfg, as_restore_result *ret, as_err *err);

#endif
