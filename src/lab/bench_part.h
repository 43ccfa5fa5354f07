/* SPDX-License-Identifier: Apache-2.0 */
/* bench_part.h - what measuring a model is made of. Private to lab's bench files.
 *
 * Layer:   lab.
 * Threads: one thread.
 * Memory:  as_bench_inputs_done frees.
 */
#ifndef AS_LAB_BENCH_PART_H
#define AS_LAB_BENCH_PART_H

#include "lab/bench.h"

typedef struct as_bench_inputs {
    as_tensor *sets[AS_BENCH_INPUTS]; /* each of n tensors */
    size_t     n, n_images;
} as_bench_inputs;

/* Random numbers from a fixed seed, or pictures of cfg->images, as the model says that it wants them. */
AS_CHECK bool as_bench_inputs_make(const uint8_t *model, size_t n, const char *name, const as_bench_cfg *cfg,
                                   as_bench_inputs *ret, as_err *err);
void          as_bench_inputs_done(as_bench_inputs *inputs);

/* In a child process: memory and time of the way to the first result. What goes wrong there is left to the session that is
 * opened here. */
void as_bench_start(const uint8_t *model, size_t n, const char *name, const as_session_cfg *cfg,
                    const as_bench_inputs *inputs, const as_progress *progress, as_bench_side *side);

/* The engine's steps, timed, held against the peaks. */
AS_CHECK bool as_bench_steps(const uint8_t *model, size_t n, const char *name, const as_bench_inputs *inputs,
                             as_bench *bench, as_err *err);

#endif
