/* SPDX-License-Identifier: Apache-2.0 */
/* next_job.h - what the methods of choosing share. For the files next*.c only.
 *
 * Layer:   lab.
 * Threads: one thread calls.
 * Memory:  the job's; what next_features gives is done with as_features_done.
 */
#ifndef AS_LAB_NEXT_JOB_H
#define AS_LAB_NEXT_JOB_H

#include "lab/features.h"
#include "lab/next.h"

struct as_next_job {
    const as_dataset  *dataset;
    const as_spec     *spec;
    const as_next_cfg *cfg;
    uint32_t          *candidates;
    size_t             n_candidates;
    as_next           *chosen; /* room for all candidates, and what is mixed in */
    size_t             n;      /* to choose; at most n_candidates */
    bool               scored; /* chosen have class, p and margin already */
};

/* What run says of samples[n]: ret[i * n_classes + c], classes in the spec's order. Heap. */
AS_CHECK bool as_next_probabilities(const as_next_job *job, const as_run *run, const uint32_t *samples, size_t n,
                                    const as_progress *progress, double **ret, as_err *err);

/* The first of these runs whose model has a feature map: features of samples[n], each column at mean 0 and deviation 1 over
 * them. Heap. */
AS_CHECK bool as_next_features(const as_next_job *job, const uint32_t *samples, size_t n, const as_progress *progress,
                               double **ret, uint32_t *ret_width, as_err *err);

/* Class, p and margin of a row of probabilities. */
void as_next_tell(const as_next_job *job, const double *p, as_next *ret);

/* The first n of at[n_all] in its order, into the job's chosen; those that look like one before come last. */
void as_next_spread(as_next_job *job, const as_next *at, size_t n_all);

/* Labelled training samples: indices into the dataset, and their classes. Heap, n may be 0. */
AS_CHECK bool as_next_labelled(const as_next_job *job, uint32_t **ret, uint32_t **ret_labels, size_t *ret_n,
                               as_err *err);

/* Mixes in cfg's n_known and n_again. *n: of chosen. */
AS_CHECK bool as_next_mix(as_next_job *job, size_t *n, as_err *err);

#endif
