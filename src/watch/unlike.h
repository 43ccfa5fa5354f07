/* SPDX-License-Identifier: Apache-2.0 */
/* unlike.h - how far a row of numbers is from those of a reference, and how far is far.
 *
 * Layer:   watch (may use base/).
 * Threads: immutable once made.
 * Memory:  as_unlike_free.
 *
 * Distances are Mahalanobis': rows are whitened by the reference's covariance, shrunk towards a multiple of the identity as
 * Ledoit and Wolf (J. Multivariate Anal. 88, 2004) choose it. With fewer than ten rows a column that would fit the rows
 * themselves better than what comes after: then columns are scaled only. What counts is the distance to the K-th nearest row, so that
 * a reference of several kinds is none of one wide kind; its own rows, each without itself, say what is usual.
 */
#ifndef AS_WATCH_UNLIKE_H
#define AS_WATCH_UNLIKE_H

#include "base/err.h"

#define AS_UNLIKE_K     5
#define AS_UNLIKE_LEAST 20   /* rows of a reference */
#define AS_UNLIKE_MOST  2000 /* that are kept: evenly drawn from more */

typedef struct as_unlike as_unlike;

/* rows: n x width, finite. floors: least deviation of each column, for those that do not vary by themselves; NULL: a tenth of
 * what is usual among the columns.
 * AS_EINVAL for fewer than AS_UNLIKE_LEAST rows. */
AS_CHECK as_unlike *as_unlike_new(const double *rows, size_t n, uint32_t width, const double *floors, as_err *err);
as_unlike          *as_unlike_free(as_unlike *unlike);

size_t as_unlike_count(const as_unlike *unlike); /* rows kept */
double as_unlike_distance(const as_unlike *unlike, const double *row);

/* That share of the reference's own rows is no further from the others; nearest rank. */
double as_unlike_limit(const as_unlike *unlike, double share);

/* The column in which row is furthest from the reference's mean, in its own deviations (at least the floor). */
uint32_t as_unlike_column(const as_unlike *unlike, const double *row, double *ret_deviations);

#endif
