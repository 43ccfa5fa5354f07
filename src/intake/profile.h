/* SPDX-License-Identifier: Apache-2.0 */
/* profile.h - what intake measured of the pictures of a version, as columns of numbers.
 *
 * Layer:   intake (may use catalog/).
 * Threads: immutable once read.
 * Memory:  as_profile_done frees.
 */
#ifndef AS_INTAKE_PROFILE_H
#define AS_INTAKE_PROFILE_H

#include "catalog/notes.h"

typedef enum as_trait {
#define X(id, ...) AS_MEASURED_##id,
#include "intake/measured.def"
#undef X
    AS_MEASURED_COUNT
} as_trait;

typedef struct as_trait_info {
    const char *name, *what; /* "contrast", "grey levels between ..." */
    bool        log;         /* compared by its logarithm */
    double      offset;      /* added before that */
    double      floor;  /* least deviation that counts, in what is compared; 0: not compared to find what is unlike */
    const char *remedy; /* where to look when it is otherwise than it was */
} as_trait_info;

const as_trait_info *as_trait_info_of(as_trait measured);

/* As it is compared; NAN stays. */
double as_measured_compared(as_trait measured, double value);

typedef struct as_profile {
    as_commit    commit;
    as_manifest *manifest;
    size_t       n;
    double      *at; /* n x AS_MEASURED_COUNT, by sample; NAN: not known */
} as_profile;

/* name: as as_commit_find takes it. */
AS_CHECK bool as_profile_read(as_workspace *ws, const char *name, as_profile *ret, as_err *err);
void          as_profile_done(as_profile *profile);

/* Those of a column that are known, ascending; of the rows for which take (NULL: all) is true. On the heap. */
AS_CHECK double *as_profile_column(const as_profile *profile, as_trait measured, const bool *take, size_t *ret_n,
                                   as_err *err);

#endif
