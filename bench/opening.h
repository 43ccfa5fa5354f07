/* SPDX-License-Identifier: Apache-2.0 */
/* opening.h - a model's file opened in a new process, up to its first result: how long it takes, and what stays in memory.
 *
 * Layer:   bench.
 * Threads: one thread.
 * Memory:  bench_opening_open makes a temporary file, bench_opening_close removes it; a half-opened bench_opening is fine.
 *
 * Each call is a process of its own, this program again. It times itself from before the file is opened: starting a program
 * and loading its libraries are in no figure, of either side.
 */
#ifndef BENCH_OPENING_H
#define BENCH_OPENING_H

#include "bench/child.h"
#include "bench/duel.h"

/* Of a process after its first result, in bytes; /proc/self/status. */
typedef struct bench_memory {
    double peak, resident, own; /* VmHWM, VmRSS, and what of that is no page of a file */
} bench_memory;

typedef struct bench_opening {
    bench_model  model;
    char         dir[64], path[96]; /* "" until it is made */
    double       ns;                /* of the last call */
    bench_memory memory[BENCH_SIDES];
    as_tensor    outputs[BENCH_SIDES];
} bench_opening;

AS_CHECK bool bench_opening_open(bench_opening *load, const bench_net_kind *kind, bench_form form, bench_about *about,
                                 as_err *err);

/* For a bench_workload with a bench_opening as its priv. */
bool bench_opening_compare(void *priv, size_t input, double *ret_difference, as_err *err);
bool bench_opening_ours(void *priv, size_t first, size_t n, double *ret_ns, as_err *err);
bool bench_opening_peer(void *priv, size_t first, size_t n, double *ret_ns, as_err *err);
void bench_opening_close(void *priv);

/* In the new process: its exit status. side: "ours" or "peer". */
int bench_opening_child(const char *side, const char *path);

#endif
