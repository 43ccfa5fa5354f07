/* SPDX-License-Identifier: Apache-2.0 */
/* gather.h - what a labels file says of pictures, collected until all of it is read. For the formats of this folder only.
 *
 * Layer:   intake.
 * Threads: one thread.
 * Memory:  as_gather_done frees what was not put into the scan.
 */
#ifndef AS_INTAKE_GATHER_H
#define AS_INTAKE_GATHER_H

#include "base/json.h"
#include "image/mask.h"
#include "intake/format.h"

#define AS_GATHER_MAX_BYTES ((size_t)2 << 30) /* of a file of labels */

typedef struct as_gathered {
    const as_fs_entry *entry;
    const char        *label; /* the spec's; NULL: by its findings */
    as_split           split;
    bool               seen;  /* the picture belongs to the set */
    as_label_state     state; /* and who says so, where a format tells: as_scan_keep */
    const char        *by, *part;
    AS_VEC(as_finding) findings;
} as_gathered;

typedef struct as_gather {
    as_scan               *scan;
    as_gathered           *at;    /* one an entry of the scan */
    struct as_gather_name *names; /* pictures by the last part of their path */
    uint64_t               n_missing;
} as_gather;

AS_CHECK bool as_gather_init(as_gather *gather, as_scan *scan, as_err *err);
void          as_gather_done(as_gather *gather);

/* The picture that a file ('beside', relative) calls by that name: beside it, in the folder, in images/, else the one
 * picture with the last part of that name, also behind a host and a bucket. NULL, and told, when there is none. */
as_gathered *as_gather_find(as_gather *gather, const char *beside, const char *name);
as_gathered *as_gather_of(as_gather *gather, const as_fs_entry *entry);

/* All that was seen goes into the scan. Where the source has no validation or no test of its own, its train is split
 * like any folder. AS_ENOTFOUND when nothing was. */
AS_CHECK bool as_gather_put(as_gather *gather, as_err *err);

/* Adds a finding. extra: what else was said of it; the reference is taken, also on failure; NULL: nothing. */
AS_CHECK bool as_gathered_box(as_gathered *to, const char *label, const double box[4], double score, json_t *extra,
                              as_err *err);
AS_CHECK bool as_gathered_rings(as_gathered *to, const char *label, const double *points, const size_t *ends,
                                size_t n_rings, double score, json_t *extra, as_err *err);
AS_CHECK bool as_gathered_mask(as_gathered *to, const char *label, const as_mask *mask, double score, json_t *extra,
                               as_err *err);

/* The same with extra as text of a JSON object, on the heap and taken, or NULL. */
AS_CHECK bool as_gathered_box_text(as_gathered *to, const char *label, const double box[4], double score, char *extra,
                                   as_err *err);
AS_CHECK bool as_gathered_rings_text(as_gathered *to, const char *label, const double *points, const size_t *ends,
                                     size_t n_rings, double score, char *extra, as_err *err);

/* To a millionth of a pixel: what percent and shares of a side say comes back to the digits it was made from. */
double as_gather_px(double v);

/* What a folder in the path says: "images/train/a.png", "train2017/a.png". */
as_split as_gather_split_of(const char *relative);

/* What a word of a file's name says: "train_class.manifest", "instances_val2017.json". */
as_split as_gather_split_named(const char *relative);

/* Where the last dot of the name begins; its end when it has none. */
size_t as_gather_stem(const char *relative);

#endif
