/* SPDX-License-Identifier: Apache-2.0 */
/* split.h - which samples train, which validate, which test; and a test that stays what it is.
 *
 * Layer:   intake (may use catalog/, spec/).
 * Threads: one thread.
 * Memory:  scratch is freed before return.
 *
 * Samples of one part, identical pictures, and what data.group_by of the spec says are never parted. By chance: class by
 * class. By time: the newest groups (by their newest picture) are the test, those before them validation. Where the test is
 * frozen (catalog/frozen.h) nothing comes into it; what shows a part or a picture that it shows, or looks like one (near.h),
 * is set aside: it gets no split.
 */
#ifndef AS_INTAKE_SPLIT_H
#define AS_INTAKE_SPLIT_H

#include "catalog/commit.h"
#include "spec/spec.h"

typedef struct as_split_cfg {
    const bool *given; /* [AS_SPLIT_COUNT]: splits that the source brought, which are not added to; NULL: none */
    uint64_t    seed;
    bool        near; /* pictures that look alike are not parted either */
} as_split_cfg;

typedef struct as_split_report {
    uint64_t n_groups, n_shared;                 /* of them with several samples */
    uint64_t by_part, by_image, by_key, by_near; /* samples that were joined to others so: each after the first */
    uint64_t n_frozen, n_aside;                  /* samples */
    char     aside[256];                         /* the name of one that was set aside */
    bool     near_cut; /* there were too many to compare: not all that look alike were found */
} as_split_report;

/* Gives the labelled samples without a split one; what is in a split stays there, and counts. *report (may be NULL) is filled
 * in. AS_ENOMEM. */
AS_CHECK bool as_split_manifest(as_manifest *manifest, const as_spec *spec, const as_split_cfg *cfg,
                                as_split_report *report, as_err *err);

typedef enum as_split_what {
    AS_SPLIT_WHAT_NONE,
    AS_SPLIT_DEAL,   /* all that is not frozen, anew */
    AS_SPLIT_FREEZE, /* the test split as it is */
    AS_SPLIT_THAW
} as_split_what;

typedef struct as_split_change {
    as_split_what what;
    uint64_t      seed;   /* of DEAL */
    const char   *reason; /* of THAW: needed */
    bool          dry_run;
} as_split_change;

typedef struct as_split_count {
    const char *label; /* the spec's; "" : without a label */
    uint64_t    before[AS_SPLIT_COUNT], after[AS_SPLIT_COUNT];
} as_split_count;

typedef struct as_split_result {
    as_split_report report;
    as_split_count  counts[AS_SPEC_MAX_CLASSES + 1];
    size_t          n_counts;
    uint64_t        n_moved;
    as_commit       commit; /* the new version; with dry_run, or when nothing moved, the newest there was */
    bool            written;
} as_split_result;

/* AS_EINVAL when there is no test split to freeze, it leaks already, it is frozen (not frozen) already, or a reason is
 * missing. */
AS_CHECK bool as_split_newest(as_workspace *ws, const as_spec *spec, const as_split_change *change,
                              as_split_result *ret, as_err *err);

#endif
