/* SPDX-License-Identifier: Apache-2.0 */
/* proof.h - what a run of the line proves about the model: evidence beside the model's run, for assay check.
 *
 * Layer:   line (may use store/, spec/, journal/).
 * Threads: one thread.
 * Memory:  plain values.
 *
 * A run of the line counts when its journal is whole, nothing was lost and it kept the deadline of the spec. Those that count
 * are listed in lines.json, and evidence is what all of them with the same model, operating point and station came to, read
 * from the journal: none is picked, so a short run hides nothing, and a bad one cannot be run away from. Rates rest on parts
 * that are new to the model, each once; times on the runs with the same back end, threads and processor as the last one.
 */
#ifndef AS_LINE_PROOF_H
#define AS_LINE_PROOF_H

#include "line/line.h"
#include "spec/ledger.h"

typedef struct as_proof_cfg {
    const as_run          *run;
    const as_spec         *spec;
    const char            *journal_dir;
    const as_line_summary *summary;
    uint32_t               threads; /* of the model */
} as_proof_cfg;

typedef struct as_proof {
    bool     counts;           /* this run of the line is evidence */
    bool     counts_truth;     /* also for what is right and wrong */
    char     why[256];         /* where one of them is not so */
    uint64_t n_known, n_again; /* of its parts with known truth: the model was made with them; seen before */
    uint64_t n_untold;         /* of all that count: nobody can tell whether they are new */
    uint64_t last_part;        /* the greatest number of a part so far */
    size_t   n_runs;           /* of the line, this one included, that rates rest on */
} as_proof;

/* Files the evidence. True also when there is none to file: look at ret. */
AS_CHECK bool as_proof_file(const as_proof_cfg *cfg, as_proof *ret, as_err *err);

#endif
