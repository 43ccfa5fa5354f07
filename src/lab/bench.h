/* SPDX-License-Identifier: Apache-2.0 */
/* bench.h - how fast a model runs here: our engine and another back end in turn, and what each layer takes.
 *
 * Layer:   lab.
 * Threads: one thread calls; what is measured starts its own.
 * Memory:  as_bench_done frees what as_bench_run made; texts of steps belong to its engine.
 *
 * Both sides get the same inputs in one process, and their outputs are compared before anything is timed. Memory and the
 * time from a file's bytes to the first result are those of a process of its own for each side.
 */
#ifndef AS_LAB_BENCH_H
#define AS_LAB_BENCH_H

#include "base/json.h"
#include "base/pairs.h"
#include "engine/peak.h"
#include "engine/profile.h"
#include "infer/infer.h"

#define AS_BENCH_SIDES      2
#define AS_BENCH_INPUTS     4 /* different ones; calls go through them in turn */
#define AS_BENCH_MAX_IMAGES 64

typedef struct as_bench_cfg {
    const char        *backends[AS_BENCH_SIDES]; /* the first is what the ratio is of; the second may be NULL: alone */
    const char        *images;                   /* a folder of pictures; NULL: random numbers */
    uint32_t           threads;                  /* 0: 1 */
    int64_t            batch;                    /* 0: 1 */
    as_floats          precision;                /* of native */
    size_t             pairs;                    /* 0: AS_PAIRS_MIN_SOUND */
    double             seconds;                  /* of measuring, all pairs together; 0: 8 */
    as_ns              warm_ns;                  /* 0: 300 ms */
    const as_progress *progress;
} as_bench_cfg;

typedef struct as_bench_side {
    char     backend[96], about[256];
    bool     runs;
    as_err   why;                       /* it does not */
    size_t   n_runs;                    /* the quantiles rest on */
    double   p50, p90, p99, p999, mean; /* seconds; NAN where there were too few runs to say */
    double   per_second;                /* pictures, or whatever the batch is of */
    bool     has_start;
    double   start_seconds; /* from the file's bytes to the first result */
    uint64_t start_bytes;   /* resident memory that this took */
} as_bench_side;

typedef struct as_bench_output {
    char     name[128];
    as_dtype dtype;
    as_shape shape;
    double   difference;         /* the largest, over the largest number of the other side */
    size_t   n_rows, n_same_top; /* of an output of one number a class: rows, and where both have the same largest */
} as_bench_output;

typedef struct as_bench_step {
    as_engine_step step;
    double         seconds, share;            /* the median run's; of all steps */
    double         n_ops, n_bytes, intensity; /* intensity: operations a byte */
    double         ops_per_s, bytes_per_s;
    double         of_roof; /* the least time there is over the time it takes: 1 is as fast as can be */
} as_bench_step;

/* What is off the fast path, all of one reason together. */
typedef struct as_bench_slow {
    as_slow     slow;
    size_t      n_steps;
    double      share;
    const char *worst, *op; /* the step that takes longest */
} as_bench_slow;

typedef struct as_bench {
    as_bench_cfg    cfg; /* with defaults filled in */
    as_bench_side   sides[AS_BENCH_SIDES];
    size_t          n_sides; /* that were asked for */
    int             first;   /* the side that ran when one did alone, or 0 */
    as_pairs        pairs;   /* ratio: NAN alone */
    as_bench_output outputs[8];
    size_t          n_outputs, n_more_outputs; /* 0: nothing to compare */
    size_t          n_images;                  /* fed; 0: random numbers */
    as_engine      *engine;                    /* NULL: the native engine does not run it */
    as_bench_step  *steps;
    size_t          n_steps, n_step_runs;
    double          step_seconds, n_ops; /* all of them */
    as_bench_slow   slow[AS_SLOW_COUNT]; /* by share */
    size_t          n_slow;
    double          fast_share;
    as_peak         peak;
    as_ns           when_utc;
    double          load; /* of the machine in the minute before; -1: not known */
} as_bench;

/* AS_EINVAL, or what the first back end says when none runs the model. One that is missing or refuses it says so in its
 * side. */
AS_CHECK bool as_bench_run(const uint8_t *model, size_t n, const char *name, const as_bench_cfg *cfg, as_bench *ret,
                           as_err *err);
void          as_bench_done(as_bench *bench);

/* All of it for programs; NULL is out of memory. */
json_t *as_bench_json(const as_bench *bench, const char *model, size_t model_bytes);

/* One self-contained page. */
void as_bench_page(const as_bench *bench, const char *model, size_t model_bytes, as_str *out);

#endif
