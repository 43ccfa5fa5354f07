/* SPDX-License-Identifier: Apache-2.0 */
/* store.h - immutable objects named by their SHA-256, and a few refs that move.
 *
 * Layer:   store (may use base/).
 * Threads: any thread; readers never block writers.
 * Memory:  what get returns is on the heap: free() it.
 *
 * objects/ab/cdef... hold the bytes as they are; refs/NAME hold one line each. Both are written whole or not at all.
 */
#ifndef AS_STORE_STORE_H
#define AS_STORE_STORE_H

#include "base/hash.h"
#include "base/progress.h"

#define AS_STORE_MAX_OBJECT_BYTES ((size_t)1 << 30)
#define AS_REF_BYTES              128

typedef struct as_store as_store;

AS_CHECK as_store *as_store_open(const char *dir, as_err *err); /* makes the folders that are missing */
as_store          *as_store_close(as_store *store);

/* Known objects are not written again (*ret_new false; ret_new may be NULL). Durable after as_store_sync. */
AS_CHECK bool as_store_put(as_store *store, const void *bytes, size_t n, as_digest *ret, bool *ret_new, as_err *err);
AS_CHECK bool as_store_sync(as_store *store, as_err *err); /* all objects put so far survive a power cut */

/* The hash is checked: AS_ECORRUPT names the object. AS_ENOTFOUND. */
AS_CHECK bool as_store_get(as_store *store, const as_digest *digest, uint8_t **ret_bytes, size_t *ret_n, as_err *err);
bool          as_store_has(as_store *store, const as_digest *digest);

/* Whole digest from at least 4 hex digits; AS_ENOTFOUND, AS_EINVAL when more than one begins so. */
AS_CHECK bool as_store_find(as_store *store, const char *prefix, as_digest *ret, as_err *err);

/* Refs: name "data/main" of [a-z0-9._-] and '/', value a line of up to AS_REF_BYTES - 1. Durable on return. */
AS_CHECK bool as_store_ref_get(as_store *store, const char *name, char value[AS_REF_BYTES], as_err *err);
AS_CHECK bool as_store_ref_set(as_store *store, const char *name, const char *value, as_err *err);

typedef struct as_store_check {
    uint64_t n_objects, n_bytes, n_damaged;
    char     first_damaged[AS_SHA256_HEX_BYTES]; /* "" if none */
} as_store_check;

/* Reads and hashes every object on all cores. True also when some are damaged: look at ret. on_damaged may be NULL. */
AS_CHECK bool as_store_verify(as_store *store, void (*on_damaged)(void *ctx, const char *hex, const as_err *why),
                              void *ctx, const as_progress *progress, as_store_check *ret, as_err *err);

#endif
