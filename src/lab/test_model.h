/* SPDX-License-Identifier: Apache-2.0 */
/* test_model.h - what tests of the trainers ask a trained model.
 *
 * Layer:   lab; linked into tests only.
 * Threads: one thread.
 * Memory:  bytes belong to the caller's string, answers are on the heap.
 */
#ifndef AS_LAB_TEST_MODEL_H
#define AS_LAB_TEST_MODEL_H

#include "lab/features.h"
#include "lab/trainer.h"

/* Trains on the set's newest commit and appends the model's bytes. Ends the test when it fails. */
void test_model_train(const as_dataset *dataset, const as_spec *spec, const as_trainer *trainer,
                      const as_trainer_cfg *cfg, as_trained *ret, as_str *bytes);

/* Probabilities of every picture of a split. Ends the test unless each row is a distribution. */
as_features test_model_answers(const as_dataset *dataset, as_split split, const as_str *bytes,
                               const as_trained *trained, const char *backend);

/* Share of the split whose most probable class is right. */
double test_model_accuracy(const as_dataset *dataset, as_split split, const as_features *answers);

/* The largest difference between the two back ends' answers on a split; -1 with a message when ort is not here. */
double test_model_parity(const as_dataset *dataset, as_split split, const as_str *bytes, const as_trained *trained);

/* Trains twice: true if the bytes are the same. */
bool test_model_repeats(const as_dataset *dataset, const as_spec *spec, const as_trainer *trainer,
                        const as_trainer_cfg *cfg);

#endif
