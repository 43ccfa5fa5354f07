/* SPDX-License-Identifier: Apache-2.0 */
/* traits.h - one row of numbers a picture, to compare pictures by: a backbone's where one is given, else colour and shape.
 *
 * Layer:   lab.
 * Threads: one thread calls; cfg->threads work.
 * Memory:  as_features_done frees the rows.
 */
#ifndef AS_LAB_TRAITS_H
#define AS_LAB_TRAITS_H

#include "lab/features.h"
#include "lab/trainer.h"

#define AS_TRAITS_TEXT_BYTES 640

/* Of the pictures indices[n], in that order. cfg: backbone (NULL: colour and shape, rule_features.h), layer, input_*,
 * width and height, backend, threads. text[AS_TRAITS_TEXT_BYTES]: what they are, for people; may be NULL. */
AS_CHECK bool as_traits_compute(const as_dataset *dataset, const uint32_t *indices, size_t n, const as_trainer_cfg *cfg,
                                const as_progress *progress, as_features *ret, char *text, as_err *err);

/* Rows of other pictures are comparable only when all are seen at one size: chooses that of cfg from these, where neither
 * cfg nor a backbone says it. */
void as_traits_fix_size(const as_dataset *dataset, const uint32_t *indices, size_t n, as_trainer_cfg *cfg);

#endif
