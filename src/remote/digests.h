/* SPDX-License-Identifier: Apache-2.0 */
/* digests.h - a set of SHA-256 in the order they came, each with its number.
 *
 * Layer:   remote.
 * Threads: one thread changes it; any may look when none does.
 * Memory:  about 40 bytes an entry, which is why it is no chain of nodes: there are millions.
 */
#ifndef AS_REMOTE_DIGESTS_H
#define AS_REMOTE_DIGESTS_H

#include "base/hash.h"
#include "base/vec.h"

typedef struct as_digests {
    AS_VEC(as_digest) all;
    uint32_t *slots; /* 0, or 1 + a number; n_slots is a power of two */
    size_t    n_slots;
} as_digests;

/* False: no memory. *ret_new (may be NULL): it was not there; *ret (may be NULL): its number. */
AS_CHECK bool as_digests_add(as_digests *set, const as_digest *digest, size_t *ret, bool *ret_new);
bool          as_digests_find(const as_digests *set, const as_digest *digest, size_t *ret); /* ret may be NULL */
void          as_digests_done(as_digests *set);

#endif
