/* SPDX-License-Identifier: Apache-2.0 */
/* query.h - which samples: class=spillage and sharpness<0.2 and not labelled
 *
 * Layer:   catalog.
 * Threads: immutable once parsed.
 * Memory:  as_query_free; texts live as long as the query.
 *
 *   or:    and { "or" and }          and: not { "and" not }          not: [ "not" ] ( "(" or ")" | condition )
 *   condition:  FIELD ( = | != | < | <= | > | >= | ~ ) VALUE  |  FIELD in ( VALUE, ... )  |  FLAG
 *
 * ~ compares with a pattern (* and ? stand for any). A VALUE is a word or a text in ' or "; what a sample does not have
 * meets no condition but its negation. Fields and flags are in query.def.
 */
#ifndef AS_CATALOG_QUERY_H
#define AS_CATALOG_QUERY_H

#include "base/err.h"

#define AS_QUERY_MAX_BYTES      65536
#define AS_QUERY_MAX_CONDITIONS 400 /* and values: SQLite bounds the depth of what it is asked */

typedef struct as_query as_query;

/* AS_EINVAL tells the column, what was found there and what would do. */
AS_CHECK as_query *as_query_parse(const char *text, as_err *err);
as_query          *as_query_free(as_query *query);

/* For the catalog: a condition in SQL, whose parameters are ?100, ?101 ... in the order of the values. */
const char *as_query_sql(const as_query *query);

typedef struct as_query_value {
    bool    is_text;
    char   *text;
    double  number;
    int64_t whole; /* when it is neither text nor has a fraction */
    bool    is_whole;
} as_query_value;

#define AS_QUERY_FIRST_PARAMETER \
    100 /* ?1: the version's number; ?99: true, when samples of no version are asked about */

const as_query_value *as_query_values(const as_query *query, size_t *ret_n);

/* What to order samples by, in SQL, for a field that has an order; NULL: it is none. */
const char *as_query_sort_sql(const char *word);

/* Row i of query.def; NULL past the last. For help and completion. */
const char *as_query_field(size_t i, const char **ret_help);

#endif
