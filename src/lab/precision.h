/* SPDX-License-Identifier: Apache-2.0 */
/* precision.h - the numbers a model is computed with: one row a precision, each makes the model that computes so.
 *
 * Layer:   lab.
 * Threads: immutable; making uses the caller's thread.
 * Memory:  a model that was made is the caller's string.
 */
#ifndef AS_LAB_PRECISION_H
#define AS_LAB_PRECISION_H

#include "infer/infer.h"
#include "lab/dataset.h"
#include "task/model.h"

#define AS_PRECISION_CALIBRATE 128 /* training pictures, where nothing else is said */

typedef struct as_precision_job {
    const as_dataset    *dataset; /* calibrated with pictures of its training split, whoever labelled them */
    const uint8_t       *model;
    size_t               n_model;
    const char          *name;  /* of the model, for errors */
    const as_model_info *info;  /* put into what is made; NULL: a model that does not describe itself */
    const as_input_spec *input; /* how a picture becomes its input */
    size_t               n_calibrate;
    const as_progress   *progress;
} as_precision_job;

typedef struct as_precision {
    const char *name, *summary;
    /* Appends the model's file to out, and sets in cfg what a session needs for it. */
    bool (*make)(const as_precision_job *job, as_str *out, as_session_cfg *cfg, as_err *err);
} as_precision;

const as_precision *as_precision_at(size_t i); /* NULL past the last row; the first is f32 */
const as_precision *as_precision_find(const char *name);

/* What the model is as it stands: int8 when it computes with whole numbers, else f32. */
const as_precision *as_precision_of(const as_graph *graph);

#endif
