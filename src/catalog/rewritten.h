/* SPDX-License-Identifier: Apache-2.0 */
/* rewritten.h - parts of versions that an erasure took something out of.
 *
 * Layer:   catalog (may use base/, store/).
 * Threads: one thread.
 * Memory:  what is read is on the heap: free() it.
 */
#ifndef AS_CATALOG_REWRITTEN_H
#define AS_CATALOG_REWRITTEN_H

#include "store/workspace.h"

/* A manifest, labels or notes object, out of which an erasure took something, is erased too; its note says what stands for it:
 * "rewritten HASH: REASON". Puts such a reason together; AS_EINVAL when it is too long. */
AS_CHECK bool as_commit_rewritten(const as_digest *now, const char *reason, char text[AS_STORE_REASON_BYTES],
                                  as_err *err);
/* The object that such a reason names; false: it is another reason. */
AS_CHECK bool as_commit_rewritten_to(const char *reason, as_digest *ret);
/* The object that stands for this one now: itself, if nothing was taken out. Whether it is there is not looked at. */
AS_CHECK bool as_commit_now(as_workspace *ws, const as_digest *object, as_digest *ret, as_err *err);

/* as_store_get of that. */
AS_CHECK bool as_commit_object(as_workspace *ws, const as_digest *object, uint8_t **ret_bytes, size_t *ret_n,
                               as_err *err);

/* as_store_read of that. */
AS_CHECK bool as_commit_object_read(as_workspace *ws, const as_digest                                          *object,
                                    bool (*take)(void *ctx, const uint8_t *bytes, size_t n, as_err *err), void *ctx,
                                    as_err *err);

#endif
