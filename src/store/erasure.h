/* SPDX-License-Identifier: Apache-2.0 */
/* erasure.h - an erasure that was begun ends: what is to go is written down first, and whoever opens the workspace for
 * writing next does what is left of it.
 *
 * Layer:   store (may use base/).
 * Threads: one thread.
 * Memory:  the plan is a json_t of the caller's.
 *
 * .assay/erasing.json, from before the first byte goes until the receipt is on the disk:
 *   {"objects": [{"sha256": HEX, "reason": TEXT}, ...],   tombstones for these
 *    "wipe": [PATH, ...],     files of the project's folder that are overwritten with zeros and removed
 *    "remove": [PATH, ...],   files that are only removed: they name nobody, and are made again
 *    ...}                     and what the layer above needs to go on; it names nobody
 */
#ifndef AS_STORE_ERASURE_H
#define AS_STORE_ERASURE_H

#include "base/json.h"
#include "base/progress.h"
#include "store/workspace.h"

#define AS_ERASURE_MAX_BYTES ((size_t)1 << 30)

/* Durable on return. AS_EBUSY when another is there that has not ended. */
AS_CHECK bool as_erasure_begin(const as_workspace *ws, const json_t *plan, as_err *err);
AS_CHECK bool as_erasure_read(const as_workspace *ws, json_t **ret, as_err *err); /* AS_ENOTFOUND: none is pending */
bool          as_erasure_is_pending(const as_workspace *ws);

/* Does what the plan says; again: true. A file that cannot be overwritten is told once all others are. */
AS_CHECK bool as_erasure_apply(as_workspace *ws, const as_progress *progress, as_err *err);
/* The same for who opens the workspace for writing: a file that cannot be overwritten keeps nobody out. */
AS_CHECK bool as_erasure_apply_objects(as_workspace *ws, as_err *err);
AS_CHECK bool as_erasure_end(const as_workspace *ws, as_err *err);

/* Checks any JSON as a plan: AS_EFORMAT. */
AS_CHECK bool as_erasure_check(const json_t *plan, as_err *err);

#endif
