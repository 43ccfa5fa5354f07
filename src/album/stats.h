/* SPDX-License-Identifier: Apache-2.0 */
/* stats.h - a version in numbers: its samples by what they have in common, and how what was measured is spread.
 *
 * Layer:   album.
 * Threads: one thread.
 * Memory:  as_groups_done and as_spread_done free.
 */
#ifndef AS_ALBUM_STATS_H
#define AS_ALBUM_STATS_H

#include "album/album.h"
#include "album/quantity.h"

#define AS_GROUP_NAME_BYTES 256

typedef struct as_group {
    char     name[AS_GROUP_NAME_BYTES]; /* cut at a character; "" for what has none */
    uint64_t n[AS_SPLIT_COUNT], all, n_bytes;
} as_group;

/* One row each: what samples are counted by. */
typedef struct as_grouping {
    const char *key, *title, *none; /* none: what is said of those that have nothing there */
    bool        in_order;           /* by name; else the largest first */
    void (*name)(const as_sample *sample, char text[AS_GROUP_NAME_BYTES]);
} as_grouping;

const as_grouping *as_grouping_at(size_t i); /* NULL past the last */

typedef struct as_groups {
    as_group *at;
    size_t    n;
} as_groups;

/* AS_ELIMIT with more than 100,000 groups. */
AS_CHECK bool as_groups_make(const as_album *album, const as_grouping *by, as_groups *ret, as_err *err);
void          as_groups_done(as_groups *groups);

/* Values of all samples, sorted; with the bins that show them and the counts in them. */
typedef struct as_distribution {
    as_spread spread;
    as_bins   bins;
    uint64_t  counts[AS_BINS_MOST];
    uint64_t  n_unknown;
    double    limit; /* NAN: none */
} as_distribution;

AS_CHECK bool as_distribution_make(const as_album *album, const as_quantity *quantity, as_distribution *ret,
                                   as_err *err);
void          as_distribution_done(as_distribution *distribution);

AS_CHECK json_t *as_stats_json(const as_album *album, as_err *err);

#endif
