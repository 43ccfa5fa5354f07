/* SPDX-License-Identifier: Apache-2.0 */
/* trainer.h - what makes a model out of a dataset: one file a trainer, trainer_<name>.c, one row.
 *
 * Layer:   lab.
 * Threads: one thread calls; a trainer uses cfg->threads.
 * Memory:  the trained graph is the caller's: as_graph_free().
 */
#ifndef AS_LAB_TRAINER_H
#define AS_LAB_TRAINER_H

#include "lab/dataset.h"
#include "task/model.h"
#include "train/cnn.h"

typedef struct as_trainer_cfg {
    uint64_t      seed;
    uint32_t      threads;       /* 0: 2, so that the result does not depend on the machine's size */
    uint32_t      epochs;        /* cnn; 0: chosen */
    uint32_t      width, height; /* network input; 0: chosen from the pictures and the trainer */
    const char   *backbone;      /* head: ONNX file */
    const char   *layer;       /* head: value to take features from; NULL: the last feature map before the classifier */
    const char   *input_order; /* head: "rgb" or "bgr"; NULL: the backbone's metadata, else rgb */
    const double *input_mean, *input_scale; /* head: 3 each, 0..255; NULL: the backbone's metadata, else ImageNet's */
    const char   *backend;                  /* head: what computes features; NULL: ort if it is there, else native */
} as_trainer_cfg;

typedef struct as_trained {
    as_graph     *graph;
    as_model_info info;
    as_curve      curve;  /* n = 0 when there is none */
    json_t       *params; /* everything that was chosen, for the record */
} as_trained;

typedef struct as_trainer {
    const char *name, *summary;
    bool (*train)(const as_dataset *dataset, const as_spec *spec, const as_trainer_cfg *cfg,
                  const as_progress *progress, as_trained *ret, as_err *err);
} as_trainer;

const as_trainer *as_trainer_at(size_t i); /* NULL past the last row */
const as_trainer *as_trainer_find(const char *name);
void              as_trained_done(as_trained *trained);

#endif
