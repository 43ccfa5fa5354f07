/* SPDX-License-Identifier: Apache-2.0 */
/* harness.h - our side of a workload and its peer, measured in turn: what a ratio rests on.
 *
 * Layer:   above all modules; no program of a user is linked from it.
 * Threads: one thread calls; it and what it starts should be pinned to one processor before a workload is opened.
 * Memory:  bench_measure allocates its result; the timed part allocates nothing of its own.
 *
 * A workload is one file in workloads/ and one row in meson.build. How its sides are measured is written in base/pairs.h;
 * the ratio is the peer's time over ours: above 1, ours is faster.
 */
#ifndef BENCH_HARNESS_H
#define BENCH_HARNESS_H

#include "base/clock.h"
#include "base/pairs.h"

enum { BENCH_OURS, BENCH_PEER, BENCH_SIDES };

/* Filled by a workload when it is opened, but for n_pairs. */
typedef struct bench_about {
    size_t n_pairs;       /* that will be measured: with few of them, which are no evidence, blocks may be short */
    char   peer[128];     /* name and version, as the peer itself says it: "ONNX Runtime 1.30.0" */
    char   note[256];     /* what else a reader must know: sizes, settings */
    size_t n_inputs;      /* at least 1; calls go through them in turn */
    double tolerance;     /* by how much the two sides' outputs may differ */
    size_t calls;         /* in a block, of calls that are long themselves; 0: as many as fill the block */
    bool all_processors;  /* both sides may use all of them (bench_machine_unpin), as the programs do for their users */
    double flop_per_call; /* arithmetic the definition needs; 0: does not apply */
    bool   int8;          /* it is that of whole numbers of 8 bits */
    double megabytes;     /* a call moves; 0: does not apply */
} bench_about;

typedef struct bench_workload {
    const char *id, *summary;
    size_t      priv_size; /* allocated and zeroed by bench_measure */
    /* AS_EMISSING, with the remedy, when the peer is not here. */
    bool (*open)(void *priv, bench_about *ret_about, as_err *err);
    /* Runs both sides on one input: the largest difference of their outputs. */
    bool (*compare)(void *priv, size_t input, double *ret_difference, as_err *err);
    /* Before each call of a side, in no figure; or NULL. A new folder, what the other side left to write. */
    bool (*before)(void *priv, int side, as_err *err);
    bool (*run[BENCH_SIDES])(void *priv, size_t input, as_err *err);
    /* Instead of run[side], of a side in another process: n calls from input `first` on, timed there. */
    bool (*block[BENCH_SIDES])(void *priv, size_t first, size_t n, double *ret_ns, as_err *err);
    /* Makes it stand in its i-th other setting, of which the ratio is shown beside the figure; about may change. *ret_name
     * stays NULL past the last. Or NULL: there is none. */
    bool (*beside)(void *priv, size_t i, bench_about *about, const char **ret_name, as_err *err);
    void (*close)(void *priv); /* must accept a half-opened priv */
} bench_workload;

const bench_workload *bench_workload_at(size_t i); /* NULL past the last row */
const bench_workload *bench_workload_find(const char *id, as_err *err);

typedef struct bench_cfg {
    size_t pairs;
    as_ns  block_ns;    /* about how long a block of the slower side takes */
    as_ns  warm_ns;     /* how long each side runs before anything counts */
    as_ns (*now)(void); /* monotonic */
} bench_cfg;

#define BENCH_MIN_PAIRS AS_PAIRS_MIN_SOUND
#define BENCH_MAX_PAIRS AS_PAIRS_MAX

bench_cfg bench_cfg_default(void);

/* How large a workload is to be: BENCH_SIZE, or preset. AS_EINVAL for what is no number from 1 to most. */
AS_CHECK bool bench_size(size_t preset, size_t most, size_t *ret, as_err *err);

#define BENCH_MOST_BESIDE 8

/* Another setting of the same workload, by an eighth of the pairs, at least five; by one where the figure is no evidence. */
typedef struct bench_beside {
    const char *name;
    size_t      n_pairs;
    as_band     ratio, ns[BENCH_SIDES];
} bench_beside;

typedef struct bench_result {
    const bench_workload *workload;
    bench_about           about;
    double                difference; /* the largest seen */
    size_t                calls;      /* in a block */
    size_t                n_pairs;
    as_pair              *pairs;                  /* swapped: the peer ran first */
    as_band               ratio, ns[BENCH_SIDES]; /* over the pairs */
    size_t                n_beside;
    bench_beside          beside[BENCH_MOST_BESIDE];
} bench_result;

/* Opens, compares the outputs for every input, and only then warms up and measures. AS_EINTERNAL when outputs differ by
 * more than the tolerance or are no numbers: nothing was timed then. */
AS_CHECK bool bench_measure(const bench_workload *workload, const bench_cfg *cfg, bench_result *ret, as_err *err);
void          bench_result_done(bench_result *result);

#endif
