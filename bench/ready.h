/* SPDX-License-Identifier: Apache-2.0 */
/* ready.h - workloads that prepare a camera's frames for a network, against OpenCV and numpy: one for each pixel format.
 *
 * Layer:   bench.
 * Threads: one thread.
 * Memory:  bench_ready_open allocates, bench_ready_close frees; a half-opened bench_ready is fine.
 */
#ifndef BENCH_READY_H
#define BENCH_READY_H

#include "bench/child.h"
#include "image/prepare.h"

typedef struct bench_ready_kind {
    as_pixel    pixel;
    uint32_t    width, height, out_width, out_height;
    const char *code;   /* of cv2.cvtColor, without COLOR_; "" when the frame is resized as it is */
    double      levels; /* by how many grey levels of 255 the peer may differ */
    const char *why;    /* it does */
} bench_ready_kind;

typedef struct bench_ready {
    bench_ready_kind kind;
    as_prepare      *prepare;
    float           *out;
    size_t           frame_bytes, n_out;
    bench_child      child; /* its memory: the frames, then its output */
} bench_ready;

AS_CHECK bool bench_ready_open(bench_ready *prep, const bench_ready_kind *kind, bench_about *about, as_err *err);
bool          bench_ready_compare(void *priv, size_t input, double *ret_difference, as_err *err);
bool          bench_ready_ours(void *priv, size_t input, as_err *err);
bool          bench_ready_peer_block(void *priv, size_t first, size_t n, double *ret_ns, as_err *err);
void          bench_ready_close(void *priv);

/* The one row of such a workload's file. */
#define BENCH_READY(name, about, ...)                                                                 \
    static bool name##_open(void *priv, bench_about *ret, as_err *err)                                \
    {                                                                                                 \
        const bench_ready_kind kind = {__VA_ARGS__};                                                  \
        return bench_ready_open(priv, &kind, ret, err);                                               \
    }                                                                                                 \
    const bench_workload bench_##name = {                                                             \
        .id = #name,                                                                                  \
        .summary = about ", resized and normalised in one pass, against OpenCV INTER_AREA and numpy", \
        .priv_size = sizeof(bench_ready),                                                             \
        .open = name##_open,                                                                          \
        .compare = bench_ready_compare,                                                               \
        .run = {[BENCH_OURS] = bench_ready_ours},                                                     \
        .block = {[BENCH_PEER] = bench_ready_peer_block},                                             \
        .close = bench_ready_close,                                                                   \
    }

#endif
