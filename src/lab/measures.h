/* SPDX-License-Identifier: Apache-2.0 */
/* measures.h - what can be counted over outcomes: rates, F1, AUROC, average precision, calibration, each with its interval.
 *
 * Layer:   lab.
 * Threads: pure functions; the bootstrap uses all cores inside, its result does not depend on how many.
 * Memory:  what is returned on the heap is freed by the caller.
 *
 * Good, bad and neither: a part is bad when the verdict of its true class is reject, good when it is pass; a class of
 * review is neither. Intervals of rates and of one class's F1 are exact; macro F1, average precision and calibration have
 * percentiles of 2,000 stratified bootstrap draws of parts (Efron and Tibshirani, 1993, chapter 13), which see no error
 * that did not happen and are therefore never narrower than what the exact intervals allow.
 * Frames of one part are alike: exact intervals per frame, which people are shown, take them as independent; the bootstrap
 * does not, and evidence (eval.h) does not.
 */
#ifndef AS_LAB_MEASURES_H
#define AS_LAB_MEASURES_H

#include "lab/outcome.h"

#define AS_MEASURED_LEVEL 0.95 /* of the two-sided intervals that people are shown */
#define AS_MAX_BINS       10

typedef struct as_measured {
    double   value, low, high; /* two-sided interval; NAN where there is none */
    uint64_t n;
} as_measured;

typedef uint64_t as_confusion[AS_SPEC_MAX_CLASSES][AS_SPEC_MAX_CLASSES]; /* [truth][found], spec's class order */

/* Confusion and rates of one unit: frames, or parts. */
typedef struct as_judged {
    uint64_t     n;
    as_confusion confusion;
    uint64_t     verdicts[AS_SPEC_MAX_CLASSES][AS_VERDICT_COUNT]; /* [truth][verdict] */
    as_measured  precision[AS_SPEC_MAX_CLASSES], recall[AS_SPEC_MAX_CLASSES], f1[AS_SPEC_MAX_CLASSES];
    as_measured  accuracy, macro_f1, macro_precision, macro_recall;
    as_measured  reject_precision, reject_recall, reject_f1; /* recall: bad parts that were not passed */
    as_measured  escape_rate, overkill_rate, review_rate;
    as_measured  auroc;                    /* of the reject score, bad against good */
    as_measured  average_precision;        /* of the reject score, bad against all others */
    as_measured  brier, calibration_error; /* expected calibration error, 10 equal-count bins */
    double       cost_per_1000;            /* at the mix of good and bad there is here */
} as_judged;

/* The rates of reject as k of n, which evidence needs. */
typedef struct as_count {
    uint64_t k, n;
} as_count;

as_count as_judged_recall(const as_judged *judged, const as_spec *spec);    /* bad, not passed, of bad */
as_count as_judged_precision(const as_judged *judged, const as_spec *spec); /* bad, rejected, of all rejected */
as_count as_judged_escapes(const as_judged *judged, const as_spec *spec);   /* bad, passed, of bad */
as_count as_judged_overkill(const as_judged *judged, const as_spec *spec);  /* good, rejected, of good */
as_count as_judged_reviews(const as_judged *judged, const as_spec *spec);   /* reviewed, of all */

/* level: of the two-sided intervals. Classes that are neither true nor found in any outcome are left out of macro means;
 * in those, a precision or recall without any case counts 0. */
AS_CHECK bool as_judged_make(const as_spec *spec, const as_outcome *outcomes, size_t n, double level, as_judged *ret,
                             as_err *err);

/* Macro F1 of a confusion matrix; NAN when it is empty. */
double as_confusion_macro_f1(const as_confusion confusion, size_t n_classes);

/* Clopper-Pearson; all NAN for n = 0. */
as_measured as_measured_rate(as_count count, double level);

/* F1 = 2J / (1 + J) grows with J = tp / (tp + fp + fn), a rate: its exact interval is that of J. */
as_measured as_measured_f1(uint64_t tp, uint64_t fp, uint64_t fn, double level);

/* With DeLong's variance (DeLong, DeLong and Clarke-Pearson, Biometrics 44, 1988; by mid-ranks: Sun and Xu, IEEE SPL 21,
 * 2014). Where that is zero because the two never overlap, the bound is that of min(n_bad, n_good) independent pairs that
 * were all in order. NAN without bad or without good. */
as_measured as_measured_auroc(const double *bad, size_t n_bad, const double *good, size_t n_good, double level);

typedef struct as_curve_point {
    double threshold, precision, recall, false_positive_rate; /* of rejecting from the threshold on */
} as_curve_point;

/* One for each distinct reject score, falling. Heap. */
AS_CHECK bool as_outcomes_curve(const as_outcome *outcomes, size_t n, as_curve_point **ret, size_t *ret_n, as_err *err);

/* Area under the precision-recall curve as a sum of steps, without interpolation; NAN without bad ones. */
double as_curve_average_precision(const as_curve_point *curve, size_t n);

typedef struct as_bin {
    double   confidence, accuracy;
    uint64_t n;
} as_bin;

/* By rising confidence, the same count in each as nearly as can be; *ret_n of them. */
AS_CHECK bool as_outcomes_bins(const as_outcome *outcomes, size_t n, as_bin ret[AS_MAX_BINS], size_t *ret_n,
                               as_err *err);

#endif
