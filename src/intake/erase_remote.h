/* SPDX-License-Identifier: Apache-2.0 */
/* erase_remote.h - an erasure in every remote of the workspace. For the files of this folder only.
 *
 * Layer:   intake.
 * Threads: one thread; a remote starts its own.
 * Memory:  the answer is the caller's.
 */
#ifndef AS_INTAKE_ERASE_REMOTE_H
#define AS_INTAKE_ERASE_REMOTE_H

#include "base/json.h"
#include "base/progress.h"
#include "store/workspace.h"

/* objects: as a plan has them (store/erasure.h), which were erased here. An array, an entry a remote: its name, and how many
 * objects were there and are gone, or the error that kept it: then the next push tells it. A remote that cannot be
 * reached fails nothing here; AS_ECANCELLED does. */
AS_CHECK bool as_erase_in_remotes(as_workspace *ws, const json_t *objects, const as_progress *progress, json_t **ret,
                                  as_err *err);

#endif
