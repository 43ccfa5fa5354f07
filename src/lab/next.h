/* SPDX-License-Identifier: Apache-2.0 */
/* next.h - which pictures to label next, and what a model would say of them.
 *
 * Layer:   lab.
 * Threads: one thread calls; all cores work.
 * Memory:  the scores or features of all candidates while a call runs; results on the heap.
 *
 * Candidates are the samples that nobody labelled (a model's proposal does not count), outside the test and validation
 * splits: what is chosen by a model is no fair draw, and nothing may be judged by it. A method is one file,
 * next_<name>.c, and one row in src/lab/meson.build.
 */
#ifndef AS_LAB_NEXT_H
#define AS_LAB_NEXT_H

#include "lab/score.h"
#include "store/run.h"

typedef struct as_next {
    uint32_t sample;           /* index into the dataset */
    uint32_t class;            /* the likeliest, index into the spec's classes */
    double p;                  /* its probability; NAN where no model was asked */
    double margin;             /* to the second; 0 to 1 */
    double value;              /* the method's own measure; NAN: it has none, or the sample is mixed in */
    bool   is_known, is_again; /* mixed in: its answer is known, or somebody else labelled it */
} as_next;

typedef struct as_next_job as_next_job; /* next_job.h */

typedef struct as_next_method {
    const char *name, *summary;
    const char *measure; /* heading of `value`; NULL: none */
    size_t      n_runs;  /* that it needs at least */
    /* Fills the job's chosen ones: sample and value, the most telling first. */
    bool (*choose)(as_next_job *job, const as_progress *progress, as_err *err);
} as_next_method;

const as_next_method *as_next_method_at(size_t i); /* NULL past the last row */
const as_next_method *as_next_method_find(const char *name);

typedef struct as_next_cfg {
    const as_next_method *method;
    const as_run         *runs; /* whose models are asked; the first one's answer is told */
    size_t                n_runs;
    size_t                n; /* how many to choose */
    uint64_t              seed;
    const char           *who;     /* who will label them: mixed in is only what he did not say anything about */
    size_t                n_known; /* mixed in, at places of their own drawing: reviewed by somebody else */
    size_t                n_again; /* given by somebody else: so that agreement can be told */
    const as_session_cfg *session; /* may be NULL */
} as_next_cfg;

/* Up to n of them, the most telling first. *ret_n_candidates: how many there were. AS_ENOTFOUND when there is none, or fewer
 * than n_known or n_again of those to mix in. */
AS_CHECK bool as_next_choose(const as_dataset *dataset, const as_spec *spec, const as_next_cfg *cfg,
                             const as_progress *progress, as_next **ret, size_t *ret_n, size_t *ret_n_candidates,
                             as_err *err);

#endif
