/* SPDX-License-Identifier: Apache-2.0 */
/* learn.h - from a commit to a finished run: train, write the one ONNX file, solve the operating point, record.
 *
 * Layer:   lab.
 * Threads: one thread.
 * Memory:  nothing is kept.
 */
#ifndef AS_LAB_LEARN_H
#define AS_LAB_LEARN_H

#include "lab/trainer.h"
#include "store/run.h"

/* The run holds model.onnx, run.json, details.json (parameters, build, processor, curve), curve.csv, spec.yaml,
 * scores-validation.json. Two calls with the same seed, commit and spec on one machine give the same model bytes. When
 * stopped or failing nothing is left behind. */
AS_CHECK bool as_learn(as_workspace *ws, const as_spec *spec, const char *commit, const as_trainer *trainer,
                       const as_trainer_cfg *cfg, const as_progress *progress, as_run *ret, as_err *err);

#endif
