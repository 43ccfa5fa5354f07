/* SPDX-License-Identifier: Apache-2.0 */
/* histogram.h - quantiles of latencies in fixed memory: log-linear buckets, 64 a doubling (relative error at most 1/64).
 *
 * Layer:   watch (may use base/).
 * Threads: one writer; copy it to read elsewhere.
 * Memory:  a plain value of fixed size; no allocation.
 */
#ifndef AS_WATCH_HISTOGRAM_H
#define AS_WATCH_HISTOGRAM_H

#include "base/def.h"

#define AS_HISTOGRAM_BUCKETS 2560 /* to 2^45 ns, 9.7 hours; what is longer counts as that */

typedef struct as_histogram {
    uint64_t n;
    int64_t  min, max;
    double   sum;
    uint64_t count[AS_HISTOGRAM_BUCKETS];
} as_histogram;

void    as_histogram_add(as_histogram *h, int64_t value); /* below 0 counts as 0 */
void    as_histogram_merge(as_histogram *h, const as_histogram *other);
int64_t as_histogram_quantile(const as_histogram *h, double q); /* nearest rank; exact for min and max; 0 if empty */
double  as_histogram_mean(const as_histogram *h);
int64_t as_histogram_bucket_low(size_t bucket); /* smallest value of a bucket, for plots */

#endif
