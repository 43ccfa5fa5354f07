/* SPDX-License-Identifier: Apache-2.0 */
/* honeypot.h - how often each person is right where the answer is known.
 *
 * Layer:   intake (may use catalog/, spec/).
 * Threads: one thread.
 * Memory:  as_honeypot_done; names point into the manifest, which must outlive it.
 *
 * The answer is known where somebody else reviewed the label. What counts of a person is what he gave without having seen
 * it (state given). Where he labelled first and the label was merely confirmed, that counts too: a score rests on honest
 * reviews.
 */
#ifndef AS_INTAKE_HONEYPOT_H
#define AS_INTAKE_HONEYPOT_H

#include "base/vec.h"
#include "catalog/commit.h"
#include "catalog/match.h"
#include "spec/interval.h"

typedef struct as_honeypot_person {
    const char *by;
    uint64_t    n, n_right; /* samples; of those with the class that the answer has */
    as_interval interval;   /* exact, of n_right / n */
    as_match    outlines;   /* a: the answers', b: the person's, where both drew something */
} as_honeypot_person;

typedef struct as_honeypot_miss {
    size_t      sample; /* in the manifest */
    const char *by, *said;
} as_honeypot_miss;

typedef struct as_honeypot {
    AS_VEC(as_honeypot_person) people; /* by name */
    AS_VEC(as_honeypot_miss) misses;   /* in the manifest's order */
    uint64_t n_known;                  /* samples with an answer */
} as_honeypot;

/* by: whom, NULL-ended; NULL: all that are no model: and no import:. AS_ENOTFOUND when nobody labelled such a sample. */
AS_CHECK bool as_honeypot_score(const as_manifest *manifest, const char *const *by, double confidence, as_honeypot *ret,
                                as_err *err);
void          as_honeypot_done(as_honeypot *score);

#endif
