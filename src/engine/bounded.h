/* SPDX-License-Identifier: Apache-2.0 */
/* bounded.h - values whose number of rows is seen when they are computed: those of NonMaxSuppression and NonZero, and what is
 * made of them row by row. Private to engine.
 *
 * Layer:   engine.
 * Threads: one thread.
 * Memory:  the plan's, until as_bounded_done.
 *
 * Such a value has room for all the rows that there may be, and is planned as if they were always there: rows beyond those
 * that count hold zeros, or what is made of them. That is right as long as no row depends on another, which is what is
 * looked at here, node by node. Their number may be part of a shape, or of the pads that make them as many as there may be
 * (count.h); what else goes over rows (a maximum of all, their number as a result) is refused with its name.
 */
#ifndef AS_ENGINE_BOUNDED_H
#define AS_ENGINE_BOUNDED_H

#include "graph/graph.h"

typedef struct as_plan  as_plan;
typedef struct as_count as_count; /* count.h */

/* What counts rows: a NonMaxSuppression or NonZero, or a Slice that takes the first of another's, or a Pad that makes them as
 * many as there may be, whatever their number. */
typedef struct as_bounded_source {
    const struct as_bounded_source *of; /* NULL: it counts itself */
    const struct as_bounded_source
           *among; /* whose rows it counts some of, and its indices are into; NULL: of rows that are
                                            * always there */
    int64_t most, count;
    bool    fixed; /* always as many as most */
} as_bounded_source;

typedef struct as_bounded_value {
    const as_bounded_source *source; /* NULL: all rows, always */
    int                      axis;
    int64_t                  each;  /* entries along that axis a row */
    bool                     moved; /* entries of such a node's result, wherever they stand: each is an index */
} as_bounded_value;

typedef struct as_bounded {
    as_bounded_source *sources;
    as_bounded_value  *values; /* by id */
    as_count         **counts; /* by id: integers that are made of how many rows there are; n_values of them */
    size_t             n_values;
    size_t             n;
} as_bounded;

/* Finds them all, and gives the graph's values the size that they have room for. Before any node is planned. AS_EUNSUPPORTED
 * names the node that needs more. */
AS_CHECK bool as_bounded_spread(as_plan *plan, as_err *err);
void          as_bounded_done(as_bounded *bounded);

/* How many rows count since the last run. */
int64_t as_bounded_rows(const as_bounded_source *source);

/* Where such a node says how many there are; valid as long as the plan. */
int64_t *as_bounded_count(as_plan *plan, int32_t value);

#endif
