/* SPDX-License-Identifier: Apache-2.0 */
/* hamming.h - which of up to a million hashes of 64 bits differ from a given one in few bits.
 *
 * Layer:   image.
 * Threads: one thread; many may search at once while nobody adds.
 * Memory:  50 bytes a hash; as_hamming_free frees.
 *
 * Multi-index hashing (Norouzi, Punjani and Fleet, CVPR 2012): what differs in at most r bits differs in at most r / 4 bits
 * in one of four pieces of 16 bits, and each piece is a key. What was added last is compared one by one. Where many hashes
 * share a piece, all of them are compared: a bound, of about a nanosecond each.
 */
#ifndef AS_IMAGE_HAMMING_H
#define AS_IMAGE_HAMMING_H

#include "base/err.h"

#define AS_HAMMING_MOST_BITS 11u               /* of a search */
#define AS_HAMMING_MOST      ((size_t)1 << 26) /* hashes */

typedef struct as_hamming as_hamming;

typedef struct as_hamming_hit {
    uint32_t id, bits; /* bits that differ */
} as_hamming_hit;

AS_CHECK as_hamming *as_hamming_new(as_err *err);
as_hamming          *as_hamming_free(as_hamming *index); /* NULL is fine; returns NULL */

/* Ids need not be unique. AS_ENOMEM, AS_ELIMIT. */
AS_CHECK bool as_hamming_add(as_hamming *index, uint64_t hash, uint32_t id, as_err *err);
size_t        as_hamming_count(const as_hamming *index);

/* At most cap of the hashes that differ in at most `bits` (up to AS_HAMMING_MOST_BITS), the nearest first, and of those the
 * lowest ids first; returns how many there are, which may be more than cap. */
size_t as_hamming_find(const as_hamming *index, uint64_t hash, uint32_t bits, as_hamming_hit *ret, size_t cap);

#endif
