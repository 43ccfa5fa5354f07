/* SPDX-License-Identifier: Apache-2.0 */
/* rng.h - repeatable random numbers: xoshiro256** (Blackman and Vigna 2018) seeded by splitmix64.
 *
 * Layer:   base.
 * Threads: an as_rng belongs to one thread; as_rng_stream() gives each item its own, so that results do not depend on
 *          the number of threads.
 * Memory:  a plain value.
 */
#ifndef AS_BASE_RNG_H
#define AS_BASE_RNG_H

#include "base/def.h"

typedef struct as_rng {
    uint64_t s[4];
    double   spare; /* second normal of a pair */
    bool     has_spare;
} as_rng;

as_rng   as_rng_new(uint64_t seed);
as_rng   as_rng_stream(uint64_t seed, uint64_t stream); /* independent for each (seed, stream) */
uint64_t as_rng_u64(as_rng *rng);
uint64_t as_rng_below(as_rng *rng, uint64_t n);                      /* [0, n), unbiased; n > 0 */
double   as_rng_unit(as_rng *rng);                                   /* [0, 1), 53 bits */
double   as_rng_range(as_rng *rng, double low, double high);         /* [low, high) */
double   as_rng_normal(as_rng *rng);                                 /* mean 0, deviation 1 (polar method) */
uint32_t as_rng_poisson(as_rng *rng, double mean);                   /* normal approximation above 30 */
void     as_rng_shuffle_u32(as_rng *rng, uint32_t *items, size_t n); /* Fisher-Yates */

#endif
