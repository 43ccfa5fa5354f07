/* SPDX-License-Identifier: Apache-2.0 */
/* eval.h - how good a run's model is on a split: every measure with its interval and count.
 *
 * Layer:   lab.
 * Threads: one thread; scoring uses all cores inside.
 * Memory:  as_eval_done frees.
 */
#ifndef AS_LAB_EVAL_H
#define AS_LAB_EVAL_H

#include "lab/score.h"
#include "spec/ledger.h"

typedef struct as_measured {
    double   value, low, high; /* two-sided 95 % interval; NAN where there is none */
    uint64_t n;
} as_measured;

/* Confusion and rates of one unit: frames, or parts. */
typedef struct as_judged {
    uint64_t    n;
    uint64_t    confusion[AS_SPEC_MAX_CLASSES][AS_SPEC_MAX_CLASSES]; /* [truth][found], spec's class order */
    uint64_t    verdicts[AS_SPEC_MAX_CLASSES][AS_VERDICT_COUNT];     /* [truth][verdict] */
    as_measured precision[AS_SPEC_MAX_CLASSES], recall[AS_SPEC_MAX_CLASSES], f1[AS_SPEC_MAX_CLASSES];
    as_measured accuracy, macro_f1, macro_precision, macro_recall;
    as_measured reject_precision, reject_recall, reject_f1; /* recall: bad parts that were not passed */
    as_measured escape_rate, overkill_rate, review_rate;
    as_measured auroc, average_precision;                   /* of the reject score */
    as_measured brier, calibration_error;                   /* expected calibration error, 10 equal-count bins */
    double      cost_per_1000;
} as_judged;

typedef struct as_curve_point {
    double threshold, precision, recall, false_positive_rate;
} as_curve_point;

typedef struct as_bin {
    double   confidence, accuracy;
    uint64_t n;
} as_bin;

typedef struct as_eval {
    as_split           split;
    as_operating_point point;
    bool               point_feasible;
    as_judged          frame, part;
    as_curve_point    *pr;     /* over parts, by falling threshold; heap */
    size_t             n_pr;
    as_bin             bins[10];
    size_t             n_bins;
    as_scored         *scored; /* every sample; heap */
    size_t             n_scored;
    as_evidence       *evidence; /* one for each requirement this stage can measure; heap */
    size_t             n_evidence;
    double             seconds;
} as_eval;

/* Solves the operating point anew on the validation split, judges `split` with it, and leaves eval-SPLIT.json and (for the
 * test split) evidence-eval.json in the run. */
AS_CHECK bool as_eval_run(as_workspace *ws, const as_spec *spec, as_run *run, as_split split, const as_session_cfg *cfg,
                          const as_progress *progress, as_eval *ret, as_err *err);
void          as_eval_done(as_eval *eval);

/* {"requirements":[...],"measures":{"accuracy":{"value","low","high","n"},...},"frame":{...},"part":{...},...} */
AS_CHECK json_t *as_eval_json(const as_eval *eval, const as_spec *spec, const as_dataset *dataset, as_err *err);

/* AUROC with DeLong's interval (Biometrics 44, 1988); scores of bad and good parts. */
as_measured as_eval_auroc(const double *bad, size_t n_bad, const double *good, size_t n_good);

#endif
