/* SPDX-License-Identifier: Apache-2.0 */
/* samples.h - versions of many samples without pictures, indexed.
 *
 * Layer:   bench.
 * Threads: one thread.
 * Memory:  bench_samples_close removes the temporary workspace; a zeroed or half-opened one is fine.
 */
#ifndef BENCH_SAMPLES_H
#define BENCH_SAMPLES_H

#include "bench/picture.h"
#include "catalog/catalog.h"

#define BENCH_SAMPLE_NAME_BYTES 32
#define BENCH_SAMPLES_MOST      ((size_t)1000000) /* of one version */

typedef struct bench_samples {
    bench_folder  folder; /* no files: the workspace */
    as_workspace *ws;
    as_catalog   *catalog;
    as_commit    *commits; /* one for each BENCH_SAMPLES_MOST samples */
    size_t        n_commits;
} bench_samples;

/* Sample i is called "%08zu.jpg"; one of four is bad, the splits are even, sharpness is even from 0 to 100. see gets each. */
AS_CHECK bool bench_samples_open(bench_samples *samples, size_t n, void (*see)(void *ctx, size_t i, const as_sample *s),
                                 void *ctx, as_err *err);
void          bench_samples_close(bench_samples *samples);

void bench_sample_name(size_t i, char name[BENCH_SAMPLE_NAME_BYTES]);

#endif
