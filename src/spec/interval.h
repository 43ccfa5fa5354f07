/* SPDX-License-Identifier: Apache-2.0 */
/* interval.h - how sure a measured rate is, and how many parts would make it sure.
 *
 * Layer:   spec.
 * Threads: immutable; pure functions.
 * Memory:  none.
 */
#ifndef AS_SPEC_INTERVAL_H
#define AS_SPEC_INTERVAL_H

#include "base/def.h"

typedef struct as_interval {
    double low, high;
} as_interval;

/* Clopper-Pearson (Biometrika 26, 1934): exact two-sided interval of k successes in n at confidence, through the beta
 * quantile. n = 0 gives [0, 1]. Where successes and failures both exceed 10^9 it is Wilson's (less than 1e-9 apart). */
as_interval as_interval_rate(uint64_t k, uint64_t n, double confidence);

/* One-sided exact bounds at confidence: the rate is at least / at most this. */
double as_interval_rate_low(uint64_t k, uint64_t n, double confidence);
double as_interval_rate_high(uint64_t k, uint64_t n, double confidence);

/* Wilson's score interval (J. Am. Stat. Assoc. 22, 1927), two-sided. */
as_interval as_interval_wilson(uint64_t k, uint64_t n, double confidence);

/* The smallest number of further samples, at the error rate seen so far (whole errors, rounded up), whose one-sided bound
 * proves rate >= target (at_least) or rate <= target. With n = 0: as many as prove it without a single error. 0: proven
 * now. UINT64_MAX: the rate seen is not better than the target, or so little that 10^11 more would not do. */
uint64_t as_interval_more_needed(uint64_t k, uint64_t n, double target, bool at_least, double confidence);

/* Rank (1-based, of n sorted values) of the one-sided upper confidence bound of quantile q by order statistics; 0 when n is
 * too small to give one (ln(1 - confidence) / ln q are needed). */
uint64_t as_interval_quantile_rank(uint64_t n, double q, double confidence);
uint64_t as_interval_quantile_min_n(double q, double confidence);

double as_beta_quantile(double p, double a, double b); /* inverse of the regularised incomplete beta function */
double as_beta_cdf(double x, double a, double b);      /* continued fraction (Lentz 1976) */
double as_normal_quantile(double p);

#endif
