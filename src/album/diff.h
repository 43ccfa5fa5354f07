/* SPDX-License-Identifier: Apache-2.0 */
/* diff.h - what one version has that another has not, and what is there in both and not the same.
 *
 * Layer:   album (may use catalog/).
 * Threads: one thread.
 * Memory:  samples are borrowed from the two manifests; as_diff_done frees the lists.
 */
#ifndef AS_ALBUM_DIFF_H
#define AS_ALBUM_DIFF_H

#include "base/vec.h"
#include "catalog/commit.h"

typedef enum as_change_bits {
    AS_CHANGE_PICTURE = 1, /* other bytes under the same name */
    AS_CHANGE_CLASS = 2,
    AS_CHANGE_LABEL = 4, /* the same class: boxes and such, or who says it how surely */
    AS_CHANGE_SPLIT = 8,
    AS_CHANGE_PART = 16
} as_change_bits;

typedef struct as_change {
    const as_sample *before, *after; /* one of them is NULL for what was added or removed */
    unsigned         what;           /* as_change_bits */
} as_change;

typedef struct as_diff {
    AS_VEC(as_change) added, removed, changed;
    size_t n_relabelled, n_moved, n_pictures; /* of those that changed; one may be several */
} as_diff;

/* Both sorted by name, as read from a commit. */
AS_CHECK bool as_diff_make(const as_manifest *a, const as_manifest *b, as_diff *ret, as_err *err);
void          as_diff_done(as_diff *diff);

#endif
