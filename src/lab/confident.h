/* SPDX-License-Identifier: Apache-2.0 */
/* confident.h - which labels are likely wrong, from what models say of pictures that they did not see.
 *
 * Layer:   lab.
 * Threads: pure functions.
 * Memory:  as_confident_done frees.
 *
 * Confident learning (Northcutt, Jiang, Chuang: Confident Learning: Estimating Uncertainty in Dataset Labels, J. Artif.
 * Intell. Res. 70, 2021). A sample counts as class j when its probability of j reaches what samples labelled j have in the
 * mean; of several such classes as the likeliest. Counted by the label they have, these make the confident joint; scaled
 * to the labels there are it says how many of class i are really something else, and so many of class i are named, those
 * of the least self-confidence p(i) ("prune by class").
 */
#ifndef AS_LAB_CONFIDENT_H
#define AS_LAB_CONFIDENT_H

#include "base/err.h"

typedef struct as_confident_cfg {
    const double   *p;      /* n x n_classes, of models that did not see the row */
    const uint32_t *labels; /* n; what each is said to be */
    const bool     *known;  /* n_classes: can be judged at all; NULL: all. Others are neither doubted nor proposed */
    size_t          n;
    uint32_t        n_classes;
} as_confident_cfg;

typedef struct as_doubt {
    uint32_t row, label, likely; /* labelled as, and probably */
    double   p_label, p_likely;  /* p_label: its self-confidence */
} as_doubt;

typedef struct as_confident {
    double   *threshold; /* n_classes: mean probability of the label of those who have it; NAN for none */
    double   *joint;     /* n_classes x n_classes: about how many labelled i are j */
    as_doubt *doubts;    /* the least p_label first */
    size_t    n_doubts;
    double    n_wrong; /* what the joint has off its diagonal */
} as_confident;

AS_CHECK bool as_confident_find(const as_confident_cfg *cfg, as_confident *ret, as_err *err);
void          as_confident_done(as_confident *confident);

#endif
