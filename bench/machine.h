/* SPDX-License-Identifier: Apache-2.0 */
/* machine.h - what was measured on, and holding the process to one processor.
 *
 * Layer:   bench.
 * Threads: one thread; bench_machine_pin before any other is started, so that they inherit it.
 * Memory:  plain values.
 */
#ifndef BENCH_MACHINE_H
#define BENCH_MACHINE_H

#include "base/clock.h"
#include "base/err.h"

typedef struct bench_machine {
    char     model[128], features[512], system[256], compiler[128], build_type[64];
    char     when[AS_CLOCK_TEXT_BYTES];
    unsigned processors;  /* of the machine */
    int      pinned_to;   /* the one both sides ran on */
    double   load;        /* of the last minute when it began: above 1 a processor, others were at work */
    uint64_t preemptions; /* of this process, up to bench_machine_look */
    double   peak_flops;  /* multiply-adds of f32 that one processor was seen to do a second, times two */
    double   peak_int8;   /* the same of u8 by i8, with the widest instructions that may be used */
} bench_machine;

/* cpu: -1 chooses the last one this process may run on. AS_EINVAL for one it may not. */
AS_CHECK bool bench_machine_pin(int cpu, int *ret_cpu, as_err *err);

/* Back to the processors that were allowed before bench_machine_pin; what was pinned is pinned again by the next call. */
AS_CHECK bool bench_machine_unpin(as_err *err);

void bench_machine_look(bench_machine *machine, int pinned_to);

#endif
