/* SPDX-License-Identifier: Apache-2.0 */
/* next.h - which pictures to label next, and what a model would say of them.
 *
 * Layer:   lab.
 * Threads: one thread calls; all cores work.
 * Memory:  the scores of all candidates while a call runs; results on the heap.
 *
 * Candidates are the samples that nobody labelled (a model's proposal does not count), outside the test and validation
 * splits: what is chosen by a model is no fair draw, and nothing may be judged by it.
 */
#ifndef AS_LAB_NEXT_H
#define AS_LAB_NEXT_H

#include "lab/score.h"
#include "store/run.h"

typedef enum as_next_by {
    AS_NEXT_NONE,
    AS_NEXT_UNCERTAIN, /* least difference between the two likeliest classes (margin sampling: Scheffer, Decomain and
                          Wrobel 2001), and none that looks like one chosen before it */
    AS_NEXT_RANDOM,    /* what uncertainty must beat */
    AS_NEXT_COUNT
} as_next_by;

const char *as_next_name(as_next_by by); /* "uncertain", "random" */
as_next_by  as_next_parse(const char *name);

typedef struct as_next {
    uint32_t sample; /* index into the dataset */
    uint32_t class;  /* the likeliest, index into the spec's classes */
    double p;        /* its probability */
    double margin;   /* to the second; 0 to 1 */
} as_next;

/* Up to n of them, the most telling first. *ret_n_candidates: how many there were. AS_ENOTFOUND when there is none. */
AS_CHECK bool as_next_choose(const as_dataset *dataset, const as_spec *spec, const as_run *run, as_next_by by, size_t n,
                             uint64_t seed, const as_session_cfg *cfg, const as_progress *progress, as_next **ret,
                             size_t *ret_n, size_t *ret_n_candidates, as_err *err);

#endif
