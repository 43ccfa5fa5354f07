/* SPDX-License-Identifier: Apache-2.0 */
/* kappa.h - by how much people agree on classes beyond what chance alone would give.
 *
 * Layer:   spec.
 * Threads: pure functions.
 * Memory:  none.
 *
 * kappa = (observed - expected) / (1 - expected): 1 when all agree always, 0 when no more than by chance. It is NAN where
 * all said one class always: then chance explains everything, and there is nothing to measure.
 */
#ifndef AS_SPEC_KAPPA_H
#define AS_SPEC_KAPPA_H

#include "spec/interval.h"

#define AS_KAPPA_MAX_CLASSES 256

typedef struct as_kappa {
    uint64_t n;        /* samples */
    double   observed; /* share of pairs of labels that agree */
    double   expected; /* by chance, each person having his own share of each class (Cohen), or all the same (Fleiss) */
    double   kappa;
    double   standard_error; /* NAN with kappa, and where the samples are too few or too alike to tell */
    as_interval interval;    /* kappa +- normal quantile x standard error, within -1..1 */
} as_kappa;

/* Two people: Cohen, Educational and Psychological Measurement 20 (1960). counts[i * n_classes + k]: samples that one calls i
 * and the other k. The standard error is the large-sample one of Fleiss, Cohen and Everitt, Psychological Bulletin 72
 * (1969). */
as_kappa as_kappa_cohen(const uint64_t *counts, size_t n_classes, double confidence);

/* Any number of people, not the same for each sample: Fleiss, Psychological Bulletin 76 (1971). counts[s * n_classes + k]:
 * people who call sample s k. Samples with less than two labels are left out. Where their number differs, each sample weighs
 * the same in the classes' shares and in the agreement (as Gwet, Handbook of Inter-Rater Reliability, 2014, has it); where
 * it does not, this is Fleiss' own formula. The standard error is the jackknife's over samples (Efron, The Jackknife, the
 * Bootstrap and Other Resampling Plans, 1982). n_classes: at most AS_KAPPA_MAX_CLASSES. */
as_kappa as_kappa_fleiss(const uint32_t *counts, size_t n_samples, size_t n_classes, double confidence);

#endif
