/* SPDX-License-Identifier: Apache-2.0 */
/* peak.h - what this processor was seen to do at best: the roof over every layer's speed, with the instructions that
 * may be used (base/isa.h).
 *
 * Layer:   engine (may use base/).
 * Threads: any thread; it starts its own.
 * Memory:  as_peak_measure allocates up to AS_PEAK_MOST_BYTES for a moment.
 *
 * The roofline model (Williams, Waterman and Patterson 2009): a layer of f operations over b bytes takes no less than
 * max(f / peak, b / bandwidth). Bandwidth is that of reading a piece of memory of the layer's size again and again, so that
 * a layer that fits a cache is held against the cache.
 */
#ifndef AS_ENGINE_PEAK_H
#define AS_ENGINE_PEAK_H

#include "base/err.h"

#define AS_PEAK_LEVELS     6
#define AS_PEAK_MOST_BYTES ((size_t)128 << 20)

typedef struct as_peak_level {
    size_t bytes; /* of all threads together */
    double bytes_per_s;
} as_peak_level;

typedef struct as_peak {
    uint32_t      threads;
    double        flops;                  /* f32: multiplications and additions a second */
    double        int8_ops;               /* the same of u8 by i8 in sums of 32 bits */
    as_peak_level levels[AS_PEAK_LEVELS]; /* from a small piece to one that no cache holds */
} as_peak;

/* Fused multiply-adds of f32 from registers, on one processor, times two; the best of several short runs. */
double as_peak_flops(void);
/* The same of u8 by i8 in sums of 32 bits, with the instructions that may be used. */
double as_peak_int8(void);

/* All of it, on so many threads at once (1 to 256). Takes some 0.2 s. */
AS_CHECK bool as_peak_measure(uint32_t threads, as_peak *ret, as_err *err);

/* The bandwidth of the smallest piece that has room for so many bytes, and of the largest. */
double as_peak_bandwidth(const as_peak *peak, double n_bytes);
double as_peak_memory(const as_peak *peak);

/* The least seconds that a layer of so many operations over so many bytes can take. */
double as_peak_seconds(const as_peak *peak, double n_ops, double n_bytes, bool is_int8);

#endif
