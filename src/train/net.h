/* SPDX-License-Identifier: Apache-2.0 */
/* net.h - the compact residual network while it learns: forward, loss, backward. Private to train.
 *
 * Layer:   train.
 * Threads: one thread at a time for each as_net, which it alone works; nets that share their learned numbers may run
 *          at once while nobody changes these.
 * Memory:  all allocated by as_net_new for one batch size; a step allocates nothing of its own.
 *
 * Convolutions without bias, each followed by a batch norm (Ioffe and Szegedy 2015); basic residual blocks (He et al.
 * 2015) behind a maximum over 2x2, so that every 3x3 but the first has stride 1, where Winograd's algorithm applies. All learned numbers stand in one row-major array, so that an
 * optimiser sees a vector.
 */
#ifndef AS_TRAIN_NET_H
#define AS_TRAIN_NET_H

#include "base/rng.h"
#include "engine/prim.h"
#include "graph/graph.h"

typedef struct as_net_cfg {
    uint64_t seed;
    uint32_t width, height, channels, n_classes, batch;
    double   width_factor;
    float
        *params; /* learned numbers of another net of the same seed and sizes, which outlives this one; NULL: its own */
} as_net_cfg;

typedef struct as_net as_net;

AS_CHECK as_net *as_net_new(const as_net_cfg *cfg, as_err *err);
as_net          *as_net_free(as_net *net);

/* Learned numbers and their gradients; what weight decay applies to. */
size_t       as_net_n_params(const as_net *net);
float       *as_net_params(as_net *net);
const float *as_net_grads(const as_net *net);
const bool  *as_net_decays(const as_net *net);

/* Means and biased variances that the batch norms took of the last batch. */
size_t       as_net_n_stats(const as_net *net);
const float *as_net_stats(const as_net *net);

/* batch x channels x height x width, to be filled before a step. */
float *as_net_input(as_net *net);

typedef struct as_loss {
    const uint32_t *labels;  /* batch */
    const float    *weights; /* of the classes */
    double          smoothing;
    double          total; /* weight of all samples of the mean, of which this batch may be a part */
} as_loss;

/* Takes over what the learned numbers are now; to be called before the first step and after each change. */
AS_CHECK bool as_net_refresh(as_net *net, as_err *err);

/* Forward and backward over one batch: fills the statistics and the gradients of the weighted mean of the cross
 * entropies. ret_loss is this batch's share of that mean, ret_right how many were classified right. */
AS_CHECK bool as_net_step(as_net *net, const as_loss *loss, double *ret_loss, size_t *ret_right, as_err *err);

/* The network for inference with these numbers: batch norms folded into the convolutions, softmax behind. */
AS_CHECK as_graph *as_net_graph(const as_net *net, const float *params, const float *stats, as_err *err);

/* One convolution with its batch norm, or a maximum over 2x2; export.c reads it. */
typedef struct as_unit {
    bool     pool;     /* only src, c_in and c_out mean something */
    int32_t  src, add; /* value ids: 0 is the input, i + 1 the output of unit i; add -1: nothing is added */
    bool     relu;     /* at the end */
    uint32_t c_in, c_out, kernel, stride;
    size_t   weights, scale, shift, mean, variance; /* where in params and stats */
    size_t   n_values;                              /* of a channel in a batch: what mean and variance are over */
} as_unit;

size_t            as_net_n_units(const as_net *net);
const as_unit    *as_net_unit(const as_net *net, size_t i);
const as_net_cfg *as_net_get_cfg(const as_net *net);
size_t as_net_linear(const as_net *net, uint32_t *ret_features); /* where its weights are; the bias is behind */

#endif
