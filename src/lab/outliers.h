/* SPDX-License-Identifier: Apache-2.0 */
/* outliers.h - which pictures of a version are unlike those of a reference, by a backbone's features or colour and shape.
 *
 * Layer:   lab.
 * Threads: one thread calls; cfg->threads work.
 * Memory:  as_outliers_done frees.
 */
#ifndef AS_LAB_OUTLIERS_H
#define AS_LAB_OUTLIERS_H

#include "lab/traits.h"

typedef struct as_outlier {
    uint32_t sample; /* index into the dataset */
    double   distance;
} as_outlier;

typedef struct as_outliers {
    as_outlier *at; /* all that were looked at, the furthest first */
    size_t      n, n_unlike;
    size_t      n_reference; /* pictures */
    double      limit;       /* unlike: further than this */
    char        traits[AS_TRAITS_TEXT_BYTES];
} as_outliers;

/* Pictures of data that reference has not, by name and bytes; all of data when reference is NULL: then against each other.
 * share: of the reference's own pictures that are within the limit. AS_EINVAL when the reference is too small. */
AS_CHECK bool as_outliers_find(const as_dataset *data, const as_dataset *reference, double share,
                               const as_trainer_cfg *cfg, const as_progress *progress, as_outliers *ret, as_err *err);
void          as_outliers_done(as_outliers *outliers);

#endif
