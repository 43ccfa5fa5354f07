/* SPDX-License-Identifier: Apache-2.0 */
/* lookup.h - from a hash to the places in a list that may have it. For the files of this folder only.
 *
 * Layer:   intake.
 * Threads: one thread; many may find at once while nobody adds or removes.
 * Memory:  11 to 21 bytes a place, so that millions are cheap; as_lookup_done frees. A zeroed as_lookup is empty.
 *
 * Keys stay in the list: who asks compares them at each place that comes. Open addressing with linear probing.
 */
#ifndef AS_INTAKE_LOOKUP_H
#define AS_INTAKE_LOOKUP_H

#include "base/err.h"

#define AS_LOOKUP_MOST ((size_t)1 << 30)

typedef struct as_lookup_slot {
    uint32_t hash, place; /* place + 1; 0: empty */
} as_lookup_slot;

typedef struct as_lookup {
    as_lookup_slot *slots;
    size_t          n, n_slots; /* the latter a power of two */
} as_lookup;

typedef struct as_lookup_walk {
    size_t at, n_seen;
} as_lookup_walk;

AS_CHECK bool as_lookup_add(as_lookup *lookup, uint32_t hash, uint32_t place, as_err *err); /* AS_ENOMEM, AS_ELIMIT */
void          as_lookup_remove(as_lookup *lookup, uint32_t hash, uint32_t place);
void          as_lookup_done(as_lookup *lookup);

/* Each place that was added with this hash: walk begins as {0}. False: there are no more. */
bool as_lookup_next(const as_lookup *lookup, uint32_t hash, as_lookup_walk *walk, uint32_t *ret_place);

uint32_t as_lookup_hash(const void *bytes, size_t n);

#endif
