/* SPDX-License-Identifier: Apache-2.0 */
/* near.h - pairs of pictures that look alike.
 *
 * Layer:   intake.
 * Threads: any thread.
 * Memory:  as_near_done frees the pairs.
 *
 * A pair has the same size, a sharpness within AS_NEAR_SHARPNESS of each other, and difference hashes (as_image_stats)
 * that differ in few bits. How few mean "the same picture" is not the same for every line: parts that all look alike come
 * near by chance. By chance there are more pairs at each further bit; copies stand apart from that tail. So `most` is the
 * largest distance up to which there are at least as many pairs as in the next two, whatever the sharpness of those, and
 * no pair is reported when there is none.
 *
 * Found by multi-index hashing (Norouzi, Punjani and Fleet, CVPR 2012): hashes within r bits are equal in one of
 * r + 1 pieces.
 */
#ifndef AS_INTAKE_NEAR_H
#define AS_INTAKE_NEAR_H

#include "base/vec.h"
#include "catalog/commit.h"

#define AS_NEAR_MOST_BITS 4    /* distances are counted up to here; copies are sought to two less */
#define AS_NEAR_SHARPNESS 0.05 /* of the larger */
#define AS_NEAR_MAX_STEPS ((uint64_t)200 * 1000 * 1000)
#define AS_NEAR_MAX_PAIRS 100000

typedef struct as_near_pair {
    size_t   a, b; /* in the manifest, a < b */
    unsigned bits; /* that differ */
} as_near_pair;

typedef struct as_near_pairs {
    AS_VEC(as_near_pair) at; /* with at most AS_NEAR_MOST_BITS - 2; look at those up to `most` */
    uint64_t n_at[AS_NEAR_MOST_BITS + 1], n_any[AS_NEAR_MOST_BITS + 1]; /* any: of any sharpness */
    int      most;                                                      /* -1: none stands apart from chance */
    uint64_t n;                                                         /* pairs at or below most */
    uint64_t n_hashed;                                                  /* samples that have a hash */
    bool     cut; /* too many comparisons, or pairs: there may be more */
} as_near_pairs;

/* Identical bytes are no pair: the checks that mean them ask for digests. */
AS_CHECK bool as_near_find(const as_manifest *manifest, as_near_pairs *ret, as_err *err);
void          as_near_done(as_near_pairs *pairs);

#endif
