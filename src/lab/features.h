/* SPDX-License-Identifier: Apache-2.0 */
/* features.h - what a graph answers for each picture, as one row of numbers a picture.
 *
 * Layer:   lab.
 * Threads: one thread calls; cfg.threads work, each with a session of its own. The rows do not depend on how many.
 * Memory:  as_features_done frees the rows.
 */
#ifndef AS_LAB_FEATURES_H
#define AS_LAB_FEATURES_H

#include "lab/dataset.h"

typedef struct as_features_cfg {
    const uint8_t *model; /* an ONNX file: one picture in, 1 x F out */
    size_t         n_model;
    const char    *name;    /* what errors call it */
    const char    *backend; /* NULL: native */
    as_input_spec  input;   /* how a picture becomes its input */
    uint32_t       threads; /* 0: all cores */
} as_features_cfg;

typedef struct as_features {
    size_t   n;
    uint32_t width; /* F */
    float   *at;    /* n x F; heap */
} as_features;

/* Of the pictures indices[n], in that order. AS_EINVAL when the graph's input is not the picture's or its output is not one
 * row; AS_EINVAL names the picture for which it gives what is not finite. */
AS_CHECK bool as_features_compute(const as_dataset *dataset, const uint32_t *indices, size_t n,
                                  const as_features_cfg *cfg, const as_progress *progress, as_features *ret,
                                  as_err *err);
void          as_features_done(as_features *features);

#endif
