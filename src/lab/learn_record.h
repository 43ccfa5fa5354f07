/* SPDX-License-Identifier: Apache-2.0 */
/* learn_record.h - what a training leaves beside its model, so that it can be understood and repeated.
 *
 * Layer:   lab.
 * Threads: one thread.
 * Memory:  the record borrows everything.
 */
#ifndef AS_LAB_LEARN_RECORD_H
#define AS_LAB_LEARN_RECORD_H

#include "lab/score.h"
#include "lab/trainer.h"
#include "store/known.h"

typedef struct as_learn_record {
    const as_run      *run;
    const as_dataset  *dataset;
    const as_trained  *trained;
    const as_scored   *scored; /* the validation split */
    size_t             n_scored;
    const as_solution *solution;
    const char        *backend; /* that scored it */
} as_learn_record;

/* {"params","curve":[{"epoch",...}],"best_epoch","build":{...},"machine":{...},"data":{...},"validation":{...}} */
AS_CHECK json_t *as_learn_details(const as_learn_record *record, as_err *err);

/* curve.csv: one line an epoch; nothing for a trainer that has none. */
AS_CHECK bool as_learn_write_curve(const as_learn_record *record, as_err *err);

/* known.bin: every picture of the dataset, whatever its split, and every part of an emulated camera among them. */
AS_CHECK bool as_learn_write_known(const as_dataset *dataset, const as_run *run, as_err *err);

/* scores-validation.json: {"labels":[...],"samples":[{"name","truth","p":[...]}]} */
AS_CHECK bool as_learn_write_scores(const as_learn_record *record, as_err *err);

#endif
