/* SPDX-License-Identifier: Apache-2.0 */
/* child.h - a peer that is a program of its own: lines to it, lines from it, and memory both see.
 *
 * Layer:   bench.
 * Threads: one thread.
 * Memory:  shared memory lives until bench_child_stop; the child has it as descriptor 3.
 *
 * The child inherits the processor that this process is pinned to. It times its own calls, so that the way there and
 * back is in no figure.
 */
#ifndef BENCH_CHILD_H
#define BENCH_CHILD_H

#include <sys/types.h>

#include "base/str.h"
#include "bench/harness.h"

typedef struct bench_child {
    pid_t  pid; /* 0: not started */
    int    to, from, memory_fd;
    void  *memory;
    size_t memory_bytes;
    as_str line; /* the last answer, without its end */
} bench_child;

/* Only makes the memory, zero-filled; a zeroed bench_child is fine for bench_child_stop. */
AS_CHECK bool bench_child_init(bench_child *child, size_t memory_bytes, as_err *err);

/* argv[0] is looked for in PATH. Waits for the child's first line. */
AS_CHECK bool bench_child_start(bench_child *child, const char *const *argv, as_err *err);

/* A peer in Python, bench/peers/SCRIPT, by BENCH_PYTHON or the system's. */
#define BENCH_PYTHON_MOST 16

typedef struct bench_python {
    const char   *script;
    const char   *needs, *package; /* "numpy", "python3-opencv" */
    const char   *text;            /* its first argument; NULL: none */
    const double *numbers;         /* its other arguments */
    size_t        n_numbers;       /* at most BENCH_PYTHON_MOST */
} bench_python;

/* As bench_child_start. about->peer gets what its first line says up to a comma; *ret_more: the rest, until the next answer.
 * AS_EMISSING when Python, or what the script needs, is not here. */
AS_CHECK bool bench_child_python(bench_child *child, const bench_python *python, bench_about *about,
                                 const char **ret_more, as_err *err);

/* Sends a line and waits for the answer: AS_EEND when the child is gone, AS_ETIMEOUT after 60 s. */
AS_CHECK bool bench_child_ask(bench_child *child, as_err *err, const char *fmt, ...) AS_PRINTF(3, 4);

/* `time FIRST N`, answered by N times. */
AS_CHECK bool bench_child_time(bench_child *child, size_t first, size_t n, double *ret_ns, as_err *err);

void bench_child_stop(bench_child *child);

#endif
