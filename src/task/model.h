/* SPDX-License-Identifier: Apache-2.0 */
/* model.h - what a model file says of itself in its metadata: labels and how a picture becomes its input.
 *
 * Layer:   task (may use infer/, graph/, image/).
 * Threads: plain values.
 * Memory:  fixed size.
 *
 * Keys in ONNX metadata_props, with OpenVINO's model_info words: model_type ("classification"), labels (by blanks, a
 * blank in a name written as %20), resize_type, pad_value, mean_values, scale_values, reverse_input_channels, and
 * assay.trainer, assay.version, assay.commit.
 */
#ifndef AS_TASK_MODEL_H
#define AS_TASK_MODEL_H

#include "graph/graph.h"
#include "image/prepare.h"
#include "spec/spec.h"

typedef struct as_model_info {
    char          trainer[32];
    char          labels[AS_SPEC_MAX_CLASSES][AS_LABEL_BYTES];
    size_t        n_labels;
    as_input_spec input;
} as_model_info;

AS_CHECK bool as_model_info_write(const as_model_info *info, as_graph *graph, as_err *err);
AS_CHECK bool as_model_info_read(const as_graph *graph, as_model_info *ret, as_err *err);

#endif
