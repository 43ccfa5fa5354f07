/* SPDX-License-Identifier: Apache-2.0 */
/* association.h - how much one property of the samples says about another. For the files of this folder only.
 *
 * Layer:   intake.
 * Threads: any thread.
 * Memory:  scratch inside the call; nothing kept.
 */
#ifndef AS_INTAKE_ASSOCIATION_H
#define AS_INTAKE_ASSOCIATION_H

#include "base/err.h"

#define AS_ASSOCIATION_SHUFFLES    199
#define AS_ASSOCIATION_MAX_SAMPLES 20000 /* of more, evenly spaced ones are used */

typedef struct as_association {
    double uncertainty; /* Theil's U(label | property): the share of the label's entropy that the property takes away */
    double adjusted;    /* the same less what shuffled labels give; about 0 for a property that says nothing */
    double p;           /* share of shufflings, this order among them, that say at least as much */
    size_t n;           /* samples used */
} as_association;

/* Both as numbers from 0 to n_labels - 1 and n_values - 1. A property with a value of its own for each sample explains all
 * and says nothing: that is why the labels are shuffled. All zero, and p 1, when either has one value only.
 *
 * U = I(L;V) / H(L) (Theil 1970; Press et al., Numerical Recipes, 14.7.4). adjusted = (I - E) / (H - E), E the mean of I
 * over the shufflings (Vinh, Epps and Bailey, JMLR 11, 2010, there with the exact E). p = (1 + b) / (1 + shufflings)
 * (Phipson and Smyth 2010). Errors: AS_ENOMEM. */
AS_CHECK bool as_association_of(const uint32_t *labels, uint32_t n_labels, const uint32_t *values, uint32_t n_values,
                                size_t n, uint64_t seed, as_association *ret, as_err *err);

#endif
