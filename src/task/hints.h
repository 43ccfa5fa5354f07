/* SPDX-License-Identifier: Apache-2.0 */
/* hints.h - what a model from anywhere says of itself, as far as it does: what it gives, its labels, how it wants pictures.
 *
 * Layer:   task (may use graph/, image/).
 * Threads: plain values.
 * Memory:  as_hints_done frees the labels.
 *
 * Read are OpenVINO's model_info (model_type, labels, resize_type, mean_values, ...; plain, or with "model_info " before
 * it) and what ultralytics writes (task, names, stride). model.h reads models of assay train, which say all of it.
 */
#ifndef AS_TASK_HINTS_H
#define AS_TASK_HINTS_H

#include "base/vec.h"
#include "graph/graph.h"
#include "image/prepare.h"

#define AS_HINTS_MAX_LABELS 65536

typedef struct as_labels {
    AS_VEC(char *) names;
} as_labels;

void as_labels_done(as_labels *labels);

/* One a line; blanks behind them, empty lines at the end, and a number in front of each ("0,tench") are dropped. AS_EFORMAT, AS_ELIMIT. */
AS_CHECK bool as_labels_read(const char *path, as_labels *ret, as_err *err);

typedef struct as_hints {
    char      word[48]; /* model_type, or task; "" */
    as_labels labels;   /* empty: it does not say */
    bool      is_ultralytics;
    bool      has_mean, has_scale, has_order, has_resize, has_pad;
    float     mean[3], scale[3];
    bool      bgr;
    as_resize resize;
    uint8_t   pad_value;
    float     score_min, iou_max; /* 0: it does not say */
} as_hints;

/* AS_EFORMAT for what is said, and does not read. */
AS_CHECK bool as_hints_read(const as_graph *graph, as_hints *ret, as_err *err);
void          as_hints_done(as_hints *hints);

/* Ways to prepare a picture that have a name. */
typedef struct as_preset {
    const char   *name, *summary;
    as_input_spec input; /* without its size */
} as_preset;

const as_preset *as_preset_at(size_t i);           /* NULL past the last row */
const as_preset *as_preset_find(const char *name); /* NULL if unknown */

#endif
