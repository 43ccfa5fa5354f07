/* SPDX-License-Identifier: Apache-2.0 */
/* ledger.h - the evidence each stage left with a run.
 *
 * Layer:   spec (may use store/).
 * Threads: one thread.
 * Memory:  what read returns is on the heap: free() it.
 *
 * A stage writes evidence-STAGE.json beside the model; writing again replaces it. Each row says with which model, at which
 * operating point, and for which question it was measured; for another one it does not count.
 */
#ifndef AS_SPEC_LEDGER_H
#define AS_SPEC_LEDGER_H

#include "spec/evidence.h"
#include "store/run.h"

/* How parts are judged at a stage, as far as it changes what is measured: classes and their verdicts, frames of a
 * part, the verdict for unsure; for "run" also the station and its safe verdicts. One line into text[320]; returns it. */
char *as_ledger_station(const as_spec *spec, const char *stage, char *text);

/* The operating point in words, exactly, into text[64]; returns it. */
char *as_ledger_point(const as_run *run, char *text);

/* The requirement is found by the evidence's id; stage and utc are filled in, and the source where it is "". */
AS_CHECK bool as_ledger_write(const as_run *run, const as_spec *spec, const char *stage, as_evidence *evidence,
                              size_t n, as_err *err);

/* Rows that were left out: measured with another model, operating point, or for another question. */
typedef struct as_ledger_old {
    size_t n_eval, n_run;
} as_ledger_old;

/* Evidence of all stages, sorted by stage, that counts for this run and spec as they are now. ret_old may be NULL. */
AS_CHECK bool as_ledger_read(const as_run *run, const as_spec *spec, as_evidence **ret, size_t *ret_n,
                             as_ledger_old *ret_old, as_err *err);

/* The requirement with that id, or NULL. */
const as_requirement *as_ledger_requirement(const as_spec *spec, const char *id);

#endif
