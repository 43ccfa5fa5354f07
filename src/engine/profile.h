/* SPDX-License-Identifier: Apache-2.0 */
/* profile.h - what each step of an engine does, by which implementation, how long it takes, and whether it is a slow way.
 *
 * Layer:   engine (may use base/, image/, tensor/, graph/).
 * Threads: as engine.h.
 * Memory:  texts belong to the engine.
 *
 * Only of an engine made with as_engine_cfg.profile: others remember nothing of it. A run is not changed by it; the clock is
 * read between steps in as_engine_profile_run alone.
 */
#ifndef AS_ENGINE_PROFILE_H
#define AS_ENGINE_PROFILE_H

#include "engine/engine.h"

/* Why a step is off the fast path. */
typedef enum as_slow {
    AS_SLOW_NONE, /* it is not */
    AS_SLOW_REFERENCE,
    AS_SLOW_GROUPS,
    AS_SLOW_IM2COL,
    AS_SLOW_PLAIN,
    AS_SLOW_DOUBLE,
    AS_SLOW_HALF,
    AS_SLOW_REORDER,
    AS_SLOW_OUTPUT_ORDER,
    AS_SLOW_UNFUSED,
    AS_SLOW_COUNT
} as_slow;

const char *as_slow_name(as_slow slow);   /* one word, for programs: "reference", "reorder"; "" for none */
const char *as_slow_reason(as_slow slow); /* what it is, for people */
const char *as_slow_advice(as_slow slow); /* what to change */

typedef struct as_engine_step {
    const char *name;  /* of the node whose work it is, or of its output where it has no name */
    const char *op;    /* "Conv"; "Reorder" for what stands between layers */
    const char *fused; /* the operators that are done with it: "BatchNormalization, Relu"; "" */
    const char *how;   /* "jit:avx2", "jit_wino_4x3:avx2", "ref:any", "plain C" */
    as_dtype    dtype; /* of what it reads first */
    uint64_t    read_bytes, write_bytes, n_multiplies;
    bool        is_int8; /* its products are of whole numbers */
    as_slow     slow;
} as_engine_step;

size_t as_engine_n_steps(const as_engine *engine);
/* False past the last, and of an engine without a profile. */
AS_CHECK bool as_engine_step_at(const as_engine *engine, size_t i, as_engine_step *ret);

/* As as_engine_run; the time of each step into ret_ns. */
AS_CHECK bool as_engine_profile_run(as_engine *engine, const as_tensor *inputs, as_tensor *outputs, double *ret_ns,
                                    as_err *err);

#endif
