/* SPDX-License-Identifier: Apache-2.0 */
/* ledger.h - the evidence each stage left with a run.
 *
 * Layer:   spec (may use store/).
 * Threads: one thread.
 * Memory:  what read returns is on the heap: free() it.
 *
 * A stage writes evidence-STAGE.json beside the model; writing again replaces it.
 */
#ifndef AS_SPEC_LEDGER_H
#define AS_SPEC_LEDGER_H

#include "spec/evidence.h"
#include "store/run.h"

/* The requirement is found by the evidence's id; stage, source and utc are filled in. */
AS_CHECK bool as_ledger_write(const as_run *run, const as_spec *spec, const char *stage, as_evidence *evidence,
                              size_t n, as_err *err);

/* Forgets what a stage left: its model or operating point is no longer the one in use. True if there was nothing. */
AS_CHECK bool as_ledger_drop(const as_run *run, const char *stage, as_err *err);

/* Evidence of all stages, sorted by stage, for requirements the spec still has with the same measure, class and target;
 * what was measured for another target is left out. */
AS_CHECK bool as_ledger_read(const as_run *run, const as_spec *spec, as_evidence **ret, size_t *ret_n, as_err *err);

/* The requirement with that id, or NULL. */
const as_requirement *as_ledger_requirement(const as_spec *spec, const char *id);

#endif
