/* SPDX-License-Identifier: Apache-2.0 */
/* duel.h - one network open in our engine and in ONNX Runtime: what the workloads of networks are made of.
 *
 * Layer:   bench.
 * Threads: one thread.
 * Memory:  bench_duel_open allocates, bench_duel_close frees; a half-opened bench_duel is fine.
 *
 * The figure is that of batch 1 and one thread; batch 8, and two threads, are shown beside it. BENCH_SIDE makes the input
 * another number of pixels wide and high.
 */
#ifndef BENCH_DUEL_H
#define BENCH_DUEL_H

#include "bench/harness.h"
#include "bench/net.h"
#include "infer/infer.h"

/* INT8: both sides run the quantised model. BF16: our side computes the model of floats in bf16, the peer in f32. */
typedef enum bench_form { BENCH_FORM_NONE, BENCH_FORM_F32, BENCH_FORM_BF16, BENCH_FORM_INT8 } bench_form;

typedef struct bench_duel {
    bench_model model;
    bench_form  form;
    as_session *sessions[BENCH_SIDES];
    float      *inputs; /* pictures, one behind the other: input i begins at picture i */
    int64_t     batch;
    float       low, high, step; /* of the outputs of floats, and a 255th of it: what 8 bits tell apart */
} bench_duel;

/* AS_EMISSING without ONNX Runtime, or where the processor does not have what the form needs. AS_EINTERNAL where the
 * quantised network does not say what its floats say. */
AS_CHECK bool bench_duel_open(bench_duel *duel, const bench_net_kind *kind, bench_form form, bench_about *about,
                              as_err *err);

/* For a bench_workload with a bench_duel as its priv. */
bool bench_duel_compare(void *priv, size_t input, double *ret_difference, as_err *err);
bool bench_duel_ours(void *priv, size_t input, as_err *err);
bool bench_duel_peer(void *priv, size_t input, as_err *err);
bool bench_duel_beside(void *priv, size_t i, bench_about *about, const char **ret_name, as_err *err);
void bench_duel_close(void *priv);

#endif
