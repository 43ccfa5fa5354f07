/* SPDX-License-Identifier: Apache-2.0 */
/* ref.h - the few names of a store that move: "data/main" and what else leads to an object.
 *
 * Layer:   store (may use base/).
 * Threads: any thread; two programs at once are safe, each ref is whole.
 * Memory:  a list is on the heap: free() it.
 */
#ifndef AS_STORE_REF_H
#define AS_STORE_REF_H

#include "base/err.h"

#define AS_REF_BYTES 128

typedef struct as_store as_store; /* store.h */

/* Refs: name "data/main" of [a-z0-9._-] and '/', value a line of up to AS_REF_BYTES - 1. Durable on return. */
AS_CHECK bool as_store_ref_get(as_store *store, const char *name, char value[AS_REF_BYTES], as_err *err);
AS_CHECK bool as_store_ref_set(as_store *store, const char *name, const char *value, as_err *err);
AS_CHECK bool as_store_ref_remove(as_store *store, const char *name, as_err *err); /* AS_ENOTFOUND */

typedef struct as_ref {
    char name[AS_REF_BYTES], value[AS_REF_BYTES];
} as_ref;

/* Those whose name begins with prefix ("": all), by name; free() them. */
AS_CHECK bool as_store_ref_list(as_store *store, const char *prefix, as_ref **ret, size_t *ret_n, as_err *err);

#endif
