/* SPDX-License-Identifier: Apache-2.0 */
/* quantity.h - what is known of each picture as a number, and how its values are distributed: one row each.
 *
 * Layer:   album.
 * Threads: pure; tables are immutable.
 * Memory:  as_spread_done frees.
 */
#ifndef AS_ALBUM_QUANTITY_H
#define AS_ALBUM_QUANTITY_H

#include "catalog/notes.h"
#include "page/plot.h"
#include "spec/spec.h"

typedef enum as_side { AS_SIDE_NONE, AS_SIDE_LEAST, AS_SIDE_MOST } as_side;

typedef struct as_quantity {
    const char  *key, *title, *axis, *caption; /* caption may be NULL */
    as_plot_unit unit;
    as_side      side;
    const char  *check; /* that looks at it; NULL: none */
    double (*limit)(const as_spec *spec);
    double (*value)(const as_sample *s, const as_note *n); /* NAN: not known */
} as_quantity;

const as_quantity *as_quantity_at(size_t i); /* NULL past the last */

/* The quantity that a check looks at; NULL: none. */
const as_quantity *as_quantity_of_check(const char *check);

/* What the spec allows of it; NAN: it sets no limit, or looks away. */
double as_quantity_limit(const as_quantity *quantity, const as_spec *spec);

/* note may be NULL. */
double as_quantity_value(const as_quantity *quantity, const as_sample *sample, const as_note *note);

/* How far beyond the limit, the worse the larger; -INFINITY where that cannot be told. */
double as_quantity_badness(const as_quantity *quantity, const as_spec *spec, double value);

/* Values, sorted, those that are known alone. */
typedef struct as_spread {
    double *values;
    size_t  n;
} as_spread;

AS_CHECK bool as_spread_make(as_spread *spread, const double *values, size_t n, as_err *err);
void          as_spread_done(as_spread *spread);
double        as_spread_quantile(const as_spread *spread, double q); /* NAN without values */

/* Ends and bins that show what there is: a few outliers do not squeeze the rest, whole numbers do not fall between bins. */
typedef struct as_bins {
    double low, high;
    size_t n;
    bool   open; /* there are values above high: they are in the last bin */
} as_bins;

#define AS_BINS_MOST 40
as_bins as_bins_for(const as_quantity *quantity, const as_spread *spread, double limit);

#endif
