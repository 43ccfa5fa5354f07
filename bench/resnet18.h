/* SPDX-License-Identifier: Apache-2.0 */
/* resnet18.h - a network of the shape of ResNet-18 (He et al. 2016, table 1), made here: random filters, and a last layer
 * that tells drawn pictures apart by the means of their features; in floats, and quantised by our own quantiser.
 *
 * Layer:   bench.
 * Threads: one thread.
 * Memory:  bench_resnet18_make allocates, bench_resnet18_done frees.
 */
#ifndef BENCH_RESNET18_H
#define BENCH_RESNET18_H

#include "base/str.h"
#include "graph/graph.h"

enum { RESNET_SIDE = 224, RESNET_CLASSES = 1000, RESNET_DRAWN = 16 };
#define RESNET_VALUES ((size_t)3 * RESNET_SIDE * RESNET_SIDE)

typedef struct bench_resnet18 {
    as_str floats, whole; /* the models */
    double flop;          /* multiplications and additions of one picture, without padding */
} bench_resnet18;

AS_CHECK bool bench_resnet18_make(bench_resnet18 *net, as_err *err);
void          bench_resnet18_done(bench_resnet18 *net);

/* A picture of one of the RESNET_DRAWN classes, normalised; out: RESNET_VALUES numbers, channels first. */
void bench_resnet18_draw(uint64_t seed, uint32_t label, float *out);

#endif
