/* SPDX-License-Identifier: Apache-2.0 */
/* cnn.h - trains a compact convolutional network from scratch.
 *
 * Layer:   train (may use engine/, graph/, image/).
 * Threads: one thread calls; up to cfg.threads work. The same seed, data, configuration and processor give the same
 *          bytes, whatever the number of threads (team.h).
 * Memory:  a few hundred megabytes at most for batch 32 at 128x128; all freed on return, graph excepted.
 */
#ifndef AS_TRAIN_CNN_H
#define AS_TRAIN_CNN_H

#include "base/progress.h"
#include "graph/graph.h"
#include "image/prepare.h"

typedef struct as_cnn_cfg {
    uint64_t seed;
    uint32_t width, height, channels; /* network input; width and height multiples of 16 */
    uint32_t n_classes;
    uint32_t epochs, threads; /* 0: chosen (see as_cnn_cfg_default) */
    uint32_t batch;           /* 0 too; up to 8, or a multiple of 8: pictures are worked on in eights */
    double   learning_rate, weight_decay, label_smoothing;
    double   width_factor; /* multiplies the channels of every layer; 1 is the standard size */
    /* Augmentation, each within +- or up to: */
    double flip_x, flip_y; /* probability */
    double shift_ratio, scale_ratio, rotate_deg, brightness, contrast, noise;
} as_cnn_cfg;

as_cnn_cfg as_cnn_cfg_default(uint32_t n_classes, size_t n_train);

/* Pictures already at the network's size: n x height x width x channels bytes, and one class index each. */
typedef struct as_cnn_data {
    size_t          n;
    const uint8_t  *pixels;
    const uint32_t *labels;
} as_cnn_data;

typedef struct as_epoch {
    double train_loss, train_accuracy, val_loss, val_accuracy, val_macro_f1, learning_rate, seconds;
} as_epoch;

typedef struct as_curve {
    as_epoch *at;      /* heap; free() it */
    size_t    n, best; /* the epoch whose weights were kept */
} as_curve;

/* Classes are weighted by inverse frequency. val may have n = 0 (then the last epoch is kept, and its figures are 0). The graph has input
 * "input" [N, channels, height, width] of values (v - mean) / scale as written to *ret_input (mean and scale of the
 * training set), batch norms folded into the convolutions, and output "probabilities" [N, n_classes] after a softmax.
 * AS_ECANCELLED when stopped; AS_EINVAL for an empty class or a loss that is not finite. */
AS_CHECK bool as_cnn_train(const as_cnn_cfg *cfg, const as_cnn_data *train, const as_cnn_data *val,
                           const as_progress *progress, as_curve *ret_curve, as_input_spec *ret_input,
                           as_graph **ret_graph, as_err *err);

#endif
