/* SPDX-License-Identifier: Apache-2.0 */
/* eval.h - how good a run's model is on a split: every measure with its interval and count.
 *
 * Layer:   lab.
 * Threads: one thread; scoring uses all cores inside.
 * Memory:  as_eval_done frees.
 */
#ifndef AS_LAB_EVAL_H
#define AS_LAB_EVAL_H

#include "lab/measures.h"
#include "spec/ledger.h"

typedef struct as_eval {
    as_split           split;
    as_operating_point point;
    bool               point_feasible; /* it meets the requirements on rates of reject on the validation split */
    as_judged          frame, part;
    as_curve_point    *pr; /* over parts, by falling threshold; heap */
    size_t             n_pr;
    as_bin             bins[AS_MAX_BINS]; /* calibration, over parts */
    size_t             n_bins;
    as_scored         *scored; /* every sample; heap */
    size_t             n_scored;
    as_outcome        *parts; /* every part: truth, what was found, its verdict; heap */
    size_t             n_parts;
    as_evidence       *evidence; /* one for each requirement this stage can measure; heap */
    size_t             n_evidence;
    double             seconds;
    uint64_t           n_erased;     /* samples of the version that cannot be judged any more */
    uint64_t           n_validation; /* parts the operating point was solved on */
    as_solution        solution;     /* cost and macro F1 there */
} as_eval;

/* Judges `split` and leaves eval-SPLIT.json in the run. For the test split the operating point is solved anew on the
 * validation split and left in run.json (also in *run), with evidence-eval.json; another split is judged at the run's point,
 * if it has one, and changes neither. AS_EINVAL for a split without pictures. Needs the workspace open for writing. */
AS_CHECK bool as_eval_run(as_workspace *ws, const as_spec *spec, as_run *run, as_split split, const as_session_cfg *cfg,
                          const as_progress *progress, as_eval *ret, as_err *err);
void          as_eval_done(as_eval *eval);

/* {"requirements":[...],"measures":{"accuracy":{"value","low","high","n"},...},"frame":{...},"part":{...},...}; measures
 * are over parts. With a dataset, "mistakes" names what was judged wrong, the dearest first. */
AS_CHECK json_t *as_eval_json(const as_eval *eval, const as_spec *spec, const as_dataset *dataset, as_err *err);

/* AUROC with DeLong's interval (Biometrics 44, 1988); scores of bad and good parts. */
as_measured as_eval_auroc(const double *bad, size_t n_bad, const double *good, size_t n_good);

/* Evidence for the requirements that outcomes can answer, each at its own confidence; *ret on the heap. Where a requirement is
 * per frame and parts have several, the frames of a part count as one in the bounds (eval_design_effect). */
AS_CHECK bool as_eval_evidence(const as_spec *spec, const as_outcome *frames, size_t n_frames, const as_outcome *parts,
                               size_t n_parts, as_evidence **ret, size_t *ret_n, as_err *err);

#endif
