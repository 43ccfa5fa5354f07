/* SPDX-License-Identifier: Apache-2.0 */
#include "watch/histogram.h"

#include <math.h>

#define HISTOGRAM_LINEAR      64 /* buckets a doubling; below it a bucket is one value */
#define HISTOGRAM_LINEAR_BITS 6

static size_t histogram_bucket(int64_t value)
{
    uint64_t v = value < 0 ? 0 : (uint64_t)value;
    if (v < HISTOGRAM_LINEAR)
        return (size_t)v;
    unsigned shift = 63u - (unsigned)__builtin_clzll(v) - HISTOGRAM_LINEAR_BITS;
    size_t   bucket = (size_t)shift * HISTOGRAM_LINEAR + (size_t)(v >> shift);
    return AS_MIN(bucket, (size_t)AS_HISTOGRAM_BUCKETS - 1);
}

int64_t as_histogram_bucket_low(size_t bucket)
{
    bucket = AS_MIN(bucket, (size_t)AS_HISTOGRAM_BUCKETS);
    if (bucket < 2 * HISTOGRAM_LINEAR)
        return (int64_t)bucket;
    size_t shift = bucket / HISTOGRAM_LINEAR - 1;
    return (int64_t)((bucket - shift * HISTOGRAM_LINEAR) << shift);
}

void as_histogram_add(as_histogram *h, int64_t value)
{
    if (value < 0)
        value = 0;
    h->min = h->n == 0 ? value : AS_MIN(h->min, value);
    h->max = h->n == 0 ? value : AS_MAX(h->max, value);
    h->n++;
    h->sum += (double)value;
    h->count[histogram_bucket(value)]++;
}

void as_histogram_merge(as_histogram *h, const as_histogram *other)
{
    if (other->n == 0)
        return;
    h->min = h->n == 0 ? other->min : AS_MIN(h->min, other->min);
    h->max = h->n == 0 ? other->max : AS_MAX(h->max, other->max);
    h->n += other->n;
    h->sum += other->sum;
    for (size_t i = 0; i < AS_HISTOGRAM_BUCKETS; i++)
        h->count[i] += other->count[i];
}

/* Nearest rank: the value of rank ceil(q n), counted from 1. */
static uint64_t histogram_rank(uint64_t n, double q)
{
    if (!(q > 0)) /* NaN too */
        return 1;
    double rank = ceil(q * (double)n);
    return rank >= (double)n ? n : AS_MAX((uint64_t)rank, (uint64_t)1);
}

int64_t as_histogram_quantile(const as_histogram *h, double q)
{
    if (h->n == 0)
        return 0;
    uint64_t rank = histogram_rank(h->n, q), seen = 0;
    if (rank == 1)
        return h->min;
    if (rank == h->n)
        return h->max;
    size_t bucket = 0;
    while (bucket < AS_HISTOGRAM_BUCKETS - 1 && (seen += h->count[bucket]) < rank)
        bucket++;
    if (bucket == AS_HISTOGRAM_BUCKETS - 1) /* has no upper end: its largest value is the safe answer */
        return h->max;
    int64_t low = as_histogram_bucket_low(bucket), high = as_histogram_bucket_low(bucket + 1) - 1;
    int64_t middle = low + (high - low) / 2;
    return AS_MAX(h->min, AS_MIN(h->max, middle));
}

double as_histogram_mean(const as_histogram *h)
{
    return h->n ? h->sum / (double)h->n : 0;
}
