/* SPDX-License-Identifier: Apache-2.0 */
/* samples.h - what every trainer begins with: a split's samples with their classes, checked that there is enough.
 *
 * Layer:   lab.
 * Threads: one thread.
 * Memory:  as_samples_done frees.
 */
#ifndef AS_LAB_SAMPLES_H
#define AS_LAB_SAMPLES_H

#include "lab/trainer.h"

typedef struct as_samples {
    const uint32_t *indices; /* into the dataset; the dataset's */
    uint32_t       *labels;  /* class of each; heap */
    size_t          n;
} as_samples;

/* Of the training split: AS_EINVAL when it is empty or a class of the spec has no picture in it, named with the remedy. */
AS_CHECK bool as_samples_open(const as_dataset *dataset, const as_spec *spec, as_split split, as_samples *ret,
                              as_err *err);
void          as_samples_done(as_samples *samples);

/* The model's description: labels in the spec's order. */
void as_samples_info(const as_spec *spec, const char *trainer, const as_input_spec *input, as_model_info *ret);

/* A network input of about long_side pixels on the pictures' longer side (never more than they have), their mean aspect
 * kept, both sides `plus` more than a multiple of `multiple`. */
void as_samples_size(const as_dataset *dataset, const as_samples *samples, uint32_t long_side, uint32_t multiple,
                     uint32_t plus, uint32_t *ret_width, uint32_t *ret_height);

#endif
