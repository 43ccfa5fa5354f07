/* SPDX-License-Identifier: Apache-2.0 */
/* team.h - steps of training by several threads, the same to the last bit for any number of them. Private to train.
 *
 * Layer:   train.
 * Threads: one thread calls, and works too; the others are the team's own.
 * Memory:  each thread has a net for a slice of AS_TEAM_SLICE pictures, each slice its gradients: some 100 MB a thread
 *          at 192x144, and no more threads than slices. A step allocates nothing of its own.
 *
 * A batch is cut into slices of AS_TEAM_SLICE pictures whatever the number of threads. A thread that is free takes the
 * next slice, from filling in its pictures to its gradients, without waiting for another one; so a thread whose core is
 * shared with another program does fewer of them. Only at the end of a step does the caller wait, for slices begun. It
 * adds their gradients in the order of the slices, not of their ends.
 *
 * Batch norms take the statistics of a slice: "ghost batch normalization" (Hoffer, Hubara and Soudry 2017, "Train
 * longer, generalize better", section 4), which needs no meeting of the threads at each layer. The running statistics, for
 * inference, are those of the whole batch, by the law of total variance. Eight pictures are few for that, and four too
 * few: on X-SDD, macro F1 of the first and third split was 0.977 and 0.965 with eights, 0.954 and 0.951 with fours.
 */
#ifndef AS_TRAIN_TEAM_H
#define AS_TRAIN_TEAM_H

#include "train/net.h"

#define AS_TEAM_SLICE 8u

typedef struct as_team as_team;

/* cfg->batch is the whole batch: up to AS_TEAM_SLICE, or a multiple of it (AS_EINVAL). */
AS_CHECK as_team *as_team_new(const as_net_cfg *cfg, uint32_t threads, as_err *err);
as_team          *as_team_free(as_team *team);

/* The first of its nets: sizes, learned numbers, what decays. */
as_net *as_team_net(as_team *team);

const float *as_team_grads(const as_team *team);
const float *as_team_stats(const as_team *team); /* running; as_net_n_stats of them */

typedef struct as_batch {
    const uint32_t *labels;  /* batch */
    const float    *weights; /* of the classes */
    double          smoothing;
    void (*fill)(void *ctx, size_t i,
                 float *out); /* picture i of the batch, by any thread: channels x height x width */
    void *ctx;
} as_batch;

/* Fills the gradients of the weighted mean of the cross entropies and moves the running statistics. ret_loss is that
 * mean, ret_right how many were classified right. */
AS_CHECK bool as_team_step(as_team *team, const as_batch *batch, double *ret_loss, size_t *ret_right, as_err *err);

#endif
