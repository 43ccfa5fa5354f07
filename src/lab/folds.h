/* SPDX-License-Identifier: Apache-2.0 */
/* folds.h - samples dealt into k folds for cross-validation, without a picture of one part on both sides.
 *
 * Layer:   lab.
 * Threads: pure functions.
 * Memory:  nothing is kept.
 */
#ifndef AS_LAB_FOLDS_H
#define AS_LAB_FOLDS_H

#include "lab/dataset.h"

/* ret_groups[i] is the same for samples of one part and for identical pictures, and for what these join in chains: the
 * smallest i of the group. */
AS_CHECK bool as_folds_group(const as_dataset *dataset, const uint32_t *indices, size_t n, uint32_t *ret_groups,
                             as_err *err);

/* ret_folds[i] in [0, k): each class spread evenly (as far as groups allow), groups whole; a group goes by the class of its
 * first sample. The same seed gives the same folds. */
AS_CHECK bool as_folds_deal(const uint32_t *groups, const uint32_t *labels, size_t n, uint32_t n_classes, uint32_t k,
                            uint64_t seed, uint32_t *ret_folds, as_err *err);

#endif
