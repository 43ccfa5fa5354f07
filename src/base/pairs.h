/* SPDX-License-Identifier: Apache-2.0 */
/* pairs.h - two ways to do the same thing, timed in turn: what a ratio of their speeds rests on.
 *
 * Layer:   base.
 * Threads: one thread.
 * Memory:  as_pairs_run allocates its result, as_pairs_done frees it; the timed part allocates nothing of its own.
 *
 * A pair is two blocks of the same calls, one of each side; their order alternates (A B, B A, ...), so that a machine that
 * slowly becomes faster or slower favours neither. What counts for a block is its median call: a call that the scheduler
 * interrupted is not the code's. The ratio of a pair is the second side's median over the first's: above 1, the first is
 * faster.
 */
#ifndef AS_BASE_PAIRS_H
#define AS_BASE_PAIRS_H

#include "base/progress.h"

#define AS_PAIRS_MAX       10000
#define AS_PAIRS_MIN_SOUND 20 /* below it a ratio is no evidence */

typedef struct as_pairs_cfg {
    size_t n_sides; /* 2; with 1 there is no ratio */
    size_t pairs;
    as_ns  block_ns;    /* about how long a block of the slower side takes */
    as_ns  warm_ns;     /* how long each side runs before anything counts */
    size_t calls;       /* in a block, of calls that are long themselves; 0: as many as fill it, at least least_calls */
    size_t least_calls; /* 0: 5 */
    as_ns (*now)(void); /* monotonic */
    bool               keep;     /* the time of each call too */
    const as_progress *progress; /* stops between blocks; may be NULL */
} as_pairs_cfg;

typedef struct as_band {
    double low, median, high; /* 10, 50, 90 % */
} as_band;

typedef struct as_pair {
    bool   swapped;                               /* the second side ran first */
    double median_ns[2], mean_ns[2], worst_ns[2]; /* of the calls of its block */
    double ratio;
} as_pair;

typedef struct as_pairs {
    size_t   calls; /* in a block */
    size_t   n;
    as_pair *at;
    as_band  ratio, ns[2]; /* over the pairs */
    double  *times[2];     /* with keep: n * calls of each side, in the order they ran; else NULL */
} as_pairs;

/* n calls of a side, the number `first` and those after it; how long each took into ret_ns. */
typedef bool (*as_pairs_block)(void *ctx, int side, size_t first, size_t n, double *ret_ns, as_err *err);

/* Warms up, then measures. AS_EINVAL: no such number of pairs; AS_EINTERNAL: a call is too short for the clock. */
AS_CHECK bool as_pairs_run(const as_pairs_cfg *cfg, as_pairs_block block, void *ctx, as_pairs *ret, as_err *err);
void          as_pairs_done(as_pairs *pairs);

/* The q-quantile of n > 0 values, which it sorts: linear between order statistics (type 7 of Hyndman and Fan 1996). */
double  as_quantile_of(double *values, size_t n, double q);
as_band as_band_of(double *values, size_t n); /* sorts */

#endif
