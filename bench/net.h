/* SPDX-License-Identifier: Apache-2.0 */
/* net.h - networks of known shape, made here: random filters, with the statistics that training leaves behind.
 *
 * Layer:   bench.
 * Threads: one thread.
 * Memory:  bench_model_make allocates, bench_model_done frees. The flow of a network is freed by what consumes it.
 *
 * A network is one file in nets/ and one row in meson.build. Its body is written layer by layer, as in a training framework;
 * what a few drawn pictures become is computed along with it, so that each convolution has the mean and the deviation that
 * batch normalisation would have given it, folded into its weights and bias as exporters do (He et al. 2015 for the start).
 * Without that, random networks of this depth say nearly the same of every picture, and comparing outputs proves little.
 */
#ifndef BENCH_NET_H
#define BENCH_NET_H

#include "base/rng.h"
#include "base/str.h"
#include "graph/graph.h"

enum { NET_CLASSES = 1000, NET_DRAWN = 16 };

typedef struct bench_net {
    as_graph *graph;
    as_rng    rng;
    int       n; /* names given so far */
    uint32_t  side;
    double    flop; /* multiplications and additions of one picture, without padding */
    as_err   *err;
    bool      ok;
} bench_net;

/* A value on its way, and what it is for the drawn pictures. */
typedef struct bench_flow {
    char      name[32];
    as_tensor at;
} bench_flow;

typedef struct bench_net_kind {
    const char *name;    /* "ResNet-18" */
    uint32_t    side;    /* of its input, which is 3 x side x side */
    size_t      classes; /* NET_CLASSES: it ends in bench_net_head(); 0: in a map */
    double      alike;   /* which share of pictures its quantised form must give the class of its floats */
    void (*body)(bench_net *net, bench_flow *x);
} bench_net_kind;

extern const bench_net_kind bench_net_resnet18, bench_net_mobilenetv2, bench_net_pdn_s;

typedef struct bench_window {
    int64_t kernel, stride, pad;
} bench_window;

/* Layers. They change x; after the first failure they do nothing. gain: the deviation of what a convolution gives.
 * groups: 1, or as many as channels. */
void       bench_net_conv(bench_net *net, bench_flow *x, int64_t to, bench_window window, int64_t groups, double gain);
void       bench_net_relu(bench_net *net, bench_flow *x);
void       bench_net_relu6(bench_net *net, bench_flow *x);
void       bench_net_max(bench_net *net, bench_flow *x, bench_window window);
void       bench_net_mean(bench_net *net, bench_flow *x, bench_window window);
bench_flow bench_net_copy(bench_net *net, const bench_flow *x); /* for bench_net_add, which consumes it */
void       bench_net_add(bench_net *net, bench_flow *x, bench_flow *other);
/* The mean of each channel, and a last layer by which the drawn classes are told apart. */
void bench_net_head(bench_net *net, bench_flow *x);

typedef struct bench_model {
    const bench_net_kind *kind;
    uint32_t              side;
    as_str                floats, whole; /* the models */
    double                flop;
} bench_model;

/* side: 0 is the kind's own. whole: quantised by our own quantiser too, on drawn pictures. */
AS_CHECK bool bench_model_make(bench_model *model, const bench_net_kind *kind, uint32_t side, bool whole, as_err *err);
void          bench_model_done(bench_model *model);

/* A picture of one of the NET_DRAWN classes, normalised; out: 3 x side x side numbers, channels first. */
void bench_net_draw(uint64_t seed, uint32_t label, uint32_t side, float *out);

#endif
