/* SPDX-License-Identifier: Apache-2.0 */
/* cnn.h - the compact network of `assay train --trainer cnn`, open in our engine and in ONNX Runtime from the same bytes.
 *
 * Layer:   bench.
 * Threads: one thread.
 * Memory:  bench_cnn_open allocates, bench_cnn_close frees; a half-opened bench_cnn is fine.
 */
#ifndef BENCH_CNN_H
#define BENCH_CNN_H

#include "bench/harness.h"
#include "image/prepare.h"
#include "infer/infer.h"

enum { CNN_WIDTH = 128, CNN_HEIGHT = 96, CNN_CHANNELS = 3, CNN_CLASSES = 4 };
#define CNN_VALUES ((size_t)CNN_WIDTH * CNN_HEIGHT * CNN_CHANNELS)

typedef struct bench_cnn {
    as_session   *sessions[BENCH_SIDES];
    as_input_spec spec; /* how the network wants its input */
    size_t        model_bytes;
    double        flop; /* multiplications and additions of its convolutions and matrices, without padding */
} bench_cnn;

/* Writes ONNX Runtime's version into `about`. AS_EMISSING where it is not installed. */
AS_CHECK bool bench_ort_peer(bench_about *about, as_err *err);

/* Trains for a moment on pictures that are drawn here, from a fixed seed: the model's bytes, and what is known of it. */
AS_CHECK bool bench_cnn_write(bench_cnn *cnn, as_str *bytes, as_err *err);

/* The same, opened on both sides; writes the peer's version into `about`. */
AS_CHECK bool bench_cnn_open(bench_cnn *cnn, bench_about *about, as_err *err);
void          bench_cnn_close(bench_cnn *cnn);

/* input: CNN_VALUES numbers. The probabilities are valid until the next run of that side. */
AS_CHECK bool bench_cnn_run(bench_cnn *cnn, int side, float *input, const float **ret_probabilities, as_err *err);

/* Both sides on the same input: the largest difference of a probability. */
AS_CHECK bool bench_cnn_compare(bench_cnn *cnn, float *input, double *ret_difference, as_err *err);

/* AS_EINTERNAL when our side says nearly the same of two inputs: equal outputs would prove little then. */
AS_CHECK bool bench_cnn_tells_apart(bench_cnn *cnn, float *a, float *b, as_err *err);

/* One of the classes' pictures: stripes or checks of random phase, strength, colour and noise. */
void bench_cnn_draw(uint64_t seed, uint32_t label, uint32_t width, uint32_t height, uint8_t *rgb);

#endif
